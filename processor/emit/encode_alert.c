#include "emit/encode_alert.h"

#include "common/assure.h"
#include "common/digest.h"
#include "emit/cloud_event.h"

struct alert_words {
    const char *name;
    const char *event_type;
};

#define WORDS(name)                                                                                \
    {                                                                                              \
        name, "io.wrongnumber.alert." name ".v1"                                                   \
    }
static const struct alert_words alert_words[ALERT_KIND_COUNT] = {
        [ALERT_INCIDENT_OPENED] = WORDS("incident.opened"),
        [ALERT_INCIDENT_ESCALATED] = WORDS("incident.escalated"),
        [ALERT_INCIDENT_UPDATED] = WORDS("incident.updated"),
        [ALERT_INCIDENT_RELEASED] = WORDS("incident.released"),
        [ALERT_INCIDENT_CLOSED] = WORDS("incident.closed"),
        [ALERT_CACHE_SUSPECT] = WORDS("cache.suspect"),
        [ALERT_CACHE_RECOVERED] = WORDS("cache.recovered"),
        [ALERT_DRILL_COMPLETED] = WORDS("drill.completed"),
        [ALERT_CONTROL_OUTCOME] = WORDS("control.outcome"),
};
#undef WORDS

static void write_numbers(struct json_out *out, const struct ranked *ranked)
{
    json_array(out, "numbers");
    for (uint32_t i = 0; i < ranked->number_count; i++) {
        json_object(out, NULL);
        json_text(out, "feature", ranked->numbers[i].feature);
        json_int(out, "count", ranked->numbers[i].count);
        json_int(out, "of", ranked->numbers[i].of);
        json_object_end(out);
    }
    json_array_end(out);
}

static void write_cause(struct json_out *out, const struct alert_action *action)
{
    json_object(out, "cause");
    json_string(out, "likely", action->cause_count > 0 ? action->causes[0].name : VIEW("unknown"));
    json_array(out, "ranked");
    for (uint32_t i = 0; i < action->cause_count; i++) {
        json_object(out, NULL);
        json_string(out, "cause", action->causes[i].name);
        json_millionths(out, "share", action->causes[i].share_millionths);
        write_numbers(out, &action->causes[i]);
        json_object_end(out);
    }
    json_array_end(out);
    json_object_end(out);
}

static void write_reasons(struct json_out *out, const struct alert_action *action)
{
    json_object(out, "reasons");
    for (size_t reason = 0; reason < REASON_COUNT; reason++) {
        json_int(out, reason_names[reason], action->reasons[reason]);
    }
    json_object_end(out);
}

static void write_change_point(struct json_out *out, const struct message_position *position)
{
    if (view_is_none(position->topic)) {
        json_null(out, "change_point");
        return;
    }
    json_object(out, "change_point");
    encode_time(out, "occurred_at", position->occurred_at_ms);
    json_string(out, "topic", position->topic);
    json_int(out, "partition", position->partition);
    json_int(out, "offset", position->offset);
    json_string_or_null(out, "message_id", position->message_id);
    json_object_end(out);
}

static void write_evidence(struct json_out *out, const struct evidence *evidence)
{
    json_object(out, "evidence");
    if (!view_is_none(evidence->scope.id)) {
        encode_scope(out, "scope", scope_kind_names[evidence->scope.kind], &evidence->scope);
    }
    if (evidence->stream != NULL) {
        json_text(out, "stream", evidence->stream);
    }
    if (evidence->withheld != NULL) {
        json_text(out, "withheld", evidence->withheld);
    }
    json_int(out, "judged", evidence->judged);
    json_int(out, "misdirected", evidence->misdirected);
    json_int(out, "guarded", evidence->guarded);
    json_int(out, "distinct_recipients", evidence->distinct_recipients);
    json_bool(out, "distinct_is_lower_bound", evidence->distinct_is_lower_bound);
    json_millionths(out, "baseline", evidence->baseline_millionths);
    if (evidence->lowest_baseline_millionths > 0 &&
            evidence->lowest_baseline_millionths < evidence->baseline_millionths) {
        json_millionths(out, "lowest_baseline", evidence->lowest_baseline_millionths);
    }
    if (evidence->start_credit_nat6 != 0) {
        json_millionths(out, "start_credit", evidence->start_credit_nat6);
    }
    json_millionths(out, "estimated_rate", evidence->estimated_rate_millionths);
    json_array(out, "interval");
    json_millionths(out, NULL, evidence->interval_millionths[0]);
    json_millionths(out, NULL, evidence->interval_millionths[1]);
    json_array_end(out);
    json_millionths(out, "log_likelihood_ratio", evidence->log_likelihood_ratio_nat6);
    json_millionths(out, "threshold", evidence->threshold_nat6);
    json_int(out, "false_alarm_budget", evidence->false_alarm_budget);
    write_change_point(out, &evidence->change_point);
    json_string_or_null(out, "node", view_of(evidence->node));
    json_object_end(out);
}

static void write_impact(struct json_out *out, const struct impact *impact)
{
    json_object(out, "impact");
    json_int(out, "escaped", impact->escaped);
    json_int(out, "held", impact->held);
    json_int(out, "distinct_recipients", (int64_t)impact->distinct_recipients);
    if (impact->distinct_is_lower_bound) {
        json_bool(out, "distinct_is_lower_bound", true);
    }
    if (impact->cleared_late > 0) {
        json_int(out, "cleared_late", impact->cleared_late);
    }
    json_object_end(out);
}

static void write_release(struct json_out *out, const struct release_news *news)
{
    static const char *const states[RELEASE_STATE_COUNT] = {[RELEASE_PROPOSED] = "proposed",
            [RELEASE_WITHDRAWN] = "withdrawn",
            [RELEASE_CANARY] = "canary",
            [RELEASE_RELEASED] = "released",
            [RELEASE_HELD_AGAIN] = "held_again",
            [RELEASE_KEPT] = "kept"};
    json_object(out, "release");
    json_text(out, "state", states[news->state]);
    json_bool(out, "proposed", news->is_proposed);
    json_int(out, "clean_messages", news->clean);
    json_int(out, "misdirected", news->misdirected);
    json_int(out, "needed", news->needed);
    json_millionths(out, "bad_rate", news->bad_rate_millionths);
    if (news->canary_step > 0) {
        json_object(out, "canary");
        json_int(out, "step", news->canary_step);
        json_int(out, "limit", news->canary_limit);
        json_int(out, "judged", news->canary_judged);
        json_int(out, "misdirected", news->canary_misdirected);
        json_object_end(out);
    }
    if (news->state == RELEASE_RELEASED) {
        json_int(out, "probation", news->probation);
    }
    if (news->state == RELEASE_KEPT) {
        json_int(out, "ends", news->ends);
    }
    if (!view_is_none(news->operator_id)) {
        json_string(out, "operator", news->operator_id);
    }
    if (!view_is_none(news->control_id)) {
        json_string(out, "control_id", news->control_id);
    }
    json_object_end(out);
}

static void write_contributors(struct json_out *out, const struct alert_action *action)
{
    json_array(out, "contributors");
    for (uint32_t i = 0; i < action->contributor_count; i++) {
        const struct contributor *contributor = &action->contributors[i];
        json_object(out, NULL);
        encode_scope(out, "scope", scope_kind_names[contributor->scope.kind], &contributor->scope);
        json_int(out, "misdirected", contributor->misdirected);
        json_object_end(out);
    }
    json_array_end(out);
}

static void write_outcome(struct json_out *out, const struct alert_action *action)
{
    const struct control_outcome *outcome = &action->outcome;
    json_object(out, "control");
    json_string(out, "control_id", outcome->control_id);
    json_text(out, "action", outcome->action);
    json_string(out, "operator", outcome->operator_id);
    if (!view_is_none(outcome->confirmed_by)) {
        json_string(out, "confirmed_by", outcome->confirmed_by);
    }
    json_text(out, "state", outcome_state_names[outcome->state]);
    json_text(out, "why", outcome->why);
    if (outcome->has_scope) {
        encode_scope(out, "scope", scope_kind_names[action->scope.kind], &action->scope);
    }
    if (outcome->has_incident) {
        encode_id(out, "incident_id", &action->incident_id);
    }
    if (outcome->scope_count > 0) {
        json_int(out, "scopes", outcome->scope_count);
    }
    if (outcome->expires_at_ms > 0) {
        encode_time(out, "expires_at", outcome->expires_at_ms);
    }
    json_object_end(out);
}

static void write_time_or_null(struct json_out *out, const char *key, int64_t ms)
{
    if (ms > 0) {
        encode_time(out, key, ms);
    } else {
        json_null(out, key);
    }
}

// Since the drill's first message was sent, by the sender's clock; the rest is by the judge half's.
static void write_elapsed(
        struct json_out *out, const char *key, const struct drill_news *drill, int64_t until_ms)
{
    if (until_ms > 0 && drill->first_message_ms > 0) {
        int64_t elapsed_ms = until_ms - drill->first_message_ms;
        json_int(out, key, elapsed_ms > 0 ? elapsed_ms : 0);
    } else {
        json_null(out, key);
    }
}

static void write_drill(struct json_out *out, const struct alert_action *action)
{
    const struct drill_news *drill = &action->drill;
    json_object(out, "drill_result");
    json_string(out, "control_id", action->scope.id);
    json_string(out, "operator", drill->operator_id);
    json_text(out, "result", drill->is_detected ? "detected" : "missed");
    if (drill->is_detected) {
        json_int(out, "messages_until_hold", drill->judged + drill->unknown);
    } else {
        json_null(out, "messages_until_hold");
    }
    write_elapsed(out, "time_to_detect_ms", drill, drill->detected_ms);
    write_elapsed(out, "time_to_hold_ms", drill, drill->held_ms);
    json_int(out, "judged", drill->judged);
    json_int(out, "misdirected", drill->misdirected);
    json_int(out, "unknown", drill->unknown);
    encode_time(out, "opened_at", drill->opened_ms);
    write_time_or_null(out, "first_message_at", drill->first_message_ms);
    write_time_or_null(out, "first_judged_at", drill->first_judged_ms);
    write_time_or_null(out, "detected_at", drill->detected_ms);
    write_time_or_null(out, "held_at", drill->held_ms);
    json_object_end(out);
}

// Who has acknowledged an incident, or that nobody has.
static void write_answer(struct json_out *out, const struct alert_action *action)
{
    if (action->acknowledged_ms > 0) {
        json_object(out, "acknowledged");
        json_string(out, "operator", action->acknowledged_by);
        encode_time(out, "at", action->acknowledged_ms);
        json_object_end(out);
    }
    if (action->is_unacknowledged) {
        json_bool(out, "unacknowledged", true);
    }
    if (action->is_unconfirmed) {
        json_bool(out, "unconfirmed", true);
    }
}

static void write_alert(struct json_out *out, const struct alert_action *action)
{
    json_object(out, NULL);
    encode_id(out, "alert_id", &action->alert_id);
    encode_id(out, "incident_id", &action->incident_id);
    json_text(out, "type", alert_words[action->kind].name);
    json_text(out, "tier", tier_names[action->tier]);
    encode_scope(out, "scope", scope_kind_names[action->scope.kind], &action->scope);
    encode_time(out, "occurred_at", action->occurred_at_ms);
    write_cause(out, action);
    write_reasons(out, action);
    write_evidence(out, &action->evidence);
    bool is_outcome = action->kind == ALERT_CONTROL_OUTCOME;
    if (action->kind <= ALERT_INCIDENT_CLOSED || (is_outcome && action->outcome.has_incident)) {
        write_impact(out, &action->impact);
    }
    if (is_outcome) {
        write_outcome(out, action);
    }
    if (action->kind == ALERT_DRILL_COMPLETED) {
        write_drill(out, action);
    }
    write_answer(out, action);
    if (action->release.state != RELEASE_SILENT) {
        write_release(out, &action->release);
    }
    if (action->is_relapse) {
        encode_id(out, "relapse_of", &action->relapse_of);
    }
    write_contributors(out, action);
    json_array(out, "samples");
    for (uint32_t i = 0; i < action->sample_count; i++) {
        json_string(out, NULL, action->samples[i]);
    }
    json_array_end(out);
    json_string(out, "policy_version", action->policy_version);
    json_string(out, "detector_version", action->detector_version);
    if (action->assume_complete) {
        json_bool(out, "assume_complete", true);
    }
    if (tenant_is_drill(action->scope.tenant_id)) {
        json_bool(out, "drill", true);
    }
    json_object_end(out);
}

static void add_headers(struct encoding *enc, const struct alert_action *action, struct view source)
{
    size_t from = enc->text.n;
    hex_add(&enc->text, action->alert_id.bytes, DIGEST_ID_BYTES);
    struct cloud_event ce = {
            .type = alert_words[action->kind].event_type,
            .source = source,
            .id = encoding_text_from(enc, from),
            .has_data = true,
            .is_drill = tenant_is_drill(action->scope.tenant_id),
            .traceparent = action->traceparent,
            .tracestate = action->tracestate,
    };
    ce.time = encoding_time(enc, action->occurred_at_ms); // behind the id in enc->text
    cloud_event_add_headers(enc, &ce);
}

enum err encode_alert(struct encoding *enc, const struct alert_action *action, struct view source,
        struct record *ret_record)
{
    ASSURE(action->cause_count <= CAUSE_MAX && action->contributor_count <= CONTRIBUTOR_MAX &&
            action->sample_count <= SAMPLE_MAX);
    encoding_begin(enc);
    struct json_out out;
    json_begin(&out, &enc->value);
    write_alert(&out, action);
    hex_add(&enc->key, action->incident_id.bytes, DIGEST_ID_BYTES);
    if (!view_is_none(source)) {
        add_headers(enc, action, source);
    }
    return encoding_finish(enc, OUT_ALERTS, ret_record);
}
