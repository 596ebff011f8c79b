// Who counts attempts, in memory and in Redis, which are one rule: each attempt once, in the position that it
// had when it was first counted at its time, up to a ceiling; and what is not known is told as that.
#include "attempts/memory_attempts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redis/redis_attempts.h"
#include "redis_server.h"
#include "unit.h"

enum { DEADLINE_MS = 10000 };

#define NOON INT64_C(1795176000000)
#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

static struct config *redis_config(struct redis_server *server)
{
    struct config *config = NULL;
    CU_ASSERT_EQUAL_FATAL(config_create_default(&config), ERR_NONE);
    free(config->redis.address);
    config->redis.address = strdup(redis_server_address(server));
    return config;
}

// An attempt of `key` in a window of 7 days up to it.
static struct attempt attempt_of(uint8_t key, uint8_t id, int64_t at_ms)
{
    struct attempt attempt = {.tag = key & 63,
            .at_ms = at_ms,
            .from_ms = at_ms - 7 * DAY + 1,
            .keep_from_ms = at_ms - 8 * DAY,
            .keep_for_ms = 8 * DAY};
    attempt.key[0] = key;
    attempt.id[0] = id;
    return attempt;
}

static struct mono_time soon(void)
{
    return mono_after_ms(clock_mono(), DEADLINE_MS);
}

static void count(const struct attempt_counter *counter, struct attempt *attempts, size_t n)
{
    counter->ops->count(counter->self, attempts, n, soon());
}

static uint32_t position(
        const struct attempt_counter *counter, uint8_t key, uint8_t id, int64_t at_ms)
{
    struct attempt attempt = attempt_of(key, id, at_ms);
    count(counter, &attempt, 1);
    return attempt.state == ATTEMPT_COUNTED ? attempt.position : 0;
}

static void check_rule(const struct attempt_counter *counter)
{
    static const struct {
        uint8_t key;
        uint8_t id;
        int64_t hours; // from NOON
        uint32_t position;
    } rows[] = {
            {1, 1, 0, 1},
            {1, 2, 1, 2},
            {2, 1, 2, 1},  // somebody else
            {1, 2, 1, 2},  // once more
            {1, 3, 1, 3},  // at the same time
            {1, 4, -1, 1}, // came late: before all others
            {1, 5, 2, 5},
            {1, 2, 1, 2},      // and what was said stays, though there is one more before it now
            {1, 6, 7 * 24, 4}, // seven days behind the first: neither it nor the late one count
            {1, 7, 8 * 24 + 1, 2}, // and behind all but the last
            {1, 3, 1, 3},          // still remembered a day beyond
            {1, 8, 10 * 24, 3},
            {1, 3, 1, 1}, // but not for ever
            // published again at another time: an attempt of then, and none of before
            {3, 1, 0, 1},
            {3, 2, 1, 2},
            {3, 3, 2, 3},
            {3, 1, 3, 3},
            {3, 4, 2, 3},
            {3, 1, 3, 3},
            {3, 5, 4, 5},
            {3, 2, 9 * 24, 1},
            {3, 2, 9 * 24, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t got = position(counter, rows[i].key, rows[i].id, NOON + rows[i].hours * HOUR);
        if (got != rows[i].position) {
            CU_FAIL("position");
            fprintf(stderr, "row %zu: %u, expected %u\n", i, got, rows[i].position);
        }
    }
    // A batch is counted in its order; one that is in it twice, once.
    struct attempt batch[] = {attempt_of(9, 1, NOON), attempt_of(9, 2, NOON + 1),
            attempt_of(9, 1, NOON), attempt_of(10, 3, NOON), attempt_of(9, 4, NOON + 2)};
    const uint32_t expected[] = {1, 2, 1, 1, 3};
    count(counter, batch, 5);
    for (size_t i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(batch[i].state, ATTEMPT_COUNTED);
        CU_ASSERT_EQUAL(batch[i].position, expected[i]);
    }
}

static void check_ceiling(const struct attempt_counter *counter)
{
    static struct attempt attempts[ATTEMPTS_OF_KEY_MAX + 2];
    for (size_t i = 0; i < ATTEMPTS_OF_KEY_MAX + 2; i++) {
        attempts[i] = attempt_of(33, 0, NOON + (int64_t)i);
        memcpy(attempts[i].id, &i, sizeof i);
    }
    count(counter, attempts, ATTEMPTS_OF_KEY_MAX + 2);
    const struct attempt *last = &attempts[ATTEMPTS_OF_KEY_MAX - 1];
    CU_ASSERT_EQUAL(last->state, ATTEMPT_COUNTED);
    CU_ASSERT_EQUAL(last->position, ATTEMPTS_OF_KEY_MAX);
    // One that is remembered has room at another time, too.
    struct attempt again = attempts[0];
    again.at_ms = NOON + HOUR;
    count(counter, &again, 1);
    CU_ASSERT_EQUAL(again.state, ATTEMPT_COUNTED);
    CU_ASSERT_EQUAL(again.position, ATTEMPTS_OF_KEY_MAX);
    for (size_t i = ATTEMPTS_OF_KEY_MAX; i < ATTEMPTS_OF_KEY_MAX + 2; i++) {
        CU_ASSERT_EQUAL(attempts[i].state, ATTEMPT_FULL);
        CU_ASSERT_EQUAL(attempts[i].position, ATTEMPTS_OF_KEY_MAX + 1);
    }
}

static void test_memory(void)
{
    struct attempt_counter counter;
    CU_ASSERT_EQUAL_FATAL(memory_attempts_create(&counter, 2000), ERR_NONE);
    check_rule(&counter);
    check_ceiling(&counter);
    counter.ops->destroy(counter.self);
}

static void test_memory_is_bounded(void)
{
    struct attempt_counter counter;
    CU_ASSERT_EQUAL_FATAL(memory_attempts_create(&counter, 3), ERR_NONE);
    CU_ASSERT_EQUAL(position(&counter, 1, 1, NOON), 1);
    CU_ASSERT_EQUAL(position(&counter, 1, 2, NOON), 2);
    CU_ASSERT_EQUAL(position(&counter, 1, 3, NOON), 3);
    CU_ASSERT_EQUAL(position(&counter, 1, 4, NOON), 0); // unknown
    CU_ASSERT_EQUAL(position(&counter, 1, 2, NOON), 2);
    CU_ASSERT_EQUAL(position(&counter, 1, 5, NOON + 9 * DAY), 1); // what is old makes room
    counter.ops->destroy(counter.self);
}

static void test_redis(void)
{
    struct redis_server *server = redis_server_start(NULL);
    if (server == NULL) {
        return;
    }
    struct config *config = redis_config(server);
    struct attempt_counter counter;
    struct attempt_counter other;
    CU_ASSERT_EQUAL_FATAL(redis_attempts_create(&counter, config), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(redis_attempts_create(&other, config), ERR_NONE);
    check_rule(&counter);
    check_ceiling(&counter);
    unit_check_text("why", redis_attempts_why(&counter), "");
    // Two processes are one count, and one hears what the other was told.
    CU_ASSERT_EQUAL(position(&counter, 50, 1, NOON), 1);
    CU_ASSERT_EQUAL(position(&other, 50, 2, NOON + 1), 2);
    CU_ASSERT_EQUAL(position(&counter, 50, 2, NOON + 1), 2);
    // A server that knows no script any more, and a connection that was idle and broke.
    CU_ASSERT_TRUE(redis_server_command(server, "SCRIPT FLUSH"));
    CU_ASSERT_EQUAL(position(&counter, 50, 3, NOON + 2), 3);
    CU_ASSERT_TRUE(redis_server_command(server, "CLIENT KILL TYPE normal SKIPME yes"));
    CU_ASSERT_EQUAL(position(&counter, 50, 4, NOON + 3), 4);
    counter.ops->destroy(counter.self);
    other.ops->destroy(other.self);
    config_destroy(config);
    redis_server_stop(server);
}

// What Redis cannot tell is unknown, of those whom it concerns.
static void test_redis_trouble(void)
{
    struct redis_server *server = redis_server_start(NULL);
    if (server == NULL) {
        return;
    }
    struct config *config = redis_config(server);
    struct attempt_counter counter;
    CU_ASSERT_EQUAL_FATAL(redis_attempts_create(&counter, config), ERR_NONE);
    CU_ASSERT_EQUAL(position(&counter, 5, 1, NOON), 1);
    CU_ASSERT_TRUE(redis_server_command(server, "SET wn:{07}:attempts:BwAAAAAAAAAAAAAAAAAAAA x"));
    struct attempt batch[] = {attempt_of(7, 1, NOON), attempt_of(5, 2, NOON)};
    count(&counter, batch, 2);
    CU_ASSERT_EQUAL(batch[0].state, ATTEMPT_UNKNOWN);
    CU_ASSERT_EQUAL(batch[1].state, ATTEMPT_COUNTED);
    CU_ASSERT_EQUAL(batch[1].position, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(redis_attempts_why(&counter), "refuses to count"));
    redis_server_kill(server);
    struct mono_time before = clock_mono();
    CU_ASSERT_EQUAL(position(&counter, 5, 3, NOON), 0);
    CU_ASSERT_TRUE(clock_mono().ns - before.ns < INT64_C(5000000000)); // nobody waits for the dead
    CU_ASSERT_TRUE(redis_attempts_why(&counter)[0] != '\0');
    redis_server_restart(server);
    struct mono_time until = soon();
    uint32_t got = 0;
    while (got == 0 && clock_mono().ns < until.ns) {
        got = position(&counter, 5, 3, NOON);
    }
    CU_ASSERT_EQUAL(got, 1); // what it forgot it forgot
    unit_check_text("why", redis_attempts_why(&counter), "");
    counter.ops->destroy(counter.self);
    config_destroy(config);
    redis_server_stop(server);
}

static const struct unit_test tests[] = {
        {"memory", test_memory},
        {"memory_is_bounded", test_memory_is_bounded},
        {"redis", test_redis},
        {"redis_trouble", test_redis_trouble},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "attempts", tests);
}
