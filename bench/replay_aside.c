#include "bench/replay_aside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/line_reader.h"
#include "decode/envelope.h"

enum { LINE_BYTES = 16 * 1024 * 1024 };

struct replay_aside {
    struct aside_line *line;
    struct line_reader *lines;
    struct envelope_reader *envelopes;
    struct arena *arena; // of the next one
    struct judge_item next;
    int64_t next_ms;
    struct view source; // the file's name
    int fd;
};

static enum err read_next(struct replay_aside *aside)
{
    for (;;) {
        struct line line;
        bool has_line;
        arena_reset(aside->arena);
        enum err e = line_reader_next(aside->lines, &line, &has_line);
        if (e != ERR_NONE || !has_line) {
            aside->next_ms = INT64_MAX;
            return e;
        }
        struct raw_message *raw = &aside->next.raw;
        aside->next = (struct judge_item){0};
        switch (envelope_read_line(aside->envelopes, line.text, aside->arena, raw)) {
        case LINE_BLANK:
            continue;
        case LINE_NO_ROOM:
            return ERR_NO_MEMORY;
        case LINE_PLAIN:
        case LINE_ENVELOPE:
            break;
        }
        raw->topic = aside->source;
        raw->partition = 0;
        raw->offset = (int64_t)line.number;
        aside->next_ms = aside_line_time_ms(aside->line, raw);
        return ERR_NONE;
    }
}

static enum err open_file(struct replay_aside *aside, const char *path)
{
    aside->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (aside->fd < 0) {
        fprintf(stderr, "wrongnumber-bench replay: %s: %s\n", path, strerror(errno));
        return ERR_NO_INPUT;
    }
    const char *slash = strrchr(path, '/');
    aside->source = view_of(slash != NULL ? slash + 1 : path);
    enum err e = line_reader_create(&aside->lines, aside->fd, ENVELOPE_LINE_MAX_BYTES);
    return e != ERR_NONE ? e : envelope_reader_create(&aside->envelopes);
}

enum err replay_aside_create(struct replay_aside **ret_aside, const char *path,
        const struct aside_line_options *options, struct aside_maker maker)
{
    struct replay_aside *aside = calloc(1, sizeof *aside);
    if (aside == NULL) {
        return ERR_NO_MEMORY;
    }
    aside->fd = -1;
    aside->arena = arena_create(LINE_BYTES);
    enum err e = aside->arena != NULL ? open_file(aside, path) : ERR_NO_MEMORY;
    if (e == ERR_NONE) {
        e = maker.line(&aside->line, options);
    }
    if (e == ERR_NONE) {
        e = aside_line_open(aside->line, aside->source, 0, 0);
    }
    if (e == ERR_NONE) {
        e = read_next(aside);
    }
    if (e != ERR_NONE) {
        replay_aside_destroy(aside);
        return e;
    }
    *ret_aside = aside;
    return ERR_NONE;
}

void replay_aside_destroy(struct replay_aside *aside)
{
    if (aside != NULL) {
        aside_line_destroy(aside->line);
        line_reader_destroy(aside->lines);
        envelope_reader_destroy(aside->envelopes);
        if (aside->fd >= 0) {
            close(aside->fd);
        }
        arena_destroy(aside->arena);
        free(aside);
    }
}

int64_t replay_aside_next_ms(const struct replay_aside *aside)
{
    return aside->next_ms;
}

enum err replay_aside_tell(struct replay_aside *aside)
{
    const struct judge_slice slice = {.next_offset = aside->next.raw.offset + 1};
    enum err e = aside_line_batch(aside->line, &aside->next, 1, &slice, 1, (struct wall_time){0});
    return e != ERR_NONE ? e : read_next(aside);
}

const struct aside_counts *replay_aside_counts(const struct replay_aside *aside)
{
    return aside_line_counts(aside->line);
}
