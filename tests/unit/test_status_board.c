// What status makes of the records of its topics: what is held, who is open, and whom an incident reached.
#include "commands/status_board.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/unit.h"

#define INCIDENT "0123456789abcdef0123456789abcdef"
#define OTHER "ffffffffffffffffffffffffffffffff"

enum { TEXT_BYTES = 256 * 1024 };

// 2026-11-22T09:00:00Z
static const struct status_look look = {.now_ms = INT64_C(1795338000000)};

static void tell(struct status_board *board,
        enum err (*see_it)(struct status_board *board, const struct raw_message *raw),
        const char *key, const char *value)
{
    const struct raw_message raw = {.key = key != NULL ? view_of(key) : VIEW_NONE,
            .value = value != NULL ? view_of(value) : VIEW_NONE,
            .timestamp_ms = -1};
    CU_ASSERT_EQUAL(see_it(board, &raw), ERR_NONE);
}

static void state(struct status_board *board, const char *id, int sequence, const char *incident)
{
    char key[128];
    char value[512];
    snprintf(key, sizeof key, "t/campaign/%s", id);
    snprintf(value, sizeof value,
            "{\"target\":{\"kind\":\"campaign\",\"id\":\"%s\",\"tenant_id\":\"t\"},\"tier\":"
            "\"quarantine\",\"reason\":\"no_record\",\"incident_id\":\"%s\",\"sequence\":%d,"
            "\"expires_at\":\"2026-11-23T08:00:00.000Z\",\"mode\":\"enforce\",\"operator\":\"o%"
            "d\"}",
            id, incident, sequence, sequence);
    tell(board, status_see_state, key, value);
}

static void alert(struct status_board *board, const char *type, const char *incident, int escaped)
{
    char value[1024];
    snprintf(value, sizeof value,
            "{\"incident_id\":\"%s\",\"type\":\"incident.%s\",\"tier\":\"quarantine\",\"scope\":"
            "{\"kind\":\"campaign\",\"id\":\"a\",\"tenant_id\":\"t\"},\"occurred_at\":"
            "\"2026-11-22T08:00:0%d.000Z\",\"cause\":{\"likely\":\"wrong_list\"},\"impact\":"
            "{\"escaped\":%d,\"held\":0},\"evidence\":{\"change_point\":{\"occurred_at\":"
            "\"2026-11-22T08:00:00.000Z\"}}}",
            incident, type, escaped, escaped);
    tell(board, status_see_alert, NULL, value);
}

static void check_text(
        const struct status_board *board, const char *const *wanted, const char *unwanted)
{
    struct strbuf sb;
    strbuf_init(&sb, TEXT_BYTES);
    status_add_text(&sb, board, &look);
    CU_ASSERT_EQUAL_FATAL(sb.failed, ERR_NONE);
    for (; *wanted != NULL; wanted++) {
        CU_ASSERT_PTR_NOT_NULL(strstr(sb.p, *wanted));
        if (strstr(sb.p, *wanted) == NULL) {
            fprintf(stderr, "lacks %s:\n%s", *wanted, sb.p);
        }
    }
    CU_ASSERT_PTR_NULL(strstr(sb.p, unwanted));
    strbuf_fini(&sb);
}

// The last of a key counts, a zombie's does not, a tombstone lifts; what cannot be read is counted.
static void test_held(void)
{
    struct status_board *board;
    CU_ASSERT_EQUAL_FATAL(status_board_create(&board, VIEW_NONE), ERR_NONE);
    state(board, "a", 5, INCIDENT);
    state(board, "a", 7, INCIDENT);
    state(board, "a", 6, INCIDENT);
    state(board, "gone", 1, OTHER);
    tell(board, status_see_state, "t/campaign/gone", NULL);
    tell(board, status_see_state, "t/campaign/gone", "{}");
    tell(board, status_see_state, NULL, "{}");
    tell(board, status_see_state, "x", "no JSON");
    CU_ASSERT_EQUAL(status_unreadable(board), 3);
    check_text(board,
            (const char *const[]){"held: 1\n",
                    "campaign a (tenant t) | by o7 | until "
                    "2026-11-23T08:00:00Z, in 23 h\n",
                    "why: no_record\n", "incident " INCIDENT "\n", NULL},
            "gone");
    status_board_destroy(board);
}

static void test_incidents(void)
{
    struct status_board *board;
    CU_ASSERT_EQUAL_FATAL(status_board_create(&board, VIEW_NONE), ERR_NONE);
    alert(board, "opened", INCIDENT, 1);
    alert(board, "updated", INCIDENT, 4);
    alert(board, "opened", OTHER, 1);
    alert(board, "closed", OTHER, 2);
    tell(board, status_see_alert, NULL,
            "{\"type\":\"control.outcome\",\"incident_id\":\"" INCIDENT
            "\",\"control\":{\"control_id\":\"c\",\"action\":\"acknowledge\",\"operator\":"
            "\"zh\\u001b\","
            "\"state\":\"applied\",\"why\":\"acknowledged\",\"incident_id\":\"" INCIDENT "\"}}");
    tell(board, status_see_alert, NULL,
            "{\"type\":\"cache.suspect\",\"incident_id\":\"" OTHER "\"}");
    check_text(board,
            (const char *const[]){"open incidents: 1\n", INCIDENT, "cause wrong_list",
                    "escaped 4 |", "opened 2026-11-22T08:00:01Z", "acknowledged by zh?\n", NULL},
            OTHER);
    tell(board, status_see_alert, NULL,
            "{\"incident_id\":\"" INCIDENT "\",\"type\":\"incident.updated\",\"impact\":"
            "{\"escaped\":9,\"held\":0,\"distinct_recipients\":7}}");
    check_text(board, (const char *const[]){"| people about 7\n", NULL}, "at least");
    tell(board, status_see_alert, NULL,
            "{\"incident_id\":\"" INCIDENT "\",\"type\":\"incident.updated\",\"impact\":"
            "{\"escaped\":9,\"held\":0,\"distinct_recipients\":7,"
            "\"distinct_is_lower_bound\":true}}");
    check_text(board, (const char *const[]){"| people at least about 7\n", NULL}, "people about");
    status_board_destroy(board);
}

// Only what was opened is open: the release of a person's hold has an id that no incident was opened with,
// and what is told of an incident behind its end does not open it again.
static void test_open(void)
{
    struct status_board *board;
    CU_ASSERT_EQUAL_FATAL(status_board_create(&board, VIEW_NONE), ERR_NONE);
    alert(board, "released", OTHER, 0);
    check_text(board, (const char *const[]){"open incidents: 0\n", NULL}, OTHER);
    alert(board, "updated", OTHER, 0);
    check_text(board, (const char *const[]){"open incidents: 0\n", NULL}, OTHER);
    alert(board, "opened", INCIDENT, 1);
    alert(board, "closed", INCIDENT, 2);
    alert(board, "released", INCIDENT, 3);
    check_text(board, (const char *const[]){"open incidents: 0\n", NULL}, INCIDENT);
    alert(board, "escalated", OTHER, 4); // it was opened before the topic begins
    check_text(board, (const char *const[]){"open incidents: 1\n", OTHER, NULL}, INCIDENT);
    status_board_destroy(board);
}

static void acknowledged(struct status_board *board, const char *name, const char *why)
{
    char value[512];
    snprintf(value, sizeof value,
            "{\"type\":\"control.outcome\",\"control\":{\"action\":\"acknowledge\",\"operator\":"
            "\"%s\",\"state\":\"applied\",\"why\":\"%s\",\"incident_id\":\"" INCIDENT "\"}}",
            name, why);
    tell(board, status_see_alert, NULL, value);
}

// Whoever was the first; the outcomes and the incident's own alerts tell.
static void test_acknowledged(void)
{
    struct status_board *board;
    CU_ASSERT_EQUAL_FATAL(status_board_create(&board, VIEW_NONE), ERR_NONE);
    alert(board, "opened", INCIDENT, 1);
    acknowledged(board, "li.wei", "acknowledged");
    acknowledged(board, "zhang.min", "acknowledged_before");
    check_text(board, (const char *const[]){"acknowledged by li.wei\n", NULL}, "zhang.min");
    status_board_destroy(board);
    CU_ASSERT_EQUAL_FATAL(status_board_create(&board, VIEW_NONE), ERR_NONE);
    alert(board, "opened", INCIDENT, 1);
    acknowledged(board, "zhang.min", "acknowledged_before");
    tell(board, status_see_alert, NULL,
            "{\"incident_id\":\"" INCIDENT "\",\"type\":\"incident.updated\",\"acknowledged\":"
            "{\"operator\":\"li.wei\",\"at\":\"2026-11-22T08:00:03.000Z\"}}");
    check_text(board, (const char *const[]){"acknowledged by li.wei\n", NULL}, "zhang.min");
    status_board_destroy(board);
}

static void verdict(struct status_board *board, const char *word, const char *id, int second,
        const char *campaign)
{
    char value[512];
    snprintf(value, sizeof value,
            "{\"message_id\":\"%s\",\"occurred_at\":\"2026-11-22T08:00:%02d.000Z\",\"tenant_id\":"
            "\"t\",\"verdict\":\"%s\",\"reasons\":[],\"recipient_pseudonym\":\"k1:%s\","
            "\"campaign_id\":\"%s\",\"template_id\":null,\"sender_id\":null,\"vendor_id\":null}",
            id, second, word, id, campaign);
    tell(board, status_see_verdict, NULL, value);
}

// Of one incident: what its scopes sent to wrong people since its change point, before the hold and behind it.
static void test_reached(void)
{
    struct status_board *board;
    CU_ASSERT_EQUAL_FATAL(status_board_create(&board, VIEW(INCIDENT)), ERR_NONE);
    CU_ASSERT_FALSE(status_knows_incident(board));
    state(board, "a", 5, INCIDENT);
    state(board, "b", 5, OTHER);
    alert(board, "opened", OTHER, 1);
    alert(board, "opened", INCIDENT, 1);
    alert(board, "closed", INCIDENT, 3);
    CU_ASSERT_TRUE(status_knows_incident(board));
    tell(board, status_see_command, NULL,
            "{\"action\":\"hold\",\"target\":{\"kind\":\"message\",\"id\":\"early\",\"tenant_id\":"
            "\"t\"},\"incident_id\":null,\"issued_at\":\"2026-11-22T08:00:05.000Z\"}");
    tell(board, status_see_command, NULL,
            "{\"action\":\"hold\",\"target\":{\"kind\":\"campaign\",\"id\":\"a\",\"tenant_id\":"
            "\"t\"},\"incident_id\":\"" INCIDENT "\",\"issued_at\":\"2026-11-22T08:00:20.000Z\"}");
    tell(board, status_see_command, NULL,
            "{\"action\":\"hold\",\"target\":{\"kind\":\"message\",\"id\":\"shown\",\"tenant_id\":"
            "\"t\"},\"incident_id\":null,\"mode\":\"monitor\"}");
    tell(board, status_see_command, NULL,
            "{\"action\":\"release\",\"target\":{\"kind\":\"campaign\",\"id\":\"a\",\"tenant_id\":"
            "\"t\"},\"incident_id\":\"" INCIDENT "\",\"issued_at\":\"2026-11-22T08:00:40.000Z\"}");
    for (int i = 0; i < 2; i++) {
        tell(board, status_see_command, NULL,
                i == 0 ? "{\"action\":\"hold\",\"target\":{\"kind\":\"message\",\"id\":\"ann's\","
                         "\"tenant_id\":\"t\"},\"incident_id\":null}"
                       : "{\"action\":\"release\",\"target\":{\"kind\":\"message\",\"id\":\"ann'"
                         "s\","
                         "\"tenant_id\":\"t\"},\"incident_id\":null,\"operator\":\"ann\"}");
    }
    // All of a recipient's, up to then: what is judged behind it is held again.
    tell(board, status_see_command, NULL,
            "{\"action\":\"release\",\"target\":{\"kind\":\"recipient\",\"id\":\"k1:bea's\","
            "\"tenant_id\":\"t\"},\"incident_id\":null,\"operator\":\"ann\","
            "\"expires_at\":\"2026-11-22T08:00:10.000Z\"}");
    verdict(board, "misdirected", "bea's", 9, "a");
    verdict(board, "misdirected", "early", 5, "a");
    verdict(board, "misdirected", "early", 5, "a"); // published again
    verdict(board, "misdirected", "ann's", 6, "a");
    verdict(board, "misdirected", "shown", 5, "a");
    verdict(board, "misdirected", "late", 30, "a");
    verdict(board, "misdirected", "another", 6, "b");
    verdict(board, "clear", "fine", 7, "a");
    verdict(board, "misdirected", "another day", 50, "a");
    check_text(board,
            (const char *const[]){"held: 1\n", "incident: 1\n", "| closed\n",
                    "reached: 3 misdirected messages to 3 people, judged before the hold or "
                    "released "
                    "by a person at once\n",
                    "ann's k1:ann's released by a person\n",
                    "bea's k1:bea's released by a person\n",
                    "spared: 2 misdirected messages to 2 people, 1 of them held one by one\n",
                    "early k1:early held by itself\n", "late k1:late\n", "shown k1:shown\n", NULL},
            "another");
    struct strbuf json;
    strbuf_init(&json, TEXT_BYTES);
    status_add_json(&json, board, &look);
    CU_ASSERT_PTR_NOT_NULL(
            strstr(json.p, "{\"reached\":false,\"before_hold\":true,\"message_hold\":"
                           "true,\"message_released\":false,\"verdict\":{"
                           "\"message_id\":\"early\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(json.p, "{\"reached\":true,\"before_hold\":true,\"message_hold\":"
                                          "false,\"message_released\":false,\"verdict\":{"
                                          "\"message_id\":\"shown\""));
    strbuf_fini(&json);
    status_board_destroy(board);
}

// By the clock: what ran out is not held, though nothing has lifted it yet.
static void test_ran_out(void)
{
    struct status_board *board;
    CU_ASSERT_EQUAL_FATAL(status_board_create(&board, VIEW_NONE), ERR_NONE);
    tell(board, status_see_state, "t/campaign/a",
            "{\"target\":{\"kind\":\"campaign\",\"id\":\"over\",\"tenant_id\":\"wn-drill\"},"
            "\"tier\":"
            "\"quarantine\",\"reason\":\"r\",\"incident_id\":null,\"sequence\":1,\"expires_at\":"
            "\"2026-11-22T08:59:00.000Z\",\"mode\":\"monitor\",\"drill\":true}");
    state(board, "b", 1, INCIDENT);
    check_text(board,
            (const char *const[]){"held: 1\n", "ran out: 1 (", "campaign over (tenant wn-drill)",
                    "| ran out at 2026-11-22T08:59:00Z, 60 s ago | DRILL, nobody is concerned | "
                    "monitor only",
                    NULL},
            "incident null");
    struct strbuf json;
    strbuf_init(&json, TEXT_BYTES);
    status_add_json(&json, board, &look);
    const char *ran_out = strstr(json.p, "\"ran_out\":[");
    CU_ASSERT_PTR_NOT_NULL_FATAL(ran_out);
    CU_ASSERT_TRUE(strstr(json.p, "\"id\":\"over\"") > ran_out);
    CU_ASSERT_TRUE(strstr(json.p, "\"id\":\"b\"") < ran_out);
    strbuf_fini(&json);
    status_board_destroy(board);
}

static void outcome(
        struct status_board *board, const char *id, const char *states, const char *until)
{
    char value[1024];
    snprintf(value, sizeof value,
            "{\"type\":\"control.outcome\",\"incident_id\":\"" OTHER
            "\",\"control\":{\"control_id\":\"%s\",\"action\":\"hold\",\"operator\":\"li.wei\","
            "\"state\":\"%s\",\"why\":\"needs_second_person\",\"scope\":{\"kind\":\"vendor\","
            "\"id\":"
            "\"v-%s\",\"tenant_id\":\"t\"},\"expires_at\":\"2026-11-22T%s:00.000Z\"}}",
            id, states, id, until);
    tell(board, status_see_alert, NULL, value);
}

static void record(struct status_board *board, const char *id, const char *value)
{
    char key[64];
    snprintf(key, sizeof key, "pending/%s", id);
    tell(board, status_see_control_state, key, value);
}

// What waits for a second person, by the outcomes: in whichever order they are read, a last word is the last.
static void test_pending(void)
{
    struct status_board *board;
    CU_ASSERT_EQUAL_FATAL(status_board_create(&board, VIEW_NONE), ERR_NONE);
    outcome(board, "waits", "pending", "10:00");
    outcome(board, "done", "pending", "10:00");
    outcome(board, "done", "applied", "12:00");
    outcome(board, "early", "expired", "10:00");
    outcome(board, "early", "pending", "10:00");
    outcome(board, "nobody", "unknown", "10:00");
    outcome(board, "late", "pending", "08:00");
    check_text(board,
            (const char *const[]){"waiting for a second person: 1\n",
                    "  hold       vendor v-waits (tenant t) | by li.wei | until "
                    "2026-11-22T10:00:00Z, "
                    "in 60 min\n",
                    "wrongnumber confirm --operator YOU --reason TEXT waits\n",
                    "not confirmed in time: 1\n", "vendor v-late (tenant t)", NULL},
            "v-done");
    check_text(board, (const char *const[]){NULL}, "v-early");
    CU_ASSERT_TRUE(view_is(status_pending_operator(board, VIEW("waits")), "li.wei"));
    CU_ASSERT_TRUE(view_is_none(status_pending_operator(board, VIEW("done"))));
    status_board_destroy(board);
}

// The control state says why, and what is in force; the outcomes say of both when they are over.
static void test_control_state(void)
{
    static const char waits[] =
            "{\"state\":\"pending\",\"control_id\":\"c1\",\"action\":\"release\",\"rule\":\"no_"
            "record\","
            "\"tenant_id\":\"t\",\"operator\":\"li.wei\",\"reason\":\"the list is good\","
            "\"expires_at\":\"2026-11-22T10:00:00.000Z\",\"sequence\":4}";
    struct status_board *board;
    CU_ASSERT_EQUAL_FATAL(status_board_create(&board, VIEW_NONE), ERR_NONE);
    record(board, "c1", waits);
    outcome(board, "c1", "pending", "10:00");
    record(board, "c2",
            "{\"state\":\"pending\",\"control_id\":\"c2\",\"action\":\"hold\",\"sequence\":4}");
    outcome(board, "c2", "refused", "10:00");
    tell(board, status_see_control_state, "t/vendor/v",
            "{\"state\":\"in_force\",\"control_id\":\"c3\",\"action\":\"mode\",\"mode\":"
            "\"monitor\","
            "\"scope\":{\"kind\":\"vendor\",\"id\":\"v\",\"tenant_id\":\"t\"},\"operator\":\"o\","
            "\"reason\":\"trial\",\"expires_at\":\"2026-11-23T09:00:00.000Z\",\"sequence\":9}");
    check_text(board,
            (const char *const[]){"waiting for a second person: 1\n",
                    "  release    whatever is held for no_record of tenant t | by li.wei | until",
                    "why: the list is good\n", "commanded, in force: 1\n",
                    "  mode       monitor vendor v (tenant t) | by o | until 2026-11-23T09:00:00Z",
                    "why: trial\n", NULL},
            "c2");
    CU_ASSERT_TRUE(view_is(status_pending_operator(board, VIEW("c1")), "li.wei"));
    tell(board, status_see_control_state, "t/vendor/v", NULL);
    record(board, "c1", NULL);
    check_text(board, (const char *const[]){"waiting for a second person: 0\n", NULL}, "in force");
    status_board_destroy(board);
}

static void release(
        struct status_board *board, const char *second, const char *type, const char *of)
{
    char value[1024];
    snprintf(value, sizeof value,
            "{\"incident_id\":\"" OTHER
            "\",\"type\":\"incident.%s\",\"scope\":{\"kind\":\"campaign\","
            "\"id\":\"a\",\"tenant_id\":\"t\"},\"occurred_at\":\"2026-11-22T08:00:%s.000Z\","
            "\"release\":{%s}}",
            type, second, of);
    tell(board, status_see_alert, NULL, value);
}

// A hold on its way to the end, also a person's, which has no incident that was opened.
static void test_release(void)
{
    struct status_board *board;
    CU_ASSERT_EQUAL_FATAL(status_board_create(&board, VIEW_NONE), ERR_NONE);
    tell(board, status_see_state, "t/campaign/a",
            "{\"target\":{\"kind\":\"campaign\",\"id\":\"a\",\"tenant_id\":\"t\"},\"tier\":"
            "\"quarantine\",\"reason\":\"mended\",\"incident_id\":null,\"sequence\":1,\"expires_"
            "at\":"
            "\"2026-11-22T12:00:00.000Z\",\"mode\":\"enforce\",\"operator\":\"li.wei\",\"canary\":"
            "{\"step\":2,\"limit\":200}}");
    release(board, "01", "updated",
            "\"state\":\"canary\",\"canary\":{\"step\":1,\"limit\":20,\"judged\":0,\"misdirected\":"
            "0}");
    check_text(board, (const char *const[]){"canary 2 of 3: 200 may be sent\n", NULL}, "judged");
    release(board, "03", "updated",
            "\"state\":\"canary\",\"canary\":{\"step\":2,\"limit\":200,\"judged\":50,"
            "\"misdirected\":0}");
    release(board, "02", "updated",
            "\"state\":\"canary\",\"canary\":{\"step\":2,\"limit\":200,\"judged\":9,"
            "\"misdirected\":0}");
    check_text(board,
            (const char *const[]){"| being released by li.wei | until",
                    "canary 2 of 3: 200 may be sent; 50 judged and 0 of them wrong when it was "
                    "told "
                    "last, at 2026-11-22T08:00:03Z\n",
                    NULL},
            "probation");
    tell(board, status_see_state, "t/campaign/a", NULL);
    release(board, "04", "released",
            "\"state\":\"released\",\"probation\":1000,\"operator\":\"li.wei\"");
    check_text(board,
            (const char *const[]){"held: 0\n", "released within a day:\n",
                    "  released   campaign a (tenant t) | at 2026-11-22T08:00:04Z by li.wei\n",
                    "on probation for its next 1000 messages\n", NULL},
            "canary");
    status_board_destroy(board);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"held", test_held},
            {"incidents", test_incidents},
            {"open", test_open},
            {"acknowledged", test_acknowledged},
            {"reached", test_reached},
            {"ran_out", test_ran_out},
            {"pending", test_pending},
            {"control_state", test_control_state},
            {"release", test_release},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "status_board", tests);
}
