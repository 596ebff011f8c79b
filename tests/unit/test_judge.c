// judge: every row of design §4's table, the rulings beside it, and the order in which reasons
// stand.
#include "judge/judge.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

#define AT INT64_C(1763769600000) // the message's time
#define DAY (INT64_C(24) * 3600 * 1000)
#define GRACE (3 * DAY)

#define R(name) REASON_BIT(REASON_##name)

// Party links of a message, in short: role, status, closed at, of the tenant, of the loan.
#define LINK(role_, status_, closed_, tenant_, loan_)                                              \
    {                                                                                              \
        .role = ROLE_##role_, .status = STATUS_##status_, .closed_at_ms = (closed_),               \
        .same_tenant = (tenant_), .same_loan = (loan_)                                             \
    }
#define OWN(role_, status_) LINK(role_, status_, TIME_NONE, true, false)
#define ENDED(status_, at_) LINK(BORROWER, status_, at_, true, false)

enum { LINK_MAX = 4 };

struct row {
    const char *what;
    const char *purpose; // NULL = absent
    const char *loan_id; // NULL = absent
    unsigned link_count;
    struct party_fact links[LINK_MAX];
    enum reassigned reassigned;
    int64_t reassigned_at_ms;
    bool opted_out;
    enum verdict verdict;
    reason_set reasons;
};

static struct judgement judge_row(const struct row *row, const struct policy *policy)
{
    const struct event ev = {
            .message_id = VIEW("m"),
            .recipient = VIEW("+8613800138000"),
            .occurred_at = {AT},
            .purpose = view_of(row->purpose),
            .loan_id = view_of(row->loan_id),
    };
    const struct facts facts = {
            .lookup = row->link_count > 0 ? LOOKUP_FOUND : LOOKUP_MISS,
            .reassigned = row->reassigned,
            .reassigned_at_ms = row->reassigned_at_ms,
            .opted_out = row->opted_out,
            .party_count = (uint16_t)row->link_count,
            .parties = row->links,
    };
    return judge_message(&ev, RECIPIENT_PHONE, &facts, policy);
}

static void check_rows(const struct row *rows, size_t count)
{
    struct policy policy;
    policy_init(&policy);
    for (size_t i = 0; i < count; i++) {
        struct judgement got = judge_row(&rows[i], &policy);
        bool right = got.verdict == rows[i].verdict && got.reasons == rows[i].reasons;
        CU_ASSERT_TRUE(right);
        if (!right) {
            fprintf(stderr, "%s: got %s with reasons %#x, expected %s with %#x\n", rows[i].what,
                    verdict_names[got.verdict], got.reasons, verdict_names[rows[i].verdict],
                    rows[i].reasons);
        }
    }
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof *(rows))

static void test_links(void)
{
    static const struct row rows[] = {
            {"a borrower who owes", NULL, NULL, 1, {OWN(BORROWER, ACTIVE)}, 0, 0, false,
                    VERDICT_CLEAR, 0},
            {"a co-borrower", NULL, NULL, 1, {OWN(CO_BORROWER, OVERDUE)}, 0, 0, false,
                    VERDICT_CLEAR, 0},
            {"a guarantor", NULL, NULL, 1, {OWN(GUARANTOR, OVERDUE)}, 0, 0, false, VERDICT_CLEAR,
                    0},
            {"written off is still owed", NULL, NULL, 1, {OWN(BORROWER, WRITTEN_OFF)}, 0, 0, false,
                    VERDICT_CLEAR, 0},
            {"a believed miss", NULL, NULL, 0, {{0}}, 0, 0, false, VERDICT_MISDIRECTED,
                    R(NO_RECORD)},
            {"parties, none of the tenant", NULL, NULL, 1,
                    {LINK(BORROWER, ACTIVE, TIME_NONE, false, false)}, 0, 0, false,
                    VERDICT_MISDIRECTED, R(OTHER_TENANT)},
            {"other tenant comes before wrong debt", NULL, "L9", 1,
                    {LINK(BORROWER, ACTIVE, TIME_NONE, false, true)}, 0, 0, false,
                    VERDICT_MISDIRECTED, R(OTHER_TENANT)},
            {"another tenant's contact is other_tenant only", NULL, NULL, 1,
                    {LINK(CONTACT, CLOSED, TIME_NONE, false, false)}, 0, 0, false,
                    VERDICT_MISDIRECTED, R(OTHER_TENANT)},
            {"mixed tenants: the own link decides", NULL, NULL, 2,
                    {LINK(CONTACT, CLOSED, TIME_NONE, false, false), OWN(BORROWER, ACTIVE)}, 0, 0,
                    false, VERDICT_CLEAR, 0},
            {"mixed tenants: the other's borrower does not help", NULL, NULL, 2,
                    {LINK(BORROWER, ACTIVE, TIME_NONE, false, false), OWN(CONTACT, ACTIVE)}, 0, 0,
                    false, VERDICT_MISDIRECTED, R(THIRD_PARTY)},
            {"the loan is another's", NULL, "L9", 1, {OWN(BORROWER, ACTIVE)}, 0, 0, false,
                    VERDICT_MISDIRECTED, R(WRONG_DEBT)},
            {"wrong debt comes before third party", NULL, "L9", 1, {OWN(CONTACT, CLOSED)}, 0, 0,
                    false, VERDICT_MISDIRECTED, R(WRONG_DEBT)},
            {"the loan's link decides alone", NULL, "L1", 2,
                    {OWN(BORROWER, ACTIVE), LINK(CONTACT, ACTIVE, TIME_NONE, true, true)}, 0, 0,
                    false, VERDICT_MISDIRECTED, R(THIRD_PARTY)},
            {"the loan's borrower, a contact elsewhere", NULL, "L1", 2,
                    {OWN(CONTACT, ACTIVE), LINK(BORROWER, ACTIVE, TIME_NONE, true, true)}, 0, 0,
                    false, VERDICT_CLEAR, 0},
            {"contacts only", NULL, NULL, 2, {OWN(CONTACT, ACTIVE), OWN(CONTACT, OVERDUE)}, 0, 0,
                    false, VERDICT_MISDIRECTED, R(THIRD_PARTY)},
            {"one link that is no contact", NULL, NULL, 2,
                    {OWN(CONTACT, ACTIVE), OWN(GUARANTOR, ACTIVE)}, 0, 0, false, VERDICT_CLEAR, 0},
            {"third party and closed loan stand together", NULL, NULL, 1, {OWN(CONTACT, CLOSED)}, 0,
                    0, false, VERDICT_MISDIRECTED, R(THIRD_PARTY) | R(CLOSED_LOAN)},
    };
    CHECK_ROWS(rows);
}

static void test_closed(void)
{
    static const struct row rows[] = {
            {"closed, undated", NULL, NULL, 1, {ENDED(CLOSED, TIME_NONE)}, 0, 0, false,
                    VERDICT_MISDIRECTED, R(CLOSED_LOAN)},
            {"sold, undated", NULL, NULL, 1, {ENDED(SOLD, TIME_NONE)}, 0, 0, false,
                    VERDICT_MISDIRECTED, R(CLOSED_LOAN)},
            {"closed long ago", NULL, NULL, 1, {ENDED(CLOSED, AT - 100 * DAY)}, 0, 0, false,
                    VERDICT_MISDIRECTED, R(CLOSED_LOAN)},
            {"closed after the message", NULL, NULL, 1, {ENDED(CLOSED, AT + 1)}, 0, 0, false,
                    VERDICT_CLEAR, 0},
            {"closed with the message", NULL, NULL, 1, {ENDED(CLOSED, AT)}, 0, 0, false,
                    VERDICT_CLEAR, R(CLOSED_LOAN)},
            {"the last millisecond of the grace", NULL, NULL, 1, {ENDED(CLOSED, AT - GRACE)}, 0, 0,
                    false, VERDICT_CLEAR, R(CLOSED_LOAN)},
            {"one millisecond too late", NULL, NULL, 1, {ENDED(CLOSED, AT - GRACE - 1)}, 0, 0,
                    false, VERDICT_MISDIRECTED, R(CLOSED_LOAN)},
            {"sold has the same grace", NULL, NULL, 1, {ENDED(SOLD, AT - GRACE)}, 0, 0, false,
                    VERDICT_CLEAR, R(CLOSED_LOAN)},
            {"the latest of them decides", NULL, NULL, 3,
                    {ENDED(CLOSED, AT - 100 * DAY), ENDED(SOLD, AT - DAY),
                            ENDED(CLOSED, TIME_NONE)},
                    0, 0, false, VERDICT_CLEAR, R(CLOSED_LOAN)},
            {"one that is still owed", NULL, NULL, 2,
                    {ENDED(CLOSED, AT - 100 * DAY), OWN(BORROWER, WRITTEN_OFF)}, 0, 0, false,
                    VERDICT_CLEAR, 0},
            {"only the loan's end counts", NULL, "L1", 2,
                    {ENDED(CLOSED, AT - DAY), LINK(BORROWER, CLOSED, AT - 9 * DAY, true, true)}, 0,
                    0, false, VERDICT_MISDIRECTED, R(CLOSED_LOAN)},
            {"the grace is no excuse for a third party", NULL, NULL, 1,
                    {LINK(CONTACT, CLOSED, AT - DAY, true, false)}, 0, 0, false,
                    VERDICT_MISDIRECTED, R(THIRD_PARTY) | R(CLOSED_LOAN)},
            {"nor for a reassigned number", NULL, NULL, 1, {ENDED(CLOSED, AT - DAY)},
                    REASSIGNED_YES, TIME_NONE, false, VERDICT_MISDIRECTED,
                    R(CLOSED_LOAN) | R(REASSIGNED_NUMBER)},
    };
    CHECK_ROWS(rows);
}

static void test_number(void)
{
    static const struct row rows[] = {
            {"reassigned, undated", NULL, NULL, 1, {OWN(BORROWER, ACTIVE)}, REASSIGNED_YES,
                    TIME_NONE, false, VERDICT_MISDIRECTED, R(REASSIGNED_NUMBER)},
            {"reassigned with the message", NULL, NULL, 1, {OWN(BORROWER, ACTIVE)}, REASSIGNED_YES,
                    AT, false, VERDICT_MISDIRECTED, R(REASSIGNED_NUMBER)},
            {"reassigned after it", NULL, NULL, 1, {OWN(BORROWER, ACTIVE)}, REASSIGNED_YES, AT + 1,
                    false, VERDICT_CLEAR, 0},
            {"not reassigned", NULL, NULL, 1, {OWN(BORROWER, ACTIVE)}, REASSIGNED_NO, AT - DAY,
                    false, VERDICT_CLEAR, 0},
            {"no data", NULL, NULL, 1, {OWN(BORROWER, ACTIVE)}, REASSIGNED_NO_DATA, AT - DAY, false,
                    VERDICT_CLEAR, 0},
            {"opted out is clear, and said", NULL, NULL, 1, {OWN(BORROWER, ACTIVE)}, 0, 0, true,
                    VERDICT_CLEAR, R(OPTED_OUT)},
            {"the number's reasons add to any", NULL, NULL, 1,
                    {LINK(BORROWER, ACTIVE, TIME_NONE, false, false)}, REASSIGNED_YES, TIME_NONE,
                    true, VERDICT_MISDIRECTED,
                    R(OTHER_TENANT) | R(REASSIGNED_NUMBER) | R(OPTED_OUT)},
    };
    CHECK_ROWS(rows);
}

static void test_purposes(void)
{
    static const struct row rows[] = {
            {"collection", "collection", NULL, 0, {{0}}, 0, 0, false, VERDICT_MISDIRECTED,
                    R(NO_RECORD)},
            {"reminder", "reminder", NULL, 0, {{0}}, 0, 0, false, VERDICT_MISDIRECTED,
                    R(NO_RECORD)},
            {"none is collection", NULL, NULL, 0, {{0}}, 0, 0, false, VERDICT_MISDIRECTED,
                    R(NO_RECORD)},
            {"otp is exempt, its reasons are said", "otp", NULL, 0, {{0}}, 0, 0, true,
                    VERDICT_EXEMPT, R(NO_RECORD) | R(OPTED_OUT)},
            {"purposes are compared byte for byte", "Collection", NULL, 0, {{0}}, 0, 0, false,
                    VERDICT_EXEMPT, R(NO_RECORD)},
            {"exempt and fine", "marketing", NULL, 1, {OWN(BORROWER, ACTIVE)}, 0, 0, false,
                    VERDICT_EXEMPT, 0},
    };
    CHECK_ROWS(rows);
}

// What is not known never turns into a reason that rests on a miss, whatever else the facts say.
static void test_unknown(void)
{
    static const struct {
        enum lookup_state lookup;
        reason_set reasons;
    } rows[] = {
            {LOOKUP_UNREACHABLE, R(CACHE_UNREACHABLE)},
            {LOOKUP_UNTRUSTED, R(CACHE_UNTRUSTED)},
            {LOOKUP_STALE, R(CACHE_STALE)},
            {LOOKUP_NOT_ASKED, R(CACHE_UNTRUSTED)},
    };
    struct policy policy;
    policy_init(&policy);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct facts facts = {.lookup = rows[i].lookup,
                .reassigned = REASSIGNED_YES,
                .reassigned_at_ms = TIME_NONE};
        struct event ev = {.occurred_at = {AT}};
        struct judgement got = judge_message(&ev, RECIPIENT_PHONE, &facts, &policy);
        CU_ASSERT_EQUAL(got.verdict, VERDICT_UNKNOWN);
        CU_ASSERT_EQUAL(got.reasons, rows[i].reasons);
        ev.purpose = VIEW("service");
        got = judge_message(&ev, RECIPIENT_PHONE, &facts, &policy);
        CU_ASSERT_EQUAL(got.verdict, VERDICT_EXEMPT);
        CU_ASSERT_EQUAL(got.reasons, rows[i].reasons);
    }
}

static void test_invalid_number(void)
{
    struct policy policy;
    policy_init(&policy);
    const struct facts facts = {.lookup = LOOKUP_NOT_ASKED, .opted_out = true};
    struct event ev = {.occurred_at = {AT}};
    struct judgement got = judge_message(&ev, RECIPIENT_INVALID, &facts, &policy);
    CU_ASSERT_EQUAL(got.verdict, VERDICT_UNKNOWN);
    CU_ASSERT_EQUAL(got.reasons, R(INVALID_NUMBER)); // then the only reason
    ev.purpose = VIEW("otp");
    got = judge_message(&ev, RECIPIENT_INVALID, &facts, &policy);
    CU_ASSERT_EQUAL(got.verdict, VERDICT_EXEMPT);
}

// Policy names which reasons count, by purpose.
static void test_policy_decides(void)
{
    struct policy policy;
    policy_init(&policy);
    policy.purposes[0].counting = R(OPTED_OUT);
    policy.purposes[1].counting = R(THIRD_PARTY);
    struct row row = {"", "collection", NULL, 0, {{0}}, 0, 0, false, VERDICT_CLEAR, R(NO_RECORD)};
    CU_ASSERT_EQUAL(judge_row(&row, &policy).verdict, VERDICT_CLEAR);
    CU_ASSERT_EQUAL(judge_row(&row, &policy).reasons, R(NO_RECORD));
    row.opted_out = true;
    CU_ASSERT_EQUAL(judge_row(&row, &policy).verdict, VERDICT_MISDIRECTED);
    row.purpose = "reminder";
    CU_ASSERT_EQUAL(judge_row(&row, &policy).verdict, VERDICT_CLEAR);
    policy.closed_grace_ms = 0;
    const struct row just_closed = {
            "", "collection", NULL, 1, {ENDED(CLOSED, AT - 1)}, 0, 0, false, VERDICT_CLEAR, 0};
    policy.purposes[0].counting = R(CLOSED_LOAN);
    CU_ASSERT_EQUAL(judge_row(&just_closed, &policy).verdict, VERDICT_MISDIRECTED);
}

// Signals of a watched message: they say nothing about its verdict.
static void test_signals(void)
{
    enum { LOAN = SIGNAL_BIT(SIGNAL_LOAN_NAMED), RECENT = SIGNAL_BIT(SIGNAL_CLOSED_RECENTLY) };
    static const struct {
        struct row row;
        signal_set signals;
    } rows[] = {
            {{"none", NULL, NULL, 1, {OWN(BORROWER, ACTIVE)}, 0, 0, false, VERDICT_CLEAR, 0}, 0},
            {{"a loan", NULL, "L1", 1, {LINK(BORROWER, ACTIVE, TIME_NONE, true, true)}, 0, 0, false,
                     VERDICT_CLEAR, 0},
                    LOAN},
            {{"a loan of nobody", NULL, "L1", 0, {{0}}, 0, 0, false, VERDICT_MISDIRECTED,
                     R(NO_RECORD)},
                    LOAN},
            {{"just closed, within the grace", NULL, NULL, 1, {ENDED(CLOSED, AT)}, 0, 0, false,
                     VERDICT_CLEAR, R(CLOSED_LOAN)},
                    RECENT},
            {{"sold as well", NULL, NULL, 1, {ENDED(SOLD, AT - 29 * DAY)}, 0, 0, false,
                     VERDICT_MISDIRECTED, R(CLOSED_LOAN)},
                    RECENT},
            {{"the last millisecond", NULL, NULL, 1, {ENDED(CLOSED, AT - 30 * DAY + 1)}, 0, 0,
                     false, VERDICT_MISDIRECTED, R(CLOSED_LOAN)},
                    RECENT},
            {{"thirty days", NULL, NULL, 1, {ENDED(CLOSED, AT - 30 * DAY)}, 0, 0, false,
                     VERDICT_MISDIRECTED, R(CLOSED_LOAN)},
                    0},
            {{"after the message", NULL, NULL, 1, {ENDED(CLOSED, AT + 1)}, 0, 0, false,
                     VERDICT_CLEAR, 0},
                    0},
            {{"undated", NULL, NULL, 1, {ENDED(CLOSED, TIME_NONE)}, 0, 0, false,
                     VERDICT_MISDIRECTED, R(CLOSED_LOAN)},
                    0},
            {{"one of two, the other is owed", NULL, NULL, 2,
                     {ENDED(CLOSED, AT - 5 * DAY), OWN(BORROWER, ACTIVE)}, 0, 0, false,
                     VERDICT_CLEAR, 0},
                    0},
            {{"one of two, the other long ago", NULL, NULL, 2,
                     {ENDED(CLOSED, AT - 5 * DAY), ENDED(SOLD, AT - 90 * DAY)}, 0, 0, false,
                     VERDICT_MISDIRECTED, R(CLOSED_LOAN)},
                    RECENT},
            {{"dated, but not ended", NULL, NULL, 1, {ENDED(WRITTEN_OFF, AT - DAY)}, 0, 0, false,
                     VERDICT_CLEAR, 0},
                    0},
            {{"another tenant's", NULL, NULL, 1, {LINK(BORROWER, CLOSED, AT - DAY, false, false)},
                     0, 0, false, VERDICT_MISDIRECTED, R(OTHER_TENANT)},
                    0},
            {{"another loan's", NULL, "L1", 2,
                     {ENDED(CLOSED, AT - DAY), LINK(BORROWER, ACTIVE, TIME_NONE, true, true)}, 0, 0,
                     false, VERDICT_CLEAR, 0},
                    LOAN},
            {{"this loan's", NULL, "L1", 2,
                     {OWN(BORROWER, ACTIVE), LINK(BORROWER, CLOSED, AT - 9 * DAY, true, true)}, 0,
                     0, false, VERDICT_MISDIRECTED, R(CLOSED_LOAN)},
                    LOAN | RECENT},
            {{"exempt", "otp", "L1", 1, {LINK(BORROWER, CLOSED, AT - DAY, true, true)}, 0, 0, false,
                     VERDICT_EXEMPT, R(CLOSED_LOAN)},
                    0},
    };
    struct policy policy;
    policy_init(&policy);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_rows(&rows[i].row, 1);
        struct judgement got = judge_row(&rows[i].row, &policy);
        CU_ASSERT_EQUAL(got.signals, rows[i].signals);
        if (got.signals != rows[i].signals) {
            fprintf(stderr, "%s: got signals %#x\n", rows[i].row.what, got.signals);
        }
    }
}

// What is not known has no end of a loan, but the message still names its loan.
static void test_signals_of_unknown(void)
{
    const struct party_fact ended = ENDED(CLOSED, AT - DAY);
    struct facts facts = {.lookup = LOOKUP_STALE, .party_count = 1, .parties = &ended};
    struct event ev = {.occurred_at = {AT}, .loan_id = VIEW("L1")};
    struct policy policy;
    policy_init(&policy);
    CU_ASSERT_EQUAL(judge_message(&ev, RECIPIENT_PHONE, &facts, &policy).signals,
            SIGNAL_BIT(SIGNAL_LOAN_NAMED));
    CU_ASSERT_EQUAL(judge_message(&ev, RECIPIENT_INVALID, &facts, &policy).signals,
            SIGNAL_BIT(SIGNAL_LOAN_NAMED));
    ev.loan_id = VIEW_NONE;
    CU_ASSERT_EQUAL(judge_message(&ev, RECIPIENT_PHONE, &facts, &policy).signals, 0);
    ev.loan_id = VIEW("L1");
    ev.purpose = VIEW("service");
    CU_ASSERT_EQUAL(judge_message(&ev, RECIPIENT_INVALID, &facts, &policy).signals, 0);
}

// A message without tenant_id: enrichment calls every party the tenant's own, so other_tenant
// cannot be.
static void test_no_tenant(void)
{
    static const struct row rows[] = {
            {"without a loan", NULL, NULL, 1, {OWN(BORROWER, ACTIVE)}, 0, 0, false, VERDICT_CLEAR,
                    0},
            {"with another loan", NULL, "L9", 1, {OWN(BORROWER, ACTIVE)}, 0, 0, false,
                    VERDICT_MISDIRECTED, R(WRONG_DEBT)},
    };
    CHECK_ROWS(rows);
}

// The words and their order are pinned: outputs list reasons by number.
static void test_reason_order(void)
{
    static const char *const order[REASON_COUNT] = {"no_record", "other_tenant", "wrong_debt",
            "third_party", "closed_loan", "reassigned_number", "opted_out", "invalid_number",
            "cache_unreachable", "cache_untrusted", "cache_stale"};
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        unit_check_text("reason", reason_names[reason], order[reason]);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"links", test_links},
            {"closed", test_closed},
            {"number", test_number},
            {"purposes", test_purposes},
            {"unknown", test_unknown},
            {"invalid_number", test_invalid_number},
            {"policy_decides", test_policy_decides},
            {"signals", test_signals},
            {"signals_of_unknown", test_signals_of_unknown},
            {"no_tenant", test_no_tenant},
            {"reason_order", test_reason_order},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "judge", tests);
}
