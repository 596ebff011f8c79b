// What the lists (recent.c) and the pool (recent_pool.c) share of the inside of `struct recent`.
#pragma once

#include "common/assure.h"
#include "common/hashmap.h"
#include "common/pages.h"
#include "state/recent.h"

enum { RECENT_TOPIC_MAX = 4096 };

struct entry {
    uint64_t tag;
    uint64_t serial;
    int64_t log_time_ms;
    uint32_t next[SCOPE_KIND_COUNT]; // in the list of that kind
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

// A ring from the oldest to the newest, whose next is the oldest. All zero is the empty list.
struct list {
    uint32_t newest;
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
    // How many entries have a tag that ends like this; 255 = that many once, or more. Nearly every
    // recipient is new, and so met by no scope, and this says so without a walk along five lists.
    uint8_t *met;
    size_t met_mask;
};

static inline struct entry *entry_at(const struct recent *recent, uint32_t handle)
{
    return pages_at(&recent->entries, handle);
}

static inline struct list *list_at(const struct recent *recent, int32_t scope)
{
    return pages_at(&recent->lists, (uint32_t)scope);
}

static inline bool entry_is_past(const struct recent *recent, const struct entry *entry)
{
    return recent->log_time_ms - entry->log_time_ms >= RECENT_WINDOW_MS;
}

// The latest log time that was passed in counts.
void recent_see_log_time(struct recent *recent, int64_t log_time_ms);
// R3: frees the entry if it is in no list, not pinned and not young.
void recent_settle_entry(struct recent *recent, uint32_t handle);
// Takes the entry behind `before` out of a list: the oldest when that is the newest.
void recent_take_behind(struct recent *recent, struct list *list, uint32_t before);
