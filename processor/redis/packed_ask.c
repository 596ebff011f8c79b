#include "redis/packed_ask.h"

#include <stdlib.h>

#include "common/assure.h"
#include "relationship/packed.h"

// The ceilings of one pipeline (reference/reliability.md §5): what Redis must keep for us while we
// are slow.
enum { OUTPUT_BYTES = 256 << 10, EXPECTED_REPLY_BYTES = 4 << 20, KEY_TEXT_MAX_BYTES = 64 << 10 };
// A guess at a record in its bucket, to bound the reply; the connection has the hard ceiling.
enum { GUESSED_RECORD_BYTES = 64, KEY_EXTRA_BYTES = 48 };
enum { PLACE_BITS = BUCKET_BITS_MAX + HASH_TAG_BITS };

// A lookup and where its record would be. Ordered by place: by tag, then by bucket.
struct asked {
    uint64_t place;
    struct lookup *lookup;
    struct pseudonym pseudonym;
};

// The lookups asked[begin..end) have one tag.
struct run {
    size_t begin;
    size_t end;
    bool is_kept;
};

struct packed_ask {
    struct view prefix;
    char *prefix_copy;
    uint32_t max_lookups;
    struct asked *asked;
    struct asked *scratch; // as many, for sorting
    size_t asked_count;
    struct lookup *along;
    size_t along_count;
    const struct lookup *damaged;
    struct run runs[HASH_TAG_COUNT];
    size_t run_count;
    struct strbuf key; // of an epoch, or what the keys of one MGET begin with
};

static unsigned place_tag(uint64_t place)
{
    return (unsigned)(place >> 32);
}

static uint32_t place_bucket(uint64_t place)
{
    return (uint32_t)place;
}

enum err packed_ask_create(struct packed_ask **ret_ask, struct view prefix, uint32_t max_lookups)
{
    ASSURE(max_lookups > 0);
    struct packed_ask *ask = calloc(1, sizeof *ask);
    if (ask == NULL) {
        return ERR_NO_MEMORY;
    }
    ask->max_lookups = max_lookups;
    strbuf_init(&ask->key, KEY_TEXT_MAX_BYTES);
    ask->prefix_copy = view_dup(prefix);
    const size_t most = (size_t)max_lookups + PACKED_ALONG_MAX;
    ask->asked = calloc(most, sizeof *ask->asked);
    ask->scratch = calloc(most, sizeof *ask->scratch);
    if (ask->prefix_copy == NULL || ask->asked == NULL || ask->scratch == NULL) {
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
    strbuf_fini(&ask->key);
    free(ask->prefix_copy);
    free(ask->asked);
    free(ask->scratch);
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

// --- planning -----------------------------------------------------------------------------------

// By place: byte by byte, from the last one on. A batch has a thousand lookups, whose places differ in
// three or four bytes, so that this costs a tenth of what comparing them would.
static void sort_asked(struct packed_ask *ask)
{
    uint64_t differs = 0;
    for (size_t i = 1; i < ask->asked_count; i++) {
        differs |= ask->asked[i].place ^ ask->asked[0].place;
    }
    for (unsigned shift = 0; shift < PLACE_BITS; shift += 8) {
        uint32_t ends[256] = {0};
        if ((differs >> shift & 255) == 0) {
            continue;
        }
        for (size_t i = 0; i < ask->asked_count; i++) {
            ends[ask->asked[i].place >> shift & 255]++;
        }
        for (unsigned byte = 1; byte < 256; byte++) {
            ends[byte] += ends[byte - 1];
        }
        for (size_t i = ask->asked_count; i-- > 0;) {
            ask->scratch[--ends[ask->asked[i].place >> shift & 255]] = ask->asked[i];
        }
        struct asked *sorted = ask->scratch;
        ask->scratch = ask->asked;
        ask->asked = sorted;
    }
}

// Gives each lookup its place and makes the runs. The tags' epochs flip one after another, so each
// has its own generation, key and number of bits for a moment. Which tag a recipient belongs to
// follows from the lead's key; a tag under another key voids its run (check_bracket).
static void place_all(struct packed_ask *ask, const struct cache_trust *trust)
{
    const struct known_epoch *lead = cache_trust_lead(trust);
    ASSURE(lead != NULL);
    for (size_t i = 0; i < ask->asked_count; i++) {
        struct asked *asked = &ask->asked[i];
        asked->pseudonym = lookup_pseudonym(asked->lookup, lead->key);
        unsigned tag =
                lead->epoch.tags == 1 ? 0 : packed_bucket_number(&asked->pseudonym, HASH_TAG_BITS);
        const struct known_epoch *own = &trust->epochs[tag];
        // A tag whose epoch is not known is not asked, so that any number of bits will do.
        unsigned bits = own->is_known ? own->epoch.bucket_bits : lead->epoch.bucket_bits;
        asked->place = (uint64_t)tag << 32 | packed_bucket_number(&asked->pseudonym, bits);
    }
    sort_asked(ask);
    ask->run_count = 0;
    for (size_t i = 0; i < ask->asked_count; i++) {
        struct run *last = &ask->runs[ask->run_count > 0 ? ask->run_count - 1 : 0];
        bool is_new =
                i == 0 || place_tag(ask->asked[i].place) != place_tag(ask->asked[i - 1].place);
        if (is_new) {
            ask->runs[ask->run_count++] = (struct run){.begin = i, .end = i + 1};
        } else {
            last->end = i + 1;
        }
    }
}

void packed_ask_along(struct packed_ask *ask, struct lookup *lookups, size_t count)
{
    ASSURE(count <= PACKED_ALONG_MAX);
    ask->along = lookups;
    ask->along_count = count;
}

size_t packed_ask_plan(struct packed_ask *ask, const struct cache_trust *trust,
        struct lookup *lookups, size_t count)
{
    size_t fit = lookups_that_fit(ask, &cache_trust_lead(trust)->epoch);
    size_t taken = 0;
    ask->asked_count = 0;
    for (; taken < count && ask->asked_count < fit; taken++) {
        if (lookups[taken].recipient.kind != RECIPIENT_INVALID) {
            ask->asked[ask->asked_count++].lookup = &lookups[taken];
        }
    }
    for (size_t i = 0; i < ask->along_count; i++) {
        ask->asked[ask->asked_count++].lookup = &ask->along[i];
    }
    ask->damaged = NULL;
    place_all(ask, trust);
    return taken;
}

void packed_ask_keep(struct packed_ask *ask, size_t run)
{
    ask->runs[run].is_kept = true;
}

void packed_ask_plan_again(struct packed_ask *ask, const struct cache_trust *trust)
{
    size_t kept = 0;
    for (size_t run = 0; run < ask->run_count; run++) {
        for (size_t i = ask->runs[run].begin; ask->runs[run].is_kept && i < ask->runs[run].end;
                i++) {
            ask->asked[kept++] = ask->asked[i];
        }
    }
    ask->asked_count = kept;
    place_all(ask, trust);
}

size_t packed_ask_run_count(const struct packed_ask *ask)
{
    return ask->run_count;
}

unsigned packed_ask_run_tag(const struct packed_ask *ask, size_t run)
{
    return place_tag(ask->asked[ask->runs[run].begin].place);
}

// --- asking -------------------------------------------------------------------------------------

static enum err add_epoch_get(
        struct packed_ask *ask, struct redis_connection *connection, unsigned tag)
{
    strbuf_reset(&ask->key);
    packed_add_epoch_key(&ask->key, ask->prefix, tag);
    if (ask->key.failed != ERR_NONE) {
        return ask->key.failed;
    }
    const char *words[] = {"GET", ask->key.p};
    size_t lengths[] = {3, ask->key.n};
    return redis_connection_add(connection, 2, words, lengths);
}

static bool is_new_bucket(const struct packed_ask *ask, const struct run *run, size_t i)
{
    return i == run->begin || ask->asked[i].place != ask->asked[i - 1].place;
}

static size_t count_buckets(const struct packed_ask *ask, const struct run *run)
{
    size_t count = 0;
    for (size_t i = run->begin; i < run->end; i++) {
        count += is_new_bucket(ask, run, i);
    }
    return count;
}

// MGET of the buckets of a tag's run, each once.
static enum err add_buckets(struct packed_ask *ask, struct redis_connection *connection,
        uint64_t generation, const struct run *run)
{
    strbuf_reset(&ask->key);
    packed_add_bucket_head(
            &ask->key, ask->prefix, place_tag(ask->asked[run->begin].place), generation);
    enum err e = ask->key.failed;
    e = e != ERR_NONE ? e : redis_connection_begin(connection, 1 + count_buckets(ask, run));
    if (e != ERR_NONE) {
        return e;
    }
    redis_connection_word(connection, VIEW("MGET"), VIEW(""));
    for (size_t i = run->begin; i < run->end; i++) {
        char text[BUCKET_TEXT_BYTES];
        if (is_new_bucket(ask, run, i)) {
            redis_connection_word(connection, strbuf_view(&ask->key),
                    packed_bucket_tail(place_bucket(ask->asked[i].place), text));
        }
    }
    return redis_connection_end(connection);
}

static enum err add_asking(struct redis_connection *connection, bool is_asking)
{
    const char *words[] = {"ASKING"};
    size_t lengths[] = {6};
    return is_asking ? redis_connection_add(connection, 1, words, lengths) : ERR_NONE;
}

enum err packed_ask_add(struct packed_ask *ask, size_t run, const struct cache_trust *trust,
        struct redis_connection *connection, bool is_asking)
{
    unsigned tag = packed_ask_run_tag(ask, run);
    uint64_t generation = trust->epochs[tag].epoch.generation;
    enum err e = ERR_NONE;
    for (int part = 0; part < 3 && e == ERR_NONE; part++) {
        e = add_asking(connection, is_asking);
        if (e == ERR_NONE) {
            e = part == 1 ? add_buckets(ask, connection, generation, &ask->runs[run])
                          : add_epoch_get(ask, connection, tag);
        }
    }
    return e;
}

// --- reading ------------------------------------------------------------------------------------

static enum trust fail_lookup(struct lookup *lookup, enum trust as)
{
    lookup->facts.lookup = as == TRUST_STALE ? LOOKUP_STALE : LOOKUP_UNTRUSTED;
    return as;
}

// What one bucket says of one recipient.
static enum trust read_bucket(struct packed_ask *ask, struct cache_trust *trust,
        const struct keyring_key *key, const struct asked *asked, const redisReply *bucket,
        struct arena *arena)
{
    struct lookup *lookup = asked->lookup;
    if (bucket->type != REDIS_REPLY_STRING) {
        ask->damaged = lookup;
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
        ask->damaged = lookup;
        return fail_lookup(lookup,
                cache_trust_fail(trust, TRUST_NONE, "a bucket's bytes are not well formed"));
    }
    lookup->facts.lookup = LOOKUP_UNREACHABLE;
    return cache_trust_fail(trust, TRUST_NONE, "the batch's memory is full");
}

// Both ends of a tag's bracket and the shape of what is between them.
static enum trust check_bracket(const struct packed_ask *ask, struct cache_trust *trust,
        redisReply *const *replies, const struct run *run, struct wall_time now)
{
    unsigned tag = place_tag(ask->asked[run->begin].place);
    const struct known_epoch *lead = cache_trust_lead(trust);
    if (trust->epochs[tag].key != lead->key || trust->epochs[tag].epoch.tags != lead->epoch.tags) {
        return cache_trust_fail(trust, TRUST_VOID, "the epochs of the hash tags differ");
    }
    const redisReply *buckets = replies[1];
    if (buckets->type == REDIS_REPLY_ERROR) {
        return cache_trust_error(trust, "MGET", buckets);
    }
    if (buckets->type != REDIS_REPLY_ARRAY || buckets->elements != count_buckets(ask, run)) {
        return cache_trust_fail(
                trust, TRUST_BROKEN, "the server's answer is to no question of ours");
    }
    enum trust t = cache_trust_check(trust, tag, replies[0], now);
    return t == TRUST_WHOLE ? cache_trust_check(trust, tag, replies[2], now) : t;
}

static enum trust read_tag(struct packed_ask *ask, struct cache_trust *trust,
        redisReply *const *replies, const struct run *run, struct arena *arena)
{
    const struct keyring_key *key = trust->epochs[place_tag(ask->asked[run->begin].place)].key;
    enum trust worst = TRUST_WHOLE;
    size_t bucket = 0;
    for (size_t i = run->begin; i < run->end; i++) {
        bucket += i > run->begin && is_new_bucket(ask, run, i);
        enum trust t =
                read_bucket(ask, trust, key, &ask->asked[i], replies[1]->element[bucket], arena);
        worst = t > worst ? t : worst;
    }
    return worst;
}

enum trust packed_ask_read(struct packed_ask *ask, size_t run, struct cache_trust *trust,
        redisReply *const replies[3], struct wall_time now, struct arena *arena)
{
    const struct run *r = &ask->runs[run];
    enum trust t = check_bracket(ask, trust, replies, r, now);
    if (t == TRUST_WHOLE) {
        return read_tag(ask, trust, replies, r, arena);
    }
    for (size_t i = r->begin; i < r->end && t != TRUST_VOID && t != TRUST_BROKEN; i++) {
        (void)fail_lookup(ask->asked[i].lookup, t);
    }
    return t;
}

const struct lookup *packed_ask_damaged(const struct packed_ask *ask)
{
    return ask->damaged;
}

void packed_ask_answer(struct packed_ask *ask, size_t run, enum lookup_state answer)
{
    for (size_t i = ask->runs[run].begin; i < ask->runs[run].end; i++) {
        ask->asked[i].lookup->facts.lookup = answer;
    }
}
