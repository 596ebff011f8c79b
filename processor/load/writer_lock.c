#include "load/writer_lock.h"

#include <sys/random.h>

#include "common/digest.h"
#include "load/scripts.h"
#include "redis/packed_keys.h"

static struct view token_of(const struct writer_lock *lock)
{
    return view_bytes(lock->token, LOCK_TOKEN_HEX);
}

static enum err draw_token(struct writer_lock *lock)
{
    uint8_t random[LOCK_TOKEN_HEX / 2];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return ERR_IO;
    }
    struct strbuf hex;
    strbuf_init(&hex, LOCK_TOKEN_HEX);
    hex_add(&hex, random, sizeof random);
    enum err e = hex.failed;
    if (e == ERR_NONE) {
        memcpy(lock->token, hex.p, sizeof lock->token);
    }
    strbuf_fini(&hex);
    return e;
}

static void add_key(struct writer_lock *lock, const struct target *target, enum writer writer)
{
    strbuf_init(&lock->key, SIZE_MAX);
    if (writer == WRITER_FULL || redis_route_is_cluster(target->route)) {
        packed_add_lock_key(&lock->key, target->prefix);
    } else {
        packed_add_delta_lock_key(&lock->key, target->prefix);
    }
}

enum err writer_lock_acquire(struct writer_lock *lock, struct target *target, enum writer writer)
{
    *lock = (struct writer_lock){.is_held = false};
    add_key(lock, target, writer);
    enum err e = lock->key.failed != ERR_NONE ? lock->key.failed : draw_token(lock);
    if (e != ERR_NONE) {
        return e;
    }
    lock->renew_at = mono_after_ms(clock_mono(), LOCK_RENEW_MS);
    struct view args[] = {VIEW("SET"), strbuf_view(&lock->key), token_of(lock), VIEW("NX"),
            VIEW("PX"), VIEW("60000")};
    redisReply *reply = NULL;
    e = target_call(target, 0, sizeof args / sizeof args[0], args, &reply);
    if (e != ERR_NONE) {
        return e;
    }
    lock->is_held = reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    if (!lock->is_held) {
        strbuf_reset(&target->why);
        strbuf_printf(&target->why,
                "another loader is at work (or died within the last minute): it holds %.*s",
                VIEW_ARGS(strbuf_view(&lock->key)));
        return ERR_LOCKED;
    }
    return ERR_NONE;
}

enum err writer_lock_renew_if_due(struct writer_lock *lock, struct target *target)
{
    struct mono_time now = clock_mono();
    if (now.ns < lock->renew_at.ns) {
        return ERR_NONE;
    }
    struct view key = strbuf_view(&lock->key);
    struct view args[] = {token_of(lock), VIEW("60000")};
    redisReply *reply = NULL;
    enum err e = target_eval(target, 0, script_renew, 1, &key, 2, args, &reply);
    if (e != ERR_NONE) {
        return e;
    }
    lock->is_held = reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
    freeReplyObject(reply);
    lock->renew_at = mono_after_ms(now, LOCK_RENEW_MS);
    if (!lock->is_held) {
        strbuf_reset(&target->why);
        strbuf_add_text(&target->why, "the writer lock ran out while this loader stood still");
        return ERR_LOCKED;
    }
    return ERR_NONE;
}

void writer_lock_release(struct writer_lock *lock, struct target *target)
{
    if (lock->is_held && target_is_open(target)) {
        struct view key = strbuf_view(&lock->key);
        struct view token = token_of(lock);
        redisReply *reply = NULL;
        // Nothing hangs on it: what is not released runs out.
        if (target_eval(target, 0, script_release, 1, &key, 1, &token, &reply) == ERR_NONE) {
            freeReplyObject(reply);
        }
        lock->is_held = false;
    }
    strbuf_fini(&lock->key);
}
