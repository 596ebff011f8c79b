#include "policy/rules.h"

#include <stdlib.h>

#include "policy/policy.h"

enum err rules_add(struct rules *rules, const struct rule *rule)
{
    if (rules->count == RULES_MAX) {
        return ERR_CEILING;
    }
    if (rules->count == rules->capacity) {
        uint32_t capacity = rules->capacity == 0 ? 8 : rules->capacity * 2;
        struct rule *grown = realloc(rules->rules, capacity * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        rules->rules = grown;
        rules->capacity = capacity;
    }
    rules->rules[rules->count++] = *rule;
    return ERR_NONE;
}

void rule_release(struct rule *rule)
{
    for (size_t i = 0; i < sizeof rule->names / sizeof *rule->names; i++) {
        free(rule->names[i]);
    }
    *rule = (struct rule){0};
}

void rules_clear(struct rules *rules)
{
    for (uint32_t i = 0; i < rules->count; i++) {
        rule_release(&rules->rules[i]);
    }
    free(rules->rules);
    *rules = (struct rules){0};
}

// --- which rule applies -----------------------------------------------------------------------

unsigned rule_specificity(
        uint32_t parts, char *const names[4], const struct policy_subject *subject)
{
    const struct view own[] = {
            subject->tenant_id, subject->vendor_id, subject->channel, subject->purpose};
    unsigned named = 1;
    for (unsigned i = RULE_OF_TENANT; i <= RULE_OF_PURPOSE; i++) {
        if (names[i] == NULL || (parts & RULE_PART(i)) == 0) {
            continue;
        }
        if (view_is_none(own[i]) || !view_is(own[i], names[i])) {
            return 0;
        }
        named++;
    }
    return named;
}

static void take(struct policy_settings *settings, const struct policy_settings *of, unsigned part)
{
    switch (part) {
    case RULE_SETS_MODE:
        settings->mode = of->mode;
        break;
    case RULE_SETS_UNKNOWN:
        settings->unknown = of->unknown;
        break;
    case RULE_SETS_REASONS:
        settings->counting = of->counting;
        settings->has_counting = true;
        break;
    case RULE_SETS_CLOSED_GRACE:
        settings->closed_grace_ms = of->closed_grace_ms;
        break;
    case RULE_SETS_MESSAGE_HOLD:
        settings->message_hold_ms = of->message_hold_ms;
        break;
    case RULE_SETS_SCOPE_HOLD:
        settings->scope_hold_ms = of->scope_hold_ms;
        break;
    case RULE_SETS_BUDGET:
        settings->budget = of->budget;
        break;
    default:
        break;
    }
}

void rules_apply(const struct rules *rules, const struct policy_subject *subject,
        struct policy_settings *settings)
{
    unsigned best[RULE_PART_COUNT] = {0};
    for (uint32_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rules[i];
        unsigned named = rule_specificity(rule->parts, rule->names, subject);
        for (unsigned part = RULE_SETS_MODE; part < RULE_PART_COUNT && named > 0; part++) {
            if ((rule->parts & RULE_PART(part)) != 0 && named > best[part]) {
                best[part] = named;
                take(settings, &rule->settings, part);
            }
        }
    }
}

unsigned rule_named(const struct rule *rule)
{
    unsigned named = 0;
    for (unsigned part = RULE_OF_TENANT; part <= RULE_OF_PURPOSE; part++) {
        named += rule->parts >> part & 1;
    }
    return named;
}

void rule_add_text(struct strbuf *sb, const struct rule *rule)
{
    static const char *const words[RULE_PART_COUNT] = {"tenant", "vendor", "channel", "purpose",
            "mode", "unknown", "reasons", "closed_grace", "message_hold", "scope_hold", "budget"};
    const char *before = "";
    for (unsigned part = 0; part < RULE_PART_COUNT; part++) {
        if ((rule->parts & RULE_PART(part)) == 0) {
            continue;
        }
        strbuf_printf(sb, "%s%s", before, words[part]);
        before = ", ";
        if (part <= RULE_OF_PURPOSE) {
            strbuf_printf(sb, " %s", rule->names[part]);
            uint32_t names_behind =
                    rule->parts >> (part + 1) & ((1u << (RULE_OF_PURPOSE - part)) - 1);
            before = names_behind != 0 ? ", " : " sets ";
        } else if (part == RULE_SETS_MODE) {
            strbuf_printf(sb, " %s", mode_names[rule->settings.mode]);
        }
    }
}

// --- the canonical text -----------------------------------------------------------------------

void rule_add_canonical_match(uint32_t parts, char *const names[4], struct json_out *out)
{
    static const struct {
        enum rule_part part;
        const char *key;
    } sorted[] = {{RULE_OF_CHANNEL, "channel"}, {RULE_OF_PURPOSE, "purpose"},
            {RULE_OF_TENANT, "tenant"}, {RULE_OF_VENDOR, "vendor"}};
    json_object(out, "match");
    for (size_t i = 0; i < sizeof sorted / sizeof *sorted; i++) {
        const char *name = names[sorted[i].part];
        if (name != NULL && (parts & RULE_PART(sorted[i].part)) != 0) {
            json_text(out, sorted[i].key, name);
        }
    }
    json_object_end(out);
}

static void add_reasons(struct json_out *out, reason_set reasons)
{
    json_array(out, "reasons");
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        if ((reasons & REASON_BIT(reason)) != 0) {
            json_text(out, NULL, reason_names[reason]);
        }
    }
    json_array_end(out);
}

static void add_rule(struct json_out *out, const struct rule *rule)
{
    const struct policy_settings *settings = &rule->settings;
    json_object(out, NULL);
    if ((rule->parts & RULE_PART(RULE_SETS_BUDGET)) != 0) {
        json_text(out, "budget", policy_budget_names[settings->budget]);
    }
    if ((rule->parts & RULE_PART(RULE_SETS_CLOSED_GRACE)) != 0) {
        json_int(out, "closed_grace_ms", settings->closed_grace_ms);
    }
    rule_add_canonical_match(rule->parts, rule->names, out);
    if ((rule->parts & RULE_PART(RULE_SETS_MESSAGE_HOLD)) != 0) {
        json_int(out, "message_hold_ms", settings->message_hold_ms);
    }
    if ((rule->parts & RULE_PART(RULE_SETS_MODE)) != 0) {
        json_text(out, "mode", mode_names[settings->mode]);
    }
    if ((rule->parts & RULE_PART(RULE_SETS_REASONS)) != 0) {
        add_reasons(out, settings->counting);
    }
    if ((rule->parts & RULE_PART(RULE_SETS_SCOPE_HOLD)) != 0) {
        json_int(out, "scope_hold_ms", settings->scope_hold_ms);
    }
    if ((rule->parts & RULE_PART(RULE_SETS_UNKNOWN)) != 0) {
        json_text(out, "unknown", policy_unknown_names[settings->unknown]);
    }
    json_object_end(out);
}

void rules_add_canonical(const struct rules *rules, struct json_out *out)
{
    if (rules->count == 0) {
        return;
    }
    json_array(out, "rules");
    for (uint32_t i = 0; i < rules->count; i++) {
        add_rule(out, &rules->rules[i]);
    }
    json_array_end(out);
}
