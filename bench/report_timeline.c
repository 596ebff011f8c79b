// All incidents over the time of the traffic: one lane each, under a strip that shows how much was
// sent.
#include <stdio.h>

#include "bench/report_write.h"

enum {
    LANES_MAX = 40,
    STRIP_HEIGHT = 44,
    STRIP_TOP = 20,
    AXIS_HEIGHT = 30,
    LABEL_BYTES = 96,
    MARK_GAP = 15, // marks that would cover each other stand side by side
};

struct frame {
    struct chart_size size;
    struct svg_scale time;
    double lanes_top;
    double lane_height;
    uint32_t lanes;
};

static struct frame frame_of(const struct report *report, const struct chart_size *size)
{
    struct frame frame = {.size = *size, .lane_height = size->is_narrow ? 50 : 46};
    frame.lanes = report->incident_count < LANES_MAX ? report->incident_count : LANES_MAX;
    frame.lanes_top = STRIP_TOP + STRIP_HEIGHT + 14;
    frame.size.height = (int)(frame.lanes_top + frame.lane_height * frame.lanes) + AXIS_HEIGHT;
    int64_t span_ms = report->last_ms - report->first_ms;
    frame.time = (struct svg_scale){(double)report->first_ms,
            (double)report->last_ms + (span_ms > 0 ? 0 : 1000), size->is_narrow ? 4 : 226,
            size->width - 14};
    return frame;
}

// The first `most` characters of a name, with an ellipsis where it is longer.
static void shorten(char label[LABEL_BYTES], struct view name, size_t most)
{
    size_t characters = 0;
    size_t n = 0;
    while (n < name.n && n < LABEL_BYTES - 8) {
        bool begins = ((unsigned char)name.p[n] & 0xc0) != 0x80;
        if (begins && characters == most) {
            break;
        }
        characters += begins;
        n++;
    }
    while (n < name.n && n > 0 && ((unsigned char)name.p[n] & 0xc0) == 0x80) {
        n--; // not in the middle of a character
    }
    snprintf(label, LABEL_BYTES, "%.*s%s", (int)n, name.p != NULL ? name.p : "",
            n < name.n ? "…" : "");
}

static void draw_strip(
        struct strbuf *out, const struct frame *frame, const struct report_bins *bins)
{
    uint32_t most = 1;
    for (uint32_t i = 0; i < BINS_COUNT; i++) {
        most = bins->at[i].judged > most ? bins->at[i].judged : most;
    }
    double bottom = STRIP_TOP + STRIP_HEIGHT;
    for (uint32_t i = 0; i < BINS_COUNT; i++) {
        const struct report_bin *bin = &bins->at[i];
        if (bin->judged == 0) {
            continue;
        }
        double left = svg_at(&frame->time, (double)(bins->base_ms + i * bins->width_ms));
        double right = svg_at(&frame->time, (double)(bins->base_ms + (i + 1) * bins->width_ms));
        left = left < frame->time.from_px ? frame->time.from_px : left;
        right = right > frame->time.to_px ? frame->time.to_px : right;
        double width = right - left > 1.6 ? right - left - 0.6 : right - left;
        double height = (double)STRIP_HEIGHT * bin->judged / most;
        double bad = (double)STRIP_HEIGHT * bin->misdirected / most;
        svg_rect(out, "bar", left, bottom - height, width, height);
        if (bin->misdirected > 0) {
            svg_rect(out, "barbad", left, bottom - bad, width, bad);
        }
    }
    svg_line(out, "axis", frame->time.from_px, bottom, frame->time.to_px, bottom);
    if (frame->size.is_narrow) {
        svg_text(out, "start", frame->time.from_px, 12, "messages sent, red: misdirected");
    } else {
        svg_text(out, "start strong", 0, bottom - 18, "messages sent");
        svg_text(out, "start", 0, bottom - 3, "red: misdirected");
    }
}

static void draw_axis(struct strbuf *out, const struct frame *frame, const struct report *report)
{
    int64_t first_ms;
    int64_t step_ms;
    double bottom = frame->size.height - AXIS_HEIGHT;
    svg_time_ticks(
            report->first_ms, report->last_ms, frame->size.is_narrow ? 5 : 8, &first_ms, &step_ms);
    for (int64_t at = first_ms; at <= report->last_ms; at += step_ms) {
        double x = svg_at(&frame->time, (double)at);
        svg_line(out, "grid", x, STRIP_TOP + STRIP_HEIGHT, x, bottom);
        struct strbuf label;
        strbuf_init(&label, 64);
        html_clock(&label, at, step_ms >= 86400000 || spans_days(report));
        // whole minutes need no seconds
        strbuf_truncate(&label, step_ms % 60000 == 0 && label.n > 3 ? label.n - 3 : label.n);
        if (x > frame->time.from_px + 12 && x < frame->time.to_px - 46) {
            svg_text(out, "middle", x, bottom + 18, "%.*s", (int)label.n, label.p);
        }
        strbuf_fini(&label);
    }
    svg_line(out, "axis", frame->time.from_px, bottom, frame->time.to_px, bottom);
    svg_text(out, "end", frame->time.to_px, bottom + 18, "UTC");
}

static void hint_of(char hint[LABEL_BYTES * 2], const struct report_alert *alert)
{
    struct strbuf clock;
    strbuf_init(&clock, 64);
    html_clock(&clock, alert->occurred_ms, true);
    snprintf(hint, LABEL_BYTES * 2, "%.40s, tier %s, %.*s UTC",
            view_starts_with(alert->type, VIEW("incident.")) ? alert->type.p + 9 : alert->type.p,
            tier_names[alert->tier], (int)clock.n, clock.p);
    strbuf_fini(&clock);
}

static void draw_marks(struct strbuf *out, const struct frame *frame, const struct report *report,
        const struct report_incident *incident, double y)
{
    double last_x = -MARK_GAP;
    for (uint32_t a = incident->first_alert; a != UINT32_MAX;
            a = report->alerts[a].next_of_incident) {
        const struct report_alert *alert = &report->alerts[a];
        double x = svg_at(&frame->time, (double)alert->occurred_ms);
        bool is_update = view_is(alert->type, "incident.updated");
        if (is_update && x < last_x + MARK_GAP / 2.0) {
            continue;
        }
        x = x < last_x + MARK_GAP ? last_x + MARK_GAP : x;
        last_x = x;
        enum svg_mark mark = is_update                                   ? MARK_DOT
                             : view_is(alert->type, "incident.closed")   ? MARK_CROSS
                             : view_is(alert->type, "incident.released") ? MARK_PLAY
                                                                         : tier_mark(alert->tier);
        char hint[LABEL_BYTES * 2];
        hint_of(hint, alert);
        svg_mark(out, mark, is_update ? "small" : tier_names[alert->tier], x, y,
                is_update ? 3.5 : 5.5, hint);
    }
}

static void draw_lane(
        struct strbuf *out, const struct frame *frame, const struct report *report, uint32_t i)
{
    const struct report_incident *incident = &report->incidents[i];
    const struct report_alert *alert = report_decisive(report, incident);
    double top = frame->lanes_top + frame->lane_height * i;
    double y = frame->size.is_narrow ? top + 34 : top + frame->lane_height / 2;
    char label[LABEL_BYTES];
    char tenant[LABEL_BYTES];
    shorten(label, alert->scope.id, frame->size.is_narrow ? 34 : 24);
    shorten(tenant, alert->scope.tenant_id, frame->size.is_narrow ? 10 : 14);
    if (frame->size.is_narrow) {
        svg_text(out, "start strong", 0, top + 15, "%u  %s", i + 1, label);
    } else {
        svg_text(out, "start strong", 0, y - 3, "%u  %s", i + 1, label);
        svg_text(out, "start", 16, y + 13, "%s, %s", scope_kind_names[alert->scope.kind], tenant);
    }
    svg_line(out, "lane", frame->time.from_px, y, frame->time.to_px, y);
    for (uint32_t h = 0; h < report->hold_count; h++) {
        const struct report_hold *hold = &report->holds[h];
        if (hold->incident == i) {
            int64_t to_ms = hold->ends_ms >= 0 && hold->ends_ms < report->last_ms ? hold->ends_ms
                                                                                  : report->last_ms;
            double left = svg_at(&frame->time, (double)hold->issued_ms);
            svg_rect(out, "heldspan", left, y - 9, svg_at(&frame->time, (double)to_ms) - left, 18);
        }
    }
    if (incident->planted != UINT32_MAX && report->planted[incident->planted].first_ms >= 0) {
        const struct report_planted *planted = &report->planted[incident->planted];
        svg_line(out, "plant", svg_at(&frame->time, (double)planted->first_ms), y + 14,
                svg_at(&frame->time, (double)planted->last_ms) + 2, y + 14);
    }
    draw_marks(out, frame, report, incident, y);
}

static void draw_timeline(
        struct strbuf *out, const struct report *report, const struct chart_size *size)
{
    struct frame frame = frame_of(report, size);
    char id[32];
    snprintf(id, sizeof id, "timeline-%s", size->css);
    svg_open(out, size->css, id, frame.size.width, frame.size.height, "Incidents over time",
            "How many messages were sent over the time of the traffic, and under it a lane for "
            "each incident with its alerts and the time for which its scope was held. The table "
            "below says the same.");
    draw_axis(out, &frame, report);
    draw_strip(out, &frame, &report->bins);
    for (uint32_t i = 0; i < frame.lanes; i++) {
        draw_lane(out, &frame, report, i);
    }
    svg_close(out);
}

static void write_key(struct strbuf *out, enum svg_mark mark, const char *css, const char *text)
{
    strbuf_add_text(out, "<li><svg viewBox=\"0 0 22 16\" aria-hidden=\"true\">");
    if (mark == MARK_COUNT) {
        strbuf_printf(out,
                css[0] == 'p' ? "<line class=\"%s\" x1=\"1\" y1=\"8\" x2=\"21\" y2=\"8\"/>"
                              : "<rect class=\"%s\" x=\"1\" y=\"2\" width=\"20\" "
                                "height=\"12\"/>",
                css);
    } else {
        svg_mark(out, mark, css, 11, 8, 5.5, NULL);
    }
    strbuf_printf(out, "</svg>%s</li>\n", text);
}

static void write_keys(struct strbuf *out, const struct report *report)
{
    strbuf_add_text(out, "<ul class=\"keys\">\n");
    write_key(out, MARK_RING, "notice", "notice");
    write_key(out, MARK_TRIANGLE, "alert", "alert");
    write_key(out, MARK_DIAMOND, "quarantine", "quarantine");
    write_key(out, MARK_SQUARE, "stop", "stop");
    write_key(out, MARK_DOT, "small", "update");
    write_key(out, MARK_PLAY, "notice", "released");
    write_key(out, MARK_CROSS, "notice", "closed");
    write_key(out, MARK_COUNT, "heldspan", "held");
    if (report->options->labels != NULL) {
        write_key(out, MARK_COUNT, "plant", "the labels' misdirected messages");
    }
    strbuf_add_text(out, "</ul>\n");
}

static void write_row(struct strbuf *out, const struct report *report, uint32_t i)
{
    const struct report_incident *incident = &report->incidents[i];
    const struct report_alert *alert = report_decisive(report, incident);
    const struct report_hold *hold = incident_hold(report, i);
    strbuf_add_text(out, "<tr><th scope=\"row\">");
    if (i < REPORT_DRAWN_MAX) {
        strbuf_printf(out, "<a href=\"#i%u\">%u</a> ", i + 1, i + 1);
    } else {
        strbuf_printf(out, "%u ", i + 1);
    }
    write_scope(out, &alert->scope);
    strbuf_add_text(out, "</th><td data-l=\"highest tier\">");
    write_tier(out, incident->tier);
    strbuf_add_text(out, "</td><td data-l=\"likely cause\">");
    write_words(out, alert->cause_count > 0 ? alert->causes[0].name : VIEW("unknown"));
    strbuf_add_text(out, "</td><td class=\"nowrap\" data-l=\"opened\">");
    html_clock(out, incident->opened_ms, spans_days(report));
    strbuf_add_text(out, "</td><td class=\"nowrap\" data-l=\"held\">");
    if (hold != NULL) {
        html_clock(out, hold->issued_ms, spans_days(report));
    } else {
        strbuf_add_text(out, "–");
    }
    strbuf_add_text(out, "</td><td class=\"num\" data-l=\"misdirected before\">");
    html_count(out, incident->misdirected_before);
    strbuf_add_text(out, "</td></tr>\n");
}

void write_timeline(struct strbuf *out, const struct report *report)
{
    static const struct chart_size wide = {"wide", 824, 0, false};
    static const struct chart_size narrow = {"narrow", 350, 0, true};
    if (report->messages == 0) {
        return;
    }
    strbuf_add_text(out, "<section aria-labelledby=\"timeline\">\n<h2 id=\"timeline\">Incidents "
                         "over time</h2>\n<figure>\n");
    draw_timeline(out, report, &wide);
    draw_timeline(out, report, &narrow);
    write_keys(out, report);
    strbuf_add_text(out, "<figcaption>Marks that would cover each other stand side by side, the "
                         "earlier to the left; the table has the exact times.");
    if (report->incident_count > LANES_MAX) {
        strbuf_printf(out, " Only the first %d incidents have a lane.", LANES_MAX);
    }
    strbuf_add_text(out, "</figcaption></figure>\n");
    if (report->incident_count > 0) {
        strbuf_add_text(out,
                "<div class=\"scroll\"><table class=\"stack\"><caption>Incidents in the order in "
                "which they were opened, times in UTC</caption><thead><tr><th "
                "scope=\"col\">Scope</th><th scope=\"col\">Highest tier</th><th "
                "scope=\"col\">Likely cause</th><th scope=\"col\">Opened</th><th "
                "scope=\"col\">Held</th><th scope=\"col\" class=\"num\">Misdirected "
                "before the hold</th></tr></thead><tbody>\n");
        for (uint32_t i = 0; i < report->incident_count; i++) {
            write_row(out, report, i);
        }
        strbuf_add_text(out, "</tbody></table></div>\n");
    }
    strbuf_add_text(out, "</section>\n");
}
