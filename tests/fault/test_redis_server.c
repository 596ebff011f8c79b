// The Redis store against a real redis-server: found and missed, then everything that an operator
// or a crash may do to it.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/assure.h"
#include "packed_data.h"
#include "redis/packed_keys.h"
#include "redis/redis_store.h"
#include "redis_server.h"
#include "unit.h"

enum { DEADLINE_MS = 30000, RECOVERY_MS = 5000, NO_SERVER_STATUS = 77 };

struct fixture {
    struct redis_server *server;
    struct keyring *ring;
    struct config config;
    struct packed_data data;
    struct arena *arena;
    struct store store;
    char prefix[8];
    char address[128];
    char *owned[8]; // texts of the configuration
    size_t owned_count;
};

static char *own(struct fixture *f, const char *text)
{
    ASSURE(f->owned_count < 8);
    char *copy = strdup(text);
    ASSURE(copy != NULL);
    f->owned[f->owned_count++] = copy;
    return copy;
}

static struct pair_sink sink_of(struct fixture *f)
{
    return (struct pair_sink){redis_server_set, f->server};
}

static void load(struct fixture *f)
{
    packed_data_write_buckets(&f->data, sink_of(f));
    redis_server_flush(f->server);
    packed_data_write_epochs(&f->data, sink_of(f));
    redis_server_flush(f->server);
}

static void prepare(struct fixture *f, const char *const *arguments)
{
    memset(f, 0, sizeof *f);
    f->server = redis_server_start(arguments);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f->server);
    CU_ASSERT_EQUAL_FATAL(keyring_create_demo(&f->ring), ERR_NONE);
    f->arena = arena_create(256 << 20);
    snprintf(f->prefix, sizeof f->prefix, "wn");
    snprintf(f->address, sizeof f->address, "%s", redis_server_address(f->server));
    f->data = (struct packed_data){.prefix = f->prefix,
            .ring = f->ring,
            .generation = 1,
            .bucket_bits = 10,
            .tags = 1,
            .watermark_ms = clock_wall().ms,
            .valid_for_ms = 3600000,
            .borrower_count = 5000};
    f->config.redis.address = f->address;
    f->config.redis.prefix = f->prefix;
    f->config.redis.connect_timeout_ms = 1000;
    f->config.redis.pipeline_keys = 1024;
}

static void open_store(struct fixture *f)
{
    CU_ASSERT_EQUAL_FATAL(redis_store_create(&f->store, &f->config, f->ring), ERR_NONE);
}

static void set_up(struct fixture *f)
{
    prepare(f, NULL);
    load(f);
    open_store(f);
}

static void tear_down(struct fixture *f)
{
    f->store.ops->destroy(f->store.self);
    redis_server_stop(f->server);
    keyring_destroy(f->ring);
    arena_destroy(f->arena);
    for (size_t i = 0; i < f->owned_count; i++) {
        free(f->owned[i]);
    }
}

// Looks up recipients first, first + step, …; counts the answers by state.
static void look_up(
        struct fixture *f, uint32_t first, uint32_t step, size_t count, size_t ret_counts[6])
{
    struct lookup *lookups = calloc(count, sizeof *lookups);
    char(*storage)[16] = calloc(count, sizeof *storage);
    ASSURE(lookups != NULL && storage != NULL);
    for (size_t i = 0; i < count; i++) {
        lookups[i].recipient = packed_data_recipient(storage[i], first + (uint32_t)i * step);
        lookups[i].tenant_id = VIEW("t1");
    }
    arena_reset(f->arena);
    f->store.ops->lookup(
            f->store.self, lookups, count, mono_after_ms(clock_mono(), DEADLINE_MS), f->arena);
    memset(ret_counts, 0, 6 * sizeof *ret_counts);
    for (size_t i = 0; i < count; i++) {
        ret_counts[lookups[i].facts.lookup]++;
        CU_ASSERT_TRUE(
                lookups[i].facts.lookup != LOOKUP_FOUND ||
                (lookups[i].facts.party_count == 1 && lookups[i].facts.parties[0].same_tenant));
    }
    free(lookups);
    free(storage);
}

// Half of the recipients are borrowers, half strangers.
static bool is_well(struct fixture *f)
{
    size_t counts[6];
    look_up(f, f->data.borrower_count - 500, 1, 1000, counts);
    return counts[LOOKUP_FOUND] == 500 && counts[LOOKUP_MISS] == 500 &&
           f->store.ops->state(f->store.self) == CACHE_TRUSTED;
}

static bool all_are(struct fixture *f, enum lookup_state expected)
{
    size_t counts[6];
    look_up(f, f->data.borrower_count - 500, 1, 1000, counts);
    if (counts[expected] != 1000) {
        printf("\n  %zu found, %zu missed; why: %s\n", counts[LOOKUP_FOUND], counts[LOOKUP_MISS],
                redis_store_why(&f->store));
    }
    return counts[expected] == 1000;
}

static bool eventually(struct fixture *f, bool (*check)(struct fixture *))
{
    struct mono_time until = mono_after_ms(clock_mono(), RECOVERY_MS);
    while (!check(f)) {
        if (clock_mono().ns > until.ns) {
            return false;
        }
        struct timespec nap = {.tv_nsec = 10000000};
        nanosleep(&nap, NULL);
    }
    return true;
}

static void test_found_and_missed(void)
{
    struct fixture f;
    set_up(&f);
    CU_ASSERT_TRUE(is_well(&f));
    struct lookup lookup = {.tenant_id = VIEW("t1"), .loan_id = VIEW("L17")};
    char storage[16];
    lookup.recipient = packed_data_recipient(storage, 17);
    f.store.ops->lookup(
            f.store.self, &lookup, 1, mono_after_ms(clock_mono(), DEADLINE_MS), f.arena);
    CU_ASSERT_EQUAL(lookup.facts.lookup, LOOKUP_FOUND);
    CU_ASSERT_EQUAL(lookup.facts.party_count, 1);
    CU_ASSERT_TRUE(lookup.facts.parties[0].same_tenant && lookup.facts.parties[0].same_loan);
    lookup.tenant_id = VIEW("t2");
    f.store.ops->lookup(
            f.store.self, &lookup, 1, mono_after_ms(clock_mono(), DEADLINE_MS), f.arena);
    CU_ASSERT_FALSE(lookup.facts.parties[0].same_tenant);
    tear_down(&f);
}

// What its owner does between the two halves of a lookup is no wait for the server. A connection that
// breaks meanwhile is like any that was idle.
static void test_begun_and_finished_later(void)
{
    enum { WAIT_MS = 1000 };
    static const char *const meanwhile[] = {"PING", "CLIENT KILL TYPE normal SKIPME yes"};
    for (size_t i = 0; i < sizeof meanwhile / sizeof *meanwhile; i++) {
        struct fixture f;
        set_up(&f);
        CU_ASSERT_TRUE(is_well(&f));
        char storage[16];
        struct lookup lookup = {
                .recipient = packed_data_recipient(storage, 17), .tenant_id = VIEW("t1")};
        struct mono_time deadline = mono_after_ms(clock_mono(), WAIT_MS);
        f.store.ops->begin(f.store.self, &lookup, 1, deadline, f.arena);
        (void)redis_server_command(f.server, meanwhile[i]);
        while (clock_mono().ns <= deadline.ns) {
            struct timespec nap = {.tv_nsec = 10000000};
            nanosleep(&nap, NULL);
        }
        CU_ASSERT_EQUAL(f.store.ops->state(f.store.self), CACHE_TRUSTED); // of before
        f.store.ops->finish(f.store.self);
        CU_ASSERT_EQUAL(lookup.facts.lookup, LOOKUP_FOUND);
        CU_ASSERT_TRUE(is_well(&f));
        tear_down(&f);
    }
}

static void test_flushed(void)
{
    struct fixture f;
    set_up(&f);
    CU_ASSERT_TRUE(is_well(&f));
    CU_ASSERT_TRUE(redis_server_command(f.server, "FLUSHALL"));
    CU_ASSERT_TRUE(all_are(&f, LOOKUP_UNTRUSTED));
    load(&f);
    CU_ASSERT_TRUE(is_well(&f));
    CU_ASSERT_TRUE(redis_server_command(f.server, "SWAPDB 0 1"));
    CU_ASSERT_TRUE(all_are(&f, LOOKUP_UNTRUSTED));
    CU_ASSERT_TRUE(redis_server_command(f.server, "SWAPDB 0 1"));
    CU_ASSERT_TRUE(is_well(&f));
    tear_down(&f);
}

static struct facts look_up_one(struct fixture *f, uint32_t i)
{
    char storage[16];
    struct lookup lookup = {
            .recipient = packed_data_recipient(storage, i), .tenant_id = VIEW("t1")};
    f->store.ops->lookup(
            f->store.self, &lookup, 1, mono_after_ms(clock_mono(), DEADLINE_MS), f->arena);
    return lookup.facts;
}

static void command_on_bucket(struct fixture *f, const char *before, uint32_t i, const char *behind)
{
    char storage[16];
    struct strbuf text;
    struct pseudonym pseudonym =
            keyring_pseudonym(keyring_current(f->ring), packed_data_recipient(storage, i));
    strbuf_init(&text, 256);
    strbuf_add_text(&text, before);
    packed_add_bucket_key(&text, view_of(f->prefix), 0, f->data.generation,
            packed_bucket_number(&pseudonym, f->data.bucket_bits));
    strbuf_add_text(&text, behind);
    CU_ASSERT_TRUE(redis_server_command(f->server, text.p));
    strbuf_fini(&text);
}

// A bucket that is not there makes those in it unknown, no others; but the cache is not whole,
// whoever is asked for next, until the bucket is there again.
static void test_a_bucket_that_is_gone(void)
{
    struct fixture f;
    set_up(&f);
    CU_ASSERT_EQUAL(look_up_one(&f, 0).lookup, LOOKUP_FOUND);
    command_on_bucket(&f, "RENAME ", 0, " elsewhere");
    CU_ASSERT_EQUAL(look_up_one(&f, 0).lookup, LOOKUP_UNTRUSTED);
    for (uint32_t i = 1; i < 20; i++) {
        (void)look_up_one(&f, i);
        CU_ASSERT_EQUAL(f.store.ops->state(f.store.self), CACHE_UNTRUSTED);
    }
    CU_ASSERT_EQUAL(look_up_one(&f, 1).lookup, LOOKUP_FOUND);
    CU_ASSERT_EQUAL(look_up_one(&f, f.data.borrower_count + 1).lookup, LOOKUP_MISS);
    command_on_bucket(&f, "RENAME elsewhere ", 0, "");
    CU_ASSERT_EQUAL(look_up_one(&f, 1).lookup, LOOKUP_FOUND);
    CU_ASSERT_TRUE(is_well(&f));
    tear_down(&f);
}

static bool is_short_of_keys(struct fixture *f)
{
    return look_up_one(f, 1).lookup == LOOKUP_FOUND &&
           f->store.ops->state(f->store.self) == CACHE_UNTRUSTED &&
           strstr(redis_store_why(&f->store), "fewer keys") != NULL;
}

// The number of keys says so before anybody asks for it.
static void test_fewer_keys_than_buckets(void)
{
    struct fixture f;
    set_up(&f);
    CU_ASSERT_TRUE(is_well(&f));
    command_on_bucket(&f, "DEL ", 0, "");
    CU_ASSERT_TRUE(eventually(&f, is_short_of_keys));
    f.data.generation++;
    load(&f);
    CU_ASSERT_TRUE(eventually(&f, is_well));
    tear_down(&f);
}

// Loads, flips, flushes and swaps while lookups run: no borrower may ever be missed.
struct mischief {
    struct fixture *f;
    bool stop;
    pthread_mutex_t lock;
};

static bool goes_on(struct mischief *m)
{
    pthread_mutex_lock(&m->lock);
    bool on = !m->stop;
    pthread_mutex_unlock(&m->lock);
    return on;
}

static void *do_mischief(void *self)
{
    struct mischief *m = self;
    struct packed_data data = m->f->data;
    struct keyring *ring = NULL; // of this thread's own
    ASSURE(keyring_create_demo(&ring) == ERR_NONE);
    data.ring = ring;
    for (unsigned i = 0; goes_on(m); i++) {
        data.generation++;
        packed_data_write_buckets(&data, sink_of(m->f));
        redis_server_flush(m->f->server);
        packed_data_write_epochs(&data, sink_of(m->f));
        redis_server_flush(m->f->server);
        if (i % 3 == 0) {
            ASSURE(redis_server_command(m->f->server, "FLUSHALL"));
        } else if (i % 3 == 1) {
            ASSURE(redis_server_command(m->f->server, "SWAPDB 0 1"));
        }
    }
    keyring_destroy(ring);
    return NULL;
}

static void test_flushed_in_the_middle(void)
{
    struct fixture f;
    set_up(&f);
    struct mischief m = {.f = &f};
    pthread_mutex_init(&m.lock, NULL);
    pthread_t thread;
    ASSURE(pthread_create(&thread, NULL, do_mischief, &m) == 0);
    size_t found = 0;
    size_t unknown = 0;
    struct mono_time until = mono_after_ms(clock_mono(), RECOVERY_MS);
    for (int i = 0; (i < 300 || found == 0 || unknown == 0) && clock_mono().ns < until.ns; i++) {
        size_t counts[6];
        look_up(&f, 0, 1, f.data.borrower_count, counts);
        CU_ASSERT_EQUAL(counts[LOOKUP_MISS], 0);
        found += counts[LOOKUP_FOUND];
        unknown += counts[LOOKUP_UNTRUSTED];
    }
    CU_ASSERT_TRUE(found > 0 && unknown > 0);
    pthread_mutex_lock(&m.lock);
    m.stop = true;
    pthread_mutex_unlock(&m.lock);
    pthread_join(thread, NULL);
    pthread_mutex_destroy(&m.lock);
    tear_down(&f);
}

static void test_killed_and_restarted_empty(void)
{
    struct fixture f;
    set_up(&f);
    CU_ASSERT_TRUE(is_well(&f));
    redis_server_kill(f.server);
    CU_ASSERT_TRUE(all_are(&f, LOOKUP_UNREACHABLE));
    CU_ASSERT_TRUE(all_are(&f, LOOKUP_UNREACHABLE));
    redis_server_restart(f.server);
    struct mono_time until = mono_after_ms(clock_mono(), RECOVERY_MS);
    size_t counts[6] = {0};
    while (counts[LOOKUP_UNTRUSTED] == 0 && clock_mono().ns < until.ns) {
        look_up(&f, 0, 1, 100, counts);
        CU_ASSERT_EQUAL(counts[LOOKUP_MISS], 0);
    }
    CU_ASSERT_TRUE(all_are(&f, LOOKUP_UNTRUSTED));
    CU_ASSERT_PTR_NOT_NULL(strstr(redis_store_why(&f.store), "no epoch record"));
    load(&f);
    CU_ASSERT_TRUE(eventually(&f, is_well));
    tear_down(&f);
}

static bool is_untrusted_replica(struct fixture *f)
{
    size_t counts[6];
    look_up(f, 0, 1, 100, counts);
    return counts[LOOKUP_UNTRUSTED] == 100 && strstr(redis_store_why(&f->store), "replica") != NULL;
}

static void test_replica(void)
{
    struct fixture f;
    set_up(&f);
    CU_ASSERT_TRUE(is_well(&f));
    CU_ASSERT_TRUE(redis_server_command(f.server, "REPLICAOF 127.0.0.1 1"));
    CU_ASSERT_TRUE(eventually(&f, is_untrusted_replica));
    CU_ASSERT_TRUE(redis_server_command(f.server, "REPLICAOF NO ONE"));
    CU_ASSERT_TRUE(eventually(&f, is_well));
    tear_down(&f);
}

static void write_password(struct fixture *f, const char *password)
{
    char path[128];
    snprintf(path, sizeof path, "%s/password", redis_server_folder(f->server));
    FILE *file = fopen(path, "w");
    ASSURE(file != NULL && fputs(password, file) >= 0 && fclose(file) == 0);
    if (f->config.redis.password_file == NULL) {
        f->config.redis.password_file = own(f, path);
    }
}

static void test_acl_user(void)
{
    struct fixture f;
    prepare(&f, NULL);
    load(&f);
    CU_ASSERT_TRUE(redis_server_command(
            f.server, "ACL SETUSER judge on >se-cret ~wn:* +get +mget +info +select"));
    write_password(&f, "se-cret\n");
    f.config.redis.user = own(&f, "judge");
    open_store(&f);
    CU_ASSERT_TRUE(is_well(&f));

    CU_ASSERT_TRUE(redis_server_command(f.server, "ACL SETUSER judge -info"));
    f.store.ops->destroy(f.store.self);
    open_store(&f);
    CU_ASSERT_TRUE(all_are(&f, LOOKUP_UNTRUSTED));
    CU_ASSERT_PTR_NOT_NULL(strstr(redis_store_why(&f.store), "permission for INFO"));

    CU_ASSERT_TRUE(redis_server_command(f.server, "ACL SETUSER judge +info -mget"));
    CU_ASSERT_TRUE(all_are(&f, LOOKUP_UNTRUSTED));
    CU_ASSERT_PTR_NOT_NULL(strstr(redis_store_why(&f.store), "permission for MGET"));

    CU_ASSERT_TRUE(redis_server_command(f.server, "ACL SETUSER judge +mget"));
    CU_ASSERT_TRUE(is_well(&f));

    write_password(&f, "wrong\n");
    f.store.ops->destroy(f.store.self);
    open_store(&f);
    CU_ASSERT_TRUE(all_are(&f, LOOKUP_UNREACHABLE));
    CU_ASSERT_PTR_NOT_NULL(strstr(redis_store_why(&f.store), "refused AUTH: WRONGPASS"));
    CU_ASSERT_PTR_NULL(strstr(redis_store_why(&f.store), "wrong\n"));
    unlink(f.config.redis.password_file);
    tear_down(&f);
}

static void test_half_load(void)
{
    struct fixture f;
    prepare(&f, NULL);
    packed_data_write_buckets(&f.data, sink_of(&f));
    redis_server_flush(f.server);
    open_store(&f);
    CU_ASSERT_TRUE(all_are(&f, LOOKUP_UNTRUSTED)); // buckets without an epoch
    load(&f);
    CU_ASSERT_TRUE(is_well(&f));
    f.data.generation = 2; // a loader that flips too early
    packed_data_write_epochs(&f.data, sink_of(&f));
    redis_server_flush(f.server);
    CU_ASSERT_TRUE(all_are(&f, LOOKUP_UNTRUSTED));
    load(&f);
    CU_ASSERT_TRUE(is_well(&f));
    tear_down(&f);
}

static void test_tags(void)
{
    struct fixture f;
    prepare(&f, NULL);
    f.data.tags = 64;
    load(&f);
    open_store(&f);
    CU_ASSERT_TRUE(is_well(&f));
    // One tag's epoch is gone: its recipients are unknown, and so is the whole once the epochs are
    // learnt anew.
    CU_ASSERT_TRUE(redis_server_command(f.server, "DEL wn:{2a}:epoch"));
    size_t counts[6];
    look_up(&f, 0, 1, 1000, counts);
    CU_ASSERT_TRUE(counts[LOOKUP_UNTRUSTED] > 0);
    CU_ASSERT_EQUAL(counts[LOOKUP_MISS], 0);
    load(&f);
    CU_ASSERT_TRUE(is_well(&f));
    f.data.generation = 2;
    f.data.tags = 1;
    f.data.bucket_bits = 8;
    load(&f);
    CU_ASSERT_TRUE(is_well(&f));
    tear_down(&f);
}

static void test_a_hundred_thousand_in_one_batch(void)
{
    struct fixture f;
    prepare(&f, NULL);
    f.data.borrower_count = 50000;
    f.data.bucket_bits = 12;
    load(&f);
    f.config.redis.pipeline_keys = 4096;
    open_store(&f);
    size_t counts[6];
    struct lookup probe = {.recipient = {RECIPIENT_INVALID, VIEW("x")}};
    f.store.ops->lookup(f.store.self, &probe, 1, mono_after_ms(clock_mono(), 1000), f.arena);
    CU_ASSERT_EQUAL(probe.facts.lookup, LOOKUP_NOT_ASKED);
    look_up(&f, 0, 1, 100000, counts);
    CU_ASSERT_EQUAL(counts[LOOKUP_FOUND], 50000);
    CU_ASSERT_EQUAL(counts[LOOKUP_MISS], 50000);
    tear_down(&f);
}

static void test_evicting_server(void)
{
    struct fixture f;
    prepare(&f, NULL);
    load(&f);
    open_store(&f);
    CU_ASSERT_TRUE(is_well(&f));
    CU_ASSERT_TRUE(redis_server_command(f.server, "CONFIG SET maxmemory-policy allkeys-random"));
    CU_ASSERT_TRUE(redis_server_command(f.server, "CONFIG SET maxmemory 1"));
    for (int i = 0; i < 100; i++) {
        (void)redis_server_command(f.server, "SET filler 1");
    }
    // What the server dropped is seen at once: a bucket, or an epoch, is absent. Not one borrower
    // is missed.
    size_t counts[6];
    look_up(&f, 0, 1, 5000, counts);
    CU_ASSERT_EQUAL(counts[LOOKUP_MISS], 0);
    tear_down(&f);
}

static const struct unit_test tests[] = {
        {"found_and_missed", test_found_and_missed},
        {"begun_and_finished_later", test_begun_and_finished_later},
        {"flushed", test_flushed},
        {"a_bucket_that_is_gone", test_a_bucket_that_is_gone},
        {"fewer_keys_than_buckets", test_fewer_keys_than_buckets},
        {"flushed_in_the_middle", test_flushed_in_the_middle},
        {"killed_and_restarted_empty", test_killed_and_restarted_empty},
        {"replica", test_replica},
        {"acl_user", test_acl_user},
        {"half_load", test_half_load},
        {"tags", test_tags},
        {"a_hundred_thousand_in_one_batch", test_a_hundred_thousand_in_one_batch},
        {"evicting_server", test_evicting_server},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    struct redis_server *server = redis_server_start(NULL);
    if (server == NULL) {
        printf("redis_server: skipped, redis-server is not installed or does not start\n");
        return NO_SERVER_STATUS;
    }
    redis_server_stop(server);
    return unit_main(argc, argv, "redis_server", tests);
}
