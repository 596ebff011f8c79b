// live: how fast a running processor is, and what it costs, measured from outside.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/commands.h"
#include "bench/live.h"
#include "commands/stop.h"
#include "common/log.h"

enum { DOCUMENT_MAX_BYTES = 16 << 20, BOOTSTRAP_BYTES = 4096 };
enum {
    OPTION_BOOTSTRAP = 256,
    OPTION_DAY,
    OPTION_RATE,
    OPTION_SECONDS,
    OPTION_WARMUP,
    OPTION_WAIT,
    OPTION_UNREAD,
    OPTION_PID,
    OPTION_BROKER_PID,
    OPTION_REDIS_PID,
    OPTION_GROUP,
    OPTION_FLOORS,
    OPTION_FLOOR_SECONDS,
    OPTION_OUT,
    OPTION_HTML,
};

// clang-format off
static const char usage[] =
        "usage: wrongnumber-bench live [-c FILE] [-X NAME=VALUE]... [--bootstrap HOST:PORT]...\n"
        "                              --day DIR --rate R [--seconds S] [OPTION]...\n"
        "\n"
        "Sends a day of `generate` to a running processor, each message at its time, and measures\n"
        "the processor from outside. Its data must be loaded, its mode must be enforce; what it holds\n"
        "already cannot be timed again, so a second run wants topics and a group of its own. Latencies\n"
        "are counted from the time at which a message was due, never from a late sending: no\n"
        "coordinated omission (Gil Tene, \"How NOT to Measure Latency\"; wrk2). How late messages\n"
        "were sent is told as well.\n"
        "\n"
        "Settled is a message when the processor's group has committed it, which it does twice a\n"
        "second. CPU time is of whole processes, over what was settled behind the warm-up. Then\n"
        "come the floors, alone: a consumer that does nothing with the same messages, the broker's\n"
        "own way from producer to consumer at the same rate (topic GROUP.live-floor), and the keys\n"
        "of the same recipients by MGETs to Redis, two in flight.\n"
        "\n"
        OPTIONS_USAGE
        "      --bootstrap HOST:PORT  the same as -X bootstrap.servers; several with commas\n"
        "      --day DIR              events.ndjson, labels.ndjson, scenario.json\n"
        "      --rate R               messages a second; 0 is flat out: a message is then due when\n"
        "                             its turn comes, and latencies are those of a full queue\n"
        "      --seconds S            send no longer than that (by default the whole day)\n"
        "      --warmup S             seconds that are not measured (default 2)\n"
        "      --wait S               for all to be settled behind the last message (default 60)\n"
        "      --unread N             never more than N messages sent and not settled (default: any\n"
        "                             number; flat out 200000). The sandbox keeps 5 MiB a partition\n"
        "      --pid PID              of the processor, may be given 16 times (by default the one\n"
        "                             process that is `wrongnumber run` with the same -c)\n"
        "      --broker-pid PID       its CPU time and memory are told too\n"
        "      --redis-pid PID        of its servers, may be given 16 times (by default that of a\n"
        "                             standalone one on this machine)\n"
        "      --group GROUP          another program reads the outbound topic and commits in this\n"
        "                             group, and writes holds as we do: measures that one, beside\n"
        "                             the same floors; wants --pid\n"
        "      --floors on|off        (default on)\n"
        "      --floor-seconds S      of the round trip, and of Redis alone (default 5)\n"
        "      --out FILE             the JSON goes there instead of standard output\n"
        "      --html FILE            the same as one page\n"
        "  -h, --help                 this text\n"
        "\n"
        "The JSON is one object: format (1), complete, why (it is not), workload, sending,\n"
        "throughput, cpu_ns_per_message (processor, redis, broker, driver), memory_bytes, redis,\n"
        "hold_latency_ms and scope_latency_ms (p50, p90, p99, p99_9, max, count), holds,\n"
        "incidents (each with latency_ms and escaped, the misdirected messages that were due\n"
        "before its hold was seen), floors, goals (each with goal, figure, met), series. What could\n"
        "not be measured is null.\n"
        "\n"
        "Exit status: 0 measured, whatever the figures say; 69 not all was settled in time (the\n"
        "output says how far it came) or no broker answers; 64 wrong use; 65, 66 the day; 78 the\n"
        "configuration.\n";
// clang-format on

struct live_arguments {
    struct live_options live;
    char bootstrap[BOOTSTRAP_BYTES];
    bool has_rate;
    bool has_unread;
};

static bool take_bootstrap(struct live_arguments *args, const char *servers)
{
    struct options *options = &args->live.options;
    const char *comma = args->bootstrap[0] != '\0' ? "," : "bootstrap.servers=";
    size_t length = strlen(args->bootstrap);
    int n = snprintf(
            args->bootstrap + length, sizeof args->bootstrap - length, "%s%s", comma, servers);
    bool is_good = n > 0 && (size_t)n < sizeof args->bootstrap - length;
    if (is_good && length == 0) {
        is_good = options->property_count < PROPERTY_MAX;
        if (is_good) {
            options->properties[options->property_count++] = args->bootstrap;
        }
    }
    if (!is_good) {
        fputs("--bootstrap: too many servers\n", stderr);
    }
    return is_good;
}

static bool take_pid(const char *option, const char *text, int32_t *pids, uint32_t *count)
{
    int64_t pid;
    if (*count == LIVE_PIDS_MAX) {
        fprintf(stderr, "%s: at most %d of them\n", option, LIVE_PIDS_MAX);
        return false;
    }
    if (!options_number(option, text, 1, INT32_MAX, &pid)) {
        return false;
    }
    pids[(*count)++] = (int32_t)pid;
    return true;
}

static bool take_switch(const char *text, bool *ret_is_on)
{
    *ret_is_on = strcmp(text, "on") == 0;
    if (!*ret_is_on && strcmp(text, "off") != 0) {
        fprintf(stderr, "--floors %s: expected on or off\n", text);
        return false;
    }
    return true;
}

static bool take_option(struct live_arguments *args, int option, char *argument)
{
    struct live_options *live = &args->live;
    int64_t broker_pid;
    switch (option) {
    case OPTION_BOOTSTRAP:
        return take_bootstrap(args, argument);
    case OPTION_DAY:
        live->day = argument;
        return true;
    case OPTION_RATE:
        args->has_rate = true;
        return options_number("--rate", argument, 0, 10000000, &live->rate);
    case OPTION_SECONDS:
        return options_number("--seconds", argument, 1, 86400, &live->seconds);
    case OPTION_WARMUP:
        return options_number("--warmup", argument, 0, 3600, &live->warmup_seconds);
    case OPTION_WAIT:
        return options_number("--wait", argument, 1, 3600, &live->wait_seconds);
    case OPTION_UNREAD:
        args->has_unread = true;
        return options_number("--unread", argument, 1, 1000000000, &live->unread);
    case OPTION_PID:
        return take_pid("--pid", argument, live->pids, &live->pid_count);
    case OPTION_REDIS_PID:
        return take_pid("--redis-pid", argument, live->redis_pids, &live->redis_pid_count);
    case OPTION_GROUP:
        live->group = argument;
        return true;
    case OPTION_BROKER_PID:
        if (!options_number("--broker-pid", argument, 1, INT32_MAX, &broker_pid)) {
            return false;
        }
        live->broker_pid = (int32_t)broker_pid;
        return true;
    case OPTION_FLOORS:
        return take_switch(argument, &live->with_floors);
    case OPTION_FLOOR_SECONDS:
        return options_number("--floor-seconds", argument, 1, 600, &live->floor_seconds);
    case OPTION_OUT:
        live->out = argument;
        return true;
    case OPTION_HTML:
        live->html = argument;
        return true;
    default:
        return options_take(&live->options, option, argument);
    }
}

// NULL, or what is wrong with the command line; "" where that has been said.
static const char *parse(struct live_arguments *args, int argc, char **argv)
{
    static const struct option longs[] = {OPTIONS_LONG,
            {"bootstrap", required_argument, NULL, OPTION_BOOTSTRAP},
            {"day", required_argument, NULL, OPTION_DAY},
            {"rate", required_argument, NULL, OPTION_RATE},
            {"seconds", required_argument, NULL, OPTION_SECONDS},
            {"warmup", required_argument, NULL, OPTION_WARMUP},
            {"wait", required_argument, NULL, OPTION_WAIT},
            {"unread", required_argument, NULL, OPTION_UNREAD},
            {"pid", required_argument, NULL, OPTION_PID},
            {"broker-pid", required_argument, NULL, OPTION_BROKER_PID},
            {"redis-pid", required_argument, NULL, OPTION_REDIS_PID},
            {"group", required_argument, NULL, OPTION_GROUP},
            {"floors", required_argument, NULL, OPTION_FLOORS},
            {"floor-seconds", required_argument, NULL, OPTION_FLOOR_SECONDS},
            {"out", required_argument, NULL, OPTION_OUT},
            {"html", required_argument, NULL, OPTION_HTML}, {NULL, 0, NULL, 0}};
    optind = 0; // glibc: start afresh, main has been here
    for (int c; (c = getopt_long(argc, argv, OPTIONS_SHORT, longs, NULL)) != -1;) {
        if (!take_option(args, c, optarg)) {
            return "";
        }
        if (args->live.options.helps) {
            return NULL;
        }
    }
    if (optind != argc) {
        return "takes no arguments, only options";
    }
    if (args->live.day == NULL || !args->has_rate) {
        return "--day and --rate are needed";
    }
    if (args->live.group != NULL && args->live.pid_count == 0) {
        return "--group wants the --pid of whoever commits there";
    }
    if (args->live.seconds > 0 && args->live.warmup_seconds >= args->live.seconds) {
        return "--warmup leaves nothing of --seconds to be measured";
    }
    if (args->live.rate == 0 && !args->has_unread) {
        args->live.unread = 200000;
    }
    return NULL;
}

static enum err write_file(const char *path, const struct strbuf *text)
{
    if (text->failed != ERR_NONE) {
        return text->failed;
    }
    FILE *file = path != NULL ? fopen(path, "we") : stdout;
    bool is_written = file != NULL && fwrite(text->p, 1, text->n, file) == text->n;
    if (file != NULL) {
        is_written = (file == stdout ? fflush(file) : fclose(file)) == 0 && is_written;
    }
    if (!is_written) {
        perror(path != NULL ? path : "standard output");
    }
    return is_written ? ERR_NONE : ERR_IO;
}

static enum err write_all(const struct live *live)
{
    struct strbuf text;
    strbuf_init(&text, DOCUMENT_MAX_BYTES);
    live_add_json(&text, live);
    enum err e = write_file(live->options->out, &text);
    if (live->options->html != NULL) {
        strbuf_reset(&text);
        live_add_page(&text, live);
        enum err page = write_file(live->options->html, &text);
        e = e != ERR_NONE ? e : page;
    }
    strbuf_fini(&text);
    return e;
}

static void find_processor(struct live_options *options)
{
    if (options->pid_count > 0) {
        return;
    }
    uint32_t count = process_find_processors(options->options.config_path, options->pids);
    options->pid_count = count == 1;
    if (count != 1) {
        fprintf(stderr,
                "wrongnumber-bench live: %s `wrongnumber run` with this -c here; give --pid for "
                "its "
                "CPU time and memory\n",
                count == 0 ? "there is no" : "there is more than one");
    }
}

static enum err measure(struct live_options *options)
{
    struct live *live = calloc(1, sizeof *live);
    if (live == NULL) {
        return ERR_NO_MEMORY;
    }
    live->options = options;
    enum err e = options_load_config(&options->options, &live->config);
    if (e == ERR_NONE) {
        log_setup(live->config->log.format,
                live->config->log.level == LOG_DEBUG ? LOG_DEBUG : LOG_WARN);
        stop_on_signals();
        find_processor(options);
        e = live_run(live);
        if (e == ERR_NONE || e == ERR_DEADLINE) {
            enum err written = write_all(live);
            e = written != ERR_NONE ? written : e;
        }
    }
    live_ledger_fini(&live->ledger);
    free(live->begins);
    free(live->ends);
    free(live->command_begins);
    free(live->command_ends);
    config_destroy(live->config);
    free(live);
    return e;
}

int bench_live(int argc, char **argv)
{
    struct live_arguments args = {.live = {
                                          .warmup_seconds = 2,
                                          .wait_seconds = 60,
                                          .with_floors = true,
                                          .floor_seconds = 5,
                                  }};
    const char *wrong = parse(&args, argc, argv);
    if (wrong != NULL) {
        fprintf(stderr, "%s%s%sTry `wrongnumber-bench live --help`.\n",
                wrong[0] != '\0' ? "wrongnumber-bench live: " : "", wrong,
                wrong[0] != '\0' ? "\n" : "");
        return err_exit_status(ERR_USAGE);
    }
    if (args.live.options.helps) {
        fputs(usage, stdout);
        return 0;
    }
    return err_exit_status(measure(&args.live));
}
