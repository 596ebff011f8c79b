#include "redis/hash_ask.h"

#include <stdlib.h>

#include "common/assure.h"
#include "common/digest.h"

enum { OUTPUT_BYTES = 256 << 10, KEYS_TEXT_MAX_BYTES = 1 << 20 };

struct hash_asked {
    struct lookup *lookup;
    size_t key_at; // in `keys`
    size_t key_bytes;
};

struct hash_ask {
    char *key_template;
    char *epoch_key;
    char *names_copy[HASH_FIELD_COUNT];
    struct view names[HASH_FIELD_COUNT];
    uint32_t max_lookups;
    bool assume_complete;
    struct hash_asked *asked;
    size_t asked_count;
    struct lookup *along;
    size_t along_count;
    struct strbuf keys;
};

static bool copy_names(struct hash_ask *ask, const struct hash_ask_options *options)
{
    for (int i = 0; i < HASH_FIELD_COUNT; i++) {
        const char *name = options->field_names[i];
        ask->names_copy[i] = strdup(name != NULL ? name : hash_field_names[i]);
        if (ask->names_copy[i] == NULL) {
            return false;
        }
        ask->names[i] = view_of(ask->names_copy[i]);
    }
    return true;
}

enum err hash_ask_create(struct hash_ask **ret_ask, const struct hash_ask_options *options)
{
    ASSURE(options->max_lookups > 0 && options->key_template != NULL);
    struct hash_ask *ask = calloc(1, sizeof *ask);
    if (ask == NULL) {
        return ERR_NO_MEMORY;
    }
    ask->max_lookups = options->max_lookups;
    ask->assume_complete = options->assume_complete;
    strbuf_init(&ask->keys, KEYS_TEXT_MAX_BYTES);
    ask->key_template = strdup(options->key_template);
    ask->epoch_key = options->epoch_key != NULL ? strdup(options->epoch_key) : NULL;
    ask->asked = calloc((size_t)options->max_lookups + HASH_ALONG_MAX, sizeof *ask->asked);
    if (ask->key_template == NULL || ask->asked == NULL ||
            (options->epoch_key != NULL && ask->epoch_key == NULL) || !copy_names(ask, options)) {
        hash_ask_destroy(ask);
        return ERR_NO_MEMORY;
    }
    *ret_ask = ask;
    return ERR_NONE;
}

void hash_ask_destroy(struct hash_ask *ask)
{
    if (ask == NULL) {
        return;
    }
    for (int i = 0; i < HASH_FIELD_COUNT; i++) {
        free(ask->names_copy[i]);
    }
    strbuf_fini(&ask->keys);
    free(ask->key_template);
    free(ask->epoch_key);
    free(ask->asked);
    free(ask);
}

static void add_key(struct hash_ask *ask, const struct keyring_key *key, struct recipient recipient)
{
    struct view rest = view_of(ask->key_template);
    while (rest.n > 0) {
        if (view_starts_with(rest, VIEW("{recipient}"))) {
            strbuf_add_view(&ask->keys, recipient.canonical);
            rest = view_skip(rest, strlen("{recipient}"));
        } else if (view_starts_with(rest, VIEW("{pseudonym}"))) {
            struct pseudonym pseudonym = keyring_pseudonym(key, recipient);
            hex_add(&ask->keys, pseudonym.bytes, sizeof pseudonym.bytes);
            rest = view_skip(rest, strlen("{pseudonym}"));
        } else {
            strbuf_add_byte(&ask->keys, (uint8_t)rest.p[0]);
            rest = view_skip(rest, 1);
        }
    }
}

static void plan_one(struct hash_ask *ask, const struct keyring_key *key, struct lookup *lookup)
{
    struct hash_asked *asked = &ask->asked[ask->asked_count++];
    asked->lookup = lookup;
    asked->key_at = ask->keys.n;
    add_key(ask, key, lookup->recipient);
    asked->key_bytes = ask->keys.n - asked->key_at;
}

void hash_ask_along(struct hash_ask *ask, struct lookup *lookups, size_t count)
{
    ASSURE(count <= HASH_ALONG_MAX);
    ask->along = lookups;
    ask->along_count = count;
}

size_t hash_ask_plan(struct hash_ask *ask, const struct cache_trust *trust, struct lookup *lookups,
        size_t count, size_t *ret_plan_count)
{
    const struct keyring_key *key = trust->epochs[0].is_known ? trust->epochs[0].key : NULL;
    if (key == NULL) {
        key = keyring_current(trust->ring);
    }
    size_t taken = 0;
    ask->asked_count = 0;
    strbuf_reset(&ask->keys);
    while (taken < count && ask->asked_count < ask->max_lookups && ask->keys.n < OUTPUT_BYTES) {
        struct lookup *lookup = &lookups[taken++];
        if (lookup->recipient.kind != RECIPIENT_INVALID) {
            plan_one(ask, key, lookup);
        }
    }
    for (size_t i = 0; i < ask->along_count; i++) {
        plan_one(ask, key, &ask->along[i]);
    }
    *ret_plan_count = ask->asked_count;
    return taken;
}

static enum err add_command(
        struct redis_connection *connection, const char *command, struct view key)
{
    const char *words[] = {command, key.p};
    size_t lengths[] = {strlen(command), key.n};
    return redis_connection_add(connection, 2, words, lengths);
}

enum err hash_ask_add(
        struct hash_ask *ask, struct redis_connection *connection, size_t *ret_reply_count)
{
    size_t ends = ask->epoch_key != NULL ? 2 : 0;
    enum err e = ask->keys.failed;
    if (e == ERR_NONE && ends > 0) {
        e = add_command(connection, "GET", view_of(ask->epoch_key));
    }
    for (size_t i = 0; i < ask->asked_count && e == ERR_NONE; i++) {
        const struct hash_asked *asked = &ask->asked[i];
        e = add_command(connection, "HGETALL",
                (struct view){ask->keys.p + asked->key_at, asked->key_bytes});
    }
    if (e == ERR_NONE && ends > 0) {
        e = add_command(connection, "GET", view_of(ask->epoch_key));
    }
    *ret_reply_count = ask->asked_count + ends;
    return e;
}

static enum trust read_one(struct hash_ask *ask, struct cache_trust *trust, struct lookup *lookup,
        const redisReply *reply, struct arena *arena)
{
    lookup->facts.lookup = LOOKUP_UNTRUSTED;
    if (reply->type == REDIS_REPLY_ERROR) {
        return cache_trust_error(trust, "HGETALL", reply);
    }
    if (reply->elements == 0) {
        if (ask->epoch_key == NULL && !ask->assume_complete) {
            return cache_trust_fail(trust, TRUST_NONE,
                    "misses are not believed: the hash layout has no epoch key, and "
                    "assume_complete is off");
        }
        lookup->facts.lookup = LOOKUP_MISS;
        return TRUST_WHOLE;
    }
    switch ((int)hash_record_read(reply, ask->names, lookup, arena)) {
    case ERR_NONE:
        return TRUST_WHOLE;
    case ERR_DATA:
        return cache_trust_fail(trust, TRUST_NONE, "a hash has a value that cannot be read");
    default:
        lookup->facts.lookup = LOOKUP_UNREACHABLE;
        return cache_trust_fail(trust, TRUST_NONE, "the batch's memory is full");
    }
}

static enum trust check_shape(
        const struct hash_ask *ask, struct cache_trust *trust, redisReply *const *hashes)
{
    for (size_t i = 0; i < ask->asked_count; i++) {
        const redisReply *reply = hashes[i];
        bool is_hash = reply->type == REDIS_REPLY_ARRAY && reply->elements % 2 == 0;
        if (!is_hash && reply->type != REDIS_REPLY_ERROR) {
            return cache_trust_fail(
                    trust, TRUST_BROKEN, "the server's answer is to no question of ours");
        }
    }
    return TRUST_WHOLE;
}

enum trust hash_ask_read(struct hash_ask *ask, struct cache_trust *trust,
        redisReply *const *replies, struct wall_time now, struct arena *arena)
{
    redisReply *const *hashes = ask->epoch_key != NULL ? replies + 1 : replies;
    enum trust bracket = check_shape(ask, trust, hashes);
    if (bracket == TRUST_WHOLE && ask->epoch_key != NULL) {
        bracket = cache_trust_check(trust, 0, replies[0], now);
        if (bracket == TRUST_WHOLE) {
            bracket = cache_trust_check(trust, 0, replies[ask->asked_count + 1], now);
        }
    }
    if (bracket == TRUST_VOID || bracket == TRUST_BROKEN) {
        return bracket;
    }
    enum trust worst = bracket;
    for (size_t i = 0; i < ask->asked_count; i++) {
        struct lookup *lookup = ask->asked[i].lookup;
        if (bracket != TRUST_WHOLE) {
            lookup->facts.lookup = bracket == TRUST_STALE ? LOOKUP_STALE : LOOKUP_UNTRUSTED;
        } else {
            enum trust t = read_one(ask, trust, lookup, hashes[i], arena);
            worst = t > worst ? t : worst;
        }
    }
    return worst;
}
