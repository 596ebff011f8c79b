#include "control/recipient_releases.h"

#include <stdlib.h>

#include "common/hashmap.h"

struct recipient_releases {
    struct hashmap *by_recipient; // an index of `until_ms`
    int64_t *until_ms;
    uint32_t capacity;
};

enum err recipient_releases_create(struct recipient_releases **ret_releases, uint32_t ceiling_count)
{
    struct recipient_releases *releases = calloc(1, sizeof *releases);
    if (releases == NULL) {
        return ERR_NO_MEMORY;
    }
    releases->by_recipient = hashmap_create(ceiling_count);
    if (releases->by_recipient == NULL) {
        recipient_releases_destroy(releases);
        return ERR_NO_MEMORY;
    }
    *ret_releases = releases;
    return ERR_NONE;
}

void recipient_releases_destroy(struct recipient_releases *releases)
{
    if (releases != NULL) {
        hashmap_destroy(releases->by_recipient);
        free(releases->until_ms);
        free(releases);
    }
}

static enum err make_room(struct recipient_releases *releases)
{
    if (hashmap_count(releases->by_recipient) < releases->capacity) {
        return ERR_NONE;
    }
    uint32_t capacity = releases->capacity == 0 ? 16 : releases->capacity * 2;
    int64_t *grown = realloc(releases->until_ms, capacity * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    releases->until_ms = grown;
    releases->capacity = capacity;
    return ERR_NONE;
}

enum err recipient_releases_note(
        struct recipient_releases *releases, struct view recipient, int64_t until_ms)
{
    uint32_t at = hashmap_find(releases->by_recipient, recipient);
    if (at == HASHMAP_ABSENT) {
        at = hashmap_count(releases->by_recipient);
        enum err e = make_room(releases);
        e = e != ERR_NONE ? e : hashmap_put(releases->by_recipient, recipient, at);
        if (e != ERR_NONE) {
            return e;
        }
        releases->until_ms[at] = until_ms;
    }
    if (until_ms > releases->until_ms[at]) {
        releases->until_ms[at] = until_ms;
    }
    return ERR_NONE;
}

bool recipient_releases_has(
        const struct recipient_releases *releases, struct view recipient, int64_t at_ms)
{
    uint32_t at = hashmap_find(releases->by_recipient, recipient);
    return at != HASHMAP_ABSENT && at_ms < releases->until_ms[at];
}
