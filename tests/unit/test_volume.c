// Volume against a scope's own history: the logarithm, the rules step by step, how rarely made-up
// traffic of many kinds raises a notice in years, and what is noticed, how soon.
#include "detect/volume.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/log2.h"
#include "drawn.h"
#include "unit.h"

enum { STEP_MINUTES = 10, STEPS_A_DAY = 144, FIRST_STEP = 2990000 / STEPS_A_DAY * STEPS_A_DAY };

static double next_normal(uint64_t *state)
{
    double radius = sqrt(-2 * log(drawn_uniform(state)));
    return radius * cos(2 * 3.14159265358979 * drawn_uniform(state));
}

static void test_log2(void)
{
    CU_ASSERT_EQUAL(log2_q11(0), 0);
    for (uint32_t n = 1; n < 300000; n++) {
        double exact = 2048 * log2(n);
        CU_ASSERT_TRUE(log2_q11(n) <= exact + 1e-9 && log2_q11(n) > exact - 2);
    }
    for (unsigned bit = 0; bit < 32; bit++) {
        CU_ASSERT_EQUAL(log2_q11((uint32_t)1 << bit), bit * 2048);
    }
    CU_ASSERT_EQUAL(log2_q11(UINT32_MAX), 32 * 2048 - 1);
}

// --- a scope that is played step by step ------------------------------------------------------

struct scope {
    struct volume volume;
    uint32_t step;
    unsigned ups;
    unsigned downs;
    struct volume_notice last;
    uint32_t last_step;
};

static struct scope scope_new(void)
{
    return (struct scope){.step = FIRST_STEP};
}

static void play_step(struct scope *scope, double messages)
{
    struct volume_notice notice;
    if (volume_advance(&scope->volume, (int64_t)scope->step * STEP_MINUTES * 60000, &notice)) {
        scope->ups += !notice.is_down;
        scope->downs += notice.is_down;
        scope->last = notice;
        scope->last_step = scope->step;
        CU_ASSERT_TRUE(notice.w_nat6 >= notice.threshold_nat6);
    }
    volume_count(&scope->volume, (uint64_t)messages);
    scope->step++;
}

// China's day: nothing from 22 to 8 o'clock, which is 14 to 24 UTC; a little less at noon.
static double by_day(uint32_t step)
{
    uint32_t hour = step % STEPS_A_DAY / 6;
    return hour >= 14 ? 0 : hour == 4 || hour == 5 ? 0.6 : 1;
}

static bool is_weekend(uint32_t step)
{
    return (step / STEPS_A_DAY + 3) % 7 >= 5;
}

// --- kinds of traffic -------------------------------------------------------------------------

struct traffic {
    uint64_t random;
    double level;      // messages a step, about
    double day_factor; // of the day in hand
    double burst;      // of the burst in hand; 0 = off
    double left;       // steps of it that are left
    double queue[64];  // campaigns: messages a step and steps left
    double queue_left[64];
};

typedef double (*traffic_fn)(struct traffic *traffic, uint32_t step);

// A tenant: by day, fewer at weekends, days and steps of differing size.
static double diurnal(struct traffic *t, uint32_t step)
{
    if (step % STEPS_A_DAY == 0) {
        t->day_factor = exp(0.25 * next_normal(&t->random));
    }
    double weekend = is_weekend(step) ? 0.3 : 1;
    return t->level * by_day(step) * weekend * t->day_factor * exp(0.4 * next_normal(&t->random));
}

static double bursts(struct traffic *t, double on_steps, double off_steps, double sigma)
{
    if (t->left <= 0) {
        t->burst = t->burst > 0 ? 0 : t->level * exp(sigma * next_normal(&t->random));
        t->left = -log(drawn_uniform(&t->random)) * (t->burst > 0 ? on_steps : off_steps);
    }
    t->left -= 1;
    return t->burst * exp(0.3 * next_normal(&t->random));
}

// On 30 % of the time, three hours at a time, at any hour.
static double bursty(struct traffic *t, uint32_t step)
{
    (void)step;
    return bursts(t, 18, 42, 0.5);
}

static double bursty_short(struct traffic *t, uint32_t step)
{
    (void)step;
    return bursts(t, 2, 5, 0.8);
}

static double bursty_by_day(struct traffic *t, uint32_t step)
{
    return bursts(t, 6, 14, 0.5) * (by_day(step) > 0 ? 1 : 0);
}

// Ten campaigns a day, sizes lognormal (median 800, sigma 1.8), sent at 1 to 1,000 a second.
static double campaigns(struct traffic *t, uint32_t step)
{
    if (by_day(step) > 0 && drawn_uniform(&t->random) < 10.0 / 84) {
        double size = 800 * exp(1.8 * next_normal(&t->random));
        double rate = 600 * exp(drawn_uniform(&t->random) * log(1000));
        for (unsigned i = 0; i < 64; i++) {
            if (t->queue_left[i] <= 0) {
                t->queue_left[i] = ceil(size / rate);
                t->queue[i] = size / t->queue_left[i];
                break;
            }
        }
    }
    double sum = 0;
    for (unsigned i = 0; i < 64; i++) {
        sum += t->queue_left[i] > 0 ? t->queue[i] : 0;
        t->queue_left[i] -= 1;
    }
    return sum;
}

// A vendor that has a campaign of three days now and then, and rests between.
static double long_campaigns(struct traffic *t, uint32_t step)
{
    return bursts(t, 3 * STEPS_A_DAY, 5 * STEPS_A_DAY, 1) * by_day(step);
}

static double steady(struct traffic *t, uint32_t step)
{
    (void)step;
    return t->level + 3 * sqrt(t->level) * next_normal(&t->random);
}

static void check_quiet(const char *name, traffic_fn traffic, double level, double most_a_year)
{
    const unsigned scopes = getenv("STREAMS_SHOW") != NULL ? 100 : 25;
    unsigned ups = 0;
    unsigned downs = 0;
    for (unsigned i = 0; i < scopes; i++) {
        struct traffic t = {.random = 1000 + i, .level = level};
        struct scope scope = scope_new();
        for (uint32_t k = 0; k < 365 * STEPS_A_DAY; k++) {
            double messages = traffic(&t, scope.step);
            play_step(&scope, messages > 0 ? messages : 0);
        }
        ups += scope.ups;
        downs += scope.downs;
    }
    if (getenv("STREAMS_SHOW") != NULL) {
        printf("%-16s %8.0f a step: %.2f up, %.2f down a scope and year\n", name, level,
                ups / (double)scopes, downs / (double)scopes);
    }
    CU_ASSERT_TRUE((ups + downs) / (double)scopes < most_a_year);
}

static void test_years_without_cause(void)
{
    static const double levels[] = {3, 100, 5000};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        check_quiet("diurnal", diurnal, levels[i], 1);
        check_quiet("bursty", bursty, levels[i], 1);
        check_quiet("bursty_short", bursty_short, levels[i], 1);
        check_quiet("bursty_by_day", bursty_by_day, levels[i], 1);
        check_quiet("long_campaigns", long_campaigns, levels[i], 1);
        check_quiet("steady", steady, levels[i], 1);
    }
    check_quiet("campaigns", campaigns, 0, 1);
}

// --- what is noticed --------------------------------------------------------------------------

// Plays `days` of traffic times `factor`. Hours until the first notice of the wanted side; -1 =
// there was none.
static double hours_until(struct scope *scope, struct traffic *t, traffic_fn traffic, unsigned days,
        double factor, bool is_down)
{
    unsigned before = is_down ? scope->downs : scope->ups;
    for (uint32_t k = 0; k < days * STEPS_A_DAY; k++) {
        double messages = traffic(t, scope->step) * factor;
        play_step(scope, messages > 0 ? messages : 0);
        if ((is_down ? scope->downs : scope->ups) > before) {
            CU_ASSERT_EQUAL(scope->last.is_down, is_down);
            return (k + 1) / 6.0;
        }
    }
    return -1;
}

static const struct {
    const char *name;
    traffic_fn traffic;
    double factor;
    unsigned found;     // at least, of 50
    double hours_below; // on average, of those
} rows[] = {
        {"steady", steady, 10, 50, 2},
        {"steady", steady, 5, 50, 5},
        {"diurnal", diurnal, 10, 45, 24},
        {"bursty", bursty, 10, 45, 40},
        {"bursty_by_day", bursty_by_day, 20, 40, 72},
        {"steady", steady, 0.1, 50, 24},
        {"steady", steady, 0, 50, 24},
        {"diurnal", diurnal, 0.1, 45, 90},
        {"diurnal", diurnal, 0, 50, 90},
};

static void test_what_is_noticed(void)
{
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        unsigned found = 0;
        double hours = 0;
        for (unsigned i = 0; i < 50; i++) {
            struct traffic t = {.random = 5000 + i, .level = 500};
            struct scope scope = scope_new();
            CU_ASSERT_EQUAL(hours_until(&scope, &t, rows[row].traffic, 75, 1, false), -1);
            double h = hours_until(
                    &scope, &t, rows[row].traffic, 7, rows[row].factor, rows[row].factor < 1);
            found += h >= 0;
            hours += h >= 0 ? h : 0;
        }
        hours /= found > 0 ? found : 1;
        if (getenv("STREAMS_SHOW") != NULL) {
            printf("%-14s x %-4g: noticed in %u of 50, after %.1f hours\n", rows[row].name,
                    rows[row].factor, found, hours);
        }
        CU_ASSERT_TRUE(found >= rows[row].found);
        CU_ASSERT_TRUE(hours < rows[row].hours_below);
    }
}

// Twice the volume for good, on any kind of traffic: nobody is told.
static void test_twice_is_not_noticed(void)
{
    static const traffic_fn kinds[] = {steady, diurnal, bursty, bursty_short, bursty_by_day};
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        for (unsigned i = 0; i < 50; i++) {
            struct traffic t = {.random = 9000 + i, .level = 500};
            struct scope scope = scope_new();
            hours_until(&scope, &t, kinds[kind], 60, 1, false);
            hours_until(&scope, &t, kinds[kind], 30, 2, false);
            CU_ASSERT_EQUAL(scope.ups + scope.downs, 0);
        }
    }
}

// A vendor that is new, a campaign of three days and its end, a month of silence and a new start,
// and half a year of it.
static void test_starts_and_ends(void)
{
    struct scope scope = scope_new();
    for (unsigned turn = 0; turn < 4; turn++) {
        static const unsigned silent_days[] = {30, 30, 180, 30};
        for (uint32_t k = 0; k < 3 * STEPS_A_DAY; k++) {
            play_step(&scope, 4000 * by_day(scope.step));
        }
        for (uint32_t k = 0; k < silent_days[turn] * STEPS_A_DAY; k++) {
            play_step(&scope, 0);
        }
        CU_ASSERT_EQUAL(scope.ups + scope.downs, 0);
    }
}

// The same notice whether time is told step by step or at once, as for a scope that has fallen
// silent.
static void test_time_at_once(void)
{
    struct traffic t = {.random = 1, .level = 500};
    struct scope scope = scope_new();
    hours_until(&scope, &t, steady, 60, 1, false);
    struct volume alone = scope.volume;
    CU_ASSERT_TRUE(hours_until(&scope, &t, steady, 5, 0, true) > 0);
    struct volume_notice notice = {0};
    CU_ASSERT_FALSE(volume_advance(&alone, 0, &notice)); // time that runs back
    CU_ASSERT_TRUE(
            volume_advance(&alone, (int64_t)scope.last_step * STEP_MINUTES * 60000, &notice));
    CU_ASSERT_TRUE(notice.is_down);
    CU_ASSERT_EQUAL(notice.messages, 0);
    CU_ASSERT_EQUAL(notice.usual, 4096); // of 6,000 in two hours
    CU_ASSERT_EQUAL(notice.minutes, 120);
    CU_ASSERT_EQUAL(memcmp(&alone, &scope.volume, sizeof alone), 0);
    // and it is told once
    CU_ASSERT_FALSE(volume_advance(
            &alone, (int64_t)(scope.last_step + 30 * STEPS_A_DAY) * STEP_MINUTES * 60000, &notice));
    // so long a silence that nothing is known any more
    CU_ASSERT_FALSE(volume_advance(&alone, INT64_C(1) << 50, &notice));
    volume_count(&alone, UINT64_MAX);
    volume_count(&alone, UINT64_MAX);
    CU_ASSERT_EQUAL(alone.step_count, UINT32_MAX);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"log2", test_log2},
            {"years_without_cause", test_years_without_cause},
            {"what_is_noticed", test_what_is_noticed},
            {"twice_is_not_noticed", test_twice_is_not_noticed},
            {"starts_and_ends", test_starts_and_ends},
            {"time_at_once", test_time_at_once},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "volume", tests);
}
