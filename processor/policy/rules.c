#include "policy/rules.h"

#include <stddef.h>
#include <stdlib.h>

#include "common/room.h"

// --- the table ------------------------------------------------------------------------------------

static int order(struct view a, struct view b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int by_bytes = n > 0 ? memcmp(a.p, b.p, n) : 0;
    return by_bytes != 0 ? by_bytes : (a.n > b.n) - (a.n < b.n);
}

static struct view tenant_of(const struct rule *rule)
{
    bool is_named = (rule->parts & RULE_PART(RULE_OF_TENANT)) != 0;
    return is_named ? view_of(rule->names[RULE_OF_TENANT]) : VIEW_NONE;
}

static enum err make_room(struct rules *rules)
{
    uint32_t capacity = rules->capacity; // of both arrays: it moves with the second
    struct rule *rows = room_for_row(rules->rules, rules->count, &capacity, 8, sizeof *rows);
    if (rows == NULL) {
        return ERR_NO_MEMORY;
    }
    rules->rules = rows;
    uint16_t *by_tenant =
            room_for_row(rules->by_tenant, rules->count, &rules->capacity, 8, sizeof *by_tenant);
    if (by_tenant == NULL) {
        return ERR_NO_MEMORY;
    }
    rules->by_tenant = by_tenant;
    return ERR_NONE;
}

enum err rules_add(struct rules *rules, const struct rule *rule)
{
    if (rules->count == RULES_MAX) {
        return ERR_CEILING;
    }
    enum err e = make_room(rules);
    if (e != ERR_NONE) {
        return e;
    }
    struct view tenant = tenant_of(rule);
    uint32_t at = rules->count;
    while (at > 0 && order(tenant_of(&rules->rules[rules->by_tenant[at - 1]]), tenant) > 0) {
        rules->by_tenant[at] = rules->by_tenant[at - 1];
        at--;
    }
    rules->by_tenant[at] = (uint16_t)rules->count;
    rules->rules[rules->count++] = *rule;
    rules->parts |= rule->parts;
    rules->any_waits |= (rule->parts & RULE_PART(RULE_SETS_UNKNOWN)) != 0 &&
                        rule->settings.unknown == UNKNOWN_WAIT;
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
    free(rules->by_tenant);
    *rules = (struct rules){0};
}

// --- which rule applies -----------------------------------------------------------------------

unsigned rule_named(const struct rule *rule)
{
    unsigned named = 0;
    for (unsigned part = RULE_OF_TENANT; part <= RULE_OF_PURPOSE; part++) {
        named += rule->parts >> part & 1;
    }
    return named;
}

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

#define SETS (~(RULE_PART(RULE_SETS_MODE) - 1))

static unsigned take_lowest(uint32_t *bits)
{
    unsigned lowest = (unsigned)__builtin_ctz(*bits);
    *bits &= *bits - 1;
    return lowest;
}

// The best rule so far of each part.
struct winners {
    uint32_t parts;                 // that there is one of
    uint8_t named[RULE_PART_COUNT]; // what rule_specificity says of it; 0 = none
    uint16_t rule[RULE_PART_COUNT];
};

static void compare(const struct rules *rules, uint16_t at, const struct policy_subject *subject,
        struct winners *winners)
{
    const struct rule *rule = &rules->rules[at];
    unsigned named = rule_specificity(rule->parts, rule->names, subject);
    uint32_t left = named > 0 ? rule->parts & SETS : 0;
    while (left != 0) {
        unsigned part = take_lowest(&left);
        if (named > winners->named[part] ||
                (named == winners->named[part] && at < winners->rule[part])) {
            winners->named[part] = (uint8_t)named;
            winners->rule[part] = at;
        }
    }
    winners->parts |= named > 0 ? rule->parts & SETS : 0;
}

// The first in `by_tenant` of that tenant, or where it would be.
static uint32_t first_of(const struct rules *rules, struct view tenant_id)
{
    uint32_t from = 0;
    uint32_t to = rules->count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (order(tenant_of(&rules->rules[rules->by_tenant[middle]]), tenant_id) < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

static void find_winners(const struct rules *rules, const struct policy_subject *subject,
        struct winners *ret_winners)
{
    *ret_winners = (struct winners){.parts = 0};
    for (uint32_t i = 0; i < rules->count; i++) {
        uint16_t at = rules->by_tenant[i];
        if (!view_is_none(tenant_of(&rules->rules[at]))) {
            break;
        }
        compare(rules, at, subject, ret_winners);
    }
    if (view_is_none(subject->tenant_id)) {
        return;
    }
    for (uint32_t i = first_of(rules, subject->tenant_id); i < rules->count; i++) {
        uint16_t at = rules->by_tenant[i];
        if (!view_equal(tenant_of(&rules->rules[at]), subject->tenant_id)) {
            break;
        }
        compare(rules, at, subject, ret_winners);
    }
}

const struct rule *rules_winner(
        const struct rules *rules, const struct policy_subject *subject, enum rule_part part)
{
    struct winners winners;
    find_winners(rules, subject, &winners);
    return winners.named[part] > 0 ? &rules->rules[winners.rule[part]] : NULL;
}

// --- what it sets -----------------------------------------------------------------------------

// Where each part stands in struct policy_settings.
struct place {
    size_t offset;
    size_t bytes;
};
#define PLACE(part, member)                                                                        \
    [part] = {offsetof(struct policy_settings, member), sizeof((struct policy_settings *)0)->member}
static const struct place places[RULE_PART_COUNT] = {
        PLACE(RULE_SETS_MODE, mode),
        PLACE(RULE_SETS_UNKNOWN, unknown),
        PLACE(RULE_SETS_REASONS, counting),
        PLACE(RULE_SETS_REASONS_OFF, reasons_off),
        PLACE(RULE_SETS_CLOSED_GRACE, closed_grace_ms),
        PLACE(RULE_SETS_MESSAGE_HOLD, message_hold_ms),
        PLACE(RULE_SETS_SCOPE_HOLD, scope_hold_ms),
        PLACE(RULE_SETS_OPERATOR_HOLD_MAX, operator_hold_max_ms),
        PLACE(RULE_SETS_UNCONFIRMED, unconfirmed),
        PLACE(RULE_SETS_AUTOMATIC_RELEASE, automatic_release),
        PLACE(RULE_SETS_FLAP_LIMIT, flap_limit),
        PLACE(RULE_SETS_HOLD_PEOPLE, hold_people),
        PLACE(RULE_SETS_BUDGET, budget),
        PLACE(RULE_SETS_FLOOR_RATE, floor_rate_millionths),
        PLACE(RULE_SETS_CEILING_RATE, ceiling_rate_millionths),
        PLACE(RULE_SETS_STREAMS, streams),
};

void rules_apply(const struct rules *rules, const struct policy_subject *subject,
        struct policy_settings *settings)
{
    struct winners winners;
    find_winners(rules, subject, &winners);
    settings->has_counting = (winners.parts & RULE_PART(RULE_SETS_REASONS)) != 0;
    while (winners.parts != 0) {
        unsigned part = take_lowest(&winners.parts);
        const struct rule *rule = &rules->rules[winners.rule[part]];
        memcpy((char *)settings + places[part].offset,
                (const char *)&rule->settings + places[part].offset, places[part].bytes);
    }
}
