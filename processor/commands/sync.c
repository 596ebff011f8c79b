// sync: relationship data in Redis, kept fresh from a compacted topic.
#include "sync/sync.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/open_keyring.h"
#include "commands/options.h"
#include "commands/stop.h"
#include "common/log.h"

// clang-format off
static const char usage[] =
        "usage: wrongnumber sync [-c FILE] [-X NAME=VALUE]... [--from beginning]\n"
        "\n"
        "Applies the records of topics.relationships to the relationship data in Redis, and writes\n"
        "a heartbeat while everything in the topic is there. Without heartbeats for sync.heartbeat\n"
        "(5s) nothing is believed any more: verdicts are unknown. A full load comes first, by\n"
        "'wrongnumber load' or by --from beginning. Runs until SIGTERM or SIGINT; waits while Redis\n"
        "or Kafka are away, or while another writer is at work, and then goes on where it stood.\n"
        "\n"
        OPTIONS_USAGE
        "      --from beginning  build a new generation from the topic alone, then go on\n"
        "  -h, --help            this text\n"
        "\n"
        "exit status: 0 it was told to end, 64 wrong use, 78 something is wrong with the\n"
        "configuration\n";
// clang-format on

struct sync_arguments {
    struct options options;
    bool rebuilds;
};

static bool take_from(struct sync_arguments *args, const char *value)
{
    args->rebuilds = strcmp(value, "beginning") == 0;
    if (!args->rebuilds) {
        fprintf(stderr, "wrongnumber sync: --from %s: expected beginning\n", value);
    }
    return args->rebuilds;
}

static enum err parse_arguments(struct sync_arguments *args, int argc, char **argv)
{
    static const struct option longs[] = {
            OPTIONS_LONG, {"from", required_argument, NULL, 'f'}, {NULL, 0, NULL, 0}};
    optind = 0; // glibc: start afresh, main has been here
    for (int c; (c = getopt_long(argc, argv, OPTIONS_SHORT, longs, NULL)) != -1;) {
        bool is_good = c == 'f' ? take_from(args, optarg) : options_take(&args->options, c, optarg);
        if (!is_good) {
            return ERR_USAGE;
        }
    }
    return optind == argc ? ERR_NONE : ERR_USAGE;
}

static enum err check_redis(const struct config *config)
{
    if (config->redis.layout == LAYOUT_HASH) {
        fputs("wrongnumber sync: redis.layout is hash: that cache is kept by its owner, and so is "
              "its epoch record\n",
                stderr);
        return ERR_CONFIG;
    }
    if (config->redis.topology == TOPOLOGY_CLUSTER) {
        fputs("wrongnumber sync: redis.topology is cluster, which sync cannot keep fresh yet; "
              "'wrongnumber load' and 'load --delta' can\n",
                stderr);
        return ERR_CONFIG;
    }
    return ERR_NONE;
}

static enum err run_sync(const struct config *config, bool rebuilds)
{
    struct keyring *ring = NULL;
    enum err e = check_redis(config);
    if (e == ERR_NONE) {
        e = command_open_keyring(&ring, config);
    }
    if (e == ERR_NONE) {
        const struct sync_options options = {config, ring, stop_flag(), rebuilds};
        log_setup(config->log.format, config->log.level);
        stop_on_signals();
        e = sync_run(&options);
        keyring_destroy(ring);
    }
    return e;
}

int command_sync(int argc, char **argv)
{
    struct sync_arguments args = {.rebuilds = false};
    if (parse_arguments(&args, argc, argv) != ERR_NONE) {
        fputs("Try 'wrongnumber sync --help'.\n", stderr);
        return err_exit_status(ERR_USAGE);
    }
    if (args.options.helps) {
        bool is_written = fputs(usage, stdout) >= 0 && fflush(stdout) == 0;
        return err_exit_status(is_written ? ERR_NONE : ERR_IO);
    }
    struct config *config = NULL;
    enum err e = options_load_config(&args.options, &config);
    if (e == ERR_NONE) {
        e = run_sync(config, args.rebuilds);
        config_destroy(config);
    }
    return err_exit_status(e);
}
