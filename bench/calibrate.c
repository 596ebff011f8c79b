// calibrate: how many misdirected messages the detector needs, measured by running it. The same
// bank_step_by as in the processor, at exactly the baseline given, from a fresh state.
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/commands.h"
#include "bench/exact_steps.h"
#include "bench/random.h"
#include "common/err.h"
#include "detect/bank.h"

enum { RATE_MAX = 64, RUNS_MAX = 10000000 };

// A rate that the detector cannot tell from healthy never ends a run by itself.
static const uint64_t RUN_MAX_MESSAGES = 20000000;

static const char *const help =
        "Usage: wrongnumber-bench calibrate --p0 RATE --p1 RATE[,RATE]... --budget A --runs N "
        "--seed N\n"
        "                                   [--guard RHO] [--leak]\n"
        "\n"
        "Runs the detector on made-up campaigns that go wrong with their first message, and prints "
        "a JSON\n"
        "array with one row a rate: p0, p1, budget, mean_misdirected, p95_misdirected, "
        "mean_messages, and\n"
        "undetected, the runs without an alarm within 20,000,000 messages (left out of the "
        "means).\n"
        "\n"
        "      --p0 RATE      the healthy rate of misdirected messages, exactly (0.005)\n"
        "      --p1 LIST      the rates of the campaigns gone wrong (1,0.5,0.1)\n"
        "      --budget A     one false alarm in A healthy messages at most (2e8)\n"
        "      --runs N       campaigns a rate (10000)\n"
        "      --seed N       same arguments, same bytes (1)\n"
        "      --guard RHO    with the clump guard (off)\n"
        "      --leak         with the leak node too (acute nodes only)\n"
        "  -h, --help\n";

struct calibration {
    double p0;
    double p1[RATE_MAX];
    size_t rate_count;
    double budget;
    uint64_t runs;
    uint64_t seed;
    double rho;
    bool leak;
};

struct measured {
    uint32_t *misdirected; // by run, of those that were detected
    uint64_t detected;
    double misdirected_sum;
    double messages_sum;
};

static bool parse_number(const char *text, double low, double high, double *ret_number)
{
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end != '\0' || !(number >= low && number <= high)) {
        return false;
    }
    *ret_number = number;
    return true;
}

static bool parse_rates(char *text, struct calibration *calibration)
{
    char *rest = text;
    calibration->rate_count = 0;
    while (rest != NULL) {
        char *rate = strsep(&rest, ",");
        if (calibration->rate_count == RATE_MAX ||
                !parse_number(rate, 1e-9, 1, &calibration->p1[calibration->rate_count])) {
            return false;
        }
        calibration->rate_count++;
    }
    return true;
}

// One campaign, message by message, until the first alarm. False when there is none.
static bool run_campaign(const struct calibration *calibration, const struct step_table *steps,
        const int64_t thresholds[NODE_COUNT], uint64_t bad_below, struct random *rng,
        uint32_t *ret_misdirected, uint64_t *ret_messages)
{
    struct bank bank = {0};
    uint32_t misdirected = 0;
    bool previous = false;
    unsigned nodes = calibration->leak ? NODE_COUNT : ACUTE_COUNT;
    for (uint64_t n = 1; n <= RUN_MAX_MESSAGES; n++) {
        bool bad = random_next(rng) >> 11 < bad_below;
        misdirected += bad;
        const struct bank_batch batch = {
                .good = !bad,
                .fresh = bad && !previous,
                .guarded = bad && previous,
                .first = (uint32_t)n,
        };
        previous = bad;
        bank_step_by(&bank, &batch, steps);
        for (unsigned j = 0; bad && j < nodes; j++) { // B4
            if (bank.nodes[j].w_nat6 >= thresholds[j]) {
                *ret_misdirected = misdirected;
                *ret_messages = n;
                return true;
            }
        }
    }
    return false;
}

static void measure(const struct calibration *calibration, double p1, struct random *rng,
        struct measured *measured)
{
    struct exact_steps exact;
    exact_steps_make(&exact, calibration->p0, calibration->rho);
    struct step_table steps = exact_steps_table(&exact);
    if (calibration->rho <= 0) {
        steps.up_guarded = steps.up;
    }
    int64_t thresholds[NODE_COUNT];
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        thresholds[j] = exact_threshold(calibration->budget, j);
    }
    // A draw is 53 bits; p1 = 1 is every one of them.
    uint64_t bad_below = (uint64_t)ldexp(p1, 53);
    measured->detected = 0;
    measured->misdirected_sum = 0;
    measured->messages_sum = 0;
    for (uint64_t run = 0; run < calibration->runs; run++) {
        uint32_t misdirected;
        uint64_t messages;
        if (run_campaign(
                    calibration, &steps, thresholds, bad_below, rng, &misdirected, &messages)) {
            measured->misdirected[measured->detected++] = misdirected;
            measured->misdirected_sum += misdirected;
            measured->messages_sum += (double)messages;
        }
    }
}

static int compare_counts(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void print_row(const struct calibration *calibration, double p1, struct measured *measured)
{
    printf("{\"p0\":%.9g,\"p1\":%.9g,\"budget\":%.15g,", calibration->p0, p1, calibration->budget);
    if (measured->detected == 0) {
        printf("\"mean_misdirected\":null,\"p95_misdirected\":null,\"mean_messages\":null,");
    } else {
        double n = (double)measured->detected;
        qsort(measured->misdirected, measured->detected, sizeof *measured->misdirected,
                compare_counts);
        uint64_t at = (measured->detected * 95 + 99) / 100 - 1;
        printf("\"mean_misdirected\":%.6f,\"p95_misdirected\":%u,\"mean_messages\":%.6f,",
                measured->misdirected_sum / n, (unsigned)measured->misdirected[at],
                measured->messages_sum / n);
    }
    printf("\"runs\":%llu,\"undetected\":%llu}", (unsigned long long)calibration->runs,
            (unsigned long long)(calibration->runs - measured->detected));
}

static int calibrate(const struct calibration *calibration)
{
    struct measured measured = {
            .misdirected = calloc(calibration->runs, sizeof *measured.misdirected)};
    if (measured.misdirected == NULL) {
        return err_exit_status(ERR_NO_MEMORY);
    }
    struct random rng;
    random_init(&rng, calibration->seed);
    putchar('[');
    for (size_t i = 0; i < calibration->rate_count; i++) {
        measure(calibration, calibration->p1[i], &rng, &measured);
        printf(i > 0 ? ",\n " : "\n ");
        print_row(calibration, calibration->p1[i], &measured);
    }
    printf("\n]\n");
    free(measured.misdirected);
    if (fflush(stdout) != 0) {
        perror("wrongnumber-bench calibrate: standard output");
        return err_exit_status(ERR_IO);
    }
    return 0;
}

static int usage(const char *what)
{
    fprintf(stderr, "wrongnumber-bench calibrate: %s\nTry `wrongnumber-bench calibrate --help`.\n",
            what);
    return err_exit_status(ERR_USAGE);
}

// NULL, or what is wrong.
static const char *parse_option(int option, char *argument, struct calibration *calibration)
{
    double number;
    switch (option) {
    case 'p':
        return parse_number(argument, 1e-6, 0.3, &calibration->p0)
                       ? NULL
                       : "--p0 takes a rate from 1e-6 to 0.3";
    case 'q':
        return parse_rates(argument, calibration) ? NULL : "--p1 takes rates above 0, up to 1";
    case 'b':
        return parse_number(argument, 2, 1e15, &calibration->budget)
                       ? NULL
                       : "--budget takes a number from 2 to 1e15";
    case 'n':
        if (!parse_number(argument, 1, RUNS_MAX, &number)) {
            return "--runs takes a number from 1 to 10000000";
        }
        calibration->runs = (uint64_t)number;
        return NULL;
    case 's':
        if (!parse_number(argument, 0, 9007199254740991.0, &number)) {
            return "--seed takes a whole number";
        }
        calibration->seed = (uint64_t)number;
        return NULL;
    case 'g':
        return parse_number(argument, 0, 0.5, &calibration->rho)
                       ? NULL
                       : "--guard takes a share from 0 to 0.5";
    case 'l':
        calibration->leak = true;
        return NULL;
    default:
        return "unknown option";
    }
}

int bench_calibrate(int argc, char **argv)
{
    static const struct option options[] = {
            {"p0", required_argument, NULL, 'p'},
            {"p1", required_argument, NULL, 'q'},
            {"budget", required_argument, NULL, 'b'},
            {"runs", required_argument, NULL, 'n'},
            {"seed", required_argument, NULL, 's'},
            {"guard", required_argument, NULL, 'g'},
            {"leak", no_argument, NULL, 'l'},
            {"help", no_argument, NULL, 'h'},
            {NULL, 0, NULL, 0},
    };
    struct calibration calibration = {.p0 = 0.005,
            .p1 = {1, 0.5, 0.1},
            .rate_count = 3,
            .budget = 2e8,
            .runs = 10000,
            .seed = 1};
    int option;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        const char *wrong = parse_option(option, optarg, &calibration);
        if (wrong != NULL) {
            return usage(wrong);
        }
    }
    return optind == argc ? calibrate(&calibration) : usage("takes no arguments, only options");
}
