#include "detect/side.h"

#include <stdlib.h>

#include "common/assure.h"
#include "common/clock.h"
#include "detect/complaints.h"
#include "detect/volume.h"
#include "state/pool.h"
#include "state/scopes.h"

#define ROUND_MS (10 * 60 * 1000LL) // how often everybody is looked at for silence

struct side_scope {
    struct volume volume;
    struct volume_notice notice; // that is due
    bool has_notice;
    bool has_volume;
    uint32_t complaints; // number in the pool; 0 = none
};

struct side {
    uint32_t rate_millionths;
    uint32_t *scopes; // by scope: number in the pool; 0 = none
    uint32_t capacity;
    struct pool items;
    struct pool complaints;
    int64_t watermark_ms; // the greatest of any frame
    int64_t log_time_ms;
    int64_t round_ms; // log time at which the present round began
    uint32_t next;    // of the round; `capacity` = done
};

enum err side_create(struct side **ret_side, uint32_t complaint_rate_millionths)
{
    struct side *side = calloc(1, sizeof *side);
    if (side == NULL) {
        return ERR_NO_MEMORY;
    }
    side->rate_millionths = complaint_rate_millionths;
    pool_init(&side->items, sizeof(struct side_scope));
    pool_init(&side->complaints, sizeof(struct complaints));
    *ret_side = side;
    return ERR_NONE;
}

void side_destroy(struct side *side)
{
    if (side != NULL) {
        pool_fini(&side->items);
        pool_fini(&side->complaints);
        free(side->scopes);
        free(side);
    }
}

static struct side_scope *side_of(const struct side *side, int32_t scope)
{
    if (scope < 0 || (uint32_t)scope >= side->capacity || side->scopes[scope] == 0) {
        return NULL;
    }
    return pool_at(&side->items, side->scopes[scope]);
}

static struct complaints *complaints_of(const struct side *side, int32_t scope)
{
    const struct side_scope *item = side_of(side, scope);
    return item == NULL || item->complaints == 0 ? NULL
                                                 : pool_at(&side->complaints, item->complaints);
}

static enum err side_make_room(struct side *side, int32_t scope)
{
    if ((uint32_t)scope < side->capacity) {
        return ERR_NONE;
    }
    uint32_t capacity = side->capacity == 0 ? 64 : side->capacity;
    while (capacity <= (uint32_t)scope) {
        capacity *= 2;
    }
    uint32_t *grown = realloc(side->scopes, capacity * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    memset(grown + side->capacity, 0, (capacity - side->capacity) * sizeof *grown);
    side->scopes = grown;
    side->capacity = capacity;
    return ERR_NONE;
}

static enum err side_take(struct side *side, int32_t scope, struct side_scope **ret_item)
{
    enum err e = side_make_room(side, scope);
    if (e == ERR_NONE && side->scopes[scope] == 0) {
        e = pool_take(&side->items, &side->scopes[scope]);
    }
    if (e == ERR_NONE) {
        *ret_item = pool_at(&side->items, side->scopes[scope]);
    }
    return e;
}

// --- volume -----------------------------------------------------------------------------------

static int64_t volume_time_ms(const struct side *side)
{
    return side->watermark_ms < side->log_time_ms ? side->watermark_ms : side->log_time_ms;
}

static void volume_move(const struct side *side, struct side_scope *item)
{
    struct volume_notice notice;
    if (volume_advance(&item->volume, volume_time_ms(side), &notice)) {
        item->notice = notice;
        item->has_notice = true;
    }
}

static enum err row_volume(struct side *side, const struct scope_delta *row, int64_t messages)
{
    struct side_scope *item;
    enum err e = side_take(side, row->scope, &item);
    if (e == ERR_NONE) {
        item->has_volume = true;
        volume_move(side, item);
        volume_count(&item->volume, (uint64_t)messages);
    }
    return e;
}

int32_t side_next_silent(struct side *side, int64_t log_time_ms)
{
    if (side->next >= side->capacity) {
        if (log_time_ms - side->round_ms < ROUND_MS) {
            return SCOPE_NONE;
        }
        side->round_ms = log_time_ms;
        side->next = 0;
    }
    // A few at a time, so that no frame takes long.
    for (unsigned i = 0; i < 64 && side->next < side->capacity; i++) {
        int32_t scope = (int32_t)side->next++;
        struct side_scope *item = side_of(side, scope);
        if (item != NULL && item->has_volume) {
            volume_move(side, item);
            if (item->has_notice) {
                return scope;
            }
        }
    }
    return SCOPE_NONE;
}

// --- complaints -------------------------------------------------------------------------------

static enum err complaint_hit(struct side *side, int32_t scope, uint64_t tag, int64_t log_time_ms,
        const struct side_asks *asks)
{
    struct side_scope *item;
    enum err e = side_take(side, scope, &item);
    if (e == ERR_NONE && item->complaints == 0) {
        e = pool_take(&side->complaints, &item->complaints);
        if (e == ERR_NONE) {
            int64_t heard = asks->heard(asks->self, scope);
            complaints_begin(pool_at(&side->complaints, item->complaints), side->rate_millionths,
                    (uint64_t)heard, log_time_ms);
        }
    }
    if (e == ERR_NONE) {
        complaints_hit(pool_at(&side->complaints, item->complaints), tag, log_time_ms);
    }
    return e;
}

static bool counts(const struct delta *delta, const struct frame_complaint *complaint,
        const struct side_asks *asks)
{
    return asks->sources == NULL ||
           (asks->sources(asks->self, &delta->frame->leaves[complaint->leaf].key) &
                   SOURCE_BIT(SOURCE_COMPLAINTS)) != 0;
}

static enum err delta_complaints(
        struct side *side, const struct delta *delta, const struct side_asks *asks)
{
    enum err e = ERR_NONE;
    for (uint32_t i = 0; i < delta->complaint_count; i++) {
        const struct frame_complaint *complaint = &delta->complaints[i];
        const struct leaf_delta *leaf = &delta->leaves[complaint->leaf];
        uint64_t tag;
        memcpy(&tag, complaint->tag, sizeof tag);
        if (!counts(delta, complaint, asks)) {
            continue;
        }
        for (unsigned kind = 0; kind < SCOPE_KIND_COUNT && e == ERR_NONE; kind++) {
            if (leaf->uses[kind].row >= 0) {
                e = complaint_hit(side, delta->scopes[leaf->uses[kind].row].scope, tag,
                        delta->log_time_ms, asks);
            }
        }
    }
    return e;
}

static void complaints_drop(struct side *side, struct side_scope *item)
{
    if (item != NULL && item->complaints != 0) {
        pool_give(&side->complaints, item->complaints);
        item->complaints = 0;
    }
}

static void row_expose(struct side *side, const struct scope_delta *row, int64_t log_time_ms)
{
    struct complaints *complaints = complaints_of(side, row->scope);
    int64_t judged = row->judged + row->shadow_judged;
    if (complaints != NULL && judged > 0) {
        complaints_expose(complaints, side->rate_millionths, (uint64_t)judged, log_time_ms);
        if (complaints_are_quiet(complaints)) {
            complaints_drop(side, side_of(side, row->scope));
        }
    }
}

// ----------------------------------------------------------------------------------------------

enum err side_delta(struct side *side, const struct delta *delta, const struct side_asks *asks)
{
    side->log_time_ms = delta->log_time_ms;
    if (delta->frame->watermark_ms > side->watermark_ms) {
        side->watermark_ms = delta->frame->watermark_ms;
    }
    enum err e = ERR_NONE;
    for (uint32_t i = 0; i < delta->scope_count && e == ERR_NONE; i++) {
        const struct scope_delta *row = &delta->scopes[i];
        int64_t messages = row->judged + row->shadow_judged + row->unknown;
        if (row->kind >= SCOPE_VENDOR && messages > 0) {
            e = row_volume(side, row, messages);
        }
        row_expose(side, row, delta->log_time_ms);
    }
    return e != ERR_NONE ? e : delta_complaints(side, delta, asks);
}

static struct evidence evidence_of(const struct scope_name *name, const char *node, int64_t judged,
        int64_t hits, const struct scope_delta *row)
{
    struct evidence evidence = {
            .scope = *name,
            .stream = node,
            .node = node,
            .judged = judged,
            .misdirected = hits,
            .change_point = {.occurred_at_ms = row->last_occurred_at_ms},
    };
    if (judged > 0 && hits <= judged) {
        evidence.estimated_rate_millionths = hits * 1000000 / judged;
    }
    return evidence;
}

bool side_has_news(const struct side *side, int32_t scope)
{
    const struct side_scope *item = side_of(side, scope);
    return item != NULL && (item->has_notice || item->complaints != 0);
}

// What is not told now is not told later either, when it is long past.
static enum tier read_volume(const struct scope_name *name, struct side_scope *item,
        const struct scope_delta *row, bool is_told, struct evidence *ret_evidence)
{
    if (!item->has_notice) {
        return TIER_NONE;
    }
    item->has_notice = false;
    if (!is_told) {
        return TIER_NONE;
    }
    const struct volume_notice *notice = &item->notice;
    *ret_evidence = evidence_of(name, volume_node_names[notice->is_down], notice->messages, 0, row);
    ret_evidence->log_likelihood_ratio_nat6 = notice->w_nat6;
    ret_evidence->threshold_nat6 = notice->threshold_nat6;
    ret_evidence->false_alarm_budget = notice->budget;
    return TIER_NOTICE;
}

enum tier side_read(struct side *side, const struct scope_name *name, const struct scope_delta *row,
        source_set sources, enum tier told, struct evidence *ret_evidence)
{
    struct side_scope *item = side_of(side, row->scope);
    const struct complaints *complaints = complaints_of(side, row->scope);
    struct complaint_reading reading = {.tier = TIER_NONE};
    if (complaints != NULL && (sources & SOURCE_BIT(SOURCE_COMPLAINTS)) != 0) {
        reading = complaints_read(complaints);
    }
    if (reading.tier > told) {
        int64_t messages =
                reading.messages > reading.complaints ? reading.messages : reading.complaints;
        *ret_evidence = evidence_of(
                name, complaint_node_names[reading.node], messages, reading.complaints, row);
        ret_evidence->baseline_millionths = side->rate_millionths;
        ret_evidence->log_likelihood_ratio_nat6 = reading.w_nat6;
        ret_evidence->threshold_nat6 = reading.threshold_nat6;
        ret_evidence->false_alarm_budget = reading.budget;
        return reading.tier;
    }
    bool is_told = (sources & SOURCE_BIT(SOURCE_VOLUME)) != 0 && told < TIER_NOTICE;
    return item != NULL ? read_volume(name, item, row, is_told, ret_evidence) : TIER_NONE;
}

bool side_is_calm(const struct side *side, int32_t scope)
{
    const struct complaints *complaints = complaints_of(side, scope);
    return complaints == NULL || complaints_read(complaints).tier == TIER_NONE;
}

void side_drop(struct side *side, int32_t scope)
{
    struct side_scope *item = side_of(side, scope);
    if (item != NULL) {
        complaints_drop(side, item);
        pool_give(&side->items, side->scopes[scope]);
        side->scopes[scope] = 0;
    }
}

// --- saving and restoring ---------------------------------------------------------------------

static enum err scope_archive(struct archive *archive, struct side *side, int32_t scope)
{
    struct side_scope *item = side_of(side, scope);
    bool is_there = item != NULL;
    archive_bool(archive, &is_there);
    if (!is_there) {
        return ERR_NONE;
    }
    enum err e = side_take(side, scope, &item);
    bool has_complaints = e == ERR_NONE && item->complaints != 0;
    archive_bool(archive, &has_complaints);
    if (e == ERR_NONE && has_complaints && item->complaints == 0) {
        e = pool_take(&side->complaints, &item->complaints);
    }
    if (e != ERR_NONE) {
        return e;
    }
    archive_bool(archive, &item->has_volume);
    archive_bool(archive, &item->has_notice);
    if (item->has_volume) {
        volume_archive(archive, &item->volume);
    }
    if (item->has_notice) {
        volume_notice_archive(archive, &item->notice);
    }
    if (has_complaints) {
        complaints_archive(archive, pool_at(&side->complaints, item->complaints));
    }
    return ERR_NONE;
}

void side_archive(struct archive *archive, struct side *side, const struct scopes *names)
{
    archive_mark(archive, "side");
    archive_i64(archive, &side->watermark_ms, 0, CLOCK_END_MS);
    archive_i64(archive, &side->log_time_ms, 0, CLOCK_END_MS);
    archive_i64(archive, &side->round_ms, 0, CLOCK_END_MS);
    // The table's length says how far a round goes.
    uint32_t capacity = archive_count(archive, side->capacity, 2 * scopes_end(names) + 64);
    enum err e = capacity > 0 ? side_make_room(side, (int32_t)capacity - 1) : ERR_NONE;
    if (e == ERR_NONE && side->capacity != capacity) {
        e = ERR_DATA;
    }
    archive_u32(archive, &side->next, capacity);
    for (uint32_t i = 0; i < capacity && e == ERR_NONE && archive_is_good(archive); i++) {
        e = scope_archive(archive, side, (int32_t)i);
        bool is_live = i < scopes_end(names) && scopes_is_live(names, (int32_t)i);
        if (e == ERR_NONE && side->scopes[i] != 0 && !is_live) {
            e = ERR_DATA;
        }
    }
    if (e != ERR_NONE) {
        archive_fail(archive, e, "side: the table of scopes");
    }
}
