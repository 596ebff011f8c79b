// What the detect half logs of its tables. Any thread.
#pragma once

#include <stdint.h>

#include "detect_line.h"

// A table at its ceiling is no reason to stop, but somebody should know what is not watched any
// more.
void detect_tell_ceilings(int32_t partition, const struct detect_line *line);
