#include "detect/bank.h"

#include "common/assure.h"

enum { CAP_ABOVE_NAT6 = 10000000 };

static int64_t node_cap(unsigned node)
{
    return table_threshold(BUDGET_1E10, node) + CAP_ABOVE_NAT6;
}

static uint32_t add_saturating(uint32_t count, uint64_t more)
{
    return more > UINT32_MAX - count ? UINT32_MAX : count + (uint32_t)more; // B5
}

void bank_change_add(
        struct bank_change *change, const struct bank_batch *part, const struct step_table *steps)
{
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        change->net_nat6[j] += part->fresh * steps->up[j] + part->guarded * steps->up_guarded[j] -
                               part->good * steps->down[j];
    }
    change->good += part->good;
    change->fresh += part->fresh;
    change->guarded += part->guarded;
}

// Whether this batch is the node's change point.
static bool node_starts(struct bank *bank, unsigned j, const struct bank_change *change)
{
    struct bank_node *node = &bank->nodes[j];
    uint8_t bit = (uint8_t)(1u << j);
    if (change->fresh + change->guarded == 0) {
        return false;
    }
    if (node->w_nat6 == 0) {
        *node = (struct bank_node){.start = change->first};
        bank->credited &= (uint8_t)~bit;
        bank->waiting &= (uint8_t)~bit;
        return true;
    }
    if ((bank->waiting & bit) != 0) {
        node->start = change->first;
        bank->waiting &= (uint8_t)~bit;
        return true;
    }
    return false;
}

unsigned bank_apply(struct bank *bank, const struct bank_change *change)
{
    unsigned started = 0;
    uint64_t misdirected = change->fresh + change->guarded;
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        struct bank_node *node = &bank->nodes[j];
        started |= (unsigned)node_starts(bank, j, change) << j;
        if (node->w_nat6 == 0 && (started >> j & 1) == 0) {
            continue;
        }
        int64_t w = node->w_nat6 + change->net_nat6[j]; // B2
        if (w <= 0) {
            *node = (struct bank_node){.w_nat6 = 0}; // nothing to say, nothing to count
            continue;
        }
        int64_t cap = node_cap(j);
        node->w_nat6 = w > cap ? cap : w; // B1
        node->judged = add_saturating(node->judged, change->good + misdirected);
        node->misdirected = add_saturating(node->misdirected, misdirected);
        node->guarded = add_saturating(node->guarded, change->guarded);
    }
    return started;
}

unsigned bank_pass(
        struct bank *bank, const struct bank_change *change, uint32_t ret_ended[NODE_COUNT])
{
    ASSURE(change->fresh + change->guarded == 0);
    unsigned ended = 0;
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        struct bank_node *node = &bank->nodes[j];
        if (node->w_nat6 == 0) {
            continue;
        }
        node->w_nat6 += change->net_nat6[j]; // B2; it does not rise
        if (node->w_nat6 > 0) {
            node->judged = add_saturating(node->judged, change->good);
            continue;
        }
        if ((bank->waiting >> j & 1) == 0) {
            ret_ended[ended++] = node->start;
        }
        *node = (struct bank_node){.w_nat6 = 0};
    }
    return ended;
}

// No misdirected message is left in its counts. Credit is there without any.
static void node_empty(struct bank *bank, unsigned j)
{
    struct bank_node *node = &bank->nodes[j];
    if ((bank->credited >> j & 1) == 0) {
        *node = (struct bank_node){.w_nat6 = 0};
        return;
    }
    bank->waiting |= (uint8_t)(1u << j);
    node->start = 0;
    node->w_nat6 = node->w_nat6 < bank->credit_nat6 ? node->w_nat6 : bank->credit_nat6;
}

void bank_take_back(struct bank *bank, const struct bank_batch *was, const struct step_table *steps,
        unsigned nodes)
{
    uint32_t misdirected = was->fresh + was->guarded;
    ASSURE(misdirected <= 1);
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        struct bank_node *node = &bank->nodes[j];
        bool is_waiting = (bank->waiting >> j & 1) != 0;
        if ((nodes >> j & 1) == 0 || node->w_nat6 == 0 || is_waiting) {
            continue;
        }
        int64_t w = node->w_nat6 - was->fresh * steps->up[j] - was->guarded * steps->up_guarded[j] -
                    steps->down[j];
        if (w <= 0) {
            *node = (struct bank_node){.w_nat6 = 0};
            continue;
        }
        node->w_nat6 = w;
        node->judged = add_saturating(node->judged, 1 - misdirected);
        node->misdirected -= misdirected;
        node->guarded -= node->guarded > 0 ? was->guarded : 0;
        // What the clump guard was told of may have been explained away by a narrower scope.
        node->guarded = node->guarded < node->misdirected ? node->guarded : node->misdirected;
        if (node->misdirected == 0) {
            node_empty(bank, j);
        }
    }
}

struct step_table bank_steps(unsigned level, bool guard)
{
    ASSURE(level < LEVEL_COUNT);
    struct step_table steps = table_steps(level);
    if (!guard) {
        steps.up_guarded = steps.up;
    }
    return steps;
}

unsigned bank_step_by(
        struct bank *bank, const struct bank_batch *batch, const struct step_table *steps)
{
    struct bank_change change = {.first = batch->first};
    bank_change_add(&change, batch, steps);
    return bank_apply(bank, &change);
}

unsigned bank_step(struct bank *bank, const struct bank_batch *batch, unsigned level, bool guard)
{
    const struct step_table steps = bank_steps(level, guard);
    return bank_step_by(bank, batch, &steps);
}

void bank_give_credit(struct bank *bank, int32_t credit_nat6)
{
    *bank = (struct bank){.credit_nat6 = credit_nat6};
    for (unsigned j = 0; j < ACUTE_COUNT && credit_nat6 > 0; j++) {
        bank->nodes[j].w_nat6 = credit_nat6;
        bank->credited |= (uint8_t)(1u << j);
        bank->waiting |= (uint8_t)(1u << j);
    }
}

// floor(1e6 ln r) for r a fifth of a decade apart.
static const struct {
    int64_t r;
    int32_t ln_nat6;
} credits[] = {{1000, 6907755}, {630, 6445719}, {400, 5991464}, {250, 5521460}, {160, 5075173},
        {100, 4605170}};

int32_t bank_credit_of_size(int64_t planned_size)
{
    for (size_t i = 0; i < sizeof credits / sizeof *credits; i++) {
        if (planned_size / 10 >= credits[i].r) {
            return credits[i].ln_nat6;
        }
    }
    return 0;
}

int64_t bank_ratio_by(const struct bank *bank, unsigned node, const struct step_table *steps)
{
    const struct bank_node *of = &bank->nodes[node];
    int64_t credit = (bank->credited >> node & 1) != 0 ? bank->credit_nat6 : 0;
    return credit + (of->misdirected - of->guarded) * steps->up[node] +
           of->guarded * steps->up_guarded[node] -
           (of->judged - of->misdirected) * steps->down[node];
}

bool bank_is_quiet(const struct bank *bank)
{
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        if (bank->nodes[j].w_nat6 > 0) {
            return false;
        }
    }
    return true;
}

bool bank_can_be(const struct bank *bank)
{
    if (bank->credit_nat6 < 0 || bank->credit_nat6 > credits[0].ln_nat6) {
        return false;
    }
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        const struct bank_node *node = &bank->nodes[j];
        bool is_waiting = (bank->waiting >> j & 1) != 0;
        int64_t most = is_waiting ? bank->credit_nat6 : node_cap(j);
        bool says_something = node->w_nat6 > 0 && !is_waiting;
        if (node->w_nat6 < 0 || node->w_nat6 > most || node->guarded > node->misdirected ||
                node->misdirected > node->judged || (says_something && node->misdirected == 0)) {
            return false;
        }
    }
    return true;
}

// --- what it says -----------------------------------------------------------------------------

struct bank_rules bank_rules_of(unsigned index, bool credited)
{
    static const struct {
        enum budget campaign;
        enum budget campaign_credited;
        enum budget wide;
    } budgets[BANK_RULES_COUNT] = {
            {BUDGET_1E6, BUDGET_11E5, BUDGET_4E6},
            {BUDGET_1E7, BUDGET_11E6, BUDGET_4E7},
            {BUDGET_1E8, BUDGET_11E7, BUDGET_4E8},
            {BUDGET_2E8, BUDGET_22E7, BUDGET_8E8},
            {BUDGET_1E9, BUDGET_11E8, BUDGET_4E9},
    };
    ASSURE(index < BANK_RULES_COUNT);
    struct bank_rules rules;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        rules.quarantine[kind] = budgets[index].wide;
    }
    rules.quarantine[SCOPE_CAMPAIGN] =
            credited ? budgets[index].campaign_credited : budgets[index].campaign;
    return rules;
}

struct bank_rules bank_rules_of_probation(unsigned index)
{
    static const struct {
        enum budget campaign;
        enum budget wide;
    } budgets[BANK_RULES_COUNT] = {
            {BUDGET_1E4, BUDGET_4E4},
            {BUDGET_1E5, BUDGET_4E5},
            {BUDGET_1E6, BUDGET_4E6},
            {BUDGET_2E6, BUDGET_8E6},
            {BUDGET_1E7, BUDGET_4E7},
    };
    ASSURE(index < BANK_RULES_COUNT);
    struct bank_rules rules;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        rules.quarantine[kind] =
                kind == SCOPE_CAMPAIGN ? budgets[index].campaign : budgets[index].wide;
    }
    return rules;
}

int64_t bank_rules_sum_e15(const struct bank_rules *rules, bool credited)
{
    int64_t sum = 0;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        int64_t e16 = INT64_C(10000000000000000) / table_budget_messages(rules->quarantine[kind]);
        sum += credited && kind == SCOPE_CAMPAIGN ? e16 * 11 / 10 : e16;
    }
    return (sum + 5) / 10;
}

struct tier_rule {
    enum tier tier;
    enum budget budget;
    unsigned nodes; // the first that many
};

enum { RULE_COUNT = 4 };

// From the highest tier down. Stop is for vendors and tenants. How many rules there are.
static unsigned tier_rules(const struct bank_rules *rules, enum scope_kind kind,
        struct tier_rule ret_rules[RULE_COUNT])
{
    unsigned count = 0;
    if (kind == SCOPE_VENDOR || kind == SCOPE_TENANT) {
        ret_rules[count++] = (struct tier_rule){TIER_STOP, BUDGET_1E10, ACUTE_COUNT};
    }
    ret_rules[count++] = (struct tier_rule){TIER_QUARANTINE, rules->quarantine[kind], ACUTE_COUNT};
    ret_rules[count++] = (struct tier_rule){TIER_ALERT, BUDGET_1E7, NODE_COUNT};
    ret_rules[count++] = (struct tier_rule){TIER_NOTICE, BUDGET_1E6, NODE_COUNT};
    return count;
}

struct bank_reading bank_read(const struct bank *bank, const struct bank_rules *rules,
        enum scope_kind kind, enum tier highest)
{
    struct tier_rule tiers[RULE_COUNT];
    unsigned count = tier_rules(rules, kind, tiers);
    struct bank_reading reading = {TIER_NONE, 0, BUDGET_1E6};
    for (unsigned i = 0; i < count; i++) {
        int64_t best_above = -1;
        for (unsigned j = 0; j < tiers[i].nodes && tiers[i].tier <= highest; j++) {
            int64_t above = bank->nodes[j].w_nat6 - table_threshold(tiers[i].budget, j);
            if (above > best_above) {
                best_above = above;
                reading = (struct bank_reading){tiers[i].tier, j, tiers[i].budget};
            }
        }
        if (best_above >= 0) {
            return reading;
        }
    }
    return reading;
}

bool bank_is_calm(const struct bank *bank)
{
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        if (bank->nodes[j].w_nat6 >= table_threshold(BUDGET_1E6, j) / 2) {
            return false;
        }
    }
    return true;
}

// `of` less its share of `part`, not below 0.
static uint32_t less_share(uint32_t of, uint32_t part, uint32_t share_num, uint32_t share_den)
{
    uint64_t share = (uint64_t)part * share_num / share_den;
    return share < of ? of - (uint32_t)share : 0;
}

void bank_subtract(
        struct bank *bank, const struct bank *child, uint32_t share_num, uint32_t share_den)
{
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        struct bank_node *node = &bank->nodes[j];
        const struct bank_node *part = &child->nodes[j];
        int64_t w = node->w_nat6 - part->w_nat6 * share_num / share_den;
        node->misdirected = less_share(node->misdirected, part->misdirected, share_num, share_den);
        node->guarded = less_share(node->guarded, part->guarded, share_num, share_den);
        node->guarded = node->guarded < node->misdirected ? node->guarded : node->misdirected;
        node->judged = less_share(node->judged, part->judged, share_num, share_den);
        node->judged = node->judged > node->misdirected ? node->judged : node->misdirected;
        // nothing misdirected, nothing to say
        node->w_nat6 = w > 0 && node->misdirected > 0 ? w : 0;
    }
}
