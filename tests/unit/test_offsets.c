// Which offsets may be committed: O1–O4, and a random run against a model that knows everything.
#include "consume/offsets.h"

#include <stdlib.h>

#include "unit.h"

static struct offsets *begun(int64_t settled)
{
    struct offsets *offsets = NULL;
    CU_ASSERT_EQUAL_FATAL(offsets_create(&offsets), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(offsets_begin(offsets, 3, settled), ERR_NONE);
    return offsets;
}

static struct segment *opened(struct offsets *offsets, int64_t to_offset)
{
    struct segment *segment = NULL;
    CU_ASSERT_EQUAL_FATAL(offsets_open(offsets, 3, to_offset, &segment), ERR_NONE);
    return segment;
}

// O1: neither an open segment nor one with something pending is passed, however much behind it is
// done. O2.
static void test_settles_in_order(void)
{
    struct offsets *offsets = begun(100);
    CU_ASSERT_TRUE(offsets_is_begun(offsets, 3));
    CU_ASSERT_FALSE(offsets_is_begun(offsets, 2));
    CU_ASSERT_EQUAL(offsets_partition_end(offsets), 4);
    struct segment *first = opened(offsets, 110);
    struct segment *second = opened(offsets, 120);
    offsets_sent(first);
    offsets_sent(first);
    offsets_done(offsets, second);
    CU_ASSERT_EQUAL(offsets_settled(offsets, 3), 100);
    offsets_reported(offsets, first, ERR_NONE);
    offsets_done(offsets, first);
    CU_ASSERT_EQUAL(offsets_settled(offsets, 3), 100);
    CU_ASSERT_EQUAL(offsets_unsettled(offsets), 2);
    offsets_reported(offsets, first, ERR_NONE);
    CU_ASSERT_EQUAL(offsets_settled(offsets, 3), 120);
    CU_ASSERT_EQUAL(offsets_unsettled(offsets), 0);
    offsets_destroy(offsets);
}

// O1: what is judged again below the settled offset does not move it back.
static void test_never_back(void)
{
    struct offsets *offsets = begun(5000);
    offsets_done(offsets, opened(offsets, 4096));
    CU_ASSERT_EQUAL(offsets_settled(offsets, 3), 5000);
    struct segment *segment = opened(offsets, 4990);
    offsets_extend(segment, 5010);
    offsets_done(offsets, segment);
    CU_ASSERT_EQUAL(offsets_settled(offsets, 3), 5010);
    offsets_destroy(offsets);
}

// O3: the reports of a partition that has gone, also when it has begun anew meanwhile.
static void test_reports_after_close(void)
{
    struct offsets *offsets = begun(0);
    struct segment *old = opened(offsets, 10);
    offsets_sent(old);
    offsets_done(offsets, old);
    // done, but behind the first: freed with the partition
    offsets_done(offsets, opened(offsets, 20));
    CU_ASSERT_EQUAL_FATAL(offsets_begin(offsets, 3, 0), ERR_NONE);
    CU_ASSERT_EQUAL(offsets_unsettled(offsets), 0);
    struct segment *fresh = opened(offsets, 10);
    offsets_reported(offsets, old, ERR_UNAVAILABLE);
    CU_ASSERT_FALSE(offsets_has_failed(offsets, 3));
    CU_ASSERT_EQUAL(offsets_settled(offsets, 3), 0);
    offsets_done(offsets, fresh);
    CU_ASSERT_EQUAL(offsets_settled(offsets, 3), 10);
    offsets_close(offsets, 3);
    CU_ASSERT_FALSE(offsets_is_begun(offsets, 3));
    offsets_close(offsets, 3);
    offsets_destroy(offsets);
}

// O4.
static void test_failed_is_stuck(void)
{
    struct offsets *offsets = begun(0);
    struct segment *first = opened(offsets, 10);
    struct segment *second = opened(offsets, 20);
    offsets_sent(first);
    offsets_reported(offsets, first, ERR_UNAVAILABLE);
    CU_ASSERT_TRUE(offsets_has_failed(offsets, 3));
    offsets_done(offsets, first);
    offsets_done(offsets, second);
    CU_ASSERT_EQUAL(offsets_settled(offsets, 3), 0);
    CU_ASSERT_EQUAL(offsets_unsettled(offsets), 2);
    CU_ASSERT_EQUAL_FATAL(offsets_begin(offsets, 3, 0), ERR_NONE);
    CU_ASSERT_FALSE(offsets_has_failed(offsets, 3));
    CU_ASSERT_EQUAL(offsets_unsettled(offsets), 0);
    offsets_destroy(offsets);
}

static void test_ceiling(void)
{
    struct offsets *offsets = begun(0);
    CU_ASSERT_EQUAL(offsets_begin(offsets, -1, 0), ERR_CEILING);
    CU_ASSERT_EQUAL(offsets_begin(offsets, INT32_MAX, 0), ERR_CEILING);
    CU_ASSERT_EQUAL(offsets_reached(offsets, 3), -1);
    opened(offsets, 17);
    CU_ASSERT_EQUAL(offsets_reached(offsets, 3), 17);
    offsets_destroy(offsets);
}

// --- a random run --------------------------------------------------------------------------------

enum { SEGMENTS = 400, STEPS = 20000 };

struct model_segment {
    struct segment *segment;
    int64_t to_offset;
    unsigned pending;
    bool done;
    bool failed;
};

// The settled offset by its definition.
static int64_t model_settled(const struct model_segment *segments, unsigned count, int64_t begun_at)
{
    int64_t settled = begun_at;
    for (unsigned i = 0; i < count && segments[i].done && segments[i].pending == 0; i++) {
        if (segments[i].failed) {
            break;
        }
        settled = segments[i].to_offset;
    }
    return settled;
}

static void test_random_against_model(void)
{
    srand(11);
    for (unsigned round = 0; round < 50; round++) {
        struct offsets *offsets = begun(1000);
        struct model_segment segments[SEGMENTS];
        unsigned count = 0;
        bool failed = false;
        int64_t frozen_at = 0;
        for (unsigned step = 0; step < STEPS / 50; step++) {
            struct model_segment *any = count > 0 ? &segments[rand() % (int)count] : NULL;
            int what = rand() % 10;
            if (what < 3 && count < SEGMENTS) {
                int64_t to_offset = (count > 0 ? segments[count - 1].to_offset : 1000) + rand() % 5;
                segments[count++] = (struct model_segment){
                        opened(offsets, to_offset), to_offset, 0, false, false};
            } else if (what < 6 && any != NULL && !any->done) {
                offsets_sent(any->segment);
                any->pending++;
            } else if (what < 8 && any != NULL && any->pending > 0) {
                bool fails = round % 2 == 1 && rand() % 100 == 0;
                if (fails && !failed) {
                    failed = true;
                    any->failed = true;
                    frozen_at = model_settled(segments, count, 1000);
                }
                any->pending--;
                offsets_reported(offsets, any->segment, fails ? ERR_UNAVAILABLE : ERR_NONE);
            } else if (any != NULL && !any->done) {
                any->done = true;
                offsets_done(offsets, any->segment);
            }
            int64_t expected = failed ? frozen_at : model_settled(segments, count, 1000);
            CU_ASSERT_EQUAL(offsets_settled(offsets, 3), expected);
        }
        offsets_close(offsets, 3);
        for (unsigned i = 0; i < count; i++) { // the late reports free what is left
            bool freed = !failed && segments[i].to_offset <= model_settled(segments, count, 1000) &&
                         segments[i].done && segments[i].pending == 0;
            for (; !freed && segments[i].pending > 0; segments[i].pending--) {
                offsets_reported(offsets, segments[i].segment, ERR_NONE);
            }
            if (!freed && !segments[i].done) {
                offsets_done(offsets, segments[i].segment);
            }
        }
        offsets_destroy(offsets);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"settles_in_order", test_settles_in_order},
            {"never_back", test_never_back},
            {"reports_after_close", test_reports_after_close},
            {"failed_is_stuck", test_failed_is_stuck},
            {"ceiling", test_ceiling},
            {"random_against_model", test_random_against_model},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "offsets", tests);
}
