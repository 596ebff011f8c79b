// What the process itself tells: its version, what it takes of the machine, its log, its halves' pulses.
#pragma once

#include "ops/board.h"

struct process_metrics;

MUST_CHECK enum err process_metrics_create(struct process_metrics **ret_metrics);
void process_metrics_destroy(struct process_metrics *metrics);

// Takes its values anew, and appends its pages and those of all places of the board; `pages` has room for
// PROCESS_PAGES_MAX. Returns how many there are. One thread.
enum { PROCESS_PAGES_MAX = 3 + BOARD_PLACES_MAX * (BOARD_PAGES_MAX + 1) };
size_t process_metrics_gather(struct process_metrics *metrics, struct board *board,
        const struct metric_page *pages[PROCESS_PAGES_MAX]);
