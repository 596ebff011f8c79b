// Likely causes: stories of incidents with the numbers that they leave, told from what lenders
// report, not from the table. Incidents drawn at random: test_cause_draws.c. Long because of the
// stories.
#include "decide/cause.h"

#include <stdio.h>
#include <string.h>

#include "decide/cause_table.h"
#include "unit.h"

enum {
    NEW_TEMPLATE = 1 << SCOPE_TEMPLATE,
    NEW_SENDER = 1 << SCOPE_SENDER,
    NEW_VENDOR = 1 << SCOPE_VENDOR,
    NEW_TENANT = 1 << SCOPE_TENANT,
    NEW_ALL = NEW_TEMPLATE | NEW_SENDER | NEW_VENDOR,
};

// What a story leaves behind; what is not told is none.
struct story {
    const char *cause;
    const char *told;
    uint32_t messages; // misdirected, looked at
    uint32_t no_record, other_tenant, wrong_debt, third_party, closed, reassigned;
    uint32_t named, walking, block, recently, misread, mixed, repeated;
    // how many campaigns and vendors, and the messages of the busiest; none told = all through one
    uint32_t campaigns, in_campaign, templates, in_template, senders, in_sender, vendors, in_vendor;
    enum scope_kind kind; // where it is not clear from those
    unsigned new_kinds;
    bool listed, unregistered;
    int64_t good, invalid;
    uint32_t elsewhere, elsewhere_no_record;
    int64_t elsewhere_judged;
};

static const struct story stories[] = {
        // wrong_list
        {"wrong_list", "rows shifted by one, the first four", 4, .wrong_debt = 4, .named = 4},
        {"wrong_list", "rows shifted by one, 64", 64, .wrong_debt = 64, .named = 64},
        {"wrong_list", "rows shifted, noise of deleted customers", 40, .wrong_debt = 36,
                .no_record = 3, .reassigned = 1, .closed = 1, .named = 40},
        {"wrong_list", "rows shifted within a third of the file", 20, .wrong_debt = 19,
                .no_record = 1, .named = 20, .good = 45},
        {"wrong_list", "rows shifted in an import of six campaigns", 30, .wrong_debt = 29,
                .no_record = 1, .named = 30, .campaigns = 6, .in_campaign = 8},
        {"wrong_list", "another tenant's list, the first five", 5, .other_tenant = 5, .named = 5},
        {"wrong_list", "another tenant's list, no loans named", 40, .other_tenant = 38,
                .no_record = 2},
        {"wrong_list", "another tenant's list, a few are customers of both", 50, .other_tenant = 43,
                .wrong_debt = 5, .no_record = 2, .named = 50, .good = 2},
        {"wrong_list", "another tenant's list, a third unknown here", 24, .other_tenant = 15,
                .no_record = 8, .wrong_debt = 1, .named = 24},
        {"wrong_list", "another product's list", 30, .wrong_debt = 21, .no_record = 7,
                .other_tenant = 2, .named = 30},
        {"wrong_list", "a join on a wrong key, eight seen", 8, .wrong_debt = 3, .no_record = 3,
                .other_tenant = 2, .named = 8},
        {"wrong_list", "a join on a wrong key, 60 seen", 60, .wrong_debt = 20, .no_record = 25,
                .other_tenant = 14, .closed = 1, .named = 60},
        {"wrong_list", "strangers with somebody's loans in one campaign", 30, .no_record = 29,
                .reassigned = 1, .named = 30},
        {"wrong_list", "the first six strangers of it", 6, .no_record = 6, .named = 6},
        {"wrong_list", "a new template, rows shifted", 12, .wrong_debt = 12, .named = 12,
                .new_kinds = NEW_TEMPLATE},

        {"wrong_list", "another tenant's list, sorted: its customers lie close", 7,
                .other_tenant = 7, .named = 7, .walking = 6, .block = 6},
        {"wrong_list", "another tenant's list, sorted, 30 seen", 30, .other_tenant = 28,
                .no_record = 2, .named = 30, .walking = 27, .block = 29},
        {"wrong_list", "a bad template of all vendors, ten seen", 10, .no_record = 7,
                .other_tenant = 2, .wrong_debt = 1, .named = 10, .kind = SCOPE_TEMPLATE,
                .campaigns = 7, .in_campaign = 2, .senders = 6, .in_sender = 2, .vendors = 4,
                .in_vendor = 4, .good = 60, .elsewhere = 3, .elsewhere_no_record = 1,
                .elsewhere_judged = 250},
        {"wrong_list", "a bad import of one vendor's, seven seen, all strangers", 7, .no_record = 7,
                .named = 7, .kind = SCOPE_VENDOR, .campaigns = 6, .in_campaign = 2, .templates = 4,
                .in_template = 3, .senders = 2, .in_sender = 4, .good = 8, .elsewhere_judged = 60},
        {"wrong_list", "a sender's list service, 20 seen", 20, .no_record = 13, .other_tenant = 4,
                .wrong_debt = 3, .named = 20, .kind = SCOPE_SENDER, .campaigns = 5,
                .in_campaign = 6, .templates = 5, .in_template = 6, .good = 150, .elsewhere = 4,
                .elsewhere_no_record = 3, .elsewhere_judged = 700},
        {"wrong_list", "many small campaigns of a vendor, eight seen", 8, .no_record = 6,
                .other_tenant = 1, .wrong_debt = 1, .named = 8, .kind = SCOPE_VENDOR,
                .campaigns = 8, .in_campaign = 1, .good = 22, .elsewhere = 1,
                .elsewhere_judged = 90},
        {"wrong_list", "a join on a wrong key over all of a tenant", 40, .no_record = 25,
                .other_tenant = 9, .wrong_debt = 6, .named = 40, .campaigns = 15, .in_campaign = 6,
                .templates = 5, .in_template = 10, .senders = 7, .in_sender = 9, .vendors = 4,
                .in_vendor = 13, .good = 60},

        {"wrong_list", "rows shifted in a list that is sorted by number", 30, .wrong_debt = 30,
                .named = 30, .walking = 27, .block = 29},

        {"wrong_list", "a test list without loans, again and again", 40, .no_record = 40,
                .repeated = 25},

        // closed_loans
        {"closed_loans", "never cleaned, sorted by number", 30, .closed = 29, .no_record = 1,
                .named = 30, .walking = 27, .block = 29},
        {"closed_loans", "never cleaned, the first four", 4, .closed = 4, .named = 4},
        {"closed_loans", "settled last week, five", 5, .closed = 5, .named = 5, .recently = 5},
        {"closed_loans", "never cleaned, some numbers reassigned since", 50, .closed = 46,
                .reassigned = 9, .no_record = 4, .named = 50},
        {"closed_loans", "settled last week among those who still owe", 30, .closed = 27,
                .no_record = 2, .wrong_debt = 1, .named = 30, .recently = 25, .good = 200},
        {"closed_loans", "so old that a quarter is deleted", 40, .closed = 29, .no_record = 10,
                .reassigned = 5, .named = 40},
        {"closed_loans", "loans not named", 20, .closed = 19, .no_record = 1},
        {"closed_loans", "a portfolio that was sold, over all of a tenant's campaigns", 60,
                .closed = 57, .no_record = 3, .named = 60, .recently = 60, .campaigns = 12,
                .in_campaign = 9, .vendors = 3, .in_vendor = 30},
        {"closed_loans", "with a few contacts", 32, .closed = 31, .third_party = 4, .named = 32},

        // shifted_column
        {"shifted_column", "amounts as numbers, nothing valid", 0, .invalid = 12},
        {"shifted_column", "ids as numbers, four valid by chance", 4, .no_record = 4, .named = 4,
                .invalid = 60},
        {"shifted_column", "dates and ids, of many one valid", 1, .no_record = 1, .invalid = 25},
        {"shifted_column", "ids in a row, valid ones near each other", 8, .no_record = 8,
                .named = 8, .walking = 6, .block = 7, .invalid = 90},
        {"shifted_column", "one template's import in a healthy tenant", 6, .no_record = 5,
                .other_tenant = 1, .named = 6, .invalid = 70, .good = 900, .campaigns = 3,
                .in_campaign = 3},
        {"shifted_column", "the work phone: landlines with extensions", 30, .no_record = 28,
                .third_party = 2, .named = 30, .invalid = 25},
        {"shifted_column", "a digit lost, some are other people's", 20, .no_record = 12,
                .wrong_debt = 5, .other_tenant = 3, .named = 20, .invalid = 100},
        {"shifted_column", "with noise of closed and reassigned", 10, .no_record = 8, .closed = 1,
                .reassigned = 1, .named = 10, .invalid = 40},

        {"shifted_column", "the work phone: possible numbers, all fixed lines, seven", 7,
                .no_record = 7, .named = 7, .misread = 7, .elsewhere_judged = 30},
        {"shifted_column", "birthdays out of identity cards, nobody's mobiles", 9, .no_record = 9,
                .named = 9, .misread = 8, .invalid = 1, .elsewhere_judged = 30},
        {"shifted_column", "the contact's phone, nobody else is left", 64, .third_party = 64,
                .named = 64, .good = 1},

        // number_walking
        {"number_walking", "counted up, five", 5, .no_record = 5, .walking = 4, .block = 4},
        {"number_walking", "counted up, 64", 64, .no_record = 62, .other_tenant = 2, .walking = 63,
                .block = 63},
        {"number_walking", "counted up with loans invented", 30, .no_record = 30, .named = 30,
                .walking = 29, .block = 29},
        {"number_walking", "through a dense range", 40, .no_record = 22, .other_tenant = 13,
                .wrong_debt = 5, .named = 40, .walking = 38, .block = 39},
        {"number_walking", "over 16 partitions", 30, .no_record = 28, .other_tenant = 2,
                .walking = 15, .block = 27},
        {"number_walking", "over 16 partitions, eight seen", 8, .no_record = 8, .walking = 3,
                .block = 6},
        {"number_walking", "a block in random order", 40, .no_record = 39, .other_tenant = 1,
                .walking = 9, .block = 38},
        {"number_walking", "by a new sender and template", 20, .no_record = 20, .walking = 18,
                .block = 19, .new_kinds = NEW_TEMPLATE | NEW_SENDER},

        // feed_lag
        {"feed_lag", "new customers all over a tenant", 60, .no_record = 59, .reassigned = 1,
                .named = 60, .campaigns = 14, .in_campaign = 9, .vendors = 4, .in_vendor = 20,
                .good = 400},
        {"feed_lag", "the first eight of them", 8, .no_record = 8, .named = 8, .campaigns = 6,
                .in_campaign = 2, .vendors = 3, .in_vendor = 4, .good = 40},
        {"feed_lag", "the first five of them", 5, .no_record = 5, .named = 5, .campaigns = 4,
                .in_campaign = 2, .vendors = 2, .in_vendor = 3, .good = 30},
        {"feed_lag", "a tenant of one vendor", 40, .no_record = 38, .closed = 2, .named = 40,
                .campaigns = 7, .in_campaign = 11, .good = 100},
        {"feed_lag", "few campaigns", 30, .no_record = 29, .closed = 1, .named = 30, .campaigns = 3,
                .in_campaign = 14, .vendors = 3, .in_vendor = 14, .good = 60},
        {"feed_lag", "noise of everything", 50, .no_record = 44, .closed = 3, .wrong_debt = 2,
                .third_party = 1, .named = 50, .campaigns = 10, .in_campaign = 8, .vendors = 3,
                .in_vendor = 24, .good = 300},
        {"feed_lag", "seen in one campaign, the others alike", 20, .no_record = 20, .named = 20,
                .good = 70, .elsewhere = 40, .elsewhere_no_record = 38},
        {"feed_lag", "by a lender that names no loans, the others alike", 7, .no_record = 7,
                .good = 3, .elsewhere = 9, .elsewhere_no_record = 9, .elsewhere_judged = 16},
        {"feed_lag", "seen in one vendor that happens to be worse", 12, .no_record = 12,
                .named = 12, .kind = SCOPE_VENDOR, .campaigns = 8, .in_campaign = 3, .templates = 5,
                .in_template = 4, .senders = 2, .in_sender = 9, .good = 150, .elsewhere = 19,
                .elsewhere_no_record = 18, .elsewhere_judged = 520},
        {"feed_lag", "new loans of old customers among them", 50, .no_record = 36, .wrong_debt = 12,
                .other_tenant = 2, .named = 50, .campaigns = 9, .in_campaign = 10, .vendors = 4,
                .in_vendor = 18, .good = 200},

        // recycled_numbers
        {"recycled_numbers", "the old loans stand, four", 4, .reassigned = 4, .named = 4},
        {"recycled_numbers", "the old loans stand, 64", 64, .reassigned = 61, .no_record = 3,
                .named = 64, .good = 300},
        {"recycled_numbers", "the old loans are closed", 30, .reassigned = 29, .closed = 22,
                .named = 30},
        {"recycled_numbers", "the old customers are deleted", 30, .reassigned = 28, .no_record = 25,
                .named = 30},
        {"recycled_numbers", "the new owners borrow elsewhere", 20, .reassigned = 19,
                .other_tenant = 4, .named = 20},
        {"recycled_numbers", "a list unused for years", 24, .reassigned = 17, .no_record = 5,
                .closed = 6, .named = 24},
        {"recycled_numbers", "six, one of them only closed", 6, .reassigned = 5, .closed = 1,
                .named = 6},

        // unregistered_vendor
        {"unregistered_vendor", "not on the list, strangers, four", 4, .no_record = 4, .named = 4,
                .listed = true, .unregistered = true},
        {"unregistered_vendor", "not on the list, rows look shifted", 30, .wrong_debt = 28,
                .no_record = 2, .named = 30, .listed = true, .unregistered = true,
                .new_kinds = NEW_ALL},
        {"unregistered_vendor", "no list kept, contacts by a new vendor", 30, .third_party = 22,
                .no_record = 6, .other_tenant = 2, .named = 30, .campaigns = 4, .in_campaign = 12,
                .new_kinds = NEW_ALL},
        {"unregistered_vendor", "no list kept, six mixed messages of a new vendor", 6,
                .third_party = 2, .no_record = 2, .other_tenant = 2, .named = 6,
                .new_kinds = NEW_ALL},
        {"unregistered_vendor", "no list kept, strangers and others' customers", 40,
                .no_record = 26, .other_tenant = 11, .wrong_debt = 3, .named = 40, .campaigns = 6,
                .in_campaign = 11, .new_kinds = NEW_VENDOR | NEW_SENDER},
        {"unregistered_vendor", "not on the list, long known", 30, .no_record = 15,
                .other_tenant = 5, .third_party = 10, .named = 20, .listed = true,
                .unregistered = true},
        {"unregistered_vendor", "not on the list, and walking", 20, .no_record = 20, .walking = 18,
                .block = 19, .listed = true, .unregistered = true, .new_kinds = NEW_ALL},

        // leaked_list
        {"leaked_list", "bought, new sender, five", 5, .no_record = 4, .other_tenant = 1,
                .new_kinds = NEW_SENDER | NEW_TEMPLATE},
        {"leaked_list", "bought, new sender, 64", 64, .no_record = 48, .other_tenant = 14,
                .closed = 2, .new_kinds = NEW_SENDER | NEW_TEMPLATE, .invalid = 4},
        {"leaked_list", "of one region", 40, .no_record = 36, .other_tenant = 4, .block = 22,
                .walking = 2, .new_kinds = NEW_SENDER | NEW_TEMPLATE},
        {"leaked_list", "of one region, new sender only, eight", 8, .no_record = 7,
                .other_tenant = 1, .block = 5, .new_kinds = NEW_SENDER},
        {"leaked_list", "loans invented", 30, .no_record = 23, .other_tenant = 6, .wrong_debt = 1,
                .named = 30, .new_kinds = NEW_SENDER | NEW_TEMPLATE},
        {"leaked_list", "another lender's, stolen", 30, .no_record = 9, .other_tenant = 21,
                .new_kinds = NEW_SENDER | NEW_TEMPLATE},
        {"leaked_list", "an insider's, usual sender", 40, .no_record = 31, .other_tenant = 9,
                .new_kinds = NEW_TEMPLATE},
        {"leaked_list", "by a new vendor that is on the list", 30, .no_record = 24,
                .other_tenant = 6, .listed = true, .new_kinds = NEW_ALL},
        {"leaked_list", "taken along by an employee, eight", 8, .no_record = 4, .closed = 3,
                .reassigned = 1, .new_kinds = NEW_SENDER | NEW_TEMPLATE},
        {"leaked_list", "many campaigns, one new sender", 40, .no_record = 34, .other_tenant = 6,
                .campaigns = 5, .in_campaign = 10, .new_kinds = NEW_SENDER | NEW_TEMPLATE},

        // broad_rule
        {"broad_rule", "contacts, four", 4, .third_party = 4, .named = 4},
        {"broad_rule", "contacts, 64", 64, .third_party = 60, .no_record = 3, .closed = 4,
                .named = 64, .good = 100},
        {"broad_rule", "contacts and closed", 30, .third_party = 20, .closed = 11, .named = 30},
        {"broad_rule", "more closed than contacts", 40, .third_party = 11, .closed = 27,
                .no_record = 2, .named = 40},
        {"broad_rule", "half and half", 40, .third_party = 19, .closed = 21, .no_record = 1,
                .named = 40},
        {"broad_rule", "six of both", 6, .third_party = 4, .closed = 2},
        {"broad_rule", "everybody on file", 40, .third_party = 15, .closed = 14, .no_record = 9,
                .wrong_debt = 2},
        {"broad_rule", "everybody on a shared platform, seven", 7, .other_tenant = 7, .mixed = 5,
                .named = 7},
        {"broad_rule", "everybody on a shared platform, 60", 60, .other_tenant = 56,
                .third_party = 2, .closed = 2, .mixed = 48, .good = 5},
        {"broad_rule", "contacts over many campaigns of a rule", 50, .third_party = 46, .closed = 6,
                .no_record = 2, .named = 50, .campaigns = 9, .in_campaign = 9},
        {"broad_rule", "contacts in an unknown tenant's first hour", 20, .third_party = 19,
                .no_record = 1, .named = 20, .new_kinds = NEW_TENANT},
};
enum { STORY_COUNT = sizeof stories / sizeof *stories };

static void spread_over(
        struct cause_evidence *evidence, enum scope_kind kind, uint32_t many, uint32_t in_busiest)
{
    if (many > 1) {
        evidence->spread[kind] = many;
        evidence->largest[kind] = in_busiest;
    }
}

static struct cause_evidence evidence_of(const struct story *s)
{
    struct cause_evidence evidence = {
            .kind = s->kind != SCOPE_CAMPAIGN ? s->kind
                    : s->vendors > 1          ? SCOPE_TENANT
                    : s->campaigns > 1        ? SCOPE_VENDOR
                                              : SCOPE_CAMPAIGN,
            .messages = s->messages,
            .reasons = {[REASON_NO_RECORD] = s->no_record,
                    [REASON_OTHER_TENANT] = s->other_tenant,
                    [REASON_WRONG_DEBT] = s->wrong_debt,
                    [REASON_THIRD_PARTY] = s->third_party,
                    [REASON_CLOSED_LOAN] = s->closed,
                    [REASON_REASSIGNED_NUMBER] = s->reassigned},
            .signals = {[SIGNAL_LOAN_NAMED] = s->named,
                    [SIGNAL_WALKING] = s->walking,
                    [SIGNAL_SAME_BLOCK] = s->block,
                    [SIGNAL_CLOSED_RECENTLY] = s->recently,
                    [SIGNAL_MISREAD] = s->misread,
                    [SIGNAL_MIXED_LENDERS] = s->mixed,
                    [SIGNAL_REPEATED] = s->repeated},
            .new_kinds = (uint8_t)s->new_kinds,
            .vendors_are_listed = s->listed,
            .vendor_is_unregistered = s->unregistered,
            .judged = s->messages + s->good,
            .misdirected = s->messages,
            .invalid = s->invalid,
            .elsewhere = s->elsewhere,
            .elsewhere_no_record = s->elsewhere_no_record,
            .elsewhere_judged = s->elsewhere_judged,
            .campaigns_without = {20, 20, 20, 20, 20},
            .first_messages = s->messages,
            .first_same_block = s->block,
    };
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        evidence.spread[kind] = s->messages > 0;
        evidence.largest[kind] = s->messages;
    }
    spread_over(&evidence, SCOPE_CAMPAIGN, s->campaigns, s->in_campaign);
    spread_over(&evidence, SCOPE_TEMPLATE, s->templates, s->in_template);
    spread_over(&evidence, SCOPE_SENDER, s->senders, s->in_sender);
    spread_over(&evidence, SCOPE_VENDOR, s->vendors, s->in_vendor);
    return evidence;
}

static void print_ranking(const struct ranked *causes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        printf("    %-20s %7lld", causes[i].name.p, (long long)causes[i].share_millionths);
        for (uint32_t n = 0; n < causes[i].number_count; n++) {
            printf("  %s %lld/%lld", causes[i].numbers[n].feature,
                    (long long)causes[i].numbers[n].count, (long long)causes[i].numbers[n].of);
        }
        printf("\n");
    }
}

static void check_ranking(const struct ranked *causes, uint32_t count)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum += causes[i].share_millionths;
        CU_ASSERT_TRUE(i == 0 || causes[i].share_millionths <= causes[i - 1].share_millionths);
        CU_ASSERT_TRUE(causes[i].number_count <= CAUSE_NUMBER_MAX);
        for (uint32_t n = 0; n < causes[i].number_count; n++) {
            const struct cause_number *number = &causes[i].numbers[n];
            CU_ASSERT_TRUE(number->feature != NULL && number->count >= 0);
            CU_ASSERT_TRUE(number->count <= number->of);
        }
    }
    CU_ASSERT_EQUAL(sum, count > 0 ? 1000000 : 0);
}

static int64_t share_of(const struct cause_evidence *evidence, const char *cause)
{
    struct ranked causes[CAUSE_MAX];
    uint32_t count = cause_rank(evidence, causes);
    for (uint32_t i = 0; i < count; i++) {
        if (view_is(causes[i].name, cause)) {
            return causes[i].share_millionths;
        }
    }
    return 0;
}

static void test_stories(void)
{
    for (unsigned i = 0; i < STORY_COUNT; i++) {
        struct cause_evidence evidence = evidence_of(&stories[i]);
        struct ranked causes[CAUSE_MAX];
        uint32_t count = cause_rank(&evidence, causes);
        CU_ASSERT_TRUE_FATAL(count > 0);
        check_ranking(causes, count);
        bool is_first = view_is(causes[0].name, stories[i].cause);
        CU_ASSERT_TRUE(is_first);
        CU_ASSERT_TRUE(causes[0].number_count > 0);
        if (!is_first) {
            printf("\n  %s: %s\n", stories[i].cause, stories[i].told);
            print_ranking(causes, count);
        }
    }
    CU_ASSERT_TRUE(STORY_COUNT >= 60);
}

// The table keeps its own rules.
static void test_table(void)
{
    uint32_t percents[CAUSE_COUNT] = {0};
    CU_ASSERT_TRUE_FATAL(cause_variant_count <= CAUSE_VARIANT_MAX);
    for (uint32_t i = 0; i < cause_variant_count; i++) {
        percents[cause_variants[i].cause] += cause_variants[i].percent;
        for (unsigned f = 0; f < FEATURE_COUNT; f++) {
            CU_ASSERT_TRUE(cause_variants[i].shapes[f] < SHAPE_COUNT);
        }
    }
    for (unsigned cause = 0; cause < CAUSE_COUNT; cause++) {
        CU_ASSERT_EQUAL(percents[cause], 100);
    }
    for (unsigned f = 0; f < FEATURE_COUNT; f++) {
        CU_ASSERT_TRUE(feature_kinds[f].floor_mnat > 0);
        CU_ASSERT_TRUE(feature_kinds[f].usual != SHAPE_USUAL);
        CU_ASSERT_TRUE(feature_kinds[f].votes <= LIKENESS_TRIALS_MAX);
    }
}

static void test_nothing_to_go_by(void)
{
    struct ranked causes[CAUSE_MAX];
    struct cause_evidence evidence = {0};
    CU_ASSERT_EQUAL(cause_rank(&evidence, causes), 0);
    evidence.messages = 9;
    evidence.reasons[REASON_OPTED_OUT] = 9; // speaks for nothing
    evidence.judged = 100;
    evidence.invalid = 1; // one in a hundred is usual
    CU_ASSERT_EQUAL(cause_rank(&evidence, causes), 0);
}

// The numbers behind a cause are those that tell it from the others.
static void test_numbers(void)
{
    static const struct story told = {"recycled_numbers", "", 30, .reassigned = 28, .closed = 3,
            .no_record = 2, .named = 30, .good = 70};
    struct cause_evidence evidence = evidence_of(&told);
    struct ranked causes[CAUSE_MAX];
    uint32_t count = cause_rank(&evidence, causes);
    CU_ASSERT_TRUE_FATAL(count > 0 && causes[0].number_count > 0);
    unit_check_text("cause", causes[0].name.p, "recycled_numbers");
    unit_check_text("number", causes[0].numbers[0].feature, "reassigned_number");
    CU_ASSERT_EQUAL(causes[0].numbers[0].count, 28);
    CU_ASSERT_EQUAL(causes[0].numbers[0].of, 30);
    CU_ASSERT_EQUAL(causes[0].number_count, 1); // that nothing walked is no news

    static const struct story settled = {
            "closed_loans", "", 20, .closed = 20, .recently = 19, .named = 20};
    evidence = evidence_of(&settled);
    count = cause_rank(&evidence, causes);
    CU_ASSERT_TRUE_FATAL(count > 0 && causes[0].number_count == 2);
    unit_check_text("number", causes[0].numbers[0].feature, "closed_loan");
    unit_check_text("number", causes[0].numbers[1].feature, "closed_recently");
    CU_ASSERT_EQUAL(causes[0].numbers[1].count, 19);
    CU_ASSERT_EQUAL(causes[0].numbers[1].of, 20);
}

static void check_first(
        const char *what, const struct cause_evidence *evidence, const char *expected)
{
    struct ranked causes[CAUSE_MAX];
    uint32_t count = cause_rank(evidence, causes);
    CU_ASSERT_TRUE_FATAL(count > 0);
    unit_check_text(what, causes[0].name.p, expected);
}

// What a tenant shows every day speaks for nothing; the same of another tenant does.
static void test_habits(void)
{
    static const struct story neighbours = {
            "", "", 20, .no_record = 20, .walking = 17, .block = 19, .named = 20};
    struct cause_evidence evidence = evidence_of(&neighbours);
    check_first("neighbours", &evidence, "number_walking");
    evidence.before = (struct cause_habit){.watched = 1000,
            .signals = {
                    [SIGNAL_WALKING] = 800, [SIGNAL_SAME_BLOCK] = 900, [SIGNAL_LOAN_NAMED] = 1000}};
    check_first("neighbours by habit", &evidence, "wrong_list");
    evidence.before.watched = 100; // too few to know
    check_first("neighbours in the first hundred", &evidence, "number_walking");

    static const struct story lagging = {"", "", 30, .no_record = 30, .named = 30, .campaigns = 8,
            .in_campaign = 6, .vendors = 3, .in_vendor = 12, .good = 100, .invalid = 60};
    evidence = evidence_of(&lagging);
    check_first("bad numbers", &evidence, "shifted_column");
    evidence.before = (struct cause_habit){
            .watched = 1000, .invalid = 300, .signals = {[SIGNAL_LOAN_NAMED] = 1000}};
    check_first("bad numbers by habit", &evidence, "feed_lag");

    static const struct story nameless = {"", "", 30, .no_record = 24, .other_tenant = 6};
    evidence = evidence_of(&nameless);
    check_first("no loans", &evidence, "leaked_list");
    int64_t without = share_of(&evidence, "leaked_list");
    evidence.before.watched = 1000;
    evidence.before.signals[SIGNAL_LOAN_NAMED] = 0;
    CU_ASSERT_TRUE(share_of(&evidence, "leaked_list") < without); // by habit
}

// Strangers in one campaign are a wrong list though the tenant's ordinary noise has no record
// either; only where that noise rises it is the data.
static void test_elsewhere(void)
{
    static const struct story strangers = {"", "", 20, .no_record = 20, .named = 20, .good = 60,
            .elsewhere = 12, .elsewhere_no_record = 12};
    struct cause_evidence evidence = evidence_of(&strangers);
    evidence.before = (struct cause_habit){
            .watched = 10000, .misdirected = 50, .signals = {[SIGNAL_LOAN_NAMED] = 10000}};
    check_first("not known how many there are elsewhere", &evidence, "feed_lag");
    evidence.elsewhere_judged = 2000;
    evidence.tenant_judged_before = 10000;
    evidence.tenant_misdirected_before = 50;
    check_first("as usual elsewhere", &evidence, "wrong_list");
    evidence.elsewhere_judged = 80;
    evidence.tenant_misdirected_before = 0;
    check_first("wrong elsewhere", &evidence, "feed_lag");
    evidence.elsewhere = 0;
    evidence.elsewhere_no_record = 0;
    check_first("nothing elsewhere", &evidence, "wrong_list");
}

// Evidence at the ends of its types is ranked like any other.
static void test_extremes(void)
{
    struct cause_evidence evidence;
    memset(&evidence, 0, sizeof evidence);
    evidence.kind = SCOPE_TENANT;
    evidence.messages = 64;
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        evidence.reasons[i] = UINT32_MAX;
    }
    evidence.judged = INT64_MAX / 1000;
    evidence.misdirected = INT64_MAX / 1000;
    evidence.invalid = INT64_MAX / 1000;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        evidence.spread[kind] = UINT32_MAX;
        evidence.largest[kind] = UINT32_MAX;
    }
    evidence.new_kinds = 0xff;
    struct ranked causes[CAUSE_MAX];
    check_ranking(causes, cause_rank(&evidence, causes));
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {{"stories", test_stories}, {"table", test_table},
            {"nothing_to_go_by", test_nothing_to_go_by}, {"numbers", test_numbers},
            {"habits", test_habits}, {"elsewhere", test_elsewhere}, {"extremes", test_extremes},
            {NULL, NULL}};
    return unit_main(argc, argv, "cause", tests);
}
