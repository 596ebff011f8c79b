#include "lying_redis.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/assure.h"
#include "common/hashmap.h"
#include "common/strbuf.h"

enum { KEYS_MAX = 4096, WORDS_MAX = 16384, TEXT_MAX_BYTES = 64 << 20, DRIP_MS = 20 };

struct lying_redis {
    pthread_t thread;
    pthread_mutex_t lock; // of everything down to `values`
    enum lie lie;
    char text[4096];
    bool cut;
    bool stopping;
    unsigned accepted;
    struct hashmap *keys;
    struct view values[KEYS_MAX];

    char folder[64];
    char path[96];
    char address[128];
    int listener;
    int wake[2];

    // of the thread alone
    int fd;
    struct strbuf in;
    struct strbuf out;
    bool closing; // once `out` is out
    unsigned infos;
    unsigned mgets;
};

// --- answers ------------------------------------------------------------------------------------

static void add_bulk(struct strbuf *out, struct view v)
{
    strbuf_printf(out, "$%zu\r\n", v.n);
    strbuf_add_view(out, v);
    strbuf_add_text(out, "\r\n");
}

static struct view find_value(const struct lying_redis *s, struct view key)
{
    uint32_t i = hashmap_find(s->keys, key);
    return i == HASHMAP_ABSENT ? VIEW_NONE : s->values[i];
}

static bool ends_with(struct view v, struct view end)
{
    return v.n >= end.n && memcmp(v.p + v.n - end.n, end.p, end.n) == 0;
}

static void add_info(struct lying_redis *s)
{
    if (s->lie == LIE_INFO_ERROR) {
        strbuf_printf(&s->out, "-%s\r\n", s->text);
        return;
    }
    struct strbuf info;
    strbuf_init(&info, 4096);
    s->infos++;
    if (s->lie != LIE_INFO_EMPTY) {
        strbuf_printf(&info,
                "# Server\r\nredis_version:7.0.15\r\nrun_id:0123456789abcdef\r\n# Memory\r\n"
                "maxmemory_policy:noeviction\r\n# Persistence\r\nloading:%d\r\n"
                "# Stats\r\nevicted_keys:%u\r\n# Replication\r\nrole:%s\r\n",
                s->lie == LIE_LOADING, s->lie == LIE_EVICTING ? s->infos : 0,
                s->lie == LIE_REPLICA ? "slave" : "master");
    }
    add_bulk(&s->out, strbuf_view(&info));
    strbuf_fini(&info);
}

// The same epoch under another generation.
static void add_flipped(struct strbuf *out, struct view epoch, unsigned generation)
{
    const char *at = memmem(epoch.p, epoch.n, "\"generation\":7", 14);
    ASSURE(at != NULL);
    struct strbuf text;
    strbuf_init(&text, 4096);
    strbuf_add(&text, epoch.p, (size_t)(at - epoch.p));
    strbuf_printf(&text, "\"generation\":%u", generation);
    strbuf_add(&text, at + 14, (size_t)(epoch.p + epoch.n - at) - 14);
    add_bulk(out, strbuf_view(&text));
    strbuf_fini(&text);
}

static void add_get(struct lying_redis *s, struct view key)
{
    struct view value = find_value(s, key);
    bool is_epoch = ends_with(key, VIEW(":epoch"));
    if (is_epoch && s->lie == LIE_EPOCH_TEXT) {
        value = view_of(s->text);
    }
    if (is_epoch &&
            (s->lie == LIE_EPOCH_ABSENT || (s->lie == LIE_FLUSHED_MIDWAY && s->mgets > 0))) {
        value = VIEW_NONE;
    }
    if (view_is_none(value)) {
        strbuf_add_text(&s->out, "$-1\r\n");
    } else if (is_epoch && s->mgets > 0 && (s->lie == LIE_FLIPS || s->lie == LIE_FLIPS_ONCE)) {
        add_flipped(&s->out, value, s->lie == LIE_FLIPS ? 7 + s->mgets : 8);
    } else {
        add_bulk(&s->out, value);
    }
}

// wn:{00}:8:2a is answered with what wn:{00}:7:2a has.
static struct view find_bucket(struct lying_redis *s, struct view key)
{
    char as_loaded[128];
    const char *at = memmem(key.p, key.n, "}:8:", 4);
    if (at == NULL || key.n > sizeof as_loaded) {
        return find_value(s, key);
    }
    memcpy(as_loaded, key.p, key.n);
    as_loaded[at - key.p + 2] = '7';
    return find_value(s, (struct view){as_loaded, key.n});
}

static void add_mget(struct lying_redis *s, const struct view *words, size_t count)
{
    s->mgets++;
    if (s->lie == LIE_MGET_ERROR) {
        strbuf_printf(&s->out, "-%s\r\n", s->text);
        return;
    }
    if (s->lie == LIE_WRONG_TYPE) {
        strbuf_add_text(&s->out, ":1\r\n");
        return;
    }
    if (s->lie == LIE_SHORT_ARRAY) {
        count--;
    }
    strbuf_printf(&s->out, "*%zu\r\n", count - 1);
    for (size_t i = 1; i < count; i++) {
        struct view value = find_bucket(s, words[i]);
        if (view_is_none(value) || s->lie == LIE_BUCKETS_ABSENT) {
            strbuf_add_text(&s->out, "$-1\r\n");
        } else if (s->lie == LIE_BUCKET_CUT) {
            add_bulk(&s->out, (struct view){value.p, value.n - 1});
        } else if (s->lie == LIE_BUCKET_VERSION) {
            strbuf_printf(&s->out, "$%zu\r\n\x02", value.n);
            strbuf_add_view(&s->out, view_skip(value, 1));
            strbuf_add_text(&s->out, "\r\n");
        } else {
            add_bulk(&s->out, value);
        }
    }
}

static void answer(struct lying_redis *s, const struct view *words, size_t count)
{
    if (view_is(words[0], "INFO")) {
        add_info(s);
    } else if (s->lie == LIE_ERROR) {
        strbuf_printf(&s->out, "-%s\r\n", s->text);
    } else if (view_is(words[0], "GET")) {
        add_get(s, words[1]);
    } else if (view_is(words[0], "MGET")) {
        add_mget(s, words, count);
    } else if (view_is(words[0], "HGETALL")) {
        struct view value = find_value(s, words[1]);
        strbuf_add_view(&s->out, view_is_none(value) ? VIEW("*0\r\n") : value);
    } else {
        strbuf_add_text(&s->out, "+OK\r\n");
    }
    if (s->lie == LIE_ONE_MORE) {
        strbuf_add_text(&s->out, "+OK\r\n");
    }
}

// What replaces the honest answer to everything.
static bool add_nonsense(struct lying_redis *s)
{
    if (s->lie == LIE_GARBAGE) {
        strbuf_add_text(&s->out, "HTTP/1.1 400 Bad Request\r\n\r\n");
    } else if (s->lie == LIE_HUGE_BULK) {
        strbuf_add_text(&s->out, "$500000000\r\nabc");
    } else if (s->lie == LIE_HUGE_ARRAY) {
        strbuf_add_text(&s->out, "*1000000000\r\n");
    } else if (s->lie == LIE_NESTED) {
        for (int i = 0; i < 64; i++) {
            strbuf_add_text(&s->out, "*1\r\n");
        }
    } else if (s->lie == LIE_FLOOD) {
        strbuf_add_text(&s->out, "$400000000\r\n");
        for (int i = 0; i < 100000; i++) {
            strbuf_add_text(&s->out, "0123456789abcdefghijklmnopqrstuv");
        }
    } else {
        return false;
    }
    return true;
}

// --- commands -----------------------------------------------------------------------------------

// Reads "<mark><number>\r\n" at `*at`.
static bool take_count(const struct strbuf *in, size_t *at, char mark, size_t *ret_count)
{
    const char *end = *at < in->n ? memchr(in->p + *at, '\n', in->n - *at) : NULL;
    if (end == NULL) {
        return false;
    }
    ASSURE(in->p[*at] == mark);
    *ret_count = strtoul(in->p + *at + 1, NULL, 10);
    *at = (size_t)(end - in->p) + 1;
    return true;
}

// The next whole command of the input.
static bool take_command(struct lying_redis *s, size_t *at, struct view *words, size_t *ret_count)
{
    size_t from = *at;
    size_t count = 0;
    if (!take_count(&s->in, &from, '*', &count)) {
        return false;
    }
    ASSURE(count > 0 && count <= WORDS_MAX);
    for (size_t i = 0; i < count; i++) {
        size_t n = 0;
        if (!take_count(&s->in, &from, '$', &n) || s->in.n - from < n + 2) {
            return false;
        }
        words[i] = (struct view){s->in.p + from, n};
        from += n + 2;
    }
    *at = from;
    *ret_count = count;
    return true;
}

static void answer_all(struct lying_redis *s)
{
    struct view *words = calloc(WORDS_MAX, sizeof *words);
    ASSURE(words != NULL);
    size_t at = 0;
    size_t count = 0;
    size_t answered = 0;
    pthread_mutex_lock(&s->lock);
    s->mgets = s->lie == LIE_FLIPS || s->lie == LIE_FLIPS_ONCE ? s->mgets : 0;
    while (take_command(s, &at, words, &count)) {
        if (s->lie != LIE_SILENT && !add_nonsense(s)) {
            answer(s, words, count);
        }
        answered++;
    }
    if (s->lie == LIE_CLOSE_MIDWAY && answered > 0) {
        strbuf_truncate(&s->out, s->out.n / 2);
        s->closing = true;
    }
    pthread_mutex_unlock(&s->lock);
    size_t rest_bytes = s->in.n - at;
    memmove(s->in.p, s->in.p + at, rest_bytes);
    strbuf_truncate(&s->in, rest_bytes);
    free(words);
}

// --- the thread ---------------------------------------------------------------------------------

static void hang_up(struct lying_redis *s)
{
    if (s->fd >= 0) {
        close(s->fd);
    }
    s->fd = -1;
    s->closing = false;
    strbuf_reset(&s->in);
    strbuf_reset(&s->out);
}

static enum lie lie_now(struct lying_redis *s)
{
    pthread_mutex_lock(&s->lock);
    enum lie lie = s->lie;
    pthread_mutex_unlock(&s->lock);
    return lie;
}

static void accept_one(struct lying_redis *s)
{
    hang_up(s);
    s->fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    pthread_mutex_lock(&s->lock);
    s->accepted++;
    pthread_mutex_unlock(&s->lock);
    if (lie_now(s) == LIE_CLOSE_AT_ONCE) {
        hang_up(s);
    }
}

static void receive(struct lying_redis *s)
{
    if (lie_now(s) == LIE_DEAF) {
        return; // the lie began while poll() waited
    }
    char *room = strbuf_room(&s->in, 65536);
    ASSURE(room != NULL);
    ssize_t n = recv(s->fd, room, 65536, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        hang_up(s);
        return;
    }
    if (n > 0) {
        strbuf_grown(&s->in, (size_t)n);
        answer_all(s);
    }
}

static void transmit(struct lying_redis *s, bool drips)
{
    ssize_t n = send(s->fd, s->out.p, drips ? 1 : s->out.n, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        hang_up(s);
        return;
    }
    if (n > 0) {
        memmove(s->out.p, s->out.p + n, s->out.n - (size_t)n);
        strbuf_truncate(&s->out, s->out.n - (size_t)n);
    }
    if (s->closing && s->out.n == 0) {
        hang_up(s);
    }
}

// False when it is time to stop.
static bool obey(struct lying_redis *s)
{
    char bytes[64];
    while (read(s->wake[0], bytes, sizeof bytes) > 0) {
    }
    pthread_mutex_lock(&s->lock);
    bool cut = s->cut;
    s->cut = false;
    bool stopping = s->stopping;
    pthread_mutex_unlock(&s->lock);
    if (cut) {
        hang_up(s);
    }
    return !stopping;
}

static void *serve(void *self)
{
    struct lying_redis *s = self;
    while (obey(s)) {
        enum lie lie = lie_now(s);
        bool unsent = s->fd >= 0 && s->out.n > 0;
        struct pollfd pollers[] = {
                {.fd = s->wake[0], .events = POLLIN},
                {.fd = s->listener, .events = POLLIN},
                {.fd = lie == LIE_DEAF ? -1 : s->fd, .events = POLLIN},
        };
        if (unsent && lie != LIE_DRIP) {
            pollers[2].events |= POLLOUT;
        }
        int ready = poll(pollers, 3, unsent && lie == LIE_DRIP ? DRIP_MS : -1);
        if (unsent && (lie == LIE_DRIP ? ready == 0 : (pollers[2].revents & POLLOUT) != 0)) {
            transmit(s, lie == LIE_DRIP);
        }
        if (s->fd >= 0 && (pollers[2].revents & ~POLLOUT) != 0) {
            receive(s);
        }
        if ((pollers[1].revents & POLLIN) != 0) {
            accept_one(s);
        }
    }
    hang_up(s);
    return NULL;
}

// --- life ---------------------------------------------------------------------------------------

static void tell(struct lying_redis *s)
{
    ASSURE(write(s->wake[1], "x", 1) == 1);
}

struct lying_redis *lying_redis_start(void)
{
    struct lying_redis *s = calloc(1, sizeof *s);
    ASSURE(s != NULL);
    s->fd = -1;
    s->keys = hashmap_create(KEYS_MAX);
    strbuf_init(&s->in, TEXT_MAX_BYTES);
    strbuf_init(&s->out, TEXT_MAX_BYTES);
    pthread_mutex_init(&s->lock, NULL);
    snprintf(s->folder, sizeof s->folder, "/tmp/wn-lying-XXXXXX");
    ASSURE(s->keys != NULL && mkdtemp(s->folder) != NULL &&
            pipe2(s->wake, O_NONBLOCK | O_CLOEXEC) == 0);
    snprintf(s->path, sizeof s->path, "%s/redis.sock", s->folder);
    snprintf(s->address, sizeof s->address, "unix:%s", s->path);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", s->path);
    s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSURE(s->listener >= 0);
    ASSURE(bind(s->listener, (const struct sockaddr *)&at, sizeof at) == 0);
    ASSURE(listen(s->listener, 16) == 0);
    ASSURE(pthread_create(&s->thread, NULL, serve, s) == 0);
    return s;
}

void lying_redis_stop(struct lying_redis *s)
{
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_mutex_unlock(&s->lock);
    tell(s);
    pthread_join(s->thread, NULL);
    close(s->listener);
    close(s->wake[0]);
    close(s->wake[1]);
    unlink(s->path);
    rmdir(s->folder);
    for (uint32_t i = 0; i < hashmap_count(s->keys); i++) {
        free((void *)(uintptr_t)s->values[i].p);
    }
    hashmap_destroy(s->keys);
    pthread_mutex_destroy(&s->lock);
    strbuf_fini(&s->in);
    strbuf_fini(&s->out);
    free(s);
}

const char *lying_redis_address(const struct lying_redis *s)
{
    return s->address;
}

void lying_redis_set(void *server, struct view key, struct view value)
{
    struct lying_redis *s = server;
    char *copy = malloc(value.n + 1);
    ASSURE(copy != NULL);
    memcpy(copy, value.p, value.n);
    pthread_mutex_lock(&s->lock);
    uint32_t i = hashmap_find(s->keys, key);
    if (i == HASHMAP_ABSENT) {
        i = hashmap_count(s->keys);
        ASSURE(hashmap_put(s->keys, key, i) == ERR_NONE);
    } else {
        free((void *)(uintptr_t)s->values[i].p);
    }
    s->values[i] = (struct view){copy, value.n};
    pthread_mutex_unlock(&s->lock);
}

void lying_redis_lie(struct lying_redis *s, enum lie lie, const char *text)
{
    pthread_mutex_lock(&s->lock);
    s->lie = lie;
    s->mgets = 0;
    snprintf(s->text, sizeof s->text, "%s", text != NULL ? text : "");
    pthread_mutex_unlock(&s->lock);
    tell(s);
}

void lying_redis_cut(struct lying_redis *s)
{
    pthread_mutex_lock(&s->lock);
    s->cut = true;
    pthread_mutex_unlock(&s->lock);
    tell(s);
}

unsigned lying_redis_accepted(struct lying_redis *s)
{
    pthread_mutex_lock(&s->lock);
    unsigned accepted = s->accepted;
    pthread_mutex_unlock(&s->lock);
    return accepted;
}
