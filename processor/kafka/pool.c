#include "kafka/pool.h"

#include <stdlib.h>

#include "common/assure.h"

enum { FREE_MAX = 16384, HEADERS_AT_FIRST = 8 };

static void message_free(struct kafka_message *message)
{
    free(message->headers);
    free(message);
}

void message_pool_fini(struct message_pool *pool)
{
    while (pool->free != NULL) {
        struct kafka_message *message = pool->free;
        pool->free = message->next;
        message_free(message);
    }
    pool->free_count = 0;
}

static struct kafka_message *pool_take(struct message_pool *pool)
{
    struct kafka_message *message = pool->free;
    if (message == NULL) {
        return calloc(1, sizeof *message);
    }
    pool->free = message->next;
    pool->free_count--;
    message->next = NULL;
    return message;
}

static void pool_give(struct message_pool *pool, struct kafka_message *message)
{
    if (pool->free_count >= FREE_MAX) {
        message_free(message);
        return;
    }
    message->next = pool->free;
    pool->free = message;
    pool->free_count++;
}

static enum err reserve_headers(struct kafka_message *message, size_t count)
{
    if (count <= message->header_capacity) {
        return ERR_NONE;
    }
    size_t capacity = count < HEADERS_AT_FIRST ? HEADERS_AT_FIRST : count;
    struct header *grown = realloc(message->headers, capacity * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    message->headers = grown;
    message->header_capacity = capacity;
    return ERR_NONE;
}

static enum err read_headers(struct kafka_message *message, rd_kafka_message_t *rkm)
{
    rd_kafka_headers_t *list = NULL;
    if (rd_kafka_message_headers(rkm, &list) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return ERR_NONE; // none there, or not readable: the message counts without them
    }
    size_t count = rd_kafka_header_cnt(list);
    if (count > KAFKA_HEADER_MAX) {
        count = KAFKA_HEADER_MAX;
    }
    enum err err = reserve_headers(message, count);
    if (err != ERR_NONE) {
        return err;
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = NULL;
        const void *value = NULL;
        size_t value_bytes = 0;
        if (rd_kafka_header_get_all(list, i, &name, &value, &value_bytes) !=
                RD_KAFKA_RESP_ERR_NO_ERROR) {
            break;
        }
        message->headers[i] = (struct header){view_of(name), view_bytes(value, value_bytes)};
        message->raw.header_count = i + 1;
    }
    message->raw.headers = message->headers;
    return ERR_NONE;
}

// librdkafka gives NULL both for null and, in some versions, for empty; a length above 0 always has
// bytes.
static struct view bytes_or_none(const void *p, size_t n)
{
    return p == NULL ? VIEW_NONE : view_bytes(p, n);
}

enum err message_pool_wrap(struct message_pool *pool, rd_kafka_message_t *rkm, struct view topic,
        uint64_t generation, struct kafka_message **ret_message)
{
    struct kafka_message *message = pool_take(pool);
    if (message == NULL) {
        return ERR_NO_MEMORY;
    }
    rd_kafka_timestamp_type_t timestamp_type;
    int64_t timestamp_ms = rd_kafka_message_timestamp(rkm, &timestamp_type);
    message->raw = (struct raw_message){
            .topic = topic,
            .partition = rkm->partition,
            .offset = rkm->offset,
            .timestamp_ms = timestamp_type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp_ms,
            .key = bytes_or_none(rkm->key, rkm->key_len),
            .value = bytes_or_none(rkm->payload, rkm->len),
    };
    enum err err = read_headers(message, rkm);
    if (err != ERR_NONE) {
        pool_give(pool, message);
        return err;
    }
    message->generation = generation;
    message->handle = rkm;
    pool->out_count++;
    *ret_message = message;
    return ERR_NONE;
}

void message_pool_release(struct message_pool *pool, struct kafka_message *message)
{
    ASSURE(message->handle != NULL && pool->out_count > 0);
    rd_kafka_message_destroy(message->handle);
    message->handle = NULL;
    pool->out_count--;
    pool_give(pool, message);
}
