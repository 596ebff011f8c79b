#include <stdlib.h>
#include <string.h>

#include "state/recent_inside.h"

enum err recent_create(struct recent **ret_recent, const struct recent_options *options)
{
    ASSURE(options->max_entries < UINT32_MAX);
    struct recent *recent = calloc(1, sizeof *recent);
    if (recent == NULL) {
        return ERR_NO_MEMORY;
    }
    recent->options = *options;
    recent->end = RECENT_NONE + 1;
    recent->hand = recent->end;
    pages_init(&recent->lists, sizeof(struct list));
    pages_init(&recent->entries, sizeof(struct entry));
    recent->topics = hashmap_create(RECENT_TOPIC_MAX);
    if (recent->topics == NULL) {
        free(recent);
        return ERR_NO_MEMORY;
    }
    *ret_recent = recent;
    return ERR_NONE;
}

void recent_destroy(struct recent *recent)
{
    if (recent != NULL) {
        for (uint32_t handle = RECENT_NONE + 1; handle < recent->end; handle++) {
            free(entry_at(recent, handle)->message_id);
        }
        pages_fini(&recent->entries);
        pages_fini(&recent->lists);
        hashmap_destroy(recent->topics);
        free(recent);
    }
}

void recent_take_from_list(struct recent *recent, struct list *list, uint32_t *at)
{
    uint32_t handle = *at;
    struct entry *entry = entry_at(recent, handle);
    *at = entry->next[list->kind];
    list->count--;
    entry->next[list->kind] = RECENT_NONE;
    entry->scopes[list->kind] = SCOPE_NONE; // R1
    entry->links--;
    recent_settle_entry(recent, handle);
}

// Takes all from `at` on.
static void list_cut(struct recent *recent, struct list *list, uint32_t *at)
{
    while (*at != RECENT_NONE) {
        recent_take_from_list(recent, list, at);
    }
}

// Whether there is a list for the scope, were it an empty one.
static bool has_list(const struct recent *recent, int32_t scope)
{
    ASSURE(scope >= 0);
    return (uint32_t)scope < pages_rows(&recent->lists);
}

bool recent_has(struct recent *recent, int32_t scope, uint64_t tag, int64_t log_time_ms)
{
    recent_see_log_time(recent, log_time_ms);
    if (!has_list(recent, scope)) {
        return false;
    }
    struct list *list = list_at(recent, scope);
    uint32_t *at = &list->head;
    while (*at != RECENT_NONE) {
        struct entry *entry = entry_at(recent, *at);
        if (entry_is_past(recent, entry)) {
            list_cut(recent, list, at); // and so are all before it
            return false;
        }
        if (entry->tag == tag) {
            return true;
        }
        at = &entry->next[list->kind];
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
    if (list->count > 0) {
        ASSURE(list->kind == kind);
        ASSURE(entry_at(recent, list->head)->serial < entry->serial); // R2
    }
    ASSURE(entry->scopes[kind] == SCOPE_NONE);
    if (list->count == RECENT_MAX) {
        uint32_t *last = &list->head;
        for (unsigned i = 1; i < RECENT_MAX; i++) {
            last = &entry_at(recent, *last)->next[kind];
        }
        recent_take_from_list(recent, list, last);
    }
    entry->next[kind] = list->head;
    entry->scopes[kind] = scope;
    entry->links++;
    *list = (struct list){handle, (uint8_t)(list->count + 1), (uint8_t)kind};
    return ERR_NONE;
}

uint32_t recent_since(const struct recent *recent, int32_t scope, uint64_t serial,
        struct recent_entry ret_entries[RECENT_MAX])
{
    if (!has_list(recent, scope)) {
        return 0;
    }
    const struct list *list = list_at(recent, scope);
    const struct entry *newest_first[RECENT_MAX];
    uint32_t count = 0;
    for (uint32_t at = list->head; at != RECENT_NONE;) {
        const struct entry *entry = entry_at(recent, at);
        if (entry->serial < serial || entry_is_past(recent, entry)) {
            break; // and so are all before it
        }
        newest_first[count++] = entry;
        at = entry->next[list->kind];
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct entry *entry = newest_first[count - 1 - i];
        ret_entries[i] = (struct recent_entry){
                .tag = entry->tag,
                .serial = entry->serial,
                .log_time_ms = entry->log_time_ms,
                .reasons = entry->reasons,
                .signals = entry->signals,
        };
        memcpy(ret_entries[i].scopes, entry->scopes, sizeof entry->scopes);
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
    for (uint32_t *at = &list->head; *at != RECENT_NONE;) {
        struct entry *entry = entry_at(recent, *at);
        if (entry->scopes[child_kind] == child) {
            recent_take_from_list(recent, list, at);
        } else {
            at = &entry->next[list->kind];
        }
    }
}

void recent_drop_scope(struct recent *recent, int32_t scope)
{
    if (has_list(recent, scope)) {
        struct list *list = list_at(recent, scope);
        list_cut(recent, list, &list->head);
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
