// Commits of a group consumer: offsets with a text, sent and forgotten or waited for.
#include <stdlib.h>

#include "common/assure.h"
#include "kafka/consumer_inside.h"

enum { METADATA_MAX = 4096 };

static bool is_ascii(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~') {
            return false;
        }
    }
    return true;
}

rd_kafka_topic_partition_list_t *consumer_list_commits(
        const struct kafka_consumer *consumer, const struct kafka_commit *commits, size_t count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) {
        const struct kafka_commit *commit = &commits[i];
        if (consumer_running(consumer, commit->partition) == NULL) {
            continue;
        }
        ASSURE(commit->offset >= 0);
        rd_kafka_topic_partition_t *element =
                rd_kafka_topic_partition_list_add(list, consumer->topic, commit->partition);
        element->offset = commit->offset;
        if (commit->metadata != NULL && commit->metadata[0] != '\0') {
            // Binary metadata comes back garbled (librdkafka #4649); brokers refuse more than 4,096
            // bytes.
            ASSURE(is_ascii(commit->metadata) && strlen(commit->metadata) <= METADATA_MAX);
            element->metadata = strdup(commit->metadata);
            element->metadata_size = element->metadata != NULL ? strlen(commit->metadata) : 0;
        }
    }
    return list;
}

static void count_commit(struct kafka_consumer *consumer, rd_kafka_resp_err_t error,
        const rd_kafka_topic_partition_list_t *offsets)
{
    if (error == RD_KAFKA_RESP_ERR__NO_OFFSET) {
        return;
    }
    for (int i = 0; offsets != NULL && i < offsets->cnt; i++) {
        bool failed = error != RD_KAFKA_RESP_ERR_NO_ERROR ||
                      offsets->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR;
        consumer->counts.commit_errors += failed;
        consumer->counts.commits += !failed;
    }
}

// The owner's thread, inside poll.
void consumer_on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t error,
        rd_kafka_topic_partition_list_t *offsets, void *opaque)
{
    (void)rk;
    struct kafka_client *client = opaque;
    count_commit(client->owner, error, offsets);
}

struct waited_commit {
    struct kafka_consumer *consumer;
    bool is_answered;
    rd_kafka_resp_err_t error;
};

static void on_waited_commit(rd_kafka_t *rk, rd_kafka_resp_err_t error,
        rd_kafka_topic_partition_list_t *offsets, void *opaque)
{
    (void)rk;
    struct waited_commit *waited = opaque;
    waited->is_answered = true;
    waited->error = error;
    for (int i = 0; offsets != NULL && i < offsets->cnt; i++) {
        if (waited->error == RD_KAFKA_RESP_ERR_NO_ERROR) {
            waited->error = offsets->elems[i].err;
        }
    }
    count_commit(waited->consumer, error, offsets);
}

// rd_kafka_commit waits without a limit; over a queue of our own the wait has one. An answer that
// comes later is thrown away with the queue.
static enum err commit_and_wait(struct kafka_consumer *consumer,
        const rd_kafka_topic_partition_list_t *list, int64_t wait_ms)
{
    struct waited_commit waited = {.consumer = consumer};
    rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer->client.rk);
    rd_kafka_resp_err_t error =
            rd_kafka_commit_queue(consumer->client.rk, list, queue, on_waited_commit, &waited);
    struct mono_time deadline = mono_after_ms(clock_mono(), wait_ms);
    int64_t left_ms = wait_ms;
    while (error == RD_KAFKA_RESP_ERR_NO_ERROR && !waited.is_answered && left_ms > 0) {
        rd_kafka_queue_poll_callback(queue, kafka_timeout(left_ms));
        left_ms = mono_left_ms(clock_mono(), deadline);
    }
    rd_kafka_queue_destroy(queue);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return kafka_err(error);
    }
    return waited.is_answered ? kafka_err(waited.error) : ERR_DEADLINE;
}

enum err kafka_consumer_commit(struct kafka_consumer *consumer, const struct kafka_commit *commits,
        size_t count, int64_t wait_ms)
{
    rd_kafka_topic_partition_list_t *list = consumer_list_commits(consumer, commits, count);
    enum err err = ERR_NONE;
    if (list->cnt > 0 && wait_ms > 0) {
        err = commit_and_wait(consumer, list, wait_ms);
    } else if (list->cnt > 0) {
        err = kafka_err(rd_kafka_commit(consumer->client.rk, list, 1));
    }
    rd_kafka_topic_partition_list_destroy(list);
    return err;
}
