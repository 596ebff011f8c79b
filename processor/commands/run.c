// run: the processor. One thread a half, one for commands of operators, and one for complaints where
// they are read, until SIGTERM or SIGINT; then all drain.
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/open_audit.h"
#include "commands/options.h"
#include "commands/reload.h"
#include "commands/stop.h"
#include "common/log.h"
#include "common/mono_wait.h"
#include "kafka/admin.h"
#include "kafka/kafka.h"
#include "kafka/transaction_probe.h"
#include "ops/ops.h"
#include "run/complaint_half.h"
#include "run/control_half.h"
#include "run/detect_half.h"
#include "run/gathered.h"
#include "run/judge_half.h"
#include "run/tally_width.h"

static const char *const help =
        "Usage: wrongnumber run [-c CONFIG] [-X name=value]...\n"
        "\n"
        "Reads outbound messages from Kafka, judges each recipient by the "
        "relationship data in Redis, and\n"
        "writes verdicts, message holds, dead letters and tally frames "
        "(judge half); reads the tally frames\n"
        "back, finds campaigns, templates, senders, vendors and tenants "
        "that have gone wrong, and writes\n"
        "alerts and hold commands (detect half). SIGTERM or SIGINT drains "
        "and ends it; a second one ends it\n"
        "at once. Neither loses anything. SIGHUP reads the policy of CONFIG "
        "anew; a bad one is refused.\n"
        "\n" OPTIONS_USAGE "  -h, --help\n";

// Far above what any wait of a half takes: reading a partition's snapshots and what is held, at worst.
enum { HANG_MS = 5 * 60 * 1000 };

// How long a half's end is waited for at a time; a SIGHUP is heard after it.
enum { WATCH_MS = 200 };

// Where they stand among the topics that are waited for; two more may follow.
enum { WANTED_TALLIES, WANTED_STATE, WANTED_ALWAYS = 7, WANTED_TOPICS_MAX = 9 };

struct half_thread {
    const char *name;
    enum err (*run)(const struct half_options *options);
    struct half_options options;
    atomic_uint pulse;
    unsigned pulse_seen;
    struct mono_time pulse_at; // when it was seen to go on
    enum err result;
    bool is_running;
    pthread_t thread;
};

static void *run_half(void *argument)
{
    struct half_thread *half = argument;
    half->result = half->run(&half->options);
    if (half->options.place != NULL) {
        atomic_store(&half->options.place->is_running, false);
    }
    if (half->result != ERR_NONE) {
        log_error(half->name, "ends: %s", err_text(half->result));
    }
    stop_request(); // one half alone is no processor
    return NULL;
}

// Waits for Kafka and for the topics that the wanted halves read and write.
static enum err await_topics(const struct config *config, uint32_t *ret_tally_partitions)
{
    struct strbuf findings;
    strbuf_init(&findings, 64 * 1024);
    struct kafka_admin *admin;
    enum err e = kafka_admin_create(&admin, config, &findings);
    if (e != ERR_NONE) {
        log_error("run", "%.*s", VIEW_ARGS(strbuf_view(&findings)));
        strbuf_fini(&findings);
        return e;
    }
    const char *names[WANTED_TOPICS_MAX] = {[WANTED_TALLIES] = config->topics.tallies,
            [WANTED_STATE] = config->topics.detector_state,
            config->topics.alerts,
            config->topics.commands,
            config->topics.state,
            config->topics.dead_letter,
            config->topics.outbound};
    size_t count = WANTED_ALWAYS;
    if (config->verdicts != VERDICTS_NONE) {
        names[count++] = config->topics.verdicts;
    }
    if (config->complaints == COMPLAINTS_ON) {
        names[count++] = config->topics.complaints;
    }
    uint32_t partitions[WANTED_TOPICS_MAX];
    e = kafka_admin_await(admin, names, count, stop_flag(), partitions);
    kafka_admin_destroy(admin);
    strbuf_fini(&findings);
    for (size_t i = 0; i < count && e == ERR_NONE; i++) {
        bool is_read = names[i] == config->topics.tallies || names[i] == config->topics.outbound ||
                       names[i] == config->topics.complaints;
        if (is_read && partitions[i] > GATHERED_PARTITION_MAX) {
            log_error("run", "%s has %u partitions; more than %d cannot be read", names[i],
                    partitions[i], GATHERED_PARTITION_MAX);
            e = ERR_CONFIG;
        }
    }
    if (e == ERR_NONE && partitions[WANTED_STATE] < partitions[WANTED_TALLIES]) {
        log_error("run", "%s has %u partitions; it needs as many as %s, %u", names[WANTED_STATE],
                partitions[WANTED_STATE], names[WANTED_TALLIES], partitions[WANTED_TALLIES]);
        e = ERR_CONFIG;
    }
    *ret_tally_partitions = e == ERR_NONE ? partitions[WANTED_TALLIES] : 0;
    return e;
}

// Waits a moment for the half's end. One that hangs cannot be ended from here: the process ends, and
// is started again. While it drains it has its own time.
static void watch_half(struct half_thread *half)
{
    const struct timespec until = mono_until(mono_after_ms(clock_mono(), WATCH_MS));
    if (pthread_clockjoin_np(half->thread, NULL, CLOCK_MONOTONIC, &until) == 0) {
        half->is_running = false;
        return;
    }
    struct mono_time now = clock_mono();
    unsigned pulse = atomic_load(&half->pulse);
    if (pulse != half->pulse_seen || stop_is_requested()) {
        half->pulse_seen = pulse;
        half->pulse_at = now;
    } else if (mono_left_ms(now, mono_after_ms(half->pulse_at, HANG_MS)) == 0) {
        log_error(half->name, "hangs: nothing for %d s; ending", HANG_MS / 1000);
        fflush(NULL);
        _exit(err_exit_status(ERR_STALLED));
    }
}

// Whether the brokers keep transactions, where the configuration rests on them.
static enum err try_transactions(const struct config *config)
{
    if (config->delivery != DELIVERY_TRANSACTIONAL) {
        return ERR_NONE;
    }
    struct strbuf findings;
    strbuf_init(&findings, 64 * 1024);
    enum err e = kafka_transaction_probe(config, stop_flag(), &findings);
    if (findings.n > 0) {
        log_error("run", "%.*s", VIEW_ARGS(strbuf_view(&findings)));
    }
    strbuf_fini(&findings);
    return e;
}

// What a process began with, and what it goes by.
struct process {
    const struct options *options;
    const struct config *config;
    struct ops *ops;
    struct policy_feed *policies;
    struct audit_log *audit;
    char policy_version[POLICY_VERSION_HEX + 1];
};

// Where the audit log stands, for those who look.
static void note_audit(struct board *board, struct audit_log *audit)
{
    struct audit_glance glance;
    if (board != NULL && audit != NULL && audit_log_glance(audit, &glance)) {
        struct board_process *its = board_process(board);
        atomic_store(&its->audit_records, (long long)glance.records);
        atomic_store(&its->audit_renewals, (long long)glance.renewals);
        atomic_store(&its->audit_unsynced_bytes, (long long)glance.unsynced_bytes);
        atomic_store(&its->has_audit, true);
    }
}

static enum err run_halves(struct process *process, uint32_t tally_partitions)
{
    const struct config *config = process->config;
    struct audit_log *audit = process->audit;
    struct ops *ops = process->ops;
    struct board *board = ops_board(ops);
    struct half_thread halves[] = {
            {.name = "judge", .run = judge_half_run},
            {.name = "detect", .run = detect_half_run},
            {.name = "complaints", .run = complaint_half_run},
            {.name = "control", .run = control_half_run},
    };
    enum { HALVES = sizeof halves / sizeof *halves };
    for (size_t i = 0; i < HALVES; i++) {
        halves[i].options = (struct half_options){config, stop_flag(), tally_partitions,
                &halves[i].pulse, board, NULL, audit, process->policies};
    }
    const bool judges = (config->roles & ROLE_JUDGE) != 0;
    const bool wanted[HALVES] = {judges, (config->roles & ROLE_DETECT) != 0,
            judges && config->complaints == COMPLAINTS_ON, judges && config->control.is_on};
    for (size_t i = 0; i < HALVES; i++) {
        halves[i].pulse_at = clock_mono();
        if (wanted[i] && board != NULL) {
            halves[i].options.place = board_take(board, halves[i].name);
            atomic_store(&halves[i].options.place->is_running, true);
        }
        if (wanted[i]) {
            halves[i].is_running =
                    pthread_create(&halves[i].thread, NULL, run_half, &halves[i]) == 0;
            if (!halves[i].is_running) {
                halves[i].result = ERR_NO_MEMORY;
                stop_request();
            }
        }
    }
    ops_enter(ops, BOARD_RUNNING, "running");
    struct mono_time head_told_at = clock_mono();
    bool any = true;
    while (any) {
        tell_audit_head(audit, &head_told_at, false);
        log_tell_suppressed(false);
        note_audit(board, audit);
        if (stop_take_hangup()) {
            bool is_in_force = reload_policy(
                    process->options, config, process->policies, process->policy_version);
            board_note_reload(board, is_in_force, clock_wall());
            if (audit != NULL) {
                audit_log_set_policy(audit, view_of(process->policy_version));
            }
        }
        any = false;
        if (stop_is_requested()) {
            ops_enter(ops, BOARD_DRAINING, "draining");
        }
        for (size_t i = 0; i < HALVES; i++) {
            if (halves[i].is_running) {
                watch_half(&halves[i]);
                any = any || halves[i].is_running;
            }
        }
    }
    tell_audit_head(audit, &head_told_at, true);
    ops_enter(ops, BOARD_DRAINING, "ending");
    enum err e = ERR_NONE;
    for (size_t i = 0; i < HALVES; i++) {
        e = e == ERR_NONE ? halves[i].result : e;
    }
    return e;
}

// Begins to listen before anything is waited for: what cannot be is said at once, and whoever asks is
// answered from the beginning.
static enum err start_ops(struct ops **ret_ops, const struct config *config)
{
    struct strbuf findings;
    strbuf_init(&findings, 4096);
    enum err e = ops_start(ret_ops, config, &findings);
    if (findings.n > 0) {
        log_error("run", "%.*s", VIEW_ARGS(strbuf_view(&findings)));
    }
    strbuf_fini(&findings);
    return e;
}

static enum err run_audited(struct process *process, uint32_t tally_partitions)
{
    struct audit_keys keys = {.count = 0};
    enum err e = open_audit_log(&process->audit, &keys, process->config);
    if (e == ERR_NONE) {
        e = policy_feed_create(&process->policies, process->config);
    }
    if (e == ERR_NONE) {
        memcpy(process->policy_version, process->config->policy.version,
                sizeof process->policy_version);
        e = run_halves(process, tally_partitions);
    }
    if (e != ERR_DEADLINE) { // else a half may still be at work
        policy_feed_destroy(process->policies);
    }
    audit_log_close(process->audit);
    audit_keys_fini(&keys);
    return e;
}

static enum err work(struct process *process)
{
    const struct config *config = process->config;
    log_info("run", "wrongnumber %s, librdkafka %s, policy %s", WN_VERSION, kafka_library_version(),
            config->policy.version);
    if (config->identity.key_file == NULL) {
        log_warn("run", "pseudonym.key_file is not set: the demo key is known to everybody");
    }
    uint32_t tally_partitions;
    enum err e = await_topics(config, &tally_partitions);
    if (e != ERR_NONE) {
        return stop_is_requested() ? ERR_NONE : e;
    }
    e = tally_width_check(config, tally_partitions);
    e = e != ERR_NONE ? e : try_transactions(config);
    if (e == ERR_NONE && !stop_is_requested()) {
        e = run_audited(process, tally_partitions);
    }
    log_info("run", "ends: %s", err_text(e));
    return e;
}

static enum err run(const struct options *options, const struct config *config)
{
    stop_on_signals();
    log_setup(config->log.format, config->log.level);
    struct ops *ops;
    enum err e = start_ops(&ops, config);
    if (e == ERR_NONE) {
        ops_enter(ops, BOARD_STARTING, "waiting for Kafka");
        struct process process = {.options = options, .config = config, .ops = ops};
        e = work(&process);
    }
    ops_stop(ops);
    return e;
}

int command_run(int argc, char **argv)
{
    static const struct option long_options[] = {OPTIONS_LONG, {NULL, 0, NULL, 0}};
    struct options options = {0};
    int option;
    while ((option = getopt_long(argc, argv, OPTIONS_SHORT, long_options, NULL)) != -1) {
        if (!options_take(&options, option, optarg)) {
            fputs("Try `wrongnumber run --help`.\n", stderr);
            return err_exit_status(ERR_USAGE);
        }
    }
    if (options.helps) {
        fputs(help, stdout);
        return 0;
    }
    if (optind != argc) {
        fputs("wrongnumber run: takes no arguments, only options\n", stderr);
        return err_exit_status(ERR_USAGE);
    }
    struct config *config;
    enum err e = options_load_config(&options, &config);
    if (e != ERR_NONE) {
        return err_exit_status(e);
    }
    e = run(&options, config);
    config_destroy(config);
    if (e == ERR_DEADLINE) {
        // A client did not let go; its threads may still use what exit would free.
        fflush(NULL);
        _exit(err_exit_status(e));
    }
    return err_exit_status(e);
}
