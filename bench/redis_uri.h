// A Redis address as people write it: redis://host:port/database, unix:///path,
// redis-cluster://host:port,host:port, redis-sentinel://host:port,host:port/master/database, or as in
// the configuration.
#pragma once

#include "policy/config.h"

struct redis_uri {
    enum redis_topology topology;
    char *address; // the configuration's form
    char *master;  // NULL = none
    bool has_database;
    uint32_t database;
};

// The texts are the caller's to free. ERR_USAGE, with *ret_why, for what is none of these (a user or
// password belongs into the configuration).
MUST_CHECK enum err redis_uri_read(
        const char *uri, struct redis_uri *ret_uri, const char **ret_why);
