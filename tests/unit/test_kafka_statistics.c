// What of librdkafka's statistics is told: the worst broker, sums, and nothing made up.
#include <stdio.h>
#include <string.h>

#include "kafka/statistics.h"
#include "unit.h"

// As 2.0.2 writes it, cut down to what is read and something beside it.
static const char client[] =
        "{\"name\":\"rdkafka#consumer-1\",\"ts\":1,\"age\":5000123,\"replyq\":3,\"msg_cnt\":7,"
        "\"msg_size\":700,\"msg_size_max\":1073741824,"
        "\"brokers\":{"
        "\"127.0.0.1:3/"
        "bootstrap\":{\"nodeid\":-1,\"source\":\"configured\",\"state\":\"INIT\",\"tx\":0},"
        "\"GroupCoordinator\":{\"nodeid\":2,\"source\":\"logical\",\"state\":\"UP\",\"tx\":5,"
        "\"txbytes\":50,\"disconnects\":1,\"rtt\":{\"avg\":900,\"p99\":950,\"cnt\":5}},"
        "\"127.0.0.1:1/"
        "1\":{\"nodeid\":1,\"source\":\"configured\",\"state\":\"UP\",\"outbuf_cnt\":2,"
        "\"waitresp_cnt\":4,\"tx\":10,\"txbytes\":100,\"txerrs\":1,\"txretries\":2,\"req_"
        "timeouts\":3,"
        "\"rxbytes\":200,\"rxerrs\":4,\"disconnects\":5,\"rtt\":{\"avg\":1500,\"p99\":2500,\"cnt\":"
        "9},"
        "\"throttle\":{\"p99\":40,\"cnt\":1},\"toppars\":{\"in-0\":{\"topic\":\"in\"}}},"
        "\"127.0.0.1:1/2\":{\"nodeid\":2,\"source\":\"learned\",\"state\":\"DOWN\",\"tx\":1,"
        "\"rtt\":{\"avg\":99999,\"p99\":99999,\"cnt\":0}}},"
        "\"topics\":{\"in\":{\"topic\":\"in\",\"partitions\":{"
        "\"0\":{\"partition\":0,\"fetchq_cnt\":11,\"fetchq_size\":1100},"
        "\"-1\":{\"partition\":-1,\"fetchq_cnt\":0,\"fetchq_size\":0}}}},"
        "\"cgrp\":{\"state\":\"up\",\"rebalance_age\":4321}}";

static void test_consumer(void)
{
    struct kafka_statistics is;
    CU_ASSERT_EQUAL_FATAL(kafka_statistics_read(view_of(client), true, &is), ERR_NONE);
    CU_ASSERT_EQUAL(is.queue_messages, 11);
    CU_ASSERT_EQUAL(is.queue_bytes, 1100);
    CU_ASSERT_EQUAL(is.events_waiting, 3);
    CU_ASSERT_EQUAL(is.brokers, 2); // the coordinator is one of them
    CU_ASSERT_EQUAL(is.brokers_up, 1);
    CU_ASSERT_EQUAL(is.requests_waiting, 2);
    CU_ASSERT_EQUAL(is.requests_in_flight, 4);
    CU_ASSERT_EQUAL(is.round_trip_avg_us, 1500); // the last was asked nothing lately
    CU_ASSERT_EQUAL(is.round_trip_p99_us, 2500);
    CU_ASSERT_EQUAL(is.throttle_p99_ms, 40);
    CU_ASSERT_EQUAL(is.rebalance_age_ms, 4321);
    static const int64_t counters[KAFKA_STATISTICS_COUNTERS] = {[KAFKA_REQUESTS] = 16,
            [KAFKA_REQUEST_ERRORS] = 1,
            [KAFKA_REQUEST_RETRIES] = 2,
            [KAFKA_REQUEST_TIMEOUTS] = 3,
            [KAFKA_RESPONSE_ERRORS] = 4,
            [KAFKA_DISCONNECTS] = 6,
            [KAFKA_SENT_BYTES] = 150,
            [KAFKA_RECEIVED_BYTES] = 200};
    for (size_t i = 0; i < KAFKA_STATISTICS_COUNTERS; i++) {
        CU_ASSERT_EQUAL(is.counters[i], counters[i]);
    }
}

static void test_producer(void)
{
    struct kafka_statistics is;
    CU_ASSERT_EQUAL_FATAL(kafka_statistics_read(view_of(client), false, &is), ERR_NONE);
    CU_ASSERT_EQUAL(is.queue_messages, 7);
    CU_ASSERT_EQUAL(is.queue_bytes, 700);
    CU_ASSERT_EQUAL(is.rebalance_age_ms, -1);
}

static void test_nobody_was_asked(void)
{
    struct kafka_statistics is;
    const struct view text = VIEW("{\"replyq\":0,\"brokers\":{}}");
    CU_ASSERT_EQUAL_FATAL(kafka_statistics_read(text, true, &is), ERR_NONE);
    CU_ASSERT_EQUAL(is.round_trip_avg_us, -1);
    CU_ASSERT_EQUAL(is.round_trip_p99_us, -1);
    CU_ASSERT_EQUAL(is.rebalance_age_ms, -1);
    CU_ASSERT_EQUAL(is.queue_messages, 0);
}

// What is not theirs changes nothing.
static void test_refused(void)
{
    static const char *const rows[] = {"", "{", "[]", "{}", "null",
            "{\"replyq\":\"3\",\"brokers\":{}}", "{\"replyq\":3,\"brokers\":[]}",
            "{\"replyq\":3,\"brokers\":{}} x"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kafka_statistics is = {.brokers = 77};
        CU_ASSERT_EQUAL(kafka_statistics_read(view_of(rows[i]), true, &is), ERR_DATA);
        CU_ASSERT_EQUAL(is.brokers, 77);
    }
    // However it is cut off.
    for (size_t n = 0; n < sizeof client - 1; n++) {
        struct kafka_statistics is;
        CU_ASSERT_EQUAL(kafka_statistics_read(view_bytes(client, n), true, &is), ERR_DATA);
    }
    struct kafka_statistics is;
    const struct view large = {client, (size_t)KAFKA_STATISTICS_MAX_BYTES + 1}; // is not looked at
    CU_ASSERT_EQUAL(kafka_statistics_read(large, true, &is), ERR_DATA);
}

// Numbers and objects of other kinds count as nothing.
static void test_odd(void)
{
    struct kafka_statistics is;
    const struct view text = VIEW(
            "{\"replyq\":1,\"brokers\":{\"a\":7,\"b\":{\"nodeid\":\"1\",\"tx\":1.5,\"rtt\":[]}},"
            "\"topics\":{\"t\":{\"partitions\":[]},\"u\":null},\"cgrp\":3}");
    CU_ASSERT_EQUAL_FATAL(kafka_statistics_read(text, true, &is), ERR_NONE);
    CU_ASSERT_EQUAL(is.brokers, 0);
    CU_ASSERT_EQUAL(is.counters[KAFKA_REQUESTS], 0);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"consumer", test_consumer},
            {"producer", test_producer},
            {"nobody_was_asked", test_nobody_was_asked},
            {"refused", test_refused},
            {"odd", test_odd},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "kafka_statistics", tests);
}
