// Which open incident an alarm belongs to: one event is one incident, however many scopes see it.
#pragma once

#include "decide/attribute.h"
#include "incident/incidents.h"

// The incident whose event the misdirected messages `entries` of `scope` are part of; NULL when it
// is an event of its own:
//
//   - of a wider scope, when the scope's messages are half or less of what speaks against that one:
//     one of many that it is about;
//   - of narrower scopes, when half or more of the scope's messages came through those that one
//     incident is about: the same event seen from further away.
struct incident *related_find(const struct incidents *incidents, const struct recent *recent,
        int32_t scope, enum scope_kind kind, const struct recent_entry *entries, uint32_t count);

// Whether what speaks against a scope is rather the relationship data that lag behind: most of its
// tenant's misdirected messages of late have no record, they come through three vendors or more,
// none of which has more than 60 % of them, and most of the scope's own messages are fine.
// detection.md §3.5: then hold no scope, tell.
bool related_is_feed_lag(const struct recent *recent, const struct evidence *evidence,
        const struct recent_entry *entries, uint32_t count);
