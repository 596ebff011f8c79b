// The two charts of an incident: the detector's statistics against their thresholds, message by
// message, and the rate of misdirected messages over time.
#include <math.h>
#include <stdio.h>

#include "bench/exact_steps.h"
#include "bench/report_redrive.h"
#include "bench/report_write.h"

enum { LABEL_GAP = 14, DOTS_MAX = 90, TEXT_BYTES = 160, RATE_WINDOWS = 60 };

struct plot {
    const struct chart_size *size;
    struct svg_scale x;
    struct svg_scale y;
};

static struct plot plot_of(const struct chart_size *size, double x_lo, double x_hi, double y_hi)
{
    double left = size->is_narrow ? 34 : 46;
    double right = size->is_narrow ? size->width - 44 : size->width - 84;
    return (struct plot){size, {x_lo, x_hi > x_lo ? x_hi : x_lo + 1, left, right},
            {0, y_hi, size->height - 42, 24}};
}

// Grid and numbers of the y axis, and both axes' lines.
static void draw_y_axis(struct strbuf *out, const struct plot *plot, const char *unit)
{
    double first;
    double step;
    svg_ticks(plot->y.lo, plot->y.hi, plot->size->is_narrow ? 4 : 6, &first, &step);
    for (int i = 0; first + i * step <= plot->y.hi * 1.0001; i++) {
        double value = first + i * step;
        double y = svg_at(&plot->y, value);
        svg_line(out, i == 0 ? "axis" : "grid", plot->x.from_px, y, plot->x.to_px, y);
        svg_text(out, "end", plot->x.from_px - 7, y + 4, "%g", value);
    }
    svg_text(out, "start", 0, 12, "%s", unit);
}

// --- the statistic ----------------------------------------------------------------------------

struct limit {
    const char *name;
    double nats;
};

// The thresholds of one node, from the lowest. Returns how many.
static unsigned limits_of(const struct report_alert *alert, unsigned node, struct limit limits[4])
{
    const struct report_evidence *evidence = &alert->evidence;
    unsigned n = 0;
    limits[n++] = (struct limit){"notice", (double)exact_threshold(1e6, node) / 1e6};
    limits[n++] = (struct limit){"alert", (double)exact_threshold(1e7, node) / 1e6};
    if (alert->tier >= TIER_QUARANTINE) {
        limits[n++] = (struct limit){tier_names[alert->tier], evidence->threshold};
    } else if (node != NODE_LEAK) {
        double budget = evidence->scope.kind == SCOPE_CAMPAIGN ? 2e8 : 8e8;
        limits[n++] = (struct limit){"quarantine", (double)exact_threshold(budget, node) / 1e6};
    }
    return n;
}

static void draw_limits(
        struct strbuf *out, const struct plot *plot, const struct limit *limits, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        double y = svg_at(&plot->y, limits[i].nats);
        svg_line(
                out, i + 1 == count ? "limit" : "limit soft", plot->x.from_px, y, plot->x.to_px, y);
        // the lowest's name stands below its line: the lines are close
        svg_text(out, i + 1 == count ? "start strong halo" : "start halo", plot->x.from_px + 6,
                i == 0 ? y + 13 : y - 4, "%s %.1f", limits[i].name, limits[i].nats);
    }
}

static void draw_curve(struct strbuf *out, const struct plot *plot, unsigned node, bool is_main,
        const struct report_point *points, uint32_t count)
{
    char css[32];
    snprintf(css, sizeof css, "curve n%u%s", node, is_main ? " main" : "");
    svg_path_begin(out, css);
    for (uint32_t i = 0; i < count; i++) {
        svg_path_point(out, i == 0, svg_at(&plot->x, (double)points[i].message),
                svg_at(&plot->y, (double)points[i].w_nat6[node] / 1e6));
    }
    svg_path_end(out);
}

static void draw_dots(struct strbuf *out, const struct plot *plot, unsigned node,
        const struct report_point *points, uint32_t count)
{
    for (uint32_t i = 0; i < count && count <= DOTS_MAX; i++) {
        if (points[i].judged == 0) {
            continue;
        }
        char hint[TEXT_BYTES];
        double nats = (double)points[i].w_nat6[node] / 1e6;
        bool is_bad = points[i].misdirected > 0;
        snprintf(hint, sizeof hint, "message %lld: %s, %.2f nats", (long long)points[i].message,
                is_bad ? "misdirected" : "healthy", nats);
        svg_mark(out, is_bad ? MARK_DOT : MARK_RING, is_bad ? "quarantine" : "notice",
                svg_at(&plot->x, (double)points[i].message), svg_at(&plot->y, nats),
                is_bad ? 5.5 : 2.6, hint);
    }
}

// The names of the curves at their right ends, moved apart from the top down.
static void draw_names(struct strbuf *out, const struct plot *plot, unsigned main_node,
        const struct report_point *last)
{
    bool done[NODE_COUNT] = {false};
    double lowest = -1e9;
    for (unsigned round = 0; round < NODE_COUNT; round++) {
        unsigned top = NODE_COUNT;
        for (unsigned j = 0; j < NODE_COUNT; j++) {
            if (!done[j] && (top == NODE_COUNT || last->w_nat6[j] > last->w_nat6[top])) {
                top = j;
            }
        }
        done[top] = true;
        double y = svg_at(&plot->y, (double)last->w_nat6[top] / 1e6) + 4;
        y = y < lowest + LABEL_GAP ? lowest + LABEL_GAP : y;
        lowest = y;
        char css[48];
        snprintf(css, sizeof css, "start n%u%s", top, top == main_node ? " strong" : "");
        svg_text(
                out, css, plot->x.to_px + 9, y, top == NODE_LEAK ? "%s" : "%s %%", node_names[top]);
    }
}

static void draw_message_axis(struct strbuf *out, const struct plot *plot)
{
    double first;
    double step;
    double bottom = plot->y.from_px;
    svg_ticks(plot->x.lo, plot->x.hi, plot->size->is_narrow ? 5 : 9, &first, &step);
    step = step < 1 ? 1 : step;
    for (double at = ceil(plot->x.lo / step) * step + 0.0; at <= plot->x.hi; at += step) {
        double x = svg_at(&plot->x, at);
        svg_line(out, "axis", x, bottom, x, bottom + 4);
        svg_text(out, "middle", x, bottom + 18, "%.0f", at);
    }
    svg_text(out, "middle", (plot->x.from_px + plot->x.to_px) / 2, bottom + 36,
            plot->size->is_narrow ? "messages from the change point on"
                                  : "judged messages of the scope, counted from the change point");
}

static void draw_statistic(struct strbuf *out, const struct report *report, uint32_t number,
        const struct chart_size *size)
{
    const struct report_incident *incident = &report->incidents[number];
    const struct report_alert *alert = report_decisive(report, incident);
    struct report_point points[1 + SERIES_BEFORE + SERIES_POINTS];
    uint32_t count = 0;
    if (incident->series.before_count == 0 && !report->has_trace) {
        points[count++] = (struct report_point){0}; // the scope's first message: all began at 0
    }
    count += series_points(&incident->series, points + count);
    // before the change point, no more than half as much as after it
    uint32_t after = incident->series.count;
    uint32_t most = after / 2 > 6 ? after / 2 : 6;
    uint32_t skipped = count - after > most ? count - after - most : 0;
    const struct report_point *from = points + skipped;
    count -= skipped;
    unsigned node = node_of(alert->evidence.node);
    struct limit limits[4];
    unsigned limit_count = limits_of(alert, node, limits);
    double highest = limits[limit_count - 1].nats;
    for (uint32_t i = 0; i < count; i++) {
        for (unsigned j = 0; j < NODE_COUNT; j++) {
            double nats = (double)from[i].w_nat6[j] / 1e6;
            highest = nats > highest ? nats : highest;
        }
    }
    const struct report_point *last = &from[count - 1];
    struct plot plot = plot_of(size, (double)(from->message < 0 ? from->message : 0),
            (double)last->message, highest * 1.1);
    char id[48];
    char text[TEXT_BYTES * 2];
    snprintf(id, sizeof id, "w%u-%s", number + 1, size->css);
    snprintf(text, sizeof text,
            "The log-likelihood ratio of five tests over the messages around the change point. The "
            "test for %s ends at %.2f nats after %lld messages; the line it had to reach is %.2f.",
            node_names[node], (double)last->w_nat6[node] / 1e6, (long long)last->message,
            limits[limit_count - 1].nats);
    svg_open(out, size->css, id, size->width, size->height, "Statistic against threshold", text);
    draw_y_axis(out, &plot, "log-likelihood ratio, nats");
    draw_message_axis(out, &plot);
    draw_limits(out, &plot, limits, limit_count);
    double began = svg_at(&plot.x, plot.x.lo > 0 ? plot.x.lo : 0);
    svg_line(out, "when", began, plot.y.to_px, began, plot.y.from_px);
    svg_mark(out, MARK_TRIANGLE, "blue", began, plot.y.from_px + 1, 5, "change point");
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        if (j != node) {
            draw_curve(out, &plot, j, false, from, count);
        }
    }
    draw_curve(out, &plot, node, true, from, count);
    draw_dots(out, &plot, node, from, count);
    draw_names(out, &plot, node, last);
    svg_close(out);
}

static void write_statistic_basis(
        struct strbuf *out, const struct report *report, const struct report_incident *incident)
{
    if (report->has_trace) {
        strbuf_add_text(out, " The values are the detector's own, written while it decided.");
    } else if (incident->statistic_differs) {
        strbuf_add_text(out,
                " The curves were driven again from the verdicts with one fixed baseline and "
                "<strong>do not equal the alerts' values to the last digit</strong>: while the "
                "detector decided, its baseline moved, or it began with a credit. The evidence "
                "below has the values that counted.");
    } else {
        strbuf_add_text(out,
                " The curves were driven again from the verdicts by the detector's own "
                "code; at every alert they equal what the alert says.");
    }
    if (incident->series.merged > 1) {
        strbuf_printf(out,
                " Each point stands for up to %u messages and shows their highest value.",
                incident->series.merged);
    }
}

void write_statistic_chart(struct strbuf *out, const struct report *report, uint32_t number)
{
    static const struct chart_size wide = {"wide", 824, 340, false};
    static const struct chart_size narrow = {"narrow", 350, 300, true};
    const struct report_incident *incident = &report->incidents[number];
    const struct report_alert *alert = report_decisive(report, incident);
    strbuf_add_text(out, "<h3>Statistic against threshold</h3>\n");
    if (incident->series.count == 0 || node_of(alert->evidence.node) == NODE_COUNT) {
        strbuf_add_text(out, "<p class=\"note\">No curve: the alert rests on another stream of "
                             "evidence, or its change point is not among the verdicts.</p>\n");
        return;
    }
    strbuf_add_text(out, "<figure>\n");
    draw_statistic(out, report, number, &wide);
    draw_statistic(out, report, number, &narrow);
    strbuf_add_text(out,
            "<figcaption>Each curve is a test for one rate of misdirected messages "
            "(5 %, 13 %, 35 %, 95 %, and a slow leak of three times the baseline); a "
            "misdirected message lifts it, a healthy one lets it sink. The thick curve "
            "decided, and the dashed lines are its thresholds. Full dots are "
            "misdirected messages, rings healthy ones; behind the blue triangle lies the change "
            "point.");
    write_statistic_basis(out, report, incident);
    strbuf_add_text(out, "</figcaption></figure>\n");
}

// --- the rate ---------------------------------------------------------------------------------

struct window {
    double from_ms;
    double to_ms;
    double rate;
};

// Neighbouring bins together, until each window has enough messages to speak of a rate.
static uint32_t windows_of(const struct report_bins *bins, struct window windows[BINS_COUNT])
{
    uint32_t from;
    uint32_t to;
    bins_range(bins, &from, &to);
    uint64_t all = 0;
    for (uint32_t i = from; i < to; i++) {
        all += bins->at[i].judged;
    }
    uint64_t enough = all / RATE_WINDOWS > 10 ? all / RATE_WINDOWS : 10;
    uint32_t count = 0;
    uint64_t judged = 0;
    uint64_t misdirected = 0;
    uint32_t first = from;
    for (uint32_t i = from; i < to; i++) {
        judged += bins->at[i].judged;
        misdirected += bins->at[i].misdirected;
        if (judged >= enough || (i + 1 == to && judged > 0)) {
            windows[count++] = (struct window){(double)(bins->base_ms + first * bins->width_ms),
                    (double)(bins->base_ms + (i + 1) * bins->width_ms),
                    (double)misdirected / (double)judged};
            first = i + 1;
            judged = 0;
            misdirected = 0;
        }
    }
    return count;
}

static void draw_time_axis(struct strbuf *out, const struct plot *plot, const struct report *report)
{
    int64_t first_ms;
    int64_t step_ms;
    double bottom = plot->y.from_px;
    svg_time_ticks((int64_t)plot->x.lo, (int64_t)plot->x.hi, plot->size->is_narrow ? 4 : 8,
            &first_ms, &step_ms);
    for (int64_t at = first_ms; (double)at <= plot->x.hi; at += step_ms) {
        double x = svg_at(&plot->x, (double)at);
        struct strbuf label;
        strbuf_init(&label, 64);
        html_clock(&label, at, step_ms >= 86400000 || (spans_days(report) && step_ms >= 3600000));
        strbuf_truncate(&label, step_ms % 60000 == 0 && label.n > 3 ? label.n - 3 : label.n);
        svg_line(out, "axis", x, bottom, x, bottom + 4);
        svg_text(out, "middle", x, bottom + 18, "%.*s", (int)label.n, label.p);
        strbuf_fini(&label);
    }
    svg_text(out, "middle", (plot->x.from_px + plot->x.to_px) / 2, bottom + 36,
            "time of sending, UTC");
}

static void draw_held_spans(
        struct strbuf *out, const struct plot *plot, const struct report *report, uint32_t number)
{
    bool is_named = false;
    for (uint32_t h = 0; h < report->hold_count; h++) {
        const struct report_hold *hold = &report->holds[h];
        double from_ms = (double)hold->issued_ms;
        double to_ms = hold->ends_ms >= 0 ? (double)hold->ends_ms : plot->x.hi;
        if (hold->incident != number || from_ms > plot->x.hi) {
            continue;
        }
        from_ms = from_ms < plot->x.lo ? plot->x.lo : from_ms;
        double left = svg_at(&plot->x, from_ms);
        double right = svg_at(&plot->x, to_ms < plot->x.hi ? to_ms : plot->x.hi);
        svg_rect(out, "heldspan", left, plot->y.to_px, right - left,
                plot->y.from_px - plot->y.to_px);
        svg_line(out, "hold", left, plot->y.to_px - 4, left, plot->y.from_px);
        if (!is_named) {
            svg_text(out, "start strong", left + 7, (plot->y.to_px + plot->y.from_px) / 2, "held");
            is_named = true;
        }
    }
}

static void draw_rate(struct strbuf *out, const struct report *report, uint32_t number,
        const struct chart_size *size)
{
    const struct report_incident *incident = &report->incidents[number];
    const struct report_evidence *evidence = &report_decisive(report, incident)->evidence;
    struct window windows[BINS_COUNT];
    uint32_t count = windows_of(&incident->bins, windows);
    double highest = evidence->baseline;
    for (uint32_t i = 0; i < count; i++) {
        highest = windows[i].rate > highest ? windows[i].rate : highest;
    }
    struct plot plot = plot_of(size, windows[0].from_ms, windows[count - 1].to_ms,
            highest * 115 < 100 || highest < 0.5 ? highest * 115 : 104);
    char id[48];
    snprintf(id, sizeof id, "r%u-%s", number + 1, size->css);
    svg_open(out, size->css, id, size->width, size->height, "Rate of misdirected messages",
            "The share of misdirected messages among those judged, over the time of sending, with "
            "the baseline, the change point and the time for which the scope was held.");
    draw_held_spans(out, &plot, report, number);
    draw_y_axis(out, &plot, "misdirected, % of judged");
    draw_time_axis(out, &plot, report);
    double base = svg_at(&plot.y, evidence->baseline * 100);
    svg_line(out, "limit", plot.x.from_px, base, plot.x.to_px, base);
    svg_text(out, "start", plot.x.to_px + 9, base - 3, "baseline");
    svg_text(out, "start", plot.x.to_px + 9, base + 11, "%.2g %%", evidence->baseline * 100);
    svg_path_begin(out, "rate");
    for (uint32_t i = 0; i < count; i++) {
        double y = svg_at(&plot.y, windows[i].rate * 100);
        svg_path_point(out, i == 0, svg_at(&plot.x, windows[i].from_ms), y);
        svg_path_point(out, false, svg_at(&plot.x, windows[i].to_ms), y);
    }
    svg_path_end(out);
    if (evidence->has_change_point && (double)evidence->change_ms >= plot.x.lo &&
            (double)evidence->change_ms <= plot.x.hi) {
        double x = svg_at(&plot.x, (double)evidence->change_ms);
        svg_line(out, "when", x, plot.y.to_px, x, plot.y.from_px);
        svg_mark(out, MARK_TRIANGLE, "blue", x, plot.y.from_px + 1, 5, "change point");
    }
    svg_close(out);
}

void write_rate_chart(struct strbuf *out, const struct report *report, uint32_t number)
{
    static const struct chart_size wide = {"wide", 824, 260, false};
    static const struct chart_size narrow = {"narrow", 350, 250, true};
    struct window windows[BINS_COUNT];
    if (windows_of(&report->incidents[number].bins, windows) == 0) {
        return;
    }
    strbuf_add_text(out, "<h3>Rate of misdirected messages</h3>\n<figure>\n");
    draw_rate(out, report, number, &wide);
    draw_rate(out, report, number, &narrow);
    strbuf_add_text(out,
            "<figcaption>Every judged message of the scope in the whole run, those that "
            "ran into the hold too (shaded). The dashed line is the baseline: what "
            "counts as healthy here. The blue triangle is the change point.</figcaption>"
            "</figure>\n");
}
