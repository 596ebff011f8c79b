// What status_board.c (folding), status_reached.c (commands and verdicts) and status_print.c share.
#pragma once

#include <stdint.h>

#include "commands/status_board.h"
#include "common/arena.h"
#include "common/hashmap.h"
#include "common/json_scan.h"

enum state_field {
    STATE_KIND,
    STATE_ID,
    STATE_TENANT,
    STATE_TIER,
    STATE_REASON,
    STATE_INCIDENT,
    STATE_SEQUENCE,
    STATE_EXPIRES,
    STATE_MODE,
    STATE_OPERATOR,
    STATE_CANARY,
    STATE_FIELD_COUNT,
};

enum incident_field {
    INCIDENT_TYPE,
    INCIDENT_ID,
    INCIDENT_TIME,
    INCIDENT_TIER,
    INCIDENT_KIND,
    INCIDENT_SCOPE,
    INCIDENT_TENANT,
    INCIDENT_CAUSE,
    INCIDENT_ESCAPED,
    INCIDENT_HELD,
    INCIDENT_SINCE, // of the change point
    INCIDENT_ACTION,
    INCIDENT_STATE,
    INCIDENT_OPERATOR,
    INCIDENT_OF_CONTROL,
    INCIDENT_WHY,
    INCIDENT_ANSWERED_BY, // who has acknowledged it, as its own alerts say
    INCIDENT_FIELD_COUNT,
};

enum command_field {
    COMMAND_ACTION,
    COMMAND_KIND,
    COMMAND_ID,
    COMMAND_TENANT,
    COMMAND_CHANNEL,
    COMMAND_INCIDENT,
    COMMAND_ISSUED,
    COMMAND_MODE,
    COMMAND_FIELD_COUNT
};

enum verdict_field {
    VERDICT_WORD,
    VERDICT_MESSAGE,
    VERDICT_TIME,
    VERDICT_TENANT,
    VERDICT_CAMPAIGN,
    VERDICT_TEMPLATE,
    VERDICT_SENDER,
    VERDICT_VENDOR,
    VERDICT_FIELD_COUNT
};

// A record as it came, and what is known beside it.
struct status_row {
    char *text; // JSON; NULL = lifted, or closed
    size_t n;
    int64_t sequence;      // of a state
    char *opened_at;       // of an incident; NULL = not known
    char *acknowledged_by; // the first to; NULL = nobody
};

// One misdirected message of the incident that is looked at.
struct status_message {
    char *text; // the verdict
    size_t n;
    bool was_sent; // before the hold of its scope
    bool is_held;  // an enforced hold of its own was commanded
};

enum { STATUS_MESSAGES_MAX = 1 << 20 };

struct status_table {
    struct hashmap *by_key;
    struct status_row *rows;
    uint32_t capacity;
};

struct status_board {
    char *incident; // NULL = all
    struct json_pointers *state_fields;
    struct json_pointers *incident_fields;
    struct json_pointers *command_fields;
    struct json_pointers *verdict_fields;
    struct arena *arena; // of the record in hand
    struct strbuf key;
    struct status_table held;
    struct status_table incidents;
    // of one incident
    struct hashmap *scopes;        // target keys of what it is about
    struct hashmap *held_messages; // "tenant\nmessage_id" with a hold
    int64_t since_ms;              // 0 = not known
    int64_t held_at_ms;            // the first hold of a scope of its; 0 = none
    struct status_message *messages;
    uint32_t message_count;
    uint32_t message_capacity;
    uint64_t unreadable;
    uint64_t overflowed;
    bool is_known;
};

// The text of a string, in the board's arena; none of anything else.
struct view status_text(struct status_board *board, const struct json_value *value);
// Of an RFC 3339 time; 0 of anything else.
int64_t status_time(struct status_board *board, const struct json_value *value);
// Empties the arena. False, and counted, when the record cannot be read.
bool status_scan(struct status_board *board, const struct json_pointers *fields, struct view json,
        struct json_value *ret_values);
// A full map is counted, and no error.
MUST_CHECK enum err status_put_once(
        struct status_board *board, struct hashmap *map, struct view key);
// A scope of the incident that is looked at.
MUST_CHECK enum err status_note_scope(
        struct status_board *board, struct view kind, struct view id, struct view tenant);
