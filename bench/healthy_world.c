#include "bench/healthy_world.h"

#include <math.h>
#include <stdlib.h>

#include "bench/random.h"

enum {
    LOOKUP_BITS = 14,
    LOOKUP = 1 << LOOKUP_BITS,
    HOUR_MS = 3600000,
    DAY_HOURS = 24,
    RISE_HOURS = 6,
    RUNS = 4,
};

static const int64_t FIRST_MS = INT64_C(1790000000000);
static const double TENANT_RATE_MIN = 0.0005;
static const double TENANT_RATE_MAX = 0.02;
static const double SIGMA = 0.4;
// Messages of a tenant a day.
static const double DAILY_MIN = 1e5;
static const double DAILY_MAX = 1e7;
// Messages of a campaign in a row, on average, by tenant: one list after the other, or all mixed.
static const double RUN_LENGTHS[RUNS] = {1, 4, 16, 64};

struct tenant {
    double rate;
    uint32_t rising_hours; // left of a rise by half
    double run_length;
    uint64_t sent;
};

struct healthy_world {
    struct random rng;
    double clump_rho;
    struct tenant tenants[HEALTHY_TENANTS];
    double vendor_factors[HEALTHY_ALL_VENDORS];
    struct healthy_campaign campaigns[HEALTHY_ALL_SLOTS];
    uint16_t vendors[LOOKUP]; // each as often as its share of the volume
    double messages_a_ms;
    uint64_t sent;
    int64_t hours;
    // of every campaign so far
    struct known {
        float factor;
        uint32_t tenant;
    } * known;
    uint64_t known_count;
    uint64_t known_room;
};

// --- chance -----------------------------------------------------------------------------------

// Above 0 and below 1.
static double draw_unit(struct random *rng)
{
    return ((double)(random_next(rng) >> 11) + 0.5) * 0x1p-53;
}

static double draw_log_uniform(struct random *rng, double low, double high)
{
    return low * exp(draw_unit(rng) * log(high / low));
}

static double draw_normal(struct random *rng)
{
    double radius = sqrt(-2 * log(draw_unit(rng)));
    return radius * cos(2 * 3.14159265358979323846 * draw_unit(rng));
}

// Healthy messages before the first misdirected one.
static uint64_t draw_gap(struct random *rng, double chance)
{
    return (uint64_t)floor(log(draw_unit(rng)) / log1p(-chance));
}

// --- the population ---------------------------------------------------------------------------

static bool campaign_begin(struct healthy_world *world, uint32_t slot)
{
    if (world->known_count == world->known_room) {
        uint64_t room = world->known_room == 0 ? 1 << 16 : world->known_room * 2;
        struct known *grown = realloc(world->known, room * sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        world->known = grown;
        world->known_room = room;
    }
    struct random *rng = &world->rng;
    uint32_t vendor = slot / HEALTHY_SLOTS;
    double size = floor(fmin(fmax(800 * exp(1.8 * draw_normal(rng)), 20), 5e6));
    struct healthy_campaign *campaign = &world->campaigns[slot];
    *campaign = (struct healthy_campaign){
            .number = world->known_count,
            .slot = slot,
            .sender = (uint32_t)random_below(rng, HEALTHY_SENDERS),
            .template_ = (uint32_t)random_below(rng, HEALTHY_TEMPLATES),
            .planned_size = random_below(rng, 2) == 0 ? (int64_t)size : 0,
            .left = (uint64_t)size,
            .factor = world->vendor_factors[vendor] * exp(SIGMA * draw_normal(rng)),
            .weight = draw_log_uniform(rng, 1, 1000),
    };
    world->known[world->known_count++] =
            (struct known){(float)campaign->factor, vendor / HEALTHY_VENDORS};
    campaign->gap = draw_gap(rng, healthy_campaign_rate(world, campaign->number));
    return true;
}

// Vendors of a tenant differ in volume by up to ten.
static void share_out(struct healthy_world *world)
{
    struct random *rng = &world->rng;
    double volumes[HEALTHY_ALL_VENDORS];
    double all = 0;
    for (uint32_t t = 0; t < HEALTHY_TENANTS; t++) {
        double *of_tenant = &volumes[t * HEALTHY_VENDORS];
        double sum = 0;
        for (uint32_t v = 0; v < HEALTHY_VENDORS; v++) {
            of_tenant[v] = draw_log_uniform(rng, 1, 10);
            sum += of_tenant[v];
        }
        double daily = draw_log_uniform(rng, DAILY_MIN, DAILY_MAX);
        for (uint32_t v = 0; v < HEALTHY_VENDORS; v++) {
            of_tenant[v] *= daily / sum;
        }
        all += daily;
    }
    world->messages_a_ms = all / (DAY_HOURS * (double)HOUR_MS);
    uint32_t vendor = 0;
    double upto = volumes[0];
    for (uint32_t i = 0; i < LOOKUP; i++) {
        while (vendor + 1 < HEALTHY_ALL_VENDORS && (i + 0.5) / LOOKUP * all > upto) {
            upto += volumes[++vendor];
        }
        world->vendors[i] = (uint16_t)vendor;
    }
}

struct healthy_world *healthy_world_create(uint64_t seed, double clump_rho)
{
    struct healthy_world *world = calloc(1, sizeof *world);
    if (world == NULL) {
        return NULL;
    }
    world->clump_rho = clump_rho;
    random_init(&world->rng, seed);
    share_out(world);
    for (uint32_t t = 0; t < HEALTHY_TENANTS; t++) {
        world->tenants[t].rate = draw_log_uniform(&world->rng, TENANT_RATE_MIN, TENANT_RATE_MAX);
        world->tenants[t].run_length = RUN_LENGTHS[random_below(&world->rng, RUNS)];
    }
    for (uint32_t v = 0; v < HEALTHY_ALL_VENDORS; v++) {
        world->vendor_factors[v] = exp(SIGMA * draw_normal(&world->rng));
    }
    for (uint32_t slot = 0; slot < HEALTHY_ALL_SLOTS; slot++) {
        if (!campaign_begin(world, slot)) {
            healthy_world_destroy(world);
            return NULL;
        }
    }
    return world;
}

void healthy_world_destroy(struct healthy_world *world)
{
    if (world != NULL) {
        free(world->known);
        free(world);
    }
}

// --- sending ----------------------------------------------------------------------------------

static void drift(struct healthy_world *world)
{
    struct random *rng = &world->rng;
    for (uint32_t t = 0; t < HEALTHY_TENANTS; t++) {
        struct tenant *tenant = &world->tenants[t];
        if (world->hours % DAY_HOURS == 0 && random_chance(rng, 30000)) {
            tenant->rising_hours = RISE_HOURS;
        }
        double step = 0.05 / sqrt(DAY_HOURS) * draw_normal(rng);
        if (tenant->rising_hours > 0) {
            tenant->rising_hours--;
            step += log(1.5) / RISE_HOURS;
        }
        tenant->rate = fmin(fmax(tenant->rate * exp(step), TENANT_RATE_MIN), TENANT_RATE_MAX);
    }
}

static uint32_t pick_slot(struct healthy_world *world)
{
    uint64_t bits = random_next(&world->rng);
    uint32_t first = world->vendors[bits & (LOOKUP - 1)] * (uint32_t)HEALTHY_SLOTS;
    const struct healthy_campaign *campaigns = &world->campaigns[first];
    double all = 0;
    for (uint32_t i = 0; i < HEALTHY_SLOTS; i++) {
        all += campaigns[i].weight;
    }
    double at = (double)(bits >> 32) * 0x1p-32 * all;
    uint32_t slot = 0;
    while (slot + 1 < HEALTHY_SLOTS && at >= campaigns[slot].weight) {
        at -= campaigns[slot++].weight;
    }
    return first + slot;
}

struct healthy_campaign *healthy_world_next(
        struct healthy_world *world, uint32_t most, uint32_t *ret_messages)
{
    uint32_t slot = pick_slot(world);
    struct healthy_campaign *campaign = &world->campaigns[slot];
    if (campaign->left == 0 && !campaign_begin(world, slot)) {
        return NULL;
    }
    const struct tenant *tenant = &world->tenants[slot / (HEALTHY_SLOTS * HEALTHY_VENDORS)];
    uint64_t messages = 1;
    if (tenant->run_length > 1) {
        messages += draw_gap(&world->rng, 1 / tenant->run_length);
    }
    messages = messages > campaign->left ? campaign->left : messages;
    *ret_messages = messages > most ? most : (uint32_t)messages;
    return campaign;
}

// The chain "misdirected after misdirected: rho, after healthy: rate (1 - rho) / (1 - rate)" has
// the rate as its share of misdirected ones.
static uint64_t next_gap(struct healthy_world *world, const struct healthy_campaign *campaign)
{
    double rate = healthy_campaign_rate(world, campaign->number);
    if (world->clump_rho <= 0) {
        return draw_gap(&world->rng, rate);
    }
    if (draw_unit(&world->rng) < world->clump_rho) {
        return 0;
    }
    return 1 + draw_gap(&world->rng, rate * (1 - world->clump_rho) / (1 - rate));
}

bool healthy_world_send(struct healthy_world *world, struct healthy_campaign *campaign,
        uint32_t messages, uint32_t *ret_sent)
{
    bool misdirected = campaign->gap < messages;
    uint32_t sent = misdirected ? (uint32_t)campaign->gap + 1 : messages;
    campaign->left -= sent;
    campaign->gap = misdirected ? next_gap(world, campaign) : campaign->gap - sent;
    world->sent += sent;
    world->tenants[campaign->slot / (HEALTHY_SLOTS * HEALTHY_VENDORS)].sent += sent;
    *ret_sent = sent;
    int64_t hours = (healthy_world_now_ms(world) - FIRST_MS) / HOUR_MS;
    while (world->hours < hours) {
        world->hours++;
        drift(world);
    }
    return misdirected;
}

// --- what is known ----------------------------------------------------------------------------

uint64_t healthy_world_sent(const struct healthy_world *world)
{
    return world->sent;
}

uint64_t healthy_world_sent_by(const struct healthy_world *world, uint32_t tenant)
{
    return world->tenants[tenant].sent;
}

int64_t healthy_world_now_ms(const struct healthy_world *world)
{
    return FIRST_MS + (int64_t)((double)world->sent / world->messages_a_ms);
}

uint64_t healthy_world_random(struct healthy_world *world)
{
    return random_next(&world->rng);
}

double healthy_tenant_rate(const struct healthy_world *world, uint32_t tenant)
{
    return world->tenants[tenant].rate;
}

double healthy_vendor_rate(const struct healthy_world *world, uint32_t vendor)
{
    return fmin(world->tenants[vendor / HEALTHY_VENDORS].rate * world->vendor_factors[vendor], 1);
}

double healthy_campaign_rate(const struct healthy_world *world, uint64_t number)
{
    const struct known *known = &world->known[number];
    return fmin(world->tenants[known->tenant].rate * (double)known->factor, 0.5);
}

uint32_t healthy_campaign_tenant(const struct healthy_world *world, uint64_t number)
{
    return world->known[number].tenant;
}
