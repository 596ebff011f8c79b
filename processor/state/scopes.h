// The scopes that the detect half knows, numbered from 0. A scope's number is its index into the
// arrays that fold, detect and decide keep beside this table.
//
// The table has a ceiling. A scope that nothing is going on with may be released; its number is
// then given to another scope, with a new generation: who keeps numbers for long keeps their
// generations beside them. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/archive.h"
#include "common/err.h"
#include "model/scope.h"

struct scopes;

enum { SCOPE_NONE = -1, SCOPE_NAME_BYTES_MAX = 2048 };
// In the place of a vendor's number, beside SCOPE_NONE for messages that name none.
enum {
    VENDOR_UNKNOWN =
            -2, // there was no room for it, its number is another's by now, or nothing is remembered
    VENDOR_SEVERAL = -3,
};

MUST_CHECK enum err scopes_create(struct scopes **ret_scopes, uint32_t max_scopes);
void scopes_destroy(struct scopes *scopes);

// The scope's number, a new one if need be. SCOPE_NONE when the id is none, or when the table is
// full (then it is counted). A channel of none: the scope is not split by channel. ERR_CEILING when
// the name is longer than SCOPE_NAME_BYTES_MAX.
MUST_CHECK enum err scopes_intern(struct scopes *scopes, enum scope_kind kind,
        struct view tenant_id, struct view id, struct view channel, int32_t *ret_scope);
// The same of a scope that is known; SCOPE_NONE of another one.
int32_t scopes_find(const struct scopes *scopes, enum scope_kind kind, struct view tenant_id,
        struct view id, struct view channel);
// Views good until the scope is released.
struct scope_name scopes_name(const struct scopes *scopes, int32_t scope);
// Scopes that are in the table.
uint32_t scopes_count(const struct scopes *scopes);
// One above the highest number ever given: how long an array by scope must be.
uint32_t scopes_end(const struct scopes *scopes);
// Lookups that found the table full.
uint64_t scopes_overflowed(const struct scopes *scopes);

// When the scope was last heard of, by log time: exact to the second, rounded down; 0 = never. New
// scopes never were.
void scopes_touch(struct scopes *scopes, int32_t scope, int64_t log_time_ms);
int64_t scopes_last_heard_ms(const struct scopes *scopes, int32_t scope);

// A held scope's messages feed no detector (design §6). Log time decides when the hold has run out.
void scopes_hold(struct scopes *scopes, int32_t scope, int64_t until_ms);
void scopes_lift(struct scopes *scopes, int32_t scope);
bool scopes_is_held(const struct scopes *scopes, int32_t scope, int64_t log_time_ms);

// Whether the number below scopes_end is a scope's now.
bool scopes_is_live(const struct scopes *scopes, int32_t scope);
// Rises whenever the number is released. Of a number below scopes_end.
uint32_t scopes_generation(const struct scopes *scopes, int32_t scope);
// The next scope, going round by number, that is not held and that `is_idle` says can be forgotten.
// It looks at no more than `max_looked_at` numbers and goes on from there at the next call.
// SCOPE_NONE: not among these.
int32_t scopes_next_victim(struct scopes *scopes, bool (*is_idle)(void *self, int32_t scope),
        void *self, uint32_t max_looked_at);
// Gives back the number of a scope that is not held (not lifted, that is); its name is forgotten.
void scopes_release(struct scopes *scopes, int32_t scope);

// Saves the table, or restores it into a new one.
void scopes_archive(struct archive *archive, struct scopes *scopes);
