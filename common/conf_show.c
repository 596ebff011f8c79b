#include "common/conf_show.h"

#include <stdlib.h>

#include "common/conf_scalar.h"

// --- what is expected ------------------------------------------------------------------------

void conf_words_add(struct strbuf *sb, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        strbuf_add_text(sb, i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ");
        strbuf_add_text(sb, words[i]);
    }
}

static void add_range(struct strbuf *sb, const struct conf_option *option)
{
    conf_scalar_add(sb, option->type, option->min);
    strbuf_add_text(sb, " to ");
    conf_scalar_add(sb, option->type, option->max);
}

void conf_option_add_expected(struct strbuf *sb, const struct conf_option *option)
{
    switch (option->type) {
    case CONF_TEXT:
        strbuf_printf(
                sb, "text of %lld to %lld bytes", (long long)option->min, (long long)option->max);
        break;
    case CONF_FILE:
        strbuf_add_text(sb, "the path of a file");
        break;
    case CONF_WORD:
        conf_words_add(sb, option->words);
        break;
    case CONF_WORDS:
        strbuf_add_text(sb, "a list of ");
        conf_words_add(sb, option->words);
        break;
    case CONF_BOOL:
        strbuf_add_text(sb, "true or false");
        break;
    case CONF_COUNT:
        strbuf_add_text(sb, "a whole number from ");
        add_range(sb, option);
        break;
    case CONF_PERCENT:
        strbuf_add_text(sb, "a percentage from ");
        add_range(sb, option);
        break;
    case CONF_DURATION:
        strbuf_add_text(sb, "a duration from ");
        add_range(sb, option);
        break;
    case CONF_SIZE:
        strbuf_add_text(sb, "a size from ");
        add_range(sb, option);
        break;
    case CONF_MAP:
        strbuf_add_text(sb, "a mapping");
        break;
    case CONF_LIST:
        strbuf_printf(sb, "a list of %s", option->map->of != NULL ? option->map->of : "texts");
        break;
    }
}

// Edits (insert, delete, replace) between two short words, or a large number.
static size_t edit_distance(struct view a, struct view b)
{
    enum { WORD_MAX = 48 };
    size_t row[WORD_MAX + 1];
    if (a.n > WORD_MAX || b.n > WORD_MAX) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= b.n; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t replace = diagonal + (a.p[i - 1] != b.p[j - 1]);
            size_t insert = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replace < insert ? replace : insert;
        }
    }
    return row[b.n];
}

struct view conf_option_nearest(const struct conf_table *table, struct view parent, struct view key)
{
    struct view best = VIEW_NONE;
    size_t best_distance = key.n / 3 + 2;
    size_t skip = parent.n > 0 ? parent.n + 1 : 0;
    for (size_t i = 0; i < table->count; i++) {
        struct view path = view_of(table->options[i].path);
        if (path.n <= skip || !view_starts_with(path, parent) ||
                (skip > 0 && path.p[parent.n] != '.')) {
            continue;
        }
        struct view rest = view_skip(path, skip);
        const char *dot = memchr(rest.p, '.', rest.n);
        struct view word = {rest.p, dot != NULL ? (size_t)(dot - rest.p) : rest.n};
        size_t distance = edit_distance(word, key);
        if (distance < best_distance) {
            best_distance = distance;
            best = (struct view){path.p, skip + word.n};
        }
    }
    for (size_t i = 0; i < table->count && view_is_none(best); i++) {
        const char *dot = strrchr(table->options[i].path, '.');
        if (dot != NULL && view_is(key, dot + 1)) {
            best = view_of(table->options[i].path);
        }
    }
    return best;
}

// --- describing -------------------------------------------------------------------------------

static const char *const type_names[] = {
        [CONF_TEXT] = "text",
        [CONF_FILE] = "file",
        [CONF_WORD] = "word",
        [CONF_WORDS] = "words",
        [CONF_BOOL] = "bool",
        [CONF_COUNT] = "count",
        [CONF_PERCENT] = "percent",
        [CONF_DURATION] = "duration",
        [CONF_SIZE] = "size",
        [CONF_MAP] = "map",
        [CONF_LIST] = "list",
};

void conf_describe(const struct conf_table *table, struct strbuf *sb)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct conf_option *option = &table->options[i];
        strbuf_printf(sb, "%s\n    %s, default %s: ", option->path, type_names[option->type],
                option->fallback != NULL ? option->fallback : "none");
        conf_option_add_expected(sb, option);
        strbuf_printf(sb, "\n    %s\n", option->text);
    }
}

// --- printing ---------------------------------------------------------------------------------

void conf_print_text(struct strbuf *sb, const char *text)
{
    strbuf_add_byte(sb, '"');
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\') {
            strbuf_add_byte(sb, '\\');
            strbuf_add(sb, p, 1);
        } else if ((uint8_t)*p < 0x20 || *p == 0x7f) {
            strbuf_printf(sb, "\\x%02x", (unsigned)(uint8_t)*p);
        } else {
            // So that it is not filled in when it is read back.
            strbuf_add_text(sb, *p == '$' && p[1] == '{' ? "$" : "");
            strbuf_add(sb, p, 1);
        }
    }
    strbuf_add_byte(sb, '"');
}

void conf_print_words(struct strbuf *sb, const char *const *words, uint32_t bits)
{
    strbuf_add_byte(sb, '[');
    const char *comma = "";
    for (unsigned i = 0; words[i] != NULL; i++) {
        if ((bits & (uint32_t)1 << i) != 0) {
            strbuf_printf(sb, "%s%s", comma, words[i]);
            comma = ", ";
        }
    }
    strbuf_add_byte(sb, ']');
}

static bool is_absent(const struct conf_option *option, const char *slot)
{
    char *text = NULL;
    if (option->type == CONF_TEXT || option->type == CONF_FILE) {
        memcpy(&text, slot, sizeof text);
        return text == NULL;
    }
    return false;
}

static void print_value(struct strbuf *sb, const struct conf_option *option, const char *slot)
{
    char *text = NULL;
    bool yes = false;
    uint32_t narrow = 0;
    int64_t wide = 0;
    switch (option->type) {
    case CONF_TEXT:
    case CONF_FILE:
        memcpy(&text, slot, sizeof text);
        conf_print_text(sb, text);
        break;
    case CONF_WORD:
        memcpy(&narrow, slot, sizeof narrow);
        strbuf_add_text(sb, option->words[narrow]);
        break;
    case CONF_WORDS:
        memcpy(&narrow, slot, sizeof narrow);
        conf_print_words(sb, option->words, narrow);
        break;
    case CONF_BOOL:
        memcpy(&yes, slot, sizeof yes);
        strbuf_add_text(sb, yes ? "true" : "false");
        break;
    case CONF_COUNT:
    case CONF_PERCENT:
        memcpy(&narrow, slot, sizeof narrow);
        conf_scalar_add(sb, option->type, narrow);
        break;
    case CONF_DURATION:
    case CONF_SIZE:
        memcpy(&wide, slot, sizeof wide);
        conf_scalar_add(sb, option->type, wide);
        break;
    case CONF_MAP:
    case CONF_LIST:
        break;
    }
    strbuf_add_byte(sb, '\n');
}

static void indent_by(struct strbuf *sb, unsigned levels)
{
    strbuf_printf(sb, "%*s", (int)(2 * levels), "");
}

// Prints the heads of the sections that `path` enters and `previous` was not in, the first of them
// `depth` deep. How deep the path is.
static unsigned print_sections(
        struct strbuf *sb, const char *path, const char *previous, unsigned depth)
{
    const char *word = path;
    for (const char *dot = strchr(path, '.'); dot != NULL; dot = strchr(word, '.')) {
        size_t n = (size_t)(dot - path) + 1;
        if (strncmp(path, previous, n) != 0) {
            indent_by(sb, depth);
            strbuf_add(sb, word, (size_t)(dot - word));
            strbuf_add_text(sb, ":\n");
        }
        depth++;
        word = dot + 1;
    }
    return depth;
}

static void print_options(const struct conf_table *table, const void *target, struct strbuf *sb,
        bool (*is_shown)(
                const struct conf_option *option, size_t index, const void *target, uint32_t given),
        uint32_t given, unsigned indent)
{
    const char *previous = "";
    for (size_t i = 0; i < table->count; i++) {
        const struct conf_option *option = &table->options[i];
        if (!is_shown(option, i, target, given)) {
            continue;
        }
        unsigned depth = print_sections(sb, option->path, previous, indent);
        const char *dot = strrchr(option->path, '.');
        indent_by(sb, depth);
        strbuf_printf(sb, "%s:", dot != NULL ? dot + 1 : option->path);
        if (option->map != NULL) {
            option->map->print(sb, target, depth + 1);
        } else {
            strbuf_add_byte(sb, ' ');
            print_value(sb, option, (const char *)target + option->offset);
        }
        previous = option->path;
    }
}

static bool is_there(
        const struct conf_option *option, size_t index, const void *target, uint32_t given)
{
    (void)index;
    (void)given;
    return !is_absent(option, (const char *)target + option->offset);
}

void conf_print(const struct conf_table *table, const void *target, struct strbuf *sb)
{
    print_options(table, target, sb, is_there, 0, 0);
}

static bool is_given(
        const struct conf_option *option, size_t index, const void *target, uint32_t given)
{
    (void)option;
    (void)target;
    return (given >> index & 1) != 0;
}

void conf_print_entry(const struct conf_table *table, const void *target, uint32_t given,
        struct strbuf *sb, unsigned indent)
{
    indent_by(sb, indent);
    strbuf_add_text(sb, "-\n");
    print_options(table, target, sb, is_given, given, indent + 1);
}

static void add_value(struct strbuf *sb, const struct conf_option *option, const void *target)
{
    const char *slot = (const char *)target + option->offset;
    if (option->map != NULL) {
        option->map->print(sb, target, 0);
    } else if (!is_absent(option, slot)) {
        print_value(sb, option, slot);
    }
}

bool conf_is_same(const struct conf_option *option, const void *a, const void *b)
{
    struct strbuf one;
    struct strbuf other;
    strbuf_init(&one, SIZE_MAX);
    strbuf_init(&other, SIZE_MAX);
    add_value(&one, option, a);
    add_value(&other, option, b);
    bool is_same = one.failed == ERR_NONE && other.failed == ERR_NONE &&
                   view_equal(strbuf_view(&one), strbuf_view(&other));
    strbuf_fini(&one);
    strbuf_fini(&other);
    return is_same;
}

uint32_t conf_places_given(const struct conf_table *table, const struct conf_place *places)
{
    uint32_t given = 0;
    for (size_t i = 0; i < table->count; i++) {
        given |= places[i].is_given ? (uint32_t)1 << i : 0;
    }
    return given;
}

void conf_release(const struct conf_table *table, void *target)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct conf_option *option = &table->options[i];
        char *slot = (char *)target + option->offset;
        if (option->map != NULL) {
            option->map->clear(target);
        } else if (option->type == CONF_TEXT || option->type == CONF_FILE) {
            char *text = NULL;
            memcpy(&text, slot, sizeof text);
            free(text);
            text = NULL;
            memcpy(slot, &text, sizeof text);
        }
    }
}
