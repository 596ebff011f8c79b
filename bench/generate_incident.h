// The nine ways in which a whole batch goes wrong. An incident has a campaign of its own (or goes
// on in one that exists), starts at a given message, and makes a given share of its messages wrong.
#pragma once

#include "bench/generate_options.h"
#include "bench/generate_pick.h"

enum { INCIDENT_CAMPAIGN_MAX = 12 };

struct incident {
    const struct incident_options *options;
    char id[GENERATED_ID_MAX_BYTES];
    uint32_t campaign_count; // their messages take turns
    struct campaign campaigns[INCIDENT_CAMPAIGN_MAX];
    bool is_vendor_wide;         // the narrowest scope that explains it is the vendor
    const struct cohort *cohort; // the people made for it, or NULL
    uint64_t next_in_cohort;
    uint64_t next_number; // of number_walking
    // What came of it.
    uint64_t messages;
    uint64_t misdirected;
    uint64_t unknown;
    uint64_t first_message;
    uint64_t last_message;
};

// Makes the people and campaigns of the incident that is the `nth` (from 1). `like` is a healthy
// campaign that lends whatever the options leave open. World and options must outlive it.
void incident_init(struct incident *incident, const struct incident_options *options, uint32_t nth,
        const struct campaign *like, struct world *world);
// Addresses a message of the incident's campaign in the incident's wrong way.
void incident_pick(
        struct incident *incident, struct world *world, struct message *message, uint64_t *cursor);
