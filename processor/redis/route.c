#include "redis/route.h"

#include <stdlib.h>

#include "common/assure.h"
#include "redis/address_list.h"
#include "redis/route_inside.h"
#include "redis/sentinels.h"

enum { BACKOFF_FIRST_MS = 50, BACKOFF_MAX_MS = 1000, WHY_MAX_BYTES = 512 };

// --- nodes --------------------------------------------------------------------------------------

static enum err set_address(
        const struct redis_route *route, struct redis_node *node, struct view address)
{
    struct redis_options options = route->options;
    struct redis_connection *connection = NULL;
    char *text = strndup(address.p, address.n);
    options.address = text;
    enum err e = text == NULL ? ERR_NO_MEMORY : redis_connection_create(&connection, &options);
    if (e != ERR_NONE) {
        free(text);
        return e;
    }
    redis_connection_destroy(node->connection);
    free(node->address);
    node->connection = connection;
    node->address = text;
    return ERR_NONE;
}

void route_destroy_node(struct redis_node *node)
{
    redis_connection_destroy(node->connection);
    strbuf_fini(&node->why);
    free(node->address);
    free(node);
}

enum err route_find_node(
        struct redis_route *route, struct view address, struct redis_node **ret_node)
{
    for (size_t i = 0; i < route->node_count; i++) {
        if (view_is(address, route->nodes[i]->address)) {
            *ret_node = route->nodes[i];
            return ERR_NONE;
        }
    }
    if (route->node_count == ROUTE_NODES_MAX) {
        return ERR_CEILING;
    }
    struct redis_node *node = calloc(1, sizeof *node);
    if (node == NULL) {
        return ERR_NO_MEMORY;
    }
    strbuf_init(&node->why, WHY_MAX_BYTES);
    enum err e = set_address(route, node, address);
    if (e != ERR_NONE) {
        route_destroy_node(node);
        return e;
    }
    node->answer = LOOKUP_UNREACHABLE;
    strbuf_add_text(&node->why, "no lookup was made yet");
    route->nodes[route->node_count++] = node;
    *ret_node = node;
    return ERR_NONE;
}

enum err route_fail(struct redis_route *route, enum err e, const char *why)
{
    strbuf_reset(&route->why);
    strbuf_add_text(&route->why, why);
    return e;
}

size_t redis_route_count(const struct redis_route *route)
{
    return route->node_count;
}

struct redis_node *redis_route_at(const struct redis_route *route, size_t i)
{
    return route->nodes[i];
}

struct redis_node *redis_route_node(const struct redis_route *route, unsigned tag)
{
    return route->node_of[tag];
}

bool redis_route_is_wanted(const struct redis_route *route, const struct redis_node *node)
{
    for (unsigned tag = 0; tag < HASH_TAG_COUNT; tag++) {
        if (route->node_of[tag] == node || route->ask_of[tag] == node) {
            return true;
        }
    }
    return false;
}

bool redis_route_is_cluster(const struct redis_route *route)
{
    return route->topology == TOPOLOGY_CLUSTER;
}

const char *redis_route_why(const struct redis_route *route)
{
    return route->why.n > 0 ? route->why.p : "";
}

uint64_t redis_route_moves(const struct redis_route *route)
{
    return route->moves;
}

// --- connecting ---------------------------------------------------------------------------------

bool redis_node_may_open(const struct redis_node *node)
{
    return node->backoff_ms == 0 || clock_mono().ns >= node->retry_at.ns;
}

void redis_route_back_off(struct redis_route *route, struct redis_node *node)
{
    redis_connection_close(node->connection);
    node->is_believed = false;
    node->is_known = false;
    node->backoff_ms = node->backoff_ms == 0 ? BACKOFF_FIRST_MS : node->backoff_ms * 2;
    if (node->backoff_ms > BACKOFF_MAX_MS) {
        node->backoff_ms = BACKOFF_MAX_MS;
    }
    node->retry_at = mono_after_ms(clock_mono(), node->backoff_ms);
    redis_route_doubt(route);
}

// Whether a server says of itself that it is a master.
static enum err check_role(
        struct redis_route *route, struct redis_node *node, struct mono_time deadline)
{
    const char *words[] = {"INFO", "replication"};
    size_t lengths[] = {4, 11};
    redisReply *reply = NULL;
    enum err e = redis_connection_add(node->connection, 2, words, lengths);
    if (e == ERR_NONE) {
        e = redis_connection_exchange(node->connection, &reply, 1, deadline);
    }
    if (e != ERR_NONE) {
        return route_fail(route, e, redis_connection_why(node->connection));
    }
    bool is_master = reply->type == REDIS_REPLY_STRING &&
                     view_is(info_field((struct view){reply->str, reply->len}, "role"), "master");
    bool is_error = reply->type == REDIS_REPLY_ERROR;
    freeReplyObject(reply);
    if (is_master) {
        return ERR_NONE;
    }
    redis_connection_close(node->connection);
    return route_fail(route, is_error ? ERR_REFUSED : ERR_UNAVAILABLE,
            is_error ? "the server that the sentinels name refuses INFO"
                     : "the server that the sentinels name is no master: it is a replica");
}

static enum err follow_sentinels(
        struct redis_route *route, struct redis_node *node, struct mono_time deadline)
{
    struct strbuf address;
    strbuf_init(&address, ROUTE_ADDRESS_MAX_BYTES);
    enum err e = sentinels_find(route->sentinels, deadline, &address, &route->why);
    if (e == ERR_NONE && !view_is(strbuf_view(&address), node->address)) {
        e = set_address(route, node, strbuf_view(&address));
        route->moves++;
    }
    strbuf_fini(&address);
    return e;
}

enum err redis_route_open(
        struct redis_route *route, struct redis_node *node, struct mono_time deadline)
{
    enum err e = ERR_NONE;
    strbuf_reset(&route->why);
    node->is_believed = false;
    node->is_known = false;
    if (route->topology == TOPOLOGY_SENTINEL) {
        e = follow_sentinels(route, node, deadline);
    }
    if (e != ERR_NONE) {
        return e;
    }
    e = redis_connection_open(node->connection, deadline);
    if (e != ERR_NONE) {
        (void)route_fail(route, e, redis_connection_why(node->connection));
    } else if (route->topology == TOPOLOGY_SENTINEL) {
        e = check_role(route, node, deadline);
    }
    if (e != ERR_NONE && route->topology == TOPOLOGY_SENTINEL) {
        sentinels_doubt(route->sentinels);
    }
    return e;
}

bool redis_route_is_current(
        struct redis_route *route, const struct redis_node *node, struct mono_time deadline)
{
    if (route->topology != TOPOLOGY_SENTINEL) {
        return true;
    }
    struct strbuf address;
    strbuf_init(&address, ROUTE_ADDRESS_MAX_BYTES);
    enum err e = sentinels_find(route->sentinels, deadline, &address, &route->why);
    bool is_current = e != ERR_NONE || view_is(strbuf_view(&address), node->address);
    strbuf_fini(&address);
    return is_current;
}

// --- life ---------------------------------------------------------------------------------------

static bool copy_text(char **ret_copy, const char *text)
{
    *ret_copy = text != NULL ? strdup(text) : NULL;
    return text == NULL || *ret_copy != NULL;
}

static enum err copy_options(struct redis_route *route, const struct redis_options *from)
{
    bool is_whole = copy_text(&route->user, from->user) &&
                    copy_text(&route->password_file, from->password_file) &&
                    copy_text(&route->client_name, from->client_name) &&
                    copy_text(&route->tls_texts[0], from->tls.ca_file) &&
                    copy_text(&route->tls_texts[1], from->tls.cert_file) &&
                    copy_text(&route->tls_texts[2], from->tls.key_file) &&
                    copy_text(&route->tls_texts[3], from->tls.server_name);
    route->options = *from;
    route->options.tls.ca_file = route->tls_texts[0];
    route->options.tls.cert_file = route->tls_texts[1];
    route->options.tls.key_file = route->tls_texts[2];
    route->options.tls.server_name = route->tls_texts[3];
    route->options.user = route->user;
    route->options.password_file = route->password_file;
    route->options.client_name = route->client_name;
    return is_whole ? ERR_NONE : ERR_NO_MEMORY;
}

static enum err add_seeds(struct redis_route *route, const char *addresses, struct strbuf *ret_why)
{
    struct view rest = view_of(addresses);
    struct view address;
    enum err e = ERR_NONE;
    while (e == ERR_NONE && address_list_take(&rest, &address)) {
        struct redis_node *node = NULL;
        e = route_find_node(route, address, &node);
        if (e == ERR_NONE) {
            node->is_seed = true;
        }
    }
    if (e == ERR_CEILING || (e == ERR_NONE && route->node_count == 0)) {
        strbuf_add_text(ret_why, e == ERR_CEILING ? "too many addresses of Redis nodes"
                                                  : "no address of a Redis node");
        return ERR_CONFIG;
    }
    redis_route_doubt(route);
    return e;
}

// Standalone, or the master that is found by sentinels: one node for all tags.
static enum err add_only_node(struct redis_route *route, const char *address)
{
    struct redis_node *node = NULL;
    enum err e = route_find_node(route, view_of(address), &node);
    for (unsigned tag = 0; tag < HASH_TAG_COUNT && e == ERR_NONE; tag++) {
        route->node_of[tag] = node;
    }
    return e;
}

static enum err add_sentinels(struct redis_route *route, const struct redis_route_options *options,
        struct strbuf *ret_why)
{
    if (options->master == NULL || options->master[0] == '\0') {
        strbuf_add_text(ret_why, "with sentinels, the name of the master must be given");
        return ERR_CONFIG;
    }
    struct redis_options each = route->options;
    each.user = options->sentinel_user;
    each.password_file = options->sentinel_password_file;
    each.database = 0;
    enum err e = sentinels_create(&route->sentinels, &each, options->addresses, options->master);
    if (e == ERR_CONFIG) {
        strbuf_add_text(ret_why, "no address of a sentinel, or too many");
    }
    return e;
}

enum err redis_route_create(struct redis_route **ret_route,
        const struct redis_route_options *options, struct strbuf *ret_why)
{
    struct redis_route *route = calloc(1, sizeof *route);
    if (route == NULL) {
        return ERR_NO_MEMORY;
    }
    route->topology = options->topology;
    strbuf_init(&route->why, WHY_MAX_BYTES);
    enum err e = copy_options(route, &options->server);
    if (e == ERR_NONE) {
        switch (options->topology) {
        case TOPOLOGY_STANDALONE:
            e = add_only_node(route, options->addresses);
            break;
        case TOPOLOGY_SENTINEL:
            e = add_sentinels(route, options, ret_why);
            e = e == ERR_NONE ? add_only_node(route, "") : e;
            break;
        case TOPOLOGY_CLUSTER:
            e = add_seeds(route, options->addresses, ret_why);
            break;
        }
    }
    if (e != ERR_NONE) {
        redis_route_destroy(route);
        return e;
    }
    *ret_route = route;
    return ERR_NONE;
}

void redis_route_destroy(struct redis_route *route)
{
    if (route == NULL) {
        return;
    }
    for (size_t i = 0; i < route->node_count; i++) {
        route_destroy_node(route->nodes[i]);
    }
    sentinels_destroy(route->sentinels);
    strbuf_fini(&route->why);
    free(route->user);
    free(route->password_file);
    free(route->client_name);
    for (size_t i = 0; i < sizeof route->tls_texts / sizeof route->tls_texts[0]; i++) {
        free(route->tls_texts[i]);
    }
    free(route);
}

struct redis_route_options redis_route_options_of(
        const struct config *config, const char *client_name)
{
    return (struct redis_route_options){
            .server =
                    {
                            .user = config->redis.user,
                            .password_file = config->redis.password_file,
                            .database = config->redis.database,
                            .connect_timeout_ms = config->redis.connect_timeout_ms,
                            .client_name = client_name,
                            .tls =
                                    {
                                            .is_on = config->redis.tls.is_on,
                                            .ca_file = config->redis.tls.ca_file,
                                            .cert_file = config->redis.tls.cert_file,
                                            .key_file = config->redis.tls.key_file,
                                            .server_name = config->redis.tls.server_name,
                                    },
                    },
            .topology = config->redis.topology,
            .addresses = config->redis.address,
            .master = config->redis.master,
            .sentinel_user = config->redis.sentinel_user,
            .sentinel_password_file = config->redis.sentinel_password_file,
    };
}
