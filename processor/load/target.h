// The database that is loaded: commands gathered into pipelines, each sent to the node that has its
// hash tag, every reply looked at. In a cluster, commands that are redirected are sent again, those
// of a slot under way after a while.
#pragma once

#include "common/strbuf.h"
#include "redis/route.h"

enum {
    TARGET_PIPELINE_MAX = 64,
    TARGET_ARGS_MAX = 1024,
    TARGET_KEYS_MAX = HASH_TAG_COUNT + 4, // of a script: every epoch, and what else there is
};

// A command that waits: its words are words[first_word .. first_word + argc) of the target.
struct target_command {
    unsigned tag;
    size_t first_word;
    size_t argc;
};

struct target {
    struct redis_route *route;
    struct view prefix;
    struct target_command pending[TARGET_PIPELINE_MAX];
    size_t pending_count;
    struct strbuf bytes; // of the words, one behind the other
    size_t *word_ends;
    size_t word_count;
    bool is_broken;    // a connection was lost: what was written may be lost too
    bool is_strict;    // a tag whose node has changed is an error (ERR_UNAVAILABLE)
    int64_t integers;  // the sum of all integer replies that target_flush met
    struct strbuf why; // of the last failure, in words
};

MUST_CHECK enum err target_init(
        struct target *target, const struct redis_route_options *options, struct view prefix);
void target_fini(struct target *target);
// Whether commands may still be sent.
bool target_is_open(const struct target *target);

// Waits until a replica of each server that was written to has all of it, where it has replicas at
// all. False where none has in time. A server that may not be asked is passed over.
bool target_await_replicas(struct target *target);

// Adds a command whose keys have this hash tag; the pipeline goes out by itself when it is full. An
// error reply to an earlier command comes back from the call that sends it.
MUST_CHECK enum err target_add(
        struct target *target, unsigned tag, size_t argc, const struct view *args);
// Sends what is pending. An error reply is ERR_REFUSED, but ERR_LOCKED for WNLOCK, and target->why
// says which.
MUST_CHECK enum err target_flush(struct target *target);
// Sends what is pending, then this one command. The caller frees the reply, which is no error
// reply.
MUST_CHECK enum err target_call(struct target *target, unsigned tag, size_t argc,
        const struct view *args, redisReply **ret_reply);
// The same for EVAL: the script, its keys, its arguments; at most 8 arguments and
// TARGET_KEYS_MAX keys.
MUST_CHECK enum err target_eval(struct target *target, unsigned tag, const char *script,
        size_t key_count, const struct view *keys, size_t arg_count, const struct view *args,
        redisReply **ret_reply);
