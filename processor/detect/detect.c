#include <stdlib.h>
#include <string.h>

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
    detect->rules[false] = bank_rules_of(options->budget, false);
    detect->rules[true] = bank_rules_of(options->budget, true);
    pages_init(&detect->scopes, sizeof(struct detect_scope));
    pool_init(&detect->excursions, sizeof(struct excursion));
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
        pool_fini(&detect->stream_excursions);
        pool_fini(&detect->habits);
        baseline_destroy(detect->baseline);
        pages_fini(&detect->scopes);
        free(detect->rows);
        free(detect->changes);
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

static enum err detect_make_room(struct detect *detect, const struct delta *delta)
{
    if (delta->scope_count > detect->change_capacity) {
        if (!grow((void **)&detect->changes, delta->scope_count, sizeof *detect->changes) ||
                !grow((void **)&detect->rows, delta->scope_count, sizeof *detect->rows)) {
            return ERR_NO_MEMORY;
        }
        detect->change_capacity = delta->scope_count;
    }
    int32_t last = 0;
    for (uint32_t i = 0; i < delta->scope_count; i++) {
        last = delta->scopes[i].scope > last ? delta->scopes[i].scope : last;
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

static bool kind_learns(enum scope_kind kind)
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
    bool quiet = excursion_of(detect, chain_narrowest(&chain)) == NULL;
    return baseline_level(detect->baseline, &chain, delta->log_time_ms, quiet, ret_level);
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
    unsigned narrowest = 0;
    while (leaf->uses[narrowest].row < 0 && narrowest < SCOPE_TENANT) {
        narrowest++;
    }
    const struct leaf_use *use = &leaf->uses[narrowest];
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
static bool kind_has_streams(const struct leaf_delta *leaf, unsigned kind)
{
    if (kind >= SCOPE_VENDOR) {
        return true;
    }
    for (unsigned narrower = 0; narrower < kind; narrower++) {
        if (leaf->uses[narrower].row >= 0) {
            return false;
        }
    }
    return true;
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

// NULL where nothing moves.
static struct row_change *change_of_row(const struct detect *detect, int32_t row)
{
    uint32_t number = detect->rows[row].change;
    return number == NO_CHANGE ? NULL : &detect->changes[number];
}

// The row's change, an empty one if need be. Part by part: cleared as a whole it would cost more than
// all that is added to it. Its streams are cleared by change_move_streams.
static struct row_change *row_take_change(struct detect *detect, int32_t row)
{
    struct row_state *state = &detect->rows[row];
    if (state->change == NO_CHANGE) {
        state->change = detect->change_count++;
        struct row_change *change = &detect->changes[state->change];
        change->bank = (struct bank_change){0};
        change->part = (struct bank_batch){0};
        change->sums = (struct sums_change){0};
        change->tenant = SCOPE_NONE;
        change->credit_nat6 = 0;
        change->moves_bank = false;
        change->moves_streams = false;
        change->part_level = LEVEL_COUNT;
        change->lowest_level = LEVEL_COUNT;
        change->highest_level = 0;
    }
    return &detect->changes[state->change];
}

static void change_move_streams(struct row_change *change)
{
    if (!change->moves_streams) {
        change->moves_streams = true;
        change->streams = (struct stream_batch){0};
    }
}

// Finds out what a row has to move: what is kept of its scope, or what begins with this delta. Of
// most scopes nothing is kept, and healthy messages begin nothing.
static void row_look(struct detect *detect, const struct delta *delta, int32_t at)
{
    const struct scope_delta *row = &delta->scopes[at];
    const struct detect_scope *scope = scope_at(detect, row->scope);
    bool moves_bank = scope->excursion != 0 || row->fresh + row->guarded > 0 ||
                      (row->is_new && row->kind == SCOPE_CAMPAIGN);
    bool moves_streams = scope->streams != 0;
    detect->rows[at] = (struct row_state){row->scope, NO_CHANGE, false};
    if (moves_bank || moves_streams || row->kind == SCOPE_TENANT) {
        struct row_change *change = row_take_change(detect, at);
        change->moves_bank = moves_bank;
        if (moves_streams) {
            change_move_streams(change);
        }
    }
}

static void detect_look(struct detect *detect, const struct delta *delta)
{
    detect->change_count = 0;
    for (uint32_t i = 0; i < delta->scope_count; i++) {
        row_look(detect, delta, (int32_t)i);
    }
    for (uint32_t i = 0; i < delta->leaf_count; i++) {
        const struct leaf_delta *leaf = &delta->leaves[i];
        bool has_hits = !leaf->held && stream_leaf_has_hits(leaf);
        for (unsigned kind = 0; kind < SCOPE_KIND_COUNT && has_hits; kind++) {
            if (leaf->uses[kind].row >= 0 && kind_has_streams(leaf, kind)) {
                change_move_streams(row_take_change(detect, leaf->uses[kind].row));
            }
        }
    }
}

// What the delta needs of the large tables, asked for before it is needed: first what is found by a
// scope's number, then what is found there.
static void detect_prefetch(const struct detect *detect, const struct delta *delta)
{
    for (uint32_t i = 0; i < delta->scope_count; i++) {
        prefetch(scope_at(detect, delta->scopes[i].scope));
        if (kind_learns(delta->scopes[i].kind)) {
            baseline_prefetch_slot(detect->baseline, delta->scopes[i].scope);
        }
    }
    for (uint32_t i = 0; i < delta->scope_count; i++) {
        excursion_prefetch(detect, delta->scopes[i].scope);
        if (kind_learns(delta->scopes[i].kind)) {
            baseline_prefetch_learner(detect->baseline, delta->scopes[i].scope);
        }
    }
}

// Puts what has come by one level into the change; messages of one level are added up before.
static void change_settle(const struct detect *detect, struct row_change *change)
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

static enum err leaf_add(struct detect *detect, const struct delta *delta,
        const struct leaf_delta *leaf, const struct detect_asks *asks)
{
    unsigned level;
    enum err e = leaf_level(detect, delta, leaf, &level);
    if (e != ERR_NONE) {
        return e;
    }
    const struct sums_change sums = sums_of_leaf(leaf);
    int32_t tenant = use_scope(detect, &leaf->uses[SCOPE_TENANT]);
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        const struct leaf_use *use = &leaf->uses[kind];
        struct row_change *change = use->row < 0 ? NULL : change_of_row(detect, use->row);
        if (change == NULL) {
            continue;
        }
        change->tenant = tenant;
        sums_join(&change->sums, &sums);
        if (change->moves_bank) {
            change_add_use(detect, change, use, level);
        }
        if (change->moves_streams && kind_has_streams(leaf, kind)) {
            stream_batch_add(&change->streams, leaf);
        }
        if (kind == SCOPE_CAMPAIGN && delta->scopes[use->row].is_new) {
            change->credit_nat6 = leaf_credit(detect, delta, leaf, asks);
        }
    }
    return ERR_NONE;
}

static enum err row_step_bank(struct detect *detect, const struct delta *delta,
        const struct scope_delta *row, struct row_change *change)
{
    change_settle(detect, change);
    struct excursion *excursion = excursion_of(detect, row->scope);
    bool misdirected = change->bank.fresh + change->bank.guarded > 0;
    if (excursion == NULL) {
        if (!misdirected && change->credit_nat6 == 0) {
            return ERR_NONE; // nothing speaks against it, and nothing new does
        }
        enum err e = excursion_begin(detect, row->scope, change);
        if (e != ERR_NONE) {
            return e;
        }
        excursion = excursion_of(detect, row->scope);
    }
    sums_add(&excursion->since, &change->sums);
    if (row->first_entry >= 0) {
        change->bank.first = delta->entries[row->first_entry].remembered;
    }
    if (excursion->lowest_level > change->lowest_level) {
        excursion->lowest_level = change->lowest_level;
    }
    if (excursion->highest_level < change->highest_level) {
        excursion->highest_level = change->highest_level;
    }
    excursion_step(detect, row->scope, &change->bank);
    return ERR_NONE;
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
    streams_step(&excursion->streams, &change->streams, &detect->options.streams);
    if (streams_are_quiet(&excursion->streams)) {
        streams_end(detect, row->scope);
    }
    return ERR_NONE;
}

static enum err row_step(
        struct detect *detect, const struct delta *delta, const struct scope_delta *row)
{
    struct row_change *change = change_of_row(detect, (int32_t)(row - delta->scopes));
    if (change == NULL) {
        return ERR_NONE;
    }
    enum err e = change->moves_bank ? row_step_bank(detect, delta, row, change) : ERR_NONE;
    if (e == ERR_NONE && change->moves_streams) {
        e = row_step_streams(detect, delta, row, change);
    }
    if (e == ERR_NONE && row->kind == SCOPE_TENANT) {
        e = habit_add(detect, row->scope, &change->sums);
    }
    return e;
}

static bool scope_is_away(
        const struct detect *detect, int32_t scope, const struct detect_asks *asks)
{
    const struct excursion *excursion = excursion_of(detect, scope);
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
    detect_prefetch(detect, delta);
    detect_look(detect, delta);
    for (uint32_t i = 0; i < delta->leaf_count && e == ERR_NONE; i++) {
        if (!delta->leaves[i].held) {
            e = leaf_add(detect, delta, &delta->leaves[i], asks);
        }
    }
    for (uint32_t i = 0; i < delta->scope_count && e == ERR_NONE; i++) {
        const struct scope_delta *row = &delta->scopes[i];
        e = row_step(detect, delta, row);
        detect->rows[i].is_away = kind_learns(row->kind) && scope_is_away(detect, row->scope, asks);
    }
    for (uint32_t i = 0; i < delta->leaf_count && e == ERR_NONE && detect->options.learning; i++) {
        if (!delta->leaves[i].held) {
            e = leaf_learn(detect, delta, &delta->leaves[i]);
        }
    }
    for (uint32_t i = 0; i < delta->leaf_count && e == ERR_NONE; i++) {
        if (!delta->leaves[i].held) {
            e = detect_learn_usual(detect, &delta->leaves[i]);
        }
    }
    return e;
}
