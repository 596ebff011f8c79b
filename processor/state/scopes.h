// The scopes that the detect half knows, numbered from 0. A scope's number is its index into the
// arrays that fold, detect and decide keep beside this table. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "model/scope.h"

struct scopes;

enum { SCOPE_NONE = -1 };

MUST_CHECK enum err scopes_create(struct scopes **ret_scopes, uint32_t max_scopes);
void scopes_destroy(struct scopes *scopes);

// The scope's number. SCOPE_NONE when the id is none, or when the table is full (then it is
// counted).
MUST_CHECK enum err scopes_intern(struct scopes *scopes, enum scope_kind kind,
        struct view tenant_id, struct view id, int32_t *ret_scope);
// Views good as long as the table.
struct scope_name scopes_name(const struct scopes *scopes, int32_t scope);
uint32_t scopes_count(const struct scopes *scopes);
// Lookups that found the table full.
uint64_t scopes_overflowed(const struct scopes *scopes);

// A held scope's messages feed no detector (design §6). Log time decides when the hold has run out.
void scopes_hold(struct scopes *scopes, int32_t scope, int64_t until_ms);
void scopes_lift(struct scopes *scopes, int32_t scope);
bool scopes_is_held(const struct scopes *scopes, int32_t scope, int64_t log_time_ms);
