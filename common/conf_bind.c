#include "common/conf_bind.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/assure.h"
#include "common/conf_bind_inside.h"
#include "common/conf_scalar.h"
#include "common/conf_show.h"
#include "common/json_out.h"

enum { PATH_MAX_BYTES = 512, KEY_SHOWN_BYTES = 64, EXPECTED_MAX_BYTES = 512 };

struct conf_report *conf_reader_report(struct conf_reader *reader)
{
    return reader->report;
}

size_t conf_option_find(const struct conf_table *table, struct view path)
{
    for (size_t i = 0; i < table->count; i++) {
        if (view_is(path, table->options[i].path)) {
            return i;
        }
    }
    return table->count;
}

// Writes `parent.key` to `path`, fit to be shown whatever the key holds.
static void join_path(char path[PATH_MAX_BYTES], const char *parent, struct view key)
{
    char shown[KEY_SHOWN_BYTES + 1];
    size_t n = key.n < KEY_SHOWN_BYTES ? key.n : KEY_SHOWN_BYTES;
    for (size_t i = 0; i < n; i++) {
        shown[i] = key.p[i] > ' ' && key.p[i] < 0x7f ? key.p[i] : '?';
    }
    shown[n] = '\0';
    int length =
            snprintf(path, PATH_MAX_BYTES, "%s%s%s", parent, parent[0] != '\0' ? "." : "", shown);
    ASSURE(length >= 0);
}

static const char not_shown[] = "something else (not shown)";

// Reports that `node` is not what is expected. Shows the value as it is written in the file: what
// stands in the environment may be a secret.
static void find_unexpected(struct conf_reader *r, const struct conf_node *node, const char *path,
        const char *expected, const char *remark)
{
    struct strbuf got;
    strbuf_init(&got, 1024);
    if (node->kind != CONF_SCALAR) {
        strbuf_add_text(&got, node->kind == CONF_MAPPING ? "a mapping" : "a list");
    } else if (conf_is_null(node)) {
        strbuf_add_text(&got, "nothing");
    } else if (r->report->hides_values) {
        strbuf_add_text(&got, not_shown);
    } else {
        conf_quote(&got, node->text);
    }
    conf_find(r->report, node->mark, path, "expected %s, got %.*s%s", expected,
            VIEW_ARGS(strbuf_view(&got)), remark);
    strbuf_fini(&got);
}

static void find_not_option(struct conf_reader *r, const struct conf_node *node, const char *path,
        const struct conf_option *option, const char *remark)
{
    struct strbuf expected;
    strbuf_init(&expected, EXPECTED_MAX_BYTES);
    conf_option_add_expected(&expected, option);
    find_unexpected(r, node, path, expected.p != NULL ? expected.p : "another value", remark);
    strbuf_fini(&expected);
}

// --- scalars ----------------------------------------------------------------------------------

bool conf_read_text(struct conf_reader *r, const struct conf_node *node, const char *path,
        const char *expected, struct view *ret_text)
{
    if (node->kind != CONF_SCALAR || conf_is_null(node)) {
        find_unexpected(r, node, path, expected, "");
        return false;
    }
    strbuf_reset(&r->expanded);
    const char *wrong = conf_expand(&r->expanded, node->text);
    if (r->expanded.failed == ERR_NO_MEMORY) {
        r->report->out_of_memory = true;
        return false;
    }
    if (wrong == NULL && r->expanded.failed != ERR_NONE) {
        wrong = "a shorter text";
    }
    if (wrong != NULL) {
        find_unexpected(r, node, path, wrong, "");
        return false;
    }
    *ret_text = strbuf_view(&r->expanded);
    return true;
}

static bool is_printable(struct view text)
{
    for (size_t i = 0; i < text.n; i++) {
        if ((uint8_t)text.p[i] < 0x20 || text.p[i] == 0x7f) {
            return false;
        }
    }
    return json_is_utf8(text);
}

static void set_text(struct conf_reader *r, char **slot, struct view text)
{
    char *copy = view_dup(text);
    if (copy == NULL) {
        r->report->out_of_memory = true;
        return;
    }
    free(*slot);
    *slot = copy;
}

static void bind_text(struct conf_reader *r, const struct conf_option *option,
        const struct conf_node *node, const char *path, struct view text, char **slot)
{
    size_t min = option->type == CONF_FILE ? 1 : (size_t)option->min;
    size_t max = option->type == CONF_FILE ? 4095 : (size_t)option->max;
    if (!is_printable(text)) {
        find_unexpected(r, node, path, "UTF-8 text without control characters", "");
        return;
    }
    if (text.n < min || text.n > max) {
        find_not_option(r, node, path, option, "");
        return;
    }
    const char *expected = option->check != NULL ? option->check(text) : NULL;
    if (expected != NULL) {
        find_unexpected(r, node, path, expected, "");
        return;
    }
    set_text(r, slot, text);
}

static void bind_number(struct conf_reader *r, const struct conf_option *option,
        const struct conf_node *node, const char *path, struct view text, void *slot)
{
    int64_t number = 0;
    enum conf_reading reading = conf_scalar_read(option->type, text, &number);
    if (reading == CONF_READ_NO_UNIT || reading == CONF_READ_BAD_UNIT) {
        char remark[64];
        snprintf(remark, sizeof remark, " %s unit (%s)",
                reading == CONF_READ_NO_UNIT ? "without a" : "with an unknown",
                conf_scalar_units(option->type));
        find_not_option(r, node, path, option, remark);
        return;
    }
    if (reading != CONF_READ_OK || number < option->min || number > option->max) {
        find_not_option(r, node, path, option, "");
        return;
    }
    if (option->type == CONF_COUNT || option->type == CONF_PERCENT) {
        uint32_t narrow = (uint32_t)number;
        memcpy(slot, &narrow, sizeof narrow);
    } else {
        memcpy(slot, &number, sizeof number);
    }
}

// The index of the word, or -1.
static int word_index(const char *const *words, struct view text)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (view_is(text, words[i])) {
            return i;
        }
    }
    return -1;
}

static void bind_word(struct conf_reader *r, const struct conf_option *option,
        const struct conf_node *node, const char *path, struct view text, void *slot)
{
    static const char *const booleans[] = {"false", "true", NULL};
    int index = word_index(option->type == CONF_BOOL ? booleans : option->words, text);
    if (index < 0) {
        find_not_option(r, node, path, option, "");
        return;
    }
    if (option->type == CONF_BOOL) {
        bool yes = index == 1;
        memcpy(slot, &yes, sizeof yes);
    } else {
        uint32_t number = (uint32_t)index;
        memcpy(slot, &number, sizeof number);
    }
}

static void bind_scalar(struct conf_reader *r, const struct conf_option *option,
        const struct conf_node *node, const char *path, void *slot)
{
    struct view text;
    struct strbuf expected;
    strbuf_init(&expected, EXPECTED_MAX_BYTES);
    conf_option_add_expected(&expected, option);
    bool is_read =
            conf_read_text(r, node, path, expected.p != NULL ? expected.p : "another value", &text);
    strbuf_fini(&expected);
    if (!is_read) {
        return;
    }
    if (option->type == CONF_TEXT || option->type == CONF_FILE) {
        bind_text(r, option, node, path, text, slot);
    } else if (option->type == CONF_WORD || option->type == CONF_BOOL) {
        bind_word(r, option, node, path, text, slot);
    } else {
        bind_number(r, option, node, path, text, slot);
    }
}

// --- lists, maps and sections -----------------------------------------------------------------

bool conf_read_words(struct conf_reader *r, const struct conf_node *node, const char *path,
        const char *const *words, uint32_t *ret_bits)
{
    struct strbuf expected;
    strbuf_init(&expected, EXPECTED_MAX_BYTES);
    strbuf_add_text(&expected, node->kind == CONF_SEQUENCE ? "" : "a list of ");
    conf_words_add(&expected, words);
    const char *wanted = expected.p != NULL ? expected.p : "a list of words";
    uint32_t before = r->report->count;
    uint32_t bits = 0;
    if (node->kind != CONF_SEQUENCE) {
        find_unexpected(r, node, path, wanted, "");
    }
    int at = 0;
    for (const struct conf_node *item = node->first; item != NULL && node->kind == CONF_SEQUENCE;
            item = item->next) {
        char item_path[PATH_MAX_BYTES];
        snprintf(item_path, sizeof item_path, "%s[%d]", path, at++);
        struct view text;
        if (!conf_read_text(r, item, item_path, wanted, &text)) {
            continue;
        }
        int index = word_index(words, text);
        if (index < 0) {
            find_unexpected(r, item, item_path, wanted, "");
        } else if ((bits & (uint32_t)1 << index) != 0) {
            find_unexpected(r, item, item_path, "each word once", " again");
        } else {
            bits |= (uint32_t)1 << index;
        }
    }
    strbuf_fini(&expected);
    if (r->report->count > before) {
        return false;
    }
    *ret_bits = bits;
    return true;
}

static void bind_words(struct conf_reader *r, const struct conf_option *option,
        const struct conf_node *node, const char *path, void *slot)
{
    uint32_t bits = 0;
    if (!conf_read_words(r, node, path, option->words, &bits)) {
        return;
    }
    if (bits == 0 && option->min > 0) {
        conf_find(r->report, node->mark, path, "expected at least one of its words, got none");
        return;
    }
    memcpy(slot, &bits, sizeof bits);
}

// Reports a key that stands twice in its mapping.
static bool is_first(struct conf_reader *r, const struct conf_node *map,
        const struct conf_node *entry, const char *path)
{
    for (const struct conf_node *other = map->first; other != entry; other = other->next) {
        if (view_equal(other->key, entry->key)) {
            conf_find(r->report, entry->key_mark, path,
                    "expected once, got it again (first in line %u)", other->key_mark.line);
            return false;
        }
    }
    return true;
}

static void take_entries(struct conf_reader *r, const struct conf_option *option,
        const struct conf_node *node, const char *path)
{
    const bool is_list = option->type == CONF_LIST;
    if (node->kind != (is_list ? CONF_SEQUENCE : CONF_MAPPING)) {
        find_not_option(r, node, path, option, "");
        return;
    }
    option->map->clear(r->target);
    int at = 0;
    for (const struct conf_node *entry = node->first; entry != NULL; entry = entry->next) {
        char entry_path[PATH_MAX_BYTES];
        if (is_list) {
            snprintf(entry_path, sizeof entry_path, "%s[%d]", path, at++);
        } else {
            join_path(entry_path, path, entry->key);
        }
        if (is_list || is_first(r, node, entry, entry_path)) {
            option->map->add(r, entry, entry_path, r->target);
        }
    }
    if (option->map->check != NULL) {
        option->map->check(r, node, path, r->target);
    }
}

static void bind_entries(struct conf_reader *r, const struct conf_option *option,
        const struct conf_node *node, const char *path)
{
    const bool hid_values = r->report->hides_values;
    r->report->hides_values |= option->map->is_private;
    take_entries(r, option, node, path);
    r->report->hides_values = hid_values;
}

void conf_bind_option(
        struct conf_reader *r, size_t index, const struct conf_node *node, const char *path)
{
    const struct conf_option *option = &r->table->options[index];
    void *slot = (char *)r->target + option->offset;
    uint32_t before = r->report->count;
    bool is_given = option->map != NULL || !conf_is_null(node);
    if (option->map != NULL) {
        bind_entries(r, option, node, path);
    } else if (option->type == CONF_WORDS) {
        bind_words(r, option, node, path, slot);
    } else if (is_given || option->fallback != NULL) {
        bind_scalar(r, option, node, path, slot);
    }
    if (r->places != NULL) {
        r->places[index] = (struct conf_place){node->mark, is_given, r->report->count > before};
    }
}

// Whether options stand under `path`.
static bool is_section(const struct conf_table *table, struct view path)
{
    for (size_t i = 0; i < table->count; i++) {
        struct view option = view_of(table->options[i].path);
        if (view_starts_with(option, path) && option.n > path.n && option.p[path.n] == '.') {
            return true;
        }
    }
    return false;
}

static void find_unknown(
        struct conf_reader *r, const struct conf_node *entry, const char *parent, const char *path)
{
    struct view section = view_of(parent);
    section = section.n >= r->prefix_n ? view_skip(section, r->prefix_n) : VIEW("");
    struct view meant = conf_option_nearest(r->table, section, entry->key);
    struct strbuf got;
    strbuf_init(&got, 1024);
    if (r->report->hides_values) {
        strbuf_add_text(&got, not_shown);
        path = parent;
    } else {
        conf_quote(&got, entry->key);
    }
    conf_find(r->report, entry->key_mark, path, "expected a known key, got %.*s%s%.*s%s",
            VIEW_ARGS(strbuf_view(&got)), view_is_none(meant) ? "" : " (did you mean ",
            VIEW_ARGS(meant), view_is_none(meant) ? "" : "?)");
    strbuf_fini(&got);
}

// Sections nest no deeper than the table's paths, so this ends.
static void bind_section(struct conf_reader *r, const struct conf_node *section, const char *parent)
{
    for (const struct conf_node *entry = section->first; entry != NULL; entry = entry->next) {
        char path[PATH_MAX_BYTES];
        join_path(path, parent, entry->key);
        struct view name = view_skip(view_of(path), r->prefix_n);
        size_t index = conf_option_find(r->table, name);
        bool is_group = is_section(r->table, name);
        // A dot would let `kafka.group` at the top pass for `group` in `kafka`, past the check for
        // doubles.
        bool is_word =
                entry->key.n <= KEY_SHOWN_BYTES && memchr(entry->key.p, '.', entry->key.n) == NULL;
        if (!is_word || (index == r->table->count && !is_group)) {
            find_unknown(r, entry, parent, path);
        } else if (!is_first(r, section, entry, path)) {
            continue;
        } else if (!is_group) {
            conf_bind_option(r, index, entry, path);
        } else if (entry->kind == CONF_MAPPING) {
            bind_section(r, entry, path);
        } else if (!conf_is_null(entry)) {
            find_unexpected(r, entry, path, "a mapping", "");
        }
    }
}

enum err conf_bind(const struct conf_table *table, const struct conf_node *root, void *target,
        struct conf_place *ret_places, struct conf_report *report)
{
    struct conf_reader r = {
            .table = table, .target = target, .places = ret_places, .report = report};
    strbuf_init(&r.expanded, CONF_EXPANDED_MAX_BYTES);
    uint32_t before = report->count;
    if (root != NULL && root->kind == CONF_MAPPING) {
        bind_section(&r, root, "");
    } else if (root != NULL && !conf_is_null(root)) {
        find_unexpected(&r, root, "YAML", "a mapping", "");
    }
    strbuf_fini(&r.expanded);
    return report->out_of_memory ? ERR_NO_MEMORY : report->count > before ? ERR_CONFIG : ERR_NONE;
}

bool conf_read_entry(struct conf_reader *r, const struct conf_node *node, const char *path,
        const struct conf_table *table, void *target, struct conf_place *ret_places)
{
    if (node->kind != CONF_MAPPING) {
        find_unexpected(r, node, path, "a mapping", "");
        return false;
    }
    const struct conf_table *outer_table = r->table;
    void *outer_target = r->target;
    struct conf_place *outer_places = r->places;
    size_t outer_prefix_n = r->prefix_n;
    uint32_t before = r->report->count;
    r->table = table;
    r->target = target;
    r->places = ret_places;
    r->prefix_n = strlen(path) + 1;
    bind_section(r, node, path);
    r->table = outer_table;
    r->target = outer_target;
    r->places = outer_places;
    r->prefix_n = outer_prefix_n;
    return r->report->count == before && !r->report->out_of_memory;
}
