// Late clearances through the whole detect half: a feed that is late leaves no trace in the counts, and
// speaks against nobody more than it would have without them.
#include "decide/decide_inside.h"
#include "late_world.h"
#include "unit.h"

enum { SEEDS = 6 };

static const struct late_options light = {
        .frames = 600, .step_ms = 700, .late_permille = 15, .bad_permille = 5};
// So late that scopes are held.
static const struct late_options heavy = {
        .frames = 400, .step_ms = 300, .late_permille = 400, .bad_permille = 10};

static void run(struct late_world *world)
{
    while (late_world_step(world)) {
    }
}

static void check_counts(const struct late_world *is, const struct late_world *should, bool history)
{
    uint32_t end = scopes_end(is->line->scopes);
    CU_ASSERT_EQUAL_FATAL(end, scopes_end(should->line->scopes));
    for (int32_t scope = 0; scope < (int32_t)end; scope++) {
        struct fold_counts a = fold_scope_counts(is->line->fold, scope);
        struct fold_counts b = fold_scope_counts(should->line->fold, scope);
        CU_ASSERT_EQUAL(a.judged, b.judged);
        CU_ASSERT_EQUAL(a.misdirected, b.misdirected);
        struct fold_history x = fold_scope_history(is->line->fold, scope);
        struct fold_history y = fold_scope_history(should->line->fold, scope);
        CU_ASSERT_TRUE(!history || (x.judged == y.judged && x.misdirected == y.misdirected));
        struct tenant_sums t = tenants_sums(is->line->decide->tenants, scope);
        struct tenant_sums u = tenants_sums(should->line->decide->tenants, scope);
        CU_ASSERT_TRUE(t.judged == u.judged && t.misdirected == u.misdirected &&
                       t.no_record == u.no_record);
    }
}

// Cleared within 30 s, the counts are those of a feed that was never late.
static void test_counts_are_exact(void)
{
    for (unsigned i = 0; i < 4 * SEEDS; i++) {
        struct late_options options = i % 2 == 0 ? light : heavy;
        options.seed = i;
        options.learning = i % 4 < 2;
        options.with_noise = i % 3 == 0;
        struct late_world cleared;
        struct late_world written;
        late_world_init(&cleared, &options, LATE_CLEARED);
        late_world_init(&written, &options, LATE_WRITTEN);
        run(&cleared);
        run(&written);
        const struct detect_counts counts = detect_line_counts(cleared.line);
        CU_ASSERT_TRUE(counts.cleared_late > 100);
        CU_ASSERT_EQUAL(counts.late_ignored, options.with_noise ? 3 * counts.cleared_late : 0);
        CU_ASSERT_EQUAL(counts.clearable_overflowed, 0);
        check_counts(&cleared, &written, i % 2 == 0);
        late_world_fini(&cleared);
        late_world_fini(&written);
    }
}

// Whether some statistic is below what it is at most.
static bool check_not_above(const struct late_world *is, const struct late_world *most)
{
    bool is_below = false;
    for (int32_t scope = 0; scope < (int32_t)scopes_end(most->line->scopes); scope++) {
        for (unsigned node = 0; node < NODE_COUNT; node++) {
            int64_t ratio = detect_ratio(is->line->detect, scope, node);
            CU_ASSERT_TRUE(ratio <= detect_ratio(most->line->detect, scope, node));
            is_below = is_below || ratio < detect_ratio(most->line->detect, scope, node);
        }
    }
    return is_below;
}

static void step_to_tally_frame(struct late_world *world)
{
    while (world->frames[world->folded].late_count > 0) {
        CU_ASSERT_TRUE_FATAL(late_world_step(world));
    }
    CU_ASSERT_TRUE_FATAL(late_world_step(world));
}

static void test_statistics_are_not_above(void)
{
    for (unsigned i = 0; i < SEEDS; i++) {
        struct late_options options = light;
        options.seed = 100 + i;
        options.with_noise = i % 2 == 0;
        struct late_world cleared;
        struct late_world never;
        late_world_init(&cleared, &options, LATE_CLEARED);
        late_world_init(&never, &options, LATE_NEVER);
        unsigned below = 0;
        for (unsigned frame = 0; frame < options.frames; frame++) {
            step_to_tally_frame(&cleared);
            step_to_tally_frame(&never);
            below += check_not_above(&cleared, &never);
        }
        CU_ASSERT_TRUE(below > options.frames / 4);
        CU_ASSERT_EQUAL(never.commands, 0); // or they would not be fed alike
        CU_ASSERT_TRUE(cleared.alerts <= never.alerts);
        late_world_fini(&cleared);
        late_world_fini(&never);
    }
}

// What is cleared twice, before it was there, or by a wrong tag, is not cleared.
static void test_noise_does_no_harm(void)
{
    for (unsigned i = 0; i < SEEDS; i++) {
        struct late_options options = i % 2 == 0 ? light : heavy;
        options.seed = 200 + i;
        struct late_world quiet;
        late_world_init(&quiet, &options, LATE_CLEARED);
        options.with_noise = true;
        struct late_world noisy;
        late_world_init(&noisy, &options, LATE_CLEARED);
        run(&quiet);
        run(&noisy);
        check_counts(&noisy, &quiet, true);
        CU_ASSERT_FALSE(check_not_above(&noisy, &quiet));
        CU_ASSERT_EQUAL(noisy.alerts, quiet.alerts);
        CU_ASSERT_EQUAL(noisy.commands, quiet.commands);
        late_world_fini(&quiet);
        late_world_fini(&noisy);
    }
}

// Saved and restored on the way: the same records, the same state.
static void test_restored(void)
{
    for (unsigned i = 0; i < SEEDS; i++) {
        struct late_options options = i % 2 == 0 ? light : heavy;
        options.seed = 300 + i;
        options.learning = true;
        options.with_noise = i % 3 == 0;
        struct late_world straight;
        struct late_world halted;
        late_world_init(&straight, &options, LATE_CLEARED);
        late_world_init(&halted, &options, LATE_CLEARED);
        run(&straight);
        while (late_world_step(&halted)) {
            if (halted.folded % 37 == 0) {
                late_world_restart(&halted);
            }
        }
        struct strbuf a;
        struct strbuf b;
        late_world_save(&straight, &a);
        late_world_save(&halted, &b);
        CU_ASSERT_TRUE(view_equal(strbuf_view(&a), strbuf_view(&b)));
        CU_ASSERT_EQUAL(straight.hash, halted.hash);
        strbuf_fini(&a);
        strbuf_fini(&b);
        late_world_fini(&straight);
        late_world_fini(&halted);
    }
}

// A feed so late that scopes are held: no hold is lifted for it, and each incident's numbers are those
// of the messages that were misdirected for good, or thereabouts.
static void test_incidents_are_corrected(void)
{
    struct late_options options = heavy;
    options.seed = 7;
    struct late_world cleared;
    struct late_world never;
    late_world_init(&cleared, &options, LATE_CLEARED);
    late_world_init(&never, &options, LATE_NEVER);
    run(&cleared);
    run(&never);
    CU_ASSERT_TRUE(cleared.alerts > 0);
    uint32_t at = 0;
    int64_t taken = 0;
    const struct incident *incident;
    while ((incident = incidents_open_after(cleared.line->decide->incidents, &at)) != NULL) {
        CU_ASSERT_TRUE(incident->escaped >= 0 && incident->held >= 0);
        CU_ASSERT_TRUE(incident->cleared > 10 * (incident->escaped + incident->held));
        taken += incident->cleared;
    }
    CU_ASSERT_TRUE(taken > 1000);
    late_world_fini(&cleared);
    late_world_fini(&never);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"counts_are_exact", test_counts_are_exact},
            {"statistics_are_not_above", test_statistics_are_not_above},
            {"noise_does_no_harm", test_noise_does_no_harm},
            {"restored", test_restored},
            {"incidents_are_corrected", test_incidents_are_corrected},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "late_clearance", tests);
}
