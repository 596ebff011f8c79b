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
    FIXED_ARGS = 8, // EVALSHA sha 3 epoch bucket lock generation token
    SHA1_HEX = 40,
};

// --- changing buckets ---------------------------------------------------------------------------

// The arguments of one call; views into `bytes` are made when all of them are there.
struct change {
    char sha[SHA1_HEX + 1];
    struct strbuf bytes;
    size_t ends[FIXED_ARGS + RECORDS_PER_CALL];
    size_t count;
    unsigned tag;
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
    // In a cluster a node that gets a slot under way may not have the script yet.
    bool is_cluster = redis_route_is_cluster(s->target.route);
    change->tag = tag;
    change_add_argument(change, is_cluster ? VIEW("EVAL") : VIEW("EVALSHA"));
    change_add_argument(
            change, is_cluster ? view_of(script_change) : view_bytes(change->sha, SHA1_HEX));
    // The lock is on another node of a cluster, so that only elsewhere a writer is kept out that
    // stood still for longer than its lock lived.
    change_add_argument(change, is_cluster ? VIEW("2") : VIEW("3"));
    packed_add_epoch_key(&change->bytes, s->target.prefix, tag);
    change_end_argument(change);
    packed_add_bucket_key(&change->bytes, s->target.prefix, tag, epoch->generation, bucket);
    change_end_argument(change);
    if (!is_cluster) {
        packed_add_lock_key(&change->bytes, s->target.prefix);
        change_end_argument(change);
    }
    strbuf_add_u64(&change->bytes, epoch->generation);
    change_end_argument(change);
    if (!is_cluster) {
        change_add_argument(change, view_bytes(s->lock.token, LOCK_TOKEN_HEX));
    }
}

static enum err change_send(struct session *s, const struct change *change)
{
    struct view args[FIXED_ARGS + RECORDS_PER_CALL];
    for (size_t i = 0; i < change->count; i++) {
        size_t from = i == 0 ? 0 : change->ends[i - 1];
        args[i] = view_bytes(change->bytes.p + from, change->ends[i] - from);
    }
    return change->bytes.failed != ERR_NONE
                   ? change->bytes.failed
                   : target_add(&s->target, change->tag, change->count, args);
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
    if (redis_route_is_cluster(s->target.route)) {
        return ERR_NONE;
    }
    struct view args[] = {VIEW("SCRIPT"), VIEW("LOAD"), view_of(script_change)};
    redisReply *reply = NULL;
    enum err e = target_call(&s->target, 0, 3, args, &reply);
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

enum err session_change_buckets(struct session *s)
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

// --- the steps ----------------------------------------------------------------------------------

enum err session_take_epochs_key(struct session *s)
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

static enum err check_generations(struct session *s)
{
    for (unsigned tag = 0; tag < HASH_TAG_COUNT; tag++) {
        if (s->generations[tag] != s->epoch.generation) {
            return session_fail(
                    s, ERR_REFUSED, "a full load broke off in its flip: a full load is needed");
        }
    }
    return ERR_NONE;
}

// The changes and the epoch that says that they are in. In a cluster that moved slots meanwhile a
// change may have been lost with a master, so that all of it is done again.
static enum err apply_changes(struct session *s, struct epoch *ret_epoch)
{
    for (int i = 0; i < SESSION_ATTEMPTS; i++) {
        const uint64_t moves = redis_route_moves(s->target.route);
        enum err e = i == 0 ? ERR_NONE : session_read_epoch(s);
        e = e == ERR_NONE ? session_change_buckets(s) : e;
        bool has_moved = redis_route_moves(s->target.route) != moves;
        if (e == ERR_NONE && !has_moved) {
            e = session_advance(s, s->target.integers, ret_epoch);
            has_moved = redis_route_moves(s->target.route) != moves;
        }
        if (!has_moved || !target_is_open(&s->target)) {
            return e;
        }
    }
    return session_fail(s, ERR_UNAVAILABLE, session_moved);
}

enum err load_delta(struct session *s)
{
    enum err e = session_take_epochs_key(s);
    if (e == ERR_NONE) {
        e = check_generations(s);
    }
    if (e == ERR_NONE) {
        e = session_read_file(s);
    }
    if (e != ERR_NONE) {
        return e;
    }
    s->target.integers = 0;
    struct epoch epoch = s->epoch;
    e = apply_changes(s, &epoch);
    if (e == ERR_NONE) {
        s->result->generation = epoch.generation;
        s->result->record_count = epoch.record_count;
        s->result->bucket_bits = epoch.bucket_bits;
        s->result->tags = epoch.tags;
        s->result->source_watermark_ms = epoch.source_watermark_ms;
    }
    return e;
}
