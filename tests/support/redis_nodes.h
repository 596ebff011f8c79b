// Several private redis-server processes on free loopback ports, each in a temporary folder: the
// nodes of a cluster, or masters, replicas and sentinels. Never servers that were there before.
#pragma once

#include "redis/connection.h"

enum { REDIS_NODES_MAX = 16 };

struct redis_nodes;

// NULL where redis-server is not installed.
struct redis_nodes *redis_nodes_create(void);
void redis_nodes_destroy(struct redis_nodes *nodes);

// Starts one more; `arguments` (ended by NULL, or NULL) go to its command line, {port} is replaced by
// its port. Returns its number. With `is_sentinel` its first argument is a file that it writes to.
size_t redis_nodes_start(struct redis_nodes *nodes, bool is_sentinel, const char *const *arguments);
// Nodes that are started from now on are spoken to by TLS; the texts are borrowed.
void redis_nodes_use_tls(struct redis_nodes *nodes, const struct redis_tls_options *options);
// 127.0.0.1:port
const char *redis_nodes_address(const struct redis_nodes *nodes, size_t node);
unsigned redis_nodes_port(const struct redis_nodes *nodes, size_t node);
const char *redis_nodes_folder(const struct redis_nodes *nodes);
void redis_nodes_kill(struct redis_nodes *nodes, size_t node);
void redis_nodes_restart(struct redis_nodes *nodes, size_t node);
// SIGSTOP and SIGCONT.
void redis_nodes_pause(struct redis_nodes *nodes, size_t node, bool is_paused);

// Runs one command, a printf format of words split at blanks. The caller frees the reply; NULL when
// there is none.
redisReply *redis_nodes_ask(struct redis_nodes *nodes, size_t node, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
// The same where only success matters: false for an error, and for no reply.
bool redis_nodes_do(struct redis_nodes *nodes, size_t node, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

// A cluster of masters and one replica of each where wanted: nodes 0..masters, then their replicas.
struct redis_nodes *redis_nodes_start_cluster(size_t masters, bool has_replicas);
// The same of nodes that were made by redis_nodes_create; `arguments` go to each.
void redis_nodes_form_cluster(
        struct redis_nodes *nodes, size_t masters, bool has_replicas, const char *const *arguments);
// One more master, without slots.
size_t redis_nodes_add_master(struct redis_nodes *nodes);
// The master that owns a slot, by its own word; SIZE_MAX = none.
size_t redis_nodes_owner(struct redis_nodes *nodes, unsigned slot);
// The steps of moving a slot: open it on both sides; move up to `count` keys; tell everybody.
void redis_nodes_open_slot(struct redis_nodes *nodes, unsigned slot, size_t from, size_t to);
size_t redis_nodes_move_keys(
        struct redis_nodes *nodes, unsigned slot, size_t from, size_t to, size_t count);
// Only the node that has a slot is told that another one has it.
bool redis_nodes_give_away(struct redis_nodes *nodes, unsigned slot, size_t from, size_t to);
void redis_nodes_close_slot(struct redis_nodes *nodes, unsigned slot, size_t to);
