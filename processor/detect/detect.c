#include <stdlib.h>
#include <string.h>

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
    pool_init(&detect->excursions, sizeof(struct excursion));
    pool_init(&detect->stream_excursions, sizeof(struct stream_excursion));
    pool_init(&detect->habits, sizeof(struct sums));
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
        for (uint32_t i = 0; i < detect->capacity; i++) {
            detect_reset(detect, (int32_t)i);
        }
        for (unsigned i = 0; i < TOPIC_MAX; i++) {
            free(detect->topics[i]);
        }
        pool_fini(&detect->excursions);
        pool_fini(&detect->stream_excursions);
        pool_fini(&detect->habits);
        baseline_destroy(detect->baseline);
        free(detect->scopes);
        free(detect->changes);
        free(detect);
    }
}

static enum err detect_make_room(struct detect *detect, const struct delta *delta)
{
    if (delta->scope_count > detect->change_capacity) {
        struct row_change *grown =
                realloc(detect->changes, delta->scope_count * sizeof *detect->changes);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        detect->changes = grown;
        detect->change_capacity = delta->scope_count;
    }
    uint32_t needed = 0;
    for (uint32_t i = 0; i < delta->scope_count; i++) {
        uint32_t end = (uint32_t)delta->scopes[i].scope + 1;
        needed = end > needed ? end : needed;
    }
    if (needed <= detect->capacity) {
        return ERR_NONE;
    }
    uint32_t capacity = detect->capacity == 0 ? 64 : detect->capacity;
    while (capacity < needed) {
        capacity *= 2;
    }
    struct detect_scope *grown = realloc(detect->scopes, capacity * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    memset(grown + detect->capacity, 0, (capacity - detect->capacity) * sizeof *grown);
    detect->scopes = grown;
    detect->capacity = capacity;
    return ERR_NONE;
}

// --- baselines --------------------------------------------------------------------------------

static int32_t use_scope(const struct delta *delta, const struct leaf_use *use)
{
    return use->row < 0 ? SCOPE_NONE : delta->scopes[use->row].scope;
}

static struct baseline_chain chain_of(const struct delta *delta, const struct leaf_delta *leaf)
{
    return (struct baseline_chain){{
            [BASELINE_CAMPAIGN] = use_scope(delta, &leaf->uses[SCOPE_CAMPAIGN]),
            [BASELINE_VENDOR] = use_scope(delta, &leaf->uses[SCOPE_VENDOR]),
            [BASELINE_TENANT] = use_scope(delta, &leaf->uses[SCOPE_TENANT]),
    }};
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
    const struct baseline_chain chain = chain_of(delta, leaf);
    bool quiet = excursion_of(detect, chain_narrowest(&chain)) == NULL;
    return baseline_level(detect->baseline, &chain, delta->log_time_ms, quiet, ret_level);
}

static enum err leaf_learn(struct detect *detect, const struct delta *delta,
        const struct leaf_delta *leaf, const struct detect_asks *asks)
{
    const struct baseline_chain chain = chain_of(delta, leaf);
    unsigned excursions = 0;
    for (unsigned place = 0; place < BASELINE_PLACE_COUNT; place++) {
        int32_t scope = chain.scopes[place];
        if (scope == SCOPE_NONE) {
            continue;
        }
        const struct excursion *excursion = excursion_of(detect, scope);
        bool away = excursion != NULL && baseline_sees_excursion(&excursion->bank);
        excursions |= (unsigned)(away || asks->tier(asks->self, scope) != TIER_NONE) << place;
    }
    const struct leaf_use *use = &leaf->uses[SCOPE_TENANT];
    for (unsigned kind = SCOPE_KIND_COUNT; kind-- > 0;) {
        use = leaf->uses[kind].row >= 0 ? &leaf->uses[kind] : use;
    }
    uint32_t misdirected = use->fresh + use->guarded;
    return baseline_note(detect->baseline, &chain, use->good + misdirected, misdirected, excursions,
            delta->log_time_ms);
}

// --- stepping ---------------------------------------------------------------------------------

static enum err habit_add(struct detect *detect, int32_t scope, const struct sums *sums)
{
    enum err e = ERR_NONE;
    uint32_t number = detect->scopes[scope].habit;
    if (number == 0) {
        e = pool_take(&detect->habits, &number);
        detect->scopes[scope].habit = number & INT32_MAX;
    }
    if (e == ERR_NONE) {
        sums_add(pool_at(&detect->habits, number), sums);
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

static enum err leaf_add(struct detect *detect, const struct delta *delta,
        const struct leaf_delta *leaf, const struct detect_asks *asks)
{
    unsigned level;
    enum err e = leaf_level(detect, delta, leaf, &level);
    if (e != ERR_NONE) {
        return e;
    }
    const struct step_table steps = bank_steps(level, detect->options.guard);
    struct stream_batch streams = {0};
    stream_batch_add(&streams, leaf);
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        const struct leaf_use *use = &leaf->uses[kind];
        if (use->row < 0) {
            continue;
        }
        struct row_change *change = &detect->changes[use->row];
        change->tenant = use_scope(delta, &leaf->uses[SCOPE_TENANT]);
        sums_add_leaf(&change->sums, leaf);
        const struct bank_batch part = {
                .good = use->good, .fresh = use->fresh, .guarded = use->guarded};
        bank_change_add(&change->bank, &part, &steps);
        if (change->lowest_level > level) {
            change->lowest_level = (uint8_t)level;
        }
        if (change->highest_level < level) {
            change->highest_level = (uint8_t)level;
        }
        if (kind_has_streams(leaf, kind)) {
            stream_batch_join(&change->streams, &streams);
            change->has_streams = true;
        }
        if (kind == SCOPE_CAMPAIGN && delta->scopes[use->row].is_new) {
            change->credit_nat6 = leaf_credit(detect, delta, leaf, asks);
        }
    }
    return ERR_NONE;
}

// The number of a topic's name; all that are too many share the last.
static enum err detect_topic(struct detect *detect, struct view topic, uint16_t *ret_topic)
{
    uint16_t at = 0;
    while (at < TOPIC_MAX - 1 && detect->topics[at] != NULL &&
            !view_equal(view_of(detect->topics[at]), topic)) {
        at++;
    }
    if (detect->topics[at] == NULL) {
        detect->topics[at] = strndup(topic.n > 0 ? topic.p : "", topic.n);
        if (detect->topics[at] == NULL) {
            return ERR_NO_MEMORY;
        }
    }
    *ret_topic = at;
    return ERR_NONE;
}

static enum err row_step_bank(struct detect *detect, const struct delta *delta,
        const struct scope_delta *row, struct row_change *change)
{
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
        enum err e = pool_take(&detect->stream_excursions, &detect->scopes[row->scope].streams);
        if (e != ERR_NONE) {
            return e;
        }
        excursion = pool_at(&detect->stream_excursions, detect->scopes[row->scope].streams);
        excursion->tenant = change->tenant;
        excursion->place = (struct place){row->last_occurred_at_ms, delta->frame->to_offset - 1,
                delta->frame->source_partition, 0};
        e = detect_topic(detect, delta->frame->source_topic, &excursion->place.topic);
        if (e != ERR_NONE) {
            return e;
        }
    }
    sums_add(&excursion->since, &change->sums);
    streams_step(&excursion->streams, &change->streams, &detect->options.streams);
    if (streams_are_quiet(&excursion->streams)) {
        streams_end(detect, row->scope);
    }
    return ERR_NONE;
}

enum err detect_delta(
        struct detect *detect, const struct delta *delta, const struct detect_asks *asks)
{
    enum err e = detect_make_room(detect, delta);
    if (e != ERR_NONE) {
        return e;
    }
    for (uint32_t i = 0; i < delta->scope_count; i++) {
        detect->changes[i] = (struct row_change){
                .lowest_level = LEVEL_COUNT, .tenant = SCOPE_NONE};
    }
    for (uint32_t i = 0; i < delta->leaf_count && e == ERR_NONE; i++) {
        if (!delta->leaves[i].held) {
            e = leaf_add(detect, delta, &delta->leaves[i], asks);
        }
    }
    for (uint32_t i = 0; i < delta->scope_count && e == ERR_NONE; i++) {
        e = row_step_bank(detect, delta, &delta->scopes[i], &detect->changes[i]);
        if (e == ERR_NONE && detect->changes[i].has_streams) {
            e = row_step_streams(detect, delta, &delta->scopes[i], &detect->changes[i]);
        }
        if (e == ERR_NONE && delta->scopes[i].kind == SCOPE_TENANT) {
            e = habit_add(detect, delta->scopes[i].scope, &detect->changes[i].sums);
        }
    }
    for (uint32_t i = 0; i < delta->leaf_count && e == ERR_NONE && detect->options.learning; i++) {
        if (!delta->leaves[i].held) {
            e = leaf_learn(detect, delta, &delta->leaves[i], asks);
        }
    }
    return e;
}
