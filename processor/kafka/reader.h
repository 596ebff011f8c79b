// Reads topics from a chosen place without a group: nothing is joined, nothing committed, nobody
// disturbed. For looking on (`watch`) and for reading a log from its beginning (snapshots, what is
// held now). One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/strbuf.h"
#include "kafka/consumer.h"
#include "policy/config.h"

struct kafka_reader;

// Where a partition begins; any offset of 0 and above, or one of these.
#define KAFKA_FROM_BEGINNING INT64_C(-2)
#define KAFKA_FROM_END INT64_C(-1)

// Needs no broker to be there. ERR_CONFIG with findings for properties that are not acceptable.
MUST_CHECK enum err kafka_reader_create(
        struct kafka_reader **ret_reader, const struct config *config, struct strbuf *findings);
enum err kafka_reader_destroy(struct kafka_reader *reader, int64_t timeout_ms);

// Begins to read one partition. `topic` is copied. ERR_CEILING above 100,000 partitions.
MUST_CHECK enum err kafka_reader_add(
        struct kafka_reader *reader, const char *topic, int32_t partition, int64_t from);
// The next event: MESSAGE, PARTITION_EOF, OFFSET_LOST (then that partition is read from its
// beginning) or TROUBLE, as of kafka/consumer.h; generation, low and high are not used. The topic
// is in ret_event->topic.
enum kafka_event_kind kafka_reader_poll(
        struct kafka_reader *reader, int64_t timeout_ms, struct kafka_event *ret_event);
// Asks the broker how many partitions a topic has. ERR_UNAVAILABLE when it has none.
MUST_CHECK enum err kafka_reader_partitions(
        struct kafka_reader *reader, const char *topic, int64_t timeout_ms, int32_t *ret_count);
// The same; 0 when it is known that there is no such topic, or that our Kafka user may not know of it.
MUST_CHECK enum err kafka_reader_find(
        struct kafka_reader *reader, const char *topic, int64_t timeout_ms, int32_t *ret_count);
// Asks the broker which offsets a partition has now, low .. high - 1.
MUST_CHECK enum err kafka_reader_ends(struct kafka_reader *reader, const char *topic,
        int32_t partition, int64_t timeout_ms, int64_t *ret_low, int64_t *ret_high);
// Asks the broker for the first record of a partition with that timestamp or a later one; KAFKA_FROM_END: it has none.
MUST_CHECK enum err kafka_reader_since(struct kafka_reader *reader, const char *topic,
        int32_t partition, int64_t since_ms, int64_t timeout_ms, int64_t *ret_offset);
void kafka_reader_release(struct kafka_reader *reader, struct kafka_message *message);
