// The planner of hard negatives: what looks like an incident and is none.
#include "bench/generate_plan.h"

enum { NEW_VENDOR_CAMPAIGNS = 5, NEW_VENDOR_MILLIONTHS = 20000 };

// The negative that is being planned.
struct scene {
    struct plan *plan;
    uint32_t at; // its index
    struct negative negative;
    struct campaign like;
    uint64_t from_us;
    uint64_t half_us; // of its time
};

static void add_stream(
        struct scene *scene, uint32_t campaign, uint64_t size, uint64_t start_us, uint64_t span_us)
{
    if (size > 0) {
        plan_add_stream(scene->plan, &(const struct stream){
                                             .campaign = campaign,
                                             .incident = INDEX_NONE,
                                             .negative = scene->at,
                                             .size = size,
                                             .start_us = start_us,
                                             .span_us = span_us,
                                             .cursor = random_next(&scene->plan->world.rng) >> 32,
                                     });
    }
}

// A watched campaign of the negative, told apart by `part`.
static uint32_t add_campaign(struct scene *scene, char part, uint64_t size, uint32_t p0_millionths)
{
    struct campaign campaign = scene->like;
    campaign.purpose = PURPOSE_COLLECTION;
    campaign.planned_size = size;
    campaign.p0_millionths = p0_millionths;
    generated_id(campaign.id, "campaign-%s-%c", scene->negative.id, part);
    return plan_add_campaign(scene->plan, &campaign);
}

// Twice as many messages an hour in the second half.
static void plan_double_volume(struct scene *scene)
{
    uint64_t size = scene->negative.options.size;
    uint32_t campaign = add_campaign(scene, 'a', size, scene->like.p0_millionths);
    add_stream(scene, campaign, size - size / 3, scene->from_us, 2 * scene->half_us);
    add_stream(scene, campaign, size / 3, scene->from_us + scene->half_us, scene->half_us);
}

// Two campaigns of a vendor, one four times as often wrong as the other; first nine messages of ten
// are of the better one, then of the worse. Neither changes, and the vendor's rate nearly trebles.
static void plan_mix_change(struct scene *scene)
{
    uint64_t first = scene->negative.options.size / 2;
    uint64_t second = scene->negative.options.size - first;
    uint64_t middle_us = scene->from_us + scene->half_us;
    uint32_t p0 = scene->like.p0_millionths;
    uint32_t worse_p0 = p0 < NEW_VENDOR_MILLIONTHS / 4 ? 4 * p0 : NEW_VENDOR_MILLIONTHS;
    uint32_t better = add_campaign(scene, 'a', first - first / 10 + second / 10, worse_p0 / 4);
    uint32_t worse = add_campaign(scene, 'b', first / 10 + second - second / 10, worse_p0);
    add_stream(scene, better, first - first / 10, scene->from_us, scene->half_us);
    add_stream(scene, worse, first / 10, scene->from_us, scene->half_us);
    add_stream(scene, better, second / 10, middle_us, scene->half_us);
    add_stream(scene, worse, second - second / 10, middle_us, scene->half_us);
}

static void plan_new_vendor(struct scene *scene)
{
    uint64_t size = scene->negative.options.size;
    uint64_t each = size / NEW_VENDOR_CAMPAIGNS;
    uint64_t middle_us = scene->from_us + scene->half_us;
    for (uint32_t i = 0; i < NEW_VENDOR_CAMPAIGNS; i++) {
        uint64_t part = i > 0 ? each : size - each * (NEW_VENDOR_CAMPAIGNS - 1);
        uint32_t campaign = add_campaign(scene, (char)('a' + i), part, NEW_VENDOR_MILLIONTHS);
        add_stream(scene, campaign, part, middle_us, scene->half_us);
    }
}

// A campaign that runs for an hour, the small one for a minute.
static void plan_one_campaign(struct scene *scene)
{
    bool is_small = scene->negative.options.kind == NEGATIVE_TWO_OF_FIVE;
    uint64_t span_us = scene->half_us < HOUR_US ? scene->half_us : HOUR_US;
    uint64_t late_us = random_below(&scene->plan->world.rng, 2 * scene->half_us - span_us);
    uint64_t size = scene->negative.options.size;
    uint32_t campaign = add_campaign(scene, 'a', size, scene->like.p0_millionths);
    add_stream(scene, campaign, size, scene->from_us + late_us, is_small ? HOUR_US / 60 : span_us);
}

// A list in the order of its numbers, of which every sixteenth is the lender's.
static void plan_sorted_list(struct scene *scene)
{
    static const enum life lives[] = {LIFE_ACTIVE, LIFE_OVERDUE};
    struct plan *plan = scene->plan;
    uint64_t first = plan->world.people.count;
    enum err e = people_add_block(
            &plan->world.people, scene->like.tenant, scene->negative.options.size, lives, 2);
    if (e != ERR_NONE) {
        plan->failed = e;
        return;
    }
    plan_one_campaign(scene);
    if (plan->failed == ERR_NONE) {
        plan->streams[plan->stream_count - 1].sorted_first = first;
    }
}

static void plan_scene(struct scene *scene)
{
    switch (scene->negative.options.kind) {
    case NEGATIVE_SORTED_LIST:
        plan_sorted_list(scene);
        return;
    case NEGATIVE_DOUBLE_VOLUME:
        plan_double_volume(scene);
        return;
    case NEGATIVE_MIX_CHANGE:
        plan_mix_change(scene);
        return;
    case NEGATIVE_TWO_OF_FIVE:
    case NEGATIVE_BIG_CAMPAIGN:
        plan_one_campaign(scene);
        return;
    case NEGATIVE_NEW_VENDOR:
        plan_new_vendor(scene);
        return;
    case NEGATIVE_COUNT:
        return;
    }
}

void plan_negative(struct plan *plan, const struct negative_options *options, char *owned_text,
        const struct campaign *like, uint64_t from_us, uint64_t to_us)
{
    struct scene scene = {
            .plan = plan,
            .negative = {.options = *options, .owned_text = owned_text, .tenant = like->tenant},
            .like = *like,
            .from_us = from_us,
            .half_us = (to_us - from_us) / 2,
    };
    struct negative *negative = &scene.negative;
    generated_id(negative->id, "negative-%u-%s", plan->negative_count + 1,
            negative_kind_names[options->kind]);
    bool is_vendors = options->kind == NEGATIVE_MIX_CHANGE || options->kind == NEGATIVE_NEW_VENDOR;
    if (is_vendors) { // one of its own, so that nobody else's messages change the mix
        generated_id(scene.like.vendor_id, "vendor-%s", negative->id);
    }
    negative->scope = is_vendors ? SPREAD_VENDOR : SPREAD_CAMPAIGN;
    generated_id(negative->scope_id, is_vendors ? "vendor-%s" : "campaign-%s-a", negative->id);
    scene.at = plan_add_negative(plan, negative);
    plan_scene(&scene);
}

void plan_negatives(struct plan *plan)
{
    struct random *rng = &plan->world.rng;
    for (uint32_t i = 0; i < plan->options->negative_count && plan->failed == ERR_NONE; i++) {
        const struct negative_options *options = &plan->options->negatives[i];
        struct campaign like;
        uint32_t any_tenant = (uint32_t)random_below(rng, plan->tenant_count);
        plan_draw_campaign(
                rng, 0, options->tenant != TENANT_NONE ? options->tenant : any_tenant, &like);
        like.p0_millionths = plan->tenants[like.tenant].p0_millionths;
        plan_negative(plan, options, NULL, &like, 0, plan_end_us(plan));
    }
}
