// The map of a cluster: which node owns the slot of each hash tag. Asked of any node that answers;
// corrected by every MOVED. A wrong map costs a redirection, never a wrong answer: a node that does
// not own a slot says so.
#include "common/assure.h"
#include "redis/route_inside.h"

enum { MAP_EVERY_MS = 100, SLICE_LEAST_MS = 20 };

void redis_route_doubt(struct redis_route *route)
{
    route->is_map_due = route->topology == TOPOLOGY_CLUSTER;
}

// Nodes that serve nothing are forgotten, but for those that the configuration names: these are
// only closed.
static void drop_unwanted(struct redis_route *route)
{
    size_t kept = 0;
    for (size_t i = 0; i < route->node_count; i++) {
        struct redis_node *node = route->nodes[i];
        bool is_wanted = redis_route_is_wanted(route, node);
        if (!is_wanted && !node->is_seed) {
            route_destroy_node(node);
            continue;
        }
        if (!is_wanted) {
            redis_connection_close(node->connection);
            node->is_believed = false;
            node->is_known = false;
        }
        route->nodes[kept++] = node;
    }
    route->node_count = kept;
}

static enum err set_owner(struct redis_route *route, unsigned tag, struct view address)
{
    struct redis_node *node = NULL;
    enum err e = route_find_node(route, address, &node);
    if (e != ERR_NONE) {
        return e;
    }
    if (route->node_of[tag] != node) {
        route->moves += route->node_of[tag] != NULL;
        route->node_of[tag] = node;
        // The tag's epoch was read elsewhere.
        node->is_known = false;
    }
    return ERR_NONE;
}

static enum err take_map(
        struct redis_route *route, const struct redis_node *asked, const redisReply *reply)
{
    struct strbuf address;
    strbuf_init(&address, ROUTE_ADDRESS_MAX_BYTES);
    struct view asked_address = view_of(asked->address);
    enum err e = ERR_NONE;
    for (unsigned tag = 0; tag < HASH_TAG_COUNT && e == ERR_NONE; tag++) {
        e = cluster_read_owner(reply, cluster_slot_of_tag(tag), asked_address, &address);
        if (e == ERR_UNAVAILABLE) {
            route->node_of[tag] = NULL;
            e = ERR_NONE;
        } else if (e == ERR_NONE) {
            e = set_owner(route, tag, strbuf_view(&address));
        }
    }
    strbuf_fini(&address);
    return e;
}

static enum err read_map(
        struct redis_route *route, const struct redis_node *asked, const redisReply *reply)
{
    struct view code = redis_reply_error_code(reply);
    if (reply->type == REDIS_REPLY_ERROR) {
        strbuf_reset(&route->why);
        strbuf_printf(&route->why, "%s refused CLUSTER SLOTS with %.*s%s", asked->address,
                VIEW_ARGS(code),
                view_is(code, "ERR")      ? ": is it no cluster?"
                : view_is(code, "NOPERM") ? ": its user lacks the permission for it (ACL)"
                                          : "");
        return ERR_REFUSED;
    }
    enum err e = take_map(route, asked, reply);
    switch ((int)e) {
    case ERR_NONE:
        return e;
    case ERR_CEILING:
        return route_fail(route, e, "the cluster has more nodes than there is room for");
    case ERR_NO_MEMORY:
        return route_fail(route, e, "out of memory");
    default:
        return route_fail(route, e, "the answer to CLUSTER SLOTS cannot be read");
    }
}

static enum err ask_map(
        struct redis_route *route, struct redis_node *node, struct mono_time deadline)
{
    redisReply *reply = NULL;
    enum err e = ERR_NONE;
    if (!redis_connection_is_open(node->connection)) {
        e = redis_route_open(route, node, deadline);
        if (e != ERR_NONE) {
            return e;
        }
    }
    const char *words[] = {"CLUSTER", "SLOTS"};
    size_t lengths[] = {7, 5};
    e = redis_connection_add(node->connection, 2, words, lengths);
    if (e == ERR_NONE) {
        e = redis_connection_exchange(node->connection, &reply, 1, deadline);
    }
    if (e != ERR_NONE) {
        return route_fail(route, e, redis_connection_why(node->connection));
    }
    e = read_map(route, node, reply);
    freeReplyObject(reply);
    return e;
}

// Asks nodes until one answers: those that are connected first, then the others in turn. None may
// take all of the time that the rest needs.
static enum err ask_somebody(struct redis_route *route, struct mono_time deadline)
{
    // The table may grow by the answer, so that only who was there is asked.
    const size_t count = route->node_count;
    enum err e = route_fail(route, ERR_UNAVAILABLE, "no node of the cluster can be asked yet");
    for (int open = 1; open >= 0; open--) {
        for (size_t i = 0; i < count; i++) {
            struct redis_node *node = route->nodes[(route->next_candidate + i) % count];
            bool is_open = redis_connection_is_open(node->connection);
            if (is_open != (open == 1) || (!is_open && !redis_node_may_open(node))) {
                continue;
            }
            struct mono_time now = clock_mono();
            int64_t left_ms = mono_left_ms(now, deadline);
            int64_t slice_ms = left_ms / 3 > SLICE_LEAST_MS ? left_ms / 3 : SLICE_LEAST_MS;
            e = left_ms == 0
                        ? route_fail(route, ERR_DEADLINE, "no node of the cluster answered in time")
                        : ask_map(route, node,
                                  mono_after_ms(now, slice_ms < left_ms ? slice_ms : left_ms));
            if (e == ERR_NONE || left_ms == 0) {
                return e;
            }
            redis_route_back_off(route, node);
        }
    }
    route->next_candidate++;
    return e;
}

enum err redis_route_find(struct redis_route *route, struct mono_time deadline)
{
    if (!route->is_map_due || clock_mono().ns < route->next_map.ns) {
        return ERR_NONE;
    }
    enum err e = ask_somebody(route, deadline);
    route->next_map = mono_after_ms(clock_mono(), MAP_EVERY_MS);
    if (e == ERR_NONE) {
        route->is_map_due = false;
        drop_unwanted(route);
    }
    return e;
}

enum redirect redis_route_redirect(struct redis_route *route, unsigned tag,
        const struct redis_node *node, const redisReply *reply)
{
    ASSURE(tag < HASH_TAG_COUNT);
    if (route->topology != TOPOLOGY_CLUSTER) {
        return REDIRECT_NONE;
    }
    struct strbuf address;
    strbuf_init(&address, ROUTE_ADDRESS_MAX_BYTES);
    struct redis_node *to = NULL;
    enum redirect redirect = cluster_read_redirect(reply, view_of(node->address), &address);
    enum err e = ERR_NONE;
    if (redirect == REDIRECT_MOVED) {
        e = set_owner(route, tag, strbuf_view(&address));
        redis_route_doubt(route);
    } else if (redirect == REDIRECT_ASK) {
        e = route_find_node(route, strbuf_view(&address), &to);
        route->ask_of[tag] = to;
    }
    strbuf_fini(&address);
    if (view_is(redis_reply_error_code(reply), "CLUSTERDOWN")) {
        redis_route_doubt(route);
    }
    return e == ERR_NONE ? redirect : REDIRECT_NONE;
}

struct redis_node *redis_route_ask(const struct redis_route *route, unsigned tag)
{
    return route->ask_of[tag];
}

void redis_route_asked(struct redis_route *route)
{
    memset(route->ask_of, 0, sizeof route->ask_of);
}
