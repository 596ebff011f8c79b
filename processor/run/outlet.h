// A half's way out: the emitter over a tracked producer, the offsets that wait for its
// acknowledgements, and their commits. What both halves do alike after a batch, when a producer
// gives up, and at the end. One thread, the half's.
#pragma once

#include "consume/offsets.h"
#include "emit/emitter.h"
#include "run/audited_sink.h"
#include "run/commits.h"
#include "run/tracked_sink.h"
#include "run/transactions.h"

struct outlet {
    const char *name; // of the half, for logs
    const struct config *config;
    const atomic_bool *stop;
    struct offsets *offsets;
    struct tracked_sink sink;
    struct audited_sink audited; // before it
    struct emitter emitter;
    struct commits commits;
    struct transactions transactions; // where is_transactional
    char *transactional_id;
    bool is_transactional;
    struct mono_time rebuilt_at;
    struct mono_time drain_until; // set by outlet_drain
};

struct outlet_options {
    const char *name;
    const char *client_id;
    const struct config *config;
    enum verdict_output verdicts; // what the emitter publishes of them
    bool commands_at_once;        // also where delivery is transactional (run/tracked_sink.h)
    struct audit_log *audit;      // shared with the other halves; NULL = none
    const atomic_bool *stop;
};

// `outlet` must stay where it is. Where delivery is transactional it waits for the brokers.
MUST_CHECK enum err outlet_init(
        struct outlet *outlet, const struct outlet_options *options, struct strbuf *findings);

// Serves acknowledgements, waits for them while too much is open, and commits what is settled.
void outlet_serve(struct outlet *outlet, struct kafka_consumer *consumer);
// Brings to disk what the audit log has of it. False: it is told, and nothing that came of it may be
// taken for done.
bool outlet_is_audited(struct outlet *outlet);
// Whether the producer has given up or a record can never be delivered: partitions have to be begun
// anew.
bool outlet_needs_recovery(const struct outlet *outlet);
// A new producer; not more often than once a second. Not where delivery is transactional.
MUST_CHECK enum err outlet_rebuild(struct outlet *outlet);
// Before that offset of a partition everything that was told is told for good: acknowledged, and
// committed where delivery is transactional.
int64_t outlet_told(const struct outlet *outlet, int32_t partition);

// After outlet_init has run, well or not: from here on everything that waits shares one deadline,
// config.drain from now.
void outlet_drain(struct outlet *outlet);
// Before partitions go: waits for acknowledgements and commits.
void outlet_settle(struct outlet *outlet, struct kafka_consumer *consumer);
// They have gone already.
void outlet_lose(struct outlet *outlet);
// Closes the consumer (whose on_revoke settles), then the producer; frees the rest. ERR_DEADLINE as
// of their close.
enum err outlet_close(struct outlet *outlet, struct kafka_consumer *consumer);
