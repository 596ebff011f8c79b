// What is kept of a scope while some statistic of its bank is above 0: whole, or in a sixth of the
// room for as long as a few counts tell all of it.
//
// By B3 (detect/bank.h) a statistic that goes by one level, without credit, is k U - (n - k) D of its
// counts, until the cap cuts it off. So one start, one n and one k tell all five statistics of a
// scope whose nodes above 0 began with the same message. Nothing is taken on trust: excursion_shorten
// computes them and compares, so that what it lets through excursion_lengthen gives back bit by bit.
#pragma once

#include "detect/bank.h"
#include "detect/sums.h"

struct excursion {
    struct bank bank;
    struct sums since;
    // what its tenant had had at each node's change point
    struct tenant_before {
        uint32_t watched;
        uint32_t misdirected;
    } before[NODE_COUNT];
    int32_t tenant;
    // of the baselines that its messages went by; a campaign has one
    uint8_t lowest_level;
    uint8_t highest_level;
};

struct short_excursion {
    uint32_t start;
    int32_t tenant;
    struct tenant_before before;
    uint16_t judged;
    uint8_t misdirected;
    uint8_t guarded;
    uint8_t level;
    uint8_t nodes; // bit a node: its statistic is above 0, and it began at `start`
    uint16_t watched;
    uint8_t since_misdirected;
    uint8_t since_invalid;
    uint16_t loan_named;
    uint8_t signals[SIGNAL_COUNT]; // the others, which are rare
};
_Static_assert(sizeof(struct short_excursion) <= 36, "four scopes of ten have one each");

// False when it does not fit. `guard` as in bank_steps, the same for all three.
bool excursion_shorten(
        const struct excursion *whole, bool guard, struct short_excursion *ret_excursion);
void excursion_lengthen(
        const struct short_excursion *excursion, bool guard, struct excursion *ret_whole);
// Whether a restored one's numbers can have come about.
bool excursion_can_be(const struct short_excursion *excursion, bool guard);
// Adds healthy messages of a level; the nodes that this brings to 0 leave `nodes`. False, and
// nothing is done, when the result would not fit.
bool excursion_pass(struct short_excursion *excursion, uint32_t good, unsigned level, bool guard,
        const struct sums_change *sums);
