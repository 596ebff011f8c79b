#include "decide/cause.h"

// Which reason speaks for which cause. A list that was meant for others has strangers, other
// lenders' people or the right people's wrong loans in it; contacts are reached when a rule takes
// in more than the debtors.
static const struct {
    enum reason reason;
    const char *cause;
} speaks_for[] = {
        {REASON_NO_RECORD, "wrong_list"},
        {REASON_OTHER_TENANT, "wrong_list"},
        {REASON_WRONG_DEBT, "wrong_list"},
        {REASON_CLOSED_LOAN, "closed_loans"},
        {REASON_REASSIGNED_NUMBER, "recycled_numbers"},
        {REASON_THIRD_PARTY, "broad_rule"},
};

uint32_t cause_rank(const struct cause_evidence *evidence, struct ranked ret_causes[CAUSE_MAX])
{
    uint64_t total = 0;
    uint32_t found = 0;
    uint64_t votes[CAUSE_MAX] = {0};
    for (unsigned i = 0; i < sizeof speaks_for / sizeof *speaks_for; i++) {
        uint32_t count = evidence->reasons[speaks_for[i].reason];
        if (count == 0) {
            continue;
        }
        struct view cause = view_of(speaks_for[i].cause);
        uint32_t at = 0;
        while (at < found && !view_equal(ret_causes[at].name, cause)) {
            at++;
        }
        if (at == found) {
            ret_causes[found++] = (struct ranked){.name = cause};
        }
        votes[at] += count;
        total += count;
        for (; at > 0 && votes[at] > votes[at - 1]; at--) {
            struct ranked swapped = ret_causes[at];
            ret_causes[at] = ret_causes[at - 1];
            ret_causes[at - 1] = swapped;
            uint64_t swapped_votes = votes[at];
            votes[at] = votes[at - 1];
            votes[at - 1] = swapped_votes;
        }
    }
    for (uint32_t i = 0; i < found; i++) {
        ret_causes[i].share_millionths = (int64_t)(votes[i] * 1000000 / total);
    }
    return found;
}
