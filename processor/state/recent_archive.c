// The remembered messages, saved and restored: entries keep their handles and free ones their order,
// so that the clock hand goes on as it would have.
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "state/recent_inside.h"

enum { HANDLE_MASK = (1 << 22) - 1 }; // the bits that a list has for one

// What is not told by the lists, the pins and the tags.
static void entry_archive(
        struct archive *archive, struct recent *recent, struct entry *entry, uint32_t scopes_end)
{
    uint64_t serial = entry->serial;
    uint64_t log_time_ms = entry->log_time_ms;
    uint64_t occurred_at_ms = entry->occurred_at_ms;
    uint64_t signals = entry->signals;
    uint64_t reasons = entry->reasons;
    uint64_t place = entry->place;
    archive_bytes(archive, &entry->tag, sizeof entry->tag);
    archive_u64(archive, &serial, (UINT64_C(1) << 48) - 1);
    archive_u64(archive, &log_time_ms, CLOCK_END_MS);
    archive_u64(archive, &occurred_at_ms, CLOCK_END_MS);
    archive_u64(archive, &signals, UINT8_MAX);
    archive_u64(archive, &reasons, (1 << 11) - 1);
    archive_u64(archive, &place, NO_PLACE);
    archive_i64(archive, &entry->offset, INT64_MIN, INT64_MAX);
    archive_i32(archive, &entry->vendor, VENDOR_UNKNOWN, (int32_t)scopes_end - 1);
    archive_u32(archive, &entry->vendor_generation, UINT32_MAX);
    if (place != NO_PLACE && place >= hashmap_count(recent->places)) {
        archive_fail(archive, ERR_DATA, "recent: a place that is none");
    }
    entry->serial = serial & ((UINT64_C(1) << 48) - 1);
    entry->log_time_ms = log_time_ms & TIME_MASK;
    entry->occurred_at_ms = occurred_at_ms & TIME_MASK;
    entry->signals = signals & UINT8_MAX;
    entry->reasons = reasons & ((1 << 11) - 1);
    entry->place = place & NO_PLACE;
}

static void id_archive(struct archive *archive, struct recent *recent, struct entry *entry)
{
    struct view id = VIEW_NONE;
    if (!archive_reads(archive) && entry->message_id != TEXT_NONE) {
        id = view_bytes(texts_at(&recent->texts, entry->message_id), entry->id_bytes);
    }
    archive_view(archive, &id, ID_BYTES_MAX);
    if (archive_reads(archive)) {
        enum err e = recent_keep_id(recent, id, &entry->message_id);
        if (e != ERR_NONE) {
            archive_fail(archive, e, "recent: an id");
        }
        entry->id_bytes = entry->message_id != TEXT_NONE ? id.n & ID_BYTES_MAX : 0;
    }
}

// The entry of a handle that is not free.
static void live_archive(
        struct archive *archive, struct recent *recent, uint32_t handle, uint32_t scopes_end)
{
    struct entry *entry = entry_at(recent, handle);
    entry_archive(archive, recent, entry, scopes_end);
    id_archive(archive, recent, entry);
    if (archive_reads(archive)) {
        for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
            entry->scopes[kind] = SCOPE_NONE;
        }
        uint32_t *first = by_tag_at(recent, entry->tag);
        entry->same = *first;
        *first = handle;
        entry->is_young = 1; // until recent_archive_pins
    }
}

static void places_archive(struct archive *archive, struct recent *recent)
{
    uint32_t count = archive_count(archive, hashmap_count(recent->places), RECENT_PLACE_MAX);
    for (uint32_t i = 0; i < count && archive_is_good(archive); i++) {
        struct view place = VIEW_NONE;
        if (!archive_reads(archive)) {
            place = hashmap_key(recent->places, i);
        }
        archive_view(archive, &place, recent->place.ceiling_bytes);
        if (!archive_reads(archive)) {
            continue;
        }
        bool is_new = place.n >= 4 && hashmap_find(recent->places, place) == HASHMAP_ABSENT;
        enum err e = is_new ? hashmap_put(recent->places, place, i) : ERR_DATA;
        if (e != ERR_NONE) {
            archive_fail(archive, e, "recent: a place");
        }
    }
}

// The handles that are free, the next to be given first; `is_free` by handle.
static void free_archive(struct archive *archive, struct recent *recent, bool *is_free)
{
    uint32_t handles = recent->end - (RECENT_NONE + 1);
    uint32_t count = archive_count(archive, handles - recent->count, handles);
    uint32_t handle = recent->first_free;
    uint32_t before = RECENT_NONE;
    for (uint32_t i = 0; i < count && archive_is_good(archive); i++) {
        archive_u32(archive, &handle, recent->end - 1);
        if (handle == RECENT_NONE || is_free[handle]) {
            archive_fail(archive, ERR_DATA, "recent: a handle is free twice");
            return;
        }
        is_free[handle] = true;
        if (!archive_reads(archive)) {
            handle = entry_at(recent, handle)->same;
        } else if (before == RECENT_NONE) {
            recent->first_free = handle;
        } else {
            entry_at(recent, before)->same = handle;
        }
        before = handle;
    }
    if (archive_reads(archive)) {
        recent->count = handles - count;
    }
}

static void entries_archive(struct archive *archive, struct recent *recent, uint32_t scopes_end)
{
    uint32_t handles =
            archive_count(archive, recent->end - (RECENT_NONE + 1), recent->options.max_entries);
    if (archive_reads(archive)) {
        recent->end = RECENT_NONE + 1 + handles;
        enum err e = pages_reach(&recent->entries, handles);
        if (e != ERR_NONE) {
            recent->end = RECENT_NONE + 1;
            archive_fail(archive, e, "recent: the pool");
            return;
        }
    }
    bool *is_free = calloc((size_t)recent->end + 1, sizeof *is_free);
    if (is_free == NULL) {
        archive_fail(archive, ERR_NO_MEMORY, "recent: the pool");
        return;
    }
    free_archive(archive, recent, is_free);
    for (uint32_t handle = RECENT_NONE + 1; handle < recent->end && archive_is_good(archive);
            handle++) {
        if (!is_free[handle]) {
            live_archive(archive, recent, handle, scopes_end);
        }
    }
    free(is_free);
}

// --- lists ------------------------------------------------------------------------------------

// Puts an entry last in a list as it was: nothing makes room for it.
static bool list_append(struct recent *recent, int32_t scope, enum scope_kind kind, uint32_t handle)
{
    struct list *list = list_at(recent, scope);
    struct entry *entry = entry_at(recent, handle);
    bool can_be =
            entry->scopes[kind] == SCOPE_NONE && list->count < RECENT_MAX &&
            (list->count == 0 || entry_at(recent, list->newest)->serial < entry->serial); // R2
    if (!can_be) {
        return false;
    }
    entry->next[kind] = handle;
    if (list->count > 0) {
        struct entry *newest = entry_at(recent, list->newest);
        entry->next[kind] = newest->next[kind];
        newest->next[kind] = handle;
    }
    entry->scopes[kind] = scope;
    entry->links++;
    list->newest = handle & HANDLE_MASK;
    list->count = (list->count + 1) & (2 * RECENT_MAX - 1);
    list->kind = kind & 7;
    return true;
}

static void list_archive(struct archive *archive, struct recent *recent, int32_t scope)
{
    const struct list saved = *list_at(recent, scope);
    uint32_t count = archive_count(archive, saved.count, RECENT_MAX);
    uint8_t kind = saved.kind;
    if (count == 0) {
        return;
    }
    archive_u8(archive, &kind, SCOPE_KIND_COUNT - 1);
    uint32_t handle = saved.newest;
    for (uint32_t i = 0; i < count && archive_is_good(archive); i++) {
        if (!archive_reads(archive)) {
            handle = entry_at(recent, handle)->next[kind];
        }
        archive_u32(archive, &handle, recent->end - 1);
        if (!archive_reads(archive)) {
            continue;
        }
        if (!list_append(recent, scope, (enum scope_kind)kind, handle)) {
            archive_fail(archive, ERR_DATA, "recent: a list");
        }
    }
}

static void lists_archive(struct archive *archive, struct recent *recent, uint32_t scopes_end)
{
    uint32_t rows = pages_rows(&recent->lists);
    uint32_t count = archive_count(archive, rows < scopes_end ? rows : scopes_end, scopes_end);
    enum err e = count > 0 ? pages_reach(&recent->lists, count - 1) : ERR_NONE;
    if (e != ERR_NONE) {
        archive_fail(archive, e, "recent: the lists");
    }
    for (uint32_t scope = 0; scope < count && archive_is_good(archive); scope++) {
        list_archive(archive, recent, (int32_t)scope);
    }
}

void recent_archive(struct archive *archive, struct recent *recent, uint32_t scopes_end)
{
    archive_mark(archive, "recent");
    recent_settle(recent);
    archive_i64(archive, &recent->log_time_ms, 0, CLOCK_END_MS);
    archive_u64(archive, &recent->overflowed, INT64_MAX);
    archive_u32(archive, &recent->hand, UINT32_MAX);
    if (archive_is_good(archive) && recent->hand == RECENT_NONE) {
        archive_fail(archive, ERR_DATA, "recent: the clock hand is nowhere");
    }
    places_archive(archive, recent);
    entries_archive(archive, recent, scopes_end);
    if (archive_is_good(archive)) {
        lists_archive(archive, recent, scopes_end);
    }
}

// --- pins -------------------------------------------------------------------------------------

static bool is_there(const struct entry *entry)
{
    return entry->links > 0 || entry->pins > 0 || entry->is_young;
}

void recent_archive_pin(struct archive *archive, struct recent *recent, uint32_t *handle)
{
    archive_u32(archive, handle, recent->end - 1);
    if (!archive_reads(archive) || *handle == RECENT_NONE) {
        return;
    }
    struct entry *entry = entry_at(recent, *handle);
    if (!is_there(entry) || entry->pins == PINS_MAX) {
        *handle = RECENT_NONE;
        archive_fail(archive, ERR_DATA, "recent: a pin of what is none");
        return;
    }
    entry->pins = (entry->pins + 1U) & PINS_MAX;
}

void recent_archive_pins(struct archive *archive, struct recent *recent)
{
    for (uint32_t handle = RECENT_NONE + 1;
            archive_reads(archive) && archive_is_good(archive) && handle < recent->end; handle++) {
        struct entry *entry = entry_at(recent, handle);
        if (entry->is_young && entry->links == 0 && entry->pins == 0) {
            archive_fail(archive, ERR_DATA, "recent: an entry that nobody wants");
        }
        entry->is_young = 0;
    }
}

uint64_t recent_serial_end(const struct recent *recent)
{
    uint64_t end = 0;
    for (uint32_t handle = RECENT_NONE + 1; handle < recent->end; handle++) {
        const struct entry *entry = entry_at(recent, handle);
        if (is_there(entry) && entry->serial >= end) {
            end = entry->serial + 1;
        }
    }
    return end;
}

bool recent_is_of_kind(const struct recent *recent, int32_t scope, enum scope_kind kind)
{
    if ((uint32_t)scope >= pages_rows(&recent->lists)) {
        return true;
    }
    const struct list *list = list_at(recent, scope);
    return list->count == 0 || list->kind == kind;
}
