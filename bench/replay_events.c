#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/redis_uri.h"
#include "bench/replay.h"
#include "common/json_out.h"
#include "common/line_reader.h"
#include "decode/envelope.h"
#include "detect_line.h"
#include "judge_line.h"
#include "redis/redis_store.h"
#include "relationship/memory_store.h"

// Nobody waits for a replayed message: a slow machine must not make a verdict unknown.
enum { LOOKUP_DEADLINE_MS = 60000 };

enum { LINES_BYTES = 256 * 1024 * 1024, LINES_FULL_BYTES = 64 * 1024 * 1024 };

struct replay {
    struct replay_output output;
    struct keyring *ring;
    struct store store;
    struct judge_line *judge;
    struct detect_line *detect;
    int64_t frame_number;
    struct line_reader *lines;
    struct envelope_reader *envelopes;
    struct arena *arena; // the lines of a batch
    struct judge_item *items;
    uint32_t item_capacity;
    struct view source; // the file's name
    int fd;
};

// The tally topic of a replay: one partition, in memory.
static enum err take_frame(void *self, uint32_t tally_partition, const struct frame *frame)
{
    struct replay *replay = self;
    bool gap;
    return detect_line_frame(replay->detect, frame, (int32_t)tally_partition,
            replay->frame_number++, false, NULL, &gap);
}

static enum err open_keys(struct replay *replay)
{
    const struct config *config = replay->output.config;
    if (config->identity.key_file == NULL) {
        return keyring_create_demo(&replay->ring);
    }
    return keyring_load(&replay->ring, config->identity.key_id, config->identity.key_file,
            config->identity.previous_key_id, config->identity.previous_key_file,
            &replay->output.why);
}

static enum err open_memory(struct replay *replay, const char *path)
{
    enum err e = memory_store_create(&replay->store, replay->ring);
    if (e != ERR_NONE) {
        return e;
    }
    struct feed_report report;
    e = memory_store_load_file(
            &replay->store, path, replay->output.config->identity.default_region, true, &report);
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

static enum err open_store(struct replay *replay, const struct replay_options *options)
{
    if (options->relationships != NULL) {
        return open_memory(replay, options->relationships);
    }
    struct config *config = replay->output.config;
    char *address;
    const char *why = "";
    enum err e = redis_uri_read(options->redis, &address, &config->redis.database, &why);
    if (e != ERR_NONE) {
        fprintf(stderr, "wrongnumber-bench replay: --redis %s: %s\n", options->redis, why);
        return e;
    }
    free(config->redis.address);
    config->redis.address = address;
    config->redis.deadline_ms = LOOKUP_DEADLINE_MS;
    config->redis.connect_timeout_ms = LOOKUP_DEADLINE_MS;
    return redis_store_create(&replay->store, config, replay->ring);
}

static enum err open_input(struct replay *replay, const char *path)
{
    bool is_stdin = strcmp(path, "-") == 0;
    replay->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (replay->fd < 0) {
        fprintf(stderr, "wrongnumber-bench replay: %s: %s\n", path, strerror(errno));
        return ERR_NO_INPUT;
    }
    const char *slash = strrchr(path, '/');
    replay->source = view_of(slash != NULL ? slash + 1 : path);
    struct stat status;
    if (fstat(replay->fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        fprintf(stderr, "wrongnumber-bench replay: %s: is a directory\n", path);
        return ERR_NO_INPUT;
    }
    enum err e = line_reader_create(&replay->lines, replay->fd, ENVELOPE_LINE_MAX_BYTES);
    return e != ERR_NONE ? e : envelope_reader_create(&replay->envelopes);
}

static enum err open_lines(struct replay *replay, const struct replay_options *options)
{
    const struct config *config = replay->output.config;
    enum err e = detect_line_create(&replay->detect, config, &replay->output.emitter);
    if (e != ERR_NONE) {
        return e;
    }
    const struct judge_line_options judge_options = {
            .config = config,
            .ring = replay->ring,
            .store = replay->store,
            .emitter = &replay->output.emitter,
            .frames = {take_frame, replay},
            .tally_partitions = 1,
            .clock = JUDGE_CLOCK_MESSAGE,
            .frame_messages = options->frame_messages,
    };
    e = judge_line_create(&replay->judge, &judge_options);
    return e != ERR_NONE ? e : judge_line_open(replay->judge, replay->source, 0, 0, 0);
}

// Reads a batch of messages. *ret_count is 0 at the end.
static enum err read_batch(struct replay *replay, size_t *ret_count)
{
    size_t count = 0;
    arena_reset(replay->arena);
    while (count < replay->item_capacity && arena_used_bytes(replay->arena) < LINES_FULL_BYTES) {
        struct line line;
        bool has_line;
        enum err e = line_reader_next(replay->lines, &line, &has_line);
        if (e != ERR_NONE) {
            return e;
        }
        if (!has_line) {
            break;
        }
        struct view text = arena_copy(replay->arena, line.text);
        if (view_is_none(text)) {
            return ERR_NO_MEMORY;
        }
        struct judge_item *item = &replay->items[count];
        *item = (struct judge_item){0};
        switch (envelope_read_line(replay->envelopes, text, replay->arena, &item->raw)) {
        case LINE_BLANK:
            continue;
        case LINE_NO_ROOM:
            return ERR_NO_MEMORY;
        case LINE_PLAIN:
        case LINE_ENVELOPE:
            break;
        }
        item->raw.topic = replay->source;
        item->raw.partition = 0;
        item->raw.offset = (int64_t)line.number;
        count++;
    }
    *ret_count = count;
    return ERR_NONE;
}

static enum err replay_all(struct replay *replay)
{
    struct judge_slice slice = {.partition = 0};
    size_t count;
    do {
        enum err e = read_batch(replay, &count);
        if (e == ERR_NONE) { // the last, empty one sends the frame that is still open
            e = judge_line_batch(
                    replay->judge, replay->items, count, &slice, 1, (struct wall_time){0}, false);
        }
        if (e != ERR_NONE) {
            return e;
        }
    } while (count > 0);
    return ERR_NONE;
}

static enum err write_summary(const struct replay *replay, const struct replay_options *options,
        int64_t wall_ns, int64_t cpu_ns)
{
    struct strbuf text;
    strbuf_init(&text, 64 * 1024);
    const struct judge_counts *judged = judge_line_counts(replay->judge);
    struct detect_counts detected = detect_line_counts(replay->detect);
    struct json_out out;
    json_begin(&out, &text);
    json_object(&out, NULL);
    json_int(&out, "messages", (int64_t)judged->messages);
    json_object(&out, "verdicts");
    for (unsigned i = 0; i < VERDICT_COUNT; i++) {
        json_int(&out, verdict_names[i], (int64_t)judged->verdicts[i]);
    }
    json_object_end(&out);
    json_object(&out, "reasons");
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        json_int(&out, reason_names[i], (int64_t)judged->reasons[i]);
    }
    json_object_end(&out);
    json_int(&out, "dead_letters", (int64_t)judged->dead_letters);
    json_int(&out, "incidents", (int64_t)detected.incidents);
    json_int(&out, "alerts", (int64_t)detected.alerts);
    json_int(&out, "scope_commands", (int64_t)detected.commands);
    json_int(&out, "frames", (int64_t)detected.frames);
    json_int(&out, "frame_messages", options->frame_messages);
    json_millionths(&out, "wall_seconds", wall_ns / 1000);
    json_millionths(&out, "cpu_seconds", cpu_ns / 1000);
    int64_t per_second =
            wall_ns > 0 ? (int64_t)((double)judged->messages * 1e9 / (double)wall_ns) : 0;
    json_int(&out, "messages_per_second", per_second);
    json_text(&out, "policy_version", replay->output.config->policy.version);
    json_object_end(&out);
    strbuf_add_byte(&text, '\n');

    struct strbuf path;
    strbuf_init(&path, 4096);
    strbuf_printf(&path, "%s/summary.json", options->out);
    enum err e = text.failed != ERR_NONE ? text.failed : path.failed;
    FILE *file = e == ERR_NONE ? fopen(path.p, "we") : NULL;
    if (file == NULL || fwrite(text.p, 1, text.n, file) != text.n) {
        e = ERR_IO;
    }
    if (file != NULL && fclose(file) != 0) {
        e = ERR_IO;
    }
    strbuf_fini(&text);
    strbuf_fini(&path);
    return e;
}

static enum err replay_run(struct replay *replay, const struct replay_options *options)
{
    uint32_t batch = options->batch_messages != 0 ? options->batch_messages
                                                  : replay->output.config->batch.messages;
    replay->item_capacity = batch;
    replay->items = calloc(batch, sizeof *replay->items);
    replay->arena = arena_create(LINES_BYTES);
    if (replay->items == NULL || replay->arena == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err e = open_keys(replay);
    if (e == ERR_NONE) {
        e = open_store(replay, options);
    }
    if (e == ERR_NONE) {
        e = open_input(replay, options->events);
    }
    if (e == ERR_NONE) {
        e = open_lines(replay, options);
    }
    if (e != ERR_NONE) {
        return e;
    }
    struct mono_time wall_start = clock_mono();
    int64_t cpu_start_ns = clock_cpu_ns();
    e = replay_all(replay);
    if (e == ERR_NONE) {
        e = write_summary(
                replay, options, clock_mono().ns - wall_start.ns, clock_cpu_ns() - cpu_start_ns);
    }
    return e;
}

int replay_events(const struct replay_options *options)
{
    struct replay replay = {.fd = -1};
    enum err e = replay_output_open(&replay.output, options);
    if (e != ERR_NONE) {
        return err_exit_status(e);
    }
    e = replay_run(&replay, options);
    if (e != ERR_NONE) {
        fprintf(stderr, "wrongnumber-bench replay: %s%s%.*s\n", err_text(e),
                replay.output.why.n > 0 ? ": " : "", VIEW_ARGS(strbuf_view(&replay.output.why)));
    }
    judge_line_destroy(replay.judge);
    detect_line_destroy(replay.detect);
    line_reader_destroy(replay.lines);
    envelope_reader_destroy(replay.envelopes);
    if (replay.fd > STDIN_FILENO) {
        close(replay.fd);
    }
    if (replay.store.ops != NULL) {
        replay.store.ops->destroy(replay.store.self);
    }
    keyring_destroy(replay.ring);
    arena_destroy(replay.arena);
    free(replay.items);
    if (!replay_output_close(&replay.output) && e == ERR_NONE) {
        e = ERR_IO;
    }
    return err_exit_status(e);
}
