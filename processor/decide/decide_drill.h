// Drills that are going on (design §7), by the log of one tally partition: all of them are in that of
// the drills' tenant.
//
//   control record --decide_drill_open--> open --decide_drill_follow, its campaign is held--> detected
//                                           '--decide_drill_follow, DRILL_MS are over------> missed
//
// Either is told as drill.completed, once, and is the end of it here. A campaign that is held for a
// drill is held for DRILL_MS, so that nobody has to release it; what a missed one has raised is closed.
#pragma once

#include <stdint.h>

#include "common/archive.h"
#include "model/incident.h"
#include "model/outcome.h"
#include "state/scopes.h"

enum { DRILL_MAX = 8, DRILL_MS = 5 * 60 * 1000 };

struct drill {
    int32_t scope; // its campaign; the id is that of the control record
    char operator_text[OPERATOR_BYTES_MAX];
    uint32_t operator_bytes;
    int64_t opened_ms;        // log time, as all but the next
    int64_t first_message_ms; // event time of the earliest message heard of; 0 = none yet
    int64_t first_judged_ms;
    int64_t detected_ms; // a tier was reached
    int64_t judged;
    int64_t misdirected;
    int64_t unknown;
};

// All zero is a good beginning.
struct drills {
    struct drill open[DRILL_MAX];
    uint32_t count;
};

// The scopes are there already.
void drills_archive(struct archive *archive, struct drills *drills, const struct scopes *scopes);
