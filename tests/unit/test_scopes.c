// The table of scopes: numbers, names, its ceiling, holds by log time.
#include "state/scopes.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static int32_t intern(
        struct scopes *scopes, enum scope_kind kind, const char *tenant, const char *id)
{
    int32_t scope = -2;
    CU_ASSERT_EQUAL_FATAL(
            scopes_intern(scopes, kind, view_of(tenant), view_of(id), VIEW_NONE, &scope), ERR_NONE);
    return scope;
}

static void test_names(void)
{
    struct scopes *scopes;
    CU_ASSERT_EQUAL_FATAL(scopes_create(&scopes, 100), ERR_NONE);
    int32_t first = intern(scopes, SCOPE_CAMPAIGN, "ab", "c");
    CU_ASSERT_EQUAL(first, 0);
    CU_ASSERT_EQUAL(intern(scopes, SCOPE_CAMPAIGN, "ab", "c"), 0);
    CU_ASSERT_EQUAL(intern(scopes, SCOPE_TEMPLATE, "ab", "c"), 1); // another kind
    CU_ASSERT_EQUAL(intern(scopes, SCOPE_CAMPAIGN, "a", "bc"), 2); // the same bytes in a row
    CU_ASSERT_EQUAL(intern(scopes, SCOPE_CAMPAIGN, "ab", NULL), SCOPE_NONE);
    CU_ASSERT_EQUAL(scopes_count(scopes), 3);
    struct scope_name name = scopes_name(scopes, 2);
    CU_ASSERT_EQUAL(name.kind, SCOPE_CAMPAIGN);
    CU_ASSERT_TRUE(view_is(name.tenant_id, "a"));
    CU_ASSERT_TRUE(view_is(name.id, "bc"));
    scopes_destroy(scopes);
}

static void test_ceiling(void)
{
    struct scopes *scopes;
    CU_ASSERT_EQUAL_FATAL(scopes_create(&scopes, 200), ERR_NONE);
    char id[16];
    for (int32_t i = 0; i < 200; i++) {
        snprintf(id, sizeof id, "c%d", i);
        CU_ASSERT_EQUAL(intern(scopes, SCOPE_CAMPAIGN, "t", id), i);
    }
    CU_ASSERT_EQUAL(scopes_overflowed(scopes), 0);
    CU_ASSERT_EQUAL(intern(scopes, SCOPE_CAMPAIGN, "t", "one more"), SCOPE_NONE);
    CU_ASSERT_EQUAL(intern(scopes, SCOPE_CAMPAIGN, "t", "c7"), 7); // what is in it stays
    CU_ASSERT_EQUAL(scopes_overflowed(scopes), 1);
    CU_ASSERT_EQUAL(scopes_count(scopes), 200);
    CU_ASSERT_TRUE(view_is(scopes_name(scopes, 199).id, "c199"));
    scopes_destroy(scopes);
}

static void test_holds(void)
{
    struct scopes *scopes;
    CU_ASSERT_EQUAL_FATAL(scopes_create(&scopes, 10), ERR_NONE);
    int32_t scope = intern(scopes, SCOPE_VENDOR, "t", "v");
    CU_ASSERT_FALSE(scopes_is_held(scopes, scope, 5));
    CU_ASSERT_FALSE(scopes_is_held(scopes, SCOPE_NONE, 5));
    scopes_hold(scopes, scope, 100);
    CU_ASSERT_TRUE(scopes_is_held(scopes, scope, 99));
    CU_ASSERT_FALSE(scopes_is_held(scopes, scope, 100)); // it has run out
    scopes_hold(scopes, scope, 300);
    CU_ASSERT_TRUE(scopes_is_held(scopes, scope, 100));
    scopes_lift(scopes, scope);
    CU_ASSERT_FALSE(scopes_is_held(scopes, scope, 100));
    scopes_destroy(scopes);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"names", test_names}, {"ceiling", test_ceiling}, {"holds", test_holds}, {NULL, NULL}};
    return unit_main(argc, argv, "scopes", tests);
}
