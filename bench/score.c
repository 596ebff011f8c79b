// score: how a run did, measured against what was planted.
#include <getopt.h>
#include <stdio.h>

#include "bench/commands.h"
#include "bench/score_print.h"
#include "bench/score_read.h"

enum { DOCUMENT_MAX_BYTES = 1024 * 1024 * 1024, PATH_MAX_BYTES = 4096 };

static const char *const help =
        "Usage: wrongnumber-bench score --labels FILE --run DIR [--scenario FILE]\n"
        "\n"
        "Compares a run with the truth about its messages and prints one JSON document: recall,\n"
        "precision by tier, false quarantines with their exact interval, misdirected messages "
        "until\n"
        "quarantine beside what the best possible detector needs, escapes, good messages held, "
        "change\n"
        "points, causes, harm; overall, by class of incident and by incident. Delays are counted "
        "in\n"
        "messages, in the order of verdicts.ndjson.\n"
        "\n"
        "      --labels FILE    labels.ndjson: message_id, expected, reasons, incident, cause\n"
        "      --run DIR        what `replay` wrote: verdicts.ndjson, alerts.ndjson,\n"
        "                       quarantine-commands.ndjson, summary.json\n"
        "      --scenario FILE  what was planted (default: scenario.json beside the labels)\n"
        "  -h, --help\n";

struct score_options {
    const char *labels;
    const char *run;
    const char *scenario;
};

static enum err read_all(
        struct score_data *data, const struct score_options *options, struct strbuf *why)
{
    static const struct {
        const char *name;
        enum err (*read)(struct score_data *, const struct score_source *, struct strbuf *);
    } files[] = {{"alerts.ndjson", score_read_alerts},
            {"quarantine-commands.ndjson", score_read_commands},
            {"verdicts.ndjson", score_read_verdicts}, {"summary.json", score_read_summary}};
    char path[PATH_MAX_BYTES];
    score_scenario_path(path, sizeof path, options->labels, options->scenario);
    enum err e = score_read_scenario(data, path, why);
    if (e == ERR_NONE) {
        const struct score_source labels = {options->labels, VIEW_NONE};
        e = score_read_labels(data, &labels, why);
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0] && e == ERR_NONE; i++) {
        snprintf(path, sizeof path, "%s/%s", options->run, files[i].name);
        const struct score_source source = {path, VIEW_NONE};
        e = files[i].read(data, &source, why);
    }
    if (e == ERR_NONE) {
        snprintf(path, sizeof path, "%s/verdicts.ndjson", options->run);
        e = score_check_messages(data, path, why);
    }
    return e == ERR_NONE ? score_list_rows(data) : e;
}

static enum err score_all(
        struct score_data *data, const struct score_options *options, struct strbuf *why)
{
    struct score_match match = {0};
    struct score_measured measured = {0};
    struct strbuf document;
    strbuf_init(&document, DOCUMENT_MAX_BYTES);
    enum err e = read_all(data, options, why);
    if (e == ERR_NONE) {
        e = score_match_make(&match, data);
    }
    if (e == ERR_NONE) {
        e = score_measure(&measured, data, &match);
    }
    if (e == ERR_NONE) {
        e = score_print(&document, data, &match, &measured);
    }
    if (e == ERR_NONE &&
            (fwrite(document.p, 1, document.n, stdout) != document.n || fflush(stdout) != 0)) {
        e = ERR_IO;
    }
    score_measured_fini(&measured);
    score_match_fini(&match);
    strbuf_fini(&document);
    return e;
}

static int usage(const char *what)
{
    fprintf(stderr, "wrongnumber-bench score: %s\nTry `wrongnumber-bench score --help`.\n", what);
    return err_exit_status(ERR_USAGE);
}

static int run(const struct score_options *options)
{
    struct score_data data;
    enum err e = score_data_init(&data);
    if (e != ERR_NONE) {
        return err_exit_status(e);
    }
    struct strbuf why;
    strbuf_init(&why, 2 * PATH_MAX_BYTES);
    e = score_all(&data, options, &why);
    if (e != ERR_NONE) {
        struct view text = why.n > 0 ? strbuf_view(&why) : view_of(err_text(e));
        fprintf(stderr, "wrongnumber-bench score: %.*s\n", VIEW_ARGS(text));
    }
    strbuf_fini(&why);
    score_data_fini(&data);
    return err_exit_status(e);
}

int bench_score(int argc, char **argv)
{
    static const struct option options[] = {
            {"labels", required_argument, NULL, 'l'},
            {"run", required_argument, NULL, 'r'},
            {"scenario", required_argument, NULL, 's'},
            {"help", no_argument, NULL, 'h'},
            {NULL, 0, NULL, 0},
    };
    struct score_options score = {0};
    int option;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'l':
            score.labels = optarg;
            break;
        case 'r':
            score.run = optarg;
            break;
        case 's':
            score.scenario = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return 0;
        default:
            return usage("unknown option");
        }
    }
    if (optind != argc) {
        return usage("takes no arguments, only options");
    }
    if (score.labels == NULL || score.run == NULL) {
        return usage("--labels and --run are needed");
    }
    return run(&score);
}
