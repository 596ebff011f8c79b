#include "redis/connection.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/assure.h"
#include "redis/connection_inside.h"

enum {
    WHY_MAX_BYTES = 512,
    RECEIVE_BYTES = 64 << 10,
    NESTING_MAX = 6, // arrays in arrays
};

// --- life ---------------------------------------------------------------------------------------

static bool copy_option(char **ret_copy, const char *text)
{
    *ret_copy = text != NULL ? strdup(text) : NULL;
    return text == NULL || *ret_copy != NULL;
}

enum err redis_connection_create(
        struct redis_connection **ret_connection, const struct redis_options *options)
{
    ASSURE(options->address != NULL);
    struct redis_connection *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return ERR_NO_MEMORY;
    }
    c->fd = -1;
    c->database = options->database;
    c->connect_timeout_ms = options->connect_timeout_ms;
    strbuf_init(&c->output, REDIS_OUTPUT_MAX_BYTES);
    strbuf_init(&c->why, WHY_MAX_BYTES);
    c->received = malloc(RECEIVE_BYTES);
    if (c->received == NULL || dialler_create(&c->dialler, options->address) != ERR_NONE ||
            !copy_option(&c->user, options->user) ||
            !copy_option(&c->password_file, options->password_file) ||
            !copy_option(&c->client_name, options->client_name)) {
        redis_connection_destroy(c);
        return ERR_NO_MEMORY;
    }
    *ret_connection = c;
    return ERR_NONE;
}

void redis_connection_destroy(struct redis_connection *c)
{
    if (c == NULL) {
        return;
    }
    redis_connection_close(c);
    strbuf_fini(&c->output);
    strbuf_fini(&c->why);
    free(c->received);
    dialler_destroy(c->dialler);
    free(c->user);
    free(c->password_file);
    free(c->client_name);
    free(c);
}

bool redis_connection_is_open(const struct redis_connection *c)
{
    return c->fd >= 0;
}

const char *redis_connection_why(const struct redis_connection *c)
{
    return c->why.n > 0 ? c->why.p : "";
}

void redis_connection_close(struct redis_connection *c)
{
    if (c->fd >= 0) {
        close(c->fd);
        c->fd = -1;
    }
    if (c->reader != NULL) {
        redisReaderFree(c->reader);
        c->reader = NULL;
    }
    strbuf_reset(&c->output);
    c->sent_bytes = 0;
    c->pending_count = 0;
}

enum err connection_fail(struct redis_connection *c, enum err e, const char *text)
{
    strbuf_reset(&c->why);
    strbuf_add_text(&c->why, text);
    return e;
}

enum err connection_fail_errno(struct redis_connection *c, const char *text, int problem)
{
    const char *description = strerrordesc_np(problem);
    strbuf_reset(&c->why);
    strbuf_printf(&c->why, "%s: %s", text, description != NULL ? description : "unknown error");
    return ERR_UNAVAILABLE;
}

// --- replies ------------------------------------------------------------------------------------

#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif

// hiredis reserves an array's whole length when it reads the number, and since 1.0 nests without
// end (and frees by recursion); a lying server may choose both.
static void *create_array(const redisReadTask *task, element_count count)
{
    struct redis_connection *c = task->privdata;
    int depth = 0;
    for (const redisReadTask *at = task->parent; at != NULL; at = at->parent) {
        depth++;
    }
    if ((size_t)count > c->elements_left || depth > NESTING_MAX) {
        return NULL;
    }
    c->elements_left -= (size_t)count;
    return c->plain_functions->createArray(task, count);
}

static enum err create_reader(struct redis_connection *c)
{
    c->reader = redisReaderCreate();
    if (c->reader == NULL) {
        return connection_fail(c, ERR_NO_MEMORY, "out of memory");
    }
    c->plain_functions = c->reader->fn;
    c->functions = *c->reader->fn;
    c->functions.createArray = create_array;
    c->reader->fn = &c->functions;
    c->reader->privdata = c;
    c->reader->maxbuf = 0; // else hiredis gives its buffer back after every larger reply
    return ERR_NONE;
}

struct view redis_reply_error_code(const redisReply *reply)
{
    size_t n = 0;
    if (reply->type == REDIS_REPLY_ERROR) {
        while (n < reply->len && n < 32 && reply->str[n] >= 'A' && reply->str[n] <= 'Z') {
            n++;
        }
    }
    return n > 0 ? (struct view){reply->str, n} : VIEW("");
}

// Moves finished replies out of the reader.
static enum err take_replies(
        struct redis_connection *c, redisReply **replies, size_t count, size_t *taken)
{
    while (*taken < count) {
        void *reply = NULL;
        if (redisReaderGetReply(c->reader, &reply) != REDIS_OK) {
            strbuf_reset(&c->why);
            strbuf_printf(&c->why, "the server's answer cannot be read: %s",
                    c->reader->err == REDIS_ERR_OOM ? "too large" : c->reader->errstr);
            return ERR_PROTOCOL;
        }
        if (reply == NULL) {
            return ERR_NONE;
        }
        replies[(*taken)++] = reply;
    }
    return ERR_NONE;
}

// --- moving bytes -------------------------------------------------------------------------------

static enum err send_some(struct redis_connection *c)
{
    while (c->sent_bytes < c->output.n) {
        ssize_t n =
                send(c->fd, c->output.p + c->sent_bytes, c->output.n - c->sent_bytes, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return ERR_NONE;
        }
        if (n < 0) {
            return connection_fail_errno(c, "the connection broke while sending", errno);
        }
        c->sent_bytes += (size_t)n;
    }
    return ERR_NONE;
}

// One recv, so that the caller takes finished replies out before hiredis's buffer grows.
static enum err receive_some(struct redis_connection *c)
{
    ssize_t n = recv(c->fd, c->received, RECEIVE_BYTES, 0);
    if (n == 0) {
        return connection_fail(c, ERR_UNAVAILABLE, "the server closed the connection");
    }
    if (n < 0) {
        bool later = errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK;
        return later ? ERR_NONE
                     : connection_fail_errno(c, "the connection broke while receiving", errno);
    }
    if ((size_t)n > c->bytes_left) {
        return connection_fail(c, ERR_PROTOCOL, "the server's answer is longer than it can be");
    }
    c->bytes_left -= (size_t)n;
    if (redisReaderFeed(c->reader, c->received, (size_t)n) != REDIS_OK) {
        return connection_fail(c, ERR_NO_MEMORY, "out of memory");
    }
    return ERR_NONE;
}

// Bytes that nobody asked for would be taken for the next pipeline's answer.
static enum err check_quiet(struct redis_connection *c)
{
    char byte;
    ssize_t n = recv(c->fd, &byte, 1, MSG_PEEK);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        return ERR_NONE;
    }
    if (n < 0) {
        return connection_fail_errno(c, "the connection broke", errno);
    }
    return n == 0 ? connection_fail(c, ERR_UNAVAILABLE, "the server closed the connection")
                  : connection_fail(c, ERR_PROTOCOL, "the server sent what nobody asked for");
}

static enum err await_ready(
        struct redis_connection *c, struct mono_time deadline, bool *ret_readable)
{
    int64_t left_ms = mono_left_ms(clock_mono(), deadline);
    if (left_ms == 0) {
        return connection_fail(c, ERR_DEADLINE, "the server did not answer in time");
    }
    bool unsent = c->sent_bytes < c->output.n;
    struct pollfd poller = {.fd = c->fd, .events = POLLIN};
    if (unsent) {
        poller.events |= POLLOUT;
    }
    int ready = poll(&poller, 1, left_ms < INT_MAX ? (int)left_ms : INT_MAX);
    if (ready < 0 && errno != EINTR) {
        return connection_fail_errno(c, "cannot wait for the server", errno);
    }
    *ret_readable = ready > 0 && (poller.revents & ~POLLOUT) != 0;
    return ERR_NONE;
}

static enum err exchange(struct redis_connection *c, redisReply **replies, size_t count,
        struct mono_time deadline, size_t *taken)
{
    c->bytes_left = REDIS_REPLY_MAX_BYTES;
    c->elements_left = REDIS_REPLY_MAX_ELEMENTS;
    enum err e = check_quiet(c);
    while (e == ERR_NONE && *taken < count) {
        bool readable = false;
        e = send_some(c);
        if (e == ERR_NONE) {
            e = await_ready(c, deadline, &readable);
        }
        if (e == ERR_NONE && readable) {
            e = receive_some(c);
        }
        if (e == ERR_NONE && readable) {
            e = take_replies(c, replies, count, taken);
        }
    }
    if (e == ERR_NONE && (c->sent_bytes < c->output.n || c->reader->pos < c->reader->len)) {
        e = connection_fail(c, ERR_PROTOCOL, "the server answered more than was asked");
    }
    return e;
}

enum err redis_connection_add(
        struct redis_connection *c, size_t argc, const char *const *argv, const size_t *lengths)
{
    ASSURE(argc > 0 && argc <= INT_MAX);
    if (c->fd < 0) {
        return ERR_UNAVAILABLE;
    }
    const char **words; // hiredis changes none of them, its declaration only lacks the const
    memcpy(&words, &argv, sizeof words);
    char *command = NULL;
    long long n = redisFormatCommandArgv(&command, (int)argc, words, lengths);
    if (n < 0) {
        return ERR_NO_MEMORY;
    }
    size_t before_bytes = c->output.n;
    strbuf_add(&c->output, command, (size_t)n);
    redisFreeCommand(command);
    enum err e = c->output.failed;
    if (e != ERR_NONE) {
        c->output.failed = ERR_NONE;
        ASSURE(c->output.n == before_bytes);
        return e;
    }
    c->pending_count++;
    return ERR_NONE;
}

enum err redis_connection_exchange(
        struct redis_connection *c, redisReply **replies, size_t count, struct mono_time deadline)
{
    if (c->fd < 0) {
        return connection_fail(c, ERR_UNAVAILABLE, "not connected");
    }
    ASSURE(count == c->pending_count);
    size_t taken = 0;
    enum err e = exchange(c, replies, count, deadline, &taken);
    if (e != ERR_NONE) {
        while (taken > 0) {
            freeReplyObject(replies[--taken]);
        }
        redis_connection_close(c);
        return e;
    }
    strbuf_reset(&c->output);
    c->sent_bytes = 0;
    c->pending_count = 0;
    return ERR_NONE;
}

// --- opening ------------------------------------------------------------------------------------

enum err redis_connection_open(struct redis_connection *c, struct mono_time deadline)
{
    redis_connection_close(c);
    strbuf_reset(&c->why);
    struct mono_time latest = mono_after_ms(clock_mono(), c->connect_timeout_ms);
    if (deadline.ns > latest.ns) {
        deadline = latest;
    }
    int fd = -1;
    enum err e = dialler_dial(c->dialler, &fd, deadline, &c->why);
    if (e != ERR_NONE) {
        return e;
    }
    c->fd = fd;
    e = create_reader(c);
    if (e == ERR_NONE) {
        e = connection_shake_hands(c, deadline);
    }
    if (e != ERR_NONE) {
        redis_connection_close(c);
    }
    return e;
}
