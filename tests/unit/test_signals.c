// tally: signals of watched messages (T2, T6, T7), the sizes and times of leaves, scopes that are
// split by channel.
#include <stdio.h>
#include <string.h>

#include "common/assure.h"
#include "common/hash.h"
#include "frame_log.h"
#include "state/frame_codec.h"
#include "tally/source.h"
#include "tally/tally.h"
#include "unit.h"

#define AT INT64_C(1763769600000)

#define NONE 0
#define WALKING SIGNAL_BIT(SIGNAL_WALKING)
#define SAME_BLOCK SIGNAL_BIT(SIGNAL_SAME_BLOCK)
#define REPEATED SIGNAL_BIT(SIGNAL_REPEATED)
#define CLOSED_RECENTLY SIGNAL_BIT(SIGNAL_CLOSED_RECENTLY)
#define LOAN_NAMED SIGNAL_BIT(SIGNAL_LOAN_NAMED)
#define MISREAD SIGNAL_BIT(SIGNAL_MISREAD)
#define MIXED_LENDERS SIGNAL_BIT(SIGNAL_MIXED_LENDERS)

struct stage {
    struct tally *tally;
    struct tally_source *source;
    struct frame_log log;
    struct frame_taker taker;
};

// A message: its scopes and whom it goes to. The recipient's tag is made of the address.
struct message {
    const char *campaign;
    const char *vendor;
    const char *channel;
    const char *phone;   // NULL: the recipient is no phone number
    const char *address; // NULL: the phone number
    int64_t planned_size;
    int64_t after_ms; // occurred so long after AT
    enum verdict verdict;
    signal_set judged; // what judge says
    uint32_t other_lender;
};

static void stage_init(struct stage *stage, const struct tally_options *options)
{
    frame_log_init(&stage->log);
    stage->taker = frame_log_taker(&stage->log);
    CU_ASSERT_EQUAL_FATAL(tally_create(&stage->tally, options), ERR_NONE);
}

static void stage_fini(struct stage *stage)
{
    tally_destroy(stage->tally);
    frame_log_fini(&stage->log);
}

static void stage_open(struct stage *stage, int64_t start, int64_t resume_until)
{
    CU_ASSERT_EQUAL_FATAL(tally_open(stage->tally, VIEW("in"), 0, start, resume_until), ERR_NONE);
    stage->source = tally_find(stage->tally, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(stage->source);
}

static void stage_count(struct stage *stage, int64_t offset, const struct message *m)
{
    const char *address = m->address != NULL ? m->address : m->phone;
    uint64_t mixed = 1469598103934665603u;
    for (const char *p = address; *p != '\0'; p++) {
        mixed = (mixed ^ (unsigned char)*p) * 1099511628211u;
    }
    uint8_t tag[RECIPIENT_TAG_BYTES];
    memcpy(tag, &mixed, sizeof tag);
    const struct event ev = {
            .message_id = VIEW("m"),
            .occurred_at = {AT + m->after_ms},
            .tenant_id = VIEW("t"),
            .campaign_id = view_of(m->campaign),
            .vendor_id = view_of(m->vendor),
            .channel = view_of(m->channel),
            .planned_size = m->planned_size,
    };
    const struct tally_message message = {
            .ev = &ev,
            .offset = offset,
            .verdict = m->verdict,
            .recipient_tag = tag,
            .phone = view_of(m->phone),
            .signals = m->judged,
            .other_lender = m->other_lender,
    };
    CU_ASSERT_EQUAL_FATAL(
            tally_count(stage->tally, stage->source, &message, AT, CACHE_TRUSTED, &stage->taker),
            ERR_NONE);
}

static const struct frame *stage_flush(struct stage *stage)
{
    CU_ASSERT_EQUAL_FATAL(tally_flush(stage->tally, stage->source, AT, CACHE_TRUSTED, false, false,
                                  &stage->taker),
            ERR_NONE);
    CU_ASSERT_TRUE_FATAL(stage->log.count > 0);
    return &stage->log.frames[stage->log.count - 1].frame;
}

static const struct tally_options usual = {
        .tally_partitions = 1, .max_leaves = 100, .max_leaf_bytes = 256 * 1024};

static struct message to_phone(const char *campaign, const char *phone)
{
    return (struct message){.campaign = campaign,
            .phone = phone,
            .planned_size = -1,
            .verdict = VERDICT_MISDIRECTED};
}

struct row {
    struct message message;
    signal_set expected;
};

// Every row is a misdirected message, so that its entry tells its signals.
static void check_rows(const struct tally_options *options, const struct row *rows, size_t count)
{
    struct stage stage;
    stage_init(&stage, options);
    stage_open(&stage, 0, 0);
    uint32_t counts[SIGNAL_COUNT] = {0};
    for (size_t i = 0; i < count; i++) {
        struct message message = rows[i].message;
        message.verdict = VERDICT_MISDIRECTED;
        stage_count(&stage, (int64_t)i, &message);
        for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
            counts[signal] += (rows[i].expected & SIGNAL_BIT(signal)) != 0;
        }
    }
    const struct frame *frame = stage_flush(&stage);
    CU_ASSERT_EQUAL_FATAL(frame->entry_count, count);
    for (uint32_t i = 0; i < frame->entry_count; i++) {
        CU_ASSERT_EQUAL(frame->entries[i].signals, rows[i].expected);
        if (frame->entries[i].signals != rows[i].expected) {
            fprintf(stderr, "row %u: got %#x\n", i, frame->entries[i].signals);
        }
    }
    for (uint32_t i = 0; i < frame->leaf_count; i++) {
        for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
            counts[signal] -= frame->leaves[i].counts.signals[signal];
        }
    }
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        CU_ASSERT_EQUAL(counts[signal], 0);
    }
    stage_fini(&stage);
}

#define CHECK_ROWS(rows) check_rows(&usual, rows, sizeof(rows) / sizeof *(rows))

static void test_each_signal(void)
{
    static const struct row rows[] = {
            {{.campaign = "c", .phone = "+8613800138000"}, NONE}, // the first of the chunk
            {{.campaign = "c", .phone = "+8613800138010"}, WALKING | SAME_BLOCK},
            {{.campaign = "c", .phone = "+8613800138021"}, SAME_BLOCK},
            {{.campaign = "c", .phone = "+8613900138000"}, NONE},
            {{.campaign = "c", .phone = "+8613900138000"}, REPEATED},
            {{.campaign = "c", .phone = "+8613800138000"}, WALKING | SAME_BLOCK | REPEATED},
            {{.campaign = "c", .phone = "+8613700000000", .judged = CLOSED_RECENTLY},
                    CLOSED_RECENTLY},
            {{.campaign = "c", .phone = "+8613700000001", .judged = LOAN_NAMED},
                    WALKING | SAME_BLOCK | LOAN_NAMED},
            {{.campaign = "c", .phone = "+8613600000000", .judged = LOAN_NAMED | CLOSED_RECENTLY},
                    LOAN_NAMED | CLOSED_RECENTLY},
    };
    CHECK_ROWS(rows);
}

// Compared is within the narrowest scope that a message names, whatever leaf it is of.
static void test_scopes_of_comparison(void)
{
    static const struct row rows[] = {
            {{.campaign = "c", .vendor = "v", .phone = "+8613800138000"}, NONE},
            {{.campaign = "d", .vendor = "v", .phone = "+8613800138001"}, NONE},
            {{.campaign = "d", .vendor = "v", .phone = "+8613800138000"}, WALKING | SAME_BLOCK},
            {{.campaign = "c", .vendor = "w", .phone = "+8613800138000"}, REPEATED},
            {{.campaign = "c", .channel = "voice", .phone = "+8613800138000"}, REPEATED},
            // without a campaign: the vendor's; without both: the tenant's
            {{.vendor = "v", .phone = "+8613800138000"}, NONE},
            {{.vendor = "v", .channel = "sms", .phone = "+8613800138000"}, REPEATED},
            {{.vendor = "w", .phone = "+8613800138000"}, NONE},
            {{.phone = "+8613800138000"}, NONE},
            {{.channel = "sms", .phone = "+8613800138003"}, WALKING | SAME_BLOCK},
            // a vendor of the campaign's name is no campaign
            {{.vendor = "c", .phone = "+8613800138000"}, NONE},
    };
    CHECK_ROWS(rows);
}

// Other recipients than phone numbers can be repeated, and do not walk.
static void test_other_recipients(void)
{
    static const struct row rows[] = {
            {{.campaign = "c", .address = "+8613800138000"}, NONE},
            {{.campaign = "c", .address = "+8613800138001"}, NONE},
            {{.campaign = "c", .phone = "+8613800138002"}, NONE},
            {{.campaign = "c", .address = "+8613800138001"}, REPEATED},
            {{.campaign = "c", .phone = "no number", .address = "x"}, NONE},
            {{.campaign = "c", .phone = "+8613800138003"}, WALKING | SAME_BLOCK},
    };
    CHECK_ROWS(rows);
}

// A number that comes from another column: a fixed line, a birthday.
static void test_misread(void)
{
    static const struct row rows[] = {
            {{.campaign = "a", .phone = "+8613800138000"}, NONE},
            {{.campaign = "b", .phone = "+861081234567"}, MISREAD},  // Beijing
            {{.campaign = "c", .phone = "+8657181234567"}, MISREAD}, // Hangzhou
            {{.campaign = "d", .phone = "+8619900101123"}, MISREAD}, // 1 January 1990
            {{.campaign = "e", .phone = "+8619501231999"}, MISREAD}, // the last day of 1950
            {{.campaign = "f", .phone = "+8619901301123"}, NONE},    // no month
            {{.campaign = "g", .phone = "+8619900132123"}, NONE},    // no day
            {{.campaign = "h", .phone = "+8619300101123"}, NONE},    // nobody is that old
            {{.campaign = "i", .phone = "+8620010101123"}, MISREAD}, // no mobile begins with 2
            {{.campaign = "j", .phone = "+12025550123"}, NONE},      // not known of other countries
            {{.campaign = "k", .phone = "+88621234567"}, NONE},
            {{.campaign = "l", .address = "+861081234567"}, NONE}, // not a phone's
    };
    CHECK_ROWS(rows);
}

// Compared with the last one that went to another lender's customer, however long ago.
static void test_mixed_lenders(void)
{
    static const struct row rows[] = {
            {{.campaign = "c", .phone = "+8613800138000", .other_lender = 7}, NONE},
            {{.campaign = "c", .phone = "+8613900138000", .other_lender = 7}, NONE},
            {{.campaign = "c", .phone = "+8613800238000", .other_lender = 8}, MIXED_LENDERS},
            {{.campaign = "c", .phone = "+8613800338000"}, NONE},
            {{.campaign = "c", .phone = "+8613800438000", .other_lender = 8}, NONE},
            {{.campaign = "c", .phone = "+8613800538000", .other_lender = 7}, MIXED_LENDERS},
            {{.campaign = "d", .phone = "+8613800638000", .other_lender = 8}, NONE},
    };
    CHECK_ROWS(rows);
}

static void test_split_by_channel(void)
{
    struct tally_options options = usual;
    options.split_by_channel = 1 << SCOPE_CAMPAIGN;
    static const struct row rows[] = {
            {{.campaign = "c", .channel = "sms", .phone = "+8613800138000"}, NONE},
            {{.campaign = "c", .channel = "voice", .phone = "+8613800138000"}, NONE},
            {{.campaign = "c", .phone = "+8613800138000"}, NONE},
            {{.campaign = "c", .channel = "sms", .phone = "+8613800138001"}, WALKING | SAME_BLOCK},
            {{.campaign = "c", .channel = "voice", .phone = "+8613800138000"}, REPEATED},
            {{.vendor = "v", .channel = "sms", .phone = "+8613800138000"}, NONE},
            {{.vendor = "v", .channel = "voice", .phone = "+8613800138000"}, REPEATED},
    };
    check_rows(&options, rows, sizeof rows / sizeof *rows);
}

// The bits of entries follow the split: a scope of one channel has its own previous message.
static void test_split_bits(void)
{
    enum { C = 1 << SCOPE_CAMPAIGN, V = 1 << SCOPE_VENDOR, T = 1 << SCOPE_TENANT };
    static const struct {
        const char *channel;
        enum verdict verdict;
        unsigned first;
        unsigned previous;
    } rows[] = {
            {"sms", VERDICT_MISDIRECTED, C | V | T, 0},
            {"voice", VERDICT_MISDIRECTED, C | V, T},
            {NULL, VERDICT_MISDIRECTED, C | V, T},
            {"voice", VERDICT_CLEAR, 0, 0},
            {"sms", VERDICT_MISDIRECTED, 0, C | V},
            {"voice", VERDICT_MISDIRECTED, 0, T},
            {NULL, VERDICT_MISDIRECTED, 0, C | V | T},
    };
    struct tally_options options = usual;
    options.split_by_channel = C | V;
    struct stage stage;
    stage_init(&stage, &options);
    stage_open(&stage, 0, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct message message = to_phone("c", "+8613800138000");
        message.vendor = "v";
        message.channel = rows[i].channel;
        message.verdict = rows[i].verdict;
        stage_count(&stage, (int64_t)i, &message);
    }
    const struct frame *frame = stage_flush(&stage);
    CU_ASSERT_EQUAL_FATAL(frame->entry_count, 6);
    for (uint32_t i = 0; i < frame->entry_count; i++) {
        const struct frame_entry *entry = &frame->entries[i];
        CU_ASSERT_EQUAL(entry->first_in_chunk, rows[entry->offset].first);
        CU_ASSERT_EQUAL(entry->previous_misdirected, rows[entry->offset].previous);
    }
    stage_fini(&stage);
}

// Watched are clear, misdirected and unknown; what is exempt has no signals and is nobody's
// neighbour, but its planned size is its campaign's.
static void test_watched(void)
{
    static const struct message messages[] = {
            {.campaign = "c",
                    .phone = "+8613800138000",
                    .judged = LOAN_NAMED,
                    .planned_size = -1,
                    .after_ms = 1,
                    .verdict = VERDICT_CLEAR},
            {.campaign = "c",
                    .phone = "+8613800138001",
                    .judged = LOAN_NAMED,
                    .planned_size = 800,
                    .after_ms = 5,
                    .verdict = VERDICT_UNKNOWN},
            {.campaign = "c",
                    .phone = "+8613800999999",
                    .judged = LOAN_NAMED,
                    .planned_size = 900,
                    .after_ms = 9,
                    .verdict = VERDICT_EXEMPT},
            {.campaign = "c",
                    .phone = "+8613800999999",
                    .planned_size = 700,
                    .after_ms = 3,
                    .verdict = VERDICT_CLEAR},
    };
    struct stage stage;
    stage_init(&stage, &usual);
    stage_open(&stage, 0, 0);
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        stage_count(&stage, (int64_t)i, &messages[i]);
    }
    const struct frame *frame = stage_flush(&stage);
    CU_ASSERT_EQUAL_FATAL(frame->leaf_count, 1);
    const struct leaf_counts *counts = &frame->leaves[0].counts;
    CU_ASSERT_EQUAL(counts->signals[SIGNAL_LOAN_NAMED], 2);
    CU_ASSERT_EQUAL(counts->signals[SIGNAL_WALKING], 1);
    CU_ASSERT_EQUAL(counts->signals[SIGNAL_SAME_BLOCK], 1);
    CU_ASSERT_EQUAL(counts->signals[SIGNAL_REPEATED], 0);
    CU_ASSERT_EQUAL(counts->planned_size, 900);
    CU_ASSERT_EQUAL(counts->last_occurred_at_ms, AT + 3); // the last in the log, not the latest
    stage_fini(&stage);
}

static void test_planned_size(void)
{
    static const struct {
        int64_t named;
        int64_t expected;
    } rows[] = {{-1, 0}, {0, 0}, {1, 1}, {PLANNED_SIZE_MAX - 1, PLANNED_SIZE_MAX - 1},
            {PLANNED_SIZE_MAX, PLANNED_SIZE_MAX}, {INT64_MAX, PLANNED_SIZE_MAX},
            {5, PLANNED_SIZE_MAX}};
    struct stage stage;
    stage_init(&stage, &usual);
    stage_open(&stage, 0, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct message message = to_phone("c", "+8613800138000");
        message.planned_size = rows[i].named;
        stage_count(&stage, (int64_t)i, &message);
        const struct frame *frame = stage_flush(&stage);
        CU_ASSERT_EQUAL(frame->leaves[0].counts.planned_size, rows[i].expected);
    }
    struct message message = to_phone("c", "+8613800138000");
    stage_count(&stage, CHUNK_OFFSETS, &message); // the next chunk
    CU_ASSERT_EQUAL(stage_flush(&stage)->leaves[0].counts.planned_size, 0);
    stage_fini(&stage);
}

// T6: the border of a chunk forgets.
static void test_chunk_border(void)
{
    struct stage stage;
    stage_init(&stage, &usual);
    stage_open(&stage, 0, 0);
    const struct message before = to_phone("c", "+8613800138000");
    const struct message after = to_phone("c", "+8613800138001");
    stage_count(&stage, CHUNK_OFFSETS - 2, &before);
    stage_count(&stage, CHUNK_OFFSETS - 1, &after);
    stage_count(&stage, CHUNK_OFFSETS, &after);
    stage_count(&stage, CHUNK_OFFSETS + 1, &before);
    CU_ASSERT_EQUAL_FATAL(stage.log.count, 1);
    CU_ASSERT_EQUAL(stage.log.frames[0].frame.entries[1].signals, WALKING | SAME_BLOCK);
    const struct frame *frame = stage_flush(&stage);
    CU_ASSERT_EQUAL_FATAL(frame->entry_count, 2);
    CU_ASSERT_EQUAL(frame->entries[0].signals, NONE);
    CU_ASSERT_EQUAL(frame->entries[1].signals, WALKING | SAME_BLOCK);
    CU_ASSERT_EQUAL(frame->leaves[0].counts.signals[SIGNAL_WALKING], 1);
    stage_fini(&stage);
}

// A message of chunk traffic, a function of its offset: few numbers, so that all signals occur.
static struct message traffic_at(int64_t offset, char phone[20])
{
    static const char *const campaigns[] = {"c", "d", NULL};
    uint64_t random = hash_mix64((uint64_t)offset);
    const char *prefix = offset % 30 == 0 ? "+861" : "+86138"; // a fixed line now and then
    snprintf(phone, 20, "%s%08u", prefix, test_random_below(&random, 12000));
    return (struct message){
            .campaign = campaigns[test_random_below(&random, 3)],
            .vendor = "v",
            .phone = phone,
            .judged = (signal_set)(test_random_below(&random, 4) << SIGNAL_CLOSED_RECENTLY),
            .other_lender = (uint32_t)(offset % 3),
            .planned_size = (int64_t)test_random_below(&random, 5000) - 1,
            .after_ms = offset,
            .verdict = (enum verdict)test_random_below(&random, VERDICT_COUNT),
    };
}

// Judges a chunk of that traffic from its first offset on, with a flush now and then, and into the
// next; returns the chunk's closing frame.
static const struct frame *judge_chunk(struct stage *stage, int64_t chunk, int64_t resume_until)
{
    int64_t first = chunk << CHUNK_BITS;
    stage_open(stage, first, resume_until);
    for (int64_t offset = first; offset <= first + CHUNK_OFFSETS; offset++) {
        char phone[20];
        const struct message message = traffic_at(offset, phone);
        stage_count(stage, offset, &message);
        if (offset % 500 == 77 && offset >= resume_until) {
            (void)stage_flush(stage);
        }
    }
    const struct frame *frame = &stage->log.frames[stage->log.count - 1].frame;
    CU_ASSERT_TRUE_FATAL(frame->closing && frame->chunk == chunk);
    return frame;
}

// T2: whoever judges a chunk again from its first offset says the same, wherever the one before
// him stopped, and whatever he has judged before.
static void test_judged_again(void)
{
    enum { CHUNK = 3, FIRST = CHUNK << CHUNK_BITS };
    struct stage once;
    stage_init(&once, &usual);
    const struct frame *expected = judge_chunk(&once, CHUNK, FIRST);
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        CU_ASSERT_TRUE(expected->leaves[0].counts.signals[signal] > 20);
    }
    for (int64_t resume_until = FIRST; resume_until < FIRST + CHUNK_OFFSETS; resume_until += 611) {
        struct stage again;
        stage_init(&again, &usual);
        (void)judge_chunk(&again, CHUNK - 1, 0);
        struct frame got = *judge_chunk(&again, CHUNK, resume_until);
        CU_ASSERT_EQUAL(got.entry_count, expected->entry_count);
        CU_ASSERT_TRUE(frame_equal(&got, expected));
        stage_fini(&again);
    }
    stage_fini(&once);
}

// T6: a full table does not compare the messages of strangers with each other.
static void test_overflow(void)
{
    struct tally_options options = usual;
    options.max_leaves = 3;
    struct stage stage;
    stage_init(&stage, &options);
    stage_open(&stage, 0, 0);
    static const char *const campaigns[] = {"a", "b", "c", "d", "c"};
    for (int64_t i = 0; i < 5; i++) {
        struct message message = to_phone(campaigns[i], "+8613800138000");
        message.judged = LOAN_NAMED;
        stage_count(&stage, i, &message);
    }
    CU_ASSERT_EQUAL(tally_overflowed(stage.tally), 3);
    const struct frame *frame = stage_flush(&stage);
    CU_ASSERT_EQUAL_FATAL(frame->entry_count, 5);
    for (uint32_t i = 0; i < frame->entry_count; i++) {
        CU_ASSERT_EQUAL(frame->entries[i].signals, LOAN_NAMED);
    }
    stage_fini(&stage);
}

// T7: a chunk that begins has overwritten the numbers of the one before it.
static void test_chunk_forgets(void)
{
    static struct chunk chunk;
    CU_ASSERT_EQUAL_FATAL(chunk_init(&chunk), ERR_NONE);
    chunk_start(&chunk, 0, 0);
    const struct event ev = {.tenant_id = VIEW("t"), .campaign_id = VIEW("c"), .planned_size = -1};
    const uint8_t tag[RECIPIENT_TAG_BYTES] = {1};
    const struct tally_message message = {
            .ev = &ev, .recipient_tag = tag, .phone = VIEW("+8613800138000")};
    struct chunk_counted counted;
    CU_ASSERT_EQUAL_FATAL(chunk_count(&chunk, &usual, &message, true, &counted), ERR_NONE);
    const uint64_t number = 8613800138000;
    const char *page = (const char *)chunk.numbers.pages[0];
    const size_t page_bytes = NUMBER_PAGE_LISTS * NUMBERS_KEPT * sizeof number; // at least
    ASSURE(page != NULL);
    CU_ASSERT_PTR_NOT_NULL(memmem(page, page_bytes, &number, sizeof number));
    chunk_start(&chunk, 1, CHUNK_OFFSETS);
    CU_ASSERT_PTR_NULL(memmem(page, page_bytes, &number, sizeof number));
    CU_ASSERT_EQUAL(chunk.numbers.list_count, 0);
    CU_ASSERT_EQUAL(chunk.met->count, 0);
    chunk_fini(&chunk);
}

// T7: no number is in a frame, neither as text nor as an integer.
static void test_no_number_leaves(void)
{
    struct stage stage;
    stage_init(&stage, &usual);
    stage_open(&stage, 0, 0);
    const struct message message = to_phone("c", "+8613800138000");
    for (int64_t i = 0; i < 3; i++) {
        stage_count(&stage, i, &message);
    }
    struct arena *arena = arena_create(SIZE_MAX);
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    struct strbuf text;
    strbuf_init(&text, FRAME_MAX_BYTES);
    CU_ASSERT_EQUAL(frame_encode(&text, stage_flush(&stage), arena), ERR_NONE);
    frame_add_json(&text, stage_flush(&stage));
    const uint64_t number = 8613800138000;
    char varint[10];
    size_t n = 0;
    for (uint64_t rest = number; rest != 0; rest >>= 7) {
        varint[n++] = (char)(rest & 127u);
    }
    CU_ASSERT_PTR_NULL(memmem(text.p, text.n, "3800138000", 10));
    CU_ASSERT_PTR_NULL(memmem(text.p, text.n, &number, 5));
    for (size_t at = 0; at + n <= text.n; at++) {
        size_t same = 0;
        while (same < n && (text.p[at + same] & 127) == varint[same]) {
            same++;
        }
        CU_ASSERT_TRUE(same < n);
    }
    strbuf_fini(&text);
    arena_destroy(arena);
    stage_fini(&stage);
}

// The words and their order are pinned: frames carry signals by number.
static void test_names(void)
{
    static const char *const order[SIGNAL_COUNT] = {"walking", "same_block", "repeated",
            "closed_recently", "loan_named", "misread", "mixed_lenders"};
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        unit_check_text("signal", signal_names[signal], order[signal]);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"each_signal", test_each_signal},
            {"scopes_of_comparison", test_scopes_of_comparison},
            {"other_recipients", test_other_recipients},
            {"misread", test_misread},
            {"mixed_lenders", test_mixed_lenders},
            {"split_by_channel", test_split_by_channel},
            {"split_bits", test_split_bits},
            {"watched", test_watched},
            {"planned_size", test_planned_size},
            {"chunk_border", test_chunk_border},
            {"judged_again", test_judged_again},
            {"overflow", test_overflow},
            {"chunk_forgets", test_chunk_forgets},
            {"no_number_leaves", test_no_number_leaves},
            {"names", test_names},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "signals", tests);
}
