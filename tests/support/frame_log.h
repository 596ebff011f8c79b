// Frames that outlive the call that made them, so that tests can look at a whole log of them and
// deliver it in any order.
#pragma once

#include <stdbool.h>

#include "common/arena.h"
#include "tally/tally.h"

struct logged_frame {
    uint32_t tally_partition;
    struct frame frame; // what it points to is in the log's arena
};

struct frame_log {
    struct arena *arena;
    struct logged_frame *frames;
    size_t count;
    size_t capacity;
};

void frame_log_init(struct frame_log *log);
void frame_log_fini(struct frame_log *log);
// Appends a copy.
void frame_log_add(struct frame_log *log, uint32_t tally_partition, const struct frame *frame);
// Takes what a tally hands out.
struct frame_taker frame_log_taker(struct frame_log *log);

struct frame frame_copy(struct arena *arena, const struct frame *frame);
bool frame_equal(const struct frame *a, const struct frame *b);

// A generator of random numbers that is the same everywhere; `*state` is the seed.
uint32_t test_random(uint64_t *state);
// Of 0 .. below - 1.
uint32_t test_random_below(uint64_t *state, uint32_t below);
