// What must hold of facts wherever they come from.
#pragma once

#include "common/arena.h"
#include "identity/keyring.h"
#include "relationship/store.h"

// Only what is known has something to say, and says it in words that there are.
void facts_check(const struct facts *facts);
void facts_check_equal(const struct facts *a, const struct facts *b);
