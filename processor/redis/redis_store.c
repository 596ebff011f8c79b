// The way of a batch: be connected, look (INFO and the epochs) where nothing is known, then one
// pipeline after another, each asked again once when a flip voided it. Whatever goes wrong becomes
// the answer of all lookups that have none yet.
#include "redis/redis_store.h"

#include <stdlib.h>

#include "common/assure.h"
#include "redis/redis_store_inside.h"

enum {
    MAX_LOOKUPS = 8192, // a pipeline, whatever the configuration says
    WHY_MAX_BYTES = 512,
};

// --- a batch ------------------------------------------------------------------------------------

// What is left of a batch.
struct batch {
    struct lookup *lookups;
    size_t count;
    struct mono_time deadline;
    struct arena *arena;
    bool was_voided; // the pipeline at the front, by a flip
    bool was_lost;   // the connection that the batch began on
};

static void advance(struct batch *batch, size_t count)
{
    batch->lookups += count;
    batch->count -= count;
    batch->was_voided = false;
}

// One pipeline from the front of the batch. Unless it was void, or nobody is to be believed, its
// lookups have their answers and are off the batch.
static enum trust ask(struct redis_store *store, struct batch *batch)
{
    size_t asked_count = 0;
    size_t reply_count = 0;
    size_t taken = store->packed != NULL ? packed_ask_plan(store->packed, &store->trust,
                                                   batch->lookups, batch->count, &asked_count)
                                         : hash_ask_plan(store->hash, &store->trust, batch->lookups,
                                                   batch->count, &asked_count);
    if (asked_count == 0) {
        advance(batch, taken);
        return TRUST_WHOLE;
    }
    bool has_info = clock_mono().ns >= store->next_info.ns;
    enum err e = store_add_pipeline(store, has_info, &reply_count);
    if (e == ERR_NONE) {
        e = redis_connection_exchange(
                store->connection, store->replies, reply_count, batch->deadline);
    }
    if (e != ERR_NONE) {
        return store_lose_connection(store);
    }
    enum trust t = store_read_info(store, has_info);
    if (t == TRUST_WHOLE) {
        redisReply *const *replies = store->replies + (has_info ? 1 : 0);
        t = store->packed != NULL ? packed_ask_read(store->packed, &store->trust, replies,
                                            clock_wall(), batch->arena)
                                  : hash_ask_read(store->hash, &store->trust, replies, clock_wall(),
                                            batch->arena);
        if (t != TRUST_VOID && t != TRUST_BROKEN) {
            advance(batch, taken);
        }
    }
    store_free_replies(store, reply_count);
    if (t == TRUST_VOID && !batch->was_voided) {
        batch->was_voided = true;
        store->is_known = false;
        return TRUST_WHOLE;
    }
    return store_conclude(store, t);
}

// A server may close a connection that was idle, or restart between two batches: that alone is no
// trouble.
static bool give_second_chance(struct redis_store *store, struct batch *batch, bool was_open)
{
    if (!was_open || batch->was_lost || clock_mono().ns >= batch->deadline.ns) {
        return false;
    }
    batch->was_lost = true;
    store->backoff_ms = 0;
    store_say(store, LOOKUP_FOUND, "");
    return true;
}

static void begin(struct redis_store *store, struct lookup *lookups, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool is_asked = lookups[i].recipient.kind != RECIPIENT_INVALID;
        lookups[i].facts = (struct facts){
                .lookup = is_asked ? LOOKUP_UNREACHABLE : LOOKUP_NOT_ASKED,
                .reassigned_at_ms = TIME_NONE,
        };
    }
    bool due = clock_mono().ns >= store->next_info.ns;
    store->is_known = store->is_known && (count > 0 || !due);
}

static void answer_rest(const struct redis_store *store, const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->lookups[i].recipient.kind != RECIPIENT_INVALID) {
            batch->lookups[i].facts.lookup = store->answer;
        }
    }
}

static void redis_store_lookup(void *self, struct lookup *lookups, size_t count,
        struct mono_time deadline, struct arena *arena)
{
    struct redis_store *store = self;
    struct batch batch = {.lookups = lookups, .count = count, .deadline = deadline, .arena = arena};
    bool was_open = redis_connection_is_open(store->connection);
    begin(store, lookups, count);
    if (was_open || clock_mono().ns >= store->retry_at.ns) {
        store_say(store, LOOKUP_FOUND, "");
    }
    for (;;) {
        size_t before_count = batch.count;
        enum trust t = store_get_ready(store, deadline);
        if (t == TRUST_WHOLE && batch.count > 0) {
            t = ask(store, &batch);
        }
        if (batch.count == 0) {
            return;
        }
        bool goes_on = batch.count < before_count || t == TRUST_WHOLE ||
                       (t == TRUST_BROKEN && batch.count == count &&
                               give_second_chance(store, &batch, was_open));
        if (!goes_on) {
            answer_rest(store, &batch);
            return;
        }
    }
}

static enum cache_state redis_store_state(void *self)
{
    const struct redis_store *store = self;
    switch (store->answer) {
    case LOOKUP_UNREACHABLE:
        return CACHE_UNREACHABLE;
    case LOOKUP_UNTRUSTED:
        return CACHE_UNTRUSTED;
    case LOOKUP_STALE:
        return CACHE_STALE;
    case LOOKUP_FOUND:
    case LOOKUP_MISS:
    case LOOKUP_NOT_ASKED:
        break;
    }
    return CACHE_TRUSTED;
}

// --- life ---------------------------------------------------------------------------------------

static void redis_store_destroy(void *self)
{
    struct redis_store *store = self;
    if (store == NULL) {
        return;
    }
    redis_connection_destroy(store->connection);
    packed_ask_destroy(store->packed);
    hash_ask_destroy(store->hash);
    cache_trust_fini(&store->trust);
    strbuf_fini(&store->why);
    free(store->replies);
    free(store->prefix);
    free(store->hash_epoch_key);
    free(store);
}

static const struct store_ops redis_store_ops = {
        .lookup = redis_store_lookup,
        .state = redis_store_state,
        .destroy = redis_store_destroy,
};

static enum err create_ask(
        struct redis_store *store, const struct config *config, uint32_t max_lookups)
{
    if (config->redis.layout == LAYOUT_PACKED) {
        return packed_ask_create(&store->packed, view_of(store->prefix), max_lookups);
    }
    if (config->redis.hash_key == NULL) {
        return ERR_CONFIG;
    }
    struct hash_ask_options options = {
            .key_template = config->redis.hash_key,
            .epoch_key = store->hash_epoch_key,
            .max_lookups = max_lookups,
            .assume_complete = config->policy.assume_complete,
    };
    for (int i = 0; i < HASH_FIELD_COUNT; i++) {
        options.field_names[i] = config->redis.hash_fields[i];
    }
    return hash_ask_create(&store->hash, &options);
}

static enum err create_connection(struct redis_store *store, const struct config *config)
{
    struct redis_options options = {
            .address = config->redis.address,
            .user = config->redis.user,
            .password_file = config->redis.password_file,
            .database = config->redis.database,
            .connect_timeout_ms = config->redis.connect_timeout_ms,
            .client_name = "wrongnumber",
    };
    return redis_connection_create(&store->connection, &options);
}

static bool copy_texts(struct redis_store *store, const struct config *config)
{
    const char *epoch_key = config->redis.hash_epoch_key;
    if (epoch_key != NULL && epoch_key[0] == '\0') {
        epoch_key = NULL;
    }
    store->prefix = strdup(config->redis.prefix);
    store->hash_epoch_key = epoch_key != NULL ? strdup(epoch_key) : NULL;
    return store->prefix != NULL && (epoch_key == NULL || store->hash_epoch_key != NULL);
}

enum err redis_store_create(
        struct store *ret_store, const struct config *config, const struct keyring *ring)
{
    uint32_t max_lookups = config->redis.pipeline_keys;
    if (max_lookups < 1 || max_lookups > MAX_LOOKUPS) {
        max_lookups = MAX_LOOKUPS;
    }
    struct redis_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return ERR_NO_MEMORY;
    }
    cache_trust_init(&store->trust,
            config->redis.layout == LAYOUT_PACKED ? EPOCH_PACKED1 : EPOCH_HASH1, ring);
    strbuf_init(&store->why, WHY_MAX_BYTES);
    store_say(store, LOOKUP_UNREACHABLE, "no lookup was made yet");
    // INFO, and what either layout needs at most.
    size_t max_replies = 1 + PACKED_ASK_MAX_REPLIES + 2 + (size_t)max_lookups;
    store->replies = calloc(max_replies, sizeof(redisReply *));
    enum err e = store->replies != NULL && copy_texts(store, config) ? ERR_NONE : ERR_NO_MEMORY;
    if (e == ERR_NONE) {
        e = create_ask(store, config, max_lookups);
    }
    if (e == ERR_NONE) {
        e = create_connection(store, config);
    }
    if (e != ERR_NONE) {
        redis_store_destroy(store);
        return e;
    }
    *ret_store = (struct store){.ops = &redis_store_ops, .self = store};
    return ERR_NONE;
}

const char *redis_store_why(const struct store *store)
{
    ASSURE(store->ops == &redis_store_ops);
    const struct redis_store *self = store->self;
    return self->why.n > 0 ? self->why.p : "";
}
