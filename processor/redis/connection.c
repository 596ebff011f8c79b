#include "redis/connection.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/assure.h"
#include "redis/connection_inside.h"

enum {
    WHY_MAX_BYTES = 512,
    NESTING_MAX = 6, // arrays in arrays
};

// --- life ---------------------------------------------------------------------------------------

static bool copy_option(char **ret_copy, const char *text)
{
    *ret_copy = text != NULL ? strdup(text) : NULL;
    return text == NULL || *ret_copy != NULL;
}

static bool copy_tls(struct redis_connection *c, const struct redis_tls_options *from)
{
    c->tls_options.is_on = from->is_on;
    bool is_whole = copy_option(&c->tls_texts[0], from->ca_file) &&
                    copy_option(&c->tls_texts[1], from->cert_file) &&
                    copy_option(&c->tls_texts[2], from->key_file) &&
                    copy_option(&c->tls_texts[3], from->server_name);
    c->tls_options.ca_file = c->tls_texts[0];
    c->tls_options.cert_file = c->tls_texts[1];
    c->tls_options.key_file = c->tls_texts[2];
    c->tls_options.server_name = c->tls_texts[3];
    return is_whole;
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
    c->received = malloc(CONNECTION_RECEIVE_BYTES);
    if (c->received == NULL || dialler_create(&c->dialler, options->address) != ERR_NONE ||
            !copy_option(&c->user, options->user) ||
            !copy_option(&c->password_file, options->password_file) ||
            !copy_option(&c->client_name, options->client_name) ||
            !copy_option(&c->address, options->address) || !copy_tls(c, &options->tls)) {
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
    free(c->address);
    for (size_t i = 0; i < sizeof c->tls_texts / sizeof c->tls_texts[0]; i++) {
        free(c->tls_texts[i]);
    }
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
    redis_tls_end(c->tls);
    c->tls = NULL;
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
    c->handed_bytes = 0;
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

// --- commands -----------------------------------------------------------------------------------

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
    if (c->tls_options.is_on) {
        e = redis_tls_begin(&c->tls, fd, &c->tls_options, view_of(c->address), &c->why);
    }
    if (e == ERR_NONE) {
        e = create_reader(c);
    }
    if (e == ERR_NONE) {
        e = connection_shake_hands(c, deadline);
    }
    if (e != ERR_NONE) {
        redis_connection_close(c);
    }
    return e;
}
