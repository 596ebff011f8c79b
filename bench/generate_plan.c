#include "bench/generate_plan.h"

#include <stdlib.h>

#include "common/room.h"

// As many customers a tenant as a chunk has messages, so that no campaign repeats itself in one.
#define CLASS_CUSTOMERS UINT64_C(4400)

// --- growing ----------------------------------------------------------------------------------

// Makes room behind `count` items; false once the plan has failed.
static bool make_room(
        struct plan *plan, void **items, uint32_t count, uint32_t *capacity, size_t item_bytes)
{
    if (plan->failed != ERR_NONE) {
        return false;
    }
    void *grown = room_for_row(*items, count, capacity, 64, item_bytes);
    if (grown == NULL) {
        plan->failed = ERR_NO_MEMORY;
        return false;
    }
    *items = grown;
    return true;
}

uint32_t plan_add_campaign(struct plan *plan, const struct campaign *campaign)
{
    void *items = plan->campaigns;
    if (!make_room(
                plan, &items, plan->campaign_count, &plan->campaign_capacity, sizeof *campaign)) {
        return INDEX_NONE;
    }
    plan->campaigns = items;
    plan->campaigns[plan->campaign_count] = *campaign;
    return plan->campaign_count++;
}

uint32_t plan_add_stream(struct plan *plan, const struct stream *stream)
{
    void *items = plan->streams;
    if (!make_room(plan, &items, plan->stream_count, &plan->stream_capacity, sizeof *stream)) {
        return INDEX_NONE;
    }
    plan->streams = items;
    plan->streams[plan->stream_count] = *stream;
    return plan->stream_count++;
}

uint32_t plan_add_negative(struct plan *plan, const struct negative *negative)
{
    void *items = plan->negatives;
    if (!make_room(
                plan, &items, plan->negative_count, &plan->negative_capacity, sizeof *negative)) {
        free(negative->owned_text);
        return INDEX_NONE;
    }
    plan->negatives = items;
    plan->negatives[plan->negative_count] = *negative;
    return plan->negative_count++;
}

uint32_t plan_add_incident(struct plan *plan, const struct incident *incident)
{
    void *items = plan->incidents;
    if (!make_room(
                plan, &items, plan->incident_count, &plan->incident_capacity, sizeof *incident)) {
        free(incident->owned_text);
        return INDEX_NONE;
    }
    plan->incidents = items;
    uint32_t at = plan->incident_count++;
    struct incident *added = &plan->incidents[at];
    *added = *incident;
    added->next_over = INDEX_NONE;
    if (incident->campaign_count == 0) {
        struct tenant_plan *tenant = &plan->tenants[incident->like.tenant];
        added->next_over = tenant->first_over;
        tenant->first_over = at;
        return at;
    }
    plan_add_stream(plan, &(const struct stream){
                                  .campaign = INDEX_NONE,
                                  .incident = at,
                                  .negative = INDEX_NONE,
                                  .size = incident->stream_size,
                                  .cursor = random_next(&plan->world.rng) >> 32,
                          });
    return at;
}

// --- what the planners share ------------------------------------------------------------------

static enum purpose draw_purpose(struct random *rng)
{
    uint64_t die = random_below(rng, 100);
    return die < 68   ? PURPOSE_COLLECTION
           : die < 90 ? PURPOSE_REMINDER
           : die < 95 ? PURPOSE_MARKETING
           : die < 98 ? PURPOSE_SERVICE
                      : PURPOSE_OTP;
}

void plan_draw_campaign(struct random *rng, uint32_t number, uint32_t tenant, struct campaign *ret)
{
    // One draw a statement: C does not say which of two in one expression comes first.
    *ret = (struct campaign){.tenant = tenant};
    ret->purpose = draw_purpose(rng);
    ret->by_voice = random_below(rng, 6) == 0;
    ret->names_borrowers = random_below(rng, 2) == 0;
    ret->tells_size = random_below(rng, 2) == 0;
    unsigned vendor = 1 + (unsigned)random_below(rng, VENDORS);
    unsigned sender = 1 + (unsigned)random_below(rng, SENDERS);
    unsigned template_number = 1 + (unsigned)random_below(rng, TEMPLATES);
    tenant++;
    if (number % 8 == 5) { // an older system, whose ids are numbers
        generated_id(ret->id, "20260302%06u", number);
    } else {
        generated_id(ret->id, "campaign-%u-%03u", tenant, number);
    }
    generated_id(ret->template_id, "template-%u-%u", tenant, template_number);
    generated_id(ret->sender_id, "sender-%u-%u-%u", tenant, vendor, sender);
    generated_id(ret->vendor_id, "vendor-%u-%u", tenant, vendor);
}

void plan_share_out(const uint64_t *weights, uint32_t count, uint64_t messages, uint64_t *ret_sizes)
{
    uint64_t sum = 0;
    uint32_t largest = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum += weights[i];
        largest = weights[i] > weights[largest] ? i : largest;
    }
    uint64_t each = messages >= count ? 1 : 0;
    uint64_t rest = messages - each * count;
    uint64_t left = rest;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t share = rest * weights[i] / sum;
        ret_sizes[i] = each + share;
        left -= share;
    }
    ret_sizes[largest] += left;
}

// Product and quotient of three 64-bit numbers, as long as the last is below 2^32.
static uint64_t share_of(uint64_t whole, uint64_t part, uint64_t of)
{
    return whole / of * part + whole % of * part / of;
}

// A burst takes three tenths of its period, which it begins at some time.
static uint64_t burst_us(const struct stream *stream, uint64_t sent)
{
    uint64_t period_us = stream->span_us / stream->bursts;
    uint64_t burst = sent * stream->bursts / stream->size;
    uint64_t within = sent * stream->bursts % stream->size;
    uint64_t pause_us = random_mix(stream->start_us, burst) % (period_us * 7 / 10 + 1);
    return burst * period_us + pause_us + share_of(period_us * 3 / 10, within, stream->size);
}

uint64_t stream_us(const struct stream *stream, uint64_t sent)
{
    return stream->start_us + (stream->bursts > 0 ? burst_us(stream, sent)
                                                  : share_of(stream->span_us, sent, stream->size));
}

// --- the whole --------------------------------------------------------------------------------

static enum err make_tenants(struct plan *plan)
{
    plan->tenants = calloc(plan->tenant_count, sizeof *plan->tenants);
    if (plan->tenants == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < plan->tenant_count; i++) {
        plan->tenants[i].first_over = INDEX_NONE;
        plan->tenants[i].first_episode = INDEX_NONE;
    }
    return ERR_NONE;
}

static void fill_in(struct plan *plan)
{
    const struct generate_options *options = plan->options;
    if (options->class_name != NULL) {
        plan_class(plan);
    } else if (options->is_realistic) {
        plan_realistic(plan);
    } else {
        plan_steady(plan);
    }
    if (options->has_drift) {
        plan_drift(plan);
    }
    plan_episodes(plan);
    plan_negatives(plan);
    plan_incidents(plan);
}

enum err plan_create(struct plan **ret_plan, const struct generate_options *options)
{
    struct plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL) {
        return ERR_NO_MEMORY;
    }
    bool is_class = options->class_name != NULL;
    plan->options = options;
    plan->tenant_count = options->tenants;
    plan->days = options->days;
    plan->has_daily_rhythm = options->is_realistic;
    plan->world.rates_are_exact = is_class || options->is_realistic ||
                                  options->p0_millionths != P0_NONE ||
                                  options->clumps_millionths > 0 || options->negative_count > 0;
    uint64_t customers = options->customers != 0 ? options->customers
                         : is_class              ? options->tenants * CLASS_CUSTOMERS
                                                 : options->messages / 2;
    people_init(&plan->world.people, options->seed, options->tenants, customers, GENERATE_DAY_MS,
            options->days);
    random_init(&plan->world.rng, options->seed);
    plan->world.next_stranger = STRANGER_FIRST;
    enum err e = make_tenants(plan);
    if (e == ERR_NONE) {
        fill_in(plan);
        e = plan->failed;
    }
    if (e != ERR_NONE) {
        plan_destroy(plan);
        return e;
    }
    *ret_plan = plan;
    return ERR_NONE;
}

void plan_destroy(struct plan *plan)
{
    if (plan == NULL) {
        return;
    }
    for (uint32_t i = 0; i < plan->incident_count; i++) {
        free(plan->incidents[i].owned_text);
    }
    for (uint32_t i = 0; i < plan->negative_count; i++) {
        free(plan->negatives[i].owned_text);
    }
    people_fini(&plan->world.people);
    free(plan->tenants);
    free(plan->drift);
    free(plan->campaigns);
    free(plan->streams);
    free(plan->incidents);
    free(plan->negatives);
    free(plan->episodes);
    free(plan);
}
