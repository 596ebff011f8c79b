#include "bench/score_figures.h"

#include <math.h>
#include <stdlib.h>

#include "bench/score_place.h"
#include "bench/statistics.h"

// The clump guard that run and replay have (design §6).
static const double GUARD_RHO = 0.05;
// The rate of a tenant with few messages is drawn towards that of all.
static const double PRIOR_MESSAGES = 2000;
static const double LEAST_RATE = 1e-5;
static const double MOST_RATE = 0.29;
// How far before an incident a rule starts to look: more would move nothing.
enum { WARM_UP_MESSAGES = 100000 };
enum { DETECTABLE_MARGIN = 2, LOOK_BACK = 64 };

// --- rates ------------------------------------------------------------------------------------

// Healthy rates, where the scenario does not tell them: those of the tenants' other messages.
static enum err measure_healthy_rates(struct score_figures *figures, const struct score_data *data)
{
    double *bad = calloc((size_t)data->scope_count + 1, sizeof *bad);
    double *all = calloc((size_t)data->scope_count + 1, sizeof *all);
    if (bad == NULL || all == NULL) {
        free(bad);
        free(all);
        return ERR_NO_MEMORY;
    }
    double sum_bad = 0.005;
    double sum_all = 1;
    for (uint32_t row = 0; row < data->message_count; row++) {
        const struct score_message *message = &data->messages[row];
        const struct score_label *label = score_label_of(data, message);
        if (!score_is_judged(label) || message->again || message->in_incident ||
                label->incident != SCORE_NONE) {
            continue;
        }
        double one = label->expected == VERDICT_MISDIRECTED;
        bad[message->scopes[SCOPE_TENANT]] += one;
        all[message->scopes[SCOPE_TENANT]] += 1;
        sum_bad += one;
        sum_all += 1;
    }
    for (uint32_t i = 0; i < data->incident_count; i++) {
        const struct score_incident *incident = &data->incidents[i];
        double p0 = incident->healthy_rate;
        if (!(p0 > 0)) {
            p0 = (bad[incident->tenant] + PRIOR_MESSAGES * sum_bad / sum_all) /
                 (all[incident->tenant] + PRIOR_MESSAGES);
        }
        figures[i].p0 = fmin(fmax(p0, LEAST_RATE), MOST_RATE);
    }
    free(bad);
    free(all);
    return ERR_NONE;
}

// The messages of the incident's scope from its first one on.
static const uint32_t *stretch_of(const struct score_data *data, const struct score_truth *truth,
        uint32_t incident, uint32_t *ret_count)
{
    uint32_t scope = data->incidents[incident].scope;
    const uint32_t *rows = score_rows(data, scope, ret_count);
    if (truth->first_row == SCORE_NONE) {
        *ret_count = 0;
        return rows;
    }
    uint32_t begin = score_rows_before(data, scope, truth->first_row);
    uint32_t end = score_rows_before(data, scope, truth->last_row + 1);
    *ret_count = end - begin;
    return rows + begin;
}

static void measure_rate(struct score_figures *figures, const struct score_data *data,
        const struct score_truth *truth, uint32_t incident)
{
    uint32_t count;
    const uint32_t *rows = stretch_of(data, truth, incident, &count);
    uint32_t bad = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct score_message *message = &data->messages[rows[i]];
        const struct score_label *label = score_label_of(data, message);
        if (score_is_judged(label) && !message->again) {
            figures->judged++;
            bad += label->expected == VERDICT_MISDIRECTED;
        }
    }
    figures->p1 = figures->judged > 0 ? (double)bad / figures->judged : 0;
}

// --- delay ------------------------------------------------------------------------------------

// How many of its misdirected messages lie at `row` or before.
static uint32_t misdirected_until(
        const struct score_match *match, const struct score_truth *truth, uint32_t row)
{
    const uint32_t *rows = match->rows + truth->row_begin;
    uint32_t low = 0;
    uint32_t high = truth->row_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (rows[middle] <= row) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void count_good_held(struct score_figures *figures, const struct score_data *data,
        const struct score_truth *truth, const struct score_hold *hold, uint32_t incident)
{
    uint32_t count;
    const uint32_t *rows = stretch_of(data, truth, incident, &count);
    enum scope_kind kind = data->scopes[hold->scope].kind;
    for (uint32_t i = 0; i < count; i++) {
        const struct score_message *message = &data->messages[rows[i]];
        const struct score_label *label = score_label_of(data, message);
        figures->good_held += rows[i] > hold->last_row && rows[i] < hold->until_row &&
                              message->scopes[kind] == hold->scope && label != NULL &&
                              !message->again && label->expected == VERDICT_CLEAR;
    }
}

static void measure_delay(struct score_figures *figures, const struct score_data *data,
        const struct score_match *match, uint32_t incident)
{
    const struct score_truth *truth = &match->truths[incident];
    figures->until = truth->row_count;
    figures->until_alert = truth->alert_row != SCORE_NONE
                                   ? misdirected_until(match, truth, truth->alert_row)
                                   : SCORE_NONE;
    if (truth->stop_hold == SCORE_NONE) {
        return;
    }
    const struct score_hold *hold = &match->holds[truth->stop_hold];
    figures->quarantined = truth->last_row != SCORE_NONE && hold->last_row <= truth->last_row;
    figures->until = misdirected_until(match, truth, hold->last_row);
    uint32_t before =
            hold->frame_row > 0 ? misdirected_until(match, truth, hold->frame_row - 1) : 0;
    figures->framing = figures->until > before ? figures->until - before - 1 : 0;
    count_good_held(figures, data, truth, hold, incident);
}

// --- what others would have needed ------------------------------------------------------------

// A rule that sees the messages of a scope one by one.
struct rule {
    const struct oracle *oracle; // one of the two
    struct replica *replica;
    int64_t statistic; // of the oracle
};

static bool rule_step(struct rule *rule, bool misdirected)
{
    if (rule->replica != NULL) {
        return replica_step(rule->replica, misdirected);
    }
    rule->statistic = oracle_step(rule->oracle, rule->statistic, misdirected);
    return rule->statistic >= rule->oracle->threshold;
}

static void rule_reset(struct rule *rule)
{
    rule->statistic = 0;
    if (rule->replica != NULL) {
        replica_reset(rule->replica);
    }
}

// Runs a rule over the labels of the incident's scope. An alarm before the incident is no use: it
// starts anew. `ret_good_held` gets the good messages of the stretch behind the alarm.
static struct score_run_of run_rule(struct rule *rule, const struct score_data *data,
        const struct score_match *match, uint32_t incident, uint64_t *ret_good_held)
{
    const struct score_truth *truth = &match->truths[incident];
    uint32_t scope = data->incidents[incident].scope;
    struct score_run_of run = {.misdirected = truth->row_count};
    uint32_t count;
    const uint32_t *rows = score_rows(data, scope, &count);
    uint32_t first = truth->first_row != SCORE_NONE
                             ? score_rows_before(data, scope, truth->first_row)
                             : count;
    *ret_good_held = 0;
    rule_reset(rule);
    for (uint32_t i = first > WARM_UP_MESSAGES ? first - WARM_UP_MESSAGES : 0;
            i < count && first < count && rows[i] <= truth->last_row; i++) {
        const struct score_message *message = &data->messages[rows[i]];
        const struct score_label *label = score_label_of(data, message);
        if (!score_is_judged(label) || message->again) {
            continue;
        }
        bool misdirected = label->expected == VERDICT_MISDIRECTED;
        if (run.detects) {
            *ret_good_held += !misdirected;
        } else if (rule_step(rule, misdirected)) {
            run.detects = i >= first;
            run.misdirected = misdirected_until(match, truth, rows[i]);
            rule_reset(rule);
        }
    }
    run.misdirected = run.detects ? run.misdirected : truth->row_count;
    return run;
}

// The incidents of a class have the same rates: what was worked out for one of the last few is not
// worked out again. NULL when there is none like it.
static const struct score_figures *find_like(
        const struct score_figures *all, uint32_t incident, double p1)
{
    const struct score_figures *figures = &all[incident];
    for (uint32_t back = 1; back <= LOOK_BACK && back <= incident; back++) {
        const struct score_figures *other = figures - back;
        if (other->has_oracle && other->oracle.p0 == figures->p0 && other->oracle.p1 == p1 &&
                other->oracle.budget == figures->budget) {
            return other;
        }
    }
    return NULL;
}

// An oracle that knows `p1`; it replaces the one before when it does better.
static enum err try_oracle(struct score_figures *all, const struct score_data *data,
        const struct score_match *match, uint32_t incident, double p1)
{
    struct score_figures *figures = &all[incident];
    if (!oracle_knows(figures->p0, p1)) {
        return ERR_NONE;
    }
    struct oracle oracle;
    const struct score_figures *like = find_like(all, incident, p1);
    if (like != NULL) {
        oracle = like->oracle;
    } else {
        enum err e = oracle_make(&oracle, figures->p0, p1, figures->budget);
        if (e != ERR_NONE) {
            return e;
        }
    }
    struct rule rule = {.oracle = &oracle};
    uint64_t good_held;
    struct score_run_of run = run_rule(&rule, data, match, incident, &good_held);
    bool better = run.detects != figures->oracle_run.detects
                          ? run.detects
                          : run.misdirected < figures->oracle_run.misdirected;
    if (!figures->has_oracle || better) {
        figures->has_oracle = true;
        figures->oracle = oracle;
        figures->oracle_run = run;
        figures->oracle_good_held = good_held;
    }
    return ERR_NONE;
}

// Whether an incident's rate is not what was planned, chance apart: it pauses, or is mixed with
// other messages.
static bool rates_differ(const struct score_figures *figures, double planned)
{
    double chance = sqrt(planned * (1 - planned) / fmax(figures->judged, 1));
    return fabs(planned - figures->p1) > 3 * chance;
}

// The oracle knows which of the two rates serves: the planned, or the realised one.
static enum err consult_oracle(struct score_figures *all, const struct score_data *data,
        const struct score_match *match, uint32_t incident)
{
    struct score_figures *figures = &all[incident];
    double planned = data->incidents[incident].rate;
    bool is_planned = planned > 0 && planned <= 1;
    figures->oracle_run.misdirected = match->truths[incident].row_count;
    enum err e = is_planned ? try_oracle(all, data, match, incident, planned) : ERR_NONE;
    bool tries = !is_planned || !figures->has_oracle || rates_differ(figures, planned);
    return e == ERR_NONE && tries ? try_oracle(all, data, match, incident, figures->p1) : e;
}

static void consult_bank(struct score_figures *all, const struct score_data *data,
        const struct score_match *match, uint32_t incident)
{
    struct score_figures *figures = &all[incident];
    double p1 = figures->has_oracle ? figures->oracle.p1 : figures->p1;
    const struct score_figures *like = find_like(all, incident, p1);
    struct replica replica;
    for (unsigned guard = 0; guard < 2; guard++) {
        replica_init(&replica, figures->p0, guard ? GUARD_RHO : 0, figures->budget);
        if (guard == 0) {
            figures->least = replica_least(&replica);
        }
        if (like != NULL) {
            figures->bank[guard] = like->bank[guard];
        } else {
            replica_measure(&replica, p1, &figures->bank[guard]);
        }
        struct rule rule = {.replica = &replica};
        uint64_t good_held;
        figures->bank_run[guard] = run_rule(&rule, data, match, incident, &good_held);
    }
    figures->detectable = figures->misdirected >= figures->least + DETECTABLE_MARGIN;
}

// --- what the alerts said ---------------------------------------------------------------------

// The budget of a hold of the incident's own scope; else that of its kind.
static double budget_of(
        const struct score_data *data, const struct score_match *match, uint32_t incident)
{
    const struct score_truth *truth = &match->truths[incident];
    const struct score_scope *scope = &data->scopes[data->incidents[incident].scope];
    if (truth->stop_hold != SCORE_NONE && truth->first_found != SCORE_NONE &&
            match->holds[truth->stop_hold].scope == data->incidents[incident].scope) {
        for (uint32_t i = 0; i < data->alert_count; i++) {
            const struct score_alert *alert = &data->alerts[i];
            if (alert->found == truth->first_found && alert->raises &&
                    alert->tier == TIER_QUARANTINE && alert->budget >= 2 &&
                    alert->evidence_scope == alert->scope) {
                return fmin(alert->budget, 1e12);
            }
        }
    }
    return scope->kind == SCOPE_CAMPAIGN ? 2e8 : 8e8;
}

static void read_alerts(struct score_figures *figures, const struct score_data *data,
        const struct score_match *match, uint32_t incident)
{
    const struct score_truth *truth = &match->truths[incident];
    figures->change_error = NO_NUMBER;
    figures->covers = NO_NUMBER;
    if (truth->first_found == SCORE_NONE) {
        return;
    }
    const struct score_found *found = &match->founds[truth->first_found];
    const struct score_alert *top = &data->alerts[found->top_alert];
    figures->cause_at_top = top->likely;
    figures->cause_at_last = data->alerts[found->last_alert].likely;
    uint32_t change = score_change_row(data, top);
    if (change != SCORE_NONE && truth->first_row != SCORE_NONE) {
        uint32_t scope = data->incidents[incident].scope;
        double at = score_rows_before(data, scope, change);
        double true_at = score_rows_before(data, scope, match->rows[truth->row_begin]);
        figures->change_error = fabs(at - true_at);
    }
    if (!isnan(top->interval[0]) && !isnan(top->interval[1])) {
        double p1 = figures->has_oracle ? figures->oracle.p1 : figures->p1;
        figures->covers = top->interval[0] <= p1 && p1 <= top->interval[1];
    }
}

enum err score_figures_make(struct score_figures *figures, const struct score_data *data,
        const struct score_match *match)
{
    enum err e = measure_healthy_rates(figures, data);
    for (uint32_t i = 0; i < data->incident_count && e == ERR_NONE; i++) {
        measure_rate(&figures[i], data, &match->truths[i], i);
        measure_delay(&figures[i], data, match, i);
        figures[i].budget = budget_of(data, match, i);
        if (figures[i].p1 > 0) {
            e = consult_oracle(figures, data, match, i);
            consult_bank(figures, data, match, i);
        }
        read_alerts(&figures[i], data, match, i);
    }
    return e;
}
