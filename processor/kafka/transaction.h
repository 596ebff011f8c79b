// The transactions of a producer that has a transactional.id: what is sent and the input offsets
// that it comes from become visible together, or not at all. Errors are judged by
// kafka/transaction_rules.h; after one, nothing is taken any more until the owner has done what
// kafka_transaction_next says.
//
//   (new) --init--> ready --open--> open --send_offsets, commit--> ready
//                     ^               '--an error, doom--> doomed --abort--> ready
//   init <------------'----------- renew, after kafka_producer_rebuild ---'
//
// One thread, the producer's. Calls wait at most KAFKA_TRANSACTION_CALL_MS, and serve delivery
// reports meanwhile.
#pragma once

#include <stddef.h>

#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "kafka/transaction_rules.h"

struct kafka_transaction;

enum {
    KAFKA_TRANSACTION_CALL_MS = 10 * 1000,    // socket.timeout.ms of such a producer
    KAFKA_TRANSACTION_TIMEOUT_MS = 30 * 1000, // then the brokers abort what nobody ends
};

// Needs no broker to be there. `producer` is borrowed.
MUST_CHECK enum err kafka_transaction_create(
        struct kafka_transaction **ret_txn, struct kafka_producer *producer);
void kafka_transaction_destroy(struct kafka_transaction *txn);

// Ends what an earlier life of this transactional.id has left open, and fences it. To be called until
// next is no longer TXN_CALL_AGAIN.
void kafka_transaction_init(struct kafka_transaction *txn, int64_t wait_ms);
// A record may be sent now: begins a transaction where none is open. ERR_UNAVAILABLE while something
// else is to be done first.
MUST_CHECK enum err kafka_transaction_open(struct kafka_transaction *txn);
bool kafka_transaction_is_open(const struct kafka_transaction *txn);

// Adds input offsets. Partitions that are not the consumer's at the moment are left out; when none is
// left, the transaction is doomed: what was made of them is somebody else's now.
void kafka_transaction_send_offsets(struct kafka_transaction *txn, struct kafka_consumer *consumer,
        const struct kafka_commit *commits, size_t count, int64_t wait_ms);
// Everything that was sent must be acknowledged.
void kafka_transaction_commit(struct kafka_transaction *txn, int64_t wait_ms);
// Drops what was sent, where one is open: its records come back as failed.
void kafka_transaction_abort(struct kafka_transaction *txn, int64_t wait_ms);

// What has to be done now; TXN_CALL_AGAIN is init.
enum txn_next kafka_transaction_next(const struct kafka_transaction *txn);
// Asks for TXN_ABORT_IT or TXN_REBUILD. What is graver already stays; before init has come to its end
// there is nothing to abort.
void kafka_transaction_doom(struct kafka_transaction *txn, enum txn_next next, const char *why);
// The producer has been rebuilt.
void kafka_transaction_renew(struct kafka_transaction *txn);
// Of the last error, for logs.
const char *kafka_transaction_why(const struct kafka_transaction *txn);
