// The packed codec: known bytes, round trips, and every hostile bucket is refused without a read
// past its end (each one is handed over in a heap block of its exact size, so that the sanitizer
// would see it).
#include "relationship/packed.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/digest.h"
#include "tests/support/unit.h"

enum { TEXT_CEILING = 1 << 20, ARENA_CEILING = 1 << 20 };

struct fixture {
    struct keyring *ring;
    const struct keyring_key *key;
    struct arena *arena;
    struct strbuf bytes;
};

static void fixture_init(struct fixture *f)
{
    CU_ASSERT_EQUAL_FATAL(keyring_create_demo(&f->ring), ERR_NONE);
    f->key = keyring_current(f->ring);
    f->arena = arena_create(ARENA_CEILING);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f->arena);
    strbuf_init(&f->bytes, TEXT_CEILING);
}

static void fixture_fini(struct fixture *f)
{
    strbuf_fini(&f->bytes);
    arena_destroy(f->arena);
    keyring_destroy(f->ring);
}

static void check_hex(const char *what, struct view bytes, const char *expected)
{
    struct strbuf hex;
    strbuf_init(&hex, TEXT_CEILING);
    hex_add(&hex, (const uint8_t *)bytes.p, bytes.n);
    unit_check_text(what, strbuf_view(&hex).p, expected);
    strbuf_fini(&hex);
}

// Hex digits into bytes.
static void add_hex(struct strbuf *sb, const char *hex)
{
    for (; hex[0] != '\0'; hex += hex[0] == ' ' ? 1 : 2) {
        if (hex[0] != ' ') {
            const char digits[3] = {hex[0], hex[1], '\0'};
            strbuf_add_byte(sb, (uint8_t)strtoul(digits, NULL, 16));
        }
    }
}

// A copy that the sanitizer guards on both sides.
static struct view guarded(struct view bytes)
{
    char *copy = malloc(bytes.n > 0 ? bytes.n : 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    memcpy(copy, bytes.p, bytes.n);
    return view_bytes(copy, bytes.n);
}

static void free_guarded(struct view bytes)
{
    union {
        const char *p;
        void *block;
    } as = {.p = bytes.p};
    free(as.block);
}

// --- bodies -------------------------------------------------------------------------------------

#define T1 "5e7293ad1b8a" // tenant tags and loan tags under the demo key, from Python's hmac
#define DEFAULT_TENANT "0d2e713cb1d0"
#define L1 "c76955ade6a476a8"

static const struct party one_party[] = {{.tenant_id = {"t1", 2},
        .loan_id = {"L1", 2},
        .role = ROLE_GUARANTOR,
        .status = STATUS_CLOSED,
        .closed_at_ms = 1795305600000}};
static const struct party bare_party[] = {
        {.role = ROLE_BORROWER, .status = STATUS_ACTIVE, .closed_at_ms = TIME_NONE}};

static void writes_known_bytes(void)
{
    static const struct {
        const char *what;
        struct relationship rel;
        const char *hex;
    } rows[] = {
            {"nothing known", {.reassigned_at_ms = TIME_NONE}, "00"},
            {"not reassigned", {.reassigned = REASSIGNED_NO, .reassigned_at_ms = TIME_NONE}, "01"},
            {"a date without a yes is nothing",
                    {.reassigned = REASSIGNED_NO, .reassigned_at_ms = 1795305600000}, "01"},
            {"reassigned, undated", {.reassigned = REASSIGNED_YES, .reassigned_at_ms = TIME_NONE},
                    "02"},
            {"reassigned, dated", {.reassigned = REASSIGNED_YES, .reassigned_at_ms = 1795305600000},
                    "03"
                    "01a2008d7400"},
            {"opted out",
                    {.reassigned_at_ms = TIME_NONE,
                            .opted_out = {{"sms", 3}, {"rcs", 3}},
                            .opted_out_count = 2},
                    "04"
                    "41"},
            {"opted out of an unknown channel too",
                    {.reassigned_at_ms = TIME_NONE,
                            .opted_out = {{"fax", 3}, {"voice", 5}},
                            .opted_out_count = 2},
                    "04"
                    "82"
                    "01"
                    "03666178"},
            {"a party with everything",
                    {.reassigned_at_ms = TIME_NONE, .party_count = 1, .parties = one_party},
                    "08"
                    "6a" T1 L1 "01a2008d7400"},
            {"a party with nothing",
                    {.reassigned_at_ms = TIME_NONE, .party_count = 1, .parties = bare_party},
                    "08"
                    "00" DEFAULT_TENANT},
    };
    struct fixture f;
    fixture_init(&f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        strbuf_reset(&f.bytes);
        packed_add_body(&f.bytes, f.key, &rows[i].rel);
        check_hex(rows[i].what, strbuf_view(&f.bytes), rows[i].hex);
    }
    fixture_fini(&f);
}

// Whether a party of (tenant, loan) is the message's own, by what each of them names.
static void compares_tenant_and_loan(void)
{
    static const struct {
        const char *party_tenant;
        const char *party_loan;
        const char *tenant;
        const char *loan;
        bool same_tenant;
        bool same_loan;
    } rows[] = {
            {"t1", "L1", "t1", "L1", true, true},
            {"t1", "L1", "t1", "L2", true, false},
            {"t1", "L1", "t1", NULL, true, false},
            {"t1", NULL, "t1", "L1", true, false},
            {"t2", "L1", "t1", "L1", false, false}, // the loan's name alone is not the loan
            {NULL, "L1", "t1", "L1", false, false},
            {NULL, "L1", "default", "L1", true, true},
            {"default", "L1", "default", "L1", true, true},
            {"t1", "L1", NULL, "L1", true, true}, // no tenant in the message: all are its own
            {"t2", "L1", NULL, "L1", true, true},
            {"t2", "L1", NULL, "L2", true, false},
            {"t2", "L1", NULL, NULL, true, false},
            {"", "", "", "", true, true}, // an empty id is one
            {"", "", "t1", "", false, false},
    };
    struct fixture f;
    fixture_init(&f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct party party = {.tenant_id = view_of(rows[i].party_tenant),
                .loan_id = view_of(rows[i].party_loan),
                .closed_at_ms = TIME_NONE};
        const struct relationship rel = {
                .reassigned_at_ms = TIME_NONE, .party_count = 1, .parties = &party};
        strbuf_reset(&f.bytes);
        packed_add_body(&f.bytes, f.key, &rel);
        struct lookup lookup = {
                .tenant_id = view_of(rows[i].tenant), .loan_id = view_of(rows[i].loan)};
        CU_ASSERT_EQUAL_FATAL(
                packed_decode(strbuf_view(&f.bytes), f.key, &lookup, f.arena), ERR_NONE);
        CU_ASSERT_EQUAL_FATAL(lookup.facts.party_count, 1);
        CU_ASSERT_EQUAL(lookup.facts.lookup, LOOKUP_FOUND);
        CU_ASSERT_EQUAL(lookup.facts.parties[0].same_tenant, rows[i].same_tenant);
        CU_ASSERT_EQUAL(lookup.facts.parties[0].same_loan, rows[i].same_loan);
        CU_ASSERT_EQUAL(lookup.facts.parties[0].closed_at_ms, TIME_NONE);
    }
    fixture_fini(&f);
}

static void asks_for_the_channel(void)
{
    const struct relationship rel = {.reassigned_at_ms = TIME_NONE,
            .opted_out = {{"sms", 3}, {"fax", 3}},
            .opted_out_count = 2};
    static const struct {
        const char *channel;
        bool opted_out;
    } rows[] = {{"sms", true}, {NULL, false}, {"fax", true}, {"voice", false}, {"fa", false},
            {"SMS", false}, {"", false}};
    struct fixture f;
    fixture_init(&f);
    packed_add_body(&f.bytes, f.key, &rel);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lookup lookup = {.channel = view_of(rows[i].channel)};
        CU_ASSERT_EQUAL_FATAL(
                packed_decode(strbuf_view(&f.bytes), f.key, &lookup, f.arena), ERR_NONE);
        CU_ASSERT_EQUAL(lookup.facts.opted_out, rows[i].opted_out);
    }
    fixture_fini(&f);
}

static void keeps_every_role_status_and_count(void)
{
    static const uint16_t counts[] = {0, 1, 30, 31, 32, PARTY_MAX};
    struct fixture f;
    fixture_init(&f);
    struct party *parties = calloc(PARTY_MAX, sizeof *parties);
    CU_ASSERT_PTR_NOT_NULL_FATAL(parties);
    for (unsigned i = 0; i < PARTY_MAX; i++) {
        parties[i] = (struct party){.role = (enum party_role)(i % ROLE_COUNT),
                .status = (enum loan_status)(i % STATUS_COUNT),
                .closed_at_ms = i % 3 == 0 ? TIME_NONE : CLOCK_MIN_MS + i};
    }
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        const struct relationship rel = {.reassigned = REASSIGNED_YES,
                .reassigned_at_ms = CLOCK_END_MS - 1,
                .party_count = counts[c],
                .parties = parties};
        strbuf_reset(&f.bytes);
        arena_reset(f.arena);
        packed_add_body(&f.bytes, f.key, &rel);
        CU_ASSERT_EQUAL_FATAL(f.bytes.failed, ERR_NONE);
        CU_ASSERT_TRUE_FATAL(f.bytes.n <= PACKED_BODY_MAX_BYTES);
        struct lookup lookup = {.tenant_id = VIEW_NONE};
        CU_ASSERT_EQUAL_FATAL(
                packed_decode(strbuf_view(&f.bytes), f.key, &lookup, f.arena), ERR_NONE);
        CU_ASSERT_EQUAL(lookup.facts.reassigned, REASSIGNED_YES);
        CU_ASSERT_EQUAL(lookup.facts.reassigned_at_ms, CLOCK_END_MS - 1);
        CU_ASSERT_EQUAL_FATAL(lookup.facts.party_count, counts[c]);
        for (unsigned i = 0; i < counts[c]; i++) {
            CU_ASSERT_EQUAL(lookup.facts.parties[i].role, parties[i].role);
            CU_ASSERT_EQUAL(lookup.facts.parties[i].status, parties[i].status);
            CU_ASSERT_EQUAL(lookup.facts.parties[i].closed_at_ms, parties[i].closed_at_ms);
        }
    }
    free(parties);
    fixture_fini(&f);
}

static void refuses_bad_bodies(void)
{
    static const struct {
        const char *what;
        const char *hex;
    } rows[] = {
            {"empty", ""},
            {"no party where one is said", "08"},
            {"half a tenant tag", "08 00 aabbcc"},
            {"no loan tag", "08 40" DEFAULT_TENANT},
            {"half a loan tag", "08 40" DEFAULT_TENANT "0011223344"},
            {"no closing date", "08 20" DEFAULT_TENANT},
            {"half a closing date", "08 20" DEFAULT_TENANT "0102030405"},
            {"a closing date of 1999", "08 20" DEFAULT_TENANT "00dc6acfabff"},
            {"a closing date of 2100", "08 20" DEFAULT_TENANT "03bb2cc3d800"},
            {"a reserved bit", "08 80" DEFAULT_TENANT},
            {"no such status", "08 14" DEFAULT_TENANT},
            {"a byte too many", "08 00" DEFAULT_TENANT "00"},
            {"bytes behind nothing", "00 00"},
            {"no reassignment date", "03"},
            {"half a reassignment date", "03 0102"},
            {"a reassignment date of the year 10889", "03 ffffffffffff"},
            {"no channels", "04"},
            {"no count of channels", "04 80"},
            {"no channel", "04 80 01"},
            {"half a channel", "04 80 01 03 6661"},
            {"no party count", "f8"},
            {"half a party count", "f8 00"},
            {"more parties than there are bytes", "f8 03e8"},
            {"more parties than there may be", "f8 03e9"},
            {"as many parties as can be said", "f8 ffff"},
    };
    struct fixture f;
    fixture_init(&f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        strbuf_reset(&f.bytes);
        add_hex(&f.bytes, rows[i].hex);
        struct view body = guarded(strbuf_view(&f.bytes));
        struct lookup lookup = {.facts.party_count = 77};
        enum err e = packed_decode(body, f.key, &lookup, f.arena);
        if (e != ERR_DATA) {
            printf("\n%s: %s\n", rows[i].what, err_text(e));
        }
        CU_ASSERT_EQUAL(e, ERR_DATA);
        CU_ASSERT_EQUAL(lookup.facts.party_count, 77); // untouched
        free_guarded(body);
    }
    fixture_fini(&f);
}

static void says_when_the_arena_is_full(void)
{
    struct fixture f;
    fixture_init(&f);
    struct arena *tiny = arena_create(1);
    const struct relationship rel = {
            .reassigned_at_ms = TIME_NONE, .party_count = 1, .parties = bare_party};
    packed_add_body(&f.bytes, f.key, &rel);
    struct lookup lookup = {.facts.party_count = 77};
    CU_ASSERT_EQUAL(packed_decode(strbuf_view(&f.bytes), f.key, &lookup, tiny), ERR_CEILING);
    CU_ASSERT_EQUAL(lookup.facts.party_count, 77);
    arena_destroy(tiny);
    fixture_fini(&f);
}

// --- buckets ------------------------------------------------------------------------------------

static const uint8_t suffix_a[] = {0, 0, 0, 0, 0, 0, 0, 1};
static const uint8_t suffix_b[] = {0, 0, 0, 0, 0, 0, 0, 2};
static const uint8_t suffix_c[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static void finds_records(void)
{
    struct fixture f;
    fixture_init(&f);
    char long_body[300];
    memset(long_body, 'x', sizeof long_body);
    strbuf_add_byte(&f.bytes, PACKED_VERSION);
    packed_add_record(&f.bytes, suffix_a, VIEW("one"));
    packed_add_record(&f.bytes, suffix_c, view_bytes(long_body, sizeof long_body));
    struct view body = VIEW_NONE;
    CU_ASSERT_EQUAL(packed_find(strbuf_view(&f.bytes), suffix_a, &body), ERR_NONE);
    CU_ASSERT_TRUE(view_is(body, "one"));
    CU_ASSERT_EQUAL(packed_find(strbuf_view(&f.bytes), suffix_b, &body), ERR_NONE);
    CU_ASSERT_TRUE(view_is_none(body));
    CU_ASSERT_EQUAL(packed_find(strbuf_view(&f.bytes), suffix_c, &body), ERR_NONE);
    CU_ASSERT_TRUE(view_equal(body, view_bytes(long_body, sizeof long_body)));
    CU_ASSERT_EQUAL(packed_find(VIEW("\x01"), suffix_a, &body), ERR_NONE);
    CU_ASSERT_TRUE(view_is_none(body));
    fixture_fini(&f);
}

#define A "0000000000000001"
#define B "0000000000000002"

static void refuses_bad_buckets(void)
{
    static const struct {
        const char *what;
        const char *hex;
    } rows[] = {
            {"no version", ""},
            {"another version", "02"},
            {"text", "7b7d"},
            {"half a suffix", "01 00000000000000"},
            {"no length", "01" A},
            {"a length that does not end", "01" A "80"},
            {"a length that does not end in time", "01" A "80808001 00"},
            {"a length of nothing", "01" A "00"},
            {"a length above the ceiling", "01" A "808004"},
            {"half a body", "01" A "02 00"},
            {"a byte behind the last", "01" A "01 00 00"},
            {"twice the same", "01" A "01 00" A "01 00"},
            {"out of order", "01" B "01 00" A "01 00"},
            {"truncated behind what is asked for", "01" A "01 00" B "05 00"},
    };
    struct fixture f;
    fixture_init(&f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        strbuf_reset(&f.bytes);
        add_hex(&f.bytes, rows[i].hex);
        struct view bucket = guarded(strbuf_view(&f.bytes));
        struct view body = VIEW("untouched");
        enum err e = packed_find(bucket, suffix_a, &body);
        if (e != ERR_DATA) {
            printf("\n%s: %s\n", rows[i].what, err_text(e));
        }
        CU_ASSERT_EQUAL(e, ERR_DATA);
        CU_ASSERT_TRUE(view_is(body, "untouched"));
        free_guarded(bucket);
    }
    fixture_fini(&f);
}

// A good bucket with each of its bytes changed to each value, and cut at each length: an answer or
// ERR_DATA, and the sanitizer sees nothing.
static void survives_every_changed_byte(void)
{
    struct fixture f;
    fixture_init(&f);
    struct strbuf record;
    strbuf_init(&record, TEXT_CEILING);
    const struct relationship rel = {.reassigned = REASSIGNED_YES,
            .reassigned_at_ms = CLOCK_MIN_MS,
            .opted_out = {{"fax", 3}},
            .opted_out_count = 1,
            .party_count = 1,
            .parties = one_party};
    packed_add_body(&record, f.key, &rel);
    strbuf_add_byte(&f.bytes, PACKED_VERSION);
    packed_add_record(&f.bytes, suffix_a, strbuf_view(&record));
    packed_add_record(&f.bytes, suffix_b, strbuf_view(&record));
    unsigned answers = 0;
    for (size_t at = 0; at < f.bytes.n; at++) {
        for (int value = 0; value < 256; value++) {
            struct strbuf changed;
            strbuf_init(&changed, TEXT_CEILING);
            strbuf_add_view(&changed, strbuf_view(&f.bytes));
            changed.p[at] = (char)value;
            strbuf_truncate(&changed, value == 0 ? at : changed.n);
            struct view bucket = guarded(strbuf_view(&changed));
            struct view body = VIEW_NONE;
            struct lookup lookup = {.tenant_id = VIEW("t1"), .loan_id = VIEW("L1")};
            if (packed_find(bucket, suffix_b, &body) == ERR_NONE && !view_is_none(body) &&
                    packed_decode(body, f.key, &lookup, f.arena) == ERR_NONE) {
                answers++;
            }
            arena_reset(f.arena);
            free_guarded(bucket);
            strbuf_fini(&changed);
        }
    }
    CU_ASSERT_TRUE(answers > 0);
    strbuf_fini(&record);
    fixture_fini(&f);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"writes_known_bytes", writes_known_bytes},
            {"compares_tenant_and_loan", compares_tenant_and_loan},
            {"asks_for_the_channel", asks_for_the_channel},
            {"keeps_every_role_status_and_count", keeps_every_role_status_and_count},
            {"refuses_bad_bodies", refuses_bad_bodies},
            {"says_when_the_arena_is_full", says_when_the_arena_is_full},
            {"finds_records", finds_records},
            {"refuses_bad_buckets", refuses_bad_buckets},
            {"survives_every_changed_byte", survives_every_changed_byte},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "packed", tests);
}
