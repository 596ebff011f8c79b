#include "decide/related.h"

enum {
    LAG_MESSAGES = 5, // fewer of a tenant's say nothing
    LAG_VENDORS = 2,
    LAG_VENDOR_MESSAGES = 2, // of the second of them at least
    LAG_VENDOR_PERCENT = 85, // of one vendor at most
    LAG_NO_RECORD_PERCENT = 90,
    LAG_RATE_MILLIONTHS = 700000,
    LAG_ELSEWHERE = 3,
    LAG_ELSEWHERE_PERCENT = 5,
};

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
        uint32_t of_all = recent_since(
                recent, parents[0].scope, incident->told->evidence.start_serial, all);
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
        uint32_t found =
                attribute_children(entries, count, (enum scope_kind)narrower, children);
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

static bool mostly_no_record(const struct recent_entry *entries, uint32_t count)
{
    uint32_t no_record = 0;
    for (uint32_t i = 0; i < count; i++) {
        no_record += (entries[i].reasons & REASON_BIT(REASON_NO_RECORD)) != 0;
    }
    return no_record * 100 >= count * LAG_NO_RECORD_PERCENT;
}

static bool lags_all_over(const struct recent_entry *entries, uint32_t count)
{
    struct child vendors[ATTRIBUTE_ROWS];
    uint32_t found = attribute_children(entries, count, SCOPE_VENDOR, vendors);
    return count >= LAG_MESSAGES && found >= LAG_VENDORS &&
           vendors[LAG_VENDORS - 1].misdirected >= LAG_VENDOR_MESSAGES &&
           vendors[0].misdirected * 100 <= count * LAG_VENDOR_PERCENT;
}

static int32_t first_of(const struct recent_entry *entries, uint32_t count, enum scope_kind kind)
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
        int32_t scope = first_of(entries, count, (enum scope_kind)wider);
        struct incident *incident = scope == SCOPE_NONE ? NULL : incidents_of(incidents, scope);
        if (incident != NULL && incident->told != NULL &&
                incident->told->evidence.stream != NULL && incident->told->cause_count > 0 &&
                view_equal(incident->told->causes[0].name, likely_cause)) {
            return incident;
        }
    }
    return NULL;
}

struct incident *related_of_tenant(const struct incidents *incidents,
        const struct recent_entry *entries, uint32_t count)
{
    int32_t tenant = first_of(entries, count, SCOPE_TENANT);
    struct incident *incident = tenant == SCOPE_NONE ? NULL : incidents_of(incidents, tenant);
    return incident != NULL && incident->root == tenant ? incident : NULL;
}

// The tenant's remembered messages of its present excursion that did not come through the scope.
static uint32_t remember_others(const struct recent *recent, const struct scope_delta *row,
        const struct evidence *evidence, int32_t tenant, struct recent_entry ret_others[RECENT_MAX])
{
    uint32_t found = tenant == SCOPE_NONE ? 0
                                          : recent_since(recent, tenant,
                                                    evidence->tenant_start_serial, ret_others);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < found; i++) {
        if (ret_others[i].scopes[row->kind] != row->scope) {
            ret_others[kept++] = ret_others[i];
        }
    }
    return kept;
}

// Whether three or more without a record came through another vendor.
static bool others_lag(const struct recent_entry *others, uint32_t kept, int32_t own_vendor)
{
    struct child vendors[ATTRIBUTE_ROWS];
    uint32_t found = attribute_children(others, kept, SCOPE_VENDOR, vendors);
    uint32_t other_vendors = 0;
    for (uint32_t i = 0; i < found; i++) {
        other_vendors += vendors[i].scope != own_vendor;
    }
    return kept >= LAG_ELSEWHERE && mostly_no_record(others, kept) && other_vendors > 0;
}

static bool lags_elsewhere(const struct incidents *incidents, const struct recent *recent,
        const struct scope_delta *row, const struct evidence *evidence,
        const struct recent_entry *entries, uint32_t count)
{
    int64_t judged = evidence->tenant_judged - evidence->judged;
    int64_t misdirected = evidence->tenant_misdirected - evidence->misdirected;
    if (judged <= 0 || misdirected * 100 < judged * LAG_ELSEWHERE_PERCENT) {
        return false;
    }
    const struct incident *of_tenant = related_of_tenant(incidents, entries, count);
    if (of_tenant != NULL && of_tenant->lags) {
        return true;
    }
    struct recent_entry others[RECENT_MAX] = {0};
    uint32_t kept = remember_others(
            recent, row, evidence, first_of(entries, count, SCOPE_TENANT), others);
    return others_lag(others, kept, first_of(entries, count, SCOPE_VENDOR));
}

bool related_is_feed_lag(const struct incidents *incidents, const struct recent *recent,
        const struct scope_delta *row, const struct evidence *evidence,
        const struct recent_entry *entries, uint32_t count)
{
    if (count == 0 || evidence->estimated_rate_millionths >= LAG_RATE_MILLIONTHS ||
            evidence->since.invalid * 2 > evidence->misdirected ||
            !mostly_no_record(entries, count)) {
        return false;
    }
    if (row->kind != SCOPE_TENANT) {
        return lags_elsewhere(incidents, recent, row, evidence, entries, count);
    }
    const struct incident *of_tenant = related_of_tenant(incidents, entries, count);
    return (of_tenant != NULL && of_tenant->lags) || lags_all_over(entries, count);
}
