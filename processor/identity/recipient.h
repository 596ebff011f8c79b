// Who a message goes to, in the one form that loader and processor share: a phone number in E.164,
// or an opaque address in the namespace of its kind. A mismatch between the two would be a false
// alert, so both call this.
#pragma once

#include "common/arena.h"
#include "common/view.h"
#include "identity/phone_cache.h"

enum recipient_kind {
    RECIPIENT_PHONE,
    RECIPIENT_EMAIL,
    RECIPIENT_PUSH,
    RECIPIENT_WECHAT,
    RECIPIENT_INVALID, // meant as a phone number, but no possible one
    RECIPIENT_KIND_COUNT,
};

// "phone", "email", "push", "wechat", "invalid"
extern const char *const recipient_kind_names[RECIPIENT_KIND_COUNT];

struct recipient {
    enum recipient_kind kind;
    struct view canonical; // E.164 for phones, else the bytes as they came
};

// Nothing may be said of a recipient that could not be read for want of room.
static inline bool recipient_is_unread(const struct recipient *recipient)
{
    return recipient->kind == RECIPIENT_INVALID && view_is_none(recipient->canonical);
}

// The kind of address that a channel uses: email, push and wechat have the kind of their name, all
// others and none are phone.
enum recipient_kind recipient_kind_of_channel(struct view channel);

// `text` as it came, meant as `kind` (not RECIPIENT_INVALID). `default_region` is a CLDR code such
// as "CN". The result borrows from `text` or from `arena`. What is no possible phone number is
// RECIPIENT_INVALID with the bytes as they came; where there was no room to find out, with a view of
// NULL (recipient_is_unread). Any thread.
struct recipient recipient_normalise(struct view text, enum recipient_kind kind,
        const char *default_region, struct arena *arena);
// The same with the region of `phones` and by its memory. Its thread.
struct recipient recipient_normalise_cached(struct view text, enum recipient_kind kind,
        struct phone_cache *phones, struct arena *arena);
