// Inside of redis/connection.h's implementation: connection.c opens and takes commands, exchange.c
// moves the bytes, replies.c makes replies of them, handshake.c says who we are.
#pragma once

#include "redis/connection.h"
#include "redis/dial.h"

enum { CONNECTION_RECEIVE_BYTES = 64 << 10 };

struct redis_connection {
    struct dialler *dialler;
    char *user;
    char *password_file;
    char *client_name;
    unsigned database;
    int64_t connect_timeout_ms;

    char *address;
    struct redis_tls_options tls_options; // its texts are copies
    char *tls_texts[4];

    int fd;                // -1 = not open
    struct redis_tls *tls; // NULL = plain
    size_t handed_bytes;   // of the output, to TLS
    redisReader *reader;
    redisReplyObjectFunctions *plain_functions; // hiredis's own
    redisReplyObjectFunctions heap_functions;   // the same but for its arrays, which have ceilings
    redisReplyObjectFunctions arena_functions;
    struct arena *arena;  // of the exchange under way; NULL = the heap
    size_t elements_left; // of the exchange under way
    size_t bytes_left;

    struct strbuf output;
    size_t sent_bytes;
    size_t pending_count; // commands in the output
    size_t command_at;    // of the command that is being added: where it begins
    size_t words_left;    // of it
    struct strbuf why;
    char *received; // CONNECTION_RECEIVE_BYTES, scratch
};

// Sets why and returns the error.
enum err connection_fail(struct redis_connection *c, enum err e, const char *text);
// The same with the system's words; ERR_UNAVAILABLE.
enum err connection_fail_errno(struct redis_connection *c, const char *text, int problem);
// On a socket that has just been connected: AUTH, SELECT, CLIENT SETNAME, as far as they are asked
// for.
MUST_CHECK enum err connection_shake_hands(struct redis_connection *c, struct mono_time deadline);
// What parses the replies of a socket that has just been connected.
MUST_CHECK enum err connection_create_reader(struct redis_connection *c);
// Where replies go from now on; NULL = the heap. Between exchanges only.
void connection_put_replies(struct redis_connection *c, struct arena *arena);
// Frees those that were taken, where they are to be freed.
void connection_drop_replies(const struct redis_exchange *x);
