#include "redis/dial.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "redis/resolver.h"

#define DEFAULT_PORT "6379"

enum { HOST_MAX_BYTES = 255, PORT_MAX_BYTES = 5 };

struct dialler {
    char *address;
    struct resolver *resolver; // NULL where the address names no host
};

struct host_port {
    char host[HOST_MAX_BYTES + 1];
    char port[PORT_MAX_BYTES + 1];
};

static bool is_unix(const char *address)
{
    return view_starts_with(view_of(address), VIEW("unix:"));
}

static bool copy_text(char *to, size_t to_bytes, struct view from)
{
    if (from.n == 0 || from.n >= to_bytes) {
        return false;
    }
    memcpy(to, from.p, from.n);
    to[from.n] = '\0';
    return true;
}

static bool is_port(struct view text)
{
    unsigned number = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || number > 65535) {
            return false;
        }
        number = number * 10 + (unsigned)(text.p[i] - '0');
    }
    return text.n > 0 && text.n <= PORT_MAX_BYTES && number >= 1 && number <= 65535;
}

// host:port, [ipv6]:port, host, [ipv6].
static bool split_host_port(struct host_port *ret, struct view address)
{
    struct view host = address;
    struct view rest = {address.p + address.n, 0};
    if (address.n > 0 && address.p[0] == '[') {
        const char *end = memchr(address.p, ']', address.n);
        if (end == NULL) {
            return false;
        }
        host = (struct view){address.p + 1, (size_t)(end - address.p) - 1};
        rest = view_skip(address, host.n + 2);
    } else {
        const char *colon = memchr(address.p, ':', address.n);
        if (colon != NULL) {
            host.n = (size_t)(colon - address.p);
            rest = view_skip(address, host.n);
        }
    }
    struct view port = VIEW(DEFAULT_PORT);
    if (rest.n > 0) {
        if (rest.p[0] != ':') {
            return false;
        }
        port = view_skip(rest, 1);
    }
    return is_port(port) && copy_text(ret->host, sizeof ret->host, host) &&
           copy_text(ret->port, sizeof ret->port, port);
}

// Waits for a connect under way.
static enum err await_connected(int fd, struct mono_time deadline, int *ret_errno)
{
    for (;;) {
        int64_t left_ms = mono_left_ms(clock_mono(), deadline);
        if (left_ms == 0) {
            return ERR_DEADLINE;
        }
        struct pollfd poller = {.fd = fd, .events = POLLOUT};
        int ready = poll(&poller, 1, left_ms < INT_MAX ? (int)left_ms : INT_MAX);
        if (ready > 0) {
            break;
        }
        if (ready < 0 && errno != EINTR) {
            *ret_errno = errno;
            return ERR_UNAVAILABLE;
        }
    }
    int problem = 0;
    socklen_t length = sizeof problem;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &length) != 0) {
        problem = errno;
    }
    *ret_errno = problem;
    return problem == 0 ? ERR_NONE : ERR_UNAVAILABLE;
}

static enum err connect_to(int *ret_fd, const struct sockaddr *to, socklen_t to_bytes,
        struct mono_time deadline, int *ret_errno)
{
    int fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        *ret_errno = errno;
        return ERR_UNAVAILABLE;
    }
    enum err e = ERR_NONE;
    if (connect(fd, to, to_bytes) != 0) {
        *ret_errno = errno;
        e = errno == EINPROGRESS ? await_connected(fd, deadline, ret_errno) : ERR_UNAVAILABLE;
    }
    if (e != ERR_NONE) {
        close(fd);
        return e;
    }
    if (to->sa_family != AF_UNIX) {
        // Only for speed and for finding dead peers: a failure costs nothing else.
        int on = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    *ret_fd = fd;
    return ERR_NONE;
}

static void say_why(struct strbuf *ret_why, const char *address, enum err e, int problem)
{
    const char *text = e == ERR_DEADLINE ? "no connection in time" : strerrordesc_np(problem);
    strbuf_printf(
            ret_why, "cannot connect to %s: %s", address, text != NULL ? text : "unknown error");
}

static enum err dial_unix(
        int *ret_fd, const char *address, struct mono_time deadline, struct strbuf *ret_why)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (!copy_text(to.sun_path, sizeof to.sun_path, view_of(address + strlen("unix:")))) {
        strbuf_printf(ret_why, "the path of the Unix socket must have 1 to %zu bytes",
                sizeof to.sun_path - 1);
        return ERR_CONFIG;
    }
    int problem = 0;
    enum err e = connect_to(ret_fd, (const struct sockaddr *)&to, sizeof to, deadline, &problem);
    if (e != ERR_NONE) {
        say_why(ret_why, address, e, problem);
    }
    return e;
}

static enum err dial_tcp(const struct dialler *dialler, int *ret_fd, struct mono_time deadline,
        struct strbuf *ret_why)
{
    struct addrinfo *list = NULL;
    enum err e = resolver_ask(dialler->resolver, &list, deadline, ret_why);
    if (e != ERR_NONE) {
        return e;
    }
    int problem = 0;
    e = ERR_UNAVAILABLE;
    for (struct addrinfo *at = list; at != NULL && e == ERR_UNAVAILABLE; at = at->ai_next) {
        e = connect_to(ret_fd, at->ai_addr, at->ai_addrlen, deadline, &problem);
    }
    freeaddrinfo(list);
    if (e != ERR_NONE) {
        say_why(ret_why, dialler->address, e, problem);
    }
    return e;
}

enum err dialler_dial(
        struct dialler *dialler, int *ret_fd, struct mono_time deadline, struct strbuf *ret_why)
{
    if (is_unix(dialler->address)) {
        return dial_unix(ret_fd, dialler->address, deadline, ret_why);
    }
    if (dialler->resolver != NULL) {
        return dial_tcp(dialler, ret_fd, deadline, ret_why);
    }
    struct view text = view_of(dialler->address);
    bool is_tls = view_starts_with(text, VIEW("rediss:")) || view_starts_with(text, VIEW("tls:"));
    strbuf_add_text(ret_why, is_tls ? "an address is host:port; TLS is redis.tls.enabled"
                                    : "an address is unix:/path, host:port or [ipv6]:port");
    return ERR_CONFIG;
}

enum err dialler_create(struct dialler **ret_dialler, const char *address)
{
    struct dialler *dialler = calloc(1, sizeof *dialler);
    if (dialler == NULL) {
        return ERR_NO_MEMORY;
    }
    dialler->address = strdup(address);
    struct host_port to;
    enum err e = dialler->address != NULL ? ERR_NONE : ERR_NO_MEMORY;
    if (e == ERR_NONE && !is_unix(address) && split_host_port(&to, view_of(address))) {
        e = resolver_create(&dialler->resolver, to.host, to.port);
    }
    if (e != ERR_NONE) {
        dialler_destroy(dialler);
        return e;
    }
    *ret_dialler = dialler;
    return ERR_NONE;
}

void dialler_destroy(struct dialler *dialler)
{
    if (dialler == NULL) {
        return;
    }
    resolver_destroy(dialler->resolver);
    free(dialler->address);
    free(dialler);
}
