// release: how the holds of scopes end, and what follows (design §7, detection.md §3.9). Of the room only.
//
//   held --a person, or V reached and acknowledged where automatic_release is on--> canary 1 (20)
//    ^ ^                                                                                |  every CUSUM is calm
//    | '--- canary trips: held again at once, until a person releases it -----------. canary 2 (200)
//    |                                                                              |    |
//    |                                                                              '- canary 3 (2,000)
//    |          at_once: from held, or from any canary                                   |
//    '--- a second alarm at a hundredth of the budget -- free, on probation <------------'
//                                                           '--> free
//
//   R1  While a scope is held, with a canary or without, its messages feed no detector; what is judged
//       of them moves its reverse test and its canary (decide/shadow.h), and nothing else.
//   R2  A canary is a hold command with a leave to send so many messages. Who does not know canaries goes
//       on holding. The quarantine state is held until the release itself. It does not run out: what nobody
//       has sent a message of stays held, however long that takes, until a person releases it at once.
//   R3  Each command about a scope has a sequence above the one before: no more than one a frame.
//   R4  Nothing is released by itself but where policy.automatic_release is on, at tier quarantine, when
//       V is reached and a person has acknowledged the hold; never what a person held, what was held within
//       a day of its release, or what is kept. Whether a list or a template was exchanged is not known here.
//   R5  Probation lasts for max(1,000, 50 k) judged messages from the first canary or the release on, k
//       being the misdirected ones of the evidence that it was held for; a week at most.
//   R6  A scope whose holds have ended policy.flap_limit times within 24 hours is *kept* when it is held
//       once more: that hold is renewed when it runs out, until a person releases it. Told once a hold.
//       What a canary has held again is kept as well, whoever held it, but for drills: it stays so through
//       all further canaries until its hold ends, and its incident has to be acknowledged anew.
//   R7  Message-level holds are left alone: they are to people who owe nothing, whatever their scope does.
#pragma once

#include "decide/decide_inside.h"
#include "decide/releases.h"

// One hold and what is known of it.
struct holding {
    const struct delta *delta;
    const struct decision_taker *taker;
    struct release *release;
    struct incident *incident; // NULL: a person's hold without one
    struct digest_id id;       // the incident's, or what stands for it
    int32_t scope;
    struct scope_name name;
};

// decide_release_tell.c: the alert of `state`, and the three commands.
MUST_CHECK enum err release_tell(
        struct decide *decide, const struct holding *holding, enum release_state state);
MUST_CHECK enum err release_command_hold(
        struct decide *decide, const struct holding *holding, const char *step, struct view words);
MUST_CHECK enum err release_command_release(
        struct decide *decide, const struct holding *holding, struct view words);
// What an alert tells of it.
struct release_news release_news_of(
        const struct release *release, enum release_state state, int64_t now_ms);
