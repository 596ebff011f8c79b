// The fast path of phone numbers: Chinese mobile numbers, nearly all of the traffic, in some 20 ns.
//
// It is no second rule. Whatever it reads, phone_read reads the same; whatever it leaves,
// phone_read decides. So it takes only spellings whose reading is certain, and
// tests/unit/test_recipient.c runs both on many spellings and near-misses.
#pragma once

#include <stdbool.h>

#include "common/view.h"

enum { CN_MOBILE_E164_BYTES = 14 };

// Reads 1[3-9] and nine digits behind +86, or, when `default_region` is "CN", behind 0086, 86, the
// trunk prefix 0 or nothing, with any of the separators space - . ( ) in between and around; digits
// and plus may be of full width (U+FF10 to U+FF19, U+FF0B). True: `ret_e164` has the E.164 form.
bool cn_mobile_read(
        struct view text, const char *default_region, char ret_e164[CN_MOBILE_E164_BYTES]);
