// How many partitions the tally topic has had since its first frame: a tenant's is murmur2(tenant)
// mod N, and its counts must not come apart. N is written beside each commit of the detect half's
// group, and into each snapshot.
#pragma once

#include "common/err.h"
#include "policy/config.h"
#include "run/commits.h"

enum { TALLY_WIDTH_BYTES = 32 };

// The text of each commit of the detect half.
struct tally_width {
    char text[TALLY_WIDTH_BYTES];
};
void tally_width_write(struct tally_width *width, uint32_t tally_partitions);
struct commit_texts tally_width_texts(struct tally_width *width);
// What such a text says; 0 = nothing.
uint32_t tally_width_read(struct view text);

// Before anything is sent: ERR_CONFIG, and says so, when the topic had another number of partitions
// before. ERR_NONE, with a warning, when that cannot be learnt: a snapshot may say so later.
MUST_CHECK enum err tally_width_check(const struct config *config, uint32_t tally_partitions);
