// The detector's own statistics, written while it decided (`replay --trace`): a line a step of a
// scope, {"message_id", "last_message_id", "scope", "w": five numbers in micro-nats, "judged",
// "misdirected"}, with the ids of the first and the last misdirected message of the step.
#include "bench/report_records.h"

static void trace_incident(struct report_incident *incident, const struct report_alert *alert,
        const struct json_value *values)
{
    struct report_series *series = &incident->series;
    const struct report_evidence *evidence = &alert->evidence;
    const struct json_value *id = &values[R_MESSAGE];
    if (evidence->has_change_point && json_string_equals(id, evidence->change_message_id)) {
        series_begin(series);
    }
    int64_t w[NODE_COUNT];
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        w[j] = report_json_count(&values[R_W + j]);
    }
    series_add(series, w, (uint32_t)report_json_count(&values[R_JUDGED]),
            (uint32_t)report_json_count(&values[R_MISDIRECTED]));
    if (series->has_begun && alert->sample_count > 0 &&
            json_string_equals(&values[R_LAST_MESSAGE], alert->samples[0])) {
        series->has_ended = true;
    }
}

static enum err take_step(struct report *report, struct view line)
{
    struct json_value values[JSON_POINTERS_MAX];
    struct scope_name name;
    if (!report_scan(report, RECORD_TRACE, line, values)) {
        return ERR_NONE;
    }
    name.kind = report_scope_kind(&values[R_KIND]);
    if (name.kind == SCOPE_KIND_COUNT || values[R_ID].kind != JSON_STRING) {
        report->bad_lines++;
        return ERR_NONE;
    }
    arena_reset(report->scratch);
    name.id = json_string_take(&values[R_ID], report->scratch);
    name.tenant_id = values[R_TENANT].kind == JSON_STRING
                             ? json_string_take(&values[R_TENANT], report->scratch)
                             : VIEW_NONE;
    uint32_t scope;
    enum err e = report_scope_find(report, name.kind, name.tenant_id, name.id, &scope);
    if (e != ERR_NONE || scope == UINT32_MAX) {
        return e;
    }
    uint32_t i = report->scopes[scope].incident;
    for (; i != UINT32_MAX; i = report->incidents[i].next_of_scope) {
        trace_incident(
                &report->incidents[i], report_decisive(report, &report->incidents[i]), values);
    }
    return ERR_NONE;
}

enum err report_trace(struct report *report)
{
    for (uint32_t i = 0; i < report->incident_count; i++) {
        report->incidents[i].series = (struct report_series){0}; // where the verdicts began it
    }
    return report_each_line(report, NULL, report->options->trace, true, take_step);
}
