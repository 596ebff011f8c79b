#include "complaint_line.h"

#include <stdlib.h>

#include "common/digest.h"
#include "complaint/complaint_frames.h"
#include "decode/decode_complaint.h"

enum { ARENA_BYTES = 16 * 1024 * 1024, ID_TEXT_BYTES = 1024, DAY_MS = 24 * 3600 * 1000 };

struct complaint_line {
    struct complaint_line_options options;
    struct complaint_decoder *decoder;
    struct complaint_frames *frames;
    struct arena *arena; // of the complaint in hand
    struct strbuf id_text;
    struct complaint_counts counts;
    void *ticket;        // of the slice in hand
    int64_t log_time_ms; // JUDGE_CLOCK_MESSAGE
};

enum err complaint_line_create(
        struct complaint_line **ret_line, const struct complaint_line_options *options)
{
    struct complaint_line *line = calloc(1, sizeof *line);
    if (line == NULL) {
        return ERR_NO_MEMORY;
    }
    line->options = *options;
    strbuf_init(&line->id_text, ID_TEXT_BYTES);
    line->arena = arena_create(ARENA_BYTES);
    enum err e = line->arena != NULL ? ERR_NONE : ERR_NO_MEMORY;
    if (e == ERR_NONE) {
        e = complaint_decoder_create(&line->decoder);
    }
    if (e == ERR_NONE) {
        e = complaint_frames_create(&line->frames, options->tally_partitions);
    }
    if (e != ERR_NONE) {
        complaint_line_destroy(line);
        return e;
    }
    *ret_line = line;
    return ERR_NONE;
}

void complaint_line_destroy(struct complaint_line *line)
{
    if (line != NULL) {
        complaint_frames_destroy(line->frames);
        complaint_decoder_destroy(line->decoder);
        arena_destroy(line->arena);
        strbuf_fini(&line->id_text);
        free(line);
    }
}

enum err complaint_line_open(
        struct complaint_line *line, struct view topic, int32_t partition, int64_t start_offset)
{
    return complaint_frames_open(line->frames, topic, partition, start_offset);
}

void complaint_line_close(struct complaint_line *line, int32_t partition)
{
    complaint_frames_close(line->frames, partition);
}

void *complaint_line_ticket(const struct complaint_line *line)
{
    return line->ticket;
}

const struct complaint_counts *complaint_line_counts(const struct complaint_line *line)
{
    return &line->counts;
}

// Whom it is about, or where it does not say so, what.
static enum err make_tag(struct complaint_line *line, const struct complaint *complaint,
        uint8_t ret_tag[RECIPIENT_TAG_BYTES])
{
    if (!view_is_none(complaint->recipient)) {
        struct recipient recipient = recipient_normalise(complaint->recipient,
                recipient_kind_of_channel(complaint->channel),
                line->options.config->identity.default_region, line->arena);
        if (recipient_is_unread(&recipient)) {
            return ERR_NO_MEMORY;
        }
        struct pseudonym pseudonym =
                keyring_pseudonym(keyring_current(line->options.ring), recipient);
        memcpy(ret_tag, pseudonym.bytes, RECIPIENT_TAG_BYTES);
        return ERR_NONE;
    }
    strbuf_reset(&line->id_text);
    strbuf_add_text(&line->id_text, "message:");
    strbuf_add_view(&line->id_text, complaint->message_id);
    uint8_t digest[SHA256_BYTES];
    digest_sha256(strbuf_view(&line->id_text), digest);
    memcpy(ret_tag, digest, RECIPIENT_TAG_BYTES);
    return line->id_text.failed;
}

static int64_t told_at_ms(const struct raw_message *raw, const struct complaint *complaint)
{
    if (clock_is_accepted(raw->timestamp_ms)) {
        return raw->timestamp_ms;
    }
    return complaint != NULL ? complaint->occurred_at.ms : 0;
}

// judged_at of one complaint, as that of a message.
static int64_t judged_at_ms(struct complaint_line *line, const struct raw_message *raw,
        const struct complaint *complaint, int64_t now_ms)
{
    if (line->options.clock == JUDGE_CLOCK_WALL) {
        return now_ms;
    }
    int64_t ms = told_at_ms(raw, complaint);
    if (line->log_time_ms == 0) {
        line->log_time_ms = ms;
    } else if (ms > line->log_time_ms) {
        int64_t step = ms - line->log_time_ms;
        line->log_time_ms += step < DAY_MS ? step : DAY_MS;
    }
    return line->log_time_ms != 0 ? line->log_time_ms : CLOCK_MIN_MS;
}

static enum err take_dead_letter(struct complaint_line *line, const struct raw_message *raw,
        const struct decode_failure *failure, int64_t at_ms)
{
    line->counts.dead_letters++;
    const struct dead_letter_action dead_letter = {
            .raw = raw,
            .reason = failure->reason,
            .explanation = view_of(failure->text),
            .failed_at_ms = line->options.clock == JUDGE_CLOCK_WALL ? at_ms : -1,
    };
    return emit_dead_letter(line->options.emitter, &dead_letter, line->ticket);
}

static enum err take_item(struct complaint_line *line, const struct raw_message *raw,
        int32_t partition, struct wall_time now)
{
    arena_reset(line->arena);
    struct complaint complaint;
    struct decode_failure failure;
    enum decode_result result =
            decode_complaint(line->decoder, raw, line->arena, &complaint, &failure);
    if (result == DECODE_NO_ROOM) {
        return ERR_NO_MEMORY;
    }
    bool is_complaint = result == DECODE_EVENT;
    int64_t at_ms = judged_at_ms(line, raw, is_complaint ? &complaint : NULL, now.ms);
    uint8_t tag[RECIPIENT_TAG_BYTES] = {0};
    enum err e = is_complaint ? make_tag(line, &complaint, tag)
                              : take_dead_letter(line, raw, &failure, at_ms);
    line->counts.complaints += is_complaint;
    return e != ERR_NONE
                   ? e
                   : complaint_frames_take(line->frames, partition, raw->offset,
                             is_complaint ? &complaint : NULL, tag, at_ms, &line->options.frames);
}

enum err complaint_line_batch(struct complaint_line *line, const struct judge_item *items,
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
        e = complaint_frames_flush(line->frames, slices[i].partition, slices[i].next_offset, at_ms,
                slices[i].idle, &line->options.frames);
    }
    return e;
}

int64_t complaint_line_time_ms(struct complaint_line *line, const struct raw_message *raw)
{
    arena_reset(line->arena);
    struct complaint complaint;
    struct decode_failure failure;
    bool is_complaint =
            decode_complaint(line->decoder, raw, line->arena, &complaint, &failure) == DECODE_EVENT;
    return told_at_ms(raw, is_complaint ? &complaint : NULL);
}
