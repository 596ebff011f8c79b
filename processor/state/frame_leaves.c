#include "state/frame_leaves.h"

// By their numbers in schemas/tally_frame.proto.
enum { FIELD_LEAVES = 12 };

enum leaf_field {
    LEAF_TENANT_ID = 1,
    LEAF_CAMPAIGN_ID,
    LEAF_TEMPLATE_ID,
    LEAF_SENDER_ID,
    LEAF_VENDOR_ID,
    LEAF_CHANNEL,
    LEAF_JUDGED,
    LEAF_MISDIRECTED,
    LEAF_UNKNOWN,
    LEAF_EXEMPT,
    LEAF_REASONS,
    LEAF_LAST_JUDGED_OFFSET,
    LEAF_LAST_MISDIRECTED,
    LEAF_SIGNALS,
    LEAF_LAST_OCCURRED_AT,
    LEAF_PLANNED_SIZE,
    LEAF_FIELD_END,
};

enum wire_type { WIRE_VARINT = 0, WIRE_BYTES = 2 };

enum {
    TAG_MAX = 2, // no field has a number above 2,047
    VARINT_MAX = 10,
    HEAD_MAX = TAG_MAX + VARINT_MAX,
    COUNT_MAX = 5, // a varint of 32 bits
    COUNTS_MAX = (REASON_COUNT + SIGNAL_COUNT) * COUNT_MAX,
    // whatever the numbers of a leaf are
    LEAF_NUMBERS_MAX = LEAF_FIELD_END * HEAD_MAX + COUNTS_MAX,
};

static uint8_t *put_varint(uint8_t *at, uint64_t value)
{
    for (; value > 0x7f; value >>= 7) {
        *at++ = (uint8_t)(value | 0x80);
    }
    *at++ = (uint8_t)value;
    return at;
}

static uint8_t *put_tag(uint8_t *at, unsigned field, enum wire_type type)
{
    return put_varint(at, field << 3 | type);
}

// What is 0, false or empty is left out.
static uint8_t *put_number(uint8_t *at, enum leaf_field field, uint64_t value)
{
    return value == 0 ? at : put_varint(put_tag(at, field, WIRE_VARINT), value);
}

static uint8_t *put_text(uint8_t *at, enum leaf_field field, struct view text)
{
    if (text.n == 0) {
        return at;
    }
    at = put_varint(put_tag(at, field, WIRE_BYTES), text.n);
    memcpy(at, text.p, text.n);
    return at + text.n;
}

// Counts by number, without their trailing zeros.
static uint8_t *put_counts(
        uint8_t *at, enum leaf_field field, const uint32_t *counts, unsigned count)
{
    while (count > 0 && counts[count - 1] == 0) {
        count--;
    }
    if (count == 0) {
        return at;
    }
    uint8_t packed[COUNTS_MAX];
    uint8_t *end = packed;
    for (unsigned i = 0; i < count; i++) {
        end = put_varint(end, counts[i]);
    }
    return put_text(at, field, view_bytes((const char *)packed, (size_t)(end - packed)));
}

static uint8_t *put_leaf(uint8_t *at, const struct frame_leaf *leaf)
{
    const struct leaf_counts *counts = &leaf->counts;
    at = put_text(at, LEAF_TENANT_ID, leaf->key.ids[SCOPE_TENANT]);
    at = put_text(at, LEAF_CAMPAIGN_ID, leaf->key.ids[SCOPE_CAMPAIGN]);
    at = put_text(at, LEAF_TEMPLATE_ID, leaf->key.ids[SCOPE_TEMPLATE]);
    at = put_text(at, LEAF_SENDER_ID, leaf->key.ids[SCOPE_SENDER]);
    at = put_text(at, LEAF_VENDOR_ID, leaf->key.ids[SCOPE_VENDOR]);
    at = put_text(at, LEAF_CHANNEL, leaf->key.channel);
    at = put_number(at, LEAF_JUDGED, counts->judged);
    at = put_number(at, LEAF_MISDIRECTED, counts->misdirected);
    at = put_number(at, LEAF_UNKNOWN, counts->unknown);
    at = put_number(at, LEAF_EXEMPT, counts->exempt);
    at = put_counts(at, LEAF_REASONS, counts->reasons, REASON_COUNT);
    at = put_number(at, LEAF_LAST_JUDGED_OFFSET, (uint64_t)counts->last_judged_offset);
    at = put_number(at, LEAF_LAST_MISDIRECTED, counts->last_misdirected);
    at = put_counts(at, LEAF_SIGNALS, counts->signals, SIGNAL_COUNT);
    at = put_number(at, LEAF_LAST_OCCURRED_AT, (uint64_t)counts->last_occurred_at_ms);
    return put_number(at, LEAF_PLANNED_SIZE, (uint64_t)counts->planned_size);
}

// Its length comes before it and is known behind it: it is written behind the longest head, and moved.
static void leaf_add(struct strbuf *sb, const struct frame_leaf *leaf)
{
    size_t most = HEAD_MAX + LEAF_NUMBERS_MAX + leaf->key.channel.n;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        most += leaf->key.ids[kind].n;
    }
    uint8_t *room = (uint8_t *)strbuf_room(sb, most);
    if (room == NULL) {
        return;
    }
    uint8_t *body = room + HEAD_MAX;
    size_t n = (size_t)(put_leaf(body, leaf) - body);
    uint8_t *at = put_varint(put_tag(room, FIELD_LEAVES, WIRE_BYTES), n);
    memmove(at, body, n);
    strbuf_grown(sb, (size_t)(at - room) + n);
}

void frame_leaves_add(struct strbuf *sb, const struct frame_leaf *leaves, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        leaf_add(sb, &leaves[i]);
    }
}
