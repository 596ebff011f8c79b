// Where sync stands in the topic, as Redis keeps it.
#include <string.h>

#include "common/clock.h"
#include "tests/support/unit.h"
#include "sync/sync_state.h"

static const char good[] = "sync1 7 0 1763769600000 1763769601000 0 3 0:0 12:15 -1:-1 a.topic";

static void reads_what_it_writes(void)
{
    struct sync_state state;
    struct strbuf text;
    strbuf_init(&text, SYNC_STATE_MAX_BYTES);
    CU_ASSERT_EQUAL_FATAL(sync_state_parse(&state, view_of(good)), ERR_NONE);
    CU_ASSERT_EQUAL(state.generation, 7);
    CU_ASSERT_EQUAL(state.source_ms, INT64_C(1763769600000));
    CU_ASSERT_EQUAL(state.ended_ms, INT64_C(1763769601000));
    CU_ASSERT_EQUAL(state.partition_count, 3);
    CU_ASSERT_EQUAL(state.positions[1].next, 12);
    CU_ASSERT_EQUAL(state.positions[1].reach, 15);
    CU_ASSERT_EQUAL(state.positions[2].next, -1);
    CU_ASSERT_STRING_EQUAL(state.topic, "a.topic");
    sync_state_add(&text, &state);
    CU_ASSERT_TRUE(view_is(strbuf_view(&text), good));
    strbuf_fini(&text);
}

static void refuses_what_is_not_exactly_that(void)
{
    static const char *const bad[] = {
            "",
            "sync1",
            "sync2 7 0 0 0 0 0 t",
            "sync1 0 0 0 0 0 0 t",
            "sync1 7 -1 0 0 0 0 t",
            "sync1 7 0 0 0 2 0 t",
            "sync1 7 0 0 0 0 1025 t",
            "sync1 7 0 0 0 0 1 5:4 t",
            "sync1 7 0 0 0 0 1 -2:4 t",
            "sync1 7 0 0 0 0 1 - t",
            "sync1 7 0 0 0 0 1 5 t",
            "sync1 7 0 0 0 0 2 5:5 t",
            "sync1 7 0 0 0 0 0 ",
            "sync1 9999999999999999999 0 0 0 0 0 t",
    };
    struct sync_state state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CU_ASSERT_EQUAL(sync_state_parse(&state, view_of(bad[i])), ERR_DATA);
    }
    for (size_t n = 0; n < sizeof good - sizeof "a.topic"; n++) {
        CU_ASSERT_EQUAL(sync_state_parse(&state, view_bytes(good, n)), ERR_DATA);
    }
}

static void the_largest_fits(void)
{
    struct sync_state state = {.generation = INT64_MAX / 100,
            .since_ms = CLOCK_END_MS,
            .source_ms = CLOCK_END_MS,
            .ended_ms = CLOCK_END_MS,
            .partition_count = SYNC_PARTITION_MAX};
    struct sync_state back;
    struct strbuf text;
    strbuf_init(&text, SYNC_STATE_MAX_BYTES);
    memset(state.topic, 't', sizeof state.topic - 1);
    for (int i = 0; i < SYNC_PARTITION_MAX; i++) {
        state.positions[i] = (struct sync_position){INT64_MAX / 100, INT64_MAX / 100};
    }
    sync_state_add(&text, &state);
    CU_ASSERT_EQUAL(text.failed, ERR_NONE);
    CU_ASSERT_EQUAL(sync_state_parse(&back, strbuf_view(&text)), ERR_NONE);
    CU_ASSERT_EQUAL(back.positions[SYNC_PARTITION_MAX - 1].reach, INT64_MAX / 100);
    strbuf_fini(&text);
}

static void reaches_when_every_partition_does(void)
{
    struct sync_state state = {.partition_count = 2, .positions = {{5, 5}, {7, 9}}};
    CU_ASSERT_FALSE(sync_state_reaches(&state));
    state.positions[1].next = 9;
    CU_ASSERT_TRUE(sync_state_reaches(&state));
    state.positions[0].next = 4;
    CU_ASSERT_FALSE(sync_state_reaches(&state));
}

static const struct unit_test tests[] = {
        {"reads_what_it_writes", reads_what_it_writes},
        {"refuses_what_is_not_exactly_that", refuses_what_is_not_exactly_that},
        {"the_largest_fits", the_largest_fits},
        {"reaches_when_every_partition_does", reaches_when_every_partition_does},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "sync_state", tests);
}
