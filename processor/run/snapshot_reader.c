#include "run/snapshot_reader.h"

#include "common/clock.h"
#include "common/log.h"
#include "kafka/reader.h"

enum { POLL_MS = 200, CLOSE_MS = 5000 };

// What is done with a record; says whether enough was read.
typedef bool (*on_record)(struct shelf *shelf, const struct raw_message *raw);

static bool see(struct shelf *shelf, const struct raw_message *raw)
{
    shelf_see(shelf, raw->offset, raw->key, raw->value);
    return false;
}

static bool collect(struct shelf *shelf, const struct raw_message *raw)
{
    shelf_collect(shelf, raw->key, raw->value);
    return shelf_is_whole(shelf);
}

// Until `take` has enough, or the end as of now.
static enum err read_on(
        struct kafka_reader *reader, struct shelf *shelf, on_record take, struct mono_time until)
{
    while (mono_left_ms(clock_mono(), until) > 0) {
        struct kafka_event event = {0};
        enum kafka_event_kind kind = kafka_reader_poll(reader, POLL_MS, &event);
        bool has_enough = kind == KAFKA_PARTITION_EOF;
        if (kind == KAFKA_MESSAGE) {
            has_enough = take(shelf, &event.message->raw);
            kafka_reader_release(reader, event.message);
        } else if (kind == KAFKA_TROUBLE && event.trouble == ERR_REFUSED) {
            log_error("snapshot", "reading is refused: %s (the rights of our Kafka user)",
                    event.trouble_text);
            return ERR_UNAVAILABLE; // waiting would keep the group waiting too
        } else if (kind == KAFKA_TROUBLE) {
            log_warn("snapshot", "reading: %s", event.trouble_text);
        }
        if (has_enough) {
            return ERR_NONE;
        }
    }
    return ERR_DEADLINE;
}

static enum err read_from(const struct snapshot_search *search, struct shelf *shelf, int64_t from,
        on_record take, struct mono_time until)
{
    struct strbuf findings;
    strbuf_init(&findings, 64 * 1024);
    struct kafka_reader *reader = NULL;
    enum err e = kafka_reader_create(&reader, search->config, &findings);
    // Also makes the leader known, which the library else looks for at its leisure.
    const char *topic = search->config->topics.detector_state;
    int64_t low = 0;
    int64_t high = 0;
    if (e == ERR_NONE) {
        e = kafka_reader_ends(reader, topic, search->tally_partition,
                mono_left_ms(clock_mono(), until), &low, &high);
    }
    if (e == ERR_NONE && low < high) {
        e = kafka_reader_add(reader, topic, search->tally_partition, from);
        e = e != ERR_NONE ? e : read_on(reader, shelf, take, until);
    }
    if (reader != NULL && kafka_reader_destroy(reader, CLOSE_MS) != ERR_NONE) {
        log_warn("snapshot", "the reader did not end in time; its memory stays behind");
        *search->left_behind = true;
    }
    strbuf_fini(&findings);
    return e;
}

static enum err try_chosen(const struct snapshot_search *search, struct shelf *shelf,
        const struct snapshot_manifest *manifest, struct mono_time until)
{
    const char *why = NULL;
    struct view state;
    enum err e = read_from(search, shelf, shelf_first_offset(shelf), collect, until);
    e = e != ERR_NONE ? e : shelf_state(shelf, &state, &why);
    e = e != ERR_NONE ? e : search->taker.take(search->taker.self, manifest, state);
    if (e == ERR_DATA) {
        log_error("snapshot",
                "tally partition %d: snapshot %.*s up to offset %lld cannot be used%s%s",
                search->tally_partition, VIEW_ARGS(manifest->snapshot_id),
                (long long)manifest->next_offset, why != NULL ? ": " : "", why != NULL ? why : "");
    }
    return e;
}

enum err snapshot_find(
        const struct snapshot_search *search, struct shelf *shelf, int64_t *ret_next_offset)
{
    *ret_next_offset = -1;
    struct mono_time until = mono_after_ms(clock_mono(), search->deadline_ms);
    enum err e = read_from(search, shelf, KAFKA_FROM_BEGINNING, see, until);
    if (shelf_unreadable(shelf) > 0) {
        log_error("snapshot", "tally partition %d: %llu records of %s are not snapshots",
                search->tally_partition, (unsigned long long)shelf_unreadable(shelf),
                search->config->topics.detector_state);
    }
    while (e == ERR_NONE && *ret_next_offset < 0) {
        const struct snapshot_manifest *manifest = shelf_choose(shelf, search->max_next_offset);
        if (manifest == NULL) {
            break;
        }
        e = try_chosen(search, shelf, manifest, until);
        *ret_next_offset = e == ERR_NONE ? manifest->next_offset : -1;
        e = e == ERR_DATA ? ERR_NONE : e;
    }
    shelf_let_go(shelf);
    return e;
}
