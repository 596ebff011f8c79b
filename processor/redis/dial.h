// Sockets to Redis servers: reading an address, resolving, connecting, all under a deadline.
#pragma once

#include "common/clock.h"
#include "common/err.h"
#include "common/strbuf.h"

// Connects a non-blocking, close-on-exec stream socket to unix:/path, host:port, [ipv6]:port or host (port 6379).
// ERR_CONFIG (no such form of address, or one that needs TLS), ERR_UNAVAILABLE, ERR_DEADLINE; `ret_why` then gets the
// reason in words.
MUST_CHECK enum err redis_dial(
        int *ret_fd, const char *address, struct mono_time deadline, struct strbuf *ret_why);
