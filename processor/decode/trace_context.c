#include "decode/trace_context.h"

#include "common/digest.h"

// `n` hex digits of which, where `may_be_zero` is false, one is not 0.
static bool is_hex_id(const char *p, size_t n, bool may_be_zero)
{
    bool is_zero = true;
    for (size_t i = 0; i < n; i++) {
        if (hex_value(p[i]) < 0) {
            return false;
        }
        is_zero = is_zero && p[i] == '0';
    }
    return may_be_zero || !is_zero;
}

bool traceparent_is_valid(struct view text)
{
    enum { BYTES = 55 }; // 00-<32>-<16>-<2>
    if (text.n < BYTES || text.n > TRACEPARENT_MAX_BYTES) {
        return false;
    }
    const char *p = text.p;
    bool is_version_0 = p[0] == '0' && p[1] == '0';
    bool is_forbidden = p[0] == 'f' && p[1] == 'f';
    if (is_forbidden || (text.n > BYTES && (is_version_0 || p[BYTES] != '-'))) {
        return false;
    }
    for (size_t i = BYTES; i < text.n; i++) {
        if (p[i] < 0x21 || p[i] > 0x7e) {
            return false;
        }
    }
    return is_hex_id(p, 2, true) && p[2] == '-' && is_hex_id(p + 3, 32, false) && p[35] == '-' &&
           is_hex_id(p + 36, 16, false) && p[52] == '-' && is_hex_id(p + 53, 2, true);
}

static bool is_key_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '*' ||
           c == '/' || c == '@';
}

// key=value: a key of 1–256 of its characters, a value of 1–256 printable ones, without comma and
// equals sign.
static bool is_member(struct view member)
{
    size_t key = 0;
    while (key < member.n && is_key_char(member.p[key])) {
        key++;
    }
    bool starts_well = key > 0 && ((member.p[0] >= 'a' && member.p[0] <= 'z') ||
                                          (member.p[0] >= '0' && member.p[0] <= '9'));
    if (!starts_well || key > 256 || key == member.n || member.p[key] != '=') {
        return false;
    }
    struct view value = view_skip(member, key + 1);
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < 0x20 || value.p[i] > 0x7e || value.p[i] == '=') {
            return false;
        }
    }
    return value.n > 0 && value.n <= 256;
}

bool tracestate_is_valid(struct view text)
{
    if (text.n == 0 || text.n > TRACESTATE_MAX_BYTES) {
        return false;
    }
    size_t members = 0;
    for (;;) {
        const char *comma = memchr(text.p, ',', text.n);
        size_t n = comma != NULL ? (size_t)(comma - text.p) : text.n;
        struct view member = view_trim((struct view){text.p, n});
        // Empty members are allowed between commas.
        if (member.n > 0 && (!is_member(member) || ++members > TRACESTATE_MAX_MEMBERS)) {
            return false;
        }
        if (comma == NULL) {
            return members > 0;
        }
        text = view_skip(text, n + 1);
        if (text.n == 0) {
            return members > 0;
        }
    }
}
