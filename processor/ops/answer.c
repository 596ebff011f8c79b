#include "ops/answer.h"

#include <string.h>

#include "common/json_out.h"
#include "common/metric_text.h"
#include "kafka/kafka.h"
#include "ops/health.h"
#include "redis/version.h"

enum { BODY_MAX_BYTES = 8 * 1024 * 1024 };

#define TYPE_JSON "application/json"
#define TYPE_HTML "text/html; charset=utf-8"
#define TYPE_TEXT "text/plain; charset=utf-8"
#define POLICY_NOTHING "default-src 'none'; frame-ancestors 'none'"

static void answer_metrics(struct answerer *answerer, struct answer *answer)
{
    const struct metric_page *pages[PROCESS_PAGES_MAX];
    size_t count = process_metrics_gather(answerer->process, answerer->board, pages);
    answer->type = METRIC_TEXT_TYPE;
    metric_write(&answer->body, pages, count);
}

static void answer_health(struct answerer *answerer, struct answer *answer)
{
    answer->type = TYPE_JSON;
    answer->status = health_is_alive(answerer->board, &answer->body) ? 200 : 503;
}

static void answer_ready(struct answerer *answerer, struct answer *answer)
{
    answer->type = TYPE_JSON;
    answer->status = health_is_ready(answerer->board, &answer->body) ? 200 : 503;
}

static void answer_version(struct answerer *answerer, struct answer *answer)
{
    (void)answerer;
    struct json_out out;
    answer->type = TYPE_JSON;
    json_begin(&out, &answer->body);
    json_object(&out, NULL);
    json_text(&out, "version", WN_VERSION);
    json_text(&out, "librdkafka", kafka_library_version());
    json_text(&out, "hiredis", redis_library_version());
    json_object_end(&out);
    strbuf_add_byte(&answer->body, '\n');
}

static void answer_page(struct answerer *answerer, struct answer *answer)
{
    pthread_mutex_lock(answerer->rates_lock);
    const struct page_rates rates = *answerer->rates;
    pthread_mutex_unlock(answerer->rates_lock);
    answer->type = TYPE_HTML;
    answer->policy = answerer->page_policy;
    page_write(&answer->body, answerer->board, &rates);
}

static const struct {
    const char *path;
    void (*answer)(struct answerer *answerer, struct answer *answer);
} routes[] = {
        {"/", answer_page},
        {"/metrics", answer_metrics},
        {"/healthz", answer_health},
        {"/readyz", answer_ready},
        {"/version", answer_version},
};

void answer_path(struct answerer *answerer, const char *path, struct answer *ret_answer)
{
    struct answer *answer = ret_answer;
    *answer = (struct answer){.status = 404, .type = TYPE_TEXT, .policy = POLICY_NOTHING};
    strbuf_init(&answer->body, BODY_MAX_BYTES);
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (strcmp(routes[i].path, path) == 0) {
            answer->status = 200;
            routes[i].answer(answerer, answer);
        }
    }
    if (answer->status == 404) {
        strbuf_add_text(&answer->body, "there are /, /metrics, /healthz, /readyz and /version\n");
    }
    if (answer->body.failed != ERR_NONE) {
        answer->status = 500;
        strbuf_reset(&answer->body);
    }
}
