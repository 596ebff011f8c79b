#include "aside_line.h"

#include <stdlib.h>

#include "aside/aside_frames.h"
#include "common/log.h"

enum { ARENA_BYTES = 16 * 1024 * 1024, DAY_MS = 24 * 3600 * 1000 };

struct aside_line {
    struct aside_line_options options;
    const struct aside_reader *reader;
    void *reader_self;
    struct aside_frames *frames;
    struct arena *arena; // of what is in hand
    struct aside_counts counts;
    void *ticket;        // of the slice in hand
    int64_t log_time_ms; // JUDGE_CLOCK_MESSAGE
};

enum err aside_line_create(struct aside_line **ret_line, const struct aside_line_options *options,
        const struct aside_reader *reader, void *self)
{
    struct aside_line *line = calloc(1, sizeof *line);
    if (line == NULL) {
        reader->destroy(self);
        return ERR_NO_MEMORY;
    }
    line->options = *options;
    line->reader = reader;
    line->reader_self = self;
    line->arena = arena_create(ARENA_BYTES);
    enum err e = line->arena != NULL ? ERR_NONE : ERR_NO_MEMORY;
    if (e == ERR_NONE) {
        e = aside_frames_create(&line->frames, options->tally_partitions);
    }
    if (e != ERR_NONE) {
        aside_line_destroy(line);
        return e;
    }
    *ret_line = line;
    return ERR_NONE;
}

void aside_line_destroy(struct aside_line *line)
{
    if (line != NULL) {
        aside_frames_destroy(line->frames);
        line->reader->destroy(line->reader_self);
        arena_destroy(line->arena);
        free(line);
    }
}

void aside_line_set_policy(struct aside_line *line, const struct policy *policy)
{
    if (line->reader->set_policy != NULL) {
        line->reader->set_policy(line->reader_self, policy);
    }
}

enum err aside_line_open(
        struct aside_line *line, struct view topic, int32_t partition, int64_t start_offset)
{
    return aside_frames_open(line->frames, topic, partition, start_offset);
}

void aside_line_close(struct aside_line *line, int32_t partition)
{
    aside_frames_close(line->frames, partition);
}

void *aside_line_ticket(const struct aside_line *line)
{
    return line->ticket;
}

const struct aside_counts *aside_line_counts(const struct aside_line *line)
{
    return &line->counts;
}

static int64_t told_at_ms(const struct raw_message *raw, const struct aside *aside)
{
    if (clock_is_accepted(raw->timestamp_ms)) {
        return raw->timestamp_ms;
    }
    return aside != NULL ? aside->occurred_at_ms : 0;
}

// judged_at of one of them, as that of a message.
static int64_t judged_at_ms(struct aside_line *line, const struct raw_message *raw,
        const struct aside *aside, int64_t now_ms)
{
    if (line->options.clock == JUDGE_CLOCK_WALL) {
        return now_ms;
    }
    int64_t ms = told_at_ms(raw, aside);
    if (line->log_time_ms == 0) {
        line->log_time_ms = ms;
    } else if (ms > line->log_time_ms) {
        int64_t step = ms - line->log_time_ms;
        line->log_time_ms += step < DAY_MS ? step : DAY_MS;
    }
    return line->log_time_ms != 0 ? line->log_time_ms : CLOCK_MIN_MS;
}

static enum err take_dead_letter(struct aside_line *line, const struct raw_message *raw,
        const struct decode_failure *failure, int64_t at_ms)
{
    line->counts.dead_letters++;
    // Somebody commands who may not, or with a key that is not ours: that is for people to look at.
    if (failure->code == DEAD_UNSIGNED || failure->code == DEAD_BAD_SIGNATURE) {
        log_warn("control", "%.*s/%d/%lld: refused, %s", VIEW_ARGS(raw->topic), (int)raw->partition,
                (long long)raw->offset, failure->text);
    }
    line->counts.dead_letters_by[failure->code]++;
    const struct dead_letter_action dead_letter = {
            .raw = raw,
            .reason = failure->reason,
            .explanation = view_of(failure->text),
            .failed_at_ms = line->options.clock == JUDGE_CLOCK_WALL ? at_ms : -1,
    };
    return emit_dead_letter(line->options.emitter, &dead_letter, line->ticket);
}

static enum err take_item(struct aside_line *line, const struct raw_message *raw, int32_t partition,
        struct wall_time now)
{
    arena_reset(line->arena);
    struct aside aside;
    struct decode_failure failure;
    enum decode_result result =
            line->reader->read(line->reader_self, raw, line->arena, &aside, &failure);
    if (result == DECODE_NO_ROOM) {
        return ERR_NO_MEMORY;
    }
    bool is_read = result == DECODE_EVENT;
    int64_t at_ms = judged_at_ms(line, raw, is_read ? &aside : NULL, now.ms);
    enum err e = is_read ? ERR_NONE : take_dead_letter(line, raw, &failure, at_ms);
    line->counts.taken += is_read;
    return e != ERR_NONE ? e
                         : aside_frames_take(line->frames, partition, raw->offset,
                                   is_read ? &aside : NULL, at_ms, &line->options.frames);
}

enum err aside_line_batch(struct aside_line *line, const struct judge_item *items,
        size_t item_count, const struct judge_slice *slices, size_t slice_count,
        struct wall_time now)
{
    enum err e = ERR_NONE;
    for (size_t i = 0; i < item_count && e == ERR_NONE; i++) {
        const struct judge_slice *slice = &slices[items[i].slice];
        line->ticket = slice->ticket;
        e = take_item(line, &items[i].raw, slice->partition, now);
    }
    bool is_live = line->options.clock == JUDGE_CLOCK_WALL;
    int64_t at_ms = is_live ? now.ms : line->log_time_ms != 0 ? line->log_time_ms : CLOCK_MIN_MS;
    for (size_t i = 0; i < slice_count && e == ERR_NONE; i++) {
        line->ticket = slices[i].ticket;
        e = aside_frames_flush(line->frames, slices[i].partition, slices[i].next_offset, at_ms,
                slices[i].idle, &line->options.frames);
    }
    return e;
}

int64_t aside_line_time_ms(struct aside_line *line, const struct raw_message *raw)
{
    arena_reset(line->arena);
    struct aside aside;
    struct decode_failure failure;
    bool is_read = line->reader->read(line->reader_self, raw, line->arena, &aside, &failure) ==
                   DECODE_EVENT;
    return told_at_ms(raw, is_read ? &aside : NULL);
}
