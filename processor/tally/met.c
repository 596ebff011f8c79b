#include "tally/met.h"

#include <string.h>

#include "common/assure.h"
#include "common/hash.h"

_Static_assert(CHUNK_OFFSETS < UINT16_MAX, "an index into the pairs fits into a slot");

void met_forget(struct met *met)
{
    memset(met->slots, 0, sizeof met->slots);
    met->count = 0;
}

bool met_note(struct met *met, uint32_t scope, const uint8_t tag[RECIPIENT_TAG_BYTES])
{
    struct met_pair pair = {.scope = scope};
    memcpy(&pair.tag, tag, sizeof pair.tag);
    uint64_t at = hash_mix64(pair.tag + scope) % MET_SLOTS;
    while (met->slots[at] != 0) {
        const struct met_pair *other = &met->pairs[met->slots[at] - 1];
        if (other->tag == pair.tag && other->scope == pair.scope) {
            return true;
        }
        at = (at + 1) % MET_SLOTS;
    }
    ASSURE(met->count < CHUNK_OFFSETS);
    met->pairs[met->count++] = pair;
    met->slots[at] = (uint16_t)met->count;
    return false;
}
