// Any bytes, as what a server sends: over a socket, through the connection and its ceilings, once
// into replies of the heap and once into an arena. What must hold: as many replies as were asked for,
// or an error and a closed connection; never a wait beyond the deadline; the same either way.
//
// First byte: how many commands. Second: where the server's answer is cut in two.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/assure.h"
#include "input.h"
#include "redis/connection.h"

enum { COMMAND_MAX = 8, DEADLINE_MS = 5000, NESTING_MAX = 64, ARENA_BYTES = 256 << 20 };

// The server's side: one connection at a time, on a thread of its own.
struct server {
    struct sockaddr_un address;
    char directory[64];
    int listener;
    pthread_mutex_t mutex;
    struct view answer; // of the next connection
    size_t cut;
};

static struct server server = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void send_all(int fd, struct view bytes)
{
    while (bytes.n > 0) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n <= 0) {
            return; // the client has heard enough
        }
        bytes = view_skip(bytes, (size_t)n);
    }
}

static void *serve(void *unused)
{
    (void)unused;
    for (;;) {
        char buffer[4096];
        int fd = accept(server.listener, NULL, NULL);
        ASSURE(fd >= 0);
        if (recv(fd, buffer, sizeof buffer, 0) > 0) {
            pthread_mutex_lock(&server.mutex);
            struct view rest = server.answer;
            struct view first = fuzz_take(&rest, server.cut);
            send_all(fd, first);
            send_all(fd, rest);
            pthread_mutex_unlock(&server.mutex);
        }
        shutdown(fd, SHUT_WR);
        while (recv(fd, buffer, sizeof buffer, 0) > 0) {
        }
        close(fd);
    }
    return NULL;
}

static void remove_socket(void)
{
    unlink(server.address.sun_path);
    rmdir(server.directory);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    const char *folder = getenv("TMPDIR");
    int n = snprintf(server.directory, sizeof server.directory, "%s/fuzz_redis.XXXXXX",
            folder != NULL && strlen(folder) < 40 ? folder : "/tmp");
    ASSURE(n > 0 && mkdtemp(server.directory) != NULL);
    server.address.sun_family = AF_UNIX;
    n = snprintf(server.address.sun_path, sizeof server.address.sun_path, "%s/s", server.directory);
    ASSURE(n > 0);
    ASSURE(atexit(remove_socket) == 0);
    server.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSURE(server.listener >= 0);
    const struct sockaddr *address = (const struct sockaddr *)(const void *)&server.address;
    ASSURE(bind(server.listener, address, sizeof server.address) == 0);
    ASSURE(listen(server.listener, 16) == 0);
    pthread_t thread;
    ASSURE(pthread_create(&thread, NULL, serve, NULL) == 0);
    ASSURE(pthread_detach(thread) == 0);
    return 0;
}

// How many elements it has in all; every pointer in it is followed.
static size_t check_reply(const redisReply *reply, int depth)
{
    size_t count = 0;
    ASSURE(reply != NULL && depth < NESTING_MAX);
    if (reply->str != NULL) {
        ASSURE(reply->str[reply->len] == '\0');
    }
    ASSURE(redis_reply_error_code(reply).n <= 32);
    for (size_t i = 0; i < reply->elements; i++) {
        count += 1 + check_reply(reply->element[i], depth + 1);
    }
    return count;
}

static void add_commands(struct redis_connection *connection, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *words[] = {"GET", "k"};
        const size_t lengths[] = {3, 1};
        ASSURE(redis_connection_add(connection, 2, words, lengths) == ERR_NONE);
    }
}

static void check_same(const redisReply *a, const redisReply *b)
{
    ASSURE(a->type == b->type && a->integer == b->integer && a->elements == b->elements);
    if (a->type != REDIS_REPLY_ARRAY && a->str != NULL) {
        ASSURE(b->str != NULL && a->len == b->len && memcmp(a->str, b->str, a->len) == 0);
    }
    for (size_t i = 0; i < a->elements; i++) {
        check_same(a->element[i], b->element[i]);
    }
}

// What one connection comes to.
struct heard {
    struct redis_connection *connection;
    redisReply *replies[COMMAND_MAX];
    enum err result;
};

static void ask(struct heard *heard, size_t count, struct arena *arena)
{
    char address[sizeof server.address.sun_path + 8];
    int n = snprintf(address, sizeof address, "unix:%s", server.address.sun_path);
    ASSURE(n > 0);
    const struct redis_options options = {.address = address, .connect_timeout_ms = DEADLINE_MS};
    const struct mono_time deadline = mono_after_ms(clock_mono(), DEADLINE_MS);
    ASSURE(redis_connection_create(&heard->connection, &options) == ERR_NONE);
    ASSURE(redis_connection_open(heard->connection, deadline) == ERR_NONE);
    add_commands(heard->connection, count);
    struct redis_exchange x = {.connection = heard->connection,
            .replies = heard->replies,
            .count = count,
            .arena = arena};
    redis_exchange_all(&x, 1, deadline);
    heard->result = x.result;
}

static void check_heard(struct heard *heard, size_t count)
{
    const struct mono_time deadline = mono_after_ms(clock_mono(), DEADLINE_MS);
    struct redis_connection *connection = heard->connection;
    // All that will ever come is there, so there is nothing to wait for.
    ASSURE(heard->result != ERR_DEADLINE);
    if (heard->result != ERR_NONE) {
        ASSURE(!redis_connection_is_open(connection));
        ASSURE(redis_connection_why(connection)[0] != '\0');
        return;
    }
    size_t elements = 0;
    for (size_t i = 0; i < count; i++) {
        elements += check_reply(heard->replies[i], 0);
    }
    ASSURE(elements <= REDIS_REPLY_MAX_ELEMENTS && redis_connection_is_open(connection));
    // The server has said all it had to say: the next answer is none.
    redisReply *reply = NULL;
    add_commands(connection, 1);
    ASSURE(redis_connection_exchange(connection, &reply, 1, deadline) != ERR_NONE);
}

static void exchange(size_t count)
{
    struct arena *arena = arena_create(ARENA_BYTES);
    struct heard in_heap;
    struct heard in_arena;
    ASSURE(arena != NULL);
    ask(&in_heap, count, NULL);
    check_heard(&in_heap, count);
    ask(&in_arena, count, arena);
    check_heard(&in_arena, count);
    for (size_t i = 0; i < count && in_heap.result == ERR_NONE; i++) {
        if (in_arena.result == ERR_NONE) {
            check_same(in_heap.replies[i], in_arena.replies[i]);
        }
        freeReplyObject(in_heap.replies[i]);
    }
    // Whether the second half has come when the first one is read is luck: it may be too much.
    if ((in_heap.result == ERR_NONE) != (in_arena.result == ERR_NONE)) {
        const struct heard *failed = in_heap.result != ERR_NONE ? &in_heap : &in_arena;
        ASSURE(strstr(redis_connection_why(failed->connection), "more than was asked") != NULL);
    }
    redis_connection_destroy(in_heap.connection);
    redis_connection_destroy(in_arena.connection);
    arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view rest = view_bytes(size > 0 ? (const char *)data : "", size);
    size_t count = fuzz_take_byte(&rest) % COMMAND_MAX + 1u;
    size_t cut = fuzz_take_byte(&rest);
    pthread_mutex_lock(&server.mutex);
    server.answer = rest;
    server.cut = cut;
    pthread_mutex_unlock(&server.mutex);
    exchange(count);
    // Until the server has let go of the input.
    pthread_mutex_lock(&server.mutex);
    server.answer = VIEW("");
    pthread_mutex_unlock(&server.mutex);
    return 0;
}
