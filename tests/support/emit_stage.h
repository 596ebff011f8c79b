// A sink that keeps what it was sent as text, and an emitter in front of it.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emit/emitter.h"
#include "emit/kcat_line.h"
#include "tests/support/unit.h"

enum { SEEN_MAX = 4, SEEN_BYTES = 2 * 1024 * 1024 };

// With WN_EMIT_SAMPLES=DIR, appends the value to DIR/NAME.ndjson, for tests/schemas/emitted.sh.
static inline void keep_sample(const char *name, struct view value)
{
    const char *directory = getenv("WN_EMIT_SAMPLES");
    if (directory == NULL || view_is_none(value)) {
        return;
    }
    struct strbuf path;
    strbuf_init(&path, 8192);
    strbuf_printf(&path, "%s/%s.ndjson", directory, name);
    FILE *file = fopen(path.p, "a");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fprintf(file, "%.*s\n", VIEW_ARGS(value));
    CU_ASSERT_EQUAL(fclose(file), 0);
    strbuf_fini(&path);
}

// A dead letter's value is no JSON of ours: its sample is the line of a file.
static inline void keep_dead_letter(const struct record *record)
{
    struct strbuf line;
    strbuf_init(&line, 8 * SEEN_BYTES);
    kcat_line_write(&line, VIEW("collections.dead-letter.v1"), 0, record);
    CU_ASSERT_EQUAL(line.failed, ERR_NONE);
    keep_sample("dead-letter-line", strbuf_view(&line));
    strbuf_fini(&line);
}

// Each record as text: key, value, then name=value of each header, a line each.
struct fake_sink {
    struct strbuf seen[SEEN_MAX];
    struct record records[SEEN_MAX]; // their views are dead
    size_t count;
    enum err answer;
};

static inline void add_or_null(struct strbuf *sb, struct view v)
{
    strbuf_add_view(sb, view_is_none(v) ? VIEW("(null)") : v);
}

static inline enum err fake_send(void *self, const struct record *record)
{
    struct fake_sink *fake = self;
    if (fake->answer != ERR_NONE) {
        return fake->answer;
    }
    CU_ASSERT_FATAL(fake->count < SEEN_MAX);
    struct strbuf *sb = &fake->seen[fake->count];
    add_or_null(sb, record->key);
    strbuf_add_byte(sb, '\n');
    add_or_null(sb, record->value);
    for (size_t i = 0; i < record->header_count; i++) {
        strbuf_add_byte(sb, '\n');
        strbuf_add_view(sb, record->headers[i].name);
        strbuf_add_byte(sb, '=');
        add_or_null(sb, record->headers[i].value);
    }
    if (record->topic == OUT_DEAD_LETTER) {
        keep_dead_letter(record);
    }
    fake->records[fake->count++] = *record;
    return ERR_NONE;
}

static const struct sink_ops fake_ops = {.send = fake_send};

struct stage {
    struct fake_sink fake;
    struct emitter em;
};

static inline void stage_open(struct stage *stage, struct emitter_options options)
{
    *stage = (struct stage){0};
    for (size_t i = 0; i < SEEN_MAX; i++) {
        strbuf_init(&stage->fake.seen[i], SEEN_BYTES);
    }
    options.group = VIEW("wrong number");
    options.instance = VIEW("node-1");
    struct sink sink = {&fake_ops, &stage->fake};
    CU_ASSERT_EQUAL_FATAL(emitter_init(&stage->em, sink, &options), ERR_NONE);
}

static inline void stage_close(struct stage *stage)
{
    emitter_fini(&stage->em);
    for (size_t i = 0; i < SEEN_MAX; i++) {
        strbuf_fini(&stage->fake.seen[i]);
    }
}

static const struct emitter_options live = {.verdicts = VERDICTS_ALL, .writes_headers = true};
static const struct emitter_options replay = {.verdicts = VERDICTS_ALL, .writes_monitor = true};

// The second line of what the fake sink kept: the value.
static inline struct view seen_value(const struct strbuf *seen)
{
    const char *from = memchr(seen->p, '\n', seen->n);
    const char *to = strchr(from + 1, '\n');
    size_t n = to != NULL ? (size_t)(to - from - 1) : (size_t)(seen->p + seen->n - from - 1);
    return (struct view){from + 1, n};
}

// Compares a record and keeps its value as a sample of its schema.
static inline void check_record(
        struct stage *stage, size_t index, const char *sample, const char *expected)
{
    CU_ASSERT_FATAL(index < stage->fake.count);
    unit_check_text(sample, stage->fake.seen[index].p, expected);
    struct view value = seen_value(&stage->fake.seen[index]);
    if (!view_is(value, "(null)")) {
        keep_sample(sample, value);
    }
}

static inline struct digest_id id_of(uint8_t byte)
{
    struct digest_id id;
    memset(id.bytes, byte, sizeof id.bytes);
    return id;
}
