// What librdkafka says of a client of ours (its statistics, STATISTICS.md), cut down to the numbers
// that tell trouble with brokers from trouble of ours: where records wait, how long brokers take, what
// fails on the way. The text comes every KAFKA_STATISTICS_MS, inside of a poll, on the owner's thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/view.h"

enum {
    KAFKA_STATISTICS_MS = 5000,
    KAFKA_STATISTICS_MAX_BYTES = 16 * 1024 * 1024, // some 10,000 partitions
};

// What is only ever counted up, over all brokers.
enum kafka_statistics_counter {
    KAFKA_REQUESTS,
    KAFKA_REQUEST_ERRORS,
    KAFKA_REQUEST_RETRIES,
    KAFKA_REQUEST_TIMEOUTS,
    KAFKA_RESPONSE_ERRORS,
    KAFKA_DISCONNECTS,
    KAFKA_SENT_BYTES,
    KAFKA_RECEIVED_BYTES,
    KAFKA_STATISTICS_COUNTERS,
};

struct kafka_statistics {
    int64_t queue_messages; // of a consumer: fetched and not read; of a producer: not acknowledged
    int64_t queue_bytes;
    int64_t events_waiting;     // for the owner to poll
    int64_t brokers;            // of the cluster, as far as they are known
    int64_t brokers_up;         // with a connection; idle ones may have none
    int64_t requests_waiting;   // to be sent
    int64_t requests_in_flight; // without an answer yet
    int64_t round_trip_avg_us;  // of the slowest broker; -1 = nobody was asked since the last time
    int64_t round_trip_p99_us;  // the same
    int64_t throttle_p99_ms;    // quotas; of the broker that delays most
    int64_t rebalance_age_ms;   // since the group's last rebalance; -1 = no consumer, or none yet
    int64_t counters[KAFKA_STATISTICS_COUNTERS];
};

// ERR_DATA: too large, no JSON, or without what each of them has. ERR_NO_MEMORY.
MUST_CHECK enum err kafka_statistics_read(
        struct view text, bool is_consumer, struct kafka_statistics *ret_statistics);
