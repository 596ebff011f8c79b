// The Redis store and the loader against a real Redis Cluster: slots under way and moved under load,
// nodes killed, flushed, stale. Whatever happens, no borrower is missed and no stranger found.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/assure.h"
#include "load/load.h"
#include "packed_data.h"
#include "redis/cluster_map.h"
#include "redis/redis_store.h"
#include "redis_nodes.h"
#include "unit.h"

enum {
    BORROWERS = 3000,
    DEADLINE_MS = 2000,
    RECOVERY_MS = 15000,
    RESHARDING_MS = 4000,
    NO_SERVER_STATUS = 77,
    EVERY_TAG = HASH_TAG_COUNT,
};

struct fixture {
    struct redis_nodes *nodes;
    struct keyring *ring;
    struct config config;
    struct arena *arena;
    struct store store;
    char prefix[8];
    char address[64];
    char path[128]; // of the loader's file
};

// How lookups of all borrowers and as many strangers ended.
struct tally {
    size_t found;
    size_t missed;
    size_t unknown;
    size_t unreachable; // of the unknown
    size_t wrong;       // a borrower missed, a stranger found
};

static void nap(void)
{
    struct timespec ts = {.tv_nsec = 10000000};
    nanosleep(&ts, NULL);
}

static void write_people(const char *path, uint32_t first, uint32_t count, bool is_deleted)
{
    FILE *file = fopen(path, "w");
    ASSURE(file != NULL);
    for (uint32_t i = first; i < first + count; i++) {
        char storage[16];
        struct recipient recipient = packed_data_recipient(storage, i);
        if (is_deleted) {
            fprintf(file, "{\"recipient\":\"%.*s\",\"deleted\":true}\n",
                    VIEW_ARGS(recipient.canonical));
        } else {
            fprintf(file,
                    "{\"recipient\":\"%.*s\",\"parties\":[{\"tenant_id\":\"t1\",\"loan_id\":"
                    "\"L%u\",\"role\":\"borrower\",\"status\":\"active\"}]}\n",
                    VIEW_ARGS(recipient.canonical), i);
        }
    }
    ASSURE(fclose(file) == 0);
}

// Loads people with the loader itself.
static enum err load(const struct fixture *f, const char *path, bool is_delta)
{
    struct redis_route_options redis = redis_route_options_of(&f->config, NULL);
    struct load_options options = {.redis = &redis,
            .prefix = f->prefix,
            .ring = f->ring,
            .default_region = "CN",
            .path = path,
            .is_delta = is_delta,
            .tags = HASH_TAG_COUNT,
            .bucket_bits = 9,
            .valid_for_ms = 3600000,
            .watermark_ms = clock_wall().ms};
    struct load_result result;
    struct strbuf why;
    strbuf_init(&why, 1024);
    enum err e = load_run(&options, &result, &why);
    if (e != ERR_NONE) {
        printf("\n  load: %s\n", strbuf_view(&why).p);
    }
    strbuf_fini(&why);
    return e;
}

static void set_up(struct fixture *f, bool has_replicas)
{
    memset(f, 0, sizeof *f);
    f->nodes = redis_nodes_start_cluster(3, has_replicas);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f->nodes);
    CU_ASSERT_EQUAL_FATAL(keyring_create_demo(&f->ring), ERR_NONE);
    f->arena = arena_create(64 << 20);
    snprintf(f->prefix, sizeof f->prefix, "wn");
    snprintf(f->address, sizeof f->address, "%s,%s", redis_nodes_address(f->nodes, 2),
            redis_nodes_address(f->nodes, 1));
    snprintf(f->path, sizeof f->path, "%s/people.ndjson", redis_nodes_folder(f->nodes));
    f->config.redis.topology = TOPOLOGY_CLUSTER;
    f->config.redis.address = f->address;
    f->config.redis.prefix = f->prefix;
    f->config.redis.connect_timeout_ms = 1000;
    f->config.redis.pipeline_keys = 1024;
    write_people(f->path, 0, BORROWERS, false);
    CU_ASSERT_EQUAL_FATAL(load(f, f->path, false), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(redis_store_create(&f->store, &f->config, f->ring), ERR_NONE);
}

static void tear_down(struct fixture *f)
{
    f->store.ops->destroy(f->store.self);
    redis_nodes_destroy(f->nodes);
    keyring_destroy(f->ring);
    arena_destroy(f->arena);
}

static unsigned tag_of(const struct fixture *f, struct recipient recipient)
{
    struct pseudonym pseudonym = keyring_pseudonym(keyring_current(f->ring), recipient);
    return packed_bucket_number(&pseudonym, HASH_TAG_BITS);
}

static void count(struct tally *tally, enum lookup_state state, bool is_borrower)
{
    tally->found += state == LOOKUP_FOUND;
    tally->missed += state == LOOKUP_MISS;
    tally->unknown += state != LOOKUP_FOUND && state != LOOKUP_MISS;
    tally->unreachable += state == LOOKUP_UNREACHABLE;
    tally->wrong += state == (is_borrower ? LOOKUP_MISS : LOOKUP_FOUND);
}

// Looks up all borrowers and as many strangers, in one batch; counts those of one tag, or all.
static struct tally look_up(struct fixture *f, unsigned only_tag)
{
    struct lookup *lookups = calloc(2 * BORROWERS, sizeof *lookups);
    char(*storage)[16] = calloc(2 * BORROWERS, sizeof *storage);
    struct tally tally = {0};
    ASSURE(lookups != NULL && storage != NULL);
    for (uint32_t i = 0; i < 2 * BORROWERS; i++) {
        lookups[i].recipient = packed_data_recipient(storage[i], i);
        lookups[i].tenant_id = VIEW("t1");
    }
    arena_reset(f->arena);
    f->store.ops->lookup(f->store.self, lookups, 2 * BORROWERS,
            mono_after_ms(clock_mono(), DEADLINE_MS), f->arena);
    for (uint32_t i = 0; i < 2 * BORROWERS; i++) {
        if (only_tag == EVERY_TAG || tag_of(f, lookups[i].recipient) == only_tag) {
            count(&tally, lookups[i].facts.lookup, i < BORROWERS);
        }
    }
    CU_ASSERT_EQUAL(tally.wrong, 0);
    free(lookups);
    free(storage);
    return tally;
}

static bool is_well(struct fixture *f)
{
    struct tally tally = look_up(f, EVERY_TAG);
    return tally.found == BORROWERS && tally.missed == BORROWERS &&
           f->store.ops->state(f->store.self) == CACHE_TRUSTED;
}

static bool becomes_well(struct fixture *f)
{
    struct mono_time until = mono_after_ms(clock_mono(), RECOVERY_MS);
    while (!is_well(f)) {
        if (clock_mono().ns > until.ns) {
            printf("\n  why: %s\n", redis_store_why(&f->store));
            return false;
        }
        nap();
    }
    return true;
}

// --- tests --------------------------------------------------------------------------------------

static void test_found_and_missed(void)
{
    struct fixture f;
    set_up(&f, false);
    CU_ASSERT_TRUE(is_well(&f));
    // All nodes have their share.
    for (size_t i = 0; i < 3; i++) {
        redisReply *reply = redis_nodes_ask(f.nodes, i, "DBSIZE");
        CU_ASSERT_TRUE(reply != NULL && reply->integer > 100);
        freeReplyObject(reply);
    }
    // The next generation, and a smaller one: nothing is left of the old ones.
    CU_ASSERT_EQUAL(load(&f, f.path, false), ERR_NONE);
    CU_ASSERT_TRUE(is_well(&f));
    size_t keys = 0;
    for (size_t i = 0; i < 3; i++) {
        redisReply *reply = redis_nodes_ask(f.nodes, i, "DBSIZE");
        keys += reply != NULL ? (size_t)reply->integer : 0;
        freeReplyObject(reply);
    }
    CU_ASSERT_EQUAL(keys, 512 + HASH_TAG_COUNT);
    tear_down(&f);
}

static void test_slot_under_way(void)
{
    struct fixture f;
    set_up(&f, false);
    CU_ASSERT_TRUE(is_well(&f));
    const unsigned tag = 0x2a;
    const unsigned slot = cluster_slot_of_tag(tag);
    size_t from = redis_nodes_owner(f.nodes, slot);
    size_t to = (from + 1) % 3;
    struct tally all = look_up(&f, tag);
    CU_ASSERT_TRUE(all.found > 0 && all.missed > 0);
    redis_nodes_open_slot(f.nodes, slot, from, to);
    // Opened, nothing moved yet: as before.
    struct tally tally = look_up(&f, tag);
    CU_ASSERT_TRUE(tally.found == all.found && tally.missed == all.missed);
    // Some keys here, some there (TRYAGAIN, or ASK): unknown, and the other tags go on.
    CU_ASSERT_EQUAL(redis_nodes_move_keys(f.nodes, slot, from, to, 5), 5);
    tally = look_up(&f, tag);
    CU_ASSERT_EQUAL(tally.unknown, all.found + all.missed);
    tally = look_up(&f, EVERY_TAG);
    CU_ASSERT_EQUAL(tally.unknown, all.found + all.missed);
    CU_ASSERT_EQUAL(f.store.ops->state(f.store.self), CACHE_UNTRUSTED);
    CU_ASSERT_PTR_NOT_NULL(strstr(redis_store_why(&f.store), "under way"));
    // All keys there, the slot still open: ASK leads to them.
    CU_ASSERT_EQUAL(redis_nodes_move_keys(f.nodes, slot, from, to, 100), 4);
    tally = look_up(&f, tag);
    CU_ASSERT_TRUE(tally.found == all.found && tally.missed == all.missed);
    // Closed: MOVED.
    redis_nodes_close_slot(f.nodes, slot, to);
    CU_ASSERT_TRUE(is_well(&f));
    tear_down(&f);
}

// Moves slots to and fro until it is told to stop.
struct mover {
    struct redis_nodes *nodes;
    size_t node_count;
    size_t moves;
    bool stop;
    pthread_mutex_t lock;
};

static bool goes_on(struct mover *m)
{
    pthread_mutex_lock(&m->lock);
    bool on = !m->stop;
    pthread_mutex_unlock(&m->lock);
    return on;
}

static void *move_slots(void *self)
{
    struct mover *m = self;
    for (unsigned i = 0; goes_on(m); i++) {
        unsigned slot = cluster_slot_of_tag(i % 8);
        size_t from = redis_nodes_owner(m->nodes, slot);
        size_t to = (from + 1) % m->node_count;
        redis_nodes_open_slot(m->nodes, slot, from, to);
        while (redis_nodes_move_keys(m->nodes, slot, from, to, 3) > 0) {
        }
        redis_nodes_close_slot(m->nodes, slot, to);
        m->moves++;
        // A node that hears an old word of a slot after a new one of its next owner takes it for
        // the truth: slots that move faster than gossip lose their data.
        for (int naps = 0; naps < 20; naps++) {
            nap();
        }
    }
    return NULL;
}

static void begin_moving(struct mover *m, struct redis_nodes *nodes, pthread_t *ret_thread)
{
    *m = (struct mover){.nodes = nodes, .node_count = 3};
    pthread_mutex_init(&m->lock, NULL);
    ASSURE(pthread_create(ret_thread, NULL, move_slots, m) == 0);
}

static void end_moving(struct mover *m, pthread_t thread)
{
    pthread_mutex_lock(&m->lock);
    m->stop = true;
    pthread_mutex_unlock(&m->lock);
    pthread_join(thread, NULL);
    pthread_mutex_destroy(&m->lock);
}

static void test_resharding_under_load(void)
{
    struct fixture f;
    struct mover m;
    pthread_t thread;
    set_up(&f, false);
    CU_ASSERT_TRUE(is_well(&f));
    begin_moving(&m, f.nodes, &thread);
    struct tally sum = {0};
    struct mono_time until = mono_after_ms(clock_mono(), RESHARDING_MS);
    while (clock_mono().ns < until.ns) {
        struct tally tally = look_up(&f, EVERY_TAG);
        sum.found += tally.found;
        sum.missed += tally.missed;
        sum.unknown += tally.unknown;
    }
    end_moving(&m, thread);
    printf("\n  %zu slots moved: %zu found, %zu missed, %zu unknown, 0 wrong\n", m.moves, sum.found,
            sum.missed, sum.unknown);
    CU_ASSERT_TRUE(m.moves > 5 && sum.unknown > 0 && sum.unknown < sum.found);
    CU_ASSERT_TRUE(becomes_well(&f));
    tear_down(&f);
}

static void test_loading_while_resharding(void)
{
    struct fixture f;
    struct mover m;
    pthread_t thread;
    char more[160];
    set_up(&f, false);
    snprintf(more, sizeof more, "%s/more.ndjson", redis_nodes_folder(f.nodes));
    begin_moving(&m, f.nodes, &thread);
    // A full load of the half, then the other half as a delta. What is refused because slots did
    // not stand still is loaded again.
    write_people(f.path, 0, BORROWERS / 2, false);
    write_people(more, BORROWERS / 2, BORROWERS - BORROWERS / 2, false);
    enum err full = ERR_UNAVAILABLE;
    for (int i = 0; i < 50 && full == ERR_UNAVAILABLE; i++) {
        full = load(&f, f.path, false);
    }
    CU_ASSERT_EQUAL(full, ERR_NONE);
    enum err delta = ERR_UNAVAILABLE;
    for (int i = 0; i < 50 && delta == ERR_UNAVAILABLE; i++) {
        delta = load(&f, more, true);
    }
    CU_ASSERT_EQUAL(delta, ERR_NONE);
    end_moving(&m, thread);
    CU_ASSERT_TRUE(becomes_well(&f));
    tear_down(&f);
}

static void test_moved_to_a_node_that_was_not_there(void)
{
    struct fixture f;
    set_up(&f, false);
    CU_ASSERT_TRUE(is_well(&f));
    const unsigned tag = 7;
    const unsigned slot = cluster_slot_of_tag(tag);
    size_t from = redis_nodes_owner(f.nodes, slot);
    size_t to = redis_nodes_add_master(f.nodes);
    redis_nodes_open_slot(f.nodes, slot, from, to);
    redis_nodes_move_keys(f.nodes, slot, from, to, 100);
    redis_nodes_close_slot(f.nodes, slot, to);
    CU_ASSERT_TRUE(is_well(&f));
    // It dies: only what it had is unknown.
    struct tally all = look_up(&f, tag);
    redis_nodes_kill(f.nodes, to);
    struct tally tally = look_up(&f, tag);
    CU_ASSERT_EQUAL(tally.unreachable, all.found + all.missed);
    tally = look_up(&f, EVERY_TAG);
    CU_ASSERT_TRUE(tally.unknown == all.found + all.missed ||
                   f.store.ops->state(f.store.self) != CACHE_TRUSTED);
    tear_down(&f);
}

static void test_node_flushed(void)
{
    struct fixture f;
    set_up(&f, false);
    CU_ASSERT_TRUE(is_well(&f));
    CU_ASSERT_TRUE(redis_nodes_do(f.nodes, 1, "FLUSHALL"));
    struct tally tally = look_up(&f, EVERY_TAG);
    CU_ASSERT_TRUE(tally.unknown > BORROWERS / 2 && tally.unknown < BORROWERS);
    CU_ASSERT_EQUAL(f.store.ops->state(f.store.self), CACHE_UNTRUSTED);
    CU_ASSERT_EQUAL(load(&f, f.path, false), ERR_NONE);
    CU_ASSERT_TRUE(becomes_well(&f));
    tear_down(&f);
}

static void test_master_killed_and_replaced(void)
{
    struct fixture f;
    set_up(&f, true);
    CU_ASSERT_TRUE(is_well(&f));
    redis_nodes_kill(f.nodes, 0);
    struct tally tally = look_up(&f, EVERY_TAG);
    CU_ASSERT_TRUE(tally.unreachable > 0);
    struct mono_time begin = clock_mono();
    CU_ASSERT_TRUE(becomes_well(&f));
    printf("\n  well again after %lld ms\n", (long long)((clock_mono().ns - begin.ns) / 1000000));
    // The dead one comes back as a replica; nobody asks it.
    redis_nodes_restart(f.nodes, 0);
    CU_ASSERT_TRUE(becomes_well(&f));
    tear_down(&f);
}

static void test_master_paused(void)
{
    struct fixture f;
    set_up(&f, true);
    CU_ASSERT_TRUE(is_well(&f));
    redis_nodes_pause(f.nodes, 0, true);
    struct mono_time begin = clock_mono();
    struct tally tally = look_up(&f, EVERY_TAG);
    CU_ASSERT_TRUE(clock_mono().ns - begin.ns < (int64_t)(DEADLINE_MS + 500) * 1000000);
    CU_ASSERT_TRUE(tally.unreachable > 0 && tally.found > 0);
    CU_ASSERT_TRUE(becomes_well(&f)); // its replica has taken over
    redis_nodes_pause(f.nodes, 0, false);
    CU_ASSERT_TRUE(becomes_well(&f));
    tear_down(&f);
}

// A replica that missed a delta takes over: its data is older than what was believed before.
static void test_stale_replica_takes_over(void)
{
    struct fixture f;
    char fewer[160];
    set_up(&f, true);
    snprintf(fewer, sizeof fewer, "%s/fewer.ndjson", redis_nodes_folder(f.nodes));
    CU_ASSERT_TRUE(is_well(&f));
    redis_nodes_pause(f.nodes, 3, true); // the replica of node 0
    // Strangers become borrowers, and the replica does not hear of it.
    write_people(fewer, BORROWERS, 1000, false);
    CU_ASSERT_EQUAL(load(&f, fewer, true), ERR_NONE);
    char storage[16];
    struct lookup lookup = {0};
    for (uint32_t i = BORROWERS; i < BORROWERS + 1000; i++) {
        lookup.recipient = packed_data_recipient(storage, i);
        if (redis_nodes_owner(f.nodes, cluster_slot_of_tag(tag_of(&f, lookup.recipient))) == 0) {
            break;
        }
    }
    f.store.ops->lookup(
            f.store.self, &lookup, 1, mono_after_ms(clock_mono(), DEADLINE_MS), f.arena);
    CU_ASSERT_EQUAL(lookup.facts.lookup, LOOKUP_FOUND);
    redis_nodes_kill(f.nodes, 0);
    redis_nodes_pause(f.nodes, 3, false);
    struct mono_time until = mono_after_ms(clock_mono(), RECOVERY_MS);
    while (!redis_nodes_do(f.nodes, 3, "CLUSTER FAILOVER TAKEOVER") && clock_mono().ns < until.ns) {
        nap();
    }
    size_t untrusted = 0;
    while (untrusted == 0 && clock_mono().ns < until.ns) {
        f.store.ops->lookup(
                f.store.self, &lookup, 1, mono_after_ms(clock_mono(), DEADLINE_MS), f.arena);
        CU_ASSERT_NOT_EQUAL(lookup.facts.lookup, LOOKUP_MISS);
        untrusted += lookup.facts.lookup == LOOKUP_UNTRUSTED;
        nap();
    }
    CU_ASSERT_TRUE(untrusted > 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(redis_store_why(&f.store), "went back in time"));
    // The next full load puts it right.
    write_people(f.path, 0, BORROWERS, false);
    CU_ASSERT_EQUAL(load(&f, f.path, false), ERR_NONE);
    CU_ASSERT_TRUE(becomes_well(&f));
    tear_down(&f);
}

static const struct unit_test tests[] = {
        {"found_and_missed", test_found_and_missed},
        {"slot_under_way", test_slot_under_way},
        {"resharding_under_load", test_resharding_under_load},
        {"loading_while_resharding", test_loading_while_resharding},
        {"moved_to_a_node_that_was_not_there", test_moved_to_a_node_that_was_not_there},
        {"node_flushed", test_node_flushed},
        {"master_killed_and_replaced", test_master_killed_and_replaced},
        {"master_paused", test_master_paused},
        {"stale_replica_takes_over", test_stale_replica_takes_over},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    struct redis_nodes *nodes = redis_nodes_create();
    if (nodes == NULL) {
        printf("redis_cluster: skipped, redis-server is not installed\n");
        return NO_SERVER_STATUS;
    }
    redis_nodes_destroy(nodes);
    return unit_main(argc, argv, "redis_cluster", tests);
}
