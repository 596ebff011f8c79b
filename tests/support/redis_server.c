#include "redis_server.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/assure.h"

enum { ARGUMENTS_MAX = 32, WORDS_MAX = 16, SET_MAX = 2000, START_MS = 10000, COMMAND_MS = 10000 };

struct redis_server {
    pid_t pid;
    char folder[64];
    char path[96];
    char address[128];
    const char *arguments[ARGUMENTS_MAX];
    struct redis_connection *connection;
    size_t set_count;
};

static void run_server(const struct redis_server *s)
{
    int log = open("redis.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (log >= 0) {
        dup2(log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
    }
    char *words[ARGUMENTS_MAX];
    memcpy(words, s->arguments, sizeof words);
    execvp("redis-server", words);
    _exit(127);
}

static bool is_up(struct redis_server *s)
{
    struct mono_time until = mono_after_ms(clock_mono(), START_MS);
    while (clock_mono().ns < until.ns) {
        if (redis_connection_open(s->connection, until) == ERR_NONE &&
                redis_server_command(s, "PING")) {
            return true;
        }
        if (waitpid(s->pid, NULL, WNOHANG) == s->pid) {
            return false;
        }
        struct timespec nap = {.tv_nsec = 5000000};
        nanosleep(&nap, NULL);
    }
    return false;
}

static bool launch(struct redis_server *s)
{
    s->pid = fork();
    ASSURE(s->pid >= 0);
    if (s->pid == 0) {
        if (chdir(s->folder) == 0) {
            run_server(s);
        }
        _exit(127);
    }
    return is_up(s);
}

static void remove_folder(const struct redis_server *s)
{
    static const char *const names[] = {"redis.sock", "redis.log", "dump.rdb"};
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", s->folder, names[i]);
        unlink(path);
    }
    rmdir(s->folder);
}

struct redis_server *redis_server_start(const char *const *arguments)
{
    struct redis_server *s = calloc(1, sizeof *s);
    ASSURE(s != NULL);
    snprintf(s->folder, sizeof s->folder, "/tmp/wn-redis-XXXXXX");
    ASSURE(mkdtemp(s->folder) != NULL);
    snprintf(s->path, sizeof s->path, "%s/redis.sock", s->folder);
    snprintf(s->address, sizeof s->address, "unix:%s", s->path);
    const char *const fixed[] = {"redis-server", "--port", "0", "--unixsocket", s->path, "--save",
            "", "--appendonly", "no", "--daemonize", "no"};
    size_t n = 0;
    for (; n < sizeof fixed / sizeof fixed[0]; n++) {
        s->arguments[n] = fixed[n];
    }
    for (size_t i = 0; arguments != NULL && arguments[i] != NULL; i++) {
        ASSURE(n + 1 < ARGUMENTS_MAX);
        s->arguments[n++] = arguments[i];
    }
    struct redis_options options = {.address = s->address, .connect_timeout_ms = 1000};
    ASSURE(redis_connection_create(&s->connection, &options) == ERR_NONE);
    if (!launch(s)) {
        redis_connection_destroy(s->connection);
        remove_folder(s);
        free(s);
        return NULL;
    }
    return s;
}

void redis_server_kill(struct redis_server *s)
{
    redis_connection_close(s->connection);
    if (s->pid > 0) {
        kill(s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
    }
    s->pid = 0;
}

void redis_server_restart(struct redis_server *s)
{
    ASSURE(s->pid == 0);
    ASSURE(launch(s));
}

void redis_server_stop(struct redis_server *s)
{
    redis_server_kill(s);
    redis_connection_destroy(s->connection);
    remove_folder(s);
    free(s);
}

const char *redis_server_address(const struct redis_server *s)
{
    return s->address;
}

const char *redis_server_folder(const struct redis_server *s)
{
    return s->folder;
}

bool redis_server_command(struct redis_server *s, const char *command)
{
    const char *words[WORDS_MAX];
    size_t lengths[WORDS_MAX];
    size_t count = 0;
    redis_server_flush(s);
    for (const char *at = command; *at != '\0' && count < WORDS_MAX;) {
        size_t n = strcspn(at, " ");
        words[count] = at;
        lengths[count++] = n;
        at += n + strspn(at + n, " ");
    }
    redisReply *reply = NULL;
    if (redis_connection_add(s->connection, count, words, lengths) != ERR_NONE ||
            redis_connection_exchange(s->connection, &reply, 1,
                    mono_after_ms(clock_mono(), COMMAND_MS)) != ERR_NONE) {
        return false;
    }
    bool good = reply->type != REDIS_REPLY_ERROR;
    freeReplyObject(reply);
    return good;
}

void redis_server_set(void *server, struct view key, struct view value)
{
    struct redis_server *s = server;
    const char *words[] = {"SET", key.p, value.p};
    size_t lengths[] = {3, key.n, value.n};
    ASSURE(redis_connection_add(s->connection, 3, words, lengths) == ERR_NONE);
    if (++s->set_count == SET_MAX) {
        redis_server_flush(s);
    }
}

void redis_server_flush(struct redis_server *s)
{
    redisReply *replies[SET_MAX];
    if (s->set_count == 0) {
        return;
    }
    ASSURE(redis_connection_exchange(s->connection, replies, s->set_count,
                   mono_after_ms(clock_mono(), COMMAND_MS)) == ERR_NONE);
    for (size_t i = 0; i < s->set_count; i++) {
        ASSURE(replies[i]->type == REDIS_REPLY_STATUS);
        freeReplyObject(replies[i]);
    }
    s->set_count = 0;
}
