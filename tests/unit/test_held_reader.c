// How far the sequences of people's orders had come, by the control-state topic, against a mock cluster in
// this process: of the partition's tenants, those that stand and those that are over; a topic that is not
// there is no error.
#include "run/held_reader.h"

#include <stdio.h>

#include "tally/tally.h"
#include "tests/support/kafka_owner.h"
#include "tests/support/unit.h"

enum { TALLY_PARTITIONS = 4 };

static void tell(
        struct kafka_producer *producer, const char *key, const char *value, const char *sequence)
{
    const struct header header = {VIEW("wn.sequence"), view_of(sequence)};
    const struct record record = {.topic = OUT_CONTROL_STATE,
            .partition = 0,
            .key = view_of(key),
            .value = value != NULL ? view_of(value) : VIEW_NONE,
            .headers = &header,
            .header_count = sequence != NULL,
            .timestamp_ms = 1700000000000};
    CU_ASSERT_EQUAL_FATAL(kafka_producer_send(producer, &record), ERR_NONE);
}

static void tell_hold(struct kafka_producer *producer, const char *tenant, long long sequence)
{
    char key[64];
    char value[512];
    snprintf(key, sizeof key, "%s/message/m%lld", tenant, sequence);
    snprintf(value, sizeof value,
            "{\"state\":\"in_force\",\"control_id\":\"c\",\"action\":\"hold\",\"operator\":\"li\","
            "\"scope\":{\"kind\":\"message\",\"id\":\"m%lld\",\"tenant_id\":\"%s\"},"
            "\"expires_at\":\"2026-11-22T10:00:00.000Z\",\"sequence\":%lld}",
            sequence, tenant, sequence);
    tell(producer, key, value, NULL);
}

static int64_t read_ordered(struct mock_kafka *mock, int32_t partition)
{
    bool left_behind = false;
    const struct held_search search = {
            &mock->config, partition, TALLY_PARTITIONS, PATIENCE_MS, &left_behind};
    int64_t highest = -7;
    CU_ASSERT_EQUAL(held_read_ordered(&search, &highest), ERR_NONE);
    CU_ASSERT_FALSE(left_behind);
    return highest;
}

static void test_highest(void)
{
    struct mock_kafka mock;
    mock_kafka_start(&mock, 1);
    struct owner owner = {.start = -1, .commit_offset = -1};
    struct kafka_producer *producer = kafka_owner_produce(&mock, &owner, 0);
    int32_t acme = (int32_t)tally_partition_of(VIEW("acme"), TALLY_PARTITIONS);
    tell_hold(producer, "acme", 40);
    tell_hold(producer, "acme", 38);
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(read_ordered(&mock, acme), 40);
    tell(producer, "acme/message/m38", NULL, "44"); // a judge remembers that it is over
    tell(producer, "acme/message/m1", "none of ours", "99");
    tell(producer, "pending/ctl-1", NULL, "99");
    for (int i = 0; i < 100; i++) { // tenants of other partitions
        char tenant[16];
        snprintf(tenant, sizeof tenant, "t%d", i);
        if ((int32_t)tally_partition_of(view_of(tenant), TALLY_PARTITIONS) != acme) {
            tell_hold(producer, tenant, 70);
        }
    }
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
    CU_ASSERT_EQUAL(read_ordered(&mock, acme), 44);
    CU_ASSERT_EQUAL(read_ordered(&mock, (acme + 1) % TALLY_PARTITIONS), 70);
    CU_ASSERT_EQUAL(kafka_producer_close(producer, PATIENCE_MS), ERR_NONE);
    mock_kafka_stop(&mock);
}

static void test_absent(void)
{
    struct mock_kafka mock;
    mock_kafka_start(&mock, 1);
    rd_kafka_mock_topic_set_error(mock.cluster, mock.config.topics.control_state,
            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    CU_ASSERT_EQUAL(read_ordered(&mock, 0), -1);
    mock_kafka_stop(&mock);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"highest", test_highest},
            {"absent", test_absent},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "held_reader", tests);
}
