// Reads a topic from its beginning, or from a time on, to the ends that it has now, without a group.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/strbuf.h"
#include "model/raw.h"
#include "policy/config.h"

// How much of what was asked for there still was.
struct kafka_kept {
    int32_t partitions;
    int32_t cut; // of which the beginning is gone, and with it perhaps records of the time that was asked for
    int64_t oldest_ms; // the timestamp of the oldest record that was read of those; -1 = none
    uint64_t records;
};

struct kafka_whole {
    const struct config *config;
    const char *topic;
    const char *who; // for logs
    int64_t deadline_ms;
    // Records with that timestamp or a later one, as far as the broker keeps them apart by time, and with them some that
    // are older; 0 = all. Where no partition has any, all of them are read.
    int64_t since_ms;
    bool may_be_absent;      // a topic that is known not to be there has no records
    struct kafka_kept *kept; // NULL = not asked
    // Each record, of a partition in its order; other than ERR_NONE ends it.
    enum err (*take)(void *self, const struct raw_message *raw);
    void *self;
    bool *left_behind; // set when a client did not let go: the process should end by _exit
};

// ERR_DEADLINE, ERR_UNAVAILABLE: it could not be read to its end in time, or is not there.
MUST_CHECK enum err kafka_read_whole(const struct kafka_whole *whole, struct strbuf *findings);
