// A half's transactions, where `delivery` is transactional: what a half sends goes into the open one,
// which ends with the offsets that it came from; what is not committed is as if it had never been. All
// that makes delivery effectively once without them stays on beneath (ids, absolute counts).
//
//   GO_ON --serve: every commit_interval--> GO_ON
//     | an error, or `retries`
//     v
//   ABORT_IT ------------ aborted -------------------> the consumer begins again --> GO_ON
//   REBUILD --new producer, the consumer is held--> CALL_AGAIN --init--> released --> GO_ON
//   GIVE_UP: somebody else has our transactional.id; the half ends
//
// A consumer that begins again asks the group what is committed, after init has ended whatever was
// under way: nothing that is believed here about an outcome matters (kafka/transaction_rules.h).
#pragma once

#include "audit/audit_outcome.h"
#include "run/commits.h"
#include "run/tracked_sink.h"

struct transactions {
    const char *name; // of the half, for logs
    const char *id;
    struct tracked_sink *sink; // its txn is there
    struct commits *commits;
    int64_t interval_ms;
    const atomic_bool *stop;
    void (*ended)(
            void *self, enum audit_outcome outcome); // told of each that has ended; NULL = nobody
    void *self;
    struct mono_time committed_at;
    struct mono_time recovered_at;
};

// Fences whoever has had the id before, and waits for that until a stop is asked for. ERR_REFUSED when
// somebody else begins with it meanwhile.
MUST_CHECK enum err transactions_start(struct transactions *transactions);
// Commits when it is time.
void transactions_serve(struct transactions *transactions, struct kafka_consumer *consumer);
// Does what is to be done before the half can go on. `retries`: what was sent since the last commit
// is to be dropped and done again. ERR_REFUSED: it cannot go on.
MUST_CHECK enum err transactions_go_on(
        struct transactions *transactions, struct kafka_consumer *consumer, bool retries);
// Before partitions go: commits, within that time.
void transactions_settle(
        struct transactions *transactions, struct kafka_consumer *consumer, int64_t wait_ms);
// They have gone to others already.
void transactions_lose(struct transactions *transactions);
// At the end: what is open is aborted, so that nobody has to wait for its timeout.
void transactions_end(struct transactions *transactions, int64_t wait_ms);
