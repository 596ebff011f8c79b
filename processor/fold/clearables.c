#include "fold/clearables.h"

#include "common/assure.h"
#include "common/clock.h"
#include "common/hash.h"

#define SERIAL_MASK ((UINT64_C(1) << CLEARABLE_SERIAL_BITS) - 1)
#define TIME_MASK ((UINT64_C(1) << CLEARABLE_TIME_BITS) - 1)

enum { KIND_BITS = (1 << SCOPE_KIND_COUNT) - 1, USES_MASK = (1 << 10) - 1 };

void clearables_init(struct clearables *clearables)
{
    *clearables = (struct clearables){.oldest = CLEARABLE_NONE};
    pool_init(&clearables->pool, sizeof(struct clearable));
    hash_index_init(&clearables->index, CLEARABLE_MAX);
}

void clearables_fini(struct clearables *clearables)
{
    pool_fini(&clearables->pool);
    hash_index_fini(&clearables->index);
}

struct clearable *clearables_at(const struct clearables *clearables, uint32_t handle)
{
    return pool_at(&clearables->pool, handle);
}

uint32_t clearables_count(const struct clearables *clearables)
{
    return clearables->pool.count;
}

static uint64_t place_hash(uint16_t source, int64_t offset)
{
    return hash_mix64((uint64_t)offset ^ (uint64_t)source << 48);
}

uint32_t clearables_find(const struct clearables *clearables, uint16_t source, int64_t offset)
{
    struct hash_probe probe = hash_index_probe(&clearables->index, place_hash(source, offset));
    uint32_t handle;
    while (hash_index_next(&clearables->index, &probe, &handle)) {
        const struct clearable *clearable = clearables_at(clearables, handle);
        if (clearable->source == source && clearable->offset == offset) {
            return handle;
        }
    }
    return CLEARABLE_NONE;
}

void clearables_take(struct clearables *clearables, uint32_t handle)
{
    const struct clearable *clearable = clearables_at(clearables, handle);
    uint32_t older = clearable->older;
    uint32_t newer = clearable->newer;
    if (older != CLEARABLE_NONE) {
        clearables_at(clearables, older)->newer = newer;
    } else {
        clearables->oldest = newer;
    }
    if (newer != CLEARABLE_NONE) {
        clearables_at(clearables, newer)->older = older;
    } else {
        clearables->newest = older;
    }
    hash_index_remove(&clearables->index, place_hash(clearable->source, clearable->offset), handle);
    pool_give(&clearables->pool, handle);
}

void clearables_expire(struct clearables *clearables, int64_t log_time_ms)
{
    while (clearables->oldest != CLEARABLE_NONE) {
        const struct clearable *oldest = clearables_at(clearables, clearables->oldest);
        if (log_time_ms - (int64_t)oldest->log_time_ms < CLEARABLE_MS) { // K1
            return;
        }
        clearables_take(clearables, clearables->oldest);
    }
}

enum err clearables_add(
        struct clearables *clearables, const struct clearable *clearable, uint32_t *ret_handle)
{
    if (clearables_count(clearables) == CLEARABLE_MAX) { // K2
        clearables_take(clearables, clearables->oldest);
        clearables->overflowed++;
    }
    uint32_t handle;
    enum err e = pool_take(&clearables->pool, &handle);
    if (e != ERR_NONE) {
        return e;
    }
    e = hash_index_put(
            &clearables->index, place_hash(clearable->source, clearable->offset), handle);
    if (e != ERR_NONE) {
        pool_give(&clearables->pool, handle);
        return e;
    }
    struct clearable *added = clearables_at(clearables, handle);
    *added = *clearable;
    added->older = clearables->newest;
    added->newer = CLEARABLE_NONE;
    if (clearables->newest != CLEARABLE_NONE) {
        clearables_at(clearables, clearables->newest)->newer = handle;
    } else {
        clearables->oldest = handle;
    }
    clearables->newest = handle;
    *ret_handle = handle;
    return ERR_NONE;
}

// --- saving and restoring ---------------------------------------------------------------------

static void place_archive(struct archive *archive, struct clearable *clearable,
        const struct clearables_limits *limits)
{
    uint16_t sources = limits->sources > 0 ? (uint16_t)(limits->sources - 1) : 0;
    archive_u16(archive, &clearable->source, sources);
    archive_i64(archive, &clearable->offset, 0, INT64_MAX);
    archive_u16(archive, &clearable->leaf, UINT16_MAX);
    archive_bytes(archive, &clearable->tag, sizeof clearable->tag);
    uint64_t serial = clearable->serial;
    archive_u64(archive, &serial, SERIAL_MASK);
    clearable->serial = serial & SERIAL_MASK;
    int64_t at_ms = (int64_t)clearable->log_time_ms;
    archive_i64(archive, &at_ms, 0, CLOCK_END_MS);
    clearable->log_time_ms = (uint64_t)at_ms & TIME_MASK;
    if (serial >= limits->serial_end || at_ms > limits->log_time_ms || limits->sources == 0) {
        archive_fail(archive, ERR_DATA, "clearables: a message that is yet to come");
    }
}

static void fate_archive(struct archive *archive, struct clearable *clearable)
{
    uint16_t reasons = clearable->reasons;
    uint32_t uses = clearable->uses;
    uint32_t level = clearable->level;
    bool held = clearable->held;
    archive_u16(archive, &reasons, REASON_BIT(REASON_COUNT) - 1);
    archive_u32(archive, &uses, USES_MASK);
    archive_u32(archive, &level, CLEARABLE_NO_LEVEL);
    archive_bool(archive, &held);
    clearable->reasons = reasons;
    clearable->uses = uses & (uint32_t)USES_MASK;
    clearable->level = level & (uint32_t)CLEARABLE_NO_LEVEL;
    clearable->held = held;
    archive_u8(archive, &clearable->history, KIND_BITS);
    archive_u8(archive, &clearable->shadow, KIND_BITS);
    archive_u32(archive, &clearable->remembered, UINT32_MAX);
}

static void scopes_of_archive(
        struct archive *archive, struct clearable *clearable, const struct scopes *scopes)
{
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        int32_t *scope = &clearable->scopes[kind];
        archive_i32(archive, scope, SCOPE_NONE, (int32_t)scopes_end(scopes) - 1);
        bool can_be = !archive_is_good(archive) || *scope == SCOPE_NONE ||
                      (scopes_is_live(scopes, *scope) && scopes_name(scopes, *scope).kind == kind &&
                              scopes_last_heard_ms(scopes, *scope) / 1000 >=
                                      (int64_t)clearable->log_time_ms / 1000);
        if (!can_be) { // K3
            archive_fail(archive, ERR_DATA, "clearables: a message of a scope that is none");
        }
    }
}

// From the oldest, so that one added behind the other they are in the same order again.
void clearables_archive(struct archive *archive, struct clearables *clearables,
        const struct clearables_limits *limits)
{
    archive_mark(archive, "clearables");
    archive_u64(archive, &clearables->overflowed, INT64_MAX);
    uint32_t count = archive_count(archive, clearables_count(clearables), CLEARABLE_MAX);
    uint32_t at = clearables->oldest;
    uint64_t last_ms = 0;
    for (uint32_t i = 0; i < count && archive_is_good(archive); i++) {
        struct clearable clearable = {.older = CLEARABLE_NONE};
        if (!archive_reads(archive)) {
            clearable = *clearables_at(clearables, at);
            at = clearable.newer;
        }
        place_archive(archive, &clearable, limits);
        fate_archive(archive, &clearable);
        scopes_of_archive(archive, &clearable, limits->scopes);
        if (!archive_reads(archive) || !archive_is_good(archive)) {
            continue;
        }
        bool is_new =
                clearables_find(clearables, clearable.source, clearable.offset) == CLEARABLE_NONE;
        enum err e = is_new && clearable.log_time_ms >= last_ms ? ERR_NONE : ERR_DATA;
        last_ms = clearable.log_time_ms;
        if (e == ERR_NONE) {
            e = clearables_add(clearables, &clearable, &at);
        }
        if (e != ERR_NONE) {
            archive_fail(archive, e, "clearables: a message");
        }
    }
}
