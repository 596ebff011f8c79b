// The fold, saved and restored.
#include "common/assure.h"
#include "common/clock.h"
#include "fold/fold_inside.h"

#define JUDGED_MAX ((UINT64_C(1) << 40) - 1)

// Recent messages keep 48 bits of a serial; no log has half as many messages.
#define SERIAL_MAX (UINT64_C(1) << 47)

static void counts_archive(struct archive *archive, struct leaf_counts *counts)
{
    archive_u32(archive, &counts->judged, UINT32_MAX);
    archive_u32(archive, &counts->misdirected, UINT32_MAX);
    archive_u32(archive, &counts->unknown, UINT32_MAX);
    archive_u32(archive, &counts->exempt, UINT32_MAX);
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        archive_u32(archive, &counts->reasons[reason], UINT32_MAX);
    }
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        archive_u32(archive, &counts->signals[signal], UINT32_MAX);
    }
    archive_i64(archive, &counts->planned_size, 0, PLANNED_SIZE_MAX);
    archive_i64(archive, &counts->last_occurred_at_ms, 0, CLOCK_END_MS);
    archive_i64(archive, &counts->last_judged_offset, INT64_MIN, INT64_MAX);
    archive_bool(archive, &counts->last_misdirected);
}

static void cleared_archive(struct archive *archive, struct fold_leaf *leaf)
{
    archive_u16(archive, &leaf->cleared, CHUNK_OFFSETS);
    for (unsigned reason = 0; reason < REASON_COUNT && leaf->cleared > 0; reason++) {
        archive_u16(archive, &leaf->cleared_reasons[reason], leaf->cleared);
    }
}

// A leaf's scopes may have been released since: then their generation says so.
static void leaf_archive(
        struct archive *archive, const struct scopes *names, struct fold_leaf *leaf)
{
    counts_archive(archive, &leaf->counts);
    cleared_archive(archive, leaf);
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        archive_i32(archive, &leaf->scopes[kind], SCOPE_NONE, (int32_t)scopes_end(names) - 1);
        archive_u32(archive, &leaf->generations[kind], UINT32_MAX);
        bool is_present = archive_is_good(archive) && leaf->scopes[kind] != SCOPE_NONE &&
                          leaf->generations[kind] == scopes_generation(names, leaf->scopes[kind]);
        bool can_be = !is_present || (scopes_is_live(names, leaf->scopes[kind]) &&
                                             scopes_name(names, leaf->scopes[kind]).kind == kind);
        if (!can_be) {
            archive_fail(archive, ERR_DATA, "fold: a leaf of a scope that is none");
        }
    }
}

static void leaves_archive(
        struct archive *archive, const struct scopes *names, struct fold_source *source)
{
    uint32_t count = archive_count(archive, source->leaf_count, 2 * CHUNK_OFFSETS);
    for (uint32_t i = 0; i < count && archive_is_good(archive); i++) {
        struct view key = VIEW_NONE;
        uint32_t at = i;
        if (!archive_reads(archive)) {
            key = hashmap_key(source->leaf_index, i);
        }
        archive_view(archive, &key, FOLD_KEY_BYTES);
        if (archive_reads(archive)) {
            bool is_new = archive_is_good(archive) &&
                          hashmap_find(source->leaf_index, key) == HASHMAP_ABSENT;
            enum err e = is_new ? fold_source_take(source, key, &at) : ERR_DATA;
            if (e != ERR_NONE) {
                archive_fail(archive, e, "fold: a leaf");
                return;
            }
        }
        leaf_archive(archive, names, &source->leaves[at]);
    }
}

static void source_archive(
        struct archive *archive, const struct scopes *names, struct fold_source *source)
{
    archive_bool(archive, &source->has_state);
    archive_i64(archive, &source->chunk, INT64_MIN, INT64_MAX);
    archive_i64(archive, &source->first_offset, INT64_MIN, INT64_MAX);
    archive_i64(archive, &source->to_offset, INT64_MIN, INT64_MAX);
    archive_bool(archive, &source->ignoring);
    leaves_archive(archive, names, source);
}

static void sources_archive(struct archive *archive, struct fold *fold)
{
    uint32_t count = archive_count(archive, fold->source_count, FOLD_SOURCE_MAX);
    for (uint32_t i = 0; i < count && archive_is_good(archive); i++) {
        struct view name = VIEW_NONE;
        if (!archive_reads(archive)) {
            name = hashmap_key(fold->source_index, i);
        }
        archive_view(archive, &name, FOLD_KEY_BYTES);
        if (archive_reads(archive)) {
            enum err e = ERR_DATA;
            if (archive_is_good(archive) &&
                    hashmap_find(fold->source_index, name) == HASHMAP_ABSENT) {
                e = fold_source_init(&fold->sources[i]);
                fold->source_count += e == ERR_NONE ? 1 : 0;
                e = e != ERR_NONE ? e : hashmap_put(fold->source_index, name, i);
            }
            if (e != ERR_NONE) {
                archive_fail(archive, e, "fold: a source");
                return;
            }
        }
        source_archive(archive, fold->names, &fold->sources[i]);
    }
}

static void advance_archive(
        struct archive *archive, const struct fold *fold, struct fold_advance *advance)
{
    uint16_t sources = fold->source_count > 0 ? (uint16_t)(fold->source_count - 1) : 0;
    archive_u16(archive, &advance->source, sources);
    archive_i64(archive, &advance->chunk, INT64_MIN, INT64_MAX);
    archive_i64(archive, &advance->log_time_ms, 0, fold->log_time_ms);
    archive_u32(archive, &advance->messages, UINT32_MAX);
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        archive_i32(archive, &advance->scopes[kind], SCOPE_NONE, INT32_MAX);
    }
}

static void late_archive(struct archive *archive, struct fold *fold)
{
    const struct clearables_limits limits = {
            fold->names, fold->source_count, fold->serial, fold->log_time_ms};
    archive_mark(archive, "late");
    archive_u64(archive, &fold->late.cleared, INT64_MAX);
    archive_u64(archive, &fold->late.ignored, INT64_MAX);
    clearables_archive(archive, &fold->clearables, &limits);
    fold->advance_count = archive_count(archive, fold->advance_count, FOLD_ADVANCE_MAX);
    for (uint32_t i = 0; i < fold->advance_count; i++) {
        advance_archive(archive, fold, &fold->advances[i]);
    }
}

static void scope_archive(struct archive *archive, struct fold_scope *scope)
{
    bool is_known = scope->is_known;
    bool last_misdirected = scope->last_misdirected;
    archive_bool(archive, &is_known);
    archive_bool(archive, &last_misdirected);
    scope->is_known = is_known;
    scope->last_misdirected = last_misdirected;
    uint64_t judged = scope->judged;
    archive_u64(archive, &judged, JUDGED_MAX);
    scope->judged = judged & JUDGED_MAX;
    archive_u32(archive, &scope->misdirected, UINT32_MAX);
    archive_u16(archive, &scope->history_judged, UINT16_MAX);
    archive_u16(archive, &scope->history_misdirected, UINT16_MAX);
}

// What is remembered is of these scopes, and of messages that have been.
static void check_recent(struct archive *archive, const struct fold *fold)
{
    if (fold->serial < recent_serial_end(fold->recent)) {
        archive_fail(archive, ERR_DATA, "fold: a message is remembered that is yet to come");
    }
    for (uint32_t i = 0; i < scopes_end(fold->names) && archive_is_good(archive); i++) {
        int32_t scope = (int32_t)i;
        bool fits = scopes_is_live(fold->names, scope)
                            ? recent_is_of_kind(
                                      fold->recent, scope, scopes_name(fold->names, scope).kind)
                            : recent_is_of_kind(fold->recent, scope, SCOPE_KIND_COUNT);
        if (!fits) {
            archive_fail(archive, ERR_DATA, "fold: messages are remembered of another scope");
        }
    }
}

void fold_archive(struct archive *archive, struct fold *fold)
{
    archive_mark(archive, "fold");
    archive_i64(archive, &fold->log_time_ms, 0, CLOCK_END_MS);
    archive_u64(archive, &fold->serial, SERIAL_MAX);
    if (archive_reads(archive)) {
        check_recent(archive, fold);
    }
    archive_u64(archive, &fold->gaps, INT64_MAX);
    sources_archive(archive, fold);
    // A row that does not exist yet is one of zeros.
    uint32_t end = scopes_end(fold->names);
    uint32_t count = pages_rows(&fold->scopes) < end ? pages_rows(&fold->scopes) : end;
    count = archive_count(archive, count, end);
    if (archive_reads(archive) && count > 0) {
        enum err e = pages_reach(&fold->scopes, count - 1);
        if (e != ERR_NONE) {
            archive_fail(archive, e, "fold: the table of scopes");
        }
    }
    for (uint32_t i = 0; i < count && archive_is_good(archive); i++) {
        scope_archive(archive, fold_scope_at(fold, (int32_t)i));
    }
    late_archive(archive, fold);
}
