#include "decide/decide.h"

#include <stdlib.h>
#include <string.h>

#include "common/assure.h"
#include "decide/attribute.h"
#include "decide/cause.h"
#include "incident/incidents.h"

enum {
    QUARANTINE_PEOPLE = 3,
    STOP_CAMPAIGNS = 3,
    STOP_RATE_MILLIONTHS = 50000,
    ID_TEXT_BYTES = 4096,
};

struct decide {
    struct decide_options options;
    struct scopes *scopes;
    struct recent *recent;
    struct incidents *incidents;
    struct strbuf id_text;
    struct strbuf reason_text;
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
    strbuf_init(&decide->id_text, ID_TEXT_BYTES);
    strbuf_init(&decide->reason_text, ID_TEXT_BYTES);
    enum err e = incidents_create(&decide->incidents, options->max_incidents);
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
        free(decide);
    }
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
    return incidents_find(decide->incidents, scope)->tier;
}

// A chain of several campaigns, not one that drags its vendor along.
static bool stop_is_spread(const struct recent_entry *entries, uint32_t count)
{
    struct child campaigns[ATTRIBUTE_ROWS];
    uint32_t found = attribute_children(entries, count, SCOPE_CAMPAIGN, campaigns);
    return found >= STOP_CAMPAIGNS && campaigns[0].misdirected * 2 <= count;
}

enum tier decide_admit(const struct decide *decide, const struct scope_delta *row, enum tier tier,
        const struct evidence *evidence)
{
    struct recent_entry entries[RECENT_MAX];
    uint32_t people = recent_since(decide->recent, row->scope, evidence->start_serial, entries);
    if (tier == TIER_STOP) {
        int64_t rate = 3 * evidence->baseline_millionths;
        rate = rate > STOP_RATE_MILLIONTHS ? rate : STOP_RATE_MILLIONTHS;
        if (!stop_is_spread(entries, people) || evidence->interval_millionths[0] < rate) {
            tier = TIER_QUARANTINE;
        }
    }
    if (tier == TIER_QUARANTINE && people < QUARANTINE_PEOPLE) {
        tier = TIER_ALERT;
    }
    return tier;
}

static void fill_reasons(
        struct alert_action *alert, const struct recent_entry *entries, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
            alert->reasons[reason] += entries[i].reasons >> reason & 1;
        }
    }
    struct cause_evidence evidence = {.kind = alert->scope.kind, .messages = count};
    memcpy(evidence.reasons, alert->reasons, sizeof evidence.reasons);
    alert->cause_count = cause_rank(&evidence, alert->causes);
}

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

// One step of one incident: what it is about and where it goes.
struct step {
    const struct delta *delta;
    const struct scope_delta *row; // whose evidence it is
    // whose incident it is: the row's, or a narrower one that explains it
    int32_t scope;
    struct scope_name name;
    const struct incident *incident;
    const struct evidence *evidence;
    const struct decision_taker *taker;
};

static enum err send_alert(struct decide *decide, const struct step *step, bool is_new)
{
    struct recent_entry entries[RECENT_MAX];
    uint32_t count =
            recent_since(decide->recent, step->row->scope, step->evidence->start_serial, entries);
    const struct frame_entry *cause = step->delta->entries[step->row->last_entry].entry;
    struct alert_action alert = {
            .incident_id = step->incident->id,
            .kind = is_new ? ALERT_INCIDENT_OPENED : ALERT_INCIDENT_ESCALATED,
            .tier = step->incident->tier,
            .scope = step->name,
            .occurred_at_ms = cause->occurred_at_ms,
            .evidence = *step->evidence,
            .policy_version = view_of(decide->options.policy->version),
            .detector_version = view_of(decide->options.detector_version),
            .assume_complete = decide->options.policy->assume_complete,
            .traceparent = cause->traceparent,
            .tracestate = cause->tracestate,
    };
    fill_reasons(&alert, entries, count);
    fill_contributors(decide, &alert, entries, count);
    fill_samples(&alert, step->delta, step->row);
    enum err e = incident_make_step_id(&decide->id_text, "alert", &step->incident->id,
            step->incident->tier, step->delta->sequence, &alert.alert_id);
    if (e == ERR_NONE) {
        e = incidents_remember(decide->incidents, step->scope, &alert);
    }
    return e != ERR_NONE ? e : step->taker->alert(step->taker->self, &alert);
}

static enum err send_hold(struct decide *decide, const struct step *step)
{
    const struct policy *policy = decide->options.policy;
    const struct frame_entry *cause = step->delta->entries[step->row->last_entry].entry;
    strbuf_reset(&decide->reason_text);
    strbuf_printf(&decide->reason_text, "%lld of %lld messages since the change point misdirected",
            (long long)step->evidence->misdirected, (long long)step->evidence->judged);
    struct command_action command = {
            .sequence = step->delta->sequence,
            .kind = COMMAND_HOLD,
            .target = TARGET_SCOPE,
            .scope = step->name,
            .tier = step->incident->tier,
            .reason = strbuf_view(&decide->reason_text),
            .has_incident = true,
            .incident_id = step->incident->id,
            .issued_at_ms = step->delta->log_time_ms,
            .expires_at_ms = step->delta->log_time_ms + policy->scope_hold_ms,
            .mode = policy->mode,
            .traceparent = cause->traceparent,
            .tracestate = cause->tracestate,
    };
    enum err e = incident_make_step_id(&decide->id_text, "hold", &step->incident->id,
            step->incident->tier, step->delta->sequence, &command.command_id);
    if (e == ERR_NONE) {
        e = step->taker->command(step->taker->self, &command);
    }
    scopes_hold(decide->scopes, step->scope, command.expires_at_ms);
    return e != ERR_NONE ? e
                         : incidents_hold(decide->incidents, step->scope, command.expires_at_ms);
}

// Takes what a held scope explains off the wider scopes that its messages came through.
static void explain_parents(const struct decide *decide, int32_t child, enum scope_kind child_kind,
        const struct decision_taker *taker)
{
    struct recent_entry entries[RECENT_MAX];
    uint32_t count = recent_since(decide->recent, child, 0, entries);
    for (unsigned kind = child_kind + 1u; kind < SCOPE_KIND_COUNT; kind++) {
        struct child parents[ATTRIBUTE_ROWS];
        uint32_t found = attribute_children(entries, count, (enum scope_kind)kind, parents);
        for (uint32_t i = 0; i < found; i++) {
            taker->explained(taker->self, parents[i].scope, child, parents[i].misdirected, count);
            recent_forget_child(decide->recent, parents[i].scope, child, child_kind);
        }
    }
}

// Opens or escalates the incident of one scope, with the evidence of `row`.
static enum err decide_act(struct decide *decide, const struct delta *delta,
        const struct scope_delta *row, int32_t scope, enum tier tier,
        const struct evidence *evidence, const struct decision_taker *taker)
{
    struct step step = {delta, row, scope, scopes_name(decide->scopes, scope),
            incidents_find(decide->incidents, scope), evidence, taker};
    bool is_new = step.incident->tier == TIER_NONE;
    if (is_new) {
        struct digest_id id;
        enum err e = incident_make_id(
                &decide->id_text, delta, &step.name, decide->options.detector_version, &id);
        if (e == ERR_NONE) {
            e = incidents_open(decide->incidents, scope, &id, &step.incident);
        }
        if (e != ERR_NONE || step.incident == NULL) {
            return e;
        }
    }
    incidents_set_tier(decide->incidents, scope, tier);
    enum err e = send_alert(decide, &step, is_new);
    if (e == ERR_NONE && tier >= TIER_QUARANTINE) {
        e = send_hold(decide, &step);
        explain_parents(decide, scope, step.name.kind, taker);
    }
    return e;
}

enum err decide_raise(struct decide *decide, const struct delta *delta,
        const struct scope_delta *row, enum tier tier, const struct evidence *evidence,
        const struct decision_taker *taker)
{
    ASSURE(row->last_entry >= 0);
    struct recent_entry entries[RECENT_MAX];
    uint32_t count = recent_since(decide->recent, row->scope, evidence->start_serial, entries);
    struct child children[CHILD_MAX];
    uint32_t explained = attribute_explain(entries, count, row->kind, children);
    if (explained == 0) {
        return decide_act(decide, delta, row, row->scope, tier, evidence, taker);
    }
    enum err e = ERR_NONE;
    for (uint32_t i = 0; i < explained && e == ERR_NONE; i++) {
        // Stop is for the wide scope as a whole; what explains it is put into quarantine, if it is
        // about enough people.
        enum tier highest =
                children[i].misdirected < QUARANTINE_PEOPLE ? TIER_ALERT : TIER_QUARANTINE;
        enum tier child_tier = tier < highest ? tier : highest;
        if (decide_tier(decide, children[i].scope) < child_tier) {
            e = decide_act(decide, delta, row, children[i].scope, child_tier, evidence, taker);
        }
    }
    return e;
}

// What closes an incident: what it told last, and no message that caused it.
static struct alert_action closing_alert(const struct decide *decide, const struct delta *delta,
        const struct scope_name *name, const struct incident *incident)
{
    struct alert_action alert = {
            .incident_id = incident->id,
            .kind = ALERT_INCIDENT_CLOSED,
            .tier = incident->tier,
            .scope = *name,
            .occurred_at_ms = delta->log_time_ms,
            .evidence = incident->told->evidence,
            .cause_count = incident->told->cause_count,
            .policy_version = view_of(decide->options.policy->version),
            .detector_version = view_of(decide->options.detector_version),
            .assume_complete = decide->options.policy->assume_complete,
    };
    memcpy(alert.causes, incident->told->causes, sizeof alert.causes);
    memcpy(alert.reasons, incident->told->reasons, sizeof alert.reasons);
    return alert;
}

// Tells that an incident is over.
static enum err decide_close(struct decide *decide, const struct delta *delta, int32_t scope,
        const struct decision_taker *taker)
{
    const struct incident *incident = incidents_find(decide->incidents, scope);
    const struct scope_name name = scopes_name(decide->scopes, scope);
    struct alert_action alert = closing_alert(decide, delta, &name, incident);
    enum err e = incident_make_step_id(&decide->id_text, "closed", &incident->id, incident->tier,
            delta->sequence, &alert.alert_id);
    if (e == ERR_NONE) {
        e = taker->alert(taker->self, &alert);
    }
    incidents_close(decide->incidents, scope);
    return e;
}

// Lifts a hold that has run out in the state topic, and closes its incident.
static enum err decide_lift(struct decide *decide, const struct delta *delta, int32_t scope,
        const struct decision_taker *taker)
{
    const struct incident *incident = incidents_find(decide->incidents, scope);
    const struct scope_name name = scopes_name(decide->scopes, scope);
    struct command_action lifted = {
            .sequence = delta->sequence,
            .kind = COMMAND_EXPIRED,
            .target = TARGET_SCOPE,
            .scope = name,
            .tier = incident->tier,
            .reason = VIEW("the hold has run out"),
            .has_incident = true,
            .incident_id = incident->id,
            .issued_at_ms = delta->log_time_ms,
            .expires_at_ms = delta->log_time_ms,
            .mode = decide->options.policy->mode,
    };
    enum err e = incident_make_step_id(&decide->id_text, "expired", &incident->id, incident->tier,
            delta->sequence, &lifted.command_id);
    if (e == ERR_NONE) {
        e = taker->command(taker->self, &lifted);
    }
    scopes_lift(decide->scopes, scope);
    taker->closed(taker->self, scope);
    return e != ERR_NONE ? e : decide_close(decide, delta, scope, taker);
}

enum err decide_calm(struct decide *decide, const struct delta *delta,
        const struct scope_delta *row, bool is_calm, const struct decision_taker *taker)
{
    enum tier tier = decide_tier(decide, row->scope);
    if (tier == TIER_NONE || tier >= TIER_QUARANTINE ||
            !incidents_note_calm(
                    decide->incidents, row->scope, is_calm, row->judged, delta->log_time_ms)) {
        return ERR_NONE;
    }
    return decide_close(decide, delta, row->scope, taker);
}

enum err decide_expire(
        struct decide *decide, const struct delta *delta, const struct decision_taker *taker)
{
    enum err e = ERR_NONE;
    while (e == ERR_NONE) {
        int32_t scope = incidents_take_expired(decide->incidents, delta->log_time_ms);
        if (scope == SCOPE_NONE) {
            break;
        }
        e = decide_lift(decide, delta, scope, taker);
    }
    return e;
}
