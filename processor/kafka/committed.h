// The text that a group has left with its commit of a partition, read without joining the group.
#pragma once

#include <stdint.h>

#include "common/err.h"
#include "common/strbuf.h"
#include "policy/config.h"

struct committed_search {
    const struct config *config;
    const char *group;
    const char *topic;
    int32_t partition;
    int64_t timeout_ms;
};

// Appends the text; nothing when there is no commit, or none with a text. ERR_DEADLINE,
// ERR_UNAVAILABLE when no broker says so in time.
MUST_CHECK enum err kafka_committed_text(
        const struct committed_search *search, struct strbuf *ret_text);
