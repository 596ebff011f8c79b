#include "decide/decide.h"

#include <stdlib.h>

#include "common/assure.h"
#include "common/digest.h"
#include "decide/attribute.h"
#include "decide/cause.h"

enum {
    QUARANTINE_PEOPLE = 3,
    STOP_CAMPAIGNS = 3,
    STOP_RATE_MILLIONTHS = 50000,
    ID_TEXT_BYTES = 4096,
};

struct incident {
    struct digest_id id;
    enum tier tier; // TIER_NONE = no incident
};

struct held {
    int32_t scope;
    int64_t until_ms;
};

struct decide {
    struct decide_options options;
    struct scopes *scopes;
    struct recent *recent;
    struct incident *incidents; // by scope
    uint32_t capacity;
    uint32_t open_count;
    uint64_t overflowed;
    struct held *held; // in no order
    uint32_t held_count;
    uint32_t held_capacity;
    int64_t next_expiry_ms; // the earliest of them
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
    decide->next_expiry_ms = INT64_MAX;
    strbuf_init(&decide->id_text, ID_TEXT_BYTES);
    strbuf_init(&decide->reason_text, ID_TEXT_BYTES);
    *ret_decide = decide;
    return ERR_NONE;
}

void decide_destroy(struct decide *decide)
{
    if (decide != NULL) {
        strbuf_fini(&decide->id_text);
        strbuf_fini(&decide->reason_text);
        free(decide->incidents);
        free(decide->held);
        free(decide);
    }
}

uint32_t decide_open_incidents(const struct decide *decide)
{
    return decide->open_count;
}

uint64_t decide_overflowed(const struct decide *decide)
{
    return decide->overflowed;
}

enum tier decide_tier(const struct decide *decide, int32_t scope)
{
    return (uint32_t)scope < decide->capacity ? decide->incidents[scope].tier : TIER_NONE;
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

// The first 16 bytes of SHA-256 over the parts, each ended by a line feed.
static void make_id(struct decide *decide, struct digest_id *ret_id)
{
    uint8_t digest[SHA256_BYTES];
    digest_sha256(strbuf_view(&decide->id_text), digest);
    memcpy(ret_id->bytes, digest, sizeof ret_id->bytes);
}

// incident_id = hash of scope, detector version, tally partition and offset of the opening frame (design §6).
static enum err make_incident_id(struct decide *decide, const struct delta *delta,
        const struct scope_name *scope, struct digest_id *ret_id)
{
    struct strbuf *text = &decide->id_text;
    strbuf_reset(text);
    strbuf_printf(text, "incident\n%s\n", scope_kind_names[scope->kind]);
    strbuf_add_view(text, scope->tenant_id);
    strbuf_add_byte(text, '\n');
    strbuf_add_view(text, scope->id);
    strbuf_printf(text, "\n%s\n%d\n%lld\n", decide->options.detector_version,
            (int)delta->tally_partition, (long long)delta->sequence);
    make_id(decide, ret_id);
    return text->failed;
}

// The id of an alert or command of an incident: one a kind, tier and frame.
static enum err make_step_id(struct decide *decide, const char *what, const struct digest_id *incident,
        enum tier tier, int64_t sequence, struct digest_id *ret_id)
{
    struct strbuf *text = &decide->id_text;
    strbuf_reset(text);
    strbuf_printf(text, "%s\n", what);
    hex_add(text, incident->bytes, sizeof incident->bytes);
    strbuf_printf(text, "\n%s\n%lld\n", tier_names[tier], (long long)sequence);
    make_id(decide, ret_id);
    return text->failed;
}

static enum err decide_make_room(struct decide *decide, int32_t scope)
{
    if ((uint32_t)scope < decide->capacity) {
        return ERR_NONE;
    }
    uint32_t capacity = decide->capacity == 0 ? 64 : decide->capacity;
    while (capacity <= (uint32_t)scope) {
        capacity *= 2;
    }
    struct incident *grown = realloc(decide->incidents, capacity * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    memset(grown + decide->capacity, 0, (capacity - decide->capacity) * sizeof *grown);
    decide->incidents = grown;
    decide->capacity = capacity;
    return ERR_NONE;
}

static void fill_reasons(struct alert_action *alert, const struct recent_entry *entries, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
            alert->reasons[reason] += entries[i].reasons >> reason & 1;
        }
    }
    alert->cause_count = cause_rank(alert->reasons, alert->causes);
}

// The narrower scopes that the evidence came through, widest share first; of a campaign there are none.
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

static enum err send_alert(struct decide *decide, const struct delta *delta,
        const struct scope_delta *row, const struct scope_name *scope, const struct incident *incident,
        bool is_new, const struct evidence *evidence, const struct decision_taker *taker)
{
    struct recent_entry entries[RECENT_MAX];
    uint32_t count = recent_since(decide->recent, row->scope, evidence->start_serial, entries);
    const struct frame_entry *cause = delta->entries[row->last_entry].entry;
    struct alert_action alert = {
            .incident_id = incident->id,
            .kind = is_new ? ALERT_INCIDENT_OPENED : ALERT_INCIDENT_ESCALATED,
            .tier = incident->tier,
            .scope = *scope,
            .occurred_at_ms = cause->occurred_at_ms,
            .evidence = *evidence,
            .policy_version = view_of(decide->options.policy->version),
            .detector_version = view_of(decide->options.detector_version),
            .assume_complete = decide->options.policy->assume_complete,
            .traceparent = cause->traceparent,
            .tracestate = cause->tracestate,
    };
    fill_reasons(&alert, entries, count);
    fill_contributors(decide, &alert, entries, count);
    fill_samples(&alert, delta, row);
    enum err e = make_step_id(
            decide, "alert", &incident->id, incident->tier, delta->sequence, &alert.alert_id);
    return e != ERR_NONE ? e : taker->alert(taker->self, &alert);
}

// Keeps when the hold of a scope runs out; a later hold of the same scope replaces the earlier.
static enum err remember_held(struct decide *decide, int32_t scope, int64_t until_ms)
{
    uint32_t at = 0;
    while (at < decide->held_count && decide->held[at].scope != scope) {
        at++;
    }
    if (at == decide->held_capacity) {
        uint32_t capacity = at == 0 ? 16 : at * 2;
        struct held *grown = realloc(decide->held, capacity * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        decide->held = grown;
        decide->held_capacity = capacity;
    }
    decide->held_count += at == decide->held_count;
    decide->held[at] = (struct held){scope, until_ms};
    if (until_ms < decide->next_expiry_ms) {
        decide->next_expiry_ms = until_ms;
    }
    return ERR_NONE;
}

static enum err send_hold(struct decide *decide, const struct delta *delta,
        const struct scope_delta *row, int32_t scope, const struct scope_name *name,
        const struct incident *incident, const struct evidence *evidence,
        const struct decision_taker *taker)
{
    const struct policy *policy = decide->options.policy;
    const struct frame_entry *cause = delta->entries[row->last_entry].entry;
    strbuf_reset(&decide->reason_text);
    strbuf_printf(&decide->reason_text, "%lld of %lld messages since the change point misdirected",
            (long long)evidence->misdirected, (long long)evidence->judged);
    struct command_action command = {
            .sequence = delta->sequence,
            .kind = COMMAND_HOLD,
            .target = TARGET_SCOPE,
            .scope = *name,
            .tier = incident->tier,
            .reason = strbuf_view(&decide->reason_text),
            .has_incident = true,
            .incident_id = incident->id,
            .issued_at_ms = delta->log_time_ms,
            .expires_at_ms = delta->log_time_ms + policy->scope_hold_ms,
            .mode = policy->mode,
            .traceparent = cause->traceparent,
            .tracestate = cause->tracestate,
    };
    enum err e = make_step_id(
            decide, "hold", &incident->id, incident->tier, delta->sequence, &command.command_id);
    if (e == ERR_NONE) {
        e = taker->command(taker->self, &command);
    }
    scopes_hold(decide->scopes, scope, command.expires_at_ms);
    return e != ERR_NONE ? e : remember_held(decide, scope, command.expires_at_ms);
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
    enum err e = decide_make_room(decide, scope);
    if (e != ERR_NONE) {
        return e;
    }
    struct incident *incident = &decide->incidents[scope];
    const struct scope_name name = scopes_name(decide->scopes, scope);
    bool is_new = incident->tier == TIER_NONE;
    if (is_new) {
        if (decide->open_count >= decide->options.max_incidents) {
            decide->overflowed++;
            return ERR_NONE;
        }
        e = make_incident_id(decide, delta, &name, &incident->id);
        decide->open_count++;
    }
    incident->tier = tier;
    if (e == ERR_NONE) {
        e = send_alert(decide, delta, row, &name, incident, is_new, evidence, taker);
    }
    if (e == ERR_NONE && tier >= TIER_QUARANTINE) {
        e = send_hold(decide, delta, row, scope, &name, incident, evidence, taker);
        explain_parents(decide, scope, name.kind, taker);
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
    // Stop is for the wide scope as a whole; what explains it is put into quarantine.
    enum tier child_tier = tier > TIER_QUARANTINE ? TIER_QUARANTINE : tier;
    enum err e = ERR_NONE;
    for (uint32_t i = 0; i < explained && e == ERR_NONE; i++) {
        if (decide_tier(decide, children[i].scope) < child_tier) {
            e = decide_act(decide, delta, row, children[i].scope, child_tier, evidence, taker);
        }
    }
    return e;
}

// Tells that an incident is over because its hold has run out, and lifts it in the state topic.
static enum err decide_close(struct decide *decide, const struct delta *delta, int32_t scope,
        const struct decision_taker *taker)
{
    struct incident *incident = &decide->incidents[scope];
    const struct scope_name name = scopes_name(decide->scopes, scope);
    const struct policy *policy = decide->options.policy;
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
            .mode = policy->mode,
    };
    struct alert_action alert = {
            .incident_id = incident->id,
            .kind = ALERT_INCIDENT_CLOSED,
            .tier = TIER_NONE,
            .scope = name,
            .occurred_at_ms = delta->log_time_ms,
            .evidence = {.scope = name},
            .policy_version = view_of(policy->version),
            .detector_version = view_of(decide->options.detector_version),
            .assume_complete = policy->assume_complete,
    };
    enum err e = make_step_id(decide, "expired", &incident->id, incident->tier, delta->sequence,
            &lifted.command_id);
    if (e == ERR_NONE) {
        e = make_step_id(decide, "closed", &incident->id, incident->tier, delta->sequence,
                &alert.alert_id);
    }
    if (e == ERR_NONE) {
        e = taker->command(taker->self, &lifted);
    }
    if (e == ERR_NONE) {
        e = taker->alert(taker->self, &alert);
    }
    scopes_lift(decide->scopes, scope);
    taker->closed(taker->self, scope);
    *incident = (struct incident){0};
    decide->open_count--;
    return e;
}

enum err decide_expire(
        struct decide *decide, const struct delta *delta, const struct decision_taker *taker)
{
    if (delta->log_time_ms < decide->next_expiry_ms) {
        return ERR_NONE;
    }
    enum err e = ERR_NONE;
    decide->next_expiry_ms = INT64_MAX;
    for (uint32_t i = 0; i < decide->held_count;) {
        const struct held held = decide->held[i];
        if (e == ERR_NONE && held.until_ms <= delta->log_time_ms) {
            e = decide_close(decide, delta, held.scope, taker);
            decide->held[i] = decide->held[--decide->held_count];
        } else {
            if (held.until_ms < decide->next_expiry_ms) {
                decide->next_expiry_ms = held.until_ms;
            }
            i++;
        }
    }
    return e;
}
