// policy.lists: who is on which list until when, what stands in the file, and that no number is kept.
#include "policy/lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "judge/standing.h"
#include "policy/config.h"
#include "config_text.h"
#include "unit.h"

enum { TEXT_MAX = 64 * 1024 };

#define AT INT64_C(1795161600000) // 2026-11-20T08:00:00Z

#define ENTRY(fields) "    - {" fields ", reason: r, owner: o, expires: 2027-01-01}\n"

// --- who is on them ---------------------------------------------------------------------------

static enum list_kind find(
        const struct config *config, const char *tenant, const char *campaign, const char *vendor)
{
    const struct list_subject subject = {.tenant_id = view_of(tenant),
            .ids = {view_of(campaign), VIEW_NONE, VIEW_NONE, view_of(vendor), view_of(tenant)}};
    return lists_find(&config->policy.lists, &subject, AT);
}

static void test_who_is_on(void)
{
    struct config *config = config_text_good("policy:\n  lists:\n" ENTRY(
            "list: allow, campaign: c") ENTRY("list: override, campaign: c, tenant: t")
                    ENTRY("list: block, vendor: v, tenant: t") ENTRY(
                            "list: override, tenant: whole") ENTRY("list: allow, vendor: twice")
                            ENTRY("list: block, vendor: twice") "    - {list: block, vendor: over, "
                                                                "reason: r, owner: o, expires: "
                                                                "2026-11-20T08:00:00Z}\n"
                                                                "    - {list: allow, vendor: over, "
                                                                "reason: r, owner: o, expires: "
                                                                "2026-11-20T08:00:00.001Z}\n");
    CU_ASSERT_EQUAL(find(config, "x", "x", "x"), LIST_NONE);
    CU_ASSERT_EQUAL(find(config, "x", "c", "x"), LIST_ALLOW);
    CU_ASSERT_EQUAL(find(config, "t", "c", "x"), LIST_OVERRIDE);
    CU_ASSERT_EQUAL(find(config, "t", "c", "v"), LIST_BLOCK);
    CU_ASSERT_EQUAL(find(config, "x", "c", "v"), LIST_ALLOW);
    CU_ASSERT_EQUAL(find(config, "whole", "x", NULL), LIST_OVERRIDE);
    CU_ASSERT_EQUAL(find(config, "x", NULL, "whole"), LIST_NONE); // another kind of that name
    CU_ASSERT_EQUAL(find(config, "x", NULL, "twice"), LIST_BLOCK);
    CU_ASSERT_EQUAL(find(config, "x", NULL, "over"), LIST_ALLOW); // over as its time begins
    config_destroy(config);
}

// Each row of the table in judge/standing.h, and what comes before what.
static void test_standing(void)
{
    static const struct standing_order release = {.action = CONTROL_RELEASE};
    static const struct standing_order hold = {.action = CONTROL_HOLD, .until_ms = AT + 1};
    static const struct {
        const char *what;
        const char *campaign;
        const char *template;
        const char *purpose;
        const char *tenant;
        const struct standing_order *order;
        enum lookup_state lookup; // a miss is misdirected
        enum verdict verdict;
        reason_set reasons; // of the policy
        bool is_held;
    } rows[] = {
            {"nothing applies, misdirected", NULL, NULL, NULL, "t", NULL, LOOKUP_MISS,
                    VERDICT_MISDIRECTED, 0, true},
            {"nothing applies, unknown", NULL, NULL, NULL, "t", NULL, LOOKUP_UNREACHABLE,
                    VERDICT_UNKNOWN, 0, false},
            {"unknown where those are held", NULL, NULL, NULL, "holds", NULL, LOOKUP_UNREACHABLE,
                    VERDICT_UNKNOWN, 0, true},
            {"exempt before block", "block", NULL, "otp", "t", NULL, LOOKUP_MISS, VERDICT_EXEMPT, 0,
                    false},
            {"blocked", "block", NULL, NULL, "t", NULL, LOOKUP_MISS, VERDICT_MISDIRECTED,
                    REASON_BIT(REASON_BLOCKED), true},
            {"blocked, unknown", "block", NULL, NULL, "t", NULL, LOOKUP_UNREACHABLE,
                    VERDICT_UNKNOWN, REASON_BIT(REASON_BLOCKED), true},
            {"block before release", "block", NULL, NULL, "t", &release, LOOKUP_MISS,
                    VERDICT_MISDIRECTED, REASON_BIT(REASON_BLOCKED), true},
            {"block before override", "block", "over", NULL, "t", NULL, LOOKUP_MISS,
                    VERDICT_MISDIRECTED, REASON_BIT(REASON_BLOCKED), true},
            {"released", NULL, NULL, NULL, "t", &release, LOOKUP_MISS, VERDICT_MISDIRECTED,
                    REASON_BIT(REASON_RELEASED), false},
            {"released, unknown", NULL, NULL, NULL, "holds", &release, LOOKUP_UNREACHABLE,
                    VERDICT_UNKNOWN, REASON_BIT(REASON_RELEASED), false},
            {"release before override", NULL, "over", NULL, "t", &release, LOOKUP_MISS,
                    VERDICT_MISDIRECTED, REASON_BIT(REASON_RELEASED), false},
            {"held by an operator", NULL, NULL, NULL, "t", &hold, LOOKUP_UNREACHABLE,
                    VERDICT_UNKNOWN, REASON_BIT(REASON_HELD_BY_OPERATOR), true},
            {"held by an operator, before override", NULL, "over", NULL, "t", &hold, LOOKUP_MISS,
                    VERDICT_MISDIRECTED, REASON_BIT(REASON_HELD_BY_OPERATOR), true},
            {"held by an operator, before allow", "allow", NULL, NULL, "t", &hold, LOOKUP_MISS,
                    VERDICT_MISDIRECTED, REASON_BIT(REASON_HELD_BY_OPERATOR), true},
            {"exempt before an operator's hold", NULL, NULL, "otp", "t", &hold, LOOKUP_MISS,
                    VERDICT_EXEMPT, 0, false},
            {"overridden", NULL, "over", NULL, "t", NULL, LOOKUP_MISS, VERDICT_MISDIRECTED,
                    REASON_BIT(REASON_OVERRIDDEN), false},
            {"nothing to override", NULL, "over", NULL, "t", NULL, LOOKUP_UNREACHABLE,
                    VERDICT_UNKNOWN, 0, false},
            {"override before allow", "allow", "over", NULL, "t", NULL, LOOKUP_MISS,
                    VERDICT_MISDIRECTED, REASON_BIT(REASON_OVERRIDDEN), false},
            {"allowed", "allow", NULL, NULL, "t", NULL, LOOKUP_MISS, VERDICT_EXEMPT,
                    REASON_BIT(REASON_ALLOWED), false},
    };
    struct config *config = config_text_good(
            "policy:\n  rules:\n    - {match: {tenant: holds}, unknown: hold}\n  lists:\n" ENTRY(
                    "list: block, campaign: block") ENTRY("list: override, template: over")
                    ENTRY("list: allow, campaign: allow"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct event ev = {.message_id = VIEW("m"),
                .occurred_at = {AT},
                .purpose = view_of(rows[i].purpose),
                .tenant_id = view_of(rows[i].tenant),
                .campaign_id = view_of(rows[i].campaign),
                .template_id = view_of(rows[i].template)};
        const struct facts facts = {.lookup = rows[i].lookup};
        struct judgement judgement = judge_message(&ev, RECIPIENT_PHONE, &facts, &config->policy);
        const struct standing standing =
                judge_stand(&ev, NULL, &config->policy, rows[i].order, &judgement);
        bool right = judgement.verdict == rows[i].verdict &&
                     (judgement.reasons & ~REASONS_OF_DATA) == rows[i].reasons &&
                     standing.is_held == rows[i].is_held;
        CU_ASSERT_TRUE(right);
        if (!right) {
            fprintf(stderr, "%s: %s, reasons %#x, held %d\n", rows[i].what,
                    verdict_names[judgement.verdict], judgement.reasons, standing.is_held);
        }
    }
    config_destroy(config);
}

// --- numbers ----------------------------------------------------------------------------------

static void test_numbers_become_pseudonyms(void)
{
    struct config *config =
            config_text_good("policy:\n  lists:\n" ENTRY("list: block, recipient: '13800138000'")
                            ENTRY("list: block, recipient: a@b.example, kind: email"));
    struct strbuf printed;
    strbuf_init(&printed, TEXT_MAX);
    config_print(&printed, config);
    CU_ASSERT_PTR_NULL(strstr(printed.p, "13800138000"));
    CU_ASSERT_PTR_NULL(strstr(printed.p, "a@b.example"));
    CU_ASSERT_PTR_NOT_NULL(strstr(printed.p, "recipient: \"demo:"));
    struct config *back = config_text_good(strbuf_view(&printed).p);
    unit_check_text("version", back->policy.version, config->policy.version);
    CU_ASSERT_EQUAL(memcmp(back->policy.lists.entries[0].tag, config->policy.lists.entries[0].tag,
                            LIST_RECIPIENT_BYTES),
            0);
    const struct list_subject subject = {
            .tenant_id = VIEW("any"), .recipient = back->policy.lists.entries[1].tag};
    CU_ASSERT_EQUAL(lists_find(&config->policy.lists, &subject, AT), LIST_BLOCK);
    strbuf_fini(&printed);
    config_destroy(config);
    config_destroy(back);
}

// --- the file ---------------------------------------------------------------------------------

#define LINE(fields) "{" fields ",\"reason\":\"r\",\"owner\":\"o\",\"expires\":\"2027-01-01\"}\n"

static void test_file(void)
{
    char path[32];
    char yaml[128];
    config_text_write(path, LINE("\"list\":\"block\",\"vendor\":\"v\"") "\n" LINE(
                                    "\"list\":\"allow\",\"recipient\":\"+8613800138000\""));
    snprintf(yaml, sizeof yaml, "policy:\n  lists_file: %s\n", path);
    struct config *config = config_text_good(yaml);
    CU_ASSERT_EQUAL(config->policy.lists.count, 2);
    CU_ASSERT_EQUAL(find(config, "t", NULL, "v"), LIST_BLOCK);
    char version[POLICY_VERSION_HEX + 1];
    memcpy(version, config->policy.version, sizeof version);
    config_destroy(config);
    unlink(path);
    config_text_write(path, LINE("\"list\":\"block\",\"vendor\":\"w\""));
    snprintf(yaml, sizeof yaml, "policy:\n  lists_file: %s\n", path);
    config = config_text_good(yaml);
    CU_ASSERT_STRING_NOT_EQUAL(config->policy.version, version); // what is in it is policy
    config_destroy(config);
    unlink(path);
}

static void test_findings(void)
{
    static const struct {
        const char *yaml;
        const char *finding; // behind the file's name
    } rows[] = {
            {"policy: {lists: [{list: allow}]}\n",
                    ":1:18: policy.lists[0]: expected reason, got none\n"},
            {"policy: {lists: [{list: grey}]}\n",
                    ":1:25: policy.lists[0].list: expected allow, override or block, got something "
                    "else (not shown)\n"},
            {"policy:\n  lists:\n" ENTRY("list: allow"),
                    ":3:7: policy.lists[0]: expected one of recipient, campaign, template, sender "
                    "and vendor, or tenant alone\n"},
            {"policy:\n  lists:\n" ENTRY("list: allow, vendor: v, campaign: c"),
                    ":3:7: policy.lists[0]: expected one of recipient, campaign, template, sender "
                    "and vendor, or tenant alone\n"},
            {"policy:\n  lists:\n" ENTRY("list: allow, vendor: v, kind: email"),
                    ":3:7: policy.lists[0]: expected recipient beside kind, got none\n"},
            {"policy:\n  lists:\n    - {list: allow, vendor: v, reason: r, owner: o, expires: "
             "soon}\n",
                    ":3:62: policy.lists[0].expires: expected an RFC 3339 time from 2000 to 2099, "
                    "got something else (not shown)\n"},
            {"policy:\n  lists:\n" ENTRY("list: allow, recipient: nobody"),
                    ":1:1: policy.lists: expected a number or pseudonym as recipient of entry 0 "
                    "(line 3)\n"},
            {"policy:\n  lists:\n" ENTRY("list: block, recipient: 'demo:AAAAAAAAAAAAAAAAAAAAAA'")
                            ENTRY("list: block, recipient: 'k7:AAAAAAAAAAAAAAAAAAAAAA'"),
                    ":1:1: policy.lists: expected a number, or a pseudonym of the current key "
                    "'demo', as recipient of entry 1 (line 4), got one of key 'k7'\n"},
            {"policy: {lists_file: /nowhere/at/all}\n",
                    ":1:1: policy.lists_file: expected a readable file, got: /nowhere/at/all: No "
                    "such file or directory\n"},
            {"policy: {lists_file: /}\n",
                    ":1:1: policy.lists_file: expected a readable file, got: /: is not a regular "
                    "file\n"},
    };
    struct strbuf findings;
    strbuf_init(&findings, TEXT_MAX);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_ASSERT_PTR_NULL(config_text_load(rows[i].yaml, &findings));
        const char *got = findings.p != NULL ? strchr(findings.p, ':') : "";
        size_t n = strlen(rows[i].finding);
        if (got == NULL || strncmp(got, rows[i].finding, n) != 0) {
            unit_check_text("finding", got != NULL ? got : "", rows[i].finding);
        }
    }
    strbuf_fini(&findings);
}

// A finding of the file names its line.
static void test_findings_of_file(void)
{
    char path[32];
    char yaml[128];
    char expected[256];
    struct strbuf findings;
    strbuf_init(&findings, TEXT_MAX);
    config_text_write(
            path, LINE("\"list\":\"block\",\"vendor\":\"v\"") "{\"list\":\"grey\"}\n[]\n");
    snprintf(yaml, sizeof yaml, "policy:\n  lists_file: %s\n", path);
    CU_ASSERT_PTR_NULL(config_text_load(yaml, &findings));
    snprintf(expected, sizeof expected,
            "%s:2:9: entry.list: expected allow, override or block, got something else (not "
            "shown)\n",
            path);
    CU_ASSERT_EQUAL(strncmp(findings.p, expected, strlen(expected)), 0);
    snprintf(expected, sizeof expected, "\n%s:3:", path);
    CU_ASSERT_PTR_NOT_NULL(strstr(findings.p, expected));
    strbuf_fini(&findings);
    unlink(path);
}

// Seven digits in a row are a number, or enough of one.
static bool has_number(const char *text)
{
    unsigned run = 0;
    for (const char *p = text; *p != '\0' && run < 7; p++) {
        run = *p >= '0' && *p <= '9' ? run + 1 : 0;
    }
    return run == 7;
}

// Wherever a number stands in an entry that cannot be read: findings go into the log.
static void test_findings_show_no_number(void)
{
    static const char *const entries[] = {
            "13800138000,block\n",
            "13800138000\n",
            "'13800138000': block\n",
            "{13800138000: block}\n",
            "{\"list\":\"13800138000\"}\n",
            "{\"list\":\"block\",\"recipient\":\"13800138000\\u0009\"}\n",
            "{\"list\":\"block\",\"recipient\":\"${13800138000}\"}\n",
            "{\"list\":\"block\",\"kind\":\"13800138000\"}\n",
            "{\"list\":\"block\",\"expires\":\"13800138000\"}\n",
            "{\"list\":\"block\",\"recipient\":[\"13800138000\"]}\n",
            "{\"list\":\"block\",\"recipient\":{\"13800138000\":1}}\n",
            "{\"list\":\"block\",\"recipient\":13800138000\n",
            "&13800138000 block\n",
            "*13800138000\n",
            "!13800138000 block\n",
            LINE("\"list\":\"block\",\"recipient\":\"0013800138000138\""),
            ("{\"list\":\"block\",\"recipient\":\"x\",\"reason\":\"13800138000\","
             "\"owner\":\"o\",\"expires\":\"2027-01-01\"}\n"),
    };
    struct strbuf findings;
    strbuf_init(&findings, TEXT_MAX);
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        char path[32];
        char yaml[512];
        config_text_write(path, entries[i]);
        snprintf(yaml, sizeof yaml, "policy:\n  lists_file: %s\n", path);
        struct config *of_file = config_text_load(yaml, &findings);
        CU_ASSERT_PTR_NULL(of_file);
        bool shows = has_number(strbuf_view(&findings).p);
        unlink(path);
        // Text that is no YAML is refused by the whole file, whose syntax may be told.
        if (strchr("{1'", entries[i][0]) != NULL) {
            snprintf(yaml, sizeof yaml, "policy:\n  lists:\n    - %s", entries[i]);
            struct config *of_config = config_text_load(yaml, &findings);
            CU_ASSERT_PTR_NULL(of_config);
            shows |= has_number(strbuf_view(&findings).p);
        }
        CU_ASSERT_FALSE(shows);
        if (shows) {
            fprintf(stderr, "%s%s", entries[i], findings.p);
        }
    }
    CU_ASSERT_PTR_NULL(config_text_load("policy: {lists: 13800138000}\n", &findings));
    CU_ASSERT_FALSE(has_number(findings.p));
    strbuf_fini(&findings);
}

static void test_ceiling(void)
{
    struct lists lists = {0};
    struct list_entry entry = {.list = LIST_ALLOW - 1};
    for (unsigned i = 0; i < LISTS_MAX; i++) {
        CU_ASSERT_EQUAL(lists_add(&lists, &entry), ERR_NONE);
    }
    CU_ASSERT_EQUAL(lists_add(&lists, &entry), ERR_CEILING);
    CU_ASSERT_EQUAL(lists.count, LISTS_MAX);
    lists_clear(&lists);
}

static const struct unit_test tests[] = {
        {"who_is_on", test_who_is_on},
        {"standing", test_standing},
        {"numbers_become_pseudonyms", test_numbers_become_pseudonyms},
        {"file", test_file},
        {"findings", test_findings},
        {"findings_of_file", test_findings_of_file},
        {"findings_show_no_number", test_findings_show_no_number},
        {"ceiling", test_ceiling},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "lists", tests);
}
