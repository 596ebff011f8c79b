// The commands topic, read as a sender would: each record has the time at which it was here.
#include <stdio.h>
#include <stdlib.h>

#include "bench/live.h"
#include "kafka/reader.h"

enum { POLL_MS = 20, CLOSE_MS = 5000 };

struct watcher {
    struct live *live;
    struct kafka_reader *reader;
    int64_t *positions;
    char *why; // LIVE_WHY_BYTES
};

static bool has_seen_all(const struct watcher *watcher)
{
    const struct live *live = watcher->live;
    for (int32_t i = 0; i < live->command_partitions; i++) {
        if (watcher->positions[i] < live->command_ends[i]) {
            return false;
        }
    }
    return true;
}

static enum err poll_once(struct watcher *watcher)
{
    struct kafka_event event = {0};
    switch (kafka_reader_poll(watcher->reader, POLL_MS, &event)) {
    case KAFKA_MESSAGE:
        if (!view_is_none(event.message->raw.value)) {
            live_ledger_command(&watcher->live->ledger, event.message->raw.value, clock_mono().ns);
        }
        watcher->positions[event.partition] = event.message->raw.offset + 1;
        kafka_reader_release(watcher->reader, event.message);
        return ERR_NONE;
    case KAFKA_PARTITION_EOF:
        watcher->positions[event.partition] = event.offset;
        return ERR_NONE;
    case KAFKA_OFFSET_LOST:
        snprintf(watcher->why, LIVE_WHY_BYTES, "commands were lost before they were read");
        return ERR_DATA;
    case KAFKA_TROUBLE:
        fprintf(stderr, "wrongnumber-bench live: reading commands: %s\n", event.trouble_text);
        return event.fatal ? event.trouble : ERR_NONE;
    case KAFKA_NOTHING:
        break;
    }
    return ERR_NONE;
}

static enum err watch(struct watcher *watcher)
{
    struct live *live = watcher->live;
    struct mono_time deadline = {INT64_MAX};
    enum err e = ERR_NONE;
    while (e == ERR_NONE && !atomic_load(&live->has_broken_off)) {
        e = poll_once(watcher);
        bool has_ends = atomic_load(&live->has_command_ends);
        if (has_ends && has_seen_all(watcher)) {
            live->has_seen_all = true;
            return e;
        }
        if (has_ends && deadline.ns == INT64_MAX) {
            deadline = live_deadline(live);
        }
        if (e == ERR_NONE && mono_left_ms(clock_mono(), deadline) == 0) {
            snprintf(watcher->why, LIVE_WHY_BYTES,
                    "the commands were not read to their end in time");
            e = ERR_DEADLINE;
        }
    }
    return e;
}

void *live_watch(void *argument)
{
    struct live_thread *thread = argument;
    struct live *live = thread->live;
    struct watcher watcher = {.live = live, .why = thread->why};
    struct strbuf findings;
    strbuf_init(&findings, LIVE_WHY_BYTES - 1);
    watcher.positions = calloc((size_t)live->command_partitions, sizeof(int64_t));
    enum err e = watcher.positions == NULL ? ERR_NO_MEMORY : ERR_NONE;
    e = e != ERR_NONE ? e : kafka_reader_create(&watcher.reader, live->config, &findings);
    for (int32_t i = 0; i < live->command_partitions && e == ERR_NONE; i++) {
        e = kafka_reader_add(
                watcher.reader, live->config->topics.commands, i, live->command_begins[i]);
    }
    e = e != ERR_NONE ? e : watch(&watcher);
    if (e != ERR_NONE && thread->why[0] == '\0') {
        snprintf(thread->why, sizeof thread->why, "%s", findings.n > 0 ? findings.p : err_text(e));
    }
    if (e != ERR_NONE) {
        atomic_store(&live->has_broken_off, true);
    }
    thread->result = e;
    (void)kafka_reader_destroy(watcher.reader, CLOSE_MS); // the process ends anyway
    free(watcher.positions);
    strbuf_fini(&findings);
    return NULL;
}
