// Which narrower scopes explain a wide scope's evidence (design §6: if at most three children carry
// 80 % of the excursion's misdirected messages, the children are acted on; ties go to the narrower
// kind).
#pragma once

#include "model/scope.h"
#include "state/recent.h"

enum { CHILD_MAX = 3, CHILD_SHARE_PERCENT = 80, ATTRIBUTE_ROWS = RECENT_MAX };

struct child {
    int32_t scope;
    enum scope_kind kind;
    uint32_t misdirected;
};

// The children of one kind, most misdirected first, into ret_children (ATTRIBUTE_ROWS of room);
// their number.
uint32_t attribute_children(const struct recent_entry *entries, uint32_t count,
        enum scope_kind kind, struct child *ret_children);
// The narrowest kind below `kind` of which at most three carry 80 % of the entries: their number,
// in ret_children. 0 when nothing narrower explains it.
uint32_t attribute_explain(const struct recent_entry *entries, uint32_t count, enum scope_kind kind,
        struct child ret_children[CHILD_MAX]);
