// The way of one tally frame through the second half, top to bottom:
//     fold → detect → decide → emit
// The only file that knows all stages of it. One line a tally partition: its whole state is a
// function of the frames that it was given. One thread.
#pragma once

#include "common/archive.h"
#include "emit/emitter.h"
#include "model/frame.h"
#include "model/held.h"
#include "policy/config.h"

struct detect_line;

struct detect_counts {
    uint64_t frames;
    uint64_t applied;
    uint64_t gaps;
    uint64_t alerts;   // told, not counting those of a silent fold
    uint64_t commands; // likewise, scope commands
    uint64_t scopes;
    uint64_t scopes_overflowed;
    uint64_t scopes_evicted;
    uint64_t incidents;
    uint64_t incidents_overflowed;
    uint64_t
            cleared_late; // messages that a late record has taken back, late rows that did nothing, ...
    uint64_t late_ignored;
    uint64_t clearable_overflowed; // ... and messages that are too many to be taken back
    uint64_t recent_overflowed;    // misdirected messages that found no room to be remembered
};

// `config` and `emitter` are borrowed.
MUST_CHECK enum err detect_line_create(
        struct detect_line **ret_line, const struct config *config, struct emitter *emitter);
void detect_line_destroy(struct detect_line *line);

// The policy that frames go by as long as the log has named none; borrowed until another is set, or the
// line is destroyed. Before that, the config's own. What has been made part of the detector (detector.*
// but budget) is the config's for good.
void detect_line_set_policy(struct detect_line *line, const struct policy *policy);
// What the log has said: frames go by the policy of the last frame that has one, of a serial above those
// before it (model/frame.h); one that cannot be read uses up its serial, does nothing else and is counted.
// It is part of what is saved and restored.
struct detect_policy {
    struct view version;    // in force
    int64_t serial;         // its own; 0 = the log has named none
    int64_t highest_serial; // of all that the log has had
    int64_t told_ms;        // log time at which it was named
    uint64_t refused;
};
struct detect_policy detect_line_policy(const struct detect_line *line);
// Folds one frame. `silent`: what follows from it was told before (below the committed offset);
// only the state moves. `*ret_gap` says that offsets of a source are missing.
MUST_CHECK enum err detect_line_frame(struct detect_line *line, const struct frame *frame,
        int32_t tally_partition, int64_t sequence, bool silent, void *ticket, bool *ret_gap);

// Holds a scope that was held before the log was lost, until its hold runs out. ERR_CEILING: there is
// no room for it.
MUST_CHECK enum err detect_line_restore_hold(
        struct detect_line *line, const struct held_scope *held, bool *ret_is_new);
// What was told of scopes, by the state topic: a hold whose sequence is not above that is not told.
struct told_before {
    int64_t (*sequence)(void *self, const struct scope_name *name); // -1 = nothing
    void *self;
};
void detect_line_set_told(struct detect_line *line, struct told_before told);

// Saves the line's state, or restores it into a new line.
void detect_line_archive(struct detect_line *line, struct archive *archive);
// Of the last frame; 0 before any.
int64_t detect_line_log_time_ms(const struct detect_line *line);

// Shows what is going on, as decide_show.
struct decide_viewer;
void detect_line_show(const struct detect_line *line, const struct decide_viewer *viewer);
struct detect_counts detect_line_counts(const struct detect_line *line);
// How many misdirected messages are remembered at most, of all scopes together.
uint32_t detect_line_recent_entries(const struct config *config);
