// Which narrower scopes explain a wide scope's evidence.
#include "decide/attribute.h"

#include <string.h>

#include "unit.h"

// One entry a letter: its campaign; '-' = none. All have the template given.
static uint32_t make_entries(
        struct recent_entry *entries, const char *campaigns, int32_t template_scope)
{
    uint32_t count = 0;
    for (; campaigns[count] != '\0'; count++) {
        memset(entries[count].scopes, 0xff, sizeof entries[count].scopes);
        entries[count].scopes[SCOPE_CAMPAIGN] =
                campaigns[count] == '-' ? SCOPE_NONE : campaigns[count];
        entries[count].scopes[SCOPE_TEMPLATE] = template_scope;
        entries[count].scopes[SCOPE_VENDOR] = 900;
    }
    return count;
}

static int64_t ratio_of(void *self, int32_t scope, unsigned node)
{
    (void)scope;
    CU_ASSERT_EQUAL(node, 3);
    return *(int64_t *)self;
}

static void test_explain(void)
{
    static const struct {
        const char *campaigns;
        int32_t template_scope;
        enum scope_kind of;
        uint32_t explained;
        enum scope_kind by;
        const char *children;
    } rows[] = {
            {"AAAA", SCOPE_NONE, SCOPE_VENDOR, 1, SCOPE_CAMPAIGN, "A"},
            {"AAAAB", SCOPE_NONE, SCOPE_VENDOR, 1, SCOPE_CAMPAIGN, "A"}, // 80 % exactly
            // the first met of equals
            {"AAABBCC", SCOPE_NONE, SCOPE_VENDOR, 3, SCOPE_CAMPAIGN, "ABC"},
            // one message each explains nothing
            {"AAABC", SCOPE_NONE, SCOPE_VENDOR, 0, SCOPE_CAMPAIGN, ""},
            // three carry 90 %
            {"ABCABCABCD", SCOPE_NONE, SCOPE_VENDOR, 3, SCOPE_CAMPAIGN, "ABC"},
            // three carry 75 %
            {"ABCD", SCOPE_NONE, SCOPE_VENDOR, 0, SCOPE_CAMPAIGN, ""},
            {"ABCDE", 500, SCOPE_VENDOR, 1, SCOPE_TEMPLATE, NULL}, // what they share
            // ties go to the narrower
            {"AAAA", 500, SCOPE_VENDOR, 1, SCOPE_CAMPAIGN, "A"},
            // nothing is narrower
            {"AAAA", 500, SCOPE_CAMPAIGN, 0, SCOPE_CAMPAIGN, ""},
            {"A---------", SCOPE_NONE, SCOPE_VENDOR, 0, SCOPE_CAMPAIGN, ""},
            {"AAAAAAAA--", SCOPE_NONE, SCOPE_TENANT, 1, SCOPE_CAMPAIGN, "A"},
            {"AAAAAAA---", SCOPE_NONE, SCOPE_TENANT, 1, SCOPE_VENDOR, NULL},
            {"", SCOPE_NONE, SCOPE_TENANT, 0, SCOPE_CAMPAIGN, ""},
    };
    int64_t each;
    const struct ratios ratios = {ratio_of, &each};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct recent_entry entries[RECENT_MAX];
        struct child children[CHILD_MAX];
        uint32_t count = make_entries(entries, rows[i].campaigns, rows[i].template_scope);
        each = rows[i].by == SCOPE_TEMPLATE ? 20000000 : 16000000; // all, or 80 %
        uint32_t explained =
                attribute_explain(entries, count, rows[i].of, &ratios, 3, 20000000, children);
        CU_ASSERT_EQUAL(explained, rows[i].explained);
        for (uint32_t j = 0; j < explained && explained == rows[i].explained; j++) {
            CU_ASSERT_EQUAL(children[j].kind, rows[i].by);
            if (rows[i].children != NULL) {
                CU_ASSERT_EQUAL(children[j].scope, rows[i].children[j]);
            }
        }
    }
}

// A template that is as bad as its vendor explains it; one that is better does not, and leaves the
// alarm to the vendor.
static void test_shared(void)
{
    struct recent_entry entries[RECENT_MAX];
    struct child children[CHILD_MAX];
    uint32_t count = make_entries(entries, "ABCDE", 500);
    int64_t each = 19999900;
    const struct ratios ratios = {ratio_of, &each};
    CU_ASSERT_EQUAL(
            attribute_explain(entries, count, SCOPE_VENDOR, &ratios, 3, 20000000, children), 0);
    each = 20000000; // the vendor's
    CU_ASSERT_TRUE(attribute_is_shared(entries, count, SCOPE_TEMPLATE, &ratios, 3, 19999900));
    CU_ASSERT_FALSE(attribute_is_shared(entries, count, SCOPE_TEMPLATE, &ratios, 3, 20000000));
    CU_ASSERT_FALSE(attribute_is_shared(entries, count, SCOPE_CAMPAIGN, &ratios, 3, 19999900));
    CU_ASSERT_FALSE(attribute_is_shared(entries, count, SCOPE_VENDOR, &ratios, 3, 19999900));
}

// What its other messages say for a child counts.
static void test_children_that_are_healthy(void)
{
    struct recent_entry entries[RECENT_MAX];
    struct child children[CHILD_MAX];
    uint32_t count = make_entries(entries, "ABABAB", SCOPE_NONE);
    int64_t each = 7999999;
    const struct ratios ratios = {ratio_of, &each};
    CU_ASSERT_EQUAL(
            attribute_explain(entries, count, SCOPE_VENDOR, &ratios, 3, 20000000, children), 0);
    each = 8000000;
    CU_ASSERT_EQUAL(
            attribute_explain(entries, count, SCOPE_VENDOR, &ratios, 3, 20000000, children), 2);
}

// Most misdirected first, the first met before its equals; up to as many rows as there are entries.
static void test_children(void)
{
    struct recent_entry entries[RECENT_MAX];
    struct child children[ATTRIBUTE_ROWS];
    uint32_t count = make_entries(entries, "CABBA-D", SCOPE_NONE);
    CU_ASSERT_EQUAL_FATAL(attribute_children(entries, count, SCOPE_CAMPAIGN, children), 4);
    static const struct {
        char scope;
        uint32_t misdirected;
    } expected[] = {{'B', 2}, {'A', 2}, {'C', 1}, {'D', 1}};
    for (unsigned i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(children[i].scope, expected[i].scope);
        CU_ASSERT_EQUAL(children[i].misdirected, expected[i].misdirected);
    }
    for (int32_t i = 0; i < RECENT_MAX; i++) {
        entries[i].scopes[SCOPE_CAMPAIGN] = i;
    }
    CU_ASSERT_EQUAL(attribute_children(entries, RECENT_MAX, SCOPE_CAMPAIGN, children), RECENT_MAX);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {{"explain", test_explain}, {"children", test_children},
            {"shared", test_shared}, {"children_that_are_healthy", test_children_that_are_healthy},
            {NULL, NULL}};
    return unit_main(argc, argv, "attribute", tests);
}
