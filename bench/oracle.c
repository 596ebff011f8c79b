#include "bench/oracle.h"

#include <math.h>
#include <stdlib.h>

#include "common/assure.h"

enum { SWEEPS_MAX = 1000000 };

// The lattice's step at most, in nats: a tenth of it would change no figure's third digit.
static const double STEP_MAX_NATS = 0.01;
// What is left when a sum has converged.
static const double REST = 1e-10;

bool oracle_knows(double p0, double p1)
{
    return p0 > 0 && p0 < 0.5 && p1 >= 1.5 * p0 && p1 <= 1;
}

uint32_t oracle_impossible_below(double p0, double budget)
{
    uint32_t k = 1;
    while ((pow(p0, -(double)k) - 1) / (1 - p0) < budget) {
        k++;
    }
    return k;
}

int64_t oracle_step(const struct oracle *oracle, int64_t statistic, bool misdirected)
{
    if (misdirected) {
        return statistic + oracle->up;
    }
    return statistic > oracle->down ? statistic - oracle->down : 0;
}

// The mean number of healthy messages until the statistic reaches `threshold`. A cycle begins at 0
// and ends at 0 or at the threshold; the mean is the cycle's length over the chance that it ends
// above. In place and from below: a sweep takes every run of good messages whole, so sweeps count
// misdirected ones, of which a cycle has few.
static double mean_until_false_alarm(
        const struct oracle *oracle, int64_t threshold, double *chance, double *length)
{
    double p = oracle->p0;
    int64_t up = oracle->up;
    int64_t down = oracle->down;
    if (up >= threshold) {
        return 1 / p;
    }
    for (int64_t x = 0; x < threshold; x++) {
        chance[x] = 0;
        length[x] = 0;
    }
    for (int sweep = 0; sweep < SWEEPS_MAX; sweep++) {
        double old_chance = chance[up];
        double old_length = length[up];
        for (int64_t x = 1; x < threshold; x++) {
            double chance_below = x > down ? chance[x - down] : 0;
            double length_below = x > down ? length[x - down] : 0;
            double chance_above = x + up < threshold ? chance[x + up] : 1;
            double length_above = x + up < threshold ? length[x + up] : 0;
            chance[x] = (1 - p) * chance_below + p * chance_above;
            length[x] = 1 + (1 - p) * length_below + p * length_above;
        }
        if (chance[up] > 0 && chance[up] - old_chance <= 1e-7 * chance[up] &&
                length[up] - old_length <= 1e-7 * length[up]) {
            break;
        }
    }
    return (1 + p * length[up]) / (p * chance[up]);
}

// The least threshold that keeps the budget. The mean time is at least e^h (Lorden), so ln budget
// is enough.
static void find_threshold(struct oracle *oracle, int64_t enough, double *chance, double *length)
{
    int64_t low = 0; // does not keep it
    int64_t high = enough;
    oracle->false_alarm_messages = mean_until_false_alarm(oracle, high, chance, length);
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        double mean = mean_until_false_alarm(oracle, middle, chance, length);
        if (mean >= oracle->budget) {
            high = middle;
            oracle->false_alarm_messages = mean;
        } else {
            low = middle;
        }
    }
    oracle->threshold = high;
}

// Delay at rate p1 from 0: `before` and `after` hold, by statistic, the chance of an alarm within
// s - 1 and s misdirected messages more.
static void find_delay(struct oracle *oracle, double *before, double *after)
{
    double p = oracle->p1;
    int64_t threshold = oracle->threshold;
    for (int64_t x = 0; x < threshold; x++) {
        before[x] = 0;
    }
    oracle->mean_misdirected = 0;
    oracle->p95_misdirected = 0;
    double left = 1;
    for (uint32_t s = 1; s < SWEEPS_MAX && left > REST; s++) {
        oracle->mean_misdirected += left; // the chance that an s-th is needed
        for (int64_t x = 0; x < threshold; x++) {
            double above = x + oracle->up < threshold ? before[x + oracle->up] : 1;
            double below = x > oracle->down ? after[x - oracle->down] : after[0];
            // At 0 good messages change nothing: the next misdirected one is what comes.
            after[x] = x == 0 ? above : (1 - p) * below + p * above;
        }
        left = 1 - after[0];
        if (oracle->p95_misdirected == 0 && left <= 0.05) {
            oracle->p95_misdirected = s;
        }
        double *other = before;
        before = after;
        after = other;
    }
}

// A rate of 1: one good message clears all doubt, and only an unbroken run counts.
static void make_certain(struct oracle *oracle)
{
    uint32_t k = oracle_impossible_below(oracle->p0, oracle->budget);
    oracle->step_nats = 0;
    oracle->up = 1;
    oracle->down = INT64_MAX;
    oracle->threshold = k;
    oracle->false_alarm_messages = (pow(oracle->p0, -(double)k) - 1) / (1 - oracle->p0);
    oracle->mean_misdirected = k;
    oracle->p95_misdirected = k;
}

enum err oracle_make(struct oracle *ret_oracle, double p0, double p1, double budget)
{
    ASSURE(oracle_knows(p0, p1) && budget >= 2);
    struct oracle oracle = {.p0 = p0, .p1 = p1, .budget = budget};
    if (p1 >= 1) {
        make_certain(&oracle);
        *ret_oracle = oracle;
        return ERR_NONE;
    }
    double down_nats = -log((1 - p1) / (1 - p0));
    oracle.down = (int64_t)ceil(down_nats / STEP_MAX_NATS);
    oracle.step_nats = down_nats / (double)oracle.down;
    oracle.up = llround(log(p1 / p0) / oracle.step_nats);
    int64_t enough = (int64_t)ceil(log(budget) / oracle.step_nats) + 1;
    double *first = malloc((size_t)enough * sizeof *first);
    double *second = malloc((size_t)enough * sizeof *second);
    if (first == NULL || second == NULL) {
        free(first);
        free(second);
        return ERR_NO_MEMORY;
    }
    find_threshold(&oracle, enough, first, second);
    find_delay(&oracle, first, second);
    free(first);
    free(second);
    *ret_oracle = oracle;
    return ERR_NONE;
}
