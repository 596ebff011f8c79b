#include "common/conf.h"

#include <libfyaml.h>
#include <stdarg.h>

#include "common/assure.h"
#include "common/json_out.h"

enum { QUOTED_MAX_BYTES = 60, FINDING_MAX_BYTES = 8192 };

// The tree under construction. It is built from the parser's events and not from libfyaml's own
// documents, because events cost no recursion and leave every limit to us.
struct builder {
    struct arena *arena;
    struct conf_report *report;
    uint32_t node_max;
    struct conf_node *root;
    struct conf_node *open[CONF_DEPTH_MAX]; // the collections around the next node
    struct conf_node *last[CONF_DEPTH_MAX]; // the last entry of each
    uint32_t depth;
    uint32_t node_count;
    uint32_t document_count;
    bool has_key; // the next node is the value of this key
    struct view key;
    struct conf_mark key_mark;
    struct conf_mark here; // where the last event stood
};

void conf_report_init(struct conf_report *report, const char *file, struct strbuf *sb)
{
    *report = (struct conf_report){.sb = sb, .file = file};
}

static bool is_behind(struct conf_mark a, struct conf_mark b)
{
    return a.line != b.line ? a.line > b.line : a.column > b.column;
}

// Moves the last line, which has just been added, to where its mark belongs.
static void sort_in(struct conf_report *report, struct conf_mark mark, size_t length)
{
    struct strbuf *sb = report->sb;
    uint32_t at = report->count - 1;
    size_t behind_bytes = 0;
    while (at > 0 && is_behind(report->marks[at - 1], mark)) {
        behind_bytes += report->lengths[at - 1];
        report->marks[at] = report->marks[at - 1];
        report->lengths[at] = report->lengths[at - 1];
        at--;
    }
    report->marks[at] = mark;
    report->lengths[at] = length;
    char line[FINDING_MAX_BYTES];
    if (behind_bytes > 0 && length <= sizeof line) {
        char *end = sb->p + sb->n;
        memcpy(line, end - length, length);
        memmove(end - behind_bytes, end - length - behind_bytes, behind_bytes);
        memcpy(end - length - behind_bytes, line, length);
    }
}

void conf_find(struct conf_report *report, struct conf_mark mark, const char *path,
        const char *format, ...)
{
    bool is_beside = report->is_beside != NULL && report->is_beside(path, report->beside_self);
    report->count++;
    report->beside_count += is_beside;
    if (report->count > CONF_FINDING_MAX) {
        if (report->count == CONF_FINDING_MAX + 1) {
            strbuf_printf(report->sb, "%s: more findings are left out\n", report->file);
        }
        return;
    }
    mark.line += report->lines_before;
    char text[1024];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t before = report->sb->n;
    strbuf_printf(report->sb, "%s:%u:%u: %s%s: %s\n", report->file, mark.line, mark.column,
            is_beside ? "warning: " : "", path, length < 0 ? "?" : text);
    sort_in(report, mark, report->sb->n - before);
}

void conf_quote(struct strbuf *sb, struct view value)
{
    size_t at = 0;
    strbuf_add_byte(sb, '\'');
    while (at < value.n && at < QUOTED_MAX_BYTES) {
        size_t length = json_utf8_length(view_skip(value, at));
        uint8_t byte = (uint8_t)value.p[at];
        if (length == 0 || byte < 0x20 || byte == 0x7f) {
            strbuf_printf(sb, "\\x%02x", byte);
            at++;
        } else {
            strbuf_add(sb, value.p + at, length);
            at += length;
        }
    }
    strbuf_add_text(sb, at < value.n ? "…'" : "'");
}

bool conf_is_null(const struct conf_node *node)
{
    return node->kind == CONF_SCALAR && node->plain &&
           (node->text.n == 0 || view_is(node->text, "~") || view_is(node->text, "null"));
}

static void ignore_output(struct fy_diag *diag, void *user, const char *text, size_t n)
{
    (void)diag;
    (void)user;
    (void)text;
    (void)n;
}

// The line and column of a byte of the text.
static struct conf_mark mark_of(struct view text, size_t at)
{
    struct conf_mark mark = {1, 1};
    for (size_t i = 0; i < at; i++) {
        if (text.p[i] == '\n') {
            mark.line++;
            mark.column = 1;
        } else if (((uint8_t)text.p[i] & 0xc0) != 0x80) {
            mark.column++;
        }
    }
    return mark;
}

// What the parser need not even see.
static bool text_is_sound(struct view text, size_t max_bytes, struct conf_report *report)
{
    if (text.n > max_bytes) {
        conf_find(report, (struct conf_mark){1, 1}, "YAML",
                "expected at most %zu KiB of text, got more", max_bytes / 1024);
        return false;
    }
    for (size_t at = 0; at < text.n;) {
        size_t length = json_utf8_length(view_skip(text, at));
        if (length == 0 || text.p[at] == '\0') {
            conf_find(report, mark_of(text, at), "YAML", "expected %s, got byte 0x%02x",
                    length == 0 ? "UTF-8" : "text", (uint8_t)text.p[at]);
            return false;
        }
        at += length;
    }
    return true;
}

static void note_position(struct builder *b, struct fy_event *event)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    if (mark == NULL) {
        return;
    }
    b->here = (struct conf_mark){(uint32_t)mark->line + 1, (uint32_t)mark->column + 1};
    // libfyaml points behind the opening quote and behind the asterisk.
    bool is_scalar = event->type == FYET_SCALAR && event->scalar.value != NULL;
    enum fy_scalar_style style = is_scalar ? fy_token_scalar_style(event->scalar.value) : FYSS_ANY;
    if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED || event->type == FYET_ALIAS) {
        b->here.column -= b->here.column > 1;
    }
}

static struct view copy_token(struct builder *b, struct fy_token *token)
{
    size_t n = 0;
    const char *text = token != NULL ? fy_token_get_text(token, &n) : NULL;
    struct view copy = arena_copy(b->arena, text != NULL ? view_bytes(text, n) : VIEW(""));
    if (view_is_none(copy)) {
        b->report->out_of_memory = true;
    }
    return copy;
}

// Hangs a new node where the next one belongs. NULL when there is no room for it, which has been
// reported.
static struct conf_node *add_node(struct builder *b, enum conf_kind kind)
{
    if (++b->node_count > b->node_max) {
        conf_find(b->report, b->here, "YAML", "expected at most %u values, got more", b->node_max);
        return NULL;
    }
    struct conf_node *node = arena_take_zeroed(b->arena, sizeof *node);
    if (node == NULL) {
        b->report->out_of_memory = true;
        return NULL;
    }
    node->kind = kind;
    node->mark = b->here;
    if (b->has_key) {
        node->key = b->key;
        node->key_mark = b->key_mark;
        b->has_key = false;
    }
    if (b->depth == 0) {
        b->root = node;
        return node;
    }
    uint32_t top = b->depth - 1;
    if (b->last[top] == NULL) {
        b->open[top]->first = node;
    } else {
        b->last[top]->next = node;
    }
    b->last[top] = node;
    return node;
}

static bool key_is_next(const struct builder *b)
{
    return b->depth > 0 && b->open[b->depth - 1]->kind == CONF_MAPPING && !b->has_key;
}

static bool take_scalar(struct builder *b, struct fy_token *token)
{
    struct view text = copy_token(b, token);
    if (b->report->out_of_memory) {
        return false;
    }
    if (key_is_next(b)) {
        b->has_key = true;
        b->key = text;
        b->key_mark = b->here;
        return true;
    }
    struct conf_node *node = add_node(b, CONF_SCALAR);
    if (node == NULL) {
        return false;
    }
    node->text = text;
    node->plain = token == NULL || fy_token_scalar_style(token) == FYSS_PLAIN;
    if (node->plain && text.n == 0 && !view_is_none(node->key)) {
        node->mark = node->key_mark; // a value that is left out stands where its key does
    }
    return true;
}

static bool take_collection(struct builder *b, enum conf_kind kind)
{
    if (key_is_next(b)) {
        conf_find(b->report, b->here, "YAML", "expected a word as key, got a %s",
                kind == CONF_MAPPING ? "mapping" : "list");
        return false;
    }
    if (b->depth == CONF_DEPTH_MAX) {
        conf_find(
                b->report, b->here, "YAML", "expected at most %d levels, got more", CONF_DEPTH_MAX);
        return false;
    }
    struct conf_node *node = add_node(b, kind);
    if (node == NULL) {
        return false;
    }
    b->open[b->depth] = node;
    b->last[b->depth] = NULL;
    b->depth++;
    return true;
}

static bool refuse(struct builder *b, const char *what)
{
    conf_find(b->report, b->here, "YAML", "expected a plain value, got %s", what);
    return false;
}

static bool take_document(struct builder *b)
{
    if (++b->document_count > 1) {
        conf_find(b->report, b->here, "YAML", "expected one document, got a second");
        return false;
    }
    return true;
}

// Takes one event into the tree. False when there is no sense in going on.
static bool take_event(struct builder *b, struct fy_event *event)
{
    note_position(b, event);
    switch (event->type) {
    case FYET_SCALAR:
        if (event->scalar.anchor != NULL || event->scalar.tag != NULL) {
            return refuse(b, event->scalar.anchor != NULL ? "an anchor (&)" : "a tag (!)");
        }
        return take_scalar(b, event->scalar.value);
    case FYET_SEQUENCE_START:
        if (event->sequence_start.anchor != NULL || event->sequence_start.tag != NULL) {
            return refuse(b, event->sequence_start.anchor != NULL ? "an anchor (&)" : "a tag (!)");
        }
        return take_collection(b, CONF_SEQUENCE);
    case FYET_MAPPING_START:
        if (event->mapping_start.anchor != NULL || event->mapping_start.tag != NULL) {
            return refuse(b, event->mapping_start.anchor != NULL ? "an anchor (&)" : "a tag (!)");
        }
        return take_collection(b, CONF_MAPPING);
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END:
        ASSURE(b->depth > 0); // the parser closes what it has opened
        b->depth--;
        return true;
    case FYET_ALIAS:
        return refuse(b, "an alias (*)");
    case FYET_DOCUMENT_START:
        return take_document(b);
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_END:
        return true;
    }
    return true;
}

static void report_syntax(struct conf_report *report, struct fy_diag *diag, struct conf_mark here)
{
    uint32_t before = report->count;
    void *at = NULL;
    for (struct fy_diag_error *e; (e = fy_diag_errors_iterate(diag, &at)) != NULL;) {
        struct conf_mark mark = {
                e->line > 0 ? (uint32_t)e->line : 1, e->column > 0 ? (uint32_t)e->column : 1};
        conf_find(report, mark, "YAML", "expected well-formed YAML, got: %s",
                report->hides_values ? "something else (not shown)"
                : e->msg != NULL     ? e->msg
                                     : "?");
    }
    if (report->count == before) {
        conf_find(report, here, "YAML", "expected well-formed YAML");
    }
}

static void run_parser(struct builder *b, struct fy_parser *parser, struct fy_diag *diag)
{
    for (struct fy_event *event; (event = fy_parser_parse(parser)) != NULL;) {
        bool goes_on = take_event(b, event);
        fy_parser_event_free(parser, event);
        if (!goes_on) {
            return;
        }
    }
    if (fy_parser_get_stream_error(parser)) {
        report_syntax(b->report, diag, b->here);
    }
}

enum err conf_parse(struct conf_node **ret_root, struct view text, struct arena *arena,
        struct conf_report *report)
{
    const struct conf_limits limits = {CONF_TEXT_MAX_BYTES, CONF_NODE_MAX};
    return conf_parse_within(ret_root, text, limits, arena, report);
}

enum err conf_parse_within(struct conf_node **ret_root, struct view text, struct conf_limits limits,
        struct arena *arena, struct conf_report *report)
{
    if (!text_is_sound(text, limits.text_bytes, report)) {
        return ERR_CONFIG;
    }
    enum err e = ERR_NO_MEMORY;
    struct builder b = {.arena = arena, .report = report, .node_max = limits.nodes, .here = {1, 1}};
    uint32_t before = report->count;
    struct fy_diag_cfg diag_options;
    fy_diag_cfg_default(&diag_options);
    diag_options.fp = NULL;
    diag_options.output_fn = ignore_output;
    struct fy_parser *parser = NULL;
    struct fy_diag *diag = fy_diag_create(&diag_options);
    if (diag == NULL) {
        goto out;
    }
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg options = {
            .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE, .diag = diag};
    parser = fy_parser_create(&options);
    if (parser == NULL || fy_parser_set_string(parser, text.n > 0 ? text.p : "\n",
                                  text.n > 0 ? text.n : 1) != 0) {
        goto out;
    }
    run_parser(&b, parser, diag);
    if (report->out_of_memory) {
        goto out;
    }
    e = report->count > before ? ERR_CONFIG : ERR_NONE;
    if (e == ERR_NONE) {
        *ret_root = b.root;
    }
out:
    if (parser != NULL) {
        fy_parser_destroy(parser);
    }
    if (diag != NULL) {
        fy_diag_destroy(diag);
    }
    return e;
}
