#include "run/gathered.h"

#include <stdlib.h>

#include "common/assure.h"
#include "common/clock.h"

// The first message of a batch wakes us; those behind it need not, one by one: the batch goes on at its
// time, or when it is full, which is looked for this often.
enum { NAP_MS = 5 };

enum err gathered_init(struct gathered *batch, size_t capacity)
{
    batch->items = calloc(capacity, sizeof *batch->items);
    batch->capacity = capacity;
    return batch->items != NULL ? ERR_NONE : ERR_NO_MEMORY;
}

void gathered_fini(struct gathered *batch)
{
    free(batch->items);
    batch->items = NULL;
}

bool gathered_is_full(const struct gathered *batch)
{
    return batch->item_count == batch->capacity || batch->byte_count >= GATHERED_BYTES;
}

void gathered_clear(struct gathered *batch, struct kafka_consumer *consumer)
{
    while (batch->messages != NULL) {
        struct kafka_message *message = batch->messages;
        batch->messages = message->next;
        kafka_consumer_release(consumer, message);
    }
    for (size_t i = 0; i < batch->slice_count; i++) {
        batch->slice_of[batch->slices[i].partition] = 0;
    }
    batch->item_count = 0;
    batch->byte_count = 0;
    batch->slice_count = 0;
}

struct judge_slice *gathered_slice(struct gathered *batch, int32_t partition)
{
    ASSURE(partition >= 0 && partition < GATHERED_PARTITION_MAX);
    if (batch->slice_of[partition] == 0) {
        batch->slices[batch->slice_count] = (struct judge_slice){.partition = partition};
        batch->to_offsets[batch->slice_count] = -1;
        batch->slice_of[partition] = (uint32_t)++batch->slice_count;
    }
    return &batch->slices[batch->slice_of[partition] - 1];
}

void gathered_add(struct gathered *batch, struct kafka_message *message)
{
    ASSURE(!gathered_is_full(batch));
    message->next = batch->messages;
    batch->messages = message;
    struct judge_slice *slice = gathered_slice(batch, message->raw.partition);
    slice->idle = false;
    uint32_t at = (uint32_t)(slice - batch->slices);
    batch->items[batch->item_count++] = (struct judge_item){message->raw, at};
    batch->to_offsets[at] = message->raw.offset + 1;
    batch->byte_count += message->raw.value.n;
}

enum kafka_event_kind gathered_fill(struct gathered *batch, struct kafka_consumer *consumer,
        int64_t wait_ms, bool marks_idle, const atomic_bool *stop, struct kafka_event *ret_event)
{
    struct mono_time until = mono_after_ms(clock_mono(), wait_ms);
    while (!gathered_is_full(batch)) {
        enum kafka_event_kind kind = kafka_consumer_poll(consumer, 0, ret_event);
        if (kind == KAFKA_NOTHING) { // while there is something no clock is asked
            int64_t left_ms = mono_left_ms(clock_mono(), until);
            if (left_ms == 0 || *stop) {
                return KAFKA_NOTHING;
            }
            if (batch->item_count > 0) {
                clock_nap(left_ms < NAP_MS ? left_ms : NAP_MS);
                continue;
            }
            kind = kafka_consumer_poll(consumer, left_ms, ret_event);
        }
        switch (kind) {
        case KAFKA_MESSAGE:
            gathered_add(batch, ret_event->message);
            break;
        case KAFKA_PARTITION_EOF:
            if (marks_idle) {
                gathered_slice(batch, ret_event->partition)->idle = true;
            }
            break;
        case KAFKA_NOTHING:
            break;
        case KAFKA_OFFSET_LOST:
        case KAFKA_TROUBLE:
            return kind;
        }
    }
    return KAFKA_NOTHING;
}
