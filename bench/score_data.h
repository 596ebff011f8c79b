// What score knows of a run: the labels, what the processor said of each message, its alerts and
// its holds. One row a message, in the order of verdicts.ndjson, which is the order in which the
// processor read them; a place in that order is a `row` everywhere, and is the time in which delays
// are counted.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/hashmap.h"
#include "model/scope.h"
#include "model/verdict.h"

#define SCORE_NONE UINT32_MAX

enum { SCORE_MESSAGES_MAX = 200000000, SCORE_RECORDS_MAX = 10000000 };

struct score_label {
    uint32_t row; // of the first verdict about it; SCORE_NONE while there is none
    uint32_t incident;
    uint16_t reasons; // a reason_set
    uint8_t expected; // enum verdict
};

struct score_message {
    int64_t log_ms; // greatest occurred_at so far: log time, as a replay without envelopes has it
    int64_t offset; // in the file or topic that it was read from
    uint32_t label; // SCORE_NONE where the labels do not know it
    uint32_t frame; // the tally frame that it went into; SCORE_NONE where that is not known
    uint32_t scopes[SCOPE_KIND_COUNT]; // SCORE_NONE where it names none
    uint8_t verdict;
    bool again;       // an earlier row is about the same message
    bool in_incident; // within the scope of an incident, between its first and its last message
};

struct score_scope {
    enum scope_kind kind;
    struct view tenant_id;
    struct view id;
    bool wanted;        // an incident or a record names it: its rows are listed
    uint32_t row_begin; // into score_data.listed
    uint32_t row_count;
};

// One planted incident of scenario.json.
struct score_incident {
    struct view id;
    struct view kind;
    struct view cause;
    struct view class; // the kind where the scenario names none
    uint32_t scope;
    uint32_t tenant; // the scope of its tenant
    bool is_lag;     // healthy: the data is late, nobody should be held
    double rate;     // as planned; NAN where the scenario does not say
    double healthy_rate;
    struct view first_id; // of its first and last message; none where the scenario does not say
    struct view last_id;
};

// What the scenario has planted to look like an incident, and is none.
struct score_negative {
    struct view kind;
    uint32_t scope;
};

// One line of alerts.ndjson that is about an incident.
struct score_alert {
    uint32_t line;
    uint32_t found; // of score_data.found
    enum tier tier;
    bool raises; // opened or escalated: the tier is new
    uint32_t scope;
    uint32_t evidence_scope;
    int64_t occurred_at_ms;
    struct view likely;
    struct view node; // which test spoke; none where it does not say
    double interval[2];
    double budget;         // NAN where it does not say
    uint32_t change_label; // of the message at the change point
    int64_t change_offset; // -1 where there is none
};

// One hold or release of a scope.
struct score_command {
    uint32_t line;
    uint32_t found;
    bool is_hold;
    enum tier tier;
    uint32_t scope;
    int64_t sequence;
    int64_t issued_at_ms;
    int64_t expires_at_ms;
};

struct score_data {
    struct arena *text; // names
    struct hashmap *label_ids;
    struct hashmap *scope_names;
    struct hashmap *incident_ids;
    struct hashmap *found_ids; // incident ids of the run; the number is the order of appearance

    struct score_label *labels;
    struct score_message *messages;
    struct score_scope *scopes;
    struct score_incident *incidents;
    struct score_negative *negatives;
    struct score_alert *alerts;
    struct score_command *commands;
    uint32_t label_count, message_count, scope_count, incident_count, negative_count, alert_count,
            command_count;
    uint32_t label_room, message_room, scope_room, incident_room, negative_room, alert_room,
            command_room;
    uint32_t *listed; // rows of the wanted scopes, scope by scope

    struct view class;       // of the scenario; none where it does not say
    uint32_t frame_messages; // of summary.json; 0 = it does not say
    uint64_t message_holds;  // holds of single messages
    uint64_t monitor_holds;  // scope holds in monitor mode
    uint64_t reasons_differ; // verdicts with other reasons than their label
    uint64_t unlabelled;     // verdicts that no label is about
    uint64_t
            drill_records; // verdicts, alerts and commands of drills, left out: they are about nobody
};

MUST_CHECK enum err score_data_init(struct score_data *ret_data);
void score_data_fini(struct score_data *data);

// The array with room for one more row, grown by half when it is full. NULL without memory; the
// array is then as it was.
void *score_grown(void *array, uint32_t count, uint32_t *room, size_t row_bytes);
// The number of a scope, made when it is new. `tenant_id` none is tenant "default".
MUST_CHECK enum err score_scope_of(struct score_data *data, enum scope_kind kind,
        struct view tenant_id, struct view id, uint32_t *ret_scope);
// A copy of a name that lives as long as the data.
MUST_CHECK enum err score_name(struct score_data *data, struct view text, struct view *ret_name);
// Forgets alerts and commands, so that those of another run over the same messages can be read.
void score_forget_records(struct score_data *data);
// After all is read: lists the rows of the wanted scopes.
MUST_CHECK enum err score_list_rows(struct score_data *data);
// The rows of a wanted scope, ascending.
const uint32_t *score_rows(const struct score_data *data, uint32_t scope, uint32_t *ret_count);
// How many of a wanted scope's rows lie before `row`.
uint32_t score_rows_before(const struct score_data *data, uint32_t scope, uint32_t row);

static inline const struct score_label *score_label_of(
        const struct score_data *data, const struct score_message *message)
{
    return message->label != SCORE_NONE ? &data->labels[message->label] : NULL;
}

// Whether a message is of a scope.
static inline bool score_is_in(const struct score_data *data, uint32_t row, uint32_t scope)
{
    return data->messages[row].scopes[data->scopes[scope].kind] == scope;
}

// Whether a label says clear or misdirected: what the detector's rates are made of.
static inline bool score_is_judged(const struct score_label *label)
{
    return label != NULL &&
           (label->expected == VERDICT_CLEAR || label->expected == VERDICT_MISDIRECTED);
}
