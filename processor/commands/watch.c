// watch: follows alerts and commands, one line each, without joining a group or committing
// anything.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/open_zone.h"
#include "commands/options.h"
#include "commands/stop.h"
#include "commands/watch_line.h"
#include "common/clock.h"
#include "kafka/admin.h"
#include "kafka/reader.h"

enum {
    POLL_MS = 200,
    RETRY_MS = 1000,
    LINE_MAX_BYTES = 4 * 1024 * 1024,
    CLOSE_MS = 5000,
    MESSAGES_MS = 5000
};

// clang-format off
static const char usage[] =
        "usage: wrongnumber watch [-c FILE] [-X NAME=VALUE]... [--from beginning|end] [--json]\n"
        "                         [--messages] [--zone ZONE] [--seconds N] [--count N]\n"
        "\n"
        "Prints alerts and quarantine commands as they happen, one line each. Reads on the side:\n"
        "joins no consumer group and commits nothing. Waits when Kafka or the topics are not there.\n"
        "\n"
        OPTIONS_USAGE
        "      --from WHERE      beginning: also what is there already; end (the default): only\n"
        "                        what is new\n"
        "      --json            the records' own JSON, one a line\n"
        "      --messages        also each hold of a single message; else how many, every five seconds\n"
        "      --zone ZONE       of the times in the text: an offset such as +08:00, or a name such as\n"
        "                        America/New_York; else UTC\n"
        "      --seconds N       end after so long\n"
        "      --count N         end after so many lines\n"
        "  -h, --help            this text\n";
// clang-format on

struct watch_arguments {
    struct options options;
    int64_t from;
    int64_t seconds; // -1 = no end
    int64_t count;   // -1 = no end
    const char *zone_name;
    bool is_json;
    bool shows_messages;
};

enum { WATCHED_COUNT = 2 }; // alerts, commands

struct watch {
    const struct watch_arguments *args;
    const char *topics[WATCHED_COUNT];
    bool is_followed[WATCHED_COUNT];
    struct kafka_admin *admin;
    struct kafka_reader *reader;
    struct watch_lines *lines;
    struct strbuf line;
    struct mono_time deadline; // 0 = none
    struct mono_time retry_at; // to look for topics that are not there yet
    bool has_looked;           // Kafka has answered before
    int64_t printed;
    uint64_t messages;            // commands about single ones that no line has told of yet
    struct mono_time messages_at; // when a line does
};

// --- arguments ---------------------------------------------------------------------------------

static bool parse_from(const char *text, int64_t *ret_from)
{
    if (strcmp(text, "beginning") != 0 && strcmp(text, "end") != 0) {
        fprintf(stderr, "--from %s: expected beginning or end\n", text);
        return false;
    }
    *ret_from = text[0] == 'b' ? KAFKA_FROM_BEGINNING : KAFKA_FROM_END;
    return true;
}

static enum err parse_arguments(struct watch_arguments *args, int argc, char **argv)
{
    static const struct option longs[] = {OPTIONS_LONG, {"from", required_argument, NULL, 'f'},
            {"json", no_argument, NULL, 'j'}, {"messages", no_argument, NULL, 'm'},
            {"zone", required_argument, NULL, 'z'}, {"seconds", required_argument, NULL, 's'},
            {"count", required_argument, NULL, 'n'}, {NULL, 0, NULL, 0}};
    optind = 0; // glibc: start afresh, main has been here
    for (int c; (c = getopt_long(argc, argv, OPTIONS_SHORT, longs, NULL)) != -1;) {
        bool is_good = true;
        if (c == 'f') {
            is_good = parse_from(optarg, &args->from);
        } else if (c == 'j') {
            args->is_json = true;
        } else if (c == 'm') {
            args->shows_messages = true;
        } else if (c == 'z') {
            args->zone_name = optarg;
        } else if (c == 's') {
            is_good = options_number("--seconds", optarg, 0, 1000000000, &args->seconds);
        } else if (c == 'n') {
            is_good = options_number("--count", optarg, 1, INT64_MAX, &args->count);
        } else {
            is_good = options_take(&args->options, c, optarg);
        }
        if (!is_good) {
            return ERR_USAGE;
        }
    }
    return optind == argc ? ERR_NONE : ERR_USAGE;
}

// --- following ---------------------------------------------------------------------------------

// Topics that appear after we began hold nothing that we could have missed at their end: they are
// read whole.
static int64_t where_to_begin(const struct watch *watch)
{
    return watch->has_looked ? KAFKA_FROM_BEGINNING : watch->args->from;
}

static enum err follow(struct watch *watch, int which, uint32_t partitions)
{
    for (uint32_t p = 0; p < partitions; p++) {
        enum err err = kafka_reader_add(
                watch->reader, watch->topics[which], (int32_t)p, where_to_begin(watch));
        if (err != ERR_NONE) {
            return err;
        }
    }
    watch->is_followed[which] = true;
    return ERR_NONE;
}

static bool follows_all(const struct watch *watch)
{
    return watch->is_followed[0] && watch->is_followed[1];
}

// Begins to read the topics that have come into being. Trouble is waited out.
static enum err look_for_topics(struct watch *watch)
{
    if (follows_all(watch) || clock_mono().ns < watch->retry_at.ns) {
        return ERR_NONE;
    }
    uint32_t partitions[WATCHED_COUNT] = {0};
    enum err err = kafka_admin_partitions(
            watch->admin, watch->topics, WATCHED_COUNT, RETRY_MS, partitions);
    watch->retry_at = mono_after_ms(clock_mono(), RETRY_MS);
    if (err != ERR_NONE) {
        log_warn("watch", "cannot reach Kafka, waiting for it: %s",
                kafka_admin_trouble(watch->admin));
        return err_fate(err) == FATE_RETRY ? ERR_NONE : err;
    }
    for (int i = 0; i < WATCHED_COUNT; i++) {
        if (!watch->is_followed[i] && partitions[i] > 0) {
            err = follow(watch, i, partitions[i]);
            if (err != ERR_NONE) {
                return err;
            }
        } else if (!watch->is_followed[i]) {
            log_warn("watch", "%s does not exist yet: waiting for it", watch->topics[i]);
        }
    }
    watch->has_looked = true;
    return ERR_NONE;
}

static enum err print_line(struct watch *watch)
{
    if (watch->line.failed != ERR_NONE) {
        return watch->line.failed;
    }
    watch->printed++;
    bool is_written = fwrite(watch->line.p, 1, watch->line.n, stdout) == watch->line.n;
    return is_written && fflush(stdout) == 0 ? ERR_NONE : ERR_IO;
}

// A batch that goes wrong holds thousands of messages, among which nobody would see anything else.
static enum err tell_messages(struct watch *watch, bool is_over)
{
    if (watch->messages == 0 || (!is_over && clock_mono().ns < watch->messages_at.ns)) {
        return ERR_NONE;
    }
    strbuf_reset(&watch->line);
    watch_lines_add_messages(watch->lines, watch->messages, clock_wall().ms, &watch->line);
    watch->messages = 0;
    return print_line(watch);
}

static enum err print_message(struct watch *watch, const struct kafka_event *event)
{
    struct view value = event->message->raw.value;
    bool is_alert = strcmp(event->topic, watch->topics[0]) == 0;
    if (view_is_none(value)) {
        return ERR_NONE;
    }
    if (!is_alert && !watch->args->is_json && !watch->args->shows_messages &&
            watch_lines_is_of_message(watch->lines, value)) {
        if (watch->messages++ == 0) {
            watch->messages_at = mono_after_ms(clock_mono(), MESSAGES_MS);
        }
        return ERR_NONE;
    }
    strbuf_reset(&watch->line);
    if (watch->args->is_json) {
        strbuf_add_view(&watch->line, value);
        strbuf_add_byte(&watch->line, '\n');
    } else if (is_alert) {
        watch_lines_add_alert(watch->lines, value, &watch->line);
    } else {
        watch_lines_add_command(watch->lines, value, &watch->line);
    }
    return print_line(watch);
}

static enum err serve_event(struct watch *watch)
{
    struct kafka_event event;
    enum err err = ERR_NONE;
    switch (kafka_reader_poll(watch->reader, POLL_MS, &event)) {
    case KAFKA_MESSAGE:
        err = print_message(watch, &event);
        kafka_reader_release(watch->reader, event.message);
        break;
    case KAFKA_OFFSET_LOST:
        log_warn("watch",
                "%s partition %d has lost what was behind offset %lld: going on at its beginning",
                event.topic, (int)event.partition, (long long)event.offset);
        break;
    case KAFKA_TROUBLE:
        log_warn("watch", "%s", event.trouble_text);
        err = event.fatal ? event.trouble : ERR_NONE;
        break;
    case KAFKA_NOTHING:
    case KAFKA_PARTITION_EOF:
        break;
    }
    return err;
}

static bool is_over(const struct watch *watch)
{
    return stop_is_requested() ||
           (watch->args->count >= 0 && watch->printed >= watch->args->count) ||
           (watch->deadline.ns != 0 && clock_mono().ns >= watch->deadline.ns);
}

static enum err follow_until_over(struct watch *watch)
{
    enum err err = ERR_NONE;
    while (err == ERR_NONE && !is_over(watch)) {
        err = look_for_topics(watch);
        if (err == ERR_NONE) {
            err = serve_event(watch);
        }
        err = err != ERR_NONE ? err : tell_messages(watch, false);
    }
    bool has_room = watch->args->count < 0 || watch->printed < watch->args->count;
    return err == ERR_NONE && has_room ? tell_messages(watch, true) : err;
}

// --- set-up ------------------------------------------------------------------------------------

static enum err run_watch(
        const struct watch_arguments *args, const struct config *config, const struct zone *zone)
{
    struct watch watch = {
            .args = args,
            .topics = {config->topics.alerts, config->topics.commands},
    };
    if (args->seconds >= 0) {
        watch.deadline = mono_after_ms(clock_mono(), args->seconds * 1000);
    }
    strbuf_init(&watch.line, LINE_MAX_BYTES);
    struct strbuf findings;
    strbuf_init(&findings, LINE_MAX_BYTES);
    enum err err = watch_lines_create(&watch.lines, zone);
    if (err == ERR_NONE) {
        err = kafka_admin_create(&watch.admin, config, &findings);
    }
    if (err == ERR_NONE) {
        err = kafka_reader_create(&watch.reader, config, &findings);
    }
    fprintf(stderr, "%.*s", VIEW_ARGS(strbuf_view(&findings)));
    if (err == ERR_NONE) {
        err = follow_until_over(&watch);
    }
    if (err != ERR_NONE) {
        fprintf(stderr, "watch: %s\n", err_text(err));
    }
    (void)kafka_reader_destroy(watch.reader, CLOSE_MS); // the process ends anyway
    kafka_admin_destroy(watch.admin);
    watch_lines_destroy(watch.lines);
    strbuf_fini(&findings);
    strbuf_fini(&watch.line);
    return err;
}

int command_watch(int argc, char **argv)
{
    struct watch_arguments args = {.from = KAFKA_FROM_END, .seconds = -1, .count = -1};
    if (parse_arguments(&args, argc, argv) != ERR_NONE || args.options.helps) {
        fputs(usage, args.options.helps ? stdout : stderr);
        return args.options.helps ? 0 : err_exit_status(ERR_USAGE);
    }
    struct zone *zone = NULL;
    if (args.zone_name != NULL && !open_zone(args.zone_name, &zone)) {
        return err_exit_status(ERR_USAGE);
    }
    static const char *const sections[] = {"kafka", "topics", NULL};
    struct config *config = NULL;
    enum err err = options_load_sections(&args.options, sections, &config);
    if (err == ERR_NONE) {
        log_setup(config->log.format, config->log.level == LOG_DEBUG ? LOG_DEBUG : LOG_WARN);
        stop_on_signals();
        err = run_watch(&args, config, zone);
        config_destroy(config);
    }
    zone_destroy(zone);
    return err_exit_status(err);
}
