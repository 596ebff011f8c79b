// Escapes against theory, where the labels tell which messages an incident made wrong.
#include <stdio.h>

#include "bench/report_write.h"

enum { ROWS_MAX = 60, ROW_HEIGHT = 40, TOP = 30, BOTTOM = 44 };

static double farthest(const struct report *report)
{
    double most = 10;
    for (uint32_t i = 0; i < report->planted_count && i < ROWS_MAX; i++) {
        const struct report_planted *planted = &report->planted[i];
        double values[3] = {(double)planted->escaped, planted->theory, planted->oracle};
        for (unsigned j = 0; j < 3; j++) {
            most = values[j] > most ? values[j] : most;
        }
    }
    return most * 1.05;
}

static void draw_row(struct strbuf *out, const struct report_planted *planted, uint32_t i,
        const struct chart_size *size, const struct svg_scale *x)
{
    double y = TOP + ROW_HEIGHT * i + (size->is_narrow ? 28 : 20);
    char hint[80];
    svg_text(out, size->is_narrow ? "start strong" : "end strong",
            size->is_narrow ? 0 : x->from_px - 14, size->is_narrow ? y - 12 : y + 4, "%.*s",
            (int)(planted->id.n < 34 ? planted->id.n : 34), planted->id.p);
    svg_line(out, "lane", x->from_px, y, x->to_px, y);
    if (planted->oracle >= 0) {
        snprintf(hint, sizeof hint, "oracle: %.1f", planted->oracle);
        svg_mark(out, MARK_DIAMOND, "inkopen", svg_at(x, planted->oracle), y, 5.5, hint);
    }
    if (planted->theory >= 0) {
        snprintf(hint, sizeof hint, "detector's theory: %.1f", planted->theory);
        svg_mark(out, MARK_RING, "notice", svg_at(x, planted->theory), y, 6.5, hint);
    }
    snprintf(hint, sizeof hint, "this run: %lld", (long long)planted->escaped);
    svg_mark(out, MARK_DOT, planted->incident == UINT32_MAX ? "quarantine" : "blue",
            svg_at(x, (double)planted->escaped), y, 5.5, hint);
}

static void draw_escapes(
        struct strbuf *out, const struct report *report, const struct chart_size *base)
{
    struct chart_size size = *base;
    uint32_t rows = report->planted_count < ROWS_MAX ? report->planted_count : ROWS_MAX;
    size.height = TOP + ROW_HEIGHT * (int)rows + BOTTOM;
    struct svg_scale x = {0, farthest(report), size.is_narrow ? 6 : 250, size.width - 16};
    char id[32];
    snprintf(id, sizeof id, "escapes-%s", size.css);
    svg_open(out, size.css, id, size.width, size.height, "Misdirected messages before the hold",
            "For each incident of the labels: how many misdirected messages were judged before a "
            "hold, beside what the theory of the detector and an oracle say. The table below has "
            "the numbers.");
    double bottom = size.height - BOTTOM;
    double first;
    double step;
    svg_ticks(0, x.hi, size.is_narrow ? 4 : 8, &first, &step);
    step = step < 1 ? 1 : step;
    for (double at = 0; at <= x.hi; at += step) {
        double px = svg_at(&x, at);
        svg_line(out, "grid", px, TOP, px, bottom);
        svg_text(out, "middle", px, bottom + 18, "%.0f", at);
    }
    svg_line(out, "axis", x.from_px, bottom, x.to_px, bottom);
    svg_text(out, "middle", (x.from_px + x.to_px) / 2, bottom + 36,
            "misdirected messages before the hold");
    for (uint32_t i = 0; i < rows; i++) {
        draw_row(out, &report->planted[i], i, &size, &x);
    }
    svg_close(out);
}

static void write_number(struct strbuf *out, const char *label, double number)
{
    strbuf_printf(out, "<td class=\"num\" data-l=\"%s\">", label);
    if (number < 0) {
        strbuf_add_text(out, "–");
    } else {
        strbuf_printf(out, "%.1f", number);
    }
    strbuf_add_text(out, "</td>");
}

static void write_row(struct strbuf *out, const struct report *report, uint32_t i)
{
    const struct report_planted *planted = &report->planted[i];
    strbuf_add_text(out, "<tr><th scope=\"row\">");
    html_id(out, planted->id);
    strbuf_add_text(out, planted->is_healthy_lag ? " (healthy: nothing should be held)" : "");
    strbuf_add_text(out, "</th><td data-l=\"found as\">");
    if (planted->incident == UINT32_MAX) {
        strbuf_add_text(out, planted->is_healthy_lag ? "<span class=\"ok\">not held</span>"
                                                     : "<strong class=\"bad\">not held</strong>");
    } else {
        const struct report_incident *incident = &report->incidents[planted->incident];
        const struct report_alert *alert = report_decisive(report, incident);
        strbuf_printf(out, "incident %u, ", planted->incident + 1);
        write_words(out, alert->cause_count > 0 ? alert->causes[0].name : VIEW("unknown"));
        bool is_right = alert->cause_count > 0 && view_equal(alert->causes[0].name, planted->cause);
        strbuf_add_text(out, is_right ? " <span class=\"ok\">✓</span>" : "");
    }
    strbuf_add_text(out, "</td><td class=\"num\" data-l=\"misdirected\">");
    html_count(out, planted->met);
    strbuf_add_text(out, "</td><td class=\"num\" data-l=\"rate\">");
    if (planted->rate > 0) {
        html_percent(out, planted->rate);
    } else {
        strbuf_add_text(out, "–");
    }
    strbuf_add_text(out, "</td><td class=\"num\" data-l=\"before the hold\"><strong>");
    html_count(out, planted->escaped);
    strbuf_add_text(out, "</strong></td>");
    write_number(out, "theory", planted->theory);
    write_number(out, "oracle", planted->oracle);
    strbuf_add_text(out, "</tr>\n");
}

void write_truth(struct strbuf *out, const struct report *report)
{
    static const struct chart_size wide = {"wide", 824, 0, false};
    static const struct chart_size narrow = {"narrow", 350, 0, true};
    if (report->planted_count == 0) {
        return;
    }
    strbuf_add_text(out,
            "<section aria-labelledby=\"escapes\">\n<h2 id=\"escapes\">Escapes against "
            "theory</h2>\n<p>The traffic was made up, so the truth about every message "
            "is known: which incident made it wrong, if any. How many of those went by "
            "before their hold, and how few could it have been?</p>\n<figure>\n");
    draw_escapes(out, report, &wide);
    draw_escapes(out, report, &narrow);
    strbuf_add_text(out, "<ul class=\"keys\"><li><svg viewBox=\"0 0 22 16\" aria-hidden=\"true\">");
    svg_mark(out, MARK_DOT, "blue", 11, 8, 5.5, NULL);
    strbuf_add_text(out, "</svg>this run</li><li><svg viewBox=\"0 0 22 16\" aria-hidden=\"true\">");
    svg_mark(out, MARK_RING, "notice", 11, 8, 6.5, NULL);
    strbuf_add_text(out, "</svg>theory: mean of this detector, cold start, clump guard on</li><li>"
                         "<svg viewBox=\"0 0 22 16\" aria-hidden=\"true\">");
    svg_mark(out, MARK_DIAMOND, "inkopen", 11, 8, 5.5, NULL);
    strbuf_add_text(out, "</svg>oracle: knows both rates beforehand, no guard</li></ul>\n"
                         "</figure>\n<div class=\"scroll\"><table class=\"stack\"><caption>Each "
                         "incident of the labels; a single run scatters around the mean of its "
                         "theory</caption><thead><tr><th scope=\"col\">Incident</th><th "
                         "scope=\"col\">Found as</th><th scope=\"col\" class=\"num\">Misdirected"
                         "</th><th scope=\"col\" class=\"num\">Rate</th><th scope=\"col\" "
                         "class=\"num\">Before the hold</th><th scope=\"col\" class=\"num\">Theory"
                         "</th><th scope=\"col\" class=\"num\">Oracle</th></tr></thead><tbody>\n");
    for (uint32_t i = 0; i < report->planted_count; i++) {
        write_row(out, report, i);
    }
    strbuf_add_text(out, "</tbody></table></div>\n</section>\n");
}
