#include "common/json_value.h"

#include <math.h>
#include <stdlib.h>

enum { SHORT_DIGITS = 15 }; // all of them are below 2^53

static unsigned hex_digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

// The four digits of \uXXXX, which the scanner has checked.
static unsigned hex4(const char *p)
{
    return hex_digit(p[0]) << 12 | hex_digit(p[1]) << 8 | hex_digit(p[2]) << 4 | hex_digit(p[3]);
}

static char *put_utf8(char *to, unsigned code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

// Reads the code point of \uXXXX or of a pair of them; `p` stands behind the u and is moved on.
static unsigned take_code_point(const char **p, const char *end)
{
    unsigned code = hex4(*p);
    *p += 4;
    if (code < 0xd800 || code > 0xdfff) {
        return code;
    }
    bool has_low = code <= 0xdbff && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u';
    unsigned low = has_low ? hex4(*p + 2) : 0;
    if (low < 0xdc00 || low > 0xdfff) {
        return 0xfffd;
    }
    *p += 6;
    return 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
}

static char plain_escape(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c; // quote, backslash and slash stand for themselves
    }
}

// Writes what the byte or the escape at *p stands for, at most four bytes, and moves *p behind it.
static char *take_character(const char **p, const char *end, char *to)
{
    const char *at = *p;
    if (*at != '\\') {
        *to = *at;
        *p += 1;
        return to + 1;
    }
    *p += 2;
    if (at[1] != 'u') {
        *to = plain_escape(at[1]);
        return to + 1;
    }
    return put_utf8(to, take_code_point(p, end));
}

struct view json_string_take(const struct json_value *string, struct arena *arena)
{
    if (!string->has_escapes) {
        return string->raw;
    }
    // No escape is shorter than what it stands for.
    char *copy = arena_take(arena, string->raw.n);
    if (copy == NULL) {
        return VIEW_NONE;
    }
    char *to = copy;
    const char *p = string->raw.p;
    const char *end = p + string->raw.n;
    while (p < end) {
        to = take_character(&p, end, to);
    }
    return view_bytes(copy, (size_t)(to - copy));
}

bool json_string_equals(const struct json_value *string, struct view text)
{
    if (!string->has_escapes) {
        return view_equal(string->raw, text);
    }
    const char *p = string->raw.p;
    const char *end = p + string->raw.n;
    while (p < end && !string->has_lone_surrogate) {
        char character[4];
        size_t n = (size_t)(take_character(&p, end, character) - character);
        if (!view_starts_with(text, view_bytes(character, n))) {
            return false;
        }
        text = view_skip(text, n);
    }
    return !string->has_lone_surrogate && text.n == 0;
}

// A number taken apart: ± digits · 10^exponent, where `digits` does not end in a zero.
struct decimal {
    bool is_negative;
    uint64_t digits; // the first 19 significant ones at most
    size_t digit_count;
    int64_t exponent;
};

static int64_t take_exponent(const char *p, const char *end)
{
    bool is_negative = *p == '-';
    int64_t exponent = 0;
    for (p += *p == '-' || *p == '+'; p < end; p++) {
        // Further than any text is long: it cannot be made up for by zeros in the text.
        if (exponent < INT64_C(1000000000000)) {
            exponent = exponent * 10 + (*p - '0');
        }
    }
    return is_negative ? -exponent : exponent;
}

static struct decimal decimal_read(struct view raw)
{
    const char *p = raw.p;
    const char *end = p + raw.n;
    struct decimal d = {.is_negative = raw.n > 0 && *p == '-'};
    p += d.is_negative;
    bool is_fraction = false;
    int64_t zeros = 0; // met since the last other digit
    for (; p < end && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.') {
            is_fraction = true;
            continue;
        }
        d.exponent -= is_fraction;
        if (*p == '0') {
            zeros++;
            continue;
        }
        if (d.digit_count > 0) {
            for (; zeros > 0; zeros--) {
                d.digits = d.digit_count < 19 ? d.digits * 10 : d.digits;
                d.digit_count++;
            }
        }
        zeros = 0;
        d.digits = d.digit_count < 19 ? d.digits * 10 + (uint64_t)(*p - '0') : d.digits;
        d.digit_count++;
    }
    d.exponent += zeros;
    if (p < end) {
        d.exponent += take_exponent(p + 1, end);
    }
    return d;
}

// Nearly every integer: so few digits that they are within range, and nothing else.
static bool read_short_digits(struct view raw, int64_t *ret_number)
{
    if (raw.n > SHORT_DIGITS) {
        return false;
    }
    int64_t number = 0;
    for (size_t i = 0; i < raw.n; i++) {
        const unsigned digit = (unsigned)(unsigned char)raw.p[i] - '0';
        if (digit > 9) {
            return false;
        }
        number = number * 10 + digit;
    }
    *ret_number = number;
    return true;
}

enum json_integer json_integer_read(struct view raw, int64_t *ret_number)
{
    if (read_short_digits(raw, ret_number)) {
        return JSON_INTEGER;
    }
    struct decimal d = decimal_read(raw);
    if (d.digit_count == 0) {
        *ret_number = 0;
        return JSON_INTEGER;
    }
    if (d.exponent < 0) {
        return JSON_INTEGER_FRACTION;
    }
    if (d.digit_count > 16 || d.exponent > 15) {
        return JSON_INTEGER_RANGE;
    }
    // Below 10^16 before each step and stopped above 2^53: no product leaves 64 bits.
    uint64_t number = d.digits;
    for (int64_t i = 0; i < d.exponent && number <= (uint64_t)JSON_INTEGER_MAX; i++) {
        number *= 10;
    }
    if (number > (uint64_t)JSON_INTEGER_MAX) {
        return JSON_INTEGER_RANGE;
    }
    *ret_number = d.is_negative ? -(int64_t)number : (int64_t)number;
    return JSON_INTEGER;
}

double json_double_read(const struct json_value *value)
{
    char text[64];
    if (value->kind != JSON_NUMBER || value->raw.n >= sizeof text) {
        return (double)NAN;
    }
    memcpy(text, value->raw.p, value->raw.n);
    text[value->raw.n] = '\0';
    return strtod(text, NULL);
}
