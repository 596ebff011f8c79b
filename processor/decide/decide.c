#include "decide/decide.h"

#include <stdlib.h>

#include "common/assure.h"
#include "decide/attribute.h"
#include "decide/decide_inside.h"
#include "decide/lag.h"
#include "decide/related.h"

enum {
    STOP_CAMPAIGNS = 3,
    HIGH_RATE_MILLIONTHS = 50000,
    ID_TEXT_BYTES = 4096,
};

enum err decide_create(struct decide **ret_decide, const struct decide_options *options,
        struct scopes *scopes, struct recent *recent)
{
    struct decide *decide = calloc(1, sizeof *decide);
    if (decide == NULL) {
        return ERR_NO_MEMORY;
    }
    decide->options = *options;
    decide->scopes = scopes;
    decide->recent = recent;
    decide->holds.cap = options->policy->hold_cap;
    strbuf_init(&decide->id_text, ID_TEXT_BYTES);
    strbuf_init(&decide->reason_text, ID_TEXT_BYTES);
    enum err e = incidents_create(&decide->incidents, options->max_incidents);
    if (e == ERR_NONE) {
        e = tenants_create(&decide->tenants);
    }
    if (e == ERR_NONE) {
        e = breaker_create(&decide->breaker);
    }
    if (e == ERR_NONE) {
        e = control_ledger_create(&decide->controls);
    }
    if (e == ERR_NONE) {
        e = releases_create(&decide->releases);
    }
    if (e == ERR_NONE) {
        e = channels_create(&decide->channels);
    }
    if (e == ERR_NONE) {
        e = standing_create(&decide->standing, STANDING_MAX);
    }
    if (e != ERR_NONE) {
        decide_destroy(decide);
        return e;
    }
    *ret_decide = decide;
    return ERR_NONE;
}

void decide_destroy(struct decide *decide)
{
    if (decide != NULL) {
        strbuf_fini(&decide->id_text);
        strbuf_fini(&decide->reason_text);
        incidents_destroy(decide->incidents);
        tenants_destroy(decide->tenants);
        breaker_destroy(decide->breaker);
        channels_destroy(decide->channels);
        control_ledger_destroy(decide->controls);
        standing_destroy(decide->standing);
        releases_destroy(decide->releases);
        free(decide->named.scopes);
        free(decide);
    }
}

void decide_archive(struct archive *archive, struct decide *decide)
{
    tenants_archive(archive, decide->tenants);
    incidents_archive(archive, decide->incidents, decide->scopes);
    watch_archive(archive, decide);
    control_ledger_archive(archive, decide->controls);
    standing_archive(archive, decide->standing);
    drills_archive(archive, &decide->drills, decide->scopes);
    releases_archive(archive, decide->releases, decide->scopes);
}

uint32_t decide_open_incidents(const struct decide *decide)
{
    return incidents_open_count(decide->incidents);
}

uint64_t decide_overflowed(const struct decide *decide)
{
    return incidents_overflowed(decide->incidents);
}

enum tier decide_tier(const struct decide *decide, int32_t scope)
{
    return incidents_tier(decide->incidents, scope);
}

bool decide_has_incident(const struct decide *decide, int32_t scope)
{
    return incidents_of(decide->incidents, scope) != NULL;
}

// --- extra conditions -------------------------------------------------------------------------

// A chain of several campaigns, not one that drags its vendor along.
static bool stop_is_spread(const struct recent_entry *entries, uint32_t count)
{
    struct child campaigns[ATTRIBUTE_ROWS];
    uint32_t found = attribute_children(entries, count, SCOPE_CAMPAIGN, campaigns);
    return found >= STOP_CAMPAIGNS && campaigns[0].misdirected * 2 <= count;
}

// Whether the rate is surely above max(5 %, 3 p0).
static bool is_high(const struct evidence *evidence, const struct decision_taker *taker)
{
    int64_t rate = 3 * evidence->baseline_millionths;
    int64_t interval[2];
    taker->interval(taker->self, evidence->misdirected, evidence->judged, interval);
    return interval[0] >= (rate > HIGH_RATE_MILLIONTHS ? rate : HIGH_RATE_MILLIONTHS);
}

static struct step step_of(const struct decide *decide, const struct hearing *hearing)
{
    const struct scope_delta *row = hearing->row;
    return (struct step){hearing->delta, row, row->scope, scopes_name(decide->scopes, row->scope),
            NULL, hearing->evidence, hearing->taker, hearing->tenant, false, false, NULL,
            CHANNEL_UNKNOWN};
}

// Whether it is rather the data that lag behind than anything that was sent wrongly: by the pattern,
// or, of a whole tenant, because nothing else is as likely.
static bool is_lag(const struct decide *decide, struct hearing *hearing)
{
    if (hearing->lags == LAGS_UNKNOWN) {
        bool lags = lag_is_likely(decide->incidents, decide->recent, hearing);
        if (!lags && hearing->row->kind == SCOPE_TENANT &&
                (hearing->evidence->estimated_rate_millionths < LAG_RATE_MILLIONTHS ||
                        lag_may_be_all_over(hearing->entries, hearing->count))) {
            const struct step step = step_of(decide, hearing);
            struct ranked causes[CAUSE_MAX];
            lags = tell_causes(decide, &step, hearing->entries, hearing->count, causes) > 0 &&
                   view_is(causes[0].name, "feed_lag");
        }
        hearing->lags = lags ? LAGS : LAGS_NOT;
    }
    return hearing->lags == LAGS;
}

// By the leaf that brought the row its messages.
static int32_t tenant_of_row(const struct delta *delta, const struct scope_delta *row)
{
    int32_t at = (int32_t)(row - delta->scopes);
    for (uint32_t i = 0; i < delta->leaf_count; i++) {
        const struct leaf_use *uses = delta->leaves[i].uses;
        if (uses[row->kind].row == at && uses[SCOPE_TENANT].row >= 0) {
            return delta->scopes[uses[SCOPE_TENANT].row].scope;
        }
    }
    return SCOPE_NONE;
}

void decide_hear(const struct decide *decide, const struct delta *delta,
        const struct scope_delta *row, const struct evidence *evidence,
        const struct decision_taker *taker, struct hearing *ret_hearing)
{
    ret_hearing->delta = delta;
    ret_hearing->row = row;
    ret_hearing->evidence = evidence;
    ret_hearing->taker = taker;
    ret_hearing->lags = LAGS_UNKNOWN;
    ret_hearing->tenant = tenant_of_row(delta, row);
    ret_hearing->count =
            recent_since(decide->recent, row->scope, evidence->start_serial, ret_hearing->entries);
}

enum tier decide_admit(
        const struct decide *decide, struct hearing *hearing, enum tier tier, bool is_cold)
{
    const struct scope_delta *row = hearing->row;
    const struct step step = step_of(decide, hearing);
    if (tier > TIER_ALERT &&
            (decide_is_suspended(decide) || policy_withholds(decide, &step) != NULL)) {
        return TIER_ALERT;
    }
    if (tier == TIER_STOP) {
        bool is_spread = stop_is_spread(hearing->entries, hearing->count) ||
                         incidents_lately(decide->incidents, row->scope,
                                 hearing->delta->log_time_ms) >= STOP_CAMPAIGNS;
        if (!is_spread || !is_high(hearing->evidence, hearing->taker)) {
            tier = TIER_QUARANTINE;
        }
    }
    if (tier == TIER_QUARANTINE && is_cold && row->kind >= SCOPE_VENDOR &&
            !is_high(hearing->evidence, hearing->taker)) {
        tier = TIER_ALERT;
    }
    if (tier >= TIER_QUARANTINE && (hearing->count < decide_settings(decide, &step).hold_people ||
                                           is_lag(decide, hearing))) {
        tier = TIER_ALERT;
    }
    return tier;
}

// --- who is acted on --------------------------------------------------------------------------

void decide_explain_parents(const struct decide *decide, const struct step *step, bool counts)
{
    struct recent_entry entries[RECENT_MAX];
    uint32_t count = recent_since(decide->recent, step->scope, 0, entries);
    for (unsigned kind = step->name.kind + 1u; kind < SCOPE_KIND_COUNT; kind++) {
        struct child parents[ATTRIBUTE_ROWS];
        uint32_t found = attribute_children(entries, count, (enum scope_kind)kind, parents);
        for (uint32_t i = 0; i < found; i++) {
            step->taker->explained(step->taker->self, parents[i].scope, step->scope,
                    parents[i].misdirected, count);
            recent_forget_child(decide->recent, parents[i].scope, step->scope, step->name.kind);
            if (counts && step->name.kind == SCOPE_CAMPAIGN && kind >= SCOPE_VENDOR) {
                incidents_note_lately(
                        decide->incidents, parents[i].scope, step->delta->log_time_ms);
            }
        }
    }
}

// Finds the incident that a scope's alarm belongs to, or opens one. None where there are too many.
static enum err step_find_incident(
        struct decide *decide, struct step *step, struct incident *related, bool *ret_is_new)
{
    *ret_is_new = false;
    step->incident = incidents_of(decide->incidents, step->scope);
    if (step->incident != NULL && step->incident->root != step->scope && !step->lags &&
            incidents_scope_lags(decide->incidents, step->scope)) {
        // it was taken for one of many that data lag behind of, and has turned out to be worse
        (void)incidents_leave(decide->incidents, step->scope); // the root stays
        step->incident = NULL;
    }
    if (step->incident != NULL) {
        return ERR_NONE;
    }
    if (related != NULL) {
        step->incident = related;
        enum err e = incidents_join(decide->incidents, related, step->scope);
        if (e == ERR_NONE && step->lags) {
            incidents_note_lag(decide->incidents, step->scope);
        }
        return e;
    }
    struct digest_id id;
    *ret_is_new = true;
    enum err e = incident_make_id(
            &decide->id_text, step->delta, &step->name, decide->options.detector_version, &id);
    return e != ERR_NONE ? e : incidents_open(decide->incidents, step->scope, &id, &step->incident);
}

// A stream does not say which messages it counts: what comes from now on is counted.
static void note_start(
        const struct decide *decide, struct incident *incident, const struct evidence *evidence)
{
    uint64_t start = evidence->stream == NULL && evidence->start_serial < decide->next_serial
                             ? evidence->start_serial
                             : decide->next_serial;
    incident->start_serial = incident->start_serial < start ? incident->start_serial : start;
}

enum err decide_act(struct decide *decide, struct step *step, enum tier tier,
        struct incident *related, const struct part *part)
{
    bool is_new;
    enum err e = step_find_incident(decide, step, related, &is_new);
    if (e != ERR_NONE || step->incident == NULL) {
        return e;
    }
    // Seen from further away, and no less serious there.
    if (step->evidence->stream == NULL && tier >= step->incident->tier &&
            scopes_name(decide->scopes, step->incident->root).kind < step->name.kind) {
        step->incident->root = step->scope;
    }
    if (tier >= TIER_QUARANTINE) {
        step->incident->lags = false; // no more than a part of it is late data
        remind_later(decide, step->incident, step->delta->log_time_ms);
    }
    step->taker->alarmed(step->taker->self, step->scope);
    incidents_set_tier(decide->incidents, step->scope, tier);
    life_count_part(step, part);
    note_start(decide, step->incident, step->evidence);
    step->withheld = watch_withholds(decide, step, tier);
    bool waits = tier >= TIER_QUARANTINE && step->withheld != NULL;
    if (tier > step->incident->tier || step->is_sibling || (waits && !decide->holds.is_told)) {
        enum alert_kind kind = is_new                        ? ALERT_INCIDENT_OPENED
                               : tier > step->incident->tier ? ALERT_INCIDENT_ESCALATED
                                                             : ALERT_INCIDENT_UPDATED;
        step->incident->tier = tier > step->incident->tier ? tier : step->incident->tier;
        e = tell_alert(decide, step, kind);
    }
    if (e == ERR_NONE && waits) {
        e = watch_wait(decide, step);
    } else if (e == ERR_NONE && tier >= TIER_QUARANTINE) {
        e = tell_hold(decide, step, tier);
        decide_explain_parents(decide, step, true);
    }
    return e;
}

// The incident whose event the entries of the step's scope are part of; NULL for none.
static struct incident *find_related(const struct decide *decide, const struct step *step,
        enum scope_kind kind, bool lags, const struct recent_entry *entries, uint32_t count)
{
    const struct related_scope of = {step->scope, kind, step->tenant, lags};
    struct incident *related = related_find(decide->incidents, decide->recent, &of, entries, count);
    if (related == NULL && lags) {
        related = related_of_tenant(decide->incidents, step->tenant);
    }
    if (related == NULL && incidents_open_count(decide->incidents) > 0) {
        struct ranked causes[CAUSE_MAX];
        uint32_t cause_count = tell_causes(decide, step, entries, count, causes);
        related = related_by_stream(decide->incidents, &of, entries, count, causes, cause_count);
    }
    return related;
}

// Whether a narrower scope, which explains a wide one's evidence beside others, has no more of it than
// data that lag do.
static bool child_lags(const struct decide *decide, const struct step *step,
        const struct child *child, const struct part *part)
{
    struct window window = {0, 0, 0};
    (void)step->taker->window(step->taker->self, child->scope, step->evidence->node_index, &window);
    struct evidence evidence = *step->evidence;
    evidence.judged = window.judged;
    evidence.misdirected = window.misdirected;
    const struct scope_delta row = {.scope = child->scope, .kind = child->kind};
    struct hearing hearing = {.delta = step->delta,
            .row = &row,
            .evidence = &evidence,
            .taker = step->taker,
            .tenant = step->tenant,
            .count = part->count};
    memcpy(hearing.entries, part->entries, part->count * sizeof *part->entries);
    return window.judged > 0 && lag_is_likely(decide->incidents, decide->recent, &hearing);
}

// One of several that explain a wide scope's evidence.
static enum err raise_child(struct decide *decide, struct step *step, const struct child *child,
        enum tier tier, const struct recent_entry *entries, uint32_t count,
        struct incident **shared)
{
    // Stop is for the wide scope as a whole; what explains it is put into quarantine, if it is
    // about enough people.
    step->scope = child->scope;
    step->name = scopes_name(decide->scopes, child->scope);
    bool is_few = child->misdirected < decide_settings(decide, step).hold_people;
    enum tier highest = is_few ? TIER_ALERT : TIER_QUARANTINE;
    tier = tier < highest ? tier : highest;
    if (tier > TIER_ALERT && policy_withholds(decide, step) != NULL) {
        tier = TIER_ALERT;
    }
    if (decide_tier(decide, child->scope) >= tier) {
        return ERR_NONE;
    }
    struct recent_entry own[RECENT_MAX];
    struct part part = {own, 0, step->evidence->misdirected * child->misdirected / count};
    for (uint32_t i = 0; i < count; i++) {
        if (entries[i].scopes[child->kind] == child->scope) {
            own[part.count++] = entries[i];
        }
    }
    if (child_lags(decide, step, child, &part)) {
        return ERR_NONE;
    }
    struct incident *related = find_related(decide, step, child->kind, false, own, part.count);
    bool is_known = incidents_of(decide->incidents, child->scope) != NULL || related != NULL;
    step->is_sibling = !is_known && *shared != NULL;
    enum err e = decide_act(decide, step, tier, is_known ? related : *shared, &part);
    *shared = is_known || *shared != NULL ? *shared : step->incident;
    return e;
}

enum err decide_raise(struct decide *decide, struct hearing *hearing, enum tier tier)
{
    const struct scope_delta *row = hearing->row;
    const struct evidence *evidence = hearing->evidence;
    const struct decision_taker *taker = hearing->taker;
    const struct recent_entry *entries = hearing->entries;
    uint32_t count = hearing->count;
    ASSURE(row->last_entry >= 0);
    struct child children[CHILD_MAX];
    const struct ratios ratios = {taker->ratio, taker->self};
    uint32_t explained = 0;
    struct step step = step_of(decide, hearing);
    bool lags = is_lag(decide, hearing);
    if (!lags) {
        explained = attribute_explain(entries, count, row->kind, &ratios, evidence->node_index,
                evidence->log_likelihood_ratio_nat6, children);
    }
    step.lags = lags;
    const struct incident *own = incidents_of(decide->incidents, row->scope);
    if (explained > 0 && row->kind == SCOPE_VENDOR && children[0].kind != SCOPE_CAMPAIGN &&
            own != NULL && own->root == row->scope) {
        explained = 0; // what others may share is no explanation of a vendor under suspicion
    }
    if (explained == 0) {
        struct incident *related = find_related(decide, &step, row->kind, lags, entries, count);
        // A vendor under suspicion already need not be worse, if it comes to this tier by itself.
        bool is_suspect =
                related != NULL && scopes_name(decide->scopes, related->root).kind == SCOPE_VENDOR;
        int64_t ratio_nat6 =
                is_suspect ? evidence->threshold_nat6 - 1 : evidence->log_likelihood_ratio_nat6;
        if (attribute_is_shared(
                    entries, count, row->kind, &ratios, evidence->node_index, ratio_nat6)) {
            return ERR_NONE;
        }
        const struct part all = {entries, count, evidence->misdirected};
        enum err e = decide_act(decide, &step, tier, related, &all);
        if (lags && step.incident != NULL) {
            step.incident->lags = true;
        }
        return e;
    }
    // Those that alarm for the first time and at once are one event.
    struct incident *shared = NULL;
    enum err e = ERR_NONE;
    for (uint32_t i = 0; i < explained && e == ERR_NONE; i++) {
        e = raise_child(decide, &step, &children[i], tier, entries, count, &shared);
    }
    return e;
}
