// Tally frames on the wire: what goes in comes out, the same frame is the same bytes, and nothing
// that comes from outside gets past the codec that the fold could choke on.
#include "state/frame_codec.h"

#include <stdio.h>
#include <stdlib.h>

#include "fold/fold.h"
#include "frame_log.h"
#include "unit.h"

#define AT INT64_C(1763769600000)

enum { ARENA_BYTES = 64 * 1024 * 1024 };

static struct arena *arena;
static struct arena *scratch;
static struct strbuf bytes;

static void begin(void)
{
    arena = arena_create(ARENA_BYTES);
    scratch = arena_create(ARENA_BYTES);
    CU_ASSERT_FATAL(arena != NULL && scratch != NULL);
    strbuf_init(&bytes, FRAME_MAX_BYTES);
}

static void end(void)
{
    arena_destroy(arena);
    arena_destroy(scratch);
    strbuf_fini(&bytes);
}

static struct view name_of(const char *prefix, uint32_t number)
{
    char text[32];
    snprintf(text, sizeof text, "%s%u", prefix, number);
    return arena_copy(arena, view_of(text));
}

static struct view random_name(uint64_t *random, const char *prefix)
{
    return test_random_below(random, 3) == 0 ? VIEW_NONE
                                             : name_of(prefix, test_random_below(random, 9));
}

static struct frame_leaf random_leaf(uint64_t *random, int64_t first_offset, uint32_t offsets)
{
    struct frame_leaf leaf = {
            .key = {.ids = {random_name(random, "c"), random_name(random, "t"),
                            random_name(random, "s"), random_name(random, "v"),
                            name_of("tenant", test_random_below(random, 3))},
                    .channel = random_name(random, "ch")},
    };
    if (offsets > 0) {
        leaf.counts.judged = test_random_below(random, offsets + 1);
        leaf.counts.misdirected = test_random_below(random, leaf.counts.judged + 1);
        leaf.counts.unknown = offsets - leaf.counts.judged;
        leaf.counts.reasons[test_random_below(random, REASON_COUNT)] = leaf.counts.misdirected;
        if (leaf.counts.judged > 0) {
            leaf.counts.last_judged_offset = first_offset + offsets - 1;
            leaf.counts.last_misdirected = test_random_below(random, 2) == 0;
        }
        leaf.counts.signals[test_random_below(random, SIGNAL_COUNT)] =
                test_random_below(random, offsets + 1);
        leaf.counts.last_occurred_at_ms = AT + test_random(random);
        leaf.counts.planned_size =
                test_random_below(random, 3) == 0 ? PLANNED_SIZE_MAX : test_random_below(random, 3);
    }
    return leaf;
}

// A frame such as a tally could have made.
static struct frame random_frame(uint64_t *random)
{
    enum { LEAVES = 5, EACH = 20 };
    int64_t chunk = test_random_below(random, 1000000);
    struct frame frame = {
            .source_topic = VIEW("collections.outbound.v1"),
            .source_partition = (int32_t)test_random_below(random, 4000),
            .chunk = chunk,
            .first_offset = chunk << CHUNK_BITS,
            .judged_at_ms = AT + test_random(random),
            .watermark_ms = AT - test_random(random),
            .idle = test_random_below(random, 2) == 0,
            .cache = (enum cache_state)test_random_below(random, 4),
            .has_totals = test_random_below(random, 2) == 0,
    };
    frame.to_offset = frame.first_offset + LEAVES * EACH;
    frame.totals = (struct frame_totals){
            test_random(random), test_random(random), test_random(random), 9, 8, 7, 6, 5, 4, 3};
    struct frame_leaf *leaves = arena_take(arena, LEAVES * sizeof *leaves);
    frame.leaf_count = test_random_below(random, LEAVES + 1);
    uint32_t misdirected = 0;
    for (uint32_t i = 0; i < frame.leaf_count; i++) {
        leaves[i] = random_leaf(random, frame.first_offset, EACH);
        misdirected += leaves[i].counts.misdirected;
    }
    struct frame_entry *entries = arena_take(arena, LEAVES * EACH * sizeof *entries);
    for (uint32_t i = 0; i < misdirected && test_random_below(random, 8) != 0; i++) {
        entries[i] = (struct frame_entry){
                .offset = frame.first_offset + i,
                .leaf = test_random_below(random, frame.leaf_count),
                .reasons = test_random_below(random, 1 << REASON_COUNT),
                .signals = (signal_set)test_random_below(random, 1 << SIGNAL_COUNT),
                .previous_misdirected = (uint8_t)test_random_below(random, 32),
                .first_in_chunk = (uint8_t)test_random_below(random, 32),
                .occurred_at_ms = AT + i,
                .message_id = random_name(random, "m"),
                .traceparent = random_name(random, "tp"),
                .tracestate = random_name(random, "ts"),
        };
        entries[i].tag[3] = (uint8_t)i;
        frame.entry_count++;
    }
    struct frame_complaint *complaints = arena_take(arena, EACH * sizeof *complaints);
    frame.complaint_count = frame.leaf_count > 0 ? test_random_below(random, EACH) : 0;
    for (uint32_t i = 0; i < frame.complaint_count; i++) {
        complaints[i] = (struct frame_complaint){
                .offset = frame.first_offset + 2 * i,
                .leaf = test_random_below(random, frame.leaf_count),
                .tag = {(uint8_t)i},
                .kind = (enum complaint_kind)test_random_below(random, COMPLAINT_KIND_COUNT),
                .occurred_at_ms = AT + i,
                .message_id = random_name(random, "m"),
        };
    }
    frame.leaves = leaves;
    frame.entries = entries;
    frame.complaints = complaints;
    return frame;
}

// Late clearances, and nothing else.
static struct frame random_late_frame(uint64_t *random)
{
    enum { ROWS = 9 };
    struct frame frame = {
            .source_topic = VIEW("collections.outbound.v1"),
            .source_partition = (int32_t)test_random_below(random, 4000),
            .judged_at_ms = AT + test_random(random),
            .late_count = 1 + test_random_below(random, ROWS),
    };
    struct frame_late *late = arena_take(arena, ROWS * sizeof *late);
    int64_t offset = 0;
    for (uint32_t i = 0; i < frame.late_count; i++) {
        late[i] = (struct frame_late){offset, {(uint8_t)i, (uint8_t)test_random(random)}};
        offset += 1 + (int64_t)test_random(random) * test_random_below(random, 1000);
    }
    frame.late = late;
    return frame;
}

static struct view encode(const struct frame *frame)
{
    strbuf_reset(&bytes);
    arena_reset(scratch);
    CU_ASSERT_EQUAL_FATAL(frame_encode(&bytes, frame, scratch), ERR_NONE);
    return strbuf_view(&bytes);
}

static enum err decode(struct view wire, struct frame *ret_frame)
{
    const char *why = NULL;
    arena_reset(scratch);
    enum err e = frame_decode(wire, scratch, ret_frame, &why);
    CU_ASSERT_EQUAL(e == ERR_NONE, why == NULL);
    return e;
}

static void test_round_trip(void)
{
    begin();
    uint64_t random = 3;
    for (unsigned i = 0; i < 300; i++) {
        arena_reset(arena);
        const struct frame frame = i % 4 == 0 ? random_late_frame(&random) : random_frame(&random);
        struct view wire = arena_copy(arena, encode(&frame));
        struct frame back;
        CU_ASSERT_EQUAL_FATAL(decode(wire, &back), ERR_NONE);
        CU_ASSERT_TRUE(frame_equal(&frame, &back));
        const struct frame kept = frame_copy(arena, &back);
        CU_ASSERT_TRUE(view_equal(wire, encode(&kept))); // the same frame, the same bytes
    }
    end();
}

// Decodes hostile bytes; what is let through must go through encoder and fold as well.
static void meet(struct view wire, struct fold *fold, unsigned *ret_accepted)
{
    struct frame frame;
    enum err e = decode(wire, &frame);
    CU_ASSERT_TRUE(e == ERR_NONE || e == ERR_DATA);
    if (e != ERR_NONE) {
        return;
    }
    ++*ret_accepted;
    struct delta delta;
    CU_ASSERT_EQUAL(fold_frame(fold, &frame, 0, 0, &delta), ERR_NONE);
    struct strbuf json;
    strbuf_init(&json, FRAME_MAX_BYTES * 4);
    frame_add_json(&json, &frame);
    CU_ASSERT_EQUAL(json.failed, ERR_NONE);
    strbuf_fini(&json);
}

// Every truncation and every flipped bit: ERR_DATA, or a frame that holds together.
static void test_hostile_bytes(void)
{
    begin();
    struct scopes *scopes;
    struct recent *recent;
    struct fold *fold;
    CU_ASSERT_EQUAL_FATAL(scopes_create(&scopes, 1000), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(
            recent_create(&recent, &(const struct recent_options){.max_entries = 10000}), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(fold_create(&fold, scopes, recent, 0), ERR_NONE);
    uint64_t random = 5;
    unsigned accepted = 0;
    for (unsigned i = 0; i < 4; i++) {
        arena_reset(arena);
        const struct frame frame = i == 3 ? random_late_frame(&random) : random_frame(&random);
        struct view wire = encode(&frame);
        char *spoiled = malloc(wire.n);
        CU_ASSERT_PTR_NOT_NULL_FATAL(spoiled);
        for (size_t n = 0; n < wire.n; n++) {
            memcpy(spoiled, wire.p, wire.n);
            meet(view_bytes(spoiled, n), fold, &accepted);
            for (unsigned bit = 0; bit < 8; bit++) {
                spoiled[n] = (char)((unsigned char)wire.p[n] ^ 1u << bit);
                meet(view_bytes(spoiled, wire.n), fold, &accepted);
            }
        }
        free(spoiled);
    }
    // flips inside names and counts make other frames, and that is no error
    CU_ASSERT_TRUE(accepted > 100);
    fold_destroy(fold);
    recent_destroy(recent);
    scopes_destroy(scopes);
    end();
}

// --- frames whose parts contradict each other ------------------------------------------------------

enum { CHUNK = 5, FIRST = CHUNK << CHUNK_BITS };

static struct frame_leaf good_leaf(void)
{
    return (struct frame_leaf){.key = {.ids = {[SCOPE_TENANT] = VIEW("t")}},
            .counts = {.judged = 3,
                    .misdirected = 2,
                    .unknown = 1,
                    .signals = {[SIGNAL_LOAN_NAMED] = 4},
                    .planned_size = PLANNED_SIZE_MAX,
                    .last_occurred_at_ms = AT,
                    .last_judged_offset = FIRST + 9}};
}

static struct frame_entry good_entry(void)
{
    return (struct frame_entry){.offset = FIRST + 4, .occurred_at_ms = AT};
}

static struct frame good_frame(void)
{
    return (struct frame){
            .source_topic = VIEW("topic"),
            .chunk = CHUNK,
            .first_offset = FIRST,
            .to_offset = FIRST + 10,
            .judged_at_ms = AT,
            .leaf_count = 1,
            .entry_count = 1,
    };
}

static char long_text[4096];

static void spoil_frame(unsigned which, struct frame *frame)
{
    switch (which) {
    case 0:
        frame->chunk = CHUNK + 1;
        break;
    case 1:
        frame->to_offset = FIRST - 1;
        break;
    // more than the chunk, and not closing
    case 2:
        frame->to_offset = FIRST + CHUNK_OFFSETS + 1;
        break;
    // closing, and not at a chunk's first offset
    case 3:
        frame->closing = true;
        break;
    case 4:
        frame->judged_at_ms = 0;
        break;
    case 5:
        frame->judged_at_ms = INT64_MAX;
        break;
    case 6:
        frame->source_partition = -1;
        break;
    case 7:
        frame->source_topic = VIEW("");
        break;
    case 8:
        frame->source_topic = (struct view){long_text, 4001};
        break;
    case 9:
        frame->leaf_count = 0;
        break; // the entry's leaf is not there
    case 10:
        frame->cache = (enum cache_state)4;
        break;
    case 11:
        frame->chunk = INT64_MAX >> CHUNK_BITS;
        frame->first_offset = frame->chunk << CHUNK_BITS;
        frame->to_offset = INT64_MAX;
        frame->entry_count = 0;
        frame->leaf_count = 0;
        break;
    default:
        break;
    }
}

static void spoil_leaf(unsigned which, struct frame_leaf *leaf)
{
    switch (which) {
    case 0:
        leaf->key.ids[SCOPE_TENANT] = VIEW_NONE;
        break;
    case 1:
        leaf->counts.judged = 1;
        break; // fewer than misdirected
    case 2:
        leaf->counts.judged = 11;
        break; // more than offsets
    case 3:
        leaf->counts.unknown = UINT32_MAX;
        break;
    case 4:
        leaf->counts.exempt = 8;
        break;
    case 5:
        leaf->counts.last_judged_offset = FIRST + 10;
        break;
    case 6:
        leaf->counts.last_judged_offset = FIRST - 1;
        break;
    case 7:
        leaf->counts.misdirected = 0;
        break; // fewer than entries
    case 8:
        leaf->key.ids[SCOPE_CAMPAIGN] = (struct view){long_text, 257};
        break;
    case 9:
        leaf->key.channel = (struct view){long_text, 4000};
        break;
    case 10:
        leaf->counts.signals[SIGNAL_LOAN_NAMED] = 5;
        break; // more than the watched
    case 11:
        leaf->counts.signals[SIGNAL_WALKING] = UINT32_MAX;
        break;
    case 12:
        leaf->counts.planned_size = -1;
        break;
    case 13:
        leaf->counts.planned_size = PLANNED_SIZE_MAX + 1;
        break;
    case 14:
        leaf->counts.last_occurred_at_ms = 1;
        break; // long before 2000
    case 15:
        leaf->counts.last_occurred_at_ms = INT64_MIN;
        break;
    default:
        break;
    }
}

static void spoil_entry(unsigned which, struct frame_entry *entry)
{
    switch (which) {
    case 0:
        entry->offset = FIRST - 1;
        break;
    case 1:
        entry->offset = FIRST + 10;
        break;
    case 2:
        entry->leaf = 1;
        break;
    case 3:
        entry->occurred_at_ms = -1;
        break;
    case 4:
        entry->message_id = (struct view){long_text, 257};
        break;
    default:
        break;
    }
}

static void spoil_complaint(unsigned which, struct frame_complaint *complaint)
{
    switch (which) {
    case 0:
        complaint->offset = FIRST - 1;
        break;
    case 1:
        complaint->offset = FIRST + 10;
        break;
    case 2:
        complaint->leaf = 1;
        break;
    case 3:
        complaint->occurred_at_ms = -1;
        break;
    case 4:
        complaint->message_id = (struct view){long_text, 257};
        break;
    default:
        break;
    }
}

static enum err decode_with_complaints(unsigned which, int64_t second_offset)
{
    struct frame frame = good_frame();
    struct frame_leaf leaf = good_leaf();
    struct frame_entry entry = good_entry();
    struct frame_complaint complaints[2] = {
            {.offset = FIRST + 3, .kind = COMPLAINT_STOP, .occurred_at_ms = AT},
            {.offset = second_offset, .occurred_at_ms = AT}};
    spoil_complaint(which, &complaints[0]);
    frame.leaves = &leaf;
    frame.entries = &entry;
    frame.complaints = complaints;
    frame.complaint_count = 2;
    struct frame back;
    return decode(encode(&frame), &back);
}

static void test_complaints_that_contradict(void)
{
    begin();
    memset(long_text, 'x', sizeof long_text);
    CU_ASSERT_EQUAL(decode_with_complaints(99, FIRST + 4), ERR_NONE);
    CU_ASSERT_EQUAL(decode_with_complaints(99, FIRST + 3), ERR_DATA); // not rising
    for (unsigned which = 0; which < 5; which++) {
        CU_ASSERT_EQUAL(decode_with_complaints(which, FIRST + 4), ERR_DATA);
    }
    end();
}

static void spoil_late(unsigned which, struct frame *frame, struct frame_late late[2])
{
    static const struct frame_leaf leaf = {.key = {.ids = {[SCOPE_TENANT] = {"t", 1}}}};
    static const struct frame_complaint complaint = {.occurred_at_ms = AT};
    switch (which) {
    case 0:
        late[1].offset = late[0].offset;
        break; // not rising
    case 1:
        late[0].offset = -1;
        break;
    case 2:
        late[1].offset = INT64_MAX;
        break;
    case 3:
        frame->leaves = &leaf;
        frame->leaf_count = 1;
        break;
    case 4:
        frame->leaves = &leaf;
        frame->leaf_count = 1;
        frame->complaints = &complaint;
        frame->complaint_count = 1;
        break;
    case 5:
        frame->has_totals = true;
        break;
    case 6:
        frame->to_offset = 1;
        break;
    case 7:
        frame->chunk = CHUNK;
        frame->first_offset = frame->to_offset = FIRST;
        break;
    case 8:
        frame->idle = true;
        break;
    case 9:
        frame->to_offset = CHUNK_OFFSETS;
        frame->closing = true;
        break;
    case 10:
        frame->cache = CACHE_STALE;
        break;
    case 11:
        frame->watermark_ms = AT;
        break;
    case 12:
        frame->judged_at_ms = 0;
        break;
    case 13:
        frame->source_partition = -1;
        break;
    default:
        break;
    }
}

static enum err decode_late(unsigned which)
{
    struct frame_late late[2] = {{.offset = 7}, {.offset = 9}};
    struct frame frame = {
            .source_topic = VIEW("topic"), .judged_at_ms = AT, .late = late, .late_count = 2};
    spoil_late(which, &frame, late);
    struct frame back;
    return decode(encode(&frame), &back);
}

static void test_late_that_contradicts(void)
{
    begin();
    CU_ASSERT_EQUAL(decode_late(99), ERR_NONE);
    for (unsigned which = 0; which < 14; which++) {
        CU_ASSERT_EQUAL(decode_late(which), ERR_DATA);
    }
    end();
}

// More rows than a chunk has offsets, and one as many.
static void test_many_late(void)
{
    begin();
    enum { ROWS = FRAME_MAX_LATE + 1 };
    struct frame_late *late = arena_take(arena, ROWS * sizeof *late);
    for (uint32_t i = 0; i < ROWS; i++) {
        late[i] = (struct frame_late){.offset = i};
    }
    struct frame frame = {
            .source_topic = VIEW("topic"), .judged_at_ms = AT, .late = late, .late_count = ROWS};
    struct frame back;
    CU_ASSERT_EQUAL(decode(encode(&frame), &back), ERR_DATA);
    frame.late_count = FRAME_MAX_LATE;
    CU_ASSERT_EQUAL_FATAL(decode(encode(&frame), &back), ERR_NONE);
    CU_ASSERT_EQUAL(back.late_count, FRAME_MAX_LATE);
    CU_ASSERT_EQUAL(back.late[FRAME_MAX_LATE - 1].offset, FRAME_MAX_LATE - 1);
    end();
}

static enum err decode_spoiled(unsigned of_frame, unsigned of_leaf, unsigned of_entry)
{
    struct frame frame = good_frame();
    struct frame_leaf leaf = good_leaf();
    struct frame_entry entry = good_entry();
    spoil_frame(of_frame, &frame);
    spoil_leaf(of_leaf, &leaf);
    spoil_entry(of_entry, &entry);
    frame.leaves = &leaf;
    frame.entries = &entry;
    struct frame back;
    return decode(encode(&frame), &back);
}

static void test_contradictions(void)
{
    enum { NOTHING = 99 };
    begin();
    memset(long_text, 'x', sizeof long_text);
    CU_ASSERT_EQUAL(decode_spoiled(NOTHING, NOTHING, NOTHING), ERR_NONE);
    for (unsigned which = 0; which < 12; which++) {
        CU_ASSERT_EQUAL(decode_spoiled(which, NOTHING, NOTHING), ERR_DATA);
    }
    for (unsigned which = 0; which < 16; which++) {
        CU_ASSERT_EQUAL(decode_spoiled(NOTHING, which, NOTHING), ERR_DATA);
    }
    for (unsigned which = 0; which < 5; which++) {
        CU_ASSERT_EQUAL(decode_spoiled(NOTHING, NOTHING, which), ERR_DATA);
    }
    end();
}

// Only watched messages have signals and a last one.
static void test_nobody_watched(void)
{
    begin();
    struct frame frame = good_frame();
    struct frame_leaf leaf = {.key = good_leaf().key, .counts = {.exempt = 3, .planned_size = 5}};
    struct frame back;
    frame.leaves = &leaf;
    frame.entry_count = 0;
    CU_ASSERT_EQUAL(decode(encode(&frame), &back), ERR_NONE);
    leaf.counts.last_occurred_at_ms = AT;
    CU_ASSERT_EQUAL(decode(encode(&frame), &back), ERR_DATA);
    leaf.counts.last_occurred_at_ms = 0;
    leaf.counts.signals[SIGNAL_REPEATED] = 1;
    CU_ASSERT_EQUAL(decode(encode(&frame), &back), ERR_DATA);
    end();
}

// A frame as it was written before there were signals, and one by a writer that knows more of them.
static void test_other_writers(void)
{
    static const char before[] = "\x08\x01\x12\x05topic\x20\x05\x28\x80\xa0\x01\x30\x8a\xa0\x01"
                                 "\x38\x80\x90\xf1\xc6\xaa\x33\x62\x0b\x0a\x01t\x38\x03\x40\x02"
                                 "\x60\x89\xa0\x01\x6a\x15\x08\x84\xa0\x01\x1a\x08"
                                 "12345678\x38\x80\x90\xf1\xc6\xaa\x33";
    begin();
    struct frame back;
    CU_ASSERT_EQUAL_FATAL(decode(view_bytes(before, sizeof before - 1), &back), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(back.leaf_count, 1);
    CU_ASSERT_EQUAL_FATAL(back.entry_count, 1);
    CU_ASSERT_EQUAL(back.leaves[0].counts.judged, 3);
    CU_ASSERT_EQUAL(back.leaves[0].counts.signals[SIGNAL_LOAN_NAMED], 0);
    CU_ASSERT_EQUAL(back.leaves[0].counts.planned_size, 0);
    CU_ASSERT_EQUAL(back.leaves[0].counts.last_occurred_at_ms, 0);
    CU_ASSERT_EQUAL(back.entries[0].signals, 0);

    struct frame frame = good_frame();
    struct frame_leaf leaf = good_leaf();
    struct frame_entry entry = good_entry();
    entry.signals = 0xff;
    frame.leaves = &leaf;
    frame.entries = &entry;
    CU_ASSERT_EQUAL_FATAL(decode(encode(&frame), &back), ERR_NONE);
    CU_ASSERT_EQUAL(back.entries[0].signals, SIGNAL_BIT(SIGNAL_COUNT) - 1);
    end();
}

// A reader refuses what it does not know: the version is the first field, tag 0x08.
static void test_unknown_version(void)
{
    begin();
    struct frame frame = good_frame();
    struct frame_leaf leaf = good_leaf();
    struct frame_entry entry = good_entry();
    frame.leaves = &leaf;
    frame.entries = &entry;
    encode(&frame);
    CU_ASSERT_EQUAL_FATAL(bytes.p[0], 0x08);
    CU_ASSERT_EQUAL_FATAL(bytes.p[1], FRAME_VERSION);
    bytes.p[1] = FRAME_VERSION + 1;
    struct frame back;
    CU_ASSERT_EQUAL(decode(strbuf_view(&bytes), &back), ERR_DATA);
    CU_ASSERT_EQUAL(decode(VIEW(""), &back), ERR_DATA);
    CU_ASSERT_EQUAL(decode(VIEW_NONE, &back), ERR_DATA);
    end();
}

// A million empty leaves in four megabytes: refused by the arena's ceiling or by count, not by the
// memory of the host.
static void test_many_leaves(void)
{
    begin();
    enum { LEAVES = 2000000 };
    char *wire = malloc(2 * LEAVES);
    CU_ASSERT_PTR_NOT_NULL_FATAL(wire);
    for (size_t i = 0; i < LEAVES; i++) {
        wire[2 * i] = 0x62; // field 12, length-delimited
        wire[2 * i + 1] = 0;
    }
    struct frame frame;
    CU_ASSERT_EQUAL(decode(view_bytes(wire, 2 * LEAVES), &frame), ERR_DATA);
    CU_ASSERT_EQUAL(decode(view_bytes(wire, 20000), &frame), ERR_DATA);
    free(wire);
    end();
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"round_trip", test_round_trip},
            {"hostile_bytes", test_hostile_bytes},
            {"complaints_that_contradict", test_complaints_that_contradict},
            {"contradictions", test_contradictions},
            {"late_that_contradicts", test_late_that_contradicts},
            {"many_late", test_many_late},
            {"nobody_watched", test_nobody_watched},
            {"other_writers", test_other_writers},
            {"unknown_version", test_unknown_version},
            {"many_leaves", test_many_leaves},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "frame_codec", tests);
}
