#include "bench/score_print.h"

#include "bench/score_json.h"
#include "bench/score_sums.h"

enum { FALSE_SHOWN_MAX = 100 };
static const double HARM_FALSE_QUARANTINE = 2000;
static const double HARM_FALSE_STOP = 20000;
static const double HARM_GOOD_HELD = 0.05;

// --- the run as a whole -----------------------------------------------------------------------

static void add_verdicts(
        struct json_out *out, const struct score_data *data, const struct score_measured *measured)
{
    const struct score_counts *counts = &measured->counts;
    json_object(out, "messages");
    score_add_count(out, "labels", data->label_count);
    score_add_count(out, "verdicts", data->message_count);
    score_add_count(out, "repeated_verdicts", counts->again);
    score_add_count(out, "without_verdict", counts->without_verdict);
    score_add_count(out, "without_label", data->unlabelled);
    score_add_count(out, "drill_records", data->drill_records);
    score_add_count(out, "healthy", counts->healthy);
    json_object_end(out);

    uint64_t expected = 0;
    uint64_t said = 0;
    json_object(out, "verdicts");
    json_object(out, "confusion");
    for (unsigned truth = 0; truth < VERDICT_COUNT; truth++) {
        json_object(out, verdict_names[truth]);
        for (unsigned verdict = 0; verdict < VERDICT_COUNT; verdict++) {
            score_add_count(out, verdict_names[verdict], counts->confusion[truth][verdict]);
        }
        json_object_end(out);
        said += counts->confusion[truth][VERDICT_MISDIRECTED];
        expected += counts->confusion[VERDICT_MISDIRECTED][truth];
    }
    json_object_end(out);
    uint64_t both = counts->confusion[VERDICT_MISDIRECTED][VERDICT_MISDIRECTED];
    score_add_share(out, "recall", both, expected);
    score_add_share(out, "precision", both, said);
    score_add_count(out, "reasons_differ", data->reasons_differ);
    json_object_end(out);
}

static void add_false_quarantines(struct json_out *out, const struct score_data *data,
        const struct score_match *match, const struct score_counts *counts)
{
    double interval[2];
    poisson_interval(counts->false_holds, interval);
    double hundred_millions = (double)counts->healthy / 1e8;
    json_object(out, "false_quarantines");
    score_add_count(out, "count", counts->false_holds);
    score_add_count(out, "healthy_messages", counts->healthy);
    score_add_ratio(out, "per_1e8", (double)counts->false_holds, hundred_millions);
    json_array(out, "interval_per_1e8");
    score_add_ratio(out, NULL, interval[0], hundred_millions);
    score_add_ratio(out, NULL, interval[1], hundred_millions);
    json_array_end(out);
    score_add_count(out, "false_vendor_stops", counts->unlawful_stops);
    json_array(out, "scopes");
    uint32_t shown = 0;
    for (uint32_t i = 0; i < match->hold_count && shown < FALSE_SHOWN_MAX; i++) {
        const struct score_hold *hold = &match->holds[i];
        if (hold->incident != SCORE_NONE) {
            continue;
        }
        json_object(out, NULL);
        score_add_scope(out, "scope", data, hold->scope);
        json_text(out, "tier", tier_names[hold->tier]);
        score_add_count(out, "line", hold->line);
        json_object_end(out);
        shown++;
    }
    json_array_end(out);
    json_object_end(out);
}

static void add_precision(
        struct json_out *out, const struct score_data *data, const struct score_match *match)
{
    json_object(out, "precision");
    for (unsigned tier = TIER_NOTICE; tier < TIER_COUNT; tier++) {
        uint64_t raised = 0;
        uint64_t planted = 0;
        uint64_t late_data = 0;
        for (uint32_t i = 0; i < match->found_count; i++) {
            const struct score_found *found = &match->founds[i];
            if (found->tier >= tier) {
                raised++;
                planted += found->incident != SCORE_NONE;
                late_data +=
                        found->incident != SCORE_NONE && data->incidents[found->incident].is_lag;
            }
        }
        json_object(out, tier_names[tier]);
        score_add_count(out, "raised", raised);
        score_add_count(out, "planted", planted);
        score_add_count(out, "of_late_data", late_data);
        score_add_share(out, "precision", planted, raised);
        json_object_end(out);
    }
    json_object_end(out);
}

// What was raised, at whatever tier, and no planted incident explains.
static void add_unexplained(
        struct json_out *out, const struct score_data *data, const struct score_match *match)
{
    json_array(out, "unexplained");
    uint32_t shown = 0;
    for (uint32_t i = 0; i < match->found_count && shown < FALSE_SHOWN_MAX; i++) {
        const struct score_found *found = &match->founds[i];
        if (found->incident != SCORE_NONE || found->top_alert == SCORE_NONE) {
            continue;
        }
        const struct score_alert *alert = &data->alerts[found->top_alert];
        json_object(out, NULL);
        score_add_scope(out, "scope", data, alert->scope);
        json_text(out, "tier", tier_names[found->tier]);
        json_string_or_null(out, "node", alert->node);
        json_string(out, "cause", alert->likely);
        score_add_count(out, "line", alert->line);
        json_object_end(out);
        shown++;
    }
    json_array_end(out);
}

static void add_holds(struct json_out *out, const struct score_data *data,
        const struct score_match *match, const struct score_counts *counts)
{
    uint64_t by[RELATION_COUNT] = {0};
    uint64_t planted = 0;
    for (uint32_t i = 0; i < match->hold_count; i++) {
        const struct score_hold *hold = &match->holds[i];
        by[hold->relation] += hold->incident != SCORE_NONE;
        planted += hold->incident != SCORE_NONE;
    }
    json_object(out, "holds");
    score_add_count(out, "scopes", match->hold_count);
    score_add_count(out, "planted", planted);
    for (unsigned relation = RELATION_EXACT; relation < RELATION_COUNT; relation++) {
        score_add_count(out, score_relation_names[relation], by[relation]);
    }
    score_add_share(
            out, "wrong_scope_rate", by[RELATION_WIDER] + by[RELATION_OVERLAPPING], planted);
    score_add_count(out, "of_late_data", counts->lag_holds);
    score_add_count(out, "monitor", data->monitor_holds);
    score_add_count(out, "unplaced", match->unplaced);
    score_add_count(out, "messages", data->message_holds);
    json_object_end(out);
}

static void add_over_block(struct json_out *out, const struct score_counts *counts)
{
    json_object(out, "over_block");
    score_add_count(out, "held", counts->held);
    score_add_count(out, "good", counts->good);
    score_add_count(out, "good_held", counts->good_held);
    score_add_count(out, "good_held_in_incidents", counts->good_held_inside);
    score_add_share(out, "share", counts->good_held, counts->good);
    json_object_end(out);
}

// What was planted to look like an incident, by kind.
static void add_negatives(
        struct json_out *out, const struct score_data *data, const struct score_match *match)
{
    json_array(out, "negatives");
    for (uint32_t i = 0; i < data->negative_count; i++) {
        struct view kind = data->negatives[i].kind;
        bool is_first = true;
        uint64_t planted = 0;
        uint64_t held = 0;
        uint64_t alerted = 0;
        for (uint32_t j = 0; j < data->negative_count; j++) {
            const struct score_negative *negative = &data->negatives[j];
            if (view_equal(negative->kind, kind)) {
                is_first = is_first && j >= i;
                planted++;
                held += score_false_holds_in(data, match, negative->scope);
                alerted += score_false_alerts_in(data, match, negative->scope);
            }
        }
        if (is_first) {
            json_object(out, NULL);
            json_string(out, "kind", kind);
            score_add_count(out, "planted", planted);
            score_add_count(out, "false_quarantines", held);
            score_add_count(out, "false_alerts", alerted);
            json_object_end(out);
        }
    }
    json_array_end(out);
}

// --- incidents together -----------------------------------------------------------------------

static void add_recall(struct json_out *out, const struct score_sums *sums)
{
    json_object(out, "recall");
    score_add_share(out, "overall", sums->quarantined, sums->incidents);
    score_add_share(out, "detectable", sums->detectable_quarantined, sums->detectable);
    score_add_share(out, "undetectable", sums->quarantined - sums->detectable_quarantined,
            sums->incidents - sums->detectable);
    score_add_count(out, "incidents", sums->incidents);
    score_add_count(out, "quarantined", sums->quarantined);
    score_add_count(out, "detectable_incidents", sums->detectable);
    score_add_count(out, "detectable_quarantined", sums->detectable_quarantined);
    score_add_share(out, "alerted", sums->alerted, sums->incidents);
    score_add_count(out, "oracle_detects", sums->oracle_detects);
    score_add_count(out, "only_in_parts", sums->only_narrower);
    score_add_count(out, "only_in_wrong_scope", sums->wrong_scope);
    json_object_end(out);
}

static void add_delay(struct json_out *out, const struct score_sums *sums)
{
    static const char *const guards[2] = {"guard_off", "guard_on"};
    json_object(out, "delay");
    score_add_spread(out, "misdirected", &sums->until);
    score_add_spread(out, "misdirected_until_alert", &sums->until_alert);
    json_object(out, "oracle");
    score_add_spread(out, "expected", &sums->oracle_mean);
    score_add_spread(out, "same_messages", &sums->oracle_run);
    score_add_spread(out, "ratio", &sums->over_oracle);
    score_add_spread(out, "ratio_same_messages", &sums->over_run);
    json_object_end(out);
    json_object(out, "bank");
    for (unsigned guard = 0; guard < 2; guard++) {
        json_object(out, guards[guard]);
        score_add_spread(out, "expected", &sums->bank_mean[guard]);
        score_add_spread(out, "ratio", &sums->over_bank[guard]);
        json_object_end(out);
    }
    json_object_end(out);
    json_object_end(out);
}

static void add_escapes(struct json_out *out, const struct score_sums *sums)
{
    json_object(out, "escapes");
    score_add_count(out, "misdirected", sums->misdirected);
    score_add_count(out, "escaped_scope", sums->escaped);
    score_add_count(out, "framing_at_most", sums->framing);
    score_add_count(out, "statistic_at_least", sums->escaped - sums->framing);
    score_add_share(out, "share", sums->escaped, sums->misdirected);
    score_add_count(out, "flagged", sums->flagged);
    json_object_end(out);
}

static void add_the_rest(struct json_out *out, const struct score_sums *sums)
{
    json_object(out, "change_point");
    score_add_spread(out, "error", &sums->change_error);
    json_object_end(out);
    json_object(out, "rate_interval");
    score_add_count(out, "told", sums->intervals);
    score_add_count(out, "covered", sums->covered);
    score_add_share(out, "coverage", sums->covered, sums->intervals);
    json_object_end(out);
    json_object(out, "alerts");
    score_add_count(out, "incidents_raised", sums->raised);
    score_add_count(out, "raised_as_one", sums->raised_once);
    score_add_count(out, "records", sums->alert_records);
    score_add_count(out, "most_records", sums->alert_records_most);
    json_object_end(out);
    json_object(out, "cause");
    score_add_share(out, "right_when_raised", sums->cause_at_top, sums->raised);
    score_add_share(out, "right_at_last", sums->cause_at_last, sums->raised);
    json_object_end(out);
}

static void add_harm(
        struct json_out *out, const struct score_counts *counts, const struct score_sums *sums)
{
    double false_holds = (double)(counts->false_holds - counts->unlawful_stops);
    double harm = (double)sums->escaped + HARM_GOOD_HELD * (double)counts->good_held +
                  HARM_FALSE_QUARANTINE * false_holds +
                  HARM_FALSE_STOP * (double)counts->unlawful_stops;
    json_object(out, "harm");
    score_add_number(out, "cost", harm);
    score_add_number(out, "oracle", sums->oracle_harm);
    score_add_ratio(out, "ratio", harm, sums->oracle_harm);
    json_object_end(out);
}

// --- by class ------------------------------------------------------------------

static bool is_first_of_class(const struct score_data *data, uint32_t incident)
{
    for (uint32_t i = 0; i < incident; i++) {
        if (view_equal(data->incidents[i].class, data->incidents[incident].class)) {
            return false;
        }
    }
    return true;
}

static enum err add_class(struct json_out *out, const struct score_data *data,
        const struct score_match *match, const struct score_measured *measured, uint32_t incident)
{
    struct score_sums sums;
    enum err e = score_sums_make(&sums, data, match, measured, data->incidents[incident].class);
    if (e != ERR_NONE) {
        return e;
    }
    json_object(out, NULL);
    json_string(out, "class", data->incidents[incident].class);
    json_bool(out, "healthy", data->incidents[incident].is_lag);
    add_recall(out, &sums);
    add_delay(out, &sums);
    add_escapes(out, &sums);
    score_add_count(out, "good_held", sums.good_held);
    add_the_rest(out, &sums);
    json_object(out, "harm");
    score_add_number(out, "cost", sums.harm);
    score_add_number(out, "oracle", sums.oracle_harm);
    score_add_ratio(out, "ratio", sums.harm, sums.oracle_harm);
    json_object_end(out);
    json_object_end(out);
    return ERR_NONE;
}

enum err score_print(struct strbuf *sb, const struct score_data *data,
        const struct score_match *match, const struct score_measured *measured)
{
    struct score_sums sums;
    enum err e = score_sums_make(&sums, data, match, measured, VIEW_NONE);
    if (e != ERR_NONE) {
        return e;
    }
    struct json_out out;
    json_begin(&out, sb);
    json_object(&out, NULL);
    json_string_or_null(&out, "class", data->class);
    add_recall(&out, &sums);
    add_precision(&out, data, match);
    add_false_quarantines(&out, data, match, &measured->counts);
    add_negatives(&out, data, match);
    add_unexplained(&out, data, match);
    add_holds(&out, data, match, &measured->counts);
    add_delay(&out, &sums);
    add_escapes(&out, &sums);
    add_over_block(&out, &measured->counts);
    add_the_rest(&out, &sums);
    score_add_causes(&out, data, measured);
    add_harm(&out, &measured->counts, &sums);
    add_verdicts(&out, data, measured);
    score_add_count(&out, "frame_messages", data->frame_messages);
    json_array(&out, "classes");
    for (uint32_t i = 0; i < data->incident_count && e == ERR_NONE; i++) {
        if (is_first_of_class(data, i)) {
            e = add_class(&out, data, match, measured, i);
        }
    }
    json_array_end(&out);
    json_array(&out, "incidents");
    for (uint32_t i = 0; i < data->incident_count; i++) {
        score_add_incident(&out, data, match, measured, i);
    }
    json_array_end(&out);
    json_object_end(&out);
    strbuf_add_byte(sb, '\n');
    return e != ERR_NONE ? e : sb->failed;
}
