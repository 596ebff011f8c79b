#include "detect/tables.h"

#include "detect/tables.inc"

const char *const node_names[NODE_COUNT] = {"5", "13", "35", "95", "leak"};

struct step_table table_steps(unsigned level)
{
    return (struct step_table){step_up[level], step_up_guarded[level], step_down[level]};
}

int64_t table_threshold(enum budget budget, unsigned node)
{
    return thresholds[budget][node];
}

int64_t table_budget_messages(enum budget budget)
{
    return budget_messages[budget];
}

int64_t table_baseline_ppb(unsigned level)
{
    return baseline_ppb[level];
}

unsigned table_level_up(int64_t rate_ppb)
{
    unsigned level = 0;
    while (level < LEVEL_COUNT - 1 && baseline_ppb[level] < rate_ppb) {
        level++;
    }
    return level;
}
