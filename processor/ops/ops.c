#include "ops/ops.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "common/mono_wait.h"
#include "ops/health.h"
#include "ops/http.h"
#include "ops/notify.h"

enum { TICK_MS = 1000, TICK_LEAST_MS = 100, STATUS_BYTES = 256 };

struct ops {
    struct board *board;
    struct answerer answerer;
    struct http *http; // NULL = off
    struct notify notify;
    struct mono_time next_rates;
    pthread_t ticker;
    pthread_mutex_t lock; // of what follows
    pthread_cond_t wake;
    bool is_stopping;
    struct page_rates rates;
    struct strbuf page_policy; // does not change
};

// Whether systemd expects to hear of us, or anybody may ask.
static bool is_wanted(const struct config *config, const struct notify *notify)
{
    return notify->fd >= 0 || strcmp(config->ops.listen, "off") != 0;
}

// The watchdog hears of us while all pulses go on.
static void tick(struct ops *ops)
{
    struct mono_time now = clock_mono();
    health_watch(ops->board, now);
    if (ops->http != NULL) {
        http_watch(ops->http, now);
    }
    if (mono_left_ms(now, ops->next_rates) == 0) {
        ops->next_rates =
                mono_after_ms(now, TICK_MS - TICK_MS / 20); // a tick may be a little early
        pthread_mutex_lock(&ops->lock);
        page_rates_note(&ops->rates, ops->board);
        pthread_mutex_unlock(&ops->lock);
    }
    struct strbuf body;
    strbuf_init(&body, 4096);
    if (ops->notify.watchdog_ms > 0 && health_is_alive(ops->board, &body)) {
        notify_send(&ops->notify, "WATCHDOG=1");
    }
    strbuf_fini(&body);
}

static int64_t tick_ms(const struct ops *ops)
{
    int64_t ms = ops->notify.watchdog_ms > 0 ? ops->notify.watchdog_ms / 3 : TICK_MS;
    ms = ms < TICK_MS ? ms : TICK_MS;
    return ms > TICK_LEAST_MS ? ms : TICK_LEAST_MS;
}

static void *run_ticker(void *argument)
{
    struct ops *ops = argument;
    pthread_mutex_lock(&ops->lock);
    while (!ops->is_stopping) {
        const struct timespec until = mono_until(mono_after_ms(clock_mono(), tick_ms(ops)));
        pthread_cond_timedwait(&ops->wake, &ops->lock, &until);
        pthread_mutex_unlock(&ops->lock);
        tick(ops);
        pthread_mutex_lock(&ops->lock);
    }
    pthread_mutex_unlock(&ops->lock);
    return NULL;
}

static enum err start_http(struct ops *ops, const struct config *config, struct strbuf *findings)
{
    if (strcmp(config->ops.listen, "off") == 0) {
        return ERR_NONE;
    }
    page_policy(&ops->page_policy);
    ops->answerer.rates_lock = &ops->lock;
    ops->answerer.rates = &ops->rates;
    ops->answerer.page_policy = ops->page_policy.p;
    enum err e = ops->page_policy.failed;
    e = e != ERR_NONE ? e : process_metrics_create(&ops->answerer.process);
    e = e != ERR_NONE ? e : http_start(&ops->http, config->ops.listen, &ops->answerer, findings);
    if (e == ERR_NONE) {
        log_info("ops", "listening at http://%s/", config->ops.listen);
    }
    return e;
}

static void destroy(struct ops *ops)
{
    http_stop(ops->http);
    process_metrics_destroy(ops->answerer.process);
    board_destroy(ops->board);
    notify_close(&ops->notify);
    strbuf_fini(&ops->page_policy);
    pthread_cond_destroy(&ops->wake);
    pthread_mutex_destroy(&ops->lock);
    free(ops);
}

static enum err start_ticker(struct ops *ops)
{
    bool runs = pthread_create(&ops->ticker, NULL, run_ticker, ops) == 0;
    return runs ? ERR_NONE : ERR_NO_MEMORY;
}

enum err ops_start(struct ops **ret_ops, const struct config *config, struct strbuf *findings)
{
    *ret_ops = NULL;
    struct notify notify;
    notify_open(&notify);
    if (!is_wanted(config, &notify)) {
        return ERR_NONE;
    }
    struct ops *ops = calloc(1, sizeof *ops);
    if (ops == NULL) {
        notify_close(&notify);
        return ERR_NO_MEMORY;
    }
    ops->notify = notify;
    strbuf_init(&ops->page_policy, 1024);
    page_rates_init(&ops->rates);
    (void)mono_condition_init(&ops->wake); // cannot fail in glibc
    pthread_mutex_init(&ops->lock, NULL);
    enum err e = board_create(&ops->board);
    ops->answerer.board = ops->board;
    e = e != ERR_NONE ? e : start_http(ops, config, findings);
    e = e != ERR_NONE ? e : start_ticker(ops);
    if (e != ERR_NONE) {
        destroy(ops);
        return e;
    }
    *ret_ops = ops;
    return ERR_NONE;
}

struct board *ops_board(struct ops *ops)
{
    return ops != NULL ? ops->board : NULL;
}

void ops_enter(struct ops *ops, enum board_phase phase, const char *reason)
{
    if (ops == NULL) {
        return;
    }
    // Ready for systemd is who has started, brokers or none: it must not give up on us for them.
    static const char *const words[] = {[BOARD_STARTING] = "READY=1\n",
            [BOARD_RUNNING] = "",
            [BOARD_DRAINING] = "STOPPING=1\n"};
    char lines[STATUS_BYTES];
    snprintf(lines, sizeof lines, "%sSTATUS=%s", words[phase], reason);
    board_set_phase(ops->board, phase);
    notify_send(&ops->notify, lines);
}

void ops_stop(struct ops *ops)
{
    if (ops != NULL) {
        pthread_mutex_lock(&ops->lock);
        ops->is_stopping = true;
        pthread_cond_signal(&ops->wake);
        pthread_mutex_unlock(&ops->lock);
        pthread_join(ops->ticker, NULL);
        destroy(ops);
    }
}
