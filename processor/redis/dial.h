// Sockets to one Redis server: reading its address, resolving, connecting, all under a deadline.
#pragma once

#include "common/clock.h"
#include "common/err.h"
#include "common/strbuf.h"

struct dialler;

// Reads unix:/path, host:port, [ipv6]:port or host (port 6379). An address that cannot be used is
// found out by dialler_dial.
MUST_CHECK enum err dialler_create(struct dialler **ret_dialler, const char *address);
void dialler_destroy(struct dialler *dialler);
// Connects a non-blocking, close-on-exec stream socket. ERR_CONFIG (no such form of address, or one
// that needs TLS), ERR_UNAVAILABLE, ERR_DEADLINE, ERR_NO_MEMORY; `ret_why` then gets the reason in
// words.
MUST_CHECK enum err dialler_dial(
        struct dialler *dialler, int *ret_fd, struct mono_time deadline, struct strbuf *ret_why);
