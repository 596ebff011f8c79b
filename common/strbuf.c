#include "common/strbuf.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/assure.h"

void strbuf_init(struct strbuf *sb, size_t ceiling_bytes)
{
    *sb = (struct strbuf){.ceiling_bytes = ceiling_bytes};
}

void strbuf_fini(struct strbuf *sb)
{
    free(sb->p);
    *sb = (struct strbuf){0};
}

void strbuf_reset(struct strbuf *sb)
{
    sb->n = 0;
    sb->failed = ERR_NONE;
    if (sb->p != NULL) {
        sb->p[0] = '\0';
    }
}

void strbuf_truncate(struct strbuf *sb, size_t n)
{
    if (sb->failed != ERR_NONE) {
        return; // what was to be cut off may never have come
    }
    ASSURE(n <= sb->n);
    sb->n = n;
    if (sb->p != NULL) {
        sb->p[n] = '\0';
    }
}

char *strbuf_room(struct strbuf *sb, size_t n)
{
    if (sb->failed != ERR_NONE) {
        return NULL;
    }
    if (n > sb->ceiling_bytes || sb->n > sb->ceiling_bytes - n) {
        sb->failed = ERR_CEILING;
        return NULL;
    }
    size_t needed = sb->n + n + 1;
    if (needed > sb->capacity_bytes) {
        size_t capacity = sb->capacity_bytes < 64 ? 64 : sb->capacity_bytes * 2;
        if (capacity < needed) {
            capacity = needed;
        }
        char *grown = realloc(sb->p, capacity);
        if (grown == NULL) {
            sb->failed = ERR_NO_MEMORY;
            return NULL;
        }
        sb->p = grown;
        sb->capacity_bytes = capacity;
    }
    return sb->p + sb->n;
}

void strbuf_grown(struct strbuf *sb, size_t n)
{
    sb->n += n;
    sb->p[sb->n] = '\0';
}

void strbuf_add_growing(struct strbuf *sb, const void *bytes, size_t n)
{
    char *room = strbuf_room(sb, n);
    if (room != NULL) {
        if (n > 0) {
            memcpy(room, bytes, n);
        }
        strbuf_grown(sb, n);
    }
}

void strbuf_add_u64(struct strbuf *sb, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    strbuf_add(sb, digits + at, sizeof digits - at);
}

void strbuf_add_i64(struct strbuf *sb, int64_t number)
{
    if (number < 0) {
        strbuf_add_byte(sb, '-');
        strbuf_add_u64(sb, (uint64_t)0 - (uint64_t)number);
    } else {
        strbuf_add_u64(sb, (uint64_t)number);
    }
}

void strbuf_add_be(struct strbuf *sb, uint64_t number, unsigned bytes)
{
    uint64_t word = htobe64(number);
    strbuf_add(sb, (const char *)&word + sizeof word - bytes, bytes);
}

void strbuf_printf(struct strbuf *sb, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0) {
        sb->failed = ERR_INTERNAL;
        return;
    }
    char *room = strbuf_room(sb, (size_t)length);
    if (room != NULL) {
        va_start(args, format);
        vsnprintf(room, (size_t)length + 1, format, args);
        va_end(args);
        strbuf_grown(sb, (size_t)length);
    }
}

struct view strbuf_view(const struct strbuf *sb)
{
    return (struct view){sb->p != NULL ? sb->p : "", sb->n};
}
