#include "decide/lag.h"

#include "decide/attribute.h"
#include "decide/excess.h"
#include "decide/related.h"

enum {
    TENANT_MESSAGES = 5, // fewer of a tenant's say nothing
    TENANT_VENDORS = 2,
    SECOND_VENDOR_MESSAGES = 2,
    FIRST_VENDOR_PERCENT = 85,
    NO_RECORD_PERCENT = 90,
    ELSEWHERE_MESSAGES = 3,
    MILLION = 1000000,
    RATE_MAX_MILLIONTHS = 990000,
    SURELY_NAT6 = 13815511, // ln 1e6
};

static uint32_t count_no_record(const struct recent_entry *entries, uint32_t count)
{
    uint32_t no_record = 0;
    for (uint32_t i = 0; i < count; i++) {
        no_record += (entries[i].reasons & REASON_BIT(REASON_NO_RECORD)) != 0;
    }
    return no_record;
}

static bool mostly_no_record(const struct recent_entry *entries, uint32_t count)
{
    return count_no_record(entries, count) * 100 >= count * NO_RECORD_PERCENT;
}

static bool lags_all_over(const struct recent_entry *entries, uint32_t count)
{
    struct child vendors[ATTRIBUTE_ROWS];
    uint32_t found = attribute_children(entries, count, SCOPE_VENDOR, vendors);
    return count >= TENANT_MESSAGES && found >= TENANT_VENDORS &&
           vendors[TENANT_VENDORS - 1].misdirected >= SECOND_VENDOR_MESSAGES &&
           vendors[0].misdirected * 100 <= count * FIRST_VENDOR_PERCENT;
}

bool lag_may_be_all_over(const struct recent_entry *entries, uint32_t count)
{
    struct child vendors[ATTRIBUTE_ROWS];
    return attribute_children(entries, count, SCOPE_VENDOR, vendors) >= TENANT_VENDORS;
}

static bool tenant_lags(const struct incident *of_tenant, const struct hearing *hearing)
{
    const struct recent_entry *entries = hearing->entries;
    return hearing->evidence->estimated_rate_millionths < LAG_RATE_MILLIONTHS &&
           mostly_no_record(entries, hearing->count) &&
           ((of_tenant != NULL && of_tenant->lags) || lags_all_over(entries, hearing->count));
}

// The tenant's remembered messages of its present excursion that did not come through the scope.
static uint32_t remember_others(const struct recent *recent, const struct hearing *hearing,
        int32_t tenant, struct recent_entry ret_others[RECENT_MAX])
{
    const struct scope_delta *row = hearing->row;
    uint32_t found = tenant == SCOPE_NONE
                             ? 0
                             : recent_since(recent, tenant, hearing->evidence->tenant_start_serial,
                                       ret_others);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < found; i++) {
        if (ret_others[i].scopes[row->kind] != row->scope) {
            ret_others[kept++] = ret_others[i];
        }
    }
    return kept;
}

// Whether three or more without a record came, two or more and 15 % of them through other vendors.
static bool others_lag(const struct recent_entry *others, uint32_t kept, int32_t own_vendor)
{
    struct child vendors[ATTRIBUTE_ROWS];
    uint32_t found = attribute_children(others, kept, SCOPE_VENDOR, vendors);
    uint32_t other_vendors = 0;
    for (uint32_t i = 0; i < found; i++) {
        other_vendors += vendors[i].scope != own_vendor ? vendors[i].misdirected : 0;
    }
    return kept >= ELSEWHERE_MESSAGES && mostly_no_record(others, kept) &&
           other_vendors >= SECOND_VENDOR_MESSAGES &&
           other_vendors * 100 >= kept * (100 - FIRST_VENDOR_PERCENT);
}

// At least `usual_millionths`, and less than 1.
static int64_t rate_of(int64_t count, int64_t of, int64_t usual_millionths)
{
    int64_t rate = of > 0 ? count * MILLION / of : 0;
    rate = rate > usual_millionths ? rate : usual_millionths;
    rate = rate < RATE_MAX_MILLIONTHS ? rate : RATE_MAX_MILLIONTHS;
    return rate > 0 ? rate : 1;
}

// What a window of the tenant leaves to others: less what has come through the scope since then, by
// how many of its misdirected messages have.
static struct window less_own(const struct window *window, const struct hearing *hearing)
{
    uint32_t since = 0;
    for (uint32_t i = 0; i < hearing->count; i++) {
        since += hearing->entries[i].serial >= window->start_serial;
    }
    int64_t judged = hearing->evidence->judged * since / hearing->count;
    int64_t misdirected = hearing->evidence->misdirected * since / hearing->count;
    struct window others = *window;
    others.judged -= judged < others.judged ? judged : others.judged;
    others.misdirected -= misdirected < others.misdirected ? misdirected : others.misdirected;
    others.misdirected = others.misdirected < others.judged ? others.misdirected : others.judged;
    return others;
}

struct elsewhere {
    int64_t rate_millionths;
    int64_t excess_nat6; // of a window of the tenant over what is usual
};

// The rate elsewhere in the tenant while data lag: since the change point that explains best what has
// befallen it. An excursion may have begun long before.
static struct elsewhere look_elsewhere(const struct hearing *hearing, int32_t tenant)
{
    const struct evidence *evidence = hearing->evidence;
    int64_t usual = rate_of(0, 1, evidence->baseline_millionths);
    struct window best = {evidence->tenant_judged - evidence->judged,
            evidence->tenant_misdirected - evidence->misdirected, 0};
    int64_t best_nat6 = 0;
    struct window window;
    for (unsigned node = 0; hearing->taker->window(hearing->taker->self, tenant, node, &window);
            node++) {
        const struct window others = less_own(&window, hearing);
        int64_t nat6 = excess_nat6(others.misdirected, others.judged, usual);
        if (nat6 > best_nat6) {
            best_nat6 = nat6;
            best = others;
        }
    }
    return (struct elsewhere){rate_of(best.misdirected, best.judged, usual), best_nat6};
}

static bool is_surely_worse(const struct hearing *hearing, int64_t lag_millionths)
{
    const struct evidence *evidence = hearing->evidence;
    int64_t of = evidence->judged;
    int64_t no_record = evidence->misdirected * count_no_record(hearing->entries, hearing->count) /
                        hearing->count;
    int64_t with_record = evidence->misdirected - no_record;
    int64_t usual = rate_of(0, 1, evidence->baseline_millionths);
    int64_t enough_nat6 =
            evidence->threshold_nat6 < SURELY_NAT6 ? evidence->threshold_nat6 : SURELY_NAT6;
    return excess_nat6(no_record, of, lag_millionths) + excess_nat6(with_record, of, usual) >=
           enough_nat6;
}

bool lag_is_likely(const struct incidents *incidents, const struct recent *recent,
        const struct hearing *hearing)
{
    const struct evidence *evidence = hearing->evidence;
    const struct recent_entry *entries = hearing->entries;
    uint32_t count = hearing->count;
    if (count == 0 || evidence->since.invalid * 2 > evidence->misdirected) {
        return false;
    }
    if (hearing->row->kind == SCOPE_TENANT) {
        return tenant_lags(related_of_tenant(incidents, hearing->tenant), hearing);
    }
    int32_t tenant = hearing->tenant;
    if (tenant == SCOPE_NONE || evidence->tenant_misdirected <= evidence->misdirected ||
            evidence->tenant_judged <= evidence->judged) {
        return false;
    }
    const struct incident *of_tenant = related_of_tenant(incidents, tenant);
    const struct elsewhere elsewhere = look_elsewhere(hearing, tenant);
    bool is_known =
            of_tenant != NULL && of_tenant->lags && elsewhere.excess_nat6 >= SURELY_NAT6 / 2;
    struct recent_entry others[RECENT_MAX] = {0};
    uint32_t kept = is_known ? 0 : remember_others(recent, hearing, tenant, others);
    return (is_known || others_lag(others, kept, related_first_of(entries, count, SCOPE_VENDOR))) &&
           !is_surely_worse(hearing, elsewhere.rate_millionths);
}
