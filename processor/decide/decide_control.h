// What the files about people's commands share: decide_control.c (a record's way), decide_order.c
// (holds, releases and acknowledgements of scopes and incidents), decide_standing.c (what stands until it
// ends), decide_release.c (what a release does), decide_remind.c (what nobody has answered).
#pragma once

#include "decide/control_ledger.h"
#include "decide/decide_inside.h"
#include "model/control.h"

// A command in hand.
struct order {
    const struct delta *delta;
    const struct control *control;
    const struct decision_taker *taker;
    struct view confirmed_by; // the second person; none where there is none
};

// What becomes of it.
struct ruling {
    enum outcome_state state;
    const char *why;    // a stable code
    bool is_everywhere; // every partition rules the same, but for what it has done
    bool has_incident;
    struct digest_id incident_id;
    struct impact impact; // of that incident
    enum tier tier;
    bool has_scope;
    struct scope_name scope;
    uint32_t scope_count;
    int64_t expires_at_ms;
};

struct ruling control_refuse(const char *why);
// What it is about is not known here; whoever is the only one to know says no to it.
struct ruling control_unknown(const struct control *control, const char *why);
MUST_CHECK enum err control_tell(
        struct decide *decide, const struct order *order, const struct ruling *ruling);

// Whether a vendor or tenant is among them: two people have to want it.
bool control_is_wide(const struct decide *decide, const int32_t *scopes, uint32_t count);
// Keeps the command for a second person to confirm, and rules so.
MUST_CHECK enum err control_wait(
        struct decide *decide, const struct order *order, struct ruling *ruling);

// Until when an order stands that is given now: so long unless it says so itself, and never longer than
// persons may. 0 when that is over.
int64_t control_until_ms(
        const struct decide *decide, const struct order *order, int64_t default_ms);

MUST_CHECK enum err control_hold(
        struct decide *decide, const struct order *order, struct ruling *ret_ruling);
MUST_CHECK enum err control_release(
        struct decide *decide, const struct order *order, struct ruling *ret_ruling);
// Begins a drill (decide_drill.c).
MUST_CHECK enum err control_drill(
        struct decide *decide, const struct order *order, struct ruling *ret_ruling);
MUST_CHECK enum err control_acknowledge(
        struct decide *decide, const struct order *order, struct ruling *ret_ruling);
// Incidents that nobody has acknowledged in time.
MUST_CHECK enum err remind(
        struct decide *decide, const struct delta *delta, const struct decision_taker *taker);
// Commands that nobody has confirmed in time.
MUST_CHECK enum err control_expire(
        struct decide *decide, const struct delta *delta, const struct decision_taker *taker);

// --- decide_standing.c ----------------------------------------------------------------------------

MUST_CHECK enum err control_mode(
        struct decide *decide, const struct order *order, struct ruling *ret_ruling);
// A hold or release of one message or recipient.
MUST_CHECK enum err control_one(
        struct decide *decide, const struct order *order, struct ruling *ret_ruling);
// Tells that the command waits for a second person, and that it does so no longer.
MUST_CHECK enum err control_tell_pending(
        struct decide *decide, const struct order *order, int64_t deadline_ms);
MUST_CHECK enum err control_tell_settled(struct decide *decide, const struct order *order);
// What stood and is over.
MUST_CHECK enum err control_end_standing(
        struct decide *decide, const struct delta *delta, const struct decision_taker *taker);
