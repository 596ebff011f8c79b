#include "run/half_metrics.h"

#include "run/half.h"

enum {
    TOLD_RECORDS,
    TOLD_ALERTS,
    TOLD_COMMANDS,
    TOLD_HOLDS,
    TOLD_UNSETTLED,
    TOLD_AUDIT_WAITING,
    TOLD_METRICS,
};

// By enum out_topic: the keys of `topics:` in the configuration.
static const char *const out_topics[] = {
        [OUT_VERDICTS] = "verdicts",
        [OUT_DEAD_LETTER] = "dead_letter",
        [OUT_COMMANDS] = "commands",
        [OUT_STATE] = "state",
        [OUT_ALERTS] = "alerts",
        [OUT_TALLIES] = "tallies",
        [OUT_DETECTOR_STATE] = "detector_state",
        [OUT_CONTROL_STATE] = "control_state",
        [OUT_CONTROL] = "control",
        [OUT_OUTBOUND] = "outbound",
};
_Static_assert(sizeof out_topics / sizeof *out_topics == OUT_TOPIC_COUNT, "each has its word");
// By enum command_kind, and by enum scope_kind with messages behind.
static const char *const actions[] = {"hold", "release", "expired"};
enum { ACTION_COUNT = sizeof actions / sizeof *actions };
static const char *const targets[TOLD_TARGET_COUNT] = {
        "campaign", "template", "sender", "vendor", "tenant", "message", "recipient"};
static const char *const hold_sorts[HOLD_SORT_COUNT] = {[HOLD_NEW] = "hold",
        [HOLD_CANARY] = "canary",
        [HOLD_RENEWAL] = "renewal",
        [HOLD_DRILL] = "drill"};

static const struct metric_family families[TOLD_METRICS] = {
        [TOLD_RECORDS] = {.name = "wrongnumber_records_told_total",
                .help = "Records written, by the option of topics that names their topic",
                .type = METRIC_COUNTER,
                .labels = {{"output", out_topics, OUT_TOPIC_COUNT}}},
        [TOLD_ALERTS] = {.name = "wrongnumber_alerts_emitted_total",
                .help = "Alerts told",
                .type = METRIC_COUNTER,
                .labels = {{"type", alert_kind_names, ALERT_KIND_COUNT},
                        {"tier", tier_names, TIER_COUNT}}},
        [TOLD_COMMANDS] = {.name = "wrongnumber_quarantine_commands_total",
                .help = "Holds and releases told, and holds of scopes that have run out",
                .type = METRIC_COUNTER,
                .labels = {{"action", actions, ACTION_COUNT},
                        {"scope_type", targets, TOLD_TARGET_COUNT}}},
        [TOLD_HOLDS] = {.name = "wrongnumber_scope_holds_total",
                .help = "Holds of scopes told: that began or came back, that let a canary through, "
                        "that go on, and those of drills",
                .type = METRIC_COUNTER,
                .labels = {{"kind", hold_sorts, HOLD_SORT_COUNT},
                        {"scope_type", targets, SCOPE_KIND_COUNT}}},
        [TOLD_UNSETTLED] = {.name = "wrongnumber_unsettled_batches",
                .help = "Batches of which not everything is acknowledged yet",
                .type = METRIC_GAUGE},
        [TOLD_AUDIT_WAITING] = {.name = "wrongnumber_audit_waiting",
                .help = "1 while the half commands nothing because the audit log cannot be written",
                .type = METRIC_GAUGE},
};

const struct metric_table told_metrics = {families, TOLD_METRICS};

static void publish_told(const struct half *half, struct metric_page *page)
{
    const struct emitter *em = &half->outlet.emitter;
    for (size_t i = 0; i < OUT_TOPIC_COUNT; i++) {
        metric_set(page, TOLD_RECORDS, i, (int64_t)em->sent_count[i]);
    }
    for (size_t i = 0; i < ALERT_KIND_COUNT * TIER_COUNT; i++) {
        metric_set(page, TOLD_ALERTS, i, (int64_t)em->alert_count[i / TIER_COUNT][i % TIER_COUNT]);
    }
    for (size_t i = 0; i < ACTION_COUNT * TOLD_TARGET_COUNT; i++) {
        size_t action = i / TOLD_TARGET_COUNT;
        size_t target = i % TOLD_TARGET_COUNT;
        metric_set(page, TOLD_COMMANDS, i, (int64_t)em->command_count[action][target]);
    }
    for (size_t i = 0; i < HOLD_SORT_COUNT * SCOPE_KIND_COUNT; i++) {
        metric_set(page, TOLD_HOLDS, i,
                (int64_t)em->hold_count[i / SCOPE_KIND_COUNT][i % SCOPE_KIND_COUNT]);
    }
    metric_set(page, TOLD_UNSETTLED, 0, offsets_unsettled(half->outlet.offsets));
    metric_set(page, TOLD_AUDIT_WAITING, 0, half->outlet.audited.is_waiting);
}

void half_meter_init(struct half *half, struct board_place *place)
{
    struct half_meter *meter = &half->meter;
    *meter = (struct half_meter){.place = place};
    if (place == NULL || half->consumer == NULL) {
        meter->place = NULL;
        return;
    }
    const struct metric_constant labels[] = {{"half", half->role->name}, {"topic", half->topic}};
    meter->consumer = board_page(place, &consumer_metrics, labels, 2);
    meter->producer = board_page(place, &producer_metrics, labels, 1);
    meter->told = board_page(place, &told_metrics, labels, 1);
    static const char *const clients[] = {"consumer", "producer", "urgent"};
    for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
        const struct metric_constant its[] = {labels[0], {"client", clients[i]}};
        bool is_there = i != HALF_URGENT || half->outlet.sink.urgent != NULL;
        meter->clients[i].page = is_there ? board_page(place, &client_metrics, its, 2) : NULL;
    }
    half_publish(half);
}

void half_publish(struct half *half)
{
    struct half_meter *meter = &half->meter;
    struct board_place *place = meter->place;
    if (place == NULL) {
        return;
    }
    if (half->consumer != NULL && kafka_consumer_has_assignment(half->consumer)) {
        atomic_store(&place->has_joined, true);
    }
    atomic_store(&place->is_delivering, !tracked_sink_is_broken(&half->outlet.sink));
    if (meter->consumer != NULL) {
        consumer_publish(half->consumer, &meter->before, half->config->ops.partition_series,
                meter->consumer);
    }
    if (meter->producer != NULL) {
        producer_publish(half->outlet.sink.producer, half->outlet.sink.urgent, meter->producer);
    }
    if (meter->told != NULL) {
        publish_told(half, meter->told);
    }
    client_meter_consumer(&meter->clients[HALF_CONSUMER], half->consumer);
    client_meter_producer(&meter->clients[HALF_PRODUCER], half->outlet.sink.producer);
    client_meter_producer(&meter->clients[HALF_URGENT], half->outlet.sink.urgent);
    if (half->role->publish != NULL) {
        half->role->publish(half->self, place);
    }
}

void half_meter_keep(struct half *half)
{
    struct kafka_consumer_counts counts;
    struct kafka_consumer_counts *before = &half->meter.before;
    kafka_consumer_counts(half->consumer, &counts);
    before->messages += counts.messages;
    before->assignments += counts.assignments;
    before->lost_assignments += counts.lost_assignments;
    before->commits += counts.commits;
    before->commit_errors += counts.commit_errors;
    before->offsets_lost += counts.offsets_lost;
}
