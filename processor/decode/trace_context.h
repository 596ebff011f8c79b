// W3C Trace Context: whether headers are well formed. What is not is dropped, as the recommendation
// says.
#pragma once

#include <stdbool.h>

#include "common/view.h"

enum { TRACEPARENT_MAX_BYTES = 256, TRACESTATE_MAX_BYTES = 512, TRACESTATE_MAX_MEMBERS = 32 };

// §3.2: version, trace id, parent id, flags; later versions may go on behind a dash.
bool traceparent_is_valid(struct view text);
// §3.3: a list of key=value.
bool tracestate_is_valid(struct view text);
