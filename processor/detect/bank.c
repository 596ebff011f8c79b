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

unsigned bank_step_by(
        struct bank *bank, const struct bank_batch *batch, const struct step_table *steps)
{
    unsigned started = 0;
    uint64_t misdirected = (uint64_t)batch->fresh + batch->guarded;
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        struct bank_node *node = &bank->nodes[j];
        if (node->w_nat6 == 0) {
            if (misdirected == 0) {
                continue;
            }
            *node = (struct bank_node){.start_serial = batch->first_serial};
            started |= 1u << j;
        }
        int64_t net = batch->fresh * steps->up[j] + batch->guarded * steps->up_guarded[j] -
                      batch->good * steps->down[j]; // B2
        int64_t w = node->w_nat6 + net;
        int64_t cap = node_cap(j);
        node->w_nat6 = w < 0 ? 0 : w > cap ? cap : w; // B1
        node->judged = add_saturating(node->judged, batch->good + misdirected);
        node->misdirected = add_saturating(node->misdirected, misdirected);
        node->guarded = add_saturating(node->guarded, batch->guarded);
    }
    return started;
}

unsigned bank_step(struct bank *bank, const struct bank_batch *batch, unsigned level, bool guard)
{
    ASSURE(level < LEVEL_COUNT);
    struct step_table steps = table_steps(level);
    if (!guard) {
        steps.up_guarded = steps.up;
    }
    return bank_step_by(bank, batch, &steps);
}

struct tier_rule {
    enum tier tier;
    enum budget budget;
    unsigned nodes; // the first that many
};

// From the highest tier down. Stop is for vendors and tenants; the wider kinds share a budget of
// their own, so that the sum of 1/A over the five kinds is 5e-9 + 4 * 1.25e-9 = 1e-8 (detection.md
// §3.1).
static const struct tier_rule campaign_rules[] = {
        {TIER_QUARANTINE, BUDGET_2E8, ACUTE_COUNT},
        {TIER_ALERT, BUDGET_1E7, NODE_COUNT},
        {TIER_NOTICE, BUDGET_1E6, NODE_COUNT},
        {TIER_NONE, BUDGET_1E6, 0},
};
static const struct tier_rule wide_rules[] = {
        {TIER_STOP, BUDGET_1E10, ACUTE_COUNT},
        {TIER_QUARANTINE, BUDGET_8E8, ACUTE_COUNT},
        {TIER_ALERT, BUDGET_1E7, NODE_COUNT},
        {TIER_NOTICE, BUDGET_1E6, NODE_COUNT},
        {TIER_NONE, BUDGET_1E6, 0},
};

static const struct tier_rule *rules_of(enum scope_kind kind)
{
    switch (kind) {
    case SCOPE_CAMPAIGN:
        return campaign_rules;
    case SCOPE_VENDOR:
    case SCOPE_TENANT:
        return wide_rules;
    case SCOPE_TEMPLATE:
    case SCOPE_SENDER:
    case SCOPE_KIND_COUNT:
        break;
    }
    return wide_rules + 1; // no stop
}

struct bank_reading bank_read(const struct bank *bank, enum scope_kind kind, enum tier highest)
{
    struct bank_reading reading = {TIER_NONE, 0, BUDGET_1E6};
    for (const struct tier_rule *rule = rules_of(kind); rule->tier != TIER_NONE; rule++) {
        int64_t best_above = -1;
        for (unsigned j = 0; j < rule->nodes && rule->tier <= highest; j++) {
            int64_t above = bank->nodes[j].w_nat6 - table_threshold(rule->budget, j);
            if (above > best_above) {
                best_above = above;
                reading = (struct bank_reading){rule->tier, j, rule->budget};
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
