#include "input.h"

#include <stdlib.h>

#include "common/assure.h"
#include "model/raw.h"

struct view fuzz_copy(struct view bytes)
{
    char *copy = malloc(bytes.n + 1);
    ASSURE(copy != NULL);
    if (bytes.n > 0) {
        memcpy(copy + 1, bytes.p, bytes.n);
    }
    return view_bytes(copy + 1, bytes.n);
}

void fuzz_free(struct view copy)
{
    char *p;
    memcpy(&p, &copy.p, sizeof p);
    free(p - 1);
}

struct view fuzz_take(struct view *rest, size_t n)
{
    struct view taken = view_bytes(rest->p, n < rest->n ? n : rest->n);
    *rest = view_skip(*rest, taken.n);
    return taken;
}

uint8_t fuzz_take_byte(struct view *rest)
{
    struct view taken = fuzz_take(rest, 1);
    return taken.n > 0 ? (uint8_t)taken.p[0] : 0;
}

uint16_t fuzz_take_be16(struct view *rest)
{
    uint8_t high = fuzz_take_byte(rest);
    return (uint16_t)(high << 8 | fuzz_take_byte(rest));
}

struct view fuzz_take_line(struct view *rest)
{
    const char *feed = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
    struct view line = fuzz_take(rest, feed != NULL ? (size_t)(feed - rest->p) : rest->n);
    (void)fuzz_take(rest, 1);
    return line;
}

size_t fuzz_take_headers(struct view *rest, struct header *headers, size_t max)
{
    size_t count = 0;
    while (rest->n > 0) {
        struct view line = fuzz_take_line(rest);
        if (line.n == 0 || count == max) {
            break;
        }
        const char *colon = memchr(line.p, ':', line.n);
        struct header *header = &headers[count++];
        header->name = view_bytes(line.p, colon != NULL ? (size_t)(colon - line.p) : line.n);
        // Without a colon: a header whose value is null.
        header->value = colon != NULL ? view_skip(line, header->name.n + 1) : VIEW_NONE;
        if (header->value.n > 0 && header->value.p[0] == ' ') {
            header->value = view_skip(header->value, 1);
        }
    }
    return count;
}
