// What is counted of messages since some point, for the likely cause (model/incident.h).
#pragma once

#include "model/delta.h"
#include "model/incident.h"

// struct message_sums in less room; they stop at 2^32 - 1.
struct sums {
    uint32_t watched;
    uint32_t misdirected;
    uint32_t invalid;
    uint32_t signals[SIGNAL_COUNT];
};

// Adds a leaf's; what was taken back takes off.
void sums_add_leaf(struct sums *sums, const struct leaf_delta *leaf);
void sums_add(struct sums *sums, const struct sums *more);
// `all` without `part`, which is a part of it but for the ceiling.
struct message_sums sums_less(const struct sums *all, const struct sums *part);
