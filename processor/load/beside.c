#include "load/beside.h"

#include "load/bucket_walk.h"
#include "load/call.h"
#include "load/scripts.h"
#include "relationship/packed.h"

enum {
    RECORDS_PER_CALL = 256,
    BREATHE_CALLS = 1024,
    FIXED_KEYS = 5,
};
_Static_assert(3 + FIXED_KEYS + 3 + 2 * RECORDS_PER_CALL <= CALL_ARGS_MAX, "a call has room");

static const char journal_scan_count[] = "1000";

static struct view token_of(const struct session *s)
{
    return view_bytes(s->lock.token, LOCK_TOKEN_HEX);
}

// "next1 GENERATION BITS TAGS KEY-ID WATERMARK TOKEN"
static void add_next(struct strbuf *sb, const struct session *s, const struct generation *g)
{
    strbuf_add_text(sb, "next1 ");
    strbuf_add_u64(sb, g->number);
    strbuf_add_byte(sb, ' ');
    strbuf_add_u64(sb, g->bucket_bits);
    strbuf_add_byte(sb, ' ');
    strbuf_add_u64(sb, g->tags);
    strbuf_add_byte(sb, ' ');
    strbuf_add_view(sb, keyring_key_id(s->key));
    strbuf_add_byte(sb, ' ');
    strbuf_add_i64(sb, s->options->watermark_ms);
    strbuf_add_byte(sb, ' ');
    strbuf_add_view(sb, token_of(s));
}

// The word up to the next blank or the end.
static struct view take_word(struct view *text)
{
    const char *blank = text->n > 0 ? memchr(text->p, ' ', text->n) : NULL;
    struct view word = {text->p, blank != NULL ? (size_t)(blank - text->p) : text->n};
    *text = view_skip(*text, blank != NULL ? word.n + 1 : word.n);
    return word;
}

static bool read_number(struct view word, uint64_t max, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] < '0' || word.p[i] > '9' || number > max / 10) {
            return false;
        }
        number = number * 10 + (uint64_t)(word.p[i] - '0');
    }
    *ret_number = number;
    return word.n > 0 && number <= max;
}

struct next {
    struct generation g;
    struct view key_id;
    int64_t watermark_ms;
    struct view token;
};

static bool read_next(struct view text, struct next *ret_next)
{
    uint64_t numbers[3];
    uint64_t watermark_ms;
    if (!view_is(take_word(&text), "next1")) {
        return false;
    }
    for (size_t i = 0; i < 3; i++) {
        if (!read_number(take_word(&text), (uint64_t)1 << 53, &numbers[i])) {
            return false;
        }
    }
    ret_next->key_id = take_word(&text);
    if (!read_number(take_word(&text), (uint64_t)1 << 53, &watermark_ms) ||
            numbers[1] > LOAD_BUCKET_BITS_MAX || numbers[2] > HASH_TAG_COUNT ||
            !packed_geometry_is_valid((unsigned)numbers[1], (unsigned)numbers[2])) {
        return false;
    }
    ret_next->g = (struct generation){numbers[0], (unsigned)numbers[1], (unsigned)numbers[2]};
    ret_next->watermark_ms = (int64_t)watermark_ms;
    ret_next->token = take_word(&text);
    return ret_next->token.n == LOCK_TOKEN_HEX && text.n == 0;
}

// --- the loader ---------------------------------------------------------------------------------

struct beside_keys {
    struct strbuf next;
    struct strbuf journal;
    struct strbuf load_lock;
    struct strbuf epoch;
};

static enum err keys_init(struct beside_keys *keys, const struct session *s)
{
    strbuf_init(&keys->next, SIZE_MAX);
    strbuf_init(&keys->journal, SIZE_MAX);
    strbuf_init(&keys->load_lock, SIZE_MAX);
    strbuf_init(&keys->epoch, SIZE_MAX);
    packed_add_next_key(&keys->next, s->target.prefix);
    packed_add_journal_key(&keys->journal, s->target.prefix);
    packed_add_lock_key(&keys->load_lock, s->target.prefix);
    packed_add_epoch_key(&keys->epoch, s->target.prefix, 0);
    bool is_whole = keys->next.failed == ERR_NONE && keys->journal.failed == ERR_NONE &&
                    keys->load_lock.failed == ERR_NONE && keys->epoch.failed == ERR_NONE;
    return is_whole ? ERR_NONE : ERR_NO_MEMORY;
}

static void keys_fini(struct beside_keys *keys)
{
    strbuf_fini(&keys->next);
    strbuf_fini(&keys->journal);
    strbuf_fini(&keys->load_lock);
    strbuf_fini(&keys->epoch);
}

enum err beside_begin(struct session *s, const struct generation *g)
{
    struct beside_keys keys;
    struct strbuf words; // next, the watermark
    strbuf_init(&words, SIZE_MAX);
    enum err e = keys_init(&keys, s);
    add_next(&words, s, g);
    size_t next_bytes = words.n;
    if (!s->options->allow_older) {
        strbuf_add_i64(&words, s->options->watermark_ms);
    }
    struct view key_views[] = {strbuf_view(&keys.load_lock), strbuf_view(&keys.next),
            strbuf_view(&keys.journal), strbuf_view(&keys.epoch)};
    struct view args[] = {token_of(s), view_bytes(words.p, next_bytes),
            view_bytes(words.p + next_bytes, words.n - next_bytes)};
    redisReply *reply = NULL;
    e = e == ERR_NONE ? words.failed : e;
    e = e == ERR_NONE ? target_eval(&s->target, 0, script_begin, 4, key_views, 3, args, &reply) : e;
    if (e == ERR_NONE) {
        freeReplyObject(reply);
    }
    strbuf_fini(&words);
    keys_fini(&keys);
    return e;
}

void beside_end(struct session *s, const struct generation *g)
{
    struct beside_keys keys;
    struct strbuf text;
    strbuf_init(&text, SIZE_MAX);
    enum err e = keys_init(&keys, s);
    add_next(&text, s, g);
    struct view key_views[] = {strbuf_view(&keys.next), strbuf_view(&keys.journal)};
    struct view args[] = {strbuf_view(&text)};
    redisReply *reply = NULL;
    // Nothing hangs on it (4).
    if (e == ERR_NONE && text.failed == ERR_NONE &&
            target_eval(&s->target, 0, script_end, 2, key_views, 1, args, &reply) == ERR_NONE) {
        freeReplyObject(reply);
    }
    strbuf_fini(&text);
    keys_fini(&keys);
}

static enum err drain_one(struct session *s, struct call *call, const struct beside_keys *keys,
        const struct generation *g, struct view field)
{
    struct pseudonym pseudonym;
    if (field.n != PSEUDONYM_BYTES) {
        return ERR_NONE; // the count
    }
    memcpy(pseudonym.bytes, field.p, PSEUDONYM_BYTES);
    uint32_t bucket = packed_bucket_number(&pseudonym, g->bucket_bits);
    unsigned tag = packed_bucket_tag(bucket, g->bucket_bits, g->tags);
    call_begin(call, tag, 3);
    call_add(call, strbuf_view(&keys->load_lock));
    call_add(call, strbuf_view(&keys->journal));
    packed_add_bucket_key(&call->bytes, s->target.prefix, tag, g->number, bucket);
    call_end_argument(call);
    call_add(call, token_of(s));
    call_add(call, field);
    return call_send(call, s);
}

// One page of the journal. `cursor` moves on; "0" = the last one.
static enum err drain_page(struct session *s, struct call *call, const struct beside_keys *keys,
        const struct generation *g, struct strbuf *cursor)
{
    struct view args[] = {VIEW("HSCAN"), strbuf_view(&keys->journal), strbuf_view(cursor),
            VIEW("COUNT"), view_of(journal_scan_count)};
    redisReply *reply = NULL;
    enum err e = target_call(&s->target, 0, sizeof args / sizeof args[0], args, &reply);
    if (e != ERR_NONE) {
        return e;
    }
    bool is_page = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
                   reply->element[0]->type == REDIS_REPLY_STRING &&
                   reply->element[1]->type == REDIS_REPLY_ARRAY;
    if (!is_page) {
        freeReplyObject(reply);
        return session_fail(s, ERR_PROTOCOL, "HSCAN was answered with something else");
    }
    const redisReply *fields = reply->element[1];
    for (size_t i = 0; i + 1 < fields->elements && e == ERR_NONE; i += 2) {
        const redisReply *field = fields->element[i];
        e = drain_one(s, call, keys, g, view_bytes(field->str, field->len));
    }
    strbuf_reset(cursor);
    strbuf_add(cursor, reply->element[0]->str, reply->element[0]->len);
    freeReplyObject(reply);
    e = e == ERR_NONE ? cursor->failed : e;
    return e == ERR_NONE ? target_flush(&s->target) : e;
}

enum err beside_drain(struct session *s, const struct generation *g)
{
    if (redis_route_is_cluster(s->target.route)) {
        return ERR_NONE;
    }
    struct beside_keys keys;
    struct call call;
    struct strbuf cursor;
    strbuf_init(&cursor, 64);
    strbuf_add_text(&cursor, "0");
    enum err e = keys_init(&keys, s);
    enum err begun = call_init(&call, s, script_drain);
    e = e == ERR_NONE ? begun : e;
    for (bool is_first = true; e == ERR_NONE && (is_first || !view_is(strbuf_view(&cursor), "0"));
            is_first = false) {
        e = drain_page(s, &call, &keys, g, &cursor);
        e = e == ERR_NONE ? session_breathe(s, 0, 0) : e;
    }
    call_fini(&call);
    keys_fini(&keys);
    strbuf_fini(&cursor);
    return e;
}

// --- the delta ----------------------------------------------------------------------------------

static void add_record(
        struct call *call, const struct packed_table *table, const struct packed_ref *ref)
{
    struct pseudonym pseudonym;
    struct view body;
    packed_table_read(table, ref, &pseudonym, &body);
    strbuf_add(&call->bytes, pseudonym.bytes, PSEUDONYM_BYTES);
    call_end_argument(call);
    call_add_record(call, &pseudonym, body);
}

static void begin_write(struct session *s, struct call *call, const struct beside_keys *keys,
        const struct next *next, uint32_t bucket)
{
    unsigned tag = packed_bucket_tag(bucket, next->g.bucket_bits, next->g.tags);
    call_begin(call, tag, FIXED_KEYS);
    call_add(call, strbuf_view(&keys->next));
    call_add(call, strbuf_view(&keys->load_lock));
    call_add(call, strbuf_view(&keys->journal));
    packed_add_bucket_key(&call->bytes, s->target.prefix, tag, next->g.number, bucket);
    call_end_argument(call);
    call_add(call, strbuf_view(&s->lock.key));
    call_add(call, strbuf_view(&s->next));
    call_add(call, next->token);
    call_add(call, token_of(s));
}

static enum err write_bucket(struct session *s, struct call *call, const struct beside_keys *keys,
        const struct next *next, struct bucket_walk *walk, uint32_t bucket)
{
    const struct packed_ref *refs = NULL;
    uint64_t count = 0;
    enum err e = bucket_walk_take(walk, &refs, &count);
    for (uint64_t at = 0; at < count && e == ERR_NONE;) {
        begin_write(s, call, keys, next, bucket);
        for (unsigned i = 0; i < RECORDS_PER_CALL && at < count; i++, at++) {
            add_record(call, s->table, &refs[at]);
        }
        e = call_send(call, s);
    }
    return e;
}

static enum err write_table(
        struct session *s, const struct beside_keys *keys, const struct next *next)
{
    struct call call;
    struct bucket_walk walk;
    uint32_t bucket;
    enum err e = bucket_walk_init(&walk, s->table, next->g.bucket_bits);
    if (e != ERR_NONE) {
        return e;
    }
    // What these calls answer is no change of the data in force.
    const int64_t integers = s->target.integers;
    e = call_init(&call, s, script_beside);
    for (uint64_t calls = 1; e == ERR_NONE && bucket_walk_peek(&walk, &bucket); calls++) {
        e = write_bucket(s, &call, keys, next, &walk, bucket);
        if (e == ERR_NONE && calls % BREATHE_CALLS == 0) {
            e = session_breathe(s, walk.at, walk.count);
        }
    }
    e = e == ERR_NONE ? target_flush(&s->target) : e;
    s->target.integers = integers;
    call_fini(&call);
    bucket_walk_fini(&walk);
    return e;
}

static enum err get_text(struct session *s, struct view key, struct strbuf *text)
{
    struct view args[] = {VIEW("GET"), key};
    redisReply *reply = NULL;
    enum err e = target_call(&s->target, 0, 2, args, &reply);
    strbuf_reset(text);
    if (e == ERR_NONE && reply->type == REDIS_REPLY_STRING) {
        strbuf_add(text, reply->str, reply->len);
        e = text->failed;
    }
    freeReplyObject(reply);
    return e;
}

// Reads who is at work into s->next; empty = nobody. Between the two reads it may change: the script
// that writes compares both.
static enum err look_for_load(
        struct session *s, const struct beside_keys *keys, struct next *ret_next, bool *ret_found)
{
    struct strbuf token;
    strbuf_init(&token, EPOCH_MAX_BYTES);
    enum err e = get_text(s, strbuf_view(&keys->next), &s->next);
    e = e == ERR_NONE ? get_text(s, strbuf_view(&keys->load_lock), &token) : e;
    *ret_found = e == ERR_NONE && read_next(strbuf_view(&s->next), ret_next) &&
                 view_equal(ret_next->token, strbuf_view(&token));
    strbuf_fini(&token);
    return e;
}

enum err beside_join(struct session *s)
{
    if (redis_route_is_cluster(s->target.route)) {
        return ERR_NONE;
    }
    struct beside_keys keys;
    struct next next;
    bool is_found = false;
    enum err e = keys_init(&keys, s);
    e = e == ERR_NONE ? look_for_load(s, &keys, &next, &is_found) : e;
    bool is_newer =
            is_found && (s->options->allow_older || s->options->watermark_ms >= next.watermark_ms);
    if (e == ERR_NONE && is_newer && !view_equal(next.key_id, keyring_key_id(s->key))) {
        e = session_fail(s, ERR_LOCKED,
                "a full load under another key is at work: load the delta again after it");
    } else if (e == ERR_NONE && is_newer) {
        e = write_table(s, &keys, &next);
    }
    keys_fini(&keys);
    return e;
}
