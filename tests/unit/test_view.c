// Views: equal or not, at every length and every place.
#include <string.h>

#include "common/view.h"
#include "tests/support/unit.h"

enum { TEXT_BYTES = 40 };

static void test_equal(void)
{
    char a[TEXT_BYTES];
    char b[TEXT_BYTES];
    memset(a, 'x', sizeof a);
    memset(b, 'x', sizeof b);
    for (size_t n = 0; n <= TEXT_BYTES; n++) {
        CU_ASSERT_TRUE(view_equal(view_bytes(a, n), view_bytes(b, n)));
        for (size_t at = 0; at < TEXT_BYTES; at++) {
            b[at] = 'X';
            CU_ASSERT_EQUAL(view_equal(view_bytes(a, n), view_bytes(b, n)), at >= n);
            b[at] = 'x';
        }
        if (n > 0) {
            CU_ASSERT_FALSE(view_equal(view_bytes(a, n), view_bytes(b, n - 1)));
        }
    }
    CU_ASSERT_TRUE(view_equal(VIEW_NONE, VIEW("")));
    CU_ASSERT_FALSE(view_equal(VIEW_NONE, VIEW("x")));
}

int main(int argc, char **argv)
{
    const struct unit_test tests[] = {{"equal", test_equal}, {NULL, NULL}};
    return unit_main(argc, argv, "view", tests);
}
