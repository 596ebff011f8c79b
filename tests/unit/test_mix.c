// mix: when two handfuls of messages are of one kind.
#include "decide/mix.h"

#include <stdio.h>

#include "unit.h"

static void test_differs(void)
{
    static const struct {
        uint32_t a[REASON_COUNT]; // no_record, other_tenant, wrong_debt, third_party, closed_loan
        uint32_t b[REASON_COUNT];
        bool differs;
    } rows[] = {
            {{3, 0, 1}, {0, 0, 0, 0, 4}, true},  // a wrong list and loans that are closed
            {{3, 0, 1}, {0, 0, 0, 0, 2}, false}, // too few to say
            {{2}, {0, 0, 0, 0, 2}, false},
            {{3}, {0, 0, 0, 0, 3}, false},
            {{4}, {0, 0, 0, 0, 4}, true},
            {{3, 0, 1}, {2, 1, 1}, false},
            {{5}, {4, 0, 0, 0, 1}, false},
            {{64}, {40, 0, 0, 0, 24}, true},
            {{6400}, {4000, 0, 0, 0, 2400}, true}, // as if of 64
            {{640, 64}, {64000, 6000}, false},
            {{0}, {40, 0, 0, 0, 24}, false},
            {{0}, {0}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (mix_differs(rows[i].a, rows[i].b) != rows[i].differs ||
                mix_differs(rows[i].b, rows[i].a) != rows[i].differs) {
            CU_FAIL("a row");
            printf("  row %zu\n", i);
        }
    }
}

// What is not a verdict about a person says nothing of the mix.
static void test_other_reasons(void)
{
    uint32_t a[REASON_COUNT] = {5};
    uint32_t b[REASON_COUNT] = {5};
    b[REASON_INVALID_NUMBER] = 60;
    b[REASON_CACHE_STALE] = 60;
    CU_ASSERT_FALSE(mix_differs(a, b));
    b[REASON_OPTED_OUT] = 60;
    CU_ASSERT_TRUE(mix_differs(a, b));
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"differs", test_differs}, {"other_reasons", test_other_reasons}, {NULL, NULL}};
    return unit_main(argc, argv, "mix", tests);
}
