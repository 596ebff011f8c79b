// The watchdog of a half: when it asks, and what it says to the answer.
#include "run/watchdog.h"

#include <stdio.h>

#include "unit.h"

enum { TIMEOUT_MS = 60000, STEPS_MAX = 8 };

// What is noted at a second, and, where the watchdog asks, the answer.
struct moment {
    int64_t second;
    uint64_t done;
    bool is_excused;
    bool asks; // expected
    bool answers;
    enum watchdog_work work;
    enum watchdog_verdict says; // expected, where it asks
    uint64_t again;             // what was done again
};

static const struct {
    const char *name;
    struct moment moments[STEPS_MAX];
} stories[] = {
        {"work goes on", {{1, 5, false, false, 0, WATCHDOG_IDLE, WATCHDOG_WELL, 0},
                                 {60, 6, false, false, 0, WATCHDOG_IDLE, WATCHDOG_WELL, 0},
                                 {119, 6, false, false, 0, WATCHDOG_IDLE, WATCHDOG_WELL, 0},
                                 {120, 7, false, false, 0, WATCHDOG_IDLE, WATCHDOG_WELL, 0}}},
        {"nothing to do", {{59, 0, false, false, 0, WATCHDOG_IDLE, WATCHDOG_WELL, 0},
                                  {60, 0, false, true, true, WATCHDOG_IDLE, WATCHDOG_WELL, 0},
                                  {61, 0, false, false, 0, WATCHDOG_IDLE, WATCHDOG_WELL, 0},
                                  {120, 0, false, true, true, WATCHDOG_IDLE, WATCHDOG_WELL, 0}}},
        {"brokers are away for an hour",
                {{60, 0, false, true, false, WATCHDOG_IDLE, WATCHDOG_WELL, 0},
                        {120, 0, false, true, false, WATCHDOG_WORK, WATCHDOG_WELL, 0},
                        {3600, 0, false, true, false, WATCHDOG_WORK, WATCHDOG_WELL, 0},
                        {3601, 9, false, false, 0, WATCHDOG_IDLE, WATCHDOG_WELL, 0}}},
        {"the cache is waited for",
                {{60, 0, true, false, 0, WATCHDOG_IDLE, WATCHDOG_WELL, 0},
                        {3600, 0, true, false, 0, WATCHDOG_IDLE, WATCHDOG_WELL, 0},
                        {3659, 0, false, false, 0, WATCHDOG_IDLE, WATCHDOG_WELL, 0},
                        {3660, 0, false, true, true, WATCHDOG_WORK, WATCHDOG_REBUILD, 0}}},
        {"stuck, rebuilt, well",
                {{60, 0, false, true, true, WATCHDOG_WORK, WATCHDOG_REBUILD, 0},
                        {119, 0, false, false, 0, WATCHDOG_IDLE, WATCHDOG_WELL, 0},
                        {119, 1, false, false, 0, WATCHDOG_IDLE, WATCHDOG_WELL, 0},
                        {179, 1, false, true, true, WATCHDOG_WORK, WATCHDOG_REBUILD, 0}}},
        {"stuck for good",
                {{60, 0, false, true, true, WATCHDOG_WORK, WATCHDOG_REBUILD, 0},
                        {120, 0, false, true, true, WATCHDOG_WORK, WATCHDOG_GIVE_UP, 0}}},
        {"stuck where it was, after doing again what it had done",
                {{60, 7, false, false, 0, WATCHDOG_IDLE, WATCHDOG_WELL, 0},
                        {120, 7, false, true, true, WATCHDOG_WORK, WATCHDOG_REBUILD, 0},
                        {121, 0, false, false, 0, WATCHDOG_IDLE, WATCHDOG_WELL, 0},
                        {125, 7, false, false, 0, WATCHDOG_IDLE, WATCHDOG_WELL, 40},
                        {185, 7, false, true, true, WATCHDOG_WORK, WATCHDOG_GIVE_UP, 40}}},
        {"stuck while brokers come and go",
                {{60, 0, false, true, true, WATCHDOG_WORK, WATCHDOG_REBUILD, 0},
                        {120, 0, false, true, false, WATCHDOG_WORK, WATCHDOG_WELL, 0},
                        {180, 0, false, true, true, WATCHDOG_WORK, WATCHDOG_WELL, 0},
                        {240, 0, false, true, true, WATCHDOG_WORK, WATCHDOG_GIVE_UP, 0}}},
        {"an excuse is no progress",
                {{60, 0, false, true, true, WATCHDOG_WORK, WATCHDOG_REBUILD, 0},
                        {61, 0, true, false, 0, WATCHDOG_IDLE, WATCHDOG_WELL, 0},
                        {121, 0, false, true, true, WATCHDOG_WORK, WATCHDOG_GIVE_UP, 0}}},
        {"waits for a place, rebuilt once, waits on",
                {{60, 0, false, true, true, WATCHDOG_WAITS, WATCHDOG_REBUILD, 0},
                        {120, 0, false, true, true, WATCHDOG_WAITS, WATCHDOG_WELL, 0},
                        {180, 0, false, true, true, WATCHDOG_WAITS, WATCHDOG_WELL, 0},
                        {181, 3, false, false, 0, WATCHDOG_IDLE, WATCHDOG_WELL, 0},
                        {241, 3, false, true, true, WATCHDOG_WAITS, WATCHDOG_REBUILD, 0}}},
        {"waits for a place that never comes",
                {{60, 0, false, true, true, WATCHDOG_WAITS, WATCHDOG_REBUILD, 0},
                        {120, 0, false, true, true, WATCHDOG_WAITS, WATCHDOG_WELL, 0},
                        {180, 0, false, true, true, WATCHDOG_WORK, WATCHDOG_GIVE_UP, 0}}},
        {"waits for a place while brokers are away",
                {{60, 0, false, true, false, WATCHDOG_WAITS, WATCHDOG_WELL, 0},
                        {120, 0, false, true, true, WATCHDOG_WAITS, WATCHDOG_WELL, 0},
                        {180, 0, false, true, true, WATCHDOG_WAITS, WATCHDOG_REBUILD, 0}}},
};

static void test_stories(void)
{
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
        struct watchdog watchdog;
        watchdog_init(&watchdog, TIMEOUT_MS, (struct mono_time){0});
        for (unsigned n = 0; n < STEPS_MAX && stories[i].moments[n].second > 0; n++) {
            const struct moment *at = &stories[i].moments[n];
            const struct mono_time now = {at->second * 1000 * 1000000};
            bool asks =
                    watchdog_note(&watchdog, now, at->done + at->again, at->done, at->is_excused);
            enum watchdog_verdict says = WATCHDOG_WELL;
            if (asks) {
                says = watchdog_answer(&watchdog, now, at->answers, at->work);
            }
            if (asks != at->asks || says != at->says) {
                printf("    %s, second %lld\n", stories[i].name, (long long)at->second);
            }
            CU_ASSERT_EQUAL(asks, at->asks);
            CU_ASSERT_EQUAL(says, at->says);
        }
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"stories", test_stories},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "watchdog", tests);
}
