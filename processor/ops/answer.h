// What is answered at which path. Knows nothing of HTTP's bytes (ops/http.h) and reads only the board.
// One thread.
#pragma once

#include <pthread.h>

#include "common/strbuf.h"
#include "ops/board.h"
#include "ops/page.h"
#include "ops/process_metrics.h"

struct answerer {
    struct board *board;
    struct process_metrics *process;
    pthread_mutex_t *rates_lock;    // of `rates`, which another thread keeps
    const struct page_rates *rates; // NULL = there is no status page
    const char *page_policy;        // Content-Security-Policy of it
};

struct answer {
    unsigned status;    // of HTTP
    const char *type;   // of the body
    const char *policy; // Content-Security-Policy
    struct strbuf body; // to be finished by whoever asked
};

// `path` without a query. Always gives an answer: 404 for what there is not, 500 without memory.
void answer_path(struct answerer *answerer, const char *path, struct answer *ret_answer);
