// What the audit log says of records that went out in transactions, written and read again.
#include "audit/audit_outcome.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/unit.h"

static void take(struct audit_outcomes *outcomes, const struct audit_pending *pending,
        enum audit_outcome outcome)
{
    struct strbuf text;
    strbuf_init(&text, 64 * 1024);
    audit_outcome_write(&text, pending, VIEW("detect"), outcome);
    CU_ASSERT_EQUAL(text.failed, ERR_NONE);
    const struct audit_line line = {
            .kind = AUDIT_LOG, .type = VIEW("audit.outcome"), .record = strbuf_view(&text)};
    CU_ASSERT_EQUAL(audit_outcomes_take(outcomes, &line), ERR_NONE);
    strbuf_fini(&text);
}

static struct audit_pending *pend(const uint64_t *seqs, size_t count)
{
    struct audit_pending *pending = calloc(1, sizeof *pending);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pending);
    for (size_t i = 0; i < count; i++) {
        audit_pending_add(pending, seqs[i]);
    }
    return pending;
}

static void test_outcomes(void)
{
    static const uint64_t committed[] = {2, 3, 4, 9};
    static const uint64_t aborted[] = {6, 8};
    static const uint64_t unsure[] = {11};
    struct audit_outcomes outcomes = {0};
    struct audit_pending *later = pend(aborted, 2);
    struct audit_pending *first = pend(committed, 4);
    struct audit_pending *last = pend(unsure, 1);
    CU_ASSERT_EQUAL(first->count, 2);
    CU_ASSERT_EQUAL(audit_outcomes_find(&outcomes, 2), AUDIT_OUTCOME_UNKNOWN);
    take(&outcomes, later, AUDIT_OUTCOME_ABORTED);
    take(&outcomes, first, AUDIT_OUTCOME_COMMITTED);
    take(&outcomes, last, AUDIT_OUTCOME_UNSURE);
    static const enum audit_outcome wanted[] = {AUDIT_OUTCOME_UNKNOWN, AUDIT_OUTCOME_UNKNOWN,
            AUDIT_OUTCOME_COMMITTED, AUDIT_OUTCOME_COMMITTED, AUDIT_OUTCOME_COMMITTED,
            AUDIT_OUTCOME_UNKNOWN, AUDIT_OUTCOME_ABORTED, AUDIT_OUTCOME_UNKNOWN,
            AUDIT_OUTCOME_ABORTED, AUDIT_OUTCOME_COMMITTED, AUDIT_OUTCOME_UNKNOWN,
            AUDIT_OUTCOME_UNSURE, AUDIT_OUTCOME_UNKNOWN};
    for (size_t seq = 0; seq < sizeof wanted / sizeof *wanted; seq++) {
        CU_ASSERT_EQUAL(audit_outcomes_find(&outcomes, seq), wanted[seq]);
    }
    audit_outcomes_fini(&outcomes);
    free(first);
    free(later);
    free(last);
}

// Above the ceiling they are counted, and what became of them is not known.
static void test_ceiling(void)
{
    struct audit_outcomes outcomes = {0};
    struct audit_pending *pending = pend(NULL, 0);
    for (uint64_t i = 1; i <= AUDIT_PENDING_RANGES + 3; i++) {
        audit_pending_add(pending, 2 * i);
    }
    CU_ASSERT_EQUAL(pending->count, AUDIT_PENDING_RANGES);
    CU_ASSERT_EQUAL(pending->left_out, 3);
    take(&outcomes, pending, AUDIT_OUTCOME_COMMITTED);
    CU_ASSERT_EQUAL(
            audit_outcomes_find(&outcomes, 2 * AUDIT_PENDING_RANGES), AUDIT_OUTCOME_COMMITTED);
    CU_ASSERT_EQUAL(
            audit_outcomes_find(&outcomes, 2 * (AUDIT_PENDING_RANGES + 1)), AUDIT_OUTCOME_UNKNOWN);
    audit_outcomes_fini(&outcomes);
    free(pending);
}

// What nobody has written like that says nothing.
static void test_odd_records(void)
{
    static const char *const records[] = {"{}", "{\"outcome\":\"sold\",\"records\":[[1,9]]}",
            "{\"outcome\":\"committed\",\"records\":[[1],[\"1\",9],[-1,9],7]}",
            "{\"outcome\":\"committed\",\"records\":{}}", "{\"outcome\":\"committed\"}"};
    struct audit_outcomes outcomes = {0};
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        const struct audit_line line = {
                .kind = AUDIT_LOG, .type = VIEW("audit.outcome"), .record = view_of(records[i])};
        CU_ASSERT_EQUAL(audit_outcomes_take(&outcomes, &line), ERR_NONE);
    }
    CU_ASSERT_EQUAL(audit_outcomes_find(&outcomes, 5), AUDIT_OUTCOME_UNKNOWN);
    audit_outcomes_fini(&outcomes);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"outcomes", test_outcomes},
            {"ceiling", test_ceiling},
            {"odd_records", test_odd_records},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "audit_outcome", tests);
}
