#include "kafka/committed.h"

#include <string.h>

#include "common/clock.h"
#include "kafka/client.h"

enum { STOP_MS = 5000, AGAIN_MS = 200 };

static rd_kafka_resp_err_t ask(rd_kafka_t *rk, const struct committed_search *search,
        struct mono_time until, struct strbuf *text)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *at =
            rd_kafka_topic_partition_list_add(list, search->topic, search->partition);
    rd_kafka_resp_err_t error =
            rd_kafka_committed(rk, list, kafka_timeout(mono_left_ms(clock_mono(), until)));
    error = error != RD_KAFKA_RESP_ERR_NO_ERROR ? error : at->err;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && at->offset >= 0 && at->metadata_size > 0) {
        strbuf_add(text, at->metadata, at->metadata_size);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return error;
}

enum err kafka_committed_text(const struct committed_search *search, struct strbuf *ret_text)
{
    struct kafka_client client = {0};
    struct strbuf findings;
    strbuf_init(&findings, 64 * 1024);
    rd_kafka_conf_t *conf = NULL;
    enum err err = kafka_client_conf(&client, CLIENT_CONSUMER, search->config, &findings, &conf);
    if (err == ERR_NONE) {
        kafka_client_set(conf, "group.id", search->group);
        err = kafka_client_start(&client, CLIENT_CONSUMER, conf, &findings);
    }
    strbuf_fini(&findings);
    if (err != ERR_NONE) {
        return err;
    }
    struct mono_time until = mono_after_ms(clock_mono(), search->timeout_ms);
    rd_kafka_resp_err_t error = ask(client.rk, search, until, ret_text);
    while (error != RD_KAFKA_RESP_ERR_NO_ERROR && kafka_err(error) != ERR_REFUSED &&
            mono_left_ms(clock_mono(), until) > AGAIN_MS) {
        rd_kafka_poll(client.rk, AGAIN_MS); // a coordinator may be loading its groups
        error = ask(client.rk, search, until, ret_text);
    }
    enum err stopped = kafka_client_stop(&client, STOP_MS);
    return error != RD_KAFKA_RESP_ERR_NO_ERROR ? kafka_err(error) : stopped;
}
