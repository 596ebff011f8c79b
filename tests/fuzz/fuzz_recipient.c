// Any bytes, as a phone number of an event or a loader line. What must hold: the canonical form is
// E.164 and stays the same when it is read again, whatever the default region, or a message and its
// loan would miss each other; the fast path and the cache read what libphonenumber reads.
//
// First byte: the default region.
#include "identity/recipient.h"

#include "common/assure.h"
#include "identity/cn_mobile.h"
#include "identity/phone.h"
#include "identity/phone_cache.h"
#include "input.h"

enum { ARENA_BYTES = 1 << 20, DIGITS_MIN = 4, DIGITS_MAX = 17 };

static const char *const regions[] = {"CN", "US", "BR", "ZZ"};
enum { REGIONS = sizeof regions / sizeof *regions };

static struct arena *arena;
static struct phone_cache *caches[REGIONS];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    arena = arena_create(ARENA_BYTES);
    ASSURE(arena != NULL);
    for (unsigned i = 0; i < REGIONS; i++) {
        ASSURE(phone_cache_create(&caches[i], regions[i]) == ERR_NONE);
    }
    return 0;
}

static void check_canonical(struct view canonical)
{
    ASSURE(canonical.n > DIGITS_MIN && canonical.n <= DIGITS_MAX + 1 && canonical.p[0] == '+');
    for (size_t i = 1; i < canonical.n; i++) {
        ASSURE(canonical.p[i] >= '0' && canonical.p[i] <= '9');
    }
    for (unsigned i = 0; i < REGIONS; i++) {
        struct recipient again = recipient_normalise(canonical, RECIPIENT_PHONE, regions[i], arena);
        ASSURE(again.kind == RECIPIENT_PHONE && view_equal(again.canonical, canonical));
    }
}

static void check_fast_path(struct view text, const char *region)
{
    char fast[CN_MOBILE_E164_BYTES];
    char slow[PHONE_E164_MAX_BYTES];
    if (text.n > 0 && text.n <= PHONE_TEXT_MAX_BYTES && cn_mobile_read(text, region, fast)) {
        size_t n = phone_read(text.p, text.n, region, slow);
        ASSURE(view_equal(view_bytes(slow, n), view_bytes(fast, sizeof fast)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena_reset(arena);
    struct view rest = view_bytes(size > 0 ? (const char *)data : "", size);
    unsigned region = fuzz_take_byte(&rest) % REGIONS;
    struct view text = fuzz_copy(rest);
    struct recipient read = recipient_normalise(text, RECIPIENT_PHONE, regions[region], arena);
    if (read.kind == RECIPIENT_PHONE) {
        check_canonical(read.canonical);
    } else {
        ASSURE(read.kind == RECIPIENT_INVALID && view_equal(read.canonical, text));
    }
    check_fast_path(text, regions[region]);
    for (int twice = 0; twice < 2; twice++) {
        struct recipient cached =
                recipient_normalise_cached(text, RECIPIENT_PHONE, caches[region], arena);
        ASSURE(cached.kind == read.kind && view_equal(cached.canonical, read.canonical));
    }
    fuzz_free(text);
    return 0;
}
