// What is kept of scopes beside banks and streams: how much vendors and tenants send
// (detect/volume.h), and the complaints about any scope (detect/complaints.h). Raises notices and
// alerts, and holds nothing. Pure, integer only; one a tally partition, one thread.
#pragma once

#include "common/archive.h"
#include "common/err.h"
#include "model/delta.h"
#include "model/incident.h"
#include "model/stream.h"

struct scopes;
struct side;

MUST_CHECK enum err side_create(struct side **ret_side, uint32_t complaint_rate_millionths);
void side_destroy(struct side *side);

struct side_asks {
    // How many messages of a scope have been judged since it was first heard of.
    int64_t (*heard)(void *self, int32_t scope);
    void *self;
    // A complaint about a leaf counts only where complaints are of these. NULL: always.
    source_set (*sources)(const void *self, const struct leaf_key *key);
};

// Takes the messages and complaints of a delta.
MUST_CHECK enum err side_delta(
        struct side *side, const struct delta *delta, const struct side_asks *asks);
// Whether there is anything about a scope that side_read could say something of; of most there is not.
bool side_has_news(const struct side *side, int32_t scope);
// What the complaints about a row's scope or its volume say now, of those that are in `sources`, above the
// tier that is told of it already: the tier, and the evidence behind it. TIER_NONE: nothing. What a
// volume has had to say it says once, whether it could be told or not; complaints go first.
enum tier side_read(struct side *side, const struct scope_name *name, const struct scope_delta *row,
        source_set sources, enum tier told, struct evidence *ret_evidence);
// A vendor or tenant that may have fallen silent, one after the other as log time goes by: its
// number; SCOPE_NONE when it is nobody's turn. side_read then takes it like a row's scope.
int32_t side_next_silent(struct side *side, int64_t log_time_ms);

// Whether nobody complains any more.
bool side_is_calm(const struct side *side, int32_t scope);
// Forgets a scope: its number may be given to another.
void side_drop(struct side *side, int32_t scope);

// Saves it, or restores an empty one. `scopes_end`: numbers of scopes are below it.
void side_archive(struct archive *archive, struct side *side, const struct scopes *names);
