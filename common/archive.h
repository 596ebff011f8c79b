// Binary state, written and read by one description: a function that names each field once both
// saves it and restores it, so that the two can never differ.
//
//     void stop_archive(struct archive *archive, struct stop *stop)
//     {
//         archive_i64(archive, &stop->until_ms);
//         archive_u32(archive, &stop->scope, SCOPE_MAX);
//     }
//
// Numbers are varints (LEB128; signed ones zigzag), so that what is 0 takes a byte. Reading trusts
// nothing: after the first thing that cannot be, every field reads as 0, counts too, so that loops
// end, and `failed` and `wrong` stay set; who reads checks once at the end. The same state gives the
// same bytes. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/strbuf.h"
#include "common/view.h"

struct archive {
    struct strbuf *out; // NULL when reading
    struct view in;     // what is left to read
    enum err failed;    // reading: ERR_DATA or ERR_NO_MEMORY; writing: that of the buffer
    const char *wrong;  // what could not be read, for logs; NULL otherwise
};

struct archive archive_writer(struct strbuf *out);
struct archive archive_reader(struct view in);

static inline bool archive_reads(const struct archive *archive)
{
    return archive->out == NULL;
}

static inline bool archive_is_good(const struct archive *archive)
{
    return archive->failed == ERR_NONE;
}

// Gives up, with a reason that is a literal; the first one stays.
void archive_fail(struct archive *archive, enum err err, const char *wrong);
// A word that both sides must agree on: where one part of the state ends and another begins.
void archive_mark(struct archive *archive, const char *word);
// Reading: ERR_DATA when something is left. The error of all that was done.
MUST_CHECK enum err archive_end(struct archive *archive);

// A number of 0 … max.
void archive_u64(struct archive *archive, uint64_t *number, uint64_t max);
void archive_u32(struct archive *archive, uint32_t *number, uint32_t max);
void archive_u16(struct archive *archive, uint16_t *number, uint16_t max);
void archive_u8(struct archive *archive, uint8_t *number, uint8_t max);
void archive_bool(struct archive *archive, bool *flag);
// A number of min … max.
void archive_i64(struct archive *archive, int64_t *number, int64_t min, int64_t max);
void archive_i32(struct archive *archive, int32_t *number, int32_t min, int32_t max);
// How many items follow, 0 … max. Each takes a byte or more: a count that the rest of the bytes
// cannot hold is not believed.
uint32_t archive_count(struct archive *archive, uint32_t count, uint32_t max);
// Bytes of a fixed number.
void archive_bytes(struct archive *archive, void *bytes, size_t n);
// A text of at most `max` bytes; absent is not empty. Read, it points into the input.
void archive_view(struct archive *archive, struct view *text, size_t max);
