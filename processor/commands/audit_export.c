// audit export: the report of one incident, as JSON and as one page of HTML.
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/custody.h"
#include "audit/incident_report.h"
#include "commands/audit.h"
#include "commands/open_zone.h"
#include "common/line_reader.h"
#include "common/log.h"
#include "kafka/whole.h"

enum {
    WHY_MAX_BYTES = 16 * 1024,
    REPORT_MAX_BYTES = 1024 * 1024 * 1024,
    VERDICT_MAX_BYTES = 1024 * 1024,
    PATH_MAX_BYTES = 8192,
    INCIDENT_DIGITS = 32,
    SHOWN_MAX = 20,
    TIMEOUT_S = 120,
};

// clang-format off
static const char usage[] =
        "usage: wrongnumber audit export --incident ID [-c FILE | DIR] [--key ID=FILE]...\n"
        "                                [--verdicts FILE | --from-topics] [--zone ZONE] [--data TEXT]\n"
        "                                [--out DIR] [--timeout S]\n"
        "\n"
        "Writes incident-ID.json and incident-ID.html: when it began, was told, held, acknowledged and\n"
        "released; the time limits to report it; how many people it is about, who was reached and who\n"
        "was spared; what was done by whom and why; and the audit trail with the result of its check.\n"
        "The HTML page needs nothing else. Exit status 0; 65: the audit log is not as it was written,\n"
        "which the report says; 66: there is no such incident in it.\n"
        "\n"
        AUDIT_PLACE_USAGE
        "      --incident ID     as alerts name it\n"
        "      --verdicts FILE   verdict records, one a line (kcat -C -e -t collections.verdicts.v1):\n"
        "                        tells who was reached, by pseudonym; - is standard input\n"
        "      --from-topics     reads verdicts and commands of the incident's time from Kafka instead, on\n"
        "                        the side; the report says what is not kept there any more. Wants -c\n"
        "      --timeout S       of that (default 120); what is not read by then is missing, and told\n"
        "      --zone ZONE       of the local times: an offset (default +08:00), or a name such as\n"
        "                        America/New_York\n"
        "      --data TEXT       the kinds of personal data that your messages disclose\n"
        "      --harm TEXT       what may come of it\n"
        "      --advice TEXT     what the people concerned can do\n"
        "      --contact TEXT    whom they can ask; these three PIPL Art. 57 and GDPR Art. 33 and 34 want\n"
        "                        to be told, and no log knows them\n"
        "      --out DIR         where to write; default .\n"
        "  -h, --help            this text\n";
// clang-format on

struct export_arguments {
    struct audit_place_options place;
    const char *incident;
    const char *verdicts;
    bool reads_topics;
    int64_t timeout_s;
    const char *out;
    const char *data_kinds;
    const char *harm;
    const char *advice;
    const char *contact;
    const char *zone_name;
    struct zone *zone;
};

struct export_run {
    const struct export_arguments *args;
    struct incident_report *report;
    struct custody *custody;
    uint64_t shown;
};

static bool is_incident(const char *text)
{
    size_t n = strspn(text, "0123456789abcdef");
    if (n != INCIDENT_DIGITS || text[n] != '\0') {
        fprintf(stderr, "--incident %s: expected 32 hex digits, as alerts have them\n", text);
        return false;
    }
    return true;
}

// --- reading -----------------------------------------------------------------------------------

static void show_fault(void *self, const char *name, uint64_t line, uint64_t seq, const char *what)
{
    struct export_run *run = self;
    if (++run->shown <= SHOWN_MAX) {
        fprintf(stderr, "%s:%llu: record %llu: %s\n", name, (unsigned long long)line,
                (unsigned long long)seq, what);
    }
}

static enum err take_line(void *self, const char *name, const struct audit_line *line)
{
    struct export_run *run = self;
    return incident_report_take(run->report, name, line);
}

static enum err note_line(void *self, const char *name, const struct audit_line *line)
{
    struct export_run *run = self;
    (void)name;
    return incident_report_note(run->report, line);
}

static void pass_over_fault(
        void *self, const char *name, uint64_t line, uint64_t seq, const char *what)
{
    (void)self;
    (void)name;
    (void)line;
    (void)seq;
    (void)what; // told by the reading before
}

static bool has_custody(void *self, uint64_t seq, const uint8_t *mac)
{
    struct export_run *run = self;
    return custody_has_line(run->custody, seq, mac);
}

static bool is_removed(void *self, uint64_t seq)
{
    struct export_run *run = self;
    return custody_has_removed(run->custody, seq);
}

static enum err read_verdicts(struct incident_report *report, const char *path)
{
    const bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return ERR_NO_INPUT;
    }
    struct line_reader *reader = NULL;
    enum err e = line_reader_create(&reader, fd, VERDICT_MAX_BYTES);
    bool has_line = e == ERR_NONE;
    while (e == ERR_NONE && has_line) {
        struct line line;
        e = line_reader_next(reader, &line, &has_line);
        if (e == ERR_NONE && has_line) {
            e = incident_report_verdict(report, line.text);
        }
    }
    line_reader_destroy(reader);
    if (!is_stdin) {
        close(fd);
    }
    return e;
}

static enum err see_command(void *self, const struct raw_message *raw)
{
    return incident_report_command(self, raw->value);
}

static enum err see_verdict(void *self, const struct raw_message *raw)
{
    return view_is_none(raw->value) ? ERR_NONE : incident_report_verdict(self, raw->value);
}

// What was not read in time is missing, which the report says.
static enum err read_topic(struct export_run *run, const struct config *config, const char *topic,
        enum err (*take)(void *self, const struct raw_message *raw), struct strbuf *why)
{
    bool left_behind = false;
    struct kafka_kept kept;
    const struct kafka_whole whole = {
            .config = config,
            .topic = topic,
            .who = "audit export",
            .deadline_ms = run->args->timeout_s * 1000,
            .since_ms = incident_report_since(run->report),
            .kept = &kept,
            .take = take,
            .self = run->report,
            .left_behind = &left_behind,
    };
    enum err e = kafka_read_whole(&whole, why);
    if (e != ERR_NONE && e != ERR_DEADLINE) {
        strbuf_printf(why, "%s: %s", topic, err_text(e));
        return e;
    }
    run->report->topics[run->report->topic_count++] = (struct report_topic){
            .name = topic,
            .since_ms = whole.since_ms,
            .records = kept.records,
            .partitions = kept.partitions,
            .cut = kept.cut,
            .oldest_ms = kept.oldest_ms >= 0 ? kept.oldest_ms : REPORT_NONE,
            .is_whole = e == ERR_NONE,
    };
    return ERR_NONE;
}

static enum err read_topics(struct export_run *run, const struct config *config, struct strbuf *why)
{
    log_setup(config->log.format, config->log.level == LOG_DEBUG ? LOG_DEBUG : LOG_WARN);
    enum err e = read_topic(run, config, config->topics.commands, see_command, why);
    run->report->has_verdicts = true;
    return e != ERR_NONE ? e : read_topic(run, config, config->topics.verdicts, see_verdict, why);
}

// --- writing -----------------------------------------------------------------------------------

// Whole or not at all: under another name first.
static enum err write_file(
        const struct export_arguments *args, const char *suffix, const struct strbuf *text)
{
    struct strbuf path;
    struct strbuf draft;
    strbuf_init(&path, PATH_MAX_BYTES);
    strbuf_init(&draft, PATH_MAX_BYTES);
    strbuf_printf(&path, "%s/incident-%s.%s", args->out, args->incident, suffix);
    strbuf_printf(&draft, "%s.part", path.failed == ERR_NONE ? path.p : "");
    enum err e = draft.failed;
    if (e == ERR_NONE) {
        (void)unlink(draft.p); // "x": what somebody puts there is not written through
        FILE *file = fopen(draft.p, "wxe");
        bool is_written = file != NULL && fwrite(text->p, 1, text->n, file) == text->n;
        is_written = (file == NULL || fclose(file) == 0) && is_written;
        if (is_written && rename(draft.p, path.p) == 0) {
            puts(path.p);
        } else {
            fprintf(stderr, "%s: %s\n", path.p, strerror(errno));
            unlink(draft.p);
            e = ERR_IO;
        }
    }
    strbuf_fini(&path);
    strbuf_fini(&draft);
    return e;
}

static enum err write_report(const struct export_run *run, const struct report_frame *frame)
{
    struct strbuf text;
    strbuf_init(&text, REPORT_MAX_BYTES);
    if (mkdir(run->args->out, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "%s: %s\n", run->args->out, strerror(errno));
        return ERR_IO;
    }
    incident_report_write_json(run->report, frame, &text);
    enum err e = text.failed != ERR_NONE ? text.failed : write_file(run->args, "json", &text);
    strbuf_reset(&text);
    if (e == ERR_NONE) {
        incident_report_write_page(run->report, frame, &text);
        e = text.failed != ERR_NONE ? text.failed : write_file(run->args, "html", &text);
    }
    strbuf_fini(&text);
    return e;
}

static enum err report(struct export_run *run, const struct config *config,
        const struct audit_keys *keys, const char *directory, struct strbuf *why)
{
    const struct export_arguments *args = run->args;
    struct audit_summary sum;
    struct audit_check check = {
            .directory = directory,
            .keys = keys,
            .allows_unkeyed = args->place.allows_unkeyed,
            .is_removed = is_removed,
            .has_custody = has_custody,
            .found = show_fault,
            .visit = note_line,
            .self = run,
    };
    enum err e = incident_report_create(&run->report, view_of(args->incident));
    e = e != ERR_NONE ? e : custody_read(&run->custody, &check, why);
    e = e != ERR_NONE ? e : audit_check_log(&sum, &check, why);
    // Once more: what is commanded about messages comes before anybody knows of the incident that they are of.
    check.visit = take_line;
    check.found = pass_over_fault;
    e = e != ERR_NONE ? e : audit_check_log(&sum, &check, why);
    if (e == ERR_NONE) {
        sum.faults += custody_faults(run->custody);
    }
    if (e == ERR_NONE && run->report->entry_count == 0) {
        strbuf_printf(why, "no record of incident %s in %s", args->incident, directory);
        e = ERR_NO_INPUT;
    }
    if (e == ERR_NONE && args->verdicts != NULL) {
        e = read_verdicts(run->report, args->verdicts);
    }
    if (e == ERR_NONE && args->reads_topics) {
        e = read_topics(run, config, why);
    }
    if (e != ERR_NONE) {
        return e;
    }
    const struct report_frame frame = {
            .made_at_ms = clock_wall().ms,
            .zone = args->zone,
            .data_kinds = args->data_kinds,
            .program = VIEW(WN_VERSION),
            .directory = directory,
            .sum = &sum,
            .harm = args->harm,
            .advice = args->advice,
            .contact = args->contact,
    };
    e = write_report(run, &frame);
    return e == ERR_NONE && sum.faults > 0 ? ERR_DATA : e;
}

static enum err export_incident(const struct export_arguments *args)
{
    struct config *config = NULL;
    struct audit_keys keys = {.count = 0};
    const char *directory = NULL;
    struct export_run run = {.args = args};
    struct strbuf why;
    strbuf_init(&why, WHY_MAX_BYTES);
    enum err e = audit_place_open(&args->place, &config, &keys, &directory);
    if (e == ERR_NONE) {
        e = report(&run, config, &keys, directory, &why);
        if (e != ERR_NONE) {
            fprintf(stderr, "audit export: %s\n", why.n > 0 ? why.p : err_text(e));
        }
    }
    incident_report_destroy(run.report);
    custody_destroy(run.custody);
    audit_keys_fini(&keys);
    if (config != NULL) {
        config_destroy(config);
    }
    strbuf_fini(&why);
    return e;
}

static bool take_option(struct export_arguments *args, int option)
{
    switch (option) {
    case 'i':
        args->incident = optarg;
        return is_incident(optarg);
    case 'v':
        args->verdicts = optarg;
        return true;
    case 'f':
        args->reads_topics = true;
        return true;
    case 't':
        return options_number("--timeout", optarg, 1, 86400, &args->timeout_s);
    case 'o':
        args->out = optarg;
        return true;
    case 'd':
        args->data_kinds = optarg;
        return true;
    case 'H':
        args->harm = optarg;
        return true;
    case 'a':
        args->advice = optarg;
        return true;
    case 'C':
        args->contact = optarg;
        return true;
    case 'z':
        args->zone_name = optarg;
        return true;
    default:
        return audit_place_take(&args->place, option, optarg);
    }
}

int audit_export(int argc, char **argv)
{
    static const struct option longs[] = {AUDIT_PLACE_LONG,
            {"incident", required_argument, NULL, 'i'}, {"verdicts", required_argument, NULL, 'v'},
            {"from-topics", no_argument, NULL, 'f'}, {"timeout", required_argument, NULL, 't'},
            {"out", required_argument, NULL, 'o'}, {"data", required_argument, NULL, 'd'},
            {"harm", required_argument, NULL, 'H'}, {"advice", required_argument, NULL, 'a'},
            {"contact", required_argument, NULL, 'C'}, {"zone", required_argument, NULL, 'z'},
            {NULL, 0, NULL, 0}};
    struct export_arguments args = {
            .out = ".",
            .timeout_s = TIMEOUT_S,
            .zone_name = "+08:00",
            .data_kinds =
                    "that somebody of the name in the message owes a debt to the lender in it, "
                    "and what the message says of it; whoever has the number learns it",
    };
    optind = 0;
    bool is_good = true;
    for (int c; is_good && (c = getopt_long(argc, argv, AUDIT_PLACE_SHORT, longs, NULL)) != -1;) {
        is_good = take_option(&args, c);
    }
    if (is_good && args.place.options.helps) {
        fputs(usage, stdout);
        return 0;
    }
    if (is_good && optind < argc) {
        args.place.directory = argv[optind++];
    }
    if (is_good && args.reads_topics &&
            (args.verdicts != NULL || args.place.options.config_path == NULL)) {
        fputs("--from-topics wants -c, and no --verdicts\n", stderr);
        is_good = false;
    }
    if (!is_good || optind != argc || args.incident == NULL) {
        fputs(usage, stderr);
        return err_exit_status(ERR_USAGE);
    }
    if (!open_zone(args.zone_name, &args.zone)) {
        return err_exit_status(ERR_USAGE);
    }
    enum err e = export_incident(&args);
    zone_destroy(args.zone);
    return err_exit_status(e);
}
