#include "run/tracked_sink.h"

#include "common/log.h"

static void on_delivered(void *self, void *ticket, enum err err)
{
    struct tracked_sink *tracked = self;
    offsets_reported(tracked->offsets, ticket, err);
}

enum err tracked_sink_init(struct tracked_sink *tracked, const struct config *config,
        const char *client_id, struct offsets *offsets, const atomic_bool *stop,
        struct strbuf *findings)
{
    *tracked = (struct tracked_sink){.offsets = offsets, .stop = stop};
    const struct kafka_producer_options options = {
            .config = config,
            .client_id = client_id,
            .on_delivered = on_delivered,
            .self = tracked,
            .queue_wait_ms = 1000,
    };
    return kafka_producer_create(&tracked->producer, &options, findings);
}

bool tracked_sink_may_wait(const struct tracked_sink *tracked)
{
    return !*tracked->stop && (tracked->may_wait == NULL || tracked->may_wait(tracked->waiter));
}

static enum err tracked_send(void *self, const struct record *record)
{
    struct tracked_sink *tracked = self;
    struct segment *segment = record->ticket;
    // Counted before it is sent: its report may come before send returns.
    offsets_sent(segment);
    enum err e;
    do {
        e = kafka_producer_send(tracked->producer, record);
    } while (e == ERR_UNAVAILABLE && !kafka_producer_is_broken(tracked->producer) &&
             tracked_sink_may_wait(tracked));
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

void tracked_sink_tell_trouble(struct tracked_sink *tracked, const char *component)
{
    const char *trouble = kafka_producer_take_trouble(tracked->producer);
    if (trouble != NULL) {
        log_warn(component, "producer: %s; what is not acknowledged is kept and tried again",
                trouble);
    }
}
