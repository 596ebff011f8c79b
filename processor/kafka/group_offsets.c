#include "kafka/group_offsets.h"

#include <stdlib.h>

#include "kafka/client.h"

struct kafka_group_offsets {
    struct kafka_client client;
};

enum err kafka_group_offsets_create(struct kafka_group_offsets **ret_offsets,
        const struct config *config, const char *group, struct strbuf *findings)
{
    struct kafka_group_offsets *offsets = calloc(1, sizeof *offsets);
    if (offsets == NULL) {
        return ERR_NO_MEMORY;
    }
    rd_kafka_conf_t *conf = NULL;
    enum err err = kafka_client_conf(&offsets->client, CLIENT_CONSUMER, config, findings, &conf);
    if (err == ERR_NONE) {
        kafka_client_set(conf, "group.id", group);
        err = kafka_client_start(&offsets->client, CLIENT_CONSUMER, conf, findings);
    }
    if (err != ERR_NONE) {
        free(offsets);
        return err;
    }
    *ret_offsets = offsets;
    return ERR_NONE;
}

enum err kafka_group_offsets_destroy(struct kafka_group_offsets *offsets, int64_t timeout_ms)
{
    if (offsets == NULL) {
        return ERR_NONE;
    }
    enum err err = kafka_client_stop(&offsets->client, timeout_ms);
    if (err == ERR_NONE) {
        free(offsets);
    }
    return err;
}

enum err kafka_group_offsets_read(struct kafka_group_offsets *offsets, const char *topic,
        int32_t count, int64_t timeout_ms, int64_t *ret_offsets)
{
    rd_kafka_poll(offsets->client.rk, 0); // for the error callback
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    rd_kafka_topic_partition_list_add_range(list, topic, 0, count - 1);
    rd_kafka_resp_err_t error =
            rd_kafka_committed(offsets->client.rk, list, kafka_timeout(timeout_ms));
    for (int i = 0; i < list->cnt && error == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
        error = list->elems[i].err;
    }
    for (int i = 0; i < list->cnt && error == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
        int64_t offset = list->elems[i].offset;
        ret_offsets[list->elems[i].partition] = offset >= 0 ? offset : -1;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return kafka_err(error);
}
