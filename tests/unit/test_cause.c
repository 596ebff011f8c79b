// Likely causes, ranked by what the reasons of the misdirected messages speak for.
#include "decide/cause.h"

#include "unit.h"

static uint32_t rank(const uint32_t reasons[REASON_COUNT], struct ranked ret_causes[CAUSE_MAX])
{
    struct cause_evidence evidence = {0};
    memcpy(evidence.reasons, reasons, sizeof evidence.reasons);
    return cause_rank(&evidence, ret_causes);
}

static void test_ranks(void)
{
    uint32_t reasons[REASON_COUNT] = {0};
    struct ranked causes[CAUSE_MAX];
    CU_ASSERT_EQUAL(rank(reasons, causes), 0);
    reasons[REASON_OPTED_OUT] = 9; // speaks for nothing
    CU_ASSERT_EQUAL(rank(reasons, causes), 0);
    reasons[REASON_NO_RECORD] = 2;
    reasons[REASON_WRONG_DEBT] = 1;
    reasons[REASON_CLOSED_LOAN] = 4;
    reasons[REASON_THIRD_PARTY] = 1;
    CU_ASSERT_EQUAL(rank(reasons, causes), 3);
    CU_ASSERT_TRUE(view_is(causes[0].name, "closed_loans"));
    CU_ASSERT_EQUAL(causes[0].share_millionths, 500000);
    CU_ASSERT_TRUE(view_is(causes[1].name, "wrong_list")); // its three reasons are one cause
    CU_ASSERT_EQUAL(causes[1].share_millionths, 375000);
    CU_ASSERT_TRUE(view_is(causes[2].name, "broad_rule"));
    CU_ASSERT_EQUAL(causes[2].share_millionths, 125000);
}

// Each reason speaks for its cause.
static void test_words(void)
{
    static const struct {
        enum reason reason;
        const char *cause;
    } rows[] = {
            {REASON_NO_RECORD, "wrong_list"},
            {REASON_OTHER_TENANT, "wrong_list"},
            {REASON_WRONG_DEBT, "wrong_list"},
            {REASON_THIRD_PARTY, "broad_rule"},
            {REASON_CLOSED_LOAN, "closed_loans"},
            {REASON_REASSIGNED_NUMBER, "recycled_numbers"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t reasons[REASON_COUNT] = {0};
        struct ranked causes[CAUSE_MAX];
        reasons[rows[i].reason] = UINT32_MAX;
        CU_ASSERT_EQUAL_FATAL(rank(reasons, causes), 1);
        CU_ASSERT_TRUE(view_is(causes[0].name, rows[i].cause));
        CU_ASSERT_EQUAL(causes[0].share_millionths, 1000000);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"ranks", test_ranks}, {"words", test_words}, {NULL, NULL}};
    return unit_main(argc, argv, "cause", tests);
}
