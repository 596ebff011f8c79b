#include "sync/sync_store.h"

#include <string.h>

#include "load/scripts.h"
#include "relationship/packed.h"

enum {
    LOCK_HEARTBEATS = 3, // the lock lives as long as so many, for a successor to come soon
    LOCK_LEAST_MS = 10000,
    WORDS_MAX_BYTES = SYNC_STATE_MAX_BYTES + EPOCH_MAX_BYTES,
};
static const uint64_t TABLE_MAX_COUNT = (uint64_t)1 << 31;

// Moves the epochs and the place together. KEYS: lock, place, the epoch of every tag. ARGV: token,
// the lock's life in milliseconds, epoch text expected, epoch text, place. 1, or 0 where an epoch's
// text is another; never creates one. WNLOCK.
static const char script_move[] = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then\n"
                                  "  return redis.error_reply('WNLOCK the lock is lost')\n"
                                  "end\n"
                                  "for i = 3, #KEYS do\n"
                                  "  if redis.call('GET', KEYS[i]) ~= ARGV[3] then return 0 end\n"
                                  "end\n"
                                  "if ARGV[3] ~= ARGV[4] then\n"
                                  "  for i = 3, #KEYS do redis.call('SET', KEYS[i], ARGV[4]) end\n"
                                  "end\n"
                                  "redis.call('SET', KEYS[2], ARGV[5])\n"
                                  "redis.call('PEXPIRE', KEYS[1], ARGV[2])\n"
                                  "return 1\n";

// KEYS: lock. ARGV: the token it had, the new one, its life. 1, or 0 when the lock is another's. What
// is still under way under the old token comes to nothing.
static const char script_take_over[] =
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end\n"
        "redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])\n"
        "return 1\n";

// --- life ---------------------------------------------------------------------------------------

static enum err renew_table(struct sync_store *store)
{
    packed_table_destroy(store->s.table);
    store->s.table = packed_table_create(TABLE_MAX_COUNT);
    return store->s.table != NULL ? ERR_NONE : ERR_NO_MEMORY;
}

static enum err take_over_lock(struct sync_store *store)
{
    struct writer_lock *lock = &store->s.lock;
    struct view key = strbuf_view(&lock->key);
    struct view args[] = {view_bytes(store->last_token, LOCK_TOKEN_HEX),
            view_bytes(lock->token, LOCK_TOKEN_HEX), VIEW("60000")};
    redisReply *reply = NULL;
    enum err e = target_eval(&store->s.target, 0, script_take_over, 1, &key, 3, args, &reply);
    if (e == ERR_NONE) {
        lock->is_held = reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
        freeReplyObject(reply);
        e = lock->is_held ? ERR_NONE : ERR_LOCKED;
    }
    return e;
}

static enum err take_lock(struct sync_store *store)
{
    enum err e = writer_lock_acquire(&store->s.lock, &store->s.target, WRITER_DELTA);
    if (e == ERR_LOCKED && store->last_token[0] != '\0') {
        e = take_over_lock(store);
    }
    if (e == ERR_NONE) {
        memcpy(store->last_token, store->s.lock.token, sizeof store->last_token);
    }
    return e;
}

enum err sync_store_open(
        struct sync_store *store, const struct config *config, const struct keyring *ring)
{
    store->config = config;
    store->redis = redis_route_options_of(config, "wrongnumber-sync");
    store->options = (struct load_options){
            .redis = &store->redis,
            .prefix = config->redis.prefix,
            .ring = ring,
            .default_region = config->identity.default_region,
            .is_delta = true,
            .tags = config->redis.tags,
            .valid_for_ms = config->redis.valid_for_ms,
    };
    store->s = (struct session){
            .options = &store->options,
            .result = &store->result,
            .key = keyring_current(ring),
    };
    strbuf_init(&store->s.body, PACKED_BODY_MAX_BYTES);
    strbuf_init(&store->s.epoch_text, EPOCH_MAX_BYTES);
    strbuf_init(&store->s.next, EPOCH_MAX_BYTES);
    enum err e = target_init(&store->s.target, &store->redis, view_of(config->redis.prefix));
    if (e == ERR_NONE) {
        e = renew_table(store);
    }
    if (e == ERR_NONE) {
        e = take_lock(store);
    }
    return e == ERR_NONE ? session_read_epoch(&store->s) : e;
}

void sync_store_close(struct sync_store *store)
{
    writer_lock_release(&store->s.lock, &store->s.target);
    packed_table_destroy(store->s.table);
    strbuf_fini(&store->s.body);
    strbuf_fini(&store->s.epoch_text);
    strbuf_fini(&store->s.next);
    target_fini(&store->s.target);
    store->s = (struct session){.options = NULL};
}

const char *sync_store_why(const struct sync_store *store)
{
    return store->s.target.why.n > 0 ? store->s.target.why.p : "";
}

// --- moving -------------------------------------------------------------------------------------

static enum err call_move(struct sync_store *store, struct view epoch_text, struct view place)
{
    struct session *s = &store->s;
    struct view keys[2 + HASH_TAG_COUNT]; // lock, place, epochs
    struct strbuf key_text;
    struct strbuf words; // of the place's key and the lock's life
    strbuf_init(&key_text, SIZE_MAX);
    strbuf_init(&words, SIZE_MAX);
    size_t count = session_epoch_keys(s, s->epoch.tags, &key_text, keys + 2);
    packed_add_sync_key(&words, s->target.prefix);
    size_t key_bytes = words.n;
    int64_t life_ms = store->config->sync.heartbeat_ms * LOCK_HEARTBEATS;
    strbuf_add_i64(&words, life_ms > LOCK_LEAST_MS ? life_ms : LOCK_LEAST_MS);
    keys[0] = strbuf_view(&s->lock.key);
    keys[1] = view_bytes(words.p, key_bytes);
    struct view args[] = {view_bytes(s->lock.token, LOCK_TOKEN_HEX),
            view_bytes(words.p + key_bytes, words.n - key_bytes), strbuf_view(&s->epoch_text),
            epoch_text, place};
    redisReply *reply = NULL;
    bool is_whole = key_text.failed == ERR_NONE && words.failed == ERR_NONE;
    enum err e =
            !is_whole ? ERR_NO_MEMORY
                      : target_eval(&s->target, 0, script_move, count + 2, keys, 5, args, &reply);
    if (e == ERR_NONE) {
        bool has_moved = reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
        freeReplyObject(reply);
        s->lock.renew_at = mono_after_ms(clock_mono(), LOCK_RENEW_MS);
        if (!has_moved) {
            e = session_fail(s, ERR_REFUSED, "somebody else has changed the epoch");
        }
    }
    strbuf_fini(&key_text);
    strbuf_fini(&words);
    return e;
}

// Puts this epoch and this place in force.
static enum err move(
        struct sync_store *store, const struct epoch *epoch, const struct sync_state *place)
{
    struct session *s = &store->s;
    struct strbuf text;
    struct strbuf line;
    strbuf_init(&text, EPOCH_MAX_BYTES);
    strbuf_init(&line, WORDS_MAX_BYTES);
    epoch_add(&text, epoch);
    sync_state_add(&line, place);
    bool is_whole = text.failed == ERR_NONE && line.failed == ERR_NONE;
    enum err e =
            !is_whole ? ERR_NO_MEMORY : call_move(store, strbuf_view(&text), strbuf_view(&line));
    if (e == ERR_NONE) {
        s->epoch = *epoch;
        strbuf_reset(&s->epoch_text);
        strbuf_add_view(&s->epoch_text, strbuf_view(&text));
        e = s->epoch_text.failed;
    }
    strbuf_fini(&text);
    strbuf_fini(&line);
    return e;
}

// The place is where the records that were read end; everything before is in Redis.
static enum err move_to_next(struct sync_store *store, const struct epoch *epoch)
{
    for (uint32_t i = 0; i < store->state.partition_count; i++) {
        struct sync_position *position = &store->state.positions[i];
        position->reach = position->reach > position->next ? position->reach : position->next;
    }
    enum err e = move(store, epoch, &store->state);
    if (e == ERR_NONE) {
        store->saved = store->state;
    }
    return e;
}

// --- beginning ----------------------------------------------------------------------------------

static enum err read_state(struct sync_store *store, bool *ret_found)
{
    struct session *s = &store->s;
    struct strbuf key;
    strbuf_init(&key, SIZE_MAX);
    packed_add_sync_key(&key, s->target.prefix);
    struct view args[] = {VIEW("GET"), strbuf_view(&key)};
    redisReply *reply = NULL;
    enum err e = key.failed != ERR_NONE ? key.failed : target_call(&s->target, 0, 2, args, &reply);
    strbuf_fini(&key);
    if (e == ERR_NONE) {
        *ret_found =
                reply->type == REDIS_REPLY_STRING &&
                sync_state_parse(&store->state, view_bytes(reply->str, reply->len)) == ERR_NONE;
        freeReplyObject(reply);
    }
    return e;
}

static void begin_at_beginning(struct sync_store *store, int64_t since_ms)
{
    store->state = (struct sync_state){
            .generation = store->s.epoch.generation,
            .since_ms = since_ms > 0 ? since_ms : 0,
    };
    strncpy(store->state.topic, store->config->topics.relationships, sizeof store->state.topic - 1);
    store->is_new = true;
}

static void know_partitions(struct sync_state *state, uint32_t count)
{
    for (uint32_t i = state->partition_count; i < count; i++) {
        state->positions[i] = (struct sync_position){-1, -1};
    }
    state->partition_count = count > state->partition_count ? count : state->partition_count;
}

// The epoch as one that wants heartbeats; with is_distrusted as one that has none.
static struct epoch with_heartbeat(const struct sync_store *store, bool is_distrusted)
{
    struct epoch epoch = store->s.epoch;
    epoch.heartbeat_ms = store->config->sync.heartbeat_ms;
    epoch.heartbeat_at_ms = is_distrusted ? 0 : epoch.heartbeat_at_ms;
    return epoch;
}

enum err sync_store_resume(struct sync_store *store, uint32_t partition_count, struct wall_time now)
{
    enum err e = session_take_epochs_key(&store->s);
    bool is_found = false;
    if (e == ERR_NONE) {
        e = read_state(store, &is_found);
    }
    if (e != ERR_NONE) {
        return e;
    }
    store->is_new = false;
    if (!is_found || store->state.generation != store->s.epoch.generation ||
            strcmp(store->state.topic, store->config->topics.relationships) != 0) {
        begin_at_beginning(
                store, store->s.epoch.source_watermark_ms - store->config->sync.overlap_ms);
    }
    know_partitions(&store->state, partition_count);
    int64_t rested_ms = now.ms - store->state.ended_ms;
    if (store->state.ended_ms > 0 && rested_ms > store->config->sync.tombstones_kept_ms) {
        store->state.has_gap = true;
    }
    struct epoch epoch = with_heartbeat(store, store->is_new || store->state.has_gap);
    e = move(store, &epoch, &store->state);
    store->saved = store->state;
    return e;
}

// Under the lock of full loads as well.
static enum err load_all(struct sync_store *store)
{
    struct session *s = &store->s;
    struct writer_lock deltas = s->lock;
    s->other_lock = &deltas;
    enum err e = writer_lock_acquire(&s->lock, &s->target, WRITER_FULL);
    e = e == ERR_NONE ? session_read_generations(s) : e;
    e = e == ERR_NONE ? load_full(s) : e;
    writer_lock_release(&s->lock, &s->target);
    s->lock = deltas;
    s->other_lock = NULL;
    return e;
}

enum err sync_store_rebuild(struct sync_store *store, uint32_t partition_count,
        struct wall_time now, enum err (*read)(struct session *s, void *self), void *self)
{
    struct session *s = &store->s;
    begin_at_beginning(store, 0);
    know_partitions(&store->state, partition_count);
    store->options.is_delta = false;
    store->options.watermark_ms = now.ms;
    s->key = keyring_current(store->options.ring);
    s->read = read;
    s->read_self = self;
    store->options.allow_older = true; // whatever the source has said, the topic is what there is
    enum err e = load_all(store);
    store->options.is_delta = true;
    store->options.allow_older = false;
    s->read = NULL;
    e = e == ERR_NONE ? session_read_epoch(s) : e;
    e = e == ERR_NONE ? session_take_epochs_key(s) : e;
    e = e == ERR_NONE ? renew_table(store) : e;
    if (e != ERR_NONE) {
        return e;
    }
    store->state.generation = s->epoch.generation;
    struct epoch epoch = with_heartbeat(store, true);
    return move_to_next(store, &epoch);
}

// --- going on -----------------------------------------------------------------------------------

enum err sync_store_put(struct sync_store *store, const struct relationship *rel)
{
    struct session *s = &store->s;
    struct pseudonym pseudonym = keyring_pseudonym(s->key, rel->recipient);
    strbuf_reset(&s->body);
    if (rel->deleted && !store->options.is_delta) {
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

uint64_t sync_store_gathered(const struct sync_store *store)
{
    return packed_table_count(store->s.table);
}

// Tells how far the batch reaches, before any of it is in Redis.
static enum err announce(struct sync_store *store)
{
    for (uint32_t i = 0; i < store->saved.partition_count; i++) {
        struct sync_position *position = &store->saved.positions[i];
        int64_t next = store->state.positions[i].next;
        position->reach = position->reach > next ? position->reach : next;
    }
    return move(store, &store->s.epoch, &store->saved);
}

enum err sync_store_apply(struct sync_store *store)
{
    struct session *s = &store->s;
    enum err e = announce(store);
    s->target.integers = 0;
    e = e == ERR_NONE ? session_change_buckets(s) : e;
    if (e != ERR_NONE) {
        return e;
    }
    // The answers to `announce` and to SCRIPT LOAD came by target_call and are not in the sum.
    struct epoch epoch = s->epoch;
    int64_t change = s->target.integers;
    uint64_t removed = change < 0 ? (uint64_t)-change : 0;
    epoch.record_count += change > 0 ? (uint64_t)change : 0;
    epoch.record_count -= removed < epoch.record_count ? removed : epoch.record_count;
    e = move_to_next(store, &epoch);
    return e == ERR_NONE ? renew_table(store) : e;
}

enum err sync_store_settle(struct sync_store *store, int64_t at_ms, int64_t watermark_ms)
{
    struct epoch epoch = store->s.epoch;
    if (at_ms > 0) {
        epoch.heartbeat_ms = store->config->sync.heartbeat_ms;
        epoch.heartbeat_at_ms = at_ms;
        if (watermark_ms > epoch.source_watermark_ms) {
            epoch.source_watermark_ms = watermark_ms;
        }
        store->state.ended_ms = at_ms;
    }
    return move_to_next(store, &epoch);
}

enum err sync_store_distrust(struct sync_store *store)
{
    struct epoch epoch = with_heartbeat(store, true);
    store->state.has_gap = true;
    store->saved.has_gap = true;
    return move(store, &epoch, &store->saved);
}

enum err sync_store_keep(struct sync_store *store)
{
    return move(store, &store->s.epoch, &store->saved);
}

void sync_store_begin_again(struct sync_store *store, int32_t partition)
{
    store->state.positions[partition] = (struct sync_position){-1, -1};
    store->saved.positions[partition] = (struct sync_position){-1, -1};
}
