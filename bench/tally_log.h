// Reads a recorded tally log: lines in the envelope of `kcat -J`, the frame's bytes in
// payload_base64.
#pragma once

#include "common/arena.h"
#include "common/err.h"
#include "model/frame.h"

struct tally_log;

struct tally_log_row {
    uint64_t line; // from 1
    int32_t partition;
    int64_t offset;
    const char *wrong; // NULL, or why the line is no frame
    struct frame frame;
};

// `path` "-" = standard input. ERR_NO_INPUT.
MUST_CHECK enum err tally_log_open(struct tally_log **ret_log, const char *path);
void tally_log_close(struct tally_log *log);
// The next line; what the row points to is good until the next call. *ret_has_row is false at the
// end.
MUST_CHECK enum err tally_log_next(
        struct tally_log *log, struct tally_log_row *ret_row, bool *ret_has_row);
