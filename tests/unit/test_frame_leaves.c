// Leaves of a tally frame are written by hand: byte for byte what the generated code makes of them.
#include "state/frame_leaves.h"

#include <stdlib.h>

#include "frame_log.h"
#include "state/frame_codec.h"
#include "tally_frame.pb-c.h"
#include "unit.h"

enum { ARENA_BYTES = 16 * 1024 * 1024, LEAF_MEMBERS = 16, LEAVES = 5, FRAMES = 400 };

static struct arena *arena;
static struct strbuf bytes;

static void begin(void)
{
    arena = arena_create(ARENA_BYTES);
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    strbuf_init(&bytes, FRAME_MAX_BYTES);
}

static void end(void)
{
    arena_destroy(arena);
    strbuf_fini(&bytes);
}

// Of any magnitude: as often 0 as with its highest bit set.
static uint64_t any_number(uint64_t *random, unsigned bits)
{
    uint64_t number = (uint64_t)test_random(random) << 32 | test_random(random);
    return number >> (64 - bits) >> test_random_below(random, bits);
}

static struct view any_text(uint64_t *random)
{
    size_t n = test_random_below(random, 3) == 0 ? test_random_below(random, ID_MAX_BYTES + 1)
                                                 : test_random_below(random, 20);
    char *copy = arena_take(arena, n + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    for (size_t i = 0; i < n; i++) {
        copy[i] = (char)('a' + i % 26);
    }
    return n == 0 ? VIEW_NONE : view_bytes(copy, n);
}

static struct frame_leaf any_leaf(uint64_t *random)
{
    struct frame_leaf leaf = {.key = {.channel = any_text(random)}};
    struct leaf_counts *counts = &leaf.counts;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        leaf.key.ids[kind] = any_text(random);
    }
    counts->judged = (uint32_t)any_number(random, 32);
    counts->misdirected = (uint32_t)any_number(random, 32);
    counts->unknown = (uint32_t)any_number(random, 32);
    counts->exempt = (uint32_t)any_number(random, 32);
    counts->last_judged_offset = (int64_t)any_number(random, 64);
    counts->last_misdirected = test_random_below(random, 2) == 0;
    counts->last_occurred_at_ms = (int64_t)any_number(random, 64);
    counts->planned_size = (int64_t)any_number(random, 64);
    for (unsigned i = test_random_below(random, REASON_COUNT + 1); i-- > 0;) {
        counts->reasons[i] = (uint32_t)any_number(random, 32);
    }
    for (unsigned i = test_random_below(random, SIGNAL_COUNT + 1); i-- > 0;) {
        counts->signals[i] = (uint32_t)any_number(random, 32);
    }
    return leaf;
}

static void expect_counts(const uint32_t *packed, size_t n, const uint32_t *counts, size_t count)
{
    CU_ASSERT_FATAL(n <= count);
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(i < n ? packed[i] : 0, counts[i]);
    }
}

static void expect_leaf(const Wrongnumber__V1__Leaf *pb, const struct frame_leaf *leaf)
{
    const struct leaf_counts *counts = &leaf->counts;
    CU_ASSERT_TRUE(view_equal(view_of(pb->tenant_id), leaf->key.ids[SCOPE_TENANT]));
    CU_ASSERT_TRUE(view_equal(view_of(pb->campaign_id), leaf->key.ids[SCOPE_CAMPAIGN]));
    CU_ASSERT_TRUE(view_equal(view_of(pb->template_id), leaf->key.ids[SCOPE_TEMPLATE]));
    CU_ASSERT_TRUE(view_equal(view_of(pb->sender_id), leaf->key.ids[SCOPE_SENDER]));
    CU_ASSERT_TRUE(view_equal(view_of(pb->vendor_id), leaf->key.ids[SCOPE_VENDOR]));
    CU_ASSERT_TRUE(view_equal(view_of(pb->channel), leaf->key.channel));
    CU_ASSERT_EQUAL(pb->judged, counts->judged);
    CU_ASSERT_EQUAL(pb->misdirected, counts->misdirected);
    CU_ASSERT_EQUAL(pb->unknown, counts->unknown);
    CU_ASSERT_EQUAL(pb->exempt, counts->exempt);
    CU_ASSERT_EQUAL((int64_t)pb->last_judged_offset, counts->last_judged_offset);
    CU_ASSERT_EQUAL(pb->last_misdirected != 0, counts->last_misdirected);
    CU_ASSERT_EQUAL((int64_t)pb->last_occurred_at, counts->last_occurred_at_ms);
    CU_ASSERT_EQUAL((int64_t)pb->planned_size, counts->planned_size);
    expect_counts(pb->reasons, pb->n_reasons, counts->reasons, REASON_COUNT);
    expect_counts(pb->signals, pb->n_signals, counts->signals, SIGNAL_COUNT);
}

static void expect_as_generated(const struct frame *frame)
{
    strbuf_reset(&bytes);
    CU_ASSERT_EQUAL_FATAL(frame_encode(&bytes, frame, arena), ERR_NONE);
    struct view wire = strbuf_view(&bytes);
    Wrongnumber__V1__TallyFrame *pb =
            wrongnumber__v1__tally_frame__unpack(NULL, wire.n, (const uint8_t *)wire.p);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pb);
    CU_ASSERT_EQUAL_FATAL(pb->n_leaves, frame->leaf_count);
    for (uint32_t i = 0; i < frame->leaf_count; i++) {
        expect_leaf(pb->leaves[i], &frame->leaves[i]);
    }
    size_t n = wrongnumber__v1__tally_frame__get_packed_size(pb);
    uint8_t *packed = malloc(n);
    CU_ASSERT_PTR_NOT_NULL_FATAL(packed);
    CU_ASSERT_EQUAL(wrongnumber__v1__tally_frame__pack(pb, packed), n);
    CU_ASSERT_TRUE(view_equal(wire, view_bytes((const char *)packed, n)));
    free(packed);
    wrongnumber__v1__tally_frame__free_unpacked(pb, NULL);
}

static void test_written_as_generated(void)
{
    begin();
    uint64_t random = 7;
    for (unsigned i = 0; i < FRAMES; i++) {
        arena_reset(arena);
        struct frame_leaf leaves[LEAVES];
        uint32_t count = test_random_below(&random, LEAVES + 1);
        for (uint32_t at = 0; at < count; at++) {
            leaves[at] = any_leaf(&random);
        }
        // What comes ahead of the leaves and what comes behind them.
        const struct frame_entry entry = {.offset = i, .message_id = VIEW("m")};
        const struct frame frame = {
                .source_topic = VIEW("t"),
                .to_offset = i,
                .cache = CACHE_STALE,
                .leaves = leaves,
                .leaf_count = count,
                .entries = &entry,
                .entry_count = count > 0,
                .has_totals = i % 2 != 0,
                .totals = {.judged = i},
        };
        expect_as_generated(&frame);
    }
    end();
}

// What frame_leaves.c does not know of would be lost.
static void test_knows_every_member(void)
{
    CU_ASSERT_EQUAL(wrongnumber__v1__leaf__descriptor.n_fields, LEAF_MEMBERS);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"written_as_generated", test_written_as_generated},
            {"knows_every_member", test_knows_every_member},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "frame_leaves", tests);
}
