// side: which of a scope's volume and the complaints about it is told, where both have something to say, and
// which complaints count.
// What either says is unit.volume's and unit.complaints' part.
#include "detect/side.h"

#include "unit.h"

#define T0 INT64_C(1795309200000)
#define STEP_MS (10 * 60 * 1000LL)

enum { RATE = 500, STEPS_A_DAY = 144, BURST_STEPS = 50, PEOPLE = 7 };

static int64_t nothing_heard(void *self, int32_t scope)
{
    (void)self;
    (void)scope;
    return 0;
}

// Complaints by email are off.
static source_set sources_by_channel(const void *self, const struct leaf_key *key)
{
    (void)self;
    const source_set off = SOURCE_BIT(SOURCE_COMPLAINTS);
    return view_is(key->channel, "email") ? SOURCES_ALL & ~off : off;
}

static void give(struct side *side, int64_t at_ms, const struct scope_delta *row,
        const char *channel, uint32_t people)
{
    const struct side_asks asks = {.heard = nothing_heard, .sources = sources_by_channel};
    const struct frame_leaf frame_leaf = {.key = {.channel = view_of(channel)}};
    const struct frame frame = {.watermark_ms = at_ms, .leaves = &frame_leaf, .leaf_count = 1};
    const struct leaf_delta leaf = {
            .uses = {{.row = -1}, {.row = -1}, {.row = -1}, {.row = 0}, {.row = -1}}};
    struct frame_complaint complaints[PEOPLE] = {{.leaf = 0}};
    for (uint32_t i = 0; i < people; i++) {
        complaints[i].tag[0] = (uint8_t)(i + 1);
    }
    const struct delta delta = {.frame = &frame,
            .log_time_ms = at_ms,
            .applied = true,
            .leaves = &leaf,
            .leaf_count = 1,
            .scopes = row,
            .scope_count = 1,
            .complaints = complaints,
            .complaint_count = people};
    CU_ASSERT_EQUAL_FATAL(side_delta(side, &delta, &asks), ERR_NONE);
}

// A vendor that sends a hundred times as much as it ever did, and whom that many people complain about.
static struct side *side_with_both(void)
{
    struct side *side;
    struct scope_delta row = {.scope = 0, .kind = SCOPE_VENDOR, .unknown = 10};
    CU_ASSERT_EQUAL_FATAL(side_create(&side, RATE), ERR_NONE);
    int64_t at_ms = T0;
    for (unsigned i = 0; i < 9 * STEPS_A_DAY; i++) {
        give(side, at_ms, &row, "sms", 0);
        at_ms += STEP_MS;
    }
    CU_ASSERT_FALSE_FATAL(side_has_news(side, 0));
    row.unknown = 1000;
    for (unsigned i = 0; i < BURST_STEPS && !side_has_news(side, 0); i++) {
        give(side, at_ms, &row, "sms", 0);
        at_ms += STEP_MS;
    }
    CU_ASSERT_TRUE_FATAL(side_has_news(side, 0));
    row.unknown = 0;
    give(side, at_ms, &row, "sms", PEOPLE);
    return side;
}

static enum tier read(
        struct side *side, source_set sources, enum tier told, struct evidence *ret_evidence)
{
    const struct scope_name vendor = {
            .kind = SCOPE_VENDOR, .tenant_id = VIEW("t"), .id = VIEW("v")};
    const struct scope_delta row = {.scope = 0, .kind = SCOPE_VENDOR};
    return side_read(side, &vendor, &row, sources, told, ret_evidence);
}

static void test_which_is_told(void)
{
    static const struct {
        const char *what;
        source_set sources;
        enum tier told;
        const char *stream; // that is told; NULL = nothing is
    } rows[] = {
            {"both", SOURCES_ALL, TIER_NONE, "complaints_10"},
            {"complaints are off", SOURCES_ALL & ~SOURCE_BIT(SOURCE_COMPLAINTS), TIER_NONE,
                    "volume_up"},
            {"volume is off", SOURCES_ALL & ~SOURCE_BIT(SOURCE_VOLUME), TIER_NONE, "complaints_10"},
            {"both are off", SOURCE_BIT(SOURCE_VOLUME) - 1, TIER_NONE, NULL},
            {"a notice is told", SOURCES_ALL, TIER_NOTICE, NULL},
            {"an alert is told", SOURCES_ALL, TIER_ALERT, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct side *side = side_with_both();
        struct evidence evidence;
        enum tier tier = read(side, rows[i].sources, rows[i].told, &evidence);
        CU_ASSERT_EQUAL(tier, rows[i].stream != NULL ? TIER_NOTICE : TIER_NONE);
        unit_check_text(rows[i].what, tier != TIER_NONE ? evidence.stream : "",
                rows[i].stream != NULL ? rows[i].stream : "");
        side_destroy(side);
    }
}

// What a volume has had to say is not kept until nobody complains any more.
static void test_volume_is_not_late(void)
{
    static const struct {
        source_set sources;
        enum tier told;
        bool is_kept;
    } rows[] = {
            {SOURCES_ALL, TIER_NONE, true}, // until the complaints are told
            {SOURCES_ALL, TIER_NOTICE, false},
            {SOURCE_BIT(SOURCE_VOLUME), TIER_NONE, false},
            {0, TIER_NONE, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct side *side = side_with_both();
        struct evidence evidence;
        (void)read(side, rows[i].sources, rows[i].told, &evidence);
        CU_ASSERT_EQUAL(read(side, SOURCE_BIT(SOURCE_VOLUME), TIER_NONE, &evidence),
                rows[i].is_kept ? TIER_NOTICE : TIER_NONE);
        side_destroy(side);
    }
}

// A complaint that is off where it comes from is none of the vendor's, whom others may complain about.
static void test_complaints_of_a_channel(void)
{
    struct side *side;
    struct evidence evidence;
    const struct scope_delta row = {.scope = 0, .kind = SCOPE_VENDOR};
    CU_ASSERT_EQUAL_FATAL(side_create(&side, RATE), ERR_NONE);
    give(side, T0, &row, "email", PEOPLE);
    CU_ASSERT_FALSE(side_has_news(side, 0));
    give(side, T0, &row, "sms", PEOPLE);
    CU_ASSERT_EQUAL(read(side, SOURCES_ALL, TIER_NONE, &evidence), TIER_NOTICE);
    side_destroy(side);
}

static const struct unit_test tests[] = {
        {"which_is_told", test_which_is_told},
        {"volume_is_not_late", test_volume_is_not_late},
        {"complaints_of_a_channel", test_complaints_of_a_channel},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "side", tests);
}
