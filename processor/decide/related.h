// Which open incident an alarm belongs to: one event is one incident, however many scopes see it.
#pragma once

#include "decide/attribute.h"
#include "incident/incidents.h"

// The incident whose event the misdirected messages `entries` of `scope` are part of; NULL when it
// is an event of its own:
//
//   - of a wider scope, when the scope's messages are half or less of what speaks against that one:
//     one of many that it is about — but not of one that was raised by data that lag, if it does not
//     look like that itself (`lags`);
//   - of narrower scopes, when half or more of the scope's messages came through those that one
//     incident is about: the same event seen from further away.
struct incident *related_find(const struct incidents *incidents, const struct recent *recent,
        int32_t scope, enum scope_kind kind, bool lags, const struct recent_entry *entries,
        uint32_t count);

// An incident of a wider scope that a stream or a rule raised, with the same likely cause: what
// those hits and these misdirected messages have in common. NULL when there is none.
struct incident *related_by_stream(const struct incidents *incidents, enum scope_kind kind,
        const struct recent_entry *entries, uint32_t count, struct view likely_cause);
// The incident of the messages' tenant as a whole; NULL when there is none.
struct incident *related_of_tenant(
        const struct incidents *incidents, const struct recent_entry *entries, uint32_t count);

// The first scope of a kind that one of the entries came through; SCOPE_NONE when none has one.
int32_t related_first_of(const struct recent_entry *entries, uint32_t count, enum scope_kind kind);
