#include "bench/score_place.h"

#include "model/frame.h"

// As tally.c makes them. Lines without a verdict are dead letters or blank.
void score_number_frames(struct score_data *data)
{
    uint32_t size = data->frame_messages;
    uint32_t frame = 0;
    uint32_t since = 0;
    bool dirty = false;
    int64_t chunk = 0;
    int64_t next = 0; // line
    for (uint32_t row = 0; row < data->message_count; row++) {
        struct score_message *message = &data->messages[row];
        message->frame = SCORE_NONE;
        if (size == 0 || message->offset < next) {
            size = 0; // no replay of one file: sequences number something else
            continue;
        }
        for (; next <= message->offset; next++) {
            if (next >> CHUNK_BITS != chunk) {
                frame++;
                chunk = next >> CHUNK_BITS;
                dirty = false;
            }
            if (next == message->offset) {
                message->frame = frame;
                dirty = true;
            }
            if (++since < size) {
                continue;
            }
            since = 0;
            frame += dirty || (next + 1) >> CHUNK_BITS != chunk;
            chunk = (next + 1) >> CHUNK_BITS;
            dirty = false;
        }
    }
}

// First row whose frame is not below `frame`, of rows that all have one.
static uint32_t row_of_frame(const struct score_data *data, int64_t frame)
{
    uint32_t low = 0;
    uint32_t high = data->message_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if ((int64_t)data->messages[middle].frame < frame) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t score_row_of_time(const struct score_data *data, int64_t ms)
{
    uint32_t low = 0;
    uint32_t high = data->message_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (data->messages[middle].log_ms < ms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool has_frames(const struct score_data *data)
{
    return data->message_count > 0 && data->messages[data->message_count - 1].frame != SCORE_NONE;
}

bool score_place(const struct score_data *data, const struct score_command *command,
        uint32_t *ret_first, uint32_t *ret_last)
{
    if (has_frames(data) && command->sequence >= 0) {
        uint32_t first = row_of_frame(data, command->sequence);
        uint32_t end = row_of_frame(data, command->sequence + 1);
        if (end > first && data->messages[end - 1].log_ms == command->issued_at_ms) {
            *ret_first = first;
            *ret_last = end - 1;
            return true;
        }
    }
    uint32_t end = score_row_of_time(data, command->issued_at_ms + 1);
    if (end == 0) {
        return false;
    }
    uint32_t begin = score_row_of_time(data, command->issued_at_ms);
    *ret_first = end - 1;
    *ret_last = end - 1;
    for (uint32_t row = end; row > begin; row--) {
        if (data->messages[row - 1].verdict == VERDICT_MISDIRECTED &&
                score_is_in(data, row - 1, command->scope)) {
            *ret_first = row - 1;
            *ret_last = row - 1;
            break;
        }
    }
    return true;
}

uint32_t score_change_row(const struct score_data *data, const struct score_alert *alert)
{
    if (alert->change_label != SCORE_NONE && data->labels[alert->change_label].row != SCORE_NONE) {
        return data->labels[alert->change_label].row;
    }
    uint32_t low = 0;
    uint32_t high = data->message_count;
    while (alert->change_offset >= 0 && has_frames(data) && low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (data->messages[middle].offset == alert->change_offset) {
            return middle;
        }
        if (data->messages[middle].offset < alert->change_offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return SCORE_NONE;
}
