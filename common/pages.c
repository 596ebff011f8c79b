#include "common/pages.h"

#include <stdlib.h>

void pages_init(struct pages *pages, size_t row_bytes)
{
    *pages = (struct pages){.row_bytes = row_bytes};
}

void pages_fini(struct pages *pages)
{
    for (uint32_t i = 0; i < pages->page_count; i++) {
        free(pages->pages[i]);
    }
    free(pages->pages);
    *pages = (struct pages){.row_bytes = pages->row_bytes};
}

enum err pages_reach(struct pages *pages, uint32_t row)
{
    uint32_t needed = (row >> PAGE_ROW_BITS) + 1;
    if (needed > pages->page_capacity) {
        uint32_t capacity = pages->page_capacity * 2 > needed ? pages->page_capacity * 2 : needed;
        char **grown = realloc(pages->pages, capacity * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        pages->pages = grown;
        pages->page_capacity = capacity;
    }
    while (pages->page_count < needed) {
        char *page = calloc(PAGE_ROWS, pages->row_bytes);
        if (page == NULL) {
            return ERR_NO_MEMORY;
        }
        pages->pages[pages->page_count++] = page;
    }
    return ERR_NONE;
}
