#include "kafka/reader.h"

#include <stdlib.h>
#include <string.h>

#include "common/assure.h"
#include "common/clock.h"
#include "kafka/client.h"
#include "kafka/pool.h"

enum { TOPIC_MAX = 32, PARTITION_MAX = 100000, POLL_SLICE_MS = 100 };

struct reader_topic {
    char *name;
    rd_kafka_topic_t *handle;
};

struct reader_partition {
    uint32_t topic;
    int32_t partition;
    int64_t next_offset; // or one of KAFKA_FROM_*
};

// The old ("simple") consumer interface: librdkafka's new one insists on a group, which needs
// rights and would be seen.
struct kafka_reader {
    struct kafka_client client;
    struct message_pool pool;
    rd_kafka_queue_t *queue;
    struct reader_topic topics[TOPIC_MAX];
    uint32_t topic_count;
    struct reader_partition *partitions;
    uint32_t partition_count;
};

// --- life --------------------------------------------------------------------------------------

enum err kafka_reader_create(
        struct kafka_reader **ret_reader, const struct config *config, struct strbuf *findings)
{
    struct kafka_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return ERR_NO_MEMORY;
    }
    rd_kafka_conf_t *conf = NULL;
    enum err err = kafka_client_conf(&reader->client, CLIENT_READER, config, findings, &conf);
    if (err == ERR_NONE) {
        err = kafka_client_start(&reader->client, CLIENT_READER, conf, findings);
    }
    if (err != ERR_NONE) {
        free(reader);
        return err;
    }
    reader->queue = rd_kafka_queue_new(reader->client.rk);
    *ret_reader = reader;
    return ERR_NONE;
}

enum err kafka_reader_destroy(struct kafka_reader *reader, int64_t timeout_ms)
{
    if (reader == NULL) {
        return ERR_NONE;
    }
    ASSURE(reader->pool.out_count == 0);
    for (uint32_t i = 0; i < reader->partition_count; i++) {
        const struct reader_partition *at = &reader->partitions[i];
        rd_kafka_consume_stop(reader->topics[at->topic].handle, at->partition);
    }
    rd_kafka_queue_destroy(reader->queue);
    for (uint32_t i = 0; i < reader->topic_count; i++) {
        rd_kafka_topic_destroy(reader->topics[i].handle);
    }
    enum err err = kafka_client_stop(&reader->client, timeout_ms);
    if (err != ERR_NONE) {
        return err;
    }
    for (uint32_t i = 0; i < reader->topic_count; i++) {
        free(reader->topics[i].name);
    }
    message_pool_fini(&reader->pool);
    free(reader->partitions);
    free(reader);
    return ERR_NONE;
}

// --- what is read ------------------------------------------------------------------------------

static enum err find_or_add_topic(
        struct kafka_reader *reader, const char *name, uint32_t *ret_topic)
{
    for (uint32_t i = 0; i < reader->topic_count; i++) {
        if (strcmp(reader->topics[i].name, name) == 0) {
            *ret_topic = i;
            return ERR_NONE;
        }
    }
    if (reader->topic_count == TOPIC_MAX) {
        return ERR_CEILING;
    }
    struct reader_topic *topic = &reader->topics[reader->topic_count];
    topic->name = strdup(name);
    if (topic->name == NULL) {
        return ERR_NO_MEMORY;
    }
    topic->handle = rd_kafka_topic_new(reader->client.rk, name, NULL);
    if (topic->handle == NULL) {
        free(topic->name);
        return kafka_err(rd_kafka_last_error());
    }
    *ret_topic = reader->topic_count++;
    return ERR_NONE;
}

static enum err begin(struct kafka_reader *reader, const struct reader_partition *at)
{
    bool begins = rd_kafka_consume_start_queue(reader->topics[at->topic].handle, at->partition,
                          at->next_offset, reader->queue) == 0;
    return begins ? ERR_NONE : kafka_err(rd_kafka_last_error());
}

enum err kafka_reader_add(
        struct kafka_reader *reader, const char *topic, int32_t partition, int64_t from)
{
    struct reader_partition at = {.partition = partition, .next_offset = from};
    enum err err = find_or_add_topic(reader, topic, &at.topic);
    if (err != ERR_NONE) {
        return err;
    }
    if (reader->partition_count == PARTITION_MAX) {
        return ERR_CEILING;
    }
    struct reader_partition *grown =
            realloc(reader->partitions, (reader->partition_count + 1) * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    reader->partitions = grown;
    err = begin(reader, &at);
    if (err == ERR_NONE) {
        reader->partitions[reader->partition_count++] = at;
    }
    return err;
}

static struct reader_partition *find_partition(
        struct kafka_reader *reader, const rd_kafka_message_t *rkm)
{
    for (uint32_t i = 0; i < reader->partition_count; i++) {
        struct reader_partition *at = &reader->partitions[i];
        if (at->partition == rkm->partition && reader->topics[at->topic].handle == rkm->rkt) {
            return at;
        }
    }
    return NULL;
}

// --- poll --------------------------------------------------------------------------------------

// Reads that partition again from where it was, or from its beginning.
static void begin_again(struct kafka_reader *reader, struct reader_partition *at, int64_t from)
{
    rd_kafka_consume_stop(reader->topics[at->topic].handle, at->partition);
    at->next_offset = from;
    enum err err = begin(reader, at);
    if (err != ERR_NONE) {
        kafka_client_trouble(&reader->client, rd_kafka_last_error(), err_text(err));
    }
}

static enum kafka_event_kind take_error(
        struct kafka_reader *reader, struct reader_partition *at, const rd_kafka_message_t *rkm)
{
    if (rkm->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        kafka_client_recovered(&reader->client);
        return KAFKA_PARTITION_EOF;
    }
    if (rkm->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
            rkm->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        begin_again(reader, at, KAFKA_FROM_BEGINNING);
        return KAFKA_OFFSET_LOST;
    }
    kafka_client_trouble(&reader->client, rkm->err, rd_kafka_message_errstr(rkm));
    return KAFKA_NOTHING;
}

// Takes over `rkm`. KAFKA_NOTHING: nothing is to be told of it.
static enum kafka_event_kind take(
        struct kafka_reader *reader, rd_kafka_message_t *rkm, struct kafka_event *ret_event)
{
    struct reader_partition *at = find_partition(reader, rkm);
    if (at == NULL || (rkm->err == RD_KAFKA_RESP_ERR_NO_ERROR && rkm->offset < at->next_offset)) {
        if (at == NULL && rkm->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            kafka_client_trouble(&reader->client, rkm->err, rd_kafka_message_errstr(rkm));
        }
        rd_kafka_message_destroy(rkm);
        return KAFKA_NOTHING;
    }
    const char *topic = reader->topics[at->topic].name;
    *ret_event = (struct kafka_event){
            .kind = KAFKA_MESSAGE,
            .topic = topic,
            .partition = at->partition,
            .offset = rkm->err == RD_KAFKA_RESP_ERR__PARTITION_EOF ? rkm->offset : at->next_offset,
    };
    if (rkm->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        ret_event->kind = take_error(reader, at, rkm);
        rd_kafka_message_destroy(rkm);
        return ret_event->kind;
    }
    if (message_pool_wrap(&reader->pool, rkm, view_of(topic), 0, &ret_event->message) != ERR_NONE) {
        kafka_client_trouble(&reader->client, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE,
                "no memory for a message: reading it again");
        begin_again(reader, at, rkm->offset);
        rd_kafka_message_destroy(rkm);
        return KAFKA_NOTHING;
    }
    at->next_offset = rkm->offset + 1;
    kafka_client_recovered(&reader->client);
    return KAFKA_MESSAGE;
}

enum kafka_event_kind kafka_reader_poll(
        struct kafka_reader *reader, int64_t timeout_ms, struct kafka_event *ret_event)
{
    struct mono_time deadline = mono_after_ms(clock_mono(), timeout_ms);
    int64_t left_ms = timeout_ms;
    do {
        rd_kafka_poll(reader->client.rk, 0); // for the error callback
        if (kafka_client_take_news(&reader->client, ret_event)) {
            return KAFKA_TROUBLE;
        }
        int64_t slice_ms = left_ms < POLL_SLICE_MS ? left_ms : POLL_SLICE_MS;
        rd_kafka_message_t *rkm = rd_kafka_consume_queue(reader->queue, kafka_timeout(slice_ms));
        if (rkm != NULL && take(reader, rkm, ret_event) != KAFKA_NOTHING) {
            return ret_event->kind;
        }
        left_ms = mono_left_ms(clock_mono(), deadline);
    } while (left_ms > 0);
    *ret_event = (struct kafka_event){.kind = KAFKA_NOTHING};
    return KAFKA_NOTHING;
}

void kafka_reader_release(struct kafka_reader *reader, struct kafka_message *message)
{
    message_pool_release(&reader->pool, message);
}

enum err kafka_reader_ends(struct kafka_reader *reader, const char *topic, int32_t partition,
        int64_t timeout_ms, int64_t *ret_low, int64_t *ret_high)
{
    struct mono_time deadline = mono_after_ms(clock_mono(), timeout_ms);
    int64_t left_ms = timeout_ms;
    enum err err;
    do {
        err = kafka_err(rd_kafka_query_watermark_offsets(
                reader->client.rk, topic, partition, ret_low, ret_high, kafka_timeout(left_ms)));
        if (err_fate(err) == FATE_RETRY) {
            // A leader that is about to move says so at once, and that is all librdkafka tells.
            rd_kafka_poll(reader->client.rk, POLL_SLICE_MS);
        }
        left_ms = mono_left_ms(clock_mono(), deadline);
    } while (err_fate(err) == FATE_RETRY && left_ms > 0);
    return err;
}

enum err kafka_reader_since(struct kafka_reader *reader, const char *topic, int32_t partition,
        int64_t since_ms, int64_t timeout_ms, int64_t *ret_offset)
{
    struct mono_time deadline = mono_after_ms(clock_mono(), timeout_ms);
    int64_t left_ms = timeout_ms;
    enum err err;
    do {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_t *at = rd_kafka_topic_partition_list_add(list, topic, partition);
        at->offset = since_ms;
        err = kafka_err(
                rd_kafka_offsets_for_times(reader->client.rk, list, kafka_timeout(left_ms)));
        err = err != ERR_NONE ? err : kafka_err(at->err);
        if (err == ERR_NONE) {
            *ret_offset = at->offset >= 0 ? at->offset : KAFKA_FROM_END;
        } else if (err_fate(err) == FATE_RETRY) {
            rd_kafka_poll(reader->client.rk, POLL_SLICE_MS);
        }
        rd_kafka_topic_partition_list_destroy(list);
        left_ms = mono_left_ms(clock_mono(), deadline);
    } while (err_fate(err) == FATE_RETRY && left_ms > 0);
    return err;
}

static bool is_no_topic(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
}

enum err kafka_reader_find(
        struct kafka_reader *reader, const char *topic, int64_t timeout_ms, int32_t *ret_count)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(reader->client.rk, topic, NULL);
    if (handle == NULL) {
        return kafka_err(rd_kafka_last_error());
    }
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t error =
            rd_kafka_metadata(reader->client.rk, 0, handle, &metadata, kafka_timeout(timeout_ms));
    rd_kafka_topic_destroy(handle);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return kafka_err(error);
    }
    bool is_told = metadata->topic_cnt == 1;
    bool is_absent = is_told && is_no_topic(metadata->topics[0].err);
    int32_t count = is_told && !is_absent ? metadata->topics[0].partition_cnt : 0;
    rd_kafka_metadata_destroy(metadata);
    if (count == 0 && !is_absent) { // it has no leader yet
        return ERR_UNAVAILABLE;
    }
    *ret_count = count;
    return ERR_NONE;
}

enum err kafka_reader_partitions(
        struct kafka_reader *reader, const char *topic, int64_t timeout_ms, int32_t *ret_count)
{
    int32_t count = 0;
    enum err e = kafka_reader_find(reader, topic, timeout_ms, &count);
    if (e == ERR_NONE && count == 0) {
        return ERR_UNAVAILABLE;
    }
    if (e == ERR_NONE) {
        *ret_count = count;
    }
    return e;
}
