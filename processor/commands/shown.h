// What others wrote, shown on a terminal: nothing of it moves the cursor. Control bytes (C1 too, as UTF-8)
// and what is no UTF-8 become '?'; what is long is cut.
#pragma once

#include "common/arena.h"
#include "common/json_value.h"
#include "common/strbuf.h"
#include "common/zone.h"

void shown_add(struct strbuf *sb, struct view text);
// A string's or number's text, "-" without one; padded to `width` bytes, and a space behind it.
void shown_add_value(
        struct strbuf *sb, const struct json_value *value, size_t width, struct arena *arena);
// 2026-11-22T16:00:00+08:00 as the zone's clocks have it; NULL is UTC, 2026-11-22T08:00:00Z.
void shown_add_time(struct strbuf *sb, int64_t ms, const struct zone *zone);
// How long that is, in one unit: "45 s", "23 h".
void shown_add_span(struct strbuf *sb, int64_t ms);
// "campaign spring-list (tenant acme) "
void shown_add_scope(struct strbuf *sb, const struct json_value *kind, const struct json_value *id,
        const struct json_value *tenant, struct arena *arena);
