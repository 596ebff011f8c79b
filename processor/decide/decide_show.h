// What is going on, for those who look: a walk over what decide remembers, which decides nothing.
#pragma once

#include "control/standing_orders.h"
#include "decide/control_ledger.h"
#include "decide/decide.h"
#include "decide/decide_drill.h"
#include "decide/shadow.h"

// All of it is borrowed during the call. `evidence` is NULL before its first alert.
struct shown_incident {
    const struct digest_id *id;
    enum tier tier;
    const struct scope_name *scope;
    const struct evidence *evidence;
    struct view cause; // none = not known
    struct impact impact;
    uint32_t scope_count;
    uint32_t held_count;
    int64_t told_ms;         // log time, as those below
    int64_t wanted_ms;       // since then somebody should acknowledge it; 0 = nobody need, or has
    int64_t acknowledged_ms; // 0 = nobody has
    struct view acknowledged_by;
};
struct shown_hold {
    const struct scope_name *scope;
    int64_t until_ms;
    bool is_commanded;
    enum mode mode;
    const struct digest_id *incident_id; // NULL = it is of none
    struct canary canary;                // none while canary.step is 0
    uint32_t canary_limit;
    bool is_proposed;        // for release
    struct view released_by; // who has its canaries sent; none where nobody does
};
struct decide_viewer {
    void (*incident)(void *self, const struct shown_incident *shown);
    void (*hold)(void *self, const struct shown_hold *shown);
    void (*pending)(void *self, const struct pending_control *pending);
    void (*drill)(void *self, const struct drill *drill);
    void (*order)(void *self, const struct standing_order *order);
    void *self;
};
// Every open incident, every hold, every command that waits for a second person, every drill that is
// going on, everything that people have left in force. Holds and orders are shown until a frame ends them,
// which may be after their time.
void decide_show(const struct decide *decide, const struct decide_viewer *viewer);
