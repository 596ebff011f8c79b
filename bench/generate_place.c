// Where the incidents of the command line take place.
#include "bench/generate_plan.h"

enum { TRIES = 64, HALVINGS = 50 };

// Roughly when the healthy campaigns have sent that many messages.
static uint64_t time_of_message(const struct plan *plan, uint64_t messages)
{
    uint64_t from_us = 0;
    uint64_t to_us = plan_end_us(plan);
    for (unsigned i = 0; i < HALVINGS; i++) {
        uint64_t middle_us = from_us + (to_us - from_us) / 2;
        uint64_t sent = 0;
        for (uint32_t j = 0; j < plan->stream_count; j++) {
            const struct stream *stream = &plan->streams[j];
            if (stream->span_us == 0 || stream->start_us >= middle_us) {
                continue;
            }
            uint64_t past_us = middle_us - stream->start_us;
            sent += past_us < stream->span_us
                            ? stream->size * (past_us / 1000) / (stream->span_us / 1000 + 1)
                            : stream->size;
        }
        if (sent < messages) {
            from_us = middle_us;
        } else {
            to_us = middle_us;
        }
    }
    return to_us;
}

// What is left to send after that time in watched campaigns that the incident would come over.
static uint64_t messages_left(
        const struct plan *plan, const struct incident *incident, uint64_t after_us)
{
    uint64_t left = 0;
    for (uint32_t i = 0; i < plan->stream_count; i++) {
        const struct stream *stream = &plan->streams[i];
        if (stream->campaign == INDEX_NONE) {
            continue;
        }
        const struct campaign *campaign = &plan->campaigns[stream->campaign];
        uint64_t end_us = stream->start_us + stream->span_us;
        if (campaign->tenant != incident->like.tenant || !purpose_is_watched(campaign->purpose) ||
                end_us <= after_us || !incident_comes_over(incident, campaign)) {
            continue;
        }
        uint64_t left_us = end_us - (stream->start_us > after_us ? stream->start_us : after_us);
        left += stream->size * (left_us / 1000) / (stream->span_us / 1000 + 1);
    }
    return left;
}

// A healthy campaign whose template, sender, vendor or tenant has enough left to send; of some that
// have too little, the one with most.
static const struct campaign *find_concerned(
        struct plan *plan, const struct incident_options *options, uint32_t nth)
{
    const struct campaign *best = NULL;
    uint64_t best_left = 0;
    uint64_t after_us = time_of_message(plan, options->at);
    struct random rng;
    random_init(&rng, random_mix(plan->options->seed, nth));
    uint32_t at = (uint32_t)random_below(&rng, plan->campaign_count);
    uint32_t tries = 0;
    for (uint32_t i = 0; i < plan->campaign_count && tries < TRIES; i++) {
        const struct campaign *campaign = &plan->campaigns[(at + i) % plan->campaign_count];
        bool is_other =
                (options->tenant != TENANT_NONE && campaign->tenant != options->tenant) ||
                (options->vendor[0] != '\0' && strcmp(campaign->vendor_id, options->vendor) != 0);
        if (is_other || !purpose_is_watched(campaign->purpose)) {
            continue;
        }
        struct incident would = {.like = *campaign, .scope = options->spread};
        incident_name_scope(&would);
        uint64_t left = messages_left(plan, &would, after_us);
        if (best == NULL || left > best_left) {
            best = campaign;
            best_left = left;
        }
        tries = left >= options->size ? TRIES : tries + 1;
    }
    return best;
}

// The campaign that an incident goes on in, or takes after.
static const struct campaign *find_like(
        struct plan *plan, const struct incident_options *options, uint32_t nth)
{
    if (spread_is_over_healthy_campaigns(options->spread)) {
        return plan->campaign_count > 0 ? find_concerned(plan, options, nth) : NULL;
    }
    for (uint32_t i = 0; i < plan->campaign_count; i++) {
        const struct campaign *campaign = &plan->campaigns[i];
        if (strcmp(campaign->id, options->campaign) == 0 &&
                (options->tenant == TENANT_NONE || options->tenant == campaign->tenant)) {
            return campaign;
        }
    }
    return NULL;
}

void plan_incidents(struct plan *plan)
{
    struct random *rng = &plan->world.rng;
    for (uint32_t i = 0; i < plan->options->incident_count && plan->failed == ERR_NONE; i++) {
        const struct incident_options *options = &plan->options->incidents[i];
        struct campaign drawn;
        uint32_t any_tenant = (uint32_t)random_below(rng, plan->tenant_count);
        plan_draw_campaign(
                rng, 0, options->tenant != TENANT_NONE ? options->tenant : any_tenant, &drawn);
        drawn.p0_millionths = plan->tenants[drawn.tenant].p0_millionths;
        const struct campaign *like = find_like(plan, options, i + 1);
        struct incident incident;
        plan->failed = incident_init(
                &incident, options, i + 1, like != NULL ? like : &drawn, &plan->world);
        plan_add_incident(plan, &incident);
    }
}
