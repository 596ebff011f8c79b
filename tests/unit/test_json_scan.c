#include "tests/support/unit.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/json_scan.h"
#include "tests/support/drawn.h"

// One pointer's value in one text.
static enum json_fault scan_one(const char *pointer, struct view text, struct json_value *ret_value)
{
    struct json_pointers *pointers;
    CU_ASSERT_EQUAL_FATAL(json_pointers_create(&pointers, &pointer, 1, NULL), ERR_NONE);
    // On the heap and no longer than it is, so that a sanitizer sees a byte read too far.
    char *copy = malloc(text.n + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    memcpy(copy + 1, text.p, text.n);
    enum json_fault fault = json_scan(pointers, view_bytes(copy + 1, text.n), ret_value, NULL);
    ret_value->raw = VIEW_NONE;
    free(copy);
    json_pointers_destroy(pointers);
    return fault;
}

static void check_fault(struct view text, enum json_fault expected)
{
    struct json_value value;
    enum json_fault fault = scan_one("/a", text, &value);
    CU_ASSERT_EQUAL(fault, expected);
    if (fault != expected) {
        fprintf(stderr, "  %.*s: fault %d, expected %d\n", VIEW_ARGS(text), (int)fault,
                (int)expected);
    }
}

// Named after the cases of JSONTestSuite that they follow.
static void test_accepted(void)
{
    const struct view texts[] = {
            VIEW("null"),
            VIEW("true"),
            VIEW("false"),
            VIEW("0"),
            VIEW("-0"),
            VIEW("-1"),
            VIEW("123.456e78"),
            VIEW("1E22"),
            VIEW("1E-2"),
            VIEW("1e+2"),
            VIEW("0e1"),
            VIEW("0e+1"),
            VIEW("-0.0000000000000000000000000000001"),
            VIEW("\"\""),
            VIEW(" [] "),
            VIEW("{}"),
            VIEW("[[]   ]"),
            VIEW("[\"\"]"),
            VIEW("[1,null,null,null,2]"),
            VIEW("\t\r\n [\n] \r"),
            VIEW("{\"\":0}"),
            VIEW("{\"a\":\"b\",\"a\":\"c\"}"),
            VIEW("{\"a\":{\"a\":[{\"a\":1}]}}"),
            VIEW("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"),
            VIEW("[\"\\u0060\\u012a\\u12AB\"]"),
            VIEW("[\"\\uD801\\udc37\"]"),
            VIEW("[\"\\u0000\"]"),
            VIEW("[\"\\uD888\\u1234\"]"),
            VIEW("[\"\\uDFAA\"]"),
            VIEW("[\"a/*b*/c\"]"),
            VIEW("[\"\x7f\"]"),
            VIEW("[\"\xe2\x82\xac\xf0\x9d\x84\x9e\"]"),
            VIEW("[\"\xef\xbf\xbf\"]"),
            VIEW("{\"asdfghjklqwertyuiop\":\"0123456789012345678901234567890123456789\"}"),
            VIEW("[1e999999999999999999999]"),
            VIEW("[-123123e100000]"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        check_fault(texts[i], JSON_FINE);
    }
}

static void test_refused(void)
{
    const struct view texts[] = {
            VIEW(""),
            VIEW(" "),
            VIEW("[1 true]"),
            VIEW("[\"\": 1]"),
            VIEW("[\"\"],"),
            VIEW("[,1]"),
            VIEW("[1,,2]"),
            VIEW("[\"x\"]]"),
            VIEW("[\"\",]"),
            VIEW("[\"x\""),
            VIEW("[3[4]]"),
            VIEW("[1:2]"),
            VIEW("[,]"),
            VIEW("[-]"),
            VIEW("[   , \"\"]"),
            VIEW("[1,"),
            VIEW("["),
            VIEW("[1,\n1\n,1"),
            VIEW("[fals]"),
            VIEW("[nul]"),
            VIEW("[tru]"),
            VIEW("[True]"),
            VIEW("{\"x\", null}"),
            VIEW("{\"x\"::\"b\"}"),
            VIEW("{\"a\":\"a\" 123}"),
            VIEW("{key: 'v'}"),
            VIEW("{\"a\" b}"),
            VIEW("{:\"b\"}"),
            VIEW("{\"a\":"),
            VIEW("{\"a\""),
            VIEW("{1:1}"),
            VIEW("{'a':0}"),
            VIEW("{\"id\":0,}"),
            VIEW("{\"a\":\"b\",,\"c\":\"d\"}"),
            VIEW("{\"a\":1}}"),
            VIEW("{\"a\":true} \"x\""),
            VIEW("{\"a\":\"b\"}#"),
            VIEW("{\"a\":\"b\"}/**/"),
            VIEW("{[: \"x\"}"),
            VIEW("01"),
            VIEW("-01"),
            VIEW("-012"),
            VIEW("1."),
            VIEW(".5"),
            VIEW("-.5"),
            VIEW("1.e1"),
            VIEW("1e"),
            VIEW("1e+"),
            VIEW("1ee2"),
            VIEW("+1"),
            VIEW("++1"),
            VIEW("1_000"),
            VIEW("0x42"),
            VIEW("NaN"),
            VIEW("Infinity"),
            VIEW("-Infinity"),
            VIEW("- 1"),
            VIEW("1 000"),
            VIEW("1a"),
            VIEW("2.e3"),
            VIEW("\"\\x00\""),
            VIEW("\"\\\\\\\""),
            VIEW("\"\\\""),
            VIEW("\"\\uD800\\\""),
            VIEW("\"\\u00A\""),
            VIEW("\"\\u00"),
            VIEW("\"\\u"),
            VIEW("\"\\"),
            VIEW("\"\\a\""),
            VIEW("\"\\uqqqq\""),
            VIEW("\""),
            VIEW("\"a\0b\""),
            VIEW("\"\n\""),
            VIEW("\"\t\""),
            VIEW("\"0123456789abcdef\x1f\""),
            VIEW("\"\x1f"
                 "0123456789abcdef\""),
            VIEW("'a'"),
            VIEW("abc"),
            VIEW("<.>"),
            VIEW("[\xe2\x81\xa0]"),
            VIEW("\xef\xbb\xbf{}"),
            VIEW("123\0"),
            VIEW("\0"),
            VIEW("[][]"),
            VIEW("]"),
            VIEW("}"),
            VIEW("[}"),
            VIEW("{]"),
            VIEW("{\"a\":[}"),
            VIEW("[\f]"),
            VIEW("[\v1]"),
            VIEW("*"),
            VIEW("\\u000A\"\""),
            VIEW("{\"a\":/*c*/1}"),
            VIEW("nullx"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        check_fault(texts[i], JSON_NOT_JSON);
    }
}

static void test_utf8(void)
{
    const struct view texts[] = {
            VIEW("[\"\xff\"]"),
            VIEW("[\"\xc0\xaf\"]"),
            VIEW("[\"\xed\xa0\x80\"]"),
            VIEW("[\"\xf4\x90\x80\x80\"]"),
            VIEW("[\"\xe2\x82\"]"),
            VIEW("\x80"),
            VIEW("[\"0123456789012345678901234567890123456789\xe9\"]"),
            // Told before the other fault, which comes first in the text.
            VIEW("nonsense \xfc\x83\xbf\xbf\xbf\xbf"),
            VIEW("{\xff:1"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        check_fault(texts[i], JSON_BAD_UTF8);
    }
}

static void test_depth(void)
{
    enum { MANY = 100000 };
    char *text = malloc(2 * MANY);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    static const size_t depths[] = {1, 63, 64, 65, 10000, MANY};
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++) {
        memset(text, '[', depths[i]);
        memset(text + depths[i], ']', depths[i]);
        check_fault(view_bytes(text, 2 * depths[i]),
                depths[i] <= JSON_DEPTH_MAX ? JSON_FINE : JSON_TOO_DEEP);
        check_fault(view_bytes(text, depths[i]),
                depths[i] <= JSON_DEPTH_MAX ? JSON_NOT_JSON : JSON_TOO_DEEP);
    }
    for (size_t i = 0; i < 20000; i++) {
        memcpy(text + i * 5, "{\"a\":", 5);
    }
    check_fault(view_bytes(text, 100000), JSON_TOO_DEEP);
    free(text);
}

// Every way to cut and to change one byte of a text: no crash, and a cut text is never JSON.
static void test_mutilated(void)
{
    const struct view text = VIEW(
            "{\"a\":[1.5e-3,\"x\\u00e9\\\"\",{\"b\":null}],\"c\\n\":true,\"d\":\"\xe2\x82\xac\"}");
    struct json_value value;
    for (size_t n = 0; n < text.n; n++) {
        CU_ASSERT_NOT_EQUAL(scan_one("/a/2/b", view_bytes(text.p, n), &value), JSON_FINE);
    }
    char copy[128];
    for (size_t at = 0; at < text.n; at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            memcpy(copy, text.p, text.n);
            copy[at] = (char)byte;
            scan_one("/a/2/b", view_bytes(copy, text.n), &value);
        }
    }
}

static void test_pointers_refused(void)
{
    static const struct {
        const char *texts[2];
        size_t fault;
    } rows[] = {
            {{"a", NULL}, 0},
            {{"/~", NULL}, 0},
            {{"/a~2", NULL}, 0},
            {{"/a", "/a/b"}, 1},
            {{"/a/b", "/a"}, 1},
            {{"", "/a"}, 1},
            {{"/a", ""}, 1},
            {{"/x", "y"}, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_pointers *pointers = NULL;
        struct json_pointer_fault fault = {99, NULL};
        CU_ASSERT_EQUAL(json_pointers_create(&pointers, rows[i].texts, 2, &fault), ERR_DATA);
        CU_ASSERT_EQUAL(fault.index, rows[i].fault);
        CU_ASSERT_PTR_NOT_NULL(fault.text);
        CU_ASSERT_PTR_NULL(pointers);
    }
    char text[2 * JSON_NODES_MAX + 1] = "";
    for (size_t i = 0; i < JSON_NODES_MAX; i++) {
        memcpy(text + 2 * i, "/a", 3);
    }
    const char *deep = text;
    struct json_pointers *pointers;
    CU_ASSERT_EQUAL(json_pointers_create(&pointers, &deep, 1, NULL), ERR_DATA);
    const char *many[JSON_POINTERS_MAX + 1] = {NULL};
    CU_ASSERT_EQUAL(json_pointers_create(&pointers, many, JSON_POINTERS_MAX + 1, NULL), ERR_DATA);
}

static void test_pointers_found(void)
{
    // The example of RFC 6901 §5 and what lies beside it.
    const struct view text = VIEW(
            "{\"foo\":[\"bar\",\"baz\",{\"x\":1}],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,"
            "\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8,\"01\":9,\"\\u0075\\/\":10,"
            "\"o\":{\"0\":11},\"n\":null,\"t\":true,\"f\":false,\"s\":\"x\\ny\",\"e\":{}}");
    static const struct {
        const char *pointer;
        enum json_kind kind;
        const char *raw;
    } rows[] = {
            {"/foo/0", JSON_STRING, "bar"},
            {"/foo/1", JSON_STRING, "baz"},
            {"/foo/2/x", JSON_NUMBER, "1"},
            {"/foo/3", JSON_ABSENT, ""},
            {"/foo/01", JSON_ABSENT, ""},
            {"/foo/-", JSON_ABSENT, ""},
            {"/", JSON_NUMBER, "0"},
            {"/a~1b", JSON_NUMBER, "1"},
            {"/c%d", JSON_NUMBER, "2"},
            {"/e^f", JSON_NUMBER, "3"},
            {"/g|h", JSON_NUMBER, "4"},
            {"/i\\j", JSON_NUMBER, "5"},
            {"/k\"l", JSON_NUMBER, "6"},
            {"/ ", JSON_NUMBER, "7"},
            {"/m~0n", JSON_NUMBER, "8"},
            {"/01", JSON_NUMBER, "9"},
            {"/u~1", JSON_NUMBER, "10"},
            {"/o/0", JSON_NUMBER, "11"},
            {"/n", JSON_NULL, "null"},
            {"/t", JSON_TRUE, "true"},
            {"/f", JSON_FALSE, "false"},
            {"/s", JSON_STRING, "x\\ny"},
            {"/e", JSON_OBJECT, "{}"},
            {"/missing", JSON_ABSENT, ""},
            {"/n/below", JSON_ABSENT, ""},
            {NULL, JSON_ABSENT, ""},
            {"/t", JSON_TRUE, "true"},
    };
    enum { COUNT = sizeof rows / sizeof rows[0] };
    const char *texts[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        texts[i] = rows[i].pointer;
    }
    texts[24] = NULL; // conflicts with /n: alone below
    struct json_pointers *pointers;
    CU_ASSERT_EQUAL_FATAL(json_pointers_create(&pointers, texts, COUNT, NULL), ERR_NONE);
    struct json_value values[COUNT];
    CU_ASSERT_EQUAL(json_scan(pointers, text, values, NULL), JSON_FINE);
    for (size_t i = 0; i < COUNT; i++) {
        CU_ASSERT_EQUAL(values[i].kind, rows[i].kind);
        CU_ASSERT_FALSE(values[i].duplicate);
        bool same = view_equal(values[i].raw, view_of(rows[i].raw));
        CU_ASSERT_TRUE(same);
        if (!same || values[i].kind != rows[i].kind) {
            fprintf(stderr, "  %s: %.*s\n", rows[i].pointer, VIEW_ARGS(values[i].raw));
        }
    }
    json_pointers_destroy(pointers);
    struct json_value value;
    CU_ASSERT_EQUAL(scan_one("/n/below", text, &value), JSON_FINE);
    CU_ASSERT_EQUAL(value.kind, JSON_ABSENT);
    CU_ASSERT_EQUAL(scan_one("", text, &value), JSON_FINE);
    CU_ASSERT_EQUAL(value.kind, JSON_OBJECT);
}

static void test_duplicates(void)
{
    const struct {
        struct view text;
        bool duplicate[3]; // of /a/b, /c, /a/d
    } rows[] = {
            {VIEW("{\"a\":{\"b\":1},\"c\":2}"), {false, false, false}},
            {VIEW("{\"c\":1,\"c\":1}"), {false, true, false}},
            {VIEW("{\"c\":1,\"\\u0063\":null}"), {false, true, false}},
            {VIEW("{\"a\":{\"b\":1},\"a\":{\"d\":1}}"), {true, false, true}},
            {VIEW("{\"a\":1,\"a\":{\"b\":1}}"), {true, false, true}},
            {VIEW("{\"a\":{\"b\":1,\"b\":2}}"), {true, false, false}},
            {VIEW("{\"x\":1,\"x\":{\"c\":1,\"c\":1}}"), {false, false, false}},
            {VIEW("{\"c\":{\"c\":1,\"c\":2}}"), {false, false, false}},
            {VIEW("{\"a\":[1,{\"b\":1,\"b\":1}]}"), {false, false, false}},
    };
    static const char *const texts[] = {"/a/b", "/c", "/a/d", "/c"};
    struct json_pointers *pointers;
    CU_ASSERT_EQUAL_FATAL(json_pointers_create(&pointers, texts, 4, NULL), ERR_NONE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_value values[4];
        CU_ASSERT_EQUAL(json_scan(pointers, rows[i].text, values, NULL), JSON_FINE);
        for (size_t j = 0; j < 3; j++) {
            CU_ASSERT_EQUAL(values[j].duplicate, rows[i].duplicate[j]);
        }
        CU_ASSERT_EQUAL(values[3].duplicate, values[1].duplicate);
        CU_ASSERT_TRUE(view_equal(values[3].raw, values[1].raw));
    }
    json_pointers_destroy(pointers);
    struct json_value value;
    CU_ASSERT_EQUAL(scan_one("/c", VIEW("{\"c\":1,\"c\":2}"), &value), JSON_FINE);
    CU_ASSERT_TRUE(value.duplicate);
    CU_ASSERT_EQUAL(scan_one("/c", VIEW("{\"c\":1,\"d\":2}"), &value), JSON_FINE);
    CU_ASSERT_FALSE(value.duplicate);
}

static void test_strings(void)
{
    const struct {
        struct view text;
        struct view value;
        bool nul;
        bool lone;
    } rows[] = {
            {VIEW("\"\""), VIEW(""), false, false},
            {VIEW("\"plain\""), VIEW("plain"), false, false},
            {VIEW("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), VIEW("\"\\/\b\f\n\r\t"), false, false},
            {VIEW("\"\\u0041\\u00e9\\u20AC\\ud834\\udd1e!\""),
                    VIEW("A\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e!"), false, false},
            {VIEW("\"a\\u0000b\""), VIEW("a\0b"), true, false},
            {VIEW("\"\\ud834\""), VIEW("\xef\xbf\xbd"), false, true},
            {VIEW("\"\\udd1e\\ud834\""), VIEW("\xef\xbf\xbd\xef\xbf\xbd"), false, true},
            {VIEW("\"\\ud834\\ud834\\udd1e\""), VIEW("\xef\xbf\xbd\xf0\x9d\x84\x9e"), false, true},
            {VIEW("\"\\udd1e\\udd1e\""), VIEW("\xef\xbf\xbd\xef\xbf\xbd"), false, true},
            {VIEW("\"\\ud834x\\u0041\""), VIEW("\xef\xbf\xbdxA"), false, true},
    };
    const char *whole = "";
    struct json_pointers *pointers;
    struct arena *arena = arena_create(1 << 20);
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    CU_ASSERT_EQUAL_FATAL(json_pointers_create(&pointers, &whole, 1, NULL), ERR_NONE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_value value;
        CU_ASSERT_EQUAL(json_scan(pointers, rows[i].text, &value, NULL), JSON_FINE);
        CU_ASSERT_EQUAL(value.kind, JSON_STRING);
        CU_ASSERT_EQUAL(value.has_nul_escape, rows[i].nul);
        CU_ASSERT_EQUAL(value.has_lone_surrogate, rows[i].lone);
        CU_ASSERT_TRUE(view_equal(json_string_take(&value, arena), rows[i].value));
        CU_ASSERT_EQUAL(json_string_equals(&value, rows[i].value), !rows[i].lone);
        CU_ASSERT_FALSE(json_string_equals(&value, VIEW("something else")));
    }
    json_pointers_destroy(pointers);
    arena_destroy(arena);
}

static void test_integers(void)
{
    static const struct {
        const char *text;
        enum json_integer kind;
        int64_t number;
    } rows[] = {
            {"0", JSON_INTEGER, 0},
            {"-0", JSON_INTEGER, 0},
            {"-0.0e5", JSON_INTEGER, 0},
            {"0e999999999999", JSON_INTEGER, 0},
            {"1.0", JSON_INTEGER, 1},
            {"1e3", JSON_INTEGER, 1000},
            {"10e-1", JSON_INTEGER, 1},
            {"-12.50e1", JSON_INTEGER, -125},
            {"0.001e3", JSON_INTEGER, 1},
            {"100e-2", JSON_INTEGER, 1},
            {"1.5", JSON_INTEGER_FRACTION, 0},
            {"1e-1", JSON_INTEGER_FRACTION, 0},
            {"9007199254740991", JSON_INTEGER, 9007199254740991},
            {"-9007199254740991", JSON_INTEGER, -9007199254740991},
            {"9007199254740992", JSON_INTEGER_RANGE, 0},
            {"9007199254740991.5", JSON_INTEGER_FRACTION, 0},
            {"9007199254740991.0", JSON_INTEGER, 9007199254740991},
            {"900719925474099.1e1", JSON_INTEGER, 9007199254740991},
            {"18446744073709551617", JSON_INTEGER_RANGE, 0},
            {"1e15", JSON_INTEGER, 1000000000000000},
            {"1e16", JSON_INTEGER_RANGE, 0},
            {"1e400", JSON_INTEGER_RANGE, 0},
            {"1e99999999999999999999", JSON_INTEGER_RANGE, 0},
            {"1e-99999999999999999999", JSON_INTEGER_FRACTION, 0},
            {"123456789012345678901234567890", JSON_INTEGER_RANGE, 0},
            {"0.123456789012345678901234567890", JSON_INTEGER_FRACTION, 0},
            {"1000000000000000000000e-18", JSON_INTEGER, 1000},
            {"8613800138000", JSON_INTEGER, 8613800138000},
            {"101", JSON_INTEGER, 101},
            {"1.01E2", JSON_INTEGER, 101},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t number = 0;
        enum json_integer kind = json_integer_read(view_of(rows[i].text), &number);
        CU_ASSERT_EQUAL(kind, rows[i].kind);
        CU_ASSERT_EQUAL(number, rows[i].number);
        if (kind != rows[i].kind || number != rows[i].number) {
            fprintf(stderr, "  %s: %d %" PRId64 "\n", rows[i].text, (int)kind, number);
        }
    }
}

static void test_array(void)
{
    const struct view text = VIEW("{\"a\":[ \"x\" , null,[1,\"]\\\"\"],{\"b\":[]} ,2 ],\"b\":[]}");
    static const char *const texts[] = {"/a", "/b"};
    struct json_pointers *pointers;
    struct json_value values[2];
    CU_ASSERT_EQUAL_FATAL(json_pointers_create(&pointers, texts, 2, NULL), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(json_scan(pointers, text, values, NULL), JSON_FINE);
    static const struct {
        enum json_kind kind;
        const char *raw;
    } expected[] = {{JSON_STRING, "x"}, {JSON_NULL, "null"}, {JSON_ARRAY, "[1,\"]\\\"\"]"},
            {JSON_OBJECT, "{\"b\":[]}"}, {JSON_NUMBER, "2"}};
    struct view rest = values[0].raw;
    struct json_value element;
    size_t count = 0;
    while (count < 5 && json_array_take(&rest, &element)) {
        CU_ASSERT_EQUAL(element.kind, expected[count].kind);
        CU_ASSERT_TRUE(view_is(element.raw, expected[count].raw));
        count++;
    }
    CU_ASSERT_EQUAL(count, 5);
    CU_ASSERT_FALSE(json_array_take(&rest, &element));
    CU_ASSERT_EQUAL(json_array_count(values[0].raw), 5);
    CU_ASSERT_EQUAL(json_array_count(values[1].raw), 0);
    CU_ASSERT_FALSE(json_array_take(&values[1].raw, &element));
    json_pointers_destroy(pointers);
}

static void test_object(void)
{
    const struct view text =
            VIEW("{\"a\":{ \"x\" : \"}\" ,\"\\u0079\":[1,{\"z\":2}],\"\":-0.5 },\"b\":{ }}");
    static const char *const texts[] = {"/a", "/b"};
    struct json_pointers *pointers;
    struct json_value values[2];
    CU_ASSERT_EQUAL_FATAL(json_pointers_create(&pointers, texts, 2, NULL), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(json_scan(pointers, text, values, NULL), JSON_FINE);
    static const struct {
        const char *name;
        enum json_kind kind;
        const char *raw;
    } expected[] = {
            {"x", JSON_STRING, "}"}, {"y", JSON_ARRAY, "[1,{\"z\":2}]"}, {"", JSON_NUMBER, "-0.5"}};
    struct view rest = values[0].raw;
    struct json_value name;
    struct json_value value;
    size_t count = 0;
    while (count < 3 && json_object_take(&rest, &name, &value)) {
        CU_ASSERT_TRUE(json_string_equals(&name, view_of(expected[count].name)));
        CU_ASSERT_EQUAL(value.kind, expected[count].kind);
        CU_ASSERT_TRUE(view_is(value.raw, expected[count].raw));
        count++;
    }
    CU_ASSERT_EQUAL(count, 3);
    CU_ASSERT_FALSE(json_object_take(&rest, &name, &value));
    CU_ASSERT_FALSE(json_object_take(&values[1].raw, &name, &value));
    json_pointers_destroy(pointers);
}

// --- against cJSON on random documents --------------------------------------------------------

static const char *const words[] = {"a", "b", "0", "1", "message_id", "long key with spaces",
        "\xe4\xb8\xad\xe6\x96\x87", "quote\"back\\slash/\n\t\x01",
        "0123456789abcdef0123456789abcdef\"", ""};

static cJSON *random_value(uint64_t *state, int depth)
{
    uint64_t kind = drawn_next(state) % (depth > 4 ? 5 : 8);
    switch (kind) {
    case 0:
        return cJSON_CreateNull();
    case 1:
        return cJSON_CreateBool(drawn_next(state) % 2 == 0);
    case 2:
        return cJSON_CreateNumber((double)(int64_t)drawn_next(state) - 1e9);
    case 3:
    case 4:
        return cJSON_CreateString(words[drawn_next(state) % 10]);
    case 5: {
        cJSON *array = cJSON_CreateArray();
        for (uint64_t n = drawn_next(state) % 4; n > 0; n--) {
            cJSON_AddItemToArray(array, random_value(state, depth + 1));
        }
        return array;
    }
    default: {
        cJSON *object = cJSON_CreateObject();
        for (size_t i = 0; i < 10; i++) {
            if (drawn_next(state) % 3 == 0) {
                cJSON_AddItemToObject(object, words[i], random_value(state, depth + 1));
            }
        }
        return object;
    }
    }
}

static void check_same(const cJSON *item, const struct json_value *value, struct arena *arena)
{
    int64_t number = 0;
    switch (value->kind) {
    case JSON_ABSENT:
        CU_ASSERT_PTR_NULL(item);
        break;
    case JSON_NULL:
        CU_ASSERT_TRUE(cJSON_IsNull(item));
        break;
    case JSON_TRUE:
        CU_ASSERT_TRUE(cJSON_IsTrue(item));
        break;
    case JSON_FALSE:
        CU_ASSERT_TRUE(cJSON_IsFalse(item));
        break;
    case JSON_NUMBER:
        CU_ASSERT_TRUE_FATAL(cJSON_IsNumber(item));
        CU_ASSERT_EQUAL(json_integer_read(value->raw, &number), JSON_INTEGER);
        CU_ASSERT_TRUE((double)number >= item->valuedouble && (double)number <= item->valuedouble);
        break;
    case JSON_STRING:
        CU_ASSERT_TRUE_FATAL(cJSON_IsString(item));
        CU_ASSERT_TRUE(view_is(json_string_take(value, arena), item->valuestring));
        break;
    case JSON_OBJECT:
        CU_ASSERT_TRUE(cJSON_IsObject(item));
        break;
    case JSON_ARRAY:
        CU_ASSERT_TRUE(cJSON_IsArray(item));
        break;
    }
}

static void test_like_cjson(void)
{
    static const char *const texts[] = {"/a/a", "/a/0", "/a/1/b", "/b", "/message_id",
            "/long key with spaces", "/\xe4\xb8\xad\xe6\x96\x87/a", "/quote\"back\\slash~1\n\t\x01",
            "/0/0/0", "/", "/1"};
    enum { COUNT = sizeof texts / sizeof texts[0] };
    struct json_pointers *pointers;
    struct arena *arena = arena_create(1 << 20);
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    CU_ASSERT_EQUAL_FATAL(json_pointers_create(&pointers, texts, COUNT, NULL), ERR_NONE);
    uint64_t state = 20261122;
    size_t found = 0;
    for (int round = 0; round < 5000; round++) {
        cJSON *document = random_value(&state, 0);
        char *text = round % 2 == 0 ? cJSON_Print(document) : cJSON_PrintUnformatted(document);
        struct json_value values[COUNT];
        CU_ASSERT_EQUAL_FATAL(json_scan(pointers, view_of(text), values, NULL), JSON_FINE);
        static const char *const paths[COUNT][4] = {{"a", "a"}, {"a", "0"}, {"a", "1", "b"}, {"b"},
                {"message_id"}, {"long key with spaces"}, {"\xe4\xb8\xad\xe6\x96\x87", "a"},
                {"quote\"back\\slash/\n\t\x01"}, {"0", "0", "0"}, {""}, {"1"}};
        for (size_t i = 0; i < COUNT; i++) {
            const cJSON *item = document;
            for (size_t j = 0; j < 4 && paths[i][j] != NULL && item != NULL; j++) {
                if (cJSON_IsArray(item)) {
                    bool is_index = paths[i][j][0] == '0' || paths[i][j][0] == '1';
                    item = is_index ? cJSON_GetArrayItem(item, paths[i][j][0] - '0') : NULL;
                } else {
                    item = cJSON_GetObjectItemCaseSensitive(item, paths[i][j]);
                }
            }
            found += item != NULL;
            check_same(item, &values[i], arena);
        }
        arena_reset(arena);
        cJSON_free(text);
        cJSON_Delete(document);
    }
    CU_ASSERT_TRUE(found > 1000);
    json_pointers_destroy(pointers);
    arena_destroy(arena);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {{"accepted", test_accepted}, {"refused", test_refused},
            {"utf8", test_utf8}, {"depth", test_depth}, {"mutilated", test_mutilated},
            {"pointers_refused", test_pointers_refused}, {"pointers_found", test_pointers_found},
            {"duplicates", test_duplicates}, {"strings", test_strings}, {"integers", test_integers},
            {"array", test_array}, {"object", test_object}, {"like_cjson", test_like_cjson},
            {NULL, NULL}};
    return unit_main(argc, argv, "json_scan", tests);
}
