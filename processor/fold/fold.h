// fold: tally frames → deltas per scope, each message applied once (design §5). Pure: the same log
// gives the same deltas. One fold a tally partition; one thread.
//
// For every source the fold keeps the open chunk: its leaves' counts, `first_offset` and
// `to_offset`. A frame of chunk c, covering first .. to, meets it in one of these ways:
//
//   F1  no state yet                      base: take it whole from first on
//   F2  to <= to_offset                   duplicate, older, or a zombie's: no-op
//   F3  first > to_offset                 offsets are missing: new base, gap record
//   F4  c is the open chunk and first <= first_offset     the difference of the counts, and entries from to_offset on
//   F5  c is later and first = to_offset  the next chunk: counts begin at 0, then as F4
//   F6  anything else (first lies inside what is counted) the counts do not compare: ignored to the end of the chunk,
//       gap record; to_offset follows, so that the next chunk is F5
//   F7  the table of sources or of a chunk's leaves is full      left out, with a gap record; of leaves: as F6
//
//   F8  What people command is handed on whole where its frame is not applied: its topic may begin anew at offset 0.
//       It is known again by its own id (decide/control_ledger.h).
//
// A frame of late clearances is none of these: it covers no offsets. Each of its rows takes back one
// misdirected message, if that is remembered (fold/clearables.h), has its tag, and was not taken back
// before: from the counts of its scopes, where it stays judged, from their histories, and from what is
// remembered of them (state/recent.h), so that its recipient is met again for the first time. All other
// rows do nothing and are counted. The clump guard is not told: a message right behind the cleared one
// keeps its smaller step, and a scope's last-was-misdirected bit stays, which makes a statistic lower
// than it might be and never higher.
//
// Nor is one with a policy, which counts nothing: who has the fold goes by it (detect_line.h).
//
// Log time is the running maximum of judged_at, but of frames with a policy; nothing here asks a clock.
#pragma once

#include "common/archive.h"
#include "common/err.h"
#include "model/delta.h"
#include "state/recent.h"
#include "state/scopes.h"

struct fold;

// Sums of a scope since it was first heard of.
struct fold_counts {
    int64_t judged;
    int64_t misdirected; // stops at 2^32 - 1
};

// The same of the scope's first 20,000 judged messages only, without those that came while one of
// their scopes was held: what it was like before anybody could have made it like this slowly.
struct fold_history {
    uint32_t judged;
    uint32_t misdirected;
};

// `scopes` and `recent` are borrowed. `split_by_channel`: bits of enum scope_kind.
MUST_CHECK enum err fold_create(struct fold **ret_fold, struct scopes *scopes,
        struct recent *recent, uint32_t split_by_channel);
void fold_destroy(struct fold *fold);

// What comes before the counts of a frame that is applied: `delta` has its time and place, and no messages yet. So
// holds that end or go on by that time have done so when its messages are counted as held, or not. Of a frame
// with commands nothing does.
struct fold_ahead {
    enum err (*pass)(void *self, const struct delta *delta);
    void *self;
};
void fold_set_ahead(struct fold *fold, struct fold_ahead ahead);

// Applies a frame. The delta and what it points to live until the next call; `frame` must live as
// long.
// Errors are ERR_NO_MEMORY and those of what comes before.
MUST_CHECK enum err fold_frame(struct fold *fold, const struct frame *frame,
        int32_t tally_partition, int64_t sequence, struct delta *ret_delta);

int64_t fold_log_time_ms(const struct fold *fold);
struct fold_counts fold_scope_counts(const struct fold *fold, int32_t scope);
struct fold_history fold_scope_history(const struct fold *fold, int32_t scope);
// Late rows: those that took a message back, those that did nothing, and messages that were forgotten
// before their time (K2 in fold/clearables.h).
struct fold_late_counts {
    uint64_t cleared;
    uint64_t ignored;
    uint64_t overflowed;
};
struct fold_late_counts fold_late_counts(const struct fold *fold);
// By which level of the detector's an entry of the delta in hand has moved its scopes; below 32.
void fold_note_level(struct fold *fold, const struct delta_entry *entry, unsigned level);
// What speaks against `child` was taken off the wider scope `parent`: a message that came through both and
// is cleared later has nothing to take back there. Goes through all that may be cleared.
void fold_explain(struct fold *fold, int32_t parent, int32_t child);
// Forgets a scope: its number may be given to another.
void fold_drop(struct fold *fold, int32_t scope);
uint64_t fold_gaps(const struct fold *fold);
// Saves the fold, or restores it into a new one; its scopes are there already.
void fold_archive(struct archive *archive, struct fold *fold);
