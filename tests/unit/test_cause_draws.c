// Likely causes of incidents drawn at random: of each cause what lenders report of it, in several
// variants that overlap, with 0 to 10 % of ordinary misdirected messages among them. Prints the
// confusion matrix; the planted cause is first in at least 90 of 100 when 30 have been looked at.
// Long because each cause has its own way to show.
#include "decide/cause.h"

#include <stdio.h>
#include <string.h>

#include "decide/cause_table.h"
#include "unit.h"

enum { DRAWS = 2000, REASONS = 6, THOUSAND = 1000 };

// What is true of an incident, in thousandths.
struct truth {
    // no_record, other_tenant, wrong_debt, third_party, closed_loan, reassigned_number; the first
    // five exclude each other, the last stands alone here
    uint32_t mix[REASONS];
    uint32_t also_reassigned; // of those that have one of the first five
    uint32_t named, walking, block, recently;
    // how many it comes over; of a scope of that kind
    uint32_t campaigns, templates, senders, vendors;
    enum scope_kind kind;
    uint32_t rate;
    uint32_t invalid; // bad numbers for a thousand misdirected; may be above 1000
    uint32_t new_template, new_sender, new_vendor;
    bool listed, unregistered;
    uint32_t elsewhere; // how bad it is beside the scope, by how bad it is in it
};

struct dice {
    uint64_t state;
};

static uint32_t roll(struct dice *dice, uint32_t below)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return (uint32_t)((dice->state >> 11) % below);
}

static bool happens(struct dice *dice, uint32_t thousandths)
{
    return roll(dice, THOUSAND) < thousandths;
}

static uint32_t between(struct dice *dice, uint32_t low, uint32_t high)
{
    return low + roll(dice, high - low + 1);
}

enum { NO_RECORD, OTHER_TENANT, WRONG_DEBT, THIRD_PARTY, CLOSED_LOAN, REASSIGNED };

// `main_share` of one reason, the rest split at random among `others`, a set of bits.
static void mix_of(struct dice *dice, struct truth *truth, unsigned main_reason,
        uint32_t main_share, unsigned others)
{
    memset(truth->mix, 0, sizeof truth->mix);
    truth->mix[main_reason] = main_share;
    uint32_t weights[REASONS] = {0};
    uint32_t total = 0;
    for (unsigned i = 0; i < REASONS; i++) {
        weights[i] = (others >> i & 1) != 0 ? between(dice, 1, 100) : 0;
        total += weights[i];
    }
    for (unsigned i = 0; i < REASONS && total > 0; i++) {
        truth->mix[i] += (THOUSAND - main_share) * weights[i] / total;
    }
}

// Comes over all campaigns of a vendor, a template or a sender, over many small ones of a vendor, or
// over a tenant's.
static void spread_out(struct dice *dice, struct truth *truth, enum scope_kind kind)
{
    truth->kind = kind;
    truth->campaigns = between(dice, 4, 20);
    truth->templates = kind == SCOPE_TEMPLATE ? 1 : between(dice, 2, 6);
    truth->senders = kind == SCOPE_SENDER ? 1 : between(dice, 2, 6);
    truth->vendors = kind == SCOPE_TEMPLATE || kind == SCOPE_TENANT ? between(dice, 2, 6) : 1;
}

static void plant_wrong_list(struct dice *dice, struct truth *truth)
{
    switch (roll(dice, 5)) {
    case 0: // rows against each other
        mix_of(dice, truth, WRONG_DEBT, between(dice, 880, 1000), 1u << NO_RECORD);
        break;
    case 1: // another tenant's
        mix_of(dice, truth, OTHER_TENANT, between(dice, 700, 1000),
                1u << NO_RECORD | 1u << WRONG_DEBT);
        truth->named = happens(dice, 700) ? THOUSAND : 0;
        break;
    case 2: // another product's
        mix_of(dice, truth, WRONG_DEBT, between(dice, 500, 900),
                1u << NO_RECORD | 1u << OTHER_TENANT);
        break;
    case 3: // joined to whatever matched
        mix_of(dice, truth, WRONG_DEBT, between(dice, 200, 500),
                1u << NO_RECORD | 1u << OTHER_TENANT);
        break;
    default: // strangers who are told of somebody's loan
        mix_of(dice, truth, NO_RECORD, between(dice, 850, 1000),
                1u << WRONG_DEBT | 1u << OTHER_TENANT);
        break;
    }
    truth->rate = between(dice, 200, 1000);
    if (happens(dice, 100)) {
        truth->campaigns = between(dice, 2, 5);
        truth->kind = SCOPE_VENDOR;
    }
}

// What the generator plants: mostly strangers, the rest other tenants' customers and own ones who
// are told of another's loan.
static void plant_wide_wrong_list(struct dice *dice, struct truth *truth)
{
    mix_of(dice, truth, NO_RECORD, between(dice, 500, 800), 1u << WRONG_DEBT | 1u << OTHER_TENANT);
    enum scope_kind kind = (enum scope_kind)between(dice, SCOPE_TEMPLATE, SCOPE_TENANT);
    spread_out(dice, truth, kind);
    if (happens(dice, 250)) { // small campaigns, all alike
        truth->kind = SCOPE_VENDOR;
        truth->campaigns = 30;
        truth->templates = truth->senders = truth->vendors = 1;
    }
    truth->rate = between(dice, 100, 1000);
}

static void plant_closed_loans(struct dice *dice, struct truth *truth)
{
    mix_of(dice, truth, CLOSED_LOAN, between(dice, 750, 1000), 1u << NO_RECORD | 1u << THIRD_PARTY);
    truth->recently = roll(dice, 3) * 480;
    truth->also_reassigned = truth->recently == 0 ? between(dice, 0, 150) : 0;
    truth->campaigns = happens(dice, 700) ? 1 : between(dice, 2, 20);
    truth->rate = between(dice, 100, 1000);
}

static void plant_shifted_column(struct dice *dice, struct truth *truth)
{
    mix_of(dice, truth, NO_RECORD, between(dice, 600, 1000),
            1u << OTHER_TENANT | 1u << WRONG_DEBT | 1u << THIRD_PARTY);
    truth->invalid = happens(dice, 800) ? between(dice, 1000, 30000) : between(dice, 500, 1000);
    if (happens(dice, 250)) { // ids in a row
        truth->walking = between(dice, 300, 900);
        truth->block = between(dice, truth->walking, 950);
    }
    truth->campaigns = happens(dice, 700) ? 1 : between(dice, 2, 10);
    truth->rate = between(dice, 100, 1000);
}

static void plant_number_walking(struct dice *dice, struct truth *truth)
{
    mix_of(dice, truth, NO_RECORD, between(dice, 600, 1000),
            1u << OTHER_TENANT | 1u << WRONG_DEBT | 1u << CLOSED_LOAN);
    truth->block = between(dice, 850, 1000);
    truth->walking =
            happens(dice, 800) ? between(dice, 700, truth->block) : between(dice, 350, 700);
    truth->named = happens(dice, 500) ? THOUSAND : 0;
    truth->new_sender = 400;
    truth->new_template = 400;
    truth->new_vendor = 100;
    truth->rate = between(dice, 600, 1000);
}

static void plant_feed_lag(struct dice *dice, struct truth *truth)
{
    mix_of(dice, truth, NO_RECORD, between(dice, 850, 1000), 1u << WRONG_DEBT | 1u << OTHER_TENANT);
    // seen in all of the tenant, or in a scope of it that happens to be worse
    spread_out(dice, truth, SCOPE_TENANT);
    truth->rate = between(dice, 30, 450);
    truth->elsewhere = between(dice, 300, 1000);
    if (happens(dice, 400)) {
        spread_out(dice, truth, (enum scope_kind)between(dice, SCOPE_TEMPLATE, SCOPE_VENDOR));
    } else if (happens(dice, 330)) {
        truth->kind = SCOPE_CAMPAIGN;
        truth->campaigns = truth->templates = truth->senders = truth->vendors = 1;
    }
}

static void plant_recycled_numbers(struct dice *dice, struct truth *truth)
{
    static const unsigned beside[] = {1u << NO_RECORD, 1u << CLOSED_LOAN, 1u << OTHER_TENANT};
    if (happens(dice, 500)) { // nothing but that
        mix_of(dice, truth, REASSIGNED, between(dice, 800, 1000),
                1u << NO_RECORD | 1u << CLOSED_LOAN);
    } else { // and of many the old customer's record is closed or gone
        mix_of(dice, truth, REASSIGNED, between(dice, 100, 800), beside[roll(dice, 3)]);
        truth->also_reassigned = between(dice, 800, 1000);
    }
    truth->campaigns = happens(dice, 700) ? 1 : between(dice, 2, 20);
    truth->rate = between(dice, 50, 1000);
}

static void plant_unregistered_vendor(struct dice *dice, struct truth *truth)
{
    if (happens(dice, 300)) { // contacts
        mix_of(dice, truth, THIRD_PARTY, between(dice, 400, 900),
                1u << NO_RECORD | 1u << OTHER_TENANT);
    } else { // whomever
        mix_of(dice, truth, NO_RECORD, between(dice, 250, 900),
                1u << OTHER_TENANT | 1u << THIRD_PARTY | 1u << WRONG_DEBT);
    }
    truth->listed = happens(dice, 600);
    truth->unregistered = truth->listed;
    truth->new_vendor = truth->listed ? 800 : THOUSAND;
    truth->new_sender = 700;
    truth->new_template = 500;
    truth->named = happens(dice, 600) ? THOUSAND : 0;
    truth->campaigns = between(dice, 1, 10);
    truth->rate = between(dice, 300, 1000);
}

static void plant_leaked_list(struct dice *dice, struct truth *truth)
{
    mix_of(dice, truth, NO_RECORD, between(dice, 500, 950), 1u << OTHER_TENANT);
    truth->named = happens(dice, 750) ? 0 : THOUSAND;
    truth->new_sender = truth->named > 0 ? 950 : 750;
    truth->new_template = 800;
    truth->new_vendor = 50;
    truth->block = happens(dice, 400) ? between(dice, 300, 900) : between(dice, 0, 100);
    truth->walking = truth->block / 10;
    truth->invalid = between(dice, 0, 100);
    truth->campaigns = happens(dice, 700) ? 1 : between(dice, 2, 5);
    truth->rate = between(dice, 500, 1000);
}

static void plant_broad_rule(struct dice *dice, struct truth *truth)
{
    mix_of(dice, truth, THIRD_PARTY, between(dice, 350, 1000),
            1u << CLOSED_LOAN | (happens(dice, 300) ? 1u << WRONG_DEBT : 0) |
                    (happens(dice, 200) ? 1u << NO_RECORD : 0));
    truth->named = happens(dice, 800) ? THOUSAND : 0;
    truth->campaigns = happens(dice, 600) ? 1 : between(dice, 2, 12);
    truth->rate = between(dice, 100, 1000);
}

// Of the wrong lists, so many in a thousand come over more than a campaign.
static struct truth plant(struct dice *dice, enum cause cause, uint32_t wide)
{
    static void (*const plants[CAUSE_COUNT])(struct dice *, struct truth *) = {
            [CAUSE_WRONG_LIST] = plant_wrong_list,
            [CAUSE_CLOSED_LOANS] = plant_closed_loans,
            [CAUSE_SHIFTED_COLUMN] = plant_shifted_column,
            [CAUSE_NUMBER_WALKING] = plant_number_walking,
            [CAUSE_FEED_LAG] = plant_feed_lag,
            [CAUSE_RECYCLED_NUMBERS] = plant_recycled_numbers,
            [CAUSE_UNREGISTERED_VENDOR] = plant_unregistered_vendor,
            [CAUSE_LEAKED_LIST] = plant_leaked_list,
            [CAUSE_BROAD_RULE] = plant_broad_rule,
    };
    // What is not said of a cause is as on any day.
    struct truth truth = {.named = THOUSAND,
            .campaigns = 1,
            .templates = 1,
            .senders = 1,
            .vendors = 1,
            .new_template = 150,
            .new_sender = 40,
            .new_vendor = 20,
            .listed = happens(dice, 300)};
    if (cause == CAUSE_WRONG_LIST && happens(dice, wide)) {
        plant_wide_wrong_list(dice, &truth);
    } else {
        plants[cause](dice, &truth);
    }
    if (truth.kind == SCOPE_CAMPAIGN && truth.campaigns > 1) {
        truth.kind = SCOPE_VENDOR;
    }
    return truth;
}

static uint32_t draw_reason(struct dice *dice, const uint32_t mix[REASONS])
{
    uint32_t at = roll(dice, THOUSAND);
    for (uint32_t i = 0; i < REASONS; i++) {
        if (at < mix[i]) {
            return i;
        }
        at -= mix[i];
    }
    return NO_RECORD;
}

static void draw_message(struct dice *dice, const struct truth *truth, bool is_noise, bool is_first,
        struct cause_evidence *evidence)
{
    static const enum reason reasons[REASONS] = {REASON_NO_RECORD, REASON_OTHER_TENANT,
            REASON_WRONG_DEBT, REASON_THIRD_PARTY, REASON_CLOSED_LOAN, REASON_REASSIGNED_NUMBER};
    // deleted customers, loans just closed, numbers just reassigned, slips of the pen
    static const uint32_t ordinary[REASONS] = {450, 20, 80, 50, 250, 150};
    uint32_t drawn = draw_reason(dice, is_noise ? ordinary : truth->mix);
    evidence->reasons[reasons[drawn]]++;
    if (is_noise) {
        evidence->signals[SIGNAL_LOAN_NAMED] += truth->named > 0 || happens(dice, 500);
        return;
    }
    if (drawn != REASSIGNED) {
        evidence->reasons[REASON_REASSIGNED_NUMBER] += happens(dice, truth->also_reassigned);
    }
    evidence->signals[SIGNAL_LOAN_NAMED] += happens(dice, truth->named);
    if (drawn == CLOSED_LOAN) {
        evidence->signals[SIGNAL_CLOSED_RECENTLY] += happens(dice, truth->recently);
    }
    if (!is_first && happens(dice, truth->block)) {
        evidence->signals[SIGNAL_SAME_BLOCK]++;
        evidence->signals[SIGNAL_WALKING] +=
                happens(dice, truth->walking * THOUSAND / truth->block);
    }
}

static void draw_spread(struct dice *dice, uint32_t messages, uint32_t many, uint32_t *ret_found,
        uint32_t *ret_most)
{
    uint32_t counts[64] = {0};
    uint32_t found = 0;
    uint32_t most = 0;
    for (uint32_t i = 0; i < messages; i++) {
        uint32_t at = roll(dice, many) * (1 + roll(dice, 2)) / 2; // some are twice as large
        found += counts[at]++ == 0;
        most = counts[at] > most ? counts[at] : most;
    }
    *ret_found = found;
    *ret_most = most;
}

static void draw_habit(struct dice *dice, const struct truth *truth, struct cause_evidence *ret)
{
    if (happens(dice, 500)) {
        return; // not told
    }
    ret->before = (struct cause_habit){.watched = 5000,
            .invalid = between(dice, 0, 50),
            .signals = {[SIGNAL_WALKING] = between(dice, 0, 50),
                    [SIGNAL_SAME_BLOCK] = between(dice, 0, 300),
                    [SIGNAL_LOAN_NAMED] = 5000}};
    if (truth->named == THOUSAND && happens(dice, 150)) { // a tenant that never names loans
        ret->before.signals[SIGNAL_LOAN_NAMED] = 0;
        ret->signals[SIGNAL_LOAN_NAMED] = 0;
    }
}

// The tenant's other messages: the ordinary ones, and as many without a record as it has it there.
static void draw_elsewhere(struct dice *dice, const struct truth *truth, struct cause_evidence *ret)
{
    if (truth->kind == SCOPE_TENANT || happens(dice, 100)) {
        return; // not known
    }
    uint32_t usual = between(dice, 2, 15);
    uint32_t judged = between(dice, 1, 20) * (uint32_t)ret->judged / 2;
    judged = judged < 2000 ? judged : 2000;
    for (uint32_t i = 0; i < judged; i++) {
        bool is_ordinary = happens(dice, usual);
        bool is_alike = happens(dice, truth->rate * truth->elsewhere / THOUSAND);
        if (is_ordinary || is_alike) {
            ret->elsewhere++;
            ret->elsewhere_no_record += is_alike ? happens(dice, 930) : happens(dice, 450);
        }
    }
    ret->elsewhere_judged = judged;
    ret->tenant_judged_before = THOUSAND;
    ret->tenant_misdirected_before = usual;
}

static struct cause_evidence draw(
        struct dice *dice, enum cause cause, uint32_t messages, uint32_t wide)
{
    struct truth truth = plant(dice, cause, wide);
    uint32_t noise = between(dice, 0, 100);
    struct cause_evidence evidence = {.kind = truth.kind,
            .messages = messages,
            .misdirected = messages,
            .judged = (int64_t)messages * THOUSAND / truth.rate,
            .vendors_are_listed = truth.listed,
            .vendor_is_unregistered = truth.unregistered,
            .campaigns_without = {20, 20, 20, 20, 20}};
    for (uint32_t i = 0; i < messages; i++) {
        draw_message(dice, &truth, happens(dice, noise), i == 0, &evidence);
    }
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        evidence.spread[kind] = 1;
        evidence.largest[kind] = messages;
    }
    draw_spread(dice, messages, truth.campaigns, &evidence.spread[SCOPE_CAMPAIGN],
            &evidence.largest[SCOPE_CAMPAIGN]);
    draw_spread(dice, messages, truth.templates, &evidence.spread[SCOPE_TEMPLATE],
            &evidence.largest[SCOPE_TEMPLATE]);
    draw_spread(dice, messages, truth.senders, &evidence.spread[SCOPE_SENDER],
            &evidence.largest[SCOPE_SENDER]);
    draw_spread(dice, messages, truth.vendors, &evidence.spread[SCOPE_VENDOR],
            &evidence.largest[SCOPE_VENDOR]);
    evidence.new_kinds = (uint8_t)((unsigned)happens(dice, truth.new_template) << SCOPE_TEMPLATE |
                                   (unsigned)happens(dice, truth.new_sender) << SCOPE_SENDER |
                                   (unsigned)happens(dice, truth.new_vendor) << SCOPE_VENDOR);
    for (uint32_t i = 0; i < messages; i++) {
        evidence.invalid += truth.invalid / THOUSAND + happens(dice, truth.invalid % THOUSAND);
    }
    evidence.invalid += evidence.judged / 200; // one in 200 is usual
    evidence.first_messages = messages;
    evidence.first_same_block = evidence.signals[SIGNAL_SAME_BLOCK];
    draw_elsewhere(dice, &truth, &evidence);
    draw_habit(dice, &truth, &evidence);
    return evidence;
}

static enum cause first_cause(const struct cause_evidence *evidence)
{
    struct ranked causes[CAUSE_MAX];
    uint32_t count = cause_rank(evidence, causes);
    for (unsigned cause = 0; cause < CAUSE_COUNT && count > 0; cause++) {
        if (view_is(causes[0].name, cause_names[cause])) {
            return (enum cause)cause;
        }
    }
    return CAUSE_COUNT;
}

static uint32_t run_row(
        struct dice *dice, enum cause planted, uint32_t messages, uint32_t wide, const char *name)
{
    uint32_t found[CAUSE_COUNT + 1] = {0};
    for (unsigned i = 0; i < DRAWS; i++) {
        struct cause_evidence evidence = draw(dice, planted, messages, wide);
        found[first_cause(&evidence)]++;
    }
    printf("  %-20s", name);
    for (unsigned cause = 0; cause < CAUSE_COUNT; cause++) {
        printf(" %7.1f", found[cause] * 100.0 / DRAWS);
    }
    printf("\n");
    CU_ASSERT_EQUAL(found[CAUSE_COUNT], 0);
    return found[planted];
}

static void run_matrix(uint32_t messages, uint32_t least_percent)
{
    printf("\n  %u misdirected messages looked at; rows planted, columns ranked first, percent\n",
            messages);
    printf("  %-20s", "");
    for (unsigned cause = 0; cause < CAUSE_COUNT; cause++) {
        printf(" %7.7s", cause_names[cause]);
    }
    printf("\n");
    struct dice dice = {.state = 0x9e3779b97f4a7c15u + messages};
    for (unsigned planted = 0; planted < CAUSE_COUNT; planted++) {
        uint32_t right = run_row(&dice, (enum cause)planted, messages, 0, cause_names[planted]);
        CU_ASSERT_TRUE(right * 100 >= least_percent * DRAWS);
    }
    uint32_t right = run_row(&dice, CAUSE_WRONG_LIST, messages, THOUSAND, "wrong_list, wide");
    CU_ASSERT_TRUE(right * 100 >= least_percent * DRAWS);
}

static void test_matrix_of_5(void)
{
    run_matrix(5, 60);
}

static void test_matrix_of_12(void)
{
    run_matrix(12, 80);
}

static void test_matrix_of_30(void)
{
    run_matrix(30, 90);
}

static void test_matrix_of_64(void)
{
    run_matrix(64, 90);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {{"matrix_of_5", test_matrix_of_5},
            {"matrix_of_12", test_matrix_of_12}, {"matrix_of_30", test_matrix_of_30},
            {"matrix_of_64", test_matrix_of_64}, {NULL, NULL}};
    return unit_main(argc, argv, "cause_draws", tests);
}
