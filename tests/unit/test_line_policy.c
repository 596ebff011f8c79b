// A policy in the tally log: from its frame on the partition goes by it, whoever folds the log, with what
// policy of its own, and with however many snapshots between.
#include "policy/policy_text.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/config_text.h"
#include "tests/support/late_world.h"
#include "unit.h"

enum { FRAMES = 60, SWITCH = 6, TEXT_BYTES = 16 * 1024, STATE_BYTES = 64 << 20 };

static const char *const monitor = "policy: {mode: monitor, acknowledge_within: 1m}\n";
static const char *const enforce = "policy: {mode: enforce, hold_cap: 2}\n";
static const char *const strange = "policy: {mode: monitor, hold_cap: 1, flap_limit: 9}\n"
                                   "detector: {budget: 1e6}\n";

// A world in which campaigns go wrong, folded by a process with that policy.
static void begin(struct late_world *world, const char *own)
{
    const struct late_options options = {
            .seed = 5, .frames = FRAMES, .step_ms = 2000, .bad_permille = 400, .learning = true};
    late_world_init(world, &options, LATE_NEVER);
    detect_line_destroy(world->line);
    config_destroy(world->config);
    world->config = config_text_good(own);
    CU_ASSERT_EQUAL_FATAL(
            detect_line_create(&world->line, world->config, &world->emitter), ERR_NONE);
}

// A frame that says so comes before the at-th.
static void put(struct late_world *world, uint32_t at, int64_t serial, const char *yaml)
{
    struct config *config = config_text_good(yaml);
    struct strbuf text;
    strbuf_init(&text, TEXT_BYTES);
    CU_ASSERT_EQUAL_FATAL(policy_text_add(&text, &config->policy), ERR_NONE);
    memmove(&world->frames[at + 1], &world->frames[at],
            (world->count - at) * sizeof *world->frames);
    world->count++;
    world->frames[at] = (struct frame){.source_topic = VIEW("tallies"),
            .judged_at_ms = INT64_C(1895334400000), // drives no log time
            .policy = {serial, arena_copy(world->arena, view_of(config->policy.version)),
                    arena_copy(world->arena, strbuf_view(&text))}};
    strbuf_fini(&text);
    config_destroy(config);
}

// What the whole log leads to, saved and restored every so many frames.
static uint64_t fold(struct late_world *world, unsigned restart_frames)
{
    while (late_world_step(world)) {
        if (restart_frames != 0 && world->folded % restart_frames == 0) {
            late_world_restart(world);
        }
    }
    return world->hash;
}

static uint64_t fold_switched(
        const char *own, unsigned restart_frames, uint64_t *ret_commands, struct strbuf *state)
{
    struct late_world world;
    begin(&world, own);
    put(&world, 0, 1, monitor);
    put(&world, SWITCH, 2, enforce);
    uint64_t hash = fold(&world, restart_frames);
    *ret_commands = world.commands;
    if (state != NULL) {
        late_world_save(&world, state);
    }
    late_world_fini(&world);
    return hash;
}

static void test_the_log_says_it(void)
{
    static const char *const owns[] = {monitor, enforce, strange};
    struct strbuf state;
    uint64_t commands;
    const uint64_t expected = fold_switched(monitor, 0, &commands, &state);
    CU_ASSERT_TRUE(commands > 1); // in monitor mode, and then sent
    for (size_t i = 0; i < sizeof owns / sizeof *owns; i++) {
        for (unsigned restart = 0; restart < 5; restart += 2) {
            struct strbuf again;
            uint64_t found;
            CU_ASSERT_EQUAL(fold_switched(owns[i], restart, &found, &again), expected);
            CU_ASSERT_EQUAL(found, commands);
            CU_ASSERT_TRUE(restart > 0 || view_equal(strbuf_view(&state), strbuf_view(&again)));
            strbuf_fini(&again);
        }
    }
    strbuf_fini(&state);
    // By either of them for all of the log other things follow: the switch matters.
    for (size_t i = 0; i < 2; i++) {
        struct late_world world;
        begin(&world, owns[i]);
        put(&world, 0, 1, owns[i]);
        put(&world, SWITCH, 2, owns[i]);
        CU_ASSERT_NOT_EQUAL(fold(&world, 0), expected);
        late_world_fini(&world);
    }
}

static void goes_by(struct late_world *world, const char *yaml, int64_t serial)
{
    struct config *config = config_text_good(yaml);
    const struct detect_policy now = detect_line_policy(world->line);
    CU_ASSERT_TRUE(view_is(now.version, config->policy.version));
    CU_ASSERT_EQUAL(now.serial, serial);
    CU_ASSERT_EQUAL(world->line->policy->mode, config->policy.mode);
    CU_ASSERT_EQUAL(world->line->policy->budget, config->policy.budget);
    config_destroy(config);
}

// Only above the serials before it; one that cannot be read does nothing but use up its serial, so that who can
// read it folds what follows alike.
static void test_serials(void)
{
    struct late_world world;
    begin(&world, strange);
    put(&world, 1, 5, monitor);
    put(&world, 2, 5, enforce);
    put(&world, 3, 4, enforce);
    put(&world, 4, 6, strange);
    put(&world, 5, 7, enforce);
    put(&world, 6, 8, monitor);
    put(&world, 7, 8, enforce);
    put(&world, 8, 9, monitor);
    world.frames[5].policy.text = VIEW("policy: {mode: perhaps}");
    world.frames[6].policy.text = VIEW("kafka: {bootstrap: \"elsewhere:9092\"}");
    CU_ASSERT_TRUE(late_world_step(&world));
    goes_by(&world, strange, 0);
    CU_ASSERT_EQUAL(detect_line_log_time_ms(world.line), world.frames[0].judged_at_ms);
    for (unsigned i = 0; i < 3; i++) {
        CU_ASSERT_TRUE(late_world_step(&world));
        goes_by(&world, monitor, 5);
    }
    CU_ASSERT_EQUAL(detect_line_log_time_ms(world.line), world.frames[0].judged_at_ms);
    CU_ASSERT_EQUAL(detect_line_policy(world.line).told_ms, world.frames[0].judged_at_ms);
    for (unsigned i = 0; i < 3; i++) {
        CU_ASSERT_TRUE(late_world_step(&world));
        goes_by(&world, strange, 6);
        CU_ASSERT_EQUAL(detect_line_policy(world.line).refused, i);
    }
    late_world_restart(&world);
    goes_by(&world, strange, 6);
    CU_ASSERT_EQUAL(detect_line_policy(world.line).highest_serial, 8);
    CU_ASSERT_TRUE(late_world_step(&world)); // with 8 again
    goes_by(&world, strange, 6);
    CU_ASSERT_TRUE(late_world_step(&world));
    goes_by(&world, monitor, 9);
    late_world_fini(&world);
}

// What is set from outside holds until the log says something.
static void test_until_the_log_says(void)
{
    struct late_world world;
    struct config *given = config_text_good(enforce);
    begin(&world, strange);
    put(&world, 0, 1, monitor);
    detect_line_set_policy(world.line, &given->policy);
    goes_by(&world, enforce, 0);
    CU_ASSERT_TRUE(late_world_step(&world));
    goes_by(&world, monitor, 1);
    CU_ASSERT_EQUAL(detect_line_policy(world.line).told_ms, 0); // there is no log time yet
    CU_ASSERT_TRUE(late_world_step(&world));
    CU_ASSERT_EQUAL(detect_line_policy(world.line).told_ms, world.frames[1].judged_at_ms);
    detect_line_set_policy(world.line, &world.config->policy);
    goes_by(&world, monitor, 1);
    late_world_fini(&world);
    config_destroy(given);
}

// A saved policy that is none is a damaged state.
static void test_damaged(void)
{
    struct late_world world;
    struct strbuf state;
    begin(&world, strange);
    put(&world, 0, 1, monitor);
    CU_ASSERT_TRUE(late_world_step(&world));
    late_world_save(&world, &state);
    char *at = memmem(state.p, state.n, "monitor", strlen("monitor"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    memcpy(at, "monitol", strlen("monitol"));
    struct detect_line *line;
    CU_ASSERT_EQUAL_FATAL(detect_line_create(&line, world.config, &world.emitter), ERR_NONE);
    struct archive reader = archive_reader(strbuf_view(&state));
    detect_line_archive(line, &reader);
    CU_ASSERT_EQUAL(archive_end(&reader), ERR_DATA);
    unit_check_text("why", reader.wrong, "policy: its text");
    detect_line_destroy(line);
    strbuf_fini(&state);
    late_world_fini(&world);
}

static const struct unit_test tests[] = {
        {"the_log_says_it", test_the_log_says_it},
        {"serials", test_serials},
        {"until_the_log_says", test_until_the_log_says},
        {"damaged", test_damaged},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "line_policy", tests);
}
