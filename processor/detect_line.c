#include "detect_line.h"

#include <stdlib.h>

#include "decide/decide.h"
#include "detect/detect.h"
#include "fold/fold.h"
#include "state/recent.h"
#include "state/scopes.h"

// The prior rate is worth that many messages (design §6).
enum { PRIOR_WEIGHT = 20000 };
// Misdirected messages that are remembered, of all scopes together.
enum { RECENT_ENTRIES = 1 << 18 };

struct detect_line {
    struct emitter *emitter;
    struct scopes *scopes;
    struct recent *recent;
    struct fold *fold;
    struct detect *detect;
    struct decide *decide;
    struct detect_counts counts;
    // of the frame in hand
    bool silent;
    void *ticket;
};

enum err detect_line_create(
        struct detect_line **ret_line, const struct config *config, struct emitter *emitter)
{
    struct detect_line *line = calloc(1, sizeof *line);
    if (line == NULL) {
        return ERR_NO_MEMORY;
    }
    line->emitter = emitter;
    const struct detect_options detect_options = {
            .level = detect_prior_level(config->policy.prior_rate_millionths, PRIOR_WEIGHT),
            .guard = config->policy.clump_guard,
    };
    const struct decide_options decide_options = {
            .policy = &config->policy,
            .detector_version = DETECTOR_VERSION,
            .max_incidents = config->detector.max_incidents,
    };
    const struct recent_options recent_options = {.max_entries = RECENT_ENTRIES};
    enum err e = scopes_create(&line->scopes, config->detector.max_scopes);
    if (e == ERR_NONE) {
        e = recent_create(&line->recent, &recent_options);
    }
    if (e == ERR_NONE) {
        e = fold_create(&line->fold, line->scopes, line->recent);
    }
    if (e == ERR_NONE) {
        e = detect_create(&line->detect, &detect_options, line->recent);
    }
    if (e == ERR_NONE) {
        e = decide_create(&line->decide, &decide_options, line->scopes, line->recent);
    }
    if (e != ERR_NONE) {
        detect_line_destroy(line);
        return e;
    }
    *ret_line = line;
    return ERR_NONE;
}

void detect_line_destroy(struct detect_line *line)
{
    if (line != NULL) {
        decide_destroy(line->decide);
        detect_destroy(line->detect);
        fold_destroy(line->fold);
        recent_destroy(line->recent);
        scopes_destroy(line->scopes);
        free(line);
    }
}

static enum err take_alert(void *self, const struct alert_action *alert)
{
    struct detect_line *line = self;
    if (line->silent) {
        return ERR_NONE;
    }
    line->counts.alerts++;
    return emit_alert(line->emitter, alert, line->ticket);
}

static enum err take_command(void *self, const struct command_action *command)
{
    struct detect_line *line = self;
    if (line->silent) {
        return ERR_NONE;
    }
    line->counts.commands += command->kind != COMMAND_EXPIRED;
    return emit_command(line->emitter, command, line->ticket);
}

static void take_explained(
        void *self, int32_t parent, int32_t child, uint32_t share_num, uint32_t share_den)
{
    struct detect_line *line = self;
    detect_subtract(line->detect, parent, child, share_num, share_den);
}

static void take_closed(void *self, int32_t scope)
{
    struct detect_line *line = self;
    detect_reset(line->detect, scope);
}

static struct decision_taker taker_of(struct detect_line *line)
{
    return (struct decision_taker){take_alert, take_command, take_explained, take_closed, line};
}

// What one scope's statistics say now, and what follows.
static enum err decide_scope(
        struct detect_line *line, const struct delta *delta, const struct scope_delta *row)
{
    if (row->fresh + row->guarded == 0) {
        return ERR_NONE; // only a misdirected message can raise a tier (B4)
    }
    const struct scope_name name = scopes_name(line->scopes, row->scope);
    enum tier present = decide_tier(line->decide, row->scope);
    enum tier highest = TIER_STOP;
    while (highest > present) {
        struct bank_reading reading = detect_read(line->detect, row->scope, row->kind, highest);
        if (reading.tier <= present) {
            return ERR_NONE;
        }
        struct evidence evidence;
        detect_evidence(line->detect, row->scope, &name, &reading, &evidence);
        enum tier admitted = decide_admit(line->decide, row, reading.tier, &evidence);
        if (admitted == reading.tier) {
            const struct decision_taker taker = taker_of(line);
            return decide_raise(line->decide, delta, row, admitted, &evidence, &taker);
        }
        highest = admitted; // the evidence of the lower tier may be another node's
    }
    return ERR_NONE;
}

enum err detect_line_frame(struct detect_line *line, const struct frame *frame,
        int32_t tally_partition, int64_t sequence, bool silent, void *ticket, bool *ret_gap)
{
    line->silent = silent;
    line->ticket = ticket;
    struct delta delta;
    enum err e = fold_frame(line->fold, frame, tally_partition, sequence, &delta);
    if (e != ERR_NONE) {
        return e;
    }
    line->counts.frames++;
    line->counts.applied += delta.applied;
    *ret_gap = delta.gap.is_there;
    if (!delta.applied) {
        return ERR_NONE;
    }
    const struct decision_taker taker = taker_of(line);
    e = decide_expire(line->decide, &delta, &taker);
    for (uint32_t i = 0; i < delta.scope_count && e == ERR_NONE; i++) {
        e = detect_step(line->detect, &delta, &delta.scopes[i]);
    }
    for (uint32_t i = 0; i < delta.scope_count && e == ERR_NONE; i++) {
        e = decide_scope(line, &delta, &delta.scopes[i]);
        if (e == ERR_NONE) {
            bool is_calm = detect_is_calm(line->detect, delta.scopes[i].scope);
            e = decide_calm(line->decide, &delta, &delta.scopes[i], is_calm, &taker);
        }
    }
    return e;
}

struct detect_counts detect_line_counts(const struct detect_line *line)
{
    struct detect_counts counts = line->counts;
    counts.gaps = fold_gaps(line->fold);
    counts.scopes = scopes_count(line->scopes);
    counts.scopes_overflowed = scopes_overflowed(line->scopes);
    counts.incidents = decide_open_incidents(line->decide);
    counts.incidents_overflowed = decide_overflowed(line->decide);
    return counts;
}
