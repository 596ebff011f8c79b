// Inside of kafka/consumer.h's implementation: the table of partitions, shared by consumer.c (poll,
// life), assignment.c (which partitions, from where) and commit.c. assignment.c opens with how a
// partition lives.
#pragma once

#include "common/clock.h"
#include "kafka/client.h"
#include "kafka/consumer.h"
#include "kafka/pool.h"

enum slot_state { SLOT_NONE, SLOT_NEW, SLOT_RUNNING, SLOT_STRAY };

struct slot {
    enum slot_state state;
    bool announced; // on_assign was called
    bool has_lost;  // OFFSET_LOST waits to be told
    uint64_t generation;
    int64_t next_offset;
    int64_t lost_offset;
    int64_t low;
    int64_t high;
};

struct kafka_consumer {
    struct kafka_client client;
    struct message_pool pool;
    char *topic;
    char *group;
    enum start_at start;
    bool group_has_begun; // it has a commit of some partition of the topic
    bool group_was_asked; // at this assignment
    const struct kafka_consumer_owner *owner;
    void *self;

    struct slot *slots; // by partition number
    int32_t slot_count;
    uint64_t generation; // the last one given
    int32_t unresolved;  // slots that are NEW or STRAY
    int32_t lost_untold;
    struct mono_time resolve_at;
    bool has_assignment; // since the group gave the last one
    bool is_held;
    bool is_leaving;

    rd_kafka_message_t *held_back; // fetched, but lost offsets are to be told first

    struct kafka_consumer_counts counts;
};

// The partition's slot when it is RUNNING, else NULL.
struct slot *consumer_running(const struct kafka_consumer *consumer, int32_t partition);
// Whether on_assign was called for any of the slots.
bool consumer_has_announced(const struct kafka_consumer *consumer);
void consumer_clear(struct kafka_consumer *consumer);
// Tries to start what is NEW or STRAY, when its time has come.
void consumer_resolve_if_due(struct kafka_consumer *consumer);

// The commits of partitions that are RUNNING, for librdkafka.
rd_kafka_topic_partition_list_t *consumer_list_commits(
        const struct kafka_consumer *consumer, const struct kafka_commit *commits, size_t count);

// librdkafka's callbacks, on the owner's thread inside poll and close.
void consumer_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t error,
        rd_kafka_topic_partition_list_t *partitions, void *opaque);
void consumer_on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t error,
        rd_kafka_topic_partition_list_t *offsets, void *opaque);
