// The last misdirected recipients of each scope: window, ring, and what a held child takes with it.
#include "state/recent.h"

#include <string.h>

#include "unit.h"

static struct recent_entry entry_of(
        uint64_t tag, uint64_t serial, int64_t log_time_ms, int32_t child)
{
    struct recent_entry entry = {.tag = tag, .serial = serial, .log_time_ms = log_time_ms};
    memset(entry.scopes, 0xff, sizeof entry.scopes);
    entry.scopes[SCOPE_CAMPAIGN] = child;
    return entry;
}

static void add(struct recent *recent, int32_t scope, struct recent_entry entry)
{
    CU_ASSERT_EQUAL_FATAL(recent_add(recent, scope, &entry), ERR_NONE);
}

static void test_window(void)
{
    struct recent *recent;
    CU_ASSERT_EQUAL_FATAL(recent_create(&recent), ERR_NONE);
    CU_ASSERT_FALSE(recent_has(recent, 5, 77, 1000));
    add(recent, 5, entry_of(77, 1, 1000, 0));
    CU_ASSERT_TRUE(recent_has(recent, 5, 77, 1000));
    CU_ASSERT_FALSE(recent_has(recent, 5, 78, 1000));
    CU_ASSERT_FALSE(recent_has(recent, 4, 77, 1000));
    CU_ASSERT_FALSE(recent_has(recent, 6, 77, 1000));
    CU_ASSERT_TRUE(recent_has(recent, 5, 77, 1000 + RECENT_WINDOW_MS - 1));
    CU_ASSERT_FALSE(recent_has(recent, 5, 77, 1000 + RECENT_WINDOW_MS));
    recent_destroy(recent);
}

// Sixty-four and no more; the oldest makes room.
static void test_ring(void)
{
    struct recent *recent;
    struct recent_entry got[RECENT_MAX];
    CU_ASSERT_EQUAL_FATAL(recent_create(&recent), ERR_NONE);
    for (uint64_t i = 0; i < 200; i++) {
        add(recent, 1000, entry_of(i, i, (int64_t)i, 0));
        uint64_t kept = i + 1 < RECENT_MAX ? i + 1 : RECENT_MAX;
        CU_ASSERT_EQUAL(recent_since(recent, 1000, 0, got), kept);
        CU_ASSERT_EQUAL(got[0].serial, i + 1 - kept);
        CU_ASSERT_EQUAL(got[kept - 1].serial, i);
        CU_ASSERT_EQUAL(recent_has(recent, 1000, i + 1 - kept, (int64_t)i), true);
        if (i >= RECENT_MAX) {
            CU_ASSERT_FALSE(recent_has(recent, 1000, i - RECENT_MAX, (int64_t)i));
        }
    }
    CU_ASSERT_EQUAL(recent_since(recent, 1000, 190, got), 10);
    CU_ASSERT_EQUAL(got[0].serial, 190);
    CU_ASSERT_EQUAL(recent_since(recent, 999, 0, got), 0);
    recent_destroy(recent);
}

static void test_forget_child(void)
{
    struct recent *recent;
    struct recent_entry got[RECENT_MAX];
    CU_ASSERT_EQUAL_FATAL(recent_create(&recent), ERR_NONE);
    recent_forget_child(recent, 3, 1, SCOPE_CAMPAIGN); // nothing there yet
    for (uint64_t i = 0; i < 100; i++) {               // so that the ring has turned
        add(recent, 3, entry_of(i, i, 0, i % 2 == 0 ? 1 : SCOPE_NONE));
    }
    recent_forget_child(recent, 3, 1, SCOPE_TEMPLATE); // another kind
    CU_ASSERT_EQUAL(recent_since(recent, 3, 0, got), RECENT_MAX);
    recent_forget_child(recent, 3, 1, SCOPE_CAMPAIGN);
    uint32_t left = recent_since(recent, 3, 0, got);
    CU_ASSERT_EQUAL(left, RECENT_MAX / 2);
    for (uint32_t i = 0; i < left; i++) {
        CU_ASSERT_EQUAL(got[i].serial, 37 + 2 * i);
    }
    CU_ASSERT_FALSE(recent_has(recent, 3, 98, 0));
    CU_ASSERT_TRUE(recent_has(recent, 3, 99, 0));
    add(recent, 3, entry_of(500, 500, 0, 1));
    CU_ASSERT_EQUAL(recent_since(recent, 3, 0, got), RECENT_MAX / 2 + 1);
    recent_destroy(recent);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"window", test_window},
            {"ring", test_ring},
            {"forget_child", test_forget_child},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "recent", tests);
}
