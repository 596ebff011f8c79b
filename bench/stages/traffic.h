// Healthy traffic over a given number of scopes, as the tally frames that the judge half makes of
// it: counted by the real tally, through the real codec.
#pragma once

#include "bench/random.h"
#include "common/arena.h"
#include "common/strbuf.h"
#include "tally/tally.h"

// So many of each; those below tenants are of each tenant.
struct world {
    uint32_t tenants;
    uint32_t vendors;
    uint32_t senders;
    uint32_t templates;
    uint32_t campaigns;
};

// About `scopes` scopes, nearly all of them campaigns: of each 2,000 one tenant, 10 vendors, 10
// senders, 40 templates.
struct world world_of(uint32_t scopes);
uint32_t world_scopes(const struct world *world);

struct frames {
    struct frame *rows; // what they point to is in `arena`
    size_t count;
    size_t capacity;
    struct arena *arena;
};

struct traffic {
    struct world world;
    uint32_t rate_millionths;
    uint32_t
            at_a_time; // so many campaigns send, 1,000 messages each, then the next; 0 = all, evenly
    struct random rng;
    struct tally *tally;
    struct tally_source *source;
    int64_t offset;
    struct strbuf bytes; // of a frame
    struct arena *names;
    struct arena *scratch;
    struct frames frames; // the last that were made
    uint32_t warmed;      // groups of campaigns
};

void traffic_init(struct traffic *traffic, const struct world *world, uint32_t rate_millionths);
void traffic_fini(struct traffic *traffic);

// Makes frames of `messages` messages, `per_frame` each, in place of those made before.
void traffic_make(struct traffic *traffic, uint32_t messages, uint32_t per_frame);
// Makes frames that bring scopes into the state of the middle of a day, at a given rate: every
// campaign has sent 1,000 messages, then one to a wrong number, then as many as come between two such,
// drawn. A part of them a call; false when there are no more.
bool traffic_warm_up(struct traffic *traffic);
