// generate: a made-up day of messages with its relationship data and the truth about every message.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bench/commands.h"
#include "bench/generate_traffic.h"
#include "bench/generate_write.h"

enum { FLUSH_BYTES = 1 << 16, BUFFER_MAX_BYTES = 1 << 20, PATH_MAX_BYTES = 4096 };

static const char *const help =
        "Usage: wrongnumber-bench generate --seed N --messages N [--tenants N] [--campaigns N]\n"
        "                                  [--incident KIND:OPTIONS]... --out DIR\n"
        "\n"
        "Makes up a day of messages of several lenders: healthy campaigns with 0.1 to 0.5 % of "
        "scattered\n"
        "wrong numbers, and the incidents asked for. The same arguments give the same bytes "
        "everywhere.\n"
        "\n"
        "Written to DIR, which is made where it is missing:\n"
        "  relationships.ndjson  what the lenders' data says; input of `wrongnumber load`\n"
        "  events.ndjson         the messages\n"
        "  labels.ndjson         a line a message: the verdict and reasons it must get, and the "
        "incident and\n"
        "                        cause of those that an incident made wrong\n"
        "  scenario.json         arguments, counts and incidents\n"
        "\n"
        "      --seed N          which of the possible days\n"
        "      --messages N      how many messages, those of the incidents among them (up to "
        "100000000)\n"
        "      --tenants N       how many lenders (default 4)\n"
        "      --campaigns N     how many healthy campaigns (default 60)\n"
        "      --incident KIND:key=value,...   may be given up to 64 times\n"
        "      --out DIR\n"
        "  -h, --help\n"
        "\n"
        "KIND\n"
        "  wrong_list            the phone column slipped against a bought list: strangers, other "
        "lenders'\n"
        "                        borrowers, own borrowers with somebody else's loan\n"
        "  closed_loans          paid-off customers are still in the list\n"
        "  shifted_column        another column is read as the phone number: dates, amounts, ids\n"
        "  number_walking        consecutive numbers\n"
        "  feed_lag              new borrowers whose record has not arrived: healthy, but nobody "
        "can know\n"
        "  recycled_numbers      the carrier has given the numbers to others\n"
        "  unregistered_vendor   a vendor that is used nowhere else sends to a mix\n"
        "  leaked_list           strangers to every lender, from an unknown sender and template\n"
        "  broad_rule            contacts, guarantors and closed loans caught by too broad a rule\n"
        "\n"
        "Options of an incident\n"
        "  at=N or at=P%         how many messages, or which share of all, come before it "
        "(default: half of\n"
        "                        the others; a share is cut where the incident would not fit)\n"
        "  size=N                messages of its campaign (default: a tenth of all, at most 2000)\n"
        "  rate=P% or rate=0.P   share of them that goes wrong (default depends on KIND)\n"
        "  tenant=N              1 is the first; default: any\n"
        "  campaign=ID           a new campaign's name, or a healthy one that goes wrong from then "
        "on\n"
        "  vendor=ID             default: any of the tenant's\n";

// --- files ------------------------------------------------------------------------------------

struct out_file {
    FILE *file;
    struct strbuf sb;
    bool failed;
};

static bool out_open(struct out_file *out, const char *dir, const char *name)
{
    char path[PATH_MAX_BYTES];
    int n = snprintf(path, sizeof path, "%s/%s", dir, name);
    strbuf_init(&out->sb, BUFFER_MAX_BYTES);
    out->failed = false;
    out->file = n > 0 && n < PATH_MAX_BYTES ? fopen(path, "wbe") : NULL;
    return out->file != NULL;
}

static void out_flush(struct out_file *out, size_t above_bytes)
{
    if (out->sb.n <= above_bytes) {
        return;
    }
    out->failed = out->failed || out->sb.failed != ERR_NONE ||
                  fwrite(out->sb.p, 1, out->sb.n, out->file) != out->sb.n;
    strbuf_reset(&out->sb);
}

// False when any byte may be missing.
static bool out_close(struct out_file *out)
{
    if (out->file == NULL) {
        return false;
    }
    out->failed = out->failed || out->sb.failed != ERR_NONE;
    out_flush(out, 0);
    bool closed = fclose(out->file) == 0;
    strbuf_fini(&out->sb);
    return closed && !out->failed;
}

// DIR and the folders it is in.
static bool make_folders(const char *dir)
{
    char path[PATH_MAX_BYTES];
    size_t n = strlen(dir);
    if (n == 0 || n >= sizeof path) {
        return false;
    }
    memcpy(path, dir, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        char end = path[i];
        path[i] = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST) {
            return false;
        }
        path[i] = end;
    }
    return true;
}

// --- the four files ---------------------------------------------------------------------------

// What was exported first stands first: the later lines replace it.
static bool write_relationships(
        const char *dir, const struct people *people, struct scenario_counts *counts)
{
    struct out_file out;
    if (!out_open(&out, dir, "relationships.ndjson")) {
        return false;
    }
    struct person person;
    for (uint64_t index = 0; index < people->count && !out.failed; index++) {
        if (has_stale_relationship(people, index)) {
            person_make(people, index, &person);
            write_stale_relationship(&out.sb, people, &person);
            counts->relationships++;
            out_flush(&out, FLUSH_BYTES);
        }
    }
    for (uint64_t index = 0; index < people->count && !out.failed; index++) {
        person_make(people, index, &person);
        write_relationship(&out.sb, people, &person);
        counts->relationships++;
        out_flush(&out, FLUSH_BYTES);
    }
    return out_close(&out);
}

static bool write_messages(
        const char *dir, uint64_t seed, struct traffic *traffic, struct scenario_counts *counts)
{
    struct out_file events;
    struct out_file labels = {0};
    bool opened =
            out_open(&events, dir, "events.ndjson") && out_open(&labels, dir, "labels.ndjson");
    struct message message;
    struct label label;
    const struct incident *incident;
    while (opened && !events.failed && !labels.failed &&
            traffic_next(traffic, &message, &label, &incident)) {
        write_event(&events.sb, seed, &message, random_mix(seed, message.number));
        write_label(&labels.sb, seed, &message, &label, incident);
        out_flush(&events, FLUSH_BYTES);
        out_flush(&labels, FLUSH_BYTES);
        counts->verdicts[label.expected]++;
        counts->scattered += message.fault == FAULT_SCATTERED;
    }
    bool events_whole = out_close(&events);
    bool labels_whole = out_close(&labels);
    return opened && events_whole && labels_whole;
}

static bool write_scenario_file(const struct generate_options *options,
        const struct traffic *traffic, const struct scenario_counts *counts)
{
    struct out_file out;
    uint32_t count;
    if (!out_open(&out, options->out, "scenario.json")) {
        return false;
    }
    write_scenario(&out.sb, options, traffic_incidents(traffic, &count), counts);
    return out_close(&out);
}

static enum err generate(const struct generate_options *options)
{
    struct traffic *traffic;
    enum err e = traffic_create(&traffic, options);
    if (e != ERR_NONE) {
        return e;
    }
    struct scenario_counts counts = {0};
    errno = 0;
    bool written = make_folders(options->out) &&
                   write_relationships(options->out, traffic_people(traffic), &counts) &&
                   write_messages(options->out, options->seed, traffic, &counts) &&
                   write_scenario_file(options, traffic, &counts);
    traffic_destroy(traffic);
    return written ? ERR_NONE : ERR_IO;
}

int bench_generate(int argc, char **argv)
{
    struct generate_options options;
    struct strbuf why;
    strbuf_init(&why, FLUSH_BYTES);
    enum err e = generate_options_read(&options, argc, argv, &why);
    if (e != ERR_NONE) {
        fprintf(stderr, "wrongnumber-bench generate: %s\n", why.n > 0 ? why.p : err_text(e));
        fputs("Try `wrongnumber-bench generate --help`.\n", stderr);
    } else if (options.help) {
        fputs(help, stdout);
    } else {
        e = generate(&options);
        if (e != ERR_NONE) {
            fprintf(stderr, "wrongnumber-bench generate: %s: %s%s%s\n", options.out, err_text(e),
                    errno != 0 ? ": " : "", errno != 0 ? strerror(errno) : "");
        }
    }
    strbuf_fini(&why);
    return err_exit_status(e);
}
