// The detect half's report for the status page: open incidents, holds, the last alerts.
#include "ops/status.h"

#include "common/digest.h"
#include "decide/decide.h"
#include "run/detect_half_inside.h"
#include "run/told_log.h"

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
    struct status_report *report = self;
    if (report->incident_count++ >= STATUS_INCIDENTS_MAX) {
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
            .escaped = shown->impact.escaped,
            .held = shown->impact.held,
            .scope_count = shown->scope_count,
            .held_count = shown->held_count,
            .told_ms = shown->told_ms,
            .withheld = evidence != NULL ? evidence->withheld : NULL,
    };
    write_id(row->id, shown->id);
    status_copy(row->cause, sizeof row->cause, shown->cause);
}

static void show_hold(void *self, const struct shown_hold *shown)
{
    struct status_report *report = self;
    if (report->hold_count++ < STATUS_HOLDS_MAX) {
        report->holds[report->hold_count - 1] = (struct status_hold){
                scope_of(shown->scope), shown->until_ms, shown->is_commanded, shown->is_monitor};
    }
}

void detect_see_alert(void *self, const struct alert_action *alert)
{
    struct detect_half *half = self;
    half->alerts[half->alert_count++ % STATUS_ALERTS_MAX] = (struct status_alert){
            .type = alert_kind_names[alert->kind],
            .tier = tier_names[alert->tier],
            .scope = scope_of(&alert->scope),
            .at_ms = clock_wall().ms,
    };
    told_log_alert(alert);
}

void detect_see_command(void *self, const struct command_action *command)
{
    (void)self;
    told_log_command(command);
}

void detect_report(struct detect_half *half)
{
    struct status_report *report = status_report_create();
    if (report == NULL) {
        return; // the one before stands
    }
    report->made_ms = clock_wall().ms;
    const struct decide_viewer viewer = {show_incident, show_hold, report};
    for (int32_t i = 0; i < offsets_partition_end(half->base.outlet.offsets); i++) {
        if (half->partitions[i].line != NULL && half->partitions[i].is_open) {
            detect_line_show(half->partitions[i].line, &viewer);
        }
    }
    uint32_t count = half->alert_count;
    report->alert_count = count < STATUS_ALERTS_MAX ? count : STATUS_ALERTS_MAX;
    for (uint32_t i = 0; i < report->alert_count; i++) {
        report->alerts[i] = half->alerts[(count - 1 - i) % STATUS_ALERTS_MAX];
    }
    board_report(half->base.board, &report->base);
}
