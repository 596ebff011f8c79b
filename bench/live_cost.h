// What processes have cost so far, from /proc and from Redis's INFO: two of these, one before and one after,
// make a cost.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/config.h"

enum { LIVE_PIDS_MAX = 16 };

struct process_cost {
    bool is_known;
    int64_t cpu_ns;   // of all of its threads, user and system
    int64_t resident; // bytes
    int64_t resident_at_most;
};

// Sums of several processes; not known when one of them is not there.
struct process_cost process_cost_of(const int32_t *pids, uint32_t count);

// The text of /proc/PID/stat and of /proc/PID/status as costs; false where it is none of these.
bool process_cost_read_stat(const char *text, int64_t ticks_a_second, int64_t *ret_cpu_ns);
bool process_cost_read_status(const char *text, int64_t *ret_resident, int64_t *ret_at_most);

// The processes that are `wrongnumber run` with this configuration: how many there are, of which at most
// LIVE_PIDS_MAX are written.
uint32_t process_find_processors(const char *config_path, int32_t ret_pids[LIVE_PIDS_MAX]);

struct redis_cost {
    bool is_known;
    int32_t pid;          // 0 = not on this machine
    int64_t commands;     // processed
    int64_t reads;        // events in which bytes of clients were read: round trips
    int64_t memory_bytes; // used_memory
};

// The text of an INFO; fields that are not there are -1, and then it is not known.
struct redis_cost redis_cost_read(struct view info);

struct redis_probe; // a connection of our own

// Standalone only; NULL with the reason in `why` where it cannot be asked.
struct redis_probe *redis_probe_open(const struct config *config, struct strbuf *why);
void redis_probe_close(struct redis_probe *probe);
// Not known where there is no probe, or it fails.
struct redis_cost redis_probe_ask(struct redis_probe *probe);
// The server's pid if it is a process of this machine, else 0.
int32_t redis_probe_local_pid(const struct redis_cost *cost);

struct live_cost {
    bool is_taken;
    int64_t at_ns; // monotonic
    int64_t settled;
    int64_t driver_cpu_ns;
    struct process_cost processor;
    struct process_cost broker;
    struct process_cost redis_process;
    struct redis_cost redis;
};
