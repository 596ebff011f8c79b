// The detector, saved and restored. Numbers in its pools are its own affair: each scope brings what it
// has, and gets new ones.
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "detect/detect_inside.h"
#include "state/scopes.h"

enum { TOPIC_BYTES_MAX = 4096 };

// What one scope has, and whose number a tenant may be.
struct reach {
    struct detect *detect;
    int32_t scope_max;
};

// --- the bank ---------------------------------------------------------------------------------

static void node_archive(struct archive *archive, struct bank_node *node)
{
    archive_i64(archive, &node->w_nat6, 0, INT64_MAX / 4);
    archive_u32(archive, &node->judged, UINT32_MAX);
    archive_u32(archive, &node->misdirected, UINT32_MAX);
    archive_u32(archive, &node->guarded, UINT32_MAX);
}

static void level_archive(struct archive *archive, uint8_t *level)
{
    archive_u8(archive, level, LEVEL_COUNT - 1);
}

static void before_archive(struct archive *archive, struct tenant_before *before)
{
    archive_u32(archive, &before->watched, UINT32_MAX);
    archive_u32(archive, &before->misdirected, UINT32_MAX);
}

static void whole_archive(
        struct archive *archive, const struct reach *reach, struct excursion *excursion)
{
    struct bank *bank = &excursion->bank;
    archive_i32(archive, &bank->credit_nat6, 0, INT32_MAX);
    archive_u8(archive, &bank->credited, (1 << NODE_COUNT) - 1);
    archive_u8(archive, &bank->waiting, (1 << NODE_COUNT) - 1);
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        struct bank_node *node = &bank->nodes[j];
        node_archive(archive, node);
        bool has_point = node->w_nat6 > 0 && (bank->waiting >> j & 1) == 0;
        if (has_point) {
            recent_archive_pin(archive, reach->detect->recent, &node->start);
        }
        before_archive(archive, &excursion->before[j]);
    }
    sums_archive(archive, &excursion->since);
    archive_i32(archive, &excursion->tenant, SCOPE_NONE, reach->scope_max);
    level_archive(archive, &excursion->lowest_level);
    level_archive(archive, &excursion->highest_level);
    if (archive_is_good(archive) && !bank_can_be(bank)) {
        archive_fail(archive, ERR_DATA, "detect: an excursion that cannot be");
    }
}

static void short_archive(
        struct archive *archive, const struct reach *reach, struct short_excursion *excursion)
{
    archive_u8(archive, &excursion->nodes, (1 << NODE_COUNT) - 1);
    uint32_t start = excursion->start;
    for (unsigned left = excursion->nodes; left != 0; left &= left - 1) { // each has a pin
        recent_archive_pin(archive, reach->detect->recent, &excursion->start);
        if (left != excursion->nodes && excursion->start != start) {
            archive_fail(archive, ERR_DATA, "detect: nodes of two starts");
        }
        start = excursion->start;
    }
    archive_i32(archive, &excursion->tenant, SCOPE_NONE, reach->scope_max);
    before_archive(archive, &excursion->before);
    archive_u16(archive, &excursion->judged, UINT16_MAX);
    archive_u8(archive, &excursion->misdirected, UINT8_MAX);
    archive_u8(archive, &excursion->guarded, UINT8_MAX);
    level_archive(archive, &excursion->level);
    archive_u16(archive, &excursion->watched, UINT16_MAX);
    archive_u8(archive, &excursion->since_misdirected, UINT8_MAX);
    archive_u8(archive, &excursion->since_invalid, UINT8_MAX);
    archive_u16(archive, &excursion->loan_named, UINT16_MAX);
    archive_bytes(archive, excursion->signals, sizeof excursion->signals);
    bool guard = reach->detect->options.guard;
    if (archive_is_good(archive) && !excursion_can_be(excursion, guard)) {
        archive_fail(archive, ERR_DATA, "detect: a short excursion that cannot be");
    }
}

static void excursion_archive(
        struct archive *archive, const struct reach *reach, struct detect_scope *scope)
{
    struct detect *detect = reach->detect;
    enum { NONE, WHOLE, SHORT, FORMS };
    uint8_t form = scope->excursion == 0 ? NONE : scope->is_short ? SHORT : WHOLE;
    archive_u8(archive, &form, FORMS - 1);
    if (form == NONE) {
        return;
    }
    struct pool *pool = form == SHORT ? &detect->short_excursions : &detect->excursions;
    uint32_t number = scope->excursion;
    enum err e = archive_reads(archive) ? pool_take(pool, &number) : ERR_NONE;
    if (e != ERR_NONE) {
        archive_fail(archive, e, "detect: excursions");
        return;
    }
    scope->excursion = number & INT32_MAX;
    scope->is_short = form == SHORT;
    if (form == SHORT) {
        short_archive(archive, reach, pool_at(pool, number));
    } else {
        whole_archive(archive, reach, pool_at(pool, number));
    }
}

// --- streams ----------------------------------------------------------------------------------

static void stream_archive(
        struct archive *archive, const struct reach *reach, struct detect_scope *scope)
{
    struct detect *detect = reach->detect;
    bool has_streams = scope->streams != 0;
    archive_bool(archive, &has_streams);
    if (!has_streams) {
        return;
    }
    enum err e = archive_reads(archive) ? pool_take(&detect->stream_excursions, &scope->streams)
                                        : ERR_NONE;
    if (e != ERR_NONE) {
        archive_fail(archive, e, "detect: streams");
        return;
    }
    struct stream_excursion *excursion = pool_at(&detect->stream_excursions, scope->streams);
    streams_archive(archive, &excursion->streams);
    sums_archive(archive, &excursion->since);
    archive_i32(archive, &excursion->tenant, SCOPE_NONE, reach->scope_max);
    archive_i64(archive, &excursion->place.occurred_at_ms, 0, CLOCK_END_MS);
    archive_i64(archive, &excursion->place.offset, INT64_MIN, INT64_MAX);
    archive_i32(archive, &excursion->place.partition, INT32_MIN, INT32_MAX);
    archive_u16(archive, &excursion->place.topic, TOPIC_MAX - 1);
    for (unsigned stream = 0; stream < STREAM_COUNT; stream++) {
        archive_u64(archive, &excursion->start_serials[stream], UINT64_MAX);
    }
    bool has_topic = archive_is_good(archive) && detect->topics[excursion->place.topic] != NULL;
    if (!has_topic) {
        archive_fail(archive, ERR_DATA, "detect: a topic that is none");
    }
}

static void topics_archive(struct archive *archive, struct detect *detect)
{
    uint32_t count = 0;
    while (count < TOPIC_MAX && detect->topics[count] != NULL) {
        count++;
    }
    count = archive_count(archive, count, TOPIC_MAX);
    for (uint32_t i = 0; i < count && archive_is_good(archive); i++) {
        struct view topic = view_of(detect->topics[i]);
        archive_view(archive, &topic, TOPIC_BYTES_MAX);
        if (archive_reads(archive)) {
            detect->topics[i] = view_dup(topic);
            if (detect->topics[i] == NULL) {
                archive_fail(archive, ERR_NO_MEMORY, "detect: topics");
            }
        }
    }
}

// --- scopes -----------------------------------------------------------------------------------

static void habit_archive(
        struct archive *archive, const struct reach *reach, struct detect_scope *scope)
{
    enum { NONE, PART, WHOLE, FORMS };
    uint8_t form = scope->habit == 0 && !scope->is_part ? NONE : scope->is_part ? PART : WHOLE;
    archive_u8(archive, &form, FORMS - 1);
    if (form == PART) {
        uint32_t part = scope->habit;
        archive_u32(archive, &part, (PART_MASK << PART_BITS) | PART_MASK);
        scope->habit = part & HABIT_MASK;
        scope->is_part = 1;
        uint32_t judged = part & PART_MASK;
        if (judged > USUAL_CAMPAIGN || part >> PART_BITS > judged) {
            archive_fail(archive, ERR_DATA, "detect: a part that is more than one");
        }
    }
    if (form != WHOLE) {
        return;
    }
    struct pool *habits = &reach->detect->habits;
    uint32_t number = scope->habit;
    enum err e = archive_reads(archive) ? pool_take(habits, &number) : ERR_NONE;
    if (e != ERR_NONE) {
        archive_fail(archive, e, "detect: habits");
        return;
    }
    scope->habit = number & HABIT_MASK;
    struct habit *habit = pool_at(habits, number);
    sums_archive(archive, &habit->sums);
    usual_archive(archive, &habit->usual);
}

// Only a campaign has parts and short excursions, and only its vendor and tenant have habits.
static bool fits_kind(const struct detect_scope *scope, enum scope_kind kind)
{
    bool has_habit = scope->habit != 0 && !scope->is_part;
    return kind == SCOPE_CAMPAIGN
                   ? !has_habit
                   : !scope->is_part && !scope->is_short && (kind >= SCOPE_VENDOR || !has_habit);
}

static bool is_empty(const struct detect_scope *scope)
{
    return scope->excursion == 0 && scope->streams == 0 && scope->habit == 0 && !scope->is_part;
}

static void scope_archive(struct archive *archive, const struct reach *reach,
        const struct scopes *names, int32_t number)
{
    struct detect_scope *scope = scope_at(reach->detect, number);
    bool credited = scope->credited;
    archive_bool(archive, &credited);
    scope->credited = credited;
    habit_archive(archive, reach, scope);
    excursion_archive(archive, reach, scope);
    stream_archive(archive, reach, scope);
    if (!archive_is_good(archive)) {
        return;
    }
    bool can_be = scopes_is_live(names, number) ? fits_kind(scope, scopes_name(names, number).kind)
                                                : is_empty(scope);
    if (!can_be) {
        archive_fail(archive, ERR_DATA, "detect: what is kept is not of such a scope");
    }
}

void detect_archive(struct archive *archive, struct detect *detect, const struct scopes *names)
{
    const uint32_t end = scopes_end(names);
    const struct reach reach = {detect, (int32_t)end - 1};
    archive_mark(archive, "detect");
    archive_u64(archive, &detect->next_serial, UINT64_MAX);
    topics_archive(archive, detect);
    uint32_t rows = pages_rows(&detect->scopes);
    uint32_t count = archive_count(archive, rows < end ? rows : end, end);
    if (archive_reads(archive) && count > 0) {
        enum err e = pages_reach(&detect->scopes, count - 1);
        if (e != ERR_NONE) {
            archive_fail(archive, e, "detect: the table of scopes");
        }
    }
    for (uint32_t i = 0; i < count && archive_is_good(archive); i++) {
        scope_archive(archive, &reach, names, (int32_t)i);
    }
    baseline_archive(archive, detect->baseline, end);
}
