// Poll and life of the group consumer; assignment.c knows where partitions begin.
#include "kafka/consumer.h"

#include <stdlib.h>

#include "common/assure.h"
#include "kafka/consumer_inside.h"

enum {
    POLL_SLICE_MS = 100, // so that what callbacks found out is told soon
    STOP_MS = 5000,
};

// --- poll ----------------------------------------------------------------------------------------

static bool take_lost(struct kafka_consumer *consumer, struct kafka_event *ret_event)
{
    for (int32_t i = 0; i < consumer->slot_count && consumer->lost_untold > 0; i++) {
        struct slot *slot = &consumer->slots[i];
        if (slot->has_lost) {
            slot->has_lost = false;
            consumer->lost_untold--;
            *ret_event = (struct kafka_event){
                    .kind = KAFKA_OFFSET_LOST,
                    .topic = consumer->topic,
                    .partition = i,
                    .generation = slot->generation,
                    .offset = slot->lost_offset,
                    .low = slot->low,
                    .high = slot->high,
            };
            return true;
        }
    }
    return false;
}

// What callbacks and resolves have left to be told. Lost offsets come before any message behind
// them.
static bool take_news(struct kafka_consumer *consumer, struct kafka_event *ret_event)
{
    return (consumer->lost_untold > 0 && take_lost(consumer, ret_event)) ||
           kafka_client_take_news(&consumer->client, ret_event);
}

// Takes over `rkm`. Nothing comes out of messages of partitions that have just been taken away or
// rewound.
static bool take_message(
        struct kafka_consumer *consumer, rd_kafka_message_t *rkm, struct kafka_event *ret_event)
{
    struct slot *slot = consumer_running(consumer, rkm->partition);
    if (slot == NULL || consumer->is_held || rkm->offset < slot->next_offset) {
        rd_kafka_message_destroy(rkm);
        return false;
    }
    struct kafka_message *message = NULL;
    if (message_pool_wrap(&consumer->pool, rkm, view_of(consumer->topic), slot->generation,
                &message) != ERR_NONE) {
        // Memory is out: read it again later rather than lose it.
        struct kafka_position again = {rkm->partition, rkm->offset};
        rd_kafka_message_destroy(rkm);
        kafka_client_trouble(&consumer->client, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE,
                "no memory for a message: reading it again");
        return kafka_consumer_rewind(consumer, &again, 1) != ERR_NONE &&
               take_news(consumer, ret_event);
    }
    slot->next_offset = message->raw.offset + 1;
    consumer->counts.messages++;
    kafka_client_recovered(&consumer->client);
    *ret_event = (struct kafka_event){
            .kind = KAFKA_MESSAGE,
            .topic = consumer->topic,
            .partition = message->raw.partition,
            .generation = slot->generation,
            .message = message,
    };
    return true;
}

static bool take_eof(struct kafka_consumer *consumer, const rd_kafka_message_t *rkm,
        struct kafka_event *ret_event)
{
    struct slot *slot = consumer_running(consumer, rkm->partition);
    if (slot == NULL || consumer->is_held) {
        return false;
    }
    if (rkm->offset > slot->next_offset) {
        slot->next_offset = rkm->offset; // the log ends with control records
    }
    kafka_client_recovered(&consumer->client);
    *ret_event = (struct kafka_event){
            .kind = KAFKA_PARTITION_EOF,
            .topic = consumer->topic,
            .partition = rkm->partition,
            .generation = slot->generation,
            .offset = rkm->offset,
    };
    return true;
}

static bool take_error(struct kafka_consumer *consumer, const rd_kafka_message_t *rkm,
        struct kafka_event *ret_event)
{
    if (rkm->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        return take_eof(consumer, rkm, ret_event);
    }
    struct slot *slot = consumer_running(consumer, rkm->partition);
    if (slot != NULL && (rkm->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
                                rkm->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)) {
        slot->state = SLOT_STRAY; // resolved at once, but not more often than once a second
        consumer->unresolved++;
        return false;
    }
    kafka_client_trouble(&consumer->client, rkm->err, rd_kafka_message_errstr(rkm));
    return take_news(consumer, ret_event);
}

static bool take(
        struct kafka_consumer *consumer, rd_kafka_message_t *rkm, struct kafka_event *ret_event)
{
    if (rkm->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return take_message(consumer, rkm, ret_event);
    }
    bool taken = take_error(consumer, rkm, ret_event);
    rd_kafka_message_destroy(rkm);
    return taken;
}

// A rebalance runs inside rd_kafka_consumer_poll, which may go on to a message of a partition whose
// lost offsets have not been told: that message waits.
static rd_kafka_message_t *next_message(struct kafka_consumer *consumer, int64_t wait_ms)
{
    rd_kafka_message_t *rkm = consumer->held_back;
    if (rkm != NULL) {
        consumer->held_back = NULL;
        return rkm;
    }
    rkm = rd_kafka_consumer_poll(consumer->client.rk, kafka_timeout(wait_ms));
    if (rkm != NULL && consumer->lost_untold > 0) {
        consumer->held_back = rkm;
        return NULL;
    }
    return rkm;
}

enum kafka_event_kind kafka_consumer_poll(
        struct kafka_consumer *consumer, int64_t timeout_ms, struct kafka_event *ret_event)
{
    struct mono_time deadline = {0}; // set when there was nothing at once: most polls need no clock
    int64_t left_ms = timeout_ms;
    for (;;) {
        if (take_news(consumer, ret_event)) {
            return ret_event->kind;
        }
        consumer_resolve_if_due(consumer);
        int64_t slice_ms = left_ms < POLL_SLICE_MS ? left_ms : POLL_SLICE_MS;
        if (deadline.ns == 0 && timeout_ms > 0) {
            slice_ms = 0;
        }
        rd_kafka_message_t *rkm = next_message(consumer, slice_ms);
        if (rkm != NULL && take(consumer, rkm, ret_event)) {
            return ret_event->kind;
        }
        if (deadline.ns == 0) {
            deadline = mono_after_ms(clock_mono(), timeout_ms);
        } else {
            left_ms = mono_left_ms(clock_mono(), deadline);
        }
        if (left_ms <= 0) {
            if (!take_news(consumer, ret_event)) {
                *ret_event = (struct kafka_event){.kind = KAFKA_NOTHING};
            }
            return ret_event->kind;
        }
    }
}

void kafka_consumer_release(struct kafka_consumer *consumer, struct kafka_message *message)
{
    message_pool_release(&consumer->pool, message);
}

// --- what others may know ------------------------------------------------------------------------

uint64_t kafka_consumer_generation(const struct kafka_consumer *consumer, int32_t partition)
{
    const struct slot *slot = consumer_running(consumer, partition);
    return slot != NULL ? slot->generation : 0;
}

int64_t kafka_consumer_next_offset(const struct kafka_consumer *consumer, int32_t partition)
{
    const struct slot *slot = consumer_running(consumer, partition);
    if (slot == NULL) {
        return -1;
    }
    // Not behind a gap that is yet to be told.
    return slot->has_lost ? slot->lost_offset : slot->next_offset;
}

int64_t kafka_consumer_high_watermark(const struct kafka_consumer *consumer, int32_t partition)
{
    const struct slot *slot = consumer_running(consumer, partition);
    if (slot == NULL) {
        return -1;
    }
    int64_t low = -1;
    int64_t high = -1;
    if (rd_kafka_get_watermark_offsets(consumer->client.rk, consumer->topic, partition, &low,
                &high) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        high = -1;
    }
    return high > slot->high ? high : slot->high; // before the first fetch: as of the assignment
}

enum err kafka_consumer_ends(struct kafka_consumer *consumer, int32_t partition, int64_t timeout_ms,
        int64_t *ret_low, int64_t *ret_high)
{
    const struct slot *slot = consumer_running(consumer, partition);
    int64_t low = slot != NULL ? slot->low : 0;
    int64_t high = kafka_consumer_high_watermark(consumer, partition);
    rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(consumer->client.rk,
            consumer->topic, partition, &low, &high,
            kafka_timeout(timeout_ms)); // untouched on failure
    *ret_low = low;
    *ret_high = high < low ? low : high;
    return slot != NULL ? ERR_NONE : kafka_err(error);
}

bool kafka_consumer_has_assignment(const struct kafka_consumer *consumer)
{
    return consumer->has_assignment;
}

bool kafka_consumer_is_ours(const struct kafka_consumer *consumer, int32_t partition)
{
    return partition < consumer->slot_count && consumer->slots[partition].state != SLOT_NONE;
}

bool kafka_consumer_is_throttled(const struct kafka_consumer *consumer, int64_t within_ms)
{
    struct mono_time at = consumer->client.throttled_at;
    return at.ns > 0 && mono_left_ms(clock_mono(), mono_after_ms(at, within_ms)) > 0;
}

int64_t kafka_consumer_lag(const struct kafka_consumer *consumer)
{
    int64_t lag = 0;
    for (int32_t i = 0; i < consumer->slot_count; i++) {
        int64_t high = kafka_consumer_high_watermark(consumer, i);
        int64_t next = kafka_consumer_next_offset(consumer, i);
        lag += high > next ? high - next : 0;
    }
    return lag;
}

void kafka_consumer_counts(
        const struct kafka_consumer *consumer, struct kafka_consumer_counts *ret_counts)
{
    *ret_counts = consumer->counts;
}

// --- life ----------------------------------------------------------------------------------------

static void consumer_free(struct kafka_consumer *consumer)
{
    message_pool_fini(&consumer->pool);
    free(consumer->slots);
    free(consumer->topic);
    free(consumer->group);
    free(consumer);
}

static enum err subscribe(struct kafka_consumer *consumer)
{
    rd_kafka_poll_set_consumer(consumer->client.rk);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, consumer->topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t error = rd_kafka_subscribe(consumer->client.rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return kafka_err(error);
}

enum err kafka_consumer_create(struct kafka_consumer **ret_consumer,
        const struct kafka_consumer_options *options, struct strbuf *findings)
{
    struct kafka_consumer *consumer = calloc(1, sizeof *consumer);
    if (consumer == NULL) {
        return ERR_NO_MEMORY;
    }
    consumer->client.owner = consumer;
    consumer->topic = strdup(options->topic);
    consumer->group = strdup(options->group);
    consumer->start = options->start;
    consumer->owner = options->owner;
    consumer->self = options->self;
    enum err err = ERR_NO_MEMORY;
    if (consumer->topic == NULL || consumer->group == NULL) {
        goto out;
    }
    rd_kafka_conf_t *conf = NULL;
    err = kafka_client_conf(&consumer->client, CLIENT_CONSUMER, options->config, findings, &conf);
    if (err != ERR_NONE) {
        goto out;
    }
    kafka_client_set(conf, "group.id", consumer->group);
    if (options->config->kafka.instance_id != NULL) {
        kafka_client_set(conf, "group.instance.id", options->config->kafka.instance_id);
    }
    rd_kafka_conf_set_rebalance_cb(conf, consumer_on_rebalance);
    rd_kafka_conf_set_offset_commit_cb(conf, consumer_on_commit);
    err = kafka_client_start(&consumer->client, CLIENT_CONSUMER, conf, findings);
    if (err != ERR_NONE) {
        goto out;
    }
    err = subscribe(consumer);
    if (err != ERR_NONE) {
        strbuf_printf(findings, "%s: cannot subscribe: %s\n", consumer->topic, err_text(err));
        if (kafka_client_stop(&consumer->client, STOP_MS) == ERR_NONE) {
            consumer_free(consumer);
        }
        return err;
    }
    *ret_consumer = consumer;
    return ERR_NONE;
out:
    consumer_free(consumer);
    return err;
}

// Leaves the group. Commits that the owner waits for in on_revoke are inside this time as well.
static void leave_group(struct kafka_consumer *consumer, struct mono_time deadline)
{
    rd_kafka_t *rk = consumer->client.rk;
    consumer->is_leaving = true;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(rk, queue);
    if (error != NULL) { // it was fatal before: nothing is left to close
        rd_kafka_error_destroy(error);
    } else {
        while (!rd_kafka_consumer_closed(rk) && mono_left_ms(clock_mono(), deadline) > 0) {
            // Fetched while we leave: the next owner reads it. (rd_kafka_queue_poll_callback dies of it.)
            rd_kafka_message_t *rkm = rd_kafka_consume_queue(queue, POLL_SLICE_MS);
            if (rkm != NULL) {
                rd_kafka_message_destroy(rkm);
            }
        }
    }
    rd_kafka_queue_destroy(queue);
}

enum err kafka_consumer_close(struct kafka_consumer *consumer, int64_t timeout_ms)
{
    if (consumer == NULL) {
        return ERR_NONE;
    }
    struct mono_time deadline = mono_after_ms(clock_mono(), timeout_ms);
    leave_group(consumer, deadline);
    if (consumer_has_announced(consumer)) { // the group did not answer in time
        consumer->owner->on_revoke(consumer->self, true);
    }
    consumer_clear(consumer);
    ASSURE(consumer->pool.out_count == 0);
    enum err err = kafka_client_stop(
            &consumer->client, mono_left_ms(clock_mono(), deadline) + POLL_SLICE_MS);
    if (err == ERR_NONE) {
        consumer_free(consumer);
    }
    return err;
}
