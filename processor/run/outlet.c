#include "run/outlet.h"

#include <stdlib.h>

#include "common/failpoint.h"
#include "common/log.h"

enum {
    UNSETTLED_MAX = 4096, // segments; above it the half waits for acknowledgements
    WAIT_MS = 100,
    REBUILD_EVERY_MS = 1000,
    CLOSE_MIN_MS = 1000, // a close gets that long even when the drain's time is up
    TRANSACTIONAL_ID_MAX_BYTES = 512,
};

// GROUP.HALF.INSTANCE: nobody else's, and the same after a restart, which so ends at once what was
// open before.
static enum err name_transactions(struct outlet *outlet, const struct config *config)
{
    struct strbuf id;
    strbuf_init(&id, TRANSACTIONAL_ID_MAX_BYTES);
    strbuf_printf(&id, "%s.%s.%s", config->kafka.group, outlet->name, config->kafka.instance_id);
    outlet->transactional_id = id.p;
    return id.failed;
}

static enum err start_transactions(struct outlet *outlet)
{
    outlet->transactions = (struct transactions){
            .name = outlet->name,
            .id = outlet->transactional_id,
            .sink = &outlet->sink,
            .commits = &outlet->commits,
            .interval_ms = outlet->config->commit_interval_ms,
            .stop = outlet->stop,
            .ended = audited_sink_ended,
            .self = &outlet->audited,
    };
    return transactions_start(&outlet->transactions);
}

enum err outlet_init(
        struct outlet *outlet, const struct outlet_options *options, struct strbuf *findings)
{
    const struct config *config = options->config;
    outlet->name = options->name;
    outlet->config = config;
    outlet->stop = options->stop;
    outlet->is_transactional = config->delivery == DELIVERY_TRANSACTIONAL;
    enum err e = offsets_create(&outlet->offsets);
    if (e == ERR_NONE && outlet->is_transactional) {
        e = name_transactions(outlet, config);
    }
    if (e != ERR_NONE) {
        return e;
    }
    commits_init(&outlet->commits, outlet->offsets);
    const struct tracked_sink_options sink_options = {
            .config = config,
            .client_id = options->client_id,
            .transactional_id = outlet->transactional_id,
            .commands_at_once = options->commands_at_once,
            .offsets = outlet->offsets,
            .stop = options->stop,
    };
    e = tracked_sink_init(&outlet->sink, &sink_options, findings);
    if (e == ERR_NONE && outlet->is_transactional) {
        e = start_transactions(outlet);
    }
    if (e != ERR_NONE) {
        return e;
    }
    const struct emitter_options emitter_options = {
            .verdicts = options->verdicts,
            .writes_headers = true,
            .group = view_of(config->kafka.group),
            .instance = view_of(options->name),
    };
    e = audited_sink_init(&outlet->audited, &outlet->sink, options->audit, options->name);
    if (e != ERR_NONE) {
        return e;
    }
    return emitter_init(&outlet->emitter, audited_sink_role(&outlet->audited), &emitter_options);
}

void outlet_serve(struct outlet *outlet, struct kafka_consumer *consumer)
{
    bool waits;
    do {
        waits = offsets_unsettled(outlet->offsets) > UNSETTLED_MAX &&
                !outlet_needs_recovery(outlet) && tracked_sink_may_wait(&outlet->sink);
        tracked_sink_poll(&outlet->sink, waits ? WAIT_MS : 0);
        tracked_sink_tell_trouble(&outlet->sink, outlet->name);
    } while (waits);
    if (outlet->is_transactional) {
        if (outlet_is_audited(outlet)) {
            transactions_serve(&outlet->transactions, consumer);
        }
    } else if (commits_is_due(&outlet->commits) && outlet_is_audited(outlet)) {
        commits_send_if_due(&outlet->commits, consumer);
    }
}

bool outlet_is_audited(struct outlet *outlet)
{
    return audited_sink_keep(&outlet->audited);
}

bool outlet_needs_recovery(const struct outlet *outlet)
{
    if (tracked_sink_is_broken(&outlet->sink)) {
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
        tracked_sink_poll(&outlet->sink, mono_left_ms(now, next));
    }
    outlet->rebuilt_at = clock_mono();
    log_error(outlet->name, "output was not delivered: starting a new producer, beginning anew "
                            "behind what is acknowledged");
    failpoint("outlet.gave_up_a_producer");
    enum err e = tracked_sink_rebuild(&outlet->sink);
    failpoint("outlet.has_a_new_producer");
    return e;
}

int64_t outlet_told(const struct outlet *outlet, int32_t partition)
{
    return outlet->is_transactional ? commits_committed(&outlet->commits, partition)
                                    : offsets_settled(outlet->offsets, partition);
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
    int64_t wait_ms = outlet_left_ms(outlet) * 3 / 4;
    if (!outlet_is_audited(outlet)) {
        outlet_lose(outlet); // it is read again
        return;
    }
    if (outlet->is_transactional) {
        transactions_settle(&outlet->transactions, consumer, wait_ms);
    } else {
        commits_settle(&outlet->commits, consumer, &outlet->sink, wait_ms);
    }
}

void outlet_lose(struct outlet *outlet)
{
    if (outlet->is_transactional) {
        transactions_lose(&outlet->transactions);
    }
}

enum err outlet_close(struct outlet *outlet, struct kafka_consumer *consumer)
{
    enum err e = ERR_NONE;
    if (consumer != NULL) {
        e = kafka_consumer_close(consumer, outlet_left_ms(outlet));
    }
    if (outlet->sink.txn != NULL) {
        transactions_end(&outlet->transactions, outlet_left_ms(outlet) / 2);
    }
    if (outlet->sink.producer != NULL) {
        enum err closed = tracked_sink_close(&outlet->sink, outlet_left_ms(outlet));
        e = e == ERR_NONE ? closed : e;
    }
    emitter_fini(&outlet->emitter);
    audited_sink_fini(&outlet->audited);
    commits_fini(&outlet->commits);
    offsets_destroy(outlet->offsets);
    free(outlet->transactional_id);
    return e;
}
