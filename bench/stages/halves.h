// The second half on a bench: fold and detect with a clock between them, and the whole of it.
#pragma once

#include <time.h>

#include "bench/stages/traffic.h"
#include "detect/detect.h"
#include "detect_line.h"
#include "fold/fold.h"

// Up to detect.
struct front {
    struct scopes *scopes;
    struct recent *recent;
    struct fold *fold;
    struct detect *detect;
    int64_t sequence;
};

struct whole {
    struct detect_line *line;
    struct emitter emitter;
    int64_t sequence;
};

void front_init(struct front *front, const struct config *config);
void front_fini(struct front *front);
// Its records go nowhere.
void whole_init(struct whole *whole, const struct config *config);
void whole_fini(struct whole *whole);
void whole_take(struct whole *whole, const struct frames *frames);

struct stopwatch {
    clockid_t id;
    double read_ns;        // what a reading costs
    double interrupted_ns; // above it something else ran
};

double stopwatch_ns(const struct stopwatch *watch);
// CPU time; of small frames, where reading that would be most of what is measured, the time of day.
struct stopwatch stopwatch_for(uint32_t messages_a_frame);

// Nanoseconds of all frames, the readings taken off; of those in which something else ran, as many
// as the others take.
struct front_time {
    double fold;
    double detect;
};

struct front_time front_take(
        struct front *front, const struct frames *frames, const struct stopwatch *watch);
