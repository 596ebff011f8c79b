// Who a message goes to and which loan it names: rightly, by one of the scattered mistakes that are
// in any lender's data, or to anybody, as advertising does.
#pragma once

#include "bench/generate_message.h"

struct world {
    struct people people;
    struct random rng;
    uint64_t next_stranger; // each is met once
    bool rates_are_exact;   // what is meant to go wrong does, so that p0 is p0
};

// The next customer of the tenant, from *cursor on, to whom a collection message may rightly go.
uint64_t next_rightful(const struct world *world, uint32_t tenant, uint64_t *cursor);
uint64_t next_stranger(struct world *world);
// A rightful customer of another tenant than this one, or a stranger where there is no other.
uint64_t other_tenants_customer(struct world *world, uint32_t tenant);

// Addresses the message. The number is a Chinese mobile's; whoever has it, if anybody, answers.
void address_person(struct world *world, struct message *message, uint64_t index);
void address_number(struct world *world, struct message *message, uint64_t national);
void address_junk(struct world *world, struct message *message);

// About that person's first loan.
void pick_customer(struct world *world, struct message *message, uint64_t index);
void pick_rightful(struct world *world, struct message *message, uint64_t *cursor);
// Somebody who became a customer this morning, of whom the data does not know yet.
void pick_newcomer(struct world *world, struct message *message);
void pick_scattered(struct world *world, struct message *message, uint64_t *cursor);
void pick_anybody(struct world *world, struct message *message);
