// snapshot: records of the state topic, and the shelf of what it holds.
#include "snapshot/snapshot_shelf.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define DETECTOR VIEW("bank5-2")

enum { TOPIC_MAX = 64, PARTITION = 3 };

// What the state topic has, in order.
struct topic {
    struct {
        struct strbuf key;
        struct strbuf value;
        bool is_tombstone;
    } records[TOPIC_MAX];
    unsigned count;
    struct arena *arena;
};

static void topic_open(struct topic *topic)
{
    memset(topic, 0, sizeof *topic);
    topic->arena = arena_create(1 << 20);
}

static void topic_close(struct topic *topic)
{
    for (unsigned i = 0; i < topic->count; i++) {
        strbuf_fini(&topic->records[i].key);
        strbuf_fini(&topic->records[i].value);
    }
    arena_destroy(topic->arena);
}

static struct view value_of(const struct topic *topic, unsigned i)
{
    return topic->records[i].is_tombstone ? VIEW_NONE : strbuf_view(&topic->records[i].value);
}

static unsigned topic_next(struct topic *topic)
{
    CU_ASSERT_FATAL(topic->count < TOPIC_MAX);
    unsigned i = topic->count++;
    strbuf_init(&topic->records[i].key, 1024);
    strbuf_init(&topic->records[i].value, 4 * 1024 * 1024);
    return i;
}

static void put_part(struct topic *topic, const char *id, uint32_t number, struct view state)
{
    unsigned i = topic_next(topic);
    snapshot_add_part_key(&topic->records[i].key, view_of(id), number);
    CU_ASSERT_EQUAL(
            snapshot_encode_part(&topic->records[i].value, view_of(id), number, state), ERR_NONE);
}

static void put_manifest(struct topic *topic, const char *id, int64_t next_offset,
        struct view state, struct view detector, int32_t partition)
{
    unsigned i = topic_next(topic);
    struct snapshot_manifest manifest = {
            .snapshot_id = view_of(id),
            .tally_partition = partition,
            .next_offset = next_offset,
            .parts = snapshot_parts(state.n),
            .state_bytes = state.n,
            .detector_version = detector,
            .policy_version = VIEW("0123456789abcdef"),
            .log_time_ms = 1790000000000,
    };
    digest_sha256(state, manifest.sha256);
    snapshot_add_manifest_key(&topic->records[i].key, view_of(id));
    CU_ASSERT_EQUAL(
            snapshot_encode_manifest(&topic->records[i].value, &manifest, topic->arena), ERR_NONE);
}

static void put(struct topic *topic, const char *id, int64_t next_offset, struct view state)
{
    for (uint32_t part = 0; part < snapshot_parts(state.n); part++) {
        put_part(topic, id, part, snapshot_part(state, part));
    }
    put_manifest(topic, id, next_offset, state, DETECTOR, PARTITION);
}

static struct shelf *shelf_of(const struct topic *topic)
{
    struct shelf *shelf = NULL;
    CU_ASSERT_EQUAL_FATAL(shelf_create(&shelf, DETECTOR, PARTITION), ERR_NONE);
    for (unsigned i = 0; i < topic->count; i++) {
        shelf_see(shelf, i, strbuf_view(&topic->records[i].key), value_of(topic, i));
    }
    return shelf;
}

static void collect(struct shelf *shelf, const struct topic *topic)
{
    for (unsigned i = (unsigned)shelf_first_offset(shelf); i < topic->count; i++) {
        shelf_collect(shelf, strbuf_view(&topic->records[i].key), value_of(topic, i));
    }
}

// The id that is chosen, "" for none.
static void check_chosen(struct shelf *shelf, int64_t max_next_offset, const char *id)
{
    const struct snapshot_manifest *manifest = shelf_choose(shelf, max_next_offset);
    char got[SNAPSHOT_ID_BYTES_MAX + 1] = "";
    if (manifest != NULL) {
        memcpy(got, manifest->snapshot_id.p, manifest->snapshot_id.n);
    }
    unit_check_text("chosen", got, id);
}

static void check_state(struct shelf *shelf, const struct topic *topic, struct view expected)
{
    struct view state;
    const char *why;
    collect(shelf, topic);
    CU_ASSERT_EQUAL(shelf_state(shelf, &state, &why), ERR_NONE);
    CU_ASSERT_TRUE(view_equal(state, expected));
}

// Greatest next_offset first, then the others; what is of more than the log has is of another log.
static void test_newest_first(void)
{
    struct topic topic;
    topic_open(&topic);
    put(&topic, "a", 100, VIEW("state a"));
    put(&topic, "b", 300, VIEW("state b"));
    put(&topic, "zombie", 200, VIEW("state z"));
    put(&topic, "again", 300, VIEW("state b"));
    put(&topic, "other-log", 9000, VIEW("x"));
    struct shelf *shelf = shelf_of(&topic);
    check_chosen(shelf, 500, "again");
    check_state(shelf, &topic, VIEW("state b"));
    check_chosen(shelf, 500, "b");
    check_chosen(shelf, 500, "zombie");
    check_state(shelf, &topic, VIEW("state z"));
    check_chosen(shelf, 500, "a");
    check_chosen(shelf, 500, "");
    CU_ASSERT_EQUAL(shelf_unreadable(shelf), 0);
    shelf_destroy(shelf);
    topic_close(&topic);
}

static void test_of_another(void)
{
    struct topic topic;
    topic_open(&topic);
    put_part(&topic, "old", 0, VIEW("s"));
    put_manifest(&topic, "old", 10, VIEW("s"), VIEW("bank5-1"), PARTITION);
    put_part(&topic, "else", 0, VIEW("s"));
    put_manifest(&topic, "else", 10, VIEW("s"), DETECTOR, PARTITION + 1);
    put_part(&topic, "broken-off", 0, VIEW("s"));
    struct shelf *shelf = shelf_of(&topic);
    check_chosen(shelf, 500, "");
    shelf_destroy(shelf);
    topic_close(&topic);
}

// Many parts, among those of another; one that is missing or changed spoils it.
static void test_parts(void)
{
    size_t n = 2 * SNAPSHOT_PART_BYTES + 7;
    char *bytes = malloc(n);
    for (size_t i = 0; i < n; i++) {
        bytes[i] = (char)((uint32_t)i * 2654435761U >> 24);
    }
    struct view state = view_bytes(bytes, n);
    for (unsigned spoilt = 0; spoilt < 3; spoilt++) {
        struct topic topic;
        topic_open(&topic);
        put(&topic, "before", 50, VIEW("before"));
        put_part(&topic, "s", 0, snapshot_part(state, 0));
        put_part(&topic, "zombie", 0, VIEW("zombie"));
        put_part(&topic, "s", 1, spoilt == 1 ? snapshot_part(state, 0) : snapshot_part(state, 1));
        put_part(&topic, "s", spoilt == 2 ? 3 : 2, snapshot_part(state, 2));
        put_manifest(&topic, "s", 60, state, DETECTOR, PARTITION);
        struct shelf *shelf = shelf_of(&topic);
        check_chosen(shelf, 500, "s");
        if (spoilt == 0) {
            check_state(shelf, &topic, state);
        } else {
            struct view got;
            const char *why;
            collect(shelf, &topic);
            CU_ASSERT_EQUAL(shelf_state(shelf, &got, &why), ERR_DATA);
            CU_ASSERT_PTR_NOT_NULL(why);
            check_chosen(shelf, 500, "before");
            check_state(shelf, &topic, VIEW("before"));
        }
        shelf_destroy(shelf);
        topic_close(&topic);
    }
    free(bytes);
}

static enum err take_key(void *self, struct view key)
{
    struct strbuf *keys = self;
    strbuf_add_view(keys, key);
    strbuf_add_byte(keys, ' ');
    return ERR_NONE;
}

struct sweeper {
    struct shelf *shelf;
    struct strbuf keys;
};

static enum err sweep_key(void *self, struct view key)
{
    struct sweeper *sweeper = self;
    shelf_see(sweeper->shelf, 1000, key, VIEW_NONE);
    return take_key(&sweeper->keys, key);
}

// Two whole ones stay, and what may still become one.
static void test_outdated(void)
{
    struct topic topic;
    topic_open(&topic);
    put(&topic, "a", 100, VIEW("a"));
    put_part(&topic, "dead", 0, VIEW("d"));
    put_part(&topic, "dead", 1, VIEW("d"));
    put(&topic, "b", 200, VIEW("b"));
    put_part(&topic, "slow", 0, VIEW("s"));
    put(&topic, "c", 300, VIEW("c"));
    struct sweeper sweeper = {.shelf = shelf_of(&topic)};
    strbuf_init(&sweeper.keys, 4096);
    CU_ASSERT_EQUAL(shelf_each_outdated(sweeper.shelf, sweep_key, &sweeper), ERR_NONE);
    unit_check_text("outdated", sweeper.keys.p, "dead/0 dead/1 dead/manifest a/0 a/manifest ");
    strbuf_reset(&sweeper.keys);
    CU_ASSERT_EQUAL(shelf_each_outdated(sweeper.shelf, sweep_key, &sweeper), ERR_NONE);
    CU_ASSERT_EQUAL(sweeper.keys.n, 0);
    check_chosen(sweeper.shelf, 500, "c");
    shelf_destroy(sweeper.shelf);
    strbuf_fini(&sweeper.keys);
    topic_close(&topic);
}

// A topic that nobody compacts: the shelf knows the last of them.
static void test_many(void)
{
    struct shelf *shelf = NULL;
    CU_ASSERT_EQUAL_FATAL(shelf_create(&shelf, DETECTOR, PARTITION), ERR_NONE);
    for (int i = 0; i < 500; i++) {
        struct topic topic;
        topic_open(&topic);
        char id[16];
        snprintf(id, sizeof id, "s%d", i);
        put(&topic, id, i, VIEW("state"));
        for (unsigned r = 0; r < topic.count; r++) {
            shelf_see(
                    shelf, 2 * i + (int)r, strbuf_view(&topic.records[r].key), value_of(&topic, r));
        }
        topic_close(&topic);
    }
    check_chosen(shelf, 1000, "s499");
    CU_ASSERT_EQUAL(shelf_first_offset(shelf), 998);
    check_chosen(shelf, 1000, "s498");
    shelf_destroy(shelf);
}

static void test_what_is_none(void)
{
    struct topic topic;
    topic_open(&topic);
    put(&topic, "a", 100, VIEW("a"));
    struct view part = value_of(&topic, 0);
    struct view manifest = value_of(&topic, 1);
    const struct {
        struct view key;
        struct view value;
    } rows[] = {
            {VIEW_NONE, part},
            {VIEW(""), part},
            {VIEW("a"), part},
            {VIEW("/0"), part},
            {VIEW("a/"), part},
            {VIEW("a/x"), part},
            {VIEW("a/00"), part},
            {VIEW("a/99999999999"), part},
            {VIEW("a/2048"), part},
            {VIEW("a/1"), part},
            {VIEW("b/0"), part},
            {VIEW("a/manifest"), part},
            {VIEW("a/0"), manifest},
            {VIEW("b/manifest"), manifest},
            {VIEW("a/0"), VIEW("")},
            {VIEW("a/0"), VIEW("rubbish")},
            {VIEW("a/manifest"), {manifest.p, manifest.n - 1}},
    };
    enum { ROWS = sizeof rows / sizeof *rows };
    struct shelf *shelf = NULL;
    CU_ASSERT_EQUAL_FATAL(shelf_create(&shelf, DETECTOR, PARTITION), ERR_NONE);
    for (unsigned i = 0; i < ROWS; i++) {
        shelf_see(shelf, i, rows[i].key, rows[i].value);
        CU_ASSERT_EQUAL(shelf_unreadable(shelf), i + 1);
    }
    check_chosen(shelf, 500, "");
    shelf_destroy(shelf);
    topic_close(&topic);
}

// So many bytes that the count of their parts, cut to 32 bits, is the one that is told.
static void test_absurd_size(void)
{
    struct topic topic;
    topic_open(&topic);
    struct snapshot_manifest manifest = {
            .snapshot_id = VIEW("a"),
            .tally_partition = PARTITION,
            .parts = 1,
            .state_bytes = ((uint64_t)1 << 32) * SNAPSHOT_PART_BYTES + 1,
            .detector_version = DETECTOR,
            .policy_version = VIEW(""),
    };
    unsigned i = topic_next(&topic);
    snapshot_add_manifest_key(&topic.records[i].key, manifest.snapshot_id);
    CU_ASSERT_EQUAL(
            snapshot_encode_manifest(&topic.records[i].value, &manifest, topic.arena), ERR_NONE);
    struct shelf *shelf = shelf_of(&topic);
    CU_ASSERT_EQUAL(shelf_unreadable(shelf), 1);
    shelf_destroy(shelf);
    topic_close(&topic);
}

static const struct unit_test tests[] = {
        {"newest_first", test_newest_first},
        {"of_another", test_of_another},
        {"parts", test_parts},
        {"outdated", test_outdated},
        {"many", test_many},
        {"what_is_none", test_what_is_none},
        {"absurd_size", test_absurd_size},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "snapshot", tests);
}
