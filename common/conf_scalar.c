#include "common/conf_scalar.h"

#include <stdlib.h>

enum { VARIABLE_NAME_MAX = 128 };

#define NUMBER_MAX (INT64_C(1) << 62)

struct unit {
    const char *name;
    int64_t factor;
};

// From the smallest to the largest.
static const struct unit durations[] = {
        {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
static const struct unit sizes[] = {
        {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {NULL, 0}};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Reads the digits at the front. The count of bytes, 0 when there are none, a leading zero, or too
// many.
static size_t read_digits(struct view text, int64_t *ret_number)
{
    int64_t number = 0;
    size_t n = 0;
    while (n < text.n && is_digit(text.p[n])) {
        if (number > (NUMBER_MAX - 9) / 10) {
            return 0;
        }
        number = number * 10 + (text.p[n] - '0');
        n++;
    }
    if (n > 1 && text.p[0] == '0') {
        return 0;
    }
    *ret_number = number;
    return n;
}

static enum conf_reading read_with_unit(
        struct view text, const struct unit *units, int64_t *ret_number)
{
    int64_t number = 0;
    size_t n = read_digits(text, &number);
    if (n == 0) {
        return CONF_READ_WRONG;
    }
    struct view name = view_skip(text, n);
    if (name.n == 0) {
        return CONF_READ_NO_UNIT;
    }
    for (const struct unit *unit = units; unit->name != NULL; unit++) {
        if (view_is(name, unit->name)) {
            if (number > NUMBER_MAX / unit->factor) {
                return CONF_READ_WRONG;
            }
            *ret_number = number * unit->factor;
            return CONF_READ_OK;
        }
    }
    return CONF_READ_BAD_UNIT;
}

// 0.5% is 5,000 millionths: at most four digits behind the point.
static enum conf_reading read_percent(struct view text, int64_t *ret_number)
{
    int64_t whole = 0;
    size_t n = read_digits(text, &whole);
    if (n == 0 || whole > 1000000) {
        return CONF_READ_WRONG;
    }
    int64_t millionths = whole * 10000;
    text = view_skip(text, n);
    if (text.n > 1 && text.p[0] == '.' && is_digit(text.p[1])) {
        text = view_skip(text, 1);
        for (int64_t place = 1000; text.n > 0 && is_digit(text.p[0]); place /= 10) {
            if (place == 0) {
                return CONF_READ_WRONG;
            }
            millionths += place * (text.p[0] - '0');
            text = view_skip(text, 1);
        }
    }
    if (text.n == 0) {
        return CONF_READ_NO_UNIT;
    }
    if (!view_is(text, "%")) {
        return is_digit(text.p[0]) || text.p[0] == '.' ? CONF_READ_WRONG : CONF_READ_BAD_UNIT;
    }
    *ret_number = millionths;
    return CONF_READ_OK;
}

static const struct unit *units_of(enum conf_type type)
{
    return type == CONF_DURATION ? durations : type == CONF_SIZE ? sizes : NULL;
}

enum conf_reading conf_scalar_read(enum conf_type type, struct view text, int64_t *ret_number)
{
    if (type == CONF_PERCENT) {
        return read_percent(text, ret_number);
    }
    const struct unit *units = units_of(type);
    if (units != NULL) {
        return read_with_unit(text, units, ret_number);
    }
    int64_t number = 0;
    if (text.n == 0 || read_digits(text, &number) != text.n) {
        return CONF_READ_WRONG;
    }
    *ret_number = number;
    return CONF_READ_OK;
}

static void add_percent(struct strbuf *sb, int64_t millionths)
{
    strbuf_add_i64(sb, millionths / 10000);
    int64_t rest = millionths % 10000;
    if (rest > 0) {
        int digits = 4;
        while (rest % 10 == 0) {
            rest /= 10;
            digits--;
        }
        strbuf_printf(sb, ".%0*d", digits, (int)rest);
    }
    strbuf_add_byte(sb, '%');
}

void conf_scalar_add(struct strbuf *sb, enum conf_type type, int64_t number)
{
    if (type == CONF_PERCENT) {
        add_percent(sb, number);
        return;
    }
    const struct unit *units = units_of(type);
    if (units == NULL) {
        strbuf_add_i64(sb, number);
        return;
    }
    const struct unit *best = units;
    for (const struct unit *unit = units; unit->name != NULL && number != 0; unit++) {
        if (number % unit->factor == 0) {
            best = unit;
        }
    }
    strbuf_add_i64(sb, number / best->factor);
    strbuf_add_text(sb, best->name);
}

const char *conf_scalar_units(enum conf_type type)
{
    return type == CONF_DURATION  ? "ms, s, m, h, d"
           : type == CONF_SIZE    ? "B, KiB, MiB, GiB"
           : type == CONF_PERCENT ? "%"
                                  : "";
}

static bool is_name_byte(char c, bool first)
{
    return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (!first && is_digit(c));
}

// The length of the variable's name at the front of `text`.
static size_t name_length(struct view text)
{
    size_t n = 0;
    while (n < text.n && is_name_byte(text.p[n], n == 0)) {
        n++;
    }
    return n;
}

// `inside` is what stands between the braces.
static const char *expand_one(struct strbuf *sb, struct view inside)
{
    size_t n = name_length(inside);
    struct view rest = view_skip(inside, n);
    bool has_default = view_starts_with(rest, VIEW(":-"));
    if (n == 0 || n >= VARIABLE_NAME_MAX || (rest.n > 0 && !has_default)) {
        return "${NAME} or ${NAME:-default}";
    }
    char name[VARIABLE_NAME_MAX];
    memcpy(name, inside.p, n);
    name[n] = '\0';
    const char *value = getenv(name);
    if (value != NULL && (value[0] != '\0' || !has_default)) {
        strbuf_add_text(sb, value);
    } else if (has_default) {
        strbuf_add_view(sb, view_skip(rest, 2));
    } else {
        return "a variable that is set in the environment";
    }
    return NULL;
}

const char *conf_expand(struct strbuf *sb, struct view text)
{
    while (text.n > 0) {
        const char *dollar = memchr(text.p, '$', text.n);
        size_t before = dollar != NULL ? (size_t)(dollar - text.p) : text.n;
        strbuf_add(sb, text.p, before);
        text = view_skip(text, before);
        if (view_starts_with(text, VIEW("$${"))) {
            strbuf_add_text(sb, "${");
            text = view_skip(text, 3);
        } else if (view_starts_with(text, VIEW("${"))) {
            const char *end = memchr(text.p, '}', text.n);
            if (end == NULL) {
                return "a } after ${";
            }
            size_t length = (size_t)(end - text.p);
            const char *wrong = expand_one(sb, (struct view){text.p + 2, length - 2});
            if (wrong != NULL) {
                return wrong;
            }
            text = view_skip(text, length + 1);
        } else if (text.n > 0) {
            strbuf_add_byte(sb, '$');
            text = view_skip(text, 1);
        }
    }
    return NULL;
}
