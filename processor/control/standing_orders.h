// What people have commanded that stands until it ends: modes of scopes, holds and releases of single
// messages and recipients. Both halves keep one: decide of its tenants, as a part of its state; a judge of
// all, by what the control-state topic says. Pure; one thread.
//
//   N1  One order a key (what it is about); a later one takes its place.
//   N2  An order is in force below `until_ms`. One that is over does nothing, and stays until it is removed.
//   N3  No more than the ceiling stand at a time. The same calls leave the same table.
#pragma once

#include "common/archive.h"
#include "common/err.h"
#include "model/control.h"

enum {
    STANDING_MAX = 4096,         // of a tally partition
    STANDING_JUDGED_MAX = 65536, // of all tenants, in a judge
    STANDING_TEXT_MAX = 4096,    // of each text
};

// What an order is about: a scope (mode), a message or a recipient (its pseudonym).
struct standing_key {
    enum control_object object;
    enum scope_kind kind; // of a scope, else 0
    struct view tenant_id;
    struct view id;
    struct view channel; // of a scope: only its messages of that channel; none = of all
};

struct standing_order {
    struct standing_key key;
    enum control_action action; // hold, release or mode
    enum mode mode;             // of action mode
    int64_t until_ms;
    int64_t sequence;
    struct view control_id;
    struct view operator_id;
};

struct standing_orders;

MUST_CHECK enum err standing_create(struct standing_orders **ret_standing, uint32_t ceiling_count);
void standing_destroy(struct standing_orders *standing);

// What a command would stand under.
struct standing_key standing_key_of(const struct control *control);
// Takes a copy. ERR_CEILING when there are too many, ERR_NO_MEMORY: then all is as it was.
MUST_CHECK enum err standing_put(
        struct standing_orders *standing, const struct standing_order *order);
// What somebody else has told of an order, in whatever order and as often as it comes: put, unless what
// stands under the key has its sequence or a greater one. An order of the past (`until_ms`
// 0) is remembered as over, so that an older record does not bring it back. When there are too many, those
// that are over by `now_ms` go first; ERR_CEILING when that is not enough.
MUST_CHECK enum err standing_learn(
        struct standing_orders *standing, const struct standing_order *order, int64_t now_ms);
// Whatever stands under the key, over or not; NULL for none. Good until the next put or remove.
const struct standing_order *standing_find(
        const struct standing_orders *standing, const struct standing_key *key);
// It is one of the table's.
void standing_remove(struct standing_orders *standing, const struct standing_order *order);
// One that is over by `now_ms`; NULL for none.
const struct standing_order *standing_over(struct standing_orders *standing, int64_t now_ms);

uint32_t standing_count(const struct standing_orders *standing);
// All that stand, over or not, one after the other from *at 0 on; NULL behind the last.
const struct standing_order *standing_after(const struct standing_orders *standing, uint32_t *at);
bool standing_is_empty(const struct standing_orders *standing);
// Whether orders about recipients stand: who asks needs no pseudonym else.
bool standing_has_recipients(const struct standing_orders *standing);
// Whether a mode of one channel of a tenant's scopes is in force: who does not know the channel of what he asks
// about does not know its mode then. Looks at all that stands.
bool standing_has_channel_mode(
        const struct standing_orders *standing, struct view tenant_id, int64_t now_ms);

// Whom something is of; ids of kinds that are not known, or of several, are none.
struct standing_subject {
    struct view tenant_id;
    struct view ids[SCOPE_KIND_COUNT];
    struct view channel;
};
// The mode in force of the subject, by the narrowest scope: campaign, template, sender, vendor, tenant; of
// one kind that of the channel before that of all. NULL where nobody has set one.
const struct standing_order *standing_mode(const struct standing_orders *standing,
        const struct standing_subject *subject, int64_t now_ms);
// What is in force of one message: its own order, else its recipient's. NULL for none.
const struct standing_order *standing_of_message(const struct standing_orders *standing,
        struct view tenant_id, struct view message_id, struct view pseudonym, int64_t now_ms);

// Saves it, or restores it into a new one.
void standing_archive(struct archive *archive, struct standing_orders *standing);
