#include <math.h>
#include <stdlib.h>

#include "bench/live_chart.h"
#include "bench/live_figures.h"
#include "bench/report_write.h"
#include "bench/statistics.h"

// A duration in milliseconds with as many digits as tell something.
static void write_ms(struct strbuf *out, double ms)
{
    if (isnan(ms)) {
        strbuf_add_text(out, "–");
    } else {
        strbuf_printf(out, "%.*f ms", ms < 1 ? 3 : ms < 10 ? 2 : ms < 100 ? 1 : 0, ms);
    }
}

static void write_count(struct strbuf *out, double count)
{
    if (isnan(count)) {
        strbuf_add_text(out, "–");
    } else {
        html_count(out, (int64_t)(count + 0.5));
    }
}

static void write_bytes(struct strbuf *out, bool is_known, int64_t bytes)
{
    if (is_known) {
        strbuf_printf(out, "%.1f MiB", (double)bytes / 1048576);
    } else {
        strbuf_add_text(out, "–");
    }
}

static void fact_begin(struct strbuf *out, const char *name)
{
    strbuf_printf(out, "<tr><th scope=\"row\">%s</th><td>", name);
}

static void fact_end(struct strbuf *out)
{
    strbuf_add_text(out, "</td></tr>\n");
}

// A number of any size: whole from a hundred on.
static void write_figure(struct strbuf *out, double figure)
{
    if (figure >= 100) {
        html_count(out, (int64_t)(figure + 0.5));
    } else {
        strbuf_printf(out, "%.3g", figure);
    }
}

// --- head -------------------------------------------------------------------------------------

static void tile_begin(struct strbuf *out)
{
    strbuf_add_text(out, "<li><b>");
}

static void tile_end(struct strbuf *out, const char *text)
{
    strbuf_printf(out, "</b><span>%s</span></li>\n", text);
}

static void write_tiles(struct strbuf *out, const struct live_figures *figures)
{
    const struct latency *holds = &figures->holds.latency;
    strbuf_add_text(out, "<ul class=\"tiles\">\n");
    tile_begin(out);
    write_count(out, figures->per_second);
    tile_end(out, "messages a second, settled");
    tile_begin(out);
    write_count(out, figures->processor_ns);
    tile_end(out, "ns of the processor’s CPU a message");
    tile_begin(out);
    write_ms(out, holds->count > 0 ? (double)latency_at(holds, 990) / 1e6 : NO_NUMBER);
    tile_end(out, "message to hold, 99th percentile");
    tile_begin(out);
    write_ms(out, figures->stops.count > 0 ? (double)figures->stops.max_ns / 1e6 : NO_NUMBER);
    tile_end(out, "first bad message to the hold of its batch, slowest");
    strbuf_add_text(out, "</ul>\n");
}

static void write_live_head(
        struct strbuf *out, const struct live *live, const struct live_figures *figures)
{
    strbuf_add_text(out, "<header>\n<p class=\"eyebrow\">wrongnumber · live measurement</p>\n<h1>");
    html_count(out, atomic_load(&live->sent));
    strbuf_add_text(out, " messages ");
    if (live->options->rate > 0) {
        strbuf_add_text(out, "at ");
        html_count(out, live->options->rate);
        strbuf_add_text(out, " a second");
    } else {
        strbuf_add_text(out, "flat out");
    }
    strbuf_add_text(out, "</h1>\n<p class=\"lede\">Begun ");
    html_moment(out, live->started_at_ms);
    strbuf_printf(
            out, ". The first %lld s are not measured. ", (long long)live->options->warmup_seconds);
    strbuf_add_text(
            out, live->options->rate > 0
                         ? "Latencies are counted from the moment at which each message was "
                           "due, however late it was sent."
                         : "Each message was due when its turn came, so latencies are those "
                           "of a full queue.");
    strbuf_add_text(out, "</p>\n");
    if (live->why[0] != '\0') {
        strbuf_add_text(out, "<p class=\"sum\"><strong class=\"bad\">Not whole:</strong> ");
        html_line(out, view_of(live->why));
        strbuf_add_text(out, "</p>\n");
    }
    write_tiles(out, figures);
    strbuf_add_text(out, "</header>\n");
}

// --- goals ------------------------------------------------------------------------------------

static void write_goals(struct strbuf *out, const struct live_figures *figures)
{
    strbuf_add_text(out,
            "<h2>Against the goals</h2>\n<div class=\"scroll\"><table><thead><tr>"
            "<th scope=\"col\">Goal</th><th scope=\"col\" class=\"num\">Wanted</th>"
            "<th scope=\"col\" class=\"num\">Measured</th><th scope=\"col\">Result</th>"
            "</tr></thead><tbody>\n");
    for (unsigned i = 0; i < GOAL_COUNT; i++) {
        const struct live_goal *goal = &figures->goals[i];
        strbuf_printf(out, "<tr><th scope=\"row\">%s</th><td class=\"num\">%s ", goal->text,
                goal->is_at_least ? "≥" : "≤");
        write_figure(out, goal->goal);
        strbuf_add_text(out, "</td><td class=\"num\">");
        if (goal->why != NULL) {
            strbuf_printf(out, "–</td><td>%s</td></tr>\n", goal->why);
        } else {
            bool is_met = live_goal_is_met(goal);
            write_figure(out, goal->figure);
            strbuf_printf(out, "</td><td class=\"%s\">%s</td></tr>\n", is_met ? "ok" : "bad",
                    is_met ? "met" : "missed");
        }
    }
    strbuf_add_text(out, "</tbody></table></div>\n");
}

// --- floors -----------------------------------------------------------------------------------

struct floor_row {
    const char *name;
    double figure;
    double floor;
    const char *floor_name;
};

static void write_floor_why(struct strbuf *out, const char *name, const char *why)
{
    if (why[0] != '\0') {
        strbuf_printf(out, "<p class=\"note\">Not measured: %s (", name);
        html_line(out, view_of(why));
        strbuf_add_text(out, ")</p>\n");
    }
}

static void write_floors(
        struct strbuf *out, const struct live *live, const struct live_figures *figures)
{
    const struct latency *holds = &figures->holds.latency;
    const struct latency *trip = &live->floors.round_trip.latency;
    // At a rate, what is settled a second is the rate; flat out, latencies are those of a queue.
    bool is_flat_out = live->options->rate == 0;
    double per_second = is_flat_out ? figures->per_second : NO_NUMBER;
    const struct floor_row rows[] = {
            {"Messages a second", per_second, figures->consumer_per_second,
                    "a consumer that does nothing"},
            {"Messages a second", per_second, figures->redis_per_second,
                    "Redis alone, the same keys"},
            {"CPU of the processor, ns a message", figures->processor_ns, figures->consumer_ns,
                    "a consumer that does nothing"},
            {"CPU of Redis, ns a message", figures->redis_ns, figures->redis_server_ns,
                    "Redis alone, ns a lookup"},
            {"Message to hold, median, µs",
                    is_flat_out ? NO_NUMBER : (double)latency_at(holds, 500) / 1e3,
                    (double)latency_at(trip, 500) / 1e3, "the broker’s own way"},
            {"Message to hold, 99th percentile, µs",
                    is_flat_out ? NO_NUMBER : (double)latency_at(holds, 990) / 1e3,
                    (double)latency_at(trip, 990) / 1e3, "the broker’s own way"},
    };
    strbuf_add_text(out,
            "<h2>Beside the floors</h2>\n<div class=\"scroll\"><table><caption>Measured in "
            "the same run, the processor idle</caption><thead><tr><th scope=\"col\">What"
            "</th><th scope=\"col\" class=\"num\">Here</th><th scope=\"col\" "
            "class=\"num\">Floor</th><th scope=\"col\" class=\"num\">Ratio</th>"
            "<th scope=\"col\">of</th></tr></thead><tbody>\n");
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool is_known = rows[i].figure > 0 && rows[i].floor > 0;
        strbuf_printf(out, "<tr><th scope=\"row\">%s</th><td class=\"num\">", rows[i].name);
        write_count(out, rows[i].figure > 0 ? rows[i].figure : NO_NUMBER);
        strbuf_add_text(out, "</td><td class=\"num\">");
        write_count(out, rows[i].floor > 0 ? rows[i].floor : NO_NUMBER);
        strbuf_add_text(out, "</td><td class=\"num\">");
        if (is_known) {
            write_figure(out, rows[i].figure / rows[i].floor);
        } else {
            strbuf_add_text(out, "–");
        }
        strbuf_printf(out, "</td><td>%s</td></tr>\n", rows[i].floor_name);
    }
    strbuf_add_text(out, "</tbody></table></div>\n");
    write_floor_why(out, "a consumer that does nothing", live->floors.consumer.why);
    write_floor_why(out, "the broker’s own way", live->floors.round_trip.why);
    write_floor_why(out, "Redis alone", live->floors.redis.why);
}

// --- the rest ---------------------------------------------------------------------------------

static void write_incidents(struct strbuf *out, const struct live *live)
{
    strbuf_add_text(out,
            "<h2>Incidents</h2>\n<div class=\"scroll\"><table><thead><tr><th scope=\"col\">"
            "Planted</th><th scope=\"col\">Held</th><th scope=\"col\" class=\"num\">"
            "First bad message to hold</th><th scope=\"col\" class=\"num\">Misdirected"
            "</th><th scope=\"col\" class=\"num\">Escaped</th></tr></thead><tbody>\n");
    for (uint32_t i = 0; i < live->ledger.data.incident_count; i++) {
        const struct live_incident *incident = &live->ledger.incidents[i];
        struct live_stop stop = live_ledger_stop(&live->ledger, i);
        strbuf_add_text(out, "<tr><th scope=\"row\">");
        html_id(out, live->ledger.data.incidents[i].id);
        strbuf_add_text(out, "</th><td>");
        if (incident->seen_ns != 0) {
            strbuf_printf(out, "%s ", scope_kind_names[incident->seen_kind]);
            html_id(out, view_of(incident->scopes[incident->seen_kind]));
        } else {
            strbuf_add_text(out, stop.misdirected > 0 ? "never" : "not sent");
        }
        strbuf_add_text(out, "</td><td class=\"num\">");
        write_ms(out, stop.latency_ns >= 0 ? (double)stop.latency_ns / 1e6 : NO_NUMBER);
        strbuf_add_text(out, "</td><td class=\"num\">");
        html_count(out, (int64_t)stop.misdirected);
        strbuf_add_text(out, "</td><td class=\"num\">");
        html_count(out, (int64_t)stop.escaped);
        strbuf_add_text(out, "</td></tr>\n");
    }
    strbuf_add_text(out, "</tbody></table></div>\n");
}

static void write_percentiles(struct strbuf *out, const struct latency *latency)
{
    static const unsigned permille[] = {500, 900, 990, 999, 1000};
    for (unsigned i = 0; i < sizeof permille / sizeof permille[0]; i++) {
        strbuf_add_text(out, i > 0 ? " / " : "");
        write_ms(out,
                latency->count > 0 ? (double)latency_at(latency, permille[i]) / 1e6 : NO_NUMBER);
    }
}

static void write_facts(
        struct strbuf *out, const struct live *live, const struct live_figures *figures)
{
    const struct live_cost *after = &live->after;
    strbuf_add_text(out, "<h2>What was measured</h2>\n<table class=\"facts\"><tbody>\n");
    fact_begin(out, "Sent late, 50 % / 90 % / 99 % / 99.9 % / most");
    write_percentiles(out, &live->late);
    fact_end(out);
    fact_begin(out, "Message to hold, 50 % / 90 % / 99 % / 99.9 % / most");
    write_percentiles(out, &figures->holds.latency);
    fact_end(out);
    fact_begin(out, "First bad message to the hold of its batch, the same");
    write_percentiles(out, &figures->stops);
    fact_end(out);
    fact_begin(out, "Holds of messages");
    html_count(out, (int64_t)figures->holds.matched);
    strbuf_add_text(out, " of ");
    html_count(out, (int64_t)figures->holds.expected);
    strbuf_printf(out, " that the labels name; %llu others, %llu repeated",
            (unsigned long long)(live->ledger.unexpected + live->ledger.foreign),
            (unsigned long long)live->ledger.repeated);
    fact_end(out);
    fact_begin(out, "CPU, ns a message: processor / Redis / broker / this driver");
    const double costs[] = {
            figures->processor_ns, figures->redis_ns, figures->broker_ns, figures->driver_ns};
    for (unsigned i = 0; i < 4; i++) {
        strbuf_add_text(out, i > 0 ? " / " : "");
        write_count(out, costs[i]);
    }
    fact_end(out);
    fact_begin(out, "Memory of the processor, now / at most");
    write_bytes(out, after->processor.is_known, after->processor.resident);
    strbuf_add_text(out, " / ");
    write_bytes(out, after->processor.is_known, after->processor.resident_at_most);
    fact_end(out);
    fact_begin(out, "Memory that Redis uses");
    write_bytes(out, after->redis.is_known, after->redis.memory_bytes);
    fact_end(out);
    fact_begin(out, "Redis: round trips / commands a message");
    if (isnan(figures->round_trips)) {
        strbuf_add_text(out, "–");
    } else {
        strbuf_printf(out, "%.4g / %.4g", figures->round_trips, figures->commands);
    }
    fact_end(out);
    strbuf_add_text(out, "</tbody></table>\n");
}

void live_add_page(struct strbuf *out, const struct live *live)
{
    struct live_figures *figures = malloc(sizeof *figures);
    if (figures == NULL) {
        out->failed = ERR_NO_MEMORY;
        return;
    }
    live_figures_of(live, figures);
    strbuf_add_text(out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
            "'unsafe-inline'\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
            "<title>wrongnumber: live measurement</title>\n");
    write_style(out);
    strbuf_add_text(out, "</head>\n<body>\n");
    write_live_head(out, live, figures);
    strbuf_add_text(out, "<main id=\"main\">\n");
    write_goals(out, figures);
    live_chart_latency(out, live, figures);
    live_chart_throughput(out, live);
    if (live->options->with_floors && live->has_settled) {
        write_floors(out, live, figures);
    }
    write_incidents(out, live);
    write_facts(out, live, figures);
    strbuf_add_text(out,
            "</main>\n<footer><p>Written by <code>wrongnumber-bench live</code> version " WN_VERSION
            ". Times are UTC.</p></footer>\n</body>\n</html>\n");
    free(figures);
}
