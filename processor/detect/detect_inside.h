// What the files of the detector share: detect.c (a delta's way through it), excursion.c (what is kept
// of a scope), detect_evidence.c (what it says).
#pragma once

#include "detect/detect.h"
#include "detect/sums.h"
#include "state/pool.h"

enum { TOPIC_MAX = 64 };

// Where a stream's excursion began. The topic is a number in detect.topics.
struct place {
    int64_t occurred_at_ms;
    int64_t offset;
    int32_t partition;
    uint16_t topic;
};

// What is kept of a scope while some statistic of its bank is above 0. The entries that its change
// points are stay pinned meanwhile.
struct excursion {
    struct bank bank;
    struct sums since;
    int32_t tenant;
    // of the baselines that its messages went by; a campaign has one
    uint8_t lowest_level;
    uint8_t highest_level;
};

struct stream_excursion {
    struct streams streams;
    struct sums since;
    int32_t tenant;
    struct place place; // of the first frame of it
};

struct detect_scope {
    uint32_t excursion; // number in the pool; 0 = every statistic is 0
    uint32_t streams;   // likewise
    uint32_t habit : 31;   // of a tenant: number of the sums of all its messages; 0 = none
    uint32_t credited : 1; // it began with credit
};

// What the delta in hand brings a row.
struct row_change {
    struct bank_change bank;
    struct stream_batch streams;
    struct sums sums;
    int32_t tenant;
    bool has_streams;
    uint8_t lowest_level;
    uint8_t highest_level;
    int32_t credit_nat6;
};

struct detect {
    struct detect_options options;
    struct recent *recent;
    struct baseline *baseline;
    unsigned prior_level;
    struct bank_rules rules[2]; // of scopes that began without and with credit
    struct detect_scope *scopes; // by scope
    uint32_t capacity;
    struct pool excursions;
    struct pool stream_excursions;
    struct pool habits; // of struct sums
    char *topics[TOPIC_MAX];
    struct row_change *changes; // of the delta in hand, by row
    uint32_t change_capacity;
};

// --- what is kept of a scope (excursion.c) ----------------------------------------------------

// NULL when every statistic is 0.
struct excursion *excursion_of(const struct detect *detect, int32_t scope);
// The same of streams.
struct stream_excursion *streams_of(const struct detect *detect, int32_t scope);
// Of a scope that has none.
MUST_CHECK enum err excursion_begin(
        struct detect *detect, int32_t scope, const struct row_change *change);
// Moves the bank by a change, and with it the pins of its change points; ends it when it is quiet.
void excursion_step(struct detect *detect, int32_t scope, const struct bank_change *change);
void streams_end(struct detect *detect, int32_t scope);
