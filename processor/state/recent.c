#include <stdlib.h>
#include <string.h>

#include "state/recent_inside.h"

enum { PLACE_BYTES = 4096, HANDLE_MASK = (1 << 22) - 1 };

enum err recent_create(struct recent **ret_recent, const struct recent_options *options)
{
    ASSURE(options->max_entries <= RECENT_ENTRIES_MAX);
    struct recent *recent = calloc(1, sizeof *recent);
    if (recent == NULL) {
        return ERR_NO_MEMORY;
    }
    recent->options = *options;
    recent->end = RECENT_NONE + 1;
    recent->hand = recent->end;
    pages_init(&recent->lists, sizeof(struct list));
    pages_init(&recent->entries, sizeof(struct entry));
    strbuf_init(&recent->place, PLACE_BYTES);
    texts_init(&recent->texts);
    size_t ends = 64;
    while (ends < options->max_entries) {
        ends *= 2;
    }
    recent->by_tag_mask = ends - 1;
    recent->by_tag = calloc(ends, sizeof *recent->by_tag);
    recent->places = hashmap_create(RECENT_PLACE_MAX);
    if (recent->by_tag == NULL || recent->places == NULL) {
        recent_destroy(recent);
        return ERR_NO_MEMORY;
    }
    *ret_recent = recent;
    return ERR_NONE;
}

void recent_destroy(struct recent *recent)
{
    if (recent != NULL) {
        pages_fini(&recent->entries);
        pages_fini(&recent->lists);
        texts_fini(&recent->texts);
        strbuf_fini(&recent->place);
        hashmap_destroy(recent->places);
        free(recent->young);
        free(recent->by_tag);
        free(recent);
    }
}

void recent_take_behind(struct recent *recent, struct list *list, uint32_t before)
{
    uint32_t *next = &entry_at(recent, before)->next[list->kind];
    uint32_t handle = *next;
    struct entry *entry = entry_at(recent, handle);
    *next = entry->next[list->kind];
    if (list->newest == handle) {
        list->newest = (before == handle ? RECENT_NONE : before) & HANDLE_MASK;
    }
    list->count--;
    entry->scopes[list->kind] = SCOPE_NONE; // R1
    entry->links--;
    recent_settle_entry(recent, handle);
}

static const struct entry *list_oldest(const struct recent *recent, const struct list *list)
{
    return entry_at(recent, entry_at(recent, list->newest)->next[list->kind]);
}

// Whether there is a list for the scope, were it an empty one.
static bool has_list(const struct recent *recent, int32_t scope)
{
    ASSURE(scope >= 0);
    return (uint32_t)scope < pages_rows(&recent->lists);
}

static bool entry_is_in_list_of(const struct entry *entry, int32_t scope) // R1
{
    bool is_in = false;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        is_in = is_in || entry->scopes[kind] == scope;
    }
    return is_in;
}

bool recent_has(struct recent *recent, int32_t scope, uint64_t tag, int64_t log_time_ms)
{
    ASSURE(scope >= 0);
    recent_see_log_time(recent, log_time_ms);
    for (uint32_t at = *by_tag_at(recent, tag); at != RECENT_NONE;) {
        const struct entry *entry = entry_at(recent, at);
        if (entry->tag == tag && entry_is_in_list_of(entry, scope) &&
                !entry_is_past(recent, entry)) {
            return true;
        }
        at = entry->same;
    }
    return false;
}

enum err recent_link(struct recent *recent, uint32_t handle, int32_t scope, enum scope_kind kind)
{
    if (handle == RECENT_NONE) {
        return ERR_NONE;
    }
    enum err e = pages_reach(&recent->lists, (uint32_t)scope);
    if (e != ERR_NONE) {
        return e;
    }
    struct list *list = list_at(recent, scope);
    struct entry *entry = entry_at(recent, handle);
    ASSURE(entry->scopes[kind] == SCOPE_NONE);
    ASSURE(list->count == 0 || list->kind == kind);
    while (list->count == RECENT_MAX ||
            (list->count > 0 && entry_is_past(recent, list_oldest(recent, list)))) {
        recent_take_behind(recent, list, list->newest);
    }
    entry->next[kind] = handle;
    if (list->count > 0) {
        struct entry *newest = entry_at(recent, list->newest);
        ASSURE(newest->serial < entry->serial); // R2
        entry->next[kind] = newest->next[kind];
        newest->next[kind] = handle;
    }
    entry->scopes[kind] = scope;
    entry->links++;
    *list = (struct list){handle & HANDLE_MASK, (list->count + 1) & 127, kind & 7};
    return ERR_NONE;
}

uint32_t recent_since(const struct recent *recent, int32_t scope, uint64_t serial,
        struct recent_entry ret_entries[RECENT_MAX])
{
    if (!has_list(recent, scope)) {
        return 0;
    }
    const struct list *list = list_at(recent, scope);
    uint32_t count = 0;
    uint32_t at = list->newest;
    for (unsigned left = list->count; left > 0; left--) {
        at = entry_at(recent, at)->next[list->kind];
        const struct entry *entry = entry_at(recent, at);
        if (entry->serial < serial || entry_is_past(recent, entry)) {
            continue;
        }
        struct recent_entry *told = &ret_entries[count++];
        *told = (struct recent_entry){
                .tag = entry->tag,
                .serial = entry->serial,
                .log_time_ms = (int64_t)entry->log_time_ms,
                .reasons = entry->reasons,
                .signals = entry->signals,
                .vendor = entry->vendor,
                .vendor_generation = entry->vendor_generation,
        };
        memcpy(told->scopes, entry->scopes, sizeof told->scopes);
    }
    return count;
}

void recent_forget_child(
        struct recent *recent, int32_t scope, int32_t child, enum scope_kind child_kind)
{
    if (!has_list(recent, scope)) {
        return;
    }
    struct list *list = list_at(recent, scope);
    uint32_t before = list->newest;
    for (unsigned left = list->count; left > 0; left--) {
        uint32_t handle = entry_at(recent, before)->next[list->kind];
        if (entry_at(recent, handle)->scopes[child_kind] == child) {
            recent_take_behind(recent, list, before);
        } else {
            before = handle;
        }
    }
}

void recent_forget(struct recent *recent, uint32_t handle, uint64_t serial)
{
    bool is_there = handle != RECENT_NONE && handle < recent->end;
    if (is_there && entry_at(recent, handle)->serial == serial) {
        recent_leave_lists(recent, handle); // a free one is in none
    }
}

void recent_drop_scope(struct recent *recent, int32_t scope)
{
    if (has_list(recent, scope)) {
        struct list *list = list_at(recent, scope);
        while (list->count > 0) {
            recent_take_behind(recent, list, list->newest);
        }
    }
}

uint32_t recent_count(const struct recent *recent)
{
    return recent->count;
}

uint64_t recent_overflowed(const struct recent *recent)
{
    return recent->overflowed;
}
