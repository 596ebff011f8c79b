#include "detect/excursion.h"

#include "common/assure.h"

// W of a node that began at the start, by the counts (B3).
static int64_t ratio_of(
        const struct short_excursion *at, const struct step_table *steps, unsigned j)
{
    return (int64_t)(at->misdirected - at->guarded) * steps->up[j] +
           (int64_t)at->guarded * steps->up_guarded[j] -
           (int64_t)(at->judged - at->misdirected) * steps->down[j];
}

static bool has_node(const struct short_excursion *at, unsigned j)
{
    return (at->nodes >> j & 1) != 0;
}

static bool sums_shorten(const struct sums *since, struct short_excursion *at)
{
    if (since->watched > UINT16_MAX || since->misdirected > UINT8_MAX ||
            since->invalid > UINT8_MAX) {
        return false;
    }
    at->watched = (uint16_t)since->watched;
    at->since_misdirected = (uint8_t)since->misdirected;
    at->since_invalid = (uint8_t)since->invalid;
    at->loan_named = (uint16_t)since->signals[SIGNAL_LOAN_NAMED];
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        if (signal == SIGNAL_LOAN_NAMED) {
            continue;
        }
        if (since->signals[signal] > UINT8_MAX) {
            return false;
        }
        at->signals[signal] = (uint8_t)since->signals[signal];
    }
    return since->signals[SIGNAL_LOAN_NAMED] <= UINT16_MAX;
}

bool excursion_shorten(
        const struct excursion *whole, bool guard, struct short_excursion *ret_excursion)
{
    const struct bank *bank = &whole->bank;
    if (bank->credit_nat6 != 0 || (bank->credited | bank->waiting) != 0 ||
            whole->lowest_level != whole->highest_level) {
        return false;
    }
    const struct bank_node *first = NULL; // of those above 0
    const struct tenant_before *before = NULL;
    struct short_excursion at = {.tenant = whole->tenant, .level = whole->lowest_level};
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        const struct bank_node *node = &bank->nodes[j];
        if (node->w_nat6 == 0) {
            continue;
        }
        first = first == NULL ? node : first;
        before = before == NULL ? &whole->before[j] : before;
        if (node->start != first->start || node->judged != first->judged ||
                node->misdirected != first->misdirected || node->guarded != first->guarded ||
                whole->before[j].watched != before->watched ||
                whole->before[j].misdirected != before->misdirected) {
            return false;
        }
        at.nodes |= (uint8_t)(1u << j);
    }
    if (first == NULL || first->judged > UINT16_MAX || first->misdirected > UINT8_MAX ||
            !sums_shorten(&whole->since, &at)) {
        return false;
    }
    at.start = first->start;
    at.before = *before;
    at.judged = (uint16_t)first->judged;
    at.misdirected = (uint8_t)first->misdirected;
    at.guarded = (uint8_t)first->guarded;
    const struct step_table steps = bank_steps(at.level, guard);
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        if (has_node(&at, j) && ratio_of(&at, &steps, j) != bank->nodes[j].w_nat6) {
            return false;
        }
    }
    *ret_excursion = at;
    return true;
}

void excursion_lengthen(
        const struct short_excursion *excursion, bool guard, struct excursion *ret_whole)
{
    const struct step_table steps = bank_steps(excursion->level, guard);
    *ret_whole = (struct excursion){
            .since = {.watched = excursion->watched,
                    .misdirected = excursion->since_misdirected,
                    .invalid = excursion->since_invalid},
            .tenant = excursion->tenant,
            .lowest_level = excursion->level,
            .highest_level = excursion->level,
    };
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        ret_whole->since.signals[signal] = excursion->signals[signal];
    }
    ret_whole->since.signals[SIGNAL_LOAN_NAMED] = excursion->loan_named;
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        if (has_node(excursion, j)) {
            ret_whole->before[j] = excursion->before;
            ret_whole->bank.nodes[j] = (struct bank_node){
                    .w_nat6 = ratio_of(excursion, &steps, j),
                    .start = excursion->start,
                    .judged = excursion->judged,
                    .misdirected = excursion->misdirected,
                    .guarded = excursion->guarded,
            };
        }
    }
}

bool excursion_can_be(const struct short_excursion *excursion, bool guard)
{
    const struct step_table steps = bank_steps(excursion->level, guard);
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        if (has_node(excursion, j) && ratio_of(excursion, &steps, j) <= 0) {
            return false;
        }
    }
    struct excursion whole;
    excursion_lengthen(excursion, guard, &whole);
    return excursion->nodes != 0 && bank_can_be(&whole.bank);
}

// True when it fits.
static bool add_16(uint16_t *sum, int64_t more)
{
    int64_t total = *sum + (more > 0 ? more : 0);
    *sum = (uint16_t)total;
    return total <= UINT16_MAX;
}

static bool add_8(uint8_t *sum, int64_t more)
{
    int64_t total = *sum + (more > 0 ? more : 0);
    *sum = (uint8_t)total;
    return total <= UINT8_MAX;
}

bool excursion_pass(struct short_excursion *excursion, uint32_t good, unsigned level, bool guard,
        const struct sums_change *sums)
{
    struct short_excursion at = *excursion;
    bool fits = level == at.level && add_16(&at.judged, good) &&
                add_16(&at.watched, sums->watched) &&
                add_8(&at.since_misdirected, sums->misdirected) &&
                add_8(&at.since_invalid, sums->invalid) &&
                add_16(&at.loan_named, sums->signals[SIGNAL_LOAN_NAMED]);
    for (unsigned signal = 0; signal < SIGNAL_COUNT && fits; signal++) {
        fits = signal == SIGNAL_LOAN_NAMED || add_8(&at.signals[signal], sums->signals[signal]);
    }
    if (!fits) {
        return false;
    }
    const struct step_table steps = bank_steps(level, guard);
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        if (has_node(&at, j) && ratio_of(&at, &steps, j) <= 0) {
            at.nodes &= (uint8_t) ~(1u << j);
        }
    }
    *excursion = at;
    return true;
}
