#include "sync/sync.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "kafka/admin.h"
#include "kafka/reader.h"
#include "sync/sync_record.h"
#include "sync/sync_store.h"

enum {
    GATHER_MS = 200,
    BATCH_MAX = 20000,   // recipients
    HEARTBEAT_PARTS = 5, // one is written so many times in the time that it is believed
    ASK_MS = 1000,       // Kafka, for the end of a partition
    COUNT_PARTITIONS_MS = 30000,
    WAIT_MS = 500,
    NAP_MS = 50,
    CLOSE_MS = 5000,
    FINDINGS_BYTES = 64 * 1024,
    WHY_BYTES = 256,
};

struct sync {
    const struct sync_options *options;
    struct kafka_admin *admin;
    struct sync_records *records;
    struct kafka_reader *reader;
    struct sync_store store;
    const char *topic;
    int64_t ends[SYNC_PARTITION_MAX]; // as asked at asked_at
    bool has_ends;                    // and not all of it was in Redis yet
    struct wall_time asked_at;
    int64_t asked_source_ms; // the source's heartbeat that was read before
    struct mono_time next_ask;
    struct mono_time next_count;
    bool rebuilds;
    bool is_believed;
    uint64_t applied;
    uint64_t refused;
    char waits_for[WHY_BYTES];
};

static bool is_stopped(const struct sync *sync)
{
    return *sync->options->stop;
}

// --- records ------------------------------------------------------------------------------------

static enum err take_message(struct sync *sync, const struct raw_message *raw)
{
    struct sync_state *state = &sync->store.state;
    struct relationship rel;
    int64_t at_ms = 0;
    state->positions[raw->partition].next = raw->offset + 1;
    bool is_loaded = raw->timestamp_ms >= 0 && raw->timestamp_ms < state->since_ms;
    if (is_loaded) {
        return ERR_NONE;
    }
    switch (sync_records_read(sync->records, raw, &rel, &at_ms)) {
    case SYNC_CHANGE:
        sync->applied++;
        return sync_store_put(&sync->store, &rel);
    case SYNC_HEARTBEAT:
        if (at_ms > clock_wall().ms + EPOCH_AHEAD_MAX_MS) {
            log_warn("sync",
                    "%s/%" PRId32 "/%" PRId64 ": a heartbeat from the future is passed over",
                    sync->topic, raw->partition, raw->offset);
        } else if (at_ms > state->source_ms) {
            state->source_ms = at_ms;
        }
        return ERR_NONE;
    case SYNC_REFUSED:
        break;
    case SYNC_UNREAD:
        return ERR_NO_MEMORY;
    }
    sync->refused++;
    log_warn("sync", "%s/%" PRId32 "/%" PRId64 ": skipped, %s (%" PRIu64 " so far)", sync->topic,
            raw->partition, raw->offset, sync_records_why(sync->records), sync->refused);
    return ERR_NONE;
}

static enum err take_lost_offset(struct sync *sync, const struct kafka_event *ev)
{
    if (ev->offset < 0) {
        return ERR_NONE; // it was to begin at the beginning anyway
    }
    log_error("sync",
            "%s/%" PRId32 " has lost its records from %" PRId64
            " on: nothing is believed before a full load (load, or sync --from beginning)",
            sync->topic, ev->partition, ev->offset);
    sync_store_begin_again(&sync->store, ev->partition);
    sync->has_ends = false;
    return sync_store_distrust(&sync->store);
}

static enum err take_event(struct sync *sync, const struct kafka_event *ev)
{
    struct sync_position *position = &sync->store.state.positions[ev->partition];
    enum err e = ERR_NONE;
    switch (ev->kind) {
    case KAFKA_MESSAGE:
        e = take_message(sync, &ev->message->raw);
        kafka_reader_release(sync->reader, ev->message);
        return e;
    case KAFKA_PARTITION_EOF:
        position->next = ev->offset > position->next ? ev->offset : position->next;
        return ERR_NONE;
    case KAFKA_OFFSET_LOST:
        return take_lost_offset(sync, ev);
    case KAFKA_TROUBLE:
        log_warn("sync", "Kafka: %s", ev->trouble_text);
        return ev->fatal ? ERR_UNAVAILABLE : ERR_NONE;
    case KAFKA_NOTHING:
        break;
    }
    return ERR_NONE;
}

// A batch that does not reach far enough grows on.
static bool is_full(const struct sync *sync)
{
    return sync_store_gathered(&sync->store) >= BATCH_MAX && sync_state_reaches(&sync->store.state);
}

// Takes what comes within a while.
static enum err gather(struct sync *sync)
{
    const struct mono_time until = mono_after_ms(clock_mono(), GATHER_MS);
    int64_t left_ms = GATHER_MS;
    enum err e = ERR_NONE;
    while (e == ERR_NONE && left_ms > 0 && !is_stopped(sync) && !is_full(sync)) {
        struct kafka_event ev;
        (void)kafka_reader_poll(sync->reader, left_ms, &ev);
        e = take_event(sync, &ev);
        left_ms = mono_left_ms(clock_mono(), until);
    }
    return e;
}

// --- the end of the topic -----------------------------------------------------------------------

// Where every partition ends now. False when Kafka does not say.
static bool ask_ends(struct sync *sync)
{
    struct sync_state *state = &sync->store.state;
    sync->has_ends = false;
    sync->asked_at = clock_wall();
    sync->asked_source_ms = state->source_ms;
    for (uint32_t i = 0; i < state->partition_count; i++) {
        int64_t low;
        if (is_stopped(sync) || kafka_reader_ends(sync->reader, sync->topic, (int32_t)i, ASK_MS,
                                        &low, &sync->ends[i]) != ERR_NONE) {
            return false;
        }
    }
    sync->has_ends = true;
    return true;
}

static bool has_read_to_ends(const struct sync *sync)
{
    const struct sync_state *state = &sync->store.state;
    for (uint32_t i = 0; i < state->partition_count; i++) {
        if (state->positions[i].next < sync->ends[i]) {
            return false;
        }
    }
    return sync->has_ends;
}

// A log that ends before what was read of it once has lost its tail (an unclean leader).
static enum err check_tails(struct sync *sync)
{
    for (uint32_t i = 0; i < sync->store.state.partition_count; i++) {
        struct sync_position *position = &sync->store.state.positions[i];
        if (position->reach > sync->ends[i]) {
            log_error("sync",
                    "%s/%" PRIu32 " ends at %" PRId64 ", before what was read of it: nothing is "
                    "believed before a full load",
                    sync->topic, i, sync->ends[i]);
            position->next = position->reach = sync->ends[i];
            sync->store.saved.positions[i] = *position;
            enum err e = sync_store_distrust(&sync->store);
            if (e != ERR_NONE) {
                return e;
            }
        }
    }
    return ERR_NONE;
}

static bool is_source_silent(const struct sync *sync)
{
    int64_t most_ms = sync->options->config->sync.source_silence_ms;
    return sync->asked_source_ms > 0 && most_ms > 0 &&
           sync->asked_at.ms - sync->asked_source_ms > most_ms;
}

static void tell_belief(struct sync *sync, bool is_believed, const char *why)
{
    if (is_believed && !sync->is_believed) {
        log_info("sync", "everything in %s is in Redis: believed", sync->topic);
    } else if (!is_believed && sync->is_believed) {
        log_warn("sync", "no heartbeat, so that nothing is believed soon: %s", why);
    }
    sync->is_believed = is_believed;
}

// Everything that was in the topic at asked_at is in Redis.
static enum err settle_at_end(struct sync *sync)
{
    sync->has_ends = false;
    bool is_silent = is_source_silent(sync);
    bool has_gap = sync->store.state.has_gap;
    tell_belief(sync, !is_silent && !has_gap,
            has_gap ? "the topic has lost records" : "the source has sent no heartbeat for long");
    int64_t watermark_ms = sync->asked_source_ms > 0 ? sync->asked_source_ms : sync->asked_at.ms;
    return sync_store_settle(
            &sync->store, is_silent || has_gap ? 0 : sync->asked_at.ms, watermark_ms);
}

static enum err count_partitions(struct sync *sync)
{
    uint32_t count = 0;
    sync->next_count = mono_after_ms(clock_mono(), COUNT_PARTITIONS_MS);
    enum err e = kafka_admin_partitions(sync->admin, &sync->topic, 1, ASK_MS, &count);
    if (e == ERR_NONE && count > sync->store.state.partition_count) {
        log_warn("sync", "%s has %" PRIu32 " partitions now: starting anew", sync->topic, count);
        return ERR_DEADLINE;
    }
    return ERR_NONE;
}

// --- reading ------------------------------------------------------------------------------------

// What is to be done a few times in the life of a heartbeat.
static enum err look_around(struct sync *sync)
{
    struct mono_time now = clock_mono();
    if (now.ns < sync->next_ask.ns) {
        return ERR_NONE;
    }
    const int64_t beat_ms = sync->options->config->sync.heartbeat_ms;
    sync->next_ask = mono_after_ms(now, beat_ms / HEARTBEAT_PARTS);
    enum err e = now.ns < sync->next_count.ns ? ERR_NONE : count_partitions(sync);
    // Ends that are not reached yet are asked for anew once they are of no use any more.
    bool is_old = clock_wall().ms - sync->asked_at.ms > beat_ms;
    if (e == ERR_NONE && (!sync->has_ends || is_old)) {
        if (sync->is_believed && is_old) {
            tell_belief(sync, false, "behind, or Kafka does not answer");
        }
        e = ask_ends(sync) ? check_tails(sync) : ERR_NONE;
    }
    return e == ERR_NONE ? sync_store_keep(&sync->store) : e;
}

static enum err turn(struct sync *sync)
{
    enum err e = gather(sync);
    if (e == ERR_NONE && sync_store_gathered(&sync->store) > 0 &&
            sync_state_reaches(&sync->store.state)) {
        e = sync_store_apply(&sync->store);
    }
    if (e == ERR_NONE && sync_store_gathered(&sync->store) == 0 && has_read_to_ends(sync)) {
        e = settle_at_end(sync);
    }
    return e == ERR_NONE ? look_around(sync) : e;
}

static enum err begin_reading(struct sync *sync)
{
    struct strbuf findings;
    strbuf_init(&findings, FINDINGS_BYTES);
    enum err e = kafka_reader_create(&sync->reader, sync->options->config, &findings);
    if (e != ERR_NONE) {
        log_error("sync", "%.*s", VIEW_ARGS(strbuf_view(&findings)));
    }
    strbuf_fini(&findings);
    for (uint32_t i = 0; i < sync->store.state.partition_count && e == ERR_NONE; i++) {
        int64_t next = sync->store.state.positions[i].next;
        e = kafka_reader_add(
                sync->reader, sync->topic, (int32_t)i, next < 0 ? KAFKA_FROM_BEGINNING : next);
    }
    return e;
}

// Fills the table of a rebuild with all that is in the topic.
static enum err read_topic(struct session *s, void *self)
{
    struct sync *sync = self;
    enum err e = begin_reading(sync);
    while (e == ERR_NONE && !sync->has_ends) {
        e = is_stopped(sync) ? ERR_DEADLINE : session_breathe(s, 0, 0);
        if (e == ERR_NONE && !ask_ends(sync)) {
            log_warn("sync", "Kafka does not say where %s ends: asking again", sync->topic);
        }
    }
    while (e == ERR_NONE && !has_read_to_ends(sync)) {
        struct kafka_event ev;
        (void)kafka_reader_poll(sync->reader, GATHER_MS, &ev);
        e = is_stopped(sync) ? ERR_DEADLINE : take_event(sync, &ev);
        e = e == ERR_NONE ? session_breathe(s, 0, 0) : e;
    }
    return e;
}

static enum err rebuild(struct sync *sync, uint32_t partitions)
{
    log_info("sync", "building a generation from %s", sync->topic);
    enum err e = sync_store_rebuild(&sync->store, partitions, clock_wall(), read_topic, sync);
    if (e == ERR_NONE) {
        sync->rebuilds = false;
        log_info("sync", "generation %" PRIu64 " with %" PRIu64 " recipients is in force",
                sync->store.s.epoch.generation, sync->store.s.epoch.record_count);
    }
    return e;
}

static enum err resume(struct sync *sync, uint32_t partitions)
{
    enum err e = sync_store_resume(&sync->store, partitions, clock_wall());
    if (e != ERR_NONE) {
        return e;
    }
    if (sync->store.is_new) {
        log_info("sync", "new data are in force: reading %s from its beginning", sync->topic);
    }
    if (sync->store.state.has_gap) {
        log_error("sync",
                "records of %s were lost, or tombstones may have been: nothing is believed before "
                "a full load (load, or sync --from beginning)",
                sync->topic);
    }
    return begin_reading(sync);
}

static enum err read_on(struct sync *sync, uint32_t partitions)
{
    enum err e = sync_store_open(&sync->store, sync->options->config, sync->options->ring);
    sync->has_ends = false;
    sync->next_ask = clock_mono();
    sync->next_count = mono_after_ms(clock_mono(), COUNT_PARTITIONS_MS);
    if (e == ERR_NONE) {
        bool builds = sync->rebuilds ||
                      (sync->options->config->sync.topic_is_whole && !sync->store.s.has_epoch);
        e = builds ? rebuild(sync, partitions) : resume(sync, partitions);
    }
    if (e == ERR_NONE) {
        sync->waits_for[0] = '\0';
    }
    while (e == ERR_NONE && !is_stopped(sync)) {
        e = turn(sync);
    }
    if (e == ERR_NONE && sync_state_reaches(&sync->store.state)) {
        e = sync_store_gathered(&sync->store) > 0 ? sync_store_apply(&sync->store)
                                                  : sync_store_settle(&sync->store, 0, 0);
    }
    return e;
}

// --- waiting ------------------------------------------------------------------------------------

// Says once for what it waits.
static void tell_waiting(struct sync *sync, enum err e)
{
    char why[WHY_BYTES];
    const char *words = sync_store_why(&sync->store);
    snprintf(why, sizeof why, "%s", words[0] != '\0' ? words : err_text(e));
    if (strcmp(why, sync->waits_for) != 0) {
        log_warn("sync", "waiting: %s", why);
        memcpy(sync->waits_for, why, sizeof why);
    }
    sync->is_believed = false;
}

static void wait_a_while(const struct sync *sync)
{
    struct mono_time until = mono_after_ms(clock_mono(), WAIT_MS);
    while (!is_stopped(sync) && mono_left_ms(clock_mono(), until) > 0) {
        clock_nap(NAP_MS);
    }
}

static enum err run(struct sync *sync)
{
    enum err e = ERR_NONE;
    while (!is_stopped(sync)) {
        uint32_t partitions = 0;
        e = kafka_admin_await(sync->admin, &sync->topic, 1, sync->options->stop, &partitions);
        if (e != ERR_NONE) {
            break; // stopped
        }
        if (partitions > SYNC_PARTITION_MAX) {
            log_error("sync", "%s has %" PRIu32 " partitions; at most %d can be read", sync->topic,
                    partitions, SYNC_PARTITION_MAX);
            return ERR_CONFIG;
        }
        e = read_on(sync, partitions);
        if (e != ERR_NONE && !is_stopped(sync)) {
            tell_waiting(sync, e);
        }
        sync_store_close(&sync->store);
        (void)kafka_reader_destroy(sync->reader, CLOSE_MS);
        sync->reader = NULL;
        if (e == ERR_CONFIG) {
            return e;
        }
        wait_a_while(sync);
    }
    log_info("sync", "ends: %" PRIu64 " records applied, %" PRIu64 " refused", sync->applied,
            sync->refused);
    return ERR_NONE;
}

enum err sync_run(const struct sync_options *options)
{
    struct sync *sync = calloc(1, sizeof *sync);
    if (sync == NULL) {
        return ERR_NO_MEMORY;
    }
    struct strbuf findings;
    strbuf_init(&findings, FINDINGS_BYTES);
    sync->options = options;
    sync->topic = options->config->topics.relationships;
    sync->rebuilds = options->rebuilds;
    enum err e = sync_records_create(&sync->records, options->config->identity.default_region);
    if (e == ERR_NONE) {
        e = kafka_admin_create(&sync->admin, options->config, &findings);
        if (e != ERR_NONE) {
            log_error("sync", "%.*s", VIEW_ARGS(strbuf_view(&findings)));
        }
    }
    e = e == ERR_NONE ? run(sync) : e;
    kafka_admin_destroy(sync->admin);
    sync_records_destroy(sync->records);
    strbuf_fini(&findings);
    free(sync);
    return e;
}
