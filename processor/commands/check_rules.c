#include "commands/check_rules.h"

#include <stdio.h>

#include "detect/bank.h"

enum { NAMES = RULE_PART(RULE_SETS_MODE) - 1, NAMES_TEXT_BYTES = 2048 };

static bool sets(const struct rule *rule, enum rule_part part)
{
    return (rule->parts & RULE_PART(part)) != 0;
}

// The sum of 1/A over the kinds of scopes, whether or not a campaign began with credit (detect/bank.h).
static int64_t worst_sum_e15(const struct policy *policy, uint32_t budget)
{
    int64_t worst_e15 = 0;
    for (unsigned credited = 0; credited <= policy->start_credit; credited++) {
        const struct bank_rules rules = bank_rules_of(budget, credited != 0);
        int64_t sum_e15 = bank_rules_sum_e15(&rules, credited != 0);
        worst_e15 = sum_e15 > worst_e15 ? sum_e15 : worst_e15;
    }
    return worst_e15;
}

static void print_budget(
        struct strbuf *sb, const struct policy *policy, uint32_t budget, struct view of)
{
    const struct bank_rules rules = bank_rules_of(budget, false);
    strbuf_printf(sb,
            "budget    %.*s%ssum of 1/A %.6g: one false quarantine of a campaign in %lld healthy "
            "messages at most, of each wider kind in %lld\n",
            VIEW_ARGS(of), of.n > 0 ? ": " : "", (double)worst_sum_e15(policy, budget) / 1e15,
            (long long)table_budget_messages(rules.quarantine[SCOPE_CAMPAIGN]),
            (long long)table_budget_messages(rules.quarantine[SCOPE_TENANT]));
}

void check_print_rules(struct strbuf *sb, const struct policy *policy)
{
    const struct rules *rules = &policy->rules;
    print_budget(sb, policy, policy->budget, VIEW_NONE);
    for (unsigned named = 4; named > 0; named--) {
        for (uint32_t i = 0; i < rules->count; i++) {
            if (rule_named(&rules->rules[i]) == named) {
                strbuf_printf(sb, "rule      policy.rules[%u]: ", i);
                rule_add_text(sb, &rules->rules[i]);
                strbuf_add_byte(sb, '\n');
            }
        }
    }
    struct strbuf of;
    strbuf_init(&of, NAMES_TEXT_BYTES);
    for (uint32_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rules[i];
        if (sets(rule, RULE_SETS_BUDGET)) {
            strbuf_reset(&of);
            rule_add_names(&of, rule);
            print_budget(sb, policy, rule->settings.budget, strbuf_view(&of));
        }
    }
    strbuf_fini(&of);
}

// --- warnings ---------------------------------------------------------------------------------

static void warn_of_budget(const struct policy *policy, const char *path, uint32_t budget)
{
    if (budget < BANK_RULES_2E8) {
        fprintf(stderr,
                "warning: %s: budget %s allows a false quarantine in %lld healthy messages over "
                "all "
                "kinds of scopes; 2e8 promises one in 100000000\n",
                path, policy_budget_names[budget],
                (long long)(INT64_C(1000000000000000) / worst_sum_e15(policy, budget)));
    }
}

// The vendor or tenant of a campaign, by a smaller budget, acts on it all the same.
static void warn_of_wider(const struct policy *policy, const char *path, const struct rule *rule)
{
    bool is_narrow = sets(rule, RULE_OF_VENDOR) || sets(rule, RULE_OF_CHANNEL);
    struct view tenant =
            sets(rule, RULE_OF_TENANT) ? view_of(rule->names[RULE_OF_TENANT]) : VIEW_NONE;
    uint32_t wider = policy_budget_of(policy, tenant);
    if (is_narrow && rule->settings.budget > wider) {
        fprintf(stderr,
                "warning: %s: budget %s: wider scopes go by %s, and what explains their alarm is "
                "held by theirs\n",
                path, policy_budget_names[rule->settings.budget], policy_budget_names[wider]);
    }
}

static void warn_of_ceiling(const struct policy *policy, const char *path, const struct rule *rule)
{
    if (rule->settings.ceiling_rate_millionths < policy->prior_rate_millionths) {
        fprintf(stderr,
                "warning: %s: ceiling_rate %g%%: budgets hold for who has no more wrong numbers "
                "than that when nothing is wrong; simulated, twice as many bring a false "
                "quarantine in 6 million messages instead of 1400 million\n",
                path, rule->settings.ceiling_rate_millionths / 1e4);
    }
}

static bool names_the_same(const struct rule *a, const struct rule *b)
{
    bool is_same = (a->parts & NAMES) == (b->parts & NAMES);
    for (unsigned part = 0; part <= RULE_OF_PURPOSE && is_same; part++) {
        is_same = !sets(a, part) || strcmp(a->names[part], b->names[part]) == 0;
    }
    return is_same;
}

// What a rule before it, of the same names, sets already.
static void warn_of_order(const struct rules *rules, const char *path, uint32_t at)
{
    const struct rule *rule = &rules->rules[at];
    for (uint32_t i = 0; i < at; i++) {
        uint32_t twice = rule->parts & rules->rules[i].parts & ~(uint32_t)NAMES;
        if (twice == 0 || !names_the_same(rule, &rules->rules[i])) {
            continue;
        }
        for (unsigned part = RULE_SETS_MODE; part < RULE_PART_COUNT; part++) {
            if ((twice & RULE_PART(part)) != 0) {
                fprintf(stderr,
                        "warning: %s: its %s never applies: policy.rules[%u] names the same and "
                        "stands before it\n",
                        path, rule_part_names[part], i);
            }
        }
    }
}

// Reasons that it counts and that are off for whoever it is of.
static void warn_of_reasons(const struct policy *policy, const char *path, const struct rule *rule)
{
    reason_set off = sets(rule, RULE_SETS_REASONS_OFF) ? 0 : policy->reasons_off;
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        if ((rule->settings.counting & off & REASON_BIT(reason)) != 0) {
            fprintf(stderr, "warning: %s: %s never counts: policy.reasons_off has it\n", path,
                    reason_names[reason]);
        }
    }
}

void check_warn_rules(const struct policy *policy)
{
    warn_of_budget(policy, "detector.budget", policy->budget);
    for (uint32_t i = 0; i < policy->rules.count; i++) {
        const struct rule *rule = &policy->rules.rules[i];
        char path[64];
        snprintf(path, sizeof path, "policy.rules[%u]", i);
        if (sets(rule, RULE_SETS_BUDGET)) {
            warn_of_budget(policy, path, rule->settings.budget);
            warn_of_wider(policy, path, rule);
        }
        if (sets(rule, RULE_SETS_CEILING_RATE)) {
            warn_of_ceiling(policy, path, rule);
        }
        if (sets(rule, RULE_SETS_REASONS)) {
            warn_of_reasons(policy, path, rule);
        }
        if (sets(rule, RULE_OF_PURPOSE) &&
                policy_watched(policy, view_of(rule->names[RULE_OF_PURPOSE])) == NULL) {
            fprintf(stderr,
                    "warning: %s never applies: policy.purposes does not name %s, which is "
                    "exempt\n",
                    path, rule->names[RULE_OF_PURPOSE]);
        }
        warn_of_order(&policy->rules, path, i);
    }
}
