// The way of what is said beside the messages through the first half, top to bottom:
//     consume → read (decode, who it is about) → frames → emit
// It reaches the detect half as tally frames do, through the same log; what cannot be read is a dead
// letter. Live, frames go to the tally topic; in replay they are handed over. What reading means is the
// reader's: complaint_line.h, control_line.h. One thread.
#pragma once

#include "aside/aside.h"
#include "common/arena.h"
#include "common/clock.h"
#include "decode/failure.h"
#include "emit/emitter.h"
#include "identity/keyring.h"
#include "model/slice.h"
#include "policy/config.h"
#include "tally/tally.h"

struct aside_line;

struct aside_line_options {
    const struct config *config; // all borrowed
    const struct keyring *ring;
    struct emitter *emitter;
    struct frame_taker frames; // `ticket` is the slice's (aside_line_ticket)
    uint32_t tally_partitions;
    enum judge_clock clock;
    struct strbuf *findings; // gets what is wrong with keys, in words
};

struct aside_reader {
    // DECODE_EVENT: *ret_aside is written, and borrows from `raw`, `arena` and the reader until its
    // next call.
    enum decode_result (*read)(void *self, const struct raw_message *raw, struct arena *arena,
            struct aside *ret_aside, struct decode_failure *ret_failure);
    void (*destroy)(void *self);
    void (*set_policy)(void *self, const struct policy *policy); // NULL = it goes by none
};

struct aside_counts {
    uint64_t taken;
    uint64_t dead_letters;
    uint64_t dead_letters_by[DEAD_REASON_COUNT]; // of them
};

// The reader is the line's from here on, also when it fails.
MUST_CHECK enum err aside_line_create(struct aside_line **ret_line,
        const struct aside_line_options *options, const struct aside_reader *reader, void *self);
void aside_line_destroy(struct aside_line *line);
// The policy that is gone by from now on; borrowed until another is set. Before that, the config's own.
void aside_line_set_policy(struct aside_line *line, const struct policy *policy);

// A partition is ours from `start_offset` on, the committed one: nothing is read again.
MUST_CHECK enum err aside_line_open(
        struct aside_line *line, struct view topic, int32_t partition, int64_t start_offset);
void aside_line_close(struct aside_line *line, int32_t partition);

// As judge_line_batch; no slice ever waits.
MUST_CHECK enum err aside_line_batch(struct aside_line *line, const struct judge_item *items,
        size_t item_count, const struct judge_slice *slices, size_t slice_count,
        struct wall_time now);

void *aside_line_ticket(const struct aside_line *line);
const struct aside_counts *aside_line_counts(const struct aside_line *line);
// When what is in `raw` is told, in replay: its record's time, else its own; 0 = not known.
int64_t aside_line_time_ms(struct aside_line *line, const struct raw_message *raw);
