// What the judge half says of itself, in the log and on the board.
#include "common/log.h"
#include "redis/cache_metrics.h"
#include "run/judge_half_inside.h"

void judge_tell_cache(struct judge_half *half)
{
    const char *why = redis_store_why(&half->store);
    bool trouble = why[0] != '\0';
    if (trouble && !half->cache_trouble_told) {
        log_warn("judge",
                "relationship data is not to be believed: %s; verdicts are unknown until it is",
                why);
    } else if (!trouble && half->cache_trouble_told) {
        log_info("judge", "relationship data is to be believed again");
    }
    half->cache_trouble_told = trouble;
}

void judge_tell_attempts(struct judge_half *half)
{
    const char *why = redis_attempts_why(&half->attempts);
    bool trouble = why[0] != '\0';
    if (trouble && !half->attempts_trouble_told) {
        log_warn("judge",
                "attempts are not counted: %s; limits of policy.frequency hold nobody until they "
                "are",
                why);
    } else if (!trouble && half->attempts_trouble_told) {
        log_info("judge", "attempts are counted again");
    }
    half->attempts_trouble_told = trouble;
}

// A table at its ceiling is no reason to stop, but somebody should know what is not watched.
void judge_tell_overflow(struct judge_half *half)
{
    uint64_t overflowed = judge_line_counts(half->line)->overflowed;
    if (overflowed > half->overflow_told) {
        log_error("judge",
                "%llu messages so far are counted for their tenant alone: there are more leaves "
                "than batch.max_leaves; their campaigns are not watched",
                (unsigned long long)overflowed);
    }
    half->overflow_told = overflowed;
}

void judge_tell_given_up(struct judge_half *half)
{
    uint64_t given_up = judge_line_counts(half->line)->given_up;
    if (given_up > half->given_up_told) {
        log_warn("judge",
                "%llu messages so far are not looked up again, though they should be: too many at "
                "once (recheck.max_messages), or too old; they stay held until their holds run out",
                (unsigned long long)given_up);
    }
    half->given_up_told = given_up;
}

// --- on the board ------------------------------------------------------------------------------

enum { ASK_EVERY_MS = 1000 };

enum {
    JUDGE_PROCESSED,
    JUDGE_REASONS,
    JUDGE_ZONES,
    JUDGE_ATTEMPTS,
    JUDGE_DEAD_LETTERS,
    JUDGE_REJUDGED,
    JUDGE_BATCH,
    JUDGE_END_TO_END,
    JUDGE_HELD,
    JUDGE_HOLD_DELAY,
    JUDGE_LAST_MESSAGE,
    JUDGE_WAITING,
    JUDGE_LOOKED_UP_AGAIN,
    JUDGE_RELEASED,
    JUDGE_CEILINGS,
    JUDGE_IS_WAITING,
    JUDGE_ORDERS,
    JUDGE_ORDERS_CURRENT,
    JUDGE_METRICS,
};

// By enum verdict, and what has none behind.
static const char *const outcomes[VERDICT_COUNT + 1] = {
        "clear", "misdirected", "unknown", "exempt", "dead_letter"};
// By enum zone_known, of those that were asked for.
static const char *const zone_words[] = {"known", "absent", "unknown"};
static const char *const attempt_words[] = {"counted", "full", "unknown"};
enum { ATTEMPT_WORDS = 3 };
enum { ZONE_WORDS = ZONE_KNOWN_COUNT - ZONE_KNOWN };
static const char *const ceilings[] = {"leaves", "recheck", "control_state"};
enum { CEILING_LEAVES, CEILING_RECHECK, CEILING_ORDERS, CEILING_COUNT };

static const struct metric_family families[JUDGE_METRICS] = {
        [JUDGE_PROCESSED] = {.name = "wrongnumber_messages_processed_total",
                .help = "Messages by what became of them",
                .type = METRIC_COUNTER,
                .labels = {{"outcome", outcomes, VERDICT_COUNT + 1}}},
        [JUDGE_REASONS] = {.name = "wrongnumber_verdict_reasons_total",
                .help = "Reasons of verdicts; a verdict may have several, and of unknown the cause",
                .type = METRIC_COUNTER,
                .labels = {{"reason", reason_names, REASON_TOLD_COUNT}}},
        [JUDGE_ZONES] = {.name = "wrongnumber_recipient_zones_total",
                .help = "Messages whose hours go by their recipient's zone, by what is known of it",
                .type = METRIC_COUNTER,
                .labels = {{"zone", zone_words, ZONE_WORDS}}},
        [JUDGE_ATTEMPTS] = {.name = "wrongnumber_attempts_total",
                .help = "Attempts to reach somebody that policy.frequency limits, by what the "
                        "counter "
                        "said; unknown ones hold nobody, full ones are answered and not remembered",
                .type = METRIC_COUNTER,
                .labels = {{"answer", attempt_words, ATTEMPT_WORDS}}},
        [JUDGE_DEAD_LETTERS] = {.name = "wrongnumber_dead_letters_total",
                .help = "Messages that could not be read, by wn.reason",
                .type = METRIC_COUNTER,
                .labels = {{"reason", dead_reason_names, DEAD_REASON_COUNT}}},
        [JUDGE_REJUDGED] = {.name = "wrongnumber_messages_rejudged_total",
                .help = "Messages judged again in silence after an assignment",
                .type = METRIC_COUNTER},
        [JUDGE_BATCH] = {.name = "wrongnumber_processing_duration_seconds",
                .help = "How long a batch of messages took from decoding to what was produced",
                .type = METRIC_HISTOGRAM,
                .scale = METRIC_NANO,
                .bounds = &metric_work_bounds},
        [JUDGE_END_TO_END] = {.name = "wrongnumber_end_to_end_delay_seconds",
                .help = "From the Kafka timestamp of a batch's first message until all of the "
                        "batch "
                        "was judged and handed to the producer",
                .type = METRIC_HISTOGRAM,
                .scale = METRIC_MILLI,
                .bounds = &metric_delay_bounds},
        [JUDGE_HELD] = {.name = "wrongnumber_message_holds_total",
                .help = "Messages that the policy holds, in monitor mode too",
                .type = METRIC_COUNTER},
        [JUDGE_HOLD_DELAY] = {.name = "wrongnumber_hold_delay_seconds",
                .help = "From a message's Kafka timestamp until its hold was handed to the "
                        "producer",
                .type = METRIC_HISTOGRAM,
                .scale = METRIC_MILLI,
                .bounds = &metric_delay_bounds},
        [JUDGE_LAST_MESSAGE] = {.name = "wrongnumber_last_message_timestamp_seconds",
                .help = "The newest Kafka timestamp of a message",
                .type = METRIC_GAUGE,
                .scale = METRIC_MILLI,
                .may_be_absent = true},
        [JUDGE_WAITING] = {.name = "wrongnumber_recheck_messages",
                .help = "Messages that wait for a late record",
                .type = METRIC_GAUGE},
        [JUDGE_LOOKED_UP_AGAIN] = {.name = "wrongnumber_recheck_lookups_total",
                .help = "Lookups of such messages",
                .type = METRIC_COUNTER},
        [JUDGE_RELEASED] = {.name = "wrongnumber_recheck_released_total",
                .help = "Messages whose record turned up late",
                .type = METRIC_COUNTER},
        [JUDGE_CEILINGS] = {.name = "wrongnumber_judge_ceiling_hits_total",
                .help = "Messages that found a table full: counted for their tenant alone "
                        "(leaves), or not looked up again (recheck); commands of operators that no "
                        "message goes by (control_state)",
                .type = METRIC_COUNTER,
                .labels = {{"table", ceilings, CEILING_COUNT}}},
        [JUDGE_IS_WAITING] = {.name = "wrongnumber_waiting_for_cache",
                .help = "1 while nothing is read because the cache has to be believed first",
                .type = METRIC_GAUGE},
        [JUDGE_ORDERS] = {.name = "wrongnumber_control_states",
                .help = "Modes, messages and recipients that operators have spoken about, as the "
                        "judge knows them",
                .type = METRIC_GAUGE,
                .may_be_absent = true},
        [JUDGE_ORDERS_CURRENT] = {.name = "wrongnumber_control_state_current",
                .help = "1 while topics.control_state is read to its end, 0 while it is not",
                .type = METRIC_GAUGE,
                .may_be_absent = true},
};

const struct metric_table judge_metrics = {families, JUDGE_METRICS};

void judge_note_batch(struct judge_half *half, struct mono_time before)
{
    const struct gathered *batch = &half->batch;
    if (batch->item_count > 0) {
        metric_observe(&half->batches, &metric_work_bounds, clock_mono().ns - before.ns);
        int64_t last_ms = batch->items[batch->item_count - 1].raw.timestamp_ms;
        half->newest_ms = last_ms > half->newest_ms ? last_ms : half->newest_ms;
        int64_t first_ms = batch->items[0].raw.timestamp_ms;
        int64_t delay_ms = clock_wall().ms - first_ms;
        if (first_ms > 0) {
            metric_observe(&half->delays, &metric_delay_bounds, delay_ms > 0 ? delay_ms : 0);
        }
    }
}

static void publish_counts(const struct judge_half *half, struct metric_page *page)
{
    const struct judge_counts *counts = judge_line_counts(half->line);
    for (size_t i = 0; i < VERDICT_COUNT; i++) {
        metric_set(page, JUDGE_PROCESSED, i, (int64_t)counts->verdicts[i]);
    }
    metric_set(page, JUDGE_PROCESSED, VERDICT_COUNT, (int64_t)counts->dead_letters);
    for (size_t i = 0; i < ZONE_WORDS; i++) {
        metric_set(page, JUDGE_ZONES, i, (int64_t)counts->zones[ZONE_KNOWN + i]);
    }
    metric_set(page, JUDGE_ATTEMPTS, 0, (int64_t)counts->attempts.counted);
    metric_set(page, JUDGE_ATTEMPTS, 1, (int64_t)counts->attempts.full);
    metric_set(page, JUDGE_ATTEMPTS, 2, (int64_t)counts->attempts.unknown);
    for (size_t i = 0; i < REASON_TOLD_COUNT; i++) {
        metric_set(page, JUDGE_REASONS, i, (int64_t)counts->reasons[i]);
    }
    for (size_t i = 0; i < DEAD_REASON_COUNT; i++) {
        metric_set(page, JUDGE_DEAD_LETTERS, i, (int64_t)counts->dead_letters_by[i]);
    }
    metric_set(page, JUDGE_REJUDGED, 0, (int64_t)counts->rejudged);
    metric_set(page, JUDGE_HELD, 0, (int64_t)counts->held);
    metric_set(page, JUDGE_LOOKED_UP_AGAIN, 0, (int64_t)counts->looked_up_again);
    metric_set(page, JUDGE_RELEASED, 0, (int64_t)counts->released);
    metric_set(page, JUDGE_CEILINGS, CEILING_LEAVES, (int64_t)counts->overflowed);
    metric_set(page, JUDGE_CEILINGS, CEILING_RECHECK, (int64_t)counts->given_up);
    metric_set_histogram(page, JUDGE_BATCH, &half->batches);
    metric_set_histogram(page, JUDGE_END_TO_END, &half->delays);
    metric_set_histogram(page, JUDGE_HOLD_DELAY, &counts->hold_delay);
    metric_set(page, JUDGE_WAITING, 0, judge_line_waiting(half->line));
    metric_set(page, JUDGE_IS_WAITING, 0, half->is_waiting);
    if (half->orders != NULL) {
        const struct judge_order_counts orders = judge_orders_counts(half->orders);
        metric_set(page, JUDGE_ORDERS, 0, orders.standing);
        metric_set(page, JUDGE_ORDERS_CURRENT, 0, orders.is_current);
        metric_set(page, JUDGE_CEILINGS, CEILING_ORDERS, (int64_t)orders.overflowed);
    }
    if (half->newest_ms > 0) {
        metric_set(page, JUDGE_LAST_MESSAGE, 0, half->newest_ms);
    }
}

// The store says what it was at the last lookup: without traffic that is long ago.
void judge_ask_cache(struct judge_half *half)
{
    if (half->page == NULL || mono_left_ms(clock_mono(), half->next_ask) > 0) {
        return;
    }
    half->next_ask = mono_after_ms(clock_mono(), ASK_EVERY_MS);
    uint64_t messages = judge_line_counts(half->line)->messages;
    if (messages == half->asked_at && half->batch.item_count == 0) {
        (void)judge_line_cache_is_trusted(half->line);
        judge_tell_cache(half);
    }
    half->asked_at = messages;
}

void judge_publish(void *self, struct board_place *place)
{
    struct judge_half *half = self;
    if (half->page == NULL) {
        half->page = board_page(place, &judge_metrics, NULL, 0);
        half->cache_page = board_page(place, &cache_metrics, NULL, 0);
    }
    enum cache_state state = half->store.ops->state(half->store.self);
    atomic_store(&place->asks_cache, true);
    atomic_store(&place->has_cache, state != CACHE_UNREACHABLE);
    if (half->page != NULL) {
        publish_counts(half, half->page);
    }
    if (half->cache_page != NULL) {
        cache_publish(&half->store, half->cache_page);
    }
}

int64_t judge_metrics_messages(const struct metric_page *page)
{
    int64_t sum = 0;
    for (size_t i = 0; i <= VERDICT_COUNT; i++) {
        int64_t value = 0;
        sum += metric_get(page, JUDGE_PROCESSED, i, &value) ? value : 0;
    }
    return sum;
}
