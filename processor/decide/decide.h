// decide: what the detector says → incidents and what is to be done (design §6, §7). Pure; no
// clock, no I/O. One thread.
//
// A scope belongs to at most one open incident. Its tier in it only rises:
//
//   none --notice reached--> notice --> alert --> quarantine --> stop
//    ^                                            '--hold--'    '--hold--'  a hold command each
//    '--- its last hold has run out by log time: closed, and its scopes begin anew
//    '--- nothing of it is held, and its root was calm for 1,000 messages and ten minutes: closed
//
// Alert records: opened; escalated when the incident's own tier rises; updated, at most one an
// interval and one a tenfold growth of its misdirected messages, and for each further scope that the
// alarm that opened it was about; closed. A scope that joins an incident of its tier or above later
// makes none; one that comes to quarantine is held all the same.
//
// Extra conditions: quarantine wants evidence of at least 3 people, and that the data do not merely
// lag (decide/related.h); stop wants at least 3 campaigns, none of them with more than half of it,
// or 3 held within the hour, and a rate whose 95 % lower bound is above max(5 %, 3 p0). A wide scope
// whose evidence at most three narrower ones explain is left alone, and those are acted on
// (decide/attribute.h). What a held scope explains is taken off the wider ones. Auxiliary streams
// raise notice and alert, never more. No more than policy.hold_cap scopes are held in ten minutes without
// a person (decide/hold_cap.h), and none while many tenants have gone wrong at once (decide/breaker.h).
#pragma once

#include "common/err.h"
#include "model/action.h"
#include "model/control_state.h"
#include "model/delta.h"
#include "model/held.h"
#include "model/outcome.h"
#include "model/window.h"
#include "policy/policy.h"
#include "state/recent.h"
#include "state/scopes.h"

struct decide;

// Takes what is to be done, in order; what it gets lives until the call returns.
struct decision_taker {
    enum err (*alert)(void *self, const struct alert_action *alert);
    enum err (*command)(void *self, const struct command_action *command);
    // What people's commands leave in force, or waiting.
    enum err (*control_state)(void *self, const struct control_state_action *state);
    // A share of what speaks against `parent` is `child`'s, which is held now.
    void (*explained)(
            void *self, int32_t parent, int32_t child, uint32_t share_num, uint32_t share_den);
    // The scope's incident is over: nothing speaks against it any more.
    void (*closed)(void *self, int32_t scope);
    // The scope has an alarm: what it does is no lesson.
    void (*alarmed)(void *self, int32_t scope);
    // How many messages of the scope have been judged since it was first heard of.
    int64_t (*heard)(void *self, int32_t scope);
    // What speaks against it at a node of the detector, in micro-nats.
    int64_t (*ratio)(void *self, int32_t scope, unsigned node);
    // What that node has counted since its change point; false for a node that there is not.
    bool (*window)(void *self, int32_t scope, unsigned node, struct window *ret_window);
    // The 95 % interval of a rate, in millionths.
    void (*interval)(void *self, int64_t misdirected, int64_t judged, int64_t ret_millionths[2]);
    void *self;
};

struct decide_options {
    const struct policy *policy; // borrowed
    const char *detector_version;
    uint32_t max_incidents;
    int64_t control_max_age_ms; // a command that was issued longer ago is refused; log time
};

// `scopes` and `recent` are borrowed.
MUST_CHECK enum err decide_create(struct decide **ret_decide, const struct decide_options *options,
        struct scopes *scopes, struct recent *recent);
void decide_destroy(struct decide *decide);
// Goes by that policy from now on; borrowed until another is set.
void decide_set_policy(struct decide *decide, const struct policy *policy);
// The same of a policy that replaces one in the midst of the log, which is still there during the call.
// What was held in monitor mode, and so was never sent, is sent with the frames that follow where it is
// to be enforced now and still stands, in line under policy.hold_cap (decide/hold_cap.h). What was sent
// stays so whatever the mode: its renewals and its end are sent too.
void decide_change_policy(
        struct decide *decide, const struct delta *delta, const struct policy *policy);

// The tier that the scope has reached in its open incident.
enum tier decide_tier(const struct decide *decide, int32_t scope);
// Whether it belongs to an open incident.
bool decide_has_incident(const struct decide *decide, int32_t scope);

// Comes first of a delta that is applied: looks whether the cache or the feed has broken, or is well
// again, and tells it (of tally partition 0 only: every one sees the same); tells holds that have
// waited until now. While they are suspended `decide_admit` goes no higher than alert. Once that is
// over, nothing that was seen meanwhile speaks against any scope that is not held.
MUST_CHECK enum err decide_watch(
        struct decide *decide, const struct delta *delta, const struct decision_taker *taker);
// Whether holds of scopes are suspended, because the cache or the feed is suspect.
bool decide_is_suspended(const struct decide *decide);

// Counts a delta for the incidents that are open. Comes before anything of the delta is raised.
void decide_count(struct decide *decide, const struct delta *delta);

// Late clearances of a delta that has them: the numbers of open incidents and of tenants are corrected.
// Nothing that was raised is undone, no hold lifted: the incident's next update says how many messages
// of it late records have cleared, and once these are half of it or more, its likely cause is late data. An
// update follows at the update interval once half of what was told last is cleared, and at once when
// none is left. A hold that waits in line (decide/hold_cap.h) and has lost its evidence is decided anew.
// Messages that were counted as people stay so where there is only a sketch of them.
MUST_CHECK enum err decide_clear(
        struct decide *decide, const struct delta *delta, const struct decision_taker *taker);

// An alarm in hand: whose it is, the evidence, and the remembered messages that it is made of. What it
// points to is borrowed.
struct hearing {
    const struct delta *delta;
    const struct scope_delta *row;
    const struct evidence *evidence;
    const struct decision_taker *taker;
    enum { LAGS_UNKNOWN, LAGS_NOT, LAGS } lags; // whether it is rather the data; found out once
    int32_t tenant; // of the row: entries that are many soon leave a wide scope's list
    uint32_t count;
    struct recent_entry entries[RECENT_MAX];
};

void decide_hear(const struct decide *decide, const struct delta *delta,
        const struct scope_delta *row, const struct evidence *evidence,
        const struct decision_taker *taker, struct hearing *ret_hearing);
// What the policy says of a row's scope (decide_settings in decide_inside.h).
struct policy_settings decide_row_settings(
        const struct decide *decide, const struct delta *delta, const struct scope_delta *row);
// The highest tier, up to `tier`, whose extra conditions the evidence meets. `is_cold`: the scope has
// next to no history; then quarantine of a vendor or tenant wants the rate that stop wants.
enum tier decide_admit(
        const struct decide *decide, struct hearing *hearing, enum tier tier, bool is_cold);
// The scope has reached an admitted tier above its present one. Rows come after all rows of the
// delta have been stepped, in the delta's order.
MUST_CHECK enum err decide_raise(struct decide *decide, struct hearing *hearing, enum tier tier);
// The same for an auxiliary stream (evidence->stream) or a rule: TIER_ALERT at most.
MUST_CHECK enum err decide_raise_stream(struct decide *decide, const struct delta *delta,
        const struct scope_delta *row, enum tier tier, const struct evidence *evidence,
        const struct decision_taker *taker);

// Closes the incidents whose holds have run out by the delta's log time. Comes before the delta's
// rows are stepped.
MUST_CHECK enum err decide_expire(
        struct decide *decide, const struct delta *delta, const struct decision_taker *taker);
// After a row was stepped and decided: tells how its incident has grown, if it is time, and closes
// it when nothing is held and the scope has been calm for long enough.
MUST_CHECK enum err decide_follow(struct decide *decide, const struct delta *delta,
        const struct scope_delta *row, bool is_calm, const struct decision_taker *taker);

// What people command, in log order, each once: comes alone, since frames of the control topic hold
// nothing else. Nothing runs out at such a frame, and no hold that waits is told, so that a scope has
// no two commands of one sequence; a frame that has two commands of a person about one scope would
// have. Holds by name (policy.operator_hold_max at most; enforced in monitor mode too, since a person
// asked for it; not under policy.hold_cap), releases, confirmations, acknowledgements, modes, drills, and
// holds and releases of single messages and recipients. Each record, and each change of what has become
// of it, is told once (decide/decide_control.c says by whom).
MUST_CHECK enum err decide_control(
        struct decide *decide, const struct delta *delta, const struct decision_taker *taker);

struct control_counts {
    uint64_t states[OUTCOME_STATE_COUNT]; // records by what became of them, here
    uint64_t duplicates;
    uint64_t forgotten; // ids that are not known again (decide/control_ledger.h, N1)
    uint32_t waiting;
    uint32_t standing; // modes, messages and recipients (control/standing_orders.h)
};
struct control_counts decide_control_counts(const struct decide *decide);

// Comes last of a delta that is applied: what has come of the drills that are going on
// (decide/decide_drill.h).
MUST_CHECK enum err decide_drill_follow(
        struct decide *decide, const struct delta *delta, const struct decision_taker *taker);
uint32_t decide_open_drills(const struct decide *decide);

// After a row was stepped and decided: what its messages say of the hold of its scope, if it is held, or
// was lately (decide/decide_release.h).
MUST_CHECK enum err decide_follow_release(struct decide *decide, const struct delta *delta,
        const struct scope_delta *row, const struct decision_taker *taker);
// Whether the scope was released so short a while ago that its next alarm wants less.
bool decide_is_on_probation(const struct decide *decide, int32_t scope, int64_t now_ms);
// Whether its holds are remembered.
bool decide_has_release(const struct decide *decide, int32_t scope);
// Forgets a scope without incident and hold: its number may be given to another.
void decide_drop(struct decide *decide, int32_t scope);
// Comes last of a frame: forgets what does not matter any more.
void decide_sweep(struct decide *decide, int64_t now_ms);

// A scope is held by the incident that the state topic names, though what led to it is lost: nothing is
// told before its end. Nothing happens to one that is held already. ERR_CEILING: there are as many
// incidents as there may be.
MUST_CHECK enum err decide_restore_hold(
        struct decide *decide, int32_t scope, const struct held_scope *held, bool *ret_is_new);

uint32_t decide_open_incidents(const struct decide *decide);
// Incidents that found the table full.
uint64_t decide_overflowed(const struct decide *decide);

// Saves what is decided so far, or restores it into a new one.
void decide_archive(struct archive *archive, struct decide *decide);
