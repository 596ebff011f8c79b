#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "bench/live.h"
#include "commands/stop.h"
#include "common/json_scan.h"
#include "common/line_reader.h"
#include "kafka/producer.h"

enum {
    LINE_MAX_BYTES = 16 * 1024 * 1024,
    PATH_MAX_BYTES = 4096,
    FLUSH_MS = 60000,
    CLOSE_MS = 5000,
    SERVE_EVERY = 64, // messages, when there is no time to wait
    QUEUE_WAIT_MS = 30000,
    PAUSE_NS = 500000,
};

struct sender {
    struct live *live;
    struct kafka_producer *producer;
    struct line_reader *lines;
    int fd;
    int64_t failed;
};

static void on_delivered(void *self, void *ticket, enum err err)
{
    (void)ticket;
    ((struct sender *)self)->failed += err != ERR_NONE;
}

static bool breaks_off(const struct live *live)
{
    return stop_is_requested() || atomic_load(&live->has_broken_off);
}

void live_pause_until(int64_t until_ns)
{
    int64_t ns = until_ns - clock_mono().ns;
    if (ns > 0) {
        const struct timespec length = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
        nanosleep(&length, NULL);
    }
}

// Serves delivery reports until then. Sleeps the last millisecond rather than the library's whole ones.
static void wait_until(struct sender *sender, int64_t due_ns)
{
    int64_t left_ns = due_ns - clock_mono().ns;
    while (left_ns > 0 && !breaks_off(sender->live)) {
        int64_t whole_ms = left_ns / 1000000 - 1;
        kafka_producer_poll(sender->producer, 0);
        if (whole_ms > 0) {
            kafka_producer_poll(sender->producer, whole_ms < 100 ? whole_ms : 100);
        } else {
            live_pause_until(due_ns);
        }
        left_ns = due_ns - clock_mono().ns;
    }
}

static void wait_for_unread(struct sender *sender, uint64_t sent)
{
    struct live *live = sender->live;
    int64_t most = live->options->unread;
    if (most == 0 || (int64_t)sent - atomic_load(&live->settled) < most) {
        return;
    }
    live->held_up++;
    while ((int64_t)sent - atomic_load(&live->settled) >= most && !breaks_off(live)) {
        kafka_producer_poll(sender->producer, 0);
        live_pause_until(clock_mono().ns + PAUSE_NS);
    }
}

static enum err send_one(struct sender *sender, uint64_t i, struct view event)
{
    struct live *live = sender->live;
    const struct live_schedule *schedule = &live->schedule;
    wait_for_unread(sender, i);
    int64_t due_ns = clock_mono().ns;
    if (schedule->rate > 0) {
        due_ns = live_due_ns(schedule, i);
        wait_until(sender, due_ns);
        latency_add(&live->late, clock_mono().ns - due_ns);
    }
    live_ledger_sent(&live->ledger, i, due_ns);
    if (i % SERVE_EVERY == 0) {
        kafka_producer_poll(sender->producer, 0);
    }
    const struct record record = {.topic = OUT_OUTBOUND,
            .partition = PARTITION_ANY,
            .key = live_ledger_key(&live->ledger, i),
            .value = event,
            .ticket = sender};
    enum err e = kafka_producer_send(sender->producer, &record);
    if (e == ERR_NONE) {
        live->sent_bytes += (int64_t)event.n;
        atomic_store(&live->sent, (int64_t)i + 1);
    }
    return e;
}

static bool is_due(const struct live *live, uint64_t i)
{
    const struct live_schedule *schedule = &live->schedule;
    int64_t due_ns = schedule->rate > 0 ? live_due_ns(schedule, i) : clock_mono().ns;
    return i < live->ledger.events && !live_is_over(schedule, due_ns) && !breaks_off(live);
}

static enum err send_day(struct sender *sender)
{
    struct line line;
    bool has_line = true;
    enum err e = ERR_NONE;
    wait_until(sender, sender->live->schedule.start_ns);
    for (uint64_t i = 0; e == ERR_NONE && is_due(sender->live, i);) {
        e = line_reader_next(sender->lines, &line, &has_line);
        if (e != ERR_NONE || !has_line) {
            break;
        }
        if (json_skip_space(line.text).n > 0) {
            e = send_one(sender, i++, line.text);
        }
    }
    return e;
}

static enum err open_sender(struct sender *sender, struct strbuf *why)
{
    char path[PATH_MAX_BYTES];
    snprintf(path, sizeof path, "%s/events.ndjson", sender->live->options->day);
    sender->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (sender->fd < 0) {
        strbuf_printf(why, "%s: %s", path, strerrordesc_np(errno));
        return ERR_NO_INPUT;
    }
    const struct kafka_producer_options options = {.config = sender->live->config,
            .client_id = "wrongnumber-live",
            .on_delivered = on_delivered,
            .self = sender,
            .queue_wait_ms = QUEUE_WAIT_MS};
    enum err e = line_reader_create(&sender->lines, sender->fd, LINE_MAX_BYTES);
    return e != ERR_NONE ? e : kafka_producer_create(&sender->producer, &options, why);
}

enum err live_send(struct live *live, struct strbuf *why)
{
    struct sender sender = {.live = live, .fd = -1};
    enum err e = open_sender(&sender, why);
    if (e == ERR_NONE) {
        e = send_day(&sender);
        enum err flushed = kafka_producer_flush(sender.producer, FLUSH_MS);
        e = e != ERR_NONE ? e : flushed;
        const char *trouble = e != ERR_NONE ? kafka_producer_take_trouble(sender.producer) : NULL;
        if (trouble != NULL) {
            strbuf_add_text(why, trouble);
        }
        live->send_wall_ns = clock_mono().ns - live->schedule.start_ns;
    }
    if (sender.producer != NULL && kafka_producer_close(sender.producer, CLOSE_MS) != ERR_NONE &&
            e == ERR_NONE) {
        e = ERR_DEADLINE;
    }
    live->failed = sender.failed;
    line_reader_destroy(sender.lines);
    if (sender.fd >= 0) {
        close(sender.fd);
    }
    return e;
}
