// What consumers and producers tell of themselves. Their owner's thread.
#pragma once

#include "common/metric.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"

enum { KAFKA_PARTITION_SERIES = 256 }; // no series for partitions from this number on

extern const struct metric_table consumer_metrics;
extern const struct metric_table producer_metrics;

// `before`: what consumers before this one have counted, of a half that starts over; `consumer` may be
// NULL meanwhile. Above `most_series` partitions of ours only the sum of their lag is told.
void consumer_publish(const struct kafka_consumer *consumer,
        const struct kafka_consumer_counts *before, uint32_t most_series, struct metric_page *page);
// Of two producers that are told as one; `second` may be NULL.
void producer_publish(const struct kafka_producer *first, const struct kafka_producer *second,
        struct metric_page *page);
