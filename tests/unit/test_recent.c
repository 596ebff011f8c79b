// The misdirected messages that are remembered: window, lists, pins, the pool's ceiling, and all of
// it at random against lists kept the simplest way. R1–R5 are those of state/recent.h.
#include "state/recent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "unit.h"

enum { VENDOR = 1000, OTHER_VENDOR = 1001 };

static struct recent *create(uint32_t max_entries)
{
    struct recent *recent = NULL;
    const struct recent_options options = {.max_entries = max_entries};
    CU_ASSERT_EQUAL_FATAL(recent_create(&recent, &options), ERR_NONE);
    return recent;
}

static void link_to(struct recent *recent, uint32_t entry, int32_t scope, enum scope_kind kind)
{
    CU_ASSERT_EQUAL_FATAL(recent_link(recent, entry, scope, kind), ERR_NONE);
}

static uint32_t enter(struct recent *recent, uint64_t tag, uint64_t serial, int64_t log_time_ms)
{
    const struct recent_message message = {
            .tag = tag, .serial = serial, .log_time_ms = log_time_ms};
    uint32_t entry = UINT32_MAX;
    CU_ASSERT_EQUAL_FATAL(recent_enter(recent, &message, &entry), ERR_NONE);
    return entry;
}

// One message of a campaign, which may be none, and of a vendor.
static uint32_t add(struct recent *recent, int32_t vendor, int32_t campaign, uint64_t serial,
        int64_t log_time_ms)
{
    uint32_t entry = enter(recent, serial, serial, log_time_ms);
    link_to(recent, entry, vendor, SCOPE_VENDOR);
    if (campaign != SCOPE_NONE) {
        link_to(recent, entry, campaign, SCOPE_CAMPAIGN);
    }
    return entry;
}

static uint32_t remembered(const struct recent *recent, int32_t scope)
{
    struct recent_entry entries[RECENT_MAX];
    return recent_since(recent, scope, 0, entries);
}

static void test_window(void)
{
    struct recent *recent = create(100);
    CU_ASSERT_FALSE(recent_has(recent, VENDOR, 77, 1000));
    add(recent, VENDOR, SCOPE_NONE, 77, 1000);
    CU_ASSERT_TRUE(recent_has(recent, VENDOR, 77, 1000));
    CU_ASSERT_FALSE(recent_has(recent, VENDOR, 78, 1000));
    CU_ASSERT_FALSE(recent_has(recent, VENDOR - 1, 77, 1000));
    CU_ASSERT_FALSE(recent_has(recent, VENDOR + 1, 77, 1000));
    CU_ASSERT_TRUE(recent_has(recent, VENDOR, 77, 1000 + RECENT_WINDOW_MS - 1));
    CU_ASSERT_EQUAL(remembered(recent, VENDOR), 1);
    CU_ASSERT_FALSE(recent_has(recent, OTHER_VENDOR, 77, 1000 + RECENT_WINDOW_MS));
    CU_ASSERT_EQUAL(remembered(recent, VENDOR), 0); // not cut off yet, and not told either
    CU_ASSERT_FALSE(recent_has(recent, VENDOR, 77, 1000));
    recent_destroy(recent);
}

// Sixty-four and no more; the oldest makes room.
static void test_list(void)
{
    struct recent *recent = create(100);
    struct recent_entry got[RECENT_MAX];
    for (uint64_t i = 0; i < 200; i++) {
        add(recent, VENDOR, SCOPE_NONE, i, (int64_t)i);
        recent_settle(recent);
        uint64_t kept = i + 1 < RECENT_MAX ? i + 1 : RECENT_MAX;
        CU_ASSERT_EQUAL(recent_count(recent), kept); // R3
        CU_ASSERT_EQUAL(recent_since(recent, VENDOR, 0, got), kept);
        CU_ASSERT_EQUAL(got[0].serial, i + 1 - kept);
        CU_ASSERT_EQUAL(got[kept - 1].serial, i);
        CU_ASSERT_TRUE(recent_has(recent, VENDOR, i + 1 - kept, (int64_t)i));
        if (i >= RECENT_MAX) {
            CU_ASSERT_FALSE(recent_has(recent, VENDOR, i - RECENT_MAX, (int64_t)i));
        }
    }
    CU_ASSERT_EQUAL(recent_since(recent, VENDOR, 190, got), 10);
    CU_ASSERT_EQUAL(got[0].serial, 190);
    CU_ASSERT_EQUAL(recent_since(recent, VENDOR - 1, 0, got), 0);
    recent_destroy(recent);
}

static void test_forget_child(void)
{
    struct recent *recent = create(1000);
    struct recent_entry got[RECENT_MAX];
    recent_forget_child(recent, VENDOR, 1, SCOPE_CAMPAIGN); // nothing there yet
    for (uint64_t i = 0; i < 100; i++) {
        add(recent, VENDOR, i % 2 == 0 ? 1 : SCOPE_NONE, i, 0);
    }
    recent_forget_child(recent, VENDOR, 1, SCOPE_TEMPLATE); // another kind
    CU_ASSERT_EQUAL(recent_since(recent, VENDOR, 0, got), RECENT_MAX);
    recent_forget_child(recent, VENDOR, 1, SCOPE_CAMPAIGN);
    uint32_t left = recent_since(recent, VENDOR, 0, got);
    CU_ASSERT_EQUAL(left, RECENT_MAX / 2);
    for (uint32_t i = 0; i < left; i++) {
        CU_ASSERT_EQUAL(got[i].serial, 37 + 2 * i);
        CU_ASSERT_EQUAL(got[i].scopes[SCOPE_CAMPAIGN], SCOPE_NONE);
    }
    CU_ASSERT_FALSE(recent_has(recent, VENDOR, 98, 0));
    CU_ASSERT_TRUE(recent_has(recent, VENDOR, 99, 0));
    CU_ASSERT_TRUE(recent_has(recent, 1, 98, 0)); // the child knows its own
    add(recent, VENDOR, 1, 500, 0);
    CU_ASSERT_EQUAL(recent_since(recent, VENDOR, 0, got), RECENT_MAX / 2 + 1);
    recent_destroy(recent);
}

// R1: a number that is given to another scope brings nothing with it.
static void test_drop_scope(void)
{
    struct recent *recent = create(1000);
    struct recent_entry got[RECENT_MAX];
    recent_drop_scope(recent, 7); // nothing there yet
    for (uint64_t i = 0; i < 80;
            i++) { // so that the campaign has forgotten what the vendor has not
        add(recent, i < 10 ? VENDOR : OTHER_VENDOR, 7, i, 0);
    }
    CU_ASSERT_EQUAL(recent_since(recent, VENDOR, 0, got), 10);
    CU_ASSERT_EQUAL(got[0].scopes[SCOPE_CAMPAIGN], SCOPE_NONE);
    CU_ASSERT_EQUAL(recent_since(recent, OTHER_VENDOR, 0, got), RECENT_MAX);
    CU_ASSERT_EQUAL(got[0].scopes[SCOPE_CAMPAIGN], 7);
    recent_drop_scope(recent, 7);
    CU_ASSERT_EQUAL(remembered(recent, 7), 0);
    CU_ASSERT_EQUAL(recent_since(recent, OTHER_VENDOR, 0, got), RECENT_MAX);
    CU_ASSERT_EQUAL(got[0].scopes[SCOPE_CAMPAIGN], SCOPE_NONE);
    uint32_t entry = enter(recent, 1, 100, 0); // another kind has the number now
    link_to(recent, entry, 7, SCOPE_SENDER);
    CU_ASSERT_EQUAL(recent_since(recent, 7, 0, got), 1);
    CU_ASSERT_EQUAL(got[0].serial, 100);
    CU_ASSERT_EQUAL(got[0].scopes[SCOPE_SENDER], 7);
    recent_destroy(recent);
}

static void check_position(const struct recent *recent, uint32_t entry, int64_t number)
{
    char id[16];
    snprintf(id, sizeof id, "m%d", (int)number);
    const struct message_position position = recent_position(recent, entry);
    CU_ASSERT_EQUAL(position.occurred_at_ms, number * 10);
    CU_ASSERT_EQUAL(position.offset, number);
    CU_ASSERT_EQUAL(position.partition, (int32_t)number % 3);
    CU_ASSERT_TRUE(view_is(position.topic, number % 2 == 0 ? "even" : "odd"));
    CU_ASSERT_TRUE(view_is(position.message_id, id));
    CU_ASSERT_EQUAL(recent_serial(recent, entry), (uint64_t)number);
}

static uint32_t enter_at(struct recent *recent, int64_t number, int64_t log_time_ms)
{
    char id[16];
    snprintf(id, sizeof id, "m%d", (int)number);
    const struct recent_message message = {
            .tag = hash_mix64((uint64_t)number % 50),
            .serial = (uint64_t)number,
            .log_time_ms = log_time_ms,
            .reasons = (reason_set)number % (1u << REASON_COUNT),
            .signals = (signal_set)(number % (1u << SIGNAL_COUNT)),
            .position = {number * 10, number % 2 == 0 ? VIEW("even") : VIEW("odd"),
                    (int32_t)number % 3, number, view_of(id)},
    };
    uint32_t entry = UINT32_MAX;
    CU_ASSERT_EQUAL_FATAL(recent_enter(recent, &message, &entry), ERR_NONE);
    return entry;
}

// A change point outlives the list, the day and the scope.
static void test_pins(void)
{
    struct recent *recent = create(1000);
    uint32_t first = enter_at(recent, 1, 0);
    link_to(recent, first, VENDOR, SCOPE_VENDOR);
    uint32_t unlinked = enter_at(recent, 2, 0);
    for (int64_t i = 3; i < 103; i++) { // all in one frame: first is in no list any more
        link_to(recent, enter_at(recent, i, 0), VENDOR, SCOPE_VENDOR);
    }
    recent_pin(recent, first);
    recent_pin(recent, first);
    CU_ASSERT_EQUAL(recent_count(recent), 102);
    check_position(recent, unlinked, 2);
    recent_settle(recent);
    CU_ASSERT_EQUAL(recent_count(recent), RECENT_MAX + 1); // R3
    CU_ASSERT_FALSE(recent_has(recent, VENDOR, 0, RECENT_WINDOW_MS));
    recent_drop_scope(recent, VENDOR);
    recent_settle(recent);
    CU_ASSERT_EQUAL(recent_count(recent), 1);
    check_position(recent, first, 1);
    recent_unpin(recent, first);
    check_position(recent, first, 1);
    recent_unpin(recent, first);
    CU_ASSERT_EQUAL(recent_count(recent), 0);
    recent_destroy(recent);
}

// Only pinned ones keep their message id, and nobody keeps one that is unknown.
static void test_message_ids(void)
{
    struct recent *recent = create(10);
    uint32_t entry = enter_at(recent, 4, 0);
    link_to(recent, entry, VENDOR, SCOPE_VENDOR);
    recent_pin(recent, entry);
    recent_unpin(recent, entry);
    check_position(recent, entry, 4);
    recent_settle(recent);
    CU_ASSERT_TRUE(view_is_none(recent_position(recent, entry).message_id));
    CU_ASSERT_EQUAL(recent_position(recent, entry).offset, 4);
    uint32_t unknown = enter(recent, 1, 5, 0);
    CU_ASSERT_TRUE(view_is_none(recent_position(recent, unknown).message_id));
    recent_destroy(recent);
}

// One recipient of more scopes than the pool counts for one recipient.
static void test_met_by_many(void)
{
    enum { MANY = 700 };
    struct recent *recent = create(2 * MANY);
    for (unsigned round = 0; round < 2; round++) {
        for (int32_t scope = 0; scope < MANY; scope++) {
            CU_ASSERT_FALSE(recent_has(recent, scope, 5, 0));
            link_to(recent, enter(recent, 5, (uint64_t)scope, 0), scope, SCOPE_CAMPAIGN);
            CU_ASSERT_TRUE(recent_has(recent, scope, 5, 0));
        }
        recent_settle(recent);
        for (int32_t scope = 0; scope < MANY; scope++) {
            CU_ASSERT_TRUE(recent_has(recent, scope, 5, 0));
            recent_drop_scope(recent, scope);
            CU_ASSERT_FALSE(recent_has(recent, scope, 5, 0));
        }
        CU_ASSERT_EQUAL(recent_count(recent), 0);
    }
    recent_destroy(recent);
}

// --- the ceiling -----------------------------------------------------------------------------------

struct quiet {
    unsigned kinds; // bit k: scopes of kind k are, by the numbers that add gives them
    uint32_t asked;
};

static bool is_quiet(void *self, int32_t scope)
{
    struct quiet *quiet = self;
    quiet->asked++;
    return (quiet->kinds >> (scope < VENDOR ? SCOPE_CAMPAIGN : SCOPE_VENDOR) & 1) != 0;
}

static struct recent *create_full(uint32_t max_entries, struct quiet *quiet)
{
    struct recent *recent = NULL;
    const struct recent_options options = {max_entries, is_quiet, quiet};
    CU_ASSERT_EQUAL_FATAL(recent_create(&recent, &options), ERR_NONE);
    for (uint32_t i = 0; i < max_entries; i++) {
        add(recent, (int32_t)(VENDOR + i / RECENT_MAX), (int32_t)(i / RECENT_MAX), i, 0);
    }
    CU_ASSERT_EQUAL(recent_overflowed(recent), 0);
    CU_ASSERT_EQUAL(recent_count(recent), max_entries);
    return recent;
}

enum { CAMPAIGNS = 1 << SCOPE_CAMPAIGN, VENDORS = 1 << SCOPE_VENDOR };

// R4, of ten entries of one campaign and one vendor.
static void test_ceiling(void)
{
    static const struct {
        const char *name;
        unsigned quiet;
        bool settled;
        bool pinned;
        int64_t log_time_ms;
        bool has_room;
    } rows[] = {
            {"nobody is quiet", 0, true, false, 0, false},
            {"one of two is quiet", CAMPAIGNS, true, false, 0, false},
            {"the other is", VENDORS, true, false, 0, false},
            {"both are", CAMPAIGNS | VENDORS, true, false, 0, true},
            {"both are, but all is young", CAMPAIGNS | VENDORS, false, false, 0, false},
            {"both are, but all is pinned", CAMPAIGNS | VENDORS, true, true, 0, false},
            {"past the window", 0, true, false, RECENT_WINDOW_MS, true},
            {"past the window, pinned", 0, true, true, RECENT_WINDOW_MS, false},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct quiet quiet = {rows[i].quiet, 0};
        struct recent *recent = create_full(10, &quiet);
        for (uint32_t entry = 1; entry <= 10 && rows[i].pinned; entry++) {
            recent_pin(recent, entry);
        }
        if (rows[i].settled) {
            recent_settle(recent);
        }
        uint32_t entry = enter(recent, 99, 99, rows[i].log_time_ms);
        if ((entry != RECENT_NONE) != rows[i].has_room) {
            printf("    %s\n", rows[i].name);
        }
        CU_ASSERT_EQUAL(entry != RECENT_NONE, rows[i].has_room);
        CU_ASSERT_EQUAL(recent_overflowed(recent), !rows[i].has_room);
        CU_ASSERT_EQUAL(recent_count(recent), 10);
        if (rows[i].log_time_ms == 0) { // the first has made room, in both lists
            CU_ASSERT_EQUAL(recent_has(recent, VENDOR, 0, 0), !rows[i].has_room);
            CU_ASSERT_EQUAL(recent_has(recent, 0, 0, 0), !rows[i].has_room);
            CU_ASSERT_TRUE(recent_has(recent, VENDOR, 1, 0));
        }
        recent_destroy(recent);
    }
}

// Nothing is done with a message that is not remembered.
static void test_none(void)
{
    struct recent *recent = create(0);
    uint32_t entry = enter(recent, 1, 1, 0);
    CU_ASSERT_EQUAL(entry, RECENT_NONE);
    link_to(recent, entry, VENDOR, SCOPE_VENDOR);
    recent_pin(recent, entry);
    recent_settle(recent);
    CU_ASSERT_FALSE(recent_has(recent, VENDOR, 1, 0));
    CU_ASSERT_TRUE(view_is_none(recent_position(recent, entry).topic));
    CU_ASSERT_EQUAL(recent_position(recent, entry).offset, 0);
    CU_ASSERT_EQUAL(recent_serial(recent, entry), UINT64_MAX);
    recent_unpin(recent, entry);
    CU_ASSERT_EQUAL(recent_count(recent), 0);
    CU_ASSERT_EQUAL(recent_overflowed(recent), 1);
    recent_destroy(recent);
}

// One message never waits for more than RECENT_LOOK_MAX entries to be looked at; the hand goes on
// where it stood.
static void test_bounded_search(void)
{
    struct quiet quiet = {0, 0};
    enum { ENTRIES = 3 * RECENT_LOOK_MAX };
    struct recent *recent = create_full(ENTRIES, &quiet);
    recent_settle(recent);
    for (unsigned i = 1; i <= 2; i++) {
        quiet.asked = 0;
        CU_ASSERT_EQUAL(enter(recent, 0, ENTRIES, 0), RECENT_NONE);
        CU_ASSERT_EQUAL(quiet.asked, RECENT_LOOK_MAX);
    }
    quiet.kinds = CAMPAIGNS | VENDORS;
    CU_ASSERT_EQUAL(enter(recent, 0, ENTRIES, 0), 2 * RECENT_LOOK_MAX + 1);
    // What is free is used without a search.
    recent_settle(recent);
    quiet.asked = 0;
    CU_ASSERT_EQUAL(enter(recent, 0, ENTRIES + 1, 0), 2 * RECENT_LOOK_MAX + 1);
    CU_ASSERT_EQUAL(quiet.asked, 0);
    recent_destroy(recent);
}

static void test_many_topics(void)
{
    struct recent *recent = create(5000);
    char name[16];
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "topic%u", i);
        const struct recent_message message = {.serial = i, .position = {.topic = view_of(name)}};
        uint32_t entry;
        CU_ASSERT_EQUAL_FATAL(recent_enter(recent, &message, &entry), ERR_NONE);
        const struct view topic = recent_position(recent, entry).topic;
        CU_ASSERT_TRUE(i < 4096 ? view_is(topic, name) : view_is_none(topic));
    }
    recent_destroy(recent);
}

// --- at random, beside lists kept the simplest way ---------------------------------------------------

enum {
    PER_KIND = 3,
    SCOPES = PER_KIND * SCOPE_KIND_COUNT, // number = kind PER_KIND + 0, 1, 2
    STEPS = 6000,
    PINS = 20,
};

struct model {
    struct recent *recent;
    uint64_t random;
    int64_t now;
    int64_t times[STEPS];
    int64_t lists[SCOPES][RECENT_MAX]; // messages by number, oldest first
    uint32_t counts[SCOPES];
    uint32_t pinned[PINS];
    int64_t pinned_numbers[PINS]; // 0 = no pin
};

static uint32_t chance(struct model *model, uint32_t below)
{
    model->random = hash_mix64(model->random);
    return (uint32_t)(model->random >> 33) % below;
}

static bool model_lists(const struct model *model, int32_t scope, int64_t number)
{
    for (uint32_t i = 0; i < model->counts[scope]; i++) {
        if (model->lists[scope][i] == number) {
            return true;
        }
    }
    return false;
}

static void model_remove(struct model *model, int32_t scope, uint32_t at)
{
    int64_t *list = model->lists[scope];
    model->counts[scope]--;
    memmove(list + at, list + at + 1, (model->counts[scope] - at) * sizeof *list);
}

static void model_pass(struct model *model)
{
    static const int64_t steps_ms[] = {0, 0, 0, 0, 1000, 60000, 600000, 600000, 3600000, 40000000};
    model->now += steps_ms[chance(model, chance(model, 20) == 0 ? 10 : 8)];
    for (int32_t scope = 0; scope < SCOPES; scope++) {
        while (model->counts[scope] > 0 &&
                model->now - model->times[model->lists[scope][0]] >= RECENT_WINDOW_MS) {
            model_remove(model, scope, 0);
        }
    }
    // What the clock tells the one must be told to the other.
    (void)recent_has(model->recent, 0, 0, model->now);
}

static void model_enter(struct model *model, int64_t number)
{
    model->times[number] = model->now;
    uint32_t entry = enter_at(model->recent, number, model->now);
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        int32_t scope = (int32_t)(kind * PER_KIND + chance(model, PER_KIND));
        if (chance(model, 4) == 0) {
            continue;
        }
        if (model->counts[scope] == RECENT_MAX) {
            model_remove(model, scope, 0);
        }
        model->lists[scope][model->counts[scope]++] = number;
        link_to(model->recent, entry, scope, (enum scope_kind)kind);
    }
    uint32_t pin = chance(model, PINS * 5);
    if (pin < PINS) {
        if (model->pinned_numbers[pin] != 0) {
            check_position(model->recent, model->pinned[pin], model->pinned_numbers[pin]);
            recent_unpin(model->recent, model->pinned[pin]);
        }
        recent_pin(model->recent, entry);
        model->pinned[pin] = entry;
        model->pinned_numbers[pin] = number;
    }
}

static void model_forget_child(struct model *model)
{
    int32_t scope = (int32_t)chance(model, SCOPES);
    int32_t child = (int32_t)chance(model, SCOPES);
    enum scope_kind child_kind = (enum scope_kind)(child / PER_KIND);
    if (child / PER_KIND >= scope / PER_KIND) {
        return;
    }
    recent_forget_child(model->recent, scope, child, child_kind);
    for (uint32_t i = model->counts[scope]; i-- > 0;) {
        if (model_lists(model, child, model->lists[scope][i])) {
            model_remove(model, scope, i);
        }
    }
}

static void model_check_scope(struct model *model, int32_t scope)
{
    struct recent_entry got[RECENT_MAX];
    uint32_t skip = chance(model, 3) == 0 ? chance(model, model->counts[scope] + 1) : 0;
    int64_t serial = skip < model->counts[scope] ? model->lists[scope][skip] : STEPS;
    uint32_t count = recent_since(model->recent, scope, (uint64_t)serial, got);
    CU_ASSERT_EQUAL_FATAL(count, model->counts[scope] - skip);
    for (uint32_t i = 0; i < count; i++) {
        int64_t number = model->lists[scope][skip + i];
        CU_ASSERT_EQUAL(got[i].serial, (uint64_t)number);
        CU_ASSERT_EQUAL(got[i].tag, hash_mix64((uint64_t)number % 50));
        CU_ASSERT_EQUAL(got[i].log_time_ms, model->times[number]);
        CU_ASSERT_EQUAL(got[i].reasons, number % (1 << REASON_COUNT));
        CU_ASSERT_EQUAL(got[i].signals, number % (1 << SIGNAL_COUNT));
        for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) { // R1
            int32_t named = SCOPE_NONE;
            for (int32_t s = (int32_t)kind * PER_KIND; s < (int32_t)(kind + 1) * PER_KIND; s++) {
                named = model_lists(model, s, number) ? s : named;
            }
            CU_ASSERT_EQUAL(got[i].scopes[kind], named);
        }
    }
    uint64_t person = chance(model, 50);
    bool met = false;
    for (uint32_t i = 0; i < model->counts[scope]; i++) {
        met = met || (uint64_t)model->lists[scope][i] % 50 == person;
    }
    CU_ASSERT_EQUAL(recent_has(model->recent, scope, hash_mix64(person), model->now), met);
}

static void model_finish(struct model *model)
{
    for (unsigned pin = 0; pin < PINS; pin++) {
        if (model->pinned_numbers[pin] != 0) {
            check_position(model->recent, model->pinned[pin], model->pinned_numbers[pin]);
            recent_unpin(model->recent, model->pinned[pin]);
        }
    }
    recent_settle(model->recent);
    uint32_t in_lists = 0;
    for (int32_t scope = 0; scope < SCOPES; scope++) {
        (void)recent_has(model->recent, scope, 0, model->now); // cuts off what is past
        in_lists += model->counts[scope];
    }
    CU_ASSERT_TRUE(recent_count(model->recent) <= in_lists);
    for (int32_t scope = 0; scope < SCOPES; scope++) {
        recent_drop_scope(model->recent, scope);
    }
    CU_ASSERT_EQUAL(recent_count(model->recent), 0); // R3: nothing is lost for good
    CU_ASSERT_EQUAL(recent_overflowed(model->recent), 0);
    recent_destroy(model->recent);
}

static void test_random(void)
{
    struct model *model = malloc(sizeof *model);
    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    for (uint64_t seed = 1; seed <= 6; seed++) {
        // Young ones come on top of what lists and pins can hold.
        *model = (struct model){.recent = create(SCOPES * RECENT_MAX + PINS + 400), .random = seed};
        for (int64_t number = 1; number < STEPS; number++) {
            model_pass(model);
            model_enter(model, number);
            model_check_scope(model, (int32_t)chance(model, SCOPES));
            if (chance(model, 200) == 0) {
                model_forget_child(model);
            }
            if (chance(model, 300) == 0) {
                int32_t scope = (int32_t)chance(model, SCOPES);
                recent_drop_scope(model->recent, scope);
                model->counts[scope] = 0;
            }
            if (chance(model, 30) == 0 || number % 300 == 0) {
                recent_settle(model->recent);
            }
        }
        model_finish(model);
    }
    free(model);
}

// R4 and R5 while the ceiling is met all the time: the same calls, twice.
static void test_random_at_ceiling(void)
{
    struct quiet quiet[2] = {{0}};
    struct recent *twins[2];
    for (unsigned t = 0; t < 2; t++) {
        twins[t] = create_full(100, &quiet[t]);
        recent_settle(twins[t]);
    }
    uint64_t random = 3;
    uint32_t refused = 0;
    for (uint64_t serial = 100; serial < 20000; serial++) {
        random = hash_mix64(random);
        int32_t campaign = (int32_t)(random >> 8 & 15);
        int32_t vendor = (int32_t)(VENDOR + (random >> 12 & 3));
        uint32_t entries[2];
        for (unsigned t = 0; t < 2; t++) {
            quiet[t].kinds = (random >> 16 & 7) == 0 ? 0 : CAMPAIGNS | VENDORS;
            entries[t] = add(twins[t], vendor, campaign, serial, (int64_t)serial);
            if ((random >> 20 & 15) == 0) {
                recent_settle(twins[t]);
            }
            CU_ASSERT_TRUE(recent_count(twins[t]) <= 100);
        }
        CU_ASSERT_EQUAL(entries[0], entries[1]);
        CU_ASSERT_EQUAL(quiet[0].asked, quiet[1].asked);
        refused += entries[0] == RECENT_NONE;
    }
    CU_ASSERT_EQUAL(recent_overflowed(twins[0]), refused);
    CU_ASSERT_TRUE(refused > 0 && refused < 10000);
    for (int32_t scope = 0; scope < VENDOR + 4; scope++) {
        struct recent_entry got[2][RECENT_MAX];
        uint32_t count = recent_since(twins[0], scope, 0, got[0]);
        CU_ASSERT_EQUAL_FATAL(recent_since(twins[1], scope, 0, got[1]), count);
        for (uint32_t i = 0; i < count; i++) {
            CU_ASSERT_EQUAL(got[0][i].serial, got[1][i].serial);
            CU_ASSERT_EQUAL(memcmp(got[0][i].scopes, got[1][i].scopes, sizeof got[0][i].scopes), 0);
        }
    }
    recent_destroy(twins[0]);
    recent_destroy(twins[1]);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"window", test_window},
            {"list", test_list},
            {"forget_child", test_forget_child},
            {"drop_scope", test_drop_scope},
            {"pins", test_pins},
            {"message_ids", test_message_ids},
            {"met_by_many", test_met_by_many},
            {"ceiling", test_ceiling},
            {"none", test_none},
            {"bounded_search", test_bounded_search},
            {"many_topics", test_many_topics},
            {"random", test_random},
            {"random_at_ceiling", test_random_at_ceiling},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "recent", tests);
}
