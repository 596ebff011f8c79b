// What page.c (the document), page_report.c (what the detect half tells), page_text.c (words) and page_style.c
// (looks) share.
#pragma once

#include "ops/page.h"
#include "ops/status.h"

extern const char page_style[];

// Whatever a text is, it is text on the page, and one line.
void page_add_text(struct strbuf *out, const char *text);
// 1234567 as 1,234,567.
void page_add_count(struct strbuf *out, int64_t count);
// How long, in one unit: "90 s", "3 h".
void page_add_span(struct strbuf *out, int64_t ms);
void page_add_time(struct strbuf *out, int64_t ms);
void page_add_scope(struct strbuf *out, const struct status_scope *scope);
// Of badges and cards: "bad", "warn", "soft".
const char *page_class_of_tier(const char *tier);

// Open incidents, what waits for people, holds, what was told last.
void page_add_report(struct strbuf *out, const struct status_report *report);
