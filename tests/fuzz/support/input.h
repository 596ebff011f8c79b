// What fuzz targets share: bytes whose ends are watched, and ways to cut an input into parts.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/view.h"

// A target's entries, called by libFuzzer. What it sets up once it keeps in statics.
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A copy of exactly these bytes, present even when there are none: one read too many is seen.
struct view fuzz_copy(struct view bytes);
void fuzz_free(struct view copy);

// Each takes something off the front of *rest, less where less is left.
uint8_t fuzz_take_byte(struct view *rest);
uint16_t fuzz_take_be16(struct view *rest);
struct view fuzz_take(struct view *rest, size_t n);
// Up to a line feed, which is dropped.
struct view fuzz_take_line(struct view *rest);

// Lines `name: value` up to an empty one, which is dropped; at most `max`.
struct header;
size_t fuzz_take_headers(struct view *rest, struct header *headers, size_t max);
