#include "redis/redis_store_inside.h"

enum { INFO_EVERY_MS = 1000, BACKOFF_FIRST_MS = 50, BACKOFF_MAX_MS = 1000 };

// --- trouble ------------------------------------------------------------------------------------

void store_say(struct redis_store *store, enum lookup_state answer, const char *why)
{
    store->answer = answer;
    strbuf_reset(&store->why);
    strbuf_add_text(&store->why, why);
}

// The connection is of no use for now.
static void back_off(struct redis_store *store)
{
    redis_connection_close(store->connection);
    store->is_known = false;
    store->backoff_ms = store->backoff_ms == 0 ? BACKOFF_FIRST_MS : store->backoff_ms * 2;
    if (store->backoff_ms > BACKOFF_MAX_MS) {
        store->backoff_ms = BACKOFF_MAX_MS;
    }
    store->retry_at = mono_after_ms(clock_mono(), store->backoff_ms);
}

enum trust store_lose_connection(struct redis_store *store)
{
    const char *why = redis_connection_why(store->connection);
    store_say(store, LOOKUP_UNREACHABLE, why[0] != '\0' ? why : "out of memory");
    back_off(store);
    return TRUST_BROKEN;
}

enum trust store_conclude(struct redis_store *store, enum trust t)
{
    const char *why = store->trust.why.n > 0 ? store->trust.why.p : "";
    switch (t) {
    case TRUST_WHOLE:
        return t;
    case TRUST_STALE:
        store_say(store, LOOKUP_STALE, why);
        break;
    case TRUST_VOID:
    case TRUST_NONE:
        store_say(store, LOOKUP_UNTRUSTED, why);
        break;
    case TRUST_BROKEN:
        store_say(store, LOOKUP_UNREACHABLE, why);
        back_off(store);
        break;
    }
    store->is_known = false;
    if (store->trust.server.seen && !store->trust.server.is_master) {
        // The name may lead to another server by now.
        back_off(store);
    }
    return t;
}

// --- exchanges ----------------------------------------------------------------------------------

static enum err add_info(struct redis_store *store)
{
    const char *words[] = {"INFO"};
    size_t lengths[] = {4};
    return redis_connection_add(store->connection, 1, words, lengths);
}

static enum err add_get_epoch(struct redis_store *store, unsigned tag)
{
    struct strbuf key;
    strbuf_init(&key, EPOCH_MAX_BYTES);
    if (store->packed != NULL) {
        packed_add_epoch_key(&key, view_of(store->prefix), tag);
    } else {
        strbuf_add_text(&key, store->hash_epoch_key);
    }
    enum err e = key.failed;
    if (e == ERR_NONE) {
        const char *words[] = {"GET", key.p};
        size_t lengths[] = {3, key.n};
        e = redis_connection_add(store->connection, 2, words, lengths);
    }
    strbuf_fini(&key);
    return e;
}

void store_free_replies(struct redis_store *store, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        freeReplyObject(store->replies[i]);
    }
}

static enum trust read_look(struct redis_store *store, bool has_epoch)
{
    enum trust t = TRUST_WHOLE;
    if (has_epoch) {
        t = cache_trust_learn(&store->trust, 0, store->replies[1], clock_wall());
    }
    // A bad server explains more than a missing epoch does, so it has the last word.
    enum trust server = cache_trust_look_at_server(&store->trust, store->replies[0]);
    store->next_info = mono_after_ms(clock_mono(), INFO_EVERY_MS);
    return server != TRUST_WHOLE && t != TRUST_BROKEN ? server : t;
}

// Learns the epochs of the tags 1–63, where the first one says that there are tags.
static enum trust look_at_tags(struct redis_store *store, struct mono_time deadline)
{
    const struct epoch *first = &store->trust.epochs[0].epoch;
    if (store->packed == NULL || first->tags == 1) {
        return TRUST_WHOLE;
    }
    enum err e = ERR_NONE;
    for (unsigned tag = 1; tag < HASH_TAG_COUNT && e == ERR_NONE; tag++) {
        e = add_get_epoch(store, tag);
    }
    if (e == ERR_NONE) {
        e = redis_connection_exchange(
                store->connection, store->replies, HASH_TAG_COUNT - 1, deadline);
    }
    if (e != ERR_NONE) {
        return store_lose_connection(store);
    }
    enum trust t = TRUST_WHOLE;
    for (unsigned tag = 1; tag < HASH_TAG_COUNT && t == TRUST_WHOLE; tag++) {
        t = cache_trust_learn(&store->trust, tag, store->replies[tag - 1], clock_wall());
    }
    store_free_replies(store, HASH_TAG_COUNT - 1);
    return store_conclude(store, t);
}

// INFO and the epochs.
static enum trust look(struct redis_store *store, struct mono_time deadline)
{
    bool has_epoch = store->packed != NULL || store->hash_epoch_key != NULL;
    size_t count = has_epoch ? 2 : 1;
    enum err e = add_info(store);
    if (e == ERR_NONE && has_epoch) {
        e = add_get_epoch(store, 0);
    }
    if (e == ERR_NONE) {
        e = redis_connection_exchange(store->connection, store->replies, count, deadline);
    }
    if (e != ERR_NONE) {
        return store_lose_connection(store);
    }
    enum trust t = store_conclude(store, read_look(store, has_epoch));
    store_free_replies(store, count);
    if (t == TRUST_WHOLE) {
        t = look_at_tags(store, deadline);
    }
    if (t == TRUST_WHOLE) {
        store->is_known = true;
        store->backoff_ms = 0;
    }
    return t;
}

enum trust store_get_ready(struct redis_store *store, struct mono_time deadline)
{
    if (!redis_connection_is_open(store->connection)) {
        // Until then the last answer stands: a server that is down must not cost every batch its
        // whole deadline.
        if (store->backoff_ms > 0 && clock_mono().ns < store->retry_at.ns) {
            return TRUST_NONE;
        }
        store->is_known = false;
        if (redis_connection_open(store->connection, deadline) != ERR_NONE) {
            return store_lose_connection(store);
        }
    }
    return store->is_known ? TRUST_WHOLE : look(store, deadline);
}

enum trust store_read_info(struct redis_store *store, bool has_info)
{
    if (!has_info) {
        return TRUST_WHOLE;
    }
    store->next_info = mono_after_ms(clock_mono(), INFO_EVERY_MS);
    return cache_trust_look_at_server(&store->trust, store->replies[0]);
}

enum err store_add_pipeline(struct redis_store *store, bool has_info, size_t *ret_reply_count)
{
    enum err e = has_info ? add_info(store) : ERR_NONE;
    if (e == ERR_NONE) {
        e = store->packed != NULL ? packed_ask_add(store->packed, &store->trust, store->connection,
                                            ret_reply_count)
                                  : hash_ask_add(store->hash, store->connection, ret_reply_count);
    }
    *ret_reply_count += has_info;
    return e;
}
