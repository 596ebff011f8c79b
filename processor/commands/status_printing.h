// What status_print.c and status_print_commands.c write lines with.
#pragma once

#include "commands/status_inside.h"

#define PRINT_INDENT "             " // below the scope

struct printing {
    struct strbuf *sb;
    struct arena *arena;
    const struct status_board *board;
    const struct status_look *look;
};

struct view print_row_text(const struct status_row *row);
// Empties the arena. False when it cannot be read.
bool print_scan(const struct printing *p, const struct json_pointers *fields, struct view json,
        struct json_value *ret_values);
// A string's, in the arena; none of anything else.
struct view print_text_of(const struct printing *p, const struct json_value *value);
// Whether there is a text or a number.
bool print_is_said(const struct json_value *value);
void print_value(const struct printing *p, const struct json_value *value);
// `before` and the value, where there is one.
void print_part(const struct printing *p, const char *before, const struct json_value *value);
// The same as a line of its own below the scope.
void print_line(const struct printing *p, const char *before, const struct json_value *value);
void print_end_line(const struct printing *p);
void print_time(const struct printing *p, int64_t ms);
// "| until 2026-11-23T08:00:00Z, in 23 h ", or since when it is not any more. Nothing where it is 0.
void print_until(const struct printing *p, int64_t until_ms);
// Of a scope that is split by channel.
void print_channel(const struct printing *p, const struct json_value *channel);
void print_drill(const struct printing *p, const struct json_value *drill);

// status_print_commands.c
void print_pending(const struct printing *p);
void print_in_force(const struct printing *p);
