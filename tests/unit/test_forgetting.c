// Scopes whose traffic has ended are forgotten before the table is full: at once those that nothing
// speaks against, after a day those with a statistic above 0 that raises no tier.
#include <stdio.h>
#include <string.h>

#include "detect_line.h"
#include "unit.h"

enum { MAX_SCOPES = 80, CAMPAIGNS = 60, HOUR_MS = 3600 * 1000 };

static const int64_t start_ms = INT64_C(1795334400000);

struct line {
    struct config *config;
    struct emitter emitter;
    struct detect_line *line;
    int64_t chunk;
    uint32_t campaigns; // that have sent
};

static enum err drop_record(void *self, const struct record *record)
{
    (void)self;
    (void)record;
    return ERR_NONE;
}

static void line_init(struct line *l)
{
    static const struct sink_ops drops = {drop_record};
    const struct emitter_options emits = {.group = VIEW("unit"), .instance = VIEW("unit")};
    const struct sink sink = {&drops, NULL};
    *l = (struct line){.chunk = 0};
    CU_ASSERT_EQUAL_FATAL(config_create_default(&l->config), ERR_NONE);
    l->config->detector.max_scopes = MAX_SCOPES;
    CU_ASSERT_EQUAL_FATAL(emitter_init(&l->emitter, sink, &emits), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(detect_line_create(&l->line, l->config, &l->emitter), ERR_NONE);
}

static void line_fini(struct line *l)
{
    detect_line_destroy(l->line);
    emitter_fini(&l->emitter);
    config_destroy(l->config);
}

// A frame of one new campaign: three messages, `misdirected` of them.
static void new_campaign(struct line *l, uint32_t misdirected, int64_t at_ms)
{
    char id[16];
    snprintf(id, sizeof id, "c%u", l->campaigns++);
    int64_t first = l->chunk << CHUNK_BITS;
    struct frame_leaf leaf = {
            .key.ids = {[SCOPE_CAMPAIGN] = view_of(id), [SCOPE_TENANT] = VIEW("t")},
            .counts = {.judged = 3,
                    .misdirected = misdirected,
                    .reasons = {[REASON_NO_RECORD] = misdirected},
                    .last_occurred_at_ms = at_ms,
                    .last_judged_offset = first + 2}};
    struct frame_entry entry = {.offset = first,
            .reasons = REASON_BIT(REASON_NO_RECORD),
            .occurred_at_ms = at_ms,
            .message_id = VIEW("m")};
    memcpy(entry.tag, id, sizeof entry.tag);
    const struct frame frame = {.source_topic = VIEW("in"),
            .chunk = l->chunk,
            .first_offset = first,
            .to_offset = first + CHUNK_OFFSETS,
            .judged_at_ms = at_ms,
            .cache = CACHE_TRUSTED,
            .leaves = &leaf,
            .leaf_count = 1,
            .entries = &entry,
            .entry_count = misdirected};
    bool gap;
    CU_ASSERT_EQUAL_FATAL(
            detect_line_frame(l->line, &frame, 0, l->chunk, false, NULL, &gap), ERR_NONE);
    l->chunk++;
}

static void test_idle_scopes(void)
{
    static const struct {
        const char *name;
        uint32_t misdirected; // of each campaign
        int64_t idle_ms;
        bool are_forgotten;
    } rows[] = {
            {"healthy, not idle for long", 0, 9 * 60 * 1000, false},
            {"healthy", 0, 11 * 60 * 1000, true},
            {"a statistic above 0", 1, 11 * 60 * 1000, false},
            {"a statistic above 0, nearly a day", 1, 23 * HOUR_MS, false},
            {"a statistic above 0, a day", 1, 24 * HOUR_MS + 1000, true},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct line l;
        line_init(&l);
        for (unsigned c = 0; c < CAMPAIGNS; c++) {
            new_campaign(&l, rows[i].misdirected, start_ms);
        }
        CU_ASSERT_EQUAL(detect_line_counts(l.line).scopes_evicted, 0);
        for (unsigned c = 0; c < 30; c++) {
            new_campaign(&l, 0, start_ms + rows[i].idle_ms);
        }
        const struct detect_counts counts = detect_line_counts(l.line);
        if ((counts.scopes_evicted > 0) != rows[i].are_forgotten) {
            printf("    %s\n", rows[i].name);
        }
        CU_ASSERT_EQUAL(counts.scopes_evicted > 0, rows[i].are_forgotten);
        CU_ASSERT_EQUAL(counts.scopes_overflowed > 0, !rows[i].are_forgotten);
        line_fini(&l);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"idle_scopes", test_idle_scopes},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "forgetting", tests);
}
