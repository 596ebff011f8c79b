// What the generator is asked for on its command line.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/generate_message.h"
#include "common/strbuf.h"

enum { INCIDENT_MAX = COHORT_MAX };
#define GENERATE_MESSAGES_MAX UINT64_C(100000000)

enum incident_kind {
    KIND_WRONG_LIST,
    KIND_CLOSED_LOANS,
    KIND_SHIFTED_COLUMN,
    KIND_NUMBER_WALKING,
    KIND_FEED_LAG,
    KIND_RECYCLED_NUMBERS,
    KIND_UNREGISTERED_VENDOR,
    KIND_LEAKED_LIST,
    KIND_BROAD_RULE,
    KIND_COUNT,
};
extern const char *const incident_kind_names[KIND_COUNT];

struct incident_options {
    const char *text; // as it was given
    enum incident_kind kind;
    uint64_t at; // how many messages come before it
    bool at_is_share;
    uint64_t size; // messages of its campaign
    uint32_t rate_millionths;
    uint32_t tenant;                       // TENANT_NONE = any
    char campaign[GENERATED_ID_MAX_BYTES]; // "" = one of its own
    char vendor[GENERATED_ID_MAX_BYTES];   // "" = any
};

struct generate_options {
    uint64_t seed;
    uint64_t messages;
    uint32_t tenants;
    uint32_t campaigns;
    uint32_t incident_count;
    struct incident_options incidents[INCIDENT_MAX];
    const char *out;
    bool help;
};

// Reads the command line; `argv` must outlive the options. ERR_USAGE: `why` says what is wrong.
MUST_CHECK enum err generate_options_read(
        struct generate_options *ret_options, int argc, char **argv, struct strbuf *why);
// The messages that belong to no incident.
uint64_t generate_healthy_count(const struct generate_options *options);
