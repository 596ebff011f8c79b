// False alarms of one bank on healthy messages. Only misdirected ones are drawn, and what lies
// between two of them is one step: exact, because healthy messages only lower a statistic, so
// neither an alarm nor the cut at 0 can tell many steps from their sum. A thousand million messages
// at 0.5 % are ten million steps.
#include <stdio.h>

#include "bench/calibrate_feed.h"
#include "bench/statistics.h"

struct counted {
    uint64_t messages;
    uint64_t misdirected;
    uint64_t alarms;
};

// One campaign of `messages`; a new bank after each alarm.
static void run_campaign(struct feed *feed, const struct gaps *gaps, struct random *rng,
        uint64_t messages, struct counted *counted)
{
    bool behind = false;
    uint64_t left = messages;
    feed_begin(feed);
    while (left > 0) {
        uint64_t gap = gaps_draw(gaps, rng, behind);
        behind = behind && gap == 0;
        bool ends = gap >= left;
        uint64_t healthy = ends ? left : gap;
        uint64_t before = feed->messages;
        if (feed_healthy(feed, healthy)) {
            counted->alarms++;
            healthy -= feed->messages - before;
            feed_begin(feed);
            (void)feed_healthy(feed, healthy);
        }
        if (ends) {
            break;
        }
        counted->misdirected++;
        if (feed_misdirected(feed, behind)) {
            counted->alarms++;
            feed_begin(feed);
        }
        behind = true;
        left -= gap + 1;
    }
    counted->messages += messages;
}

static void print(const struct calibration *calibration, const struct counted *counted)
{
    double messages = (double)counted->messages;
    double interval[2];
    poisson_interval(counted->alarms, interval);
    printf("{\"p0\":%.9g,\"true_p0\":%.9g,\"budget\":%.15g,\"guard\":%.9g,\"credit\":%.9g,"
           "\"clumps\":%.9g,\"batch\":%u,\"messages\":%llu,\"misdirected\":%llu,"
           "\"false_alarms\":%llu,",
            calibration->p0, calibration->true_p0, calibration->budget, calibration->rho,
            calibration->credit, calibration->clump_rho, (unsigned)calibration->batch,
            (unsigned long long)counted->messages, (unsigned long long)counted->misdirected,
            (unsigned long long)counted->alarms);
    if (counted->alarms > 0) {
        printf("\"messages_to_alarm\":%.6g,", messages / (double)counted->alarms);
    } else {
        printf("\"messages_to_alarm\":null,");
    }
    printf("\"per_1e8\":%.6g,\"interval\":[%.6g,%.6g],\"guaranteed_per_1e8\":%.6g}\n",
            (double)counted->alarms * 1e8 / messages, interval[0] * 1e8 / messages,
            interval[1] * 1e8 / messages, 1e8 / calibration->budget);
}

enum err calibrate_healthy(const struct calibration *calibration)
{
    struct random rng;
    random_init(&rng, calibration->seed);
    struct feed feed;
    feed_init(&feed, calibration);
    const struct gaps gaps = gaps_of(calibration->true_p0, calibration->clump_rho);
    struct counted counted = {0};
    uint64_t all = calibration->healthy;
    uint64_t campaign = calibration->campaign_messages > 0 ? calibration->campaign_messages : all;
    while (counted.messages < all) {
        uint64_t left = all - counted.messages;
        run_campaign(&feed, &gaps, &rng, campaign < left ? campaign : left, &counted);
    }
    print(calibration, &counted);
    return ERR_NONE;
}
