// Where a made-up person can be reached: a phone number, or an address of another kind. Each index
// has an address that no other index has, computed and not stored, so that millions of people cost
// no memory.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/random.h"
#include "identity/recipient.h"

enum { ADDRESS_MAX_BYTES = 160 };

#define CN_MOBILE_FIRST UINT64_C(13000000000)
#define CN_MOBILE_COUNT UINT64_C(7000000000)
// Indices from here on are strangers: nobody's relationship data has them.
#define STRANGER_FIRST UINT64_C(3000000000)

struct address {
    enum recipient_kind kind;
    bool is_foreign;   // a phone number outside of China
    uint64_t national; // of a Chinese phone: its 11 digits
    uint64_t index;
};

struct address_book {
    uint64_t seed;
    struct permutation mobiles;
};

struct address_book address_book_make(uint64_t seed);
// The address of `index`, which is below CN_MOBILE_COUNT.
struct address address_of(const struct address_book *book, uint64_t index);
// The index whose Chinese mobile number, if it has one, is `national`.
uint64_t address_index_of_mobile(const struct address_book *book, uint64_t national);

// In the canonical form: E.164 for phones. Returns the length; ended by NUL.
size_t address_write(const struct address *address, char ret_text[ADDRESS_MAX_BYTES]);
// As somebody may have typed it; `chance` decides how. Every spelling is read as the canonical
// form.
size_t address_spell(
        const struct address *address, uint64_t chance, char ret_text[ADDRESS_MAX_BYTES]);
// What is found in a phone column that is none: a date, an amount, an account. Never a possible
// phone number.
size_t address_write_junk(uint64_t chance, char ret_text[ADDRESS_MAX_BYTES]);
