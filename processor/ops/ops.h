// What those see who run the processor: metrics, health, readiness, a status page over HTTP, and what
// systemd is told. Threads of its own, which read the board and nothing else; the processor works the
// same without them.
#pragma once

#include "common/strbuf.h"
#include "ops/board.h"
#include "policy/config.h"

struct ops;

// Starts what the configuration (ops.listen) and the environment (NOTIFY_SOCKET) ask for; *ret_ops is NULL
// when that is nothing. ERR_CONFIG with a finding: nobody can listen there.
MUST_CHECK enum err ops_start(
        struct ops **ret_ops, const struct config *config, struct strbuf *findings);
// Where the halves put what is to be seen of them; NULL when nobody looks.
struct board *ops_board(struct ops *ops);
// `reason` says in a few words what is going on now.
void ops_enter(struct ops *ops, enum board_phase phase, const char *reason);
// When no half writes on the board any more. May be NULL.
void ops_stop(struct ops *ops);
