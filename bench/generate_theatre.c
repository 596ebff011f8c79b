// The planner of a class of incidents: a theatre after the other.
#include <stdlib.h>

#include "bench/generate_class.h"
#include "bench/generate_plan.h"

enum { CLASS_VENDORS = 4, CLASS_SENDERS = 2, CLASS_TEMPLATES = 5, WHY_MAX_BYTES = 4096 };
#define WINDOW_US (DAY_US / THEATRES_A_DAY)

struct theatre {
    uint32_t tenant;
    uint64_t start_us;
    uint64_t healthy;
    uint32_t first_campaign;
};

// A vendor, a template and a sender each have at least five campaigns, cut across each other, so
// that what goes wrong with one of them is its own and nobody else's.
static void name_campaign(struct campaign *campaign, uint32_t tenant, uint32_t n)
{
    unsigned vendor = 1 + n % CLASS_VENDORS;
    unsigned row = n / CLASS_VENDORS;
    unsigned sender = 1 + row % CLASS_SENDERS;
    unsigned template_number = 1 + row / CLASS_SENDERS % CLASS_TEMPLATES;
    unsigned number = tenant + 1;
    *campaign = (struct campaign){.tenant = tenant, .purpose = PURPOSE_COLLECTION};
    generated_id(campaign->id, "campaign-%u-%03u", number, n + 1);
    generated_id(campaign->vendor_id, "vendor-%u-%u", number, vendor);
    generated_id(campaign->sender_id, "sender-%u-%u-%u", number, vendor, sender);
    generated_id(campaign->template_id, "template-%u-%u", number, template_number);
}

static void plan_background(struct plan *plan, const struct theatre *theatre)
{
    struct random *rng = &plan->world.rng;
    uint64_t weights[THEATRE_CAMPAIGNS];
    uint64_t sizes[THEATRE_CAMPAIGNS];
    for (uint32_t i = 0; i < THEATRE_CAMPAIGNS; i++) {
        weights[i] = 75 + random_below(rng, 51);
    }
    plan_share_out(weights, THEATRE_CAMPAIGNS, theatre->healthy, sizes);
    for (uint32_t i = 0; i < THEATRE_CAMPAIGNS; i++) {
        struct campaign campaign;
        name_campaign(&campaign, theatre->tenant, i);
        campaign.planned_size = sizes[i];
        campaign.tells_size = random_below(rng, 2) == 0;
        campaign.names_borrowers = random_below(rng, 2) == 0;
        campaign.p0_millionths = plan->tenants[theatre->tenant].p0_millionths;
        uint64_t late_us = random_below(rng, WINDOW_US / 20);
        struct stream stream = {
                .campaign = plan_add_campaign(plan, &campaign),
                .incident = INDEX_NONE,
                .negative = INDEX_NONE,
                .size = sizes[i],
                .start_us = theatre->start_us + late_us,
                .span_us = WINDOW_US - WINDOW_US / 20,
        };
        stream.cursor = random_next(rng) >> 32;
        plan_add_stream(plan, &stream);
    }
}

// From `at` on to the end of the window.
static void place(struct plan *plan, const struct theatre *theatre, uint32_t at_incident)
{
    if (plan->failed != ERR_NONE) {
        return;
    }
    struct incident *incident = &plan->incidents[at_incident];
    if (incident->options.at == AT_NONE) {
        incident->options.at = theatre->healthy * 3 / 10;
    }
    incident->counts_at_tenant = true;
    if (incident->campaign_count == 0) {
        return;
    }
    uint64_t at = incident->options.at < theatre->healthy ? incident->options.at : theatre->healthy;
    struct stream *stream = &plan->streams[plan->stream_count - 1];
    stream->start_us = theatre->start_us + WINDOW_US * 9 / 10 * at / theatre->healthy;
    stream->span_us = theatre->start_us + WINDOW_US - stream->start_us;
}

static void plan_incident(struct plan *plan, const struct theatre *theatre,
        const struct class_part *part, const struct campaign *like)
{
    struct incident incident;
    enum err e =
            incident_init(&incident, &part->incident, plan->incident_count + 1, like, &plan->world);
    if (e != ERR_NONE) {
        plan->failed = e;
        free(part->text);
        return;
    }
    incident.owned_text = part->text;
    incident.class_name = plan->options->class_name;
    place(plan, theatre, plan_add_incident(plan, &incident));
}

static void plan_part(struct plan *plan, const struct theatre *theatre, uint32_t at, uint32_t like)
{
    struct strbuf why;
    strbuf_init(&why, WHY_MAX_BYTES);
    struct class_part part;
    enum err e = class_read_part(&part, plan->options, at, theatre->tenant, &why);
    strbuf_fini(&why);
    if (e != ERR_NONE) {
        plan->failed = e;
        return;
    }
    const struct campaign campaign = plan->campaigns[like];
    if (part.is_negative) {
        plan_negative(plan, &part.negative, part.text, &campaign, theatre->start_us,
                theatre->start_us + WINDOW_US);
    } else {
        plan_incident(plan, theatre, &part, &campaign);
    }
}

void plan_class(struct plan *plan)
{
    const struct generate_options *options = plan->options;
    for (uint32_t i = 0; i < plan->tenant_count; i++) {
        const struct theatre theatre = {
                .tenant = i,
                .start_us = i * WINDOW_US,
                .healthy = options->class_healthy,
                .first_campaign = plan->campaign_count,
        };
        plan->tenants[i].p0_millionths = plan_draw_p0(plan);
        plan_background(plan, &theatre);
        // Of two, the second has the first's vendor, but another template and sender.
        uint32_t like = (uint32_t)random_below(&plan->world.rng, THEATRE_CAMPAIGNS);
        for (uint32_t part = 0; part < class_part_count(options) && plan->failed == ERR_NONE;
                part++) {
            uint32_t other = (like + part * 3 * CLASS_VENDORS) % THEATRE_CAMPAIGNS;
            plan_part(plan, &theatre, part, theatre.first_campaign + other);
        }
    }
}
