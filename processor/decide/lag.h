// Whether what speaks against a scope is rather the relationship data that lag behind: new borrowers
// whose record has not arrived (detection.md §3.5). Then hold no scope, tell.
#pragma once

#include "decide/decide.h"
#include "incident/incidents.h"

enum { LAG_RATE_MILLIONTHS = 700000 }; // a tenant of which more is wrong has no late data

// Whether it befalls more than one vendor.
bool lag_may_be_all_over(const struct recent_entry *entries, uint32_t count);

// Few of a scope's numbers are invalid (a column that has slipped), and
//
//   - of a tenant: its messages have no record, less than 70 % of all are misdirected, and it befalls
//     several vendors at once: two or more, none with more than 85 % of it;
//   - of anything narrower: three or more messages have no record elsewhere in the tenant, since its
//     own excursion began, nine tenths of those that are remembered, two and 15 % of them through
//     other vendors (or the tenant was taken for one whose data lag, and has half as much more
//     than usual elsewhere as surely worse wants); and the scope is not surely worse.
//
// Surely worse: 1e6 times likelier (of a notice: by as much as that wants) at its own rates than with
// the usual rate of messages whose record is a wrong one and, of those that have none, the rate of
// the tenant's other scopes since the change point that explains that best. So that a wrong list is
// held while data lag, and what lag hits harder by chance is not.
bool lag_is_likely(const struct incidents *incidents, const struct recent *recent,
        const struct hearing *hearing);
