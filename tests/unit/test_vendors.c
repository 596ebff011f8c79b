// The list of registered vendors.
#include "policy/vendors.h"

#include <stdio.h>

#include "tests/support/unit.h"

static void add(struct vendors *vendors, const char *id)
{
    CU_ASSERT_EQUAL(vendors_add(vendors, view_of(id)), ERR_NONE);
}

static void test_who_is_a_stranger(void)
{
    struct vendors vendors = {0};
    CU_ASSERT_FALSE(vendors_is_stranger(&vendors, VIEW("acme"), VIEW("anybody")));
    add(&vendors, "north");
    add(&vendors, "acme/south");
    add(&vendors, "a/b/c");
    static const struct {
        const char *tenant;
        const char *vendor;
        bool is_stranger;
    } rows[] = {
            {"acme", "north", false},
            {"zeta", "north", false},
            {"acme", "south", false},
            {"zeta", "south", true},
            {"acme", "nort", true},
            {"acme", "northern", true},
            {"acme", "North", true},
            {"acme", "", true},
            {"acme", NULL, false},
            {"a", "b/c", false},
            {"a/b", "c", false},
            {"zeta", "acme/south", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_ASSERT_EQUAL(
                vendors_is_stranger(&vendors, view_of(rows[i].tenant), view_of(rows[i].vendor)),
                rows[i].is_stranger);
    }
    char long_id[VENDOR_MAX_BYTES + 1];
    memset(long_id, 'x', sizeof long_id);
    CU_ASSERT_TRUE(
            vendors_is_stranger(&vendors, VIEW("acme"), view_bytes(long_id, sizeof long_id)));
    vendors_clear(&vendors);
    CU_ASSERT_EQUAL(vendors.count, 0);
}

// Sorted, each once, up to the ceiling.
static void test_order_and_ceiling(void)
{
    struct vendors vendors = {0};
    for (unsigned i = 0; i < VENDORS_MAX; i++) {
        char id[16];
        snprintf(id, sizeof id, "v%u", i * 7919 % VENDORS_MAX);
        add(&vendors, id);
        add(&vendors, id);
    }
    CU_ASSERT_EQUAL(vendors.count, VENDORS_MAX);
    for (uint32_t i = 1; i < vendors.count; i++) {
        CU_ASSERT_TRUE(strcmp(vendors.ids[i - 1], vendors.ids[i]) < 0);
    }
    CU_ASSERT_EQUAL(vendors_add(&vendors, VIEW("one more")), ERR_CEILING);
    CU_ASSERT_EQUAL(vendors_add(&vendors, VIEW("v17")), ERR_NONE);
    CU_ASSERT_FALSE(vendors_is_stranger(&vendors, VIEW("t"), VIEW("v9999")));
    CU_ASSERT_TRUE(vendors_is_stranger(&vendors, VIEW("t"), VIEW("one more")));
    vendors_clear(&vendors);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"who_is_a_stranger", test_who_is_a_stranger},
            {"order_and_ceiling", test_order_and_ceiling},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "vendors", tests);
}
