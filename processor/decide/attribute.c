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

uint32_t attribute_explain(const struct recent_entry *entries, uint32_t count, enum scope_kind kind,
        struct child ret_children[CHILD_MAX])
{
    for (unsigned narrower = 0; narrower < (unsigned)kind; narrower++) {
        struct child children[ATTRIBUTE_ROWS];
        uint32_t found = attribute_children(entries, count, (enum scope_kind)narrower, children);
        uint32_t carried = 0;
        uint32_t taken = 0;
        while (taken < found && taken < CHILD_MAX && carried * 100 < count * CHILD_SHARE_PERCENT) {
            carried += children[taken].misdirected;
            ret_children[taken] = children[taken];
            taken++;
        }
        if (taken > 0 && carried * 100 >= count * CHILD_SHARE_PERCENT) {
            return taken;
        }
    }
    return 0;
}
