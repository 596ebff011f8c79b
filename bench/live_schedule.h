// When each message is due. Latencies are counted from here and not from when a message was handed over: a
// driver that is held up by what it measures would else leave out just the waits that matter (coordinated
// omission; Gil Tene, "How NOT to Measure Latency", and wrk2).
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct live_schedule {
    int64_t start_ns;  // monotonic
    int64_t rate;      // messages a second; 0 = flat out: a message is due when its turn comes
    int64_t length_ns; // nothing is due behind it; 0 = no end
};

// When message `i` is due, without rounding errors that add up. With a rate only.
static inline int64_t live_due_ns(const struct live_schedule *schedule, uint64_t i)
{
    uint64_t rate = (uint64_t)schedule->rate;
    return schedule->start_ns + (int64_t)(i / rate * 1000000000 + i % rate * 1000000000 / rate);
}

static inline bool live_is_over(const struct live_schedule *schedule, int64_t due_ns)
{
    return schedule->length_ns > 0 && due_ns - schedule->start_ns >= schedule->length_ns;
}

// How many messages of `count` are due within the length; all of them when flat out.
static inline uint64_t live_due_count(const struct live_schedule *schedule, uint64_t count)
{
    if (schedule->rate == 0 || schedule->length_ns == 0) {
        return count;
    }
    uint64_t length_ns = (uint64_t)schedule->length_ns;
    uint64_t rate = (uint64_t)schedule->rate;
    // The least i that is due at the end or behind it.
    uint64_t due = length_ns / 1000000000 * rate +
                   (length_ns % 1000000000 * rate + 999999999) / 1000000000;
    return due < count ? due : count;
}
