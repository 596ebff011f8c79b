// Recipients that were found lately go along with every pipeline of lookups: data that lose several
// of them while the epoch stays the same have been damaged, and what else is missing from them is
// not believed. One recipient whose bucket was not there goes along as well, for as long as it is
// not. Pure.
//
//   free --found--> standing --not there--> gone --there again--> standing
//                              gone --the data's generation is another, or the loss is explained--> free
//
// Explained: of fewer than a quarter of them, when the epoch's count of records has changed since (a
// delta removed somebody), or after CANARY_GONE_MS; of more, when that count has fallen by half of
// their share at least. Fewer than CANARY_GONE_LEAST say nothing: people are deleted one by one.
#pragma once

#include "common/clock.h"
#include "redis/epoch.h"
#include "relationship/store.h"

enum {
    CANARY_COUNT = 32,
    CANARY_GONE_LEAST = 3,
    CANARY_GONE_MS = 60 * 1000,
    CANARY_CHANGE_MS = 250, // one gives its place to another so often, all within eight seconds
    CANARY_TEXT_BYTES = 256,
    CANARIES_ALONG = CANARY_COUNT + 1,
};

struct canary {
    char text[CANARY_TEXT_BYTES];
    size_t text_bytes; // 0 = free
    enum recipient_kind kind;
    bool is_gone;
    struct mono_time gone_at;
    uint64_t record_count; // the epoch's, when it was found last
};

struct canaries {
    struct canary each[CANARY_COUNT];
    struct canary wound; // in a bucket that was not there
    struct lookup along[CANARIES_ALONG];
    int8_t whose[CANARIES_ALONG]; // of `along`: which canary; CANARY_COUNT = the wound
    size_t along_count;
    size_t next;
    struct mono_time next_change;
    uint64_t generation; // 0 = none yet, or there is no epoch
};

// Makes the lookups that go along with the next pipeline: `along`, `along_count`.
void canaries_prepare(struct canaries *canaries);
// Takes their answers. `epoch` is the one in force, NULL where there is none. False: misses are not
// to be believed.
MUST_CHECK bool canaries_look(
        struct canaries *canaries, const struct epoch *epoch, struct mono_time now);
// How many are gone, of how many.
size_t canaries_gone(const struct canaries *canaries, size_t *ret_of);
// Takes some of those that were found where there is a place.
void canaries_choose(struct canaries *canaries, const struct lookup *lookups, size_t count,
        const struct epoch *epoch, struct mono_time now);
// A recipient whose bucket is not there, or damaged. The first one is kept until its bucket is well.
void canaries_mind(struct canaries *canaries, struct recipient recipient);
