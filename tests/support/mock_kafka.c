#include "mock_kafka.h"

#include <stdlib.h>
#include <string.h>

#include "common/assure.h"
#include "kafka/topics.h"

void mock_kafka_property(struct mock_kafka *mock, const char *name, const char *value)
{
    ASSURE(mock->config.kafka.property_count < PROPERTY_MAX);
    struct property *property = &mock->config.kafka.properties[mock->config.kafka.property_count++];
    property->name = strdup(name);
    property->value = strdup(value);
}

static void fill_config(struct config *config, const char *bootstrap)
{
    *config = (struct config){0};
    config->kafka.bootstrap = strdup(bootstrap);
    config->kafka.group = strdup("wn");
    config->topics.outbound = strdup("in");
    config->topics.control = strdup("control");
    config->topics.tallies = strdup("tallies");
    config->topics.detector_state = strdup("detector-state");
    config->topics.alerts = strdup("alerts");
    config->topics.commands = strdup("commands");
    config->topics.state = strdup("state");
    config->topics.control_state = strdup("control-state");
    config->topics.dead_letter = strdup("dead");
    config->topics.verdicts = strdup("verdicts");
    config->topics.outbound_partitions = 1;
    config->topics.tally_partitions = 1;
    config->topics.output_partitions = 1;
    config->topics.replication = 1;
    config->control.is_on =
            true; // so that its topics are made; not every mock makes what is asked for
}

static void free_config(struct config *config)
{
    free(config->kafka.bootstrap);
    free(config->kafka.group);
    for (uint32_t i = 0; i < config->kafka.property_count; i++) {
        free(config->kafka.properties[i].name);
        free(config->kafka.properties[i].value);
    }
    free(config->topics.outbound);
    free(config->topics.control);
    free(config->topics.tallies);
    free(config->topics.detector_state);
    free(config->topics.alerts);
    free(config->topics.commands);
    free(config->topics.state);
    free(config->topics.control_state);
    free(config->topics.dead_letter);
    free(config->topics.verdicts);
}

void mock_kafka_start(struct mock_kafka *mock, int partitions)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    ASSURE(rd_kafka_conf_set(conf, "log_level", "3", text, sizeof text) == RD_KAFKA_CONF_OK);
    mock->host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    ASSURE(mock->host != NULL);
    mock->cluster = rd_kafka_mock_cluster_new(mock->host, 1);
    ASSURE(mock->cluster != NULL);
    fill_config(&mock->config, rd_kafka_mock_cluster_bootstraps(mock->cluster));
    mock->config.topics.outbound_partitions = (uint32_t)partitions;
    mock->config.topics.tally_partitions = (uint32_t)partitions;
    struct topic_plan plans[TOPIC_PLAN_MAX];
    int plan_count = topic_plans(&mock->config, plans);
    for (int i = 0; i < plan_count; i++) {
        rd_kafka_mock_topic_create(mock->cluster, plans[i].name, (int)plans[i].partitions, 1);
    }
    // Above the 3 s that it waits for more members of an empty group: else it may throw one out that it
    // is about to answer, and never answers.
    mock_kafka_property(mock, "session.timeout.ms", "4000");
    mock_kafka_property(mock, "heartbeat.interval.ms", "500");
    mock_kafka_property(mock, "fetch.wait.max.ms", "5");
    mock_kafka_property(mock, "reconnect.backoff.max.ms", "200");
}

void mock_kafka_stop(struct mock_kafka *mock)
{
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->host);
    free_config(&mock->config);
}
