#include "decide/shadow.h"

#include "common/assure.h"
#include "decide/shadow.inc"

enum { PERCENT_MILLIONTHS = 10000, BASE_FROM_MILLIONTHS = 10000 };

// Of messages: products with a step stay in their type.
#define MESSAGES_MAX (INT64_C(1) << 40)
#define CANARY_NAT6_MAX (INT64_C(1) << 40)

static int64_t messages(int64_t count)
{
    return count < 0 ? 0 : count < MESSAGES_MAX ? count : MESSAGES_MAX;
}

// --- the reverse test -------------------------------------------------------------------------

static int64_t good_nat6(const struct shadow *shadow)
{
    return bad_good[shadow->bad_percent - SHADOW_PERCENT_MIN] - base_good[shadow->base];
}

static int64_t bad_nat6(const struct shadow *shadow)
{
    return bad_bad[shadow->bad_percent - SHADOW_PERCENT_MIN] - base_bad[shadow->base];
}

void shadow_begin(struct shadow *shadow, int64_t rate_millionths, int64_t baseline_millionths)
{
    int64_t percent = rate_millionths / 2 / PERCENT_MILLIONTHS;
    percent = percent > SHADOW_PERCENT_MIN ? percent : SHADOW_PERCENT_MIN;
    unsigned base = 0;
    while (baseline_millionths > BASE_FROM_MILLIONTHS && base < SHADOW_BASE_COUNT - 1 &&
            base_millionths[base] < baseline_millionths) {
        base++;
    }
    *shadow = (struct shadow){
            .bad_percent = (uint8_t)(percent < SHADOW_PERCENT_MAX ? percent : SHADOW_PERCENT_MAX),
            .base = (uint8_t)base};
}

void shadow_step(struct shadow *shadow, int64_t judged, int64_t misdirected)
{
    int64_t bad = messages(misdirected);
    int64_t good = messages(judged - bad);
    int64_t v_nat6 = shadow->v_nat6 + good * good_nat6(shadow) - bad * bad_nat6(shadow);
    if (v_nat6 <= 0) {
        shadow->v_nat6 = 0;
        shadow->clean = 0;
        shadow->misdirected = 0;
        return;
    }
    shadow->v_nat6 = v_nat6 < 2 * shadow_threshold ? v_nat6 : 2 * shadow_threshold;
    shadow->clean = messages(shadow->clean + good);
    shadow->misdirected = messages(shadow->misdirected + bad);
}

bool shadow_is_reached(const struct shadow *shadow)
{
    return shadow->v_nat6 >= shadow_threshold;
}

bool shadow_is_lost(const struct shadow *shadow)
{
    return shadow->v_nat6 < shadow_threshold / 2;
}

int64_t shadow_needed(const struct shadow *shadow)
{
    return (shadow_threshold + good_nat6(shadow) - 1) / good_nat6(shadow);
}

void shadow_archive(struct archive *archive, struct shadow *shadow)
{
    archive_i64(archive, &shadow->v_nat6, 0, 2 * shadow_threshold);
    archive_i64(archive, &shadow->clean, 0, MESSAGES_MAX);
    archive_i64(archive, &shadow->misdirected, 0, MESSAGES_MAX);
    archive_u8(archive, &shadow->bad_percent, SHADOW_PERCENT_MAX);
    archive_u8(archive, &shadow->base, SHADOW_BASE_COUNT - 1);
    if (shadow->bad_percent < SHADOW_PERCENT_MIN) {
        archive_fail(archive, ERR_DATA, "a shadow's rate");
        shadow->bad_percent = SHADOW_PERCENT_MIN; // indexes stay within the tables
    }
}

// --- the canary -------------------------------------------------------------------------------

uint32_t canary_limit(uint32_t step)
{
    static const uint32_t limits[CANARY_STEPS + 1] = {0, 20, 200, 2000};
    ASSURE(step <= CANARY_STEPS);
    return limits[step];
}

static const int64_t *thresholds_of(unsigned budget, enum scope_kind kind)
{
    ASSURE(budget < CANARY_BUDGETS);
    return canary_thresholds[budget][kind != SCOPE_CAMPAIGN];
}

void canary_note(struct canary *canary, unsigned base, int64_t judged, int64_t misdirected)
{
    int64_t bad = messages(misdirected);
    int64_t good = messages(judged - bad);
    for (unsigned j = 0; j < CANARY_NODES; j++) {
        int64_t w_nat6 = canary->w_nat6[j] + bad * canary_up[base][j] - good * canary_down[base][j];
        canary->w_nat6[j] = w_nat6 < 0 ? 0 : w_nat6 < CANARY_NAT6_MAX ? w_nat6 : CANARY_NAT6_MAX;
    }
    canary->judged = messages(canary->judged + good + bad);
    canary->misdirected = messages(canary->misdirected + bad);
}

bool canary_has_tripped(const struct canary *canary, unsigned budget, enum scope_kind kind)
{
    const int64_t *thresholds = thresholds_of(budget, kind);
    for (unsigned j = 0; j < CANARY_NODES; j++) {
        if (canary->w_nat6[j] >= thresholds[j]) {
            return true;
        }
    }
    return false;
}

bool canary_has_passed(const struct canary *canary, unsigned budget, enum scope_kind kind)
{
    const int64_t *thresholds = thresholds_of(budget, kind);
    for (unsigned j = 0; j < CANARY_NODES; j++) {
        if (canary->w_nat6[j] >= thresholds[j] / 2) {
            return false;
        }
    }
    return canary->judged >= canary_limit(canary->step);
}

void canary_archive(struct archive *archive, struct canary *canary)
{
    for (unsigned j = 0; j < CANARY_NODES; j++) {
        archive_i64(archive, &canary->w_nat6[j], 0, CANARY_NAT6_MAX);
    }
    archive_i64(archive, &canary->judged, 0, MESSAGES_MAX);
    archive_i64(archive, &canary->misdirected, 0, canary->judged);
    archive_u32(archive, &canary->step, CANARY_STEPS);
}
