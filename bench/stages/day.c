#include "bench/stages/day.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/redis_uri.h"
#include "common/line_reader.h"
#include "redis/redis_store.h"
#include "relationship/memory_store.h"

enum { LINE_MAX_BYTES = 1024 * 1024, PATH_BYTES = 4096, LOOKUP_DEADLINE_MS = 60000 };

static bool path_in(char path[PATH_BYTES], const char *folder, const char *name)
{
    int n = snprintf(path, PATH_BYTES, "%s/%s", folder, name);
    return n > 0 && n < PATH_BYTES;
}

static enum err add_line(struct day *day, struct view text, size_t *capacity)
{
    if (day->count == *capacity) {
        *capacity = *capacity == 0 ? 65536 : *capacity * 2;
        struct judge_item *grown = realloc(day->items, *capacity * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        day->items = grown;
    }
    struct view value = arena_copy(day->arena, text);
    if (view_is_none(value)) {
        return ERR_NO_MEMORY;
    }
    day->items[day->count] = (struct judge_item){
            .raw = {.topic = VIEW("collections.outbound.v1"),
                    .offset = (int64_t)day->count,
                    .timestamp_ms = -1,
                    .value = value},
    };
    day->count++;
    return ERR_NONE;
}

static enum err read_lines(struct day *day, int fd, size_t max)
{
    struct line_reader *lines;
    enum err e = line_reader_create(&lines, fd, LINE_MAX_BYTES);
    if (e != ERR_NONE) {
        return e;
    }
    size_t capacity = 0;
    bool has_line = true;
    while (e == ERR_NONE && has_line && day->count < max) {
        struct line line;
        e = line_reader_next(lines, &line, &has_line);
        if (e == ERR_NONE && has_line) {
            e = add_line(day, line.text, &capacity);
        }
    }
    line_reader_destroy(lines);
    return e;
}

static enum err read_events(struct day *day, const char *folder, size_t max)
{
    char path[PATH_BYTES];
    int fd = path_in(path, folder, "events.ndjson") ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        fprintf(stderr, "%s/events.ndjson: %s\n", folder, strerror(errno));
        return ERR_NO_INPUT;
    }
    enum err e = read_lines(day, fd, max);
    close(fd);
    if (e == ERR_NONE && day->count == 0) {
        fprintf(stderr, "%s: no message\n", path);
        e = ERR_DATA;
    }
    return e;
}

static enum err read_relationships(struct day *day, const char *folder)
{
    char path[PATH_BYTES];
    struct feed_report report;
    enum err e = memory_store_create(&day->store, day->ring);
    if (e == ERR_NONE) {
        e = path_in(path, folder, "relationships.ndjson")
                    ? memory_store_load_file(&day->store, path,
                              day->config->identity.default_region, true, &report)
                    : ERR_NO_INPUT;
    }
    if (e == ERR_NO_INPUT) {
        fprintf(stderr, "%s/relationships.ndjson: %s\n", folder, strerror(errno));
    }
    return e;
}

static enum err ask_redis(struct day *day, const char *redis)
{
    struct config *config = day->config;
    struct redis_uri uri;
    const char *why = "";
    enum err e = redis_uri_read(redis, &uri, &why);
    if (e != ERR_NONE) {
        fprintf(stderr, "--redis %s: %s\n", redis, why);
        return e;
    }
    free(config->redis.address);
    free(config->redis.master);
    config->redis.topology = uri.topology;
    config->redis.address = uri.address;
    config->redis.master = uri.master;
    config->redis.database = uri.has_database ? uri.database : config->redis.database;
    config->redis.deadline_ms = LOOKUP_DEADLINE_MS;
    return redis_store_create(&day->store, config, day->ring);
}

enum err day_open(struct day *day, const char *folder, const char *redis, size_t max)
{
    *day = (struct day){.arena = arena_create(SIZE_MAX)};
    enum err e = day->arena != NULL ? config_create_default(&day->config) : ERR_NO_MEMORY;
    if (e == ERR_NONE) {
        e = keyring_create_demo(&day->ring);
    }
    if (e == ERR_NONE) {
        e = read_events(day, folder, max);
    }
    if (e == ERR_NONE) {
        e = redis != NULL ? ask_redis(day, redis) : read_relationships(day, folder);
    }
    if (e != ERR_NONE) {
        day_close(day);
    }
    return e;
}

void day_close(struct day *day)
{
    if (day->store.ops != NULL) {
        day->store.ops->destroy(day->store.self);
    }
    keyring_destroy(day->ring);
    config_destroy(day->config);
    arena_destroy(day->arena);
    free(day->items);
    *day = (struct day){.count = 0};
}
