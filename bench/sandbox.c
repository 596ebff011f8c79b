// sandbox: a Kafka to try things out on, for one machine and one afternoon: librdkafka's mock
// cluster in a process of its own. Real TCP on 127.0.0.1, any number of clients; everything is gone
// when it ends. It keeps at most 5 MiB a partition and knows no transactions, compaction, TLS or
// CreateTopics (reference: reliability §2).
//
// Faults are injected by lines on stdin; each is answered by one line on stdout, "ok" or "error:
// ...".
#include <errno.h>
#include <getopt.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/commands.h"
#include "commands/options.h"
#include "commands/stop.h"
#include "kafka/topics.h"

enum { WORDS_MAX = 5, LINE_BYTES = 512, POLL_MS = 200, BROKERS_MAX = 9 };

// clang-format off
static const char usage[] =
        "usage: wrongnumber-bench sandbox [-c FILE] [--bootstrap-file FILE] [--partitions N]\n"
        "                                 [--tally-partitions N] [--brokers N] [--exit-on-eof]\n"
        "\n"
        "A small Kafka in this process, for trying out and for tests. Makes the topics of the\n"
        "configuration and prints host:port. Ends by SIGTERM or SIGINT.\n"
        "\n"
        OPTIONS_USAGE
        "      --bootstrap-file FILE  write host:port there as well, once it can be used\n"
        "      --partitions N         of the outbound topic (by default as configured)\n"
        "      --tally-partitions N   of the tally topic (by default as configured)\n"
        "      --brokers N            1 to 9 (default 1)\n"
        "      --exit-on-eof          end when stdin does\n"
        "  -h, --help                 this text\n"
        "\n"
        "Lines on stdin: down BROKER | up BROKER | rtt BROKER MS | err APIKEY COUNT CODE |\n"
        "calm APIKEY (no more of its errors) | late BROKER APIKEY MS (its next answer) |\n"
        "leader TOPIC PARTITION BROKER (-1 = none) | quit\n";
// clang-format on

struct sandbox_arguments {
    struct options options;
    const char *bootstrap_file;
    int64_t partitions;
    int64_t tally_partitions;
    int64_t brokers;
    bool exits_on_eof;
};

struct sandbox {
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *cluster;
    char line[LINE_BYTES]; // of stdin, as far as it has come
    size_t line_bytes;
    bool line_is_too_long;
    bool has_eof;
    bool quits;
};

static enum err parse_arguments(struct sandbox_arguments *args, int argc, char **argv)
{
    static const struct option longs[] = {OPTIONS_LONG,
            {"bootstrap-file", required_argument, NULL, 'b'},
            {"partitions", required_argument, NULL, 'p'},
            {"tally-partitions", required_argument, NULL, 't'},
            {"brokers", required_argument, NULL, 'n'}, {"exit-on-eof", no_argument, NULL, 'e'},
            {NULL, 0, NULL, 0}};
    optind = 0; // glibc: start afresh, main has been here
    for (int c; (c = getopt_long(argc, argv, OPTIONS_SHORT, longs, NULL)) != -1;) {
        bool is_good = true;
        switch (c) {
        case 'b':
            args->bootstrap_file = optarg;
            break;
        case 'p':
            is_good = options_number("--partitions", optarg, 1, 1024, &args->partitions);
            break;
        case 't':
            is_good =
                    options_number("--tally-partitions", optarg, 1, 1024, &args->tally_partitions);
            break;
        case 'n':
            is_good = options_number("--brokers", optarg, 1, BROKERS_MAX, &args->brokers);
            break;
        case 'e':
            args->exits_on_eof = true;
            break;
        default:
            is_good = options_take(&args->options, c, optarg);
            break;
        }
        if (!is_good) {
            return ERR_USAGE;
        }
    }
    return optind == argc ? ERR_NONE : ERR_USAGE;
}

// --- the cluster -------------------------------------------------------------------------------

static enum err start_cluster(struct sandbox *sandbox, int brokers)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    // It only hosts; that it has no brokers of its own to talk to is no news.
    rd_kafka_conf_set(conf, "log_level", "3", text, sizeof text);
    sandbox->host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (sandbox->host == NULL) {
        fprintf(stderr, "sandbox: %s\n", text);
        rd_kafka_conf_destroy(conf);
        return ERR_INTERNAL;
    }
    sandbox->cluster = rd_kafka_mock_cluster_new(sandbox->host, brokers);
    if (sandbox->cluster == NULL) {
        fputs("sandbox: cannot listen on 127.0.0.1\n", stderr);
        return ERR_UNAVAILABLE;
    }
    return ERR_NONE;
}

static void make_topics(const struct sandbox *sandbox, const struct config *config, int brokers)
{
    struct topic_plan plans[TOPIC_PLAN_MAX];
    int plan_count = topic_plans(config, plans);
    for (int i = 0; i < plan_count; i++) {
        int replication = (int)plans[i].replication < brokers ? (int)plans[i].replication : brokers;
        rd_kafka_resp_err_t error = rd_kafka_mock_topic_create(
                sandbox->cluster, plans[i].name, (int)plans[i].partitions, replication);
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
            fprintf(stderr, "sandbox: %s: %s\n", plans[i].name, rd_kafka_err2str(error));
        }
    }
}

static void stop_cluster(struct sandbox *sandbox)
{
    if (sandbox->cluster != NULL) {
        rd_kafka_mock_cluster_destroy(sandbox->cluster);
    }
    if (sandbox->host != NULL) {
        rd_kafka_destroy(sandbox->host);
    }
}

// Whole or not at all: who waits for the file must not read half an address.
static enum err write_bootstrap_file(const char *path, const char *bootstrap)
{
    char temporary[4096];
    int n = snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof temporary) {
        return ERR_USAGE;
    }
    FILE *file = fopen(temporary, "w");
    if (file == NULL) {
        return ERR_IO;
    }
    bool is_written = fprintf(file, "%s\n", bootstrap) > 0;
    is_written = fclose(file) == 0 && is_written;
    return is_written && rename(temporary, path) == 0 ? ERR_NONE : ERR_IO;
}

// --- commands ----------------------------------------------------------------------------------

static size_t split_words(char *line, char *words[WORDS_MAX])
{
    size_t count = 0;
    for (char *at = line; *at != '\0' && count < WORDS_MAX;) {
        at += strspn(at, " \t\r");
        if (*at == '\0') {
            break;
        }
        words[count++] = at;
        at += strcspn(at, " \t\r");
        if (*at != '\0') {
            *at++ = '\0';
        }
    }
    return count;
}

static bool read_numbers(char *const *words, size_t count, int64_t *ret_numbers)
{
    for (size_t i = 0; i < count; i++) {
        if (!options_number("sandbox:", words[i], -1000000, 1000000000, &ret_numbers[i])) {
            return false;
        }
    }
    return true;
}

static rd_kafka_resp_err_t push_errors(struct sandbox *sandbox, const int64_t *numbers)
{
    for (int64_t i = 0; i < numbers[1] && i < 100000; i++) {
        rd_kafka_mock_push_request_errors(
                sandbox->cluster, (int16_t)numbers[0], 1, (rd_kafka_resp_err_t)numbers[2]);
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t obey(struct sandbox *sandbox, char *const *words, size_t count)
{
    const char *verb = words[0];
    bool names_topic = strcmp(verb, "leader") == 0 && count > 1;
    size_t skipped = names_topic ? 2 : 1;
    int64_t n[WORDS_MAX] = {0};
    if (!read_numbers(words + skipped, count - skipped, n)) {
        return RD_KAFKA_RESP_ERR__INVALID_ARG;
    }
    if (strcmp(verb, "down") == 0 && count == 2) {
        return rd_kafka_mock_broker_set_down(sandbox->cluster, (int32_t)n[0]);
    }
    if (strcmp(verb, "up") == 0 && count == 2) {
        return rd_kafka_mock_broker_set_up(sandbox->cluster, (int32_t)n[0]);
    }
    if (strcmp(verb, "rtt") == 0 && count == 3) {
        return rd_kafka_mock_broker_set_rtt(sandbox->cluster, (int32_t)n[0], (int)n[1]);
    }
    if (strcmp(verb, "err") == 0 && count == 4) {
        return push_errors(sandbox, n);
    }
    if (strcmp(verb, "late") == 0 && count == 4) {
        return rd_kafka_mock_broker_push_request_error_rtts(sandbox->cluster, (int32_t)n[0],
                (int16_t)n[1], 1, RD_KAFKA_RESP_ERR_NO_ERROR, (int)n[2]);
    }
    if (strcmp(verb, "calm") == 0 && count == 2) {
        rd_kafka_mock_clear_request_errors(sandbox->cluster, (int16_t)n[0]);
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    if (names_topic && count == 4) {
        return rd_kafka_mock_partition_set_leader(
                sandbox->cluster, words[1], (int32_t)n[0], (int32_t)n[1]);
    }
    if (strcmp(verb, "quit") == 0 && count == 1) {
        sandbox->quits = true;
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    return RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED;
}

static void serve_line(struct sandbox *sandbox)
{
    char *words[WORDS_MAX] = {NULL};
    size_t count = split_words(sandbox->line, words);
    if (sandbox->line_is_too_long) {
        puts("error: the line is too long");
    } else if (count > 0) {
        rd_kafka_resp_err_t error = obey(sandbox, words, count);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
            puts("ok");
        } else {
            printf("error: %s\n", rd_kafka_err2str(error));
        }
    }
    fflush(stdout);
}

static void take_bytes(struct sandbox *sandbox, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '\n') {
            sandbox->line[sandbox->line_bytes] = '\0';
            serve_line(sandbox);
            sandbox->line_bytes = 0;
            sandbox->line_is_too_long = false;
        } else if (sandbox->line_bytes + 1 < sizeof sandbox->line) {
            sandbox->line[sandbox->line_bytes++] = bytes[i];
        } else {
            sandbox->line_is_too_long = true;
        }
    }
}

static void serve_stdin(struct sandbox *sandbox)
{
    struct pollfd in = {.fd = sandbox->has_eof ? -1 : STDIN_FILENO, .events = POLLIN};
    if (poll(&in, 1, POLL_MS) <= 0) {
        return;
    }
    char bytes[LINE_BYTES];
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
    if (n > 0) {
        take_bytes(sandbox, bytes, (size_t)n);
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
        sandbox->has_eof = true;
    }
}

// --- the verb ----------------------------------------------------------------------------------

static enum err run_sandbox(
        struct sandbox *sandbox, const struct sandbox_arguments *args, const struct config *config)
{
    enum err err = start_cluster(sandbox, (int)args->brokers);
    if (err != ERR_NONE) {
        return err;
    }
    make_topics(sandbox, config, (int)args->brokers);
    const char *bootstrap = rd_kafka_mock_cluster_bootstraps(sandbox->cluster);
    if (args->bootstrap_file != NULL) {
        err = write_bootstrap_file(args->bootstrap_file, bootstrap);
        if (err != ERR_NONE) {
            fprintf(stderr, "sandbox: cannot write %s\n", args->bootstrap_file);
            return err;
        }
    }
    printf("%s\n", bootstrap);
    fflush(stdout);
    while (!stop_is_requested() && !sandbox->quits && !(sandbox->has_eof && args->exits_on_eof)) {
        serve_stdin(sandbox);
    }
    return ERR_NONE;
}

int bench_sandbox(int argc, char **argv)
{
    struct sandbox_arguments args = {.brokers = 1};
    if (parse_arguments(&args, argc, argv) != ERR_NONE || args.options.helps) {
        fputs(usage, args.options.helps ? stdout : stderr);
        return args.options.helps ? 0 : err_exit_status(ERR_USAGE);
    }
    struct config *config = NULL;
    enum err err = options_load_config(&args.options, &config);
    if (err != ERR_NONE) {
        return err_exit_status(err);
    }
    if (args.partitions > 0) {
        config->topics.outbound_partitions = (uint32_t)args.partitions;
    }
    if (args.tally_partitions > 0) {
        config->topics.tally_partitions = (uint32_t)args.tally_partitions;
    }
    stop_on_signals();
    struct sandbox sandbox = {0};
    err = run_sandbox(&sandbox, &args, config);
    stop_cluster(&sandbox);
    config_destroy(config);
    return err_exit_status(err);
}
