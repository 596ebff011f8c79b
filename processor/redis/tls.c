// hiredis moves the bytes (its own context on our socket, without waiting); the SSL object is made
// here, because hiredis's own would take any certificate of the CA for any server.
#include "redis/tls.h"

#include <hiredis/hiredis.h>

#ifdef WN_HIREDIS_SSL

#include <arpa/inet.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "redis/address_list.h"

struct redis_tls {
    redisContext *context;
    SSL *ssl; // the context's
};

const char *redis_tls_missing(void)
{
    return NULL;
}

static enum err fail(struct strbuf *ret_why, enum err e, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
    strbuf_reset(ret_why);
    strbuf_printf(
            ret_why, "TLS: %s%s%s", what, reason != NULL ? ": " : "", reason != NULL ? reason : "");
    return e;
}

static enum err load_files(
        SSL_CTX *context, const struct redis_tls_options *options, struct strbuf *ret_why)
{
    bool has_ca = options->ca_file != NULL
                          ? SSL_CTX_load_verify_locations(context, options->ca_file, NULL) == 1
                          : SSL_CTX_set_default_verify_paths(context) == 1;
    if (!has_ca) {
        return fail(ret_why, ERR_CONFIG, "redis.tls.ca_file cannot be used");
    }
    if (options->cert_file != NULL &&
            SSL_CTX_use_certificate_chain_file(context, options->cert_file) != 1) {
        return fail(ret_why, ERR_CONFIG, "redis.tls.cert_file cannot be used");
    }
    const char *key_file = options->key_file;
    if (key_file != NULL && SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM) != 1) {
        return fail(ret_why, ERR_CONFIG, "redis.tls.key_file cannot be used");
    }
    return ERR_NONE;
}

// Whose certificate it must be.
static bool set_peer(SSL *ssl, const struct redis_tls_options *options, struct view address)
{
    char name[256];
    unsigned char number[16];
    struct view host =
            options->server_name != NULL ? view_of(options->server_name) : address_host(address);
    if (host.n > 1 && host.p[0] == '[') {
        host = (struct view){host.p + 1, host.n - 2};
    }
    if (host.n == 0 || host.n >= sizeof name) {
        return false;
    }
    memcpy(name, host.p, host.n);
    name[host.n] = '\0';
    if (inet_pton(AF_INET, name, number) == 1 || inet_pton(AF_INET6, name, number) == 1) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    }
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static enum err create_ssl(SSL **ret_ssl, const struct redis_tls_options *options,
        struct view address, struct strbuf *ret_why)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL) {
        return ERR_NO_MEMORY;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL *ssl = NULL;
    enum err e = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1
                         ? load_files(context, options, ret_why)
                         : fail(ret_why, ERR_CONFIG, "no TLS 1.2");
    if (e == ERR_NONE) {
        ssl = SSL_new(context);
        e = ssl != NULL ? ERR_NONE : ERR_NO_MEMORY;
    }
    SSL_CTX_free(context); // the SSL has its own share in it
    if (e == ERR_NONE && !set_peer(ssl, options, address)) {
        SSL_free(ssl);
        return fail(ret_why, ERR_CONFIG, "no name that the certificate must be for");
    }
    *ret_ssl = ssl;
    return e;
}

// The connection is of no use any more.
static enum err fail_broken(const SSL *ssl, struct strbuf *ret_why)
{
    long verified = SSL_get_verify_result(ssl);
    if (verified != X509_V_OK) {
        strbuf_reset(ret_why);
        strbuf_printf(ret_why, "TLS: the server's certificate is refused: %s",
                X509_verify_cert_error_string(verified));
        return ERR_UNAVAILABLE;
    }
    return fail(ret_why, ERR_UNAVAILABLE,
            SSL_is_init_finished(ssl) ? "the server closed the connection"
                                      : "the handshake failed");
}

// hiredis around the fd, without waiting.
static redisContext *create_context(int fd)
{
    redisOptions options = {0};
    options.type = REDIS_CONN_USERFD;
    options.endpoint.fd = fd;
    options.options = REDIS_OPT_NONBLOCK;
    redisContext *context = redisConnectWithOptions(&options);
    if (context != NULL && context->err != 0) {
        redisFreeKeepFd(context);
        return NULL;
    }
    return context;
}

enum err redis_tls_begin(struct redis_tls **ret_tls, int fd,
        const struct redis_tls_options *options, struct view address, struct strbuf *ret_why)
{
    ERR_clear_error();
    SSL *ssl = NULL;
    enum err e = create_ssl(&ssl, options, address, ret_why);
    if (e != ERR_NONE) {
        return e;
    }
    struct redis_tls *tls = calloc(1, sizeof *tls);
    redisContext *context = tls != NULL ? create_context(fd) : NULL;
    if (context == NULL) {
        SSL_free(ssl);
        free(tls);
        return ERR_NO_MEMORY;
    }
    // On success the SSL is hiredis's to free.
    if (redisInitiateSSL(context, ssl) != REDIS_OK) {
        e = fail_broken(ssl, ret_why);
        SSL_free(ssl);
        redisFreeKeepFd(context);
        free(tls);
        return e;
    }
    *tls = (struct redis_tls){.context = context, .ssl = ssl};
    *ret_tls = tls;
    return ERR_NONE;
}

void redis_tls_end(struct redis_tls *tls)
{
    if (tls != NULL) {
        redisFreeKeepFd(tls->context);
        free(tls);
    }
}

enum err redis_tls_send(struct redis_tls *tls, const char *bytes, size_t n)
{
    return redisAppendFormattedCommand(tls->context, bytes, n) == REDIS_OK ? ERR_NONE
                                                                           : ERR_NO_MEMORY;
}

enum err redis_tls_flush(struct redis_tls *tls, bool *ret_done, struct strbuf *ret_why)
{
    int done = 0;
    ERR_clear_error();
    if (redisBufferWrite(tls->context, &done) != REDIS_OK) {
        return fail_broken(tls->ssl, ret_why);
    }
    *ret_done = done != 0;
    return ERR_NONE;
}

ssize_t redis_tls_receive(struct redis_tls *tls, char *buffer, size_t n, struct strbuf *ret_why)
{
    ERR_clear_error();
    ssize_t got = tls->context->funcs->read(tls->context, buffer, n);
    if (got < 0) {
        (void)fail_broken(tls->ssl, ret_why);
    }
    return got;
}

bool redis_tls_waits_for_peer(const struct redis_tls *tls)
{
    return SSL_want_read(tls->ssl);
}

bool redis_tls_has_pending(const struct redis_tls *tls)
{
    return SSL_pending(tls->ssl) > 0;
}

#else

#define TEXT_OF(number) #number
#define VERSION_OF(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

static const char missing[] =
        "TLS to Redis needs hiredis 1.0 or later with hiredis_ssl, this build has "
        "hiredis " VERSION_OF(HIREDIS_MAJOR, HIREDIS_MINOR,
                HIREDIS_PATCH) ": use a Unix socket, or a local TLS tunnel such as stunnel";

const char *redis_tls_missing(void)
{
    return missing;
}

enum err redis_tls_begin(struct redis_tls **ret_tls, int fd,
        const struct redis_tls_options *options, struct view address, struct strbuf *ret_why)
{
    (void)ret_tls;
    (void)fd;
    (void)options;
    (void)address;
    strbuf_reset(ret_why);
    strbuf_add_text(ret_why, missing);
    return ERR_CONFIG;
}

// None of the others is ever called: there is no TLS to call it with.

void redis_tls_end(struct redis_tls *tls)
{
    (void)tls;
}

enum err redis_tls_send(struct redis_tls *tls, const char *bytes, size_t n)
{
    (void)tls;
    (void)bytes;
    (void)n;
    return ERR_INTERNAL;
}

enum err redis_tls_flush(struct redis_tls *tls, bool *ret_done, struct strbuf *ret_why)
{
    (void)tls;
    (void)ret_done;
    (void)ret_why;
    return ERR_INTERNAL;
}

ssize_t redis_tls_receive(struct redis_tls *tls, char *buffer, size_t n, struct strbuf *ret_why)
{
    (void)tls;
    (void)buffer;
    (void)n;
    (void)ret_why;
    return -1;
}

bool redis_tls_waits_for_peer(const struct redis_tls *tls)
{
    (void)tls;
    return false;
}

bool redis_tls_has_pending(const struct redis_tls *tls)
{
    (void)tls;
    return false;
}

#endif
