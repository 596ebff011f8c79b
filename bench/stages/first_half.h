// The first half on a bench: its stages called one by one, with a clock between them, as judge_line
// and enrich (prepare, ask, answer) call them, and the whole of it.
#pragma once

#include "bench/stages/day.h"
#include "bench/stages/halves.h"
#include "judge_line.h"

#define STAGE_TABLE(ROW)                                                                           \
    ROW(STAGE_DECODE, decode)                                                                      \
    ROW(STAGE_NORMALISE, normalise)                                                                \
    ROW(STAGE_PSEUDONYMISE, pseudonymise)                                                          \
    ROW(STAGE_LOOKUP, lookup)                                                                      \
    ROW(STAGE_JUDGE, judge)                                                                        \
    ROW(STAGE_ENCODE, encode)                                                                      \
    ROW(STAGE_TALLY, tally)                                                                        \
    ROW(STAGE_FRAME, frame)                                                                        \
    ROW(STAGE_WHOLE, whole)

enum stage {
#define STAGE_ROW(id, name) id,
    STAGE_TABLE(STAGE_ROW)
#undef STAGE_ROW
            STAGE_COUNT,
};

extern const char *const stage_names[STAGE_COUNT];

// What has been spent.
struct cost {
    double ns[STAGE_COUNT];
    uint64_t allocations[STAGE_COUNT];
};

struct half;

// `batch` messages go through at a time.
struct half *half_create(const struct day *day, size_t batch);
void half_destroy(struct half *half);
// What one pass over the day costs, in the stages and, in a pass of its own, in the whole; `pass`
// counts them, from 0.
struct cost half_measure(struct half *half, unsigned pass);
