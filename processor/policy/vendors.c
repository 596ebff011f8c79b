#include "policy/vendors.h"

#include <stdlib.h>

#include "common/room.h"

static int order(struct view a, struct view b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int by_bytes = n > 0 ? memcmp(a.p, b.p, n) : 0;
    return by_bytes != 0 ? by_bytes : (a.n > b.n) - (a.n < b.n);
}

// Where `id` is, or would be put.
static uint32_t place_of(const struct vendors *vendors, struct view id, bool *ret_found)
{
    uint32_t from = 0;
    uint32_t to = vendors->count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        int side = order(view_of(vendors->ids[middle]), id);
        if (side == 0) {
            *ret_found = true;
            return middle;
        }
        if (side < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    *ret_found = false;
    return from;
}

enum err vendors_add(struct vendors *vendors, struct view id)
{
    bool found = false;
    uint32_t at = place_of(vendors, id, &found);
    if (found) {
        return ERR_NONE;
    }
    if (vendors->count == VENDORS_MAX) {
        return ERR_CEILING;
    }
    char **ids = room_for_row(vendors->ids, vendors->count, &vendors->capacity, 16, sizeof *ids);
    if (ids == NULL) {
        return ERR_NO_MEMORY;
    }
    vendors->ids = ids;
    char *copy = view_dup(id);
    if (copy == NULL) {
        return ERR_NO_MEMORY;
    }
    memmove(vendors->ids + at + 1, vendors->ids + at, (vendors->count - at) * sizeof *vendors->ids);
    vendors->ids[at] = copy;
    vendors->count++;
    return ERR_NONE;
}

void vendors_clear(struct vendors *vendors)
{
    for (uint32_t i = 0; i < vendors->count; i++) {
        free(vendors->ids[i]);
    }
    free(vendors->ids);
    *vendors = (struct vendors){0};
}

bool vendors_is_stranger(
        const struct vendors *vendors, struct view tenant_id, struct view vendor_id)
{
    if (vendors->count == 0 || view_is_none(vendor_id)) {
        return false;
    }
    bool found = false;
    place_of(vendors, vendor_id, &found);
    char both[VENDOR_MAX_BYTES];
    if (found || tenant_id.n + 1 + vendor_id.n > sizeof both) {
        return !found;
    }
    memcpy(both, tenant_id.p, tenant_id.n);
    both[tenant_id.n] = '/';
    memcpy(both + tenant_id.n + 1, vendor_id.p, vendor_id.n);
    place_of(vendors, view_bytes(both, tenant_id.n + 1 + vendor_id.n), &found);
    return !found;
}
