// What is kept of a scope: begun, moved, ended.
#include <stdlib.h>
#include <string.h>

#include "common/assure.h"
#include "common/prefetch.h"
#include "detect/detect_inside.h"

static struct excursion *whole_at(const struct detect *detect, const struct detect_scope *at)
{
    return pool_at(&detect->excursions, at->excursion);
}

static struct short_excursion *short_at(const struct detect *detect, const struct detect_scope *at)
{
    return pool_at(&detect->short_excursions, at->excursion);
}

const struct excursion *excursion_see(
        const struct detect *detect, int32_t scope, struct excursion *room)
{
    if (!scope_has_excursion(detect, scope)) {
        return NULL;
    }
    const struct detect_scope *at = scope_at(detect, scope);
    if (!at->is_short) {
        return whole_at(detect, at);
    }
    excursion_lengthen(short_at(detect, at), detect->options.guard, room);
    return room;
}

void excursion_prefetch(const struct detect *detect, int32_t scope)
{
    if (!scope_has_excursion(detect, scope)) {
        return;
    }
    const struct detect_scope *of = scope_at(detect, scope);
    const char *excursion =
            of->is_short ? (const char *)short_at(detect, of) : (const char *)whole_at(detect, of);
    size_t bytes = of->is_short ? sizeof(struct short_excursion) : sizeof(struct excursion);
    for (size_t at = 0; at < bytes; at += CACHE_LINE) {
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

// Gives the record back; the pins are the caller's.
static void excursion_give(struct detect *detect, struct detect_scope *at)
{
    pool_give(at->is_short ? &detect->short_excursions : &detect->excursions, at->excursion);
    at->excursion = 0;
    at->is_short = 0;
}

static void excursion_end(struct detect *detect, int32_t scope)
{
    struct excursion room;
    const struct excursion *excursion = excursion_see(detect, scope, &room);
    uint32_t points[NODE_COUNT];
    excursion_points(excursion, points);
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        recent_unpin(detect->recent, points[j]);
    }
    excursion_give(detect, scope_at(detect, scope));
}

// Takes a record for a scope that has none.
static enum err excursion_take(struct detect *detect, struct detect_scope *at, bool is_short)
{
    uint32_t number;
    enum err e = pool_take(is_short ? &detect->short_excursions : &detect->excursions, &number);
    if (e == ERR_NONE) {
        at->excursion = number & INT32_MAX;
        at->is_short = is_short;
    }
    return e;
}

// Keeps what a scope's excursion is now, which may be where it was.
static enum err excursion_keep(
        struct detect *detect, int32_t scope, unsigned kind, const struct excursion *excursion)
{
    struct detect_scope *at = scope_at(detect, scope);
    struct short_excursion shortened;
    bool is_short = kind == SCOPE_CAMPAIGN &&
                    excursion_shorten(excursion, detect->options.guard, &shortened);
    if (at->excursion != 0 && is_short != (at->is_short != 0)) {
        excursion_give(detect, at);
    }
    enum err e = ERR_NONE;
    if (at->excursion == 0) {
        e = excursion_take(detect, at, is_short);
    }
    if (e == ERR_NONE && is_short) {
        *short_at(detect, at) = shortened;
    } else if (e == ERR_NONE && whole_at(detect, at) != excursion) {
        *whole_at(detect, at) = *excursion;
    }
    return e;
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
        detect->topics[at] = view_dup(topic);
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

// Healthy messages of one level, the most of what there is, move a short excursion as it is.
static bool excursion_pass_short(
        struct detect *detect, struct detect_scope *at, const struct row_change *change)
{
    if (!at->is_short || change->part.fresh + change->part.guarded > 0 ||
            change->lowest_level != LEVEL_COUNT) {
        return false;
    }
    struct short_excursion *excursion = short_at(detect, at);
    uint32_t start = excursion->start;
    unsigned before = excursion->nodes;
    if (!excursion_pass(excursion, change->part.good, change->part_level, detect->options.guard,
                &change->sums)) {
        return false;
    }
    for (unsigned gone = before & ~(unsigned)excursion->nodes; gone != 0; gone &= gone - 1) {
        recent_unpin(detect->recent, start);
    }
    if (excursion->nodes == 0) {
        excursion_give(detect, at);
    }
    return true;
}

static void excursion_begin(
        struct excursion *excursion, struct detect_scope *at, const struct row_change *change)
{
    *excursion = (struct excursion){.tenant = change->tenant,
            .lowest_level = change->lowest_level,
            .highest_level = change->highest_level};
    bank_give_credit(&excursion->bank, change->credit_nat6);
    at->credited |= change->credit_nat6 > 0;
}

static void excursion_add(struct excursion *excursion, const struct row_change *change)
{
    sums_add(&excursion->since, &change->sums);
    if (excursion->lowest_level > change->lowest_level) {
        excursion->lowest_level = change->lowest_level;
    }
    if (excursion->highest_level < change->highest_level) {
        excursion->highest_level = change->highest_level;
    }
}

// What the tenant has had when nodes start; nothing while it is unknown.
static void excursion_note_tenant(
        const struct detect *detect, struct excursion *excursion, unsigned started)
{
    const struct habit *habit = detect_habit(detect, excursion->tenant);
    struct tenant_before before = {0, 0};
    if (habit != NULL) {
        before = (struct tenant_before){habit->sums.watched, habit->sums.misdirected};
    }
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        if ((started >> j & 1) != 0) {
            excursion->before[j] = before;
        }
    }
}

enum err excursion_step(
        struct detect *detect, const struct scope_delta *row, struct row_change *change)
{
    struct detect_scope *at = scope_at(detect, row->scope);
    if (excursion_pass_short(detect, at, change)) {
        return ERR_NONE;
    }
    change_settle(detect, change);
    bool misdirected = change->bank.fresh + change->bank.guarded > 0;
    struct excursion room;
    struct excursion *excursion = &room;
    if (at->excursion != 0 && !at->is_short) {
        excursion = whole_at(detect, at);
    } else if (at->excursion != 0) {
        excursion_lengthen(short_at(detect, at), detect->options.guard, &room);
    } else if (misdirected || change->credit_nat6 != 0) {
        excursion_begin(&room, at, change);
    } else {
        return ERR_NONE; // nothing speaks against it, and nothing new does
    }
    excursion_add(excursion, change);
    uint32_t points[NODE_COUNT];
    if (misdirected) {
        excursion_points(excursion, points);
        unsigned started = bank_apply(&excursion->bank, &change->bank);
        excursion_repin(detect, excursion, points);
        excursion_note_tenant(detect, excursion, started);
    } else {
        unsigned ended = bank_pass(&excursion->bank, &change->bank, points);
        for (unsigned i = 0; i < ended; i++) {
            recent_unpin(detect->recent, points[i]);
        }
    }
    if (!bank_is_quiet(&excursion->bank)) {
        return excursion_keep(detect, row->scope, row->kind, excursion);
    }
    if (at->excursion != 0) {
        excursion_give(detect, at);
    }
    return ERR_NONE;
}

// The nodes whose change point the message is, or comes behind.
static unsigned excursion_nodes_since(
        const struct detect *detect, const struct excursion *excursion, uint64_t serial)
{
    uint32_t points[NODE_COUNT];
    unsigned nodes = 0;
    excursion_points(excursion, points);
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        bool holds = points[j] != RECENT_NONE && recent_serial(detect->recent, points[j]) <= serial;
        nodes |= (unsigned)holds << j;
    }
    return nodes;
}

enum err excursion_take_back(struct detect *detect, unsigned kind,
        const struct delta_clearance *clearance, const struct step_table *steps)
{
    int32_t scope = clearance->scopes[kind];
    struct excursion room;
    struct excursion *excursion = &room;
    if (clearance->uses[kind] == ENTRY_UNUSED || !scope_has_excursion(detect, scope)) {
        return ERR_NONE;
    }
    struct detect_scope *at = scope_at(detect, scope);
    if (at->is_short) {
        excursion_lengthen(short_at(detect, at), detect->options.guard, &room);
    } else {
        excursion = whole_at(detect, at);
    }
    unsigned nodes = excursion_nodes_since(detect, excursion, clearance->serial);
    if (nodes == 0) {
        return ERR_NONE;
    }
    const struct bank_batch was = {.fresh = clearance->uses[kind] == ENTRY_FRESH,
            .guarded = clearance->uses[kind] == ENTRY_GUARDED};
    uint32_t points[NODE_COUNT];
    excursion_points(excursion, points);
    bank_take_back(&excursion->bank, &was, steps, nodes);
    sums_take_back(&excursion->since);
    excursion_repin(detect, excursion, points);
    if (!bank_is_quiet(&excursion->bank)) {
        return excursion_keep(detect, scope, kind, excursion);
    }
    excursion_give(detect, at);
    return ERR_NONE;
}

void detect_reset(struct detect *detect, int32_t scope)
{
    if (scope_has_excursion(detect, scope)) {
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
    return !scope_has_excursion(detect, scope) && streams_of(detect, scope) == NULL;
}

bool detect_is_calm(const struct detect *detect, int32_t scope, source_set sources)
{
    struct excursion room;
    const struct excursion *excursion = excursion_see(detect, scope, &room);
    const struct streams *streams = detect_streams(detect, scope);
    return (excursion == NULL || bank_is_calm(&excursion->bank)) &&
           (streams == NULL || streams_are_calm(streams, sources));
}

void detect_subtract(struct detect *detect, int32_t parent, int32_t child, uint32_t share_num,
        uint32_t share_den)
{
    struct excursion room;
    const struct excursion *part = excursion_see(detect, child, &room);
    if (part != NULL && scope_has_excursion(detect, parent)) {
        ASSURE(!scope_at(detect, parent)->is_short); // no campaign is wider than another scope
        struct excursion *of = whole_at(detect, scope_at(detect, parent));
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
