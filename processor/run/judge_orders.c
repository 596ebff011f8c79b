#include "run/judge_orders.h"

#include <stdlib.h>

#include "common/log.h"
#include "run/standing_feed.h"
#include "run/standing_record.h"

enum { AWAIT_MS = 30000, WAIT_MS = 100 };

struct judge_orders {
    const struct config *config;
    struct standing_orders *standing;
    struct standing_reader *reader;
    struct standing_feed *feed;
    uint64_t unreadable;
    uint64_t overflowed;
    int64_t now_ms; // of the take in hand
};

static enum err see(void *self, const struct raw_message *raw)
{
    struct judge_orders *orders = self;
    struct standing_order order;
    switch (standing_reader_read(orders->reader, raw, &order)) {
    case STANDING_NOTHING:
        return ERR_NONE;
    case STANDING_BAD:
        if (orders->unreadable++ == 0) {
            log_error("judge", "a record of %s is none of ours: nothing goes by it",
                    orders->config->topics.control_state);
        }
        return ERR_NONE;
    case STANDING_ORDER:
        break;
    }
    enum err e = standing_learn(orders->standing, &order, orders->now_ms);
    if (e != ERR_CEILING) {
        return e;
    }
    if (orders->overflowed++ == 0) {
        log_error("judge", "more than %d commands of operators stand: the latest are not gone by",
                STANDING_JUDGED_MAX);
    }
    return ERR_NONE;
}

enum err judge_orders_take(struct judge_orders *orders, int64_t now_ms)
{
    orders->now_ms = now_ms;
    return standing_feed_take(orders->feed, see, orders);
}

static enum err await(
        struct judge_orders *orders, struct half *half, const struct half_options *options)
{
    struct mono_time until = mono_after_ms(clock_mono(), AWAIT_MS);
    bool is_settled = false;
    enum err e = ERR_NONE;
    while (e == ERR_NONE && !is_settled && !*options->stop) {
        if (mono_left_ms(clock_mono(), until) <= 0) {
            log_error("judge",
                    "%s was not read to its end in %d s: messages go by the commands of operators "
                    "that are known",
                    orders->config->topics.control_state, AWAIT_MS / 1000);
            break;
        }
        standing_feed_wait(orders->feed, WAIT_MS);
        is_settled = standing_feed_is_settled(orders->feed); // before the box is emptied
        e = judge_orders_take(orders, clock_wall().ms);
        half_beat(half);
    }
    return e;
}

enum err judge_orders_open(
        struct judge_orders **ret_orders, struct half *half, const struct half_options *options)
{
    struct judge_orders *orders = calloc(1, sizeof *orders);
    if (orders == NULL) {
        return ERR_NO_MEMORY;
    }
    *ret_orders = orders; // the half closes it, whatever comes
    orders->config = options->config;
    enum err e = standing_create(&orders->standing, STANDING_JUDGED_MAX);
    e = e != ERR_NONE ? e : standing_reader_create(&orders->reader);
    e = e != ERR_NONE ? e : standing_feed_start(&orders->feed, options->config, options->stop);
    return e != ERR_NONE ? e : await(orders, half, options);
}

enum err judge_orders_close(struct judge_orders *orders)
{
    if (orders == NULL) {
        return ERR_NONE;
    }
    enum err e = standing_feed_stop(orders->feed);
    standing_reader_destroy(orders->reader);
    standing_destroy(orders->standing);
    free(orders);
    return e;
}

const struct standing_orders *judge_orders_standing(const struct judge_orders *orders)
{
    return orders->standing;
}

struct judge_order_counts judge_orders_counts(const struct judge_orders *orders)
{
    return (struct judge_order_counts){.standing = standing_count(orders->standing),
            .unreadable = orders->unreadable,
            .overflowed = orders->overflowed,
            .is_current = standing_feed_is_current(orders->feed)};
}
