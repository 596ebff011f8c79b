// A feed that is late, through the whole detect half: frames of one source in which some messages have
// no record at first, and the late clearances of those whose record turns up. The same seed gives the
// same messages, whatever is made of them.
#pragma once

#include "detect_line_inside.h"
#include "frame_log.h"

enum { LATE_WORLD_FRAME = 32, LATE_WORLD_MAX = 4096 }; // messages a frame, frames

// What becomes of messages whose record is late.
enum late_fate {
    LATE_NEVER,   // nothing: they stay misdirected
    LATE_CLEARED, // late frames clear them, within 30 s
    LATE_WRITTEN, // none: their record was there at once
};

struct late_options {
    uint64_t seed;
    uint32_t frames;
    uint32_t step_ms;       // of log time, a frame
    uint32_t late_permille; // of the messages
    uint32_t bad_permille;  // misdirected for good
    bool learning;
    bool with_noise; // late frames come also before their entries, twice, and with other tags
};

struct late_world {
    struct late_options options;
    struct config *config;
    struct emitter emitter;
    struct detect_line *line;
    uint64_t alerts;
    uint64_t commands;
    uint64_t hash; // of all records
    struct arena *arena;
    struct frame *frames; // tally frames and late ones, as they come
    uint32_t count;
    uint32_t folded;
};

void late_world_init(
        struct late_world *world, const struct late_options *options, enum late_fate fate);
void late_world_fini(struct late_world *world);
// Folds the next frame; false after the last.
bool late_world_step(struct late_world *world);
// Saves the line and goes on with a restored one.
void late_world_restart(struct late_world *world);
// The bytes of the line's state.
void late_world_save(struct late_world *world, struct strbuf *sb);
