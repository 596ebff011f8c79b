#include "common/line_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { READ_BYTES = 256 * 1024 };

// The buffer holds [from, to): bytes that were read and not yet given out. It has room for one line
// of the ceiling and one read more.
struct line_reader {
    int fd;
    bool is_at_end;
    size_t ceiling_bytes;
    uint64_t next_number;
    size_t from;
    size_t to;
    size_t capacity_bytes;
    char buffer[];
};

enum err line_reader_create(struct line_reader **ret_reader, int fd, size_t ceiling_bytes)
{
    if (ceiling_bytes > SIZE_MAX - READ_BYTES - sizeof(struct line_reader)) {
        return ERR_NO_MEMORY;
    }
    size_t capacity_bytes = ceiling_bytes + READ_BYTES;
    struct line_reader *reader = malloc(sizeof *reader + capacity_bytes);
    if (reader == NULL) {
        return ERR_NO_MEMORY;
    }
    *reader = (struct line_reader){
            .fd = fd, .ceiling_bytes = ceiling_bytes, .capacity_bytes = capacity_bytes};
    *ret_reader = reader;
    return ERR_NONE;
}

void line_reader_destroy(struct line_reader *reader)
{
    free(reader);
}

// Reads once, behind what is there. The caller has left room for READ_BYTES.
static enum err fill(struct line_reader *reader)
{
    ssize_t got;
    do {
        got = read(reader->fd, reader->buffer + reader->to, READ_BYTES);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return ERR_IO;
    }
    reader->is_at_end = got == 0;
    reader->to += (size_t)got;
    return ERR_NONE;
}

// Moves what is left to the front: it is a part of one line. As soon as one read is consumed, so
// that short lines stay in the processor's cache, however high the ceiling.
static void make_room(struct line_reader *reader)
{
    if (reader->from >= READ_BYTES || reader->capacity_bytes - reader->to < READ_BYTES) {
        memmove(reader->buffer, reader->buffer + reader->from, reader->to - reader->from);
        reader->to -= reader->from;
        reader->from = 0;
    }
}

// Reads on until the end of a line is in the buffer, the ceiling is passed, or the file ends.
// *ret_bytes is what is in the buffer of the line, *ret_has_end whether a \n follows it.
static enum err find_end(struct line_reader *reader, size_t *ret_bytes, bool *ret_has_end)
{
    size_t searched = 0;
    for (;;) {
        const char *start = reader->buffer + reader->from;
        size_t bytes = reader->to - reader->from;
        const char *end = memchr(start + searched, '\n', bytes - searched);
        if (end != NULL || reader->is_at_end || bytes > reader->ceiling_bytes) {
            *ret_bytes = end != NULL ? (size_t)(end - start) : bytes;
            *ret_has_end = end != NULL;
            return ERR_NONE;
        }
        searched = bytes;
        make_room(reader);
        enum err e = fill(reader);
        if (e != ERR_NONE) {
            return e;
        }
    }
}

// Reads over the rest of a line that is too long, behind the ceiling's bytes, which are kept at the
// front.
static enum err skip_rest(struct line_reader *reader, uint64_t *whole_bytes)
{
    size_t kept = reader->ceiling_bytes;
    while (!reader->is_at_end) {
        memmove(reader->buffer, reader->buffer + reader->from, kept);
        reader->from = 0;
        reader->to = kept;
        enum err e = fill(reader);
        if (e != ERR_NONE) {
            return e;
        }
        const char *start = reader->buffer + kept;
        size_t bytes = reader->to - kept;
        const char *end = memchr(start, '\n', bytes);
        if (end != NULL) {
            *whole_bytes += (uint64_t)(end - start);
            reader->from = kept + (size_t)(end - start) + 1;
            return ERR_NONE;
        }
        *whole_bytes += bytes;
    }
    reader->from = reader->to;
    return ERR_NONE;
}

enum err line_reader_next(struct line_reader *reader, struct line *ret_line, bool *ret_has_line)
{
    size_t bytes;
    bool has_end;
    enum err e = find_end(reader, &bytes, &has_end);
    if (e != ERR_NONE) {
        return e;
    }
    if (bytes == 0 && !has_end) {
        *ret_has_line = false;
        return ERR_NONE;
    }
    struct line line = {
            .text = view_bytes(reader->buffer + reader->from, bytes),
            .number = reader->next_number,
            .whole_bytes = bytes,
    };
    if (bytes > reader->ceiling_bytes) {
        line.text.n = reader->ceiling_bytes;
    }
    if (bytes > reader->ceiling_bytes && !has_end) {
        e = skip_rest(reader, &line.whole_bytes);
        if (e != ERR_NONE) {
            return e;
        }
        line.text.p = reader->buffer;
    } else {
        reader->from += bytes + has_end;
        bool is_whole = bytes > 0 && bytes <= reader->ceiling_bytes;
        if (has_end && is_whole && line.text.p[bytes - 1] == '\r') {
            line.text.n--;
            line.whole_bytes--;
        }
    }
    reader->next_number++;
    *ret_line = line;
    *ret_has_line = true;
    return ERR_NONE;
}
