#include "detect/detect.h"

#include <stdlib.h>

#include "common/assure.h"
#include "state/pool.h"

enum {
    TOPIC_MAX = 64,
    HISTORY_WEIGHT = 1000, // of the level in force beside a scope's history, in messages
    HISTORY_SURE = 20000,  // messages of a whole history
    HISTORY_MARGIN = 2,    // levels that it may be above the one in force by chance
    HISTORY_RATIO = 4,     // an incident has so many times the usual rate
};

// Where a stream's excursion began. The topic is a number in detect.topics.
struct place {
    int64_t occurred_at_ms;
    int64_t offset;
    int32_t partition;
    uint16_t topic;
};

// struct message_sums in less room; they stop at 2^32 - 1.
struct sums {
    uint32_t watched;
    uint32_t misdirected;
    uint32_t invalid;
    uint32_t signals[SIGNAL_COUNT];
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
    // of the delta in hand, by row
    struct row_change {
        struct bank_change bank;
        struct stream_batch streams;
        struct sums sums;
        int32_t tenant;
        bool has_streams;
        uint8_t lowest_level;
        uint8_t highest_level;
        int32_t credit_nat6;
    } * changes;
    uint32_t change_capacity;
};

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

// --- what is kept of a scope ------------------------------------------------------------------

static struct excursion *excursion_numbered(const struct detect *detect, int32_t scope)
{
    return pool_at(&detect->excursions, detect->scopes[scope].excursion);
}

// NULL when every statistic is 0.
static struct excursion *excursion_of(const struct detect *detect, int32_t scope)
{
    if (scope < 0 || (uint32_t)scope >= detect->capacity ||
            detect->scopes[scope].excursion == 0) {
        return NULL;
    }
    return pool_at(&detect->excursions, detect->scopes[scope].excursion);
}

static struct stream_excursion *streams_of(const struct detect *detect, int32_t scope)
{
    if ((uint32_t)scope >= detect->capacity || detect->scopes[scope].streams == 0) {
        return NULL;
    }
    return pool_at(&detect->stream_excursions, detect->scopes[scope].streams);
}

// The change points that are pinned: of the nodes above 0 that have one.
static void excursion_points(const struct excursion *excursion, uint32_t ret_points[NODE_COUNT])
{
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        const struct bank_node *node = &excursion->bank.nodes[j];
        bool has = node->w_nat6 > 0 && (excursion->bank.waiting >> j & 1) == 0;
        ret_points[j] = has ? node->start : RECENT_NONE;
    }
}

// To be called whenever the bank has moved.
static void excursion_repin(const struct detect *detect, const struct excursion *excursion,
        const uint32_t before[NODE_COUNT])
{
    uint32_t now[NODE_COUNT];
    excursion_points(excursion, now);
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        if (now[j] != before[j]) {
            recent_pin(detect->recent, now[j]);
            recent_unpin(detect->recent, before[j]);
        }
    }
}

static void excursion_end(struct detect *detect, int32_t scope)
{
    uint32_t points[NODE_COUNT];
    excursion_points(excursion_numbered(detect, scope), points);
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        recent_unpin(detect->recent, points[j]);
    }
    pool_give(&detect->excursions, detect->scopes[scope].excursion);
    detect->scopes[scope].excursion = 0;
}

static void streams_end(struct detect *detect, int32_t scope)
{
    pool_give(&detect->stream_excursions, detect->scopes[scope].streams);
    detect->scopes[scope].streams = 0;
}

void detect_reset(struct detect *detect, int32_t scope)
{
    if (excursion_of(detect, scope) != NULL) {
        excursion_end(detect, scope);
    }
    if (streams_of(detect, scope) != NULL) {
        streams_end(detect, scope);
    }
}

void detect_drop(struct detect *detect, int32_t scope)
{
    detect_reset(detect, scope);
    baseline_drop(detect->baseline, scope);
    if ((uint32_t)scope < detect->capacity) {
        if (detect->scopes[scope].habit != 0) {
            pool_give(&detect->habits, detect->scopes[scope].habit);
        }
        detect->scopes[scope] = (struct detect_scope){0};
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

// --- sums -------------------------------------------------------------------------------------

static uint32_t add_bounded(uint32_t sum, int64_t more)
{
    int64_t total = (int64_t)sum + more;
    return total < 0 ? 0 : total > UINT32_MAX ? UINT32_MAX : (uint32_t)total;
}

static void sums_add_leaf(struct sums *sums, const struct leaf_delta *leaf)
{
    int64_t invalid = leaf->reasons[REASON_INVALID_NUMBER];
    invalid = invalid < leaf->unknown ? invalid : leaf->unknown; // the rest were exempt
    sums->watched = add_bounded(sums->watched, leaf->judged + leaf->unknown);
    sums->misdirected = add_bounded(sums->misdirected, leaf->misdirected);
    sums->invalid = add_bounded(sums->invalid, invalid);
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        sums->signals[signal] = add_bounded(sums->signals[signal], leaf->signals[signal]);
    }
}

static void sums_add(struct sums *sums, const struct sums *more)
{
    sums->watched = add_bounded(sums->watched, more->watched);
    sums->misdirected = add_bounded(sums->misdirected, more->misdirected);
    sums->invalid = add_bounded(sums->invalid, more->invalid);
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        sums->signals[signal] = add_bounded(sums->signals[signal], more->signals[signal]);
    }
}

static struct message_sums sums_less(const struct sums *all, const struct sums *part)
{
    struct message_sums rest = {
            .watched = add_bounded(all->watched, -(int64_t)part->watched),
            .misdirected = add_bounded(all->misdirected, -(int64_t)part->misdirected),
            .invalid = add_bounded(all->invalid, -(int64_t)part->invalid),
    };
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        rest.signals[signal] = add_bounded(all->signals[signal], -(int64_t)part->signals[signal]);
    }
    return rest;
}

// What the alert's cause goes by: the scope since its excursion began, its tenant before.
static void fill_sums(const struct detect *detect, const struct sums *since, int32_t tenant,
        struct evidence *evidence)
{
    static const struct sums none;
    evidence->since = sums_less(since, &none);
    if (tenant != SCOPE_NONE && detect->scopes[tenant].habit != 0) {
        evidence->before = sums_less(pool_at(&detect->habits, detect->scopes[tenant].habit), since);
    }
    const struct excursion *of_tenant = excursion_of(detect, tenant);
    evidence->tenant_start_serial = UINT64_MAX;
    for (unsigned j = 0; of_tenant != NULL && j < NODE_COUNT; j++) {
        const struct bank_node *node = &of_tenant->bank.nodes[j];
        uint64_t serial =
                node->w_nat6 > 0 ? recent_serial(detect->recent, node->start) : UINT64_MAX;
        if (serial < evidence->tenant_start_serial) {
            evidence->tenant_start_serial = serial;
        }
    }
    evidence->tenant_judged = of_tenant != NULL ? of_tenant->since.watched : 0;
    evidence->tenant_misdirected = of_tenant != NULL ? of_tenant->since.misdirected : 0;
}

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

// --- stepping ---------------------------------------------------------------------------------

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

static enum err excursion_begin(
        struct detect *detect, int32_t scope, const struct row_change *change)
{
    enum err e = pool_take(&detect->excursions, &detect->scopes[scope].excursion);
    if (e == ERR_NONE) {
        struct excursion *excursion = excursion_numbered(detect, scope);
        excursion->tenant = change->tenant;
        excursion->lowest_level = change->lowest_level;
        excursion->highest_level = change->highest_level;
        bank_give_credit(&excursion->bank, change->credit_nat6);
        detect->scopes[scope].credited |= change->credit_nat6 > 0;
    }
    return e;
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
        excursion = excursion_numbered(detect, row->scope);
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
    uint32_t points[NODE_COUNT];
    excursion_points(excursion, points);
    unsigned started = bank_apply(&excursion->bank, &change->bank);
    ASSURE(started == 0 || misdirected); // B4
    excursion_repin(detect, excursion, points);
    if (bank_is_quiet(&excursion->bank)) {
        excursion_end(detect, row->scope);
    }
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

// --- what it says -----------------------------------------------------------------------------

int64_t detect_ratio(const struct detect *detect, int32_t scope, unsigned node)
{
    const struct excursion *excursion = excursion_of(detect, scope);
    return excursion != NULL ? excursion->bank.nodes[node].w_nat6 : 0;
}

struct bank_reading detect_read(
        const struct detect *detect, int32_t scope, enum scope_kind kind, enum tier highest)
{
    const struct excursion *excursion = excursion_of(detect, scope);
    if (excursion == NULL) {
        return (struct bank_reading){.tier = TIER_NONE};
    }
    const struct bank_rules *rules = &detect->rules[detect->scopes[scope].credited];
    return bank_read(&excursion->bank, rules, kind, highest);
}

static struct message_position place_position(const struct detect *detect, const struct place *at)
{
    return (struct message_position){
            .occurred_at_ms = at->occurred_at_ms,
            .topic = view_of(detect->topics[at->topic]),
            .partition = at->partition,
            .offset = at->offset,
    };
}

void detect_evidence(const struct detect *detect, int32_t scope, const struct scope_name *name,
        const struct bank_reading *reading, struct evidence *ret_evidence)
{
    const struct excursion *excursion = excursion_of(detect, scope);
    ASSURE(excursion != NULL);
    const struct bank_node *node = &excursion->bank.nodes[reading->node];
    struct recent_entry entries[RECENT_MAX];
    uint64_t start_serial = recent_serial(detect->recent, node->start);
    uint32_t people = recent_since(detect->recent, scope, start_serial, entries);
    bool credited = (excursion->bank.credited >> reading->node & 1) != 0;
    *ret_evidence = (struct evidence){
            .scope = *name,
            .start_serial = start_serial,
            .judged = node->judged,
            .misdirected = node->misdirected,
            .guarded = node->guarded,
            .distinct_recipients = people,
            .distinct_is_lower_bound = people == RECENT_MAX,
            .baseline_millionths = (table_baseline_ppb(excursion->highest_level) + 500) / 1000,
            .lowest_baseline_millionths =
                    (table_baseline_ppb(excursion->lowest_level) + 500) / 1000,
            .start_credit_nat6 = credited ? excursion->bank.credit_nat6 : 0,
            .estimated_rate_millionths = (int64_t)node->misdirected * 1000000 / node->judged,
            .log_likelihood_ratio_nat6 = node->w_nat6,
            .threshold_nat6 = table_threshold(reading->budget, reading->node),
            .false_alarm_budget = table_budget_messages(reading->budget),
            .change_point = recent_position(detect->recent, node->start),
            .node = node_names[reading->node],
            .node_index = reading->node,
    };
    fill_sums(detect, &excursion->since, excursion->tenant, ret_evidence);
}

static struct detect_history history_before(
        const struct bank_node *node, const struct detect_history *history)
{
    if (history->heard - node->judged >= HISTORY_SURE) {
        return *history; // it was whole when the excursion began
    }
    return (struct detect_history){
            .judged = history->judged > node->judged ? history->judged - node->judged : 0,
            .misdirected = history->misdirected > node->misdirected
                                   ? history->misdirected - node->misdirected
                                   : 0};
}

bool detect_stands(const struct detect *detect, int32_t scope, const struct bank_reading *reading,
        const struct detect_history *history)
{
    const struct excursion *excursion = excursion_of(detect, scope);
    ASSURE(excursion != NULL);
    const struct bank_node *node = &excursion->bank.nodes[reading->node];
    const struct detect_history before = history_before(node, history);
    // 1.25 times its own rate, as every baseline; the level in force has that in it already.
    int64_t present_ppb = table_baseline_ppb(excursion->lowest_level);
    int64_t rate_ppb = (before.misdirected * INT64_C(1250000000) + HISTORY_WEIGHT * present_ppb) /
                       ((int64_t)before.judged + HISTORY_WEIGHT);
    if (reading->tier >= TIER_QUARANTINE && before.judged >= HISTORY_SURE &&
            node->misdirected * INT64_C(1250000000) / node->judged < HISTORY_RATIO * rate_ppb) {
        return false;
    }
    int64_t ceiling_ppb = (int64_t)detect->options.baseline.ceiling_millionths * 1000;
    unsigned level = table_level_up(rate_ppb < ceiling_ppb ? rate_ppb : ceiling_ppb);
    if (level <= excursion->lowest_level + (unsigned)HISTORY_MARGIN) {
        return true;
    }
    const struct step_table steps = bank_steps(level, detect->options.guard);
    return bank_ratio_by(&excursion->bank, reading->node, &steps) >=
           table_threshold(reading->budget, reading->node);
}

bool detect_is_cold(const struct detect *detect, int32_t scope, const struct bank_reading *reading,
        const struct detect_history *history)
{
    const struct excursion *excursion = excursion_of(detect, scope);
    ASSURE(excursion != NULL);
    return history_before(&excursion->bank.nodes[reading->node], history).judged < HISTORY_SURE;
}

struct stream_reading detect_read_streams(const struct detect *detect, int32_t scope)
{
    const struct streams *streams = detect_streams(detect, scope);
    return streams != NULL ? streams_read(streams) : (struct stream_reading){.tier = TIER_NONE};
}

void detect_stream_evidence(const struct detect *detect, int32_t scope,
        const struct scope_name *name, const struct stream_reading *reading,
        struct evidence *ret_evidence)
{
    const struct stream_excursion *excursion = streams_of(detect, scope);
    ASSURE(excursion != NULL && reading->judged > 0);
    int64_t baseline = stream_level_millionths(detect->options.streams.level[reading->stream]);
    *ret_evidence = (struct evidence){
            .scope = *name,
            .stream = stream_names[reading->stream],
            .judged = reading->judged,
            .misdirected = reading->hits,
            .baseline_millionths = baseline,
            .lowest_baseline_millionths = baseline,
            .estimated_rate_millionths = (int64_t)reading->hits * 1000000 / reading->judged,
            .log_likelihood_ratio_nat6 = reading->w_nat6,
            .threshold_nat6 = reading->threshold_nat6,
            .false_alarm_budget = reading->budget_messages,
            .change_point = place_position(detect, &excursion->place),
            .node = stream_names[reading->stream],
    };
    fill_sums(detect, &excursion->since, excursion->tenant, ret_evidence);
}

const struct streams *detect_streams(const struct detect *detect, int32_t scope)
{
    const struct stream_excursion *excursion = streams_of(detect, scope);
    return excursion != NULL ? &excursion->streams : NULL;
}

bool detect_is_quiet(const struct detect *detect, int32_t scope)
{
    return excursion_of(detect, scope) == NULL && streams_of(detect, scope) == NULL;
}

bool detect_is_calm(const struct detect *detect, int32_t scope)
{
    const struct excursion *excursion = excursion_of(detect, scope);
    const struct streams *streams = detect_streams(detect, scope);
    return (excursion == NULL || bank_is_calm(&excursion->bank)) &&
           (streams == NULL || streams_are_calm(streams));
}

void detect_spoil(struct detect *detect, int32_t scope)
{
    baseline_spoil(detect->baseline, scope);
}

bool detect_has_moved(struct detect *detect, int32_t scope)
{
    return detect->options.learning && baseline_moved(detect->baseline, scope);
}

void detect_subtract(struct detect *detect, int32_t parent, int32_t child, uint32_t share_num,
        uint32_t share_den)
{
    struct excursion *of = excursion_of(detect, parent);
    const struct excursion *part = excursion_of(detect, child);
    if (of != NULL && part != NULL) {
        uint32_t points[NODE_COUNT];
        excursion_points(of, points);
        bank_subtract(&of->bank, &part->bank, share_num, share_den);
        excursion_repin(detect, of, points);
        if (bank_is_quiet(&of->bank)) {
            excursion_end(detect, parent);
        }
    }
    if (streams_of(detect, parent) != NULL) {
        streams_end(detect, parent); // a stream does not know through whom its hits came
    }
}
