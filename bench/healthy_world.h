// Healthy traffic of many lenders, for measuring false alarms (detection.md §6): nothing in it is
// an incident, and only its misdirected messages are drawn, so that a thousand million messages
// take minutes.
//
// Rates are nested: a tenant's is log-uniform over 0.05 % to 2 % and drifts (a random walk of 5 % a
// day, and on 3 days of 100 a rise by half within six hours; never above 2 %), a vendor's and a
// campaign's are their parent's times a log-normal factor of sigma 0.4. Sizes of campaigns are
// log-normal around 800 (sigma 1.8, cut to 20 .. 5,000,000); half of them declare theirs, and
// some of each vendor's run at once.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct healthy_world;

enum {
    HEALTHY_TENANTS = 20,
    HEALTHY_VENDORS = 8,    // a tenant
    HEALTHY_SENDERS = 3,    // a vendor
    HEALTHY_TEMPLATES = 10, // a tenant
    HEALTHY_SLOTS = 4,      // a vendor: campaigns that run at once
    HEALTHY_ALL_VENDORS = HEALTHY_TENANTS * HEALTHY_VENDORS,
    HEALTHY_ALL_SLOTS = HEALTHY_ALL_VENDORS * HEALTHY_SLOTS,
};

struct healthy_campaign {
    uint64_t number;      // from 0, over the whole world
    uint32_t slot;        // its vendor is slot / HEALTHY_SLOTS, its tenant that / HEALTHY_VENDORS
    uint32_t sender;      // of its vendor
    uint32_t template_;   // of its tenant
    int64_t planned_size; // 0 = it does not say
    uint64_t left;        // messages
    uint64_t gap;         // healthy messages before its next misdirected one
    double factor;        // of its tenant's rate: its vendor's and its own
    double weight;        // of its sending rate among its vendor's campaigns
};

// NULL: no memory. `clump_rho`: P(misdirected | the message of the campaign before it was), while
// the rate stays what it is; 0 = each for itself.
struct healthy_world *healthy_world_create(uint64_t seed, double clump_rho);
void healthy_world_destroy(struct healthy_world *world);

// The campaign that sends next, and how many messages in a row: 1 to `most`. NULL: no memory.
struct healthy_campaign *healthy_world_next(
        struct healthy_world *world, uint32_t most, uint32_t *ret_messages);
// Sends up to `messages` of it, and no further than its next misdirected one. True when the last of
// the `*ret_sent` is that one.
bool healthy_world_send(struct healthy_world *world, struct healthy_campaign *campaign,
        uint32_t messages, uint32_t *ret_sent);

uint64_t healthy_world_sent(const struct healthy_world *world);
uint64_t healthy_world_sent_by(const struct healthy_world *world, uint32_t tenant);
// What time it is when so many have been sent.
int64_t healthy_world_now_ms(const struct healthy_world *world);
uint64_t healthy_world_random(struct healthy_world *world);

// True rates as they are now.
double healthy_tenant_rate(const struct healthy_world *world, uint32_t tenant);
double healthy_vendor_rate(const struct healthy_world *world, uint32_t vendor);
double healthy_campaign_rate(const struct healthy_world *world, uint64_t number);
uint32_t healthy_campaign_tenant(const struct healthy_world *world, uint64_t number);
