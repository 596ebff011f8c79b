#include "commands/watch_line.h"

#include <stdlib.h>

#include "commands/shown.h"
#include "common/arena.h"
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
};

struct watch_lines {
    struct json_pointers *alert;
    struct json_pointers *command;
    struct arena *arena; // reset for each line
};

enum err watch_lines_create(struct watch_lines **ret_lines)
{
    struct watch_lines *lines = calloc(1, sizeof *lines);
    if (lines == NULL) {
        return ERR_NO_MEMORY;
    }
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

// What has become of a person's command.
static void add_outcome(
        struct watch_lines *lines, const struct json_value *values, struct strbuf *sb)
{
    shown_add_value(sb, &values[ALERT_STATE], 10, lines->arena);
    shown_add_scope(
            sb, &values[ALERT_KIND], &values[ALERT_ID], &values[ALERT_TENANT], lines->arena);
    strbuf_add_text(sb, "| ");
    shown_add_value(sb, &values[ALERT_ACTION], 0, lines->arena);
    strbuf_add_text(sb, "by ");
    shown_add_value(sb, &values[ALERT_OPERATOR], 0, lines->arena);
    strbuf_add_text(sb, "| ");
    shown_add_value(sb, &values[ALERT_WHY], 0, lines->arena);
    strbuf_add_text(sb, "| control ");
    shown_add_value(sb, &values[ALERT_CONTROL], 0, lines->arena);
    strbuf_truncate(sb, sb->n > 0 ? sb->n - 1 : 0);
    strbuf_add_byte(sb, '\n');
}

void watch_lines_add_alert(struct watch_lines *lines, struct view json, struct strbuf *sb)
{
    struct json_value values[ALERT_FIELD_COUNT];
    arena_reset(lines->arena);
    if (json_scan(lines->alert, json, values, NULL) != JSON_FINE) {
        add_not_readable(sb, "an alert", json);
        return;
    }
    shown_add_value(sb, &values[ALERT_TIME], 24, lines->arena);
    shown_add_value(sb, &values[ALERT_TYPE], 18, lines->arena);
    if (json_string_equals(&values[ALERT_TYPE], VIEW("control.outcome"))) {
        add_outcome(lines, values, sb);
        return;
    }
    shown_add_value(sb, &values[ALERT_TIER], 10, lines->arena);
    shown_add_scope(
            sb, &values[ALERT_KIND], &values[ALERT_ID], &values[ALERT_TENANT], lines->arena);
    strbuf_add_text(sb, "| ");
    shown_add_value(sb, &values[ALERT_MISDIRECTED], 0, lines->arena);
    strbuf_add_text(sb, "of ");
    shown_add_value(sb, &values[ALERT_JUDGED], 0, lines->arena);
    strbuf_add_text(sb, "misdirected | cause ");
    shown_add_value(sb, &values[ALERT_CAUSE], 0, lines->arena);
    strbuf_add_text(sb, "| incident ");
    shown_add_value(sb, &values[ALERT_INCIDENT], 0, lines->arena);
    strbuf_truncate(sb, sb->n > 0 ? sb->n - 1 : 0);
    strbuf_add_byte(sb, '\n');
}

void watch_lines_add_command(struct watch_lines *lines, struct view json, struct strbuf *sb)
{
    struct json_value values[COMMAND_FIELD_COUNT];
    arena_reset(lines->arena);
    if (json_scan(lines->command, json, values, NULL) != JSON_FINE) {
        add_not_readable(sb, "a command", json);
        return;
    }
    shown_add_value(sb, &values[COMMAND_TIME], 24, lines->arena);
    shown_add_value(sb, &values[COMMAND_ACTION], 18, lines->arena);
    shown_add_value(sb, &values[COMMAND_TIER], 10, lines->arena);
    shown_add_scope(sb, &values[COMMAND_TARGET_KIND], &values[COMMAND_ID], &values[COMMAND_TENANT],
            lines->arena);
    strbuf_add_text(sb, "| ");
    shown_add_value(sb, &values[COMMAND_REASON], 0, lines->arena);
    strbuf_add_text(sb, "| until ");
    shown_add_value(sb, &values[COMMAND_EXPIRES], 0, lines->arena);
    if (json_string_equals(&values[COMMAND_MODE], VIEW("monitor"))) {
        strbuf_add_text(sb, "| monitor only ");
    }
    strbuf_truncate(sb, sb->n > 0 ? sb->n - 1 : 0);
    strbuf_add_byte(sb, '\n');
}
