// detect: what a delta moves — credit, levels, streams, change points, pins — behind a real fold.
#include "detect/detect.h"

#include <string.h>

#include "fold/fold.h"
#include "unit.h"

#define AT INT64_C(1763769600000)
#define HOUR INT64_C(3600000)

enum {
    NODE_95 = 3,
    CREDIT_1000 = 6907755,
    CREDIT_100 = 4605170,
    PARTS_MAX = 4,
    ENTRIES_MAX = 16,
};

struct bench {
    struct scopes *scopes;
    struct recent *recent;
    struct fold *fold;
    struct detect *detect;
    enum tier tier; // that every scope has reached
    int64_t chunk;
    int64_t log_time_ms;
    uint32_t people;
    struct delta delta; // of the last frame
};

// What one leaf of a frame adds. NULL: names none.
struct part {
    const char *campaign;
    const char *vendor;
    uint32_t good;
    uint32_t bad; // all to new people, the first of them not guarded
    int64_t planned_size;
    uint32_t invalid; // unknown, for their number's sake
    const char *template_;
    const char *sender;
};

static const struct detect_budget by_2e8 = {BANK_RULES_2E8, false};

static enum tier tier_of(const void *self, int32_t scope)
{
    const struct bench *b = self;
    (void)scope;
    return b->tier;
}

static struct detect_options plain_options(void)
{
    return (struct detect_options){.baseline = baseline_defaults,
            .learning = true,
            .guard = true,
            .start_credit = true,
            .streams = stream_levels_default()};
}

static void bench_init(struct bench *b, const struct detect_options *options)
{
    *b = (struct bench){.log_time_ms = AT};
    const struct recent_options recent_options = {.max_entries = 100000};
    CU_ASSERT_EQUAL_FATAL(scopes_create(&b->scopes, 1000), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(recent_create(&b->recent, &recent_options), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(fold_create(&b->fold, b->scopes, b->recent, 0), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(detect_create(&b->detect, options, b->recent), ERR_NONE);
}

static void bench_init_plain(struct bench *b)
{
    const struct detect_options options = plain_options();
    bench_init(b, &options);
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

static int64_t ratio_of(struct bench *b, enum scope_kind kind, const char *id)
{
    return detect_ratio(b->detect, scope_of(b, kind, id), NODE_95);
}

static struct frame_leaf leaf_of(const struct part *part)
{
    return (struct frame_leaf){.key = {.ids = {[SCOPE_CAMPAIGN] = view_of(part->campaign),
                                               [SCOPE_TEMPLATE] = view_of(part->template_),
                                               [SCOPE_SENDER] = view_of(part->sender),
                                               [SCOPE_VENDOR] = view_of(part->vendor),
                                               [SCOPE_TENANT] = VIEW("t")}},
            .counts = {.judged = part->good + part->bad,
                    .misdirected = part->bad,
                    .unknown = part->invalid,
                    .reasons = {[REASON_INVALID_NUMBER] = part->invalid,
                            [REASON_NO_RECORD] = part->bad},
                    .planned_size = part->planned_size}};
}

// One frame, a chunk of its own, so that its counts are what it adds.
static void send(struct bench *b, const struct part *parts, uint32_t count)
{
    struct frame_leaf leaves[PARTS_MAX];
    struct frame_entry entries[ENTRIES_MAX];
    uint32_t entry_count = 0;
    int64_t first = b->chunk * CHUNK_OFFSETS;
    for (uint32_t i = 0; i < count; i++) {
        leaves[i] = leaf_of(&parts[i]);
        for (uint32_t n = 0; n < parts[i].bad; n++) {
            CU_ASSERT_TRUE_FATAL(entry_count < ENTRIES_MAX);
            struct frame_entry *entry = &entries[entry_count];
            *entry = (struct frame_entry){.offset = first + 10 + entry_count,
                    .leaf = i,
                    .reasons = REASON_BIT(REASON_NO_RECORD),
                    .previous_misdirected = n > 0 ? UINT8_MAX : 0,
                    .occurred_at_ms = b->log_time_ms - 5};
            b->people++;
            memcpy(entry->tag, &b->people, sizeof b->people);
            entry_count++;
        }
    }
    const struct frame frame = {.source_topic = VIEW("in"),
            .source_partition = 7,
            .chunk = b->chunk,
            .first_offset = first,
            .to_offset = first + CHUNK_OFFSETS,
            .judged_at_ms = b->log_time_ms,
            .leaves = leaves,
            .leaf_count = count,
            .entries = entries,
            .entry_count = entry_count};
    const struct detect_asks asks = {.tier = tier_of, .self = b};
    CU_ASSERT_EQUAL_FATAL(fold_frame(b->fold, &frame, 0, b->chunk, &b->delta), ERR_NONE);
    CU_ASSERT_TRUE_FATAL(b->delta.applied);
    CU_ASSERT_EQUAL_FATAL(detect_delta(b->detect, &b->delta, &asks), ERR_NONE);
    b->chunk++;
}

static void send_one(struct bench *b, const struct part *part)
{
    send(b, part, 1);
}

static struct evidence evidence_of(struct bench *b, enum scope_kind kind, const char *id)
{
    int32_t scope = scope_of(b, kind, id);
    const struct scope_name name = scopes_name(b->scopes, scope);
    const struct bank_reading reading = {
            .tier = TIER_NOTICE, .node = NODE_95, .budget = BUDGET_1E6};
    struct evidence evidence;
    detect_evidence(b->detect, scope, &name, &reading, &evidence);
    return evidence;
}

// --- start credit -----------------------------------------------------------------------------

// A campaign that declares its size begins with ln of a tenth of it; nothing else does.
static void test_start_credit(void)
{
    static const struct {
        int64_t planned_size;
        bool start_credit;
        int64_t credit;
    } rows[] = {
            {0, true, 0},
            {999, true, 0},
            {1000, true, CREDIT_100},
            {10000, true, CREDIT_1000},
            {10000, false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;
        struct detect_options options = plain_options();
        options.start_credit = rows[i].start_credit;
        bench_init(&b, &options);
        const struct part first = {
                .campaign = "c", .vendor = "v", .bad = 1, .planned_size = rows[i].planned_size};
        send_one(&b, &first);
        int64_t up = ratio_of(&b, SCOPE_VENDOR, "v"); // what the message is worth
        CU_ASSERT_EQUAL(ratio_of(&b, SCOPE_CAMPAIGN, "c"), rows[i].credit + up);
        CU_ASSERT_EQUAL(evidence_of(&b, SCOPE_CAMPAIGN, "c").start_credit_nat6, rows[i].credit);
        CU_ASSERT_EQUAL(evidence_of(&b, SCOPE_VENDOR, "v").start_credit_nat6, 0);
        // The budget pays for it, for good.
        const struct part more = {.campaign = "c", .vendor = "v", .bad = 8};
        send_one(&b, &more);
        struct bank_reading reading = detect_read(b.detect, scope_of(&b, SCOPE_CAMPAIGN, "c"),
                SCOPE_CAMPAIGN, by_2e8, TIER_QUARANTINE);
        CU_ASSERT_EQUAL(reading.tier, TIER_QUARANTINE);
        CU_ASSERT_EQUAL(reading.budget, rows[i].credit > 0 ? BUDGET_22E7 : BUDGET_2E8);
        bench_fini(&b);
    }
}

// It is spent by healthy messages, and not given twice.
static void test_start_credit_once(void)
{
    struct bench b;
    bench_init_plain(&b);
    const struct part good = {.campaign = "c", .vendor = "v", .good = 1, .planned_size = 10000};
    const struct part bad = {.campaign = "c", .vendor = "v", .bad = 1, .planned_size = 10000};
    const struct part calm = {.campaign = "c", .vendor = "v", .good = 3000, .planned_size = 10000};
    send_one(&b, &good);
    CU_ASSERT_TRUE(ratio_of(&b, SCOPE_CAMPAIGN, "c") > 0);
    CU_ASSERT_TRUE(ratio_of(&b, SCOPE_CAMPAIGN, "c") < CREDIT_1000);
    CU_ASSERT_TRUE(detect_is_quiet(b.detect, scope_of(&b, SCOPE_VENDOR, "v")));
    send_one(&b, &calm);
    CU_ASSERT_TRUE(detect_is_quiet(b.detect, scope_of(&b, SCOPE_CAMPAIGN, "c")));
    send_one(&b, &bad);
    CU_ASSERT_EQUAL(ratio_of(&b, SCOPE_CAMPAIGN, "c"), ratio_of(&b, SCOPE_VENDOR, "v"));
    CU_ASSERT_EQUAL(evidence_of(&b, SCOPE_CAMPAIGN, "c").start_credit_nat6, 0);
    CU_ASSERT_EQUAL(evidence_of(&b, SCOPE_CAMPAIGN, "c").misdirected, 1);
    bench_fini(&b);
}

// A new campaign of a vendor that is under an alert has it unasked.
static void test_credit_under_alert(void)
{
    struct bench b;
    bench_init_plain(&b);
    b.tier = TIER_NOTICE;
    const struct part one = {.campaign = "c", .vendor = "v", .good = 1};
    send_one(&b, &one);
    CU_ASSERT_EQUAL(ratio_of(&b, SCOPE_CAMPAIGN, "c"), 0);
    b.tier = TIER_ALERT;
    const struct part other = {.campaign = "d", .vendor = "v", .bad = 1};
    const struct part alone = {.campaign = "e", .bad = 1}; // of no vendor
    send_one(&b, &other);
    send_one(&b, &alone);
    CU_ASSERT_TRUE(ratio_of(&b, SCOPE_CAMPAIGN, "d") > CREDIT_1000);
    CU_ASSERT_TRUE(ratio_of(&b, SCOPE_CAMPAIGN, "e") < CREDIT_1000);
    bench_fini(&b);
}

// --- levels -----------------------------------------------------------------------------------

// A campaign that has sent a million healthy messages has learnt a lower level than one that is too
// young to learn.
static void teach(struct bench *b)
{
    const struct part young = {.campaign = "young", .vendor = "v", .good = 10};
    const struct part old = {.campaign = "old", .vendor = "v", .good = 4000};
    send_one(b, &young);
    for (unsigned i = 0; i < 250; i++) {
        b->log_time_ms += HOUR / 10;
        send_one(b, &old);
    }
}

// p0 by which the next misdirected message of a campaign goes.
static int64_t level_of(struct bench *b, const char *campaign, int64_t *ret_step)
{
    int64_t before = ratio_of(b, SCOPE_CAMPAIGN, campaign);
    const struct part bad = {.campaign = campaign, .vendor = "v", .bad = 1};
    send_one(b, &bad);
    *ret_step = ratio_of(b, SCOPE_CAMPAIGN, campaign) - before;
    return evidence_of(b, SCOPE_CAMPAIGN, campaign).baseline_millionths;
}

// In one frame, each message of two campaigns moves the vendor and the tenant by its own campaign's
// level.
static void test_each_by_its_own_level(void)
{
    struct bench b;
    bench_init_plain(&b);
    teach(&b);
    const struct part both[] = {{.campaign = "old", .vendor = "v", .bad = 1},
            {.campaign = "young", .vendor = "v", .bad = 1}};
    send(&b, both, 2);
    int64_t old_step = ratio_of(&b, SCOPE_CAMPAIGN, "old");
    int64_t young_step = ratio_of(&b, SCOPE_CAMPAIGN, "young");
    CU_ASSERT_TRUE(old_step > young_step);
    CU_ASSERT_EQUAL(ratio_of(&b, SCOPE_VENDOR, "v"), old_step + young_step);
    CU_ASSERT_EQUAL(ratio_of(&b, SCOPE_TENANT, "t"), old_step + young_step);
    const struct evidence evidence = evidence_of(&b, SCOPE_VENDOR, "v");
    CU_ASSERT_EQUAL(evidence.baseline_millionths,
            evidence_of(&b, SCOPE_CAMPAIGN, "young").baseline_millionths);
    CU_ASSERT_EQUAL(evidence.lowest_baseline_millionths,
            evidence_of(&b, SCOPE_CAMPAIGN, "old").baseline_millionths);
    CU_ASSERT_TRUE(evidence.lowest_baseline_millionths < evidence.baseline_millionths);
    bench_fini(&b);
}

// Simpson: a vendor whose clean campaign ends and whose ordinary one goes on shows ten times its
// rate, and no campaign's has changed. Moved by the vendor's own low level it would alarm.
static void test_change_of_mix(void)
{
    struct bench b;
    bench_init_plain(&b);
    teach(&b);
    int64_t step;
    int64_t low = level_of(&b, "old", &step);
    int64_t high = level_of(&b, "young", &step);
    CU_ASSERT_TRUE(low * 5 <= high * 2);
    const struct part rest = {.campaign = "old", .vendor = "v", .good = 4000};
    send_one(&b, &rest); // all is at 0 again
    struct bank by_vendor = {.credit_nat6 = 0};
    unsigned level = table_level_up(low * 1000);
    enum tier highest = TIER_NONE;
    for (unsigned i = 0; i < 400 && highest == TIER_NONE; i++) {
        const struct part usual = {.campaign = "young", .vendor = "v", .good = 139, .bad = 1};
        send_one(&b, &usual); // 0.71 %
        const struct bank_batch same = {.good = 139, .fresh = 1};
        (void)bank_step(&by_vendor, &same, level, true);
        CU_ASSERT_EQUAL(detect_read(b.detect, scope_of(&b, SCOPE_VENDOR, "v"), SCOPE_VENDOR, by_2e8,
                                TIER_STOP)
                                .tier,
                TIER_NONE);
        const struct bank_rules rules = bank_rules_of(BANK_RULES_2E8, false);
        highest = bank_read(&by_vendor, &rules, SCOPE_VENDOR, TIER_STOP).tier;
    }
    CU_ASSERT_TRUE(highest != TIER_NONE); // so it was tempted
    bench_fini(&b);
}

// Without learning the prior is everybody's for good.
static void test_without_learning(void)
{
    struct bench b;
    struct detect_options options = plain_options();
    options.learning = false;
    bench_init(&b, &options);
    teach(&b);
    int64_t old_step;
    int64_t young_step;
    CU_ASSERT_EQUAL(level_of(&b, "old", &old_step), level_of(&b, "young", &young_step));
    CU_ASSERT_EQUAL(old_step, young_step);
    bench_fini(&b);
}

// What a campaign does while its incident is open is no lesson.
static void test_incident_teaches_nothing(void)
{
    struct bench b;
    bench_init_plain(&b);
    b.tier = TIER_NOTICE;
    teach(&b);
    b.tier = TIER_NONE;
    int64_t old_step;
    int64_t young_step;
    CU_ASSERT_EQUAL(level_of(&b, "old", &old_step), level_of(&b, "young", &young_step));
    bench_fini(&b);
}

// --- evidence ---------------------------------------------------------------------------------

// Anybody can recompute the ratio from the counts (B3), at every node, credit or not.
static void test_ratio_recomputed(void)
{
    for (unsigned credited = 0; credited < 2; credited++) {
        struct bench b;
        bench_init_plain(&b);
        uint64_t random = 5;
        unsigned level = baseline_cold_level(&baseline_defaults);
        const struct step_table steps = bank_steps(level, true);
        for (unsigned i = 0; i < 200; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            const struct part part = {.campaign = "c",
                    .vendor = "v",
                    .good = (uint32_t)(random >> 33) % 7,
                    .bad = (uint32_t)(random >> 40) % 8 == 0 ? (uint32_t)(random >> 50) % 3 : 0,
                    .planned_size = credited ? 5000 : 0};
            send_one(&b, &part);
            for (unsigned node = 0; node < NODE_COUNT; node++) {
                int32_t scope = scope_of(&b, SCOPE_CAMPAIGN, "c");
                int64_t w = detect_ratio(b.detect, scope, node);
                const struct bank_reading reading = {TIER_NOTICE, node, BUDGET_1E6};
                const struct scope_name name = scopes_name(b.scopes, scope);
                struct evidence e;
                if (w == 0) {
                    continue;
                }
                detect_evidence(b.detect, scope, &name, &reading, &e);
                if (w > table_threshold(BUDGET_1E10, node)) {
                    continue; // it may have been at the cap
                }
                CU_ASSERT_EQUAL(e.log_likelihood_ratio_nat6, w);
                CU_ASSERT_EQUAL(w, e.start_credit_nat6 +
                                           (e.misdirected - e.guarded) * steps.up[node] +
                                           e.guarded * steps.up_guarded[node] -
                                           (e.judged - e.misdirected) * steps.down[node]);
            }
        }
        bench_fini(&b);
    }
}

// The change point is the first misdirected message of the batch that lifts a statistic off 0, and
// another after the statistic has been at 0.
static void test_change_point(void)
{
    struct bench b;
    bench_init_plain(&b);
    const struct part good = {.campaign = "c", .vendor = "v", .good = 500};
    const struct part bad = {.campaign = "c", .vendor = "v", .good = 1, .bad = 3};
    send_one(&b, &good);
    send_one(&b, &bad); // chunk 1
    send_one(&b, &bad);
    struct evidence evidence = evidence_of(&b, SCOPE_CAMPAIGN, "c");
    CU_ASSERT_EQUAL(evidence.change_point.offset, CHUNK_OFFSETS + 10);
    CU_ASSERT_EQUAL(evidence.change_point.partition, 7);
    CU_ASSERT_TRUE(view_is(evidence.change_point.topic, "in"));
    CU_ASSERT_EQUAL(evidence.change_point.occurred_at_ms, AT - 5);
    CU_ASSERT_EQUAL(evidence.judged, 8);
    CU_ASSERT_EQUAL(evidence.misdirected, 6);
    CU_ASSERT_EQUAL(evidence.distinct_recipients, 6);
    CU_ASSERT_EQUAL(evidence.since.watched, 8);
    CU_ASSERT_EQUAL(evidence.before.watched, 500);
    CU_ASSERT_EQUAL(evidence.tenant_judged, 8);
    send_one(&b, &good); // chunk 3
    send_one(&b, &bad);
    evidence = evidence_of(&b, SCOPE_CAMPAIGN, "c");
    CU_ASSERT_EQUAL(evidence.change_point.offset, 4 * CHUNK_OFFSETS + 10);
    CU_ASSERT_EQUAL(evidence.misdirected, 3);
    CU_ASSERT_EQUAL(evidence.distinct_recipients, 3);
    bench_fini(&b);
}

// --- pins -------------------------------------------------------------------------------------

static void forget_lists(struct bench *b)
{
    for (uint32_t i = 0; i < scopes_end(b->scopes); i++) {
        recent_drop_scope(b->recent, (int32_t)i);
    }
    recent_settle(b->recent);
}

// What is remembered for a change point's sake is given back, however an excursion ends.
static void test_pins_are_balanced(void)
{
    enum { END_BY_RESET, END_BY_DROP, END_BY_HEALTH, END_BY_SUBTRACTING, ENDS };
    for (unsigned end = 0; end < ENDS; end++) {
        struct bench b;
        bench_init_plain(&b);
        uint64_t random = 3;
        for (unsigned i = 0; i < 60; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            const struct part part = {.campaign = i % 2 == 0 ? "c" : "d",
                    .vendor = "v",
                    .good = (uint32_t)(random >> 33) % 40,
                    .bad = (uint32_t)(random >> 40) % 3,
                    .planned_size = 2000};
            send_one(&b, &part);
        }
        forget_lists(&b);
        CU_ASSERT_TRUE(recent_count(b.recent) > 0); // change points
        int32_t vendor = scope_of(&b, SCOPE_VENDOR, "v");
        int32_t tenant = scope_of(&b, SCOPE_TENANT, "t");
        if (end == END_BY_HEALTH) {
            const struct part well[] = {{.campaign = "c", .vendor = "v", .good = 100000000},
                    {.campaign = "d", .vendor = "v", .good = 100000000}};
            send(&b, well, 2);
        } else if (end == END_BY_SUBTRACTING) {
            detect_subtract(b.detect, tenant, vendor, 1, 1);
            CU_ASSERT_TRUE(detect_is_quiet(b.detect, tenant));
            detect_reset(b.detect, vendor);
        }
        for (uint32_t i = 0; i < scopes_end(b.scopes) && end < END_BY_HEALTH; i++) {
            (end == END_BY_RESET ? detect_reset : detect_drop)(b.detect, (int32_t)i);
        }
        if (end == END_BY_SUBTRACTING) {
            detect_reset(b.detect, scope_of(&b, SCOPE_CAMPAIGN, "c"));
            detect_reset(b.detect, scope_of(&b, SCOPE_CAMPAIGN, "d"));
        }
        for (uint32_t i = 0; i < scopes_end(b.scopes); i++) {
            CU_ASSERT_TRUE(detect_is_quiet(b.detect, (int32_t)i));
        }
        CU_ASSERT_EQUAL(recent_count(b.recent), 0);
        bench_fini(&b);
    }
}

// A number that is given to another scope brings nothing with it: no statistic, no credit, no
// level.
static void test_dropped(void)
{
    struct bench b;
    bench_init_plain(&b);
    teach(&b);
    const struct part bad = {
            .campaign = "credited", .vendor = "v", .bad = 2, .planned_size = 10000};
    send_one(&b, &bad);
    int64_t first_step;
    CU_ASSERT_NOT_EQUAL(level_of(&b, "young", &first_step), level_of(&b, "old", &first_step));
    const char *const names[] = {"old", "credited", "young"};
    for (unsigned i = 0; i < 3; i++) {
        int32_t scope = scope_of(&b, SCOPE_CAMPAIGN, names[i]);
        detect_drop(b.detect, scope);
        fold_drop(b.fold, scope);
        recent_drop_scope(b.recent, scope);
        CU_ASSERT_TRUE(detect_is_quiet(b.detect, scope));
    }
    // A campaign that nobody has met has its vendor's level, which the old one has taught.
    int64_t step;
    int64_t level = level_of(&b, "new", &step);
    CU_ASSERT_EQUAL(level_of(&b, "old", &step), level);
    CU_ASSERT_EQUAL(level_of(&b, "young", &step), level);
    const struct part much = {.campaign = "credited", .vendor = "v", .bad = 9};
    send_one(&b, &much);
    struct bank_reading reading = detect_read(b.detect, scope_of(&b, SCOPE_CAMPAIGN, "credited"),
            SCOPE_CAMPAIGN, by_2e8, TIER_QUARANTINE);
    CU_ASSERT_EQUAL(reading.tier, TIER_QUARANTINE);
    CU_ASSERT_EQUAL(reading.budget, BUDGET_2E8);
    bench_fini(&b);
}

// --- who is moved -----------------------------------------------------------------------------

// Streams are kept of the narrowest scope that a message names, of its vendor and its tenant.
static void test_streams(void)
{
    static const struct {
        struct part part;
        uint8_t kinds; // bits
    } rows[] = {
            {{.campaign = "c",
                     .template_ = "x",
                     .sender = "s",
                     .vendor = "v",
                     .good = 1,
                     .invalid = 3},
                    1 << SCOPE_CAMPAIGN | 1 << SCOPE_VENDOR | 1 << SCOPE_TENANT},
            {{.template_ = "x", .vendor = "v", .good = 1, .invalid = 3},
                    1 << SCOPE_TEMPLATE | 1 << SCOPE_VENDOR | 1 << SCOPE_TENANT},
            {{.vendor = "v", .good = 1, .invalid = 3}, 1 << SCOPE_VENDOR | 1 << SCOPE_TENANT},
            {{.good = 1, .invalid = 3}, 1 << SCOPE_TENANT},
    };
    static const char *const names[] = {"c", "x", "s", "v", "t"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;
        bench_init_plain(&b);
        send_one(&b, &rows[i].part);
        for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
            int32_t scope = scope_of(&b, (enum scope_kind)kind, names[kind]);
            const struct streams *streams = detect_streams(b.detect, scope);
            CU_ASSERT_EQUAL(streams != NULL, rows[i].kinds >> kind & 1);
            CU_ASSERT_TRUE(streams == NULL || streams->hits[STREAM_INVALID] == 3);
            CU_ASSERT_EQUAL(detect_ratio(b.detect, scope, NODE_95), 0); // not evidence of its own
        }
        bench_fini(&b);
    }
}

// A held scope's messages move nobody, teach nobody, and are nobody's habit.
static void test_held(void)
{
    struct bench b;
    bench_init_plain(&b);
    const struct part bad = {.campaign = "c", .vendor = "v", .good = 5, .bad = 3, .invalid = 9};
    scopes_hold(b.scopes, scope_of(&b, SCOPE_CAMPAIGN, "c"), AT + HOUR);
    send_one(&b, &bad);
    CU_ASSERT_TRUE(detect_is_quiet(b.detect, scope_of(&b, SCOPE_CAMPAIGN, "c")));
    CU_ASSERT_TRUE(detect_is_quiet(b.detect, scope_of(&b, SCOPE_VENDOR, "v")));
    CU_ASSERT_TRUE(detect_is_quiet(b.detect, scope_of(&b, SCOPE_TENANT, "t")));
    const struct part both[] = {bad, {.campaign = "d", .vendor = "v", .bad = 1}};
    send(&b, both, 2);
    CU_ASSERT_EQUAL(ratio_of(&b, SCOPE_CAMPAIGN, "c"), 0);
    CU_ASSERT_EQUAL(ratio_of(&b, SCOPE_VENDOR, "v"), ratio_of(&b, SCOPE_CAMPAIGN, "d"));
    CU_ASSERT_EQUAL(evidence_of(&b, SCOPE_VENDOR, "v").before.watched, 0);
    bench_fini(&b);
}

// What a child explains is taken off the wider scope, by its share.
static void test_subtracted(void)
{
    struct bench b;
    bench_init_plain(&b);
    const struct part both[] = {{.campaign = "c", .vendor = "v", .bad = 6, .invalid = 4},
            {.campaign = "d", .vendor = "v", .bad = 2}};
    send(&b, both, 2);
    int64_t all = ratio_of(&b, SCOPE_VENDOR, "v");
    int64_t child = ratio_of(&b, SCOPE_CAMPAIGN, "c");
    CU_ASSERT_EQUAL(all, child + ratio_of(&b, SCOPE_CAMPAIGN, "d"));
    int32_t vendor = scope_of(&b, SCOPE_VENDOR, "v");
    CU_ASSERT_PTR_NOT_NULL(detect_streams(b.detect, vendor));
    detect_subtract(b.detect, vendor, scope_of(&b, SCOPE_CAMPAIGN, "c"), 1, 2);
    CU_ASSERT_EQUAL(ratio_of(&b, SCOPE_VENDOR, "v"), all - child / 2);
    CU_ASSERT_EQUAL(evidence_of(&b, SCOPE_VENDOR, "v").misdirected, 5);
    CU_ASSERT_PTR_NULL(detect_streams(b.detect, vendor)); // nobody knows whose hits they were
    bench_fini(&b);
}

// Quiet and calm: nothing at all, and nothing much.
static void test_calm(void)
{
    struct bench b;
    bench_init_plain(&b);
    const struct part bad = {.campaign = "c", .bad = 1};
    send_one(&b, &bad);
    int32_t scope = scope_of(&b, SCOPE_CAMPAIGN, "c");
    CU_ASSERT_FALSE(detect_is_quiet(b.detect, scope));
    CU_ASSERT_TRUE(detect_is_calm(b.detect, scope, SOURCES_ALL));
    send_one(&b, &bad);
    CU_ASSERT_FALSE(
            detect_is_calm(b.detect, scope, SOURCES_ALL)); // above half of a notice's threshold
    detect_reset(b.detect, scope);
    CU_ASSERT_TRUE(detect_is_quiet(b.detect, scope));
    const struct part invalid = {.campaign = "c", .good = 1, .invalid = 3};
    send_one(&b, &invalid);
    CU_ASSERT_FALSE(detect_is_quiet(b.detect, scope));
    CU_ASSERT_FALSE(detect_is_calm(b.detect, scope, SOURCES_ALL));
    bench_fini(&b);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"start_credit", test_start_credit},
            {"start_credit_once", test_start_credit_once},
            {"credit_under_alert", test_credit_under_alert},
            {"each_by_its_own_level", test_each_by_its_own_level},
            {"change_of_mix", test_change_of_mix},
            {"without_learning", test_without_learning},
            {"incident_teaches_nothing", test_incident_teaches_nothing},
            {"ratio_recomputed", test_ratio_recomputed},
            {"change_point", test_change_point},
            {"pins_are_balanced", test_pins_are_balanced},
            {"dropped", test_dropped},
            {"streams", test_streams},
            {"held", test_held},
            {"subtracted", test_subtracted},
            {"calm", test_calm},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "detect", tests);
}
