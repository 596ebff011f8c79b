#include "redis/connection.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/assure.h"
#include "redis/connection_inside.h"

enum { WHY_MAX_BYTES = 512 };

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
    c->words_left = 0;
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

// --- commands -----------------------------------------------------------------------------------

// What RESP says before a number of words or of bytes.
static void add_count(struct strbuf *output, char what, size_t count)
{
    char text[24];
    size_t at = sizeof text;
    text[--at] = '\n';
    text[--at] = '\r';
    do {
        text[--at] = (char)('0' + count % 10);
        count /= 10;
    } while (count != 0);
    text[--at] = what;
    strbuf_add(output, text + at, sizeof text - at);
}

enum err redis_connection_begin(struct redis_connection *c, size_t word_count)
{
    ASSURE(word_count > 0 && c->words_left == 0);
    if (c->fd < 0) {
        return ERR_UNAVAILABLE;
    }
    c->command_at = c->output.n;
    c->words_left = word_count;
    add_count(&c->output, '*', word_count);
    return ERR_NONE;
}

void redis_connection_word(struct redis_connection *c, struct view head, struct view tail)
{
    ASSURE(c->words_left > 0);
    c->words_left--;
    add_count(&c->output, '$', head.n + tail.n);
    strbuf_add_view(&c->output, head);
    strbuf_add_view(&c->output, tail);
    strbuf_add(&c->output, "\r\n", 2);
}

enum err redis_connection_end(struct redis_connection *c)
{
    ASSURE(c->words_left == 0);
    enum err e = c->output.failed;
    if (e != ERR_NONE) {
        c->output.failed = ERR_NONE;
        strbuf_truncate(&c->output, c->command_at);
        return e;
    }
    c->pending_count++;
    return ERR_NONE;
}

enum err redis_connection_add(
        struct redis_connection *c, size_t argc, const char *const *argv, const size_t *lengths)
{
    enum err e = redis_connection_begin(c, argc);
    for (size_t i = 0; i < argc && e == ERR_NONE; i++) {
        redis_connection_word(c, (struct view){argv[i], lengths[i]}, VIEW(""));
    }
    return e == ERR_NONE ? redis_connection_end(c) : e;
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
        e = connection_create_reader(c);
    }
    if (e == ERR_NONE) {
        e = connection_shake_hands(c, deadline);
    }
    if (e != ERR_NONE) {
        redis_connection_close(c);
    }
    return e;
}
