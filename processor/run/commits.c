#include "run/commits.h"

#include <stdlib.h>

#include "common/failpoint.h"
#include "common/log.h"

enum { COMMIT_EVERY_MS = 500, NEWS_EVERY_MS = 100, COMMIT_MAX = 256 };

void commits_init(struct commits *commits, struct offsets *offsets)
{
    *commits = (struct commits){.offsets = offsets};
}

void commits_fini(struct commits *commits)
{
    free(commits->committed);
    *commits = (struct commits){0};
}

void commits_begin(struct commits *commits, int32_t partition, int64_t committed)
{
    if (partition >= commits->capacity) {
        int32_t capacity = partition + 1;
        struct committed *grown = realloc(commits->committed, (size_t)capacity * sizeof *grown);
        if (grown == NULL) {
            return; // then it is committed with the next settled offset, or again
        }
        for (int32_t i = commits->capacity; i < capacity; i++) {
            grown[i] = (struct committed){.offset = -1};
        }
        commits->committed = grown;
        commits->capacity = capacity;
    }
    commits->committed[partition] = (struct committed){.offset = committed};
}

// Up to COMMIT_MAX partitions; true when there may be more.
static bool commits_send(struct commits *commits, struct kafka_consumer *consumer, int64_t wait_ms)
{
    struct kafka_commit due[COMMIT_MAX];
    size_t count = 0;
    for (int32_t i = 0; i < commits->capacity && count < COMMIT_MAX; i++) {
        if (!offsets_is_begun(commits->offsets, i)) {
            continue;
        }
        int64_t settled = offsets_settled(commits->offsets, i);
        struct committed now = {.offset = settled};
        const char *text = NULL;
        if (commits->texts.text != NULL) {
            text = commits->texts.text(commits->texts.self, i, settled, &now.version);
        }
        if (settled > commits->committed[i].offset ||
                now.version != commits->committed[i].version) {
            due[count++] = (struct kafka_commit){i, settled, text};
            commits->committed[i] = now;
        }
    }
    if (count == 0) {
        return false;
    }
    failpoint("commits.all_is_acknowledged");
    enum err e = kafka_consumer_commit(consumer, due, count, wait_ms);
    failpoint("commits.sent_a_commit");
    if (e != ERR_NONE) {
        log_warn("consume", "offsets were not committed (%s); the next commit covers them",
                err_text(e));
        for (size_t i = 0; i < count; i++) {
            commits->committed[due[i].partition].offset = -1;
        }
    }
    return e == ERR_NONE && count == COMMIT_MAX;
}

void commits_send_if_due(struct commits *commits, struct kafka_consumer *consumer)
{
    struct mono_time now = clock_mono();
    bool has_news = commits->texts.has_news != NULL && now.ns >= commits->next_news.ns &&
                    commits->texts.has_news(commits->texts.self);
    if (now.ns >= commits->next.ns || has_news) {
        commits->next = mono_after_ms(now, COMMIT_EVERY_MS);
        commits->next_news = mono_after_ms(now, NEWS_EVERY_MS);
        (void)commits_send(commits, consumer, 0); // what is left comes with the next ones
    }
}

void commits_settle(struct commits *commits, struct kafka_consumer *consumer,
        struct kafka_producer *producer, int64_t wait_ms)
{
    struct mono_time until = mono_after_ms(clock_mono(), wait_ms);
    enum err e = kafka_producer_flush(producer, wait_ms);
    if (e != ERR_NONE) {
        log_warn("consume", "not everything was acknowledged in time; it will be judged again");
    }
    failpoint("commits.flushed");
    for (int32_t i = 0; i < commits->capacity; i++) {
        commits->committed[i].offset = -1; // an earlier commit may have got no answer
    }
    bool more = true;
    while (more) {
        int64_t left_ms = mono_left_ms(clock_mono(), until);
        more = commits_send(commits, consumer, left_ms > 1000 ? left_ms : 1000);
    }
}
