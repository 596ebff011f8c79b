// Which narrower scopes explain a wide scope's evidence (design §6: if at most three children carry
// 80 % of the excursion's misdirected messages, the children are acted on; ties go to the narrower
// kind).
#pragma once

#include "model/scope.h"
#include "state/recent.h"

enum { CHILD_MAX = 3, CHILD_SHARE_PERCENT = 80, CHILD_MESSAGES = 2, ATTRIBUTE_ROWS = RECENT_MAX };

struct child {
    int32_t scope;
    enum scope_kind kind;
    uint32_t misdirected;
};

// The children of one kind, most misdirected first, into ret_children (ATTRIBUTE_ROWS of room);
// their number.
uint32_t attribute_children(const struct recent_entry *entries, uint32_t count,
        enum scope_kind kind, struct child *ret_children);
// How much speaks against a scope at one node of the detector, in micro-nats.
struct ratios {
    int64_t (*of)(void *self, int32_t scope, unsigned node);
    void *self;
};

// The narrowest kind below `kind` of which at most three carry 80 % of the entries, two or more
// each: their number, in ret_children. What speaks against them must also come to 80 % of
// `ratio_nat6`, what speaks against the wide scope at that node, to all of it where the narrower
// kind may be shared: a template that a bad vendor shares with good ones carries all of the vendor's
// misdirected messages, but its other messages speak for it. 0 when nothing narrower explains it.
uint32_t attribute_explain(const struct recent_entry *entries, uint32_t count, enum scope_kind kind,
        const struct ratios *ratios, unsigned node, int64_t ratio_nat6,
        struct child ret_children[CHILD_MAX]);

// Whether a wider scope, which may share this one with others, is as bad or worse: of a template its
// sender or vendor, of a sender its vendor, when 80 % of the entries came through that one. Then it
// is the wider one's own alarm that counts.
bool attribute_is_shared(const struct recent_entry *entries, uint32_t count, enum scope_kind kind,
        const struct ratios *ratios, unsigned node, int64_t ratio_nat6);
