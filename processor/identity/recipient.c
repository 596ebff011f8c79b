#include "identity/recipient.h"

#include "common/assure.h"
#include "identity/cn_mobile.h"
#include "identity/phone.h"

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

static struct recipient normalise_phone(
        struct view text, const char *default_region, struct arena *arena)
{
    const struct recipient invalid = {RECIPIENT_INVALID, text};
    if (text.n == 0 || text.n > PHONE_TEXT_MAX_BYTES) {
        return invalid;
    }
    char e164[PHONE_E164_MAX_BYTES];
    size_t n = CN_MOBILE_E164_BYTES;
    if (!cn_mobile_read(text, default_region, e164)) {
        n = phone_read(text.p, text.n, default_region, e164);
        if (n == 0) {
            return invalid;
        }
    }
    struct view canonical = {e164, n};
    if (view_equal(canonical, text)) {
        return (struct recipient){RECIPIENT_PHONE, text};
    }
    canonical = arena_copy(arena, canonical);
    return view_is_none(canonical) ? invalid : (struct recipient){RECIPIENT_PHONE, canonical};
}

struct recipient recipient_normalise(
        struct view text, enum recipient_kind kind, const char *default_region, struct arena *arena)
{
    ASSURE(kind < RECIPIENT_INVALID);
    return kind == RECIPIENT_PHONE ? normalise_phone(text, default_region, arena)
                                   : (struct recipient){kind, text};
}
