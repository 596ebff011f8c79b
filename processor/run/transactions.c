#include "run/transactions.h"

#include "common/assure.h"
#include "common/failpoint.h"
#include "common/log.h"

enum { DUE_MAX = 256, NEWS_EVERY_MS = 100, INIT_STEP_MS = 1000, RECOVER_EVERY_MS = 1000 };

static struct kafka_transaction *txn_of(const struct transactions *transactions)
{
    return transactions->sink->txn;
}

static void tell_end(const struct transactions *transactions, enum audit_outcome outcome)
{
    if (transactions->ended != NULL) {
        transactions->ended(transactions->self, outcome);
    }
}

// --- commit ------------------------------------------------------------------------------------

// All that is due, in as many calls as it takes. Something always is in a transaction with output: the
// group must be asked whether we are still a member, or a zombie's output would become visible.
static void send_offsets(
        struct transactions *transactions, struct kafka_consumer *consumer, struct mono_time until)
{
    struct kafka_transaction *txn = txn_of(transactions);
    struct kafka_commit due[DUE_MAX];
    int32_t at = 0;
    size_t count = commits_due(transactions->commits, &at, due, DUE_MAX);
    if (count == 0) {
        commits_forget(transactions->commits);
        at = 0;
        count = commits_due(transactions->commits, &at, due, DUE_MAX);
    }
    if (count == 0) {
        kafka_transaction_doom(txn, TXN_ABORT_IT, "its partitions are not ours any more");
    }
    while (count > 0 && kafka_transaction_next(txn) == TXN_GO_ON) {
        kafka_transaction_send_offsets(
                txn, consumer, due, count, mono_left_ms(clock_mono(), until));
        count = count == DUE_MAX ? commits_due(transactions->commits, &at, due, DUE_MAX) : 0;
    }
}

static void commit(
        struct transactions *transactions, struct kafka_consumer *consumer, int64_t wait_ms)
{
    struct kafka_transaction *txn = txn_of(transactions);
    struct mono_time until = mono_after_ms(clock_mono(), wait_ms);
    enum err e = tracked_sink_flush(transactions->sink, wait_ms);
    if (e != ERR_NONE || offsets_unsettled(transactions->commits->offsets) > 0) {
        // Output without its offsets would be told twice.
        kafka_transaction_doom(txn, TXN_ABORT_IT, "not all of it was acknowledged");
        return;
    }
    failpoint("transactions.all_is_acknowledged");
    send_offsets(transactions, consumer, until);
    failpoint("transactions.sent_offsets");
    if (kafka_transaction_next(txn) == TXN_GO_ON) {
        kafka_transaction_commit(txn, mono_left_ms(clock_mono(), until));
    }
    if (kafka_transaction_next(txn) == TXN_GO_ON) {
        commits_made(transactions->commits);
        tell_end(transactions, AUDIT_OUTCOME_COMMITTED);
        failpoint("transactions.made_a_commit");
    }
}

void transactions_serve(struct transactions *transactions, struct kafka_consumer *consumer)
{
    struct kafka_transaction *txn = txn_of(transactions);
    int64_t interval_ms = transactions->interval_ms;
    if (interval_ms > NEWS_EVERY_MS && commits_has_news(transactions->commits)) {
        interval_ms = NEWS_EVERY_MS;
    }
    struct mono_time due_at = mono_after_ms(transactions->committed_at, interval_ms);
    if (clock_mono().ns < due_at.ns || kafka_transaction_next(txn) != TXN_GO_ON) {
        return;
    }
    if (kafka_transaction_is_open(txn) || commits_has_due(transactions->commits)) {
        commit(transactions, consumer, KAFKA_TRANSACTION_CALL_MS);
    }
    transactions->committed_at = clock_mono();
}

void transactions_settle(
        struct transactions *transactions, struct kafka_consumer *consumer, int64_t wait_ms)
{
    // Whether somebody has fenced us is asked here, also when there is nothing to commit.
    commits_forget(transactions->commits);
    bool matters = kafka_transaction_is_open(txn_of(transactions)) ||
                   commits_has_due(transactions->commits);
    if (matters && kafka_transaction_next(txn_of(transactions)) == TXN_GO_ON) {
        commit(transactions, consumer, wait_ms);
    }
}

void transactions_lose(struct transactions *transactions)
{
    if (kafka_transaction_is_open(txn_of(transactions))) {
        kafka_transaction_doom(txn_of(transactions), TXN_ABORT_IT, "its partitions went to others");
    }
}

void transactions_end(struct transactions *transactions, int64_t wait_ms)
{
    struct kafka_transaction *txn = txn_of(transactions);
    kafka_transaction_abort(txn, wait_ms);
    tell_end(transactions, kafka_transaction_next(txn) == TXN_GO_ON ? AUDIT_OUTCOME_ABORTED
                                                                    : AUDIT_OUTCOME_UNSURE);
}

// --- when one fails ----------------------------------------------------------------------------

static void pace(struct transactions *transactions)
{
    struct mono_time now = clock_mono();
    struct mono_time next = mono_after_ms(transactions->recovered_at, RECOVER_EVERY_MS);
    if (transactions->recovered_at.ns != 0 && now.ns < next.ns) {
        tracked_sink_poll(transactions->sink, mono_left_ms(now, next));
    }
    transactions->recovered_at = clock_mono();
}

static enum err abort_and_begin_again(
        struct transactions *transactions, struct kafka_consumer *consumer)
{
    struct kafka_transaction *txn = txn_of(transactions);
    pace(transactions);
    log_warn(transactions->name, "transaction aborted, %s; beginning again behind the last one",
            kafka_transaction_why(txn));
    kafka_transaction_abort(txn, KAFKA_TRANSACTION_CALL_MS);
    if (kafka_transaction_next(txn) != TXN_GO_ON) {
        return ERR_NONE; // it has got graver
    }
    tell_end(transactions, AUDIT_OUTCOME_ABORTED);
    return consumer != NULL ? kafka_consumer_begin_again(consumer) : ERR_NONE;
}

static enum err rebuild(struct transactions *transactions, struct kafka_consumer *consumer)
{
    pace(transactions);
    log_warn(transactions->name,
            "transaction: %s; starting a new producer, beginning again behind what is committed",
            kafka_transaction_why(txn_of(transactions)));
    tell_end(transactions, AUDIT_OUTCOME_UNSURE);
    enum err e = consumer != NULL ? kafka_consumer_hold(consumer, true) : ERR_NONE;
    // Before the producer goes: its open records are nobody's then.
    if (e == ERR_NONE && consumer != NULL) {
        e = kafka_consumer_begin_again(consumer);
    }
    return e != ERR_NONE ? e : tracked_sink_rebuild(transactions->sink);
}

static enum err initialise(struct transactions *transactions, struct kafka_consumer *consumer)
{
    struct kafka_transaction *txn = txn_of(transactions);
    kafka_transaction_init(txn, INIT_STEP_MS);
    tracked_sink_tell_trouble(transactions->sink, transactions->name);
    if (kafka_transaction_next(txn) != TXN_GO_ON) {
        return ERR_NONE; // at the next step
    }
    log_info(transactions->name, "transactions as %s", transactions->id);
    if (consumer == NULL) {
        return ERR_NONE;
    }
    // Somebody else may have released it: what began meanwhile knew no sure commits.
    enum err e = kafka_consumer_begin_again(consumer);
    return e != ERR_NONE ? e : kafka_consumer_hold(consumer, false);
}

enum err transactions_go_on(
        struct transactions *transactions, struct kafka_consumer *consumer, bool retries)
{
    struct kafka_transaction *txn = txn_of(transactions);
    if (retries) {
        bool is_broken = tracked_sink_is_broken(transactions->sink);
        kafka_transaction_doom(txn, is_broken ? TXN_REBUILD : TXN_ABORT_IT,
                is_broken ? "the producer has given up" : "not all of it could be sent");
    }
    switch (kafka_transaction_next(txn)) {
    case TXN_GO_ON:
        return ERR_NONE;
    case TXN_CALL_AGAIN:
        return initialise(transactions, consumer);
    case TXN_ABORT_IT:
        return abort_and_begin_again(transactions, consumer);
    case TXN_REBUILD:
        return rebuild(transactions, consumer);
    case TXN_GIVE_UP:
        tell_end(transactions, AUDIT_OUTCOME_UNSURE);
        log_error(transactions->name,
                "another process has begun with the transactional.id %s: is there one with the "
                "same "
                "kafka.instance_id? This one ends (%s)",
                transactions->id, kafka_transaction_why(txn));
        return ERR_REFUSED;
    }
    ASSURE(false);
    return ERR_INTERNAL;
}

enum err transactions_start(struct transactions *transactions)
{
    enum err e = ERR_NONE;
    while (e == ERR_NONE && kafka_transaction_next(txn_of(transactions)) != TXN_GO_ON &&
            !*transactions->stop) {
        e = transactions_go_on(transactions, NULL, false);
    }
    return e;
}
