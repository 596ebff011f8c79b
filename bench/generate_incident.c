#include "bench/generate_incident.h"

#include "bench/generate_shape.h"
#include "common/assure.h"

enum { VENDOR_CAMPAIGNS = 12, BESIDE_CAMPAIGNS = 6, BLOCK_NUMBERS = 10000, BLOCKS_MIN = 24 };

// --- the wrong recipients ---------------------------------------------------------------------

typedef void pick_fn(struct incident *, struct world *, struct message *, uint64_t *cursor);

// The loan of the list's next row, whose recipient ought to be somebody else.
static void name_next_row(const struct world *world, struct message *message, uint64_t *cursor)
{
    message->loan = loan_of(next_rightful(world, message->campaign->tenant, cursor), 0);
}

static void pick_next_of_cohort(
        struct incident *incident, struct world *world, struct message *message, uint64_t *cursor)
{
    (void)cursor;
    ASSURE(incident->cohort_count > 0);
    uint64_t index = incident->cohort_first + incident->next_in_cohort++ % incident->cohort_count;
    address_person(world, message, index);
    message->loan = loan_of(index, 0);
}

// The phone column has slipped against the others, and the list was merged with a bought one.
static void pick_wrong_list(
        struct incident *incident, struct world *world, struct message *message, uint64_t *cursor)
{
    (void)incident;
    name_next_row(world, message, cursor);
    uint64_t die = random_below(&world->rng, 100);
    if (die < 70) {
        address_person(world, message, next_stranger(world));
    } else if (die < 85) {
        address_person(world, message, other_tenants_customer(world, message->campaign->tenant));
    } else {
        uint64_t next_row = *cursor;
        address_person(world, message, next_rightful(world, message->campaign->tenant, &next_row));
    }
}

// Another column is read as the phone number; now and then it is one.
static void pick_shifted_column(
        struct incident *incident, struct world *world, struct message *message, uint64_t *cursor)
{
    (void)incident;
    name_next_row(world, message, cursor);
    if (random_below(&world->rng, 100) < 88) {
        address_junk(world, message);
    } else {
        address_number(
                world, message, CN_MOBILE_FIRST + random_below(&world->rng, CN_MOBILE_COUNT));
    }
}

static void pick_number_walking(
        struct incident *incident, struct world *world, struct message *message, uint64_t *cursor)
{
    name_next_row(world, message, cursor);
    address_number(world, message, incident->next_number++);
}

// Customers of this morning, of whom the data does not know yet. Nothing is wrong with them.
static void pick_feed_lag(
        struct incident *incident, struct world *world, struct message *message, uint64_t *cursor)
{
    (void)incident;
    (void)cursor;
    pick_newcomer(world, message);
}

static void pick_unregistered_vendor(
        struct incident *incident, struct world *world, struct message *message, uint64_t *cursor)
{
    uint64_t die = random_below(&world->rng, 100);
    if (die >= 70) {
        pick_next_of_cohort(incident, world, message, cursor);
        return;
    }
    name_next_row(world, message, cursor);
    address_person(world, message,
            die < 50 ? next_stranger(world)
                     : other_tenants_customer(world, message->campaign->tenant));
}

// Strangers of one region: their numbers lie in a few blocks of ten thousand, as the numbers of a
// city do.
static void pick_leaked_list(
        struct incident *incident, struct world *world, struct message *message, uint64_t *cursor)
{
    (void)cursor;
    uint64_t index;
    uint64_t national;
    do {
        uint64_t at =
                permutation_map(&incident->region, incident->next_in_cohort++ % incident->region.n);
        uint64_t block = random_mix(incident->region.seed, at / BLOCK_NUMBERS) %
                         (CN_MOBILE_COUNT / BLOCK_NUMBERS);
        national = CN_MOBILE_FIRST + block * BLOCK_NUMBERS + at % BLOCK_NUMBERS;
        index = address_index_of_mobile(&world->people.book, national);
    } while (index < world->people.count);
    address_number(world, message, national);
    message->loan = random_below(&world->rng, 2) == 0 ? loan_of(index, 0) : 0;
}

static const struct {
    pick_fn *pick;
    uint32_t life_count; // 0 = needs no people of its own
    enum life lives[COHORT_LIFE_MAX];
} kinds[KIND_COUNT] = {
        [KIND_WRONG_LIST] = {.pick = pick_wrong_list},
        [KIND_CLOSED_LOANS] = {pick_next_of_cohort, 4,
                {LIFE_CLOSED, LIFE_CLOSED, LIFE_CLOSED, LIFE_SOLD}},
        [KIND_SHIFTED_COLUMN] = {.pick = pick_shifted_column},
        [KIND_NUMBER_WALKING] = {.pick = pick_number_walking},
        [KIND_FEED_LAG] = {.pick = pick_feed_lag},
        [KIND_RECYCLED_NUMBERS] = {pick_next_of_cohort, 1, {LIFE_REASSIGNED}},
        [KIND_UNREGISTERED_VENDOR] = {pick_unregistered_vendor, 2, {LIFE_CONTACT, LIFE_CLOSED}},
        [KIND_LEAKED_LIST] = {.pick = pick_leaked_list},
        [KIND_BROAD_RULE] = {pick_next_of_cohort, 4,
                {LIFE_CONTACT, LIFE_GUARANTOR, LIFE_CLOSED, LIFE_CONTACT}},
};

void incident_pick(
        struct incident *incident, struct world *world, struct message *message, uint64_t *cursor)
{
    kinds[incident->options.kind].pick(incident, world, message, cursor);
}

// --- whether a message goes wrong -------------------------------------------------------------

bool incident_comes_over(const struct incident *incident, const struct campaign *campaign)
{
    switch (incident->scope) {
    case SPREAD_CAMPAIGN:
        return strcmp(campaign->id, incident->scope_id) == 0;
    case SPREAD_TEMPLATE:
        return strcmp(campaign->template_id, incident->scope_id) == 0;
    case SPREAD_SENDER:
        return strcmp(campaign->sender_id, incident->scope_id) == 0;
    case SPREAD_VENDOR:
        return strcmp(campaign->vendor_id, incident->scope_id) == 0;
    case SPREAD_TENANT:
        return true; // whoever asks has found the tenant
    case SPREAD_MANY_SMALL:
    case SPREAD_COUNT:
        break;
    }
    return false;
}

bool incident_goes_wrong(struct incident *incident, struct world *world, uint32_t p0_millionths)
{
    const struct incident_options *options = &incident->options;
    uint64_t i = options->spread == SPREAD_MANY_SMALL ? incident->attacks - 1
                                                      : incident->sent - incident->before - 1;
    uint32_t rate = shape_rate(options, incident->rate_millionths, p0_millionths, i);
    if (shape_is_even(options)) {
        return (i + 1) * rate / ONE_MILLION > i * rate / ONE_MILLION;
    }
    if (world->rates_are_exact) {
        rate = shape_excess(rate, p0_millionths);
    }
    return random_chance(&world->rng, rate);
}

// --- its campaigns ----------------------------------------------------------------------------

static void name_id(char ret_id[GENERATED_ID_MAX_BYTES], const char *given, const char *sort,
        const char *kind, uint32_t nth, uint32_t part)
{
    if (given != NULL && given[0] != '\0') {
        generated_id(ret_id, "%s", given);
    } else if (part == 0) {
        generated_id(ret_id, "%s-%s-%u", sort, kind, nth);
    } else {
        generated_id(ret_id, "%s-%s-%u-%02u", sort, kind, nth, part);
    }
}

// The id of the incident ends in its number and kind, and so do those of its campaigns.
static const char *id_suffix(const struct incident *incident)
{
    return incident->id + sizeof "incident-" - 1;
}

// Campaign `part` (from 1) of several that take turns.
static void enter_campaign(struct incident *incident, const char *sort, uint32_t part)
{
    struct campaign *current = &incident->current;
    generated_id(current->id, "%s-%s-%02u", sort, id_suffix(incident), part);
    if (incident->options.kind == KIND_UNREGISTERED_VENDOR) {
        generated_id(current->sender_id, "%s-%02u", incident->like.sender_id, (part - 1) % 3 + 1);
    }
}

// The messages of the small campaigns lie among the vendor's others in any order, as cards of two
// colours that were shuffled.
static bool draw_attack(struct incident *incident, struct random *rng)
{
    if (incident->sent < incident->before) {
        return false;
    }
    uint64_t attacks_left = incident->options.size - incident->attacks;
    return random_below(rng, incident->stream_size - incident->sent) < attacks_left;
}

const struct campaign *incident_next_campaign(
        struct incident *incident, struct random *rng, bool *ret_is_concerned)
{
    *ret_is_concerned = incident->sent >= incident->before;
    if (incident->options.spread == SPREAD_MANY_SMALL) {
        *ret_is_concerned = draw_attack(incident, rng);
        if (*ret_is_concerned) {
            incident->current.planned_size = incident->options.each;
            enter_campaign(incident, "campaign",
                    (uint32_t)(incident->attacks++ % incident->campaign_count) + 1);
        } else {
            incident->current.planned_size = incident->stream_size / BESIDE_CAMPAIGNS;
            enter_campaign(incident, "beside", (uint32_t)(incident->sent % BESIDE_CAMPAIGNS) + 1);
        }
    } else if (incident->campaign_count > 1) {
        enter_campaign(
                incident, "campaign", (uint32_t)(incident->sent % incident->campaign_count) + 1);
    }
    incident->sent++;
    return &incident->current;
}

static void count_campaigns(struct incident *incident)
{
    const struct incident_options *options = &incident->options;
    bool is_named = options->campaign[0] != '\0';
    incident->scope = options->spread;
    incident->campaign_count = 1;
    if (spread_is_over_healthy_campaigns(options->spread)) {
        incident->campaign_count = 0;
    } else if (options->spread == SPREAD_MANY_SMALL) {
        uint64_t count = (options->size + options->each - 1) / options->each;
        incident->campaign_count = count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
        incident->scope = SPREAD_VENDOR;
    } else if (options->kind == KIND_UNREGISTERED_VENDOR && !is_named) {
        // So many that the vendor is what they have in common.
        incident->campaign_count = VENDOR_CAMPAIGNS;
        incident->scope = SPREAD_VENDOR;
    }
}

static void make_campaign(struct incident *incident, uint32_t nth)
{
    const struct incident_options *options = &incident->options;
    const char *kind = incident_kind_names[options->kind];
    struct campaign *campaign = &incident->like;
    campaign->purpose = PURPOSE_COLLECTION;
    campaign->planned_size = options->size / incident->campaign_count;
    name_id(campaign->id, options->campaign, "campaign", kind, nth, 0);
    if (options->vendor[0] != '\0') {
        name_id(campaign->vendor_id, options->vendor, "vendor", kind, nth, 0);
    } else if (options->spread == SPREAD_MANY_SMALL) {
        name_id(campaign->vendor_id, NULL, "vendor", "small", nth, 0);
    }
    if (options->kind == KIND_UNREGISTERED_VENDOR) {
        name_id(campaign->vendor_id, options->vendor, "vendor", "unregistered", nth, 0);
        name_id(campaign->sender_id, NULL, "sender", "unregistered", nth, 0);
    }
    if (options->kind == KIND_LEAKED_LIST) {
        name_id(campaign->sender_id, NULL, "sender", "unknown", nth, 0);
        name_id(campaign->template_id, NULL, "template", "unknown", nth, 0);
    }
    incident->current = *campaign;
}

void incident_name_scope(struct incident *incident)
{
    const struct campaign *like = &incident->like;
    char tenant_id[GENERATED_ID_MAX_BYTES];
    generated_id(tenant_id, "tenant-%u", like->tenant + 1);
    const char *const ids[SPREAD_COUNT] = {
            [SPREAD_CAMPAIGN] = like->id,
            [SPREAD_TEMPLATE] = like->template_id,
            [SPREAD_SENDER] = like->sender_id,
            [SPREAD_VENDOR] = like->vendor_id,
            [SPREAD_TENANT] = tenant_id,
    };
    generated_id(incident->scope_id, "%s", ids[incident->scope]);
}

// Where the campaign has a healthy beginning of any length, both parts have a message at least; a
// burst is whole where it fits.
static uint64_t draw_before(const struct incident_options *options, struct random *rng)
{
    if (options->before != BEFORE_ANY) {
        return options->before;
    }
    if (options->shape == SHAPE_BURST) {
        return options->size > options->on ? random_below(rng, options->size - options->on + 1) : 0;
    }
    return options->size > 1 ? 1 + random_below(rng, options->size - 1) : 0;
}

enum err incident_init(struct incident *incident, const struct incident_options *options,
        uint32_t nth, const struct campaign *like, struct world *world)
{
    *incident = (struct incident){.options = *options, .like = *like};
    generated_id(incident->id, "incident-%u-%s", nth, incident_kind_names[options->kind]);
    count_campaigns(incident);
    if (incident->campaign_count > 0) {
        make_campaign(incident, nth);
    }
    incident_name_scope(incident);
    incident->stream_size = incident_options_own_messages(options);
    incident->rate_millionths = options->rate_millionths;
    if (options->shape == SHAPE_LEAK && !options->has_rate) {
        incident->rate_millionths = 3 * like->p0_millionths;
    }
    incident->next_number =
            CN_MOBILE_FIRST + random_below(&world->rng, CN_MOBILE_COUNT - options->size);
    incident->before = draw_before(options, &world->rng);
    uint64_t blocks = options->size / 1000 < BLOCKS_MIN ? BLOCKS_MIN : options->size / 1000;
    incident->region = permutation_make(
            random_mix(world->people.seed, incident->next_number), blocks * BLOCK_NUMBERS);
    if (kinds[options->kind].life_count == 0) {
        return ERR_NONE;
    }
    incident->cohort_first = world->people.count;
    incident->cohort_count = options->size;
    return people_add_cohort(&world->people, like->tenant, options->size,
            kinds[options->kind].lives, kinds[options->kind].life_count);
}
