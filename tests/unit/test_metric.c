// Metrics as a page keeps them and as Prometheus reads them.
#include "common/metric_text.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static const char *const colours[] = {"red", "blue \"navy\"\\\n"};
static const struct metric_bounds bounds = {3, {1, 5, 10}};

enum { PLAIN, COLOURED, BY_PARTITION, TIMES, TWO_LABELS, MAYBE, FAMILIES };
static const struct metric_family families[FAMILIES] = {
        [PLAIN] = {.name = "t_seconds",
                .help = "A \\ and a\nline",
                .type = METRIC_GAUGE,
                .scale = 1000},
        [COLOURED] = {.name = "t_coloured_total",
                .help = "By colour",
                .type = METRIC_COUNTER,
                .labels = {{"colour", colours, 2}}},
        [BY_PARTITION] = {.name = "t_lag",
                .help = "By partition",
                .type = METRIC_GAUGE,
                .labels = {{"partition", NULL, 4}}},
        [TIMES] = {.name = "t_duration_seconds",
                .help = "How long",
                .type = METRIC_HISTOGRAM,
                .scale = 10,
                .bounds = &bounds},
        [TWO_LABELS] = {.name = "t_two_total",
                .help = "By two",
                .type = METRIC_COUNTER,
                .labels = {{"colour", colours, 2}, {"side", (const char *const[]){"l", "r"}, 2}}},
        [MAYBE] = {.name = "t_maybe",
                .help = "Perhaps",
                .type = METRIC_GAUGE,
                .may_be_absent = true},
};
static const struct metric_table table = {families, FAMILIES};

static struct metric_page *new_page(const struct metric_constant *constants, size_t count)
{
    struct metric_page *page = NULL;
    CU_ASSERT_EQUAL_FATAL(metric_page_create(&page, &table, constants, count), ERR_NONE);
    return page;
}

// The lines of the text that begin with `front`, ended by line feeds.
static void lines_of(const struct strbuf *text, const char *front, char *ret, size_t room)
{
    size_t used = 0;
    ret[0] = '\0';
    for (const char *at = text->p; at != NULL && *at != '\0';) {
        const char *end = strchr(at, '\n');
        CU_ASSERT_PTR_NOT_NULL_FATAL(end);
        size_t n = (size_t)(end - at) + 1;
        if (strncmp(at, front, strlen(front)) == 0 && used + n < room) {
            memcpy(ret + used, at, n);
            used += n;
            ret[used] = '\0';
        }
        at = end + 1;
    }
}

static void check_lines(const struct metric_page *const *pages, size_t count, const char *front,
        const char *expected)
{
    struct strbuf text;
    char lines[2000];
    strbuf_init(&text, 1 << 20);
    metric_write(&text, pages, count);
    CU_ASSERT_EQUAL(text.failed, ERR_NONE);
    lines_of(&text, front, lines, sizeof lines);
    unit_check_text(front, lines, expected);
    strbuf_fini(&text);
}

static void test_values(void)
{
    static const struct {
        int64_t value; // in thousandths
        const char *expected;
    } rows[] = {
            {0, "t_seconds 0\n"},
            {1, "t_seconds 0.001\n"},
            {1500, "t_seconds 1.5\n"},
            {-250, "t_seconds -0.25\n"},
            {1795355648439, "t_seconds 1795355648.439\n"},
            {INT64_MAX, "t_seconds 9223372036854775.807\n"},
    };
    struct metric_page *page = new_page(NULL, 0);
    const struct metric_page *pages[] = {page};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        metric_set(page, PLAIN, 0, rows[i].value);
        check_lines(pages, 1, "t_seconds", rows[i].expected);
    }
    metric_page_destroy(page);
}

static void test_labels(void)
{
    struct metric_page *page = new_page(NULL, 0);
    const struct metric_page *pages[] = {page};
    metric_set(page, COLOURED, 1, 7);
    metric_set(page, TWO_LABELS, 1 * 2 + 0, 3);
    check_lines(pages, 1, "t_coloured_total{",
            "t_coloured_total{colour=\"red\"} 0\n"
            "t_coloured_total{colour=\"blue \\\"navy\\\"\\\\\\n\"} 7\n");
    check_lines(pages, 1, "t_two_total{colour=\"blue",
            "t_two_total{colour=\"blue \\\"navy\\\"\\\\\\n\",side=\"l\"} 3\n"
            "t_two_total{colour=\"blue \\\"navy\\\"\\\\\\n\",side=\"r\"} 0\n");
    check_lines(pages, 1, "# HELP t_seconds", "# HELP t_seconds A \\\\ and a\\nline\n");
    metric_page_destroy(page);
}

static void test_what_is_not_there(void)
{
    struct metric_page *page = new_page(NULL, 0);
    const struct metric_page *pages[] = {page};
    check_lines(pages, 1, "t_lag", "");
    check_lines(pages, 1, "t_maybe", "");
    metric_set(page, BY_PARTITION, 2, 5);
    metric_set(page, BY_PARTITION, 4, 9); // no room: left out
    metric_set(page, MAYBE, 0, 1);
    check_lines(pages, 1, "t_lag", "t_lag{partition=\"2\"} 5\n");
    check_lines(pages, 1, "t_maybe", "t_maybe 1\n");
    metric_clear(page, BY_PARTITION, 2);
    metric_clear(page, MAYBE, 0);
    check_lines(pages, 1, "t_lag", "");
    check_lines(pages, 1, "t_maybe", "");
    metric_page_destroy(page);
}

static void test_histogram(void)
{
    struct metric_histogram times = {0};
    struct metric_page *page = new_page(NULL, 0);
    const struct metric_page *pages[] = {page};
    const int64_t observed[] = {0, 1, 2, 5, 6, 10, 11, 500};
    for (size_t i = 0; i < sizeof observed / sizeof *observed; i++) {
        metric_observe(&times, &bounds, observed[i]);
    }
    metric_set_histogram(page, TIMES, &times);
    check_lines(pages, 1, "t_duration_seconds",
            "t_duration_seconds_bucket{le=\"0.1\"} 2\n"
            "t_duration_seconds_bucket{le=\"0.5\"} 4\n"
            "t_duration_seconds_bucket{le=\"1\"} 6\n"
            "t_duration_seconds_bucket{le=\"+Inf\"} 8\n"
            "t_duration_seconds_sum 53.5\n"
            "t_duration_seconds_count 8\n");
    metric_page_destroy(page);
}

static void test_pages_of_one_table(void)
{
    const struct metric_constant a[] = {{"half", "a"}};
    const struct metric_constant b[] = {{"half", "b"}};
    struct metric_page *first = new_page(a, 1);
    struct metric_page *second = new_page(b, 1);
    const struct metric_page *pages[] = {first, second};
    metric_set(second, BY_PARTITION, 0, 1);
    check_lines(pages, 2, "t_seconds", "t_seconds{half=\"a\"} 0\nt_seconds{half=\"b\"} 0\n");
    check_lines(pages, 2, "t_lag", "t_lag{half=\"b\",partition=\"0\"} 1\n");
    check_lines(pages, 2, "# TYPE t_lag", "# TYPE t_lag gauge\n");
    check_lines(pages, 2, "t_duration_seconds_bucket{half=\"b\",le=\"+Inf\"}",
            "t_duration_seconds_bucket{half=\"b\",le=\"+Inf\"} 0\n");
    metric_page_destroy(first);
    metric_page_destroy(second);
}

// Every bound of the two lists is above the one before, as a histogram's must be.
static void test_bounds(void)
{
    const struct metric_bounds *const lists[] = {&metric_work_bounds, &metric_delay_bounds};
    for (size_t i = 0; i < 2; i++) {
        CU_ASSERT(lists[i]->count > 0 && lists[i]->count <= METRIC_BUCKETS_MAX);
        for (size_t at = 1; at < lists[i]->count; at++) {
            CU_ASSERT(lists[i]->upper[at] > lists[i]->upper[at - 1]);
        }
    }
    CU_ASSERT_EQUAL(metric_work_bounds.upper[0], 10 * 1000);
    CU_ASSERT_EQUAL(metric_work_bounds.upper[metric_work_bounds.count - 1], INT64_C(10000000000));
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"values", test_values},
            {"labels", test_labels},
            {"what_is_not_there", test_what_is_not_there},
            {"histogram", test_histogram},
            {"pages_of_one_table", test_pages_of_one_table},
            {"bounds", test_bounds},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "metric", tests);
}
