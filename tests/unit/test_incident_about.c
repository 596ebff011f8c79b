// Which commands about single messages belong to an incident: by what they are of, and when.
#include "audit/incident_about.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/unit.h"

#define OURS "0123456789abcdef0123456789abcdef"
#define OTHERS "ffffffffffffffffffffffffffffffff"
static const int64_t nine_ms = INT64_C(1795597200000); // 2026-11-25T09:00:00Z

static bool is_wanted(void *self, struct view incident_id)
{
    (void)self;
    return view_is(incident_id, OURS);
}

static void note(struct incident_about *about, enum audit_kind kind, const char *type,
        const char *incident, int minute, const char *record)
{
    const struct audit_line line = {
            .at_ms = nine_ms + minute * 60000,
            .kind = kind,
            .type = view_of(type),
            .incident_id = view_of(incident),
            .record = view_of(record),
    };
    CU_ASSERT_EQUAL(incident_about_note(about, &line), ERR_NONE);
}

static enum about_answer ask(
        struct incident_about *about, const char *tenant, const char *of, const char *at)
{
    char record[512];
    snprintf(record, sizeof record,
            "{\"action\":\"hold\",\"target\":{\"kind\":\"message\",\"id\":\"m\",\"tenant_id\":"
            "\"%s\"}%s%s,\"issued_at\":\"2026-11-25T%s.000Z\"}",
            tenant, of[0] != '\0' ? ",\"message\":" : "", of, at);
    const struct audit_line line = {
            .at_ms = 0, .kind = AUDIT_MESSAGE_COMMAND, .record = view_of(record)};
    return incident_about_has(about, &line);
}

// The incident: campaign a of t from 09:00 on, of which vendor v is held in channel sms; closed at 09:30.
static void test_belongs(void)
{
    static const struct {
        const char *tenant;
        const char *of; // what the message is of
        const char *at;
        enum about_answer answer;
    } rows[] = {
            {"t", "{\"campaign_id\":\"a\"}", "09:00:00", ABOUT_YES},
            {"t", "{\"template_id\":\"x\",\"campaign_id\":\"a\"}", "09:29:59", ABOUT_YES},
            {"t", "{\"campaign_id\":\"a\"}", "08:59:59", ABOUT_NO},
            {"t", "{\"campaign_id\":\"a\"}", "09:30:01", ABOUT_NO},
            {"u", "{\"campaign_id\":\"a\"}", "09:10:00", ABOUT_NO},
            {"t", "{\"campaign_id\":\"b\"}", "09:10:00", ABOUT_NO},
            {"t", "{\"template_id\":\"a\"}", "09:10:00", ABOUT_NO},
            {"t", "{\"vendor_id\":\"v\",\"channel\":\"sms\"}", "09:10:00", ABOUT_YES},
            {"t", "{\"vendor_id\":\"v\",\"channel\":\"voice\"}", "09:10:00", ABOUT_NO},
            {"t", "{\"vendor_id\":\"v\"}", "09:10:00", ABOUT_NO},
            {"t", "{\"sender_id\":\"s\"}", "09:10:00", ABOUT_NO}, // is another incident's
            {"t", "{}", "09:10:00", ABOUT_NO},
            {"t", "", "09:10:00", ABOUT_MAYBE}, // does not say
            {"t", "", "08:10:00", ABOUT_NO},
            {"u", "", "09:10:00", ABOUT_NO},
    };
    struct incident_about *about;
    CU_ASSERT_EQUAL_FATAL(incident_about_create(&about, is_wanted, NULL), ERR_NONE);
    CU_ASSERT_EQUAL(ask(about, "t", "{\"campaign_id\":\"a\"}", "09:10:00"), ABOUT_NO);
    for (int again = 0; again < 2; again++) { // a record may stand in the log more than once
        note(about, AUDIT_ALERT, "incident.opened", OURS, 5,
                "{\"scope\":{\"kind\":\"campaign\",\"id\":\"a\",\"tenant_id\":\"t\"},\"evidence\":"
                "{\"change_point\":{\"occurred_at\":\"2026-11-25T09:00:00.000Z\"}}}");
        note(about, AUDIT_COMMAND, "hold", OURS, 6,
                "{\"action\":\"hold\",\"target\":{\"kind\":\"vendor\",\"id\":\"v\",\"tenant_id\":"
                "\"t\",\"channel\":\"sms\"}}");
        note(about, AUDIT_ALERT, "incident.opened", OTHERS, 5,
                "{\"scope\":{\"kind\":\"sender\",\"id\":\"s\",\"tenant_id\":\"t\"}}");
        note(about, AUDIT_ALERT, "incident.closed", OURS, 30,
                "{\"scope\":{\"kind\":\"campaign\",\"id\":\"a\",\"tenant_id\":\"t\"}}");
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum about_answer answer = ask(about, rows[i].tenant, rows[i].of, rows[i].at);
        CU_ASSERT_EQUAL(answer, rows[i].answer);
        if (answer != rows[i].answer) {
            fprintf(stderr, "row %zu: %d\n", i, (int)answer);
        }
    }
    incident_about_destroy(about);
}

// A word about a recipient may concern every incident that begins while it is in force, however long before it was said.
static void test_recipient(void)
{
    static const struct {
        const char *kind;
        const char *tenant;
        const char *from;
        const char *until;
        enum about_answer answer;
    } rows[] = {
            {"recipient", "t", "07:00:00.000", "08:59:59.999", ABOUT_NO},
            {"recipient", "t", "07:00:00.000", "09:00:00.000", ABOUT_NO},
            {"recipient", "t", "07:00:00.000", "09:00:00.001", ABOUT_MAYBE},
            {"recipient", "t", "07:00:00.000", "23:00:00.000", ABOUT_MAYBE},
            {"recipient", "t", "09:10:00.000", "09:11:00.000", ABOUT_MAYBE},
            {"recipient", "t", "09:30:00.001", "23:00:00.000", ABOUT_NO},
            {"recipient", "u", "07:00:00.000", "23:00:00.000", ABOUT_NO},
            {"message", "t", "07:00:00.000", "23:00:00.000", ABOUT_NO},
    };
    struct incident_about *about;
    CU_ASSERT_EQUAL_FATAL(incident_about_create(&about, is_wanted, NULL), ERR_NONE);
    note(about, AUDIT_ALERT, "incident.opened", OURS, 0,
            "{\"scope\":{\"kind\":\"campaign\",\"id\":\"a\",\"tenant_id\":\"t\"}}");
    note(about, AUDIT_ALERT, "incident.closed", OURS, 30,
            "{\"scope\":{\"kind\":\"campaign\",\"id\":\"a\",\"tenant_id\":\"t\"}}");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char record[512];
        snprintf(record, sizeof record,
                "{\"action\":\"release\",\"target\":{\"kind\":\"%s\",\"id\":\"k1:r\",\"tenant_id\":"
                "\"%s\"},\"issued_at\":\"2026-11-25T%sZ\",\"expires_at\":\"2026-11-25T%sZ\"}",
                rows[i].kind, rows[i].tenant, rows[i].from, rows[i].until);
        const struct audit_line line = {
                .at_ms = 0, .kind = AUDIT_MESSAGE_COMMAND, .record = view_of(record)};
        enum about_answer answer = incident_about_has(about, &line);
        CU_ASSERT_EQUAL(answer, rows[i].answer);
        if (answer != rows[i].answer) {
            fprintf(stderr, "row %zu: %d\n", i, (int)answer);
        }
    }
    incident_about_destroy(about);
}

// A tenant's incident has all messages of the tenant, until it is closed.
static void test_tenant(void)
{
    struct incident_about *about;
    CU_ASSERT_EQUAL_FATAL(incident_about_create(&about, is_wanted, NULL), ERR_NONE);
    note(about, AUDIT_ALERT, "incident.opened", OURS, 0,
            "{\"scope\":{\"kind\":\"tenant\",\"id\":\"t\",\"tenant_id\":\"t\"}}");
    CU_ASSERT_EQUAL(ask(about, "t", "{}", "23:00:00"), ABOUT_YES);
    CU_ASSERT_EQUAL(ask(about, "t", "{}", "08:00:00"), ABOUT_NO);
    CU_ASSERT_EQUAL(ask(about, "tt", "{}", "23:00:00"), ABOUT_NO);
    CU_ASSERT_EQUAL(ask(about, "tt", "", "23:00:00"), ABOUT_NO);
    incident_about_destroy(about);
}

// More scopes than there is room for are an error, and never an incident with a part of its messages.
static void test_ceiling(void)
{
    struct incident_about *about;
    enum err e = ERR_NONE;
    CU_ASSERT_EQUAL_FATAL(incident_about_create(&about, is_wanted, NULL), ERR_NONE);
    for (unsigned i = 0; i <= ABOUT_TARGETS_MAX && e == ERR_NONE; i++) {
        char record[128];
        snprintf(record, sizeof record,
                "{\"target\":{\"kind\":\"campaign\",\"id\":\"%u\",\"tenant_id\":\"t\"}}", i);
        const struct audit_line line = {.kind = AUDIT_COMMAND,
                .type = VIEW("hold"),
                .incident_id = VIEW(OURS),
                .record = view_of(record)};
        e = incident_about_note(about, &line);
    }
    CU_ASSERT_EQUAL(e, ERR_CEILING);
    incident_about_destroy(about);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"belongs", test_belongs},
            {"recipient", test_recipient},
            {"tenant", test_tenant},
            {"ceiling", test_ceiling},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "incident_about", tests);
}
