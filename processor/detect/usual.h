// What is usual among the campaigns of a vendor or tenant: the rate that they have on average, and
// how far one healthy campaign may be from it. The bank says that a campaign is not at its
// baseline; whether it is any worse than campaigns of its lender now and then are, this says.
//
// A campaign counts by its first USUAL_CAMPAIGN messages only, whatever its size: no single one,
// however large or wrong, says what is usual, and what one adds can be left out when it is looked
// at itself. All is halved after every USUAL_CAMPAIGNS campaigns' worth, so that it follows drift.
//
// Campaigns differ by a log-normal factor. Its variance is that of sigma 0.4 (of a tenant's
// campaigns twice that: its vendors differ as well) until many have been met that differ by more.
// The rate of a vendor of few campaigns leans on its tenant's.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/archive.h"
#include "model/scope.h"

enum {
    USUAL_CAMPAIGN = 2000, // messages of a campaign that count
    USUAL_SIZED = 1000,    // messages of a campaign whose own rate is looked at
    USUAL_CAMPAIGNS = 200, // a memory's length
    USUAL_SURE = 20000,    // messages of a tenant whose usual rate is known
};

struct usual {
    uint32_t judged;
    uint32_t misdirected;
    uint32_t campaigns; // of USUAL_SIZED messages or more
    uint32_t sum;       // of k, the misdirected messages in a thousand of each of them
    uint64_t pairs;     // of k (k - 1): what k k would be without the chance of counting
};

// What a campaign has added so far. At most USUAL_CAMPAIGN messages: it fits in 22 bits.
struct usual_part {
    uint16_t judged;
    uint16_t misdirected;
};

// The share of a campaign's next messages that counts: added to its part and returned.
struct usual_part usual_take(struct usual_part *part, uint32_t judged, uint32_t misdirected);
void usual_add(struct usual *usual, const struct usual_part *more);
// A campaign has come to USUAL_SIZED messages.
void usual_meet(struct usual *usual, const struct usual_part *part);

struct usual_rates {
    int64_t upper_ppb; // 1.25 times the upper bound of the usual rate, as of every baseline
    // What a healthy campaign has at most: but for one in 30,000 (more than 1e8 messages have, at
    // 4,000 a campaign) at quarantine and above, in 250 at an alert, in 44 at a notice.
    int64_t limit_ppb;
};

// What is usual for a campaign, or a scope that may be made up of one. NULL: there is no vendor.
// `own`: what the campaign that is asked about has added itself. False when too little is known of
// the tenant.
bool usual_rates(const struct usual *vendor, const struct usual *tenant,
        const struct usual_part *own, int64_t ceiling_ppb, enum tier tier,
        struct usual_rates *ret_rates);
// What stands in for that while too little is known of the tenant: five times its rate so far, which
// leans on the prior.
int64_t usual_cold_limit(const struct usual *tenant, const struct usual_part *own,
        int64_t prior_ppb, int64_t ceiling_ppb);
// Whether so many of so many are more than a rate explains: more than 1.64 standard deviations
// above their mean.
bool usual_is_above(uint32_t judged, uint32_t misdirected, int64_t rate_ppb);
// Saves or restores what is usual.
void usual_archive(struct archive *archive, struct usual *usual);
