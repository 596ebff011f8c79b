#include "load/load.h"

#include <stdlib.h>

#include "load/session.h"
#include "relationship/packed.h"

enum { PROGRESS_MS = 1000 };

const char session_moved[] = "the cluster kept moving slots under the load: load again later";

// A country's numbers and more.
static const uint64_t TABLE_MAX_COUNT = (uint64_t)1 << 31;

enum err session_fail(struct session *s, enum err e, const char *text)
{
    strbuf_reset(&s->target.why);
    strbuf_add_text(&s->target.why, text);
    return e;
}

enum err session_breathe(struct session *s, uint64_t done, uint64_t total)
{
    enum err e = writer_lock_renew_if_due(&s->lock, &s->target);
    if (e == ERR_NONE && s->other_lock != NULL) {
        e = writer_lock_renew_if_due(s->other_lock, &s->target);
    }
    if (e != ERR_NONE || s->options->progress == NULL) {
        return e;
    }
    struct mono_time now = clock_mono();
    if (now.ns < s->next_progress.ns && done != total) {
        return ERR_NONE;
    }
    s->next_progress = mono_after_ms(now, PROGRESS_MS);
    e = s->options->progress(s->options->progress_self, s->phase, done, total);
    return e == ERR_NONE ? e : session_fail(s, e, "interrupted");
}

static enum err get_epoch(struct session *s, unsigned tag, redisReply **ret_reply)
{
    struct strbuf key;
    strbuf_init(&key, SIZE_MAX);
    packed_add_epoch_key(&key, s->target.prefix, tag);
    struct view args[] = {VIEW("GET"), strbuf_view(&key)};
    enum err e =
            key.failed != ERR_NONE ? key.failed : target_call(&s->target, tag, 2, args, ret_reply);
    strbuf_fini(&key);
    return e;
}

enum err session_read_generations(struct session *s)
{
    for (unsigned tag = 0; tag < HASH_TAG_COUNT; tag++) {
        redisReply *reply = NULL;
        struct epoch epoch;
        s->generations[tag] = s->has_epoch ? s->epoch.generation : 0;
        if (tag == 0 || !redis_route_is_cluster(s->target.route)) {
            continue;
        }
        enum err e = get_epoch(s, tag, &reply);
        if (e != ERR_NONE) {
            return e;
        }
        bool is_text = reply->type == REDIS_REPLY_STRING && reply->len <= EPOCH_MAX_BYTES;
        bool is_good = is_text &&
                       epoch_parse(&epoch, view_bytes(reply->str, (size_t)reply->len)) == ERR_NONE;
        s->generations[tag] = is_good ? epoch.generation : 0;
        freeReplyObject(reply);
    }
    return ERR_NONE;
}

bool session_is_in_force(const struct session *s, uint64_t generation)
{
    for (unsigned tag = 0; tag < HASH_TAG_COUNT; tag++) {
        if (s->generations[tag] == generation && generation != 0) {
            return true;
        }
    }
    return false;
}

enum err session_read_epoch(struct session *s)
{
    redisReply *reply = NULL;
    enum err e = get_epoch(s, 0, &reply);
    if (e != ERR_NONE) {
        return e;
    }
    s->has_epoch = false;
    if (reply->type == REDIS_REPLY_STRING && reply->len <= EPOCH_MAX_BYTES) {
        strbuf_reset(&s->epoch_text);
        strbuf_add(&s->epoch_text, reply->str, (size_t)reply->len);
        e = s->epoch_text.failed;
        s->has_epoch = epoch_parse(&s->epoch, strbuf_view(&s->epoch_text)) == ERR_NONE &&
                       s->epoch.layout == EPOCH_PACKED1;
    }
    freeReplyObject(reply);
    return e;
}

size_t session_epoch_keys(const struct session *s, unsigned tags, struct strbuf *text,
        struct view ret_keys[HASH_TAG_COUNT])
{
    size_t ends[HASH_TAG_COUNT];
    size_t count = 0;
    for (unsigned tag = 0; tag < tags; tag++) {
        packed_add_epoch_key(text, s->target.prefix, tag);
        ends[count++] = text->n;
    }
    for (size_t i = 0; i < count; i++) {
        size_t from = i == 0 ? 0 : ends[i - 1];
        ret_keys[i] = view_bytes(strbuf_view(text).p + from, ends[i] - from);
    }
    return count;
}

// --- the file ---------------------------------------------------------------------------------

static enum err session_apply(void *self, const struct relationship *rel)
{
    struct session *s = self;
    struct pseudonym pseudonym = keyring_pseudonym(s->key, rel->recipient);
    strbuf_reset(&s->body);
    if (rel->deleted && !s->options->is_delta) {
        packed_table_remove(s->table, &pseudonym);
        return ERR_NONE;
    }
    if (!rel->deleted) {
        packed_add_body(&s->body, s->key, rel);
    }
    return s->body.failed != ERR_NONE
                   ? s->body.failed
                   : packed_table_put(s->table, &pseudonym, strbuf_view(&s->body));
}

static enum err session_tick(void *self, const struct feed_report *report)
{
    return session_breathe(self, report->lines, 0);
}

enum err session_read_file(struct session *s)
{
    const struct feed feed = {
            .path = s->options->path,
            .default_region = s->options->default_region,
            .skip_bad = s->options->skip_bad,
            .apply = session_apply,
            .tick = session_tick,
            .self = s,
    };
    s->phase = LOAD_READING;
    if (s->read != NULL) {
        return s->read(s, s->read_self);
    }
    enum err e = feed_run(&feed, &s->result->feed);
    s->result->change_count = packed_table_count(s->table);
    switch ((int)e) {
    case ERR_DATA:
        return session_fail(s, e,
                "lines were refused, so nothing was loaded (--skip-bad goes on without them)");
    case ERR_NO_INPUT:
        return session_fail(s, e, "the file cannot be opened");
    case ERR_IO:
        return session_fail(s, e, "the file cannot be read");
    case ERR_NO_MEMORY:
        return session_fail(s, e, "out of memory: nothing was loaded");
    default:
        return e;
    }
}

// --- the whole --------------------------------------------------------------------------------

static enum err session_work(struct session *s)
{
    enum err e = session_read_epoch(s);
    if (e != ERR_NONE) {
        return e;
    }
    if (s->has_epoch && s->options->watermark_ms < s->epoch.source_watermark_ms &&
            !s->options->allow_older) {
        return session_fail(s, ERR_DATA,
                "the data in force is from a later time than this file's watermark (--allow-older "
                "loads it anyway)");
    }
    e = session_read_generations(s);
    if (e != ERR_NONE) {
        return e;
    }
    return s->options->is_delta ? load_delta(s) : load_full(s);
}

static enum err session_run(struct session *s)
{
    const struct load_options *options = s->options;
    enum err e = target_init(&s->target, options->redis, view_of(options->prefix));
    if (e == ERR_NONE) {
        s->table = packed_table_create(TABLE_MAX_COUNT);
        e = s->table == NULL ? ERR_NO_MEMORY
                             : writer_lock_acquire(&s->lock, &s->target,
                                       options->is_delta ? WRITER_DELTA : WRITER_FULL);
        if (e == ERR_NONE) {
            e = session_work(s);
        }
        if (e == ERR_NONE) {
            s->result->is_unconfirmed = !target_await_replicas(&s->target);
        }
        writer_lock_release(&s->lock, &s->target);
    }
    return e;
}

enum err load_run(
        const struct load_options *options, struct load_result *ret_result, struct strbuf *why)
{
    *ret_result = (struct load_result){0};
    struct session s = {
            .options = options,
            .result = ret_result,
            .key = keyring_current(options->ring),
            .next_progress = mono_after_ms(clock_mono(), PROGRESS_MS),
    };
    strbuf_init(&s.body, PACKED_BODY_MAX_BYTES);
    strbuf_init(&s.epoch_text, EPOCH_MAX_BYTES);
    strbuf_init(&s.next, EPOCH_MAX_BYTES);
    enum err e = session_run(&s);
    if (e != ERR_NONE) {
        struct view text = strbuf_view(&s.target.why);
        strbuf_add_text(why, text.n > 0 ? text.p : err_text(e));
    }
    packed_table_destroy(s.table);
    strbuf_fini(&s.body);
    strbuf_fini(&s.epoch_text);
    strbuf_fini(&s.next);
    target_fini(&s.target);
    return e;
}
