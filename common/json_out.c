#include "common/json_out.h"

#include "common/clock.h"

size_t json_utf8_length(struct view bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    if (bytes.n == 0) {
        return 0;
    }
    if (p[0] < 0x80) {
        return 1;
    }
    // Table 3-7 of the Unicode standard: the second byte's range depends on the first.
    size_t length;
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        length = 2;
    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        length = 3;
        low = p[0] == 0xe0 ? 0xa0 : low;
        high = p[0] == 0xed ? 0x9f : high;
    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        length = 4;
        low = p[0] == 0xf0 ? 0x90 : low;
        high = p[0] == 0xf4 ? 0x8f : high;
    } else {
        return 0;
    }
    if (bytes.n < length || p[1] < low || p[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (p[i] < 0x80 || p[i] > 0xbf) {
            return 0;
        }
    }
    return length;
}

bool json_is_utf8(struct view bytes)
{
    size_t at = 0;
    while (at < bytes.n) {
        uint64_t word;
        if (bytes.n - at >= sizeof word) {
            memcpy(&word, bytes.p + at, sizeof word);
            if ((word & 0x8080808080808080u) == 0) {
                at += sizeof word;
                continue;
            }
        }
        size_t length = json_utf8_length(view_skip(bytes, at));
        if (length == 0) {
            return false;
        }
        at += length;
    }
    return true;
}

static void quote_special(struct strbuf *sb, unsigned char c)
{
    switch (c) {
    case '"':
        strbuf_add(sb, "\\\"", 2);
        break;
    case '\\':
        strbuf_add(sb, "\\\\", 2);
        break;
    case '\n':
        strbuf_add(sb, "\\n", 2);
        break;
    case '\r':
        strbuf_add(sb, "\\r", 2);
        break;
    case '\t':
        strbuf_add(sb, "\\t", 2);
        break;
    case '\b':
        strbuf_add(sb, "\\b", 2);
        break;
    case '\f':
        strbuf_add(sb, "\\f", 2);
        break;
    default:
        strbuf_printf(sb, "\\u%04x", c);
        break;
    }
}

// The high bit of each byte of the result is set where one of eight bytes is not to be written as it
// is: below 0x20, a quote, a backslash or not ASCII (a borrow may set more; never less).
static uint64_t find_special(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t quote = word ^ (ones * '"');
    uint64_t backslash = word ^ (ones * '\\');
    return ((word - ones * 0x20) | (quote - ones) | (backslash - ones) | word) & (ones * 0x80);
}

static uint64_t copy_word(char *to, const char *from)
{
    uint64_t word;
    memcpy(&word, from, sizeof word);
    memcpy(to, &word, sizeof word);
    return word;
}

static bool is_plain_byte(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

// Copies the bytes to `to`. False when they are not all to be written as they are.
static bool copy_plain(char *to, struct view bytes)
{
    uint64_t special = 0;
    if (bytes.n < sizeof(uint64_t)) {
        for (size_t i = 0; i < bytes.n; i++) {
            special |= !is_plain_byte((unsigned char)bytes.p[i]);
            to[i] = bytes.p[i];
        }
        return special == 0;
    }
    size_t last = bytes.n - sizeof(uint64_t); // the last word may overlap the one before
    for (size_t at = 0; at < last; at += sizeof(uint64_t)) {
        special |= find_special(copy_word(to + at, bytes.p + at));
    }
    special |= find_special(copy_word(to + last, bytes.p + last));
    return special == 0;
}

static void quote_escaping(struct strbuf *sb, struct view value)
{
    strbuf_add_byte(sb, '"');
    size_t plain_from = 0;
    size_t at = 0;
    while (at < value.n) {
        unsigned char c = (unsigned char)value.p[at];
        size_t length = is_plain_byte(c) ? 1 : 0;
        if (c >= 0x80) {
            length = json_utf8_length(view_skip(value, at));
        }
        if (length > 0) {
            at += length;
            continue;
        }
        strbuf_add(sb, value.p + plain_from, at - plain_from);
        if (c < 0x80) {
            quote_special(sb, c);
        } else {
            strbuf_add(sb, "\xef\xbf\xbd", 3);
        }
        plain_from = ++at;
    }
    if (at > plain_from) {
        strbuf_add(sb, value.p + plain_from, at - plain_from);
    }
    strbuf_add_byte(sb, '"');
}

void json_quote(struct strbuf *sb, struct view value)
{
    char *room = strbuf_room(sb, value.n + 2);
    if (room == NULL) {
        return;
    }
    if (!copy_plain(room + 1, value)) {
        quote_escaping(sb, value);
        return;
    }
    room[0] = '"';
    room[value.n + 1] = '"';
    strbuf_grown(sb, value.n + 2);
}

void json_begin(struct json_out *out, struct strbuf *sb)
{
    *out = (struct json_out){.sb = sb};
}

static void json_start(struct json_out *out, const char *key)
{
    if (out->needs_comma) {
        strbuf_add_byte(out->sb, ',');
    }
    out->needs_comma = true;
    if (key != NULL) {
        json_quote(out->sb, view_of(key));
        strbuf_add_byte(out->sb, ':');
    }
}

void json_object(struct json_out *out, const char *key)
{
    json_start(out, key);
    strbuf_add_byte(out->sb, '{');
    out->needs_comma = false;
}

void json_object_end(struct json_out *out)
{
    strbuf_add_byte(out->sb, '}');
    out->needs_comma = true;
}

void json_array(struct json_out *out, const char *key)
{
    json_start(out, key);
    strbuf_add_byte(out->sb, '[');
    out->needs_comma = false;
}

void json_array_end(struct json_out *out)
{
    strbuf_add_byte(out->sb, ']');
    out->needs_comma = true;
}

void json_string(struct json_out *out, const char *key, struct view value)
{
    json_start(out, key);
    json_quote(out->sb, value);
}

void json_text(struct json_out *out, const char *key, const char *value)
{
    json_string(out, key, view_of(value));
}

void json_string_or_null(struct json_out *out, const char *key, struct view value)
{
    if (view_is_none(value)) {
        json_null(out, key);
    } else {
        json_string(out, key, value);
    }
}

void json_int(struct json_out *out, const char *key, int64_t value)
{
    json_start(out, key);
    strbuf_add_i64(out->sb, value);
}

void json_millionths(struct json_out *out, const char *key, int64_t value)
{
    json_start(out, key);
    if (value < 0) {
        strbuf_add_byte(out->sb, '-');
    }
    uint64_t magnitude = value < 0 ? (uint64_t)0 - (uint64_t)value : (uint64_t)value;
    strbuf_printf(out->sb, "%llu.%06llu", (unsigned long long)(magnitude / 1000000),
            (unsigned long long)(magnitude % 1000000));
}

void json_bool(struct json_out *out, const char *key, bool value)
{
    json_start(out, key);
    strbuf_add_text(out->sb, value ? "true" : "false");
}

void json_null(struct json_out *out, const char *key)
{
    json_start(out, key);
    strbuf_add_text(out->sb, "null");
}

void json_time(struct json_out *out, const char *key, int64_t ms)
{
    json_start(out, key);
    strbuf_add_byte(out->sb, '"');
    clock_format(out->sb, ms);
    strbuf_add_byte(out->sb, '"');
}

void json_raw(struct json_out *out, const char *key, struct view json)
{
    json_start(out, key);
    strbuf_add_view(out->sb, json);
}
