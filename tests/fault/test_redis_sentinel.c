// The Redis store and the loader behind sentinels: masters that die, step down, stand still and come
// back, replicas that missed what was loaded. Nobody is ever told wrong.
#include <stdio.h>
#include <string.h>

#include "cache_crowd.h"
#include "common/assure.h"
#include "redis_nodes.h"
#include "unit.h"

enum { SENTINELS = 3, RECOVERY_MS = 15000, NO_SERVER_STATUS = 77 };

// Nodes: the master, its replica, then the sentinels.
enum { MASTER, REPLICA, FIRST_SENTINEL };

struct fixture {
    struct redis_nodes *nodes;
    struct crowd crowd;
};

static bool info_has(struct redis_nodes *nodes, size_t node, const char *text)
{
    redisReply *reply = redis_nodes_ask(nodes, node, "INFO");
    bool has =
            reply != NULL && reply->type == REDIS_REPLY_STRING && strstr(reply->str, text) != NULL;
    freeReplyObject(reply);
    return has;
}

static void await(struct redis_nodes *nodes, size_t node, const char *text)
{
    struct mono_time until = mono_after_ms(clock_mono(), RECOVERY_MS);
    while (!info_has(nodes, node, text)) {
        ASSURE(clock_mono().ns < until.ns);
        crowd_nap();
    }
}

static void start_sentinels(struct redis_nodes *nodes)
{
    for (size_t i = 0; i < SENTINELS; i++) {
        size_t node = redis_nodes_start(nodes, true, NULL);
        ASSURE(redis_nodes_do(nodes, node, "SENTINEL MONITOR loans 127.0.0.1 %u 2",
                redis_nodes_port(nodes, MASTER)));
        ASSURE(redis_nodes_do(nodes, node, "SENTINEL SET loans down-after-milliseconds 500"));
        ASSURE(redis_nodes_do(nodes, node, "SENTINEL SET loans failover-timeout 3000"));
    }
    for (size_t i = 0; i < SENTINELS; i++) {
        await(nodes, FIRST_SENTINEL + i, "slaves=1,sentinels=3");
    }
}

static void set_up(struct fixture *f)
{
    char address[128];
    char port[16];
    f->nodes = redis_nodes_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(f->nodes);
    redis_nodes_start(f->nodes, false, NULL);
    snprintf(port, sizeof port, "%u", redis_nodes_port(f->nodes, MASTER));
    const char *const arguments[] = {"--replicaof", "127.0.0.1", port, NULL};
    redis_nodes_start(f->nodes, false, arguments);
    await(f->nodes, REPLICA, "master_link_status:up");
    start_sentinels(f->nodes);
    // The first of them is not there.
    snprintf(address, sizeof address, "127.0.0.1:1,%s,%s,%s",
            redis_nodes_address(f->nodes, FIRST_SENTINEL),
            redis_nodes_address(f->nodes, FIRST_SENTINEL + 1),
            redis_nodes_address(f->nodes, FIRST_SENTINEL + 2));
    crowd_set_up(&f->crowd, TOPOLOGY_SENTINEL, address, "loans", redis_nodes_folder(f->nodes));
}

static void tear_down(struct fixture *f)
{
    crowd_tear_down(&f->crowd);
    redis_nodes_destroy(f->nodes);
}

// Looks up without a pause until the other server is the master and all is well there.
static void look_up_until_well_at(struct fixture *f, size_t node)
{
    struct mono_time begin = clock_mono();
    size_t found = 0;
    size_t unknown = 0;
    while (!info_has(f->nodes, node, "role:master") &&
            clock_mono().ns < begin.ns + (int64_t)RECOVERY_MS * 1000000) {
        struct crowd_tally tally = crowd_look_up(&f->crowd, CROWD_EVERY_TAG);
        found += tally.found;
        unknown += tally.unknown;
    }
    CU_ASSERT_TRUE(info_has(f->nodes, node, "role:master"));
    CU_ASSERT_TRUE(crowd_becomes_well(&f->crowd));
    printf("\n  well again after %lld ms: %zu found, %zu unknown, 0 wrong\n",
            (long long)((clock_mono().ns - begin.ns) / 1000000), found, unknown);
}

static void test_found_and_missed(void)
{
    struct fixture f;
    set_up(&f);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    CU_ASSERT_EQUAL(crowd_load(&f.crowd, CROWD_BORROWERS, 10, true), ERR_NONE);
    CU_ASSERT_EQUAL(crowd_look_up_one(&f.crowd, CROWD_BORROWERS), LOOKUP_FOUND);
    // Without sentinels, what is connected stays connected.
    for (size_t i = 0; i < SENTINELS; i++) {
        redis_nodes_kill(f.nodes, FIRST_SENTINEL + i);
    }
    struct mono_time until = mono_after_ms(clock_mono(), 2500);
    while (clock_mono().ns < until.ns) {
        CU_ASSERT_EQUAL(crowd_look_up_one(&f.crowd, 7), LOOKUP_FOUND);
        crowd_nap();
    }
    tear_down(&f);
}

static void test_unknown_master(void)
{
    struct fixture f;
    set_up(&f);
    f.crowd.store.ops->destroy(f.crowd.store.self);
    f.crowd.config.redis.master[0] = 'x';
    CU_ASSERT_EQUAL_FATAL(
            redis_store_create(&f.crowd.store, &f.crowd.config, f.crowd.ring), ERR_NONE);
    CU_ASSERT_EQUAL(crowd_look_up_one(&f.crowd, 7), LOOKUP_UNREACHABLE);
    CU_ASSERT_PTR_NOT_NULL(strstr(redis_store_why(&f.crowd.store), "no master named xoans"));
    CU_ASSERT_EQUAL(crowd_load(&f.crowd, 0, 1, true), ERR_CONFIG);
    tear_down(&f);
}

static void test_master_killed(void)
{
    struct fixture f;
    set_up(&f);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    redis_nodes_kill(f.nodes, MASTER);
    struct crowd_tally tally = crowd_look_up(&f.crowd, CROWD_EVERY_TAG);
    CU_ASSERT_EQUAL(tally.unreachable, 2 * CROWD_BORROWERS);
    look_up_until_well_at(&f, REPLICA);
    CU_ASSERT_EQUAL(crowd_load(&f.crowd, 0, CROWD_BORROWERS, false), ERR_NONE);
    CU_ASSERT_TRUE(crowd_becomes_well(&f.crowd));
    tear_down(&f);
}

static void test_asked_to_step_down(void)
{
    struct fixture f;
    set_up(&f);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    CU_ASSERT_TRUE(redis_nodes_do(f.nodes, FIRST_SENTINEL, "SENTINEL FAILOVER loans"));
    look_up_until_well_at(&f, REPLICA);
    // The load goes to the new master, and the reader sees it.
    await(f.nodes, MASTER, "master_link_status:up");
    CU_ASSERT_EQUAL(crowd_load(&f.crowd, CROWD_BORROWERS, 10, true), ERR_NONE);
    CU_ASSERT_EQUAL(crowd_look_up_one(&f.crowd, CROWD_BORROWERS), LOOKUP_FOUND);
    tear_down(&f);
}

// The old master stands still while another takes over and gets a delta; then it wakes up and takes
// itself for the master until the sentinels tell it otherwise.
static void test_master_sleeps(void)
{
    struct fixture f;
    set_up(&f);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    redis_nodes_pause(f.nodes, MASTER, true);
    look_up_until_well_at(&f, REPLICA);
    CU_ASSERT_EQUAL(crowd_load(&f.crowd, CROWD_BORROWERS, 10, true), ERR_NONE);
    CU_ASSERT_EQUAL(crowd_look_up_one(&f.crowd, CROWD_BORROWERS), LOOKUP_FOUND);
    redis_nodes_pause(f.nodes, MASTER, false);
    struct mono_time until = mono_after_ms(clock_mono(), 3000);
    while (clock_mono().ns < until.ns) {
        CU_ASSERT_NOT_EQUAL(crowd_look_up_one(&f.crowd, CROWD_BORROWERS), LOOKUP_MISS);
    }
    CU_ASSERT_EQUAL(crowd_look_up_one(&f.crowd, CROWD_BORROWERS), LOOKUP_FOUND);
    tear_down(&f);
}

// The loader says whether a failover would lose what it has loaded.
static void test_replica_behind(void)
{
    struct fixture f;
    set_up(&f);
    CU_ASSERT_FALSE(f.crowd.result.is_unconfirmed);
    redis_nodes_pause(f.nodes, REPLICA, true);
    CU_ASSERT_EQUAL(crowd_load(&f.crowd, CROWD_BORROWERS, 10, true), ERR_NONE);
    CU_ASSERT_TRUE(f.crowd.result.is_unconfirmed);
    redis_nodes_pause(f.nodes, REPLICA, false);
    CU_ASSERT_EQUAL(crowd_load(&f.crowd, CROWD_BORROWERS, 10, true), ERR_NONE);
    CU_ASSERT_FALSE(f.crowd.result.is_unconfirmed);
    tear_down(&f);
}

static void test_stale_replica_takes_over(void)
{
    struct fixture f;
    set_up(&f);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    redis_nodes_pause(f.nodes, REPLICA, true);
    CU_ASSERT_TRUE(redis_nodes_do(f.nodes, MASTER, "CLIENT KILL TYPE replica"));
    CU_ASSERT_EQUAL(crowd_load(&f.crowd, CROWD_BORROWERS, 10, true), ERR_NONE);
    CU_ASSERT_EQUAL(crowd_look_up_one(&f.crowd, CROWD_BORROWERS), LOOKUP_FOUND);
    redis_nodes_kill(f.nodes, MASTER);
    redis_nodes_pause(f.nodes, REPLICA, false);
    struct mono_time until = mono_after_ms(clock_mono(), 2 * RECOVERY_MS);
    enum lookup_state answer = LOOKUP_FOUND;
    while (answer != LOOKUP_UNTRUSTED && clock_mono().ns < until.ns) {
        answer = crowd_look_up_one(&f.crowd, CROWD_BORROWERS);
        CU_ASSERT_NOT_EQUAL(answer, LOOKUP_MISS);
        crowd_nap();
    }
    CU_ASSERT_EQUAL(answer, LOOKUP_UNTRUSTED);
    CU_ASSERT_PTR_NOT_NULL(strstr(redis_store_why(&f.crowd.store), "went back in time"));
    CU_ASSERT_EQUAL(crowd_load(&f.crowd, 0, CROWD_BORROWERS, false), ERR_NONE);
    CU_ASSERT_TRUE(crowd_becomes_well(&f.crowd));
    tear_down(&f);
}

static const struct unit_test tests[] = {
        {"found_and_missed", test_found_and_missed},
        {"unknown_master", test_unknown_master},
        {"master_killed", test_master_killed},
        {"asked_to_step_down", test_asked_to_step_down},
        {"master_sleeps", test_master_sleeps},
        {"replica_behind", test_replica_behind},
        {"stale_replica_takes_over", test_stale_replica_takes_over},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    struct redis_nodes *nodes = redis_nodes_create();
    if (nodes == NULL) {
        printf("redis_sentinel: skipped, redis-server is not installed\n");
        return NO_SERVER_STATUS;
    }
    redis_nodes_destroy(nodes);
    return unit_main(argc, argv, "redis_sentinel", tests);
}
