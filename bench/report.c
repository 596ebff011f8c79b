// report: a replayed run as one HTML file that needs nothing else.
#include "bench/report.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/commands.h"
#include "bench/report_records.h"

enum { PAGE_BYTES = 256 * 1024 * 1024 };
static const size_t arena_bytes = (size_t)2 << 30;
static const size_t scratch_bytes = (size_t)1 << 20;

static const char *const help =
        "Usage: wrongnumber-bench report --run DIR [--labels FILE] [--scenario FILE] [--trace "
        "FILE]\n"
        "                                [-o FILE]\n"
        "\n"
        "Tells what came of a replay, for people who were not there: incidents over time, why each "
        "was\n"
        "raised and how to check it, what went by before the hold. One HTML file with everything "
        "in "
        "it, for\n"
        "light and dark screens, telephones and paper.\n"
        "\n"
        "  --run DIR         what `replay --out DIR` wrote\n"
        "  --labels FILE     the truth about made-up traffic (`generate`): escapes against theory\n"
        "  --scenario FILE   its incidents\n"
        "  --trace FILE      the detector's statistics while it decided; without it they are "
        "driven\n"
        "                    again from the verdicts\n"
        "  -o, --out FILE    where the page goes; without it to the standard output\n"
        "  -h, --help\n";

enum { OPTION_RUN = 256, OPTION_LABELS, OPTION_SCENARIO, OPTION_TRACE };

static const struct option long_options[] = {
        {"run", required_argument, NULL, OPTION_RUN},
        {"labels", required_argument, NULL, OPTION_LABELS},
        {"scenario", required_argument, NULL, OPTION_SCENARIO},
        {"trace", required_argument, NULL, OPTION_TRACE},
        {"out", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
};

static int usage(const char *what)
{
    fprintf(stderr, "wrongnumber-bench report: %s\nTry `wrongnumber-bench report --help`.\n", what);
    return err_exit_status(ERR_USAGE);
}

static enum err report_create(struct report *report)
{
    report->arena = arena_create(arena_bytes);
    report->scratch = arena_create(scratch_bytes);
    report->incident_ids = hashmap_create(REPORT_INCIDENTS_MAX);
    report->scope_keys = hashmap_create(REPORT_SCOPES_MAX);
    report->sample_ids = hashmap_create(REPORT_ALERTS_MAX);
    report->labels = hashmap_create(REPORT_LABELS_MAX);
    report->first_ms = -1;
    report->has_trace = report->options->trace != NULL;
    if (report->arena == NULL || report->scratch == NULL || report->incident_ids == NULL ||
            report->scope_keys == NULL || report->sample_ids == NULL || report->labels == NULL) {
        return ERR_NO_MEMORY;
    }
    return report_pointers_create(report);
}

static void report_destroy(struct report *report)
{
    for (unsigned i = 0; i < RECORD_COUNT; i++) {
        json_pointers_destroy(report->pointers[i]);
    }
    hashmap_destroy(report->incident_ids);
    hashmap_destroy(report->scope_keys);
    hashmap_destroy(report->sample_ids);
    hashmap_destroy(report->labels);
    free(report->alerts);
    free(report->holds);
    free(report->incidents);
    free(report->planted);
    free(report->scopes);
    arena_destroy(report->arena);
    arena_destroy(report->scratch);
}

// Whole or not at all: a page that is half there would lie.
static enum err write_file(const char *path, struct view page)
{
    FILE *file = path == NULL ? stdout : fopen(path, "we");
    if (file == NULL) {
        perror(path);
        return ERR_IO;
    }
    bool failed = fwrite(page.p, 1, page.n, file) != page.n;
    failed = (path == NULL ? fflush(file) : fclose(file)) != 0 || failed;
    if (failed) {
        perror(path == NULL ? "standard output" : path);
        if (path != NULL) {
            remove(path);
        }
    }
    return failed ? ERR_IO : ERR_NONE;
}

static enum err report_write(const struct report *report)
{
    struct strbuf page;
    strbuf_init(&page, PAGE_BYTES);
    report_page(report, &page);
    enum err e = page.failed;
    if (e == ERR_NONE) {
        e = write_file(report->options->out, strbuf_view(&page));
    } else {
        fprintf(stderr, "wrongnumber-bench report: the page: %s\n", err_text(e));
    }
    strbuf_fini(&page);
    return e;
}

static enum err report_run(struct report *report)
{
    enum err e = report_create(report);
    if (e == ERR_NONE) {
        e = report_read(report);
    }
    if (e == ERR_NONE) {
        e = report_follow(report);
    }
    if (e == ERR_NONE && report->has_trace) {
        e = report_trace(report);
    }
    if (e == ERR_NONE) {
        report_theory(report);
        e = report_write(report);
    }
    return e;
}

int bench_report(int argc, char **argv)
{
    struct report_options options = {0};
    int option;
    while ((option = getopt_long(argc, argv, "o:h", long_options, NULL)) != -1) {
        switch (option) {
        case OPTION_RUN:
            options.run = optarg;
            break;
        case OPTION_LABELS:
            options.labels = optarg;
            break;
        case OPTION_SCENARIO:
            options.scenario = optarg;
            break;
        case OPTION_TRACE:
            options.trace = optarg;
            break;
        case 'o':
            options.out = optarg;
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
    if (options.run == NULL) {
        return usage("--run is missing");
    }
    struct report report = {.options = &options};
    enum err e = report_run(&report);
    if (e == ERR_NO_MEMORY || e == ERR_CEILING) {
        fprintf(stderr, "wrongnumber-bench report: %s\n", err_text(e));
    }
    report_destroy(&report);
    return err_exit_status(e);
}
