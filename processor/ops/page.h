// The status page: one HTML document without script or anything from elsewhere, which asks to be read again
// every few seconds. Read-only. Reads the board and nothing else; one thread.
#pragma once

#include "common/strbuf.h"
#include "ops/board.h"

enum { PAGE_RATES = 120 }; // seconds that the chart shows

// What was counted second by second, the newest last; -1 = not known. Kept by whoever looks after time.
struct page_rates {
    int64_t messages[PAGE_RATES];    // a second
    int64_t misdirected[PAGE_RATES]; // of them
    int64_t last_messages;           // in all; -1 = nothing was read yet
    int64_t last_misdirected;
};

void page_rates_init(struct page_rates *rates);
// Once a second.
void page_rates_note(struct page_rates *rates, struct board *board);

// Writes the document.
void page_write(struct strbuf *out, struct board *board, const struct page_rates *rates);
// Its Content-Security-Policy: nothing but the style that stands in it. Appends a text.
void page_policy(struct strbuf *out);
