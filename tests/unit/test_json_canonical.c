// The canonical form of JSON, against the examples of RFC 8785 and the corners that it names.
#include "common/json_canonical.h"

#include "common/json_scan.h"
#include "tests/support/unit.h"

enum { ARENA_BYTES = 1024 * 1024, TEXT_BYTES = 64 * 1024 };

static enum err canonical_of(const char *text, const char *without, struct strbuf *ret_text)
{
    struct arena *arena = arena_create(ARENA_BYTES);
    struct json_pointers *pointers = NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    CU_ASSERT_EQUAL_FATAL(json_pointers_create(&pointers, NULL, 0, NULL), ERR_NONE);
    struct json_value none[1];
    CU_ASSERT_EQUAL_FATAL(json_scan(pointers, view_of(text), none, NULL), JSON_FINE);
    strbuf_init(ret_text, TEXT_BYTES);
    enum err e = json_canonicalise(ret_text, view_of(text), without, arena);
    json_pointers_destroy(pointers);
    arena_destroy(arena);
    return e;
}

static void check(const char *text, const char *without, const char *expected)
{
    struct strbuf got;
    CU_ASSERT_EQUAL(canonical_of(text, without, &got), ERR_NONE);
    if (!view_is(strbuf_view(&got), expected)) {
        fprintf(stderr, "%s\n  gives    %.*s\n  expected %s\n", text, VIEW_ARGS(strbuf_view(&got)),
                expected);
        CU_FAIL("another form");
    }
    strbuf_fini(&got);
}

// RFC 8785, 3.2.2 and 3.2.3.
static void test_examples(void)
{
    check("{\n  \"numbers\": [333333333.33333329, 1E30, 4.50,\n"
          "              2e-3, 0.000000000000000000000000001],\n"
          "  \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n"
          "  \"literals\": [null, true, false]\n}",
            NULL,
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
            "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
    check("{\"\\u20ac\": \"Euro Sign\", \"\\r\": \"Carriage Return\","
          "\"\\ufb33\": \"Hebrew Letter Dalet With Dagesh\", \"1\": \"One\","
          "\"\\ud83d\\ude00\": \"Emoji: Grinning Face\", \"\\u0080\": \"Control\","
          "\"\\u00f6\": \"Latin Small Letter O With Diaeresis\"}",
            NULL,
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
            "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\","
            "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\","
            "\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
    check("[56, {\"d\": true, \"10\": null, \"1\": []}]", NULL,
            "[56,{\"1\":[],\"10\":null,\"d\":true}]");
}

// RFC 8785, appendix B, and the borders of ECMAScript's plain notation.
static void test_numbers(void)
{
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
            {"0", "0"},
            {"-0", "0"},
            {"-0.0e5", "0"},
            {"4.9406564584124654e-324", "5e-324"},
            {"-4.9406564584124654e-324", "-5e-324"},
            {"1.7976931348623157e308", "1.7976931348623157e+308"},
            {"-1.7976931348623157e308", "-1.7976931348623157e+308"},
            {"9007199254740992", "9007199254740992"},
            {"-9007199254740992", "-9007199254740992"},
            {"295147905179352825856", "295147905179352830000"},
            {"9.999999999999997e22", "9.999999999999997e+22"},
            {"1e23", "1e+23"},
            {"1.0000000000000001e23", "1.0000000000000001e+23"},
            {"999999999999999700000", "999999999999999700000"},
            {"999999999999999900000", "999999999999999900000"},
            {"1e21", "1e+21"},
            {"123456789012345678901", "123456789012345680000"},
            {"9.999999999999997e-7", "9.999999999999997e-7"},
            {"0.000001", "0.000001"},
            {"0.0000001", "1e-7"},
            {"333333333.3333332", "333333333.3333332"},
            {"333333333.33333325", "333333333.33333325"},
            {"333333333.3333333", "333333333.3333333"},
            {"333333333.3333334", "333333333.3333334"},
            {"333333333.33333343", "333333333.33333343"},
            {"-0.0000033333333333333333", "-0.0000033333333333333333"},
            {"1424953923781206.2", "1424953923781206.2"},
            {"10", "10"},
            {"1.0", "1"},
            {"1e3", "1000"},
            {"1795309200000", "1795309200000"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[128];
        char expected[128];
        snprintf(text, sizeof text, "[%s]", rows[i].text);
        snprintf(expected, sizeof expected, "[%s]", rows[i].expected);
        check(text, NULL, expected);
    }
}

static void test_order(void)
{
    check("{\"b\": 1, \"\": 2, \"a\\u0001\": 3, \"a\": 4, \"aa\": 5}", NULL,
            "{\"\":2,\"a\":4,\"a\\u0001\":3,\"aa\":5,\"b\":1}");
    // U+E000, U+FFFD, U+10000, U+10FFFF, U+D7FF: those above U+FFFF begin with D800 to DBFF
    check("{\"\\ue000\":1,\"\\ufffd\":2,\"\\ud800\\udc00\":3,\"\\udbff\\udfff\":4,\"\\ud7ff\":5}",
            NULL,
            "{\"\xed\x9f\xbf\":5,\"\xf0\x90\x80\x80\":3,\"\xf4\x8f\xbf\xbf\":4,\"\xee\x80\x80\":1,"
            "\"\xef\xbf\xbd\":2}");
}

// Only the outermost member of that name goes, however it is written.
static void test_without(void)
{
    check("{\"signature\": \"x\", \"a\": {\"signature\": 1}}", "signature",
            "{\"a\":{\"signature\":1}}");
    check("{\"a\":1, \"s\\u0069gnature\": {}}", "signature", "{\"a\":1}");
    check("{\"signature\": 1}", "signature", "{}");
    check(" [1 , 2] ", "signature", "[1,2]");
}

static void test_what_has_no_form(void)
{
    static const char *const texts[] = {
            "{\"a\": 1, \"\\u0061\": 1}",
            "{\"a\": {\"b\": 1, \"c\": 2, \"b\": 3}}",
            "{\"a\": \"\\ud800\"}",
            "{\"\\udc00\": 1}",
            "[1e400]",
            "[-1e400]",
            "7",
            "\"a\"",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct strbuf got;
        CU_ASSERT_EQUAL(canonical_of(texts[i], NULL, &got), ERR_DATA);
        strbuf_fini(&got);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"examples", test_examples},
            {"numbers", test_numbers},
            {"order", test_order},
            {"without", test_without},
            {"what_has_no_form", test_what_has_no_form},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "json_canonical", tests);
}
