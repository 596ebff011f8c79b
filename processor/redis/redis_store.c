// The way of a batch: get the nodes ready, then one pipeline after another. Whatever goes wrong
// becomes the answer of the lookups that it concerns.
#include "redis/redis_store.h"

#include <stdlib.h>

#include "common/assure.h"
#include "redis/redis_store_inside.h"

enum {
    MAX_LOOKUPS = 8192, // a pipeline, whatever the configuration says
    REPLY_ARENA_BYTES = 128 << 20,
    WHY_MAX_BYTES = 512,
};

// --- a batch ------------------------------------------------------------------------------------

static void begin(struct redis_store *store, struct lookup *lookups, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool is_asked = lookups[i].recipient.kind != RECIPIENT_INVALID;
        lookups[i].facts = (struct facts){
                .lookup = is_asked ? LOOKUP_UNREACHABLE : LOOKUP_NOT_ASKED,
                .reassigned_at_ms = TIME_NONE,
        };
    }
    for (size_t i = 0; i < redis_route_count(store->route); i++) {
        struct redis_node *node = redis_route_at(store->route, i);
        bool is_due = clock_mono().ns >= node->next_info.ns;
        node->was_open = redis_connection_is_open(node->connection);
        node->is_known = node->is_known && (count > 0 || !is_due);
    }
    store_say(store, LOOKUP_FOUND, "");
}

// Whether anything can be asked of anybody.
static bool may_ask_any(const struct redis_store *store)
{
    for (unsigned tag = 0; tag < HASH_TAG_COUNT; tag++) {
        if (store_may_ask(store, redis_route_node(store->route, tag), tag)) {
            return true;
        }
    }
    return false;
}

static void answer_rest(const struct redis_store *store, const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->lookups[i].recipient.kind != RECIPIENT_INVALID) {
            batch->lookups[i].facts.lookup = store->answer;
        }
    }
}

// Sends the next pipeline of the batch, if there is anything left to ask and anybody to be asked.
static void send_next(struct redis_store *store)
{
    struct batch *batch = &store->batch;
    store->is_sent = false;
    store_get_ready(store, batch->deadline);
    if (batch->count == 0) {
        return;
    }
    if (!may_ask_any(store)) {
        if (store->answer == LOOKUP_FOUND) {
            store_say(store, LOOKUP_UNREACHABLE, "no server can be asked now");
        }
        answer_rest(store, batch);
        return;
    }
    if (store->packed != NULL) {
        store_send_packed(store, batch);
    } else {
        store_send_hash(store, batch);
    }
    store->is_sent = true;
}

static void redis_store_begin(void *self, struct lookup *lookups, size_t count,
        struct mono_time deadline, struct arena *arena)
{
    struct redis_store *store = self;
    ASSURE(!store->is_begun);
    const struct mono_time before = clock_mono();
    store->is_begun = true;
    store->was_answer = store->answer;
    store->batch = (struct batch){
            .lookups = lookups, .count = count, .deadline = deadline, .arena = arena};
    store->begun_count = count;
    begin(store, lookups, count);
    send_next(store);
    const struct mono_time now = clock_mono();
    store->spent_ns = now.ns - before.ns;
    store->left_ns = deadline.ns > now.ns ? deadline.ns - now.ns : 0;
}

static void redis_store_finish(void *self)
{
    struct redis_store *store = self;
    ASSURE(store->is_begun);
    struct batch *batch = &store->batch;
    const struct mono_time before = clock_mono();
    // What its owner did in between is no wait for a server.
    batch->deadline.ns = before.ns + store->left_ns;
    while (store->is_sent) {
        if (store->packed != NULL) {
            store_take_packed(store, batch);
        } else {
            store_take_hash(store, batch);
        }
        store->is_sent = false;
        if (batch->count > 0) {
            send_next(store);
        }
    }
    if (batch->count == 0) {
        store_tell_keys(store);
    }
    if (store->begun_count > 0) {
        store->lookup_count += store->begun_count;
        metric_observe(&store->durations, &metric_work_bounds,
                store->spent_ns + clock_mono().ns - before.ns);
    }
    store->is_begun = false;
}

static void redis_store_lookup(void *self, struct lookup *lookups, size_t count,
        struct mono_time deadline, struct arena *arena)
{
    redis_store_begin(self, lookups, count, deadline, arena);
    redis_store_finish(self);
}

static enum cache_state redis_store_state(void *self)
{
    const struct redis_store *store = self;
    switch (store->is_begun ? store->was_answer : store->answer) {
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
    redis_route_destroy(store->route);
    packed_ask_destroy(store->packed);
    hash_ask_destroy(store->hash);
    cache_trust_fini(&store->trust);
    strbuf_fini(&store->why);
    free(store->replies);
    arena_destroy(store->reply_arena);
    free(store->prefix);
    free(store->hash_epoch_key);
    free(store);
}

static const struct store_ops redis_store_ops = {
        .lookup = redis_store_lookup,
        .begin = redis_store_begin,
        .finish = redis_store_finish,
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

static enum err create_route(struct redis_store *store, const struct config *config)
{
    struct redis_route_options options = redis_route_options_of(config, "wrongnumber");
    if (config->redis.topology == TOPOLOGY_CLUSTER && config->redis.layout == LAYOUT_HASH) {
        // A hash and the epoch would live in different slots, so that no bracket holds them
        // together.
        return ERR_CONFIG;
    }
    return redis_route_create(&store->route, &options, &store->why);
}

static bool copy_texts(struct redis_store *store, const struct config *config)
{
    const char *epoch_key = config->redis.hash_epoch_key;
    if (epoch_key != NULL && epoch_key[0] == '\0') {
        epoch_key = NULL;
    }
    store->database = config->redis.database;
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
    // INFO of each node, and what either layout needs at most.
    store->reply_capacity = REDIS_EXCHANGES_MAX + (size_t)6 * HASH_TAG_COUNT + 2 +
                            (size_t)max_lookups + HASH_ALONG_MAX;
    store->replies = calloc(store->reply_capacity, sizeof(redisReply *));
    store->reply_arena = arena_create(REPLY_ARENA_BYTES);
    bool is_whole = store->replies != NULL && store->reply_arena != NULL;
    enum err e = is_whole && copy_texts(store, config) ? ERR_NONE : ERR_NO_MEMORY;
    if (e == ERR_NONE) {
        e = create_ask(store, config, max_lookups);
    }
    if (e == ERR_NONE) {
        e = create_route(store, config);
    }
    if (e != ERR_NONE) {
        redis_store_destroy(store);
        return e;
    }
    store_say(store, LOOKUP_UNREACHABLE, "no lookup was made yet");
    *ret_store = (struct store){.ops = &redis_store_ops, .self = store};
    return ERR_NONE;
}

const char *redis_store_why(const struct store *store)
{
    ASSURE(store->ops == &redis_store_ops);
    const struct redis_store *self = store->self;
    return self->why.n > 0 ? self->why.p : "";
}
