#include "bench/generate_pick.h"

uint64_t next_rightful(const struct world *world, uint32_t tenant, uint64_t *cursor)
{
    for (;;) {
        uint64_t index = people_customer(&world->people, tenant, (*cursor)++);
        if (person_life(&world->people, index) < LIFE_RIGHTFUL_COUNT) {
            return index;
        }
    }
}

uint64_t next_stranger(struct world *world)
{
    return world->next_stranger++;
}

uint64_t other_tenants_customer(struct world *world, uint32_t tenant)
{
    uint32_t count = world->people.tenant_count;
    if (count == 1) {
        return next_stranger(world);
    }
    uint32_t other = (tenant + 1 + (uint32_t)random_below(&world->rng, count - 1)) % count;
    uint64_t cursor = random_next(&world->rng) >> 32;
    return next_rightful(world, other, &cursor);
}

void address_person(struct world *world, struct message *message, uint64_t index)
{
    person_make(&world->people, index, &message->to);
    message->recipient_bytes =
            address_spell(&message->to.address, random_next(&world->rng), message->recipient);
}

void address_number(struct world *world, struct message *message, uint64_t national)
{
    uint64_t index;
    if (people_find_mobile(&world->people, national, &index)) {
        person_make(&world->people, index, &message->to);
    } else {
        message->to = (struct person){
                .life = LIFE_STRANGER,
                .home = TENANT_NONE,
                .address = {.kind = RECIPIENT_PHONE, .national = national},
        };
    }
    message->recipient_bytes =
            address_spell(&message->to.address, random_next(&world->rng), message->recipient);
}

void address_junk(struct world *world, struct message *message)
{
    message->has_invalid_number = true;
    message->to = (struct person){.life = LIFE_STRANGER, .home = TENANT_NONE};
    message->recipient_bytes = address_write_junk(random_next(&world->rng), message->recipient);
}

void pick_customer(struct world *world, struct message *message, uint64_t index)
{
    address_person(world, message, index);
    message->loan = loan_of(index, 0);
}

void pick_rightful(struct world *world, struct message *message, uint64_t *cursor)
{
    pick_customer(world, message, next_rightful(world, message->campaign->tenant, cursor));
}

static void pick_of_life(struct world *world, struct message *message, enum life life)
{
    uint64_t index =
            people_find(&world->people, message->campaign->tenant, life, random_next(&world->rng));
    pick_customer(world, message, index);
}

void pick_newcomer(struct world *world, struct message *message)
{
    pick_customer(world, message, next_stranger(world));
}

// A number that was mistyped, sold, mixed up, or never corrected.
void pick_scattered(struct world *world, struct message *message, uint64_t *cursor)
{
    static const struct {
        unsigned below; // of 100
        enum life life;
    } lives[] = {
            {20, LIFE_CLOSED},
            {30, LIFE_CONTACT},
            {40, LIFE_REASSIGNED},
            {44, LIFE_DELETED},
            {47, LIFE_SOLD},
            {49, LIFE_NO_PARTIES},
            {60, LIFE_ON_THE_EDGE},
    };
    uint32_t tenant = message->campaign->tenant;
    uint64_t die = random_below(&world->rng, 100);
    if (world->rates_are_exact && (die >= 95 || (die >= 49 && die < 60))) {
        die = 60 + die % 18; // neither junk nor those whose minute decides
    }
    for (size_t i = 0; i < sizeof lives / sizeof lives[0]; i++) {
        if (die < lives[i].below) {
            pick_of_life(world, message, lives[i].life);
            return;
        }
    }
    // The loan is that of a rightful customer, the recipient somebody else.
    message->loan = loan_of(next_rightful(world, tenant, cursor), 0);
    if (die < 78) {
        address_person(world, message, next_stranger(world));
    } else if (die < 88) {
        uint64_t elsewhere = *cursor + 1 + random_below(&world->rng, 100);
        address_person(world, message, next_rightful(world, tenant, &elsewhere));
    } else if (die < 95) {
        address_person(world, message, other_tenants_customer(world, tenant));
    } else {
        address_junk(world, message);
    }
}

void pick_anybody(struct world *world, struct message *message)
{
    uint64_t die = random_below(&world->rng, 1000);
    if (die < 600) {
        address_person(world, message, next_stranger(world));
    } else if (die < 850) {
        address_person(world, message,
                people_customer(
                        &world->people, message->campaign->tenant, random_next(&world->rng)));
    } else if (die < 998) {
        address_person(world, message, random_below(&world->rng, world->people.base_count));
    } else {
        address_junk(world, message);
    }
}
