// The planners of healthy traffic: the steady day of campaigns that each run evenly, and the
// realistic one of bursts, long tails and lenders that differ.
#include <stdlib.h>

#include "bench/generate_draw.h"
#include "bench/generate_plan.h"

enum {
    SIZE_QUANTILES = 32,
    CAMPAIGN_MIN = 20,
    CAMPAIGN_MAX = 5000000,
    CAMPAIGN_COUNT_MAX = 1000000,
    P0_LEAST_MILLIONTHS = 500,
    P0_DOUBLINGS = 348778, // to 2 %
    P0_MOST_MILLIONTHS = 30000,
    FACTOR_SIGMA = 400,
    RATE_DOUBLINGS = 936360, // from 1 to 20,000 messages a second
    DRIFT_ONE = 1024,
};

// Quantiles of the lognormal distribution with median 800 and sigma 1.8, at (i + 1/2) / 32.
static const uint32_t size_quantiles[SIZE_QUANTILES] = {17, 39, 62, 87, 115, 146, 179, 217, 259,
        306, 359, 418, 485, 561, 647, 746, 858, 989, 1141, 1319, 1530, 1783, 2090, 2469, 2948, 3567,
        4398, 5564, 7320, 10267, 16339, 38622};

static uint32_t at_most(uint64_t value, uint32_t most)
{
    return value < most ? (uint32_t)value : most;
}

uint32_t plan_draw_p0(struct plan *plan)
{
    uint32_t given = plan->options->p0_millionths;
    if (given != P0_MIXED) {
        return given;
    }
    return at_most(draw_loguniform(&plan->world.rng, P0_LEAST_MILLIONTHS, P0_DOUBLINGS),
            P0_MOST_MILLIONTHS);
}

// --- steady -----------------------------------------------------------------------------------

static void plan_steady_campaigns(struct plan *plan, const uint64_t *sizes)
{
    const struct generate_options *options = plan->options;
    struct random *rng = &plan->world.rng;
    uint64_t healthy = generate_healthy_count(options);
    uint64_t end_us = plan_end_us(plan);
    for (uint32_t i = 0; i < options->campaigns; i++) {
        struct campaign campaign;
        plan_draw_campaign(rng, i + 1, i % options->tenants, &campaign);
        campaign.planned_size = sizes[i];
        if (sizes[i] > healthy / 20 && !purpose_is_watched(campaign.purpose)) {
            campaign.purpose = PURPOSE_REMINDER; // or one campaign makes most of the day exempt
        }
        struct stream stream = {
                .campaign = plan_add_campaign(plan, &campaign),
                .incident = INDEX_NONE,
                .negative = INDEX_NONE,
                .size = sizes[i],
        };
        stream.start_us = random_below(rng, end_us - HOUR_US);
        stream.span_us = HOUR_US / 2 + random_below(rng, end_us - stream.start_us - HOUR_US / 2);
        stream.cursor = random_next(rng) >> 32;
        plan_add_stream(plan, &stream);
    }
}

void plan_steady(struct plan *plan)
{
    struct random *rng = &plan->world.rng;
    uint32_t count = plan->options->campaigns;
    uint64_t *weights = calloc(2 * (size_t)count, sizeof *weights);
    if (weights == NULL) {
        plan->failed = ERR_NO_MEMORY;
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        weights[i] = size_quantiles[random_below(rng, SIZE_QUANTILES)];
        weights[i] *= 75 + random_below(rng, 51);
    }
    uint64_t *sizes = weights + count;
    plan_share_out(weights, count, generate_healthy_count(plan->options), sizes);
    plan_steady_campaigns(plan, sizes);
    free(weights);
    for (uint32_t i = 0; i < plan->tenant_count; i++) {
        uint32_t scattered = 1000 + (uint32_t)random_below(rng, 4001);
        plan->tenants[i].p0_millionths =
                plan->options->p0_millionths == P0_NONE ? scattered : plan_draw_p0(plan);
    }
    for (uint32_t i = 0; i < plan->campaign_count; i++) {
        struct campaign *campaign = &plan->campaigns[i];
        campaign->p0_millionths = plan->tenants[campaign->tenant].p0_millionths;
    }
}

// --- realistic --------------------------------------------------------------------------------

// Sizes of as many campaigns as the messages need, or of as many as are asked for. NULL when there
// is no memory.
static uint64_t *draw_sizes(struct plan *plan, uint32_t *ret_count)
{
    uint64_t healthy = generate_healthy_count(plan->options);
    uint32_t wanted = plan->options->campaigns;
    uint32_t capacity = wanted != 0 ? wanted
                        : healthy / CAMPAIGN_MIN + 1 < CAMPAIGN_COUNT_MAX
                                ? (uint32_t)(healthy / CAMPAIGN_MIN + 1)
                                : CAMPAIGN_COUNT_MAX;
    uint64_t *sizes = calloc(2 * (size_t)capacity, sizeof *sizes);
    uint64_t sum = 0;
    uint32_t count = 0;
    while (sizes != NULL && count < capacity && (wanted != 0 || sum < healthy)) {
        uint64_t size = draw_lognormal(&plan->world.rng, 800, 1800);
        sizes[count] = size < CAMPAIGN_MIN ? CAMPAIGN_MIN : at_most(size, CAMPAIGN_MAX);
        sum += sizes[count++];
    }
    *ret_count = count;
    if (sizes != NULL && count > 0 && wanted == 0 && sum >= healthy) {
        sizes[count - 1] -= sum - healthy;
    } else if (sizes != NULL && count > 0) {
        plan_share_out(sizes, count, healthy, sizes + capacity);
        memcpy(sizes, sizes + capacity, count * sizeof *sizes);
    }
    return sizes;
}

// A campaign of that rate, a third of the time on, somewhere in the days.
static void plan_bursts(struct plan *plan, struct stream *stream)
{
    struct random *rng = &plan->world.rng;
    uint64_t end_us = plan_end_us(plan);
    uint64_t rate = draw_loguniform(rng, 1, RATE_DOUBLINGS);
    uint64_t span_us = stream->size * 1000000 / rate * 10 / 3;
    stream->span_us = span_us < 1000000 ? 1000000 : span_us < end_us ? span_us : end_us;
    stream->start_us = random_below(rng, end_us - stream->span_us + 1);
    uint64_t period_us = HOUR_US / 30 + random_below(rng, HOUR_US / 3);
    uint64_t bursts = stream->span_us / period_us + 1;
    stream->bursts = bursts < stream->size ? bursts : stream->size;
}

static uint32_t draw_campaign_p0(
        struct plan *plan, uint32_t tenant, const uint32_t *vendor_factors, uint32_t vendor)
{
    uint64_t p0 = plan->tenants[tenant].p0_millionths;
    if (plan->options->p0_millionths != P0_MIXED) {
        return (uint32_t)p0;
    }
    p0 = p0 * vendor_factors[tenant * VENDORS + vendor] / DRIFT_ONE;
    return at_most(draw_lognormal(&plan->world.rng, p0, FACTOR_SIGMA), P0_MOST_MILLIONTHS);
}

static void plan_realistic_campaign(
        struct plan *plan, uint32_t i, uint64_t size, const uint32_t *vendor_factors)
{
    struct random *rng = &plan->world.rng;
    uint32_t tenant = (uint32_t)random_below(rng, plan->tenant_count);
    struct campaign campaign;
    plan_draw_campaign(rng, i + 1, tenant, &campaign);
    campaign.planned_size = size;
    if (size > generate_healthy_count(plan->options) / 20 &&
            !purpose_is_watched(campaign.purpose)) {
        campaign.purpose = PURPOSE_REMINDER;
    }
    uint32_t vendor = 0;
    for (const char *p = campaign.vendor_id; *p != '\0'; p++) {
        vendor = (uint32_t)(*p - '1'); // the last digit
    }
    campaign.p0_millionths = draw_campaign_p0(plan, tenant, vendor_factors, vendor);
    struct stream stream = {
            .campaign = plan_add_campaign(plan, &campaign),
            .incident = INDEX_NONE,
            .negative = INDEX_NONE,
            .size = size,
            .cursor = random_next(rng) >> 32,
    };
    plan_bursts(plan, &stream);
    plan_add_stream(plan, &stream);
}

void plan_realistic(struct plan *plan)
{
    uint32_t count = 0;
    uint64_t *sizes = draw_sizes(plan, &count);
    uint32_t *vendor_factors = calloc((size_t)plan->tenant_count * VENDORS, sizeof *vendor_factors);
    if (sizes == NULL || vendor_factors == NULL) {
        plan->failed = ERR_NO_MEMORY;
        count = 0;
    }
    for (uint32_t i = 0; i < plan->tenant_count && vendor_factors != NULL; i++) {
        plan->tenants[i].p0_millionths = plan_draw_p0(plan);
        for (uint32_t j = 0; j < VENDORS; j++) {
            vendor_factors[i * VENDORS + j] =
                    (uint32_t)draw_lognormal(&plan->world.rng, DRIFT_ONE, FACTOR_SIGMA);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        plan_realistic_campaign(plan, i, sizes[i], vendor_factors);
    }
    free(sizes);
    free(vendor_factors);
}

// --- what comes and goes ----------------------------------------------------------------------

// Of each tenant a random walk of 5 % a day, and on three days of a hundred a climb by half within
// six hours, which lasts until the evening.
void plan_drift(struct plan *plan)
{
    struct random *rng = &plan->world.rng;
    const uint32_t slots = plan->days * DRIFT_SLOTS_A_DAY;
    const int64_t sigma_a_slot = DRIFT_ONE / 100; // 5 % / sqrt(26)
    const uint32_t climb_slots = 12;
    plan->drift = calloc((size_t)plan->tenant_count * slots, sizeof *plan->drift);
    if (plan->drift == NULL) {
        plan->failed = ERR_NO_MEMORY;
        return;
    }
    for (uint32_t tenant = 0; tenant < plan->tenant_count; tenant++) {
        int64_t level = DRIFT_ONE;
        uint32_t climb_from = slots;
        for (uint32_t slot = 0; slot < slots; slot++) {
            if (slot % DRIFT_SLOTS_A_DAY == 0) {
                bool climbs = random_below(rng, 100) < 3;
                climb_from = climbs ? slot + (uint32_t)random_below(rng, climb_slots) : slots;
            }
            level += level * draw_normal(rng) / 65536 * sigma_a_slot / DRIFT_ONE;
            level = level < DRIFT_ONE / 2   ? DRIFT_ONE / 2
                    : level > 2 * DRIFT_ONE ? 2 * DRIFT_ONE
                                            : level;
            int64_t climbed = slot < climb_from ? 0 : slot - climb_from + 1;
            climbed = climbed < climb_slots ? climbed : climb_slots;
            plan->drift[tenant * slots + slot] =
                    (uint16_t)(level + level * climbed / (2 * climb_slots));
        }
    }
}

static uint32_t stream_tenant(const struct plan *plan, const struct stream *stream)
{
    return stream->campaign != INDEX_NONE ? plan->campaigns[stream->campaign].tenant
                                          : plan->incidents[stream->incident].like.tenant;
}

void plan_episodes(struct plan *plan)
{
    struct random *rng = &plan->world.rng;
    uint32_t count = plan->options->lag_episodes;
    if (count == 0 || plan->failed != ERR_NONE) {
        return;
    }
    plan->episodes = calloc(count, sizeof *plan->episodes);
    if (plan->episodes == NULL) {
        plan->failed = ERR_NO_MEMORY;
        return;
    }
    const uint64_t shortest_us = HOUR_US / 12;
    for (uint32_t i = 0; i < count && plan->stream_count > 0; i++) {
        // While the tenant sends, or nobody would notice.
        const struct stream *stream = &plan->streams[random_below(rng, plan->stream_count)];
        struct episode *episode = &plan->episodes[i];
        episode->tenant = stream_tenant(plan, stream);
        episode->start_us = stream->start_us + random_below(rng, stream->span_us);
        episode->end_us = episode->start_us + shortest_us + random_below(rng, 5 * shortest_us + 1);
        episode->next = plan->tenants[episode->tenant].first_episode;
        plan->tenants[episode->tenant].first_episode = i;
    }
    plan->episode_count = count;
}
