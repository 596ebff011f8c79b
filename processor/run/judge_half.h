// The judge half at work: a thread that reads the outbound topic as a member of a consumer group
// and drives the judge line batch by batch. It has no state of its own to recover: an assignment
// resumes at the start of the committed offset's chunk, judges again in silence up to it, and goes
// on (design §5).
#pragma once

#include "run/half.h"

// Runs until *stop, then drains: what is in flight is waited for, settled offsets are committed.
// Opens its own keys and its own connection to Redis. ERR_NONE after a drain; ERR_DEADLINE when a
// client did not let go in time.
MUST_CHECK enum err judge_half_run(const struct half_options *options);
