// Writing JSON: what is quoted, byte for byte.
#include <string.h>

#include "common/json_out.h"
#include "tests/support/unit.h"

enum { TEXT_BYTES = 20 };

// What one byte becomes, by the rule and not by the words that json_quote goes by.
static void add_expected(struct strbuf *sb, unsigned char c)
{
    static const char specials[] = "\"\\\n\r\t\b\f";
    static const char letters[] = "\"\\nrtbf";
    const char *special = c != '\0' ? strchr(specials, c) : NULL;
    if (special != NULL) {
        strbuf_add_byte(sb, '\\');
        strbuf_add_byte(sb, (uint8_t)letters[special - specials]);
    } else if (c < 0x20) {
        strbuf_printf(sb, "\\u%04x", c);
    } else if (c < 0x80) {
        strbuf_add_byte(sb, c);
    } else {
        strbuf_add_text(sb, "\xef\xbf\xbd"); // alone it is no UTF-8
    }
}

static void test_every_byte_everywhere(void)
{
    struct strbuf got;
    struct strbuf expected;
    strbuf_init(&got, 1024);
    strbuf_init(&expected, 1024);
    bool same = true;
    for (size_t n = 1; n <= TEXT_BYTES; n++) {
        for (unsigned c = 0; c < 256; c++) {
            for (size_t at = 0; at < n; at++) {
                char text[TEXT_BYTES];
                memset(text, 'a' + (int)at, sizeof text);
                text[at] = (char)c;
                strbuf_reset(&got);
                strbuf_reset(&expected);
                json_quote(&got, view_bytes(text, n));
                strbuf_add_byte(&expected, '"');
                for (size_t i = 0; i < n; i++) {
                    add_expected(&expected, (unsigned char)text[i]);
                }
                strbuf_add_byte(&expected, '"');
                same = same && view_equal(strbuf_view(&got), strbuf_view(&expected));
            }
        }
    }
    CU_ASSERT_TRUE(same);
    strbuf_fini(&got);
    strbuf_fini(&expected);
}

static void test_quote(void)
{
    const struct {
        struct view text;
        const char *quoted;
    } rows[] = {
            {VIEW(""), "\"\""},
            {VIEW("seven b"), "\"seven b\""},
            {VIEW("eight by"), "\"eight by\""},
            {VIEW("\x7f\x20\x21\x23\x5b\x5d\x7e~"), "\"\x7f\x20\x21\x23\x5b\x5d\x7e~\""},
            {VIEW("\0\0\0\0\0\0\0\0"),
                    "\"\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\""},
            {VIEW("催收短信"), "\"催收短信\""},
            {VIEW("abcdefg催\"h"), "\"abcdefg催\\\"h\""},
            {VIEW("abcdefgh\xe5\x82"), "\"abcdefgh\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct strbuf sb;
        strbuf_init(&sb, 1024);
        json_quote(&sb, rows[i].text);
        CU_ASSERT_TRUE(view_is(strbuf_view(&sb), rows[i].quoted));
        strbuf_fini(&sb);
    }
}

static void test_ceiling(void)
{
    struct strbuf sb;
    strbuf_init(&sb, 12);
    json_quote(&sb, VIEW("0123456789"));
    CU_ASSERT_EQUAL(sb.failed, ERR_NONE);
    CU_ASSERT_EQUAL(sb.n, 12);
    strbuf_add_byte(&sb, 'x');
    CU_ASSERT_EQUAL(sb.failed, ERR_CEILING);
    strbuf_add(&sb, "y", 1);
    CU_ASSERT_EQUAL(sb.n, 12);
    strbuf_fini(&sb);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"every_byte_everywhere", test_every_byte_everywhere},
            {"quote", test_quote},
            {"ceiling", test_ceiling},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "json_out", tests);
}
