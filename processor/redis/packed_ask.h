// One pipeline of lookups in the packed layout: which buckets to ask for, and what their bytes say.
// The lookups of one hash tag are a run, asked in a bracket of its own (GET epoch, MGET buckets, GET
// epoch), of the server that has the tag. Not for threads to share.
#pragma once

#include "redis/cache_trust.h"
#include "relationship/store.h"

enum { PACKED_ALONG_MAX = 64 };

struct packed_ask;

// At most `max_lookups` a pipeline.
MUST_CHECK enum err packed_ask_create(
        struct packed_ask **ret_ask, struct view prefix, uint32_t max_lookups);
void packed_ask_destroy(struct packed_ask *ask);

// Lookups that go along with every plan from now on, at most PACKED_ALONG_MAX; borrowed.
void packed_ask_along(struct packed_ask *ask, struct lookup *lookups, size_t count);
// Takes lookups from the front, as many as one pipeline may hold, and returns how many; those of no
// possible number are passed over. An epoch must be known (cache_trust_lead).
size_t packed_ask_plan(struct packed_ask *ask, const struct cache_trust *trust,
        struct lookup *lookups, size_t count);
// Plans those lookups once more that packed_ask_keep kept; the others have their answers.
void packed_ask_plan_again(struct packed_ask *ask, const struct cache_trust *trust);

// The runs of the plan, in ascending order of tag.
size_t packed_ask_run_count(const struct packed_ask *ask);
unsigned packed_ask_run_tag(const struct packed_ask *ask, size_t run);
// Adds the commands of a run, with ASKING before each where wanted: 3 or 6. Its tag's epoch must be
// known.
MUST_CHECK enum err packed_ask_add(struct packed_ask *ask, size_t run,
        const struct cache_trust *trust, struct redis_connection *connection, bool is_asking);
// Takes the 3 replies of a run and sets the facts of its lookups. TRUST_VOID and TRUST_BROKEN: the
// facts are untouched. Else each lookup has its own answer, and the worst of them is returned.
enum trust packed_ask_read(struct packed_ask *ask, size_t run, struct cache_trust *trust,
        redisReply *const replies[3], struct wall_time now, struct arena *arena);
// A lookup of the last plan whose bucket is not there, or damaged; NULL = none.
const struct lookup *packed_ask_damaged(const struct packed_ask *ask);
// Gives all lookups of a run one answer.
void packed_ask_answer(struct packed_ask *ask, size_t run, enum lookup_state answer);
// Keeps a run for packed_ask_plan_again.
void packed_ask_keep(struct packed_ask *ask, size_t run);
