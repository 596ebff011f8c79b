// The last misdirected recipients of each scope: window, ring, and what a held child takes with it.
#include "state/recent.h"

#include "unit.h"

enum { VENDOR = 1000, OTHER_VENDOR = 1001 };

static struct recent *create(uint32_t max_entries)
{
    struct recent *recent = NULL;
    const struct recent_options options = {.max_entries = max_entries};
    CU_ASSERT_EQUAL_FATAL(recent_create(&recent, &options), ERR_NONE);
    return recent;
}

// One message of a campaign, which may be none, and of a vendor.
static uint32_t add(struct recent *recent, int32_t vendor, int32_t campaign, uint64_t tag,
        uint64_t serial, int64_t log_time_ms)
{
    const struct recent_message message = {
            .tag = tag, .serial = serial, .log_time_ms = log_time_ms};
    uint32_t entry = RECENT_NONE;
    CU_ASSERT_EQUAL_FATAL(recent_enter(recent, &message, &entry), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(recent_link(recent, entry, vendor, SCOPE_VENDOR), ERR_NONE);
    if (campaign != SCOPE_NONE) {
        CU_ASSERT_EQUAL_FATAL(recent_link(recent, entry, campaign, SCOPE_CAMPAIGN), ERR_NONE);
    }
    return entry;
}

static void test_window(void)
{
    struct recent *recent = create(100);
    CU_ASSERT_FALSE(recent_has(recent, VENDOR, 77, 1000));
    add(recent, VENDOR, SCOPE_NONE, 77, 1, 1000);
    CU_ASSERT_TRUE(recent_has(recent, VENDOR, 77, 1000));
    CU_ASSERT_FALSE(recent_has(recent, VENDOR, 78, 1000));
    CU_ASSERT_FALSE(recent_has(recent, VENDOR - 1, 77, 1000));
    CU_ASSERT_FALSE(recent_has(recent, VENDOR + 1, 77, 1000));
    CU_ASSERT_TRUE(recent_has(recent, VENDOR, 77, 1000 + RECENT_WINDOW_MS - 1));
    CU_ASSERT_FALSE(recent_has(recent, VENDOR, 77, 1000 + RECENT_WINDOW_MS));
    recent_destroy(recent);
}

// Sixty-four and no more; the oldest makes room.
static void test_list(void)
{
    struct recent *recent = create(100);
    struct recent_entry got[RECENT_MAX];
    for (uint64_t i = 0; i < 200; i++) {
        add(recent, VENDOR, SCOPE_NONE, i, i, (int64_t)i);
        recent_settle(recent);
        uint64_t kept = i + 1 < RECENT_MAX ? i + 1 : RECENT_MAX;
        CU_ASSERT_EQUAL(recent_count(recent), kept); // R3
        CU_ASSERT_EQUAL(recent_since(recent, VENDOR, 0, got), kept);
        CU_ASSERT_EQUAL(got[0].serial, i + 1 - kept);
        CU_ASSERT_EQUAL(got[kept - 1].serial, i);
        CU_ASSERT_TRUE(recent_has(recent, VENDOR, i + 1 - kept, (int64_t)i));
        if (i >= RECENT_MAX) {
            CU_ASSERT_FALSE(recent_has(recent, VENDOR, i - RECENT_MAX, (int64_t)i));
        }
    }
    CU_ASSERT_EQUAL(recent_since(recent, VENDOR, 190, got), 10);
    CU_ASSERT_EQUAL(got[0].serial, 190);
    CU_ASSERT_EQUAL(recent_since(recent, VENDOR - 1, 0, got), 0);
    recent_destroy(recent);
}

static void test_forget_child(void)
{
    struct recent *recent = create(1000);
    struct recent_entry got[RECENT_MAX];
    recent_forget_child(recent, VENDOR, 1, SCOPE_CAMPAIGN); // nothing there yet
    for (uint64_t i = 0; i < 100; i++) {
        add(recent, VENDOR, i % 2 == 0 ? 1 : SCOPE_NONE, i, i, 0);
    }
    recent_forget_child(recent, VENDOR, 1, SCOPE_TEMPLATE); // another kind
    CU_ASSERT_EQUAL(recent_since(recent, VENDOR, 0, got), RECENT_MAX);
    recent_forget_child(recent, VENDOR, 1, SCOPE_CAMPAIGN);
    uint32_t left = recent_since(recent, VENDOR, 0, got);
    CU_ASSERT_EQUAL(left, RECENT_MAX / 2);
    for (uint32_t i = 0; i < left; i++) {
        CU_ASSERT_EQUAL(got[i].serial, 37 + 2 * i);
        CU_ASSERT_EQUAL(got[i].scopes[SCOPE_CAMPAIGN], SCOPE_NONE);
    }
    CU_ASSERT_FALSE(recent_has(recent, VENDOR, 98, 0));
    CU_ASSERT_TRUE(recent_has(recent, VENDOR, 99, 0));
    CU_ASSERT_TRUE(recent_has(recent, 1, 98, 0)); // the child knows its own
    add(recent, VENDOR, 1, 500, 500, 0);
    CU_ASSERT_EQUAL(recent_since(recent, VENDOR, 0, got), RECENT_MAX / 2 + 1);
    recent_destroy(recent);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"window", test_window},
            {"list", test_list},
            {"forget_child", test_forget_child},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "recent", tests);
}
