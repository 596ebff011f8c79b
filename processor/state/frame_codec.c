// Long because only one file may know the generated code, and what it writes it also reads.
#include "state/frame_codec.h"

#include "common/clock.h"
#include "model/event.h"
#include "state/frame_leaves.h"
#include "tally_frame.pb-c.h"

typedef Wrongnumber__V1__TallyFrame pb_frame;
typedef Wrongnumber__V1__Leaf pb_leaf;
typedef Wrongnumber__V1__Entry pb_entry;
typedef Wrongnumber__V1__Complaint pb_complaint;
typedef Wrongnumber__V1__Control pb_control;
typedef Wrongnumber__V1__Late pb_late;
typedef Wrongnumber__V1__Policy pb_policy;
typedef Wrongnumber__V1__Totals pb_totals;
// Of frame_totals and of pb_totals alike.
// clang-format off
#define TOTALS_FIELDS(X)                                                                           \
    X(judged) X(misdirected) X(unknown) X(tenants) X(tenants_misdirected) X(tenants_heard)         \
    X(tenants_jumped) X(vendors_heard) X(vendors_jumped) X(lately_misdirected)
// clang-format on
#define COPY_FIELD(name) to->name = from->name;

// protobuf-c wants strings ended by NUL, not const. Absent is the empty string.
static char *text_out(struct arena *arena, struct view v, bool *ok)
{
    char *copy = arena_take(arena, v.n + 1);
    if (copy == NULL) {
        *ok = false;
        return NULL;
    }
    if (v.n > 0) {
        memcpy(copy, v.p, v.n);
    }
    copy[v.n] = '\0';
    return copy;
}

static pb_entry *entry_out(struct arena *arena, const struct frame_entry *entry)
{
    pb_entry *pb = arena_take(arena, sizeof *pb);
    uint8_t *tag = arena_take(arena, RECIPIENT_TAG_BYTES);
    if (pb == NULL || tag == NULL) {
        return NULL;
    }
    bool ok = true;
    wrongnumber__v1__entry__init(pb);
    memcpy(tag, entry->tag, RECIPIENT_TAG_BYTES);
    pb->offset = entry->offset;
    pb->leaf = entry->leaf;
    pb->recipient_tag = (ProtobufCBinaryData){RECIPIENT_TAG_BYTES, tag};
    pb->reasons = entry->reasons;
    pb->signals = entry->signals;
    pb->previous_misdirected = entry->previous_misdirected;
    pb->first_in_chunk = entry->first_in_chunk;
    pb->occurred_at = entry->occurred_at_ms;
    pb->message_id = text_out(arena, entry->message_id, &ok);
    pb->traceparent = text_out(arena, entry->traceparent, &ok);
    pb->tracestate = text_out(arena, entry->tracestate, &ok);
    return ok ? pb : NULL;
}

static pb_complaint *complaint_out(struct arena *arena, const struct frame_complaint *complaint)
{
    pb_complaint *pb = arena_take(arena, sizeof *pb);
    uint8_t *tag = arena_take(arena, RECIPIENT_TAG_BYTES);
    if (pb == NULL || tag == NULL) {
        return NULL;
    }
    bool ok = true;
    wrongnumber__v1__complaint__init(pb);
    memcpy(tag, complaint->tag, RECIPIENT_TAG_BYTES);
    pb->offset = complaint->offset;
    pb->leaf = complaint->leaf;
    pb->tag = (ProtobufCBinaryData){RECIPIENT_TAG_BYTES, tag};
    pb->kind = (Wrongnumber__V1__ComplaintKind)complaint->kind;
    pb->occurred_at = complaint->occurred_at_ms;
    pb->message_id = text_out(arena, complaint->message_id, &ok);
    return ok ? pb : NULL;
}

static enum err complaints_out(pb_frame *pb, const struct frame *frame, struct arena *arena)
{
    pb->n_complaints = frame->complaint_count;
    pb->complaints = arena_take(arena, (frame->complaint_count + 1) * sizeof(pb_complaint *));
    if (pb->complaints == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < frame->complaint_count; i++) {
        pb->complaints[i] = complaint_out(arena, &frame->complaints[i]);
        if (pb->complaints[i] == NULL) {
            return ERR_NO_MEMORY;
        }
    }
    return ERR_NONE;
}

static pb_control *control_out(struct arena *arena, const struct frame_control *row)
{
    const struct control *control = &row->control;
    pb_control *pb = arena_take(arena, sizeof *pb);
    if (pb == NULL) {
        return NULL;
    }
    bool ok = true;
    wrongnumber__v1__control__init(pb);
    pb->offset = row->offset;
    pb->control_id = text_out(arena, control->control_id, &ok);
    pb->action = (Wrongnumber__V1__ControlAction)control->action;
    pb->object = (Wrongnumber__V1__ControlObject)control->object;
    pb->scope_kind = (Wrongnumber__V1__ScopeKind)control->scope.kind;
    pb->scope_id = text_out(arena, control->scope.id, &ok);
    pb->tenant_id = text_out(arena, control->scope.tenant_id, &ok);
    pb->channel = text_out(arena, control->scope.channel, &ok);
    pb->recipient = text_out(arena, control->recipient, &ok);
    if (control->object == CONTROL_OF_INCIDENT) {
        struct view id = view_bytes(control->incident_id.bytes, DIGEST_ID_BYTES);
        pb->incident_id.data = (uint8_t *)text_out(arena, id, &ok);
        pb->incident_id.len = DIGEST_ID_BYTES;
    }
    pb->rule = text_out(arena, control->rule, &ok);
    pb->confirms = text_out(arena, control->confirms, &ok);
    pb->mode = (Wrongnumber__V1__ControlMode)control->mode;
    pb->operator_ = text_out(arena, control->operator_id, &ok);
    pb->reason = text_out(arena, control->reason, &ok);
    pb->issued_at = control->issued_at_ms;
    pb->expires_at = control->expires_at_ms;
    pb->at_once = control->at_once;
    pb->is_signed = control->is_signed;
    return ok ? pb : NULL;
}

static enum err controls_out(pb_frame *pb, const struct frame *frame, struct arena *arena)
{
    pb->n_controls = frame->control_count;
    pb->controls = arena_take(arena, (frame->control_count + 1) * sizeof(pb_control *));
    if (pb->controls == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < frame->control_count; i++) {
        pb->controls[i] = control_out(arena, &frame->controls[i]);
        if (pb->controls[i] == NULL) {
            return ERR_NO_MEMORY;
        }
    }
    return ERR_NONE;
}

static pb_late *late_out(struct arena *arena, const struct frame_late *late)
{
    pb_late *pb = arena_take(arena, sizeof *pb);
    uint8_t *tag = arena_take(arena, RECIPIENT_TAG_BYTES);
    if (pb == NULL || tag == NULL) {
        return NULL;
    }
    wrongnumber__v1__late__init(pb);
    memcpy(tag, late->tag, RECIPIENT_TAG_BYTES);
    pb->offset = late->offset;
    pb->recipient_tag = (ProtobufCBinaryData){RECIPIENT_TAG_BYTES, tag};
    return pb;
}

static enum err lates_out(pb_frame *pb, const struct frame *frame, struct arena *arena)
{
    pb->n_late = frame->late_count;
    pb->late = arena_take(arena, (frame->late_count + 1) * sizeof(pb_late *));
    if (pb->late == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < frame->late_count; i++) {
        pb->late[i] = late_out(arena, &frame->late[i]);
        if (pb->late[i] == NULL) {
            return ERR_NO_MEMORY;
        }
    }
    return ERR_NONE;
}

static enum err policy_out(pb_frame *pb, const struct frame *frame, struct arena *arena)
{
    if (frame->policy.serial == 0) {
        return ERR_NONE;
    }
    pb->policy = arena_take(arena, sizeof *pb->policy);
    if (pb->policy == NULL) {
        return ERR_NO_MEMORY;
    }
    bool ok = true;
    wrongnumber__v1__policy__init(pb->policy);
    pb->policy->serial = frame->policy.serial;
    pb->policy->version = text_out(arena, frame->policy.version, &ok);
    pb->policy->text = text_out(arena, frame->policy.text, &ok);
    return ok ? ERR_NONE : ERR_NO_MEMORY;
}

static enum err entries_out(pb_frame *pb, const struct frame *frame, struct arena *arena)
{
    pb->n_entries = frame->entry_count;
    pb->entries = arena_take(arena, (frame->entry_count + 1) * sizeof(pb_entry *));
    if (pb->entries == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < frame->entry_count; i++) {
        pb->entries[i] = entry_out(arena, &frame->entries[i]);
        if (pb->entries[i] == NULL) {
            return ERR_NO_MEMORY;
        }
    }
    return ERR_NONE;
}

static void frame_add(struct strbuf *sb, const pb_frame *pb)
{
    char *room = strbuf_room(sb, wrongnumber__v1__tally_frame__get_packed_size(pb));
    if (room != NULL) {
        strbuf_grown(sb, wrongnumber__v1__tally_frame__pack(pb, (uint8_t *)room));
    }
}

// What comes before the leaves.
static enum err head_add(struct strbuf *sb, const struct frame *frame, struct arena *arena)
{
    pb_frame pb;
    bool ok = true;
    wrongnumber__v1__tally_frame__init(&pb);
    pb.version = FRAME_VERSION;
    pb.source_topic = text_out(arena, frame->source_topic, &ok);
    pb.source_partition = frame->source_partition;
    pb.chunk = frame->chunk;
    pb.first_offset = frame->first_offset;
    pb.to_offset = frame->to_offset;
    pb.judged_at = frame->judged_at_ms;
    pb.watermark = frame->watermark_ms;
    pb.idle = frame->idle;
    pb.closing = frame->closing;
    pb.cache = (Wrongnumber__V1__CacheState)frame->cache;
    if (!ok) {
        return ERR_NO_MEMORY;
    }
    frame_add(sb, &pb);
    return ERR_NONE;
}

// What comes behind them.
static enum err rest_add(struct strbuf *sb, const struct frame *frame, struct arena *arena)
{
    pb_frame pb;
    pb_totals totals = WRONGNUMBER__V1__TOTALS__INIT;
    wrongnumber__v1__tally_frame__init(&pb);
    if (frame->has_totals) {
        const struct frame_totals *from = &frame->totals;
        pb_totals *to = pb.totals = &totals;
        TOTALS_FIELDS(COPY_FIELD)
    }
    enum err e = entries_out(&pb, frame, arena);
    if (e == ERR_NONE) {
        e = complaints_out(&pb, frame, arena);
    }
    if (e == ERR_NONE) {
        e = controls_out(&pb, frame, arena);
    }
    if (e == ERR_NONE) {
        e = lates_out(&pb, frame, arena);
    }
    if (e == ERR_NONE) {
        e = policy_out(&pb, frame, arena);
    }
    if (e == ERR_NONE) {
        frame_add(sb, &pb);
    }
    return e;
}

// Protobuf messages of one type behind each other are one.
enum err frame_encode(struct strbuf *sb, const struct frame *frame, struct arena *arena)
{
    enum err e = head_add(sb, frame, arena);
    if (e != ERR_NONE) {
        return e;
    }
    frame_leaves_add(sb, frame->leaves, frame->leaf_count);
    e = rest_add(sb, frame, arena);
    return e != ERR_NONE ? e : sb->failed;
}

static struct view text_in(const char *text)
{
    return text[0] == '\0' ? VIEW_NONE : view_of(text);
}

static void *arena_alloc(void *arena, size_t n)
{
    return arena_take(arena, n);
}

static void arena_leave(void *arena, void *p)
{
    (void)arena;
    (void)p; // the arena drops everything at once
}

// The greatest topic name is a file's path in replay; a trace state's is the decoder's.
enum {
    TOPIC_MAX_BYTES = 4000,
    TRACE_MAX_BYTES = 1024,
    REASON_MAX_BYTES = 1024,
    SCOPE_BITS = (1 << SCOPE_KIND_COUNT) - 1
};

// What all leaves of a frame add up to.
struct leaf_sums {
    uint64_t messages;
    uint64_t misdirected;
};

static bool key_is_possible(const struct leaf_key *key)
{
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        if (key->ids[kind].n > ID_MAX_BYTES) {
            return false;
        }
    }
    return !view_is_none(key->ids[SCOPE_TENANT]) && key->channel.n <= ID_MAX_BYTES;
}

static void counts_in(const uint32_t *from, size_t from_count, uint32_t *to, size_t to_count)
{
    for (size_t i = 0; i < from_count && i < to_count; i++) {
        to[i] = from[i];
    }
}

// What is said of the watched messages of a leaf does not go beyond them.
static bool watched_is_possible(const struct leaf_counts *counts)
{
    uint64_t watched = (uint64_t)counts->judged + counts->unknown;
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        if (counts->signals[signal] > watched) {
            return false;
        }
    }
    return counts->last_occurred_at_ms == 0 ||
           (watched > 0 && clock_is_accepted(counts->last_occurred_at_ms));
}

static bool leaf_in(
        const pb_leaf *pb, const pb_frame *frame, struct leaf_sums *sums, struct frame_leaf *leaf)
{
    *leaf = (struct frame_leaf){
            .key = {.ids = {[SCOPE_CAMPAIGN] = text_in(pb->campaign_id),
                            [SCOPE_TEMPLATE] = text_in(pb->template_id),
                            [SCOPE_SENDER] = text_in(pb->sender_id),
                            [SCOPE_VENDOR] = text_in(pb->vendor_id),
                            [SCOPE_TENANT] = text_in(pb->tenant_id)},
                    .channel = text_in(pb->channel)},
            .counts = {.judged = pb->judged,
                    .misdirected = pb->misdirected,
                    .unknown = pb->unknown,
                    .exempt = pb->exempt,
                    .planned_size = pb->planned_size,
                    .last_occurred_at_ms = pb->last_occurred_at,
                    .last_judged_offset = pb->last_judged_offset,
                    .last_misdirected = pb->last_misdirected},
    };
    counts_in(pb->reasons, pb->n_reasons, leaf->counts.reasons, REASON_COUNT);
    counts_in(pb->signals, pb->n_signals, leaf->counts.signals, SIGNAL_COUNT);
    sums->messages += (uint64_t)pb->judged + pb->unknown + pb->exempt;
    sums->misdirected += pb->misdirected;
    bool last_is_possible = pb->judged == 0 || (pb->last_judged_offset >= frame->first_offset &&
                                                       pb->last_judged_offset < frame->to_offset);
    return key_is_possible(&leaf->key) && pb->misdirected <= pb->judged && last_is_possible &&
           pb->planned_size >= 0 && pb->planned_size <= PLANNED_SIZE_MAX &&
           watched_is_possible(&leaf->counts);
}

static bool entry_in(const pb_entry *pb, const pb_frame *frame, struct frame_entry *entry)
{
    if (pb->leaf >= frame->n_leaves || pb->recipient_tag.len != RECIPIENT_TAG_BYTES ||
            pb->offset >= frame->to_offset || pb->offset < frame->first_offset ||
            pb->offset >> CHUNK_BITS != frame->chunk || !clock_is_accepted(pb->occurred_at)) {
        return false;
    }
    *entry = (struct frame_entry){
            .offset = pb->offset,
            .leaf = pb->leaf,
            .reasons = pb->reasons & (REASON_BIT(REASON_COUNT) - 1),
            .signals = pb->signals & (SIGNAL_BIT(SIGNAL_COUNT) - 1),
            .previous_misdirected = pb->previous_misdirected & SCOPE_BITS,
            .first_in_chunk = pb->first_in_chunk & SCOPE_BITS,
            .occurred_at_ms = pb->occurred_at,
            .message_id = text_in(pb->message_id),
            .traceparent = text_in(pb->traceparent),
            .tracestate = text_in(pb->tracestate),
    };
    memcpy(entry->tag, pb->recipient_tag.data, RECIPIENT_TAG_BYTES);
    return entry->message_id.n <= ID_MAX_BYTES && entry->traceparent.n <= TRACE_MAX_BYTES &&
           entry->tracestate.n <= TRACE_MAX_BYTES;
}

static bool complaint_in(
        const pb_complaint *pb, const pb_frame *frame, struct frame_complaint *complaint)
{
    if (pb->leaf >= frame->n_leaves || pb->tag.len != RECIPIENT_TAG_BYTES ||
            pb->offset >= frame->to_offset || pb->offset < frame->first_offset ||
            pb->offset >> CHUNK_BITS != frame->chunk || !clock_is_accepted(pb->occurred_at)) {
        return false;
    }
    bool is_known = (unsigned)pb->kind < COMPLAINT_KIND_COUNT;
    *complaint = (struct frame_complaint){
            .offset = pb->offset,
            .leaf = pb->leaf,
            .kind = is_known ? (enum complaint_kind)pb->kind : COMPLAINT_OTHER,
            .occurred_at_ms = pb->occurred_at,
            .message_id = text_in(pb->message_id),
    };
    memcpy(complaint->tag, pb->tag.data, RECIPIENT_TAG_BYTES);
    return complaint->message_id.n <= ID_MAX_BYTES;
}

static const char *complaints_in(const pb_frame *pb, struct arena *arena, struct frame *frame)
{
    if (pb->n_complaints > CHUNK_OFFSETS) {
        return "too many complaints for a chunk";
    }
    struct frame_complaint *complaints =
            arena_take(arena, (pb->n_complaints + 1) * sizeof *complaints);
    if (complaints == NULL) {
        return "too large";
    }
    for (size_t i = 0; i < pb->n_complaints; i++) {
        if (!complaint_in(pb->complaints[i], pb, &complaints[i]) ||
                (i > 0 && complaints[i].offset <= complaints[i - 1].offset)) {
            return "a complaint is wrong";
        }
    }
    frame->complaints = complaints;
    frame->complaint_count = (uint32_t)pb->n_complaints;
    return NULL;
}

// What the object of a command needs is there.
static bool object_is_possible(const struct control *control)
{
    switch (control->object) {
    case CONTROL_OF_SCOPE:
        return !view_is_none(control->scope.id) && !view_is_none(control->scope.tenant_id) &&
               (control->scope.kind != SCOPE_TENANT ||
                       view_equal(control->scope.id, control->scope.tenant_id));
    case CONTROL_OF_MESSAGE:
        return !view_is_none(control->scope.id) && !view_is_none(control->scope.tenant_id);
    case CONTROL_OF_RECIPIENT:
        return !view_is_none(control->recipient) && !view_is_none(control->scope.tenant_id);
    case CONTROL_OF_RULE:
        return !view_is_none(control->rule);
    case CONTROL_OF_CONTROL:
        return !view_is_none(control->confirms);
    case CONTROL_OF_INCIDENT:
    case CONTROL_OBJECT_COUNT:
        break;
    }
    return true;
}

static bool texts_are_possible(const struct control *control)
{
    const struct view ids[] = {control->control_id, control->scope.id, control->scope.tenant_id,
            control->scope.channel, control->recipient, control->rule, control->confirms,
            control->operator_id};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        if (ids[i].n > ID_MAX_BYTES) {
            return false;
        }
    }
    return !view_is_none(control->control_id) && !view_is_none(control->operator_id) &&
           !view_is_none(control->reason) && control->reason.n <= REASON_MAX_BYTES;
}

static bool control_in(const pb_control *pb, const pb_frame *frame, struct frame_control *row)
{
    bool has_incident = pb->object == WRONGNUMBER__V1__CONTROL_OBJECT__CONTROL_OBJECT_INCIDENT;
    if (pb->offset >= frame->to_offset || pb->offset < frame->first_offset ||
            pb->offset >> CHUNK_BITS != frame->chunk || !clock_is_accepted(pb->issued_at) ||
            (pb->expires_at != 0 && !clock_is_accepted(pb->expires_at)) ||
            (unsigned)pb->action >= CONTROL_ACTION_COUNT ||
            (unsigned)pb->object >= CONTROL_OBJECT_COUNT ||
            (unsigned)pb->scope_kind >= SCOPE_KIND_COUNT || (unsigned)pb->mode > MODE_ENFORCE ||
            pb->incident_id.len != (has_incident ? DIGEST_ID_BYTES : 0)) {
        return false;
    }
    *row = (struct frame_control){
            .offset = pb->offset,
            .control = {.control_id = text_in(pb->control_id),
                    .action = (enum control_action)pb->action,
                    .object = (enum control_object)pb->object,
                    .scope = {.kind = (enum scope_kind)pb->scope_kind,
                            .id = text_in(pb->scope_id),
                            .tenant_id = text_in(pb->tenant_id),
                            .channel = text_in(pb->channel)},
                    .recipient = text_in(pb->recipient),
                    .rule = text_in(pb->rule),
                    .confirms = text_in(pb->confirms),
                    .mode = (enum mode)pb->mode,
                    .operator_id = text_in(pb->operator_),
                    .reason = text_in(pb->reason),
                    .issued_at_ms = pb->issued_at,
                    .expires_at_ms = pb->expires_at,
                    .at_once = pb->at_once,
                    .is_signed = pb->is_signed},
    };
    if (has_incident) {
        memcpy(row->control.incident_id.bytes, pb->incident_id.data, DIGEST_ID_BYTES);
    }
    return texts_are_possible(&row->control) && object_is_possible(&row->control);
}

// Nothing but commands, and what says where they are.
static bool holds_controls_only(const pb_frame *pb)
{
    return pb->n_leaves + pb->n_entries + pb->n_complaints + pb->n_late == 0 &&
           pb->totals == NULL && (unsigned)pb->cache == CACHE_TRUSTED;
}

static const char *controls_in(const pb_frame *pb, struct arena *arena, struct frame *frame)
{
    if (pb->n_controls == 0) {
        return NULL;
    }
    if (pb->n_controls > CHUNK_OFFSETS || !holds_controls_only(pb)) {
        return "commands beside other things, or too many of them";
    }
    struct frame_control *controls = arena_take(arena, pb->n_controls * sizeof *controls);
    if (controls == NULL) {
        return "too large";
    }
    for (size_t i = 0; i < pb->n_controls; i++) {
        if (!control_in(pb->controls[i], pb, &controls[i]) ||
                (i > 0 && controls[i].offset <= controls[i - 1].offset)) {
            return "a command is wrong";
        }
    }
    frame->controls = controls;
    frame->control_count = (uint32_t)pb->n_controls;
    return NULL;
}

// Nothing that a source counts, and nothing that would move the fold's position of the source.
static bool counts_nothing(const pb_frame *pb)
{
    return pb->n_leaves + pb->n_entries + pb->n_complaints + pb->n_controls == 0 &&
           pb->totals == NULL && pb->chunk == 0 && pb->first_offset == 0 && pb->to_offset == 0 &&
           pb->watermark == 0 && !pb->idle && !pb->closing && (unsigned)pb->cache == CACHE_TRUSTED;
}

static bool late_in(const pb_late *pb, struct frame_late *late)
{
    if (pb->recipient_tag.len != RECIPIENT_TAG_BYTES || pb->offset < 0 ||
            pb->offset > INT64_MAX - CHUNK_OFFSETS) {
        return false;
    }
    *late = (struct frame_late){.offset = pb->offset};
    memcpy(late->tag, pb->recipient_tag.data, RECIPIENT_TAG_BYTES);
    return true;
}

static const char *lates_in(const pb_frame *pb, struct arena *arena, struct frame *frame)
{
    if (pb->n_late == 0) {
        return NULL;
    }
    if (pb->n_late > FRAME_MAX_LATE || pb->policy != NULL || !counts_nothing(pb)) {
        return "late clearances beside other things, or too many of them";
    }
    struct frame_late *late = arena_take(arena, pb->n_late * sizeof *late);
    if (late == NULL) {
        return "too large";
    }
    for (size_t i = 0; i < pb->n_late; i++) {
        if (!late_in(pb->late[i], &late[i]) || (i > 0 && late[i].offset <= late[i - 1].offset)) {
            return "a late clearance is wrong";
        }
    }
    frame->late = late;
    frame->late_count = (uint32_t)pb->n_late;
    return NULL;
}

static const char *policy_in(const pb_frame *pb, struct frame *frame)
{
    if (pb->policy == NULL) {
        return NULL;
    }
    const struct frame_policy policy = {
            pb->policy->serial, view_of(pb->policy->version), view_of(pb->policy->text)};
    if (pb->n_late > 0 || !counts_nothing(pb)) {
        return "a policy beside other things";
    }
    if (policy.serial < 1 || policy.serial == INT64_MAX || policy.text.n == 0 ||
            policy.text.n > FRAME_POLICY_MAX_BYTES ||
            policy.version.n != FRAME_POLICY_VERSION_BYTES ||
            strspn(policy.version.p, "0123456789abcdef") != policy.version.n) {
        return "its policy is wrong";
    }
    frame->policy = policy;
    return NULL;
}

static const char *lists_in(const pb_frame *pb, struct arena *arena, struct frame *frame)
{
    if (pb->n_leaves > FRAME_MAX_LEAVES || pb->n_entries > CHUNK_OFFSETS) {
        return "too many leaves or entries for a chunk";
    }
    struct frame_leaf *leaves = arena_take(arena, (pb->n_leaves + 1) * sizeof *leaves);
    struct frame_entry *entries = arena_take(arena, (pb->n_entries + 1) * sizeof *entries);
    if (leaves == NULL || entries == NULL) {
        return "too large";
    }
    struct leaf_sums sums = {0, 0};
    for (size_t i = 0; i < pb->n_leaves; i++) {
        if (!leaf_in(pb->leaves[i], pb, &sums, &leaves[i])) {
            return "a leaf is wrong";
        }
    }
    int64_t offsets = pb->to_offset - pb->first_offset;
    if (sums.messages > (uint64_t)(offsets < CHUNK_OFFSETS ? offsets : CHUNK_OFFSETS) ||
            pb->n_entries > sums.misdirected) {
        return "its counts add up to more than it covers";
    }
    for (size_t i = 0; i < pb->n_entries; i++) {
        if (!entry_in(pb->entries[i], pb, &entries[i]) ||
                (i > 0 && entries[i].offset <= entries[i - 1].offset)) {
            return "an entry is wrong";
        }
    }
    frame->leaves = leaves;
    frame->leaf_count = (uint32_t)pb->n_leaves;
    frame->entries = entries;
    frame->entry_count = (uint32_t)pb->n_entries;
    return NULL;
}

// A chunk's frames end within it; its closing one at the first offset of a later chunk.
static bool range_is_possible(const pb_frame *pb)
{
    if (pb->first_offset < 0 || pb->to_offset < pb->first_offset ||
            pb->to_offset > INT64_MAX - CHUNK_OFFSETS ||
            pb->chunk != pb->first_offset >> CHUNK_BITS) {
        return false;
    }
    int64_t chunk_end = (pb->chunk + 1) << CHUNK_BITS;
    return pb->closing ? pb->to_offset >= chunk_end && pb->to_offset % CHUNK_OFFSETS == 0
                       : pb->to_offset <= chunk_end;
}

enum err frame_decode(
        struct view bytes, struct arena *arena, struct frame *ret_frame, const char **ret_why)
{
    ProtobufCAllocator allocator = {arena_alloc, arena_leave, arena};
    *ret_why = "not a protobuf message";
    if (bytes.n == 0 || bytes.n > FRAME_MAX_BYTES) {
        return ERR_DATA;
    }
    const pb_frame *pb =
            wrongnumber__v1__tally_frame__unpack(&allocator, bytes.n, (const uint8_t *)bytes.p);
    if (pb == NULL) {
        return ERR_DATA;
    }
    if (pb->version != FRAME_VERSION) {
        *ret_why = "a version that this program does not know";
        return ERR_DATA;
    }
    size_t topic_bytes = strlen(pb->source_topic);
    if (pb->source_partition < 0 || topic_bytes == 0 || topic_bytes > TOPIC_MAX_BYTES ||
            !range_is_possible(pb) || !clock_is_accepted(pb->judged_at) ||
            (unsigned)pb->cache > CACHE_STALE) {
        *ret_why = "its numbers contradict each other";
        return ERR_DATA;
    }
    struct frame frame = {
            .source_topic = view_of(pb->source_topic),
            .source_partition = pb->source_partition,
            .chunk = pb->chunk,
            .first_offset = pb->first_offset,
            .to_offset = pb->to_offset,
            .judged_at_ms = pb->judged_at,
            .watermark_ms = pb->watermark,
            .idle = pb->idle,
            .closing = pb->closing,
            .cache = (enum cache_state)pb->cache,
            .has_totals = pb->totals != NULL,
    };
    if (pb->totals != NULL) {
        const pb_totals *from = pb->totals;
        struct frame_totals *to = &frame.totals;
        TOTALS_FIELDS(COPY_FIELD)
    }
    *ret_why = lists_in(pb, arena, &frame);
    if (*ret_why == NULL) {
        *ret_why = complaints_in(pb, arena, &frame);
    }
    if (*ret_why == NULL) {
        *ret_why = controls_in(pb, arena, &frame);
    }
    if (*ret_why == NULL) {
        *ret_why = lates_in(pb, arena, &frame);
    }
    if (*ret_why == NULL) {
        *ret_why = policy_in(pb, &frame);
    }
    if (*ret_why != NULL) {
        return ERR_DATA;
    }
    *ret_frame = frame;
    return ERR_NONE;
}
