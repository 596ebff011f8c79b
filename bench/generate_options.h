// What the generator is asked for on its command line.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/generate_message.h"
#include "common/strbuf.h"

enum {
    INCIDENT_MAX = 64,
    NEGATIVE_MAX = 64,
    CLASS_INCIDENT_MAX = 5000,
    TENANTS_MAX = 5000,
    ONE_MILLION = 1000000,
};
#define GENERATE_MESSAGES_MAX UINT64_C(100000000)
#define BEFORE_ANY UINT64_MAX // drawn
#define AT_NONE UINT64_MAX
#define P0_MIXED UINT32_MAX // each lender has its own
#define P0_NONE (UINT32_MAX - 1)

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

// How the share of wrong messages goes on from the change.
enum incident_shape {
    SHAPE_STEP,
    SHAPE_BURST,       // `on` messages, in which the wrong ones come at even distances
    SHAPE_RAMP,        // grows to the rate over `ramp` messages
    SHAPE_STOP_AND_GO, // `on` messages, `off` healthy ones, and so on
    SHAPE_RELAPSE,     // `on` messages, `off` healthy ones, and wrong to the end
    SHAPE_LEAK,        // a step to three times the healthy rate where no rate is given
    SHAPE_COUNT,
};
extern const char *const incident_shape_names[SHAPE_COUNT];

// Whose messages go wrong. A campaign, or many small ones of a vendor, are the incident's own; of
// the others the messages of healthy campaigns go wrong.
enum incident_spread {
    SPREAD_CAMPAIGN,
    SPREAD_TEMPLATE,
    SPREAD_SENDER,
    SPREAD_VENDOR,
    SPREAD_TENANT,
    SPREAD_MANY_SMALL,
    SPREAD_COUNT,
};
extern const char *const incident_spread_names[SPREAD_COUNT];

static inline bool spread_is_over_healthy_campaigns(enum incident_spread spread)
{
    return spread >= SPREAD_TEMPLATE && spread <= SPREAD_TENANT;
}

struct incident_options {
    const char *text; // as it was given
    enum incident_kind kind;
    enum incident_shape shape;
    enum incident_spread spread;
    uint64_t at; // how many messages come before it
    bool at_is_share;
    uint64_t size;   // messages of its campaigns, or of those that it comes over
    uint64_t before; // healthy messages that its campaign or vendor sends first, or BEFORE_ANY
    uint32_t rate_millionths;
    bool has_rate; // as given, and not that of the kind
    uint64_t on;
    uint64_t off;
    uint64_t ramp;
    uint32_t share_millionths;             // of the vendor's messages, many_small
    uint64_t each;                         // messages of a small campaign
    uint32_t tenant;                       // TENANT_NONE = any
    char campaign[GENERATED_ID_MAX_BYTES]; // "" = one of its own
    char vendor[GENERATED_ID_MAX_BYTES];   // "" = any
};

// Reads KIND:OPTIONS for a day of that many messages and tenants. ERR_USAGE: `why` says what is
// wrong. `text` must outlive the result.
MUST_CHECK enum err incident_options_read(struct incident_options *ret_incident, const char *text,
        uint64_t messages, uint32_t tenants, struct strbuf *why);
// The messages that it adds to those of the healthy campaigns.
uint64_t incident_options_own_messages(const struct incident_options *incident);

// What looks like an incident and is none.
enum negative_kind {
    NEGATIVE_SORTED_LIST,
    NEGATIVE_DOUBLE_VOLUME,
    NEGATIVE_MIX_CHANGE,
    NEGATIVE_TWO_OF_FIVE,
    NEGATIVE_BIG_CAMPAIGN,
    NEGATIVE_NEW_VENDOR,
    NEGATIVE_COUNT,
};
extern const char *const negative_kind_names[NEGATIVE_COUNT];

struct negative_options {
    const char *text;
    enum negative_kind kind;
    uint64_t size;
    uint32_t tenant; // TENANT_NONE = any
};
MUST_CHECK enum err negative_options_read(struct negative_options *ret_negative, const char *text,
        uint64_t messages, uint32_t tenants, struct strbuf *why);

struct generate_options {
    uint64_t seed;
    uint64_t messages; // of a class: the healthy ones beside its incidents
    uint32_t tenants;
    uint32_t campaigns; // 0 = as many as it takes
    uint32_t days;
    uint64_t customers; // of all tenants; 0 = half as many as messages
    bool is_realistic;
    uint32_t p0_millionths; // or P0_MIXED, P0_NONE
    uint32_t clumps_millionths;
    uint32_t duplicates_millionths;
    bool has_disorder;
    bool has_drift;
    uint32_t lag_episodes;
    uint32_t incident_count;
    struct incident_options incidents[INCIDENT_MAX];
    uint32_t negative_count;
    struct negative_options negatives[NEGATIVE_MAX];
    const char *class_name;    // NULL = none
    const char *class_options; // that go behind each incident's own
    uint32_t class_incidents;
    uint64_t class_healthy; // messages beside each incident
    const char *out;
    bool help;
};

// Reads the command line; `argv` must outlive the options. ERR_USAGE: `why` says what is wrong.
MUST_CHECK enum err generate_options_read(
        struct generate_options *ret_options, int argc, char **argv, struct strbuf *why);
// The messages that belong to no incident or negative.
uint64_t generate_healthy_count(const struct generate_options *options);

// Readers of values, which the two files share.
bool option_read_whole(struct view text, uint64_t *ret_number);
// A fraction or a percentage, with at most six digits behind the point.
bool option_read_share(struct view text, uint32_t *ret_millionths);
// Where `text` stands among the names, or -1.
int option_find(const char *const *names, size_t count, struct view text);
