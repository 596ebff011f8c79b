#include "common/room.h"

#include <stdlib.h>

void *room_for_row(void *rows, uint32_t count, uint32_t *capacity, uint32_t first, size_t row_bytes)
{
    if (count < *capacity) {
        return rows;
    }
    if (*capacity > UINT32_MAX / 2) {
        return NULL;
    }
    uint32_t larger = *capacity == 0 ? first : *capacity * 2;
    void *grown = larger <= SIZE_MAX / row_bytes ? realloc(rows, larger * row_bytes) : NULL;
    if (grown != NULL) {
        *capacity = larger;
    }
    return grown;
}
