// Whom to ask and whom to believe. A node is *believed* when its INFO is good, and *known* when the
// epochs of its tags have been learnt on this connection too. Whatever makes an answer doubtful makes
// the node unknown, so that it is looked at anew before it is asked again.
#include "redis/redis_store_inside.h"

enum { INFO_EVERY_MS = 500, SLICE_LEAST_MS = 20, SENTINEL_MS = 50, LOOKS = 3 };

// --- trouble ------------------------------------------------------------------------------------

void store_say(struct redis_store *store, enum lookup_state answer, const char *why)
{
    store->answer = answer;
    strbuf_reset(&store->why);
    strbuf_add_text(&store->why, why);
}

void store_say_of(struct redis_store *store, struct redis_node *node, enum lookup_state answer,
        const char *why)
{
    node->answer = answer;
    strbuf_reset(&node->why);
    if (redis_route_is_cluster(store->route) && answer != LOOKUP_FOUND) {
        strbuf_printf(&node->why, "%s: ", node->address);
    }
    strbuf_add_text(&node->why, why);
    if (answer != LOOKUP_FOUND) {
        store_say(store, answer, node->why.p);
    }
}

enum lookup_state store_answer_of(enum trust t)
{
    switch (t) {
    case TRUST_WHOLE:
        return LOOKUP_FOUND;
    case TRUST_STALE:
        return LOOKUP_STALE;
    case TRUST_VOID:
    case TRUST_NONE:
        return LOOKUP_UNTRUSTED;
    case TRUST_BROKEN:
        break;
    }
    return LOOKUP_UNREACHABLE;
}

// The epochs that came from a node are no guide while it is away; the best that were believed are
// kept (cache_trust.c, invariant 3).
static void forget_epochs(struct redis_store *store, const struct redis_node *node)
{
    for (unsigned tag = 0; tag < HASH_TAG_COUNT; tag++) {
        if (redis_route_node(store->route, tag) == node) {
            store->trust.epochs[tag].is_known = false;
        }
    }
}

void store_lose_node(struct redis_store *store, struct redis_node *node, const char *why)
{
    store_say_of(store, node, LOOKUP_UNREACHABLE, why[0] != '\0' ? why : "out of memory");
    forget_epochs(store, node);
    redis_route_back_off(store->route, node);
}

bool store_forgive(struct redis_store *store, struct redis_node *node)
{
    if (!node->was_open) {
        return false;
    }
    node->was_open = false;
    redis_connection_close(node->connection);
    node->is_believed = false;
    node->is_known = false;
    redis_route_doubt(store->route);
    return true;
}

// --- servers ------------------------------------------------------------------------------------

static const char *trust_why(const struct redis_store *store)
{
    return store->trust.why.n > 0 ? store->trust.why.p : "";
}

bool store_take_info(struct redis_store *store, struct redis_node *node, const redisReply *reply)
{
    enum trust t = cache_trust_look_at_server(&store->trust, &node->watch, reply);
    node->next_info = mono_after_ms(clock_mono(), INFO_EVERY_MS);
    node->is_believed = t == TRUST_WHOLE;
    if (t == TRUST_WHOLE) {
        store_heed_keys(store, node, (struct view){reply->str, reply->len});
        return true;
    }
    node->is_known = false;
    store_say_of(store, node, store_answer_of(t), trust_why(store));
    if (t == TRUST_BROKEN || (node->watch.seen && !node->watch.is_master)) {
        // The name, or the slots, may lead to another server by now.
        redis_route_back_off(store->route, node);
    }
    return false;
}

// --- looking ------------------------------------------------------------------------------------

// How many hash tags there are; 0 = nobody has said yet.
static unsigned tags_in_force(const struct redis_store *store)
{
    const struct known_epoch *lead = cache_trust_lead(&store->trust);
    return lead != NULL ? lead->epoch.tags : 0;
}

// Whether the node is to be asked for the tag's epoch. As long as nobody has said how many tags
// there are, the nodes of a cluster are asked for all of them, and a single server for the first.
static bool is_tag_wanted(
        const struct redis_store *store, const struct redis_node *node, unsigned tag)
{
    const struct redis_node *asked = redis_route_ask(store->route, tag);
    if ((asked != NULL ? asked : redis_route_node(store->route, tag)) != node) {
        return false;
    }
    if (store->packed == NULL) {
        return tag == 0 && store->hash_epoch_key != NULL;
    }
    unsigned tags = tags_in_force(store);
    return tag == 0 || tags > 1 || (tags == 0 && redis_route_is_cluster(store->route));
}

static enum err add_epoch(const struct redis_store *store, struct part *part, unsigned tag)
{
    struct strbuf key;
    strbuf_init(&key, EPOCH_MAX_BYTES);
    if (store->packed != NULL) {
        packed_add_epoch_key(&key, view_of(store->prefix), tag);
    } else {
        strbuf_add_text(&key, store->hash_epoch_key);
    }
    enum err e =
            key.failed != ERR_NONE ? key.failed : store_add(part, VIEW("GET"), strbuf_view(&key));
    strbuf_fini(&key);
    return e;
}

// INFO and the epochs of its tags.
static void add_look(struct redis_store *store, struct redis_node *node)
{
    struct part *part = store_part_of(store, node);
    enum err e = store_add(part, VIEW("INFO"), VIEW_NONE);
    for (unsigned tag = 0; tag < HASH_TAG_COUNT && e == ERR_NONE; tag++) {
        if (is_tag_wanted(store, node, tag)) {
            bool is_asking = redis_route_ask(store->route, tag) != NULL;
            e = is_asking ? store_add(part, VIEW("ASKING"), VIEW_NONE) : ERR_NONE;
            part->tags |= (uint64_t)1 << tag;
            store->epoch_at[tag] = part->count;
            e = e == ERR_NONE ? add_epoch(store, part, tag) : e;
        }
    }
    store_say_of(store, node, LOOKUP_FOUND, "");
    if (e != ERR_NONE) {
        redis_connection_close(node->connection); // so that the exchange fails
    }
}

// What a node said of a tag's epoch. A tag that is redirected keeps the epoch that it had: the
// brackets will tell whether it is still in force. Says whether it is worth another look.
static bool learn(
        struct redis_store *store, struct redis_node *node, unsigned tag, const redisReply *reply)
{
    if (tag > 0 && tags_in_force(store) == 1) {
        return false; // nobody is looked up under it
    }
    if (redis_route_redirect(store->route, tag, node, reply) != REDIRECT_NONE) {
        if (!store->trust.epochs[tag].is_known) {
            store_say_of(store, node, LOOKUP_UNTRUSTED, "a slot of the cluster is under way");
        }
        return true;
    }
    enum trust t = cache_trust_learn(&store->trust, tag, reply, clock_wall());
    if (t != TRUST_WHOLE) {
        store_say_of(store, node, store_answer_of(t), trust_why(store));
    }
    if (t == TRUST_BROKEN) {
        store_lose_node(store, node, trust_why(store));
    }
    return false;
}

// All epochs in the order of their tags, since the first one says how many there are.
static bool learn_epochs(struct redis_store *store)
{
    bool is_again = false;
    for (unsigned tag = 0; tag < HASH_TAG_COUNT; tag++) {
        for (size_t i = 0; i < store->part_count; i++) {
            const struct part *part = &store->parts[i];
            if (part->is_answered && (part->tags >> tag & 1) != 0 &&
                    redis_connection_is_open(part->node->connection)) {
                is_again = learn(store, part->node, tag, part->replies[store->epoch_at[tag]]) ||
                           is_again;
            }
        }
    }
    return is_again;
}

static bool has_its_epochs(const struct redis_store *store, const struct redis_node *node)
{
    for (unsigned tag = 0; tag < HASH_TAG_COUNT; tag++) {
        if (is_tag_wanted(store, node, tag) && !store->trust.epochs[tag].is_known) {
            return false;
        }
    }
    return true;
}

// INFO and epochs of every node that is connected and of which they are not known.
// Says whether another look is worth while: a connection broke that was idle, a slot is somewhere
// else, or the first epoch told of more tags.
static bool look(struct redis_store *store, struct mono_time deadline)
{
    const unsigned tags = tags_in_force(store);
    bool is_again = false;
    store_begin_parts(store);
    for (size_t i = 0; i < redis_route_count(store->route); i++) {
        struct redis_node *node = redis_route_at(store->route, i);
        if (redis_connection_is_open(node->connection) && !node->is_known &&
                redis_route_is_wanted(store->route, node)) {
            add_look(store, node);
        }
    }
    store_send_parts(store);
    store_take_parts(store, deadline);
    is_again = learn_epochs(store);
    for (size_t i = 0; i < store->part_count; i++) {
        const struct part *part = &store->parts[i];
        is_again = is_again || part->is_forgiven;
        // A bad server explains more than a missing epoch does, so it has the last word.
        if (part->is_answered && redis_connection_is_open(part->node->connection) &&
                store_take_info(store, part->node, part->replies[0])) {
            part->node->is_known =
                    part->node->answer == LOOKUP_FOUND && has_its_epochs(store, part->node);
            part->node->backoff_ms = 0;
        }
    }
    store_free_parts(store);
    return is_again || tags_in_force(store) != tags;
}

// --- getting ready ------------------------------------------------------------------------------

static bool needs_connection(const struct redis_store *store, const struct redis_node *node)
{
    return !redis_connection_is_open(node->connection) && redis_node_may_open(node) &&
           redis_route_is_wanted(store->route, node);
}

static void open_nodes(struct redis_store *store, struct mono_time deadline)
{
    size_t count = redis_route_count(store->route);
    int64_t waiting = 0; // for the time that this takes
    for (size_t i = 0; i < count; i++) {
        struct redis_node *node = redis_route_at(store->route, i);
        waiting += needs_connection(store, node) || redis_connection_is_open(node->connection);
    }
    for (size_t i = 0; i < count; i++) {
        struct redis_node *node = redis_route_at(store->route, i);
        if (!needs_connection(store, node)) {
            continue;
        }
        // A node that is dead must leave time for the others.
        struct mono_time now = clock_mono();
        int64_t left_ms = mono_left_ms(now, deadline);
        int64_t slice_ms = left_ms / (waiting > 0 ? waiting : 1);
        slice_ms = slice_ms > SLICE_LEAST_MS ? slice_ms : SLICE_LEAST_MS;
        struct mono_time until = mono_after_ms(now, slice_ms < left_ms ? slice_ms : left_ms);
        if (redis_route_open(store->route, node, until) != ERR_NONE) {
            store_lose_node(store, node, redis_route_why(store->route));
        }
    }
}

// A master that was deposed while it could not be reached does not know it.
static void follow_sentinels(struct redis_store *store, struct mono_time deadline)
{
    struct redis_node *node = redis_route_node(store->route, 0);
    struct mono_time now = clock_mono();
    struct mono_time until = mono_after_ms(now, SENTINEL_MS);
    if (node != NULL && redis_connection_is_open(node->connection) &&
            now.ns >= node->next_info.ns &&
            !redis_route_is_current(
                    store->route, node, until.ns < deadline.ns ? until : deadline)) {
        redis_connection_close(node->connection);
        node->is_believed = false;
        node->is_known = false;
    }
}

// Tells what cannot be had.
static void say_what_is_wrong(struct redis_store *store)
{
    for (unsigned tag = 0; tag < HASH_TAG_COUNT; tag++) {
        struct redis_node *node = redis_route_node(store->route, tag);
        if (tag > 0 && tags_in_force(store) == 1) {
            return;
        }
        if (node == NULL) {
            const char *why = redis_route_why(store->route);
            store_say(store, LOOKUP_UNREACHABLE,
                    why[0] != '\0' ? why : "a slot of the cluster has no node");
        } else if (node->answer != LOOKUP_FOUND) {
            store_say(store, node->answer, node->why.n > 0 ? node->why.p : "");
        }
    }
}

void store_get_ready(struct redis_store *store, struct mono_time deadline)
{
    follow_sentinels(store, deadline);
    // Without a new map the old one will do: who does not own a slot says so.
    (void)!redis_route_find(store->route, deadline);
    bool is_again = true;
    for (int i = 0; i < LOOKS && is_again; i++) {
        open_nodes(store, deadline);
        is_again = look(store, deadline);
    }
    say_what_is_wrong(store);
}

bool store_may_ask(const struct redis_store *store, const struct redis_node *node, unsigned tag)
{
    bool needs_epoch = store->packed != NULL || store->hash_epoch_key != NULL;
    return node != NULL && redis_connection_is_open(node->connection) && node->is_believed &&
           (!needs_epoch || store->trust.epochs[tag].is_known);
}
