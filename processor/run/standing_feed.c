#include "run/standing_feed.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mono_wait.h"
#include "kafka/reader.h"

enum {
    BOX_MAX = 1024,
    POLL_MS = 200,
    ASK_MS = 2000,
    REST_MS = 5000,
    BEFORE_SETTLED_MS = 200,
    AGAIN_MS = 1000,
    NAP_MS = 100,
    CLOSE_MS = 5000,
    FINDINGS_MAX_BYTES = 64 * 1024,
};

// A record with bytes of its own.
struct boxed {
    struct boxed *next;
    struct view key;
    struct view value;
    struct header sequence; // value none = there is none
    char bytes[];
};

struct standing_feed {
    const struct config *config;
    const atomic_bool *stop;
    pthread_t thread;
    atomic_bool is_ending;
    atomic_bool is_current;
    bool left_behind;     // the thread's, until it is joined
    pthread_mutex_t lock; // of what follows
    pthread_cond_t changed;
    struct boxed *first;
    struct boxed **last;
    unsigned count;
    bool is_settled;
    // the thread's alone
    bool is_absent; // the topic, or our right to know of it
    bool is_absence_told;
    bool has_trouble;
    struct mono_time ask_at; // while there is trouble: whether it is over
    bool *is_unread;         // by partition
    int32_t unread_count;
};

// --- the box ----------------------------------------------------------------------------------

static char *keep(char *end, struct view from, struct view *ret_copy)
{
    *ret_copy = VIEW_NONE;
    if (view_is_none(from)) {
        return end;
    }
    memcpy(end, from.p, from.n);
    *ret_copy = view_bytes(end, from.n);
    return end + from.n;
}

static struct boxed *box(const struct raw_message *raw)
{
    struct view sequence = raw_header(raw, "wn.sequence");
    struct boxed *boxed = malloc(sizeof *boxed + raw->key.n + raw->value.n + sequence.n + 1);
    if (boxed != NULL) {
        boxed->next = NULL;
        boxed->sequence.name = VIEW("wn.sequence");
        char *end = keep(boxed->bytes, raw->key, &boxed->key);
        end = keep(end, raw->value, &boxed->value);
        keep(end, sequence, &boxed->sequence.value);
    }
    return boxed;
}

static bool is_ending(const struct standing_feed *feed)
{
    return atomic_load(&feed->is_ending) || atomic_load(feed->stop);
}

static void wait_for_change(struct standing_feed *feed, int64_t timeout_ms)
{
    const struct timespec until = mono_until(mono_after_ms(clock_mono(), timeout_ms));
    pthread_cond_timedwait(&feed->changed, &feed->lock, &until);
}

// Waits while the box is full.
static enum err put(struct standing_feed *feed, const struct raw_message *raw)
{
    struct boxed *boxed = box(raw);
    if (boxed == NULL) {
        return ERR_NO_MEMORY;
    }
    pthread_mutex_lock(&feed->lock);
    while (feed->count == BOX_MAX && !is_ending(feed)) {
        wait_for_change(feed, NAP_MS);
    }
    *feed->last = boxed;
    feed->last = &boxed->next;
    feed->count++;
    pthread_cond_broadcast(&feed->changed);
    pthread_mutex_unlock(&feed->lock);
    return ERR_NONE;
}

static void drop(struct boxed *boxed)
{
    while (boxed != NULL) {
        struct boxed *next = boxed->next;
        free(boxed);
        boxed = next;
    }
}

enum err standing_feed_take(struct standing_feed *feed,
        enum err (*see)(void *self, const struct raw_message *raw), void *self)
{
    pthread_mutex_lock(&feed->lock);
    struct boxed *all = feed->first;
    feed->first = NULL;
    feed->last = &feed->first;
    feed->count = 0;
    if (all != NULL) {
        pthread_cond_broadcast(&feed->changed);
    }
    pthread_mutex_unlock(&feed->lock);
    enum err e = ERR_NONE;
    for (const struct boxed *boxed = all; boxed != NULL && e == ERR_NONE; boxed = boxed->next) {
        const struct raw_message raw = {.key = boxed->key,
                .value = boxed->value,
                .headers = &boxed->sequence,
                .header_count = !view_is_none(boxed->sequence.value)};
        e = see(self, &raw);
    }
    drop(all);
    return e;
}

bool standing_feed_is_settled(struct standing_feed *feed)
{
    pthread_mutex_lock(&feed->lock);
    bool is_settled = feed->is_settled;
    pthread_mutex_unlock(&feed->lock);
    return is_settled;
}

bool standing_feed_is_current(const struct standing_feed *feed)
{
    return atomic_load(&feed->is_current);
}

void standing_feed_wait(struct standing_feed *feed, int64_t timeout_ms)
{
    pthread_mutex_lock(&feed->lock);
    if (feed->count == 0 && !feed->is_settled) {
        wait_for_change(feed, timeout_ms);
    }
    pthread_mutex_unlock(&feed->lock);
}

// --- reading ----------------------------------------------------------------------------------

static void settle(struct standing_feed *feed, bool is_current)
{
    atomic_store(&feed->is_current, is_current);
    pthread_mutex_lock(&feed->lock);
    feed->is_settled = true;
    pthread_cond_broadcast(&feed->changed);
    pthread_mutex_unlock(&feed->lock);
}

static void tell_trouble(struct standing_feed *feed, const char *text)
{
    if (!feed->has_trouble) {
        log_warn("judge",
                "%s cannot be read: %s; messages go by the commands of operators that are known",
                feed->config->topics.control_state, text);
    }
    feed->has_trouble = true;
    feed->ask_at = mono_after_ms(clock_mono(), AGAIN_MS);
    atomic_store(&feed->is_current, false);
}

static void tell_recovered(struct standing_feed *feed)
{
    if (feed->has_trouble) {
        log_info("judge", "%s is read again", feed->config->topics.control_state);
    }
    feed->has_trouble = false;
}

static enum err begin(struct standing_feed *feed, struct kafka_reader *reader)
{
    const char *topic = feed->config->topics.control_state;
    int32_t partitions = 0;
    enum err e = kafka_reader_find(reader, topic, ASK_MS, &partitions);
    feed->is_absent = e == ERR_NONE && partitions == 0;
    if (e != ERR_NONE || feed->is_absent) {
        return e != ERR_NONE ? e : ERR_UNAVAILABLE;
    }
    feed->is_unread = calloc((size_t)partitions, sizeof *feed->is_unread);
    feed->unread_count = 0;
    if (feed->is_unread == NULL) {
        return ERR_NO_MEMORY;
    }
    for (int32_t i = 0; i < partitions && e == ERR_NONE; i++) {
        int64_t low = 0;
        int64_t high = 0;
        e = kafka_reader_ends(reader, topic, i, ASK_MS, &low, &high);
        e = e != ERR_NONE ? e : kafka_reader_add(reader, topic, i, KAFKA_FROM_BEGINNING);
        feed->is_unread[i] = e == ERR_NONE && low < high; // else its end may be a while in coming
        feed->unread_count += feed->is_unread[i];
    }
    if (e == ERR_NONE && feed->unread_count == 0) {
        tell_recovered(feed);
        settle(feed, true);
    }
    return e;
}

// A topic in which nothing is written says nothing when it can be read again: who has answered is asked.
static void ask_again(struct standing_feed *feed, struct kafka_reader *reader)
{
    if (!feed->has_trouble || feed->unread_count > 0 ||
            mono_left_ms(clock_mono(), feed->ask_at) > 0) {
        return;
    }
    int32_t partitions = 0;
    enum err e = kafka_reader_partitions(
            reader, feed->config->topics.control_state, ASK_MS, &partitions);
    feed->ask_at = mono_after_ms(clock_mono(), AGAIN_MS);
    if (e == ERR_NONE) {
        tell_recovered(feed);
        atomic_store(&feed->is_current, true);
    }
}

static enum err follow(struct standing_feed *feed, struct kafka_reader *reader)
{
    while (!is_ending(feed)) {
        struct kafka_event event = {0};
        enum kafka_event_kind kind = kafka_reader_poll(reader, POLL_MS, &event);
        enum err e = ERR_NONE;
        if (kind == KAFKA_MESSAGE) {
            e = put(feed, &event.message->raw);
            kafka_reader_release(reader, event.message);
        } else if (kind == KAFKA_PARTITION_EOF) {
            feed->unread_count -= feed->is_unread[event.partition];
            feed->is_unread[event.partition] = false;
            if (feed->unread_count == 0 && !standing_feed_is_current(feed)) {
                tell_recovered(feed);
                settle(feed, true);
            }
        } else if (kind == KAFKA_TROUBLE) {
            tell_trouble(feed, event.trouble_text);
            e = event.trouble == ERR_REFUSED ? ERR_REFUSED : ERR_NONE;
        }
        if (e != ERR_NONE) {
            return e;
        }
        ask_again(feed, reader);
    }
    return ERR_NONE;
}

// Reads the topic until it cannot, or is to end.
static enum err read_topic(struct standing_feed *feed)
{
    struct strbuf findings;
    strbuf_init(&findings, FINDINGS_MAX_BYTES);
    struct kafka_reader *reader = NULL;
    enum err e = kafka_reader_create(&reader, feed->config, &findings);
    e = e != ERR_NONE ? e : begin(feed, reader);
    e = e != ERR_NONE ? e : follow(feed, reader);
    strbuf_fini(&findings);
    free(feed->is_unread);
    feed->is_unread = NULL;
    feed->left_behind = kafka_reader_destroy(reader, CLOSE_MS) != ERR_NONE || feed->left_behind;
    return e;
}

static void rest(const struct standing_feed *feed, int64_t ms)
{
    for (int64_t i = 0; i < ms / NAP_MS && !is_ending(feed); i++) {
        clock_nap(NAP_MS);
    }
}

// A broker that does not answer now may in a moment: of that it is not known that nothing can be read.
static void *run(void *argument)
{
    struct standing_feed *feed = argument;
    while (!is_ending(feed)) {
        feed->is_absent = false;
        enum err e = read_topic(feed);
        if (is_ending(feed)) {
            break;
        }
        if (feed->is_absent && !feed->is_absence_told) {
            log_warn("judge",
                    "%s does not exist, or our Kafka user may not read it: messages go by no "
                    "commands of operators until it is there (wrongnumber topics --create)",
                    feed->config->topics.control_state);
            feed->is_absence_told = true;
        } else if (!feed->is_absent) {
            tell_trouble(feed, err_text(e));
        }
        if (feed->is_absent || err_fate(e) != FATE_RETRY || standing_feed_is_settled(feed)) {
            settle(feed, false);
        }
        rest(feed, standing_feed_is_settled(feed) ? REST_MS : BEFORE_SETTLED_MS);
    }
    return NULL;
}

// --- life -------------------------------------------------------------------------------------

enum err standing_feed_start(
        struct standing_feed **ret_feed, const struct config *config, const atomic_bool *stop)
{
    struct standing_feed *feed = calloc(1, sizeof *feed);
    if (feed == NULL) {
        return ERR_NO_MEMORY;
    }
    feed->config = config;
    feed->stop = stop;
    feed->last = &feed->first;
    bool has_lock = pthread_mutex_init(&feed->lock, NULL) == 0;
    bool has_condition = has_lock && mono_condition_init(&feed->changed);
    if (!has_condition || pthread_create(&feed->thread, NULL, run, feed) != 0) {
        if (has_condition) {
            pthread_cond_destroy(&feed->changed);
        }
        if (has_lock) {
            pthread_mutex_destroy(&feed->lock);
        }
        free(feed);
        return ERR_NO_MEMORY;
    }
    *ret_feed = feed;
    return ERR_NONE;
}

enum err standing_feed_stop(struct standing_feed *feed)
{
    if (feed == NULL) {
        return ERR_NONE;
    }
    atomic_store(&feed->is_ending, true);
    pthread_join(feed->thread, NULL);
    bool left_behind = feed->left_behind;
    drop(feed->first);
    pthread_cond_destroy(&feed->changed);
    pthread_mutex_destroy(&feed->lock);
    free(feed);
    return left_behind ? ERR_DEADLINE : ERR_NONE;
}
