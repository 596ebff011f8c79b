// Goes through the verdicts once, in the order in which they were given, and keeps what the page
// tells: counts of every scope, what went out before each hold and what met it, and the curves of
// the incidents. A detector's trace, where there is one, takes the place of the statistics that are
// driven again here.
#include <math.h>
#include <stdlib.h>

#include "bench/report_records.h"
#include "bench/report_redrive.h"

enum { SCRATCH_BYTES = 1 << 20 };

// A message may come that much later than others of its time.
static const int64_t disorder_ms = 120000;
static const double start_credit_max_nats = 7; // ln 1000 and a little

struct message {
    struct json_value values[JSON_POINTERS_MAX];
    enum verdict verdict;
    int64_t ms;
    int64_t offset;
    uint32_t scopes[SCOPE_KIND_COUNT]; // UINT32_MAX = none
};

struct follower {
    struct report *report;
    struct arena *scratch;  // of the message in hand
    struct redrive *drives; // by incident
    int64_t log_ms;         // the latest event time so far
    uint32_t next_hold;     // the first that may not be on yet
    uint32_t next_alert;    // the first that may not have been met yet
};

// --- the table of scopes ----------------------------------------------------------------------

static enum err watch_incidents(struct follower *follower)
{
    struct report *report = follower->report;
    for (uint32_t i = report->incident_count; i-- > 0;) {
        const struct report_alert *alert = report_decisive(report, &report->incidents[i]);
        const struct scope_name *name = &alert->evidence.scope;
        uint32_t scope;
        enum err e = report_scope_find(report, name->kind, name->tenant_id, name->id, &scope);
        if (e != ERR_NONE) {
            return e;
        }
        report->incidents[i].next_of_scope = UINT32_MAX;
        if (scope != UINT32_MAX) {
            follower->drives[i].level = redrive_level(alert->evidence.baseline);
            double credit = alert->evidence.start_credit;
            if (credit > 0 && credit <= start_credit_max_nats) {
                bank_give_credit(&follower->drives[i].bank, (int32_t)lround(credit * 1e6));
            }
            report->incidents[i].next_of_scope = report->scopes[scope].incident;
            report->scopes[scope].incident = i;
        }
    }
    return ERR_NONE;
}

static enum err watch_holds(struct report *report)
{
    for (uint32_t i = report->hold_count; i-- > 0;) {
        struct report_hold *hold = &report->holds[i];
        uint32_t scope;
        enum err e = report_scope_find(
                report, hold->scope.kind, hold->scope.tenant_id, hold->scope.id, &scope);
        if (e != ERR_NONE) {
            return e;
        }
        hold->next_of_scope = UINT32_MAX;
        if (scope != UINT32_MAX) {
            hold->next_of_scope = report->scopes[scope].hold;
            report->scopes[scope].hold = i;
        }
    }
    return ERR_NONE;
}

// --- one message ------------------------------------------------------------------------------

static bool read_message(struct report *report, struct view line, struct message *message)
{
    if (!report_scan(report, RECORD_VERDICT, line, message->values)) {
        return false;
    }
    unsigned verdict = 0;
    while (verdict < VERDICT_COUNT &&
            !json_string_equals(&message->values[V_VERDICT], view_of(verdict_names[verdict]))) {
        verdict++;
    }
    message->ms = report_json_time(&message->values[V_OCCURRED]);
    if (verdict == VERDICT_COUNT || message->ms < 0) {
        report->bad_lines++;
        return false;
    }
    message->verdict = (enum verdict)verdict;
    message->offset = report_json_count(&message->values[V_OFFSET]);
    return true;
}

static void count_reasons(struct report *report, const struct message *message)
{
    struct view rest = message->values[V_REASONS].raw;
    struct json_value element;
    while (message->values[V_REASONS].kind == JSON_ARRAY && json_array_take(&rest, &element)) {
        for (unsigned i = 0; i < REASON_TOLD_COUNT; i++) {
            if (view_is(element.raw, reason_names[i])) {
                report->reasons[i]++;
                if (i < REASON_COUNT && message->verdict == VERDICT_UNKNOWN) {
                    report->unknown_reasons[i]++;
                }
            }
        }
    }
}

// Good until the next message.
static struct view id_of(struct follower *follower, const struct json_value *value)
{
    return value->kind == JSON_STRING ? json_string_take(value, follower->scratch) : VIEW_NONE;
}

static enum err find_scopes(struct follower *follower, struct message *message)
{
    struct report *report = follower->report;
    static const enum verdict_value values[SCOPE_KIND_COUNT] = {
            [SCOPE_CAMPAIGN] = V_CAMPAIGN,
            [SCOPE_TEMPLATE] = V_TEMPLATE,
            [SCOPE_SENDER] = V_SENDER,
            [SCOPE_VENDOR] = V_VENDOR,
            [SCOPE_TENANT] = V_TENANT,
    };
    struct view tenant = id_of(follower, &message->values[V_TENANT]);
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        struct view id = id_of(follower, &message->values[values[kind]]);
        message->scopes[kind] = UINT32_MAX;
        if (view_is_none(id)) {
            continue;
        }
        enum err e = report_scope_find(
                report, (enum scope_kind)kind, tenant, id, &message->scopes[kind]);
        if (e != ERR_NONE) {
            return e;
        }
        if (message->scopes[kind] != UINT32_MAX) {
            struct report_scope *scope = &report->scopes[message->scopes[kind]];
            bool is_judged = message->verdict <= VERDICT_MISDIRECTED;
            scope->judged += is_judged;
            scope->misdirected += message->verdict == VERDICT_MISDIRECTED;
            scope->unknown += message->verdict == VERDICT_UNKNOWN;
        }
    }
    return ERR_NONE;
}

// The hold that is on one of its scopes, UINT32_MAX for none. Counts what meets it, and what
// came before.
static uint32_t meet_holds(struct follower *follower, const struct message *message)
{
    struct report *report = follower->report;
    uint32_t met = UINT32_MAX;
    bool is_bad = message->verdict == VERDICT_MISDIRECTED;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        uint32_t scope = message->scopes[kind];
        uint32_t i = scope == UINT32_MAX ? UINT32_MAX : report->scopes[scope].hold;
        for (; i != UINT32_MAX; i = report->holds[i].next_of_scope) {
            struct report_hold *hold = &report->holds[i];
            if (!hold->is_on) {
                hold->escaped += is_bad && hold->incident != UINT32_MAX &&
                                 report->incidents[hold->incident].has_begun;
            } else if (hold->ends_ms < 0 || follower->log_ms < hold->ends_ms) {
                hold->after_misdirected += is_bad && met == UINT32_MAX;
                hold->after_good += message->verdict == VERDICT_CLEAR && met == UINT32_MAX;
                met = met == UINT32_MAX ? i : met;
            }
        }
    }
    return met;
}

// --- curves -----------------------------------------------------------------------------------

static bool is_change_point(const struct report_alert *alert, const struct message *message)
{
    const struct report_evidence *evidence = &alert->evidence;
    bool is_named = !view_is_none(evidence->change_message_id) &&
                    json_string_equals(&message->values[V_MESSAGE], evidence->change_message_id);
    return evidence->has_change_point && (is_named || message->offset >= evidence->change_offset);
}

static void follow_incident(struct follower *follower, uint32_t i, const struct message *message,
        uint32_t label, bool is_held)
{
    struct report *report = follower->report;
    struct report_incident *incident = &report->incidents[i];
    bool is_bad = message->verdict == VERDICT_MISDIRECTED;
    if (!incident->has_begun && is_change_point(report_decisive(report, incident), message)) {
        incident->has_begun = true;
        series_begin(&incident->series);
    }
    bins_add(&incident->bins, message->ms, is_bad);
    if (is_held || incident->has_ended) {
        return;
    }
    incident->judged_before += incident->has_begun;
    incident->misdirected_before += incident->has_begun && is_bad;
    if (label != UINT32_MAX && incident->has_begun) {
        incident->labelled_before++;
        incident->planted = label;
    }
    if (!report->has_trace) {
        struct redrive *drive = &follower->drives[i];
        redrive_step(drive, is_bad, id_of(follower, &message->values[V_RECIPIENT]), message->ms);
        int64_t w[NODE_COUNT];
        for (unsigned j = 0; j < NODE_COUNT; j++) {
            w[j] = drive->bank.nodes[j].w_nat6;
        }
        series_add(&incident->series, w, 1, is_bad);
    }
}

// Compares the statistic that was driven again with what the alert says of it.
static void check_statistic(
        struct follower *follower, const struct report_alert *alert, uint32_t number)
{
    struct report *report = follower->report;
    const struct report_alert *decisive = report_decisive(report, &report->incidents[number]);
    unsigned node = node_of(alert->evidence.node);
    if (node == NODE_COUNT || alert->evidence.scope.kind != decisive->evidence.scope.kind ||
            !view_equal(alert->evidence.scope.id, decisive->evidence.scope.id)) {
        return;
    }
    int64_t ours = follower->drives[number].bank.nodes[node].w_nat6;
    double difference = (double)ours / 1e6 - alert->evidence.log_likelihood_ratio;
    bool is_same = difference < 2e-6 && difference > -2e-6;
    report->statistic_checks++;
    report->statistic_misses += !is_same;
    report->incidents[number].statistic_differs |= !is_same;
}

static void end_incident(struct report_incident *incident, int64_t ms)
{
    if (!incident->has_ended) {
        incident->has_ended = true;
        incident->decided_ms = ms;
        if (incident->series.has_begun) {
            incident->series.has_ended = true;
        }
    }
}

static void begin_holds(struct report *report, const struct report_alert *alert, uint32_t number)
{
    const struct report_incident *incident = &report->incidents[number];
    uint32_t left = incident->hold_count;
    for (uint32_t i = incident->first_hold; left > 0 && i < report->hold_count; i++) {
        struct report_hold *hold = &report->holds[i];
        if (hold->incident != number) {
            continue;
        }
        left--;
        bool is_same = hold->scope.kind == alert->scope.kind &&
                       view_equal(hold->scope.id, alert->scope.id) && hold->tier == alert->tier;
        hold->is_on = hold->is_on || is_same;
    }
}

// The alerts that this message caused: their curves end, their holds begin.
static void meet_alerts(struct follower *follower, const struct message *message, struct view id)
{
    struct report *report = follower->report;
    uint32_t a = view_is_none(id) ? UINT32_MAX : hashmap_find(report->sample_ids, id);
    for (; a != UINT32_MAX; a = report->alerts[a].next_of_sample) {
        struct report_alert *alert = &report->alerts[a];
        uint32_t number = hashmap_find(report->incident_ids, alert->incident_id);
        if (alert->was_met || number == HASHMAP_ABSENT) {
            continue;
        }
        struct report_incident *incident = &report->incidents[number];
        alert->was_met = true;
        alert->message_number = incident->has_begun ? incident->judged_before : 0;
        if (!report->has_trace && !incident->has_ended) {
            check_statistic(follower, alert, number);
        }
        if (a == incident->decisive) {
            end_incident(incident, message->ms);
        }
        if (alert->tier >= TIER_QUARANTINE) {
            begin_holds(report, alert, number);
        }
    }
}

// Alerts and holds whose message is not among the verdicts happened when log time went past them.
static void pass_time(struct follower *follower)
{
    struct report *report = follower->report;
    while (follower->next_hold < report->hold_count &&
            report->holds[follower->next_hold].issued_ms < follower->log_ms) {
        report->holds[follower->next_hold++].is_on = true;
    }
    while (follower->next_alert < report->alert_count) {
        uint32_t a = follower->next_alert;
        int64_t slack_ms = report->alerts[a].sample_count > 0 ? disorder_ms : 0;
        if (report->alerts[a].occurred_ms >= follower->log_ms - slack_ms) {
            break;
        }
        follower->next_alert++;
        uint32_t number = hashmap_find(report->incident_ids, report->alerts[a].incident_id);
        if (number != HASHMAP_ABSENT && report->incidents[number].decisive == a) {
            end_incident(&report->incidents[number], report->alerts[a].occurred_ms);
        }
    }
}

// --- the pass ---------------------------------------------------------------------------------

static void count_label(
        struct report *report, uint32_t label, const struct message *message, uint32_t hold)
{
    struct report_planted *planted = &report->planted[label];
    if (message->verdict != VERDICT_MISDIRECTED) {
        return;
    }
    if (planted->first_ms < 0) {
        planted->first_ms = message->ms;
    }
    planted->last_ms = message->ms;
    planted->met++;
    if (hold == UINT32_MAX) {
        planted->escaped++;
        return;
    }
    planted->caught++;
    if (planted->incident == UINT32_MAX) {
        planted->incident = report->holds[hold].incident;
    }
}

static void count_message(struct report *report, const struct message *message)
{
    report->messages++;
    report->verdicts[message->verdict]++;
    if (report->first_ms < 0 || message->ms < report->first_ms) {
        report->first_ms = message->ms;
    }
    report->last_ms = message->ms > report->last_ms ? message->ms : report->last_ms;
    bins_add(&report->bins, message->ms, message->verdict == VERDICT_MISDIRECTED);
    count_reasons(report, message);
    if (view_is_none(report->source)) {
        report->source = report_json_text(&message->values[V_TOPIC], report->arena);
    }
}

static enum err take_verdict(struct report *report, struct view line)
{
    struct follower *follower = report->follower;
    struct message message;
    arena_reset(follower->scratch);
    if (!read_message(report, line, &message)) {
        return ERR_NONE;
    }
    follower->log_ms = message.ms > follower->log_ms ? message.ms : follower->log_ms;
    pass_time(follower);
    count_message(report, &message);
    enum err e = find_scopes(follower, &message);
    if (e != ERR_NONE) {
        return e;
    }
    struct view id = id_of(follower, &message.values[V_MESSAGE]);
    uint32_t label = view_is_none(id) || message.verdict != VERDICT_MISDIRECTED
                             ? UINT32_MAX
                             : hashmap_find(report->labels, id);
    uint32_t hold = meet_holds(follower, &message);
    if (label != UINT32_MAX) {
        count_label(report, label, &message, hold);
    }
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT && message.verdict <= VERDICT_MISDIRECTED;
            kind++) {
        uint32_t scope = message.scopes[kind];
        uint32_t i = scope == UINT32_MAX ? UINT32_MAX : report->scopes[scope].incident;
        for (; i != UINT32_MAX; i = report->incidents[i].next_of_scope) {
            follow_incident(follower, i, &message, label, hold != UINT32_MAX);
        }
    }
    meet_alerts(follower, &message, id);
    return ERR_NONE;
}

enum err report_follow(struct report *report)
{
    struct follower follower = {.report = report};
    follower.drives = calloc(report->incident_count + 1u, sizeof *follower.drives);
    follower.scratch = arena_create(SCRATCH_BYTES);
    report->follower = &follower;
    enum err e = follower.drives != NULL && follower.scratch != NULL ? watch_incidents(&follower)
                                                                     : ERR_NO_MEMORY;
    if (e == ERR_NONE) {
        e = watch_holds(report);
    }
    if (e == ERR_NONE) {
        e = report_each_line(report, report->options->run, "verdicts.ndjson", true, take_verdict);
    }
    if (e == ERR_NONE) {
        follower.log_ms = INT64_MAX;
        pass_time(&follower);
    }
    report->follower = NULL;
    free(follower.drives);
    arena_destroy(follower.scratch);
    return e;
}
