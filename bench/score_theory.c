#include "bench/score_theory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/random.h"
#include "bench/statistics.h"

enum {
    RUNS = 400,
    TRIAL_RUNS = 20,
    ALL_RUNS_MESSAGES = 300000,
    RUN_MAX_MESSAGES = 20000,
    RUN_MAX_MISDIRECTED = 4096
};

void replica_init(struct replica *replica, double p0, double rho, double budget)
{
    *replica = (struct replica){.guard = rho > 0};
    exact_steps_make(&replica->steps, p0, rho);
    for (unsigned j = 0; j < ACUTE_COUNT; j++) {
        replica->thresholds[j] = exact_threshold(budget, j);
    }
}

void replica_reset(struct replica *replica)
{
    replica->bank = (struct bank){0};
    replica->previous = false;
}

bool replica_step(struct replica *replica, bool misdirected)
{
    struct step_table steps = exact_steps_table(&replica->steps);
    bool guarded = misdirected && replica->previous && replica->guard;
    const struct bank_batch batch = {
            .good = !misdirected,
            .fresh = misdirected && !guarded,
            .guarded = guarded,
    };
    bank_step_by(&replica->bank, &batch, &steps);
    replica->previous = misdirected;
    for (unsigned j = 0; misdirected && j < ACUTE_COUNT; j++) {
        if (replica->bank.nodes[j].w_nat6 >= replica->thresholds[j]) {
            return true;
        }
    }
    return false;
}

uint32_t replica_least(struct replica *replica)
{
    replica_reset(replica);
    uint32_t k = 1;
    while (k < RUN_MAX_MISDIRECTED && !replica_step(replica, true)) {
        k++;
    }
    return k;
}

// One made-up campaign. The misdirected messages until its alarm; 0 when there is none in sight.
static uint32_t run_once(
        struct replica *replica, uint64_t bad_below, struct random *rng, uint64_t *messages)
{
    replica_reset(replica);
    uint32_t misdirected = 0;
    for (int n = 0; n < RUN_MAX_MESSAGES && misdirected < RUN_MAX_MISDIRECTED - 1; n++) {
        bool bad = random_next(rng) >> 11 < bad_below;
        misdirected += bad;
        ++*messages;
        if (replica_step(replica, bad)) {
            return misdirected;
        }
    }
    return 0;
}

void replica_measure(struct replica *replica, double p1, struct replica_delay *ret_delay)
{
    uint32_t by_count[RUN_MAX_MISDIRECTED] = {0};
    struct random rng;
    random_init(&rng, 1);
    uint64_t bad_below = (uint64_t)ldexp(p1, 53);
    uint64_t messages = 0;
    uint32_t detected = 0;
    uint32_t runs = 0;
    double sum = 0;
    // A rate that is none of the acute nodes' business is given up soon.
    while (runs < RUNS && (runs < TRIAL_RUNS || messages < ALL_RUNS_MESSAGES)) {
        uint32_t misdirected = run_once(replica, bad_below, &rng, &messages);
        by_count[misdirected]++;
        detected += misdirected > 0;
        sum += misdirected;
        runs++;
    }
    *ret_delay = (struct replica_delay){
            .mean_misdirected = NO_NUMBER,
            .p95_misdirected = NO_NUMBER,
            .undetected = 1 - (double)detected / runs,
    };
    if (detected < runs / 2) {
        return;
    }
    ret_delay->mean_misdirected = sum / detected;
    uint32_t below = 0;
    uint32_t k = 0;
    while (below < (detected * 95 + 99) / 100) {
        below += by_count[++k];
    }
    ret_delay->p95_misdirected = k;
}
