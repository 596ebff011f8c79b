#include <stdlib.h>
#include <string.h>

#include "common/assure.h"
#include "common/prefetch.h"
#include "detect/detect_inside.h"

enum err detect_create(
        struct detect **ret_detect, const struct detect_options *options, struct recent *recent)
{
    struct detect *detect = calloc(1, sizeof *detect);
    if (detect == NULL) {
        return ERR_NO_MEMORY;
    }
    detect->options = *options;
    detect->recent = recent;
    pages_init(&detect->scopes, sizeof(struct detect_scope));
    pool_init(&detect->excursions, sizeof(struct excursion));
    pool_init(&detect->short_excursions, sizeof(struct short_excursion));
    pool_init(&detect->stream_excursions, sizeof(struct stream_excursion));
    pool_init(&detect->habits, sizeof(struct habit));
    detect->prior_level = baseline_cold_level(&options->baseline);
    enum err e = baseline_create(&detect->baseline, &options->baseline);
    if (e != ERR_NONE) {
        detect_destroy(detect);
        return e;
    }
    *ret_detect = detect;
    return ERR_NONE;
}

void detect_destroy(struct detect *detect)
{
    if (detect != NULL) {
        for (uint32_t i = 0; i < pages_rows(&detect->scopes); i++) {
            detect_reset(detect, (int32_t)i);
        }
        for (unsigned i = 0; i < TOPIC_MAX; i++) {
            free(detect->topics[i]);
        }
        pool_fini(&detect->excursions);
        pool_fini(&detect->short_excursions);
        pool_fini(&detect->stream_excursions);
        pool_fini(&detect->habits);
        baseline_destroy(detect->baseline);
        pages_fini(&detect->scopes);
        free(detect->rows);
        free(detect->leaves);
        free(detect);
    }
}

static bool grow(void **array, size_t count, size_t element_bytes)
{
    void *grown = realloc(*array, count * element_bytes);
    if (grown != NULL) {
        *array = grown;
    }
    return grown != NULL;
}

// Sees to it that there is a state of each row and leaf, and of each scope.
static enum err detect_make_room(struct detect *detect, const struct delta *delta)
{
    if (delta->scope_count > detect->row_capacity) {
        if (!grow((void **)&detect->rows, delta->scope_count, sizeof *detect->rows)) {
            return ERR_NO_MEMORY;
        }
        detect->row_capacity = delta->scope_count;
    }
    if (delta->leaf_count > detect->leaf_capacity) {
        if (!grow((void **)&detect->leaves, delta->leaf_count, sizeof *detect->leaves)) {
            return ERR_NO_MEMORY;
        }
        detect->leaf_capacity = delta->leaf_count;
    }
    int32_t last = 0;
    for (uint32_t i = 0; i < delta->scope_count; i++) {
        const struct scope_delta *row = &delta->scopes[i];
        detect->rows[i] = (struct row_state){.scope = row->scope,
                .last_leaf = NO_LEAF,
                .kind = (uint8_t)row->kind,
                .begins = row->fresh + row->guarded > 0 ||
                          (row->is_new && row->kind == SCOPE_CAMPAIGN)};
        last = row->scope > last ? row->scope : last;
    }
    return pages_reach(&detect->scopes, (uint32_t)last);
}

// --- baselines --------------------------------------------------------------------------------

static struct baseline_chain chain_of(const struct detect *detect, const struct leaf_delta *leaf)
{
    return (struct baseline_chain){{
            [BASELINE_CAMPAIGN] = use_scope(detect, &leaf->uses[SCOPE_CAMPAIGN]),
            [BASELINE_VENDOR] = use_scope(detect, &leaf->uses[SCOPE_VENDOR]),
            [BASELINE_TENANT] = use_scope(detect, &leaf->uses[SCOPE_TENANT]),
    }};
}

static bool kind_learns(unsigned kind)
{
    return kind == SCOPE_CAMPAIGN || kind == SCOPE_VENDOR || kind == SCOPE_TENANT;
}

static int32_t chain_narrowest(const struct baseline_chain *chain)
{
    for (unsigned place = 0; place < BASELINE_PLACE_COUNT; place++) {
        if (chain->scopes[place] != SCOPE_NONE) {
            return chain->scopes[place];
        }
    }
    return SCOPE_NONE;
}

static enum err leaf_level(struct detect *detect, const struct delta *delta,
        const struct leaf_delta *leaf, unsigned *ret_level)
{
    if (!detect->options.learning) {
        *ret_level = detect->prior_level;
        return ERR_NONE;
    }
    const struct baseline_chain chain = chain_of(detect, leaf);
    bool quiet = !scope_has_excursion(detect, chain_narrowest(&chain));
    return baseline_level(detect->baseline, &chain, delta->log_time_ms, quiet, ret_level);
}

static uint8_t leaf_narrowest(const struct leaf_delta *leaf)
{
    uint8_t kind = 0;
    while (leaf->uses[kind].row < 0 && kind < SCOPE_TENANT) {
        kind++;
    }
    return kind;
}

static enum err leaf_learn(
        struct detect *detect, const struct delta *delta, const struct leaf_delta *leaf)
{
    static const enum scope_kind kinds[BASELINE_PLACE_COUNT] = {
            [BASELINE_CAMPAIGN] = SCOPE_CAMPAIGN,
            [BASELINE_VENDOR] = SCOPE_VENDOR,
            [BASELINE_TENANT] = SCOPE_TENANT,
    };
    unsigned excursions = 0;
    for (unsigned place = 0; place < BASELINE_PLACE_COUNT; place++) {
        int32_t row = leaf->uses[kinds[place]].row;
        excursions |= (unsigned)(row >= 0 && detect->rows[row].is_away) << place;
    }
    const struct leaf_use *use = &leaf->uses[leaf_narrowest(leaf)];
    const struct baseline_chain chain = chain_of(detect, leaf);
    uint32_t misdirected = use->fresh + use->guarded;
    return baseline_note(detect->baseline, &chain, use->good + misdirected, misdirected, excursions,
            delta->log_time_ms);
}

// --- stepping ---------------------------------------------------------------------------------

static enum err habit_add(struct detect *detect, int32_t scope, const struct sums_change *sums)
{
    struct habit *habit;
    enum err e = detect_take_habit(detect, scope, &habit);
    if (e == ERR_NONE) {
        sums_add(&habit->sums, sums);
    }
    return e;
}

// The narrowest scope that there is, the vendor and the tenant have streams of their own.
static bool kind_has_streams(const struct leaf_state *leaf, unsigned kind)
{
    return kind >= SCOPE_VENDOR || kind == leaf->narrowest;
}

// Fast initial response: a campaign that declares its size, or whose vendor is under an alert.
static int32_t leaf_credit(const struct detect *detect, const struct delta *delta,
        const struct leaf_delta *leaf, const struct detect_asks *asks)
{
    const struct leaf_use *vendor = &leaf->uses[SCOPE_VENDOR];
    if (vendor->row >= 0 &&
            asks->tier(asks->self, delta->scopes[vendor->row].scope) >= TIER_ALERT) {
        return bank_credit_of_size(INT64_MAX);
    }
    return detect->options.start_credit ? bank_credit_of_size(leaf->planned_size) : 0;
}

// What the delta needs of the large tables, asked for before it is needed: first what is found by a
// scope's number, then what is found there.
static void detect_prefetch(const struct detect *detect, uint32_t row_count)
{
    for (uint32_t i = 0; i < row_count; i++) {
        const struct row_state *row = &detect->rows[i];
        prefetch(scope_at(detect, row->scope));
        if (kind_learns(row->kind)) {
            baseline_prefetch_slot(detect->baseline, row->scope);
        }
    }
    for (uint32_t i = 0; i < row_count; i++) {
        const struct row_state *row = &detect->rows[i];
        excursion_prefetch(detect, row->scope);
        if (kind_learns(row->kind)) {
            baseline_prefetch_learner(detect->baseline, row->scope);
        }
    }
}

void change_settle(const struct detect *detect, struct row_change *change)
{
    if (change->part_level == LEVEL_COUNT) {
        return;
    }
    const struct step_table steps = bank_steps(change->part_level, detect->options.guard);
    bank_change_add(&change->bank, &change->part, &steps);
    change->part = (struct bank_batch){0};
    if (change->lowest_level > change->part_level) {
        change->lowest_level = change->part_level;
    }
    if (change->highest_level < change->part_level) {
        change->highest_level = change->part_level;
    }
}

static void change_add_use(const struct detect *detect, struct row_change *change,
        const struct leaf_use *use, unsigned level)
{
    if (change->part_level != level) {
        change_settle(detect, change);
        change->part_level = (uint8_t)level;
    }
    change->part.good += use->good;
    change->part.fresh += use->fresh;
    change->part.guarded += use->guarded;
}

// Finds a leaf's level, which must be before any row is stepped (L1 in detect/baseline.h), and enters
// it with its rows.
static enum err leaf_enter(struct detect *detect, const struct delta *delta, uint32_t number,
        const struct detect_asks *asks)
{
    const struct leaf_delta *leaf = &delta->leaves[number];
    struct leaf_state *state = &detect->leaves[number];
    unsigned level;
    enum err e = leaf_level(detect, delta, leaf, &level);
    if (e != ERR_NONE) {
        return e;
    }
    if (asks->level != NULL) {
        level = asks->level(asks->self, &delta->frame->leaves[number].key, level);
        ASSURE(level < LEVEL_COUNT);
    }
    state->level = (uint8_t)level;
    state->sums = sums_of_leaf(leaf);
    state->tenant = use_scope(detect, &leaf->uses[SCOPE_TENANT]);
    state->narrowest = leaf_narrowest(leaf);
    bool has_hits = stream_leaf_has_hits(leaf);
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        if (leaf->uses[kind].row >= 0) {
            struct row_state *row = &detect->rows[leaf->uses[kind].row];
            state->before[kind] = row->last_leaf;
            row->last_leaf = number;
            row->has_hits |= has_hits && kind_has_streams(state, kind);
        }
    }
    return ERR_NONE;
}

// An empty change, part by part: cleared as a whole it would cost more than all that is added to it.
static void change_clear(struct row_change *change, bool moves_streams)
{
    change->bank = (struct bank_change){0};
    change->part = (struct bank_batch){0};
    change->sums = (struct sums_change){0};
    if (moves_streams) {
        change->streams = (struct stream_batch){0};
    }
    change->tenant = SCOPE_NONE;
    change->credit_nat6 = 0;
    change->part_level = LEVEL_COUNT;
    change->lowest_level = LEVEL_COUNT;
    change->highest_level = 0;
}

// What a row's leaves bring it.
static void row_gather(const struct detect *detect, const struct delta *delta, uint32_t number,
        bool moves_streams, const struct detect_asks *asks, struct row_change *change)
{
    const struct row_state *row = &detect->rows[number];
    change_clear(change, moves_streams);
    uint32_t i = row->last_leaf;
    if (i != NO_LEAF) {
        change->tenant = detect->leaves[i].tenant;
        if (row->kind == SCOPE_CAMPAIGN && delta->scopes[number].is_new) {
            change->credit_nat6 = leaf_credit(detect, delta, &delta->leaves[i], asks);
        }
    }
    while (i != NO_LEAF) {
        const struct leaf_state *state = &detect->leaves[i];
        const struct leaf_delta *leaf = &delta->leaves[i];
        sums_join(&change->sums, &state->sums);
        change_add_use(detect, change, &leaf->uses[row->kind], state->level);
        if (moves_streams && kind_has_streams(state, row->kind)) {
            stream_batch_add(&change->streams, leaf,
                    asks->sources != NULL ? asks->sources(asks->self, &delta->frame->leaves[i].key)
                                          : SOURCES_ALL);
        }
        i = state->before[row->kind];
    }
}

static enum err row_step_streams(struct detect *detect, const struct delta *delta,
        const struct scope_delta *row, const struct row_change *change)
{
    struct stream_excursion *excursion = streams_of(detect, row->scope);
    if (excursion == NULL) {
        if (!stream_batch_has_hits(&change->streams)) {
            return ERR_NONE;
        }
        enum err e = streams_begin(detect, delta, row, change->tenant);
        if (e != ERR_NONE) {
            return e;
        }
        excursion = streams_of(detect, row->scope);
    }
    sums_add(&excursion->since, &change->sums);
    for (unsigned s = 0; s < STREAM_COUNT; s++) {
        if (excursion->streams.judged[s] == 0) {
            excursion->start_serials[s] = detect->next_serial;
        }
    }
    streams_step(&excursion->streams, &change->streams, &detect->options.streams);
    if (streams_are_quiet(&excursion->streams)) {
        streams_end(detect, row->scope);
    }
    return ERR_NONE;
}

// Of most scopes nothing is kept, and healthy messages begin nothing.
static enum err row_step(struct detect *detect, const struct delta *delta, uint32_t number,
        const struct detect_asks *asks)
{
    const struct row_state *row = &detect->rows[number];
    const struct detect_scope *scope = scope_at(detect, row->scope);
    bool moves_bank = row->begins || scope->excursion != 0;
    bool moves_streams = row->has_hits || scope->streams != 0;
    if (!moves_bank && !moves_streams && row->kind != SCOPE_TENANT) {
        return ERR_NONE;
    }
    struct row_change change;
    row_gather(detect, delta, number, moves_streams, asks, &change);
    const struct scope_delta *of = &delta->scopes[number];
    enum err e = ERR_NONE;
    if (moves_bank) {
        if (of->first_entry >= 0) {
            change.bank.first = delta->entries[of->first_entry].remembered;
        }
        e = excursion_step(detect, of, &change);
    }
    if (e == ERR_NONE && moves_streams) {
        e = row_step_streams(detect, delta, of, &change);
    }
    if (e == ERR_NONE && row->kind == SCOPE_TENANT) {
        e = habit_add(detect, row->scope, &change.sums);
    }
    return e;
}

static bool scope_is_away(
        const struct detect *detect, int32_t scope, const struct detect_asks *asks)
{
    struct excursion room;
    const struct excursion *excursion = excursion_see(detect, scope, &room);
    return (excursion != NULL && baseline_sees_excursion(&excursion->bank)) ||
           asks->tier(asks->self, scope) != TIER_NONE;
}

enum err detect_delta(
        struct detect *detect, const struct delta *delta, const struct detect_asks *asks)
{
    enum err e = detect_make_room(detect, delta);
    if (e != ERR_NONE) {
        return e;
    }
    detect_prefetch(detect, delta->scope_count);
    for (uint32_t i = 0; i < delta->leaf_count && e == ERR_NONE; i++) {
        if (!delta->leaves[i].held) {
            e = leaf_enter(detect, delta, i, asks);
        }
    }
    for (uint32_t i = 0; i < delta->scope_count && e == ERR_NONE; i++) {
        struct row_state *row = &detect->rows[i];
        e = row_step(detect, delta, i, asks);
        row->is_away = kind_learns(row->kind) && scope_is_away(detect, row->scope, asks);
    }
    for (uint32_t i = 0; i < delta->leaf_count && e == ERR_NONE && detect->options.learning; i++) {
        if (!delta->leaves[i].held) {
            e = leaf_learn(detect, delta, &delta->leaves[i]);
        }
    }
    if (delta->entry_count > 0) {
        detect->next_serial = delta->entries[delta->entry_count - 1].serial + 1;
    }
    for (uint32_t i = 0; i < delta->leaf_count && e == ERR_NONE; i++) {
        if (!delta->leaves[i].held) {
            e = detect_learn_usual(detect, &delta->leaves[i]);
        }
    }
    return e;
}

unsigned detect_leaf_level(const struct detect *detect, uint32_t leaf)
{
    ASSURE(leaf < detect->leaf_capacity);
    return detect->leaves[leaf].level;
}

enum err detect_clear(struct detect *detect, const struct delta_clearance *clearance)
{
    if (clearance->held || clearance->level >= LEVEL_COUNT) {
        return ERR_NONE; // it moved nothing
    }
    const struct step_table steps = bank_steps(clearance->level, detect->options.guard);
    enum err e = ERR_NONE;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT && e == ERR_NONE; kind++) {
        e = excursion_take_back(detect, kind, clearance, &steps);
    }
    struct habit *habit = detect_habit(detect, clearance->scopes[SCOPE_TENANT]);
    if (habit != NULL) {
        sums_take_back(&habit->sums);
    }
    return e;
}
