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
                    "2026-11-22T08:00:00.000Z incident.opened    stop       campaign c1 (tenant "
                    "acme) | 9 of 20 misdirected | cause stale_list | incident i\n"},
            {TEXT("{}"), "-                        -                  -          - - | - of - "
                         "misdirected | cause - | incident -\n"},
            // A terminal's orders: escape, C1 as UTF-8, and as a byte of its own.
            {TEXT("\x1b[2J"), "an alert that cannot be read: ?[2J\n"},
            {TEXT("\xc2\x9b 1"), "an alert that cannot be read: ? 1\n"},
            {TEXT("\x9b 1"), "an alert that cannot be read: ? 1\n"},
            {TEXT("\xc2"), "an alert that cannot be read: ?\n"},
            {TEXT("\xe4\xb8\xad"), "an alert that cannot be read: \xe4\xb8\xad\n"},
    };
    struct watch_lines *lines;
    CU_ASSERT_EQUAL_FATAL(watch_lines_create(&lines), ERR_NONE);
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
    CU_ASSERT_EQUAL_FATAL(watch_lines_create(&lines), ERR_NONE);
    struct strbuf sb;
    strbuf_init(&sb, 4096);
    watch_lines_add_command(lines,
            VIEW("{\"issued_at\":\"2026-11-22T08:00:00.000Z\",\"action\":\"hold\",\"tier\":"
                 "\"stop\","
                 "\"target\":{\"kind\":\"tenant\",\"id\":\"a\\u001b\",\"tenant_id\":\"a\"},"
                 "\"reason\":\"r\",\"expires_at\":\"x\",\"mode\":\"monitor\"}"),
            &sb);
    unit_check_text("command", sb.p,
            "2026-11-22T08:00:00.000Z hold               stop       tenant a? | r | until x | "
            "monitor only\n");
    strbuf_fini(&sb);
    watch_lines_destroy(lines);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"alerts", test_alerts},
            {"commands", test_commands},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "watch_line", tests);
}
