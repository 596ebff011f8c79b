// What is remembered of scopes that are held, or were lately: how their holds go towards their end,
// and what came of earlier ones (decide/decide_release.h). Nothing is kept of other scopes. One thread.
#pragma once

#include "common/archive.h"
#include "common/err.h"
#include "decide/shadow.h"
#include "model/action.h"

struct scopes;

enum { RELEASES_MAX = 16384, RELEASE_ENDS_MAX = 10, RELEASE_TEXT_MAX = 256 };

struct release {
    int32_t scope;
    bool is_held;
    bool is_proposed;
    bool is_acknowledged;
    bool is_kept; // released too often, or held again by a canary: nothing but a person ends this hold
    struct shadow shadow;
    struct canary canary;              // none while canary.step is 0
    uint32_t misdirected;              // of the evidence that it was held for
    uint32_t probation;                // messages left of it
    int64_t probation_ms;              // until then, however few come
    int64_t banned_until_ms;           // no release by itself before
    int64_t sequence;                  // of the last command about it; -1 = none
    int64_t ends_ms[RELEASE_ENDS_MAX]; // of its holds, newest first
    uint32_t end_count;
    struct digest_id incident_id; // whose hold it was last
    // Who releases it, and by which record; empty where it is released by itself.
    char operator_id[RELEASE_TEXT_MAX + 1];
    char control_id[RELEASE_TEXT_MAX + 1];
};

struct releases;

MUST_CHECK enum err releases_create(struct releases **ret_releases);
void releases_destroy(struct releases *releases);

// NULL where nothing is remembered.
struct release *releases_of(const struct releases *releases, int32_t scope);
// The same; a new one if need be, all zero but for `scope` and `sequence`. NULL at the ceiling, counted.
MUST_CHECK enum err releases_take(
        struct releases *releases, int32_t scope, struct release **ret_release);
void releases_drop(struct releases *releases, int32_t scope);
// Looks at one of them, in turn, and forgets it when nothing of it matters any more.
void releases_sweep(struct releases *releases, int64_t now_ms);

// How many of its holds have ended within the 24 hours before now; at most RELEASE_ENDS_MAX.
uint32_t release_ends(const struct release *release, int64_t now_ms);
void release_note_end(struct release *release, int64_t now_ms);
// Whether it is so short a while free again that a second alarm wants less.
bool release_is_on_probation(const struct release *release, int64_t now_ms);

uint32_t releases_count(const struct releases *releases);
uint64_t releases_overflowed(const struct releases *releases);
// Saves the table, or restores it into a new one; the scopes are there already.
void releases_archive(
        struct archive *archive, struct releases *releases, const struct scopes *scopes);
