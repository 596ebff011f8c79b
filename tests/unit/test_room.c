// Room for one more row: how it grows, and what is refused.
#include "common/room.h"

#include <stdlib.h>

#include "unit.h"

static void test_growth(void)
{
    uint32_t capacity = 0;
    uint64_t *rows = NULL;
    for (uint32_t count = 0; count < 1000; count++) {
        uint32_t before = capacity;
        uint64_t *old = rows;
        rows = room_for_row(rows, count, &capacity, 3, sizeof *rows);
        CU_ASSERT_PTR_NOT_NULL_FATAL(rows);
        if (count < before) {
            CU_ASSERT_PTR_EQUAL(rows, old);
            CU_ASSERT_EQUAL(capacity, before);
        } else {
            CU_ASSERT_EQUAL(capacity, count == 0 ? 3 : 2 * before);
        }
        rows[count] = ~(uint64_t)count;
    }
    for (uint32_t i = 0; i < 1000; i++) {
        CU_ASSERT_EQUAL(rows[i], ~(uint64_t)i);
    }
    free(rows);
}

static void check_refused(const char *what, uint32_t capacity, uint32_t first, size_t row_bytes)
{
    uint32_t *rows = malloc(2 * sizeof *rows);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rows);
    rows[0] = 7;
    rows[1] = 8;
    uint32_t now = capacity;
    void *grown = room_for_row(rows, capacity, &now, first, row_bytes);
    unit_check_text(what, grown == NULL && now == capacity ? "refused" : "grown", "refused");
    CU_ASSERT_EQUAL(rows[0] + rows[1], 15);
    free(rows); // still the caller's
}

// What would be more than a size or a count can say.
static void test_refused(void)
{
    check_refused("bytes at first", 0, 16, SIZE_MAX / 16 + 1);
    check_refused("bytes doubled", 2, 16, SIZE_MAX / 4 + 1);
    check_refused("a count", UINT32_MAX / 2 + 1, 16, 4);
    check_refused("every count", UINT32_MAX, 16, 4);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"growth", test_growth},
            {"refused", test_refused},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "room", tests);
}
