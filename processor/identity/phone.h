// libphonenumber behind a C header: the reference reading of phone numbers, about 15 µs a call.
// Numbers that cn_mobile.h reads never come here; what both can read, both read alike.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { PHONE_TEXT_MAX_BYTES = 250, PHONE_E164_MAX_BYTES = 32 };

// Memory was out: nothing is known of the number.
#define PHONE_UNREAD SIZE_MAX

// Reads any spelling that libphonenumber parses for `default_region` (a CLDR code in capitals; with
// any other only numbers with a country code can be read) and writes its E.164 form, not ended by
// NUL. Returns its length, or 0 when this is no number to accept: accepted is what IsValidNumber
// accepts, and for +86 any 1[3-9] followed by nine digits, because new prefixes come faster than
// metadata. Any bytes may be given; more than PHONE_TEXT_MAX_BYTES are no number. An extension is
// dropped. What is written reads as itself, whatever the region. PHONE_UNREAD when memory is out.
// Any thread.
size_t phone_read(const char *text, size_t text_bytes, const char *default_region,
        char ret_e164[PHONE_E164_MAX_BYTES]);

// Whether `region` is one that libphonenumber knows: "CN", not "cn", "ZZ" or "China". Any thread.
bool phone_region_is_known(const char *region);

#ifdef __cplusplus
}
#endif
