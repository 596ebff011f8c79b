// policy.frequency: windows and their ends, packs, what is counted together, what follows from being over a
// limit, and what cannot be read.
#include "policy/frequency.h"

#include <stdio.h>
#include <stdlib.h>

#include "attempts/memory_attempts.h"
#include "config_text.h"
#include "enrich/enrich_attempts.h"
#include "judge/standing.h"
#include "unit.h"

enum { TEXT_MAX = 64 * 1024, ARENA_BYTES = 1 << 20 };

static int64_t time_of(const char *text)
{
    int64_t ms = 0;
    CU_ASSERT_EQUAL(clock_parse_rfc3339(view_of(text), &ms), CLOCK_OK);
    return ms;
}

static void test_windows(void)
{
    static const struct {
        unsigned row;
        const char *at;
        const char *from;
        const char *until;
    } rows[] = {
            {0, "2026-11-20T15:59:59.999Z", "2026-11-19T16:00:00Z", "2026-11-20T16:00:00Z"},
            {0, "2026-11-20T16:00:00Z", "2026-11-20T16:00:00Z", "2026-11-21T16:00:00Z"},
            // days of 23 and 25 hours
            {1, "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"},
            {1, "2026-03-08T05:30:00Z", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"},
            {1, "2026-11-01T12:00:00Z", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
            // a day that begins at one: clocks skip midnight
            {2, "2026-09-06T15:00:00Z", "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"},
            {3, "2026-11-20T12:00:00Z", "2026-11-13T12:00:00.001Z", "2026-11-27T12:00:00Z"},
    };
    struct config *config =
            config_text_good("policy:\n  frequency:\n"
                             "    - {limit: 3, window: day, zone: Asia/Shanghai}\n"
                             "    - {limit: 3, window: day, zone: America/New_York}\n"
                             "    - {limit: 3, window: day, zone: America/Santiago}\n"
                             "    - {limit: 3, window: 7d}\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t from_ms;
        int64_t until_ms;
        frequency_window(&config->policy.frequency.limits[rows[i].row], time_of(rows[i].at),
                &from_ms, &until_ms);
        bool right = from_ms == time_of(rows[i].from) && until_ms == time_of(rows[i].until);
        CU_ASSERT_TRUE(right);
        if (!right) {
            fprintf(stderr, "row %zu: %lld to %lld\n", i, (long long)from_ms, (long long)until_ms);
        }
    }
    config_destroy(config);
}

// --- what is counted together -----------------------------------------------------------------

struct bench {
    struct config *config;
    struct keyring *ring;
    struct attempt_counter counter;
    struct attempt_counts counts;
    struct arena *arena;
    int64_t now_ms;
};

static void set_up(struct bench *bench, const char *yaml)
{
    *bench = (struct bench){.config = config_text_good(yaml),
            .arena = arena_create(ARENA_BYTES),
            .now_ms = time_of("2026-11-20T16:00:00Z")};
    CU_ASSERT_EQUAL_FATAL(keyring_create_demo(&bench->ring), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(memory_attempts_create(&bench->counter, 1000), ERR_NONE);
}

static void tear_down(struct bench *bench)
{
    bench->counter.ops->destroy(bench->counter.self);
    keyring_destroy(bench->ring);
    arena_destroy(bench->arena);
    config_destroy(bench->config);
}

// Counts a message and judges it, as the line does.
static struct judgement judge(
        struct bench *bench, const struct event *ev, struct facts *facts, struct standing *standing)
{
    struct recipient recipient = {.kind = RECIPIENT_PHONE, .canonical = ev->recipient};
    struct pseudonym pseudonym = keyring_pseudonym(keyring_current(bench->ring), recipient);
    const struct attempt_asker asker = {bench->counter, keyring_current(bench->ring),
            &bench->config->policy, &bench->counts, bench->now_ms};
    *facts = (struct facts){.lookup = LOOKUP_MISS};
    const struct attempt_of of = {ev, &recipient, &pseudonym, facts};
    CU_ASSERT_EQUAL_FATAL(enrich_attempts(&asker, &of, 1, clock_mono(), bench->arena), ERR_NONE);
    struct judgement judgement = judge_message(ev, RECIPIENT_PHONE, facts, &bench->config->policy);
    *standing = judge_stand(ev, pseudonym.bytes, &bench->config->policy, NULL, &judgement);
    return judgement;
}

static void test_counted_together(void)
{
    static const struct {
        const char *id;
        int64_t ms; // behind noon
        const char *to;
        const char *tenant;
        const char *vendor;
        const char *loan;
        const char *channel;
        const char *purpose;
        uint32_t positions[4]; // by tenant, vendor, all, and loan; 0 = not counted
    } rows[] = {
            {"1", 0, "+8613800000001", "a", "v", "L1", "voice", NULL, {1, 1, 1, 1}},
            {"2", 1, "+8613800000001", "a", "w", "L1", "voice", NULL, {2, 1, 2, 2}},
            {"3", 2, "+8613800000001", "b", "v", "L1", "voice", NULL, {1, 1, 3, 1}},
            {"4", 3, "+8613800000001", "a", "v", "L2", "voice", NULL, {3, 2, 4, 1}},
            {"5", 4, "+8613800000002", "a", "v", "L1", "voice", NULL, {1, 1, 1, 1}},
            {"6", 5, "+8613800000001", "a", "v", NULL, "voice", NULL, {4, 3, 5, 1}},
            {"7", 6, "+8613800000001", "a", NULL, NULL, "voice", NULL, {5, 1, 6, 2}},
            {"1", 0, "+8613800000001", "a", "v", "L1", "voice", NULL, {1, 1, 1, 1}},
            {"1", 8, "+8613800000001", "b", "v", "L1", "voice", NULL, {2, 2, 7, 2}},
            {"8", 9, "+8613800000001", "a", "v", "L1", "sms", NULL, {0, 0, 0, 0}},
            {"9", 10, "+8613800000001", "a", "v", "L1", "voice", "otp", {0, 0, 0, 0}},
            {"10", 11, "+8613800000001", "wn-drill", "v", "L1", "voice", NULL, {0, 0, 0, 0}},
    };
    struct bench bench;
    set_up(&bench, "policy:\n  frequency:\n"
                   "    - {match: {channel: voice}, limit: 3, window: 1d}\n"
                   "    - {match: {channel: voice}, limit: 3, window: 1d, across: vendor}\n"
                   "    - {match: {channel: voice}, limit: 3, window: 1d, across: all}\n"
                   "    - {match: {channel: voice}, limit: 3, window: 1d, per: loan}\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct event ev = {.message_id = view_of(rows[i].id),
                .recipient = view_of(rows[i].to),
                .occurred_at = {time_of("2026-11-20T12:00:00Z") + rows[i].ms},
                .tenant_id = view_of(rows[i].tenant),
                .vendor_id = view_of(rows[i].vendor),
                .loan_id = view_of(rows[i].loan),
                .channel = view_of(rows[i].channel),
                .purpose = view_of(rows[i].purpose)};
        struct facts facts;
        struct standing standing;
        (void)judge(&bench, &ev, &facts, &standing);
        for (uint16_t k = 0; k < 4; k++) {
            uint32_t got = k < facts.attempt_count ? facts.attempts[k].position : 0;
            if (got != rows[i].positions[k]) {
                CU_FAIL("position");
                fprintf(stderr, "message %s, limit %u: %u\n", rows[i].id, k, got);
            }
        }
    }
    CU_ASSERT_EQUAL(bench.counts.counted, 36);
    tear_down(&bench);
}

// Time goes by what it is when a message is judged: one of far in the future removes nothing of what was
// counted, and one of far in the past, judged now, is counted as ever.
static void test_far_times(void)
{
    static const struct {
        const char *id;
        const char *at;
        const char *now; // NULL = not known yet
        uint32_t position;
    } rows[] = {
            {"1", "2026-11-20T12:00:00Z", "2026-11-20T12:00:01Z", 1},
            {"2", "2099-11-20T12:00:00Z", "2026-11-20T12:00:02Z", 1},
            {"3", "2026-11-20T12:00:03Z", "2026-11-20T12:00:03Z", 2},
            {"4", "2026-11-20T12:00:04Z", NULL, 3},
            {"5", "2001-01-01T00:00:00Z", "2026-11-20T12:00:04Z", 1},
            {"6", "2001-01-01T00:00:01Z", "2026-11-20T12:00:05Z", 2},
    };
    struct bench bench;
    set_up(&bench, "policy: {frequency: [{limit: 3, window: 1d}]}\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct event ev = {.message_id = view_of(rows[i].id),
                .recipient = VIEW("+8613800000001"),
                .occurred_at = {time_of(rows[i].at)},
                .tenant_id = VIEW("a")};
        struct facts facts;
        struct standing standing;
        bench.now_ms = rows[i].now == NULL ? 0 : time_of(rows[i].now);
        (void)judge(&bench, &ev, &facts, &standing);
        CU_ASSERT_EQUAL_FATAL(facts.attempt_count, 1);
        if (facts.attempts[0].position != rows[i].position) {
            CU_FAIL("position");
            fprintf(stderr, "message %s: %u\n", rows[i].id, facts.attempts[0].position);
        }
    }
    tear_down(&bench);
}

// --- what follows -----------------------------------------------------------------------------

static void test_standing(void)
{
    struct bench bench;
    set_up(&bench, "policy:\n  purposes: {collection: [no_record], reminder: []}\n  frequency:\n"
                   "    - {match: {purpose: reminder, tenant: t}, limit: 1, window: 2h}\n"
                   "    - {match: {purpose: reminder, tenant: u}, limit: 1, window: day,"
                   " zone: Asia/Shanghai, mode: enforce}\n"
                   "    - {match: {purpose: collection}, limit: 1, window: 1d, mode: enforce}\n"
                   "  hours: [{match: {purpose: reminder, tenant: u}, allowed: '08:00-21:00',"
                   " zone: Asia/Shanghai, mode: enforce}]\n");
    struct event ev = {.message_id = VIEW("1"),
            .recipient = VIEW("+8613800000001"),
            .occurred_at = {time_of("2026-11-20T12:00:00Z")},
            .tenant_id = VIEW("t"),
            .purpose = VIEW("reminder")};
    struct facts facts;
    struct standing standing;
    struct judgement judgement = judge(&bench, &ev, &facts, &standing);
    CU_ASSERT_EQUAL(judgement.reasons, REASON_BIT(REASON_NO_RECORD));
    ev.message_id = VIEW("2");
    judgement = judge(&bench, &ev, &facts, &standing); // told
    CU_ASSERT_EQUAL(judgement.reasons, REASON_BIT(REASON_NO_RECORD) | REASON_BIT(REASON_TOO_OFTEN));
    CU_ASSERT_EQUAL(judgement.verdict, VERDICT_CLEAR);
    CU_ASSERT_FALSE(standing.is_held);
    ev.tenant_id = VIEW("u");
    judgement = judge(&bench, &ev, &facts, &standing);
    CU_ASSERT_FALSE(standing.is_held);
    ev.message_id = VIEW("3");
    judgement = judge(&bench, &ev, &facts, &standing); // not until midnight: until the morning
    CU_ASSERT_TRUE(standing.is_held);
    CU_ASSERT_EQUAL(standing.until_ms, time_of("2026-11-21T00:00:00Z"));
    ev.message_id = VIEW("4");
    ev.occurred_at.ms =
            time_of("2026-11-20T14:00:00Z"); // out of hours as well: until the later end
    judgement = judge(&bench, &ev, &facts, &standing);
    CU_ASSERT_TRUE(standing.is_held);
    CU_ASSERT_EQUAL(standing.until_ms, time_of("2026-11-21T00:00:00Z"));
    ev.message_id = VIEW("5");
    ev.purpose = VIEW("collection"); // misdirected: held as long as ever, whatever else
    judgement = judge(&bench, &ev, &facts, &standing);
    ev.message_id = VIEW("6");
    judgement = judge(&bench, &ev, &facts, &standing);
    CU_ASSERT_EQUAL(judgement.verdict, VERDICT_MISDIRECTED);
    CU_ASSERT_TRUE((judgement.reasons & REASON_BIT(REASON_TOO_OFTEN)) != 0);
    CU_ASSERT_TRUE(standing.is_held);
    CU_ASSERT_EQUAL(standing.until_ms, 0);
    tear_down(&bench);
}

static void count_nothing(
        void *self, struct attempt *attempts, size_t count, struct mono_time deadline)
{
    (void)deadline;
    *(size_t *)self += count;
    for (size_t i = 0; i < count; i++) {
        attempts[i].state = ATTEMPT_UNKNOWN;
        attempts[i].position = 100;
    }
}

// Where nobody can tell, nothing is said and nobody held; where there are no limits, nobody is asked.
static void test_unknown(void)
{
    static const struct attempt_counter_ops ops = {count_nothing, NULL};
    size_t asked = 0;
    struct bench bench;
    set_up(&bench, "policy: {frequency: [{limit: 1, window: 1h, mode: enforce}]}\n");
    struct attempt_counter memory = bench.counter;
    bench.counter = (struct attempt_counter){&ops, &asked};
    const struct event ev = {.message_id = VIEW("1"),
            .recipient = VIEW("+8613800000001"),
            .occurred_at = {time_of("2026-11-20T12:00:00Z")}};
    struct facts facts;
    struct standing standing;
    struct judgement judgement = judge(&bench, &ev, &facts, &standing);
    CU_ASSERT_EQUAL(judgement.reasons, REASON_BIT(REASON_NO_RECORD));
    CU_ASSERT_EQUAL(standing.until_ms, 0);
    CU_ASSERT_EQUAL(bench.counts.unknown, 1);
    CU_ASSERT_EQUAL(asked, 1);
    frequency_clear(&bench.config->policy.frequency);
    (void)judge(&bench, &ev, &facts, &standing);
    CU_ASSERT_EQUAL(asked, 1);
    bench.counter = memory;
    tear_down(&bench);
}

// --- the configuration --------------------------------------------------------------------------

static void test_findings(void)
{
    static const struct {
        const char *yaml;
        const char *finding; // behind the file's name
    } rows[] = {
            {"policy: {frequency: [{window: 7d}]}\n",
                    ":1:22: policy.frequency[0]: expected limit, got none\n"},
            {"policy: {frequency: [{limit: 3}]}\n",
                    ":1:22: policy.frequency[0]: expected window, got none\n"},
            {"policy: {frequency: [{limit: 3, window: day}]}\n",
                    ":1:22: policy.frequency[0]: expected zone, since a day is one of its clocks; "
                    "got none\n"},
            {"policy: {frequency: [{limit: 3, window: 32d}]}\n",
                    ":1:41: policy.frequency[0].window: expected day, or a duration from 1h to "
                    "31d, "
                    "got '32d'\n"},
            {"policy: {frequency: [{limit: 501, window: 7d}]}\n",
                    ":1:30: policy.frequency[0].limit: expected a whole number from 1 to 500, got "
                    "'501'\n"},
            {"policy: {frequency: [{limit: 3, window: day, zone: Asia/Shangai}]}\n",
                    ":1:52: policy.frequency[0]: zone: zone Asia/Shangai: there is none of this "
                    "name\n"},
            {"policy: {frequency: [{limit: 3, window: 7d, per: person}]}\n",
                    ":1:50: policy.frequency[0].per: expected number or loan, got 'person'\n"},
            {"policy: {frequency_packs: [prc, china]}\n",
                    ":1:33: policy.frequency_packs[1]: expected prc or reg_f, got 'china'\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        config_text_refused(rows[i].yaml, rows[i].finding);
    }
}

static void test_packs(void)
{
    struct config *config = config_text_good("policy: {frequency_packs: [reg_f, prc],"
                                             " frequency: [{limit: 1, window: 1h}]}\n");
    const struct frequency *frequency = &config->policy.frequency;
    CU_ASSERT_EQUAL_FATAL(frequency->count, 3);
    const struct frequency_limit *prc = &frequency->limits[1];
    const struct frequency_limit *reg_f = &frequency->limits[2];
    CU_ASSERT_TRUE(prc->limit == 6 && prc->window_ms == 0 && prc->per == PER_NUMBER);
    unit_check_text("zone", prc->clock->name, "Asia/Shanghai");
    CU_ASSERT_TRUE(reg_f->limit == 7 && reg_f->window_ms == INT64_C(7) * 24 * 3600 * 1000);
    CU_ASSERT_TRUE(reg_f->per == PER_LOAN && reg_f->across == ACROSS_TENANT);
    CU_ASSERT_TRUE(prc->mode == MODE_MONITOR && reg_f->mode == MODE_MONITOR);
    config_destroy(config);
}

// What is counted keeps its name while only the limit, the mode or the reason changes.
static void test_print_and_version(void)
{
    static const struct {
        const char *yaml;
        bool counts_the_same; // as the first
    } rows[] = {
            {"policy: {frequency: [{limit: 3, window: 7d}]}\n", true},
            {"policy: {frequency: [{limit: 4, window: 7d}]}\n", true},
            {"policy: {frequency: [{limit: 3, window: 7d, mode: enforce}]}\n", true},
            {"policy: {frequency: [{limit: 3, window: 7d, reason: r}]}\n", true},
            {"policy: {frequency: [{limit: 3, window: 6d}]}\n", false},
            {"policy: {frequency: [{limit: 3, window: 7d, per: loan}]}\n", false},
            {"policy: {frequency: [{limit: 3, window: 7d, across: all}]}\n", false},
            {"policy: {frequency: [{match: {channel: voice}, limit: 3, window: 7d}]}\n", false},
            {"policy: {frequency: [{limit: 3, window: day, zone: Asia/Shanghai}]}\n", false},
            {"policy: {frequency: [{limit: 3, window: day, zone: UTC}]}\n", false},
            {"policy: {frequency_packs: [prc]}\n", false},
            {"policy: {frequency_packs: [prc, reg_f]}\n", false},
    };
    enum { COUNT = sizeof rows / sizeof *rows };
    char versions[COUNT][POLICY_VERSION_HEX + 1];
    uint8_t first[FREQUENCY_ID_BYTES] = {0};
    for (size_t i = 0; i < COUNT; i++) {
        struct config *config = config_text_good(rows[i].yaml);
        memcpy(versions[i], config->policy.version, sizeof versions[i]);
        const uint8_t *id = config->policy.frequency.limits[0].id;
        if (i == 0) {
            memcpy(first, id, sizeof first);
        }
        CU_ASSERT_EQUAL(memcmp(id, first, sizeof first) == 0, rows[i].counts_the_same);
        struct strbuf printed;
        strbuf_init(&printed, TEXT_MAX);
        config_print(&printed, config);
        struct config *back = config_text_good(strbuf_view(&printed).p);
        unit_check_text("version", back->policy.version, versions[i]);
        for (size_t j = 0; j < i; j++) {
            CU_ASSERT_STRING_NOT_EQUAL(versions[i], versions[j]);
        }
        strbuf_fini(&printed);
        config_destroy(config);
        config_destroy(back);
    }
}

static void test_ceiling(void)
{
    struct strbuf yaml;
    struct strbuf findings;
    strbuf_init(&yaml, TEXT_MAX);
    strbuf_init(&findings, TEXT_MAX);
    strbuf_add_text(&yaml, "policy:\n  frequency_packs: [prc]\n  frequency:\n");
    for (int i = 0; i < FREQUENCY_MAX; i++) {
        strbuf_printf(&yaml, "    - {limit: %d, window: 1h}\n", i + 1);
    }
    CU_ASSERT_PTR_NULL(config_text_load(yaml.p, &findings));
    CU_ASSERT_PTR_NOT_NULL(strstr(findings.p, "policy.frequency_packs: expected fewer limits"));
    strbuf_add_text(&yaml, "    - {limit: 1, window: 1h}\n");
    CU_ASSERT_PTR_NULL(config_text_load(yaml.p, &findings));
    CU_ASSERT_PTR_NOT_NULL(strstr(findings.p, "policy.frequency[16]: expected at most 16 limits"));
    strbuf_fini(&yaml);
    strbuf_fini(&findings);
}

static const struct unit_test tests[] = {
        {"windows", test_windows},
        {"counted_together", test_counted_together},
        {"far_times", test_far_times},
        {"standing", test_standing},
        {"unknown", test_unknown},
        {"findings", test_findings},
        {"packs", test_packs},
        {"print_and_version", test_print_and_version},
        {"ceiling", test_ceiling},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "frequency", tests);
}
