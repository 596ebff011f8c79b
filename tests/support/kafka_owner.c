#include "kafka_owner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "unit.h"

static void on_assign(void *self, const struct kafka_assignment *assignment, int64_t *start)
{
    struct owner *owner = self;
    CU_ASSERT_FATAL(assignment->partition < PARTITIONS);
    owner->assigned[assignment->partition] = *assignment;
    snprintf(owner->metadata[assignment->partition], sizeof owner->metadata[0], "%.*s",
            VIEW_ARGS(assignment->metadata));
    owner->assigned_count++;
    if (owner->start >= 0) {
        *start = owner->start;
    }
}

static void on_revoke(void *self, bool lost)
{
    struct owner *owner = self;
    owner->revoked_count++;
    owner->lost_count += lost;
    if (owner->commit_offset >= 0 && !lost) {
        struct kafka_commit commit = {0, owner->commit_offset, "chunk=7"};
        CU_ASSERT_EQUAL(kafka_consumer_commit(owner->consumer, &commit, 1, 5000), ERR_NONE);
    }
}

static void on_delivered(void *self, void *ticket, enum err err)
{
    struct owner *owner = self;
    int *slot = ticket;
    *slot += 1;
    if (err == ERR_NONE) {
        owner->delivered++;
    } else {
        owner->undelivered++;
        owner->undelivered_err = err;
    }
}

static const struct kafka_consumer_owner consumer_owner = {on_assign, on_revoke};

struct kafka_consumer *kafka_owner_join(struct mock_kafka *mock, struct owner *owner)
{
    struct strbuf findings;
    strbuf_init(&findings, 4096);
    struct kafka_consumer_options options = {
            .config = &mock->config,
            .topic = mock->config.topics.outbound,
            .group = mock->config.kafka.group,
            .start = START_EARLIEST,
            .owner = &consumer_owner,
            .self = owner,
    };
    struct kafka_consumer *consumer = NULL;
    CU_ASSERT_EQUAL_FATAL(kafka_consumer_create(&consumer, &options, &findings), ERR_NONE);
    owner->consumer = consumer;
    strbuf_fini(&findings);
    return consumer;
}

struct kafka_producer *kafka_owner_produce(
        struct mock_kafka *mock, struct owner *owner, int64_t queue_wait_ms)
{
    struct strbuf findings;
    strbuf_init(&findings, 4096);
    struct kafka_producer_options options = {
            .config = &mock->config,
            .on_delivered = on_delivered,
            .self = owner,
            .queue_wait_ms = queue_wait_ms,
    };
    struct kafka_producer *producer = NULL;
    CU_ASSERT_EQUAL_FATAL(kafka_producer_create(&producer, &options, &findings), ERR_NONE);
    strbuf_fini(&findings);
    return producer;
}

void kafka_owner_send(struct kafka_producer *producer, int32_t partition, int count, int *ticket)
{
    for (int i = 0; i < count; i++) {
        char text[16];
        int n = snprintf(text, sizeof text, "%d", i);
        struct record record = {
                .topic = OUT_TALLIES,
                .partition = partition,
                .value = view_bytes(text, (size_t)n),
                .timestamp_ms = 1700000000000 + i,
                .ticket = ticket,
        };
        CU_ASSERT_EQUAL_FATAL(kafka_producer_send(producer, &record), ERR_NONE);
    }
}

struct kafka_event kafka_owner_wait(struct kafka_consumer *consumer, enum kafka_event_kind kind)
{
    struct mono_time deadline = mono_after_ms(clock_mono(), PATIENCE_MS);
    struct kafka_event event = {.kind = KAFKA_NOTHING};
    while (mono_left_ms(clock_mono(), deadline) > 0) {
        if (kafka_consumer_poll(consumer, 100, &event) == kind) {
            return event;
        }
        if (event.kind == KAFKA_MESSAGE) {
            kafka_consumer_release(consumer, event.message);
        }
    }
    CU_FAIL("an event did not come");
    return (struct kafka_event){.kind = KAFKA_NOTHING};
}

void kafka_owner_expect(struct kafka_consumer *consumer, int64_t first, int count)
{
    for (int i = 0; i < count; i++) {
        struct kafka_event event = kafka_owner_wait(consumer, KAFKA_MESSAGE);
        CU_ASSERT_EQUAL_FATAL(event.kind, KAFKA_MESSAGE);
        CU_ASSERT_EQUAL(event.message->raw.offset, first + i);
        CU_ASSERT_EQUAL(event.generation,
                kafka_consumer_generation(consumer, event.message->raw.partition));
        kafka_consumer_release(consumer, event.message);
    }
}

void kafka_owner_start_loop(struct mock_kafka *mock, int partitions)
{
    mock_kafka_start(mock, partitions);
    free(mock->config.topics.outbound);
    mock->config.topics.outbound = strdup(mock->config.topics.tallies);
}
