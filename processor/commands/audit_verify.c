// audit verify: reads the whole audit log and names everything that is wrong with it.
#include <getopt.h>
#include <stdio.h>

#include "audit/custody.h"
#include "commands/audit.h"

enum { WHY_MAX_BYTES = 16 * 1024, SHOWN_MAX = 1000, LINE_MAX_BYTES = 4096 };

// clang-format off
static const char usage[] =
        "usage: wrongnumber audit verify [-c FILE | DIR] [--key ID=FILE]... [--head PLACE]...\n"
        "\n"
        "Reads the audit log from its first record to its last and checks each of them: its hash, its\n"
        "content, that it follows the one before it, and that none is missing. What is wrong is told one\n"
        "a line on standard output, as FILE:LINE: record SEQ: WHAT. Nothing is changed; the processor may\n"
        "run meanwhile. Exit status 0: all is as it was written; 65: it is not; 66: there is no log.\n"
        "\n"
        AUDIT_PLACE_USAGE
        "      --head PLACE      a place that the log must have, LOG_ID:SEQ:HASH or HASH: from the header\n"
        "                        wn.audit of any alert or command in Kafka, or a `head` line in the\n"
        "                        processor's log. Nothing else shows that the end was cut off. Or\n"
        "                        custody:LOG_ID:SEQ:HASH, as `audit hold` and `purge` print it, of\n"
        "                        custody.ndjson, beyond what the log itself has seen there\n"
        "  -h, --help            this text\n";
// clang-format on

struct verification {
    struct audit_place_options place;
    struct audit_check check;
    struct custody *custody;
    uint64_t shown;
};

static void show_fault(void *self, const char *name, uint64_t line, uint64_t seq, const char *what)
{
    struct verification *verification = self;
    if (++verification->shown > SHOWN_MAX) {
        return;
    }
    if (line > 0) {
        printf("%s:%llu: record %llu: %s\n", name, (unsigned long long)line,
                (unsigned long long)seq, what);
    } else {
        printf("%s%s%s\n", name, name[0] != '\0' ? ": " : "", what);
    }
}

static bool has_custody(void *self, uint64_t seq, const uint8_t *mac)
{
    struct verification *verification = self;
    return custody_has_line(verification->custody, seq, mac);
}

static bool is_removed(void *self, uint64_t seq)
{
    struct verification *verification = self;
    return custody_has_removed(verification->custody, seq);
}

static void show_summary(const struct verification *verification, const struct audit_summary *sum)
{
    struct strbuf text;
    strbuf_init(&text, LINE_MAX_BYTES);
    if (verification->shown > SHOWN_MAX) {
        printf("and %llu more\n", (unsigned long long)(verification->shown - SHOWN_MAX));
    }
    strbuf_printf(&text, "%s: %llu records in %llu files, %llu to %llu, ",
            sum->faults == 0 ? "ok" : "NOT ok", (unsigned long long)sum->records,
            (unsigned long long)sum->files, (unsigned long long)sum->first_seq,
            (unsigned long long)sum->last_seq);
    if (sum->records > 0) {
        clock_format(&text, sum->first_at_ms);
        strbuf_add_text(&text, " to ");
        clock_format(&text, sum->last_at_ms);
    }
    strbuf_printf(&text, "; %llu with their content taken out and accounted for; head ",
            (unsigned long long)sum->removed);
    hex_add(&text, sum->head, sizeof sum->head);
    puts(text.p != NULL ? text.p : "");
    if (!sum->is_keyed) {
        fputs("not all of it has a key: whoever can write the files can have written it anew\n",
                stderr);
    }
    if (verification->check.head_count == 0) {
        fputs("without --head nothing shows whether records are missing at the end\n", stderr);
    }
    if (!sum->is_ended && sum->records > 0) {
        fputs(sum->is_written ? "the log is being written\n"
                              : "the log was not closed: its processor was killed, or its end is "
                                "missing\n",
                stderr);
    }
    strbuf_fini(&text);
}

static enum err verify(struct verification *verification)
{
    struct config *config = NULL;
    struct audit_keys keys = {.count = 0};
    struct audit_summary sum;
    struct strbuf why;
    strbuf_init(&why, WHY_MAX_BYTES);
    enum err e =
            audit_place_open(&verification->place, &config, &keys, &verification->check.directory);
    if (e == ERR_NONE) {
        verification->check.keys = &keys;
        verification->check.allows_unkeyed = verification->place.allows_unkeyed;
        verification->check.found = show_fault;
        verification->check.self = verification;
        verification->check.is_removed = is_removed;
        verification->check.has_custody = has_custody;
        e = custody_read(&verification->custody, &verification->check, &why);
        e = e != ERR_NONE ? e : audit_check_log(&sum, &verification->check, &why);
        if (e == ERR_NONE) {
            sum.faults += custody_faults(verification->custody);
            show_summary(verification, &sum);
            e = sum.faults > 0 ? ERR_DATA : ERR_NONE;
        } else {
            fprintf(stderr, "audit verify: %s\n", why.n > 0 ? why.p : err_text(e));
        }
    }
    custody_destroy(verification->custody);
    audit_keys_fini(&keys);
    if (config != NULL) {
        config_destroy(config);
    }
    strbuf_fini(&why);
    return e;
}

static bool take_option(struct verification *verification, int option)
{
    struct audit_check *check = &verification->check;
    if (option != 'H') {
        return audit_place_take(&verification->place, option, optarg);
    }
    if (check->head_count == AUDIT_HEADS_MAX) {
        fprintf(stderr, "--head: %d at most\n", AUDIT_HEADS_MAX);
        return false;
    }
    check->heads[check->head_count++] = optarg;
    return true;
}

int audit_verify(int argc, char **argv)
{
    static const struct option longs[] = {
            AUDIT_PLACE_LONG, {"head", required_argument, NULL, 'H'}, {NULL, 0, NULL, 0}};
    struct verification verification = {.shown = 0};
    optind = 0;
    bool is_good = true;
    for (int c; is_good && (c = getopt_long(argc, argv, AUDIT_PLACE_SHORT, longs, NULL)) != -1;) {
        is_good = take_option(&verification, c);
    }
    if (is_good && verification.place.options.helps) {
        fputs(usage, stdout);
        return 0;
    }
    if (is_good && optind < argc) {
        verification.place.directory = argv[optind++];
    }
    if (!is_good || optind != argc) {
        fputs(usage, stderr);
        return err_exit_status(ERR_USAGE);
    }
    return err_exit_status(verify(&verification));
}
