#include "bench/report_records.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/json_pointers.h"

enum { VALUES_MAX = JSON_POINTERS_MAX };

// --- what is looked for ----------------------------------------------------------------------

// clang-format off
enum { S_POLICY, S_LINES };
static const char *const summary_pointers[] = {"/policy_version", "/verdict_lines"};

enum {
    C_ACTION, C_KIND, C_ID, C_TENANT, C_TIER, C_REASON, C_INCIDENT, C_ISSUED, C_EXPIRES, C_MODE,
};
static const char *const command_pointers[] = {
    "/action", "/target/kind", "/target/id", "/target/tenant_id", "/tier", "/reason",
    "/incident_id", "/issued_at", "/expires_at", "/mode",
};

enum { D_HEADERS };
static const char *const dead_letter_pointers[] = {"/headers"};

enum { L_MESSAGE, L_INCIDENT, L_CAUSE };
static const char *const label_pointers[] = {"/message_id", "/incident", "/cause"};

enum { O_SEED, O_ARGUMENTS, O_INCIDENTS };
static const char *const scenario_pointers[] = {"/seed", "/arguments", "/incidents"};

enum { P_ID, P_KIND, P_CAUSE, P_LAG, P_MESSAGES, P_MISDIRECTED, P_RATE, P_SHAPE };
static const char *const planted_pointers[] = {
    "/id", "/kind", "/cause", "/healthy_lag", "/messages", "/misdirected",
    "/rate", "/shape",
};

static const char *const verdict_pointers[] = {
    "/message_id", "/occurred_at", "/tenant_id", "/verdict", "/reasons", "/recipient_pseudonym",
    "/campaign_id", "/template_id", "/sender_id", "/vendor_id", "/source/offset", "/source/topic",
};

static const char *const trace_pointers[] = {
    "/scope/kind", "/scope/id", "/scope/tenant_id", "/w/0", "/w/1", "/w/2", "/w/3", "/w/4",
    "/misdirected", "/message_id", "/judged", "/last_message_id",
};

static const struct report_pointers lists[RECORD_COUNT] = {
    [RECORD_SUMMARY] = REPORT_POINTERS(summary_pointers),
    [RECORD_COMMAND] = REPORT_POINTERS(command_pointers),
    [RECORD_DEAD_LETTER] = REPORT_POINTERS(dead_letter_pointers),
    [RECORD_LABEL] = REPORT_POINTERS(label_pointers),
    [RECORD_SCENARIO] = REPORT_POINTERS(scenario_pointers),
    [RECORD_PLANTED] = REPORT_POINTERS(planted_pointers),
    [RECORD_VERDICT] = REPORT_POINTERS(verdict_pointers),
    [RECORD_TRACE] = REPORT_POINTERS(trace_pointers),
};
// clang-format on

enum err report_pointers_create(struct report *report)
{
    for (unsigned i = 0; i < RECORD_COUNT; i++) {
        const struct report_pointers *list = &lists[i];
        if (list->texts == NULL) {
            list = report_alert_pointers((enum report_record)i);
        }
        enum err e = json_pointers_create(&report->pointers[i], list->texts, list->count, NULL);
        if (e != ERR_NONE) {
            return e;
        }
    }
    return ERR_NONE;
}

bool report_scan(struct report *report, enum report_record record, struct view line,
        struct json_value *ret_values)
{
    bool is_fine =
            json_scan(report->pointers[record], json_skip_bom(line), ret_values, NULL) == JSON_FINE;
    report->bad_lines += !is_fine;
    return is_fine;
}

enum err report_grow(void **array, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity) {
        return ERR_NONE;
    }
    uint32_t more = *capacity == 0 ? 16 : *capacity * 2;
    void *grown = realloc(*array, more * size);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    memset((char *)grown + *capacity * size, 0, (more - *capacity) * size);
    *array = grown;
    *capacity = more;
    return ERR_NONE;
}

// --- words -----------------------------------------------------------------------------------

enum scope_kind report_scope_kind(const struct json_value *word)
{
    unsigned kind = 0;
    while (kind < SCOPE_KIND_COUNT &&
            !(word->kind == JSON_STRING && view_is(word->raw, scope_kind_names[kind]))) {
        kind++;
    }
    return (enum scope_kind)kind;
}

enum tier report_tier(const struct json_value *word)
{
    unsigned tier = 0;
    while (tier < TIER_COUNT &&
            !(word->kind == JSON_STRING && view_is(word->raw, tier_names[tier]))) {
        tier++;
    }
    return (enum tier)tier;
}

bool report_scope_take(
        struct report *report, const struct json_value *values, struct scope_name *ret_scope)
{
    *ret_scope = (struct scope_name){report_scope_kind(&values[0]),
            report_json_text(&values[1], report->arena),
            report_json_text(&values[2], report->arena), VIEW_NONE};
    return ret_scope->kind < SCOPE_KIND_COUNT && !view_is_none(ret_scope->id);
}

// --- commands ---------------------------------------------------------------------------------

static struct report_hold *find_hold(struct report *report, const struct scope_name *scope)
{
    for (uint32_t i = report->hold_count; i-- > 0;) {
        struct report_hold *hold = &report->holds[i];
        if (hold->scope.kind == scope->kind && view_equal(hold->scope.id, scope->id) &&
                view_equal(hold->scope.tenant_id, scope->tenant_id)) {
            return hold;
        }
    }
    return NULL;
}

static enum err add_hold(struct report *report, const struct report_hold *hold)
{
    if (report->hold_count == REPORT_HOLDS_MAX) {
        report->left_out++;
        return ERR_NONE;
    }
    void *holds = report->holds;
    enum err e =
            report_grow(&holds, report->hold_count, &report->hold_capacity, sizeof *report->holds);
    report->holds = holds;
    if (e != ERR_NONE) {
        return e;
    }
    report->holds[report->hold_count] = *hold;
    if (hold->incident != UINT32_MAX) {
        struct report_incident *incident = &report->incidents[hold->incident];
        if (incident->hold_count++ == 0) {
            incident->first_hold = report->hold_count;
        }
    }
    report->hold_count++;
    return ERR_NONE;
}

enum err report_take_command(struct report *report, struct view line)
{
    struct json_value values[VALUES_MAX];
    if (!report_scan(report, RECORD_COMMAND, line, values)) {
        return ERR_NONE;
    }
    bool is_hold = json_string_equals(&values[C_ACTION], VIEW("hold"));
    if (json_string_equals(&values[C_KIND], VIEW("message"))) {
        report->message_holds += is_hold;
        return ERR_NONE;
    }
    if (json_string_equals(&values[C_KIND], VIEW("recipient"))) {
        return ERR_NONE; // a person's word about single messages
    }
    struct report_hold hold = {
            .incident_id = report_json_text(&values[C_INCIDENT], report->arena),
            .tier = report_tier(&values[C_TIER]),
            .is_enforced = json_string_equals(&values[C_MODE], VIEW("enforce")),
            .reason = report_json_text(&values[C_REASON], report->arena),
            .issued_ms = report_json_time(&values[C_ISSUED]),
            .ends_ms = report_json_time(&values[C_EXPIRES]),
            .incident = UINT32_MAX,
    };
    if (hold.issued_ms < 0 || !report_scope_take(report, &values[C_KIND], &hold.scope)) {
        report->bad_lines++;
        return ERR_NONE;
    }
    if (!is_hold) {
        struct report_hold *held = find_hold(report, &hold.scope);
        if (held != NULL) {
            held->was_released = true;
            held->ends_ms = hold.issued_ms;
        }
        return ERR_NONE;
    }
    if (!view_is_none(hold.incident_id)) {
        hold.incident = hashmap_find(report->incident_ids, hold.incident_id);
    }
    return add_hold(report, &hold);
}

// --- dead letters -----------------------------------------------------------------------------

// The value behind a name in the flat array of headers.
static struct view header_value(struct report *report, struct view rest, const char *name)
{
    struct json_value key;
    struct json_value value;
    while (json_array_take(&rest, &key) && json_array_take(&rest, &value)) {
        if (json_string_equals(&key, view_of(name))) {
            return report_json_text(&value, report->arena);
        }
    }
    return VIEW_NONE;
}

enum err report_take_dead_letter(struct report *report, struct view line)
{
    struct json_value values[VALUES_MAX];
    if (!report_scan(report, RECORD_DEAD_LETTER, line, values)) {
        return ERR_NONE;
    }
    report->dead_letters++;
    struct view reason = header_value(report, values[D_HEADERS].raw, "wn.reason");
    if (view_is_none(reason)) {
        reason = VIEW("unknown");
    }
    uint32_t i = 0;
    while (i < report->dead_count && !view_equal(report->dead[i].reason, reason)) {
        i++;
    }
    if (i == REPORT_DEAD_REASONS_MAX) {
        return ERR_NONE;
    }
    if (i == report->dead_count) {
        report->dead[report->dead_count++] = (struct report_dead){reason,
                header_value(report, values[D_HEADERS].raw, "__connect.errors.exception.message"),
                0};
    }
    report->dead[i].count++;
    return ERR_NONE;
}

// --- the truth about made-up traffic ----------------------------------------------------------

static enum err find_planted(struct report *report, struct view id, uint32_t *ret_planted)
{
    for (uint32_t i = 0; i < report->planted_count; i++) {
        if (view_equal(report->planted[i].id, id)) {
            *ret_planted = i;
            return ERR_NONE;
        }
    }
    *ret_planted = UINT32_MAX;
    if (report->planted_count == REPORT_PLANTED_MAX) {
        report->left_out++;
        return ERR_NONE;
    }
    void *planted = report->planted;
    enum err e = report_grow(
            &planted, report->planted_count, &report->planted_capacity, sizeof *report->planted);
    report->planted = planted;
    if (e == ERR_NONE) {
        *ret_planted = report->planted_count;
        report->planted[report->planted_count++] = (struct report_planted){
                .id = id, .incident = UINT32_MAX, .first_ms = -1, .theory = -1, .oracle = -1};
    }
    return e;
}

enum err report_take_label(struct report *report, struct view line)
{
    struct json_value values[VALUES_MAX];
    if (!report_scan(report, RECORD_LABEL, line, values)) {
        return ERR_NONE;
    }
    report->label_lines++;
    if (values[L_INCIDENT].kind != JSON_STRING) {
        return ERR_NONE;
    }
    struct view message = report_json_text(&values[L_MESSAGE], report->arena);
    uint32_t planted;
    enum err e =
            find_planted(report, report_json_text(&values[L_INCIDENT], report->arena), &planted);
    if (e != ERR_NONE || planted == UINT32_MAX || view_is_none(message)) {
        return e;
    }
    if (view_is_none(report->planted[planted].cause)) {
        report->planted[planted].cause = report_json_text(&values[L_CAUSE], report->arena);
    }
    if (hashmap_find(report->labels, message) != HASHMAP_ABSENT) {
        return ERR_NONE;
    }
    if (hashmap_count(report->labels) == REPORT_LABELS_MAX) {
        report->left_out++;
        return ERR_NONE;
    }
    return hashmap_put(report->labels, message, planted);
}

enum err report_take_scenario(struct report *report, struct view text)
{
    struct json_value values[VALUES_MAX];
    if (!report_scan(report, RECORD_SCENARIO, text, values)) {
        return ERR_NONE;
    }
    report->scenario = arena_copy(report->arena, values[O_ARGUMENTS].raw);
    report->seed = arena_copy(report->arena, values[O_SEED].raw);
    struct view rest = values[O_INCIDENTS].raw;
    struct json_value element;
    while (values[O_INCIDENTS].kind == JSON_ARRAY && json_array_take(&rest, &element)) {
        struct json_value of[VALUES_MAX];
        if (element.kind != JSON_OBJECT || !report_scan(report, RECORD_PLANTED, element.raw, of) ||
                of[P_ID].kind != JSON_STRING) {
            continue;
        }
        uint32_t i;
        enum err e = find_planted(report, report_json_text(&of[P_ID], report->arena), &i);
        if (e != ERR_NONE) {
            return e;
        }
        if (i != UINT32_MAX) {
            struct report_planted *planted = &report->planted[i];
            planted->kind = report_json_text(&of[P_KIND], report->arena);
            planted->cause = report_json_text(&of[P_CAUSE], report->arena);
            planted->is_healthy_lag = of[P_LAG].kind == JSON_TRUE;
            planted->is_step = of[P_SHAPE].kind != JSON_STRING ||
                               json_string_equals(&of[P_SHAPE], VIEW("step"));
            planted->rate = report_json_number(&of[P_RATE]);
            planted->messages = report_json_count(&of[P_MESSAGES]);
            planted->misdirected = report_json_count(&of[P_MISDIRECTED]);
        }
    }
    return ERR_NONE;
}

enum err report_take_summary(struct report *report, struct view text)
{
    struct json_value values[VALUES_MAX];
    if (report_scan(report, RECORD_SUMMARY, text, values)) {
        report->policy_version = report_json_text(&values[S_POLICY], report->arena);
        if (values[S_LINES].kind == JSON_STRING &&
                !json_string_equals(&values[S_LINES], VIEW("all"))) {
            fputs("wrongnumber-bench report: verdicts.ndjson lacks messages: replay without "
                  "--verdicts\n",
                    stderr);
            return ERR_DATA;
        }
    }
    return ERR_NONE;
}
