// A Kafka producer whose records are counted in the segments they come from (consume/offsets.h), so
// that an offset is committed only when everything produced from it is acknowledged. The ticket of
// each record is its segment.
#pragma once

#include <stdatomic.h>

#include "consume/offsets.h"
#include "kafka/producer.h"
#include "model/record.h"

struct tracked_sink {
    struct kafka_producer *producer;
    struct offsets *offsets;
    const atomic_bool *stop;
    // Asked ten times a second or so while a send or the owner waits; false = break off. NULL = wait.
    bool (*may_wait)(void *waiter);
    void *waiter;
};

bool tracked_sink_may_wait(const struct tracked_sink *tracked);

// Starts the producer. `offsets` is borrowed and must outlive it; the sink must stay where it is.
MUST_CHECK enum err tracked_sink_init(struct tracked_sink *tracked, const struct config *config,
        const char *client_id, struct offsets *offsets, const atomic_bool *stop,
        struct strbuf *findings);
// Waits while the queue is full. ERR_UNAVAILABLE once the producer is broken, or when a stop is
// asked for meanwhile.
struct sink tracked_sink_role(struct tracked_sink *tracked);
// Says once what is wrong with the producer, if something is.
void tracked_sink_tell_trouble(struct tracked_sink *tracked, const char *component);
