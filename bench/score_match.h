// Sets what the run raised against what was planted: where in the order of messages each hold took
// effect, and which incident it is about.
#pragma once

#include "bench/score_data.h"

// How a held scope lies to an incident's.
enum score_relation {
    RELATION_NONE,        // no message of the incident is in it
    RELATION_EXACT,       // the same scope
    RELATION_EQUIVALENT,  // another name for it: no message more, no misdirected one less
    RELATION_NARROWER,    // a part of it
    RELATION_WIDER,       // all of it, and healthy messages of other scopes
    RELATION_OVERLAPPING, // a part of it, and healthy messages of other scopes
    RELATION_COUNT,
};
extern const char *const score_relation_names[RELATION_COUNT];

// One stretch of messages for which a scope was held. Its frame's messages are the last that went
// out unheld.
struct score_hold {
    uint32_t line; // of the command
    uint32_t scope;
    uint32_t found;
    enum tier tier;     // the highest that was reached
    uint32_t frame_row; // first message of the frame that raised it; SCORE_NONE = not to be placed
    uint32_t last_row;  // last one
    uint32_t until_row; // first message that is not held any more
    int64_t expires_at_ms;
    uint32_t incident; // which it is about; SCORE_NONE = none: a false quarantine
    enum score_relation relation;
    uint32_t change_row; // where its evidence begins; SCORE_NONE where it does not say
};

// An incident as the run raised it, all alerts with one incident id.
struct score_found {
    enum tier tier; // the highest
    uint32_t records;
    uint32_t top_alert;  // first alert at the highest tier
    uint32_t last_alert; // last opened, escalated or updated one
    uint32_t alert_row;  // by when it was at tier alert; SCORE_NONE = never
    uint32_t top_row;    // by when it was at the highest; SCORE_NONE = it has no alerts
    uint32_t incident;   // planted; SCORE_NONE = none
};

// An incident as it was planted.
struct score_truth {
    uint32_t row_begin; // into score_match.rows: its misdirected messages, ascending, each once
    uint32_t row_count;
    uint32_t first_row; // of all of it; SCORE_NONE = no message of it was judged
    uint32_t last_row;
    uint32_t stop_row;  // last row before the first hold that was about it or that it ran into
    uint32_t stop_hold; // SCORE_NONE = never quarantined
    uint32_t found_count;
    uint32_t alert_records;
    uint32_t first_found;     // whose evidence tells the change point and the cause
    uint32_t alert_row;       // by when one of them was at tier alert; SCORE_NONE = never
    enum score_relation best; // of the holds about it
};

struct score_match {
    struct score_hold *holds;
    uint32_t hold_count;
    struct score_found *founds;
    uint32_t found_count;
    struct score_truth *truths; // one an incident of the data
    uint32_t *rows;
    uint32_t unplaced; // holds without a place among the messages
};

// Needs listed rows (score_list_rows). Marks the messages of incidents in `data`.
MUST_CHECK enum err score_match_make(struct score_match *match, struct score_data *data);
// Holds, and incidents raised to tier alert or above, that no planted incident explains and that
// messages of a scope caused.
uint32_t score_false_holds_in(
        const struct score_data *data, const struct score_match *match, uint32_t scope);
uint32_t score_false_alerts_in(
        const struct score_data *data, const struct score_match *match, uint32_t scope);
void score_match_fini(struct score_match *match);
