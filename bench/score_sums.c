#include "bench/score_sums.h"

#include <math.h>
#include <stdlib.h>

static const double HARM_ESCAPED = 1;
static const double HARM_GOOD_HELD = 0.05;

// Lists of numbers that become spreads.
enum {
    LIST_UNTIL,
    LIST_ORACLE_MEAN,
    LIST_ORACLE_RUN,
    LIST_OVER_ORACLE,
    LIST_OVER_RUN,
    LIST_BANK_MEAN,                      // two
    LIST_OVER_BANK = LIST_BANK_MEAN + 2, // two
    LIST_UNTIL_ALERT = LIST_OVER_BANK + 2,
    LIST_CHANGE_ERROR,
    LIST_COUNT
};

struct lists {
    double *values; // LIST_COUNT rows of `room`
    size_t room;
    size_t counts[LIST_COUNT];
};

static void list_add(struct lists *lists, unsigned list, double value)
{
    if (isfinite(value)) {
        lists->values[list * lists->room + lists->counts[list]++] = value;
    }
}

static void add_delays(struct lists *lists, const struct score_figures *figures)
{
    if (figures->until_alert != SCORE_NONE) {
        list_add(lists, LIST_UNTIL_ALERT, figures->until_alert);
    }
    list_add(lists, LIST_CHANGE_ERROR, figures->change_error);
    if (!figures->quarantined) {
        return;
    }
    list_add(lists, LIST_UNTIL, figures->until);
    for (unsigned guard = 0; guard < 2; guard++) {
        double mean = figures->bank[guard].mean_misdirected;
        list_add(lists, LIST_BANK_MEAN + guard, mean);
        list_add(lists, LIST_OVER_BANK + guard, figures->until / mean);
    }
    if (figures->has_oracle) {
        list_add(lists, LIST_ORACLE_MEAN, figures->oracle.mean_misdirected);
        list_add(lists, LIST_OVER_ORACLE, figures->until / figures->oracle.mean_misdirected);
        if (figures->oracle_run.detects && figures->oracle_run.misdirected > 0) {
            list_add(lists, LIST_ORACLE_RUN, figures->oracle_run.misdirected);
            list_add(
                    lists, LIST_OVER_RUN, (double)figures->until / figures->oracle_run.misdirected);
        }
    }
}

static void add_incident(struct score_sums *sums, const struct score_incident *incident,
        const struct score_truth *truth, const struct score_figures *figures)
{
    sums->incidents++;
    sums->quarantined += figures->quarantined;
    sums->detectable += figures->detectable;
    sums->detectable_quarantined += figures->detectable && figures->quarantined;
    sums->alerted += truth->alert_row != SCORE_NONE && truth->alert_row <= truth->last_row;
    sums->oracle_detects += figures->oracle_run.detects;
    sums->only_narrower += figures->quarantined && truth->best == RELATION_NARROWER;
    sums->wrong_scope += figures->quarantined && truth->best > RELATION_NARROWER;
    sums->misdirected += figures->misdirected;
    sums->flagged += figures->flagged;
    sums->escaped += figures->escaped;
    sums->framing += figures->quarantined ? figures->framing : 0;
    sums->good_held += figures->good_held;
    sums->raised += truth->found_count > 0;
    sums->raised_once += truth->found_count == 1;
    sums->alert_records += truth->alert_records;
    if (truth->alert_records > sums->alert_records_most) {
        sums->alert_records_most = truth->alert_records;
    }
    if (!isnan(figures->covers)) {
        sums->intervals++;
        sums->covered += figures->covers > 0;
    }
    sums->cause_at_top += view_equal(figures->cause_at_top, incident->cause);
    sums->cause_at_last += view_equal(figures->cause_at_last, incident->cause);
    sums->harm += HARM_ESCAPED * figures->escaped + HARM_GOOD_HELD * (double)figures->good_held;
    sums->oracle_harm += HARM_ESCAPED * figures->oracle_run.misdirected +
                         HARM_GOOD_HELD * (double)figures->oracle_good_held;
}

static void make_spreads(struct score_sums *sums, const struct lists *lists)
{
    struct spread *const spreads[LIST_COUNT] = {
            [LIST_UNTIL] = &sums->until,
            [LIST_ORACLE_MEAN] = &sums->oracle_mean,
            [LIST_ORACLE_RUN] = &sums->oracle_run,
            [LIST_OVER_ORACLE] = &sums->over_oracle,
            [LIST_OVER_RUN] = &sums->over_run,
            [LIST_BANK_MEAN] = &sums->bank_mean[0],
            [LIST_BANK_MEAN + 1] = &sums->bank_mean[1],
            [LIST_OVER_BANK] = &sums->over_bank[0],
            [LIST_OVER_BANK + 1] = &sums->over_bank[1],
            [LIST_UNTIL_ALERT] = &sums->until_alert,
            [LIST_CHANGE_ERROR] = &sums->change_error,
    };
    for (unsigned list = 0; list < LIST_COUNT; list++) {
        *spreads[list] = spread_of(lists->values + list * lists->room, lists->counts[list]);
    }
}

enum err score_sums_make(struct score_sums *sums, const struct score_data *data,
        const struct score_match *match, const struct score_measured *measured, struct view class)
{
    *sums = (struct score_sums){0};
    struct lists lists = {.room = (size_t)data->incident_count + 1};
    lists.values = calloc(lists.room * LIST_COUNT, sizeof *lists.values);
    if (lists.values == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < data->incident_count; i++) {
        const struct score_incident *incident = &data->incidents[i];
        bool is_meant =
                view_is_none(class) ? !incident->is_lag : view_equal(class, incident->class);
        if (is_meant && measured->figures[i].misdirected > 0) {
            add_incident(sums, incident, &match->truths[i], &measured->figures[i]);
            add_delays(&lists, &measured->figures[i]);
        }
    }
    make_spreads(sums, &lists);
    free(lists.values);
    return ERR_NONE;
}
