// Where a half's partitions begin, and what is told when the log does not have what was wanted.
#include <stdio.h>

#include "common/log.h"
#include "run/half.h"

enum { EXPLANATION_BYTES = 256 };

// Whether the log has never been as long: it is not the one that was read before.
static bool is_another_log(const struct lost_offsets *lost)
{
    return lost->from > lost->high;
}

static void explain(const struct half *half, const struct lost_offsets *lost, char *ret_text)
{
    const char *what = half->role->lost_what;
    if (is_another_log(lost)) {
        snprintf(ret_text, EXPLANATION_BYTES,
                "partition %d of %s: offset %lld was next, but the log ends at %lld: it is another "
                "log, and %s of the old one may be lost; going on at %lld",
                lost->partition, half->topic, (long long)lost->from, (long long)lost->high, what,
                (long long)lost->low);
    } else {
        snprintf(ret_text, EXPLANATION_BYTES,
                "partition %d of %s: the log begins at offset %lld now; %s from offset %lld on are "
                "lost, %lld of them; going on at %lld",
                lost->partition, half->topic, (long long)lost->low, what, (long long)lost->from,
                (long long)(lost->low - lost->from), (long long)lost->low);
    }
}

enum err half_tell_lost(struct half *half, const struct lost_offsets *lost, int64_t settled)
{
    struct outlet *outlet = &half->outlet;
    char text[EXPLANATION_BYTES];
    explain(half, lost, text);
    log_error(half->role->name, "%s", text);
    struct segment *segment;
    enum err e = offsets_open(outlet->offsets, lost->partition, settled, &segment);
    if (e != ERR_NONE) {
        return e;
    }
    const struct gap_action gap = {
            .topic = view_of(half->topic),
            .partition = lost->partition,
            .from_offset = lost->from,
            .to_offset = lost->low,
            .explanation = view_of(text),
            .failed_at_ms = clock_wall().ms,
    };
    e = emit_gap(&outlet->emitter, &gap, segment);
    // O4: when it was not taken, the partition begins anew and this is told again.
    offsets_reported(outlet->offsets, segment, e == ERR_NONE ? ERR_NONE : ERR_UNAVAILABLE);
    return e == ERR_NONE || err_fate(e) == FATE_RETRY ? ERR_NONE : e;
}

// Begins the partition's accounts so that nothing behind the gap is committed before the gap is told.
static enum err begin_lost(struct half *half, const struct lost_offsets *lost)
{
    int64_t settled = is_another_log(lost) ? 0 : lost->from < lost->low ? lost->from : lost->low;
    enum err e = offsets_begin(half->outlet.offsets, lost->partition, settled);
    if (e == ERR_NONE) {
        commits_begin(&half->outlet.commits, lost->partition, is_another_log(lost) ? -1 : settled);
        e = half_tell_lost(half, lost, lost->low);
    }
    return e;
}

enum err half_begin(struct half *half, const struct kafka_assignment *assignment, int64_t wanted,
        int64_t *ret_from)
{
    const struct lost_offsets lost = {
            assignment->partition, wanted, assignment->low, assignment->high};
    bool is_there = wanted >= lost.low && wanted <= lost.high;
    *ret_from = is_there ? wanted : lost.low;
    if (!is_there) {
        return begin_lost(half, &lost);
    }
    // A partition without a commit gets one at once: `start` is for the first time only.
    commits_begin(&half->outlet.commits, lost.partition, assignment->committed);
    return offsets_begin(half->outlet.offsets, lost.partition, wanted);
}

enum err half_skip_lost(struct half *half, const struct kafka_event *event)
{
    const struct lost_offsets lost = {event->partition, event->offset, event->low, event->high};
    struct offsets *offsets = half->outlet.offsets;
    // What was read before may not be acknowledged yet: the gap stands behind it.
    bool is_behind = offsets_settled(offsets, lost.partition) <= lost.low &&
                     offsets_reached(offsets, lost.partition) <= lost.low;
    return is_behind ? half_tell_lost(half, &lost, lost.low) : begin_lost(half, &lost);
}
