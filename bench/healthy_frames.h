// A healthy world's messages as the tally frames that the judge half would make of them (fold.h F1
// to F5, tally.h T1 to T4), without judging each: runs of healthy messages are counted at once, and
// each misdirected one is an entry. Messages go to the sources in frames, one source after the
// other; frames cover 1 to 2,000 offsets, small and large ones alike, and a chunk's last lists all
// of its leaves.
#pragma once

#include "bench/healthy_world.h"
#include "common/err.h"
#include "model/frame.h"

struct healthy_frames;

// `world` is borrowed. Sources: 1 to 64.
MUST_CHECK enum err healthy_frames_create(
        struct healthy_frames **ret_frames, struct healthy_world *world, uint32_t sources);
void healthy_frames_destroy(struct healthy_frames *frames);
// The next frame of the next source; it lives until the call after.
MUST_CHECK enum err healthy_frames_next(struct healthy_frames *frames, struct frame *ret_frame);
