#include "decide/decide_release.h"

#include <string.h>

#define DAY_MS (INT64_C(24) * 3600 * 1000)

enum {
    PROBATION_MIN = 1000,
    PROBATION_TIMES = 50,
    PROBATION_MAX = 1000000,
    PROBATION_DAYS = 7,
    BANNED_DAYS = 1,
};

// --- holds that begin and end -----------------------------------------------------------------

// What is known of a hold that nobody has told of here: a person's, or one that a lost log does not know.
static void begin(
        const struct decide *decide, struct release *release, const struct evidence *evidence)
{
    bool is_told = evidence != NULL && evidence->stream == NULL && evidence->judged > 0;
    shadow_begin(&release->shadow, is_told ? evidence->estimated_rate_millionths : 0,
            is_told ? evidence->baseline_millionths
                    : decide->options.policy->prior_rate_millionths);
    int64_t misdirected = is_told ? evidence->misdirected : 0;
    release->misdirected = misdirected < UINT32_MAX && misdirected > 0 ? (uint32_t)misdirected : 0;
    release->is_held = true;
    release->is_proposed = false;
    release->is_acknowledged = false;
    release->is_kept = false;
    release->canary = (struct canary){.step = 0};
    release->operator_id[0] = '\0';
    release->control_id[0] = '\0';
}

// The row of a scope that is held; NULL where there is no room for one.
static enum err row_of_held(struct decide *decide, int32_t scope, struct release **ret_release)
{
    enum err e = releases_take(decide->releases, scope, ret_release);
    struct release *release = *ret_release;
    if (e != ERR_NONE || release == NULL || release->is_held) {
        return e;
    }
    const struct incident *incident = incidents_of(decide->incidents, scope);
    const bool is_told = incident != NULL && incident->told != NULL;
    begin(decide, release, is_told ? &incident->told->evidence : NULL);
    return ERR_NONE;
}

static struct holding holding_of(const struct decide *decide, const struct delta *delta,
        struct release *release, const struct decision_taker *taker)
{
    struct incident *incident = incidents_of(decide->incidents, release->scope);
    const struct hold *hold = incidents_hold_of(decide->incidents, release->scope);
    release->incident_id = incident != NULL ? incident->id : hold->control;
    return (struct holding){delta, taker, release, incident, release->incident_id, release->scope,
            scopes_name(decide->scopes, release->scope)};
}

bool decide_is_on_probation(const struct decide *decide, int32_t scope, int64_t now_ms)
{
    const struct release *release = releases_of(decide->releases, scope);
    return release != NULL && !release->is_held && release_is_on_probation(release, now_ms);
}

void release_fill_relapse(
        const struct decide *decide, const struct step *step, struct alert_action *alert)
{
    alert->is_relapse = decide_is_on_probation(decide, step->scope, step->delta->log_time_ms);
    if (alert->is_relapse) {
        alert->relapse_of = releases_of(decide->releases, step->scope)->incident_id;
    }
}

bool decide_has_release(const struct decide *decide, int32_t scope)
{
    return releases_of(decide->releases, scope) != NULL;
}

void decide_drop(struct decide *decide, int32_t scope)
{
    releases_drop(decide->releases, scope);
}

void decide_sweep(struct decide *decide, int64_t now_ms)
{
    releases_sweep(decide->releases, now_ms);
}

static void ban(struct release *release, int64_t now_ms)
{
    release->banned_until_ms = now_ms + BANNED_DAYS * DAY_MS;
    release->probation = 0;
}

enum err release_note_hold(struct decide *decide, const struct step *step)
{
    struct release *release;
    enum err e = releases_take(decide->releases, step->scope, &release);
    if (e != ERR_NONE || release == NULL) {
        return e;
    }
    const int64_t now_ms = step->delta->log_time_ms;
    release->sequence = step->delta->sequence;
    if (release->is_held) {
        release->canary = (struct canary){.step = 0};
        return ERR_NONE;
    }
    if (release_is_on_probation(release, now_ms)) {
        ban(release, now_ms);
    }
    begin(decide, release, step->evidence);
    if (release_ends(release, now_ms) < decide_settings(decide, step).flap_limit) {
        return ERR_NONE;
    }
    release->is_kept = true;
    const struct holding holding = holding_of(decide, step->delta, release, step->taker);
    return release_tell(decide, &holding, RELEASE_KEPT);
}

enum err release_note_commanded(struct decide *decide, int32_t scope, int64_t sequence)
{
    struct release *release;
    enum err e = row_of_held(decide, scope, &release);
    if (e == ERR_NONE && release != NULL) {
        release->sequence = sequence;
        release->canary = (struct canary){.step = 0};
    }
    return e;
}

void release_note_end_of_hold(struct decide *decide, int32_t scope, int64_t now_ms)
{
    struct release *release = releases_of(decide->releases, scope);
    if (release != NULL && release->is_held) {
        release->is_held = false;
        release->canary.step = 0;
        release_note_end(release, now_ms);
    }
}

enum err release_keep(struct decide *decide, const struct delta *delta, int32_t scope,
        const struct decision_taker *taker, bool *ret_is_kept)
{
    struct release *release = releases_of(decide->releases, scope);
    bool is_under_way = release != NULL && release->canary.step > 0;
    *ret_is_kept = release != NULL && release->is_held && (release->is_kept || is_under_way);
    if (!*ret_is_kept) {
        return ERR_NONE;
    }
    const struct holding holding = holding_of(decide, delta, release, taker);
    return release_command_hold(decide, &holding, "kept",
            is_under_way ? VIEW("the canary goes on")
                         : VIEW("this hold stays until a person releases it"));
}

// --- steps ------------------------------------------------------------------------------------

static void begin_probation(struct release *release, int64_t now_ms)
{
    int64_t messages = (int64_t)release->misdirected * PROBATION_TIMES;
    messages = messages > PROBATION_MIN ? messages : PROBATION_MIN;
    release->probation = messages < PROBATION_MAX ? (uint32_t)messages : PROBATION_MAX;
    release->probation_ms = now_ms + PROBATION_DAYS * DAY_MS;
}

static void count_probation(struct release *release, int64_t judged)
{
    if (judged > 0) {
        release->probation =
                judged < release->probation ? release->probation - (uint32_t)judged : 0;
    }
}

// Everything of the scope may go: the hold has ended.
static enum err set_free(struct decide *decide, const struct holding *holding, struct view words)
{
    enum err e = release_command_release(decide, holding, words);
    if (e == ERR_NONE) {
        e = release_tell(decide, holding, RELEASE_RELEASED);
    }
    enum err ended = decide_end_hold(decide, holding->delta, holding->scope, holding->taker);
    return e != ERR_NONE ? e : ended;
}

static enum err begin_canary(
        struct decide *decide, const struct holding *holding, struct view words)
{
    struct release *release = holding->release;
    release->canary = (struct canary){.step = 1};
    begin_probation(release, holding->delta->log_time_ms);
    enum err e = release_command_hold(decide, holding, "canary", words);
    return e != ERR_NONE ? e : release_tell(decide, holding, RELEASE_CANARY);
}

static enum err next_canary(struct decide *decide, const struct holding *holding)
{
    struct canary *canary = &holding->release->canary;
    if (canary->step == CANARY_STEPS) {
        return set_free(decide, holding, VIEW("the last canary came through"));
    }
    canary->step++;
    canary->judged = 0;
    canary->misdirected = 0;
    enum err e =
            release_command_hold(decide, holding, "canary", VIEW("the canary before came through"));
    return e != ERR_NONE ? e : release_tell(decide, holding, RELEASE_CANARY);
}

static enum err hold_again(struct decide *decide, const struct holding *holding)
{
    struct release *release = holding->release;
    release->is_proposed = false;
    release->is_acknowledged = false;
    if (holding->incident != NULL) {
        remind_anew(decide, holding->incident, holding->delta->log_time_ms);
    }
    enum err e = release_tell(decide, holding, RELEASE_HELD_AGAIN); // with the canary's numbers
    release->is_kept = !tenant_is_drill(holding->name.tenant_id);   // nobody has to release a drill
    ban(release, holding->delta->log_time_ms);
    release->canary = (struct canary){.step = 0};
    release->operator_id[0] = '\0';
    release->control_id[0] = '\0';
    release->shadow.v_nat6 = 0;
    release->shadow.clean = 0;
    release->shadow.misdirected = 0;
    return e != ERR_NONE ? e
                         : release_command_hold(decide, holding, "held_again",
                                   VIEW("what was let through went wrong again"));
}

// Those that the canary let through were no held ones.
static void count_escaped(
        const struct holding *holding, const struct scope_delta *row, int64_t judged_before)
{
    int64_t limit = canary_limit(holding->release->canary.step);
    int64_t left = limit > judged_before ? limit - judged_before : 0;
    int64_t sent = row->shadow_misdirected < left ? row->shadow_misdirected : left;
    if (holding->incident != NULL && sent > 0 && holding->incident->held >= sent) {
        holding->incident->held -= sent;
        holding->incident->escaped += sent;
    }
}

static enum err follow_canary(
        struct decide *decide, const struct holding *holding, const struct scope_delta *row)
{
    struct release *release = holding->release;
    const unsigned budget = decide_row_settings(decide, holding->delta, row).budget;
    count_escaped(holding, row, release->canary.judged);
    canary_note(
            &release->canary, release->shadow.base, row->shadow_judged, row->shadow_misdirected);
    count_probation(release, row->shadow_judged);
    if (holding->delta->sequence <= release->sequence) {
        return ERR_NONE; // R3: the next frame goes on
    }
    if (canary_has_tripped(&release->canary, budget, holding->name.kind)) {
        return hold_again(decide, holding);
    }
    return canary_has_passed(&release->canary, budget, holding->name.kind)
                   ? next_canary(decide, holding)
                   : ERR_NONE;
}

// R4.
static bool may_go_by_itself(const struct decide *decide, const struct holding *holding)
{
    const struct release *release = holding->release;
    return shadow_is_reached(&release->shadow) && release->is_acknowledged && !release->is_kept &&
           holding->delta->log_time_ms >= release->banned_until_ms && holding->incident != NULL &&
           !incidents_hold_of(decide->incidents, holding->scope)->is_commanded &&
           incidents_tier(decide->incidents, holding->scope) == TIER_QUARANTINE &&
           decide_scope_settings(decide, holding->delta, holding->scope).automatic_release ==
                   RELEASE_AUTOMATIC;
}

static enum err follow_hold(struct decide *decide, const struct holding *holding)
{
    struct release *release = holding->release;
    enum err e = ERR_NONE;
    if (!release->is_proposed && shadow_is_reached(&release->shadow)) {
        release->is_proposed = true;
        e = release_tell(decide, holding, RELEASE_PROPOSED);
    } else if (release->is_proposed && shadow_is_lost(&release->shadow)) {
        release->is_proposed = false;
        e = release_tell(decide, holding, RELEASE_WITHDRAWN);
    }
    if (e == ERR_NONE && may_go_by_itself(decide, holding)) {
        release->operator_id[0] = '\0';
        release->control_id[0] = '\0';
        e = begin_canary(
                decide, holding, VIEW("healthy again while it was held, and acknowledged"));
    }
    return e;
}

enum err decide_follow_release(struct decide *decide, const struct delta *delta,
        const struct scope_delta *row, const struct decision_taker *taker)
{
    struct release *release;
    if (!incidents_is_holding(decide->incidents, row->scope)) {
        release = releases_of(decide->releases, row->scope);
        if (release != NULL) {
            count_probation(release, row->judged);
        }
        return ERR_NONE;
    }
    if (row->shadow_judged == 0 && row->shadow_misdirected == 0) {
        return ERR_NONE;
    }
    enum err e = row_of_held(decide, row->scope, &release);
    if (e != ERR_NONE || release == NULL) {
        return e;
    }
    shadow_step(&release->shadow, row->shadow_judged, row->shadow_misdirected);
    const struct holding holding = holding_of(decide, delta, release, taker);
    return release->canary.step > 0 ? follow_canary(decide, &holding, row)
                                    : follow_hold(decide, &holding);
}

// --- people -----------------------------------------------------------------------------------

static void set_text(char text[RELEASE_TEXT_MAX + 1], struct view from)
{
    size_t n = from.n < RELEASE_TEXT_MAX ? from.n : RELEASE_TEXT_MAX;
    memcpy(text, n > 0 ? from.p : "", n);
    text[n] = '\0';
}

enum err decide_release_scope(struct decide *decide, const struct delta *delta, int32_t scope,
        const struct control *control, const struct decision_taker *taker, const char **ret_refused)
{
    *ret_refused = "not_held";
    if (!incidents_is_holding(decide->incidents, scope)) {
        return ERR_NONE;
    }
    struct release *release;
    enum err e = row_of_held(decide, scope, &release);
    if (e != ERR_NONE || release == NULL) {
        *ret_refused = "no_room";
        return e;
    }
    if (release->canary.step > 0 && !control->at_once) {
        *ret_refused = "already_releasing";
        return ERR_NONE;
    }
    if (delta->sequence <= release->sequence) {
        *ret_refused = "too_soon"; // R3
        return ERR_NONE;
    }
    *ret_refused = NULL;
    set_text(release->operator_id, control->operator_id);
    set_text(release->control_id, control->control_id);
    const struct holding holding = holding_of(decide, delta, release, taker);
    if (!control->at_once) {
        return begin_canary(decide, &holding, control->reason);
    }
    if (release->canary.step == 0) {
        begin_probation(release, delta->log_time_ms);
    }
    return set_free(decide, &holding, control->reason);
}

void decide_release_acknowledged(struct decide *decide, int32_t scope)
{
    struct release *release = releases_of(decide->releases, scope);
    if (release != NULL && release->is_held) {
        release->is_acknowledged = true;
    }
}
