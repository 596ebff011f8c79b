// A drill (design §7): messages that go the whole way and to nobody. They are all of one reserved
// tenant, so that none of theirs touches a scope of anybody else, and whatever comes of them is known
// by that tenant and carries `"drill": true`.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/view.h"

#define DRILL_TENANT "wn-drill"

static inline bool tenant_is_drill(struct view tenant_id)
{
    return view_is(tenant_id, DRILL_TENANT);
}

// What has come of one, as drill.completed tells it. Times are log time but for the first message's,
// which is its event time; 0 = it did not come to that. Its scope's id is the control_id.
struct drill_news {
    struct view operator_id;
    bool is_detected; // its campaign was held
    int64_t opened_ms;
    int64_t first_message_ms;
    int64_t first_judged_ms;
    int64_t detected_ms;
    int64_t held_ms;
    int64_t judged; // of its messages, up to the hold: verdict known, ...
    int64_t misdirected;
    int64_t unknown; // ... and not known
};
