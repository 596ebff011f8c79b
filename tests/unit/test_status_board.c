// What status makes of the records of its topics: what is held, who is open, and whom an incident reached.
#include "commands/status_board.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/unit.h"

#define INCIDENT "0123456789abcdef0123456789abcdef"
#define OTHER "ffffffffffffffffffffffffffffffff"

enum { TEXT_BYTES = 256 * 1024 };

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
    status_add_text(&sb, board);
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
            (const char *const[]){"held: 1\n", "campaign a (tenant t)", "by o7",
                    "until 2026-11-23T08:00:00.000Z", NULL},
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
            (const char *const[]){"open incidents: 1\n", INCIDENT, "cause wrong_list", "escaped 4",
                    "opened 2026-11-22T08:00:01.000Z", "acknowledged by zh?\n", NULL},
            OTHER);
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
    verdict(board, "misdirected", "early", 5, "a");
    verdict(board, "misdirected", "shown", 5, "a");
    verdict(board, "misdirected", "late", 30, "a");
    verdict(board, "misdirected", "another", 6, "b");
    verdict(board, "clear", "fine", 7, "a");
    check_text(board,
            (const char *const[]){"held: 1\n", "incident: 1\n", "| closed\n",
                    "judged before the hold: 2 messages to wrong people, of these held one by one "
                    "1\n",
                    "early k1:early held by itself\n",
                    "judged behind the hold: 1 messages to wrong people, of these held one by one "
                    "0\n",
                    "late k1:late\n", "shown k1:shown\n", NULL},
            "another");
    struct strbuf json;
    strbuf_init(&json, TEXT_BYTES);
    status_add_json(&json, board);
    CU_ASSERT_PTR_NOT_NULL(strstr(json.p, "{\"sent_before_hold\":true,\"message_hold\":true,"
                                          "\"verdict\":{\"message_id\":\"early\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(json.p, "{\"sent_before_hold\":false,\"message_hold\":false,"));
    strbuf_fini(&json);
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
            {NULL, NULL},
    };
    return unit_main(argc, argv, "status_board", tests);
}
