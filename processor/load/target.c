#include "load/target.h"

#include "common/assure.h"
#include "redis/packed_keys.h"

enum {
    EXCHANGE_MS = 30000, // well below the life of the writer lock
    PIPELINE_BYTES = 2 << 20,
    WHY_BYTES = 1024,
    EVAL_ARGS_MAX = 8,
};

enum err target_init(struct target *target, const struct redis_options *options, struct view prefix)
{
    *target = (struct target){.prefix = prefix};
    strbuf_init(&target->why, WHY_BYTES);
    enum err e = redis_connection_create(&target->connection, options);
    if (e != ERR_NONE) {
        return e;
    }
    e = redis_connection_open(target->connection, mono_after_ms(clock_mono(), EXCHANGE_MS));
    if (e != ERR_NONE) {
        strbuf_add_text(&target->why, redis_connection_why(target->connection));
    }
    return e;
}

void target_fini(struct target *target)
{
    redis_connection_destroy(target->connection);
    strbuf_fini(&target->why);
    *target = (struct target){0};
}

static enum err target_fail(struct target *target, enum err e)
{
    strbuf_reset(&target->why);
    strbuf_add_text(&target->why, redis_connection_why(target->connection));
    return e;
}

// The text of an error reply may quote the command, so that only its code is told.
static enum err target_refused(struct target *target, const redisReply *reply)
{
    static const struct {
        const char *code;
        enum err error;
        const char *text;
    } known[] = {
            {"WNLOCK", ERR_LOCKED, "the writer lock was lost to another loader"},
            {"WNEPOCH", ERR_REFUSED, "the epoch in force is not the one this load began with"},
            {"WNBUCKET", ERR_REFUSED, "a bucket is missing or damaged: a full load is needed"},
            {"OOM", ERR_REFUSED, "Redis is at its maxmemory"},
            {"READONLY", ERR_REFUSED, "Redis is a read-only replica"},
            {"LOADING", ERR_UNAVAILABLE, "Redis is still loading its own data"},
            {"NOPERM", ERR_REFUSED, "the Redis user may not do this"},
            {"WRONGTYPE", ERR_REFUSED, "a key with one of our names holds something else"},
    };
    struct view code = redis_reply_error_code(reply);
    strbuf_reset(&target->why);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (view_is(code, known[i].code)) {
            strbuf_add_text(&target->why, known[i].text);
            return known[i].error;
        }
    }
    strbuf_printf(&target->why, "Redis refused a command with %.*s", VIEW_ARGS(code));
    return ERR_REFUSED;
}

static enum err target_append(struct target *target, size_t argc, const struct view *args)
{
    const char *argv[TARGET_ARGS_MAX];
    size_t lengths[TARGET_ARGS_MAX];
    ASSURE(argc <= TARGET_ARGS_MAX);
    for (size_t i = 0; i < argc; i++) {
        argv[i] = args[i].p;
        lengths[i] = args[i].n;
        target->pending_bytes += args[i].n;
    }
    enum err e = redis_connection_add(target->connection, argc, argv, lengths);
    if (e != ERR_NONE) {
        return target_fail(target, e);
    }
    target->pending_count++;
    return ERR_NONE;
}

// Sends the pipeline. The last reply goes to ret_last unless that is NULL.
static enum err target_exchange(struct target *target, redisReply **ret_last)
{
    redisReply *replies[TARGET_PIPELINE_MAX];
    size_t count = target->pending_count;
    target->pending_count = 0;
    target->pending_bytes = 0;
    if (count == 0) {
        return ERR_NONE;
    }
    enum err e = redis_connection_exchange(
            target->connection, replies, count, mono_after_ms(clock_mono(), EXCHANGE_MS));
    if (e != ERR_NONE) {
        return target_fail(target, e);
    }
    for (size_t i = 0; i < count; i++) {
        if (replies[i]->type == REDIS_REPLY_ERROR && e == ERR_NONE) {
            e = target_refused(target, replies[i]);
        }
        if (i + 1 == count && ret_last != NULL && e == ERR_NONE) {
            *ret_last = replies[i];
            break;
        }
        target->integers += replies[i]->type == REDIS_REPLY_INTEGER ? replies[i]->integer : 0;
        freeReplyObject(replies[i]);
    }
    return e;
}

enum err target_flush(struct target *target)
{
    return target_exchange(target, NULL);
}

enum err target_add(struct target *target, size_t argc, const struct view *args)
{
    enum err e = target_append(target, argc, args);
    bool is_full =
            target->pending_count == TARGET_PIPELINE_MAX || target->pending_bytes >= PIPELINE_BYTES;
    return e == ERR_NONE && is_full ? target_flush(target) : e;
}

enum err target_call(
        struct target *target, size_t argc, const struct view *args, redisReply **ret_reply)
{
    enum err e = target_flush(target);
    if (e == ERR_NONE) {
        e = target_append(target, argc, args);
    }
    return e == ERR_NONE ? target_exchange(target, ret_reply) : e;
}

enum err target_eval(struct target *target, const char *script, size_t key_count,
        const struct view *keys, size_t arg_count, const struct view *args, redisReply **ret_reply)
{
    struct view all[3 + HASH_TAG_COUNT + 1 + EVAL_ARGS_MAX];
    ASSURE(key_count <= HASH_TAG_COUNT + 1 && arg_count <= EVAL_ARGS_MAX);
    struct strbuf digits;
    strbuf_init(&digits, 32);
    strbuf_add_u64(&digits, key_count);
    size_t n = 0;
    all[n++] = VIEW("EVAL");
    all[n++] = view_of(script);
    all[n++] = strbuf_view(&digits);
    memcpy(all + n, keys, key_count * sizeof *keys);
    n += key_count;
    if (arg_count > 0) {
        memcpy(all + n, args, arg_count * sizeof *args);
    }
    enum err e = digits.failed != ERR_NONE ? digits.failed
                                           : target_call(target, n + arg_count, all, ret_reply);
    strbuf_fini(&digits);
    return e;
}
