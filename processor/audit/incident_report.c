#include "audit/incident_report.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/json_scan.h"

enum { ARENA_BYTES = 512 * 1024 * 1024, SLACK_MS = 10 * 60 * 1000 };

const char *const report_clock_names[CLOCK_COUNT] = {
        "first_seen", "first_alert", "first_hold", "acknowledged", "released", "closed"};

enum field {
    ALERT_TIER,
    ALERT_SCOPE,
    ALERT_CAUSE,
    ALERT_REASONS,
    ALERT_EVIDENCE,
    ALERT_IMPACT,
    ALERT_POLICY,
    ALERT_DETECTOR,
    COMMAND_ACTION,
    COMMAND_ISSUED,
    COMMAND_TARGET,
    OUTCOME_ACTION,
    OUTCOME_STATE,
    FIELD_COUNT,
};
static const char *const pointers[FIELD_COUNT] = {
        [ALERT_TIER] = "/tier",
        [ALERT_SCOPE] = "/scope",
        [ALERT_CAUSE] = "/cause",
        [ALERT_REASONS] = "/reasons",
        [ALERT_EVIDENCE] = "/evidence",
        [ALERT_IMPACT] = "/impact",
        [ALERT_POLICY] = "/policy_version",
        [ALERT_DETECTOR] = "/detector_version",
        [COMMAND_ACTION] = "/action",
        [COMMAND_ISSUED] = "/issued_at",
        [COMMAND_TARGET] = "/target",
        [OUTCOME_ACTION] = "/control/action",
        [OUTCOME_STATE] = "/control/state",
};

static bool is_ours(void *self, struct view incident_id)
{
    const struct incident_report *report = self;
    return view_equal(incident_id, report->incident_id);
}

enum err incident_report_create(struct incident_report **ret_report, struct view incident_id)
{
    struct incident_report *report = calloc(1, sizeof *report);
    if (report == NULL) {
        return ERR_NO_MEMORY;
    }
    report->incident_id = incident_id;
    report->arena = arena_create(ARENA_BYTES);
    report->entries = calloc(REPORT_ENTRIES_MAX, sizeof *report->entries);
    for (size_t i = 0; i < CLOCK_COUNT; i++) {
        report->clocks_ms[i] = REPORT_NONE;
    }
    bool is_whole = report->arena != NULL && report->entries != NULL;
    enum err e = is_whole ? json_pointers_create(&report->fields, pointers, FIELD_COUNT, NULL)
                          : ERR_NO_MEMORY;
    e = e != ERR_NONE ? e : incident_about_create(&report->about, is_ours, report);
    e = e != ERR_NONE ? e : report_reached_prepare(report);
    if (e != ERR_NONE) {
        incident_report_destroy(report);
        return e;
    }
    *ret_report = report;
    return ERR_NONE;
}

void incident_report_destroy(struct incident_report *report)
{
    if (report == NULL) {
        return;
    }
    if (report->fields != NULL) {
        json_pointers_destroy(report->fields);
    }
    report_reached_finish(report);
    incident_about_destroy(report->about);
    audit_outcomes_fini(&report->outcomes);
    free(report->entries);
    arena_destroy(report->arena);
    free(report);
}

// --- what the log tells ------------------------------------------------------------------------

static void note_clock(
        struct incident_report *report, enum report_clock clock, int64_t ms, bool is_first)
{
    int64_t *kept = &report->clocks_ms[clock];
    if (*kept == REPORT_NONE || (is_first ? ms < *kept : ms > *kept)) {
        *kept = ms;
    }
}

static void note_version(struct view *versions, uint32_t *count, const struct json_value *value)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (view_equal(versions[i], value->raw)) {
            return;
        }
    }
    if (value->kind == JSON_STRING && *count < REPORT_VERSIONS_MAX) {
        versions[(*count)++] = value->raw;
    }
}

// The number of a member of an object that was scanned; 0 where there is none.
static int64_t member(struct view object, const char *name)
{
    struct json_value key;
    struct json_value value;
    int64_t number;
    while (json_object_take(&object, &key, &value)) {
        if (view_is(key.raw, name) && value.kind == JSON_NUMBER &&
                json_integer_read(value.raw, &number) == JSON_INTEGER) {
            return number;
        }
    }
    return 0;
}

// Whether such an object has that member, and it is true.
static bool is_true(struct view object, const char *name)
{
    struct json_value key;
    struct json_value value;
    while (json_object_take(&object, &key, &value)) {
        if (view_is(key.raw, name)) {
            return value.kind == JSON_TRUE;
        }
    }
    return false;
}

// When the first message was sent that the evidence counts.
static void note_change_point(struct incident_report *report, struct view evidence)
{
    struct json_value key;
    struct json_value value;
    int64_t ms;
    while (json_object_take(&evidence, &key, &value)) {
        if (view_is(key.raw, "change_point") && value.kind == JSON_OBJECT) {
            evidence = value.raw;
        } else if (view_is(key.raw, "occurred_at") && value.kind == JSON_STRING &&
                   clock_parse_rfc3339(value.raw, &ms) == CLOCK_OK) {
            note_clock(report, CLOCK_FIRST_SEEN, ms, true);
        }
    }
}

static void keep(struct view *kept, const struct json_value *value)
{
    if (value->kind != JSON_ABSENT && value->kind != JSON_NULL) {
        *kept = value->raw;
    }
}

static void take_alert(struct incident_report *report, const struct report_entry *entry,
        const struct json_value *values)
{
    note_clock(report, CLOCK_FIRST_ALERT, entry->at_ms, true);
    if (view_is(entry->type, "incident.closed")) {
        note_clock(report, CLOCK_CLOSED, entry->at_ms, false);
    }
    keep(&report->scope, &values[ALERT_SCOPE]);
    keep(&report->tier, &values[ALERT_TIER]);
    keep(&report->cause, &values[ALERT_CAUSE]);
    keep(&report->reasons, &values[ALERT_REASONS]);
    keep(&report->evidence, &values[ALERT_EVIDENCE]);
    if (values[ALERT_EVIDENCE].kind == JSON_OBJECT) {
        note_change_point(report, values[ALERT_EVIDENCE].raw);
    }
    if (values[ALERT_IMPACT].kind == JSON_OBJECT) {
        report->impact = values[ALERT_IMPACT].raw;
        report->escaped = member(report->impact, "escaped");
        report->held = member(report->impact, "held");
        int64_t people = member(report->impact, "distinct_recipients");
        int64_t messages = report->escaped + report->held;
        report->distinct = people < messages ? people : messages; // older logs have a sketch's more
        report->distinct_is_lower_bound = is_true(report->impact, "distinct_is_lower_bound");
    }
    note_version(report->policy_versions, &report->policy_version_count, &values[ALERT_POLICY]);
    note_version(
            report->detector_versions, &report->detector_version_count, &values[ALERT_DETECTOR]);
}

static void take_command(struct incident_report *report, const struct json_value *values)
{
    int64_t ms;
    if (values[COMMAND_ISSUED].kind != JSON_STRING ||
            clock_parse_rfc3339(values[COMMAND_ISSUED].raw, &ms) != CLOCK_OK) {
        return;
    }
    if (json_string_equals(&values[COMMAND_ACTION], VIEW("hold"))) {
        note_clock(report, CLOCK_FIRST_HOLD, ms, true);
    } else {
        note_clock(report, CLOCK_RELEASED, ms, false);
    }
}

static enum err take_record(struct incident_report *report, const struct report_entry *entry)
{
    struct json_value values[FIELD_COUNT];
    if (view_is_none(entry->record) || entry->outcome == AUDIT_OUTCOME_ABORTED ||
            json_scan(report->fields, entry->record, values, NULL) != JSON_FINE) {
        return ERR_NONE;
    }
    if (entry->kind == AUDIT_ALERT) {
        take_alert(report, entry, values);
    } else if (entry->kind == AUDIT_COMMAND) {
        take_command(report, values);
    } else if (entry->kind == AUDIT_CONTROL &&
               json_string_equals(&values[OUTCOME_ACTION], VIEW("acknowledge")) &&
               json_string_equals(&values[OUTCOME_STATE], VIEW("applied"))) {
        note_clock(report, CLOCK_ACKNOWLEDGED, entry->at_ms, true);
    }
    const struct json_value *scope =
            &values[entry->kind == AUDIT_ALERT ? ALERT_SCOPE : COMMAND_TARGET];
    bool names_scope = entry->kind == AUDIT_ALERT || entry->kind == AUDIT_COMMAND;
    return names_scope && scope->kind == JSON_OBJECT ? report_reached_scope(report, scope->raw)
                                                     : ERR_NONE;
}

enum err incident_report_note(struct incident_report *report, const struct audit_line *line)
{
    enum err e = audit_outcomes_take(&report->outcomes, line);
    return e != ERR_NONE ? e : incident_about_note(report->about, line);
}

static bool is_entry(struct incident_report *report, const struct audit_line *line)
{
    if (line->kind != AUDIT_MESSAGE_COMMAND || !view_is_none(line->incident_id)) {
        return view_equal(line->incident_id, report->incident_id);
    }
    enum about_answer answer = incident_about_has(report->about, line);
    report->message_unsure += answer == ABOUT_MAYBE;
    report->message_holds += answer == ABOUT_YES && view_is(line->type, "hold");
    report->message_releases += answer == ABOUT_YES && view_is(line->type, "release");
    return answer == ABOUT_YES;
}

enum err incident_report_take(
        struct incident_report *report, const char *file, const struct audit_line *line)
{
    if (line->kind == AUDIT_MESSAGE_COMMAND) {
        enum err e = incident_report_command(report, line->record);
        report->message_commands_gone += view_is_none(line->record);
        if (e != ERR_NONE) {
            return e;
        }
    }
    if (!is_entry(report, line)) {
        return ERR_NONE;
    }
    if (report->entry_count == REPORT_ENTRIES_MAX) {
        report->left_out++;
        return ERR_NONE;
    }
    struct report_entry entry = {
            .file = arena_copy(report->arena, view_of(file)),
            .seq = line->seq,
            .at_ms = line->at_ms,
            .kind = line->kind,
            .type = arena_copy(report->arena, line->type),
            .id = arena_copy(report->arena, line->id),
            .record = VIEW_NONE,
            .outcome = audit_outcomes_find(&report->outcomes, line->seq),
    };
    memcpy(entry.mac, line->mac, sizeof entry.mac);
    bool is_copied = !view_is_none(entry.file) && !view_is_none(entry.type);
    if (!view_is_none(line->record)) {
        entry.record = arena_copy(report->arena, line->record);
        is_copied = is_copied && !view_is_none(entry.record);
    }
    if (!is_copied) {
        return ERR_NO_MEMORY;
    }
    report->entries[report->entry_count++] = entry;
    return take_record(report, &entry);
}

// Clocks differ, and what was judged is told a little later than it was sent.
int64_t incident_report_since(const struct incident_report *report)
{
    const int64_t seen = report->clocks_ms[CLOCK_FIRST_SEEN];
    const int64_t told = report->clocks_ms[CLOCK_FIRST_ALERT];
    const int64_t first = seen != REPORT_NONE && seen < told ? seen : told;
    return first > SLACK_MS ? first - SLACK_MS : 0;
}
