// One readable line about an alert or a command.
#pragma once

#include "common/err.h"
#include "common/strbuf.h"
#include "common/view.h"
#include "common/zone.h"

struct watch_lines;

// The zone of its times is borrowed; NULL is UTC.
MUST_CHECK enum err watch_lines_create(struct watch_lines **ret_lines, const struct zone *zone);
void watch_lines_destroy(struct watch_lines *lines);

// Appends `time  what  tier  scope | what there is to know` and a line feed. What is not JSON, or
// lacks the fields, is said to be so; bytes that a terminal would obey are shown as '?'.
void watch_lines_add_alert(struct watch_lines *lines, struct view json, struct strbuf *sb);
void watch_lines_add_command(struct watch_lines *lines, struct view json, struct strbuf *sb);
// Whether a command is about a single message, of which a batch has thousands.
bool watch_lines_is_of_message(struct watch_lines *lines, struct view json);
// One line for so many of them.
void watch_lines_add_messages(
        struct watch_lines *lines, uint64_t count, int64_t now_ms, struct strbuf *sb);
