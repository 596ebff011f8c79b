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

// What a commit of the partition would say now, and its text.
static struct committed commits_now(
        const struct commits *commits, int32_t partition, const char **ret_text)
{
    struct committed now = {.offset = offsets_settled(commits->offsets, partition)};
    *ret_text = NULL;
    if (commits->texts.text != NULL) {
        *ret_text = commits->texts.text(commits->texts.self, partition, now.offset, &now.version);
    }
    return now;
}

size_t commits_due(struct commits *commits, int32_t *at, struct kafka_commit *ret_due, size_t max)
{
    size_t count = 0;
    for (; *at < commits->capacity && count < max; (*at)++) {
        if (!offsets_is_begun(commits->offsets, *at)) {
            continue;
        }
        const char *text;
        const struct committed now = commits_now(commits, *at, &text);
        struct committed *before = &commits->committed[*at];
        if (now.offset > before->offset || now.version != before->version) {
            before->version = now.version;
            ret_due[count++] = (struct kafka_commit){*at, now.offset, text};
        }
    }
    return count;
}

bool commits_has_news(const struct commits *commits)
{
    return commits->texts.has_news != NULL && commits->texts.has_news(commits->texts.self);
}

bool commits_has_due(const struct commits *commits)
{
    for (int32_t i = 0; i < commits->capacity; i++) {
        if (offsets_is_begun(commits->offsets, i) &&
                offsets_settled(commits->offsets, i) > commits->committed[i].offset) {
            return true;
        }
    }
    return commits_has_news(commits);
}

void commits_made(struct commits *commits)
{
    for (int32_t i = 0; i < commits->capacity; i++) {
        if (offsets_is_begun(commits->offsets, i)) {
            commits->committed[i].offset = offsets_settled(commits->offsets, i);
        }
    }
}

int64_t commits_committed(const struct commits *commits, int32_t partition)
{
    return partition < commits->capacity ? commits->committed[partition].offset : -1;
}

void commits_forget(struct commits *commits)
{
    for (int32_t i = 0; i < commits->capacity; i++) {
        commits->committed[i].offset = -1;
    }
}

// Up to COMMIT_MAX partitions; true when there may be more.
static bool commits_send(struct commits *commits, struct kafka_consumer *consumer, int64_t wait_ms)
{
    struct kafka_commit due[COMMIT_MAX];
    int32_t at = 0;
    size_t count = commits_due(commits, &at, due, COMMIT_MAX);
    if (count == 0) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        commits->committed[due[i].partition].offset = due[i].offset;
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

bool commits_is_due(const struct commits *commits)
{
    struct mono_time now = clock_mono();
    return now.ns >= commits->next.ns ||
           (now.ns >= commits->next_news.ns && commits_has_news(commits));
}

void commits_send_if_due(struct commits *commits, struct kafka_consumer *consumer)
{
    struct mono_time now = clock_mono();
    if (commits_is_due(commits)) {
        commits->next = mono_after_ms(now, COMMIT_EVERY_MS);
        commits->next_news = mono_after_ms(now, NEWS_EVERY_MS);
        (void)commits_send(commits, consumer, 0); // what is left comes with the next ones
    }
}

void commits_settle(struct commits *commits, struct kafka_consumer *consumer,
        struct tracked_sink *sink, int64_t wait_ms)
{
    struct mono_time until = mono_after_ms(clock_mono(), wait_ms);
    enum err e = tracked_sink_flush(sink, wait_ms);
    if (e != ERR_NONE) {
        log_warn("consume", "not everything was acknowledged in time; it will be judged again");
    }
    failpoint("commits.flushed");
    commits_forget(commits); // an earlier commit may have got no answer
    bool more = true;
    while (more) {
        int64_t left_ms = mono_left_ms(clock_mono(), until);
        more = commits_send(commits, consumer, left_ms > 1000 ? left_ms : 1000);
    }
}
