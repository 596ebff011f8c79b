// Complaints against exposure: the two nodes by their definition, the credit that fades, and what
// late complaints do to healthy and to wrong campaigns.
#include "detect/complaints.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/decay.h"
#include "drawn.h"
#include "table_file.h"
#include "unit.h"

#define T0 INT64_C(1795309200000)
#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)

enum { RATE = 500 };

static void test_decay_generated_again(void)
{
    table_file_check("processor/detect/decay.inc", "decay");
}

static void test_decay(void)
{
    static const int64_t values[] = {0, 1, 1000, -1000, INT64_C(1) << 40, -(INT64_C(1) << 60)};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        CU_ASSERT_EQUAL(decay_by(values[i], 0), values[i]);
        CU_ASSERT_EQUAL(decay_by(values[i], 60), values[i] / 2);
        CU_ASSERT_EQUAL(decay_by(values[i], 63 * 60), 0);
        CU_ASSERT_EQUAL(decay_by(values[i], UINT64_MAX), 0);
        for (uint64_t steps = 0; steps < 400; steps += 7) {
            double exact = (double)values[i] * exp2(-(double)steps / 60);
            double found = (double)decay_by(values[i], steps);
            CU_ASSERT_TRUE(fabs(found) <= fabs(exact) + 1e-6);
            CU_ASSERT_TRUE(fabs(found - exact) <= 2 + fabs(exact) * 1e-9);
        }
    }
}

// --- the rule ---------------------------------------------------------------------------------

// Different people, one after the other, until a tier.
static unsigned people_until(struct complaints *state, enum tier tier)
{
    unsigned people = 0;
    while (complaints_read(state).tier < tier && people < 100000) {
        complaints_hit(state, 1000 + people, state->faded_to_ms);
        people++;
    }
    return people;
}

static void test_steps(void)
{
    struct complaints state;
    complaints_begin(&state, RATE, 0, T0);
    CU_ASSERT_TRUE(complaints_are_quiet(&state));
    complaints_hit(&state, 1, T0);
    CU_ASSERT_EQUAL(state.balance_nat6[0], (int64_t)floor(1e6 * log(3)));
    CU_ASSERT_EQUAL(state.balance_nat6[1], (int64_t)floor(1e6 * log(10)));
    CU_ASSERT_FALSE(complaints_are_quiet(&state));
    complaints_expose(&state, RATE, 0, T0 + 24 * HOUR); // what speaks against it does not fade
    CU_ASSERT_EQUAL(state.balance_nat6[0], 1098612);
    complaints_begin(&state, RATE, 0, T0);
    complaints_hit(&state, 1, T0);
    complaints_expose(&state, RATE, 100, T0);
    CU_ASSERT_EQUAL(state.balance_nat6[0], 1098612 - 100 * 2 * RATE);
    CU_ASSERT_EQUAL(state.balance_nat6[1], 2302585 - 100 * 9 * RATE);
    CU_ASSERT_EQUAL(state.complaints, 1);
    CU_ASSERT_EQUAL(state.messages, 100);
    complaints_expose(&state, RATE, 1000000, T0);
    CU_ASSERT_TRUE(complaints_are_quiet(&state));
    CU_ASSERT_EQUAL(state.messages, 0);
    CU_ASSERT_EQUAL(state.balance_nat6[0], 1098612 - INT64_C(1000100) * 2 * RATE);
    int64_t credit = state.balance_nat6[1];
    complaints_expose(&state, RATE, 0, T0 + 24 * HOUR);
    CU_ASSERT_EQUAL(state.balance_nat6[1], credit / 2);
    complaints_expose(&state, RATE, UINT64_MAX, T0 + 25 * HOUR);
    complaints_expose(&state, RATE, UINT64_MAX, T0 + 25 * HOUR);
    complaints_expose(&state, RATE, UINT64_MAX, T0 + 25 * HOUR);
    CU_ASSERT_EQUAL(state.balance_nat6[1], -(INT64_C(1) << 60));
}

static void test_thresholds(void)
{
    struct complaints state;
    complaints_begin(&state, RATE, 0, T0);
    CU_ASSERT_EQUAL(people_until(&state, TIER_NOTICE), 7);
    struct complaint_reading reading = complaints_read(&state);
    CU_ASSERT_EQUAL(reading.node, 1);
    CU_ASSERT_EQUAL(reading.threshold_nat6, (int64_t)ceil(1e6 * log(1e6 / 0.5)));
    CU_ASSERT_EQUAL(reading.w_nat6, 7 * 2302585);
    CU_ASSERT_EQUAL(reading.complaints, 7);
    complaints_begin(&state, RATE, 0, T0);
    CU_ASSERT_EQUAL(people_until(&state, TIER_ALERT), 8);
    CU_ASSERT_EQUAL(complaints_read(&state).threshold_nat6, (int64_t)ceil(1e6 * log(1e7 / 0.5)));
    complaints_begin(&state, RATE, 100000, T0); // 50 are usual
    unsigned people = people_until(&state, TIER_ALERT);
    CU_ASSERT_EQUAL(people, (unsigned)ceil((100000 * 2 * RATE + 16811243) / 1098612.0));
}

// P1: one who complains a hundred times is one; a second person is another.
static void test_one_person_is_one(void)
{
    struct complaints state;
    complaints_begin(&state, RATE, 0, T0);
    for (unsigned i = 0; i < 100; i++) {
        complaints_hit(&state, 7, T0);
        complaints_hit(&state, 8, T0);
    }
    CU_ASSERT_EQUAL(state.complaints, 2);
    CU_ASSERT_EQUAL(complaints_read(&state).tier, TIER_NONE);
}

// P2, P3 and the balance's definition, on random histories.
static void test_random_histories(void)
{
    uint64_t random = 3;
    for (unsigned round = 0; round < 50; round++) {
        struct complaints state;
        complaints_begin(&state, RATE, drawn_next(&random) % 3000, T0);
        int64_t now = T0;
        for (unsigned i = 0; i < 2000; i++) {
            now += drawn_next(&random) % 3 == 0 ? drawn_next(&random) % (2 * HOUR) : 0;
            if (drawn_next(&random) % 2 == 0) {
                complaints_expose(&state, RATE, drawn_next(&random) % 900, now);
            } else {
                complaints_hit(&state, i, now);
            }
            CU_ASSERT_TRUE(state.balance_nat6[0] <= 26811243 && state.balance_nat6[1] <= 26811243);
            CU_ASSERT_TRUE(state.balance_nat6[1] <= 0 || state.balance_nat6[0] > 0);
            CU_ASSERT_TRUE(state.faded_to_ms <= now && now - state.faded_to_ms < 24 * MINUTE);
            CU_ASSERT_EQUAL(complaints_are_quiet(&state), state.balance_nat6[0] <= 0);
        }
    }
}

// --- campaigns --------------------------------------------------------------------------------

struct campaign {
    uint32_t messages;
    double rate;      // complaints a message
    double delay_h;   // mean, exponential; 0 = at once
    uint32_t minutes; // it is sent in
};

enum { CAMPAIGN_MINUTES = 5 * 24 * 60 };

// Plays one campaign minute by minute. The tier that it reached; *ret_people complained until then.
static enum tier play(const struct campaign *campaign, struct complaints *state, uint64_t *random,
        uint32_t *ret_people)
{
    uint16_t *due = calloc(CAMPAIGN_MINUTES, sizeof *due);
    CU_ASSERT_PTR_NOT_NULL_FATAL(due);
    for (double at = 0;;) {
        at += 1 + floor(log(drawn_uniform(random)) / log1p(-campaign->rate));
        if (at > campaign->messages) {
            break;
        }
        double sent = (at - 1) * campaign->minutes / campaign->messages;
        double late = -log(drawn_uniform(random)) * campaign->delay_h * 60;
        if (sent + late < CAMPAIGN_MINUTES) {
            due[(size_t)(sent + late)]++;
        }
    }
    enum tier highest = TIER_NONE;
    uint32_t people = 0;
    int64_t start = state->faded_to_ms;
    uint32_t each = campaign->messages / campaign->minutes;
    for (uint32_t minute = 0; minute < CAMPAIGN_MINUTES; minute++) {
        int64_t now = start + minute * MINUTE;
        if (minute < campaign->minutes) {
            complaints_expose(state, RATE, each, now);
        }
        for (; due[minute] > 0; due[minute]--) {
            people += highest < TIER_NOTICE;
            complaints_hit(state, ((uint64_t)drawn_next(random) << 31) + drawn_next(random), now);
            enum tier tier = complaints_read(state).tier;
            highest = tier > highest ? tier : highest;
        }
    }
    free(due);
    *ret_people = people;
    return highest;
}

// Healthy campaigns, with exactly the usual rate of complaints, which come long after they have
// ended.
static void test_healthy_campaigns(void)
{
    static const struct campaign campaigns[] = {
            {2000, RATE / 1e6, 0, 10},
            {20000, RATE / 1e6, 2, 10},
            {20000, RATE / 1e6, 12, 60},
            {200000, RATE / 1e6, 2, 10},
            {200000, RATE / 1e6, 15, 600},
            {2000000, RATE / 1e6, 6, 600},
    };
    uint64_t random = 9;
    for (size_t i = 0; i < sizeof campaigns / sizeof *campaigns; i++) {
        unsigned runs = campaigns[i].messages > 100000 ? 100 : 400;
        unsigned notices = 0;
        for (unsigned run = 0; run < runs; run++) {
            struct complaints state;
            uint32_t people;
            complaints_begin(&state, RATE, 0, T0);
            notices += play(&campaigns[i], &state, &random, &people) >= TIER_NOTICE;
        }
        if (getenv("STREAMS_SHOW") != NULL) {
            printf("healthy campaign of %u, complaints %.0f h late: %u of %u noticed\n",
                    campaigns[i].messages, campaigns[i].delay_h, notices, runs);
        }
        CU_ASSERT_EQUAL(notices, 0);
    }
}

// A campaign at strangers, of whom 3 % complain within hours: noticed with the first few dozen. The
// same behind a healthy history of as many messages a minute ago.
static void test_wrong_campaigns(void)
{
    static const struct {
        struct campaign campaign;
        uint32_t history;
        uint32_t people_below;
    } rows[] = {
            {{2000, 0.03, 2, 10}, 0, 35},
            {{10000, 0.03, 2, 30}, 0, 80},
            {{10000, 0.03, 2, 30}, 20000, 110},
            {{1000, 0.05, 12, 10}, 0, 25},
    };
    uint64_t random = 21;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double mean = 0;
        unsigned found = 0;
        for (unsigned run = 0; run < 200; run++) {
            struct complaints state;
            uint32_t people;
            complaints_begin(&state, RATE, rows[i].history, T0);
            found += play(&rows[i].campaign, &state, &random, &people) >= TIER_ALERT;
            mean += people / 200.0;
        }
        if (getenv("STREAMS_SHOW") != NULL) {
            printf("wrong campaign of %u behind %u: alert %u of 200, %.1f people until notice\n",
                    rows[i].campaign.messages, rows[i].history, found, mean);
        }
        CU_ASSERT_EQUAL(found, 200);
        CU_ASSERT_TRUE(mean < rows[i].people_below);
    }
}

// A tenant that sends all day, each day, for a year: 100,000 a day, complaints a day late on
// average.
static void test_a_tenants_year(void)
{
    uint64_t random = 4;
    struct complaints state;
    complaints_begin(&state, RATE, 0, T0);
    enum { HOURS = 365 * 24 };
    uint32_t *due = calloc(HOURS + 1, sizeof *due);
    CU_ASSERT_PTR_NOT_NULL_FATAL(due);
    unsigned notices = 0;
    for (uint32_t hour = 0; hour < HOURS; hour++) {
        bool sends = hour % 24 >= 8 && hour % 24 < 20;
        uint32_t messages = sends ? 100000 / 12 : 0;
        for (double at = 0; at < messages;) {
            at += 1 + floor(log(drawn_uniform(&random)) / log1p(-RATE / 1e6));
            double late = hour - 24 * log(drawn_uniform(&random));
            if (at <= messages && late < HOURS) {
                due[(size_t)late]++;
            }
        }
        int64_t now = T0 + hour * HOUR;
        complaints_expose(&state, RATE, messages, now);
        for (uint32_t i = 0; i < due[hour]; i++) {
            complaints_hit(&state, drawn_next(&random), now);
            if (complaints_read(&state).tier >= TIER_NOTICE) {
                notices++;
                complaints_begin(&state, RATE, 100000, now);
            }
        }
    }
    if (getenv("STREAMS_SHOW") != NULL) {
        printf("a tenant's year at the usual rate: %u notices\n", notices);
    }
    CU_ASSERT_EQUAL(notices, 0);
    free(due);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"decay_generated_again", test_decay_generated_again},
            {"decay", test_decay},
            {"steps", test_steps},
            {"thresholds", test_thresholds},
            {"one_person_is_one", test_one_person_is_one},
            {"random_histories", test_random_histories},
            {"healthy_campaigns", test_healthy_campaigns},
            {"wrong_campaigns", test_wrong_campaigns},
            {"a_tenants_year", test_a_tenants_year},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "complaints", tests);
}
