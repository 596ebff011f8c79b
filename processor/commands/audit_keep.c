// audit hold, audit purge: how long records of the audit log are kept.
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "audit/custody.h"
#include "commands/audit.h"
#include "common/json_out.h"

enum {
    WHY_MAX_BYTES = 16 * 1024,
    RECORD_MAX_BYTES = 64 * 1024,
    INCIDENT_DIGITS = 32,
    SHOWN_MAX = 20,
    DAY_MS = 24 * 60 * 60 * 1000,
    DAYS_MAX = 36500,
};

// clang-format off
static const char hold_usage[] =
        "usage: wrongnumber audit hold list   [-c FILE | DIR]\n"
        "       wrongnumber audit hold add    [-c FILE | DIR] --incident ID --operator NAME --reason TEXT\n"
        "       wrongnumber audit hold remove [-c FILE | DIR] --incident ID --operator NAME --reason TEXT\n"
        "\n"
        "A legal hold keeps the records of an incident: `audit purge` leaves them alone. To them belong the\n"
        "commands about single messages of the incident's scopes, from its first wrong message until it was\n"
        "closed. Who put it there, and who took it off, and why, stands in a chain of its own beside the log\n"
        "(custody.ndjson).\n"
        "\n"
        AUDIT_PLACE_USAGE
        "      --incident ID     as alerts name it\n"
        "      --operator NAME   who does it\n"
        "      --reason TEXT     why\n"
        "  -h, --help            this text\n";

static const char purge_usage[] =
        "usage: wrongnumber audit purge [-c FILE | DIR] --before DATE | --keep DAYSd [--kind KIND]...\n"
        "                               --operator NAME --reason TEXT [--dry-run]\n"
        "\n"
        "Takes the content of records out of the audit log, but for those of incidents under a legal hold\n"
        "(wrongnumber audit hold). Their lines stay, with time, kind, id and hashes, so that `audit verify`\n"
        "goes on to prove that nothing else is missing; an account of what went stands in custody.ndjson.\n"
        "A log that is not as it was written is not touched (65), nor is the file that is being written.\n"
        "Evidence of incidents and of people's commands should be kept three years or more (PIPL Art. 56,\n"
        "Reg F 1006.100); commands about single messages no longer than complaints about them may come.\n"
        "\n"
        AUDIT_PLACE_USAGE
        "      --before DATE     records from before that time (2026-11-22 or RFC 3339)\n"
        "      --keep DAYSd      records that are older than so many days\n"
        "      --kind KIND       alert, control, command or message_command; more than once for more.\n"
        "                        Without it: all four\n"
        "      --operator NAME   who does it\n"
        "      --reason TEXT     why, such as the rule that asks for it\n"
        "      --dry-run         only say how much it would be\n"
        "  -h, --help            this text\n";
// clang-format on

struct keep_arguments {
    struct audit_place_options place;
    const char *incident;
    const char *operator_name;
    const char *reason;
    int64_t before_ms; // 0 = not given
    unsigned kinds;
    bool is_dry;
};

// Everything a verb works with.
struct keep_run {
    struct config *config;
    struct audit_keys keys;
    const char *directory;
    struct custody *custody;
    struct incident_about *about; // the incidents under a hold
    struct custody_writer writer;
    bool has_writer;
    struct strbuf why;
    uint64_t shown;
};

// --- arguments ---------------------------------------------------------------------------------

static bool take_kind(struct keep_arguments *args, const char *word)
{
    for (unsigned kind = AUDIT_ALERT; kind <= AUDIT_MESSAGE_COMMAND; kind++) {
        if (strcmp(word, audit_kind_names[kind]) == 0) {
            args->kinds |= 1u << kind;
            return true;
        }
    }
    fprintf(stderr, "--kind %s: expected alert, control, command or message_command\n", word);
    return false;
}

static bool take_before(struct keep_arguments *args, const char *text)
{
    if (clock_parse_rfc3339(view_of(text), &args->before_ms) == CLOCK_OK) {
        return true;
    }
    fprintf(stderr, "--before %s: expected a date or a time by RFC 3339\n", text);
    return false;
}

static bool take_keep(struct keep_arguments *args, const char *text)
{
    char number[16];
    int64_t days;
    size_t n = strlen(text);
    if (n < 2 || n > sizeof number || text[n - 1] != 'd') {
        fprintf(stderr, "--keep %s: expected a number of days, such as 1095d\n", text);
        return false;
    }
    memcpy(number, text, n - 1);
    number[n - 1] = '\0';
    if (!options_number("--keep", number, 0, DAYS_MAX, &days)) {
        return false;
    }
    args->before_ms = clock_wall().ms - days * DAY_MS;
    return true;
}

static bool take_option(struct keep_arguments *args, int option)
{
    switch (option) {
    case 'i':
        args->incident = optarg;
        if (strspn(optarg, "0123456789abcdef") != INCIDENT_DIGITS ||
                strlen(optarg) != INCIDENT_DIGITS) {
            fprintf(stderr, "--incident %s: expected 32 hex digits, as alerts have them\n", optarg);
            return false;
        }
        return true;
    case 'o':
        args->operator_name = optarg;
        return true;
    case 'r':
        args->reason = optarg;
        return true;
    case 'b':
        return take_before(args, optarg);
    case 'K':
        return take_keep(args, optarg);
    case 'd':
        return take_kind(args, optarg);
    case 'n':
        args->is_dry = true;
        return true;
    default:
        return audit_place_take(&args->place, option, optarg);
    }
}

static const struct option hold_longs[] = {AUDIT_PLACE_LONG,
        {"incident", required_argument, NULL, 'i'}, {"operator", required_argument, NULL, 'o'},
        {"reason", required_argument, NULL, 'r'}, {NULL, 0, NULL, 0}};
static const struct option purge_longs[] = {AUDIT_PLACE_LONG,
        {"operator", required_argument, NULL, 'o'}, {"reason", required_argument, NULL, 'r'},
        {"before", required_argument, NULL, 'b'}, {"keep", required_argument, NULL, 'K'},
        {"kind", required_argument, NULL, 'd'}, {"dry-run", no_argument, NULL, 'n'},
        {NULL, 0, NULL, 0}};

static bool take_all(struct keep_arguments *args, const struct option *longs, int argc, char **argv)
{
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, AUDIT_PLACE_SHORT, longs, NULL)) != -1;) {
        if (!take_option(args, c)) {
            return false;
        }
    }
    if (optind < argc) {
        args->place.directory = argv[optind++];
    }
    return optind == argc;
}

static bool has_person(const struct keep_arguments *args)
{
    bool has = args->operator_name != NULL && args->operator_name[0] != '\0' &&
               args->reason != NULL && args->reason[0] != '\0' &&
               strlen(args->operator_name) < CUSTODY_TEXT_MAX_BYTES &&
               strlen(args->reason) < CUSTODY_TEXT_MAX_BYTES;
    if (!has) {
        fputs("--operator and --reason are needed: who does it, and why\n", stderr);
    }
    return has;
}

// --- what both do ------------------------------------------------------------------------------

static void show_fault(void *self, const char *name, uint64_t line, uint64_t seq, const char *what)
{
    struct keep_run *run = self;
    if (++run->shown <= SHOWN_MAX) {
        fprintf(stderr, "%s:%llu: record %llu: %s\n", name, (unsigned long long)line,
                (unsigned long long)seq, what);
    }
}

static bool has_custody(void *self, uint64_t seq, const uint8_t *mac)
{
    struct keep_run *run = self;
    return custody_has_line(run->custody, seq, mac);
}

static bool is_removed(void *self, uint64_t seq)
{
    struct keep_run *run = self;
    return custody_has_removed(run->custody, seq);
}

static bool is_under_hold(void *self, struct view incident_id)
{
    struct keep_run *run = self;
    return custody_is_held(run->custody, incident_id);
}

static enum err note_line(void *self, const char *name, const struct audit_line *line)
{
    struct keep_run *run = self;
    (void)name;
    return incident_about_note(run->about, line);
}

static struct audit_check check_of(const struct keep_arguments *args, struct keep_run *run)
{
    return (struct audit_check){
            .directory = run->directory,
            .keys = &run->keys,
            .allows_unkeyed = args->place.allows_unkeyed,
            .is_removed = is_removed,
            .has_custody = has_custody,
            .found = show_fault,
            .self = run,
    };
}

// The writer first: nobody else changes the chain from the time on that it is read.
static enum err begin(const struct keep_arguments *args, bool writes, struct keep_run *run)
{
    enum err e = audit_place_open(&args->place, &run->config, &run->keys, &run->directory);
    if (e == ERR_NONE && writes) {
        run->has_writer = true;
        e = custody_writer_open(&run->writer, run->directory, &run->keys, &run->why);
    }
    const struct audit_check check = check_of(args, run);
    e = e != ERR_NONE ? e : custody_read(&run->custody, &check, &run->why);
    if (e == ERR_NONE && custody_faults(run->custody) > 0) {
        strbuf_add_text(&run->why, "custody.ndjson is not as it was written");
        e = ERR_DATA;
    }
    return e;
}

// What shows later that nothing was cut off the chain that has just grown.
static void tell_head(const struct keep_run *run)
{
    struct strbuf head;
    strbuf_init(&head, RECORD_MAX_BYTES);
    custody_writer_head(&run->writer, &head);
    if (run->writer.has_written && head.p != NULL) {
        fprintf(stderr, "custody head %s\n", head.p);
    }
    strbuf_fini(&head);
}

static int finish(const char *verb, enum err e, struct keep_run *run)
{
    if (e != ERR_NONE && run->directory != NULL) {
        fprintf(stderr, "audit %s: %s\n", verb, run->why.n > 0 ? run->why.p : err_text(e));
    }
    if (run->has_writer) {
        tell_head(run);
        custody_writer_close(&run->writer);
    }
    incident_about_destroy(run->about);
    custody_destroy(run->custody);
    audit_keys_fini(&run->keys);
    if (run->config != NULL) {
        config_destroy(run->config);
    }
    strbuf_fini(&run->why);
    return err_exit_status(e);
}

// --- hold --------------------------------------------------------------------------------------

static void list_holds(const struct custody *custody)
{
    size_t count;
    const struct custody_hold *holds = custody_holds(custody, &count);
    for (size_t i = 0; i < count; i++) {
        struct strbuf line;
        struct json_out out;
        strbuf_init(&line, RECORD_MAX_BYTES);
        json_begin(&out, &line);
        json_object(&out, NULL);
        json_text(&out, "incident_id", holds[i].incident_id);
        json_time(&out, "since", holds[i].since_ms);
        json_text(&out, "by", holds[i].by);
        json_text(&out, "reason", holds[i].reason);
        json_object_end(&out);
        puts(line.p != NULL ? line.p : "");
        strbuf_fini(&line);
    }
}

static enum err change_hold(
        struct keep_run *run, const struct keep_arguments *args, const char *type)
{
    bool is_held = custody_is_held(run->custody, view_of(args->incident));
    if (strcmp(type, "hold.removed") == 0 && !is_held) {
        strbuf_printf(&run->why, "incident %s is under no hold", args->incident);
        return ERR_NO_INPUT;
    }
    struct strbuf record;
    struct json_out out;
    strbuf_init(&record, RECORD_MAX_BYTES);
    json_begin(&out, &record);
    json_object(&out, NULL);
    json_text(&out, "by", args->operator_name);
    json_text(&out, "reason", args->reason);
    json_object_end(&out);
    enum err e = record.failed != ERR_NONE
                         ? record.failed
                         : custody_write(&run->writer, type, view_of(args->incident),
                                   strbuf_view(&record), &run->why);
    strbuf_fini(&record);
    return e;
}

int audit_hold(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    bool lists = strcmp(verb, "list") == 0;
    const char *type = strcmp(verb, "add") == 0      ? "hold.added"
                       : strcmp(verb, "remove") == 0 ? "hold.removed"
                                                     : NULL;
    struct keep_arguments args = {.kinds = 0};
    bool helps = strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0;
    bool is_good =
            helps || ((lists || type != NULL) && take_all(&args, hold_longs, argc - 1, argv + 1));
    if (helps || (is_good && args.place.options.helps)) {
        fputs(hold_usage, stdout);
        return 0;
    }
    if (!is_good || (type != NULL && (args.incident == NULL || !has_person(&args)))) {
        fputs(hold_usage, stderr);
        return err_exit_status(ERR_USAGE);
    }
    struct keep_run run = {.directory = NULL};
    strbuf_init(&run.why, WHY_MAX_BYTES);
    enum err e = begin(&args, type != NULL, &run);
    if (e == ERR_NONE && lists) {
        list_holds(run.custody);
    } else if (e == ERR_NONE) {
        e = change_hold(&run, &args, type);
    }
    return finish("hold", e, &run);
}

// --- purge -------------------------------------------------------------------------------------

static enum err purge(struct keep_run *run, const struct keep_arguments *args)
{
    struct audit_summary sum;
    struct audit_check check = check_of(args, run);
    check.visit = note_line;
    enum err e = incident_about_create(&run->about, is_under_hold, run);
    e = e != ERR_NONE ? e : audit_check_log(&sum, &check, &run->why);
    if (e == ERR_NONE && sum.faults > 0) {
        strbuf_add_text(&run->why, "the log is not as it was written: nothing is taken out");
        e = ERR_DATA;
    }
    const unsigned all = 1u << AUDIT_ALERT | 1u << AUDIT_CONTROL | 1u << AUDIT_COMMAND |
                         1u << AUDIT_MESSAGE_COMMAND;
    struct purge order = {
            .directory = run->directory,
            .kinds = args->kinds != 0 ? args->kinds : all,
            .before_ms = args->before_ms,
            .custody = run->custody,
            .about = run->about,
            .by = view_of(args->operator_name),
            .reason = view_of(args->reason),
            .is_dry = args->is_dry,
    };
    e = e != ERR_NONE ? e : custody_purge(&order, &run->writer, &run->why);
    if (e == ERR_NONE) {
        printf("%s%llu records of %llu files; %llu stay for a legal hold\n",
                args->is_dry ? "would take out " : "took out ", (unsigned long long)order.removed,
                (unsigned long long)order.files, (unsigned long long)order.held);
    }
    return e;
}

int audit_purge(int argc, char **argv)
{
    struct keep_arguments args = {.kinds = 0};
    bool is_good = take_all(&args, purge_longs, argc, argv);
    if (is_good && args.place.options.helps) {
        fputs(purge_usage, stdout);
        return 0;
    }
    if (is_good && args.before_ms == 0) {
        fputs("--before or --keep is needed\n", stderr);
        is_good = false;
    }
    if (!is_good || !has_person(&args)) {
        fputs(purge_usage, stderr);
        return err_exit_status(ERR_USAGE);
    }
    struct keep_run run = {.directory = NULL};
    strbuf_init(&run.why, WHY_MAX_BYTES);
    enum err e = begin(&args, true, &run);
    e = e != ERR_NONE ? e : purge(&run, &args);
    return finish("purge", e, &run);
}
