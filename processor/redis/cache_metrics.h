// What the cache tells of itself. One thread, the store's.
#pragma once

#include "common/metric.h"
#include "relationship/store.h"

extern const struct metric_table cache_metrics;

// Of a store by redis_store_create; the page is of cache_metrics.
void cache_publish(const struct store *store, struct metric_page *page);
