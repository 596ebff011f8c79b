// A Kafka producer whose records are counted in the segments they come from (consume/offsets.h), so
// that an offset is committed only when everything produced from it is acknowledged. The ticket of
// each record is its segment.
//
// With a transactional id everything goes out in transactions (run/transactions.h), but, where that is
// wanted, the commands: a hold must not wait for a commit, and to hold something twice is to hold it.
// They have a producer of their own then, and come with an id by which one that repeats is known.
#pragma once

#include <stdatomic.h>

#include "consume/offsets.h"
#include "kafka/producer.h"
#include "kafka/transaction.h"
#include "model/record.h"

struct tracked_sink_options {
    const struct config *config;
    const char *client_id;
    const char *transactional_id; // NULL = no transactions; must outlive the sink
    bool commands_at_once;        // outside of transactions
    struct offsets *offsets;      // borrowed; must outlive the sink
    const atomic_bool *stop;
};

struct tracked_sink {
    struct kafka_producer *producer;
    struct kafka_producer *urgent; // of commands; NULL = `producer` too
    struct kafka_transaction *txn; // of `producer`; NULL = none
    struct offsets *offsets;
    const atomic_bool *stop;
    // Asked ten times a second or so while a send or the owner waits; false = break off. NULL = wait.
    bool (*may_wait)(void *waiter);
    void *waiter;
};

bool tracked_sink_may_wait(const struct tracked_sink *tracked);

// Starts the producers. The sink must stay where it is.
MUST_CHECK enum err tracked_sink_init(struct tracked_sink *tracked,
        const struct tracked_sink_options *options, struct strbuf *findings);
// Drops what is in flight. ERR_DEADLINE as of kafka_producer_close.
enum err tracked_sink_close(struct tracked_sink *tracked, int64_t timeout_ms);
// Waits while the queue is full. ERR_UNAVAILABLE once the producer is broken, while no transaction can
// be begun, or when a stop is asked for meanwhile.
struct sink tracked_sink_role(struct tracked_sink *tracked);

// Whether records of that topic go out in transactions.
bool tracked_sink_is_in_transaction(const struct tracked_sink *tracked, enum out_topic topic);
// As of kafka/producer.h, of all producers.
void tracked_sink_poll(struct tracked_sink *tracked, int64_t timeout_ms);
MUST_CHECK enum err tracked_sink_flush(struct tracked_sink *tracked, int64_t timeout_ms);
bool tracked_sink_is_broken(const struct tracked_sink *tracked);
MUST_CHECK enum err tracked_sink_rebuild(struct tracked_sink *tracked);
// Says once what is wrong with a producer, if something is.
void tracked_sink_tell_trouble(struct tracked_sink *tracked, const char *component);
