// Pieces of a page beside escaped text (common/html_text.h): ids, and numbers and times as people read them.
#pragma once

#include <stdint.h>

#include "common/html_text.h"
#include "common/strbuf.h"
#include "common/view.h"

// An id: <code>, which may break anywhere; a dash for none.
void html_id(struct strbuf *out, struct view id);

// 1,234,567
void html_count(struct strbuf *out, int64_t count);
// "1 incident", "2 incidents", "no incidents"
void html_counted(struct strbuf *out, int64_t count, const char *one, const char *many);
// 0.76 %, with as many digits as tell something
void html_percent(struct strbuf *out, double share);
// "2 March 2026, 04:09:46 UTC"
void html_moment(struct strbuf *out, int64_t ms);
// "04:09:46"; with a day before it where `with_day` is set: "2 Mar 04:09:46"
void html_clock(struct strbuf *out, int64_t ms, bool with_day);
// "27 seconds", "4 minutes 10 seconds", "3 days 2 hours"
void html_span(struct strbuf *out, int64_t ms);
// A number too large to read: "5.6 billion", "3.1 × 10^14"
void html_large(struct strbuf *out, double number);
