// What the lines of the first half take in: a batch of messages of several partitions.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/raw.h"

// Where judged_at comes from.
enum judge_clock {
    JUDGE_CLOCK_WALL, // live: what judge_line_batch is given
    // replay: the record's timestamp, else the event time; never back, never more than 24 h on
    JUDGE_CLOCK_MESSAGE,
};

// One partition's part of a batch.
struct judge_slice {
    int32_t partition;
    void *ticket;    // goes with every record that comes from the slice
    uint64_t serial; // of the ticket among its partition's, rising
    bool idle;       // the partition's end has been reached
    // The next offset to be read: what lies between the last message and it (control records, what
    // was compacted away) is covered. 0 = not known.
    int64_t next_offset;
    // Out: a chunk of it is being judged again and the cache is not trusted, so the rest of the
    // slice was left alone; close and open the partition, and try again from there.
    bool waits;
    bool was_judged; // out: some of its messages were
};

struct judge_item {
    struct raw_message raw;
    uint32_t slice;
};
