// How far the processor has come, by what its groups have committed: it commits a message when everything that
// came of it is acknowledged, twice a second.
#include <stdio.h>
#include <stdlib.h>

#include "bench/live.h"
#include "commands/stop.h"
#include "kafka/group_offsets.h"
#include "kafka/reader.h"

enum { SAMPLE_MS = 100, BROKER_MS = 10000, CLOSE_MS = 5000, BEGIN_MS = 1000, GROUP_BYTES = 512 };

struct follower {
    struct live *live;
    struct kafka_group_offsets *judge;
    struct kafka_group_offsets *detect;
    struct kafka_reader *reader;
    struct redis_probe *redis;
    int64_t *committed; // by partition
    int64_t *tally_ends;
    int32_t tally_partitions;
    struct strbuf why;
    uint32_t skipped; // samples since the last one that was kept
    uint32_t every;   // of them are kept
};

struct mono_time live_deadline(const struct live *live)
{
    return mono_after_ms(clock_mono(), live->options->wait_seconds * 1000);
}

// --- costs ------------------------------------------------------------------------------------

static void take_cost(struct follower *follower, struct live_cost *cost)
{
    const struct live *live = follower->live;
    const struct live_options *options = live->options;
    cost->is_taken = true;
    cost->at_ns = clock_mono().ns;
    cost->settled = atomic_load(&live->settled);
    cost->driver_cpu_ns = clock_cpu_ns();
    cost->processor = process_cost_of(options->pids, options->pid_count);
    cost->broker = process_cost_of(&options->broker_pid, options->broker_pid != 0);
    cost->redis = redis_probe_ask(follower->redis);
    int32_t pid = redis_probe_local_pid(&cost->redis);
    cost->redis_process = options->redis_pid_count > 0
                                  ? process_cost_of(options->redis_pids, options->redis_pid_count)
                                  : process_cost_of(&pid, pid != 0);
}

// --- samples ----------------------------------------------------------------------------------

// Keeps every n-th sample; when the table is full, every other one of it, and half as many from then on.
static void keep_sample(struct follower *follower, const struct live_sample *sample)
{
    struct live *live = follower->live;
    if (++follower->skipped < follower->every) {
        return;
    }
    follower->skipped = 0;
    if (live->sample_count == LIVE_SAMPLES_MAX) {
        for (uint32_t i = 0; i < LIVE_SAMPLES_MAX / 2; i++) {
            live->samples[i] = live->samples[2 * i + 1];
        }
        live->sample_count = LIVE_SAMPLES_MAX / 2;
        follower->every *= 2;
    }
    live->samples[live->sample_count++] = *sample;
}

static enum err look(struct follower *follower, bool *ret_all)
{
    struct live *live = follower->live;
    bool is_sent = atomic_load(&live->is_sent);
    enum err e = kafka_group_offsets_read(follower->judge, live->config->topics.outbound,
            live->partitions, BROKER_MS, follower->committed);
    if (e != ERR_NONE) {
        return e;
    }
    int64_t settled = 0;
    bool is_all = is_sent;
    for (int32_t i = 0; i < live->partitions; i++) {
        int64_t since = follower->committed[i] - live->begins[i];
        settled += since > 0 ? since : 0;
        is_all = is_all &&
                 (live->ends[i] == live->begins[i] || follower->committed[i] >= live->ends[i]);
    }
    atomic_store(&live->settled, settled);
    const struct live_sample sample = {.at_ns = clock_mono().ns - live->schedule.start_ns,
            .sent = atomic_load(&live->sent),
            .settled = settled};
    keep_sample(follower, &sample);
    if (!live->before.is_taken && sample.at_ns >= live->options->warmup_seconds * 1000000000) {
        take_cost(follower, &live->before);
    }
    *ret_all = is_all;
    return ERR_NONE;
}

// --- the way ----------------------------------------------------------------------------------

// The first answer of a broker can take longer than the rest of the day: the schedule starts behind it, and what is
// measured from the start on begins with what the start has cost.
static enum err begin(struct follower *follower)
{
    struct live *live = follower->live;
    struct mono_time deadline = live_deadline(live);
    enum err e = ERR_UNAVAILABLE;
    while (e != ERR_NONE) {
        struct mono_time next = mono_after_ms(clock_mono(), SAMPLE_MS);
        if (atomic_load(&live->has_broken_off) || stop_is_requested()) {
            return ERR_DEADLINE;
        }
        e = kafka_group_offsets_read(follower->judge, live->config->topics.outbound,
                live->partitions, BROKER_MS, follower->committed);
        if (e != ERR_NONE &&
                (err_fate(e) != FATE_RETRY || mono_left_ms(clock_mono(), deadline) == 0)) {
            return e;
        }
        if (e != ERR_NONE) {
            live_pause_until(next.ns);
        }
    }
    live->started_at_ms = clock_wall().ms + BEGIN_MS;
    live->schedule.start_ns = clock_mono().ns + BEGIN_MS * 1000000LL;
    atomic_store(&live->has_begun, true);
    if (live->options->warmup_seconds == 0) {
        live_pause_until(live->schedule.start_ns);
        take_cost(follower, &live->before);
    }
    return ERR_NONE;
}

// Until all that was sent is settled. A broker that does not answer is asked again.
static enum err follow_judge(struct follower *follower)
{
    struct live *live = follower->live;
    struct mono_time deadline = {INT64_MAX};
    bool is_all = false;
    enum err e = ERR_NONE;
    while (!is_all) {
        struct mono_time next = mono_after_ms(clock_mono(), SAMPLE_MS);
        if (atomic_load(&live->has_broken_off) || stop_is_requested()) {
            return ERR_DEADLINE;
        }
        if (deadline.ns == INT64_MAX && atomic_load(&live->is_sent)) {
            deadline = live_deadline(live);
        }
        e = look(follower, &is_all);
        if (e != ERR_NONE && err_fate(e) != FATE_RETRY) {
            return e;
        }
        if (!is_all && mono_left_ms(clock_mono(), deadline) == 0) {
            strbuf_printf(&follower->why, "%lld of %lld messages were not settled in time",
                    (long long)(atomic_load(&live->sent) - atomic_load(&live->settled)),
                    (long long)atomic_load(&live->sent));
            return ERR_DEADLINE;
        }
        if (!is_all) {
            live_pause_until(next.ns);
        }
    }
    take_cost(follower, &live->after);
    return ERR_NONE;
}

static enum err find_tally_ends(struct follower *follower)
{
    const char *topic = follower->live->config->topics.tallies;
    enum err e = kafka_reader_partitions(
            follower->reader, topic, BROKER_MS, &follower->tally_partitions);
    if (e != ERR_NONE) {
        return e;
    }
    follower->tally_ends = calloc((size_t)follower->tally_partitions, sizeof(int64_t));
    free(follower->committed);
    follower->committed = calloc((size_t)follower->tally_partitions, sizeof(int64_t));
    if (follower->tally_ends == NULL || follower->committed == NULL) {
        return ERR_NO_MEMORY;
    }
    for (int32_t i = 0; i < follower->tally_partitions && e == ERR_NONE; i++) {
        int64_t low;
        e = kafka_reader_ends(
                follower->reader, topic, i, BROKER_MS, &low, &follower->tally_ends[i]);
    }
    return e;
}

// Until the detect half has folded what was said of those messages.
static enum err follow_detect(struct follower *follower)
{
    struct live *live = follower->live;
    enum err e = find_tally_ends(follower);
    struct mono_time deadline = live_deadline(live);
    bool is_all = false;
    while (e == ERR_NONE && !is_all) {
        struct mono_time next = mono_after_ms(clock_mono(), SAMPLE_MS);
        enum err asked = kafka_group_offsets_read(follower->detect, live->config->topics.tallies,
                follower->tally_partitions, BROKER_MS, follower->committed);
        is_all = asked == ERR_NONE;
        for (int32_t i = 0; i < follower->tally_partitions && is_all; i++) {
            is_all = follower->tally_ends[i] == 0 ||
                     follower->committed[i] >= follower->tally_ends[i];
        }
        if (!is_all && (mono_left_ms(clock_mono(), deadline) == 0 || stop_is_requested())) {
            strbuf_add_text(&follower->why, "the detect half has not come to the end in time");
            e = ERR_DEADLINE;
        } else if (!is_all) {
            live_pause_until(next.ns);
        }
    }
    return e;
}

static enum err find_command_ends(struct follower *follower)
{
    struct live *live = follower->live;
    enum err e = ERR_NONE;
    for (int32_t i = 0; i < live->command_partitions && e == ERR_NONE; i++) {
        int64_t low;
        e = kafka_reader_ends(follower->reader, live->config->topics.commands, i, BROKER_MS, &low,
                &live->command_ends[i]);
    }
    if (e == ERR_NONE) {
        atomic_store(&live->has_command_ends, true);
    }
    return e;
}

static enum err open_follower(struct follower *follower)
{
    const struct config *config = follower->live->config;
    char group[GROUP_BYTES];
    snprintf(group, sizeof group, "%s.detect", config->kafka.group);
    follower->committed = calloc((size_t)follower->live->partitions, sizeof(int64_t));
    enum err e = follower->committed == NULL ? ERR_NO_MEMORY : ERR_NONE;
    e = e != ERR_NONE ? e
                      : kafka_group_offsets_create(&follower->judge, config,
                                live_group(follower->live), &follower->why);
    e = e != ERR_NONE
                ? e
                : kafka_group_offsets_create(&follower->detect, config, group, &follower->why);
    e = e != ERR_NONE ? e : kafka_reader_create(&follower->reader, config, &follower->why);
    if (e == ERR_NONE) {
        struct strbuf why;
        strbuf_init(&why, LIVE_WHY_BYTES);
        follower->redis = redis_probe_open(config, &why);
        strbuf_fini(&why);
    }
    return e;
}

void *live_follow(void *argument)
{
    struct live_thread *thread = argument;
    struct follower follower = {.live = thread->live, .every = 1};
    strbuf_init(&follower.why, LIVE_WHY_BYTES - 1);
    enum err e = open_follower(&follower);
    e = e != ERR_NONE ? e : begin(&follower);
    e = e != ERR_NONE ? e : follow_judge(&follower);
    // Another program has no half behind its first.
    bool is_ours = thread->live->options->group == NULL;
    e = e != ERR_NONE || !is_ours ? e : follow_detect(&follower);
    e = e != ERR_NONE ? e : find_command_ends(&follower);
    thread->live->has_settled = e == ERR_NONE;
    if (e != ERR_NONE) {
        atomic_store(&thread->live->has_broken_off, true);
        snprintf(thread->why, sizeof thread->why, "%s",
                follower.why.n > 0 ? follower.why.p : err_text(e));
    }
    thread->result = e;
    redis_probe_close(follower.redis);
    (void)kafka_group_offsets_destroy(follower.judge, CLOSE_MS); // the process ends anyway
    (void)kafka_group_offsets_destroy(follower.detect, CLOSE_MS);
    (void)kafka_reader_destroy(follower.reader, CLOSE_MS);
    free(follower.committed);
    free(follower.tally_ends);
    strbuf_fini(&follower.why);
    return NULL;
}
