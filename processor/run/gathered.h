// A batch while it is gathered: the messages polled since the last one, and each partition's slice
// of them.
#pragma once

#include <stdatomic.h>

#include "judge_line.h"
#include "kafka/consumer.h"

enum { GATHERED_PARTITION_MAX = 4096, GATHERED_BYTES = 64 * 1024 * 1024 };

struct gathered {
    struct judge_item *items;
    size_t capacity;
    size_t item_count;
    size_t byte_count;              // of values: the messages of a batch stay in memory together
    struct kafka_message *messages; // chained; released together
    struct judge_slice slices[GATHERED_PARTITION_MAX];
    // by slice: behind its last message; -1 = it has none
    int64_t to_offsets[GATHERED_PARTITION_MAX];
    size_t slice_count;
    uint32_t slice_of[GATHERED_PARTITION_MAX]; // by partition: index into slices + 1; 0 = none
};

MUST_CHECK enum err gathered_init(struct gathered *batch, size_t capacity);
void gathered_fini(struct gathered *batch);
bool gathered_is_full(const struct gathered *batch);
// Gives the messages back and forgets everything.
void gathered_clear(struct gathered *batch, struct kafka_consumer *consumer);
// Takes a message, which stays alive until the batch is cleared. The batch must not be full.
void gathered_add(struct gathered *batch, struct kafka_message *message);
// The slice of a partition, made where there is none.
struct judge_slice *gathered_slice(struct gathered *batch, int32_t partition);
// Takes what comes until the batch is full, its time is up, a stop is asked for, or something else
// has to be dealt with first, behind its first message within 5 ms: returns OFFSET_LOST or TROUBLE with *ret_event, else NOTHING.
// `marks_idle`: a partition that was read to its end gets a slice that says so.
enum kafka_event_kind gathered_fill(struct gathered *batch, struct kafka_consumer *consumer,
        int64_t wait_ms, bool marks_idle, const atomic_bool *stop, struct kafka_event *ret_event);
