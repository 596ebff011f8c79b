// What scopes.c (the table) and scopes_archive.c (saving and restoring it) share.
#pragma once

#include "common/hash_index.h"
#include "common/pages.h"
#include "state/pool.h"
#include "state/scopes.h"
#include "state/texts.h"

#define NO_ROW UINT32_MAX

#define HOLD_MS_MAX ((INT64_C(1) << 42) - 1) // in the year 2109

// 24 bytes, and the id's. There may be a million.
struct scope_row {
    uint64_t held_until_ms : 42; // 0 = not held
    uint64_t id_bytes : 12;
    uint64_t kind : 3;
    uint64_t has_channel : 1;
    uint64_t is_live : 1; // the number is a scope's now
    uint32_t text;        // the id; behind it, where there is one, a channel's length and name
    uint32_t tenant;      // its name's number in tenants
    uint32_t generation;
    union {
        uint32_t last_heard_s;
        uint32_t next_free; // while the number is nobody's
    };
};
_Static_assert(sizeof(struct scope_row) <= 24, "a million scopes have one each");
_Static_assert(SCOPE_NAME_BYTES_MAX < 1 << 12, "an id's length fits");

// A tenant's name, which thousands of scopes share.
struct tenant {
    uint32_t text;
    uint32_t scopes; // that have it
    uint16_t bytes;
};

struct scopes {
    struct hash_index index;
    struct hash_index tenant_index;
    struct pages rows;
    struct pool tenants;
    struct texts texts;
    uint32_t end;
    uint32_t first_free;
    uint32_t max_scopes;
    uint32_t hand;
    uint64_t overflowed;
    uint64_t seed; // of the hashes in both indices
};

static inline struct scope_row *scope_row_at(const struct scopes *scopes, uint32_t number)
{
    return pages_at(&scopes->rows, number);
}
