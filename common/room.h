// Room for one more row in an array that doubles. The caller has its count and its ceiling; how much is allocated
// stands in `capacity`, 0 where nothing is yet.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

// `rows` with room for one more behind `count` of them: the same while that fits in the capacity, else moved to
// twice the capacity (`first` when it was 0; what is new is not zeroed). NULL = no memory, or nothing could be so
// large: rows and capacity are as before.
MUST_CHECK void *room_for_row(
        void *rows, uint32_t count, uint32_t *capacity, uint32_t first, size_t row_bytes);
