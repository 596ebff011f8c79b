// What detect_half.c (partitions and the loop), detect_half_policy.c (by which policy they go) and
// detect_half_tell.c (what it puts on the board) share.
#pragma once

#include "detect_line.h"
#include "ops/status.h"
#include "run/frame_out.h"
#include "run/half.h"
#include "run/snapshots.h"
#include "run/tally_width.h"
#include "run/told_holds.h"

enum { DETECT_PARTITION_MAX = 4096 };

// A tally partition of ours.
struct detect_partition {
    struct detect_line *line;
    int64_t silent_until;
    int64_t next_offset;     // the log before it is folded
    int64_t sequence_base;   // what comes of an offset has this sequence above it
    struct segment *segment; // of the batch in hand; NULL when it has nothing of the partition
    // After the log was lost: what had been told, until the log that is left is folded past it. No
    // snapshot is taken meanwhile, which would not know of it.
    struct held_ledger *told;
    struct detect_counts counts_before; // what the line had counted when it was opened
    bool is_open;                       // and that it was
    bool is_taken_over;                 // and has not come to our policy since
    bool wants_policy;                  // ours is to be written to its log ...
    int64_t policy_sent;                // ... and was, with that serial; 0 = it has to be written
    int64_t log_end;                    // when it was opened
};

struct detect_half {
    struct half base;
    struct arena *arena;
    struct snapshots *snapshots;
    uint32_t tally_partitions;
    const struct policy *policy; // ours, as taken by the step in hand
    struct {
        char version[POLICY_VERSION_HEX + 1]; // of that; empty before the first
        struct strbuf text;                   // what a frame says of it
        struct frame_out out;
    } own;
    struct tally_width width;                            // as text, beside each commit
    bool left_behind;                                    // a reader did not let go in time
    enum err has_ended;                                  // a partition could not be opened
    struct metric_page *page;                            // of detect_metrics; NULL = nobody looks
    struct detect_counts counts_gone;                    // of partitions that were closed
    struct status_alert alerts[STATUS_ALERTS_MAX];       // the last ones, round and round
    uint32_t alert_count;                                // that there ever were
    struct status_outcome outcomes[STATUS_OUTCOMES_MAX]; // the same of people's commands
    uint32_t outcome_count;
    struct told_holds told_holds;
    struct detect_partition partitions[DETECT_PARTITION_MAX];
};

extern const struct metric_table detect_metrics;

MUST_CHECK enum err detect_policy_init(struct detect_half *half);
void detect_policy_fini(struct detect_half *half);
// Takes the policy that is ours now, and writes it to the log of each partition where that is due.
MUST_CHECK enum err detect_take_policy(struct detect_half *half);
// A frame with a policy was folded; `before` is the version that was in force until then.
void detect_note_policy(struct detect_half *half, int32_t partition, int64_t offset,
        const struct frame_policy *policy, const char *before);

// Before a partition's line goes: what it has counted stays counted.
void detect_note_close(struct detect_half *half, const struct detect_partition *state);
// As half_role.publish.
void detect_publish(void *self, struct board_place *place);
// As emitter_options.on_alert.
void detect_see_alert(void *half, const struct alert_action *alert);
// As emitter_options.on_scope_command.
void detect_see_command(void *half, const struct command_action *command);
// What stands at the moment, of all partitions of ours; drills are nobody's holds.
struct detect_standing {
    uint32_t held[SCOPE_KIND_COUNT][2]; // by enum mode
    uint32_t canaries;
    uint32_t pending; // commands that wait for a second person
    uint32_t drills;
    uint32_t unacknowledged; // incidents that somebody should acknowledge ...
    int64_t wanted_ms;       // ... since then, the oldest of them; 0 = none
};
// Hands a report of what is going on to the board.
struct detect_standing detect_report(struct detect_half *half);
