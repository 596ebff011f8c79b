// A Kafka of the test's own: librdkafka's mock cluster inside this process, and a configuration
// that points at it.
#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "policy/config.h"

struct mock_kafka {
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *cluster;
    struct config config;
};

// One broker, the outbound topic ("in") with `partitions`, the tally topic ("tallies") with as
// many, and one partition for each other topic.
void mock_kafka_start(struct mock_kafka *mock, int partitions);
void mock_kafka_stop(struct mock_kafka *mock);
void mock_kafka_property(struct mock_kafka *mock, const char *name, const char *value);
