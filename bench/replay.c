// replay: recorded traffic through the very stage functions of the live processor, from files and
// into files.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/commands.h"
#include "bench/replay.h"
#include "model/frame.h"

static const char *const help =
        "Usage: wrongnumber-bench replay --events FILE|- (--relationships FILE | --redis URI)\n"
        "                                [--complaints FILE] [--control FILE] [-c CONFIG]\n"
        "                                --out DIR\n"
        "                                [--frame N] [--batch N] [--restart N]\n"
        "                                [--verdicts all|flagged|none]\n"
        "       wrongnumber-bench replay --tallies FILE|- [-c CONFIG] --out DIR [--restart N]\n"
        "\n"
        "Judges recorded messages offline: writes verdicts.ndjson, alerts.ndjson,\n"
        "quarantine-commands.ndjson, quarantine-state.ndjson, control-state.ndjson, "
        "dead-letter.ndjson and "
        "summary.json.\n"
        "The same input gives the same bytes (summary.json also has timings).\n"
        "\n"
        "  --events FILE         one event a line, or the envelope of `kcat -J`\n"
        "  --complaints FILE     complaints, one a line, by their times: each comes behind the\n"
        "                        events that are not after it\n"
        "  --control FILE        commands of operators, likewise\n"
        "  --relationships FILE  loader lines, kept in memory; lines that are refused are told\n"
        "                        and left out\n"
        "  --redis URI           redis://host:port/database or unix:///path (or host:port, "
        "unix:/path),\n"
        "                        filled by `wrongnumber load`\n"
        "  --tallies FILE        instead of events: recorded tally frames, the value as "
        "payload_base64\n"
        "                        in the envelope of `kcat -J`; writes alerts and commands only.\n"
        "                        They go by the policies that the log names, which summary.json\n"
        "                        lists, and up to the first by the configuration's\n"
        "  -c, --config FILE     without it the defaults, and the pseudonym key \"demo\"\n"
        "  --out DIR             where the files go; made when it is not there\n"
        "  --frame N             messages a tally frame (default 1: what is held, and when, is "
        "exact)\n"
        "  --batch N             messages a lookup (default: the configuration's)\n"
        "  --restart N           every N frames the detect half is saved, thrown away and "
        "restored,\n"
        "                        as by its snapshots; the bytes out are the same\n"
        "  --verdicts WHICH      all (default), flagged (what goes wrong, and what the policy "
        "speaks\n"
        "                        against) or none; summary.json counts all of them. A line for "
        "each\n"
        "                        message is a good part of what a replay costs; `score` and\n"
        "                        `report` want all\n"
        "  -h, --help\n";

enum {
    OPTION_EVENTS = 256,
    OPTION_COMPLAINTS,
    OPTION_CONTROL,
    OPTION_RELATIONSHIPS,
    OPTION_REDIS,
    OPTION_TALLIES,
    OPTION_OUT,
    OPTION_FRAME,
    OPTION_BATCH,
    OPTION_RESTART,
    OPTION_VERDICTS,
};

static const struct option options[] = {
        {"events", required_argument, NULL, OPTION_EVENTS},
        {"complaints", required_argument, NULL, OPTION_COMPLAINTS},
        {"control", required_argument, NULL, OPTION_CONTROL},
        {"relationships", required_argument, NULL, OPTION_RELATIONSHIPS},
        {"redis", required_argument, NULL, OPTION_REDIS},
        {"tallies", required_argument, NULL, OPTION_TALLIES},
        {"config", required_argument, NULL, 'c'},
        {"out", required_argument, NULL, OPTION_OUT},
        {"frame", required_argument, NULL, OPTION_FRAME},
        {"batch", required_argument, NULL, OPTION_BATCH},
        {"restart", required_argument, NULL, OPTION_RESTART},
        {"verdicts", required_argument, NULL, OPTION_VERDICTS},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
};

static int usage(const char *what)
{
    fprintf(stderr, "wrongnumber-bench replay: %s\nTry `wrongnumber-bench replay --help`.\n", what);
    return err_exit_status(ERR_USAGE);
}

static bool parse_count(const char *text, uint32_t max, uint32_t *ret_count)
{
    char *end;
    unsigned long long number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || number < 1 || number > max) {
        return false;
    }
    *ret_count = (uint32_t)number;
    return true;
}

// The words of the option `verdicts` of the configuration.
static bool parse_verdicts(const char *text, enum verdict_output *ret_verdicts)
{
    for (unsigned i = 0; verdict_output_words[i] != NULL; i++) {
        if (strcmp(text, verdict_output_words[i]) == 0) {
            *ret_verdicts = (enum verdict_output)i;
            return true;
        }
    }
    return false;
}

// Returns NULL or what is wrong.
static const char *parse_option(int option, struct replay_options *replay)
{
    switch (option) {
    case OPTION_EVENTS:
        replay->events = optarg;
        return NULL;
    case OPTION_COMPLAINTS:
        replay->complaints = optarg;
        return NULL;
    case OPTION_CONTROL:
        replay->controls = optarg;
        return NULL;
    case OPTION_RELATIONSHIPS:
        replay->relationships = optarg;
        return NULL;
    case OPTION_REDIS:
        replay->redis = optarg;
        return NULL;
    case OPTION_TALLIES:
        replay->tallies = optarg;
        return NULL;
    case 'c':
        replay->config_path = optarg;
        return NULL;
    case OPTION_OUT:
        replay->out = optarg;
        return NULL;
    case OPTION_FRAME:
        return parse_count(optarg, CHUNK_OFFSETS, &replay->frame_messages)
                       ? NULL
                       : "--frame takes a number from 1 to 4096";
    case OPTION_BATCH:
        return parse_count(optarg, 100000, &replay->batch_messages)
                       ? NULL
                       : "--batch takes a number from 1 to 100000";
    case OPTION_RESTART:
        return parse_count(optarg, 1000000000, &replay->restart_frames)
                       ? NULL
                       : "--restart takes a number from 1 to 1000000000";
    case OPTION_VERDICTS:
        return parse_verdicts(optarg, &replay->verdicts) ? NULL
                                                         : "--verdicts takes all, flagged or none";
    default:
        return "unknown option";
    }
}

int bench_replay(int argc, char **argv)
{
    struct replay_options replay = {
            .verb = "replay", .verdicts = VERDICTS_ALL, .frame_messages = 1};
    int option;
    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        const char *wrong = parse_option(option, &replay);
        if (wrong != NULL) {
            return usage(wrong);
        }
    }
    if (optind != argc) {
        return usage("takes no arguments, only options");
    }
    if (replay.out == NULL) {
        return usage("--out is missing");
    }
    if ((replay.events == NULL) == (replay.tallies == NULL)) {
        return usage("one of --events and --tallies is needed");
    }
    if (replay.events != NULL && (replay.relationships == NULL) == (replay.redis == NULL)) {
        return usage("one of --relationships and --redis is needed");
    }
    if ((replay.complaints != NULL || replay.controls != NULL) && replay.tallies != NULL) {
        return usage("--complaints and --control go with --events: recorded frames hold theirs");
    }
    if (replay.verdicts != VERDICTS_ALL && replay.tallies != NULL) {
        return usage("--verdicts goes with --events: recorded frames have none");
    }
    return replay.tallies != NULL ? replay_tallies(&replay) : replay_events(&replay);
}
