// Which snapshots the state topic holds of one tally partition, and the way of one of them back into
// a state. Pure: its owner reads the topic, once to see what there is, then from the first part of
// the snapshot that is to be tried.
//
//     shelf_see …            every record of the partition, in order
//     shelf_choose           the newest whole one that was not tried yet
//     shelf_collect …        the records from shelf_first_offset on
//     shelf_state            its bytes, if they are what the manifest says; else choose again
//
// Newest = the greatest next_offset, on top of the base of its log, which is above all that an earlier
// one had; of equals the one written last. Of earlier logs none is tried. A zombie's snapshot is a correct
// function of an older prefix of the log and does no harm. One thread.
#pragma once

#include "snapshot/snapshot_record.h"

struct shelf;

// Only snapshots of `detector_version` and `tally_partition` are chosen.
MUST_CHECK enum err shelf_create(
        struct shelf **ret_shelf, struct view detector_version, int32_t tally_partition);
void shelf_destroy(struct shelf *shelf);

// A record at an offset of the state partition. What cannot be read is passed over, and counted.
void shelf_see(struct shelf *shelf, int64_t offset, struct view key, struct view value);
uint64_t shelf_unreadable(const struct shelf *shelf);

// The next one to try, NULL when there is none; good until the next call. `max_next_offset`: a
// snapshot of more of the log than there is, is of another log.
const struct snapshot_manifest *shelf_choose(struct shelf *shelf, int64_t max_next_offset);
// The greatest sequence_base + next_offset of all that there are; 0 without any.
int64_t shelf_reach(const struct shelf *shelf);
// Where the first part of the chosen one lies.
int64_t shelf_first_offset(const struct shelf *shelf);
void shelf_collect(struct shelf *shelf, struct view key, struct view value);
// Whether all parts have come.
bool shelf_is_whole(const struct shelf *shelf);
// The state, good until the next choice. ERR_DATA, with `ret_why`, when parts are missing or it is
// not what was written.
MUST_CHECK enum err shelf_state(struct shelf *shelf, struct view *ret_state, const char **ret_why);

// Gives back the room of what was collected, which may be as large as all that it restores.
void shelf_let_go(struct shelf *shelf);

// Whether there are snapshots that can be thrown away: those with two newer whole ones, and broken
// off ones from before these. Calls `take` with the key of each of their records; the tombstones are
// then to be seen like any record.
MUST_CHECK enum err shelf_each_outdated(
        struct shelf *shelf, enum err (*take)(void *self, struct view key), void *self);
