#include "redis/cache_metrics.h"

#include "redis/redis_store_inside.h"

enum {
    CACHE_STATE,
    CACHE_LOOKUPS,
    CACHE_ROUND_TRIPS,
    CACHE_DURATION,
    CACHE_WATERMARK,
    CACHE_AGE,
    CACHE_EXPIRY,
    CACHE_GENERATION,
    CACHE_RECORDS,
    CACHE_METRICS,
};

// By enum cache_state.
static const char *const states[] = {"trusted", "unreachable", "untrusted", "stale"};
enum { STATE_COUNT = sizeof states / sizeof *states };

static const struct metric_family families[CACHE_METRICS] = {
        [CACHE_STATE] = {.name = "wrongnumber_cache_state",
                .help = "1 for what the relationship data are at the moment; misses are believed "
                        "only while they are trusted",
                .type = METRIC_GAUGE,
                .labels = {{"state", states, STATE_COUNT}}},
        [CACHE_LOOKUPS] = {.name = "wrongnumber_cache_lookups_total",
                .help = "Recipients looked up",
                .type = METRIC_COUNTER},
        [CACHE_ROUND_TRIPS] = {.name = "wrongnumber_redis_round_trips_total",
                .help = "Pipelines of lookups sent and answered; a part of a batch (at most 1,000 "
                        "messages; all of them where some may have to wait) takes one, and "
                        "another where data changed meanwhile",
                .type = METRIC_COUNTER},
        [CACHE_DURATION] = {.name = "wrongnumber_redis_request_duration_seconds",
                .help = "How long the lookups of a part of a batch took together",
                .type = METRIC_HISTOGRAM,
                .scale = METRIC_NANO,
                .bounds = &metric_work_bounds},
        [CACHE_WATERMARK] = {.name = "wrongnumber_cache_watermark_timestamp_seconds",
                .help = "Up to when the source of the relationship data had told everything",
                .type = METRIC_GAUGE,
                .scale = METRIC_MILLI,
                .may_be_absent = true},
        [CACHE_AGE] = {.name = "wrongnumber_cache_age_seconds",
                .help = "Time since that, or since the last heartbeat where there is one",
                .type = METRIC_GAUGE,
                .scale = METRIC_MILLI,
                .may_be_absent = true},
        [CACHE_EXPIRY] = {.name = "wrongnumber_cache_expires_in_seconds",
                .help = "How long the relationship data will still be believed; below 0 they are "
                        "stale",
                .type = METRIC_GAUGE,
                .scale = METRIC_MILLI,
                .may_be_absent = true},
        [CACHE_GENERATION] = {.name = "wrongnumber_cache_generation",
                .help = "Number of the full load in force",
                .type = METRIC_GAUGE,
                .may_be_absent = true},
        [CACHE_RECORDS] = {.name = "wrongnumber_cache_records",
                .help = "Recipients that the load in force says it has",
                .type = METRIC_GAUGE,
                .may_be_absent = true},
};

const struct metric_table cache_metrics = {families, CACHE_METRICS};

static void publish_epoch(const struct epoch *epoch, struct metric_page *page)
{
    int64_t now_ms = clock_wall().ms;
    int64_t expires_ms = epoch->source_watermark_ms + epoch->valid_for_ms;
    int64_t since_ms = epoch->source_watermark_ms;
    if (epoch->heartbeat_ms > 0) {
        since_ms = epoch->heartbeat_at_ms > 0 ? epoch->heartbeat_at_ms : since_ms;
        int64_t silent_ms = epoch->heartbeat_at_ms + epoch->heartbeat_ms;
        expires_ms = silent_ms < expires_ms ? silent_ms : expires_ms;
    }
    metric_set(page, CACHE_WATERMARK, 0, epoch->source_watermark_ms);
    metric_set(page, CACHE_AGE, 0, now_ms - since_ms);
    metric_set(page, CACHE_EXPIRY, 0, expires_ms - now_ms);
    metric_set(page, CACHE_GENERATION, 0, (int64_t)epoch->generation);
    metric_set(page, CACHE_RECORDS, 0, (int64_t)epoch->record_count);
}

void cache_publish(const struct store *store, struct metric_page *page)
{
    const struct redis_store *self = store->self;
    enum cache_state state = store->ops->state(store->self);
    for (size_t i = 0; i < STATE_COUNT; i++) {
        metric_set(page, CACHE_STATE, i, i == (size_t)state);
    }
    metric_set(page, CACHE_LOOKUPS, 0, (int64_t)self->lookup_count);
    metric_set(page, CACHE_ROUND_TRIPS, 0, (int64_t)self->round_trip_count);
    metric_set_histogram(page, CACHE_DURATION, &self->durations);
    const struct known_epoch *lead = cache_trust_lead(&self->trust);
    if (lead != NULL) {
        publish_epoch(&lead->epoch, page);
        return;
    }
    for (size_t i = CACHE_WATERMARK; i <= CACHE_RECORDS; i++) {
        metric_clear(page, i, 0);
    }
}
