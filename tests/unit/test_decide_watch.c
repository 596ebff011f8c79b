// decide: whether holds may be told: the cap, its line, and what is suspended with the cache.
#include "decide/decide.h"

#include <string.h>

#include "decide/hold_cap.h"
#include "decide_bench.h"
#include "unit.h"

enum { WINDOW = HOLD_CAP_WINDOW_MS };

static const struct frame_totals all_wrong = {.judged = 1000,
        .tenants_heard = 10,
        .tenants_jumped = 10,
        .vendors_heard = 2,
        .vendors_jumped = 2,
        .lately_misdirected = 64};
static const struct frame_totals all_well = {.judged = 1000, .tenants_heard = 10};

// A campaign of a vendor of its own comes to quarantine.
static void quarantine(struct decide_bench *b, const char *campaign)
{
    const struct path path = {.campaign = campaign, .vendor = campaign};
    uint64_t first = b->serial;
    for (unsigned i = 0; i < 4; i++) {
        decide_bench_meet(b, &path, REASON_NO_RECORD);
    }
    struct evidence evidence = decide_bench_evidence(4);
    evidence.start_serial = first;
    b->sequence++;
    decide_bench_raise(b, &path, SCOPE_CAMPAIGN, TIER_QUARANTINE, &evidence);
}

// A frame, of campaign "other".
static void watch_cache(struct decide_bench *b, enum cache_state cache,
        const struct frame_totals *totals, int32_t partition)
{
    static const struct path other = {.campaign = "other"};
    const struct decision_taker taker = decide_bench_taker(b);
    b->sequence++;
    decide_bench_delta(b, &other, 1, false);
    b->delta.tally_partition = partition;
    b->frame.cache = cache;
    if (totals != NULL) {
        b->frame.has_totals = true;
        b->frame.totals = *totals;
    }
    CU_ASSERT_EQUAL_FATAL(decide_watch(b->decide, &b->delta, &taker), ERR_NONE);
}

static void watch(struct decide_bench *b, const struct frame_totals *totals, int32_t partition)
{
    watch_cache(b, CACHE_TRUSTED, totals, partition);
}

static bool is_held(struct decide_bench *b, const char *campaign)
{
    return scopes_is_held(
            b->scopes, decide_bench_scope(b, SCOPE_CAMPAIGN, campaign), b->log_time_ms);
}

static const struct alert_action *last_alert(const struct decide_bench *b)
{
    CU_ASSERT_TRUE_FATAL(b->taken_count > 0 && !b->taken[b->taken_count - 1].is_command);
    return &b->taken[b->taken_count - 1].alert;
}

// The room of ten minutes, and the line before it.
static void test_cap(void)
{
    static struct hold_cap cap;
    memset(&cap, 0, sizeof cap);
    cap.cap = 2;
    CU_ASSERT_TRUE(hold_cap_has_room(&cap, 1000));
    hold_cap_note(&cap, 1000);
    hold_cap_note(&cap, 2000);
    CU_ASSERT_FALSE(hold_cap_has_room(&cap, 2000));
    CU_ASSERT_TRUE(hold_cap_wait(&cap, 7, 3));
    CU_ASSERT_TRUE(hold_cap_wait(&cap, 5, 3));
    CU_ASSERT_TRUE(hold_cap_wait(&cap, 7, 3)); // once
    CU_ASSERT_EQUAL(hold_cap_next(&cap, 999 + WINDOW).scope, SCOPE_NONE);
    CU_ASSERT_FALSE(hold_cap_has_room(&cap, 1000 + WINDOW)); // it is theirs who wait
    CU_ASSERT_EQUAL(hold_cap_next(&cap, 1000 + WINDOW).scope, 7);
    hold_cap_note(&cap, 1000 + WINDOW);
    CU_ASSERT_EQUAL(hold_cap_next(&cap, 1999 + WINDOW).scope, SCOPE_NONE);
    CU_ASSERT_EQUAL(hold_cap_next(&cap, 2000 + WINDOW).scope, 5);
    CU_ASSERT_EQUAL(hold_cap_next(&cap, 2000 + WINDOW).scope, SCOPE_NONE);
    CU_ASSERT_TRUE(hold_cap_has_room(&cap, 2000 + WINDOW));
    for (int32_t i = 0; i < HOLD_WAITING_MAX; i++) {
        CU_ASSERT_TRUE(hold_cap_wait(&cap, i, 3));
    }
    CU_ASSERT_FALSE(hold_cap_wait(&cap, HOLD_WAITING_MAX, 3));
    hold_cap_forget(&cap);
    CU_ASSERT_TRUE(hold_cap_has_room(&cap, 2000 + WINDOW));
}

// Saved and restored, also under a smaller cap: then the newest holds count.
static void test_cap_archive(void)
{
    static struct hold_cap cap;
    static struct hold_cap again;
    memset(&cap, 0, sizeof cap);
    cap.cap = 3;
    for (int64_t at_ms = 1000; at_ms <= 3000; at_ms += 1000) {
        hold_cap_note(&cap, at_ms);
    }
    CU_ASSERT_TRUE(hold_cap_wait(&cap, 4, 3));
    CU_ASSERT_TRUE(hold_cap_wait(&cap, 2, 3));
    cap.is_told = true;
    struct strbuf saved;
    strbuf_init(&saved, 4096);
    struct archive out = archive_writer(&saved);
    hold_cap_archive(&out, &cap, 5);
    CU_ASSERT_EQUAL_FATAL(archive_end(&out), ERR_NONE);
    memset(&again, 0, sizeof again);
    again.cap = 2;
    struct archive in = archive_reader(strbuf_view(&saved));
    hold_cap_archive(&in, &again, 5);
    CU_ASSERT_EQUAL(archive_end(&in), ERR_NONE);
    CU_ASSERT_TRUE(again.is_told);
    CU_ASSERT_EQUAL(hold_cap_next(&again, 1999 + WINDOW).scope, SCOPE_NONE);
    const struct hold_waiting next = hold_cap_next(&again, 2000 + WINDOW);
    CU_ASSERT_EQUAL(next.scope, 4);
    CU_ASSERT_EQUAL(next.channel, 3);
    CU_ASSERT_EQUAL(hold_cap_next(&again, 2000 + WINDOW).scope, 2);
    struct archive few = archive_reader(strbuf_view(&saved));
    hold_cap_archive(&few, &again, 4); // there is no scope 4
    CU_ASSERT_NOT_EQUAL(archive_end(&few), ERR_NONE);
    strbuf_fini(&saved);
}

// What is above the cap is told, says why, and is held when its turn comes, in order.
static void test_line(void)
{
    struct decide_bench b;
    decide_bench_init_capped(&b, 10, 1);
    quarantine(&b, "a");
    CU_ASSERT_TRUE(is_held(&b, "a"));
    CU_ASSERT_PTR_NULL(b.taken[0].alert.evidence.withheld);
    quarantine(&b, "b");
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 3);
    CU_ASSERT_EQUAL(last_alert(&b)->tier, TIER_QUARANTINE);
    CU_ASSERT_STRING_EQUAL(last_alert(&b)->evidence.withheld, "hold_cap");
    quarantine(&b, "c");
    CU_ASSERT_EQUAL(b.taken_count, 4);
    b.log_time_ms += WINDOW - 1;
    watch(&b, NULL, 0);
    CU_ASSERT_EQUAL(b.taken_count, 4);
    b.log_time_ms += 1;
    watch(&b, NULL, 0);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 5);
    const struct command_action *hold = &b.taken[4].command;
    CU_ASSERT_TRUE(b.taken[4].is_command && hold->kind == COMMAND_HOLD);
    CU_ASSERT_TRUE(view_is(hold->scope.id, "b"));
    CU_ASSERT_EQUAL(hold->tier, TIER_QUARANTINE);
    CU_ASSERT_EQUAL(hold->sequence, b.delta.sequence); // greater than any before
    CU_ASSERT_EQUAL(hold->issued_at_ms, b.log_time_ms);
    CU_ASSERT_EQUAL(
            memcmp(&hold->incident_id, &b.taken[2].alert.incident_id, sizeof hold->incident_id), 0);
    CU_ASSERT_TRUE(is_held(&b, "b") && !is_held(&b, "c"));
    b.log_time_ms += WINDOW;
    watch(&b, NULL, 0);
    CU_ASSERT_TRUE(is_held(&b, "c"));
    decide_bench_fini(&b);
}

// While many tenants are wrong at once nothing is held, nor what waited; one alert says so, of tally
// partition 0; afterwards nothing that was seen speaks against those that are not held.
static void test_suspended(void)
{
    for (int32_t partition = 0; partition < 2; partition++) {
        struct decide_bench b;
        decide_bench_init_capped(&b, 10, 1);
        quarantine(&b, "a");
        quarantine(&b, "b"); // waits
        unsigned before = b.taken_count;
        unsigned told = partition == 0;
        watch(&b, &all_wrong, partition);
        CU_ASSERT_TRUE(decide_is_suspended(b.decide));
        CU_ASSERT_EQUAL_FATAL(b.taken_count, before + told);
        struct digest_id id = {{0}};
        if (told) {
            CU_ASSERT_EQUAL(last_alert(&b)->kind, ALERT_CACHE_SUSPECT);
            CU_ASSERT_TRUE(view_is(last_alert(&b)->causes[0].name, "cache_or_feed"));
            CU_ASSERT_EQUAL(last_alert(&b)->causes[0].numbers[0].count, 10);
            id = last_alert(&b)->incident_id;
        }
        watch(&b, &all_wrong, partition);
        CU_ASSERT_EQUAL(b.taken_count, before + told); // once
        CU_ASSERT_EQUAL(decide_bench_tier(&b, SCOPE_CAMPAIGN, "a"), TIER_QUARANTINE);
        CU_ASSERT_EQUAL(decide_bench_tier(&b, SCOPE_CAMPAIGN, "b"), TIER_ALERT);
        const struct evidence evidence = decide_bench_evidence(4);
        CU_ASSERT_EQUAL(decide_bench_admit(&b, decide_bench_row(&b, SCOPE_CAMPAIGN), TIER_STOP,
                                false, &evidence),
                TIER_ALERT);
        b.log_time_ms += WINDOW; // the waiting one would have its turn
        watch(&b, &all_well, partition);
        CU_ASSERT_TRUE(decide_is_suspended(b.decide));
        CU_ASSERT_EQUAL(b.closed_count, 0);
        b.log_time_ms += 2000;
        watch(&b, &all_well, partition);
        CU_ASSERT_FALSE(decide_is_suspended(b.decide));
        CU_ASSERT_FALSE(is_held(&b, "b"));
        CU_ASSERT_EQUAL_FATAL(b.taken_count, before + 2 * told);
        if (told) {
            CU_ASSERT_EQUAL(last_alert(&b)->kind, ALERT_CACHE_RECOVERED);
            CU_ASSERT_EQUAL(memcmp(&last_alert(&b)->incident_id, &id, sizeof id), 0);
        }
        bool is_begun = false;
        for (unsigned i = 0; i < b.closed_count; i++) {
            CU_ASSERT_NOT_EQUAL(b.closed[i], decide_bench_scope(&b, SCOPE_CAMPAIGN, "a")); // held
            is_begun = is_begun || b.closed[i] == decide_bench_scope(&b, SCOPE_CAMPAIGN, "b");
        }
        CU_ASSERT_TRUE(is_begun);
        quarantine(&b, "b"); // decided anew
        CU_ASSERT_TRUE(is_held(&b, "b"));
        decide_bench_fini(&b);
    }
}

// A cache that is not trusted is told, and suspends nothing.
static void test_untrusted(void)
{
    struct decide_bench b;
    decide_bench_init_capped(&b, 10, 20);
    watch_cache(&b, CACHE_STALE, NULL, 0);
    b.log_time_ms += 1000;
    watch_cache(&b, CACHE_STALE, NULL, 0);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 1);
    CU_ASSERT_EQUAL(last_alert(&b)->kind, ALERT_CACHE_SUSPECT);
    CU_ASSERT_TRUE(view_is(last_alert(&b)->causes[0].name, "cache_stale"));
    CU_ASSERT_FALSE(decide_is_suspended(b.decide));
    quarantine(&b, "a");
    CU_ASSERT_TRUE(is_held(&b, "a"));
    decide_bench_fini(&b);
}

static const struct unit_test tests[] = {
        {"cap", test_cap},
        {"cap_archive", test_cap_archive},
        {"line", test_line},
        {"suspended", test_suspended},
        {"untrusted", test_untrusted},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "decide_watch", tests);
}
