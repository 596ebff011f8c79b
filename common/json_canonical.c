#include "common/json_canonical.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/json_out.h"
#include "common/json_scan.h"

enum {
    NUMBER_MAX_BYTES = 512, // longer ones are told by no sane writer
    DIGITS_MAX = 17,        // that a double may need
    PLAIN_END = 21,         // ECMAScript: from 10^21 on with an exponent, ...
    PLAIN_ZEROS_MAX = 6,    // ... and with more zeros than this behind the point
};

struct member {
    struct view name;
    struct json_value value;
};

static enum err add_value(struct strbuf *sb, const struct json_value *value, struct arena *arena);

// --- numbers ----------------------------------------------------------------------------------

// The digits d of a number d[0].d[1]d[2]... × 10^exponent.
struct digits {
    char text[DIGITS_MAX + 1];
    int count;
    int exponent;
};

// The fewest digits that lead back to the same double.
static void find_digits(double number, struct digits *ret_digits)
{
    for (int count = 1; count <= DIGITS_MAX; count++) {
        char text[40];
        snprintf(text, sizeof text, "%.*e", count - 1, number);
        if (count < DIGITS_MAX && strtod(text, NULL) != number) {
            continue;
        }
        ret_digits->count = 0;
        const char *p = text;
        for (; *p != 'e'; p++) {
            if (*p != '.') {
                ret_digits->text[ret_digits->count++] = *p;
            }
        }
        ret_digits->exponent = (int)strtol(p + 1, NULL, 10);
        return;
    }
}

static void add_zeros(struct strbuf *sb, int count)
{
    for (int i = 0; i < count; i++) {
        strbuf_add_byte(sb, '0');
    }
}

// Number::toString of ECMAScript, whose n is our exponent + 1.
static void add_positive(struct strbuf *sb, double number)
{
    struct digits digits = {.count = 0};
    find_digits(number, &digits);
    int point = digits.exponent + 1;
    if (point > PLAIN_END || point <= -PLAIN_ZEROS_MAX) {
        strbuf_add(sb, digits.text, 1);
        if (digits.count > 1) {
            strbuf_add_byte(sb, '.');
            strbuf_add(sb, digits.text + 1, (size_t)digits.count - 1);
        }
        strbuf_printf(sb, "e%+d", digits.exponent);
    } else if (point >= digits.count) {
        strbuf_add(sb, digits.text, (size_t)digits.count);
        add_zeros(sb, point - digits.count);
    } else if (point > 0) {
        strbuf_add(sb, digits.text, (size_t)point);
        strbuf_add_byte(sb, '.');
        strbuf_add(sb, digits.text + point, (size_t)(digits.count - point));
    } else {
        strbuf_add_text(sb, "0.");
        add_zeros(sb, -point);
        strbuf_add(sb, digits.text, (size_t)digits.count);
    }
}

static enum err add_number(struct strbuf *sb, struct view raw)
{
    char text[NUMBER_MAX_BYTES];
    if (raw.n >= sizeof text) {
        return ERR_DATA;
    }
    memcpy(text, raw.p, raw.n);
    text[raw.n] = '\0';
    double number = strtod(text, NULL);
    if (!isfinite(number)) {
        return ERR_DATA;
    }
    if (number == 0) {
        strbuf_add_byte(sb, '0'); // -0 as well
        return ERR_NONE;
    }
    if (number < 0) {
        strbuf_add_byte(sb, '-');
    }
    add_positive(sb, fabs(number));
    return ERR_NONE;
}

// --- strings ----------------------------------------------------------------------------------

static enum err take_string(
        const struct json_value *value, struct arena *arena, struct view *ret_text)
{
    if (value->has_lone_surrogate) {
        return ERR_DATA;
    }
    *ret_text = json_string_take(value, arena);
    return view_is_none(*ret_text) ? ERR_NO_MEMORY : ERR_NONE;
}

static enum err add_string(struct strbuf *sb, const struct json_value *value, struct arena *arena)
{
    struct view text;
    enum err e = take_string(value, arena, &text);
    if (e == ERR_NONE) {
        json_quote(sb, text);
    }
    return e;
}

// Where a byte stands among those at which two UTF-8 texts differ first, so that the order is that of
// UTF-16: the surrogates of what is above U+FFFF come before U+E000.
static int rank(char byte)
{
    unsigned b = (unsigned char)byte;
    return b >= 0xf0 ? (int)b - 2 : b >= 0xee ? (int)b + 16 : (int)b;
}

static int compare_members(const void *a, const void *b)
{
    struct view x = ((const struct member *)a)->name;
    struct view y = ((const struct member *)b)->name;
    size_t i = 0;
    while (i < x.n && i < y.n && x.p[i] == y.p[i]) {
        i++;
    }
    if (i == x.n || i == y.n) {
        return x.n < y.n ? -1 : x.n > y.n;
    }
    return rank(x.p[i]) - rank(y.p[i]);
}

// --- containers -------------------------------------------------------------------------------

static size_t count_members(struct view object)
{
    struct json_value name;
    struct json_value value;
    size_t count = 0;
    while (json_object_take(&object, &name, &value)) {
        count++;
    }
    return count;
}

static enum err add_object(
        struct strbuf *sb, struct view object, const char *without, struct arena *arena)
{
    size_t count = count_members(object);
    struct member *members = arena_take(arena, (count + 1) * sizeof *members);
    if (members == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err e = ERR_NONE;
    struct json_value name;
    for (size_t i = 0; i < count && e == ERR_NONE; i++) {
        if (json_object_take(&object, &name, &members[i].value)) {
            e = take_string(&name, arena, &members[i].name);
        }
    }
    if (e == ERR_NONE) {
        qsort(members, count, sizeof *members, compare_members);
    }
    strbuf_add_byte(sb, '{');
    bool is_first = true;
    for (size_t i = 0; i < count && e == ERR_NONE; i++) {
        if (i > 0 && view_equal(members[i].name, members[i - 1].name)) {
            return ERR_DATA;
        }
        if (without != NULL && view_is(members[i].name, without)) {
            continue;
        }
        if (!is_first) {
            strbuf_add_byte(sb, ',');
        }
        is_first = false;
        json_quote(sb, members[i].name);
        strbuf_add_byte(sb, ':');
        e = add_value(sb, &members[i].value, arena);
    }
    strbuf_add_byte(sb, '}');
    return e;
}

static enum err add_array(struct strbuf *sb, struct view array, struct arena *arena)
{
    enum err e = ERR_NONE;
    struct json_value element;
    strbuf_add_byte(sb, '[');
    for (bool is_first = true; e == ERR_NONE && json_array_take(&array, &element);
            is_first = false) {
        if (!is_first) {
            strbuf_add_byte(sb, ',');
        }
        e = add_value(sb, &element, arena);
    }
    strbuf_add_byte(sb, ']');
    return e;
}

static enum err add_value(struct strbuf *sb, const struct json_value *value, struct arena *arena)
{
    switch (value->kind) {
    case JSON_OBJECT:
        return add_object(sb, value->raw, NULL, arena);
    case JSON_ARRAY:
        return add_array(sb, value->raw, arena);
    case JSON_STRING:
        return add_string(sb, value, arena);
    case JSON_NUMBER:
        return add_number(sb, value->raw);
    case JSON_TRUE:
        strbuf_add_text(sb, "true");
        return ERR_NONE;
    case JSON_FALSE:
        strbuf_add_text(sb, "false");
        return ERR_NONE;
    case JSON_NULL:
        strbuf_add_text(sb, "null");
        return ERR_NONE;
    case JSON_ABSENT:
        break;
    }
    return ERR_DATA;
}

enum err json_canonicalise(
        struct strbuf *sb, struct view json, const char *without, struct arena *arena)
{
    struct view text = json_skip_space(json);
    enum err e = ERR_DATA;
    if (text.n > 0 && text.p[0] == '{') {
        e = add_object(sb, text, without, arena);
    } else if (text.n > 0 && text.p[0] == '[') {
        e = add_array(sb, text, arena);
    }
    return e != ERR_NONE ? e : sb->failed;
}
