// Inside of the room: wraps librdkafka's messages into struct kafka_message and keeps the empty
// wrappers for reuse.
#pragma once

#include <librdkafka/rdkafka.h>

#include "common/err.h"
#include "kafka/message.h"

struct message_pool {
    struct kafka_message *free;
    size_t free_count;
    size_t out_count; // delivered and not yet released
};

void message_pool_fini(struct message_pool *pool);
// Takes over `rkm`, which must be a message and no error. `topic` must outlive the message. On
// ERR_NO_MEMORY the caller still owns `rkm`.
MUST_CHECK enum err message_pool_wrap(struct message_pool *pool, rd_kafka_message_t *rkm,
        struct view topic, uint64_t generation, struct kafka_message **ret_message);
void message_pool_release(struct message_pool *pool, struct kafka_message *message);
