// Short texts by number: as many bytes as they have and one at most, where the heap takes 16 more
// and a pointer 4. For names and ids, of which there may be a million. A text's length is the
// caller's to remember.
//
// Texts of about one length share a page of 4 KiB. A page whose last text has gone is free for any
// length, so that what was once kept of other lengths takes nothing away for good. A text of more
// than TEXT_SHORT_MAX bytes has the heap's room. One thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/pages.h"
#include "state/pool.h"

enum {
    TEXT_NONE = 0,
    TEXT_UNIT = 2,
    TEXT_SHORT_MAX = 256,
    TEXT_CLASSES = TEXT_SHORT_MAX / TEXT_UNIT,
};

struct texts {
    struct pages pages;                // struct text_page
    uint32_t page_count;               // ever taken
    uint32_t first_empty;              // a list of pages; page + 1, 0 = none, as below
    uint32_t first_open[TEXT_CLASSES]; // pages of a class with room
    struct pool longs;
};

void texts_init(struct texts *texts);
void texts_fini(struct texts *texts);
// Room for so many bytes, never TEXT_NONE.
MUST_CHECK enum err texts_take(struct texts *texts, size_t bytes, uint32_t *ret_text);
// The bytes of a text that was taken; they stay where they are until it is given back.
char *texts_at(const struct texts *texts, uint32_t text);
// TEXT_NONE: nothing.
void texts_give(struct texts *texts, uint32_t text);
