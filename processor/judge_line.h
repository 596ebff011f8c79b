// The way of one message through the first half, top to bottom:
//     consume → decode → enrich → judge → tally → emit
// The only file that knows all stages of it. Live, consume hands over Kafka batches and frames go
// to the tally topic; in replay both ends are files and memory, the way between is the same.
#pragma once

#include "common/clock.h"
#include "common/metric.h"
#include "control/standing_orders.h"
#include "decode/decode.h"
#include "emit/emitter.h"
#include "enrich/enrich.h"
#include "enrich/enrich_attempts.h"
#include "model/slice.h"
#include "policy/config.h"
#include "tally/tally.h"

struct judge_line;

struct judge_line_options {
    const struct config *config; // all borrowed
    const struct keyring *ring;
    struct store store;
    struct attempt_counter attempts; // none: limits of how often are not looked at
    struct emitter *emitter;
    // takes finished frames; `ticket` is the slice's (judge_line_ticket)
    struct frame_taker frames;
    uint32_t tally_partitions;
    enum judge_clock clock;
    // replay: a frame after so many messages; 0 = at the end of each batch
    uint32_t frame_messages;
};

struct judge_counts {
    uint64_t messages;
    uint64_t verdicts[VERDICT_COUNT];
    uint64_t reasons[REASON_TOLD_COUNT];
    // messages whose hours go by their recipient's zone, by what is known of it
    uint64_t zones[ZONE_KNOWN_COUNT];
    struct attempt_counts attempts; // where the policy limits them
    uint64_t dead_letters;
    uint64_t dead_letters_by[DEAD_REASON_COUNT];
    uint64_t rejudged;        // again, silently, to rebuild a chunk
    uint64_t looked_up_again; // lookups of messages that wait for a late record
    uint64_t released;        // of them, by messages
    uint64_t given_up;        // messages that will not be looked up again, though they should be
    // counted without their campaign, template, sender and vendor: a chunk has no more room
    uint64_t overflowed;
    uint64_t held;                      // messages
    struct metric_histogram hold_delay; // from a message's record to its hold, in ms; not in replay
};

MUST_CHECK enum err judge_line_create(
        struct judge_line **ret_line, const struct judge_line_options *options);
void judge_line_destroy(struct judge_line *line);

// A partition is ours from `start_offset` on; below `resume_until` it is judged again in silence
// (design §5).
MUST_CHECK enum err judge_line_open(struct judge_line *line, struct view topic, int32_t partition,
        int64_t start_offset, int64_t resume_until);
void judge_line_close(struct judge_line *line, int32_t partition);

// The policy that messages go by from now on, between batches; borrowed until another is set. Before
// that, the config's own.
void judge_line_set_policy(struct judge_line *line, const struct policy *policy);

// What people have ordered, by which messages go from now on; borrowed. NULL (so it begins): nothing. It
// may change between batches.
void judge_line_set_orders(struct judge_line *line, const struct standing_orders *orders);

// --- late records (recheck/recheck.h); not in replay -----------------------------------------------

// Where a partition begins that is ours from now on.
struct judge_start {
    int32_t partition;
    int64_t committed;
    int64_t low;      // the log has nothing below it
    struct view text; // of the commit; none without one
};

// Opens a partition of the config's outbound topic; *ret_from is where to read on. *ret_is_odd: the
// commit has a text that is none of ours.
MUST_CHECK enum err judge_line_resume(struct judge_line *line, const struct judge_start *start,
        int64_t *ret_from, bool *ret_is_odd);
// The partition begins anew behind what is settled.
MUST_CHECK enum err judge_line_rewind(
        struct judge_line *line, int32_t partition, int64_t settled, int64_t *ret_from);
// Whether something is to be looked up again now. If so, the next batch does it, and has to have a
// slice of each partition with messages that wait.
bool judge_line_has_due(struct judge_line *line, struct mono_time now);
bool judge_line_waits_for(const struct judge_line *line, int32_t partition);
// The text of a commit of the partition at `settled`, when everything up to the slice of `serial` is
// acknowledged; good until the next call. *ret_version changes with the text.
const char *judge_line_text(struct judge_line *line, int32_t partition, uint64_t serial,
        int64_t settled, uint64_t *ret_version);
// Whether messages wait of which no text has told.
bool judge_line_has_news(const struct judge_line *line);

// --- batches ---------------------------------------------------------------------------------------

// Judges a batch (an empty one only sends what frames are due): items of one partition in offset
// order, partitions in any order. On an error, of the sink or for want of memory, the batch's
// partitions have to be closed and begun anew.
MUST_CHECK enum err judge_line_batch(struct judge_line *line, const struct judge_item *items,
        size_t item_count, struct judge_slice *slices, size_t slice_count, struct wall_time now,
        bool totals);

// Asks the store whether it is to be believed, and nothing else.
bool judge_line_cache_is_trusted(struct judge_line *line);
// Messages that wait for a late record.
uint32_t judge_line_waiting(const struct judge_line *line);
// The ticket of the slice whose frame is being taken.
void *judge_line_ticket(const struct judge_line *line);
const struct judge_counts *judge_line_counts(const struct judge_line *line);
