#include "identity/recipient.h"

#include "common/assure.h"
#include "identity/cn_mobile.h"

const char *const recipient_kind_names[RECIPIENT_KIND_COUNT] = {
        "phone", "email", "push", "wechat", "invalid"};

enum recipient_kind recipient_kind_of_channel(struct view channel)
{
    for (enum recipient_kind kind = RECIPIENT_EMAIL; kind <= RECIPIENT_WECHAT; kind++) {
        if (view_is(channel, recipient_kind_names[kind])) {
            return kind;
        }
    }
    return RECIPIENT_PHONE;
}

// The number in E.164, its length; 0 = none, PHONE_UNREAD = no memory. `phones` may be NULL.
static size_t read_phone(struct view text, const char *default_region, struct phone_cache *phones,
        char ret_e164[PHONE_E164_MAX_BYTES])
{
    if (text.n == 0 || text.n > PHONE_TEXT_MAX_BYTES) {
        return 0;
    }
    if (cn_mobile_read(text, default_region, ret_e164)) {
        return CN_MOBILE_E164_BYTES;
    }
    return phones != NULL ? phone_cache_read(phones, text, ret_e164)
                          : phone_read(text.p, text.n, default_region, ret_e164);
}

static struct recipient normalise(struct view text, enum recipient_kind kind,
        const char *default_region, struct phone_cache *phones, struct arena *arena)
{
    ASSURE(kind < RECIPIENT_INVALID);
    if (kind != RECIPIENT_PHONE) {
        return (struct recipient){kind, text};
    }
    char e164[PHONE_E164_MAX_BYTES];
    struct view canonical = {e164, read_phone(text, default_region, phones, e164)};
    if (canonical.n == 0) {
        return (struct recipient){RECIPIENT_INVALID, view_is_none(text) ? VIEW("") : text};
    }
    if (canonical.n == PHONE_UNREAD) {
        return (struct recipient){RECIPIENT_INVALID, VIEW_NONE};
    }
    if (view_equal(canonical, text)) {
        return (struct recipient){RECIPIENT_PHONE, text};
    }
    canonical = arena_copy(arena, canonical);
    return (struct recipient){
            view_is_none(canonical) ? RECIPIENT_INVALID : RECIPIENT_PHONE, canonical};
}

struct recipient recipient_normalise(
        struct view text, enum recipient_kind kind, const char *default_region, struct arena *arena)
{
    return normalise(text, kind, default_region, NULL, arena);
}

struct recipient recipient_normalise_cached(
        struct view text, enum recipient_kind kind, struct phone_cache *phones, struct arena *arena)
{
    return normalise(text, kind, phone_cache_region(phones), phones, arena);
}
