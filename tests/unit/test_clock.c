// Reading and writing times: the usual form has a way of its own, which must say what the other says.
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "tests/support/unit.h"

// With a digit more, which is cut, a text goes the other way.
static void check_both_ways(const char *usual)
{
    char other[64];
    size_t n = strlen(usual);
    memcpy(other, usual, n - 1);
    other[n - 1] = '9';
    other[n] = usual[n - 1];
    other[n + 1] = '\0';
    int64_t ms = -1;
    int64_t other_ms = -1;
    enum clock_parse got = clock_parse_rfc3339(view_of(usual), &ms);
    enum clock_parse expected = clock_parse_rfc3339(view_of(other), &other_ms);
    CU_ASSERT_EQUAL(got, expected);
    CU_ASSERT_EQUAL(ms, other_ms);
    if (got != expected || ms != other_ms) {
        fprintf(stderr, "  %s: %d, %d\n", usual, (int)got, (int)expected);
    }
}

static void test_usual_form(void)
{
    const char *const times[] = {"2026-03-02T00:46:15.654Z", "2000-01-01T00:00:00.000Z",
            "1999-12-31T23:59:59.999Z", "2099-12-31T23:59:59.999Z", "2100-01-01T00:00:00.000Z",
            "2024-02-29T12:00:00.001Z", "2026-02-29T12:00:00.001Z", "2100-02-29T12:00:00.001Z",
            "2026-06-30T23:59:60.500Z", "2026-06-30T24:00:00.000Z", "2026-06-30T23:60:00.000Z",
            "2026-06-30T23:59:61.000Z", "2026-13-01T00:00:00.000Z", "2026-00-01T00:00:00.000Z",
            "2026-04-31T00:00:00.000Z", "2026-04-00T00:00:00.000Z"};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        check_both_ways(times[i]);
    }
}

// Any byte in the place of any other but the last.
static void test_every_place(void)
{
    const char bytes[] = "/0123456789:;-.Tt Zz+\xb9";
    char text[] = "2026-11-22T18:35:47.293Z";
    for (size_t at = 0; at + 2 < sizeof text; at++) {
        char was = text[at];
        for (size_t i = 0; i + 1 < sizeof bytes; i++) {
            text[at] = bytes[i];
            check_both_ways(text);
        }
        text[at] = was;
    }
}

static void test_written_and_read(void)
{
    struct strbuf sb;
    strbuf_init(&sb, 64);
    for (int64_t ms = CLOCK_MIN_MS; ms < CLOCK_END_MS; ms += INT64_C(86400000) * 13 + 45296789) {
        strbuf_reset(&sb);
        clock_format(&sb, ms);
        int64_t back = -1;
        CU_ASSERT_EQUAL(clock_parse_rfc3339(strbuf_view(&sb), &back), CLOCK_OK);
        CU_ASSERT_EQUAL(back, ms);
    }
    strbuf_fini(&sb);
}

static void test_format(void)
{
    const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
            {0, "1970-01-01T00:00:00.000Z"},
            {-1, "1969-12-31T23:59:59.999Z"},
            {INT64_C(1772412375654), "2026-03-02T00:46:15.654Z"},
            {INT64_C(-62167219200000), "0000-01-01T00:00:00.000Z"},
            {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
    };
    struct strbuf sb;
    strbuf_init(&sb, 64);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        strbuf_reset(&sb);
        clock_format(&sb, rows[i].ms);
        unit_check_text("time", sb.p, rows[i].text);
    }
    strbuf_fini(&sb);
}

int main(int argc, char **argv)
{
    const struct unit_test tests[] = {{"usual_form", test_usual_form},
            {"every_place", test_every_place}, {"written_and_read", test_written_and_read},
            {"format", test_format}, {NULL, NULL}};
    return unit_main(argc, argv, "clock", tests);
}
