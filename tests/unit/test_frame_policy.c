// Frames with a policy on the wire.
#include "state/frame_codec.h"

#include <string.h>

#include "unit.h"

#define AT INT64_C(1763769600000)

enum { ARENA_BYTES = 64 * 1024 * 1024 };

static char long_policy[FRAME_POLICY_MAX_BYTES + 1];
static struct arena *arena;

static enum err over_the_wire(const struct frame *frame, struct frame *ret_back)
{
    struct strbuf bytes;
    const char *why = NULL;
    strbuf_init(&bytes, FRAME_MAX_BYTES);
    CU_ASSERT_EQUAL_FATAL(frame_encode(&bytes, frame, arena), ERR_NONE);
    enum err e = frame_decode(arena_copy(arena, strbuf_view(&bytes)), arena, ret_back, &why);
    CU_ASSERT_EQUAL(e == ERR_NONE, why == NULL);
    strbuf_fini(&bytes);
    return e;
}

// A frame with a policy has nothing else, and comes back as it was.
static void spoil_policy(unsigned which, struct frame *frame, const struct frame_leaf *leaf,
        const struct frame_late *late)
{
    struct frame_policy *policy = &frame->policy;
    switch (which) {
    case 0:
        policy->serial = -1;
        break;
    case 1:
        policy->serial = INT64_MAX;
        break;
    case 2:
        policy->version = VIEW("0123456789abcde");
        break;
    case 3:
        policy->version = VIEW("0123456789ABCDEF");
        break;
    case 4:
        policy->text = VIEW("");
        break;
    case 5:
        policy->text = view_bytes(long_policy, sizeof long_policy);
        break;
    case 6:
        frame->leaves = leaf;
        frame->leaf_count = 1;
        frame->to_offset = 10;
        break;
    case 7:
        frame->late = late;
        frame->late_count = 1;
        break;
    case 8:
        frame->to_offset = 1;
        break;
    case 9:
        frame->has_totals = true;
        break;
    case 10:
        frame->watermark_ms = AT;
        break;
    case 11:
        frame->cache = CACHE_STALE;
        break;
    default:
        break;
    }
}

static void test_policy(void)
{
    enum { SPOILED = 12 };
    arena = arena_create(ARENA_BYTES);
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    memset(long_policy, 'x', sizeof long_policy);
    const struct frame_leaf leaf = {
            .key.ids[SCOPE_TENANT] = VIEW("t"), .counts = {.judged = 1, .last_occurred_at_ms = AT}};
    const struct frame_late late = {.offset = 3};
    const struct frame good = {.source_topic = VIEW("tallies"),
            .source_partition = 2,
            .judged_at_ms = AT,
            .policy = {7, VIEW("0123456789abcdef"), VIEW("policy: {mode: monitor}\n")}};
    for (unsigned which = 0; which <= SPOILED; which++) {
        struct frame frame = good;
        struct frame back;
        spoil_policy(which, &frame, &leaf, &late);
        CU_ASSERT_EQUAL(over_the_wire(&frame, &back), which == SPOILED ? ERR_NONE : ERR_DATA);
    }
    struct frame back;
    CU_ASSERT_EQUAL_FATAL(over_the_wire(&good, &back), ERR_NONE);
    CU_ASSERT_EQUAL(back.policy.serial, 7);
    CU_ASSERT_TRUE(view_is(back.policy.version, "0123456789abcdef"));
    CU_ASSERT_TRUE(view_is(back.policy.text, "policy: {mode: monitor}\n"));
    struct frame largest = good;
    largest.policy.text = view_bytes(long_policy, FRAME_POLICY_MAX_BYTES);
    CU_ASSERT_EQUAL(over_the_wire(&largest, &back), ERR_NONE);
    arena_destroy(arena);
}

static const struct unit_test tests[] = {
        {"policy", test_policy},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "frame_policy", tests);
}
