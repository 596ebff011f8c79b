// The connection to Redis by itself: addresses, ceilings, the deadline; and what INFO says of a
// server.
#include <stdlib.h>
#include <string.h>

#include "common/assure.h"
#include "lying_redis.h"
#include "redis/connection.h"
#include "redis/server_watch.h"
#include "unit.h"

static struct redis_connection *create(const char *address)
{
    struct redis_connection *c = NULL;
    struct redis_options options = {
            .address = address, .connect_timeout_ms = 2000, .client_name = "test"};
    ASSURE(redis_connection_create(&c, &options) == ERR_NONE);
    return c;
}

static struct mono_time in_ms(int64_t ms)
{
    return mono_after_ms(clock_mono(), ms);
}

struct address_row {
    const char *address;
    enum err expected;
    const char *why;
};

static const struct address_row address_rows[] = {
        {"rediss://localhost:6380", ERR_CONFIG, "TLS is redis.tls.enabled"},
        {"redis://user:secret@localhost:6380", ERR_CONFIG, "unix:/path, host:port or [ipv6]:port"},
        {"", ERR_CONFIG, "unix:/path"},
        {":6379", ERR_CONFIG, "unix:/path"},
        {"localhost:", ERR_CONFIG, "unix:/path"},
        {"localhost:0", ERR_CONFIG, "unix:/path"},
        {"localhost:65536", ERR_CONFIG, "unix:/path"},
        {"localhost:99999999999999999999", ERR_CONFIG, "unix:/path"},
        {"localhost:63x", ERR_CONFIG, "unix:/path"},
        {"::1", ERR_CONFIG, "unix:/path"},
        {"[::1", ERR_CONFIG, "unix:/path"},
        {"[::1]x", ERR_CONFIG, "unix:/path"},
        {"unix:", ERR_CONFIG, "1 to 107 bytes"},
        {"unix:/nowhere/at/all", ERR_UNAVAILABLE, "No such file or directory"},
        {"127.0.0.1:1", ERR_UNAVAILABLE, "Connection refused"},
};

static void test_addresses(void)
{
    for (size_t i = 0; i < sizeof address_rows / sizeof address_rows[0]; i++) {
        const struct address_row *row = &address_rows[i];
        struct redis_connection *c = create(row->address);
        CU_ASSERT_EQUAL(redis_connection_open(c, in_ms(2000)), row->expected);
        CU_ASSERT_PTR_NOT_NULL(strstr(redis_connection_why(c), row->why));
        CU_ASSERT_PTR_NULL(strstr(redis_connection_why(c), "secret"));
        CU_ASSERT_FALSE(redis_connection_is_open(c));
        redis_connection_destroy(c);
    }
}

static const char *const ping[] = {"PING"};
static const size_t ping_lengths[] = {4};

static void test_not_open(void)
{
    struct redis_connection *c = create("unix:/nowhere");
    redisReply *reply = NULL;
    CU_ASSERT_EQUAL(redis_connection_add(c, 1, ping, ping_lengths), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(redis_connection_exchange(c, &reply, 0, in_ms(100)), ERR_UNAVAILABLE);
    unit_check_text("why", redis_connection_why(c), "not connected");
    redis_connection_destroy(c);
}

// A pipeline beyond its ceiling: what is there already still goes out.
static void test_ceiling_of_the_output(void)
{
    enum { BIG = 3 << 20 };
    struct lying_redis *server = lying_redis_start();
    struct redis_connection *c = create(lying_redis_address(server));
    CU_ASSERT_EQUAL_FATAL(redis_connection_open(c, in_ms(2000)), ERR_NONE);
    char *big = calloc(1, BIG);
    ASSURE(big != NULL);
    const char *words[] = {"SET", "k", big};
    size_t lengths[] = {3, 1, BIG};
    CU_ASSERT_EQUAL(redis_connection_add(c, 3, words, lengths), ERR_NONE);
    CU_ASSERT_EQUAL(redis_connection_add(c, 3, words, lengths), ERR_NONE);
    CU_ASSERT_EQUAL(redis_connection_add(c, 3, words, lengths), ERR_CEILING);
    CU_ASSERT_EQUAL(redis_connection_add(c, 1, ping, ping_lengths), ERR_NONE);
    redisReply *replies[3];
    CU_ASSERT_EQUAL_FATAL(redis_connection_exchange(c, replies, 3, in_ms(20000)), ERR_NONE);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(replies[i]->type, REDIS_REPLY_STATUS);
        freeReplyObject(replies[i]);
    }
    free(big);
    redis_connection_destroy(c);
    lying_redis_stop(server);
}

// More than any socket buffer holds, to a server that reads nothing.
static void test_deaf_to_a_long_pipeline(void)
{
    enum { COUNT = 200000 };
    struct lying_redis *server = lying_redis_start();
    struct redis_connection *c = create(lying_redis_address(server));
    CU_ASSERT_EQUAL_FATAL(redis_connection_open(c, in_ms(2000)), ERR_NONE);
    lying_redis_lie(server, LIE_DEAF, NULL);
    redisReply **replies = calloc(COUNT, sizeof *replies);
    ASSURE(replies != NULL);
    for (int i = 0; i < COUNT; i++) {
        CU_ASSERT_EQUAL_FATAL(redis_connection_add(c, 1, ping, ping_lengths), ERR_NONE);
    }
    CU_ASSERT_EQUAL(redis_connection_exchange(c, replies, COUNT, in_ms(300)), ERR_DEADLINE);
    CU_ASSERT_FALSE(redis_connection_is_open(c));
    free(replies);
    redis_connection_destroy(c);
    lying_redis_stop(server);
}

// Word by word is the same command; so is what comes back, wherever it is put.
static void test_replies_in_an_arena(void)
{
    struct lying_redis *server = lying_redis_start();
    struct redis_connection *c = create(lying_redis_address(server));
    struct arena *arena = arena_create(1 << 20);
    ASSURE(arena != NULL);
    lying_redis_set(server, VIEW("key"), VIEW("its value"));
    CU_ASSERT_EQUAL_FATAL(redis_connection_open(c, in_ms(2000)), ERR_NONE);
    for (int i = 0; i < 2; i++) {
        redisReply *replies[3];
        struct redis_exchange x = {
                .connection = c, .replies = replies, .count = 3, .arena = i == 0 ? arena : NULL};
        CU_ASSERT_EQUAL(redis_connection_add(c, 1, ping, ping_lengths), ERR_NONE);
        CU_ASSERT_EQUAL_FATAL(redis_connection_begin(c, 3), ERR_NONE);
        redis_connection_word(c, VIEW("MGET"), VIEW(""));
        redis_connection_word(c, VIEW("k"), VIEW("ey"));
        redis_connection_word(c, VIEW(""), VIEW("none"));
        CU_ASSERT_EQUAL(redis_connection_end(c), ERR_NONE);
        CU_ASSERT_EQUAL(redis_connection_add(c, 1, ping, ping_lengths), ERR_NONE);
        redis_exchange_all(&x, 1, in_ms(20000));
        CU_ASSERT_EQUAL_FATAL(x.result, ERR_NONE);
        CU_ASSERT_EQUAL(replies[0]->type, REDIS_REPLY_STATUS);
        CU_ASSERT_EQUAL_FATAL(replies[1]->elements, 2);
        unit_check_text("value", replies[1]->element[0]->str, "its value");
        CU_ASSERT_EQUAL(replies[1]->element[0]->len, strlen("its value"));
        CU_ASSERT_EQUAL(replies[1]->element[1]->type, REDIS_REPLY_NIL);
        for (int k = 0; k < 3 && i == 1; k++) {
            freeReplyObject(replies[k]);
        }
    }
    arena_destroy(arena);
    redis_connection_destroy(c);
    lying_redis_stop(server);
}

static void test_ceiling_of_the_arena(void)
{
    struct lying_redis *server = lying_redis_start();
    struct redis_connection *c = create(lying_redis_address(server));
    struct arena *arena = arena_create(1);
    ASSURE(arena != NULL);
    CU_ASSERT_EQUAL_FATAL(redis_connection_open(c, in_ms(2000)), ERR_NONE);
    CU_ASSERT_EQUAL(redis_connection_add(c, 1, ping, ping_lengths), ERR_NONE);
    redisReply *reply = NULL;
    struct redis_exchange x = {.connection = c, .replies = &reply, .count = 1, .arena = arena};
    redis_exchange_all(&x, 1, in_ms(20000));
    CU_ASSERT_EQUAL(x.result, ERR_PROTOCOL);
    CU_ASSERT_PTR_NOT_NULL(strstr(redis_connection_why(c), "too large"));
    CU_ASSERT_FALSE(redis_connection_is_open(c));
    arena_destroy(arena);
    redis_connection_destroy(c);
    lying_redis_stop(server);
}

static const char good_info[] = "# Server\r\nrun_id:aa\r\nloading:0\r\nevicted_keys:5\r\n"
                                "maxmemory_policy:allkeys-lru\r\nrole:master\r\n";

struct info_row {
    const char *info;
    uint64_t generation;
    const char *why; // NULL = believed
};

// One server, looked at again and again; absence shows (packed layout).
static const struct info_row info_rows[] = {
        {good_info, 1, NULL},
        {"run_id:aa\nloading:0\nevicted_keys:5\nrole:master", 1, NULL},
        {"", 1, "run_id"},
        {"run_id:aa\r\nloading:0\r\nrole:master\r\n", 1, "evicted_keys"},
        {"run_id:aa\r\nevicted_keys:x\r\nloading:0\r\nrole:master\r\n", 1, "evicted_keys"},
        {"run_id:aa\r\nevicted_keys:5\r\nrole:master\r\n", 1, "loading"},
        {"run_id:aa\r\nevicted_keys:5\r\nloading:1\r\nrole:master\r\n", 1, "loading"},
        {"run_id:aa\r\nevicted_keys:5\r\nloading:0\r\nrole:slave\r\n", 1, "replica"},
        {"run_id:aa\r\nevicted_keys:5\r\nloading:0\r\n", 1, "replica"},
        {"run_id:aa\r\nevicted_keys:6\r\nloading:0\r\nrole:master\r\n", 1, "evicting"},
        {good_info, 1, "evicting"},
        {good_info, 0, "evicting"}, // no epoch known: nothing new came
        {good_info, 2, NULL},
        {"run_id:bb\r\nevicted_keys:0\r\nloading:0\r\nrole:master\r\n", 2, NULL},
        {"run_id:bb\r\nevicted_keys:9\r\nloading:0\r\nrole:master\r\n", 2, "evicting"},
        {"run_id:cc\r\nevicted_keys:0\r\nloading:0\r\nrole:master\r\n", 2, NULL},
};

static void test_info(void)
{
    struct server_watch watch = {0};
    for (size_t i = 0; i < sizeof info_rows / sizeof info_rows[0]; i++) {
        const struct info_row *row = &info_rows[i];
        const char *why = server_watch_look(&watch, view_of(row->info), row->generation, true);
        if (row->why == NULL) {
            CU_ASSERT_PTR_NULL(why);
        } else {
            CU_ASSERT_PTR_NOT_NULL_FATAL(why);
            CU_ASSERT_PTR_NOT_NULL(strstr(why, row->why));
        }
    }
}

// Where an evicted key looks like one that never was, evictions before the first look count, unless
// there can be none.
static void test_info_of_a_cache_where_absence_hides(void)
{
    struct server_watch watch = {0};
    CU_ASSERT_PTR_NOT_NULL(server_watch_look(&watch, view_of(good_info), 1, false));
    watch = (struct server_watch){0};
    CU_ASSERT_PTR_NULL(server_watch_look(&watch,
            VIEW("run_id:aa\r\nloading:0\r\nevicted_keys:5\r\nmaxmemory_policy:noeviction\r\nrole:"
                 "master\r\n"),
            1, false));
}

static const struct unit_test tests[] = {
        {"addresses", test_addresses},
        {"not_open", test_not_open},
        {"ceiling_of_the_output", test_ceiling_of_the_output},
        {"deaf_to_a_long_pipeline", test_deaf_to_a_long_pipeline},
        {"replies_in_an_arena", test_replies_in_an_arena},
        {"ceiling_of_the_arena", test_ceiling_of_the_arena},
        {"info", test_info},
        {"info_of_a_cache_where_absence_hides", test_info_of_a_cache_where_absence_hides},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "redis_connection", tests);
}
