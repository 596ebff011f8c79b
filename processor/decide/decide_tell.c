// What is told of an incident: alerts, holds and their end.
#include "decide/attribute.h"
#include "decide/cause.h"
#include "decide/decide_inside.h"
#include "decide/related.h"

enum {
    KNOWN_MESSAGES = 1000, // of a tenant before the change point, that it counts as known
    // A scope is new when before the change point it had less than a fifth of the messages that its
    // share of its tenant's since then lets expect.
    NEW_TIMES = 5,
    HEARD_MAX = 1 << 30,
};

// --- causes -----------------------------------------------------------------------------------

// Messages until now, and those since the change point.
struct heard {
    int64_t all;
    int64_t since;
};

// So that products stay in their type.
static int64_t bounded(int64_t messages)
{
    return messages < HEARD_MAX ? messages : HEARD_MAX;
}

// A small share of its tenant's messages is not new, and in a young tenant all are young. By
// comparison: s of S of the tenant's messages came through it since the change point, b of B before.
static bool is_new(struct heard scope, struct heard tenant)
{
    int64_t before = scope.all > scope.since ? scope.all - scope.since : 0;
    int64_t tenant_before = tenant.all - tenant.since;
    return bounded(before) * NEW_TIMES * bounded(tenant.since) <
           bounded(scope.since) * bounded(tenant_before);
}

// A tenant of which nothing is known before is taken to have had half of its messages since the
// change point, so that whatever had any before is not new.
static struct heard heard_of_tenant(const struct evidence *evidence, int64_t heard)
{
    int64_t since = evidence->tenant_all.watched - evidence->tenant_watched_before;
    return (struct heard){heard, since >= evidence->judged && since <= heard ? since : heard / 2};
}

static void fill_spread(struct cause_evidence *evidence, const struct step *step,
        const struct recent_entry *entries, uint32_t count)
{
    struct heard tenant = {0, 0};
    for (unsigned kind = SCOPE_KIND_COUNT; kind-- > 0;) {
        struct child rows[ATTRIBUTE_ROWS];
        uint32_t found = attribute_children(entries, count, (enum scope_kind)kind, rows);
        if (found == 0) {
            continue;
        }
        evidence->spread[kind] = found;
        evidence->largest[kind] = rows[0].misdirected;
        struct heard scope = {step->taker->heard(step->taker->self, rows[0].scope),
                evidence->judged * rows[0].misdirected / count};
        bool sets_bit = false;
        if (kind == SCOPE_TENANT) {
            tenant = heard_of_tenant(step->evidence, scope.all);
            sets_bit = scope.all < KNOWN_MESSAGES + evidence->judged;
        } else {
            sets_bit = is_new(scope, tenant);
        }
        evidence->new_kinds |= (uint8_t)(sets_bit << kind);
    }
}

// What befalls the tenant's other campaigns since the scope's change point.
static void fill_elsewhere(const struct decide *decide, struct cause_evidence *evidence,
        const struct step *step, const struct recent_entry *entries, uint32_t count)
{
    const struct evidence *told = step->evidence;
    int32_t tenant = related_first_of(entries, count, SCOPE_TENANT);
    if (tenant == SCOPE_NONE) {
        return;
    }
    const struct tenant_sums sums = tenants_sums(decide->tenants, tenant);
    evidence->tenant_judged = sums.judged;
    evidence->tenant_misdirected = sums.misdirected;
    evidence->tenant_no_record = sums.no_record;
    for (unsigned kind = SCOPE_TEMPLATE; kind < SCOPE_TENANT; kind++) {
        evidence->campaigns_without[kind] =
                tenants_campaigns_without(decide->tenants, tenant, (enum scope_kind)kind);
    }
    if (step->row->kind == SCOPE_TENANT) {
        return;
    }
    struct recent_entry all[RECENT_MAX];
    uint32_t found = recent_since(decide->recent, tenant, told->start_serial, all);
    for (uint32_t i = 0; i < found; i++) {
        if (all[i].scopes[step->row->kind] != step->row->scope) {
            evidence->elsewhere++;
            evidence->elsewhere_no_record += (all[i].reasons & REASON_BIT(REASON_NO_RECORD)) != 0;
        }
    }
    int64_t judged = told->tenant_all.watched - told->tenant_watched_before - told->judged;
    int64_t misdirected =
            told->tenant_all.misdirected - told->tenant_misdirected_before - told->misdirected;
    if (found == RECENT_MAX && evidence->elsewhere > 0 && misdirected > evidence->elsewhere) {
        evidence->elsewhere_no_record =
                misdirected * evidence->elsewhere_no_record / evidence->elsewhere;
        evidence->elsewhere = misdirected;
    }
    evidence->elsewhere_judged = judged > 0 ? judged : 0;
    evidence->tenant_judged_before = told->tenant_watched_before;
    evidence->tenant_misdirected_before = told->tenant_misdirected_before;
}

static struct cause_evidence fill_causes(const struct decide *decide, const struct step *step,
        struct alert_action *alert, const struct recent_entry *entries, uint32_t count)
{
    const struct policy *policy = decide->options.policy;
    const struct evidence *told = step->evidence;
    struct cause_evidence evidence = {
            .kind = step->row->kind,
            .messages = count,
            .judged = told->judged,
            .misdirected = told->stream == NULL ? told->misdirected : count,
            .invalid = told->since.invalid,
            .vendors_are_listed = policy->vendors.count > 0,
    };
    for (uint32_t i = 0; i < count; i++) {
        for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
            evidence.reasons[reason] += entries[i].reasons >> reason & 1;
        }
        for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
            evidence.signals[signal] += (unsigned)entries[i].signals >> signal & 1;
        }
    }
    evidence.first_messages = count;
    evidence.first_same_block = evidence.signals[SIGNAL_SAME_BLOCK];
    memcpy(alert->reasons, evidence.reasons, sizeof alert->reasons);
    alert->reasons[REASON_INVALID_NUMBER] += (uint32_t)told->since.invalid;
    memcpy(evidence.signals_of_all, told->since.signals, sizeof evidence.signals_of_all);
    evidence.before.watched = told->before.watched;
    evidence.before.invalid = told->before.invalid;
    evidence.before.misdirected = told->before.misdirected;
    memcpy(evidence.before.signals, told->before.signals, sizeof evidence.before.signals);
    fill_spread(&evidence, step, entries, count);
    fill_elsewhere(decide, &evidence, step, entries, count);
    evidence.vendor_is_unregistered = told->vendor_is_unregistered;
    alert->cause_count = cause_rank(&evidence, alert->causes);
    return evidence;
}

// What a cause rests on is looked at as if it were of so many messages at most.
static void scale_down(struct cause_evidence *evidence)
{
    uint32_t messages = evidence->messages;
    if (messages <= RECENT_MAX) {
        return;
    }
    evidence->messages = RECENT_MAX;
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        evidence->reasons[reason] =
                (uint32_t)((uint64_t)evidence->reasons[reason] * RECENT_MAX / messages);
    }
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        evidence->signals[signal] =
                (uint32_t)((uint64_t)evidence->signals[signal] * RECENT_MAX / messages);
    }
}

// What came through the tenant's other scopes since the incident was told.
static void add_elsewhere(
        const struct decide *decide, const struct incident *incident, struct cause_evidence *all)
{
    const struct scope_name name = scopes_name(decide->scopes, incident->root);
    struct recent_entry entries[RECENT_MAX];
    uint32_t count = recent_since(decide->recent, incident->root, 0, entries);
    int32_t tenant = related_first_of(entries, count, SCOPE_TENANT);
    if (tenant == SCOPE_NONE || name.kind == SCOPE_TENANT || all->tenant_judged == 0) {
        return;
    }
    const struct tenant_sums now = tenants_sums(decide->tenants, tenant);
    const struct cause_evidence *since = &incident->since;
    int64_t judged = now.judged - all->tenant_judged - since->judged;
    int64_t misdirected = now.misdirected - all->tenant_misdirected - since->misdirected;
    int64_t no_record =
            now.no_record - all->tenant_no_record - (int64_t)since->reasons[REASON_NO_RECORD];
    if (judged >= misdirected && misdirected >= 0 && no_record >= 0) {
        all->elsewhere_judged += judged;
        all->elsewhere += misdirected;
        all->elsewhere_no_record += no_record < misdirected ? no_record : misdirected;
    }
}

// The causes by all that the incident has shown: what it told, and what came since.
static void rank_again(
        const struct decide *decide, const struct incident *incident, struct alert_action *alert)
{
    struct cause_evidence all = incident->told->because;
    const struct cause_evidence *since = &incident->since;
    all.messages += since->messages;
    all.judged += since->judged;
    all.misdirected += since->misdirected;
    all.invalid += since->invalid;
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        all.reasons[reason] += since->reasons[reason];
        alert->reasons[reason] += since->reasons[reason];
    }
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        all.signals[signal] += since->signals[signal];
        all.signals_of_all[signal] += since->signals_of_all[signal];
    }
    add_elsewhere(decide, incident, &all);
    scale_down(&all);
    alert->cause_count = cause_rank(&all, alert->causes);
}

uint32_t tell_causes(const struct decide *decide, const struct step *step,
        const struct recent_entry *entries, uint32_t count, struct ranked ret_causes[CAUSE_MAX])
{
    struct alert_action alert = {.cause_count = 0};
    (void)fill_causes(decide, step, &alert, entries, count);
    memcpy(ret_causes, alert.causes, sizeof alert.causes);
    return alert.cause_count;
}

// --- alerts -----------------------------------------------------------------------------------

// The narrower scopes that the evidence came through, widest share first; of a campaign there are
// none.
static void fill_contributors(const struct decide *decide, struct alert_action *alert,
        const struct recent_entry *entries, uint32_t count)
{
    for (unsigned kind = 0; kind < (unsigned)alert->scope.kind; kind++) {
        struct child children[ATTRIBUTE_ROWS];
        uint32_t found = attribute_children(entries, count, (enum scope_kind)kind, children);
        for (uint32_t i = 0; i < found && alert->contributor_count < CONTRIBUTOR_MAX; i++) {
            alert->contributors[alert->contributor_count++] = (struct contributor){
                    scopes_name(decide->scopes, children[i].scope), children[i].misdirected};
        }
        if (found > 0) {
            return; // the narrowest kind that is there
        }
    }
}

// Up to three message ids of the frame that caused it, the last first.
static void fill_samples(
        struct alert_action *alert, const struct delta *delta, const struct scope_delta *row)
{
    for (int64_t i = row->last_entry; i >= 0 && alert->sample_count < SAMPLE_MAX; i--) {
        const struct delta_entry *de = &delta->entries[i];
        bool counted = de->uses[row->kind] == ENTRY_FRESH || de->uses[row->kind] == ENTRY_GUARDED;
        if (de->scopes[row->kind] == row->scope && counted &&
                !view_is_none(de->entry->message_id)) {
            alert->samples[alert->sample_count++] = de->entry->message_id;
        }
    }
}

// The message that caused a step; NULL when a stream's frame has no misdirected one.
static const struct frame_entry *step_entry(const struct step *step)
{
    int32_t last = step->row->last_entry;
    return last < 0 ? NULL : step->delta->entries[last].entry;
}

// Whoever a late record has cleared stays in the sketch.
struct impact tell_impact(const struct incident *incident)
{
    uint64_t people = sketch_estimate(&incident->people);
    uint64_t messages = (uint64_t)(incident->escaped + incident->held);
    bool is_above = people > messages; // the sketch only estimates
    return (struct impact){incident->escaped, incident->held, is_above ? messages : people,
            incident->people_are_more && people < messages, incident->cleared};
}

static struct alert_action alert_of(const struct decide *decide, const struct incident *incident)
{
    return (struct alert_action){
            .incident_id = incident->id,
            .tier = incident->tier,
            .impact = tell_impact(incident),
            .acknowledged_ms = incident->acknowledged_ms,
            .acknowledged_by = incident->acknowledged_by,
            .policy_version = view_of(decide->options.policy->version),
            .detector_version = view_of(decide->options.detector_version),
            .assume_complete = decide->options.policy->assume_complete,
    };
}

// With its interval. The change point may have found no room to be remembered (state/recent.h, R4): then it is told to
// be here.
static struct evidence evidence_in_full(const struct step *step, const struct frame_entry *entry)
{
    struct evidence evidence = *step->evidence;
    evidence.interval_millionths[1] = 1000000;
    if (evidence.judged > 0 && evidence.misdirected <= evidence.judged) {
        step->taker->interval(step->taker->self, evidence.misdirected, evidence.judged,
                evidence.interval_millionths);
    }
    if (view_is_none(evidence.change_point.topic) && entry != NULL) {
        evidence.change_point =
                (struct message_position){entry->occurred_at_ms, step->delta->frame->source_topic,
                        step->delta->frame->source_partition, entry->offset, entry->message_id};
    }
    return evidence;
}

enum err tell_alert(struct decide *decide, const struct step *step, enum alert_kind kind)
{
    struct recent_entry entries[RECENT_MAX];
    uint32_t count =
            recent_since(decide->recent, step->row->scope, step->evidence->start_serial, entries);
    const struct frame_entry *entry = step_entry(step);
    struct alert_action alert = alert_of(decide, step->incident);
    alert.kind = kind;
    alert.scope = step->name;
    alert.evidence = evidence_in_full(step, entry);
    alert.evidence.withheld = step->withheld;
    bool is_dated = step->row->last_occurred_at_ms > 0; // not when it only sent exempt messages
    alert.occurred_at_ms = is_dated ? step->row->last_occurred_at_ms : step->delta->log_time_ms;
    if (entry != NULL) {
        alert.occurred_at_ms = entry->occurred_at_ms;
        alert.traceparent = entry->traceparent;
        alert.tracestate = entry->tracestate;
    }
    const struct cause_evidence because = fill_causes(decide, step, &alert, entries, count);
    fill_contributors(decide, &alert, entries, count);
    fill_samples(&alert, step->delta, step->row);
    release_fill_relapse(decide, step, &alert);
    enum err e = incident_make_step_id(&decide->id_text, "alert", &step->incident->id, &step->name,
            step->incident->tier, step->delta->sequence, &alert.alert_id);
    if (e == ERR_NONE) {
        e = incidents_remember(step->incident, &alert, &because, step->delta->log_time_ms);
    }
    step->incident->told_misdirected = step->incident->escaped + step->incident->held;
    step->incident->told_cleared = step->incident->cleared;
    return e != ERR_NONE ? e : step->taker->alert(step->taker->self, &alert);
}

struct alert_action tell_repeated(const struct decide *decide, const struct incident *incident)
{
    struct alert_action alert = alert_of(decide, incident);
    alert.scope = scopes_name(decide->scopes, incident->root);
    alert.evidence = incident->told->evidence;
    alert.evidence.withheld = NULL; // it was for then
    alert.cause_count = incident->told->cause_count;
    memcpy(alert.causes, incident->told->causes, sizeof alert.causes);
    memcpy(alert.reasons, incident->told->reasons, sizeof alert.reasons);
    if (incident->since.messages + incident->since.invalid > 0) {
        rank_again(decide, incident, &alert);
    }
    late_rank(incident, &alert);
    return alert;
}

enum err tell_again(struct decide *decide, const struct delta *delta, struct incident *incident,
        enum alert_kind kind, const struct decision_taker *taker)
{
    struct alert_action alert = tell_repeated(decide, incident);
    alert.kind = kind;
    alert.occurred_at_ms = delta->log_time_ms;
    incident->told_ms = delta->log_time_ms;
    incident->told_misdirected = incident->escaped + incident->held;
    incident->told_cleared = incident->cleared;
    const char *step = kind == ALERT_INCIDENT_CLOSED ? "closed" : "updated";
    enum err e = incident_make_step_id(&decide->id_text, step, &incident->id, &alert.scope,
            incident->tier, delta->sequence, &alert.alert_id);
    return e != ERR_NONE ? e : taker->alert(taker->self, &alert);
}
