#include "policy/config_rules.h"

#include <stdio.h>

#include "policy/config.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

// An invalid number or an untrusted cache is never anybody's wrong number.
const char *const config_counting_words[] = {"no_record", "other_tenant", "wrong_debt",
        "third_party", "closed_loan", "reassigned_number", "opted_out", NULL};
_Static_assert(REASON_OPTED_OUT == 6, "config_counting_words follows enum reason");

static const char *const mode_words[] = {"monitor", "enforce", NULL};
static const char *const off_on_words[] = {"off", "on", NULL};

// clang-format off: one row an option, as a table, in the order of enum rule_part.
// NOLINTBEGIN(bugprone-macro-parentheses): members and initialisers, not expressions.
#define AT(member) .offset = offsetof(struct rule, member)
#define SET(member)                                                                                \
    .offset = offsetof(struct rule, settings) + offsetof(struct policy_settings, member)
#define NAME(part, word, about)                                                                    \
    [part] = {.path = "match." word,                                                               \
            .type = CONF_TEXT,                                                                     \
            AT(names[part]),                                                                       \
            .min = 1,                                                                              \
            .max = 256,                                                                            \
            .text = about}

static const struct conf_option options[RULE_PART_COUNT] = {
        NAME(RULE_OF_TENANT, "tenant", "only this tenant"),
        NAME(RULE_OF_VENDOR, "vendor", "only this vendor"),
        NAME(RULE_OF_CHANNEL, "channel", "only this channel"),
        NAME(RULE_OF_PURPOSE, "purpose", "only this purpose"),
        [RULE_SETS_MODE] = {.path = "mode",
                .type = CONF_WORD,
                SET(mode),
                .words = mode_words,
                .text = "as policy.mode"},
        [RULE_SETS_UNKNOWN] = {.path = "unknown",
                .type = CONF_WORD,
                SET(unknown),
                .words = policy_unknown_names,
                .text = "as policy.unknown"},
        [RULE_SETS_REASONS] = {.path = "reasons",
                .type = CONF_WORDS,
                SET(counting),
                .words = config_counting_words,
                .text = "in the place of the purpose's"},
        [RULE_SETS_REASONS_OFF] = {.path = "reasons_off",
                .type = CONF_WORDS,
                SET(reasons_off),
                .words = config_counting_words,
                .text = "as policy.reasons_off"},
        [RULE_SETS_CLOSED_GRACE] = {.path = "closed_grace",
                .type = CONF_DURATION,
                SET(closed_grace_ms),
                .min = 0,
                .max = 365 * DAY,
                .text = "as policy.closed_grace"},
        [RULE_SETS_MESSAGE_HOLD] = {.path = "message_hold",
                .type = CONF_DURATION,
                SET(message_hold_ms),
                .min = 60000,
                .max = 90 * DAY,
                .text = "as policy.message_hold"},
        [RULE_SETS_SCOPE_HOLD] = {.path = "scope_hold",
                .type = CONF_DURATION,
                SET(scope_hold_ms),
                .min = 60000,
                .max = 90 * DAY,
                .text = "as policy.scope_hold"},
        [RULE_SETS_OPERATOR_HOLD_MAX] = {.path = "operator_hold_max",
                .type = CONF_DURATION,
                SET(operator_hold_max_ms),
                .min = 60000,
                .max = 90 * DAY,
                .text = "as policy.operator_hold_max"},
        [RULE_SETS_UNCONFIRMED] = {.path = "unconfirmed",
                .type = CONF_WORD,
                SET(unconfirmed),
                .words = policy_unconfirmed_names,
                .text = "as policy.unconfirmed"},
        [RULE_SETS_AUTOMATIC_RELEASE] = {.path = "automatic_release",
                .type = CONF_WORD,
                SET(automatic_release),
                .words = off_on_words,
                .text = "as policy.automatic_release"},
        [RULE_SETS_FLAP_LIMIT] = {.path = "flap_limit",
                .type = CONF_COUNT,
                SET(flap_limit),
                .min = 1,
                .max = 10,
                .text = "as policy.flap_limit"},
        [RULE_SETS_HOLD_PEOPLE] = {.path = "hold_people",
                .type = CONF_COUNT,
                SET(hold_people),
                .min = HOLD_PEOPLE_MIN,
                .max = HOLD_PEOPLE_MAX,
                .text = "as policy.hold_people"},
        [RULE_SETS_BUDGET] = {.path = "budget",
                .type = CONF_WORD,
                SET(budget),
                .words = policy_budget_names,
                .text = "as detector.budget"},
        [RULE_SETS_FLOOR_RATE] = {.path = "floor_rate",
                .type = CONF_PERCENT,
                SET(floor_rate_millionths),
                .min = 200,
                .max = 36000,
                .text = "no baseline is below it"},
        [RULE_SETS_CEILING_RATE] = {.path = "ceiling_rate",
                .type = CONF_PERCENT,
                SET(ceiling_rate_millionths),
                .min = 500,
                .max = 36000,
                .text = "no baseline is above it"},
        [RULE_SETS_STREAMS] = {.path = "streams",
                .type = CONF_WORDS,
                SET(streams),
                .words = source_names,
                .text = "as policy.streams"},
};
// NOLINTEND(bugprone-macro-parentheses)
// clang-format on

static const struct conf_table table = {options, RULE_PART_COUNT};

enum {
    NAMES = RULE_PART(RULE_OF_TENANT) | RULE_PART(RULE_OF_VENDOR) | RULE_PART(RULE_OF_CHANNEL) |
            RULE_PART(RULE_OF_PURPOSE),
};

// What a rule may not say, for a reason of its own: see ARCHITECTURE, "Policy".
static void check_rule(struct conf_report *report, const struct rule *rule,
        const struct conf_place *places, const struct conf_node *entry, const char *path)
{
    const uint32_t parts = rule->parts;
    if ((parts & NAMES) == 0) {
        conf_find(report, entry->mark, path,
                "expected match with tenant, vendor, channel or purpose, got none of them");
    }
    if ((parts & ~(uint32_t)NAMES) == 0) {
        conf_find(report, entry->mark, path, "expected something that the rule sets, got nothing");
    }
    for (unsigned part = RULE_SETS_MODE; part < RULE_PART_COUNT; part++) {
        if ((parts & RULE_OF_SCOPES & RULE_PART(part)) != 0 &&
                (parts & RULE_PART(RULE_OF_PURPOSE)) != 0) {
            conf_find(report, places[part].mark, path,
                    "expected no %s beside match.purpose: a campaign, sender, … is held for all "
                    "purposes",
                    options[part].path);
        }
    }
    const struct policy_settings *sets = &rule->settings;
    if ((parts & RULE_PART(RULE_SETS_REASONS)) != 0 && (sets->counting & sets->reasons_off) != 0) {
        conf_find(report, places[RULE_SETS_REASONS_OFF].mark, path,
                "expected no reason in both reasons and reasons_off: what is off cannot count");
    }
    if ((parts & RULE_PART(RULE_SETS_CEILING_RATE)) != 0 &&
            sets->floor_rate_millionths > sets->ceiling_rate_millionths) {
        conf_find(report, places[RULE_SETS_FLOOR_RATE].mark, path,
                "expected floor_rate not above ceiling_rate");
    }
}

void config_check_rules(const struct config *config, struct conf_report *report)
{
    const struct policy *policy = &config->policy;
    for (uint32_t i = 0; i < policy->rules.count; i++) {
        const struct rule *rule = &policy->rules.rules[i];
        const struct conf_mark mark = {rule->line, rule->column};
        char path[64];
        snprintf(path, sizeof path, "policy.rules[%u]", i);
        const struct policy_settings *sets = &rule->settings;
        bool has_floor = (rule->parts & RULE_PART(RULE_SETS_FLOOR_RATE)) != 0;
        if (has_floor && sets->floor_rate_millionths < policy->floor_rate_millionths) {
            conf_find(report, mark, path,
                    "expected a floor_rate of at least detector.floor_rate (%g%%), below which "
                    "nothing is learnt",
                    policy->floor_rate_millionths / 1e4);
        } else if (has_floor && sets->floor_rate_millionths > policy->ceiling_rate_millionths) {
            conf_find(report, mark, path,
                    "expected a floor_rate of at most detector.ceiling_rate (%g%%), above which "
                    "nothing is learnt",
                    policy->ceiling_rate_millionths / 1e4);
        }
        if ((rule->parts & RULE_PART(RULE_SETS_CEILING_RATE)) == 0) {
            continue;
        }
        if (sets->ceiling_rate_millionths > policy->ceiling_rate_millionths) {
            conf_find(report, mark, path,
                    "expected a ceiling_rate of at most detector.ceiling_rate (%g%%), above which "
                    "nothing is learnt",
                    policy->ceiling_rate_millionths / 1e4);
        } else if (sets->ceiling_rate_millionths < policy->floor_rate_millionths) {
            conf_find(report, mark, path,
                    "expected a ceiling_rate of at least detector.floor_rate (%g%%)",
                    policy->floor_rate_millionths / 1e4);
        }
    }
}

static void rules_forget(void *target)
{
    struct config *config = target;
    rules_clear(&config->policy.rules);
}

static void rules_take(
        struct conf_reader *reader, const struct conf_node *entry, const char *path, void *target)
{
    struct config *config = target;
    struct conf_report *report = conf_reader_report(reader);
    struct conf_place places[RULE_PART_COUNT] = {{{0, 0}, false, false}};
    struct rule rule = {0};
    uint32_t before = report->count;
    if (conf_read_entry(reader, entry, path, &table, &rule, places)) {
        rule.parts = conf_places_given(&table, places);
        rule.line = entry->mark.line;
        rule.column = entry->mark.column;
        check_rule(report, &rule, places, entry, path);
    }
    enum err e = ERR_CONFIG;
    if (report->count == before && !report->out_of_memory) {
        e = rules_add(&config->policy.rules, &rule);
    }
    if (e == ERR_CEILING) {
        conf_find(report, entry->mark, path, "expected at most %d rules", RULES_MAX);
    }
    report->out_of_memory |= e == ERR_NO_MEMORY;
    if (e != ERR_NONE) {
        rule_release(&rule);
    }
}

static void rules_print(struct strbuf *sb, const void *target, unsigned indent)
{
    const struct config *config = target;
    const struct rules *rules = &config->policy.rules;
    strbuf_add_text(sb, rules->count == 0 ? " []\n" : "\n");
    for (uint32_t i = 0; i < rules->count; i++) {
        conf_print_entry(&table, &rules->rules[i], rules->rules[i].parts, sb, indent);
    }
}

const struct conf_map config_rules_map = {
        .of = "rules", .clear = rules_forget, .add = rules_take, .print = rules_print};
