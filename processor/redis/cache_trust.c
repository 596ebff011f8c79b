// A miss is an accusation, so it needs a witness. The witness is the epoch record: "generation G is
// here, whole, packed under key id K, and true as of the watermark".
//
// Words. A *bracket* is GET epoch, the lookups, GET epoch, in one pipeline on one connection: the
// server runs them in this order. *Known* is the epoch whose generation and geometry the keys were
// made from. *Best* is the newest that was ever believed.
//
// Invariants
//  1. An answer counts only when both ends of its bracket are there, are the known epoch
//     (epoch_is_same) and are fresh. So FLUSHALL, SWAPDB, a restart with nothing and a flip in
//     between all void it.
//  2. A flip is no fault: TRUST_VOID lets the caller learn the new epoch and ask once more.
//     Anything else that is not the known epoch is TRUST_NONE, and the caller learns anew before
//     it asks again.
//  3. Data never goes back: an epoch that is neither a newer generation than the best nor at least
//     as new by its watermark is not believed. (A server restarted from an old dump has lost
//     deltas that its loader thinks are in.) A flushed cache that is loaded again may begin at
//     generation 1: its watermark carries it.
//  4. The server itself must be a master, not loading, not evicting (server_watch.h).
//
//                 unknown --learn: whole, its key id configured--> known
//                 known --check: the same--> known
//     TRUST_VOID  known --check: other generation, key id or geometry--> unknown
//     TRUST_NONE  known --check: absent, malformed, gone back, an error--> unknown
#include "redis/cache_trust.h"

#include "common/assure.h"

enum { WHY_MAX_BYTES = 512 };

void cache_trust_init(
        struct cache_trust *trust, enum epoch_layout layout, const struct keyring *ring)
{
    *trust = (struct cache_trust){.layout = layout, .ring = ring};
    strbuf_init(&trust->why, WHY_MAX_BYTES);
    for (unsigned tag = 0; tag < HASH_TAG_COUNT; tag++) {
        strbuf_init(&trust->epochs[tag].text, EPOCH_MAX_BYTES);
    }
}

void cache_trust_fini(struct cache_trust *trust)
{
    strbuf_fini(&trust->why);
    for (unsigned tag = 0; tag < HASH_TAG_COUNT; tag++) {
        strbuf_fini(&trust->epochs[tag].text);
    }
}

enum trust cache_trust_fail(struct cache_trust *trust, enum trust as, const char *why)
{
    strbuf_reset(&trust->why);
    strbuf_add_text(&trust->why, why);
    return as;
}

enum trust cache_trust_error(
        struct cache_trust *trust, const char *command, const redisReply *reply)
{
    struct view code = redis_reply_error_code(reply);
    strbuf_reset(&trust->why);
    strbuf_printf(&trust->why, "the server answered %s with %.*s", command,
            VIEW_ARGS(code.n > 0 ? code : VIEW("an error")));
    if (view_is(code, "NOAUTH")) {
        strbuf_add_text(&trust->why, ": it wants a password (redis.password_file)");
    } else if (view_is(code, "MOVED")) {
        strbuf_add_text(&trust->why, ": it is a node of a cluster (redis.topology: cluster)");
    } else if (view_is(code, "NOPERM")) {
        strbuf_printf(&trust->why, ": its user lacks the permission for %s (ACL)", command);
    }
    return TRUST_NONE;
}

// The text of an epoch reply, or why there is none.
static enum trust epoch_text(
        struct cache_trust *trust, const redisReply *reply, struct view *ret_text)
{
    switch (reply->type) {
    case REDIS_REPLY_STRING:
        *ret_text = (struct view){reply->str, reply->len};
        return TRUST_WHOLE;
    case REDIS_REPLY_NIL:
        return cache_trust_fail(trust, TRUST_NONE,
                "there is no epoch record: nothing was loaded, or the data was flushed");
    case REDIS_REPLY_ERROR:
        return cache_trust_error(trust, "GET of the epoch record", reply);
    default:
        return cache_trust_fail(
                trust, TRUST_BROKEN, "the server's answer is to no question of ours");
    }
}

static enum trust find_key(
        struct cache_trust *trust, const struct epoch *epoch, const struct keyring_key **ret_key)
{
    *ret_key = NULL;
    if (epoch->layout == EPOCH_HASH1 && epoch->key_id[0] == '\0') {
        return TRUST_WHOLE;
    }
    *ret_key = keyring_find(trust->ring, view_of(epoch->key_id));
    if (*ret_key != NULL) {
        return TRUST_WHOLE;
    }
    strbuf_reset(&trust->why);
    strbuf_printf(&trust->why, "the data was loaded under key id %s, which is not configured",
            epoch->key_id);
    return TRUST_NONE;
}

// Invariant 3.
static bool has_gone_back(const struct known_epoch *known, const struct epoch *epoch)
{
    return epoch->generation <= known->best_generation &&
           epoch->source_watermark_ms < known->best_watermark_ms;
}

static enum trust parse_epoch(struct cache_trust *trust, const struct known_epoch *known,
        struct view text, struct epoch *ret_epoch)
{
    struct epoch epoch;
    if (epoch_parse(&epoch, text) != ERR_NONE) {
        return cache_trust_fail(trust, TRUST_NONE, "the epoch record is not well formed");
    }
    if (epoch.layout != trust->layout) {
        return cache_trust_fail(trust, TRUST_NONE,
                trust->layout == EPOCH_PACKED1 ? "the epoch record is not one of layout packed1"
                                               : "the epoch record is not one of layout hash1");
    }
    if (has_gone_back(known, &epoch)) {
        return cache_trust_fail(trust, TRUST_NONE,
                "the data went back in time: it is older than what this server had before");
    }
    *ret_epoch = epoch;
    return TRUST_WHOLE;
}

static void remember(struct known_epoch *known, const struct epoch *epoch, struct view text)
{
    known->epoch = *epoch;
    known->is_known = true;
    strbuf_reset(&known->text);
    strbuf_add_view(&known->text, text);
    known->best_generation = epoch->generation;
    known->best_watermark_ms = epoch->source_watermark_ms;
}

static enum trust check_fresh(
        struct cache_trust *trust, const struct epoch *epoch, struct wall_time now)
{
    if (epoch_is_fresh(epoch, now)) {
        return TRUST_WHOLE;
    }
    if (!epoch_heart_beats(epoch, now)) {
        return cache_trust_fail(trust, TRUST_STALE,
                "the data is stale: what keeps it fresh (sync) has not said lately that it does");
    }
    return cache_trust_fail(trust, TRUST_STALE,
            epoch->source_watermark_ms > now.ms
                    ? "the data's source watermark is in the future: a wrong clock or a wrong unit"
                    : "the data is stale: its source's watermark is older than it is valid for");
}

enum trust cache_trust_learn(
        struct cache_trust *trust, unsigned tag, const redisReply *reply, struct wall_time now)
{
    ASSURE(tag < HASH_TAG_COUNT);
    struct known_epoch *known = &trust->epochs[tag];
    known->is_known = false;
    struct view text;
    struct epoch epoch;
    const struct keyring_key *key = NULL;
    enum trust t = epoch_text(trust, reply, &text);
    if (t == TRUST_WHOLE) {
        t = parse_epoch(trust, known, text, &epoch);
    }
    if (t == TRUST_WHOLE) {
        t = find_key(trust, &epoch, &key);
    }
    if (t == TRUST_WHOLE && tag > 0 && epoch.tags != HASH_TAG_COUNT) {
        t = cache_trust_fail(trust, TRUST_NONE, "the epoch records of the hash tags disagree");
    }
    if (t != TRUST_WHOLE) {
        return t;
    }
    known->key = key;
    remember(known, &epoch, text);
    return check_fresh(trust, &epoch, now);
}

enum trust cache_trust_check(
        struct cache_trust *trust, unsigned tag, const redisReply *reply, struct wall_time now)
{
    ASSURE(tag < HASH_TAG_COUNT && trust->epochs[tag].is_known);
    struct known_epoch *known = &trust->epochs[tag];
    struct view text;
    enum trust t = epoch_text(trust, reply, &text);
    if (t != TRUST_WHOLE) {
        return t;
    }
    if (!view_equal(text, strbuf_view(&known->text))) {
        struct epoch epoch;
        t = parse_epoch(trust, known, text, &epoch);
        if (t != TRUST_WHOLE) {
            return t;
        }
        if (!epoch_is_same(&epoch, &known->epoch)) {
            return cache_trust_fail(
                    trust, TRUST_VOID, "the epoch changed while the answers were read");
        }
        remember(known, &epoch, text);
    }
    return check_fresh(trust, &known->epoch, now);
}

const struct known_epoch *cache_trust_lead(const struct cache_trust *trust)
{
    for (unsigned tag = 0; tag < HASH_TAG_COUNT; tag++) {
        if (trust->epochs[tag].is_known) {
            return &trust->epochs[tag];
        }
    }
    return NULL;
}

enum trust cache_trust_look_at_server(
        struct cache_trust *trust, struct server_watch *watch, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR) {
        return cache_trust_error(trust, "INFO", reply);
    }
    if (reply->type != REDIS_REPLY_STRING) {
        return cache_trust_fail(
                trust, TRUST_BROKEN, "the server's answer is to no question of ours");
    }
    const struct known_epoch *lead = cache_trust_lead(trust);
    uint64_t generation = lead != NULL ? lead->epoch.generation : 0;
    const char *why = server_watch_look(watch, (struct view){reply->str, reply->len}, generation,
            trust->layout == EPOCH_PACKED1);
    return why != NULL ? cache_trust_fail(trust, TRUST_NONE, why) : TRUST_WHOLE;
}
