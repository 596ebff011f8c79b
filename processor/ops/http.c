#include "ops/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/assure.h"
#include "common/conf_scalar.h"
#include "common/log.h"

enum { SILENT_S = 5, LIFE_MS = 15 * 1000, BACKLOG = 128 };

// A connection that is open, so that it can be closed when it has lived for too long.
struct live {
    int fd; // -1 = a free row
    struct mono_time since;
};

struct http {
    struct MHD_Daemon *daemon;
    struct answerer *answerer;
    int fd;
    pthread_mutex_t lock; // of `lives`
    struct live lives[HTTP_CONNECTIONS_MAX];
};

// --- connections that live for too long ---------------------------------------------------------

// libmicrohttpd tells of a close before it gives the descriptor back, so that a row never names a
// descriptor that is somebody else's by now.
static void on_connection(void *self, struct MHD_Connection *connection, void **row,
        enum MHD_ConnectionNotificationCode code)
{
    struct http *http = self;
    pthread_mutex_lock(&http->lock);
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        for (size_t i = 0; info != NULL && i < HTTP_CONNECTIONS_MAX; i++) {
            if (http->lives[i].fd < 0) {
                http->lives[i] = (struct live){info->connect_fd, clock_mono()};
                *row = &http->lives[i];
                break;
            }
        }
    } else if (*row != NULL) {
        struct live *live = *row;
        live->fd = -1;
        *row = NULL;
    }
    pthread_mutex_unlock(&http->lock);
}

void http_watch(struct http *http, struct mono_time now)
{
    pthread_mutex_lock(&http->lock);
    for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        const struct live *live = &http->lives[i];
        if (live->fd >= 0 && mono_left_ms(now, mono_after_ms(live->since, LIFE_MS)) == 0) {
            shutdown(live->fd, SHUT_RDWR); // its thread sees the end, and closes it
        }
    }
    pthread_mutex_unlock(&http->lock);
}

// --- answers ------------------------------------------------------------------------------------

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct answer *answer)
{
    struct strbuf *body = &answer->body;
    union {
        const void *borrowed;
        void *for_library;
    } bytes = {body->n > 0 ? body->p : ""};
    struct MHD_Response *response =
            MHD_create_response_from_buffer(body->n, bytes.for_library, MHD_RESPMEM_MUST_COPY);
    if (response == NULL) {
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    MHD_add_response_header(response, "Content-Security-Policy", answer->policy);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    if (answer->status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }
    enum MHD_Result result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result on_request(void *self, struct MHD_Connection *connection, const char *url,
        const char *method, const char *version, const char *upload, size_t *upload_bytes,
        void **request)
{
    (void)version;
    (void)upload;
    (void)upload_bytes;
    (void)request;
    struct http *http = self;
    struct answer answer;
    // Answered at the headers already: a body is not waited for.
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        answer = (struct answer){.status = MHD_HTTP_METHOD_NOT_ALLOWED,
                .type = "text/plain",
                .policy = "default-src 'none'"};
        strbuf_init(&answer.body, 0);
    } else {
        answer_path(http->answerer, url, &answer);
    }
    enum MHD_Result result = send_answer(connection, &answer);
    strbuf_fini(&answer.body);
    return result;
}

// What the library says of clients that break off, and of nothing else that matters.
static void __attribute__((format(printf, 2, 0)))
on_log(void *self, const char *format, va_list args)
{
    (void)self;
    char text[256];
    vsnprintf(text, sizeof text, format, args);
    log_debug("ops", "HTTP: %s", text);
}

// --- life ---------------------------------------------------------------------------------------

// A socket that listens there; -1 with errno.
static int open_socket(const char *listen_at)
{
    struct view text = view_of(listen_at);
    bool is_v6 = text.p[0] == '[';
    const char *end = strrchr(listen_at, ':');
    char host[INET6_ADDRSTRLEN] = "";
    int64_t port = 0;
    size_t host_bytes = (size_t)(end - listen_at) - (is_v6 ? 2 : 0);
    ASSURE(host_bytes < sizeof host); // config_text_listen has seen it
    memcpy(host, listen_at + is_v6, host_bytes);
    ASSURE(conf_scalar_read(CONF_COUNT, view_of(end + 1), &port) == CONF_READ_OK);
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {.any = {.sa_family = is_v6 ? AF_INET6 : AF_INET}};
    if (is_v6) {
        address.v6.sin6_port = htons((uint16_t)port);
        inet_pton(AF_INET6, host, &address.v6.sin6_addr);
    } else {
        address.v4.sin_port = htons((uint16_t)port);
        inet_pton(AF_INET, host, &address.v4.sin_addr);
    }
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    // A port whose connections of a moment ago are still closing can be taken again at once.
    bool listens = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                   bind(fd, &address.any, is_v6 ? sizeof address.v6 : sizeof address.v4) == 0 &&
                   listen(fd, BACKLOG) == 0;
    if (fd >= 0 && !listens) {
        int why = errno;
        close(fd);
        errno = why;
        fd = -1;
    }
    return fd;
}

enum err http_start(struct http **ret_http, const char *listen, struct answerer *answerer,
        struct strbuf *findings)
{
    struct http *http = calloc(1, sizeof *http);
    if (http == NULL) {
        return ERR_NO_MEMORY;
    }
    http->answerer = answerer;
    http->fd = open_socket(listen);
    if (http->fd < 0) {
        strbuf_printf(findings, "ops.listen: cannot listen at %s: %s\n", listen, strerror(errno));
        free(http);
        return ERR_CONFIG;
    }
    pthread_mutex_init(&http->lock, NULL);
    for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        http->lives[i].fd = -1;
    }
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO | MHD_USE_ERROR_LOG;
    http->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, http,
            MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET, http->fd,
            MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS_MAX,
            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_REQUEST_MAX_BYTES,
            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENT_S, MHD_OPTION_NOTIFY_CONNECTION,
            on_connection, http, MHD_OPTION_END);
    if (http->daemon == NULL) {
        strbuf_printf(findings, "ops.listen: the HTTP server did not start at %s\n", listen);
        close(http->fd);
        pthread_mutex_destroy(&http->lock);
        free(http);
        return ERR_NO_MEMORY;
    }
    *ret_http = http;
    return ERR_NONE;
}

void http_stop(struct http *http)
{
    if (http != NULL) {
        MHD_stop_daemon(http->daemon); // closes the socket too
        pthread_mutex_destroy(&http->lock);
        free(http);
    }
}
