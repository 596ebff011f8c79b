// Inside of conf_bind.h: shared by conf_bind.c (what a tree says) and conf_defaults.c (what the table
// says).
#pragma once

#include "common/conf_bind.h"

enum { CONF_EXPANDED_MAX_BYTES = 64 * 1024 };

struct conf_reader {
    const struct conf_table *table;
    void *target;
    struct conf_place *places;
    struct conf_report *report;
    struct strbuf expanded; // the scalar that is being read
    size_t prefix_n;        // bytes of a path that stand before the table's own; 0 at the top
};

// Sets one option of the reader's table, or reports what is wrong.
void conf_bind_option(
        struct conf_reader *r, size_t index, const struct conf_node *node, const char *path);
