// How causes are ranked.
//
// The evidence is read as features, shares such as "no_record 11 of 12" (cause_table.h). The table
// says of each cause in which variants it shows, and what shape each feature has in each variant.
// Given a variant, features are taken as independent (naive Bayes): the variant's score is the sum
// of what each feature says for it, ln P(count | shape) - ln P(count | nothing known), each no
// less than the feature's floor. A cause weighs what its variants weigh together, e^score, each by
// its percent; all causes are as likely beforehand.
//
// Features are not independent: reasons exclude each other, and a new vendor has new senders. So
// half of a score is counted: the order of variants stays, and shares are not surer than they may
// be.
#include "decide/cause.h"

#include "common/assure.h"
#include "decide/cause_table.h"

_Static_assert((int)CAUSE_COUNT <= (int)CAUSE_MAX, "every cause has room");

enum {
    MILLIONTHS = 1000000,
    SHARE_LEAST_MILLIONTHS = 10000,
    HABIT_LEAST = 200,   // watched messages before a tenant's habit is known
    INVALID_PERCENT = 1, // of numbers, where no habit is known
    ELSEWHERE_BELIEVED = 16,
    ORDINARY_BELIEVED = 6,
    NEW_CAMPAIGNS = 5,       // in a row without a new one: half of what a new one can say
    NUMBER_LEAST_MNAT = 100, // more than a feature says for the other causes
};

// A feature as it was found. `of` 0: it could not be read.
struct reading {
    int64_t count;
    int64_t of;
    int64_t weight_percent; // of what it says; 0 = all of it
};

// What was made of all causes.
struct opinion {
    const struct cause_variant *best[CAUSE_COUNT]; // the variant of it that fits best
    uint64_t weights[CAUSE_COUNT];
    uint64_t total;
};

static int64_t at_most(int64_t value, int64_t limit)
{
    return value < limit ? value : limit;
}

// --- what the evidence says ---------------------------------------------------------------------

static bool is_habit_known(const struct cause_evidence *evidence)
{
    return evidence->before.watched >= HABIT_LEAST;
}

// What of `of` messages the tenant shows on any day.
static int64_t expected_by_habit(const struct cause_habit *before, int64_t shown, int64_t of)
{
    int64_t thousandths = at_most(shown, INT64_MAX / 1000) * 1000 / before->watched;
    return at_most(of, INT64_MAX / 1000) * at_most(thousandths, 1000) / 1000;
}

// A signal among the misdirected messages, or among all where none is misdirected. Where the tenant
// shows it anyway (its customers' numbers lie close together), only what is above that counts.
static struct reading read_signal(const struct cause_evidence *evidence, enum signal signal)
{
    struct reading reading = {evidence->signals[signal], evidence->messages, 0};
    if (evidence->messages == 0) {
        reading.of = evidence->judged + evidence->invalid;
        reading.count = at_most(evidence->signals_of_all[signal], reading.of);
    }
    if (is_habit_known(evidence)) {
        int64_t usual =
                expected_by_habit(&evidence->before, evidence->before.signals[signal], reading.of);
        reading.of -= usual;
        reading.count = reading.count > usual ? reading.count - usual : 0;
    }
    return reading;
}

// Whether loans are named tells something of a tenant only that names them otherwise.
static struct reading read_loan_named(const struct cause_evidence *evidence)
{
    const struct cause_habit *before = &evidence->before;
    bool never =
            is_habit_known(evidence) && before->signals[SIGNAL_LOAN_NAMED] * 2 < before->watched;
    return never ? (struct reading){0, 0, 0}
                 : (struct reading){evidence->signals[SIGNAL_LOAN_NAMED], evidence->messages, 0};
}

static struct reading read_misread(const struct cause_evidence *evidence)
{
    int64_t watched = evidence->judged + evidence->invalid;
    int64_t usual = is_habit_known(evidence) ? expected_by_habit(&evidence->before,
                                                       evidence->before.invalid, watched)
                                             : watched * INVALID_PERCENT / 100;
    int64_t invalid = evidence->invalid > usual ? evidence->invalid - usual : 0;
    struct reading misread = {0, 0, 0};
    if (evidence->messages > 0) {
        misread = read_signal(evidence, SIGNAL_MISREAD);
        misread.count =
                at_most(misread.count, INT32_MAX) * evidence->misdirected / evidence->messages;
    }
    return (struct reading){invalid + misread.count, invalid + evidence->misdirected, 0};
}

// The first of them can be compared with none.
static struct reading read_mixed_lenders(const struct cause_evidence *evidence)
{
    int64_t others = evidence->reasons[REASON_OTHER_TENANT];
    return (struct reading){
            evidence->signals[SIGNAL_MIXED_LENDERS], others > 0 ? others - 1 : 0, 0};
}

// Where nothing was misdirected, all is looked at.
static struct reading read_same_block(const struct cause_evidence *evidence)
{
    struct cause_evidence first = *evidence;
    first.messages = evidence->first_messages;
    first.signals[SIGNAL_SAME_BLOCK] = evidence->first_same_block;
    return read_signal(&first, SIGNAL_SAME_BLOCK);
}

// Whether all of a scope's messages come through one scope of that kind anyhow. A template is shared
// by senders and vendors, and the other way round; a sender has one vendor.
static bool has_one(enum scope_kind of, enum scope_kind kind)
{
    return of == kind || of == SCOPE_CAMPAIGN || (of == SCOPE_SENDER && kind == SCOPE_VENDOR);
}

// A share that counts as if it were of so many at most.
static struct reading read_at_most(int64_t count, int64_t of, int64_t most)
{
    return of > most ? (struct reading){(count * most + of / 2) / of, most, 0}
                     : (struct reading){count, of, 0};
}

// The share of the busiest scope of a kind. Where there can be only one, only attribution has
// spoken: it counts as one reading.
static struct reading read_busiest(const struct cause_evidence *evidence, enum scope_kind kind)
{
    if (evidence->spread[kind] == 0) {
        return (struct reading){0, 0, 0};
    }
    if (has_one(evidence->kind, kind)) {
        return (struct reading){1, 1, 0};
    }
    return (struct reading){evidence->largest[kind], evidence->first_messages, 0};
}

// So many of the tenant's messages elsewhere are misdirected on any day.
static int64_t usual_elsewhere(const struct cause_evidence *evidence)
{
    int64_t before = at_most(evidence->tenant_judged_before, INT32_MAX);
    int64_t judged = at_most(evidence->elsewhere_judged, INT32_MAX);
    return before > 0 ? judged * at_most(evidence->tenant_misdirected_before, before) / before : 0;
}

// What comes through the busiest campaign, of all that is misdirected in the tenant.
static struct reading read_one_campaign(const struct cause_evidence *evidence)
{
    struct reading reading = read_busiest(evidence, SCOPE_CAMPAIGN);
    int64_t elsewhere =
            evidence->elsewhere - at_most(usual_elsewhere(evidence), evidence->elsewhere);
    if (reading.of == 0 || elsewhere == 0 || evidence->elsewhere_judged == 0) {
        return reading;
    }
    int64_t here = at_most(evidence->misdirected, INT32_MAX);
    return read_at_most(here * at_most(reading.count, INT32_MAX) / reading.of,
            here + at_most(elsewhere, INT32_MAX), LIKENESS_TRIALS_MAX);
}

// How many have no record elsewhere, beyond what is usual: of all that is misdirected there, but of
// no fewer than half of what there would be were it as bad there as here. So it tells something that
// nothing is wrong there. Where that is not known, all may be ordinary, and fewer are believed.
static struct reading read_elsewhere(const struct cause_evidence *evidence)
{
    if (evidence->elsewhere_judged <= 0 || evidence->judged <= 0) {
        return read_at_most(evidence->elsewhere_no_record, evidence->elsewhere, ORDINARY_BELIEVED);
    }
    int64_t here = at_most(evidence->misdirected, INT32_MAX);
    int64_t alike = at_most(evidence->elsewhere_judged, INT32_MAX) * here / evidence->judged / 2;
    int64_t misdirected = evidence->elsewhere;
    int64_t no_record = evidence->elsewhere_no_record;
    no_record -= at_most(usual_elsewhere(evidence), no_record);
    return read_at_most(no_record, misdirected > alike ? misdirected : alike, ELSEWHERE_BELIEVED);
}

// A vendor is called new only where that is known: nobody is suspected for want of a history. What a
// new one says depends on how rare they are with this tenant.
static struct reading read_new(const struct cause_evidence *evidence, enum scope_kind kind)
{
    bool is_known = (evidence->new_kinds >> SCOPE_TENANT & 1) == 0 && evidence->spread[kind] > 0;
    bool is_new = is_known && (evidence->new_kinds >> kind & 1) != 0;
    int64_t without = evidence->campaigns_without[kind];
    return (struct reading){.count = is_new,
            .of = is_known || kind == SCOPE_VENDOR ? 1 : 0,
            .weight_percent = is_new ? without * 100 / (without + NEW_CAMPAIGNS) + 1 : 0};
}

static struct reading read_reason(const struct cause_evidence *evidence, enum reason reason)
{
    return (struct reading){evidence->reasons[reason], evidence->messages, 0};
}

static void read_features(
        const struct cause_evidence *evidence, struct reading ret_readings[FEATURE_COUNT])
{
    const struct reading readings[FEATURE_COUNT] = {
            [FEATURE_NO_RECORD] = read_reason(evidence, REASON_NO_RECORD),
            [FEATURE_OTHER_TENANT] = read_reason(evidence, REASON_OTHER_TENANT),
            [FEATURE_WRONG_DEBT] = read_reason(evidence, REASON_WRONG_DEBT),
            [FEATURE_THIRD_PARTY] = read_reason(evidence, REASON_THIRD_PARTY),
            [FEATURE_CLOSED_LOAN] = read_reason(evidence, REASON_CLOSED_LOAN),
            [FEATURE_REASSIGNED_NUMBER] = read_reason(evidence, REASON_REASSIGNED_NUMBER),
            [FEATURE_LOAN_NAMED] = read_loan_named(evidence),
            [FEATURE_WALKING] = read_signal(evidence, SIGNAL_WALKING),
            [FEATURE_SAME_BLOCK] = read_same_block(evidence),
            [FEATURE_REPEATED] = read_signal(evidence, SIGNAL_REPEATED),
            [FEATURE_MIXED_LENDERS] = read_mixed_lenders(evidence),
            [FEATURE_CLOSED_RECENTLY] = {.count = evidence->signals[SIGNAL_CLOSED_RECENTLY],
                    .of = evidence->reasons[REASON_CLOSED_LOAN]},
            [FEATURE_MISREAD_NUMBER] = read_misread(evidence),
            [FEATURE_MISDIRECTED] = {.count = evidence->misdirected, .of = evidence->judged},
            [FEATURE_SOMEBODY_ELSES] = {.count = (int64_t)evidence->reasons[REASON_OTHER_TENANT] +
                                                 evidence->reasons[REASON_WRONG_DEBT],
                    .of = evidence->messages},
            [FEATURE_ONE_CAMPAIGN] = read_one_campaign(evidence),
            [FEATURE_ONE_TEMPLATE] = read_busiest(evidence, SCOPE_TEMPLATE),
            [FEATURE_ONE_SENDER] = read_busiest(evidence, SCOPE_SENDER),
            [FEATURE_ONE_VENDOR] = read_busiest(evidence, SCOPE_VENDOR),
            [FEATURE_NEW_TEMPLATE] = read_new(evidence, SCOPE_TEMPLATE),
            [FEATURE_NEW_SENDER] = read_new(evidence, SCOPE_SENDER),
            [FEATURE_NEW_VENDOR] = read_new(evidence, SCOPE_VENDOR),
            [FEATURE_UNREGISTERED_VENDOR] = {.count = evidence->vendor_is_unregistered,
                    .of = evidence->vendors_are_listed || evidence->vendor_is_unregistered ? 1 : 0},
            [FEATURE_NO_RECORD_ELSEWHERE] = read_elsewhere(evidence),
    };
    for (unsigned f = 0; f < FEATURE_COUNT; f++) {
        ret_readings[f] = readings[f];
        ret_readings[f].of = readings[f].of > 0 ? readings[f].of : 0;
        ret_readings[f].count = readings[f].count > 0 ? readings[f].count : 0;
        if (ret_readings[f].count > ret_readings[f].of) {
            ret_readings[f].count = ret_readings[f].of;
        }
    }
}

// Whether anything at all has gone wrong that could have a cause.
static bool is_silent(const struct reading readings[FEATURE_COUNT])
{
    static const enum feature heard[] = {FEATURE_NO_RECORD, FEATURE_OTHER_TENANT,
            FEATURE_WRONG_DEBT, FEATURE_THIRD_PARTY, FEATURE_CLOSED_LOAN, FEATURE_REASSIGNED_NUMBER,
            FEATURE_MISREAD_NUMBER, FEATURE_WALKING, FEATURE_SAME_BLOCK,
            FEATURE_UNREGISTERED_VENDOR};
    for (unsigned i = 0; i < sizeof heard / sizeof *heard; i++) {
        if (readings[heard[i]].count > 0) {
            return false;
        }
    }
    return true;
}

// --- what that says for the causes --------------------------------------------------------------

static enum shape shape_of(const struct cause_variant *variant, unsigned f)
{
    enum shape shape = (enum shape)variant->shapes[f];
    return shape == SHAPE_USUAL ? feature_kinds[f].usual : shape;
}

static int64_t support_mnat(
        const struct cause_variant *variant, unsigned f, const struct reading *reading)
{
    const struct feature_kind *kind = &feature_kinds[f];
    enum shape shape = shape_of(variant, f);
    int64_t count = reading->count;
    int64_t of = reading->of;
    if (of == 1 && kind->votes > 0) {
        of = kind->votes;
        count *= of;
    } else if (of > LIKENESS_TRIALS_MAX) {
        count = (count * LIKENESS_TRIALS_MAX + of / 2) / of;
        of = LIKENESS_TRIALS_MAX;
    }
    int64_t mnat = likeness_mnat(shape, (uint32_t)count, (uint32_t)of);
    mnat = reading->weight_percent > 0 ? mnat * reading->weight_percent / 100 : mnat;
    return mnat > -kind->floor_mnat ? mnat : -kind->floor_mnat;
}

static int64_t score_mnat(
        const struct cause_variant *variant, const struct reading readings[FEATURE_COUNT])
{
    int64_t score = 0;
    for (unsigned f = 0; f < FEATURE_COUNT; f++) {
        score += support_mnat(variant, f, &readings[f]);
    }
    return score;
}

static void weigh_causes(const struct reading readings[FEATURE_COUNT], struct opinion *ret_opinion)
{
    struct opinion opinion = {.total = 0};
    int64_t scores[CAUSE_VARIANT_MAX];
    int64_t best_scores[CAUSE_COUNT];
    int64_t highest = INT64_MIN;
    ASSURE(cause_variant_count <= CAUSE_VARIANT_MAX);
    for (uint32_t i = 0; i < cause_variant_count; i++) {
        enum cause cause = cause_variants[i].cause;
        scores[i] = score_mnat(&cause_variants[i], readings);
        highest = scores[i] > highest ? scores[i] : highest;
        if (opinion.best[cause] == NULL || scores[i] > best_scores[cause]) {
            opinion.best[cause] = &cause_variants[i];
            best_scores[cause] = scores[i];
        }
    }
    for (uint32_t i = 0; i < cause_variant_count; i++) {
        uint64_t weight =
                cause_variants[i].percent * likeness_exp_billionths((highest - scores[i]) / 2);
        opinion.weights[cause_variants[i].cause] += weight;
        opinion.total += weight;
    }
    *ret_opinion = opinion;
}

// --- the ranking, and the numbers behind it -----------------------------------------------------

// What a feature says for a cause above what it says for the others on average.
static int64_t distinction_mnat(
        const struct opinion *opinion, enum cause cause, unsigned f, const struct reading *reading)
{
    int64_t others = 0;
    for (unsigned other = 0; other < CAUSE_COUNT; other++) {
        others += other == (unsigned)cause ? 0 : support_mnat(opinion->best[other], f, reading);
    }
    return support_mnat(opinion->best[cause], f, reading) - others / (CAUSE_COUNT - 1);
}

// Whether the variant expects something of a feature that a reader would look for: not that it is
// one way or the other, nor that something is missing which is missing from most incidents.
static bool is_telling(
        const struct cause_variant *variant, unsigned f, const struct reading *reading)
{
    enum shape shape = shape_of(variant, f);
    bool is_absence = shape == SHAPE_NONE || shape == SHAPE_HARDLY || reading->count == 0;
    bool is_rare = feature_kinds[f].usual != SHAPE_ANY && feature_kinds[f].usual != SHAPE_EITHER;
    return shape != SHAPE_ANY && shape != SHAPE_EITHER && !(is_absence && is_rare);
}

static void tell_numbers(const struct opinion *opinion, enum cause cause,
        const struct reading readings[FEATURE_COUNT], struct ranked *ranked)
{
    int64_t told_mnat[CAUSE_NUMBER_MAX + 1];
    for (unsigned f = 0; f < FEATURE_COUNT; f++) {
        const struct cause_variant *best = opinion->best[cause];
        int64_t mnat = distinction_mnat(opinion, cause, f, &readings[f]);
        if (mnat < NUMBER_LEAST_MNAT || !is_telling(best, f, &readings[f])) {
            continue;
        }
        uint32_t at = ranked->number_count;
        for (; at > 0 && told_mnat[at - 1] < mnat; at--) {
            told_mnat[at] = told_mnat[at - 1];
            if (at < CAUSE_NUMBER_MAX) {
                ranked->numbers[at] = ranked->numbers[at - 1];
            }
        }
        told_mnat[at] = mnat;
        if (at < CAUSE_NUMBER_MAX) {
            ranked->numbers[at] =
                    (struct cause_number){feature_kinds[f].name, readings[f].count, readings[f].of};
        }
        ranked->number_count += ranked->number_count < CAUSE_NUMBER_MAX;
    }
}

// Shares in whole millionths that add up to one; what rounding leaves is the likeliest's.
static void share_out(const uint64_t *weights, uint32_t count, struct ranked *ranked)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        total += weights[i];
    }
    int64_t rest = MILLIONTHS;
    for (uint32_t i = 0; i < count; i++) {
        ranked[i].share_millionths = (int64_t)(weights[i] * MILLIONTHS / total);
        rest -= ranked[i].share_millionths;
    }
    ranked[0].share_millionths += rest;
}

uint32_t cause_rank(const struct cause_evidence *evidence, struct ranked ret_causes[CAUSE_MAX])
{
    struct reading readings[FEATURE_COUNT];
    read_features(evidence, readings);
    if (is_silent(readings)) {
        return 0;
    }
    struct opinion opinion;
    weigh_causes(readings, &opinion);
    uint64_t weights[CAUSE_COUNT];
    enum cause order[CAUSE_COUNT];
    uint32_t found = 0;
    for (unsigned cause = 0; cause < CAUSE_COUNT; cause++) {
        if (opinion.weights[cause] * MILLIONTHS < opinion.total * SHARE_LEAST_MILLIONTHS) {
            continue;
        }
        uint32_t at = found++;
        for (; at > 0 && weights[at - 1] < opinion.weights[cause]; at--) {
            weights[at] = weights[at - 1];
            order[at] = order[at - 1];
        }
        weights[at] = opinion.weights[cause];
        order[at] = (enum cause)cause;
    }
    for (uint32_t i = 0; i < found; i++) {
        ret_causes[i] = (struct ranked){.name = view_of(cause_names[order[i]])};
        tell_numbers(&opinion, order[i], readings, &ret_causes[i]);
    }
    share_out(weights, found, ret_causes);
    return found;
}
