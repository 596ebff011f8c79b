// What the halves want done outside: emit turns each into one Kafka record (or file line). Views
// and arrays borrow from the batch's arena; an action lives until emit has returned.
#pragma once

#include "common/clock.h"
#include "model/drill.h"
#include "model/event.h"
#include "model/incident.h"
#include "model/outcome.h"
#include "model/raw.h"
#include "model/scope.h"
#include "model/verdict.h"

enum mode { MODE_MONITOR, MODE_ENFORCE };
extern const char *const mode_names[2];

// A verdict record. `source` is where the message came from.
struct verdict_action {
    const struct event *ev;
    enum verdict verdict;
    reason_set reasons;
    struct view recipient_pseudonym; // "kid:base64url"
    struct view source_topic;
    int32_t source_partition;
    int64_t source_offset;
    struct view policy_version;
};

enum command_kind {
    COMMAND_HOLD,
    COMMAND_RELEASE,
    COMMAND_EXPIRED, // a scope's hold has run out by itself: no command, only the state's tombstone
};
// Of a message: 0 and 1 are the judge's own commands, from here on those of people (2 + tally-partition offset).
enum { MESSAGE_SEQUENCE_MIN = 2 };
enum target_kind {
    TARGET_MESSAGE,
    TARGET_RECIPIENT, // what a person says of all of his messages that have a hold of their own
    TARGET_SCOPE,
};

// A hold or release. Scope commands also become a quarantine-state record.
struct command_action {
    struct digest_id command_id;
    int64_t sequence; // tally-partition offset of the cause; of messages: hold 0, what ends it 1
    enum command_kind kind;
    enum target_kind target;
    // Of a message: id = message_id; of a recipient: his pseudonym; the kind is not looked at then.
    struct scope_name scope;
    const struct event *
            message; // that it is about: whose campaign, template, ...; NULL = a scope, or not known
    struct view recipient; // with `message`: the pseudonym of its recipient
    enum tier tier;
    struct view reason; // a short text or the reason codes, joined by commas
    bool has_incident;
    struct digest_id incident_id;
    int64_t issued_at_ms; // log time
    int64_t expires_at_ms;
    enum mode mode;
    struct view operator_id; // who commanded it, and by which record; none where nobody did
    struct view control_id;
    // Of a hold, 0 without: its canary_step-th canary; so many messages of the scope may be sent.
    uint32_t canary_limit;
    uint32_t canary_step;
    bool is_renewal; // of a hold that goes on as it is
    bool at_once;    // of a release of a message or recipient: also out of scopes that are held
    struct view traceparent; // of the message that caused it
    struct view tracestate;
};

enum alert_kind {
    ALERT_INCIDENT_OPENED,
    ALERT_INCIDENT_ESCALATED,
    ALERT_INCIDENT_UPDATED,
    ALERT_INCIDENT_RELEASED,
    ALERT_INCIDENT_CLOSED,
    ALERT_CACHE_SUSPECT,
    ALERT_CACHE_RECOVERED,
    ALERT_DRILL_COMPLETED,
    ALERT_CONTROL_OUTCOME,
    ALERT_KIND_COUNT,
};
extern const char *const alert_kind_names[ALERT_KIND_COUNT];

// What an incident has done so far, by the scope that it is counted by.
struct impact {
    int64_t escaped;              // misdirected messages judged before a hold of it
    int64_t held;                 // and while it was held
    uint64_t distinct_recipients; // of both, by a sketch: standard error 6.5 %
    // There are more: not all who were written to up to the alarm are remembered.
    bool distinct_is_lower_bound;
    int64_t cleared_late; // messages that are in neither any more: their record turned up
};

// Where a hold goes towards its end, or comes back (decide/decide_release.h).
enum release_state {
    RELEASE_SILENT, // nothing is told of it
    RELEASE_PROPOSED,
    RELEASE_WITHDRAWN,
    RELEASE_CANARY,
    RELEASE_RELEASED,
    RELEASE_HELD_AGAIN,
    RELEASE_KEPT,
    RELEASE_STATE_COUNT,
};

struct release_news {
    enum release_state state;
    bool is_proposed;
    int64_t clean; // judged while it was held
    int64_t misdirected;
    int64_t needed;
    int64_t bad_rate_millionths;
    uint32_t canary_step; // 0 = none
    uint32_t canary_limit;
    int64_t canary_judged;
    int64_t canary_misdirected;
    int64_t probation;       // messages
    uint32_t ends;           // of its holds within a day; told of RELEASE_KEPT
    struct view operator_id; // none where nobody commanded it
    struct view control_id;
};

struct alert_action {
    struct digest_id alert_id;
    struct digest_id incident_id;
    enum alert_kind kind;
    enum tier tier;
    struct scope_name scope;
    int64_t occurred_at_ms; // event time of the message that caused it
    struct ranked causes[CAUSE_MAX];
    uint32_t cause_count; // the first is the likely one; 0 = "unknown"
    uint32_t reasons[REASON_COUNT];
    struct evidence evidence;
    struct impact impact;
    struct release_news release;
    bool is_relapse; // of `relapse_of`, whose hold was released shortly before
    struct digest_id relapse_of;
    struct contributor contributors[CONTRIBUTOR_MAX];
    uint32_t contributor_count;
    struct view samples[SAMPLE_MAX]; // message ids
    uint32_t sample_count;
    struct view policy_version;
    struct view detector_version;
    // misses were believed without an epoch record (policy.h): the alert says so
    bool assume_complete;
    struct control_outcome outcome; // of control.outcome
    struct drill_news drill;        // of drill.completed
    int64_t acknowledged_ms;        // 0 = nobody has
    struct view acknowledged_by;
    // Told once more because nobody has acknowledged it: in time, or by the end of a hold, which goes on.
    bool is_unacknowledged;
    bool is_unconfirmed;
    struct view traceparent;
    struct view tracestate;
};

// Offsets of a partition that its log no longer has, and that were not read before.
struct gap_action {
    struct view topic;
    int32_t partition;
    int64_t from_offset; // the one that was wanted
    int64_t to_offset;   // where it is read on; below from_offset when the log is another one
    struct view explanation;
    int64_t failed_at_ms;
};

struct dead_letter_action {
    const struct raw_message *raw;
    const char *reason;      // the stable code of wn.reason
    struct view explanation; // for people; never with a payload byte in it
    int64_t failed_at_ms;    // left out of the record when negative (replay)
};
