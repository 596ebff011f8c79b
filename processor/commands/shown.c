#include "commands/shown.h"

#include <string.h>

#include "common/clock.h"
#include "common/json_out.h"

// Of a time: "2026-11-22T08:00:00" and ".000".
enum { SHOWN_MAX = 200, SECONDS_BYTES = 19, MILLISECONDS_BYTES = 4 };

void shown_add(struct strbuf *sb, struct view text)
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

void shown_add_value(
        struct strbuf *sb, const struct json_value *value, size_t width, struct arena *arena)
{
    size_t before = sb->n;
    if (value->kind == JSON_STRING) {
        shown_add(sb, json_string_take(value, arena));
    } else if (value->kind == JSON_NUMBER) {
        shown_add(sb, value->raw);
    } else {
        strbuf_add_text(sb, "-");
    }
    while (sb->failed == ERR_NONE && sb->n - before < width) {
        strbuf_add_byte(sb, ' ');
    }
    strbuf_add_byte(sb, ' ');
}

void shown_add_time(struct strbuf *sb, int64_t ms, const struct zone *zone)
{
    size_t before = sb->n;
    if (zone != NULL) {
        zone_format(sb, zone, ms);
    } else {
        clock_format(sb, ms);
    }
    size_t behind = before + SECONDS_BYTES + MILLISECONDS_BYTES;
    if (sb->failed == ERR_NONE && sb->n > behind) {
        size_t left = sb->n - behind;
        memmove(sb->p + before + SECONDS_BYTES, sb->p + behind, left);
        strbuf_truncate(sb, before + SECONDS_BYTES + left);
    }
}

void shown_add_span(struct strbuf *sb, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {{86400000, "days"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}};
    size_t i = 0;
    while (i < 3 && ms < 2 * units[i].ms) {
        i++;
    }
    strbuf_printf(sb, "%lld %s", (long long)(ms / units[i].ms), units[i].unit);
}

void shown_add_scope(struct strbuf *sb, const struct json_value *kind, const struct json_value *id,
        const struct json_value *tenant, struct arena *arena)
{
    shown_add_value(sb, kind, 0, arena);
    shown_add_value(sb, id, 0, arena);
    bool is_tenant = json_string_equals(kind, VIEW("tenant"));
    if (tenant->kind == JSON_STRING && !is_tenant) {
        strbuf_add_text(sb, "(tenant ");
        shown_add_value(sb, tenant, 0, arena);
        strbuf_truncate(sb, sb->n > 0 ? sb->n - 1 : 0);
        strbuf_add_text(sb, ") ");
    }
}
