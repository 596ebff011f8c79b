// One connection to one Redis server on a socket of our own: hiredis parses the replies
// (redisReader), poll() moves the bytes. Reads and writes are interleaved, so no size of pipeline
// can deadlock, and one deadline covers a whole exchange, however slowly the server drips. After any
// error the connection is dead until the next redis_connection_open. Not for threads to share.
#pragma once

#include <hiredis/hiredis.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/err.h"
#include "common/strbuf.h"
#include "redis/tls.h"

struct redis_options {
    const char *address;       // unix:/path or host:port
    const char *user;          // NULL = none
    const char *password_file; // NULL = no AUTH
    unsigned database;
    int64_t connect_timeout_ms;
    struct redis_tls_options tls;
    const char *client_name; // NULL = none; a server that refuses CLIENT SETNAME is no trouble
};

enum {
    REDIS_OUTPUT_MAX_BYTES = 8 << 20,   // of one pipeline's commands
    REDIS_REPLY_MAX_BYTES = 64 << 20,   // of one pipeline's replies
    REDIS_REPLY_MAX_ELEMENTS = 4 << 20, // in all arrays of one pipeline's replies
};

struct redis_connection;

MUST_CHECK enum err redis_connection_create(
        struct redis_connection **ret_connection, const struct redis_options *options);
void redis_connection_destroy(struct redis_connection *c);
bool redis_connection_is_open(const struct redis_connection *c);
// Why the last call failed, in words; never with a key or a password in it.
const char *redis_connection_why(const struct redis_connection *c);

// Connects, authenticates, selects the database. ERR_UNAVAILABLE, ERR_DEADLINE, ERR_REFUSED (AUTH,
// ACL), ERR_PROTOCOL, ERR_CONFIG (an address or a file that cannot be used). Reads the files anew
// each time. No longer than connect_timeout_ms, and not beyond the deadline. An
// open connection is closed first.
MUST_CHECK enum err redis_connection_open(struct redis_connection *c, struct mono_time deadline);
void redis_connection_close(struct redis_connection *c);

// Adds a command to the pipeline that redis_connection_exchange sends. ERR_CEILING when the
// pipeline is full: nothing was added, what is there may still be sent. ERR_UNAVAILABLE when the
// connection is not open.
MUST_CHECK enum err redis_connection_add(
        struct redis_connection *c, size_t argc, const char *const *argv, const size_t *lengths);
// The same word by word: between the two, as many words as were announced, each of a head and a tail.
// Not where redis_connection_begin has failed.
MUST_CHECK enum err redis_connection_begin(struct redis_connection *c, size_t word_count);
void redis_connection_word(struct redis_connection *c, struct view head, struct view tail);
MUST_CHECK enum err redis_connection_end(struct redis_connection *c);
// Sends what was added and reads one reply for each command, into replies[0..count). On success the
// caller frees each with freeReplyObject; on failure none are left to free and the connection is
// closed. Error replies of the server are replies, not failures. `count` is the number of commands
// added. ERR_UNAVAILABLE (not open, or lost), ERR_DEADLINE, ERR_PROTOCOL (not Redis's language,
// more than was asked for, or beyond the ceilings above).
MUST_CHECK enum err redis_connection_exchange(
        struct redis_connection *c, redisReply **replies, size_t count, struct mono_time deadline);

// The same for several connections at once, under one deadline: one that fails or is slow takes
// nothing from the others.
struct redis_exchange {
    struct redis_connection *connection;
    redisReply **replies; // room for `count`
    size_t count;         // of commands added to the connection
    // NULL: replies are as above. Else they are in here, and freed with it alone; what does not fit
    // is too large.
    struct arena *arena;
    enum err result;
    size_t taken; // internal
};
enum { REDIS_EXCHANGES_MAX = 64 };
void redis_exchange_all(struct redis_exchange *exchanges, size_t n, struct mono_time deadline);
// The two halves of that: sends what can be sent without a wait; sends the rest and takes the
// replies. In between, nothing else may be done with these connections.
void redis_exchange_send(struct redis_exchange *exchanges, size_t n);
void redis_exchange_take(struct redis_exchange *exchanges, size_t n, struct mono_time deadline);

// The first word of an error reply, such as LOADING: the only part fit for logs, since the rest may
// quote a command. "" for any other reply.
struct view redis_reply_error_code(const redisReply *reply);
