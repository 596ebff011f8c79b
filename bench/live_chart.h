// The charts of live's page.
#pragma once

#include "bench/live_figures.h"

// How many of the messages were held within which time, beside the broker's own way.
void live_chart_latency(
        struct strbuf *out, const struct live *live, const struct live_figures *figures);
// How many were sent and settled a second, over time.
void live_chart_throughput(struct strbuf *out, const struct live *live);
