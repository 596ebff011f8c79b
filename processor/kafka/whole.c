#include "kafka/whole.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "kafka/reader.h"

enum { POLL_MS = 200, CLOSE_MS = 5000 };

// Partitions that are being read.
struct unread {
    bool *is_unread; // by partition
    int32_t count;
};

// Begins to read all partitions that have something.
static enum err begin(struct kafka_reader *reader, const char *topic, struct mono_time until,
        struct unread *unread)
{
    int32_t partitions = 0;
    enum err e =
            kafka_reader_partitions(reader, topic, mono_left_ms(clock_mono(), until), &partitions);
    if (e != ERR_NONE) {
        return e;
    }
    unread->is_unread = calloc((size_t)partitions, sizeof *unread->is_unread);
    if (unread->is_unread == NULL) {
        return ERR_NO_MEMORY;
    }
    for (int32_t i = 0; i < partitions && e == ERR_NONE; i++) {
        int64_t low = 0;
        int64_t high = 0;
        e = kafka_reader_ends(reader, topic, i, mono_left_ms(clock_mono(), until), &low, &high);
        if (e == ERR_NONE && low < high) {
            e = kafka_reader_add(reader, topic, i, KAFKA_FROM_BEGINNING);
            unread->is_unread[i] = true;
            unread->count++;
        }
    }
    return e;
}

static enum err read_all(struct kafka_reader *reader, const struct kafka_whole *whole,
        struct unread *unread, struct mono_time until)
{
    while (unread->count > 0) {
        if (mono_left_ms(clock_mono(), until) <= 0) {
            return ERR_DEADLINE;
        }
        struct kafka_event event = {0};
        enum kafka_event_kind kind = kafka_reader_poll(reader, POLL_MS, &event);
        enum err e = ERR_NONE;
        if (kind == KAFKA_MESSAGE) {
            e = whole->take(whole->self, &event.message->raw);
            kafka_reader_release(reader, event.message);
        } else if (kind == KAFKA_PARTITION_EOF) {
            unread->count -= unread->is_unread[event.partition];
            unread->is_unread[event.partition] = false; // it may grow, and end again
        } else if (kind == KAFKA_TROUBLE && event.trouble == ERR_REFUSED) {
            log_error(whole->who, "reading %s is refused: %s (the rights of our Kafka user)",
                    whole->topic, event.trouble_text);
            e = ERR_UNAVAILABLE; // waiting would keep the group waiting too
        } else if (kind == KAFKA_TROUBLE) {
            log_warn(whole->who, "reading %s: %s", whole->topic, event.trouble_text);
        }
        if (e != ERR_NONE) {
            return e;
        }
    }
    return ERR_NONE;
}

enum err kafka_read_whole(const struct kafka_whole *whole, struct strbuf *findings)
{
    struct mono_time until = mono_after_ms(clock_mono(), whole->deadline_ms);
    struct kafka_reader *reader = NULL;
    struct unread unread = {NULL, 0};
    enum err e = kafka_reader_create(&reader, whole->config, findings);
    e = e != ERR_NONE ? e : begin(reader, whole->topic, until, &unread);
    e = e != ERR_NONE ? e : read_all(reader, whole, &unread, until);
    free(unread.is_unread);
    if (kafka_reader_destroy(reader, CLOSE_MS) != ERR_NONE) {
        log_warn(whole->who, "the reader did not end in time; its memory stays behind");
        *whole->left_behind = true;
    }
    return e;
}
