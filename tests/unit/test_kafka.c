// The Kafka room against a mock cluster in this process. A group's first join takes 3 s there, so each test makes one.
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "kafka/consumer.h"
#include "kafka/kafka.h"
#include "kafka/producer.h"
#include "tests/support/mock_kafka.h"
#include "tests/support/unit.h"

enum { PATIENCE_MS = 20000, HELD_MAX = 1000, PARTITIONS = 3 };

// --- an owner that writes down what it is told -------------------------------------------------

struct owner {
    struct kafka_consumer *consumer;
    struct kafka_assignment assigned[PARTITIONS];
    char metadata[PARTITIONS][64];
    int assigned_count;
    int revoked_count;
    int lost_count;
    int64_t start;         // -1 = as it comes
    int64_t commit_offset; // committed for partition 0 at a revoke; -1 = none
    int delivered;
    int undelivered;
    enum err undelivered_err;
};

static void on_assign(void *self, const struct kafka_assignment *assignment, int64_t *start)
{
    struct owner *owner = self;
    CU_ASSERT_FATAL(assignment->partition < PARTITIONS);
    owner->assigned[assignment->partition] = *assignment;
    snprintf(owner->metadata[assignment->partition], sizeof owner->metadata[0], "%.*s",
            VIEW_ARGS(assignment->metadata));
    owner->assigned_count++;
    if (owner->start >= 0) {
        *start = owner->start;
    }
}

static void on_revoke(void *self, bool lost)
{
    struct owner *owner = self;
    owner->revoked_count++;
    owner->lost_count += lost;
    if (owner->commit_offset >= 0 && !lost) {
        struct kafka_commit commit = {0, owner->commit_offset, "chunk=7"};
        CU_ASSERT_EQUAL(kafka_consumer_commit(owner->consumer, &commit, 1, 5000), ERR_NONE);
    }
}

static void on_delivered(void *self, void *ticket, enum err err)
{
    struct owner *owner = self;
    int *slot = ticket;
    *slot += 1;
    if (err == ERR_NONE) {
        owner->delivered++;
    } else {
        owner->undelivered++;
        owner->undelivered_err = err;
    }
}

static const struct kafka_consumer_owner consumer_owner = {on_assign, on_revoke};

static struct kafka_consumer *join(struct mock_kafka *mock, struct owner *owner)
{
    struct strbuf findings;
    strbuf_init(&findings, 4096);
    struct kafka_consumer_options options = {
            .config = &mock->config,
            .topic = mock->config.topics.outbound,
            .group = mock->config.kafka.group,
            .start = START_EARLIEST,
            .owner = &consumer_owner,
            .self = owner,
    };
    struct kafka_consumer *consumer = NULL;
    CU_ASSERT_EQUAL_FATAL(kafka_consumer_create(&consumer, &options, &findings), ERR_NONE);
    owner->consumer = consumer;
    strbuf_fini(&findings);
    return consumer;
}

static struct kafka_producer *open_producer(
        struct mock_kafka *mock, struct owner *owner, int64_t queue_wait_ms)
{
    struct strbuf findings;
    strbuf_init(&findings, 4096);
    struct kafka_producer_options options = {
            .config = &mock->config,
            .on_delivered = on_delivered,
            .self = owner,
            .queue_wait_ms = queue_wait_ms,
    };
    struct kafka_producer *producer = NULL;
    CU_ASSERT_EQUAL_FATAL(kafka_producer_create(&producer, &options, &findings), ERR_NONE);
    strbuf_fini(&findings);
    return producer;
}

// Sends `count` records "0", "1", … to a partition of the tally topic, which the tests read as their input.
static void send_numbers(struct kafka_producer *producer, int32_t partition, int count, int *ticket)
{
    for (int i = 0; i < count; i++) {
        char text[16];
        int n = snprintf(text, sizeof text, "%d", i);
        struct record record = {
                .topic = OUT_TALLIES,
                .partition = partition,
                .value = view_bytes(text, (size_t)n),
                .timestamp_ms = 1700000000000 + i,
                .ticket = ticket,
        };
        CU_ASSERT_EQUAL_FATAL(kafka_producer_send(producer, &record), ERR_NONE);
    }
}

// The next event of that kind; what else comes is given back unread. NOTHING when patience ends.
static struct kafka_event wait_for(struct kafka_consumer *consumer, enum kafka_event_kind kind)
{
    struct mono_time deadline = mono_after_ms(clock_mono(), PATIENCE_MS);
    struct kafka_event event = {.kind = KAFKA_NOTHING};
    while (mono_left_ms(clock_mono(), deadline) > 0) {
        if (kafka_consumer_poll(consumer, 100, &event) == kind) {
            return event;
        }
        if (event.kind == KAFKA_MESSAGE) {
            kafka_consumer_release(consumer, event.message);
        }
    }
    CU_FAIL("an event did not come");
    return (struct kafka_event){.kind = KAFKA_NOTHING};
}

// Reads messages of partition 0 and checks that they are first .. first + count - 1.
static void expect_run(struct kafka_consumer *consumer, int64_t first, int count)
{
    for (int i = 0; i < count; i++) {
        struct kafka_event event = wait_for(consumer, KAFKA_MESSAGE);
        CU_ASSERT_EQUAL_FATAL(event.kind, KAFKA_MESSAGE);
        CU_ASSERT_EQUAL(event.message->raw.offset, first + i);
        CU_ASSERT_EQUAL(event.generation,
                kafka_consumer_generation(consumer, event.message->raw.partition));
        kafka_consumer_release(consumer, event.message);
    }
}

static void start_reading_tallies(struct mock_kafka *mock, int partitions)
{
    mock_kafka_start(mock, partitions);
    free(mock->config.topics.outbound);
    mock->config.topics.outbound = strdup(mock->config.topics.tallies);
}

// --- tests -------------------------------------------------------------------------------------

static void test_round_trip(void)
{
    struct mock_kafka mock;
    start_reading_tallies(&mock, 1);
    struct owner owner = {.start = -1, .commit_offset = -1};
    struct kafka_producer *producer = open_producer(&mock, &owner, 0);
    const struct header headers[] = {
            {VIEW("plain"), VIEW("value")},
            {VIEW("null"), VIEW_NONE},
            {VIEW("empty"), VIEW("")},
            {VIEW("plain"), VIEW("\0\xff")},
    };
    const struct record records[] = {
            {.topic = OUT_TALLIES, .key = VIEW("key"), .value = VIEW("v\0w"), .headers = headers,
                    .header_count = 4, .timestamp_ms = 1700000000123},
            {.topic = OUT_TALLIES, .key = VIEW_NONE, .value = VIEW_NONE, .timestamp_ms = 1},
            {.topic = OUT_TALLIES, .key = VIEW(""), .value = VIEW(""), .partition = PARTITION_ANY},
    };
    struct sink sink = kafka_producer_sink(producer);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(sink_send(&sink, &records[i]), ERR_NONE);
    }
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_producer_in_flight(producer), 0);

    struct kafka_consumer *consumer = join(&mock, &owner);
    struct kafka_message *held[3] = {NULL};
    for (int i = 0; i < 3; i++) { // all are kept: they must stay readable side by side
        struct kafka_event event = wait_for(consumer, KAFKA_MESSAGE);
        CU_ASSERT_PTR_NOT_NULL_FATAL(event.message);
        held[i] = event.message;
    }
    CU_ASSERT_EQUAL(wait_for(consumer, KAFKA_PARTITION_EOF).offset, 3);
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
        CU_ASSERT_EQUAL(
                view_is_none(first->headers[i].value), view_is_none(headers[i].value));
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

// Commits come back with their text at the next assignment; rewinding begins a generation; the owner may start lower.
static void test_commit_resume_rewind(void)
{
    struct mock_kafka mock;
    start_reading_tallies(&mock, 2);
    struct owner first = {.start = -1, .commit_offset = 6};
    struct kafka_producer *producer = open_producer(&mock, &first, 0);
    send_numbers(producer, 0, 10, NULL);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);

    struct kafka_consumer *consumer = join(&mock, &first);
    expect_run(consumer, 0, 5);
    CU_ASSERT_EQUAL(first.assigned_count, 2);
    uint64_t before = kafka_consumer_generation(consumer, 0);
    uint64_t other = kafka_consumer_generation(consumer, 1);
    struct kafka_position back[] = {{0, 2}, {7, 1}};
    CU_ASSERT_EQUAL(kafka_consumer_rewind(consumer, back, 2), ERR_NONE);
    CU_ASSERT_TRUE(kafka_consumer_generation(consumer, 0) > before);
    CU_ASSERT_EQUAL(kafka_consumer_generation(consumer, 1), other);
    expect_run(consumer, 2, 8);
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
    consumer = join(&mock, &second);
    expect_run(consumer, 6, 4);
    CU_ASSERT_EQUAL(second.assigned[0].committed, 6);
    CU_ASSERT_STRING_EQUAL(second.metadata[0], "chunk=7");
    CU_ASSERT_EQUAL(second.assigned[1].committed, -1);
    CU_ASSERT_EQUAL(kafka_consumer_close(consumer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_producer_close(producer, PATIENCE_MS), ERR_NONE);
    mock_kafka_stop(&mock);
}

// Two members share the partitions; when one leaves, the other gets them all.
static void test_rebalance(void)
{
    struct mock_kafka mock;
    start_reading_tallies(&mock, 2);
    struct owner owners[2] = {
            {.start = -1, .commit_offset = -1}, {.start = -1, .commit_offset = -1}};
    struct kafka_consumer *consumers[2] = {join(&mock, &owners[0]), join(&mock, &owners[1])};
    struct mono_time deadline = mono_after_ms(clock_mono(), PATIENCE_MS);
    struct kafka_event event;
    while ((owners[0].assigned_count == 0 || owners[1].assigned_count == 0) &&
            mono_left_ms(clock_mono(), deadline) > 0) {
        kafka_consumer_poll(consumers[0], 20, &event);
        kafka_consumer_poll(consumers[1], 20, &event);
    }
    CU_ASSERT_EQUAL(owners[0].assigned_count, 1);
    CU_ASSERT_EQUAL(owners[1].assigned_count, 1);
    CU_ASSERT_EQUAL(kafka_consumer_close(consumers[1], PATIENCE_MS), ERR_NONE);
    uint64_t generation = 0;
    for (int partition = 0; partition < 2; partition++) {
        uint64_t now = kafka_consumer_generation(consumers[0], partition);
        generation = now > generation ? now : generation;
    }
    owners[0].assigned_count = 0;
    while (owners[0].assigned_count < 2 && mono_left_ms(clock_mono(), deadline) > 0) {
        kafka_consumer_poll(consumers[0], 50, &event);
    }
    CU_ASSERT_EQUAL(owners[0].assigned_count, 2);
    CU_ASSERT_EQUAL(owners[0].revoked_count, 1);
    CU_ASSERT_TRUE(kafka_consumer_generation(consumers[0], 0) > generation);
    CU_ASSERT_EQUAL(kafka_consumer_close(consumers[0], PATIENCE_MS), ERR_NONE);
    mock_kafka_stop(&mock);
}

// The log has lost its beginning (the mock keeps 5 MiB a partition): told at the assignment, and in mid-flight.
static void test_offset_lost(void)
{
    struct mock_kafka mock;
    start_reading_tallies(&mock, 1);
    mock_kafka_property(&mock, "compression.type", "none");
    mock_kafka_property(&mock, "batch.num.messages", "1");
    struct owner owner = {.start = 0, .commit_offset = -1};
    struct kafka_producer *producer = open_producer(&mock, &owner, 0);
    char *large = calloc(1, 500000);
    struct record record = {
            .topic = OUT_TALLIES, .value = view_bytes(large, 500000), .timestamp_ms = 1};
    for (int i = 0; i < 20; i++) {
        CU_ASSERT_EQUAL(kafka_producer_send(producer, &record), ERR_NONE);
    }
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    struct kafka_consumer *consumer = join(&mock, &owner);
    struct kafka_event lost = wait_for(consumer, KAFKA_OFFSET_LOST);
    CU_ASSERT_EQUAL(lost.offset, 0);
    CU_ASSERT_TRUE(lost.low > 5 && lost.low < 15);
    CU_ASSERT_EQUAL(lost.high, 20);
    expect_run(consumer, lost.low, (int)(20 - lost.low));

    uint64_t before = kafka_consumer_generation(consumer, 0);
    struct kafka_position gone = {0, 1};
    CU_ASSERT_EQUAL(kafka_consumer_rewind(consumer, &gone, 1), ERR_NONE);
    struct kafka_event again = wait_for(consumer, KAFKA_OFFSET_LOST);
    CU_ASSERT_EQUAL(again.offset, 1);
    CU_ASSERT_EQUAL(again.low, lost.low);
    CU_ASSERT_TRUE(again.generation > before);
    expect_run(consumer, again.low, (int)(20 - again.low));
    CU_ASSERT_EQUAL(kafka_consumer_close(consumer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_producer_close(producer, PATIENCE_MS), ERR_NONE);
    free(large);
    mock_kafka_stop(&mock);
}

// The broker goes and comes back: the consumer says so once and goes on, the producer delivers everything once.
static void test_broker_down_and_up(void)
{
    struct mock_kafka mock;
    start_reading_tallies(&mock, 1);
    struct owner owner = {.start = -1, .commit_offset = -1};
    struct kafka_producer *producer = open_producer(&mock, &owner, 0);
    struct kafka_consumer *consumer = join(&mock, &owner);
    int tickets = 0;
    send_numbers(producer, 0, 10, &tickets);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    expect_run(consumer, 0, 10);

    rd_kafka_mock_broker_set_down(mock.cluster, 1);
    send_numbers(producer, 0, 10, &tickets);
    CU_ASSERT_EQUAL(wait_for(consumer, KAFKA_TROUBLE).trouble, ERR_UNAVAILABLE);
    struct kafka_event event;
    for (int i = 0; i < 10; i++) {
        CU_ASSERT_EQUAL(kafka_consumer_poll(consumer, 100, &event), KAFKA_NOTHING);
        kafka_producer_poll(producer, 0);
    }
    CU_ASSERT_EQUAL(owner.delivered, 10);
    CU_ASSERT_EQUAL(kafka_producer_in_flight(producer), 10);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, 200), ERR_DEADLINE);

    rd_kafka_mock_broker_set_up(mock.cluster, 1);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    expect_run(consumer, 10, 10);
    CU_ASSERT_EQUAL(owner.delivered, 20);
    CU_ASSERT_EQUAL(tickets, 20);
    CU_ASSERT_EQUAL(owner.undelivered, 0);
    CU_ASSERT_FALSE(kafka_producer_is_broken(producer));
    CU_ASSERT_EQUAL(kafka_consumer_close(consumer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_producer_close(producer, PATIENCE_MS), ERR_NONE);
    mock_kafka_stop(&mock);
}

// Nothing listens: polls return, trouble is told once, everything can be closed in time.
static void test_nobody_there(void)
{
    struct mock_kafka mock;
    mock_kafka_start(&mock, 1);
    free(mock.config.kafka.bootstrap);
    mock.config.kafka.bootstrap = strdup("127.0.0.1:1");
    struct owner owner = {.start = -1, .commit_offset = -1};
    struct kafka_consumer *consumer = join(&mock, &owner);
    struct kafka_producer *producer = open_producer(&mock, &owner, 0);
    int tickets = 0;
    send_numbers(producer, PARTITION_ANY, 3, &tickets);
    int told = 0;
    struct kafka_event event;
    for (int i = 0; i < 20; i++) {
        told += kafka_consumer_poll(consumer, 50, &event) == KAFKA_TROUBLE;
        kafka_producer_poll(producer, 0);
    }
    CU_ASSERT_EQUAL(told, 1);
    CU_ASSERT_PTR_NOT_NULL(kafka_producer_take_trouble(producer));
    CU_ASSERT_PTR_NULL(kafka_producer_take_trouble(producer));
    CU_ASSERT_EQUAL(kafka_consumer_close(consumer, 5000), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_producer_close(producer, 5000), ERR_NONE);
    CU_ASSERT_EQUAL(owner.undelivered, 3); // no ticket is forgotten
    CU_ASSERT_EQUAL(owner.undelivered_err, ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(owner.revoked_count, 0);
    mock_kafka_stop(&mock);
}

static void test_queue_full(void)
{
    struct mock_kafka mock;
    mock_kafka_start(&mock, 1);
    mock_kafka_property(&mock, "queue.buffering.max.messages", "10");
    struct owner owner = {.start = -1};
    struct kafka_producer *producer = open_producer(&mock, &owner, 200);
    int tickets = 0;
    send_numbers(producer, 0, 200, &tickets); // waits for room many times
    struct kafka_producer_counts counts;
    kafka_producer_counts(producer, &counts);
    CU_ASSERT_TRUE(counts.queue_full > 0);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(owner.delivered, 200);

    rd_kafka_mock_broker_set_down(mock.cluster, 1);
    send_numbers(producer, 0, 10, &tickets);
    struct record record = {.topic = OUT_TALLIES, .value = VIEW("too many"), .ticket = &tickets};
    CU_ASSERT_EQUAL(kafka_producer_send(producer, &record), ERR_UNAVAILABLE);
    rd_kafka_mock_broker_set_up(mock.cluster, 1);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_producer_send(producer, &record), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(owner.delivered, 211);
    CU_ASSERT_EQUAL(kafka_producer_close(producer, PATIENCE_MS), ERR_NONE);
    mock_kafka_stop(&mock);
}

// A record that no broker takes, and a partition that does not exist: refused without harm (headers and all).
static void test_bad_records(void)
{
    struct mock_kafka mock;
    mock_kafka_start(&mock, 1);
    struct owner owner = {.start = -1};
    struct kafka_producer *producer = open_producer(&mock, &owner, 200);
    int tickets = 0;
    send_numbers(producer, 0, 1, &tickets);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    const struct header header = {VIEW("name"), VIEW("value")};
    struct record record = {.topic = OUT_TALLIES, .partition = 99, .value = VIEW("x"),
            .headers = &header, .header_count = 1, .ticket = &tickets};
    CU_ASSERT_EQUAL(kafka_producer_send(producer, &record), ERR_UNAVAILABLE);
    char *large = calloc(1, 2000000);
    record.partition = 0;
    record.value = view_bytes(large, 2000000);
    CU_ASSERT_EQUAL(kafka_producer_send(producer, &record), ERR_DATA);
    free(large);
    CU_ASSERT_EQUAL(kafka_producer_in_flight(producer), 0);
    CU_ASSERT_EQUAL(kafka_producer_close(producer, PATIENCE_MS), ERR_NONE);
    mock_kafka_stop(&mock);
}

static void test_rebuild(void)
{
    struct mock_kafka mock;
    mock_kafka_start(&mock, 1);
    struct owner owner = {.start = -1};
    struct kafka_producer *producer = open_producer(&mock, &owner, 0);
    int tickets = 0;
    send_numbers(producer, 0, 5, &tickets);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    rd_kafka_mock_broker_set_down(mock.cluster, 1);
    send_numbers(producer, 0, 5, &tickets);
    kafka_producer_break(producer);
    for (int i = 0; i < 50 && !kafka_producer_is_broken(producer); i++) {
        kafka_producer_poll(producer, 50);
    }
    CU_ASSERT_TRUE(kafka_producer_is_broken(producer));
    struct record record = {.topic = OUT_TALLIES, .value = VIEW("x"), .ticket = &tickets};
    CU_ASSERT_EQUAL(kafka_producer_send(producer, &record), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(kafka_producer_rebuild(producer), ERR_NONE);
    CU_ASSERT_EQUAL(tickets, 10); // each came back once
    CU_ASSERT_EQUAL(owner.undelivered, 5);
    CU_ASSERT_FALSE(kafka_producer_is_broken(producer));
    rd_kafka_mock_broker_set_up(mock.cluster, 1);
    CU_ASSERT_EQUAL(kafka_producer_send(producer, &record), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(owner.delivered, 6);
    CU_ASSERT_EQUAL(kafka_producer_close(producer, PATIENCE_MS), ERR_NONE);
    mock_kafka_stop(&mock);
}

static void test_properties(void)
{
    static const struct {
        const char *name;
        const char *value;
        const char *finding; // "" = accepted
    } rows[] = {
            {"fetch.wait.max.ms", "7", ""},
            {"acks", "all", ""},
            {"acks", "1", "kafka.properties.acks: cannot be changed"},
            {"enable.auto.commit", "true", "kafka.properties.enable.auto.commit: cannot be"},
            {"group.id", "g", "kafka.properties.group.id: set kafka.group instead"},
            {"no.such.thing", "1", "kafka.properties.no.such.thing: No such configuration"},
            {"linger.ms", "soon", "kafka.properties.linger.ms: Invalid value"},
            {"partition.assignment.strategy", "cooperative-sticky",
                    "kafka.properties.partition.assignment.strategy: cannot be"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct property property = {
                .name = strdup(rows[i].name), .value = strdup(rows[i].value)};
        struct config config = {.kafka = {.property_count = 1}};
        config.kafka.properties[0] = property;
        config.kafka.bootstrap = strdup("127.0.0.1:1");
        struct strbuf findings;
        strbuf_init(&findings, 4096);
        bool good = rows[i].finding[0] == '\0';
        CU_ASSERT_EQUAL(kafka_check_properties(&config, &findings), good ? ERR_NONE : ERR_CONFIG);
        CU_ASSERT_EQUAL(findings.n == 0, good);
        CU_ASSERT_TRUE(view_starts_with(strbuf_view(&findings), view_of(rows[i].finding)));
        strbuf_fini(&findings);
        free(property.name);
        free(property.value);
        free(config.kafka.bootstrap);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"properties", test_properties},
            {"round_trip", test_round_trip},
            {"commit_resume_rewind", test_commit_resume_rewind},
            {"rebalance", test_rebalance},
            {"offset_lost", test_offset_lost},
            {"broker_down_and_up", test_broker_down_and_up},
            {"nobody_there", test_nobody_there},
            {"queue_full", test_queue_full},
            {"bad_records", test_bad_records},
            {"rebuild", test_rebuild},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "kafka", tests);
}
