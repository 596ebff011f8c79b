// The second half hears of a cache that is not trusted from sources that count nothing, because they
// wait for it.
#include "detect_line.h"
#include "unit.h"

#define AT INT64_C(1795334400000)

struct heard {
    unsigned suspect;
    unsigned recovered;
};

static enum err hear(void *self, const struct record *record)
{
    struct heard *heard = self;
    if (record->topic == OUT_ALERTS) {
        struct view text = record->value;
        heard->suspect += memmem(text.p, text.n, "cache.suspect", 13) != NULL;
        heard->recovered += memmem(text.p, text.n, "cache.recovered", 15) != NULL;
    }
    return ERR_NONE;
}

static void take(struct detect_line *line, int64_t offsets, enum cache_state cache, int64_t at_ms)
{
    static const struct frame_leaf leaf = {
            .key.ids = {[SCOPE_TENANT] = {"t", 1}}, .counts = {.judged = 1}};
    const struct frame frame = {.source_topic = VIEW("in"),
            .to_offset = offsets,
            .judged_at_ms = AT + at_ms,
            .cache = cache,
            .leaves = &leaf,
            .leaf_count = offsets > 0};
    bool gap = true;
    CU_ASSERT_EQUAL_FATAL(detect_line_frame(line, &frame, 0, at_ms, false, NULL, &gap), ERR_NONE);
    CU_ASSERT_FALSE(gap);
}

static void test_waiting(void)
{
    static const struct sink_ops ops = {hear};
    const struct emitter_options emits = {.group = VIEW("unit"), .instance = VIEW("unit")};
    struct heard heard = {0};
    struct config *config;
    struct emitter emitter;
    struct detect_line *line;
    CU_ASSERT_EQUAL_FATAL(config_create_default(&config), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(emitter_init(&emitter, (struct sink){&ops, &heard}, &emits), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(detect_line_create(&line, config, &emitter), ERR_NONE);
    take(line, 0, CACHE_UNREACHABLE, 0); // of which nothing was heard before
    take(line, 5, CACHE_TRUSTED, 10);
    take(line, 0, CACHE_UNREACHABLE, 100);
    take(line, 0, CACHE_UNREACHABLE, 1099);
    CU_ASSERT_EQUAL(heard.suspect, 0);
    take(line, 0, CACHE_UNREACHABLE, 1100); // a second of it
    CU_ASSERT_EQUAL(heard.suspect, 1);
    take(line, 3, CACHE_TRUSTED, 2000); // an old one says nothing
    take(line, 6, CACHE_TRUSTED, 5000);
    CU_ASSERT_EQUAL(heard.recovered, 0);
    take(line, 7, CACHE_TRUSTED, 9000);
    CU_ASSERT_EQUAL(heard.recovered, 1);
    CU_ASSERT_EQUAL(detect_line_counts(line).applied, 3);
    detect_line_destroy(line);
    emitter_fini(&emitter);
    config_destroy(config);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {{"waiting", test_waiting}, {NULL, NULL}};
    return unit_main(argc, argv, "detect_waiting", tests);
}
