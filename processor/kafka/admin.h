// Questions about topics, and making them. Blocking, for start-up and the `topics` verb; one
// thread.
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/strbuf.h"
#include "kafka/topics.h"
#include "policy/config.h"

struct kafka_admin;

// What became of one topic that was to be made.
struct topic_made {
    enum err err;   // ERR_NONE: it is there now, made by us or by somebody else a moment before
    char text[256]; // the broker's words
};

// Needs no broker to be there. ERR_CONFIG with findings for properties that are not acceptable.
MUST_CHECK enum err kafka_admin_create(
        struct kafka_admin **ret_admin, const struct config *config, struct strbuf *findings);
void kafka_admin_destroy(struct kafka_admin *admin);

// How many partitions each of the named topics has; 0 = there is no such topic. Creates none by
// asking. ERR_UNAVAILABLE or ERR_DEADLINE when no broker answers in time.
MUST_CHECK enum err kafka_admin_partitions(struct kafka_admin *admin, const char *const *names,
        size_t count, int64_t timeout_ms, uint32_t *ret_partitions);

// Waits for a broker and for all of the named topics, saying in the log what is missing, until
// *stop is set (ERR_DEADLINE). `names` may be none: then any answer will do.
MUST_CHECK enum err kafka_admin_await(struct kafka_admin *admin, const char *const *names,
        size_t count, const atomic_bool *stop, uint32_t *ret_partitions);

// Makes the topics as planned. Says for each what became of it; ERR_NONE when all are there now.
MUST_CHECK enum err kafka_admin_make(struct kafka_admin *admin, const struct topic_plan *plans,
        size_t count, int64_t timeout_ms, struct topic_made *ret_made);

// What librdkafka said last about its trouble, "" = nothing.
const char *kafka_admin_trouble(const struct kafka_admin *admin);
