#include "bench/generate_people.h"

#include <stdlib.h>

#include "common/assure.h"
#include "common/room.h"

enum { BLOCK_STEP = 16 };

static const int64_t hour_ms = 3600000;
static const int64_t day_length_ms = 24 * INT64_C(3600000);

const char *const channel_names[CHANNEL_COUNT] = {"sms", "voice", "email", "wechat", "push"};

// How many of LIFE_SLOTS customers live which life; the rest are active borrowers.
static const struct {
    enum life life;
    unsigned slots;
} life_shares[] = {
        {LIFE_OVERDUE, 120},
        {LIFE_TWO_LINKS, 16},
        {LIFE_TWO_TENANTS, 12},
        {LIFE_GUARANTOR, 8},
        {LIFE_CO_BORROWER, 8},
        {LIFE_CLOSED_IN_GRACE, 4},
        {LIFE_CLOSED_LATER, 2},
        {LIFE_WRITTEN_OFF, 6},
        {LIFE_REASSIGNED_LATER, 2},
        {LIFE_NOT_REASSIGNED, 4},
        {LIFE_OPTED_OUT, 4},
        {LIFE_CONTACT, 8},
        {LIFE_CLOSED, 16},
        {LIFE_SOLD, 2},
        {LIFE_REASSIGNED, 2},
        {LIFE_DELETED, 2},
        {LIFE_NO_PARTIES, 1},
        {LIFE_ON_THE_EDGE, 6},
};

static void deal_slots(struct people *people)
{
    size_t at = 0;
    for (size_t i = 0; i < sizeof life_shares / sizeof life_shares[0]; i++) {
        for (unsigned n = 0; n < life_shares[i].slots; n++) {
            people->slots[at++] = (uint8_t)life_shares[i].life;
        }
    }
    while (at < LIFE_SLOTS) {
        people->slots[at++] = LIFE_ACTIVE;
    }
    struct random rng;
    random_init(&rng, random_mix(people->seed, 0x51075));
    for (size_t i = LIFE_SLOTS; i > 1; i--) {
        size_t j = random_below(&rng, i);
        uint8_t other = people->slots[j];
        people->slots[j] = people->slots[i - 1];
        people->slots[i - 1] = other;
    }
}

void people_init(struct people *people, uint64_t seed, uint32_t tenant_count, uint64_t at_least,
        int64_t day_ms, uint32_t days)
{
    uint64_t rounds = (at_least + (uint64_t)tenant_count * LIFE_SLOTS - 1) /
                      ((uint64_t)tenant_count * LIFE_SLOTS);
    *people = (struct people){
            .seed = random_mix(seed, 0x9e091e),
            .tenant_count = tenant_count,
            .day_ms = day_ms,
            .last_day_ms = day_ms + (int64_t)(days - 1) * day_length_ms,
            .book = address_book_make(seed),
            .base_count = (rounds == 0 ? 1 : rounds) * tenant_count * LIFE_SLOTS,
    };
    people->count = people->base_count;
    deal_slots(people);
}

void people_fini(struct people *people)
{
    free(people->cohorts);
}

enum err people_add_cohort(struct people *people, uint32_t tenant, uint64_t count,
        const enum life *lives, uint32_t life_count)
{
    ASSURE(life_count <= COHORT_LIFE_MAX);
    struct cohort *cohorts = room_for_row(
            people->cohorts, people->cohort_count, &people->cohort_capacity, 16, sizeof *cohorts);
    if (cohorts == NULL) {
        return ERR_NO_MEMORY;
    }
    people->cohorts = cohorts;
    struct cohort *cohort = &people->cohorts[people->cohort_count++];
    *cohort = (struct cohort){
            .first = people->count,
            .count = count,
            .tenant = tenant,
            .life_count = life_count,
    };
    for (uint32_t i = 0; i < life_count; i++) {
        cohort->lives[i] = lives[i];
    }
    people->count += count;
    ASSURE(people->count < STRANGER_FIRST);
    return ERR_NONE;
}

enum err people_add_block(struct people *people, uint32_t tenant, uint64_t count,
        const enum life *lives, uint32_t life_count)
{
    enum err e = people_add_cohort(people, tenant, count, lives, life_count);
    if (e == ERR_NONE) {
        struct cohort *cohort = &people->cohorts[people->cohort_count - 1];
        cohort->block = CN_MOBILE_FIRST + random_mix(people->seed, cohort->first) %
                                                  (CN_MOBILE_COUNT - BLOCK_STEP * count);
        people->block_count++;
    }
    return e;
}

// Cohorts stand in the order of their people; `index` is in one of them.
static const struct cohort *find_cohort(const struct people *people, uint64_t index)
{
    uint32_t from = 0;
    uint32_t to = people->cohort_count;
    while (to - from > 1) {
        uint32_t middle = from + (to - from) / 2;
        if (people->cohorts[middle].first <= index) {
            from = middle;
        } else {
            to = middle;
        }
    }
    return &people->cohorts[from];
}

enum life person_life(const struct people *people, uint64_t index)
{
    if (index < people->base_count) {
        return (enum life)people->slots[index / people->tenant_count % LIFE_SLOTS];
    }
    if (index >= people->count) {
        return LIFE_STRANGER;
    }
    const struct cohort *cohort = find_cohort(people, index);
    return cohort->lives[(index - cohort->first) % cohort->life_count];
}

static uint32_t person_home(const struct people *people, uint64_t index)
{
    return index < people->base_count ? (uint32_t)(index % people->tenant_count)
                                      : find_cohort(people, index)->tenant;
}

uint64_t loan_of(uint64_t index, uint32_t n)
{
    return index * PERSON_LINK_MAX + n + 1;
}

uint64_t loan_owner(uint64_t loan)
{
    return (loan - 1) / PERSON_LINK_MAX;
}

// --- what the data says -----------------------------------------------------------------------

// More than the grace before the day; one in eight is a date, one in eight has none.
static int64_t long_ago(const struct people *people, uint64_t chance)
{
    int64_t at = people->day_ms - 4 * day_length_ms - (int64_t)(chance / 8 % 60000) * hour_ms / 2;
    switch (chance % 8) {
    case 0:
        return TIME_NONE;
    case 1:
        return at - at % day_length_ms;
    default:
        return at;
    }
}

static void add_link(struct person *person, uint32_t tenant, enum party_role role,
        enum loan_status status, int64_t closed_at_ms)
{
    person->links[person->link_count] = (struct link){
            .tenant = tenant,
            .loan = loan_of(person->index, person->link_count),
            .role = role,
            .status = status,
            .closed_at_ms = closed_at_ms,
    };
    person->link_count++;
}

static void add_second_link(const struct people *people, struct person *person, uint64_t chance)
{
    if (person->life == LIFE_TWO_TENANTS) {
        uint32_t other = (person->home + 1) % people->tenant_count;
        add_link(person, other, ROLE_BORROWER, STATUS_ACTIVE, TIME_NONE);
    } else if (chance % 2 == 0) {
        add_link(person, person->home, ROLE_BORROWER, STATUS_CLOSED, long_ago(people, chance / 2));
    } else {
        add_link(person, person->home, ROLE_CONTACT, STATUS_OVERDUE, TIME_NONE);
    }
}

static void reassign(struct person *person, enum reassigned reassigned, int64_t at_ms)
{
    person->reassigned = reassigned;
    person->reassigned_at_ms = at_ms;
}

// The channel that a message to this person most often takes.
static enum channel usual_channel(const struct person *person, uint64_t chance)
{
    switch (person->address.kind) {
    case RECIPIENT_EMAIL:
        return CHANNEL_EMAIL;
    case RECIPIENT_WECHAT:
        return CHANNEL_WECHAT;
    case RECIPIENT_PUSH:
        return CHANNEL_PUSH;
    case RECIPIENT_PHONE:
    case RECIPIENT_INVALID:
    case RECIPIENT_KIND_COUNT:
        break;
    }
    return chance % 4 == 0 ? CHANNEL_VOICE : CHANNEL_SMS;
}

// Whether a message is right depends on its minute.
static void live_on_the_edge(const struct people *people, struct person *person, uint64_t chance)
{
    const uint64_t minutes = 780; // of the day's traffic
    int64_t during_day_ms = people->day_ms + (int64_t)(chance / 3 % minutes) * (hour_ms / 60);
    switch (chance % 3) {
    case 0:
        add_link(person, person->home, ROLE_BORROWER, STATUS_ACTIVE, TIME_NONE);
        reassign(person, REASSIGNED_YES, during_day_ms);
        return;
    case 1:
        add_link(person, person->home, ROLE_BORROWER, STATUS_SOLD, during_day_ms);
        return;
    default: // the three days of grace
        add_link(person, person->home, ROLE_BORROWER, STATUS_CLOSED,
                during_day_ms - 3 * day_length_ms);
        return;
    }
}

static void live(const struct people *people, struct person *person, uint64_t chance)
{
    uint32_t home = person->home;
    int64_t last_day_ms = people->last_day_ms;
    switch (person->life) {
    case LIFE_ACTIVE:
        add_link(person, home, ROLE_BORROWER, STATUS_ACTIVE, TIME_NONE);
        return;
    case LIFE_OVERDUE:
        add_link(person, home, ROLE_BORROWER, STATUS_OVERDUE, TIME_NONE);
        return;
    case LIFE_TWO_LINKS:
    case LIFE_TWO_TENANTS:
        add_link(person, home, ROLE_BORROWER, STATUS_OVERDUE, TIME_NONE);
        add_second_link(people, person, chance);
        return;
    case LIFE_GUARANTOR:
        add_link(person, home, ROLE_GUARANTOR, STATUS_OVERDUE, TIME_NONE);
        return;
    case LIFE_CO_BORROWER:
        add_link(person, home, ROLE_CO_BORROWER, STATUS_ACTIVE, TIME_NONE);
        return;
    case LIFE_CLOSED_IN_GRACE:
        // Two days before the last day or one: a date alone, or a time of that day.
        add_link(person, home, ROLE_BORROWER, STATUS_CLOSED,
                last_day_ms - (1 + (int64_t)(chance % 2)) * day_length_ms +
                        (int64_t)(chance / 2 % 3) * 7 * hour_ms);
        return;
    case LIFE_CLOSED_LATER:
        add_link(person, home, ROLE_BORROWER, STATUS_CLOSED,
                last_day_ms + 2 * day_length_ms + (int64_t)(chance % 5) * hour_ms);
        return;
    case LIFE_WRITTEN_OFF:
        add_link(person, home, ROLE_BORROWER, STATUS_WRITTEN_OFF, long_ago(people, chance));
        return;
    case LIFE_REASSIGNED_LATER:
        add_link(person, home, ROLE_BORROWER, STATUS_ACTIVE, TIME_NONE);
        reassign(person, REASSIGNED_YES, last_day_ms + (2 + (int64_t)(chance % 9)) * day_length_ms);
        return;
    case LIFE_NOT_REASSIGNED:
        add_link(person, home, ROLE_BORROWER, STATUS_OVERDUE, TIME_NONE);
        reassign(person, REASSIGNED_NO, TIME_NONE);
        return;
    case LIFE_OPTED_OUT:
        add_link(person, home, ROLE_BORROWER, STATUS_OVERDUE, TIME_NONE);
        person->opted_out = 1u << usual_channel(person, chance);
        person->opted_out |= chance / 4 % 4 == 0 ? 1u << CHANNEL_PUSH : 0;
        return;
    case LIFE_CONTACT:
        if (chance % 8 == 0) { // of a loan that has been paid off
            add_link(person, home, ROLE_CONTACT, STATUS_CLOSED, long_ago(people, chance / 8));
        } else {
            add_link(person, home, ROLE_CONTACT, STATUS_OVERDUE, TIME_NONE);
        }
        return;
    case LIFE_CLOSED:
        add_link(person, home, ROLE_BORROWER, STATUS_CLOSED, long_ago(people, chance));
        return;
    case LIFE_SOLD:
        add_link(person, home, ROLE_BORROWER, STATUS_SOLD, long_ago(people, chance));
        return;
    case LIFE_REASSIGNED:
        add_link(person, home, ROLE_BORROWER, STATUS_OVERDUE, TIME_NONE);
        reassign(person, REASSIGNED_YES, long_ago(people, chance));
        return;
    case LIFE_DELETED:
    case LIFE_STRANGER:
        person->is_known = false;
        return;
    case LIFE_NO_PARTIES:
        return;
    case LIFE_ON_THE_EDGE:
        live_on_the_edge(people, person, chance);
        return;
    case LIFE_COUNT:
        break;
    }
    ASSURE(false);
}

// Number `i` of a block: one of sixteen that no customer and no stranger of these days has.
static uint64_t block_number(const struct people *people, const struct cohort *cohort, uint64_t i)
{
    const uint64_t customers_below = UINT64_C(300000000);
    const uint64_t strangers_below = STRANGER_FIRST + UINT64_C(1000000000);
    uint64_t from = random_mix(people->seed, cohort->first + i);
    uint64_t national = 0;
    for (uint64_t k = 0; k < BLOCK_STEP; k++) {
        national = cohort->block + i * BLOCK_STEP + (from + k) % BLOCK_STEP;
        uint64_t owner = address_index_of_mobile(&people->book, national);
        bool is_free =
                owner >= customers_below && (owner < STRANGER_FIRST || owner >= strangers_below);
        if (is_free) {
            break;
        }
    }
    return national;
}

static struct address person_address(const struct people *people, uint64_t index)
{
    if (people->block_count > 0 && index >= people->base_count && index < people->count) {
        const struct cohort *cohort = find_cohort(people, index);
        if (cohort->block != 0) {
            return (struct address){
                    .kind = RECIPIENT_PHONE,
                    .index = index,
                    .national = block_number(people, cohort, index - cohort->first),
            };
        }
    }
    return address_of(&people->book, index);
}

void person_make(const struct people *people, uint64_t index, struct person *ret_person)
{
    enum life life = person_life(people, index);
    *ret_person = (struct person){
            .index = index,
            .life = life,
            .home = life == LIFE_STRANGER ? TENANT_NONE : person_home(people, index),
            .address = person_address(people, index),
            .is_known = true,
            .reassigned = REASSIGNED_NO_DATA,
            .reassigned_at_ms = TIME_NONE,
    };
    live(people, ret_person, random_mix(people->seed, index));
}

// --- looking for somebody ---------------------------------------------------------------------

bool people_find_mobile(const struct people *people, uint64_t national, uint64_t *ret_index)
{
    for (uint32_t i = 0; i < people->cohort_count && people->block_count > 0; i++) {
        const struct cohort *cohort = &people->cohorts[i];
        uint64_t at = (national - cohort->block) / BLOCK_STEP;
        if (cohort->block != 0 && at < cohort->count &&
                block_number(people, cohort, at) == national) {
            *ret_index = cohort->first + at;
            return true;
        }
    }
    uint64_t index = address_index_of_mobile(&people->book, national);
    *ret_index = index;
    return address_of(&people->book, index).national == national;
}

uint64_t people_customer(const struct people *people, uint32_t tenant, uint64_t n)
{
    uint64_t each = people->base_count / people->tenant_count;
    return n % each * people->tenant_count + tenant;
}

uint64_t people_find(const struct people *people, uint32_t tenant, enum life life, uint64_t chance)
{
    uint64_t slot = chance % LIFE_SLOTS;
    while (people->slots[slot] != life) {
        slot = (slot + 1) % LIFE_SLOTS;
    }
    return people_customer(people, tenant, (chance >> 32) * LIFE_SLOTS + slot);
}
