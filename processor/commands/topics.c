// topics: which of the topics are there, and making those that are not.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/options.h"
#include "commands/stop.h"
#include "common/clock.h"
#include "common/json_out.h"
#include "kafka/admin.h"

enum {
    EXIT_MISSING = 1,
    TIMEOUT_S = 10,
    ATTEMPT_MS = 500,
    OUTPUT_MAX_BYTES = 256 * 1024,
    HOUR_MS = 60 * 60 * 1000,
};

// clang-format off
static const char usage[] =
        "usage: wrongnumber topics [-c FILE] [-X NAME=VALUE]... [--create] [--json] [--timeout S]\n"
        "\n"
        "Lists the topics that wrongnumber reads and writes, and whether they are there.\n"
        "\n"
        OPTIONS_USAGE
        "      --create          make those that are missing, with the retention that topics.retention\n"
        "                        names; those that are there keep theirs\n"
        "      --json            one JSON object a line\n"
        "      --timeout S       give up when Kafka does not answer for so long (default 10)\n"
        "  -h, --help            this text\n"
        "\n"
        "exit status: 0 all are there, 1 some are missing or could not be made, 69 Kafka is away,\n"
        "78 the configuration is wrong\n";
// clang-format on

struct topics_arguments {
    struct options options;
    bool creates;
    bool is_json;
    int64_t timeout_s;
};

// One topic: what was planned, what is there, what became of making it.
struct topic_row {
    const struct topic_plan *plan;
    uint32_t partitions; // 0 = missing
    struct topic_made made;
    bool was_made;
};

static enum err parse_arguments(struct topics_arguments *args, int argc, char **argv)
{
    static const struct option longs[] = {OPTIONS_LONG, {"create", no_argument, NULL, 'C'},
            {"json", no_argument, NULL, 'j'}, {"timeout", required_argument, NULL, 't'},
            {NULL, 0, NULL, 0}};
    optind = 0; // glibc: start afresh, main has been here
    for (int c; (c = getopt_long(argc, argv, OPTIONS_SHORT, longs, NULL)) != -1;) {
        bool is_good = true;
        if (c == 'C') {
            args->creates = true;
        } else if (c == 'j') {
            args->is_json = true;
        } else if (c == 't') {
            is_good = options_number("--timeout", optarg, 0, 86400, &args->timeout_s);
        } else {
            is_good = options_take(&args->options, c, optarg);
        }
        if (!is_good) {
            return ERR_USAGE;
        }
    }
    return optind == argc ? ERR_NONE : ERR_USAGE;
}

// Asks until Kafka answers or the time is up.
static enum err ask(struct kafka_admin *admin, const struct topic_plan *plans, int plan_count,
        int64_t timeout_s, uint32_t *ret_partitions)
{
    const char *names[TOPIC_PLAN_MAX];
    for (int i = 0; i < plan_count; i++) {
        names[i] = plans[i].name;
    }
    struct mono_time deadline = mono_after_ms(clock_mono(), timeout_s * 1000);
    enum err err;
    do {
        err = kafka_admin_partitions(admin, names, (size_t)plan_count, ATTEMPT_MS, ret_partitions);
    } while (err_fate(err) == FATE_RETRY && !stop_is_requested() &&
             mono_left_ms(clock_mono(), deadline) > 0);
    return err;
}

static void make_missing(
        struct kafka_admin *admin, struct topic_row *rows, int row_count, int64_t timeout_s)
{
    struct topic_plan missing[TOPIC_PLAN_MAX];
    struct topic_row *row_of[TOPIC_PLAN_MAX];
    struct topic_made made[TOPIC_PLAN_MAX];
    size_t count = 0;
    for (int i = 0; i < row_count; i++) {
        if (rows[i].partitions == 0) {
            row_of[count] = &rows[i];
            missing[count++] = *rows[i].plan;
        }
    }
    if (count == 0) {
        return;
    }
    int64_t timeout_ms = (timeout_s > 0 ? timeout_s : 1) * 1000;
    enum err err = kafka_admin_make(admin, missing, count, timeout_ms, made);
    (void)err; // each row has its own
    for (size_t i = 0; i < count; i++) {
        row_of[i]->made = made[i];
        row_of[i]->was_made = made[i].err == ERR_NONE;
        if (row_of[i]->was_made) {
            row_of[i]->partitions = missing[i].partitions;
        }
    }
}

static const char *row_state(const struct topic_row *row)
{
    if (row->was_made) {
        return "made";
    }
    if (row->partitions == 0) {
        return row->made.text[0] != '\0' ? "failed" : "missing";
    }
    // The number of tally partitions decides which tenant is counted where: another one is no
    // matter of taste.
    bool is_fixed = strcmp(row->plan->role, "tallies") == 0 ||
                    strcmp(row->plan->role, "detector-state") == 0;
    return is_fixed && row->partitions != row->plan->partitions ? "differs" : "there";
}

static void add_json_row(struct strbuf *sb, const struct topic_row *row)
{
    struct json_out out;
    json_begin(&out, sb);
    json_object(&out, NULL);
    json_text(&out, "topic", row->plan->name);
    json_text(&out, "role", row->plan->role);
    json_text(&out, "state", row_state(row));
    json_int(&out, "partitions", row->partitions);
    json_int(&out, "planned_partitions", row->plan->partitions);
    json_bool(&out, "compacted", row->plan->compacted);
    if (row->plan->retention_ms > 0) {
        json_int(&out, "planned_retention_ms", row->plan->retention_ms);
    }
    if (row->made.text[0] != '\0') {
        json_text(&out, "error", row->made.text);
    }
    json_object_end(&out);
    strbuf_add_byte(sb, '\n');
}

static void add_text_row(struct strbuf *sb, const struct topic_row *row)
{
    const char *state = row_state(row);
    strbuf_printf(sb, "%-8s %-16s %-36s ", state, row->plan->role, row->plan->name);
    if (row->partitions == 0) {
        strbuf_printf(sb, "partitions wanted: %u", row->plan->partitions);
    } else if (strcmp(state, "differs") == 0) {
        strbuf_printf(sb, "partitions: %u, the configuration says %u", row->partitions,
                row->plan->partitions);
    } else {
        strbuf_printf(sb, "partitions: %u", row->partitions);
    }
    if (row->was_made && row->plan->retention_ms > 0) {
        strbuf_printf(sb, ", kept %lld h", (long long)(row->plan->retention_ms / HOUR_MS));
    }
    strbuf_printf(sb, "%s%s%s\n", row->plan->compacted ? ", compacted" : "",
            row->made.text[0] != '\0' ? ": " : "", row->made.text);
}

static int print_rows(const struct topic_row *rows, int row_count, bool is_json)
{
    struct strbuf sb;
    strbuf_init(&sb, OUTPUT_MAX_BYTES);
    bool is_complete = true;
    for (int i = 0; i < row_count; i++) {
        is_complete = is_complete && rows[i].partitions > 0;
        if (is_json) {
            add_json_row(&sb, &rows[i]);
        } else {
            add_text_row(&sb, &rows[i]);
        }
    }
    bool is_written =
            sb.failed == ERR_NONE && fwrite(sb.p, 1, sb.n, stdout) == sb.n && fflush(stdout) == 0;
    strbuf_fini(&sb);
    return !is_written ? err_exit_status(ERR_IO) : is_complete ? 0 : EXIT_MISSING;
}

static int list_topics(
        const struct topics_arguments *args, const struct config *config, struct kafka_admin *admin)
{
    struct topic_plan plans[TOPIC_PLAN_MAX];
    int plan_count = topic_plans(config, plans);
    uint32_t partitions[TOPIC_PLAN_MAX] = {0};
    enum err err = ask(admin, plans, plan_count, args->timeout_s, partitions);
    if (err != ERR_NONE) {
        fprintf(stderr, "Kafka at %s does not answer: %s\n", config->kafka.bootstrap,
                kafka_admin_trouble(admin));
        return err_exit_status(ERR_UNAVAILABLE);
    }
    struct topic_row rows[TOPIC_PLAN_MAX] = {0};
    for (int i = 0; i < plan_count; i++) {
        rows[i] = (struct topic_row){.plan = &plans[i], .partitions = partitions[i]};
    }
    if (args->creates) {
        make_missing(admin, rows, plan_count, args->timeout_s);
    }
    return print_rows(rows, plan_count, args->is_json);
}

int command_topics(int argc, char **argv)
{
    struct topics_arguments args = {.timeout_s = TIMEOUT_S};
    if (parse_arguments(&args, argc, argv) != ERR_NONE || args.options.helps) {
        fputs(usage, args.options.helps ? stdout : stderr);
        return args.options.helps ? 0 : err_exit_status(ERR_USAGE);
    }
    struct config *config = NULL;
    enum err err = options_load_config(&args.options, &config);
    if (err != ERR_NONE) {
        return err_exit_status(err);
    }
    // librdkafka's running commentary is not what was asked for; the last trouble is printed at the
    // end.
    log_setup(config->log.format, LOG_ERROR);
    stop_on_signals();
    struct strbuf findings;
    strbuf_init(&findings, OUTPUT_MAX_BYTES);
    struct kafka_admin *admin = NULL;
    err = kafka_admin_create(&admin, config, &findings);
    fprintf(stderr, "%.*s", VIEW_ARGS(strbuf_view(&findings)));
    strbuf_fini(&findings);
    int status = err != ERR_NONE ? err_exit_status(err) : list_topics(&args, config, admin);
    kafka_admin_destroy(admin);
    config_destroy(config);
    return status;
}
