// A server that speaks Redis's protocol on a Unix socket, from a small table of keys, and lies on
// demand. One connection at a time, on a thread of its own.
#pragma once

#include "common/clock.h"
#include "common/view.h"

enum lie {
    LIE_NONE,
    // of the transport
    LIE_SILENT,        // reads, never answers
    LIE_DEAF,          // never reads
    LIE_DRIP,          // a byte every 20 ms
    LIE_GARBAGE,       // bytes that are no protocol
    LIE_CLOSE_AT_ONCE, // accepts and closes
    LIE_CLOSE_MIDWAY,  // half of an answer, then closes
    LIE_HUGE_BULK,     // a string of 500 MB begins
    LIE_HUGE_ARRAY,    // an array of a billion begins
    LIE_NESTED,        // arrays in arrays in arrays
    LIE_FLOOD,         // sends without end
    LIE_ONE_MORE,      // a reply too many
    // of the server
    LIE_ERROR,      // `text` is the error reply to every command but INFO
    LIE_INFO_ERROR, // … to INFO
    LIE_REPLICA,
    LIE_LOADING,
    LIE_EVICTING, // more keys at every INFO
    LIE_INFO_EMPTY,
    // of the data
    LIE_EPOCH_TEXT, // `text` is the epoch
    LIE_EPOCH_ABSENT,
    LIE_FLUSHED_MIDWAY, // the epoch is there before the buckets, not after
    LIE_FLIPS,          // another generation after each MGET, without end
    LIE_FLIPS_ONCE,     // only after the next MGET; the new generation has the same buckets
    LIE_BUCKETS_ABSENT,
    LIE_MGET_ERROR,     // `text`
    LIE_SHORT_ARRAY,    // one element less than was asked
    LIE_WRONG_TYPE,     // MGET answers a number
    LIE_BUCKET_VERSION, // every bucket of a version to come
    LIE_BUCKET_CUT,     // every bucket loses its last byte, and an empty one its only
};

struct lying_redis;

struct lying_redis *lying_redis_start(void);
void lying_redis_stop(struct lying_redis *server);
// unix:/path
const char *lying_redis_address(const struct lying_redis *server);
// The value of a string; of a hash, its reply to HGETALL as it goes over the wire.
void lying_redis_set(void *server, struct view key, struct view value);
void lying_redis_lie(struct lying_redis *server, enum lie lie, const char *text);
// Cuts the connection that is open, if any.
void lying_redis_cut(struct lying_redis *server);
// How many connections were accepted.
unsigned lying_redis_accepted(struct lying_redis *server);
