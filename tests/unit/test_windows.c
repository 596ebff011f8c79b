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
            int64_t allowed_ms = 0;
            const struct hours *hours = windows_outside(&config->policy.windows, &subject,
                    MIDNIGHT + rows[i].minute * MINUTE + last, &allowed_ms);
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
            {"policy: {hours: [{allowed: '08:00-22:00', zone: Asia/Shanghai}]}\n",
                    ":1:49: policy.hours[0].zone: expected text of 1 to 6 bytes, got "
                    "'Asia/Shanghai'\n"},
            {"policy: {hours: [{allowed: '08:00-22:00', zone: '+14:01'}]}\n",
                    ":1:49: policy.hours[0].zone: expected an offset from UTC such as +08:00, got "
                    "'+14:01'\n"},
            {"policy: {maintenance: [{from: 2026-11-20, until: 2026-11-20, reason: r, owner: "
             "o}]}\n",
                    ":1:50: policy.maintenance[0]: expected until after from\n"},
            {"policy: {maintenance: [{from: 2026-11-20, until: 2026-11-21, reason: r}]}\n",
                    ":1:24: policy.maintenance[0]: expected owner, got none\n"},
    };
    struct strbuf findings;
    strbuf_init(&findings, TEXT_MAX);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_ASSERT_PTR_NULL(config_text_load(rows[i].yaml, &findings));
        const char *got = findings.p != NULL ? strchr(findings.p, ':') : NULL;
        unit_check_text("finding", got != NULL ? got : "", rows[i].finding);
    }
    strbuf_fini(&findings);
}

static void test_print_and_version(void)
{
    static const char *const yamls[] = {
            "policy: {hours: [{allowed: '08:00-22:00', zone: '+08:00'}]}\n",
            "policy: {hours: [{allowed: '08:00-21:00', zone: '+08:00'}]}\n",
            "policy: {hours: [{allowed: '08:00-22:00', zone: '-08:00'}]}\n",
            "policy: {hours: [{allowed: '08:00-22:00', zone: '+08:00', mode: enforce}]}\n",
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
