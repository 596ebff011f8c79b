#include "run/half_watch.h"

#include "common/log.h"
#include "kafka/committed.h"
#include "kafka/reader.h"

enum {
    LOOK_EVERY_MS = 1000,
    ASK_MS = 10 * 1000, // for the answers of all partitions
    BACK_MS = 3000,     // a first answer later than that is of brokers that were away
    ASK_STOP_MS = 5000,
    EXCUSED_MS = 5000, // an excuse holds so long
    // A rebalance waits for members that are busy, up to max.poll.interval.ms. So does librdkafka for
    // the answer to a JoinGroup that was lost with its connection: a new client is tried much sooner.
    WITHOUT_PLACE_MS = 6 * 60 * 1000,
    CLOSE_MS = 10 * 1000,
    FINDINGS_MAX_BYTES = 64 * 1024,
};

void half_watch_init(struct half *half)
{
    watchdog_init(&half->watchdog, half->config->kafka.stall_timeout_ms, clock_mono());
    half->next_look = mono_after_ms(clock_mono(), LOOK_EVERY_MS);
    half->placed_at = clock_mono();
}

void half_beat(struct half *half)
{
    if (half->pulse != NULL) {
        atomic_fetch_add_explicit(half->pulse, 1, memory_order_relaxed);
    }
    if (half->meter.place != NULL) {
        atomic_fetch_add_explicit(&half->meter.place->pulse, 1, memory_order_relaxed);
    }
}

void half_excuse(struct half *half)
{
    half->excused_until = mono_after_ms(clock_mono(), EXCUSED_MS);
}

// Changes whenever something is read, acknowledged or assigned. *ret_done: what is acknowledged.
static uint64_t activity_of(const struct half *half, uint64_t *ret_done)
{
    struct kafka_consumer_counts counts;
    kafka_consumer_counts(half->consumer, &counts);
    uint64_t activity = counts.messages + counts.assignments + counts.offsets_lost;
    const struct offsets *offsets = half->outlet.offsets;
    *ret_done = 0;
    for (int32_t i = 0; i < offsets_partition_end(offsets); i++) {
        if (offsets_is_begun(offsets, i)) {
            int64_t next = kafka_consumer_next_offset(half->consumer, i);
            activity += next > 0 ? (uint64_t)next : 0;
            *ret_done += (uint64_t)offsets_settled(offsets, i);
        }
    }
    return activity + *ret_done;
}

// What a client of its own sees of the half's partitions.
struct outlook {
    int32_t partitions; // that are the half's
    int64_t lag;
};

static enum err look_at_partition(struct half *half, struct kafka_reader *reader, int32_t partition,
        struct mono_time until, struct outlook *outlook)
{
    if (!kafka_consumer_is_ours(half->consumer, partition)) {
        return ERR_NONE;
    }
    int64_t low = 0;
    int64_t high = 0;
    enum err e = kafka_reader_ends(
            reader, half->topic, partition, mono_left_ms(clock_mono(), until), &low, &high);
    int64_t next = kafka_consumer_next_offset(half->consumer, partition); // -1 = not found yet
    outlook->lag += high > next ? high - (next > low ? next : low) : 0;
    outlook->partitions++;
    return e;
}

// An error when a broker that is needed does not answer.
static enum err look_out(struct half *half, struct outlook *ret_outlook)
{
    *ret_outlook = (struct outlook){0, 0};
    struct strbuf text;
    strbuf_init(&text, FINDINGS_MAX_BYTES);
    struct mono_time until = mono_after_ms(clock_mono(), ASK_MS);
    struct kafka_reader *reader = NULL;
    int32_t partitions = 0;
    enum err e = kafka_reader_create(&reader, half->config, &text);
    e = e != ERR_NONE ? e : kafka_reader_partitions(reader, half->topic, ASK_MS, &partitions);
    if (e == ERR_NONE && mono_left_ms(clock_mono(), until) < ASK_MS - BACK_MS) {
        e = ERR_UNAVAILABLE;
    }
    for (int32_t i = 0; i < partitions && e == ERR_NONE; i++) {
        e = look_at_partition(half, reader, i, until, ret_outlook);
    }
    if (kafka_reader_destroy(reader, ASK_STOP_MS) != ERR_NONE) {
        half->left_behind = true;
    }
    if (e == ERR_NONE && ret_outlook->partitions == 0) { // it is the group's broker that matters
        const struct committed_search search = {
                half->config, half->group, half->topic, 0, mono_left_ms(clock_mono(), until)};
        e = kafka_committed_text(&search, &text);
    }
    strbuf_fini(&text);
    return e;
}

static enum watchdog_verdict look(struct half *half)
{
    struct mono_time now = clock_mono();
    if (kafka_consumer_has_assignment(half->consumer)) {
        half->placed_at = now;
    }
    bool is_excused = mono_left_ms(now, half->excused_until) > 0 ||
                      half->outlet.audited.is_waiting ||
                      kafka_consumer_is_throttled(half->consumer, LOOK_EVERY_MS + EXCUSED_MS);
    uint64_t done;
    uint64_t activity = activity_of(half, &done);
    if (!watchdog_note(&half->watchdog, now, activity, done, is_excused)) {
        return WATCHDOG_WELL;
    }
    struct outlook outlook;
    bool answers = look_out(half, &outlook) == ERR_NONE;
    uint32_t unsettled = offsets_unsettled(half->outlet.offsets);
    bool has_place = kafka_consumer_has_assignment(half->consumer);
    bool is_hopeless = mono_left_ms(now, mono_after_ms(half->placed_at, WITHOUT_PLACE_MS)) == 0;
    enum watchdog_work work = outlook.lag > 0 || unsettled > 0 || is_hopeless ? WATCHDOG_WORK
                              : !has_place                                    ? WATCHDOG_WAITS
                                                                              : WATCHDOG_IDLE;
    enum watchdog_verdict verdict = watchdog_answer(&half->watchdog, clock_mono(), answers, work);
    if (verdict != WATCHDOG_WELL) {
        log_error(half->role->name,
                "no progress for %lld ms though Kafka answers: %lld messages to read in %d "
                "partitions, %u batches not acknowledged%s; %s",
                (long long)half->watchdog.timeout_ms, (long long)outlook.lag, outlook.partitions,
                unsettled, has_place ? "" : ", no place in the group",
                verdict == WATCHDOG_REBUILD ? "starting over" : "a new start did not help: ending");
    }
    return verdict;
}

enum err half_watch(struct half *half)
{
    half_beat(half);
    struct mono_time now = clock_mono();
    if (half->is_stuck || half->consumer == NULL || mono_left_ms(now, half->next_look) > 0) {
        return ERR_NONE;
    }
    half->next_look = mono_after_ms(now, LOOK_EVERY_MS);
    half_publish(half);
    enum watchdog_verdict verdict = look(half);
    half->is_stuck = verdict == WATCHDOG_REBUILD;
    return verdict == WATCHDOG_GIVE_UP ? ERR_STALLED : ERR_NONE;
}

bool half_may_wait(void *self)
{
    struct half *half = self;
    if (half_watch(half) != ERR_NONE) {
        half->has_given_up = true;
    }
    return !half->is_stuck && !half->has_given_up;
}

enum err half_start_over(struct half *half)
{
    half->is_stuck = false;
    half_meter_keep(half);
    enum err e = kafka_consumer_close(half->consumer, CLOSE_MS); // on_revoke forgets everything
    half->left_behind = half->left_behind || e != ERR_NONE;
    half->consumer = NULL;
    // Of a transactional producer the revoke has ended what was open.
    e = half->outlet.is_transactional ? ERR_NONE : outlet_rebuild(&half->outlet);
    if (e != ERR_NONE) {
        return e;
    }
    struct strbuf findings;
    strbuf_init(&findings, FINDINGS_MAX_BYTES);
    e = half_join(half, &findings);
    strbuf_fini(&findings);
    return e;
}
