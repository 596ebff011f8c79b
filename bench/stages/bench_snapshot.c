// bench_snapshot: what it costs to save the whole state of the detect half and to restore it into a new
// one: nanoseconds and bytes a scope, with all scopes in the middle of a day. CPU time; medians of
// five runs, each with the least and the greatest.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "bench/stages/halves.h"
#include "common/assure.h"

enum { RUNS = 5, MIN_SCOPES = 1000, MAX_SCOPES = 10000000 };

#define STATE_BYTES_MAX ((size_t)4 << 30)

static const char *const help = "Usage: bench_snapshot [--scopes N] [--rate R]\n"
                                "\n"
                                "Measures saving and restoring the detect half; one JSON object.\n"
                                "\n"
                                "      --scopes N  nearly all of them campaigns (100000)\n"
                                "      --rate R    misdirected messages in a million (5000)\n"
                                "  -h, --help\n";

static int by_size(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

static void print_figure(const char *name, double values[RUNS], uint64_t scopes)
{
    qsort(values, RUNS, sizeof *values, by_size);
    printf(",\"%s_ns_a_scope\":[%.1f,%.1f,%.1f],\"%s_ms\":%.1f", name,
            values[RUNS / 2] / (double)scopes, values[0] / (double)scopes,
            values[RUNS - 1] / (double)scopes, name, values[RUNS / 2] / 1e6);
}

static void save(struct whole *whole, struct strbuf *sb)
{
    strbuf_reset(sb);
    struct archive writer = archive_writer(sb);
    detect_line_archive(whole->line, &writer);
    enum err e = archive_end(&writer);
    ASSURE(e == ERR_NONE);
}

static void restore(struct whole *whole, struct view state)
{
    struct archive reader = archive_reader(state);
    detect_line_archive(whole->line, &reader);
    enum err e = archive_end(&reader);
    ASSURE(e == ERR_NONE);
}

static void warm_up(struct whole *whole, uint32_t scopes, uint32_t rate_millionths)
{
    const struct world world = world_of(scopes);
    struct traffic traffic;
    traffic_init(&traffic, &world, rate_millionths);
    while (traffic_warm_up(&traffic)) {
        whole_take(whole, &traffic.frames);
    }
    traffic_fini(&traffic);
}

static void run(uint32_t scopes, uint32_t rate_millionths)
{
    struct config *config;
    enum err e = config_create_default(&config);
    ASSURE(e == ERR_NONE);
    uint32_t max_scopes = scopes + scopes / 6; // so that none is to be forgotten
    config->detector.max_scopes = max_scopes > MIN_SCOPES ? max_scopes : MIN_SCOPES;
    const struct stopwatch watch = {.id = CLOCK_THREAD_CPUTIME_ID};
    struct whole whole;
    whole_init(&whole, config);
    warm_up(&whole, scopes, rate_millionths);
    struct strbuf state;
    strbuf_init(&state, STATE_BYTES_MAX);
    double saved_ns[RUNS];
    double restored_ns[RUNS];
    for (unsigned i = 0; i < RUNS; i++) {
        double start = stopwatch_ns(&watch);
        save(&whole, &state);
        saved_ns[i] = stopwatch_ns(&watch) - start;
        struct whole restored;
        whole_init(&restored, config);
        start = stopwatch_ns(&watch);
        restore(&restored, strbuf_view(&state));
        restored_ns[i] = stopwatch_ns(&watch) - start;
        whole_fini(&restored);
    }
    uint64_t count = detect_line_counts(whole.line).scopes;
    printf("{\"scopes\":%llu,\"bytes\":%zu,\"bytes_a_scope\":%.1f", (unsigned long long)count,
            state.n, (double)state.n / (double)count);
    print_figure("save", saved_ns, count);
    print_figure("restore", restored_ns, count);
    puts("}");
    strbuf_fini(&state);
    whole_fini(&whole);
    config_destroy(config);
}

static bool read_number(const char *text, uint32_t *ret_number)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || value == 0 || value > MAX_SCOPES) {
        return false;
    }
    *ret_number = (uint32_t)value;
    return true;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
            {"scopes", required_argument, NULL, 's'},
            {"rate", required_argument, NULL, 'r'},
            {"help", no_argument, NULL, 'h'},
            {NULL, 0, NULL, 0},
    };
    uint32_t scopes = 100000;
    uint32_t rate_millionths = 5000;
    bool is_right = true;
    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            return EX_OK;
        }
        is_right = is_right && (c == 's' || c == 'r') &&
                   read_number(optarg, c == 's' ? &scopes : &rate_millionths);
    }
    if (!is_right || optind != argc) {
        fputs(help, stderr);
        return EX_USAGE;
    }
    run(scopes, rate_millionths);
    return EX_OK;
}
