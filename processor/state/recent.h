// The last 64 misdirected messages of each scope, by recipient: so that one stranger who gets ten
// messages counts once, so that an alert can say how many people it was and which narrower scopes
// they came through. One thread.
#pragma once

#include "common/err.h"
#include "model/frame.h"
#include "state/scopes.h"

enum { RECENT_MAX = 64 };
#define RECENT_WINDOW_MS (24 * 3600 * 1000LL) // of log time

struct recent_entry {
    uint64_t tag;
    uint64_t serial; // rises with every entry that the fold applies
    int64_t log_time_ms;
    reason_set reasons;
    int32_t scopes[SCOPE_KIND_COUNT]; // of the message; SCOPE_NONE where absent
};

struct recent;

MUST_CHECK enum err recent_create(struct recent **ret_recent);
void recent_destroy(struct recent *recent);

// Whether the scope has met that recipient within the window.
bool recent_has(const struct recent *recent, int32_t scope, uint64_t tag, int64_t log_time_ms);
// Remembers an entry, the oldest makes room.
MUST_CHECK enum err recent_add(
        struct recent *recent, int32_t scope, const struct recent_entry *entry);
// The entries of a scope from `serial` on, oldest first, into `ret_entries`; their number.
uint32_t recent_since(const struct recent *recent, int32_t scope, uint64_t serial,
        struct recent_entry ret_entries[RECENT_MAX]);
// Drops a scope's entries that came through the narrower scope `child`: they are explained.
void recent_forget_child(
        struct recent *recent, int32_t scope, int32_t child, enum scope_kind child_kind);
