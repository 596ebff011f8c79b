#include "commands/control_verb.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "commands/control_send.h"
#include "commands/open_keyring.h"
#include "commands/stop.h"
#include "common/clock.h"
#include "common/conf_scalar.h"
#include "common/log.h"
#include "kafka/kafka.h"

enum {
    EXIT_REFUSED = 65,
    EXIT_NO_ANSWER = 69,
    EXIT_PENDING = 75,
    WAIT_DEFAULT_MS = 30000,
    FOR_MAX_DAYS = 90,
    RECORD_MAX_BYTES = 64 * 1024,
    OPTIONS_MAX = 32,
    ID_BYTES = 32,
};

enum {
    OPTION_SCOPE = 256,
    OPTION_ID,
    OPTION_TENANT,
    OPTION_CHANNEL,
    OPTION_MESSAGE,
    OPTION_RECIPIENT,
    OPTION_INCIDENT,
    OPTION_RULE,
    OPTION_OPERATOR,
    OPTION_REASON,
    OPTION_FOR,
    OPTION_AT_ONCE,
    OPTION_LIST,
    OPTION_CONTROL_ID,
    OPTION_WAIT,
    OPTION_DRY_RUN,
};

enum { FOR_ALL = 0, OF_ANY_OBJECT = CONTROL_TAKES_SCOPE | CONTROL_TAKES_RULE };

struct control_option {
    const char *name;
    int has_argument;
    int value;
    unsigned taken; // with any of these in control_verb.takes; 0 = always
    const char *text;
};

// clang-format off
static const struct control_option control_options[] = {
        {"scope", required_argument, OPTION_SCOPE, CONTROL_TAKES_SCOPE,
                "      --scope KIND      campaign, template, sender, vendor or tenant\n"},
        {"id", required_argument, OPTION_ID, CONTROL_TAKES_SCOPE,
                "      --id ID           which of them; of a tenant not needed\n"},
        {"tenant", required_argument, OPTION_TENANT, OF_ANY_OBJECT,
                "      --tenant T        whose\n"},
        {"channel", required_argument, OPTION_CHANNEL, CONTROL_TAKES_SCOPE,
                "      --channel C       only its messages of that channel, where scopes are split by\n"
                "                        channel; of a recipient: what kind of address it is\n"},
        {"message", required_argument, OPTION_MESSAGE, CONTROL_TAKES_SCOPE,
                "      --message ID      one message\n"},
        {"recipient", required_argument, OPTION_RECIPIENT, CONTROL_TAKES_SCOPE,
                "      --recipient N     all messages to that number, which becomes a pseudonym here, or to that\n"
                "                        pseudonym; those that are held already have to be released by\n"
                "                        --message\n"},
        {"incident", required_argument, OPTION_INCIDENT, CONTROL_TAKES_INCIDENT,
                "      --incident ID     the scopes of that incident\n"},
        {"rule", required_argument, OPTION_RULE, CONTROL_TAKES_RULE,
                "      --rule WORD       what is held for that reason or likely cause, of --tenant or of\n"
                "                        all\n"},
        {"for", required_argument, OPTION_FOR, CONTROL_TAKES_FOR,
                "      --for TIME        how long, such as 4h; else as long as the policy's holds\n"},
        {"at-once", no_argument, OPTION_AT_ONCE, CONTROL_TAKES_AT_ONCE,
                "      --at-once         all of it now, without a canary\n"},
        {"list", no_argument, OPTION_LIST, CONTROL_TAKES_LIST,
                "      --list            list what waits for a second person, and send nothing\n"},
        {"operator", required_argument, OPTION_OPERATOR, FOR_ALL,
                "      --operator NAME   who commands this; else WN_OPERATOR of the environment\n"},
        {"reason", required_argument, OPTION_REASON, FOR_ALL,
                "      --reason TEXT     why\n"},
        {"control-id", required_argument, OPTION_CONTROL_ID, FOR_ALL,
                "      --control-id ID   the record's own id: sent twice it is one command; else a new one\n"},
        {"wait", optional_argument, OPTION_WAIT, FOR_ALL,
                "      --wait[=TIME]     wait for the outcome (30s unless said) and print it as well\n"},
        {"dry-run", no_argument, OPTION_DRY_RUN, FOR_ALL,
                "      --dry-run         print the record and send nothing\n"},
};
// clang-format on
enum { CONTROL_OPTION_COUNT = sizeof control_options / sizeof *control_options };

struct control_arguments {
    struct options options;
    struct control_words words;
    int64_t wait_ms;
    bool is_dry;
    bool lists;
};

static bool is_taken(const struct control_verb *verb, const struct control_option *option)
{
    return option->taken == FOR_ALL || (option->taken & verb->takes) != 0;
}

static void print_usage(const struct control_verb *verb, FILE *out)
{
    fprintf(out, "usage: wrongnumber %s [-c FILE] [-X NAME=VALUE]... [OPTION]...%s%s%s\n\n%s\n",
            verb->name,
            verb->argument == NULL ? ""
            : verb->list != NULL   ? " ["
                                   : " ",
            verb->argument != NULL ? verb->argument : "", verb->list != NULL ? "]" : "",
            verb->summary);
    fputs("The record goes to topics.control, signed where control.key_file is set, and is "
          "printed.\n"
          "\n" OPTIONS_USAGE,
            out);
    for (size_t i = 0; i < CONTROL_OPTION_COUNT; i++) {
        if (is_taken(verb, &control_options[i])) {
            fputs(control_options[i].text, out);
        }
    }
    fputs("  -h, --help            this text\n"
          "\n"
          "exit status: 0 sent, or with --wait applied; 75 it waits for a second person "
          "(wrongnumber\n"
          "confirm); 65 refused, or nobody knows what is meant; 69 Kafka is away, or no outcome "
          "came in\n"
          "time; 64 wrong use; 77 our Kafka user may not; 78 the configuration is wrong\n",
            out);
}

// --- arguments --------------------------------------------------------------------------------

static bool read_time(const char *name, const char *text, int64_t *ret_ms)
{
    int64_t ms = 0;
    if (conf_scalar_read(CONF_DURATION, view_of(text), &ms) != CONF_READ_OK || ms < 1 ||
            ms > INT64_C(86400000) * FOR_MAX_DAYS) {
        fprintf(stderr, "%s %s: expected a time such as 30s or 4h, 90d at most\n", name, text);
        return false;
    }
    *ret_ms = ms;
    return true;
}

// Where an option's text goes; NULL for those that are no text.
static const char **place_of(struct control_words *words, int option)
{
    switch (option) {
    case OPTION_SCOPE:
        return &words->scope_kind;
    case OPTION_ID:
        return &words->scope_id;
    case OPTION_TENANT:
        return &words->tenant;
    case OPTION_CHANNEL:
        return &words->channel;
    case OPTION_MESSAGE:
        return &words->message;
    case OPTION_RECIPIENT:
        return &words->recipient;
    case OPTION_INCIDENT:
        return &words->incident;
    case OPTION_RULE:
        return &words->rule;
    case OPTION_OPERATOR:
        return &words->operator_id;
    case OPTION_REASON:
        return &words->reason;
    case OPTION_CONTROL_ID:
        return &words->control_id;
    default:
        return NULL;
    }
}

static bool take_option(struct control_arguments *args, int option, char *argument)
{
    const char **place = place_of(&args->words, option);
    if (place != NULL) {
        *place = argument;
        return true;
    }
    switch (option) {
    case OPTION_FOR:
        return read_time("--for", argument, &args->words.for_ms);
    case OPTION_WAIT:
        args->wait_ms = WAIT_DEFAULT_MS;
        return argument == NULL || read_time("--wait", argument, &args->wait_ms);
    case OPTION_AT_ONCE:
        args->words.at_once = true;
        return true;
    case OPTION_LIST:
        args->lists = true;
        return true;
    case OPTION_DRY_RUN:
        args->is_dry = true;
        return true;
    default:
        return options_take(&args->options, option, argument);
    }
}

// What stands behind the options: whom to confirm, which mode.
static bool take_rest(
        const struct control_verb *verb, struct control_arguments *args, int argc, char **argv)
{
    int wanted = verb->argument != NULL ? 1 : 0;
    if (verb->list != NULL && (args->lists || argc == optind)) {
        args->lists = true;
        wanted = 0;
    }
    if (argc - optind != wanted) {
        fprintf(stderr, "wrongnumber %s: takes %s%s\n", verb->name,
                wanted == 1 ? "one argument, " : "no arguments, only options",
                wanted == 1 ? verb->argument : "");
        return false;
    }
    if (wanted == 0) {
        return true;
    }
    if (verb->action == CONTROL_CONFIRM) {
        args->words.confirms = argv[optind];
    } else if (verb->action == CONTROL_MODE) {
        args->words.mode = argv[optind];
    }
    return true;
}

static enum err parse_arguments(
        const struct control_verb *verb, struct control_arguments *args, int argc, char **argv)
{
    struct option longs[OPTIONS_MAX] = {OPTIONS_LONG};
    size_t count = 3;
    for (size_t i = 0; i < CONTROL_OPTION_COUNT; i++) {
        const struct control_option *option = &control_options[i];
        if (is_taken(verb, option)) {
            longs[count++] =
                    (struct option){option->name, option->has_argument, NULL, option->value};
        }
    }
    optind = 0; // glibc: start afresh, main has been here
    for (int c; (c = getopt_long(argc, argv, OPTIONS_SHORT, longs, NULL)) != -1;) {
        if (!take_option(args, c, optarg)) {
            return ERR_USAGE;
        }
    }
    return args->options.helps || take_rest(verb, args, argc, argv) ? ERR_NONE : ERR_USAGE;
}

// --- the way of one command -------------------------------------------------------------------

static enum err make_id(char ret_id[ID_BYTES])
{
    uint64_t random;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
        return ERR_UNAVAILABLE;
    }
    snprintf(ret_id, ID_BYTES, "ctl-%016llx", (unsigned long long)random);
    return ERR_NONE;
}

static enum err write_line(struct view text)
{
    bool is_written = fwrite(text.p, 1, text.n, stdout) == text.n && fputc('\n', stdout) != EOF;
    return is_written && fflush(stdout) == 0 ? ERR_NONE : ERR_IO;
}

static int status_of(const struct control_arguments *args, enum control_answer answer)
{
    switch (answer) {
    case ANSWER_APPLIED:
        return 0;
    case ANSWER_PENDING:
        return EXIT_PENDING;
    case ANSWER_REFUSED:
    case ANSWER_UNKNOWN:
        return EXIT_REFUSED;
    case ANSWER_NONE:
        break;
    }
    if (args->wait_ms == 0) {
        return 0;
    }
    fputs("no outcome came in time: the command was sent; is a processor running? Or is the "
          "record\n"
          "signed with another key than control.key_file of the processor? See the dead letters\n",
            stderr);
    return EXIT_NO_ANSWER;
}

static enum err send_record(const struct control_arguments *args, const struct config *config,
        struct view record, struct view key, int *ret_status)
{
    struct strbuf outcome;
    strbuf_init(&outcome, RECORD_MAX_BYTES);
    enum control_answer answer = ANSWER_NONE;
    const struct control_sending sending = {
            .config = config,
            .record = record,
            .key = key,
            .control_id = view_of(args->words.control_id),
            .is_of_tenant = args->words.tenant != NULL,
            .wait_ms = args->wait_ms,
    };
    enum err e = control_send(&sending, &outcome, &answer);
    if (e == ERR_NONE && outcome.n > 0) {
        e = write_line(strbuf_view(&outcome));
    }
    *ret_status = status_of(args, answer);
    strbuf_fini(&outcome);
    return e;
}

static enum err open_keys(const struct control_arguments *args, const struct config *config,
        struct control_keys **ret_keys, struct keyring **ret_ring, struct strbuf *why)
{
    enum err e = control_keys_load(
            ret_keys, config->control.key_file, config->control.previous_key_file, why);
    if (e == ERR_NONE && args->words.recipient != NULL) {
        e = command_open_keyring(ret_ring, config);
    }
    return e;
}

// Writes the record, prints it, and sends it unless that is not wanted.
static enum err command_it(const struct control_arguments *args, const struct config *config,
        struct strbuf *why, int *ret_status)
{
    struct control_keys *keys = NULL;
    struct keyring *ring = NULL;
    struct strbuf record;
    struct strbuf key;
    strbuf_init(&record, RECORD_MAX_BYTES);
    strbuf_init(&key, RECORD_MAX_BYTES);
    enum err e = open_keys(args, config, &keys, &ring, why);
    if (e == ERR_NONE) {
        const struct control_record_options options = {
                .ring = ring,
                .default_region = config->identity.default_region,
                .keys = keys,
                .now_ms = clock_wall().ms,
        };
        e = control_record_write(&args->words, &options, &record, &key, why);
    }
    if (e == ERR_NONE) {
        e = write_line(strbuf_view(&record));
    }
    if (e == ERR_NONE && !args->is_dry) {
        e = send_record(args, config, strbuf_view(&record), strbuf_view(&key), ret_status);
    }
    strbuf_fini(&record);
    strbuf_fini(&key);
    keyring_destroy(ring);
    control_keys_destroy(keys);
    return e;
}

static int run_verb(const struct control_verb *verb, const struct control_arguments *args)
{
    struct config *config = NULL;
    // A number that would become a pseudonym of the wrong key would be nobody's.
    const char *const sections[] = {
            "kafka", "topics", "control", args->words.recipient != NULL ? "pseudonym" : NULL, NULL};
    enum err e = options_load_sections(&args->options, sections, &config);
    if (e != ERR_NONE) {
        return err_exit_status(e);
    }
    log_setup(config->log.format, config->log.level == LOG_DEBUG ? LOG_DEBUG : LOG_WARN);
    stop_on_signals();
    struct strbuf why;
    strbuf_init(&why, RECORD_MAX_BYTES);
    int status = 0;
    if (args->lists) {
        e = verb->list(config);
    } else if (!args->is_dry && verb->may_be != NULL && !verb->may_be(config, &args->words)) {
        status = EXIT_REFUSED;
    } else {
        e = command_it(args, config, &why, &status);
    }
    if (e != ERR_NONE) {
        fprintf(stderr, "wrongnumber %s: %s%s%.*s\n", verb->name, err_text(e),
                why.n > 0 ? ": " : "", VIEW_ARGS(strbuf_view(&why)));
    }
    strbuf_fini(&why);
    config_destroy(config);
    return e != ERR_NONE ? err_exit_status(e) : status;
}

int control_verb_run(const struct control_verb *verb, int argc, char **argv)
{
    struct control_arguments args = {.words = {.action = verb->action}};
    char control_id[ID_BYTES];
    enum err e = parse_arguments(verb, &args, argc, argv);
    if (e == ERR_NONE && args.options.helps) {
        print_usage(verb, stdout);
        return 0;
    }
    if (e == ERR_NONE && args.words.operator_id == NULL) {
        args.words.operator_id = getenv("WN_OPERATOR");
    }
    const char *wrong = e == ERR_NONE && !args.lists ? control_words_wrong(&args.words) : NULL;
    if (wrong != NULL) {
        fprintf(stderr, "wrongnumber %s: %s\n", verb->name, wrong);
        e = ERR_USAGE;
    }
    if (e == ERR_NONE && args.words.control_id == NULL) {
        e = make_id(control_id);
        args.words.control_id = control_id;
    }
    if (e == ERR_USAGE) {
        fprintf(stderr, "Try `wrongnumber %s --help`.\n", verb->name);
    }
    return e != ERR_NONE ? err_exit_status(e) : run_verb(verb, &args);
}
