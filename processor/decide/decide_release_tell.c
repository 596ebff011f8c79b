// What is told of holds on their way to the end: alerts and commands.
#include "decide/decide_release.h"

enum { PERCENT_MILLIONTHS = 10000 };

struct release_news release_news_of(
        const struct release *release, enum release_state state, int64_t now_ms)
{
    const struct canary *canary = &release->canary;
    return (struct release_news){
            .state = state,
            .is_proposed = release->is_proposed,
            .clean = release->shadow.clean,
            .misdirected = release->shadow.misdirected,
            .needed = shadow_needed(&release->shadow),
            .bad_rate_millionths = (int64_t)release->shadow.bad_percent * PERCENT_MILLIONTHS,
            .canary_step = canary->step,
            .canary_limit = canary_limit(canary->step),
            .canary_judged = canary->judged,
            .canary_misdirected = canary->misdirected,
            .probation = release->probation,
            .ends = release_ends(release, now_ms),
            .operator_id =
                    release->operator_id[0] != '\0' ? view_of(release->operator_id) : VIEW_NONE,
            .control_id = release->control_id[0] != '\0' ? view_of(release->control_id) : VIEW_NONE,
    };
}

enum err release_tell(
        struct decide *decide, const struct holding *holding, enum release_state state)
{
    static const char *const steps[RELEASE_STATE_COUNT] = {[RELEASE_PROPOSED] = "proposed",
            [RELEASE_WITHDRAWN] = "withdrawn",
            [RELEASE_CANARY] = "canary",
            [RELEASE_RELEASED] = "released",
            [RELEASE_HELD_AGAIN] = "held_again",
            [RELEASE_KEPT] = "kept"};
    const int64_t now_ms = holding->delta->log_time_ms;
    const struct incident *incident = holding->incident;
    struct alert_action alert = {
            .tier = tell_hold_tier(decide, holding->scope),
            .policy_version = view_of(decide->options.policy->version),
            .detector_version = view_of(decide->options.detector_version),
            .assume_complete = decide->options.policy->assume_complete,
            .evidence.interval_millionths = {0, 1000000},
    };
    if (incident != NULL && incident->told != NULL) {
        alert = tell_repeated(decide, incident);
    }
    alert.incident_id = holding->id;
    alert.kind = state == RELEASE_RELEASED ? ALERT_INCIDENT_RELEASED : ALERT_INCIDENT_UPDATED;
    alert.scope = holding->name;
    alert.occurred_at_ms = now_ms;
    alert.release = release_news_of(holding->release, state, now_ms);
    enum err e = incident_make_step_id(&decide->id_text, steps[state], &holding->id, &holding->name,
            alert.tier, holding->delta->sequence, &alert.alert_id);
    return e != ERR_NONE ? e : holding->taker->alert(holding->taker->self, &alert);
}

// --- commands ---------------------------------------------------------------------------------

static struct command_action command_of(
        struct decide *decide, const struct holding *holding, struct view words)
{
    const struct release *release = holding->release;
    const struct release_news news =
            release_news_of(release, RELEASE_SILENT, holding->delta->log_time_ms);
    strbuf_reset(&decide->reason_text);
    strbuf_add_view(&decide->reason_text, words);
    const struct hold *hold = incidents_hold_of(decide->incidents, holding->scope);
    struct command_action command =
            tell_command_of(decide, holding->delta, holding->scope, hold->mode);
    command.reason = strbuf_view(&decide->reason_text);
    command.operator_id = news.operator_id;
    command.control_id = news.control_id;
    return command;
}

static enum err send_command(struct decide *decide, const struct holding *holding, const char *step,
        struct command_action *command)
{
    enum err e = decide->reason_text.failed;
    if (e == ERR_NONE) {
        e = incident_make_step_id(&decide->id_text, step, &holding->id, &holding->name,
                command->tier, holding->delta->sequence, &command->command_id);
    }
    if (e == ERR_NONE) {
        holding->release->sequence = holding->delta->sequence;
        e = holding->taker->command(holding->taker->self, command);
    }
    return e;
}

enum err release_command_hold(
        struct decide *decide, const struct holding *holding, const char *step, struct view words)
{
    const struct canary *canary = &holding->release->canary;
    struct command_action command = command_of(decide, holding, words);
    int64_t until_ms = incidents_hold_of(decide->incidents, holding->scope)->until_ms;
    const struct scope_delta row = {.scope = holding->scope, .first_entry = -1, .last_entry = -1};
    const struct step of = {
            .delta = holding->delta, .row = &row, .scope = holding->scope, .name = holding->name};
    int64_t renewed_ms = holding->delta->log_time_ms + decide_settings(decide, &of).scope_hold_ms;
    command.kind = COMMAND_HOLD;
    command.expires_at_ms = until_ms > renewed_ms ? until_ms : renewed_ms;
    command.canary_step = canary->step;
    command.canary_limit = canary_limit(canary->step);
    enum err e = send_command(decide, holding, step, &command);
    scopes_hold(decide->scopes, holding->scope, command.expires_at_ms);
    if (e == ERR_NONE) {
        e = incidents_hold(decide->incidents, holding->scope, command.expires_at_ms, command.mode);
    }
    tell_note_ending(decide, holding->scope, holding->delta->log_time_ms);
    return e;
}

enum err release_command_release(
        struct decide *decide, const struct holding *holding, struct view words)
{
    struct command_action command = command_of(decide, holding, words);
    command.kind = COMMAND_RELEASE;
    return send_command(decide, holding, "release", &command);
}
