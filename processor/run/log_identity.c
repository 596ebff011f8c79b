#include "run/log_identity.h"

#include "common/clock.h"
#include "common/log.h"
#include "kafka/reader.h"
#include "state/frame_codec.h"

enum { ASK_ENDS_MS = 1000, POLL_MS = 200, CLOSE_MS = 5000, ARENA_BYTES = 64 * 1024 * 1024 };

struct log_range log_end_again(struct kafka_consumer *consumer, const struct log_range *log)
{
    struct log_range now = *log;
    int64_t low;
    if (log->committed < 0 || log->committed > log->high) {
        return now;
    }
    enum err e = kafka_consumer_ends(consumer, log->partition, ASK_ENDS_MS, &low, &now.high);
    now.high = e == ERR_NONE && now.high > log->high ? now.high : log->high;
    return now;
}

// When a frame was judged; -1 for what is none.
static enum err read_judged_at(struct view value, int64_t *ret_ms)
{
    struct arena *arena = arena_create(ARENA_BYTES);
    if (arena == NULL) {
        return ERR_NO_MEMORY;
    }
    struct frame frame;
    const char *why;
    enum err e = frame_decode(value, arena, &frame, &why);
    *ret_ms = e == ERR_NONE ? frame.judged_at_ms : -1;
    arena_destroy(arena);
    return e == ERR_NO_MEMORY ? e : ERR_NONE;
}

static enum err read_first(struct kafka_reader *reader, struct mono_time until, int64_t *ret_ms)
{
    while (mono_left_ms(clock_mono(), until) > 0) {
        struct kafka_event event = {0};
        enum kafka_event_kind kind = kafka_reader_poll(reader, POLL_MS, &event);
        if (kind == KAFKA_MESSAGE) {
            enum err e = read_judged_at(event.message->raw.value, ret_ms);
            kafka_reader_release(reader, event.message);
            return e;
        }
        if (kind == KAFKA_TROUBLE && event.trouble == ERR_REFUSED) {
            return ERR_UNAVAILABLE;
        }
    }
    return ERR_DEADLINE;
}

static enum err first_judged_at(
        const struct held_search *search, const struct log_range *log, int64_t *ret_ms)
{
    struct strbuf findings;
    strbuf_init(&findings, 64 * 1024);
    struct kafka_reader *reader = NULL;
    enum err e = kafka_reader_create(&reader, search->config, &findings);
    if (e == ERR_NONE) {
        e = kafka_reader_add(reader, search->config->topics.tallies, log->partition, log->low);
    }
    if (e == ERR_NONE) {
        e = read_first(reader, mono_after_ms(clock_mono(), search->deadline_ms), ret_ms);
    }
    if (kafka_reader_destroy(reader, CLOSE_MS) != ERR_NONE) {
        log_warn("detect", "the reader did not end in time; its memory stays behind");
        *search->left_behind = true;
    }
    strbuf_fini(&findings);
    return e;
}

enum err log_is_younger(const struct held_search *search, const struct log_range *log,
        const struct held_ledger *ledger, bool *ret_is_younger)
{
    int64_t issued_at_ms = held_ledger_first_issued_ms(ledger);
    *ret_is_younger = false;
    if (log->committed >= 0 || log->low > 0 || log->high == 0 || issued_at_ms < 0) {
        return ERR_NONE;
    }
    int64_t first_ms = -1;
    enum err e = first_judged_at(search, log, &first_ms);
    if (e == ERR_NONE) {
        *ret_is_younger = first_ms > issued_at_ms;
    } else {
        log_error("detect", "tally partition %d: the log's first frame could not be read: %s",
                log->partition, err_text(e));
    }
    return e;
}
