// A full load, in the order of its steps. G is the new generation.
//
//   1. P:{00}:loading gets the geometries of G and of the generation in force
//   2. every bucket of G is written, the empty ones too
//   3. what deltas have changed meanwhile is moved into them (beside.h)
//   4. the flip: one script sees that the lock is still ours and sets every epoch to G; in a cluster
//      tag by tag, the first one with the lock
//   5. the buckets of the generation before go, and what P:{00}:loading says with them
//
// A crash before 4 leaves the old generation in force, one after 4 the new. What it left behind
// stands in P:{00}:loading, and the next full load begins by removing it. G is above every
// generation that is named anywhere, so that a loader that stood still and wakes up writes into a
// generation of its own that nobody will ever read.
#include <stdlib.h>

#include "load/beside.h"
#include "load/bucket_walk.h"
#include "load/session.h"
#include "relationship/packed.h"

enum {
    BUCKET_BITS_LEAST = HASH_TAG_BITS,
    RECORDS_PER_BUCKET = 14, // at most on average; at least half of it
    MSET_BYTES = 256 << 10,
    MSET_PAIRS = 256,
    UNLINK_KEYS = 512,
    BREATHE_BUCKETS = 4096,
    FLIP_ATTEMPTS = 16,
};

// --- commands of many keys ----------------------------------------------------------------------

// One MSET or UNLINK that grows: the bytes of its arguments one behind the other. All keys have one
// hash tag.
struct batch {
    struct view verb;
    struct strbuf bytes;
    size_t ends[2 * MSET_PAIRS];
    size_t count;
    unsigned tag;
};

static void batch_init(struct batch *batch, struct view verb)
{
    *batch = (struct batch){.verb = verb};
    strbuf_init(&batch->bytes, 2 * MSET_BYTES + PACKED_BODY_MAX_BYTES * (size_t)1024);
}

static void batch_end_argument(struct batch *batch)
{
    batch->ends[batch->count++] = batch->bytes.n;
}

static enum err batch_send(struct batch *batch, struct target *target)
{
    if (batch->count == 0) {
        return ERR_NONE;
    }
    struct view args[1 + sizeof batch->ends / sizeof batch->ends[0]];
    args[0] = batch->verb;
    for (size_t i = 0; i < batch->count; i++) {
        size_t from = i == 0 ? 0 : batch->ends[i - 1];
        args[i + 1] = view_bytes(batch->bytes.p + from, batch->ends[i] - from);
    }
    enum err e = batch->bytes.failed != ERR_NONE
                         ? batch->bytes.failed
                         : target_add(target, batch->tag, batch->count + 1, args);
    strbuf_reset(&batch->bytes);
    batch->count = 0;
    return e;
}

// Sends what is there when the next key has another tag or there is enough of it.
static enum err batch_begin_key(struct batch *batch, struct target *target, unsigned tag)
{
    bool is_full = batch->count == sizeof batch->ends / sizeof batch->ends[0] ||
                   batch->bytes.n >= MSET_BYTES;
    enum err e = is_full || tag != batch->tag ? batch_send(batch, target) : ERR_NONE;
    batch->tag = tag;
    return e;
}

// --- removing a generation ----------------------------------------------------------------------

static enum err remove_buckets(struct session *s, const struct generation *g)
{
    struct batch batch;
    batch_init(&batch, VIEW("UNLINK"));
    uint64_t count = (uint64_t)1 << g->bucket_bits;
    s->phase = LOAD_CLEARING;
    enum err e = ERR_NONE;
    for (uint64_t b = 0; b < count && e == ERR_NONE; b++) {
        unsigned tag = packed_bucket_tag((uint32_t)b, g->bucket_bits, g->tags);
        e = batch_begin_key(&batch, &s->target, tag);
        packed_add_bucket_key(&batch.bytes, s->target.prefix, tag, g->number, (uint32_t)b);
        batch_end_argument(&batch);
        if (e == ERR_NONE && (b + 1) % BREATHE_BUCKETS == 0) {
            e = session_breathe(s, b + 1, count);
        }
    }
    if (e == ERR_NONE) {
        e = batch_send(&batch, &s->target);
    }
    strbuf_fini(&batch.bytes);
    return e == ERR_NONE ? target_flush(&s->target) : e;
}

// "generation:bucket_bits:tags", a member of P:{00}:loading.
static void add_member(struct strbuf *sb, const struct generation *g)
{
    strbuf_add_u64(sb, g->number);
    strbuf_add_byte(sb, ':');
    strbuf_add_u64(sb, g->bucket_bits);
    strbuf_add_byte(sb, ':');
    strbuf_add_u64(sb, g->tags);
}

static bool take_number(struct view *text, uint64_t max, uint64_t *ret_number)
{
    uint64_t number = 0;
    size_t digits = 0;
    for (; text->n > 0 && text->p[0] >= '0' && text->p[0] <= '9'; digits++) {
        number = number * 10 + (uint64_t)(text->p[0] - '0');
        if (number > max) {
            return false;
        }
        *text = view_skip(*text, 1);
    }
    *ret_number = number;
    return digits > 0;
}

static bool take_colon(struct view *text)
{
    bool is_there = text->n > 0 && text->p[0] == ':';
    *text = is_there ? view_skip(*text, 1) : *text;
    return is_there;
}

static bool read_member(struct view text, struct generation *ret_g)
{
    uint64_t number;
    uint64_t bits;
    uint64_t tags;
    if (!take_number(&text, UINT64_MAX / 100, &number) || !take_colon(&text) ||
            !take_number(&text, LOAD_BUCKET_BITS_MAX, &bits) || !take_colon(&text) ||
            !take_number(&text, HASH_TAG_COUNT, &tags) || text.n != 0 ||
            !packed_geometry_is_valid((unsigned)bits, (unsigned)tags)) {
        return false;
    }
    *ret_g = (struct generation){number, (unsigned)bits, (unsigned)tags};
    return true;
}

// SADD or SREM.
static enum err change_loading(struct session *s, struct view verb, struct view member)
{
    struct strbuf key;
    strbuf_init(&key, SIZE_MAX);
    packed_add_loading_key(&key, s->target.prefix);
    struct view args[] = {verb, strbuf_view(&key), member};
    redisReply *reply = NULL;
    enum err e = key.failed != ERR_NONE ? key.failed : target_call(&s->target, 0, 3, args, &reply);
    if (e == ERR_NONE) {
        freeReplyObject(reply);
    }
    strbuf_fini(&key);
    return e;
}

static enum err name_generation(struct session *s, struct view verb, const struct generation *g)
{
    struct strbuf member;
    strbuf_init(&member, 64);
    add_member(&member, g);
    enum err e = member.failed != ERR_NONE ? member.failed
                                           : change_loading(s, verb, strbuf_view(&member));
    strbuf_fini(&member);
    return e;
}

static enum err clear_leftover(struct session *s, struct view member, uint64_t *ret_newest)
{
    struct generation g;
    if (!read_member(member, &g)) {
        return change_loading(s, VIEW("SREM"), member);
    }
    *ret_newest = g.number > *ret_newest ? g.number : *ret_newest;
    if (session_is_in_force(s, g.number)) {
        return ERR_NONE;
    }
    enum err e = remove_buckets(s, &g);
    return e == ERR_NONE ? change_loading(s, VIEW("SREM"), member) : e;
}

// Removes what loads before this one left, and raises *ret_newest to the newest generation they
// name.
static enum err clear_leftovers(struct session *s, uint64_t *ret_newest)
{
    struct strbuf key;
    strbuf_init(&key, SIZE_MAX);
    packed_add_loading_key(&key, s->target.prefix);
    struct view args[] = {VIEW("SMEMBERS"), strbuf_view(&key)};
    redisReply *reply = NULL;
    enum err e = key.failed != ERR_NONE ? key.failed : target_call(&s->target, 0, 2, args, &reply);
    strbuf_fini(&key);
    if (e != ERR_NONE) {
        return e;
    }
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        const redisReply *element = reply->element[i];
        if (e == ERR_NONE && element->type == REDIS_REPLY_STRING) {
            e = clear_leftover(s, view_bytes(element->str, (size_t)element->len), ret_newest);
        }
    }
    freeReplyObject(reply);
    return e;
}

// --- writing a generation -----------------------------------------------------------------------

static void add_bucket(struct strbuf *sb, const struct packed_table *table,
        const struct packed_ref *refs, uint64_t count)
{
    strbuf_add_byte(sb, PACKED_VERSION);
    for (uint64_t i = 0; i < count; i++) {
        struct pseudonym pseudonym;
        struct view body;
        packed_table_read(table, &refs[i], &pseudonym, &body);
        packed_add_record(sb, packed_suffix(&pseudonym), body);
    }
}

static enum err write_bucket(struct session *s, struct batch *batch, struct bucket_walk *walk,
        const struct generation *g, uint32_t bucket)
{
    const struct packed_ref *refs = NULL;
    uint64_t count = 0;
    uint32_t next;
    unsigned tag = packed_bucket_tag(bucket, g->bucket_bits, g->tags);
    enum err e = batch_begin_key(batch, &s->target, tag);
    if (e == ERR_NONE && bucket_walk_peek(walk, &next) && next == bucket) {
        e = bucket_walk_take(walk, &refs, &count);
    }
    packed_add_bucket_key(&batch->bytes, s->target.prefix, tag, g->number, bucket);
    batch_end_argument(batch);
    add_bucket(&batch->bytes, s->table, refs, count);
    batch_end_argument(batch);
    return e;
}

static enum err write_buckets(struct session *s, const struct generation *g)
{
    struct batch batch;
    struct bucket_walk walk;
    enum err e = bucket_walk_init(&walk, s->table, g->bucket_bits);
    if (e != ERR_NONE) {
        return e;
    }
    batch_init(&batch, VIEW("MSET"));
    uint64_t count = (uint64_t)1 << g->bucket_bits;
    s->phase = LOAD_WRITING;
    for (uint64_t b = 0; b < count && e == ERR_NONE; b++) {
        e = write_bucket(s, &batch, &walk, g, (uint32_t)b);
        if (e == ERR_NONE && (b + 1) % BREATHE_BUCKETS == 0) {
            e = session_breathe(s, b + 1, count);
        }
    }
    if (e == ERR_NONE) {
        e = batch_send(&batch, &s->target);
    }
    if (e == ERR_NONE) {
        e = target_flush(&s->target);
    }
    strbuf_fini(&batch.bytes);
    bucket_walk_fini(&walk);
    return e;
}

// --- the steps ----------------------------------------------------------------------------------

static unsigned choose_bucket_bits(uint64_t record_count)
{
    unsigned bits = BUCKET_BITS_LEAST;
    while (bits < LOAD_BUCKET_BITS_MAX && record_count > (uint64_t)RECORDS_PER_BUCKET << bits) {
        bits++;
    }
    return bits;
}

// Where none is in force, the wall clock in seconds: so generations do not go back even when the
// database was emptied.
static uint64_t next_generation(const struct session *s, uint64_t newest_named)
{
    uint64_t before = s->has_epoch ? s->epoch.generation : (uint64_t)(clock_wall().ms / 1000);
    for (unsigned tag = 0; tag < HASH_TAG_COUNT; tag++) {
        before = s->generations[tag] > before ? s->generations[tag] : before;
    }
    return (before > newest_named ? before : newest_named) + 1;
}

// Puts g in force once what deltas have changed meanwhile is in it. Deltas that come after all buckets
// were there change these, so that the journal is emptied once.
static enum err flip_with_deltas(struct session *s, const struct generation *g)
{
    bool is_done = false;
    enum err e = ERR_NONE;
    for (int i = 0; i < FLIP_ATTEMPTS && e == ERR_NONE && !is_done; i++) {
        e = beside_drain(s, g);
        e = e == ERR_NONE ? session_flip(s, g, &is_done) : e;
    }
    return e == ERR_NONE && !is_done
                   ? session_fail(s, ERR_UNAVAILABLE, "the journal of deltas is never empty")
                   : e;
}

// Writes g and puts it in force; when that fails, takes it away again as far as Redis lets us.
static enum err replace_generation(
        struct session *s, const struct generation *g, const struct generation *before)
{
    enum err e = name_generation(s, VIEW("SADD"), g);
    if (e == ERR_NONE && before != NULL) {
        e = name_generation(s, VIEW("SADD"), before);
    }
    e = e == ERR_NONE ? beside_begin(s, g) : e;
    for (int i = 0; i < SESSION_ATTEMPTS && e == ERR_NONE; i++) {
        const uint64_t moves = redis_route_moves(s->target.route);
        e = write_buckets(s, g);
        if (e == ERR_NONE && redis_route_moves(s->target.route) == moves) {
            e = flip_with_deltas(s, g);
            if (redis_route_moves(s->target.route) == moves) {
                return e;
            }
            e = target_is_open(&s->target) ? ERR_NONE : e;
        }
    }
    return e == ERR_NONE ? session_fail(s, ERR_UNAVAILABLE, session_moved) : e;
}

static enum err forget_generation(struct session *s, const struct generation *g)
{
    enum err e = remove_buckets(s, g);
    return e == ERR_NONE ? name_generation(s, VIEW("SREM"), g) : e;
}

// Whatever this does, the load has failed and for the reason that target->why keeps.
static void undo(struct session *s, const struct generation *g)
{
    struct strbuf why = s->target.why;
    strbuf_init(&s->target.why, why.ceiling_bytes);
    if (target_is_open(&s->target) && !s->has_flipped) {
        beside_end(s, g);
    }
    bool is_ours = s->lock.is_held && target_is_open(&s->target) && !s->has_flipped;
    if (is_ours && forget_generation(s, g) == ERR_NONE && s->has_epoch) {
        const struct generation in_force = {
                s->epoch.generation, s->epoch.bucket_bits, s->epoch.tags};
        // One that stays named is only looked at once more by the next load.
        (void)!(name_generation(s, VIEW("SREM"), &in_force));
    }
    strbuf_fini(&s->target.why);
    s->target.why = why;
}

enum err load_full(struct session *s)
{
    enum err e = session_read_file(s);
    if (e != ERR_NONE) {
        return e;
    }
    if (packed_table_count(s->table) == 0 && !s->options->allow_empty) {
        return session_fail(s, ERR_DATA,
                "the file names nobody: loaded, it would make every message misdirected "
                "(--allow-empty does it)");
    }
    uint64_t newest_named = 0;
    e = clear_leftovers(s, &newest_named);
    if (e != ERR_NONE) {
        return e;
    }
    unsigned bits = s->options->bucket_bits != 0 ? s->options->bucket_bits
                                                 : choose_bucket_bits(packed_table_count(s->table));
    const struct generation g = {next_generation(s, newest_named), bits, s->options->tags};
    const struct generation before = {s->epoch.generation, s->epoch.bucket_bits, s->epoch.tags};
    e = replace_generation(s, &g, s->has_epoch ? &before : NULL);
    if (e != ERR_NONE) {
        undo(s, &g);
        return e;
    }
    s->result->generation = g.number;
    s->result->record_count = packed_table_count(s->table);
    s->result->bucket_count = (uint64_t)1 << g.bucket_bits;
    s->result->bucket_bits = g.bucket_bits;
    s->result->tags = g.tags;
    s->result->source_watermark_ms = s->options->watermark_ms;
    e = s->has_epoch ? forget_generation(s, &before) : ERR_NONE;
    e = e == ERR_NONE ? name_generation(s, VIEW("SREM"), &g) : e;
    e = e == ERR_NONE ? session_read_epoch(s) : e;
    if (e == ERR_NONE && s->has_epoch && s->epoch.generation == g.number) {
        s->result->record_count = s->epoch.record_count; // deltas have had their part in it
        s->result->source_watermark_ms = s->epoch.source_watermark_ms;
    }
    return e;
}
