// decide: how many people an incident is about (impact.distinct_recipients).
#include "decide/decide.h"

#include <string.h>

#include "common/archive.h"
#include "common/strbuf.h"
#include "decide_bench.h"
#include "unit.h"

enum { ENTRIES_MAX = 400, STATE_BYTES = 1 << 20 };

static const struct path in_a = {.campaign = "a", .vendor = "v"};
static const struct path in_b = {.campaign = "b", .vendor = "v"};

// A frame of `count` misdirected messages, each to somebody else: those of the serials from `serial` on.
struct crowd {
    struct frame_entry frame_entries[ENTRIES_MAX];
    struct delta_entry entries[ENTRIES_MAX];
};

static void crowd_delta(struct crowd *crowd, struct decide_bench *b, const struct path *path,
        uint64_t serial, uint32_t count, bool held)
{
    CU_ASSERT_TRUE_FATAL(count <= ENTRIES_MAX);
    decide_bench_delta(b, path, count, held);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t tag = decide_bench_tag(serial + i);
        crowd->frame_entries[i] = b->entry;
        memcpy(crowd->frame_entries[i].tag, &tag, sizeof tag);
        crowd->entries[i] = b->delta_entry;
        crowd->entries[i].entry = &crowd->frame_entries[i];
        crowd->entries[i].serial = serial + i;
    }
    b->delta.entries = crowd->entries;
    b->delta.entry_count = count;
}

static const struct alert_action *last_alert(const struct decide_bench *b)
{
    unsigned at = b->taken_count;
    while (at > 1 && b->taken[at - 1].is_command) {
        at--;
    }
    CU_ASSERT_FATAL(at > 0 && !b->taken[at - 1].is_command);
    return &b->taken[at > 0 ? at - 1 : 0].alert;
}

static bool is_about(uint64_t people, uint64_t truth)
{
    return people * 100 >= truth * 85 && people * 100 <= truth * 115;
}

static void raise(struct decide_bench *b, enum scope_kind kind, enum tier tier,
        const struct evidence *evidence)
{
    const struct decision_taker taker = decide_bench_taker(b);
    struct hearing hearing;
    decide_hear(b->decide, &b->delta, decide_bench_row(b, kind), evidence, &taker, &hearing);
    CU_ASSERT_EQUAL_FATAL(decide_raise(b->decide, &hearing, tier), ERR_NONE);
}

// Goes on with what a snapshot of it says.
static void restore(struct decide_bench *b)
{
    const struct decide_options options = {&b->policy, "test-1", 10, DECIDE_MAX_AGE_MS};
    struct decide *other;
    CU_ASSERT_EQUAL_FATAL(decide_create(&other, &options, b->scopes, b->recent), ERR_NONE);
    struct strbuf state;
    strbuf_init(&state, STATE_BYTES);
    struct archive writer = archive_writer(&state);
    decide_archive(&writer, b->decide);
    CU_ASSERT_EQUAL_FATAL(archive_end(&writer), ERR_NONE);
    struct archive reader = archive_reader(strbuf_view(&state));
    decide_archive(&reader, other);
    CU_ASSERT_EQUAL_FATAL(archive_end(&reader), ERR_NONE);
    strbuf_fini(&state);
    decide_destroy(b->decide);
    b->decide = other;
}

// What came up to the alarm: of the messages before its frame no more than 64 are remembered.
static void test_up_to_the_alarm(void)
{
    static const struct {
        unsigned before; // messages of earlier frames, behind the change point
        uint32_t frame;  // those of the frame of the alarm
        uint64_t people; // that are told
        bool are_more;
    } rows[] = {
            {10, 1, 11, false},
            {63, 1, 64, false},
            {0, 347, 347, false},
            {50, 297, 297, true}, // the 50 are forgotten
            {299, 1, 64, true},
            {200, 30, 64, true},
    };
    static struct crowd crowd;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        uint32_t all = rows[i].before + rows[i].frame;
        for (uint32_t n = 0; n < all; n++) {
            decide_bench_meet(&b, &in_a, REASON_NO_RECORD);
        }
        crowd_delta(&crowd, &b, &in_a, rows[i].before, rows[i].frame, false);
        const struct evidence evidence = decide_bench_evidence(all);
        raise(&b, SCOPE_CAMPAIGN, TIER_ALERT, &evidence);
        const struct impact *impact = &last_alert(&b)->impact;
        CU_ASSERT_EQUAL(impact->escaped, all);
        CU_ASSERT_EQUAL(impact->distinct_is_lower_bound, rows[i].are_more);
        CU_ASSERT_TRUE(is_about(impact->distinct_recipients, rows[i].people));
        restore(&b);
        b.log_time_ms += b.policy.update_interval_ms;
        decide_bench_follow(&b, &in_a, 10 * all, false, false);
        CU_ASSERT_EQUAL(last_alert(&b)->kind, ALERT_INCIDENT_UPDATED);
        CU_ASSERT_EQUAL(last_alert(&b)->impact.distinct_is_lower_bound, rows[i].are_more);
        decide_bench_fini(&b);
    }
}

// Nobody of before the change point, of another campaign, or whom the scope has met.
static void test_only_its_own(void)
{
    static struct crowd crowd;
    struct decide_bench b;
    decide_bench_init(&b, 10);
    for (unsigned n = 0; n < 60; n++) {
        decide_bench_meet(&b, &in_a, REASON_NO_RECORD);
    }
    crowd_delta(&crowd, &b, &in_a, 0, 360, false);
    for (uint32_t i = 60; i < 160; i++) {
        crowd.entries[i].scopes[SCOPE_CAMPAIGN] = decide_bench_scope(&b, SCOPE_CAMPAIGN, "b");
    }
    for (uint32_t i = 160; i < 260; i++) {
        crowd.entries[i].uses[SCOPE_CAMPAIGN] = ENTRY_REPEATED;
    }
    for (uint32_t i = 260; i < 360; i++) {
        crowd.entries[i].uses[SCOPE_CAMPAIGN] = ENTRY_UNUSED;
    }
    struct evidence evidence = decide_bench_evidence(200); // so that messages are no ceiling
    evidence.start_serial = 30;
    raise(&b, SCOPE_CAMPAIGN, TIER_ALERT, &evidence);
    CU_ASSERT_TRUE(is_about(last_alert(&b)->impact.distinct_recipients, 30));
    decide_bench_fini(&b);
}

// What was counted one by one since the incident was opened lacks nobody, however many they are.
static void test_escalated(void)
{
    static struct crowd crowd;
    struct decide_bench b;
    decide_bench_init(&b, 10);
    for (unsigned n = 0; n < 310; n++) {
        decide_bench_meet(&b, &in_a, REASON_NO_RECORD);
        if (n == 9) {
            crowd_delta(&crowd, &b, &in_a, 9, 1, false);
            const struct evidence evidence = decide_bench_evidence(10);
            raise(&b, SCOPE_CAMPAIGN, TIER_NOTICE, &evidence);
        }
    }
    crowd_delta(&crowd, &b, &in_a, 10, 300, false);
    for (uint32_t i = 0; i < 100; i++) { // two each, so that messages are no ceiling
        crowd.frame_entries[i] = crowd.frame_entries[i + 100];
    }
    decide_count(b.decide, &b.delta);
    crowd_delta(&crowd, &b, &in_a, 309, 1, false);
    const struct evidence evidence = decide_bench_evidence(310);
    raise(&b, SCOPE_CAMPAIGN, TIER_ALERT, &evidence);
    CU_ASSERT_EQUAL(last_alert(&b)->kind, ALERT_INCIDENT_ESCALATED);
    CU_ASSERT_EQUAL(last_alert(&b)->impact.escaped, 310);
    CU_ASSERT_TRUE(is_about(last_alert(&b)->impact.distinct_recipients, 210));
    CU_ASSERT_FALSE(last_alert(&b)->impact.distinct_is_lower_bound);
    decide_bench_fini(&b);
}

// A person is counted by the incidents that count the message: not by a vendor's, of what a campaign's
// hold has held in an incident of its own; and by a campaign's, of any of its campaigns.
static void test_beside(void)
{
    static struct crowd crowd;
    struct decide_bench b;
    decide_bench_init(&b, 10);
    decide_bench_meet_all(&b, "bcdefghi");
    const struct evidence wide = decide_bench_evidence(8);
    decide_bench_raise(&b, &in_b, SCOPE_VENDOR, TIER_ALERT, &wide);
    for (unsigned n = 0; n < 20; n++) {
        decide_bench_meet(&b, &in_a, REASON_NO_RECORD); // more than half: an incident of its own
    }
    const struct evidence narrow = decide_bench_evidence(20);
    decide_bench_raise(&b, &in_a, SCOPE_CAMPAIGN, TIER_QUARANTINE, &narrow);
    CU_ASSERT_EQUAL_FATAL(decide_open_incidents(b.decide), 2);
    b.log_time_ms += b.policy.update_interval_ms;
    const struct decision_taker taker = decide_bench_taker(&b);
    crowd_delta(&crowd, &b, &in_a, 1000, 300, true); // held
    decide_count(b.decide, &b.delta);
    CU_ASSERT_EQUAL(
            decide_follow(b.decide, &b.delta, decide_bench_row(&b, SCOPE_CAMPAIGN), false, &taker),
            ERR_NONE);
    CU_ASSERT_EQUAL(last_alert(&b)->impact.held, 300);
    CU_ASSERT_TRUE(is_about(last_alert(&b)->impact.distinct_recipients, 320));
    crowd_delta(&crowd, &b, &in_b, 2000, 100, false); // of the vendor's
    decide_count(b.decide, &b.delta);
    CU_ASSERT_EQUAL(
            decide_follow(b.decide, &b.delta, decide_bench_row(&b, SCOPE_VENDOR), false, &taker),
            ERR_NONE);
    CU_ASSERT_EQUAL(last_alert(&b)->scope.kind, SCOPE_VENDOR);
    CU_ASSERT_EQUAL(last_alert(&b)->impact.escaped, 108);
    CU_ASSERT_EQUAL(last_alert(&b)->impact.held, 0);
    CU_ASSERT_TRUE(is_about(last_alert(&b)->impact.distinct_recipients, 108));
    decide_bench_fini(&b);
}

// ... and by one incident, of every campaign that was one event with the one that it is counted by.
static void test_siblings(void)
{
    static struct crowd crowd;
    struct decide_bench b;
    decide_bench_init(&b, 10);
    decide_bench_meet_all(&b, "aaaaaabbb");
    const struct evidence evidence = decide_bench_evidence(9);
    decide_bench_raise(&b, &in_a, SCOPE_VENDOR, TIER_NOTICE, &evidence);
    CU_ASSERT_EQUAL_FATAL(decide_open_incidents(b.decide), 1);
    b.log_time_ms += b.policy.update_interval_ms;
    crowd_delta(&crowd, &b, &in_b, 1000, 200, false);
    decide_count(b.decide, &b.delta);
    const struct decision_taker taker = decide_bench_taker(&b);
    decide_bench_delta(&b, &in_a, 1, false);
    CU_ASSERT_EQUAL(
            decide_follow(b.decide, &b.delta, decide_bench_row(&b, SCOPE_CAMPAIGN), false, &taker),
            ERR_NONE);
    CU_ASSERT_EQUAL(last_alert(&b)->impact.escaped, 209);
    CU_ASSERT_TRUE(is_about(last_alert(&b)->impact.distinct_recipients, 209));
    decide_bench_fini(&b);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"up_to_the_alarm", test_up_to_the_alarm},
            {"only_its_own", test_only_its_own},
            {"escalated", test_escalated},
            {"beside", test_beside},
            {"siblings", test_siblings},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "decide_people", tests);
}
