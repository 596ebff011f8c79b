// Inside of redis/redis_store.h's implementation: store_look.c gets the nodes ready and finds out
// whom to believe, store_ask.c asks one pipeline of lookups, redis_store.c the whole batch.
#pragma once

#include "common/metric.h"
#include "redis/cache_trust.h"
#include "redis/canaries.h"
#include "redis/hash_ask.h"
#include "redis/packed_ask.h"
#include "redis/redis_store.h"
#include "redis/route.h"

// What one node is asked in one exchange.
struct part {
    struct redis_node *node;
    bool has_info;
    uint64_t tags; // whose epochs are asked for
    size_t count;  // commands so far
    redisReply **replies;
    bool is_answered;
    bool is_forgiven; // not answered, and may be asked again
};

// A run of the packed layout in the exchange.
struct sent {
    const struct part *part; // NULL = not sent
    size_t at;               // its first reply in the part
    bool is_asking;
};

// One exchange of runs.
struct round {
    struct sent sent[HASH_TAG_COUNT];
    bool may_void; // whether runs may be asked once more for a flip or a redirection
    bool is_last;
    bool has_voided;
    bool has_kept;
};

// What is left of a batch.
struct batch {
    struct lookup *lookups;
    size_t count;
    struct mono_time deadline;
    struct arena *arena;
};

struct redis_store {
    struct redis_route *route;
    struct cache_trust trust;
    struct canaries canaries;
    struct packed_ask *packed; // one of the two
    struct hash_ask *hash;
    char *prefix;
    char *hash_epoch_key; // NULL = none
    unsigned database;

    redisReply **replies; // in here, until store_free_parts
    size_t reply_capacity;
    struct arena *reply_arena;
    struct part parts[REDIS_EXCHANGES_MAX];
    struct redis_exchange exchanges[REDIS_EXCHANGES_MAX];
    size_t part_count;
    size_t epoch_at[HASH_TAG_COUNT]; // of a look: a tag's reply in its part

    // Between begin and finish: a batch whose first pipeline is under way.
    bool is_begun;
    bool is_sent;
    struct batch batch;
    size_t begun_count;
    int64_t left_ns;              // of the time that it may wait
    int64_t spent_ns;             // in begin
    size_t taken;                 // lookups in the pipeline
    struct round round;           // packed layout
    enum trust hashes;            // hash layout: TRUST_VOID = sent, else what came of them without
    enum lookup_state was_answer; // of the batch before, which stands until this one has its own

    uint64_t lookup_count;
    uint64_t round_trip_count;         // of all nodes together, as one
    struct metric_histogram durations; // of the lookups of a part of a batch together, in ns

    enum lookup_state answer; // of the last trouble; LOOKUP_FOUND when there is none
    struct strbuf why;
};

// --- store_look.c

// Sets what the store as a whole answers, and why.
void store_say(struct redis_store *store, enum lookup_state answer, const char *why);
// The same for what is wrong with one node: it is the answer until the node is asked again.
void store_say_of(struct redis_store *store, struct redis_node *node, enum lookup_state answer,
        const char *why);
// The answer that a trust stands for, of lookups that it leaves without one.
enum lookup_state store_answer_of(enum trust t);
// The connection broke or cannot be had.
void store_lose_node(struct redis_store *store, struct redis_node *node, const char *why);
// A server may close a connection that was idle, or restart between two batches: that alone is no
// trouble, once a batch.
bool store_forgive(struct redis_store *store, struct redis_node *node);
// Takes a server's INFO. False where it is not to be believed.
bool store_take_info(struct redis_store *store, struct redis_node *node, const redisReply *reply);
// Finds out who serves what, connects, looks at the servers and the epochs where nothing is known.
// What cannot be had has an answer afterwards, and store_say has been told of it.
void store_get_ready(struct redis_store *store, struct mono_time deadline);
// Whether lookups of this tag may be sent to the node, which may be NULL.
bool store_may_ask(const struct redis_store *store, const struct redis_node *node, unsigned tag);

// --- store_ask.c

// An exchange with several nodes: begin, part after part, send, take, read, free.
void store_begin_parts(struct redis_store *store);
// The part of a node, a new one where it has none yet.
struct part *store_part_of(struct redis_store *store, struct redis_node *node);
// Adds one command of one or two words.
MUST_CHECK enum err store_add(struct part *part, struct view verb, struct view key);
// Sends all parts, without a wait.
void store_send_parts(struct redis_store *store);
// Takes their replies. A part that is not answered has none, and its node is forgiven or lost.
void store_take_parts(struct redis_store *store, struct mono_time deadline);
void store_free_parts(struct redis_store *store);
// Sends one pipeline from the front of the batch.
void store_send_packed(struct redis_store *store, struct batch *batch);
void store_send_hash(struct redis_store *store, struct batch *batch);
// Takes what comes of it: its lookups have their answers and are off the batch.
void store_take_packed(struct redis_store *store, struct batch *batch);
void store_take_hash(struct redis_store *store, struct batch *batch);

// --- store_heed.c

// What goes along with the next pipeline to see that the data are whole.
void store_send_canaries(struct redis_store *store);
// Takes the text of a believed server's INFO: how many keys there are.
void store_heed_keys(struct redis_store *store, struct redis_node *node, struct view info);
// Says so where a server has too few. What is in whole buckets is believed all the same.
void store_tell_keys(struct redis_store *store);
// Takes what it says after the pipeline of these lookups: misses that are not to be believed are
// none, and store_say has been told.
void store_heed_canaries(struct redis_store *store, struct lookup *lookups, size_t count);
