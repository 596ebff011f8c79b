// status: what is held now and which incidents are open, or all about one of them, from the topics.
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/options.h"
#include "commands/status_read.h"
#include "commands/stop.h"
#include "commands/open_zone.h"
#include "common/clock.h"
#include "common/log.h"

enum { TIMEOUT_S = 30, OUTPUT_MAX_BYTES = 1 << 30, INCIDENT_HEX = 32 };

// clang-format off
static const char usage[] =
        "usage: wrongnumber status [-c FILE] [-X NAME=VALUE]... [--incident ID] [--json] [--zone ZONE]\n"
        "                          [--timeout S]\n"
        "\n"
        "Prints what is held now, by whom, why and until when; what waits for a second person; which\n"
        "incidents are open, what escaped their holds and what was held; what was released within a day.\n"
        "Reads the topics on the side: joins no group, changes nothing.\n"
        "\n"
        OPTIONS_USAGE
        "      --incident ID     all about one of them: its holds, and the misdirected messages of its\n"
        "                        scopes since it began, whom they have reached and who was spared, by\n"
        "                        message id and pseudonym. Needs topics.verdicts\n"
        "      --json            one JSON object\n"
        "      --zone ZONE       of the times in the text: an offset such as +08:00, or a name such as\n"
        "                        America/New_York; else UTC\n"
        "      --timeout S       give up when the topics cannot be read in that time (default 30)\n"
        "  -h, --help            this text\n"
        "\n"
        "exit status: 0; 65 no alert tells of that incident; 69 Kafka is away or a topic is not there;\n"
        "78 the configuration is wrong\n";
// clang-format on

struct status_arguments {
    struct options options;
    const char *incident;
    int64_t timeout_s;
    const char *zone_name;
    struct zone *zone; // NULL = UTC
    bool is_json;
};

static enum err parse_arguments(struct status_arguments *args, int argc, char **argv)
{
    static const struct option longs[] = {OPTIONS_LONG, {"incident", required_argument, NULL, 'i'},
            {"json", no_argument, NULL, 'j'}, {"timeout", required_argument, NULL, 't'},
            {"zone", required_argument, NULL, 'z'}, {NULL, 0, NULL, 0}};
    optind = 0; // glibc: start afresh, main has been here
    for (int c; (c = getopt_long(argc, argv, OPTIONS_SHORT, longs, NULL)) != -1;) {
        bool is_good = true;
        if (c == 'i') {
            args->incident = optarg;
            is_good = strlen(optarg) == INCIDENT_HEX &&
                      strspn(optarg, "0123456789abcdef") == INCIDENT_HEX;
            if (!is_good) {
                fprintf(stderr, "--incident %s: expected 32 hex digits\n", optarg);
            }
        } else if (c == 'j') {
            args->is_json = true;
        } else if (c == 'z') {
            args->zone_name = optarg;
        } else if (c == 't') {
            is_good = options_number("--timeout", optarg, 1, 86400, &args->timeout_s);
        } else {
            is_good = options_take(&args->options, c, optarg);
        }
        if (!is_good) {
            return ERR_USAGE;
        }
    }
    return optind == argc ? ERR_NONE : ERR_USAGE;
}

static enum err print_board(const struct status_arguments *args, const struct status_board *board)
{
    const struct status_look look = {clock_wall().ms, args->zone};
    struct strbuf out;
    strbuf_init(&out, OUTPUT_MAX_BYTES);
    if (args->is_json) {
        status_add_json(&out, board, &look);
    } else {
        status_add_text(&out, board, &look);
    }
    enum err e = out.failed;
    if (e == ERR_NONE && fwrite(out.p, 1, out.n, stdout) != out.n) {
        e = ERR_IO;
    }
    strbuf_fini(&out);
    if (status_unreadable(board) > 0) {
        fprintf(stderr, "%llu records could not be read\n",
                (unsigned long long)status_unreadable(board));
    }
    return e;
}

static enum err show(const struct status_arguments *args, const struct config *config)
{
    struct status_board *board;
    enum err e = status_board_create(&board, view_of(args->incident));
    if (e != ERR_NONE) {
        return e;
    }
    e = status_read(board, config, "status", args->timeout_s * 1000,
            args->incident != NULL ? STATUS_INCIDENT : STATUS_ALL);
    if (e == ERR_NONE && args->incident != NULL && !status_knows_incident(board)) {
        fprintf(stderr, "wrongnumber status: no alert tells of incident %s\n", args->incident);
        e = ERR_DATA;
    }
    e = e != ERR_NONE ? e : print_board(args, board);
    status_board_destroy(board);
    return e;
}

int command_status(int argc, char **argv)
{
    struct status_arguments args = {.timeout_s = TIMEOUT_S};
    if (parse_arguments(&args, argc, argv) != ERR_NONE || args.options.helps) {
        fputs(usage, args.options.helps ? stdout : stderr);
        return args.options.helps ? 0 : err_exit_status(ERR_USAGE);
    }
    if (args.zone_name != NULL && !open_zone(args.zone_name, &args.zone)) {
        return err_exit_status(ERR_USAGE);
    }
    static const char *const sections[] = {"kafka", "topics", NULL};
    struct config *config = NULL;
    enum err e = options_load_sections(&args.options, sections, &config);
    if (e == ERR_NONE) {
        log_setup(config->log.format, config->log.level == LOG_DEBUG ? LOG_DEBUG : LOG_WARN);
        stop_on_signals();
        e = show(&args, config);
        config_destroy(config);
    }
    zone_destroy(args.zone);
    return err_exit_status(e);
}
