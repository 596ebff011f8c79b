#include "kafka/kafka_metrics.h"

#include "kafka/consumer_inside.h"

enum {
    CONSUMER_MESSAGES,
    CONSUMER_LAG,
    CONSUMER_PARTITION_LAG,
    CONSUMER_PARTITIONS,
    CONSUMER_REBALANCES,
    CONSUMER_LOST_ASSIGNMENTS,
    CONSUMER_COMMITS,
    CONSUMER_COMMIT_ERRORS,
    CONSUMER_OFFSETS_LOST,
    CONSUMER_METRICS,
};

static const struct metric_family consumer_families[CONSUMER_METRICS] = {
        [CONSUMER_MESSAGES] = {.name = "wrongnumber_messages_consumed_total",
                .help = "Records read from the topic",
                .type = METRIC_COUNTER},
        [CONSUMER_LAG] = {.name = "wrongnumber_kafka_consumer_lag",
                .help = "Records that are in our partitions and not read yet",
                .type = METRIC_GAUGE},
        [CONSUMER_PARTITION_LAG] = {.name = "wrongnumber_kafka_partition_lag",
                .help = "The same by partition; not told of more partitions than "
                        "ops.partition_series",
                .type = METRIC_GAUGE,
                .labels = {{"partition", NULL, KAFKA_PARTITION_SERIES}}},
        [CONSUMER_PARTITIONS] = {.name = "wrongnumber_kafka_assigned_partitions",
                .help = "Partitions of the topic that are ours",
                .type = METRIC_GAUGE},
        [CONSUMER_REBALANCES] = {.name = "wrongnumber_kafka_rebalances_total",
                .help = "Assignments that the group has given",
                .type = METRIC_COUNTER},
        [CONSUMER_LOST_ASSIGNMENTS] = {.name = "wrongnumber_kafka_assignments_lost_total",
                .help = "Assignments that were taken away without a chance to commit",
                .type = METRIC_COUNTER},
        [CONSUMER_COMMITS] = {.name = "wrongnumber_kafka_commits_total",
                .help = "Offsets committed and acknowledged, one a partition",
                .type = METRIC_COUNTER},
        [CONSUMER_COMMIT_ERRORS] = {.name = "wrongnumber_kafka_commit_errors_total",
                .help = "Commits that the group refused or did not answer",
                .type = METRIC_COUNTER},
        [CONSUMER_OFFSETS_LOST] = {.name = "wrongnumber_kafka_offsets_lost_total",
                .help = "Times that the log no longer had the offset that was wanted",
                .type = METRIC_COUNTER},
};

const struct metric_table consumer_metrics = {consumer_families, CONSUMER_METRICS};

enum {
    PRODUCER_SENT,
    PRODUCER_DELIVERED,
    PRODUCER_FAILED,
    PRODUCER_QUEUE,
    PRODUCER_QUEUE_FULL,
    PRODUCER_REBUILDS,
    PRODUCER_METRICS,
};

static const struct metric_family producer_families[PRODUCER_METRICS] = {
        [PRODUCER_SENT] = {.name = "wrongnumber_producer_records_total",
                .help = "Records handed to the producer",
                .type = METRIC_COUNTER},
        [PRODUCER_DELIVERED] = {.name = "wrongnumber_producer_delivered_total",
                .help = "Records that the brokers have acknowledged",
                .type = METRIC_COUNTER},
        [PRODUCER_FAILED] = {.name = "wrongnumber_producer_delivery_errors_total",
                .help = "Records that were not delivered; they are sent again",
                .type = METRIC_COUNTER},
        [PRODUCER_QUEUE] = {.name = "wrongnumber_kafka_producer_queue_messages",
                .help = "Records that are neither acknowledged nor failed",
                .type = METRIC_GAUGE},
        [PRODUCER_QUEUE_FULL] = {.name = "wrongnumber_producer_queue_full_total",
                .help = "Records that had to wait for room in the queue",
                .type = METRIC_COUNTER},
        [PRODUCER_REBUILDS] = {.name = "wrongnumber_producer_rebuilds_total",
                .help = "Producers that were given up and started anew",
                .type = METRIC_COUNTER},
};

const struct metric_table producer_metrics = {producer_families, PRODUCER_METRICS};

// Records behind what was read, as of the last fetch.
static int64_t lag_of(const struct kafka_consumer *consumer, int32_t partition)
{
    int64_t high = kafka_consumer_high_watermark(consumer, partition);
    int64_t next = kafka_consumer_next_offset(consumer, partition);
    return high > next && next >= 0 ? high - next : 0;
}

void consumer_publish(const struct kafka_consumer *consumer,
        const struct kafka_consumer_counts *before, uint32_t most_series, struct metric_page *page)
{
    struct kafka_consumer_counts counts = {0};
    int32_t partition_end = consumer != NULL ? consumer->slot_count : 0;
    uint32_t ours = 0;
    int64_t lag = 0;
    for (int32_t i = 0; i < partition_end; i++) {
        ours += kafka_consumer_is_ours(consumer, i);
        lag += kafka_consumer_is_ours(consumer, i) ? lag_of(consumer, i) : 0;
    }
    for (int32_t i = 0; i < KAFKA_PARTITION_SERIES; i++) {
        bool is_told =
                i < partition_end && ours <= most_series && kafka_consumer_is_ours(consumer, i);
        if (is_told) {
            metric_set(page, CONSUMER_PARTITION_LAG, (size_t)i, lag_of(consumer, i));
        } else {
            metric_clear(page, CONSUMER_PARTITION_LAG, (size_t)i);
        }
    }
    if (consumer != NULL) {
        kafka_consumer_counts(consumer, &counts);
    }
    const struct {
        size_t family;
        uint64_t value;
    } rows[] = {
            {CONSUMER_MESSAGES, before->messages + counts.messages},
            {CONSUMER_LAG, (uint64_t)lag},
            {CONSUMER_PARTITIONS, ours},
            {CONSUMER_REBALANCES, before->assignments + counts.assignments},
            {CONSUMER_LOST_ASSIGNMENTS, before->lost_assignments + counts.lost_assignments},
            {CONSUMER_COMMITS, before->commits + counts.commits},
            {CONSUMER_COMMIT_ERRORS, before->commit_errors + counts.commit_errors},
            {CONSUMER_OFFSETS_LOST, before->offsets_lost + counts.offsets_lost},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        metric_set(page, rows[i].family, 0, (int64_t)rows[i].value);
    }
}

void producer_publish(const struct kafka_producer *first, const struct kafka_producer *second,
        struct metric_page *page)
{
    struct kafka_producer_counts sum;
    kafka_producer_counts(first, &sum);
    int64_t queued = kafka_producer_in_flight(first);
    if (second != NULL) {
        struct kafka_producer_counts more;
        kafka_producer_counts(second, &more);
        sum.sent += more.sent;
        sum.delivered += more.delivered;
        sum.failed += more.failed;
        sum.queue_full += more.queue_full;
        sum.rebuilds += more.rebuilds;
        queued += kafka_producer_in_flight(second);
    }
    metric_set(page, PRODUCER_SENT, 0, (int64_t)sum.sent);
    metric_set(page, PRODUCER_DELIVERED, 0, (int64_t)sum.delivered);
    metric_set(page, PRODUCER_FAILED, 0, (int64_t)sum.failed);
    metric_set(page, PRODUCER_QUEUE, 0, queued);
    metric_set(page, PRODUCER_QUEUE_FULL, 0, (int64_t)sum.queue_full);
    metric_set(page, PRODUCER_REBUILDS, 0, (int64_t)sum.rebuilds);
}
