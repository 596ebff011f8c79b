// decide: how the holds of scopes end (decide/decide_release.h): proposals, canaries, probation, holds
// that only a person ends. Long because a release is one story, and each test is a turn that it can take.
#include <string.h>

#include "decide/decide_inside.h"
#include "model/drill.h"
#include "control_bench.h"
#include "unit.h"

#define MINUTE INT64_C(60000)
#define DAY (INT64_C(24) * 60 * MINUTE)

static const struct path in_c = {.campaign = "c", .vendor = "v"};

struct world {
    struct decide_bench b;
    int32_t c;
    unsigned seen; // of what was taken
};

// Campaign c is held, by `misdirected` of as many messages at a rate.
static void hold_c(struct world *w, int64_t misdirected, int64_t rate_millionths)
{
    struct evidence evidence = decide_bench_evidence(misdirected);
    evidence.judged = misdirected * 1000000 / rate_millionths;
    evidence.estimated_rate_millionths = rate_millionths;
    decide_bench_meet_all(&w->b, "cccc");
    decide_bench_raise(&w->b, &in_c, SCOPE_CAMPAIGN, TIER_QUARANTINE, &evidence);
    w->c = decide_bench_scope(&w->b, SCOPE_CAMPAIGN, "c");
    CU_ASSERT_TRUE_FATAL(scopes_is_held(w->b.scopes, w->c, w->b.log_time_ms));
}

static void world_init(struct world *w, int64_t misdirected, int64_t rate_millionths)
{
    decide_bench_init(&w->b, 10);
    hold_c(w, misdirected, rate_millionths);
    w->seen = w->b.taken_count;
}

static void world_fini(struct world *w)
{
    decide_bench_fini(&w->b);
}

// A frame of c's messages, held or not, as its scope is.
static void send(struct world *w, int64_t judged, int64_t misdirected)
{
    struct decide_bench *b = &w->b;
    const struct decision_taker taker = decide_bench_taker(b);
    bool held = scopes_is_held(b->scopes, w->c, b->log_time_ms);
    decide_bench_delta(b, &in_c, 1, held);
    b->leaf.judged = judged;
    b->leaf.misdirected = misdirected;
    b->delta.entry_count = misdirected > 0;
    for (uint32_t i = 0; i < b->delta.scope_count; i++) {
        struct scope_delta *row = &b->rows[i];
        row->judged = held ? 0 : judged;
        row->misdirected = held ? 0 : misdirected;
        row->shadow_judged = held && row->scope == w->c ? judged : 0;
        row->shadow_misdirected = held && row->scope == w->c ? misdirected : 0;
    }
    CU_ASSERT_EQUAL_FATAL(decide_expire(b->decide, &b->delta, &taker), ERR_NONE);
    decide_count(b->decide, &b->delta);
    for (uint32_t i = 0; i < b->delta.scope_count; i++) {
        CU_ASSERT_EQUAL_FATAL(
                decide_follow_release(b->decide, &b->delta, &b->rows[i], &taker), ERR_NONE);
    }
    decide_sweep(b->decide, b->log_time_ms);
}

static const char *release_c(struct world *w, bool at_once)
{
    const struct control control = {.control_id = VIEW("ctl-1"),
            .action = CONTROL_RELEASE,
            .operator_id = VIEW("li.wei"),
            .reason = VIEW("list was exchanged"),
            .at_once = at_once};
    const struct decision_taker taker = decide_bench_taker(&w->b);
    const struct delta delta = {.sequence = w->b.sequence++,
            .tally_partition = 1,
            .log_time_ms = w->b.log_time_ms,
            .applied = true};
    const char *refused = "";
    CU_ASSERT_EQUAL_FATAL(
            decide_release_scope(w->b.decide, &delta, w->c, &control, &taker, &refused), ERR_NONE);
    return refused;
}

static bool is_held(const struct world *w)
{
    return scopes_is_held(w->b.scopes, w->c, w->b.log_time_ms);
}

// --- what was told ----------------------------------------------------------------------------

static void add_alert(struct strbuf *text, const struct alert_action *alert)
{
    static const char *const states[RELEASE_STATE_COUNT] = {
            "", " proposed", " withdrawn", " canary", " released", " held_again", " kept"};
    static const char *const kinds[] = {"opened", "escalated", "updated", "released", "closed"};
    strbuf_add_text(text, kinds[alert->kind]);
    strbuf_add_text(text, states[alert->release.state]);
    if (alert->release.state == RELEASE_CANARY || alert->release.state == RELEASE_HELD_AGAIN) {
        strbuf_printf(text, " %u", alert->release.canary_step);
    }
    if (alert->is_relapse) {
        strbuf_add_text(text, " relapse");
    }
}

static void add_command(struct strbuf *text, const struct command_action *command)
{
    static const char *const kinds[] = {"hold", "release", "expired"};
    strbuf_add_text(text, kinds[command->kind]);
    if (command->canary_limit > 0) {
        strbuf_printf(text, " canary %u of %u", command->canary_limit, command->canary_step);
    }
    if (!view_is_none(command->operator_id)) {
        strbuf_add_text(text, " by ");
        strbuf_add_view(text, command->operator_id);
    }
}

// What was taken since the last look, in order.
static void told(struct world *w, const char *expected)
{
    struct strbuf text;
    strbuf_init(&text, 4096);
    strbuf_add_text(&text, "");
    for (; w->seen < w->b.taken_count; w->seen++) {
        strbuf_add_text(&text, text.n > 0 ? ", " : "");
        const struct taken *taken = &w->b.taken[w->seen];
        if (taken->is_command) {
            add_command(&text, &taken->command);
        } else {
            add_alert(&text, &taken->alert);
        }
    }
    unit_check_text("told", text.n > 0 ? strbuf_view(&text).p : "", expected);
    strbuf_fini(&text);
    if (w->b.taken_count > TAKEN_MAX - 8) {
        w->b.taken_count = 0;
        w->seen = 0;
    }
}

static const struct alert_action *last_alert(const struct world *w)
{
    unsigned at = w->b.taken_count;
    while (at > 0 && w->b.taken[at - 1].is_command) {
        at--;
    }
    CU_ASSERT_TRUE_FATAL(at > 0);
    return &w->b.taken[at - 1].alert;
}

// --- proposals --------------------------------------------------------------------------------

// 200, 92, 27 and 14 clean messages, by the rate that it was held for; told once, and again only after it
// was lost.
static void test_proposed(void)
{
    static const struct {
        int64_t rate_millionths;
        int64_t needed;
    } rows[] = {{50000, 200}, {200000, 92}, {600000, 27}, {1000000, 14}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w;
        world_init(&w, 8, rows[i].rate_millionths);
        send(&w, rows[i].needed - 1, 0);
        told(&w, "");
        send(&w, 1, 0);
        told(&w, "updated proposed");
        const struct release_news *news = &last_alert(&w)->release;
        CU_ASSERT_TRUE(news->is_proposed);
        CU_ASSERT_EQUAL(news->clean, rows[i].needed);
        CU_ASSERT_EQUAL(news->needed, rows[i].needed);
        CU_ASSERT_EQUAL(last_alert(&w)->tier, TIER_QUARANTINE);
        send(&w, 500, 0);
        told(&w, "");
        send(&w, 12, 12);
        told(&w, "updated withdrawn");
        CU_ASSERT_FALSE(last_alert(&w)->release.is_proposed);
        send(&w, 40, 20);
        told(&w, "");
        send(&w, rows[i].needed, 0);
        told(&w, "updated proposed");
        CU_ASSERT_TRUE(is_held(&w)); // nobody has released it
        world_fini(&w);
    }
}

// Nothing is released by itself but where the policy says so, a person has acknowledged it, and it is
// quarantine.
static void test_automatic(void)
{
    char tenant[] = "t";
    struct rule by_rule = {
            .parts = RULE_PART(RULE_OF_TENANT) | RULE_PART(RULE_SETS_AUTOMATIC_RELEASE),
            .names = {tenant},
            .settings = {.automatic_release = RELEASE_AUTOMATIC}};
    uint16_t only = 0;
    static const struct {
        enum release_policy policy;
        bool has_rule; // which sets it for the tenant
        bool is_acknowledged;
        enum tier tier;
        const char *told;
    } rows[] = {
            {RELEASE_AUTOMATIC, false, true, TIER_QUARANTINE,
                    "updated proposed, hold canary 20 of 1, updated canary 1"},
            {RELEASE_AUTOMATIC, false, false, TIER_QUARANTINE, "updated proposed"},
            {RELEASE_AUTOMATIC, false, true, TIER_STOP, "updated proposed"},
            {RELEASE_BY_PERSON, false, true, TIER_QUARANTINE, "updated proposed"},
            {RELEASE_BY_PERSON, true, true, TIER_QUARANTINE,
                    "updated proposed, hold canary 20 of 1, updated canary 1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w;
        world_init(&w, 8, 1000000);
        w.b.policy.automatic_release = rows[i].policy;
        if (rows[i].has_rule) {
            w.b.policy.rules = (struct rules){&by_rule, &only, 1, 1, by_rule.parts, false};
        }
        incidents_set_tier(w.b.decide->incidents, w.c, rows[i].tier);
        if (rows[i].is_acknowledged) {
            decide_release_acknowledged(w.b.decide, w.c);
        }
        send(&w, 14, 0);
        told(&w, rows[i].told);
        world_fini(&w);
    }
}

// After a relapse it is a person's for a day, acknowledged or not; after a canary that has failed for good.
static void test_not_automatic(void)
{
    for (unsigned has_tripped = 0; has_tripped < 2; has_tripped++) {
        struct world w;
        world_init(&w, 8, 1000000);
        w.b.policy.scope_hold_ms = 3 * DAY;
        (void)release_c(&w, !has_tripped);
        if (has_tripped) {
            send(&w, 5, 5);
        } else {
            hold_c(&w, 8, 1000000);
        }
        w.b.policy.automatic_release = RELEASE_AUTOMATIC;
        w.seen = w.b.taken_count;
        decide_release_acknowledged(w.b.decide, w.c);
        send(&w, 14, 0);
        told(&w, "updated proposed");
        w.b.log_time_ms += DAY - 1;
        send(&w, 14, 0);
        told(&w, "");
        w.b.log_time_ms++;
        send(&w, 14, 0);
        told(&w, has_tripped ? "" : "hold canary 20 of 1, updated canary 1");
        world_fini(&w);
    }
}

// --- canaries ---------------------------------------------------------------------------------

// held → canary 20 → 200 → 2,000 → free: each step with a command and an alert, the state held until the
// last.
static void test_canary(void)
{
    struct world w;
    world_init(&w, 8, 1000000);
    CU_ASSERT_PTR_NULL(release_c(&w, false));
    told(&w, "hold canary 20 of 1 by li.wei, updated canary 1");
    const struct command_action *command = &w.b.taken[w.b.taken_count - 2].command;
    CU_ASSERT_TRUE(view_is(command->control_id, "ctl-1"));
    CU_ASSERT_TRUE(view_is(command->reason, "list was exchanged"));
    CU_ASSERT_EQUAL(command->mode, MODE_ENFORCE);
    CU_ASSERT_EQUAL(command->expires_at_ms, w.b.log_time_ms + w.b.policy.scope_hold_ms);
    CU_ASSERT_STRING_EQUAL(release_c(&w, false), "already_releasing");
    send(&w, 19, 0);
    told(&w, "");
    CU_ASSERT_TRUE(is_held(&w)); // its messages feed no detector
    send(&w, 1, 0);
    told(&w, "hold canary 200 of 2 by li.wei, updated canary 2");
    send(&w, 199, 1);
    told(&w, "");
    send(&w, 1, 0);
    told(&w, "hold canary 2000 of 3 by li.wei, updated canary 3");
    for (unsigned i = 0; i < 19; i++) {
        send(&w, 100, i % 4 == 0);
    }
    told(&w, "");
    CU_ASSERT_TRUE(is_held(&w));
    send(&w, 100, 0);
    told(&w, "release by li.wei, released released, closed");
    CU_ASSERT_FALSE(is_held(&w));
    CU_ASSERT_FALSE(decide_has_incident(w.b.decide, w.c));
    CU_ASSERT_STRING_EQUAL(release_c(&w, false), "not_held");
    world_fini(&w);
}

// From every step: what goes wrong again is held again at once, and stays as it was before the release.
static void test_canary_trips(void)
{
    static const struct {
        unsigned step;
        int64_t judged;
        int64_t misdirected;
        bool has_tripped;
    } rows[] = {
            {1, 2, 2, false},
            {1, 3, 3, true},
            {1, 20, 4, false},
            {1, 20, 6, true},
            {1, 40, 4, false}, // 10 % of one frame: the next ones decide
            {2, 3, 3, true},
            {2, 100, 3, false},
            {3, 3, 3, true},
            {3, 500, 30, true},
    };
    static const int64_t limits[] = {0, 20, 200};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w;
        world_init(&w, 8, 1000000);
        (void)release_c(&w, false);
        for (unsigned step = 1; step < rows[i].step; step++) {
            send(&w, limits[step], 0);
        }
        w.seen = w.b.taken_count;
        send(&w, rows[i].judged, rows[i].misdirected);
        char expected[64];
        snprintf(expected, sizeof expected, "updated held_again %u, hold", rows[i].step);
        told(&w, rows[i].has_tripped ? expected : "");
        if (rows[i].has_tripped) {
            const struct release_news *news = &last_alert(&w)->release;
            CU_ASSERT_EQUAL(news->canary_judged, rows[i].judged);
            CU_ASSERT_EQUAL(news->canary_misdirected, rows[i].misdirected);
            CU_ASSERT_TRUE(is_held(&w));
            send(&w, 5, 5);
            told(&w, ""); // it is held
            send(&w, 14, 0);
            told(&w, "updated proposed"); // and judged from there
            CU_ASSERT_PTR_NULL(release_c(&w, false));
            told(&w, "hold canary 20 of 1 by li.wei, updated canary 1");
        }
        world_fini(&w);
    }
}

// What a canary let through has escaped; the rest was held.
static void test_canary_escapes(void)
{
    struct world w;
    world_init(&w, 8, 1000000);
    const struct incident *incident = incidents_of(w.b.decide->incidents, w.c);
    int64_t escaped = incident->escaped;
    send(&w, 10, 5);
    CU_ASSERT_EQUAL(incident->held, 5);
    (void)release_c(&w, false);
    send(&w, 18, 0);
    send(&w, 10, 3); // two of them may go
    CU_ASSERT_EQUAL(incident->escaped, escaped + 2);
    CU_ASSERT_EQUAL(incident->held, 6);
    world_fini(&w);
}

// All at once: from a hold, and out of each canary.
static void test_at_once(void)
{
    static const int64_t judged[] = {0, 5, 20};
    for (size_t i = 0; i < sizeof judged / sizeof *judged; i++) {
        struct world w;
        world_init(&w, 8, 1000000);
        if (judged[i] > 0) {
            (void)release_c(&w, false);
            send(&w, judged[i], 0);
        }
        w.seen = w.b.taken_count;
        CU_ASSERT_PTR_NULL(release_c(&w, true));
        told(&w, "release by li.wei, released released, closed");
        CU_ASSERT_FALSE(is_held(&w));
        CU_ASSERT_EQUAL(w.b.closed[w.b.closed_count - 1], w.c); // nothing speaks against it
        world_fini(&w);
    }
}

// Two commands with one sequence would be one to their reader.
static void test_too_soon(void)
{
    struct world w;
    world_init(&w, 8, 1000000);
    w.b.sequence--;
    CU_ASSERT_STRING_EQUAL(release_c(&w, true), "too_soon");
    told(&w, "");
    CU_ASSERT_PTR_NULL(release_c(&w, true));
    world_fini(&w);
}

// What a canary has held again does not run out, whoever has held it before, though whoever released it
// has acknowledged the incident: it has to be acknowledged anew, and even then a person ends the hold.
static void test_tripped_stays(void)
{
    for (unsigned row = 0; row < 3; row++) { // ours, a person's, one that was kept before
        struct world w;
        world_init(&w, 8, 1000000);
        w.b.policy.unconfirmed = UNCONFIRMED_EXPIRES;
        struct incident *incident = incidents_of(w.b.decide->incidents, w.c);
        if (row == 1) {
            const struct control hold = control_hold_of("h", SCOPE_CAMPAIGN, "c", "wang");
            control_bench_give(&w.b, &hold, 1);
        }
        releases_of(w.b.decide->releases, w.c)->is_kept = row == 2;
        struct control release = control_hold_of("r", SCOPE_CAMPAIGN, "c", "li.wei");
        release.action = CONTROL_RELEASE;
        release.at_once = false;
        control_bench_give(&w.b, &release, 1);
        CU_ASSERT_EQUAL(incident->acknowledged_ms, w.b.log_time_ms);
        incident->was_reminded = true;
        w.b.log_time_ms += MINUTE;
        w.seen = w.b.taken_count;
        send(&w, 3, 3);
        told(&w, "updated held_again 1, hold");
        CU_ASSERT_EQUAL(last_alert(&w)->acknowledged_ms, 0);
        CU_ASSERT_TRUE(view_is_none(last_alert(&w)->acknowledged_by));
        CU_ASSERT_EQUAL(incident->acknowledged_ms, 0);
        CU_ASSERT_EQUAL(incident->urgent_ms, w.b.log_time_ms);
        CU_ASSERT_FALSE(incident->was_reminded);
        const struct control acknowledge = {.control_id = VIEW("a"),
                .action = CONTROL_ACKNOWLEDGE,
                .scope = release.scope,
                .operator_id = VIEW("wang"),
                .reason = VIEW("r"),
                .issued_at_ms = DECIDE_AT};
        control_bench_give(&w.b, &acknowledge, 1);
        for (unsigned i = 0; i < 2; i++) {
            w.b.log_time_ms += 8 * DAY;
            w.seen = w.b.taken_count;
            send(&w, 1, 0);
            told(&w, "hold");
            CU_ASSERT_TRUE(is_held(&w));
        }
        CU_ASSERT_PTR_NULL(release_c(&w, true));
        CU_ASSERT_FALSE(is_held(&w));
        world_fini(&w);
    }
}

// A hold that was kept is kept until it ends: a person's hold in the middle of its canary begins no other.
static void test_kept_through_canary(void)
{
    struct world w;
    world_init(&w, 8, 1000000);
    releases_of(w.b.decide->releases, w.c)->is_kept = true;
    CU_ASSERT_PTR_NULL(release_c(&w, false));
    const struct control hold = control_hold_of("h", SCOPE_CAMPAIGN, "c", "wang");
    control_bench_give(&w.b, &hold, 1);
    w.b.log_time_ms += 8 * DAY;
    w.seen = w.b.taken_count;
    send(&w, 1, 0);
    CU_ASSERT_TRUE(is_held(&w));
    CU_ASSERT_PTR_NULL(release_c(&w, true));
    world_fini(&w);
}

// Nobody has to release a drill.
static void test_drill_trips(void)
{
    struct world w;
    decide_bench_init(&w.b, 10);
    w.b.tenant_id = VIEW(DRILL_TENANT);
    hold_c(&w, 8, 1000000);
    CU_ASSERT_PTR_NULL(release_c(&w, false));
    send(&w, 3, 3);
    CU_ASSERT_EQUAL(last_alert(&w)->release.state, RELEASE_HELD_AGAIN);
    CU_ASSERT_EQUAL(incidents_of(w.b.decide->incidents, w.c)->urgent_ms, 0);
    w.b.log_time_ms += DAY;
    send(&w, 1, 0);
    CU_ASSERT_FALSE(is_held(&w));
    world_fini(&w);
}

// A canary that nobody uses does not run out: nothing has been seen that says that it is healthy.
static void test_canary_goes_on(void)
{
    struct world w;
    world_init(&w, 8, 1000000);
    (void)release_c(&w, false);
    send(&w, 5, 0);
    w.seen = w.b.taken_count;
    for (unsigned i = 0; i < 3; i++) {
        w.b.log_time_ms += w.b.policy.scope_hold_ms;
        send(&w, 1, 0); // the hold is renewed by this frame, which was folded without one
        told(&w, "hold canary 20 of 1 by li.wei");
        CU_ASSERT_TRUE(is_held(&w));
    }
    send(&w, 15, 0);
    told(&w, "hold canary 200 of 2 by li.wei, updated canary 2");
    world_fini(&w);
}

// In monitor mode nothing is held, so that nothing of it may be.
static void test_monitor(void)
{
    struct world w;
    decide_bench_init(&w.b, 10);
    w.b.policy.mode = MODE_MONITOR;
    hold_c(&w, 8, 1000000);
    w.b.policy.mode = MODE_ENFORCE;
    w.seen = w.b.taken_count;
    (void)release_c(&w, false);
    CU_ASSERT_EQUAL(w.b.taken[w.b.taken_count - 2].command.mode, MODE_MONITOR);
    (void)release_c(&w, true);
    told(&w, "hold canary 20 of 1 by li.wei, updated canary 1, "
             "release by li.wei, released released, closed");
    CU_ASSERT_EQUAL(w.b.taken[w.b.taken_count - 3].command.mode, MODE_MONITOR);
    world_fini(&w);
}

// --- probation --------------------------------------------------------------------------------

// max(1,000, 50 k) messages, those of the canary among them; a week at most.
static void test_probation(void)
{
    static const struct {
        int64_t misdirected;
        int64_t messages;
    } rows[] = {{4, 1000}, {20, 1000}, {21, 1050}, {100, 5000}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w;
        world_init(&w, rows[i].misdirected, 500000);
        CU_ASSERT_FALSE(decide_is_on_probation(w.b.decide, w.c, w.b.log_time_ms)); // it is held
        (void)release_c(&w, false);
        send(&w, 20, 0);
        send(&w, 200, 0);
        (void)release_c(&w, true);
        CU_ASSERT_EQUAL(last_alert(&w)->kind, ALERT_INCIDENT_CLOSED);
        CU_ASSERT_TRUE(decide_is_on_probation(w.b.decide, w.c, w.b.log_time_ms));
        send(&w, rows[i].messages - 221, 0);
        CU_ASSERT_TRUE(decide_is_on_probation(w.b.decide, w.c, w.b.log_time_ms));
        send(&w, 1, 0);
        CU_ASSERT_FALSE(decide_is_on_probation(w.b.decide, w.c, w.b.log_time_ms));
        world_fini(&w);
    }
    struct world w;
    world_init(&w, 8, 500000);
    (void)release_c(&w, true);
    CU_ASSERT_TRUE(decide_is_on_probation(w.b.decide, w.c, w.b.log_time_ms + 7 * DAY - 1));
    CU_ASSERT_FALSE(decide_is_on_probation(w.b.decide, w.c, w.b.log_time_ms + 7 * DAY));
    world_fini(&w);
}

// A second alarm within it is a relapse: a new incident that names the one before, and no release by
// itself for a day. After it, an alarm is an alarm.
static void test_relapse(void)
{
    struct world w;
    world_init(&w, 8, 1000000);
    w.b.policy.automatic_release = RELEASE_AUTOMATIC;
    const struct digest_id first = w.b.taken[0].alert.incident_id;
    (void)release_c(&w, true);
    told(&w, "release by li.wei, released released, closed");
    hold_c(&w, 4, 1000000);
    told(&w, "opened relapse, hold");
    CU_ASSERT_EQUAL(memcmp(&last_alert(&w)->relapse_of, &first, sizeof first), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(&last_alert(&w)->incident_id, &first, sizeof first), 0);
    decide_release_acknowledged(w.b.decide, w.c);
    send(&w, 14, 0);
    told(&w, "updated proposed");
    (void)release_c(&w, true);
    send(&w, 1000, 0);
    w.seen = w.b.taken_count;
    hold_c(&w, 4, 1000000);
    told(&w, "opened, hold");
    world_fini(&w);
}

// --- held too often ---------------------------------------------------------------------------

// The fourth hold within a day stays until a person ends it: told once, renewed when it runs out.
static void test_kept(void)
{
    struct world w;
    world_init(&w, 8, 1000000);
    for (unsigned i = 0; i < 3; i++) {
        (void)release_c(&w, true);
        w.b.log_time_ms += MINUTE;
        w.seen = w.b.taken_count;
        hold_c(&w, 4, 1000000);
        told(&w, i < 2 ? "opened relapse, hold" : "opened relapse, hold, updated kept");
    }
    CU_ASSERT_EQUAL(last_alert(&w)->release.ends, 3);
    w.b.policy.automatic_release = RELEASE_AUTOMATIC;
    decide_release_acknowledged(w.b.decide, w.c);
    for (unsigned i = 0; i < 3; i++) {
        w.b.log_time_ms += w.b.policy.scope_hold_ms;
        send(&w, 14, 0);
        told(&w, "hold");
        CU_ASSERT_TRUE(is_held(&w));
    }
    (void)release_c(&w, true);
    told(&w, "release by li.wei, released released, closed");
    hold_c(&w, 4, 1000000); // only one has ended within a day
    told(&w, "opened relapse, hold");
    world_fini(&w);
}

// A rule of the tenant's own says how often.
static void test_kept_by_rule(void)
{
    struct world w;
    world_init(&w, 8, 1000000);
    char tenant[] = "t";
    struct rule rule = {.parts = RULE_PART(RULE_OF_TENANT) | RULE_PART(RULE_SETS_FLAP_LIMIT),
            .names = {tenant},
            .settings = {.flap_limit = 1}};
    uint16_t only = 0;
    w.b.policy.rules = (struct rules){&rule, &only, 1, 1, rule.parts, false};
    (void)release_c(&w, true);
    w.b.log_time_ms += MINUTE;
    w.seen = w.b.taken_count;
    hold_c(&w, 4, 1000000);
    told(&w, "opened relapse, hold, updated kept");
    world_fini(&w);
}

// A day is a day: three ends in a little more are none too many.
static void test_not_kept(void)
{
    struct world w;
    world_init(&w, 8, 1000000);
    for (unsigned i = 0; i < 6; i++) {
        (void)release_c(&w, true);
        w.b.log_time_ms += DAY / 2;
        w.seen = w.b.taken_count;
        hold_c(&w, 4, 1000000);
        told(&w, "opened relapse, hold");
    }
    world_fini(&w);
}

// --- saving and restoring ---------------------------------------------------------------------

static void save(const struct world *w, struct strbuf *bytes)
{
    struct archive out = archive_writer(bytes);
    scopes_archive(&out, w->b.scopes);
    recent_archive(&out, w->b.recent, scopes_end(w->b.scopes));
    decide_archive(&out, w->b.decide);
    CU_ASSERT_TRUE_FATAL(archive_is_good(&out));
}

static void restore(struct world *w, const struct world *from, struct strbuf *bytes)
{
    decide_bench_init(&w->b, 10);
    w->c = from->c;
    w->b.log_time_ms = from->b.log_time_ms;
    w->b.sequence = from->b.sequence;
    struct archive in = archive_reader(strbuf_view(bytes));
    scopes_archive(&in, w->b.scopes);
    recent_archive(&in, w->b.recent, scopes_end(w->b.scopes));
    decide_archive(&in, w->b.decide);
    CU_ASSERT_TRUE_FATAL(archive_is_good(&in));
    w->seen = 0;
}

// Between any two frames of a release the restored room tells the same as the one that went on, and is
// saved as the same bytes.
static void test_archive(void)
{
    static const struct {
        int64_t judged;
        int64_t misdirected;
    } frames[] = {{14, 0}, {0, 0}, {5, 0}, {15, 1}, {100, 0}, {100, 1}, {50, 0}, {20, 6}, {14, 0}};
    enum { FRAMES = sizeof frames / sizeof *frames };
    for (unsigned cut = 0; cut < FRAMES; cut++) {
        struct world whole;
        struct world again;
        struct strbuf before;
        struct strbuf after;
        strbuf_init(&before, 16 << 20);
        strbuf_init(&after, 16 << 20);
        world_init(&whole, 8, 1000000);
        for (unsigned i = 0; i < FRAMES; i++) {
            if (i == cut) {
                save(&whole, &before);
                restore(&again, &whole, &before);
                save(&again, &after);
                CU_ASSERT_TRUE(view_equal(strbuf_view(&before), strbuf_view(&after)));
                whole.b.taken_count = 0;
            }
            for (unsigned n = 0; n < 2; n++) {
                struct world *w = n == 0 ? &whole : &again;
                if (n == 1 && i < cut) {
                    break;
                }
                if (frames[i].judged == 0) {
                    (void)release_c(w, false);
                } else {
                    send(w, frames[i].judged, frames[i].misdirected);
                }
            }
        }
        CU_ASSERT_EQUAL_FATAL(whole.b.taken_count, again.b.taken_count);
        for (unsigned i = 0; i < whole.b.taken_count; i++) {
            const struct taken *left = &whole.b.taken[i];
            const struct taken *right = &again.b.taken[i];
            CU_ASSERT_EQUAL(left->is_command, right->is_command);
            CU_ASSERT_EQUAL(left->alert.release.state, right->alert.release.state);
            CU_ASSERT_EQUAL(left->alert.release.clean, right->alert.release.clean);
            CU_ASSERT_EQUAL(left->command.canary_limit, right->command.canary_limit);
            CU_ASSERT_EQUAL(memcmp(&left->command.command_id, &right->command.command_id,
                                    sizeof left->command.command_id),
                    0);
        }
        strbuf_fini(&before);
        strbuf_fini(&after);
        world_fini(&whole);
        world_fini(&again);
    }
}

// --- the table --------------------------------------------------------------------------------

// At the ceiling a hold goes on without being followed, counted; what matters no more makes room.
static void test_ceiling(void)
{
    struct releases *releases;
    CU_ASSERT_EQUAL_FATAL(releases_create(&releases), ERR_NONE);
    struct release *release = NULL;
    for (int32_t i = 0; i < RELEASES_MAX; i++) {
        int32_t scope = (i * 7919) % RELEASES_MAX; // in no order
        CU_ASSERT_EQUAL_FATAL(releases_take(releases, scope, &release), ERR_NONE);
        CU_ASSERT_PTR_NOT_NULL_FATAL(release);
        release->is_held = scope != 5;
    }
    CU_ASSERT_EQUAL(releases_take(releases, RELEASES_MAX, &release), ERR_NONE);
    CU_ASSERT_PTR_NULL(release);
    CU_ASSERT_EQUAL(releases_overflowed(releases), 1);
    for (int32_t i = 0; i < RELEASES_MAX; i++) {
        releases_sweep(releases, 0);
    }
    CU_ASSERT_EQUAL(releases_count(releases), RELEASES_MAX - 1);
    CU_ASSERT_PTR_NULL(releases_of(releases, 5));
    CU_ASSERT_PTR_NOT_NULL(releases_of(releases, 6));
    releases_drop(releases, 6);
    CU_ASSERT_PTR_NULL(releases_of(releases, 6));
    CU_ASSERT_EQUAL(releases_take(releases, RELEASES_MAX, &release), ERR_NONE);
    CU_ASSERT_PTR_NOT_NULL(release);
    releases_destroy(releases);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"proposed", test_proposed},
            {"automatic", test_automatic},
            {"not_automatic", test_not_automatic},
            {"canary", test_canary},
            {"canary_trips", test_canary_trips},
            {"canary_escapes", test_canary_escapes},
            {"at_once", test_at_once},
            {"too_soon", test_too_soon},
            {"tripped_stays", test_tripped_stays},
            {"kept_through_canary", test_kept_through_canary},
            {"drill_trips", test_drill_trips},
            {"canary_goes_on", test_canary_goes_on},
            {"monitor", test_monitor},
            {"probation", test_probation},
            {"relapse", test_relapse},
            {"kept", test_kept},
            {"kept_by_rule", test_kept_by_rule},
            {"not_kept", test_not_kept},
            {"archive", test_archive},
            {"ceiling", test_ceiling},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "decide_release", tests);
}
