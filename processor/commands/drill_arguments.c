#include "commands/drill_arguments.h"

#include <getopt.h>
#include <stdlib.h>

#include "commands/drill_event.h"
#include "common/conf_scalar.h"
#include "model/drill.h"

enum {
    RATE_MAX = 10000,
    SENDING_MAX_S = 240, // the drill is over after five minutes
    WAIT_MAX_MS = 600000,
};

enum { OPTION_OPERATOR = 256, OPTION_REASON, OPTION_SIZE, OPTION_RATE, OPTION_WAIT, OPTION_ANSWER };

void drill_print_usage(FILE *out)
{
    fputs("usage: wrongnumber drill [-c FILE] [-X NAME=VALUE]... --operator NAME --reason TEXT "
          "[OPTION]...\n"
          "\n"
          "Sends a wrong batch that goes to nobody: messages of tenant " DRILL_TENANT
          ", which every sender drops, to numbers\n"
          "that are nobody's. Waits until they are held, and prints drill.completed with the time "
          "from "
          "the first\n"
          "message to the hold on topics.commands, by the clock here. Nothing is sent unless a "
          "processor answers.\n"
          "\n" OPTIONS_USAGE
          "      --operator NAME   who wants it; else WN_OPERATOR of the environment\n"
          "      --reason TEXT     why\n"
          "      --size N          so many messages, 1 to 1000 (60)\n"
          "      --rate N          so many a second (20); all within four minutes\n"
          "      --wait TIME       how long to wait behind the last one (60s)\n"
          "      --answer TIME     how long a processor may take to answer the record (30s)\n"
          "  -h, --help            this text\n"
          "\n"
          "exit status: 0 detected; 1 missed: no hold stood on topics.commands in that time; 65 "
          "refused, or no\n"
          "message can be built by `fields`; 69 Kafka is away, no processor has answered, or the "
          "hold or what the\n"
          "processor tells of it was seen alone; 64 wrong use; 77 our Kafka user may not; 78 the "
          "configuration is\n"
          "wrong\n",
            out);
}

static bool read_time(const char *name, const char *text, int64_t *ret_ms)
{
    int64_t ms = 0;
    if (conf_scalar_read(CONF_DURATION, view_of(text), &ms) != CONF_READ_OK || ms < 1 ||
            ms > WAIT_MAX_MS) {
        fprintf(stderr, "%s %s: expected a time such as 60s, 10m at most\n", name, text);
        return false;
    }
    *ret_ms = ms;
    return true;
}

static bool take_option(struct drill_arguments *args, int option, char *argument)
{
    switch (option) {
    case OPTION_OPERATOR:
        args->words.operator_id = argument;
        return true;
    case OPTION_REASON:
        args->words.reason = argument;
        return true;
    case OPTION_SIZE:
        return options_number("--size", argument, 1, DRILL_NUMBERS, &args->size);
    case OPTION_RATE:
        return options_number("--rate", argument, 1, RATE_MAX, &args->rate);
    case OPTION_WAIT:
        return read_time("--wait", argument, &args->wait_ms);
    case OPTION_ANSWER:
        return read_time("--answer", argument, &args->answer_ms);
    default:
        return options_take(&args->options, option, argument);
    }
}

const char *drill_arguments_parse(struct drill_arguments *args, int argc, char **argv)
{
    static const struct option longs[] = {OPTIONS_LONG,
            {"operator", required_argument, NULL, OPTION_OPERATOR},
            {"reason", required_argument, NULL, OPTION_REASON},
            {"size", required_argument, NULL, OPTION_SIZE},
            {"rate", required_argument, NULL, OPTION_RATE},
            {"wait", required_argument, NULL, OPTION_WAIT},
            {"answer", required_argument, NULL, OPTION_ANSWER}, {NULL, 0, NULL, 0}};
    optind = 0; // glibc: start afresh, main has been here
    for (int c; (c = getopt_long(argc, argv, OPTIONS_SHORT, longs, NULL)) != -1;) {
        if (!take_option(args, c, optarg)) {
            return "";
        }
    }
    if (args->options.helps) {
        return NULL;
    }
    if (args->words.operator_id == NULL) {
        args->words.operator_id = getenv("WN_OPERATOR");
    }
    return optind < argc                             ? "takes no arguments, only options"
           : args->size / args->rate > SENDING_MAX_S ? "--size at --rate takes above four minutes"
                                                     : control_words_wrong(&args->words);
}
