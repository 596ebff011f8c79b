#include "load/target.h"

#include <stdlib.h>

#include "common/assure.h"

#define AWAIT_REPLICAS_MS "3000"

enum {
    EXCHANGE_MS = 30000, // well below the life of the writer lock
    PIPELINE_BYTES = 2 << 20,
    BYTES_MAX = 128 << 20,
    WORDS_MAX = TARGET_PIPELINE_MAX * TARGET_ARGS_MAX,
    WHY_BYTES = 1024,
    EVAL_ARGS_MAX = 8,
    UNDER_WAY_MS = 20, // between two attempts at a slot under way
};

// --- life ---------------------------------------------------------------------------------------

static enum err target_fail(struct target *target, enum err e, const char *why)
{
    strbuf_reset(&target->why);
    strbuf_add_text(&target->why, why);
    return e;
}

static enum err open_node(struct target *target, struct redis_node *node, struct mono_time deadline)
{
    if (redis_connection_is_open(node->connection)) {
        return ERR_NONE;
    }
    enum err e = redis_route_open(target->route, node, deadline);
    if (e != ERR_NONE) {
        target->is_broken = true;
        return target_fail(target, e, redis_route_why(target->route));
    }
    return e;
}

// The node of a tag, connected.
static enum err find_node(struct target *target, unsigned tag, struct mono_time deadline,
        struct redis_node **ret_node)
{
    struct redis_node *node = redis_route_ask(target->route, tag);
    node = node != NULL ? node : redis_route_node(target->route, tag);
    if (node == NULL) {
        target->is_broken = true;
        return target_fail(target, ERR_UNAVAILABLE, "a slot of the cluster has no node");
    }
    *ret_node = node;
    return open_node(target, node, deadline);
}

enum err target_init(
        struct target *target, const struct redis_route_options *options, struct view prefix)
{
    *target = (struct target){.prefix = prefix};
    struct redis_node *node = NULL;
    struct mono_time deadline = mono_after_ms(clock_mono(), EXCHANGE_MS);
    strbuf_init(&target->why, WHY_BYTES);
    strbuf_init(&target->bytes, BYTES_MAX);
    target->word_ends = calloc(WORDS_MAX, sizeof *target->word_ends);
    if (target->word_ends == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err e = redis_route_create(&target->route, options, &target->why);
    if (e == ERR_NONE) {
        e = redis_route_find(target->route, deadline);
        if (e != ERR_NONE) {
            return target_fail(target, e, redis_route_why(target->route));
        }
        e = find_node(target, 0, deadline, &node);
    }
    return e;
}

void target_fini(struct target *target)
{
    redis_route_destroy(target->route);
    strbuf_fini(&target->why);
    strbuf_fini(&target->bytes);
    free(target->word_ends);
    *target = (struct target){0};
}

bool target_is_open(const struct target *target)
{
    return target->route != NULL && !target->is_broken;
}

// --- replies ------------------------------------------------------------------------------------

static struct view command_word(
        const struct target *target, const struct target_command *command, size_t i)
{
    size_t at = command->first_word + i;
    size_t from = at == 0 ? 0 : target->word_ends[at - 1];
    return view_bytes(target->bytes.p + from, target->word_ends[at] - from);
}

// Whether the user may not do what was sent, or what the script that was sent does. In scripts servers
// before 7.2 give this no code of its own.
static bool is_for_want_of_rights(const redisReply *reply)
{
    static const char in_script[] = "ERR The user executing the script can't";
    return view_is(redis_reply_error_code(reply), "NOPERM") ||
           strstr(reply->str, "ACL failure in script") != NULL ||
           strncmp(reply->str, in_script, sizeof in_script - 1) == 0;
}

// The text of an error reply may quote the command, so that only its code is told.
static enum err target_refused(
        struct target *target, const struct target_command *command, const redisReply *reply)
{
    static const struct {
        const char *code;
        enum err error;
        const char *text;
    } known[] = {
            {"WNLOCK", ERR_LOCKED, "the writer lock was lost to another loader"},
            {"WNOLDER", ERR_DATA,
                    "the data in force is from a later time than this file's watermark "
                    "(--allow-older loads it anyway)"},
            {"WNEPOCH", ERR_REFUSED, "the epoch in force is not the one this load began with"},
            {"WNBUCKET", ERR_REFUSED, "a bucket is missing or damaged: a full load is needed"},
            {"MOVED", ERR_CONFIG, "Redis is a node of a cluster (redis.topology: cluster)"},
            {"CROSSSLOT", ERR_CONFIG, "Redis is a node of a cluster (redis.topology: cluster)"},
            {"CLUSTERDOWN", ERR_UNAVAILABLE, "the cluster is down"},
            {"OOM", ERR_REFUSED, "Redis is at its maxmemory"},
            {"READONLY", ERR_REFUSED, "Redis is a read-only replica"},
            {"LOADING", ERR_UNAVAILABLE, "Redis is still loading its own data"},
            {"WRONGTYPE", ERR_REFUSED, "a key with one of our names holds something else"},
    };
    struct view code = redis_reply_error_code(reply);
    strbuf_reset(&target->why);
    if (is_for_want_of_rights(reply)) {
        bool is_script = view_is(command_word(target, command, 0), "EVAL") ||
                         view_is(command_word(target, command, 0), "EVALSHA");
        strbuf_printf(&target->why, "the Redis user may not run %.*s%s (ACL)",
                VIEW_ARGS(command_word(target, command, 0)),
                is_script ? ", or what the script does" : "");
        return ERR_REFUSED;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (view_is(code, known[i].code)) {
            strbuf_add_text(&target->why, known[i].text);
            return known[i].error;
        }
    }
    strbuf_printf(&target->why, "Redis refused a command with %.*s", VIEW_ARGS(code));
    return ERR_REFUSED;
}

// --- sending ------------------------------------------------------------------------------------

static enum err target_append(
        struct target *target, unsigned tag, size_t argc, const struct view *args)
{
    ASSURE(argc <= TARGET_ARGS_MAX && target->pending_count < TARGET_PIPELINE_MAX);
    target->pending[target->pending_count++] =
            (struct target_command){.tag = tag, .first_word = target->word_count, .argc = argc};
    for (size_t i = 0; i < argc; i++) {
        strbuf_add_view(&target->bytes, args[i]);
        target->word_ends[target->word_count++] = target->bytes.n;
    }
    return target->bytes.failed;
}

static enum err add_asking(struct redis_connection *connection)
{
    const char *words[] = {"ASKING"};
    size_t lengths[] = {6};
    return redis_connection_add(connection, 1, words, lengths);
}

static enum err add_command(struct target *target, const struct target_command *command,
        struct redis_connection *connection)
{
    const char *words[TARGET_ARGS_MAX];
    size_t lengths[TARGET_ARGS_MAX];
    for (size_t i = 0; i < command->argc; i++) {
        struct view word = command_word(target, command, i);
        words[i] = word.p;
        lengths[i] = word.n;
    }
    return redis_connection_add(connection, command->argc, words, lengths);
}

// One exchange: which node each command went to, and its reply.
struct flight {
    struct redis_exchange exchanges[TARGET_PIPELINE_MAX];
    struct redis_node *nodes[TARGET_PIPELINE_MAX]; // of the exchanges
    size_t exchange_count;
    size_t exchange_of[TARGET_PIPELINE_MAX]; // by command
    size_t reply_of[TARGET_PIPELINE_MAX];
    redisReply *replies[TARGET_PIPELINE_MAX][2 * TARGET_PIPELINE_MAX];
};

static size_t exchange_with(struct flight *flight, struct redis_node *node)
{
    for (size_t i = 0; i < flight->exchange_count; i++) {
        if (flight->nodes[i] == node) {
            return i;
        }
    }
    size_t i = flight->exchange_count++;
    flight->nodes[i] = node;
    flight->exchanges[i] =
            (struct redis_exchange){.connection = node->connection, .replies = flight->replies[i]};
    return i;
}

// Adds every command that is left to the connection of its node.
static enum err take_off(struct target *target, struct flight *flight, const bool *is_left,
        struct mono_time deadline)
{
    flight->exchange_count = 0;
    for (size_t i = 0; i < target->pending_count; i++) {
        const struct target_command *command = &target->pending[i];
        struct redis_node *node = NULL;
        if (!is_left[i]) {
            continue;
        }
        enum err e = find_node(target, command->tag, deadline, &node);
        if (e != ERR_NONE) {
            return e;
        }
        size_t x = exchange_with(flight, node);
        if (redis_route_ask(target->route, command->tag) != NULL) {
            e = add_asking(node->connection);
            flight->exchanges[x].count += e == ERR_NONE;
        }
        e = e == ERR_NONE ? add_command(target, command, node->connection) : e;
        if (e != ERR_NONE) {
            target->is_broken = true;
            return target_fail(target, e, "a command is larger than there is room for");
        }
        flight->exchange_of[i] = x;
        flight->reply_of[i] = flight->exchanges[x].count++;
    }
    redis_route_asked(target->route);
    return ERR_NONE;
}

static enum err check_exchanges(struct target *target, const struct flight *flight)
{
    for (size_t i = 0; i < flight->exchange_count; i++) {
        const struct redis_exchange *x = &flight->exchanges[i];
        if (x->result != ERR_NONE) {
            target->is_broken = true;
            return target_fail(target, x->result, redis_connection_why(x->connection));
        }
    }
    return ERR_NONE;
}

static void free_replies(struct flight *flight)
{
    for (size_t i = 0; i < flight->exchange_count; i++) {
        const struct redis_exchange *x = &flight->exchanges[i];
        for (size_t k = 0; x->result == ERR_NONE && k < x->count; k++) {
            freeReplyObject(x->replies[k]);
        }
    }
}

// Looks at the replies: what was redirected stays left, the rest is done.
static enum err land(struct target *target, struct flight *flight, bool *is_left,
        redisReply **ret_last, bool *ret_under_way)
{
    const size_t last = target->pending_count - 1;
    enum err e = check_exchanges(target, flight);
    for (size_t i = 0; i <= last && e == ERR_NONE; i++) {
        if (!is_left[i]) {
            continue;
        }
        size_t x = flight->exchange_of[i];
        redisReply **place = &flight->exchanges[x].replies[flight->reply_of[i]];
        enum redirect redirect = redis_route_redirect(
                target->route, target->pending[i].tag, flight->nodes[x], *place);
        *ret_under_way = *ret_under_way || redirect != REDIRECT_NONE;
        if (redirect == REDIRECT_MOVED && target->is_strict) {
            e = target_fail(
                    target, ERR_UNAVAILABLE, "a slot of the cluster has moved under the load");
        }
        if (redirect != REDIRECT_NONE) {
            continue;
        }
        is_left[i] = false;
        if ((*place)->type == REDIS_REPLY_ERROR) {
            e = target_refused(target, &target->pending[i], *place);
        } else if (i == last && ret_last != NULL) {
            *ret_last = *place;
            *place = NULL; // freeReplyObject passes over it
        } else {
            target->integers += (*place)->type == REDIS_REPLY_INTEGER ? (*place)->integer : 0;
        }
    }
    free_replies(flight);
    return e;
}

static enum err fly(struct target *target, struct flight *flight, redisReply **ret_last)
{
    bool is_left[TARGET_PIPELINE_MAX];
    struct mono_time deadline = mono_after_ms(clock_mono(), EXCHANGE_MS);
    enum err e = ERR_NONE;
    bool is_under_way = true;
    memset(is_left, true, sizeof is_left);
    for (bool is_first = true; is_under_way && e == ERR_NONE; is_first = false) {
        if (!is_first) {
            clock_nap(UNDER_WAY_MS);
        }
        if (clock_mono().ns >= deadline.ns) {
            return target_fail(target, ERR_UNAVAILABLE,
                    "a slot of the cluster is under way from one node to another for too long");
        }
        is_under_way = false;
        e = take_off(target, flight, is_left, deadline);
        if (e == ERR_NONE) {
            size_t n = flight->exchange_count;
            redis_exchange_all(flight->exchanges, n, deadline);
            e = land(target, flight, is_left, ret_last, &is_under_way);
        }
    }
    return e;
}

// Sends the pipeline. The last reply goes to ret_last unless that is NULL.
static enum err target_exchange(struct target *target, redisReply **ret_last)
{
    if (target->pending_count == 0) {
        return ERR_NONE;
    }
    struct flight *flight = target->is_broken ? NULL : malloc(sizeof *flight);
    enum err e = target->is_broken                  ? ERR_UNAVAILABLE
                 : flight == NULL                   ? ERR_NO_MEMORY
                 : target->bytes.failed != ERR_NONE ? target->bytes.failed
                                                    : fly(target, flight, ret_last);
    free(flight);
    target->pending_count = 0;
    target->word_count = 0;
    strbuf_reset(&target->bytes);
    return e;
}

// One command to a node whatever its keys. NULL when there is no reply, or an error.
static redisReply *ask_node(struct redis_node *node, size_t argc, const char *const *words)
{
    size_t lengths[4];
    redisReply *reply = NULL;
    ASSURE(argc <= sizeof lengths / sizeof lengths[0]);
    for (size_t i = 0; i < argc; i++) {
        lengths[i] = strlen(words[i]);
    }
    if (redis_connection_add(node->connection, argc, words, lengths) != ERR_NONE ||
            redis_connection_exchange(node->connection, &reply, 1,
                    mono_after_ms(clock_mono(), EXCHANGE_MS)) != ERR_NONE) {
        return NULL;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        freeReplyObject(reply);
        return NULL;
    }
    return reply;
}

static bool has_replicas(struct redis_node *node)
{
    const char *const words[] = {"INFO", "replication"};
    redisReply *reply = ask_node(node, 2, words);
    struct view count = VIEW_NONE;
    if (reply != NULL && reply->type == REDIS_REPLY_STRING) {
        count = info_field((struct view){reply->str, reply->len}, "connected_slaves");
    }
    bool has = !view_is_none(count) && !view_is(count, "0");
    freeReplyObject(reply);
    return has;
}

bool target_await_replicas(struct target *target)
{
    const char *const words[] = {"WAIT", "1", AWAIT_REPLICAS_MS};
    bool is_confirmed = true;
    for (size_t i = 0; target_is_open(target) && i < redis_route_count(target->route); i++) {
        struct redis_node *node = redis_route_at(target->route, i);
        if (redis_connection_is_open(node->connection) && has_replicas(node)) {
            redisReply *reply = ask_node(node, 3, words);
            bool has_it = reply != NULL && reply->type == REDIS_REPLY_INTEGER && reply->integer > 0;
            is_confirmed = is_confirmed && has_it;
            freeReplyObject(reply);
        }
    }
    return is_confirmed;
}

enum err target_flush(struct target *target)
{
    return target_exchange(target, NULL);
}

enum err target_add(struct target *target, unsigned tag, size_t argc, const struct view *args)
{
    enum err e = target_append(target, tag, argc, args);
    bool is_full =
            target->pending_count == TARGET_PIPELINE_MAX || target->bytes.n >= PIPELINE_BYTES;
    return e == ERR_NONE && is_full ? target_flush(target) : e;
}

enum err target_call(struct target *target, unsigned tag, size_t argc, const struct view *args,
        redisReply **ret_reply)
{
    enum err e = target_flush(target);
    if (e == ERR_NONE) {
        e = target_append(target, tag, argc, args);
    }
    return e == ERR_NONE ? target_exchange(target, ret_reply) : e;
}

enum err target_eval(struct target *target, unsigned tag, const char *script, size_t key_count,
        const struct view *keys, size_t arg_count, const struct view *args, redisReply **ret_reply)
{
    struct view all[3 + TARGET_KEYS_MAX + EVAL_ARGS_MAX];
    ASSURE(key_count <= TARGET_KEYS_MAX && arg_count <= EVAL_ARGS_MAX);
    struct strbuf digits;
    strbuf_init(&digits, 32);
    strbuf_add_u64(&digits, key_count);
    size_t n = 0;
    all[n++] = VIEW("EVAL");
    all[n++] = view_of(script);
    all[n++] = strbuf_view(&digits);
    memcpy(all + n, keys, key_count * sizeof *keys);
    n += key_count;
    if (arg_count > 0) {
        memcpy(all + n, args, arg_count * sizeof *args);
    }
    enum err e = digits.failed != ERR_NONE
                         ? digits.failed
                         : target_call(target, tag, n + arg_count, all, ret_reply);
    strbuf_fini(&digits);
    return e;
}
