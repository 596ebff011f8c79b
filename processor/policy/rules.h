// Rules: settings of the policy that differ for a tenant, vendor, channel or purpose.
//
// A rule applies where everything that it names is so. Each setting goes by the most specific rule that
// applies and sets it: the one that names the most, and of two that name as many the first in the file.
// What no rule sets is the policy's own. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/json_out.h"
#include "model/action.h"
#include "model/verdict.h"

enum { RULES_MAX = 256 };

enum unknown_policy { UNKNOWN_PASS, UNKNOWN_HOLD, UNKNOWN_WAIT };

// What a rule may name and set, in the order of its table (rules_table).
enum rule_part {
    RULE_OF_TENANT,
    RULE_OF_VENDOR,
    RULE_OF_CHANNEL,
    RULE_OF_PURPOSE,
    RULE_SETS_MODE,
    RULE_SETS_UNKNOWN,
    RULE_SETS_REASONS,
    RULE_SETS_CLOSED_GRACE,
    RULE_SETS_MESSAGE_HOLD,
    RULE_SETS_SCOPE_HOLD,
    RULE_SETS_BUDGET,
    RULE_PART_COUNT,
};
#define RULE_PART(part) ((uint32_t)1 << (part))

// Whom a message or scope is of; none where that is not known, or where it is of several.
struct policy_subject {
    struct view tenant_id;
    struct view vendor_id;
    struct view channel;
    struct view purpose;
};

// What holds for one subject.
struct policy_settings {
    enum mode mode;
    enum unknown_policy unknown;
    reason_set counting; // where has_counting: in the place of the purpose's own
    bool has_counting;
    int64_t closed_grace_ms;
    int64_t message_hold_ms; // how long a message's hold lasts
    int64_t scope_hold_ms;
    uint32_t budget; // index into policy_budget_names
};

struct rule {
    uint32_t parts; // of RULE_PART
    char *names[4]; // by RULE_OF_TENANT …; those of `parts`
    struct policy_settings settings;
};

// All zero = no rules.
struct rules {
    struct rule *rules; // in the order of the file
    uint32_t count;
    uint32_t capacity;
};

// Takes over the rule and its names. ERR_NO_MEMORY; ERR_CEILING at RULES_MAX: then they stay the
// caller's.
MUST_CHECK enum err rules_add(struct rules *rules, const struct rule *rule);
void rules_clear(struct rules *rules);
void rule_release(struct rule *rule);
// Puts what the rules set for the subject in the place of what `settings` has.
void rules_apply(const struct rules *rules, const struct policy_subject *subject,
        struct policy_settings *settings);
// How many things are named and are the subject's, and one more; 0 when one of them is another's.
unsigned rule_specificity(
        uint32_t parts, char *const names[4], const struct policy_subject *subject);
void rule_add_canonical_match(uint32_t parts, char *const names[4], struct json_out *out);
// How many things it names: of two rules that apply, the one that names more wins.
unsigned rule_named(const struct rule *rule);
// Appends for people what it names: "tenant acme, channel sms", and what it sets.
void rule_add_text(struct strbuf *sb, const struct rule *rule);
// Adds them to the canonical text, in their order; nothing when there are none.
void rules_add_canonical(const struct rules *rules, struct json_out *out);
