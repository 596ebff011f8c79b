// What the statistics say, and the evidence behind it.
#include "common/assure.h"
#include "detect/detect_inside.h"

enum {
    HISTORY_WEIGHT = 1000, // of the level in force beside a scope's history, in messages
    HISTORY_SURE = 20000,  // messages of a whole history
    HISTORY_MARGIN = 2,    // levels that it may be above the one in force by chance
    HISTORY_RATIO = 5,     // an incident has so many times the usual rate
};

// What the alert's cause goes by: the scope since its excursion began, its tenant before.
static void fill_sums(const struct detect *detect, const struct sums *since, int32_t tenant,
        struct evidence *evidence)
{
    static const struct sums none;
    evidence->since = sums_less(since, &none);
    const struct habit *habit = detect_habit(detect, tenant);
    if (habit != NULL) {
        evidence->before = sums_less(&habit->sums, since);
        evidence->tenant_all = sums_less(&habit->sums, &none);
    }
    struct excursion room;
    const struct excursion *of_tenant = excursion_see(detect, tenant, &room);
    evidence->tenant_start_serial = UINT64_MAX;
    for (unsigned j = 0; of_tenant != NULL && j < NODE_COUNT; j++) {
        const struct bank_node *node = &of_tenant->bank.nodes[j];
        uint64_t serial =
                node->w_nat6 > 0 ? recent_serial(detect->recent, node->start) : UINT64_MAX;
        if (serial < evidence->tenant_start_serial) {
            evidence->tenant_start_serial = serial;
        }
    }
    evidence->tenant_judged = of_tenant != NULL ? of_tenant->since.watched : 0;
    evidence->tenant_misdirected = of_tenant != NULL ? of_tenant->since.misdirected : 0;
}

int64_t detect_ratio(const struct detect *detect, int32_t scope, unsigned node)
{
    struct excursion room;
    const struct excursion *excursion = excursion_see(detect, scope, &room);
    return excursion != NULL ? excursion->bank.nodes[node].w_nat6 : 0;
}

struct bank_reading detect_read(const struct detect *detect, int32_t scope, enum scope_kind kind,
        struct detect_budget budget, enum tier highest)
{
    struct excursion room;
    const struct excursion *excursion = excursion_see(detect, scope, &room);
    if (excursion == NULL) {
        return (struct bank_reading){.tier = TIER_NONE};
    }
    const struct bank_rules rules =
            budget.is_probation ? bank_rules_of_probation(budget.index)
                                : bank_rules_of(budget.index, scope_at(detect, scope)->credited);
    return bank_read(&excursion->bank, &rules, kind, highest);
}

static struct message_position place_position(const struct detect *detect, const struct place *at)
{
    return (struct message_position){
            .occurred_at_ms = at->occurred_at_ms,
            .topic = view_of(detect->topics[at->topic]),
            .partition = at->partition,
            .offset = at->offset,
    };
}

void detect_evidence(const struct detect *detect, int32_t scope, const struct scope_name *name,
        const struct bank_reading *reading, struct evidence *ret_evidence)
{
    struct excursion room;
    const struct excursion *excursion = excursion_see(detect, scope, &room);
    ASSURE(excursion != NULL);
    const struct bank_node *node = &excursion->bank.nodes[reading->node];
    struct recent_entry entries[RECENT_MAX];
    uint64_t start_serial = recent_serial(detect->recent, node->start);
    uint32_t people = recent_since(detect->recent, scope, start_serial, entries);
    bool credited = (excursion->bank.credited >> reading->node & 1) != 0;
    *ret_evidence = (struct evidence){
            .scope = *name,
            .start_serial = start_serial,
            .judged = node->judged,
            .misdirected = node->misdirected,
            .guarded = node->guarded,
            .distinct_recipients = people,
            .distinct_is_lower_bound = people == RECENT_MAX,
            .baseline_millionths = (table_baseline_ppb(excursion->highest_level) + 500) / 1000,
            .lowest_baseline_millionths =
                    (table_baseline_ppb(excursion->lowest_level) + 500) / 1000,
            .start_credit_nat6 = credited ? excursion->bank.credit_nat6 : 0,
            .estimated_rate_millionths = (int64_t)node->misdirected * 1000000 / node->judged,
            .log_likelihood_ratio_nat6 = node->w_nat6,
            .threshold_nat6 = table_threshold(reading->budget, reading->node),
            .false_alarm_budget = table_budget_messages(reading->budget),
            .change_point = recent_position(detect->recent, node->start),
            .node = node_names[reading->node],
            .node_index = reading->node,
    };
    fill_sums(detect, &excursion->since, excursion->tenant, ret_evidence);
    ret_evidence->tenant_watched_before = excursion->before[reading->node].watched;
    ret_evidence->tenant_misdirected_before = excursion->before[reading->node].misdirected;
}

static struct detect_history history_before(
        const struct bank_node *node, const struct detect_history *history)
{
    if (history->heard - node->judged >= HISTORY_SURE) {
        return *history; // it was whole when the excursion began
    }
    return (struct detect_history){
            .judged = history->judged > node->judged ? history->judged - node->judged : 0,
            .misdirected = history->misdirected > node->misdirected
                                   ? history->misdirected - node->misdirected
                                   : 0};
}

bool detect_reaches(const struct detect *detect, const struct excursion *excursion,
        const struct bank_reading *reading, unsigned level)
{
    if (level <= excursion->lowest_level) {
        return true;
    }
    const struct step_table steps = bank_steps(level, detect->options.guard);
    return bank_ratio_by(&excursion->bank, reading->node, &steps) >=
           table_threshold(reading->budget, reading->node);
}

bool detect_stands(const struct detect *detect, int32_t scope, const struct bank_reading *reading,
        const struct detect_history *history)
{
    struct excursion room;
    const struct excursion *excursion = excursion_see(detect, scope, &room);
    ASSURE(excursion != NULL);
    const struct bank_node *node = &excursion->bank.nodes[reading->node];
    const struct detect_history before = history_before(node, history);
    // 1.25 times its own rate, as every baseline; the level in force has that in it already.
    int64_t present_ppb = table_baseline_ppb(excursion->lowest_level);
    int64_t rate_ppb = (before.misdirected * INT64_C(1250000000) + HISTORY_WEIGHT * present_ppb) /
                       ((int64_t)before.judged + HISTORY_WEIGHT);
    if (history->is_own && reading->tier >= TIER_QUARANTINE && before.judged >= HISTORY_SURE &&
            node->misdirected * INT64_C(1250000000) / node->judged < HISTORY_RATIO * rate_ppb) {
        return false;
    }
    int64_t ceiling_ppb = (int64_t)detect->options.baseline.ceiling_millionths * 1000;
    unsigned level = table_level_up(rate_ppb < ceiling_ppb ? rate_ppb : ceiling_ppb);
    return level <= excursion->lowest_level + (unsigned)HISTORY_MARGIN ||
           detect_reaches(detect, excursion, reading, level);
}

bool detect_is_cold(const struct detect *detect, int32_t scope, const struct bank_reading *reading,
        const struct detect_history *history)
{
    struct excursion room;
    const struct excursion *excursion = excursion_see(detect, scope, &room);
    ASSURE(excursion != NULL);
    return history_before(&excursion->bank.nodes[reading->node], history).judged < HISTORY_SURE;
}

struct stream_reading detect_read_streams(
        const struct detect *detect, int32_t scope, source_set sources)
{
    const struct streams *streams = detect_streams(detect, scope);
    return streams != NULL ? streams_read(streams, sources)
                           : (struct stream_reading){.tier = TIER_NONE};
}

void detect_stream_evidence(const struct detect *detect, int32_t scope,
        const struct scope_name *name, const struct stream_reading *reading,
        struct evidence *ret_evidence)
{
    const struct stream_excursion *excursion = streams_of(detect, scope);
    ASSURE(excursion != NULL && reading->judged > 0);
    int64_t baseline = stream_level_millionths(detect->options.streams.level[reading->stream]);
    *ret_evidence = (struct evidence){
            .scope = *name,
            .stream = stream_names[reading->stream],
            .judged = reading->judged,
            .misdirected = reading->hits,
            .baseline_millionths = baseline,
            .lowest_baseline_millionths = baseline,
            .estimated_rate_millionths = (int64_t)reading->hits * 1000000 / reading->judged,
            .log_likelihood_ratio_nat6 = reading->w_nat6,
            .threshold_nat6 = reading->threshold_nat6,
            .false_alarm_budget = reading->budget_messages,
            .change_point = place_position(detect, &excursion->place),
            .node = stream_names[reading->stream],
    };
    fill_sums(detect, &excursion->since, excursion->tenant, ret_evidence);
    ret_evidence->start_serial = excursion->start_serials[reading->stream];
    ret_evidence->tenant_watched_before = ret_evidence->tenant_all.watched;
    ret_evidence->tenant_misdirected_before = ret_evidence->tenant_all.misdirected;
}

const struct streams *detect_streams(const struct detect *detect, int32_t scope)
{
    const struct stream_excursion *excursion = streams_of(detect, scope);
    return excursion != NULL ? &excursion->streams : NULL;
}

void detect_spoil(struct detect *detect, int32_t scope)
{
    baseline_spoil(detect->baseline, scope);
}

bool detect_has_moved(struct detect *detect, int32_t scope)
{
    return detect->options.learning && baseline_moved(detect->baseline, scope);
}
