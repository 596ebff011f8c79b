// A Redis address as people write it: redis://host:port/database, unix:///path, or as in the
// configuration.
#pragma once

#include <stdint.h>

#include "common/err.h"

// *ret_address is the configuration's form, the caller's to free; *ret_database is left alone where
// the URI names none. ERR_USAGE, with *ret_why, for what is none of these (a user or password
// belongs into the configuration, TLS is not there).
MUST_CHECK enum err redis_uri_read(
        const char *uri, char **ret_address, uint32_t *ret_database, const char **ret_why);
