#include "decide/related.h"

enum {
    LAG_MESSAGES = 12,        // fewer of a tenant's say nothing
    LAG_VENDORS = 3,          // two messages each at least
    LAG_VENDOR_PERCENT = 60,  // of one vendor at most
    LAG_NO_RECORD_PERCENT = 90,
    LAG_RATE_MILLIONTHS = 500000,
};
#define LAG_WINDOW_MS (30 * 60 * 1000LL)

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
        int32_t scope, enum scope_kind kind, const struct recent_entry *entries, uint32_t count)
{
    for (unsigned wider = kind + 1u; wider < SCOPE_KIND_COUNT; wider++) {
        struct child parents[ATTRIBUTE_ROWS];
        uint32_t found = attribute_children(entries, count, (enum scope_kind)wider, parents);
        struct incident *incident = found > 0 ? incidents_of(incidents, parents[0].scope) : NULL;
        if (incident == NULL || incident->root != parents[0].scope || incident->told == NULL) {
            continue;
        }
        if (incident->told->evidence.stream != NULL) {
            return incident; // a stream or a rule does not say which of its messages are wrong
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
        int32_t scope, enum scope_kind kind, const struct recent_entry *entries, uint32_t count)
{
    struct incident *incident = find_wider(incidents, recent, scope, kind, entries, count);
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

bool related_is_feed_lag(const struct recent *recent, const struct evidence *evidence,
        const struct recent_entry *entries, uint32_t count)
{
    if (count == 0 || evidence->estimated_rate_millionths >= LAG_RATE_MILLIONTHS ||
            !mostly_no_record(entries, count)) {
        return false;
    }
    struct recent_entry all[RECENT_MAX];
    uint32_t found = recent_since(recent, entries[count - 1].scopes[SCOPE_TENANT], 0, all);
    uint32_t from = 0;
    while (from < found &&
            entries[count - 1].log_time_ms - all[from].log_time_ms > LAG_WINDOW_MS) {
        from++;
    }
    const struct recent_entry *of_late = all + from;
    uint32_t late = found - from;
    struct child vendors[ATTRIBUTE_ROWS];
    uint32_t vendor_count = attribute_children(of_late, late, SCOPE_VENDOR, vendors);
    return late >= LAG_MESSAGES && mostly_no_record(of_late, late) &&
           vendor_count >= LAG_VENDORS && vendors[LAG_VENDORS - 1].misdirected >= 2 &&
           vendors[0].misdirected * 100 <= late * LAG_VENDOR_PERCENT;
}
