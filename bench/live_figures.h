// What is told of a measurement, worked out once for the JSON and the page. NAN = not known.
#pragma once

#include "bench/live.h"

enum live_goal_name { GOAL_CPU, GOAL_THROUGHPUT, GOAL_HOLD, GOAL_STOP, GOAL_COUNT };

struct live_goal {
    const char *name; // of the JSON
    const char *text; // for people
    double goal;
    bool is_at_least; // else at most
    double figure;    // NAN: it cannot be said of this run
    const char *why;  // why it cannot; NULL = it can
};

struct live_figures {
    double messages; // settled behind the warm-up
    double seconds;
    double per_second;
    double processor_ns; // CPU a message
    double redis_ns;
    double broker_ns;
    double driver_ns;
    double round_trips; // Redis's reads a message
    double commands;    // Redis's commands a message
    struct live_holds holds;
    struct latency
            stops; // first bad message → hold of its batch, of incidents that begin behind the warm-up
    double consumer_per_second;
    double consumer_ns;
    double redis_per_second;
    double redis_client_ns;
    double redis_server_ns;
    struct live_goal goals[GOAL_COUNT];
};

void live_figures_of(const struct live *live, struct live_figures *ret);
bool live_goal_is_met(const struct live_goal *goal); // with a figure only
// Whether an incident's latency is in `stops`: it is one to be stopped, and begins behind the warm-up.
bool live_stop_counts(const struct live *live, uint32_t incident, const struct live_stop *stop);
// When the measured part begins.
int64_t live_measured_from_ns(const struct live *live);
