#include "kafka/statistics.h"

#include "common/json_scan.h"

// What is wanted of an object, and where it goes.
struct reader {
    struct json_pointers *pointers;
    struct json_value values[JSON_POINTERS_MAX];
};

static enum err reader_init(struct reader *reader, const char *const *texts, size_t count)
{
    return json_pointers_create(&reader->pointers, texts, count, NULL);
}

static bool reader_read(struct reader *reader, struct view text)
{
    return json_scan(reader->pointers, text, reader->values, NULL) == JSON_FINE;
}

// A whole number that was read, else the one that stands for none.
static int64_t number_of(const struct reader *reader, size_t at, int64_t none)
{
    int64_t number;
    bool is_number = reader->values[at].kind == JSON_NUMBER &&
                     json_integer_read(reader->values[at].raw, &number) == JSON_INTEGER;
    return is_number ? number : none;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

// --- brokers -------------------------------------------------------------------------------------

enum {
    BROKER_NODE,
    BROKER_SOURCE,
    BROKER_STATE,
    BROKER_WAITING,
    BROKER_IN_FLIGHT,
    BROKER_TRIPS,
    BROKER_TRIP_AVG,
    BROKER_TRIP_P99,
    BROKER_THROTTLE,
    BROKER_COUNTERS, // by enum kafka_statistics_counter from here on
    BROKER_FIELDS = BROKER_COUNTERS + KAFKA_STATISTICS_COUNTERS,
};

static const char *const broker_fields[BROKER_FIELDS] = {
        [BROKER_NODE] = "/nodeid",
        [BROKER_SOURCE] = "/source",
        [BROKER_STATE] = "/state",
        [BROKER_WAITING] = "/outbuf_cnt",
        [BROKER_IN_FLIGHT] = "/waitresp_cnt",
        [BROKER_TRIPS] = "/rtt/cnt",
        [BROKER_TRIP_AVG] = "/rtt/avg",
        [BROKER_TRIP_P99] = "/rtt/p99",
        [BROKER_THROTTLE] = "/throttle/p99",
        [BROKER_COUNTERS + KAFKA_REQUESTS] = "/tx",
        [BROKER_COUNTERS + KAFKA_REQUEST_ERRORS] = "/txerrs",
        [BROKER_COUNTERS + KAFKA_REQUEST_RETRIES] = "/txretries",
        [BROKER_COUNTERS + KAFKA_REQUEST_TIMEOUTS] = "/req_timeouts",
        [BROKER_COUNTERS + KAFKA_RESPONSE_ERRORS] = "/rxerrs",
        [BROKER_COUNTERS + KAFKA_DISCONNECTS] = "/disconnects",
        [BROKER_COUNTERS + KAFKA_SENT_BYTES] = "/txbytes",
        [BROKER_COUNTERS + KAFKA_RECEIVED_BYTES] = "/rxbytes",
};

static void add_broker(const struct reader *broker, struct kafka_statistics *sum)
{
    // A name that was configured has no number before it is known which broker it is; the group's
    // coordinator stands beside the broker that it is.
    bool is_member = number_of(broker, BROKER_NODE, -1) >= 0 &&
                     !json_string_equals(&broker->values[BROKER_SOURCE], VIEW("logical"));
    sum->brokers += is_member;
    sum->brokers_up += is_member && json_string_equals(&broker->values[BROKER_STATE], VIEW("UP"));
    sum->requests_waiting += number_of(broker, BROKER_WAITING, 0);
    sum->requests_in_flight += number_of(broker, BROKER_IN_FLIGHT, 0);
    if (number_of(broker, BROKER_TRIPS, 0) > 0) {
        sum->round_trip_avg_us =
                most(sum->round_trip_avg_us, number_of(broker, BROKER_TRIP_AVG, -1));
        sum->round_trip_p99_us =
                most(sum->round_trip_p99_us, number_of(broker, BROKER_TRIP_P99, -1));
    }
    sum->throttle_p99_ms = most(sum->throttle_p99_ms, number_of(broker, BROKER_THROTTLE, 0));
    for (size_t i = 0; i < KAFKA_STATISTICS_COUNTERS; i++) {
        sum->counters[i] += number_of(broker, BROKER_COUNTERS + i, 0);
    }
}

static enum err add_brokers(struct view brokers, struct kafka_statistics *sum)
{
    struct reader broker;
    enum err e = reader_init(&broker, broker_fields, BROKER_FIELDS);
    if (e != ERR_NONE) {
        return e;
    }
    struct json_value name;
    struct json_value value;
    while (json_object_take(&brokers, &name, &value)) {
        if (value.kind == JSON_OBJECT && reader_read(&broker, value.raw)) {
            add_broker(&broker, sum);
        }
    }
    json_pointers_destroy(broker.pointers);
    return ERR_NONE;
}

// --- what was fetched ----------------------------------------------------------------------------

enum { FETCHED_MESSAGES, FETCHED_BYTES, FETCHED_FIELDS };
static const char *const fetched_fields[FETCHED_FIELDS] = {"/fetchq_cnt", "/fetchq_size"};
static const char *const topic_fields[] = {"/partitions"};

static void add_partitions(
        struct view partitions, struct reader *partition, struct kafka_statistics *sum)
{
    struct json_value name;
    struct json_value value;
    while (json_object_take(&partitions, &name, &value)) {
        if (value.kind == JSON_OBJECT && reader_read(partition, value.raw)) {
            sum->queue_messages += number_of(partition, FETCHED_MESSAGES, 0);
            sum->queue_bytes += number_of(partition, FETCHED_BYTES, 0);
        }
    }
}

static enum err add_topics(struct view topics, struct kafka_statistics *sum)
{
    struct reader topic = {.pointers = NULL};
    struct reader partition = {.pointers = NULL};
    enum err e = reader_init(&topic, topic_fields, 1);
    e = e != ERR_NONE ? e : reader_init(&partition, fetched_fields, FETCHED_FIELDS);
    struct json_value name;
    struct json_value value;
    while (e == ERR_NONE && json_object_take(&topics, &name, &value)) {
        if (value.kind == JSON_OBJECT && reader_read(&topic, value.raw) &&
                topic.values[0].kind == JSON_OBJECT) {
            add_partitions(topic.values[0].raw, &partition, sum);
        }
    }
    json_pointers_destroy(topic.pointers);
    json_pointers_destroy(partition.pointers);
    return e;
}

// --- all of it -----------------------------------------------------------------------------------

enum {
    CLIENT_EVENTS,
    CLIENT_MESSAGES,
    CLIENT_BYTES,
    CLIENT_BROKERS,
    CLIENT_TOPICS,
    CLIENT_REBALANCE
};
static const char *const client_fields[] = {
        [CLIENT_EVENTS] = "/replyq",
        [CLIENT_MESSAGES] = "/msg_cnt",
        [CLIENT_BYTES] = "/msg_size",
        [CLIENT_BROKERS] = "/brokers",
        [CLIENT_TOPICS] = "/topics",
        [CLIENT_REBALANCE] = "/cgrp/rebalance_age",
};
enum { CLIENT_FIELDS = sizeof client_fields / sizeof *client_fields };

static enum err read_client(
        const struct reader *client, bool is_consumer, struct kafka_statistics *ret_statistics)
{
    if (client->values[CLIENT_EVENTS].kind != JSON_NUMBER ||
            client->values[CLIENT_BROKERS].kind != JSON_OBJECT) {
        return ERR_DATA;
    }
    struct kafka_statistics sum = {
            .events_waiting = number_of(client, CLIENT_EVENTS, 0),
            .round_trip_avg_us = -1,
            .round_trip_p99_us = -1,
            .rebalance_age_ms = is_consumer ? number_of(client, CLIENT_REBALANCE, -1) : -1,
            .queue_messages = is_consumer ? 0 : number_of(client, CLIENT_MESSAGES, 0),
            .queue_bytes = is_consumer ? 0 : number_of(client, CLIENT_BYTES, 0),
    };
    enum err e = add_brokers(client->values[CLIENT_BROKERS].raw, &sum);
    if (e == ERR_NONE && is_consumer && client->values[CLIENT_TOPICS].kind == JSON_OBJECT) {
        e = add_topics(client->values[CLIENT_TOPICS].raw, &sum);
    }
    if (e == ERR_NONE) {
        *ret_statistics = sum;
    }
    return e;
}

enum err kafka_statistics_read(
        struct view text, bool is_consumer, struct kafka_statistics *ret_statistics)
{
    if (text.n > KAFKA_STATISTICS_MAX_BYTES) {
        return ERR_DATA;
    }
    struct reader client;
    enum err e = reader_init(&client, client_fields, CLIENT_FIELDS);
    if (e != ERR_NONE) {
        return e;
    }
    e = reader_read(&client, text) ? read_client(&client, is_consumer, ret_statistics) : ERR_DATA;
    json_pointers_destroy(client.pointers);
    return e;
}
