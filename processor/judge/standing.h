// What the policy makes of a judgement: lists and hours. Pure; cannot fail.
//
//   first that applies         then
//   exempt purpose             nothing of what follows
//   on a block list            held; reason blocked
//   held by an operator        held; reason held_by_operator
//   released by an operator    not held; reason released
//   on an override list        not held; reason overridden
//   on an allow list           exempt; reason allowed
//   misdirected, or unknown    held by its own verdict and `policy.unknown`
//   outside of its hours       reason outside_hours; held where they are enforced, until they begin again
//   over a limit of how often  reason too_often; held where that is enforced, until it would be allowed
//
// Of several ends of a hold the latest counts, and one out of hours that are enforced is put off until they
// begin again.
#pragma once

#include "control/standing_orders.h"
#include "judge/judge.h"

// How a message is held; in monitor mode nothing is sent of it.
struct standing {
    bool is_held;
    bool is_blocked; // it stays held, whatever turns up
    // What an operator has ordered of it is what holds it, be the mode monitor; NULL = something else.
    const struct standing_order *order;
    bool is_of_verdict; // with an order: its verdict holds it too, as long as policy.message_hold says
    bool is_past;       // it is not held, though its verdict or the policy for unknown ones would
    int64_t until_ms;     // 0 = as long as policy.message_hold says
    enum zone_known zone; // of its recipient
};

// Completes the judgement of a message to the pseudonym `recipient` (its bytes; NULL of one that has
// none). `order`: what an operator has ordered of it, or of its recipient; NULL = nothing.
struct standing judge_stand(const struct event *ev, const uint8_t *recipient,
        const struct policy *policy, const struct standing_order *order,
        struct judgement *judgement);
