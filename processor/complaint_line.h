// The way of one complaint through the first half, top to bottom:
//     consume → decode → pseudonym → frames → emit
// Complaints reach the detect half as tally frames do, through the same log; what cannot be read is
// a dead letter. Live, frames go to the tally topic; in replay they are handed over.
#pragma once

#include "common/clock.h"
#include "emit/emitter.h"
#include "identity/keyring.h"
#include "model/slice.h"
#include "policy/config.h"
#include "tally/tally.h"

struct complaint_line;

struct complaint_line_options {
    const struct config *config; // all borrowed
    const struct keyring *ring;
    struct emitter *emitter;
    struct frame_taker frames; // `ticket` is the slice's (complaint_line_ticket)
    uint32_t tally_partitions;
    enum judge_clock clock;
};

struct complaint_counts {
    uint64_t complaints;
    uint64_t dead_letters;
};

MUST_CHECK enum err complaint_line_create(
        struct complaint_line **ret_line, const struct complaint_line_options *options);
void complaint_line_destroy(struct complaint_line *line);

// A partition is ours from `start_offset` on, the committed one: nothing is read again.
MUST_CHECK enum err complaint_line_open(
        struct complaint_line *line, struct view topic, int32_t partition, int64_t start_offset);
void complaint_line_close(struct complaint_line *line, int32_t partition);

// As judge_line_batch; no slice ever waits.
MUST_CHECK enum err complaint_line_batch(struct complaint_line *line,
        const struct judge_item *items, size_t item_count, const struct judge_slice *slices,
        size_t slice_count, struct wall_time now);

void *complaint_line_ticket(const struct complaint_line *line);
const struct complaint_counts *complaint_line_counts(const struct complaint_line *line);
// When the complaint in `raw` is told, in replay: its record's time, else its own; 0 = not known.
int64_t complaint_line_time_ms(struct complaint_line *line, const struct raw_message *raw);
