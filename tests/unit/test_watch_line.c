// watch: alerts and commands as lines for people, whatever others wrote into them.
#include "commands/watch_line.h"

#include "unit.h"

// VIEW for tables that live for ever.
#define TEXT(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static void test_alerts(void)
{
    static const struct {
        struct view json;
        const char *line;
    } rows[] = {
            {TEXT("{\"occurred_at\":\"2026-11-22T08:00:00.000Z\",\"type\":\"incident.opened\","
                  "\"tier\":\"stop\",\"scope\":{\"kind\":\"campaign\",\"id\":\"c1\","
                  "\"tenant_id\":\"acme\"},\"evidence\":{\"misdirected\":9,\"judged\":20},"
                  "\"cause\":{\"likely\":\"stale_list\"},\"incident_id\":\"i\"}"),
                    "2026-11-22T08:00:00Z incident.opened    stop       campaign c1 (tenant "
                    "acme) | 9 of 20 misdirected | cause stale_list | incident i\n"},
            {TEXT("{}"), "- -                  -          - - | - of - "
                         "misdirected | cause - | incident -\n"},
            // What a person on call has to see: reminders, what waits, steps, drills.
            {TEXT("{\"occurred_at\":\"2026-11-22T08:00:00.000Z\",\"type\":\"incident.updated\","
                  "\"tier\":\"stop\",\"scope\":{\"kind\":\"campaign\",\"id\":\"c1\","
                  "\"tenant_id\":\"acme\"},\"evidence\":{\"misdirected\":9,\"judged\":20,"
                  "\"withheld\":"
                  "\"hold_cap\"},\"cause\":{\"likely\":\"x\"},\"incident_id\":\"i\","
                  "\"unacknowledged\":true,\"unconfirmed\":true,\"relapse_of\":\"j\"}"),
                    "2026-11-22T08:00:00Z incident.updated   stop       campaign c1 (tenant acme) "
                    "| 9 "
                    "of 20 misdirected | cause x | NOBODY HAS ACKNOWLEDGED IT | its hold goes on | "
                    "not held for now: hold_cap | incident i | again after j\n"},
            {TEXT("{\"occurred_at\":\"2026-11-22T08:00:00.000Z\",\"type\":\"control.outcome\","
                  "\"tier\":\"none\",\"scope\":{\"kind\":\"vendor\",\"id\":\"v\",\"tenant_id\":"
                  "\"t\"},"
                  "\"incident_id\":\"i\",\"control\":{\"control_id\":\"ctl-1\",\"action\":\"hold\","
                  "\"operator\":\"li.wei\",\"state\":\"pending\",\"why\":\"needs_second_person\","
                  "\"expires_at\":\"2026-11-22T08:30:00.000Z\"}}"),
                    "2026-11-22T08:00:00Z control.outcome    pending    vendor v (tenant t) | hold "
                    "by "
                    "li.wei | needs_second_person | until 2026-11-22T08:30:00Z | control ctl-1\n"},
            {TEXT("{\"occurred_at\":\"2026-11-22T08:00:00.000Z\",\"type\":\"incident.updated\","
                  "\"tier\":\"stop\",\"scope\":{\"kind\":\"tenant\",\"id\":\"t\",\"tenant_id\":"
                  "\"t\"},"
                  "\"incident_id\":\"i\",\"release\":{\"state\":\"canary\",\"canary\":{\"step\":2,"
                  "\"limit\":200,\"judged\":50,\"misdirected\":1}}}"),
                    "2026-11-22T08:00:00Z incident.updated   stop       tenant t | canary 2 of 3: "
                    "200 "
                    "may be sent, 50 judged, 1 wrong | incident i\n"},
            {TEXT("{\"occurred_at\":\"2026-11-22T08:00:00.000Z\",\"type\":\"drill.completed\","
                  "\"tier\":\"none\",\"scope\":{\"kind\":\"campaign\",\"id\":\"d\",\"tenant_id\":"
                  "\"wn-drill\"},\"drill\":true,\"drill_result\":{\"result\":\"detected\","
                  "\"messages_until_hold\":6,\"time_to_detect_ms\":310,\"time_to_hold_ms\":480}}"),
                    "2026-11-22T08:00:00Z drill.completed    none       campaign d (tenant "
                    "wn-drill) "
                    "| DRILL | detected after 310 ms | held after 480 ms and 6 messages\n"},
            {TEXT("{\"occurred_at\":\"2026-11-22T08:00:00.000Z\",\"type\":\"drill.completed\","
                  "\"tier\":\"none\",\"scope\":{\"kind\":\"campaign\",\"id\":\"d\",\"tenant_id\":"
                  "\"wn-drill\"},\"drill\":true,\"drill_result\":{\"result\":\"missed\","
                  "\"messages_until_hold\":null,\"time_to_detect_ms\":null,\"time_to_hold_ms\":"
                  "null}}"),
                    "2026-11-22T08:00:00Z drill.completed    none       campaign d (tenant "
                    "wn-drill) "
                    "| DRILL | missed\n"},
            // A terminal's orders: escape, C1 as UTF-8, and as a byte of its own.
            {TEXT("\x1b[2J"), "an alert that cannot be read: ?[2J\n"},
            {TEXT("\xc2\x9b 1"), "an alert that cannot be read: ? 1\n"},
            {TEXT("\x9b 1"), "an alert that cannot be read: ? 1\n"},
            {TEXT("\xc2"), "an alert that cannot be read: ?\n"},
            {TEXT("\xe4\xb8\xad"), "an alert that cannot be read: \xe4\xb8\xad\n"},
    };
    struct watch_lines *lines;
    CU_ASSERT_EQUAL_FATAL(watch_lines_create(&lines, NULL), ERR_NONE);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct strbuf sb;
        strbuf_init(&sb, 4096);
        watch_lines_add_alert(lines, rows[i].json, &sb);
        unit_check_text("alert", sb.p, rows[i].line);
        strbuf_fini(&sb);
    }
    watch_lines_destroy(lines);
}

static void test_commands(void)
{
    struct watch_lines *lines;
    CU_ASSERT_EQUAL_FATAL(watch_lines_create(&lines, NULL), ERR_NONE);
    struct strbuf sb;
    strbuf_init(&sb, 4096);
    watch_lines_add_command(lines,
            VIEW("{\"issued_at\":\"2026-11-22T08:00:00.000Z\",\"action\":\"hold\",\"tier\":"
                 "\"stop\","
                 "\"target\":{\"kind\":\"tenant\",\"id\":\"a\\u001b\",\"tenant_id\":\"a\"},"
                 "\"reason\":\"r\",\"expires_at\":\"x\",\"mode\":\"monitor\"}"),
            &sb);
    unit_check_text("command", sb.p,
            "2026-11-22T08:00:00Z hold               stop       tenant a? | r | until x | "
            "monitor only\n");
    strbuf_fini(&sb);
    watch_lines_destroy(lines);
}

// In the zone of the person, and many single messages as one line.
static void test_zone(void)
{
    struct zone *zone;
    struct strbuf why;
    strbuf_init(&why, 4096);
    CU_ASSERT_EQUAL_FATAL(zone_open(&zone, VIEW("+08:00"), ZONE_DIRECTORY, &why), ERR_NONE);
    strbuf_fini(&why);
    struct watch_lines *lines;
    CU_ASSERT_EQUAL_FATAL(watch_lines_create(&lines, zone), ERR_NONE);
    struct strbuf sb;
    strbuf_init(&sb, 4096);
    struct view command =
            VIEW("{\"issued_at\":\"2026-11-22T08:00:00.000Z\",\"action\":\"hold\","
                 "\"tier\":\"stop\",\"target\":{\"kind\":\"tenant\",\"id\":\"a\"},"
                 "\"reason\":\"r\",\"operator\":\"o\",\"drill\":true,\"canary\":{\"step\":1,"
                 "\"limit\":20},\"expires_at\":\"2026-11-22T08:00:00.000Z\"}");
    watch_lines_add_command(lines, command, &sb);
    unit_check_text("zone", sb.p,
            "2026-11-22T16:00:00+08:00 hold               stop       tenant a | DRILL | canary 1 "
            "of "
            "3: 20 may be sent | r | by o | until 2026-11-22T16:00:00+08:00\n");
    CU_ASSERT_FALSE(watch_lines_is_of_message(lines, command));
    CU_ASSERT_TRUE(watch_lines_is_of_message(
            lines, VIEW("{\"target\":{\"kind\":\"message\",\"id\":\"m\"}}")));
    CU_ASSERT_FALSE(watch_lines_is_of_message(lines, VIEW("no JSON")));
    strbuf_reset(&sb);
    watch_lines_add_messages(lines, 1970, INT64_C(1795338000000), &sb);
    unit_check_text("messages", sb.p,
            "2026-11-22T17:00:00+08:00 messages           -          1970 single messages were "
            "held "
            "or released since the last line like this (--messages)\n");
    strbuf_fini(&sb);
    watch_lines_destroy(lines);
    zone_destroy(zone);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"alerts", test_alerts},
            {"commands", test_commands},
            {"zone", test_zone},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "watch_line", tests);
}
