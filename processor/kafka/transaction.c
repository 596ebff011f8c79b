#include "kafka/transaction.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/assure.h"
#include "kafka/consumer_inside.h"
#include "kafka/producer_inside.h"
#include "kafka/transaction_inside.h"

enum { AGAIN_MS = 100 };

struct kafka_transaction {
    struct kafka_producer *producer;
    enum txn_next next;
    bool is_open;
    uint64_t broken_at_open; // connections that had broken by then
    char why[TROUBLE_BYTES];
};

// What a call may need.
struct txn_arguments {
    const rd_kafka_topic_partition_list_t *list;
    const rd_kafka_consumer_group_metadata_t *group;
    int timeout_ms;
};

static rd_kafka_t *handle_of(const struct kafka_transaction *txn)
{
    return kafka_producer_client(txn->producer)->rk;
}

static rd_kafka_error_t *call_library(
        struct kafka_transaction *txn, enum txn_call call, const struct txn_arguments *arguments)
{
    rd_kafka_t *rk = handle_of(txn);
    switch (call) {
    case TXN_INIT:
        return rd_kafka_init_transactions(rk, arguments->timeout_ms);
    case TXN_BEGIN:
        return rd_kafka_begin_transaction(rk);
    case TXN_SEND_OFFSETS:
        return rd_kafka_send_offsets_to_transaction(
                rk, arguments->list, arguments->group, arguments->timeout_ms);
    case TXN_COMMIT:
        return rd_kafka_commit_transaction(rk, arguments->timeout_ms);
    case TXN_ABORT:
        return rd_kafka_abort_transaction(rk, arguments->timeout_ms);
    }
    ASSURE(false);
    return NULL;
}

// librdkafka 2.0.2 says __FENCED for each of these in most places.
static bool is_fencing(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
           code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

static struct txn_answer read_answer(const struct kafka_transaction *txn,
        const rd_kafka_error_t *error, struct mono_time asked_at)
{
    const struct kafka_client *client = kafka_producer_client(txn->producer);
    rd_kafka_resp_err_t code = rd_kafka_error_code(error); // of none: no error
    rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(client->rk, NULL, 0);
    struct mono_time limit = mono_after_ms(asked_at, KAFKA_TRANSACTION_CALL_MS);
    return (struct txn_answer){
            .failed = error != NULL,
            .is_fenced = is_fencing(code) || is_fencing(fatal),
            .is_fatal = fatal != RD_KAFKA_RESP_ERR_NO_ERROR ||
                        (error != NULL && rd_kafka_error_is_fatal(error) != 0),
            .requires_abort = error != NULL && rd_kafka_error_txn_requires_abort(error) != 0,
            .is_retriable = error != NULL && rd_kafka_error_is_retriable(error) != 0,
            .is_indefinite = kafka_err(code) == ERR_DEADLINE ||
                             client->broken_connections != txn->broken_at_open ||
                             mono_left_ms(clock_mono(), limit) == 0,
    };
}

static void note_why(
        struct kafka_transaction *txn, enum txn_call call, const rd_kafka_error_t *error)
{
    static const char *const names[] = {[TXN_INIT] = "init",
            [TXN_BEGIN] = "begin",
            [TXN_SEND_OFFSETS] = "offsets",
            [TXN_COMMIT] = "commit",
            [TXN_ABORT] = "abort"};
    snprintf(txn->why, sizeof txn->why, "%s: %s", names[call],
            error != NULL ? rd_kafka_error_string(error)
                          : "took too long, or a connection broke: its outcome is not sure");
}

// Calls until the answer is another than "again", or the time is up. Graver things that are to be
// done already stay so.
static enum txn_next perform(struct kafka_transaction *txn, enum txn_call call,
        struct txn_arguments arguments, int64_t wait_ms)
{
    struct mono_time asked_at = clock_mono();
    int64_t limit_ms = wait_ms < KAFKA_TRANSACTION_CALL_MS ? wait_ms : KAFKA_TRANSACTION_CALL_MS;
    struct mono_time until = mono_after_ms(asked_at, limit_ms);
    int64_t left_ms = limit_ms;
    enum txn_next next;
    do {
        arguments.timeout_ms = kafka_timeout(left_ms);
        rd_kafka_error_t *error = call_library(txn, call, &arguments);
        kafka_producer_poll(txn->producer, 0); // what broke meanwhile is told there
        const struct txn_answer answer = read_answer(txn, error, asked_at);
        next = txn_rule(call, &answer);
        if (next != TXN_GO_ON) {
            note_why(txn, call, error);
        }
        if (error != NULL) {
            rd_kafka_error_destroy(error);
        }
        left_ms = mono_left_ms(clock_mono(), until);
        if (next == TXN_CALL_AGAIN && left_ms > 0) {
            kafka_producer_poll(txn->producer, left_ms < AGAIN_MS ? left_ms : AGAIN_MS);
        }
    } while (next == TXN_CALL_AGAIN && left_ms > 0);
    return next == TXN_CALL_AGAIN && call != TXN_INIT ? TXN_REBUILD : next;
}

static void note_next(struct kafka_transaction *txn, enum txn_next next)
{
    txn->next = next > txn->next ? next : txn->next;
}

// --- life --------------------------------------------------------------------------------------

enum err kafka_transaction_create(
        struct kafka_transaction **ret_txn, struct kafka_producer *producer)
{
    struct kafka_transaction *txn = calloc(1, sizeof *txn);
    if (txn == NULL) {
        return ERR_NO_MEMORY;
    }
    txn->producer = producer;
    txn->next = TXN_CALL_AGAIN;
    *ret_txn = txn;
    return ERR_NONE;
}

void kafka_transaction_destroy(struct kafka_transaction *txn)
{
    free(txn);
}

void kafka_transaction_renew(struct kafka_transaction *txn)
{
    txn->next = TXN_CALL_AGAIN;
    txn->is_open = false;
}

void kafka_transaction_init(struct kafka_transaction *txn, int64_t wait_ms)
{
    ASSURE(txn->next == TXN_CALL_AGAIN);
    txn->next = perform(txn, TXN_INIT, (struct txn_arguments){0}, wait_ms);
}

// --- one transaction ---------------------------------------------------------------------------

enum err kafka_transaction_open(struct kafka_transaction *txn)
{
    if (txn->next != TXN_GO_ON) {
        return ERR_UNAVAILABLE;
    }
    if (!txn->is_open) {
        note_next(txn, perform(txn, TXN_BEGIN, (struct txn_arguments){0}, 0));
        txn->is_open = txn->next == TXN_GO_ON;
        txn->broken_at_open = kafka_producer_client(txn->producer)->broken_connections;
    }
    return txn->is_open ? ERR_NONE : ERR_UNAVAILABLE;
}

bool kafka_transaction_is_open(const struct kafka_transaction *txn)
{
    return txn->is_open;
}

void transaction_send_list(struct kafka_transaction *txn,
        const rd_kafka_topic_partition_list_t *list,
        const rd_kafka_consumer_group_metadata_t *group, int64_t wait_ms)
{
    if (kafka_transaction_open(txn) == ERR_NONE) {
        const struct txn_arguments arguments = {.list = list, .group = group};
        note_next(txn, perform(txn, TXN_SEND_OFFSETS, arguments, wait_ms));
    }
}

void kafka_transaction_send_offsets(struct kafka_transaction *txn, struct kafka_consumer *consumer,
        const struct kafka_commit *commits, size_t count, int64_t wait_ms)
{
    rd_kafka_topic_partition_list_t *list = consumer_list_commits(consumer, commits, count);
    rd_kafka_consumer_group_metadata_t *group =
            rd_kafka_consumer_group_metadata(consumer->client.rk);
    if (list->cnt == 0 || group == NULL) {
        kafka_transaction_doom(txn, TXN_ABORT_IT, "its partitions are not ours any more");
    } else {
        transaction_send_list(txn, list, group, wait_ms);
    }
    if (group != NULL) {
        rd_kafka_consumer_group_metadata_destroy(group);
    }
    rd_kafka_topic_partition_list_destroy(list);
}

void kafka_transaction_commit(struct kafka_transaction *txn, int64_t wait_ms)
{
    if (txn->is_open && txn->next == TXN_GO_ON) {
        txn->next = perform(txn, TXN_COMMIT, (struct txn_arguments){0}, wait_ms);
        txn->is_open = txn->next != TXN_GO_ON;
    }
}

void kafka_transaction_abort(struct kafka_transaction *txn, int64_t wait_ms)
{
    if (txn->next != TXN_GO_ON && txn->next != TXN_ABORT_IT) {
        return;
    }
    txn->next =
            txn->is_open ? perform(txn, TXN_ABORT, (struct txn_arguments){0}, wait_ms) : TXN_GO_ON;
    txn->is_open = txn->next != TXN_GO_ON;
}

// --- what is to be done ------------------------------------------------------------------------

enum txn_next kafka_transaction_next(const struct kafka_transaction *txn)
{
    return txn->next;
}

void kafka_transaction_doom(struct kafka_transaction *txn, enum txn_next next, const char *why)
{
    bool matters = next == TXN_REBUILD || txn->next != TXN_CALL_AGAIN;
    // A delivery may have been the first to say that we are fenced.
    char reason[TROUBLE_BYTES - 16];
    if (is_fencing(rd_kafka_fatal_error(handle_of(txn), reason, sizeof reason))) {
        txn->next = TXN_GIVE_UP;
        snprintf(txn->why, sizeof txn->why, "%s", reason);
    } else if (matters && next > txn->next) {
        txn->next = next;
        snprintf(txn->why, sizeof txn->why, "%s", why);
    }
}

const char *kafka_transaction_why(const struct kafka_transaction *txn)
{
    return txn->why;
}
