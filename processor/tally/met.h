// Who has been messaged in a chunk, and by which scope of it: exact, and no larger than a chunk.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/frame.h"

enum { MET_SLOTS = 2 * CHUNK_OFFSETS };

struct met_pair {
    uint64_t tag; // the recipient's
    uint32_t scope;
};

// All zero is a good beginning.
struct met {
    uint16_t slots[MET_SLOTS];            // index into pairs + 1; 0 = free
    struct met_pair pairs[CHUNK_OFFSETS]; // in the order in which they came
    uint32_t count;
};

void met_forget(struct met *met);
// Whether the scope has messaged the recipient before; it has from now on. To be called once an
// offset at most: so many there is room for.
bool met_note(struct met *met, uint32_t scope, const uint8_t tag[RECIPIENT_TAG_BYTES]);
