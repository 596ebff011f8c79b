// A decide room on a table: scopes, remembered people, and what is taken from it. Of one tenant, t, unless
// a test says otherwise.
#pragma once

#include "decide/decide.h"

#define DECIDE_AT INT64_C(1763769600000) // log time, unless the bench has another

#define DECIDE_MAX_AGE_MS (INT64_C(30) * 24 * 3600 * 1000) // of commands

// What speaks against every scope, unless a test says otherwise.
enum { TAKEN_MAX = 32, DECIDE_RATIO_NAT6 = 25000000 };

// The scopes that a message names; NULL = it names none. The tenant is t.
struct path {
    const char *campaign;
    const char *template_;
    const char *sender;
    const char *vendor;
};

// What was taken, in order.
struct taken {
    bool is_command;
    struct alert_action alert;
    struct command_action command;
    char texts[4][128]; // what of their texts a person has written
};

enum { TOLD_STATE_BYTES = 128, STATES_MAX = 160 };

struct explained {
    int32_t parent;
    int32_t child;
    uint32_t share_num;
    uint32_t share_den;
};

struct decide_bench {
    int64_t lower_millionths; // of any interval
    struct view tenant_id;
    struct policy policy;
    struct scopes *scopes;
    struct recent *recent;
    struct decide *decide;
    struct taken taken[TAKEN_MAX];
    unsigned taken_count;
    // control states: "in_force mode vendor n monitor until+SECONDS", "over pending c1"
    char states[STATES_MAX][TOLD_STATE_BYTES];
    unsigned state_count;
    struct explained explained[TAKEN_MAX];
    unsigned explained_count;
    int32_t closed[TAKEN_MAX];
    unsigned closed_count;
    int32_t alarmed; // the last; SCOPE_NONE = none
    int64_t heard;   // of every scope
    int64_t ratios_nat6[SCOPE_KIND_COUNT];
    int64_t log_time_ms;
    int64_t sequence;
    int32_t tally_partition;
    uint64_t serial;
    struct view channel; // of messages
    // the frame in hand
    struct frame frame;
    struct frame_leaf frame_leaf;
    struct frame_entry entry;
    struct delta_entry delta_entry;
    struct leaf_delta leaf;
    struct scope_delta rows[SCOPE_KIND_COUNT];
    struct delta delta;
};

// A policy under which holds run out by themselves and no incident is told for want of an answer.
void decide_bench_init(struct decide_bench *b, uint32_t max_incidents);
void decide_bench_init_capped(struct decide_bench *b, uint32_t max_incidents, uint32_t hold_cap);
void decide_bench_fini(struct decide_bench *b);
struct decision_taker decide_bench_taker(struct decide_bench *b);
int32_t decide_bench_scope(struct decide_bench *b, enum scope_kind kind, const char *id);
enum tier decide_bench_tier(struct decide_bench *b, enum scope_kind kind, const char *id);

// Of the recipient of the message of that serial; uniform, as pseudonyms are.
uint64_t decide_bench_tag(uint64_t serial);
// A misdirected message to somebody new, which names a loan.
void decide_bench_meet(struct decide_bench *b, const struct path *path, enum reason reason);
// One for each letter: campaigns a, b, ... of vendor v.
void decide_bench_meet_all(struct decide_bench *b, const char *campaigns);

// Evidence about `n` messages, all misdirected, from the first entry on.
struct evidence decide_bench_evidence(int64_t n);
// The delta of a frame with a leaf of so many messages, all misdirected. `held`: one of its scopes
// is.
void decide_bench_delta(
        struct decide_bench *b, const struct path *path, uint32_t messages, bool held);
// The delta's row of a kind.
struct scope_delta *decide_bench_row(struct decide_bench *b, enum scope_kind kind);
// The scope of that kind reaches a tier, with a frame of its own.
void decide_bench_raise(struct decide_bench *b, const struct path *path, enum scope_kind kind,
        enum tier tier, const struct evidence *evidence);
// A frame of messages that raise nothing, misdirected unless all is calm: expiry, counts, and the
// following of every row and of drills.
void decide_bench_follow(struct decide_bench *b, const struct path *path, uint32_t messages,
        bool held, bool is_calm);
// decide_admit of a row of the delta in hand.
enum tier decide_bench_admit(struct decide_bench *b, const struct scope_delta *row, enum tier tier,
        bool is_cold, const struct evidence *evidence);
