// Late clearances in the fold: which rows take a message back (K1–K3 of fold/clearables.h), what they
// take it from, and that a judge half which finds the record itself does not take it back twice.
#include <stdio.h>
#include <string.h>

#include "fold/fold_inside.h"
#include "unit.h"

#define AT INT64_C(1763769600000)

enum { SCOPES = 64, CHUNK = 3, FIRST = CHUNK << CHUNK_BITS };

struct bench {
    struct scopes *scopes;
    struct recent *recent;
    struct fold *fold;
    struct delta delta; // of the last frame
    int64_t log_time_ms;
    int64_t first; // of the chunk
    struct view source;
};

static void bench_init(struct bench *b)
{
    *b = (struct bench){.log_time_ms = AT, .first = FIRST, .source = VIEW("in")};
    CU_ASSERT_EQUAL_FATAL(scopes_create(&b->scopes, SCOPES), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(
            recent_create(&b->recent, &(const struct recent_options){.max_entries = 1000}),
            ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(fold_create(&b->fold, b->scopes, b->recent, 0), ERR_NONE);
}

static void bench_fini(struct bench *b)
{
    fold_destroy(b->fold);
    recent_destroy(b->recent);
    scopes_destroy(b->scopes);
}

static void fold_one(struct bench *b, const struct frame *frame)
{
    CU_ASSERT_EQUAL_FATAL(fold_frame(b->fold, frame, 0, 0, &b->delta), ERR_NONE);
}

// A frame up to `to`, with so many misdirected messages of the chunk by its counts, of which those at
// `offsets` are new. Recipients are told by the offset.
static void tally(
        struct bench *b, int64_t to, uint32_t misdirected, const int64_t *offsets, uint32_t count)
{
    struct frame_entry entries[8];
    const struct frame_leaf leaf = {
            .key.ids = {[SCOPE_CAMPAIGN] = VIEW("c"), [SCOPE_TENANT] = VIEW("t")},
            .counts = {.judged = (uint32_t)(to - b->first),
                    .misdirected = misdirected,
                    .reasons = {[REASON_NO_RECORD] = misdirected},
                    .last_judged_offset = to - 1}};
    for (uint32_t i = 0; i < count; i++) {
        entries[i] = (struct frame_entry){.offset = offsets[i],
                .tag = {(uint8_t)offsets[i]},
                .reasons = REASON_BIT(REASON_NO_RECORD),
                .occurred_at_ms = AT};
    }
    const struct frame frame = {.source_topic = b->source,
            .chunk = b->first >> CHUNK_BITS,
            .first_offset = b->first,
            .to_offset = to,
            .judged_at_ms = b->log_time_ms,
            .leaves = &leaf,
            .leaf_count = 1,
            .entries = entries,
            .entry_count = count};
    fold_one(b, &frame);
}

// Two misdirected messages, at 1 and 3 of ten.
static void tally_two(struct bench *b)
{
    const int64_t offsets[] = {FIRST + 1, FIRST + 3};
    tally(b, FIRST + 10, 2, offsets, 2);
}

// How many messages a late frame has taken back.
static uint32_t clear_tagged(struct bench *b, int64_t offset, uint8_t who)
{
    const struct frame_late late = {.offset = offset, .tag = {who}};
    const struct frame frame = {.source_topic = b->source,
            .judged_at_ms = b->log_time_ms,
            .late = &late,
            .late_count = 1};
    fold_one(b, &frame);
    CU_ASSERT_EQUAL(b->delta.applied, b->delta.clearance_count > 0);
    CU_ASSERT_EQUAL(b->delta.scope_count, 0);
    return b->delta.clearance_count;
}

static uint32_t clear(struct bench *b, int64_t offset)
{
    return clear_tagged(b, offset, (uint8_t)offset);
}

static int32_t campaign(struct bench *b)
{
    int32_t scope = SCOPE_NONE;
    CU_ASSERT_EQUAL_FATAL(
            scopes_intern(b->scopes, SCOPE_CAMPAIGN, VIEW("t"), VIEW("c"), VIEW_NONE, &scope),
            ERR_NONE);
    return scope;
}

static void check_campaign(struct bench *b, int64_t judged, int64_t misdirected)
{
    struct fold_counts counts = fold_scope_counts(b->fold, campaign(b));
    CU_ASSERT_EQUAL(counts.judged, judged);
    CU_ASSERT_EQUAL(counts.misdirected, misdirected);
}

static void test_once(void)
{
    struct bench b;
    bench_init(&b);
    CU_ASSERT_EQUAL(clear(&b, FIRST + 1), 0); // before it is there
    tally_two(&b);
    check_campaign(&b, 10, 2);
    CU_ASSERT_EQUAL(clear_tagged(&b, FIRST + 1, 99), 0); // somebody else's
    CU_ASSERT_EQUAL(clear(&b, FIRST + 2), 0);            // a healthy one
    b.source = VIEW("other");
    CU_ASSERT_EQUAL(clear(&b, FIRST + 1), 0);
    b.source = VIEW("in");
    check_campaign(&b, 10, 2);
    CU_ASSERT_EQUAL(clear(&b, FIRST + 1), 1);
    const struct delta_clearance *clearance = &b.delta.clearances[0];
    CU_ASSERT_EQUAL(clearance->scopes[SCOPE_CAMPAIGN], campaign(&b));
    CU_ASSERT_EQUAL(clearance->scopes[SCOPE_VENDOR], SCOPE_NONE);
    CU_ASSERT_EQUAL(clearance->uses[SCOPE_CAMPAIGN], ENTRY_FRESH);
    CU_ASSERT_EQUAL(clearance->reasons, REASON_BIT(REASON_NO_RECORD));
    CU_ASSERT_EQUAL(clearance->serial, 0);
    CU_ASSERT_TRUE(clearance->counts && !clearance->held);
    check_campaign(&b, 10, 1);
    CU_ASSERT_EQUAL(clear(&b, FIRST + 1), 0); // again
    check_campaign(&b, 10, 1);
    CU_ASSERT_EQUAL(clear(&b, FIRST + 3), 1);
    check_campaign(&b, 10, 0);
    CU_ASSERT_EQUAL(fold_scope_history(b.fold, campaign(&b)).misdirected, 0);
    CU_ASSERT_EQUAL(fold_scope_history(b.fold, campaign(&b)).judged, 10);
    const struct fold_late_counts late = fold_late_counts(b.fold);
    CU_ASSERT_EQUAL(late.cleared, 2);
    CU_ASSERT_EQUAL(late.ignored, 5);
    bench_fini(&b);
}

// K1: for 60 s of log time, not a millisecond more.
static void test_for_a_minute(void)
{
    for (unsigned i = 0; i < 2; i++) {
        struct bench b;
        bench_init(&b);
        tally_two(&b);
        b.log_time_ms += CLEARABLE_MS - 1 + i;
        CU_ASSERT_EQUAL(clear(&b, FIRST + 1), 1 - i);
        check_campaign(&b, 10, 1 + i);
        bench_fini(&b);
    }
}

// The chunk's counts go on saying that the message was misdirected.
static void test_counts_go_on(void)
{
    struct bench b;
    bench_init(&b);
    tally_two(&b);
    CU_ASSERT_EQUAL(clear(&b, FIRST + 1), 1);
    tally(&b, FIRST + 20, 3, (const int64_t[]){FIRST + 15}, 1);
    CU_ASSERT_EQUAL(b.delta.leaves[0].misdirected, 1);
    check_campaign(&b, 20, 2);
    b.first += CHUNK_OFFSETS; // F3: the next chunk begins with counts of its own
    tally(&b, b.first + 10, 1, (const int64_t[]){b.first + 4}, 1);
    check_campaign(&b, 30, 3);
    bench_fini(&b);
}

// A judge half that is started again finds the record: its counts come without the message, before or
// behind the late row, and with new misdirected ones beside.
static void test_taken_back_by_counts(void)
{
    for (unsigned order = 0; order < 4; order++) {
        struct bench b;
        bench_init(&b);
        tally_two(&b);
        if (order < 2) {
            CU_ASSERT_EQUAL(clear(&b, FIRST + 1), 1);
        }
        tally(&b, FIRST + 20, 2, (const int64_t[]){FIRST + 15}, 1); // 3 and 15
        check_campaign(&b, 20, 2);
        // what room is left for: the reason that came back with it
        CU_ASSERT_EQUAL(b.delta.leaves[0].reasons[REASON_NO_RECORD], order < 2 ? 1 : 0);
        if (order % 2 == 1) { // also once the chunk is over
            b.first += CHUNK_OFFSETS;
            tally(&b, b.first + 10, 0, NULL, 0);
        }
        if (order >= 2) {
            CU_ASSERT_EQUAL(clear(&b, FIRST + 1), 1);
            CU_ASSERT_FALSE(b.delta.clearances[0].counts);
        }
        int64_t judged = order % 2 == 1 ? 30 : 20;
        check_campaign(&b, judged, 2);
        CU_ASSERT_EQUAL(clear(&b, FIRST + 1), 0);
        check_campaign(&b, judged, 2);
        CU_ASSERT_EQUAL(clear(&b, FIRST + 15), 1); // another one counts
        CU_ASSERT_TRUE(b.delta.clearances[0].counts);
        check_campaign(&b, judged, 1);
        bench_fini(&b);
    }
}

// What counts have taken back is remembered for a minute as well.
static void test_advance_runs_out(void)
{
    struct bench b;
    bench_init(&b);
    tally_two(&b);
    tally(&b, FIRST + 20, 1, NULL, 0);
    CU_ASSERT_EQUAL(b.fold->advance_count, 1);
    b.log_time_ms += CLEARABLE_MS;
    tally(&b, FIRST + 30, 1, NULL, 0);
    CU_ASSERT_EQUAL(b.fold->advance_count, 0);
    check_campaign(&b, 30, 1);
    bench_fini(&b);
}

// Its recipient is met again for the first time, and nobody remembers the message.
static void test_recipient_is_forgotten(void)
{
    struct bench b;
    bench_init(&b);
    tally_two(&b);
    struct recent_entry entries[RECENT_MAX];
    uint64_t tag = 0;
    memcpy(&tag, &(uint8_t){(uint8_t)(FIRST + 1)}, 1);
    CU_ASSERT_TRUE(recent_has(b.recent, campaign(&b), tag, AT));
    CU_ASSERT_EQUAL(clear(&b, FIRST + 1), 1);
    CU_ASSERT_FALSE(recent_has(b.recent, campaign(&b), tag, AT));
    CU_ASSERT_EQUAL(recent_since(b.recent, campaign(&b), 0, entries), 1);
    CU_ASSERT_EQUAL(entries[0].serial, 1);
    bench_fini(&b);
}

// One that came while its campaign was held is no history, and says that it was held.
static void test_held(void)
{
    struct bench b;
    bench_init(&b);
    tally_two(&b);
    scopes_hold(b.scopes, campaign(&b), AT + 1000);
    tally(&b, FIRST + 20, 3, (const int64_t[]){FIRST + 15}, 1);
    scopes_lift(b.scopes, campaign(&b));
    CU_ASSERT_EQUAL(clear(&b, FIRST + 15), 1);
    CU_ASSERT_TRUE(b.delta.clearances[0].held);
    CU_ASSERT_EQUAL(b.delta.clearances[0].shadow, 1 << SCOPE_CAMPAIGN);
    CU_ASSERT_EQUAL(b.delta.clearances[0].uses[SCOPE_CAMPAIGN], ENTRY_UNUSED);
    check_campaign(&b, 20, 2);
    CU_ASSERT_EQUAL(fold_scope_history(b.fold, campaign(&b)).misdirected, 2);
    bench_fini(&b);
}

// What was taken off the tenant when the campaign was held is not taken back there once more.
static void test_explained(void)
{
    struct bench b;
    bench_init(&b);
    tally_two(&b);
    int32_t tenant = SCOPE_NONE;
    CU_ASSERT_EQUAL_FATAL(
            scopes_intern(b.scopes, SCOPE_TENANT, VIEW("t"), VIEW("t"), VIEW_NONE, &tenant),
            ERR_NONE);
    fold_explain(b.fold, tenant, campaign(&b));
    tally(&b, FIRST + 20, 3, (const int64_t[]){FIRST + 15}, 1); // came behind it
    CU_ASSERT_EQUAL(clear(&b, FIRST + 3), 1);
    CU_ASSERT_EQUAL(b.delta.clearances[0].uses[SCOPE_TENANT], ENTRY_UNUSED);
    CU_ASSERT_EQUAL(b.delta.clearances[0].uses[SCOPE_CAMPAIGN], ENTRY_FRESH);
    CU_ASSERT_EQUAL(clear(&b, FIRST + 15), 1);
    CU_ASSERT_EQUAL(b.delta.clearances[0].uses[SCOPE_TENANT], ENTRY_FRESH);
    CU_ASSERT_EQUAL(fold_scope_counts(b.fold, tenant).misdirected, 1);
    bench_fini(&b);
}

// K2: the oldest makes room.
static void test_ceiling(void)
{
    struct clearables clearables;
    clearables_init(&clearables);
    struct clearable message = {.log_time_ms = 1};
    uint32_t handle;
    for (int64_t i = 0; i <= CLEARABLE_MAX; i++) {
        message.offset = i;
        CU_ASSERT_EQUAL_FATAL(clearables_add(&clearables, &message, &handle), ERR_NONE);
    }
    CU_ASSERT_EQUAL(clearables_count(&clearables), CLEARABLE_MAX);
    CU_ASSERT_EQUAL(clearables.overflowed, 1);
    CU_ASSERT_EQUAL(clearables_find(&clearables, 0, 0), CLEARABLE_NONE);
    CU_ASSERT_EQUAL(clearables_at(&clearables, clearables_find(&clearables, 0, 1))->offset, 1);
    clearables_take(&clearables, clearables_find(&clearables, 0, 7)); // from the middle
    CU_ASSERT_EQUAL(clearables_find(&clearables, 0, 7), CLEARABLE_NONE);
    clearables_take(&clearables, clearables.newest);
    clearables_take(&clearables, clearables.oldest);
    CU_ASSERT_EQUAL(clearables_count(&clearables), CLEARABLE_MAX - 3);
    clearables_expire(&clearables, CLEARABLE_MS);
    CU_ASSERT_EQUAL(clearables_count(&clearables), CLEARABLE_MAX - 3);
    clearables_expire(&clearables, CLEARABLE_MS + 1);
    CU_ASSERT_EQUAL(clearables_count(&clearables), 0);
    CU_ASSERT_EQUAL(clearables.newest, CLEARABLE_NONE);
    clearables_fini(&clearables);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"once", test_once},
            {"for_a_minute", test_for_a_minute},
            {"counts_go_on", test_counts_go_on},
            {"taken_back_by_counts", test_taken_back_by_counts},
            {"advance_runs_out", test_advance_runs_out},
            {"recipient_is_forgotten", test_recipient_is_forgotten},
            {"held", test_held},
            {"explained", test_explained},
            {"ceiling", test_ceiling},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "fold_late", tests);
}
