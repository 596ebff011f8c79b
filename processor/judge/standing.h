// What the policy makes of a judgement: lists and hours. Pure; cannot fail.
//
//   first that applies         then
//   exempt purpose             nothing of what follows
//   on a block list            held; reason blocked
//   released by an operator    not held; reason released
//   on an override list        not held; reason overridden
//   on an allow list           exempt; reason allowed
//   misdirected, or unknown    held by its own verdict and `policy.unknown`
//   outside of its hours       reason outside_hours; held where they are enforced, until they begin again
//   over a limit of how often  reason too_often; held where that is enforced, until it would be allowed
#pragma once

#include "judge/judge.h"

// How a message is held; in monitor mode nothing is sent of it.
struct standing {
    bool is_held;
    bool is_blocked;      // it stays held, whatever turns up
    bool is_past;         // it is not held, though its verdict or the policy for unknown ones would
    int64_t until_ms;     // 0 = as long as policy.message_hold says
    enum zone_known zone; // of its recipient
};

// Completes the judgement of a message to the pseudonym `recipient` (its bytes; NULL of one that has
// none). `is_released`: an operator has let it, or its recipient, pass.
struct standing judge_stand(const struct event *ev, const uint8_t *recipient,
        const struct policy *policy, bool is_released, struct judgement *judgement);
