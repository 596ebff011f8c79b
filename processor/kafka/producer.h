// The sink role (model/record.h) over an idempotent producer: each record is written once and in
// order per partition, as long as this instance lives. Undelivered records are tried for ever by
// default (message.timeout.ms=0).
//
// When librdkafka gives the instance up ("fatal", such as #4438), nothing more is taken: the owner
// calls kafka_producer_rebuild, whose open tickets come back as failed, and rewinds its input to
// what was acknowledged.
//
// One thread, the owner's; on_delivered runs on it, inside send, poll, flush, rebuild and close.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/strbuf.h"
#include "model/record.h"
#include "policy/config.h"

struct kafka_producer;

struct kafka_producer_options {
    const struct config *config; // must outlive the producer
    const char *client_id;       // short; NULL = "wrongnumber"
    // NULL = none; else everything is sent inside of transactions (kafka/transaction.h), and must
    // be acknowledged within one's time. Must outlive the producer.
    const char *transactional_id;
    // The record of that ticket is acknowledged by all replicas (ERR_NONE) or will never be:
    // ERR_DATA (too large for the broker), ERR_REFUSED, ERR_DEADLINE, ERR_UNAVAILABLE. Not called
    // for records without a ticket. Must not send. May be NULL.
    void (*on_delivered)(void *self, void *ticket, enum err err);
    void *self;
    int64_t queue_wait_ms; // how long send waits for room in a full queue; 0 = 5,000
};

struct kafka_producer_counts {
    uint64_t sent;
    uint64_t delivered;
    uint64_t failed;
    uint64_t queue_full; // sends that had to wait for room
    uint64_t rebuilds;
};

// Needs no broker to be there. ERR_CONFIG with findings for properties that are not acceptable.
MUST_CHECK enum err kafka_producer_create(struct kafka_producer **ret_producer,
        const struct kafka_producer_options *options, struct strbuf *findings);

// As sink_send: the bytes are copied. ERR_UNAVAILABLE: nothing was taken (the queue stayed full,
// the partition does not exist, or the producer is broken); ERR_DATA: larger than
// message.max.bytes; ERR_PROTOCOL: the transaction has failed.
MUST_CHECK enum err kafka_producer_send(
        struct kafka_producer *producer, const struct record *record);
struct sink kafka_producer_sink(struct kafka_producer *producer);

// Serves delivery reports, waiting for the first at most that long (0 = do not wait).
void kafka_producer_poll(struct kafka_producer *producer, int64_t timeout_ms);
// Sends without lingering and waits until nothing is in flight. ERR_DEADLINE.
MUST_CHECK enum err kafka_producer_flush(struct kafka_producer *producer, int64_t timeout_ms);
// Records that are neither acknowledged nor failed.
int64_t kafka_producer_in_flight(const struct kafka_producer *producer);

// Whether the last record was refused for want of room alone.
bool kafka_producer_is_full(const struct kafka_producer *producer);
// Whether this instance cannot go on; rebuild it.
bool kafka_producer_is_broken(const struct kafka_producer *producer);
// Drops everything that is not acknowledged (its tickets come back with ERR_UNAVAILABLE) and starts
// a new instance.
MUST_CHECK enum err kafka_producer_rebuild(struct kafka_producer *producer);
// The last trouble that was not told yet, or NULL. Told once; again only after a delivery in
// between.
const char *kafka_producer_take_trouble(struct kafka_producer *producer);
void kafka_producer_counts(
        const struct kafka_producer *producer, struct kafka_producer_counts *ret_counts);

// Drops what is in flight (flush first) and frees everything. ERR_DEADLINE: the library did not let
// go in time, its memory stays behind and the process should end by _exit.
enum err kafka_producer_close(struct kafka_producer *producer, int64_t timeout_ms);

// For fault tests: breaks the instance as a desynchronised broker would.
void kafka_producer_break(struct kafka_producer *producer);
