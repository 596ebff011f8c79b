// What is counted of messages since some point, for the likely cause (model/incident.h).
#pragma once

#include "common/archive.h"
#include "model/delta.h"
#include "model/incident.h"

// struct message_sums in less room; they stop at 2^32 - 1.
struct sums {
    uint32_t watched;
    uint32_t misdirected;
    uint32_t invalid;
    uint32_t signals[SIGNAL_COUNT];
};

// The same of messages that are about to be added: what was taken back is below 0.
struct sums_change {
    int64_t watched;
    int64_t misdirected;
    int64_t invalid;
    int64_t signals[SIGNAL_COUNT];
};

struct sums_change sums_of_leaf(const struct leaf_delta *leaf);
void sums_join(struct sums_change *change, const struct sums_change *more);
// What is below 0 on the whole adds nothing.
void sums_add(struct sums *sums, const struct sums_change *change);
// One misdirected message is none after all; it stays watched.
void sums_take_back(struct sums *sums);
// `all` without `part`, which is a part of it but for the ceiling.
struct message_sums sums_less(const struct sums *all, const struct sums *part);
// Saves or restores them.
void sums_archive(struct archive *archive, struct sums *sums);
