// Reads a topic from its beginning to the ends that it has now, without a group.
#pragma once

#include <stdint.h>

#include "common/err.h"
#include "common/strbuf.h"
#include "model/raw.h"
#include "policy/config.h"

struct kafka_whole {
    const struct config *config;
    const char *topic;
    const char *who; // for logs
    int64_t deadline_ms;
    // Each record, of a partition in its order; other than ERR_NONE ends it.
    enum err (*take)(void *self, const struct raw_message *raw);
    void *self;
    bool *left_behind; // set when a client did not let go: the process should end by _exit
};

// ERR_DEADLINE, ERR_UNAVAILABLE: it could not be read to its end in time, or is not there.
MUST_CHECK enum err kafka_read_whole(const struct kafka_whole *whole, struct strbuf *findings);
