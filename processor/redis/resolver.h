// Names to addresses under a deadline. getaddrinfo knows none and may hang for half a minute, so it
// runs on a thread of its own; one that outlives its deadline is left to finish, and its answer
// serves the next call.
#pragma once

#include <netdb.h>

#include "common/clock.h"
#include "common/err.h"
#include "common/strbuf.h"

struct resolver; // of one name

MUST_CHECK enum err resolver_create(
        struct resolver **ret_resolver, const char *host, const char *port);
void resolver_destroy(struct resolver *resolver);
// A list to be freed with freeaddrinfo. Numeric addresses need no thread. ERR_UNAVAILABLE,
// ERR_DEADLINE, ERR_NO_MEMORY; `ret_why` then gets the reason in words.
MUST_CHECK enum err resolver_ask(struct resolver *resolver, struct addrinfo **ret_list,
        struct mono_time deadline, struct strbuf *ret_why);
