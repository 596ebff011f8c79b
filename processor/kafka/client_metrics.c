#include "kafka/client_metrics.h"

#include "kafka/consumer_inside.h"
#include "kafka/producer_inside.h"

enum {
    CLIENT_QUEUE,
    CLIENT_QUEUE_BYTES,
    CLIENT_EVENTS,
    CLIENT_BROKERS,
    CLIENT_BROKERS_UP,
    CLIENT_TRIP_AVG,
    CLIENT_TRIP_P99,
    CLIENT_THROTTLE,
    CLIENT_WAITING,
    CLIENT_IN_FLIGHT,
    CLIENT_REBALANCE_AGE,
    CLIENT_STATISTICS_AGE,
    CLIENT_STATISTICS_REFUSED,
    CLIENT_COUNTERS, // by enum kafka_statistics_counter from here on
    CLIENT_METRICS = CLIENT_COUNTERS + KAFKA_STATISTICS_COUNTERS,
};

static const struct metric_family families[CLIENT_METRICS] = {
        [CLIENT_QUEUE] = {.name = "wrongnumber_kafka_queue_messages",
                .help = "Records in the client: of a consumer fetched and not read yet, of a "
                        "producer not acknowledged",
                .type = METRIC_GAUGE,
                .may_be_absent = true},
        [CLIENT_QUEUE_BYTES] = {.name = "wrongnumber_kafka_queue_bytes",
                .help = "Their size",
                .type = METRIC_GAUGE,
                .may_be_absent = true},
        [CLIENT_EVENTS] = {.name = "wrongnumber_kafka_events_waiting",
                .help = "Events of the client that the half has not polled yet",
                .type = METRIC_GAUGE,
                .may_be_absent = true},
        [CLIENT_BROKERS] = {.name = "wrongnumber_kafka_brokers",
                .help = "Brokers of the cluster, as far as the client knows them",
                .type = METRIC_GAUGE,
                .may_be_absent = true},
        [CLIENT_BROKERS_UP] = {.name = "wrongnumber_kafka_brokers_up",
                .help = "Brokers that the client is connected with; it need not be with all",
                .type = METRIC_GAUGE,
                .may_be_absent = true},
        [CLIENT_TRIP_AVG] = {.name = "wrongnumber_kafka_round_trip_avg_seconds",
                .help = "Mean time until the slowest broker has answered, within the last seconds; "
                        "of a consumer with what it waits for records",
                .type = METRIC_GAUGE,
                .scale = METRIC_MICRO,
                .may_be_absent = true},
        [CLIENT_TRIP_P99] = {.name = "wrongnumber_kafka_round_trip_p99_seconds",
                .help = "The same of the slowest of a hundred requests",
                .type = METRIC_GAUGE,
                .scale = METRIC_MICRO,
                .may_be_absent = true},
        [CLIENT_THROTTLE] = {.name = "wrongnumber_kafka_throttle_p99_seconds",
                .help = "How long a broker delays us by a quota, 99th percentile",
                .type = METRIC_GAUGE,
                .scale = METRIC_MILLI,
                .may_be_absent = true},
        [CLIENT_WAITING] = {.name = "wrongnumber_kafka_requests_waiting",
                .help = "Requests that are not sent yet",
                .type = METRIC_GAUGE,
                .may_be_absent = true},
        [CLIENT_IN_FLIGHT] = {.name = "wrongnumber_kafka_requests_in_flight",
                .help = "Requests that are not answered yet",
                .type = METRIC_GAUGE,
                .may_be_absent = true},
        [CLIENT_REBALANCE_AGE] = {.name = "wrongnumber_kafka_rebalance_age_seconds",
                .help = "Time since the consumer group was rebalanced",
                .type = METRIC_GAUGE,
                .scale = METRIC_MILLI,
                .may_be_absent = true},
        [CLIENT_STATISTICS_AGE] = {.name = "wrongnumber_kafka_statistics_age_seconds",
                .help = "Age of what librdkafka has told of the client",
                .type = METRIC_GAUGE,
                .scale = METRIC_MILLI,
                .may_be_absent = true},
        [CLIENT_STATISTICS_REFUSED] = {.name = "wrongnumber_kafka_statistics_refused_total",
                .help = "Statistics of librdkafka that could not be read",
                .type = METRIC_COUNTER},
        [CLIENT_COUNTERS + KAFKA_REQUESTS] = {.name = "wrongnumber_kafka_requests_total",
                .help = "Requests sent to brokers",
                .type = METRIC_COUNTER},
        [CLIENT_COUNTERS +
                KAFKA_REQUEST_ERRORS] = {.name = "wrongnumber_kafka_request_errors_total",
                .help = "Requests that could not be sent",
                .type = METRIC_COUNTER},
        [CLIENT_COUNTERS +
                KAFKA_REQUEST_RETRIES] = {.name = "wrongnumber_kafka_request_retries_total",
                .help = "Requests that were sent again",
                .type = METRIC_COUNTER},
        [CLIENT_COUNTERS +
                KAFKA_REQUEST_TIMEOUTS] = {.name = "wrongnumber_kafka_request_timeouts_total",
                .help = "Requests that no broker answered in time",
                .type = METRIC_COUNTER},
        [CLIENT_COUNTERS +
                KAFKA_RESPONSE_ERRORS] = {.name = "wrongnumber_kafka_response_errors_total",
                .help = "Answers that could not be received",
                .type = METRIC_COUNTER},
        [CLIENT_COUNTERS + KAFKA_DISCONNECTS] = {.name = "wrongnumber_kafka_disconnects_total",
                .help = "Connections that ended, by whomever",
                .type = METRIC_COUNTER},
        [CLIENT_COUNTERS + KAFKA_SENT_BYTES] = {.name = "wrongnumber_kafka_sent_bytes_total",
                .help = "Bytes sent to brokers",
                .type = METRIC_COUNTER},
        [CLIENT_COUNTERS +
                KAFKA_RECEIVED_BYTES] = {.name = "wrongnumber_kafka_received_bytes_total",
                .help = "Bytes received from brokers",
                .type = METRIC_COUNTER},
};

const struct metric_table client_metrics = {families, CLIENT_METRICS};

// One that may be missing.
static void set_or_clear(struct metric_page *page, size_t family, int64_t value)
{
    if (value >= 0) {
        metric_set(page, family, 0, value);
    } else {
        metric_clear(page, family, 0);
    }
}

// What a counter has come to, through instances of the client that begin at 0 again.
static void count_up(struct client_meter *meter, const struct kafka_client *client)
{
    for (size_t i = 0; i < KAFKA_STATISTICS_COUNTERS; i++) {
        int64_t now = client->statistics.counters[i];
        meter->total[i] += now >= meter->last[i] ? now - meter->last[i] : now;
        meter->last[i] = now;
        metric_set(meter->page, CLIENT_COUNTERS + i, 0, meter->total[i]);
    }
    uint64_t refused = client->statistics_refused;
    meter->refused_total +=
            refused >= meter->refused_last ? refused - meter->refused_last : refused;
    meter->refused_last = refused;
    metric_set(meter->page, CLIENT_STATISTICS_REFUSED, 0, (int64_t)meter->refused_total);
}

static void publish(struct client_meter *meter, const struct kafka_client *client)
{
    const struct kafka_statistics *now = &client->statistics;
    struct metric_page *page = meter->page;
    const struct {
        size_t family;
        int64_t value;
    } rows[] = {
            {CLIENT_QUEUE, now->queue_messages},
            {CLIENT_QUEUE_BYTES, now->queue_bytes},
            {CLIENT_EVENTS, now->events_waiting},
            {CLIENT_BROKERS, now->brokers},
            {CLIENT_BROKERS_UP, now->brokers_up},
            {CLIENT_THROTTLE, now->throttle_p99_ms},
            {CLIENT_WAITING, now->requests_waiting},
            {CLIENT_IN_FLIGHT, now->requests_in_flight},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        metric_set(page, rows[i].family, 0, rows[i].value);
    }
    set_or_clear(page, CLIENT_TRIP_AVG, now->round_trip_avg_us);
    set_or_clear(page, CLIENT_TRIP_P99, now->round_trip_p99_us);
    int64_t age_ms = (clock_mono().ns - client->statistics_at.ns) / 1000000;
    int64_t rebalance_ms = now->rebalance_age_ms;
    set_or_clear(page, CLIENT_REBALANCE_AGE, rebalance_ms < 0 ? -1 : rebalance_ms + age_ms);
    metric_set(page, CLIENT_STATISTICS_AGE, 0, age_ms);
}

static void meter_client(struct client_meter *meter, const struct kafka_client *client)
{
    if (meter->page != NULL) {
        count_up(meter, client);
        if (client->statistics_at.ns != 0) {
            publish(meter, client);
        }
    }
}

void client_meter_consumer(struct client_meter *meter, const struct kafka_consumer *consumer)
{
    if (consumer != NULL) {
        meter_client(meter, &consumer->client);
    }
}

void client_meter_producer(struct client_meter *meter, const struct kafka_producer *producer)
{
    if (producer != NULL) {
        meter_client(meter, kafka_producer_client(producer));
    }
}
