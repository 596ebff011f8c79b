// Commits of settled offsets: often enough for lag monitors, never an offset before its time
// (consume/offsets.h).
#pragma once

#include "common/clock.h"
#include "consume/offsets.h"
#include "kafka/consumer.h"
#include "run/tracked_sink.h"

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
// Partitions from *at on with more settled, or another text, than was committed, at most `max` of them;
// *at moves on. Less than `max`: those were the last. Texts are good until the next call. Whoever
// takes them commits them and then says so, or begins the partitions again.
size_t commits_due(struct commits *commits, int32_t *at, struct kafka_commit *ret_due, size_t max);
bool commits_has_due(const struct commits *commits);
// Whether some text should not wait.
bool commits_has_news(const struct commits *commits);
// What was due, and all that is settled now, has been committed.
void commits_made(struct commits *commits);
// The offset that was asked for last, or made; -1 = nothing is known.
int64_t commits_committed(const struct commits *commits, int32_t partition);
// Nothing is known to be committed: all is due.
void commits_forget(struct commits *commits);
// Twice a second, with news ten times.
bool commits_is_due(const struct commits *commits);
// When it is, without waiting.
void commits_send_if_due(struct commits *commits, struct kafka_consumer *consumer);
// Before partitions go: waits for acknowledgements, then commits and waits for the group's answer;
// both bounded.
void commits_settle(struct commits *commits, struct kafka_consumer *consumer,
        struct tracked_sink *sink, int64_t wait_ms);
