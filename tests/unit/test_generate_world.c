// What made-up healthy traffic is like: sizes, rates, clumps, repetitions, disorder, drift, lag.
#include <stdlib.h>

#include "bench/generate_draw.h"
#include "bench/generate_write.h"
#include "tests/support/generated.h"
#include "tests/support/unit.h"

enum { DRAWS = 20001 };

// --- labels -------------------------------------------------------------------------------------

static void labels_of_a_troubled_world_are_what_the_judge_says(void)
{
    static const char *const seeds[] = {"1", "2", "3"};
    for (size_t i = 0; i < 3; i++) {
        struct generate_options options = OPTIONS("--seed", seeds[i], "--messages", "30000",
                "--healthy", "realistic", "--clumps", "0.1", "--duplicates", "3%", "--disorder",
                "--drift", "--lag-episodes", "20", "--days", "3", "--incident",
                "wrong_list:size=500,at=30%,rate=30%", "--incident", "feed_lag:size=1000",
                "--incident", "closed_loans:spread=vendor,size=500,rate=30%");
        struct scenario_counts counts = generated_compare(&options);
        CU_ASSERT(counts.verdicts[VERDICT_MISDIRECTED] > 0);
        CU_ASSERT(counts.verdicts[VERDICT_CLEAR] > 20000);
    }
}

// --- distributions ------------------------------------------------------------------------------

static int compare_numbers(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void check_between(uint64_t value, uint64_t from, uint64_t to)
{
    if (value < from || value > to) {
        printf("%llu is not within %llu and %llu\n", (unsigned long long)value,
                (unsigned long long)from, (unsigned long long)to);
        CU_FAIL("out of bounds");
    }
}

static void distributions_are_what_they_are_called(void)
{
    CU_ASSERT_EQUAL(draw_power_of_two(0), 65536);
    CU_ASSERT_EQUAL(draw_power_of_two(10 * 65536), 65536 << 10);
    CU_ASSERT_EQUAL(draw_power_of_two(-16 * 65536), 1);
    check_between(draw_power_of_two(32768), 92681, 92682);  // the root of two
    check_between(draw_power_of_two(-94548), 24108, 24110); // 1 / e
    struct random rng;
    random_init(&rng, 11);
    uint64_t *draws = calloc(DRAWS, sizeof *draws);
    CU_ASSERT_PTR_NOT_NULL_FATAL(draws);
    for (size_t i = 0; i < DRAWS; i++) {
        draws[i] = draw_lognormal(&rng, 800, 1800);
    }
    qsort(draws, DRAWS, sizeof *draws, compare_numbers);
    check_between(draws[DRAWS / 2], 760, 840);
    check_between(draws[DRAWS * 1587 / 10000], 123, 143);   // 800 / e^1.8
    check_between(draws[DRAWS * 8413 / 10000], 4550, 5150); // 800 e^1.8
    check_between(draws[DRAWS * 9772 / 10000], 25500, 33500);
    for (size_t i = 0; i < DRAWS; i++) {
        draws[i] = draw_loguniform(&rng, 500, 348778);
    }
    qsort(draws, DRAWS, sizeof *draws, compare_numbers);
    check_between(draws[0], 500, 502);
    check_between(draws[DRAWS / 2], 3000, 3330); // 500 times the root of 40
    check_between(draws[DRAWS - 1], 19900, 20000);
    free(draws);
}

// --- rates --------------------------------------------------------------------------------------

struct rates {
    uint64_t watched;
    uint64_t wrong;
    uint64_t after_wrong; // watched, and the one before in its campaign was wrong
    uint64_t wrong_after_wrong;
    uint64_t episodes;
};

static uint32_t campaign_number(const struct plan *plan, const struct message *message)
{
    return (uint32_t)(message->campaign - plan->campaigns);
}

static struct rates rates_of(const struct generate_options *options)
{
    struct traffic *traffic = generated_traffic(options);
    const struct plan *plan = traffic_plan(traffic);
    bool *was_wrong = calloc(plan->campaign_count, sizeof *was_wrong);
    CU_ASSERT_PTR_NOT_NULL_FATAL(was_wrong);
    struct rates rates = {0};
    struct message message;
    struct label label;
    const struct incident *incident;
    while (traffic_next(traffic, &message, &label, &incident)) {
        if (label.expected == VERDICT_EXEMPT) {
            continue;
        }
        uint32_t campaign = campaign_number(plan, &message);
        bool is_wrong = label.expected == VERDICT_MISDIRECTED;
        rates.watched++;
        rates.wrong += is_wrong;
        rates.after_wrong += was_wrong[campaign];
        rates.wrong_after_wrong += was_wrong[campaign] && is_wrong;
        rates.episodes += message.fault == FAULT_EPISODE;
        was_wrong[campaign] = is_wrong;
    }
    free(was_wrong);
    traffic_destroy(traffic);
    return rates;
}

static void a_given_rate_is_the_rate(void)
{
    struct generate_options options =
            OPTIONS("--seed", "1", "--messages", "100000", "--p0", "2%", "--customers", "20000");
    struct rates rates = rates_of(&options);
    check_between(rates.wrong * 100000 / rates.watched, 1820, 2180);
    check_between(rates.wrong_after_wrong * 1000 / rates.after_wrong, 5, 40);
    options = OPTIONS("--seed", "1", "--messages", "100000", "--p0", "2%", "--customers", "20000",
            "--clumps", "0.2");
    rates = rates_of(&options);
    check_between(rates.wrong * 100000 / rates.watched, 1800, 2200);
    check_between(rates.wrong_after_wrong * 1000 / rates.after_wrong, 170, 230);
    options = OPTIONS("--seed", "2", "--messages", "100000", "--p0", "0", "--customers", "20000");
    rates = rates_of(&options);
    CU_ASSERT_EQUAL(rates.wrong, 0);
}

static void lenders_and_campaigns_differ(void)
{
    struct generate_options options = OPTIONS("--seed", "7", "--messages", "400000", "--healthy",
            "realistic", "--customers", "20000");
    struct traffic *traffic = generated_traffic(&options);
    const struct plan *plan = traffic_plan(traffic);
    CU_ASSERT_EQUAL(plan->tenant_count, 20);
    uint32_t least = UINT32_MAX;
    uint32_t most = 0;
    for (uint32_t i = 0; i < plan->campaign_count; i++) {
        uint32_t p0 = plan->campaigns[i].p0_millionths;
        least = p0 < least ? p0 : least;
        most = p0 > most ? p0 : most;
    }
    check_between(least, 50, 1000);
    check_between(most, 8000, 30000);
    uint64_t sum = 0;
    uint64_t largest = 0;
    for (uint32_t i = 0; i < plan->stream_count; i++) {
        uint64_t size = plan->streams[i].size;
        CU_ASSERT(plan->streams[i].start_us + plan->streams[i].span_us <= DAY_US);
        sum += size;
        largest = size > largest ? size : largest;
    }
    CU_ASSERT_EQUAL(sum, 400000);
    check_between(plan->campaign_count, 40, 250);
    check_between(largest, 20000, 200000);
    traffic_destroy(traffic);
}

static void lag_episodes_are_told_apart(void)
{
    struct generate_options options = OPTIONS("--seed", "3", "--messages", "100000", "--p0", "1%",
            "--lag-episodes", "40", "--customers", "20000");
    struct rates rates = rates_of(&options);
    CU_ASSERT(rates.episodes > 50);
    struct traffic *traffic = generated_traffic(&options);
    struct message message;
    struct label label;
    const struct incident *incident;
    struct strbuf sb;
    strbuf_init(&sb, GENERATED_LINE_BYTES);
    while (traffic_next(traffic, &message, &label, &incident)) {
        if (message.fault == FAULT_EPISODE) {
            CU_ASSERT_EQUAL(label.reasons, REASON_BIT(REASON_NO_RECORD));
            strbuf_reset(&sb);
            write_label(&sb, 3, &message, &label, incident);
        }
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(sb.p, "\"incident\":null,\"cause\":\"feed_lag_episode\""));
    strbuf_fini(&sb);
    const struct plan *plan = traffic_plan(traffic);
    uint64_t wrong = 0;
    uint64_t judged = 0;
    for (uint32_t i = 0; i < plan->episode_count; i++) {
        wrong += plan->episodes[i].tally.misdirected;
        judged += plan->episodes[i].tally.messages;
        uint64_t length_us = plan->episodes[i].end_us - plan->episodes[i].start_us;
        check_between(length_us, HOUR_US / 12, HOUR_US / 2);
    }
    // Two of a hundred on top of the one. An episode within another's time counts for one only.
    CU_ASSERT(wrong * 1000 > judged * 15 && wrong * 1000 < judged * 25);
    traffic_destroy(traffic);
}

static void drift_moves_the_rate_within_bounds(void)
{
    struct generate_options options = OPTIONS("--seed", "3", "--messages", "1000", "--p0", "1%",
            "--drift", "--days", "30", "--tenants", "20");
    struct traffic *traffic = generated_traffic(&options);
    const struct plan *plan = traffic_plan(traffic);
    size_t slots = (size_t)plan->days * DRIFT_SLOTS_A_DAY;
    uint32_t climbs = 0;
    for (size_t tenant = 0; tenant < plan->tenant_count; tenant++) {
        const uint16_t *factors = plan->drift + tenant * slots;
        for (size_t slot = 0; slot < slots; slot++) {
            check_between(factors[slot], 512, 3072);
            bool is_evening = slot % DRIFT_SLOTS_A_DAY == DRIFT_SLOTS_A_DAY - 1;
            size_t morning = slot - DRIFT_SLOTS_A_DAY + 1;
            climbs += is_evening && factors[slot] > factors[morning] * 5 / 4;
        }
    }
    check_between(climbs, 5, 40); // 3 % of 600 days
    traffic_destroy(traffic);
}

// --- order --------------------------------------------------------------------------------------

// How far behind the latest a message is at most, and how many are behind by more than two seconds.
static int64_t farthest_behind_ms(const struct generate_options *options, uint64_t *ret_late)
{
    struct traffic *traffic = generated_traffic(options);
    struct message message;
    struct label label;
    const struct incident *incident;
    int64_t latest_ms = 0;
    int64_t farthest_ms = 0;
    *ret_late = 0;
    while (traffic_next(traffic, &message, &label, &incident)) {
        latest_ms = message.occurred_ms > latest_ms ? message.occurred_ms : latest_ms;
        int64_t behind_ms = latest_ms - message.occurred_ms;
        farthest_ms = behind_ms > farthest_ms ? behind_ms : farthest_ms;
        *ret_late += behind_ms > 2000;
    }
    traffic_destroy(traffic);
    return farthest_ms;
}

static void disorder_has_bounds(void)
{
    uint64_t late;
    struct generate_options options = OPTIONS("--seed", "3", "--messages", "50000", "--healthy",
            "realistic", "--days", "2", "--customers", "20000");
    CU_ASSERT(farthest_behind_ms(&options, &late) <= 2000);
    CU_ASSERT_EQUAL(late, 0);
    options = OPTIONS("--seed", "3", "--messages", "50000", "--healthy", "realistic", "--disorder",
            "--customers", "20000");
    int64_t behind_ms = farthest_behind_ms(&options, &late);
    CU_ASSERT(behind_ms > 50000 && behind_ms <= 60000);
    check_between(late, 300, 700);
}

static void duplicates_say_the_same_again(void)
{
    struct generate_options options = OPTIONS("--seed", "3", "--messages", "20000", "--duplicates",
            "2%", "--customers", "20000", "--incident", "wrong_list:spread=many_small,size=500");
    struct traffic *traffic = generated_traffic(&options);
    struct strbuf *events = calloc(options.messages, sizeof *events);
    CU_ASSERT_PTR_NOT_NULL_FATAL(events);
    struct message message;
    struct label label;
    const struct incident *incident;
    uint64_t sent = 0;
    uint64_t again = 0;
    while (traffic_next(traffic, &message, &label, &incident)) {
        struct strbuf line;
        strbuf_init(&line, GENERATED_LINE_BYTES);
        write_event(&line, 3, &message, random_mix(3, message.number));
        write_label(&line, 3, &message, &label, incident);
        if (message.number == sent) {
            events[sent++] = line;
            continue;
        }
        CU_ASSERT_FATAL(message.number < sent);
        CU_ASSERT(view_equal(strbuf_view(&line), strbuf_view(&events[message.number])));
        strbuf_fini(&line);
        again++;
    }
    CU_ASSERT_EQUAL(sent, 20000);
    CU_ASSERT_EQUAL(again, traffic_duplicates(traffic));
    check_between(again, 340, 460);
    for (uint64_t i = 0; i < sent; i++) {
        strbuf_fini(&events[i]);
    }
    free(events);
    traffic_destroy(traffic);
}

static const struct unit_test tests[] = {
        {"labels_of_a_troubled_world_are_what_the_judge_says",
                labels_of_a_troubled_world_are_what_the_judge_says},
        {"distributions_are_what_they_are_called", distributions_are_what_they_are_called},
        {"a_given_rate_is_the_rate", a_given_rate_is_the_rate},
        {"lenders_and_campaigns_differ", lenders_and_campaigns_differ},
        {"lag_episodes_are_told_apart", lag_episodes_are_told_apart},
        {"drift_moves_the_rate_within_bounds", drift_moves_the_rate_within_bounds},
        {"disorder_has_bounds", disorder_has_bounds},
        {"duplicates_say_the_same_again", duplicates_say_the_same_again},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "generate_world", tests);
}
