#include "identity/cn_mobile.h"

#include <string.h>

enum { MOBILE_DIGITS = 11, DIGITS_MAX = 4 + MOBILE_DIGITS, FULL_WIDTH_BYTES = 3 };

struct digits {
    char p[DIGITS_MAX];
    size_t n;
    bool has_plus;
};

static bool is_separator(char c)
{
    return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')';
}

// The digit or plus sign of full width at the front of `text`, in ASCII; '\0' = none is there.
static char narrow(struct view text)
{
    if (text.n < FULL_WIDTH_BYTES || memcmp(text.p, "\xef\xbc", 2) != 0) {
        return '\0';
    }
    const unsigned char last = (unsigned char)text.p[2];
    if (last >= 0x90 && last <= 0x99) {
        return (char)('0' + (last - 0x90));
    }
    return last == 0x8b ? '+' : '\0';
}

// False when there is anything but digits, separators and one plus ahead of the digits.
static bool collect_digits(struct view text, struct digits *digits)
{
    digits->n = 0;
    digits->has_plus = false;
    size_t width;
    for (size_t i = 0; i < text.n; i += width) {
        char c = text.p[i];
        width = 1;
        if (c == '\xef') {
            c = narrow(view_skip(text, i));
            width = FULL_WIDTH_BYTES;
        }
        if (c >= '0' && c <= '9') {
            if (digits->n == DIGITS_MAX) {
                return false;
            }
            digits->p[digits->n++] = c;
        } else if (c == '+') {
            if (digits->has_plus || digits->n > 0) {
                return false;
            }
            digits->has_plus = true;
        } else if (!is_separator(c)) {
            return false;
        }
    }
    return true;
}

// How many digits stand ahead of the mobile number, or -1 when this is not for the fast path.
static int prefix_digits(const struct digits *digits, const char *default_region)
{
    bool starts_86 = digits->n > 2 && memcmp(digits->p, "86", 2) == 0;
    if (digits->has_plus) {
        return digits->n == 2 + MOBILE_DIGITS && starts_86 ? 2 : -1;
    }
    if (strcmp(default_region, "CN") != 0) {
        return -1;
    }
    switch (digits->n) {
    case MOBILE_DIGITS:
        // 179xx is how a carrier is dialled, and libphonenumber reads 179xx00 as the start of a
        // call abroad.
        return memcmp(digits->p, "179", 3) != 0 ? 0 : -1;
    case 1 + MOBILE_DIGITS:
        return digits->p[0] == '0' ? 1 : -1;
    case 2 + MOBILE_DIGITS:
        return starts_86 ? 2 : -1;
    case 4 + MOBILE_DIGITS:
        return memcmp(digits->p, "0086", 4) == 0 ? 4 : -1;
    default:
        return -1;
    }
}

bool cn_mobile_read(
        struct view text, const char *default_region, char ret_e164[CN_MOBILE_E164_BYTES])
{
    struct digits digits;
    if (!collect_digits(text, &digits)) {
        return false;
    }
    int prefix = prefix_digits(&digits, default_region);
    if (prefix < 0) {
        return false;
    }
    const char *mobile = digits.p + prefix;
    if (mobile[0] != '1' || mobile[1] < '3') {
        return false;
    }
    ret_e164[0] = '+';
    ret_e164[1] = '8';
    ret_e164[2] = '6';
    memcpy(ret_e164 + 3, mobile, MOBILE_DIGITS);
    return true;
}
