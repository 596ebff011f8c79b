// The people of a made-up world and what the lenders' data says of each: a pure function of seed
// and index, so that nothing is stored and each part of the generator knows the same truth.
//
// Everybody below `count` is in the relationship data (or was, and has been deleted). The first
// `base_count` are the lenders' ordinary customers, tenant after tenant in turn; behind them come
// cohorts, people made for one incident, such as the paid-off customers of a list that nobody
// cleaned. Indices from STRANGER_FIRST on are in nobody's data.
#pragma once

#include "bench/generate_address.h"
#include "common/err.h"
#include "model/facts.h"

#define TENANT_NONE UINT32_MAX
enum { PERSON_LINK_MAX = 2, LIFE_SLOTS = 400 };
enum { COHORT_LIFE_MAX = 4 };

enum channel {
    CHANNEL_SMS,
    CHANNEL_VOICE,
    CHANNEL_EMAIL,
    CHANNEL_WECHAT,
    CHANNEL_PUSH,
    CHANNEL_COUNT,
};
extern const char *const channel_names[CHANNEL_COUNT];

// How a person stands to the tenant. A collection message about link 0 may rightly go to the first
// twelve.
enum life {
    LIFE_ACTIVE,
    LIFE_OVERDUE,
    LIFE_TWO_LINKS,   // a second loan that is closed, or somebody else's contact
    LIFE_TWO_TENANTS, // the second link is of another tenant
    LIFE_GUARANTOR,
    LIFE_CO_BORROWER,
    LIFE_CLOSED_IN_GRACE,
    LIFE_CLOSED_LATER, // after every message
    LIFE_WRITTEN_OFF,
    LIFE_REASSIGNED_LATER,
    LIFE_NOT_REASSIGNED,
    LIFE_OPTED_OUT,
    LIFE_RIGHTFUL_COUNT,
    LIFE_CONTACT = LIFE_RIGHTFUL_COUNT,
    LIFE_CLOSED,
    LIFE_SOLD,
    LIFE_REASSIGNED,
    LIFE_DELETED,
    LIFE_NO_PARTIES,
    LIFE_ON_THE_EDGE, // the grace ends, the loan closes or the number is given away during the day
    LIFE_STRANGER,
    LIFE_COUNT,
};

struct link {
    uint32_t tenant;
    uint64_t loan; // never 0
    enum party_role role;
    enum loan_status status;
    int64_t closed_at_ms; // TIME_NONE = undated; midnight is written as a date
};

struct person {
    uint64_t index;
    enum life life;
    uint32_t home; // the tenant of link 0; TENANT_NONE for strangers
    struct address address;
    bool is_known; // the relationship data, as it is at the end, has a record
    uint32_t link_count;
    struct link links[PERSON_LINK_MAX];
    enum reassigned reassigned;
    int64_t reassigned_at_ms; // TIME_NONE = undated
    uint32_t opted_out;       // a bit a channel
};

struct cohort {
    uint64_t first;
    uint64_t count;
    uint32_t tenant;
    uint32_t life_count;
    enum life lives[COHORT_LIFE_MAX]; // in turn
    uint64_t block;                   // where their numbers begin; 0 = anywhere
};

struct people {
    uint64_t seed;
    uint32_t tenant_count;
    int64_t day_ms;      // midnight UTC before the first message
    int64_t last_day_ms; // before the messages of the last day
    struct address_book book;
    uint64_t base_count;
    uint64_t count;
    uint8_t slots[LIFE_SLOTS]; // the lives of a tenant's customers, over and over
    struct cohort *cohorts;    // owned
    uint32_t cohort_count;
    uint32_t cohort_capacity;
    uint32_t block_count; // cohorts with numbers in a block
};

// The messages go out on `days` days from day_ms on.
void people_init(struct people *people, uint64_t seed, uint32_t tenant_count, uint64_t at_least,
        int64_t day_ms, uint32_t days);
void people_fini(struct people *people);
// Adds people behind those that are there.
MUST_CHECK enum err people_add_cohort(struct people *people, uint32_t tenant, uint64_t count,
        const enum life *lives, uint32_t life_count);

// The same for people whose mobile numbers are a rising sequence, sixteen apart on average.
MUST_CHECK enum err people_add_block(struct people *people, uint32_t tenant, uint64_t count,
        const enum life *lives, uint32_t life_count);

void person_make(const struct people *people, uint64_t index, struct person *ret_person);
// Whoever answers at a Chinese mobile number; false when the index that would have it is reached
// otherwise, so that the number is nobody's.
bool people_find_mobile(const struct people *people, uint64_t national, uint64_t *ret_index);
// Cheaper than the whole person.
enum life person_life(const struct people *people, uint64_t index);
// Loan `n` (from 0) of a person, and whose it is.
uint64_t loan_of(uint64_t index, uint32_t n);
uint64_t loan_owner(uint64_t loan);
// The customers of a tenant are numbered from 0; the number is taken modulo their count.
uint64_t people_customer(const struct people *people, uint32_t tenant, uint64_t n);
// Some customer of the tenant with that life, which is one of the ordinary ones.
uint64_t people_find(const struct people *people, uint32_t tenant, enum life life, uint64_t chance);
