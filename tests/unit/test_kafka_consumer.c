// The group consumer against a mock cluster in this process. A group's first join takes 3 s there:
// few joins, no sleeps.
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/clock.h"
#include "tests/support/kafka_owner.h"
#include "tests/support/unit.h"

static void test_round_trip(void)
{
    struct mock_kafka mock;
    kafka_owner_start_loop(&mock, 1);
    struct owner owner = {.start = -1, .commit_offset = -1};
    struct kafka_producer *producer = kafka_owner_produce(&mock, &owner, 0);
    const struct header headers[] = {
            {VIEW("plain"), VIEW("value")},
            {VIEW("null"), VIEW_NONE},
            {VIEW("empty"), VIEW("")},
            {VIEW("plain"), VIEW("\0\xff")},
    };
    const struct record records[] = {
            {.topic = OUT_TALLIES,
                    .key = VIEW("key"),
                    .value = VIEW("v\0w"),
                    .headers = headers,
                    .header_count = 4,
                    .timestamp_ms = 1700000000123},
            {.topic = OUT_TALLIES, .key = VIEW_NONE, .value = VIEW_NONE, .timestamp_ms = 1},
            {.topic = OUT_TALLIES, .key = VIEW(""), .value = VIEW(""), .partition = PARTITION_ANY},
    };
    struct sink sink = kafka_producer_sink(producer);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(sink_send(&sink, &records[i]), ERR_NONE);
    }
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_producer_in_flight(producer), 0);

    struct kafka_consumer *consumer = kafka_owner_join(&mock, &owner);
    struct kafka_message *held[3] = {NULL};
    for (int i = 0; i < 3; i++) { // all are kept: they must stay readable side by side
        struct kafka_event event = kafka_owner_wait(consumer, KAFKA_MESSAGE);
        CU_ASSERT_PTR_NOT_NULL_FATAL(event.message);
        held[i] = event.message;
    }
    CU_ASSERT_EQUAL(kafka_owner_wait(consumer, KAFKA_PARTITION_EOF).offset, 3);
    for (int i = 0; i < 3; i++) {
        const struct raw_message *raw = &held[i]->raw;
        CU_ASSERT_TRUE(view_equal(raw->key, records[i].key));
        CU_ASSERT_EQUAL(view_is_none(raw->key), view_is_none(records[i].key));
        CU_ASSERT_TRUE(view_equal(raw->value, records[i].value));
        CU_ASSERT_EQUAL(view_is_none(raw->value), view_is_none(records[i].value));
        CU_ASSERT_EQUAL(raw->offset, i);
        CU_ASSERT_EQUAL(raw->header_count, records[i].header_count);
        CU_ASSERT_TRUE(view_is(raw->topic, "tallies"));
    }
    const struct raw_message *first = &held[0]->raw;
    CU_ASSERT_EQUAL(first->timestamp_ms, 1700000000123);
    for (size_t i = 0; i < 4; i++) {
        CU_ASSERT_TRUE(view_equal(first->headers[i].name, headers[i].name));
        CU_ASSERT_TRUE(view_equal(first->headers[i].value, headers[i].value));
        CU_ASSERT_EQUAL(view_is_none(first->headers[i].value), view_is_none(headers[i].value));
    }
    CU_ASSERT_EQUAL(owner.assigned[0].committed, -1);
    CU_ASSERT_EQUAL(owner.assigned[0].low, 0);
    CU_ASSERT_EQUAL(owner.assigned[0].high, 3);
    CU_ASSERT_EQUAL(kafka_consumer_high_watermark(consumer, 0), 3);
    CU_ASSERT_EQUAL(kafka_consumer_lag(consumer), 0);
    for (int i = 0; i < 3; i++) {
        kafka_consumer_release(consumer, held[i]);
    }
    CU_ASSERT_EQUAL(kafka_consumer_close(consumer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(owner.revoked_count, 1);
    CU_ASSERT_EQUAL(owner.lost_count, 0);
    CU_ASSERT_EQUAL(kafka_producer_close(producer, PATIENCE_MS), ERR_NONE);
    mock_kafka_stop(&mock);
}

// Commits come back with their text at the next assignment; rewinding begins a generation; the
// owner may start lower.
static void test_commit_resume_rewind(void)
{
    struct mock_kafka mock;
    kafka_owner_start_loop(&mock, 2);
    struct owner first = {.start = -1, .commit_offset = 6};
    struct kafka_producer *producer = kafka_owner_produce(&mock, &first, 0);
    kafka_owner_send(producer, 0, 10, NULL);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);

    struct kafka_consumer *consumer = kafka_owner_join(&mock, &first);
    kafka_owner_expect(consumer, 0, 5);
    CU_ASSERT_EQUAL(first.assigned_count, 2);
    uint64_t before = kafka_consumer_generation(consumer, 0);
    uint64_t other = kafka_consumer_generation(consumer, 1);
    struct kafka_position back[] = {{0, 2}, {7, 1}};
    CU_ASSERT_EQUAL(kafka_consumer_rewind(consumer, back, 2), ERR_NONE);
    CU_ASSERT_TRUE(kafka_consumer_generation(consumer, 0) > before);
    CU_ASSERT_EQUAL(kafka_consumer_generation(consumer, 1), other);
    kafka_owner_expect(consumer, 2, 8);
    CU_ASSERT_EQUAL(kafka_consumer_next_offset(consumer, 0), 10);
    CU_ASSERT_EQUAL(kafka_consumer_next_offset(consumer, 7), -1);
    // The group goes on after a rewind: an asynchronous commit is acknowledged.
    struct kafka_commit commit = {0, 5, NULL};
    CU_ASSERT_EQUAL(kafka_consumer_commit(consumer, &commit, 1, 0), ERR_NONE);
    struct kafka_consumer_counts counts = {0};
    for (int i = 0; i < 50 && counts.commits == 0; i++) {
        struct kafka_event event;
        kafka_consumer_poll(consumer, 100, &event);
        kafka_consumer_counts(consumer, &counts);
    }
    CU_ASSERT_EQUAL(counts.commits, 1);
    CU_ASSERT_EQUAL(counts.commit_errors, 0);
    CU_ASSERT_EQUAL(kafka_consumer_close(consumer, PATIENCE_MS), ERR_NONE); // commits 6

    struct owner second = {.start = -1, .commit_offset = -1};
    consumer = kafka_owner_join(&mock, &second);
    kafka_owner_expect(consumer, 6, 4);
    CU_ASSERT_EQUAL(second.assigned[0].committed, 6);
    CU_ASSERT_STRING_EQUAL(second.metadata[0], "chunk=7");
    CU_ASSERT_EQUAL(second.assigned[1].committed, -1);
    CU_ASSERT_EQUAL(kafka_consumer_close(consumer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_producer_close(producer, PATIENCE_MS), ERR_NONE);
    mock_kafka_stop(&mock);
}

// How many of the two partitions are the consumer's now.
static int owned_count(const struct kafka_consumer *consumer)
{
    return (kafka_consumer_generation(consumer, 0) != 0) +
           (kafka_consumer_generation(consumer, 1) != 0);
}

// Two members share the partitions; when one leaves, the other gets them all. Whoever joins first
// may have them all for a moment before the second comes.
static void test_rebalance(void)
{
    struct mock_kafka mock;
    kafka_owner_start_loop(&mock, 2);
    struct owner owners[2] = {
            {.start = -1, .commit_offset = -1}, {.start = -1, .commit_offset = -1}};
    struct kafka_consumer *consumers[2] = {
            kafka_owner_join(&mock, &owners[0]), kafka_owner_join(&mock, &owners[1])};
    struct mono_time deadline = mono_after_ms(clock_mono(), PATIENCE_MS);
    struct kafka_event event;
    while ((owned_count(consumers[0]) != 1 || owned_count(consumers[1]) != 1) &&
            mono_left_ms(clock_mono(), deadline) > 0) {
        kafka_consumer_poll(consumers[0], 20, &event);
        kafka_consumer_poll(consumers[1], 20, &event);
    }
    CU_ASSERT_EQUAL(owned_count(consumers[0]), 1);
    CU_ASSERT_EQUAL(owned_count(consumers[1]), 1);
    CU_ASSERT_NOT_EQUAL(kafka_consumer_generation(consumers[0], 0) != 0,
            kafka_consumer_generation(consumers[1], 0) != 0); // and not the same one
    int revoked_before = owners[0].revoked_count;
    CU_ASSERT_EQUAL(kafka_consumer_close(consumers[1], PATIENCE_MS), ERR_NONE);
    uint64_t generation = 0;
    for (int partition = 0; partition < 2; partition++) {
        uint64_t now = kafka_consumer_generation(consumers[0], partition);
        generation = now > generation ? now : generation;
    }
    owners[0].assigned_count = 0;
    deadline = mono_after_ms(clock_mono(), PATIENCE_MS);
    while (owners[0].assigned_count < 2 && mono_left_ms(clock_mono(), deadline) > 0) {
        kafka_consumer_poll(consumers[0], 50, &event);
    }
    CU_ASSERT_EQUAL(owners[0].assigned_count, 2);
    CU_ASSERT_EQUAL(owners[0].revoked_count, revoked_before + 1);
    CU_ASSERT_TRUE(kafka_consumer_generation(consumers[0], 0) > generation);
    CU_ASSERT_EQUAL(kafka_consumer_close(consumers[0], PATIENCE_MS), ERR_NONE);
    mock_kafka_stop(&mock);
}

// The log has lost its beginning (the mock keeps 5 MiB a partition): told at the assignment, and in
// mid-flight.
static void test_offset_lost(void)
{
    struct mock_kafka mock;
    kafka_owner_start_loop(&mock, 1);
    mock_kafka_property(&mock, "compression.type", "none");
    mock_kafka_property(&mock, "batch.num.messages", "1");
    struct owner owner = {.start = 0, .commit_offset = -1};
    struct kafka_producer *producer = kafka_owner_produce(&mock, &owner, 0);
    char *large = calloc(1, 500000);
    struct record record = {
            .topic = OUT_TALLIES, .value = view_bytes(large, 500000), .timestamp_ms = 1};
    for (int i = 0; i < 20; i++) {
        CU_ASSERT_EQUAL(kafka_producer_send(producer, &record), ERR_NONE);
    }
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    struct kafka_consumer *consumer = kafka_owner_join(&mock, &owner);
    struct kafka_event lost = kafka_owner_wait(consumer, KAFKA_OFFSET_LOST);
    CU_ASSERT_EQUAL(lost.offset, 0);
    CU_ASSERT_TRUE(lost.low > 5 && lost.low < 15);
    CU_ASSERT_EQUAL(lost.high, 20);
    kafka_owner_expect(consumer, lost.low, (int)(20 - lost.low));

    uint64_t before = kafka_consumer_generation(consumer, 0);
    struct kafka_position gone = {0, 1};
    CU_ASSERT_EQUAL(kafka_consumer_rewind(consumer, &gone, 1), ERR_NONE);
    struct kafka_event again = kafka_owner_wait(consumer, KAFKA_OFFSET_LOST);
    CU_ASSERT_EQUAL(again.offset, 1);
    CU_ASSERT_EQUAL(again.low, lost.low);
    CU_ASSERT_TRUE(again.generation > before);
    kafka_owner_expect(consumer, again.low, (int)(20 - again.low));

    // While it looks for its place it can be rewound as well; where it looks next is in a second.
    CU_ASSERT_EQUAL(kafka_consumer_rewind(consumer, &gone, 1), ERR_NONE);
    struct kafka_event event;
    CU_ASSERT_EQUAL(kafka_consumer_poll(consumer, 400, &event), KAFKA_NOTHING);
    CU_ASSERT_EQUAL(kafka_consumer_next_offset(consumer, 0), -1);
    struct kafka_position there = {0, 15};
    CU_ASSERT_EQUAL(kafka_consumer_rewind(consumer, &there, 1), ERR_NONE);
    kafka_owner_expect(consumer, 15, 5);
    CU_ASSERT_EQUAL(kafka_consumer_close(consumer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_producer_close(producer, PATIENCE_MS), ERR_NONE);
    free(large);
    mock_kafka_stop(&mock);
}

// Of two partitions that have lost offsets, the second stands before its gap until that is told.
static void test_stands_before_gap(void)
{
    struct mock_kafka mock;
    kafka_owner_start_loop(&mock, 2);
    mock_kafka_property(&mock, "compression.type", "none");
    mock_kafka_property(&mock, "batch.num.messages", "1");
    struct owner owner = {.start = 0, .commit_offset = -1};
    struct kafka_producer *producer = kafka_owner_produce(&mock, &owner, 0);
    char *large = calloc(1, 500000);
    for (int i = 0; i < 40; i++) {
        struct record record = {.topic = OUT_TALLIES,
                .partition = i % 2,
                .value = view_bytes(large, 500000),
                .timestamp_ms = 1};
        CU_ASSERT_EQUAL(kafka_producer_send(producer, &record), ERR_NONE);
    }
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    struct kafka_consumer *consumer = kafka_owner_join(&mock, &owner);
    struct kafka_event first = kafka_owner_wait(consumer, KAFKA_OFFSET_LOST);
    CU_ASSERT_EQUAL(first.partition, 0);
    CU_ASSERT_TRUE(first.low > 0);
    CU_ASSERT_EQUAL(kafka_consumer_next_offset(consumer, 0), first.low);
    CU_ASSERT_EQUAL(kafka_consumer_next_offset(consumer, 1), 0);
    struct kafka_event second = kafka_owner_wait(consumer, KAFKA_OFFSET_LOST);
    CU_ASSERT_EQUAL(second.partition, 1);
    CU_ASSERT_EQUAL(second.offset, 0);
    CU_ASSERT_EQUAL(kafka_consumer_next_offset(consumer, 1), second.low);
    CU_ASSERT_EQUAL(kafka_consumer_close(consumer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_producer_close(producer, PATIENCE_MS), ERR_NONE);
    free(large);
    mock_kafka_stop(&mock);
}

// While held nothing is delivered, the membership stays; afterwards it goes on where it was.
static void test_hold(void)
{
    struct mock_kafka mock;
    kafka_owner_start_loop(&mock, 1);
    struct owner owner = {.start = -1, .commit_offset = -1};
    struct kafka_producer *producer = kafka_owner_produce(&mock, &owner, 0);
    kafka_owner_send(producer, 0, 10, NULL);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    struct kafka_consumer *consumer = kafka_owner_join(&mock, &owner);
    kafka_owner_expect(consumer, 0, 4);
    CU_ASSERT_EQUAL(kafka_consumer_hold(consumer, true), ERR_NONE);
    struct kafka_event event;
    CU_ASSERT_EQUAL(kafka_consumer_poll(consumer, 500, &event), KAFKA_NOTHING);
    // Settled work can be committed meanwhile; the answer comes later than we want to wait for it.
    struct kafka_commit commit = {0, 4, NULL};
    rd_kafka_mock_broker_set_rtt(mock.cluster, 1, 1000);
    CU_ASSERT_EQUAL(kafka_consumer_commit(consumer, &commit, 1, 100), ERR_DEADLINE);
    CU_ASSERT_EQUAL(kafka_consumer_poll(consumer, 1500, &event), KAFKA_NOTHING);
    rd_kafka_mock_broker_set_rtt(mock.cluster, 1, 0);
    CU_ASSERT_EQUAL(kafka_consumer_commit(consumer, &commit, 1, 5000), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_consumer_hold(consumer, false), ERR_NONE);
    kafka_owner_expect(consumer, 4, 6);
    CU_ASSERT_EQUAL(owner.revoked_count, 0);
    CU_ASSERT_EQUAL(kafka_consumer_close(consumer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_producer_close(producer, PATIENCE_MS), ERR_NONE);
    mock_kafka_stop(&mock);
}

// The group throws us out: the owner hears that its partitions are lost and commits nothing; we
// join again. Meanwhile the group's offsets cannot be had: partitions wait until they can, nothing
// begins at a guess.
static void test_thrown_out(void)
{
    enum { OFFSET_FETCH = 9, HEARTBEAT = 12 };
    struct mock_kafka mock;
    kafka_owner_start_loop(&mock, 1);
    struct owner owner = {.start = -1, .commit_offset = 3};
    struct kafka_producer *producer = kafka_owner_produce(&mock, &owner, 0);
    kafka_owner_send(producer, 0, 10, NULL);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    struct kafka_consumer *consumer = kafka_owner_join(&mock, &owner);
    kafka_owner_expect(consumer, 0, 10);
    struct kafka_commit commit = {0, 7, "x"};
    CU_ASSERT_EQUAL(kafka_consumer_commit(consumer, &commit, 1, 5000), ERR_NONE);
    rd_kafka_mock_push_request_errors(
            mock.cluster, HEARTBEAT, 1, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
    for (int i = 0; i < 2; i++) {
        rd_kafka_mock_push_request_errors(
                mock.cluster, OFFSET_FETCH, 1, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    }
    CU_ASSERT_EQUAL(kafka_owner_wait(consumer, KAFKA_TROUBLE).trouble, ERR_REFUSED);
    CU_ASSERT_EQUAL(owner.revoked_count, 1);
    CU_ASSERT_EQUAL(owner.lost_count, 1);
    CU_ASSERT_EQUAL(owner.assigned_count, 1);
    kafka_owner_expect(consumer, 7, 3);
    CU_ASSERT_EQUAL(owner.assigned_count, 2);
    CU_ASSERT_EQUAL(owner.assigned[0].committed, 7);
    CU_ASSERT_STRING_EQUAL(owner.metadata[0], "x");
    CU_ASSERT_EQUAL(kafka_consumer_close(consumer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_producer_close(producer, PATIENCE_MS), ERR_NONE);
    mock_kafka_stop(&mock);
}

struct traffic {
    struct kafka_producer *producer;
    atomic_bool stop;
};

static void *produce_on(void *self)
{
    struct traffic *traffic = self;
    while (!traffic->stop) {
        kafka_owner_send(traffic->producer, 0, 20, NULL);
        kafka_producer_poll(traffic->producer, 1);
    }
    return NULL;
}

// What is fetched while the consumer takes its leave is nobody's, and no reason to die.
static void test_close_under_load(void)
{
    struct mock_kafka mock;
    kafka_owner_start_loop(&mock, 1);
    struct owner owner = {.start = -1, .commit_offset = -1};
    struct traffic traffic = {.producer = kafka_owner_produce(&mock, &owner, 0)};
    pthread_t thread;
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, produce_on, &traffic), 0);
    struct kafka_consumer *consumer = kafka_owner_join(&mock, &owner);
    for (int i = 0; i < 500; i++) { // so that fetches follow one another
        struct kafka_event event = kafka_owner_wait(consumer, KAFKA_MESSAGE);
        kafka_consumer_release(consumer, event.message);
    }
    CU_ASSERT_EQUAL(kafka_consumer_close(consumer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(owner.revoked_count, 1);
    CU_ASSERT_EQUAL(owner.lost_count, 0);
    traffic.stop = true;
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(kafka_producer_close(traffic.producer, PATIENCE_MS), ERR_NONE);
    mock_kafka_stop(&mock);
}

// librdkafka dies of an assignment that comes before it has stopped what the one before took away
// (#5573): rewinds may follow one another without a poll between them.
static void test_rewinds_in_a_row(void)
{
    struct mock_kafka mock;
    kafka_owner_start_loop(&mock, 2);
    struct owner owner = {.start = -1, .commit_offset = -1};
    struct kafka_producer *producer = kafka_owner_produce(&mock, &owner, 0);
    kafka_owner_send(producer, 0, 10, NULL);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    struct kafka_consumer *consumer = kafka_owner_join(&mock, &owner);
    kafka_owner_expect(consumer, 0, 10);
    for (int round = 0; round < 200; round++) {
        struct kafka_position back = {round % 2, round % 2 == 0 ? round % 10 : 0};
        CU_ASSERT_EQUAL(kafka_consumer_rewind(consumer, &back, 1), ERR_NONE);
    }
    struct kafka_position back = {0, 3};
    CU_ASSERT_EQUAL(kafka_consumer_rewind(consumer, &back, 1), ERR_NONE);
    kafka_owner_expect(consumer, 3, 7);
    CU_ASSERT_EQUAL(kafka_consumer_rewind(consumer, &back, 1), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_consumer_close(consumer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_producer_close(producer, PATIENCE_MS), ERR_NONE);
    mock_kafka_stop(&mock);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"round_trip", test_round_trip},
            {"commit_resume_rewind", test_commit_resume_rewind},
            {"rebalance", test_rebalance},
            {"offset_lost", test_offset_lost},
            {"stands_before_gap", test_stands_before_gap},
            {"hold", test_hold},
            {"thrown_out", test_thrown_out},
            {"close_under_load", test_close_under_load},
            {"rewinds_in_a_row", test_rewinds_in_a_row},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "kafka_consumer", tests);
}
