#include "redis/packed_ask.h"

#include <stdlib.h>

#include "common/assure.h"
#include "relationship/packed.h"

// The ceilings of one pipeline (reference/reliability.md §5): what Redis must keep for us while we
// are slow.
enum { OUTPUT_BYTES = 256 << 10, EXPECTED_REPLY_BYTES = 4 << 20, KEYS_TEXT_MAX_BYTES = 1 << 20 };
// A guess at a record in its bucket, to bound the reply; the connection has the hard ceiling.
enum { GUESSED_RECORD_BYTES = 64, KEY_EXTRA_BYTES = 48 };

// A lookup and where its record would be. Ordered by place: by tag, then by bucket.
struct asked {
    uint64_t place;
    struct lookup *lookup;
    struct pseudonym pseudonym;
};

struct packed_ask {
    struct view prefix;
    char *prefix_copy;
    uint32_t max_lookups;
    struct asked *asked;
    size_t asked_count;
    struct strbuf keys; // the texts of the keys of one MGET
    const char **words; // of one MGET
    size_t *lengths;
};

static unsigned place_tag(uint64_t place)
{
    return (unsigned)(place >> 32);
}

static uint32_t place_bucket(uint64_t place)
{
    return (uint32_t)place;
}

static int compare_asked(const void *a, const void *b)
{
    const struct asked *x = a;
    const struct asked *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

enum err packed_ask_create(struct packed_ask **ret_ask, struct view prefix, uint32_t max_lookups)
{
    ASSURE(max_lookups > 0);
    struct packed_ask *ask = calloc(1, sizeof *ask);
    if (ask == NULL) {
        return ERR_NO_MEMORY;
    }
    ask->max_lookups = max_lookups;
    strbuf_init(&ask->keys, KEYS_TEXT_MAX_BYTES);
    ask->prefix_copy = view_dup(prefix);
    ask->asked = calloc(max_lookups, sizeof *ask->asked);
    ask->words = calloc((size_t)max_lookups + 1, sizeof *ask->words);
    ask->lengths = calloc((size_t)max_lookups + 1, sizeof *ask->lengths);
    if (ask->prefix_copy == NULL || ask->asked == NULL || ask->words == NULL ||
            ask->lengths == NULL) {
        packed_ask_destroy(ask);
        return ERR_NO_MEMORY;
    }
    ask->prefix = view_of(ask->prefix_copy);
    *ret_ask = ask;
    return ERR_NONE;
}

void packed_ask_destroy(struct packed_ask *ask)
{
    if (ask == NULL) {
        return;
    }
    strbuf_fini(&ask->keys);
    free(ask->prefix_copy);
    free(ask->asked);
    free(ask->words);
    free(ask->lengths);
    free(ask);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t lookups_that_fit(const struct packed_ask *ask, const struct epoch *epoch)
{
    uint64_t records = epoch->record_count / epoch->bucket_count + 1;
    size_t by_reply = records > EXPECTED_REPLY_BYTES / GUESSED_RECORD_BYTES
                              ? 1
                              : EXPECTED_REPLY_BYTES / GUESSED_RECORD_BYTES / (size_t)records;
    size_t by_output = OUTPUT_BYTES / (ask->prefix.n + KEY_EXTRA_BYTES);
    size_t fit = least(least(by_reply, by_output), ask->max_lookups);
    return fit > 0 ? fit : 1;
}

size_t packed_ask_plan(struct packed_ask *ask, const struct cache_trust *trust,
        struct lookup *lookups, size_t count, size_t *ret_plan_count)
{
    const struct known_epoch *first = &trust->epochs[0];
    size_t fit = lookups_that_fit(ask, &first->epoch);
    size_t taken = 0;
    ask->asked_count = 0;
    for (; taken < count && ask->asked_count < fit; taken++) {
        if (lookups[taken].recipient.kind == RECIPIENT_INVALID) {
            continue;
        }
        struct asked *asked = &ask->asked[ask->asked_count++];
        asked->lookup = &lookups[taken];
        // The tags' epochs flip one after another, so each has its own generation, key and number
        // of bits for a moment. Which tag a recipient belongs to follows from the first one's key;
        // a tag under another key voids the pipeline (below).
        asked->pseudonym = keyring_pseudonym(first->key, lookups[taken].recipient);
        unsigned tag =
                first->epoch.tags == 1 ? 0 : packed_bucket_number(&asked->pseudonym, HASH_TAG_BITS);
        uint32_t bucket =
                packed_bucket_number(&asked->pseudonym, trust->epochs[tag].epoch.bucket_bits);
        asked->place = (uint64_t)tag << 32 | bucket;
    }
    qsort(ask->asked, ask->asked_count, sizeof *ask->asked, compare_asked);
    *ret_plan_count = ask->asked_count;
    return taken;
}

// The end of the run of asked lookups with the same tag.
static size_t tag_end(const struct packed_ask *ask, size_t begin)
{
    size_t end = begin;
    while (end < ask->asked_count &&
            place_tag(ask->asked[end].place) == place_tag(ask->asked[begin].place)) {
        end++;
    }
    return end;
}

static enum err add_epoch_get(
        struct packed_ask *ask, struct redis_connection *connection, unsigned tag)
{
    strbuf_reset(&ask->keys);
    packed_add_epoch_key(&ask->keys, ask->prefix, tag);
    if (ask->keys.failed != ERR_NONE) {
        return ask->keys.failed;
    }
    const char *words[] = {"GET", ask->keys.p};
    size_t lengths[] = {3, ask->keys.n};
    return redis_connection_add(connection, 2, words, lengths);
}

// MGET of the buckets of a tag's run, each once.
static enum err add_buckets(struct packed_ask *ask, struct redis_connection *connection,
        uint64_t generation, size_t begin, size_t end)
{
    size_t word_count = 1;
    strbuf_reset(&ask->keys);
    for (size_t i = begin; i < end; i++) {
        uint64_t place = ask->asked[i].place;
        if (i == begin || place != ask->asked[i - 1].place) {
            size_t from = ask->keys.n;
            packed_add_bucket_key(
                    &ask->keys, ask->prefix, place_tag(place), generation, place_bucket(place));
            ask->lengths[word_count++] = ask->keys.n - from;
        }
    }
    if (ask->keys.failed != ERR_NONE) {
        return ask->keys.failed;
    }
    // Only now, since the buffer may have moved while it grew.
    ask->words[0] = "MGET";
    ask->lengths[0] = 4;
    const char *at = ask->keys.p;
    for (size_t i = 1; i < word_count; i++) {
        ask->words[i] = at;
        at += ask->lengths[i];
    }
    return redis_connection_add(connection, word_count, ask->words, ask->lengths);
}

enum err packed_ask_add(struct packed_ask *ask, const struct cache_trust *trust,
        struct redis_connection *connection, size_t *ret_reply_count)
{
    enum err e = ERR_NONE;
    size_t reply_count = 0;
    for (size_t i = 0; i < ask->asked_count && e == ERR_NONE;) {
        unsigned tag = place_tag(ask->asked[i].place);
        size_t end = tag_end(ask, i);
        e = add_epoch_get(ask, connection, tag);
        if (e == ERR_NONE) {
            e = add_buckets(ask, connection, trust->epochs[tag].epoch.generation, i, end);
        }
        if (e == ERR_NONE) {
            e = add_epoch_get(ask, connection, tag);
        }
        reply_count += 3;
        i = end;
    }
    *ret_reply_count = reply_count;
    return e;
}

static enum trust fail_lookup(struct lookup *lookup, enum trust as)
{
    lookup->facts.lookup = as == TRUST_STALE ? LOOKUP_STALE : LOOKUP_UNTRUSTED;
    return as;
}

// What one bucket says of one recipient.
static enum trust read_bucket(struct cache_trust *trust, const struct keyring_key *key,
        const struct asked *asked, const redisReply *bucket, struct arena *arena)
{
    struct lookup *lookup = asked->lookup;
    if (bucket->type != REDIS_REPLY_STRING) {
        return fail_lookup(lookup,
                cache_trust_fail(trust, TRUST_NONE, "a bucket is absent: the data is not whole"));
    }
    struct view body = VIEW_NONE;
    struct view bytes = {bucket->str, bucket->len};
    enum err e = packed_find(bytes, packed_suffix(&asked->pseudonym), &body);
    if (e == ERR_NONE && view_is_none(body)) {
        lookup->facts.lookup = LOOKUP_MISS;
        return TRUST_WHOLE;
    }
    if (e == ERR_NONE) {
        e = packed_decode(body, key, lookup, arena);
    }
    if (e == ERR_NONE) {
        return TRUST_WHOLE;
    }
    if (e == ERR_DATA) {
        return fail_lookup(lookup,
                cache_trust_fail(trust, TRUST_NONE, "a bucket's bytes are not well formed"));
    }
    lookup->facts.lookup = LOOKUP_UNREACHABLE;
    return cache_trust_fail(trust, TRUST_NONE, "the batch's memory is full");
}

static size_t count_buckets(const struct packed_ask *ask, size_t begin, size_t end)
{
    size_t count = 0;
    for (size_t i = begin; i < end; i++) {
        count += i == begin || ask->asked[i].place != ask->asked[i - 1].place;
    }
    return count;
}

// Both ends of a tag's bracket and the shape of what is between them.
static enum trust check_bracket(const struct packed_ask *ask, struct cache_trust *trust,
        redisReply *const *replies, size_t begin, size_t end, struct wall_time now)
{
    unsigned tag = place_tag(ask->asked[begin].place);
    if (trust->epochs[tag].key != trust->epochs[0].key ||
            trust->epochs[tag].epoch.tags != trust->epochs[0].epoch.tags) {
        return cache_trust_fail(trust, TRUST_VOID, "the epochs of the hash tags differ");
    }
    const redisReply *buckets = replies[1];
    if (buckets->type == REDIS_REPLY_ERROR) {
        return cache_trust_error(trust, "MGET", buckets);
    }
    if (buckets->type != REDIS_REPLY_ARRAY || buckets->elements != count_buckets(ask, begin, end)) {
        return cache_trust_fail(
                trust, TRUST_BROKEN, "the server's answer is to no question of ours");
    }
    enum trust t = cache_trust_check(trust, tag, replies[0], now);
    return t == TRUST_WHOLE ? cache_trust_check(trust, tag, replies[2], now) : t;
}

static enum trust read_tag(struct packed_ask *ask, struct cache_trust *trust,
        redisReply *const *replies, size_t begin, size_t end, struct arena *arena)
{
    const struct keyring_key *key = trust->epochs[place_tag(ask->asked[begin].place)].key;
    enum trust worst = TRUST_WHOLE;
    size_t bucket = 0;
    for (size_t i = begin; i < end; i++) {
        bucket += i > begin && ask->asked[i].place != ask->asked[i - 1].place;
        enum trust t = read_bucket(trust, key, &ask->asked[i], replies[1]->element[bucket], arena);
        worst = t > worst ? t : worst;
    }
    return worst;
}

enum trust packed_ask_read(struct packed_ask *ask, struct cache_trust *trust,
        redisReply *const *replies, struct wall_time now, struct arena *arena)
{
    enum trust bracket[HASH_TAG_COUNT];
    size_t run = 0;
    // All brackets first: a pipeline is asked again whole or not at all.
    for (size_t i = 0; i < ask->asked_count; i = tag_end(ask, i)) {
        bracket[run] = check_bracket(ask, trust, replies + 3 * run, i, tag_end(ask, i), now);
        if (bracket[run] == TRUST_VOID || bracket[run] == TRUST_BROKEN) {
            return bracket[run];
        }
        run++;
    }
    enum trust worst = TRUST_WHOLE;
    run = 0;
    for (size_t i = 0; i < ask->asked_count; run++) {
        size_t end = tag_end(ask, i);
        enum trust t = bracket[run];
        for (size_t k = i; k < end && t != TRUST_WHOLE; k++) {
            (void)fail_lookup(ask->asked[k].lookup, t);
        }
        if (t == TRUST_WHOLE) {
            t = read_tag(ask, trust, replies + 3 * run, i, end, arena);
        }
        worst = t > worst ? t : worst;
        i = end;
    }
    return worst;
}
