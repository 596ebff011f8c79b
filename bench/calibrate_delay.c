// The delay of an alarm: campaigns that go wrong, run through the bank until it speaks.
#include <stdio.h>
#include <stdlib.h>

#include "bench/calibrate_feed.h"

// A rate that the detector cannot tell from healthy never ends a run by itself.
static const uint64_t RUN_MAX_MESSAGES = 20000000;

struct measured {
    // by run, of those that were detected
    uint32_t *misdirected;
    uint32_t *messages;
    uint64_t detected;
    uint64_t false_alarms;
    double misdirected_sum;
    double messages_sum;
};

// The messages before the change. False at an alarm.
static bool run_healthy(
        struct feed *feed, const struct gaps *gaps, struct random *rng, bool *behind)
{
    const struct calibration *calibration = feed->calibration;
    uint64_t left = calibration->healthy_before;
    if (calibration->batch > 1) {
        left += random_below(rng, calibration->batch); // the change is anywhere in a batch
    }
    while (left > 0) {
        uint64_t gap = gaps_draw(gaps, rng, *behind);
        *behind = *behind && gap == 0;
        if (feed_healthy(feed, gap < left ? gap : left)) {
            return false;
        }
        if (gap >= left) {
            *behind = false;
            return true;
        }
        if (feed_misdirected(feed, *behind)) {
            return false;
        }
        *behind = true;
        left -= gap + 1;
    }
    return true;
}

// From the change on. False when there is no alarm.
static bool run_wrong(struct feed *feed, const struct gaps *gaps, struct random *rng, bool behind,
        uint32_t *ret_misdirected)
{
    uint32_t misdirected = 0;
    uint64_t end = feed->messages + RUN_MAX_MESSAGES;
    while (feed->messages < end) {
        uint64_t gap = gaps_draw(gaps, rng, behind);
        behind = behind && gap == 0;
        bool alarm = feed_healthy(feed, gap);
        if (!alarm) {
            misdirected++;
            alarm = feed_misdirected(feed, behind);
        }
        if (alarm) {
            *ret_misdirected = misdirected;
            return true;
        }
        behind = true;
    }
    return false;
}

static void measure(const struct calibration *calibration, double p1, struct random *rng,
        struct measured *measured)
{
    struct feed feed;
    feed_init(&feed, calibration);
    const struct gaps healthy = gaps_of(calibration->true_p0, calibration->clump_rho);
    const struct gaps wrong = gaps_of(p1, 0);
    *measured =
            (struct measured){.misdirected = measured->misdirected, .messages = measured->messages};
    for (uint64_t run = 0; run < calibration->runs; run++) {
        bool behind;
        for (;;) {
            behind = false;
            feed_begin(&feed);
            if (run_healthy(&feed, &healthy, rng, &behind)) {
                break;
            }
            measured->false_alarms++;
        }
        uint64_t before = feed.messages;
        uint32_t misdirected;
        if (run_wrong(&feed, &wrong, rng, behind, &misdirected)) {
            uint32_t messages = (uint32_t)(feed.messages - before);
            measured->misdirected[measured->detected] = misdirected;
            measured->messages[measured->detected++] = messages;
            measured->misdirected_sum += misdirected;
            measured->messages_sum += messages;
        }
    }
}

static int compare_counts(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

// The least that 95 % of them are not above.
static unsigned p95(uint32_t *counts, uint64_t count)
{
    qsort(counts, count, sizeof *counts, compare_counts);
    return counts[(count * 95 + 99) / 100 - 1];
}

static void print_row(const struct calibration *calibration, double p1, struct measured *measured)
{
    printf("{\"p0\":%.9g,\"p1\":%.9g,\"budget\":%.15g,", calibration->p0, p1, calibration->budget);
    uint64_t n = measured->detected;
    if (n == 0) {
        printf("\"mean_misdirected\":null,\"p95_misdirected\":null,"
               "\"mean_messages\":null,\"p95_messages\":null,");
    } else {
        printf("\"mean_misdirected\":%.6f,\"p95_misdirected\":%u,"
               "\"mean_messages\":%.6f,\"p95_messages\":%u,",
                measured->misdirected_sum / (double)n, p95(measured->misdirected, n),
                measured->messages_sum / (double)n, p95(measured->messages, n));
    }
    printf("\"runs\":%llu,\"undetected\":%llu", (unsigned long long)calibration->runs,
            (unsigned long long)(calibration->runs - measured->detected));
    if (calibration->healthy_before > 0) {
        printf(",\"false_alarms\":%llu", (unsigned long long)measured->false_alarms);
    }
    putchar('}');
}

enum err calibrate_delay(const struct calibration *calibration)
{
    struct measured measured = {
            .misdirected = calloc(calibration->runs, sizeof *measured.misdirected),
            .messages = calloc(calibration->runs, sizeof *measured.messages),
    };
    enum err e =
            measured.misdirected != NULL && measured.messages != NULL ? ERR_NONE : ERR_NO_MEMORY;
    struct random rng;
    random_init(&rng, calibration->seed);
    for (size_t i = 0; i < calibration->rate_count && e == ERR_NONE; i++) {
        measure(calibration, calibration->p1[i], &rng, &measured);
        printf(i > 0 ? ",\n " : "[\n ");
        print_row(calibration, calibration->p1[i], &measured);
    }
    if (e == ERR_NONE) {
        printf("\n]\n");
    }
    free(measured.misdirected);
    free(measured.messages);
    return e;
}
