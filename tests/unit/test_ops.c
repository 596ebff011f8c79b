// What is answered over HTTP, of a board that nobody but the test writes on.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/html_text.h"
#include "kafka/kafka_metrics.h"
#include "ops/answer.h"
#include "ops/health.h"
#include "ops/notify.h"
#include "ops/status.h"
#include "redis/cache_metrics.h"
#include "run/aside_half_inside.h"
#include "run/detect_half_inside.h"
#include "run/half_metrics.h"
#include "run/judge_half_inside.h"
#include "unit.h"

struct stage {
    pthread_mutex_t lock;
    struct page_rates rates;
    struct board *board;
    struct process_metrics *process;
    struct answerer answerer;
};

static void stage_set(struct stage *stage)
{
    CU_ASSERT_EQUAL_FATAL(board_create(&stage->board), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(process_metrics_create(&stage->process), ERR_NONE);
    pthread_mutex_init(&stage->lock, NULL);
    page_rates_init(&stage->rates);
    stage->answerer = (struct answerer){
            stage->board, stage->process, &stage->lock, &stage->rates, "default-src 'none'"};
}

static void stage_clear(struct stage *stage)
{
    process_metrics_destroy(stage->process);
    board_destroy(stage->board);
    pthread_mutex_destroy(&stage->lock);
}

static void check(struct stage *stage, const char *path, unsigned status, const char *says)
{
    struct answer answer;
    answer_path(&stage->answerer, path, &answer);
    CU_ASSERT_EQUAL(answer.status, status);
    bool is_said = answer.body.n > 0 && strstr(answer.body.p, says) != NULL;
    CU_ASSERT(is_said);
    if (!is_said || answer.status != status) {
        printf("%s: %u %s\n", path, answer.status, answer.body.n > 0 ? answer.body.p : "");
    }
    strbuf_fini(&answer.body);
}

// Every table of the product on one board, as a live processor has them, and more than one half.
static void put_up_everything(struct board *board)
{
    const struct metric_table *const tables[] = {
            &consumer_metrics, &producer_metrics, &told_metrics, &judge_metrics, &cache_metrics};
    const struct metric_table *const others[] = {
            &consumer_metrics, &producer_metrics, &told_metrics, &client_metrics, &detect_metrics};
    const struct metric_constant judge[] = {{"half", "judge"}};
    const struct metric_constant detect[] = {{"half", "detect"}};
    struct board_place *first = board_take(board, "judge");
    struct board_place *second = board_take(board, "detect");
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        CU_ASSERT_PTR_NOT_NULL(board_page(first, tables[i], judge, i < 3));
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        CU_ASSERT_PTR_NOT_NULL(board_page(second, others[i], detect, i < 4));
    }
    const struct metric_constant control[] = {{"half", "control"}};
    CU_ASSERT_PTR_NOT_NULL(board_page(board_take(board, "control"), &aside_metrics, control, 1));
}

static int count_of(const char *text, const char *part)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part)) {
        count++;
    }
    return count;
}

// No family twice, no series twice, a HELP for each TYPE, and a word for each value of a label.
static void test_tables(void)
{
    struct stage stage;
    stage_set(&stage);
    put_up_everything(stage.board);
    struct answer answer;
    answer_path(&stage.answerer, "/metrics", &answer);
    CU_ASSERT_EQUAL(answer.status, 200);
    unit_check_text("type", answer.type, "text/plain; version=0.0.4; charset=utf-8");
    const struct metric_page *pages[PROCESS_PAGES_MAX];
    size_t count = process_metrics_gather(stage.process, stage.board, pages);
    for (size_t i = 0; i < count; i++) {
        const struct metric_table *table = metric_page_table(pages[i]);
        for (size_t at = 0; at < table->count; at++) {
            const struct metric_family *family = &table->families[at];
            struct strbuf head;
            strbuf_init(&head, 1000);
            strbuf_printf(&head, "# TYPE %s ", family->name);
            CU_ASSERT_EQUAL(count_of(answer.body.p, head.p), 1);
            memcpy(head.p, "# HELP", 6);
            CU_ASSERT_EQUAL(count_of(answer.body.p, head.p), 1);
            strbuf_fini(&head);
            bool ends_in_total = strstr(family->name, "_total") != NULL;
            CU_ASSERT_EQUAL(ends_in_total, family->type == METRIC_COUNTER);
            for (size_t label = 0; label < METRIC_LABELS_MAX; label++) {
                const struct metric_label *its = &family->labels[label];
                for (size_t value = 0; its->values != NULL && value < its->count; value++) {
                    CU_ASSERT_PTR_NOT_NULL(its->values[value]);
                }
            }
        }
    }
    // A series is the text up to its value.
    const char *end;
    for (const char *line = answer.body.p; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        struct strbuf series;
        strbuf_init(&series, 4096);
        const char *value = line[0] != '#' ? memrchr(line, ' ', (size_t)(end - line)) : NULL;
        if (value != NULL) {
            strbuf_add_byte(&series, '\n');
            strbuf_add(&series, line, (size_t)(value - line) + 1);
            CU_ASSERT(count_of(answer.body.p, series.p) <= 1);
        }
        strbuf_fini(&series);
    }
    strbuf_fini(&answer.body);
    stage_clear(&stage);
}

static void test_readiness(void)
{
    struct stage stage;
    stage_set(&stage);
    check(&stage, "/readyz", 503, "waits for Kafka");
    struct board_place *judge = board_take(stage.board, "judge");
    board_set_phase(stage.board, BOARD_RUNNING);
    check(&stage, "/readyz", 503, "judge: is not running");
    atomic_store(&judge->is_running, true);
    check(&stage, "/readyz", 503, "judge: has no place in its consumer group yet");
    atomic_store(&judge->has_joined, true);
    check(&stage, "/readyz", 200, "\"status\":\"ready\"");
    atomic_store(&judge->asks_cache, true);
    check(&stage, "/readyz", 503, "Redis does not answer");
    atomic_store(&judge->has_cache, true);
    check(&stage, "/readyz", 200, "\"reasons\":[]");
    atomic_store(&judge->is_delivering, false);
    check(&stage, "/readyz", 503, "its producer has failed");
    atomic_store(&judge->is_delivering, true);
    board_set_phase(stage.board, BOARD_DRAINING);
    check(&stage, "/readyz", 503, "is ending");
    stage_clear(&stage);
}

static struct mono_time after(int64_t ms)
{
    return mono_after_ms((struct mono_time){INT64_C(1000000000000)}, ms);
}

// Alive is who has a pulse, whatever is away; before its first beat a half waits for brokers.
static void test_life(void)
{
    struct stage stage;
    stage_set(&stage);
    check(&stage, "/healthz", 200, "alive");
    struct board_place *judge = board_take(stage.board, "judge");
    atomic_store(&judge->is_running, true);
    health_watch(stage.board, after(0));
    health_watch(stage.board, after(10 * HEALTH_PULSE_MAX_MS));
    check(&stage, "/healthz", 200, "alive");
    atomic_fetch_add(&judge->pulse, 1);
    health_watch(stage.board, after(10 * HEALTH_PULSE_MAX_MS));
    health_watch(stage.board, after(11 * HEALTH_PULSE_MAX_MS));
    check(&stage, "/healthz", 200, "alive");
    health_watch(stage.board, after(11 * HEALTH_PULSE_MAX_MS + 1));
    check(&stage, "/healthz", 503, "judge: does nothing since 150 s");
    check(&stage, "/metrics", 200, "wrongnumber_pulse_age_seconds{half=\"judge\"} 150.001\n");
    atomic_fetch_add(&judge->pulse, 1);
    health_watch(stage.board, after(12 * HEALTH_PULSE_MAX_MS));
    check(&stage, "/healthz", 200, "alive");
    atomic_store(&judge->is_running, false); // it has ended
    health_watch(stage.board, after(20 * HEALTH_PULSE_MAX_MS));
    check(&stage, "/healthz", 200, "alive");
    stage_clear(&stage);
}

static void test_paths(void)
{
    struct stage stage;
    stage_set(&stage);
    check(&stage, "/version", 200, "\"version\":\"" WN_VERSION "\"");
    check(&stage, "/nothing", 404, "/metrics");
    check(&stage, "/metrics/", 404, "/metrics");
    check(&stage, "//metrics", 404, "/metrics");
    check(&stage, "/../etc/passwd", 404, "/metrics");
    check(&stage, "", 404, "/metrics");
    stage_clear(&stage);
}

static void test_page_text(void)
{
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
            {"plain", "plain"},
            {"<script>alert(\"1\")</script>", "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;"},
            {"a'b&amp;", "a&#39;b&amp;amp;"},
            {"\xe4\xb8\xad\xe6\x96\x87", "\xe4\xb8\xad\xe6\x96\x87"},
            {"bad \xff byte", "bad \xef\xbf\xbd byte"},
            {"cut \xe4\xb8", "cut \xef\xbf\xbd\xef\xbf\xbd"},
            {"a\xe2\x80\xae"
             "b",
                    "a\xef\xbf\xbd"
                    "b"},
            {"a\tb\x1b[31m", "a\xef\xbf\xbd"
                             "b\xef\xbf\xbd[31m"},
            {"\xc2\x85", "\xef\xbf\xbd"},
            {"", ""},
    };
    struct strbuf out;
    strbuf_init(&out, 1000);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        strbuf_reset(&out);
        html_line(&out, view_of(rows[i].text));
        unit_check_text(rows[i].text, out.n > 0 ? out.p : "", rows[i].expected);
    }
    strbuf_fini(&out);
}

// Whatever a campaign is called, the page says it as text.
static void test_page(void)
{
    struct stage stage;
    stage_set(&stage);
    put_up_everything(stage.board);
    check(&stage, "/", 200, "has not told anything yet");
    struct status_report *report = status_report_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    report->incident_count = STATUS_INCIDENTS_MAX + 2;
    for (size_t i = 0; i < STATUS_INCIDENTS_MAX; i++) {
        report->incidents[i] = (struct status_incident){.id = "00ff",
                .tier = "stop",
                .scope = {.kind = "campaign",
                        .id = "<img src=x onerror='1'>",
                        .tenant = "\"quoted\""},
                .misdirected = 1234567,
                .judged = 2345678,
                .told_ms = INT64_C(1795309200000),
                .cause = "wrong_list"};
    }
    report->hold_count = 1;
    report->holds[0] = (struct status_hold){
            .scope = {.kind = "vendor", .id = "v</li>"}, .until_ms = INT64_C(1795395600000)};
    board_report(stage.board, &report->base);
    check(&stage, "/", 200,
            "<code>&lt;img src=x onerror=&#39;1&#39;&gt;</code> of <code>&quot;quoted&quot;");
    check(&stage, "/", 200, "1,234,567 of 2,345,678 messages were misdirected");
    check(&stage, "/", 200, "and 2 more");
    check(&stage, "/", 200, "<code>v&lt;/li&gt;</code>");
    check(&stage, "/", 200, "until <time>2026-11-23T01:00:00Z</time>");
    struct answer answer;
    answer_path(&stage.answerer, "/", &answer);
    CU_ASSERT_PTR_NULL(strstr(answer.body.p, "<img"));
    CU_ASSERT_PTR_NULL(strstr(answer.body.p, "<script"));
    CU_ASSERT_PTR_NULL(strstr(answer.body.p, "://"));
    strbuf_fini(&answer.body);
    stage_clear(&stage);
}

// Who holds what, who is waited for, and how far a canary is.
static void test_page_people(void)
{
    struct stage stage;
    stage_set(&stage);
    struct status_report *report = status_report_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    const struct status_scope scope = {.kind = "campaign", .id = "c", .tenant = "t"};
    report->made_ms = INT64_C(1795309200000);
    report->incident_count = 2;
    report->incidents[0] = (struct status_incident){
            .id = "00ff", .tier = "stop", .scope = scope, .wanted_ms = report->made_ms - 600000};
    report->incidents[1] = (struct status_incident){.id = "00ee",
            .tier = "stop",
            .scope = scope,
            .is_drill = true,
            .acknowledged_ms = report->made_ms,
            .acknowledged_by = "<ann>"};
    report->hold_count = 2;
    report->holds[0] = (struct status_hold){.scope = scope,
            .until_ms = report->made_ms + 60000,
            .is_monitor = true,
            .is_drill = true,
            .since_ms = report->made_ms - 1000,
            .reason = "<list>",
            .operator_id = "<ben>",
            .incident_id = "00ff00ff00ff00ff00ff00ff00ff00ff",
            .canary_step = 2,
            .canary_limit = 200,
            .canary_judged = 57,
            .released_by = "<cid>"};
    report->holds[1] =
            (struct status_hold){.scope = scope, .is_commanded = true, .is_proposed = true};
    report->pending_count = STATUS_PENDING_MAX + 1;
    for (size_t i = 0; i < STATUS_PENDING_MAX; i++) {
        report->pending[i] = (struct status_pending){.action = "release",
                .control_id = "<id>",
                .operator_id = "dan",
                .reason = "<why>",
                .deadline_ms = report->made_ms + 300000};
    }
    report->mode_count = 1;
    report->modes[0] = (struct status_mode){.scope = scope,
            .mode = "monitor",
            .operator_id = "<fay>",
            .until_ms = report->made_ms + 60000};
    report->order_count = 1234;
    report->outcome_count = 1;
    report->outcomes[0] = (struct status_outcome){
            .state = "refused", .why = "same_person", .action = "confirm", .operator_id = "eve"};
    report->drill_count = 1;
    board_report(stage.board, &report->base);
    static const char *const texts[] = {
            "Nobody has acknowledged it for 10 min.",
            "Acknowledged by <code>&lt;ann&gt;</code> at <time>2026-11-22T01:00:00Z</time>",
            "&lt;list&gt; · by <code>&lt;ben&gt;</code> · since <time>2026-11-22T00:59:59Z</time> "
            "· "
            "<a href=\"#i-00ff00ff00ff00ff00ff00ff00ff00ff\">incident 00ff00ff</a>",
            "Canary 2 of 3: <progress max=\"200\" value=\"57\"></progress> 57 of 200 messages · "
            "released by <code>&lt;cid&gt;</code>",
            "monitor: not really held",
            "held before this process began · by a person",
            "its release is proposed",
            "<span class=\"badge warn\">release</span> <p class=\"soft\">&lt;why&gt; · wanted by "
            "<code>dan</code> · confirm <code>&lt;id&gt;</code></p></div><div>void in 5 min",
            "and 1 more",
            "<span class=\"badge bad\">refused</span> confirm  <span class=\"soft\">same_person · "
            "by "
            "<code>eve</code>",
            "holds are told and not sent · by <code>&lt;fay&gt;</code></p></div><div>until "
            "<time>2026-11-22T01:01:00Z</time>",
            "Single messages and recipients, held or released: 1,234",
            "A drill is going on",
            "<span class=\"badge soft\">drill</span>",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        check(&stage, "/", 200, texts[i]);
    }
    stage_clear(&stage);
}

static void test_status_copy(void)
{
    char text[6];
    status_copy(text, sizeof text, VIEW("abc"));
    unit_check_text("short", text, "abc");
    status_copy(text, sizeof text, VIEW("abcdefgh"));
    unit_check_text("long", text, "ab\xe2\x80\xa6");
    status_copy(text, sizeof text, VIEW("a\xe4\xb8\xad\xe6\x96\x87"));
    unit_check_text("no half character", text, "a\xe2\x80\xa6");
    status_copy(text, sizeof text, VIEW_NONE);
    unit_check_text("none", text, "");
}

struct note {
    struct board_report report;
    int *destroyed;
};

static void destroy_note(struct board_report *report)
{
    struct note *note = (struct note *)report;
    (*note->destroyed)++;
}

// A report that somebody reads lives until he gives it back, and no longer.
static void test_reports(void)
{
    struct board *board;
    int destroyed[3] = {0, 0, 0};
    struct note notes[3];
    for (size_t i = 0; i < 3; i++) {
        notes[i] = (struct note){{.destroy = destroy_note}, &destroyed[i]};
    }
    CU_ASSERT_EQUAL_FATAL(board_create(&board), ERR_NONE);
    CU_ASSERT_PTR_NULL(board_borrow(board));
    board_return(board, NULL);
    board_report(board, &notes[0].report);
    struct board_report *first = board_borrow(board);
    struct board_report *again = board_borrow(board);
    CU_ASSERT_PTR_EQUAL(first, &notes[0].report);
    board_report(board, &notes[1].report);
    board_return(board, first);
    CU_ASSERT_EQUAL(destroyed[0], 0);
    board_return(board, again);
    CU_ASSERT_EQUAL(destroyed[0], 1);
    board_return(board, board_borrow(board));
    CU_ASSERT_EQUAL(destroyed[1], 0);
    board_report(board, &notes[2].report);
    CU_ASSERT_EQUAL(destroyed[1], 1);
    board_destroy(board);
    CU_ASSERT_EQUAL(destroyed[2], 1);
}

// A half that begins again, however often, goes on with the pages that it had.
static void test_pages_again(void)
{
    struct board *board;
    CU_ASSERT_EQUAL_FATAL(board_create(&board), ERR_NONE);
    struct board_place *place = board_take(board, "control");
    struct metric_page *first = NULL;
    for (int i = 0; i < 3 * BOARD_PAGES_MAX; i++) {
        const struct metric_constant consumer[] = {{"half", "control"}, {"client", "consumer"}};
        const struct metric_constant producer[] = {{"half", "control"}, {"client", "producer"}};
        struct metric_page *page = board_page(place, &client_metrics, consumer, 2);
        first = i == 0 ? page : first;
        CU_ASSERT_PTR_EQUAL(page, first);
        CU_ASSERT_PTR_NOT_EQUAL(board_page(place, &client_metrics, producer, 2), first);
    }
    board_destroy(board);
}

// A refused policy is no reason to be restarted or passed over, and is said everywhere until it is mended.
static void test_reload(void)
{
    struct stage stage;
    stage_set(&stage);
    board_set_phase(stage.board, BOARD_RUNNING);
    const struct wall_time first = {INT64_C(1795309200000)};
    const struct wall_time second = {INT64_C(1795309260000)};
    board_note_reload(NULL, false, first);
    check(&stage, "/readyz", 200, "\"notes\":[]");
    check(&stage, "/metrics", 200, "wrongnumber_config_last_reload_successful 1\n");
    board_note_reload(stage.board, false, first);
    board_note_reload(stage.board, false, second);
    check(&stage, "/readyz", 200,
            "\"notes\":[\"run: a new policy was refused, the old one is in force; since "
            "2026-11-22T01:00:00.000Z\"],\"status\":\"ready\"");
    check(&stage, "/healthz", 200, "a new policy was refused");
    check(&stage, "/metrics", 200, "wrongnumber_config_last_reload_successful 0\n");
    check(&stage, "/metrics", 200, "wrongnumber_config_reloads_total{outcome=\"refused\"} 2\n");
    check(&stage, "/metrics", 200,
            "wrongnumber_config_reload_failed_since_timestamp_seconds 1795309200\n");
    board_note_reload(stage.board, true, second);
    check(&stage, "/readyz", 200, "\"notes\":[]");
    check(&stage, "/metrics", 200, "wrongnumber_config_last_reload_successful 1\n");
    check(&stage, "/metrics", 200, "wrongnumber_config_reloads_total{outcome=\"in_force\"} 1\n");
    stage_clear(&stage);
}

static void test_notify(void)
{
    // An abstract name: nothing has to be removed.
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[64];
    snprintf(name, sizeof name, "@wrongnumber-test-%d", (int)getpid());
    memcpy(address.sun_path, name, strlen(name));
    address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    CU_ASSERT_EQUAL_FATAL(bind(fd, (const struct sockaddr *)&address, size), 0);
    struct notify notify;
    unsetenv("NOTIFY_SOCKET");
    notify_open(&notify);
    CU_ASSERT_EQUAL(notify.fd, -1);
    notify_send(&notify, "READY=1"); // to nobody
    setenv("NOTIFY_SOCKET", name, 1);
    setenv("WATCHDOG_USEC", "3000000", 1);
    notify_open(&notify);
    CU_ASSERT_NOT_EQUAL(notify.fd, -1);
    CU_ASSERT_EQUAL(notify.watchdog_ms, 3000);
    notify_send(&notify, "READY=1\nSTATUS=running");
    char got[100] = "";
    CU_ASSERT(recv(fd, got, sizeof got - 1, 0) > 0);
    unit_check_text("datagram", got, "READY=1\nSTATUS=running");
    notify_close(&notify);
    setenv("WATCHDOG_PID", "1", 1); // somebody else's
    notify_open(&notify);
    CU_ASSERT_EQUAL(notify.watchdog_ms, 0);
    notify_close(&notify);
    setenv("NOTIFY_SOCKET", "relative/path", 1);
    notify_open(&notify);
    CU_ASSERT_EQUAL(notify.fd, -1);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    close(fd);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"tables", test_tables},
            {"readiness", test_readiness},
            {"life", test_life},
            {"paths", test_paths},
            {"page_text", test_page_text},
            {"page", test_page},
            {"page_people", test_page_people},
            {"status_copy", test_status_copy},
            {"reports", test_reports},
            {"pages_again", test_pages_again},
            {"reload", test_reload},
            {"notify", test_notify},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "ops", tests);
}
