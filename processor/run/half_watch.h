// A half under its watchdogs: its own (run/watchdog.h), asked once a second between steps and while it
// waits for room; and main's, which looks whether the pulse goes on. One thread, the half's, but for
// the pulse.
#pragma once

#include "run/half.h"

void half_watch_init(struct half *half);
// Beats, and looks. ERR_STALLED: rebuilding did not help. After it half_is_stuck may be true.
MUST_CHECK enum err half_watch(struct half *half);
// While it waits for room: false = there is no use, break off.
bool half_may_wait(void *half);
// The consumer leaves the group and a new one joins it; the producer is a new one as well.
MUST_CHECK enum err half_start_over(struct half *half);
