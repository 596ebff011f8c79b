// The pieces of a report: text from outside, numbers for people, and series that keep their peaks.
#include "bench/html.h"
#include "bench/report_redrive.h"
#include "bench/report_series.h"
#include "bench/svg.h"
#include "tests/support/unit.h"

static void check(struct strbuf *out, const char *expected)
{
    CU_ASSERT_STRING_EQUAL(out->p != NULL ? out->p : "", expected);
    strbuf_reset(out);
}

static void escapes(void)
{
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
            {"plain, 借款 é", "plain, 借款 é"},
            {"<b a=\"1\" c='2'>&</b>", "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;&lt;/b&gt;"},
            {"\x01\x7f\n", "\xef\xbf\xbd\xef\xbf\xbd\n"},
            {"a\xe2\x80\xae"
             "b\xe2\x81\xa6",
                    "a\xef\xbf\xbd"
                    "b\xef\xbf\xbd"},     // turn the direction
            {"\xc2\x80", "\xef\xbf\xbd"}, // a control
            {"\xff"
             "a\xc0\xaf",
                    "\xef\xbf\xbd"
                    "a\xef\xbf\xbd\xef\xbf\xbd"},                     // no UTF-8
            {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, // a surrogate
            {"\xe5\x80", "\xef\xbf\xbd\xef\xbf\xbd"},                 // cut off
    };
    struct strbuf out;
    strbuf_init(&out, 4096);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        html_text(&out, view_of(rows[i].text));
        check(&out, rows[i].expected);
    }
    html_text(&out, (struct view){"a\0b", 3});
    check(&out, "a\xef\xbf\xbd"
                "b");
    strbuf_fini(&out);
}

static void numbers(void)
{
    struct strbuf out;
    strbuf_init(&out, 4096);
    html_count(&out, 0);
    check(&out, "0");
    html_count(&out, 999);
    check(&out, "999");
    html_count(&out, 1000);
    check(&out, "1,000");
    html_count(&out, 1234005);
    check(&out, "1,234,005");
    html_count(&out, INT64_MIN);
    check(&out, "−9,223,372,036,854,775,808");
    html_percent(&out, 0.007611);
    check(&out, "0.76\xe2\x80\xaf%");
    html_percent(&out, 1);
    check(&out, "100\xe2\x80\xaf%");
    html_large(&out, 5.87e9);
    check(&out, "5.87 billion");
    html_large(&out, 200e6);
    check(&out, "200 million");
    html_large(&out, 3.14e20);
    check(&out, "3.1 × 10<sup>20</sup>");
    html_moment(&out, INT64_C(1772409849032));
    check(&out, "2 March 2026, 00:04:09 UTC");
    html_moment(&out, INT64_C(951782400000));
    check(&out, "29 February 2000, 00:00:00 UTC");
    html_span(&out, 87000);
    check(&out, "1 minute 27 seconds");
    html_span(&out, 86400000);
    check(&out, "1 day");
    strbuf_fini(&out);
}

// However many points come, at most SERIES_POINTS are kept, and the highest is among them.
static void series_keeps_peaks(void)
{
    static const int64_t lengths[] = {1, SERIES_POINTS, SERIES_POINTS + 1, 12345, 1000000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct report_series series = {0};
        int64_t w[NODE_COUNT] = {0};
        series_add(&series, w, 1, 0);
        series_begin(&series);
        int64_t peak = lengths[i] / 3;
        for (int64_t n = 0; n < lengths[i]; n++) {
            w[2] = n == peak ? 777 : n % 5;
            series_add(&series, w, 1, n % 3 == 0);
        }
        struct report_point points[SERIES_BEFORE + SERIES_POINTS];
        uint32_t count = series_points(&series, points);
        int64_t highest = 0;
        int64_t judged = 0;
        int64_t misdirected = 0;
        for (uint32_t j = 1; j < count; j++) {
            highest = points[j].w_nat6[2] > highest ? points[j].w_nat6[2] : highest;
            judged += points[j].judged;
            misdirected += points[j].misdirected;
        }
        CU_ASSERT(count <= 1 + SERIES_POINTS);
        CU_ASSERT_EQUAL(points[0].message, 0);
        CU_ASSERT_EQUAL(points[count - 1].message, lengths[i]);
        CU_ASSERT_EQUAL(highest, 777);
        CU_ASSERT_EQUAL(judged, lengths[i]);
        CU_ASSERT_EQUAL(misdirected, (lengths[i] + 2) / 3);
    }
}

// Times in any order: nothing is lost, and every message lies in the bin of its time.
static void bins_hold_all_times(void)
{
    static const int64_t times[] = {1772409849032, 1772409849033, 1772409848000, 1772496249032,
            946684800000, 4102444799999, 1772409849032};
    const size_t count = sizeof times / sizeof times[0];
    struct report_bins bins = {0};
    for (size_t i = 0; i < count; i++) {
        bins_add(&bins, times[i], i == 0);
    }
    uint64_t judged = 0;
    uint64_t misdirected = 0;
    for (uint32_t i = 0; i < BINS_COUNT; i++) {
        judged += bins.at[i].judged;
        misdirected += bins.at[i].misdirected;
    }
    CU_ASSERT_EQUAL(judged, count);
    CU_ASSERT_EQUAL(misdirected, 1);
    for (size_t i = 0; i < count; i++) {
        int64_t at = (times[i] - bins.base_ms) / bins.width_ms;
        CU_ASSERT(at >= 0 && at < BINS_COUNT && bins.at[at].judged > 0);
    }
}

// design: four in a row at p0 = 0.5 % have 20.988 nats without the guard; each guarded one has
// less, a recipient who comes again none.
static void redrive_follows_the_rules(void)
{
    struct redrive drive = {.level = redrive_level(0.007611)};
    CU_ASSERT_EQUAL(drive.level, 21);
    redrive_step(&drive, true, VIEW("a"), 1000);
    CU_ASSERT_EQUAL(drive.bank.nodes[3].w_nat6, 4826877);
    redrive_step(&drive, true, VIEW("b"), 2000);
    CU_ASSERT_EQUAL(drive.bank.nodes[3].w_nat6, 4826877 + 2944438);
    redrive_step(&drive, true, VIEW("a"), 3000);
    CU_ASSERT_EQUAL(drive.bank.nodes[3].w_nat6, 4826877 + 2944438);
    redrive_step(&drive, false, VIEW("c"), 4000);
    CU_ASSERT_EQUAL(drive.bank.nodes[3].w_nat6, 4826877 + 2944438 - 2988093);
    redrive_step(&drive, true, VIEW("a"), 1000 + INT64_C(24) * 3600000);
    CU_ASSERT_EQUAL(drive.bank.nodes[3].w_nat6, 2 * 4826877 + 2944438 - 2988093);
    CU_ASSERT_EQUAL(node_of(VIEW("95")), 3);
    CU_ASSERT_EQUAL(node_of(VIEW("walking")), NODE_COUNT);
}

static void ticks_are_round(void)
{
    double first;
    double step;
    svg_ticks(0, 22.5, 6, &first, &step);
    CU_ASSERT_DOUBLE_EQUAL(step, 5, 1e-9);
    svg_ticks(-3, 27, 9, &first, &step);
    CU_ASSERT_DOUBLE_EQUAL(first, 0, 1e-9);
    int64_t first_ms;
    int64_t step_ms;
    svg_time_ticks(1772409849032, 1772455849032, 8, &first_ms, &step_ms);
    CU_ASSERT_EQUAL(step_ms, 7200000);
    CU_ASSERT(first_ms >= 1772409849032 && first_ms % step_ms == 0);
    svg_time_ticks(946684800000, 4102444799999, 4, &first_ms, &step_ms);
    CU_ASSERT((4102444799999 - 946684800000) / step_ms < 16);
}

static const struct unit_test tests[] = {
        {"text from outside is escaped", escapes},
        {"numbers and times for people", numbers},
        {"a series keeps its peaks and counts", series_keeps_peaks},
        {"bins hold all times", bins_hold_all_times},
        {"a statistic driven again follows the detector's rules", redrive_follows_the_rules},
        {"ticks are round", ticks_are_round},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "report", tests);
}
