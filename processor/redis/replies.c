// What hiredis's parser makes of the server's bytes: objects of its own, which the caller frees, or
// objects in the arena of an exchange, which go with it. Both are redisReply, so that who reads them
// need not know.
#include "redis/connection_inside.h"

enum { NESTING_MAX = 6 }; // arrays in arrays

#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif

// hiredis reserves an array's whole length when it reads the number, and since 1.0 nests without
// end (and frees by recursion); a lying server may choose both.
static bool may_create_array(const redisReadTask *task, element_count count)
{
    struct redis_connection *c = task->privdata;
    int depth = 0;
    for (const redisReadTask *at = task->parent; at != NULL; at = at->parent) {
        depth++;
    }
    if ((size_t)count > c->elements_left || depth > NESTING_MAX) {
        return false;
    }
    c->elements_left -= (size_t)count;
    return true;
}

static void *create_array(const redisReadTask *task, element_count count)
{
    const struct redis_connection *c = task->privdata;
    return may_create_array(task, count) ? c->plain_functions->createArray(task, count) : NULL;
}

// --- in an arena --------------------------------------------------------------------------------

// A reply, put into its place in the array that it belongs to. NULL = the arena is full, which the
// parser takes for a reply that is too large.
static redisReply *take_reply(const redisReadTask *task)
{
    const struct redis_connection *c = task->privdata;
    redisReply *reply = arena_take(c->arena, sizeof *reply);
    if (reply == NULL) {
        return NULL;
    }
    *reply = (redisReply){.type = task->type};
    if (task->parent != NULL) {
        redisReply *parent = task->parent->obj;
        parent->element[task->idx] = reply;
    }
    return reply;
}

static void *take_string(const redisReadTask *task, char *text, size_t n)
{
    const struct redis_connection *c = task->privdata;
    const struct view copy = arena_copy(c->arena, (struct view){text, n});
    redisReply *reply = copy.p != NULL ? take_reply(task) : NULL;
    if (reply != NULL) {
        memcpy(&reply->str, &copy.p, sizeof reply->str); // the arena's, without the const
        reply->len = n;
    }
    return reply;
}

static void *take_array(const redisReadTask *task, element_count count)
{
    const struct redis_connection *c = task->privdata;
    redisReply *reply = may_create_array(task, count) ? take_reply(task) : NULL;
    if (reply != NULL && count > 0) {
        reply->element = arena_take_zeroed(c->arena, (size_t)count * sizeof *reply->element);
        reply->elements = (size_t)count;
    }
    return reply == NULL || (count > 0 && reply->element == NULL) ? NULL : reply;
}

static void *take_integer(const redisReadTask *task, long long integer)
{
    redisReply *reply = take_reply(task);
    if (reply != NULL) {
        reply->integer = integer;
    }
    return reply;
}

static void *take_nil(const redisReadTask *task)
{
    redisReply *reply = take_reply(task);
    if (reply != NULL) {
        reply->type =
                REDIS_REPLY_NIL; // the task is one of a string or an array, which is not there
    }
    return reply;
}

#if HIREDIS_MAJOR >= 1
// No server says these to who has not asked for RESP3: they are answers to no question of ours.
static void *take_double(const redisReadTask *task, double number, char *text, size_t n)
{
    (void)number;
    return take_string(task, text, n);
}

static void *take_bool(const redisReadTask *task, int is_true)
{
    return take_integer(task, is_true);
}
#endif

static void leave(void *reply)
{
    (void)reply; // it goes with the arena
}

// ------------------------------------------------------------------------------------------------

enum err connection_create_reader(struct redis_connection *c)
{
    c->reader = redisReaderCreate();
    if (c->reader == NULL) {
        return connection_fail(c, ERR_NO_MEMORY, "out of memory");
    }
    c->plain_functions = c->reader->fn;
    c->heap_functions = *c->reader->fn;
    c->heap_functions.createArray = create_array;
    c->arena_functions = (redisReplyObjectFunctions)
    {
        .createString = take_string, .createArray = take_array, .createInteger = take_integer,
        .createNil = take_nil,
#if HIREDIS_MAJOR >= 1
        .createDouble = take_double, .createBool = take_bool,
#endif
        .freeObject = leave,
    };
    c->reader->fn = &c->heap_functions;
    c->reader->privdata = c;
    c->reader->maxbuf = 0; // else hiredis gives its buffer back after every larger reply
    return ERR_NONE;
}

void connection_put_replies(struct redis_connection *c, struct arena *arena)
{
    c->arena = arena;
    c->reader->fn = arena != NULL ? &c->arena_functions : &c->heap_functions;
}

void connection_drop_replies(const struct redis_exchange *x)
{
    for (size_t i = 0; x->arena == NULL && i < x->taken; i++) {
        freeReplyObject(x->replies[i]);
    }
}

struct view redis_reply_error_code(const redisReply *reply)
{
    size_t n = 0;
    if (reply->type == REDIS_REPLY_ERROR) {
        while (n < reply->len && n < 32 && reply->str[n] >= 'A' && reply->str[n] <= 'Z') {
            n++;
        }
    }
    return n > 0 ? (struct view){reply->str, n} : VIEW("");
}
