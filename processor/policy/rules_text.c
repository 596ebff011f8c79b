// Rules as text: for people, and in the policy's canonical text.
#include "policy/policy.h"

const char *const rule_part_names[RULE_PART_COUNT] = {"tenant", "vendor", "channel", "purpose",
        "mode", "unknown", "reasons", "reasons_off", "closed_grace", "message_hold", "scope_hold",
        "operator_hold_max", "unconfirmed", "automatic_release", "flap_limit", "hold_people",
        "budget", "floor_rate", "ceiling_rate", "streams"};

void rule_add_names(struct strbuf *sb, const struct rule *rule)
{
    const char *before = "";
    for (unsigned part = RULE_OF_TENANT; part <= RULE_OF_PURPOSE; part++) {
        if ((rule->parts & RULE_PART(part)) != 0) {
            strbuf_printf(sb, "%s%s %s", before, rule_part_names[part], rule->names[part]);
            before = ", ";
        }
    }
}

void rule_add_text(struct strbuf *sb, const struct rule *rule)
{
    rule_add_names(sb, rule);
    const char *before = " sets ";
    for (unsigned part = RULE_SETS_MODE; part < RULE_PART_COUNT; part++) {
        if ((rule->parts & RULE_PART(part)) == 0) {
            continue;
        }
        strbuf_printf(sb, "%s%s", before, rule_part_names[part]);
        before = ", ";
        if (part == RULE_SETS_MODE) {
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

void policy_add_words(struct json_out *out, const char *key, const char *const *words,
        uint32_t count, uint32_t bits)
{
    json_array(out, key);
    for (uint32_t i = 0; i < count; i++) {
        if ((bits >> i & 1) != 0) {
            json_text(out, NULL, words[i]);
        }
    }
    json_array_end(out);
}

static void add_setting(struct json_out *out, const struct policy_settings *settings, unsigned part)
{
    switch (part) {
    case RULE_SETS_AUTOMATIC_RELEASE:
        json_bool(out, "automatic_release", settings->automatic_release == RELEASE_AUTOMATIC);
        break;
    case RULE_SETS_BUDGET:
        json_text(out, "budget", policy_budget_names[settings->budget]);
        break;
    case RULE_SETS_CEILING_RATE:
        json_int(out, "ceiling_rate_millionths", settings->ceiling_rate_millionths);
        break;
    case RULE_SETS_CLOSED_GRACE:
        json_int(out, "closed_grace_ms", settings->closed_grace_ms);
        break;
    case RULE_SETS_FLAP_LIMIT:
        json_int(out, "flap_limit", settings->flap_limit);
        break;
    case RULE_SETS_FLOOR_RATE:
        json_int(out, "floor_rate_millionths", settings->floor_rate_millionths);
        break;
    case RULE_SETS_HOLD_PEOPLE:
        json_int(out, "hold_people", settings->hold_people);
        break;
    case RULE_SETS_MESSAGE_HOLD:
        json_int(out, "message_hold_ms", settings->message_hold_ms);
        break;
    case RULE_SETS_MODE:
        json_text(out, "mode", mode_names[settings->mode]);
        break;
    case RULE_SETS_OPERATOR_HOLD_MAX:
        json_int(out, "operator_hold_max_ms", settings->operator_hold_max_ms);
        break;
    case RULE_SETS_REASONS:
        policy_add_words(out, "reasons", reason_names, REASON_COUNT, settings->counting);
        break;
    case RULE_SETS_REASONS_OFF:
        policy_add_words(out, "reasons_off", reason_names, REASON_COUNT, settings->reasons_off);
        break;
    case RULE_SETS_SCOPE_HOLD:
        json_int(out, "scope_hold_ms", settings->scope_hold_ms);
        break;
    case RULE_SETS_STREAMS:
        policy_add_words(out, "streams", source_names, SOURCE_COUNT, settings->streams);
        break;
    case RULE_SETS_UNCONFIRMED:
        json_text(out, "unconfirmed", policy_unconfirmed_names[settings->unconfirmed]);
        break;
    case RULE_SETS_UNKNOWN:
        json_text(out, "unknown", policy_unknown_names[settings->unknown]);
        break;
    default:
        break;
    }
}

static void add_rule(struct json_out *out, const struct rule *rule)
{
    // By the names of their keys; "match" stands among them.
    static const enum rule_part before_match[] = {RULE_SETS_AUTOMATIC_RELEASE, RULE_SETS_BUDGET,
            RULE_SETS_CEILING_RATE, RULE_SETS_CLOSED_GRACE, RULE_SETS_FLAP_LIMIT,
            RULE_SETS_FLOOR_RATE, RULE_SETS_HOLD_PEOPLE};
    static const enum rule_part behind_match[] = {RULE_SETS_MESSAGE_HOLD, RULE_SETS_MODE,
            RULE_SETS_OPERATOR_HOLD_MAX, RULE_SETS_REASONS, RULE_SETS_REASONS_OFF,
            RULE_SETS_SCOPE_HOLD, RULE_SETS_STREAMS, RULE_SETS_UNCONFIRMED, RULE_SETS_UNKNOWN};
    json_object(out, NULL);
    for (size_t i = 0; i < sizeof before_match / sizeof *before_match; i++) {
        if ((rule->parts & RULE_PART(before_match[i])) != 0) {
            add_setting(out, &rule->settings, before_match[i]);
        }
    }
    rule_add_canonical_match(rule->parts, rule->names, out);
    for (size_t i = 0; i < sizeof behind_match / sizeof *behind_match; i++) {
        if ((rule->parts & RULE_PART(behind_match[i])) != 0) {
            add_setting(out, &rule->settings, behind_match[i]);
        }
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
