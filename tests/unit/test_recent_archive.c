// The remembered messages, saved and restored: the same lists, and the same when saved again.
#include "state/recent.h"
#include "unit.h"

enum { MESSAGES = 70, SCOPES = 3, STATE_BYTES = 1 << 20 };

static struct recent *create(void)
{
    struct recent *recent = NULL;
    const struct recent_options options = {.max_entries = MESSAGES};
    CU_ASSERT_EQUAL_FATAL(recent_create(&recent, &options), ERR_NONE);
    return recent;
}

// Of a campaign, a vendor, or both.
static void add(struct recent *recent, uint64_t serial)
{
    const struct recent_message message = {.tag = serial * 3,
            .serial = serial,
            .log_time_ms = (int64_t)serial * 1000,
            .vendor = serial % 4 == 0 ? VENDOR_UNKNOWN : 2,
            .vendor_generation = (uint32_t)serial,
            .position = {.topic = VIEW("t"), .offset = (int64_t)serial}};
    uint32_t entry;
    CU_ASSERT_EQUAL_FATAL(recent_enter(recent, &message, &entry), ERR_NONE);
    if (serial % 3 != 0) {
        CU_ASSERT_EQUAL_FATAL(recent_link(recent, entry, 1, SCOPE_CAMPAIGN), ERR_NONE);
    }
    if (serial % 3 != 1) {
        CU_ASSERT_EQUAL_FATAL(recent_link(recent, entry, 2, SCOPE_VENDOR), ERR_NONE);
    }
}

static enum err archive_all(struct archive *archive, struct recent *recent)
{
    recent_archive(archive, recent, SCOPES);
    recent_archive_pins(archive, recent);
    return archive_end(archive);
}

static void save(struct strbuf *sb, struct recent *recent)
{
    strbuf_init(sb, STATE_BYTES);
    struct archive writer = archive_writer(sb);
    CU_ASSERT_EQUAL(archive_all(&writer, recent), ERR_NONE);
}

static void check_lists(const struct recent *a, const struct recent *b)
{
    for (int32_t scope = 0; scope < SCOPES; scope++) {
        struct recent_entry x[RECENT_MAX];
        struct recent_entry y[RECENT_MAX];
        uint32_t count = recent_since(a, scope, 0, x);
        CU_ASSERT_EQUAL_FATAL(recent_since(b, scope, 0, y), count);
        for (uint32_t i = 0; i < count; i++) {
            CU_ASSERT_EQUAL(x[i].tag, y[i].tag);
            CU_ASSERT_EQUAL(x[i].serial, y[i].serial);
            CU_ASSERT_EQUAL(x[i].vendor, x[i].serial % 4 == 0 ? VENDOR_UNKNOWN : 2);
            CU_ASSERT_EQUAL(y[i].vendor, x[i].vendor);
            CU_ASSERT_EQUAL(y[i].vendor_generation, x[i].serial);
        }
    }
}

// After every number of messages, those too that have gone round the pool.
static void test_there_and_back(void)
{
    struct recent *recent = create();
    for (uint64_t serial = 1; serial < 3ull * MESSAGES; serial++) {
        struct strbuf once;
        struct strbuf twice;
        struct recent *restored = create();
        add(recent, serial);
        save(&once, recent);
        struct archive reader = archive_reader(strbuf_view(&once));
        CU_ASSERT_EQUAL(archive_all(&reader, restored), ERR_NONE);
        check_lists(recent, restored);
        save(&twice, restored);
        CU_ASSERT_TRUE(view_equal(strbuf_view(&once), strbuf_view(&twice)));
        recent_destroy(restored);
        strbuf_fini(&once);
        strbuf_fini(&twice);
    }
    recent_destroy(recent);
}

// A full pool with each byte changed: refused, or as good as any.
static void test_changed_bytes(void)
{
    static const uint8_t values[] = {0, 1, 0x7f, 0xff};
    struct recent *recent = create();
    struct strbuf saved;
    for (uint64_t serial = 1; serial <= 2ull * MESSAGES; serial++) {
        add(recent, serial);
    }
    save(&saved, recent);
    for (size_t i = 0; i < saved.n * sizeof values; i++) {
        char *byte = &saved.p[i / sizeof values];
        char before = *byte;
        *byte = (char)values[i % sizeof values];
        struct recent *restored = create();
        struct archive reader = archive_reader(strbuf_view(&saved));
        bool is_good = archive_all(&reader, restored) == ERR_NONE &&
                       recent_is_of_kind(restored, 1, SCOPE_CAMPAIGN) &&
                       recent_is_of_kind(restored, 2, SCOPE_VENDOR);
        for (uint64_t more = 0; is_good && more < MESSAGES; more++) {
            add(restored, recent_serial_end(restored));
        }
        recent_destroy(restored);
        *byte = before;
    }
    strbuf_fini(&saved);
    recent_destroy(recent);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"there_and_back", test_there_and_back},
            {"changed_bytes", test_changed_bytes},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "recent_archive", tests);
}
