#include "bench/score_measure.h"

#include <stdlib.h>

#include "bench/score_figures.h"

// --- the sweep through all messages -----------------------------------------------------------

// Holds by where they begin and end, and what is held at the row in hand.
struct sweep {
    const struct score_data *data;
    struct score_match *match;
    struct score_measured *measured;
    uint32_t *begins; // hold numbers, by last_row
    uint32_t *ends;   // by until_row
    uint32_t next_begin;
    uint32_t next_end;
    uint32_t *holding; // by scope: the hold in force; SCORE_NONE
};

static int compare_pairs(const void *a, const void *b)
{
    const uint32_t *x = a;
    const uint32_t *y = b;
    return x[0] != y[0] ? (x[0] > y[0]) - (x[0] < y[0]) : (x[1] > y[1]) - (x[1] < y[1]);
}

// The placed holds in the order of `row_of`, as pairs of row and hold.
static uint32_t *sort_holds(const struct score_match *match, bool by_end)
{
    uint32_t(*pairs)[2] = malloc(((size_t)match->hold_count + 1) * sizeof *pairs);
    if (pairs == NULL) {
        return NULL;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < match->hold_count; i++) {
        const struct score_hold *hold = &match->holds[i];
        if (hold->frame_row != SCORE_NONE) {
            pairs[count][0] = by_end ? hold->until_row : hold->last_row + 1;
            pairs[count++][1] = i;
        }
    }
    qsort(pairs, count, sizeof *pairs, compare_pairs);
    pairs[count][0] = SCORE_NONE;
    pairs[count][1] = SCORE_NONE;
    return &pairs[0][0];
}

static void move_holds(struct sweep *sweep, uint32_t row)
{
    for (; sweep->ends[2 * sweep->next_end] <= row; sweep->next_end++) {
        uint32_t hold = sweep->ends[2 * sweep->next_end + 1];
        uint32_t scope = sweep->match->holds[hold].scope;
        if (sweep->holding[scope] == hold) {
            sweep->holding[scope] = SCORE_NONE;
        }
    }
    for (; sweep->begins[2 * sweep->next_begin] <= row; sweep->next_begin++) {
        uint32_t hold = sweep->begins[2 * sweep->next_begin + 1];
        if (sweep->match->holds[hold].until_row > row) {
            sweep->holding[sweep->match->holds[hold].scope] = hold;
        }
    }
}

// The hold, of the message's scopes, that began first; SCORE_NONE when none is held.
static uint32_t hold_of(const struct sweep *sweep, const struct score_message *message)
{
    uint32_t first = SCORE_NONE;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        uint32_t scope = message->scopes[kind];
        uint32_t hold = scope != SCORE_NONE ? sweep->holding[scope] : SCORE_NONE;
        if (hold != SCORE_NONE &&
                (first == SCORE_NONE ||
                        sweep->match->holds[hold].last_row < sweep->match->holds[first].last_row)) {
            first = hold;
        }
    }
    return first;
}

static void count_incident_message(struct sweep *sweep, const struct score_message *message,
        const struct score_label *label, uint32_t hold)
{
    struct score_figures *figures = &sweep->measured->figures[label->incident];
    figures->misdirected++;
    figures->flagged += message->verdict == VERDICT_MISDIRECTED;
    if (hold == SCORE_NONE) {
        figures->escaped++;
        return;
    }
    // It may have run into a hold that is about another incident.
    struct score_truth *truth = &sweep->match->truths[label->incident];
    if (sweep->match->holds[hold].last_row < truth->stop_row) {
        truth->stop_row = sweep->match->holds[hold].last_row;
        truth->stop_hold = hold;
    }
}

static void count_message(struct sweep *sweep, uint32_t row)
{
    struct score_counts *counts = &sweep->measured->counts;
    const struct score_message *message = &sweep->data->messages[row];
    const struct score_label *label = score_label_of(sweep->data, message);
    uint32_t hold = hold_of(sweep, message);
    counts->held += hold != SCORE_NONE && message->verdict != VERDICT_EXEMPT;
    if (label == NULL || message->again) {
        counts->again += message->again;
        return;
    }
    counts->confusion[label->expected][message->verdict]++;
    counts->healthy +=
            score_is_judged(label) && label->incident == SCORE_NONE && !message->in_incident;
    if (label->expected == VERDICT_CLEAR) {
        counts->good++;
        counts->good_held += hold != SCORE_NONE;
        counts->good_held_inside += hold != SCORE_NONE && message->in_incident;
    } else if (label->expected == VERDICT_MISDIRECTED && label->incident != SCORE_NONE) {
        count_incident_message(sweep, message, label, hold);
    }
}

static enum err sweep_messages(
        struct score_measured *measured, const struct score_data *data, struct score_match *match)
{
    struct sweep sweep = {
            .data = data,
            .match = match,
            .measured = measured,
            .begins = sort_holds(match, false),
            .ends = sort_holds(match, true),
            .holding = malloc(((size_t)data->scope_count + 1) * sizeof *sweep.holding),
    };
    enum err e = ERR_NO_MEMORY;
    if (sweep.begins != NULL && sweep.ends != NULL && sweep.holding != NULL) {
        e = ERR_NONE;
        for (uint32_t scope = 0; scope < data->scope_count; scope++) {
            sweep.holding[scope] = SCORE_NONE;
        }
        for (uint32_t row = 0; row < data->message_count; row++) {
            move_holds(&sweep, row);
            count_message(&sweep, row);
        }
    }
    free(sweep.begins);
    free(sweep.ends);
    free(sweep.holding);
    return e;
}

// --- holds that nothing explains ---------------------------------------------------------------

static void count_holds(struct score_measured *measured, const struct score_data *data,
        const struct score_match *match)
{
    for (uint32_t i = 0; i < match->hold_count; i++) {
        const struct score_hold *hold = &match->holds[i];
        enum scope_kind kind = data->scopes[hold->scope].kind;
        if (hold->incident == SCORE_NONE) {
            measured->counts.false_holds++;
            measured->counts.unlawful_stops +=
                    hold->tier == TIER_STOP && (kind == SCOPE_VENDOR || kind == SCOPE_TENANT);
        } else {
            measured->counts.lag_holds += data->incidents[hold->incident].is_lag;
        }
    }
}

static void count_labels(struct score_measured *measured, const struct score_data *data)
{
    for (uint32_t i = 0; i < data->label_count; i++) {
        measured->counts.without_verdict += data->labels[i].row == SCORE_NONE;
    }
}

enum err score_measure(
        struct score_measured *measured, const struct score_data *data, struct score_match *match)
{
    *measured = (struct score_measured){0};
    measured->figures = calloc((size_t)data->incident_count + 1, sizeof *measured->figures);
    enum err e = measured->figures != NULL ? sweep_messages(measured, data, match) : ERR_NO_MEMORY;
    if (e != ERR_NONE) {
        return e;
    }
    count_holds(measured, data, match);
    count_labels(measured, data);
    return score_figures_make(measured->figures, data, match);
}

void score_measured_fini(struct score_measured *measured)
{
    free(measured->figures);
    *measured = (struct score_measured){0};
}
