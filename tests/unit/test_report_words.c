// What stands in the audit log as JSON, as people read it: never a brace, and whatever others wrote is text.
#include <string.h>

#include "audit/report_words.h"
#include "unit.h"

struct row {
    const char *json;
    const char *wanted;
};

static void check_rows(
        void (*add)(struct strbuf *sb, struct view json), const struct row *rows, size_t count)
{
    struct strbuf sb;
    strbuf_init(&sb, 64 * 1024);
    for (size_t i = 0; i < count; i++) {
        strbuf_reset(&sb);
        add(&sb, rows[i].json != NULL ? view_of(rows[i].json) : VIEW_NONE);
        unit_check_text(
                rows[i].json != NULL ? rows[i].json : "none", sb.n > 0 ? sb.p : "", rows[i].wanted);
    }
    strbuf_fini(&sb);
}

#define CHECK(add, rows) check_rows(add, rows, sizeof(rows) / sizeof *(rows))

static void test_json(void)
{
    static const struct row rows[] = {
            {NULL, "–"}, {"null", "–"}, {"true", "yes"}, {"0.5", "0.5"},
            {"\"<b>\\u4e2d\\n\"", "&lt;b&gt;\xe4\xb8\xad\n"}, {"[]", "–"},
            {"[1,null,\"a\"]", "1, –, a"},
            {"{\"a_b\":[1,2],\"<c>\":{\"d\":false}}",
                    "<table><tr><th>a b</th><td>1, 2</td></tr>\n<tr><th>&lt;c&gt;</th><td><table>"
                    "<tr><th>d</th><td>no</td></tr>\n</table></td></tr>\n</table>"},
            {"{\"a\":[{\"b\":1},{\"b\":2}]}",
                    "<table><tr><th>a</th><td><table><tr><th>b</th><td>1</td></tr>\n</table><table>"
                    "<tr><th>b</th><td>2</td></tr>\n</table></td></tr>\n</table>"},
            {"[[[[[[[[1]]]]]]]]", "[1]"}, // what is nested further is as it was written
    };
    CHECK(words_add_json, rows);
}

static void test_scope(void)
{
    static const struct row rows[] = {
            {NULL, "–"},
            {"[]", "– <code>–</code>"},
            {"{\"kind\":\"campaign\",\"id\":\"<c>\",\"tenant_id\":\"t\"}",
                    "campaign <code>&lt;c&gt;</code> of lender <code>t</code>"},
            {"{\"kind\":\"tenant\",\"id\":\"t\",\"tenant_id\":\"t\",\"channel\":\"sms\"}",
                    "lender <code>t</code> by sms"},
    };
    CHECK(words_add_scope, rows);
}

static void test_cause(void)
{
    static const struct row rows[] = {
            {NULL, "–"},
            {"{\"likely\":\"unknown\",\"ranked\":[]}",
                    "unknown: nothing speaks for one cause more than for others"},
            {"{\"likely\":\"feed_lag\",\"ranked\":[{\"cause\":\"feed_lag\",\"share\":0.7},"
             "{\"cause\":\"wrong_list\",\"share\":0.034}]}",
                    "feed lag: the relationship data were late, not the list wrong. By the numbers "
                    "feed lag 70 %, wrong list 3.40 %"},
    };
    CHECK(words_add_cause, rows);
}

static void test_reasons(void)
{
    static const struct row rows[] = {
            {NULL, "<p>None is told.</p>\n"},
            {"{\"no_record\":0}", "<p>None is told.</p>\n"},
            {"{\"no_record\":0,\"opted_out\":7,\"<x>\":1}",
                    "<table><tr><th>Messages</th><th>Reason</th><th>Meaning</th></tr>\n"
                    "<tr><td>7</td><td>opted out</td><td>does not want to be written to in this "
                    "way</td></tr>\n<tr><td>1</td><td>&lt;x&gt;</td><td></td></tr>\n</table>\n"},
    };
    CHECK(words_add_reasons, rows);
}

static void test_evidence(void)
{
    static const struct row rows[] = {
            {NULL, "<p>None is told.</p>\n"},
            {"{\"judged\":1234,\"misdirected\":7,\"baseline\":0.005,\"estimated_rate\":0.777778,"
             "\"interval\":[0.456,0.945],\"false_alarm_budget\":200000000,\"change_point\":"
             "{\"occurred_at\":\"2026-11-22T07:59:59.000Z\",\"message_id\":\"m-9\"}}",
                    "<p>Of 1,234 messages that were judged since <time>2026-11-22 07:59:59 "
                    "UTC</time>, 7 were misdirected: 78 %, with 95 % certainty between 46 % and "
                    "94 %. Usual for its like is 0.50 %. The rule by which it was told errs at "
                    "most once in 200,000,000 healthy messages. The first of them is "
                    "<code>m-9</code>.</p>\n"},
    };
    CHECK(words_add_evidence, rows);
}

static void test_time(void)
{
    static const struct row rows[] = {
            {"2026-11-22T08:00:01.234Z", "<time>2026-11-22 08:00:01 UTC</time>"},
            {"2026-11-22T16:00:01.234+08:00", "<time>2026-11-22 16:00:01 +08:00</time>"},
            {"2026-11-22", "2026-11-22"},
            {"<soon>", "&lt;soon&gt;"},
            {NULL, "–"},
    };
    CHECK(words_add_time, rows);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"json", test_json},
            {"scope", test_scope},
            {"cause", test_cause},
            {"reasons", test_reasons},
            {"evidence", test_evidence},
            {"time", test_time},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "report_words", tests);
}
