// One pipeline of lookups, sent and, whenever its owner has the time, taken: each run to the node that has its tag, all nodes at once. A run that a
// flip voided, or that was redirected, is asked once more with the others of its kind; so is one
// whose connection was idle and broke. Whatever goes wrong then is its answer.
#include "common/assure.h"
#include "redis/redis_store_inside.h"

enum { ROUNDS = 3, RUN_REPLIES = 3 };

// --- parts --------------------------------------------------------------------------------------

void store_begin_parts(struct redis_store *store)
{
    store->part_count = 0;
}

struct part *store_part_of(struct redis_store *store, struct redis_node *node)
{
    for (size_t i = 0; i < store->part_count; i++) {
        if (store->parts[i].node == node) {
            return &store->parts[i];
        }
    }
    ASSURE(store->part_count < REDIS_EXCHANGES_MAX);
    struct part *part = &store->parts[store->part_count++];
    *part = (struct part){.node = node};
    return part;
}

enum err store_add(struct part *part, struct view verb, struct view key)
{
    const char *words[] = {verb.p, key.p};
    size_t lengths[] = {verb.n, key.n};
    size_t word_count = view_is_none(key) ? 1 : 2;
    enum err e = redis_connection_add(part->node->connection, word_count, words, lengths);
    part->count += e == ERR_NONE;
    return e;
}

void store_send_parts(struct redis_store *store)
{
    redisReply **replies = store->replies;
    for (size_t i = 0; i < store->part_count; i++) {
        struct part *part = &store->parts[i];
        part->replies = replies;
        store->exchanges[i] = (struct redis_exchange){
                .connection = part->node->connection,
                .replies = replies,
                .count = part->count,
                .arena = store->reply_arena,
        };
        replies += part->count;
    }
    ASSURE((size_t)(replies - store->replies) <= store->reply_capacity);
    redis_exchange_send(store->exchanges, store->part_count);
    store->round_trip_count++;
}

void store_take_parts(struct redis_store *store, struct mono_time deadline)
{
    redis_exchange_take(store->exchanges, store->part_count, deadline);
    for (size_t i = 0; i < store->part_count; i++) {
        struct part *part = &store->parts[i];
        part->is_answered = store->exchanges[i].result == ERR_NONE;
        if (!part->is_answered) {
            part->count = 0;
            part->is_forgiven = clock_mono().ns < deadline.ns && store_forgive(store, part->node);
            if (!part->is_forgiven) {
                store_lose_node(store, part->node, redis_connection_why(part->node->connection));
            }
        }
    }
}

void store_free_parts(struct redis_store *store)
{
    arena_reset(store->reply_arena);
    store->part_count = 0;
}

static void add_info_if_due(struct part *part)
{
    if (part->count == 0 && clock_mono().ns >= part->node->next_info.ns) {
        part->has_info = store_add(part, VIEW("INFO"), VIEW_NONE) == ERR_NONE;
    }
}

// Whether the node's INFO, where it came along, leaves its answers standing.
static void read_infos(struct redis_store *store)
{
    for (size_t i = 0; i < store->part_count; i++) {
        struct part *part = &store->parts[i];
        if (part->is_answered && part->has_info) {
            (void)store_take_info(store, part->node, part->replies[0]);
        }
    }
}

// The answer of lookups that could not be asked of this node, or whose answers are void.
static enum lookup_state answer_of(const struct redis_node *node)
{
    if (node == NULL) {
        return LOOKUP_UNREACHABLE;
    }
    return node->answer != LOOKUP_FOUND ? node->answer : LOOKUP_UNTRUSTED;
}

static void doubt(struct redis_store *store)
{
    for (size_t i = 0; i < redis_route_count(store->route); i++) {
        redis_route_at(store->route, i)->is_known = false;
    }
}

// --- packed layout ------------------------------------------------------------------------------

static void send_run(struct redis_store *store, size_t run, struct sent *sent)
{
    unsigned tag = packed_ask_run_tag(store->packed, run);
    struct redis_node *node = redis_route_ask(store->route, tag);
    *sent = (struct sent){.is_asking = node != NULL};
    node = node != NULL ? node : redis_route_node(store->route, tag);
    if (!store_may_ask(store, node, tag)) {
        packed_ask_answer(store->packed, run, answer_of(node));
        return;
    }
    struct part *part = store_part_of(store, node);
    add_info_if_due(part);
    sent->part = part;
    sent->at = part->count;
    enum err e =
            packed_ask_add(store->packed, run, &store->trust, node->connection, sent->is_asking);
    part->count += (sent->is_asking ? 2 : 1) * (size_t)RUN_REPLIES;
    if (e != ERR_NONE) {
        redis_connection_close(node->connection); // so that the exchange fails
    }
}

static void keep(struct redis_store *store, struct round *round, size_t run)
{
    packed_ask_keep(store->packed, run);
    round->has_kept = true;
}

// A run whose answers say nothing but may do so next time.
static void void_run(struct redis_store *store, struct round *round, size_t run, const char *why)
{
    doubt(store);
    if (round->may_void && !round->is_last) {
        round->has_voided = true;
        keep(store, round, run);
        return;
    }
    packed_ask_answer(store->packed, run, LOOKUP_UNTRUSTED);
    store_say(store, LOOKUP_UNTRUSTED, why);
}

static bool is_redirected(struct redis_store *store, unsigned tag, const struct redis_node *node,
        redisReply *const replies[RUN_REPLIES])
{
    for (int i = 0; i < RUN_REPLIES; i++) {
        if (redis_route_redirect(store->route, tag, node, replies[i]) != REDIRECT_NONE) {
            return true;
        }
    }
    return false;
}

static void read_run(
        struct redis_store *store, struct batch *batch, struct round *round, size_t run)
{
    const struct sent *sent = &round->sent[run];
    const struct part *part = sent->part;
    struct redis_node *node = part->node;
    if (!part->is_answered && part->is_forgiven && !round->is_last) {
        keep(store, round, run);
        return;
    }
    if (!part->is_answered || !node->is_believed) {
        packed_ask_answer(store->packed, run, answer_of(node));
        return;
    }
    redisReply *replies[RUN_REPLIES];
    for (size_t i = 0; i < RUN_REPLIES; i++) {
        replies[i] = part->replies[sent->at + (sent->is_asking ? 2 * i + 1 : i)];
    }
    if (is_redirected(store, packed_ask_run_tag(store->packed, run), node, replies)) {
        void_run(store, round, run, "a slot of the cluster is under way to another node");
        return;
    }
    enum trust t =
            packed_ask_read(store->packed, run, &store->trust, replies, clock_wall(), batch->arena);
    const char *why = store->trust.why.n > 0 ? store->trust.why.p : "";
    if (t == TRUST_VOID) {
        void_run(store, round, run, why);
    } else if (t == TRUST_BROKEN) {
        store_lose_node(store, node, why);
        packed_ask_answer(store->packed, run, LOOKUP_UNREACHABLE);
    } else if (t != TRUST_WHOLE) {
        node->is_known = false;
        store_say_of(store, node, store_answer_of(t), why);
    }
}

static void send_round(struct redis_store *store, bool may_void, bool is_last)
{
    struct round *round = &store->round;
    round->may_void = may_void;
    round->is_last = is_last;
    round->has_voided = false;
    round->has_kept = false;
    store_begin_parts(store);
    for (size_t run = 0; run < packed_ask_run_count(store->packed); run++) {
        send_run(store, run, &round->sent[run]);
    }
    redis_route_asked(store->route);
    store_send_parts(store);
}

static void take_round(struct redis_store *store, struct batch *batch)
{
    struct round *round = &store->round;
    store_take_parts(store, batch->deadline);
    read_infos(store);
    for (size_t run = 0; run < packed_ask_run_count(store->packed); run++) {
        if (round->sent[run].part != NULL) {
            read_run(store, batch, round, run);
        }
    }
    store_free_parts(store);
}

static void advance(struct batch *batch, size_t count)
{
    batch->lookups += count;
    batch->count -= count;
}

void store_send_packed(struct redis_store *store, struct batch *batch)
{
    store_send_canaries(store);
    store->taken = packed_ask_plan(store->packed, &store->trust, batch->lookups, batch->count);
    if (packed_ask_run_count(store->packed) > 0) {
        send_round(store, true, false);
    }
}

void store_take_packed(struct redis_store *store, struct batch *batch)
{
    const struct round *round = &store->round;
    for (int i = 1; packed_ask_run_count(store->packed) > 0; i++) {
        take_round(store, batch);
        if (!round->has_kept) {
            break;
        }
        store_get_ready(store, batch->deadline);
        if (cache_trust_lead(&store->trust) == NULL) {
            break; // they are answered as they were at the beginning: unreachable
        }
        packed_ask_plan_again(store->packed, &store->trust);
        if (packed_ask_run_count(store->packed) > 0) {
            send_round(store, round->may_void && !round->has_voided, i + 1 == ROUNDS);
        }
    }
    store_heed_canaries(store, batch->lookups, store->taken);
    advance(batch, store->taken);
}

// --- hash layout --------------------------------------------------------------------------------

static void answer_all(const struct batch *batch, size_t count, enum lookup_state answer)
{
    for (size_t i = 0; i < count; i++) {
        if (batch->lookups[i].recipient.kind != RECIPIENT_INVALID) {
            batch->lookups[i].facts.lookup = answer;
        }
    }
}

// False when it cannot be asked: then they have their answer.
static bool send_hashes(struct redis_store *store, const struct batch *batch)
{
    struct redis_node *node = redis_route_node(store->route, 0);
    if (!store_may_ask(store, node, 0)) {
        answer_all(batch, store->taken, answer_of(node));
        return false;
    }
    store_begin_parts(store);
    struct part *part = store_part_of(store, node);
    add_info_if_due(part);
    size_t count = 0;
    if (hash_ask_add(store->hash, node->connection, &count) != ERR_NONE) {
        redis_connection_close(node->connection);
    }
    part->count += count;
    store_send_parts(store);
    return true;
}

// TRUST_VOID: nothing is answered yet.
static enum trust take_hashes(struct redis_store *store, const struct batch *batch)
{
    const struct part *part = &store->parts[0];
    struct redis_node *node = part->node;
    store_take_parts(store, batch->deadline);
    read_infos(store);
    enum trust t = TRUST_VOID;
    if (part->is_answered && node->is_believed) {
        t = hash_ask_read(store->hash, &store->trust, part->replies + part->has_info, clock_wall(),
                batch->arena);
        const char *why = store->trust.why.n > 0 ? store->trust.why.p : "";
        if (t == TRUST_BROKEN) {
            store_lose_node(store, node, why);
            answer_all(batch, store->taken, LOOKUP_UNREACHABLE);
        } else if (t != TRUST_WHOLE) {
            node->is_known = false;
            store_say_of(store, node, store_answer_of(t), why);
        }
    } else if (!part->is_forgiven) {
        answer_all(batch, store->taken, answer_of(node));
        t = TRUST_NONE;
    }
    store_free_parts(store);
    return t;
}

void store_send_hash(struct redis_store *store, struct batch *batch)
{
    size_t asked_count = 0;
    store_send_canaries(store);
    store->taken =
            hash_ask_plan(store->hash, &store->trust, batch->lookups, batch->count, &asked_count);
    store->hashes = TRUST_WHOLE;
    if (asked_count > 0) {
        store->hashes = send_hashes(store, batch) ? TRUST_VOID : TRUST_NONE;
    }
}

void store_take_hash(struct redis_store *store, struct batch *batch)
{
    enum trust t = store->hashes;
    for (int i = 1; i < ROUNDS && t == TRUST_VOID; i++) {
        t = take_hashes(store, batch);
        if (t == TRUST_VOID && i + 1 < ROUNDS) {
            store_get_ready(store, batch->deadline);
            t = send_hashes(store, batch) ? TRUST_VOID : TRUST_NONE;
        }
    }
    if (t == TRUST_VOID) {
        answer_all(batch, store->taken,
                store->answer != LOOKUP_FOUND ? store->answer : LOOKUP_UNTRUSTED);
    }
    store_heed_canaries(store, batch->lookups, store->taken);
    advance(batch, store->taken);
}
