// What a half that reads commands of people, or complaints, puts on the board.
#include "run/aside_half_inside.h"

enum { ASIDE_TAKEN, ASIDE_DEAD_LETTERS, ASIDE_METRICS };

static const struct metric_family families[ASIDE_METRICS] = {
        [ASIDE_TAKEN] = {.name = "wrongnumber_aside_records_total",
                .help = "Commands of operators, or complaints, that were read and handed on",
                .type = METRIC_COUNTER},
        [ASIDE_DEAD_LETTERS] = {.name = "wrongnumber_aside_dead_letters_total",
                .help = "Such records that could not be read, or whose signature is wrong, by "
                        "wn.reason",
                .type = METRIC_COUNTER,
                .labels = {{"reason", dead_reason_names, DEAD_REASON_COUNT}}},
};

const struct metric_table aside_metrics = {families, ASIDE_METRICS};

void aside_publish(void *self, struct board_place *place)
{
    struct aside_half *half = self;
    const struct metric_constant label = {"half", half->base.role->name};
    if (half->page == NULL) {
        half->page = board_page(place, &aside_metrics, &label, 1);
    }
    if (half->page == NULL || half->line == NULL) {
        return;
    }
    const struct aside_counts *counts = aside_line_counts(half->line);
    metric_set(half->page, ASIDE_TAKEN, 0, (int64_t)counts->taken);
    for (size_t i = 0; i < DEAD_REASON_COUNT; i++) {
        metric_set(half->page, ASIDE_DEAD_LETTERS, i, (int64_t)counts->dead_letters_by[i]);
    }
}
