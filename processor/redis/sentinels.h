// Asks sentinels who the master is.
#pragma once

#include "redis/connection.h"

struct sentinels;

// `options` are those of every sentinel, but for the address; `addresses` has commas between
// several; `master` is the name that they watch it under.
MUST_CHECK enum err sentinels_create(struct sentinels **ret_sentinels,
        const struct redis_options *options, const char *addresses, const char *master);
void sentinels_destroy(struct sentinels *sentinels);

// Asks one after the other until one knows: host:port. ERR_UNAVAILABLE, ERR_DEADLINE, ERR_REFUSED,
// ERR_CONFIG; `ret_why` then gets the reason in words.
MUST_CHECK enum err sentinels_find(struct sentinels *sentinels, struct mono_time deadline,
        struct strbuf *ret_address, struct strbuf *ret_why);
// The last answer was wrong: the next question goes to the next sentinel first.
void sentinels_doubt(struct sentinels *sentinels);
