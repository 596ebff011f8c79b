// What a client's statistics (kafka/statistics.h) come to on a page: brokers, queues, what fails on the
// way. Its owner's thread.
#pragma once

#include "common/metric.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "kafka/statistics.h"

extern const struct metric_table client_metrics;

// A client's page, through all instances of it that come one after the other: what they count stays.
struct client_meter {
    struct metric_page *page; // of client_metrics; NULL = nobody looks
    int64_t last[KAFKA_STATISTICS_COUNTERS];
    int64_t total[KAFKA_STATISTICS_COUNTERS];
    uint64_t refused_last;
    uint64_t refused_total;
};

// Nothing where there are no statistics yet, or no page.
void client_meter_consumer(struct client_meter *meter, const struct kafka_consumer *consumer);
void client_meter_producer(struct client_meter *meter, const struct kafka_producer *producer);
