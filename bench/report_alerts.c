#include "bench/report_records.h"

enum { VALUES_MAX = JSON_POINTERS_MAX };

// clang-format off
enum {
    A_ALERT_ID, A_INCIDENT_ID, A_TYPE, A_TIER, A_KIND, A_ID, A_TENANT, A_OCCURRED, A_RANKED, A_E_KIND, A_E_ID, A_E_TENANT, A_JUDGED, A_MISDIRECTED, A_GUARDED, A_DISTINCT, A_LOWER_BOUND,
    A_BASELINE, A_RATE, A_LO, A_HI, A_RATIO, A_THRESHOLD, A_BUDGET, A_CHANGE_AT, A_CHANGE_OFFSET,
    A_CHANGE_ID, A_NODE, A_CONTRIBUTORS, A_SAMPLES, A_POLICY, A_DETECTOR, A_REASONS, A_CREDIT, A_LOWEST, A_ESCAPED, A_HELD, A_CHANNEL, A_E_CHANNEL,
};
static const char *const alert_pointers[] = {
    "/alert_id", "/incident_id", "/type", "/tier", "/scope/kind", "/scope/id", "/scope/tenant_id",
    "/occurred_at", "/cause/ranked", "/evidence/scope/kind", "/evidence/scope/id",
    "/evidence/scope/tenant_id", "/evidence/judged", "/evidence/misdirected", "/evidence/guarded",
    "/evidence/distinct_recipients", "/evidence/distinct_is_lower_bound", "/evidence/baseline",
    "/evidence/estimated_rate", "/evidence/interval/0", "/evidence/interval/1",
    "/evidence/log_likelihood_ratio", "/evidence/threshold", "/evidence/false_alarm_budget",
    "/evidence/change_point/occurred_at", "/evidence/change_point/offset",
    "/evidence/change_point/message_id", "/evidence/node", "/contributors", "/samples",
    "/policy_version", "/detector_version", "/reasons", "/evidence/start_credit",
    "/evidence/lowest_baseline", "/impact/escaped", "/impact/held", "/scope/channel",
    "/evidence/scope/channel",
};

static const char *const cause_pointers[] = {"/cause", "/share", "/numbers"};

enum { T_KIND, T_ID, T_TENANT, T_MISDIRECTED };
static const char *const number_pointers[] = {"/feature", "/count", "/of"};
static const char *const contributor_pointers[] = {
    "/scope/kind", "/scope/id", "/scope/tenant_id", "/misdirected",
};

// clang-format on

const struct report_pointers *report_alert_pointers(enum report_record record)
{
    static const struct report_pointers alert = REPORT_POINTERS(alert_pointers);
    static const struct report_pointers cause = REPORT_POINTERS(cause_pointers);
    static const struct report_pointers number = REPORT_POINTERS(number_pointers);
    static const struct report_pointers contributor = REPORT_POINTERS(contributor_pointers);
    switch ((unsigned)record) {
    case RECORD_ALERT:
        return &alert;
    case RECORD_CAUSE:
        return &cause;
    case RECORD_NUMBER:
        return &number;
    default:
        return &contributor;
    }
}

static void take_numbers(struct report *report, struct report_cause *cause, struct view rest)
{
    struct json_value element;
    struct json_value values[VALUES_MAX];
    while (cause->number_count < REPORT_NUMBERS_MAX && json_array_take(&rest, &element)) {
        if (element.kind == JSON_OBJECT &&
                report_scan(report, RECORD_NUMBER, element.raw, values)) {
            cause->numbers[cause->number_count++] =
                    (struct report_number){report_json_text(&values[0], report->arena),
                            report_json_count(&values[1]), report_json_count(&values[2])};
        }
    }
}

static void take_causes(struct report *report, struct report_alert *alert, struct view rest)
{
    struct json_value element;
    struct json_value values[VALUES_MAX];
    while (alert->cause_count < CAUSE_MAX && json_array_take(&rest, &element)) {
        if (element.kind != JSON_OBJECT ||
                !report_scan(report, RECORD_CAUSE, element.raw, values)) {
            continue;
        }
        struct report_cause *cause = &alert->causes[alert->cause_count++];
        cause->name = report_json_text(&values[0], report->arena);
        cause->share = report_json_number(&values[1]);
        if (values[2].kind == JSON_ARRAY) {
            take_numbers(report, cause, values[2].raw);
        }
    }
}

static void take_contributors(struct report *report, struct report_alert *alert, struct view rest)
{
    struct json_value element;
    struct json_value values[VALUES_MAX];
    while (alert->contributor_count < CONTRIBUTOR_MAX && json_array_take(&rest, &element)) {
        struct report_contributor *row = &alert->contributors[alert->contributor_count];
        if (element.kind == JSON_OBJECT &&
                report_scan(report, RECORD_CONTRIBUTOR, element.raw, values) &&
                report_scope_take(report, &values[T_KIND], &row->scope)) {
            row->misdirected = report_json_count(&values[T_MISDIRECTED]);
            alert->contributor_count++;
        }
    }
}

static void take_reasons(int64_t reasons[REASON_COUNT], struct view rest)
{
    struct json_value name;
    struct json_value value;
    while (json_object_take(&rest, &name, &value)) {
        for (unsigned i = 0; i < REASON_COUNT; i++) {
            if (json_string_equals(&name, view_of(reason_names[i]))) {
                reasons[i] = report_json_count(&value);
            }
        }
    }
}

static void take_evidence(
        struct report *report, struct report_alert *alert, const struct json_value *values)
{
    struct report_evidence *evidence = &alert->evidence;
    *evidence = (struct report_evidence){
            .judged = report_json_count(&values[A_JUDGED]),
            .misdirected = report_json_count(&values[A_MISDIRECTED]),
            .guarded = report_json_count(&values[A_GUARDED]),
            .distinct_recipients = report_json_count(&values[A_DISTINCT]),
            .distinct_is_lower_bound = values[A_LOWER_BOUND].kind == JSON_TRUE,
            .baseline = report_json_number(&values[A_BASELINE]),
            .estimated_rate = report_json_number(&values[A_RATE]),
            .interval = {report_json_number(&values[A_LO]), report_json_number(&values[A_HI])},
            .log_likelihood_ratio = report_json_number(&values[A_RATIO]),
            .threshold = report_json_number(&values[A_THRESHOLD]),
            .start_credit = report_json_number(&values[A_CREDIT]),
            .lowest_baseline = report_json_number(&values[A_LOWEST]),
            .false_alarm_budget = report_json_count(&values[A_BUDGET]),
            .node = report_json_text(&values[A_NODE], report->arena),
            .change_ms = report_json_time(&values[A_CHANGE_AT]),
            .change_offset = report_json_count(&values[A_CHANGE_OFFSET]),
            .change_message_id = report_json_text(&values[A_CHANGE_ID], report->arena),
    };
    evidence->has_change_point = evidence->change_ms >= 0;
    if (!report_scope_take(report, &values[A_E_KIND], &evidence->scope)) {
        evidence->scope = alert->scope;
    } else {
        evidence->scope.channel = report_json_text(&values[A_E_CHANNEL], report->arena);
    }
}

static enum err remember_sample(struct report *report, uint32_t alert)
{
    struct report_alert *row = &report->alerts[alert];
    row->next_of_sample = UINT32_MAX;
    if (row->sample_count == 0) {
        return ERR_NONE;
    }
    uint32_t first = hashmap_find(report->sample_ids, row->samples[0]);
    if (first == HASHMAP_ABSENT) {
        return hashmap_put(report->sample_ids, row->samples[0], alert);
    }
    row->next_of_sample = report->alerts[first].next_of_sample;
    report->alerts[first].next_of_sample = alert;
    return ERR_NONE;
}

static enum err start_incident(struct report *report, uint32_t alert)
{
    const struct report_alert *row = &report->alerts[alert];
    void *incidents = report->incidents;
    enum err e = report_grow(&incidents, report->incident_count, &report->incident_capacity,
            sizeof *report->incidents);
    report->incidents = incidents;
    if (e == ERR_NONE) {
        e = hashmap_put(report->incident_ids, row->incident_id, report->incident_count);
    }
    if (e != ERR_NONE) {
        return e;
    }
    report->incidents[report->incident_count++] = (struct report_incident){
            .id = row->incident_id,
            .first_alert = alert,
            .last_alert = alert,
            .decisive = alert,
            .tier = row->tier,
            .opened_ms = row->occurred_ms,
            .closed_ms = -1,
            .decided_ms = -1,
            .first_hold = UINT32_MAX,
            .planted = UINT32_MAX,
    };
    return ERR_NONE;
}

static enum err add_to_incident(struct report *report, uint32_t alert)
{
    const struct report_alert *row = &report->alerts[alert];
    uint32_t number = hashmap_find(report->incident_ids, row->incident_id);
    if (number == HASHMAP_ABSENT) {
        if (report->incident_count == REPORT_INCIDENTS_MAX) {
            report->left_out++;
            return ERR_NONE;
        }
        return start_incident(report, alert);
    }
    struct report_incident *incident = &report->incidents[number];
    report->alerts[incident->last_alert].next_of_incident = alert;
    incident->last_alert = alert;
    if (row->tier > incident->tier) {
        incident->tier = row->tier;
        incident->decisive = alert;
    }
    if (view_is(row->type, "incident.closed")) {
        incident->closed_ms = row->occurred_ms;
    }
    return ERR_NONE;
}

static void take_samples(struct report *report, struct report_alert *alert, struct view rest)
{
    struct json_value element;
    while (alert->sample_count < SAMPLE_MAX && json_array_take(&rest, &element)) {
        struct view id = report_json_text(&element, report->arena);
        if (!view_is_none(id)) {
            alert->samples[alert->sample_count++] = id;
        }
    }
}

enum err report_take_alert(struct report *report, struct view line)
{
    struct json_value values[VALUES_MAX];
    if (!report_scan(report, RECORD_ALERT, line, values)) {
        return ERR_NONE;
    }
    struct report_alert alert = {
            .alert_id = report_json_text(&values[A_ALERT_ID], report->arena),
            .incident_id = report_json_text(&values[A_INCIDENT_ID], report->arena),
            .type = report_json_text(&values[A_TYPE], report->arena),
            .tier = report_tier(&values[A_TIER]),
            .occurred_ms = report_json_time(&values[A_OCCURRED]),
            .policy_version = report_json_text(&values[A_POLICY], report->arena),
            .detector_version = report_json_text(&values[A_DETECTOR], report->arena),
            .escaped = values[A_ESCAPED].kind == JSON_NUMBER ? report_json_count(&values[A_ESCAPED])
                                                             : -1,
            .held = report_json_count(&values[A_HELD]),
            .next_of_incident = UINT32_MAX,
    };
    if (view_is_none(alert.incident_id) || view_is_none(alert.type) || alert.tier == TIER_COUNT ||
            alert.occurred_ms < 0 || !report_scope_take(report, &values[A_KIND], &alert.scope)) {
        report->bad_lines++;
        return ERR_NONE;
    }
    if (report->alert_count == REPORT_ALERTS_MAX) {
        report->left_out++;
        return ERR_NONE;
    }
    alert.scope.channel = report_json_text(&values[A_CHANNEL], report->arena);
    take_evidence(report, &alert, values);
    take_causes(report, &alert, values[A_RANKED].raw);
    if (values[A_REASONS].kind == JSON_OBJECT) {
        take_reasons(alert.reasons, values[A_REASONS].raw);
    }
    take_contributors(report, &alert, values[A_CONTRIBUTORS].raw);
    take_samples(report, &alert, values[A_SAMPLES].raw);
    void *alerts = report->alerts;
    enum err e = report_grow(
            &alerts, report->alert_count, &report->alert_capacity, sizeof *report->alerts);
    report->alerts = alerts;
    if (e != ERR_NONE) {
        return e;
    }
    report->alerts[report->alert_count] = alert;
    report->alerts_by_tier[alert.tier]++;
    report->detector_version = alert.detector_version;
    e = remember_sample(report, report->alert_count);
    if (e == ERR_NONE && view_starts_with(alert.type, VIEW("incident."))) {
        e = add_to_incident(report, report->alert_count);
    }
    report->alert_count++;
    return e;
}
