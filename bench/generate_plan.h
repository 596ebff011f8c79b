// What is to happen on the made-up days: which campaigns send how much and when, what goes wrong in
// them, and how wrong they are when nothing is. Filled in once, by one of the planners below, then
// gone through by generate_traffic.
#pragma once

#include "bench/generate_incident.h"

// 2026-03-02, a Monday; the messages go out between 08:00 and 21:00 in Shanghai.
#define GENERATE_DAY_MS INT64_C(1772409600000)
// Times in a plan are microseconds of traffic: thirteen hours a day, the nights left out.
#define HOUR_US UINT64_C(3600000000)
#define DAY_US (13 * HOUR_US)
#define INDEX_NONE UINT32_MAX
enum { DRIFT_SLOTS_A_DAY = 26, VENDORS = 8, SENDERS = 3, TEMPLATES = 10 };

// The messages of one campaign, or of one incident.
struct stream {
    uint32_t campaign; // INDEX_NONE = that of the incident
    uint32_t incident;
    uint32_t negative;
    uint64_t size;
    uint64_t sent;
    uint64_t start_us;
    uint64_t span_us;      // 0 = an incident that waits for its message
    uint64_t bursts;       // that its messages come in; 0 = evenly spread
    uint64_t cursor;       // into the tenant's customers
    uint64_t sorted_first; // negative sorted_list: the people that are its list, one after another
    bool last_was_wrong;
};

struct negative {
    struct negative_options options;
    char *owned_text; // NULL = the text is the command line's
    char id[GENERATED_ID_MAX_BYTES];
    enum incident_spread scope;
    char scope_id[GENERATED_ID_MAX_BYTES];
    uint32_t tenant;
    struct tally tally;
};

// Some minutes in which a tenant's data comes late.
struct episode {
    uint32_t tenant;
    uint64_t start_us;
    uint64_t end_us;
    uint32_t next; // of the tenant's
    struct tally tally;
};

struct tenant_plan {
    uint32_t p0_millionths;
    uint64_t sent;
    uint32_t first_over;    // of the incidents that come over its campaigns
    uint32_t first_episode; // INDEX_NONE = none
};

struct plan {
    const struct generate_options *options;
    struct world world;
    uint32_t tenant_count;
    uint32_t days;
    bool has_daily_rhythm;
    struct tenant_plan *tenants;
    uint16_t *drift; // a tenant's factors, times 1024, every half hour; NULL = none
    struct campaign *campaigns;
    uint32_t campaign_count;
    uint32_t campaign_capacity;
    struct stream *streams;
    uint32_t stream_count;
    uint32_t stream_capacity;
    struct incident *incidents;
    uint32_t incident_count;
    uint32_t incident_capacity;
    struct negative *negatives;
    uint32_t negative_count;
    uint32_t negative_capacity;
    struct episode *episodes;
    uint32_t episode_count;
    enum err failed; // set by the first thing that could not be added
};

// The options must outlive it.
MUST_CHECK enum err plan_create(struct plan **ret_plan, const struct generate_options *options);
void plan_destroy(struct plan *plan);

// --- for the planners -------------------------------------------------------------------------

// Each plans the healthy campaigns, the last its incidents too.
void plan_steady(struct plan *plan);
void plan_realistic(struct plan *plan);
void plan_class(struct plan *plan);
// Those of the command line.
void plan_incidents(struct plan *plan);
void plan_negatives(struct plan *plan);
// One, within that time, with the tenant, template, sender and, if need be, vendor of `like`. Takes
// `owned_text`.
void plan_negative(struct plan *plan, const struct negative_options *options, char *owned_text,
        const struct campaign *like, uint64_t from_us, uint64_t to_us);
void plan_drift(struct plan *plan);
void plan_episodes(struct plan *plan);

// These return the index, or INDEX_NONE once the plan has failed.
uint32_t plan_add_campaign(struct plan *plan, const struct campaign *campaign);
uint32_t plan_add_stream(struct plan *plan, const struct stream *stream);
// A stream of its own too, which waits for its message, or a place among those of its tenant.
uint32_t plan_add_incident(struct plan *plan, const struct incident *incident);
uint32_t plan_add_negative(struct plan *plan, const struct negative *negative);

// A campaign of the tenant from one of its vendors, senders and templates.
void plan_draw_campaign(struct random *rng, uint32_t number, uint32_t tenant, struct campaign *ret);
// Shares `messages` out by weights, one each at least where there are enough; the largest gets what
// rounding leaves.
void plan_share_out(
        const uint64_t *weights, uint32_t count, uint64_t messages, uint64_t *ret_sizes);
// The healthy rate of a tenant, as the options want it.
uint32_t plan_draw_p0(struct plan *plan);
static inline uint64_t plan_end_us(const struct plan *plan)
{
    return plan->days * DAY_US;
}
// When message `sent` of a stream goes out.
uint64_t stream_us(const struct stream *stream, uint64_t sent);
