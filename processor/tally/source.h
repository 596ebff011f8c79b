// The state of one source: its open chunk. Shared by tally.c (the life of a source) and chunk.c
// (its counts).
#pragma once

#include "common/arena.h"
#include "common/hashmap.h"
#include "common/strbuf.h"
#include "model/drill.h"
#include "model/frame.h"
#include "tally/met.h"
#include "tally/numbers.h"
#include "tally/tally.h"

#define NO_SCOPE UINT32_MAX

struct leaf {
    struct leaf_key key; // views into the chunk's arena
    struct leaf_counts counts;
    uint32_t scopes[SCOPE_KIND_COUNT]; // indices into chunk.scopes; NO_SCOPE where absent
    uint32_t narrowest;                // of them: whose messages are compared with each other
    uint32_t tally_partition;
    uint32_t tenant;      // index into chunk.tenants
    uint32_t vendor;      // into chunk.vendors; NO_SCOPE where absent
    bool is_drill;        // of the drills' tenant: left out of the sums across tenants
    bool dirty;           // changed since the last frame
    uint32_t frame_index; // while a frame is put together
};

// What a scope's last judged message in this chunk was, and where its numbers are.
struct chunk_scope {
    bool judged;
    bool last_misdirected;
    uint32_t numbers;      // list in chunk.numbers, or NO_NUMBERS
    uint32_t other_lender; // of the last message that went to another lender's customer; 0 = none
};

// What a tenant's or vendor's last judged messages of this chunk were (model/frame.h).
struct jump {
    uint32_t judged;
    uint16_t misdirected; // a bit each of the last JUMP_WINDOW, the newest lowest
    bool is_heard;
    bool has_jumped;
};

struct chunk_tenant {
    bool misdirected;
    struct jump jump;
};

struct chunk {
    int64_t number;
    int64_t first_offset;
    struct arena *names;
    size_t name_bytes;
    struct hashmap *leaf_index;
    struct leaf *leaves;
    // indices of the leaves that changed since the last frame, in order of their first change
    uint32_t *dirty;
    uint32_t leaf_count;
    uint32_t leaf_capacity; // of both arrays
    uint32_t dirty_count;
    struct hashmap *scope_index;
    struct chunk_scope *scopes;
    uint32_t scope_count;
    uint32_t scope_capacity;
    struct hashmap *tenant_index;
    struct chunk_tenant tenants[CHUNK_OFFSETS];
    struct hashmap *vendor_index;
    struct jump vendors[CHUNK_OFFSETS];
    uint64_t lately; // bits as in a jump, of the source
    struct numbers numbers;
    struct met *met;
    struct frame_totals totals;
    // since the last frame
    struct frame_entry *entries; // .leaf is the chunk's leaf index until a frame is put together
    uint32_t entry_count;
    uint32_t entry_capacity;
    struct arena *entry_texts;
    struct strbuf scratch; // for keys
};

MUST_CHECK enum err chunk_init(struct chunk *chunk);
void chunk_fini(struct chunk *chunk);
// Forgets all counts and begins anew.
void chunk_start(struct chunk *chunk, int64_t number, int64_t first_offset);
// What became of a counted message.
struct chunk_counted {
    uint32_t tally_partition;
    bool overflowed; // it went to an overflow leaf
};
// Counts one message. With `makes_entry` a misdirected message is kept as an entry of the next
// frame.
MUST_CHECK enum err chunk_count(struct chunk *chunk, const struct tally_options *options,
        const struct tally_message *message, bool makes_entry, struct chunk_counted *ret_counted);
// All has been told in frames: forgets what is dirty and the entries.
void chunk_settle(struct chunk *chunk);
