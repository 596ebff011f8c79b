#include "bench/live_chart.h"

#include <math.h>
#include <stdio.h>

#include "bench/report_write.h"

struct plot {
    struct svg_scale x;
    struct svg_scale y;
    const struct chart_size *size;
};

static struct plot plot_of(const struct chart_size *size)
{
    return (struct plot){
            .x = {.from_px = size->is_narrow ? 40 : 60,
                    .to_px = size->width - (size->is_narrow ? 10 : 30)},
            .y = {.from_px = size->height - 46, .to_px = 24},
            .size = size,
    };
}

static void draw_name(struct strbuf *out, const struct plot *plot, const char *x, const char *y)
{
    svg_text(out, "middle", (plot->x.from_px + plot->x.to_px) / 2, plot->y.from_px + 38, "%s", x);
    svg_text(out, "start", plot->x.from_px - (plot->size->is_narrow ? 36 : 52), 12, "%s", y);
}

static void draw_x_tick(struct strbuf *out, const struct plot *plot, double at, const char *text)
{
    double x = svg_at(&plot->x, at);
    svg_line(out, "axis", x, plot->y.from_px, x, plot->y.from_px + 4);
    svg_text(out, "middle", x, plot->y.from_px + 18, "%s", text);
}

static void draw_y_tick(struct strbuf *out, const struct plot *plot, double at, const char *text)
{
    double y = svg_at(&plot->y, at);
    svg_line(out, "grid", plot->x.from_px, y, plot->x.to_px, y);
    svg_text(out, "end", plot->x.from_px - 8, y + 4, "%s", text);
}

// --- latency ----------------------------------------------------------------------------------

// Both axes in powers of ten: of 1 / (1 − share), so that the tail has room, and of milliseconds.
static double nines(double share)
{
    return -log10(1 - share);
}

static double log_ms(int64_t ns)
{
    return log10((double)(ns > 1000 ? ns : 1000) / 1e6);
}

// The highest share that so many can tell of.
static double last_share(const struct latency *latency)
{
    return latency->count > 1 ? 1 - 1 / (double)latency->count : 0;
}

static void draw_curve(
        struct strbuf *out, const struct plot *plot, const char *css, const struct latency *latency)
{
    struct latency_step step = {0};
    double share = 0;
    svg_path_begin(out, css);
    bool is_first = true;
    for (unsigned at = 0; latency_next(latency, &at, &step);) {
        double y = svg_at(&plot->y, log_ms(step.upto_ns));
        svg_path_point(out, is_first, svg_at(&plot->x, nines(share)), y);
        share = (double)step.count / (double)latency->count;
        share = share < last_share(latency) ? share : last_share(latency);
        svg_path_point(out, false, svg_at(&plot->x, nines(share)), y);
        is_first = false;
    }
    svg_path_end(out);
}

static void draw_latency_axes(struct strbuf *out, const struct plot *plot)
{
    static const struct {
        double share;
        const char *text;
    } ticks[] = {{0, "0"}, {0.5, "50 %"}, {0.9, "90 %"}, {0.99, "99 %"}, {0.999, "99.9 %"},
            {0.9999, "99.99 %"}, {0.99999, "99.999 %"}};
    for (unsigned i = 0; i < sizeof ticks / sizeof ticks[0]; i++) {
        if (nines(ticks[i].share) <= plot->x.hi && !(plot->size->is_narrow && i == 1)) {
            draw_x_tick(out, plot, nines(ticks[i].share), ticks[i].text);
        }
    }
    for (double power = plot->y.lo; power <= plot->y.hi + 1e-9; power++) {
        char text[32];
        snprintf(text, sizeof text, "%g", pow(10, power));
        draw_y_tick(out, plot, power, text);
    }
    svg_line(out, "axis", plot->x.from_px, plot->y.from_px, plot->x.to_px, plot->y.from_px);
    draw_name(out, plot, "share of the messages", "milliseconds");
}

static void draw_latency(struct strbuf *out, const struct live *live,
        const struct live_figures *figures, const struct chart_size *size)
{
    const struct latency *holds = &figures->holds.latency;
    const struct latency *trip = &live->floors.round_trip.latency;
    const struct latency *both[] = {holds, trip};
    struct plot plot = plot_of(size);
    plot.x.hi = 1;
    double low = (double)INFINITY;
    double high = -(double)INFINITY;
    for (unsigned i = 0; i < 2; i++) {
        if (both[i]->count > 0) {
            plot.x.hi = fmax(plot.x.hi, nines(last_share(both[i])));
            low = fmin(low, log_ms(latency_at(both[i], 1)));
            high = fmax(high, log_ms(both[i]->max_ns));
        }
    }
    plot.y.lo = floor(low);
    plot.y.hi = fmax(ceil(high), plot.y.lo + 1);
    char id[32];
    snprintf(id, sizeof id, "latency-%s", size->css);
    svg_open(out, size->css, id, size->width, size->height, "Time from message to hold",
            "The time within which which share of the messages had its hold, beside the time that "
            "a record takes from a producer to a consumer; both axes are logarithmic.");
    draw_latency_axes(out, &plot);
    if (trip->count > 0) {
        draw_curve(out, &plot, "curve n1", trip);
    }
    draw_curve(out, &plot, "curve main n0", holds);
    svg_close(out);
}

void live_chart_latency(
        struct strbuf *out, const struct live *live, const struct live_figures *figures)
{
    static const struct chart_size wide = {"wide", 824, 320, false};
    static const struct chart_size narrow = {"narrow", 350, 300, true};
    if (figures->holds.latency.count == 0) {
        return;
    }
    strbuf_add_text(out, "<h2>From message to hold</h2>\n<figure>\n");
    draw_latency(out, live, figures, &wide);
    draw_latency(out, live, figures, &narrow);
    strbuf_add_text(out,
            "<figcaption>Thick: from the moment a misdirected message was due until its "
            "hold was read from the commands topic (");
    html_count(out, (int64_t)figures->holds.latency.count);
    strbuf_add_text(out, " messages).");
    if (live->floors.round_trip.latency.count > 0) {
        strbuf_add_text(out,
                " Dashed: the broker’s own way from producer to consumer, which a hold "
                "takes twice.");
    }
    strbuf_add_text(out, "</figcaption></figure>\n");
}

// --- throughput -------------------------------------------------------------------------------

enum { BINS_MAX = 120 };

struct bins {
    double width_s;
    unsigned count;
    double sent[BINS_MAX]; // a second
    double settled[BINS_MAX];
};

// The samples as differences over equal stretches of at least a second: the processor commits twice a second.
static void fill_bins(struct bins *bins, const struct live *live)
{
    const struct live_sample *last = &live->samples[live->sample_count - 1];
    double length_s = (double)last->at_ns / 1e9;
    bins->width_s = fmax(1, ceil(length_s / BINS_MAX));
    bins->count = (unsigned)fmin(BINS_MAX, ceil(length_s / bins->width_s));
    struct live_sample before = {0};
    uint32_t at = 0;
    for (unsigned i = 0; i < bins->count; i++) {
        double end_ns = (i + 1) * bins->width_s * 1e9;
        struct live_sample now = before;
        while (at < live->sample_count && (double)live->samples[at].at_ns <= end_ns) {
            now = live->samples[at++];
        }
        double seconds = (double)(now.at_ns - before.at_ns) / 1e9;
        bins->sent[i] = seconds > 0 ? (double)(now.sent - before.sent) / seconds : 0;
        bins->settled[i] = seconds > 0 ? (double)(now.settled - before.settled) / seconds : 0;
        before = now;
    }
}

static void draw_steps(struct strbuf *out, const struct plot *plot, const char *css,
        const struct bins *bins, const double *values)
{
    svg_path_begin(out, css);
    for (unsigned i = 0; i < bins->count; i++) {
        double y = svg_at(&plot->y, values[i]);
        svg_path_point(out, i == 0, svg_at(&plot->x, i * bins->width_s), y);
        svg_path_point(out, false, svg_at(&plot->x, (i + 1) * bins->width_s), y);
    }
    svg_path_end(out);
}

static void draw_throughput_axes(struct strbuf *out, const struct plot *plot)
{
    double first; // 0, perhaps with a minus
    double step;
    char text[32];
    svg_ticks(0, plot->x.hi, plot->size->is_narrow ? 4 : 8, &first, &step);
    for (double at = 0; at <= plot->x.hi + 1e-9; at += step) {
        snprintf(text, sizeof text, "%g", at);
        draw_x_tick(out, plot, at, text);
    }
    svg_ticks(0, plot->y.hi, 5, &first, &step);
    for (double at = 0; at <= plot->y.hi; at += step) {
        bool in_thousands = plot->y.hi >= 10000;
        snprintf(text, sizeof text, in_thousands ? "%gk" : "%g", in_thousands ? at / 1000 : at);
        draw_y_tick(out, plot, at, text);
    }
    svg_line(out, "axis", plot->x.from_px, plot->y.from_px, plot->x.to_px, plot->y.from_px);
    draw_name(out, plot, "seconds", "messages a second");
}

static void draw_throughput(struct strbuf *out, const struct live *live, const struct bins *bins,
        const struct chart_size *size)
{
    struct plot plot = plot_of(size);
    plot.x.hi = bins->count * bins->width_s;
    plot.y.hi = 1;
    for (unsigned i = 0; i < bins->count; i++) {
        plot.y.hi = fmax(plot.y.hi, 1.1 * fmax(bins->sent[i], bins->settled[i]));
    }
    char id[32];
    snprintf(id, sizeof id, "throughput-%s", size->css);
    svg_open(out, size->css, id, size->width, size->height, "Messages a second",
            "How many messages were sent and how many were settled a second, over time.");
    draw_throughput_axes(out, &plot);
    double warm_s = (double)live->options->warmup_seconds;
    if (warm_s > 0 && warm_s < plot.x.hi) {
        double x = svg_at(&plot.x, warm_s);
        svg_line(out, "when", x, plot.y.to_px, x, plot.y.from_px);
        svg_text(out, "start halo", x + 6, plot.y.to_px + 10, "measured from here");
    }
    draw_steps(out, &plot, "curve n1", bins, bins->sent);
    draw_steps(out, &plot, "curve main n0", bins, bins->settled);
    svg_close(out);
}

void live_chart_throughput(struct strbuf *out, const struct live *live)
{
    static const struct chart_size wide = {"wide", 824, 280, false};
    static const struct chart_size narrow = {"narrow", 350, 260, true};
    struct bins bins = {0};
    if (live->sample_count == 0 || live->samples[live->sample_count - 1].at_ns <= 0) {
        return;
    }
    fill_bins(&bins, live);
    strbuf_add_text(out, "<h2>Over time</h2>\n<figure>\n");
    draw_throughput(out, live, &bins, &wide);
    draw_throughput(out, live, &bins, &narrow);
    strbuf_add_text(out, "<figcaption>Thick: settled. Dashed: sent.</figcaption></figure>\n");
}
