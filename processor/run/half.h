// What the halves do alike. A half is a thread that reads one topic as a member of a consumer group
// and drives a line with it, batch by batch:
//
//   open --> step --> step ... until a stop or an error --> drain --> close
//             '--> what comes of it is settled; when a producer gives up, begin all anew
//
// Its role says what is its own. One thread, the half's.
#pragma once

#include <stdatomic.h>

#include "kafka/consumer.h"
#include "run/half_metrics.h"
#include "run/outlet.h"
#include "run/policy_feed.h"
#include "run/watchdog.h"

struct half_options {
    const struct config *config;  // borrowed
    const atomic_bool *stop;      // set to ask for a drain
    uint32_t tally_partitions;    // of the tally topic as it is
    atomic_uint *pulse;           // counted up while the half lives; NULL = nobody looks
    struct board *board;          // where reports go, and ...
    struct board_place *place;    // ... all else that is to be seen of it; NULL = nobody looks
    struct audit_log *audit;      // of the process; NULL = none
    struct policy_feed *policies; // NULL: the config's own for good
};

// `self` is the half's own state, which embeds its struct half.
struct half_role {
    const char *name;       // for logs
    const char *partitions; // what it has some of, for logs
    const char *lost_what;  // what its topic has, for logs: "messages"
    // Opens what is needed to work, half_open_consumer last. What went wrong stays as it is, for
    // destroy; findings are told.
    enum err (*open)(void *self, const struct half_options *options, struct strbuf *findings);
    // Reads and works on one batch; ends with half_settle or half_settle_batch.
    enum err (*step)(void *self);
    // A partition is ours; as kafka_consumer_owner.on_assign.
    void (*assign)(void *self, const struct kafka_assignment *assignment, int64_t *start);
    // Gives back what was read and not worked on: it is read again. NULL = there never is any.
    void (*forget)(void *self);
    // All that was read and worked on is whole, though its step has not come to its end; partitions
    // are about to go. NULL = it always is.
    void (*finish)(void *self);
    // Begins a partition again behind what is settled.
    enum err (*begin_anew)(void *self, int32_t partition);
    void (*close_partition)(void *self, int32_t partition);
    // The log does not have the offset that we wanted: the partition goes on at event->low. Only
    // for half_settle_batch.
    enum err (*offset_lost)(void *self, const struct kafka_event *event);
    // Once a second, also while it waits: puts on the board what is the role's own. NULL = nothing is.
    void (*publish)(void *self, struct board_place *place);
    // Frees what open has opened, and self. ERR_DEADLINE when a client of its own did not let go.
    enum err (*destroy)(void *self);
};

struct half {
    const struct half_role *role;
    void *self;
    const struct config *config;
    const atomic_bool *stop;
    struct policy_feed *policies;
    struct policy_slot policy;
    struct outlet outlet;
    struct kafka_consumer *consumer;
    char *group;
    const char *topic; // of the consumer
    enum start_at start;
    // run/half_watch.c
    atomic_uint *pulse;
    struct watchdog watchdog;
    struct mono_time next_look;
    struct mono_time excused_until;
    struct mono_time placed_at; // when it had a place in the group last
    bool is_stuck;              // it is to start over
    bool has_given_up;          // starting over did not help
    bool left_behind;           // a client did not let go in time: the process should end by _exit
    struct board *board;        // NULL = nobody looks
    struct half_meter meter;    // run/half_metrics.c
};

// Offsets of a partition that were wanted and that the log does not have.
struct lost_offsets {
    int32_t partition;
    int64_t from; // the first of them
    int64_t low;  // what the log has; it is read on from here
    int64_t high;
};

// Runs a half, whose `self` is new and zero, from open to destroy. ERR_NONE after a drain;
// ERR_DEADLINE when a client did not let go in time.
MUST_CHECK enum err half_run(struct half *half, const struct half_role *role, void *self,
        const struct half_options *options);

// The policy in force; good until the next call.
const struct policy *half_policy(struct half *half);
// Joins the config's group, or the one named so with `group_suffix` behind it.
MUST_CHECK enum err half_open_consumer(struct half *half, const char *topic,
        const char *group_suffix, enum start_at start, struct strbuf *findings);
// Joins it (again), as told before.
MUST_CHECK enum err half_join(struct half *half, struct strbuf *findings);
// Tells whoever looks that the half lives. To be called in whatever may take long.
void half_beat(struct half *half);
// It waits for something that is not Kafka: no progress is no trouble for the next seconds.
void half_excuse(struct half *half);
// The end of a step that went as `e`: serves the outlet, and begins all anew when the work is to
// be tried again or output can no longer be delivered. Returns what the step comes to.
MUST_CHECK enum err half_settle(struct half *half, enum err e);
// The same behind a batch from gathered_fill, which returned `kind` with *event: what was read
// before has been worked on, now the event is dealt with.
MUST_CHECK enum err half_settle_batch(
        struct half *half, enum err e, enum kafka_event_kind kind, const struct kafka_event *event);
// For on_assign: begins the offsets and commits of a partition that is to be read on from `wanted`,
// or from *ret_from, where the log begins, when it does not have that: then as half_tell_lost.
MUST_CHECK enum err half_begin(struct half *half, const struct kafka_assignment *assignment,
        int64_t wanted, int64_t *ret_from);
// For offset_lost: the same of a partition that is being read. What was read before must have been
// worked on.
MUST_CHECK enum err half_skip_lost(struct half *half, const struct kafka_event *event);
// Says in the log, and by a gap record in the dead-letter topic, what is lost. Once that is
// acknowledged, and all that came before it, `settled` can be committed. The partition's offsets have
// begun, and have come to `settled` at most.
MUST_CHECK enum err half_tell_lost(
        struct half *half, const struct lost_offsets *lost, int64_t settled);
// Tells the consumer's trouble. ERR_REFUSED when it cannot go on.
MUST_CHECK enum err half_tell_trouble(const struct half *half, const struct kafka_event *event);
