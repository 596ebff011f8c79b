// The database that is loaded: one connection, commands gathered into pipelines, every reply looked
// at.
#pragma once

#include "common/strbuf.h"
#include "redis/connection.h"

enum { TARGET_PIPELINE_MAX = 64, TARGET_ARGS_MAX = 1024 };

struct target {
    struct redis_connection *connection;
    struct view prefix;
    size_t pending_count;
    size_t pending_bytes;
    int64_t integers;  // the sum of all integer replies that target_flush met
    struct strbuf why; // of the last failure, in words
};

MUST_CHECK enum err target_init(
        struct target *target, const struct redis_options *options, struct view prefix);
void target_fini(struct target *target);

// Adds a command; the pipeline goes out by itself when it is full. An error reply to an earlier
// command comes back from the call that sends it.
MUST_CHECK enum err target_add(struct target *target, size_t argc, const struct view *args);
// Sends what is pending. An error reply is ERR_REFUSED, but ERR_LOCKED for WNLOCK, and target->why
// says which.
MUST_CHECK enum err target_flush(struct target *target);
// Sends what is pending, then this one command. The caller frees the reply, which is no error
// reply.
MUST_CHECK enum err target_call(
        struct target *target, size_t argc, const struct view *args, redisReply **ret_reply);
// The same for EVAL: the script, its keys, its arguments; at most 8 arguments and HASH_TAG_COUNT +
// 1 keys.
MUST_CHECK enum err target_eval(struct target *target, const char *script, size_t key_count,
        const struct view *keys, size_t arg_count, const struct view *args, redisReply **ret_reply);
