#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/live.h"
#include "commands/stop.h"
#include "kafka/group_offsets.h"
#include "kafka/reader.h"

enum { BROKER_MS = 10000, CLOSE_MS = 5000, LOOK_MS = 200, POLL_MS = 20 };

void live_is_not_whole(struct live *live, const char *format, ...)
{
    char text[LIVE_WHY_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "wrongnumber-bench live: %s\n", text);
    if (live->why[0] == '\0') {
        snprintf(live->why, sizeof live->why, "%s", text);
    }
}

const char *live_group(const struct live *live)
{
    const char *group = live->options->group;
    return group != NULL ? group : live->config->kafka.group;
}

// --- before -----------------------------------------------------------------------------------

static enum err read_ends(struct kafka_reader *reader, const char *topic, int32_t partitions,
        int64_t *ret_lows, int64_t *ret_ends)
{
    enum err e = ERR_NONE;
    for (int32_t i = 0; i < partitions && e == ERR_NONE; i++) {
        int64_t low;
        e = kafka_reader_ends(reader, topic, i, BROKER_MS, &low, &ret_ends[i]);
        if (e == ERR_NONE && ret_lows != NULL) {
            ret_lows[i] = low;
        }
    }
    return e;
}

static enum err find_partitions(
        struct kafka_reader *reader, const char *topic, int32_t *ret_count, struct strbuf *why)
{
    enum err e = kafka_reader_partitions(reader, topic, BROKER_MS, ret_count);
    if (e != ERR_NONE) {
        strbuf_printf(why, "topic %s: no broker tells of it", topic);
    } else if (*ret_count > LIVE_PARTITIONS_MAX) {
        strbuf_printf(why, "topic %s has more than %d partitions", topic, LIVE_PARTITIONS_MAX);
        e = ERR_CEILING;
    }
    return e;
}

// Whether the processor has read what was there before; what a group has never read is not its to read.
static bool has_caught_up(const struct live *live, const int64_t *lows, const int64_t *committed)
{
    for (int32_t i = 0; i < live->partitions; i++) {
        if (live->begins[i] > lows[i] && committed[i] >= 0 && committed[i] < live->begins[i]) {
            return false;
        }
    }
    return true;
}

// What is unread from before would be counted as ours.
static enum err await_processor(struct live *live, const int64_t *lows, struct strbuf *why)
{
    struct kafka_group_offsets *offsets = NULL;
    int64_t *committed = calloc((size_t)live->partitions, sizeof *committed);
    enum err e = committed == NULL ? ERR_NO_MEMORY
                                   : kafka_group_offsets_create(
                                             &offsets, live->config, live_group(live), why);
    struct mono_time deadline = live_deadline(live);
    bool is_ready = false;
    while (e == ERR_NONE && !is_ready) {
        struct mono_time next = mono_after_ms(clock_mono(), LOOK_MS);
        e = kafka_group_offsets_read(
                offsets, live->config->topics.outbound, live->partitions, BROKER_MS, committed);
        is_ready = e == ERR_NONE && has_caught_up(live, lows, committed);
        if (err_fate(e) == FATE_RETRY && mono_left_ms(clock_mono(), deadline) > 0) {
            e = ERR_NONE; // a coordinator may be loading its groups
        }
        if (e == ERR_NONE && !is_ready) {
            e = mono_left_ms(clock_mono(), deadline) > 0 && !stop_is_requested() ? ERR_NONE
                                                                                 : ERR_DEADLINE;
            live_pause_until(next.ns);
        }
    }
    if (e != ERR_NONE && why->n == 0) {
        strbuf_printf(why, "group %s has not read what was there before", live_group(live));
    }
    (void)kafka_group_offsets_destroy(offsets, CLOSE_MS); // the process ends anyway
    free(committed);
    return e;
}

static enum err find_begins(struct live *live, struct kafka_reader *reader, struct strbuf *why)
{
    enum err e = find_partitions(reader, live->config->topics.outbound, &live->partitions, why);
    e = e != ERR_NONE ? e
                      : find_partitions(reader, live->config->topics.commands,
                                &live->command_partitions, why);
    if (e != ERR_NONE) {
        return e;
    }
    size_t outbound = (size_t)live->partitions;
    size_t commands = (size_t)live->command_partitions;
    int64_t *lows = calloc(outbound, sizeof *lows);
    live->begins = calloc(outbound, sizeof *live->begins);
    live->ends = calloc(outbound, sizeof *live->ends);
    live->command_begins = calloc(commands, sizeof *live->command_begins);
    live->command_ends = calloc(commands, sizeof *live->command_ends);
    if (lows == NULL || live->begins == NULL || live->ends == NULL ||
            live->command_begins == NULL || live->command_ends == NULL) {
        e = ERR_NO_MEMORY;
    }
    e = e != ERR_NONE ? e
                      : read_ends(reader, live->config->topics.outbound, live->partitions, lows,
                                live->begins);
    e = e != ERR_NONE ? e : await_processor(live, lows, why);
    e = e != ERR_NONE ? e
                      : read_ends(reader, live->config->topics.commands, live->command_partitions,
                                NULL, live->command_begins);
    free(lows);
    return e;
}

// --- the measured part ------------------------------------------------------------------------

// Where the topic ends behind the last message. More than was sent: somebody else writes too.
static enum err find_ends(struct live *live, struct kafka_reader *reader)
{
    int64_t written = 0;
    enum err e =
            read_ends(reader, live->config->topics.outbound, live->partitions, NULL, live->ends);
    for (int32_t i = 0; i < live->partitions && e == ERR_NONE; i++) {
        written += live->ends[i] - live->begins[i];
    }
    if (e == ERR_NONE && written != atomic_load(&live->sent) - live->failed) {
        live_is_not_whole(live,
                "%lld messages were sent and %lld came into %s: somebody else writes",
                (long long)atomic_load(&live->sent), (long long)written,
                live->config->topics.outbound);
    }
    return e;
}

static void send_all(struct live *live, struct kafka_reader *reader)
{
    struct strbuf why;
    strbuf_init(&why, LIVE_WHY_BYTES - 1);
    enum err e = live_send(live, &why);
    e = e != ERR_NONE ? e : find_ends(live, reader);
    if (e != ERR_NONE) {
        live_is_not_whole(live, "sending: %s%s%.*s", err_text(e), why.n > 0 ? ": " : "",
                VIEW_ARGS(strbuf_view(&why)));
        atomic_store(&live->has_broken_off, true);
    } else {
        atomic_store(&live->is_sent, true);
    }
    strbuf_fini(&why);
}

// False when the follower has had no answer: there is nothing to be measured.
static bool await_begin(const struct live *live)
{
    while (!atomic_load(&live->has_begun) && !atomic_load(&live->has_broken_off)) {
        live_pause_until(mono_after_ms(clock_mono(), POLL_MS).ns);
    }
    return atomic_load(&live->has_begun);
}

static enum err measure(struct live *live, struct kafka_reader *reader)
{
    struct live_thread follower = {.live = live};
    struct live_thread watcher = {.live = live};
    pthread_t threads[2];
    live->started_at_ms = clock_wall().ms;
    live->schedule = (struct live_schedule){.start_ns = clock_mono().ns,
            .rate = live->options->rate,
            .length_ns = live->options->seconds * 1000000000};
    if (pthread_create(&threads[0], NULL, live_watch, &watcher) != 0) {
        return ERR_NO_MEMORY;
    }
    if (pthread_create(&threads[1], NULL, live_follow, &follower) != 0) {
        atomic_store(&live->has_broken_off, true);
        pthread_join(threads[0], NULL);
        return ERR_NO_MEMORY;
    }
    if (await_begin(live)) {
        send_all(live, reader);
    }
    pthread_join(threads[1], NULL);
    pthread_join(threads[0], NULL);
    if (stop_is_requested()) {
        live_is_not_whole(live, "it was told to end");
    } else if (follower.result != ERR_NONE && live->why[0] == '\0') {
        live_is_not_whole(live, "%s", follower.why);
    }
    if (watcher.result != ERR_NONE && watcher.why[0] != '\0') {
        live_is_not_whole(live, "commands: %s", watcher.why);
    }
    return live->has_settled && live->has_seen_all ? ERR_NONE : ERR_DEADLINE;
}

static enum err read_day(struct live *live, struct strbuf *why)
{
    const struct live_options *options = live->options;
    const struct live_schedule planned = {
            .rate = options->rate, .length_ns = options->seconds * 1000000000};
    uint64_t most = live_due_count(&planned, UINT64_MAX);
    return live_ledger_begin(&live->ledger, options->day, live->config->fields, most, why);
}

enum err live_run(struct live *live)
{
    struct strbuf why;
    strbuf_init(&why, 64 * 1024);
    struct kafka_reader *reader = NULL;
    enum err e = read_day(live, &why);
    e = e != ERR_NONE ? e : kafka_reader_create(&reader, live->config, &why);
    e = e != ERR_NONE ? e : find_begins(live, reader, &why);
    if (e != ERR_NONE) {
        fprintf(stderr, "wrongnumber-bench live: %s%s%.*s\n", err_text(e), why.n > 0 ? ": " : "",
                VIEW_ARGS(strbuf_view(&why)));
        // Without a result, ERR_DEADLINE would promise one.
        e = e == ERR_DEADLINE ? ERR_UNAVAILABLE : e;
    } else {
        e = measure(live, reader);
        if (e == ERR_NONE && live->options->with_floors) {
            live_measure_floors(live);
        }
    }
    (void)kafka_reader_destroy(reader, CLOSE_MS); // the process ends anyway
    strbuf_fini(&why);
    return e;
}
