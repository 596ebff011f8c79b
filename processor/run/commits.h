// Commits of settled offsets: often enough for lag monitors, never an offset before its time
// (consume/offsets.h).
#pragma once

#include "common/clock.h"
#include "consume/offsets.h"
#include "kafka/consumer.h"
#include "run/tracked_sink.h"

struct commits {
    struct offsets *offsets;
    int64_t *committed; // by partition; what was asked for last
    int32_t capacity;
    struct mono_time next;
};

void commits_init(struct commits *commits, struct offsets *offsets);
void commits_fini(struct commits *commits);
// A partition begins with that much committed.
void commits_begin(struct commits *commits, int32_t partition, int64_t committed);
// Partitions from *at on with more settled than committed, at most `max` of them; *at moves on. Less
// than `max`: those were the last.
size_t commits_due(
        const struct commits *commits, int32_t *at, struct kafka_commit *ret_due, size_t max);
// All that is settled now has been committed.
void commits_made(struct commits *commits);
// What was asked for last, or made; -1 = nothing is known.
int64_t commits_committed(const struct commits *commits, int32_t partition);
// Nothing is known to be committed: all is due.
void commits_forget(struct commits *commits);
// Twice a second, without waiting.
void commits_send_if_due(struct commits *commits, struct kafka_consumer *consumer);
// Before partitions go: waits for acknowledgements, then commits and waits for the group's answer;
// both bounded.
void commits_settle(struct commits *commits, struct kafka_consumer *consumer,
        struct tracked_sink *sink, int64_t wait_ms);
