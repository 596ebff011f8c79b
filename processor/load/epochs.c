// Moving the epochs: the flip at the end of a full load, the advance at the end of a delta. On one
// server a script moves all of them at one instant. In a cluster each has a node of its own, so that
// they move tag by tag. The first one goes first, in a script that sees that the lock, which has the
// same hash tag, is still ours; what stands in the others then keeps a writer out that stood still
// between two tags: a generation or a watermark that is later than its own.
#include "load/scripts.h"
#include "load/session.h"

enum { ADVANCE_ATTEMPTS = 5 };

// --- the flip -----------------------------------------------------------------------------------

// All tags at one instant; in a cluster the first tag, whose node has the lock.
static enum err flip_first(
        struct session *s, const struct generation *g, struct view generation, struct view text)
{
    struct view keys[HASH_TAG_COUNT + 1];
    struct strbuf key_text;
    strbuf_init(&key_text, SIZE_MAX);
    unsigned tags = s->has_epoch && s->epoch.tags > g->tags ? s->epoch.tags : g->tags;
    if (redis_route_is_cluster(s->target.route)) {
        tags = 1;
    }
    size_t key_count = session_epoch_keys(s, tags, &key_text, keys);
    struct view args[] = {view_bytes(s->lock.token, LOCK_TOKEN_HEX), generation, text,
            g->tags == 1 ? VIEW("1") : VIEW("64")};
    redisReply *reply = NULL;
    enum err e = key_text.failed != ERR_NONE ? key_text.failed
                                             : target_eval(&s->target, 0, script_flip, key_count,
                                                       keys, 4, args, &reply);
    if (e == ERR_NONE) {
        freeReplyObject(reply);
    }
    strbuf_fini(&key_text);
    return e;
}

static enum err flip_tag(struct session *s, unsigned tag, struct view generation, struct view text)
{
    struct strbuf key;
    strbuf_init(&key, SIZE_MAX);
    packed_add_epoch_key(&key, s->target.prefix, tag);
    struct view keys[] = {strbuf_view(&key)};
    struct view args[] = {generation, text};
    redisReply *reply = NULL;
    enum err e = key.failed != ERR_NONE
                         ? key.failed
                         : target_eval(&s->target, tag, script_flip_tag, 1, keys, 2, args, &reply);
    if (e == ERR_NONE) {
        freeReplyObject(reply);
    }
    strbuf_fini(&key);
    return e;
}

enum err session_flip(struct session *s, const struct generation *g)
{
    struct epoch epoch = {
            .layout = EPOCH_PACKED1,
            .generation = g->number,
            .bucket_bits = g->bucket_bits,
            .bucket_count = (uint64_t)1 << g->bucket_bits,
            .tags = g->tags,
            .record_count = packed_table_count(s->table),
            .source_watermark_ms = s->options->watermark_ms,
            .valid_for_ms = s->options->valid_for_ms,
    };
    struct view id = keyring_key_id(s->key);
    memcpy(epoch.key_id, id.p, id.n);
    struct strbuf generation;
    struct strbuf text;
    strbuf_init(&generation, 32);
    strbuf_init(&text, EPOCH_MAX_BYTES);
    strbuf_add_u64(&generation, g->number);
    epoch_add(&text, &epoch);
    bool is_whole = generation.failed == ERR_NONE && text.failed == ERR_NONE;
    s->target.is_strict = true;
    enum err e = is_whole ? flip_first(s, g, strbuf_view(&generation), strbuf_view(&text))
                          : ERR_NO_MEMORY;
    s->has_flipped = s->has_flipped || e == ERR_NONE;
    bool is_cluster = redis_route_is_cluster(s->target.route);
    for (unsigned tag = 1; tag < HASH_TAG_COUNT && is_cluster && e == ERR_NONE; tag++) {
        e = flip_tag(s, tag, strbuf_view(&generation), strbuf_view(&text));
    }
    s->target.is_strict = false;
    strbuf_fini(&generation);
    strbuf_fini(&text);
    return e;
}

// --- the advance --------------------------------------------------------------------------------

// The epoch after this delta: never fewer than no records, never an earlier watermark.
static struct epoch advanced(const struct session *s, int64_t change)
{
    struct epoch epoch = s->epoch;
    uint64_t removed = change < 0 ? (uint64_t)-change : 0;
    epoch.record_count += change > 0 ? (uint64_t)change : 0;
    epoch.record_count -= removed < epoch.record_count ? removed : epoch.record_count;
    if (s->options->watermark_ms > epoch.source_watermark_ms) {
        epoch.source_watermark_ms = s->options->watermark_ms;
    }
    return epoch;
}

// All tags at one instant; in a cluster the first tag, whose node has the lock.
static enum err advance_first(
        struct session *s, const struct epoch *epoch, struct view text, bool *ret_done)
{
    struct view keys[HASH_TAG_COUNT + 1];
    struct strbuf key_text;
    strbuf_init(&key_text, SIZE_MAX);
    unsigned tags = redis_route_is_cluster(s->target.route) ? 1 : epoch->tags;
    size_t key_count = session_epoch_keys(s, tags, &key_text, keys);
    struct view args[] = {
            view_bytes(s->lock.token, LOCK_TOKEN_HEX), strbuf_view(&s->epoch_text), text};
    redisReply *reply = NULL;
    enum err e = key_text.failed != ERR_NONE ? ERR_NO_MEMORY
                                             : target_eval(&s->target, 0, script_advance, key_count,
                                                       keys, 3, args, &reply);
    if (e == ERR_NONE) {
        *ret_done = reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
        freeReplyObject(reply);
    }
    strbuf_fini(&key_text);
    return e;
}

static enum err advance_tag(
        struct session *s, unsigned tag, const struct epoch *epoch, struct view text)
{
    struct strbuf words; // key, generation, watermark
    strbuf_init(&words, SIZE_MAX);
    packed_add_epoch_key(&words, s->target.prefix, tag);
    size_t key_bytes = words.n;
    strbuf_add_u64(&words, epoch->generation);
    size_t generation_end = words.n;
    strbuf_add_i64(&words, epoch->source_watermark_ms);
    struct view keys[] = {view_bytes(words.p, key_bytes)};
    struct view args[] = {view_bytes(words.p + key_bytes, generation_end - key_bytes),
            view_bytes(words.p + generation_end, words.n - generation_end), text};
    redisReply *reply = NULL;
    enum err e = words.failed != ERR_NONE ? words.failed
                                          : target_eval(&s->target, tag, script_advance_tag, 1,
                                                    keys, 3, args, &reply);
    if (e == ERR_NONE) {
        freeReplyObject(reply);
    }
    strbuf_fini(&words);
    return e;
}

static enum err advance_once(struct session *s, const struct epoch *epoch, bool *ret_done)
{
    struct strbuf text;
    strbuf_init(&text, EPOCH_MAX_BYTES);
    epoch_add(&text, epoch);
    s->target.is_strict = true;
    enum err e = text.failed != ERR_NONE ? text.failed
                                         : advance_first(s, epoch, strbuf_view(&text), ret_done);
    bool is_cluster = redis_route_is_cluster(s->target.route);
    for (unsigned tag = 1; tag < epoch->tags && is_cluster && *ret_done && e == ERR_NONE; tag++) {
        e = advance_tag(s, tag, epoch, strbuf_view(&text));
    }
    s->target.is_strict = false;
    strbuf_fini(&text);
    return e;
}

// A heartbeat may change the epoch in between, so that this is tried anew from what is there by
// then.
enum err session_advance(struct session *s, int64_t change, struct epoch *ret_epoch)
{
    const uint64_t generation = s->epoch.generation;
    for (int i = 0; i < ADVANCE_ATTEMPTS; i++) {
        struct epoch epoch = advanced(s, change);
        bool is_done = false;
        enum err e = advance_once(s, &epoch, &is_done);
        if (e != ERR_NONE) {
            return e;
        }
        if (is_done) {
            *ret_epoch = epoch;
            return ERR_NONE;
        }
        e = session_read_epoch(s);
        if (e != ERR_NONE) {
            return e;
        }
        if (!s->has_epoch || s->epoch.generation != generation) {
            break;
        }
    }
    return session_fail(s, ERR_REFUSED, "the epoch in force is not the one this load began with");
}
