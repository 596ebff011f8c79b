// What status_board.c (holds, incidents), status_people.c (commands), status_reached.c (one incident's
// messages), status_fields.c, status_print.c and status_json.c share.
#pragma once

#include <stdint.h>

#include "commands/status_board.h"
#include "common/arena.h"
#include "common/hashmap.h"
#include "common/json_scan.h"
#include "control/last_words.h"
#include "control/spoken_word.h"

enum state_field {
    STATE_KIND,
    STATE_ID,
    STATE_TENANT,
    STATE_CHANNEL,
    STATE_TIER,
    STATE_REASON,
    STATE_INCIDENT,
    STATE_SEQUENCE,
    STATE_ISSUED,
    STATE_EXPIRES,
    STATE_MODE,
    STATE_OPERATOR,
    STATE_STEP,
    STATE_LIMIT,
    STATE_DRILL,
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
    INCIDENT_CHANNEL,
    INCIDENT_CAUSE,
    INCIDENT_ESCAPED,
    INCIDENT_HELD,
    INCIDENT_PEOPLE,
    INCIDENT_AT_LEAST, // there are more people
    INCIDENT_SINCE,    // of the change point
    INCIDENT_WITHHELD,
    INCIDENT_CONTROL_ID,
    INCIDENT_ACTION,
    INCIDENT_STATE,
    INCIDENT_OPERATOR,
    INCIDENT_OF_CONTROL,
    INCIDENT_WHY,
    INCIDENT_ANSWERED_BY, // who has acknowledged it, as its own alerts say
    INCIDENT_RELEASE,     // where a hold goes towards its end
    INCIDENT_STEP,
    INCIDENT_LIMIT,
    INCIDENT_JUDGED,
    INCIDENT_MISDIRECTED,
    INCIDENT_PROBATION,
    INCIDENT_RELEASED_BY,
    INCIDENT_DRILL,
    INCIDENT_FIELD_COUNT,
};

// A person's command, as an outcome or a record of the control state tells it.
enum asked_field {
    ASKED_ID,
    ASKED_ACTION,
    ASKED_STATE,
    ASKED_KIND,
    ASKED_SCOPE,
    ASKED_TENANT,
    ASKED_CHANNEL,
    ASKED_INCIDENT,
    ASKED_RULE,
    ASKED_RULE_TENANT,
    ASKED_MODE,
    ASKED_OPERATOR,
    ASKED_REASON,
    ASKED_EXPIRES,
    ASKED_SEQUENCE,
    ASKED_FIELD_COUNT,
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
    VERDICT_REASONS,
    VERDICT_PSEUDONYM,
    VERDICT_FIELD_COUNT
};

// A record as it came, and what is known beside it.
struct status_row {
    char *text; // JSON; NULL = lifted, closed, or over
    size_t n;
    int64_t sequence;      // of a state
    int64_t at_ms;         // of a release: when it was told
    int64_t until_ms;      // of a hold or a command; 0 = not known
    bool is_over;          // of a command: it waits no longer, whatever else is read
    bool has_record;       // of a command: the control state tells of it
    char *opened_at;       // of an incident; NULL = not known
    char *acknowledged_by; // the first to; NULL = nobody
};

// One misdirected message of the incident that is looked at, however often a verdict tells of it.
struct status_message {
    char *text; // the verdict
    size_t n;
    int64_t at_ms;
    bool was_sent;    // judged before the first hold of its scope
    bool is_held;     // an enforced hold of its own was commanded, and no person released it
    bool is_released; // by a person, it or all of its recipient's
    bool is_at_once;  // likewise, also where its scope is held
};

// As the incident report has it (audit/incident_report.h); the others are spared.
static inline bool status_has_reached(const struct status_message *message)
{
    return !message->is_held && (message->was_sent || message->is_at_once);
}

enum { STATUS_MESSAGES_MAX = 1 << 20 };

static inline bool status_has_run_out(const struct status_row *row, int64_t now_ms)
{
    return row->until_ms != 0 && row->until_ms <= now_ms;
}

struct status_table {
    struct hashmap *by_key;
    struct status_row *rows;
    uint32_t capacity;
};

struct status_board {
    char *incident; // NULL = all
    struct json_pointers *state_fields;
    struct json_pointers *incident_fields;
    struct json_pointers *outcome_fields; // of enum asked_field, like the next
    struct json_pointers *record_fields;
    struct json_pointers *command_fields;
    struct json_pointers *verdict_fields;
    struct json_pointers *control; // an outcome's
    struct arena *arena;           // of the record in hand
    struct strbuf key;
    struct status_table held;
    struct status_table incidents;
    struct status_table outcomes; // of commands, by control_id
    struct status_table records;  // of the control state, by their keys
    struct status_table releases; // the last alert of each scope about one, by scope
    // of one incident
    struct hashmap *scopes;           // target keys of what it is about
    struct hashmap *held_messages;    // "tenant\nmessage_id" with a hold
    struct last_words *of_messages;   // likewise, by people
    struct last_words *of_recipients; // by "tenant\npseudonym"
    struct hashmap *seen_messages;    // like the others, of `messages`
    int64_t since_ms;                 // 0 = not known
    int64_t held_at_ms;               // the first hold of a scope of its; 0 = none
    int64_t released_at_ms;           // the last release of one; 0 = none
    int64_t closed_at_ms;             // 0 = it is open
    struct status_message *messages;
    uint32_t message_count;
    uint32_t message_capacity;
    uint64_t unreadable;
    uint64_t overflowed;
    bool is_known;
};

// status_fields.c: the pointers of the enums above.
MUST_CHECK enum err status_fields_create(struct status_board *board);
void status_fields_destroy(struct status_board *board);

// The text of a string, in the board's arena; none of anything else.
struct view status_text(struct status_board *board, const struct json_value *value);
// Of an RFC 3339 time; 0 of anything else.
int64_t status_time(struct status_board *board, const struct json_value *value);
// Empties the arena. False, and counted, when the record cannot be read.
bool status_scan(struct status_board *board, const struct json_pointers *fields, struct view json,
        struct json_value *ret_values);
// The row of a key, made when it is new. NULL: the table is full (counted), or *ret_e says why.
struct status_row *status_row_of(
        struct status_board *board, struct status_table *table, struct view key, enum err *ret_e);
// NULL where there is none.
struct status_row *status_row_find(const struct status_table *table, struct view key);
MUST_CHECK enum err status_keep_text(struct status_row *row, struct view text);
void status_drop_text(struct status_row *row);
// "kind\ntenant\nid\nchannel" into `sb`.
struct view status_scope_key(struct strbuf *sb, struct view kind, struct view tenant,
        struct view id, struct view channel);
// A full map is counted, and no error.
MUST_CHECK enum err status_put_once(
        struct status_board *board, struct hashmap *map, struct view key);
// A scope of the incident that is looked at.
MUST_CHECK enum err status_note_scope(
        struct status_board *board, struct view kind, struct view id, struct view tenant);

// status_people.c, of an alert: the outcome of a command; what it says of a hold on its way to the end.
MUST_CHECK enum err status_see_outcome(
        struct status_board *board, const struct json_value *values, const struct raw_message *raw);
MUST_CHECK enum err status_see_release(
        struct status_board *board, const struct json_value *values, const struct raw_message *raw);

// Which commands are shown, each once: of the outcomes and of the records that the control state has.
enum status_standing { STANDING_NONE, STANDING_PENDING, STANDING_VOID, STANDING_IN_FORCE };
// `is_record`: of board->records, else of board->outcomes. VOID: nobody confirmed it in time, by the clock.
enum status_standing status_standing_of(
        const struct status_board *board, uint32_t row, bool is_record, int64_t now_ms);
