// What is kept of a scope: begun, moved, ended.
#include <stdlib.h>
#include <string.h>

#include "common/assure.h"
#include "common/prefetch.h"
#include "detect/detect_inside.h"

static struct excursion *excursion_numbered(const struct detect *detect, int32_t scope)
{
    return pool_at(&detect->excursions, scope_at(detect, scope)->excursion);
}

void excursion_prefetch(const struct detect *detect, int32_t scope)
{
    const char *excursion = (const char *)excursion_of(detect, scope);
    for (size_t at = 0; excursion != NULL && at < sizeof(struct excursion); at += CACHE_LINE) {
        prefetch(excursion + at);
    }
}

struct stream_excursion *streams_of(const struct detect *detect, int32_t scope)
{
    if (!scope_is_kept(detect, scope) || scope_at(detect, scope)->streams == 0) {
        return NULL;
    }
    return pool_at(&detect->stream_excursions, scope_at(detect, scope)->streams);
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
    pool_give(&detect->excursions, scope_at(detect, scope)->excursion);
    scope_at(detect, scope)->excursion = 0;
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

enum err streams_begin(struct detect *detect, const struct delta *delta,
        const struct scope_delta *row, int32_t tenant)
{
    uint32_t *number = &scope_at(detect, row->scope)->streams;
    uint16_t topic;
    enum err e = detect_topic(detect, delta->frame->source_topic, &topic);
    if (e == ERR_NONE) {
        e = pool_take(&detect->stream_excursions, number);
    }
    if (e == ERR_NONE) {
        struct stream_excursion *excursion = pool_at(&detect->stream_excursions, *number);
        excursion->tenant = tenant;
        excursion->place = (struct place){row->last_occurred_at_ms, delta->frame->to_offset - 1,
                delta->frame->source_partition, topic};
    }
    return e;
}

void streams_end(struct detect *detect, int32_t scope)
{
    pool_give(&detect->stream_excursions, scope_at(detect, scope)->streams);
    scope_at(detect, scope)->streams = 0;
}

enum err excursion_begin(struct detect *detect, int32_t scope, const struct row_change *change)
{
    enum err e = pool_take(&detect->excursions, &scope_at(detect, scope)->excursion);
    if (e == ERR_NONE) {
        struct excursion *excursion = excursion_numbered(detect, scope);
        excursion->tenant = change->tenant;
        excursion->lowest_level = change->lowest_level;
        excursion->highest_level = change->highest_level;
        bank_give_credit(&excursion->bank, change->credit_nat6);
        scope_at(detect, scope)->credited |= change->credit_nat6 > 0;
    }
    return e;
}

void excursion_step(struct detect *detect, int32_t scope, const struct bank_change *change)
{
    struct excursion *excursion = excursion_numbered(detect, scope);
    uint32_t points[NODE_COUNT];
    excursion_points(excursion, points);
    unsigned started = bank_apply(&excursion->bank, change);
    ASSURE(started == 0 || change->fresh + change->guarded > 0); // B4
    excursion_repin(detect, excursion, points);
    if (bank_is_quiet(&excursion->bank)) {
        excursion_end(detect, scope);
    }
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
    if (scope_is_kept(detect, scope)) {
        if (detect_habit(detect, scope) != NULL) {
            pool_give(&detect->habits, scope_at(detect, scope)->habit);
        }
        *scope_at(detect, scope) = (struct detect_scope){0};
    }
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
