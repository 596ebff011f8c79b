// The producer, the reader and the admin of the Kafka room, and its properties, against a mock
// cluster in this process.
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "kafka/admin.h"
#include "kafka/client.h"
#include "kafka/kafka.h"
#include "kafka/reader.h"
#include "tests/support/kafka_owner.h"
#include "tests/support/unit.h"

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
        struct property property = {.name = strdup(rows[i].name), .value = strdup(rows[i].value)};
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

// Settings that not every library knows: ours where it does, but for what the configuration says.
static void test_newer_settings(void)
{
    static const struct {
        const char *name;
        const char *ours;
        const char *other;
        int known_from;
    } rows[] = {
            {"enable.metrics.push", "false", "true", 0x02050000},
            {"fetch.queue.backoff.ms", "20", "500", 0x02020000},
    };
    char bootstrap[] = "127.0.0.1:1";
    for (size_t i = 0; i < 2 * (sizeof rows / sizeof rows[0]); i++) {
        const bool is_configured = i % 2 != 0;
        const struct property property = {
                .name = strdup(rows[i / 2].name), .value = strdup(rows[i / 2].other)};
        struct config config = {.kafka = {.bootstrap = bootstrap, .property_count = is_configured}};
        config.kafka.properties[0] = property;
        struct kafka_client client = {0};
        struct strbuf findings;
        strbuf_init(&findings, 4096);
        rd_kafka_conf_t *conf = NULL;
        char text[8] = "";
        size_t text_bytes = sizeof text;
        enum err e = kafka_client_conf(&client, CLIENT_READER, &config, &findings, &conf);
        bool is_known = e == ERR_NONE && rd_kafka_conf_get(conf, property.name, text,
                                                 &text_bytes) == RD_KAFKA_CONF_OK;
        CU_ASSERT_EQUAL(is_known, rd_kafka_version() >= rows[i / 2].known_from);
        if (is_known) {
            CU_ASSERT_STRING_EQUAL(text, is_configured ? rows[i / 2].other : rows[i / 2].ours);
        }
        if (e == ERR_NONE) {
            rd_kafka_conf_destroy(conf);
        }
        strbuf_fini(&findings);
        free(property.name);
        free(property.value);
    }
}

// What librdkafka has said of a client and was left out of the log is told when the client is no more.
static void test_log_outlives_client(void)
{
    char name[] = "debug";
    char value[] = "conf";
    char bootstrap[] = "127.0.0.1:1";
    struct config config = {.kafka = {.bootstrap = bootstrap, .property_count = 1}};
    config.kafka.properties[0] = (struct property){.name = name, .value = value};
    unsigned long long before = log_counts().suppressed;
    log_setup(LOG_TEXT, LOG_DEBUG);
    for (unsigned i = 0; i < 2; i++) {
        enum client_role role = i == 0 ? CLIENT_ADMIN : CLIENT_READER;
        struct kafka_client client = {0};
        struct strbuf findings;
        strbuf_init(&findings, 4096);
        rd_kafka_conf_t *conf = NULL;
        CU_ASSERT_EQUAL_FATAL(
                kafka_client_conf(&client, role, &config, &findings, &conf), ERR_NONE);
        CU_ASSERT_EQUAL_FATAL(kafka_client_start(&client, role, conf, &findings), ERR_NONE);
        CU_ASSERT_EQUAL_FATAL(kafka_client_stop(&client, PATIENCE_MS), ERR_NONE);
        memset((void *)&client, 0xA5, sizeof client); // its memory is somebody else's
        CU_ASSERT_TRUE(log_counts().suppressed > before);
        before = log_counts().suppressed;
        log_tell_suppressed(true);
        strbuf_fini(&findings);
    }
    log_setup(LOG_TEXT, LOG_INFO);
}

// The broker goes and comes back: the consumer says so once and goes on, the producer delivers
// everything once.
static void test_broker_down_and_up(void)
{
    struct mock_kafka mock;
    kafka_owner_start_loop(&mock, 1);
    struct owner owner = {.start = -1, .commit_offset = -1};
    struct kafka_producer *producer = kafka_owner_produce(&mock, &owner, 0);
    struct kafka_consumer *consumer = kafka_owner_join(&mock, &owner);
    int tickets = 0;
    kafka_owner_send(producer, 0, 10, &tickets);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    kafka_owner_expect(consumer, 0, 10);

    rd_kafka_mock_broker_set_down(mock.cluster, 1);
    kafka_owner_send(producer, 0, 10, &tickets);
    CU_ASSERT_EQUAL(kafka_owner_wait(consumer, KAFKA_TROUBLE).trouble, ERR_UNAVAILABLE);
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
    kafka_owner_expect(consumer, 10, 10);
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
    struct kafka_consumer *consumer = kafka_owner_join(&mock, &owner);
    struct kafka_producer *producer = kafka_owner_produce(&mock, &owner, 0);
    int tickets = 0;
    kafka_owner_send(producer, PARTITION_ANY, 3, &tickets);
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
    struct kafka_producer *producer = kafka_owner_produce(&mock, &owner, 200);
    int tickets = 0;
    kafka_owner_send(producer, 0, 200, &tickets); // waits for room many times
    struct kafka_producer_counts counts;
    kafka_producer_counts(producer, &counts);
    CU_ASSERT_TRUE(counts.queue_full > 0);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(owner.delivered, 200);

    rd_kafka_mock_broker_set_down(mock.cluster, 1);
    kafka_owner_send(producer, 0, 10, &tickets);
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

// A record that no broker takes, and a partition that does not exist: refused without harm (headers
// and all).
static void test_bad_records(void)
{
    struct mock_kafka mock;
    mock_kafka_start(&mock, 1);
    struct owner owner = {.start = -1};
    struct kafka_producer *producer = kafka_owner_produce(&mock, &owner, 200);
    int tickets = 0;
    kafka_owner_send(producer, 0, 1, &tickets);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    const struct header header = {VIEW("name"), VIEW("value")};
    struct record record = {.topic = OUT_TALLIES,
            .partition = 99,
            .value = VIEW("x"),
            .headers = &header,
            .header_count = 1,
            .ticket = &tickets};
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
    struct kafka_producer *producer = kafka_owner_produce(&mock, &owner, 0);
    int tickets = 0;
    kafka_owner_send(producer, 0, 5, &tickets);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    rd_kafka_mock_broker_set_down(mock.cluster, 1);
    kafka_owner_send(producer, 0, 5, &tickets);
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

static void test_reader_and_admin(void)
{
    struct mock_kafka mock;
    mock_kafka_start(&mock, 2);
    struct strbuf findings;
    strbuf_init(&findings, 4096);
    struct kafka_admin *admin = NULL;
    CU_ASSERT_EQUAL_FATAL(kafka_admin_create(&admin, &mock.config, &findings), ERR_NONE);
    const char *const names[] = {"tallies", "nowhere", "alerts"};
    uint32_t partitions[3] = {9, 9, 9};
    CU_ASSERT_EQUAL(kafka_admin_partitions(admin, names, 3, PATIENCE_MS, partitions), ERR_NONE);
    CU_ASSERT_EQUAL(partitions[0], 2);
    CU_ASSERT_EQUAL(partitions[1], 0);
    CU_ASSERT_EQUAL(partitions[2], 1);
    atomic_bool stop = false;
    CU_ASSERT_EQUAL(kafka_admin_await(admin, names, 1, &stop, partitions), ERR_NONE);
    stop = true;
    CU_ASSERT_EQUAL(kafka_admin_await(admin, names, 1, &stop, partitions), ERR_DEADLINE);
    // The mock knows no CreateTopics: said, not waited for without end.
    struct topic_plan plan = {.name = "new", .partitions = 1, .replication = 1};
    struct topic_made made;
    CU_ASSERT_TRUE(kafka_admin_make(admin, &plan, 1, 500, &made) != ERR_NONE);
    CU_ASSERT_TRUE(made.text[0] != '\0');
    kafka_admin_destroy(admin);

    struct owner owner = {.start = -1};
    struct kafka_producer *producer = kafka_owner_produce(&mock, &owner, 0);
    kafka_owner_send(producer, 0, 3, NULL);
    kafka_owner_send(producer, 1, 3, NULL);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    struct kafka_reader *reader = NULL;
    CU_ASSERT_EQUAL_FATAL(kafka_reader_create(&reader, &mock.config, &findings), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_reader_add(reader, "tallies", 0, KAFKA_FROM_BEGINNING), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_reader_add(reader, "tallies", 1, 2), ERR_NONE);
    int messages = 0;
    int ends = 0;
    struct kafka_event event;
    for (int i = 0; i < 100 && ends < 2; i++) {
        enum kafka_event_kind kind = kafka_reader_poll(reader, 100, &event);
        ends += kind == KAFKA_PARTITION_EOF;
        if (kind == KAFKA_MESSAGE) {
            CU_ASSERT_STRING_EQUAL(event.topic, "tallies");
            CU_ASSERT_EQUAL(event.partition, event.message->raw.partition);
            messages++;
            kafka_reader_release(reader, event.message);
        }
    }
    CU_ASSERT_EQUAL(messages, 4);
    CU_ASSERT_EQUAL(ends, 2);
    CU_ASSERT_EQUAL(kafka_reader_destroy(reader, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_producer_close(producer, PATIENCE_MS), ERR_NONE);
    strbuf_fini(&findings);
    mock_kafka_stop(&mock);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"properties", test_properties},
            {"newer_settings", test_newer_settings},
            {"log_outlives_client", test_log_outlives_client},
            {"broker_down_and_up", test_broker_down_and_up},
            {"nobody_there", test_nobody_there},
            {"queue_full", test_queue_full},
            {"bad_records", test_bad_records},
            {"rebuild", test_rebuild},
            {"reader_and_admin", test_reader_and_admin},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "kafka_producer", tests);
}
