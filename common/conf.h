// Configuration text (YAML) as a tree that knows where everything stood, and the findings about it.
// The only module that knows libfyaml. Anchors, aliases and tags are refused: a configuration needs
// none of them, and what hostile YAML does, it does with them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "common/strbuf.h"
#include "common/view.h"

enum {
    CONF_TEXT_MAX_BYTES = 256 * 1024,
    CONF_NODE_MAX = 4096,
    CONF_DEPTH_MAX = 16,
    CONF_FINDING_MAX = 100,
};

// How much one text may be.
struct conf_limits {
    size_t text_bytes;
    uint32_t nodes;
};

enum conf_kind { CONF_SCALAR, CONF_SEQUENCE, CONF_MAPPING };

// Lines and columns count from 1.
struct conf_mark {
    uint32_t line;
    uint32_t column;
};

struct conf_node {
    enum conf_kind kind;
    struct conf_mark mark;
    struct view text; // of a scalar, as written
    bool plain;       // a scalar without quotes, so that null is null
    struct view key;  // of a mapping's entry
    struct conf_mark key_mark;
    struct conf_node *first; // entries of a sequence or mapping, in order
    struct conf_node *next;
};

// What is wrong with a file: one line a finding, `file:line:column: path: expected …, got …`, in
// the order of their places. Nobody else writes to `sb` meanwhile.
struct conf_report {
    struct strbuf *sb;
    const char *file;
    uint32_t lines_before; // of the file, where it is read a line at a time
    uint32_t count;        // also of those for which there was no room
    // Which findings whoever reads the file can do without, by their path: they are told as warnings. NULL = none.
    bool (*is_beside)(const char *path, const void *self);
    const void *beside_self;
    uint32_t beside_count; // of `count`
    bool out_of_memory;
    bool hides_values;                        // no finding shows what stands in the file
    struct conf_mark marks[CONF_FINDING_MAX]; // of the findings in `sb`
    size_t lengths[CONF_FINDING_MAX];         // of their lines
};

void conf_report_init(struct conf_report *report, const char *file, struct strbuf *sb);
void conf_find(struct conf_report *report, struct conf_mark mark, const char *path,
        const char *format, ...) __attribute__((format(printf, 4, 5)));
// Appends a value in single quotes, shortened, control bytes escaped.
void conf_quote(struct strbuf *sb, struct view value);

// Reads one YAML document into `arena`. `ret_root` is NULL when the text holds none (comments
// only). Text that is too long, no UTF-8, no YAML, too deep, or uses what is refused gives findings
// and ERR_CONFIG. ERR_NO_MEMORY.
MUST_CHECK enum err conf_parse(struct conf_node **ret_root, struct view text, struct arena *arena,
        struct conf_report *report);

// The same within other limits than CONF_TEXT_MAX_BYTES and CONF_NODE_MAX.
MUST_CHECK enum err conf_parse_within(struct conf_node **ret_root, struct view text,
        struct conf_limits limits, struct arena *arena, struct conf_report *report);

// Plain and empty, ~ or null.
bool conf_is_null(const struct conf_node *node);
