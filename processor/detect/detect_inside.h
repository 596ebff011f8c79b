// What the files of the detector share: detect.c (a delta's way through it), excursion.c (what is kept
// of a scope), detect_evidence.c (what it says).
#pragma once

#include "detect/detect.h"
#include "detect/excursion.h"
#include "detect/sums.h"
#include "detect/usual.h"
#include "state/pool.h"

enum { TOPIC_MAX = 64 };
#define NO_LEAF UINT32_MAX

// Where a stream's excursion began. The topic is a number in detect.topics.
struct place {
    int64_t occurred_at_ms;
    int64_t offset;
    int32_t partition;
    uint16_t topic;
};

struct stream_excursion {
    struct streams streams;
    struct sums since;
    int32_t tenant;
    struct place place; // of the first frame of it
    // of the first entry that came with each stream's hits or behind them (state/recent.h)
    uint64_t start_serials[STREAM_COUNT];
};

// The entries that an excursion's change points are stay pinned. Campaigns, nearly all of the scopes
// that there are, have theirs short where it fits.
struct detect_scope {
    uint32_t excursion : 31; // number in its pool; 0 = every statistic is 0
    uint32_t is_short : 1;   // it is among the short ones
    uint32_t streams;        // number in the pool; 0 = likewise
    uint32_t habit : 30;     // of a tenant or vendor: its number in the pool; 0 = none
    uint32_t is_part : 1;    // of a campaign: `habit` is what it has added to theirs
    uint32_t credited : 1;   // it began with credit
};

enum { HABIT_MASK = (1 << 30) - 1, PART_BITS = 11, PART_MASK = (1 << PART_BITS) - 1 };
_Static_assert((int)USUAL_CAMPAIGN <= (int)PART_MASK, "a part fits twice beside each other");

// What is kept of a tenant or vendor for good.
struct habit {
    struct sums sums; // of all messages of a tenant; first, so that a habit may be read as these
    struct usual usual;
};

// What the delta in hand brings a row that has something to move.
struct row_change {
    struct bank_change bank;
    struct bank_batch part; // what goes by `part_level` and is not in `bank` yet
    struct sums_change sums;
    struct stream_batch streams;
    int32_t tenant;
    int32_t credit_nat6;
    uint8_t part_level; // LEVEL_COUNT = nothing has come yet
    uint8_t lowest_level;
    uint8_t highest_level;
};

// What stepping goes by, of each row and leaf of the delta in hand: in a few bytes, where a delta's own
// rows have hundreds.
struct row_state {
    int32_t scope;
    uint32_t
            last_leaf; // of those that bring it messages, a list through leaf_state.before; NO_LEAF = none
    uint8_t kind;
    bool begins;   // something in it may begin an excursion of its bank
    bool has_hits; // likewise of its streams
    bool is_away;  // of a kind that learns, after its step: in excursion, or with an open incident
};

struct leaf_state {
    struct sums_change sums;
    uint32_t before[SCOPE_KIND_COUNT]; // the leaf before it of the row of that kind; NO_LEAF = none
    int32_t tenant;
    uint8_t level;
    uint8_t narrowest; // the first kind that it has a row of
};

struct detect {
    struct detect_options options;
    struct recent *recent;
    struct baseline *baseline;
    unsigned prior_level;
    struct pages scopes; // by scope: struct detect_scope
    struct pool excursions;
    struct pool short_excursions;
    struct pool stream_excursions;
    struct pool habits;
    uint64_t next_serial; // above those of all entries before the delta in hand
    char *topics[TOPIC_MAX];
    // of the delta in hand
    struct row_state *rows;
    uint32_t row_capacity;
    struct leaf_state *leaves;
    uint32_t leaf_capacity;
};

// --- what is kept of a scope (excursion.c) ----------------------------------------------------

static inline bool scope_is_kept(const struct detect *detect, int32_t scope)
{
    return scope >= 0 && (uint32_t)scope < pages_rows(&detect->scopes);
}

static inline struct detect_scope *scope_at(const struct detect *detect, int32_t scope)
{
    return pages_at(&detect->scopes, (uint32_t)scope);
}

static inline bool scope_has_excursion(const struct detect *detect, int32_t scope)
{
    return scope_is_kept(detect, scope) && scope_at(detect, scope)->excursion != 0;
}

// NULL when every statistic is 0. A short one is told in `room`, and good as long as that.
const struct excursion *excursion_see(
        const struct detect *detect, int32_t scope, struct excursion *room);
// The same of streams.
struct stream_excursion *streams_of(const struct detect *detect, int32_t scope);
void excursion_prefetch(const struct detect *detect, int32_t scope);
// Moves what is kept of a row's scope by what the row has to move: begins it, ends it when every
// statistic is 0, and pins its change points.
MUST_CHECK enum err excursion_step(
        struct detect *detect, const struct scope_delta *row, struct row_change *change);
// Takes a message that is clear after all out of what is kept of its scope of that kind.
MUST_CHECK enum err excursion_take_back(struct detect *detect, unsigned kind,
        const struct delta_clearance *clearance, const struct step_table *steps);
// Puts what has come by one level into the change; messages of one level are added up before.
void change_settle(const struct detect *detect, struct row_change *change);
// In the frame of a row's delta; of a scope that has none.
MUST_CHECK enum err streams_begin(struct detect *detect, const struct delta *delta,
        const struct scope_delta *row, int32_t tenant);
void streams_end(struct detect *detect, int32_t scope);

// Whether what speaks against a scope would reach a reading's threshold by that level too, if it is
// above those in force (detect_evidence.c).
bool detect_reaches(const struct detect *detect, const struct excursion *excursion,
        const struct bank_reading *reading, unsigned level);

// --- what is kept of tenants and vendors (detect_usual.c) --------------------------------------

static inline int32_t use_scope(const struct detect *detect, const struct leaf_use *use)
{
    return use->row < 0 ? SCOPE_NONE : detect->rows[use->row].scope;
}

// Of a tenant or vendor; NULL when it has none.
struct habit *detect_habit(const struct detect *detect, int32_t scope);
// The same; it gets one.
MUST_CHECK enum err detect_take_habit(
        struct detect *detect, int32_t scope, struct habit **ret_habit);
// What the messages of a leaf teach about its vendor and tenant.
MUST_CHECK enum err detect_learn_usual(struct detect *detect, const struct leaf_delta *leaf);
