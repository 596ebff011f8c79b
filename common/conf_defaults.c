#include "common/conf_bind_inside.h"

enum { DEFAULT_TREE_BYTES = 64 * 1024 };

// Binds one default. Only lists and maps are worth the YAML parser.
static enum err bind_default(struct conf_reader *r, size_t index, struct arena *arena)
{
    const struct conf_option *option = &r->table->options[index];
    struct conf_node scalar = {.kind = CONF_SCALAR, .text = view_of(option->fallback)};
    struct conf_node *node = &scalar;
    if (option->type == CONF_WORDS || option->map != NULL) {
        enum err e = conf_parse(&node, scalar.text, arena, r->report);
        if (e != ERR_NONE) {
            return e;
        }
    }
    conf_bind_option(r, index, node, option->path);
    return ERR_NONE;
}

enum err conf_bind_defaults(const struct conf_table *table, void *target)
{
    struct arena *arena = arena_create(DEFAULT_TREE_BYTES);
    if (arena == NULL) {
        return ERR_NO_MEMORY;
    }
    struct strbuf findings;
    strbuf_init(&findings, 4096);
    struct conf_report report;
    conf_report_init(&report, "default", &findings);
    struct conf_reader r = {.table = table, .target = target, .report = &report};
    strbuf_init(&r.expanded, CONF_EXPANDED_MAX_BYTES);
    enum err e = ERR_NONE;
    for (size_t i = 0; i < table->count && e == ERR_NONE; i++) {
        if (table->options[i].fallback != NULL) {
            arena_reset(arena);
            e = bind_default(&r, i, arena);
        }
    }
    strbuf_fini(&r.expanded);
    strbuf_fini(&findings);
    arena_destroy(arena);
    // A default that its own table refuses would be a bug of ours, but dying memory can look the
    // same.
    return report.out_of_memory ? ERR_NO_MEMORY : report.count > 0 ? ERR_INTERNAL : e;
}
