// What is said beside the messages of a replay, complaints say: a file of them in, frames to whoever
// takes them, in the order of their times.
#pragma once

#include "aside_line.h"

struct replay_aside;

struct aside_maker {
    enum err (*line)(struct aside_line **ret_line, const struct aside_line_options *options);
};

// Opens a file of them, one a line or in the envelope of `kcat -J`, sorted by time, and says
// on stderr when it cannot. What the options point to is borrowed.
MUST_CHECK enum err replay_aside_create(struct replay_aside **ret_aside, const char *path,
        const struct aside_line_options *options, struct aside_maker maker);
void replay_aside_destroy(struct replay_aside *aside);
// When the next one is told; INT64_MAX = there is none. One that cannot be read has no time: 0.
int64_t replay_aside_next_ms(const struct replay_aside *aside);
// Tells it.
MUST_CHECK enum err replay_aside_tell(struct replay_aside *aside);
const struct aside_counts *replay_aside_counts(const struct replay_aside *aside);
