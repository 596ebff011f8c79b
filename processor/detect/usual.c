#include "detect/usual.h"

#include <stddef.h>

#include "detect/learner.h"

enum {
    // Squared coefficients of variation, in thousandths: e^(sigma^2) - 1.
    SPREAD_VENDOR = 174,
    SPREAD_TENANT = 377,
    SPREAD_WEIGHT = 50, // of these, in campaigns
    STEP_MILLI = 20,    // of the variance of the logarithm, in the table
    STEPS = 27,
    FAR_RATIO = 5, // a campaign that is further than that above the mean teaches as if it were not
    FIRST_MISDIRECTED = 5, // in a thousand: the mean before any was met
    COUNTED_MAX = 1000000, // messages; of more, as many in proportion
    LIMIT_MAX_PPB = 500000000,
    PRIOR_WEIGHT = 1000, // messages
    COLD_RATIO = 5,
};

// ceil(100 e^(z sqrt(i / 50))): how many times the usual rate a campaign has that is z standard
// deviations above it, with z = 2, 2.65 and 4.
static const uint16_t notice_ratios[STEPS] = {100, 133, 150, 164, 177, 189, 200, 212, 223, 234, 245,
        256, 267, 278, 289, 300, 310, 321, 333, 344, 355, 366, 377, 389, 400, 412, 424};
static const uint16_t alert_ratios[STEPS] = {100, 146, 170, 192, 212, 232, 251, 270, 289, 308, 328,
        347, 367, 387, 407, 427, 448, 469, 491, 513, 535, 558, 580, 604, 628, 652, 676};
static const uint16_t quarantine_ratios[STEPS] = {100, 177, 223, 267, 310, 355, 400, 447, 496, 546,
        599, 653, 710, 769, 831, 895, 961, 1031, 1103, 1178, 1256, 1337, 1421, 1508, 1598, 1692,
        1790};

static const uint16_t *const ratios[TIER_COUNT] = {
        [TIER_NONE] = notice_ratios,
        [TIER_NOTICE] = notice_ratios,
        [TIER_ALERT] = alert_ratios,
        [TIER_QUARANTINE] = quarantine_ratios,
        [TIER_STOP] = quarantine_ratios,
};

struct usual_part usual_take(struct usual_part *part, uint32_t judged, uint32_t misdirected)
{
    uint32_t room = (uint32_t)USUAL_CAMPAIGN - part->judged;
    struct usual_part more = {(uint16_t)judged, (uint16_t)misdirected};
    if (judged > room) {
        more.judged = (uint16_t)room;
        more.misdirected = (uint16_t)((uint64_t)misdirected * room / judged);
    }
    part->judged = (uint16_t)(part->judged + more.judged);
    part->misdirected = (uint16_t)(part->misdirected + more.misdirected);
    return more;
}

static void usual_forget(struct usual *usual)
{
    usual->judged /= 2;
    usual->misdirected /= 2;
    usual->campaigns /= 2;
    usual->sum /= 2;
    usual->pairs /= 2;
}

void usual_add(struct usual *usual, const struct usual_part *more)
{
    usual->judged += more->judged;
    usual->misdirected += more->misdirected;
    if (usual->judged >= (uint32_t)USUAL_CAMPAIGNS * (uint32_t)USUAL_CAMPAIGN) {
        usual_forget(usual);
    }
}

void usual_meet(struct usual *usual, const struct usual_part *part)
{
    uint64_t k = (uint64_t)part->misdirected * 1000 / part->judged;
    uint64_t most = FAR_RATIO * (usual->sum + FIRST_MISDIRECTED) / (usual->campaigns + 1);
    k = k < most ? k : most;
    usual->campaigns++;
    usual->sum += (uint32_t)k;
    usual->pairs += k > 0 ? k * (k - 1) : 0;
}

// The variance of the logarithm of a campaign's factor, in thousandths: ln(1 + c) = 2 c / (2 + c)
// nearly.
static uint32_t variance_milli(const struct usual *usual, uint32_t least)
{
    uint64_t seen = 0;
    if (usual->sum > 0) {
        seen = usual->pairs * usual->campaigns * 1000 / ((uint64_t)usual->sum * usual->sum);
        seen = seen > 1000 ? seen - 1000 : 0;
    }
    uint64_t spread = (seen * usual->campaigns + (uint64_t)least * SPREAD_WEIGHT) /
                      (usual->campaigns + SPREAD_WEIGHT);
    spread = spread > least ? spread : least;
    return (uint32_t)(2000 * spread / (2000 + spread));
}

// Of somebody of whose campaigns `judged` messages have counted, how many times the rate that was
// found in these a new one may have: that rate is itself the mean of few.
static int64_t ratio_percent(uint32_t variance, uint32_t judged, enum tier tier)
{
    uint32_t campaigns = judged / USUAL_CAMPAIGN;
    uint32_t whole = variance * (campaigns + 2) / (campaigns + 1);
    uint32_t step = whole / STEP_MILLI;
    if (step >= STEPS - 1) {
        return ratios[tier][STEPS - 1];
    }
    int64_t ratio = ratios[tier][step];
    return ratio + (ratios[tier][step + 1] - ratio) * (whole % STEP_MILLI) / STEP_MILLI;
}

static int64_t less(uint32_t of, uint32_t part)
{
    return of > part ? of - part : 0;
}

bool usual_rates(const struct usual *vendor, const struct usual *tenant,
        const struct usual_part *own, int64_t ceiling_ppb, enum tier tier,
        struct usual_rates *ret_rates)
{
    int64_t judged = less(tenant->judged, own->judged);
    int64_t rate_ppb;
    if (judged < USUAL_SURE) {
        return false;
    }
    rate_ppb = less(tenant->misdirected, own->misdirected) * 1000000000 / judged;
    uint32_t variance = variance_milli(tenant, SPREAD_TENANT);
    if (vendor != NULL) {
        judged = less(vendor->judged, own->judged);
        rate_ppb = (less(vendor->misdirected, own->misdirected) * 1000000000 +
                           USUAL_CAMPAIGN * rate_ppb) /
                   (judged + USUAL_CAMPAIGN);
        variance = variance_milli(vendor, SPREAD_VENDOR);
    }
    rate_ppb += integer_sqrt(rate_ppb * 1000000000 / (judged + USUAL_CAMPAIGN)) * 164 / 100;
    rate_ppb = rate_ppb < ceiling_ppb ? rate_ppb : ceiling_ppb;
    int64_t limit_ppb = rate_ppb * ratio_percent(variance, (uint32_t)judged, tier) / 100;
    ret_rates->upper_ppb = rate_ppb * 5 / 4 < ceiling_ppb ? rate_ppb * 5 / 4 : ceiling_ppb;
    ret_rates->limit_ppb = limit_ppb < LIMIT_MAX_PPB ? limit_ppb : LIMIT_MAX_PPB;
    return true;
}

int64_t usual_cold_limit(const struct usual *tenant, const struct usual_part *own,
        int64_t prior_ppb, int64_t ceiling_ppb)
{
    int64_t misdirected = less(tenant->misdirected, own->misdirected);
    int64_t judged = less(tenant->judged, own->judged);
    int64_t rate_ppb =
            (misdirected * 1000000000 + PRIOR_WEIGHT * prior_ppb) / (judged + PRIOR_WEIGHT);
    return COLD_RATIO * (rate_ppb < ceiling_ppb ? rate_ppb : ceiling_ppb);
}

bool usual_is_above(uint32_t judged, uint32_t misdirected, int64_t rate_ppb)
{
    int64_t n = judged;
    int64_t k = misdirected;
    if (n > COUNTED_MAX) {
        k = k * COUNTED_MAX / n;
        n = COUNTED_MAX;
    }
    // in millionths of a message
    int64_t mean = n * rate_ppb / 1000;
    int64_t deviation = integer_sqrt(mean * ((1000000000 - rate_ppb) / 1000));
    return k * 1000000 - mean > deviation * 164 / 100;
}

// What can be and no more, or the sums above would not fit. A memory is halved as soon as it is
// full, so that no more than twice as many campaigns can have been met as it has messages.
void usual_archive(struct archive *archive, struct usual *usual)
{
    const uint32_t judged_max = (uint32_t)USUAL_CAMPAIGNS * (uint32_t)USUAL_CAMPAIGN;
    archive_u32(archive, &usual->judged, judged_max);
    archive_u32(archive, &usual->misdirected, usual->judged);
    archive_u32(archive, &usual->campaigns, 3 * judged_max);
    archive_u32(archive, &usual->sum, 1000 * (usual->campaigns + 1));
    archive_u64(archive, &usual->pairs, UINT64_C(1000000) * (usual->campaigns + 1));
}
