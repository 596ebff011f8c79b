// Phone numbers that libphonenumber has read lately, so that the same text is read once: one region,
// 4 MiB, each text at one of two places. It may forget, never answer otherwise than phone_read. One thread.
#pragma once

#include <stdint.h>

#include "common/err.h"
#include "common/view.h"
#include "identity/phone.h"

enum { PHONE_CACHE_ENTRIES = 65536, PHONE_CACHE_TEXT_BYTES = 46, PHONE_CACHE_E164_BYTES = 16 };

struct phone_cache;

// `default_region` is borrowed.
MUST_CHECK enum err phone_cache_create(struct phone_cache **ret_cache, const char *default_region);
void phone_cache_destroy(struct phone_cache *cache);

// As phone_read with the cache's region. Texts longer than PHONE_CACHE_TEXT_BYTES are read anew each
// time.
size_t phone_cache_read(
        struct phone_cache *cache, struct view text, char ret_e164[PHONE_E164_MAX_BYTES]);
const char *phone_cache_region(const struct phone_cache *cache);
// Numbers that had to be read by phone_read.
uint64_t phone_cache_misses(const struct phone_cache *cache);
