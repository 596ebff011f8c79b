#include "unit.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

static int is_wanted(int argc, char **argv, const char *name)
{
    if (argc < 2) {
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return 1;
        }
    }
    return 0;
}

int unit_main(int argc, char **argv, const char *suite, const struct unit_test *tests)
{
    if (CU_initialize_registry() != CUE_SUCCESS) {
        return 2;
    }
    CU_pSuite handle = CU_add_suite(suite, NULL, NULL);
    for (const struct unit_test *test = tests; test->name != NULL; test++) {
        if (is_wanted(argc, argv, test->name)) {
            CU_add_test(handle, test->name, test->run);
        }
    }
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    int bad = CU_get_number_of_failures() != 0 || CU_get_number_of_tests_run() == 0;
    CU_cleanup_registry();
    return bad;
}

void unit_check_text(const char *what, const char *got, const char *expected)
{
    int same = strcmp(got, expected) == 0;
    CU_ASSERT_TRUE(same);
    if (!same) {
        fprintf(stderr, "%s\n  got:      %s\n  expected: %s\n", what, got, expected);
    }
}
