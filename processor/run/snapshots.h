// The snapshots of the tally partitions that the detect half has: read back when a partition begins,
// taken every now and then while it is folded, with a producer of their own, so that no alert waits
// behind a megabyte of state. Trouble with them is told and costs time at the next start, nothing
// else. One thread, the half's.
#pragma once

#include "run/snapshot_reader.h"

struct snapshots;
struct detect_line;

// `tally_partitions`: of the tally topic; written into each manifest.
MUST_CHECK enum err snapshots_create(struct snapshots **ret_snapshots, const struct config *config,
        uint32_t tally_partitions, struct strbuf *findings);
// ERR_DEADLINE as of kafka_producer_close, also when a reader has not let go before.
enum err snapshots_close(struct snapshots *snapshots, int64_t timeout_ms);

// A partition begins: the newest snapshot of it goes to `taker`, if there is one that can be read.
// `log_end`: the tally log's. `*ret_next_offset`: where to fold on; -1 = there was none. `*ret_reach`:
// the highest sequence_base + next_offset of all that there are, also those that were not taken.
MUST_CHECK enum err snapshots_begin(struct snapshots *snapshots, int32_t partition, int64_t log_end,
        struct snapshot_taker taker, int64_t *ret_next_offset, int64_t *ret_reach);
// Serves acknowledgements, once a step. False while there is no producer: try again at the next.
bool snapshots_poll(struct snapshots *snapshots);
// Where a line stands.
struct snapshot_point {
    int64_t next_offset;   // it has folded the log before that
    int64_t settled;       // what came of the log before that is acknowledged
    int64_t sequence_base; // as of struct snapshot_manifest
};
// Takes one when it is time, and goes on with the one that is under way.
void snapshots_serve(struct snapshots *snapshots, int32_t partition, struct detect_line *line,
        const struct snapshot_point *point);
// How many were written and acknowledged, of all partitions.
uint64_t snapshots_written(const struct snapshots *snapshots);
// How long ago the partition's last one was, when there is a log behind it up to `next_offset`; else 0.
int64_t snapshots_age_ms(const struct snapshots *snapshots, int32_t partition, int64_t next_offset);
// The partition goes, or begins anew.
void snapshots_end(struct snapshots *snapshots, int32_t partition);
