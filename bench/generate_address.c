#include "bench/generate_address.h"

#include <stdio.h>
#include <string.h>

#include "common/assure.h"

enum {
    AREA_CODE_COUNT = 16,
    NANP_PER_AREA = 8000000, // 2000000 … 9999999
};

// North American area codes; the people of the relationship data who live abroad have numbers of
// these.
static const unsigned area_codes[AREA_CODE_COUNT] = {
        202, 206, 212, 213, 214, 305, 312, 404, 415, 503, 602, 617, 702, 713, 808, 917};

struct address_book address_book_make(uint64_t seed)
{
    return (struct address_book){
            .seed = random_mix(seed, 0xadd7e55),
            .mobiles = permutation_make(random_mix(seed, 0x0b11e), CN_MOBILE_COUNT),
    };
}

struct address address_of(const struct address_book *book, uint64_t index)
{
    ASSURE(index < CN_MOBILE_COUNT);
    struct address address = {.kind = RECIPIENT_PHONE, .index = index};
    uint64_t die = random_mix(book->seed, index) % 1000;
    if (die < 20) {
        address.kind = RECIPIENT_EMAIL;
    } else if (die < 32) {
        address.kind = RECIPIENT_WECHAT;
    } else if (die < 42) {
        address.kind = RECIPIENT_PUSH;
    } else if (die < 45) {
        address.is_foreign = true;
    } else {
        address.national = CN_MOBILE_FIRST + permutation_map(&book->mobiles, index);
    }
    return address;
}

uint64_t address_index_of_mobile(const struct address_book *book, uint64_t national)
{
    ASSURE(national >= CN_MOBILE_FIRST && national - CN_MOBILE_FIRST < CN_MOBILE_COUNT);
    return permutation_unmap(&book->mobiles, national - CN_MOBILE_FIRST);
}

static size_t written(int n)
{
    ASSURE(n > 0 && n < ADDRESS_MAX_BYTES);
    return (size_t)n;
}

// People have American numbers, strangers Japanese ones, so that the two cannot meet. Each has its
// own number as long as there are fewer than 90 million of one sort.
static size_t write_foreign(const struct address *address, bool spaced, char *text)
{
    const char *open = spaced ? " " : "";
    const char *dash = spaced ? "-" : "";
    unsigned country = 1;
    unsigned area = area_codes[address->index % AREA_CODE_COUNT];
    uint64_t line = 2000000 + address->index / AREA_CODE_COUNT * 1000003 % NANP_PER_AREA;
    if (address->index >= STRANGER_FIRST) {
        country = 81;
        area = 90;
        line = 10000000 + (address->index - STRANGER_FIRST) % 90000000;
    }
    return written(snprintf(text, ADDRESS_MAX_BYTES, "+%u%s%u%s%03llu%s%04llu", country, open, area,
            dash, (unsigned long long)(line / 10000), dash, (unsigned long long)(line % 10000)));
}

static size_t write_opaque(const struct address *address, char *text)
{
    unsigned long long index = address->index;
    switch (address->kind) {
    case RECIPIENT_EMAIL:
        return written(snprintf(
                text, ADDRESS_MAX_BYTES, "li.wei%llu@mail%llu.example.com", index, index % 7));
    case RECIPIENT_WECHAT:
        return written(snprintf(text, ADDRESS_MAX_BYTES, "wxid_%012llx",
                index * 0x9e3779b97f4bu & 0xffffffffffffu));
    case RECIPIENT_PUSH:
        return written(
                snprintf(text, ADDRESS_MAX_BYTES, "device:%016llx", index * 0x9e3779b97f4a7c15u));
    case RECIPIENT_PHONE:
    case RECIPIENT_INVALID:
    case RECIPIENT_KIND_COUNT:
        break;
    }
    ASSURE(false);
    return 0;
}

size_t address_write(const struct address *address, char ret_text[ADDRESS_MAX_BYTES])
{
    if (address->kind != RECIPIENT_PHONE) {
        return write_opaque(address, ret_text);
    }
    if (address->is_foreign) {
        return write_foreign(address, false, ret_text);
    }
    ret_text[0] = '+';
    ret_text[1] = '8';
    ret_text[2] = '6';
    uint64_t rest = address->national;
    for (size_t i = 14; i-- > 3;) {
        ret_text[i] = (char)('0' + rest % 10);
        rest /= 10;
    }
    ret_text[14] = '\0';
    return 14;
}

// +８６１３８… in full-width characters, as input methods leave them.
static size_t widen(char text[ADDRESS_MAX_BYTES], size_t n)
{
    char wide[ADDRESS_MAX_BYTES];
    ASSURE(3 * n < sizeof wide);
    for (size_t i = 0; i < n; i++) {
        unsigned char last = text[i] == '+' ? 0x8b : (unsigned char)(0x90 + (text[i] - '0'));
        wide[3 * i] = '\xef';
        wide[3 * i + 1] = '\xbc';
        wide[3 * i + 2] = (char)last;
    }
    memcpy(text, wide, 3 * n);
    text[3 * n] = '\0';
    return 3 * n;
}

static size_t spell_mobile(
        const struct address *address, uint64_t chance, char ret_text[ADDRESS_MAX_BYTES])
{
    static const struct {
        unsigned below; // of 1,000
        const char *prefix;
        const char *separator;
    } spellings[] = {
            {40, "", ""},
            {55, "", " "},
            {68, "", "-"},
            {80, "0086", ""},
            {90, "+86 ", " "},
            {95, "86", ""},
    };
    uint64_t die = chance % 1000;
    // A bare 179… is a carrier's dialling code, not a mobile number.
    if (die < 95 && address->national / 100000000 != 179) {
        size_t i = 0;
        while (die >= spellings[i].below) {
            i++;
        }
        const char *separator = spellings[i].separator;
        return written(snprintf(ret_text, ADDRESS_MAX_BYTES, "%s%03llu%s%04llu%s%04llu",
                spellings[i].prefix, (unsigned long long)(address->national / 100000000), separator,
                (unsigned long long)(address->national / 10000 % 10000), separator,
                (unsigned long long)(address->national % 10000)));
    }
    size_t n = address_write(address, ret_text);
    return die == 999 ? widen(ret_text, n) : n;
}

size_t address_spell(
        const struct address *address, uint64_t chance, char ret_text[ADDRESS_MAX_BYTES])
{
    if (address->kind != RECIPIENT_PHONE) {
        return write_opaque(address, ret_text);
    }
    if (address->is_foreign) {
        return write_foreign(address, chance % 2 == 0, ret_text);
    }
    return spell_mobile(address, chance, ret_text);
}

size_t address_write_junk(uint64_t chance, char ret_text[ADDRESS_MAX_BYTES])
{
    unsigned long long x = chance / 8;
    switch (chance % 8) {
    case 0: // a date
        return written(snprintf(ret_text, ADDRESS_MAX_BYTES, "%llu-%02llu-%02llu", 2019 + x % 8,
                1 + x / 8 % 12, 1 + x / 96 % 28));
    case 1: // an amount
        return written(snprintf(
                ret_text, ADDRESS_MAX_BYTES, "%llu.%02llu", 100 + x % 9900, x / 9900 % 100));
    case 2: // an identity card
        return written(snprintf(ret_text, ADDRESS_MAX_BYTES, "3101%02llu19%02llu%02llu%02llu%04llu",
                1 + x % 20, 50 + x / 20 % 50, 1 + x / 1000 % 12, 1 + x / 12000 % 28,
                x / 336000 % 10000));
    case 3: // a bank card
        return written(snprintf(ret_text, ADDRESS_MAX_BYTES, "622202%013llu", x % 10000000000000u));
    case 4: // a loan
        return written(snprintf(ret_text, ADDRESS_MAX_BYTES, "LN-%04llx-1", x % 0xffffu));
    case 5: // a name
        return written(snprintf(ret_text, ADDRESS_MAX_BYTES, "%s",
                x % 2 == 0 ? "\xe7\x8e\x8b\xe4\xbc\x9f" : "\xe6\x9d\x8e\xe5\xa8\x9c"));
    case 6: // a day count
        return written(snprintf(ret_text, ADDRESS_MAX_BYTES, "%llu", 1 + x % 98));
    default: // a spreadsheet's idea of a long number
        return written(snprintf(ret_text, ADDRESS_MAX_BYTES, "1.%05lluE+10", 30000 + x % 60000));
    }
}
