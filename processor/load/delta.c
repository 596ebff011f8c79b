// A delta: one script a bucket, each atomic and each by itself, into the generation in force.
// Applying one twice gives the same data, so that a delta that broke off is simply loaded again.
// The epoch's count and watermark move at the end.
#include "load/bucket_walk.h"
#include "load/scripts.h"
#include "load/session.h"
#include "relationship/packed.h"

enum {
    RECORDS_PER_CALL = 256,
    BREATHE_CALLS = 1024,
    ADVANCE_ATTEMPTS = 5,
    FIXED_ARGS = 6, // EVALSHA sha 2 epoch bucket generation
    SHA1_HEX = 40,
};

// --- changing buckets ---------------------------------------------------------------------------

// The arguments of one call; views into `bytes` are made when all of them are there.
struct change {
    char sha[SHA1_HEX + 1];
    struct strbuf bytes;
    size_t ends[FIXED_ARGS + RECORDS_PER_CALL];
    size_t count;
};

static void change_end_argument(struct change *change)
{
    change->ends[change->count++] = change->bytes.n;
}

static void change_add_argument(struct change *change, struct view argument)
{
    strbuf_add_view(&change->bytes, argument);
    change_end_argument(change);
}

static void change_begin(const struct session *s, struct change *change, uint32_t bucket)
{
    const struct epoch *epoch = &s->epoch;
    unsigned tag = packed_bucket_tag(bucket, epoch->bucket_bits, epoch->tags);
    strbuf_reset(&change->bytes);
    change->count = 0;
    change_add_argument(change, VIEW("EVALSHA"));
    change_add_argument(change, view_bytes(change->sha, SHA1_HEX));
    change_add_argument(change, VIEW("2"));
    packed_add_epoch_key(&change->bytes, s->target.prefix, tag);
    change_end_argument(change);
    packed_add_bucket_key(&change->bytes, s->target.prefix, tag, epoch->generation, bucket);
    change_end_argument(change);
    strbuf_add_u64(&change->bytes, epoch->generation);
    change_end_argument(change);
}

static enum err change_send(struct session *s, const struct change *change)
{
    struct view args[FIXED_ARGS + RECORDS_PER_CALL];
    for (size_t i = 0; i < change->count; i++) {
        size_t from = i == 0 ? 0 : change->ends[i - 1];
        args[i] = view_bytes(change->bytes.p + from, change->ends[i] - from);
    }
    return change->bytes.failed != ERR_NONE ? change->bytes.failed
                                            : target_add(&s->target, change->count, args);
}

static void change_add_record(
        struct change *change, const struct packed_table *table, const struct packed_ref *ref)
{
    struct pseudonym pseudonym;
    struct view body;
    packed_table_read(table, ref, &pseudonym, &body);
    if (body.n == 0) {
        strbuf_add(&change->bytes, packed_suffix(&pseudonym), PACKED_SUFFIX_BYTES);
    } else {
        packed_add_record(&change->bytes, packed_suffix(&pseudonym), body);
    }
    change_end_argument(change);
}

static enum err change_bucket(
        struct session *s, struct change *change, struct bucket_walk *walk, uint32_t bucket)
{
    const struct packed_ref *refs = NULL;
    uint64_t count = 0;
    enum err e = bucket_walk_take(walk, &refs, &count);
    for (uint64_t at = 0; at < count && e == ERR_NONE;) {
        change_begin(s, change, bucket);
        for (unsigned i = 0; i < RECORDS_PER_CALL && at < count; i++, at++) {
            change_add_record(change, s->table, &refs[at]);
        }
        e = change_send(s, change);
    }
    return e;
}

static enum err load_script(struct session *s, struct change *change)
{
    struct view args[] = {VIEW("SCRIPT"), VIEW("LOAD"), view_of(script_change)};
    redisReply *reply = NULL;
    enum err e = target_call(&s->target, 3, args, &reply);
    if (e != ERR_NONE) {
        return e;
    }
    if (reply->type == REDIS_REPLY_STRING && reply->len == SHA1_HEX) {
        memcpy(change->sha, reply->str, SHA1_HEX + 1);
    } else {
        e = session_fail(s, ERR_PROTOCOL, "SCRIPT LOAD was answered with something else");
    }
    freeReplyObject(reply);
    return e;
}

static enum err change_buckets(struct session *s)
{
    struct change change = {.count = 0};
    struct bucket_walk walk;
    uint32_t bucket;
    enum err e = bucket_walk_init(&walk, s->table, s->epoch.bucket_bits);
    if (e != ERR_NONE) {
        return e;
    }
    strbuf_init(&change.bytes, (size_t)(PACKED_BODY_MAX_BYTES + 64) * RECORDS_PER_CALL);
    s->phase = LOAD_WRITING;
    e = load_script(s, &change);
    for (uint64_t calls = 1; e == ERR_NONE && bucket_walk_peek(&walk, &bucket); calls++) {
        e = change_bucket(s, &change, &walk, bucket);
        s->result->bucket_count++;
        if (e == ERR_NONE && calls % BREATHE_CALLS == 0) {
            e = session_breathe(s, walk.at, walk.count);
        }
    }
    if (e == ERR_NONE) {
        e = target_flush(&s->target);
    }
    strbuf_fini(&change.bytes);
    bucket_walk_fini(&walk);
    return e;
}

// --- the epoch ----------------------------------------------------------------------------------

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

static enum err advance_once(struct session *s, const struct epoch *epoch, bool *ret_done)
{
    struct view keys[HASH_TAG_COUNT + 1];
    struct strbuf key_text;
    struct strbuf text;
    strbuf_init(&key_text, SIZE_MAX);
    strbuf_init(&text, EPOCH_MAX_BYTES);
    epoch_add(&text, epoch);
    size_t key_count = session_epoch_keys(s, epoch->tags, &key_text, keys);
    struct view args[] = {view_bytes(s->lock.token, LOCK_TOKEN_HEX), strbuf_view(&s->epoch_text),
            strbuf_view(&text)};
    redisReply *reply = NULL;
    enum err e =
            key_text.failed != ERR_NONE || text.failed != ERR_NONE
                    ? ERR_NO_MEMORY
                    : target_eval(&s->target, script_advance, key_count, keys, 3, args, &reply);
    if (e == ERR_NONE) {
        *ret_done = reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
        freeReplyObject(reply);
    }
    strbuf_fini(&key_text);
    strbuf_fini(&text);
    return e;
}

// A heartbeat may change the epoch in between, so that this is tried anew from what is there by
// then.
static enum err advance(struct session *s, int64_t change, struct epoch *ret_epoch)
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

// --- the steps ----------------------------------------------------------------------------------

static enum err take_epochs_key(struct session *s)
{
    if (!s->has_epoch) {
        return session_fail(s, ERR_REFUSED,
                "no packed data is in force: a full load must come first (without --delta)");
    }
    const struct keyring_key *key = keyring_find(s->options->ring, view_of(s->epoch.key_id));
    if (key == NULL) {
        return session_fail(s, ERR_CONFIG,
                "the data in force was packed with a key that is not configured: a full load is "
                "needed");
    }
    s->key = key;
    return ERR_NONE;
}

enum err load_delta(struct session *s)
{
    enum err e = take_epochs_key(s);
    if (e == ERR_NONE) {
        e = session_read_file(s);
    }
    if (e != ERR_NONE) {
        return e;
    }
    s->target.integers = 0;
    e = change_buckets(s);
    if (e != ERR_NONE) {
        return e;
    }
    struct epoch epoch = s->epoch;
    e = advance(s, s->target.integers, &epoch);
    if (e == ERR_NONE) {
        s->result->generation = epoch.generation;
        s->result->record_count = epoch.record_count;
        s->result->bucket_bits = epoch.bucket_bits;
        s->result->tags = epoch.tags;
        s->result->source_watermark_ms = epoch.source_watermark_ms;
    }
    return e;
}
