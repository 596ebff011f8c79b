#include "bench/replay_complaints.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/line_reader.h"
#include "decode/envelope.h"

enum { LINE_BYTES = 16 * 1024 * 1024 };

struct replay_complaints {
    struct complaint_line *line;
    struct line_reader *lines;
    struct envelope_reader *envelopes;
    struct arena *arena; // of the next complaint
    struct judge_item next;
    int64_t next_ms;
    struct view source; // the file's name
    int fd;
};

static enum err read_next(struct replay_complaints *complaints)
{
    for (;;) {
        struct line line;
        bool has_line;
        arena_reset(complaints->arena);
        enum err e = line_reader_next(complaints->lines, &line, &has_line);
        if (e != ERR_NONE || !has_line) {
            complaints->next_ms = INT64_MAX;
            return e;
        }
        struct raw_message *raw = &complaints->next.raw;
        complaints->next = (struct judge_item){0};
        switch (envelope_read_line(complaints->envelopes, line.text, complaints->arena, raw)) {
        case LINE_BLANK:
            continue;
        case LINE_NO_ROOM:
            return ERR_NO_MEMORY;
        case LINE_PLAIN:
        case LINE_ENVELOPE:
            break;
        }
        raw->topic = complaints->source;
        raw->partition = 0;
        raw->offset = (int64_t)line.number;
        complaints->next_ms = complaint_line_time_ms(complaints->line, raw);
        return ERR_NONE;
    }
}

static enum err open_file(struct replay_complaints *complaints, const char *path)
{
    complaints->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (complaints->fd < 0) {
        fprintf(stderr, "wrongnumber-bench replay: %s: %s\n", path, strerror(errno));
        return ERR_NO_INPUT;
    }
    const char *slash = strrchr(path, '/');
    complaints->source = view_of(slash != NULL ? slash + 1 : path);
    enum err e = line_reader_create(&complaints->lines, complaints->fd, ENVELOPE_LINE_MAX_BYTES);
    return e != ERR_NONE ? e : envelope_reader_create(&complaints->envelopes);
}

enum err replay_complaints_create(struct replay_complaints **ret_complaints, const char *path,
        const struct config *config, const struct keyring *ring, struct emitter *emitter,
        struct frame_taker frames)
{
    struct replay_complaints *complaints = calloc(1, sizeof *complaints);
    if (complaints == NULL) {
        return ERR_NO_MEMORY;
    }
    complaints->fd = -1;
    complaints->arena = arena_create(LINE_BYTES);
    enum err e = complaints->arena != NULL ? open_file(complaints, path) : ERR_NO_MEMORY;
    if (e == ERR_NONE) {
        const struct complaint_line_options options = {
                .config = config,
                .ring = ring,
                .emitter = emitter,
                .frames = frames,
                .tally_partitions = 1,
                .clock = JUDGE_CLOCK_MESSAGE,
        };
        e = complaint_line_create(&complaints->line, &options);
    }
    if (e == ERR_NONE) {
        e = complaint_line_open(complaints->line, complaints->source, 0, 0);
    }
    if (e == ERR_NONE) {
        e = read_next(complaints);
    }
    if (e != ERR_NONE) {
        replay_complaints_destroy(complaints);
        return e;
    }
    *ret_complaints = complaints;
    return ERR_NONE;
}

void replay_complaints_destroy(struct replay_complaints *complaints)
{
    if (complaints != NULL) {
        complaint_line_destroy(complaints->line);
        line_reader_destroy(complaints->lines);
        envelope_reader_destroy(complaints->envelopes);
        if (complaints->fd >= 0) {
            close(complaints->fd);
        }
        arena_destroy(complaints->arena);
        free(complaints);
    }
}

int64_t replay_complaints_next_ms(const struct replay_complaints *complaints)
{
    return complaints->next_ms;
}

enum err replay_complaints_tell(struct replay_complaints *complaints)
{
    const struct judge_slice slice = {.next_offset = complaints->next.raw.offset + 1};
    enum err e = complaint_line_batch(
            complaints->line, &complaints->next, 1, &slice, 1, (struct wall_time){0});
    return e != ERR_NONE ? e : read_next(complaints);
}

const struct complaint_counts *replay_complaints_counts(const struct replay_complaints *complaints)
{
    return complaint_line_counts(complaints->line);
}
