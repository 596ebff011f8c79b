// breaker: many tenants that go wrong at once, and a cache that is not trusted.
#include "decide/breaker.h"

#include "unit.h"

#define AT INT64_C(1763769600000)

struct bench {
    struct breaker *breaker;
    int64_t now_ms;
};

// Ten tenants heard, and four vendors, of which so many have jumped.
static struct frame_totals totals_of(uint32_t tenants, uint32_t vendors, uint32_t lately)
{
    return (struct frame_totals){.judged = 1000,
            .tenants = 10,
            .tenants_heard = 10,
            .tenants_jumped = tenants,
            .vendors_heard = 4,
            .vendors_jumped = vendors,
            .lately_misdirected = lately};
}

static const struct frame_totals well = {.judged = 1000, .tenants_heard = 10, .vendors_heard = 4};

static void init(struct bench *b)
{
    b->now_ms = AT;
    CU_ASSERT_EQUAL_FATAL(breaker_create(&b->breaker), ERR_NONE);
}

static enum breaker_state note(struct bench *b, int32_t source, int64_t after_ms,
        enum cache_state cache, const struct frame_totals *totals)
{
    struct frame frame = {.source_topic = VIEW("in"), .source_partition = source, .cache = cache};
    if (totals != NULL) {
        frame.has_totals = true;
        frame.totals = *totals;
    }
    b->now_ms += after_ms;
    CU_ASSERT_EQUAL(breaker_note(b->breaker, &frame, b->now_ms), ERR_NONE);
    return breaker_state(b->breaker);
}

// What is a jump, and what is not.
static void test_jump(void)
{
    static const struct {
        const char *what;
        struct frame_totals totals;
        enum breaker_state state;
    } rows[] = {
            {"an empty cache", {1000, 990, 0, 10, 10, 10, 10, 4, 4, 62}, BREAKER_JUMPED},
            {"half a load", {1000, 500, 0, 10, 10, 10, 9, 4, 3, 31}, BREAKER_JUMPED},
            {"as few as may be", {100, 25, 0, 3, 3, 3, 3, 1, 1, 16}, BREAKER_JUMPED},
            {"half of the tenants", {1000, 500, 0, 10, 5, 10, 5, 4, 4, 31}, BREAKER_JUMPED},
            {"fewer", {1000, 500, 0, 10, 5, 10, 4, 4, 4, 31}, BREAKER_CALM},
            {"no vendor is named", {1000, 990, 0, 10, 10, 10, 10, 0, 0, 62}, BREAKER_JUMPED},
            {"a vendor of many", {1000, 500, 0, 10, 10, 10, 10, 4, 1, 31}, BREAKER_CALM},
            {"one of two vendors", {1000, 500, 0, 10, 10, 10, 10, 2, 1, 31}, BREAKER_CALM},
            {"a lender", {1000, 990, 0, 10, 1, 10, 1, 4, 4, 62}, BREAKER_CALM},
            {"two lenders, and no more", {1000, 990, 0, 2, 2, 2, 2, 4, 4, 62}, BREAKER_CALM},
            {"it was so, but is not", {1000, 500, 0, 10, 10, 10, 10, 4, 4, 15}, BREAKER_CALM},
            {"nothing at all", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, BREAKER_CALM},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;
        init(&b);
        unit_check_text(rows[i].what,
                note(&b, 0, 0, CACHE_TRUSTED, &rows[i].totals) == rows[i].state ? "as it should be"
                                                                                : "not so",
                "as it should be");
        breaker_destroy(b.breaker);
    }
}

// Lenders that went wrong one after the other, and stay so, do not rise together; three at once do.
static void test_rise(void)
{
    struct bench b;
    init(&b);
    for (uint32_t jumped = 0; jumped < 9; jumped++) {
        struct frame_totals totals = totals_of(jumped, 4, 60);
        totals.tenants_heard = 16;
        for (unsigned second = 0; second < 60; second++) {
            CU_ASSERT_EQUAL(note(&b, 0, 1000, CACHE_TRUSTED, &totals), BREAKER_CALM);
        }
    }
    struct frame_totals totals = totals_of(10, 4, 60);
    totals.tenants_heard = 16;
    CU_ASSERT_EQUAL(note(&b, 0, 1000, CACHE_TRUSTED, &totals), BREAKER_CALM);
    totals.tenants_jumped = 11;
    CU_ASSERT_EQUAL(note(&b, 0, 1000, CACHE_TRUSTED, &totals), BREAKER_JUMPED);
    breaker_destroy(b.breaker);
}

// Nearly all, however slowly they came to it.
static void test_nearly_all(void)
{
    struct bench b;
    init(&b);
    for (uint32_t jumped = 0; jumped <= 4; jumped++) {
        for (uint32_t heard = jumped > 0 ? jumped : 1; heard <= 6; heard++) {
            struct frame_totals totals = totals_of(jumped, 4, 60);
            totals.tenants_heard = 7 - heard + jumped; // from many to few
            bool is_last = jumped == 4 && totals.tenants_heard == 5;
            CU_ASSERT_EQUAL(note(&b, 0, 100000, CACHE_TRUSTED, &totals),
                    is_last ? BREAKER_JUMPED : BREAKER_CALM);
            if (is_last) {
                breaker_destroy(b.breaker);
                return;
            }
        }
    }
    CU_FAIL("it has not jumped");
    breaker_destroy(b.breaker);
}

// What is not told does not change: a source may be silent for long while its tenants stay wrong.
static void test_rise_in_silence(void)
{
    struct bench b;
    init(&b);
    const int64_t gaps_ms[] = {1000, 40000, 70000, 100000, 1000000, 100000000};
    for (size_t i = 0; i < sizeof gaps_ms / sizeof *gaps_ms; i++) {
        struct frame_totals totals = totals_of(4, 4, 60);
        totals.tenants_heard = 20; // too few to be a jump
        CU_ASSERT_EQUAL(note(&b, 0, gaps_ms[i], CACHE_TRUSTED, &totals), BREAKER_CALM);
    }
    struct frame_totals totals = totals_of(6, 4, 60);
    CU_ASSERT_EQUAL(note(&b, 0, 100000, CACHE_TRUSTED, &totals), BREAKER_CALM);
    breaker_destroy(b.breaker);
}

// However the rise falls on the spans, three tenants that go wrong within seconds are at once.
static void test_rise_anywhere(void)
{
    for (int64_t offset_ms = 0; offset_ms < 35000; offset_ms += 500) {
        struct bench b;
        init(&b);
        (void)note(&b, 0, 0, CACHE_TRUSTED, &well);
        CU_ASSERT_EQUAL(note(&b, 0, offset_ms, CACHE_TRUSTED, &well), BREAKER_CALM);
        struct frame_totals totals = totals_of(2, 4, 60);
        totals.tenants_heard = 3;
        CU_ASSERT_EQUAL(note(&b, 0, 1000, CACHE_TRUSTED, &totals), BREAKER_CALM);
        totals.tenants_jumped = 3;
        CU_ASSERT_EQUAL(note(&b, 0, 1000, CACHE_TRUSTED, &totals), BREAKER_JUMPED);
        breaker_destroy(b.breaker);
    }
}

// It is over when every source has been well for two seconds, or silent for ten; and may come again.
static void test_recovery(void)
{
    struct bench b;
    init(&b);
    const struct frame_totals jumped = totals_of(10, 4, 60);
    for (unsigned round = 0; round < 3; round++) {
        (void)note(&b, 0, 1000, CACHE_TRUSTED, &well);
        CU_ASSERT_EQUAL(note(&b, 0, 1000, CACHE_TRUSTED, &jumped), BREAKER_JUMPED);
        CU_ASSERT_EQUAL(note(&b, 1, 0, CACHE_TRUSTED, &jumped), BREAKER_JUMPED);
        for (unsigned second = 0; second < 100; second++) { // it stays as long as it lasts
            CU_ASSERT_EQUAL(note(&b, 0, 500, CACHE_TRUSTED, &jumped), BREAKER_JUMPED);
            CU_ASSERT_EQUAL(note(&b, 1, 500, CACHE_TRUSTED, &well), BREAKER_JUMPED);
        }
        const struct frame_totals begun = {.judged = LATELY_WINDOW - 1};
        CU_ASSERT_EQUAL(note(&b, 0, 1000, CACHE_TRUSTED, &begun), BREAKER_JUMPED);
        CU_ASSERT_EQUAL(note(&b, 0, 3000, CACHE_TRUSTED, &begun), BREAKER_JUMPED);
        const struct frame_totals two = {
                .judged = 1000, .tenants_heard = 2, .tenants_jumped = 2, .lately_misdirected = 64};
        CU_ASSERT_EQUAL(note(&b, 0, 1000, CACHE_TRUSTED, &two), BREAKER_JUMPED);
        CU_ASSERT_EQUAL(note(&b, 0, 3000, CACHE_TRUSTED, &two), BREAKER_JUMPED);
        CU_ASSERT_EQUAL(note(&b, 0, 0, CACHE_TRUSTED, &well), BREAKER_JUMPED);
        CU_ASSERT_EQUAL(note(&b, 1, 1999, CACHE_TRUSTED, NULL), BREAKER_JUMPED);
        CU_ASSERT_EQUAL(note(&b, 1, 1, CACHE_TRUSTED, NULL), BREAKER_CALM);
    }
    // Partition 1 falls silent while it is wrong.
    CU_ASSERT_EQUAL(note(&b, 1, 1000, CACHE_TRUSTED, &jumped), BREAKER_JUMPED);
    CU_ASSERT_EQUAL(note(&b, 0, 9999, CACHE_TRUSTED, &well), BREAKER_JUMPED);
    CU_ASSERT_EQUAL(note(&b, 0, 1, CACHE_TRUSTED, &well), BREAKER_JUMPED);
    CU_ASSERT_EQUAL(note(&b, 0, 2000, CACHE_TRUSTED, &well), BREAKER_CALM);
    CU_ASSERT_EQUAL(note(&b, 1, 1, CACHE_TRUSTED, NULL), BREAKER_CALM); // what it said is forgotten
    breaker_destroy(b.breaker);
}

// A cache that one source does not trust for a second, and what becomes of it.
static void test_untrusted(void)
{
    static const enum cache_state states[] = {CACHE_UNREACHABLE, CACHE_UNTRUSTED, CACHE_STALE};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        struct bench b;
        init(&b);
        (void)note(&b, 0, 0, CACHE_TRUSTED, &well);
        CU_ASSERT_EQUAL(note(&b, 0, 1000, states[i], NULL), BREAKER_CALM);
        CU_ASSERT_EQUAL(note(&b, 0, 999, states[i], NULL), BREAKER_CALM);
        CU_ASSERT_EQUAL(note(&b, 0, 1, CACHE_TRUSTED, NULL), BREAKER_CALM); // a moment is nothing
        CU_ASSERT_EQUAL(note(&b, 0, 1000, states[i], NULL), BREAKER_CALM);
        CU_ASSERT_EQUAL(note(&b, 1, 900, CACHE_TRUSTED, NULL), BREAKER_CALM);
        CU_ASSERT_EQUAL(note(&b, 0, 100, states[(i + 1) % 3], NULL), BREAKER_UNTRUSTED);
        // Totals of what could not be judged say nothing.
        const struct frame_totals jumped = totals_of(10, 4, 60);
        CU_ASSERT_EQUAL(note(&b, 0, 1000, states[i], &jumped), BREAKER_UNTRUSTED);
        CU_ASSERT_EQUAL(note(&b, 0, 1000, CACHE_TRUSTED, NULL), BREAKER_UNTRUSTED);
        CU_ASSERT_EQUAL(note(&b, 0, 1000, states[i], NULL), BREAKER_UNTRUSTED); // not yet
        CU_ASSERT_EQUAL(note(&b, 0, 1000, CACHE_TRUSTED, NULL), BREAKER_UNTRUSTED);
        CU_ASSERT_EQUAL(note(&b, 1, 1999, CACHE_TRUSTED, NULL), BREAKER_UNTRUSTED);
        CU_ASSERT_EQUAL(note(&b, 1, 1, CACHE_TRUSTED, NULL), BREAKER_CALM);
        CU_ASSERT_EQUAL(note(&b, 0, 1000, states[i], NULL), BREAKER_CALM);
        CU_ASSERT_EQUAL(note(&b, 0, 1000, states[i], NULL), BREAKER_UNTRUSTED);
        CU_ASSERT_EQUAL(note(&b, 1, 0, CACHE_TRUSTED, &jumped), BREAKER_JUMPED);
        breaker_destroy(b.breaker);
    }
}

// Saved at any point and restored, it goes on as it would have; the same state gives the same bytes.
static void test_archive(void)
{
    static const struct step {
        int32_t source;
        int64_t after_ms;
        enum cache_state cache;
        bool jumps;
        enum breaker_state state;
    } steps[] = {
            {0, 1000, CACHE_TRUSTED, false, BREAKER_CALM},
            {0, 1000, CACHE_UNREACHABLE, false, BREAKER_CALM},
            {0, 1000, CACHE_STALE, false, BREAKER_UNTRUSTED},
            {1, 0, CACHE_TRUSTED, true, BREAKER_JUMPED},
            {0, 1000, CACHE_TRUSTED, false, BREAKER_JUMPED},
            {1, 0, CACHE_TRUSTED, false, BREAKER_JUMPED},
            {0, 1999, CACHE_TRUSTED, false, BREAKER_JUMPED},
            {0, 1, CACHE_TRUSTED, false, BREAKER_CALM},
            {1, 0, CACHE_TRUSTED, true, BREAKER_JUMPED},
    };
    enum { STEPS = sizeof steps / sizeof *steps };
    const struct frame_totals jumped = totals_of(10, 4, 60);
    for (unsigned stop = 0; stop < STEPS; stop++) {
        struct bench b;
        init(&b);
        for (unsigned step = 0; step < STEPS; step++) {
            if (step == stop) {
                struct strbuf saved;
                strbuf_init(&saved, 65536);
                struct archive out = archive_writer(&saved);
                breaker_archive(&out, b.breaker);
                CU_ASSERT_EQUAL_FATAL(archive_end(&out), ERR_NONE);
                breaker_destroy(b.breaker);
                CU_ASSERT_EQUAL_FATAL(breaker_create(&b.breaker), ERR_NONE);
                struct archive in = archive_reader(strbuf_view(&saved));
                breaker_archive(&in, b.breaker);
                CU_ASSERT_EQUAL_FATAL(archive_end(&in), ERR_NONE);
                // cut anywhere it is refused
                for (size_t n = 0; n < saved.n; n++) {
                    struct breaker *other;
                    CU_ASSERT_EQUAL_FATAL(breaker_create(&other), ERR_NONE);
                    struct archive cut = archive_reader((struct view){saved.p, n});
                    breaker_archive(&cut, other);
                    CU_ASSERT_NOT_EQUAL(archive_end(&cut), ERR_NONE);
                    breaker_destroy(other);
                }
                strbuf_fini(&saved);
            }
            const struct step *s = &steps[step];
            CU_ASSERT_EQUAL(note(&b, s->source, s->after_ms, s->cache, s->jumps ? &jumped : &well),
                    s->state);
        }
        breaker_destroy(b.breaker);
    }
}

// Sources above the ceiling are left out of account.
static void test_ceiling(void)
{
    struct bench b;
    init(&b);
    const struct frame_totals jumped = totals_of(10, 4, 60);
    for (int32_t i = 0; i < BREAKER_SOURCES_MAX; i++) {
        (void)note(&b, i, 0, CACHE_TRUSTED, &well);
    }
    CU_ASSERT_EQUAL(note(&b, BREAKER_SOURCES_MAX, 0, CACHE_TRUSTED, &jumped), BREAKER_CALM);
    CU_ASSERT_EQUAL(note(&b, BREAKER_SOURCES_MAX - 1, 0, CACHE_TRUSTED, &jumped), BREAKER_JUMPED);
    breaker_destroy(b.breaker);
}

static const struct unit_test tests[] = {
        {"jump", test_jump},
        {"rise", test_rise},
        {"nearly_all", test_nearly_all},
        {"rise_in_silence", test_rise_in_silence},
        {"rise_anywhere", test_rise_anywhere},
        {"recovery", test_recovery},
        {"untrusted", test_untrusted},
        {"archive", test_archive},
        {"ceiling", test_ceiling},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "breaker", tests);
}
