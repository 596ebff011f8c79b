// One pipeline of lookups in the packed layout: which buckets to ask for, and what their bytes say.
// For each hash tag that is needed: GET epoch, MGET buckets, GET epoch. Not for threads to share.
#pragma once

#include "redis/cache_trust.h"
#include "relationship/store.h"

struct packed_ask;

// At most `max_lookups` a pipeline.
MUST_CHECK enum err packed_ask_create(
        struct packed_ask **ret_ask, struct view prefix, uint32_t max_lookups);
void packed_ask_destroy(struct packed_ask *ask);

// Takes lookups from the front, as many as one pipeline may hold, and returns how many; those of no
// possible number are passed over. The epochs must be known. `ret_plan_count` is how many are to be
// asked.
size_t packed_ask_plan(struct packed_ask *ask, const struct cache_trust *trust,
        struct lookup *lookups, size_t count, size_t *ret_plan_count);
// Adds the commands of the plan.
MUST_CHECK enum err packed_ask_add(struct packed_ask *ask, const struct cache_trust *trust,
        struct redis_connection *connection, size_t *ret_reply_count);
// Takes the replies and sets the facts of the lookups in the plan. TRUST_VOID and TRUST_BROKEN: the
// facts are untouched. Else each lookup has its own answer, and the worst of them is returned.
enum trust packed_ask_read(struct packed_ask *ask, struct cache_trust *trust,
        redisReply *const *replies, struct wall_time now, struct arena *arena);

// Most replies of one pipeline.
enum { PACKED_ASK_MAX_REPLIES = 3 * HASH_TAG_COUNT };
