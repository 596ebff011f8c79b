// A growing buffer of bytes with a ceiling that must be named at its birth. After the first failure
// (ceiling or memory) appends do nothing and `failed` stays set, so that a writer checks once at
// the end.
#pragma once

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "common/err.h"
#include "common/view.h"

struct strbuf {
    char *p; // always ended by NUL once anything was appended
    size_t n;
    size_t capacity_bytes;
    size_t ceiling_bytes;
    enum err failed;
};

void strbuf_init(struct strbuf *sb, size_t ceiling_bytes);
void strbuf_fini(struct strbuf *sb);
// Empties it and clears the failure; keeps the memory.
void strbuf_reset(struct strbuf *sb);
// Sets the length back to `n` (which must not be above the length), unless it has failed.
void strbuf_truncate(struct strbuf *sb, size_t n);

// strbuf_add where the room that is there may not be enough.
void strbuf_add_growing(struct strbuf *sb, const void *bytes, size_t n);

// Inline, as the three below: records are written in many small pieces.
static inline void strbuf_add(struct strbuf *sb, const void *bytes, size_t n)
{
    if (n == 0 || sb->failed != ERR_NONE || sb->n + n >= sb->capacity_bytes ||
            sb->n + n > sb->ceiling_bytes) {
        strbuf_add_growing(sb, bytes, n);
        return;
    }
    memcpy(sb->p + sb->n, bytes, n);
    sb->n += n;
    sb->p[sb->n] = '\0';
}

static inline void strbuf_add_view(struct strbuf *sb, struct view v)
{
    strbuf_add(sb, v.p, v.n);
}

static inline void strbuf_add_text(struct strbuf *sb, const char *text)
{
    strbuf_add(sb, text, strlen(text));
}

static inline void strbuf_add_byte(struct strbuf *sb, uint8_t byte)
{
    strbuf_add(sb, &byte, 1);
}

void strbuf_add_u64(struct strbuf *sb, uint64_t number);
void strbuf_add_i64(struct strbuf *sb, int64_t number);
// Big-endian.
void strbuf_add_be(struct strbuf *sb, uint64_t number, unsigned bytes);
void strbuf_printf(struct strbuf *sb, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
// Makes room for n more bytes and returns where they go (NULL when it cannot); strbuf_grown says
// how many came.
char *strbuf_room(struct strbuf *sb, size_t n);
void strbuf_grown(struct strbuf *sb, size_t n);

// A view of what is in there, good until the next append. Present even when empty.
struct view strbuf_view(const struct strbuf *sb);
