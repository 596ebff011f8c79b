// The detector's constants: written again by their generator and compared byte for byte, and looked
// at for themselves.
#include "detect/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { TEXT_BYTES = 64 * 1024 };

// Everything that a stream holds; its length.
static size_t read_all(FILE *stream, char *text)
{
    size_t n = fread(text, 1, TEXT_BYTES - 1, stream);
    text[n] = '\0';
    return n;
}

static void test_generated_again(void)
{
    FILE *kept = fopen("processor/detect/tables.inc", "r");
    FILE *fresh = popen("python3 processor/detect/generate_tables.py", "r");
    char *kept_text = malloc(TEXT_BYTES);
    char *fresh_text = malloc(TEXT_BYTES);
    CU_ASSERT_PTR_NOT_NULL_FATAL(kept);
    CU_ASSERT_PTR_NOT_NULL_FATAL(fresh);
    CU_ASSERT_FATAL(kept_text != NULL && fresh_text != NULL);
    CU_ASSERT_TRUE(read_all(kept, kept_text) > 1000);
    read_all(fresh, fresh_text);
    CU_ASSERT_EQUAL(strcmp(kept_text, fresh_text), 0);
    fclose(kept);
    CU_ASSERT_EQUAL(pclose(fresh), 0);
    free(kept_text);
    free(fresh_text);
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
