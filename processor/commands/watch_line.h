// One readable line about an alert or a command.
#pragma once

#include "common/err.h"
#include "common/strbuf.h"
#include "common/view.h"

struct watch_lines;

MUST_CHECK enum err watch_lines_create(struct watch_lines **ret_lines);
void watch_lines_destroy(struct watch_lines *lines);

// Appends `time  what  tier  scope  n of k  cause  text` and a line feed. What is not JSON, or
// lacks the fields, is said to be so; bytes that a terminal would obey are shown as '?'.
void watch_lines_add_alert(struct watch_lines *lines, struct view json, struct strbuf *sb);
void watch_lines_add_command(struct watch_lines *lines, struct view json, struct strbuf *sb);
