// What the quarantine-state topic says of the tenants of one tally partition: which of their scopes
// are held now, and up to which sequence each has been told of. Pure; its owner reads the topic.
//
//   L1  Of records with one key the last counts, unless its sequence is not greater than one before it.
//   L2  A tombstone lifts; one without a sequence has that of the record before it.
//   L3  What is no record of the topic's form is passed over, and counted.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "model/held.h"
#include "model/raw.h"

struct held_ledger;

// ERR_NO_MEMORY. No more than `max_scopes` are known; others are passed over, and counted.
MUST_CHECK enum err held_ledger_create(struct held_ledger **ret_ledger, int32_t tally_partition,
        uint32_t tally_partitions, uint32_t max_scopes);
void held_ledger_destroy(struct held_ledger *ledger);

MUST_CHECK enum err held_ledger_see(struct held_ledger *ledger, const struct raw_message *raw);

// Scopes that were told of, held or lifted. The i-th, with views good until the next see; false
// when it is lifted.
uint32_t held_ledger_count(const struct held_ledger *ledger);
bool held_ledger_at(const struct held_ledger *ledger, uint32_t i, struct held_scope *ret_held);
// The highest sequence of all; -1 = nothing was told.
int64_t held_ledger_highest(const struct held_ledger *ledger);
// When the first was held of those that are held now; -1 = none is.
int64_t held_ledger_first_issued_ms(const struct held_ledger *ledger);
// That of a scope; -1 = it was not told of.
int64_t held_ledger_sequence(struct held_ledger *ledger, const struct scope_name *name);

uint64_t held_ledger_unreadable(const struct held_ledger *ledger);
uint64_t held_ledger_overflowed(const struct held_ledger *ledger);
