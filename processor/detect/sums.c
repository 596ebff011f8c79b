#include "detect/sums.h"

static uint32_t add_bounded(uint32_t sum, int64_t more)
{
    int64_t total = (int64_t)sum + more;
    return total < 0 ? 0 : total > UINT32_MAX ? UINT32_MAX : (uint32_t)total;
}

void sums_add_leaf(struct sums *sums, const struct leaf_delta *leaf)
{
    int64_t invalid = leaf->reasons[REASON_INVALID_NUMBER];
    invalid = invalid < leaf->unknown ? invalid : leaf->unknown; // the rest were exempt
    sums->watched = add_bounded(sums->watched, leaf->judged + leaf->unknown);
    sums->misdirected = add_bounded(sums->misdirected, leaf->misdirected);
    sums->invalid = add_bounded(sums->invalid, invalid);
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        sums->signals[signal] = add_bounded(sums->signals[signal], leaf->signals[signal]);
    }
}

void sums_add(struct sums *sums, const struct sums *more)
{
    sums->watched = add_bounded(sums->watched, more->watched);
    sums->misdirected = add_bounded(sums->misdirected, more->misdirected);
    sums->invalid = add_bounded(sums->invalid, more->invalid);
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        sums->signals[signal] = add_bounded(sums->signals[signal], more->signals[signal]);
    }
}

struct message_sums sums_less(const struct sums *all, const struct sums *part)
{
    struct message_sums rest = {
            .watched = add_bounded(all->watched, -(int64_t)part->watched),
            .misdirected = add_bounded(all->misdirected, -(int64_t)part->misdirected),
            .invalid = add_bounded(all->invalid, -(int64_t)part->invalid),
    };
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        rest.signals[signal] = add_bounded(all->signals[signal], -(int64_t)part->signals[signal]);
    }
    return rest;
}
