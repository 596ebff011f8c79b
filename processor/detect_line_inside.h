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

struct detect_line {
    const struct policy *policy;
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

struct decision_taker line_taker(struct detect_line *line);
struct detect_asks line_detect_asks(const struct detect_line *line);
struct side_asks line_side_asks(struct detect_line *line);
// What one row's scope says now, after all rows have been stepped, and what follows.
MUST_CHECK enum err line_decide_row(
        struct detect_line *line, const struct delta *delta, const struct scope_delta *row);
// The same for a vendor or tenant that has fallen silent, if it is somebody's turn.
MUST_CHECK enum err line_decide_silent(struct detect_line *line, const struct delta *delta);
