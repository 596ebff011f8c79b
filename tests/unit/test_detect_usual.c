// detect: what is unusual for a lender whose campaigns are known, behind a real fold.
#include <stdio.h>
#include <string.h>

#include "detect/detect.h"
#include "fold/fold.h"
#include "unit.h"

#define AT INT64_C(1763769600000)

enum { MANY = 15, FRAMES_MAX = 2000 };

struct bench {
    struct scopes *scopes;
    struct recent *recent;
    struct fold *fold;
    struct detect *detect;
    int64_t chunk;
    uint64_t people;
};

static const struct detect_budget by_2e8 = {BANK_RULES_2E8, false};

static enum tier no_tier(const void *self, int32_t scope)
{
    (void)self;
    (void)scope;
    return TIER_NONE;
}

static void bench_init(struct bench *b)
{
    *b = (struct bench){0};
    const struct recent_options recent_options = {.max_entries = 100000};
    const struct detect_options options = {.baseline = baseline_defaults,
            .learning = true,
            .guard = true,
            .streams = stream_levels_default()};
    CU_ASSERT_EQUAL_FATAL(scopes_create(&b->scopes, 1000), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(recent_create(&b->recent, &recent_options), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(fold_create(&b->fold, b->scopes, b->recent, 0), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(detect_create(&b->detect, &options, b->recent), ERR_NONE);
}

static void bench_fini(struct bench *b)
{
    detect_destroy(b->detect);
    fold_destroy(b->fold);
    recent_destroy(b->recent);
    scopes_destroy(b->scopes);
}

static int32_t scope_of(struct bench *b, enum scope_kind kind, const char *id)
{
    int32_t scope = SCOPE_NONE;
    CU_ASSERT_EQUAL_FATAL(
            scopes_intern(b->scopes, kind, VIEW("t"), view_of(id), VIEW_NONE, &scope), ERR_NONE);
    return scope;
}

// A frame of so many messages of a campaign, the last of them misdirected.
static void send(struct bench *b, const char *campaign, const char *vendor, uint32_t messages)
{
    int64_t first = b->chunk * CHUNK_OFFSETS;
    const struct frame_leaf leaf = {.key = {.ids = {[SCOPE_CAMPAIGN] = view_of(campaign),
                                                    [SCOPE_VENDOR] = view_of(vendor),
                                                    [SCOPE_TENANT] = VIEW("t")}},
            .counts = {.judged = messages, .misdirected = 1}};
    struct frame_entry entry = {.offset = first + messages - 1,
            .reasons = REASON_BIT(REASON_NO_RECORD),
            .occurred_at_ms = AT};
    b->people++;
    memcpy(entry.tag, &b->people, sizeof b->people);
    const struct frame frame = {.source_topic = VIEW("in"),
            .chunk = b->chunk,
            .first_offset = first,
            .to_offset = first + CHUNK_OFFSETS,
            .judged_at_ms = AT,
            .leaves = &leaf,
            .leaf_count = 1,
            .entries = &entry,
            .entry_count = 1};
    const struct detect_asks asks = {.tier = no_tier};
    struct delta delta;
    CU_ASSERT_EQUAL_FATAL(fold_frame(b->fold, &frame, 0, b->chunk, &delta), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(detect_delta(b->detect, &delta, &asks), ERR_NONE);
    b->chunk++;
}

// So many campaigns of a vendor, of 2,000 messages each, one in `messages` misdirected.
static void teach(struct bench *b, const char *vendor, unsigned campaigns, uint32_t messages)
{
    for (unsigned i = 0; i < campaigns; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%s-%u", vendor, i);
        for (uint32_t sent = 0; sent < 2000; sent += messages) {
            send(b, name, vendor, messages);
        }
    }
}

// Sends a campaign, one in `messages` misdirected, until it reaches a tier and that is unusual for
// the vendor. How many misdirected ones it took; 0 = so many frames were not enough.
static unsigned until_unusual(
        struct bench *b, const char *vendor, uint32_t messages, enum tier tier)
{
    for (unsigned i = 1; i <= FRAMES_MAX; i++) {
        send(b, "new", vendor, messages);
        int32_t scope = scope_of(b, SCOPE_CAMPAIGN, "new");
        const struct bank_reading reading =
                detect_read(b->detect, scope, SCOPE_CAMPAIGN, by_2e8, tier);
        if (reading.tier == tier && detect_is_unusual(b->detect, scope, SCOPE_CAMPAIGN,
                                            scope_of(b, SCOPE_VENDOR, vendor),
                                            scope_of(b, SCOPE_TENANT, "t"), &reading)) {
            return i;
        }
    }
    return 0;
}

// Whether a campaign is held depends on what the campaigns of its vendor usually have.
static void test_by_vendor(void)
{
    static const struct {
        uint32_t usual; // one in so many of the vendor's
        uint32_t campaign;
        bool is_unusual;
    } rows[] = {
            {200, 10, true},
            {200, 20, true},  // ten times as much
            {200, 50, false}, // four times
            {100, 10, true},
            {100, 20, false},
            {50, 10, false},
            {50, 4, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;
        bench_init(&b);
        teach(&b, "v", MANY, rows[i].usual);
        unsigned took = until_unusual(&b, "v", rows[i].campaign, TIER_QUARANTINE);
        CU_ASSERT_EQUAL(took > 0, rows[i].is_unusual);
        bench_fini(&b);
    }
}

// A vendor of whom nothing is known is taken for one of its tenant's, but may be further off.
static void test_new_vendor(void)
{
    struct bench b;
    bench_init(&b);
    teach(&b, "v", MANY, 200);
    CU_ASSERT_EQUAL(until_unusual(&b, "stranger", 25, TIER_QUARANTINE), 0); // eight times
    bench_fini(&b);
    bench_init(&b);
    teach(&b, "v", MANY, 200);
    CU_ASSERT_TRUE(until_unusual(&b, "v", 25, TIER_QUARANTINE) > 0);
    bench_fini(&b);
}

// Of a tenant of whom next to nothing is known, what is surely above five times the prior is.
static void test_cold(void)
{
    static const struct {
        uint32_t campaign;
        bool is_unusual;
    } rows[] = {{10, true}, {20, true}, {60, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;
        bench_init(&b);
        unsigned took = until_unusual(&b, "v", rows[i].campaign, TIER_QUARANTINE);
        CU_ASSERT_EQUAL(took > 0, rows[i].is_unusual);
        bench_fini(&b);
    }
}

// No campaign makes its own rate usual, and none outweighs the others.
static void test_one_campaign(void)
{
    struct bench b;
    bench_init(&b);
    teach(&b, "v", 1, 200);
    for (unsigned i = 0; i < 1000; i++) {
        send(&b, "large", "v", 20);
    }
    teach(&b, "v", MANY, 200);
    CU_ASSERT_TRUE(until_unusual(&b, "v", 10, TIER_QUARANTINE) > 0);
    bench_fini(&b);
}

// A dropped campaign's number goes to another, which has added nothing yet.
static void test_dropped(void)
{
    struct bench b;
    bench_init(&b);
    teach(&b, "v", MANY, 200);
    for (unsigned i = 0; i < MANY; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "v-%u", i);
        int32_t scope = scope_of(&b, SCOPE_CAMPAIGN, name);
        detect_drop(b.detect, scope);
        CU_ASSERT_TRUE(detect_is_quiet(b.detect, scope));
    }
    CU_ASSERT_TRUE(until_unusual(&b, "v", 20, TIER_QUARANTINE) > 0);
    bench_fini(&b);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"by_vendor", test_by_vendor},
            {"new_vendor", test_new_vendor},
            {"cold", test_cold},
            {"one_campaign", test_one_campaign},
            {"dropped", test_dropped},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "detect_usual", tests);
}
