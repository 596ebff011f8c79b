// bench_detect: what the second half costs, stage by stage: nanoseconds and allocations a message,
// bytes a scope.
//
// Two halves go over the same frames: one of fold and detect with a clock between them, and all of
// it (detect_line), which is timed from outside; what is left of that is decide's. CPU time, less
// what reading the clock costs; for small frames, where that would be most of it, the time of day,
// without the frames in which something else ran. Figures are medians of seven runs, each with the
// least and the greatest: a 98 % interval of the median. All numbers of scopes are there at once and
// are run in turn, so that what else the machine does befalls them alike.
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "bench/stages/allocations.h"
#include "bench/stages/figures.h"
#include "bench/stages/halves.h"
#include "common/assure.h"

enum { MIN_SCOPES = 1000 };

static const char *const help =
        "Usage: bench_detect [--scopes N[,N]...] [--rate R[,R]...] [--frame N[,N]...] [--at-a-time "
        "N]\n"
        "                    [--messages N] [--json]\n"
        "\n"
        "Measures fold, detect and decide on healthy traffic, and their memory.\n"
        "\n"
        "      --scopes LIST  nearly all of them campaigns (10,1000,10000,100000,1000000)\n"
        "      --rate LIST    misdirected messages in a million (5000,20000)\n"
        "      --frame LIST   messages a frame (1,50,1000)\n"
        "      --at-a-time N  so many campaigns send at a time, each 1,000 messages (200); 0: "
        "each\n"
        "                     message is of any campaign, the worst that can be\n"
        "      --messages N   messages a run (100000)\n"
        "      --json         one object a line instead of a table\n"
        "  -h, --help\n";

enum { LIST_MAX = 16 };

struct list {
    uint32_t values[LIST_MAX];
    unsigned count;
};

struct plan {
    struct list scopes;
    struct list rates;
    struct list frame_sizes;
    uint32_t messages;
    uint32_t at_a_time;
    bool as_json;
};

// --- measuring --------------------------------------------------------------------------------

struct memory {
    double taken_bytes; // a scope
    double resident_bytes;
};

struct row {
    uint32_t scopes;
    uint32_t rate_millionths;
    uint32_t at_a_time;
    uint32_t per_frame;
    struct figure fold_ns; // a message, as all below
    struct figure detect_ns;
    struct figure decide_ns;
    struct figure whole_ns;
    double allocations; // of the whole
    struct memory memory;
    struct detect_counts counts;
};

// Both halves in the middle of a day of so many scopes, and the traffic that goes on from there.
struct bed {
    struct config *config;
    struct front front;
    struct whole whole;
    struct traffic traffic;
    struct row row; // what they have in common
};

// The nanoseconds of each run of one bed, and what it allocated.
struct runs {
    double fold[RUNS];
    double detect[RUNS];
    double decide[RUNS];
    double whole[RUNS];
    uint64_t allocated;
};

static void measure_once(
        struct bed *bed, uint32_t messages, uint32_t per_frame, unsigned run, struct runs *runs)
{
    const struct stopwatch watch = stopwatch_for(per_frame);
    const struct stopwatch cpu = {.id = CLOCK_THREAD_CPUTIME_ID};
    traffic_make(&bed->traffic, messages, per_frame);
    const struct front_time time = front_take(&bed->front, &bed->traffic.frames, &watch);
    uint64_t before = allocations_count();
    double start = stopwatch_ns(&cpu);
    whole_take(&bed->whole, &bed->traffic.frames);
    runs->whole[run] = (stopwatch_ns(&cpu) - start) / messages;
    runs->allocated += allocations_count() - before;
    runs->fold[run] = time.fold / messages;
    runs->detect[run] = time.detect / messages;
    runs->decide[run] = runs->whole[run] - runs->fold[run] - runs->detect[run];
}

static struct row row_of(
        const struct bed *bed, const struct runs *runs, uint32_t messages, uint32_t per_frame)
{
    struct row row = bed->row;
    row.per_frame = per_frame;
    row.fold_ns = figure_of(runs->fold, RUNS);
    row.detect_ns = figure_of(runs->detect, RUNS);
    row.decide_ns = figure_of(runs->decide, RUNS);
    row.whole_ns = figure_of(runs->whole, RUNS);
    row.allocations = (double)runs->allocated / (RUNS * (double)messages);
    row.counts = detect_line_counts(bed->whole.line);
    return row;
}

// --- telling ----------------------------------------------------------------------------------

static void print_json(const struct row *row, const struct runs *runs)
{
    struct strbuf sb;
    struct json_out out;
    strbuf_init(&sb, 4096);
    json_begin(&out, &sb);
    json_object(&out, NULL);
    json_int(&out, "scopes", row->scopes);
    json_millionths(&out, "rate", row->rate_millionths);
    json_int(&out, "campaigns_at_a_time", row->at_a_time);
    json_int(&out, "messages_a_frame", row->per_frame);
    figure_add_json(&out, "fold_ns", &row->fold_ns);
    figure_add_json(&out, "detect_ns", &row->detect_ns);
    figure_add_json(&out, "decide_ns", &row->decide_ns);
    figure_add_json(&out, "whole_ns", &row->whole_ns);
    json_array(&out, "whole_ns_runs"); // in turn with those of the other rows
    for (unsigned i = 0; i < RUNS; i++) {
        json_tenths(&out, NULL, runs->whole[i]);
    }
    json_array_end(&out);
    json_millionths(&out, "allocations", (int64_t)(row->allocations * 1e6));
    json_tenths(&out, "taken_bytes_a_scope", row->memory.taken_bytes);
    json_tenths(&out, "resident_bytes_a_scope", row->memory.resident_bytes);
    json_int(&out, "alerts", (int64_t)row->counts.alerts);
    json_object_end(&out);
    printf("%.*s\n", (int)sb.n, sb.p);
    strbuf_fini(&sb);
}

static void print_row(const struct row *row)
{
    printf("| %7u | %.1f %% | %u | %4u", row->scopes, row->rate_millionths / 1e4, row->at_a_time,
            row->per_frame);
    figure_print(&row->fold_ns);
    figure_print(&row->detect_ns);
    figure_print(&row->decide_ns);
    figure_print(&row->whole_ns);
    printf(" | %.4f | %.0f | %.0f | %llu |\n", row->allocations, row->memory.taken_bytes,
            row->memory.resident_bytes, (unsigned long long)row->counts.alerts);
}

// --- the program ------------------------------------------------------------------------------

static bool read_number(const char *text, uint32_t *ret_number)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || value > 10000000) {
        return false;
    }
    *ret_number = (uint32_t)value;
    return true;
}

static bool read_list(const char *text, struct list *list)
{
    char *copy = strdup(text);
    char *rest = copy;
    bool is_right = copy != NULL;
    list->count = 0;
    while (is_right && rest != NULL) {
        const char *part = strsep(&rest, ",");
        uint32_t value;
        is_right = list->count < LIST_MAX && read_number(part, &value) && value > 0;
        if (is_right) {
            list->values[list->count++] = value;
        }
    }
    free(copy);
    return is_right;
}

// Brings both to the middle of a day, one after the other, and says what the whole one takes.
static struct memory build(struct front *front, struct whole *whole, const struct config *config,
        const struct row *row)
{
    const struct stopwatch watch = {.id = CLOCK_MONOTONIC, .interrupted_ns = 1e18};
    const struct world world = world_of(row->scopes);
    struct traffic traffic;
    traffic_init(&traffic, &world, row->rate_millionths);
    bool more = traffic_warm_up(&traffic); // its own memory is there before that of the half
    malloc_trim(0);
    int64_t taken = allocations_bytes();
    int64_t resident = resident_bytes();
    whole_init(whole, config);
    for (; more; more = traffic_warm_up(&traffic)) {
        whole_take(whole, &traffic.frames);
    }
    struct memory memory = {
            (double)(allocations_bytes() - taken) / world_scopes(&world),
            (double)(resident_bytes() - resident) / world_scopes(&world),
    };
    traffic_fini(&traffic);
    traffic_init(&traffic, &world, row->rate_millionths);
    front_init(front, config);
    while (traffic_warm_up(&traffic)) {
        (void)front_take(front, &traffic.frames, &watch);
    }
    traffic_fini(&traffic);
    return memory;
}

static void bed_init(
        struct bed *bed, const struct plan *plan, uint32_t scopes, uint32_t rate_millionths)
{
    enum err e = config_create_default(&bed->config);
    ASSURE(e == ERR_NONE);
    uint32_t max_scopes = scopes + scopes / 6; // so that none is to be forgotten
    bed->config->detector.max_scopes = max_scopes > MIN_SCOPES ? max_scopes : MIN_SCOPES;
    bed->row = (struct row){
            .scopes = scopes, .rate_millionths = rate_millionths, .at_a_time = plan->at_a_time};
    bed->row.memory = build(&bed->front, &bed->whole, bed->config, &bed->row);
    const struct world world = world_of(scopes);
    traffic_init(&bed->traffic, &world, rate_millionths);
    bed->traffic.at_a_time = plan->at_a_time;
}

static void bed_fini(struct bed *bed)
{
    traffic_fini(&bed->traffic);
    front_fini(&bed->front);
    whole_fini(&bed->whole);
    config_destroy(bed->config);
}

// All beds with frames of one size, in turn.
static void measure_beds(struct bed *beds, unsigned count, struct runs *runs,
        const struct plan *plan, uint32_t per_frame)
{
    memset(runs, 0, count * sizeof *runs);
    for (unsigned run = 0; run < RUNS; run++) {
        for (unsigned i = 0; i < count; i++) {
            measure_once(&beds[i], plan->messages, per_frame, run, &runs[i]);
        }
    }
    for (unsigned i = 0; i < count; i++) {
        const struct row row = row_of(&beds[i], &runs[i], plan->messages, per_frame);
        if (plan->as_json) {
            print_json(&row, &runs[i]);
        } else {
            print_row(&row);
        }
        fflush(stdout);
    }
}

static void run(const struct plan *plan)
{
    unsigned count = plan->scopes.count * plan->rates.count;
    struct bed *beds = calloc(count, sizeof *beds);
    struct runs *runs = calloc(count, sizeof *runs);
    ASSURE(beds != NULL && runs != NULL);
    for (unsigned i = 0; i < count; i++) {
        bed_init(&beds[i], plan, plan->scopes.values[i / plan->rates.count],
                plan->rates.values[i % plan->rates.count]);
    }
    for (unsigned i = 0; i < plan->frame_sizes.count; i++) {
        measure_beds(beds, count, runs, plan, plan->frame_sizes.values[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        bed_fini(&beds[i]);
    }
    free(beds);
    free(runs);
}

static bool read_option(struct plan *plan, int option, const char *text)
{
    switch (option) {
    case 's':
        return read_list(text, &plan->scopes);
    case 'r':
        return read_list(text, &plan->rates);
    case 'f':
        return read_list(text, &plan->frame_sizes);
    case 'm':
        return read_number(text, &plan->messages) && plan->messages > 0;
    case 'a':
        return read_number(text, &plan->at_a_time);
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
            {"scopes", required_argument, NULL, 's'},
            {"rate", required_argument, NULL, 'r'},
            {"frame", required_argument, NULL, 'f'},
            {"messages", required_argument, NULL, 'm'},
            {"at-a-time", required_argument, NULL, 'a'},
            {"json", no_argument, NULL, 'j'},
            {"help", no_argument, NULL, 'h'},
            {NULL, 0, NULL, 0},
    };
    struct plan plan = {
            .scopes = {{10, 1000, 10000, 100000, 1000000}, 5},
            .rates = {{5000, 20000}, 2},
            .frame_sizes = {{1, 50, 1000}, 3},
            .messages = 100000,
            .at_a_time = 200,
    };
    bool is_right = true;
    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            return EX_OK;
        }
        is_right = is_right && read_option(&plan, c, optarg);
    }
    if (!is_right || optind != argc) {
        fputs(help, stderr);
        return EX_USAGE;
    }
    if (!plan.as_json) {
        puts("| scopes | rate | at a time | a frame | fold ns | detect ns | decide ns | whole ns | "
             "allocations | bytes a scope | resident | alerts |\n|-|-|-|-|-|-|-|-|-|-|-|-|");
    }
    run(&plan);
    return EX_OK;
}
