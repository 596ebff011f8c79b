// The writers of the page, one a part. `out` keeps what went wrong; whoever calls looks at the end.
#pragma once

#include "bench/html.h"
#include "bench/report.h"
#include "bench/svg.h"

// A chart is drawn twice, for wide screens and paper and for phones; the style shows one.
struct chart_size {
    const char *css; // "wide" or "narrow", also part of the ids
    int width;
    int height;
    bool is_narrow;
};

void write_style(struct strbuf *out);
void write_script(struct strbuf *out);

// report_head.c
void write_head(struct strbuf *out, const struct report *report);
void write_glossary(struct strbuf *out);
// report_timeline.c
void write_timeline(struct strbuf *out, const struct report *report);
// report_incident.c
void write_incident(struct strbuf *out, const struct report *report, uint32_t number);
// report_evidence.c
void write_evidence(struct strbuf *out, const struct report_alert *alert);
// report_charts.c: the statistic, and the rate over time
void write_statistic_chart(struct strbuf *out, const struct report *report, uint32_t number);
void write_rate_chart(struct strbuf *out, const struct report *report, uint32_t number);
// report_truth.c: escapes against theory
void write_truth(struct strbuf *out, const struct report *report);
// report_rest.c: what was no incident
void write_rest(struct strbuf *out, const struct report *report);

// --- words -------------------------------------------------------------------------------------

// "campaign <code>c-1</code> of <code>acme</code>"
void write_scope(struct strbuf *out, const struct scope_name *scope);
// The badge of a tier: a shape and the word.
void write_tier(struct strbuf *out, enum tier tier);
enum svg_mark tier_mark(enum tier tier);
// "wrong list"
void write_words(struct strbuf *out, struct view name);
// What a cause means; NULL for one that is not known here.
const char *cause_text(struct view cause);
// UINT32_MAX = none: the first hold of an incident.
const struct report_hold *incident_hold(const struct report *report, uint32_t number);
// Whether the traffic spans more than a day: clock times then need their date.
bool spans_days(const struct report *report);
