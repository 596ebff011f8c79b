// sweep: what would have fired under other settings, side by side.
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/commands.h"
#include "bench/sweep.h"
#include "model/frame.h"

enum { DOCUMENT_MAX_BYTES = 256 * 1024 * 1024 };

static const char *const help =
        "Usage: wrongnumber-bench sweep --events FILE (--relationships FILE | --redis URI)\n"
        "                               [-c CONFIG]... [--labels FILE [--scenario FILE]]\n"
        "                               [--budgets LIST] [--prior-rates LIST] [--guards LIST]\n"
        "                               [--learning LIST] [--start-credit LIST] [--frame N] [--out "
        "FILE]\n"
        "\n"
        "Judges the messages once a configuration and runs the detector over them once a setting:\n"
        "every combination of the listed values, in every configuration. Prints a table on "
        "standard\n"
        "error and a JSON array on standard output: incidents, holds, messages held, and with "
        "labels\n"
        "false quarantines, what was caught, misdirected messages until the hold, escapes, good\n"
        "messages held. Each row equals what `replay` and `score` would say with such a file.\n"
        "\n"
        "      --events FILE         as for `replay`\n"
        "      --relationships FILE, --redis URI\n"
        "  -c, --config FILE         may be given more than once (default: the defaults)\n"
        "      --labels FILE         the truth, as for `score`\n"
        "      --scenario FILE       (default: scenario.json beside the labels)\n"
        "      --budgets LIST        detector.budget: 1e6, 1e7, 1e8, 2e8, 1e9\n"
        "      --prior-rates LIST    detector.prior_rate: 0.5% or 0.005\n"
        "      --guards LIST         detector.clump_guard: on, off\n"
        "      --learning LIST       detector.learning: on, off\n"
        "      --start-credit LIST   detector.start_credit: on, off\n"
        "      --frame N             messages a tally frame (default 1)\n"
        "      --out FILE            the JSON goes there instead\n"
        "  -h, --help\n";

enum {
    OPTION_EVENTS = 256,
    OPTION_RELATIONSHIPS,
    OPTION_REDIS,
    OPTION_LABELS,
    OPTION_SCENARIO,
    OPTION_BUDGETS,
    OPTION_PRIOR_RATES,
    OPTION_GUARDS,
    OPTION_LEARNING,
    OPTION_CREDIT,
    OPTION_FRAME,
    OPTION_OUT
};

static const struct option options[] = {
        {"events", required_argument, NULL, OPTION_EVENTS},
        {"relationships", required_argument, NULL, OPTION_RELATIONSHIPS},
        {"redis", required_argument, NULL, OPTION_REDIS},
        {"config", required_argument, NULL, 'c'},
        {"labels", required_argument, NULL, OPTION_LABELS},
        {"scenario", required_argument, NULL, OPTION_SCENARIO},
        {"budgets", required_argument, NULL, OPTION_BUDGETS},
        {"prior-rates", required_argument, NULL, OPTION_PRIOR_RATES},
        {"guards", required_argument, NULL, OPTION_GUARDS},
        {"learning", required_argument, NULL, OPTION_LEARNING},
        {"start-credit", required_argument, NULL, OPTION_CREDIT},
        {"frame", required_argument, NULL, OPTION_FRAME},
        {"out", required_argument, NULL, OPTION_OUT},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
};

static int usage(const char *what)
{
    fprintf(stderr, "wrongnumber-bench sweep: %s\nTry `wrongnumber-bench sweep --help`.\n", what);
    return err_exit_status(ERR_USAGE);
}

static bool read_budgets(char *text, struct sweep_options *sweep)
{
    sweep->budget_count = 0;
    for (char *word = strsep(&text, ","); word != NULL; word = strsep(&text, ",")) {
        uint32_t budget = 0;
        while (policy_budget_names[budget] != NULL &&
                strcmp(word, policy_budget_names[budget]) != 0) {
            budget++;
        }
        if (policy_budget_names[budget] == NULL || sweep->budget_count == SWEEP_VALUES_MAX) {
            return false;
        }
        sweep->budgets[sweep->budget_count++] = budget;
    }
    return true;
}

static bool read_rates(char *text, struct sweep_options *sweep)
{
    sweep->prior_rate_count = 0;
    for (char *word = strsep(&text, ","); word != NULL; word = strsep(&text, ",")) {
        char *end;
        double rate = strtod(word, &end);
        if (*end == '%') {
            rate /= 100;
            end++;
        }
        bool is_rate = end != word && *end == '\0' && rate >= 1e-4 && rate <= 0.04;
        if (!is_rate || sweep->prior_rate_count == SWEEP_VALUES_MAX) {
            return false;
        }
        sweep->prior_rates[sweep->prior_rate_count++] = (uint32_t)lround(rate * 1e6);
    }
    return true;
}

static bool read_switches(char *text, bool ret_values[2], uint32_t *ret_count)
{
    *ret_count = 0;
    for (char *word = strsep(&text, ","); word != NULL; word = strsep(&text, ",")) {
        bool is_on = strcmp(word, "on") == 0;
        if ((!is_on && strcmp(word, "off") != 0) || *ret_count == 2) {
            return false;
        }
        ret_values[(*ret_count)++] = is_on;
    }
    return true;
}

static bool read_frame(const char *text, uint32_t *ret_frame)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || number < 1 || number > CHUNK_OFFSETS) {
        return false;
    }
    *ret_frame = (uint32_t)number;
    return true;
}

// NULL, or what is wrong.
static const char *parse_list(int option, struct sweep_options *sweep)
{
    switch (option) {
    case OPTION_BUDGETS:
        return read_budgets(optarg, sweep) ? NULL : "--budgets takes 1e6, 1e7, 1e8, 2e8, 1e9";
    case OPTION_PRIOR_RATES:
        return read_rates(optarg, sweep)
                       ? NULL
                       : "--prior-rates takes rates from 0.01% to 4%, such as 0.5% or 0.005";
    case OPTION_GUARDS:
        return read_switches(optarg, sweep->guards, &sweep->guard_count) ? NULL
                                                                         : "--guards takes on, off";
    case OPTION_LEARNING:
        return read_switches(optarg, sweep->learning, &sweep->learning_count)
                       ? NULL
                       : "--learning takes on, off";
    case OPTION_CREDIT:
        return read_switches(optarg, sweep->credit, &sweep->credit_count)
                       ? NULL
                       : "--start-credit takes on, off";
    case OPTION_FRAME:
        return read_frame(optarg, &sweep->replay.frame_messages)
                       ? NULL
                       : "--frame takes a number from 1 to 4096";
    default:
        return "unknown option";
    }
}

static const char *parse_option(int option, struct sweep_options *sweep, const char **ret_out)
{
    switch (option) {
    case OPTION_EVENTS:
        sweep->replay.events = optarg;
        return NULL;
    case OPTION_RELATIONSHIPS:
        sweep->replay.relationships = optarg;
        return NULL;
    case OPTION_REDIS:
        sweep->replay.redis = optarg;
        return NULL;
    case OPTION_LABELS:
        sweep->labels = optarg;
        return NULL;
    case OPTION_SCENARIO:
        sweep->scenario = optarg;
        return NULL;
    case OPTION_OUT:
        *ret_out = optarg;
        return NULL;
    case 'c':
        if (sweep->config_count == SWEEP_CONFIGS_MAX) {
            return "too many configurations";
        }
        sweep->configs[sweep->config_count++] = optarg;
        return NULL;
    default:
        return parse_list(option, sweep);
    }
}

static enum err write_json(
        const struct sweep_options *sweep, const struct sweep_rows *rows, const char *path)
{
    struct strbuf text;
    strbuf_init(&text, DOCUMENT_MAX_BYTES);
    sweep_add_json(&text, sweep, rows);
    enum err e = text.failed;
    FILE *file = path != NULL ? fopen(path, "we") : stdout;
    if (file == NULL) {
        fprintf(stderr, "wrongnumber-bench sweep: %s: cannot be written\n", path);
        e = ERR_IO;
    } else if (e == ERR_NONE && fwrite(text.p, 1, text.n, file) != text.n) {
        e = ERR_IO;
    }
    if (file != NULL && (file == stdout ? fflush(file) : fclose(file)) != 0) {
        e = ERR_IO;
    }
    strbuf_fini(&text);
    return e;
}

static int sweep_all(struct sweep_options *sweep, const char *out)
{
    if (sweep->config_count == 0) {
        sweep->config_count = 1; // the defaults
    }
    struct sweep_rows rows;
    enum err e = sweep_run(sweep, &rows);
    if (e == ERR_NONE) {
        sweep_print_table(sweep, &rows);
        e = write_json(sweep, &rows, out);
    }
    sweep_rows_fini(&rows);
    return err_exit_status(e);
}

int bench_sweep(int argc, char **argv)
{
    struct sweep_options sweep = {.replay = {.verb = "sweep", .frame_messages = 1}};
    const char *out = NULL;
    int option;
    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        const char *wrong = parse_option(option, &sweep, &out);
        if (wrong != NULL) {
            return usage(wrong);
        }
    }
    if (optind != argc) {
        return usage("takes no arguments, only options");
    }
    if (sweep.replay.events == NULL) {
        return usage("--events is missing");
    }
    if ((sweep.replay.relationships == NULL) == (sweep.replay.redis == NULL)) {
        return usage("one of --relationships and --redis is needed");
    }
    if (sweep.config_count > 1 && strcmp(sweep.replay.events, "-") == 0) {
        return usage("standard input can be read for one configuration only");
    }
    return sweep_all(&sweep, out);
}
