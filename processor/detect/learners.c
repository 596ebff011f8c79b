#include "detect/learners.h"

#include "common/assure.h"

enum { USE_BITS = 27 };

void learners_init(struct learners *learners)
{
    *learners = (struct learners){.count = 0};
    pages_init(&learners->slots, sizeof(struct slot));
    pages_init(&learners->all, sizeof(struct learner));
}

void learners_fini(struct learners *learners)
{
    pages_fini(&learners->slots);
    pages_fini(&learners->all);
}

enum err learners_make_room(struct learners *learners, uint32_t slot)
{
    uint32_t before = pages_rows(&learners->slots);
    enum err e = pages_reach(&learners->slots, slot);
    for (uint32_t i = before; i < pages_rows(&learners->slots); i++) {
        *learners_slot(learners, i) = (struct slot){.level = LEVEL_UNSET};
    }
    return e;
}

static void set_use(struct slot *slot, uint32_t use)
{
    ASSURE(use < 1u << USE_BITS);
    slot->use = use & ((1u << USE_BITS) - 1);
}

static struct learner *learner_numbered(const struct learners *learners, uint32_t number)
{
    return pages_at(&learners->all, number);
}

enum err learners_give(struct learners *learners, uint32_t slot)
{
    ASSURE(learners_reach(learners, slot) && !learners_has(learners, slot));
    uint32_t number = learners->free_first;
    if (learners->free_count > 0) {
        learners->free_first = learner_numbered(learners, number)->learnt_judged_q12;
        learners->free_count--;
    } else {
        enum err e = pages_reach(&learners->all, learners->count);
        if (e != ERR_NONE) {
            return e;
        }
        number = learners->count++;
    }
    set_use(learners_slot(learners, slot), number + LEARNS_AFTER);
    return ERR_NONE;
}

void learners_drop(struct learners *learners, uint32_t slot)
{
    if (!learners_reach(learners, slot)) {
        return;
    }
    if (learners_has(learners, slot)) {
        uint32_t number = learners_slot(learners, slot)->use - LEARNS_AFTER;
        learner_numbered(learners, number)->learnt_judged_q12 = learners->free_first;
        learners->free_first = number;
        learners->free_count++;
    }
    *learners_slot(learners, slot) = (struct slot){.level = LEVEL_UNSET};
}

bool learners_count_young(struct learners *learners, uint32_t slot, uint32_t judged)
{
    struct slot *young = learners_slot(learners, slot);
    if (judged >= (uint32_t)LEARNS_AFTER - young->use) {
        return true;
    }
    set_use(young, young->use + judged);
    return false;
}

void learners_set_level(struct learners *learners, uint32_t slot, unsigned level)
{
    learners_slot(learners, slot)->level = level & 31;
}

// --- saving and restoring ---------------------------------------------------------------------

static void slot_archive(struct archive *archive, struct learners *learners, uint32_t number)
{
    struct slot *slot = learners_slot(learners, number);
    uint32_t level = slot->level;
    bool has_learner = learners_has(learners, number);
    archive_u32(archive, &level, LEVEL_UNSET);
    archive_bool(archive, &has_learner);
    slot->level = level & LEVEL_UNSET;
    if (!has_learner) {
        uint32_t young = slot->use;
        archive_u32(archive, &young, LEARNS_AFTER - 1);
        set_use(slot, young);
        return;
    }
    enum err e = archive_reads(archive) ? learners_give(learners, number) : ERR_NONE;
    if (e != ERR_NONE) {
        archive_fail(archive, e, "learners: the table");
        return;
    }
    learner_archive(archive, learners_at(learners, number));
}

void learners_archive(struct archive *archive, struct learners *learners, uint32_t slot_max)
{
    archive_mark(archive, "learners");
    uint32_t rows = pages_rows(&learners->slots);
    uint32_t count = archive_count(archive, rows <= slot_max ? rows : slot_max + 1, slot_max + 1);
    if (archive_reads(archive) && count > 0) {
        enum err e = learners_make_room(learners, count - 1);
        if (e != ERR_NONE) {
            archive_fail(archive, e, "learners: the table");
        }
    }
    for (uint32_t number = 0; number < count && archive_is_good(archive); number++) {
        slot_archive(archive, learners, number);
    }
}
