// One consumed message: borrowed views into librdkafka's buffer, alive until it is released. A
// batch may keep thousands of them; they hold the fetched bytes in memory, so release them when the
// batch is settled.
#pragma once

#include <stdint.h>

#include "model/raw.h"

// More headers than this on one message are not looked at.
enum { KAFKA_HEADER_MAX = 1024 };

struct kafka_message {
    struct raw_message raw;
    uint64_t generation;        // of its partition when it was delivered (kafka/consumer.h)
    struct kafka_message *next; // the holder's, to chain a batch; NULL when delivered

    // The room's own.
    void *handle;
    struct header *headers;
    size_t header_capacity;
};
