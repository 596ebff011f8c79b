// The sequence of a tombstone of ours, in its header wn.sequence.
#pragma once

#include <stdbool.h>

#include "model/raw.h"

// -1 where none is told. False when what is told is none.
bool told_sequence_read(const struct raw_message *raw, int64_t *ret_sequence);
