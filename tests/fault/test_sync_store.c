// What sync writes to a real redis-server: places, heartbeats, and what it leaves alone when it is
// no longer the one writer.
#include "sync/sync_store.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/packed_data.h"
#include "tests/support/redis_server.h"
#include "tests/support/unit.h"

enum { NO_SERVER_STATUS = 77, BORROWERS = 100 };

struct fixture {
    struct redis_server *server;
    struct keyring *ring;
    struct config *config;
    char *address; // the configuration's own
    char place[128];
    struct sync_store store;
};

static void prepare_tags(struct fixture *f, unsigned tags)
{
    memset(f, 0, sizeof *f);
    f->server = redis_server_start(NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f->server);
    CU_ASSERT_EQUAL_FATAL(keyring_create_demo(&f->ring), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(config_create_default(&f->config), ERR_NONE);
    snprintf(f->place, sizeof f->place, "%s", redis_server_address(f->server));
    f->address = f->config->redis.address;
    f->config->redis.address = f->place;
    const struct packed_data data = {.prefix = "wn",
            .ring = f->ring,
            .generation = 7,
            .bucket_bits = 6,
            .tags = tags,
            .watermark_ms = clock_wall().ms,
            .valid_for_ms = 3600000,
            .borrower_count = BORROWERS};
    packed_data_write(&data, (struct pair_sink){redis_server_set, f->server});
    redis_server_flush(f->server);
}

static void prepare(struct fixture *f)
{
    prepare_tags(f, 1);
}

static void clean_up(struct fixture *f)
{
    f->config->redis.address = f->address;
    config_destroy(f->config);
    keyring_destroy(f->ring);
    redis_server_stop(f->server);
}

static void begin(struct fixture *f, uint32_t partitions)
{
    CU_ASSERT_EQUAL_FATAL(sync_store_open(&f->store, f->config, f->ring), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(sync_store_resume(&f->store, partitions, clock_wall()), ERR_NONE);
}

static void put(struct fixture *f, uint32_t i, bool deletes)
{
    char storage[16];
    const struct relationship rel = {
            .recipient = packed_data_recipient(storage, i), .deleted = deletes};
    CU_ASSERT_EQUAL_FATAL(sync_store_put(&f->store, &rel), ERR_NONE);
}

static void goes_on_where_it_stood(void)
{
    struct fixture f;
    prepare(&f);
    begin(&f, 2);
    CU_ASSERT_TRUE(f.store.is_new);
    CU_ASSERT_EQUAL(f.store.state.positions[1].next, -1);
    CU_ASSERT_FALSE(epoch_heart_beats(&f.store.s.epoch, clock_wall()));
    put(&f, 0, true);
    put(&f, BORROWERS, false);
    put(&f, BORROWERS + 1, false);
    f.store.state.positions[0].next = 5;
    f.store.state.positions[1].next = 0;
    CU_ASSERT_EQUAL(sync_store_apply(&f.store), ERR_NONE);
    CU_ASSERT_EQUAL(f.store.s.epoch.record_count, BORROWERS + 1);
    CU_ASSERT_EQUAL(sync_store_gathered(&f.store), 0);
    const int64_t now_ms = clock_wall().ms;
    CU_ASSERT_EQUAL(sync_store_settle(&f.store, now_ms, now_ms), ERR_NONE);
    sync_store_close(&f.store);

    begin(&f, 3);
    CU_ASSERT_FALSE(f.store.is_new);
    CU_ASSERT_EQUAL(f.store.state.positions[0].next, 5);
    CU_ASSERT_EQUAL(f.store.state.positions[1].next, 0);
    CU_ASSERT_EQUAL(f.store.state.positions[2].next, -1);
    CU_ASSERT_EQUAL(f.store.s.epoch.heartbeat_at_ms, now_ms);
    CU_ASSERT_EQUAL(f.store.s.epoch.source_watermark_ms, now_ms);
    CU_ASSERT_TRUE(epoch_heart_beats(&f.store.s.epoch, clock_wall()));
    sync_store_close(&f.store);
    clean_up(&f);
}

// A batch that was announced and never ended: the next one must reach as far.
static void what_was_announced_has_to_be_reached(void)
{
    struct fixture f;
    prepare(&f);
    begin(&f, 1);
    f.store.state.positions[0].next = 10;
    CU_ASSERT_EQUAL(sync_store_settle(&f.store, 0, 0), ERR_NONE);
    put(&f, 0, true);
    f.store.state.positions[0].next = 25;
    // The bucket is damaged, so that the batch breaks off behind its first step.
    CU_ASSERT_TRUE(redis_server_command(f.server, "RENAME wn:{00}:7:0 kept"));
    for (int b = 1; b < 64; b++) {
        char command[64];
        snprintf(command, sizeof command, "DEL wn:{00}:7:%x", (unsigned)b);
        CU_ASSERT_TRUE(redis_server_command(f.server, command));
    }
    CU_ASSERT_EQUAL(sync_store_apply(&f.store), ERR_REFUSED);
    sync_store_close(&f.store);

    begin(&f, 1);
    CU_ASSERT_EQUAL(f.store.state.positions[0].next, 10);
    CU_ASSERT_EQUAL(f.store.state.positions[0].reach, 25);
    CU_ASSERT_FALSE(sync_state_reaches(&f.store.state));
    sync_store_close(&f.store);
    clean_up(&f);
}

static void a_writer_without_the_lock_changes_nothing(void)
{
    struct fixture f;
    prepare(&f);
    begin(&f, 1);
    put(&f, 0, true);
    f.store.state.positions[0].next = 1;
    CU_ASSERT_TRUE(redis_server_command(f.server, "SET wn:{00}:delta another"));
    CU_ASSERT_TRUE(redis_server_command(f.server, "DEL wn:{00}:sync"));
    f.store.s.target.integers = 0;
    CU_ASSERT_EQUAL(session_change_buckets(&f.store.s), ERR_LOCKED);
    CU_ASSERT_EQUAL(f.store.s.target.integers, 0);
    sync_store_close(&f.store);
    CU_ASSERT_EQUAL(sync_store_open(&f.store, f.config, f.ring), ERR_LOCKED);
    sync_store_close(&f.store);
    clean_up(&f);
}

// The connection broke and the lock stayed behind: it is our own, but for what the old connection may
// still have under way.
static void its_own_lock_is_taken_over(void)
{
    struct fixture f;
    prepare(&f);
    begin(&f, 1);
    char token[LOCK_TOKEN_HEX + 1];
    memcpy(token, f.store.s.lock.token, sizeof token);
    f.store.s.target.is_broken = true; // so that it is not released
    sync_store_close(&f.store);
    CU_ASSERT_EQUAL(sync_store_open(&f.store, f.config, f.ring), ERR_NONE);
    CU_ASSERT_STRING_NOT_EQUAL(f.store.s.lock.token, token);
    f.store.s.target.is_broken = true;
    sync_store_close(&f.store);
    CU_ASSERT_TRUE(redis_server_command(f.server, "SET wn:{00}:delta another"));
    CU_ASSERT_EQUAL(sync_store_open(&f.store, f.config, f.ring), ERR_LOCKED);
    sync_store_close(&f.store);
    clean_up(&f);
}

static void never_creates_an_epoch(void)
{
    struct fixture f;
    prepare(&f);
    begin(&f, 1);
    CU_ASSERT_TRUE(redis_server_command(f.server, "DEL wn:{00}:epoch"));
    const int64_t now_ms = clock_wall().ms;
    CU_ASSERT_EQUAL(sync_store_settle(&f.store, now_ms, now_ms), ERR_REFUSED);
    sync_store_close(&f.store);
    CU_ASSERT_EQUAL(sync_store_open(&f.store, f.config, f.ring), ERR_NONE);
    CU_ASSERT_FALSE(f.store.s.has_epoch);
    CU_ASSERT_EQUAL(sync_store_resume(&f.store, 1, clock_wall()), ERR_REFUSED);
    sync_store_close(&f.store);
    clean_up(&f);
}

static void moves_the_epochs_of_all_tags(void)
{
    struct fixture f;
    prepare_tags(&f, HASH_TAG_COUNT);
    begin(&f, 1);
    put(&f, 0, true);
    f.store.state.positions[0].next = 1;
    CU_ASSERT_EQUAL(sync_store_apply(&f.store), ERR_NONE);
    CU_ASSERT_EQUAL(f.store.s.epoch.record_count, BORROWERS - 1);
    const int64_t now_ms = clock_wall().ms;
    CU_ASSERT_EQUAL(sync_store_settle(&f.store, now_ms, now_ms), ERR_NONE);
    // It is what a heartbeat compares with.
    CU_ASSERT_TRUE(redis_server_command(f.server, "SET wn:{3f}:epoch other"));
    CU_ASSERT_EQUAL(sync_store_settle(&f.store, now_ms, now_ms), ERR_REFUSED);
    sync_store_close(&f.store);
    clean_up(&f);
}

static void a_gap_and_a_long_rest_end_the_belief(void)
{
    struct fixture f;
    prepare(&f);
    begin(&f, 1);
    const int64_t now_ms = clock_wall().ms;
    CU_ASSERT_EQUAL(sync_store_settle(&f.store, now_ms, now_ms), ERR_NONE);
    sync_store_close(&f.store);
    CU_ASSERT_EQUAL_FATAL(sync_store_open(&f.store, f.config, f.ring), ERR_NONE);
    const struct wall_time late = {now_ms + f.config->sync.tombstones_kept_ms + 1};
    CU_ASSERT_EQUAL(sync_store_resume(&f.store, 1, late), ERR_NONE);
    CU_ASSERT_TRUE(f.store.state.has_gap);
    CU_ASSERT_EQUAL(f.store.s.epoch.heartbeat_at_ms, 0);
    sync_store_close(&f.store);
    begin(&f, 1);
    CU_ASSERT_TRUE(f.store.state.has_gap);
    sync_store_close(&f.store);
    clean_up(&f);
}

static const struct unit_test tests[] = {
        {"goes_on_where_it_stood", goes_on_where_it_stood},
        {"what_was_announced_has_to_be_reached", what_was_announced_has_to_be_reached},
        {"a_writer_without_the_lock_changes_nothing", a_writer_without_the_lock_changes_nothing},
        {"its_own_lock_is_taken_over", its_own_lock_is_taken_over},
        {"never_creates_an_epoch", never_creates_an_epoch},
        {"moves_the_epochs_of_all_tags", moves_the_epochs_of_all_tags},
        {"a_gap_and_a_long_rest_end_the_belief", a_gap_and_a_long_rest_end_the_belief},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    struct redis_server *server = redis_server_start(NULL);
    if (server == NULL) {
        return NO_SERVER_STATUS;
    }
    redis_server_stop(server);
    return unit_main(argc, argv, "sync_store", tests);
}
