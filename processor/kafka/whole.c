#include "kafka/whole.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "kafka/reader.h"

enum { POLL_MS = 200, CLOSE_MS = 5000 };

// Partitions that are being read.
struct unread {
    bool *is_unread; // by partition
    bool *is_cut; // its beginning is gone, and what is left begins behind the time that was asked for
    int32_t count;
    int32_t partitions;
};

// From where a partition is read; KAFKA_FROM_END: there is nothing to be read.
static enum err find_begin(struct kafka_reader *reader, const struct kafka_whole *whole,
        int32_t partition, struct mono_time until, int64_t *ret_from, bool *ret_is_cut)
{
    int64_t low = 0;
    int64_t high = 0;
    int64_t left_ms = mono_left_ms(clock_mono(), until);
    enum err e = kafka_reader_ends(reader, whole->topic, partition, left_ms, &low, &high);
    if (e != ERR_NONE || low >= high) {
        *ret_from = KAFKA_FROM_END;
        return e;
    }
    *ret_from = KAFKA_FROM_BEGINNING;
    if (whole->since_ms > 0) {
        left_ms = mono_left_ms(clock_mono(), until);
        e = kafka_reader_since(reader, whole->topic, partition, whole->since_ms, left_ms, ret_from);
    }
    *ret_is_cut = low > 0 && (*ret_from == low || *ret_from == KAFKA_FROM_BEGINNING);
    return e;
}

static enum err begin_partitions(struct kafka_reader *reader, const struct kafka_whole *whole,
        struct mono_time until, struct unread *unread)
{
    enum err e = ERR_NONE;
    for (int32_t i = 0; i < unread->partitions && e == ERR_NONE; i++) {
        int64_t from = KAFKA_FROM_END;
        e = find_begin(reader, whole, i, until, &from, &unread->is_cut[i]);
        if (e == ERR_NONE && from != KAFKA_FROM_END) {
            e = kafka_reader_add(reader, whole->topic, i, from);
            unread->is_unread[i] = true;
            unread->count++;
        }
    }
    return e;
}

// Begins to read all partitions that have something.
static enum err begin(struct kafka_reader *reader, const struct kafka_whole *whole,
        struct mono_time until, struct unread *unread)
{
    int32_t partitions = 0;
    enum err e =
            kafka_reader_find(reader, whole->topic, mono_left_ms(clock_mono(), until), &partitions);
    if (e != ERR_NONE || partitions == 0) {
        return e == ERR_NONE && !whole->may_be_absent ? ERR_UNAVAILABLE : e;
    }
    unread->partitions = partitions;
    unread->is_unread = calloc((size_t)partitions, sizeof *unread->is_unread);
    unread->is_cut = calloc((size_t)partitions, sizeof *unread->is_cut);
    if (unread->is_unread == NULL || unread->is_cut == NULL) {
        return ERR_NO_MEMORY;
    }
    e = begin_partitions(reader, whole, until, unread);
    if (e == ERR_NONE && unread->count == 0 && whole->since_ms > 0) {
        // Nothing is so late; or the broker, like the built-in one, does not know times.
        struct kafka_whole all = *whole;
        all.since_ms = 0;
        e = begin_partitions(reader, &all, until, unread);
    }
    return e;
}

static void note_record(
        const struct kafka_whole *whole, const struct unread *unread, const struct raw_message *raw)
{
    struct kafka_kept *kept = whole->kept;
    if (kept == NULL) {
        return;
    }
    kept->records++;
    if (unread->is_cut[raw->partition] && raw->timestamp_ms >= 0 &&
            (kept->oldest_ms < 0 || raw->timestamp_ms < kept->oldest_ms)) {
        kept->oldest_ms = raw->timestamp_ms;
    }
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
            note_record(whole, unread, &event.message->raw);
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
    struct unread unread = {NULL, NULL, 0, 0};
    if (whole->kept != NULL) {
        *whole->kept = (struct kafka_kept){.oldest_ms = -1};
    }
    enum err e = kafka_reader_create(&reader, whole->config, findings);
    e = e != ERR_NONE ? e : begin(reader, whole, until, &unread);
    for (int32_t i = 0; i < unread.partitions && whole->kept != NULL; i++) {
        whole->kept->partitions++;
        whole->kept->cut += unread.is_cut != NULL && unread.is_cut[i];
    }
    e = e != ERR_NONE ? e : read_all(reader, whole, &unread, until);
    free(unread.is_unread);
    free(unread.is_cut);
    if (kafka_reader_destroy(reader, CLOSE_MS) != ERR_NONE) {
        log_warn(whole->who, "the reader did not end in time; its memory stays behind");
        *whole->left_behind = true;
    }
    return e;
}
