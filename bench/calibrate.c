// calibrate: how many misdirected messages the detector needs and how often it cries wolf, measured
// by running it: the same bank_step_by as in the processor, at exactly the baseline given; or, with
// --world, the whole second half, which has to learn its baselines.
#include "bench/calibrate.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/commands.h"
#include "detect/tables.h"

static const char *const help =
        "Usage: wrongnumber-bench calibrate --p0 RATE --p1 RATE[,RATE]... [--runs N] ...\n"
        "       wrongnumber-bench calibrate --p0 RATE --healthy N ...\n"
        "       wrongnumber-bench calibrate --world --healthy N [--worlds N] ...\n"
        "\n"
        "Runs the detector on made-up messages and prints JSON. The first form measures its "
        "delay: campaigns\n"
        "that go wrong, one row a rate, with p0, p1, budget, mean_misdirected, p95_misdirected, "
        "mean_messages\n"
        "(all from the change to the alarm), and undetected, the runs without an alarm within "
        "20,000,000\n"
        "messages (left out of the means). The second counts its false alarms on N healthy "
        "messages. The\n"
        "third does so with the whole second half of the processor on the traffic of many "
        "lenders, whose rates\n"
        "nobody tells it.\n"
        "\n"
        "The detector, but for --world:\n"
        "      --p0 RATE            the baseline that it goes by, exactly (0.005)\n"
        "      --budget A           one false alarm in A healthy messages at most (2e8)\n"
        "      --guard RHO          with the clump guard (off)\n"
        "      --credit R           with the start credit ln R (off)\n"
        "      --nodes WHICH        acute, leak or all (acute)\n"
        "      --leak               as --nodes all\n"
        "      --batch N            messages of a batch, stepped by their net (1)\n"
        "The messages:\n"
        "      --true-p0 RATE       their healthy rate (that of --p0)\n"
        "      --clumps RHO         P(misdirected) of a healthy message that follows a misdirected "
        "one (off)\n"
        "      --seed N             same arguments, same bytes (1)\n"
        "Delay:\n"
        "      --p1 LIST            the rates of the campaigns gone wrong (1,0.5,0.1)\n"
        "      --runs N             campaigns a rate (10000)\n"
        "      --healthy-before N   healthy messages of each before it goes wrong (0)\n"
        "False alarms:\n"
        "      --healthy N          how many healthy messages\n"
        "      --campaign N         in campaigns of so many, each from a fresh bank (one for "
        "good)\n"
        "      --world              of 20 lenders, by the configuration\n"
        "      --worlds N           in so many worlds, one after the other, each new (1)\n"
        "      --sources N          source partitions of a world (4)\n"
        "  -c, --config FILE        the configuration of --world; without it, its defaults\n"
        "  -h, --help\n";

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

static bool parse_count(const char *text, double low, double high, uint64_t *ret_count)
{
    double number;
    if (!parse_number(text, low, high, &number) || number != floor(number)) {
        return false;
    }
    *ret_count = (uint64_t)number;
    return true;
}

static bool parse_count32(const char *text, double low, double high, uint32_t *ret_count)
{
    uint64_t count;
    if (!parse_count(text, low, high, &count)) {
        return false;
    }
    *ret_count = (uint32_t)count;
    return true;
}

static bool parse_rates(char *text, struct calibration *calibration)
{
    char *rest = text;
    calibration->rate_count = 0;
    while (rest != NULL) {
        char *rate = strsep(&rest, ",");
        if (calibration->rate_count == CALIBRATE_RATE_MAX ||
                !parse_number(rate, 1e-9, 1, &calibration->p1[calibration->rate_count])) {
            return false;
        }
        calibration->rate_count++;
    }
    return true;
}

static bool parse_nodes(const char *text, struct calibration *calibration)
{
    static const struct {
        const char *word;
        unsigned first;
        unsigned end;
    } words[] = {
            {"acute", 0, ACUTE_COUNT}, {"leak", NODE_LEAK, NODE_COUNT}, {"all", 0, NODE_COUNT}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(text, words[i].word) == 0) {
            calibration->first_node = words[i].first;
            calibration->end_node = words[i].end;
            return true;
        }
    }
    return false;
}

enum {
    OPTION_P0 = 256,
    OPTION_P1,
    OPTION_BUDGET,
    OPTION_RUNS,
    OPTION_SEED,
    OPTION_GUARD,
    OPTION_CREDIT,
    OPTION_LEAK,
    OPTION_NODES,
    OPTION_BATCH,
    OPTION_TRUE_P0,
    OPTION_CLUMPS,
    OPTION_HEALTHY_BEFORE,
    OPTION_HEALTHY,
    OPTION_CAMPAIGN,
    OPTION_WORLD,
    OPTION_WORLDS,
    OPTION_SOURCES,
};

static const double COUNT_MAX = 9007199254740991.0;

// NULL, or what is wrong.
static const char *parse_detector(int option, char *argument, struct calibration *calibration)
{
    switch (option) {
    case OPTION_P0:
        return parse_number(argument, 1e-6, 0.3, &calibration->p0)
                       ? NULL
                       : "--p0 takes a rate from 1e-6 to 0.3";
    case OPTION_BUDGET:
        return parse_number(argument, 2, 1e15, &calibration->budget)
                       ? NULL
                       : "--budget takes a number from 2 to 1e15";
    case OPTION_GUARD:
        return parse_number(argument, 0, 0.5, &calibration->rho)
                       ? NULL
                       : "--guard takes a share from 0 to 0.5";
    case OPTION_CREDIT:
        return parse_number(argument, 1, 1000, &calibration->credit)
                       ? NULL
                       : "--credit takes a number from 1 to 1000";
    case OPTION_LEAK:
        return parse_nodes("all", calibration) ? NULL : "--leak";
    case OPTION_NODES:
        return parse_nodes(argument, calibration) ? NULL : "--nodes takes acute, leak or all";
    case OPTION_BATCH:
        return parse_count32(argument, 1, 1e6, &calibration->batch)
                       ? NULL
                       : "--batch takes a whole number from 1 to 1000000";
    default:
        return "unknown option";
    }
}

static const char *parse_option(int option, char *argument, struct calibration *calibration)
{
    switch (option) {
    case OPTION_TRUE_P0:
        return parse_number(argument, 1e-6, 0.5, &calibration->true_p0)
                       ? NULL
                       : "--true-p0 takes a rate from 1e-6 to 0.5";
    case OPTION_CLUMPS:
        return parse_number(argument, 0, 0.9, &calibration->clump_rho)
                       ? NULL
                       : "--clumps takes a share from 0 to 0.9";
    case OPTION_SEED:
        return parse_count(argument, 0, COUNT_MAX, &calibration->seed)
                       ? NULL
                       : "--seed takes a whole number";
    case OPTION_P1:
        return parse_rates(argument, calibration) ? NULL : "--p1 takes rates above 0, up to 1";
    case OPTION_RUNS:
        return parse_count(argument, 1, 1e7, &calibration->runs)
                       ? NULL
                       : "--runs takes a whole number from 1 to 10000000";
    case OPTION_HEALTHY_BEFORE:
        return parse_count(argument, 0, 1e9, &calibration->healthy_before)
                       ? NULL
                       : "--healthy-before takes a whole number up to 1e9";
    case OPTION_HEALTHY:
        return parse_count(argument, 1, 1e15, &calibration->healthy)
                       ? NULL
                       : "--healthy takes a whole number from 1 to 1e15";
    case OPTION_CAMPAIGN:
        return parse_count(argument, 1, 1e15, &calibration->campaign_messages)
                       ? NULL
                       : "--campaign takes a whole number from 1 to 1e15";
    case OPTION_WORLD:
        calibration->world = true;
        return NULL;
    case OPTION_WORLDS:
        return parse_count32(argument, 1, 1000, &calibration->worlds)
                       ? NULL
                       : "--worlds takes a whole number from 1 to 1000";
    case OPTION_SOURCES:
        return parse_count32(argument, 1, 64, &calibration->sources)
                       ? NULL
                       : "--sources takes a whole number from 1 to 64";
    case 'c':
        calibration->config_path = argument;
        return NULL;
    default:
        return parse_detector(option, argument, calibration);
    }
}

static int usage(const char *what)
{
    fprintf(stderr, "wrongnumber-bench calibrate: %s\nTry `wrongnumber-bench calibrate --help`.\n",
            what);
    return err_exit_status(ERR_USAGE);
}

static int calibrate(const struct calibration *calibration)
{
    enum err e = calibration->world         ? calibrate_world(calibration)
                 : calibration->healthy > 0 ? calibrate_healthy(calibration)
                                            : calibrate_delay(calibration);
    if (e == ERR_NONE && fflush(stdout) != 0) {
        e = ERR_IO;
    }
    if (e != ERR_NONE) {
        fprintf(stderr, "wrongnumber-bench calibrate: %s\n", err_text(e));
    }
    return err_exit_status(e);
}

int bench_calibrate(int argc, char **argv)
{
    static const struct option options[] = {
            {"p0", required_argument, NULL, OPTION_P0},
            {"p1", required_argument, NULL, OPTION_P1},
            {"budget", required_argument, NULL, OPTION_BUDGET},
            {"runs", required_argument, NULL, OPTION_RUNS},
            {"seed", required_argument, NULL, OPTION_SEED},
            {"guard", required_argument, NULL, OPTION_GUARD},
            {"credit", required_argument, NULL, OPTION_CREDIT},
            {"leak", no_argument, NULL, OPTION_LEAK},
            {"nodes", required_argument, NULL, OPTION_NODES},
            {"batch", required_argument, NULL, OPTION_BATCH},
            {"true-p0", required_argument, NULL, OPTION_TRUE_P0},
            {"clumps", required_argument, NULL, OPTION_CLUMPS},
            {"healthy-before", required_argument, NULL, OPTION_HEALTHY_BEFORE},
            {"healthy", required_argument, NULL, OPTION_HEALTHY},
            {"campaign", required_argument, NULL, OPTION_CAMPAIGN},
            {"world", no_argument, NULL, OPTION_WORLD},
            {"worlds", required_argument, NULL, OPTION_WORLDS},
            {"sources", required_argument, NULL, OPTION_SOURCES},
            {"config", required_argument, NULL, 'c'},
            {"help", no_argument, NULL, 'h'},
            {NULL, 0, NULL, 0},
    };
    struct calibration calibration = {.p0 = 0.005,
            .p1 = {1, 0.5, 0.1},
            .rate_count = 3,
            .budget = 2e8,
            .end_node = ACUTE_COUNT,
            .batch = 1,
            .runs = 10000,
            .worlds = 1,
            .sources = 4,
            .seed = 1};
    int option;
    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        const char *wrong = parse_option(option, optarg, &calibration);
        if (wrong != NULL) {
            return usage(wrong);
        }
    }
    if (optind != argc) {
        return usage("takes no arguments, only options");
    }
    if (calibration.world && calibration.healthy == 0) {
        return usage("--world wants --healthy");
    }
    if (calibration.true_p0 <= 0) {
        calibration.true_p0 = calibration.p0;
    }
    return calibrate(&calibration);
}
