// Whether a half makes no progress though there is something to do: what librdkafka 2.0.2 may do after
// a broker has died, and nothing in it notices (#4970, #5591, #4420). Pure; time is passed in.
//
//            no progress for the time-out, not excused           brokers answer, and there is work
//   watching ------------------------------------------> asking ---------------------------------> rebuilt
//      ^                                                   |                                          |
//      '----- progress; an excuse; no broker answers; -----'        no progress for the time-out, and |
//             there is nothing to do                                again brokers answer: given up <--'
//
// Who waits for a place in the group is rebuilt as well, once: what it waits for may never come. Then it
// waits on, for others may be busy.
//
// What may take as long as it likes: brokers that are away, a cache that is waited for, a quota. When
// brokers are back, the time-out begins with the first answer.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"

struct watchdog {
    int64_t timeout_ms;
    struct mono_time since; // of the last activity
    uint64_t activity;
    uint64_t done;
    uint64_t done_before; // a rebuild
    bool is_rebuilt;      // and nothing was done since
    bool was_away;        // no broker answered the last time
};

void watchdog_init(struct watchdog *watchdog, int64_t timeout_ms, struct mono_time now);
// `activity` is any number that changes when something happens, `done` one that grows with what need
// not be done again. True: find out whether there is something to do, and tell watchdog_answer.
bool watchdog_note(struct watchdog *watchdog, struct mono_time now, uint64_t activity,
        uint64_t done, bool is_excused);

enum watchdog_verdict { WATCHDOG_WELL, WATCHDOG_REBUILD, WATCHDOG_GIVE_UP };
// What there is: nothing, a place in the group that is waited for, or what we have not done.
enum watchdog_work { WATCHDOG_IDLE, WATCHDOG_WAITS, WATCHDOG_WORK };
// `answers`: a client of its own has reached the brokers.
enum watchdog_verdict watchdog_answer(
        struct watchdog *watchdog, struct mono_time now, bool answers, enum watchdog_work work);
