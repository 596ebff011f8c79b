// By which policy tally partitions go: ours is written to their logs, and in force once it is read there,
// so that whoever folds a log goes by what it says.
//
//   taken over, SIGHUP, an hour of log time --> wanted --> sent, with the serial behind the last one read
//                                                 ^          '--> read, and in force: done
//                                                 '---------------' another's came before it
//
// Nobody answers a policy of another process but by one of these: two with different files do not fight.
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "policy/policy_text.h"
#include "run/detect_half_inside.h"

enum {
    OUT_ARENA_BYTES = 4 * 1024 * 1024,
    // A log that has lost its beginning says again by what it goes.
    AGAIN_MS = 3600 * 1000,
};

enum err detect_policy_init(struct detect_half *half)
{
    strbuf_init(&half->own.text, FRAME_POLICY_MAX_BYTES);
    return frame_out_init(&half->own.out, OUT_ARENA_BYTES);
}

void detect_policy_fini(struct detect_half *half)
{
    strbuf_fini(&half->own.text);
    frame_out_fini(&half->own.out);
}

// All lines at once: the policy before may be gone from here on.
static enum err take(struct detect_half *half)
{
    half->policy = half_policy(&half->base);
    bool is_new = strcmp(half->own.version, half->policy->version) != 0;
    for (int32_t i = 0; i < offsets_partition_end(half->base.outlet.offsets); i++) {
        struct detect_partition *state = &half->partitions[i];
        if (state->line != NULL) {
            detect_line_set_policy(state->line, half->policy);
        }
        if (is_new) {
            state->wants_policy = true;
            state->policy_sent = 0;
        }
    }
    if (!is_new) {
        return ERR_NONE;
    }
    strbuf_reset(&half->own.text);
    enum err e = policy_text_add(&half->own.text, half->policy);
    if (e == ERR_NONE) {
        memcpy(half->own.version, half->policy->version, sizeof half->own.version);
    }
    return e;
}

static enum err send(struct detect_half *half, int32_t partition)
{
    struct detect_partition *state = &half->partitions[partition];
    int64_t serial = detect_line_policy(state->line).highest_serial + 1;
    const struct frame frame = {
            .source_topic = view_of(half->base.config->topics.tallies),
            .source_partition = partition,
            .judged_at_ms = clock_wall().ms,
            .policy = {serial, view_of(half->own.version), strbuf_view(&half->own.text)},
    };
    if (state->segment == NULL) {
        enum err e = offsets_open(
                half->base.outlet.offsets, partition, state->next_offset, &state->segment);
        if (e != ERR_NONE) {
            return e;
        }
    }
    enum err e = frame_out_send(
            &half->own.out, &half->base.outlet, (uint32_t)partition, &frame, state->segment);
    if (e == ERR_NONE) {
        state->policy_sent = serial;
    }
    return e;
}

enum err detect_take_policy(struct detect_half *half)
{
    enum err e = take(half);
    struct offsets *offsets = half->base.outlet.offsets;
    for (int32_t i = 0; i < offsets_partition_end(offsets) && e == ERR_NONE; i++) {
        struct detect_partition *state = &half->partitions[i];
        if (state->line == NULL || !offsets_is_begun(offsets, i)) {
            continue;
        }
        const struct detect_policy policy = detect_line_policy(state->line);
        state->wants_policy |= policy.told_ms > 0 &&
                               detect_line_log_time_ms(state->line) - policy.told_ms >= AGAIN_MS;
        if (state->wants_policy && state->policy_sent == 0) {
            e = send(half, i);
        }
    }
    return e;
}

void detect_note_policy(struct detect_half *half, int32_t partition, int64_t offset,
        const struct frame_policy *policy, const char *before)
{
    struct detect_partition *state = &half->partitions[partition];
    const struct detect_policy now = detect_line_policy(state->line);
    bool is_ours = view_is(now.version, half->own.version);
    if (policy->serial >= state->policy_sent) { // ours, or one that came before it
        state->policy_sent = 0;
        bool was_there = offset < state->log_end; // what follows it is not known
        state->wants_policy = state->wants_policy && (was_there || !is_ours);
    }
    if (offset < state->silent_until) {
        return;
    }
    if (now.serial < policy->serial && now.highest_serial == policy->serial) {
        log_error("detect",
                "tally partition %d, offset %lld: policy %.*s cannot be read by this version; %s "
                "stays in force",
                partition, (long long)offset, VIEW_ARGS(policy->version), before);
    } else if (!view_is(now.version, before)) {
        LOG_AT(is_ours && !state->is_taken_over ? LOG_INFO : LOG_WARN, "detect",
                "tally partition %d, offset %lld: goes by policy %.*s, and went by %s; ours is %s",
                partition, (long long)offset, VIEW_ARGS(now.version), before, half->own.version);
    }
    state->is_taken_over = state->is_taken_over && !is_ours;
}
