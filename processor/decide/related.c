#include "decide/related.h"

#include "decide/mix.h"

enum { CAUSE_SHARE_MILLIONTHS = 50000 };

static void count_reasons(
        const struct recent_entry *entries, uint32_t count, uint32_t ret_reasons[REASON_COUNT])
{
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        ret_reasons[reason] = 0;
        for (uint32_t i = 0; i < count; i++) {
            ret_reasons[reason] += entries[i].reasons >> reason & 1;
        }
    }
}

// The scope of a kind that most of the entries came through. A tenant's list may have lost them.
static int32_t scope_of(
        const struct recent_entry *entries, uint32_t count, enum scope_kind kind, int32_t tenant)
{
    struct child rows[ATTRIBUTE_ROWS];
    if (kind == SCOPE_TENANT) {
        return tenant;
    }
    return attribute_children(entries, count, kind, rows) > 0 ? rows[0].scope : SCOPE_NONE;
}

// Whether more than half of what speaks against a wide scope since its incident's change point came
// through this one.
static bool is_most_of(const struct recent *recent, const struct incident *incident, int32_t scope,
        enum scope_kind kind)
{
    struct recent_entry all[RECENT_MAX];
    uint32_t count =
            recent_since(recent, incident->root, incident->told->evidence.start_serial, all);
    uint32_t through = 0;
    for (uint32_t i = 0; i < count; i++) {
        through += all[i].scopes[kind] == scope;
    }
    return through * 2 > count;
}

static struct incident *find_wider(const struct incidents *incidents, const struct recent *recent,
        const struct related_scope *of, const struct recent_entry *entries, uint32_t count)
{
    uint32_t reasons[REASON_COUNT];
    count_reasons(entries, count, reasons);
    for (unsigned wider = of->kind + 1u; wider < SCOPE_KIND_COUNT; wider++) {
        int32_t scope = scope_of(entries, count, (enum scope_kind)wider, of->tenant);
        struct incident *incident = incidents_of(incidents, scope);
        if (incident == NULL || incident->root != scope || incident->told == NULL ||
                (incident->lags && !of->lags)) {
            continue;
        }
        if (incident->told->evidence.stream != NULL) {
            continue; // a stream or a rule does not say which of its messages are wrong
        }
        if (!mix_differs(reasons, incident->told->reasons) &&
                (of->kind != SCOPE_CAMPAIGN ||
                        !is_most_of(recent, incident, of->scope, of->kind))) {
            return incident;
        }
    }
    return NULL;
}

static struct incident *find_narrower(const struct incidents *incidents, enum scope_kind kind,
        const struct recent_entry *entries, uint32_t count)
{
    for (unsigned narrower = 0; narrower < (unsigned)kind; narrower++) {
        struct child children[ATTRIBUTE_ROWS];
        uint32_t found = attribute_children(entries, count, (enum scope_kind)narrower, children);
        for (uint32_t i = 0; i < found; i++) {
            struct incident *incident = incidents_of(incidents, children[i].scope);
            uint32_t carried = 0;
            for (uint32_t j = i; j < found && incident != NULL; j++) {
                bool same = incidents_of(incidents, children[j].scope) == incident;
                carried += same ? children[j].misdirected : 0;
            }
            if (carried > 0 && carried * 2 >= count) {
                return incident;
            }
        }
    }
    return NULL;
}

struct incident *related_find(const struct incidents *incidents, const struct recent *recent,
        const struct related_scope *of, const struct recent_entry *entries, uint32_t count)
{
    struct incident *incident = find_wider(incidents, recent, of, entries, count);
    return incident != NULL ? incident : find_narrower(incidents, of->kind, entries, count);
}

int32_t related_first_of(const struct recent_entry *entries, uint32_t count, enum scope_kind kind)
{
    uint32_t i = 0;
    while (i < count && entries[i].scopes[kind] == SCOPE_NONE) {
        i++;
    }
    return i < count ? entries[i].scopes[kind] : SCOPE_NONE;
}

// Whether what raised an incident may well be the cause of these messages too.
static bool may_share_cause(const struct incident *incident, const uint32_t reasons[REASON_COUNT],
        const struct ranked *causes, uint32_t cause_count)
{
    const struct told *told = incident->told;
    if (told == NULL || told->evidence.stream == NULL || told->cause_count == 0) {
        return false;
    }
    uint32_t i = 0;
    while (i < cause_count && !view_equal(causes[i].name, told->causes[0].name)) {
        i++;
    }
    return i < cause_count && (i == 0 || (causes[i].share_millionths >= CAUSE_SHARE_MILLIONTHS &&
                                                 !mix_differs(reasons, told->reasons)));
}

struct incident *related_by_stream(const struct incidents *incidents,
        const struct related_scope *of, const struct recent_entry *entries, uint32_t count,
        const struct ranked *causes, uint32_t cause_count)
{
    uint32_t reasons[REASON_COUNT];
    count_reasons(entries, count, reasons);
    for (unsigned wider = of->kind; wider < SCOPE_KIND_COUNT; wider++) {
        int32_t scope = scope_of(entries, count, (enum scope_kind)wider, of->tenant);
        struct incident *incident = incidents_of(incidents, scope);
        if (incident != NULL && may_share_cause(incident, reasons, causes, cause_count)) {
            return incident;
        }
    }
    return NULL;
}

struct incident *related_of_tenant(const struct incidents *incidents, int32_t tenant)
{
    struct incident *incident = incidents_of(incidents, tenant);
    return incident != NULL && incident->root == tenant ? incident : NULL;
}
