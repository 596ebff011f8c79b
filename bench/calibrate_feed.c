#include "bench/calibrate_feed.h"

#include <math.h>

void feed_init(struct feed *feed, const struct calibration *calibration)
{
    *feed = (struct feed){.calibration = calibration};
    exact_steps_make(&feed->exact, calibration->p0, calibration->rho);
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        feed->thresholds[j] = exact_threshold(calibration->budget, j);
    }
}

void feed_begin(struct feed *feed)
{
    feed->bank = (struct bank){0};
    feed->open = (struct bank_batch){0};
    feed->open_count = 0;
    feed->messages = 0;
    if (feed->calibration->credit > 1) {
        bank_give_credit(&feed->bank, (int32_t)floor(1e6 * log(feed->calibration->credit)));
    }
}

static bool step(struct feed *feed, const struct bank_batch *batch)
{
    struct step_table steps = exact_steps_table(&feed->exact);
    if (feed->calibration->rho <= 0) {
        steps.up_guarded = steps.up;
    }
    bank_step_by(&feed->bank, batch, &steps);
    if (batch->fresh + batch->guarded == 0) {
        return false; // B4
    }
    for (unsigned j = feed->calibration->first_node; j < feed->calibration->end_node; j++) {
        if (feed->bank.nodes[j].w_nat6 >= feed->thresholds[j]) {
            return true;
        }
    }
    return false;
}

// Steps the open batch once it is whole.
static bool step_open(struct feed *feed)
{
    if (feed->open_count < feed->calibration->batch) {
        return false;
    }
    const struct bank_batch batch = feed->open;
    feed->open = (struct bank_batch){0};
    feed->open_count = 0;
    return step(feed, &batch);
}

bool feed_healthy(struct feed *feed, uint64_t count)
{
    uint32_t size = feed->calibration->batch;
    if (feed->open_count > 0) {
        uint32_t room = size - feed->open_count;
        uint32_t first = count < room ? (uint32_t)count : room;
        feed->open.good += first;
        feed->open_count += first;
        feed->messages += first;
        count -= first;
        if (step_open(feed)) {
            return true;
        }
    }
    feed->messages += count;
    // Whole batches of nothing but healthy messages are one: each takes every statistic down, until
    // it is 0.
    for (uint64_t whole = count / size * size; whole > 0;) {
        const struct bank_batch batch = {.good = whole < INT32_MAX ? (uint32_t)whole : INT32_MAX};
        whole -= batch.good;
        (void)step(feed, &batch);
    }
    feed->open.good += (uint32_t)(count % size);
    feed->open_count += (uint32_t)(count % size);
    return false;
}

bool feed_misdirected(struct feed *feed, bool behind)
{
    feed->open.fresh += !behind;
    feed->open.guarded += behind;
    feed->open_count++;
    feed->messages++;
    return step_open(feed);
}

// The chain "misdirected after misdirected: rho; after healthy: rate (1 - rho) / (1 - rate)" has
// the rate as its share of misdirected ones.
struct gaps gaps_of(double rate, double clump_rho)
{
    double after_healthy = clump_rho > 0 ? rate * (1 - clump_rho) / (1 - rate) : rate;
    return (struct gaps){rate, clump_rho, log1p(-after_healthy)};
}

uint64_t gaps_draw(const struct gaps *gaps, struct random *rng, bool behind)
{
    if (gaps->rate >= 1) {
        return 0;
    }
    double unit = ((double)(random_next(rng) >> 11) + 0.5) * 0x1p-53;
    bool clumps = behind && gaps->clump_rho > 0;
    if (clumps) {
        if (unit <= gaps->clump_rho) {
            return 0;
        }
        unit = (unit - gaps->clump_rho) / (1 - gaps->clump_rho);
    }
    return (uint64_t)floor(log(unit) / gaps->log_healthy) + clumps;
}
