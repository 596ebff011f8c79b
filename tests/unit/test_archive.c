// archive: binary state, written and read by one description.
#include "common/archive.h"

#include <string.h>

#include "unit.h"

struct thing {
    uint64_t u64;
    uint32_t u32;
    uint16_t u16;
    uint8_t u8;
    bool flag;
    int64_t i64;
    int32_t i32;
    uint8_t bytes[3];
    struct view text;
    struct view none;
    struct view empty;
};

static void thing_archive(struct archive *archive, struct thing *thing)
{
    archive_mark(archive, "thing");
    archive_u64(archive, &thing->u64, UINT64_MAX);
    archive_u32(archive, &thing->u32, UINT32_MAX);
    archive_u16(archive, &thing->u16, UINT16_MAX);
    archive_u8(archive, &thing->u8, UINT8_MAX);
    archive_bool(archive, &thing->flag);
    archive_i64(archive, &thing->i64, INT64_MIN, INT64_MAX);
    archive_i32(archive, &thing->i32, INT32_MIN, INT32_MAX);
    archive_bytes(archive, thing->bytes, sizeof thing->bytes);
    archive_view(archive, &thing->text, 16);
    archive_view(archive, &thing->none, 16);
    archive_view(archive, &thing->empty, 16);
}

// VIEW for tables that live for ever.
#define TEXT(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static const struct thing things[] = {
        {.u64 = UINT64_MAX,
                .u32 = UINT32_MAX,
                .u16 = UINT16_MAX,
                .u8 = UINT8_MAX,
                .flag = true,
                .i64 = INT64_MIN,
                .i32 = INT32_MIN,
                .bytes = {1, 0, 255},
                .text = TEXT("0123456789abcdef"),
                .empty = TEXT("")},
        {.i64 = INT64_MAX, .i32 = INT32_MAX, .text = TEXT("x"), .empty = TEXT("")},
        {.u64 = 127, .u32 = 128, .i64 = -1, .i32 = 1, .text = TEXT("\0\0"), .empty = TEXT("")},
        {.u64 = 16383, .u32 = 16384, .i64 = -64, .i32 = 64, .text = TEXT(""), .empty = TEXT("")},
};
enum { THINGS = sizeof things / sizeof *things };

static void write_thing(struct strbuf *sb, const struct thing *thing)
{
    strbuf_init(sb, 4096);
    struct archive archive = archive_writer(sb);
    struct thing copy = *thing;
    thing_archive(&archive, &copy);
    CU_ASSERT_EQUAL(archive_end(&archive), ERR_NONE);
}

static void test_there_and_back(void)
{
    for (unsigned i = 0; i < THINGS; i++) {
        struct strbuf sb;
        write_thing(&sb, &things[i]);
        struct archive archive = archive_reader(strbuf_view(&sb));
        struct thing got;
        memset(&got, 0xa5, sizeof got);
        thing_archive(&archive, &got);
        CU_ASSERT_EQUAL(archive_end(&archive), ERR_NONE);
        const struct thing *is = &things[i];
        CU_ASSERT_EQUAL(got.u64, is->u64);
        CU_ASSERT_EQUAL(got.u32, is->u32);
        CU_ASSERT_EQUAL(got.u16, is->u16);
        CU_ASSERT_EQUAL(got.u8, is->u8);
        CU_ASSERT_EQUAL(got.flag, is->flag);
        CU_ASSERT_EQUAL(got.i64, is->i64);
        CU_ASSERT_EQUAL(got.i32, is->i32);
        CU_ASSERT_EQUAL(memcmp(got.bytes, is->bytes, sizeof got.bytes), 0);
        CU_ASSERT_TRUE(view_equal(got.text, is->text) && !view_is_none(got.text));
        CU_ASSERT_TRUE(view_is_none(got.none));
        CU_ASSERT_TRUE(got.empty.n == 0 && !view_is_none(got.empty));
        strbuf_fini(&sb);
    }
}

// Cut off anywhere, it is refused, everything behind the cut reads as 0, and so it stays.
static void test_cut_off(void)
{
    struct strbuf sb;
    write_thing(&sb, &things[0]);
    for (size_t n = 0; n < sb.n; n++) {
        struct archive archive = archive_reader(view_bytes(sb.p, n));
        struct thing got;
        memset(&got, 0xa5, sizeof got);
        thing_archive(&archive, &got);
        CU_ASSERT_EQUAL(archive_end(&archive), ERR_DATA);
        CU_ASSERT_PTR_NOT_NULL(archive.wrong);
        CU_ASSERT_TRUE(view_is_none(got.empty));
        CU_ASSERT_EQUAL(archive_count(&archive, 9, UINT32_MAX), 0);
    }
    struct archive longer = archive_reader(view_bytes(sb.p, sb.n));
    uint64_t number;
    archive_mark(&longer, "thing");
    archive_u64(&longer, &number, UINT64_MAX);
    CU_ASSERT_EQUAL(archive_end(&longer), ERR_DATA); // something is left over
    strbuf_fini(&sb);
}

static void test_what_cannot_be(void)
{
    static const struct {
        const char *what;
        struct view bytes;
        uint64_t max;
        bool good;
    } rows[] = {
            {"zero", TEXT("\0"), 0, true},
            {"the highest", TEXT("\x7f"), 127, true},
            {"above the highest", TEXT("\x7f"), 126, false},
            {"padded with zeros", TEXT("\x81\x00"), UINT64_MAX, false},
            {"64 bits", TEXT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), UINT64_MAX, true},
            {"65 bits", TEXT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), UINT64_MAX, false},
            {"eleven bytes", TEXT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), UINT64_MAX,
                    false},
            {"broken off", TEXT("\x80"), UINT64_MAX, false},
            {"nothing", TEXT(""), UINT64_MAX, false},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct archive archive = archive_reader(rows[i].bytes);
        uint64_t number = 7;
        archive_u64(&archive, &number, rows[i].max);
        unit_check_text(rows[i].what, archive_is_good(&archive) ? "good" : "bad",
                rows[i].good ? "good" : "bad");
        CU_ASSERT_TRUE(rows[i].good || number == 0);
    }
}

static void test_counts_and_ranges(void)
{
    // A count that the bytes behind it cannot hold is not believed.
    struct archive count = archive_reader(VIEW("\x05xxxx"));
    CU_ASSERT_EQUAL(archive_count(&count, 0, 100), 0);
    CU_ASSERT_EQUAL(count.failed, ERR_DATA);
    struct archive fits = archive_reader(VIEW("\x04xxxx"));
    CU_ASSERT_EQUAL(archive_count(&fits, 0, 100), 4);
    // Zigzag: 0, -1, 1, -2.
    struct archive range = archive_reader(VIEW("\x03"));
    int64_t number = 7;
    archive_i64(&range, &number, -1, 1);
    CU_ASSERT_EQUAL(range.failed, ERR_DATA);
    CU_ASSERT_EQUAL(number, 0);
    // Above the longest text.
    struct archive text = archive_reader(VIEW("\x04xyz"));
    struct view v;
    archive_view(&text, &v, 2);
    CU_ASSERT_EQUAL(text.failed, ERR_DATA);
    // The first reason stays.
    archive_fail(&text, ERR_NO_MEMORY, "later");
    CU_ASSERT_EQUAL(text.failed, ERR_DATA);
}

// A writer's ceiling is told at the end.
static void test_full(void)
{
    struct strbuf sb;
    strbuf_init(&sb, 8);
    struct archive archive = archive_writer(&sb);
    uint64_t number = UINT64_MAX;
    archive_u64(&archive, &number, UINT64_MAX);
    CU_ASSERT_EQUAL(archive_end(&archive), ERR_CEILING);
    strbuf_fini(&sb);
}

static const struct unit_test tests[] = {
        {"there_and_back", test_there_and_back},
        {"cut_off", test_cut_off},
        {"what_cannot_be", test_what_cannot_be},
        {"counts_and_ranges", test_counts_and_ranges},
        {"full", test_full},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "archive", tests);
}
