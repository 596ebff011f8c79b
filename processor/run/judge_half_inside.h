// What judge_half.c (partitions and the loop) and judge_half_tell.c (what it says of itself) share.
#pragma once

#include "judge_line.h"
#include "redis/redis_attempts.h"
#include "redis/redis_store.h"
#include "run/frame_out.h"
#include "run/gathered.h"
#include "run/half.h"
#include "run/judge_orders.h"

struct judge_half {
    struct half base;
    struct keyring *ring;
    struct store store;
    struct attempt_counter attempts;
    bool attempts_trouble_told;
    struct judge_line *line;
    struct judge_orders *orders; // NULL where nobody's commands are read
    struct frame_out frames;
    struct mono_time next_totals;
    bool cache_trouble_told;
    uint64_t overflow_told;
    uint64_t given_up_told;
    bool is_waiting;    // for the cache: nothing is fetched
    enum err has_ended; // a partition could not be opened
    struct mono_time next_look;
    struct gathered batch;
    struct kafka_event lost;                  // behind the batch in hand; of KAFKA_NOTHING mostly
    bool had_traffic[GATHERED_PARTITION_MAX]; // by partition: since its last totals
    struct metric_histogram batches;          // how long each took, in ns
    struct metric_histogram delays;           // from its Kafka timestamp, in ms
    int64_t newest_ms;                        // of the records of messages; 0 = there was none
    struct mono_time next_ask;                // of the cache, while there is no traffic
    uint64_t asked_at;                        // messages judged by then
    struct metric_page *page;                 // of judge_metrics; NULL = nobody looks
    struct metric_page *cache_page;
};

// --- in the log

void judge_tell_cache(struct judge_half *half);
// Where attempts are not counted though the policy limits them.
void judge_tell_attempts(struct judge_half *half);
void judge_tell_overflow(struct judge_half *half);
void judge_tell_given_up(struct judge_half *half);

// --- on the board

extern const struct metric_table judge_metrics;

// The batch in hand was judged, from `before` until now.
void judge_note_batch(struct judge_half *half, struct mono_time before);
// Where somebody looks and there is no traffic, asks the cache once a second whether it is to be believed.
// Between batches.
void judge_ask_cache(struct judge_half *half);
// As half_role.publish.
void judge_publish(void *self, struct board_place *place);
// The messages judged so far, of a page of judge_metrics. Any thread.
int64_t judge_metrics_messages(const struct metric_page *page);
