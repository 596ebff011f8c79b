// The bytes of one or several connections under one poll(): what may be written is written and what
// may be read is read, whichever comes first, so that neither a full socket buffer nor a slow peer
// holds up the others.
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/assure.h"
#include "redis/connection_inside.h"

// --- replies ------------------------------------------------------------------------------------

// Moves finished replies out of the reader.
static enum err take_replies(struct redis_exchange *x)
{
    struct redis_connection *c = x->connection;
    while (x->taken < x->count) {
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
        x->replies[x->taken++] = reply;
    }
    return ERR_NONE;
}

// --- moving bytes -------------------------------------------------------------------------------

static enum err send_some_by_tls(struct redis_connection *c)
{
    bool is_done = false;
    enum err e =
            redis_tls_send(c->tls, c->output.p + c->handed_bytes, c->output.n - c->handed_bytes);
    c->handed_bytes = c->output.n;
    if (e == ERR_NONE) {
        e = redis_tls_flush(c->tls, &is_done, &c->why);
    }
    // How many are left only TLS knows; that there are some is enough.
    c->sent_bytes = is_done || c->output.n == 0 ? c->output.n : c->output.n - 1;
    return e;
}

static enum err send_some(struct redis_connection *c)
{
    if (c->tls != NULL) {
        return send_some_by_tls(c);
    }
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
    ssize_t n;
    if (c->tls != NULL) {
        n = redis_tls_receive(c->tls, c->received, CONNECTION_RECEIVE_BYTES, &c->why);
        if (n <= 0) {
            return n == 0 ? ERR_NONE : ERR_UNAVAILABLE;
        }
    } else {
        n = recv(c->fd, c->received, CONNECTION_RECEIVE_BYTES, 0);
    }
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
    if (c->tls != NULL) {
        ssize_t got = redis_tls_receive(c->tls, &byte, 1, &c->why);
        return got == 0 ? ERR_NONE
               : got < 0
                       ? ERR_UNAVAILABLE
                       : connection_fail(c, ERR_PROTOCOL, "the server sent what nobody asked for");
    }
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

// --- exchanges ----------------------------------------------------------------------------------

static bool is_under_way(const struct redis_exchange *x)
{
    return x->result == ERR_NONE && x->taken < x->count;
}

static void begin(struct redis_exchange *x)
{
    struct redis_connection *c = x->connection;
    x->taken = 0;
    if (c->fd < 0) {
        x->result = connection_fail(c, ERR_UNAVAILABLE, "not connected");
        return;
    }
    ASSURE(x->count == c->pending_count);
    c->bytes_left = REDIS_REPLY_MAX_BYTES;
    c->elements_left = REDIS_REPLY_MAX_ELEMENTS;
    connection_put_replies(c, x->arena);
    x->result = check_quiet(c);
    if (x->result == ERR_NONE) {
        x->result = send_some(c);
    }
}

// After poll() said what may be done.
static void move(struct redis_exchange *x, short revents)
{
    struct redis_connection *c = x->connection;
    bool is_readable = (revents & ~POLLOUT) != 0;
    while (is_readable && x->result == ERR_NONE && x->taken < x->count) {
        x->result = receive_some(c);
        if (x->result == ERR_NONE) {
            x->result = take_replies(x);
        }
        is_readable = x->result == ERR_NONE && c->tls != NULL && redis_tls_has_pending(c->tls);
    }
    if (x->result == ERR_NONE && x->taken < x->count) {
        x->result = send_some(c);
    }
}

static void end(struct redis_exchange *x)
{
    struct redis_connection *c = x->connection;
    bool is_more = x->result == ERR_NONE && c->tls != NULL && redis_tls_has_pending(c->tls);
    if (x->result == ERR_NONE &&
            (is_more || c->sent_bytes < c->output.n || c->reader->pos < c->reader->len)) {
        x->result = connection_fail(c, ERR_PROTOCOL, "the server answered more than was asked");
    }
    if (x->result == ERR_NONE) {
        strbuf_reset(&c->output);
        c->sent_bytes = 0;
        c->handed_bytes = 0;
        c->pending_count = 0;
        return;
    }
    connection_drop_replies(x);
    redis_connection_close(c);
}

static void fail_all(
        struct redis_exchange *exchanges, size_t n, enum err e, const char *text, int problem)
{
    for (size_t i = 0; i < n; i++) {
        struct redis_exchange *x = &exchanges[i];
        if (is_under_way(x)) {
            x->result = problem != 0 ? connection_fail_errno(x->connection, text, problem)
                                     : connection_fail(x->connection, e, text);
        }
    }
}

static bool waits_for_room(const struct redis_connection *c)
{
    return c->sent_bytes < c->output.n && (c->tls == NULL || !redis_tls_waits_for_peer(c->tls));
}

// One poll() for all that are under way. False when none is.
static bool wait_and_move(struct redis_exchange *exchanges, size_t n, struct mono_time deadline)
{
    struct pollfd pollers[REDIS_EXCHANGES_MAX];
    bool is_any = false;
    for (size_t i = 0; i < n; i++) {
        const struct redis_connection *c = exchanges[i].connection;
        // poll() passes over a negative fd.
        pollers[i] = (struct pollfd){.fd = is_under_way(&exchanges[i]) ? c->fd : -1};
        pollers[i].events = waits_for_room(c) ? POLLIN | POLLOUT : POLLIN;
        is_any = is_any || pollers[i].fd >= 0;
    }
    if (!is_any) {
        return false;
    }
    int64_t left_ms = mono_left_ms(clock_mono(), deadline);
    if (left_ms == 0) {
        fail_all(exchanges, n, ERR_DEADLINE, "the server did not answer in time", 0);
        return false;
    }
    int ready = poll(pollers, (nfds_t)n, left_ms < INT_MAX ? (int)left_ms : INT_MAX);
    if (ready < 0 && errno != EINTR) {
        fail_all(exchanges, n, ERR_UNAVAILABLE, "cannot wait for the server", errno);
        return false;
    }
    for (size_t i = 0; i < n && ready > 0; i++) {
        if (pollers[i].fd >= 0 && pollers[i].revents != 0) {
            move(&exchanges[i], pollers[i].revents);
        }
    }
    return true;
}

void redis_exchange_send(struct redis_exchange *exchanges, size_t n)
{
    ASSURE(n <= REDIS_EXCHANGES_MAX);
    for (size_t i = 0; i < n; i++) {
        begin(&exchanges[i]);
    }
}

void redis_exchange_take(struct redis_exchange *exchanges, size_t n, struct mono_time deadline)
{
    while (wait_and_move(exchanges, n, deadline)) {
    }
    for (size_t i = 0; i < n; i++) {
        end(&exchanges[i]);
    }
}

void redis_exchange_all(struct redis_exchange *exchanges, size_t n, struct mono_time deadline)
{
    redis_exchange_send(exchanges, n);
    redis_exchange_take(exchanges, n, deadline);
}

enum err redis_connection_exchange(
        struct redis_connection *c, redisReply **replies, size_t count, struct mono_time deadline)
{
    struct redis_exchange x = {.connection = c, .replies = replies, .count = count};
    redis_exchange_all(&x, 1, deadline);
    return x.result;
}
