// decide: what policy.rules set for the scopes of a tenant, vendor or channel, one setting a test. Which rule
// wins is unit.rules' part; here each is seen to be asked where it counts.
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
        int64_t lasts_ms;
    } rows[] = {
            {"policy: {rules: []}\n", SCOPE_CAMPAIGN, "c", 7 * DAY},
            {"policy: {rules: [{match: {tenant: t}, operator_hold_max: 2h}]}\n", SCOPE_CAMPAIGN,
                    "c", 2 * HOUR},
            {"policy: {rules: [{match: {tenant: u}, operator_hold_max: 2h}]}\n", SCOPE_CAMPAIGN,
                    "c", 7 * DAY},
            {"policy: {rules: [{match: {vendor: v}, operator_hold_max: 2h}]}\n", SCOPE_VENDOR, "v",
                    2 * HOUR},
            {"policy: {rules: [{match: {vendor: v}, operator_hold_max: 2h}]}\n", SCOPE_CAMPAIGN,
                    "v", 7 * DAY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage s;
        stage_init(&s, rows[i].yaml);
        struct control hold = control_hold_of("h", rows[i].kind, rows[i].id, "li");
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

// What a hold does at its end when nobody has answered: `b.policy` has it expire.
static void test_unconfirmed(void)
{
    static const struct {
        const char *yaml;
        bool goes_on;
    } rows[] = {
            {"policy: {rules: []}\n", false},
            {"policy: {rules: [{match: {tenant: t}, unconfirmed: stays_held}]}\n", true},
            {"policy: {rules: [{match: {tenant: u}, unconfirmed: stays_held}]}\n", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage s;
        stage_init(&s, rows[i].yaml);
        for (unsigned n = 0; n < 4; n++) {
            decide_bench_meet(&s.b, &in_c, REASON_NO_RECORD);
        }
        const struct evidence evidence = decide_bench_evidence(4);
        decide_bench_raise(&s.b, &in_c, SCOPE_CAMPAIGN, TIER_QUARANTINE, &evidence);
        s.b.log_time_ms += s.b.policy.scope_hold_ms;
        decide_bench_follow(&s.b, &(const struct path){.campaign = "other"}, 1, false, true);
        CU_ASSERT_EQUAL(last_command(&s)->kind, rows[i].goes_on ? COMMAND_HOLD : COMMAND_EXPIRED);
        stage_fini(&s);
    }
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
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "decide_scopes", tests);
}
