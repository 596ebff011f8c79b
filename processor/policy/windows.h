// Times that the policy names: maintenance, during which no campaign, sender, … is held, and the hours in
// which people may be written to and called. Pure.
#pragma once

#include "common/zone.h"
#include "policy/rules.h"

enum { WINDOWS_MAX = 256 };

// From `from` to `until`, without it, nothing of the scopes that it names is held. Names by
// RULE_OF_TENANT … RULE_OF_CHANNEL; none: everybody's.
struct maintenance {
    uint32_t parts; // RULE_PART of what it names, and bits of its own table above
    char *names[4];
    char *from; // owned, as all texts
    char *until;
    char *reason;
    char *owner;
    int64_t from_ms;
    int64_t until_ms;
};

// Whose clocks hours go by. The recipient's zone stands in the message (fields.recipient_zone); where it
// does not, or nobody knows it, the hours' own zone is gone by.
enum zone_from { ZONE_FROM_POLICY, ZONE_FROM_RECIPIENT };

// Messages go by the hours that name most of them, as by rules; of several, the first. A time is allowed
// when clocks in the zone show one within them: what a clock skips in spring is not missed, what it
// shows twice in autumn is allowed, or not, both times.
struct hours {
    uint32_t parts;
    char *names[4];
    char *allowed; // "08:00-22:00": from the first minute on, up to the last, without it
    char *zone;    // "+08:00", or "America/New_York"
    enum zone_from zone_from;
    enum mode mode; // monitor: told in the reasons; enforce: held until the next allowed minute
    int from_minute;
    int until_minute;   // up to 24 * 60; not above from_minute: they go over midnight
    struct zone *clock; // owned: `zone`
};

// All zero = none.
struct policy_windows {
    struct maintenance *maintenance;
    uint32_t maintenance_count;
    struct hours *hours;
    uint32_t hours_count;
    struct zones *zones; // owned; those that recipients may be in, NULL where no hours ask for them
};

enum zone_known { ZONE_NOT_ASKED, ZONE_KNOWN, ZONE_ABSENT, ZONE_UNKNOWN, ZONE_KNOWN_COUNT };

// What the hours say of a message.
struct hours_ruling {
    const struct hours *outside; // the hours that it goes by and is out of; NULL when it is allowed
    int64_t allowed_ms;          // when they begin again
    enum zone_known zone;        // whether the recipient's zone was told and is known
};

// Take over what they are given. ERR_NO_MEMORY; ERR_CEILING at WINDOWS_MAX: then it stays the caller's.
MUST_CHECK enum err windows_add_maintenance(
        struct policy_windows *windows, const struct maintenance *maintenance);
MUST_CHECK enum err windows_add_hours(struct policy_windows *windows, const struct hours *hours);
void maintenance_release(struct maintenance *maintenance);
void hours_release(struct hours *hours);
void windows_clear_maintenance(struct policy_windows *windows);
void windows_clear_hours(struct policy_windows *windows);

// Whether there is maintenance of the subject at that time.
bool windows_in_maintenance(
        const struct policy_windows *windows, const struct policy_subject *subject, int64_t at_ms);
// What the hours that the subject goes by say of that time. `recipient_zone`: what the message says, or
// none.
struct hours_ruling windows_rule_hours(const struct policy_windows *windows,
        const struct policy_subject *subject, struct view recipient_zone, int64_t at_ms);
// Reads "08:00-22:00"; false when it is none.
bool hours_read_allowed(struct view text, int *ret_from_minute, int *ret_until_minute);
extern const char *const zone_from_names[];
// Adds them to the canonical text under keys of their own; nothing where there are none.
void windows_add_canonical_hours(const struct policy_windows *windows, struct json_out *out);
void windows_add_canonical_maintenance(const struct policy_windows *windows, struct json_out *out);
