#include "bench/score_print.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/score_sums.h"
#include "common/json_out.h"

enum { FALSE_SHOWN_MAX = 100 };
static const double HARM_FALSE_QUARANTINE = 2000;
static const double HARM_FALSE_STOP = 20000;
static const double HARM_GOOD_HELD = 0.05;

// --- numbers ----------------------------------------------------------------------------------

static void add_number(struct json_out *out, const char *key, double number)
{
    char text[32];
    if (!isfinite(number)) {
        json_null(out, key);
        return;
    }
    int n = snprintf(text, sizeof text, "%.6g", number);
    json_raw(out, key, view_bytes(text, (size_t)n));
}

// null where there is nothing to compare with.
static void add_ratio(struct json_out *out, const char *key, double part, double whole)
{
    if (whole > 0) {
        add_number(out, key, part / whole);
    } else {
        json_null(out, key);
    }
}

static void add_share(struct json_out *out, const char *key, uint64_t part, uint64_t whole)
{
    add_ratio(out, key, (double)part, (double)whole);
}

static void add_count(struct json_out *out, const char *key, uint64_t count)
{
    json_int(out, key, (int64_t)count);
}

static void add_spread(struct json_out *out, const char *key, const struct spread *spread)
{
    if (spread->count == 0) {
        json_null(out, key);
        return;
    }
    json_object(out, key);
    add_count(out, "count", spread->count);
    add_number(out, "mean", spread->mean);
    add_number(out, "median", spread->median);
    add_number(out, "p95", spread->p95);
    add_number(out, "max", spread->max);
    json_object_end(out);
}

static void add_scope(
        struct json_out *out, const char *key, const struct score_data *data, uint32_t scope)
{
    json_object(out, key);
    json_text(out, "kind", scope_kind_names[data->scopes[scope].kind]);
    json_string(out, "id", data->scopes[scope].id);
    json_string(out, "tenant_id", data->scopes[scope].tenant_id);
    json_object_end(out);
}

// --- the run as a whole -----------------------------------------------------------------------

static void add_verdicts(
        struct json_out *out, const struct score_data *data, const struct score_measured *measured)
{
    const struct score_counts *counts = &measured->counts;
    json_object(out, "messages");
    add_count(out, "labels", data->label_count);
    add_count(out, "verdicts", data->message_count);
    add_count(out, "repeated_verdicts", counts->again);
    add_count(out, "without_verdict", counts->without_verdict);
    add_count(out, "without_label", data->unlabelled);
    add_count(out, "healthy", counts->healthy);
    json_object_end(out);

    uint64_t expected = 0;
    uint64_t said = 0;
    json_object(out, "verdicts");
    json_object(out, "confusion");
    for (unsigned truth = 0; truth < VERDICT_COUNT; truth++) {
        json_object(out, verdict_names[truth]);
        for (unsigned verdict = 0; verdict < VERDICT_COUNT; verdict++) {
            add_count(out, verdict_names[verdict], counts->confusion[truth][verdict]);
        }
        json_object_end(out);
        said += counts->confusion[truth][VERDICT_MISDIRECTED];
        expected += counts->confusion[VERDICT_MISDIRECTED][truth];
    }
    json_object_end(out);
    uint64_t both = counts->confusion[VERDICT_MISDIRECTED][VERDICT_MISDIRECTED];
    add_share(out, "recall", both, expected);
    add_share(out, "precision", both, said);
    add_count(out, "reasons_differ", data->reasons_differ);
    json_object_end(out);
}

static void add_false_quarantines(struct json_out *out, const struct score_data *data,
        const struct score_match *match, const struct score_counts *counts)
{
    double interval[2];
    poisson_interval(counts->false_holds, interval);
    double hundred_millions = (double)counts->healthy / 1e8;
    json_object(out, "false_quarantines");
    add_count(out, "count", counts->false_holds);
    add_count(out, "healthy_messages", counts->healthy);
    add_ratio(out, "per_1e8", (double)counts->false_holds, hundred_millions);
    json_array(out, "interval_per_1e8");
    add_ratio(out, NULL, interval[0], hundred_millions);
    add_ratio(out, NULL, interval[1], hundred_millions);
    json_array_end(out);
    add_count(out, "false_vendor_stops", counts->unlawful_stops);
    json_array(out, "scopes");
    uint32_t shown = 0;
    for (uint32_t i = 0; i < match->hold_count && shown < FALSE_SHOWN_MAX; i++) {
        const struct score_hold *hold = &match->holds[i];
        if (hold->incident != SCORE_NONE) {
            continue;
        }
        json_object(out, NULL);
        add_scope(out, "scope", data, hold->scope);
        json_text(out, "tier", tier_names[hold->tier]);
        add_count(out, "line", hold->line);
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
        add_count(out, "raised", raised);
        add_count(out, "planted", planted);
        add_count(out, "of_late_data", late_data);
        add_share(out, "precision", planted, raised);
        json_object_end(out);
    }
    json_object_end(out);
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
    add_count(out, "scopes", match->hold_count);
    add_count(out, "planted", planted);
    for (unsigned relation = RELATION_EXACT; relation < RELATION_COUNT; relation++) {
        add_count(out, score_relation_names[relation], by[relation]);
    }
    add_share(out, "wrong_scope_rate", by[RELATION_WIDER] + by[RELATION_OVERLAPPING], planted);
    add_count(out, "of_late_data", counts->lag_holds);
    add_count(out, "monitor", data->monitor_holds);
    add_count(out, "unplaced", match->unplaced);
    add_count(out, "messages", data->message_holds);
    json_object_end(out);
}

static void add_over_block(struct json_out *out, const struct score_counts *counts)
{
    json_object(out, "over_block");
    add_count(out, "held", counts->held);
    add_count(out, "good", counts->good);
    add_count(out, "good_held", counts->good_held);
    add_count(out, "good_held_in_incidents", counts->good_held_inside);
    add_share(out, "share", counts->good_held, counts->good);
    json_object_end(out);
}

// --- incidents together -----------------------------------------------------------------------

static void add_recall(struct json_out *out, const struct score_sums *sums)
{
    json_object(out, "recall");
    add_share(out, "overall", sums->quarantined, sums->incidents);
    add_share(out, "detectable", sums->detectable_quarantined, sums->detectable);
    add_share(out, "undetectable", sums->quarantined - sums->detectable_quarantined,
            sums->incidents - sums->detectable);
    add_count(out, "incidents", sums->incidents);
    add_count(out, "quarantined", sums->quarantined);
    add_count(out, "detectable_incidents", sums->detectable);
    add_count(out, "detectable_quarantined", sums->detectable_quarantined);
    add_count(out, "oracle_detects", sums->oracle_detects);
    add_count(out, "only_in_parts", sums->only_narrower);
    add_count(out, "only_in_wrong_scope", sums->wrong_scope);
    json_object_end(out);
}

static void add_delay(struct json_out *out, const struct score_sums *sums)
{
    static const char *const guards[2] = {"guard_off", "guard_on"};
    json_object(out, "delay");
    add_spread(out, "misdirected", &sums->until);
    add_spread(out, "misdirected_until_alert", &sums->until_alert);
    json_object(out, "oracle");
    add_spread(out, "expected", &sums->oracle_mean);
    add_spread(out, "same_messages", &sums->oracle_run);
    add_spread(out, "ratio", &sums->over_oracle);
    add_spread(out, "ratio_same_messages", &sums->over_run);
    json_object_end(out);
    json_object(out, "bank");
    for (unsigned guard = 0; guard < 2; guard++) {
        json_object(out, guards[guard]);
        add_spread(out, "expected", &sums->bank_mean[guard]);
        add_spread(out, "ratio", &sums->over_bank[guard]);
        json_object_end(out);
    }
    json_object_end(out);
    json_object_end(out);
}

static void add_escapes(struct json_out *out, const struct score_sums *sums)
{
    json_object(out, "escapes");
    add_count(out, "misdirected", sums->misdirected);
    add_count(out, "escaped_scope", sums->escaped);
    add_count(out, "framing_at_most", sums->framing);
    add_count(out, "statistic_at_least", sums->escaped - sums->framing);
    add_share(out, "share", sums->escaped, sums->misdirected);
    add_count(out, "flagged", sums->flagged);
    json_object_end(out);
}

static void add_the_rest(struct json_out *out, const struct score_sums *sums)
{
    json_object(out, "change_point");
    add_spread(out, "error", &sums->change_error);
    json_object_end(out);
    json_object(out, "rate_interval");
    add_count(out, "told", sums->intervals);
    add_count(out, "covered", sums->covered);
    add_share(out, "coverage", sums->covered, sums->intervals);
    json_object_end(out);
    json_object(out, "alerts");
    add_count(out, "incidents_raised", sums->raised);
    add_count(out, "raised_as_one", sums->raised_once);
    add_count(out, "records", sums->alert_records);
    add_count(out, "most_records", sums->alert_records_most);
    json_object_end(out);
    json_object(out, "cause");
    add_share(out, "right_when_raised", sums->cause_at_top, sums->raised);
    add_share(out, "right_at_last", sums->cause_at_last, sums->raised);
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
    add_number(out, "cost", harm);
    add_number(out, "oracle", sums->oracle_harm);
    add_ratio(out, "ratio", harm, sums->oracle_harm);
    json_object_end(out);
}

// --- causes -----------------------------------------------------------------------------------

static bool is_first_with_cause(const struct score_data *data, uint32_t incident)
{
    for (uint32_t i = 0; i < incident; i++) {
        if (view_equal(data->incidents[i].cause, data->incidents[incident].cause)) {
            return false;
        }
    }
    return true;
}

static struct view named_cause(const struct score_figures *figures, bool at_last)
{
    struct view named = at_last ? figures->cause_at_last : figures->cause_at_top;
    return view_is_none(named) ? VIEW("not_raised") : named;
}

// One row of the matrix: what was named for the incidents of one planted cause.
static void add_cause_row(struct json_out *out, const struct score_data *data,
        const struct score_measured *measured, struct view cause, bool at_last)
{
    json_object(out, NULL);
    json_string(out, "planted", cause);
    json_object(out, "named");
    for (uint32_t i = 0; i < data->incident_count; i++) {
        if (!view_equal(data->incidents[i].cause, cause)) {
            continue;
        }
        struct view named = named_cause(&measured->figures[i], at_last);
        uint64_t count = 0;
        bool is_first = true;
        for (uint32_t other = 0; other < data->incident_count; other++) {
            bool is_same = view_equal(data->incidents[other].cause, cause) &&
                           view_equal(named_cause(&measured->figures[other], at_last), named);
            is_first = is_first && !(is_same && other < i);
            count += is_same;
        }
        if (is_first) {
            char key[64];
            snprintf(key, sizeof key, "%.*s", VIEW_ARGS(named));
            add_count(out, key, count);
        }
    }
    json_object_end(out);
    json_object_end(out);
}

static void add_causes(
        struct json_out *out, const struct score_data *data, const struct score_measured *measured)
{
    static const char *const when[2] = {"when_raised", "at_last"};
    json_object(out, "cause_matrix");
    for (unsigned at_last = 0; at_last < 2; at_last++) {
        json_array(out, when[at_last]);
        for (uint32_t i = 0; i < data->incident_count; i++) {
            if (is_first_with_cause(data, i)) {
                add_cause_row(out, data, measured, data->incidents[i].cause, at_last != 0);
            }
        }
        json_array_end(out);
    }
    json_object_end(out);
}

// --- one class, one incident ------------------------------------------------------------------

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
    add_count(out, "good_held", sums.good_held);
    add_the_rest(out, &sums);
    json_object(out, "harm");
    add_number(out, "cost", sums.harm);
    add_number(out, "oracle", sums.oracle_harm);
    add_ratio(out, "ratio", sums.harm, sums.oracle_harm);
    json_object_end(out);
    json_object_end(out);
    return ERR_NONE;
}

static void add_run(struct json_out *out, const char *key, const struct score_run_of *run)
{
    if (run->detects) {
        add_count(out, key, run->misdirected);
    } else {
        json_null(out, key);
    }
}

// What theory says of one incident.
static void add_theory(struct json_out *out, const struct score_figures *figures)
{
    static const char *const guards[2] = {"bank_guard_off", "bank_guard_on"};
    if (!figures->has_oracle) {
        json_null(out, "oracle");
    } else {
        json_object(out, "oracle");
        add_number(out, "p1", figures->oracle.p1);
        add_number(out, "expected", figures->oracle.mean_misdirected);
        add_count(out, "p95", figures->oracle.p95_misdirected);
        add_run(out, "same_messages", &figures->oracle_run);
        add_ratio(out, "ratio", figures->until,
                figures->quarantined ? figures->oracle.mean_misdirected : 0);
        json_object_end(out);
    }
    for (unsigned guard = 0; guard < 2; guard++) {
        json_object(out, guards[guard]);
        add_number(out, "expected", figures->bank[guard].mean_misdirected);
        add_number(out, "p95", figures->bank[guard].p95_misdirected);
        add_run(out, "same_messages", &figures->bank_run[guard]);
        json_object_end(out);
    }
}

static void add_incident(struct json_out *out, const struct score_data *data,
        const struct score_match *match, const struct score_measured *measured, uint32_t i)
{
    const struct score_incident *incident = &data->incidents[i];
    const struct score_figures *figures = &measured->figures[i];
    const struct score_truth *truth = &match->truths[i];
    json_object(out, NULL);
    json_string(out, "id", incident->id);
    json_string(out, "kind", incident->kind);
    json_string(out, "class", incident->class);
    add_scope(out, "scope", data, incident->scope);
    json_bool(out, "healthy", incident->is_lag);
    add_count(out, "judged", figures->judged);
    add_count(out, "misdirected", figures->misdirected);
    add_number(out, "p0", figures->p0);
    add_number(out, "p1", figures->p1);
    add_number(out, "budget", figures->budget);
    add_count(out, "least_misdirected", figures->least);
    json_bool(out, "detectable", figures->detectable);
    json_bool(out, "quarantined", figures->quarantined);
    if (truth->stop_hold != SCORE_NONE) {
        add_count(out, "misdirected_until_quarantine", figures->until);
        add_scope(out, "held", data, match->holds[truth->stop_hold].scope);
        json_text(out, "relation", score_relation_names[truth->best]);
        add_count(out, "framing_at_most", figures->framing);
    } else {
        json_null(out, "misdirected_until_quarantine");
        json_null(out, "held");
    }
    if (figures->until_alert != SCORE_NONE) {
        add_count(out, "misdirected_until_alert", figures->until_alert);
    } else {
        json_null(out, "misdirected_until_alert");
    }
    add_theory(out, figures);
    add_count(out, "escaped_scope", figures->escaped);
    add_count(out, "flagged", figures->flagged);
    add_count(out, "good_held", figures->good_held);
    add_number(out, "change_point_error", figures->change_error);
    add_number(out, "rate_interval_covers", figures->covers);
    json_string(out, "cause", incident->cause);
    json_string_or_null(out, "cause_when_raised", figures->cause_at_top);
    json_string_or_null(out, "cause_at_last", figures->cause_at_last);
    add_count(out, "incident_ids", truth->found_count);
    add_count(out, "alert_records", truth->alert_records);
    json_object_end(out);
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
    add_recall(&out, &sums);
    add_precision(&out, data, match);
    add_false_quarantines(&out, data, match, &measured->counts);
    add_holds(&out, data, match, &measured->counts);
    add_delay(&out, &sums);
    add_escapes(&out, &sums);
    add_over_block(&out, &measured->counts);
    add_the_rest(&out, &sums);
    add_causes(&out, data, measured);
    add_harm(&out, &measured->counts, &sums);
    add_verdicts(&out, data, measured);
    add_count(&out, "frame_messages", data->frame_messages);
    json_array(&out, "classes");
    for (uint32_t i = 0; i < data->incident_count && e == ERR_NONE; i++) {
        if (is_first_of_class(data, i)) {
            e = add_class(&out, data, match, measured, i);
        }
    }
    json_array_end(&out);
    json_array(&out, "incidents");
    for (uint32_t i = 0; i < data->incident_count; i++) {
        add_incident(&out, data, match, measured, i);
    }
    json_array_end(&out);
    json_object_end(&out);
    strbuf_add_byte(sb, '\n');
    return e != ERR_NONE ? e : sb->failed;
}
