// What a detector counts from a change point on, up to now.
#pragma once

#include <stdint.h>

struct window {
    int64_t judged;
    int64_t misdirected;
    uint64_t start_serial; // of the entry at the change point (state/recent.h)
};
