#include "detect/baseline_inside.h"

#include <stdlib.h>

#include "common/assure.h"
#include "common/clock.h"
#include "common/prefetch.h"

enum {
    RISE_MESSAGES_K = 100,
    LEAK_EXCURSION_NAT6 = 4000000,
    ACUTE_EXCURSION_NAT6 = 6000000,
};

// flags of a learner: bit 1 << place = the open block overlaps an excursion there, and
enum {
    FLAG_PLACES = (1 << BASELINE_PLACE_COUNT) - 1,
    FLAG_DUE = 1 << 3,        // a clean block has come since the level was last settled
    FLAG_MOVED = 1 << 4,      // baseline_moved will say so
    FLAG_MOVED_SAID = 1 << 5, // not again until it has come back
    FLAG_TOLD = 1 << 6, // its rate was told: it leans on its own 30-day rate, not on its parent
};

_Static_assert((int)LEVEL_COUNT <= (int)LEVEL_UNSET, "a level fits in five bits");

const struct baseline_options baseline_defaults = {
        .prior_rate_millionths = 5000,
        .floor_millionths = 500,
        .ceiling_millionths = 30000,
        .weight = 20000,
};

// The slots of a chain's scopes that are there, narrowest first; all together last.
struct path {
    uint32_t slots[BASELINE_PLACE_COUNT + 1];
    enum baseline_place places[BASELINE_PLACE_COUNT + 1]; // BASELINE_PLACE_COUNT = all together
    unsigned count;
};

static struct path path_of(const struct baseline_chain *chain)
{
    struct path path = {.count = 0};
    for (enum baseline_place place = 0; place < BASELINE_PLACE_COUNT; place++) {
        if (chain->scopes[place] != SCOPE_NONE) {
            path.slots[path.count] = (uint32_t)chain->scopes[place] + 1;
            path.places[path.count++] = place;
        }
    }
    path.slots[path.count] = SLOT_GLOBAL;
    path.places[path.count++] = BASELINE_PLACE_COUNT;
    return path;
}

// The first slot of the chain's path, without the rest: most messages need no more.
static uint32_t narrowest_of(const struct baseline_chain *chain)
{
    for (enum baseline_place place = 0; place < BASELINE_PLACE_COUNT; place++) {
        if (chain->scopes[place] != SCOPE_NONE) {
            return (uint32_t)chain->scopes[place] + 1;
        }
    }
    return SLOT_GLOBAL;
}

static uint32_t seconds_of(int64_t log_time_ms)
{
    int64_t seconds = (log_time_ms - CLOCK_MIN_MS) / 1000;
    return seconds < 0 ? 0 : seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

static bool has_learner(const struct baseline *baseline, uint32_t slot)
{
    return learners_has(&baseline->learners, slot);
}

static struct learner *learner_at(const struct baseline *baseline, uint32_t slot)
{
    return learners_at(&baseline->learners, slot);
}

static unsigned level_at(const struct baseline *baseline, uint32_t slot)
{
    return learners_level(&baseline->learners, slot);
}

static bool is_due(const struct baseline *baseline, uint32_t slot)
{
    return has_learner(baseline, slot) && (learner_at(baseline, slot)->flags & FLAG_DUE) != 0;
}

static int64_t prior_ppb(const struct baseline *baseline)
{
    return (int64_t)baseline->options.prior_rate_millionths * 1000;
}

static bool is_told(const struct learner *learner)
{
    return (learner->flags & FLAG_TOLD) != 0;
}

// p of the path's scope number `from`.
static int64_t rate_ppb(const struct baseline *baseline, const struct path *path, unsigned from)
{
    int64_t rate = prior_ppb(baseline);
    for (unsigned i = path->count; i-- > from;) {
        if (has_learner(baseline, path->slots[i])) {
            const struct learner *learner = learner_at(baseline, path->slots[i]);
            rate = is_told(learner) ? learner->slow_ppb : rate;
            rate = learner_rate_ppb(learner, rate, baseline->options.weight);
        }
    }
    return rate;
}

// The 30-day rate of the narrowest learner from number `from` of the path on.
static uint32_t slow_ppb(const struct baseline *baseline, const struct path *path, unsigned from)
{
    for (unsigned i = from; i < path->count; i++) {
        if (has_learner(baseline, path->slots[i])) {
            return learner_at(baseline, path->slots[i])->slow_ppb;
        }
    }
    return (uint32_t)prior_ppb(baseline);
}

static int64_t upper_ppb(int64_t rate, int64_t messages)
{
    // sqrt(p / n) in parts per billion is sqrt(p_ppb 1e9 / n)
    int64_t deviation = integer_sqrt(rate * 1000000000 / messages);
    return (rate + deviation * 164 / 100) * 5 / 4;
}

// L4
static unsigned level_of(
        const struct baseline_options *options, int64_t rate, int64_t messages, int64_t parent_slow)
{
    int64_t upper = upper_ppb(rate, messages);
    int64_t floor = (int64_t)options->floor_millionths * 1000;
    int64_t ceiling = (int64_t)options->ceiling_millionths * 1000;
    ceiling = ceiling < 2 * parent_slow ? ceiling : 2 * parent_slow;
    upper = upper > ceiling ? ceiling : upper;
    upper = upper < floor ? floor : upper;
    return table_level_up(upper);
}

unsigned baseline_cold_level(const struct baseline_options *options)
{
    int64_t rate = (int64_t)options->prior_rate_millionths * 1000;
    return level_of(options, rate, options->weight, rate);
}

// Of the path's scope number `i`, which has a learner.
static unsigned target_level(const struct baseline *baseline, const struct path *path, unsigned i)
{
    const struct learner *learner = learner_at(baseline, path->slots[i]);
    int64_t messages = (int64_t)learner_judged(learner) + baseline->options.weight;
    unsigned parent = i + 1 < path->count && !is_told(learner) ? i + 1 : i;
    return level_of(&baseline->options, rate_ppb(baseline, path, i), messages,
            slow_ppb(baseline, path, parent));
}

// L3
static void settle_level(
        struct baseline *baseline, const struct path *path, unsigned i, uint32_t now_s)
{
    uint32_t slot = path->slots[i];
    struct learner *learner = learner_at(baseline, slot);
    unsigned level = level_at(baseline, slot);
    unsigned target = target_level(baseline, path, i);
    learner->flags &= (uint8_t)~FLAG_DUE;
    if (target < level) {
        learners_set_level(&baseline->learners, slot, target);
    } else if (target > level && learner->since_risen_k >= RISE_MESSAGES_K &&
               seconds_since(learner->risen_s, now_s) >= DAY_SECONDS) {
        learners_set_level(&baseline->learners, slot, level + 1);
        learner->risen_s = now_s;
        learner->since_risen_k = 0;
    }
}

static enum err give_learner(
        struct baseline *baseline, const struct path *path, unsigned i, uint32_t now_s)
{
    uint32_t slow = slow_ppb(baseline, path, i);
    enum err e = learners_give(&baseline->learners, path->slots[i]);
    if (e == ERR_NONE) {
        learner_init(learner_at(baseline, path->slots[i]), now_s, slow);
    }
    return e;
}

// Sees to it that every slot of the path is there and has a level, and each but a campaign's a
// learner.
static enum err prepare(struct baseline *baseline, const struct path *path, uint32_t now_s)
{
    for (unsigned i = path->count; i-- > 0;) {
        uint32_t slot = path->slots[i];
        enum err e = learners_make_room(&baseline->learners, slot);
        if (e == ERR_NONE && path->places[i] != BASELINE_CAMPAIGN && !has_learner(baseline, slot)) {
            e = give_learner(baseline, path, i, now_s);
        }
        if (e != ERR_NONE) {
            return e;
        }
        if (level_at(baseline, slot) == LEVEL_UNSET) {
            unsigned level = i + 1 < path->count ? level_at(baseline, path->slots[i + 1])
                                                 : target_level(baseline, path, i);
            learners_set_level(&baseline->learners, slot, level);
        }
    }
    return ERR_NONE;
}

enum err baseline_create(struct baseline **ret_baseline, const struct baseline_options *options)
{
    ASSURE(options->weight > 0 && options->prior_rate_millionths <= 1000000);
    struct baseline *baseline = calloc(1, sizeof *baseline);
    if (baseline == NULL) {
        return ERR_NO_MEMORY;
    }
    baseline->options = *options;
    learners_init(&baseline->learners);
    *ret_baseline = baseline;
    return ERR_NONE;
}

void baseline_destroy(struct baseline *baseline)
{
    if (baseline != NULL) {
        learners_fini(&baseline->learners);
        free(baseline);
    }
}

void baseline_prefetch_slot(const struct baseline *baseline, int32_t scope)
{
    uint32_t slot = (uint32_t)scope + 1;
    if (learners_reach(&baseline->learners, slot)) {
        prefetch(learners_slot(&baseline->learners, slot));
    }
}

void baseline_prefetch_learner(const struct baseline *baseline, int32_t scope)
{
    uint32_t slot = (uint32_t)scope + 1;
    if (has_learner(baseline, slot)) {
        prefetch(learner_at(baseline, slot));
    }
}

enum err baseline_level(struct baseline *baseline, const struct baseline_chain *chain,
        int64_t log_time_ms, bool quiet, unsigned *ret_level)
{
    uint32_t slot = narrowest_of(chain);
    bool due = quiet && is_due(baseline, slot);
    if (due || level_at(baseline, slot) == LEVEL_UNSET) {
        struct path path = path_of(chain);
        uint32_t now_s = seconds_of(log_time_ms);
        enum err e = prepare(baseline, &path, now_s);
        if (e != ERR_NONE) {
            return e;
        }
        if (due) {
            settle_level(baseline, &path, 0, now_s); // L2
        }
    }
    *ret_level = level_at(baseline, slot);
    return ERR_NONE;
}

// What follows from newly learnt counts.
static void review(struct baseline *baseline, const struct path *path, unsigned i, uint32_t now_s)
{
    struct learner *learner = learner_at(baseline, path->slots[i]);
    int64_t rate = rate_ppb(baseline, path, i);
    int64_t floor = (int64_t)baseline->options.floor_millionths * 1000;
    int64_t usual = learner->slow_ppb > floor ? learner->slow_ppb : floor;
    if (rate > 2 * usual && (learner->flags & FLAG_MOVED_SAID) == 0) {
        learner->flags |= FLAG_MOVED | FLAG_MOVED_SAID;
    } else if (2 * rate < 3 * usual) {
        learner->flags &= (uint8_t)~FLAG_MOVED_SAID;
    }
    learner_follow(learner, rate, now_s);
}

// Closes the open block of the path's scope number `owner` and gives it to all that it is clean
// for.
static enum err close_block(
        struct baseline *baseline, const struct path *path, unsigned owner, uint32_t now_s)
{
    enum err e = prepare(baseline, path, now_s); // a parent may have been dropped meanwhile
    if (e != ERR_NONE) {
        return e;
    }
    struct learner *learner = learner_at(baseline, path->slots[owner]);
    unsigned excursions = learner->flags & FLAG_PLACES;
    learner->flags &= (uint8_t)~FLAG_PLACES;
    int64_t p0_ppb = table_baseline_ppb(level_at(baseline, path->slots[owner]));
    struct learner_counts block = learner_close(learner, p0_ppb);
    for (unsigned i = owner; i < path->count && (excursions >> path->places[i] & 1) == 0; i++) {
        learner = learner_at(baseline, path->slots[i]);
        if (learner_take(learner, &block, now_s)) {
            learner_roll(learner, now_s);
            review(baseline, path, i, now_s);
        }
        learner->flags |= FLAG_DUE;
        if (i > 0) { // the narrowest waits until its bank is quiet
            settle_level(baseline, path, i, now_s);
        }
    }
    return ERR_NONE;
}

// Messages of a campaign too young to learn: they teach its parents, unless it is in excursion
// itself. Those that make it old enough give it a learner.
static enum err note_young(struct baseline *baseline, const struct path *path, uint32_t judged,
        uint32_t misdirected, unsigned excursions, uint32_t now_s)
{
    enum err e = prepare(baseline, path, now_s);
    if (e != ERR_NONE) {
        return e;
    }
    if (learners_count_young(&baseline->learners, path->slots[0], judged)) {
        e = give_learner(baseline, path, 0, now_s);
    }
    struct learner *parent = learner_at(baseline, path->slots[1]);
    parent->flags |= (uint8_t)(excursions & FLAG_PLACES & ~(1u << BASELINE_CAMPAIGN));
    bool teaches = (excursions >> BASELINE_CAMPAIGN & 1) == 0;
    if (e == ERR_NONE && teaches && learner_note(parent, judged, misdirected)) {
        e = close_block(baseline, path, 1, now_s);
    }
    return e;
}

enum err baseline_note(struct baseline *baseline, const struct baseline_chain *chain,
        uint32_t judged, uint32_t misdirected, unsigned excursions, int64_t log_time_ms)
{
    ASSURE(misdirected <= judged);
    uint32_t slot = narrowest_of(chain);
    if (!has_learner(baseline, slot)) {
        struct path path = path_of(chain);
        uint32_t now_s = seconds_of(log_time_ms);
        if (path.places[0] == BASELINE_CAMPAIGN) {
            return note_young(baseline, &path, judged, misdirected, excursions, now_s);
        }
        enum err e = prepare(baseline, &path, now_s);
        if (e != ERR_NONE) {
            return e;
        }
    }
    struct learner *learner = learner_at(baseline, slot);
    learner->flags |= (uint8_t)(excursions & FLAG_PLACES);
    if (!learner_note(learner, judged, misdirected)) {
        return ERR_NONE;
    }
    const struct path path = path_of(chain);
    return close_block(baseline, &path, 0, seconds_of(log_time_ms));
}

enum err baseline_tell(struct baseline *baseline, const struct baseline_chain *chain,
        uint32_t rate_millionths, int64_t log_time_ms)
{
    ASSURE(rate_millionths <= 1000000);
    struct path path = path_of(chain);
    uint32_t now_s = seconds_of(log_time_ms);
    enum err e = prepare(baseline, &path, now_s);
    if (e == ERR_NONE && !has_learner(baseline, path.slots[0])) {
        e = give_learner(baseline, &path, 0, now_s);
    }
    if (e == ERR_NONE) {
        struct learner *learner = learner_at(baseline, path.slots[0]);
        learner_init(learner, now_s, rate_millionths * 1000);
        learner->flags = FLAG_TOLD;
        learners_set_level(&baseline->learners, path.slots[0], target_level(baseline, &path, 0));
    }
    return e;
}

bool baseline_sees_excursion(const struct bank *bank)
{
    for (unsigned j = 0; j < ACUTE_COUNT; j++) {
        if (bank->nodes[j].w_nat6 > ACUTE_EXCURSION_NAT6) {
            return true;
        }
    }
    return bank->nodes[NODE_LEAK].w_nat6 > LEAK_EXCURSION_NAT6;
}

// NULL when it has none.
static struct learner *learner_of(const struct baseline *baseline, int32_t scope)
{
    uint32_t slot = (uint32_t)scope + 1;
    return scope != SCOPE_NONE && has_learner(baseline, slot) ? learner_at(baseline, slot) : NULL;
}

void baseline_spoil(struct baseline *baseline, int32_t scope)
{
    struct learner *learner = learner_of(baseline, scope);
    if (learner != NULL) {
        learner_spoil(learner);
    }
}

void baseline_drop(struct baseline *baseline, int32_t scope)
{
    if (scope != SCOPE_NONE) {
        learners_drop(&baseline->learners, (uint32_t)scope + 1);
    }
}

bool baseline_moved(struct baseline *baseline, int32_t scope)
{
    struct learner *learner = learner_of(baseline, scope);
    bool moved = learner != NULL && (learner->flags & FLAG_MOVED) != 0;
    if (moved) {
        learner->flags &= (uint8_t)~FLAG_MOVED;
    }
    return moved;
}

struct baseline_estimate baseline_estimate(
        const struct baseline *baseline, const struct baseline_chain *chain)
{
    struct path path = path_of(chain);
    unsigned i = 0;
    while (i + 1 < path.count && !has_learner(baseline, path.slots[i])) {
        i++;
    }
    bool known = has_learner(baseline, path.slots[i]); // not when nothing has come yet
    uint32_t judged = known ? learner_judged(learner_at(baseline, path.slots[i])) : 0;
    int64_t rate = rate_ppb(baseline, &path, i);
    return (struct baseline_estimate){
            .rate_ppb = rate,
            .upper_ppb = upper_ppb(rate, (int64_t)judged + baseline->options.weight),
            .slow_ppb = slow_ppb(baseline, &path, i),
            .judged = judged,
    };
}

uint32_t baseline_learners(const struct baseline *baseline)
{
    return baseline->learners.count - baseline->learners.free_count;
}
