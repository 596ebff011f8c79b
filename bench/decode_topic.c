#include <stdio.h>
#include <stdlib.h>

#include "bench/decode.h"
#include "commands/stop.h"
#include "emit/kcat_line.h"
#include "kafka/admin.h"
#include "kafka/reader.h"
#include "state/frame_codec.h"

enum {
    ARENA_BYTES = 64 * 1024 * 1024,
    LINE_BYTES = 16 * 1024 * 1024,
    WAIT_MS = 10000,
    POLL_MS = 200
};

struct topic_decode {
    const char *topic;
    bool records;
    bool refused;
    struct kafka_reader *reader;
    struct arena *arena;
    struct strbuf text;
};

static enum err print_record(struct topic_decode *decode, const struct raw_message *raw)
{
    const struct record record = {
            .partition = raw->partition,
            .key = raw->key,
            .value = raw->value,
            .timestamp_ms = raw->timestamp_ms > 0 ? raw->timestamp_ms : 0,
    };
    strbuf_reset(&decode->text);
    kcat_line_write(&decode->text, raw->topic, raw->offset, &record);
    strbuf_add_byte(&decode->text, '\n');
    if (decode->text.failed != ERR_NONE) {
        return decode->text.failed;
    }
    bool written = fwrite(decode->text.p, 1, decode->text.n, stdout) == decode->text.n;
    return written ? ERR_NONE : ERR_IO;
}

static enum err print_message(struct topic_decode *decode, const struct raw_message *raw)
{
    if (decode->records) {
        return print_record(decode, raw);
    }
    arena_reset(decode->arena);
    struct frame frame;
    const char *why;
    if (frame_decode(raw->value, decode->arena, &frame, &why) != ERR_NONE) {
        fprintf(stderr, "partition %d, offset %lld: %s\n", (int)raw->partition,
                (long long)raw->offset, why);
        decode->refused = true;
        return ERR_NONE;
    }
    return decode_print(&decode->text, raw->partition, raw->offset, &frame);
}

// Reads until every partition has come to its end.
static enum err read_to_end(struct topic_decode *decode, uint32_t partitions)
{
    uint32_t ended = 0;
    while (ended < partitions && !stop_is_requested()) {
        struct kafka_event event = {0};
        enum err e = ERR_NONE;
        switch (kafka_reader_poll(decode->reader, POLL_MS, &event)) {
        case KAFKA_MESSAGE:
            e = print_message(decode, &event.message->raw);
            kafka_reader_release(decode->reader, event.message);
            break;
        case KAFKA_PARTITION_EOF:
            ended++;
            break;
        case KAFKA_TROUBLE:
            fprintf(stderr, "wrongnumber-bench decode: %s\n", event.trouble_text);
            break;
        case KAFKA_OFFSET_LOST:
        case KAFKA_NOTHING:
            break;
        }
        if (e != ERR_NONE) {
            return e;
        }
    }
    return decode->refused ? ERR_DATA : ERR_NONE;
}

static enum err open_reader(struct topic_decode *decode, const struct config *config,
        struct strbuf *findings, uint32_t *ret_partitions)
{
    struct kafka_admin *admin;
    enum err e = kafka_admin_create(&admin, config, findings);
    if (e != ERR_NONE) {
        return e;
    }
    e = kafka_admin_partitions(admin, &decode->topic, 1, WAIT_MS, ret_partitions);
    kafka_admin_destroy(admin);
    if (e == ERR_NONE && *ret_partitions == 0) {
        fprintf(stderr, "wrongnumber-bench decode: there is no topic %s\n", decode->topic);
        return ERR_NO_INPUT;
    }
    if (e == ERR_NONE) {
        e = kafka_reader_create(&decode->reader, config, findings);
    }
    for (uint32_t i = 0; i < *ret_partitions && e == ERR_NONE; i++) {
        e = kafka_reader_add(decode->reader, decode->topic, (int32_t)i, KAFKA_FROM_BEGINNING);
    }
    return e;
}

enum err decode_topic(const struct options *options, bool records)
{
    struct config *config;
    enum err e = options_load_config(options, &config);
    if (e != ERR_NONE) {
        return e;
    }
    stop_on_signals();
    struct topic_decode decode = {.topic = config->topics.tallies, .records = records};
    struct strbuf findings;
    strbuf_init(&findings, 64 * 1024);
    strbuf_init(&decode.text, LINE_BYTES);
    decode.arena = arena_create(ARENA_BYTES);
    uint32_t partitions = 0;
    e = decode.arena == NULL ? ERR_NO_MEMORY : open_reader(&decode, config, &findings, &partitions);
    if (e == ERR_NONE) {
        e = read_to_end(&decode, partitions);
    }
    if (e != ERR_NONE) {
        fprintf(stderr, "wrongnumber-bench decode: %s%s%.*s\n", err_text(e),
                findings.n > 0 ? ": " : "", VIEW_ARGS(strbuf_view(&findings)));
    }
    if (decode.reader != NULL && kafka_reader_destroy(decode.reader, WAIT_MS) != ERR_NONE) {
        e = e == ERR_NONE ? ERR_DEADLINE : e;
    }
    arena_destroy(decode.arena);
    strbuf_fini(&decode.text);
    strbuf_fini(&findings);
    config_destroy(config);
    return e;
}
