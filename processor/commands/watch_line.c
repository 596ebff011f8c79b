#include "commands/watch_line.h"

#include <stdlib.h>

#include "commands/shown.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/json_scan.h"

enum { ARENA_BYTES = 4 * 1024 * 1024 };

enum alert_field {
    ALERT_TIME,
    ALERT_TYPE,
    ALERT_TIER,
    ALERT_KIND,
    ALERT_ID,
    ALERT_TENANT,
    ALERT_MISDIRECTED,
    ALERT_JUDGED,
    ALERT_CAUSE,
    ALERT_INCIDENT,
    ALERT_CONTROL,
    ALERT_ACTION,
    ALERT_OPERATOR,
    ALERT_STATE,
    ALERT_WHY,
    ALERT_UNTIL, // of an outcome
    ALERT_UNACKNOWLEDGED,
    ALERT_UNCONFIRMED,
    ALERT_WITHHELD,
    ALERT_RELAPSE,
    ALERT_RELEASE,
    ALERT_STEP,
    ALERT_LIMIT,
    ALERT_STEP_JUDGED,
    ALERT_STEP_WRONG,
    ALERT_CLEAN,
    ALERT_PROBATION,
    ALERT_RELEASED_BY,
    ALERT_DRILL,
    ALERT_DRILL_RESULT,
    ALERT_DRILL_MESSAGES,
    ALERT_DRILL_DETECT,
    ALERT_DRILL_HOLD,
    ALERT_FIELD_COUNT,
};

static const char *const alert_pointers[ALERT_FIELD_COUNT] = {
        [ALERT_TIME] = "/occurred_at",
        [ALERT_TYPE] = "/type",
        [ALERT_TIER] = "/tier",
        [ALERT_KIND] = "/scope/kind",
        [ALERT_ID] = "/scope/id",
        [ALERT_TENANT] = "/scope/tenant_id",
        [ALERT_MISDIRECTED] = "/evidence/misdirected",
        [ALERT_JUDGED] = "/evidence/judged",
        [ALERT_CAUSE] = "/cause/likely",
        [ALERT_INCIDENT] = "/incident_id",
        [ALERT_CONTROL] = "/control/control_id",
        [ALERT_ACTION] = "/control/action",
        [ALERT_OPERATOR] = "/control/operator",
        [ALERT_STATE] = "/control/state",
        [ALERT_WHY] = "/control/why",
        [ALERT_UNTIL] = "/control/expires_at",
        [ALERT_UNACKNOWLEDGED] = "/unacknowledged",
        [ALERT_UNCONFIRMED] = "/unconfirmed",
        [ALERT_WITHHELD] = "/evidence/withheld",
        [ALERT_RELAPSE] = "/relapse_of",
        [ALERT_RELEASE] = "/release/state",
        [ALERT_STEP] = "/release/canary/step",
        [ALERT_LIMIT] = "/release/canary/limit",
        [ALERT_STEP_JUDGED] = "/release/canary/judged",
        [ALERT_STEP_WRONG] = "/release/canary/misdirected",
        [ALERT_CLEAN] = "/release/clean_messages",
        [ALERT_PROBATION] = "/release/probation",
        [ALERT_RELEASED_BY] = "/release/operator",
        [ALERT_DRILL] = "/drill",
        [ALERT_DRILL_RESULT] = "/drill_result/result",
        [ALERT_DRILL_MESSAGES] = "/drill_result/messages_until_hold",
        [ALERT_DRILL_DETECT] = "/drill_result/time_to_detect_ms",
        [ALERT_DRILL_HOLD] = "/drill_result/time_to_hold_ms",
};

enum command_field {
    COMMAND_TIME,
    COMMAND_ACTION,
    COMMAND_TIER,
    COMMAND_TARGET_KIND,
    COMMAND_ID,
    COMMAND_TENANT,
    COMMAND_REASON,
    COMMAND_MODE,
    COMMAND_EXPIRES,
    COMMAND_OPERATOR,
    COMMAND_STEP,
    COMMAND_LIMIT,
    COMMAND_DRILL,
    COMMAND_FIELD_COUNT,
};

static const char *const command_pointers[COMMAND_FIELD_COUNT] = {
        [COMMAND_TIME] = "/issued_at",
        [COMMAND_ACTION] = "/action",
        [COMMAND_TIER] = "/tier",
        [COMMAND_TARGET_KIND] = "/target/kind",
        [COMMAND_ID] = "/target/id",
        [COMMAND_TENANT] = "/target/tenant_id",
        [COMMAND_REASON] = "/reason",
        [COMMAND_MODE] = "/mode",
        [COMMAND_EXPIRES] = "/expires_at",
        [COMMAND_OPERATOR] = "/operator",
        [COMMAND_STEP] = "/canary/step",
        [COMMAND_LIMIT] = "/canary/limit",
        [COMMAND_DRILL] = "/drill",
};

struct watch_lines {
    struct json_pointers *alert;
    struct json_pointers *command;
    struct arena *arena; // reset for each line
    const struct zone *zone;
};

enum err watch_lines_create(struct watch_lines **ret_lines, const struct zone *zone)
{
    struct watch_lines *lines = calloc(1, sizeof *lines);
    if (lines == NULL) {
        return ERR_NO_MEMORY;
    }
    lines->zone = zone;
    enum err err = json_pointers_create(&lines->alert, alert_pointers, ALERT_FIELD_COUNT, NULL);
    if (err == ERR_NONE) {
        err = json_pointers_create(&lines->command, command_pointers, COMMAND_FIELD_COUNT, NULL);
    }
    lines->arena = arena_create(ARENA_BYTES);
    if (err == ERR_NONE && lines->arena == NULL) {
        err = ERR_NO_MEMORY;
    }
    if (err != ERR_NONE) {
        watch_lines_destroy(lines);
        return err;
    }
    *ret_lines = lines;
    return ERR_NONE;
}

void watch_lines_destroy(struct watch_lines *lines)
{
    if (lines == NULL) {
        return;
    }
    if (lines->alert != NULL) {
        json_pointers_destroy(lines->alert);
    }
    if (lines->command != NULL) {
        json_pointers_destroy(lines->command);
    }
    if (lines->arena != NULL) {
        arena_destroy(lines->arena);
    }
    free(lines);
}

// --- writing -----------------------------------------------------------------------------------

static void add_not_readable(struct strbuf *sb, const char *what, struct view json)
{
    strbuf_printf(sb, "%s that cannot be read: ", what);
    shown_add(sb, json);
    strbuf_add_byte(sb, '\n');
}

static void add_value(struct watch_lines *lines, const struct json_value *value, struct strbuf *sb)
{
    shown_add_value(sb, value, 0, lines->arena);
}

static bool is_said(const struct json_value *value)
{
    return value->kind == JSON_STRING || value->kind == JSON_NUMBER;
}

// `before` and the value, where there is one.
static void add_part(struct watch_lines *lines, const char *before, const struct json_value *value,
        struct strbuf *sb)
{
    if (is_said(value)) {
        strbuf_add_text(sb, before);
        add_value(lines, value, sb);
    }
}

static void add_time(struct watch_lines *lines, const struct json_value *value, struct strbuf *sb)
{
    int64_t ms;
    if (value->kind == JSON_STRING &&
            clock_parse_rfc3339(json_string_take(value, lines->arena), &ms) == CLOCK_OK) {
        shown_add_time(sb, ms, lines->zone);
        strbuf_add_byte(sb, ' ');
    } else {
        add_value(lines, value, sb);
    }
}

static void add_until(struct watch_lines *lines, const struct json_value *value, struct strbuf *sb)
{
    if (is_said(value)) {
        strbuf_add_text(sb, "| until ");
        add_time(lines, value, sb);
    }
}

static void end_line(struct strbuf *sb)
{
    strbuf_truncate(sb, sb->n > 0 ? sb->n - 1 : 0); // the last word's blank
    strbuf_add_byte(sb, '\n');
}

// --- alerts -----------------------------------------------------------------------------------

// What has become of a person's command.
static void add_outcome(
        struct watch_lines *lines, const struct json_value *values, struct strbuf *sb)
{
    strbuf_add_text(sb, "| ");
    add_value(lines, &values[ALERT_ACTION], sb);
    strbuf_add_text(sb, "by ");
    add_value(lines, &values[ALERT_OPERATOR], sb);
    strbuf_add_text(sb, "| ");
    add_value(lines, &values[ALERT_WHY], sb);
    add_until(lines, &values[ALERT_UNTIL], sb);
    strbuf_add_text(sb, "| control ");
    add_value(lines, &values[ALERT_CONTROL], sb);
}

// "canary 1 of 3: 20 may be sent, 5 judged, 0 wrong"
static void add_canary(
        struct watch_lines *lines, const struct json_value *values, struct strbuf *sb)
{
    add_part(lines, "| canary ", &values[ALERT_STEP], sb);
    add_part(lines, "of 3: ", &values[ALERT_LIMIT], sb);
    add_part(lines, "may be sent, ", &values[ALERT_STEP_JUDGED], sb);
    add_part(lines, "judged, ", &values[ALERT_STEP_WRONG], sb);
    strbuf_add_text(sb, "wrong ");
}

// Where a hold goes towards its end, or comes back.
static void add_release(
        struct watch_lines *lines, const struct json_value *values, struct strbuf *sb)
{
    const struct json_value *state = &values[ALERT_RELEASE];
    if (json_string_equals(state, VIEW("canary"))) {
        add_canary(lines, values, sb);
    } else if (json_string_equals(state, VIEW("proposed"))) {
        add_part(lines, "| may be released: healthy while held, ", &values[ALERT_CLEAN], sb);
        strbuf_add_text(sb, "clean ");
    } else if (json_string_equals(state, VIEW("withdrawn"))) {
        strbuf_add_text(sb, "| not healthy after all: better not released ");
    } else if (json_string_equals(state, VIEW("held_again"))) {
        strbuf_add_text(sb, "| HELD AGAIN ");
        add_canary(lines, values, sb);
    } else if (json_string_equals(state, VIEW("kept"))) {
        strbuf_add_text(sb, "| stays held until a person releases it ");
    } else {
        add_part(lines, "| ", state, sb);
        add_part(lines, "by ", &values[ALERT_RELEASED_BY], sb);
        add_part(lines, "| probation ", &values[ALERT_PROBATION], sb);
    }
}

static void add_drill_result(
        struct watch_lines *lines, const struct json_value *values, struct strbuf *sb)
{
    add_part(lines, "| ", &values[ALERT_DRILL_RESULT], sb);
    add_part(lines, "after ", &values[ALERT_DRILL_DETECT], sb);
    strbuf_add_text(sb, is_said(&values[ALERT_DRILL_DETECT]) ? "ms " : "");
    add_part(lines, "| held after ", &values[ALERT_DRILL_HOLD], sb);
    add_part(lines, "ms and ", &values[ALERT_DRILL_MESSAGES], sb);
    strbuf_add_text(sb, is_said(&values[ALERT_DRILL_MESSAGES]) ? "messages " : "");
}

static void add_incident(
        struct watch_lines *lines, const struct json_value *values, struct strbuf *sb)
{
    if (is_said(&values[ALERT_RELEASE])) {
        add_release(lines, values, sb);
    } else {
        strbuf_add_text(sb, "| ");
        add_value(lines, &values[ALERT_MISDIRECTED], sb);
        strbuf_add_text(sb, "of ");
        add_value(lines, &values[ALERT_JUDGED], sb);
        strbuf_add_text(sb, "misdirected | cause ");
        add_value(lines, &values[ALERT_CAUSE], sb);
    }
    if (values[ALERT_UNACKNOWLEDGED].kind == JSON_TRUE) {
        strbuf_add_text(sb, "| NOBODY HAS ACKNOWLEDGED IT ");
    }
    if (values[ALERT_UNCONFIRMED].kind == JSON_TRUE) {
        strbuf_add_text(sb, "| its hold goes on ");
    }
    add_part(lines, "| not held for now: ", &values[ALERT_WITHHELD], sb);
    strbuf_add_text(sb, "| incident ");
    add_value(lines, &values[ALERT_INCIDENT], sb);
    add_part(lines, "| again after ", &values[ALERT_RELAPSE], sb);
}

void watch_lines_add_alert(struct watch_lines *lines, struct view json, struct strbuf *sb)
{
    struct json_value values[ALERT_FIELD_COUNT];
    arena_reset(lines->arena);
    if (json_scan(lines->alert, json, values, NULL) != JSON_FINE) {
        add_not_readable(sb, "an alert", json);
        return;
    }
    bool is_outcome = json_string_equals(&values[ALERT_TYPE], VIEW("control.outcome"));
    add_time(lines, &values[ALERT_TIME], sb);
    shown_add_value(sb, &values[ALERT_TYPE], 18, lines->arena);
    shown_add_value(sb, &values[is_outcome ? ALERT_STATE : ALERT_TIER], 10, lines->arena);
    shown_add_scope(
            sb, &values[ALERT_KIND], &values[ALERT_ID], &values[ALERT_TENANT], lines->arena);
    strbuf_add_text(sb, values[ALERT_DRILL].kind == JSON_TRUE ? "| DRILL " : "");
    if (is_outcome) {
        add_outcome(lines, values, sb);
    } else if (json_string_equals(&values[ALERT_TYPE], VIEW("drill.completed"))) {
        add_drill_result(lines, values, sb);
    } else {
        add_incident(lines, values, sb);
    }
    end_line(sb);
}

// --- commands ---------------------------------------------------------------------------------

bool watch_lines_is_of_message(struct watch_lines *lines, struct view json)
{
    struct json_value values[COMMAND_FIELD_COUNT];
    return json_scan(lines->command, json, values, NULL) == JSON_FINE &&
           json_string_equals(&values[COMMAND_TARGET_KIND], VIEW("message"));
}

void watch_lines_add_command(struct watch_lines *lines, struct view json, struct strbuf *sb)
{
    struct json_value values[COMMAND_FIELD_COUNT];
    arena_reset(lines->arena);
    if (json_scan(lines->command, json, values, NULL) != JSON_FINE) {
        add_not_readable(sb, "a command", json);
        return;
    }
    add_time(lines, &values[COMMAND_TIME], sb);
    shown_add_value(sb, &values[COMMAND_ACTION], 18, lines->arena);
    shown_add_value(sb, &values[COMMAND_TIER], 10, lines->arena);
    shown_add_scope(sb, &values[COMMAND_TARGET_KIND], &values[COMMAND_ID], &values[COMMAND_TENANT],
            lines->arena);
    strbuf_add_text(sb, values[COMMAND_DRILL].kind == JSON_TRUE ? "| DRILL " : "");
    add_part(lines, "| canary ", &values[COMMAND_STEP], sb);
    add_part(lines, "of 3: ", &values[COMMAND_LIMIT], sb);
    strbuf_add_text(sb, is_said(&values[COMMAND_LIMIT]) ? "may be sent " : "");
    strbuf_add_text(sb, "| ");
    add_value(lines, &values[COMMAND_REASON], sb);
    add_part(lines, "| by ", &values[COMMAND_OPERATOR], sb);
    if (!json_string_equals(&values[COMMAND_ACTION], VIEW("release"))) {
        add_until(lines, &values[COMMAND_EXPIRES], sb);
    }
    if (json_string_equals(&values[COMMAND_MODE], VIEW("monitor"))) {
        strbuf_add_text(sb, "| monitor only ");
    }
    end_line(sb);
}

void watch_lines_add_messages(
        struct watch_lines *lines, uint64_t count, int64_t now_ms, struct strbuf *sb)
{
    shown_add_time(sb, now_ms, lines->zone);
    strbuf_printf(sb, " %-18s %-10s %llu single %s since the last line like this (--messages)\n",
            "messages", "-", (unsigned long long)count,
            count == 1 ? "message was held or released" : "messages were held or released");
}
