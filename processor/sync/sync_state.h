// Where `sync` stands in the topic. Redis keeps it beside the epoch, in the order of the writes it
// tells of, so that a server that comes back with older data comes back with the older place too.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/strbuf.h"

enum { SYNC_PARTITION_MAX = 1024, SYNC_TOPIC_BYTES = 250, SYNC_STATE_MAX_BYTES = 64 << 10 };

struct sync_position {
    int64_t next; // everything before is in Redis; -1 = not known, begin at the beginning
    // Records before this one may be in Redis as well: what is applied next has to reach as far, so
    // that no older record of a recipient ever replaces a newer one. At least `next`.
    int64_t reach;
};

struct sync_state {
    uint64_t generation;          // of the epoch that this belongs to
    char topic[SYNC_TOPIC_BYTES]; // the place is one in this topic
    int64_t since_ms;             // records before this time are left out: the load has them
    int64_t source_ms;            // the topic's own heartbeat; 0 = it never had one
    int64_t ended_ms;             // when all that was in the topic was last in Redis; 0 = never
    bool has_gap;                 // records were lost: not to be believed before a full load
    uint32_t partition_count;
    struct sync_position positions[SYNC_PARTITION_MAX];
};

// Appends it as one line of text.
void sync_state_add(struct strbuf *sb, const struct sync_state *state);
// ERR_DATA when it is not exactly such a line.
MUST_CHECK enum err sync_state_parse(struct sync_state *ret_state, struct view text);
// Whether everything read (`next`) is as far as what may be in Redis (`reach`).
bool sync_state_reaches(const struct sync_state *state);
