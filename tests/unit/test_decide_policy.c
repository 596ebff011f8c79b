// decide: another policy in the midst of the log. What was held in monitor mode is sent once it is to be
// enforced; what was sent stays sent to its end.
#include "decide/decide.h"

#include <stdio.h>
#include <string.h>

#include "control_bench.h"
#include "decide/hold_cap.h"
#include "decide_bench.h"
#include "tests/support/config_text.h"
#include "unit.h"

enum { MINUTE = 60 * 1000 };

static const struct path other = {.campaign = "other"};

static void raise(struct decide_bench *b, const char *campaign, enum tier tier)
{
    const struct path path = {.campaign = campaign, .vendor = campaign};
    uint64_t first = b->serial;
    for (unsigned i = 0; i < 4; i++) {
        decide_bench_meet(b, &path, REASON_NO_RECORD);
    }
    struct evidence evidence = decide_bench_evidence(4);
    evidence.start_serial = first;
    b->sequence++;
    decide_bench_raise(b, &path, SCOPE_CAMPAIGN, tier, &evidence);
}

// The next frame, what waits comes first; its sequence. `totals`: NULL, or what it says of all tenants.
static int64_t pass_with(struct decide_bench *b, int64_t ms, const struct frame_totals *totals)
{
    const struct decision_taker taker = decide_bench_taker(b);
    b->log_time_ms += ms;
    b->sequence++;
    b->taken_count = 0;
    decide_bench_delta(b, &other, 1, false);
    if (totals != NULL) {
        b->frame.has_totals = true;
        b->frame.totals = *totals;
    }
    int64_t sequence = b->delta.sequence;
    CU_ASSERT_EQUAL_FATAL(decide_watch(b->decide, &b->delta, &taker), ERR_NONE);
    decide_bench_follow(b, &other, 1, false, true);
    return sequence;
}

static int64_t pass(struct decide_bench *b, int64_t ms)
{
    return pass_with(b, ms, NULL);
}

static unsigned commands(const struct decide_bench *b, enum command_kind kind, enum mode mode)
{
    unsigned count = 0;
    for (unsigned i = 0; i < b->taken_count; i++) {
        count += b->taken[i].is_command && b->taken[i].command.kind == kind &&
                 b->taken[i].command.mode == mode;
    }
    return count;
}

static struct policy with_mode(const struct decide_bench *b, enum mode mode, uint32_t hold_cap)
{
    struct policy policy = b->policy;
    policy.mode = mode;
    policy.hold_cap = hold_cap;
    policy.scope_hold_ms = 30 * MINUTE;
    return policy;
}

static void test_monitored_holds_are_sent(void)
{
    struct decide_bench b;
    decide_bench_init_capped(&b, 100, 20);
    const struct policy monitor = with_mode(&b, MODE_MONITOR, 20);
    const struct policy enforce = with_mode(&b, MODE_ENFORCE, 2);
    decide_set_policy(b.decide, &monitor);
    raise(&b, "a", TIER_QUARANTINE);
    raise(&b, "b", TIER_QUARANTINE);
    raise(&b, "c", TIER_QUARANTINE);
    CU_ASSERT_EQUAL(commands(&b, COMMAND_HOLD, MODE_MONITOR), 3);
    (void)pass(&b, 11 * MINUTE);
    b.taken_count = 0;
    unsigned explained = b.explained_count;
    decide_change_policy(b.decide, &b.delta, &enforce);
    CU_ASSERT_EQUAL(b.taken_count, 0); // with the frames that follow
    int64_t sequence = pass(&b, 0);
    CU_ASSERT_EQUAL(commands(&b, COMMAND_HOLD, MODE_ENFORCE), 2);
    CU_ASSERT_EQUAL(b.taken[0].command.sequence, sequence);
    CU_ASSERT_EQUAL(b.taken[0].command.expires_at_ms, b.log_time_ms + 30 * MINUTE);
    CU_ASSERT_EQUAL(b.explained_count, explained); // that was done
    (void)pass(&b, MINUTE);
    CU_ASSERT_EQUAL(b.taken_count, 0);
    (void)pass(&b, 9 * MINUTE); // the cap has room
    CU_ASSERT_EQUAL(commands(&b, COMMAND_HOLD, MODE_ENFORCE), 1);
    // The end of each is told.
    (void)pass(&b, 31 * MINUTE);
    CU_ASSERT_EQUAL(commands(&b, COMMAND_EXPIRED, MODE_ENFORCE), 3);
    CU_ASSERT_EQUAL(commands(&b, COMMAND_EXPIRED, MODE_MONITOR), 0);
    decide_bench_fini(&b);
}

// Any reload asks: one that changes no mode sends nothing, nor one that takes the change back in time.
static void test_only_what_comes_to_enforce(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 100);
    const struct policy monitor = with_mode(&b, MODE_MONITOR, 20);
    const struct policy again = with_mode(&b, MODE_MONITOR, 19);
    const struct policy enforce = with_mode(&b, MODE_ENFORCE, 20);
    decide_set_policy(b.decide, &monitor);
    raise(&b, "a", TIER_QUARANTINE);
    decide_change_policy(b.decide, &b.delta, &again);
    (void)pass(&b, MINUTE);
    CU_ASSERT_EQUAL(b.taken_count, 0);
    decide_change_policy(b.decide, &b.delta, &enforce);
    decide_change_policy(b.decide, &b.delta, &again);
    (void)pass(&b, MINUTE);
    CU_ASSERT_EQUAL(b.taken_count, 0);
    (void)pass(&b, 31 * MINUTE);
    CU_ASSERT_EQUAL(commands(&b, COMMAND_EXPIRED, MODE_MONITOR), 1);
    decide_bench_fini(&b);
}

// The channel that raised it is remembered behind the hold.
static void test_modes_by_channel(void)
{
    static const char *const channels[] = {"voice", "sms", NULL};
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 100);
        char voice[] = "voice";
        struct rule rule = {.parts = RULE_PART(RULE_OF_CHANNEL) | RULE_PART(RULE_SETS_MODE),
                .names = {NULL, NULL, voice, NULL},
                .settings = {.mode = MODE_MONITOR}};
        uint16_t only = 0;
        const struct policy monitor = with_mode(&b, MODE_MONITOR, 20);
        struct policy enforce = with_mode(&b, MODE_ENFORCE, 20);
        enforce.rules = (struct rules){&rule, &only, 1, 1, rule.parts, false};
        decide_set_policy(b.decide, &monitor);
        b.channel = view_of(channels[i]);
        raise(&b, "a", TIER_QUARANTINE);
        decide_change_policy(b.decide, &b.delta, &enforce);
        (void)pass(&b, MINUTE);
        CU_ASSERT_EQUAL(commands(&b, COMMAND_HOLD, MODE_ENFORCE), i > 0);
        decide_bench_fini(&b);
    }
}

// A rule that leaves the vendor in monitor mode that it came through, which is remembered behind a hold; or any
// vendor where it came through several. One of another vendor or tenant does not.
static void test_modes_by_vendor(void)
{
    static const struct {
        const char *tenant; // NULL: of all
        enum mode mode;
        const char *vendor;
        bool is_of_two;
        bool is_sent;
    } rows[] = {
            {NULL, MODE_MONITOR, "a", false, false},
            {"t", MODE_MONITOR, "a", false, false},
            {"acme", MODE_MONITOR, "a", false, true},
            {NULL, MODE_ENFORCE, "a", false, true},
            {NULL, MODE_MONITOR, "b", false, true},
            {NULL, MODE_MONITOR, "b", true, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 100);
        char vendor[] = {rows[i].vendor[0], '\0'};
        char tenant[8] = "";
        snprintf(tenant, sizeof tenant, "%s", rows[i].tenant != NULL ? rows[i].tenant : "");
        struct rule rule = {.parts = RULE_PART(RULE_OF_VENDOR) | RULE_PART(RULE_SETS_MODE),
                .names = {NULL, vendor, NULL, NULL},
                .settings = {.mode = rows[i].mode}};
        uint16_t only = 0;
        if (rows[i].tenant != NULL) {
            rule.parts |= RULE_PART(RULE_OF_TENANT);
            rule.names[RULE_OF_TENANT] = tenant;
        }
        const struct policy monitor = with_mode(&b, MODE_MONITOR, 20);
        struct policy enforce = with_mode(&b, MODE_ENFORCE, 20);
        enforce.rules = (struct rules){&rule, &only, 1, 1, rule.parts, false};
        decide_set_policy(b.decide, &monitor);
        if (rows[i].is_of_two) {
            const struct path by_b = {.campaign = "a", .vendor = "b"};
            decide_bench_meet(&b, &by_b, REASON_NO_RECORD);
        }
        raise(&b, "a", TIER_QUARANTINE);
        decide_change_policy(b.decide, &b.delta, &enforce);
        (void)pass(&b, MINUTE);
        CU_ASSERT_EQUAL(commands(&b, COMMAND_HOLD, MODE_ENFORCE), rows[i].is_sent);
        decide_bench_fini(&b);
    }
}

// Nor is it where a person's mode of it stands; whatever else stands says nothing about it.
static void test_what_people_command(void)
{
    static const struct {
        const char *tenant;
        enum control_object object;
        const char *campaign;
        const char *channel;
        bool is_sent;
    } rows[] = {
            {"acme", CONTROL_OF_MESSAGE, "a", NULL, true},
            {"t", CONTROL_OF_RECIPIENT, "a", NULL, true},
            {"t", CONTROL_OF_SCOPE, "x", NULL, true},
            {"acme", CONTROL_OF_SCOPE, "a", "voice", true},
            {"t", CONTROL_OF_SCOPE, "x", "voice", true},
            {"t", CONTROL_OF_SCOPE, "a", "sms", true},
            {"t", CONTROL_OF_SCOPE, "a", "voice", false},
            {"t", CONTROL_OF_SCOPE, "a", NULL, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 100);
        const struct policy monitor = with_mode(&b, MODE_MONITOR, 20);
        const struct policy enforce = with_mode(&b, MODE_ENFORCE, 20);
        bool is_scope = rows[i].object == CONTROL_OF_SCOPE;
        const struct control control = {.control_id = VIEW("c1"),
                .operator_id = VIEW("li"),
                .reason = VIEW("r"),
                .action = is_scope ? CONTROL_MODE : CONTROL_HOLD,
                .object = rows[i].object,
                .mode = MODE_MONITOR,
                .scope = {SCOPE_CAMPAIGN, view_of(rows[i].campaign), view_of(rows[i].tenant),
                        view_of(rows[i].channel)},
                .recipient = VIEW("demo:AAAAAAAAAAAAAAAAAAAAAA"),
                .issued_at_ms = b.log_time_ms,
                .expires_at_ms = b.log_time_ms + 60 * MINUTE};
        decide_set_policy(b.decide, &monitor);
        b.channel = VIEW("voice");
        raise(&b, "a", TIER_QUARANTINE);
        control_bench_give(&b, &control, 1);
        CU_ASSERT_EQUAL(b.state_count, 1); // it stands
        decide_change_policy(b.decide, &b.delta, &enforce);
        (void)pass(&b, MINUTE);
        CU_ASSERT_EQUAL(commands(&b, COMMAND_HOLD, MODE_ENFORCE), rows[i].is_sent);
        decide_bench_fini(&b);
    }
}

// What waits to be enforced when the breaker jumps is sent when it has calmed down.
static void test_the_breaker_jumps(void)
{
    static const struct frame_totals all_wrong = {.judged = 1000,
            .tenants_heard = 10,
            .tenants_jumped = 10,
            .vendors_heard = 2,
            .vendors_jumped = 2,
            .lately_misdirected = 64};
    static const struct frame_totals all_well = {.judged = 1000, .tenants_heard = 10};
    struct decide_bench b;
    decide_bench_init(&b, 100);
    const struct policy monitor = with_mode(&b, MODE_MONITOR, 20);
    const struct policy enforce = with_mode(&b, MODE_ENFORCE, 20);
    decide_set_policy(b.decide, &monitor);
    raise(&b, "a", TIER_QUARANTINE);
    decide_change_policy(b.decide, &b.delta, &enforce);
    (void)pass_with(&b, MINUTE, &all_wrong);
    CU_ASSERT_TRUE(decide_is_suspended(b.decide));
    CU_ASSERT_EQUAL(commands(&b, COMMAND_HOLD, MODE_ENFORCE), 0);
    (void)pass_with(&b, 1000, &all_well);
    (void)pass_with(&b, 2000, &all_well);
    CU_ASSERT_FALSE(decide_is_suspended(b.decide));
    CU_ASSERT_EQUAL(commands(&b, COMMAND_HOLD, MODE_ENFORCE), 1);
    decide_bench_fini(&b);
}

// An override at its turn, like maintenance, puts it off; others do not wait for it meanwhile.
static void test_override_at_its_turn(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 100);
    struct config *config = config_text_good(
            "policy: {lists: [{list: override, campaign: a, reason: r, owner: o, expires: "
            "\"2025-11-22T00:05:00Z\"}]}\n");
    const struct policy monitor = with_mode(&b, MODE_MONITOR, 20);
    struct policy enforce = with_mode(&b, MODE_ENFORCE, 20);
    enforce.lists = config->policy.lists;
    decide_set_policy(b.decide, &monitor);
    raise(&b, "a", TIER_QUARANTINE);
    decide_change_policy(b.decide, &b.delta, &enforce);
    (void)pass(&b, MINUTE);
    CU_ASSERT_EQUAL(commands(&b, COMMAND_HOLD, MODE_ENFORCE), 0);
    raise(&b, "b", TIER_QUARANTINE);
    CU_ASSERT_EQUAL(commands(&b, COMMAND_HOLD, MODE_ENFORCE), 1);
    (void)pass(&b, 3 * MINUTE);
    CU_ASSERT_EQUAL(commands(&b, COMMAND_HOLD, MODE_ENFORCE), 0);
    (void)pass(&b, MINUTE);
    CU_ASSERT_EQUAL(commands(&b, COMMAND_HOLD, MODE_ENFORCE), 1);
    (void)pass(&b, MINUTE);
    CU_ASSERT_EQUAL(commands(&b, COMMAND_HOLD, MODE_ENFORCE), 0); // once
    decide_bench_fini(&b);
    config_destroy(config);
}

// Maintenance of the vendor that a held campaign came through puts it off, and of no other.
static void test_maintenance_at_its_turn(void)
{
    static const struct {
        const char *vendor;
        bool is_put_off;
    } rows[] = {{"a", true}, {"b", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 100);
        char text[256];
        snprintf(text, sizeof text,
                "policy: {maintenance: [{match: {vendor: %s}, from: \"2025-11-20T00:00:00Z\", "
                "until: "
                "\"2025-11-22T00:05:00Z\", reason: r, owner: o}]}\n",
                rows[i].vendor);
        struct config *config = config_text_good(text);
        const struct policy monitor = with_mode(&b, MODE_MONITOR, 20);
        struct policy enforce = with_mode(&b, MODE_ENFORCE, 20);
        enforce.windows = config->policy.windows;
        decide_set_policy(b.decide, &monitor);
        raise(&b, "a", TIER_QUARANTINE);
        CU_ASSERT_EQUAL(commands(&b, COMMAND_HOLD, MODE_MONITOR), 1);
        decide_change_policy(b.decide, &b.delta, &enforce);
        (void)pass(&b, MINUTE);
        CU_ASSERT_EQUAL(commands(&b, COMMAND_HOLD, MODE_ENFORCE), !rows[i].is_put_off);
        (void)pass(&b, 5 * MINUTE);
        CU_ASSERT_EQUAL(commands(&b, COMMAND_HOLD, MODE_ENFORCE), rows[i].is_put_off);
        decide_bench_fini(&b);
        config_destroy(config);
    }
}

static void test_what_was_sent_stays_so(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 100);
    const struct policy enforce = with_mode(&b, MODE_ENFORCE, 20);
    const struct policy monitor = with_mode(&b, MODE_MONITOR, 20);
    decide_set_policy(b.decide, &enforce);
    raise(&b, "a", TIER_QUARANTINE);
    raise(&b, "b", TIER_QUARANTINE);
    CU_ASSERT_EQUAL(commands(&b, COMMAND_HOLD, MODE_ENFORCE), 2);
    decide_change_policy(b.decide, &b.delta, &monitor);
    (void)pass(&b, MINUTE);
    raise(&b, "a", TIER_STOP); // worse, and held anew
    CU_ASSERT_EQUAL(commands(&b, COMMAND_HOLD, MODE_ENFORCE), 1);
    raise(&b, "c", TIER_QUARANTINE);
    CU_ASSERT_EQUAL(commands(&b, COMMAND_HOLD, MODE_MONITOR), 1);
    (void)pass(&b, 31 * MINUTE);
    CU_ASSERT_EQUAL(commands(&b, COMMAND_EXPIRED, MODE_ENFORCE), 2);
    CU_ASSERT_EQUAL(commands(&b, COMMAND_EXPIRED, MODE_MONITOR), 1);
    decide_bench_fini(&b);
}

// The newest holds count under a smaller cap, and under a greater one again.
static void test_cap_changes(void)
{
    static struct hold_cap cap;
    memset(&cap, 0, sizeof cap);
    hold_cap_set(&cap, 3);
    for (int64_t at_ms = 1; at_ms <= 3; at_ms++) {
        hold_cap_note(&cap, at_ms);
    }
    hold_cap_set(&cap, 1);
    CU_ASSERT_EQUAL(cap.count, 1);
    CU_ASSERT_EQUAL(cap.at_ms[0], 3);
    CU_ASSERT_FALSE(hold_cap_has_room(&cap, 2 + HOLD_CAP_WINDOW_MS));
    hold_cap_set(&cap, 2);
    CU_ASSERT_TRUE(hold_cap_has_room(&cap, 4));
}

static const struct unit_test tests[] = {
        {"monitored_holds_are_sent", test_monitored_holds_are_sent},
        {"only_what_comes_to_enforce", test_only_what_comes_to_enforce},
        {"modes_by_channel", test_modes_by_channel},
        {"modes_by_vendor", test_modes_by_vendor},
        {"what_people_command", test_what_people_command},
        {"the_breaker_jumps", test_the_breaker_jumps},
        {"override_at_its_turn", test_override_at_its_turn},
        {"maintenance_at_its_turn", test_maintenance_at_its_turn},
        {"what_was_sent_stays_so", test_what_was_sent_stays_so},
        {"cap_changes", test_cap_changes},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "decide_policy", tests);
}
