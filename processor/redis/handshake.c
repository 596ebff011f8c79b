#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "redis/connection_inside.h"

enum { PASSWORD_MAX_BYTES = 1024, HANDSHAKE_MAX = 3 };

// Reads the password into `ret_password`, without a line feed at its end.
static enum err read_password(struct redis_connection *c, char *ret_password, size_t *ret_bytes)
{
    int fd = open(c->password_file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, ret_password, PASSWORD_MAX_BYTES) : -1;
    int problem = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (n < 0) {
        (void)connection_fail_errno(c, "cannot read the password file", problem);
        return ERR_CONFIG;
    }
    if (n > 0 && ret_password[n - 1] == '\n') {
        n--;
    }
    if (n == 0 || n == PASSWORD_MAX_BYTES) {
        return connection_fail(c, ERR_CONFIG, "the password file is empty or too long");
    }
    *ret_bytes = (size_t)n;
    return ERR_NONE;
}

static enum err add_auth(struct redis_connection *c)
{
    char password[PASSWORD_MAX_BYTES];
    size_t password_bytes = 0;
    enum err e = read_password(c, password, &password_bytes);
    if (e == ERR_NONE && c->user != NULL) {
        const char *words[] = {"AUTH", c->user, password};
        size_t lengths[] = {4, strlen(c->user), password_bytes};
        e = redis_connection_add(c, 3, words, lengths);
    } else if (e == ERR_NONE) {
        const char *words[] = {"AUTH", password};
        size_t lengths[] = {4, password_bytes};
        e = redis_connection_add(c, 2, words, lengths);
    }
    explicit_bzero(password, sizeof password);
    return e;
}

static enum err add_select(struct redis_connection *c)
{
    struct strbuf number;
    strbuf_init(&number, 16);
    strbuf_add_u64(&number, c->database);
    enum err e = number.failed;
    if (e == ERR_NONE) {
        const char *words[] = {"SELECT", number.p};
        size_t lengths[] = {6, number.n};
        e = redis_connection_add(c, 2, words, lengths);
    }
    strbuf_fini(&number);
    return e;
}

static enum err judge_handshake(
        struct redis_connection *c, const char *command, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_STATUS) {
        return ERR_NONE;
    }
    struct view code = redis_reply_error_code(reply);
    strbuf_reset(&c->why);
    strbuf_printf(&c->why, "the server refused %s: %.*s", command, VIEW_ARGS(code));
    if (reply->type != REDIS_REPLY_ERROR) {
        return ERR_PROTOCOL;
    }
    bool passing = view_is(code, "LOADING") || view_is(code, "BUSY") || view_is(code, "MASTERDOWN");
    return passing ? ERR_UNAVAILABLE : ERR_REFUSED;
}

enum err connection_shake_hands(struct redis_connection *c, struct mono_time deadline)
{
    const char *commands[HANDSHAKE_MAX];
    redisReply *replies[HANDSHAKE_MAX];
    size_t count = 0;
    enum err e = ERR_NONE;
    if (c->password_file != NULL) {
        e = add_auth(c);
        commands[count++] = "AUTH";
    }
    if (e == ERR_NONE && c->database != 0) {
        e = add_select(c);
        commands[count++] = "SELECT";
    }
    size_t required_count = count;
    if (e == ERR_NONE && c->client_name != NULL) {
        const char *words[] = {"CLIENT", "SETNAME", c->client_name};
        size_t lengths[] = {6, 7, strlen(c->client_name)};
        e = redis_connection_add(c, 3, words, lengths);
        commands[count++] = "CLIENT SETNAME";
    }
    if (e != ERR_NONE || count == 0) {
        return e;
    }
    e = redis_connection_exchange(c, replies, count, deadline);
    explicit_bzero(c->output.p, c->output.capacity_bytes);
    if (e != ERR_NONE) {
        return e;
    }
    for (size_t i = 0; i < count; i++) {
        if (i < required_count && e == ERR_NONE) {
            e = judge_handshake(c, commands[i], replies[i]);
        }
        freeReplyObject(replies[i]);
    }
    return e;
}
