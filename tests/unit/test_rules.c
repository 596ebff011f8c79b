// policy.rules: which rule wins, row by row of the table of precedence in the README, what cannot be set
// where, and what a config's thresholds add up to.
#include "policy/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "detect/bank.h"
#include "judge/judge.h"
#include "policy/config.h"
#include "config_text.h"
#include "unit.h"

enum { TEXT_MAX = 64 * 1024 };

static struct policy_settings settings_of(const struct config *config, const char *tenant,
        const char *vendor, const char *channel, const char *purpose)
{
    const struct policy_subject subject = {
            view_of(tenant), view_of(vendor), view_of(channel), view_of(purpose)};
    struct policy_settings settings;
    policy_settings_of(&config->policy, &subject, &settings);
    return settings;
}

// --- precedence -------------------------------------------------------------------------------

// Each rule sets another time, so that the time says which one won.
static const char every_rule[] =
        "policy:\n"
        "  message_hold: 1h\n"
        "  rules:\n"
        "    - {match: {tenant: t}, message_hold: 2h}\n"
        "    - {match: {vendor: v}, message_hold: 3h}\n"
        "    - {match: {channel: c}, message_hold: 4h}\n"
        "    - {match: {purpose: p}, message_hold: 5h}\n"
        "    - {match: {tenant: t, vendor: v}, message_hold: 6h}\n"
        "    - {match: {channel: c, purpose: p}, message_hold: 7h}\n"
        "    - {match: {tenant: t, vendor: v, channel: c}, message_hold: 8h}\n"
        "    - {match: {vendor: v, channel: c, purpose: p}, message_hold: 9h}\n"
        "    - {match: {tenant: t, vendor: v, channel: c, purpose: p}, message_hold: 10h}\n"
        "    - {match: {tenant: t, vendor: v, channel: c, purpose: p}, message_hold: 11h}\n";

static void test_most_specific_wins(void)
{
    static const struct {
        const char *what;
        const char *names[4];
        int hours;
    } rows[] = {
            {"no rule applies: the policy's own", {"x", "x", "x", "x"}, 1},
            {"what is not known is named by no rule", {NULL, NULL, NULL, NULL}, 1},
            {"tenant alone", {"t", "x", "x", "x"}, 2},
            {"vendor alone", {"x", "v", "x", "x"}, 3},
            {"channel alone", {"x", "x", "c", "x"}, 4},
            {"purpose alone", {"x", "x", "x", "p"}, 5},
            {"of two that name one, the first", {"t", "x", "c", "x"}, 2},
            {"the first also where it is not the tenant's", {"x", "v", "c", "x"}, 3},
            {"two names before one", {"t", "v", "x", "x"}, 6},
            {"two names before one that stands first", {"t", "x", "c", "p"}, 7},
            {"of two that name two, the first", {"t", "v", "x", "p"}, 6},
            {"three names before two", {"t", "v", "c", "x"}, 8},
            {"three names before two, whichever", {"x", "v", "c", "p"}, 9},
            {"four names before three; of two of them the first", {"t", "v", "c", "p"}, 10},
    };
    struct config *config = config_text_good(every_rule);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct policy_settings got = settings_of(
                config, rows[i].names[0], rows[i].names[1], rows[i].names[2], rows[i].names[3]);
        bool right = got.message_hold_ms == rows[i].hours * INT64_C(3600000);
        CU_ASSERT_TRUE(right);
        if (!right) {
            fprintf(stderr, "%s: %lld ms\n", rows[i].what, (long long)got.message_hold_ms);
        }
    }
    config_destroy(config);
}

// The parts that two settings differ in.
static uint32_t differing(const struct policy_settings *a, const struct policy_settings *b)
{
#define DIFFERS(part, member) (a->member != b->member ? RULE_PART(part) : 0)
    return DIFFERS(RULE_SETS_MODE, mode) | DIFFERS(RULE_SETS_UNKNOWN, unknown) |
           DIFFERS(RULE_SETS_REASONS, has_counting) | DIFFERS(RULE_SETS_REASONS, counting) |
           DIFFERS(RULE_SETS_REASONS_OFF, reasons_off) |
           DIFFERS(RULE_SETS_CLOSED_GRACE, closed_grace_ms) |
           DIFFERS(RULE_SETS_MESSAGE_HOLD, message_hold_ms) |
           DIFFERS(RULE_SETS_SCOPE_HOLD, scope_hold_ms) |
           DIFFERS(RULE_SETS_OPERATOR_HOLD_MAX, operator_hold_max_ms) |
           DIFFERS(RULE_SETS_UNCONFIRMED, unconfirmed) |
           DIFFERS(RULE_SETS_AUTOMATIC_RELEASE, automatic_release) |
           DIFFERS(RULE_SETS_FLAP_LIMIT, flap_limit) | DIFFERS(RULE_SETS_HOLD_PEOPLE, hold_people) |
           DIFFERS(RULE_SETS_BUDGET, budget) |
           DIFFERS(RULE_SETS_FLOOR_RATE, floor_rate_millionths) |
           DIFFERS(RULE_SETS_CEILING_RATE, ceiling_rate_millionths) |
           DIFFERS(RULE_SETS_STREAMS, streams);
#undef DIFFERS
}

// Every setting by a rule of each thing that it may be of, and by none; the policy's own is another. The row is
// what one names, the setting what is read of it.
static void test_each_setting_by_each_name(void)
{
    static const struct {
        const char *own;  // in policy, or NULL
        const char *sets; // of a rule
        enum rule_part part;
        bool is_of_scopes; // and so not of a purpose
    } rows[] = {
            {"mode: enforce", "mode: monitor", RULE_SETS_MODE, false},
            {"unknown: hold", "unknown: wait", RULE_SETS_UNKNOWN, false},
            {NULL, "reasons: [opted_out]", RULE_SETS_REASONS, false},
            {"reasons_off: [no_record]", "reasons_off: [opted_out]", RULE_SETS_REASONS_OFF, false},
            {"closed_grace: 1d", "closed_grace: 2d", RULE_SETS_CLOSED_GRACE, false},
            {"message_hold: 1h", "message_hold: 2h", RULE_SETS_MESSAGE_HOLD, false},
            {"scope_hold: 1h", "scope_hold: 2h", RULE_SETS_SCOPE_HOLD, true},
            {"operator_hold_max: 1h", "operator_hold_max: 2h", RULE_SETS_OPERATOR_HOLD_MAX, true},
            {"unconfirmed: stays_held", "unconfirmed: expires", RULE_SETS_UNCONFIRMED, true},
            {"automatic_release: off", "automatic_release: on", RULE_SETS_AUTOMATIC_RELEASE, true},
            {"flap_limit: 1", "flap_limit: 2", RULE_SETS_FLAP_LIMIT, true},
            {"hold_people: 4", "hold_people: 5", RULE_SETS_HOLD_PEOPLE, true},
            {NULL, "budget: 1e6", RULE_SETS_BUDGET, true},
            {NULL, "floor_rate: 2%", RULE_SETS_FLOOR_RATE, true},
            {NULL, "ceiling_rate: 2%", RULE_SETS_CEILING_RATE, true},
            {"streams: [volume]", "streams: [walking]", RULE_SETS_STREAMS, true},
    };
    _Static_assert(sizeof rows / sizeof *rows == RULE_PART_COUNT - RULE_SETS_MODE, "all of them");
    static const char *const names[] = {"tenant", "vendor", "channel", "purpose"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (unsigned by = 0; by < (rows[i].is_of_scopes ? 3u : 4u); by++) {
            char yaml[256];
            snprintf(yaml, sizeof yaml, "policy:\n%s%s%s  rules: [{match: {%s: x}, %s}]\n",
                    rows[i].own != NULL ? "  " : "", rows[i].own != NULL ? rows[i].own : "",
                    rows[i].own != NULL ? "\n" : "", names[by], rows[i].sets);
            struct config *config = config_text_good(yaml);
            const char *of[4] = {"y", "y", "y", "y"};
            const struct policy_settings other = settings_of(config, of[0], of[1], of[2], of[3]);
            of[by] = "x";
            const struct policy_settings got = settings_of(config, of[0], of[1], of[2], of[3]);
            const struct policy_subject subject = {
                    view_of(of[0]), view_of(of[1]), view_of(of[2]), view_of(of[3])};
            const struct rule *winner = rules_winner(&config->policy.rules, &subject, rows[i].part);
            CU_ASSERT_PTR_EQUAL(winner, config->policy.rules.rules);
            CU_ASSERT_EQUAL(differing(&got, &other), RULE_PART(rows[i].part));
            config_destroy(config);
        }
    }
}

// Many lenders, each with rules of its own, and some of none: as if all were looked at in their order.
static void test_by_tenant(void)
{
    struct strbuf yaml;
    strbuf_init(&yaml, 64 * 1024);
    strbuf_add_text(&yaml, "policy:\n  message_hold: 1h\n  rules:\n");
    for (unsigned i = 0; i < 60; i++) {
        unsigned tenant = i * 37 % 60; // in no order
        strbuf_printf(
                &yaml, "    - {match: {tenant: t%u}, message_hold: %um}\n", tenant, 100 + tenant);
        strbuf_printf(&yaml, "    - {match: {tenant: t%u, vendor: v}, message_hold: %um}\n", tenant,
                200 + tenant);
    }
    strbuf_add_text(&yaml, "    - {match: {vendor: v}, message_hold: 300m}\n"
                           "    - {match: {vendor: w, channel: c}, message_hold: 301m}\n");
    struct config *config = config_text_good(strbuf_view(&yaml).p);
    for (unsigned i = 0; i < 62; i++) {
        char tenant[8];
        snprintf(tenant, sizeof tenant, "t%u", i);
        int64_t minutes[] = {i < 60 ? 100 + i : 60, i < 60 ? 200 + i : 300, 301};
        const char *const vendors[] = {"x", "v", "w"};
        for (unsigned v = 0; v < 3; v++) {
            CU_ASSERT_EQUAL(settings_of(config, tenant, vendors[v], "c", NULL).message_hold_ms,
                    minutes[v] * 60000);
        }
    }
    CU_ASSERT_EQUAL(settings_of(config, NULL, "v", "c", NULL).message_hold_ms, 300 * 60000);
    config_destroy(config);
    strbuf_fini(&yaml);
}

// A more specific rule takes the place of what it sets, and of nothing else.
static void test_each_setting_by_itself(void)
{
    struct config *config = config_text_good(
            "policy:\n"
            "  mode: monitor\n"
            "  rules:\n"
            "    - {match: {tenant: t}, mode: enforce, unknown: wait, scope_hold: 2h,"
            " reasons: [no_record], closed_grace: 1d}\n"
            "    - {match: {tenant: t, channel: voice}, unknown: hold}\n"
            "    - {match: {vendor: v}, mode: monitor, reasons: []}\n");
    struct policy_settings got = settings_of(config, "t", "v", "voice", "collection");
    CU_ASSERT_EQUAL(got.mode, MODE_ENFORCE); // of two that name one thing, the first
    CU_ASSERT_EQUAL(got.unknown, UNKNOWN_HOLD);
    CU_ASSERT_EQUAL(got.scope_hold_ms, INT64_C(7200000));
    CU_ASSERT_EQUAL(got.closed_grace_ms, INT64_C(86400000));
    CU_ASSERT_EQUAL(got.message_hold_ms, INT64_C(86400000));
    CU_ASSERT_TRUE(got.has_counting);
    CU_ASSERT_EQUAL(got.counting, REASON_BIT(REASON_NO_RECORD));
    got = settings_of(config, "other", "v", "sms", "collection");
    CU_ASSERT_EQUAL(got.mode, MODE_MONITOR);
    CU_ASSERT_EQUAL(got.unknown, UNKNOWN_PASS);
    CU_ASSERT_TRUE(got.has_counting);
    CU_ASSERT_EQUAL(got.counting, 0);
    got = settings_of(config, "other", NULL, "sms", "collection");
    CU_ASSERT_FALSE(got.has_counting);
    config_destroy(config);
}

// A purpose that the policy does not watch is nobody's to hold, whatever a rule says.
static void test_protected_purposes(void)
{
    struct config *config = config_text_good("policy:\n"
                                             "  rules:\n"
                                             "    - {match: {purpose: otp}, mode: enforce,"
                                             " unknown: hold, reasons: [no_record]}\n");
    const struct event ev = {.message_id = VIEW("m"), .purpose = VIEW("otp")};
    const struct facts miss = {.lookup = LOOKUP_MISS};
    const struct facts unknown = {.lookup = LOOKUP_UNREACHABLE};
    CU_ASSERT_EQUAL(
            judge_message(&ev, RECIPIENT_PHONE, &miss, &config->policy).verdict, VERDICT_EXEMPT);
    CU_ASSERT_EQUAL(
            judge_message(&ev, RECIPIENT_PHONE, &unknown, &config->policy).verdict, VERDICT_EXEMPT);
    config_destroy(config);
}

static void test_judged_by_rule(void)
{
    struct config *config =
            config_text_good("policy:\n"
                             "  rules:\n"
                             "    - {match: {tenant: t}, reasons: [other_tenant]}\n");
    const struct facts miss = {.lookup = LOOKUP_MISS};
    struct event ev = {.message_id = VIEW("m"), .tenant_id = VIEW("t")};
    CU_ASSERT_EQUAL(
            judge_message(&ev, RECIPIENT_PHONE, &miss, &config->policy).verdict, VERDICT_CLEAR);
    ev.tenant_id = VIEW("u");
    CU_ASSERT_EQUAL(judge_message(&ev, RECIPIENT_PHONE, &miss, &config->policy).verdict,
            VERDICT_MISDIRECTED);
    config_destroy(config);
}

// --- the file ---------------------------------------------------------------------------------

static void test_findings(void)
{
    static const struct {
        const char *yaml;
        const char *finding; // behind the file's name
    } rows[] = {
            {"policy: {rules: x}\n", ":1:17: policy.rules: expected a list of rules, got 'x'\n"},
            {"policy: {rules: [x]}\n", ":1:18: policy.rules[0]: expected a mapping, got 'x'\n"},
            {"policy: {rules: [{mode: monitor}]}\n",
                    ":1:18: policy.rules[0]: expected match with tenant, vendor, channel or "
                    "purpose, got none of them\n"},
            {"policy: {rules: [{match: {tenant: t}}]}\n",
                    ":1:18: policy.rules[0]: expected something that the rule sets, got nothing\n"},
            {"policy: {rules: [{match: {tenant: t}, mode: off}]}\n",
                    ":1:45: policy.rules[0].mode: expected monitor or enforce, got 'off'\n"},
            {"policy: {rules: [{match: {tennant: t}, mode: monitor}]}\n",
                    ":1:27: policy.rules[0].match.tennant: expected a known key, got 'tennant' "
                    "(did you mean match.tenant?)\n"},
            {"policy: {rules: [{match: {tenant: t}, hold_cap: 3}]}\n",
                    ":1:39: policy.rules[0].hold_cap: expected a known key, got 'hold_cap'\n"},
            {"policy: {rules: [{match: {purpose: p}, scope_hold: 2h}]}\n",
                    ":1:52: policy.rules[0]: expected no scope_hold beside match.purpose: a "
                    "campaign, sender, … is held for all purposes\n"},
            {"policy: {rules: [{match: {tenant: t, purpose: p}, budget: 1e9}]}\n",
                    ":1:59: policy.rules[0]: expected no budget beside match.purpose: a campaign, "
                    "sender, … is held for all purposes\n"},
            {"policy: {rules: [{match: {purpose: p}, streams: []}]}\n",
                    ":1:49: policy.rules[0]: expected no streams beside match.purpose: a campaign, "
                    "sender, … is held for all purposes\n"},
            {"policy: {rules: [{match: {tenant: t}, hold_people: 2}]}\n",
                    ":1:52: policy.rules[0].hold_people: expected a whole number from 3 to "
                    "32, got '2'\n"},
            {"policy: {rules: [{match: {tenant: t}, budget: 1e5}]}\n",
                    ":1:47: policy.rules[0].budget: expected 1e6, 1e7, 1e8, 2e8 or 1e9, got "
                    "'1e5'\n"},
            {"policy: {rules: [{match: {tenant: t}, reasons: [no_record], reasons_off: "
             "[no_record]}]}\n",
                    ":1:74: policy.rules[0]: expected no reason in both reasons and reasons_off: "
                    "what is off cannot count\n"},
            {"policy: {rules: [{match: {tenant: t}, reasons_off: [invalid_number]}]}\n",
                    ":1:53: policy.rules[0].reasons_off[0]: expected no_record, other_tenant, "
                    "wrong_debt, third_party, closed_loan, reassigned_number or opted_out, got "
                    "'invalid_number'\n"},
            {"policy: {rules: [{match: {tenant: t}, floor_rate: 2%, ceiling_rate: 1%}]}\n",
                    ":1:51: policy.rules[0]: expected floor_rate not above ceiling_rate\n"},
            {"detector: {ceiling_rate: 2%}\npolicy: {rules: [{match: {tenant: t}, ceiling_rate: "
             "3%}]}\n",
                    ":2:18: policy.rules[0]: expected a ceiling_rate of at most "
                    "detector.ceiling_rate (2%), above which nothing is learnt\n"},
            {"detector: {floor_rate: 1%}\npolicy: {rules: [{match: {tenant: t}, ceiling_rate: "
             "0.5%}]}\n",
                    ":2:18: policy.rules[0]: expected a ceiling_rate of at least "
                    "detector.floor_rate (1%)\n"},
            {"policy: {rules: [{match: {tenant: t}, floor_rate: 0.02%}]}\n",
                    ":1:18: policy.rules[0]: expected a floor_rate of at least detector.floor_rate "
                    "(0.05%), below which nothing is learnt\n"},
            {"detector: {ceiling_rate: 1%}\npolicy: {rules: [{match: {tenant: t}, floor_rate: "
             "3%}]}\n",
                    ":2:18: policy.rules[0]: expected a floor_rate of at most "
                    "detector.ceiling_rate (1%), above which nothing is learnt\n"},
            {"policy: {rules: [{match: {tenant: t}, message_hold: 3s}]}\n",
                    ":1:53: policy.rules[0].message_hold: expected a duration from 1m to 90d, got "
                    "'3s'\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        config_text_refused(rows[i].yaml, rows[i].finding);
    }
}

static void test_ceiling(void)
{
    struct strbuf yaml;
    struct strbuf findings;
    strbuf_init(&yaml, 1024 * 1024);
    strbuf_init(&findings, TEXT_MAX);
    strbuf_add_text(&yaml, "policy:\n  rules:\n");
    for (unsigned i = 0; i < RULES_MAX; i++) {
        strbuf_printf(&yaml, "    - {match: {tenant: t%u}, mode: monitor}\n", i);
    }
    struct config *config = config_text_good(strbuf_view(&yaml).p);
    CU_ASSERT_EQUAL(config->policy.rules.count, RULES_MAX);
    config_destroy(config);
    strbuf_add_text(&yaml, "    - {match: {tenant: more}, mode: monitor}\n");
    CU_ASSERT_PTR_NULL(config_text_load(strbuf_view(&yaml).p, &findings));
    const char *got = findings.p != NULL ? strchr(findings.p, ':') : NULL;
    unit_check_text("finding", got != NULL ? got : "",
            ":259:7: policy.rules[256]: expected at most 256 rules\n");
    strbuf_fini(&yaml);
    strbuf_fini(&findings);
}

// Printed, it reads back as the same policy; and every part of a rule is part of its version.
static void test_print_and_version(void)
{
    static const char *const yamls[] = {
            "policy: {rules: []}\n",
            "policy: {rules: [{match: {tenant: t}, mode: monitor}]}\n",
            "policy: {rules: [{match: {tenant: t}, mode: enforce}]}\n",
            "policy: {rules: [{match: {vendor: t}, mode: monitor}]}\n",
            "policy: {rules: [{match: {channel: t}, mode: monitor}]}\n",
            "policy: {rules: [{match: {purpose: t}, mode: monitor}]}\n",
            "policy: {rules: [{match: {purpose: 'a \"${b'}, unknown: hold}]}\n",
            "policy: {rules: [{match: {tenant: t}, reasons: [opted_out]}]}\n",
            "policy: {rules: [{match: {tenant: t}, reasons: []}]}\n",
            "policy: {rules: [{match: {tenant: t}, closed_grace: 0s}]}\n",
            "policy: {rules: [{match: {tenant: t}, message_hold: 2h}]}\n",
            "policy: {rules: [{match: {tenant: t}, scope_hold: 2h}]}\n",
            "policy: {rules: [{match: {tenant: t}, budget: 1e9}]}\n",
            "policy: {rules: [{match: {tenant: t}, mode: null, budget: 1e8}]}\n",
            "policy: {rules: [{match: {tenant: t}, reasons_off: [opted_out]}]}\n",
            "policy: {rules: [{match: {tenant: t}, reasons_off: []}]}\n",
            "policy: {rules: [{match: {tenant: t}, operator_hold_max: 2h}]}\n",
            "policy: {rules: [{match: {tenant: t}, unconfirmed: expires}]}\n",
            "policy: {rules: [{match: {tenant: t}, automatic_release: on}]}\n",
            "policy: {rules: [{match: {tenant: t}, flap_limit: 2}]}\n",
            "policy: {rules: [{match: {tenant: t}, hold_people: 4}]}\n",
            "policy: {rules: [{match: {vendor: t}, budget: 1e9}]}\n",
            "policy: {rules: [{match: {tenant: t}, floor_rate: 1%}]}\n",
            "policy: {rules: [{match: {tenant: t}, ceiling_rate: 1%}]}\n",
            "policy: {rules: [{match: {tenant: t}, streams: []}]}\n",
            "policy: {rules: [{match: {tenant: t}, streams: [baseline_moved]}]}\n",
            "policy: {hold_people: 4}\n",
            "policy: {streams: [volume, complaints]}\n",
            "policy: {reasons_off: [opted_out]}\n",
            "policy: {rules: [{match: {tenant: t}, mode: monitor},"
            " {match: {tenant: t}, mode: enforce}]}\n",
            "policy: {rules: [{match: {tenant: t}, mode: enforce},"
            " {match: {tenant: t}, mode: monitor}]}\n",
    };
    enum { COUNT = sizeof yamls / sizeof *yamls };
    char versions[COUNT][POLICY_VERSION_HEX + 1];
    for (size_t i = 0; i < COUNT; i++) {
        char yaml[256];
        snprintf(yaml, sizeof yaml, "%s", yamls[i]);
        char *open = strstr(yaml, "${");
        if (open != NULL) {
            memmove(open + 1, open, strlen(open) + 1); // $${ is ${ itself
        }
        struct config *config = config_text_good(yaml);
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
    unit_check_text("no rules", versions[0], "7eb07978b4ec5015");
}

// --- thresholds -------------------------------------------------------------------------------

// The sum of 1/A over the kinds of scopes that a message of the tenant is counted in, times 1e15, with
// or without start credit, whichever is more.
static int64_t sum_e15(const struct config *config, const char *tenant)
{
    uint32_t budget = policy_budget_of(&config->policy, view_of(tenant));
    const struct bank_rules plain = bank_rules_of(budget, false);
    const struct bank_rules credited = bank_rules_of(budget, true);
    int64_t a = bank_rules_sum_e15(&plain, false);
    int64_t b = bank_rules_sum_e15(&credited, true);
    return a > b ? a : b;
}

static void test_sum_of_budgets(void)
{
    struct config *config = config_text_good("detector: {budget: 2e8}\n"
                                             "policy:\n"
                                             "  rules:\n"
                                             "    - {match: {tenant: strict}, budget: 1e9}\n"
                                             "    - {match: {tenant: soon}, budget: 1e7}\n"
                                             "    - {match: {vendor: v}, mode: monitor}\n");
    CU_ASSERT_EQUAL(sum_e15(config, "other"), 10000000); // 1e-8
    CU_ASSERT_EQUAL(sum_e15(config, "strict"), 2000000);
    CU_ASSERT_EQUAL(sum_e15(config, "soon"), 200000000);
    // The mode of a vendor is no budget.
    CU_ASSERT_EQUAL(settings_of(config, "strict", "v", "sms", "collection").budget,
            policy_budget_of(&config->policy, VIEW("strict")));
    config_destroy(config);
}

static const struct unit_test tests[] = {
        {"most_specific_wins", test_most_specific_wins},
        {"each_setting_by_each_name", test_each_setting_by_each_name},
        {"by_tenant", test_by_tenant},
        {"each_setting_by_itself", test_each_setting_by_itself},
        {"protected_purposes", test_protected_purposes},
        {"judged_by_rule", test_judged_by_rule},
        {"findings", test_findings},
        {"ceiling", test_ceiling},
        {"print_and_version", test_print_and_version},
        {"sum_of_budgets", test_sum_of_budgets},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "rules", tests);
}
