// The ways in which a whole batch goes wrong. An incident either sends messages of its own, in one
// campaign or many small ones, or comes over the messages of healthy campaigns.
#pragma once

#include "bench/generate_options.h"
#include "bench/generate_pick.h"

// What came of an incident, a negative or an episode. Duplicates are not counted.
struct tally {
    uint64_t messages; // watched, from the change on
    uint64_t misdirected;
    uint64_t unknown;
    uint64_t first_message;
    uint64_t last_message;
    uint64_t p0_sum_millionths; // of the messages' healthy rates
};

struct incident {
    struct incident_options options;
    const char *class_name; // NULL = none
    char id[GENERATED_ID_MAX_BYTES];
    struct campaign like;    // what its campaigns have in common, or one that it comes over
    struct campaign current; // that of its latest message
    uint32_t campaign_count; // that take turns; 0 = it comes over healthy ones
    enum incident_spread scope;
    char scope_id[GENERATED_ID_MAX_BYTES];
    uint32_t rate_millionths;
    uint64_t before;
    uint64_t stream_size;  // messages of its own
    uint64_t sent;         // of its own, or of its scope since it began
    uint64_t attacks;      // of its small campaigns
    uint64_t cohort_first; // the people made for it
    uint64_t cohort_count;
    uint64_t next_in_cohort;
    uint64_t next_number;
    struct permutation region;
    bool counts_at_tenant; // its `at` is a number of the tenant's messages, not of all
    uint32_t next_over;    // the next that comes over campaigns of its tenant
    char *owned_text;      // NULL = the text is the command line's
    struct tally tally;
};

// Makes the incident that is the `nth` (from 1), and people for it. `like` is a healthy campaign
// that lends whatever the options leave open; what comes over healthy campaigns comes over those
// that have its template, sender, vendor or tenant.
MUST_CHECK enum err incident_init(struct incident *incident, const struct incident_options *options,
        uint32_t nth, const struct campaign *like, struct world *world);
// Fills in scope_id from the scope and the campaign that it is like.
void incident_name_scope(struct incident *incident);

// The campaign of its next own message, good until the next call. *ret_is_concerned: the incident
// has begun, and this message may go wrong.
const struct campaign *incident_next_campaign(
        struct incident *incident, struct random *rng, bool *ret_is_concerned);
// Whether it comes over the messages of a healthy campaign.
bool incident_comes_over(const struct incident *incident, const struct campaign *campaign);
// Whether the message that is next of those it concerns goes wrong.
bool incident_goes_wrong(struct incident *incident, struct world *world, uint32_t p0_millionths);
// Addresses a message in the incident's wrong way.
void incident_pick(
        struct incident *incident, struct world *world, struct message *message, uint64_t *cursor);
