// What the run put out beside verdicts: alerts, commands, the summary. And the scenario, which is
// one JSON text, however it is laid out.
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/score_read.h"
#include "bench/statistics.h"

// Reads the scope whose members are the values i (kind), i + 1 (id), i + 2 (tenant_id). SCORE_NONE
// where there is no kind.
static enum err take_scope(struct score_data *data, struct score_file *file, size_t i,
        const char *name, uint32_t *ret_scope)
{
    int kind;
    struct view id;
    struct view tenant;
    *ret_scope = SCORE_NONE;
    enum err e = score_take_word(file, i, name, scope_kind_names, SCOPE_KIND_COUNT, &kind);
    if (e != ERR_NONE || kind < 0) {
        return e;
    }
    e = score_take_text(file, i + 1, name, kind != SCOPE_TENANT, &id);
    if (e == ERR_NONE) {
        e = score_take_text(file, i + 2, name, false, &tenant);
    }
    if (e == ERR_NONE && kind == SCOPE_TENANT && view_is_none(tenant)) {
        tenant = id;
    }
    return e == ERR_NONE ? score_scope_of(data, (enum scope_kind)kind, tenant, id, ret_scope) : e;
}

// The number of one of the run's incidents, in order of appearance.
static enum err take_found(
        struct score_data *data, struct score_file *file, size_t i, uint32_t *ret_found)
{
    struct view id;
    *ret_found = SCORE_NONE;
    enum err e = score_take_text(file, i, "incident_id", false, &id);
    if (e != ERR_NONE || view_is_none(id)) {
        return e;
    }
    *ret_found = hashmap_find(data->found_ids, id);
    if (*ret_found == HASHMAP_ABSENT) {
        *ret_found = hashmap_count(data->found_ids);
        e = hashmap_put(data->found_ids, id, *ret_found);
    }
    return e;
}

// --- alerts -----------------------------------------------------------------------------------

enum {
    ALERT_INCIDENT,
    ALERT_TYPE,
    ALERT_TIER,
    ALERT_SCOPE, // three
    ALERT_AT = ALERT_SCOPE + 3,
    ALERT_LIKELY,
    ALERT_EVIDENCE_SCOPE, // three
    ALERT_INTERVAL = ALERT_EVIDENCE_SCOPE + 3,
    ALERT_BUDGET,
    ALERT_CHANGE_ID,
    ALERT_CHANGE_OFFSET,
    ALERT_NODE,
    ALERT_DRILL,
    ALERT_FIELDS
};
static const char *const alert_pointers[ALERT_FIELDS] = {"/incident_id", "/type", "/tier",
        "/scope/kind", "/scope/id", "/scope/tenant_id", "/occurred_at", "/cause/likely",
        "/evidence/scope/kind", "/evidence/scope/id", "/evidence/scope/tenant_id",
        "/evidence/interval", "/evidence/false_alarm_budget", "/evidence/change_point/message_id",
        "/evidence/change_point/offset", "/evidence/node", "/drill"};

static enum err take_evidence(
        struct score_data *data, struct score_file *file, struct score_alert *alert)
{
    struct view change;
    struct view node = VIEW_NONE;
    enum err e =
            take_scope(data, file, ALERT_EVIDENCE_SCOPE, "evidence.scope", &alert->evidence_scope);
    if (e == ERR_NONE) {
        e = score_take_number(file, ALERT_BUDGET, "evidence.false_alarm_budget", &alert->budget);
    }
    if (e == ERR_NONE) {
        e = score_take_text(file, ALERT_CHANGE_ID, "change_point.message_id", false, &change);
    }
    if (e == ERR_NONE) {
        e = score_take_integer(
                file, ALERT_CHANGE_OFFSET, "change_point.offset", -1, &alert->change_offset);
    }
    if (e == ERR_NONE) {
        e = score_take_text(file, ALERT_NODE, "evidence.node", false, &node);
    }
    if (e == ERR_NONE && !view_is_none(node)) {
        e = score_name(data, node, &alert->node);
    }
    if (e != ERR_NONE) {
        return e;
    }
    alert->change_label = view_is_none(change) ? SCORE_NONE : hashmap_find(data->label_ids, change);
    alert->interval[0] = NO_NUMBER;
    alert->interval[1] = NO_NUMBER;
    struct view rest = file->values[ALERT_INTERVAL].raw;
    struct json_value bound;
    for (size_t i = 0; i < 2 && file->values[ALERT_INTERVAL].kind == JSON_ARRAY &&
                       json_array_take(&rest, &bound);
            i++) {
        alert->interval[i] = json_double_read(&bound);
    }
    return ERR_NONE;
}

static enum err add_alert(struct score_data *data, struct score_file *file)
{
    if (file->values[ALERT_DRILL].kind == JSON_TRUE) {
        data->drill_records++;
        return ERR_NONE;
    }
    static const char *const types[] = {"incident.opened", "incident.escalated", "incident.updated",
            "incident.released", "incident.closed", "cache.suspect", "cache.recovered",
            "drill.completed", "control.outcome"};
    enum { LAST_RAISING = 1, LAST_OF_INCIDENT = 4 };
    struct score_alert alert = {.line = (uint32_t)file->line};
    int type;
    int tier;
    struct view likely;
    enum err e =
            score_take_word(file, ALERT_TYPE, "type", types, sizeof types / sizeof types[0], &type);
    if (e == ERR_NONE && type < 0) {
        e = score_file_fault(file, "type is missing");
    }
    if (e != ERR_NONE || type > LAST_OF_INCIDENT) {
        return e;
    }
    e = score_take_word(file, ALERT_TIER, "tier", tier_names, TIER_COUNT, &tier);
    if (e == ERR_NONE) {
        e = take_found(data, file, ALERT_INCIDENT, &alert.found);
    }
    if (e == ERR_NONE) {
        e = take_scope(data, file, ALERT_SCOPE, "scope", &alert.scope);
    }
    if (e == ERR_NONE && (alert.found == SCORE_NONE || alert.scope == SCORE_NONE)) {
        e = score_file_fault(file, "incident_id or scope is missing");
    }
    if (e == ERR_NONE) {
        e = score_take_time(file, ALERT_AT, "occurred_at", &alert.occurred_at_ms);
    }
    if (e == ERR_NONE) {
        e = score_take_text(file, ALERT_LIKELY, "cause.likely", false, &likely);
    }
    if (e == ERR_NONE) {
        e = score_name(data, view_is_none(likely) ? VIEW("unknown") : likely, &alert.likely);
    }
    if (e == ERR_NONE) {
        e = take_evidence(data, file, &alert);
    }
    struct score_alert *alerts = e != ERR_NONE ? NULL
                                               : score_grown(data->alerts, data->alert_count,
                                                         &data->alert_room, sizeof *alerts);
    if (alerts == NULL) {
        return e != ERR_NONE ? e : ERR_NO_MEMORY;
    }
    alert.tier = tier < 0 ? TIER_NONE : (enum tier)tier;
    alert.raises = type <= LAST_RAISING;
    data->alerts = alerts;
    data->alerts[data->alert_count++] = alert;
    return ERR_NONE;
}

enum err score_read_alerts(
        struct score_data *data, const struct score_source *source, struct strbuf *why)
{
    return score_file_each(source, alert_pointers, ALERT_FIELDS, add_alert, data, why);
}

// --- commands ---------------------------------------------------------------------------------

enum {
    COMMAND_ACTION,
    COMMAND_TARGET, // three
    COMMAND_TIER = COMMAND_TARGET + 3,
    COMMAND_INCIDENT,
    COMMAND_SEQUENCE,
    COMMAND_ISSUED,
    COMMAND_EXPIRES,
    COMMAND_MODE,
    COMMAND_DRILL,
    COMMAND_FIELDS
};
static const char *const command_pointers[COMMAND_FIELDS] = {"/action", "/target/kind",
        "/target/id", "/target/tenant_id", "/tier", "/incident_id", "/sequence", "/issued_at",
        "/expires_at", "/mode", "/drill"};

static enum err take_command(
        struct score_data *data, struct score_file *file, struct score_command *command)
{
    int tier;
    enum err e = score_take_word(file, COMMAND_TIER, "tier", tier_names, TIER_COUNT, &tier);
    if (e == ERR_NONE) {
        e = take_found(data, file, COMMAND_INCIDENT, &command->found);
    }
    if (e == ERR_NONE) {
        e = take_scope(data, file, COMMAND_TARGET, "target", &command->scope);
    }
    if (e == ERR_NONE && command->scope == SCORE_NONE) {
        e = score_file_fault(file, "target is missing");
    }
    if (e == ERR_NONE) {
        e = score_take_integer(file, COMMAND_SEQUENCE, "sequence", -1, &command->sequence);
    }
    if (e == ERR_NONE) {
        e = score_take_time(file, COMMAND_ISSUED, "issued_at", &command->issued_at_ms);
    }
    if (e == ERR_NONE) {
        e = score_take_time(file, COMMAND_EXPIRES, "expires_at", &command->expires_at_ms);
    }
    command->tier = e != ERR_NONE || tier < 0 ? TIER_NONE : (enum tier)tier;
    return e;
}

static enum err add_command(struct score_data *data, struct score_file *file)
{
    if (file->values[COMMAND_DRILL].kind == JSON_TRUE) {
        data->drill_records++;
        return ERR_NONE;
    }
    static const char *const actions[] = {"hold", "release"};
    static const char *const modes[] = {"monitor", "enforce"};
    int action;
    int mode;
    enum err e = score_take_word(file, COMMAND_ACTION, "action", actions, 2, &action);
    if (e == ERR_NONE && action < 0) {
        e = score_file_fault(file, "action is missing");
    }
    if (e == ERR_NONE) {
        e = score_take_word(file, COMMAND_MODE, "mode", modes, 2, &mode);
    }
    if (e != ERR_NONE) {
        return e;
    }
    bool is_hold = action == 0;
    const struct json_value *target = &file->values[COMMAND_TARGET];
    if (target->kind == JSON_STRING && json_string_equals(target, VIEW("message"))) {
        data->message_holds += is_hold;
        return ERR_NONE;
    }
    if (target->kind == JSON_STRING && json_string_equals(target, VIEW("recipient"))) {
        return ERR_NONE; // a person's word about single messages
    }
    struct score_command command = {.line = (uint32_t)file->line, .is_hold = is_hold};
    e = take_command(data, file, &command);
    struct score_command *commands = e != ERR_NONE
                                             ? NULL
                                             : score_grown(data->commands, data->command_count,
                                                       &data->command_room, sizeof *commands);
    if (commands == NULL) {
        return e != ERR_NONE ? e : ERR_NO_MEMORY;
    }
    data->monitor_holds += is_hold && mode == 0;
    data->commands = commands;
    data->commands[data->command_count++] = command;
    return ERR_NONE;
}

enum err score_read_commands(
        struct score_data *data, const struct score_source *source, struct strbuf *why)
{
    return score_file_each(source, command_pointers, COMMAND_FIELDS, add_command, data, why);
}

// --- the summary ------------------------------------------------------------------------------

enum { SUMMARY_FRAME, SUMMARY_LINES, SUMMARY_FIELDS };

static enum err add_summary(struct score_data *data, struct score_file *file)
{
    int64_t frame;
    enum err e = score_take_integer(file, SUMMARY_FRAME, "frame_messages", 0, &frame);
    data->frame_messages = frame > 0 && frame < UINT32_MAX ? (uint32_t)frame : 0;
    struct view lines = VIEW_NONE;
    if (e == ERR_NONE) {
        e = score_take_text(file, SUMMARY_LINES, "verdict_lines", false, &lines);
    }
    if (e == ERR_NONE && !view_is_none(lines) && !view_equal(lines, VIEW("all"))) {
        e = score_file_fault(
                file, "%s is not all: verdicts.ndjson lacks messages", "verdict_lines");
    }
    return e;
}

enum err score_read_summary(
        struct score_data *data, const struct score_source *source, struct strbuf *why)
{
    static const char *const pointers[SUMMARY_FIELDS] = {"/frame_messages", "/verdict_lines"};
    size_t before = why->n;
    enum err e = score_file_each(source, pointers, SUMMARY_FIELDS, add_summary, data, why);
    if (e == ERR_NO_INPUT) {
        strbuf_truncate(why, before);
        return ERR_NONE;
    }
    return e;
}
