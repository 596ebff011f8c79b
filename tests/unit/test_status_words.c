// What people have said of recipients, in `status --incident`: who is still held is spared.
#include <stdio.h>
#include <string.h>

#include "commands/status_board.h"
#include "tests/support/unit.h"

#define INCIDENT "0123456789abcdef0123456789abcdef"

enum { TEXT_BYTES = 256 * 1024 };

// 2026-11-22T09:00:00Z
static const struct status_look look = {.now_ms = INT64_C(1795338000000)};

static void tell(struct status_board *board,
        enum err (*see_it)(struct status_board *board, const struct raw_message *raw),
        const char *value)
{
    const struct raw_message raw = {.key = VIEW_NONE, .value = view_of(value), .timestamp_ms = -1};
    CU_ASSERT_EQUAL(see_it(board, &raw), ERR_NONE);
}

static void verdict(struct status_board *board, const char *id, int second)
{
    char value[512];
    snprintf(value, sizeof value,
            "{\"message_id\":\"%s\",\"occurred_at\":\"2026-11-22T08:00:%02d.000Z\",\"tenant_id\":"
            "\"t\",\"verdict\":\"misdirected\",\"reasons\":[],\"recipient_pseudonym\":"
            "\"k1:%s\",\"campaign_id\":\"a\"}",
            id, second, id);
    tell(board, status_see_verdict, value);
}

// A person's word about a recipient or message: `action` is hold, release or (a release) at_once.
static void say(struct status_board *board, const char *kind, const char *id, const char *action,
        int sequence, int issued, int until)
{
    char value[512];
    snprintf(value, sizeof value,
            "{\"sequence\":%d,\"action\":\"%s\",\"target\":{\"kind\":\"%s\",\"id\":\"%s\","
            "\"tenant_id\":\"t\"},\"incident_id\":null,\"issued_at\":\"2026-11-22T08:00:%02d.000Z\""
            ",\"expires_at\":\"2026-11-22T08:00:%02d.000Z\",\"operator\":\"ann\",\"mode\":"
            "\"enforce\"%s}",
            sequence, strcmp(action, "hold") == 0 ? "hold" : "release", kind, id, issued, until,
            strcmp(action, "at_once") == 0 ? ",\"at_once\":true" : "");
    tell(board, status_see_command, value);
}

// As the incident report has it (test_incident_report.c): who is still held is spared. The scope is held at 20.
static void test_recipient_words(void)
{
    static const struct {
        const char *id;     // and whose message it is
        const char *action; // of a first word, sequence 5
        const char *then;   // of a second one at 10, sequence 9, until 12; NULL = none
        bool is_kept;       // by a person's hold of the message
        int at;             // when it was judged
        bool is_reached;
    } rows[] = {
            {"let-go", "release", NULL, false, 6, true},
            {"behind", "release", NULL, false, 25, false},
            {"behind-at-once", "at_once", NULL, false, 25, true},
            {"held-again", "release", "hold", false, 15, false},
            {"sent-before", "release", "hold", false, 6, true},
            {"let-go-then", "hold", "release", false, 11, true},
            {"shortened", "release", "release", false, 15, false},
            {"kept", "release", NULL, true, 6, false},
            {"kept-at-once", "at_once", NULL, true, 25, false},
    };
    struct status_board *board;
    CU_ASSERT_EQUAL_FATAL(status_board_create(&board, VIEW(INCIDENT)), ERR_NONE);
    tell(board, status_see_alert,
            "{\"incident_id\":\"" INCIDENT "\",\"type\":\"incident.opened\",\"scope\":{\"kind\":"
            "\"campaign\",\"id\":\"a\",\"tenant_id\":\"t\"},\"occurred_at\":"
            "\"2026-11-22T08:00:01.000Z\",\"evidence\":{\"change_point\":{\"occurred_at\":"
            "\"2026-11-22T08:00:00.000Z\"}}}");
    tell(board, status_see_command,
            "{\"action\":\"hold\",\"target\":{\"kind\":\"campaign\",\"id\":\"a\",\"tenant_id\":"
            "\"t\"},\"incident_id\":\"" INCIDENT "\",\"issued_at\":\"2026-11-22T08:00:20.000Z\"}");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char pseudonym[32];
        snprintf(pseudonym, sizeof pseudonym, "k1:%s", rows[i].id);
        char value[256];
        snprintf(value, sizeof value,
                "{\"sequence\":0,\"action\":\"hold\",\"target\":{\"kind\":\"message\",\"id\":"
                "\"%s\",\"tenant_id\":\"t\"},\"incident_id\":null}",
                rows[i].id);
        tell(board, status_see_command, value);
        if (rows[i].is_kept) {
            say(board, "message", rows[i].id, "hold", 4, 1, 59);
        }
        say(board, "recipient", pseudonym, rows[i].action, 5, 2, 50);
        if (rows[i].then != NULL) {
            say(board, "recipient", pseudonym, rows[i].then, 9, 10, 12);
        }
        verdict(board, rows[i].id, rows[i].at);
    }
    struct strbuf json;
    strbuf_init(&json, TEXT_BYTES);
    status_add_json(&json, board, &look);
    CU_ASSERT_EQUAL_FATAL(json.failed, ERR_NONE);
    const char *at = json.p;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && at != NULL; i++) {
        at = strstr(at, "{\"reached\":");
        CU_ASSERT_PTR_NOT_NULL_FATAL(at);
        bool is_reached = strncmp(at, "{\"reached\":true", 15) == 0;
        CU_ASSERT_EQUAL(is_reached, rows[i].is_reached);
        if (is_reached != rows[i].is_reached) {
            fprintf(stderr, "row %zu\n", i);
        }
        at += 1;
    }
    strbuf_reset(&json);
    status_add_text(&json, board, &look);
    CU_ASSERT_PTR_NOT_NULL(
            strstr(json.p, "behind k1:behind released by a person, its scope is held\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(json.p, "kept k1:kept held by itself\n"));
    strbuf_fini(&json);
    status_board_destroy(board);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"recipient_words", test_recipient_words},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "status_words", tests);
}
