// bench_judge: what the first half costs, stage by stage: nanoseconds and allocations a message.
//
// The stages are called as judge_line and enrich (prepare, ask, answer) call them, batch by batch, with a clock
// between them; then the same messages go through judge_line itself, which is timed from outside:
// what it takes beyond the stages' sum is its own. CPU time of the thread, so the wait for a Redis
// is not in it. Figures are medians of seven runs (--runs), each with the least and the greatest. The first
// pass over the day is not counted: memory grows in it, and numbers are read for the first time.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "bench/stages/figures.h"
#include "bench/stages/first_half.h"

static const char *const help =
        "Usage: bench_judge --day DIR [--redis URI] [--batch N] [--messages N] [--runs N]\n"
        "                   [--json]\n"
        "\n"
        "Measures decode, normalise, pseudonymise, lookup, judge, encode, tally and frame,\n"
        "and the whole first half, on a day that wrongnumber-bench generate has made.\n"
        "\n"
        "      --day DIR      its folder\n"
        "      --redis URI    lookups go there (as of wrongnumber-bench replay), not to memory\n"
        "      --batch N      messages a batch (1000)\n"
        "      --messages N   of the day (200000)\n"
        "      --runs N       measured ones, 1 to 7 (7)\n"
        "      --json         one object a line instead of a table\n"
        "  -h, --help\n";

struct plan {
    const char *day;
    const char *redis;
    size_t batch;
    size_t messages;
    size_t runs;
    bool as_json;
};

// --- measuring and telling --------------------------------------------------------------------

static void tell(
        const struct plan *plan, const char *name, const struct figure *ns, double allocations)
{
    if (!plan->as_json) {
        printf("| %-12s", name);
        figure_print(ns);
        printf(" | %.4f |\n", allocations);
        return;
    }
    struct strbuf sb;
    struct json_out out;
    strbuf_init(&sb, 4096);
    json_begin(&out, &sb);
    json_object(&out, NULL);
    json_string(&out, "stage", view_of(name));
    figure_add_json(&out, "ns", ns);
    json_millionths(&out, "allocations", (int64_t)(allocations * 1e6));
    json_object_end(&out);
    printf("%.*s\n", (int)sb.n, sb.p);
    strbuf_fini(&sb);
}

static void run(const struct day *day, const struct plan *plan)
{
    struct half *half = half_create(day, plan->batch);
    double ns[STAGE_COUNT][RUNS];
    uint64_t allocations[STAGE_COUNT] = {0};
    (void)half_measure(half, 0);
    for (unsigned run = 0; run < plan->runs; run++) {
        const struct cost cost = half_measure(half, run + 1);
        for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
            ns[stage][run] = cost.ns[stage] / (double)day->count;
            allocations[stage] += cost.allocations[stage];
        }
    }
    if (!plan->as_json) {
        puts("| stage | ns a message (least-most) | allocations |\n|-|-|-|");
    }
    for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
        const struct figure figure = figure_of(ns[stage], (unsigned)plan->runs);
        tell(plan, stage_names[stage], &figure,
                (double)allocations[stage] / ((double)plan->runs * (double)day->count));
    }
    half_destroy(half);
}

static bool read_number(const char *text, size_t *ret_number)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    *ret_number = value;
    return end != text && *end == '\0' && value > 0 && value <= 100000000;
}

static bool read_option(struct plan *plan, int option, const char *text)
{
    switch (option) {
    case 'd':
        plan->day = text;
        return true;
    case 'r':
        plan->redis = text;
        return true;
    case 'b':
        return read_number(text, &plan->batch) && plan->batch <= 100000;
    case 'm':
        return read_number(text, &plan->messages);
    case 'n':
        return read_number(text, &plan->runs) && plan->runs <= RUNS;
    case 'j':
        plan->as_json = true;
        return true;
    default:
        return false;
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
            {"day", required_argument, NULL, 'd'},
            {"redis", required_argument, NULL, 'r'},
            {"batch", required_argument, NULL, 'b'},
            {"messages", required_argument, NULL, 'm'},
            {"runs", required_argument, NULL, 'n'},
            {"json", no_argument, NULL, 'j'},
            {"help", no_argument, NULL, 'h'},
            {NULL, 0, NULL, 0},
    };
    struct plan plan = {.batch = 1000, .messages = 200000, .runs = RUNS};
    bool is_right = true;
    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            return EX_OK;
        }
        is_right = is_right && read_option(&plan, c, optarg);
    }
    if (!is_right || plan.day == NULL || optind != argc) {
        fputs(help, stderr);
        return EX_USAGE;
    }
    struct day day;
    enum err e = day_open(&day, plan.day, plan.redis, plan.messages);
    if (e != ERR_NONE) {
        return err_exit_status(e);
    }
    run(&day, &plan);
    day_close(&day);
    return EX_OK;
}
