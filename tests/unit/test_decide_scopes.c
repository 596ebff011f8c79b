// decide: what policy.rules set for the scopes of a tenant, vendor or channel, one setting a test. Which rule
// wins is unit.rules' part; here each is seen to be asked where it counts.
#include <stdio.h>

#include "decide/decide_inside.h"

#include "control_bench.h"
#include "tests/support/config_text.h"
#include "unit.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static const struct path in_c = {.campaign = "c", .vendor = "v"};

// A bench whose policy has the rules of the YAML.
struct stage {
    struct config *config;
    struct decide_bench b;
};

static void stage_init(struct stage *s, const char *yaml)
{
    s->config = config_text_good(yaml);
    decide_bench_init(&s->b, 10);
    s->b.policy.rules = s->config->policy.rules;
}

static void stage_fini(struct stage *s)
{
    decide_bench_fini(&s->b);
    config_destroy(s->config);
}

static const struct command_action *last_command(const struct stage *s)
{
    unsigned i = s->b.taken_count;
    while (i > 0 && !s->b.taken[i - 1].is_command) {
        i--;
    }
    CU_ASSERT_TRUE_FATAL(i > 0);
    return &s->b.taken[i - 1].command;
}

// The tier that evidence of so many people comes to.
static enum tier admitted(struct stage *s, unsigned people, const char *channel)
{
    uint64_t first = s->b.serial;
    s->b.channel = view_of(channel);
    for (unsigned i = 0; i < people; i++) {
        decide_bench_meet(&s->b, &in_c, REASON_NO_RECORD);
    }
    struct evidence evidence = decide_bench_evidence(people);
    evidence.start_serial = first;
    decide_bench_delta(&s->b, &in_c, people, false);
    const struct scope_delta *row = decide_bench_row(&s->b, SCOPE_CAMPAIGN);
    return decide_bench_admit(&s->b, row, TIER_QUARANTINE, false, &evidence);
}

static void test_hold_people(void)
{
    static const struct {
        const char *yaml;
        const char *channel;
        unsigned people; // so many are enough
    } rows[] = {
            {"policy: {rules: []}\n", "sms", 3},
            {"policy: {rules: [{match: {tenant: t}, hold_people: 5}]}\n", "sms", 5},
            {"policy: {rules: [{match: {vendor: v}, hold_people: 6}]}\n", "sms", 6},
            {"policy: {rules: [{match: {channel: sms}, hold_people: 7}]}\n", "sms", 7},
            {"policy: {rules: [{match: {channel: voice}, hold_people: 7}]}\n", "sms", 3},
            {"policy: {rules: [{match: {tenant: other}, hold_people: 7}]}\n", "sms", 3},
            {"policy: {rules: [{match: {tenant: t}, hold_people: 9}, {match: {tenant: t, vendor: "
             "v}, "
             "hold_people: 4}]}\n",
                    "sms", 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (unsigned less = 0; less < 2; less++) {
            struct stage s;
            stage_init(&s, rows[i].yaml);
            CU_ASSERT_EQUAL(admitted(&s, rows[i].people - less, rows[i].channel),
                    less ? TIER_ALERT : TIER_QUARANTINE);
            stage_fini(&s);
        }
    }
}

// A child that explains a wide scope's alarm wants its own number of people.
static void test_hold_people_of_a_child(void)
{
    for (unsigned people = 3; people <= 4; people++) {
        struct stage s;
        stage_init(&s, "policy: {rules: [{match: {tenant: t}, hold_people: 4}]}\n");
        for (unsigned i = 0; i < people; i++) {
            decide_bench_meet(&s.b, &in_c, REASON_NO_RECORD);
        }
        const struct evidence evidence = decide_bench_evidence(people);
        decide_bench_raise(&s.b, &in_c, SCOPE_VENDOR, TIER_QUARANTINE, &evidence);
        CU_ASSERT_EQUAL(decide_bench_tier(&s.b, SCOPE_CAMPAIGN, "c"),
                people < 4 ? TIER_ALERT : TIER_QUARANTINE);
        stage_fini(&s);
    }
}

static void test_operator_hold_max(void)
{
    static const struct {
        const char *yaml;
        enum scope_kind kind;
        const char *id;
        const char *channel; // of scopes that are split by it
        int64_t lasts_ms;
    } rows[] = {
            {"policy: {rules: []}\n", SCOPE_CAMPAIGN, "c", NULL, 7 * DAY},
            {"policy: {rules: [{match: {tenant: t}, operator_hold_max: 2h}]}\n", SCOPE_CAMPAIGN,
                    "c", NULL, 2 * HOUR},
            {"policy: {rules: [{match: {tenant: u}, operator_hold_max: 2h}]}\n", SCOPE_CAMPAIGN,
                    "c", NULL, 7 * DAY},
            {"policy: {rules: [{match: {vendor: v}, operator_hold_max: 2h}]}\n", SCOPE_VENDOR, "v",
                    NULL, 2 * HOUR},
            {"policy: {rules: [{match: {vendor: v}, operator_hold_max: 2h}]}\n", SCOPE_CAMPAIGN,
                    "v", NULL, 7 * DAY},
            {"policy: {rules: [{match: {channel: sms}, operator_hold_max: 2h}]}\n", SCOPE_CAMPAIGN,
                    "c", "sms", 2 * HOUR},
            {"policy: {rules: [{match: {channel: sms}, operator_hold_max: 2h}]}\n", SCOPE_CAMPAIGN,
                    "c", "voice", 7 * DAY},
            {"policy: {rules: [{match: {channel: sms}, operator_hold_max: 2h}]}\n", SCOPE_CAMPAIGN,
                    "c", NULL, 7 * DAY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage s;
        stage_init(&s, rows[i].yaml);
        struct control hold = control_hold_of("h", rows[i].kind, rows[i].id, "li");
        s.b.policy.split_by_channel = rows[i].channel != NULL ? 1u << SCOPE_CAMPAIGN : 0;
        hold.scope.channel = view_of(rows[i].channel);
        hold.expires_at_ms = s.b.log_time_ms + 30 * DAY;
        control_bench_give(&s.b, &hold, 1);
        if (rows[i].kind == SCOPE_VENDOR) {
            const struct control second = control_confirm_of("h2", "h", "wang");
            control_bench_give(&s.b, &second, 1);
        }
        CU_ASSERT_EQUAL(last_command(&s)->expires_at_ms, s.b.log_time_ms + rows[i].lasts_ms);
        stage_fini(&s);
    }
}

// --- what a hold goes by to its end -------------------------------------------------------------

// What a rule may be of, and whether it is campaign c's, which vendor v sends by sms.
static const struct {
    const char *match;
    bool applies;
} matches[] = {
        {"tenant: t", true},
        {"vendor: v", true},
        {"channel: sms", true},
        {"tenant: t, vendor: v, channel: sms", true},
        {"tenant: u", false},
        {"vendor: w", false},
        {"channel: voice", false},
        {"vendor: v, channel: voice", false},
};
enum { MATCH_COUNT = sizeof matches / sizeof *matches };

// With one rule, of a match, which sets that.
static void stage_init_rule(struct stage *s, const char *match, const char *sets)
{
    char yaml[256];
    snprintf(yaml, sizeof yaml, "policy: {rules: [{match: {%s}, %s}]}\n", match, sets);
    stage_init(s, yaml);
}

// Campaign c is held; nothing of what comes behind says by which vendor and channel.
static void hold_c(struct stage *s)
{
    uint64_t first = s->b.serial;
    s->b.channel = VIEW("sms");
    for (unsigned n = 0; n < 4; n++) {
        decide_bench_meet(&s->b, &in_c, REASON_NO_RECORD);
    }
    struct evidence evidence = decide_bench_evidence(4);
    evidence.start_serial = first;
    decide_bench_raise(&s->b, &in_c, SCOPE_CAMPAIGN, TIER_QUARANTINE, &evidence);
    recent_drop_scope(s->b.recent, decide_bench_scope(&s->b, SCOPE_CAMPAIGN, "c"));
    s->b.channel = VIEW_NONE;
}

// So much later, with a frame of others.
static void pass(struct stage *s, int64_t ms)
{
    s->b.log_time_ms += ms;
    decide_bench_follow(&s->b, &(const struct path){.campaign = "other"}, 1, false, true);
}

// What a hold does at its end when nobody has answered: `b.policy` has it expire.
static void test_unconfirmed(void)
{
    for (size_t i = 0; i < MATCH_COUNT; i++) {
        struct stage s;
        stage_init_rule(&s, matches[i].match, "unconfirmed: stays_held");
        hold_c(&s);
        pass(&s, s.b.policy.scope_hold_ms);
        CU_ASSERT_EQUAL(
                last_command(&s)->kind, matches[i].applies ? COMMAND_HOLD : COMMAND_EXPIRED);
        stage_fini(&s);
    }
}

// How long it lasts, and lasts again when it goes on.
static void test_scope_hold(void)
{
    for (size_t i = 0; i < MATCH_COUNT; i++) {
        struct stage s;
        stage_init_rule(&s, matches[i].match, "scope_hold: 2h");
        s.b.policy.unconfirmed = UNCONFIRMED_STAYS_HELD;
        int64_t lasts_ms = matches[i].applies ? 2 * HOUR : s.b.policy.scope_hold_ms;
        hold_c(&s);
        CU_ASSERT_EQUAL(last_command(&s)->expires_at_ms, s.b.log_time_ms + lasts_ms);
        pass(&s, lasts_ms);
        CU_ASSERT_TRUE(last_command(&s)->is_renewal);
        CU_ASSERT_EQUAL(last_command(&s)->expires_at_ms, s.b.log_time_ms + lasts_ms);
        stage_fini(&s);
    }
}

// Whether a canary begins by itself once it is healthy again, and acknowledged.
static void test_automatic_release(void)
{
    for (size_t i = 0; i < MATCH_COUNT; i++) {
        struct stage s;
        stage_init_rule(&s, matches[i].match, "automatic_release: \"on\"");
        hold_c(&s);
        decide_release_acknowledged(s.b.decide, decide_bench_scope(&s.b, SCOPE_CAMPAIGN, "c"));
        const struct decision_taker taker = decide_bench_taker(&s.b);
        decide_bench_delta(&s.b, &in_c, 1, true);
        struct scope_delta *row = decide_bench_row(&s.b, SCOPE_CAMPAIGN);
        row->shadow_judged = 1000;
        CU_ASSERT_EQUAL_FATAL(decide_follow_release(s.b.decide, &s.b.delta, row, &taker), ERR_NONE);
        CU_ASSERT_EQUAL(last_command(&s)->canary_step, matches[i].applies);
        stage_fini(&s);
    }
}

// By which budget a canary trips: nothing of what is held says whose it is.
static void test_budget_of_what_is_held(void)
{
    for (size_t i = 0; i < MATCH_COUNT; i++) {
        struct stage s;
        stage_init_rule(&s, matches[i].match, "budget: 1e6");
        hold_c(&s);
        decide_bench_delta(&s.b, &in_c, 1, true);
        const struct scope_delta *row = decide_bench_row(&s.b, SCOPE_CAMPAIGN);
        uint32_t budget = decide_row_settings(s.b.decide, &s.b.delta, row).budget;
        CU_ASSERT_EQUAL(budget != s.b.policy.budget, matches[i].applies);
        stage_fini(&s);
    }
}

// Whether the second hold of a day is a person's to end.
static void test_flap_limit(void)
{
    for (size_t i = 0; i < MATCH_COUNT; i++) {
        struct stage s;
        stage_init_rule(&s, matches[i].match, "flap_limit: 1");
        hold_c(&s);
        pass(&s, s.b.policy.scope_hold_ms);
        CU_ASSERT_EQUAL(last_command(&s)->kind, COMMAND_EXPIRED);
        hold_c(&s);
        const struct taken *last = &s.b.taken[s.b.taken_count - 1];
        CU_ASSERT_EQUAL(
                !last->is_command && last->alert.release.state == RELEASE_KEPT, matches[i].applies);
        stage_fini(&s);
    }
}

// A hold that waits for room goes by its channel when its turn comes.
static void test_mode_of_what_waits(void)
{
    for (size_t i = 0; i < MATCH_COUNT; i++) {
        struct stage s;
        stage_init_rule(&s, matches[i].match, "mode: monitor");
        struct policy policy = s.b.policy;
        policy.hold_cap = 1;
        decide_set_policy(s.b.decide, &policy);
        const struct path of_other = {.campaign = "first"};
        for (unsigned n = 0; n < 4; n++) {
            decide_bench_meet(&s.b, &of_other, REASON_NO_RECORD);
        }
        struct evidence evidence = decide_bench_evidence(4);
        decide_bench_raise(&s.b, &of_other, SCOPE_CAMPAIGN, TIER_QUARANTINE, &evidence);
        unsigned taken = s.b.taken_count;
        evidence.start_serial = s.b.serial;
        s.b.channel = VIEW("sms");
        for (unsigned n = 0; n < 4; n++) {
            decide_bench_meet(&s.b, &in_c, REASON_NO_RECORD);
        }
        decide_bench_raise(&s.b, &in_c, SCOPE_CAMPAIGN, TIER_QUARANTINE, &evidence);
        s.b.channel = VIEW_NONE;
        for (unsigned n = taken; n < s.b.taken_count; n++) {
            CU_ASSERT_FALSE(s.b.taken[n].is_command); // it waits
        }
        taken = s.b.taken_count;
        const struct decision_taker taker = decide_bench_taker(&s.b);
        s.b.log_time_ms += HOLD_CAP_WINDOW_MS;
        decide_bench_delta(&s.b, &(const struct path){.campaign = "other"}, 1, false);
        CU_ASSERT_EQUAL_FATAL(decide_watch(s.b.decide, &s.b.delta, &taker), ERR_NONE);
        CU_ASSERT_EQUAL_FATAL(s.b.taken_count, taken + 1);
        CU_ASSERT_EQUAL(last_command(&s)->mode, matches[i].applies ? MODE_MONITOR : MODE_ENFORCE);
        stage_fini(&s);
    }
}

// Names of channels are numbered, as many as there is room for, and the same when restored.
static void test_channels(void)
{
    struct channels *channels;
    struct channels *again;
    struct view name;
    uint8_t number = 77;
    CU_ASSERT_EQUAL_FATAL(channels_create(&channels), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(channels_create(&again), ERR_NONE);
    CU_ASSERT_EQUAL(channels_intern(channels, VIEW_NONE, &number), ERR_NONE);
    CU_ASSERT_EQUAL(number, CHANNEL_NONE);
    CU_ASSERT_TRUE(channels_name(channels, CHANNEL_NONE, &name) && view_is_none(name));
    CU_ASSERT_FALSE(channels_name(channels, CHANNEL_UNKNOWN, &name));
    CU_ASSERT_FALSE(channels_name(channels, CHANNEL_NONE + 1, &name));
    for (unsigned i = 0; i <= CHANNELS_MAX; i++) {
        char text[8];
        snprintf(text, sizeof text, "c%u", i);
        CU_ASSERT_EQUAL(channels_intern(channels, view_of(text), &number), ERR_NONE);
        CU_ASSERT_EQUAL(number, i < CHANNELS_MAX ? CHANNEL_NONE + 1 + i : CHANNEL_UNKNOWN);
    }
    CU_ASSERT_EQUAL(channels_intern(channels, VIEW("c7"), &number), ERR_NONE);
    CU_ASSERT_EQUAL(number, CHANNEL_NONE + 8);
    struct strbuf state;
    strbuf_init(&state, 65536);
    struct archive writer = archive_writer(&state);
    channels_archive(&writer, channels);
    CU_ASSERT_EQUAL_FATAL(archive_end(&writer), ERR_NONE);
    struct archive reader = archive_reader(strbuf_view(&state));
    channels_archive(&reader, again);
    CU_ASSERT_EQUAL_FATAL(archive_end(&reader), ERR_NONE);
    CU_ASSERT_TRUE(channels_name(again, number, &name) && view_is(name, "c7"));
    strbuf_fini(&state);
    channels_destroy(channels);
    channels_destroy(again);
}

// A campaign goes by its vendor also where the vendor's own list has none of its messages: it had met their
// recipients, or they were explained. Where nobody knows the vendor, what a vendor may be in is not enforced.
static void test_mode_by_vendor(void)
{
    static const struct {
        const char *vendors; // of the messages, a letter each; '-': of none
        bool is_forgotten;   // by vendor v's own list
        bool is_gone;        // the number of v is given back
        const char *yaml;
        enum mode mode;
    } rows[] = {
            {"vvvv", false, false, "policy: {rules: [{match: {vendor: v}, mode: monitor}]}\n",
                    MODE_MONITOR},
            {"vvvv", true, false, "policy: {rules: [{match: {vendor: v}, mode: monitor}]}\n",
                    MODE_MONITOR},
            {"vv-v", true, false, "policy: {rules: [{match: {vendor: v}, mode: monitor}]}\n",
                    MODE_MONITOR},
            {"vvvv", true, false, "policy: {rules: [{match: {vendor: w}, mode: monitor}]}\n",
                    MODE_ENFORCE},
            {"vvww", true, false, "policy: {rules: [{match: {vendor: v}, mode: monitor}]}\n",
                    MODE_ENFORCE},
            {"----", false, false, "policy: {rules: [{match: {vendor: v}, mode: monitor}]}\n",
                    MODE_ENFORCE},
            {"vvvv", true, true, "policy: {rules: [{match: {vendor: w}, mode: monitor}]}\n",
                    MODE_MONITOR},
            {"vvvv", true, true,
                    "policy: {rules: [{match: {tenant: u, vendor: w}, mode: monitor}]}\n",
                    MODE_ENFORCE},
            {"vvvv", true, true, "policy: {rules: [{match: {vendor: w}, mode: enforce}]}\n",
                    MODE_ENFORCE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage s;
        stage_init(&s, rows[i].yaml);
        for (const char *at = rows[i].vendors; *at != '\0'; at++) {
            const char name[] = {*at, '\0'};
            const struct path path = {.campaign = "c", .vendor = *at == '-' ? NULL : name};
            decide_bench_meet(&s.b, &path, REASON_NO_RECORD);
        }
        int32_t vendor = decide_bench_scope(&s.b, SCOPE_VENDOR, "v");
        if (rows[i].is_forgotten) {
            recent_drop_scope(s.b.recent, vendor);
        }
        if (rows[i].is_gone) {
            scopes_release(s.b.scopes, vendor);
        }
        const struct evidence evidence = decide_bench_evidence(4);
        decide_bench_raise(&s.b, &(const struct path){.campaign = "c"}, SCOPE_CAMPAIGN,
                TIER_QUARANTINE, &evidence);
        CU_ASSERT_EQUAL(last_command(&s)->mode, rows[i].mode);
        stage_fini(&s);
    }
}

static const struct unit_test tests[] = {
        {"mode_by_vendor", test_mode_by_vendor},
        {"hold_people", test_hold_people},
        {"hold_people_of_a_child", test_hold_people_of_a_child},
        {"operator_hold_max", test_operator_hold_max},
        {"unconfirmed", test_unconfirmed},
        {"scope_hold", test_scope_hold},
        {"automatic_release", test_automatic_release},
        {"budget_of_what_is_held", test_budget_of_what_is_held},
        {"flap_limit", test_flap_limit},
        {"mode_of_what_waits", test_mode_of_what_waits},
        {"channels", test_channels},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "decide_scopes", tests);
}
