#include "commands/watch_line.h"

#include <stdlib.h>

#include "common/arena.h"
#include "common/json_out.h"
#include "common/json_scan.h"

enum { ARENA_BYTES = 4 * 1024 * 1024, SHOWN_MAX = 200 };

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

// What others wrote must not move a terminal's cursor: control bytes (C1 too, as UTF-8) and what is no
// UTF-8 become '?'.
static void add_shown(struct strbuf *sb, struct view text)
{
    size_t n = text.n < SHOWN_MAX ? text.n : SHOWN_MAX;
    while (n < text.n && n > 0 && ((unsigned char)text.p[n] & 0xC0) == 0x80) {
        n--; // not in the middle of a character
    }
    struct view rest = view_bytes(text.p, n);
    while (rest.n > 0) {
        size_t length = json_utf8_length(rest);
        unsigned char c = (unsigned char)rest.p[0];
        bool is_control = length == 1 && (c < ' ' || c == 0x7F);
        bool is_c1 = length == 2 && c == 0xC2 && (unsigned char)rest.p[1] < 0xA0;
        if (length == 0 || is_control || is_c1) {
            strbuf_add_byte(sb, '?');
        } else {
            strbuf_add(sb, rest.p, length);
        }
        rest = view_skip(rest, length > 0 ? length : 1);
    }
    if (n < text.n) {
        strbuf_add_text(sb, "...");
    }
}

// A string's or number's text, "-" without one; padded to `width` bytes.
static void add_field(
        struct watch_lines *lines, struct strbuf *sb, const struct json_value *value, size_t width)
{
    size_t before = sb->n;
    if (value->kind == JSON_STRING) {
        add_shown(sb, json_string_take(value, lines->arena));
    } else if (value->kind == JSON_NUMBER) {
        add_shown(sb, value->raw);
    } else {
        strbuf_add_text(sb, "-");
    }
    while (sb->failed == ERR_NONE && sb->n - before < width) {
        strbuf_add_byte(sb, ' ');
    }
    strbuf_add_byte(sb, ' ');
}

static void add_not_readable(struct strbuf *sb, const char *what, struct view json)
{
    strbuf_printf(sb, "%s that cannot be read: ", what);
    add_shown(sb, json);
    strbuf_add_byte(sb, '\n');
}

// "campaign spring-list (tenant acme)"
static void add_scope(struct watch_lines *lines, struct strbuf *sb, const struct json_value *kind,
        const struct json_value *id, const struct json_value *tenant)
{
    add_field(lines, sb, kind, 0);
    add_field(lines, sb, id, 0);
    bool is_tenant = json_string_equals(kind, VIEW("tenant"));
    if (tenant->kind == JSON_STRING && !is_tenant) {
        strbuf_add_text(sb, "(tenant ");
        add_field(lines, sb, tenant, 0);
        strbuf_truncate(sb, sb->n > 0 ? sb->n - 1 : 0);
        strbuf_add_text(sb, ") ");
    }
}

void watch_lines_add_alert(struct watch_lines *lines, struct view json, struct strbuf *sb)
{
    struct json_value values[ALERT_FIELD_COUNT];
    arena_reset(lines->arena);
    if (json_scan(lines->alert, json, values, NULL) != JSON_FINE) {
        add_not_readable(sb, "an alert", json);
        return;
    }
    add_field(lines, sb, &values[ALERT_TIME], 24);
    add_field(lines, sb, &values[ALERT_TYPE], 18);
    add_field(lines, sb, &values[ALERT_TIER], 10);
    add_scope(lines, sb, &values[ALERT_KIND], &values[ALERT_ID], &values[ALERT_TENANT]);
    strbuf_add_text(sb, "| ");
    add_field(lines, sb, &values[ALERT_MISDIRECTED], 0);
    strbuf_add_text(sb, "of ");
    add_field(lines, sb, &values[ALERT_JUDGED], 0);
    strbuf_add_text(sb, "misdirected | cause ");
    add_field(lines, sb, &values[ALERT_CAUSE], 0);
    strbuf_add_text(sb, "| incident ");
    add_field(lines, sb, &values[ALERT_INCIDENT], 0);
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
    add_field(lines, sb, &values[COMMAND_TIME], 24);
    add_field(lines, sb, &values[COMMAND_ACTION], 18);
    add_field(lines, sb, &values[COMMAND_TIER], 10);
    add_scope(
            lines, sb, &values[COMMAND_TARGET_KIND], &values[COMMAND_ID], &values[COMMAND_TENANT]);
    strbuf_add_text(sb, "| ");
    add_field(lines, sb, &values[COMMAND_REASON], 0);
    strbuf_add_text(sb, "| until ");
    add_field(lines, sb, &values[COMMAND_EXPIRES], 0);
    if (json_string_equals(&values[COMMAND_MODE], VIEW("monitor"))) {
        strbuf_add_text(sb, "| monitor only ");
    }
    strbuf_truncate(sb, sb->n > 0 ? sb->n - 1 : 0);
    strbuf_add_byte(sb, '\n');
}
