#include "identity/phone_cache.h"

#include <stdlib.h>

#include "common/hash.h"

enum { PLACES = 2, SETS = PHONE_CACHE_ENTRIES / PLACES };

struct phone_entry {
    uint8_t text_bytes; // 0 = nothing here
    uint8_t e164_bytes; // 0 = no number
    char text[PHONE_CACHE_TEXT_BYTES];
    char e164[PHONE_CACHE_E164_BYTES];
};

struct phone_cache {
    const char *default_region;
    uint64_t misses;
    struct phone_entry sets[SETS][PLACES]; // in each the one that was read last stands first
};

enum err phone_cache_create(struct phone_cache **ret_cache, const char *default_region)
{
    struct phone_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL) {
        return ERR_NO_MEMORY;
    }
    cache->default_region = default_region;
    *ret_cache = cache;
    return ERR_NONE;
}

void phone_cache_destroy(struct phone_cache *cache)
{
    free(cache);
}

size_t phone_cache_read(
        struct phone_cache *cache, struct view text, char ret_e164[PHONE_E164_MAX_BYTES])
{
    if (text.n == 0 || text.n > PHONE_CACHE_TEXT_BYTES) {
        cache->misses++;
        return phone_read(text.p, text.n, cache->default_region, ret_e164);
    }
    struct phone_entry *set = cache->sets[hash_bytes(text.p, text.n, 0) % SETS];
    for (size_t i = 0; i < PLACES; i++) {
        const struct phone_entry *entry = &set[i];
        if (entry->text_bytes == text.n && memcmp(entry->text, text.p, text.n) == 0) {
            memcpy(ret_e164, entry->e164, entry->e164_bytes);
            return entry->e164_bytes;
        }
    }
    cache->misses++;
    size_t n = phone_read(text.p, text.n, cache->default_region, ret_e164);
    if (n <= PHONE_CACHE_E164_BYTES) {
        memmove(set + 1, set, (PLACES - 1) * sizeof *set);
        set->text_bytes = (uint8_t)text.n;
        memcpy(set->text, text.p, text.n);
        set->e164_bytes = (uint8_t)n;
        memcpy(set->e164, ret_e164, n);
    }
    return n;
}

const char *phone_cache_region(const struct phone_cache *cache)
{
    return cache->default_region;
}

uint64_t phone_cache_misses(const struct phone_cache *cache)
{
    return cache->misses;
}
