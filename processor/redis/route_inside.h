// Inside of redis/route.h's implementation: route.c has the nodes and connects them, cluster.c keeps
// the map of a cluster.
#pragma once

#include "redis/route.h"

enum { ROUTE_NODES_MAX = REDIS_EXCHANGES_MAX, ROUTE_ADDRESS_MAX_BYTES = 512 };

struct redis_route {
    enum redis_topology topology;
    struct redis_options options; // of every server but for its address
    char *user;
    char *password_file;
    char *client_name;
    char *tls_texts[4];
    struct sentinels *sentinels; // NULL without

    struct redis_node *nodes[ROUTE_NODES_MAX];
    size_t node_count;
    struct redis_node *node_of[HASH_TAG_COUNT];
    struct redis_node *ask_of[HASH_TAG_COUNT];
    uint64_t moves;

    bool is_map_due;
    struct mono_time next_map; // not before
    size_t next_candidate;     // whom to ask for the map first
    struct strbuf why;
};

// The node with this address, new where there is none. ERR_CEILING, ERR_NO_MEMORY.
MUST_CHECK enum err route_find_node(
        struct redis_route *route, struct view address, struct redis_node **ret_node);
void route_destroy_node(struct redis_node *node);
// Sets why and returns the error.
enum err route_fail(struct redis_route *route, enum err e, const char *why);
