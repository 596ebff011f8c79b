#include "relationship/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/json_scan.h"
#include "common/strbuf.h"
#include "relationship/ndjson.h"

enum {
    READ_BYTES = 1 << 16,
    ARENA_BYTES = 8 << 20, // what a line of NDJSON_LINE_MAX_BYTES can ask for
    TICK_MS = 1000,
    LINES_PER_CLOCK = 1024,
};

struct feed_reader {
    const struct feed *feed;
    struct feed_report *report;
    int fd;
    struct strbuf line; // what came of the line that is not ended yet
    bool line_too_long; // the rest of it is thrown away
    struct strbuf why;
    struct arena *arena;
    struct ndjson *ndjson;
    struct mono_time next_tick;
};

static void feed_refuse(struct feed_report *report, const char *reason)
{
    report->refused++;
    if (report->first_count < FEED_REFUSAL_MAX) {
        struct feed_refusal *refusal = &report->first[report->first_count++];
        refusal->line = report->lines;
        snprintf(refusal->reason, sizeof refusal->reason, "%s", reason);
    }
}

static bool is_blank(struct view line)
{
    for (size_t i = 0; i < line.n; i++) {
        if (line.p[i] != ' ' && line.p[i] != '\t' && line.p[i] != '\r') {
            return false;
        }
    }
    return true;
}

static enum err feed_line(struct feed_reader *reader, struct view line)
{
    struct feed_report *report = reader->report;
    report->lines++;
    if (reader->line_too_long) {
        reader->line_too_long = false;
        feed_refuse(report, "the line is longer than 1 MiB");
        return ERR_NONE;
    }
    if (report->lines == 1) {
        line = json_skip_bom(line);
    }
    if (is_blank(line)) {
        return ERR_NONE;
    }
    struct relationship rel;
    arena_reset(reader->arena);
    strbuf_reset(&reader->why);
    enum err e = ndjson_parse(reader->ndjson, line, reader->arena, &rel, &reader->why);
    if (e == ERR_CEILING && arena_lacks_memory(reader->arena)) {
        return ERR_NO_MEMORY; // the line may be good: whom it names must not be missed
    }
    if (e == ERR_CEILING) {
        feed_refuse(report, "the line needs more memory than a line may");
        return ERR_NONE;
    }
    if (e == ERR_DATA) {
        feed_refuse(report, strbuf_view(&reader->why).p);
        return ERR_NONE;
    }
    if (e != ERR_NONE || (report->refused > 0 && !reader->feed->skip_bad)) {
        return e;
    }
    e = reader->feed->apply(reader->feed->self, &rel);
    report->applied += e == ERR_NONE;
    return e;
}

static enum err feed_tick_if_due(struct feed_reader *reader)
{
    struct mono_time now = clock_mono();
    if (reader->feed->tick == NULL || now.ns < reader->next_tick.ns) {
        return ERR_NONE;
    }
    reader->next_tick = mono_after_ms(now, TICK_MS);
    return reader->feed->tick(reader->feed->self, reader->report);
}

// Keeps what is left of a chunk for the chunks to come.
static void feed_keep(struct feed_reader *reader, struct view rest)
{
    if (reader->line_too_long || reader->line.n + rest.n > NDJSON_LINE_MAX_BYTES) {
        reader->line_too_long = true;
        strbuf_reset(&reader->line);
        return;
    }
    strbuf_add_view(&reader->line, rest);
}

static enum err feed_end_line(struct feed_reader *reader, struct view tail)
{
    enum err e;
    if (reader->line.n == 0 && !reader->line_too_long) {
        e = feed_line(reader, tail); // the common case: nothing to copy
    } else {
        feed_keep(reader, tail);
        e = reader->line.failed != ERR_NONE ? reader->line.failed
                                            : feed_line(reader, strbuf_view(&reader->line));
    }
    strbuf_reset(&reader->line);
    if (e == ERR_NONE && reader->report->lines % LINES_PER_CLOCK == 0) {
        e = feed_tick_if_due(reader);
    }
    return e;
}

static enum err feed_chunk(struct feed_reader *reader, struct view chunk)
{
    while (chunk.n > 0) {
        const char *end = memchr(chunk.p, '\n', chunk.n);
        if (end == NULL) {
            feed_keep(reader, chunk);
            return reader->line.failed;
        }
        size_t n = (size_t)(end - chunk.p);
        enum err e = feed_end_line(reader, view_bytes(chunk.p, n));
        if (e != ERR_NONE) {
            return e;
        }
        chunk = view_skip(chunk, n + 1);
    }
    return ERR_NONE;
}

// One read, however long it takes for bytes to come; meanwhile the ticks go on.
static enum err feed_read(struct feed_reader *reader, char *bytes, size_t n, size_t *ret_read)
{
    struct pollfd ready = {.fd = reader->fd, .events = POLLIN};
    for (;;) {
        enum err e = feed_tick_if_due(reader);
        if (e != ERR_NONE) {
            return e;
        }
        int count = poll(&ready, 1, TICK_MS);
        if (count < 0 && errno != EINTR) {
            return ERR_IO;
        }
        if (count > 0) {
            ssize_t got = read(reader->fd, bytes, n);
            if (got >= 0) {
                *ret_read = (size_t)got;
                return ERR_NONE;
            }
            if (errno != EINTR && errno != EAGAIN) {
                return ERR_IO;
            }
        }
    }
}

static enum err feed_read_all(struct feed_reader *reader)
{
    char bytes[READ_BYTES];
    for (;;) {
        size_t n = 0;
        enum err e = feed_read(reader, bytes, sizeof bytes, &n);
        if (e != ERR_NONE) {
            return e;
        }
        if (n == 0) {
            bool has_rest = reader->line.n > 0 || reader->line_too_long;
            return has_rest ? feed_end_line(reader, VIEW("")) : ERR_NONE;
        }
        e = feed_chunk(reader, view_bytes(bytes, n));
        if (e != ERR_NONE) {
            return e;
        }
    }
}

enum err feed_run(const struct feed *feed, struct feed_report *ret_report)
{
    *ret_report = (struct feed_report){0};
    bool is_file = strcmp(feed->path, "-") != 0;
    struct feed_reader reader = {
            .feed = feed,
            .report = ret_report,
            .fd = is_file ? open(feed->path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO,
            .next_tick = mono_after_ms(clock_mono(), TICK_MS),
    };
    if (reader.fd < 0) {
        return ERR_NO_INPUT;
    }
    strbuf_init(&reader.line, NDJSON_LINE_MAX_BYTES);
    strbuf_init(&reader.why, 4096);
    reader.arena = arena_create(ARENA_BYTES);
    enum err e = reader.arena == NULL ? ERR_NO_MEMORY
                                      : ndjson_create(&reader.ndjson, feed->default_region);
    if (e == ERR_NONE) {
        e = feed_read_all(&reader);
    }
    if (e == ERR_NONE && ret_report->refused > 0 && !feed->skip_bad) {
        e = ERR_DATA;
    }
    ndjson_destroy(reader.ndjson);
    arena_destroy(reader.arena);
    strbuf_fini(&reader.why);
    strbuf_fini(&reader.line);
    if (is_file) {
        close(reader.fd);
    }
    return e;
}
