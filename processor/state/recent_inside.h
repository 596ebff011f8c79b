// What the lists (recent.c) and the pool (recent_pool.c) share of the inside of `struct recent`.
#pragma once

#include "common/assure.h"
#include "common/hashmap.h"
#include "common/pages.h"
#include "common/strbuf.h"
#include "state/recent.h"
#include "state/texts.h"

enum {
    RECENT_PLACE_MAX = 4096,
    TIME_BITS = 43,
    NO_PLACE = (1 << 13) - 1,
    ID_BYTES_MAX = 1023,
    PINS_MAX = 31,
};

// Masks a time that is bounded already, so that a compiler sees that it fits.
#define TIME_MASK ((UINT64_C(1) << TIME_BITS) - 1)

// 96 bytes, and the message id's while it is kept. There may be half a million.
struct entry {
    uint64_t tag;
    uint64_t serial : 48;
    uint64_t signals : 8;
    uint64_t links : 3;
    uint64_t is_young : 1;
    uint64_t log_time_ms : TIME_BITS; // up to the year 2248
    uint64_t reasons : 11;
    uint64_t id_bytes : 10;
    uint64_t occurred_at_ms : TIME_BITS;
    uint64_t place : 13; // topic and partition: their number in places
    uint64_t pins : 5;   // a node of a scope's bank has one at most
    int64_t offset;
    uint32_t next[SCOPE_KIND_COUNT]; // in the list of that kind
    int32_t scopes[SCOPE_KIND_COUNT];
    int32_t vendor; // R1
    uint32_t vendor_generation;
    uint32_t message_id; // TEXT_NONE = unknown
    uint32_t same;       // the next whose tag ends alike; while free: the next free one
};
_Static_assert(sizeof(struct entry) <= 96, "one for each few scopes");
_Static_assert(REASON_COUNT <= 11 && SIGNAL_COUNT <= 8, "an entry has a bit for each");

// A ring from the oldest to the newest, whose next is the oldest. All zero is the empty list.
struct list {
    uint32_t newest : 22;
    uint32_t count : 7;
    uint32_t kind : 3;
};
_Static_assert(RECENT_MAX < 1 << 7 && RECENT_ENTRIES_MAX < 1 << 22, "they fit into a list");

struct recent {
    struct recent_options options;
    struct pages lists;   // by scope
    struct pages entries; // by handle; the row of RECENT_NONE is nobody's
    uint32_t end;         // handles below have been given out
    uint32_t first_free;
    uint32_t count;
    uint32_t hand;
    uint64_t overflowed;
    int64_t log_time_ms;
    struct hashmap *places; // partition and topic
    struct strbuf place;    // in the making
    struct texts texts;     // message ids
    uint32_t *young;
    uint32_t young_count;
    uint32_t young_capacity;
    // The entries that live, by the ends of their tags. Nearly every recipient is new, and so met by
    // no scope, and this says so without a walk along five lists.
    uint32_t *by_tag;
    size_t by_tag_mask;
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
    return recent->log_time_ms - (int64_t)entry->log_time_ms >= RECENT_WINDOW_MS;
}

static inline uint32_t *by_tag_at(const struct recent *recent, uint64_t tag)
{
    return &recent->by_tag[tag & recent->by_tag_mask];
}

// The latest log time that was passed in counts.
void recent_see_log_time(struct recent *recent, int64_t log_time_ms);
// R3: frees the entry if it is in no list, not pinned and not young.
void recent_settle_entry(struct recent *recent, uint32_t handle);
// Takes an entry out of all lists.
void recent_leave_lists(struct recent *recent, uint32_t handle);
// Takes the entry behind `before` out of a list: the oldest when that is the newest.
void recent_take_behind(struct recent *recent, struct list *list, uint32_t before);
// Keeps a message id; TEXT_NONE for one that is none, or too long to be kept.
MUST_CHECK enum err recent_keep_id(struct recent *recent, struct view id, uint32_t *ret_text);
