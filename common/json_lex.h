// The words of JSON: strings, numbers, literals. The inside of json_scan.c and for nobody else.
// Functions named take_ move the cursor behind what they read; where it is not there they return
// false, and the cursor stands at the fault.
#pragma once

#include <endian.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "common/json_value.h"

struct json_cursor {
    const char *p; // the next byte
    const char *end;
};

static inline bool lex_is_space(char c)
{
    return (unsigned char)c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t');
}

static inline bool lex_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline void lex_skip_space(struct json_cursor *c)
{
    while (c->p < c->end && lex_is_space(*c->p)) {
        c->p++;
    }
}

static inline bool lex_take_byte(struct json_cursor *c, char byte)
{
    if (c->p == c->end || *c->p != byte) {
        return false;
    }
    c->p++;
    return true;
}

// --- strings ----------------------------------------------------------------------------------

// A bit (SSE2) or the high bit of a byte (elsewhere) for each of the LEX_STRIDE bytes at p that is
// not plain inside a string: a quote, a backslash or a control byte. Bits above the lowest may be
// wrong where there is no SSE2.
#ifdef __SSE2__
enum { LEX_STRIDE = 16, LEX_BITS_PER_BYTE = 1 };

static inline uint64_t lex_find_stops(const char *p)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    __m128i controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    __m128i stops = _mm_or_si128(_mm_or_si128(quotes, backslashes), controls);
    return (unsigned)_mm_movemask_epi8(stops);
}
#else
enum { LEX_STRIDE = 8, LEX_BITS_PER_BYTE = 8 };

static inline uint64_t lex_find_stops(const char *p)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t word;
    memcpy(&word, p, sizeof word);
    word = le64toh(word);
    uint64_t controls = word - ones * 0x20;
    uint64_t quotes = (word ^ ones * '"') - ones;
    uint64_t backslashes = (word ^ ones * '\\') - ones;
    return (controls | quotes | backslashes) & ~word & ones * 0x80;
}
#endif

// Moves to the first byte that is not plain inside a string.
static inline const char *lex_skip_plain(const char *p, const char *end)
{
    while (end - p >= LEX_STRIDE) {
        uint64_t stops = lex_find_stops(p);
        if (stops != 0) {
            return p + __builtin_ctzll(stops) / LEX_BITS_PER_BYTE;
        }
        p += LEX_STRIDE;
    }
    while (p < end && (unsigned char)*p >= 0x20 && *p != '"' && *p != '\\') {
        p++;
    }
    return p;
}

// The value of four hexadecimal digits, or -1.
static inline int lex_read_hex4(const char *p, const char *end)
{
    int unit = 0;
    for (int i = 0; i < 4; i++) {
        char c = end - p > i ? p[i] : '\0';
        char letter = (char)(c | 0x20);
        if (lex_is_digit(c)) {
            unit = unit * 16 + (c - '0');
        } else if (letter >= 'a' && letter <= 'f') {
            unit = unit * 16 + (letter - 'a' + 10);
        } else {
            return -1;
        }
    }
    return unit;
}

static inline bool lex_is_short_escape(char c)
{
    return c != '\0' && strchr("\"\\/bfnrt", c) != NULL;
}

// Reads the escape at p, which is a backslash, and notes what kind it is. NULL when it is none.
static inline const char *lex_skip_escape(const char *p, const char *end, struct json_value *string)
{
    string->has_escapes = true;
    if (end - p < 2) {
        return NULL;
    }
    if (p[1] != 'u') {
        return lex_is_short_escape(p[1]) ? p + 2 : NULL;
    }
    int unit = lex_read_hex4(p + 2, end);
    if (unit < 0) {
        return NULL;
    }
    p += 6;
    if (unit == 0) {
        string->has_nul_escape = true;
    } else if (unit >= 0xd800 && unit <= 0xdfff) {
        bool may_pair = unit <= 0xdbff && end - p >= 2 && p[0] == '\\' && p[1] == 'u';
        int low = may_pair ? lex_read_hex4(p + 2, end) : -1;
        if (low >= 0xdc00 && low <= 0xdfff) {
            p += 6;
        } else {
            string->has_lone_surrogate = true;
        }
    }
    return p;
}

// The slow end of lex_take_string: from the first byte that is not plain.
static __attribute__((noinline)) bool lex_take_string_rest(
        struct json_cursor *c, const char *from, struct json_value *ret_string)
{
    const char *p = c->p;
    while (p < c->end && *p == '\\') {
        const char *next = lex_skip_escape(p, c->end, ret_string);
        if (next == NULL) {
            c->p = p;
            return false;
        }
        p = lex_skip_plain(next, c->end);
    }
    c->p = p;
    ret_string->raw = view_bytes(from, (size_t)(p - from));
    return lex_take_byte(c, '"');
}

// Reads a string, whose opening quote is taken already.
static inline bool lex_take_string(struct json_cursor *c, struct json_value *ret_string)
{
    const char *from = c->p;
    c->p = lex_skip_plain(from, c->end);
    *ret_string = (struct json_value){.kind = JSON_STRING};
    if (c->p < c->end && *c->p == '"') {
        ret_string->raw = view_bytes(from, (size_t)(c->p - from));
        c->p++;
        return true;
    }
    return lex_take_string_rest(c, from, ret_string);
}

// --- numbers and words ------------------------------------------------------------------------

static inline bool lex_take_digits(struct json_cursor *c)
{
    const char *from = c->p;
    while (c->p < c->end && lex_is_digit(*c->p)) {
        c->p++;
    }
    return c->p > from;
}

static inline bool lex_take_number(struct json_cursor *c, struct json_value *ret_value)
{
    const char *from = c->p;
    lex_take_byte(c, '-');
    if (!lex_take_byte(c, '0') && !lex_take_digits(c)) {
        return false;
    }
    if (lex_take_byte(c, '.') && !lex_take_digits(c)) {
        return false;
    }
    if (lex_take_byte(c, 'e') || lex_take_byte(c, 'E')) {
        if (!lex_take_byte(c, '+')) {
            lex_take_byte(c, '-');
        }
        if (!lex_take_digits(c)) {
            return false;
        }
    }
    *ret_value = (struct json_value){
            .kind = JSON_NUMBER, .raw = view_bytes(from, (size_t)(c->p - from))};
    return true;
}

static inline bool lex_take_word(
        struct json_cursor *c, struct view word, enum json_kind kind, struct json_value *ret_value)
{
    struct view rest = view_bytes(c->p, (size_t)(c->end - c->p));
    if (!view_starts_with(rest, word)) {
        return false;
    }
    c->p += word.n;
    *ret_value = (struct json_value){.kind = kind, .raw = view_bytes(rest.p, word.n)};
    return true;
}

// Inside the scanner's loop, where calling it would cost a tenth of what it does.
static inline __attribute__((always_inline)) bool lex_take_scalar(
        struct json_cursor *c, struct json_value *ret_value)
{
    switch (*c->p) {
    case '"':
        c->p++;
        return lex_take_string(c, ret_value);
    case 'n':
        return lex_take_word(c, VIEW("null"), JSON_NULL, ret_value);
    case 't':
        return lex_take_word(c, VIEW("true"), JSON_TRUE, ret_value);
    case 'f':
        return lex_take_word(c, VIEW("false"), JSON_FALSE, ret_value);
    default:
        return lex_take_number(c, ret_value);
    }
}
