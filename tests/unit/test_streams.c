// The auxiliary streams: their constants, the net rule, what each is for, and how rarely they speak
// without cause.
#include "detect/streams.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/streams.inc"
#include "policy/policy.h"
#include "drawn.h"
#include "table_file.h"
#include "unit.h"

static struct stream_batch batch_of(enum evidence_stream stream, uint32_t judged, uint32_t hits)
{
    struct stream_batch batch = {0};
    batch.judged[stream] = judged;
    batch.hits[stream] = hits;
    return batch;
}

static void step(
        struct streams *streams, enum evidence_stream stream, uint32_t judged, uint32_t hits)
{
    const struct stream_levels levels = stream_levels_default();
    const struct stream_batch batch = batch_of(stream, judged, hits);
    streams_step(streams, &batch, &levels);
}

// --- constants --------------------------------------------------------------------------------

static void test_generated_again(void)
{
    table_file_check("processor/detect/streams.inc", "streams");
}

// E[e^step] <= 1 at every rate up to p0; and S2: nodes are ordered in D / U.
static void test_constants_keep_the_bound(void)
{
    for (unsigned level = 0; level < STREAM_LEVEL_COUNT; level++) {
        for (unsigned j = 0; j < STREAM_NODE_COUNT; j++) {
            for (double share = 0; share <= 1; share += 0.125) {
                double p = share * level_millionths[level] / 1e6;
                double mean =
                        p * exp(hit_up[level][j] / 1e3) + (1 - p) * exp(-miss_down[level][j] / 1e3);
                CU_ASSERT_TRUE(mean <= 1 && (share < 1 || mean > 0.995));
            }
        }
        CU_ASSERT_TRUE(hit_up[level][1] > hit_up[level][0]);
        CU_ASSERT_TRUE(
                miss_down[level][1] * hit_up[level][0] > miss_down[level][0] * hit_up[level][1]);
    }
    CU_ASSERT_EQUAL(stream_thresholds[0], ceil(1e3 * log(1e6 / 0.5)));
    CU_ASSERT_EQUAL(stream_thresholds[1], ceil(1e3 * log(1e7 / 0.5)));
}

static void test_levels(void)
{
    static const struct {
        uint32_t rate_millionths;
        uint32_t level_millionths;
    } rows[] = {{0, 1000}, {1000, 1000}, {1001, 2000}, {10000, 10000}, {33000, 50000},
            {200000, 200000}, {900000, 200000}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t level = stream_level_up(rows[i].rate_millionths);
        CU_ASSERT_EQUAL(stream_level_millionths(level), rows[i].level_millionths);
    }
    struct policy policy;
    policy_init(&policy); // the defaults of the configuration are those of the streams
    const struct stream_levels configured = stream_levels_of(policy.stream_rate_millionths);
    const struct stream_levels defaults = stream_levels_default();
    CU_ASSERT_EQUAL(memcmp(&configured, &defaults, sizeof defaults), 0);
}

// --- the rule ---------------------------------------------------------------------------------

// S1 to S5 on random batches, from the definition.
static void test_net_rule(void)
{
    uint64_t random = 11;
    for (unsigned level = 0; level < STREAM_LEVEL_COUNT; level++) {
        struct stream_levels levels;
        memset(&levels, (int)level, sizeof levels);
        struct streams streams = {0};
        int64_t w[STREAM_NODE_COUNT] = {0};
        uint32_t judged = 0;
        uint32_t hits = 0;
        for (unsigned round = 0; round < 5000; round++) {
            uint32_t n = drawn_next(&random) % 20;
            uint32_t k = n > 0 && drawn_next(&random) % 3 == 0 ? drawn_next(&random) % n : 0;
            const struct stream_batch batch = batch_of(STREAM_INVALID, n, k);
            streams_step(&streams, &batch, &levels);
            for (unsigned j = 0; j < STREAM_NODE_COUNT; j++) {
                w[j] += (int64_t)k * hit_up[level][j] - (int64_t)(n - k) * miss_down[level][j];
                w[j] = w[j] < 0 ? 0 : w[j] > 26812 ? 26812 : w[j];
                CU_ASSERT_EQUAL(streams.w_nat3[STREAM_INVALID][j], w[j]);
            }
            judged = w[0] > 0 ? judged + n : 0;
            hits = w[0] > 0 ? hits + k : 0;
            CU_ASSERT_EQUAL(streams.judged[STREAM_INVALID], judged);
            CU_ASSERT_EQUAL(streams.hits[STREAM_INVALID], hits);
            CU_ASSERT_TRUE(w[1] * hit_up[level][0] <= w[0] * hit_up[level][1]);
            CU_ASSERT_EQUAL(streams_are_quiet(&streams), w[0] == 0);
        }
    }
}

static void test_counts_stop_together(void)
{
    struct streams streams = {0};
    for (unsigned i = 0; i < 100000; i++) {
        step(&streams, STREAM_WALKING, 2, 2);
    }
    CU_ASSERT_EQUAL(streams.hits[STREAM_WALKING], 65534);
    CU_ASSERT_EQUAL(streams.judged[STREAM_WALKING], 65534);
}

static void test_batch_of_counts(void)
{
    struct leaf_delta leaf = {.judged = 4, .unknown = 3, .exempt = 2};
    leaf.uses[SCOPE_CAMPAIGN] = (struct leaf_use){.row = -1, .repeated = 9};
    leaf.uses[SCOPE_TEMPLATE] = (struct leaf_use){.row = 0, .repeated = 3};
    leaf.misdirected_signals[SIGNAL_WALKING] = 8; // never more than messages
    leaf.signals[SIGNAL_WALKING] = 9;
    leaf.signals[SIGNAL_CLOSED_RECENTLY] = -3; // taken back
    leaf.reasons[REASON_INVALID_NUMBER] = 3;
    leaf.reasons[REASON_OTHER_TENANT] = 6;
    leaf.reasons[REASON_REASSIGNED_NUMBER] = 2;
    struct stream_batch batch = {0};
    stream_batch_add(&batch, &leaf, SOURCES_ALL);
    CU_ASSERT_EQUAL(batch.judged[STREAM_WALKING], 4);
    CU_ASSERT_EQUAL(batch.hits[STREAM_WALKING], 4);
    CU_ASSERT_EQUAL(batch.hits[STREAM_REPEATED], 3);
    CU_ASSERT_EQUAL(batch.hits[STREAM_CLOSED_RECENTLY], 0);
    CU_ASSERT_EQUAL(batch.judged[STREAM_INVALID], 7);
    CU_ASSERT_EQUAL(batch.hits[STREAM_INVALID], 1); // two may have been exempt
    CU_ASSERT_EQUAL(batch.judged[STREAM_OTHER_TENANT], 4);
    CU_ASSERT_EQUAL(batch.hits[STREAM_OTHER_TENANT], 4);
    CU_ASSERT_EQUAL(batch.hits[STREAM_REASSIGNED], 0);
    CU_ASSERT_TRUE(stream_batch_has_hits(&batch));
    stream_batch_add(&batch, &leaf, SOURCES_ALL);
    CU_ASSERT_EQUAL(batch.judged[STREAM_WALKING], 8);
    CU_ASSERT_EQUAL(batch.hits[STREAM_OTHER_TENANT], 8);
    stream_batch_add(&batch, &leaf, SOURCES_ALL & ~SOURCE_BIT(STREAM_OTHER_TENANT));
    CU_ASSERT_EQUAL(batch.hits[STREAM_WALKING], 12);
    CU_ASSERT_EQUAL(batch.judged[STREAM_OTHER_TENANT], 12);
    CU_ASSERT_EQUAL(batch.hits[STREAM_OTHER_TENANT], 8);
}

// --- what each is for -------------------------------------------------------------------------

// Hits in a row until a tier.
static unsigned hits_until(enum evidence_stream stream, enum tier tier)
{
    struct streams streams = {0};
    unsigned hits = 0;
    while (streams_read_one(&streams, stream).tier < tier && hits < 100) {
        step(&streams, stream, 1, 1);
        hits++;
    }
    struct stream_reading reading = streams_read(&streams, SOURCES_ALL);
    CU_ASSERT_EQUAL(reading.stream, stream);
    CU_ASSERT_EQUAL(reading.tier, tier);
    CU_ASSERT_EQUAL(reading.hits, hits);
    CU_ASSERT_EQUAL(reading.judged, hits);
    CU_ASSERT_TRUE(reading.w_nat6 >= reading.threshold_nat6);
    return hits;
}

static void test_hits_in_a_row(void)
{
    static const struct {
        enum evidence_stream stream;
        unsigned notice;
        unsigned alert;
    } rows[] = {
            {STREAM_WALKING, 7, 8},
            {STREAM_REPEATED, 10, 20},
            {STREAM_CLOSED_RECENTLY, 5, 6},
            {STREAM_REASSIGNED, 4, 5},
            {STREAM_INVALID, 4, 5},
            {STREAM_OTHER_TENANT, 3, 5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_ASSERT_EQUAL(hits_until(rows[i].stream, TIER_NOTICE), rows[i].notice);
        CU_ASSERT_EQUAL(hits_until(rows[i].stream, TIER_ALERT), rows[i].alert);
    }
}

// Even where p0 is set as low as it goes, walking wants five.
static void test_walking_wants_five(void)
{
    struct stream_levels levels = {{0}};
    struct streams streams = {0};
    for (unsigned hits = 1; hits <= 5; hits++) {
        const struct stream_batch batch = batch_of(STREAM_WALKING, 1, 1);
        streams_step(&streams, &batch, &levels);
        CU_ASSERT_EQUAL(
                streams_read(&streams, SOURCES_ALL).tier, hits < 5 ? TIER_NONE : TIER_ALERT);
    }
}

static void test_the_strongest_speaks(void)
{
    struct streams streams = {0};
    step(&streams, STREAM_INVALID, 4, 4);
    CU_ASSERT_EQUAL(streams_read(&streams, SOURCES_ALL).stream, STREAM_INVALID);
    step(&streams, STREAM_CLOSED_RECENTLY, 9, 9);
    CU_ASSERT_EQUAL(streams_read(&streams, SOURCES_ALL).stream, STREAM_CLOSED_RECENTLY);
    CU_ASSERT_EQUAL(streams_read(&streams, SOURCES_ALL).tier, TIER_ALERT);
    CU_ASSERT_FALSE(streams_are_calm(&streams, SOURCES_ALL));
    step(&streams, STREAM_CLOSED_RECENTLY, 200, 0);
    step(&streams, STREAM_INVALID, 200, 0);
    CU_ASSERT_TRUE(streams_are_quiet(&streams) && streams_are_calm(&streams, SOURCES_ALL));
    CU_ASSERT_EQUAL(streams_read(&streams, SOURCES_ALL).tier, TIER_NONE);
}

// A walked list in a topic of P partitions: one source sees hits at 1 - (1 - 1/P)^20.
static void test_walking_dealt_out(void)
{
    static const struct {
        double partitions;
        double mean_below;
    } rows[] = {{1, 9}, {16, 20}, {32, 70}, {64, 800}};
    uint64_t random = 5;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double rate = 1 - pow(1 - 1 / rows[i].partitions, 20);
        double messages = 0;
        for (unsigned run = 0; run < 500; run++) {
            struct streams streams = {0};
            while (streams_read(&streams, SOURCES_ALL).tier < TIER_ALERT && messages < 1e6) {
                step(&streams, STREAM_WALKING, 1, drawn_uniform(&random) < rate);
                messages++;
            }
        }
        CU_ASSERT_TRUE(messages / 500 < rows[i].mean_below);
    }
}

// --- and how rarely it speaks without cause ---------------------------------------------------

struct false_alarms {
    unsigned notices;
    unsigned alerts;
};

// An endless healthy stream of iid hits; each tier's excursion is counted once and then forgotten.
static struct false_alarms play_healthy(
        enum evidence_stream stream, double rate, double messages, uint64_t seed)
{
    struct false_alarms found = {0};
    for (unsigned tier = TIER_NOTICE; tier <= TIER_ALERT; tier++) {
        uint64_t random = seed + tier;
        struct streams streams = {0};
        for (double sent = 0; sent < messages;) {
            double run = floor(log(drawn_uniform(&random)) / log1p(-rate));
            step(&streams, stream, (uint32_t)run, 0);
            step(&streams, stream, 1, 1);
            sent += run + 1;
            if (streams_read_one(&streams, stream).tier >= tier) {
                *(tier == TIER_NOTICE ? &found.notices : &found.alerts) += 1;
                streams = (struct streams){0};
            }
        }
    }
    return found;
}

static void test_false_alarms(void)
{
    const struct stream_levels levels = stream_levels_default();
    for (unsigned s = 0; s < STREAM_COUNT; s++) {
        double p0 = stream_level_millionths(levels.level[s]) / 1e6;
        double messages = (getenv("STREAMS_SHOW") != NULL ? 3e6 : 3e5) / p0; // as many hits each
        struct false_alarms at = play_healthy((enum evidence_stream)s, p0, messages, 77 + s);
        CU_ASSERT_TRUE(at.notices < messages / 1e6);
        CU_ASSERT_TRUE(at.alerts < messages / 1e7);
        struct false_alarms half = play_healthy((enum evidence_stream)s, p0 / 2, messages, 177 + s);
        if (getenv("STREAMS_SHOW") != NULL) {
            printf("%-16s p0 %.4f: %.0f messages, at p0 %u notices %u alerts, at half %u %u\n",
                    stream_names[s], p0, messages, at.notices, at.alerts, half.notices,
                    half.alerts);
        }
    }
}

// Lists sorted by number: each number of a range is a customer with the same chance, and the list
// goes through them in order. The signal as the tally takes it: within 10 of the one before.
static unsigned sorted_list_notices(double density, unsigned customers, uint64_t seed)
{
    uint64_t random = seed;
    struct streams streams = {0};
    unsigned notices = 0;
    for (unsigned i = 0; i < customers; i++) {
        double gap = 1 + floor(log(drawn_uniform(&random)) / log1p(-density));
        step(&streams, STREAM_WALKING, 1, gap <= 10);
        if (streams_read(&streams, SOURCES_ALL).tier >= TIER_NOTICE) {
            notices++;
            streams = (struct streams){0};
        }
    }
    return notices;
}

static void test_sorted_lists(void)
{
    static const struct {
        double density;
        unsigned notices_below; // in 4 million customers
    } rows[] = {{0.0001, 1}, {0.0033, 1}, {0.005, 1}, {0.01, 5}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned notices = sorted_list_notices(rows[i].density, 4000000, 3 + i);
        CU_ASSERT_TRUE(notices < rows[i].notices_below);
        if (getenv("STREAMS_SHOW") != NULL) {
            printf("sorted list of density %.4f: %u notices in 4,000,000\n", rows[i].density,
                    notices);
        }
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"generated_again", test_generated_again},
            {"constants_keep_the_bound", test_constants_keep_the_bound},
            {"levels", test_levels},
            {"net_rule", test_net_rule},
            {"counts_stop_together", test_counts_stop_together},
            {"batch_of_counts", test_batch_of_counts},
            {"hits_in_a_row", test_hits_in_a_row},
            {"walking_wants_five", test_walking_wants_five},
            {"the_strongest_speaks", test_the_strongest_speaks},
            {"walking_dealt_out", test_walking_dealt_out},
            {"false_alarms", test_false_alarms},
            {"sorted_lists", test_sorted_lists},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "streams", tests);
}
