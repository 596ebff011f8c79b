#include "frame_log.h"

#include <stdlib.h>
#include <string.h>

#include "common/assure.h"

void frame_log_init(struct frame_log *log)
{
    *log = (struct frame_log){.arena = arena_create(SIZE_MAX)};
    ASSURE(log->arena != NULL);
}

void frame_log_fini(struct frame_log *log)
{
    arena_destroy(log->arena);
    free(log->frames);
    *log = (struct frame_log){0};
}

static struct view copy_view(struct arena *arena, struct view v)
{
    return view_is_none(v) ? VIEW_NONE : arena_copy(arena, v);
}

static struct frame_leaf copy_leaf(struct arena *arena, const struct frame_leaf *leaf)
{
    struct frame_leaf copy = *leaf;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        copy.key.ids[kind] = copy_view(arena, leaf->key.ids[kind]);
    }
    copy.key.channel = copy_view(arena, leaf->key.channel);
    return copy;
}

static struct control copy_control(struct arena *arena, const struct control *control)
{
    struct control copy = *control;
    copy.control_id = copy_view(arena, control->control_id);
    copy.scope.id = copy_view(arena, control->scope.id);
    copy.scope.tenant_id = copy_view(arena, control->scope.tenant_id);
    copy.scope.channel = copy_view(arena, control->scope.channel);
    copy.recipient = copy_view(arena, control->recipient);
    copy.rule = copy_view(arena, control->rule);
    copy.confirms = copy_view(arena, control->confirms);
    copy.operator_id = copy_view(arena, control->operator_id);
    copy.reason = copy_view(arena, control->reason);
    return copy;
}

struct frame frame_copy(struct arena *arena, const struct frame *frame)
{
    struct frame copy = *frame;
    struct frame_leaf *leaves = arena_take(arena, (frame->leaf_count + 1) * sizeof *leaves);
    struct frame_entry *entries = arena_take(arena, (frame->entry_count + 1) * sizeof *entries);
    struct frame_complaint *complaints =
            arena_take(arena, (frame->complaint_count + 1) * sizeof *complaints);
    struct frame_control *controls =
            arena_take(arena, (frame->control_count + 1) * sizeof *controls);
    struct frame_late *late = arena_take(arena, (frame->late_count + 1) * sizeof *late);
    ASSURE(leaves != NULL && entries != NULL && complaints != NULL && controls != NULL &&
            late != NULL);
    for (uint32_t i = 0; i < frame->leaf_count; i++) {
        leaves[i] = copy_leaf(arena, &frame->leaves[i]);
    }
    for (uint32_t i = 0; i < frame->entry_count; i++) {
        entries[i] = frame->entries[i];
        entries[i].message_id = copy_view(arena, frame->entries[i].message_id);
        entries[i].traceparent = copy_view(arena, frame->entries[i].traceparent);
        entries[i].tracestate = copy_view(arena, frame->entries[i].tracestate);
    }
    for (uint32_t i = 0; i < frame->complaint_count; i++) {
        complaints[i] = frame->complaints[i];
        complaints[i].message_id = copy_view(arena, frame->complaints[i].message_id);
    }
    for (uint32_t i = 0; i < frame->control_count; i++) {
        controls[i].offset = frame->controls[i].offset;
        controls[i].control = copy_control(arena, &frame->controls[i].control);
    }
    for (uint32_t i = 0; i < frame->late_count; i++) {
        late[i] = frame->late[i];
    }
    copy.source_topic = copy_view(arena, frame->source_topic);
    copy.leaves = leaves;
    copy.entries = entries;
    copy.complaints = complaints;
    copy.controls = controls;
    copy.late = late;
    copy.policy.version = copy_view(arena, frame->policy.version);
    copy.policy.text = copy_view(arena, frame->policy.text);
    return copy;
}

void frame_log_add(struct frame_log *log, uint32_t tally_partition, const struct frame *frame)
{
    if (log->count == log->capacity) {
        log->capacity = log->capacity == 0 ? 64 : log->capacity * 2;
        log->frames = realloc(log->frames, log->capacity * sizeof *log->frames);
        ASSURE(log->frames != NULL);
    }
    log->frames[log->count++] =
            (struct logged_frame){tally_partition, frame_copy(log->arena, frame)};
}

static enum err take(void *self, uint32_t tally_partition, const struct frame *frame)
{
    frame_log_add(self, tally_partition, frame);
    return ERR_NONE;
}

struct frame_taker frame_log_taker(struct frame_log *log)
{
    return (struct frame_taker){take, log};
}

static bool leaf_equal(const struct frame_leaf *a, const struct frame_leaf *b)
{
    bool equal = view_equal(a->key.channel, b->key.channel);
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        equal = equal && view_is_none(a->key.ids[kind]) == view_is_none(b->key.ids[kind]) &&
                view_equal(a->key.ids[kind], b->key.ids[kind]);
    }
    const struct leaf_counts *x = &a->counts;
    const struct leaf_counts *y = &b->counts;
    return equal && x->judged == y->judged && x->misdirected == y->misdirected &&
           x->unknown == y->unknown && x->exempt == y->exempt &&
           x->last_judged_offset == y->last_judged_offset &&
           x->last_misdirected == y->last_misdirected &&
           memcmp(x->reasons, y->reasons, sizeof x->reasons) == 0 &&
           memcmp(x->signals, y->signals, sizeof x->signals) == 0 &&
           x->planned_size == y->planned_size && x->last_occurred_at_ms == y->last_occurred_at_ms;
}

static bool entry_equal(const struct frame_entry *a, const struct frame_entry *b)
{
    return a->offset == b->offset && a->leaf == b->leaf &&
           memcmp(a->tag, b->tag, sizeof a->tag) == 0 && a->reasons == b->reasons &&
           a->signals == b->signals && a->previous_misdirected == b->previous_misdirected &&
           a->first_in_chunk == b->first_in_chunk && a->occurred_at_ms == b->occurred_at_ms &&
           view_equal(a->message_id, b->message_id) && view_equal(a->traceparent, b->traceparent) &&
           view_equal(a->tracestate, b->tracestate);
}

static bool complaint_equal(const struct frame_complaint *a, const struct frame_complaint *b)
{
    return a->offset == b->offset && a->leaf == b->leaf &&
           memcmp(a->tag, b->tag, sizeof a->tag) == 0 && a->kind == b->kind &&
           a->occurred_at_ms == b->occurred_at_ms && view_equal(a->message_id, b->message_id) &&
           view_is_none(a->message_id) == view_is_none(b->message_id);
}

static bool text_equal(struct view a, struct view b)
{
    return view_is_none(a) == view_is_none(b) && view_equal(a, b);
}

static bool control_equal(const struct frame_control *a, const struct frame_control *b)
{
    const struct control *x = &a->control;
    const struct control *y = &b->control;
    return a->offset == b->offset && text_equal(x->control_id, y->control_id) &&
           x->action == y->action && x->object == y->object && x->scope.kind == y->scope.kind &&
           text_equal(x->scope.id, y->scope.id) &&
           text_equal(x->scope.tenant_id, y->scope.tenant_id) &&
           text_equal(x->scope.channel, y->scope.channel) &&
           text_equal(x->recipient, y->recipient) &&
           memcmp(x->incident_id.bytes, y->incident_id.bytes, DIGEST_ID_BYTES) == 0 &&
           text_equal(x->rule, y->rule) && text_equal(x->confirms, y->confirms) &&
           x->mode == y->mode && text_equal(x->operator_id, y->operator_id) &&
           text_equal(x->reason, y->reason) && x->issued_at_ms == y->issued_at_ms &&
           x->expires_at_ms == y->expires_at_ms && x->at_once == y->at_once &&
           x->is_signed == y->is_signed;
}

bool frame_equal(const struct frame *a, const struct frame *b)
{
    bool equal = view_equal(a->source_topic, b->source_topic) &&
                 a->source_partition == b->source_partition && a->chunk == b->chunk &&
                 a->first_offset == b->first_offset && a->to_offset == b->to_offset &&
                 a->judged_at_ms == b->judged_at_ms && a->watermark_ms == b->watermark_ms &&
                 a->idle == b->idle && a->closing == b->closing && a->cache == b->cache &&
                 a->leaf_count == b->leaf_count && a->entry_count == b->entry_count &&
                 a->complaint_count == b->complaint_count && a->late_count == b->late_count &&
                 a->policy.serial == b->policy.serial &&
                 view_equal(a->policy.version, b->policy.version) &&
                 view_equal(a->policy.text, b->policy.text) &&
                 a->control_count == b->control_count && a->has_totals == b->has_totals;
    const struct frame_totals *x = &a->totals;
    const struct frame_totals *y = &b->totals;
    equal = equal &&
            (!a->has_totals || (x->judged == y->judged && x->misdirected == y->misdirected &&
                                       x->unknown == y->unknown && x->tenants == y->tenants &&
                                       x->tenants_misdirected == y->tenants_misdirected &&
                                       x->tenants_heard == y->tenants_heard &&
                                       x->tenants_jumped == y->tenants_jumped &&
                                       x->vendors_heard == y->vendors_heard &&
                                       x->vendors_jumped == y->vendors_jumped &&
                                       x->lately_misdirected == y->lately_misdirected));
    for (uint32_t i = 0; equal && i < a->leaf_count; i++) {
        equal = leaf_equal(&a->leaves[i], &b->leaves[i]);
    }
    for (uint32_t i = 0; equal && i < a->entry_count; i++) {
        equal = entry_equal(&a->entries[i], &b->entries[i]);
    }
    for (uint32_t i = 0; equal && i < a->complaint_count; i++) {
        equal = complaint_equal(&a->complaints[i], &b->complaints[i]);
    }
    for (uint32_t i = 0; equal && i < a->control_count; i++) {
        equal = control_equal(&a->controls[i], &b->controls[i]);
    }
    for (uint32_t i = 0; equal && i < a->late_count; i++) {
        equal = a->late[i].offset == b->late[i].offset &&
                memcmp(a->late[i].tag, b->late[i].tag, sizeof a->late[i].tag) == 0;
    }
    return equal;
}

uint32_t test_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

uint32_t test_random_below(uint64_t *state, uint32_t below)
{
    return test_random(state) % below;
}
