// The Redis store and the loader against a real Redis Cluster: slots under way and moved under load,
// nodes killed, flushed, stale. Whatever happens, no borrower is missed and no stranger found.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache_crowd.h"
#include "common/assure.h"
#include "redis/cluster_map.h"
#include "redis_nodes.h"
#include "unit.h"

enum { RECOVERY_MS = 15000, RESHARDING_MS = 4000, NO_SERVER_STATUS = 77 };

struct fixture {
    struct redis_nodes *nodes;
    struct crowd crowd;
};

static void set_up(struct fixture *f, bool has_replicas)
{
    char address[64];
    f->nodes = redis_nodes_start_cluster(3, has_replicas);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f->nodes);
    snprintf(address, sizeof address, "%s,%s", redis_nodes_address(f->nodes, 2),
            redis_nodes_address(f->nodes, 1));
    crowd_set_up(&f->crowd, TOPOLOGY_CLUSTER, address, NULL, redis_nodes_folder(f->nodes));
}

static void tear_down(struct fixture *f)
{
    crowd_tear_down(&f->crowd);
    redis_nodes_destroy(f->nodes);
}

// What is refused because the cluster is down, or because slots did not stand still, is loaded again.
static bool is_loaded_at_last(struct fixture *f, uint32_t first, uint32_t count, bool is_delta)
{
    struct mono_time until = mono_after_ms(clock_mono(), RECOVERY_MS);
    enum err e = ERR_UNAVAILABLE;
    while (e == ERR_UNAVAILABLE && clock_mono().ns < until.ns) {
        e = crowd_load(&f->crowd, first, count, is_delta);
        crowd_nap();
    }
    return e == ERR_NONE;
}

static enum cache_state state(const struct fixture *f)
{
    return f->crowd.store.ops->state(f->crowd.store.self);
}

// --- tests --------------------------------------------------------------------------------------

static void test_found_and_missed(void)
{
    struct fixture f;
    set_up(&f, false);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    // All nodes have their share.
    for (size_t i = 0; i < 3; i++) {
        redisReply *reply = redis_nodes_ask(f.nodes, i, "DBSIZE");
        CU_ASSERT_TRUE(reply != NULL && reply->integer > 100);
        freeReplyObject(reply);
    }
    // The next generation, and a smaller one: nothing is left of the old ones.
    CU_ASSERT_EQUAL(crowd_load(&f.crowd, 0, CROWD_BORROWERS, false), ERR_NONE);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
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
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    const unsigned tag = 0x2a;
    const unsigned slot = cluster_slot_of_tag(tag);
    size_t from = redis_nodes_owner(f.nodes, slot);
    size_t to = (from + 1) % 3;
    struct crowd_tally all = crowd_look_up(&f.crowd, tag);
    CU_ASSERT_TRUE(all.found > 0 && all.missed > 0);
    redis_nodes_open_slot(f.nodes, slot, from, to);
    // Opened, nothing moved yet: as before.
    struct crowd_tally tally = crowd_look_up(&f.crowd, tag);
    CU_ASSERT_TRUE(tally.found == all.found && tally.missed == all.missed);
    // Only the epoch is there. Asked for one bucket alone, which it does not have yet, the next owner
    // says that there is none: no proof of anything.
    CU_ASSERT_TRUE(redis_nodes_do(f.nodes, from, "MIGRATE 127.0.0.1 %u wn:{2a}:epoch 0 2000",
            redis_nodes_port(f.nodes, to)));
    uint32_t one = 0;
    while (crowd_tag_of(&f.crowd, one) != tag) {
        one++;
    }
    CU_ASSERT_EQUAL(crowd_look_up_one(&f.crowd, one), LOOKUP_UNTRUSTED);
    // Some keys here, some there (TRYAGAIN, or ASK): unknown, and the other tags go on.
    CU_ASSERT_EQUAL(redis_nodes_move_keys(f.nodes, slot, from, to, 5), 5);
    tally = crowd_look_up(&f.crowd, tag);
    CU_ASSERT_EQUAL(tally.unknown, all.found + all.missed);
    tally = crowd_look_up(&f.crowd, CROWD_EVERY_TAG);
    CU_ASSERT_EQUAL(tally.unknown, all.found + all.missed);
    CU_ASSERT_EQUAL(state(&f), CACHE_UNTRUSTED);
    CU_ASSERT_PTR_NOT_NULL(strstr(redis_store_why(&f.crowd.store), "under way"));
    // All keys there, the slot still open: ASK leads to them.
    CU_ASSERT_EQUAL(redis_nodes_move_keys(f.nodes, slot, from, to, 100), 3);
    tally = crowd_look_up(&f.crowd, tag);
    CU_ASSERT_TRUE(tally.found == all.found && tally.missed == all.missed);
    // Closed: MOVED.
    redis_nodes_close_slot(f.nodes, slot, to);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
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
            crowd_nap();
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
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    begin_moving(&m, f.nodes, &thread);
    struct crowd_tally sum = {0};
    struct mono_time until = mono_after_ms(clock_mono(), RESHARDING_MS);
    while (clock_mono().ns < until.ns) {
        struct crowd_tally tally = crowd_look_up(&f.crowd, CROWD_EVERY_TAG);
        sum.found += tally.found;
        sum.missed += tally.missed;
        sum.unknown += tally.unknown;
    }
    end_moving(&m, thread);
    printf("\n  %zu slots moved: %zu found, %zu missed, %zu unknown, 0 wrong\n", m.moves, sum.found,
            sum.missed, sum.unknown);
    CU_ASSERT_TRUE(m.moves > 5 && sum.unknown < sum.found);
    CU_ASSERT_TRUE(crowd_becomes_well(&f.crowd));
    tear_down(&f);
}

static void test_loading_while_resharding(void)
{
    struct fixture f;
    struct mover m;
    pthread_t thread;
    const uint32_t half = CROWD_BORROWERS / 2;
    set_up(&f, false);
    begin_moving(&m, f.nodes, &thread);
    // A full load of the half, then the other half as a delta.
    CU_ASSERT_TRUE(is_loaded_at_last(&f, 0, half, false));
    CU_ASSERT_TRUE(is_loaded_at_last(&f, half, CROWD_BORROWERS - half, true));
    end_moving(&m, thread);
    CU_ASSERT_TRUE(crowd_becomes_well(&f.crowd));
    tear_down(&f);
}

static void test_moved_to_a_node_that_was_not_there(void)
{
    struct fixture f;
    set_up(&f, false);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    const unsigned tag = 7;
    const unsigned slot = cluster_slot_of_tag(tag);
    size_t from = redis_nodes_owner(f.nodes, slot);
    size_t to = redis_nodes_add_master(f.nodes);
    redis_nodes_open_slot(f.nodes, slot, from, to);
    redis_nodes_move_keys(f.nodes, slot, from, to, 100);
    redis_nodes_close_slot(f.nodes, slot, to);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    // It dies: only what it had is unknown.
    struct crowd_tally all = crowd_look_up(&f.crowd, tag);
    redis_nodes_kill(f.nodes, to);
    struct crowd_tally tally = crowd_look_up(&f.crowd, tag);
    CU_ASSERT_EQUAL(tally.unreachable, all.found + all.missed);
    tally = crowd_look_up(&f.crowd, CROWD_EVERY_TAG);
    CU_ASSERT_TRUE(tally.unknown == all.found + all.missed || state(&f) != CACHE_TRUSTED);
    tear_down(&f);
}

// Two nodes that each say that the other one has the slot.
static void test_redirected_in_circles(void)
{
    struct fixture f;
    set_up(&f, false);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    const unsigned tag = 9;
    const unsigned slot = cluster_slot_of_tag(tag);
    size_t from = redis_nodes_owner(f.nodes, slot);
    size_t to = (from + 1) % 3;
    struct crowd_tally all = crowd_look_up(&f.crowd, tag);
    // The data vanish on the way, and the next owner is never told that it is one.
    redis_nodes_open_slot(f.nodes, slot, from, to);
    redis_nodes_move_keys(f.nodes, slot, from, to, 100);
    CU_ASSERT_TRUE(redis_nodes_do(f.nodes, to, "CLUSTER SETSLOT %u STABLE", slot));
    CU_ASSERT_TRUE(redis_nodes_give_away(f.nodes, slot, from, to));
    struct mono_time begin = clock_mono();
    for (int i = 0; i < 20; i++) {
        struct crowd_tally tally = crowd_look_up(&f.crowd, tag);
        CU_ASSERT_EQUAL(tally.unknown, all.found + all.missed);
    }
    CU_ASSERT_TRUE(clock_mono().ns - begin.ns < (int64_t)20 * CROWD_DEADLINE_MS * 1000000);
    struct crowd_tally tally = crowd_look_up(&f.crowd, CROWD_EVERY_TAG);
    CU_ASSERT_EQUAL(tally.unknown, all.found + all.missed);
    tear_down(&f);
}

// A processor that starts while a node is away knows what the others have.
static void test_begun_without_a_node(void)
{
    struct fixture f;
    set_up(&f, false);
    redis_nodes_kill(f.nodes, 0);
    crowd_close(&f.crowd);
    crowd_open(&f.crowd);
    struct crowd_tally tally = crowd_look_up(&f.crowd, CROWD_EVERY_TAG);
    CU_ASSERT_TRUE(tally.found > CROWD_BORROWERS / 2);
    CU_ASSERT_TRUE(tally.unreachable > CROWD_BORROWERS / 2 && tally.unreachable == tally.unknown);
    CU_ASSERT_EQUAL(state(&f), CACHE_UNREACHABLE);
    tear_down(&f);
}

static void test_node_flushed(void)
{
    struct fixture f;
    set_up(&f, false);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    CU_ASSERT_TRUE(redis_nodes_do(f.nodes, 1, "FLUSHALL"));
    struct crowd_tally tally = crowd_look_up(&f.crowd, CROWD_EVERY_TAG);
    CU_ASSERT_TRUE(tally.unknown > CROWD_BORROWERS / 2 && tally.unknown < CROWD_BORROWERS);
    CU_ASSERT_EQUAL(state(&f), CACHE_UNTRUSTED);
    CU_ASSERT_EQUAL(crowd_load(&f.crowd, 0, CROWD_BORROWERS, false), ERR_NONE);
    CU_ASSERT_TRUE(crowd_becomes_well(&f.crowd));
    tear_down(&f);
}

static void test_master_killed_and_replaced(void)
{
    struct fixture f;
    set_up(&f, true);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    redis_nodes_kill(f.nodes, 0);
    struct crowd_tally tally = crowd_look_up(&f.crowd, CROWD_EVERY_TAG);
    CU_ASSERT_TRUE(tally.unreachable > 0);
    struct mono_time begin = clock_mono();
    CU_ASSERT_TRUE(crowd_becomes_well(&f.crowd));
    printf("\n  well again after %lld ms\n", (long long)((clock_mono().ns - begin.ns) / 1000000));
    // The dead one comes back as a replica; nobody asks it.
    redis_nodes_restart(f.nodes, 0);
    CU_ASSERT_TRUE(crowd_becomes_well(&f.crowd));
    tear_down(&f);
}

static void test_master_paused(void)
{
    struct fixture f;
    set_up(&f, true);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    redis_nodes_pause(f.nodes, 0, true);
    struct mono_time begin = clock_mono();
    struct crowd_tally tally = crowd_look_up(&f.crowd, CROWD_EVERY_TAG);
    CU_ASSERT_TRUE(clock_mono().ns - begin.ns < (int64_t)(CROWD_DEADLINE_MS + 500) * 1000000);
    CU_ASSERT_TRUE(tally.unreachable > 0 && tally.found > 0);
    CU_ASSERT_TRUE(crowd_becomes_well(&f.crowd)); // its replica has taken over
    redis_nodes_pause(f.nodes, 0, false);
    CU_ASSERT_TRUE(crowd_becomes_well(&f.crowd));
    tear_down(&f);
}

// A replica that missed a delta takes over: its data is older than what was believed before.
static void test_stale_replica_takes_over(void)
{
    struct fixture f;
    set_up(&f, true);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    redis_nodes_pause(f.nodes, 3, true); // the replica of node 0
    CU_ASSERT_TRUE(redis_nodes_do(f.nodes, 0, "CLIENT KILL TYPE replica"));
    // Strangers become borrowers, and the replica does not hear of it.
    CU_ASSERT_EQUAL(crowd_load(&f.crowd, CROWD_BORROWERS, 1000, true), ERR_NONE);
    uint32_t one = CROWD_BORROWERS;
    while (redis_nodes_owner(f.nodes, cluster_slot_of_tag(crowd_tag_of(&f.crowd, one))) != 0) {
        one++;
    }
    CU_ASSERT_EQUAL(crowd_look_up_one(&f.crowd, one), LOOKUP_FOUND);
    redis_nodes_kill(f.nodes, 0);
    redis_nodes_pause(f.nodes, 3, false);
    struct mono_time until = mono_after_ms(clock_mono(), RECOVERY_MS);
    while (!redis_nodes_do(f.nodes, 3, "CLUSTER FAILOVER TAKEOVER") && clock_mono().ns < until.ns) {
        crowd_nap();
    }
    // Until it is a master and says so, it is not trusted for that.
    enum lookup_state answer = LOOKUP_FOUND;
    bool is_told = false;
    while (!is_told && clock_mono().ns < until.ns) {
        answer = crowd_look_up_one(&f.crowd, one);
        CU_ASSERT_NOT_EQUAL(answer, LOOKUP_MISS);
        is_told = strstr(redis_store_why(&f.crowd.store), "went back in time") != NULL;
        crowd_nap();
    }
    CU_ASSERT_EQUAL(answer, LOOKUP_UNTRUSTED);
    CU_ASSERT_TRUE(is_told);
    // The next full load puts it right.
    CU_ASSERT_TRUE(is_loaded_at_last(&f, 0, CROWD_BORROWERS, false));
    CU_ASSERT_TRUE(crowd_becomes_well(&f.crowd));
    tear_down(&f);
}

// The user that schemas/redis-keys.md describes may do all that is needed, and nothing else.
static void test_acl_user(void)
{
    struct fixture f;
    set_up(&f, false);
    for (size_t i = 0; i < 3; i++) {
        CU_ASSERT_TRUE(redis_nodes_do(f.nodes, i,
                "ACL SETUSER judge on >se-cret ~wn:* +get +mget +info +cluster|slots +asking"));
    }
    char path[128];
    snprintf(path, sizeof path, "%s/password", redis_nodes_folder(f.nodes));
    FILE *file = fopen(path, "w");
    ASSURE(file != NULL && fputs("se-cret\n", file) >= 0 && fclose(file) == 0);
    f.crowd.config.redis.user = strdup("judge");
    f.crowd.config.redis.password_file = strdup(path);
    crowd_close(&f.crowd);
    crowd_open(&f.crowd);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    // All of a slot's keys at its next owner, the slot still open.
    const unsigned slot = cluster_slot_of_tag(0);
    size_t from = redis_nodes_owner(f.nodes, slot);
    redis_nodes_open_slot(f.nodes, slot, from, (from + 1) % 3);
    redis_nodes_move_keys(f.nodes, slot, from, (from + 1) % 3, 100);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    for (size_t i = 0; i < 3; i++) {
        CU_ASSERT_TRUE(redis_nodes_do(f.nodes, i, "ACL SETUSER judge -cluster|slots"));
    }
    crowd_close(&f.crowd);
    crowd_open(&f.crowd);
    CU_ASSERT_EQUAL(crowd_look_up_one(&f.crowd, 7), LOOKUP_UNREACHABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(redis_store_why(&f.crowd.store), "CLUSTER SLOTS with NOPERM"));
    free(f.crowd.config.redis.user);
    free(f.crowd.config.redis.password_file);
    tear_down(&f);
}

static const struct unit_test tests[] = {
        {"found_and_missed", test_found_and_missed},
        {"slot_under_way", test_slot_under_way},
        {"resharding_under_load", test_resharding_under_load},
        {"loading_while_resharding", test_loading_while_resharding},
        {"moved_to_a_node_that_was_not_there", test_moved_to_a_node_that_was_not_there},
        {"redirected_in_circles", test_redirected_in_circles},
        {"begun_without_a_node", test_begun_without_a_node},
        {"node_flushed", test_node_flushed},
        {"master_killed_and_replaced", test_master_killed_and_replaced},
        {"master_paused", test_master_paused},
        {"stale_replica_takes_over", test_stale_replica_takes_over},
        {"acl_user", test_acl_user},
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
