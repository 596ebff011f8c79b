#include "decide/attribute.h"

// Insertion keeps the most misdirected first; among equals the one that was met first. At most 64
// rows.
static void child_rise(struct child *children, uint32_t at)
{
    for (; at > 0 && children[at].misdirected > children[at - 1].misdirected; at--) {
        struct child swapped = children[at];
        children[at] = children[at - 1];
        children[at - 1] = swapped;
    }
}

uint32_t attribute_children(const struct recent_entry *entries, uint32_t count,
        enum scope_kind kind, struct child *ret_children)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        int32_t scope = entries[i].scopes[kind];
        if (scope == SCOPE_NONE) {
            continue;
        }
        uint32_t at = 0;
        while (at < found && ret_children[at].scope != scope) {
            at++;
        }
        if (at == found) {
            ret_children[found++] = (struct child){scope, kind, 0};
        }
        ret_children[at].misdirected++;
        child_rise(ret_children, at);
    }
    return found;
}

// A campaign has one template, sender and vendor, and all are a tenant's; but templates and senders
// may be shared by vendors, so that one of them must be as bad as the vendor to explain it.
static int64_t share_needed(enum scope_kind narrower, enum scope_kind kind)
{
    bool is_nested = narrower == SCOPE_CAMPAIGN || kind == SCOPE_TENANT;
    return is_nested ? CHILD_SHARE_PERCENT : 100;
}

uint32_t attribute_explain(const struct recent_entry *entries, uint32_t count, enum scope_kind kind,
        const struct ratios *ratios, unsigned node, int64_t ratio_nat6,
        struct child ret_children[CHILD_MAX])
{
    for (unsigned narrower = 0; narrower < (unsigned)kind; narrower++) {
        struct child children[ATTRIBUTE_ROWS];
        uint32_t found = attribute_children(entries, count, (enum scope_kind)narrower, children);
        uint32_t carried = 0;
        uint32_t taken = 0;
        int64_t speaks_nat6 = 0;
        while (taken < found && taken < CHILD_MAX && carried * 100 < count * CHILD_SHARE_PERCENT &&
                children[taken].misdirected >= CHILD_MESSAGES) {
            carried += children[taken].misdirected;
            speaks_nat6 += ratios->of(ratios->self, children[taken].scope, node);
            ret_children[taken] = children[taken];
            taken++;
        }
        if (taken > 0 && carried * 100 >= count * CHILD_SHARE_PERCENT &&
                speaks_nat6 >= ratio_nat6 / 100 * share_needed((enum scope_kind)narrower, kind)) {
            return taken;
        }
    }
    return 0;
}

bool attribute_is_shared(const struct recent_entry *entries, uint32_t count, enum scope_kind kind,
        const struct ratios *ratios, unsigned node, int64_t ratio_nat6)
{
    bool may_be_shared = kind == SCOPE_TEMPLATE || kind == SCOPE_SENDER;
    for (unsigned wider = kind + 1u; wider <= SCOPE_VENDOR && may_be_shared; wider++) {
        struct child parents[ATTRIBUTE_ROWS];
        uint32_t found = attribute_children(entries, count, (enum scope_kind)wider, parents);
        if (found > 0 && parents[0].misdirected * 100 >= count * CHILD_SHARE_PERCENT &&
                ratios->of(ratios->self, parents[0].scope, node) > ratio_nat6) {
            return true;
        }
    }
    return false;
}
