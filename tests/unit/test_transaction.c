// Transactions against a mock cluster in this process, which answers as a broker does and keeps
// nothing: what is tried here is what we make of its answers. tests/real has the real ones.
#include "kafka/transaction.h"

#include "kafka/transaction_probe.h"
#include "tests/support/kafka_owner.h"
#include "tests/support/unit.h"

enum { API_END_TXN = 26, API_ADD_OFFSETS = 25 };

struct bench {
    struct mock_kafka mock;
    struct owner owner;
    struct kafka_producer *producer;
    struct kafka_transaction *txn;
    struct kafka_consumer *consumer; // has partition 0, nothing committed
    int ticket;
};

static void on_delivered(void *self, void *ticket, enum err err)
{
    (void)ticket;
    struct owner *owner = self;
    owner->delivered += err == ERR_NONE;
    owner->undelivered += err != ERR_NONE;
}

static void begin(struct bench *bench)
{
    *bench = (struct bench){.owner = {.start = -1, .commit_offset = -1}};
    kafka_owner_start_loop(&bench->mock, 1);
    const struct kafka_producer_options options = {
            .config = &bench->mock.config,
            .transactional_id = "test.judge.one",
            .on_delivered = on_delivered,
            .self = &bench->owner,
    };
    struct strbuf findings;
    strbuf_init(&findings, 4096);
    CU_ASSERT_EQUAL_FATAL(kafka_producer_create(&bench->producer, &options, &findings), ERR_NONE);
    strbuf_fini(&findings);
    CU_ASSERT_EQUAL_FATAL(kafka_transaction_create(&bench->txn, bench->producer), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_transaction_next(bench->txn), TXN_CALL_AGAIN);
    CU_ASSERT_EQUAL(kafka_transaction_open(bench->txn), ERR_UNAVAILABLE); // not before init
    kafka_transaction_init(bench->txn, PATIENCE_MS);
    CU_ASSERT_EQUAL_FATAL(kafka_transaction_next(bench->txn), TXN_GO_ON);
}

static void join(struct bench *bench)
{
    bench->consumer = kafka_owner_join(&bench->mock, &bench->owner);
    (void)kafka_owner_wait(bench->consumer, KAFKA_PARTITION_EOF);
}

static void end(struct bench *bench)
{
    CU_ASSERT_EQUAL(kafka_consumer_close(bench->consumer, PATIENCE_MS), ERR_NONE);
    kafka_transaction_destroy(bench->txn);
    CU_ASSERT_EQUAL(kafka_producer_close(bench->producer, PATIENCE_MS), ERR_NONE);
    mock_kafka_stop(&bench->mock);
}

// One record and its offset.
static void send_one(struct bench *bench)
{
    CU_ASSERT_EQUAL(kafka_transaction_open(bench->txn), ERR_NONE);
    const struct record record = {
            .topic = OUT_TALLIES, .value = VIEW("x"), .ticket = &bench->ticket};
    CU_ASSERT_EQUAL(kafka_producer_send(bench->producer, &record), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_producer_flush(bench->producer, PATIENCE_MS), ERR_NONE);
}

static void send_offsets(struct bench *bench)
{
    const struct kafka_commit commit = {.partition = 0, .offset = 1};
    kafka_transaction_send_offsets(bench->txn, bench->consumer, &commit, 1, PATIENCE_MS);
}

static void test_commit_and_abort(void)
{
    struct bench bench;
    begin(&bench);
    join(&bench);
    for (int i = 0; i < 3; i++) {
        send_one(&bench);
        CU_ASSERT_TRUE(kafka_transaction_is_open(bench.txn));
        send_offsets(&bench);
        kafka_transaction_commit(bench.txn, PATIENCE_MS);
        CU_ASSERT_EQUAL(kafka_transaction_next(bench.txn), TXN_GO_ON);
        CU_ASSERT_FALSE(kafka_transaction_is_open(bench.txn));
    }
    CU_ASSERT_EQUAL(bench.owner.delivered, 3);

    send_one(&bench);
    kafka_transaction_doom(bench.txn, TXN_ABORT_IT, "a test");
    CU_ASSERT_STRING_EQUAL(kafka_transaction_why(bench.txn), "a test");
    CU_ASSERT_EQUAL(kafka_transaction_open(bench.txn), ERR_UNAVAILABLE);
    kafka_transaction_commit(bench.txn, PATIENCE_MS); // is not done
    CU_ASSERT_TRUE(kafka_transaction_is_open(bench.txn));
    kafka_transaction_abort(bench.txn, PATIENCE_MS);
    CU_ASSERT_EQUAL(kafka_transaction_next(bench.txn), TXN_GO_ON);
    CU_ASSERT_FALSE(kafka_transaction_is_open(bench.txn));
    end(&bench);
}

// Partitions that are somebody else's: nothing of it may become visible.
static void test_no_partition_left(void)
{
    struct bench bench;
    begin(&bench);
    join(&bench);
    send_one(&bench);
    const struct kafka_commit commit = {.partition = 7, .offset = 1};
    kafka_transaction_send_offsets(bench.txn, bench.consumer, &commit, 1, PATIENCE_MS);
    CU_ASSERT_EQUAL(kafka_transaction_next(bench.txn), TXN_ABORT_IT);
    end(&bench);
}

static void rebuild(struct bench *bench)
{
    CU_ASSERT_EQUAL(kafka_producer_rebuild(bench->producer), ERR_NONE);
    kafka_transaction_renew(bench->txn);
    CU_ASSERT_EQUAL(kafka_transaction_next(bench->txn), TXN_CALL_AGAIN);
    kafka_transaction_init(bench->txn, PATIENCE_MS);
    CU_ASSERT_EQUAL(kafka_transaction_next(bench->txn), TXN_GO_ON);
    send_one(bench);
}

// The connection breaks under EndTxn: the library asks again and says that all is well, but the
// first request may still come to something.
static void test_indefinite(void)
{
    struct bench bench;
    begin(&bench);
    join(&bench);
    send_one(&bench);
    send_offsets(&bench);
    rd_kafka_mock_push_request_errors(
            bench.mock.cluster, API_END_TXN, 1, RD_KAFKA_RESP_ERR__TRANSPORT);
    kafka_transaction_commit(bench.txn, PATIENCE_MS);
    CU_ASSERT_EQUAL(kafka_transaction_next(bench.txn), TXN_REBUILD);
    kafka_transaction_doom(bench.txn, TXN_ABORT_IT, "less grave");
    CU_ASSERT_EQUAL(kafka_transaction_next(bench.txn), TXN_REBUILD);
    rebuild(&bench);
    end(&bench);
}

struct answer_row {
    int16_t api;
    rd_kafka_resp_err_t error;
    enum txn_next next;
};

static void test_answers(void)
{
    static const struct answer_row rows[] = {
            {API_END_TXN, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, TXN_GIVE_UP},
            {API_END_TXN, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, TXN_GIVE_UP},
            {API_END_TXN, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, TXN_REBUILD},
            {API_END_TXN, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, TXN_GO_ON},
            {API_ADD_OFFSETS, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, TXN_ABORT_IT},
            {API_ADD_OFFSETS, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, TXN_GIVE_UP},
            {API_ADD_OFFSETS, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, TXN_GO_ON},
    };
    struct bench bench;
    begin(&bench);
    join(&bench);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        send_one(&bench);
        rd_kafka_mock_push_request_errors(bench.mock.cluster, rows[i].api, 1, rows[i].error);
        send_offsets(&bench);
        kafka_transaction_commit(bench.txn, PATIENCE_MS);
        if (kafka_transaction_next(bench.txn) != rows[i].next) {
            printf("%s: %d, not %d: %s\n", rd_kafka_err2name(rows[i].error),
                    (int)kafka_transaction_next(bench.txn), (int)rows[i].next,
                    kafka_transaction_why(bench.txn));
        }
        CU_ASSERT_EQUAL(kafka_transaction_next(bench.txn), rows[i].next);
        rd_kafka_mock_clear_request_errors(bench.mock.cluster, rows[i].api);
        rebuild(&bench);
        kafka_transaction_abort(bench.txn, PATIENCE_MS);
    }
    end(&bench);
}

// This broker is one of those that the self-test is for.
static void test_probe(void)
{
    struct mock_kafka mock;
    mock_kafka_start(&mock, 1);
    static char instance[] = "one";
    mock.config.kafka.instance_id = instance;
    struct strbuf findings;
    strbuf_init(&findings, 4096);
    const atomic_bool stop = false;
    CU_ASSERT_EQUAL(kafka_transaction_probe(&mock.config, &stop, &findings), ERR_CONFIG);
    CU_ASSERT_TRUE(
            view_starts_with(strbuf_view(&findings), VIEW("delivery: transactions do not hold")));
    strbuf_reset(&findings);
    const atomic_bool stopped = true;
    CU_ASSERT_EQUAL(kafka_transaction_probe(&mock.config, &stopped, &findings), ERR_NONE);
    strbuf_fini(&findings);
    mock_kafka_stop(&mock);
}

// All partitions are announced again with what is committed by then; held, not before the release.
static void test_begin_again(void)
{
    struct mock_kafka mock;
    kafka_owner_start_loop(&mock, 2);
    struct owner owner = {.start = -1, .commit_offset = -1};
    struct kafka_producer *producer = kafka_owner_produce(&mock, &owner, 0);
    kafka_owner_send(producer, 0, 10, NULL);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    struct kafka_consumer *consumer = kafka_owner_join(&mock, &owner);
    kafka_owner_expect(consumer, 0, 8);
    const struct kafka_commit commit = {.partition = 0, .offset = 3};
    CU_ASSERT_EQUAL(kafka_consumer_commit(consumer, &commit, 1, PATIENCE_MS), ERR_NONE);

    CU_ASSERT_EQUAL(kafka_consumer_begin_again(consumer), ERR_NONE);
    CU_ASSERT_EQUAL(owner.revoked_count, 1);
    CU_ASSERT_EQUAL(owner.lost_count, 1);
    kafka_owner_expect(consumer, 3, 7);
    CU_ASSERT_EQUAL(owner.assigned_count, 4);
    CU_ASSERT_EQUAL(owner.assigned[0].committed, 3);

    CU_ASSERT_EQUAL(kafka_consumer_hold(consumer, true), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_consumer_begin_again(consumer), ERR_NONE);
    CU_ASSERT_EQUAL(owner.revoked_count, 2);
    struct kafka_event event = {0};
    CU_ASSERT_EQUAL(kafka_consumer_poll(consumer, 300, &event), KAFKA_NOTHING);
    CU_ASSERT_EQUAL(owner.assigned_count, 4);
    CU_ASSERT_EQUAL(kafka_consumer_hold(consumer, false), ERR_NONE);
    kafka_owner_expect(consumer, 3, 7);
    CU_ASSERT_EQUAL(owner.assigned_count, 6);
    CU_ASSERT_EQUAL(kafka_consumer_close(consumer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_producer_close(producer, PATIENCE_MS), ERR_NONE);
    mock_kafka_stop(&mock);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"commit_and_abort", test_commit_and_abort},
            {"no_partition_left", test_no_partition_left},
            {"indefinite", test_indefinite},
            {"answers", test_answers},
            {"probe", test_probe},
            {"begin_again", test_begin_again},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "transaction", tests);
}
