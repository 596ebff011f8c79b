// Which open incident an alarm belongs to: one event is one incident, however many scopes see it.
#pragma once

#include "decide/attribute.h"
#include "incident/incidents.h"

// Whose alarm it is.
struct related_scope {
    int32_t scope;
    enum scope_kind kind;
    int32_t tenant; // SCOPE_NONE where it is not known
    bool lags;      // it looks as if the data lagged behind (decide/lag.h)
};

// The incident whose event the misdirected messages `entries` of the scope are part of; NULL when it
// is an event of its own:
//
//   - of a wider scope that they came through and that counts it, when they were misdirected for such
//     reasons as those that it told of (decide/mix.h); of a campaign only when it is half or less of
//     what speaks against that one, one of many. But not of one that was raised by data that lag, if
//     it does not look like that itself;
//   - of narrower scopes, when half or more of the scope's messages came through those that one
//     incident is about: the same event seen from further away.
struct incident *related_find(const struct incidents *incidents, const struct recent *recent,
        const struct related_scope *of, const struct recent_entry *entries, uint32_t count);

// An incident of a wider scope that a stream or a rule raised, when its likely cause is the likely one
// of these messages too, or one that has 5 % of it while they have such reasons as those that it told
// of. NULL when there is none.
struct incident *related_by_stream(const struct incidents *incidents,
        const struct related_scope *of, const struct recent_entry *entries, uint32_t count,
        const struct ranked *causes, uint32_t cause_count);
// The incident of the tenant as a whole; NULL when there is none.
struct incident *related_of_tenant(const struct incidents *incidents, int32_t tenant);

// The first scope of a kind that one of the entries came through; SCOPE_NONE when none has one.
int32_t related_first_of(const struct recent_entry *entries, uint32_t count, enum scope_kind kind);
