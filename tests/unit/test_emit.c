// emit: the bytes of every record, and what is published.
#include "tests/support/emit_stage.h"

static const char traceparent[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

static const struct event event_full = {
        .message_id = {"m-1\"\n", 5},
        .occurred_at = {1795334400123},
        .tenant_id = {"acme", 4},
        .campaign_id = {"c/1", 3},
        .template_id = {"t1", 2},
        .sender_id = {"1069", 4},
        .vendor_id = {"v1", 2},
        .traceparent = {traceparent, 55},
        .tracestate = {"a=b", 3},
};
static const struct event event_bare = {
        .message_id = {"m2", 2}, .occurred_at = {946684800000}, .traceparent = {"00-zz", 5}};

static struct verdict_action verdict_of(
        const struct event *ev, enum verdict verdict, reason_set reasons)
{
    return (struct verdict_action){
            .ev = ev,
            .verdict = verdict,
            .reasons = reasons,
            .recipient_pseudonym = VIEW("demo:AAAAAAAAAAAAAAAAAAAAAA"),
            .source_topic = VIEW("collections.outbound.v1"),
            .source_partition = 3,
            .source_offset = 4097,
            .policy_version = VIEW("0123456789abcdef"),
    };
}

static void verdict_bytes(void)
{
    struct stage stage;
    stage_open(&stage, live);
    int ticket = 0;
    struct verdict_action full = verdict_of(&event_full, VERDICT_MISDIRECTED,
            REASON_BIT(REASON_THIRD_PARTY) | REASON_BIT(REASON_CLOSED_LOAN));
    CU_ASSERT_EQUAL(emit_verdict(&stage.em, &full, &ticket), ERR_NONE);
    struct verdict_action bare = verdict_of(&event_bare, VERDICT_CLEAR, 0);
    bare.recipient_pseudonym = VIEW_NONE;
    CU_ASSERT_EQUAL(emit_verdict(&stage.em, &bare, NULL), ERR_NONE);

    // The key has the message id's own line feed, so that the lines are one more.
    unit_check_text("verdict", stage.fake.seen[0].p,
            "m-1\"\n\n{\"message_id\":\"m-1\\\"\\n\",\"occurred_at\":\"2026-11-22T08:00:00.123Z\","
            "\"tenant_id\":\"acme\",\"verdict\":\"misdirected\","
            "\"reasons\":[\"third_party\",\"closed_loan\"],"
            "\"recipient_pseudonym\":\"demo:AAAAAAAAAAAAAAAAAAAAAA\",\"campaign_id\":\"c/1\","
            "\"template_id\":\"t1\",\"sender_id\":\"1069\",\"vendor_id\":\"v1\","
            "\"source\":{\"topic\":\"collections.outbound.v1\",\"partition\":3,\"offset\":4097},"
            "\"policy_version\":\"0123456789abcdef\"}\n"
            "ce_specversion=1.0\n"
            "ce_id=collections.outbound.v1/3/4097/0123456789abcdef/misdirected\n"
            "ce_source=/wrongnumber/wrong%20number\n"
            "ce_type=io.wrongnumber.verdict.v1\n"
            "ce_time=2026-11-22T08:00:00.123Z\n"
            "content-type=application/json\n"
            "traceparent=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n"
            "tracestate=a=b");
    CU_ASSERT_EQUAL(stage.fake.records[0].topic, OUT_VERDICTS);
    CU_ASSERT_EQUAL(stage.fake.records[0].partition, PARTITION_ANY);
    CU_ASSERT_PTR_EQUAL(stage.fake.records[0].ticket, &ticket);
    check_record(&stage, 1, "verdict",
            "m2\n{\"message_id\":\"m2\",\"occurred_at\":\"2000-01-01T00:00:00.000Z\","
            "\"tenant_id\":null,\"verdict\":\"clear\",\"reasons\":[],"
            "\"recipient_pseudonym\":null,\"campaign_id\":null,\"template_id\":null,"
            "\"sender_id\":null,\"vendor_id\":null,"
            "\"source\":{\"topic\":\"collections.outbound.v1\",\"partition\":3,\"offset\":4097},"
            "\"policy_version\":\"0123456789abcdef\"}\n"
            "ce_specversion=1.0\n"
            "ce_id=collections.outbound.v1/3/4097/0123456789abcdef/clear\n"
            "ce_source=/wrongnumber/wrong%20number\n"
            "ce_type=io.wrongnumber.verdict.v1\n"
            "ce_time=2000-01-01T00:00:00.000Z\n"
            "content-type=application/json");
    CU_ASSERT_EQUAL(stage.em.sent_count[OUT_VERDICTS], 2);
    stage_close(&stage);
}

// Every verdict with every reason, so that the schema knows all words.
static void verdict_words(void)
{
    struct stage stage;
    stage_open(&stage, replay);
    for (unsigned verdict = 0; verdict < VERDICT_COUNT; verdict++) {
        for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
            struct event ev = event_full;
            ev.message_id = VIEW("m");
            struct verdict_action action =
                    verdict_of(&ev, (enum verdict)verdict, REASON_BIT(reason));
            strbuf_reset(&stage.fake.seen[0]);
            stage.fake.count = 0;
            CU_ASSERT_EQUAL(emit_verdict(&stage.em, &action, NULL), ERR_NONE);
            struct view value = seen_value(&stage.fake.seen[0]);
            keep_sample("verdict", value);
            CU_ASSERT_PTR_NOT_NULL(strstr(value.p, reason_names[reason]));
            CU_ASSERT_PTR_NOT_NULL(strstr(value.p, verdict_names[verdict]));
            CU_ASSERT_EQUAL(stage.fake.records[0].header_count, 0);
        }
    }
    stage_close(&stage);
}

static void verdict_output(void)
{
    static const struct {
        enum verdict_output output;
        enum verdict verdict;
        size_t records;
    } rows[] = {
            {VERDICTS_NONE, VERDICT_CLEAR, 0},
            {VERDICTS_NONE, VERDICT_MISDIRECTED, 0},
            {VERDICTS_FLAGGED, VERDICT_CLEAR, 0},
            {VERDICTS_FLAGGED, VERDICT_UNKNOWN, 0},
            {VERDICTS_FLAGGED, VERDICT_EXEMPT, 0},
            {VERDICTS_FLAGGED, VERDICT_MISDIRECTED, 1},
            {VERDICTS_ALL, VERDICT_CLEAR, 1},
            {VERDICTS_ALL, VERDICT_UNKNOWN, 1},
            {VERDICTS_ALL, VERDICT_EXEMPT, 1},
            {VERDICTS_ALL, VERDICT_MISDIRECTED, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stage stage;
        stage_open(&stage, (struct emitter_options){.verdicts = rows[i].output});
        struct verdict_action action = verdict_of(&event_bare, rows[i].verdict, 0);
        CU_ASSERT_EQUAL(emit_verdict(&stage.em, &action, NULL), ERR_NONE);
        CU_ASSERT_EQUAL(stage.fake.count, rows[i].records);
        CU_ASSERT_EQUAL(emitter_publishes(&stage.em, rows[i].verdict, 0), rows[i].records > 0);
        stage_close(&stage);
    }
}

static struct command_action scope_command(enum command_kind kind, enum mode mode)
{
    return (struct command_action){
            .command_id = id_of(0xc0),
            .sequence = 812,
            .kind = kind,
            .target = TARGET_SCOPE,
            .scope = {SCOPE_CAMPAIGN, VIEW("50%/day"), VIEW("acme"), VIEW_NONE},
            .tier = TIER_QUARANTINE,
            .reason = VIEW("no_record"),
            .has_incident = true,
            .incident_id = id_of(0x1d),
            .issued_at_ms = 1795334400000,
            .expires_at_ms = 1795420800000,
            .mode = mode,
    };
}

static void command_scope_hold_bytes(void)
{
    struct stage stage;
    stage_open(&stage, live);
    struct command_action hold = scope_command(COMMAND_HOLD, MODE_ENFORCE);
    hold.traceparent = view_of(traceparent);
    int ticket = 0;
    CU_ASSERT_EQUAL(emit_command(&stage.em, &hold, &ticket), ERR_NONE);
    check_record(&stage, 0, "quarantine-command",
            "acme/campaign/50%25%2Fday\n"
            "{\"command_id\":\"c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0\",\"sequence\":812,"
            "\"action\":\"hold\","
            "\"target\":{\"kind\":\"campaign\",\"id\":\"50%/day\",\"tenant_id\":\"acme\"},"
            "\"tier\":\"quarantine\",\"reason\":\"no_record\","
            "\"incident_id\":\"1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d\","
            "\"issued_at\":\"2026-11-22T08:00:00.000Z\","
            "\"expires_at\":\"2026-11-23T08:00:00.000Z\",\"mode\":\"enforce\"}\n"
            "ce_specversion=1.0\n"
            "ce_id=c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0\n"
            "ce_source=/wrongnumber/wrong%20number\n"
            "ce_type=io.wrongnumber.quarantine-command.hold.v1\n"
            "ce_time=2026-11-22T08:00:00.000Z\n"
            "content-type=application/json\n"
            "traceparent=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    check_record(&stage, 1, "quarantine-state",
            "acme/campaign/50%25%2Fday\n"
            "{\"target\":{\"kind\":\"campaign\",\"id\":\"50%/day\",\"tenant_id\":\"acme\"},"
            "\"state\":\"held\",\"tier\":\"quarantine\",\"reason\":\"no_record\","
            "\"incident_id\":\"1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d\","
            "\"command_id\":\"c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0\",\"sequence\":812,"
            "\"issued_at\":\"2026-11-22T08:00:00.000Z\","
            "\"expires_at\":\"2026-11-23T08:00:00.000Z\",\"mode\":\"enforce\"}\n"
            "ce_specversion=1.0\n"
            "ce_id=c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0/state\n"
            "ce_source=/wrongnumber/wrong%20number\n"
            "ce_type=io.wrongnumber.quarantine-state.held.v1\n"
            "ce_time=2026-11-22T08:00:00.000Z\n"
            "content-type=application/json\n"
            "traceparent=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    CU_ASSERT_EQUAL(stage.fake.records[0].topic, OUT_COMMANDS);
    CU_ASSERT_EQUAL(stage.fake.records[1].topic, OUT_STATE);
    CU_ASSERT_PTR_EQUAL(stage.fake.records[1].ticket, &ticket);
    CU_ASSERT_EQUAL(stage.em.sent_count[OUT_COMMANDS], 1);
    CU_ASSERT_EQUAL(stage.em.sent_count[OUT_STATE], 1);
    stage_close(&stage);
}

static void command_scope_release_bytes(void)
{
    struct stage stage;
    stage_open(&stage, live);
    struct command_action release = scope_command(COMMAND_RELEASE, MODE_ENFORCE);
    CU_ASSERT_EQUAL(emit_command(&stage.em, &release, NULL), ERR_NONE);
    CU_ASSERT_PTR_NOT_NULL(strstr(stage.fake.seen[0].p, "\"action\":\"release\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(stage.fake.seen[0].p, "\"expires_at\":null"));
    keep_sample("quarantine-command", seen_value(&stage.fake.seen[0]));
    unit_check_text("tombstone", stage.fake.seen[1].p,
            "acme/campaign/50%25%2Fday\n(null)\n"
            "wn.sequence=812\n"
            "ce_specversion=1.0\n"
            "ce_id=c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0/state\n"
            "ce_source=/wrongnumber/wrong%20number\n"
            "ce_type=io.wrongnumber.quarantine-state.lifted.v1\n"
            "ce_time=2026-11-22T08:00:00.000Z");
    stage_close(&stage);
}

// A canary is a hold with a leave: who does not know it goes on holding.
static void command_canary_bytes(void)
{
    struct stage stage;
    stage_open(&stage, replay);
    struct command_action hold = scope_command(COMMAND_HOLD, MODE_ENFORCE);
    hold.operator_id = VIEW("li.wei");
    hold.control_id = VIEW("ctl-2");
    hold.canary_step = 2;
    hold.canary_limit = 200;
    CU_ASSERT_EQUAL(emit_command(&stage.em, &hold, NULL), ERR_NONE);
    CU_ASSERT_PTR_NOT_NULL(strstr(stage.fake.seen[0].p, "\"action\":\"hold\""));
    for (unsigned i = 0; i < 2; i++) {
        CU_ASSERT_PTR_NOT_NULL(strstr(stage.fake.seen[i].p,
                "\"mode\":\"enforce\",\"operator\":\"li.wei\",\"control_id\":\"ctl-2\","
                "\"canary\":{\"step\":2,\"limit\":200}}"));
    }
    keep_sample("quarantine-command", seen_value(&stage.fake.seen[0]));
    stage_close(&stage);
}

// Only a hold that begins, or comes back, is news to whoever is on call.
static void holds_are_told_apart(void)
{
    static const struct {
        const char *tenant_id;
        uint32_t canary_limit;
        bool is_renewal;
        enum command_kind kind;
        enum target_kind target;
        int sort; // HOLD_SORT_COUNT = not counted
    } rows[] = {
            {"acme", 0, false, COMMAND_HOLD, TARGET_SCOPE, HOLD_NEW},
            {"acme", 200, false, COMMAND_HOLD, TARGET_SCOPE, HOLD_CANARY},
            {"acme", 0, true, COMMAND_HOLD, TARGET_SCOPE, HOLD_RENEWAL},
            {"wn-drill", 0, false, COMMAND_HOLD, TARGET_SCOPE, HOLD_DRILL},
            {"wn-drill", 20, true, COMMAND_HOLD, TARGET_SCOPE, HOLD_DRILL},
            {"acme", 0, false, COMMAND_RELEASE, TARGET_SCOPE, HOLD_SORT_COUNT},
            {"acme", 0, false, COMMAND_HOLD, TARGET_MESSAGE, HOLD_SORT_COUNT},
            {"acme", 0, false, COMMAND_RELEASE, TARGET_RECIPIENT, HOLD_SORT_COUNT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct command_action command = scope_command(rows[i].kind, MODE_ENFORCE);
        command.scope.tenant_id = view_of(rows[i].tenant_id);
        command.canary_limit = rows[i].canary_limit;
        command.is_renewal = rows[i].is_renewal;
        command.target = rows[i].target;
        struct stage stage;
        stage_open(&stage, live);
        CU_ASSERT_EQUAL(emit_command(&stage.em, &command, NULL), ERR_NONE);
        unsigned column = rows[i].target == TARGET_SCOPE     ? (unsigned)command.scope.kind
                          : rows[i].target == TARGET_MESSAGE ? TOLD_OF_MESSAGE
                                                             : TOLD_OF_RECIPIENT;
        CU_ASSERT_EQUAL(stage.em.command_count[rows[i].kind][column], 1);
        for (int sort = 0; sort < HOLD_SORT_COUNT; sort++) {
            CU_ASSERT_EQUAL(
                    stage.em.hold_count[sort][command.scope.kind], sort == rows[i].sort ? 1 : 0);
        }
        stage_close(&stage);
    }
}

static void command_message_bytes(void)
{
    struct stage stage;
    stage_open(&stage, replay);
    struct command_action hold = scope_command(COMMAND_HOLD, MODE_ENFORCE);
    hold.target = TARGET_MESSAGE;
    hold.scope = (struct scope_name){
            .kind = SCOPE_CAMPAIGN, .id = VIEW("m/1"), .tenant_id = VIEW("acme")};
    hold.sequence = 0;
    hold.has_incident = false;
    hold.issued_at_ms = INT64_MAX;
    hold.expires_at_ms = INT64_MIN;
    CU_ASSERT_EQUAL(emit_command(&stage.em, &hold, NULL), ERR_NONE);
    CU_ASSERT_EQUAL(stage.fake.count, 1);
    check_record(&stage, 0, "quarantine-command",
            "acme/message/m%2F1\n"
            "{\"command_id\":\"c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0\",\"sequence\":0,"
            "\"action\":\"hold\","
            "\"target\":{\"kind\":\"message\",\"id\":\"m/1\",\"tenant_id\":\"acme\"},"
            "\"tier\":\"quarantine\",\"reason\":\"no_record\",\"incident_id\":null,"
            "\"issued_at\":\"9999-12-31T23:59:59.999Z\","
            "\"expires_at\":\"0000-01-01T00:00:00.000Z\",\"mode\":\"enforce\"}");
    stage_close(&stage);
}

static void command_monitor(void)
{
    struct command_action hold = scope_command(COMMAND_HOLD, MODE_MONITOR);
    struct stage stage;
    stage_open(&stage, live);
    CU_ASSERT_EQUAL(emit_command(&stage.em, &hold, NULL), ERR_NONE);
    CU_ASSERT_EQUAL(stage.fake.count, 0);
    stage_close(&stage);
    stage_open(&stage, replay);
    CU_ASSERT_EQUAL(emit_command(&stage.em, &hold, NULL), ERR_NONE);
    CU_ASSERT_EQUAL(stage.fake.count, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(stage.fake.seen[0].p, "\"mode\":\"monitor\""));
    stage_close(&stage);
}

// A drill measures the way to the topic, in monitor mode too; whoever reads it knows it by its mark.
static void command_of_drill(void)
{
    static const struct {
        const char *tenant_id;
        enum mode mode;
        size_t records;
    } rows[] = {
            {"wn-drill", MODE_MONITOR, 2},
            {"wn-drill", MODE_ENFORCE, 2},
            {"wn-drills", MODE_MONITOR, 0},
            {"acme", MODE_ENFORCE, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct command_action hold = scope_command(COMMAND_HOLD, rows[i].mode);
        hold.scope.tenant_id = view_of(rows[i].tenant_id);
        struct stage stage;
        stage_open(&stage, live);
        CU_ASSERT_EQUAL(emit_command(&stage.em, &hold, NULL), ERR_NONE);
        CU_ASSERT_EQUAL(stage.fake.count, rows[i].records);
        for (size_t at = 0; at < stage.fake.count; at++) {
            const char *mark = strstr(stage.fake.seen[at].p, ",\"drill\":true}");
            CU_ASSERT_EQUAL(mark != NULL, i < 2);
            const char *header = strstr(stage.fake.seen[at].p, "ce_drill");
            CU_ASSERT_EQUAL(header != NULL, i < 2);
        }
        stage_close(&stage);
    }
}

static const struct alert_action alert_bare = {
        .scope = {SCOPE_TENANT, {"a", 1}, {"a", 1}, {NULL, 0}}};

static void sink_errors(void)
{
    struct stage stage;
    stage_open(&stage, live);
    stage.fake.answer = ERR_UNAVAILABLE;
    struct verdict_action verdict = verdict_of(&event_full, VERDICT_CLEAR, 0);
    struct command_action hold = scope_command(COMMAND_HOLD, MODE_ENFORCE);
    struct alert_action alert = alert_bare;
    struct raw_message raw = {.topic = VIEW("out"), .value = VIEW("v")};
    struct dead_letter_action dead = {&raw, "not_json", VIEW("x"), -1};
    CU_ASSERT_EQUAL(emit_verdict(&stage.em, &verdict, NULL), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(emit_command(&stage.em, &hold, NULL), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(emit_alert(&stage.em, &alert, NULL), ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(emit_dead_letter(&stage.em, &dead, NULL), ERR_UNAVAILABLE);
    for (size_t i = 0; i < OUT_TOPIC_COUNT; i++) {
        CU_ASSERT_EQUAL(stage.em.sent_count[i], 0);
    }
    // And the same emitter goes on when the sink is back.
    stage.fake.answer = ERR_NONE;
    CU_ASSERT_EQUAL(emit_command(&stage.em, &hold, NULL), ERR_NONE);
    CU_ASSERT_EQUAL(stage.fake.count, 2);
    stage_close(&stage);
}

// Actions are bounded, so that a ceiling is a bug of ours; it is reported and leaves the emitter
// usable.
static void encoding_ceilings(void)
{
    enum { HUGE_BYTES = 2 * 1024 * 1024 };
    char *huge = malloc(HUGE_BYTES);
    CU_ASSERT_PTR_NOT_NULL_FATAL(huge);
    memset(huge, 'x', HUGE_BYTES);
    struct stage stage;
    stage_open(&stage, live);
    struct alert_action alert = alert_bare;
    alert.policy_version = (struct view){huge, HUGE_BYTES};
    CU_ASSERT_EQUAL(emit_alert(&stage.em, &alert, NULL), ERR_INTERNAL);
    struct command_action hold = scope_command(COMMAND_HOLD, MODE_ENFORCE);
    hold.scope.id = (struct view){huge, 70 * 1024};
    CU_ASSERT_EQUAL(emit_command(&stage.em, &hold, NULL), ERR_INTERNAL);
    struct verdict_action verdict = verdict_of(&event_full, VERDICT_CLEAR, 0);
    verdict.source_topic = (struct view){huge, 70 * 1024};
    CU_ASSERT_EQUAL(emit_verdict(&stage.em, &verdict, NULL), ERR_INTERNAL);
    CU_ASSERT_EQUAL(stage.fake.count, 0);
    alert = alert_bare;
    CU_ASSERT_EQUAL(emit_alert(&stage.em, &alert, NULL), ERR_NONE);
    free(huge);
    stage_close(&stage);
}

// Views of none where a text belongs come out empty.
static void absent_texts(void)
{
    struct stage stage;
    stage_open(&stage, replay);
    struct command_action hold = {.target = TARGET_SCOPE, .scope = {.kind = SCOPE_TENANT}};
    hold.mode = MODE_ENFORCE;
    CU_ASSERT_EQUAL(emit_command(&stage.em, &hold, NULL), ERR_NONE);
    CU_ASSERT_PTR_NOT_NULL(strstr(stage.fake.seen[0].p,
            "/tenant/\n{\"command_id\":\"00000000000000000000000000000000\",\"sequence\":0,"
            "\"action\":\"hold\",\"target\":{\"kind\":\"tenant\",\"id\":\"\",\"tenant_id\":\"\"},"
            "\"tier\":\"none\",\"reason\":\"\""));
    stage_close(&stage);
}

static void group_too_long(void)
{
    char group[257];
    memset(group, 'g', sizeof group);
    struct emitter em;
    struct emitter_options options = {.group = {group, sizeof group}, .instance = VIEW("i")};
    CU_ASSERT_EQUAL(emitter_init(&em, (struct sink){&fake_ops, NULL}, &options), ERR_CEILING);
}

static const struct unit_test tests[] = {
        {"verdict_bytes", verdict_bytes},
        {"verdict_words", verdict_words},
        {"verdict_output", verdict_output},
        {"command_scope_hold_bytes", command_scope_hold_bytes},
        {"command_scope_release_bytes", command_scope_release_bytes},
        {"command_canary_bytes", command_canary_bytes},
        {"command_message_bytes", command_message_bytes},
        {"command_monitor", command_monitor},
        {"command_of_drill", command_of_drill},
        {"holds_are_told_apart", holds_are_told_apart},
        {"sink_errors", sink_errors},
        {"encoding_ceilings", encoding_ceilings},
        {"absent_texts", absent_texts},
        {"group_too_long", group_too_long},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "emit", tests);
}
