// Commits of settled offsets: often enough for lag monitors, never an offset before its time
// (consume/offsets.h).
#pragma once

#include "common/clock.h"
#include "consume/offsets.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"

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
// Twice a second, without waiting.
void commits_send_if_due(struct commits *commits, struct kafka_consumer *consumer);
// Before partitions go: waits for acknowledgements, then commits and waits for the group's answer;
// both bounded.
void commits_settle(struct commits *commits, struct kafka_consumer *consumer,
        struct kafka_producer *producer, int64_t wait_ms);
