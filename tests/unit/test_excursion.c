// A short excursion says bit by bit what the whole one says, and moves as it does.
#include "detect/excursion.h"

#include <string.h>

#include "frame_log.h"
#include "unit.h"

static bool sums_equal(const struct sums *a, const struct sums *b)
{
    bool equal = a->watched == b->watched && a->misdirected == b->misdirected &&
                 a->invalid == b->invalid;
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        equal = equal && a->signals[signal] == b->signals[signal];
    }
    return equal;
}

static bool excursions_equal(const struct excursion *a, const struct excursion *b)
{
    bool equal = a->tenant == b->tenant && a->lowest_level == b->lowest_level &&
                 a->highest_level == b->highest_level && sums_equal(&a->since, &b->since);
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        const struct bank_node *x = &a->bank.nodes[j];
        const struct bank_node *y = &b->bank.nodes[j];
        equal = equal && x->w_nat6 == y->w_nat6 && x->start == y->start && x->judged == y->judged &&
                x->misdirected == y->misdirected && x->guarded == y->guarded;
    }
    return equal;
}

// Random batches of one level: what can be shortened comes back as it was, and passes healthy
// messages as the whole does.
static void test_as_the_whole(void)
{
    uint64_t random = 11;
    unsigned shortened = 0;
    unsigned passed = 0;
    bool all_equal = true;
    for (unsigned round = 0; round < 40000; round++) {
        uint8_t level = (uint8_t)test_random_below(&random, LEVEL_COUNT);
        struct excursion whole = {.tenant = 7, .lowest_level = level, .highest_level = level};
        unsigned batches = 1 + test_random_below(&random, 4);
        for (unsigned i = 0; i < batches; i++) {
            const struct bank_batch batch = {.good = test_random_below(&random, 60),
                    .fresh = test_random_below(&random, 3),
                    .guarded = test_random_below(&random, 2),
                    .first = 1 + round};
            (void)bank_step(&whole.bank, &batch, level, true);
        }
        whole.since.watched = test_random_below(&random, 70000);
        whole.since.signals[SIGNAL_WALKING] = test_random_below(&random, 300);
        struct short_excursion at;
        if (!excursion_shorten(&whole, true, &at)) {
            continue;
        }
        shortened++;
        struct excursion again;
        excursion_lengthen(&at, true, &again);
        all_equal = all_equal && excursions_equal(&whole, &again);
        const struct sums_change sums = {.watched = test_random_below(&random, 100)};
        const struct bank_batch healthy = {.good = test_random_below(&random, 100)};
        if (excursion_pass(&at, healthy.good, level, true, &sums)) {
            passed++;
            (void)bank_step(&whole.bank, &healthy, level, true);
            sums_add(&whole.since, &sums);
            excursion_lengthen(&at, true, &again);
            all_equal = all_equal && excursions_equal(&whole, &again);
        }
    }
    CU_ASSERT_TRUE(all_equal);
    CU_ASSERT_TRUE(shortened > 5000 && shortened < 40000);
    CU_ASSERT_TRUE(passed > 5000);
}

// What does not fit stays whole.
static void test_does_not_fit(void)
{
    struct excursion whole = {.lowest_level = 3, .highest_level = 3};
    const struct bank_batch bad = {.fresh = 2, .first = 5};
    (void)bank_step(&whole.bank, &bad, 3, true);
    struct short_excursion at;
    CU_ASSERT_TRUE(excursion_shorten(&whole, true, &at));
    CU_ASSERT_FALSE(excursion_pass(&at, 1, 4, true, &(const struct sums_change){.watched = 1}));
    CU_ASSERT_FALSE(excursion_pass(&at, 70000, 3, true, &(const struct sums_change){.watched = 1}));
    CU_ASSERT_EQUAL(at.judged, 2); // nothing was done
    whole.highest_level = 4;
    CU_ASSERT_FALSE(excursion_shorten(&whole, true, &at));
    whole.highest_level = 3;
    whole.bank.nodes[1].w_nat6++; // not what the counts make
    CU_ASSERT_FALSE(excursion_shorten(&whole, true, &at));
    whole = (struct excursion){.lowest_level = 3, .highest_level = 3};
    bank_give_credit(&whole.bank, bank_credit_of_size(10000));
    CU_ASSERT_FALSE(excursion_shorten(&whole, true, &at));
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"as_the_whole", test_as_the_whole},
            {"does_not_fit", test_does_not_fit},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "excursion", tests);
}
