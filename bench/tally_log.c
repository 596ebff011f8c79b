#include "bench/tally_log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/line_reader.h"
#include "decode/envelope.h"
#include "state/frame_codec.h"

enum { ARENA_BYTES = 64 * 1024 * 1024 };

struct tally_log {
    int fd;
    struct line_reader *lines;
    struct envelope_reader *envelopes;
    struct arena *arena;
};

enum err tally_log_open(struct tally_log **ret_log, const char *path)
{
    struct tally_log *log = calloc(1, sizeof *log);
    if (log == NULL) {
        return ERR_NO_MEMORY;
    }
    log->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    enum err e = log->fd < 0 ? ERR_NO_INPUT : ERR_NONE;
    log->arena = arena_create(ARENA_BYTES);
    if (e == ERR_NONE && log->arena == NULL) {
        e = ERR_NO_MEMORY;
    }
    if (e == ERR_NONE) {
        e = line_reader_create(&log->lines, log->fd, ENVELOPE_LINE_MAX_BYTES);
    }
    if (e == ERR_NONE) {
        e = envelope_reader_create(&log->envelopes);
    }
    if (e != ERR_NONE) {
        tally_log_close(log);
        return e;
    }
    *ret_log = log;
    return ERR_NONE;
}

void tally_log_close(struct tally_log *log)
{
    if (log != NULL) {
        line_reader_destroy(log->lines);
        envelope_reader_destroy(log->envelopes);
        arena_destroy(log->arena);
        if (log->fd > STDIN_FILENO) {
            close(log->fd);
        }
        free(log);
    }
}

enum err tally_log_next(struct tally_log *log, struct tally_log_row *ret_row, bool *ret_has_row)
{
    for (;;) {
        struct line line;
        enum err e = line_reader_next(log->lines, &line, ret_has_row);
        if (e != ERR_NONE || !*ret_has_row) {
            return e;
        }
        arena_reset(log->arena);
        struct raw_message raw;
        *ret_row = (struct tally_log_row){.line = line.number + 1};
        switch (envelope_read_line(log->envelopes, line.text, log->arena, &raw)) {
        case LINE_BLANK:
            continue;
        case LINE_NO_ROOM:
            return ERR_CEILING;
        case LINE_PLAIN:
            ret_row->wrong = "no envelope with partition, offset and payload_base64";
            return ERR_NONE;
        case LINE_ENVELOPE:
            break;
        }
        ret_row->partition = raw.partition;
        ret_row->offset = raw.offset;
        const char *why;
        if (frame_decode(raw.value, log->arena, &ret_row->frame, &why) != ERR_NONE) {
            ret_row->wrong = why;
        }
        return ERR_NONE;
    }
}
