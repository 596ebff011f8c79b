#include "detect/detect.h"

#include <stdlib.h>

#include "common/assure.h"
#include "detect/interval.h"

// Where a node's excursion began. Kept only while some statistic of the scope is above 0.
struct change_points {
    struct {
        int64_t occurred_at_ms;
        char *topic;
        char *message_id; // NULL = unknown
        int32_t partition;
        int64_t offset;
    } at[NODE_COUNT];
};

struct detect_scope {
    struct bank bank;
    struct change_points *points;
};

struct detect {
    struct detect_options options;
    const struct recent *recent;
    struct detect_scope *scopes; // by scope
    uint32_t capacity;
};

enum err detect_create(struct detect **ret_detect, const struct detect_options *options,
        const struct recent *recent)
{
    ASSURE(options->level < LEVEL_COUNT);
    struct detect *detect = calloc(1, sizeof *detect);
    if (detect == NULL) {
        return ERR_NO_MEMORY;
    }
    detect->options = *options;
    detect->recent = recent;
    *ret_detect = detect;
    return ERR_NONE;
}

static void change_points_destroy(struct change_points *points)
{
    if (points != NULL) {
        for (unsigned j = 0; j < NODE_COUNT; j++) {
            free(points->at[j].topic);
            free(points->at[j].message_id);
        }
        free(points);
    }
}

void detect_destroy(struct detect *detect)
{
    if (detect != NULL) {
        for (uint32_t i = 0; i < detect->capacity; i++) {
            change_points_destroy(detect->scopes[i].points);
        }
        free(detect->scopes);
        free(detect);
    }
}

static int64_t integer_sqrt(int64_t n)
{
    int64_t root = 0;
    for (int64_t bit = (int64_t)1 << 31; bit > 0; bit >>= 1) {
        int64_t candidate = root + bit;
        if (candidate <= n / candidate) {
            root = candidate;
        }
    }
    return root;
}

unsigned detect_prior_level(uint32_t rate_millionths, uint32_t weight)
{
    const int64_t floor_ppb = 500000;
    const int64_t ceiling_ppb = 30000000;
    int64_t rate_ppb = (int64_t)rate_millionths * 1000;
    // sqrt(p / weight) in parts per billion is sqrt(p_ppb 1e9 / weight).
    int64_t deviation_ppb = integer_sqrt(rate_ppb * (1000000000 / weight));
    int64_t upper_ppb = (rate_ppb + deviation_ppb * 164 / 100) * 5 / 4;
    if (upper_ppb < floor_ppb) {
        upper_ppb = floor_ppb;
    }
    if (upper_ppb > ceiling_ppb) {
        upper_ppb = ceiling_ppb;
    }
    return table_level_up(upper_ppb);
}

static enum err detect_make_room(struct detect *detect, int32_t scope)
{
    if ((uint32_t)scope < detect->capacity) {
        return ERR_NONE;
    }
    uint32_t capacity = detect->capacity == 0 ? 64 : detect->capacity;
    while (capacity <= (uint32_t)scope) {
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

static enum err detect_mark_change_points(struct detect_scope *state, unsigned started,
        const struct delta *delta, const struct frame_entry *entry)
{
    if (state->points == NULL) {
        state->points = calloc(1, sizeof *state->points);
        if (state->points == NULL) {
            return ERR_NO_MEMORY;
        }
    }
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        if ((started >> j & 1) == 0) {
            continue;
        }
        struct view topic = delta->frame->source_topic;
        char *topic_copy = strndup(topic.n > 0 ? topic.p : "", topic.n);
        struct view id = entry->message_id;
        char *id_copy = view_is_none(id) ? NULL : strndup(id.p, id.n);
        if (topic_copy == NULL || (id_copy == NULL && !view_is_none(id))) {
            free(topic_copy);
            free(id_copy);
            return ERR_NO_MEMORY;
        }
        free(state->points->at[j].topic);
        free(state->points->at[j].message_id);
        state->points->at[j].topic = topic_copy;
        state->points->at[j].message_id = id_copy;
        state->points->at[j].occurred_at_ms = entry->occurred_at_ms;
        state->points->at[j].partition = delta->frame->source_partition;
        state->points->at[j].offset = entry->offset;
    }
    return ERR_NONE;
}

static bool bank_is_quiet(const struct bank *bank)
{
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        if (bank->nodes[j].w_nat6 > 0) {
            return false;
        }
    }
    return true;
}

enum err detect_step(
        struct detect *detect, const struct delta *delta, const struct scope_delta *row)
{
    enum err e = detect_make_room(detect, row->scope);
    if (e != ERR_NONE) {
        return e;
    }
    struct detect_scope *state = &detect->scopes[row->scope];
    struct bank_batch batch = {.good = row->good, .fresh = row->fresh, .guarded = row->guarded};
    const struct delta_entry *first = NULL;
    if (row->first_entry >= 0) {
        first = &delta->entries[row->first_entry];
        batch.first_serial = first->serial;
    }
    unsigned started =
            bank_step(&state->bank, &batch, detect->options.level, detect->options.guard);
    if (started != 0) {
        ASSURE(first != NULL); // B4: only a misdirected message lifts a statistic
        return detect_mark_change_points(state, started, delta, first->entry);
    }
    if (state->points != NULL && bank_is_quiet(&state->bank)) {
        change_points_destroy(state->points);
        state->points = NULL;
    }
    return ERR_NONE;
}

struct bank_reading detect_read(
        const struct detect *detect, int32_t scope, enum scope_kind kind, enum tier highest)
{
    static const struct bank quiet;
    bool known = (uint32_t)scope < detect->capacity;
    return bank_read(known ? &detect->scopes[scope].bank : &quiet, kind, highest);
}

void detect_evidence(const struct detect *detect, int32_t scope, const struct scope_name *name,
        const struct bank_reading *reading, struct evidence *ret_evidence)
{
    ASSURE((uint32_t)scope < detect->capacity && detect->scopes[scope].points != NULL);
    const struct bank_node *node = &detect->scopes[scope].bank.nodes[reading->node];
    struct recent_entry entries[RECENT_MAX];
    uint32_t people = recent_since(detect->recent, scope, node->start_serial, entries);
    *ret_evidence = (struct evidence){
            .scope = *name,
            .start_serial = node->start_serial,
            .judged = node->judged,
            .misdirected = node->misdirected,
            .guarded = node->guarded,
            .distinct_recipients = people,
            .distinct_is_lower_bound = people == RECENT_MAX,
            .baseline_millionths = (table_baseline_ppb(detect->options.level) + 500) / 1000,
            .estimated_rate_millionths = (int64_t)node->misdirected * 1000000 / node->judged,
            .log_likelihood_ratio_nat6 = node->w_nat6,
            .threshold_nat6 = table_threshold(reading->budget, reading->node),
            .false_alarm_budget = table_budget_messages(reading->budget),
            .node = node_names[reading->node],
    };
    interval_jeffreys(node->misdirected, node->judged, ret_evidence->interval_millionths);
    const struct change_points *points = detect->scopes[scope].points;
    ret_evidence->change_point = (struct message_position){
            .occurred_at_ms = points->at[reading->node].occurred_at_ms,
            .topic = view_of(points->at[reading->node].topic),
            .partition = points->at[reading->node].partition,
            .offset = points->at[reading->node].offset,
            .message_id = view_of(points->at[reading->node].message_id),
    };
}

void detect_subtract(struct detect *detect, int32_t parent, int32_t child, uint32_t share_num,
        uint32_t share_den)
{
    if ((uint32_t)parent < detect->capacity && (uint32_t)child < detect->capacity) {
        bank_subtract(
                &detect->scopes[parent].bank, &detect->scopes[child].bank, share_num, share_den);
    }
}

void detect_reset(struct detect *detect, int32_t scope)
{
    if ((uint32_t)scope < detect->capacity) {
        change_points_destroy(detect->scopes[scope].points);
        detect->scopes[scope] = (struct detect_scope){0};
    }
}

bool detect_is_calm(const struct detect *detect, int32_t scope)
{
    return (uint32_t)scope >= detect->capacity || bank_is_calm(&detect->scopes[scope].bank);
}
