// Counts what a stage benchmark takes from the heap: allocations.c stands in front of the C
// library's malloc for the whole program, the library's own calls (strndup) included; but for
// builds with a sanitizer, where nothing is counted.
#pragma once

#include <stdint.h>

// Calls of malloc, calloc and realloc since the program began.
uint64_t allocations_count(void);
// Bytes that are taken and not given back, with the allocator's own.
int64_t allocations_bytes(void);
// What the process has in memory.
int64_t resident_bytes(void);
