// The open incidents of a tally partition, with what each has told last and which scopes it is
// about, and which scopes are held until when. One thread.
//
// One event is one incident, however many scopes see it: a scope that alarms over the same messages
// joins (decide/related.h). Its *root* is the scope it is counted by: the first, or a wider one that
// joined.
//
//   incidents_open -> open --incidents_join--> open, about one scope more
//                      |  ^                     |
//                      |  '--incidents_leave----'   the last scope that leaves ends it
//                      '--incidents_end--> all its scopes are nobody's again
//
// Nobody ends an incident of which something is held; a hold that a person commanded may have none.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/archive.h"
#include "common/err.h"
#include "common/strbuf.h"
#include "model/action.h"
#include "model/cause_evidence.h"
#include "model/delta.h"
#include "state/sketch.h"

// What the last alert of an incident said, for the ones that update and close it.
struct told {
    struct evidence evidence; // the texts of its change point are copies
    struct ranked causes[CAUSE_MAX];
    uint32_t cause_count;
    uint32_t reasons[REASON_COUNT];
    struct cause_evidence because; // what the causes rest on
};

struct incident {
    struct digest_id id;
    enum tier tier;
    int32_t root;
    int32_t first_scope; // of a chain by incidents_next
    uint32_t scope_count;
    uint32_t held_count;     // of them
    bool lags;               // it was raised by data that lag, as it seems (decide/related.h)
    const struct told *told; // NULL before its first alert
    int64_t told_ms;         // log time of its last alert
    int64_t told_misdirected;
    int64_t escaped;      // misdirected messages of its root that were judged before a hold
    int64_t held;         // and those that came while it was held
    struct sketch people; // who they went to
    bool people_are_more; // not all who were written to up to the alarm are in the sketch
    // Messages from this serial on (model/delta.h) are in these numbers; below 2^64 - 1 once it is open.
    uint64_t start_serial;
    int64_t cleared;      // late records have taken so many back from escaped and held
    int64_t told_cleared; // by its last alert
    uint32_t cleared_reasons[REASON_COUNT]; // of those since incidents_remember
    // What its root's messages since then had, held ones too: messages, reasons, signals and sums.
    struct cause_evidence since;
    int64_t urgent_ms;            // log time at which it came to quarantine; 0 = it has not
    bool was_reminded;            // of that nobody has acknowledged it
    int64_t unconfirmed_sequence; // of the last frame that it was told by to be unconfirmed, and 1
    int64_t acknowledged_ms;      // log time; 0 = nobody has
    struct view acknowledged_by;
    char acknowledged_text[OPERATOR_BYTES_MAX]; // what that points to
    int64_t calm_since_ms;                      // log time; 0 = it is not calm
    uint32_t calm_messages;                     // judged since then
};

struct incidents;

MUST_CHECK enum err incidents_create(struct incidents **ret_incidents, uint32_t max_open);
void incidents_destroy(struct incidents *incidents);

// The incident that a scope belongs to, NULL for none. Good until it ends.
struct incident *incidents_of(const struct incidents *incidents, int32_t scope);
// The tier that the scope itself has reached in it; TIER_NONE without one.
enum tier incidents_tier(const struct incidents *incidents, int32_t scope);
void incidents_set_tier(struct incidents *incidents, int32_t scope, enum tier tier);
// Whether the scope joined because the data lag behind, and the note that it did.
bool incidents_scope_lags(const struct incidents *incidents, int32_t scope);
void incidents_note_lag(struct incidents *incidents, int32_t scope);

// Opens one about `scope`. *ret_incident is NULL when there are as many as there may be (counted).
MUST_CHECK enum err incidents_open(struct incidents *incidents, int32_t scope,
        const struct digest_id *id, struct incident **ret_incident);
// One more scope, which belongs to none.
MUST_CHECK enum err incidents_join(
        struct incidents *incidents, struct incident *incident, int32_t scope);
// The scope is nobody's any more; what is held stays held. True when it was the last, and the incident has ended.
bool incidents_leave(struct incidents *incidents, int32_t scope);
void incidents_end(struct incidents *incidents, struct incident *incident);
// The incident's scope behind `scope`; SCOPE_NONE after the last.
int32_t incidents_next(const struct incidents *incidents, int32_t scope);

// Keeps what an alert of the incident says, and what its causes rest on, in the place of what the one
// before said; what has come since begins anew.
MUST_CHECK enum err incidents_remember(struct incident *incident, const struct alert_action *alert,
        const struct cause_evidence *because, int64_t log_time_ms);
// A person knows of it: the first who says so.
void incidents_acknowledge(struct incident *incident, struct view operator_id, int64_t now_ms);
// Notes that so many messages were judged and whether the detector was calm behind them. True once
// it has been calm for 1,000 messages and ten minutes of log time (detection.md §3.9).
bool incidents_note_calm(struct incident *incident, bool is_calm, int64_t judged, int64_t now_ms);

// A scope that is held: by its incident, or because a person commanded it, in which case it need not
// belong to an incident.
struct hold {
    int32_t scope;
    int64_t until_ms;
    enum mode mode;           // as it was told; its end is told in the same
    bool is_commanded;        // a person's: enforced whatever the policy's mode
    struct digest_id control; // of that command; it stands for its control_id
    // The vendor that all of its wrong messages had come through when it was held first: behind the hold nothing
    // tells. Or SCOPE_NONE, VENDOR_SEVERAL, VENDOR_UNKNOWN. Another scope has the number when its generation is
    // another.
    int32_t vendor;
    uint32_t vendor_generation;
    uint8_t channel;   // of the message that raised it (decide/channels.h); 0 = not known
    int64_t ending_ms; // from when on incidents_ending names it; INT64_MAX = it has, or is not to
};

// The scope, which belongs to an incident, is held until then; a later hold of it replaces the
// earlier, but shortens none that a person commanded.
MUST_CHECK enum err incidents_hold(
        struct incidents *incidents, int32_t scope, int64_t until_ms, enum mode mode);
// The same by a person, of any scope. It shortens none.
MUST_CHECK enum err incidents_hold_commanded(struct incidents *incidents, int32_t scope,
        int64_t until_ms, const struct digest_id *control);
// Notes a held scope's vendor, and its channel.
void incidents_note_vendor(
        struct incidents *incidents, int32_t scope, int32_t vendor, uint32_t generation);
void incidents_note_channel(struct incidents *incidents, int32_t scope, uint8_t channel);
bool incidents_is_holding(const struct incidents *incidents, int32_t scope);
// NULL where it is not held. Good until something is held or lifted.
const struct hold *incidents_hold_of(const struct incidents *incidents, int32_t scope);
// All holds, one a call: *at is 0 before the first. NULL after the last. In the same order of a
// restored state.
const struct hold *incidents_hold_after(const struct incidents *incidents, uint32_t *at);
// One that has run out by `now_ms`: to be prolonged or lifted. NULL when there is none.
const struct hold *incidents_expired(struct incidents *incidents, int64_t now_ms);
// A held scope's end is looked at from then on, ahead of it; once for each of its ends.
void incidents_set_ending(struct incidents *incidents, int32_t scope, int64_t ending_ms);
// One to be looked at: prolonged, or left to run out. NULL when there is none.
const struct hold *incidents_ending(struct incidents *incidents, int64_t now_ms);
// The scope is not held any more.
void incidents_lift(struct incidents *incidents, int32_t scope);

// A campaign of the vendor or tenant `scope` was put into quarantine; how many were within the last
// hour of log time, up to LATELY_MAX. Remembered of LATELY_SCOPES_MAX scopes, the latest.
enum { LATELY_MAX = 3, LATELY_SCOPES_MAX = 256 };
void incidents_note_lately(struct incidents *incidents, int32_t scope, int64_t now_ms);
uint32_t incidents_lately(const struct incidents *incidents, int32_t scope, int64_t now_ms);

// All that are open, one a call: *at is 0 before the first, and the caller's to keep. NULL after the
// last.
struct incident *incidents_open_after(const struct incidents *incidents, uint32_t *at);
uint32_t incidents_open_count(const struct incidents *incidents);
uint64_t incidents_overflowed(const struct incidents *incidents);

// Saves the table, or restores it into a new one; the scopes are there already.
struct scopes;
void incidents_archive(
        struct archive *archive, struct incidents *incidents, const struct scopes *scopes);

// incident_id = hash of scope, detector version, tally partition and offset of the opening frame
// (design §6). `text` is scratch, as below.
MUST_CHECK enum err incident_make_id(struct strbuf *text, const struct delta *delta,
        const struct scope_name *scope, const char *detector_version, struct digest_id *ret_id);
// The id of an alert or command of an incident: one a kind of step, scope, tier and frame.
MUST_CHECK enum err incident_make_step_id(struct strbuf *text, const char *step,
        const struct digest_id *incident, const struct scope_name *scope, enum tier tier,
        int64_t sequence, struct digest_id *ret_id);
// What stands for a person's command: the digest of its control_id.
struct digest_id incident_control_digest(struct view control_id);
