// How many misdirected messages the detector needs, on average, for an incident of a given rate: the
// processor's own bank, from a cold start, with the baseline and the clump guard that the run had.
#include "bench/exact_steps.h"
#include "bench/oracle.h"
#include "bench/random.h"
#include "bench/report.h"
#include "bench/report_redrive.h"

enum { RUNS = 400, MESSAGES_MAX = 20000, PEOPLE_MIN = 3 };

static const double DEFAULT_BUDGET = 2e8;

// The misdirected messages of one made-up incident until quarantine; 0 = never.
static unsigned one_run(struct random *rng, uint32_t rate_millionths, unsigned level,
        const int64_t thresholds[ACUTE_COUNT])
{
    struct redrive drive = {.level = level};
    unsigned misdirected = 0;
    for (unsigned n = 0; n < MESSAGES_MAX; n++) {
        // An incident begins with its first misdirected message.
        bool is_bad = n == 0 || random_chance(rng, rate_millionths);
        misdirected += is_bad;
        redrive_step(&drive, is_bad, VIEW_NONE, 0);
        for (unsigned j = 0; j < ACUTE_COUNT && is_bad && misdirected >= PEOPLE_MIN; j++) {
            if (drive.bank.nodes[j].w_nat6 >= thresholds[j]) {
                return misdirected;
            }
        }
    }
    return 0;
}

double report_theory_mean(double rate, double baseline, double budget)
{
    struct random rng;
    random_init(&rng, 1);
    unsigned level = redrive_level(baseline);
    int64_t thresholds[ACUTE_COUNT];
    for (unsigned j = 0; j < ACUTE_COUNT; j++) {
        thresholds[j] = exact_threshold(budget, j);
    }
    uint32_t rate_millionths = (uint32_t)(rate * 1e6 + 0.5);
    uint64_t sum = 0;
    for (unsigned i = 0; i < RUNS; i++) {
        unsigned misdirected = one_run(&rng, rate_millionths, level, thresholds);
        if (misdirected == 0) {
            return -1; // too weak for a quarantine
        }
        sum += misdirected;
    }
    return (double)sum / RUNS;
}

void report_theory(struct report *report)
{
    for (uint32_t i = 0; i < report->planted_count; i++) {
        struct report_planted *planted = &report->planted[i];
        if (planted->incident == UINT32_MAX || planted->messages == 0 || !planted->is_step ||
                planted->misdirected == 0) {
            continue;
        }
        const struct report_incident *incident = &report->incidents[planted->incident];
        const struct report_evidence *evidence = &report_decisive(report, incident)->evidence;
        double budget = incident->tier >= TIER_QUARANTINE && evidence->false_alarm_budget > 0
                                ? (double)evidence->false_alarm_budget
                                : DEFAULT_BUDGET;
        if (planted->rate == 0) {
            planted->rate = (double)planted->misdirected / (double)planted->messages;
        }
        planted->theory = report_theory_mean(planted->rate, evidence->baseline, budget);
        struct oracle oracle;
        if (oracle_knows(evidence->baseline, planted->rate) &&
                oracle_make(&oracle, evidence->baseline, planted->rate, budget) == ERR_NONE) {
            planted->oracle = oracle.mean_misdirected;
        }
    }
}
