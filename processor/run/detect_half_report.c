// The detect half's report for the status page, and what of it is told as numbers: open incidents, holds,
// commands that wait, the last alerts and outcomes.
#include "ops/status.h"

#include <string.h>

#include "common/digest.h"
#include "decide/decide_show.h"
#include "run/detect_half_inside.h"
#include "run/told_log.h"

// A walk over all partitions. Without memory for a report only the numbers come of it.
struct walk {
    const struct detect_half *half;
    struct status_report *report; // may be NULL
    struct detect_standing standing;
    int64_t now_ms;
    int32_t partition;
};

static struct status_scope scope_of(const struct scope_name *name)
{
    struct status_scope scope = {.kind = scope_kind_names[name->kind]};
    status_copy(scope.id, sizeof scope.id, name->id);
    status_copy(scope.tenant, sizeof scope.tenant, name->tenant_id);
    status_copy(scope.channel, sizeof scope.channel, name->channel);
    return scope;
}

static void write_id(char ret_text[33], const struct digest_id *id)
{
    struct strbuf hex;
    strbuf_init(&hex, 64);
    hex_add(&hex, id->bytes, sizeof id->bytes);
    status_copy(ret_text, 33, strbuf_view(&hex));
    strbuf_fini(&hex);
}

static void show_incident(void *self, const struct shown_incident *shown)
{
    struct walk *walk = self;
    struct detect_standing *standing = &walk->standing;
    if (shown->wanted_ms != 0) {
        standing->unacknowledged++;
        bool is_oldest = standing->wanted_ms == 0 || shown->wanted_ms < standing->wanted_ms;
        standing->wanted_ms = is_oldest ? shown->wanted_ms : standing->wanted_ms;
    }
    struct status_report *report = walk->report;
    if (report == NULL || report->incident_count++ >= STATUS_INCIDENTS_MAX) {
        return;
    }
    struct status_incident *row = &report->incidents[report->incident_count - 1];
    const struct evidence *evidence = shown->evidence;
    *row = (struct status_incident){
            .tier = tier_names[shown->tier],
            .scope = scope_of(shown->scope),
            .judged = evidence != NULL ? evidence->judged : 0,
            .misdirected = evidence != NULL ? evidence->misdirected : 0,
            .people = (int64_t)shown->impact.distinct_recipients,
            .people_are_more = shown->impact.distinct_is_lower_bound,
            .escaped = shown->impact.escaped,
            .held = shown->impact.held,
            .scope_count = shown->scope_count,
            .held_count = shown->held_count,
            .told_ms = shown->told_ms,
            .withheld = evidence != NULL ? evidence->withheld : NULL,
            .is_drill = tenant_is_drill(shown->scope->tenant_id),
            .wanted_ms = shown->wanted_ms,
            .acknowledged_ms = shown->acknowledged_ms,
    };
    write_id(row->id, shown->id);
    status_copy(row->cause, sizeof row->cause, shown->cause);
    status_copy(row->acknowledged_by, sizeof row->acknowledged_by, shown->acknowledged_by);
}

static void fill_hold(
        const struct walk *walk, const struct shown_hold *shown, struct status_hold *row)
{
    *row = (struct status_hold){
            .scope = scope_of(shown->scope),
            .until_ms = shown->until_ms,
            .is_commanded = shown->is_commanded,
            .is_monitor = shown->mode == MODE_MONITOR,
            .is_drill = tenant_is_drill(shown->scope->tenant_id),
            .is_proposed = shown->is_proposed,
            .canary_step = shown->canary.step,
            .canary_limit = shown->canary_limit,
            .canary_judged = shown->canary.judged,
    };
    status_copy(row->released_by, sizeof row->released_by, shown->released_by);
    if (shown->incident_id != NULL) {
        write_id(row->incident_id, shown->incident_id);
    }
    const struct told_hold *told = told_holds_find(&walk->half->told_holds, shown->scope);
    if (told != NULL) {
        row->since_ms = told->since_ms;
        memcpy(row->reason, told->reason, sizeof row->reason);
        memcpy(row->operator_id, told->operator_id, sizeof row->operator_id);
    }
}

// A hold whose time is over holds nobody, though the frame that ends it has not come yet.
static void show_hold(void *self, const struct shown_hold *shown)
{
    struct walk *walk = self;
    if (shown->until_ms <= walk->now_ms) {
        return;
    }
    if (!tenant_is_drill(shown->scope->tenant_id)) {
        walk->standing.held[shown->scope->kind][shown->mode]++;
    }
    walk->standing.canaries += shown->canary.step > 0;
    struct status_report *report = walk->report;
    if (report != NULL && report->hold_count++ < STATUS_HOLDS_MAX) {
        fill_hold(walk, shown, &report->holds[report->hold_count - 1]);
    }
}

// What is about everybody waits in every tally partition: that of the first stands for all.
static void show_pending(void *self, const struct pending_control *pending)
{
    struct walk *walk = self;
    const struct control *control = &pending->control;
    if (pending->deadline_ms <= walk->now_ms ||
            (walk->partition != 0 && control_is_everywhere(control))) {
        return;
    }
    walk->standing.pending++;
    struct status_report *report = walk->report;
    if (report == NULL || report->pending_count++ >= STATUS_PENDING_MAX) {
        return;
    }
    struct status_pending *row = &report->pending[report->pending_count - 1];
    *row = (struct status_pending){
            .action = control_action_names[control->action], .deadline_ms = pending->deadline_ms};
    if (control->object == CONTROL_OF_SCOPE) {
        row->scope = scope_of(&control->scope);
    }
    status_copy(row->control_id, sizeof row->control_id, control->control_id);
    status_copy(row->operator_id, sizeof row->operator_id, control->operator_id);
    status_copy(row->reason, sizeof row->reason, control->reason);
}

static void show_drill(void *self, const struct drill *drill)
{
    struct walk *walk = self;
    (void)drill;
    walk->standing.drills++;
    if (walk->report != NULL) {
        walk->report->drill_count++;
    }
}

static void show_order(void *self, const struct standing_order *order)
{
    struct walk *walk = self;
    struct status_report *report = walk->report;
    if (order->until_ms <= walk->now_ms || report == NULL) {
        return;
    }
    if (order->action != CONTROL_MODE) {
        report->order_count++;
        return;
    }
    if (report->mode_count++ >= STATUS_MODES_MAX) {
        return;
    }
    struct status_mode *row = &report->modes[report->mode_count - 1];
    const struct scope_name name = {
            order->key.kind, order->key.id, order->key.tenant_id, order->key.channel};
    *row = (struct status_mode){
            .scope = scope_of(&name), .mode = mode_names[order->mode], .until_ms = order->until_ms};
    status_copy(row->operator_id, sizeof row->operator_id, order->operator_id);
}

// --- what was told ------------------------------------------------------------------------------

// The last that was said of a command; NULL = nothing was.
static struct status_outcome *find_outcome(struct detect_half *half, const char *control_id)
{
    uint32_t count = half->outcome_count;
    for (uint32_t i = 1; i <= count && i <= STATUS_OUTCOMES_MAX; i++) {
        struct status_outcome *row = &half->outcomes[(count - i) % STATUS_OUTCOMES_MAX];
        if (strcmp(row->control_id, control_id) == 0) {
            return row;
        }
    }
    return NULL;
}

// `unknown` of one tally partition is nothing beside what another says.
static void see_outcome(struct detect_half *half, const struct alert_action *alert)
{
    const struct control_outcome *outcome = &alert->outcome;
    char control_id[STATUS_TEXT_BYTES];
    status_copy(control_id, sizeof control_id, outcome->control_id);
    struct status_outcome *row = find_outcome(half, control_id);
    if (row != NULL && outcome->state == OUTCOME_UNKNOWN) {
        return;
    }
    if (row == NULL || row->state != outcome_state_names[OUTCOME_UNKNOWN]) {
        row = &half->outcomes[half->outcome_count++ % STATUS_OUTCOMES_MAX];
    }
    *row = (struct status_outcome){
            .state = outcome_state_names[outcome->state],
            .why = outcome->why,
            .action = outcome->action,
            .at_ms = clock_wall().ms,
    };
    if (outcome->has_scope) {
        row->scope = scope_of(&alert->scope);
    }
    memcpy(row->control_id, control_id, sizeof row->control_id);
    status_copy(row->operator_id, sizeof row->operator_id, outcome->operator_id);
}

void detect_see_alert(void *self, const struct alert_action *alert)
{
    struct detect_half *half = self;
    told_log_alert(alert);
    if (alert->kind == ALERT_CONTROL_OUTCOME) {
        see_outcome(half, alert);
        return;
    }
    half->alerts[half->alert_count++ % STATUS_ALERTS_MAX] = (struct status_alert){
            .type = alert_kind_names[alert->kind],
            .tier = tier_names[alert->tier],
            .scope = scope_of(&alert->scope),
            .at_ms = clock_wall().ms,
    };
}

void detect_see_command(void *self, const struct command_action *command)
{
    struct detect_half *half = self;
    told_log_command(command);
    told_holds_note(&half->told_holds, command);
}

// The newest of a ring first.
static void copy_told(const struct detect_half *half, struct status_report *report)
{
    uint32_t count = half->alert_count;
    report->alert_count = count < STATUS_ALERTS_MAX ? count : STATUS_ALERTS_MAX;
    for (uint32_t i = 0; i < report->alert_count; i++) {
        report->alerts[i] = half->alerts[(count - 1 - i) % STATUS_ALERTS_MAX];
    }
    count = half->outcome_count;
    report->outcome_count = count < STATUS_OUTCOMES_MAX ? count : STATUS_OUTCOMES_MAX;
    for (uint32_t i = 0; i < report->outcome_count; i++) {
        report->outcomes[i] = half->outcomes[(count - 1 - i) % STATUS_OUTCOMES_MAX];
    }
}

struct detect_standing detect_report(struct detect_half *half)
{
    struct walk walk = {.half = half, .report = status_report_create(), .now_ms = clock_wall().ms};
    const struct decide_viewer viewer = {
            show_incident, show_hold, show_pending, show_drill, show_order, &walk};
    int32_t end = offsets_partition_end(half->base.outlet.offsets);
    for (walk.partition = 0; walk.partition < end; walk.partition++) {
        const struct detect_partition *state = &half->partitions[walk.partition];
        if (state->line != NULL && state->is_open) {
            detect_line_show(state->line, &viewer);
        }
    }
    if (walk.report != NULL) { // else the one before stands
        walk.report->made_ms = walk.now_ms;
        copy_told(half, walk.report);
        board_report(half->base.board, &walk.report->base);
    }
    return walk.standing;
}
