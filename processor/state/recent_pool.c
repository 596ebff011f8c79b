#include <string.h>

#include "common/room.h"
#include "state/recent_inside.h"

void recent_see_log_time(struct recent *recent, int64_t log_time_ms)
{
    if (log_time_ms > recent->log_time_ms) {
        recent->log_time_ms = log_time_ms;
    }
}

static void entry_forget_id(struct recent *recent, struct entry *entry)
{
    texts_give(&recent->texts, entry->message_id);
    entry->message_id = TEXT_NONE;
}

static void entry_leave_tags(struct recent *recent, uint32_t handle)
{
    const struct entry *entry = entry_at(recent, handle);
    uint32_t *at = by_tag_at(recent, entry->tag);
    while (*at != handle) {
        at = &entry_at(recent, *at)->same;
    }
    *at = entry->same;
}

void recent_settle_entry(struct recent *recent, uint32_t handle)
{
    struct entry *entry = entry_at(recent, handle);
    if (entry->is_young || entry->pins > 0) {
        return;
    }
    entry_forget_id(recent, entry);
    if (entry->links == 0) {
        entry_leave_tags(recent, handle);
        entry->same = recent->first_free;
        recent->first_free = handle;
        recent->count--;
    }
}

// Whether only scopes list it that can do without, or only out of habit (R4).
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

void recent_leave_lists(struct recent *recent, uint32_t handle)
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
            recent_leave_lists(recent, handle);
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
        recent->first_free = entry_at(recent, handle)->same;
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

// The number of a topic and partition; NO_PLACE when there are too many.
static enum err recent_place(
        struct recent *recent, const struct message_position *position, uint32_t *ret_place)
{
    strbuf_reset(&recent->place);
    strbuf_add_be(&recent->place, (uint32_t)position->partition, 4);
    strbuf_add_view(&recent->place, position->topic);
    if (recent->place.failed != ERR_NONE) {
        return recent->place.failed;
    }
    uint32_t found = hashmap_find(recent->places, strbuf_view(&recent->place));
    if (found == HASHMAP_ABSENT) {
        found = hashmap_count(recent->places);
        enum err e = hashmap_put(recent->places, strbuf_view(&recent->place), found);
        if (e == ERR_CEILING) {
            found = NO_PLACE;
        } else if (e != ERR_NONE) {
            return e;
        }
    }
    *ret_place = found;
    return ERR_NONE;
}

static enum err recent_make_room_for_young(struct recent *recent)
{
    uint32_t *young = room_for_row(
            recent->young, recent->young_count, &recent->young_capacity, 64, sizeof *young);
    if (young == NULL) {
        return ERR_NO_MEMORY;
    }
    recent->young = young;
    return ERR_NONE;
}

enum err recent_keep_id(struct recent *recent, struct view id, uint32_t *ret_text)
{
    *ret_text = TEXT_NONE;
    if (view_is_none(id) || id.n > ID_BYTES_MAX) {
        return ERR_NONE;
    }
    enum err e = texts_take(&recent->texts, id.n, ret_text);
    if (e == ERR_NONE && id.n > 0) {
        memcpy(texts_at(&recent->texts, *ret_text), id.p, id.n);
    }
    return e;
}

static uint64_t time_bounded(int64_t time_ms)
{
    const int64_t most = (int64_t)TIME_MASK;
    return (uint64_t)(time_ms < 0 ? 0 : time_ms > most ? most : time_ms);
}

static void entry_fill(struct entry *entry, const struct recent_message *message, uint32_t place)
{
    const struct message_position *position = &message->position;
    *entry = (struct entry){
            .tag = message->tag,
            .serial = message->serial & ((UINT64_C(1) << 48) - 1),
            .place = place & NO_PLACE,
            .log_time_ms = time_bounded(message->log_time_ms) & TIME_MASK,
            .reasons = message->reasons & 0x7ff,
            .signals = message->signals,
            .is_young = 1,
            .occurred_at_ms = time_bounded(position->occurred_at_ms) & TIME_MASK,
            .offset = position->offset,
            .scopes = {SCOPE_NONE, SCOPE_NONE, SCOPE_NONE, SCOPE_NONE, SCOPE_NONE},
            .vendor = message->vendor,
            .vendor_generation = message->vendor_generation,
    };
}

enum err recent_enter(
        struct recent *recent, const struct recent_message *message, uint32_t *ret_entry)
{
    recent_see_log_time(recent, message->log_time_ms);
    uint32_t place = NO_PLACE;
    enum err e = recent_place(recent, &message->position, &place);
    if (e == ERR_NONE) {
        e = recent_make_room_for_young(recent);
    }
    uint32_t id = TEXT_NONE;
    if (e == ERR_NONE) {
        e = recent_keep_id(recent, message->position.message_id, &id);
    }
    uint32_t handle = RECENT_NONE;
    if (e == ERR_NONE) {
        e = recent_take_place(recent, &handle);
    }
    if (e != ERR_NONE || handle == RECENT_NONE) {
        texts_give(&recent->texts, id);
        *ret_entry = RECENT_NONE;
        return e;
    }
    struct entry *entry = entry_at(recent, handle);
    entry_fill(entry, message, place);
    entry->message_id = id;
    entry->id_bytes = id != TEXT_NONE ? message->position.message_id.n & ID_BYTES_MAX : 0;
    uint32_t *first = by_tag_at(recent, entry->tag);
    entry->same = *first;
    *first = handle;
    recent->young[recent->young_count++] = handle;
    recent->count++;
    *ret_entry = handle;
    return ERR_NONE;
}

void recent_settle(struct recent *recent)
{
    while (recent->young_count > 0) { // the last that came is the first to be free
        uint32_t handle = recent->young[--recent->young_count];
        entry_at(recent, handle)->is_young = 0;
        recent_settle_entry(recent, handle);
    }
}

// --- change points ---------------------------------------------------------------------------------

void recent_pin(struct recent *recent, uint32_t handle)
{
    if (handle != RECENT_NONE) {
        struct entry *entry = entry_at(recent, handle);
        ASSURE(entry->links > 0 || entry->pins > 0 || entry->is_young);
        ASSURE(entry->pins < PINS_MAX);
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

static int32_t place_partition(struct view place)
{
    uint32_t partition = 0;
    for (unsigned i = 0; i < 4; i++) {
        partition = partition << 8 | (uint8_t)place.p[i];
    }
    return (int32_t)partition;
}

struct message_position recent_position(const struct recent *recent, uint32_t handle)
{
    if (handle == RECENT_NONE) {
        return (struct message_position){0};
    }
    const struct entry *entry = entry_at(recent, handle);
    struct message_position position = {
            .occurred_at_ms = (int64_t)entry->occurred_at_ms,
            .topic = VIEW_NONE,
            .offset = entry->offset,
            .message_id = VIEW_NONE,
    };
    if (entry->place != NO_PLACE) {
        const struct view place = hashmap_key(recent->places, entry->place);
        position.partition = place_partition(place);
        position.topic = view_bytes(place.p + 4, place.n - 4);
    }
    if (entry->message_id != TEXT_NONE) {
        position.message_id =
                view_bytes(texts_at(&recent->texts, entry->message_id), entry->id_bytes);
    }
    return position;
}

uint64_t recent_serial(const struct recent *recent, uint32_t handle)
{
    return handle == RECENT_NONE ? UINT64_MAX : entry_at(recent, handle)->serial;
}
