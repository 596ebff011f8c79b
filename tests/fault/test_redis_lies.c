// The Redis store against a server that lies: each lie gives the right answer, within the deadline,
// and none outlives it. A miss that is believed although the server lied would be a false
// accusation: there is no such row.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lying_redis.h"
#include "packed_data.h"
#include "redis/redis_store.h"
#include "unit.h"

enum { DEADLINE_MS = 250, LATE_MS = 2000, RECOVERY_MS = 5000 };

struct fixture {
    struct lying_redis *server;
    struct keyring *ring;
    struct config config;
    struct packed_data data;
    struct arena *arena;
    struct store store;
    char prefix[8];
    char *address;
};

static void set_up(struct fixture *f, enum redis_layout layout)
{
    memset(f, 0, sizeof *f);
    f->server = lying_redis_start();
    CU_ASSERT_EQUAL_FATAL(keyring_create_demo(&f->ring), ERR_NONE);
    f->arena = arena_create(1 << 20);
    snprintf(f->prefix, sizeof f->prefix, "wn");
    f->address = strdup(lying_redis_address(f->server));
    f->data = (struct packed_data){.prefix = f->prefix,
            .ring = f->ring,
            .generation = 7,
            .bucket_bits = 6,
            .tags = 1,
            .watermark_ms = clock_wall().ms,
            .valid_for_ms = 3600000,
            .borrower_count = 100};
    packed_data_write(&f->data, (struct pair_sink){lying_redis_set, f->server});
    f->config.redis.address = f->address;
    f->config.redis.prefix = f->prefix;
    f->config.redis.layout = layout;
    f->config.redis.connect_timeout_ms = 1000;
    f->config.redis.pipeline_keys = 1024;
}

static void open_store(struct fixture *f)
{
    CU_ASSERT_EQUAL_FATAL(redis_store_create(&f->store, &f->config, f->ring), ERR_NONE);
}

static void close_store(struct fixture *f)
{
    f->store.ops->destroy(f->store.self);
}

static void tear_down(struct fixture *f)
{
    lying_redis_stop(f->server);
    keyring_destroy(f->ring);
    arena_destroy(f->arena);
    free(f->address);
}

// Looks a borrower, a stranger and an impossible number up.
static void look_up(
        struct fixture *f, enum lookup_state *ret_borrower, enum lookup_state *ret_stranger)
{
    char borrower[16];
    char stranger[16];
    struct lookup lookups[] = {
            {.recipient = packed_data_recipient(borrower, 3), .tenant_id = VIEW("t1")},
            {.recipient = {RECIPIENT_INVALID, VIEW("12")}},
            {.recipient = packed_data_recipient(stranger, 100000), .tenant_id = VIEW("t1")},
    };
    arena_reset(f->arena);
    struct mono_time begin = clock_mono();
    f->store.ops->lookup(f->store.self, lookups, 3, mono_after_ms(begin, DEADLINE_MS), f->arena);
    CU_ASSERT_TRUE(clock_mono().ns - begin.ns < (int64_t)LATE_MS * 1000000);
    CU_ASSERT_EQUAL(lookups[1].facts.lookup, LOOKUP_NOT_ASKED);
    *ret_borrower = lookups[0].facts.lookup;
    *ret_stranger = lookups[2].facts.lookup;
}

static void look_up_borrowers(struct fixture *f, uint32_t count)
{
    char texts[64][16];
    struct lookup lookups[64] = {0};
    for (uint32_t i = 0; i < count; i++) {
        lookups[i].recipient = packed_data_recipient(texts[i], i);
    }
    arena_reset(f->arena);
    f->store.ops->lookup(
            f->store.self, lookups, count, mono_after_ms(clock_mono(), DEADLINE_MS), f->arena);
}

static void nap(void)
{
    struct timespec ts = {.tv_nsec = 10000000};
    nanosleep(&ts, NULL);
}

static bool is_well(struct fixture *f)
{
    enum lookup_state borrower;
    enum lookup_state stranger;
    look_up(f, &borrower, &stranger);
    return borrower == LOOKUP_FOUND && stranger == LOOKUP_MISS &&
           f->store.ops->state(f->store.self) == CACHE_TRUSTED;
}

static bool recovers(struct fixture *f)
{
    struct mono_time until = mono_after_ms(clock_mono(), RECOVERY_MS);
    bool well = is_well(f);
    while (!well && clock_mono().ns < until.ns) {
        nap();
        well = is_well(f);
    }
    return well;
}

struct lie_row {
    enum lie lie;
    const char *text;
    enum lookup_state expected; // of borrower and stranger alike
    const char *why;            // part of the reason
};

static const struct lie_row rows[] = {
        {LIE_SILENT, NULL, LOOKUP_UNREACHABLE, "in time"},
        {LIE_DEAF, NULL, LOOKUP_UNREACHABLE, "in time"},
        {LIE_DRIP, NULL, LOOKUP_UNREACHABLE, "in time"},
        {LIE_GARBAGE, NULL, LOOKUP_UNREACHABLE, "cannot be read"},
        {LIE_CLOSE_AT_ONCE, NULL, LOOKUP_UNREACHABLE, ""},
        {LIE_CLOSE_MIDWAY, NULL, LOOKUP_UNREACHABLE, "closed"},
        {LIE_HUGE_BULK, NULL, LOOKUP_UNREACHABLE, "in time"},
        {LIE_HUGE_ARRAY, NULL, LOOKUP_UNREACHABLE, "too large"},
        {LIE_NESTED, NULL, LOOKUP_UNREACHABLE, "cannot be read"},
        {LIE_FLOOD, NULL, LOOKUP_UNREACHABLE, ""},
        {LIE_ONE_MORE, NULL, LOOKUP_UNREACHABLE, "more than was asked"},
        {LIE_ERROR, "LOADING Redis is loading the dataset in memory", LOOKUP_UNTRUSTED, "LOADING"},
        {LIE_ERROR, "READONLY You can't write against a read only replica.", LOOKUP_UNTRUSTED,
                "READONLY"},
        {LIE_ERROR, "NOAUTH Authentication required.", LOOKUP_UNTRUSTED, "wants a password"},
        {LIE_ERROR, "MOVED 3999 127.0.0.1:6381", LOOKUP_UNTRUSTED, "MOVED"},
        {LIE_ERROR, "OOM command not allowed when used memory > 'maxmemory'.", LOOKUP_UNTRUSTED,
                "OOM"},
        {LIE_ERROR, "ERR unknown command 'GET', with args beginning with: 'wn'", LOOKUP_UNTRUSTED,
                "ERR"},
        {LIE_ERROR, "", LOOKUP_UNTRUSTED, "an error"},
        {LIE_INFO_ERROR, "NOPERM this user has no permissions to run the 'info' command",
                LOOKUP_UNTRUSTED, "permission for INFO"},
        {LIE_REPLICA, NULL, LOOKUP_UNTRUSTED, "replica"},
        {LIE_LOADING, NULL, LOOKUP_UNTRUSTED, "loading"},
        {LIE_INFO_EMPTY, NULL, LOOKUP_UNTRUSTED, "INFO"},
        {LIE_EPOCH_TEXT, "", LOOKUP_UNTRUSTED, "not well formed"},
        {LIE_EPOCH_TEXT, "{\"layout\":\"packed9\"}", LOOKUP_UNTRUSTED, "not well formed"},
        {LIE_EPOCH_ABSENT, NULL, LOOKUP_UNTRUSTED, "no epoch record"},
        {LIE_FLUSHED_MIDWAY, NULL, LOOKUP_UNTRUSTED, "no epoch record"},
        {LIE_FLIPS, NULL, LOOKUP_UNTRUSTED, "epoch changed"},
        {LIE_BUCKETS_ABSENT, NULL, LOOKUP_UNTRUSTED, "not whole"},
        {LIE_MGET_ERROR, "WRONGTYPE Operation against a key", LOOKUP_UNTRUSTED, "WRONGTYPE"},
        {LIE_MGET_ERROR, "TRYAGAIN Multiple keys request during rehashing of slot",
                LOOKUP_UNTRUSTED, "TRYAGAIN"},
        {LIE_SHORT_ARRAY, NULL, LOOKUP_UNREACHABLE, "no question of ours"},
        {LIE_WRONG_TYPE, NULL, LOOKUP_UNREACHABLE, "no question of ours"},
        {LIE_BUCKET_VERSION, NULL, LOOKUP_UNTRUSTED, "not well formed"},
        {LIE_BUCKET_CUT, NULL, LOOKUP_UNTRUSTED, "not well formed"},
};

static void check_row(struct fixture *f, const struct lie_row *row, const char *when)
{
    enum lookup_state borrower;
    enum lookup_state stranger;
    look_up(f, &borrower, &stranger);
    const char *why = redis_store_why(&f->store);
    bool as_expected =
            borrower == row->expected && stranger == row->expected && strstr(why, row->why) != NULL;
    CU_ASSERT_TRUE(as_expected);
    if (!as_expected) {
        printf("\n  lie %d (%s), %s: %d and %d, not %d; why: %s\n", (int)row->lie,
                row->text != NULL ? row->text : "", when, (int)borrower, (int)stranger,
                (int)row->expected, why);
    }
}

static void test_lies_before_the_first_lookup(void)
{
    struct fixture f;
    set_up(&f, LAYOUT_PACKED);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        open_store(&f);
        lying_redis_lie(f.server, rows[i].lie, rows[i].text);
        check_row(&f, &rows[i], "cold");
        lying_redis_lie(f.server, LIE_NONE, NULL);
        CU_ASSERT_TRUE(recovers(&f));
        close_store(&f);
    }
    tear_down(&f);
}

// INFO is asked once a second, so a server that changes its role in between is found out by the
// next.
static bool is_of_info(enum lie lie)
{
    return lie == LIE_INFO_ERROR || lie == LIE_REPLICA || lie == LIE_LOADING ||
           lie == LIE_INFO_EMPTY || lie == LIE_EVICTING;
}

static void await_next_info(struct fixture *f)
{
    struct mono_time until = mono_after_ms(clock_mono(), RECOVERY_MS);
    while (is_well(f) && clock_mono().ns < until.ns) {
        nap();
    }
}

static void test_lies_in_the_middle(void)
{
    struct fixture f;
    set_up(&f, LAYOUT_PACKED);
    open_store(&f);
    CU_ASSERT_TRUE(is_well(&f));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        lying_redis_lie(f.server, rows[i].lie, rows[i].text);
        if (rows[i].lie == LIE_CLOSE_AT_ONCE) {
            lying_redis_cut(f.server);
            await_next_info(&f);
        }
        if (is_of_info(rows[i].lie)) {
            await_next_info(&f);
        }
        check_row(&f, &rows[i], "warm");
        lying_redis_lie(f.server, LIE_NONE, NULL);
        CU_ASSERT_TRUE(recovers(&f));
    }
    close_store(&f);
    tear_down(&f);
}

static void test_flip_in_the_middle_is_asked_again(void)
{
    struct fixture f;
    set_up(&f, LAYOUT_PACKED);
    open_store(&f);
    CU_ASSERT_TRUE(is_well(&f));
    lying_redis_lie(f.server, LIE_FLIPS_ONCE, NULL);
    CU_ASSERT_TRUE(is_well(&f));
    CU_ASSERT_TRUE(is_well(&f));
    close_store(&f);
    tear_down(&f);
}

static void test_cut_between_batches_is_no_trouble(void)
{
    struct fixture f;
    set_up(&f, LAYOUT_PACKED);
    open_store(&f);
    CU_ASSERT_TRUE(is_well(&f));
    for (int i = 0; i < 20; i++) {
        lying_redis_cut(f.server);
        CU_ASSERT_TRUE(is_well(&f));
    }
    close_store(&f);
    tear_down(&f);
}

static void test_evicting_lasts_until_a_new_generation(void)
{
    struct fixture f;
    enum lookup_state borrower;
    enum lookup_state stranger;
    set_up(&f, LAYOUT_PACKED);
    open_store(&f);
    CU_ASSERT_TRUE(is_well(&f));
    lying_redis_lie(f.server, LIE_EVICTING, NULL);
    await_next_info(&f);
    CU_ASSERT_PTR_NOT_NULL(strstr(redis_store_why(&f.store), "evicting"));
    // A new connection to the same run of the server does not wash it clean.
    lying_redis_cut(f.server);
    look_up(&f, &borrower, &stranger);
    CU_ASSERT_EQUAL(borrower, LOOKUP_UNTRUSTED);
    CU_ASSERT_EQUAL(stranger, LOOKUP_UNTRUSTED);
    lying_redis_lie(f.server, LIE_NONE, NULL);
    look_up(&f, &borrower, &stranger);
    CU_ASSERT_EQUAL(stranger, LOOKUP_UNTRUSTED);
    f.data.generation = 8;
    packed_data_write(&f.data, (struct pair_sink){lying_redis_set, f.server});
    CU_ASSERT_TRUE(recovers(&f));
    close_store(&f);
    tear_down(&f);
}

static void set_epoch(struct fixture *f)
{
    packed_data_write_epochs(&f->data, (struct pair_sink){lying_redis_set, f->server});
}

static void check_both(struct fixture *f, enum lookup_state expected, const char *why)
{
    enum lookup_state borrower;
    enum lookup_state stranger;
    look_up(f, &borrower, &stranger);
    CU_ASSERT_EQUAL(borrower, expected);
    CU_ASSERT_EQUAL(stranger, expected);
    CU_ASSERT_PTR_NOT_NULL(strstr(redis_store_why(&f->store), why));
}

// Buckets that are written anew without their records, under the same epoch.
static void test_buckets_that_are_emptied(void)
{
    struct fixture f;
    set_up(&f, LAYOUT_PACKED);
    open_store(&f);
    enum lookup_state borrower;
    enum lookup_state stranger;
    look_up_borrowers(&f, 50);
    const uint32_t whole = f.data.borrower_count;
    f.data.borrower_count = 0;
    packed_data_write_buckets(&f.data, (struct pair_sink){lying_redis_set, f.server});
    look_up(&f, &borrower, &stranger);
    CU_ASSERT_EQUAL(borrower, LOOKUP_UNTRUSTED);
    CU_ASSERT_EQUAL(stranger, LOOKUP_UNTRUSTED);
    CU_ASSERT_PTR_NOT_NULL(strstr(redis_store_why(&f.store), "canaries"));
    f.data.borrower_count = whole;
    packed_data_write_buckets(&f.data, (struct pair_sink){lying_redis_set, f.server});
    CU_ASSERT_TRUE(is_well(&f));
    close_store(&f);
    tear_down(&f);
}

static void test_epochs(void)
{
    struct fixture f;
    set_up(&f, LAYOUT_PACKED);
    open_store(&f);
    int64_t now_ms = f.data.watermark_ms;
    CU_ASSERT_TRUE(is_well(&f));

    f.data.watermark_ms =
            now_ms - 1; // the same generation with an older watermark: writes were lost
    set_epoch(&f);
    check_both(&f, LOOKUP_UNTRUSTED, "back in time");
    f.data.watermark_ms = now_ms + 1;
    set_epoch(&f);
    CU_ASSERT_TRUE(is_well(&f));

    f.data.valid_for_ms = 1;
    f.data.watermark_ms = now_ms + 2;
    set_epoch(&f);
    nap();
    check_both(&f, LOOKUP_STALE, "stale");
    CU_ASSERT_EQUAL(f.store.ops->state(f.store.self), CACHE_STALE);
    f.data.valid_for_ms = 3600000;
    f.data.watermark_ms = clock_wall().ms;
    set_epoch(&f);
    CU_ASSERT_TRUE(is_well(&f));

    f.data.generation = 1; // flushed and loaded again, from a newer export
    f.data.watermark_ms += 1000;
    packed_data_write(&f.data, (struct pair_sink){lying_redis_set, f.server});
    CU_ASSERT_TRUE(is_well(&f));

    f.data.generation = 2; // flipped before its buckets were there
    set_epoch(&f);
    check_both(&f, LOOKUP_UNTRUSTED, "not whole");
    close_store(&f);
    tear_down(&f);
}

static void test_unknown_key_id(void)
{
    struct fixture f;
    set_up(&f, LAYOUT_PACKED);
    struct keyring *other = NULL;
    CU_ASSERT_EQUAL_FATAL(
            keyring_create(&other, VIEW("k9"), VIEW("0123456789abcdef"), VIEW_NONE, VIEW_NONE),
            ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(redis_store_create(&f.store, &f.config, other), ERR_NONE);
    check_both(&f, LOOKUP_UNTRUSTED, "key id demo, which is not configured");
    close_store(&f);
    keyring_destroy(other);
    tear_down(&f);
}

static void test_nobody_there(void)
{
    struct fixture f;
    set_up(&f, LAYOUT_PACKED);
    free(f.address);
    f.address = strdup("unix:/nowhere/redis.sock");
    f.config.redis.address = f.address;
    open_store(&f);
    CU_ASSERT_EQUAL(f.store.ops->state(f.store.self), CACHE_UNREACHABLE);
    for (int i = 0; i < 1000; i++) {
        check_both(&f, LOOKUP_UNREACHABLE, "cannot connect");
    }
    f.store.ops->lookup(f.store.self, NULL, 0, mono_after_ms(clock_mono(), 100), f.arena);
    CU_ASSERT_EQUAL(f.store.ops->state(f.store.self), CACHE_UNREACHABLE);
    close_store(&f);

    free(f.address);
    f.address = strdup("rediss://localhost:6380");
    f.config.redis.address = f.address;
    open_store(&f);
    check_both(&f, LOOKUP_UNREACHABLE, "TLS");
    close_store(&f);
    tear_down(&f);
}

// A silent server costs a batch its deadline, but not every batch.
static void test_silence_is_paid_for_seldom(void)
{
    struct fixture f;
    set_up(&f, LAYOUT_PACKED);
    open_store(&f);
    lying_redis_lie(f.server, LIE_SILENT, NULL);
    unsigned before_count = lying_redis_accepted(f.server);
    for (int i = 0; i < 1000; i++) {
        check_both(&f, LOOKUP_UNREACHABLE, "in time");
    }
    CU_ASSERT_TRUE(lying_redis_accepted(f.server) - before_count < 100);
    close_store(&f);
    tear_down(&f);
}

static void test_probe(void)
{
    struct fixture f;
    set_up(&f, LAYOUT_PACKED);
    open_store(&f);
    f.store.ops->lookup(f.store.self, NULL, 0, mono_after_ms(clock_mono(), 1000), f.arena);
    CU_ASSERT_EQUAL(f.store.ops->state(f.store.self), CACHE_TRUSTED);
    unit_check_text("why", redis_store_why(&f.store), "");
    close_store(&f);
    tear_down(&f);
}

static const struct unit_test tests[] = {
        {"lies_before_the_first_lookup", test_lies_before_the_first_lookup},
        {"lies_in_the_middle", test_lies_in_the_middle},
        {"flip_in_the_middle_is_asked_again", test_flip_in_the_middle_is_asked_again},
        {"cut_between_batches_is_no_trouble", test_cut_between_batches_is_no_trouble},
        {"evicting_lasts_until_a_new_generation", test_evicting_lasts_until_a_new_generation},
        {"buckets_that_are_emptied", test_buckets_that_are_emptied},
        {"epochs", test_epochs},
        {"unknown_key_id", test_unknown_key_id},
        {"nobody_there", test_nobody_there},
        {"silence_is_paid_for_seldom", test_silence_is_paid_for_seldom},
        {"probe", test_probe},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "redis_lies", tests);
}
