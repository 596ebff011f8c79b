#include "decide/related.h"

static uint32_t count_through(
        const struct recent_entry *entries, uint32_t count, enum scope_kind kind, int32_t scope)
{
    uint32_t through = 0;
    for (uint32_t i = 0; i < count; i++) {
        through += entries[i].scopes[kind] == scope;
    }
    return through;
}

static struct incident *find_wider(const struct incidents *incidents, const struct recent *recent,
        int32_t scope, enum scope_kind kind, bool lags, const struct recent_entry *entries,
        uint32_t count)
{
    for (unsigned wider = kind + 1u; wider < SCOPE_KIND_COUNT; wider++) {
        struct child parents[ATTRIBUTE_ROWS];
        uint32_t found = attribute_children(entries, count, (enum scope_kind)wider, parents);
        struct incident *incident = found > 0 ? incidents_of(incidents, parents[0].scope) : NULL;
        if (incident == NULL || incident->root != parents[0].scope || incident->told == NULL ||
                (incident->lags && !lags)) {
            continue;
        }
        if (incident->told->evidence.stream != NULL) {
            continue; // a stream or a rule does not say which of its messages are wrong
        }
        struct recent_entry all[RECENT_MAX];
        uint32_t of_all =
                recent_since(recent, parents[0].scope, incident->told->evidence.start_serial, all);
        if (count_through(all, of_all, kind, scope) * 2 <= of_all) {
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
        int32_t scope, enum scope_kind kind, bool lags, const struct recent_entry *entries,
        uint32_t count)
{
    struct incident *incident = find_wider(incidents, recent, scope, kind, lags, entries, count);
    return incident != NULL ? incident : find_narrower(incidents, kind, entries, count);
}

int32_t related_first_of(const struct recent_entry *entries, uint32_t count, enum scope_kind kind)
{
    uint32_t i = 0;
    while (i < count && entries[i].scopes[kind] == SCOPE_NONE) {
        i++;
    }
    return i < count ? entries[i].scopes[kind] : SCOPE_NONE;
}

struct incident *related_by_stream(const struct incidents *incidents, enum scope_kind kind,
        const struct recent_entry *entries, uint32_t count, struct view likely_cause)
{
    for (unsigned wider = kind; wider < SCOPE_KIND_COUNT; wider++) {
        int32_t scope = related_first_of(entries, count, (enum scope_kind)wider);
        struct incident *incident = scope == SCOPE_NONE ? NULL : incidents_of(incidents, scope);
        if (incident != NULL && incident->told != NULL && incident->told->evidence.stream != NULL &&
                incident->told->cause_count > 0 &&
                view_equal(incident->told->causes[0].name, likely_cause)) {
            return incident;
        }
    }
    return NULL;
}

struct incident *related_of_tenant(
        const struct incidents *incidents, const struct recent_entry *entries, uint32_t count)
{
    int32_t tenant = related_first_of(entries, count, SCOPE_TENANT);
    struct incident *incident = tenant == SCOPE_NONE ? NULL : incidents_of(incidents, tenant);
    return incident != NULL && incident->root == tenant ? incident : NULL;
}
