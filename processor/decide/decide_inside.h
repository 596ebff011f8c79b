// What the files of the room share: decide.c (tiers and who is acted on), decide_stream.c (the same
// of streams), decide_tell.c (alerts and commands), decide_life.c (growth and end of incidents),
// decide_late.c (late clearances), decide_watch.c (whether holds may be told), decide_control.c and
// what is beside it (what people command).
#pragma once

#include "common/strbuf.h"
#include "control/standing_orders.h"
#include "decide/breaker.h"
#include "decide/channels.h"
#include "decide/control_ledger.h"
#include "decide/decide.h"
#include "decide/decide_drill.h"
#include "decide/hold_cap.h"
#include "decide/releases.h"
#include "decide/tenants.h"
#include "incident/incidents.h"

struct scope_list {
    int32_t *scopes;
    uint32_t count;
    uint32_t capacity;
};

struct decide {
    struct decide_options options;
    struct scopes *scopes;
    struct recent *recent;
    struct incidents *incidents;
    struct tenants *tenants;
    struct breaker *breaker;
    struct digest_id suspect_id; // of what the breaker told last
    struct hold_cap holds;
    struct channels *channels;
    struct drills drills;
    struct releases *releases;
    struct control_ledger *controls;
    struct standing_orders *standing;
    struct control_counts control_counts;
    struct scope_list named;  // scratch: what a command is about
    int64_t next_reminder_ms; // no incident is due to be told again before; log time
    uint64_t next_serial;     // above those of all entries so far
    struct strbuf id_text;
    struct strbuf reason_text;
};

// One step of one incident: what it is about and where it goes.
struct step {
    const struct delta *delta;
    const struct scope_delta *row; // whose evidence it is
    // whose step it is: the row's, or a narrower one that explains it
    int32_t scope;
    struct scope_name name;
    struct incident *incident;
    const struct evidence *evidence;
    const struct decision_taker *taker;
    int32_t tenant;       // of the row; SCOPE_NONE where it is not known
    bool lags;            // it is rather the data that lag behind
    bool is_sibling;      // it joins what another scope has just opened by the same alarm
    const char *withheld; // NULL, or why no hold follows for now
    uint8_t channel;      // of one that has waited; CHANNEL_UNKNOWN: the row tells, or a hold
};

// The causes that an alert of this step would name, likeliest first: their number, 0 when there is
// nothing to go by.
uint32_t tell_causes(const struct decide *decide, const struct step *step,
        const struct recent_entry *entries, uint32_t count, struct ranked ret_causes[CAUSE_MAX]);
MUST_CHECK enum err tell_alert(
        struct decide *decide, const struct step *step, enum alert_kind kind);
MUST_CHECK enum err tell_hold(struct decide *decide, const struct step *step, enum tier tier);
// What it told last, with what has come of it since, and no message that caused it.
MUST_CHECK enum err tell_again(struct decide *decide, const struct delta *delta,
        struct incident *incident, enum alert_kind kind, const struct decision_taker *taker);
// An alert that says what the incident told last, with what has come of it since: all but what it is
// an alert of, and when.
struct alert_action tell_repeated(const struct decide *decide, const struct incident *incident);
// Whether an incident has lost so much to late clearances that it is time to tell.
bool late_is_time_to_tell(
        const struct decide *decide, const struct incident *incident, int64_t now_ms);
// Once half of an incident was cleared late, that is its likely cause; the others share the rest.
void late_rank(const struct incident *incident, struct alert_action *alert);
// What an incident has done so far.
struct impact tell_impact(const struct incident *incident);
// The tier that a scope's hold is told with.
enum tier tell_hold_tier(const struct decide *decide, int32_t scope);
// A hold that a person has commanded, until then; the scope is held by it.
MUST_CHECK enum err tell_commanded_hold(struct decide *decide, const struct delta *delta,
        int32_t scope, const struct control *control, int64_t until_ms,
        const struct decision_taker *taker);
// A hold was told at that time: its end is looked at ahead of it, so that what goes on is told before senders, who go
// by their own clocks, let it run out.
void tell_note_ending(struct decide *decide, int32_t scope, int64_t told_ms);
// A hold that would have run out goes on for as long as it was: nobody has acknowledged it.
MUST_CHECK enum err tell_renewed(struct decide *decide, const struct delta *delta, int32_t scope,
        const struct decision_taker *taker);
// What a command of this scope has whatever it says.
struct command_action tell_command_of(
        const struct decide *decide, const struct delta *delta, int32_t scope, enum mode mode);
// Only the state's tombstone: the hold is over by itself.
MUST_CHECK enum err tell_expired(struct decide *decide, const struct delta *delta,
        const struct hold *hold, const struct decision_taker *taker);
// The scope's hold is over, and has been told to be: nothing speaks against it any more. With its last
// hold the incident is closed.
MUST_CHECK enum err decide_end_hold(struct decide *decide, const struct delta *delta, int32_t scope,
        const struct decision_taker *taker);
// What is worse than what anybody has acknowledged: somebody has to acknowledge the incident from now on.
void remind_anew(struct decide *decide, struct incident *incident, int64_t now_ms);
// An incident that has come to quarantine: the same, once.
void remind_later(struct decide *decide, struct incident *incident, int64_t now_ms);
// Whether a hold that has run out goes on all the same, because nobody has acknowledged it; then it is
// renewed, and told.
MUST_CHECK enum err remind_renews(struct decide *decide, const struct delta *delta,
        const struct hold *hold, const struct decision_taker *taker, bool *ret_goes_on);
// The open incident of that id, NULL for none.
struct incident *decide_find_incident(const struct decide *decide, const struct digest_id *id);

// What the scope that is acted on has done so far: its part of the evidence.
struct part {
    const struct recent_entry *entries; // NULL of a stream, which does not say which they are
    uint32_t count;
    int64_t misdirected;
};

// Counts it for the step's incident. The people are those of its entries, and those of the delta, of
// which the frame may have more; it notes where they are fewer than came up to the alarm.
void life_count_part(const struct step *step, const struct part *part);

// Opens, joins or escalates the incident of one scope, with the evidence of the step's row.
MUST_CHECK enum err decide_act(struct decide *decide, struct step *step, enum tier tier,
        struct incident *related, const struct part *part);

// Why the policy wants no hold of the step's scope now: "maintenance", "override"; NULL where it does not.
const char *policy_withholds(const struct decide *decide, const struct step *step);
// The vendor that all the scope's remembered messages came through that name one. SCOPE_NONE where none of them
// does, VENDOR_SEVERAL, or VENDOR_UNKNOWN: behind a hold, when nothing is remembered any more.
int32_t decide_vendor_of(const struct decide *decide, int32_t scope);
// Of the message that raised the step's scope: its number, to be remembered.
MUST_CHECK enum err decide_channel_of(
        struct decide *decide, const struct step *step, uint8_t *ret_channel);
// What the policy says of the step's scope, by its tenant and by the vendor and channel that its wrong messages
// have in common: mode, how long it is held, and what wants how much evidence (decide_policy.c).
struct policy_settings decide_settings(const struct decide *decide, const struct step *step);
// The same of a scope that no message of the delta is about.
struct policy_settings decide_scope_settings(
        const struct decide *decide, const struct delta *delta, int32_t scope);
// Why a hold of the step's scope at this tier has to wait; NULL where it need not, or there is none.
const char *watch_withholds(struct decide *decide, const struct step *step, enum tier tier);
// The hold of a step that hold_cap withholds follows when its turn comes.
MUST_CHECK enum err watch_wait(struct decide *decide, const struct step *step);
// The breaker and the line of holds, saved or restored.
void watch_archive(struct archive *archive, struct decide *decide);
// A person releases a held scope (decide_release.c): by a canary, or whole where `control->at_once`.
// *ret_refused is NULL, or a constant word why nothing was done: "not_held", "already_releasing".
MUST_CHECK enum err decide_release_scope(struct decide *decide, const struct delta *delta,
        int32_t scope, const struct control *control, const struct decision_taker *taker,
        const char **ret_refused);
// A person has acknowledged the hold of a scope: with `policy.automatic_release` it may end by itself.
void decide_release_acknowledged(struct decide *decide, int32_t scope);
// A hold is told: of a step that our own evidence leads to, or by a person. What was on its way to its
// release is held without a canary again. Tells when the hold is one that only a person ends (R6).
MUST_CHECK enum err release_note_hold(struct decide *decide, const struct step *step);
MUST_CHECK enum err release_note_commanded(struct decide *decide, int32_t scope, int64_t sequence);
// It is over, whoever ended it.
void release_note_end_of_hold(struct decide *decide, int32_t scope, int64_t now_ms);
// A hold has run out: one that only a person ends is renewed, and one that a canary is under way of.
MUST_CHECK enum err release_keep(struct decide *decide, const struct delta *delta, int32_t scope,
        const struct decision_taker *taker, bool *ret_is_kept);
// Says of an alert whether its scope was released shortly before.
void release_fill_relapse(
        const struct decide *decide, const struct step *step, struct alert_action *alert);
// Takes what a held scope explains off the wider scopes that its messages came through.
// `counts`: a campaign that is held counts for the vendor's and tenant's stop (incidents_note_lately).
void decide_explain_parents(const struct decide *decide, const struct step *step, bool counts);
