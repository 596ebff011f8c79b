#include "bench/live_cost.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "redis/connection.h"
#include "redis/route.h"

enum { PROC_TEXT_BYTES = 8192, PROBE_MS = 2000, PATH_BYTES = 64 };

// --- /proc ------------------------------------------------------------------------------------

// Reads the beginning of a file of /proc; the length, 0 where it cannot be read.
static size_t read_proc(int32_t pid, const char *name, char ret_text[PROC_TEXT_BYTES])
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    FILE *file = fopen(path, "re");
    size_t n = file != NULL ? fread(ret_text, 1, PROC_TEXT_BYTES - 1, file) : 0;
    if (file != NULL) {
        fclose(file);
    }
    ret_text[n] = '\0';
    return n;
}

bool process_cost_read_stat(const char *text, int64_t ticks_a_second, int64_t *ret_cpu_ns)
{
    // Field 2 is the name in brackets, which may have spaces and brackets; 14 and 15 are the ticks.
    const char *rest = strrchr(text, ')');
    unsigned long long user;
    unsigned long long system;
    if (rest == NULL || sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
                                &user, &system) != 2) {
        return false;
    }
    *ret_cpu_ns = (int64_t)(user + system) * (1000000000 / ticks_a_second);
    return true;
}

static bool read_kib(const char *text, const char *name, int64_t *ret_bytes)
{
    const char *line = strstr(text, name);
    char *end;
    if (line == NULL) {
        return false;
    }
    *ret_bytes = strtoll(line + strlen(name), &end, 10) * 1024;
    return strncmp(end, " kB", 3) == 0;
}

bool process_cost_read_status(const char *text, int64_t *ret_resident, int64_t *ret_at_most)
{
    return read_kib(text, "\nVmRSS:", ret_resident) && read_kib(text, "\nVmHWM:", ret_at_most);
}

struct process_cost process_cost_of(const int32_t *pids, uint32_t count)
{
    char text[PROC_TEXT_BYTES];
    struct process_cost sum = {.is_known = count > 0};
    for (uint32_t i = 0; i < count && sum.is_known; i++) {
        struct process_cost one = {0};
        read_proc(pids[i], "stat", text);
        sum.is_known = process_cost_read_stat(text, sysconf(_SC_CLK_TCK), &one.cpu_ns);
        read_proc(pids[i], "status", text);
        sum.is_known = sum.is_known &&
                       process_cost_read_status(text, &one.resident, &one.resident_at_most);
        sum.cpu_ns += one.cpu_ns;
        sum.resident += one.resident;
        sum.resident_at_most += one.resident_at_most;
    }
    return sum;
}

// Whether the words of a command line, each ended by NUL, are those of `wrongnumber run` with that file.
static bool is_processor(const char *words, size_t n, const char *config_path)
{
    const char *slash = strrchr(words, '/');
    const char *verb = words + strlen(words) + 1;
    if (strcmp(slash != NULL ? slash + 1 : words, "wrongnumber") != 0 || verb >= words + n ||
            strcmp(verb, "run") != 0) {
        return false;
    }
    bool names_it = config_path == NULL;
    for (const char *word = verb; word < words + n; word += strlen(word) + 1) {
        const char *value = strncmp(word, "--config=", 9) == 0 ? word + 9 : word;
        names_it = names_it || strcmp(value, config_path) == 0;
    }
    return names_it;
}

uint32_t process_find_processors(const char *config_path, int32_t ret_pids[LIVE_PIDS_MAX])
{
    DIR *proc = opendir("/proc");
    uint32_t count = 0;
    char text[PROC_TEXT_BYTES];
    for (struct dirent *entry; proc != NULL && (entry = readdir(proc)) != NULL;) {
        int32_t pid = isdigit((unsigned char)entry->d_name[0])
                              ? (int32_t)strtol(entry->d_name, NULL, 10)
                              : 0;
        size_t n = pid > 0 ? read_proc(pid, "cmdline", text) : 0;
        if (n > 0 && is_processor(text, n, config_path)) {
            if (count < LIVE_PIDS_MAX) {
                ret_pids[count] = pid;
            }
            count++;
        }
    }
    if (proc != NULL) {
        closedir(proc);
    }
    return count;
}

// --- Redis ------------------------------------------------------------------------------------

static int64_t info_count(struct view info, const char *name)
{
    struct view text = info_field(info, name);
    char digits[24] = "";
    if (text.n == 0 || text.n >= sizeof digits) {
        return -1;
    }
    memcpy(digits, text.p, text.n);
    char *end;
    long long count = strtoll(digits, &end, 10);
    return *end == '\0' && count >= 0 ? count : -1;
}

struct redis_cost redis_cost_read(struct view info)
{
    struct redis_cost cost = {
            .commands = info_count(info, "total_commands_processed"),
            .reads = info_count(info, "total_reads_processed"),
            .memory_bytes = info_count(info, "used_memory"),
    };
    int64_t pid = info_count(info, "process_id");
    cost.pid = pid > 0 && pid <= INT32_MAX ? (int32_t)pid : 0;
    cost.is_known = cost.commands >= 0 && cost.reads >= 0 && cost.memory_bytes >= 0;
    return cost;
}

struct redis_probe {
    struct redis_connection *connection;
};

struct redis_probe *redis_probe_open(const struct config *config, struct strbuf *why)
{
    if (config->redis.topology != TOPOLOGY_STANDALONE) {
        strbuf_add_text(why, "only a standalone Redis is looked into");
        return NULL;
    }
    struct redis_probe *probe = calloc(1, sizeof *probe);
    struct redis_options options = redis_route_options_of(config, "wrongnumber-live").server;
    options.address = config->redis.address;
    enum err e =
            probe == NULL ? ERR_NO_MEMORY : redis_connection_create(&probe->connection, &options);
    if (e == ERR_NONE) {
        e = redis_connection_open(probe->connection, mono_after_ms(clock_mono(), PROBE_MS));
        if (e != ERR_NONE) {
            strbuf_add_text(why, redis_connection_why(probe->connection));
        }
    }
    if (e != ERR_NONE) {
        redis_probe_close(probe);
        return NULL;
    }
    return probe;
}

void redis_probe_close(struct redis_probe *probe)
{
    if (probe != NULL) {
        redis_connection_destroy(probe->connection);
    }
    free(probe);
}

struct redis_cost redis_probe_ask(struct redis_probe *probe)
{
    static const char *const words[] = {"INFO"};
    static const size_t lengths[] = {4};
    struct redis_cost cost = {0};
    redisReply *reply = NULL;
    if (probe == NULL || redis_connection_add(probe->connection, 1, words, lengths) != ERR_NONE ||
            redis_connection_exchange(probe->connection, &reply, 1,
                    mono_after_ms(clock_mono(), PROBE_MS)) != ERR_NONE) {
        return cost;
    }
    if (reply->type == REDIS_REPLY_STRING) {
        cost = redis_cost_read(view_bytes(reply->str, reply->len));
    }
    freeReplyObject(reply);
    return cost;
}

int32_t redis_probe_local_pid(const struct redis_cost *cost)
{
    char name[PROC_TEXT_BYTES];
    // The server may be on another machine, where that number is another process's.
    bool is_here = cost->is_known && cost->pid > 0 && read_proc(cost->pid, "comm", name) > 0 &&
                   (strstr(name, "redis") != NULL || strstr(name, "valkey") != NULL);
    return is_here ? cost->pid : 0;
}
