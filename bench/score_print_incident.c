// The parts of the document that go incident by incident.
#include <stdio.h>

#include "bench/score_json.h"
#include "bench/score_print.h"

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
            score_add_count(out, key, count);
        }
    }
    json_object_end(out);
    json_object_end(out);
}

void score_add_causes(
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

// --- one incident -----------------------------------------------------------------------------

static void add_run(struct json_out *out, const char *key, const struct score_run_of *run)
{
    if (run->detects) {
        score_add_count(out, key, run->misdirected);
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
        score_add_number(out, "p1", figures->oracle.p1);
        score_add_number(out, "expected", figures->oracle.mean_misdirected);
        score_add_count(out, "p95", figures->oracle.p95_misdirected);
        add_run(out, "same_messages", &figures->oracle_run);
        score_add_ratio(out, "ratio", figures->until,
                figures->quarantined ? figures->oracle.mean_misdirected : 0);
        json_object_end(out);
    }
    for (unsigned guard = 0; guard < 2; guard++) {
        json_object(out, guards[guard]);
        score_add_number(out, "expected", figures->bank[guard].mean_misdirected);
        score_add_number(out, "p95", figures->bank[guard].p95_misdirected);
        add_run(out, "same_messages", &figures->bank_run[guard]);
        json_object_end(out);
    }
}

void score_add_incident(struct json_out *out, const struct score_data *data,
        const struct score_match *match, const struct score_measured *measured, uint32_t i)
{
    const struct score_incident *incident = &data->incidents[i];
    const struct score_figures *figures = &measured->figures[i];
    const struct score_truth *truth = &match->truths[i];
    json_object(out, NULL);
    json_string(out, "id", incident->id);
    json_string(out, "kind", incident->kind);
    json_string(out, "class", incident->class);
    score_add_scope(out, "scope", data, incident->scope);
    json_bool(out, "healthy", incident->is_lag);
    score_add_count(out, "judged", figures->judged);
    score_add_count(out, "misdirected", figures->misdirected);
    score_add_number(out, "p0", figures->p0);
    score_add_number(out, "p1", figures->p1);
    score_add_number(out, "budget", figures->budget);
    score_add_count(out, "least_misdirected", figures->least);
    json_bool(out, "detectable", figures->detectable);
    json_bool(out, "quarantined", figures->quarantined);
    if (truth->stop_hold != SCORE_NONE) {
        score_add_count(out, "misdirected_until_quarantine", figures->until);
        score_add_scope(out, "held", data, match->holds[truth->stop_hold].scope);
        json_text(out, "relation", score_relation_names[truth->best]);
        score_add_count(out, "framing_at_most", figures->framing);
    } else {
        json_null(out, "misdirected_until_quarantine");
        json_null(out, "held");
    }
    if (figures->until_alert != SCORE_NONE) {
        score_add_count(out, "misdirected_until_alert", figures->until_alert);
    } else {
        json_null(out, "misdirected_until_alert");
    }
    add_theory(out, figures);
    score_add_count(out, "escaped_scope", figures->escaped);
    score_add_count(out, "flagged", figures->flagged);
    score_add_count(out, "good_held", figures->good_held);
    score_add_number(out, "change_point_error", figures->change_error);
    score_add_number(out, "rate_interval_covers", figures->covers);
    json_string(out, "cause", incident->cause);
    json_string_or_null(out, "cause_when_raised", figures->cause_at_top);
    json_string_or_null(out, "cause_at_last", figures->cause_at_last);
    score_add_count(out, "incident_ids", truth->found_count);
    score_add_count(out, "alert_records", truth->alert_records);
    json_object_end(out);
}
