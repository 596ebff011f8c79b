// For tests of late records: the first half over a store that can be made to fail, its commands kept.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame_log.h"
#include "judge_line.h"
#include "relationship/memory_store.h"
#include "unit.h"

#define AT INT64_C(1763769600000) // 2025-11-22T00:00:00Z

enum { COMMANDS_MAX = 64 };

// Its lookups can be made to fail.
struct moody_store {
    struct store inner;
    bool is_away;
};

static inline void moody_lookup(void *self, struct lookup *lookups, size_t count,
        struct mono_time deadline, struct arena *arena)
{
    struct moody_store *moody = self;
    moody->inner.ops->lookup(moody->inner.self, lookups, count, deadline, arena);
    for (size_t i = 0; i < count && moody->is_away; i++) {
        lookups[i].facts =
                (struct facts){.lookup = LOOKUP_UNREACHABLE, .reassigned_at_ms = TIME_NONE};
    }
}

static inline enum cache_state moody_state(void *self)
{
    const struct moody_store *moody = self;
    return moody->is_away ? CACHE_UNREACHABLE : CACHE_TRUSTED;
}

struct stage {
    struct config *config;
    struct keyring *ring;
    struct moody_store store;
    struct emitter emitter;
    struct judge_line *line;
    struct frame_log log;
    char commands[COMMANDS_MAX][1000];
    size_t frames_before[COMMANDS_MAX];
    size_t count;
    uint64_t serial;
    int64_t now_ms;
};

static inline enum err keep_command(void *self, const struct record *record)
{
    struct stage *stage = self;
    if (record->topic == OUT_COMMANDS) {
        CU_ASSERT_TRUE_FATAL(stage->count < COMMANDS_MAX && record->value.n < 1000);
        stage->frames_before[stage->count] = stage->log.count;
        snprintf(stage->commands[stage->count++], 1000, "%.*s", VIEW_ARGS(record->value));
    }
    return ERR_NONE;
}

static const struct sink_ops sink_ops = {.send = keep_command};

static inline void open_line(struct stage *stage)
{
    const struct judge_line_options options = {
            .config = stage->config,
            .ring = stage->ring,
            .store = {NULL, &stage->store},
            .emitter = &stage->emitter,
            .frames = frame_log_taker(&stage->log),
            .tally_partitions = 4,
            .clock = JUDGE_CLOCK_WALL,
    };
    static const struct store_ops ops = {.lookup = moody_lookup, .state = moody_state};
    struct judge_line_options with_store = options;
    with_store.store.ops = &ops;
    CU_ASSERT_EQUAL_FATAL(judge_line_create(&stage->line, &with_store), ERR_NONE);
}

static inline struct stage *stage_create(enum unknown_policy unknown)
{
    struct stage *stage = calloc(1, sizeof *stage);
    CU_ASSERT_PTR_NOT_NULL_FATAL(stage);
    frame_log_init(&stage->log);
    CU_ASSERT_EQUAL_FATAL(config_create_default(&stage->config), ERR_NONE);
    stage->config->policy.unknown = unknown;
    stage->now_ms = AT;
    CU_ASSERT_EQUAL_FATAL(keyring_create_demo(&stage->ring), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(memory_store_create(&stage->store.inner, stage->ring), ERR_NONE);
    const struct emitter_options emitter_options = {.group = VIEW("g"), .instance = VIEW("i")};
    CU_ASSERT_EQUAL_FATAL(
            emitter_init(&stage->emitter, (struct sink){&sink_ops, stage}, &emitter_options),
            ERR_NONE);
    open_line(stage);
    return stage;
}

static inline void stage_destroy(struct stage *stage)
{
    judge_line_destroy(stage->line);
    emitter_fini(&stage->emitter);
    stage->store.inner.ops->destroy(stage->store.inner.self);
    keyring_destroy(stage->ring);
    config_destroy(stage->config);
    frame_log_fini(&stage->log);
    free(stage);
}

// The number of a message: one a message, by its offset.
static inline void write_number(char *text, size_t n, int64_t offset)
{
    snprintf(text, n, "+86138%08d", (int)offset);
}

// Makes a message's recipient one who owes.
static inline void put_record(struct stage *stage, int64_t offset)
{
    char number[32];
    write_number(number, sizeof number, offset);
    const struct party owes = {.tenant_id = VIEW("t"),
            .loan_id = VIEW("L1"),
            .status = STATUS_OVERDUE,
            .closed_at_ms = TIME_NONE};
    const struct relationship debtor = {
            .recipient = {RECIPIENT_PHONE, view_of(number)}, .party_count = 1, .parties = &owes};
    CU_ASSERT_EQUAL_FATAL(memory_store_put(&stage->store.inner, &debtor), ERR_NONE);
}

static inline int64_t resume(struct stage *stage, int64_t committed, const char *text)
{
    const struct judge_start start = {0, committed, 0, view_of(text)};
    int64_t from = -1;
    bool is_odd = true;
    CU_ASSERT_EQUAL_FATAL(judge_line_resume(stage->line, &start, &from, &is_odd), ERR_NONE);
    CU_ASSERT_FALSE(is_odd);
    return from;
}

// Judges messages first .. end - 1. Returns whether the slice has to wait.
static inline bool judge_of(struct stage *stage, int64_t first, int64_t end, const char *purpose)
{
    struct judge_item items[64] = {0};
    char texts[64][300];
    CU_ASSERT_TRUE_FATAL(end - first <= 64);
    for (int64_t offset = first; offset < end; offset++) {
        char number[32];
        write_number(number, sizeof number, offset);
        char *text = texts[offset - first];
        snprintf(text, sizeof texts[0],
                "{\"message_id\":\"m%d\",\"occurred_at\":%lld,\"tenant_id\":\"t\","
                "\"campaign_id\":\"c\",\"purpose\":\"%s\",\"recipient\":\"%s\"}",
                (int)offset, (long long)AT, purpose, number);
        items[offset - first].raw = (struct raw_message){
                .topic = VIEW("in"), .offset = offset, .timestamp_ms = -1, .value = view_of(text)};
    }
    struct judge_slice slice = {.serial = ++stage->serial};
    CU_ASSERT_EQUAL_FATAL(judge_line_batch(stage->line, items, (size_t)(end - first), &slice, 1,
                                  (struct wall_time){stage->now_ms}, false),
            ERR_NONE);
    CU_ASSERT_EQUAL(slice.was_judged, end > first && !slice.waits); // all of it, or none
    return slice.waits;
}

static inline bool judge(struct stage *stage, int64_t first, int64_t end)
{
    return judge_of(stage, first, end, "collection");
}

// What is due so long from now is asked.
static inline void ask(struct stage *stage, int64_t ms)
{
    if (judge_line_has_due(stage->line, mono_after_ms(clock_mono(), ms))) {
        CU_ASSERT_FALSE(judge(stage, 0, 0));
    }
}

static inline const char *text_of(struct stage *stage, uint64_t serial, int64_t settled)
{
    uint64_t version;
    return judge_line_text(stage->line, 0, serial, settled, &version);
}

static inline void check_command(const struct stage *stage, size_t i, const char *action,
        const char *message, int sequence, const char *reason)
{
    CU_ASSERT_TRUE_FATAL(i < stage->count);
    char parts[4][100];
    snprintf(parts[0], sizeof parts[0], "\"action\":\"%s\"", action);
    snprintf(parts[1], sizeof parts[1], "\"id\":\"%s\"", message);
    snprintf(parts[2], sizeof parts[2], "\"sequence\":%d,", sequence);
    snprintf(parts[3], sizeof parts[3], "\"reason\":\"%s\"", reason);
    for (size_t k = 0; k < 4; k++) {
        if (strstr(stage->commands[i], parts[k]) == NULL) {
            printf("no %s in %s\n", parts[k], stage->commands[i]);
            CU_FAIL("command");
        }
    }
}

static inline const struct frame *last_frame(const struct stage *stage)
{
    CU_ASSERT_TRUE_FATAL(stage->log.count > 0);
    return &stage->log.frames[stage->log.count - 1].frame;
}
