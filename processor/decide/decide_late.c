// What late clearances take back of open incidents.
#include "decide/decide_inside.h"

enum { MILLIONTHS = 1000000 };

static void incident_take_back(struct incident *incident, const struct delta_clearance *clearance)
{
    int64_t *count = clearance->held ? &incident->held : &incident->escaped;
    if (*count <= 0) {
        return;
    }
    --*count;
    incident->cleared++;
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        incident->cleared_reasons[reason] += clearance->reasons >> reason & 1;
    }
}

// As decide_count has counted it: for each incident once, however many of its scopes belong to it.
static void clear_one(struct decide *decide, const struct delta_clearance *clearance)
{
    const struct incident *met[SCOPE_KIND_COUNT];
    unsigned count = 0;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        struct incident *incident = incidents_of(decide->incidents, clearance->scopes[kind]);
        unsigned at = 0;
        while (at < count && met[at] != incident) {
            at++;
        }
        if (incident == NULL || at < count) {
            continue;
        }
        bool is_of_it = clearance->held ? (clearance->shadow >> kind & 1) != 0
                                        : kind <= scopes_name(decide->scopes, incident->root).kind;
        if (is_of_it && clearance->serial >= incident->start_serial) {
            incident_take_back(incident, clearance);
            met[count++] = incident;
        }
    }
}

// Whether what a scope was raised by still speaks against it; of one that was raised by a wider scope's
// evidence, whether anything is left of the incident.
static bool still_stands(const struct decide *decide, const struct incident *incident,
        int32_t scope, const struct decision_taker *taker)
{
    const struct evidence *evidence = &incident->told->evidence;
    const struct scope_name name = scopes_name(decide->scopes, scope);
    bool is_own = evidence->scope.kind == name.kind && view_equal(evidence->scope.id, name.id) &&
                  view_equal(evidence->scope.tenant_id, name.tenant_id) &&
                  view_equal(evidence->scope.channel, name.channel);
    return is_own ? taker->ratio(taker->self, scope, evidence->node_index) >=
                            evidence->threshold_nat6
                  : incident->escaped > 0;
}

// A hold that waits for its turn goes no higher than alert when its evidence is gone: then its turn
// passes, and its next alarm asks again.
static void release_waiting(const struct decide *decide, const struct delta_clearance *clearance,
        const struct decision_taker *taker)
{
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        int32_t scope = clearance->scopes[kind];
        const struct incident *incident = incidents_of(decide->incidents, scope);
        if (incident != NULL && incident->told != NULL &&
                incidents_tier(decide->incidents, scope) >= TIER_QUARANTINE &&
                !incidents_is_holding(decide->incidents, scope) &&
                !still_stands(decide, incident, scope, taker)) {
            incidents_set_tier(decide->incidents, scope, TIER_ALERT);
        }
    }
}

bool late_is_time_to_tell(
        const struct decide *decide, const struct incident *incident, int64_t now_ms)
{
    int64_t cleared = incident->cleared - incident->told_cleared;
    if (incident->told == NULL || cleared <= 0 || incident->told_misdirected <= 0) {
        return false;
    }
    bool is_time = now_ms - incident->told_ms >= decide->options.policy->update_interval_ms;
    return incident->escaped + incident->held == 0 ||
           (is_time && 2 * cleared >= incident->told_misdirected);
}

// What is left of the alert's causes shares what feed_lag leaves, in proportion.
void late_rank(const struct incident *incident, struct alert_action *alert)
{
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        uint32_t cleared = incident->cleared_reasons[reason];
        alert->reasons[reason] -=
                cleared < alert->reasons[reason] ? cleared : alert->reasons[reason];
    }
    int64_t all = incident->cleared + incident->escaped + incident->held;
    if (incident->cleared == 0 || 2 * incident->cleared < all) {
        return;
    }
    struct ranked lag = {.name = VIEW("feed_lag"),
            .numbers = {{"cleared_late", incident->cleared, all}},
            .number_count = 1};
    int64_t share = incident->cleared * MILLIONTHS / all;
    int64_t left = MILLIONTHS;
    struct ranked others[CAUSE_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < alert->cause_count; i++) {
        struct ranked other = alert->causes[i];
        other.share_millionths = other.share_millionths * (MILLIONTHS - share) / MILLIONTHS;
        if (!view_equal(other.name, lag.name) && count < CAUSE_MAX - 1) {
            left -= other.share_millionths;
            others[count++] = other;
        }
    }
    lag.share_millionths = left;
    alert->causes[0] = lag;
    memcpy(&alert->causes[1], others, count * sizeof *others);
    alert->cause_count = count + 1;
}

// Once a frame at most, of each incident that it was about.
static enum err tell_cleared(struct decide *decide, const struct delta *delta,
        const struct delta_clearance *clearance, const struct decision_taker *taker)
{
    enum err e = ERR_NONE;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT && e == ERR_NONE; kind++) {
        struct incident *incident = incidents_of(decide->incidents, clearance->scopes[kind]);
        if (incident != NULL && late_is_time_to_tell(decide, incident, delta->log_time_ms)) {
            e = tell_again(decide, delta, incident, ALERT_INCIDENT_UPDATED, taker);
        }
    }
    return e;
}

enum err decide_clear(
        struct decide *decide, const struct delta *delta, const struct decision_taker *taker)
{
    for (uint32_t i = 0; i < delta->clearance_count; i++) {
        const struct delta_clearance *clearance = &delta->clearances[i];
        if (clearance->counts) {
            tenants_take_back(decide->tenants, clearance->scopes[SCOPE_TENANT],
                    (clearance->reasons & REASON_BIT(REASON_NO_RECORD)) != 0);
        }
        clear_one(decide, clearance);
    }
    enum err e = ERR_NONE;
    for (uint32_t i = 0; i < delta->clearance_count && e == ERR_NONE; i++) {
        release_waiting(decide, &delta->clearances[i], taker);
        e = tell_cleared(decide, delta, &delta->clearances[i], taker);
    }
    return e;
}
