// The queue of messages that may have to be taken back: when they are asked about, what a commit's
// text tells of them, and, over random days, that it never loses what a simple model keeps.
#include "recheck/recheck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame_log.h"
#include "unit.h"

#define WALL INT64_C(1763769600000)

static struct mono_time at(int64_t ms)
{
    return (struct mono_time){ms * 1000000};
}

static struct recheck *make(uint32_t ceiling)
{
    struct recheck *recheck = NULL;
    CU_ASSERT_EQUAL_FATAL(recheck_create(&recheck, ceiling), ERR_NONE);
    return recheck;
}

static int64_t open_with(struct recheck *recheck, int32_t partition, const char *text, int64_t at)
{
    int64_t from = -1;
    bool is_odd = true;
    CU_ASSERT_EQUAL_FATAL(
            recheck_open(recheck, partition, view_of(text), at, &from, &is_odd), ERR_NONE);
    CU_ASSERT_FALSE(is_odd);
    return from;
}

static void add(struct recheck *recheck, int32_t partition, int64_t offset, int64_t ms)
{
    char id[32];
    snprintf(id, sizeof id, "m%lld", (long long)offset);
    const struct recheck_message message = {
            .ev = {.message_id = view_of(id),
                    .tenant_id = VIEW("t"),
                    .campaign_id = VIEW("kept"),
                    .borrower_id = VIEW("gone")},
            .recipient = {RECIPIENT_PHONE, VIEW("+8613800138000")},
            .partition = partition,
            .offset = offset,
            .hold_ends_at_ms = WALL + 100000,
    };
    CU_ASSERT_EQUAL(recheck_meet(recheck, partition, offset), SAID_NOTHING);
    CU_ASSERT_EQUAL_FATAL(recheck_add(recheck, &message, at(ms), false), ERR_NONE);
}

// The one message that is due, or NULL.
static struct recheck_item *take(struct recheck *recheck, int64_t ms)
{
    struct recheck_item *items[2];
    bool has_due = recheck_has_due(recheck, at(ms));
    size_t count = recheck_take_due(recheck, at(ms), items, 2);
    CU_ASSERT_TRUE_FATAL(count <= 1);
    CU_ASSERT_EQUAL(has_due, count == 1);
    return count == 1 ? items[0] : NULL;
}

static void again(struct recheck *recheck, struct recheck_item *item, bool is_known, int64_t ms)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(item);
    recheck_again(recheck, item, is_known, at(ms), (struct wall_time){WALL + ms});
}

static const char *text_of(struct recheck *recheck, int32_t partition, int64_t settled)
{
    uint64_t version;
    return recheck_text(recheck, partition, settled, &version);
}

static void check_text(struct recheck *recheck, int64_t settled, int64_t oldest, const char *runs)
{
    char expected[100];
    snprintf(expected, sizeof expected, "recheck=%lld said=%s crc=", (long long)oldest, runs);
    const char *text = text_of(recheck, 0, settled);
    if (strncmp(text, expected, strlen(expected)) != 0) {
        printf("expected %s…, got %s\n", expected, text);
        CU_FAIL("text");
    }
}

static void test_due(void)
{
    struct recheck *recheck = make(10);
    CU_ASSERT_EQUAL(open_with(recheck, 0, "", 50), 50);
    add(recheck, 0, 60, 0);
    CU_ASSERT_TRUE(recheck_has_waiting(recheck, 0));
    CU_ASSERT_FALSE(recheck_has_waiting(recheck, 1));
    static const int64_t due_ms[] = {1000, 5000, 30000};
    for (size_t i = 0; i < 3; i++) {
        CU_ASSERT_PTR_NULL(take(recheck, due_ms[i] - 1));
        struct recheck_item *item = take(recheck, due_ms[i]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(item);
        const struct recheck_message *message = recheck_message_of(item);
        CU_ASSERT_TRUE(view_is(message->ev.message_id, "m60"));
        CU_ASSERT_TRUE(view_is(message->ev.tenant_id, "t"));
        CU_ASSERT_TRUE(view_is(message->recipient.canonical, "+8613800138000"));
        CU_ASSERT_TRUE(view_is_none(message->ev.borrower_id));
        CU_ASSERT_TRUE(view_is(message->ev.campaign_id, "kept"));
        CU_ASSERT_TRUE(view_is_none(message->ev.loan_id));
        again(recheck, item, true, due_ms[i]);
    }
    CU_ASSERT_EQUAL(recheck_open_count(recheck), 0);
    CU_ASSERT_FALSE(recheck_has_waiting(recheck, 0));
    unit_check_text("text", text_of(recheck, 0, 70), "");
    CU_ASSERT_EQUAL(recheck_counts(recheck)->given_up, 0);
    recheck_destroy(recheck);
}

// What is kept of a message is its own: where it came from is overwritten.
static void test_keeps_its_views(void)
{
    static const char source[] = "0123456789abcd";
    char text[sizeof source];
    memcpy(text, source, sizeof text);
    struct recheck_message message = {
            .ev = {.recipient = view_bytes(text + 12, 1), .borrower_id = view_bytes(text + 13, 1)},
            .recipient = {RECIPIENT_PHONE, view_bytes(text, 3)},
            .hold_ends_at_ms = WALL};
    struct event *ev = &message.ev;
    struct view *const kept[] = {&ev->message_id, &ev->channel, &ev->purpose, &ev->tenant_id,
            &ev->campaign_id, &ev->template_id, &ev->sender_id, &ev->vendor_id, &ev->loan_id,
            &ev->recipient_zone, &ev->traceparent, &ev->tracestate};
    enum { KEPT = sizeof kept / sizeof *kept };
    for (size_t i = 0; i < KEPT; i++) {
        *kept[i] = view_bytes(text + i, 1 + i % 2);
    }
    struct recheck *recheck = make(1);
    (void)open_with(recheck, 0, "", 0);
    CU_ASSERT_EQUAL_FATAL(recheck_add(recheck, &message, at(0), true), ERR_NONE);
    memset(text, '!', sizeof text);
    struct recheck_item *item = take(recheck, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(item);
    const struct recheck_message *found = recheck_message_of(item);
    const char *base = (const char *)&message;
    for (size_t i = 0; i < KEPT; i++) {
        struct view view;
        memcpy(&view, (const char *)found + ((const char *)kept[i] - base), sizeof view);
        CU_ASSERT_TRUE(view_equal(view, view_bytes(source + i, 1 + i % 2)));
    }
    CU_ASSERT_TRUE(view_is(found->recipient.canonical, "012"));
    CU_ASSERT_TRUE(view_is_none(found->ev.recipient));
    CU_ASSERT_TRUE(view_is_none(found->ev.borrower_id));
    recheck_destroy(recheck);
}

// Without an answer to be believed the questions go on, until the hold has run out.
static void test_unanswered(void)
{
    struct recheck *recheck = make(10);
    (void)open_with(recheck, 0, "", 0);
    add(recheck, 0, 1, 0);
    static const int64_t due_ms[] = {1000, 5000, 30000, 60000, 90000};
    for (size_t i = 0; i < 5; i++) {
        CU_ASSERT_PTR_NULL(take(recheck, due_ms[i] - 1));
        again(recheck, take(recheck, due_ms[i]), false, due_ms[i]);
    }
    CU_ASSERT_EQUAL(recheck_counts(recheck)->given_up, 0);
    again(recheck, take(recheck, 120000), false, 120000);
    CU_ASSERT_EQUAL(recheck_counts(recheck)->given_up, 1);
    CU_ASSERT_EQUAL(recheck_open_count(recheck), 0);
    add(recheck, 0, 2, 0);
    again(recheck, take(recheck, 1000), false, 1000);
    again(recheck, take(recheck, 5000), false, 5000);
    again(recheck, take(recheck, 30000), false, 30000);
    again(recheck, take(recheck, 60000), true, 60000); // an answer, the last one
    CU_ASSERT_EQUAL(recheck_open_count(recheck), 0);
    CU_ASSERT_EQUAL(recheck_counts(recheck)->given_up, 1);
    recheck_destroy(recheck);
}

// R1, R2
static void test_texts(void)
{
    struct recheck *recheck = make(10);
    (void)open_with(recheck, 0, "", 4096);
    uint64_t before;
    uint64_t after;
    (void)recheck_text(recheck, 0, 4096, &before);
    CU_ASSERT_FALSE(recheck_has_news(recheck));
    add(recheck, 0, 4100, 0);
    CU_ASSERT_TRUE(recheck_has_news(recheck));
    add(recheck, 0, 4102, 500);
    (void)recheck_text(recheck, 0, 4096, &after);
    CU_ASSERT_FALSE(recheck_has_news(recheck));
    CU_ASSERT_TRUE(after > before);
    check_text(recheck, 4096, 4100, "4102.AABA");
    (void)recheck_text(recheck, 0, 4200, &before);
    CU_ASSERT_EQUAL(before, after);

    recheck_clear(recheck, take(recheck, 1000), 7);
    recheck_settle(recheck, 0, 6, 4200);
    check_text(recheck, 4200, 4100, "4102.AABA"); // told, but not acknowledged
    recheck_settle(recheck, 0, 7, 4200);
    check_text(recheck, 4200, 4102, "4102.AABA"); // its chunk is still open
    recheck_settle(recheck, 0, 8, 8191);
    check_text(recheck, 8191, 4102, "4102.AABA");
    recheck_settle(recheck, 0, 9, 8192);
    check_text(recheck, 8192, 4102, "4102.AA");
    recheck_clear(recheck, take(recheck, 1500), 10);
    CU_ASSERT_FALSE(recheck_has_waiting(recheck, 0));
    recheck_settle(recheck, 0, 10, 8192);
    unit_check_text("text", text_of(recheck, 0, 8192), "");
    CU_ASSERT_EQUAL(recheck_open_count(recheck), 0);
    CU_ASSERT_EQUAL(recheck_counts(recheck)->cleared, 2);
    recheck_destroy(recheck);
}

// R2: whoever comes next goes back to the oldest, is told what was said, and tells it on until it
// has met it.
static void test_resume(void)
{
    struct recheck *first = make(10);
    (void)open_with(first, 0, "", 10000);
    add(first, 0, 10001, 0);
    add(first, 0, 10002, 0);
    add(first, 0, 14000, 0);
    char text[200];
    snprintf(text, sizeof text, "%s", text_of(first, 0, 12300));
    recheck_destroy(first);

    struct recheck *second = make(10);
    CU_ASSERT_EQUAL(open_with(second, 0, text, 12300), 10001);
    unit_check_text("told on", text_of(second, 0, 12300), text);
    CU_ASSERT_EQUAL(recheck_meet(second, 0, 10000), SAID_NOTHING);
    CU_ASSERT_EQUAL(recheck_meet(second, 0, 10001), SAID_NO_RECORD);
    check_text(second, 12300, 10002, "14000.AA98DA");
    add(second, 0, 10005, 0);
    check_text(second, 12300, 10005, "14000.AA68DA");
    CU_ASSERT_EQUAL(recheck_meet(second, 0, 12299), SAID_NOTHING);
    CU_ASSERT_EQUAL(recheck_meet(second, 0, 14000), SAID_NO_RECORD);
    check_text(second, 14100, 10005, "10005.AA");
    recheck_destroy(second);
}

// Everything becomes what was said of it: what waits, what was told and is not acknowledged, and what
// is still to be met.
static void test_rewind(void)
{
    struct recheck *recheck = make(10);
    (void)open_with(recheck, 0, "", 0);
    add(recheck, 0, 10, 0);
    add(recheck, 0, 11, 100);
    add(recheck, 0, 20, 200);
    recheck_clear(recheck, take(recheck, 1000), 1);
    int64_t from;
    CU_ASSERT_EQUAL(recheck_rewind(recheck, 0, 15, &from), ERR_NONE);
    CU_ASSERT_EQUAL(from, 10);
    CU_ASSERT_EQUAL(recheck_open_count(recheck), 0);
    CU_ASSERT_FALSE(recheck_has_due(recheck, at(100000)));
    check_text(recheck, 15, 10, "20.AAIE");
    CU_ASSERT_EQUAL(recheck_meet(recheck, 0, 10), SAID_NO_RECORD);
    add(recheck, 0, 12, 1000); // met 11 on the way without a word: it is no longer there
    CU_ASSERT_EQUAL(recheck_rewind(recheck, 0, 16, &from), ERR_NONE);
    CU_ASSERT_EQUAL(from, 12);
    CU_ASSERT_EQUAL(recheck_meet(recheck, 0, 12), SAID_NO_RECORD);
    CU_ASSERT_EQUAL(recheck_meet(recheck, 0, 20), SAID_NO_RECORD);
    recheck_destroy(recheck);
}

static void test_too_old(void)
{
    struct recheck *recheck = make(10);
    (void)open_with(recheck, 0, "", 0);
    add(recheck, 0, 10, 0);
    add(recheck, 0, 11, 0);
    add(recheck, 0, 40000, 0);
    char text[200];
    snprintf(text, sizeof text, "%s", text_of(recheck, 0, 41000));
    CU_ASSERT_EQUAL(open_with(recheck, 0, text, 10 + RECHECK_BACK_OFFSETS), 10);
    CU_ASSERT_EQUAL(recheck_counts(recheck)->given_up, 0);
    CU_ASSERT_EQUAL(open_with(recheck, 0, text, 11 + RECHECK_BACK_OFFSETS), 11);
    CU_ASSERT_EQUAL(recheck_counts(recheck)->given_up, 1);
    CU_ASSERT_EQUAL(open_with(recheck, 0, text, 100000), 100000 - RECHECK_BACK_OFFSETS);
    CU_ASSERT_EQUAL(recheck_counts(recheck)->given_up, 3);
    CU_ASSERT_EQUAL(recheck_meet(recheck, 0, 40000), SAID_NO_RECORD);
    // A commit in front of what waits: nothing to go back to.
    CU_ASSERT_EQUAL(open_with(recheck, 0, text, 5), 5);
    CU_ASSERT_EQUAL(recheck_meet(recheck, 0, 11), SAID_NO_RECORD);
    recheck_destroy(recheck);
}

static void test_odd_text(void)
{
    struct recheck *recheck = make(10);
    int64_t from = -1;
    bool is_odd = false;
    CU_ASSERT_EQUAL(recheck_open(recheck, 3, VIEW("somebody's"), 70, &from, &is_odd), ERR_NONE);
    CU_ASSERT_TRUE(is_odd);
    CU_ASSERT_EQUAL(from, 70);
    CU_ASSERT_EQUAL(recheck_meet(recheck, 3, 70), SAID_NOTHING);
    CU_ASSERT_EQUAL(recheck_open(recheck, 4096, VIEW_NONE, 0, &from, &is_odd), ERR_CEILING);
    CU_ASSERT_EQUAL(recheck_open(recheck, -1, VIEW_NONE, 0, &from, &is_odd), ERR_CEILING);
    recheck_destroy(recheck);
}

// R4
static void test_ceiling(void)
{
    struct recheck *recheck = make(2);
    (void)open_with(recheck, 0, "", 0);
    (void)open_with(recheck, 1, "", 0);
    add(recheck, 0, 1, 0);
    add(recheck, 1, 1, 0);
    add(recheck, 1, 2, 0);
    CU_ASSERT_EQUAL(recheck_open_count(recheck), 2);
    CU_ASSERT_EQUAL(recheck_counts(recheck)->given_up, 1);
    recheck_close(recheck, 1);
    recheck_close(recheck, 7);
    CU_ASSERT_EQUAL(recheck_open_count(recheck), 1);
    CU_ASSERT_FALSE(recheck_has_waiting(recheck, 1));
    add(recheck, 0, 3, 0);
    CU_ASSERT_EQUAL(recheck_open_count(recheck), 2);
    recheck_destroy(recheck);
    recheck = make(0);
    (void)open_with(recheck, 0, "", 0);
    add(recheck, 0, 1, 0);
    CU_ASSERT_EQUAL(recheck_counts(recheck)->given_up, 1);
    recheck_destroy(recheck);
}

// --- random days ---------------------------------------------------------------------------------

enum { DAYS = 200, STEPS = 300, KEPT_MAX = 4096 };

enum model_state { GONE, WAITING, TOLD, CLEARED };

struct model_message {
    int64_t offset;
    enum model_state state;
    unsigned tries;
    int64_t judged_ms;
    int64_t due_ms;
    uint64_t serial;
};

struct day {
    uint64_t seed;
    struct recheck *recheck;
    struct model_message kept[KEPT_MAX];
    size_t count;
    int64_t next_offset;
    int64_t settled;
    uint64_t serial;
    int64_t now_ms;
};

static uint32_t below(struct day *day, uint32_t end)
{
    return test_random_below(&day->seed, end);
}

static struct model_message *model_find(struct day *day, int64_t offset)
{
    for (size_t i = 0; i < day->count; i++) {
        if (day->kept[i].offset == offset && day->kept[i].state != GONE) {
            return &day->kept[i];
        }
    }
    return NULL;
}

static void day_add(struct day *day)
{
    static const uint32_t steps[] = {1, 1, 3, 2000};
    day->next_offset += 1 + below(day, steps[below(day, 4)]);
    if (day->count < KEPT_MAX) {
        add(day->recheck, 0, day->next_offset, day->now_ms);
        day->kept[day->count++] = (struct model_message){.offset = day->next_offset,
                .state = WAITING,
                .judged_ms = day->now_ms,
                .due_ms = day->now_ms + 1000};
    }
}

static void day_answer(struct day *day, struct recheck_item *item)
{
    static const int64_t due_ms[] = {1000, 5000, 30000};
    struct model_message *model = model_find(day, recheck_message_of(item)->offset);
    if (model == NULL || model->state != WAITING) {
        CU_FAIL_FATAL("not waiting");
        return;
    }
    CU_ASSERT_TRUE(model->due_ms <= day->now_ms);
    uint32_t answer = below(day, 3);
    if (answer == 0) {
        recheck_clear(day->recheck, item, day->serial);
        model->state = TOLD;
        model->serial = day->serial;
        return;
    }
    recheck_again(day->recheck, item, answer == 1, at(day->now_ms), (struct wall_time){WALL});
    if (model->tries < 2) {
        model->due_ms = model->judged_ms + due_ms[++model->tries];
    } else if (answer == 2) {
        model->due_ms = day->now_ms + 30000;
    } else {
        model->state = GONE;
    }
}

static void day_ask(struct day *day)
{
    enum { CAPACITY = 7 };
    struct recheck_item *items[CAPACITY];
    day->now_ms += below(day, 3) == 0 ? below(day, 20000) : below(day, 700);
    size_t count = recheck_take_due(day->recheck, at(day->now_ms), items, CAPACITY);
    size_t due = 0;
    for (size_t i = 0; i < day->count; i++) {
        due += day->kept[i].state == WAITING && day->kept[i].due_ms <= day->now_ms;
    }
    CU_ASSERT_EQUAL(count, due < CAPACITY ? due : CAPACITY);
    day->serial++;
    for (size_t i = 0; i < count; i++) {
        day_answer(day, items[i]);
    }
}

static void day_settle(struct day *day)
{
    uint64_t serial = day->serial - below(day, 3);
    day->settled += below(day, (uint32_t)(day->next_offset - day->settled + 1));
    recheck_settle(day->recheck, 0, serial, day->settled);
    for (size_t i = 0; i < day->count; i++) {
        struct model_message *model = &day->kept[i];
        if (model->state == TOLD && model->serial <= serial) {
            model->state = CLEARED;
        }
        if (model->state == CLEARED && model->offset < day->settled >> CHUNK_BITS << CHUNK_BITS) {
            model->state = GONE;
        }
    }
}

// All that was said is met again, and some of it added.
static void day_meet_again(struct day *day, int64_t from)
{
    CU_ASSERT_TRUE(from <= day->settled);
    for (size_t i = 0; i < day->count; i++) {
        struct model_message *model = &day->kept[i];
        if (model->state == GONE) {
            continue;
        }
        CU_ASSERT_TRUE(model->offset >= from || model->state == CLEARED);
        if (below(day, 2) == 0) {
            CU_ASSERT_EQUAL(recheck_meet(day->recheck, 0, model->offset), SAID_NO_RECORD);
            const struct recheck_message message = {.offset = model->offset,
                    .recipient = {RECIPIENT_PHONE, VIEW("x")},
                    .hold_ends_at_ms = WALL + 1};
            CU_ASSERT_EQUAL(recheck_add(day->recheck, &message, at(day->now_ms), false), ERR_NONE);
            *model = (struct model_message){.offset = model->offset,
                    .state = WAITING,
                    .judged_ms = day->now_ms,
                    .due_ms = day->now_ms + 1000};
        } else {
            CU_ASSERT_EQUAL(recheck_meet(day->recheck, 0, model->offset), SAID_NO_RECORD);
            model->state = GONE;
        }
    }
    (void)recheck_meet(day->recheck, 0, day->next_offset);
}

static void day_rewind(struct day *day)
{
    int64_t from;
    CU_ASSERT_EQUAL_FATAL(recheck_rewind(day->recheck, 0, day->settled, &from), ERR_NONE);
    day_meet_again(day, from);
}

static void day_restart(struct day *day)
{
    char text[SAID_TEXT_BYTES + 1];
    snprintf(text, sizeof text, "%s", text_of(day->recheck, 0, day->settled));
    recheck_destroy(day->recheck);
    day->recheck = make(1000000);
    day_meet_again(day, open_with(day->recheck, 0, text, day->settled));
}

// The text tells what the model has.
static void day_check(struct day *day)
{
    struct said said = {0};
    int64_t oldest = -1;
    const char *text = text_of(day->recheck, 0, day->settled);
    if (text[0] != '\0') {
        CU_ASSERT_EQUAL_FATAL(said_read(&said, view_of(text), &oldest), ERR_NONE);
    }
    int64_t expected_oldest = -1;
    size_t count = 0;
    for (size_t i = 0; i < day->count; i++) {
        struct model_message *model = &day->kept[i];
        if (model->state == GONE) {
            continue;
        }
        CU_ASSERT_EQUAL(said_meet(&said, model->offset), SAID_NO_RECORD);
        count++;
        if (expected_oldest < 0 && model->state != CLEARED) {
            expected_oldest = model->offset;
        }
    }
    CU_ASSERT_EQUAL(said_first(&said), -1);
    CU_ASSERT_EQUAL(oldest, expected_oldest);
    CU_ASSERT_EQUAL(recheck_open_count(day->recheck), count);
    said_fini(&said);
}

static void day_live(struct day *day)
{
    for (unsigned step = 0; step < STEPS; step++) {
        uint32_t what = below(day, 40);
        if (what < 15) {
            day_add(day);
        } else if (what < 30) {
            day_ask(day);
        } else if (what < 38) {
            day_settle(day);
        } else if (what == 38) {
            day_rewind(day);
        } else {
            day_restart(day);
        }
        // What is further back than a text tells is another test's.
        if (day->next_offset - day->settled < RECHECK_BACK_OFFSETS / 2) {
            day_check(day);
        }
    }
}

static void test_random_days(void)
{
    struct day *day = malloc(sizeof *day);
    if (day == NULL) {
        CU_FAIL_FATAL("no memory");
        return;
    }
    for (unsigned i = 0; i < DAYS; i++) {
        *day = (struct day){.seed = i + 1, .next_offset = 5000, .settled = 5000};
        day->recheck = make(1000000);
        (void)open_with(day->recheck, 0, "", 5000);
        day_live(day);
        recheck_destroy(day->recheck);
    }
    free(day);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"due", test_due},
            {"keeps_its_views", test_keeps_its_views},
            {"unanswered", test_unanswered},
            {"texts", test_texts},
            {"resume", test_resume},
            {"rewind", test_rewind},
            {"too_old", test_too_old},
            {"odd_text", test_odd_text},
            {"ceiling", test_ceiling},
            {"random_days", test_random_days},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "recheck", tests);
}
