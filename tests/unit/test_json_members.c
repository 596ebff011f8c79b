// Members of objects: pointers that have scanned many texts find the same as new ones. (The scanner
// guesses which member comes next by the texts before.)
#include <stdio.h>
#include <string.h>

#include "common/json_scan.h"
#include "common/strbuf.h"
#include "tests/support/drawn.h"
#include "tests/support/unit.h"

enum { TEXTS = 3000, MEMBERS_MAX = 9, POINTERS = 8 };

static const char *const pointers_wanted[POINTERS] = {"/a", "/long_member_name_of_more_than_16",
        "/in/a", "/in/b", "/", "/say\"so\\", "/b", "/in/in/a"};

// As keys stand in texts: usual, with escapes, with white space, and such that only begin like another.
static const char *const keys[] = {
        "\"a\":", "\"long_member_name_of_more_than_16\":", "\"b\":", "\"\":", "\"say\\\"so\\\\\":",
        "\"\\u0061\":", "\"a\" :", "\"ab\":", "\"A\":", "\"other\":"};

static void add_object(struct strbuf *text, uint64_t *state, unsigned depth)
{
    strbuf_add_byte(text, '{');
    unsigned members = drawn_next(state) % MEMBERS_MAX;
    for (unsigned i = 0; i < members; i++) {
        strbuf_add_text(text, i == 0 ? "" : drawn_next(state) % 4 == 0 ? " , " : ",");
        if (depth < 3 && drawn_next(state) % 4 == 0) {
            strbuf_add_text(text, "\"in\":");
            add_object(text, state, depth + 1);
        } else {
            // Mostly in their order, so that guesses come true.
            unsigned key = drawn_next(state) % 3 > 0 ? i : drawn_next(state);
            strbuf_add_text(text, keys[key % (sizeof keys / sizeof keys[0])]);
            strbuf_add_u64(text, drawn_next(state) % 100);
        }
    }
    strbuf_add_byte(text, '}');
}

static bool is_same(const struct json_value *left, const struct json_value *right)
{
    return left->kind == right->kind && left->duplicate == right->duplicate &&
           left->raw.p == right->raw.p && left->raw.n == right->raw.n;
}

static void check_text(const struct json_pointers *used, struct view text, unsigned *found)
{
    struct json_pointers *fresh;
    CU_ASSERT_EQUAL_FATAL(json_pointers_create(&fresh, pointers_wanted, POINTERS, NULL), ERR_NONE);
    struct json_value got[POINTERS];
    struct json_value expected[POINTERS];
    enum json_fault fault = json_scan(used, text, got, NULL);
    CU_ASSERT_EQUAL(fault, json_scan(fresh, text, expected, NULL));
    bool same = true;
    for (unsigned i = 0; i < POINTERS && fault == JSON_FINE; i++) {
        same = same && is_same(&got[i], &expected[i]);
        *found += got[i].kind != JSON_ABSENT;
    }
    CU_ASSERT_TRUE(same);
    if (!same) {
        fprintf(stderr, "  %.*s\n", VIEW_ARGS(text));
    }
    json_pointers_destroy(fresh);
}

static void test_drawn(void)
{
    struct json_pointers *used;
    CU_ASSERT_EQUAL_FATAL(json_pointers_create(&used, pointers_wanted, POINTERS, NULL), ERR_NONE);
    struct strbuf text;
    strbuf_init(&text, 1 << 20);
    uint64_t state = 7;
    unsigned found = 0;
    for (unsigned i = 0; i < TEXTS; i++) {
        strbuf_reset(&text);
        add_object(&text, &state, 0);
        check_text(used, strbuf_view(&text), &found);
        // Cut off anywhere, also within a key that is guessed.
        struct view cut = strbuf_view(&text);
        cut.n = drawn_next(&state) % cut.n;
        check_text(used, cut, &found);
    }
    CU_ASSERT_TRUE(found > TEXTS);
    strbuf_fini(&text);
    json_pointers_destroy(used);
}

static void check_member(const struct json_pointers *pointers, const char *text, unsigned pointer,
        const char *raw, bool duplicate)
{
    struct json_value values[POINTERS];
    CU_ASSERT_EQUAL(json_scan(pointers, view_of(text), values, NULL), JSON_FINE);
    CU_ASSERT_TRUE(view_is(values[pointer].raw, raw));
    CU_ASSERT_EQUAL(values[pointer].duplicate, duplicate);
}

// What a guess must not do: take a longer name for its beginning, or miss that a member comes twice.
static void test_guessed(void)
{
    struct json_pointers *pointers;
    CU_ASSERT_EQUAL_FATAL(
            json_pointers_create(&pointers, pointers_wanted, POINTERS, NULL), ERR_NONE);
    check_member(pointers, "{\"a\":1,\"b\":2}", 6, "2", false);
    check_member(pointers, "{\"a\":3,\"b\":4}", 6, "4", false);
    check_member(pointers, "{\"a\":3,\"b\" :5}", 6, "5", false);
    check_member(pointers, "{\"a\":3,\"b\":6,\"a\":7}", 0, "7", true);
    check_member(pointers, "{\"a\":3,\"b\":6,\"a\":8}", 0, "8", true);
    check_member(pointers, "{\"a\":3,\"b\":6}", 0, "3", false);
    check_member(pointers, "{\"in\":{\"a\":1,\"b\":2},\"a\":3}", 2, "1", false);
    check_member(pointers, "{\"in\":{\"a\":4,\"b\":2},\"a\":3}", 2, "4", false);
    check_member(pointers, "{\"in\":{\"a\":4,\"b\":2},\"a\":3}", 0, "3", false);
    check_member(pointers, "{\"other\":{\"a\":9},\"a\":5}", 0, "5", false);
    json_pointers_destroy(pointers);
}

int main(int argc, char **argv)
{
    const struct unit_test tests[] = {
            {"drawn", test_drawn}, {"guessed", test_guessed}, {NULL, NULL}};
    return unit_main(argc, argv, "json_members", tests);
}
