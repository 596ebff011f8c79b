// What the Kafka tests share: an owner that writes down what it is told, and short ways to produce
// and to wait.
#pragma once

#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "tests/support/mock_kafka.h"

enum { PATIENCE_MS = 20000, PARTITIONS = 3 };

struct owner {
    struct kafka_consumer *consumer;
    struct kafka_assignment assigned[PARTITIONS];
    char metadata[PARTITIONS][64];
    int assigned_count;
    int revoked_count;
    int lost_count;
    int64_t start;         // -1 = as it comes
    int64_t commit_offset; // committed for partition 0 at a revoke; -1 = none
    int delivered;
    int undelivered;
    enum err undelivered_err;
};

// A mock whose outbound topic is its tally topic, so that what a producer sends can be consumed.
void kafka_owner_start_loop(struct mock_kafka *mock, int partitions);

struct kafka_consumer *kafka_owner_join(struct mock_kafka *mock, struct owner *owner);
// Tickets are ints that are counted up.
struct kafka_producer *kafka_owner_produce(
        struct mock_kafka *mock, struct owner *owner, int64_t queue_wait_ms);

// Sends `count` records "0", "1", … to a partition of the tally topic.
void kafka_owner_send(struct kafka_producer *producer, int32_t partition, int count, int *ticket);
// The next event of that kind; what else comes is given back unread. NOTHING when patience ends.
struct kafka_event kafka_owner_wait(struct kafka_consumer *consumer, enum kafka_event_kind kind);
// Reads messages and checks that their offsets are first .. first + count - 1.
void kafka_owner_expect(struct kafka_consumer *consumer, int64_t first, int count);
