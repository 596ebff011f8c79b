// Where the incidents and negatives of the command line take place.
#include "bench/generate_plan.h"

// --- incidents --------------------------------------------------------------------------------

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

// --- negatives --------------------------------------------------------------------------------

enum { NEW_VENDOR_CAMPAIGNS = 5, NEW_VENDOR_MILLIONTHS = 20000 };

static void add_negative_stream(struct plan *plan, uint32_t negative, uint32_t campaign,
        uint64_t size, uint64_t start_us, uint64_t span_us)
{
    if (size > 0) {
        plan_add_stream(plan, &(const struct stream){
                                      .campaign = campaign,
                                      .incident = INDEX_NONE,
                                      .negative = negative,
                                      .size = size,
                                      .start_us = start_us,
                                      .span_us = span_us,
                                      .cursor = random_next(&plan->world.rng) >> 32,
                              });
    }
}

// A watched campaign of the negative, told apart by `part`.
static uint32_t add_negative_campaign(struct plan *plan, const struct negative *negative,
        struct campaign campaign, char part, uint64_t size, uint32_t p0_millionths)
{
    campaign.purpose = PURPOSE_COLLECTION;
    campaign.planned_size = size;
    campaign.p0_millionths = p0_millionths;
    generated_id(campaign.id, "campaign-%s-%c", negative->id, part);
    return plan_add_campaign(plan, &campaign);
}

// Twice as many messages an hour after noon as before it.
static void plan_double_volume(struct plan *plan, uint32_t at, const struct campaign *like)
{
    const struct negative *negative = &plan->negatives[at];
    uint64_t size = negative->options.size;
    uint64_t day_us = plan_end_us(plan);
    uint32_t campaign =
            add_negative_campaign(plan, negative, *like, 'a', size, like->p0_millionths);
    add_negative_stream(plan, at, campaign, size - size / 3, 0, day_us);
    add_negative_stream(plan, at, campaign, size / 3, day_us / 2, day_us / 2);
}

// Two campaigns of a vendor, one four times as often wrong as the other; first nine messages of ten
// are of the better one, then of the worse. Neither changes, and the vendor's rate trebles.
static void plan_mix_change(struct plan *plan, uint32_t at, const struct campaign *like)
{
    const struct negative *negative = &plan->negatives[at];
    uint64_t half = negative->options.size / 2;
    uint64_t rest = negative->options.size - half;
    uint64_t day_us = plan_end_us(plan);
    uint32_t worse_p0 = like->p0_millionths < 5000 ? 4 * like->p0_millionths : 20000;
    uint32_t better = add_negative_campaign(
            plan, negative, *like, 'a', half - half / 10 + rest / 10, worse_p0 / 4);
    uint32_t worse = add_negative_campaign(
            plan, negative, *like, 'b', half / 10 + rest - rest / 10, worse_p0);
    add_negative_stream(plan, at, better, half - half / 10, 0, day_us / 2);
    add_negative_stream(plan, at, worse, half / 10, 0, day_us / 2);
    add_negative_stream(plan, at, better, rest / 10, day_us / 2, day_us / 2);
    add_negative_stream(plan, at, worse, rest - rest / 10, day_us / 2, day_us / 2);
}

static void plan_new_vendor(struct plan *plan, uint32_t at, const struct campaign *like)
{
    const struct negative *negative = &plan->negatives[at];
    uint64_t each = negative->options.size / NEW_VENDOR_CAMPAIGNS;
    uint64_t day_us = plan_end_us(plan);
    for (uint32_t i = 0; i < NEW_VENDOR_CAMPAIGNS; i++) {
        uint64_t size = i > 0 ? each : negative->options.size - each * (NEW_VENDOR_CAMPAIGNS - 1);
        uint32_t campaign = add_negative_campaign(
                plan, negative, *like, (char)('a' + i), size, NEW_VENDOR_MILLIONTHS);
        add_negative_stream(plan, at, campaign, size, day_us / 2, day_us / 2);
    }
}

// One campaign that runs for an hour (the small one a minute).
static void plan_one_campaign(struct plan *plan, uint32_t at, const struct campaign *like)
{
    const struct negative *negative = &plan->negatives[at];
    uint64_t size = negative->options.size;
    uint64_t start_us = random_below(&plan->world.rng, plan_end_us(plan) - HOUR_US);
    uint32_t campaign =
            add_negative_campaign(plan, negative, *like, 'a', size, like->p0_millionths);
    add_negative_stream(plan, at, campaign, size, start_us,
            negative->options.kind == NEGATIVE_TWO_OF_FIVE ? HOUR_US / 60 : HOUR_US);
}

// A list in the order of its numbers, one number of sixteen in its block being the lender's.
static void plan_sorted_list(struct plan *plan, uint32_t at, const struct campaign *like)
{
    static const enum life lives[] = {LIFE_ACTIVE, LIFE_OVERDUE};
    struct people *people = &plan->world.people;
    uint64_t first = people->count;
    enum err e = people_add_block(people, like->tenant, plan->negatives[at].options.size, lives, 2);
    if (e != ERR_NONE) {
        plan->failed = e;
        return;
    }
    plan_one_campaign(plan, at, like);
    if (plan->failed == ERR_NONE) {
        plan->streams[plan->stream_count - 1].sorted_first = first;
    }
}

static void plan_negative(struct plan *plan, uint32_t at, struct campaign *like)
{
    switch (plan->negatives[at].options.kind) {
    case NEGATIVE_SORTED_LIST:
        plan_sorted_list(plan, at, like);
        return;
    case NEGATIVE_DOUBLE_VOLUME:
        plan_double_volume(plan, at, like);
        return;
    case NEGATIVE_MIX_CHANGE:
        plan_mix_change(plan, at, like);
        return;
    case NEGATIVE_TWO_OF_FIVE:
    case NEGATIVE_BIG_CAMPAIGN:
        plan_one_campaign(plan, at, like);
        return;
    case NEGATIVE_NEW_VENDOR:
        plan_new_vendor(plan, at, like);
        return;
    case NEGATIVE_COUNT:
        return;
    }
}

void plan_negatives(struct plan *plan)
{
    struct random *rng = &plan->world.rng;
    for (uint32_t i = 0; i < plan->options->negative_count && plan->failed == ERR_NONE; i++) {
        const struct negative_options *options = &plan->options->negatives[i];
        const char *kind = negative_kind_names[options->kind];
        struct campaign like;
        uint32_t any_tenant = (uint32_t)random_below(rng, plan->tenant_count);
        plan_draw_campaign(
                rng, 0, options->tenant != TENANT_NONE ? options->tenant : any_tenant, &like);
        like.p0_millionths = plan->tenants[like.tenant].p0_millionths;
        struct negative negative = {.options = *options, .tenant = like.tenant};
        generated_id(negative.id, "negative-%u-%s", i + 1, kind);
        bool is_vendors =
                options->kind == NEGATIVE_MIX_CHANGE || options->kind == NEGATIVE_NEW_VENDOR;
        if (is_vendors) { // one of its own, so that nobody else's messages change the mix
            generated_id(like.vendor_id, "vendor-%s", negative.id);
        }
        negative.scope = is_vendors ? SPREAD_VENDOR : SPREAD_CAMPAIGN;
        generated_id(negative.scope_id, "%s%s%s", is_vendors ? "vendor-" : "campaign-", negative.id,
                is_vendors ? "" : "-a");
        plan_negative(plan, plan_add_negative(plan, &negative), &like);
    }
}
