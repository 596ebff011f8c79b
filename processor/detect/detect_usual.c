// What tenants and vendors usually are: sums of all messages of a tenant, and what their campaigns
// have taught (usual.h).
#include "common/assure.h"
#include "detect/detect_inside.h"
#include "detect/learner.h"

static struct usual_part part_of(const struct detect *detect, int32_t campaign)
{
    const struct detect_scope *scope = scope_at(detect, campaign);
    ASSURE(scope->habit == 0 || scope->is_part);
    return (struct usual_part){(uint16_t)(scope->habit & PART_MASK),
            (uint16_t)(scope->habit >> PART_BITS & PART_MASK)};
}

static void set_part(const struct detect *detect, int32_t campaign, const struct usual_part *part)
{
    struct detect_scope *scope = scope_at(detect, campaign);
    scope->is_part = 1;
    scope->habit = ((uint32_t)part->misdirected << PART_BITS | part->judged) & HABIT_MASK;
}

struct habit *detect_habit(const struct detect *detect, int32_t scope)
{
    if (!scope_is_kept(detect, scope) || scope_at(detect, scope)->habit == 0 ||
            scope_at(detect, scope)->is_part) {
        return NULL;
    }
    return pool_at(&detect->habits, scope_at(detect, scope)->habit);
}

enum err detect_take_habit(struct detect *detect, int32_t scope, struct habit **ret_habit)
{
    ASSURE(!scope_at(detect, scope)->is_part);
    if (scope_at(detect, scope)->habit == 0) {
        uint32_t number;
        enum err e = pool_take(&detect->habits, &number);
        if (e != ERR_NONE) {
            return e;
        }
        scope_at(detect, scope)->habit = number & HABIT_MASK;
    }
    *ret_habit = detect_habit(detect, scope);
    return ERR_NONE;
}

static enum err teach(struct detect *detect, int32_t scope, const struct usual_part *more,
        const struct usual_part *met)
{
    struct habit *habit;
    if (scope == SCOPE_NONE) {
        return ERR_NONE;
    }
    enum err e = detect_take_habit(detect, scope, &habit);
    if (e == ERR_NONE) {
        usual_add(&habit->usual, more);
    }
    if (e == ERR_NONE && met != NULL) {
        usual_meet(&habit->usual, met);
    }
    return e;
}

enum err detect_learn_usual(struct detect *detect, const struct leaf_delta *leaf)
{
    int32_t campaign = use_scope(detect, &leaf->uses[SCOPE_CAMPAIGN]);
    if (campaign == SCOPE_NONE) {
        return ERR_NONE;
    }
    struct usual_part part = part_of(detect, campaign);
    if (part.judged >= USUAL_CAMPAIGN) {
        return ERR_NONE;
    }
    const struct leaf_use *use = &leaf->uses[SCOPE_CAMPAIGN];
    uint32_t misdirected = use->fresh + use->guarded;
    bool was_small = part.judged < USUAL_SIZED;
    struct usual_part more = usual_take(&part, use->good + misdirected, misdirected);
    set_part(detect, campaign, &part);
    const struct usual_part *met = was_small && part.judged >= USUAL_SIZED ? &part : NULL;
    enum err e = teach(detect, use_scope(detect, &leaf->uses[SCOPE_VENDOR]), &more, met);
    if (e == ERR_NONE) {
        e = teach(detect, use_scope(detect, &leaf->uses[SCOPE_TENANT]), &more, met);
    }
    return e;
}

// Whether a campaign's rate has surely doubled since it was young.
static bool differs_from_own(const struct usual_part *own, const struct bank_node *node)
{
    if (own->judged < USUAL_SIZED || own->misdirected >= own->judged / 8) {
        return false;
    }
    int64_t rate_ppb = own->misdirected * INT64_C(1000000000) / own->judged;
    rate_ppb += integer_sqrt(rate_ppb * 1000000000 / own->judged) * 164 / 100;
    return usual_is_above(node->judged, node->misdirected, 2 * rate_ppb);
}

bool detect_is_unusual(const struct detect *detect, int32_t scope, enum scope_kind kind,
        int32_t vendor, int32_t tenant, const struct bank_reading *reading)
{
    static const struct usual_part nothing;
    static const struct usual unknown;
    struct excursion room;
    const struct excursion *excursion = excursion_see(detect, scope, &room);
    ASSURE(excursion != NULL);
    const struct bank_node *node = &excursion->bank.nodes[reading->node];
    bool is_of_vendor = kind == SCOPE_CAMPAIGN || kind == SCOPE_SENDER || kind == SCOPE_VENDOR;
    const struct habit *of_vendor = is_of_vendor ? detect_habit(detect, vendor) : NULL;
    const struct habit *of_tenant = detect_habit(detect, tenant);
    const struct usual_part own = kind == SCOPE_CAMPAIGN ? part_of(detect, scope) : nothing;
    int64_t ceiling_ppb = (int64_t)detect->options.baseline.ceiling_millionths * 1000;
    struct usual_rates rates;
    if (of_tenant == NULL || !usual_rates(of_vendor != NULL ? &of_vendor->usual : NULL,
                                     &of_tenant->usual, &own, ceiling_ppb, reading->tier, &rates)) {
        const struct usual *known = of_tenant != NULL ? &of_tenant->usual : &unknown;
        int64_t prior_ppb = (int64_t)detect->options.baseline.prior_rate_millionths * 1000;
        return reading->tier < TIER_QUARANTINE ||
               usual_is_above(node->judged, node->misdirected,
                       usual_cold_limit(known, &own, prior_ppb, ceiling_ppb));
    }
    if (reading->tier < TIER_QUARANTINE && differs_from_own(&own, node)) {
        return true;
    }
    return detect_reaches(detect, excursion, reading, table_level_up(rates.upper_ppb)) &&
           usual_is_above(node->judged, node->misdirected, rates.limit_ppb);
}
