#include "detect/learners.h"

#include <stdlib.h>

#include "common/assure.h"

enum { SLOT_COUNT_FIRST = 64, CAPACITY_FIRST = 16, USE_BITS = 27 };

void learners_fini(struct learners *learners)
{
    free(learners->slots);
    free(learners->all);
    *learners = (struct learners){0};
}

enum err learners_make_room(struct learners *learners, uint32_t slot)
{
    if (slot < learners->slot_count) {
        return ERR_NONE;
    }
    uint32_t count = learners->slot_count == 0 ? SLOT_COUNT_FIRST : learners->slot_count;
    while (count <= slot) {
        count *= 2;
    }
    struct slot *grown = realloc(learners->slots, count * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = learners->slot_count; i < count; i++) {
        grown[i] = (struct slot){.level = LEVEL_UNSET};
    }
    learners->slots = grown;
    learners->slot_count = count;
    return ERR_NONE;
}

static void set_use(struct slot *slot, uint32_t use)
{
    ASSURE(use < 1u << USE_BITS);
    slot->use = use & ((1u << USE_BITS) - 1);
}

enum err learners_give(struct learners *learners, uint32_t slot)
{
    ASSURE(slot < learners->slot_count && !learners_has(learners, slot));
    uint32_t number = learners->free_first;
    if (learners->free_count > 0) {
        learners->free_first = learners->all[number].learnt_judged_q12;
        learners->free_count--;
    } else {
        if (learners->count == learners->capacity) {
            uint32_t capacity = learners->capacity == 0 ? CAPACITY_FIRST : learners->capacity * 2;
            struct learner *grown = realloc(learners->all, capacity * sizeof *grown);
            if (grown == NULL) {
                return ERR_NO_MEMORY;
            }
            learners->all = grown;
            learners->capacity = capacity;
        }
        number = learners->count++;
    }
    set_use(&learners->slots[slot], number + LEARNS_AFTER);
    return ERR_NONE;
}

void learners_drop(struct learners *learners, uint32_t slot)
{
    if (slot >= learners->slot_count) {
        return;
    }
    if (learners_has(learners, slot)) {
        uint32_t number = learners->slots[slot].use - LEARNS_AFTER;
        learners->all[number].learnt_judged_q12 = learners->free_first;
        learners->free_first = number;
        learners->free_count++;
    }
    learners->slots[slot] = (struct slot){.level = LEVEL_UNSET};
}

bool learners_count_young(struct learners *learners, uint32_t slot, uint32_t judged)
{
    struct slot *young = &learners->slots[slot];
    if (judged >= (uint32_t)LEARNS_AFTER - young->use) {
        return true;
    }
    set_use(young, young->use + judged);
    return false;
}

void learners_set_level(struct learners *learners, uint32_t slot, unsigned level)
{
    learners->slots[slot].level = level & 31;
}
