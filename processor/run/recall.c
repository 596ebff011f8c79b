#include "run/recall.h"

static int64_t told_sequence(void *self, const struct scope_name *name)
{
    return held_ledger_sequence(self, name);
}

static enum err hold_again(
        struct detect_line *line, const struct held_ledger *ledger, struct recalled *recalled)
{
    for (uint32_t i = 0; i < held_ledger_count(ledger); i++) {
        struct held_scope held;
        bool is_new = false;
        enum err e = held_ledger_at(ledger, i, &held)
                             ? detect_line_restore_hold(line, &held, &is_new) // C1
                             : ERR_NONE;
        if (e != ERR_NONE && e != ERR_CEILING) {
            return e;
        }
        recalled->held_count += is_new;
        recalled->without_room += e == ERR_CEILING;
    }
    return ERR_NONE;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

enum err recall(struct detect_line *line, struct held_ledger *ledger, const struct log_range *log,
        const struct known *known, struct recalled *ret_recalled)
{
    int64_t base = known->sequence_base;
    int64_t told_until = held_ledger_highest(ledger) + 1 - base;
    int64_t reach = larger(larger(told_until, known->reach - base), log->committed);
    reach = known->log_is_younger ? larger(reach, log->high + 1) : reach;
    bool is_another_log = reach > log->high; // C3
    int64_t lost_from = is_another_log ? reach : known->until < log->low ? known->until : -1;
    struct recalled recalled = {.lost = {log->partition, lost_from, log->low, log->high},
            .sequence_base = is_another_log ? base + reach : base};
    detect_line_set_told(line, (struct told_before){NULL, NULL});
    enum err e = lost_from >= 0 ? hold_again(line, ledger, &recalled) : ERR_NONE;
    recalled.watches_told = lost_from >= 0 && !is_another_log && told_until > log->low;
    if (e == ERR_NONE && recalled.watches_told) {
        detect_line_set_told(line, (struct told_before){told_sequence, ledger}); // C2
    }
    *ret_recalled = recalled;
    return e;
}
