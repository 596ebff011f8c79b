#include "ops/process_metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "kafka/kafka.h"
#include "redis/version.h"

static const struct metric_family build_families[] = {
        {.name = "wrongnumber_build_info", .help = "1, with what this is", .type = METRIC_GAUGE},
};
static const struct metric_table build_table = {build_families, 1};

enum {
    PROCESS_CPU,
    PROCESS_RESIDENT,
    PROCESS_VIRTUAL,
    PROCESS_FDS,
    PROCESS_MAX_FDS,
    PROCESS_START,
    PROCESS_LOG_SUPPRESSED,
    PROCESS_LOG_LOST,
    PROCESS_METRICS,
};

static const struct metric_family process_families[PROCESS_METRICS] = {
        [PROCESS_CPU] = {.name = "process_cpu_seconds_total",
                .help = "User and system CPU time",
                .type = METRIC_COUNTER,
                .scale = METRIC_NANO},
        [PROCESS_RESIDENT] = {.name = "process_resident_memory_bytes",
                .help = "Resident memory",
                .type = METRIC_GAUGE},
        [PROCESS_VIRTUAL] = {.name = "process_virtual_memory_bytes",
                .help = "Virtual memory",
                .type = METRIC_GAUGE},
        [PROCESS_FDS] = {.name = "process_open_fds",
                .help = "Open file descriptors",
                .type = METRIC_GAUGE},
        [PROCESS_MAX_FDS] = {.name = "process_max_fds",
                .help = "File descriptors that may be open",
                .type = METRIC_GAUGE},
        [PROCESS_START] = {.name = "process_start_time_seconds",
                .help = "When the process began, since 1970",
                .type = METRIC_GAUGE,
                .scale = METRIC_MILLI},
        [PROCESS_LOG_SUPPRESSED] = {.name = "wrongnumber_log_lines_suppressed_total",
                .help = "Log lines left out because there were too many of their kind",
                .type = METRIC_COUNTER},
        [PROCESS_LOG_LOST] = {.name = "wrongnumber_log_lines_lost_total",
                .help = "Log lines that standard error did not take",
                .type = METRIC_COUNTER},
};
static const struct metric_table process_table = {process_families, PROCESS_METRICS};

enum {
    STATE_RELOADS,
    STATE_RELOAD_SUCCESSFUL,
    STATE_RELOAD_FAILED_SINCE,
    STATE_AUDIT_RECORDS,
    STATE_AUDIT_RENEWALS,
    STATE_AUDIT_UNSYNCED,
    STATE_METRICS,
};

static const char *const outcomes[] = {"in_force", "refused"};

static const struct metric_family state_families[STATE_METRICS] = {
        [STATE_RELOADS] = {.name = "wrongnumber_config_reloads_total",
                .help = "SIGHUPs, by what became of the policy that was read",
                .type = METRIC_COUNTER,
                .labels = {{"outcome", outcomes, 2}}},
        [STATE_RELOAD_SUCCESSFUL] = {.name = "wrongnumber_config_last_reload_successful",
                .help = "0 while the file on disk has been refused: what is in force is older",
                .type = METRIC_GAUGE},
        [STATE_RELOAD_FAILED_SINCE] =
                {.name = "wrongnumber_config_reload_failed_since_timestamp_seconds",
                        .help = "When the first was refused of those that were not mended since",
                        .type = METRIC_GAUGE,
                        .scale = METRIC_MILLI,
                        .may_be_absent = true},
        [STATE_AUDIT_RECORDS] = {.name = "wrongnumber_audit_last_record",
                .help = "The number of the audit log's last record; not there without a log",
                .type = METRIC_GAUGE,
                .may_be_absent = true},
        [STATE_AUDIT_RENEWALS] = {.name = "wrongnumber_audit_renewals_total",
                .help = "Files of the audit log that a disk did not take and that were written "
                        "once "
                        "more",
                .type = METRIC_COUNTER},
        [STATE_AUDIT_UNSYNCED] = {.name = "wrongnumber_audit_unsynced_bytes",
                .help = "What of the audit log may not be on disk yet; not there without a log",
                .type = METRIC_GAUGE,
                .may_be_absent = true},
};
static const struct metric_table state_table = {state_families, STATE_METRICS};

enum { PULSE_RUNNING, PULSE_AGE, PULSE_METRICS };

static const struct metric_family pulse_families[PULSE_METRICS] = {
        [PULSE_RUNNING] = {.name = "wrongnumber_half_running",
                .help = "1 while the half's thread runs",
                .type = METRIC_GAUGE},
        [PULSE_AGE] = {.name = "wrongnumber_pulse_age_seconds",
                .help = "How long ago the half was last seen to do something",
                .type = METRIC_GAUGE,
                .scale = METRIC_MILLI},
};
static const struct metric_table pulse_table = {pulse_families, PULSE_METRICS};

struct process_metrics {
    int64_t started_ms;
    struct metric_page *build;
    struct metric_page *process;
    struct metric_page *state;
    struct metric_page *pulses[BOARD_PLACES_MAX]; // NULL until its place is taken
};

enum err process_metrics_create(struct process_metrics **ret_metrics)
{
    struct process_metrics *metrics = calloc(1, sizeof *metrics);
    if (metrics == NULL) {
        return ERR_NO_MEMORY;
    }
    const struct metric_constant versions[] = {{"version", WN_VERSION},
            {"librdkafka", kafka_library_version()}, {"hiredis", redis_library_version()}};
    metrics->started_ms = clock_wall().ms;
    enum err e = metric_page_create(&metrics->build, &build_table, versions, 3);
    if (e == ERR_NONE) {
        metric_set(metrics->build, 0, 0, 1);
        e = metric_page_create(&metrics->process, &process_table, NULL, 0);
    }
    if (e == ERR_NONE) {
        e = metric_page_create(&metrics->state, &state_table, NULL, 0);
    }
    if (e != ERR_NONE) {
        process_metrics_destroy(metrics);
        return e;
    }
    *ret_metrics = metrics;
    return ERR_NONE;
}

void process_metrics_destroy(struct process_metrics *metrics)
{
    if (metrics != NULL) {
        metric_page_destroy(metrics->build);
        metric_page_destroy(metrics->process);
        metric_page_destroy(metrics->state);
        for (size_t i = 0; i < BOARD_PLACES_MAX; i++) {
            metric_page_destroy(metrics->pulses[i]);
        }
        free(metrics);
    }
}

static int64_t open_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int64_t count = 0;
    while (dir != NULL) {
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            break;
        }
        count += entry->d_name[0] != '.';
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return count > 0 ? count - 1 : 0; // but the one that reads them
}

// Pages of virtual and resident memory.
static void memory_pages(long ret_pages[2])
{
    FILE *file = fopen("/proc/self/statm", "re");
    char line[128] = "";
    ret_pages[0] = 0;
    ret_pages[1] = 0;
    if (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *end = line;
        ret_pages[0] = strtol(line, &end, 10);
        ret_pages[1] = strtol(end, NULL, 10);
    }
    if (file != NULL) {
        fclose(file);
    }
}

static void take_process(const struct process_metrics *metrics)
{
    struct metric_page *page = metrics->process;
    long pages[2];
    memory_pages(pages);
    struct rlimit limit = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    const struct log_counts counts = log_counts();
    metric_set(page, PROCESS_CPU, 0, clock_cpu_ns());
    metric_set(page, PROCESS_VIRTUAL, 0, pages[0] * sysconf(_SC_PAGESIZE));
    metric_set(page, PROCESS_RESIDENT, 0, pages[1] * sysconf(_SC_PAGESIZE));
    metric_set(page, PROCESS_FDS, 0, open_fds());
    metric_set(page, PROCESS_MAX_FDS, 0, (int64_t)(limit.rlim_cur & INT64_MAX));
    metric_set(page, PROCESS_START, 0, metrics->started_ms);
    metric_set(page, PROCESS_LOG_SUPPRESSED, 0, (int64_t)counts.suppressed);
    metric_set(page, PROCESS_LOG_LOST, 0, (int64_t)counts.lost);
}

static void take_state(const struct process_metrics *metrics, struct board *board)
{
    struct metric_page *page = metrics->state;
    struct board_process *process = board_process(board);
    int64_t failed_since_ms = atomic_load(&process->reload_failed_since_ms);
    metric_set(page, STATE_RELOADS, 0, atomic_load(&process->reloads));
    metric_set(page, STATE_RELOADS, 1, atomic_load(&process->reloads_refused));
    metric_set(page, STATE_RELOAD_SUCCESSFUL, 0, failed_since_ms == 0);
    if (failed_since_ms != 0) {
        metric_set(page, STATE_RELOAD_FAILED_SINCE, 0, failed_since_ms);
    } else {
        metric_clear(page, STATE_RELOAD_FAILED_SINCE, 0);
    }
    if (atomic_load(&process->has_audit)) {
        metric_set(page, STATE_AUDIT_RECORDS, 0, atomic_load(&process->audit_records));
        metric_set(page, STATE_AUDIT_RENEWALS, 0, atomic_load(&process->audit_renewals));
        metric_set(page, STATE_AUDIT_UNSYNCED, 0, atomic_load(&process->audit_unsynced_bytes));
    }
}

static struct metric_page *pulse_page(
        struct process_metrics *metrics, const struct board_place *place, size_t at)
{
    const struct metric_constant label = {"half", place->name};
    if (metrics->pulses[at] == NULL &&
            metric_page_create(&metrics->pulses[at], &pulse_table, &label, 1) != ERR_NONE) {
        return NULL;
    }
    metric_set(metrics->pulses[at], PULSE_RUNNING, 0, atomic_load(&place->is_running));
    metric_set(metrics->pulses[at], PULSE_AGE, 0, atomic_load(&place->pulse_age_ms));
    return metrics->pulses[at];
}

size_t process_metrics_gather(struct process_metrics *metrics, struct board *board,
        const struct metric_page *pages[PROCESS_PAGES_MAX])
{
    take_process(metrics);
    take_state(metrics, board);
    size_t count = 0;
    pages[count++] = metrics->build;
    pages[count++] = metrics->process;
    pages[count++] = metrics->state;
    for (size_t i = 0; i < board_place_count(board); i++) {
        const struct board_place *place = board_place_at(board, i);
        const struct metric_page *pulse = pulse_page(metrics, place, i);
        if (pulse != NULL) {
            pages[count++] = pulse;
        }
        for (size_t page = 0; page < BOARD_PAGES_MAX; page++) {
            const struct metric_page *its = atomic_load(&place->pages[page]);
            if (its != NULL) {
                pages[count++] = its;
            }
        }
    }
    return count;
}
