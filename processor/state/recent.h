// The misdirected messages that the detect half remembers: of each scope the last 64, none of them
// older than a day of log time. So that one stranger who gets ten messages counts once, so that an
// alert can say how many people it was, which narrower scopes they came through, and where it
// began. One thread.
//
// A message is one *entry* of a pool that all scopes share, in the *list* of each of its scopes
// that counts it. A *handle* is an entry's place in the pool. An entry is *young* until
// recent_settle. A *pin* keeps what a running excursion began with, wherever else it is forgotten.
//
// Invariants (cited by tests):
//   R1  An entry names exactly the scopes whose lists it is in, and for its whole life the vendor
//       that its message came through.
//   R2  A list is in order of serials, holds at most RECENT_MAX, and tells nothing that is
//       RECENT_WINDOW_MS old, by the latest log time that was passed in.
//   R3  An entry lives while it is in a list, pinned or young, and no longer.
//   R4  At most max_entries live. At that ceiling a clock hand goes over the pool and takes, off
//       all lists at once, an entry that is past the window or that only quiet scopes list, and
//       that is neither pinned nor young. If there is none within RECENT_LOOK_MAX, the message is
//       not remembered, and counted.
//   R5  The same calls give the same results.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/archive.h"
#include "common/err.h"
#include "model/incident.h"
#include "model/signal.h"
#include "model/verdict.h"
#include "state/scopes.h"

enum { RECENT_MAX = 64, RECENT_LOOK_MAX = 256, RECENT_ENTRIES_MAX = (1 << 22) - 2 };
#define RECENT_WINDOW_MS (24 * 3600 * 1000LL) // of log time

enum { RECENT_NONE = 0 }; // no entry

struct recent_options {
    uint32_t max_entries; // <= RECENT_ENTRIES_MAX
    // Whether a scope can do without its entries: no alarm, nothing on its way to one. NULL: none
    // can.
    bool (*is_quiet)(void *self, int32_t scope);
    void *self;
};

struct recent_message {
    uint64_t tag;
    uint64_t serial; // rises with every message that the fold applies
    int64_t log_time_ms;
    reason_set reasons;
    signal_set signals;
    int32_t vendor; // whom it came through: the scope's number; SCOPE_NONE, VENDOR_UNKNOWN
    uint32_t vendor_generation;
    struct message_position position;
};

struct recent_entry {
    uint64_t tag;
    uint64_t serial;
    int64_t log_time_ms;
    reason_set reasons;
    signal_set signals;
    int32_t scopes[SCOPE_KIND_COUNT]; // SCOPE_NONE where no list of that kind has it
    int32_t vendor;                   // as it was entered, whatever lists have it
    uint32_t vendor_generation;
};

struct recent;

MUST_CHECK enum err recent_create(struct recent **ret_recent, const struct recent_options *options);
void recent_destroy(struct recent *recent);

// Whether the scope has met that recipient within the window. Costs next to nothing when none has.
bool recent_has(struct recent *recent, int32_t scope, uint64_t tag, int64_t log_time_ms);
// Remembers a message, for the scopes that recent_link names then. Its handle, good while the entry
// lives (R3); RECENT_NONE when there is no room, which the verbs below take and do nothing.
MUST_CHECK enum err recent_enter(
        struct recent *recent, const struct recent_message *message, uint32_t *ret_entry);
// Puts the entry last in a scope's list; the first of 64 makes room.
MUST_CHECK enum err recent_link(
        struct recent *recent, uint32_t entry, int32_t scope, enum scope_kind kind);
// Called between frames: what was entered since the last call is young no more, and the message ids
// of those that are not pinned are dropped.
void recent_settle(struct recent *recent);

// Keeps an entry, once for each call, until as many calls of unpin.
void recent_pin(struct recent *recent, uint32_t entry);
void recent_unpin(struct recent *recent, uint32_t entry);
// Where an entry's message was; views good while it lives. Of RECENT_NONE all is 0 and none.
struct message_position recent_position(const struct recent *recent, uint32_t entry);
// UINT64_MAX of RECENT_NONE: nothing is known to have come since.
uint64_t recent_serial(const struct recent *recent, uint32_t entry);

// The entries of a scope from `serial` on, oldest first, into `ret_entries`; their number.
uint32_t recent_since(const struct recent *recent, int32_t scope, uint64_t serial,
        struct recent_entry ret_entries[RECENT_MAX]);
// Drops a scope's entries that came through the narrower scope `child`: they are explained.
void recent_forget_child(
        struct recent *recent, int32_t scope, int32_t child, enum scope_kind child_kind);
// Drops one entry from all lists, if it is still the message with that serial; any number will do for a
// handle.
void recent_forget(struct recent *recent, uint32_t entry, uint64_t serial);
// Empties a scope's list: its number may be given to another.
void recent_drop_scope(struct recent *recent, int32_t scope);

// Entries that live.
uint32_t recent_count(const struct recent *recent);
// Messages that found no room.
uint64_t recent_overflowed(const struct recent *recent);

// Saves it, or restores it into a new one; what is young is settled before. Pins are not kept: who
// has pinned an entry pins it again, by its handle, and recent_archive_pins then checks that nothing
// lives that nobody wants. `scopes_end`: numbers of scopes are below it.
void recent_archive(struct archive *archive, struct recent *recent, uint32_t scopes_end);
void recent_archive_pin(struct archive *archive, struct recent *recent, uint32_t *entry);
void recent_archive_pins(struct archive *archive, struct recent *recent);
// One above the greatest serial that lives; 0 when nothing does. Goes through all of it.
uint64_t recent_serial_end(const struct recent *recent);
// Whether what the scope has met, if anything, was met as that kind of scope.
bool recent_is_of_kind(const struct recent *recent, int32_t scope, enum scope_kind kind);
