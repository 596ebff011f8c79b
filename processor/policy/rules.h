// Rules: settings of the policy that differ for a tenant, vendor, channel or purpose.
//
// A rule applies where everything that it names is so. Each setting goes by the most specific rule that
// applies and sets it: the one that names the most, and of two that name as many the first in the file.
// What no rule sets is the policy's own. Only rules of the subject's tenant and of no tenant are looked at,
// so that a lender costs what its own rules cost, and nothing where there are none. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/json_out.h"
#include "model/action.h"
#include "model/stream.h"
#include "model/verdict.h"

enum { RULES_MAX = 256, HOLD_PEOPLE_MIN = 3, HOLD_PEOPLE_MAX = 32 };

enum unknown_policy { UNKNOWN_PASS, UNKNOWN_HOLD, UNKNOWN_WAIT };
// Who ends a scope's hold before its time.
enum release_policy { RELEASE_BY_PERSON, RELEASE_AUTOMATIC };
enum unconfirmed { UNCONFIRMED_EXPIRES, UNCONFIRMED_STAYS_HELD };

// What a rule may name and set, in the order of its table (rules_table).
enum rule_part {
    RULE_OF_TENANT,
    RULE_OF_VENDOR,
    RULE_OF_CHANNEL,
    RULE_OF_PURPOSE,
    RULE_SETS_MODE,
    RULE_SETS_UNKNOWN,
    RULE_SETS_REASONS,
    RULE_SETS_REASONS_OFF,
    RULE_SETS_CLOSED_GRACE,
    RULE_SETS_MESSAGE_HOLD,
    RULE_SETS_SCOPE_HOLD,
    RULE_SETS_OPERATOR_HOLD_MAX,
    RULE_SETS_UNCONFIRMED,
    RULE_SETS_AUTOMATIC_RELEASE,
    RULE_SETS_FLAP_LIMIT,
    RULE_SETS_HOLD_PEOPLE,
    RULE_SETS_BUDGET,
    RULE_SETS_FLOOR_RATE,
    RULE_SETS_CEILING_RATE,
    RULE_SETS_STREAMS,
    RULE_PART_COUNT,
};
#define RULE_PART(part) ((uint32_t)1 << (part))
// What only scopes go by, which are of all purposes.
#define RULE_OF_SCOPES                                                                             \
    (RULE_PART(RULE_SETS_SCOPE_HOLD) | RULE_PART(RULE_SETS_OPERATOR_HOLD_MAX) |                    \
            RULE_PART(RULE_SETS_UNCONFIRMED) | RULE_PART(RULE_SETS_AUTOMATIC_RELEASE) |            \
            RULE_PART(RULE_SETS_FLAP_LIMIT) | RULE_PART(RULE_SETS_HOLD_PEOPLE) |                   \
            RULE_PART(RULE_SETS_BUDGET) | RULE_PART(RULE_SETS_FLOOR_RATE) |                        \
            RULE_PART(RULE_SETS_CEILING_RATE) | RULE_PART(RULE_SETS_STREAMS))

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
    reason_set reasons_off; // these are not told, whatever counts
    int64_t closed_grace_ms;
    int64_t message_hold_ms; // how long a message's hold lasts
    int64_t scope_hold_ms;
    int64_t operator_hold_max_ms; // no person's hold of a scope lasts longer
    enum unconfirmed unconfirmed;
    enum release_policy automatic_release;
    uint32_t flap_limit;
    uint32_t hold_people; // quarantine wants evidence of so many people
    uint32_t budget;      // index into policy_budget_names
    // What a learnt baseline is raised to, and cut at; 0 = as it was learnt. The floor wins.
    uint32_t floor_rate_millionths;
    uint32_t ceiling_rate_millionths;
    source_set streams; // what raises notices and alerts beside the verdicts
};

struct rule {
    uint32_t line; // where the file has it; 0 = it is of no file
    uint32_t column;
    uint32_t parts; // of RULE_PART
    char *names[4]; // by RULE_OF_TENANT …; those of `parts`
    struct policy_settings settings;
};

// All zero = no rules.
struct rules {
    struct rule *rules;  // in the order of the file
    uint16_t *by_tenant; // their indices: those of no tenant, then by tenant; of one, in that order
    uint32_t count;
    uint32_t capacity;
    uint32_t parts; // that any of them has
    bool any_waits; // one of them sets UNKNOWN_WAIT
};

// Takes over the rule and its names. ERR_NO_MEMORY; ERR_CEILING at RULES_MAX: then they stay the
// caller's.
MUST_CHECK enum err rules_add(struct rules *rules, const struct rule *rule);
void rules_clear(struct rules *rules);
void rule_release(struct rule *rule);
// Puts what the rules set for the subject in the place of what `settings` has.
void rules_apply(const struct rules *rules, const struct policy_subject *subject,
        struct policy_settings *settings);
// The rule that sets that for the subject; NULL where none does.
const struct rule *rules_winner(
        const struct rules *rules, const struct policy_subject *subject, enum rule_part part);
// How many things are named and are the subject's, and one more; 0 when one of them is another's.
unsigned rule_specificity(
        uint32_t parts, char *const names[4], const struct policy_subject *subject);
void rule_add_canonical_match(uint32_t parts, char *const names[4], struct json_out *out);
// How many things it names: of two rules that apply, the one that names more wins.
unsigned rule_named(const struct rule *rule);
// As the configuration has them, without "match.".
extern const char *const rule_part_names[RULE_PART_COUNT];
// Appends for people what it names: "tenant acme, channel sms".
void rule_add_names(struct strbuf *sb, const struct rule *rule);
// The same, and what it sets.
void rule_add_text(struct strbuf *sb, const struct rule *rule);
// Adds the words whose bits are set.
void policy_add_words(struct json_out *out, const char *key, const char *const *words,
        uint32_t count, uint32_t bits);
// Adds them to the canonical text, in their order; nothing when there are none.
void rules_add_canonical(const struct rules *rules, struct json_out *out);
