#include "redis_nodes.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/assure.h"

enum {
    ARGUMENTS_MAX = 40,
    ARGUMENT_BYTES = 128,
    WORDS_MAX = 64,
    COMMAND_BYTES = 4096,
    START_MS = 10000,
    COMMAND_MS = 2000,
    FORM_MS = 20000,
    CLUSTER_SLOTS = 16384,
};

struct node {
    pid_t pid; // 0 = not running
    unsigned port;
    unsigned bus_port; // of a cluster's node
    char address[32];
    char id[64]; // of a cluster's node
    bool is_sentinel;
    char arguments[ARGUMENTS_MAX][ARGUMENT_BYTES];
    size_t argument_count;
    struct redis_connection *connection;
};

struct redis_nodes {
    char folder[64];
    struct node nodes[REDIS_NODES_MAX];
    size_t count;
    size_t master_count; // of a cluster, at first
    struct redis_tls_options tls;
};

static void nap(void)
{
    struct timespec ts = {.tv_nsec = 10000000};
    nanosleep(&ts, NULL);
}

static unsigned free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSURE(fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof at) == 0);
    union {
        struct sockaddr_in in;
        struct sockaddr any;
    } got = {.in = at};
    ASSURE(getsockname(fd, &got.any, &length) == 0);
    close(fd);
    return ntohs(got.in.sin_port);
}

// --- processes ----------------------------------------------------------------------------------

struct redis_nodes *redis_nodes_create(void)
{
    if (system("redis-server --version >/dev/null 2>&1") != 0) {
        return NULL;
    }
    struct redis_nodes *nodes = calloc(1, sizeof *nodes);
    ASSURE(nodes != NULL);
    snprintf(nodes->folder, sizeof nodes->folder, "/tmp/wn-nodes-XXXXXX");
    ASSURE(mkdtemp(nodes->folder) != NULL);
    return nodes;
}

static void run(const struct redis_nodes *nodes, const struct node *node)
{
    char folder[128];
    char *words[ARGUMENTS_MAX + 1] = {NULL};
    char storage[ARGUMENTS_MAX][ARGUMENT_BYTES];
    snprintf(folder, sizeof folder, "%s/%u", nodes->folder, node->port);
    memcpy(storage, node->arguments, sizeof storage);
    for (size_t i = 0; i < node->argument_count; i++) {
        words[i] = storage[i];
    }
    // None outlives a test that was cut off.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || chdir(folder) != 0) {
        _exit(127);
    }
    int log = open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execvp("redis-server", words);
    _exit(127);
}

static void launch(struct redis_nodes *nodes, size_t i)
{
    struct node *node = &nodes->nodes[i];
    node->pid = fork();
    ASSURE(node->pid >= 0);
    if (node->pid == 0) {
        run(nodes, node);
    }
    struct mono_time until = mono_after_ms(clock_mono(), START_MS);
    while (!redis_nodes_do(nodes, i, "PING")) {
        ASSURE(clock_mono().ns < until.ns && waitpid(node->pid, NULL, WNOHANG) == 0);
        nap();
    }
}

static void add_argument(struct node *node, const char *text)
{
    char port[16];
    const char *hole = strstr(text, "{port}");
    ASSURE(node->argument_count < ARGUMENTS_MAX);
    snprintf(port, sizeof port, "%u", node->port);
    snprintf(node->arguments[node->argument_count++], ARGUMENT_BYTES, "%.*s%s%s",
            (int)(hole != NULL ? (size_t)(hole - text) : strlen(text)), text,
            hole != NULL ? port : "", hole != NULL ? hole + strlen("{port}") : "");
}

static void write_sentinel_file(const struct redis_nodes *nodes, const struct node *node)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%u/sentinel.conf", nodes->folder, node->port);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ASSURE(fd >= 0);
    close(fd);
}

size_t redis_nodes_start(struct redis_nodes *nodes, bool is_sentinel, const char *const *arguments)
{
    ASSURE(nodes->count < REDIS_NODES_MAX);
    struct node *node = &nodes->nodes[nodes->count];
    char folder[128];
    node->port = free_port();
    node->is_sentinel = is_sentinel;
    snprintf(node->address, sizeof node->address, "127.0.0.1:%u", node->port);
    snprintf(folder, sizeof folder, "%s/%u", nodes->folder, node->port);
    ASSURE(mkdir(folder, 0700) == 0);
    static const char *const server[] = {"redis-server", "--port", "{port}", "--bind", "127.0.0.1",
            "--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0", NULL};
    static const char *const sentinel[] = {"redis-server", "sentinel.conf", "--sentinel", "--port",
            "{port}", "--bind", "127.0.0.1", NULL};
    for (const char *const *at = is_sentinel ? sentinel : server; *at != NULL; at++) {
        add_argument(node, *at);
    }
    for (size_t i = 0; arguments != NULL && arguments[i] != NULL; i++) {
        add_argument(node, arguments[i]);
    }
    if (is_sentinel) {
        write_sentinel_file(nodes, node);
    }
    struct redis_options options = {
            .address = node->address, .connect_timeout_ms = COMMAND_MS, .tls = nodes->tls};
    ASSURE(redis_connection_create(&node->connection, &options) == ERR_NONE);
    launch(nodes, nodes->count);
    return nodes->count++;
}

void redis_nodes_use_tls(struct redis_nodes *nodes, const struct redis_tls_options *options)
{
    nodes->tls = *options;
}

const char *redis_nodes_address(const struct redis_nodes *nodes, size_t node)
{
    return nodes->nodes[node].address;
}

unsigned redis_nodes_port(const struct redis_nodes *nodes, size_t node)
{
    return nodes->nodes[node].port;
}

const char *redis_nodes_folder(const struct redis_nodes *nodes)
{
    return nodes->folder;
}

void redis_nodes_kill(struct redis_nodes *nodes, size_t i)
{
    struct node *node = &nodes->nodes[i];
    redis_connection_close(node->connection);
    if (node->pid > 0) {
        kill(node->pid, SIGKILL);
        waitpid(node->pid, NULL, 0);
        node->pid = 0;
    }
}

void redis_nodes_restart(struct redis_nodes *nodes, size_t i)
{
    ASSURE(nodes->nodes[i].pid == 0);
    launch(nodes, i);
}

void redis_nodes_pause(struct redis_nodes *nodes, size_t i, bool is_paused)
{
    kill(nodes->nodes[i].pid, is_paused ? SIGSTOP : SIGCONT);
}

void redis_nodes_destroy(struct redis_nodes *nodes)
{
    char command[128];
    for (size_t i = 0; i < nodes->count; i++) {
        redis_nodes_kill(nodes, i);
        redis_connection_destroy(nodes->nodes[i].connection);
    }
    snprintf(command, sizeof command, "rm -rf %s", nodes->folder);
    (void)!system(command);
    free(nodes);
}

// --- commands -----------------------------------------------------------------------------------

static redisReply *ask(struct node *node, const char *command)
{
    const char *words[WORDS_MAX];
    size_t lengths[WORDS_MAX];
    size_t count = 0;
    for (const char *at = command; *at != '\0' && count < WORDS_MAX;) {
        size_t n = strcspn(at, " ");
        words[count] = at;
        lengths[count++] = n;
        at += n + strspn(at + n, " ");
    }
    struct mono_time until = mono_after_ms(clock_mono(), COMMAND_MS);
    redisReply *reply = NULL;
    bool is_open = redis_connection_is_open(node->connection) ||
                   redis_connection_open(node->connection, until) == ERR_NONE;
    if (!is_open || redis_connection_add(node->connection, count, words, lengths) != ERR_NONE ||
            redis_connection_exchange(node->connection, &reply, 1, until) != ERR_NONE) {
        return NULL;
    }
    return reply;
}

redisReply *redis_nodes_ask(struct redis_nodes *nodes, size_t node, const char *format, ...)
{
    char command[COMMAND_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    return ask(&nodes->nodes[node], command);
}

bool redis_nodes_do(struct redis_nodes *nodes, size_t node, const char *format, ...)
{
    char command[COMMAND_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    redisReply *reply = ask(&nodes->nodes[node], command);
    bool is_good = reply != NULL && reply->type != REDIS_REPLY_ERROR;
    freeReplyObject(reply);
    return is_good;
}

// --- clusters -----------------------------------------------------------------------------------

static bool is_formed(struct redis_nodes *nodes)
{
    char expected[64];
    snprintf(expected, sizeof expected, "cluster_known_nodes:%zu\r", nodes->count);
    for (size_t i = 0; i < nodes->count; i++) {
        redisReply *reply = redis_nodes_ask(nodes, i, "CLUSTER INFO");
        bool is_good = reply != NULL && reply->type == REDIS_REPLY_STRING &&
                       strstr(reply->str, "cluster_state:ok") != NULL &&
                       strstr(reply->str, expected) != NULL;
        freeReplyObject(reply);
        if (!is_good) {
            return false;
        }
    }
    return true;
}

static void learn_ids(struct redis_nodes *nodes)
{
    for (size_t i = 0; i < nodes->count; i++) {
        redisReply *reply = redis_nodes_ask(nodes, i, "CLUSTER MYID");
        ASSURE(reply != NULL && reply->type == REDIS_REPLY_STRING);
        snprintf(nodes->nodes[i].id, sizeof nodes->nodes[i].id, "%s", reply->str);
        freeReplyObject(reply);
    }
}

static bool is_replica(struct redis_nodes *nodes, size_t i)
{
    redisReply *reply = redis_nodes_ask(nodes, i, "INFO replication");
    bool is_good = reply != NULL && strstr(reply->str, "master_link_status:up") != NULL;
    freeReplyObject(reply);
    return is_good;
}

static void meet(struct redis_nodes *nodes, size_t i)
{
    ASSURE(redis_nodes_do(nodes, i, "CLUSTER MEET 127.0.0.1 %u %u", nodes->nodes[0].port,
            nodes->nodes[0].bus_port));
}

static void form(struct redis_nodes *nodes, size_t masters)
{
    const size_t share = CLUSTER_SLOTS / masters;
    learn_ids(nodes);
    for (size_t i = 0; i < masters; i++) {
        size_t end = i + 1 == masters ? CLUSTER_SLOTS : (i + 1) * share;
        ASSURE(redis_nodes_do(nodes, i, "CLUSTER ADDSLOTSRANGE %zu %zu", i * share, end - 1));
        ASSURE(redis_nodes_do(nodes, i, "CLUSTER SET-CONFIG-EPOCH %zu", i + 1));
    }
    for (size_t i = 1; i < nodes->count; i++) {
        meet(nodes, i);
    }
    struct mono_time until = mono_after_ms(clock_mono(), FORM_MS);
    while (!is_formed(nodes)) {
        ASSURE(clock_mono().ns < until.ns);
        nap();
    }
    for (size_t i = masters; i < nodes->count; i++) {
        while (!redis_nodes_do(nodes, i, "CLUSTER REPLICATE %s", nodes->nodes[i - masters].id)) {
            ASSURE(clock_mono().ns < until.ns);
            nap();
        }
        while (!is_replica(nodes, i)) {
            ASSURE(clock_mono().ns < until.ns);
            nap();
        }
    }
}

static size_t start_cluster_node(struct redis_nodes *nodes, const char *const *more)
{
    char bus[16];
    unsigned bus_port = free_port();
    snprintf(bus, sizeof bus, "%u", bus_port);
    const char *arguments[ARGUMENTS_MAX] = {"--cluster-enabled", "yes", "--cluster-config-file",
            "nodes.conf", "--cluster-node-timeout", "1000", "--cluster-port", bus};
    for (size_t n = 8; more != NULL && *more != NULL; n++) {
        ASSURE(n + 1 < ARGUMENTS_MAX);
        arguments[n] = *more++;
    }
    size_t i = redis_nodes_start(nodes, false, arguments);
    nodes->nodes[i].bus_port = bus_port;
    return i;
}

void redis_nodes_form_cluster(
        struct redis_nodes *nodes, size_t masters, bool has_replicas, const char *const *arguments)
{
    nodes->master_count = masters;
    for (size_t i = 0; i < masters * (has_replicas ? 2 : 1); i++) {
        start_cluster_node(nodes, arguments);
    }
    form(nodes, masters);
}

struct redis_nodes *redis_nodes_start_cluster(size_t masters, bool has_replicas)
{
    struct redis_nodes *nodes = redis_nodes_create();
    if (nodes != NULL) {
        redis_nodes_form_cluster(nodes, masters, has_replicas, NULL);
    }
    return nodes;
}

size_t redis_nodes_add_master(struct redis_nodes *nodes)
{
    size_t i = start_cluster_node(nodes, NULL);
    meet(nodes, i);
    struct mono_time until = mono_after_ms(clock_mono(), FORM_MS);
    while (!is_formed(nodes)) {
        ASSURE(clock_mono().ns < until.ns);
        nap();
    }
    learn_ids(nodes);
    return i;
}

static size_t node_with_port(const struct redis_nodes *nodes, long long port)
{
    for (size_t i = 0; i < nodes->count; i++) {
        if (nodes->nodes[i].port == port) {
            return i;
        }
    }
    return SIZE_MAX;
}

// By the word of one node.
static size_t owner_by(struct redis_nodes *nodes, size_t node, unsigned slot)
{
    size_t owner = SIZE_MAX;
    redisReply *reply = redis_nodes_ask(nodes, node, "CLUSTER SLOTS");
    for (size_t k = 0; reply != NULL && k < reply->elements; k++) {
        const redisReply *range = reply->element[k];
        if (range->element[0]->integer <= slot && slot <= range->element[1]->integer) {
            owner = node_with_port(nodes, range->element[2]->element[1]->integer);
        }
    }
    freeReplyObject(reply);
    return owner;
}

size_t redis_nodes_owner(struct redis_nodes *nodes, unsigned slot)
{
    size_t i = 0;
    while (i < nodes->count && nodes->nodes[i].pid == 0) {
        i++;
    }
    return i < nodes->count ? owner_by(nodes, i, slot) : SIZE_MAX;
}

void redis_nodes_open_slot(struct redis_nodes *nodes, unsigned slot, size_t from, size_t to)
{
    ASSURE(redis_nodes_do(
            nodes, to, "CLUSTER SETSLOT %u IMPORTING %s", slot, nodes->nodes[from].id));
    ASSURE(redis_nodes_do(
            nodes, from, "CLUSTER SETSLOT %u MIGRATING %s", slot, nodes->nodes[to].id));
}

size_t redis_nodes_move_keys(
        struct redis_nodes *nodes, unsigned slot, size_t from, size_t to, size_t count)
{
    size_t moved = 0;
    redisReply *keys = redis_nodes_ask(nodes, from, "CLUSTER GETKEYSINSLOT %u %zu", slot, count);
    ASSURE(keys != NULL && keys->type == REDIS_REPLY_ARRAY);
    for (; moved < keys->elements; moved++) {
        ASSURE(redis_nodes_do(nodes, from, "MIGRATE 127.0.0.1 %u %s 0 2000", nodes->nodes[to].port,
                keys->element[moved]->str));
    }
    freeReplyObject(keys);
    return moved;
}

bool redis_nodes_give_away(struct redis_nodes *nodes, unsigned slot, size_t from, size_t to)
{
    return redis_nodes_do(nodes, from, "CLUSTER SETSLOT %u NODE %s", slot, nodes->nodes[to].id);
}

// Whether all masters name the same owner.
static bool is_agreed(struct redis_nodes *nodes, unsigned slot, size_t owner)
{
    for (size_t i = 0; i < nodes->master_count; i++) {
        if (owner_by(nodes, i, slot) != owner) {
            return false;
        }
    }
    return true;
}

void redis_nodes_close_slot(struct redis_nodes *nodes, unsigned slot, size_t to)
{
    struct mono_time until = mono_after_ms(clock_mono(), FORM_MS);
    ASSURE(redis_nodes_do(nodes, to, "CLUSTER SETSLOT %u NODE %s", slot, nodes->nodes[to].id));
    for (size_t i = 0; i < nodes->master_count; i++) {
        if (i != to) {
            (void)redis_nodes_do(nodes, i, "CLUSTER SETSLOT %u NODE %s", slot, nodes->nodes[to].id);
        }
    }
    while (!is_agreed(nodes, slot, to)) {
        ASSURE(clock_mono().ns < until.ns);
        nap();
    }
}
