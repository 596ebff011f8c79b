// load: relationship data from a file into Redis.
#include "load/load.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/load_config.h"
#include "commands/open_keyring.h"
#include "common/clock.h"
#include "common/conf_scalar.h"
#include "common/json_out.h"
#include "redis/epoch.h"

enum { TEXT_MAX_BYTES = 64 * 1024 };

static const char usage[] =
        "usage: wrongnumber load [OPTION]... FILE\n"
        "\n"
        "Loads relationship data, one JSON object a line, from FILE (- = standard input) into "
        "Redis.\n"
        "A full load replaces everything at one instant, at its end; with --delta the lines "
        "change\n"
        "what is there. Prints a summary as one JSON object.\n"
        "\n"
        "  -c, --config FILE         the configuration; without it the defaults\n"
        "      --delta               change what is in force instead of replacing it\n"
        "      --skip-bad            go on without lines that are refused, and count them;\n"
        "                            otherwise nothing is loaded\n"
        "      --watermark TIME      the source's time that the file shows (RFC 3339; now)\n"
        "      --valid-for DURATION  how long from then on misses may be believed\n"
        "                            (redis.valid_for, 26h)\n"
        "      --tags N              hash tags of a full load: 1 or 64 (redis.tags, 1)\n"
        "      --bucket-bits N       1-28; of a full load (so that a bucket has about ten "
        "numbers)\n"
        "      --allow-older         load a file although later data is in force\n"
        "      --allow-empty         a full load of a file that names nobody\n"
        "  -h, --help                this text\n"
        "\n"
        "exit status: 0 loaded, 64 wrong use, 65 lines were refused or the data is older than "
        "what\n"
        "is there, 66 FILE cannot be opened, 69 Redis cannot be reached, 75 another loader is at\n"
        "work, 77 Redis refused, 78 something is wrong with the configuration\n";

struct load_arguments {
    const char *config_path;
    struct load_options options;
    bool helps;
};

static enum err refuse_option(const char *name, const char *value, const char *expected)
{
    fprintf(stderr, "wrongnumber load: %s %s: expected %s\n", name, value, expected);
    return ERR_USAGE;
}

static enum err parse_number(const char *name, const char *value, enum conf_type type,
        int64_t least, int64_t most, const char *expected, int64_t *ret_number)
{
    int64_t number;
    if (conf_scalar_read(type, view_of(value), &number) != CONF_READ_OK || number < least ||
            number > most) {
        return refuse_option(name, value, expected);
    }
    *ret_number = number;
    return ERR_NONE;
}

static enum err parse_option(struct load_arguments *args, int c, const char *value)
{
    struct load_options *options = &args->options;
    int64_t number = 0;
    enum err e = ERR_NONE;
    switch (c) {
    case 'c':
        args->config_path = value;
        return ERR_NONE;
    case 'd':
        options->is_delta = true;
        return ERR_NONE;
    case 's':
        options->skip_bad = true;
        return ERR_NONE;
    case 'o':
        options->allow_older = true;
        return ERR_NONE;
    case 'e':
        options->allow_empty = true;
        return ERR_NONE;
    case 'h':
        args->helps = true;
        return ERR_NONE;
    case 'w':
        return clock_parse_rfc3339(view_of(value), &options->watermark_ms) == CLOCK_OK
                       ? ERR_NONE
                       : refuse_option("--watermark", value, "an RFC 3339 time within 2000-2100");
    case 'v':
        return parse_number("--valid-for", value, CONF_DURATION, 1000, INT64_C(31622400000),
                "a duration such as 26h, 1s-366d", &options->valid_for_ms);
    case 't':
        e = parse_number("--tags", value, CONF_COUNT, 1, 64, "1 or 64", &number);
        options->tags = (unsigned)number;
        return e;
    case 'b':
        e = parse_number(
                "--bucket-bits", value, CONF_COUNT, 1, LOAD_BUCKET_BITS_MAX, "1-28", &number);
        options->bucket_bits = (unsigned)number;
        return e;
    default:
        return ERR_USAGE; // getopt_long has said why
    }
}

static enum err parse_arguments(struct load_arguments *args, int argc, char **argv)
{
    static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
            {"delta", no_argument, NULL, 'd'}, {"skip-bad", no_argument, NULL, 's'},
            {"watermark", required_argument, NULL, 'w'},
            {"valid-for", required_argument, NULL, 'v'}, {"tags", required_argument, NULL, 't'},
            {"bucket-bits", required_argument, NULL, 'b'}, {"allow-older", no_argument, NULL, 'o'},
            {"allow-empty", no_argument, NULL, 'e'}, {"help", no_argument, NULL, 'h'},
            {NULL, 0, NULL, 0}};
    optind = 0; // glibc: start afresh, main has been here
    for (int c; (c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1;) {
        enum err e = parse_option(args, c, optarg);
        if (e != ERR_NONE) {
            return e;
        }
    }
    if (args->helps) {
        return ERR_NONE;
    }
    if (optind + 1 != argc) {
        fputs("wrongnumber load: expected one FILE (- = standard input)\n", stderr);
        return ERR_USAGE;
    }
    args->options.path = argv[optind];
    return ERR_NONE;
}

// What the command line leaves open comes from the configuration.
static enum err complete_options(struct load_options *options, const struct config *config)
{
    options->prefix = config->redis.prefix;
    options->default_region = config->identity.default_region;
    bool is_cluster = config->redis.topology == TOPOLOGY_CLUSTER;
    if (options->tags == 0) {
        options->tags = is_cluster ? 64 : config->redis.tags;
    }
    if (options->valid_for_ms == 0) {
        options->valid_for_ms = config->redis.valid_for_ms;
    }
    if (options->watermark_ms == 0) {
        options->watermark_ms = clock_wall().ms;
    }
    if (options->watermark_ms > clock_wall().ms + EPOCH_AHEAD_MAX_MS) {
        fputs("wrongnumber load: the watermark is in the future; data under it would not be "
              "believed\n",
                stderr);
        return ERR_DATA;
    }
    if (config->redis.layout == LAYOUT_HASH) {
        fputs("wrongnumber load: redis.layout is hash: that cache is loaded by its owner, and so "
              "is "
              "its epoch record\n",
                stderr);
        return ERR_CONFIG;
    }
    if (options->tags != 1 && options->tags != 64) {
        fputs("wrongnumber load: expected 1 or 64 hash tags\n", stderr);
        return ERR_USAGE;
    }
    if (is_cluster && options->tags != 64) {
        fputs("wrongnumber load: a cluster needs 64 hash tags\n", stderr);
        return ERR_USAGE;
    }
    if (options->tags == 64 && options->bucket_bits != 0 && options->bucket_bits < 6) {
        fputs("wrongnumber load: 64 hash tags need at least 6 bucket bits\n", stderr);
        return ERR_USAGE;
    }
    return ERR_NONE;
}

// --- while it runs ----------------------------------------------------------------------------

struct watching {
    bool is_terminal;
    bool has_drawn;
};

static bool is_interrupted(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1);
}

static enum err show_progress(void *self, enum load_phase phase, uint64_t done, uint64_t total)
{
    static const char *const words[] = {"lines read", "old buckets removed", "buckets written"};
    struct watching *watching = self;
    if (watching->is_terminal) {
        fprintf(stderr, "\r\033[K%" PRIu64, done);
        if (total > 0) {
            fprintf(stderr, " of %" PRIu64, total);
        }
        fprintf(stderr, " %s", words[phase]);
        fflush(stderr);
        watching->has_drawn = true;
    }
    return is_interrupted() ? ERR_UNAVAILABLE : ERR_NONE;
}

static void print_refusals(const struct feed_report *report)
{
    for (uint32_t i = 0; i < report->first_count; i++) {
        fprintf(stderr, "line %" PRIu64 ": %s\n", report->first[i].line, report->first[i].reason);
    }
    if (report->refused > report->first_count) {
        fprintf(stderr, "and %" PRIu64 " more lines\n", report->refused - report->first_count);
    }
}

static enum err print_summary(
        const struct load_options *options, const struct load_result *result, int64_t took_ns)
{
    struct strbuf text;
    struct json_out out;
    strbuf_init(&text, TEXT_MAX_BYTES);
    json_begin(&out, &text);
    json_object(&out, NULL);
    json_text(&out, "mode", options->is_delta ? "delta" : "full");
    json_int(&out, "lines", (int64_t)result->feed.lines);
    json_int(&out, "records", (int64_t)result->change_count);
    json_int(&out, "refused", (int64_t)result->feed.refused);
    json_int(&out, "record_count", (int64_t)result->record_count);
    json_int(&out, "generation", (int64_t)result->generation);
    json_int(&out, "buckets", (int64_t)result->bucket_count);
    json_int(&out, "bucket_bits", result->bucket_bits);
    json_int(&out, "tags", result->tags);
    json_time(&out, "source_watermark", result->source_watermark_ms);
    json_millionths(&out, "seconds", took_ns / 1000);
    json_object_end(&out);
    strbuf_add_byte(&text, '\n');
    enum err e = text.failed;
    if (e != ERR_NONE) {
        fprintf(stderr, "wrongnumber load: loaded, but the summary: %s\n", err_text(e));
    } else if (fwrite(text.p, 1, text.n, stdout) != text.n || fflush(stdout) != 0) {
        e = ERR_IO;
    }
    strbuf_fini(&text);
    return e;
}

static enum err run_load(const struct load_options *options, const struct watching *watching)
{
    struct load_result result;
    struct strbuf why;
    strbuf_init(&why, TEXT_MAX_BYTES);
    struct mono_time start = clock_mono();
    enum err e = load_run(options, &result, &why);
    if (watching->has_drawn) {
        fputs("\r\033[K", stderr);
    }
    print_refusals(&result.feed);
    if (e != ERR_NONE) {
        fprintf(stderr, "wrongnumber load: %s\n", strbuf_view(&why).p);
    } else {
        if (result.is_unconfirmed) {
            fputs("wrongnumber load: warning: a replica is behind: a failover before it has caught "
                  "up would lose this load\n",
                    stderr);
        }
        e = print_summary(options, &result, clock_mono().ns - start.ns);
    }
    strbuf_fini(&why);
    return e;
}

static enum err load_with_config(struct load_options *options, const struct config *config)
{
    enum err e = complete_options(options, config);
    struct keyring *ring = NULL;
    if (e == ERR_NONE) {
        e = command_open_keyring(&ring, config);
    }
    if (e != ERR_NONE) {
        return e;
    }
    const struct redis_route_options redis = redis_route_options_of(config, "wrongnumber-load");
    struct watching watching = {.is_terminal = isatty(STDERR_FILENO) == 1};
    options->ring = ring;
    options->redis = &redis;
    options->progress = show_progress;
    options->progress_self = &watching;
    // An interrupt is seen at the next breath, so that the lock is given back and nothing is left
    // half-written.
    sigset_t interrupts;
    sigset_t before;
    sigemptyset(&interrupts);
    sigaddset(&interrupts, SIGINT);
    sigaddset(&interrupts, SIGTERM);
    sigprocmask(SIG_BLOCK, &interrupts, &before);
    e = run_load(options, &watching);
    sigprocmask(SIG_SETMASK, &before, NULL);
    keyring_destroy(ring);
    return e;
}

int command_load(int argc, char **argv)
{
    struct load_arguments args = {0};
    if (parse_arguments(&args, argc, argv) != ERR_NONE) {
        fputs("Try 'wrongnumber load --help'.\n", stderr);
        return err_exit_status(ERR_USAGE);
    }
    if (args.helps) {
        bool is_written = fputs(usage, stdout) >= 0 && fflush(stdout) == 0;
        return err_exit_status(is_written ? ERR_NONE : ERR_IO);
    }
    struct config *config = NULL;
    enum err e = command_load_config(&config, args.config_path);
    if (e == ERR_NONE) {
        e = load_with_config(&args.options, config);
        config_destroy(config);
    }
    return err_exit_status(e);
}
