// Whom an incident has reached, as its report counts them from verdicts and the holds in the audit log.
#include "audit/incident_report.h"

#include <stdio.h>
#include <string.h>

#include "control/spoken_word.h"
#include "tests/support/unit.h"

#define INCIDENT "0123456789abcdef0123456789abcdef"
#define OPENED "{\"scope\":{\"kind\":\"campaign\",\"id\":\"a\",\"tenant_id\":\"t\"}}"

enum { TEXT_BYTES = 1024 * 1024 };

static void take(struct incident_report *report, enum audit_kind kind, const char *type,
        const char *incident, const char *record)
{
    const struct audit_line line = {
            .seq = 1,
            .at_ms = 1,
            .kind = kind,
            .type = view_of(type),
            .id = VIEW("id"),
            .incident_id = incident != NULL ? view_of(incident) : VIEW_NONE,
            .record = record != NULL ? view_of(record) : VIEW_NONE,
    };
    CU_ASSERT_EQUAL(incident_report_take(report, "audit-00000001.ndjson", &line), ERR_NONE);
}

// A report that knows how the incident was opened.
static struct incident_report *begin(const char *opened)
{
    struct incident_report *report;
    CU_ASSERT_EQUAL_FATAL(incident_report_create(&report, VIEW(INCIDENT)), ERR_NONE);
    take(report, AUDIT_ALERT, "incident.opened", INCIDENT, opened);
    return report;
}

// And that its scope was held at 20 seconds.
static struct incident_report *begin_held(const char *opened)
{
    struct incident_report *report = begin(opened);
    take(report, AUDIT_COMMAND, "hold", INCIDENT,
            "{\"action\":\"hold\",\"issued_at\":\"2026-11-22T08:00:20.000Z\"}");
    return report;
}

static void hold_message(struct incident_report *report, const char *id, const char *mode)
{
    char record[512];
    snprintf(record, sizeof record,
            "{\"action\":\"hold\",\"target\":{\"kind\":\"message\",\"id\":\"%s\",\"tenant_id\":"
            "\"t\"},"
            "\"issued_at\":\"2026-11-22T08:00:01.000Z\",\"mode\":\"%s\"}",
            id, mode);
    take(report, AUDIT_MESSAGE_COMMAND, "hold", NULL, record);
}

static void release_message(struct incident_report *report, const char *id, const char *more)
{
    char record[512];
    snprintf(record, sizeof record,
            "{\"action\":\"release\",\"target\":{\"kind\":\"message\",\"id\":\"%s\",\"tenant_id\":"
            "\"t\"},\"issued_at\":\"2026-11-22T08:01:00.000Z\",\"mode\":\"enforce\"%s}",
            id, more);
    take(report, AUDIT_MESSAGE_COMMAND, "release", NULL, record);
}

static void verdict(struct incident_report *report, const char *id, const char *who, int second)
{
    char text[512];
    snprintf(text, sizeof text,
            "{\"message_id\":\"%s\",\"occurred_at\":\"2026-11-22T08:00:%02d.000Z\",\"tenant_id\":"
            "\"t\","
            "\"verdict\":\"misdirected\",\"recipient_pseudonym\":\"k1:%s\",\"campaign_id\":\"a\"}",
            id, second, who);
    CU_ASSERT_EQUAL(incident_report_verdict(report, view_of(text)), ERR_NONE);
}

static void check_has(const struct strbuf *sb, const char *wanted)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(sb->p);
    CU_ASSERT_PTR_NOT_NULL(strstr(sb->p, wanted));
    if (strstr(sb->p, wanted) == NULL) {
        fprintf(stderr, "lacks %s:\n%s\n", wanted, sb->p);
    }
}

// Judged before the scope was held, and not held by itself. A sketch's people are no more than messages.
static void test_reached(void)
{
    struct incident_report *report = begin_held(
            "{\"scope\":{\"kind\":\"campaign\",\"id\":\"a\",\"tenant_id\":\"t\"},\"impact\":"
            "{\"escaped\":3,\"held\":1,\"distinct_recipients\":5}}");
    hold_message(report, "held", "enforce");
    hold_message(report, "shown", "monitor");
    take(report, AUDIT_MESSAGE_COMMAND, "hold", NULL, NULL);
    verdict(report, "held", "p1", 5);
    verdict(report, "shown", "p2", 6);
    verdict(report, "sent", "p2", 7);
    verdict(report, "late", "p3", 30);
    CU_ASSERT_EQUAL(report->reached.messages, 2);
    CU_ASSERT_EQUAL(report->reached.people, 1);
    CU_ASSERT_EQUAL(report->reached.held_one_by_one, 0);
    CU_ASSERT_EQUAL(report->spared.messages, 2);
    CU_ASSERT_EQUAL(report->spared.people, 2);
    CU_ASSERT_EQUAL(report->spared.held_one_by_one, 1);
    CU_ASSERT_EQUAL(report->message_commands_gone, 1);
    CU_ASSERT_EQUAL(report->distinct, 4);
    const struct audit_summary sum = {.files = 1};
    struct zone zone;
    CU_ASSERT_TRUE_FATAL(zone_read_offset(VIEW("+08:00"), &zone));
    const struct report_frame frame = {.zone = &zone,
            .data_kinds = "d",
            .program = VIEW("p"),
            .directory = "x",
            .sum = &sum,
            .harm = "h",
            .contact = "c"};
    struct strbuf sb;
    strbuf_init(&sb, TEXT_BYTES);
    incident_report_write_json(report, &frame, &sb);
    check_has(&sb, "\"reached\":{\"messages\":2,\"people\":1,\"held_one_by_one\":0,");
    check_has(&sb, "\"spared\":{\"messages\":2,\"people\":2,\"held_one_by_one\":1,");
    check_has(&sb, "\"interval_95\":[3,4]");
    check_has(&sb, "\"notice\":{\"possible_harm\":\"h\",\"advice\":null,\"contact\":\"c\"}");
    check_has(&sb, "\"rule\":\"GDPR Art. 33 (Regulation (EU) 2016/679)\"");
    check_has(&sb, "\"within_hours\":72");
    strbuf_reset(&sb);
    incident_report_write_page(report, &frame, &sb);
    check_has(&sb, "the others are spared, 1 of them held one by one.");
    check_has(&sb, "<p>1 commands about single messages were taken out of the log");
    check_has(&sb, "campaign <code>a</code> of lender <code>t</code>");
    CU_ASSERT_PTR_NULL(strstr(sb.p, "{&quot;")); // nobody has to read JSON
    check_has(&sb, "<th>What may come of it</th><td>h</td>");
    check_has(&sb, "not stated (<code>--advice</code>)");
    check_has(&sb, "<th>People, about</th><td>4 ");
    strbuf_reset(&sb);
    // What is only a lower bound has none above it but the messages.
    take(report, AUDIT_ALERT, "incident.updated", INCIDENT,
            "{\"impact\":{\"escaped\":300,\"held\":47,\"distinct_recipients\":67,"
            "\"distinct_is_lower_bound\":true}}");
    incident_report_write_json(report, &frame, &sb);
    check_has(&sb, "\"distinct_recipients\":67,\"distinct_is_lower_bound\":true,");
    check_has(&sb, "\"interval_95\":[58,347]");
    strbuf_reset(&sb);
    incident_report_write_page(report, &frame, &sb);
    check_has(&sb, "<th>People, at least about</th><td>67 ");
    CU_ASSERT_PTR_NULL(strstr(sb.p, "12.7 %"));
    strbuf_fini(&sb);
    incident_report_destroy(report);
}

// What a person released was sent; what was released because its record came late is none of them. Each once.
static void test_released_and_twice(void)
{
    struct incident_report *report = begin_held(OPENED);
    for (int i = 0; i < 2; i++) {
        hold_message(report, "by ann", "enforce");
        hold_message(report, "late record", "enforce");
        release_message(report, "by ann", ",\"operator\":\"ann\"");
        release_message(report, "behind", ",\"operator\":\"ann\",\"at_once\":true");
        release_message(report, "its scope's", ",\"operator\":\"ann\"");
        release_message(report, "late record", "");
    }
    for (int i = 0; i < 2; i++) {
        verdict(report, "by ann", "p1", 5);
        verdict(report, "behind", "p2", 25);
        verdict(report, "its scope's", "p5", 25);
        verdict(report, "late record", "p3", 6);
        verdict(report, "spared", "p4", 26);
    }
    CU_ASSERT_EQUAL(report->reached.messages, 2);
    CU_ASSERT_EQUAL(report->reached.people, 2);
    CU_ASSERT_EQUAL(report->reached.held_one_by_one, 0);
    CU_ASSERT_EQUAL(report->spared.messages, 3);
    CU_ASSERT_EQUAL(report->spared.held_one_by_one, 1);
    incident_report_destroy(report);
}

// An incident of several scopes: each of them counts, whichever alert came last, as in `status --incident`.
static void test_scopes(void)
{
    static const struct {
        const char *ids;
        bool counts;
    } rows[] = {
            {"\"campaign_id\":\"a\",\"sender_id\":\"s\"", true},
            {"\"campaign_id\":\"b\"", true},
            {"\"campaign_id\":\"other\",\"sender_id\":\"held\"", true},
            {"\"campaign_id\":\"other\",\"sender_id\":\"a\"", false},
            {"\"campaign_id\":null", false},
    };
    struct incident_report *report;
    CU_ASSERT_EQUAL_FATAL(incident_report_create(&report, VIEW(INCIDENT)), ERR_NONE);
    for (const char *campaign = "ab"; *campaign != '\0'; campaign++) {
        char record[256];
        snprintf(record, sizeof record,
                "{\"scope\":{\"kind\":\"campaign\",\"id\":\"%c\",\"tenant_id\":\"t\"}}", *campaign);
        take(report, AUDIT_ALERT, "incident.opened", INCIDENT, record);
        take(report, AUDIT_ALERT, "incident.updated", INCIDENT, record);
    }
    take(report, AUDIT_COMMAND, "hold", INCIDENT,
            "{\"action\":\"hold\",\"issued_at\":\"2026-11-22T08:00:20.000Z\",\"target\":{\"kind\":"
            "\"sender\",\"id\":\"held\",\"tenant_id\":\"t\"}}");
    CU_ASSERT_EQUAL(report->scope_count, 3);
    uint64_t counted = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[512];
        snprintf(text, sizeof text,
                "{\"message_id\":\"m%zu\",\"occurred_at\":\"2026-11-22T08:00:05.000Z\",\"tenant_"
                "id\":"
                "\"t\",\"verdict\":\"misdirected\",\"recipient_pseudonym\":\"k1:x\",%s}",
                i, rows[i].ids);
        CU_ASSERT_EQUAL(incident_report_verdict(report, view_of(text)), ERR_NONE);
        counted += rows[i].counts;
        CU_ASSERT_EQUAL(report->reached.messages, counted);
    }
    const struct audit_summary sum = {.files = 1};
    struct zone zone;
    CU_ASSERT_TRUE_FATAL(zone_read_offset(VIEW("+08:00"), &zone));
    const struct report_frame frame = {
            .zone = &zone, .data_kinds = "d", .program = VIEW("p"), .directory = "x", .sum = &sum};
    struct strbuf sb;
    strbuf_init(&sb, TEXT_BYTES);
    incident_report_write_json(report, &frame, &sb);
    check_has(&sb, "\"scopes\":[{\"kind\":\"campaign\",\"id\":\"a\",\"tenant_id\":\"t\"},{");
    strbuf_reset(&sb);
    incident_report_write_page(report, &frame, &sb);
    check_has(&sb, "<br>sender <code>held</code> of lender <code>t</code></td>");
    strbuf_fini(&sb);
    incident_report_destroy(report);
}

// Events without a tenant: alerts and commands call it "default", verdicts say nothing.
static void test_no_tenant(void)
{
    static const char *const tenants[] = {"null", "\"default\"", "\"t\""};
    struct incident_report *report =
            begin("{\"scope\":{\"kind\":\"campaign\",\"id\":\"a\",\"tenant_id\":\"default\"}}");
    take(report, AUDIT_MESSAGE_COMMAND, "hold", NULL,
            "{\"action\":\"hold\",\"target\":{\"kind\":\"message\",\"id\":\"m1\",\"tenant_id\":"
            "\"default\"},\"mode\":\"enforce\"}");
    for (int i = 0; i < 6; i++) {
        char text[512];
        snprintf(text, sizeof text,
                "{\"message_id\":\"m%d\",\"occurred_at\":\"2026-11-22T08:00:05.000Z\",\"tenant_"
                "id\":%s,\"verdict\":\"misdirected\",\"recipient_pseudonym\":\"k1:x\","
                "\"campaign_id\":\"a\"}",
                i, tenants[i / 2]);
        CU_ASSERT_EQUAL(incident_report_verdict(report, view_of(text)), ERR_NONE);
    }
    CU_ASSERT_EQUAL(report->reached.messages, 3);
    CU_ASSERT_EQUAL(report->spared.messages, 1);
    incident_report_destroy(report);
}

static void test_scopes_ceiling(void)
{
    static char texts[REPORT_SCOPES_MAX + 1][64];
    struct incident_report *report;
    CU_ASSERT_EQUAL_FATAL(incident_report_create(&report, VIEW(INCIDENT)), ERR_NONE);
    for (unsigned i = 0; i <= REPORT_SCOPES_MAX; i++) {
        snprintf(texts[i], sizeof texts[i],
                "{\"kind\":\"campaign\",\"id\":\"%u\",\"tenant_id\":\"t\"}", i);
        CU_ASSERT_EQUAL(report_reached_scope(report, view_of(texts[i])), ERR_NONE);
    }
    CU_ASSERT_EQUAL(report->scope_count, REPORT_SCOPES_MAX);
    CU_ASSERT_EQUAL(report->scopes_left_out, 1);
    incident_report_destroy(report);
}

static void verdict_with(
        struct incident_report *report, const char *id, int second, const char *reasons)
{
    char text[512];
    snprintf(text, sizeof text,
            "{\"message_id\":\"%s\",\"occurred_at\":\"2026-11-22T08:00:%02d.000Z\",\"tenant_id\":"
            "\"t\",\"verdict\":\"misdirected\",\"reasons\":[%s],\"recipient_pseudonym\":"
            "\"k1:%s\",\"campaign_id\":\"a\"}",
            id, second, reasons, id);
    CU_ASSERT_EQUAL(incident_report_verdict(report, view_of(text)), ERR_NONE);
}

// What a person released of a recipient was sent: within its time, of his tenant, and not what is blocked.
static void test_recipient_released(void)
{
    static const struct {
        const char *id; // and whose message it is
        const char *tenant;
        const char *until;
        const char *reasons;
        bool is_reached;
    } rows[] = {
            {"his", "t", "30", "\"no_record\"", true},
            {"prolonged", "t", "30", "\"no_record\",\"released\"", true},
            {"too late", "t", "05", "\"no_record\"", false},
            {"of another lender", "u", "30", "\"no_record\"", false},
            {"blocked", "t", "30", "\"no_record\",\"blocked\"", false},
            {"nobody's", NULL, NULL, "\"no_record\"", false},
    };
    struct incident_report *report = begin(OPENED);
    uint64_t reached = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hold_message(report, rows[i].id, "enforce");
        for (int k = 0; k < 2 && rows[i].tenant != NULL; k++) {
            char record[512]; // the same again changes nothing
            snprintf(record, sizeof record,
                    "{\"action\":\"release\",\"target\":{\"kind\":\"recipient\",\"id\":\"k1:%s\","
                    "\"tenant_id\":\"%s\"},\"expires_at\":\"2026-11-22T08:00:%s.000Z\","
                    "\"operator\":\"ann\",\"mode\":\"enforce\"}",
                    rows[i].id, rows[i].tenant, k == 0 ? rows[i].until : "01");
            take(report, AUDIT_MESSAGE_COMMAND, "release", NULL, record);
        }
        verdict_with(report, rows[i].id, 6, rows[i].reasons);
        reached += rows[i].is_reached;
        CU_ASSERT_EQUAL(report->reached.messages, reached);
        CU_ASSERT_EQUAL(report->spared.messages, i + 1 - reached);
    }
    incident_report_destroy(report);
}

// A person's word about a recipient or message: `action` is hold, release or (a release) at_once.
static void say(struct incident_report *report, const char *kind, const char *id,
        const char *action, int sequence, int issued, int until)
{
    char record[512];
    snprintf(record, sizeof record,
            "{\"sequence\":%d,\"action\":\"%s\",\"target\":{\"kind\":\"%s\",\"id\":\"%s\","
            "\"tenant_id\":\"t\"},\"issued_at\":\"2026-11-22T08:00:%02d.000Z\",\"expires_at\":"
            "\"2026-11-22T08:00:%02d.000Z\",\"operator\":\"ann\",\"mode\":\"enforce\"%s}",
            sequence, strcmp(action, "hold") == 0 ? "hold" : "release", kind, id, issued, until,
            strcmp(action, "at_once") == 0 ? ",\"at_once\":true" : "");
    take(report, AUDIT_MESSAGE_COMMAND, "release", NULL, record);
}

// Whom the sender still holds is spared: his scope's hold stands beside a release without at_once, the newest word
// about him counts, and a person's hold of the message itself stays above. The scope is held at 20.
static void test_recipient_words(void)
{
    static const struct {
        const char *action; // of a first word, sequence 5
        int until;
        const char *then; // of a second one at 10, sequence 9; NULL = none
        int then_until;
        bool is_kept; // by a person's hold of the message
        int at;       // when it was judged
        bool is_reached;
    } rows[] = {
            {"release", 50, NULL, 0, false, 6, true},
            {"release", 50, NULL, 0, false, 25, false},
            {"at_once", 50, NULL, 0, false, 25, true},
            {"at_once", 24, NULL, 0, false, 25, false},
            {"release", 50, "hold", 50, false, 15, false},
            {"release", 50, "hold", 50, false, 6, true}, // it was sent then
            {"hold", 50, "release", 50, false, 15, true},
            {"release", 50, "release", 12, false, 15, false},
            {"release", 50, "release", 12, false, 11, true},
            {"at_once", 50, "release", 50, false, 25, false},
            {"release", 50, "at_once", 50, false, 25, true},
            {"release", 50, NULL, 0, true, 6, false},
            {"at_once", 50, NULL, 0, true, 25, false},
    };
    struct incident_report *report = begin_held(OPENED);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char id[16];
        char pseudonym[20];
        snprintf(id, sizeof id, "m%zu", i);
        snprintf(pseudonym, sizeof pseudonym, "k1:%s", id);
        hold_message(report, id, "enforce");
        if (rows[i].is_kept) {
            say(report, "message", id, "hold", 4, 1, 59);
        }
        if (rows[i].then != NULL) { // a record may come late: the sequence says which is newest
            say(report, "recipient", pseudonym, "hold", 2, 1, 59);
        }
        say(report, "recipient", pseudonym, rows[i].action, 5, 2, rows[i].until);
        if (rows[i].then != NULL) {
            say(report, "recipient", pseudonym, rows[i].then, 9, 10, rows[i].then_until);
            say(report, "recipient", pseudonym, rows[i].action, 5, 2, rows[i].until);
        }
        uint64_t reached = report->reached.messages;
        verdict_with(report, id, rows[i].at, "\"no_record\"");
        CU_ASSERT_EQUAL(report->reached.messages, reached + rows[i].is_reached);
        if (report->reached.messages != reached + rows[i].is_reached) {
            fprintf(stderr, "row %zu\n", i);
        }
    }
    incident_report_destroy(report);
}

// So many and no more: of whoever is above the ceiling nobody has said anything.
static void test_words_ceiling(void)
{
    struct last_words *words;
    CU_ASSERT_EQUAL_FATAL(last_words_create(&words, 20), ERR_NONE);
    for (int i = 0; i <= 20; i++) {
        char id[8];
        snprintf(id, sizeof id, "r%d", i);
        const struct spoken_word word = {
                .sequence = 2, .issued_ms = 50, .until_ms = 100 + i, .is_release = true};
        CU_ASSERT_EQUAL(
                last_words_note(words, view_of(id), &word), i < 20 ? ERR_NONE : ERR_CEILING);
    }
    const struct spoken_word longer = {
            .sequence = 3, .issued_ms = 60, .until_ms = 500, .is_release = true};
    CU_ASSERT_EQUAL(last_words_note(words, VIEW("r3"), &longer), ERR_NONE);
    CU_ASSERT_EQUAL(last_words_of(words, VIEW("r3"), 499), LAST_WORD_RELEASE);
    CU_ASSERT_EQUAL(last_words_of(words, VIEW("r3"), 500), LAST_WORD_NONE);
    CU_ASSERT_EQUAL(last_words_of(words, VIEW("r19"), 118), LAST_WORD_RELEASE);
    CU_ASSERT_EQUAL(last_words_of(words, VIEW("r20"), 0), LAST_WORD_NONE);
    last_words_destroy(words);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"reached", test_reached},
            {"released_and_twice", test_released_and_twice},
            {"scopes", test_scopes},
            {"no_tenant", test_no_tenant},
            {"scopes_ceiling", test_scopes_ceiling},
            {"recipient_released", test_recipient_released},
            {"recipient_words", test_recipient_words},
            {"words_ceiling", test_words_ceiling},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "incident_report", tests);
}
