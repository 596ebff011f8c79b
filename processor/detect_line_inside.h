// What detect_line.c (the way of a frame) and detect_line_decide.c (what one scope says and what
// follows) share.
#pragma once

#include "decide/decide.h"
#include "detect/detect.h"
#include "detect/side.h"
#include "detect_line.h"
#include "fold/fold.h"
#include "state/recent.h"
#include "state/scopes.h"

// The last policy that the log has named. All zero: none.
struct line_policy {
    int64_t serial;
    int64_t told_ms;       // log time of that frame, or of the first behind it; 0 = not known
    struct config *config; // that it is of
    struct strbuf text;    // as the frame has it
};

struct detect_line {
    const struct policy *policy;   // in force: that of the log, else `own`
    const struct policy *own;      // as was set from outside; borrowed
    const struct policy *of_start; // whose parts that need a restart are part of the line; borrowed
    struct line_policy named;
    int64_t highest_serial; // that the log has had, of policies that cannot be read too
    uint64_t policies_refused;
    uint32_t max_scopes;
    struct emitter *emitter;
    struct scopes *scopes;
    struct recent *recent;
    struct fold *fold;
    struct detect *detect;
    struct decide *decide;
    struct side *side;
    struct detect_counts counts;
    struct told_before told; // .sequence = NULL: nothing but what the line told itself
    // of the frame in hand
    bool silent;
    void *ticket;
};

void line_policy_init(struct detect_line *line, const struct policy *own);
void line_policy_fini(struct detect_line *line);
// The frame has a policy: goes by it from here on.
MUST_CHECK enum err line_take_policy(struct detect_line *line, const struct delta *delta);
// Behind every frame.
void line_policy_note_time(struct detect_line *line);
// Comes before whatever goes by it.
void line_policy_archive(struct detect_line *line, struct archive *archive);
struct decision_taker line_taker(struct detect_line *line);
struct detect_asks line_detect_asks(const struct detect_line *line);
struct side_asks line_side_asks(struct detect_line *line);
// What one row's scope says now, after all rows have been stepped, and what follows.
MUST_CHECK enum err line_decide_row(
        struct detect_line *line, const struct delta *delta, const struct scope_delta *row);
// The same for a vendor or tenant that has fallen silent, if it is somebody's turn.
MUST_CHECK enum err line_decide_silent(struct detect_line *line, const struct delta *delta);
