// People's commands to a decide room on a table (decide_bench.h), and what is told of them.
#pragma once

#include "decide_bench.h"

enum { CONTROL_BENCH_LONG = 8192 };

// With a reason, at once where it is a release, and nothing that it is about. The id is copied until the bench is given the command.
struct control control_of(const char *id, enum control_action action, const char *operator_id);
// A hold of a scope of tenant t.
struct control control_hold_of(
        const char *id, enum scope_kind kind, const char *name, const char *operator_id);
struct control control_confirm_of(const char *id, const char *confirms, const char *operator_id);

// A frame with the commands alone.
void control_bench_give(struct decide_bench *b, const struct control *controls, uint32_t count);
// A hold of the scope that two people have asked for, `two-people` and `two-people-2`; what was taken
// by then is forgotten.
void control_bench_hold_by_two(struct decide_bench *b, enum scope_kind kind, const char *name);

// What was taken at a place is an outcome: "control_id state why", and who confirmed it.
void control_bench_told(const struct decide_bench *b, unsigned at, const char *expected);
// All outcomes that were taken, in order, with ", " between them.
void control_bench_outcomes(const struct decide_bench *b, const char *expected);
// The same but for those of one control_id.
void control_bench_outcomes_but(
        const struct decide_bench *b, const char *control_id, const char *expected);

// All control states that were taken, in order, with ", " between them.
void control_bench_states(const struct decide_bench *b, const char *expected);

// Saves all of a bench and restores it into a new one.
void control_bench_restore(struct decide_bench *from, struct decide_bench *to);
// Both have taken the same.
void control_bench_compare(const struct decide_bench *left, const struct decide_bench *right);
