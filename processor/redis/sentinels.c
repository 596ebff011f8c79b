#include "redis/sentinels.h"

#include <stdlib.h>

#include "common/assure.h"
#include "redis/address_list.h"

enum { SENTINELS_MAX = 32, SLICE_LEAST_MS = 20 };

struct sentinels {
    char *master;
    struct redis_connection *connections[SENTINELS_MAX];
    struct view addresses[SENTINELS_MAX]; // into the list
    char *list;
    size_t count;
    size_t first; // whom to ask first
};

enum err sentinels_create(struct sentinels **ret_sentinels, const struct redis_options *options,
        const char *addresses, const char *master)
{
    struct sentinels *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return ERR_NO_MEMORY;
    }
    s->master = strdup(master);
    s->list = strdup(addresses);
    enum err e = s->master != NULL && s->list != NULL ? ERR_NONE : ERR_NO_MEMORY;
    struct view rest = view_of(s->list);
    struct view address;
    while (e == ERR_NONE && address_list_take(&rest, &address)) {
        struct redis_options one = *options;
        char *text = strndup(address.p, address.n);
        one.address = text;
        e = s->count == SENTINELS_MAX ? ERR_CONFIG
            : text == NULL            ? ERR_NO_MEMORY
                                      : redis_connection_create(&s->connections[s->count], &one);
        free(text);
        if (e == ERR_NONE) {
            s->addresses[s->count++] = address;
        }
    }
    if (e == ERR_NONE && s->count == 0) {
        e = ERR_CONFIG;
    }
    if (e != ERR_NONE) {
        sentinels_destroy(s);
        return e;
    }
    *ret_sentinels = s;
    return ERR_NONE;
}

void sentinels_destroy(struct sentinels *s)
{
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < s->count; i++) {
        redis_connection_destroy(s->connections[i]);
    }
    free(s->list);
    free(s->master);
    free(s);
}

void sentinels_doubt(struct sentinels *s)
{
    redis_connection_close(s->connections[s->first]);
    s->first = (s->first + 1) % s->count;
}

// [host, port]
static enum err read_master(const struct sentinels *s, const redisReply *reply,
        struct strbuf *ret_address, struct strbuf *ret_why)
{
    if (reply->type == REDIS_REPLY_ERROR) {
        strbuf_printf(ret_why, "a sentinel refused the question for the master: %.*s",
                VIEW_ARGS(redis_reply_error_code(reply)));
        return ERR_REFUSED;
    }
    if (reply->type == REDIS_REPLY_NIL) {
        strbuf_printf(ret_why, "the sentinels know no master named %s", s->master);
        return ERR_CONFIG;
    }
    bool is_pair = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
                   reply->element[0]->type == REDIS_REPLY_STRING &&
                   reply->element[1]->type == REDIS_REPLY_STRING;
    struct view host =
            is_pair ? view_bytes(reply->element[0]->str, reply->element[0]->len) : VIEW("");
    if (!is_pair || !address_join(ret_address, host,
                            view_bytes(reply->element[1]->str, reply->element[1]->len))) {
        strbuf_add_text(ret_why, "a sentinel's answer cannot be read");
        return ERR_PROTOCOL;
    }
    return ERR_NONE;
}

static enum err ask_one(struct sentinels *s, size_t i, struct mono_time deadline,
        struct strbuf *ret_address, struct strbuf *ret_why)
{
    struct redis_connection *c = s->connections[i];
    enum err e = redis_connection_is_open(c) ? ERR_NONE : redis_connection_open(c, deadline);
    redisReply *reply = NULL;
    if (e == ERR_NONE) {
        const char *words[] = {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", s->master};
        size_t lengths[] = {strlen(words[0]), strlen(words[1]), strlen(words[2])};
        e = redis_connection_add(c, 3, words, lengths);
    }
    if (e == ERR_NONE) {
        e = redis_connection_exchange(c, &reply, 1, deadline);
    }
    if (e != ERR_NONE) {
        strbuf_printf(
                ret_why, "sentinel %.*s: %s", VIEW_ARGS(s->addresses[i]), redis_connection_why(c));
        return e;
    }
    e = read_master(s, reply, ret_address, ret_why);
    freeReplyObject(reply);
    return e;
}

enum err sentinels_find(struct sentinels *s, struct mono_time deadline, struct strbuf *ret_address,
        struct strbuf *ret_why)
{
    enum err e = ERR_UNAVAILABLE;
    for (size_t i = 0; i < s->count; i++) {
        struct mono_time now = clock_mono();
        int64_t left_ms = mono_left_ms(now, deadline);
        int64_t slice_ms = left_ms / (int64_t)(s->count - i);
        slice_ms = slice_ms > SLICE_LEAST_MS ? slice_ms : SLICE_LEAST_MS;
        size_t at = (s->first + i) % s->count;
        strbuf_reset(ret_why);
        e = ask_one(s, at, mono_after_ms(now, slice_ms < left_ms ? slice_ms : left_ms), ret_address,
                ret_why);
        if (e == ERR_NONE) {
            s->first = at;
            return e;
        }
    }
    return e;
}
