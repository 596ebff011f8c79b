// Lines of a file or a pipe, however long: no line takes more memory than the ceiling.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/view.h"

struct line_reader;

struct line {
    struct view text; // without its end, \n or \r\n; good until the next call
    uint64_t number;  // from 0
    uint64_t
            whole_bytes; // what the line had, without its end; more than text.n when it was cut at the ceiling
};

// Reads from an open descriptor, which stays the caller's. A line above `ceiling_bytes` is cut
// there; its rest is read over, not kept. The \r of an end counts for the ceiling.
MUST_CHECK enum err line_reader_create(
        struct line_reader **ret_reader, int fd, size_t ceiling_bytes);
void line_reader_destroy(struct line_reader *reader);

// The next line; the last one may lack its end. *ret_has_line is false at the end of the file.
// ERR_IO.
MUST_CHECK enum err line_reader_next(
        struct line_reader *reader, struct line *ret_line, bool *ret_has_line);
