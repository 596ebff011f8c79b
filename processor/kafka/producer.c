#include "kafka/producer.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/assure.h"
#include "common/clock.h"
#include "kafka/producer_inside.h"
#include "kafka/topics.h"
#include "kafka/transaction.h"

enum { QUEUE_WAIT_MS = 5000, QUEUE_SLICE_MS = 20, PURGE_MS = 5000, STOP_MS = 10000 };

struct kafka_producer {
    bool is_full; // there was no room for the last record
    // A client of its own allocation: one that cannot be stopped stays behind while a new one takes
    // over.
    struct kafka_client *client;
    struct kafka_producer_options options;
    struct kafka_producer_counts counts;
};

// The owner's thread, inside every call that polls.
static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *rkm, void *opaque)
{
    (void)rk;
    struct kafka_client *client = opaque;
    struct kafka_producer *producer = client->owner;
    enum err err = kafka_err(rkm->err);
    if (err == ERR_NONE) {
        producer->counts.delivered++;
        kafka_client_recovered(client);
    } else {
        producer->counts.failed++;
        char text[TROUBLE_BYTES];
        snprintf(text, sizeof text, "%s: %s%s", rd_kafka_topic_name(rkm->rkt),
                rd_kafka_err2str(rkm->err),
                err == ERR_REFUSED ? " (our Kafka user lacks the right to write there)" : "");
        kafka_client_trouble(client, rkm->err, text);
    }
    if (rkm->_private != NULL && producer->options.on_delivered != NULL) {
        producer->options.on_delivered(producer->options.self, rkm->_private, err);
    }
}

// --- send --------------------------------------------------------------------------------------

static enum err copy_headers(const struct record *record, rd_kafka_headers_t **ret_headers)
{
    if (record->header_count == 0) {
        *ret_headers = NULL;
        return ERR_NONE;
    }
    rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count);
    for (size_t i = 0; i < record->header_count; i++) {
        const struct header *header = &record->headers[i];
        rd_kafka_resp_err_t error = rd_kafka_header_add(headers, header->name.p,
                (ssize_t)header->name.n, header->value.p, (ssize_t)header->value.n);
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_headers_destroy(headers);
            return ERR_NO_MEMORY;
        }
    }
    *ret_headers = headers;
    return ERR_NONE;
}

// producev and not produceva: the latter frees the headers twice when the partition does not exist
// (librdkafka #4628). On success the library owns `headers`, else they are still ours.
static rd_kafka_resp_err_t produce(struct kafka_producer *producer, const struct record *record,
        const char *topic, rd_kafka_headers_t *headers)
{
    // The library takes what it copies as void *.
    union {
        const void *borrowed;
        void *for_library;
    } key = {record->key.p}, value = {record->value.p};
    int32_t partition =
            record->partition == PARTITION_ANY ? RD_KAFKA_PARTITION_UA : record->partition;
    return __extension__ rd_kafka_producev(producer->client->rk, RD_KAFKA_V_TOPIC(topic),
            RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_KEY(key.for_library, record->key.n),
            RD_KAFKA_V_VALUE(value.for_library, record->value.n),
            RD_KAFKA_V_TIMESTAMP(record->timestamp_ms), RD_KAFKA_V_HEADERS(headers),
            RD_KAFKA_V_OPAQUE(record->ticket), RD_KAFKA_V_END);
}

// Tries until there is room, polling for acknowledgements that make room.
static rd_kafka_resp_err_t produce_when_room(struct kafka_producer *producer,
        const struct record *record, const char *topic, rd_kafka_headers_t *headers)
{
    rd_kafka_resp_err_t error = produce(producer, record, topic, headers);
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        return error;
    }
    producer->counts.queue_full++;
    struct mono_time deadline = mono_after_ms(clock_mono(), producer->options.queue_wait_ms);
    while (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && !producer->client->fatal &&
            mono_left_ms(clock_mono(), deadline) > 0) {
        rd_kafka_poll(producer->client->rk, QUEUE_SLICE_MS);
        error = produce(producer, record, topic, headers);
    }
    return error;
}

enum err kafka_producer_send(struct kafka_producer *producer, const struct record *record)
{
    if (producer->client->fatal) {
        return ERR_UNAVAILABLE;
    }
    rd_kafka_headers_t *headers = NULL;
    enum err err = copy_headers(record, &headers);
    if (err != ERR_NONE) {
        return err;
    }
    const char *topic = topic_out_name(producer->options.config, record->topic);
    rd_kafka_resp_err_t error = produce_when_room(producer, record, topic, headers);
    producer->is_full = error == RD_KAFKA_RESP_ERR__QUEUE_FULL;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        producer->counts.sent++;
        return ERR_NONE;
    }
    if (headers != NULL) {
        rd_kafka_headers_destroy(headers);
    }
    if (error == RD_KAFKA_RESP_ERR__STATE) {
        return ERR_PROTOCOL; // only a transaction has such a state, and the cause was told
    }
    kafka_client_trouble(producer->client, error, rd_kafka_err2str(error));
    return kafka_err(error) == ERR_DATA ? ERR_DATA : ERR_UNAVAILABLE;
}

bool kafka_producer_is_full(const struct kafka_producer *producer)
{
    return producer->is_full;
}

static enum err sink_send_record(void *self, const struct record *record)
{
    return kafka_producer_send(self, record);
}

struct sink kafka_producer_sink(struct kafka_producer *producer)
{
    static const struct sink_ops ops = {.send = sink_send_record};
    return (struct sink){&ops, producer};
}

struct kafka_client *kafka_producer_client(const struct kafka_producer *producer)
{
    return producer->client;
}

// --- acknowledgements --------------------------------------------------------------------------

void kafka_producer_poll(struct kafka_producer *producer, int64_t timeout_ms)
{
    rd_kafka_poll(producer->client->rk, kafka_timeout(timeout_ms));
}

enum err kafka_producer_flush(struct kafka_producer *producer, int64_t timeout_ms)
{
    rd_kafka_resp_err_t error = rd_kafka_flush(producer->client->rk, kafka_timeout(timeout_ms));
    return error == RD_KAFKA_RESP_ERR_NO_ERROR ? ERR_NONE : ERR_DEADLINE;
}

int64_t kafka_producer_in_flight(const struct kafka_producer *producer)
{
    const struct kafka_producer_counts *counts = &producer->counts;
    return (int64_t)(counts->sent - counts->delivered - counts->failed);
}

bool kafka_producer_is_broken(const struct kafka_producer *producer)
{
    return producer->client->fatal;
}

const char *kafka_producer_take_trouble(struct kafka_producer *producer)
{
    if (!producer->client->has_news) {
        return NULL;
    }
    producer->client->has_news = false;
    return producer->client->trouble_text;
}

void kafka_producer_counts(
        const struct kafka_producer *producer, struct kafka_producer_counts *ret_counts)
{
    *ret_counts = producer->counts;
}

// --- life --------------------------------------------------------------------------------------

// Makes the output topics known to the library, which otherwise asks for their leaders when the
// first record is there, and that takes up to a second: the first hold must not wait for it. A
// topic that may not exist is left out, since asking for it could create it.
static void prepare_topics(const struct kafka_producer *producer, const struct kafka_client *client)
{
    const struct config *config = producer->options.config;
    for (int topic = 0; topic < OUT_TOPIC_COUNT; topic++) {
        if (topic == OUT_CONTROL || topic == OUT_OUTBOUND || topic == OUT_CONTROL_STATE ||
                (topic == OUT_VERDICTS && config->verdicts == VERDICTS_NONE)) {
            continue;
        }
        rd_kafka_topic_t *handle =
                rd_kafka_topic_new(client->rk, topic_out_name(config, (enum out_topic)topic), NULL);
        if (handle != NULL) {
            rd_kafka_topic_destroy(handle); // the library keeps it
        }
    }
}

static void set_milliseconds(rd_kafka_conf_t *conf, const char *name, int ms)
{
    char text[16];
    snprintf(text, sizeof text, "%d", ms);
    kafka_client_set(conf, name, text);
}

// Above any property: the library refuses other proportions of these times.
static void set_transactional(rd_kafka_conf_t *conf, const char *id)
{
    kafka_client_set(conf, "transactional.id", id);
    set_milliseconds(conf, "transaction.timeout.ms", KAFKA_TRANSACTION_TIMEOUT_MS);
    set_milliseconds(conf, "message.timeout.ms", KAFKA_TRANSACTION_TIMEOUT_MS);
    set_milliseconds(conf, "socket.timeout.ms", KAFKA_TRANSACTION_CALL_MS);
    kafka_client_set(conf, "log.connection.close", "true"); // for client->broken_connections
}

static enum err start_client(struct kafka_producer *producer, struct strbuf *findings)
{
    struct kafka_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return ERR_NO_MEMORY;
    }
    client->owner = producer;
    rd_kafka_conf_t *conf = NULL;
    enum err err =
            kafka_client_conf(client, CLIENT_PRODUCER, producer->options.config, findings, &conf);
    if (err == ERR_NONE) {
        if (producer->options.client_id != NULL) {
            kafka_client_set(conf, "client.id", producer->options.client_id);
        }
        if (producer->options.transactional_id != NULL) {
            set_transactional(conf, producer->options.transactional_id);
        }
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
        err = kafka_client_start(client, CLIENT_PRODUCER, conf, findings);
    }
    if (err != ERR_NONE) {
        free(client);
        return err;
    }
    prepare_topics(producer, client);
    producer->client = client;
    return ERR_NONE;
}

// Every ticket comes back before this returns, unless the library is stuck.
static void purge(struct kafka_producer *producer)
{
    rd_kafka_purge(producer->client->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    struct mono_time deadline = mono_after_ms(clock_mono(), PURGE_MS);
    while (rd_kafka_outq_len(producer->client->rk) > 0 &&
            mono_left_ms(clock_mono(), deadline) > 0) {
        rd_kafka_poll(producer->client->rk, QUEUE_SLICE_MS);
    }
}

static enum err stop_client(struct kafka_producer *producer, int64_t timeout_ms)
{
    purge(producer);
    enum err err = kafka_client_stop(producer->client, timeout_ms);
    if (err == ERR_NONE) {
        free(producer->client);
    }
    producer->client = NULL;
    return err;
}

enum err kafka_producer_create(struct kafka_producer **ret_producer,
        const struct kafka_producer_options *options, struct strbuf *findings)
{
    struct kafka_producer *producer = calloc(1, sizeof *producer);
    if (producer == NULL) {
        return ERR_NO_MEMORY;
    }
    producer->options = *options;
    if (producer->options.queue_wait_ms == 0) {
        producer->options.queue_wait_ms = QUEUE_WAIT_MS;
    }
    enum err err = start_client(producer, findings);
    if (err != ERR_NONE) {
        free(producer);
        return err;
    }
    *ret_producer = producer;
    return ERR_NONE;
}

enum err kafka_producer_rebuild(struct kafka_producer *producer)
{
    struct kafka_client *old = producer->client;
    purge(producer);
    struct strbuf findings;
    strbuf_init(&findings, 4096);
    enum err err = start_client(producer, &findings);
    strbuf_fini(&findings);
    if (err != ERR_NONE) {
        return err; // the old one is still there, still broken
    }
    producer->counts.rebuilds++;
    if (kafka_client_stop(old, STOP_MS) == ERR_NONE) {
        free(old);
    }
    return ERR_NONE;
}

enum err kafka_producer_close(struct kafka_producer *producer, int64_t timeout_ms)
{
    if (producer == NULL) {
        return ERR_NONE;
    }
    enum err err = stop_client(producer, timeout_ms);
    free(producer);
    return err;
}

void kafka_producer_break(struct kafka_producer *producer)
{
    rd_kafka_test_fatal_error(producer->client->rk, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
            "broken by a fault test");
}
