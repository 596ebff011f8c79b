#include "run/tracked_sink.h"

#include "common/clock.h"
#include "common/log.h"

enum { QUEUE_WAIT_MS = 1000 };

static void on_delivered(void *self, void *ticket, enum err err)
{
    struct tracked_sink *tracked = self;
    offsets_reported(tracked->offsets, ticket, err);
}

enum err tracked_sink_init(struct tracked_sink *tracked, const struct tracked_sink_options *options,
        struct strbuf *findings)
{
    *tracked = (struct tracked_sink){.offsets = options->offsets, .stop = options->stop};
    struct kafka_producer_options producer = {
            .config = options->config,
            .client_id = options->client_id,
            .transactional_id = options->transactional_id,
            .on_delivered = on_delivered,
            .self = tracked,
            .queue_wait_ms = QUEUE_WAIT_MS,
    };
    enum err e = kafka_producer_create(&tracked->producer, &producer, findings);
    if (e != ERR_NONE || options->transactional_id == NULL) {
        return e;
    }
    e = kafka_transaction_create(&tracked->txn, tracked->producer);
    if (e == ERR_NONE && options->commands_at_once) {
        producer.transactional_id = NULL;
        e = kafka_producer_create(&tracked->urgent, &producer, findings);
    }
    return e;
}

enum err tracked_sink_close(struct tracked_sink *tracked, int64_t timeout_ms)
{
    struct mono_time until = mono_after_ms(clock_mono(), timeout_ms);
    kafka_transaction_destroy(tracked->txn);
    enum err e = kafka_producer_close(tracked->producer, timeout_ms);
    enum err closed = kafka_producer_close(tracked->urgent, mono_left_ms(clock_mono(), until));
    return e != ERR_NONE ? e : closed;
}

// --- send --------------------------------------------------------------------------------------

bool tracked_sink_may_wait(const struct tracked_sink *tracked)
{
    return !*tracked->stop && (tracked->may_wait == NULL || tracked->may_wait(tracked->waiter));
}

static enum err send_when_room(
        struct tracked_sink *tracked, struct kafka_producer *to, const struct record *record)
{
    enum err e;
    do {
        e = kafka_producer_send(to, record);
    } while (e == ERR_UNAVAILABLE && kafka_producer_is_full(to) && !kafka_producer_is_broken(to) &&
             tracked_sink_may_wait(tracked));
    return e;
}

static bool is_at_once(const struct tracked_sink *tracked, enum out_topic topic)
{
    return tracked->urgent != NULL && topic == OUT_COMMANDS;
}

bool tracked_sink_is_in_transaction(const struct tracked_sink *tracked, enum out_topic topic)
{
    return tracked->txn != NULL && !is_at_once(tracked, topic);
}

static enum err tracked_send(void *self, const struct record *record)
{
    struct tracked_sink *tracked = self;
    struct segment *segment = record->ticket;
    bool is_urgent = is_at_once(tracked, record->topic);
    // Counted before it is sent: its report may come before send returns.
    offsets_sent(segment);
    enum err e = ERR_NONE;
    if (tracked->txn != NULL && !is_urgent) {
        e = kafka_transaction_open(tracked->txn);
    }
    if (e == ERR_NONE) {
        e = send_when_room(tracked, is_urgent ? tracked->urgent : tracked->producer, record);
    }
    if (e != ERR_NONE) {
        offsets_reported(tracked->offsets, segment, e);
    }
    return e;
}

struct sink tracked_sink_role(struct tracked_sink *tracked)
{
    static const struct sink_ops ops = {.send = tracked_send};
    return (struct sink){&ops, tracked};
}

// --- both producers ----------------------------------------------------------------------------

void tracked_sink_poll(struct tracked_sink *tracked, int64_t timeout_ms)
{
    if (tracked->urgent != NULL) {
        kafka_producer_poll(tracked->urgent, 0);
    }
    kafka_producer_poll(tracked->producer, timeout_ms);
}

enum err tracked_sink_flush(struct tracked_sink *tracked, int64_t timeout_ms)
{
    struct mono_time until = mono_after_ms(clock_mono(), timeout_ms);
    enum err e = kafka_producer_flush(tracked->producer, timeout_ms);
    if (tracked->urgent != NULL && e == ERR_NONE) {
        e = kafka_producer_flush(tracked->urgent, mono_left_ms(clock_mono(), until));
    }
    return e;
}

bool tracked_sink_is_broken(const struct tracked_sink *tracked)
{
    return kafka_producer_is_broken(tracked->producer) ||
           (tracked->urgent != NULL && kafka_producer_is_broken(tracked->urgent));
}

enum err tracked_sink_rebuild(struct tracked_sink *tracked)
{
    enum err e = kafka_producer_rebuild(tracked->producer);
    if (tracked->txn != NULL && e == ERR_NONE) {
        kafka_transaction_renew(tracked->txn);
    }
    if (tracked->urgent != NULL && e == ERR_NONE && kafka_producer_is_broken(tracked->urgent)) {
        e = kafka_producer_rebuild(tracked->urgent);
    }
    return e;
}

static void tell_trouble(struct kafka_producer *producer, const char *component)
{
    const char *trouble = kafka_producer_take_trouble(producer);
    if (trouble != NULL) {
        log_warn(component, "producer: %s; what is not acknowledged is kept and tried again",
                trouble);
    }
}

void tracked_sink_tell_trouble(struct tracked_sink *tracked, const char *component)
{
    tell_trouble(tracked->producer, component);
    if (tracked->urgent != NULL) {
        tell_trouble(tracked->urgent, component);
    }
}
