// Moving the epochs: the flip at the end of a full load, the advance at the end of a delta. On one
// server a script moves all of them at one instant. In a cluster each has a node of its own, so that
// they move tag by tag. The first one goes first, in a script that sees that the lock, which has the
// same hash tag, is still ours; what stands in the others then keeps a writer out that stood still
// between two tags: a generation or a watermark that is later than its own.
#include "common/assure.h"
#include "load/beside.h"
#include "load/scripts.h"
#include "load/session.h"

enum { ADVANCE_ATTEMPTS = 5 };

// --- the flip -----------------------------------------------------------------------------------

struct flip {
    const struct generation *g;
    struct strbuf generation;
    struct strbuf text; // as flip_tag writes it
    struct strbuf count;
    struct strbuf watermark;
};

// The text up to the number behind record_count, and from valid_for_ms up to heartbeat_ms.
static void cut_text(struct view text, struct view *ret_head, struct view *ret_tail)
{
    static const char count[] = "\"record_count\":";
    static const char valid[] = ",\"valid_for_ms\":";
    static const char heartbeat[] = ",\"heartbeat_ms\":";
    const char *at = memmem(text.p, text.n, count, sizeof count - 1);
    const char *tail = memmem(text.p, text.n, valid, sizeof valid - 1);
    const char *end = memmem(text.p, text.n, heartbeat, sizeof heartbeat - 1);
    ASSURE(at != NULL && tail != NULL && end != NULL); // epoch_add writes them
    *ret_head = view_bytes(text.p, (size_t)(at - text.p) + sizeof count - 1);
    *ret_tail = view_bytes(tail, (size_t)(end - tail));
}

// All tags at one instant; in a cluster the first tag, whose node has the lock.
static enum err flip_first(struct session *s, const struct flip *flip, bool *ret_done)
{
    enum { LOCK, NEXT, JOURNAL, DELTA_LOCK, FIRST_EPOCH };
    struct view keys[FIRST_EPOCH + HASH_TAG_COUNT];
    struct strbuf texts[FIRST_EPOCH];
    struct strbuf key_text;
    const bool is_cluster = redis_route_is_cluster(s->target.route);
    unsigned tags = s->has_epoch && s->epoch.tags > flip->g->tags ? s->epoch.tags : flip->g->tags;
    enum err e = ERR_NONE;
    for (size_t i = 0; i < FIRST_EPOCH; i++) {
        strbuf_init(&texts[i], SIZE_MAX);
    }
    strbuf_init(&key_text, SIZE_MAX);
    packed_add_lock_key(&texts[LOCK], s->target.prefix);
    packed_add_next_key(&texts[NEXT], s->target.prefix);
    packed_add_journal_key(&texts[JOURNAL], s->target.prefix);
    packed_add_delta_lock_key(&texts[DELTA_LOCK], s->target.prefix);
    for (size_t i = 0; i < FIRST_EPOCH; i++) {
        keys[i] = strbuf_view(&texts[i]);
        e = e == ERR_NONE ? texts[i].failed : e;
    }
    size_t key_count = session_epoch_keys(s, is_cluster ? 1 : tags, &key_text, keys + FIRST_EPOCH);
    e = e == ERR_NONE ? key_text.failed : e;
    struct view head;
    struct view tail;
    cut_text(strbuf_view(&flip->text), &head, &tail);
    struct view args[] = {view_bytes(s->lock.token, LOCK_TOKEN_HEX), strbuf_view(&flip->generation),
            head, strbuf_view(&flip->count), strbuf_view(&flip->watermark), tail,
            flip->g->tags == 1 ? VIEW("1") : VIEW("64"),
            is_cluster || s->options->allow_older ? VIEW("0") : VIEW("1")};
    redisReply *reply = NULL;
    e = e == ERR_NONE ? target_eval(&s->target, 0, script_flip, FIRST_EPOCH + key_count, keys,
                                sizeof args / sizeof args[0], args, &reply)
                      : e;
    if (e == ERR_NONE) {
        *ret_done = reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
        freeReplyObject(reply);
    }
    for (size_t i = 0; i < FIRST_EPOCH; i++) {
        strbuf_fini(&texts[i]);
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

static enum err flip_all(struct session *s, const struct flip *flip, bool *ret_done)
{
    s->target.is_strict = true;
    enum err e = flip_first(s, flip, ret_done);
    s->has_flipped = s->has_flipped || (e == ERR_NONE && *ret_done);
    bool is_cluster = redis_route_is_cluster(s->target.route);
    for (unsigned tag = 1; tag < HASH_TAG_COUNT && is_cluster && *ret_done && e == ERR_NONE;
            tag++) {
        e = flip_tag(s, tag, strbuf_view(&flip->generation), strbuf_view(&flip->text));
    }
    s->target.is_strict = false;
    return e;
}

enum err session_flip(struct session *s, const struct generation *g, bool *ret_done)
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
    struct flip flip = {.g = g};
    strbuf_init(&flip.generation, 32);
    strbuf_init(&flip.text, EPOCH_MAX_BYTES);
    strbuf_init(&flip.count, 32);
    strbuf_init(&flip.watermark, 32);
    strbuf_add_u64(&flip.generation, g->number);
    strbuf_add_u64(&flip.count, epoch.record_count);
    strbuf_add_i64(&flip.watermark, epoch.source_watermark_ms);
    epoch_add(&flip.text, &epoch);
    bool is_whole = flip.generation.failed == ERR_NONE && flip.text.failed == ERR_NONE &&
                    flip.count.failed == ERR_NONE && flip.watermark.failed == ERR_NONE;
    *ret_done = false;
    enum err e = is_whole ? flip_all(s, &flip, ret_done) : ERR_NO_MEMORY;
    strbuf_fini(&flip.generation);
    strbuf_fini(&flip.text);
    strbuf_fini(&flip.count);
    strbuf_fini(&flip.watermark);
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

enum advance { ADVANCE_OTHER_EPOCH, ADVANCE_DONE, ADVANCE_OTHER_LOAD };

// All tags at one instant; in a cluster the first tag, whose node has the lock.
static enum err advance_first(
        struct session *s, const struct epoch *epoch, struct view text, enum advance *ret_advance)
{
    enum { LOCK, NEXT, LOAD_LOCK, FIRST_EPOCH };
    struct view keys[FIRST_EPOCH + HASH_TAG_COUNT];
    struct strbuf next;
    struct strbuf load_lock;
    struct strbuf key_text;
    strbuf_init(&next, SIZE_MAX);
    strbuf_init(&load_lock, SIZE_MAX);
    strbuf_init(&key_text, SIZE_MAX);
    packed_add_next_key(&next, s->target.prefix);
    packed_add_lock_key(&load_lock, s->target.prefix);
    keys[LOCK] = strbuf_view(&s->lock.key);
    keys[NEXT] = strbuf_view(&next);
    keys[LOAD_LOCK] = strbuf_view(&load_lock);
    unsigned tags = redis_route_is_cluster(s->target.route) ? 1 : epoch->tags;
    size_t key_count = session_epoch_keys(s, tags, &key_text, keys + FIRST_EPOCH);
    struct view args[] = {view_bytes(s->lock.token, LOCK_TOKEN_HEX), strbuf_view(&s->epoch_text),
            text, strbuf_view(&s->next)};
    redisReply *reply = NULL;
    bool is_whole =
            next.failed == ERR_NONE && load_lock.failed == ERR_NONE && key_text.failed == ERR_NONE;
    enum err e = is_whole ? target_eval(&s->target, 0, script_advance, FIRST_EPOCH + key_count,
                                    keys, sizeof args / sizeof args[0], args, &reply)
                          : ERR_NO_MEMORY;
    if (e == ERR_NONE) {
        bool is_known = reply->type == REDIS_REPLY_INTEGER && reply->integer >= 0 &&
                        reply->integer <= ADVANCE_OTHER_LOAD;
        *ret_advance = is_known ? (enum advance)reply->integer : ADVANCE_OTHER_EPOCH;
        freeReplyObject(reply);
    }
    strbuf_fini(&next);
    strbuf_fini(&load_lock);
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

static enum err advance_once(
        struct session *s, const struct epoch *epoch, enum advance *ret_advance)
{
    struct strbuf text;
    strbuf_init(&text, EPOCH_MAX_BYTES);
    epoch_add(&text, epoch);
    s->target.is_strict = true;
    enum err e = text.failed != ERR_NONE ? text.failed
                                         : advance_first(s, epoch, strbuf_view(&text), ret_advance);
    bool is_done = redis_route_is_cluster(s->target.route) && *ret_advance == ADVANCE_DONE;
    for (unsigned tag = 1; tag < epoch->tags && is_done && e == ERR_NONE; tag++) {
        e = advance_tag(s, tag, epoch, strbuf_view(&text));
    }
    s->target.is_strict = false;
    strbuf_fini(&text);
    return e;
}

// A heartbeat may change the epoch in between, so that this is tried anew from what is there by
// then; so it is when a full load has begun, which is written to first.
enum err session_advance(struct session *s, int64_t change, struct epoch *ret_epoch)
{
    const uint64_t generation = s->epoch.generation;
    for (int i = 0; i < ADVANCE_ATTEMPTS; i++) {
        struct epoch epoch = advanced(s, change);
        enum advance advance = ADVANCE_OTHER_EPOCH;
        enum err e = advance_once(s, &epoch, &advance);
        if (e != ERR_NONE) {
            return e;
        }
        if (advance == ADVANCE_DONE) {
            *ret_epoch = epoch;
            return ERR_NONE;
        }
        e = advance == ADVANCE_OTHER_LOAD ? beside_join(s) : session_read_epoch(s);
        if (e != ERR_NONE) {
            return e;
        }
        if (!s->has_epoch || s->epoch.generation != generation) {
            break;
        }
    }
    return session_fail(s, ERR_REFUSED, "the epoch in force is not the one this load began with");
}
