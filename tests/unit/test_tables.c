// The detector's constants: written again by their generator and compared byte for byte, and looked
// at for themselves.
#include "detect/tables.h"

#include "table_file.h"
#include "unit.h"

static void test_generated_again(void)
{
    table_file_check("processor/detect/tables.inc", "");
}

// The ladder's ends (0.02 % and 3.6 %), and that it rounds up.
static void test_ladder(void)
{
    CU_ASSERT_EQUAL(table_baseline_ppb(0), 200000);
    CU_ASSERT_EQUAL(table_baseline_ppb(LEVEL_COUNT - 1), 36203868);
    for (unsigned level = 0; level < LEVEL_COUNT; level++) {
        CU_ASSERT_EQUAL(table_level_up(table_baseline_ppb(level)), level);
        if (level + 1 < LEVEL_COUNT) {
            CU_ASSERT_EQUAL(table_level_up(table_baseline_ppb(level) + 1), level + 1);
        }
    }
    CU_ASSERT_EQUAL(table_level_up(0), 0);
    CU_ASSERT_EQUAL(table_level_up(INT64_MAX), LEVEL_COUNT - 1);
}

// What keeps the guarantee: steps up fall and steps down rise as the baseline rises, and a guarded
// step is never more than a full one.
static void test_steps_are_ordered(void)
{
    for (unsigned level = 0; level < LEVEL_COUNT; level++) {
        const struct step_table steps = table_steps(level);
        for (unsigned j = 0; j < NODE_COUNT; j++) {
            CU_ASSERT_TRUE(steps.up[j] > 0 && steps.down[j] > 0);
            CU_ASSERT_TRUE(steps.up_guarded[j] >= 0 && steps.up_guarded[j] <= steps.up[j]);
            if (level > 0) {
                CU_ASSERT_TRUE(steps.up[j] <= table_steps(level - 1).up[j]);
            }
        }
    }
    CU_ASSERT_EQUAL(table_threshold(BUDGET_1E7, NODE_LEAK), 16118096);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"generated_again", test_generated_again},
            {"ladder", test_ladder},
            {"steps_are_ordered", test_steps_are_ordered},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "tables", tests);
}
