// Whether holds may be told: not while the cache or the feed is suspect, and only so many in ten
// minutes.
#include <string.h>

#include "decide/decide_inside.h"

bool decide_is_suspended(const struct decide *decide)
{
    return breaker_state(decide->breaker) == BREAKER_JUMPED;
}

// --- the breaker ------------------------------------------------------------------------------

static void tell_why(struct alert_action *alert, const struct frame *frame, bool has_jumped)
{
    static const char *const names[] = {[CACHE_TRUSTED] = "cache_untrusted",
            [CACHE_UNREACHABLE] = "cache_unreachable",
            [CACHE_UNTRUSTED] = "cache_untrusted",
            [CACHE_STALE] = "cache_stale"};
    struct ranked *cause = &alert->causes[alert->cause_count++];
    *cause = (struct ranked){.name = view_of(has_jumped ? "cache_or_feed" : names[frame->cache]),
            .share_millionths = 1000000};
    if (!has_jumped) {
        return;
    }
    const struct frame_totals *totals = &frame->totals;
    cause->numbers[0] =
            (struct cause_number){"tenants_jumped", totals->tenants_jumped, totals->tenants_heard};
    cause->numbers[1] =
            (struct cause_number){"vendors_jumped", totals->vendors_jumped, totals->vendors_heard};
    cause->numbers[2] =
            (struct cause_number){"lately_misdirected", totals->lately_misdirected, LATELY_WINDOW};
    cause->number_count = 3;
}

// Every tally partition sees the same; one of them tells it.
static enum err tell_cache(struct decide *decide, const struct delta *delta, enum alert_kind kind,
        const struct decision_taker *taker)
{
    const struct scope_name everybody = {SCOPE_TENANT, VIEW("(all)"), VIEW("(all)"), VIEW_NONE};
    struct alert_action alert = {
            .kind = kind,
            .tier = TIER_ALERT,
            .scope = everybody,
            .occurred_at_ms = delta->log_time_ms,
            .policy_version = view_of(decide->options.policy->version),
            .detector_version = view_of(decide->options.detector_version),
            .assume_complete = decide->options.policy->assume_complete,
    };
    enum err e = ERR_NONE;
    if (kind == ALERT_CACHE_SUSPECT) {
        tell_why(&alert, delta->frame, decide_is_suspended(decide));
        e = incident_make_id(&decide->id_text, delta, &everybody, "cache", &decide->suspect_id);
    }
    alert.incident_id = decide->suspect_id;
    if (e == ERR_NONE) {
        const char *step = kind == ALERT_CACHE_SUSPECT ? "suspect" : "recovered";
        e = incident_make_step_id(&decide->id_text, step, &decide->suspect_id, &everybody,
                alert.tier, delta->sequence, &alert.alert_id);
    }
    return e != ERR_NONE || delta->tally_partition != 0 ? e : taker->alert(taker->self, &alert);
}

// Holds that wait rest on what may be no evidence: they are decided anew as well. Those that stand, and wait
// to be enforced, rest on what was seen before: they wait on.
static void suspend(struct decide *decide)
{
    struct hold_cap *holds = &decide->holds;
    struct hold_waiting waiting[HOLD_WAITING_MAX];
    uint32_t count = holds->waiting_count;
    memcpy(waiting, holds->waiting, count * sizeof *waiting);
    hold_cap_forget(holds);
    for (uint32_t i = 0; i < count; i++) {
        int32_t scope = waiting[i].scope;
        if (incidents_is_holding(decide->incidents, scope)) {
            (void)hold_cap_wait(holds, scope, waiting[i].channel); // there is the room that it had
        } else if (incidents_tier(decide->incidents, scope) > TIER_ALERT) {
            incidents_set_tier(decide->incidents, scope, TIER_ALERT);
        }
    }
}

// What was seen meanwhile speaks against nobody, and is no lesson.
static void begin_anew(
        const struct decide *decide, const struct delta *delta, const struct decision_taker *taker)
{
    uint32_t end = scopes_end(decide->scopes);
    for (uint32_t i = 0; i < end; i++) {
        int32_t scope = (int32_t)i;
        if (scopes_is_live(decide->scopes, scope) &&
                !scopes_is_held(decide->scopes, scope, delta->log_time_ms)) {
            taker->alarmed(taker->self, scope);
            taker->closed(taker->self, scope);
        }
    }
}

// --- the cap ----------------------------------------------------------------------------------

const char *watch_withholds(struct decide *decide, const struct step *step, enum tier tier)
{
    if (step->evidence->stream != NULL) {
        return NULL; // streams hold nothing
    }
    if (decide_is_suspended(decide)) {
        return "cache_suspect";
    }
    const char *by_policy = policy_withholds(decide, step);
    if (by_policy != NULL) {
        return by_policy;
    }
    if (tenant_is_drill(step->name.tenant_id)) {
        return NULL; // the cap is for what stops somebody's messages
    }
    bool is_new = tier >= TIER_QUARANTINE && !incidents_is_holding(decide->incidents, step->scope);
    return is_new && !hold_cap_has_room(&decide->holds, step->delta->log_time_ms) ? "hold_cap"
                                                                                  : NULL;
}

enum err watch_wait(struct decide *decide, const struct step *step)
{
    uint8_t channel;
    enum err e = decide_channel_of(decide, step, &channel);
    decide->holds.is_told = true;
    if (e == ERR_NONE &&
            (decide_is_suspended(decide) || !hold_cap_wait(&decide->holds, step->scope, channel))) {
        incidents_set_tier(decide->incidents, step->scope, TIER_ALERT); // its next alarm asks again
    }
    return e;
}

// Whether the scope is held in monitor mode, and is to be enforced by now (decide_change_policy). One
// that somebody is releasing stays as it is.
static bool is_unsent(const struct decide *decide, const struct step *step)
{
    const struct hold *hold = incidents_hold_of(decide->incidents, step->scope);
    const struct release *release = releases_of(decide->releases, step->scope);
    return hold != NULL && hold->mode == MODE_MONITOR &&
           (release == NULL || release->canary.step == 0) &&
           decide_settings(decide, step).mode == MODE_ENFORCE &&
           !tenant_is_drill(step->name.tenant_id);
}

// The hold of a scope whose turn has come, if its incident still stands. `*ret_waits_on`: it is held already, and
// the policy wants that not sent for now.
static enum err hold_late(struct decide *decide, const struct delta *delta,
        const struct hold_waiting *waiting, const struct decision_taker *taker, bool *ret_waits_on)
{
    *ret_waits_on = false;
    int32_t scope = waiting->scope;
    enum tier tier = incidents_tier(decide->incidents, scope);
    struct incident *incident = incidents_of(decide->incidents, scope);
    if (incident == NULL || incident->told == NULL || tier < TIER_QUARANTINE) {
        return ERR_NONE;
    }
    const struct scope_name name = scopes_name(decide->scopes, scope);
    const struct scope_delta row = {
            .scope = scope, .kind = name.kind, .first_entry = -1, .last_entry = -1};
    const struct step step = {.delta = delta,
            .row = &row,
            .scope = scope,
            .name = name,
            .incident = incident,
            .evidence = &incident->told->evidence,
            .taker = taker,
            .tenant = SCOPE_NONE,
            .channel = waiting->channel};
    if (incidents_is_holding(decide->incidents, scope)) {
        bool is_due = is_unsent(decide, &step);
        *ret_waits_on = is_due && policy_withholds(decide, &step) != NULL;
        if (!is_due || *ret_waits_on) {
            return ERR_NONE;
        }
        hold_cap_note(&decide->holds, delta->log_time_ms);
        return tell_hold(decide, &step, tier);
    }
    if (policy_withholds(decide, &step) != NULL) {
        incidents_set_tier(decide->incidents, scope, TIER_ALERT); // its next alarm asks again
        return ERR_NONE;
    }
    enum err e = tell_hold(decide, &step, tier);
    decide_explain_parents(decide, &step, true);
    return e;
}

// All whose turn it is.
static enum err hold_waiting(
        struct decide *decide, const struct delta *delta, const struct decision_taker *taker)
{
    struct hold_waiting back[HOLD_WAITING_MAX];
    uint32_t count = 0;
    enum err e = ERR_NONE;
    struct hold_waiting next;
    while (e == ERR_NONE &&
            (next = hold_cap_next(&decide->holds, delta->log_time_ms)).scope != SCOPE_NONE) {
        bool waits_on;
        e = hold_late(decide, delta, &next, taker, &waits_on);
        if (waits_on) {
            back[count++] = next;
        }
    }
    hold_cap_set_back(&decide->holds, back, count);
    return e;
}

// --- a frame ----------------------------------------------------------------------------------

enum err decide_watch(
        struct decide *decide, const struct delta *delta, const struct decision_taker *taker)
{
    enum breaker_state before = breaker_state(decide->breaker);
    enum err e = breaker_note(decide->breaker, delta->frame, delta->log_time_ms);
    enum breaker_state now = breaker_state(decide->breaker);
    if (now == BREAKER_JUMPED && before != BREAKER_JUMPED) {
        suspend(decide);
    }
    if (before == BREAKER_JUMPED && now == BREAKER_CALM) {
        begin_anew(decide, delta, taker);
    }
    if (e == ERR_NONE && (before == BREAKER_CALM) != (now == BREAKER_CALM)) {
        e = tell_cache(decide, delta,
                now == BREAKER_CALM ? ALERT_CACHE_RECOVERED : ALERT_CACHE_SUSPECT, taker);
    }
    return e == ERR_NONE && now != BREAKER_JUMPED ? hold_waiting(decide, delta, taker) : e;
}

void watch_archive(struct archive *archive, struct decide *decide)
{
    archive_mark(archive, "watch");
    breaker_archive(archive, decide->breaker);
    channels_archive(archive, decide->channels);
    hold_cap_archive(archive, &decide->holds, scopes_end(decide->scopes));
    archive_bytes(archive, decide->suspect_id.bytes, sizeof decide->suspect_id.bytes);
    archive_u64(archive, &decide->next_serial, UINT64_MAX);
}
