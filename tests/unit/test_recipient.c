// Recipients: what is read as which number, and that the fast path in C and libphonenumber are one
// rule.
#include "identity/recipient.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "identity/cn_mobile.h"
#include "identity/phone.h"
#include "tests/support/unit.h"

enum { ARENA_BYTES = 1 << 20, GENERATED_COUNT = 60000 };

static void check(const char *region, struct view text, const char *expected)
{
    struct arena *arena = arena_create(ARENA_BYTES);
    struct recipient got = recipient_normalise(text, RECIPIENT_PHONE, region, arena);
    struct view canonical = expected != NULL ? view_of(expected) : text;
    bool same = got.kind == (expected != NULL ? RECIPIENT_PHONE : RECIPIENT_INVALID) &&
                view_equal(got.canonical, canonical);
    CU_ASSERT_TRUE(same);
    if (!same) {
        fprintf(stderr, "%s '%.*s'\n  got:      %s %.*s\n  expected: %s\n", region, VIEW_ARGS(text),
                recipient_kind_names[got.kind], VIEW_ARGS(got.canonical),
                expected != NULL ? expected : "invalid");
    }
    arena_destroy(arena);
}

static void reads_spellings_of_phone_numbers(void)
{
    static const struct {
        const char *region;
        const char *text;
        const char *expected; // NULL = invalid
    } cases[] = {
            {"CN", "+8613812345678", "+8613812345678"},
            {"CN", "13812345678", "+8613812345678"},
            {"CN", "8613812345678", "+8613812345678"},
            {"CN", "008613812345678", "+8613812345678"},
            {"CN", "013812345678", "+8613812345678"},
            {"CN", "+86 138-1234-5678", "+8613812345678"},
            {"CN", "(+86) 138.1234.5678", "+8613812345678"},
            {"CN", "86-138 1234 5678", "+8613812345678"},
            {"CN", "１３８１２３４５６７８", "+8613812345678"},
            {"CN", "＋８６ １３８ １２３４ ５６７８", "+8613812345678"},
            {"CN", "tel:+86-138-1234-5678", "+8613812345678"},
            {"CN", "tel:138-1234-5678;phone-context=+86", "+8613812345678"},
            {"CN", "+86 138 1234 5678 ext 9", "+8613812345678"},
            {"CN", "010-12345678", "+861012345678"},
            {"CN", "4008001234", "+864008001234"},
            {"CN", "+1 650-253-0000", "+16502530000"},
            {"CN", "+852 9123 4567", "+85291234567"},
            {"CN", "+390236618300", "+390236618300"},
            {"CN", "+52 55 1234 5678", "+525512345678"},
            // Prefixes that no metadata knows yet are numbers, and lines that are no mobiles are
            // not.
            {"CN", "14012345678", "+8614012345678"},
            {"CN", "+86 154 1234 5678", "+8615412345678"},
            {"CN", "+8612812345678", NULL},
            // 179xx dials a carrier, 179xx00 a call abroad through it.
            {"CN", "17912345678", "+8617912345678"},
            {"CN", "17951001234", NULL},
            {"CN", "+8617951001234", "+8617951001234"},
            // Only a default region of CN makes these Chinese.
            {"US", "+86 138 1234 5678", "+8613812345678"},
            {"US", "13812345678", NULL},
            {"US", "8613812345678", NULL},
            {"US", "008613812345678", NULL},
            {"US", "011 86 138 1234 5678", "+8613812345678"},
            {"US", "6502530000", "+16502530000"},
            {"DE", "008613812345678", "+8613812345678"},
            {"ZZ", "+8613812345678", "+8613812345678"},
            {"ZZ", "13812345678", NULL},
            {"cn", "13812345678", NULL},
            {"", "13812345678", NULL},
            // No people.
            {"CN", "95588", NULL},
            {"CN", "10086", NULL},
            {"CN", "12345", NULL},
            {"CN", "106901234567", NULL},
            {"CN", "10690123456789", NULL},
            {"CN", "10690123456", NULL},
            {"CN", "85291234567", NULL},
            {"CN", "1381234567", NULL},
            {"CN", "138123456789", NULL},
            {"CN", "+86138123456789", NULL},
            {"CN", "13812345678 13912345678", NULL},
            {"CN", "13812345678,13912345678", NULL},
            {"CN", "zhang@example.com", NULL},
            {"CN", "张三", NULL},
            {"CN", "+", NULL},
            {"CN", "+86", NULL},
            {"CN", "   ", NULL},
            {"CN", "", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check(cases[i].region, view_of(cases[i].text), cases[i].expected);
    }
    check("CN", VIEW_NONE, NULL);
    // Each reading takes one of Mexico's prefixes 1 away: the form that stays is meant. Metadata as
    // new as Debian 13's know no such prefix.
    const struct view one = VIEW("+52 1 55 1234 5678");
    char e164[PHONE_E164_MAX_BYTES];
    const char *expected = phone_read(one.p, one.n, "CN", e164) > 0 ? "+525512345678" : NULL;
    check("CN", one, expected);
    check("CN", VIEW("+52 11 55 1234 5678"), expected);
}

static void takes_every_chinese_mobile_prefix(void)
{
    for (unsigned prefix = 1300; prefix < 2000; prefix++) {
        char text[32];
        char expected[32];
        snprintf(text, sizeof text, "+86 %u 123 4567", prefix);
        snprintf(expected, sizeof expected, "+86%u1234567", prefix);
        check("CN", view_of(text), expected);
        snprintf(text, sizeof text, "tel:+86-%u-123-4567", prefix);
        check("CN", view_of(text), expected);
    }
}

// --- one rule --------------------------------------------------------------------------------

// What the fast path reads, the slow path must read alike. Returns whether the fast path read it.
static bool agree(struct view text, const char *region)
{
    char fast[CN_MOBILE_E164_BYTES];
    if (!cn_mobile_read(text, region, fast)) {
        return false;
    }
    char slow[PHONE_E164_MAX_BYTES];
    size_t n = phone_read(text.p, text.n, region, slow);
    bool same = view_equal((struct view){fast, sizeof fast}, (struct view){slow, n});
    CU_ASSERT_TRUE(same);
    if (!same) {
        fprintf(stderr, "%s '%.*s'\n  fast: %.*s\n  slow: %.*s\n", region, VIEW_ARGS(text),
                (int)sizeof fast, fast, (int)n, slow);
    }
    return true;
}

static uint32_t draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(((*seed >> 33) * below) >> 31);
}

static const char *draw_from(uint64_t *seed, const char *const *words, size_t count)
{
    return words[draw(seed, (uint32_t)count)];
}

// The same with digits and plus of full width, which are three bytes each.
static struct view widen(struct view text, char *room)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if ((c >= '0' && c <= '9') || c == '+') {
            room[n++] = '\xef';
            room[n++] = '\xbc';
            room[n++] = (char)(c + 0x60);
        } else {
            room[n++] = c;
        }
    }
    return (struct view){room, n};
}

// Every start of a number, ahead of tails that could be read as an IDD's end.
static void paths_agree_on_every_prefix(void)
{
    static const char *const fronts[] = {"", "86", "0086", "+86", "0"};
    uint64_t seed = 1;
    unsigned fast = 0;
    unsigned all = 0;
    for (unsigned start = 13000; start < 20000; start++) {
        for (size_t front = 0; front < sizeof fronts / sizeof fronts[0]; front++) {
            char text[32];
            unsigned tail = draw(&seed, 2) == 0 ? draw(&seed, 10000) : draw(&seed, 1000000);
            snprintf(text, sizeof text, "%s%u%06u", fronts[front], start, tail);
            fast += agree(view_of(text), "CN");
            char wide[sizeof text * 3];
            fast += agree(widen(view_of(text), wide), "CN");
            all += 2;
        }
    }
    CU_ASSERT_EQUAL(all - fast, 200); // 179xx without a front is left to libphonenumber
}

// Mostly a good spelling, often a near-miss.
static struct view draw_spelling(uint64_t *seed, char *room)
{
    static const char *const good_fronts[] = {"", "+86", "86", "0086"};
    static const char *const odd_fronts[] = {"0", "+", "00", "0044", "0087", "44", "87", "+44",
            "+87", "+860", "860", "+0086", "00086", "+8686", "8600", "++86", "＋86", "+1", "1",
            "17951", "1795100", "1795186", "12593", "+886", "tel:", "tel:+86", "011", "01186"};
    static const char *const separators[] = {" ", "-", ".", "(", ")", "  ", "--", ") (", ".-"};
    static const char *const oddities[] = {"/", "x", "#", ",", ";", "*", "+", "\t", "\n", "ext",
            "０", "８", "a", "\xe2\x80\x8f", "\xc2\xa0", "\xff", "'", "\"", "~", ":", "="};
    size_t n = 0;
    char digits[64];
    size_t count = draw(seed, 8) == 0 ? draw(seed, 14) : 11;
    const char *front =
            draw(seed, 3) > 0
                    ? draw_from(seed, good_fronts, sizeof good_fronts / sizeof good_fronts[0])
                    : draw_from(seed, odd_fronts, sizeof odd_fronts / sizeof odd_fronts[0]);
    size_t at = (size_t)snprintf(digits, sizeof digits, "%s", front);
    for (size_t i = 0; i < count; i++) {
        uint32_t digit = i == 0 && draw(seed, 20) != 0   ? 1
                         : i == 1 && draw(seed, 10) != 0 ? 3 + draw(seed, 7)
                         : draw(seed, 4) == 0            ? 0
                                                         : draw(seed, 10);
        digits[at++] = (char)('0' + digit);
    }
    uint32_t separated = draw(seed, 3); // none, few, many
    bool odd = draw(seed, 5) == 0;
    for (size_t i = 0; i <= at; i++) {
        if (separated > 0 && draw(seed, separated == 1 ? 6 : 2) == 0) {
            const char *separator =
                    draw_from(seed, separators, sizeof separators / sizeof separators[0]);
            n += (size_t)snprintf(room + n, 8, "%s", separator);
        }
        if (odd && draw(seed, 10) == 0) {
            const char *oddity = draw_from(seed, oddities, sizeof oddities / sizeof oddities[0]);
            n += (size_t)snprintf(room + n, 8, "%s", oddity);
        }
        if (i < at) {
            room[n++] = digits[i];
        }
    }
    return (struct view){room, n};
}

static void paths_agree_on_generated_spellings(void)
{
    static const char *const regions[] = {"CN", "CN", "CN", "CN", "US", "DE", "HK", "JP", "TW",
            "MN", "IT", "ZZ", "", "cn", "CNX"};
    uint64_t seed = 20221122;
    unsigned fast = 0;
    for (unsigned i = 0; i < GENERATED_COUNT; i++) {
        char room[512];
        char wide[3 * sizeof room];
        struct view text = draw_spelling(&seed, room);
        text = draw(&seed, 4) == 0 ? widen(text, wide) : text;
        const char *region = draw_from(&seed, regions, sizeof regions / sizeof regions[0]);
        fast += agree(text, region);
    }
    // Else the comparison would be an empty one.
    CU_ASSERT_TRUE(fast > GENERATED_COUNT / 10);
}

static void fast_path_leaves_what_depends_on_the_region(void)
{
    char e164[CN_MOBILE_E164_BYTES];
    CU_ASSERT_TRUE(cn_mobile_read(VIEW("+86 138 1234 5678"), "US", e164));
    CU_ASSERT_TRUE(cn_mobile_read(VIEW("0086 138 1234 5678"), "CN", e164));
    CU_ASSERT_TRUE(cn_mobile_read(VIEW("＋８６ １３８ １２３４ ５６７８"), "US", e164));
    CU_ASSERT_TRUE(cn_mobile_read(VIEW("0138 1234 5678"), "CN", e164));
    CU_ASSERT_FALSE(cn_mobile_read(VIEW("0138 1234 5678"), "US", e164));
    CU_ASSERT_FALSE(cn_mobile_read(VIEW("１３８１２３４５６７８"), "US", e164));
    CU_ASSERT_FALSE(cn_mobile_read(VIEW("0086 138 1234 5678"), "DE", e164));
    CU_ASSERT_FALSE(cn_mobile_read(VIEW("86 138 1234 5678"), "US", e164));
    CU_ASSERT_FALSE(cn_mobile_read(VIEW("138 1234 5678"), "US", e164));
    CU_ASSERT_FALSE(cn_mobile_read(VIEW("138 1234 5678"), "cn", e164));
    CU_ASSERT_FALSE(cn_mobile_read(VIEW("138+12345678"), "CN", e164));
    CU_ASSERT_FALSE(cn_mobile_read(VIEW("+0086 138 1234 5678"), "CN", e164));
}

// --- hostile input ---------------------------------------------------------------------------

static void survives_hostile_bytes(void)
{
    check("CN", VIEW("138\00012345678"), NULL);
    check("CN", VIEW("\0\0\0\0\0\0\0\0\0\0\0"), NULL);
    check("CN",
            VIEW("138\xff"
                 "12345678"),
            NULL);
    check("CN",
            VIEW("138\xc0\xaf"
                 "12345678"),
            NULL);
    check("CN", VIEW("13812345678\xe2"), NULL);
    check("CN",
            VIEW("\xed\xa0\x80"
                 "13812345678"),
            NULL);
    check("CN", VIEW("((((((((((((((((((((((((((((((((((((((((((((("), NULL);

    uint64_t seed = 7;
    struct arena *arena = arena_create(ARENA_BYTES);
    for (unsigned i = 0; i < 5000; i++) {
        char noise[PHONE_TEXT_MAX_BYTES];
        size_t n = draw(&seed, sizeof noise + 1);
        for (size_t at = 0; at < n; at++) {
            noise[at] =
                    draw(&seed, 2) == 0 ? (char)('0' + draw(&seed, 10)) : (char)draw(&seed, 256);
        }
        struct view text = {noise, n};
        struct recipient got = recipient_normalise(text, RECIPIENT_PHONE, "CN", arena);
        CU_ASSERT_TRUE(got.kind == RECIPIENT_PHONE || view_equal(got.canonical, text));
        arena_reset(arena);
    }
    arena_destroy(arena);
}

static void refuses_long_text_at_once(void)
{
    // Leading separators are skipped, so length alone decides here.
    char text[PHONE_TEXT_MAX_BYTES + 2];
    snprintf(text, sizeof text, "%*s", PHONE_TEXT_MAX_BYTES, "13812345678");
    check("CN", view_of(text), "+8613812345678");
    snprintf(text, sizeof text, "%*s", PHONE_TEXT_MAX_BYTES + 1, "13812345678");
    check("CN", view_of(text), NULL);
    char e164[PHONE_E164_MAX_BYTES];
    CU_ASSERT_EQUAL(phone_read(text, strlen(text), "CN", e164), 0);

    size_t n = 1 << 20;
    char *huge = malloc(n);
    if (huge == NULL) {
        CU_FAIL_FATAL("out of memory");
        return;
    }
    memset(huge, '1', n);
    check("CN", (struct view){huge, n}, NULL);
    free(huge);
}

// --- the memory of what was read --------------------------------------------------------------

// By the memory and without it the same comes out, whatever was asked for before.
static void cached_is_what_is_read(void)
{
    enum { ASKED = 30000 };
    static const char *const regions[] = {"CN", "SG"};
    struct arena *arena = arena_create(ARENA_BYTES);
    for (size_t r = 0; r < sizeof regions / sizeof regions[0]; r++) {
        struct phone_cache *phones;
        CU_ASSERT_EQUAL_FATAL(phone_cache_create(&phones, regions[r]), ERR_NONE);
        uint64_t seed = 11;
        for (unsigned i = 0; i < ASKED; i++) {
            char text[64];
            uint64_t number = draw(&seed, 900);
            snprintf(text, sizeof text,
                    number % 3 == 0   ? "+65 91%06u"
                    : number % 3 == 1 ? "9%07u"
                                      : "%u%%",
                    (unsigned)number);
            struct view asked = view_of(text);
            struct recipient got =
                    recipient_normalise_cached(asked, RECIPIENT_PHONE, phones, arena);
            struct recipient expected =
                    recipient_normalise(asked, RECIPIENT_PHONE, regions[r], arena);
            CU_ASSERT_EQUAL(got.kind, expected.kind);
            CU_ASSERT_TRUE(view_equal(got.canonical, expected.canonical));
            arena_reset(arena);
        }
        // Two of 900 may share a place and push each other out.
        CU_ASSERT_TRUE(phone_cache_misses(phones) >= 900);
        CU_ASSERT_TRUE(phone_cache_misses(phones) < 2000);
        phone_cache_destroy(phones);
    }
    arena_destroy(arena);
}

// How many misses it takes to read so many texts, of which none is a number, once.
static uint64_t read_texts(struct phone_cache *phones, unsigned count)
{
    const uint64_t before = phone_cache_misses(phones);
    for (unsigned i = 0; i < count; i++) {
        char e164[PHONE_E164_MAX_BYTES];
        char text[16];
        snprintf(text, sizeof text, "%u", i);
        CU_ASSERT_EQUAL(phone_cache_read(phones, view_of(text), e164), 0);
    }
    return phone_cache_misses(phones) - before;
}

// Where each text had one place only, some 250 of 4,096 would be read anew each time.
static void cached_texts_stay_while_they_are_few(void)
{
    enum { FEW = PHONE_CACHE_ENTRIES / 16 };
    struct phone_cache *phones;
    CU_ASSERT_EQUAL_FATAL(phone_cache_create(&phones, "CN"), ERR_NONE);
    CU_ASSERT_EQUAL(read_texts(phones, FEW), FEW);
    CU_ASSERT_TRUE(read_texts(phones, FEW) < FEW / 64);
    phone_cache_destroy(phones);
}

static void cache_forgets_when_it_is_full(void)
{
    struct phone_cache *phones;
    CU_ASSERT_EQUAL_FATAL(phone_cache_create(&phones, "CN"), ERR_NONE);
    char e164[PHONE_E164_MAX_BYTES];
    char text[PHONE_TEXT_MAX_BYTES];
    (void)read_texts(phones, PHONE_CACHE_ENTRIES);
    (void)read_texts(phones, PHONE_CACHE_ENTRIES);
    uint64_t misses = phone_cache_misses(phones);
    CU_ASSERT_TRUE(misses > PHONE_CACHE_ENTRIES * 5 / 4);
    CU_ASSERT_TRUE(misses < PHONE_CACHE_ENTRIES * 7 / 4);
    // What is too long to be kept is read each time, and is read.
    snprintf(text, sizeof text, "%*s", PHONE_CACHE_TEXT_BYTES + 1, "+1 650-253-0000");
    CU_ASSERT_EQUAL(phone_cache_read(phones, view_of(text), e164), strlen("+16502530000"));
    CU_ASSERT_EQUAL(phone_cache_read(phones, view_of(text), e164), strlen("+16502530000"));
    CU_ASSERT_EQUAL(phone_cache_misses(phones), misses + 2);
    CU_ASSERT_EQUAL(phone_cache_read(phones, view_of(text + 1), e164), strlen("+16502530000"));
    CU_ASSERT_EQUAL(phone_cache_read(phones, view_of(text + 1), e164), strlen("+16502530000"));
    CU_ASSERT_EQUAL(memcmp(e164, "+16502530000", 12), 0);
    CU_ASSERT_EQUAL(phone_cache_misses(phones), misses + 3);
    phone_cache_destroy(phones);
}

// --- the rest of the contract ----------------------------------------------------------------

static void borrows_where_it_can(void)
{
    struct arena *arena = arena_create(ARENA_BYTES);
    struct view text = VIEW("+8613812345678");
    CU_ASSERT_PTR_EQUAL(
            recipient_normalise(text, RECIPIENT_PHONE, "CN", arena).canonical.p, text.p);
    text = VIEW("+16502530000");
    CU_ASSERT_PTR_EQUAL(
            recipient_normalise(text, RECIPIENT_PHONE, "CN", arena).canonical.p, text.p);
    CU_ASSERT_EQUAL(arena_used_bytes(arena), 0);
    arena_destroy(arena);
}

static void is_unread_when_the_arena_is_full(void)
{
    struct arena *full = arena_create(0);
    struct view text = VIEW("13812345678");
    struct recipient got = recipient_normalise(text, RECIPIENT_PHONE, "CN", full);
    CU_ASSERT_TRUE(recipient_is_unread(&got));
    got = recipient_normalise(VIEW("12"), RECIPIENT_PHONE, "CN", full);
    CU_ASSERT_EQUAL(got.kind, RECIPIENT_INVALID);
    CU_ASSERT_FALSE(recipient_is_unread(&got));
    got = recipient_normalise(VIEW_NONE, RECIPIENT_PHONE, "CN", full);
    CU_ASSERT_FALSE(recipient_is_unread(&got));
    arena_destroy(full);
}

static void leaves_opaque_addresses_alone(void)
{
    static const enum recipient_kind kinds[] = {RECIPIENT_EMAIL, RECIPIENT_PUSH, RECIPIENT_WECHAT};
    struct view text = VIEW(" +86 138\0"
                            "1234 5678 \xff");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct recipient got = recipient_normalise(text, kinds[i], "CN", NULL);
        CU_ASSERT_EQUAL(got.kind, kinds[i]);
        CU_ASSERT_PTR_EQUAL(got.canonical.p, text.p);
        CU_ASSERT_EQUAL(got.canonical.n, text.n);
    }
}

static void knows_the_kind_of_a_channel(void)
{
    CU_ASSERT_EQUAL(recipient_kind_of_channel(VIEW("email")), RECIPIENT_EMAIL);
    CU_ASSERT_EQUAL(recipient_kind_of_channel(VIEW("push")), RECIPIENT_PUSH);
    CU_ASSERT_EQUAL(recipient_kind_of_channel(VIEW("wechat")), RECIPIENT_WECHAT);
    CU_ASSERT_EQUAL(recipient_kind_of_channel(VIEW("sms")), RECIPIENT_PHONE);
    CU_ASSERT_EQUAL(recipient_kind_of_channel(VIEW("voice")), RECIPIENT_PHONE);
    CU_ASSERT_EQUAL(recipient_kind_of_channel(VIEW("Email")), RECIPIENT_PHONE);
    CU_ASSERT_EQUAL(recipient_kind_of_channel(VIEW("invalid")), RECIPIENT_PHONE);
    CU_ASSERT_EQUAL(recipient_kind_of_channel(VIEW("")), RECIPIENT_PHONE);
    CU_ASSERT_EQUAL(recipient_kind_of_channel(VIEW_NONE), RECIPIENT_PHONE);
}

static void knows_the_regions(void)
{
    CU_ASSERT_TRUE(phone_region_is_known("CN"));
    CU_ASSERT_TRUE(phone_region_is_known("HK"));
    CU_ASSERT_FALSE(phone_region_is_known("cn"));
    CU_ASSERT_FALSE(phone_region_is_known("ZZ"));
    CU_ASSERT_FALSE(phone_region_is_known("China"));
    CU_ASSERT_FALSE(phone_region_is_known(""));
}

static const struct unit_test tests[] = {
        {"reads_spellings_of_phone_numbers", reads_spellings_of_phone_numbers},
        {"takes_every_chinese_mobile_prefix", takes_every_chinese_mobile_prefix},
        {"paths_agree_on_every_prefix", paths_agree_on_every_prefix},
        {"paths_agree_on_generated_spellings", paths_agree_on_generated_spellings},
        {"fast_path_leaves_what_depends_on_the_region",
                fast_path_leaves_what_depends_on_the_region},
        {"survives_hostile_bytes", survives_hostile_bytes},
        {"refuses_long_text_at_once", refuses_long_text_at_once},
        {"cached_is_what_is_read", cached_is_what_is_read},
        {"cached_texts_stay_while_they_are_few", cached_texts_stay_while_they_are_few},
        {"cache_forgets_when_it_is_full", cache_forgets_when_it_is_full},
        {"borrows_where_it_can", borrows_where_it_can},
        {"is_unread_when_the_arena_is_full", is_unread_when_the_arena_is_full},
        {"leaves_opaque_addresses_alone", leaves_opaque_addresses_alone},
        {"knows_the_kind_of_a_channel", knows_the_kind_of_a_channel},
        {"knows_the_regions", knows_the_regions},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "recipient", tests);
}
