// Which scopes have a learner, and each scope's level in force. A slot is four bytes whether its
// scope learns or not; slot 0 is for all scopes together, slot s + 1 for scope s.
#pragma once

#include "common/err.h"
#include "common/pages.h"
#include "detect/learner.h"

enum {
    LEARNS_AFTER = 1000, // messages; until then they are counted in the slot
    SLOT_GLOBAL = 0,
    LEVEL_UNSET = 31,
};

struct slot {
    uint32_t level : 5;
    uint32_t
            use : 27; // messages so far, below LEARNS_AFTER; or LEARNS_AFTER + the learner's number
};

struct learners {
    struct pages slots; // struct slot
    struct pages all;   // struct learner
    uint32_t count;
    uint32_t free_first; // a list through learnt_judged_q12
    uint32_t free_count;
};

void learners_init(struct learners *learners);
void learners_fini(struct learners *learners);

// Sees to it that the slot is there.
MUST_CHECK enum err learners_make_room(struct learners *learners, uint32_t slot);
// Gives a slot that is there a learner; learner_init is the caller's.
MUST_CHECK enum err learners_give(struct learners *learners, uint32_t slot);
// Empties a slot; its learner is free for another.
void learners_drop(struct learners *learners, uint32_t slot);
// Counts messages of a slot without learner; true when it is old enough for one.
bool learners_count_young(struct learners *learners, uint32_t slot, uint32_t judged);
void learners_set_level(struct learners *learners, uint32_t slot, unsigned level);

static inline bool learners_reach(const struct learners *learners, uint32_t slot)
{
    return slot < pages_rows(&learners->slots);
}

static inline struct slot *learners_slot(const struct learners *learners, uint32_t slot)
{
    return pages_at(&learners->slots, slot);
}

static inline bool learners_has(const struct learners *learners, uint32_t slot)
{
    return learners_reach(learners, slot) && learners_slot(learners, slot)->use >= LEARNS_AFTER;
}

// Of a slot that has one.
static inline struct learner *learners_at(const struct learners *learners, uint32_t slot)
{
    return pages_at(&learners->all, learners_slot(learners, slot)->use - LEARNS_AFTER);
}

// LEVEL_UNSET of a slot that has none, or is not there.
static inline unsigned learners_level(const struct learners *learners, uint32_t slot)
{
    return learners_reach(learners, slot) ? learners_slot(learners, slot)->level : LEVEL_UNSET;
}
// Saves them, or restores new ones. `slot_max`: no slot is above it.
void learners_archive(struct archive *archive, struct learners *learners, uint32_t slot_max);
