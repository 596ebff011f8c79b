#include "bench/live_figures.h"

#include <math.h>

#include "bench/statistics.h"

int64_t live_measured_from_ns(const struct live *live)
{
    return live->schedule.start_ns + live->options->warmup_seconds * 1000000000;
}

static double share(double part, double whole)
{
    return whole > 0 ? part / whole : NO_NUMBER;
}

static double process_ns(
        const struct process_cost *before, const struct process_cost *after, double messages)
{
    bool is_known = before->is_known && after->is_known;
    return is_known ? share((double)(after->cpu_ns - before->cpu_ns), messages) : NO_NUMBER;
}

static void add_costs(const struct live *live, struct live_figures *figures)
{
    const struct live_cost *before = &live->before;
    const struct live_cost *after = &live->after;
    bool is_known = before->is_taken && after->is_taken;
    double messages = is_known ? (double)(after->settled - before->settled) : 0;
    figures->messages = messages;
    figures->seconds = is_known ? (double)(after->at_ns - before->at_ns) / 1e9 : NO_NUMBER;
    figures->per_second = share(messages, figures->seconds);
    figures->processor_ns = process_ns(&before->processor, &after->processor, messages);
    figures->redis_ns = process_ns(&before->redis_process, &after->redis_process, messages);
    figures->broker_ns = process_ns(&before->broker, &after->broker, messages);
    figures->driver_ns = share((double)(after->driver_cpu_ns - before->driver_cpu_ns), messages);
    bool has_redis = before->redis.is_known && after->redis.is_known;
    figures->round_trips =
            has_redis ? share((double)(after->redis.reads - before->redis.reads), messages)
                      : NO_NUMBER;
    figures->commands =
            has_redis ? share((double)(after->redis.commands - before->redis.commands), messages)
                      : NO_NUMBER;
}

bool live_stop_counts(const struct live *live, uint32_t incident, const struct live_stop *stop)
{
    return !live->ledger.data.incidents[incident].is_lag && stop->latency_ns >= 0 &&
           stop->first_ns >= live_measured_from_ns(live);
}

static void add_latencies(const struct live *live, struct live_figures *figures)
{
    live_ledger_holds(&live->ledger, live_measured_from_ns(live), &figures->holds);
    for (uint32_t i = 0; i < live->ledger.data.incident_count; i++) {
        struct live_stop stop = live_ledger_stop(&live->ledger, i);
        if (live_stop_counts(live, i, &stop)) {
            latency_add(&figures->stops, stop.latency_ns);
        }
    }
}

static void add_floors(const struct live *live, struct live_figures *figures)
{
    const struct live_floors *floors = &live->floors;
    double wall_s = (double)floors->consumer.wall_ns / 1e9;
    figures->consumer_per_second = share((double)floors->consumer.messages, wall_s);
    figures->consumer_ns =
            share((double)floors->consumer.cpu_ns, (double)floors->consumer.messages);
    double lookups = (double)floors->redis.lookups;
    figures->redis_per_second = share(lookups, (double)floors->redis.wall_ns / 1e9);
    figures->redis_client_ns = share((double)floors->redis.client_cpu_ns, lookups);
    figures->redis_server_ns = floors->redis.server_cpu_ns >= 0
                                       ? share((double)floors->redis.server_cpu_ns, lookups)
                                       : NO_NUMBER;
}

static double slowest_stop_ms(const struct live_figures *figures)
{
    return figures->stops.count > 0 ? (double)figures->stops.max_ns / 1e6 : NO_NUMBER;
}

static void add_goals(const struct live *live, struct live_figures *figures)
{
    bool is_flat_out = live->options->rate == 0;
    const struct latency *trip = &live->floors.round_trip.latency;
    double hold = figures->holds.latency.count > 0 && trip->count > 0
                          ? share((double)latency_at(&figures->holds.latency, 990),
                                    (double)latency_at(trip, 990))
                          : NO_NUMBER;
    figures->goals[GOAL_CPU] = (struct live_goal){.name = "processor_cpu_ns_per_message",
            .text = "CPU time of the processor, ns a message",
            .goal = 2000,
            .figure = figures->processor_ns};
    figures->goals[GOAL_THROUGHPUT] = (struct live_goal){.name = "throughput_to_redis_alone",
            .text = "Throughput, as a share of what Redis alone serves",
            .goal = 0.7,
            .is_at_least = true,
            .figure =
                    is_flat_out ? share(figures->per_second, figures->redis_per_second) : NO_NUMBER,
            .why = is_flat_out ? NULL : "only --rate 0 says so"};
    figures->goals[GOAL_HOLD] = (struct live_goal){.name = "hold_p99_to_round_trip_p99",
            .text = "Message to hold, 99th percentile, as a multiple of the broker's own",
            .goal = 2,
            .figure = is_flat_out ? NO_NUMBER : hold,
            .why = is_flat_out ? "only a --rate says so" : NULL};
    figures->goals[GOAL_STOP] = (struct live_goal){.name = "first_bad_to_scope_command_ms",
            .text = "First bad message to the hold of its batch, slowest, ms",
            .goal = 100,
            .figure = is_flat_out ? NO_NUMBER : slowest_stop_ms(figures),
            .why = is_flat_out ? "only a --rate says so" : NULL};
    for (unsigned i = 0; i < GOAL_COUNT; i++) {
        struct live_goal *goal = &figures->goals[i];
        if (isnan(goal->figure) && goal->why == NULL) {
            goal->why = "what it needs was not measured";
        }
    }
}

bool live_goal_is_met(const struct live_goal *goal)
{
    return goal->is_at_least ? goal->figure >= goal->goal : goal->figure <= goal->goal;
}

void live_figures_of(const struct live *live, struct live_figures *ret)
{
    *ret = (struct live_figures){0};
    add_costs(live, ret);
    add_latencies(live, ret);
    add_floors(live, ret);
    add_goals(live, ret);
}
