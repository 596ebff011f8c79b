// A delta: one script a bucket, each atomic and each by itself, into the generation in force.
// Applying one twice gives the same data, so that a delta that broke off is simply loaded again.
// The epoch's count and watermark move at the end.
#include "load/beside.h"
#include "load/bucket_walk.h"
#include "load/call.h"
#include "load/scripts.h"
#include "load/session.h"
#include "relationship/packed.h"

enum {
    RECORDS_PER_CALL = 256,
    BREATHE_CALLS = 1024,
    FLIPS_MAX = 8, // full loads that come into force under one delta
};

// --- changing buckets ---------------------------------------------------------------------------

static void change_begin(const struct session *s, struct call *call, uint32_t bucket)
{
    const struct epoch *epoch = &s->epoch;
    unsigned tag = packed_bucket_tag(bucket, epoch->bucket_bits, epoch->tags);
    // The lock is on another node of a cluster, so that only elsewhere a writer is kept out that
    // stood still for longer than its lock lived.
    bool has_lock = !redis_route_is_cluster(s->target.route);
    call_begin(call, tag, has_lock ? 3 : 2);
    packed_add_epoch_key(&call->bytes, s->target.prefix, tag);
    call_end_argument(call);
    packed_add_bucket_key(&call->bytes, s->target.prefix, tag, epoch->generation, bucket);
    call_end_argument(call);
    if (has_lock) {
        call_add(call, strbuf_view(&s->lock.key));
    }
    strbuf_add_u64(&call->bytes, epoch->generation);
    call_end_argument(call);
    if (has_lock) {
        call_add(call, view_bytes(s->lock.token, LOCK_TOKEN_HEX));
    }
}

static void change_add_record(
        struct call *call, const struct packed_table *table, const struct packed_ref *ref)
{
    struct pseudonym pseudonym;
    struct view body;
    packed_table_read(table, ref, &pseudonym, &body);
    call_add_record(call, &pseudonym, body);
}

static enum err change_bucket(
        struct session *s, struct call *call, struct bucket_walk *walk, uint32_t bucket)
{
    const struct packed_ref *refs = NULL;
    uint64_t count = 0;
    enum err e = bucket_walk_take(walk, &refs, &count);
    for (uint64_t at = 0; at < count && e == ERR_NONE;) {
        change_begin(s, call, bucket);
        for (unsigned i = 0; i < RECORDS_PER_CALL && at < count; i++, at++) {
            change_add_record(call, s->table, &refs[at]);
        }
        e = call_send(call, s);
    }
    return e;
}

enum err session_change_buckets(struct session *s)
{
    struct call call;
    struct bucket_walk walk;
    uint32_t bucket;
    enum err e = bucket_walk_init(&walk, s->table, s->epoch.bucket_bits);
    if (e != ERR_NONE) {
        return e;
    }
    s->phase = LOAD_WRITING;
    e = call_init(&call, s, script_change);
    for (uint64_t calls = 1; e == ERR_NONE && bucket_walk_peek(&walk, &bucket); calls++) {
        e = change_bucket(s, &call, &walk, bucket);
        s->result->bucket_count++;
        if (e == ERR_NONE && calls % BREATHE_CALLS == 0) {
            e = session_breathe(s, walk.at, walk.count);
        }
    }
    if (e == ERR_NONE) {
        e = target_flush(&s->target);
    }
    call_fini(&call);
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
        e = e == ERR_NONE ? beside_join(s) : e;
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

// Whether a full load has come into force since the delta began, so that it has to be applied to that
// one.
static enum err look_for_flip(struct session *s, uint64_t before, bool *ret_flipped)
{
    struct strbuf why = s->target.why;
    strbuf_init(&s->target.why, why.ceiling_bytes);
    enum err e = session_read_epoch(s);
    *ret_flipped = e == ERR_NONE && s->has_epoch && s->epoch.generation > before;
    if (*ret_flipped) {
        strbuf_fini(&why);
        const struct keyring_key *key = s->key;
        e = session_take_epochs_key(s);
        return e == ERR_NONE && s->key != key ? session_fail(s, ERR_LOCKED,
                                                        "a full load under another key came into "
                                                        "force: load the delta again")
                                              : e;
    }
    strbuf_fini(&s->target.why);
    s->target.why = why;
    return ERR_NONE;
}

static enum err apply_to_what_is_in_force(struct session *s, struct epoch *ret_epoch)
{
    enum err e = ERR_REFUSED;
    bool is_flipped = true;
    for (int i = 0; i < FLIPS_MAX && e == ERR_REFUSED && is_flipped; i++) {
        const uint64_t generation = s->epoch.generation;
        s->target.integers = 0;
        e = apply_changes(s, ret_epoch);
        is_flipped = false;
        if (e == ERR_REFUSED && target_is_open(&s->target) &&
                !redis_route_is_cluster(s->target.route)) {
            enum err looked = look_for_flip(s, generation, &is_flipped);
            e = looked != ERR_NONE ? looked : e;
        }
    }
    return e;
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
    struct epoch epoch = s->epoch;
    e = apply_to_what_is_in_force(s, &epoch);
    if (e == ERR_NONE) {
        s->result->generation = epoch.generation;
        s->result->record_count = epoch.record_count;
        s->result->bucket_bits = epoch.bucket_bits;
        s->result->tags = epoch.tags;
        s->result->source_watermark_ms = epoch.source_watermark_ms;
    }
    return e;
}
