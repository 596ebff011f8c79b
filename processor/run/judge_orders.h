// What people have commanded, as a judge half goes by it: the control-state topic (run/standing_feed.h)
// kept in a table (control/standing_orders.h). The half's thread.
#pragma once

#include "control/standing_orders.h"
#include "run/half.h"

struct judge_orders;

struct judge_order_counts {
    uint32_t standing;
    uint64_t unreadable; // records that are none of ours
    uint64_t overflowed; // orders that found the table full, and that nothing goes by
    bool is_current;     // the topic is read to its end
};

// Reads what is there to its end, or until it is known that it cannot be read, half a minute at most. ERR_NONE
// then too: messages are judged all the same.
MUST_CHECK enum err judge_orders_open(
        struct judge_orders **ret_orders, struct half *half, const struct half_options *options);
// ERR_DEADLINE when a client did not let go.
enum err judge_orders_close(struct judge_orders *orders);

// Takes what has come. Between batches.
MUST_CHECK enum err judge_orders_take(struct judge_orders *orders, int64_t now_ms);
const struct standing_orders *judge_orders_standing(const struct judge_orders *orders);
struct judge_order_counts judge_orders_counts(const struct judge_orders *orders);
