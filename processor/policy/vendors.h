// The list of registered vendors. Where there is one, a vendor that is not on it is worth an alert
// with its first message.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/view.h"

enum { VENDORS_MAX = 10000, VENDOR_MAX_BYTES = 513 }; // "tenant/vendor", each an id

// All zero = an empty list: nothing is said of any vendor.
struct vendors {
    char **ids; // sorted by their bytes, each once
    uint32_t count;
    uint32_t capacity;
};

// Adds "vendor", registered with every tenant, or "tenant/vendor". One that is on it stays as it
// is. ERR_NO_MEMORY; ERR_CEILING at VENDORS_MAX.
MUST_CHECK enum err vendors_add(struct vendors *vendors, struct view id);
void vendors_clear(struct vendors *vendors);
// Whether a list is there and the tenant's vendor is not on it. No vendor is no stranger.
bool vendors_is_stranger(
        const struct vendors *vendors, struct view tenant_id, struct view vendor_id);
