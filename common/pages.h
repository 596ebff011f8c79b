// Rows of one size in pages: a table that grows without being copied, so that no row ever moves, no
// step pays for a million rows, and at most one page is unused.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

enum { PAGE_ROW_BITS = 9, PAGE_ROWS = 1 << PAGE_ROW_BITS };

struct pages {
    char **pages;
    uint32_t page_count;
    uint32_t page_capacity;
    size_t row_bytes;
};

void pages_init(struct pages *pages, size_t row_bytes);
void pages_fini(struct pages *pages);
// Makes the rows 0 … `row` exist; new ones are zeroed.
MUST_CHECK enum err pages_reach(struct pages *pages, uint32_t row);

// The number of rows that exist.
static inline uint32_t pages_rows(const struct pages *pages)
{
    return pages->page_count << PAGE_ROW_BITS;
}

// A row that exists, aligned for any type of that size.
static inline void *pages_at(const struct pages *pages, uint32_t row)
{
    return pages->pages[row >> PAGE_ROW_BITS] + (row & (PAGE_ROWS - 1)) * pages->row_bytes;
}
