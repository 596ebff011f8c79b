#include "commands/status_printing.h"

#include "commands/shown.h"

struct view print_row_text(const struct status_row *row)
{
    return view_bytes(row->text, row->n);
}

void print_value(const struct printing *p, const struct json_value *value)
{
    shown_add_value(p->sb, value, 0, p->arena);
}

bool print_is_said(const struct json_value *value)
{
    return value->kind == JSON_STRING || value->kind == JSON_NUMBER;
}

void print_part(const struct printing *p, const char *before, const struct json_value *value)
{
    if (print_is_said(value)) {
        strbuf_add_text(p->sb, before);
        print_value(p, value);
    }
}

void print_end_line(const struct printing *p)
{
    if (p->sb->n > 0 && p->sb->failed == ERR_NONE && p->sb->p[p->sb->n - 1] == ' ') {
        strbuf_truncate(p->sb, p->sb->n - 1);
    }
    strbuf_add_byte(p->sb, '\n');
}

void print_line(const struct printing *p, const char *before, const struct json_value *value)
{
    if (print_is_said(value)) {
        strbuf_add_text(p->sb, PRINT_INDENT);
        print_part(p, before, value);
        print_end_line(p);
    }
}

void print_time(const struct printing *p, int64_t ms)
{
    shown_add_time(p->sb, ms, p->look->zone);
}

void print_until(const struct printing *p, int64_t until_ms)
{
    int64_t left_ms = until_ms - p->look->now_ms;
    if (until_ms == 0) {
        return;
    }
    strbuf_add_text(p->sb, left_ms > 0 ? "| until " : "| ran out at ");
    print_time(p, until_ms);
    strbuf_add_text(p->sb, left_ms > 0 ? ", in " : ", ");
    shown_add_span(p->sb, left_ms > 0 ? left_ms : -left_ms);
    strbuf_add_text(p->sb, left_ms > 0 ? " " : " ago ");
}

bool print_scan(const struct printing *p, const struct json_pointers *fields, struct view json,
        struct json_value *ret_values)
{
    arena_reset(p->arena);
    return json_scan(fields, json, ret_values, NULL) == JSON_FINE;
}

struct view print_text_of(const struct printing *p, const struct json_value *value)
{
    return value->kind == JSON_STRING ? json_string_take(value, p->arena) : VIEW_NONE;
}

void print_channel(const struct printing *p, const struct json_value *channel)
{
    if (channel->kind == JSON_STRING) {
        strbuf_add_text(p->sb, "by ");
        print_value(p, channel);
    }
}

void print_drill(const struct printing *p, const struct json_value *drill)
{
    strbuf_add_text(p->sb, drill->kind == JSON_TRUE ? "| DRILL, nobody is concerned " : "");
}
