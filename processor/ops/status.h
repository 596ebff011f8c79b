// What the status page shows of incidents, holds and alerts: a report (ops/board.h) that the detect half
// makes once a second. Texts are copies, cut where they are long; more than the ceilings is counted.
#pragma once

#include "common/view.h"
#include "ops/board.h"

enum {
    STATUS_INCIDENTS_MAX = 40,
    STATUS_HOLDS_MAX = 80,
    STATUS_ALERTS_MAX = 12,
    STATUS_OUTCOMES_MAX = 6,
    STATUS_PENDING_MAX = 16,
    STATUS_MODES_MAX = 24,
    STATUS_TEXT_BYTES = 160,
};

// Words of the schemas are borrowed constants; the rest may hold anything that others chose.
struct status_scope {
    const char *kind;
    char id[STATUS_TEXT_BYTES];
    char tenant[STATUS_TEXT_BYTES];
    char channel[STATUS_TEXT_BYTES]; // "" = all
};

struct status_incident {
    char id[33];
    const char *tier;
    struct status_scope scope;
    int64_t judged; // as it was told last, since the change point
    int64_t misdirected;
    int64_t people;
    bool people_are_more; // it is a lower bound
    int64_t escaped;      // misdirected messages that went out before a hold
    int64_t held;         // and those that came while it was held
    uint32_t scope_count;
    uint32_t held_count;
    int64_t told_ms;               // log time
    char cause[STATUS_TEXT_BYTES]; // "" = not known
    const char *withheld;          // NULL, or why no hold follows for now
    bool is_drill;
    int64_t wanted_ms;       // log time since which somebody should acknowledge it; 0 = nobody need
    int64_t acknowledged_ms; // log time; 0 = nobody has
    char acknowledged_by[STATUS_TEXT_BYTES];
};

struct status_hold {
    struct status_scope scope;
    int64_t until_ms;
    bool is_commanded; // by a person
    bool is_monitor;   // nothing was sent
    bool is_drill;
    bool is_proposed;     // for release
    char incident_id[33]; // "" = it is of none
    int64_t since_ms; // 0, and the two that follow "", where it was told before this process began
    char reason[STATUS_TEXT_BYTES];
    char operator_id[STATUS_TEXT_BYTES];
    uint32_t canary_step;                // 0 = none is sent
    uint32_t canary_limit;               // messages of that step,
    int64_t canary_judged;               // of which so many were judged
    char released_by[STATUS_TEXT_BYTES]; // who has canaries sent
};

// A command that waits for a second person.
struct status_pending {
    const char *action;
    struct status_scope scope; // kind is NULL where it is about something else than a scope
    char control_id[STATUS_TEXT_BYTES];
    char operator_id[STATUS_TEXT_BYTES];
    char reason[STATUS_TEXT_BYTES];
    int64_t deadline_ms;
};

// What a person has set: whether holds of the scope and its messages are sent.
struct status_mode {
    struct status_scope scope;
    const char *mode;
    char operator_id[STATUS_TEXT_BYTES];
    int64_t until_ms;
};

// What became of a person's command.
struct status_outcome {
    const char *state;
    const char *why;
    const char *action;
    struct status_scope scope; // kind is NULL where it is about something else than a scope
    char control_id[STATUS_TEXT_BYTES];
    char operator_id[STATUS_TEXT_BYTES];
    int64_t at_ms; // wall clock
};

struct status_alert {
    const char *type;
    const char *tier;
    struct status_scope scope;
    int64_t at_ms; // wall clock
};

struct status_report {
    struct board_report base;
    int64_t made_ms;
    struct status_incident incidents[STATUS_INCIDENTS_MAX];
    uint32_t incident_count; // all that are open; more than there are rows, perhaps
    struct status_hold holds[STATUS_HOLDS_MAX];
    uint32_t hold_count;
    struct status_alert alerts[STATUS_ALERTS_MAX]; // the newest first
    uint32_t alert_count;
    struct status_outcome outcomes[STATUS_OUTCOMES_MAX]; // the newest first
    uint32_t outcome_count;
    struct status_pending pending[STATUS_PENDING_MAX];
    uint32_t pending_count; // all that wait; more than there are rows, perhaps
    struct status_mode modes[STATUS_MODES_MAX];
    uint32_t mode_count;  // all that are in force; more than there are rows, perhaps
    uint32_t order_count; // people's holds and releases of single messages and recipients in force
    uint32_t drill_count; // drills that are going on
};

// A new one with nothing in it; NULL without memory. To be handed to board_report, or destroyed.
struct status_report *status_report_create(void);
// Copies what fits, and where that is not all of it an ellipsis behind; a character is never cut in two.
void status_copy(char *to, size_t room, struct view text);
