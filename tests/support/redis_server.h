// A private redis-server on a Unix socket in a temporary folder, for tests. Never a server that was
// there before.
#pragma once

#include "redis/connection.h"

struct redis_server;

// NULL where redis-server is not installed. `arguments` (ended by NULL, or NULL) go to its command
// line.
struct redis_server *redis_server_start(const char *const *arguments);
void redis_server_stop(struct redis_server *server);
// kill -9, and wait until it is gone.
void redis_server_kill(struct redis_server *server);
// Starts it again after a kill, with the same folder and arguments.
void redis_server_restart(struct redis_server *server);
// unix:/path
const char *redis_server_address(const struct redis_server *server);
const char *redis_server_folder(const struct redis_server *server);
// Runs one command of words split at blanks; false when the server answers with an error.
bool redis_server_command(struct redis_server *server, const char *command);
// SET, many at a time: what was set is sent by the next redis_server_flush or when enough has come
// together.
void redis_server_set(void *server, struct view key, struct view value);
void redis_server_flush(struct redis_server *server);
