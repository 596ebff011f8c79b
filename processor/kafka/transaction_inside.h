// Inside of kafka/transaction.h's implementation: what the self-test needs beside it.
#pragma once

#include <librdkafka/rdkafka.h>

#include "kafka/transaction.h"

// As kafka_transaction_send_offsets, of any group.
void transaction_send_list(struct kafka_transaction *txn,
        const rd_kafka_topic_partition_list_t *list,
        const rd_kafka_consumer_group_metadata_t *group, int64_t wait_ms);
