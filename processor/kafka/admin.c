#include "kafka/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "kafka/client.h"

enum { STOP_MS = 5000, ATTEMPT_MS = 1000 };

struct kafka_admin {
    struct kafka_client client;
};

enum err kafka_admin_create(
        struct kafka_admin **ret_admin, const struct config *config, struct strbuf *findings)
{
    struct kafka_admin *admin = calloc(1, sizeof *admin);
    if (admin == NULL) {
        return ERR_NO_MEMORY;
    }
    rd_kafka_conf_t *conf = NULL;
    enum err err = kafka_client_conf(&admin->client, CLIENT_ADMIN, config, findings, &conf);
    if (err == ERR_NONE) {
        err = kafka_client_start(&admin->client, CLIENT_ADMIN, conf, findings);
    }
    if (err != ERR_NONE) {
        free(admin);
        return err;
    }
    *ret_admin = admin;
    return ERR_NONE;
}

void kafka_admin_destroy(struct kafka_admin *admin)
{
    if (admin != NULL && kafka_client_stop(&admin->client, STOP_MS) == ERR_NONE) {
        free(admin);
    }
}

const char *kafka_admin_trouble(const struct kafka_admin *admin)
{
    return admin->client.trouble_text;
}

// --- questions ---------------------------------------------------------------------------------

static uint32_t count_partitions(const rd_kafka_metadata_t *metadata, const char *name)
{
    for (int i = 0; i < metadata->topic_cnt; i++) {
        const rd_kafka_metadata_topic_t *topic = &metadata->topics[i];
        if (strcmp(topic->topic, name) == 0 && topic->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            return (uint32_t)topic->partition_cnt;
        }
    }
    return 0;
}

enum err kafka_admin_partitions(struct kafka_admin *admin, const char *const *names, size_t count,
        int64_t timeout_ms, uint32_t *ret_partitions)
{
    // All topics, because asking for one by its name makes some brokers create it.
    const rd_kafka_metadata_t *metadata = NULL;
    rd_kafka_resp_err_t error =
            rd_kafka_metadata(admin->client.rk, 1, NULL, &metadata, kafka_timeout(timeout_ms));
    rd_kafka_poll(admin->client.rk, 0); // for the error callback
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        kafka_client_trouble(&admin->client, error, rd_kafka_err2str(error));
        return kafka_err(error);
    }
    kafka_client_recovered(&admin->client);
    for (size_t i = 0; i < count; i++) {
        ret_partitions[i] = count_partitions(metadata, names[i]);
    }
    rd_kafka_metadata_destroy(metadata);
    return ERR_NONE;
}

static void say_missing(const char *const *names, size_t count, const uint32_t *partitions)
{
    struct strbuf missing;
    strbuf_init(&missing, 4096);
    for (size_t i = 0; i < count; i++) {
        if (partitions[i] == 0) {
            strbuf_printf(&missing, "%s%s", missing.n > 0 ? ", " : "", names[i]);
        }
    }
    log_warn("kafka",
            "waiting for topics that do not exist, or that our Kafka user may not describe: %.*s "
            "(wrongnumber topics --create)",
            VIEW_ARGS(strbuf_view(&missing)));
    strbuf_fini(&missing);
}

enum err kafka_admin_await(struct kafka_admin *admin, const char *const *names, size_t count,
        const atomic_bool *stop, uint32_t *ret_partitions)
{
    bool has_waited = false;
    while (*stop == 0) {
        enum err err = kafka_admin_partitions(admin, names, count, ATTEMPT_MS, ret_partitions);
        bool is_complete = err == ERR_NONE;
        for (size_t i = 0; i < count && is_complete; i++) {
            is_complete = ret_partitions[i] > 0;
        }
        if (is_complete) {
            if (has_waited) {
                log_info("kafka", "Kafka is there now: going on");
            }
            return ERR_NONE;
        }
        if (err != ERR_NONE) {
            log_warn("kafka", "cannot reach Kafka, waiting for it: %s", kafka_admin_trouble(admin));
        } else {
            say_missing(names, count, ret_partitions);
        }
        has_waited = true;
        rd_kafka_poll(admin->client.rk, err == ERR_NONE ? ATTEMPT_MS : ATTEMPT_MS / 10);
    }
    return ERR_DEADLINE;
}

// --- making topics -----------------------------------------------------------------------------

static void note(struct topic_made *made, enum err err, const char *text)
{
    made->err = err;
    snprintf(made->text, sizeof made->text, "%s", text);
}

// NULL, with the reason in `made`, when librdkafka does not accept the numbers.
static rd_kafka_NewTopic_t *new_topic(const struct topic_plan *plan, struct topic_made *made)
{
    char text[sizeof made->text];
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(
            plan->name, (int)plan->partitions, (int)plan->replication, text, sizeof text);
    if (topic == NULL) {
        note(made, ERR_CONFIG, text);
        return NULL;
    }
    if (plan->compacted) {
        rd_kafka_NewTopic_set_config(topic, "cleanup.policy", "compact");
    }
    if (plan->retention_ms > 0) {
        char ms[24];
        snprintf(ms, sizeof ms, "%lld", (long long)plan->retention_ms);
        rd_kafka_NewTopic_set_config(topic, "retention.ms", ms);
    }
    return topic;
}

static void read_results(rd_kafka_event_t *event, const struct topic_plan *plans, size_t count,
        struct topic_made *ret_made)
{
    size_t result_count = 0;
    const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
    const rd_kafka_topic_result_t **results =
            rd_kafka_CreateTopics_result_topics(result, &result_count);
    for (size_t r = 0; r < result_count; r++) {
        rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[r]);
        const char *text = rd_kafka_topic_result_error_string(results[r]);
        for (size_t i = 0; i < count; i++) {
            if (strcmp(plans[i].name, rd_kafka_topic_result_name(results[r])) != 0) {
                continue;
            }
            bool is_there = error == RD_KAFKA_RESP_ERR_NO_ERROR ||
                            error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS;
            note(&ret_made[i], is_there ? ERR_NONE : kafka_err(error), text != NULL ? text : "");
        }
    }
}

// Whatever the answer does not name keeps its "no answer".
static void read_answer(rd_kafka_queue_t *queue, int64_t timeout_ms, const struct topic_plan *plans,
        size_t count, struct topic_made *ret_made)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, kafka_timeout(timeout_ms));
    if (event == NULL) {
        return;
    }
    rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        for (size_t i = 0; i < count; i++) {
            note(&ret_made[i], kafka_err(error), rd_kafka_event_error_string(event));
        }
    } else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_CREATETOPICS_RESULT) {
        read_results(event, plans, count, ret_made);
    }
    rd_kafka_event_destroy(event);
}

enum err kafka_admin_make(struct kafka_admin *admin, const struct topic_plan *plans, size_t count,
        int64_t timeout_ms, struct topic_made *ret_made)
{
    rd_kafka_NewTopic_t *topics[TOPIC_PLAN_MAX];
    size_t topic_count = 0;
    for (size_t i = 0; i < count; i++) {
        note(&ret_made[i], ERR_DEADLINE, "no answer");
        rd_kafka_NewTopic_t *topic =
                topic_count < TOPIC_PLAN_MAX ? new_topic(&plans[i], &ret_made[i]) : NULL;
        if (topic != NULL) {
            topics[topic_count++] = topic;
        }
    }
    if (topic_count > 0) {
        char text[256];
        rd_kafka_queue_t *queue = rd_kafka_queue_new(admin->client.rk);
        rd_kafka_AdminOptions_t *options =
                rd_kafka_AdminOptions_new(admin->client.rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
        rd_kafka_AdminOptions_set_request_timeout(
                options, kafka_timeout(timeout_ms), text, sizeof text);
        rd_kafka_CreateTopics(admin->client.rk, topics, topic_count, options, queue);
        read_answer(queue, timeout_ms + ATTEMPT_MS, plans, count, ret_made);
        rd_kafka_AdminOptions_destroy(options);
        rd_kafka_queue_destroy(queue);
        rd_kafka_NewTopic_destroy_array(topics, topic_count);
    }
    enum err worst = ERR_NONE;
    for (size_t i = 0; i < count; i++) {
        worst = ret_made[i].err != ERR_NONE ? ret_made[i].err : worst;
    }
    return worst;
}
