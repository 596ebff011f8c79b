// Which offsets may be committed: those before which everything that was produced is acknowledged.
//
// Words. A *segment* is one batch's run of offsets of one partition, up to `to_offset`. Each record
// that comes from the segment's messages is *pending* in it from the moment a sink has taken it
// until its delivery report. The *settled* offset of a partition is the to_offset of the last
// segment of which it is true that it and all before it are done.
//
// Invariants (asserts and tests cite them):
//   O1  settled never moves back, and never passes a segment that is open, has something pending, or has failed.
//   O2  Segments of a partition are opened in offset order and settle in that order.
//   O3  A report that arrives after its partition was closed changes nothing but frees its segment.
//   O4  After one failed record the partition settles nothing more until it is begun anew.
//
//            offsets_open              offsets_done                 the last report arrives
//   (none) ----------------> open ------------------> waiting ---------------------------------> settled, freed
//                             |  offsets_sent / offsets_reported: pending + 1 / - 1     '--failed report--> stuck (O4)
//
// One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

struct offsets;
struct segment;

MUST_CHECK enum err offsets_create(struct offsets **ret_offsets);
// Every segment must have been reported or its partition closed; outstanding reports must not come
// after this.
void offsets_destroy(struct offsets *offsets);

// A partition begins (anew) with `settled` as what is committed already.
MUST_CHECK enum err offsets_begin(struct offsets *offsets, int32_t partition, int64_t settled);
// The partition is no longer ours.
void offsets_close(struct offsets *offsets, int32_t partition);
bool offsets_is_begun(const struct offsets *offsets, int32_t partition);
// One more than the highest partition that was ever begun.
int32_t offsets_partition_end(const struct offsets *offsets);

MUST_CHECK enum err offsets_open(struct offsets *offsets, int32_t partition, int64_t to_offset,
        struct segment **ret_segment);
// An open segment takes in more offsets; it is its partition's last.
void offsets_extend(struct segment *segment, int64_t to_offset);
// The segment's messages have all been worked on; nothing more will be sent for it.
void offsets_done(struct offsets *offsets, struct segment *segment);

// A sink took a record of the segment.
void offsets_sent(struct segment *segment);
// Its delivery report. May free the segment.
void offsets_reported(struct offsets *offsets, struct segment *segment, enum err err);

// The number of a segment among those of its partition since that began: 1, 2, …
uint64_t offsets_serial(const struct segment *segment);
// That of the last one which is settled; 0 = none is.
uint64_t offsets_settled_serial(const struct offsets *offsets, int32_t partition);
int64_t offsets_settled(const struct offsets *offsets, int32_t partition);
// What the partition's last unsettled segment goes up to: the least for the next one (O2). -1 when
// there is none.
int64_t offsets_reached(const struct offsets *offsets, int32_t partition);
// Whether a record of the partition has failed for good since it began.
bool offsets_has_failed(const struct offsets *offsets, int32_t partition);
// Segments that are not settled, over all partitions: a bound for how far ahead the work may run.
uint32_t offsets_unsettled(const struct offsets *offsets);
