// The table of scopes: numbers, names, channels, its ceiling, holds by log time, numbers that are
// given again.
#include "state/scopes_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "unit.h"

static int32_t intern_split(struct scopes *scopes, enum scope_kind kind, const char *tenant,
        const char *id, const char *channel)
{
    int32_t scope = -2;
    CU_ASSERT_EQUAL_FATAL(
            scopes_intern(scopes, kind, view_of(tenant), view_of(id), view_of(channel), &scope),
            ERR_NONE);
    return scope;
}

static int32_t intern(
        struct scopes *scopes, enum scope_kind kind, const char *tenant, const char *id)
{
    return intern_split(scopes, kind, tenant, id, NULL);
}

static struct scopes *create(uint32_t max_scopes)
{
    struct scopes *scopes = NULL;
    CU_ASSERT_EQUAL_FATAL(scopes_create(&scopes, max_scopes), ERR_NONE);
    return scopes;
}

static void test_names(void)
{
    struct scopes *scopes = create(100);
    static const struct {
        enum scope_kind kind;
        const char *tenant;
        const char *id;
        const char *channel;
    } rows[] = {
            {SCOPE_CAMPAIGN, "ab", "c", NULL},
            {SCOPE_TEMPLATE, "ab", "c", NULL}, // another kind
            {SCOPE_CAMPAIGN, "a", "bc", NULL}, // the same bytes in a row
            {SCOPE_CAMPAIGN, "ab", "c", "sms"},
            {SCOPE_CAMPAIGN, "ab", "c", "voice"},
            {SCOPE_CAMPAIGN, "ab", "csms", NULL},
            {SCOPE_CAMPAIGN, "ab", "cs", "ms"},
            {SCOPE_CAMPAIGN, "ab", "c", ""},
            {SCOPE_CAMPAIGN, "ab", "", "c"},
            {SCOPE_CAMPAIGN, "", "", NULL},
            {SCOPE_TENANT, "ab", "ab", NULL},
    };
    enum { ROWS = sizeof rows / sizeof *rows };
    for (unsigned round = 0; round < 2; round++) {
        for (int32_t i = 0; i < ROWS; i++) {
            CU_ASSERT_EQUAL(
                    intern_split(scopes, rows[i].kind, rows[i].tenant, rows[i].id, rows[i].channel),
                    i);
        }
    }
    CU_ASSERT_EQUAL(intern(scopes, SCOPE_CAMPAIGN, "ab", NULL), SCOPE_NONE);
    CU_ASSERT_EQUAL(intern_split(scopes, SCOPE_CAMPAIGN, "ab", NULL, "sms"), SCOPE_NONE);
    CU_ASSERT_EQUAL(scopes_count(scopes), ROWS);
    CU_ASSERT_EQUAL(scopes_end(scopes), ROWS);
    for (int32_t i = 0; i < ROWS; i++) {
        const struct scope_name name = scopes_name(scopes, i);
        CU_ASSERT_EQUAL(name.kind, rows[i].kind);
        CU_ASSERT_TRUE(view_is(name.tenant_id, rows[i].tenant));
        CU_ASSERT_TRUE(view_is(name.id, rows[i].id));
        CU_ASSERT_EQUAL(view_is_none(name.channel), rows[i].channel == NULL);
        CU_ASSERT_TRUE(rows[i].channel == NULL || view_is(name.channel, rows[i].channel));
    }
    scopes_destroy(scopes);
}

static void test_long_names(void)
{
    char text[SCOPE_NAME_BYTES_MAX + 1];
    memset(text, 'x', sizeof text);
    static const struct {
        size_t tenant;
        size_t id;
        size_t channel;
        enum err expected;
    } rows[] = {
            {SCOPE_NAME_BYTES_MAX - 1, 1, 0, ERR_NONE},
            {0, SCOPE_NAME_BYTES_MAX, 0, ERR_NONE},
            {1000, 1000, 48, ERR_NONE},
            {1000, 1000, 49, ERR_CEILING},
            {SCOPE_NAME_BYTES_MAX, 1, 0, ERR_CEILING},
            {1, SCOPE_NAME_BYTES_MAX, 0, ERR_CEILING},
            {SIZE_MAX, 2, SIZE_MAX, ERR_CEILING},
    };
    struct scopes *scopes = create(100);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        int32_t scope = -2;
        CU_ASSERT_EQUAL(
                scopes_intern(scopes, SCOPE_SENDER, view_bytes(text, rows[i].tenant),
                        view_bytes(text, rows[i].id), view_bytes(text, rows[i].channel), &scope),
                rows[i].expected);
        if (rows[i].expected == ERR_NONE) {
            CU_ASSERT_EQUAL(scopes_name(scopes, scope).id.n, rows[i].id);
        } else {
            CU_ASSERT_EQUAL(scope, -2);
        }
    }
    scopes_destroy(scopes);
}

static void test_ceiling(void)
{
    struct scopes *scopes = create(200);
    char id[16];
    for (int32_t i = 0; i < 200; i++) {
        snprintf(id, sizeof id, "c%d", i);
        CU_ASSERT_EQUAL(intern(scopes, SCOPE_CAMPAIGN, "t", id), i);
    }
    CU_ASSERT_EQUAL(scopes_overflowed(scopes), 0);
    CU_ASSERT_EQUAL(intern(scopes, SCOPE_CAMPAIGN, "t", "one more"), SCOPE_NONE);
    CU_ASSERT_EQUAL(intern(scopes, SCOPE_CAMPAIGN, "t", "c7"), 7); // what is in it stays
    CU_ASSERT_EQUAL(scopes_overflowed(scopes), 1);
    CU_ASSERT_EQUAL(scopes_count(scopes), 200);
    CU_ASSERT_TRUE(view_is(scopes_name(scopes, 199).id, "c199"));
    scopes_release(scopes, 50);
    CU_ASSERT_EQUAL(intern(scopes, SCOPE_CAMPAIGN, "t", "one more"), 50);
    CU_ASSERT_EQUAL(intern(scopes, SCOPE_CAMPAIGN, "t", "c50"), SCOPE_NONE);
    CU_ASSERT_EQUAL(scopes_overflowed(scopes), 2);
    scopes_destroy(scopes);
}

static void test_holds(void)
{
    struct scopes *scopes = create(10);
    int32_t scope = intern(scopes, SCOPE_VENDOR, "t", "v");
    CU_ASSERT_FALSE(scopes_is_held(scopes, scope, 5));
    CU_ASSERT_FALSE(scopes_is_held(scopes, SCOPE_NONE, 5));
    scopes_hold(scopes, scope, 100);
    CU_ASSERT_TRUE(scopes_is_held(scopes, scope, 99));
    CU_ASSERT_FALSE(scopes_is_held(scopes, scope, 100)); // it has run out
    scopes_hold(scopes, scope, INT64_C(1763769600123));  // to the millisecond
    CU_ASSERT_TRUE(scopes_is_held(scopes, scope, INT64_C(1763769600122)));
    CU_ASSERT_FALSE(scopes_is_held(scopes, scope, INT64_C(1763769600123)));
    scopes_lift(scopes, scope);
    CU_ASSERT_FALSE(scopes_is_held(scopes, scope, 100));
    scopes_destroy(scopes);
}

static void test_last_heard(void)
{
    static const struct {
        int64_t log_time_ms;
        int64_t heard_ms;
    } rows[] = {
            {INT64_C(1763769600999), INT64_C(1763769600000)},
            {INT64_C(4102444800000), INT64_C(4102444800000)}, // 2100
            {999, 0},
            {-5, 0},
            {INT64_MAX, UINT32_MAX * INT64_C(1000)},
    };
    struct scopes *scopes = create(10);
    int32_t scope = intern(scopes, SCOPE_VENDOR, "t", "v");
    CU_ASSERT_EQUAL(scopes_last_heard_ms(scopes, scope), 0);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        scopes_touch(scopes, scope, rows[i].log_time_ms);
        CU_ASSERT_EQUAL(scopes_last_heard_ms(scopes, scope), rows[i].heard_ms);
    }
    scopes_release(scopes, scope);
    CU_ASSERT_EQUAL(intern(scopes, SCOPE_VENDOR, "t", "w"), scope);
    CU_ASSERT_EQUAL(scopes_last_heard_ms(scopes, scope), 0);
    scopes_destroy(scopes);
}

// A number that was kept can be told from the same number given again.
static void test_release(void)
{
    struct scopes *scopes = create(10);
    int32_t first = intern(scopes, SCOPE_CAMPAIGN, "t", "first");
    int32_t second = intern(scopes, SCOPE_CAMPAIGN, "t", "second");
    CU_ASSERT_EQUAL(scopes_generation(scopes, first), 0);
    scopes_release(scopes, first);
    CU_ASSERT_FALSE(scopes_is_live(scopes, first));
    CU_ASSERT_TRUE(scopes_is_live(scopes, second));
    CU_ASSERT_EQUAL(scopes_generation(scopes, first), 1);
    CU_ASSERT_EQUAL(scopes_count(scopes), 1);
    CU_ASSERT_EQUAL(scopes_end(scopes), 2);
    CU_ASSERT_EQUAL(intern(scopes, SCOPE_CAMPAIGN, "t", "second"), second);
    CU_ASSERT_EQUAL(intern(scopes, SCOPE_SENDER, "t", "third"), first);
    CU_ASSERT_TRUE(scopes_is_live(scopes, first));
    CU_ASSERT_TRUE(view_is(scopes_name(scopes, first).id, "third"));
    CU_ASSERT_EQUAL(scopes_name(scopes, first).kind, SCOPE_SENDER);
    CU_ASSERT_EQUAL(scopes_generation(scopes, first), 1);
    CU_ASSERT_EQUAL(intern(scopes, SCOPE_CAMPAIGN, "t", "first"), 2); // the name is new again
    scopes_destroy(scopes);
}

struct idle {
    uint32_t asked;
    int32_t last;
    unsigned every; // each `every`-th number is
};

static bool is_idle(void *self, int32_t scope)
{
    struct idle *idle = self;
    idle->asked++;
    idle->last = scope;
    return (unsigned)scope % idle->every == 0;
}

static void test_victims(void)
{
    struct scopes *scopes = create(100);
    struct idle idle = {.every = 10};
    CU_ASSERT_EQUAL(scopes_next_victim(scopes, is_idle, &idle, 1000), SCOPE_NONE);
    CU_ASSERT_EQUAL(idle.asked, 0);
    char id[16];
    for (int32_t i = 0; i < 100; i++) {
        snprintf(id, sizeof id, "c%d", i);
        CU_ASSERT_EQUAL(intern(scopes, SCOPE_CAMPAIGN, "t", id), i);
    }
    scopes_hold(scopes, 20, 5); // run out or not: it is not lifted
    CU_ASSERT_EQUAL(scopes_next_victim(scopes, is_idle, &idle, 5), 0);
    CU_ASSERT_EQUAL(scopes_next_victim(scopes, is_idle, &idle, 5), SCOPE_NONE);
    CU_ASSERT_EQUAL(idle.last, 5);
    CU_ASSERT_EQUAL(scopes_next_victim(scopes, is_idle, &idle, 5), 10);
    scopes_release(scopes, 10);
    CU_ASSERT_EQUAL(scopes_next_victim(scopes, is_idle, &idle, 1000), 30);
    for (int32_t expected = 40; expected < 100; expected += 10) {
        CU_ASSERT_EQUAL(scopes_next_victim(scopes, is_idle, &idle, 10), expected);
    }
    CU_ASSERT_EQUAL(scopes_next_victim(scopes, is_idle, &idle, 10), 0);    // all round
    CU_ASSERT_EQUAL(scopes_next_victim(scopes, is_idle, &idle, 1000), 30); // 10 is nobody's
    idle = (struct idle){.every = 1000};
    scopes_release(scopes, 0);
    CU_ASSERT_EQUAL(scopes_next_victim(scopes, is_idle, &idle, UINT32_MAX), SCOPE_NONE);
    CU_ASSERT_EQUAL(idle.asked, 97); // once each: not the released, not the held
    scopes_destroy(scopes);
}

// --- at random, beside a plain array of names --------------------------------------------------------

enum { NAMES = 600, MAX_SCOPES = 300, STEPS = 100000 };

static void test_random(void)
{
    struct scopes *scopes = create(MAX_SCOPES);
    int32_t *number_of = malloc(NAMES * sizeof *number_of); // by name
    CU_ASSERT_PTR_NOT_NULL_FATAL(number_of);
    memset(number_of, 0xff, NAMES * sizeof *number_of);
    int32_t name_of[MAX_SCOPES];
    uint32_t generations[MAX_SCOPES] = {0};
    memset(name_of, 0xff, sizeof name_of);
    uint32_t live = 0;
    uint32_t end = 0;
    uint64_t overflowed = 0;
    uint64_t random = 11;
    for (unsigned step = 0; step < STEPS; step++) {
        random = hash_mix64(random);
        int32_t name = (int32_t)(random >> 8 & 0xffff) % NAMES;
        char id[32];
        snprintf(id, sizeof id, "%.*s%d", name % 17, "aaaaaaaaaaaaaaaaa", name);
        int32_t before = number_of[name];
        // More come than go, then more go than come: full for a while, empty for a while.
        if (before != SCOPE_NONE && random >> 32 & (step / 5000 % 2 == 0 ? 7 : 1)) {
            scopes_release(scopes, before);
            generations[before]++;
            number_of[name] = SCOPE_NONE;
            name_of[before] = -1;
            live--;
        } else {
            int32_t scope = intern_split(scopes, (enum scope_kind)(name % SCOPE_KIND_COUNT), "t",
                    id, name % 3 == 0 ? "sms" : NULL);
            if (before != SCOPE_NONE) {
                CU_ASSERT_EQUAL(scope, before);
            } else if (live == MAX_SCOPES) {
                CU_ASSERT_EQUAL(scope, SCOPE_NONE);
                overflowed++;
            } else {
                CU_ASSERT_FATAL(scope >= 0 && (uint32_t)scope <= end);
                CU_ASSERT_EQUAL(name_of[scope], -1);                  // it was nobody's
                CU_ASSERT_TRUE((uint32_t)scope < end || live == end); // free ones first
                end += (uint32_t)scope == end;
                number_of[name] = scope;
                name_of[scope] = name;
                live++;
            }
        }
        CU_ASSERT_EQUAL(scopes_count(scopes), live);
        CU_ASSERT_EQUAL(scopes_end(scopes), end);
        int32_t any = (int32_t)((random >> 40) % end);
        CU_ASSERT_EQUAL(scopes_is_live(scopes, any), name_of[any] >= 0);
        CU_ASSERT_EQUAL(scopes_generation(scopes, any), generations[any]);
        if (name_of[any] >= 0) {
            snprintf(id, sizeof id, "%.*s%d", name_of[any] % 17, "aaaaaaaaaaaaaaaaa", name_of[any]);
            CU_ASSERT_TRUE(view_is(scopes_name(scopes, any).id, id));
        }
    }
    CU_ASSERT_EQUAL(scopes_overflowed(scopes), overflowed);
    CU_ASSERT_TRUE(overflowed > 0);
    free(number_of);
    scopes_destroy(scopes);
}

// Of names that others choose nobody knows where they go: it is another place in each table.
static void test_seeds(void)
{
    enum { TABLES = 4 };
    struct scopes *tables[TABLES];
    unsigned differing = 0;
    for (unsigned i = 0; i < TABLES; i++) {
        int32_t scope;
        CU_ASSERT_EQUAL_FATAL(scopes_create(&tables[i], 4), ERR_NONE);
        CU_ASSERT_EQUAL(
                scopes_intern(tables[i], SCOPE_CAMPAIGN, VIEW("t"), VIEW("c"), VIEW_NONE, &scope),
                ERR_NONE);
        differing += memcmp(tables[i]->index.slots, tables[0]->index.slots,
                             tables[0]->index.slot_count * sizeof *tables[0]->index.slots) != 0;
    }
    CU_ASSERT_EQUAL(differing, TABLES - 1);
    for (unsigned i = 0; i < TABLES; i++) {
        scopes_destroy(tables[i]);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"names", test_names},
            {"long_names", test_long_names},
            {"ceiling", test_ceiling},
            {"holds", test_holds},
            {"last_heard", test_last_heard},
            {"release", test_release},
            {"victims", test_victims},
            {"random", test_random},
            {"seeds", test_seeds},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "scopes", tests);
}
