#include <math.h>
#include <stdlib.h>

#include "bench/live_figures.h"
#include "bench/score_json.h"

enum { FORMAT = 1 };

static void add_latency(struct json_out *out, const char *key, const struct latency *latency)
{
    static const struct {
        const char *name;
        unsigned permille;
    } points[] = {{"p50", 500}, {"p90", 900}, {"p99", 990}, {"p99_9", 999}, {"max", 1000}};
    if (latency->count == 0) {
        json_null(out, key);
        return;
    }
    json_object(out, key);
    for (unsigned i = 0; i < sizeof points / sizeof points[0]; i++) {
        score_add_number(
                out, points[i].name, (double)latency_at(latency, points[i].permille) / 1e6);
    }
    score_add_count(out, "count", latency->count);
    json_object_end(out);
}

static void add_workload(struct json_out *out, const struct live *live)
{
    const struct live_options *options = live->options;
    json_object(out, "workload");
    json_text(out, "day", options->day);
    if (options->rate > 0) {
        json_int(out, "rate", options->rate);
    } else {
        json_null(out, "rate");
    }
    json_int(out, "warmup_seconds", options->warmup_seconds);
    if (options->unread > 0) {
        json_int(out, "unread", options->unread);
    } else {
        json_null(out, "unread");
    }
    json_int(out, "partitions", live->partitions);
    score_add_ratio(out, "bytes_per_message", (double)live->ledger.event_bytes,
            (double)live->ledger.events);
    json_object_end(out);
}

static void add_sending(struct json_out *out, const struct live *live)
{
    int64_t sent = atomic_load(&live->sent);
    double seconds = (double)live->send_wall_ns / 1e9;
    json_object(out, "sending");
    json_int(out, "messages", sent);
    json_int(out, "failed", live->failed);
    score_add_count(out, "unlabelled", live->ledger.unlabelled);
    score_add_number(out, "seconds", seconds);
    score_add_ratio(out, "per_second", (double)sent, seconds);
    json_int(out, "held_up", live->held_up);
    add_latency(out, "late_ms", &live->late);
    json_object_end(out);
}

static void add_costs(
        struct json_out *out, const struct live *live, const struct live_figures *figures)
{
    const struct live_cost *after = &live->after;
    json_object(out, "throughput");
    score_add_number(out, "messages", figures->messages);
    score_add_number(out, "seconds", figures->seconds);
    score_add_number(out, "per_second", figures->per_second);
    json_object_end(out);
    json_object(out, "cpu_ns_per_message");
    score_add_number(out, "processor", figures->processor_ns);
    score_add_number(out, "redis", figures->redis_ns);
    score_add_number(out, "broker", figures->broker_ns);
    score_add_number(out, "driver", figures->driver_ns);
    json_object_end(out);
    const struct {
        const char *name;
        const struct process_cost *cost;
    } processes[] = {{"processor", &after->processor}, {"redis_process", &after->redis_process},
            {"broker", &after->broker}};
    json_object(out, "memory_bytes");
    for (unsigned i = 0; i < 3; i++) {
        if (!processes[i].cost->is_known) {
            json_null(out, processes[i].name);
            continue;
        }
        json_object(out, processes[i].name);
        json_int(out, "resident", processes[i].cost->resident);
        json_int(out, "resident_at_most", processes[i].cost->resident_at_most);
        json_object_end(out);
    }
    score_add_number(out, "redis_used",
            after->redis.is_known ? (double)after->redis.memory_bytes : NO_NUMBER);
    json_object_end(out);
    json_object(out, "redis");
    score_add_number(out, "round_trips_per_message", figures->round_trips);
    score_add_number(out, "commands_per_message", figures->commands);
    json_object_end(out);
}

static void add_incident(struct json_out *out, const struct live *live, uint32_t number)
{
    const struct live_incident *incident = &live->ledger.incidents[number];
    const struct score_incident *planted = &live->ledger.data.incidents[number];
    struct live_stop stop = live_ledger_stop(&live->ledger, number);
    json_object(out, NULL);
    json_string(out, "id", planted->id);
    json_string(out, "kind", planted->kind);
    score_add_scope(out, "scope", &live->ledger.data, planted->scope);
    score_add_count(out, "misdirected", stop.misdirected);
    score_add_number(out, "first_seconds",
            stop.first_ns != 0 ? (double)(stop.first_ns - live->schedule.start_ns) / 1e9
                               : NO_NUMBER);
    if (incident->seen_ns == 0) {
        json_null(out, "held");
    } else {
        json_object(out, "held");
        json_text(out, "kind", scope_kind_names[incident->seen_kind]);
        json_text(out, "id", incident->scopes[incident->seen_kind]);
        json_object_end(out);
    }
    score_add_number(
            out, "latency_ms", stop.latency_ns >= 0 ? (double)stop.latency_ns / 1e6 : NO_NUMBER);
    score_add_count(out, "escaped", stop.escaped);
    json_bool(out, "is_measured", live_stop_counts(live, number, &stop));
    json_object_end(out);
}

static void add_seen(
        struct json_out *out, const struct live *live, const struct live_figures *figures)
{
    const struct live_ledger *ledger = &live->ledger;
    add_latency(out, "hold_latency_ms", &figures->holds.latency);
    add_latency(out, "scope_latency_ms", &figures->stops);
    json_object(out, "holds");
    score_add_count(out, "expected", figures->holds.expected);
    score_add_count(out, "matched", figures->holds.matched);
    score_add_count(out, "repeated", ledger->repeated);
    score_add_count(out, "unexpected", ledger->unexpected);
    score_add_count(out, "foreign", ledger->foreign);
    score_add_count(out, "scopes", ledger->scope_holds);
    json_object_end(out);
    json_array(out, "incidents");
    for (uint32_t i = 0; i < ledger->data.incident_count; i++) {
        add_incident(out, live, i);
    }
    json_array_end(out);
}

// Whether a floor is there; else its place says why not.
static bool begin_floor(struct json_out *out, const char *key, const char *why)
{
    json_object(out, key);
    json_string_or_null(out, "why", why[0] != '\0' ? view_of(why) : VIEW_NONE);
    return why[0] == '\0';
}

static void add_floors(
        struct json_out *out, const struct live *live, const struct live_figures *figures)
{
    const struct live_floors *floors = &live->floors;
    if (!live->options->with_floors || !live->has_settled) {
        json_null(out, "floors");
        return;
    }
    json_object(out, "floors");
    if (begin_floor(out, "consumer", floors->consumer.why)) {
        score_add_count(out, "messages", floors->consumer.messages);
        score_add_number(out, "per_second", figures->consumer_per_second);
        score_add_number(out, "cpu_ns_per_message", figures->consumer_ns);
    }
    json_object_end(out);
    if (begin_floor(out, "round_trip", floors->round_trip.why)) {
        json_int(out, "rate", floors->round_trip.rate);
        score_add_count(out, "lost", floors->round_trip.lost);
        add_latency(out, "latency_ms", &floors->round_trip.latency);
    }
    json_object_end(out);
    if (begin_floor(out, "redis", floors->redis.why)) {
        json_int(out, "keys", floors->redis.keys);
        json_int(out, "keys_per_mget", floors->redis.depth);
        score_add_count(out, "lookups", floors->redis.lookups);
        score_add_share(out, "found", floors->redis.found, floors->redis.lookups);
        score_add_number(out, "per_second", figures->redis_per_second);
        score_add_number(out, "client_cpu_ns_per_lookup", figures->redis_client_ns);
        score_add_number(out, "server_cpu_ns_per_lookup", figures->redis_server_ns);
    }
    json_object_end(out);
    json_object_end(out);
}

static void add_goals(struct json_out *out, const struct live_figures *figures)
{
    json_array(out, "goals");
    for (unsigned i = 0; i < GOAL_COUNT; i++) {
        const struct live_goal *goal = &figures->goals[i];
        json_object(out, NULL);
        json_text(out, "name", goal->name);
        score_add_number(out, goal->is_at_least ? "at_least" : "at_most", goal->goal);
        score_add_number(out, "figure", goal->figure);
        if (goal->why == NULL) {
            json_bool(out, "met", live_goal_is_met(goal));
        } else {
            json_null(out, "met");
            json_text(out, "why", goal->why);
        }
        json_object_end(out);
    }
    json_array_end(out);
}

// [seconds, sent, settled]
static void add_series(struct json_out *out, const struct live *live)
{
    json_array(out, "series");
    for (uint32_t i = 0; i < live->sample_count; i++) {
        const struct live_sample *sample = &live->samples[i];
        json_array(out, NULL);
        score_add_number(out, NULL, (double)sample->at_ns / 1e9);
        json_int(out, NULL, sample->sent);
        json_int(out, NULL, sample->settled);
        json_array_end(out);
    }
    json_array_end(out);
}

void live_add_json(struct strbuf *text, const struct live *live)
{
    struct live_figures *figures = malloc(sizeof *figures);
    if (figures == NULL) {
        text->failed = ERR_NO_MEMORY;
        return;
    }
    live_figures_of(live, figures);
    struct json_out out;
    json_begin(&out, text);
    json_object(&out, NULL);
    json_int(&out, "format", FORMAT);
    json_text(&out, "version", WN_VERSION);
    json_time(&out, "started_at", live->started_at_ms);
    json_bool(&out, "complete", live->why[0] == '\0');
    json_string_or_null(&out, "why", live->why[0] != '\0' ? view_of(live->why) : VIEW_NONE);
    add_workload(&out, live);
    add_sending(&out, live);
    add_costs(&out, live, figures);
    add_seen(&out, live, figures);
    add_floors(&out, live, figures);
    add_goals(&out, figures);
    add_series(&out, live);
    json_object_end(&out);
    strbuf_add_byte(text, '\n');
    free(figures);
}
