// How the share of wrong messages goes on from the change.
#pragma once

#include "bench/generate_options.h"

// The share that message `i` (from 0) of those concerned is drawn with; shape_is_even says that it
// is not drawn but comes at even distances.
uint32_t shape_rate(const struct incident_options *options, uint32_t rate_millionths,
        uint32_t p0_millionths, uint64_t i);
bool shape_is_even(const struct incident_options *options);
// Of a share, the part that comes on top of p0 where the rest of the messages have p0 anyhow.
uint32_t shape_excess(uint32_t rate_millionths, uint32_t p0_millionths);
