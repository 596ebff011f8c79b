// Any bytes, as a record of the tally topic. What must hold: no crash, no read outside the bytes; a
// frame that is let through keeps what the fold relies on, and comes back the same over the wire.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/assure.h"
#include "common/clock.h"
#include "state/frame_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_leaf(const struct frame_leaf *leaf)
{
    const struct leaf_counts *counts = &leaf->counts;
    uint64_t watched = (uint64_t)counts->judged + counts->unknown;
    ASSURE(!view_is_none(leaf->key.ids[SCOPE_TENANT]));
    ASSURE(counts->misdirected <= counts->judged);
    ASSURE(watched + counts->exempt <= CHUNK_OFFSETS);
    ASSURE(counts->planned_size >= 0 && counts->planned_size <= PLANNED_SIZE_MAX);
    ASSURE(counts->last_occurred_at_ms == 0 || clock_is_accepted(counts->last_occurred_at_ms));
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        ASSURE(counts->signals[signal] <= watched);
    }
}

static void check_entries(const struct frame *frame)
{
    int64_t below = frame->first_offset;
    for (uint32_t i = 0; i < frame->entry_count; i++) {
        const struct frame_entry *entry = &frame->entries[i];
        ASSURE(entry->leaf < frame->leaf_count);
        ASSURE(entry->offset >= below && entry->offset < frame->to_offset);
        ASSURE(entry->reasons < REASON_BIT(REASON_COUNT));
        ASSURE(entry->signals < SIGNAL_BIT(SIGNAL_COUNT));
        ASSURE(clock_is_accepted(entry->occurred_at_ms));
        below = entry->offset + 1;
    }
}

static void check_late(const struct frame *frame)
{
    int64_t below = 0;
    ASSURE(frame->late_count <= FRAME_MAX_LATE);
    ASSURE(frame->late_count == 0 ||
            (frame->leaf_count + frame->entry_count + frame->complaint_count == 0 &&
                    frame->to_offset == 0 && !frame->has_totals));
    for (uint32_t i = 0; i < frame->late_count; i++) {
        ASSURE(frame->late[i].offset >= below && frame->late[i].offset < INT64_MAX);
        below = frame->late[i].offset + 1;
    }
}

static void check_policy(const struct frame *frame)
{
    const struct frame_policy *policy = &frame->policy;
    ASSURE(policy->serial == 0 ||
            (policy->serial > 0 && policy->version.n == FRAME_POLICY_VERSION_BYTES &&
                    policy->text.n > 0 && policy->text.n <= FRAME_POLICY_MAX_BYTES &&
                    frame->leaf_count + frame->entry_count + frame->complaint_count +
                                    frame->control_count + frame->late_count ==
                            0 &&
                    frame->to_offset == 0 && !frame->has_totals));
}

// What was let through is written again: its bytes are read alike, and then stay the same.
static void check_wire(const struct frame *frame, struct arena *arena)
{
    struct strbuf bytes;
    struct strbuf again;
    strbuf_init(&bytes, FRAME_MAX_BYTES);
    strbuf_init(&again, FRAME_MAX_BYTES);
    ASSURE(frame_encode(&bytes, frame, arena) == ERR_NONE);
    struct frame back;
    const char *why;
    ASSURE(frame_decode(strbuf_view(&bytes), arena, &back, &why) == ERR_NONE);
    ASSURE(back.leaf_count == frame->leaf_count && back.entry_count == frame->entry_count);
    ASSURE(back.late_count == frame->late_count);
    ASSURE(back.policy.serial == frame->policy.serial);
    ASSURE(view_equal(back.policy.text, frame->policy.text));
    ASSURE(frame_encode(&again, &back, arena) == ERR_NONE);
    ASSURE(view_equal(strbuf_view(&bytes), strbuf_view(&again)));
    strbuf_fini(&bytes);
    strbuf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(64u << 20);
    // A copy of exactly these bytes: one read too many is seen.
    char *copy = malloc(size + 1);
    ASSURE(arena != NULL && copy != NULL);
    if (size > 0) {
        memcpy(copy + 1, data, size);
    }
    struct frame frame;
    const char *why;
    enum err e = frame_decode(view_bytes(copy + 1, size), arena, &frame, &why);
    ASSURE((e == ERR_NONE) == (why == NULL));
    if (e == ERR_NONE) {
        for (uint32_t i = 0; i < frame.leaf_count; i++) {
            check_leaf(&frame.leaves[i]);
        }
        check_entries(&frame);
        check_late(&frame);
        check_policy(&frame);
        check_wire(&frame, arena);
        struct strbuf json;
        strbuf_init(&json, 16u << 20);
        frame_add_json(&json, &frame);
        ASSURE(json.failed == ERR_NONE);
        strbuf_fini(&json);
    } else {
        ASSURE(e == ERR_DATA);
    }
    free(copy);
    arena_destroy(arena);
    return 0;
}
