// The second half hears of a cache that is not trusted from sources that count nothing, because they
// wait for it; and what people command though its offsets are behind.
#include "detect_line.h"
#include "unit.h"

#define AT INT64_C(1795334400000)

struct heard {
    unsigned suspect;
    unsigned recovered;
    unsigned outcomes;
};

static enum err hear(void *self, const struct record *record)
{
    struct heard *heard = self;
    if (record->topic == OUT_ALERTS) {
        struct view text = record->value;
        heard->suspect += memmem(text.p, text.n, "cache.suspect", 13) != NULL;
        heard->outcomes += memmem(text.p, text.n, "control.outcome", 15) != NULL;
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

struct rig {
    struct heard heard;
    struct config *config;
    struct emitter emitter;
    struct detect_line *line;
};

static void rig_init(struct rig *rig)
{
    static const struct sink_ops ops = {hear};
    const struct emitter_options emits = {.group = VIEW("unit"), .instance = VIEW("unit")};
    *rig = (struct rig){.config = NULL};
    CU_ASSERT_EQUAL_FATAL(config_create_default(&rig->config), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(
            emitter_init(&rig->emitter, (struct sink){&ops, &rig->heard}, &emits), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(detect_line_create(&rig->line, rig->config, &rig->emitter), ERR_NONE);
}

static void rig_fini(struct rig *rig)
{
    detect_line_destroy(rig->line);
    emitter_fini(&rig->emitter);
    config_destroy(rig->config);
}

static void test_waiting(void)
{
    struct rig rig;
    rig_init(&rig);
    struct detect_line *line = rig.line;
    take(line, 0, CACHE_UNREACHABLE, 0); // of which nothing was heard before
    take(line, 5, CACHE_TRUSTED, 10);
    take(line, 0, CACHE_UNREACHABLE, 100);
    take(line, 0, CACHE_UNREACHABLE, 1099);
    CU_ASSERT_EQUAL(rig.heard.suspect, 0);
    take(line, 0, CACHE_UNREACHABLE, 1100); // a second of it
    CU_ASSERT_EQUAL(rig.heard.suspect, 1);
    take(line, 3, CACHE_TRUSTED, 2000); // an old one says nothing
    take(line, 6, CACHE_TRUSTED, 5000);
    CU_ASSERT_EQUAL(rig.heard.recovered, 0);
    take(line, 7, CACHE_TRUSTED, 9000);
    CU_ASSERT_EQUAL(rig.heard.recovered, 1);
    CU_ASSERT_EQUAL(detect_line_counts(line).applied, 3);
    rig_fini(&rig);
}

static void command(struct rig *rig, int64_t offset, const char *control_id, int64_t issued_ms)
{
    const struct frame_control row = {.offset = offset,
            .control = {.control_id = view_of(control_id),
                    .scope = {SCOPE_CAMPAIGN, VIEW("t"), VIEW("c"), VIEW_NONE},
                    .operator_id = VIEW("li"),
                    .reason = VIEW("r"),
                    .issued_at_ms = issued_ms}};
    const struct frame frame = {.source_topic = VIEW("control"),
            .chunk = offset >> CHUNK_BITS,
            .first_offset = offset,
            .to_offset = offset + 1,
            .judged_at_ms = AT,
            .controls = &row,
            .control_count = 1};
    bool gap = true;
    CU_ASSERT_EQUAL_FATAL(
            detect_line_frame(rig->line, &frame, 0, offset, false, NULL, &gap), ERR_NONE);
    CU_ASSERT_FALSE(gap);
}

// Their topic begins anew: no command is lost, none is done twice, and no old one again.
static void test_controls_behind(void)
{
    struct rig rig;
    rig_init(&rig);
    command(&rig, 500, "c1", AT);
    CU_ASSERT_EQUAL(rig.heard.outcomes, 1);
    command(&rig, 500, "c1", AT);
    command(&rig, 0, "c1", AT);
    CU_ASSERT_EQUAL(rig.heard.outcomes, 1);
    command(&rig, 1, "c2", AT);
    CU_ASSERT_EQUAL(rig.heard.outcomes, 2);
    CU_ASSERT_EQUAL(detect_line_counts(rig.line).commands, 2);
    command(&rig, 2, "c3", AT - rig.config->control.max_age_ms - 1);
    CU_ASSERT_EQUAL(rig.heard.outcomes, 3); // refused
    CU_ASSERT_EQUAL(detect_line_counts(rig.line).commands, 2);
    CU_ASSERT_EQUAL(detect_line_counts(rig.line).applied, 1);
    rig_fini(&rig);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"waiting", test_waiting}, {"controls_behind", test_controls_behind}, {NULL, NULL}};
    return unit_main(argc, argv, "detect_waiting", tests);
}
