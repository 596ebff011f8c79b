// policy.hours and policy.maintenance: the minutes at which they begin and end, by zone and over
// midnight, and what cannot be read.
#include "policy/windows.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "judge/standing.h"
#include "policy/config.h"
#include "config_text.h"
#include "unit.h"

enum { TEXT_MAX = 64 * 1024 };

#define MIDNIGHT INT64_C(1795132800000) // 2026-11-20T00:00:00Z
#define MINUTE INT64_C(60000)

static void test_boundary_minutes(void)
{
    static const struct {
        const char *tenant;
        int minute; // of the day in UTC; it is looked at in its first and its last millisecond
        bool is_outside;
        int allowed; // where it is outside: the minute at which it is over
    } rows[] = {
            // China, 08:00 to 22:00 at UTC+8
            {"cn", 13 * 60 + 59, false, 0},
            {"cn", 14 * 60, true, 24 * 60},
            {"cn", 23 * 60 + 59, true, 24 * 60},
            {"cn", 0, false, 0},
            // Regulation F, 08:00 to 21:00 at UTC-5
            {"us", 1 * 60 + 59, false, 0},
            {"us", 2 * 60, true, 13 * 60},
            {"us", 12 * 60 + 59, true, 13 * 60},
            {"us", 13 * 60, false, 0},
            // over midnight, at half an hour: 22:00 to 06:00 at UTC+5:30
            {"night", 16 * 60 + 29, true, 16 * 60 + 30},
            {"night", 16 * 60 + 30, false, 0},
            {"night", 0 * 60 + 29, false, 0},
            {"night", 0 * 60 + 30, true, 16 * 60 + 30},
            {"always", 0, false, 0},
            {"nobody", 14 * 60, false, 0},
    };
    struct config *config = config_text_good(
            "policy:\n  hours:\n"
            "    - {match: {tenant: cn}, allowed: '08:00-22:00', zone: '+08:00'}\n"
            "    - {match: {tenant: us}, allowed: '08:00-21:00', zone: '-05:00'}\n"
            "    - {match: {tenant: night}, allowed: '22:00-06:00', zone: '+05:30'}\n"
            "    - {match: {tenant: always}, allowed: '00:00-24:00', zone: '+00:00'}\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct policy_subject subject = {.tenant_id = view_of(rows[i].tenant)};
        for (int64_t last = 0; last < MINUTE; last += MINUTE - 1) {
            const struct hours_ruling ruling = windows_rule_hours(&config->policy.windows, &subject,
                    VIEW_NONE, MIDNIGHT + rows[i].minute * MINUTE + last);
            const struct hours *hours = ruling.outside;
            int64_t allowed_ms = ruling.allowed_ms;
            bool right = (hours != NULL) == rows[i].is_outside &&
                         (hours == NULL || allowed_ms == MIDNIGHT + rows[i].allowed * MINUTE);
            CU_ASSERT_TRUE(right);
            if (!right) {
                fprintf(stderr, "%s, minute %d: %s\n", rows[i].tenant, rows[i].minute,
                        hours != NULL ? "outside" : "allowed");
            }
        }
    }
    config_destroy(config);
}

// When clocks are put forward or back, and the zone of the recipient.
static void test_daylight_saving(void)
{
    static const struct {
        const char *tenant;
        const char *recipient_zone;
        const char *at;
        const char *allowed; // NULL = it is
        enum zone_known known;
    } rows[] = {
            // 21:00 to 08:00 in New York, in winter, over the night of 8 March 2026, and in summer
            {"us", NULL, "2026-03-07T01:59:59.999Z", NULL, ZONE_NOT_ASKED},
            {"us", NULL, "2026-03-07T02:00:00Z", "2026-03-07T13:00:00Z", ZONE_NOT_ASKED},
            {"us", NULL, "2026-03-08T02:00:00Z", "2026-03-08T12:00:00Z", ZONE_NOT_ASKED},
            {"us", NULL, "2026-03-08T11:59:59.999Z", "2026-03-08T12:00:00Z", ZONE_NOT_ASKED},
            {"us", NULL, "2026-03-08T12:00:00Z", NULL, ZONE_NOT_ASKED},
            {"us", NULL, "2026-03-09T00:59:59.999Z", NULL, ZONE_NOT_ASKED},
            {"us", NULL, "2026-03-09T01:00:00Z", "2026-03-09T12:00:00Z", ZONE_NOT_ASKED},
            // and over that of 1 November, which has an hour more
            {"us", NULL, "2026-11-01T01:00:00Z", "2026-11-01T13:00:00Z", ZONE_NOT_ASKED},
            {"us", NULL, "2060-11-07T12:59:59Z", "2060-11-07T13:00:00Z", ZONE_NOT_ASKED},
            // from 02:30 on: in spring no clock shows that, and hours begin with what it shows next
            {"gap", NULL, "2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z", ZONE_NOT_ASKED},
            {"gap", NULL, "2026-03-08T07:00:00Z", NULL, ZONE_NOT_ASKED},
            {"gap", NULL, "2026-03-09T06:00:00Z", "2026-03-09T06:30:00Z", ZONE_NOT_ASKED},
            // from 01:30 on: in autumn that comes twice, and what is before it comes again
            {"twice", NULL, "2026-11-01T05:29:59Z", "2026-11-01T05:30:00Z", ZONE_NOT_ASKED},
            {"twice", NULL, "2026-11-01T05:30:00Z", NULL, ZONE_NOT_ASKED},
            {"twice", NULL, "2026-11-01T06:00:00Z", "2026-11-01T06:30:00Z", ZONE_NOT_ASKED},
            {"twice", NULL, "2026-11-01T06:30:00Z", NULL, ZONE_NOT_ASKED},
            // up to 01:00, which clocks show again at 06:00Z: allowed again are only 00:00 to 01:00
            {"early", NULL, "2026-11-01T04:59:59Z", NULL, ZONE_NOT_ASKED},
            {"early", NULL, "2026-11-01T05:00:00Z", "2026-11-02T05:00:00Z", ZONE_NOT_ASKED},
            // the recipient's own zone, by name and by offset; else the hours'
            {"own", "America/Los_Angeles", "2026-07-01T14:59:59Z", "2026-07-01T15:00:00Z",
                    ZONE_KNOWN},
            {"own", "America/Los_Angeles", "2026-07-01T15:00:00Z", NULL, ZONE_KNOWN},
            {"own", "-03:30", "2026-07-01T11:29:59Z", "2026-07-01T11:30:00Z", ZONE_KNOWN},
            {"own", NULL, "2026-07-01T11:59:59Z", "2026-07-01T12:00:00Z", ZONE_ABSENT},
            {"own", "Mars/Olympus", "2026-07-01T12:00:00Z", NULL, ZONE_UNKNOWN},
            {"own", "../../../etc/passwd", "2026-07-01T12:00:00Z", NULL, ZONE_UNKNOWN},
            {"own", "right/UTC", "2026-07-01T12:00:00Z", NULL, ZONE_UNKNOWN},
    };
    struct config *config = config_text_good(
            "policy:\n  hours:\n"
            "    - {match: {tenant: us}, allowed: '08:00-21:00', zone: America/New_York}\n"
            "    - {match: {tenant: gap}, allowed: '02:30-21:00', zone: America/New_York}\n"
            "    - {match: {tenant: twice}, allowed: '01:30-21:00', zone: America/New_York}\n"
            "    - {match: {tenant: early}, allowed: '00:00-01:00', zone: America/New_York}\n"
            "    - {match: {tenant: own}, allowed: '08:00-21:00', zone: America/New_York,"
            " zone_from: recipient}\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct policy_subject subject = {.tenant_id = view_of(rows[i].tenant)};
        int64_t at_ms = 0;
        int64_t allowed_ms = 0;
        CU_ASSERT_EQUAL(clock_parse_rfc3339(view_of(rows[i].at), &at_ms), CLOCK_OK);
        if (rows[i].allowed != NULL) {
            CU_ASSERT_EQUAL(clock_parse_rfc3339(view_of(rows[i].allowed), &allowed_ms), CLOCK_OK);
        }
        const struct hours_ruling ruling = windows_rule_hours(
                &config->policy.windows, &subject, view_of(rows[i].recipient_zone), at_ms);
        bool right = (ruling.outside != NULL) == (rows[i].allowed != NULL) &&
                     ruling.allowed_ms == allowed_ms && ruling.zone == rows[i].known;
        CU_ASSERT_TRUE(right);
        if (!right) {
            fprintf(stderr, "%s at %s: %s, again at %lld\n", rows[i].tenant, rows[i].at,
                    ruling.outside != NULL ? "outside" : "allowed", (long long)ruling.allowed_ms);
        }
    }
    config_destroy(config);
}

// Enforced, a message waits for the morning; one that is held anyway is held as long as ever; what an
// operator or a list lets pass goes.
static void test_held_until_morning(void)
{
    struct config *config = config_text_good(
            "policy:\n  hours:\n"
            "    - {allowed: '08:00-22:00', zone: '+08:00', mode: enforce}\n"
            "    - {match: {channel: email}, allowed: '08:00-22:00', zone: '+08:00'}\n");
    static const struct standing_order release = {.action = CONTROL_RELEASE};
    struct event ev = {.message_id = VIEW("m"), .occurred_at = {MIDNIGHT + 15 * 60 * MINUTE}};
    struct judgement judgement = {.verdict = VERDICT_CLEAR};
    struct standing standing = judge_stand(&ev, NULL, &config->policy, NULL, &judgement);
    CU_ASSERT_TRUE(standing.is_held);
    CU_ASSERT_EQUAL(standing.until_ms, MIDNIGHT + 24 * 60 * MINUTE);
    CU_ASSERT_EQUAL(judgement.reasons, REASON_BIT(REASON_OUTSIDE_HOURS));
    judgement = (struct judgement){.verdict = VERDICT_MISDIRECTED};
    standing = judge_stand(&ev, NULL, &config->policy, NULL, &judgement);
    CU_ASSERT_TRUE(standing.is_held);
    CU_ASSERT_EQUAL(standing.until_ms, 0);
    judgement = (struct judgement){.verdict = VERDICT_MISDIRECTED};
    standing = judge_stand(&ev, NULL, &config->policy, &release, &judgement);
    CU_ASSERT_FALSE(standing.is_held);
    judgement = (struct judgement){.verdict = VERDICT_EXEMPT};
    standing = judge_stand(&ev, NULL, &config->policy, NULL, &judgement);
    CU_ASSERT_FALSE(standing.is_held);
    CU_ASSERT_EQUAL(judgement.reasons, 0);
    ev.channel = VIEW("email"); // monitored only
    judgement = (struct judgement){.verdict = VERDICT_CLEAR};
    standing = judge_stand(&ev, NULL, &config->policy, NULL, &judgement);
    CU_ASSERT_FALSE(standing.is_held);
    CU_ASSERT_EQUAL(judgement.reasons, REASON_BIT(REASON_OUTSIDE_HOURS));
    config_destroy(config);
}

static void test_maintenance(void)
{
    struct config *config = config_text_good(
            "policy:\n  maintenance:\n"
            "    - {match: {tenant: t, vendor: v}, from: 2026-11-20T00:00:00Z,"
            " until: 2026-11-20T00:01:00Z, reason: r, owner: o}\n"
            "    - {from: 2026-11-21T00:00:00Z, until: 2026-11-22, reason: r, owner: o}\n");
    const struct policy_windows *windows = &config->policy.windows;
    const struct policy_subject own = {.tenant_id = VIEW("t"), .vendor_id = VIEW("v")};
    const struct policy_subject several = {.tenant_id = VIEW("t")};
    CU_ASSERT_FALSE(windows_in_maintenance(windows, &own, MIDNIGHT - 1));
    CU_ASSERT_TRUE(windows_in_maintenance(windows, &own, MIDNIGHT));
    CU_ASSERT_TRUE(windows_in_maintenance(windows, &own, MIDNIGHT + MINUTE - 1));
    CU_ASSERT_FALSE(windows_in_maintenance(windows, &own, MIDNIGHT + MINUTE));
    CU_ASSERT_FALSE(windows_in_maintenance(windows, &several, MIDNIGHT));
    CU_ASSERT_TRUE(windows_in_maintenance(windows, &several, MIDNIGHT + 24 * 60 * MINUTE));
    config_destroy(config);
}

static void test_findings(void)
{
    static const struct {
        const char *yaml;
        const char *finding; // behind the file's name
    } rows[] = {
            {"policy: {hours: [{allowed: '08:00-22:00'}]}\n",
                    ":1:18: policy.hours[0]: expected zone, got none\n"},
            {"policy: {hours: [{allowed: '8:00-22:00', zone: '+08:00'}]}\n",
                    ":1:28: policy.hours[0].allowed: expected hours such as 08:00-22:00, got "
                    "'8:00-22:00'\n"},
            {"policy: {hours: [{allowed: '08:00-24:01', zone: '+08:00'}]}\n",
                    ":1:28: policy.hours[0].allowed: expected hours such as 08:00-22:00, got "
                    "'08:00-24:01'\n"},
            {"policy: {hours: [{allowed: '08:00-08:00', zone: '+08:00'}]}\n",
                    ":1:28: policy.hours[0].allowed: expected hours such as 08:00-22:00, got "
                    "'08:00-08:00'\n"},
            {"policy: {hours: [{allowed: '08:00-22:00', zone: Asia/Shangai}]}\n",
                    ":1:49: policy.hours[0].zone: zone Asia/Shangai: there is none of this name\n"},
            {"policy: {hours: [{allowed: '08:00-22:00', zone: ../../../etc/passwd}]}\n",
                    ":1:49: policy.hours[0].zone: expected an offset such as +08:00, or a zone "
                    "such "
                    "as Asia/Shanghai\n"},
            {"policy: {hours: [{allowed: '08:00-22:00', zone: '+14:01'}]}\n",
                    ":1:49: policy.hours[0].zone: expected an offset such as +08:00, or a zone "
                    "such "
                    "as Asia/Shanghai\n"},
            {"policy: {hours: [{allowed: '08:00-22:00', zone: UTC, zone_from: sender}]}\n",
                    ":1:65: policy.hours[0].zone_from: expected policy or recipient, got "
                    "'sender'\n"},
            {"policy: {maintenance: [{from: 2026-11-20, until: 2026-11-20, reason: r, owner: "
             "o}]}\n",
                    ":1:50: policy.maintenance[0]: expected until after from\n"},
            {"policy: {maintenance: [{from: 2026-11-20, until: 2026-11-21, reason: r}]}\n",
                    ":1:24: policy.maintenance[0]: expected owner, got none\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        config_text_refused(rows[i].yaml, rows[i].finding);
    }
}

static void test_print_and_version(void)
{
    static const char *const yamls[] = {
            "policy: {hours: [{allowed: '08:00-22:00', zone: '+08:00'}]}\n",
            "policy: {hours: [{allowed: '08:00-21:00', zone: '+08:00'}]}\n",
            "policy: {hours: [{allowed: '08:00-22:00', zone: '-08:00'}]}\n",
            "policy: {hours: [{allowed: '08:00-22:00', zone: '+08:00', mode: enforce}]}\n",
            "policy: {hours: [{allowed: '08:00-22:00', zone: Asia/Shanghai}]}\n",
            "policy: {hours: [{allowed: '08:00-22:00', zone: America/New_York}]}\n",
            ("policy: {hours: [{allowed: '08:00-22:00', zone: America/New_York, zone_from: "
             "recipient}]}\n"),
            "policy: {hours: [{match: {purpose: p}, allowed: '08:00-22:00', zone: '+08:00'}]}\n",
            "policy: {maintenance: [{from: 2026-11-20, until: 2026-11-21, reason: r, owner: o}]}\n",
            ("policy: {maintenance: [{match: {channel: sms}, from: 2026-11-20, until: 2026-11-21, "
             "reason: r, owner: o}]}\n"),
    };
    enum { COUNT = sizeof yamls / sizeof *yamls };
    char versions[COUNT][POLICY_VERSION_HEX + 1];
    for (size_t i = 0; i < COUNT; i++) {
        struct config *config = config_text_good(yamls[i]);
        memcpy(versions[i], config->policy.version, sizeof versions[i]);
        struct strbuf printed;
        strbuf_init(&printed, TEXT_MAX);
        config_print(&printed, config);
        struct config *back = config_text_good(strbuf_view(&printed).p);
        unit_check_text("version", back->policy.version, versions[i]);
        for (size_t j = 0; j < i; j++) {
            CU_ASSERT_STRING_NOT_EQUAL(versions[i], versions[j]);
        }
        strbuf_fini(&printed);
        config_destroy(config);
        config_destroy(back);
    }
}

static void test_ceiling(void)
{
    struct policy_windows windows = {0};
    for (unsigned i = 0; i < WINDOWS_MAX; i++) {
        CU_ASSERT_EQUAL(windows_add_hours(&windows, &(struct hours){0}), ERR_NONE);
        CU_ASSERT_EQUAL(windows_add_maintenance(&windows, &(struct maintenance){0}), ERR_NONE);
    }
    CU_ASSERT_EQUAL(windows_add_hours(&windows, &(struct hours){0}), ERR_CEILING);
    CU_ASSERT_EQUAL(windows_add_maintenance(&windows, &(struct maintenance){0}), ERR_CEILING);
    windows_clear_hours(&windows);
    windows_clear_maintenance(&windows);
}

static const struct unit_test tests[] = {
        {"boundary_minutes", test_boundary_minutes},
        {"daylight_saving", test_daylight_saving},
        {"held_until_morning", test_held_until_morning},
        {"maintenance", test_maintenance},
        {"findings", test_findings},
        {"print_and_version", test_print_and_version},
        {"ceiling", test_ceiling},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "windows", tests);
}
