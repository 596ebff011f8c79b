// Who serves each hash tag now: the one server, the master that the sentinels name, or the nodes of
// a cluster. What is wrong about it is found out here only in so far as a server says so itself
// (MOVED, ROLE, CLUSTER SLOTS); whether its data may be believed is for others to say. Not for
// threads to share.
//
//   nothing known --find--> each tag has its node --open--> connected
//   MOVED: the tag's node is another, and the map is asked for anew
//   a node is lost: it backs off, and the map is asked for anew
#pragma once

#include "model/facts.h"
#include "policy/config.h"
#include "redis/cluster_map.h"
#include "redis/connection.h"
#include "redis/packed_keys.h"
#include "redis/server_watch.h"

struct redis_route_options {
    struct redis_options server; // its address is not looked at
    enum redis_topology topology;
    const char *addresses;              // commas between several: the server, sentinels, or nodes
    const char *master;                 // that the sentinels watch
    const char *sentinel_user;          // NULL = none
    const char *sentinel_password_file; // NULL = none
};
// As the configuration has it; its texts are borrowed.
struct redis_route_options redis_route_options_of(
        const struct config *config, const char *client_name);

// One server. The route opens and closes it; the rest is the reader's, of this connection.
struct redis_node {
    char *address;
    struct redis_connection *connection;
    bool is_seed;
    struct mono_time retry_at; // no connection before
    int64_t backoff_ms;        // 0 = all is well

    struct server_watch watch;
    bool is_believed;           // the server itself
    bool is_known;              // and the epochs of its tags
    bool lacks_keys;            // it has fewer than the epoch has buckets
    struct mono_time next_info; // when INFO is due
    bool was_open;              // when the batch began
    enum lookup_state answer;   // of what it does not answer; LOOKUP_FOUND = nothing is wrong
    struct strbuf why;
};

struct redis_route;

// ERR_CONFIG: no address, too many, or a topology without what it needs; `ret_why` then says so.
MUST_CHECK enum err redis_route_create(struct redis_route **ret_route,
        const struct redis_route_options *options, struct strbuf *ret_why);
void redis_route_destroy(struct redis_route *route);
bool redis_route_is_cluster(const struct redis_route *route);
// Why the last call failed, in words.
const char *redis_route_why(const struct redis_route *route);

// Finds out who serves which tag, where that is due. ERR_UNAVAILABLE and its like: what was known
// stays.
MUST_CHECK enum err redis_route_find(struct redis_route *route, struct mono_time deadline);
// The node of a tag; NULL where nobody is known to serve it.
struct redis_node *redis_route_node(const struct redis_route *route, unsigned tag);
// All nodes, in no order; what redis_route_find returns may change them.
size_t redis_route_count(const struct redis_route *route);
struct redis_node *redis_route_at(const struct redis_route *route, size_t i);
// Whether it serves a tag, or is asked for one (redis_route_ask).
bool redis_route_is_wanted(const struct redis_route *route, const struct redis_node *node);

// Connects it; with sentinels, to whom they name now, who must say that it is the master.
MUST_CHECK enum err redis_route_open(
        struct redis_route *route, struct redis_node *node, struct mono_time deadline);
// With sentinels: whether they still name the server that the node is connected to. True also where
// they cannot be asked.
bool redis_route_is_current(
        struct redis_route *route, const struct redis_node *node, struct mono_time deadline);
bool redis_node_may_open(const struct redis_node *node);
// Closes it and lets some time pass: 50 ms, doubled up to 1 s.
void redis_route_back_off(struct redis_route *route, struct redis_node *node);

// Takes an error reply to a command with a key of this tag from `node`. MOVED changes the map; ASK
// is kept until redis_route_asked.
enum redirect redis_route_redirect(struct redis_route *route, unsigned tag,
        const struct redis_node *node, const redisReply *reply);
// The node that is to be asked, with ASKING before each command; NULL = none.
struct redis_node *redis_route_ask(const struct redis_route *route, unsigned tag);
void redis_route_asked(struct redis_route *route);
// How often a tag has got another node since the route was created.
uint64_t redis_route_moves(const struct redis_route *route);
// The map may be wrong: redis_route_find asks for it anew.
void redis_route_doubt(struct redis_route *route);
