// What was said of messages, and its text in the commits: texts of ours come back as they were,
// those of others are refused whole.
#include "recheck/said.h"

#include <stdio.h>
#include <string.h>

#include "common/hash.h"
#include "frame_log.h"
#include "unit.h"

enum { ROUNDS = 300 };

static void add(struct said *said, int64_t first, int64_t count, enum said_kind kind)
{
    CU_ASSERT_EQUAL_FATAL(said_add_run(said, &(struct said_run){first, count, kind}), ERR_NONE);
}

static struct view write_text(struct strbuf *text, const struct said *said, int64_t oldest)
{
    said_write(text, said, oldest);
    CU_ASSERT_EQUAL_FATAL(text->failed, ERR_NONE);
    return strbuf_view(text);
}

static bool runs_equal(const struct said *a, const struct said *b, uint32_t leave_out)
{
    uint32_t count = a->count - a->passed - leave_out;
    if (count != b->count - b->passed) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct said_run *x = &a->runs[a->passed + leave_out + i];
        const struct said_run *y = &b->runs[b->passed + i];
        if (x->first != y->first || x->count != y->count || x->kind != y->kind) {
            return false;
        }
    }
    return true;
}

static void test_text(void)
{
    struct said said = {0};
    struct strbuf text;
    strbuf_init(&text, SAID_TEXT_BYTES);
    CU_ASSERT_EQUAL(write_text(&text, &said, -1).n, 0);
    add(&said, 100, 1, SAID_NO_RECORD);
    add(&said, 101, 2, SAID_UNKNOWN);
    add(&said, 500, 40, SAID_WRONG_DEBT);
    // 539; gap 0, 39 × 4 + 2 = 158 = 30 + 4 × 32; gap 397 = 13 + 12 × 32, 1 × 4 + 3 = 7; gap 0, 0
    write_text(&text, &said, 100);
    unit_check_text("text", text.p, "recheck=100 said=539.A-EtMHAA crc=bedd0458");
    struct said back = {0};
    int64_t oldest = 0;
    CU_ASSERT_EQUAL(said_read(&back, strbuf_view(&text), &oldest), ERR_NONE);
    CU_ASSERT_EQUAL(oldest, 100);
    CU_ASSERT_TRUE(runs_equal(&said, &back, 0));
    said_clear(&said);
    write_text(&text, &said, 7);
    said_clear(&back);
    CU_ASSERT_EQUAL(said_read(&back, strbuf_view(&text), &oldest), ERR_NONE);
    CU_ASSERT_EQUAL(oldest, 7);
    CU_ASSERT_EQUAL(back.count, 0);
    said_fini(&said);
    said_fini(&back);
    strbuf_fini(&text);
}

static void test_meet(void)
{
    struct said said = {0};
    CU_ASSERT_EQUAL(said_meet(&said, 5), SAID_NOTHING);
    add(&said, 10, 3, SAID_NO_RECORD);
    add(&said, 13, 1, SAID_NO_RECORD);
    add(&said, 14, 1, SAID_UNKNOWN);
    add(&said, 20, 5, SAID_OTHER_TENANT);
    CU_ASSERT_EQUAL(said.count, 3);
    CU_ASSERT_EQUAL(said_first(&said), 10);
    CU_ASSERT_EQUAL(said_count_below(&said, 10), 0);
    CU_ASSERT_EQUAL(said_count_below(&said, 22), 7);
    CU_ASSERT_EQUAL(said_meet(&said, 9), SAID_NOTHING);
    CU_ASSERT_EQUAL(said_meet(&said, 11), SAID_NO_RECORD);
    CU_ASSERT_EQUAL(said_first(&said), 12);
    CU_ASSERT_EQUAL(said_count_below(&said, 22), 5);
    CU_ASSERT_EQUAL(said_meet(&said, 14), SAID_UNKNOWN);
    CU_ASSERT_EQUAL(said_meet(&said, 15), SAID_NOTHING);
    CU_ASSERT_EQUAL(said_meet(&said, 24), SAID_OTHER_TENANT);
    CU_ASSERT_EQUAL(said_first(&said), -1);
    CU_ASSERT_EQUAL(said_meet(&said, 30), SAID_NOTHING);
    said_fini(&said);
}

// Anything that is written is read back, but for the oldest runs that a text has no room for.
static void test_drawn(void)
{
    uint64_t seed = 11;
    struct strbuf text;
    strbuf_init(&text, SAID_TEXT_BYTES);
    bool was_full = false;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct said said = {0};
        int64_t offset = test_random_below(&seed, 1000000);
        uint32_t runs = test_random_below(&seed, 2500);
        for (uint32_t i = 0; i < runs; i++) {
            offset += test_random_below(&seed, round % 2 == 0 ? 3 : 300);
            int64_t count = 1 + test_random_below(&seed, 50);
            add(&said, offset, count, (enum said_kind)test_random_below(&seed, SAID_KIND_COUNT));
            offset += count;
        }
        int64_t from = test_random_below(&seed, 2) == 0 ? -1 : said_first(&said) + 777;
        (void)said_meet(&said, from);
        int64_t oldest = said.passed < said.count ? said_first(&said) : 3;
        write_text(&text, &said, oldest);
        CU_ASSERT_TRUE_FATAL(text.n <= SAID_TEXT_BYTES);
        struct said back = {0};
        int64_t got = 0;
        CU_ASSERT_EQUAL_FATAL(said_read(&back, strbuf_view(&text), &got), ERR_NONE);
        CU_ASSERT_EQUAL(got, oldest);
        uint32_t missing = (said.count - said.passed) - back.count;
        CU_ASSERT_TRUE_FATAL(back.count <= said.count - said.passed);
        CU_ASSERT_TRUE(missing == 0 || text.n > SAID_TEXT_BYTES - 60);
        CU_ASSERT_TRUE(runs_equal(&said, &back, missing));
        was_full = was_full || missing > 0;
        said_fini(&said);
        said_fini(&back);
    }
    CU_ASSERT_TRUE(was_full);
    strbuf_fini(&text);
}

static enum err read_with_crc(const char *body)
{
    char text[256];
    snprintf(text, sizeof text, "%s crc=%08x", body, (unsigned)hash_crc32c(body, strlen(body)));
    struct said said = {0};
    int64_t oldest = 42;
    enum err e = said_read(&said, view_of(text), &oldest);
    CU_ASSERT_TRUE(e == ERR_NONE || (said.count == 0 && oldest == 42));
    said_fini(&said);
    return e;
}

static void test_garbage(void)
{
    static const char *const good[] = {
            "recheck=0", "recheck=5 said=5.AA", "recheck=-1 said=9.AABA", "recheck=3 said=0.AA"};
    static const char *const bad[] = {"", "recheck=", "recheck=-1", "recheck=-2", "recheck=05",
            "recheck=1 ", "recheck=1 said=", "recheck=1 said=5", "recheck=1 said=5.",
            "recheck=1 said=5.A", "recheck=1 said=5.AAA", "recheck=1 said=5.A!",
            "recheck=1 said=5.BA",   // a gap above the newest
            "recheck=1 said=5.AAAA", // one run told as two
            "recheck=1 said=5.AgA",  // a number with a zero too many
            "recheck=1 said=5.Ag",   // a number that does not end
            "recheck=1 said=5.A8",   // seven offsets below 6
            "recheck=1 said=5.AAhA", // a gap below 0
            "recheck=1 said=900000000000000.A-------H", "recheck=9999999999999999999",
            "recheck=1 said=99999999999999999999.AA", "recheck=1 said=-1.AA",
            "recheck=1 said=999999999.Aggggg_", "rechek=1", "recheck=1 Said=5.AA",
            "recheck=1 said=5.AA more", "recheck=1 said=900000000000000000.AgggggggggggA"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CU_ASSERT_EQUAL(read_with_crc(good[i]), ERR_NONE);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (read_with_crc(bad[i]) != ERR_DATA) {
            printf("taken: %s\n", bad[i]);
            CU_FAIL("garbage was taken");
        }
    }
    // Any byte that is changed, added or missing.
    static const char ours[] = "recheck=100 said=539.A-EtMHAA crc=bedd0458";
    for (size_t i = 0; i < sizeof ours - 1; i++) {
        char text[sizeof ours];
        struct said said = {0};
        int64_t oldest;
        memcpy(text, ours, sizeof ours);
        text[i] = (char)(text[i] ^ 1);
        CU_ASSERT_EQUAL(said_read(&said, view_bytes(text, sizeof ours - 1), &oldest), ERR_DATA);
        CU_ASSERT_EQUAL(said_read(&said, view_bytes(ours, i), &oldest), ERR_DATA);
        said_fini(&said);
    }
}

static void test_kinds(void)
{
    for (unsigned kind = 0; kind < SAID_UNKNOWN; kind++) {
        CU_ASSERT_EQUAL(said_kind_of(said_reasons((enum said_kind)kind)), kind);
    }
    CU_ASSERT_EQUAL(said_kind_of(REASON_BIT(REASON_CLOSED_LOAN)), SAID_NOTHING);
    CU_ASSERT_EQUAL(said_kind_of(said_reasons(SAID_UNKNOWN)), SAID_NOTHING);
    CU_ASSERT_EQUAL(said_kind_of(REASON_BIT(REASON_WRONG_DEBT) | REASON_BIT(REASON_OPTED_OUT)),
            SAID_WRONG_DEBT);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"text", test_text},
            {"meet", test_meet},
            {"drawn", test_drawn},
            {"garbage", test_garbage},
            {"kinds", test_kinds},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "said", tests);
}
