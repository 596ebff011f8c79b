// live: drives a running processor and measures it from outside. What its files share.
//
// Three threads for the measured part: the caller's sends (live_send.c), one asks how far the processor has
// come and what it has cost (live_follow.c), one reads the commands (live_watch.c). They share `struct live`
// by its atomics; whatever else they write is looked at when they have been joined. Floors follow, alone.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/latency.h"
#include "bench/live_cost.h"
#include "bench/live_ledger.h"
#include "bench/live_schedule.h"
#include "commands/options.h"

enum { LIVE_SAMPLES_MAX = 2048, LIVE_PARTITIONS_MAX = 4096, LIVE_WHY_BYTES = 512 };

struct live_options {
    struct options options;
    const char *day; // a folder of `generate`
    int64_t rate;    // messages a second; 0 = flat out
    int64_t seconds; // 0 = the whole day
    int64_t warmup_seconds;
    int64_t wait_seconds;        // for what is sent to be settled
    int64_t unread;              // no more than so many sent and not settled; 0 = any number
    int32_t pids[LIVE_PIDS_MAX]; // of the processors; none = the one that is found
    uint32_t pid_count;
    int32_t broker_pid;                // 0 = not known
    int32_t redis_pids[LIVE_PIDS_MAX]; // none = the one that a standalone Redis names
    uint32_t redis_pid_count;
    const char
            *group; // of another program, whose commits say what is settled; NULL = the processor's
    bool with_floors;
    int64_t floor_seconds;
    const char *out; // NULL = standard output
    const char *html;
};

struct live_sample {
    int64_t at_ns; // since the start
    int64_t sent;
    int64_t settled;
};

// What the processor is compared with, measured alone behind the measured part. `why` says why one is not
// there; "" = it is.
struct live_floors {
    struct {
        char why[LIVE_WHY_BYTES];
        uint64_t messages;
        int64_t wall_ns;
        int64_t cpu_ns;
    } consumer;
    struct {
        char why[LIVE_WHY_BYTES];
        int64_t rate;
        uint64_t lost;
        struct latency latency;
    } round_trip;
    struct {
        char why[LIVE_WHY_BYTES];
        uint32_t keys; // different or not, asked for in turn
        uint32_t depth;
        uint64_t lookups;
        uint64_t found;
        int64_t wall_ns;
        int64_t client_cpu_ns;
        int64_t server_cpu_ns; // -1 = not known
    } redis;
};

struct live {
    const struct live_options *options;
    struct config *config;
    struct live_ledger ledger;
    struct live_schedule schedule; // its start: the follower's, good once has_begun is set
    int64_t started_at_ms;         // wall clock; likewise
    atomic_bool has_begun;         // the follower has had its first answer

    // The outbound topic.
    int32_t partitions;
    int64_t *begins; // where each partition ended before the first message
    int64_t *ends;   // and behind the last one; good once is_sent is set

    // Written by the sender.
    _Atomic int64_t sent;
    atomic_bool is_sent;        // the last one is acknowledged
    atomic_bool has_broken_off; // whoever sees it ends
    int64_t sent_bytes;
    int64_t failed;
    int64_t send_wall_ns;
    int64_t held_up; // times that the sender waited because too much was unread
    struct latency late;

    // Written by the follower.
    _Atomic int64_t settled;
    struct live_sample samples[LIVE_SAMPLES_MAX];
    uint32_t sample_count;
    struct live_cost before; // at the start, or the first sample behind the warm-up
    struct live_cost after;  // when all was settled
    bool has_settled;

    // What the watcher reads up to, and what it has come to see.
    int32_t command_partitions;
    int64_t *command_begins;
    int64_t *command_ends; // good once has_command_ends is set
    atomic_bool has_command_ends;
    bool has_seen_all;

    struct live_floors floors;
    char why[LIVE_WHY_BYTES]; // why the measurement is not whole; "" = it is
};

// Notes the first reason why the measurement is not whole, and tells it. Not for threads beside each other:
// each says its own when it is joined.
void live_is_not_whole(struct live *live, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

// The consumer group whose commits say how far the outbound topic has been read.
const char *live_group(const struct live *live);

// live_run.c: all of it but the output. Says on stderr what is wrong. ERR_DEADLINE: not all was settled in
// time; what there is is good for the output.
MUST_CHECK enum err live_run(struct live *live);

// live_send.c: sends the day. Sets is_sent, or has_broken_off. The caller's thread.
MUST_CHECK enum err live_send(struct live *live, struct strbuf *why);

// live_follow.c, live_watch.c: what a thread does; its argument. Each ends by itself: when all is settled,
// when all commands are seen, at the deadline behind is_sent, or when has_broken_off.
struct live_thread {
    struct live *live;
    enum err result;
    char why[LIVE_WHY_BYTES];
};
void *live_follow(void *thread);
void *live_watch(void *thread);
// Sleeps until then (monotonic), or a signal.
void live_pause_until(int64_t until_ns);
// When waiting is over, for who has seen is_sent first now.
struct mono_time live_deadline(const struct live *live);

// live_floors.c, live_floor_redis.c. What cannot be measured is said in its place.
void live_measure_floors(struct live *live);
void live_floor_redis(struct live *live);

// live_json.c, live_page.c: what came of it. `out` keeps what went wrong.
void live_add_json(struct strbuf *out, const struct live *live);
void live_add_page(struct strbuf *out, const struct live *live);
