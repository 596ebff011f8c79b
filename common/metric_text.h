// Pages of metrics in Prometheus' text format 0.0.4.
#pragma once

#include "common/strbuf.h"
#include "common/metric.h"

#define METRIC_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

// Writes all families of all pages: HELP and TYPE once for each, then its series of every page that
// has the same table. A family is in one table only. Any thread.
void metric_write(struct strbuf *out, const struct metric_page *const *pages, size_t count);
