#include <stdlib.h>
#include <string.h>

#include "state/recent_inside.h"

#define NO_TOPIC UINT16_MAX

void recent_see_log_time(struct recent *recent, int64_t log_time_ms)
{
    if (log_time_ms > recent->log_time_ms) {
        recent->log_time_ms = log_time_ms;
    }
}

static void entry_forget_id(struct entry *entry)
{
    free(entry->message_id);
    entry->message_id = NULL;
}

void recent_settle_entry(struct recent *recent, uint32_t handle)
{
    struct entry *entry = entry_at(recent, handle);
    if (entry->is_young || entry->pins > 0) {
        return;
    }
    entry_forget_id(entry);
    if (entry->links == 0) {
        uint8_t *met = &recent->met[entry->tag & recent->met_mask];
        *met = (uint8_t)(*met - (*met < UINT8_MAX)); // what was too many to count stays so
        entry->chain = recent->first_free;
        recent->first_free = handle;
        recent->count--;
    }
}

// Whether only quiet scopes list it, or only out of habit (R4).
static bool entry_is_spare(const struct recent *recent, const struct entry *entry)
{
    if (entry->is_young || entry->pins > 0) {
        return false;
    }
    if (entry_is_past(recent, entry)) {
        return true;
    }
    const struct recent_options *options = &recent->options;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        int32_t scope = entry->scopes[kind];
        if (scope != SCOPE_NONE &&
                (options->is_quiet == NULL || !options->is_quiet(options->self, scope))) {
            return false;
        }
    }
    return true;
}

static void entry_leave_lists(struct recent *recent, uint32_t handle)
{
    struct entry *entry = entry_at(recent, handle);
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        if (entry->scopes[kind] == SCOPE_NONE) {
            continue;
        }
        struct list *list = list_at(recent, entry->scopes[kind]);
        uint32_t before = list->newest;
        while (entry_at(recent, before)->next[kind] != handle) {
            before = entry_at(recent, before)->next[kind];
        }
        recent_take_behind(recent, list, before);
    }
}

// Moves the clock hand until an entry is free. No step of it frees more than one, so that what is
// remembered gets lost no sooner than it must.
static void recent_make_room(struct recent *recent)
{
    for (unsigned looked = 0; looked < RECENT_LOOK_MAX && recent->first_free == RECENT_NONE &&
                              recent->end > RECENT_NONE + 1;
            looked++) {
        uint32_t handle = recent->hand < recent->end ? recent->hand : RECENT_NONE + 1;
        recent->hand = handle + 1;
        if (entry_is_spare(recent, entry_at(recent, handle))) {
            entry_leave_lists(recent, handle);
        }
    }
}

// A place for an entry; RECENT_NONE at the ceiling.
static enum err recent_take_place(struct recent *recent, uint32_t *ret_handle)
{
    if (recent->first_free == RECENT_NONE && recent->end > recent->options.max_entries) {
        recent_make_room(recent);
    }
    uint32_t handle = recent->first_free;
    if (handle != RECENT_NONE) {
        recent->first_free = entry_at(recent, handle)->chain;
    } else if (recent->end <= recent->options.max_entries) {
        enum err e = pages_reach(&recent->entries, recent->end);
        if (e != ERR_NONE) {
            return e;
        }
        handle = recent->end++;
    } else {
        recent->overflowed++;
    }
    *ret_handle = handle;
    return ERR_NONE;
}

static enum err recent_topic(struct recent *recent, struct view topic, uint16_t *ret_topic)
{
    uint32_t found = hashmap_find(recent->topics, topic);
    if (found == HASHMAP_ABSENT) {
        found = hashmap_count(recent->topics);
        enum err e = hashmap_put(recent->topics, topic, found);
        if (e == ERR_CEILING) {
            found = NO_TOPIC;
        } else if (e != ERR_NONE) {
            return e;
        }
    }
    *ret_topic = (uint16_t)found;
    return ERR_NONE;
}

enum err recent_enter(
        struct recent *recent, const struct recent_message *message, uint32_t *ret_entry)
{
    recent_see_log_time(recent, message->log_time_ms);
    const struct message_position *position = &message->position;
    uint16_t topic = NO_TOPIC;
    enum err e = recent_topic(recent, position->topic, &topic);
    if (e != ERR_NONE) {
        return e;
    }
    char *id = NULL;
    if (!view_is_none(position->message_id)) {
        id = strndup(position->message_id.p, position->message_id.n);
        if (id == NULL) {
            return ERR_NO_MEMORY;
        }
    }
    uint32_t handle = RECENT_NONE;
    e = recent_take_place(recent, &handle);
    if (e != ERR_NONE || handle == RECENT_NONE) {
        free(id);
        *ret_entry = RECENT_NONE;
        return e;
    }
    struct entry *entry = entry_at(recent, handle);
    *entry = (struct entry){
            .tag = message->tag,
            .serial = message->serial,
            .log_time_ms = message->log_time_ms,
            .scopes = {SCOPE_NONE, SCOPE_NONE, SCOPE_NONE, SCOPE_NONE, SCOPE_NONE},
            .occurred_at_ms = position->occurred_at_ms,
            .offset = position->offset,
            .message_id = id,
            .partition = position->partition,
            .chain = recent->first_young,
            .topic = topic,
            .reasons = (uint16_t)message->reasons,
            .signals = message->signals,
            .is_young = true,
    };
    uint8_t *met = &recent->met[entry->tag & recent->met_mask];
    *met = (uint8_t)(*met + (*met < UINT8_MAX));
    recent->first_young = handle;
    recent->count++;
    *ret_entry = handle;
    return ERR_NONE;
}

void recent_settle(struct recent *recent)
{
    uint32_t handle = recent->first_young;
    recent->first_young = RECENT_NONE;
    while (handle != RECENT_NONE) {
        struct entry *entry = entry_at(recent, handle);
        uint32_t before = entry->chain;
        entry->is_young = false;
        recent_settle_entry(recent, handle);
        handle = before;
    }
}

// --- change points ---------------------------------------------------------------------------------

void recent_pin(struct recent *recent, uint32_t handle)
{
    if (handle != RECENT_NONE) {
        struct entry *entry = entry_at(recent, handle);
        ASSURE(entry->links > 0 || entry->pins > 0 || entry->is_young);
        ASSURE(entry->pins < UINT8_MAX);
        entry->pins++;
    }
}

void recent_unpin(struct recent *recent, uint32_t handle)
{
    if (handle != RECENT_NONE) {
        struct entry *entry = entry_at(recent, handle);
        ASSURE(entry->pins > 0);
        entry->pins--;
        recent_settle_entry(recent, handle);
    }
}

struct message_position recent_position(const struct recent *recent, uint32_t handle)
{
    if (handle == RECENT_NONE) {
        return (struct message_position){0};
    }
    const struct entry *entry = entry_at(recent, handle);
    return (struct message_position){
            .occurred_at_ms = entry->occurred_at_ms,
            .topic = entry->topic == NO_TOPIC ? VIEW_NONE
                                              : hashmap_key(recent->topics, entry->topic),
            .partition = entry->partition,
            .offset = entry->offset,
            .message_id = view_of(entry->message_id),
    };
}

uint64_t recent_serial(const struct recent *recent, uint32_t handle)
{
    return handle == RECENT_NONE ? UINT64_MAX : entry_at(recent, handle)->serial;
}
