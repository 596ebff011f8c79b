#include "bench/replay_judge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/redis_uri.h"
#include "attempts/memory_attempts.h"
#include "bench/replay_aside.h"
#include "complaint_line.h"
#include "control_line.h"
#include "common/line_reader.h"
#include "decode/envelope.h"
#include "redis/redis_store.h"
#include "relationship/memory_store.h"

// Nobody waits for a replayed message: a slow machine must not make a verdict unknown.
enum { LOOKUP_DEADLINE_MS = 60000 };

enum {
    LINES_BYTES = 256 * 1024 * 1024,
    LINES_FULL_BYTES = 64 * 1024 * 1024,
    DAY_MS = 24 * 3600 * 1000,
    ATTEMPTS_MAX = 16 * 1024 * 1024, // at 64 bytes: limits are for replays of some weeks
};

struct replay_judge {
    const struct replay_options *options;
    struct config *config;
    struct strbuf *why;
    struct keyring *ring;
    struct store store;
    struct attempt_counter attempts;
    struct judge_line *line;
    struct replay_aside *besides[REPLAY_BESIDE_COUNT]; // NULL = none
    struct standing_orders *orders;                    // what the commands of people leave in force
    bool has_beside;
    struct decoder *decoder; // tells when an event was, where has_beside
    struct arena *decode_arena;
    int64_t log_time_ms; // likewise: as the line keeps it
    struct line_reader *lines;
    struct envelope_reader *envelopes;
    struct arena *arena; // the lines of a batch
    struct judge_item *items;
    uint32_t item_capacity;
    struct view source; // the file's name
    int fd;
};

static enum err open_keys(struct replay_judge *judge)
{
    const struct config *config = judge->config;
    if (config->identity.key_file == NULL) {
        return keyring_create_demo(&judge->ring);
    }
    return keyring_load(&judge->ring, config->identity.key_id, config->identity.key_file,
            config->identity.previous_key_id, config->identity.previous_key_file, judge->why);
}

static enum err open_memory(struct replay_judge *judge, const char *path)
{
    enum err e = memory_store_create(&judge->store, judge->ring);
    if (e != ERR_NONE) {
        return e;
    }
    struct feed_report report;
    e = memory_store_load_file(
            &judge->store, path, judge->config->identity.default_region, true, &report);
    if (e == ERR_NO_INPUT) {
        fprintf(stderr, "wrongnumber-bench %s: %s: %s\n", judge->options->verb, path,
                strerror(errno));
        return e;
    }
    for (uint32_t i = 0; i < report.first_count; i++) {
        fprintf(stderr, "%s:%llu: left out: %s\n", path, (unsigned long long)report.first[i].line,
                report.first[i].reason);
    }
    if (report.refused > report.first_count) {
        fprintf(stderr, "%s: %llu lines left out in all\n", path,
                (unsigned long long)report.refused);
    }
    return e;
}

static enum err open_store(struct replay_judge *judge, const struct replay_options *options)
{
    if (options->relationships != NULL) {
        return open_memory(judge, options->relationships);
    }
    struct config *config = judge->config;
    struct redis_uri uri;
    const char *why = "";
    enum err e = redis_uri_read(options->redis, &uri, &why);
    if (e != ERR_NONE) {
        fprintf(stderr, "wrongnumber-bench %s: --redis %s: %s\n", options->verb, options->redis,
                why);
        return e;
    }
    free(config->redis.address);
    free(config->redis.master);
    config->redis.topology = uri.topology;
    config->redis.address = uri.address;
    config->redis.master = uri.master;
    config->redis.database = uri.has_database ? uri.database : config->redis.database;
    config->redis.deadline_ms = LOOKUP_DEADLINE_MS;
    config->redis.connect_timeout_ms = LOOKUP_DEADLINE_MS;
    return redis_store_create(&judge->store, config, judge->ring);
}

static enum err open_input(struct replay_judge *judge, const char *path)
{
    bool is_stdin = strcmp(path, "-") == 0;
    judge->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (judge->fd < 0) {
        fprintf(stderr, "wrongnumber-bench %s: %s: %s\n", judge->options->verb, path,
                strerror(errno));
        return ERR_NO_INPUT;
    }
    const char *slash = strrchr(path, '/');
    judge->source = view_of(slash != NULL ? slash + 1 : path);
    struct stat status;
    if (fstat(judge->fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        fprintf(stderr, "wrongnumber-bench %s: %s: is a directory\n", judge->options->verb, path);
        return ERR_NO_INPUT;
    }
    enum err e = line_reader_create(&judge->lines, judge->fd, ENVELOPE_LINE_MAX_BYTES);
    return e != ERR_NONE ? e : envelope_reader_create(&judge->envelopes);
}

// Reads a batch of messages. *ret_count is 0 at the end.
static enum err read_batch(struct replay_judge *judge, size_t *ret_count)
{
    size_t count = 0;
    arena_reset(judge->arena);
    while (count < judge->item_capacity && arena_used_bytes(judge->arena) < LINES_FULL_BYTES) {
        struct line line;
        bool has_line;
        enum err e = line_reader_next(judge->lines, &line, &has_line);
        if (e != ERR_NONE) {
            return e;
        }
        if (!has_line) {
            break;
        }
        struct judge_item *item = &judge->items[count];
        *item = (struct judge_item){0};
        switch (envelope_read_line(judge->envelopes, line.text, judge->arena, &item->raw)) {
        case LINE_BLANK:
            continue;
        case LINE_NO_ROOM:
            return ERR_NO_MEMORY;
        case LINE_PLAIN:
        case LINE_ENVELOPE:
            break;
        }
        item->raw.topic = judge->source;
        item->raw.partition = 0;
        item->raw.offset = (int64_t)line.number;
        count++;
    }
    *ret_count = count;
    return ERR_NONE;
}

static enum err open_all(struct replay_judge *judge)
{
    enum err e = open_keys(judge);
    if (e == ERR_NONE) {
        e = open_store(judge, judge->options);
    }
    if (e == ERR_NONE) {
        e = memory_attempts_create(&judge->attempts, ATTEMPTS_MAX);
    }
    return e == ERR_NONE ? open_input(judge, judge->options->events) : e;
}

static enum err open_line(
        struct replay_judge *judge, struct emitter *emitter, struct frame_taker frames)
{
    const struct judge_line_options line_options = {
            .config = judge->config,
            .ring = judge->ring,
            .store = judge->store,
            .attempts = judge->attempts,
            .emitter = emitter,
            .frames = frames,
            .tally_partitions = 1,
            .clock = JUDGE_CLOCK_MESSAGE,
            .frame_messages = judge->options->frame_messages,
    };
    enum err e = judge_line_create(&judge->line, &line_options);
    return e != ERR_NONE ? e : judge_line_open(judge->line, judge->source, 0, 0, 0);
}

static enum err open_beside(struct replay_judge *judge, enum replay_beside beside, const char *path,
        const struct aside_line_options *options)
{
    static const struct aside_maker makers[REPLAY_BESIDE_COUNT] = {
            [REPLAY_COMPLAINTS] = {complaint_line_create},
            [REPLAY_CONTROLS] = {control_line_create},
    };
    if (path == NULL) {
        return ERR_NONE;
    }
    judge->has_beside = true;
    return replay_aside_create(&judge->besides[beside], path, options, makers[beside]);
}

// Live, the control-state topic stands between the halves.
static enum err learn(void *self, const struct control_state_action *state)
{
    if (state->standing == CONTROL_PENDING) {
        return ERR_NONE;
    }
    const struct control *control = state->control;
    const struct standing_order order = {.key = standing_key_of(control),
            .action = control->action,
            .mode = control->mode,
            .until_ms = state->is_over ? 0 : state->expires_at_ms,
            .sequence = state->sequence,
            .control_id = control->control_id,
            .operator_id = control->operator_id};
    enum err e = standing_learn(self, &order, state->at_ms);
    return e == ERR_CEILING ? ERR_NONE : e;
}

static enum err open_orders(struct replay_judge *judge, struct emitter *emitter)
{
    enum err e = standing_create(&judge->orders, STANDING_JUDGED_MAX);
    if (e == ERR_NONE) {
        emitter->options.on_control_state = learn;
        emitter->options.control_state_watcher = judge->orders;
        judge_line_set_orders(judge->line, judge->orders);
    }
    return e;
}

// What merging takes: what is told beside the events, and a look at their times ahead of the line.
static enum err open_besides(
        struct replay_judge *judge, struct emitter *emitter, struct frame_taker frames)
{
    const struct aside_line_options options = {
            .config = judge->config,
            .ring = judge->ring,
            .emitter = emitter,
            .frames = frames,
            .tally_partitions = 1,
            .clock = JUDGE_CLOCK_MESSAGE,
            .findings = judge->why,
    };
    enum err e = open_beside(judge, REPLAY_COMPLAINTS, judge->options->complaints, &options);
    if (e == ERR_NONE) {
        e = open_beside(judge, REPLAY_CONTROLS, judge->options->controls, &options);
    }
    if (e == ERR_NONE && judge->options->controls != NULL) {
        e = open_orders(judge, emitter);
    }
    if (e != ERR_NONE || !judge->has_beside) {
        return e;
    }
    judge->decode_arena = arena_create(LINES_BYTES);
    return judge->decode_arena == NULL ? ERR_NO_MEMORY
                                       : decoder_create(&judge->decoder,
                                                 (const char *const *)judge->config->fields, NULL);
}

enum err replay_judge_create(struct replay_judge **ret_judge, const struct replay_options *options,
        struct config *config, struct emitter *emitter, struct frame_taker frames,
        struct strbuf *why)
{
    struct replay_judge *judge = calloc(1, sizeof *judge);
    if (judge == NULL) {
        return ERR_NO_MEMORY;
    }
    judge->options = options;
    judge->config = config;
    judge->why = why;
    judge->fd = -1;
    judge->item_capacity =
            options->batch_messages != 0 ? options->batch_messages : config->batch.messages;
    judge->items = calloc(judge->item_capacity, sizeof *judge->items);
    judge->arena = arena_create(LINES_BYTES);
    enum err e = judge->items != NULL && judge->arena != NULL ? open_all(judge) : ERR_NO_MEMORY;
    if (e == ERR_NONE) {
        e = open_line(judge, emitter, frames);
    }
    if (e == ERR_NONE) {
        e = open_besides(judge, emitter, frames);
    }
    if (e != ERR_NONE) {
        replay_judge_destroy(judge);
        return e;
    }
    *ret_judge = judge;
    return ERR_NONE;
}

void replay_judge_destroy(struct replay_judge *judge)
{
    if (judge == NULL) {
        return;
    }
    for (unsigned i = 0; i < REPLAY_BESIDE_COUNT; i++) {
        replay_aside_destroy(judge->besides[i]);
    }
    decoder_destroy(judge->decoder);
    arena_destroy(judge->decode_arena);
    judge_line_destroy(judge->line);
    standing_destroy(judge->orders);
    line_reader_destroy(judge->lines);
    envelope_reader_destroy(judge->envelopes);
    if (judge->fd > STDIN_FILENO) {
        close(judge->fd);
    }
    if (judge->store.ops != NULL) {
        judge->store.ops->destroy(judge->store.self);
    }
    if (judge->attempts.ops != NULL) {
        judge->attempts.ops->destroy(judge->attempts.self);
    }
    keyring_destroy(judge->ring);
    arena_destroy(judge->arena);
    free(judge->items);
    free(judge);
}

static enum err judge_items(struct replay_judge *judge, size_t from, size_t to)
{
    struct judge_slice slice = {.partition = 0};
    return judge_line_batch(
            judge->line, judge->items + from, to - from, &slice, 1, (struct wall_time){0}, false);
}

// Log time once the item has been judged (JUDGE_CLOCK_MESSAGE).
static int64_t log_time_at(struct replay_judge *judge, const struct judge_item *item)
{
    int64_t ms = item->raw.timestamp_ms;
    if (!clock_is_accepted(ms)) {
        arena_reset(judge->decode_arena);
        struct event ev;
        struct decode_failure failure;
        bool is_event = decode_event(judge->decoder, &item->raw, judge->decode_arena, &ev,
                                &failure) == DECODE_EVENT;
        ms = is_event ? ev.occurred_at.ms : 0;
    }
    if (judge->log_time_ms == 0) {
        judge->log_time_ms = clock_is_accepted(ms) ? ms : 0;
    } else if (ms > judge->log_time_ms) {
        int64_t step = ms - judge->log_time_ms;
        judge->log_time_ms += step < DAY_MS ? step : DAY_MS;
    }
    return judge->log_time_ms;
}

// The one whose next is told first, before `end_ms`; of two at once the complaint. NULL = none.
static struct replay_aside *next_beside(const struct replay_judge *judge, int64_t end_ms)
{
    struct replay_aside *next = NULL;
    for (unsigned i = 0; i < REPLAY_BESIDE_COUNT; i++) {
        struct replay_aside *beside = judge->besides[i];
        if (beside != NULL && replay_aside_next_ms(beside) < end_ms) {
            next = beside;
            end_ms = replay_aside_next_ms(beside);
        }
    }
    return next;
}

// Judges a batch in parts, so that what is told beside comes behind the events that are not after it.
static enum err judge_and_tell(struct replay_judge *judge, size_t count)
{
    size_t judged = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t at_ms = log_time_at(judge, &judge->items[i]);
        struct replay_aside *beside;
        while ((beside = next_beside(judge, at_ms)) != NULL) {
            enum err e = i > judged ? judge_items(judge, judged, i) : ERR_NONE;
            judged = i;
            if (e == ERR_NONE) {
                e = replay_aside_tell(beside);
            }
            if (e != ERR_NONE) {
                return e;
            }
        }
    }
    return judge_items(judge, judged, count);
}

static enum err tell_the_rest(struct replay_judge *judge)
{
    enum err e = ERR_NONE;
    struct replay_aside *beside;
    while (e == ERR_NONE && (beside = next_beside(judge, INT64_MAX)) != NULL) {
        e = replay_aside_tell(beside);
    }
    return e;
}

enum err replay_judge_run(struct replay_judge *judge)
{
    size_t count;
    do {
        enum err e = read_batch(judge, &count);
        if (e == ERR_NONE) { // the last, empty one sends the frame that is still open
            e = judge->has_beside ? judge_and_tell(judge, count) : judge_items(judge, 0, count);
        }
        if (e != ERR_NONE) {
            return e;
        }
    } while (count > 0);
    return judge->has_beside ? tell_the_rest(judge) : ERR_NONE;
}

const struct aside_counts *replay_judge_beside(
        const struct replay_judge *judge, enum replay_beside beside)
{
    return judge->besides[beside] != NULL ? replay_aside_counts(judge->besides[beside]) : NULL;
}

const struct judge_counts *replay_judge_counts(const struct replay_judge *judge)
{
    return judge_line_counts(judge->line);
}
