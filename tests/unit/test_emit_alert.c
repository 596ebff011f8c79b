// emit: alerts, and the trace context that goes out with them.
#include "tests/support/emit_stage.h"

static struct alert_action alert_full(void)
{
    struct alert_action alert = {
            .alert_id = id_of(0xa1),
            .incident_id = id_of(0x1d),
            .kind = ALERT_INCIDENT_OPENED,
            .tier = TIER_QUARANTINE,
            .scope = {SCOPE_CAMPAIGN, VIEW("c1"), VIEW("acme"), VIEW_NONE},
            .occurred_at_ms = 1795334400000,
            .causes = {{.name = VIEW("shifted_column"),
                               .share_millionths = 700000,
                               .numbers = {{"invalid_number", 6, 7}},
                               .number_count = 1},
                    {.name = VIEW("wrong_list"), .share_millionths = 300000}},
            .cause_count = 2,
            .reasons = {[REASON_NO_RECORD] = 7, [REASON_CACHE_STALE] = 4294967295},
            .evidence =
                    {
                            .judged = 9,
                            .scope = {SCOPE_VENDOR, VIEW("v1"), VIEW("acme"), VIEW_NONE},
                            .misdirected = 7,
                            .guarded = 6,
                            .distinct_recipients = 7,
                            .stream = "walking",
                            .baseline_millionths = 5000,
                            .lowest_baseline_millionths = 3364,
                            .start_credit_nat6 = 4605170,
                            .estimated_rate_millionths = 777778,
                            .interval_millionths = {456789, 945000},
                            .log_likelihood_ratio_nat6 = 20988096,
                            .threshold_nat6 = -19519293,
                            .false_alarm_budget = 200000000,
                            .change_point = {1795334399000, VIEW("out"), 2, 77, VIEW("m9")},
                            .node = "95",
                    },
            .impact = {7, 2, 8, true, 4},
            .contributors = {{{SCOPE_TEMPLATE, VIEW("t1"), VIEW("acme"), VIEW("sms")}, 6}},
            .contributor_count = 1,
            .samples = {VIEW("m9"), VIEW("m10")},
            .sample_count = 2,
            .policy_version = VIEW("0123456789abcdef"),
            .detector_version = VIEW("cusum-1"),
    };
    return alert;
}

#define ALERT_REASONS_AFTER_FIRST                                                                  \
    "\"other_tenant\":0,\"wrong_debt\":0,\"third_party\":0,\"closed_loan\":0,"                     \
    "\"reassigned_number\":0,\"opted_out\":0,\"invalid_number\":0,\"cache_unreachable\":0,"        \
    "\"cache_untrusted\":0,"

static void alert_bytes(void)
{
    struct stage stage;
    stage_open(&stage, live);
    struct alert_action alert = alert_full();
    CU_ASSERT_EQUAL(emit_alert(&stage.em, &alert, NULL), ERR_NONE);
    check_record(&stage, 0, "alert",
            "1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d\n"
            "{\"alert_id\":\"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\","
            "\"incident_id\":\"1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d\",\"type\":\"incident.opened\","
            "\"tier\":\"quarantine\","
            "\"scope\":{\"kind\":\"campaign\",\"id\":\"c1\",\"tenant_id\":\"acme\"},"
            "\"occurred_at\":\"2026-11-22T08:00:00.000Z\","
            "\"cause\":{\"likely\":\"shifted_column\",\"ranked\":["
            "{\"cause\":\"shifted_column\",\"share\":0.700000,\"numbers\":[{\"feature\":"
            "\"invalid_number\",\"count\":6,\"of\":7}]},"
            "{\"cause\":\"wrong_list\",\"share\":0.300000,\"numbers\":[]}]},"
            "\"reasons\":{\"no_record\":7," ALERT_REASONS_AFTER_FIRST "\"cache_stale\":4294967295},"
            "\"evidence\":{\"scope\":{\"kind\":\"vendor\",\"id\":\"v1\",\"tenant_id\":\"acme\"},"
            "\"stream\":\"walking\",\"judged\":9,\"misdirected\":7,\"guarded\":6,\"distinct_"
            "recipients\":7,"
            "\"distinct_is_lower_bound\":false,\"baseline\":0.005000,"
            "\"lowest_baseline\":0.003364,\"start_credit\":4.605170,"
            "\"estimated_rate\":0.777778,\"interval\":[0.456789,0.945000],"
            "\"log_likelihood_ratio\":20.988096,\"threshold\":-19.519293,"
            "\"false_alarm_budget\":200000000,"
            "\"change_point\":{\"occurred_at\":\"2026-11-22T07:59:59.000Z\",\"topic\":\"out\","
            "\"partition\":2,\"offset\":77,\"message_id\":\"m9\"},\"node\":\"95\"},"
            "\"impact\":{\"escaped\":7,\"held\":2,\"distinct_recipients\":8,"
            "\"distinct_is_lower_bound\":true,\"cleared_late\":4},"
            "\"contributors\":[{\"scope\":{\"kind\":\"template\",\"id\":\"t1\","
            "\"tenant_id\":\"acme\",\"channel\":\"sms\"},\"misdirected\":6}],"
            "\"samples\":[\"m9\",\"m10\"],\"policy_version\":\"0123456789abcdef\","
            "\"detector_version\":\"cusum-1\"}\n"
            "ce_specversion=1.0\n"
            "ce_id=a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\n"
            "ce_source=/wrongnumber/wrong%20number\n"
            "ce_type=io.wrongnumber.alert.incident.opened.v1\n"
            "ce_time=2026-11-22T08:00:00.000Z\n"
            "content-type=application/json");
    CU_ASSERT_EQUAL(stage.fake.records[0].topic, OUT_ALERTS);
    stage_close(&stage);
}

static struct control_outcome outcome_full(enum outcome_state state)
{
    return (struct control_outcome){.control_id = VIEW("ctl-1"),
            .action = "hold",
            .operator_id = VIEW("li.wei"),
            .confirmed_by = VIEW("wang"),
            .state = state,
            .why = "held",
            .has_incident = true,
            .has_scope = true,
            .scope_count = 3,
            .expires_at_ms = 1795334400000};
}

// What has become of a command, in full, and with nothing that may be left out.
static void outcome_bytes(void)
{
    static const char *const expected[] = {
            "\"control\":{\"control_id\":\"ctl-1\",\"action\":\"hold\",\"operator\":\"li.wei\","
            "\"confirmed_by\":\"wang\",\"state\":\"applied\",\"why\":\"held\","
            "\"scope\":{\"kind\":\"campaign\",\"id\":\"c1\",\"tenant_id\":\"acme\"},"
            "\"incident_id\":\"1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d\",\"scopes\":3,"
            "\"expires_at\":\"2026-11-22T08:00:00.000Z\"},\"contributors\"",
            "\"control\":{\"control_id\":\"ctl-1\",\"action\":\"hold\",\"operator\":\"li.wei\","
            "\"state\":\"unknown\",\"why\":\"held\"},\"contributors\"",
    };
    for (unsigned i = 0; i < 2; i++) {
        struct stage stage;
        stage_open(&stage, live);
        struct alert_action alert = alert_full();
        alert.kind = ALERT_CONTROL_OUTCOME;
        alert.outcome = outcome_full(OUTCOME_APPLIED);
        if (i == 1) {
            alert.outcome = (struct control_outcome){.control_id = VIEW("ctl-1"),
                    .action = "hold",
                    .operator_id = VIEW("li.wei"),
                    .state = OUTCOME_UNKNOWN,
                    .why = "held"};
        }
        CU_ASSERT_EQUAL(emit_alert(&stage.em, &alert, NULL), ERR_NONE);
        CU_ASSERT_PTR_NOT_NULL(strstr(stage.fake.seen[0].p, expected[i]));
        CU_ASSERT_EQUAL(strstr(stage.fake.seen[0].p, "\"impact\"") != NULL, i == 0);
        keep_sample("alert", seen_value(&stage.fake.seen[0]));
        stage_close(&stage);
    }
}

// Who has acknowledged an incident, or that nobody has.
static void answer_bytes(void)
{
    static const struct {
        int64_t acknowledged_ms;
        bool is_unacknowledged;
        bool is_unconfirmed;
        const char *expected;
    } rows[] = {
            {0, false, false, "\"cleared_late\":4},\"contributors\""},
            {1795334400000, false, false,
                    "\"acknowledged\":{\"operator\":\"li\",\"at\":\"2026-11-22T08:00:00.000Z\"},"
                    "\"contributors\""},
            {0, true, false, "},\"unacknowledged\":true,\"contributors\""},
            {0, true, true, "},\"unacknowledged\":true,\"unconfirmed\":true,\"contributors\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage stage;
        stage_open(&stage, live);
        struct alert_action alert = alert_full();
        alert.kind = ALERT_INCIDENT_UPDATED;
        alert.acknowledged_ms = rows[i].acknowledged_ms;
        alert.acknowledged_by = VIEW("li");
        alert.is_unacknowledged = rows[i].is_unacknowledged;
        alert.is_unconfirmed = rows[i].is_unconfirmed;
        CU_ASSERT_EQUAL(emit_alert(&stage.em, &alert, NULL), ERR_NONE);
        CU_ASSERT_PTR_NOT_NULL(strstr(stage.fake.seen[0].p, rows[i].expected));
        keep_sample("alert", seen_value(&stage.fake.seen[0]));
        stage_close(&stage);
    }
}

// Every kind with every tier, so that the schema knows all words.
static void alert_words(void)
{
    static const char *const names[ALERT_KIND_COUNT] = {"incident.opened", "incident.escalated",
            "incident.updated", "incident.released", "incident.closed", "cache.suspect",
            "cache.recovered", "drill.completed", "control.outcome"};
    for (unsigned kind = 0; kind < ALERT_KIND_COUNT; kind++) {
        for (unsigned tier = TIER_NOTICE; tier < TIER_COUNT; tier++) {
            struct stage stage;
            stage_open(&stage, live);
            struct alert_action alert = alert_full();
            alert.kind = (enum alert_kind)kind;
            alert.tier = (enum tier)tier;
            alert.outcome = outcome_full((enum outcome_state)(tier % OUTCOME_STATE_COUNT));
            CU_ASSERT_EQUAL(emit_alert(&stage.em, &alert, NULL), ERR_NONE);
            char type[64];
            snprintf(type, sizeof type, "\"type\":\"%s\"", names[kind]);
            CU_ASSERT_PTR_NOT_NULL(strstr(stage.fake.seen[0].p, type));
            snprintf(type, sizeof type, "ce_type=io.wrongnumber.alert.%s.v1\n", names[kind]);
            CU_ASSERT_PTR_NOT_NULL(strstr(stage.fake.seen[0].p, type));
            if (kind != ALERT_DRILL_COMPLETED) { // what it says of the drill is told elsewhere
                keep_sample("alert", seen_value(&stage.fake.seen[0]));
            }
            stage_close(&stage);
        }
    }
}

// An alert about the cache has no change point, no node, no cause.
static void alert_sparse(void)
{
    for (unsigned kind = 0; kind < ALERT_KIND_COUNT; kind++) {
        struct stage stage;
        stage_open(&stage, live);
        struct alert_action alert = {
                .kind = (enum alert_kind)kind,
                .tier = TIER_NOTICE,
                .scope = {SCOPE_TENANT, VIEW("default"), VIEW("default"), VIEW_NONE},
                .policy_version = VIEW("0123456789abcdef"),
                .detector_version = VIEW("cusum-1"),
        };
        CU_ASSERT_EQUAL(emit_alert(&stage.em, &alert, NULL), ERR_NONE);
        const char *seen = stage.fake.seen[0].p;
        CU_ASSERT_PTR_NOT_NULL(strstr(seen, "\"cause\":{\"likely\":\"unknown\",\"ranked\":[]}"));
        CU_ASSERT_PTR_NOT_NULL(strstr(seen, "\"change_point\":null,\"node\":null}"));
        bool says_more = kind == ALERT_DRILL_COMPLETED || kind == ALERT_CONTROL_OUTCOME;
        if (kind >= ALERT_INCIDENT_RELEASED && !says_more) {
            keep_sample("alert", seen_value(&stage.fake.seen[0]));
        }
        stage_close(&stage);
    }
}

// Why no hold follows stands in the evidence, and nothing does where one may.
static void alert_withheld(void)
{
    static const char *const reasons[] = {NULL, "cache_suspect", "hold_cap"};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        struct stage stage;
        stage_open(&stage, live);
        struct alert_action alert = alert_full();
        alert.evidence.withheld = reasons[i];
        CU_ASSERT_EQUAL(emit_alert(&stage.em, &alert, NULL), ERR_NONE);
        char said[64];
        snprintf(said, sizeof said, "\"withheld\":\"%s\",\"judged\"", i > 0 ? reasons[i] : "");
        const char *seen = stage.fake.seen[0].p;
        CU_ASSERT_EQUAL(strstr(seen, i > 0 ? said : "withheld") != NULL, i > 0);
        keep_sample("alert", seen_value(&stage.fake.seen[0]));
        stage_close(&stage);
    }
}

// Each state of a release, with and without a canary.
static void alert_release(void)
{
    static const char *const states[RELEASE_STATE_COUNT] = {
            NULL, "proposed", "withdrawn", "canary", "released", "held_again", "kept"};
    for (unsigned state = 0; state < RELEASE_STATE_COUNT; state++) {
        struct stage stage;
        stage_open(&stage, live);
        struct alert_action alert = alert_full();
        alert.kind = ALERT_INCIDENT_UPDATED;
        alert.release = (struct release_news){.state = (enum release_state)state,
                .clean = 27,
                .misdirected = 1,
                .needed = 27,
                .bad_rate_millionths = 300000,
                .canary_step = state == RELEASE_CANARY ? 2 : 0,
                .canary_limit = 200,
                .probation = 350,
                .ends = 4,
                .control_id = state == RELEASE_RELEASED ? VIEW("ctl-2") : VIEW_NONE};
        alert.is_relapse = state == RELEASE_SILENT;
        CU_ASSERT_EQUAL(emit_alert(&stage.em, &alert, NULL), ERR_NONE);
        char said[160];
        snprintf(said, sizeof said,
                "\"release\":{\"state\":\"%s\",\"proposed\":false,\"clean_messages\":27,"
                "\"misdirected\":1,\"needed\":27,\"bad_rate\":0.300000",
                states[state] != NULL ? states[state] : "");
        const char *seen = stage.fake.seen[0].p;
        CU_ASSERT_EQUAL(strstr(seen, "\"release\"") != NULL, state != RELEASE_SILENT);
        CU_ASSERT_EQUAL(strstr(seen, said) != NULL, state != RELEASE_SILENT);
        CU_ASSERT_EQUAL(strstr(seen, "\"canary\":{\"step\":2,\"limit\":200,\"judged\":0,") != NULL,
                state == RELEASE_CANARY);
        CU_ASSERT_EQUAL(strstr(seen, "\"probation\":350") != NULL, state == RELEASE_RELEASED);
        CU_ASSERT_EQUAL(strstr(seen, "\"ends\":4") != NULL, state == RELEASE_KEPT);
        CU_ASSERT_EQUAL(strstr(seen, "\"relapse_of\":\"00") != NULL, alert.is_relapse);
        keep_sample("alert", seen_value(&stage.fake.seen[0]));
        stage_close(&stage);
    }
}

// What comes from outside as trace context goes out only when it is one.
static void trace_context(void)
{
    static const struct {
        const char *traceparent;
        const char *tracestate;
        int has_parent;
        int has_state;
    } rows[] = {
            {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=b", 1, 1},
            {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "", 1, 0},
            {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=\n", 1, 0},
            {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", NULL, 1, 0},
            {"00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=b", 0, 0},
            {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", "a=b", 0, 0},
            {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x", "a=b", 0, 0},
            {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01ab", "a=b", 0, 0},
            {"00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=b", 0, 0},
            {NULL, "a=b", 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stage stage;
        stage_open(&stage, live);
        struct alert_action alert = alert_full();
        alert.traceparent = view_of(rows[i].traceparent);
        alert.tracestate = view_of(rows[i].tracestate);
        CU_ASSERT_EQUAL(emit_alert(&stage.em, &alert, NULL), ERR_NONE);
        const char *seen = stage.fake.seen[0].p;
        CU_ASSERT_EQUAL(strstr(seen, "\ntraceparent=") != NULL, rows[i].has_parent);
        CU_ASSERT_EQUAL(strstr(seen, "\ntracestate=") != NULL, rows[i].has_state);
        stage_close(&stage);
    }
}

static const struct unit_test tests[] = {
        {"alert_bytes", alert_bytes},
        {"outcome_bytes", outcome_bytes},
        {"answer_bytes", answer_bytes},
        {"alert_words", alert_words},
        {"alert_sparse", alert_sparse},
        {"alert_withheld", alert_withheld},
        {"alert_release", alert_release},
        {"trace_context", trace_context},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "emit_alert", tests);
}
