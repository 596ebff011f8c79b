#include "state/recent.h"

#include <stdlib.h>
#include <string.h>

#include "common/assure.h"
#include "common/hashmap.h"
#include "common/pages.h"

enum { TOPIC_MAX = 4096, NO_TOPIC = UINT16_MAX };

struct entry {
    uint64_t tag;
    uint64_t serial;
    int64_t log_time_ms;
    uint32_t next[SCOPE_KIND_COUNT]; // in the list of that kind: the one before it
    int32_t scopes[SCOPE_KIND_COUNT];
    int64_t occurred_at_ms;
    int64_t offset;
    char *message_id; // NULL = unknown
    int32_t partition;
    uint32_t chain; // while young: the young one before it; while free: the next free one
    uint16_t topic;
    uint16_t reasons;
    signal_set signals;
    uint8_t links;
    uint8_t pins;
    bool is_young;
};

_Static_assert(REASON_COUNT <= 16, "reasons fit into an entry");

// Newest first. All zero is the empty list.
struct list {
    uint32_t head;
    uint8_t count;
    uint8_t kind;
};

struct recent {
    struct recent_options options;
    struct pages lists;   // by scope
    struct pages entries; // by handle; the row of RECENT_NONE is nobody's
    uint32_t end;         // handles below have been given out
    uint32_t first_free;
    uint32_t first_young;
    uint32_t count;
    uint32_t hand;
    uint64_t overflowed;
    int64_t log_time_ms;
    struct hashmap *topics;
};

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
    recent->topics = hashmap_create(TOPIC_MAX);
    if (recent->topics == NULL) {
        free(recent);
        return ERR_NO_MEMORY;
    }
    *ret_recent = recent;
    return ERR_NONE;
}

static struct entry *entry_at(const struct recent *recent, uint32_t handle)
{
    return pages_at(&recent->entries, handle);
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

static struct list *list_at(const struct recent *recent, int32_t scope)
{
    return pages_at(&recent->lists, (uint32_t)scope);
}

// Whether there is a list for the scope, were it an empty one.
static bool has_list(const struct recent *recent, int32_t scope)
{
    ASSURE(scope >= 0);
    return (uint32_t)scope < pages_rows(&recent->lists);
}

static bool is_past(const struct recent *recent, const struct entry *entry)
{
    return recent->log_time_ms - entry->log_time_ms >= RECENT_WINDOW_MS;
}

static void see_log_time(struct recent *recent, int64_t log_time_ms)
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

// R3
static void entry_settle(struct recent *recent, uint32_t handle)
{
    struct entry *entry = entry_at(recent, handle);
    if (entry->is_young || entry->pins > 0) {
        return;
    }
    entry_forget_id(entry);
    if (entry->links == 0) {
        entry->chain = recent->first_free;
        recent->first_free = handle;
        recent->count--;
    }
}

// Takes the entry at `at`, which is a head or a next, out of a list.
static void list_take(struct recent *recent, struct list *list, uint32_t *at)
{
    uint32_t handle = *at;
    struct entry *entry = entry_at(recent, handle);
    *at = entry->next[list->kind];
    list->count--;
    entry->next[list->kind] = RECENT_NONE;
    entry->scopes[list->kind] = SCOPE_NONE; // R1
    entry->links--;
    entry_settle(recent, handle);
}

// Takes all from `at` on.
static void list_cut(struct recent *recent, struct list *list, uint32_t *at)
{
    while (*at != RECENT_NONE) {
        list_take(recent, list, at);
    }
}

bool recent_has(struct recent *recent, int32_t scope, uint64_t tag, int64_t log_time_ms)
{
    see_log_time(recent, log_time_ms);
    if (!has_list(recent, scope)) {
        return false;
    }
    struct list *list = list_at(recent, scope);
    uint32_t *at = &list->head;
    while (*at != RECENT_NONE) {
        struct entry *entry = entry_at(recent, *at);
        if (is_past(recent, entry)) {
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

// --- the pool --------------------------------------------------------------------------------------

// Whether only quiet scopes list it, or only out of habit (R4).
static bool entry_is_spare(const struct recent *recent, const struct entry *entry)
{
    if (entry->is_young || entry->pins > 0) {
        return false;
    }
    if (is_past(recent, entry)) {
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
        uint32_t *at = &list->head;
        while (*at != handle) {
            at = &entry_at(recent, *at)->next[kind];
        }
        list_take(recent, list, at);
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
    see_log_time(recent, message->log_time_ms);
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
    recent->first_young = handle;
    recent->count++;
    *ret_entry = handle;
    return ERR_NONE;
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
        list_take(recent, list, last);
    }
    entry->next[kind] = list->head;
    entry->scopes[kind] = scope;
    entry->links++;
    *list = (struct list){handle, (uint8_t)(list->count + 1), (uint8_t)kind};
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
        entry_settle(recent, handle);
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
        entry_settle(recent, handle);
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

// --- lists -----------------------------------------------------------------------------------------

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
        if (entry->serial < serial || is_past(recent, entry)) {
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
            list_take(recent, list, at);
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
