#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/live_cost.h"
#include "bench/live_figures.h"
#include "bench/live_ledger.h"
#include "bench/live_schedule.h"

// --- when messages are due --------------------------------------------------------------------

static void test_due(void)
{
    const struct live_schedule thirds = {.start_ns = 1000, .rate = 3};
    CU_ASSERT_EQUAL(live_due_ns(&thirds, 0), 1000);
    CU_ASSERT_EQUAL(live_due_ns(&thirds, 1), 333333333 + 1000);
    CU_ASSERT_EQUAL(live_due_ns(&thirds, 3), 1000000000 + 1000);
    // A day of them has no error that added up.
    CU_ASSERT_EQUAL(live_due_ns(&thirds, 3 * 86400), INT64_C(86400000000000) + 1000);
    const struct live_schedule fast = {.rate = 10000000};
    CU_ASSERT_EQUAL(live_due_ns(&fast, UINT64_C(864000000001)), INT64_C(86400000000100));
}

static void test_due_count(void)
{
    static const struct {
        int64_t rate;
        int64_t length_ns;
        uint64_t count;
        uint64_t due;
    } each[] = {
            {0, 5000000000, 1000, 1000},                        // flat out: nobody knows
            {10, 0, 1000, 1000},                                // no end
            {10, 5000000000, 1000, 50},                         // 0 … 49 are due before the end
            {10, 5000000001, 1000, 51},                         // and the next one with it
            {3, 1000000000, 1000, 3}, {10, 5000000000, 20, 20}, // the day is shorter
    };
    for (unsigned i = 0; i < sizeof each / sizeof each[0]; i++) {
        const struct live_schedule schedule = {
                .rate = each[i].rate, .length_ns = each[i].length_ns};
        CU_ASSERT_EQUAL(live_due_count(&schedule, each[i].count), each[i].due);
        if (each[i].rate > 0 && each[i].length_ns > 0 && each[i].due < each[i].count) {
            CU_ASSERT_FALSE(live_is_over(&schedule, live_due_ns(&schedule, each[i].due - 1)));
            CU_ASSERT_TRUE(live_is_over(&schedule, live_due_ns(&schedule, each[i].due)));
        }
    }
}

// --- what comes of them -----------------------------------------------------------------------

#define EVENT(id, campaign)                                                                        \
    "{\"message_id\":\"" id                                                                        \
    "\",\"recipient\":\"+8613800138000\",\"occurred_at\":\"2026-03-02T00:27:13Z\",\"tenant_id\":"  \
    "\"t\",\"campaign_id\":" campaign ",\"sender_id\":\"s\"}\n"
#define LABEL(id, expected, incident)                                                              \
    "{\"message_id\":\"" id "\",\"expected\":\"" expected                                          \
    "\",\"reasons\":[],\"incident\":" incident ",\"cause\":null}\n"

// Seven messages: two clear, one misdirected by itself, four of an incident, of which one is clear; the
// campaign's id is a number in events and a text in commands. The line that is no message has no label.
static const char events[] = EVENT("m0", "5") EVENT("m1", "5") EVENT("m2", "5") "\nnothing\n" EVENT(
        "m3", "7") EVENT("m4", "7") EVENT("m5", "7") EVENT("m6", "7") EVENT("m1", "5");
static const char labels[] =
        LABEL("m0", "clear", "null") LABEL("m1", "misdirected", "null") LABEL("m2", "clear", "null")
                LABEL("m3", "clear", "\"i1\"") LABEL("m4", "misdirected", "\"i1\"")
                        LABEL("m5", "misdirected", "\"i1\"") LABEL("m6", "misdirected", "\"i1\"");
static const char scenario[] = "{\"incidents\":[{\"id\":\"i1\",\"kind\":\"wrong_list\",\"scope\":{"
                               "\"kind\":\"campaign\",\"id\":\"7\","
                               "\"tenant_id\":\"t\"}}]}";

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fputs(text, file) < 0, 0);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

static void remove_day(const char *folder)
{
    static const char *const names[] = {"events.ndjson", "labels.ndjson", "scenario.json"};
    char path[256];
    for (unsigned i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void begin_day(struct live_ledger *ledger, uint64_t most)
{
    char folder[] = "/tmp/test_live.XXXXXX";
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    write_file(folder, "events.ndjson", events);
    write_file(folder, "labels.ndjson", labels);
    write_file(folder, "scenario.json", scenario);
    struct config *config;
    CU_ASSERT_EQUAL_FATAL(config_create_default(&config), ERR_NONE);
    struct strbuf why;
    strbuf_init(&why, 4096);
    CU_ASSERT_EQUAL_FATAL(live_ledger_begin(ledger, folder, config->fields, most, &why), ERR_NONE);
    strbuf_fini(&why);
    config_destroy(config);
    remove_day(folder);
}

// Message i is due at 1000 (i + 1).
static void send(struct live_ledger *ledger, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        live_ledger_sent(ledger, i, (int64_t)(1000 * (i + 1)));
    }
}

static void see(struct live_ledger *ledger, const char *action, const char *kind, const char *id,
        const char *tenant, int64_t now_ns)
{
    char text[256];
    int n = snprintf(text, sizeof text,
            "{\"action\":\"%s\",\"target\":{\"kind\":\"%s\",\"id\":\"%s\",\"tenant_id\":\"%s\"}}",
            action, kind, id, tenant);
    live_ledger_command(ledger, view_bytes(text, (size_t)n), now_ns);
}

static void test_keys(void)
{
    struct live_ledger ledger;
    begin_day(&ledger, UINT64_MAX);
    CU_ASSERT_EQUAL(ledger.events, 9); // the empty line is no message
    CU_ASSERT_EQUAL(ledger.unlabelled, 1);
    CU_ASSERT_TRUE(view_is(live_ledger_key(&ledger, 0), "m0"));
    CU_ASSERT_TRUE(view_is_none(live_ledger_key(&ledger, 3)));
    CU_ASSERT_TRUE(view_is(live_ledger_key(&ledger, 4), "m3"));
    live_ledger_fini(&ledger);
    begin_day(&ledger, 2);
    CU_ASSERT_EQUAL(ledger.events, 2);
    live_ledger_fini(&ledger);
}

static void test_holds(void)
{
    struct live_ledger ledger;
    struct live_holds *holds = calloc(1, sizeof *holds);
    CU_ASSERT_PTR_NOT_NULL_FATAL(holds);
    begin_day(&ledger, UINT64_MAX);
    send(&ledger, 7); // up to m5; m6 and m1 again are not sent
    see(&ledger, "hold", "message", "m1", "t", 2050);
    see(&ledger, "hold", "message", "m1", "t", 9000);
    see(&ledger, "release", "message", "m4", "t", 6000);
    see(&ledger, "hold", "message", "m4", "t", 6200);
    see(&ledger, "hold", "message", "m0", "t", 6300);
    see(&ledger, "hold", "message", "other", "t", 6300);
    live_ledger_command(&ledger, VIEW("{}"), 1);
    live_ledger_command(&ledger, VIEW("nothing"), 1);
    live_ledger_holds(&ledger, 0, holds);
    CU_ASSERT_EQUAL(holds->expected, 3);
    CU_ASSERT_EQUAL(holds->matched, 2);
    CU_ASSERT_EQUAL(holds->latency.count, 2);
    CU_ASSERT_EQUAL(latency_at(&holds->latency, 500), 50);
    CU_ASSERT_EQUAL(holds->latency.max_ns, 200); // m4 is event 5
    CU_ASSERT_EQUAL(ledger.repeated, 1);
    CU_ASSERT_EQUAL(ledger.unexpected, 1);
    CU_ASSERT_EQUAL(ledger.foreign, 1);
    // What was due in the warm-up is counted, and its time is not.
    live_ledger_holds(&ledger, 2001, holds);
    CU_ASSERT_EQUAL(holds->matched, 2);
    CU_ASSERT_EQUAL(holds->latency.count, 1);
    live_ledger_fini(&ledger);
    free(holds);
}

// m1 is sent again behind the others: counted is from when it was due first.
static void test_sent_again(void)
{
    struct live_ledger ledger;
    struct live_holds *holds = calloc(1, sizeof *holds);
    CU_ASSERT_PTR_NOT_NULL_FATAL(holds);
    begin_day(&ledger, UINT64_MAX);
    send(&ledger, 9);
    see(&ledger, "hold", "message", "m1", "t", 9900);
    live_ledger_holds(&ledger, 0, holds);
    CU_ASSERT_EQUAL(holds->expected, 4);
    CU_ASSERT_EQUAL(holds->latency.max_ns, 7900);
    live_ledger_fini(&ledger);
    free(holds);
}

static void test_stop(void)
{
    struct live_ledger ledger;
    begin_day(&ledger, UINT64_MAX);
    struct live_stop stop = live_ledger_stop(&ledger, 0);
    CU_ASSERT_EQUAL(stop.misdirected, 0);
    CU_ASSERT_EQUAL(stop.latency_ns, -1);
    send(&ledger, 9); // m4, m5, m6 at 6000, 7000, 8000
    stop = live_ledger_stop(&ledger, 0);
    CU_ASSERT_EQUAL(stop.misdirected, 3);
    CU_ASSERT_EQUAL(stop.escaped, 3); // nobody has stopped it
    CU_ASSERT_EQUAL(stop.first_ns, 6000);
    see(&ledger, "hold", "campaign", "5", "t", 7100);     // another campaign
    see(&ledger, "hold", "campaign", "7", "other", 7100); // of another lender
    see(&ledger, "release", "campaign", "7", "t", 7100);
    see(&ledger, "hold", "vendor", "7", "t", 7100); // it has no vendor
    CU_ASSERT_EQUAL(live_ledger_stop(&ledger, 0).latency_ns, -1);
    see(&ledger, "hold", "campaign", "7", "t", 7400);
    see(&ledger, "hold", "sender", "s", "t", 7900); // later, and no news
    stop = live_ledger_stop(&ledger, 0);
    CU_ASSERT_EQUAL(stop.latency_ns, 1400);
    CU_ASSERT_EQUAL(stop.escaped, 2); // m6 was due behind it
    CU_ASSERT_EQUAL(ledger.incidents[0].seen_kind, SCOPE_CAMPAIGN);
    CU_ASSERT_EQUAL(ledger.scope_holds, 5);
    live_ledger_fini(&ledger);
}

static void test_wider_scope(void)
{
    struct live_ledger ledger;
    begin_day(&ledger, UINT64_MAX);
    send(&ledger, 9);
    see(&ledger, "hold", "tenant", "t", "t", 6500);
    CU_ASSERT_EQUAL(live_ledger_stop(&ledger, 0).latency_ns, 500);
    CU_ASSERT_EQUAL(live_ledger_stop(&ledger, 0).escaped, 1);
    live_ledger_fini(&ledger);
}

// --- what it costs ----------------------------------------------------------------------------

static void test_proc(void)
{
    int64_t cpu_ns = 0;
    CU_ASSERT_TRUE(process_cost_read_stat(
            "12 (a ) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 4 0 77", 100, &cpu_ns));
    CU_ASSERT_EQUAL(cpu_ns, 3000000000);
    CU_ASSERT_FALSE(process_cost_read_stat("12 (a) S 1", 100, &cpu_ns));
    CU_ASSERT_FALSE(process_cost_read_stat("", 100, &cpu_ns));
    int64_t now = 0;
    int64_t most = 0;
    CU_ASSERT_TRUE(process_cost_read_status(
            "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\nThreads:\t3\n", &now, &most));
    CU_ASSERT_EQUAL(now, 1048576);
    CU_ASSERT_EQUAL(most, 2097152);
    CU_ASSERT_FALSE(process_cost_read_status("Name:\tx\n", &now, &most));
    int32_t self = (int32_t)getpid();
    struct process_cost cost = process_cost_of(&self, 1);
    CU_ASSERT_TRUE(cost.is_known && cost.resident > 0 && cost.resident_at_most >= cost.resident);
    CU_ASSERT_FALSE(process_cost_of(NULL, 0).is_known);
    int32_t nobody[] = {self, INT32_MAX};
    CU_ASSERT_FALSE(process_cost_of(nobody, 2).is_known);
}

static void test_info(void)
{
    struct redis_cost cost = redis_cost_read(
            VIEW("# Server\r\nprocess_id:77\r\nused_memory:1000\r\ntotal_commands_processed:12\r\n"
                 "total_reads_processed:9\r\n"));
    CU_ASSERT_TRUE(cost.is_known);
    CU_ASSERT_EQUAL(cost.pid, 77);
    CU_ASSERT_EQUAL(cost.memory_bytes, 1000);
    CU_ASSERT_EQUAL(cost.commands, 12);
    CU_ASSERT_EQUAL(cost.reads, 9);
    CU_ASSERT_FALSE(redis_cost_read(VIEW("used_memory:x\r\n")).is_known);
    CU_ASSERT_FALSE(redis_probe_ask(NULL).is_known);
}

static void test_goal(void)
{
    const struct live_goal most = {.goal = 2, .figure = 2};
    const struct live_goal more = {.goal = 2, .figure = 2.1};
    const struct live_goal least = {.goal = 0.7, .is_at_least = true, .figure = 0.7};
    const struct live_goal less = {.goal = 0.7, .is_at_least = true, .figure = 0.69};
    CU_ASSERT_TRUE(live_goal_is_met(&most));
    CU_ASSERT_FALSE(live_goal_is_met(&more));
    CU_ASSERT_TRUE(live_goal_is_met(&least));
    CU_ASSERT_FALSE(live_goal_is_met(&less));
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"due", test_due},
            {"due_count", test_due_count},
            {"keys", test_keys},
            {"holds", test_holds},
            {"sent_again", test_sent_again},
            {"stop", test_stop},
            {"wider_scope", test_wider_scope},
            {"proc", test_proc},
            {"info", test_info},
            {"goal", test_goal},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "live", tests);
}
