#include "run/outlet.h"

#include "common/failpoint.h"
#include "common/log.h"

enum {
    UNSETTLED_MAX = 4096, // segments; above it the half waits for acknowledgements
    WAIT_MS = 100,
    REBUILD_EVERY_MS = 1000,
    CLOSE_MIN_MS = 1000, // a close gets that long even when the drain's time is up
};

enum err outlet_init(struct outlet *outlet, const char *name, const char *client_id,
        const struct config *config, enum verdict_output verdicts, const atomic_bool *stop,
        struct strbuf *findings)
{
    outlet->name = name;
    outlet->config = config;
    outlet->stop = stop;
    enum err e = offsets_create(&outlet->offsets);
    if (e != ERR_NONE) {
        return e;
    }
    commits_init(&outlet->commits, outlet->offsets);
    e = tracked_sink_init(&outlet->sink, config, client_id, outlet->offsets, stop, findings);
    if (e != ERR_NONE) {
        return e;
    }
    const struct emitter_options options = {
            .verdicts = verdicts,
            .writes_headers = true,
            .group = view_of(config->kafka.group),
            .instance = view_of(name),
    };
    return emitter_init(&outlet->emitter, tracked_sink_role(&outlet->sink), &options);
}

void outlet_serve(struct outlet *outlet, struct kafka_consumer *consumer)
{
    bool waits;
    do {
        waits = offsets_unsettled(outlet->offsets) > UNSETTLED_MAX &&
                !outlet_needs_recovery(outlet) && tracked_sink_may_wait(&outlet->sink);
        kafka_producer_poll(outlet->sink.producer, waits ? WAIT_MS : 0);
        tracked_sink_tell_trouble(&outlet->sink, outlet->name);
    } while (waits);
    commits_send_if_due(&outlet->commits, consumer);
}

bool outlet_needs_recovery(const struct outlet *outlet)
{
    if (kafka_producer_is_broken(outlet->sink.producer)) {
        return true;
    }
    for (int32_t i = 0; i < offsets_partition_end(outlet->offsets); i++) {
        if (offsets_has_failed(outlet->offsets, i)) {
            return true;
        }
    }
    return false;
}

enum err outlet_rebuild(struct outlet *outlet)
{
    struct mono_time now = clock_mono();
    struct mono_time next = mono_after_ms(outlet->rebuilt_at, REBUILD_EVERY_MS);
    if (outlet->rebuilt_at.ns != 0 && now.ns < next.ns) {
        kafka_producer_poll(outlet->sink.producer, mono_left_ms(now, next));
    }
    outlet->rebuilt_at = clock_mono();
    log_error(outlet->name, "output was not delivered: starting a new producer, beginning anew "
                            "behind what is acknowledged");
    failpoint("outlet.gave_up_a_producer");
    enum err e = kafka_producer_rebuild(outlet->sink.producer);
    failpoint("outlet.has_a_new_producer");
    return e;
}

void outlet_drain(struct outlet *outlet)
{
    log_info(outlet->name, "draining");
    failpoint("outlet.is_told_to_drain");
    outlet->drain_until = mono_after_ms(clock_mono(), outlet->config->drain_ms);
}

// What is left of the drain; all of it while nobody drains.
static int64_t outlet_left_ms(const struct outlet *outlet)
{
    if (outlet->drain_until.ns == 0) {
        return outlet->config->drain_ms;
    }
    int64_t left_ms = mono_left_ms(clock_mono(), outlet->drain_until);
    return left_ms > CLOSE_MIN_MS ? left_ms : CLOSE_MIN_MS;
}

void outlet_settle(struct outlet *outlet, struct kafka_consumer *consumer)
{
    // The group's answer to the commit, and the closing of both clients, want some of the time too.
    commits_settle(
            &outlet->commits, consumer, outlet->sink.producer, outlet_left_ms(outlet) * 3 / 4);
}

enum err outlet_close(struct outlet *outlet, struct kafka_consumer *consumer)
{
    enum err e = ERR_NONE;
    if (consumer != NULL) {
        e = kafka_consumer_close(consumer, outlet_left_ms(outlet));
    }
    if (outlet->sink.producer != NULL) {
        enum err closed = kafka_producer_close(outlet->sink.producer, outlet_left_ms(outlet));
        e = e == ERR_NONE ? closed : e;
    }
    emitter_fini(&outlet->emitter);
    commits_fini(&outlet->commits);
    offsets_destroy(outlet->offsets);
    return e;
}
