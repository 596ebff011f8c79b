// A sorted set for each thing that is counted; its members are ids of messages, their scores
//
//     when the message was, in ms, × 1024 + the position that it had when it was first counted
//
// so that one script answers a known message with its old position, and a new one, or one that has another
// time by now, by counting the others up to it. A script runs whole or not at all, whoever else counts at
// the same time. Each pipeline begins with SCRIPT LOAD, which costs a server nothing that has it, and leaves
// nothing to do when one has restarted.
#include "redis/redis_attempts.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/assure.h"
#include "common/digest.h"
#include "redis/route.h"

enum {
    PIPELINE_MAX = 1024,
    ROUNDS = 2,
    KEY_MAX_BYTES = 512,
    WHY_MAX_BYTES = 512,
    SHA1_BYTES = 20,
    NUMBER_BYTES = 24,
    FIRST_NUMBER = 5,
    NUMBERS = 5,
    WORDS = FIRST_NUMBER + NUMBERS,
};

#define SCORE_STEP INT64_C(1024)
_Static_assert(ATTEMPT_POSITION_MAX < 1024, "a position fits beside the time");

// KEYS[1] the set; ARGV: id, at × 1024, from × 1024, keep_from × 1024, seconds to keep, ceiling. Below 0:
// there was no room to remember it.
static const char script[] =
        "local old = redis.call('ZSCORE', KEYS[1], ARGV[1])\n"
        "local at = tonumber(ARGV[2])\n"
        "old = tonumber(old or -1)\n"
        "if old >= at and old <= at + 1023 then return old % 1024 end\n"
        "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[4])\n"
        "local n = redis.call('ZCOUNT', KEYS[1], ARGV[3], string.format('%.0f', at + 1023)) + 1\n"
        "if old >= tonumber(ARGV[3]) and old <= at then n = n - 1 end\n"
        "n = math.min(n, 1023)\n"
        "if old < 0 and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[6]) then return -n end\n"
        "redis.call('ZADD', KEYS[1], string.format('%.0f', at + n), ARGV[1])\n"
        "redis.call('EXPIRE', KEYS[1], ARGV[5])\n"
        "return n\n";

struct redis_attempts {
    struct redis_route *route;
    char *prefix;
    char sha[2 * SHA1_BYTES + 1];
    struct strbuf why;
    redisReply *replies[REDIS_EXCHANGES_MAX + 2 * PIPELINE_MAX];
    struct redis_exchange exchanges[REDIS_EXCHANGES_MAX];
    struct redis_node *nodes[REDIS_EXCHANGES_MAX];
    size_t exchange_count;
    size_t exchange_of[PIPELINE_MAX];
    size_t reply_of[PIPELINE_MAX]; // SIZE_MAX = was not asked
};

static void say(struct redis_attempts *ra, const char *why)
{
    strbuf_reset(&ra->why);
    strbuf_add_text(&ra->why, why);
}

// --- asking -------------------------------------------------------------------------------------

static bool is_open(struct redis_attempts *ra, struct redis_node *node, struct mono_time deadline)
{
    if (node == NULL) {
        say(ra, "a slot of the cluster has no node");
        return false;
    }
    if (!redis_connection_is_open(node->connection) && redis_node_may_open(node)) {
        if (redis_route_open(ra->route, node, deadline) != ERR_NONE) {
            say(ra, redis_route_why(ra->route));
            redis_route_back_off(ra->route, node);
        } else {
            node->backoff_ms = 0;
        }
    }
    return redis_connection_is_open(node->connection);
}

// The exchange with a node, which begins with the script.
static size_t exchange_with(struct redis_attempts *ra, struct redis_node *node)
{
    for (size_t i = 0; i < ra->exchange_count; i++) {
        if (ra->nodes[i] == node) {
            return i;
        }
    }
    ASSURE(ra->exchange_count < REDIS_EXCHANGES_MAX);
    size_t i = ra->exchange_count++;
    const char *words[] = {"SCRIPT", "LOAD", script};
    const size_t lengths[] = {6, 4, sizeof script - 1};
    ra->nodes[i] = node;
    ra->exchanges[i] = (struct redis_exchange){.connection = node->connection, .count = 1};
    if (redis_connection_add(node->connection, 3, words, lengths) != ERR_NONE) {
        redis_connection_close(node->connection); // so that the exchange fails
    }
    return i;
}

static size_t write_number(char text[NUMBER_BYTES], int64_t number)
{
    int n = snprintf(text, NUMBER_BYTES, "%lld", (long long)number);
    ASSURE(n > 0 && n < NUMBER_BYTES);
    return (size_t)n;
}

static enum err add_attempt(struct redis_attempts *ra, struct redis_connection *connection,
        const struct attempt *attempt)
{
    char numbers[NUMBERS][NUMBER_BYTES];
    const int64_t values[NUMBERS] = {attempt->at_ms * SCORE_STEP, attempt->from_ms * SCORE_STEP,
            attempt->keep_from_ms * SCORE_STEP, attempt->keep_for_ms / 1000, ATTEMPTS_OF_KEY_MAX};
    struct strbuf key;
    strbuf_init(&key, KEY_MAX_BYTES);
    strbuf_printf(&key, "%s:{%02x}:attempts:", ra->prefix, attempt->tag);
    base64url_add(&key, attempt->key, sizeof attempt->key);
    const char *words[WORDS] = {"EVALSHA", ra->sha, "1", key.p, (const char *)attempt->id};
    size_t lengths[WORDS] = {7, sizeof ra->sha - 1, 1, key.n, sizeof attempt->id};
    for (size_t i = 0; i < NUMBERS; i++) {
        words[FIRST_NUMBER + i] = numbers[i];
        lengths[FIRST_NUMBER + i] = write_number(numbers[i], values[i]);
    }
    enum err e = key.failed;
    e = e != ERR_NONE ? e : redis_connection_add(connection, WORDS, words, lengths);
    strbuf_fini(&key);
    return e;
}

static void add_asking(struct redis_exchange *exchange)
{
    const char *words[] = {"ASKING"};
    const size_t lengths[] = {6};
    if (redis_connection_add(exchange->connection, 1, words, lengths) == ERR_NONE) {
        exchange->count++;
    }
}

static void send_one(struct redis_attempts *ra, const struct attempt *attempt, size_t i,
        struct mono_time deadline)
{
    struct redis_node *asked = redis_route_ask(ra->route, attempt->tag);
    struct redis_node *node = asked != NULL ? asked : redis_route_node(ra->route, attempt->tag);
    if (!is_open(ra, node, deadline)) {
        return;
    }
    size_t x = exchange_with(ra, node);
    struct redis_exchange *exchange = &ra->exchanges[x];
    if (asked != NULL) {
        add_asking(exchange);
    }
    if (add_attempt(ra, node->connection, attempt) == ERR_NONE) {
        ra->exchange_of[i] = x;
        ra->reply_of[i] = exchange->count++;
    }
}

// --- reading ------------------------------------------------------------------------------------

static void read_one(struct redis_attempts *ra, struct attempt *attempt, size_t i)
{
    const struct redis_exchange *exchange = &ra->exchanges[ra->exchange_of[i]];
    if (exchange->result != ERR_NONE) {
        return;
    }
    const redisReply *reply = exchange->replies[ra->reply_of[i]];
    struct redis_node *node = ra->nodes[ra->exchange_of[i]];
    if (redis_route_redirect(ra->route, attempt->tag, node, reply) != REDIRECT_NONE) {
        say(ra, "a slot of the cluster is under way to another node");
        return;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        struct view code = redis_reply_error_code(reply);
        strbuf_reset(&ra->why);
        strbuf_printf(&ra->why, "the server refuses to count: %.*s", VIEW_ARGS(code));
        return;
    }
    bool is_position = reply->type == REDIS_REPLY_INTEGER && reply->integer != 0 &&
                       reply->integer >= -ATTEMPT_POSITION_MAX &&
                       reply->integer <= ATTEMPT_POSITION_MAX;
    if (!is_position) {
        say(ra, "the server's answer is to no question of ours");
        return;
    }
    bool is_full = reply->integer < 0;
    attempt->state = is_full ? ATTEMPT_FULL : ATTEMPT_COUNTED;
    attempt->position = (uint32_t)(is_full ? -reply->integer : reply->integer);
}

// A connection that was idle and broke is opened anew in the next round.
static void exchange_all(struct redis_attempts *ra, bool is_last, struct mono_time deadline)
{
    redisReply **replies = ra->replies;
    for (size_t i = 0; i < ra->exchange_count; i++) {
        ra->exchanges[i].replies = replies;
        replies += ra->exchanges[i].count;
    }
    redis_exchange_all(ra->exchanges, ra->exchange_count, deadline);
    for (size_t i = 0; i < ra->exchange_count; i++) {
        if (ra->exchanges[i].result != ERR_NONE) {
            say(ra, redis_connection_why(ra->exchanges[i].connection));
            if (is_last) {
                redis_route_back_off(ra->route, ra->nodes[i]);
            }
        }
    }
}

static void free_replies(struct redis_attempts *ra)
{
    for (size_t i = 0; i < ra->exchange_count; i++) {
        const struct redis_exchange *exchange = &ra->exchanges[i];
        for (size_t k = 0; exchange->result == ERR_NONE && k < exchange->count; k++) {
            freeReplyObject(exchange->replies[k]);
        }
    }
}

// One pipeline of those that have no answer yet. Returns how many are left without.
static size_t count_round(struct redis_attempts *ra, struct attempt *attempts, size_t count,
        bool is_last, struct mono_time deadline)
{
    size_t left = 0;
    ra->exchange_count = 0;
    if (redis_route_find(ra->route, deadline) != ERR_NONE) {
        say(ra, redis_route_why(ra->route)); // the old map will do where there is one
    }
    for (size_t i = 0; i < count; i++) {
        ra->reply_of[i] = SIZE_MAX;
        if (attempts[i].state == ATTEMPT_UNKNOWN) {
            send_one(ra, &attempts[i], i, deadline);
        }
    }
    redis_route_asked(ra->route);
    exchange_all(ra, is_last, deadline);
    for (size_t i = 0; i < count; i++) {
        if (ra->reply_of[i] != SIZE_MAX) {
            read_one(ra, &attempts[i], i);
        }
        left += attempts[i].state == ATTEMPT_UNKNOWN;
    }
    free_replies(ra);
    return left;
}

static void redis_attempts_count(
        void *self, struct attempt *attempts, size_t count, struct mono_time deadline)
{
    struct redis_attempts *ra = self;
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        attempts[i].state = ATTEMPT_UNKNOWN;
    }
    for (size_t done = 0; done < count; done += PIPELINE_MAX) {
        size_t n = count - done < PIPELINE_MAX ? count - done : PIPELINE_MAX;
        size_t own = n;
        // Once more for a connection that was idle and broke, and for what was redirected: an attempt counts
        // once, however often it is asked.
        for (int round = 0; round < ROUNDS && own > 0; round++) {
            own = count_round(ra, attempts + done, n, round + 1 == ROUNDS, deadline);
        }
        left += own;
    }
    if (left == 0) {
        say(ra, "");
    }
}

// --- life ---------------------------------------------------------------------------------------

static void redis_attempts_destroy(void *self)
{
    struct redis_attempts *ra = self;
    if (ra != NULL) {
        redis_route_destroy(ra->route);
        strbuf_fini(&ra->why);
        free(ra->prefix);
        free(ra);
    }
}

static const struct attempt_counter_ops ops = {redis_attempts_count, redis_attempts_destroy};

static bool write_sha(char sha[2 * SHA1_BYTES + 1])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct strbuf hex;
    strbuf_init(&hex, 2 * SHA1_BYTES);
    bool is_good = EVP_Digest(script, sizeof script - 1, digest, &n, EVP_sha1(), NULL) == 1 &&
                   n == SHA1_BYTES;
    hex_add(&hex, digest, is_good ? SHA1_BYTES : 0);
    is_good = is_good && hex.failed == ERR_NONE;
    if (is_good) {
        memcpy(sha, hex.p, 2 * SHA1_BYTES + 1);
    }
    strbuf_fini(&hex);
    return is_good;
}

enum err redis_attempts_create(struct attempt_counter *ret_counter, const struct config *config)
{
    struct redis_attempts *ra = calloc(1, sizeof *ra);
    if (ra == NULL) {
        return ERR_NO_MEMORY;
    }
    strbuf_init(&ra->why, WHY_MAX_BYTES);
    ra->prefix = strdup(config->redis.prefix);
    struct redis_route_options options = redis_route_options_of(config, "wrongnumber");
    enum err e = ra->prefix != NULL && write_sha(ra->sha) ? ERR_NONE : ERR_NO_MEMORY;
    e = e != ERR_NONE ? e : redis_route_create(&ra->route, &options, &ra->why);
    if (e != ERR_NONE) {
        redis_attempts_destroy(ra);
        return e;
    }
    *ret_counter = (struct attempt_counter){&ops, ra};
    return ERR_NONE;
}

const char *redis_attempts_why(const struct attempt_counter *counter)
{
    ASSURE(counter->ops == &ops);
    const struct redis_attempts *ra = counter->self;
    return ra->why.n > 0 ? ra->why.p : "";
}
