#include "bench/generate_incident.h"

#include <stdio.h>

#include "common/assure.h"

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
    ASSURE(incident->next_in_cohort < incident->cohort->count);
    uint64_t index = incident->cohort->first + incident->next_in_cohort++;
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
    uint64_t index = next_stranger(world);
    address_person(world, message, index);
    message->loan = loan_of(index, 0);
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

static void pick_leaked_list(
        struct incident *incident, struct world *world, struct message *message, uint64_t *cursor)
{
    (void)incident;
    (void)cursor;
    uint64_t index = next_stranger(world);
    address_person(world, message, index);
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
    kinds[incident->options->kind].pick(incident, world, message, cursor);
}

// --- its campaigns ----------------------------------------------------------------------------

static void name_id(char ret_id[GENERATED_ID_MAX_BYTES], const char *given, const char *sort,
        const char *kind, uint32_t nth, uint32_t part)
{
    if (given != NULL && given[0] != '\0') {
        snprintf(ret_id, GENERATED_ID_MAX_BYTES, "%s", given);
    } else if (part == 0) {
        snprintf(ret_id, GENERATED_ID_MAX_BYTES, "%s-%s-%u", sort, kind, nth);
    } else {
        snprintf(ret_id, GENERATED_ID_MAX_BYTES, "%s-%s-%u-%02u", sort, kind, nth, part);
    }
}

// One campaign; an unregistered vendor without a named campaign has INCIDENT_CAMPAIGN_MAX, so that
// the vendor is what they have in common.
static void make_campaigns(struct incident *incident, uint32_t nth, const struct campaign *like)
{
    const struct incident_options *options = incident->options;
    const char *kind = incident_kind_names[options->kind];
    bool is_named = options->campaign[0] != '\0';
    incident->is_vendor_wide = options->kind == KIND_UNREGISTERED_VENDOR && !is_named;
    incident->campaign_count = incident->is_vendor_wide ? INCIDENT_CAMPAIGN_MAX : 1;
    for (uint32_t i = 0; i < incident->campaign_count; i++) {
        struct campaign *campaign = &incident->campaigns[i];
        uint32_t part = incident->is_vendor_wide ? i + 1 : 0;
        *campaign = *like;
        campaign->purpose = PURPOSE_COLLECTION;
        campaign->planned_size = options->size / incident->campaign_count;
        name_id(campaign->id, options->campaign, "campaign", kind, nth, part);
        if (options->vendor[0] != '\0') {
            name_id(campaign->vendor_id, options->vendor, "vendor", kind, nth, 0);
        }
        if (options->kind == KIND_UNREGISTERED_VENDOR) {
            name_id(campaign->vendor_id, options->vendor, "vendor", "unregistered", nth, 0);
            name_id(campaign->sender_id, NULL, "sender", "unregistered", nth, i % 3 + 1);
        }
        if (options->kind == KIND_LEAKED_LIST) {
            name_id(campaign->sender_id, NULL, "sender", "unknown", nth, 0);
            name_id(campaign->template_id, NULL, "template", "unknown", nth, 0);
        }
    }
}

void incident_init(struct incident *incident, const struct incident_options *options, uint32_t nth,
        const struct campaign *like, struct world *world)
{
    *incident = (struct incident){.options = options};
    snprintf(incident->id, sizeof incident->id, "incident-%u-%s", nth,
            incident_kind_names[options->kind]);
    make_campaigns(incident, nth, like);
    if (kinds[options->kind].life_count > 0) {
        incident->cohort = people_add_cohort(&world->people, like->tenant, options->size,
                kinds[options->kind].lives, kinds[options->kind].life_count);
    }
    incident->next_number =
            CN_MOBILE_FIRST + random_below(&world->rng, CN_MOBILE_COUNT - options->size);
}
