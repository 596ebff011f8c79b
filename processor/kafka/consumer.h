// A member of a consumer group that reads one topic, with offsets in the owner's hands: the owner
// chooses where each partition starts and says what is committed. It never exits and never skips:
// brokers away means no events for a while, offsets that the log no longer has are told as
// KAFKA_OFFSET_LOST.
//
// Assignments are eager (range): a rebalance takes all partitions away, then gives the new ones.
// Each time a partition begins anew (assigned, rewound, or after lost offsets) it gets a higher
// *generation*, so that delivery reports of work begun earlier can be told apart.
//
// One thread, the owner's; all callbacks run on it, inside poll or close. Poll at least every
// max.poll.interval.ms (5 minutes by default), or the group takes the partitions away.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/strbuf.h"
#include "kafka/message.h"
#include "policy/config.h"

struct kafka_consumer;

// A partition that is about to begin.
struct kafka_assignment {
    int32_t partition;
    uint64_t generation;
    int64_t committed;    // the group's next offset; -1 = the group has committed none
    struct view metadata; // text of that commit; none without one. Good during the callback.
    int64_t low;          // offsets in the log now: low .. high - 1
    int64_t high;
};

struct kafka_consumer_owner {
    // The partition is ours. `*start` comes in as the committed offset, or without one as low or
    // high by `start` of the options; the owner may put any other offset there. Below low, or above
    // high, the answer is KAFKA_OFFSET_LOST and the partition begins at low.
    void (*on_assign)(void *self, const struct kafka_assignment *assignment, int64_t *start);
    // All partitions announced by on_assign are about to go. Not `lost`: what is settled can be
    // committed here, with a wait. `lost`: others may own them already, nothing can be committed.
    // Called only if there was an on_assign.
    void (*on_revoke)(void *self, bool lost);
};

struct kafka_consumer_options {
    const struct config *config; // read during create only
    const char *topic;
    const char *group;
    enum start_at start; // of partitions of a group without commits; those added later begin at low
    const struct kafka_consumer_owner *owner;
    void *self;
};

enum kafka_event_kind {
    KAFKA_NOTHING, // the time is up
    KAFKA_MESSAGE,
    KAFKA_PARTITION_EOF, // everything that was there has been delivered
    KAFKA_OFFSET_LOST,   // the log does not have the wanted offset; the partition goes on at low
    KAFKA_TROUBLE,       // told once; again only after something was read in between
};

struct kafka_event {
    enum kafka_event_kind kind;
    const char *topic; // of MESSAGE, PARTITION_EOF, OFFSET_LOST; good until the consumer is closed
    int32_t partition; // of the same
    uint64_t generation;           // of that partition; after OFFSET_LOST the new one
    struct kafka_message *message; // MESSAGE: to be given to kafka_consumer_release
    int64_t offset; // PARTITION_EOF: the log's end; OFFSET_LOST: the offset that was wanted
    int64_t low;    // OFFSET_LOST: what the log has
    int64_t high;
    enum err trouble;         // TROUBLE
    bool fatal;               // TROUBLE: this consumer cannot go on; close it
    const char *trouble_text; // TROUBLE: good until the next poll
};

struct kafka_commit {
    int32_t partition;
    int64_t offset;       // the next one to read
    const char *metadata; // ASCII, at most 4,096 bytes; NULL = none
};

struct kafka_position {
    int32_t partition;
    int64_t offset;
};

struct kafka_consumer_counts {
    uint64_t messages;
    uint64_t assignments; // rebalances that gave partitions, or gave none
    uint64_t lost_assignments;
    uint64_t commits; // acknowledged, in partitions
    uint64_t commit_errors;
    uint64_t offsets_lost;
};

// Joins the group; needs no broker to be there. ERR_CONFIG with findings for properties that are
// not acceptable.
MUST_CHECK enum err kafka_consumer_create(struct kafka_consumer **ret_consumer,
        const struct kafka_consumer_options *options, struct strbuf *findings);

// The next event, waiting for it at most that long (0 = do not wait). While a broker is away just
// after a rebalance, one call may take some seconds longer. Returns ret_event->kind.
enum kafka_event_kind kafka_consumer_poll(
        struct kafka_consumer *consumer, int64_t timeout_ms, struct kafka_event *ret_event);
// Gives a message back. Every message must be back when close returns from on_revoke.
void kafka_consumer_release(struct kafka_consumer *consumer, struct kafka_message *message);

// Commits. wait_ms 0: sends and forgets, errors are counted. Above 0: waits that long for the
// group's answer. Partitions that are not ours at the moment are left out.
MUST_CHECK enum err kafka_consumer_commit(struct kafka_consumer *consumer,
        const struct kafka_commit *commits, size_t count, int64_t wait_ms);
// Reads those partitions again from those offsets (after a producer was lost); each gets a new
// generation, the others go on where they are. What was fetched ahead is dropped. Partitions that
// are not ours are left out.
MUST_CHECK enum err kafka_consumer_rewind(
        struct kafka_consumer *consumer, const struct kafka_position *positions, size_t count);

// All partitions begin again as after a rebalance: on_revoke (as lost), then, from polls to come,
// on_assign with what is committed by then. For an owner that no longer knows what is committed. Not
// from a callback.
MUST_CHECK enum err kafka_consumer_begin_again(struct kafka_consumer *consumer);

// Held: poll keeps the membership and tells everything but messages and on_assign; nothing is
// fetched. Released: every partition goes on at its next offset. For outages that last longer than
// max.poll.interval.ms.
MUST_CHECK enum err kafka_consumer_hold(struct kafka_consumer *consumer, bool holds);

// The partition's generation; 0 = not ours.
uint64_t kafka_consumer_generation(const struct kafka_consumer *consumer, int32_t partition);
// The next offset poll would deliver, or the lost one that it would tell of; -1 = not ours.
int64_t kafka_consumer_next_offset(const struct kafka_consumer *consumer, int32_t partition);
// The log's end as of the last fetch, no request is sent; -1 = not known.
int64_t kafka_consumer_high_watermark(const struct kafka_consumer *consumer, int32_t partition);
// Asks the broker which offsets the log has, low .. high - 1; when it does not answer in time, those
// that were known last; an error when none were. Of a partition that is ours.
MUST_CHECK enum err kafka_consumer_ends(struct kafka_consumer *consumer, int32_t partition,
        int64_t timeout_ms, int64_t *ret_low, int64_t *ret_high);
// Whether the group has given an assignment, be it an empty one.
bool kafka_consumer_has_assignment(const struct kafka_consumer *consumer);
// Whether the partition is in it, also while it is not found out where to read it.
bool kafka_consumer_is_ours(const struct kafka_consumer *consumer, int32_t partition);
// Whether a broker has delayed us within that time because of a quota.
bool kafka_consumer_is_throttled(const struct kafka_consumer *consumer, int64_t within_ms);
// Messages between the next offset and the high watermark, over all partitions as far as known.
int64_t kafka_consumer_lag(const struct kafka_consumer *consumer);
void kafka_consumer_counts(
        const struct kafka_consumer *consumer, struct kafka_consumer_counts *ret_counts);

// Calls on_revoke, leaves the group and frees everything. ERR_DEADLINE: the library did not let go
// in time, its memory stays behind and the process should end by _exit.
enum err kafka_consumer_close(struct kafka_consumer *consumer, int64_t timeout_ms);
