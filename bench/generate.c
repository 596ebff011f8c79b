// generate: a made-up day of messages with its relationship data and the truth about every message.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bench/commands.h"
#include "bench/generate_help.h"
#include "bench/generate_scenario.h"
#include "bench/generate_write.h"

enum { FLUSH_BYTES = 1 << 16, BUFFER_MAX_BYTES = 16 << 20, PATH_MAX_BYTES = 4096 };

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

// --- the five files ---------------------------------------------------------------------------

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
        counts->messages++;
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
    if (!out_open(&out, options->out, "scenario.json")) {
        return false;
    }
    write_scenario(&out.sb, options, traffic, counts);
    return out_close(&out);
}

static bool write_vendors_file(const char *dir, const struct traffic *traffic)
{
    struct out_file out;
    if (!out_open(&out, dir, "vendors.txt")) {
        return false;
    }
    bool written = write_vendors(&out.sb, traffic) == ERR_NONE;
    return out_close(&out) && written;
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
                   write_scenario_file(options, traffic, &counts) &&
                   write_vendors_file(options->out, traffic);
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
        for (size_t i = 0; generate_help[i] != NULL; i++) {
            fputs(generate_help[i], stdout);
        }
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
