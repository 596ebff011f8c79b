#include "run/watchdog.h"

void watchdog_init(struct watchdog *watchdog, int64_t timeout_ms, struct mono_time now)
{
    *watchdog = (struct watchdog){.timeout_ms = timeout_ms, .since = now};
}

bool watchdog_note(struct watchdog *watchdog, struct mono_time now, uint64_t activity,
        uint64_t done, bool is_excused)
{
    watchdog->done = done;
    watchdog->is_rebuilt = watchdog->is_rebuilt && done <= watchdog->done_before;
    if (activity != watchdog->activity || is_excused) {
        watchdog->activity = activity;
        watchdog->since = now;
        return false;
    }
    return mono_left_ms(now, mono_after_ms(watchdog->since, watchdog->timeout_ms)) == 0;
}

enum watchdog_verdict watchdog_answer(
        struct watchdog *watchdog, struct mono_time now, bool answers, enum watchdog_work work)
{
    bool is_back = watchdog->was_away && answers;
    watchdog->since = now;
    watchdog->was_away = !answers;
    if (!answers || is_back || work == WATCHDOG_IDLE) {
        return WATCHDOG_WELL;
    }
    if (watchdog->is_rebuilt) {
        return work == WATCHDOG_WORK ? WATCHDOG_GIVE_UP : WATCHDOG_WELL;
    }
    watchdog->is_rebuilt = true;
    watchdog->done_before = watchdog->done;
    return WATCHDOG_REBUILD;
}
