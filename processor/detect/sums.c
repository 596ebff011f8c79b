#include "detect/sums.h"

#include <string.h>

static uint32_t add_bounded(uint32_t sum, int64_t more)
{
    int64_t total = (int64_t)sum + more;
    return total < 0 ? 0 : total > UINT32_MAX ? UINT32_MAX : (uint32_t)total;
}

struct sums_change sums_of_leaf(const struct leaf_delta *leaf)
{
    int64_t invalid = leaf->reasons[REASON_INVALID_NUMBER];
    struct sums_change sums = {
            .watched = leaf->judged + leaf->unknown,
            .misdirected = leaf->misdirected,
            .invalid = invalid < leaf->unknown ? invalid : leaf->unknown, // the rest were exempt
    };
    memcpy(sums.signals, leaf->signals, sizeof sums.signals);
    return sums;
}

void sums_join(struct sums_change *change, const struct sums_change *more)
{
    change->watched += more->watched;
    change->misdirected += more->misdirected;
    change->invalid += more->invalid;
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        change->signals[signal] += more->signals[signal];
    }
}

static int64_t at_least_none(int64_t count)
{
    return count > 0 ? count : 0;
}

void sums_add(struct sums *sums, const struct sums_change *change)
{
    sums->watched = add_bounded(sums->watched, at_least_none(change->watched));
    sums->misdirected = add_bounded(sums->misdirected, at_least_none(change->misdirected));
    sums->invalid = add_bounded(sums->invalid, at_least_none(change->invalid));
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        sums->signals[signal] =
                add_bounded(sums->signals[signal], at_least_none(change->signals[signal]));
    }
}

void sums_take_back(struct sums *sums)
{
    sums->misdirected -= sums->misdirected > 0;
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

void sums_archive(struct archive *archive, struct sums *sums)
{
    archive_u32(archive, &sums->watched, UINT32_MAX);
    archive_u32(archive, &sums->misdirected, UINT32_MAX);
    archive_u32(archive, &sums->invalid, UINT32_MAX);
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        archive_u32(archive, &sums->signals[signal], UINT32_MAX);
    }
}
