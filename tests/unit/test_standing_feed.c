// The control-state topic followed by a judge, against a mock cluster in this process: all that is there
// is known first, what comes later follows, more than the box holds waits, a topic that is known not to be
// there is no reason to wait, and a broker without an answer is one.
#include "run/standing_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/support/kafka_owner.h"
#include "tests/support/unit.h"

// BEFORE: more than the box holds.
enum { BEFORE = 1500, BEHIND = 3, ASKED_MORE_THAN_ONCE_MS = 3000 };

struct seen {
    int count;
    int tombstones;
    bool is_in_order;
};

static void send_records(struct kafka_producer *producer, int from, int count)
{
    for (int i = from; i < from + count; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        const struct header header = {VIEW("wn.sequence"), view_of(text)};
        const struct record record = {.topic = OUT_CONTROL_STATE,
                .partition = 0,
                .key = view_of(text),
                .value = i % 2 == 0 ? VIEW("even") : VIEW_NONE,
                .headers = &header,
                .header_count = i % 2 != 0,
                .timestamp_ms = 1700000000000};
        CU_ASSERT_EQUAL_FATAL(kafka_producer_send(producer, &record), ERR_NONE);
    }
    CU_ASSERT_EQUAL(kafka_producer_flush(producer, PATIENCE_MS), ERR_NONE);
}

static enum err see(void *self, const struct raw_message *raw)
{
    struct seen *seen = self;
    char text[16];
    snprintf(text, sizeof text, "%d", seen->count);
    bool is_odd = seen->count % 2 != 0;
    seen->is_in_order =
            seen->is_in_order && view_is(raw->key, text) && view_is_none(raw->value) == is_odd &&
            (is_odd ? view_is(raw_header(raw, "wn.sequence"), text) : raw->header_count == 0);
    seen->count++;
    seen->tombstones += is_odd;
    return ERR_NONE;
}

// Empties the box until so many were seen, or all that was there at the start.
static void take(struct standing_feed *feed, struct seen *seen, int wanted)
{
    struct mono_time deadline = mono_after_ms(clock_mono(), PATIENCE_MS);
    bool is_settled = false;
    while (mono_left_ms(clock_mono(), deadline) > 0 &&
            (wanted == 0 ? !is_settled : seen->count < wanted)) {
        standing_feed_wait(feed, 50);
        is_settled = standing_feed_is_settled(feed);
        CU_ASSERT_EQUAL_FATAL(standing_feed_take(feed, see, seen), ERR_NONE);
    }
}

static bool becomes(struct standing_feed *feed, bool is_current)
{
    struct mono_time deadline = mono_after_ms(clock_mono(), PATIENCE_MS);
    while (standing_feed_is_current(feed) != is_current) {
        const struct timespec nap = {.tv_nsec = 20 * 1000000};
        if (mono_left_ms(clock_mono(), deadline) <= 0) {
            return false;
        }
        nanosleep(&nap, NULL);
    }
    return true;
}

static void test_follows(void)
{
    struct mock_kafka mock;
    mock_kafka_start(&mock, 1);
    struct owner owner = {.start = -1, .commit_offset = -1};
    struct kafka_producer *producer = kafka_owner_produce(&mock, &owner, 0);
    send_records(producer, 0, BEFORE);
    atomic_bool stop = false;
    struct standing_feed *feed;
    CU_ASSERT_EQUAL_FATAL(standing_feed_start(&feed, &mock.config, &stop), ERR_NONE);
    struct seen seen = {.is_in_order = true};
    take(feed, &seen, 0);
    CU_ASSERT_EQUAL(seen.count, BEFORE);
    CU_ASSERT_TRUE(becomes(feed, true));
    send_records(producer, BEFORE, BEHIND);
    take(feed, &seen, BEFORE + BEHIND);
    CU_ASSERT_EQUAL(seen.count, BEFORE + BEHIND);
    CU_ASSERT_TRUE(seen.is_in_order);
    CU_ASSERT_EQUAL(seen.tombstones, (BEFORE + BEHIND) / 2);
    CU_ASSERT_EQUAL(standing_feed_stop(feed), ERR_NONE);
    CU_ASSERT_EQUAL(kafka_producer_close(producer, PATIENCE_MS), ERR_NONE);
    mock_kafka_stop(&mock);
}

// The broker goes and comes back, and nobody writes anything meanwhile.
static void test_outage(void)
{
    struct mock_kafka mock;
    mock_kafka_start(&mock, 1);
    atomic_bool stop = false;
    struct standing_feed *feed;
    struct seen seen = {.is_in_order = true};
    CU_ASSERT_EQUAL_FATAL(standing_feed_start(&feed, &mock.config, &stop), ERR_NONE);
    take(feed, &seen, 0);
    CU_ASSERT_TRUE(becomes(feed, true));
    rd_kafka_mock_broker_set_down(mock.cluster, 1);
    CU_ASSERT_TRUE(becomes(feed, false));
    rd_kafka_mock_broker_set_up(mock.cluster, 1);
    CU_ASSERT_TRUE(becomes(feed, true));
    CU_ASSERT_EQUAL(standing_feed_stop(feed), ERR_NONE);
    mock_kafka_stop(&mock);
}

// Has the broker answer so, and without partitions, as a broker does: of an error with partitions,
// which is what the mock says of a topic that has some, librdkafka 2.8 dies (its issue 4907).
static void answer(struct mock_kafka *mock, rd_kafka_resp_err_t error)
{
    free(mock->config.topics.control_state);
    mock->config.topics.control_state = strdup("without-partitions");
    rd_kafka_mock_topic_create(mock->cluster, mock->config.topics.control_state, 0, 1);
    rd_kafka_mock_topic_set_error(mock->cluster, mock->config.topics.control_state, error);
}

// What is known not to be readable is not waited for; it is an answer of the broker's, not of ours.
static void test_settles(void)
{
    static const rd_kafka_resp_err_t answers[] = {
            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct mock_kafka mock;
        mock_kafka_start(&mock, 1);
        answer(&mock, answers[i]);
        atomic_bool stop = false;
        struct standing_feed *feed;
        struct seen seen = {.is_in_order = true};
        CU_ASSERT_EQUAL_FATAL(standing_feed_start(&feed, &mock.config, &stop), ERR_NONE);
        take(feed, &seen, 0);
        CU_ASSERT_TRUE(standing_feed_is_settled(feed));
        CU_ASSERT_FALSE(standing_feed_is_current(feed));
        CU_ASSERT_EQUAL(seen.count, 0);
        CU_ASSERT_EQUAL(standing_feed_stop(feed), ERR_NONE);
        mock_kafka_stop(&mock);
    }
}

enum trouble { BROKER_DOWN, NO_LEADER, BEING_MADE, TROUBLES };

static void begin_trouble(struct mock_kafka *mock, enum trouble trouble)
{
    if (trouble == BROKER_DOWN) {
        rd_kafka_mock_broker_set_down(mock->cluster, 1);
    } else if (trouble == NO_LEADER) {
        rd_kafka_mock_partition_set_leader(mock->cluster, mock->config.topics.control_state, 0, -1);
    } else {
        answer(mock, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
    }
}

static void end_trouble(struct mock_kafka *mock, enum trouble trouble)
{
    const char *topic = mock->config.topics.control_state;
    if (trouble == BROKER_DOWN) {
        rd_kafka_mock_broker_set_up(mock->cluster, 1);
    } else if (trouble == NO_LEADER) {
        rd_kafka_mock_partition_set_leader(mock->cluster, topic, 0, 1);
    } else { // it came to nothing
        rd_kafka_mock_topic_set_error(
                mock->cluster, topic, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    }
}

// A broker without an answer at first, or a topic that has no leader or no partitions yet, is asked
// again: what stands is known before it is said that all is.
static void test_asks_again(void)
{
    for (enum trouble trouble = 0; trouble < TROUBLES; trouble++) {
        struct mock_kafka mock;
        mock_kafka_start(&mock, 1);
        struct owner owner = {.start = -1, .commit_offset = -1};
        struct kafka_producer *producer = kafka_owner_produce(&mock, &owner, 0);
        send_records(producer, 0, BEHIND);
        CU_ASSERT_EQUAL(kafka_producer_close(producer, PATIENCE_MS), ERR_NONE);
        begin_trouble(&mock, trouble);
        atomic_bool stop = false;
        struct standing_feed *feed;
        struct seen seen = {.is_in_order = true};
        CU_ASSERT_EQUAL_FATAL(standing_feed_start(&feed, &mock.config, &stop), ERR_NONE);
        struct mono_time until = mono_after_ms(clock_mono(), ASKED_MORE_THAN_ONCE_MS);
        while (mono_left_ms(clock_mono(), until) > 0 && !standing_feed_is_settled(feed)) {
            standing_feed_wait(feed, 50);
        }
        CU_ASSERT_FALSE(standing_feed_is_settled(feed));
        end_trouble(&mock, trouble);
        take(feed, &seen, 0);
        CU_ASSERT_TRUE(standing_feed_is_settled(feed));
        CU_ASSERT_EQUAL(seen.count, trouble == BEING_MADE ? 0 : BEHIND);
        CU_ASSERT_TRUE(becomes(feed, trouble != BEING_MADE));
        CU_ASSERT_EQUAL(standing_feed_stop(feed), ERR_NONE);
        mock_kafka_stop(&mock);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"follows", test_follows},
            {"outage", test_outage},
            {"settles", test_settles},
            {"asks_again", test_asks_again},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "standing_feed", tests);
}
