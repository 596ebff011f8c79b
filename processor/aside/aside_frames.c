#include "aside/aside_frames.h"

#include <stdlib.h>

#include "common/arena.h"
#include "common/assure.h"

enum {
    PARTITION_MAX = 4096,
    PENDING_MAX = 1024,          // of a frame at most
    NAME_BYTES_MAX = 256 * 1024, // of names and ids, before frames go out early
    ARENA_BYTES = 2 * 1024 * 1024,
};

// One that is not yet in a frame. Views point into the source's arena.
struct pending {
    bool is_control;
    bool is_for_all; // tally partitions
    uint32_t tally_partition;
    struct leaf_key key;
    struct frame_complaint complaint;
    struct frame_control control;
};

// One partition of such a topic.
struct source {
    char *topic;
    int64_t chunk;
    int64_t to_offset;
    int64_t watermark_ms;
    struct arena *names;
    struct pending *pending;
    uint32_t pending_count;
};

struct aside_frames {
    uint32_t tally_partitions;
    struct source *sources[PARTITION_MAX];
    struct frame_leaf *leaves; // of the frame being made
    struct frame_complaint *complaints;
    struct frame_control *controls;
};

enum err aside_frames_create(struct aside_frames **ret_frames, uint32_t tally_partitions)
{
    struct aside_frames *frames = calloc(1, sizeof *frames);
    if (frames == NULL) {
        return ERR_NO_MEMORY;
    }
    frames->tally_partitions = tally_partitions;
    frames->leaves = calloc(PENDING_MAX, sizeof *frames->leaves);
    frames->complaints = calloc(PENDING_MAX, sizeof *frames->complaints);
    frames->controls = calloc(PENDING_MAX, sizeof *frames->controls);
    if (frames->leaves == NULL || frames->complaints == NULL || frames->controls == NULL) {
        aside_frames_destroy(frames);
        return ERR_NO_MEMORY;
    }
    *ret_frames = frames;
    return ERR_NONE;
}

static void source_destroy(struct source *source)
{
    if (source != NULL) {
        arena_destroy(source->names);
        free(source->pending);
        free(source->topic);
        free(source);
    }
}

void aside_frames_destroy(struct aside_frames *frames)
{
    if (frames != NULL) {
        for (int32_t i = 0; i < PARTITION_MAX; i++) {
            source_destroy(frames->sources[i]);
        }
        free(frames->leaves);
        free(frames->complaints);
        free(frames->controls);
        free(frames);
    }
}

enum err aside_frames_open(
        struct aside_frames *frames, struct view topic, int32_t partition, int64_t start_offset)
{
    ASSURE(partition >= 0 && partition < PARTITION_MAX && start_offset >= 0);
    ASSURE(frames->sources[partition] == NULL);
    struct source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        return ERR_NO_MEMORY;
    }
    source->topic = view_dup(topic);
    source->names = arena_create(ARENA_BYTES);
    source->pending = calloc(PENDING_MAX, sizeof *source->pending);
    if (source->topic == NULL || source->names == NULL || source->pending == NULL) {
        source_destroy(source);
        return ERR_NO_MEMORY;
    }
    source->chunk = start_offset >> CHUNK_BITS;
    source->to_offset = start_offset;
    frames->sources[partition] = source;
    return ERR_NONE;
}

void aside_frames_close(struct aside_frames *frames, int32_t partition)
{
    ASSURE(partition >= 0 && partition < PARTITION_MAX);
    source_destroy(frames->sources[partition]);
    frames->sources[partition] = NULL;
}

// --- frames -----------------------------------------------------------------------------------

static bool key_equal(const struct leaf_key *a, const struct leaf_key *b)
{
    bool equal = view_equal(a->channel, b->channel);
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT && equal; kind++) {
        equal = view_equal(a->ids[kind], b->ids[kind]);
    }
    return equal;
}

// The index of a leaf in the frame being made.
static uint32_t leaf_of(struct frame_leaf *leaves, uint32_t *leaf_count, const struct leaf_key *key)
{
    for (uint32_t i = *leaf_count; i-- > 0;) {
        if (key_equal(&leaves[i].key, key)) {
            return i;
        }
    }
    leaves[*leaf_count] = (struct frame_leaf){.key = *key};
    return (*leaf_count)++;
}

// The frame of one tally partition.
static enum err send_to(struct aside_frames *frames, const struct source *source,
        uint32_t tally_partition, struct frame *frame, const struct frame_taker *taker)
{
    frame->leaf_count = 0;
    frame->complaint_count = 0;
    frame->control_count = 0;
    for (uint32_t i = 0; i < source->pending_count; i++) {
        const struct pending *pending = &source->pending[i];
        if (!pending->is_for_all && pending->tally_partition != tally_partition) {
            continue;
        }
        if (pending->is_control) {
            frames->controls[frame->control_count++] = pending->control;
        } else {
            struct frame_complaint *complaint = &frames->complaints[frame->complaint_count++];
            *complaint = pending->complaint;
            complaint->leaf = leaf_of(frames->leaves, &frame->leaf_count, &pending->key);
        }
    }
    bool has_news = frame->complaint_count + frame->control_count > 0 || frame->closing;
    return has_news ? taker->take(taker->self, tally_partition, frame) : ERR_NONE;
}

static enum err send_frames(struct aside_frames *frames, struct source *source, int32_t partition,
        bool closing, int64_t judged_at_ms, bool idle, const struct frame_taker *taker)
{
    struct frame frame = {
            .source_topic = view_of(source->topic),
            .source_partition = partition,
            .chunk = source->chunk,
            .first_offset = source->chunk << CHUNK_BITS,
            .to_offset = source->to_offset,
            .judged_at_ms = judged_at_ms,
            .watermark_ms = source->watermark_ms,
            .idle = idle,
            .closing = closing,
            .cache = CACHE_TRUSTED,
            .leaves = frames->leaves,
            .complaints = frames->complaints,
            .controls = frames->controls,
    };
    enum err e = ERR_NONE;
    for (uint32_t i = 0; i < frames->tally_partitions && e == ERR_NONE; i++) {
        e = send_to(frames, source, i, &frame, taker);
    }
    source->pending_count = 0;
    arena_reset(source->names);
    return e;
}

// Covers everything below `offset`: at the end of a chunk with the closing frames (C2).
static enum err reach(struct aside_frames *frames, struct source *source, int32_t partition,
        int64_t offset, int64_t judged_at_ms, bool idle, const struct frame_taker *taker)
{
    source->to_offset = offset > source->to_offset ? offset : source->to_offset;
    int64_t chunk = source->to_offset >> CHUNK_BITS;
    if (chunk == source->chunk) {
        return ERR_NONE;
    }
    int64_t reached = source->to_offset;
    source->to_offset = chunk << CHUNK_BITS;
    enum err e = send_frames(frames, source, partition, true, judged_at_ms, idle, taker);
    source->chunk = chunk;
    source->to_offset = reached;
    return e;
}

// --- what goes into them ----------------------------------------------------------------------

static struct view keep(struct source *source, struct view text, bool *ok)
{
    struct view copy = view_is_none(text) ? VIEW_NONE : arena_copy(source->names, text);
    *ok = *ok && view_is_none(copy) == view_is_none(text);
    return copy;
}

static struct leaf_key keep_key(struct source *source, const struct leaf_key *key, bool *ok)
{
    struct leaf_key copy = {.channel = keep(source, key->channel, ok)};
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        copy.ids[kind] = keep(source, key->ids[kind], ok);
    }
    return copy;
}

static struct control keep_control(struct source *source, const struct control *control, bool *ok)
{
    struct control copy = *control;
    copy.control_id = keep(source, control->control_id, ok);
    copy.scope.id = keep(source, control->scope.id, ok);
    copy.scope.tenant_id = keep(source, control->scope.tenant_id, ok);
    copy.scope.channel = keep(source, control->scope.channel, ok);
    copy.recipient = keep(source, control->recipient, ok);
    copy.rule = keep(source, control->rule, ok);
    copy.confirms = keep(source, control->confirms, ok);
    copy.operator_id = keep(source, control->operator_id, ok);
    copy.reason = keep(source, control->reason, ok);
    return copy;
}

static enum err add_pending(struct aside_frames *frames, struct source *source, int64_t offset,
        const struct aside *aside)
{
    ASSURE(source->pending_count < PENDING_MAX);
    struct pending *pending = &source->pending[source->pending_count];
    bool ok = true;
    *pending = (struct pending){.is_control = aside->control != NULL};
    if (pending->is_control) {
        pending->control.offset = offset;
        pending->control.control = keep_control(source, aside->control, &ok);
    } else {
        pending->complaint = *aside->complaint;
        pending->complaint.offset = offset;
        pending->complaint.message_id = keep(source, aside->complaint->message_id, &ok);
        pending->key = keep_key(source, &aside->key, &ok);
    }
    pending->is_for_all = view_is_none(aside->tenant_id);
    if (!pending->is_for_all) {
        pending->tally_partition = tally_partition_of(aside->tenant_id, frames->tally_partitions);
    }
    if (!ok) {
        return ERR_NO_MEMORY;
    }
    source->pending_count++;
    if (aside->occurred_at_ms > source->watermark_ms) {
        source->watermark_ms = aside->occurred_at_ms;
    }
    return ERR_NONE;
}

enum err aside_frames_take(struct aside_frames *frames, int32_t partition, int64_t offset,
        const struct aside *aside, int64_t judged_at_ms, const struct frame_taker *taker)
{
    struct source *source = frames->sources[partition];
    ASSURE(source != NULL && offset >= source->to_offset);
    enum err e = reach(frames, source, partition, offset, judged_at_ms, false, taker);
    if (e == ERR_NONE && aside != NULL) {
        e = add_pending(frames, source, offset, aside);
    }
    if (e == ERR_NONE) {
        e = reach(frames, source, partition, offset + 1, judged_at_ms, false, taker);
    }
    bool goes_out = source->pending_count == PENDING_MAX ||
                    arena_used_bytes(source->names) >= NAME_BYTES_MAX ||
                    (aside != NULL && aside->control != NULL);
    if (e == ERR_NONE && goes_out && source->pending_count > 0) { // C3, C4
        e = send_frames(frames, source, partition, false, judged_at_ms, false, taker);
    }
    return e;
}

enum err aside_frames_flush(struct aside_frames *frames, int32_t partition, int64_t next_offset,
        int64_t judged_at_ms, bool idle, const struct frame_taker *taker)
{
    struct source *source = frames->sources[partition];
    ASSURE(source != NULL);
    enum err e = reach(frames, source, partition, next_offset, judged_at_ms, idle, taker);
    if (e == ERR_NONE && source->pending_count > 0) {
        e = send_frames(frames, source, partition, false, judged_at_ms, idle, taker);
    }
    return e;
}
