// What the second half says about a healthy world: every word of it is a false alarm. A sink that
// keeps no record, only counts, by the tenant's true rate, and the evidence behind quarantines.
#pragma once

#include "bench/healthy_world.h"
#include "common/json_out.h"
#include "common/json_pointers.h"
#include "model/record.h"
#include "model/scope.h"

// Messages and alarms are told apart by this: a tenant's first messages, or else its true rate.
enum alarm_band {
    BAND_COLD,   // the first 20,000 of a tenant
    BAND_LOW,    // up to 0.5 %
    BAND_MIDDLE, // up to 1 %
    BAND_HIGH,   // up to 2 %
    BAND_COUNT,
};

struct alarm_counts {
    uint64_t messages;
    uint64_t opened[TIER_COUNT];  // incidents told at this tier, opened or escalated
    uint64_t streams[TIER_COUNT]; // of them, by evidence beside the verdicts or by a rule
    uint64_t holds[TIER_COUNT];   // scopes held: quarantine and stop
    // of them, scopes whose true rate is above 3 %, the ceiling of all baselines: by what the
    // detector was told they are no healthy ones
    uint64_t holds_above[TIER_COUNT];
};

struct false_alarms {
    struct healthy_world *world; // borrowed
    struct alarm_counts bands[BAND_COUNT];
    uint64_t counted[HEALTHY_TENANTS]; // messages of each tenant that are in the bands
    struct strbuf shown;               // JSON objects, one a hold
    uint32_t shown_count;
    struct strbuf evidence; // of the last alert
    struct strbuf incident; // its incident
    struct json_pointers *alert_pointers;
    struct json_pointers *command_pointers;
};

MUST_CHECK enum err false_alarms_init(struct false_alarms *alarms);
void false_alarms_fini(struct false_alarms *alarms);
// The world that is looked at from now on; counts go on.
void false_alarms_begin(struct false_alarms *alarms, struct healthy_world *world);
// To be called after every frame: what was sent since goes to its band.
void false_alarms_count(struct false_alarms *alarms);
struct sink false_alarms_sink(struct false_alarms *alarms);

// All bands but the cold one together.
struct alarm_counts false_alarms_settled(const struct false_alarms *alarms);
