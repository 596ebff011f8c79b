// check: says everything that is wrong with a configuration, or what it amounts to.
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "commands/check_rules.h"
#include "commands/commands.h"
#include "commands/load_config.h"
#include "commands/shown.h"
#include "common/clock.h"
#include "common/conf_bind.h"

enum { OUTPUT_MAX_BYTES = 1024 * 1024 };

static const char usage[] =
        "usage: wrongnumber check -c FILE [--print]\n"
        "       wrongnumber check --describe\n"
        "\n"
        "Checks a configuration without connecting to anything, and names everything that is "
        "wrong\n"
        "with it, one a line: file:line:column: option: what was expected.\n"
        "\n"
        "  -c, --config FILE  the configuration\n"
        "      --print        print the configuration in force as YAML, secrets left out\n"
        "      --describe     print every option with type, default, range and meaning\n"
        "  -h, --help         this text\n"
        "\n"
        "exit status: 0 it is good, 66 it cannot be read, 78 something is wrong with it\n";

struct check_arguments {
    const char *path;
    bool prints;
    bool describes;
    bool helps;
};

static enum err parse_arguments(struct check_arguments *args, int argc, char **argv)
{
    static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
            {"print", no_argument, NULL, 'p'}, {"describe", no_argument, NULL, 'd'},
            {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    optind = 0; // glibc: start afresh, main has been here
    for (int c; (c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1;) {
        switch (c) {
        case 'c':
            args->path = optarg;
            break;
        case 'p':
            args->prints = true;
            break;
        case 'd':
            args->describes = true;
            break;
        case 'h':
            args->helps = true;
            break;
        default:
            return ERR_USAGE;
        }
    }
    bool is_whole = args->helps || args->describes || args->path != NULL;
    return optind == argc && is_whole ? ERR_NONE : ERR_USAGE;
}

// How many entries there are, and which do nothing any more.
static void print_lists(struct strbuf *sb, const struct policy *policy, int64_t now_ms)
{
    const struct lists *lists = &policy->lists;
    if (lists->count > 0) {
        strbuf_printf(sb, "lists     %u entries\n", lists->count);
    }
    for (uint32_t i = 0; i < lists->count; i++) {
        const struct list_entry *entry = &lists->entries[i];
        if (entry->until_ms <= now_ms) {
            fprintf(stderr, "warning: %s: entry %u (%s, %s) has expired and does nothing: %s\n",
                    entry->is_of_file ? "policy.lists_file" : "policy.lists", i,
                    list_kind_names[entry->list], entry->reason, entry->expires);
        }
    }
    for (uint32_t i = 0; i < policy->windows.maintenance_count; i++) {
        const struct maintenance *one = &policy->windows.maintenance[i];
        strbuf_printf(sb, "window    %s to %s%s: %s\n", one->from, one->until,
                one->until_ms <= now_ms ? " (over)" : "", one->reason);
    }
    for (uint32_t i = 0; i < policy->windows.hours_count; i++) {
        const struct hours *hours = &policy->windows.hours[i];
        strbuf_printf(sb, "hours     %s %s%s, %s\n", hours->allowed,
                hours->zone_from == ZONE_FROM_RECIPIENT ? "of the recipient, or " : "", hours->zone,
                mode_names[hours->mode]);
    }
}

// What people command, who answers, and what is written down: whether a key is there, never the key.
static void print_people(struct strbuf *sb, const struct config *config)
{
    const struct policy *policy = &config->policy;
    strbuf_printf(sb, "control   %s\n",
            !config->control.is_on                      ? "off: nobody's commands are read"
            : config->control.key_file == NULL          ? "commands are obeyed unsigned: no key"
            : config->control.previous_key_file == NULL ? "signed commands only: a key is there"
                                                        : "signed commands only: a key and the one "
                                                          "before are there");
    strbuf_add_text(sb, "people    vendors and tenants want two of them, the second within ");
    shown_add_span(sb, policy->confirm_within_ms);
    strbuf_add_text(sb, "\n          an incident that nobody answers is told again after ");
    shown_add_span(sb, policy->acknowledge_within_ms);
    strbuf_printf(sb, "; its hold %s\n",
            policy->unconfirmed == UNCONFIRMED_STAYS_HELD ? "goes on" : "runs out");
    if (config->audit.directory == NULL) {
        strbuf_add_text(sb, "audit     off\n");
    } else {
        strbuf_printf(sb, "audit     %s, %s\n", config->audit.directory,
                config->audit.key_file != NULL ? "chained with a key" : "chained without a key");
    }
    strbuf_printf(sb, "ops       %s%s\n", strcmp(config->ops.listen, "off") != 0 ? "http://" : "",
            config->ops.listen);
}

static void print_frequency(struct strbuf *sb, const struct policy *policy)
{
    for (uint32_t i = 0; i < policy->frequency.count; i++) {
        const struct frequency_limit *limit = &policy->frequency.limits[i];
        strbuf_printf(sb, "limit     %u in %s%s%s, per %s across %s, %s%s%s\n", limit->limit,
                limit->window, limit->window_ms == 0 ? " of " : "",
                limit->window_ms == 0 ? limit->clock->name : "", frequency_per_names[limit->per],
                frequency_across_names[limit->across], mode_names[limit->mode],
                limit->reason != NULL ? ": " : "", limit->reason != NULL ? limit->reason : "");
    }
}

// A failed write (a full disk, a closed pipe) is the caller's exit status.
static enum err write_out(const struct strbuf *text)
{
    if (text->failed != ERR_NONE) {
        fprintf(stderr, "wrongnumber check: %s\n", err_text(text->failed));
        return text->failed;
    }
    bool is_written = fwrite(strbuf_view(text).p, 1, text->n, stdout) == text->n;
    return is_written && fflush(stdout) == 0 ? ERR_NONE : ERR_IO;
}

static void add_summary(struct strbuf *sb, const struct config *config, const char *path)
{
    static const char *const layouts[] = {"packed", "hash"};
    static const char *const topologies[] = {"", "sentinels ", "cluster "};
    static const char *const roles[] = {"none", "judge", "detect", "judge, detect"};
    strbuf_printf(sb, "%s: good\n", path);
    strbuf_printf(sb, "roles     %s\n", roles[config->roles & 3]);
    strbuf_printf(sb, "kafka     %s, group %s\n", config->kafka.bootstrap, config->kafka.group);
    bool has_complaints = config->complaints == COMPLAINTS_ON;
    bool has_control = config->control.is_on;
    strbuf_printf(sb, "in        %s%s%s%s%s\n", config->topics.outbound, has_control ? ", " : "",
            has_control ? config->topics.control : "", has_complaints ? ", " : "",
            has_complaints ? config->topics.complaints : "");
    strbuf_printf(sb, "internal  %s, %s\n", config->topics.tallies, config->topics.detector_state);
    strbuf_printf(sb, "out       %s, %s, %s, %s, %s\n", config->topics.alerts,
            config->topics.commands, config->topics.state, config->topics.dead_letter,
            config->topics.verdicts);
    strbuf_printf(sb, "redis     %s%s, database %u, %s layout\n",
            topologies[config->redis.topology], config->redis.address, config->redis.database,
            layouts[config->redis.layout]);
    strbuf_printf(
            sb, "policy    %s, %s\n", config->policy.version, mode_names[config->policy.mode]);
    strbuf_printf(sb, "holds     %u scopes in ten minutes and tally partition at most\n",
            config->policy.hold_cap);
    print_people(sb, config);
    check_print_rules(sb, &config->policy);
    print_lists(sb, &config->policy, clock_wall().ms);
    print_frequency(sb, &config->policy);
}

// What is allowed, but nobody should do without knowing.
static void print_warnings(const struct config *config)
{
    if (config->identity.key_file == NULL) {
        fputs("warning: pseudonym.key_file is not set: the demo key is known to everybody\n",
                stderr);
    }
    if (config->control.is_on && config->control.key_file == NULL) {
        fprintf(stderr, "warning: control.key_file is not set: whoever may write %s is obeyed\n",
                config->topics.control);
    }
    if (config->audit.directory != NULL && config->audit.key_file == NULL) {
        fputs("warning: audit.key_file is not set: who can write the audit log can forge it\n",
                stderr);
    }
    if (config->policy.assume_complete) {
        fputs("warning: redis.assume_complete: whoever the cache does not know counts as a wrong "
              "number, also when it is half empty\n",
                stderr);
    }
    if (config->redis.layout == LAYOUT_HASH && config->redis.hash_epoch_key == NULL &&
            !config->policy.assume_complete) {
        fputs("warning: redis.hash.epoch_key is not set: every miss stays unknown\n", stderr);
    }
    if (policy_watched(&config->policy, VIEW_NONE) == NULL) {
        fputs("warning: policy.purposes leaves out collection: messages without a purpose are "
              "exempt\n",
                stderr);
    }
    check_warn_rules(&config->policy);
}

static enum err check_file(const struct check_arguments *args)
{
    struct config *config = NULL;
    enum err e = command_load_config(&config, args->path);
    if (e != ERR_NONE) {
        return e;
    }
    struct strbuf out;
    strbuf_init(&out, OUTPUT_MAX_BYTES);
    if (args->prints) {
        config_print(&out, config);
    } else {
        add_summary(&out, config, args->path);
    }
    e = write_out(&out);
    print_warnings(config);
    strbuf_fini(&out);
    config_destroy(config);
    return e;
}

int command_check(int argc, char **argv)
{
    struct check_arguments args = {0};
    if (parse_arguments(&args, argc, argv) != ERR_NONE) {
        fputs(usage, stderr);
        return err_exit_status(ERR_USAGE);
    }
    if (!args.helps && !args.describes) {
        return err_exit_status(check_file(&args));
    }
    struct strbuf out;
    strbuf_init(&out, OUTPUT_MAX_BYTES);
    if (args.helps) {
        strbuf_add_text(&out, usage);
    } else {
        config_describe(&out);
    }
    enum err e = write_out(&out);
    strbuf_fini(&out);
    return err_exit_status(e);
}
