// What Redis alone serves: the keys of the messages that were sent, in their order, by MGETs as deep as the
// processor's, with two of them in flight at a time (a connection and a thread each), nothing done with the
// answers.
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/live.h"
#include "commands/open_keyring.h"
#include "commands/stop.h"
#include "common/json_scan.h"
#include "common/line_reader.h"
#include "decode/decode.h"
#include "redis/connection.h"
#include "redis/epoch.h"
#include "redis/packed_keys.h"
#include "redis/route.h"

enum {
    KEYS_MAX = 1 << 20,
    TEXT_MAX_BYTES = 128 << 20,
    LINE_MAX_BYTES = 16 << 20,
    ARENA_BYTES = 32 << 20,
    PATH_MAX_BYTES = 4096,
    IN_FLIGHT = 2,
    ANSWER_MS = 5000,
};

struct keys {
    struct strbuf text; // one behind the other
    uint32_t *begins;   // of key i; begins[count] is the end
    uint32_t count;
};

struct floor {
    struct live *live;
    struct redis_options options;
    struct keyring *ring;
    struct epoch epoch;
    struct keys keys;
    struct strbuf why;
};

// One of those in flight: every second run of keys.
struct flight {
    const struct floor *floor;
    struct redis_connection *connection;
    uint32_t number;
    uint32_t depth;
    struct mono_time until;
    uint64_t lookups;
    uint64_t found;
    enum err result;
};

// --- keys -------------------------------------------------------------------------------------

static enum err open_connection(struct floor *floor, struct redis_connection **ret_connection)
{
    enum err e = redis_connection_create(ret_connection, &floor->options);
    if (e == ERR_NONE) {
        e = redis_connection_open(*ret_connection, mono_after_ms(clock_mono(), ANSWER_MS));
        if (e != ERR_NONE) {
            strbuf_add_text(&floor->why, redis_connection_why(*ret_connection));
        }
    }
    return e;
}

static enum err read_epoch(struct floor *floor)
{
    struct redis_connection *connection = NULL;
    struct strbuf key;
    strbuf_init(&key, PATH_MAX_BYTES);
    packed_add_epoch_key(&key, view_of(floor->live->config->redis.prefix), 0);
    const char *const words[] = {"GET", key.p};
    const size_t lengths[] = {3, key.n};
    redisReply *reply = NULL;
    enum err e = key.failed != ERR_NONE ? key.failed : open_connection(floor, &connection);
    e = e != ERR_NONE ? e : redis_connection_add(connection, 2, words, lengths);
    e = e != ERR_NONE ? e
                      : redis_connection_exchange(
                                connection, &reply, 1, mono_after_ms(clock_mono(), ANSWER_MS));
    if (e == ERR_NONE) {
        e = reply->type == REDIS_REPLY_STRING
                    ? epoch_parse(&floor->epoch, view_bytes(reply->str, reply->len))
                    : ERR_DATA;
        freeReplyObject(reply);
        if (e != ERR_NONE) {
            strbuf_add_text(&floor->why, "there are no relationship data");
        }
    }
    redis_connection_destroy(connection);
    strbuf_fini(&key);
    return e;
}

static void add_key(struct floor *floor, const struct keyring_key *key, const struct event *ev,
        struct arena *arena)
{
    struct keys *keys = &floor->keys;
    const struct config *config = floor->live->config;
    struct recipient recipient = recipient_normalise(ev->recipient,
            recipient_kind_of_channel(ev->channel), config->identity.default_region, arena);
    if (recipient.kind == RECIPIENT_INVALID) {
        return;
    }
    struct pseudonym pseudonym = keyring_pseudonym(key, recipient);
    uint32_t bucket = packed_bucket_number(&pseudonym, floor->epoch.bucket_bits);
    packed_add_bucket_key(&keys->text, view_of(config->redis.prefix),
            packed_bucket_tag(bucket, floor->epoch.bucket_bits, floor->epoch.tags),
            floor->epoch.generation, bucket);
    if (keys->text.failed == ERR_NONE) {
        keys->begins[++keys->count] = (uint32_t)keys->text.n;
    }
}

static enum err add_keys(
        struct floor *floor, const struct keyring_key *key, struct line_reader *lines)
{
    uint64_t most = (uint64_t)atomic_load(&floor->live->sent);
    const char *fields[FIELD_COUNT];
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        fields[i] = floor->live->config->fields[i];
    }
    struct decoder *decoder = NULL;
    struct arena *arena = arena_create(ARENA_BYTES);
    enum err e = arena == NULL ? ERR_NO_MEMORY : decoder_create(&decoder, fields, NULL);
    struct line line;
    bool has_line = true;
    for (uint64_t i = 0; e == ERR_NONE && i < most && floor->keys.count < KEYS_MAX;) {
        e = line_reader_next(lines, &line, &has_line);
        if (e != ERR_NONE || !has_line) {
            break;
        }
        if (json_skip_space(line.text).n == 0) {
            continue;
        }
        i++;
        const struct raw_message raw = {.topic = VIEW("day"), .value = line.text};
        struct event ev;
        struct decode_failure failure;
        arena_reset(arena);
        if (decode_event(decoder, &raw, arena, &ev, &failure) == DECODE_EVENT) {
            add_key(floor, key, &ev, arena);
        }
        e = floor->keys.text.failed;
    }
    decoder_destroy(decoder);
    arena_destroy(arena);
    return e;
}

static enum err make_keys(struct floor *floor)
{
    enum err e = open_keyring(&floor->ring, floor->live->config, &floor->why);
    const struct keyring_key *key =
            e == ERR_NONE ? keyring_find(floor->ring, view_of(floor->epoch.key_id)) : NULL;
    if (e == ERR_NONE && key == NULL) {
        strbuf_add_text(&floor->why, "the data are under another pseudonym key");
        return ERR_CONFIG;
    }
    char path[PATH_MAX_BYTES];
    snprintf(path, sizeof path, "%s/events.ndjson", floor->live->options->day);
    floor->keys.begins = calloc(KEYS_MAX + 1, sizeof *floor->keys.begins);
    int fd = e == ERR_NONE ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    struct line_reader *lines = NULL;
    e = e != ERR_NONE ? e : floor->keys.begins == NULL ? ERR_NO_MEMORY : ERR_NONE;
    e = e != ERR_NONE ? e : fd < 0 ? ERR_NO_INPUT : line_reader_create(&lines, fd, LINE_MAX_BYTES);
    e = e != ERR_NONE ? e : add_keys(floor, key, lines);
    line_reader_destroy(lines);
    if (fd >= 0) {
        close(fd);
    }
    if (e == ERR_NONE && floor->keys.count < floor->live->floors.redis.depth) {
        strbuf_add_text(&floor->why, "fewer messages than one MGET has keys were sent");
        e = ERR_DATA;
    }
    return e;
}

// --- asking -----------------------------------------------------------------------------------

// The MGET of `depth` keys from key `first` on, round and round.
static enum err ask(struct flight *flight, uint32_t first, const char **words, size_t *lengths)
{
    const struct keys *keys = &flight->floor->keys;
    words[0] = "MGET";
    lengths[0] = 4;
    for (uint32_t i = 0; i < flight->depth; i++) {
        uint32_t key = (first + i) % keys->count;
        words[i + 1] = keys->text.p + keys->begins[key];
        lengths[i + 1] = keys->begins[key + 1] - keys->begins[key];
    }
    redisReply *reply = NULL;
    enum err e = redis_connection_add(flight->connection, flight->depth + 1, words, lengths);
    e = e != ERR_NONE ? e
                      : redis_connection_exchange(flight->connection, &reply, 1,
                                mono_after_ms(clock_mono(), ANSWER_MS));
    if (e != ERR_NONE) {
        return e;
    }
    e = reply->type == REDIS_REPLY_ARRAY && reply->elements == flight->depth ? ERR_NONE
                                                                             : ERR_PROTOCOL;
    for (size_t i = 0; e == ERR_NONE && i < reply->elements; i++) {
        flight->found += reply->element[i]->type == REDIS_REPLY_STRING;
    }
    flight->lookups += e == ERR_NONE ? flight->depth : 0;
    freeReplyObject(reply);
    return e;
}

static void *fly(void *argument)
{
    struct flight *flight = argument;
    const char **words = calloc((size_t)flight->depth + 1, sizeof *words);
    size_t *lengths = calloc((size_t)flight->depth + 1, sizeof *lengths);
    enum err e = words == NULL || lengths == NULL ? ERR_NO_MEMORY : ERR_NONE;
    uint64_t at = (uint64_t)flight->number * flight->depth;
    while (e == ERR_NONE && mono_left_ms(clock_mono(), flight->until) > 0 && !stop_is_requested()) {
        e = ask(flight, (uint32_t)(at % flight->floor->keys.count), words, lengths);
        at += (uint64_t)IN_FLIGHT * flight->depth;
    }
    flight->result = e;
    free(words);
    free(lengths);
    return NULL;
}

static enum err fly_all(struct floor *floor)
{
    struct flight flights[IN_FLIGHT] = {{0}};
    pthread_t threads[IN_FLIGHT];
    enum err e = ERR_NONE;
    for (unsigned i = 0; i < IN_FLIGHT && e == ERR_NONE; i++) {
        flights[i] = (struct flight){.floor = floor,
                .number = i,
                .depth = floor->live->floors.redis.depth,
                .until = mono_after_ms(clock_mono(), floor->live->options->floor_seconds * 1000)};
        e = open_connection(floor, &flights[i].connection);
    }
    unsigned started = 0;
    while (e == ERR_NONE && started < IN_FLIGHT) {
        e = pthread_create(&threads[started], NULL, fly, &flights[started]) == 0 ? ERR_NONE
                                                                                 : ERR_NO_MEMORY;
        started += e == ERR_NONE;
    }
    for (unsigned i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
        e = e != ERR_NONE ? e : flights[i].result;
        floor->live->floors.redis.lookups += flights[i].lookups;
        floor->live->floors.redis.found += flights[i].found;
    }
    for (unsigned i = 0; i < IN_FLIGHT; i++) {
        redis_connection_destroy(flights[i].connection);
    }
    return e;
}

static struct process_cost server_cost(const struct live *live)
{
    int32_t pid = redis_probe_local_pid(&live->after.redis);
    return process_cost_of(&pid, pid != 0);
}

static enum err measure(struct floor *floor)
{
    struct live *live = floor->live;
    struct process_cost server = server_cost(live);
    int64_t cpu_ns = clock_cpu_ns();
    int64_t wall_ns = clock_mono().ns;
    enum err e = fly_all(floor);
    live->floors.redis.wall_ns = clock_mono().ns - wall_ns;
    live->floors.redis.client_cpu_ns = clock_cpu_ns() - cpu_ns;
    struct process_cost later = server_cost(live);
    bool is_known = server.is_known && later.is_known;
    live->floors.redis.server_cpu_ns = is_known ? later.cpu_ns - server.cpu_ns : -1;
    return e;
}

void live_floor_redis(struct live *live)
{
    const struct config *config = live->config;
    struct floor floor = {.live = live};
    strbuf_init(&floor.why, LIVE_WHY_BYTES - 1);
    strbuf_init(&floor.keys.text, TEXT_MAX_BYTES);
    floor.options = redis_route_options_of(config, "wrongnumber-live").server;
    floor.options.address = config->redis.address;
    live->floors.redis.depth = config->redis.pipeline_keys < config->batch.messages
                                       ? config->redis.pipeline_keys
                                       : config->batch.messages;
    enum err e = ERR_NONE;
    if (config->redis.topology != TOPOLOGY_STANDALONE || config->redis.layout != LAYOUT_PACKED) {
        strbuf_add_text(&floor.why, "only for the packed layout in a standalone Redis");
        e = ERR_CONFIG;
    }
    e = e != ERR_NONE ? e : read_epoch(&floor);
    e = e != ERR_NONE ? e : make_keys(&floor);
    live->floors.redis.keys = floor.keys.count;
    e = e != ERR_NONE ? e : measure(&floor);
    if (e != ERR_NONE) {
        snprintf(live->floors.redis.why, LIVE_WHY_BYTES, "%s",
                floor.why.n > 0 ? floor.why.p : err_text(e));
    }
    keyring_destroy(floor.ring);
    free(floor.keys.begins);
    strbuf_fini(&floor.keys.text);
    strbuf_fini(&floor.why);
}
