// Commits of settled offsets: often enough for lag monitors, never an offset before its time
// (consume/offsets.h).
#pragma once

#include "common/clock.h"
#include "consume/offsets.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"

// The texts of commits; all NULL = they have none.
struct commit_texts {
    // ASCII, good until the next call for the partition; *ret_version changes with it.
    const char *(*text)(void *self, int32_t partition, int64_t settled, uint64_t *ret_version);
    // Whether some text should not wait.
    bool (*has_news)(void *self);
    void *self;
};

// What was asked for last.
struct committed {
    int64_t offset; // -1 = ask again
    uint64_t version;
};

struct commits {
    struct offsets *offsets;
    struct commit_texts texts;
    struct committed *committed; // by partition
    int32_t capacity;
    struct mono_time next;
    struct mono_time next_news;
};

void commits_init(struct commits *commits, struct offsets *offsets);
void commits_fini(struct commits *commits);
// A partition begins with that much committed.
void commits_begin(struct commits *commits, int32_t partition, int64_t committed);
// Twice a second, without waiting; with news ten times.
void commits_send_if_due(struct commits *commits, struct kafka_consumer *consumer);
// Before partitions go: waits for acknowledgements, then commits and waits for the group's answer;
// both bounded.
void commits_settle(struct commits *commits, struct kafka_consumer *consumer,
        struct kafka_producer *producer, int64_t wait_ms);
