// usual: what is usual among a lender's campaigns, and how far a healthy one may be from it.
#include "detect/usual.h"

#include "unit.h"

static const struct usual_part nothing;
static const int64_t CEILING_PPB = 30000000;

// So many campaigns of so many messages each, so many of them misdirected.
static struct usual of_campaigns(uint32_t campaigns, uint32_t judged, uint32_t misdirected)
{
    struct usual usual = {0};
    for (uint32_t i = 0; i < campaigns; i++) {
        struct usual_part part = {0};
        const struct usual_part more = usual_take(&part, judged, misdirected);
        usual_add(&usual, &more);
        if (part.judged >= USUAL_SIZED) {
            usual_meet(&usual, &part);
        }
    }
    return usual;
}

static struct usual_rates rates_of(const struct usual *vendor, const struct usual *tenant)
{
    struct usual_rates rates = {0};
    CU_ASSERT_TRUE_FATAL(
            usual_rates(vendor, tenant, &nothing, CEILING_PPB, TIER_QUARANTINE, &rates));
    return rates;
}

// A campaign counts by its first 2,000 messages, whatever its size.
static void test_part(void)
{
    static const struct {
        uint32_t judged, misdirected;
        struct usual_part more, part;
    } rows[] = {
            {500, 5, {500, 5}, {500, 5}},
            {3000, 30, {1500, 15}, {2000, 20}},
            {4000000000u, 4000000000u, {0, 0}, {2000, 20}},
    };
    struct usual_part part = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct usual_part more = usual_take(&part, rows[i].judged, rows[i].misdirected);
        CU_ASSERT_EQUAL(more.judged, rows[i].more.judged);
        CU_ASSERT_EQUAL(more.misdirected, rows[i].more.misdirected);
        CU_ASSERT_EQUAL(part.judged, rows[i].part.judged);
        CU_ASSERT_EQUAL(part.misdirected, rows[i].part.misdirected);
    }
}

static void test_memory(void)
{
    struct usual usual = of_campaigns(199, 5000, 50);
    CU_ASSERT_EQUAL(usual.judged, 398000);
    CU_ASSERT_EQUAL(usual.misdirected, 199 * 20);
    usual = of_campaigns(10000, 5000, 50);
    CU_ASSERT_TRUE(usual.judged >= 200000 && usual.judged < 400000);
    CU_ASSERT_EQUAL(usual.misdirected, usual.judged / 100);
    CU_ASSERT_TRUE(usual.campaigns >= 99 && usual.campaigns <= 200);
    // what has changed is soon all that is known
    const struct usual_part worse = {2000, 60};
    for (unsigned i = 0; i < 800; i++) {
        usual_add(&usual, &worse);
    }
    CU_ASSERT_TRUE((uint64_t)usual.misdirected * 1000 / usual.judged >= 28);
}

static void test_unknown(void)
{
    struct usual_rates rates;
    struct usual tenant = of_campaigns(9, 2000, 10);
    CU_ASSERT_FALSE(usual_rates(NULL, &tenant, &nothing, CEILING_PPB, TIER_QUARANTINE, &rates));
    tenant = of_campaigns(10, 2000, 10);
    CU_ASSERT_TRUE(usual_rates(NULL, &tenant, &nothing, CEILING_PPB, TIER_QUARANTINE, &rates));
    const struct usual_part own = {1, 0};
    CU_ASSERT_FALSE(usual_rates(NULL, &tenant, &own, CEILING_PPB, TIER_QUARANTINE, &rates));
}

// Of many campaigns of 1 % the upper bound is 1.25 (1 % + 1.64 sqrt(1 % / n)), and the limit e^1.6
// times that bound, nearly.
static void test_known(void)
{
    const struct usual all = of_campaigns(150, 2000, 20);
    const struct usual_rates rates = rates_of(&all, &all);
    CU_ASSERT_EQUAL(rates.upper_ppb / 1000, 12873);
    CU_ASSERT_EQUAL(rates.limit_ppb / 1000, 51286);
    const struct usual_rates wide = rates_of(NULL, &all);
    CU_ASSERT_EQUAL(wide.upper_ppb / 1000, 12873);
    CU_ASSERT_TRUE(wide.limit_ppb > 19 * rates.limit_ppb / 10); // vendors differ too
    struct usual_rates alert = {0};
    CU_ASSERT_TRUE(usual_rates(&all, &all, &nothing, CEILING_PPB, TIER_ALERT, &alert));
    CU_ASSERT_EQUAL(alert.upper_ppb, rates.upper_ppb);
    CU_ASSERT_TRUE(alert.limit_ppb < 4 * rates.limit_ppb / 5);
}

// A vendor of few campaigns leans on its tenant, and its next may be further away.
static void test_young_vendor(void)
{
    const struct usual tenant = of_campaigns(150, 2000, 20);
    const struct usual none = {0};
    int64_t least = 0;
    for (uint32_t campaigns = 0; campaigns <= 32; campaigns = campaigns * 2 + (campaigns == 0)) {
        const struct usual vendor = of_campaigns(campaigns, 2000, 20);
        const struct usual_rates rates = rates_of(&vendor, &tenant);
        CU_ASSERT_TRUE(least == 0 || rates.limit_ppb < least);
        least = rates.limit_ppb;
    }
    // of nothing known but the tenant, as much as of the tenant itself
    const struct usual_rates young = rates_of(&none, &tenant);
    CU_ASSERT_TRUE(young.limit_ppb > 9 * INT64_C(10000000));
    const struct usual worse = of_campaigns(100, 2000, 60);
    CU_ASSERT_TRUE(rates_of(&worse, &tenant).limit_ppb > 2 * least);
    const struct usual better = of_campaigns(100, 2000, 2);
    CU_ASSERT_TRUE(rates_of(&better, &tenant).limit_ppb < least / 5);
}

// Campaigns that differ by more than is assumed raise the limit; a single wrong one does not.
static void test_spread(void)
{
    struct usual even = of_campaigns(150, 2000, 20);
    struct usual uneven = of_campaigns(75, 2000, 2);
    struct usual one = of_campaigns(149, 2000, 20);
    for (unsigned i = 0; i < 75; i++) {
        const struct usual_part part = {2000, 38};
        usual_add(&uneven, &part);
        usual_meet(&uneven, &part);
    }
    const struct usual_part wrong = {2000, 2000};
    usual_meet(&one, &wrong);
    usual_meet(&even, &(struct usual_part){2000, 20});
    int64_t limit = rates_of(&even, &even).limit_ppb;
    CU_ASSERT_EQUAL(rates_of(&uneven, &uneven).upper_ppb, rates_of(&even, &even).upper_ppb);
    CU_ASSERT_TRUE(rates_of(&uneven, &uneven).limit_ppb > 3 * limit / 2);
    CU_ASSERT_TRUE(rates_of(&one, &one).limit_ppb <= limit + limit / 50);
}

// What a campaign has added itself says nothing about what is usual.
static void test_own(void)
{
    const struct usual_part wrong = {2000, 400};
    struct usual_rates rates;
    struct usual all = of_campaigns(30, 2000, 20);
    const struct usual_rates before = rates_of(&all, &all);
    usual_add(&all, &wrong);
    CU_ASSERT_TRUE(rates_of(&all, &all).limit_ppb > before.limit_ppb * 3 / 2);
    CU_ASSERT_TRUE(usual_rates(&all, &all, &wrong, CEILING_PPB, TIER_QUARANTINE, &rates));
    CU_ASSERT_EQUAL(rates.limit_ppb, before.limit_ppb);
    CU_ASSERT_EQUAL(rates.upper_ppb, before.upper_ppb);
}

// While a tenant is not known, its first messages and the prior, worth 1,000, say what is usual.
static void test_cold(void)
{
    static const struct {
        struct usual tenant;
        struct usual_part own;
        int64_t limit_ppb;
    } rows[] = {
            {{0}, {0}, 25000000},
            {{.judged = 1000, .misdirected = 15}, {0}, 50000000},
            {{.judged = 3000, .misdirected = 215}, {2000, 200}, 50000000},
            {{.judged = 19000, .misdirected = 0}, {0}, 1250000},
            {{.judged = 19000, .misdirected = 1900}, {0}, 150000000},
            {{.judged = 100, .misdirected = 5}, {2000, 200}, 25000000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_ASSERT_EQUAL(usual_cold_limit(&rows[i].tenant, &rows[i].own, 5000000, CEILING_PPB),
                rows[i].limit_ppb);
    }
}

// No usual rate is above the ceiling of all baselines.
static void test_ceiling(void)
{
    const struct usual bad = of_campaigns(150, 2000, 400);
    const struct usual_rates rates = rates_of(&bad, &bad);
    CU_ASSERT_EQUAL(rates.upper_ppb, CEILING_PPB);
    CU_ASSERT_TRUE(rates.limit_ppb < 6 * CEILING_PPB);
}

static void test_is_above(void)
{
    static const struct {
        uint32_t judged, misdirected;
        int64_t rate_ppb;
        bool is_above;
    } rows[] = {
            {7, 7, 500000000, true},
            {3, 3, 150000000, true},
            {1000, 25, 25000000, false}, // just as many
            {1000, 33, 25000000, false}, // 1.62 deviations of 4.94
            {1000, 34, 25000000, true},  // 1.82
            {280, 14, 25000000, true},   // 5 % of a lender of 0.5 %
            {140, 14, 50000000, true},   // 10 % of a lender of 1 %
            {140, 14, 100000000, false}, // 10 % of a lender of 2 %
            {4000000000u, 100000000u, 25000000, false},
            {4000000000u, 104000000u, 25000000, true},
            {4000000000u, 4000000000u, 500000000, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_ASSERT_EQUAL(usual_is_above(rows[i].judged, rows[i].misdirected, rows[i].rate_ppb),
                rows[i].is_above);
    }
}

static enum err there_and_back(const struct usual *usual, struct usual *ret_usual)
{
    struct strbuf sb;
    strbuf_init(&sb, 256);
    struct usual copy = *usual;
    struct archive writer = archive_writer(&sb);
    usual_archive(&writer, &copy);
    CU_ASSERT_EQUAL(archive_end(&writer), ERR_NONE);
    struct archive reader = archive_reader(strbuf_view(&sb));
    usual_archive(&reader, ret_usual);
    enum err e = archive_end(&reader);
    strbuf_fini(&sb);
    return e;
}

// All that comes of messages is restored; what cannot come of them is refused.
static void test_archive(void)
{
    struct usual usual = {0};
    struct usual back;
    for (unsigned i = 0; i < 3000; i++) {
        struct usual_part part = {0};
        struct usual_part more = usual_take(&part, USUAL_CAMPAIGN, i % 7 == 0 ? 0 : i % 2001);
        usual_add(&usual, &more);
        usual_meet(&usual, &part);
        CU_ASSERT_EQUAL(there_and_back(&usual, &back), ERR_NONE);
        CU_ASSERT_EQUAL(memcmp(&usual, &back, sizeof back), 0);
    }
    const struct usual absurd[] = {
            {.judged = UINT32_MAX},
            {.judged = 20000, .misdirected = 20001},
            {.judged = 20000, .campaigns = UINT32_MAX},
            {.judged = 20000, .campaigns = 1, .sum = 2001},
            {.judged = 20000, .campaigns = 1, .sum = 2000, .pairs = UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++) {
        CU_ASSERT_EQUAL(there_and_back(&absurd[i], &back), ERR_DATA);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"part", test_part},
            {"memory", test_memory},
            {"unknown", test_unknown},
            {"known", test_known},
            {"young_vendor", test_young_vendor},
            {"spread", test_spread},
            {"own", test_own},
            {"cold", test_cold},
            {"ceiling", test_ceiling},
            {"is_above", test_is_above},
            {"archive", test_archive},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "usual", tests);
}
