// Puts relationship data into Redis, packed layout (schemas/redis-keys.md): a full load beside the
// data in force and a flip at its end, or a delta into the data in force. Redis shows either all of
// a full load or nothing of it.
#pragma once

#include "common/strbuf.h"
#include "identity/keyring.h"
#include "redis/route.h"
#include "relationship/feed.h"

enum { LOAD_BUCKET_BITS_MAX = 28 };

enum load_phase { LOAD_READING, LOAD_CLEARING, LOAD_WRITING };

struct load_options {
    const struct redis_route_options *redis;
    const char *prefix;
    const struct keyring *ring;
    const char *default_region;
    const char *path; // "-" = standard input
    bool is_delta;
    bool skip_bad;
    bool allow_older; // data with an older watermark than what is in force
    bool allow_empty; // a full load of nothing: every number becomes a believed miss
    // Of a full load:
    unsigned tags;        // 1 or 64
    unsigned bucket_bits; // 0 = so that a bucket has about ten records
    int64_t valid_for_ms;
    int64_t watermark_ms; // everything that the source knew by then is in the file
    // Called about every second and at the end of each phase. `total` is 0 where it is not known.
    // May be NULL. An error ends the load.
    enum err (*progress)(void *self, enum load_phase phase, uint64_t done, uint64_t total);
    void *progress_self;
};

struct load_result {
    struct feed_report feed;
    uint64_t generation;
    uint64_t record_count; // in force
    uint64_t change_count; // numbers that the file named
    uint64_t bucket_count; // written
    unsigned bucket_bits;
    unsigned tags;
    int64_t source_watermark_ms;
    bool is_unconfirmed; // no replica has all of it yet: a failover now would lose it
};

// Does it. On failure `why` gets the reason in words, and what was in force is in force. ERR_DATA:
// lines were refused (the report lists them), or the data may not be loaded as it is; ERR_LOCKED;
// ERR_CONFIG: the data in force was packed with a key that is not in the ring; ERR_NO_INPUT,
// ERR_IO; else as the connection says.
MUST_CHECK enum err load_run(
        const struct load_options *options, struct load_result *ret_result, struct strbuf *why);
